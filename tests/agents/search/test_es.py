"""The ES learner: it learns, and its results depend only on (agent, task, key)."""

import numpy as np
import pytest
import torch
from fakes import FakeFamily

from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.cli.conformance import check_learner
from openpoet.poet.streams import Key
from tests.agents.point_mass import PointMass

SMALL = {"population": 16, "hidden": (6,), "threads": 1}
TASKS = [(0.5, 0.0), (-0.4, 0.8), (0.0, -0.7)]
KEYS = [Key(5, ("es", i)) for i in range(3)]


def learner(family=None, **config):
    return ES(family or PointMass(), ESConfig(**{**SMALL, **config}))


def agents(es, n=3):
    return [es.init(Key(9, ("init", i))) for i in range(n)]


def equal(a, b):
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("searcher", ["openai-es", "snes"])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_learner_conformance(searcher, noise):
    family = FakeFamily(noise)
    check_learner(learner(family, searcher=searcher), family)


def train(es, steps=60):
    agent, score = es.init(Key(2)), Key(3, ("score",))
    before = es.evaluate([agent], TASKS[:1], [score])[0][0]
    for i in range(steps):
        [agent], _ = es.improve([agent], TASKS[:1], [Key(4, ("step", i))])
    return before, es.evaluate([agent], TASKS[:1], [score])


LEARNING = {"population": 32, "lr": 0.05, "sigma": 0.1, "evaluation_episodes": 20}


def test_es_learns_to_reach_the_point():
    before, (scores, solved, _) = train(learner(**LEARNING))
    assert before < -8  # a mass at rest, 0.5 m from the target for 20 steps, has a return of -10
    assert scores[0] > -4
    assert solved[0]


def test_no_learning_with_a_flipped_gradient(monkeypatch):
    right = "openpoet.agents.search.openai_es.gradient"
    from openpoet.agents.search.openai_es import gradient

    monkeypatch.setattr(right, lambda *arguments: -gradient(*arguments))
    _, (scores, solved, _) = train(learner(**LEARNING))
    assert scores[0] < -10
    assert not solved[0]


@pytest.mark.parametrize("change", [{"max_rows": 7}, {"max_rows": 20}, {"threads": 2}])
def test_results_do_not_depend_on_batch_size_or_threads(change):
    es, other = learner(episodes=2), learner(episodes=2, **change)
    start = agents(es)
    (a, steps_a), (b, steps_b) = es.improve(start, TASKS, KEYS), other.improve(start, TASKS, KEYS)
    assert all(equal(x, y) for x, y in zip(a, b, strict=True))
    np.testing.assert_array_equal(steps_a, steps_b)
    for x, y in zip(es.evaluate(a, TASKS, KEYS), other.evaluate(a, TASKS, KEYS), strict=True):
        np.testing.assert_array_equal(x, y)


def test_batch_equals_one_by_one():
    es = learner(episodes=2)
    start = agents(es)
    together, steps = es.improve(start, TASKS, KEYS)
    scores, solved, costs = es.evaluate(together, TASKS, KEYS)
    for i in (2, 0, 1):
        [alone], cost = es.improve([start[i]], [TASKS[i]], [KEYS[i]])
        assert equal(alone, together[i])
        assert cost[0] == steps[i]
        got = es.evaluate([together[i]], [TASKS[i]], [KEYS[i]])
        assert [got[0][0], got[1][0], got[2][0]] == [scores[i], solved[i], costs[i]]


def test_results_depend_only_on_the_key():
    es = learner()
    start = agents(es, 1)
    before = {name: value.clone() for name, value in start[0].items()}
    [a], _ = es.improve(start, TASKS[:1], KEYS[:1])
    [b], _ = es.improve(start, TASKS[:1], KEYS[:1])
    [c], _ = es.improve(start, TASKS[:1], KEYS[1:2])
    assert equal(a, b)
    assert not torch.equal(a["theta"], c["theta"])
    assert equal(start[0], before)  # arguments are not changed
    assert torch.equal(es.init(Key(1))["theta"], es.init(Key(1))["theta"])
    assert not torch.equal(es.init(Key(1))["theta"], es.init(Key(2))["theta"])


def test_an_update_is_bit_identical_for_any_number_of_torch_threads():
    es, threads = learner(), torch.get_num_threads()
    start = agents(es, 1)
    try:
        torch.set_num_threads(1)
        [one], _ = es.improve(start, TASKS[:1], KEYS[:1])
        torch.set_num_threads(2)
        [two], _ = es.improve(start, TASKS[:1], KEYS[:1])
    finally:
        torch.set_num_threads(threads)
    assert equal(one, two)


def test_equal_keys_give_equal_seeds_for_every_agent():
    family = PointMass()
    es = learner(family)
    es.evaluate(agents(es, 2), TASKS[:1] * 2, [KEYS[0]] * 2)
    [seeds] = family.batches
    assert seeds[:5] == seeds[5:] == es.evaluation_seeds(KEYS[0])
    assert len(set(seeds)) == 5


def test_antithetic_pairs_share_seeds():
    family = PointMass()
    es = learner(family, episodes=2)
    es.improve(agents(es, 1), TASKS[:1], KEYS[:1])
    [seeds] = family.batches
    pair_seeds = np.array(seeds).reshape(8, 2, 2)  # [pairs, members, episodes]
    np.testing.assert_array_equal(pair_seeds[:, 0], pair_seeds[:, 1])
    assert len(np.unique(pair_seeds[:, 0])) == 16


