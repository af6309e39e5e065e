"""Every learner that trains on lists of levels: its episodes, and what an update changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.gradient.epg_trials import by_level
from openpoet.agents.learners import LEARNERS
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.agents.offpolicy.pearl_episodes import LAMBDA, advantages
from openpoet.agents.parts import replay_buffer as replay
from openpoet.agents.parts.network_weights import network_weights
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.cli.conformance import same_agent
from openpoet.envs.grid import Grids, GridSettings
from openpoet.envs.regression import Regression
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.every_learner import make
from tests.agents.ppo.test_levels import Lengths

STUDENTS = [name for name in LEARNERS if hasattr(make(name).learner, "train_on")]
# Their update on one task in every row is the same as that of a niche.
SAME_UPDATE = {
    **{name: {} for name in ("maml", "fomaml", "reptile", "epg")},
    "varibad": {"rollouts": 1, "normalise_observations": True},
    "meta-gradient": {"rollouts": 1},
}
LENGTHS = [2, 4, 3, 2, 4]  # tasks of `Lengths`, whose returns are 3, 10, 6, 3 and 10


def student(name: str, family: Any = None) -> tuple[Any, Agent, list[Any]]:
    """A learner, an agent, and levels, one a row."""
    sizes = {"num_steps": 12} if name == "ppo" else {}
    learner, family, _ = make(name, family or Grids(GridSettings(size=3, horizon=6)), **sizes)
    rng, rows = np.random.default_rng(0), learner.rows
    levels = [family.origin(), *(family.sample(rng) for _ in range(rows - 1))]
    return learner, learner.init(Key(0)), levels


def test_the_students() -> None:
    others = {"es", "hochreiter", "mfec", "nec", "diayn"}
    assert set(STUDENTS) == set(LEARNERS) - others


@pytest.mark.parametrize("name", STUDENTS)
def test_an_update_changes_the_network_and_a_trial_without_one_does_not(name: str) -> None:
    learner, agent, levels = student(name)
    before = {part: tensor.clone() for part, tensor in agent.items()}
    after, episodes, steps = learner.train_on(agent, levels, None, Key(1))
    tried, same, again = learner.try_on(agent, levels, None, Key(1))
    assert same_agent(agent, before)
    assert steps == again > 0
    assert all(np.array_equal(one, other) for one, other in zip(episodes, same, strict=True))
    names = network_weights(agent)
    assert same_agent({n: tried[n] for n in names}, {n: agent[n] for n in names})
    assert not same_agent({n: after[n] for n in names}, {n: agent[n] for n in names})
    assert set(after) == set(agent)
    assert not any(tensor.requires_grad for tensor in after.values())


@pytest.mark.parametrize("name", STUDENTS)
def test_equal_keys_give_equal_agents_and_others_others(name: str) -> None:
    learner, agent, levels = student(name)
    one, two, other = (
        learner.train_on(agent, levels, cycle(levels), Key(seed))[0] for seed in (1, 1, 2)
    )
    assert same_agent(one, two)
    assert not same_agent(one, other)


@pytest.mark.parametrize("name", SAME_UPDATE)
def test_an_update_on_one_task_in_every_row_is_that_of_a_niche(name: str) -> None:
    learner, _, task = make(name, **SAME_UPDATE[name])
    agent = learner.init(Key(0))
    for step in range(2):
        trained, _, _ = learner.train_on(agent, [task] * learner.rows, None, Key(step))
        (agent,), _ = learner.improve([agent], [task], [Key(step)])
        assert same_agent(trained, agent)


@pytest.mark.parametrize("name", STUDENTS)
def test_episodes_have_the_returns_of_their_levels(name: str) -> None:
    """With more levels than rows, of which each has another return."""
    family: Any = Lengths(assigns=True)
    learner, _, _ = make(name, family, **({"num_steps": 8} if name == "ppo" else {}))
    _, episodes, _ = learner.train_on(learner.init(Key(0)), LENGTHS, None, Key(1))
    assert sorted({*episodes.levels.tolist()}) == [0, 1, 2, 3, 4]
    expected = {2: 3.0, 3: 6.0, 4: 10.0}
    for level, value in zip(episodes.levels, episodes.returns, strict=True):
        assert value == expected[LENGTHS[level]]
    assert episodes.success.all()
    assert (episodes.positive_value_losses <= episodes.value_losses).all()


@pytest.mark.parametrize("name", ["maml", "reptile"])
def test_families_with_labels_are_refused(name: str) -> None:
    learner, _, _ = make(name, Regression())
    with pytest.raises(ValueError, match="take a family with rewards"):
        _ = learner.rows


def batch(rewards: Sequence[Sequence[float]], alive: Sequence[Sequence[bool]]) -> Batch:
    """Episodes [t, n] without observations, which end by truncation."""
    pay, living = torch.tensor(rewards), torch.tensor(alive)
    empty, none = torch.zeros(*pay.shape, 1), torch.zeros_like(living)
    returns = (pay * living).sum(0).double()
    return Batch(empty, empty, pay, living, returns, returns > 0, empty, none)


def test_advantages_without_a_critic_by_hand() -> None:
    # two trials of two episodes; the second episode of the first trial ends after a step
    given = batch(
        [[1.0, 3.0, 0.0, 2.0], [2.0, 0.0, 4.0, 0.0]], [[True] * 4, [True, False, True, True]]
    )
    # returns to go with gamma .5: 2, 3 | 2, 2 and 2, - | 4, 0
    found = given.centred_advantages(0.5, 2)
    assert found.tolist() == [[-0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 2.0, -2.0]]


def test_the_episodes_of_antithetic_pairs_are_brought_together() -> None:
    rewards = [[0.0, 1.0, 10.0, 11.0, 2.0, 3.0, 12.0, 13.0]]  # pair 0: 0 1 and 2 3
    together = by_level(batch(rewards, [[True] * 8]), 2)
    assert together.returns.tolist() == [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0]
    assert together.rewards[0].tolist() == together.returns.tolist()


def test_pearls_advantages_by_hand() -> None:
    """With critics that are 0 and hardly any entropy, they are returns with discount gamma x
    lambda.
    """
    family: Any = Grids(GridSettings(size=3, horizon=6))
    learner = PEARL(family, PEARLConfig(hidden=(4,), gamma=0.5, temperature=1e-9))
    weights = {name: 0 * w for name, w in network_weights(learner.init(Key(0))).items()}
    given = batch([[1.0, 5.0], [2.0, 7.0], [4.0, 9.0]], [[True] * 2, [True, False], [True, False]])
    o = torch.zeros(3, 2, family.spec.observation_size)
    given = replace(given, observations=o, after=o)
    found = advantages(learner.sac, weights, given, torch.zeros(2, 5), torch.Generator())
    k = 0.5 * LAMBDA
    torch.testing.assert_close(found[:, 0], torch.tensor([1 + k * 2 + k * k * 4, 2 + k * 4, 4.0]))
    assert float(found[0, 1]) == pytest.approx(5.0)


def test_pearls_advantages_bootstrap_truncated_episodes_and_no_terminated_ones() -> None:
    """Of two episodes of one step with a reward of 1, under critics that are 2 everywhere."""
    family: Any = Grids(GridSettings(size=3, horizon=6))
    learner = PEARL(family, PEARLConfig(hidden=(4,), gamma=0.5, temperature=1e-9))
    weights = {name: 0 * w for name, w in network_weights(learner.init(Key(0))).items()}
    weights["critic_b1"] = weights["critic_b1"] + 2
    given = batch([[1.0, 1.0]], [[True, True]])
    o, ends = torch.zeros(1, 2, family.spec.observation_size), torch.tensor([[False, True]])
    given = replace(given, observations=o, after=o, terminated=ends)
    found = advantages(learner.sac, weights, given, torch.zeros(2, 5), torch.Generator())
    # 1 + gamma 2 - 2, and 1 - 2
    torch.testing.assert_close(found, torch.tensor([[0.0, -1.0]]))


def test_pearl_learns_from_older_trials_with_as_many_steps_a_trial_as_in_a_niche() -> None:
    learner, _, _ = make("pearl", draws=4, updates=8)
    family, rng = learner.family, np.random.default_rng(0)
    levels = [family.sample(rng) for _ in range(4)]
    agent, _, _ = learner.train_on(learner.init(Key(0)), levels[:2], None, Key(0))
    after, _, _ = learner.train_on(agent, levels[2:], None, Key(1))
    assert float(after["adam/steps/policy_w0"]) == 2 * 8 * 2 / 4
    other = {**agent, "replay/pay": agent["replay/pay"] + 1}
    again, _, _ = learner.train_on(other, levels[2:], None, Key(1))
    assert not torch.equal(after["critic_w0"], again["critic_w0"])


@pytest.mark.parametrize("name", ["maml", "fomaml", "reptile"])
def test_a_trial_without_an_update_takes_no_outer_step(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, agent, levels = student(name)

    def outer_step(*arguments: Any) -> Any:
        raise AssertionError("an outer step was taken")

    monkeypatch.setattr(type(learner), "outer_step", outer_step)
    learner.try_on(agent, levels, None, Key(1))
    with pytest.raises(AssertionError, match="was taken"):
        learner.train_on(agent, levels, None, Key(1))


def test_new_trials_take_the_place_of_the_oldest_in_pearls_buffers() -> None:
    learner, _, _ = make("pearl", draws=5, updates=10)
    agent, counts = learner.init(Key(0)), []
    family, first = learner.family, []
    rng = np.random.default_rng(0)
    for lesson in range(3):
        levels = [family.sample(rng) for _ in range(2)]
        agent, _, _ = learner.train_on(agent, levels, None, Key(lesson))
        counts.append((agent[replay.COUNT] > 0).tolist())
        first.append(agent["replay/observation"][0])
    assert counts == [[True] * 2 + [False] * 3, [True] * 4 + [False], [True] * 5]
    assert torch.equal(agent["replay/observation"][0], first[2])
    assert torch.equal(agent["replay/observation"][2], first[1])
    assert torch.equal(agent["replay/observation"][4], first[0])


def test_latents_of_maesns_draws_have_no_part_in_levels() -> None:
    learner, agent, levels = student("maesn")
    names = "latent_mean", "latent_log_std"
    other = {**agent, **{name: agent[name] + 1 for name in names}}
    after, episodes, _ = learner.train_on(agent, levels, None, Key(1))
    again, same, _ = learner.train_on(other, levels, None, Key(1))
    assert all(np.array_equal(one, two) for one, two in zip(episodes, same, strict=True))
    assert same_agent({**again, **{name: after[name] for name in names}}, after)
    for name in (*names, "draws/seeds"):
        assert torch.equal(after[name], agent[name])
