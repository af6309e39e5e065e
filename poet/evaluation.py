"""The engine's calls of a learner: records in, records out, arrays only here.

Every answer is checked where it arrives: wrong shapes, a score that is NaN or infinite, or an agent
that was changed in place stop the run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .interfaces import Agent, Learner
from .trials import Improved, Result, Trial
from .unchanged import unchanged


def evaluate(learner: Learner, trials: Sequence[Trial]) -> list[Result]:
    """One result a trial, in one call of the learner; no call if there are no trials.

    ValueError if a score is NaN or infinite, or if the arrays do not have one entry a trial.
    """
    if not trials:
        return []
    agents = [trial.agent for trial in trials]
    with unchanged(agents, "learner.evaluate"):
        answer = [
            np.asarray(part)
            for part in learner.evaluate(
                agents, [trial.task for trial in trials], [trial.key for trial in trials]
            )
        ]
    if len(answer) not in (3, 4) or any(part.shape != (len(trials),) for part in answer):
        shapes = [list(part.shape) for part in answer]
        raise ValueError(
            "learner.evaluate must return three or four arrays of shape "
            f"[{len(trials)}], got {shapes}"
        )
    for scores in (answer[0], *answer[3:]):
        _check_finite(scores, trials)
    before = answer[3].tolist() if len(answer) == 4 else [None] * len(trials)
    return [
        Result(float(score), bool(solved), earlier, int(steps))
        for score, solved, steps, earlier in zip(*answer[:3], before, strict=True)
    ]


def improve(learner: Learner, trials: Sequence[Trial]) -> list[Improved]:
    """The agent of each trial after one optimisation step; no call if there are no trials."""
    if not trials:
        return []
    agents = [trial.agent for trial in trials]
    with unchanged(agents, "learner.improve"):
        improved, steps = learner.improve(
            agents, [trial.task for trial in trials], [trial.key for trial in trials]
        )
    if len(improved) != len(trials) or np.shape(steps) != (len(trials),):
        raise ValueError(
            f"learner.improve must return {len(trials)} agents and steps, got {len(improved)} and "
            f"{np.size(steps)}"
        )
    return [Improved(agent, int(cost)) for agent, cost in zip(improved, steps, strict=True)]


def adopt(learner: Learner, agent: Agent) -> Agent:
    """The agent as it starts in a new niche."""
    with unchanged([agent], "learner.adopt"):
        return learner.adopt(agent)


def _check_finite(scores: np.ndarray, trials: Sequence[Trial]) -> None:
    wrong = np.flatnonzero(~np.isfinite(scores))
    if len(wrong):
        key = trials[wrong[0]].key
        where = "/".join(str(name) for name in key.path)
        raise ValueError(
            f"a score must be finite, got {scores[wrong[0]]} for {key.purpose} ({where})"
        )
