"""The engine's calls of a learner, checked: a NaN score or an agent changed in place stops the run
where it appears.

Also the two names a task has: its identity (all of it) and its fingerprint (what makes two tasks
duplicates).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from .interfaces import Agent, Learner, Task, TaskFamily
from .niche import Niche, Score
from .streams import Key
from .unchanged import unchanged


class Scores(NamedTuple):
    """What pairs of agent and task came to."""

    scores: np.ndarray  # [pairs] float64, after adaptation
    solved: np.ndarray  # [pairs] bool
    steps: np.ndarray  # [pairs] int64, of the environment
    before: list[float | None]  # scores before adaptation; None where agents do not adapt

    def each(self, keys: Sequence[Key]) -> list[Score]:
        """One record a pair, with its key."""
        return [
            Score(float(score), bool(solved), before, key)
            for score, solved, before, key in zip(
                self.scores, self.solved, self.before, keys, strict=True
            )
        ]


def evaluate(
    learner: Learner, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
) -> Scores:
    """The learner's scores, one a pair. No pairs: no call. ValueError if one is NaN or infinite."""
    if not agents:
        return Scores(np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64), [])
    with unchanged(agents, "learner.evaluate"):
        answer = [np.asarray(part) for part in learner.evaluate(agents, tasks, keys)]
    if len(answer) not in (3, 4) or any(part.shape != (len(agents),) for part in answer):
        shapes = [list(part.shape) for part in answer]
        raise ValueError(
            "learner.evaluate must return three or four arrays of shape "
            f"[{len(agents)}], got {shapes}"
        )
    for scores in (answer[0], *answer[3:]):
        wrong = np.flatnonzero(~np.isfinite(scores))
        if len(wrong):
            where = "/".join(str(name) for name in keys[wrong[0]].path)
            raise ValueError(
                f"a score must be finite, got {scores[wrong[0]]} for "
                f"{keys[wrong[0]].purpose} ({where})"
            )
    before: list[float | None] = [None] * len(agents)
    if len(answer) == 4:
        before = answer[3].tolist()
    return Scores(answer[0], answer[1], answer[2], before)


def improve(
    learner: Learner, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
) -> tuple[list[Agent], np.ndarray]:
    """New agents, environment steps [pairs] int64. No pairs: no call."""
    if not agents:
        return [], np.zeros(0, np.int64)
    with unchanged(agents, "learner.improve"):
        improved, steps = learner.improve(agents, tasks, keys)
    if len(improved) != len(agents) or np.shape(steps) != (len(agents),):
        raise ValueError(
            f"learner.improve must return {len(agents)} agents and steps, got {len(improved)} and "
            f"{np.size(steps)}"
        )
    return list(improved), np.asarray(steps)


def adopt(learner: Learner, agent: Agent) -> Agent:
    """What the agent becomes in a new niche."""
    with unchanged([agent], "learner.adopt"):
        return learner.adopt(agent)


def canonical(family: TaskFamily, task: Task) -> str:
    """The encoding as text, the same for equal tasks."""
    return json.dumps(family.encode(task), sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(family: TaskFamily, task: Task) -> Hashable:
    """What two tasks share if one would be a duplicate of the other.

    A family may say so itself (the walker leaves the terrain's seed out, as the reference's names
    do); else it is the encoding.
    """
    own = getattr(family, "fingerprint", None)
    return canonical(family, task) if own is None else own(task)


def score_key(key: Key, niche: Niche) -> Key:
    """The stream on which a niche's own agent, and in this iteration every rival for its place, is
    scored.
    """
    return key.child("score", niche.id)


def trial_key(seed: int, family: TaskFamily, task: Task) -> Key:
    """The stream on which agents are compared in a task that is no niche yet, or outside a niche's
    own life.

    It depends on the task alone, so the score of a retired agent in a task is one number for ever
    and may be kept.
    """
    digest = hashlib.blake2b(canonical(family, task).encode(), digest_size=8).digest()
    return Key(seed, ("task", int.from_bytes(digest, "big")))
