"""Adaptation of agents in the worlds of a suite: returns by episode of a trial, and with the two
controls of an assessment, memory off and the history of another trial (agents.assessment).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .scores import Scores

if TYPE_CHECKING:
    from .suites.suite import Json, Suite

CONTROLS = ("none", "off", "shuffled")
FEWEST_TRIALS = 2  # to exchange their histories
# (agent, world's task, number of the world, trials, control) -> returns [trials, k], steps
ByEpisode = Callable[[int, "Json", int, int, str], tuple[np.ndarray, int]]


@dataclass(frozen=True)
class Adaptation:
    """Returns by control: [agents, worlds, trials, k] float64 by episode of a trial, or by update.

    scores: the last episode, without a control. An episode is solved at the suite's score.
    """

    returns: Mapping[str, np.ndarray]
    scores: Scores

    def to_json(self) -> dict[str, Any]:
        return {control: returns.tolist() for control, returns in self.returns.items()}


def adaptation(
    agents: Sequence[str],
    suite: Suite,
    by_episode: ByEpisode,
    trials: int,
    progress: Callable[[str, int], None] = lambda what, trials: None,
) -> Adaptation:
    """Every agent in every world over `trials` trials, which are the same for each control.

    progress: called before each agent and control, with what it is and the number of its trials.

    ValueError if there are fewer than two trials, which shuffling needs, if worlds draw numbers
    anew for each episode, or if a return is NaN or infinite.
    """
    if trials < FEWEST_TRIALS:
        raise ValueError(
            f"--episodes must be at least {FEWEST_TRIALS}, to exchange histories, got {trials}"
        )
    if any(world.draws for world in suite.worlds):
        raise ValueError(
            f"the suite {suite.name} draws another task for every episode, and agents that adapt "
            "need the same task for a whole trial: choose another suite"
        )
    steps, found = 0, dict[str, np.ndarray]()
    for control in CONTROLS:
        rows = []
        for agent, name in enumerate(agents):
            count = len(suite.worlds) * trials
            progress(f"{suite.name}: {name}, {count:,} trials ({control})", count)
            for number, world in enumerate(suite.worlds):
                returns, cost = by_episode(agent, world.task, number, trials, control)
                rows.append(returns)
                steps += cost
        table = np.array(rows, np.float64)
        found[control] = table.reshape(len(agents), len(suite.worlds), *table.shape[1:])
    last = found["none"][..., -1]
    worlds = tuple(world.name for world in suite.worlds)
    scores = Scores(tuple(agents), worlds, last, last >= suite.solved_score, steps)
    return Adaptation(found, scores)
