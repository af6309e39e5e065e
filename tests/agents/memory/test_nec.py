"""NEC: targets, updates and replay by hand, learner conformance, and learning in a grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from openpoet.agents.memory.episodic_config import NECConfig
from openpoet.agents.memory.episodic_control import EpisodeRecord
from openpoet.agents.memory.nec import NEC
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.cli.conformance import check_learner
from openpoet.envs.bandits import Bandits
from openpoet.envs.grid import Grids, GridSettings
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

GRID = Grids(GridSettings(size=4, horizon=100, episodes=6, cost=0.0))
CORNERS = GRID.corners()
SMALL = NECConfig(capacity=30, test_trials=2, hidden=(8,), replay=50, neighbours=5, every=8)


def test_learner_conformance() -> None:
    small = Grids(GridSettings(size=3, horizon=4, episodes=2))
    check_learner(NEC(Guessing(), SMALL), Guessing())
    check_learner(NEC(small, replace(SMALL, table="trial")), small)


def test_targets_are_n_step_returns() -> None:
    rng, t, gamma = np.random.default_rng(0), 7, 0.9
    rewards, values = (
        torch.from_numpy(rng.normal(size=shape)).float() for shape in ((t, 2), (t, 2, 4))
    )
    alive = torch.ones(t, 2, dtype=torch.bool)
    alive[5:, 1] = False
    rewards = rewards * alive
    observations, actions, terminated = (
        torch.zeros(t, 2, 16),
        torch.zeros(t, 2, 4),
        torch.zeros(t, 2, dtype=torch.bool),
    )
    # the second episode terminates after 5 steps, the first is truncated after 7
    terminated[4:, 1] = True
    beyond = torch.tensor([[1.0, 3.0, 2.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
    returns = rewards.sum(0)
    batch = Batch(
        observations, actions, rewards, alive, returns, alive[0], observations, terminated
    )
    assert batch.truncated.tolist() == [True, False]
    found = NEC(GRID, replace(SMALL, gamma=gamma, steps=3)).targets(
        EpisodeRecord(batch, values, beyond)
    )
    for n, length, last in ((0, 7, 3.0), (1, 5, 0.0)):
        for i in range(length):
            by_hand = sum(gamma**j * float(rewards[i + j, n]) for j in range(3) if i + j < length)
            by_hand += (
                gamma**3 * float(values[i + 3, n].max())
                if i + 3 < length
                else gamma ** (length - i) * last
            )
            assert float(found[i, n]) == pytest.approx(by_hand, abs=1e-5)


def test_a_truncated_episode_is_bootstrapped_with_the_value_of_its_last_observation() -> None:
    """Estimated from the memories before the returns of the episode are written."""
    # too short to reach the goal
    family = Grids(GridSettings(size=4, horizon=5, episodes=3, cost=0.1))
    learner = NEC(family, replace(SMALL, replay=20))
    agent = learner.init(Key(5))
    first, then = (
        learner.run_trial(one, CORNERS, Key(6))
        for one in (agent, learner.run_trial(agent, CORNERS, Key(7))[0])
    )
    assert float(first[1][0].beyond.abs().max()) == 0  # the memories are empty
    episode = then[1][0]
    assert bool(episode.batch.truncated.all())
    trained = learner.run_trial(agent, CORNERS, Key(7))[0]
    torch.testing.assert_close(episode.beyond, learner.values(trained, episode.batch.after[-1]))
    assert float(episode.beyond.abs().max()) > 0
    last = episode.batch.rewards[-1] + learner.config.gamma * episode.beyond.max(1).values
    torch.testing.assert_close(learner.targets(episode)[-1], last)


def test_a_stored_value_moves_by_the_tabular_learning_rate() -> None:
    learner = NEC(GRID, replace(SMALL, fast=0.25))
    assert float(learner.merge(torch.tensor(2.0), torch.tensor(6.0))) == 3.0


def test_a_gradient_step_updates_encoder_and_memories() -> None:
    """It decreases the squared error. Memories change by the plain gradient, or not at all with
    memory_lr = 0.
    """
    learner = NEC(GRID, replace(SMALL, episodes=2, lr=1e-4, memory_lr=1e-2, replay=200))
    agent, _, _ = learner.run_trial(learner.init(Key(1)), CORNERS, Key(2))
    assert float(agent["replay/target"].max()) > 0  # it reached the goal
    parts = ("observation", "action", "target")
    transitions = {name: agent[f"replay/{name}"][0, :32] for name in parts}

    def loss(one: dict[str, torch.Tensor]) -> torch.Tensor:
        values = learner.values(one, transitions["observation"])
        predicted = (values * transitions["action"]).sum(1)
        return (predicted - transitions["target"][:, 0]).square().mean()

    after = dict(learner.step(agent, transitions))
    assert float(loss(after)) < float(loss(dict(agent)))
    leaf = agent["values"].clone().requires_grad_()
    gradient = torch.autograd.grad(loss({**agent, "values": leaf}), leaf)[0]
    torch.testing.assert_close(after["values"], agent["values"] - 1e-2 * gradient)
    assert not torch.equal(after["keys"], agent["keys"])
    assert not torch.equal(after["w0"], agent["w0"])
    still = NEC(GRID, replace(learner.config, memory_lr=0.0)).step(agent, transitions)
    assert torch.equal(still["values"], agent["values"])
    assert torch.equal(still["keys"], agent["keys"])
    assert torch.equal(still["w0"], after["w0"])


def test_adopt_keeps_encoder_and_memories_and_empties_the_replay_buffer() -> None:
    learner = NEC(GRID, SMALL)
    (agent,), _ = learner.improve([learner.init(Key(3))], [CORNERS], [Key(4)])
    moved = learner.adopt(agent)
    for name in ("w0", "keys", "values", "used"):
        assert torch.equal(moved[name], agent[name])
    assert int(agent["replay/count"]) > 0
    assert int(moved["replay/count"]) == float(moved["adam/steps/w0"]) == 0


def test_it_learns_a_short_path_with_learned_keys() -> None:
    """A random walk takes about 60 steps, the shortest path 6."""
    learner = NEC(GRID, NECConfig(episodes=10))
    lengths = {}
    for epsilon in (0.1, 1.0):
        one = NEC(GRID, replace(learner.config, epsilon=epsilon))
        _, episodes, _ = one.run_trial(one.init(Key(5)), CORNERS, Key(6))
        lengths[epsilon] = np.array([int(episode.batch.alive.sum()) for episode in episodes])
    assert lengths[0.1][-4:].mean() < 12
    assert lengths[1.0].mean() > 30


def test_invalid_arguments_are_one_line_errors() -> None:
    with pytest.raises(ValueError, match="nec learns keys of observations"):
        NEC(Bandits())
    with pytest.raises(ValueError, match="delta must be above 0"):
        NECConfig(delta=0.0)
