"""The searchers: they improve the return, sample only from their key, and depend only on their
state.
"""

import numpy as np
import pytest
import torch

from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.agents.search.searchers import XNES_PARAMETERS, searcher
from openpoet.poet.streams import Key
from tests.agents.point_mass import PointMass

NAMES = ["openai-es", "pgpe", "snes", "xnes", "cem"]
PEAK = torch.linspace(-1, 1, 10)


def search(name, **config):
    settings = {"population": 40, "lr": 0.05, "sigma": 0.2, "weight_decay": 0.0, **config}
    return searcher(ESConfig(searcher=name, **settings), len(PEAK))


def height(members, sign=1.0):
    """Returns of members on a hill with its top at PEAK, steeper in some directions than in
    others.
    """
    return -sign * ((members.double() - PEAK) ** 2 * torch.arange(1, 11)).sum(dim=1).numpy()


def climb(name, steps=80, sign=1.0):
    method = search(name)
    state = method.init(torch.zeros(10))
    for i in range(steps):
        members = method.ask(state, Key(1, (i,)))
        state = method.tell(state, members, height(members, sign))
    return state


@pytest.mark.parametrize("name", NAMES)
def test_it_climbs_and_descends_with_the_sign_flipped(name):
    start = height(torch.zeros(1, 10))[0]
    assert start < -20
    assert height(climb(name)["theta"][None])[0] > -1
    assert height(climb(name, steps=20, sign=-1.0)["theta"][None])[0] < start


@pytest.mark.parametrize("name", NAMES)
def test_members_depend_only_on_the_key_and_the_global_generator_is_unused(name):
    method = search(name)
    state = method.init(torch.zeros(10))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = method.ask(state, Key(1))
    after = method.tell(state, first, height(first))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(method.ask(state, Key(1)), first)
    assert not torch.equal(method.ask(state, Key(2)), first)
    again = method.tell(state, first, height(first))
    assert all(torch.equal(after[name], again[name]) for name in after)
    assert torch.equal(state["theta"], torch.zeros(10))
    assert first.shape == (40, 10)
    assert first.dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_standard_deviation_of_members_is_sigma(name):
    method = search(name, population=2000)
    members = method.ask(method.init(torch.zeros(10)), Key(1))
    assert members.std(dim=0).numpy() == pytest.approx(0.2, rel=0.1)
    assert abs(members.mean(dim=0)).max() < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_results_do_not_depend_on_the_number_of_threads(name):
    method = searcher(ESConfig(searcher=name, population=64), XNES_PARAMETERS)
    state, threads = method.init(torch.zeros(XNES_PARAMETERS)), torch.get_num_threads()
    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            members = method.ask(state, Key(1))
            found.append(
                {
                    **method.tell(state, members, members.double().sum(dim=1).numpy()),
                    "members": members,
                }
            )
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


@pytest.mark.parametrize("name", NAMES)
def test_as_a_learner_batch_equals_one_by_one_and_agents_pass_the_check(name):
    es = ES(PointMass(), ESConfig(searcher=name, population=16, hidden=(6,)))
    agents, keys = [es.init(Key(i)) for i in range(2)], [Key(7, (i,)) for i in range(2)]
    tasks = [(0.5, 0.0), (-0.4, 0.8)]
    for _ in range(2):  # the second step starts from a state that is not fresh
        together, steps = es.improve(agents, tasks, keys)
        for i in range(2):
            [alone], cost = es.improve([agents[i]], [tasks[i]], [keys[i]])
            assert all(torch.equal(alone[part], together[i][part]) for part in alone)
            assert cost[0] == steps[i]
        agents = together
    es.check(agents[0])
    assert torch.equal(es.adopt(agents[0])["theta"], agents[0]["theta"])
    es.check(es.adopt(agents[0]))


