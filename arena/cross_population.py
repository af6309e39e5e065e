"""The cross-population table: the agents of every run in the worlds of every run.

The measure of MarcoPolo: an agent beats a world if it wins at least 90 % of its
episodes there, and a run's score is the share of all worlds that its agents beat. It compares
open-ended runs, whose scores in their own worlds cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINS = 0.9  # share of the episodes that an agent wins in a world that it beats


@dataclass(frozen=True)
class CrossPopulation:
    """Which worlds the agents of each run beat.

    shares: [runs, runs] float64: of the worlds of the second run, those that at least one agent of
    the first beats. scores: [runs]: the same of all worlds. worlds: [runs]: their numbers.
    """

    shares: np.ndarray
    scores: np.ndarray
    worlds: np.ndarray


def beaten(returns: np.ndarray, solved_score: float, wins: float = WINS) -> np.ndarray:
    """Whether each agent beats each world, [agents, worlds] bool.

    returns: [agents, worlds, episodes]; an episode is won at a return of solved_score or more.
    ValueError if there are no episodes, or if a return is NaN or infinite.
    """
    returns = np.asarray(returns, np.float64)
    if returns.ndim != 3 or not returns.size:
        raise ValueError(
            f"returns must have shape [agents, worlds, episodes], got {list(returns.shape)}"
        )
    if not np.isfinite(returns).all():
        agent, world, _ = np.argwhere(~np.isfinite(returns))[0]
        raise ValueError(f"returns must be finite: that of agent {agent} in world {world} is not")
    return (returns >= solved_score).mean(-1) >= wins


def cross_population(
    beats: np.ndarray, agent_runs: Sequence[int], world_runs: Sequence[int]
) -> CrossPopulation:
    """The table of runs against runs.

    beats: [agents, worlds] bool, from `beaten`. agent_runs [agents] and world_runs [worlds]: the
    number of the run, from 0, that each belongs to. ValueError if the lengths differ, or if a run
    has no agent or no world.
    """
    agents, worlds = np.asarray(agent_runs), np.asarray(world_runs)
    if beats.shape != (len(agents), len(worlds)):
        raise ValueError(
            f"beats must have shape [{len(agents)}, {len(worlds)}], got {list(beats.shape)}"
        )
    runs = range(1 + int(max(agents.max(initial=-1), worlds.max(initial=-1))))
    for name, owners in (("agent", agents), ("world", worlds)):
        if lacking := set(runs) - set(owners.tolist()):
            raise ValueError(
                f"every run must have at least one {name}: run {min(lacking)} has none"
            )
    by_run = np.array([beats[agents == run].any(0) for run in runs])  # [runs, worlds]
    return CrossPopulation(
        np.stack([by_run[:, worlds == run].mean(1) for run in runs], 1),
        by_run.mean(1),
        np.array([(worlds == run).sum() for run in runs]),
    )
