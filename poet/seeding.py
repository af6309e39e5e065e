"""A first population made of another run's niches: their tasks, their agents, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .config import Setup
from .evaluation import adopt, evaluate
from .interfaces import Agent, Task
from .niche import Niche, Population
from .streams import Key


@dataclass(frozen=True)
class Seed:
    """What a niche starts from. Without a task it gets the family's origin, without an agent a newborn one."""

    task: Task | None
    agent: Agent | None
    source: str  # where it came from, e.g. "runs/a#12"


def seed_population(setup: Setup, seeds: Sequence[Seed]) -> Population:
    """A niche a seed, in their order, each agent scored in its task so that reproduction and transfer can judge it."""
    _check_number(seeds, setup)
    keys = [Key(setup.config.seed, ("seed", id)) for id in range(len(seeds))]
    tasks = [setup.family.origin() if seed.task is None else seed.task for seed in seeds]
    agents = [
        setup.learner.init(key.child("init")) if seed.agent is None else adopt(setup.learner, seed.agent)
        for seed, key in zip(seeds, keys, strict=True)
    ]
    found = evaluate(setup.learner, agents, tasks, keys).each(keys)
    niches = tuple(
        Niche(id, None, 0, tasks[id], agents[id], source=seed.source).improved(
            agents[id], found[id], iteration=0, history=setup.config.history
        )
        for id, seed in enumerate(seeds)
    )
    return Population(0, niches, niches_born=len(niches))


def check_seeds(seeds: Sequence[Seed], setup: Setup) -> None:
    """ValueError unless they fit, and every agent has the learner's own tensors, name for name and shape for shape.

    Hyperparameters are an agent's own affair: it may carry more of them than a newborn does.
    """
    _check_number(seeds, setup)
    newborn = setup.learner.init(Key(0, ("shapes",)))
    for seed in seeds:
        if seed.agent is not None:
            _check(seed.agent, newborn, seed.source)


def _check_number(seeds: Sequence[Seed], setup: Setup) -> None:
    if not seeds:
        raise ValueError("a population needs at least one niche to start from, got none")
    if len(seeds) > setup.config.capacity:
        raise ValueError(
            f"{len(seeds)} niches do not fit into capacity {setup.config.capacity}: select fewer or raise it"
        )


def _check(agent: Agent, newborn: Agent, source: str) -> None:
    for name in sorted({*agent, *newborn}):
        mine, its = (tuple(one[name].shape) if name in one else None for one in (newborn, agent))
        if mine != its and not (mine is None and name.startswith("hyper/")):
            raise ValueError(
                f"the agent of {source} is not one of this learner with these settings: its {name!r} is "
                f"{'missing' if its is None else list(its)}, expected {'nothing' if mine is None else list(mine)}; "
                "take its task alone with --take tasks"
            )
