"""Evaluation of agents on a suite: agents x worlds x episodes, side by side in one simulator.

Agents are compared on common random numbers: the same worlds, seeds and stream of action noise. The
result of an agent does not depend on the other agents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from .scores import Scores

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator

    from .suites.suite import Json, Suite

MOST_ROWS = 4096  # episodes side by side


class Acting(Protocol):
    """An agent in n episodes that are simulated side by side."""

    def begin(self, rows: torch.Tensor) -> None:
        """Begin an episode in the rows of the mask [n] bool."""
        ...

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        """Actions [n, a] at observations [n, o] float32. greedy: the most likely ones."""
        ...

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        """Rewards [n] of the last actions, and which episodes have ended, [n] bool."""
        ...


@dataclass(frozen=True)
class Player:
    """An agent to be evaluated.

    start: function of a number of rows n and the number of the batch, from 0; returns the agent in
    n episodes. Its random numbers depend on these two alone, and are the same for all agents.
    """

    name: str
    start: Callable[[int, int], Acting]


@dataclass(frozen=True)
class Played:
    """Results of n episodes."""

    returns: np.ndarray  # [n] float64, sum of an episode's rewards
    success: np.ndarray  # [n] bool, the simulator's at the end of the episode
    steps: int  # environment steps


# (tasks as JSON, seeds) -> a simulator with one row for each
Simulate = Callable[[Sequence["Json"], Sequence[int]], "Simulator"]


def evaluate(
    players: Sequence[Player],
    suite: Suite,
    simulate: Simulate,
    *,
    episodes: int,
    greedy: bool,
    progress: Callable[[str, int], None] = lambda what, episodes: None,
) -> Scores:
    """Scores of all players in all worlds of the suite.

    greedy: whether players take their most likely actions; otherwise they sample. progress: called
    before each batch, with what it is and the number of its episodes.

    Raises:
        ValueError: the suite has not so many seeds, or an observation or a reward is NaN or
            infinite.
    """
    rows = list(suite.rows(episodes))
    returns = np.zeros((len(players), len(rows)))
    success = np.zeros(returns.shape, bool)
    steps = 0
    for batch, first in enumerate(range(0, len(rows), MOST_ROWS)):
        part = rows[first : first + MOST_ROWS]
        tasks = [suite.worlds[world].realised(seed) for world, seed in part]
        simulator = simulate(tasks, [seed for _, seed in part])
        for number, player in enumerate(players):
            progress(f"{suite.name}: {player.name}, {len(part):,} episodes", len(part))
            played = play(simulator, player.start(len(part), batch), greedy)
            columns = slice(first, first + len(part))
            returns[number, columns], success[number, columns] = played.returns, played.success
            steps += played.steps
    shape = (len(players), len(suite.worlds), episodes)
    return Scores(
        tuple(player.name for player in players),
        tuple(world.name for world in suite.worlds),
        returns.reshape(shape),
        suite.solved(returns, success).reshape(shape),
        steps,
    )


def play(simulator: Simulator, policy: Acting, greedy: bool) -> Played:
    """One episode of every row, from a reset."""
    with torch.no_grad():
        before, seen = simulator.steps, simulator.reset()
        n = len(seen)
        _check(seen, "observation")
        policy.begin(torch.ones(n, dtype=torch.bool, device=seen.device))
        returns = torch.zeros(n, dtype=torch.float64, device=seen.device)
        while True:
            seen, rewards, terminated, truncated = simulator.step(policy.act(seen, greedy=greedy))
            _check(seen, "observation")
            _check(rewards, "reward")
            ended = terminated | truncated
            policy.observe(rewards, ended)
            returns = returns + rewards
            if bool(ended.all()):
                break
    success = simulator.success.cpu().numpy().copy()
    return Played(returns.cpu().numpy(), success, simulator.steps - before)


def _check(values: torch.Tensor, what: str) -> None:
    finite = torch.isfinite(values).reshape(len(values), -1).all(1)
    if not bool(finite.all()):
        row = int(torch.nonzero(~finite)[0])
        raise ValueError(f"the {what} of episode {row} of a batch is NaN or infinite")