def test_every_step_is_counted():
    """POET's code counts a pair once and evaluations not at all."""
    family = PointMass()
    es = learner(family, episodes=2, max_rows=20)
    start = agents(es)
    _, steps = es.improve(start, TASKS, KEYS)
    assert steps.dtype == np.int64
    assert steps.sum() == family.steps
    assert (steps > 16 * 2 * 2).all()
    _, _, costs = es.evaluate(start, TASKS, KEYS)
    assert steps.sum() + costs.sum() == family.steps


def test_a_deterministic_family_needs_one_episode():
    """POET's code runs five identical episodes."""
    family = PointMass(deterministic=True)
    es = learner(family, episodes=3)
    es.evaluate(agents(es, 1), TASKS[:1], KEYS[:1])
    es.improve(agents(es, 1), TASKS[:1], KEYS[:1])
    assert [len(seeds) for seeds in family.batches] == [1, 16]


def test_pairs_are_simulated_in_one_batch():
    family = PointMass()
    es = learner(family)
    es.improve(agents(es), TASKS, KEYS)
    assert [len(seeds) for seeds in family.batches] == [48]


def test_solved_needs_both_score_and_success():
    es = learner(PointMass(solved_score=-1e9))
    # Every score is high enough here, but this agent never reaches its target.
    idle = es.foreign(np.zeros(50))
    assert not es.evaluate([idle], TASKS[:1], KEYS[:1])[1][0]
    # This one reaches it, but not fast enough for the score.
    _, (_, solved, _) = train(learner(PointMass(solved_score=-0.1), **LEARNING))
    assert not solved[0]


def test_adopt_keeps_theta_and_resets_the_search():
    es = learner()
    [old], _ = es.improve(agents(es, 1), TASKS[:1], KEYS[:1])
    new = es.adopt(old)
    assert torch.equal(new["theta"], old["theta"])
    assert equal(new, es.foreign(old["theta"].numpy()))
    assert (new["adam.m"] == 0).all()
    assert int(new["adam.t"]) == 0
    assert (float(new["sigma"]), float(new["lr"])) == (0.1, 0.01)
    new["theta"] += 1
    assert not torch.equal(new["theta"], old["theta"])


def test_act_gives_the_actions_of_evaluate():
    family = PointMass()
    es = learner(family, evaluation_episodes=1)
    [agent] = agents(es, 1)
    (score,), _, (steps,) = es.evaluate([agent], TASKS[:1], KEYS[:1])
    simulator, total = family.simulator(TASKS[:1], es.evaluation_seeds(KEYS[0]), "cpu"), 0.0
    observation = simulator.reset()
    for _ in range(steps):
        observation, reward, _, _ = simulator.step(es.act(agent, observation))
        total += float(reward[0])
    assert total == score


def test_a_parameter_vector_of_original_poet_fits():
    es = ES(PointMass(observation_size=24, action_size=4))
    theta = [0.01 * i for i in range(2804)]
    np.testing.assert_array_equal(es.foreign(theta)["theta"], np.float32(theta))


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ([0.0] * 3, "must be 50 numbers"),
        ([float("nan")] * 50, "NaN"),
        ([1e39] * 50, "too large"),
        (["a"] * 50, "50"),
    ],
)
def test_an_invalid_parameter_vector_is_an_error(theta, message):
    with pytest.raises(ValueError, match=message) as error:
        learner().foreign(theta)
    assert "\n" not in str(error.value)


def test_check_accepts_agents_of_the_learner():
    es = learner()
    [agent], _ = es.improve(agents(es, 1), TASKS[:1], KEYS[:1])
    es.check(agent)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.pop("lr"), "holds .*'lr'"),
        (lambda a: a.update(more=torch.zeros(1)), "more"),
        (lambda a: a.update(theta=a["theta"][1:]), r"theta must be torch.float32 \[50\]"),
        (lambda a: a.update(theta=a["theta"].double()), "theta must be torch.float32"),
        (lambda a: a["theta"].__setitem__(3, float("nan")), "theta holds NaN"),
        (lambda a: a.update({"adam.v": -torch.ones(50)}), "adam.v must not be below 0"),
        (lambda a: a.update(sigma=torch.tensor(0.0, dtype=torch.float64)), "sigma must be above 0"),
    ],
)
def test_check_rejects_invalid_agents(spoil, message):
    agent = dict(learner().init(Key(1)))
    spoil(agent)
    with pytest.raises(ValueError, match=message) as error:
        learner().check(agent)
    assert "\n" not in str(error.value)


def test_cuda_is_used_where_available_and_a_clear_error_elsewhere():
    if torch.cuda.is_available():
        assert learner(device="cuda").machine.device == "cuda"
    else:
        with pytest.raises(ValueError, match="'cuda' was not found"):
            learner(device="cuda")


def test_default_batch_size_depends_on_the_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert learner().machine.max_rows == 4_096
    assert learner(device="cuda").machine.max_rows == 65_536
    assert learner(device="cuda", max_rows=7).machine.max_rows == 7
    with pytest.raises(ValueError, match="max_rows must be from 1 to 1000000, got 0"):
        learner(max_rows=0)


def test_lists_of_different_lengths_are_an_error():
    es = learner()
    with pytest.raises(ValueError, match="must have the same length, got 3, 2 and 3"):
        es.improve(agents(es), TASKS[:2], KEYS)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.int8, torch.bool])
def test_an_inherited_theta_of_another_dtype_is_an_error(dtype):
    es = learner()
    with pytest.raises(ValueError, match=f"theta must be float32, got {dtype}"):
        es.inherit({"theta": torch.zeros(es.policy.parameters, dtype=dtype)})
