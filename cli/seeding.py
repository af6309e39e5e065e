"""The niches of another run, or of the original POET's files, from which a run starts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from .wiring import Parts, whole_task

if TYPE_CHECKING:
    from openpoet.poet.seeding import Seed


class Take(StrEnum):
    both = "both"
    tasks = "tasks"
    agents = "agents"


def seeds_from(source: str, select: str | None, take: Take, parts: Parts) -> list[Seed]:
    """The seeds that the niches of `source` give. ValueError if the run cannot use one of them.

    source: a run, or a folder of the original POET's files. select: an expression that chooses
    niches; None: the active ones. take: whether to copy tasks, agents or both.
    """
    from openpoet.archive.seeds.finding import Receiver, find_seeds
    from openpoet.poet.seeding import Seed, check_number, check_seeds

    setup = parts.setup
    receiver = Receiver(
        setup.family,
        setup.learner,
        whole_task,
        lambda number: check_number(number, setup.config),
        setup.config.capacity,
    )
    seeds = [
        Seed(
            None if take is Take.agents else found.task(),
            None if take is Take.tasks else found.agent(),
            found.source,
        )
        for found in find_seeds(source, select, receiver)
    ]
    check_seeds(seeds, parts.setup, advice="with take=tasks its task alone is copied")
    return seeds
