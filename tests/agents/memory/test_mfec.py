"""MFEC: stored values by hand and against optimal values, lifetimes of memories, conformance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.agents.memory.episodic_config import MFECConfig
from openpoet.agents.memory.episodic_control import EpisodeRecord, epsilon_greedy
from openpoet.agents.memory.episodic_memory import Found, nearest
from openpoet.agents.memory.mfec import MFEC
from openpoet.agents.parts.lifetimes import Control
from openpoet.agents.rollouts.episode_batches import Batch
from openpoet.cli.conformance import check_learner
from openpoet.envs.bandits import Arms, Bandits
from openpoet.envs.grid import Grids, GridSettings
from openpoet.envs.navigation import Navigation
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

GRID = Grids(GridSettings(size=4, horizon=100, episodes=6, cost=0.0))
CORNERS = GRID.corners()


def stored(learner: MFEC, agent: Agent, cells: int = 16) -> torch.Tensor:
    """The stored value of each cell and action, [cells, actions]; 0 where none is stored."""
    keys = learner.keys(agent, torch.eye(cells)).expand(learner.actions, -1, -1)
    found = nearest(agent, keys, 1)
    hit = found.valid & (found.distances <= learner.config.same)
    return torch.where(hit, found.values[..., 0], 0.0)[..., 0].T


def test_learner_conformance() -> None:
    small = Grids(GridSettings(size=3, horizon=4, episodes=2))
    check_learner(MFEC(Guessing(), MFECConfig(test_trials=2)), Guessing())
    check_learner(MFEC(small, MFECConfig(table="trial", capacity=5, test_trials=2)), small)


def test_the_highest_return_after_each_action_is_stored() -> None:
    learner = MFEC(GRID, MFECConfig(episodes=1, epsilon=1.0))
    agent, (episode,), steps = learner.run_trial(learner.init(Key(0)), CORNERS, Key(10))
    batch = episode.batch
    cells, actions = batch.observations[:, 0].argmax(1), batch.actions[:, 0].argmax(1)
    assert float(batch.returns) == 1.0  # it reached the goal
    best: dict[tuple[int, int], float] = {}
    for t in range(steps):
        pair, togo = (int(cells[t]), int(actions[t])), 0.99 ** (steps - 1 - t)
        best[pair] = max(best.get(pair, 0.0), togo)
    assert len(best) < steps  # some were done twice
    values = stored(learner, agent)
    assert int((values > 0).sum()) == len(best) == int(agent["used"].count_nonzero())
    for pair, value in best.items():
        assert float(values[pair]) == pytest.approx(value, rel=1e-6)


def test_stored_values_never_decrease_and_never_exceed_the_optimal_values() -> None:
    learner = MFEC(GRID, MFECConfig())
    agent, before = learner.init(Key(2)), torch.zeros(16, 4)
    bound = torch.from_numpy(GRID.optimal(CORNERS, 0.99)).reshape(16, 4)
    for trial in range(4):
        (agent,), _ = learner.improve([agent], [CORNERS], [Key(3).child(trial)])
        values = stored(learner, agent)
        assert bool((values >= before).all())
        assert float((values - bound).max()) < 1e-6
        before = values
    assert float(values[0].max()) > 0.99**9  # 0.99**5 is the shortest way


def test_stored_values_of_stochastic_rewards_are_maxima() -> None:
    """As in the paper: the value of an arm with a mean reward of .5 is its highest reward, 1."""
    family = Bandits()
    learner = MFEC(family, MFECConfig(episodes=60, epsilon=1.0))
    agent, episodes, _ = learner.run_trial(learner.init(Key(4)), Arms(low=0.5, high=0.5), Key(5))
    assert torch.equal(agent["values"][:, 0, 0], torch.ones(5))
    assert 0.3 < sum(float(one.batch.returns) for one in episodes) / 60 < 0.7


def test_a_new_key_has_the_mean_value_of_its_neighbours() -> None:
    learner = MFEC(GRID, MFECConfig(episodes=1, epsilon=1.0, neighbours=3))
    agent, _, _ = learner.run_trial(learner.init(Key(0)), CORNERS, Key(1))
    assert float(stored(learner, learner.init(Key(0))).abs().sum()) == 0
    unseen = learner.keys(agent, torch.full((1, 16), 0.5))
    found = learner.look_up(agent, unseen[None], 1)
    values = found.read(learner.weights(found))[:, 0, 0]
    for action in range(4):
        distance = (
            (agent["keys"][action] - unseen)
            .square()
            .sum(1)
            .masked_fill(agent["used"][action] == 0, torch.inf)
        )
        torch.testing.assert_close(
            values[action], agent["values"][action, distance.argsort()[:3], 0].mean()
        )


def test_ties_are_broken_at_random_and_epsilon_gives_random_actions() -> None:
    uniform = torch.rand(4000, 4, generator=torch.Generator().manual_seed(0))
    values = torch.tensor([1.0, 3.0, 3.0]).expand(4000, 3)
    shares = epsilon_greedy(values, uniform, 0.0).mean(0)
    torch.testing.assert_close(shares, torch.tensor([0.0, 0.5, 0.5]), atol=0.03, rtol=0)
    shares = epsilon_greedy(values, uniform, 0.3).mean(0)
    torch.testing.assert_close(shares, torch.tensor([0.1, 0.45, 0.45]), atol=0.03, rtol=0)


def test_what_is_looked_up_after_the_end_of_an_episode_is_not_marked_as_read() -> None:
    """Of two steps the first is alive: it reads entry 0 of every action, the second entry 1."""
    learner = MFEC(GRID, MFECConfig(capacity=3, neighbours=1))
    agent = {
        **learner.init(Key(0)),
        "used": torch.ones(4, 3, dtype=torch.int64),
        "clock": torch.full((4,), 5),
    }
    alive, ones = torch.tensor([[True], [False]]), torch.ones(4, 1, 1)
    empty, action = torch.zeros(2, 1, 16), torch.eye(4)[0].expand(2, 1, 4)
    batch = Batch(empty, action, torch.zeros(2, 1), alive, torch.zeros(1), alive[0], empty, ~alive)
    lookups = [Found((ones * place).long(), ones, ones[..., None], ones > 0) for place in (0, 1)]
    record = EpisodeRecord(batch, torch.zeros(2, 1, 4), torch.zeros(1, 4))
    memory = learner._written(agent, agent, record, lookups)
    assert memory["used"][1:].tolist() == [[5, 1, 1]] * 3


def test_memories_belong_to_the_agent_or_to_a_trial() -> None:
    kept, new = (MFEC(GRID, MFECConfig(table, test_trials=3)) for table in ("agent", "trial"))
    agent = kept.init(Key(6))
    for learner in (kept, new):
        (after,), _ = learner.improve([agent], [CORNERS], [Key(7)])
        scores = [
            learner.evaluate([one], [CORNERS], [Key(8)])
            for one in (agent, after, learner.adopt(after))
        ]
        assert scores[1][3] == scores[2][3]
        if learner is kept:
            assert int(after["used"].count_nonzero()) > 0
            assert scores[1][3] >= scores[0][3]
        else:
            assert int(after["used"].count_nonzero()) == 0
            assert scores[1] == scores[0]


def test_memories_help_only_in_their_own_trial() -> None:
    """A hidden side: memories of another trial are wrong half of the time."""
    learner = MFEC(Guessing(), MFECConfig(epsilon=0.0, capacity=8))
    agent = learner.init(Key(9))
    controls: tuple[Control, ...] = ("none", "off", "shuffled")
    none, off, shuffled = (
        learner.by_episode(agent, 0.5, Key(10), 400, control)[0] for control in controls
    )
    np.testing.assert_array_equal(none[:, 0], off[:, 0])
    assert none[:, 1].mean() > none[:, 0].mean() + 0.3
    assert abs(off[:, 1].mean() - off[:, 0].mean()) < 0.15
    assert abs(shuffled[:, 1].mean() - none[:, 0].mean()) < 0.15


def test_invalid_arguments_are_one_line_errors() -> None:
    with pytest.raises(ValueError, match="needs discrete actions"):
        MFEC(Navigation())
    with pytest.raises(ValueError, match="at most the 6 episodes of a trial, got 7"):
        MFEC(GRID, MFECConfig(test_episodes=7))
    with pytest.raises(ValueError, match="table must be one of 'agent', 'trial'"):
        MFECConfig(table="mine")
    with pytest.raises(ValueError, match="capacity must be from 1 to 1000000, got 0"):
        MFECConfig(capacity=0)
