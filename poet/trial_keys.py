"""The streams of random numbers on which agents are compared.

Agents that compete for a place are evaluated on the same stream (common random numbers). There are
two such streams, and both are made here: one for a niche in an iteration, one for a task that is
not (yet) a niche.
"""

from __future__ import annotations

import hashlib

from .identity import canonical
from .interfaces import Task, TaskFamily
from .niche import Niche
from .streams import Key


def score_key(iteration: Key, niche: Niche) -> Key:
    """The stream on which a niche's own agent and every candidate for the niche are scored.

    iteration: the key of the current iteration.
    """
    return iteration.child("score", niche.id)


def task_key(seed: int, family: TaskFamily, task: Task) -> Key:
    """The stream on which agents are scored in a task outside the iterations of a niche.

    It depends only on the run's seed and the task, so the score of a retired agent in a task never
    changes and can be cached.
    """
    digest = hashlib.blake2b(canonical(family, task).encode(), digest_size=8).digest()
    return Key(seed, ("task", int.from_bytes(digest, "big")))


def replay_key(seed: int, family: TaskFamily, niche: Niche) -> Key:
    """The stream of a niche's last score, or the stream of its task if it has no score yet."""
    return niche.score_key or task_key(seed, family, niche.task)
