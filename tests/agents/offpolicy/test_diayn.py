"""DIAYN: intrinsic rewards by hand, learner conformance, and distinguishable skills."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.offpolicy.diayn import DIAYN, discriminator_of
from openpoet.agents.offpolicy.diayn_config import DIAYNConfig
from openpoet.agents.parts.network_weights import weight_names
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.cli.conformance import check_learner, same_agent
from openpoet.envs.bandits import Bandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.discriminated import Discriminated, DiscriminatedSettings
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = DIAYNConfig(
    hidden=(8,), discriminator=(4,), episodes=4, test_trials=8, updates=2, batch=8, capacity=50
)
ARENA = Navigation(NavigationSettings(arena=1.0, horizon=10))


@pytest.mark.parametrize("family", [Guessing(), Navigation(NavigationSettings(horizon=6))])
def test_learner_conformance(family: Guessing | Navigation) -> None:
    check_learner(DIAYN(family, SMALL), family)


def left_or_right(config: DIAYNConfig) -> tuple[DIAYN, Agent]:
    """A learner and an agent whose discriminator classifies left (0) and right (1): its logits are
    nearly -x and x.
    """
    learner = DIAYN(ARENA, config)
    agent = dict(learner.init(Key(0)))
    agent["discriminator_w0"], agent["discriminator_b0"] = (
        torch.tensor([[0.01, 0.0]]),
        torch.zeros(1),
    )
    agent["discriminator_w1"], agent["discriminator_b1"] = (
        torch.tensor([[-100.0], [100.0]]),
        torch.zeros(2),
    )
    return learner, agent


def step_to(x: float) -> Batch:
    """One step from the origin to (x, 0)."""
    row = torch.zeros(1, 1)
    start, after = torch.zeros(1, 1, 2), torch.tensor([[[x, 0.0]]])
    return Batch(start, start, row, row == 0, row[0], row[0] > 0, after, row > 0)


def test_intrinsic_reward_by_hand() -> None:
    """The probability of skill 1 is 1 / (1 + exp(-.6)) at x = .3, and .5 at the origin."""
    two = {"skills": 2, "discriminator": (1,)}
    right = torch.tensor([1])
    for more, expected in (
        ({}, math.log(2) - math.log(1 + math.exp(-0.6))),
        ({"scores": "current"}, 0.0),
        ({"add_p_z": False}, -math.log(1 + math.exp(-0.6))),
    ):
        learner, agent = left_or_right(DIAYNConfig(**two, **more))
        assert float(learner.intrinsic_reward(agent, step_to(0.3), right)) == pytest.approx(
            expected, abs=1e-4
        )


def test_a_task_of_the_discriminator_has_the_intrinsic_reward() -> None:
    """The discriminator is passed from agents to envs as plain numbers."""
    learner = DIAYN(ARENA, SMALL)
    agent = learner.init(Key(1))
    family = Discriminated(DiscriminatedSettings(skills=4, hidden=(4,), floor=0.0, horizon=10))
    for skill in range(4):
        simulator = family.simulator([family.task(discriminator_of(agent), skill)], [0], "cpu")
        simulator.reset()
        observation, reward, _, _ = simulator.step(torch.tensor([[3.0, -0.4]]))
        same = learner.intrinsic_reward(
            agent, Batch(*[observation[None]] * 8), torch.tensor([skill])
        )
        # the weights of a task are rounded
        assert float(reward[0]) == pytest.approx(float(same), abs=1e-3)


def test_adopt_keeps_networks_and_empties_the_replay_buffer() -> None:
    learner = DIAYN(ARENA, SMALL)
    (agent,), _ = learner.improve([learner.init(Key(0))], [Goals()], [Key(1)])
    assert int(agent["replay/count"]) == 4 * 10
    adopted = learner.adopt(agent)
    assert same_agent(
        {name: adopted[name] for name in weight_names(agent)},
        {n: agent[n] for n in weight_names(agent)},
    )
    assert int(adopted["replay/count"]) == 0
    assert not bool(adopted["replay/observation"].any())
    assert torch.equal(adopted["target/critic_w0"], agent["critic_w0"])


def test_the_reward_of_the_task_is_ignored() -> None:
    one, other = (
        DIAYN(Navigation(NavigationSettings(reward, horizon=6)), SMALL)
        for reward in ("dense", "progress")
    )
    agents = [
        learner.improve([learner.init(Key(0))], [Goals()], [Key(1)])[0][0]
        for learner in (one, other)
    ]
    assert same_agent(*agents)


def test_a_family_without_observations_raises_value_error() -> None:
    with pytest.raises(ValueError, match="needs observations that distinguish its skills"):
        DIAYN(Bandits())


@pytest.mark.parametrize(
    "wrong", [{"skills": 1}, {"episodes": 0}, {"discriminator": ()}, {"tau": 0.0}, {"lr": -1.0}]
)
def test_invalid_settings_raise_value_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message names the setting
        DIAYNConfig(**wrong)


def test_steps_after_the_end_of_an_episode_have_no_score() -> None:
    family, skills = CartPole(), torch.arange(8) % 4
    learner = DIAYN(family, SMALL)
    agent, task = learner.init(Key(0)), family.origin()
    batch, _ = learner.play(agent, task, Key(1), skills)
    rewards = learner.intrinsic_reward(agent, batch, skills)
    by_hand = torch.cat([rewards[: int(n), i] for i, n in enumerate(batch.alive.sum(0))])
    (score,), *_ = learner.evaluate([agent], [task], [Key(1)])
    assert score == pytest.approx(float(by_hand.double().mean()))
    assert score != pytest.approx(float(rewards.double().mean()))


def test_the_last_transition_of_a_terminated_episode_is_stored_as_terminal() -> None:
    family = CartPole()
    learner = DIAYN(family, replace(SMALL, capacity=800))
    (agent,), (steps,) = learner.improve([learner.init(Key(0))], [family.origin()], [Key(1)])
    assert int(agent["replay/count"]) == steps < 800
    assert float(agent["replay/over"].sum()) == SMALL.episodes  # all four poles have fallen


def test_an_evaluation_must_have_an_episode_of_every_skill() -> None:
    with pytest.raises(ValueError, match="test_trials must be at least the 9 skills, got 8"):
        replace(SMALL, skills=9)


def test_skills_differ_and_the_discriminator_classifies_them() -> None:
    config = DIAYNConfig(
        skills=2, hidden=(32,), discriminator=(16,), episodes=8, updates=16, batch=64
    )
    learner, key = DIAYN(ARENA, config), Key(2)
    initial = agent = learner.init(key)
    for step in range(30):
        (agent,), _ = learner.improve([agent], [Goals()], [key.child("step", step)])
    (after,), (solved,), _ = learner.evaluate([agent], [Goals()], [key.child("test")])
    (before,), _, _ = learner.evaluate([initial], [Goals()], [key.child("test")])
    assert abs(before) < 0.1
    assert 0.75 * math.log(2) < after <= math.log(2)
    assert bool(solved) == (after >= 0.8 * math.log(2))
    # With another skill's label the intrinsic reward of an episode is negative: it depends on the
    # skill, not only on the position.
    skills = torch.arange(8) % 2
    batch, _ = learner.play(agent, Goals(), key.child("test"), skills)
    own, swapped = (
        learner.intrinsic_reward(agent, batch, which).mean() for which in (skills, 1 - skills)
    )
    assert float(own) > 0.5 > 0 > float(swapped)
    assert (
        np.linalg.norm(batch.after[-1, skills == 0].mean(0) - batch.after[-1, skills == 1].mean(0))
        > 0.3
    )