def test_pgpe_follows_the_gradient_of_openai_es():
    """The first Adam step has the sign of the gradient: both agree wherever it is not nearly 0."""
    moves = []
    for name in ("openai-es", "pgpe"):
        method = search(name)
        state = method.init(torch.zeros(10))
        members = method.ask(state, Key(1))
        moves.append(method.tell(state, members, height(members))["theta"].numpy())
    np.testing.assert_allclose(moves[0], moves[1], rtol=1e-4)


def test_cem_by_hand():
    """Centre and deviation of the best fifth of the members."""
    method = search("cem", population=10)
    members = torch.arange(100, dtype=torch.float32).reshape(10, 10)
    state = method.tell(
        method.init(torch.zeros(10)), members, np.array([5.0, 9, 1, 2, 3, 8, 0, 4, 6, 7])
    )
    np.testing.assert_allclose(state["theta"], (members[1] + members[5]) / 2)
    np.testing.assert_allclose(state["stdev"], 20 * np.sqrt(2), rtol=1e-6)


def test_snes_by_hand():
    """Utilities of 4 members: max(0, log 3 - log rank), made to add up to 1, less 1/4;
    log-deviations at half rate.
    """
    method = search("snes", population=4)
    noise = torch.zeros(4, 10)
    noise[:, 0] = torch.tensor([1.0, -1, 2, -2])
    state = method.tell(method.init(torch.zeros(10)), 0.2 * noise, np.array([3.0, 2, 4, 1]))
    raw = np.array([np.log(3 / 2), 0, np.log(3), 0])  # ranks 2, 3, 1, 4
    utility = raw / raw.sum() - 0.25
    np.testing.assert_allclose(state["theta"][0], 0.2 * (utility * [1, -1, 2, -2]).sum(), rtol=1e-5)
    rate = 0.2 * (3 + np.log(10)) / np.sqrt(10)
    grown = 0.2 * np.exp(rate / 2 * (utility * np.array([0, 0, 3, 3])).sum())
    np.testing.assert_allclose(state["stdev"][0], grown, rtol=1e-5)


def test_xnes_rejects_networks_that_are_too_large():
    with pytest.raises(ValueError, match="at most 256 parameters, got 2804") as error:
        ES(PointMass(observation_size=24, action_size=4), ESConfig(searcher="xnes"))
    assert "\n" not in str(error.value)


def test_nan_in_a_search_is_an_error(monkeypatch):
    es = ES(PointMass(), ESConfig(population=16, hidden=(6,)))
    monkeypatch.setattr("openpoet.agents.search.openai_es.gradient", lambda *_: np.full(50, np.nan))
    with pytest.raises(ValueError, match="after a step of openai-es the agent's theta holds NaN"):
        es.improve([es.init(Key(1))], [(0.5, 0.0)], [Key(2)])


def test_pgpe_equals_evotorchs_own_search():
    """The oracle is EvoTorch's search object, which is not converted to tensors between steps."""
    from evotorch.algorithms.functional import pgpe, pgpe_tell

    from openpoet.agents.search.openai_es import centred_ranks
    from openpoet.agents.search.searchers import PGPE_STDEV_LR

    method = search("pgpe")
    state = method.init(torch.zeros(10))
    whole = pgpe(
        center_init=torch.zeros(10),
        center_learning_rate=0.05,
        stdev_init=0.2,
        stdev_learning_rate=PGPE_STDEV_LR,
        stdev_min=0.01,
        objective_sense="max",
        ranking_method="raw",
        optimizer="adam",
    )
    for i in range(4):
        members = method.ask(state, Key(1, (i,)))
        returns = height(members)
        state = method.tell(state, members, returns)
        whole = pgpe_tell(whole, members, torch.from_numpy(centred_ranks(returns)).float())
        assert torch.equal(state["theta"], whole.optimizer_state.center)
        assert torch.equal(state["stdev"], whole.stdev)
    assert int(state["adam.t"]) == 4
    assert state["stdev"].std() > 0
