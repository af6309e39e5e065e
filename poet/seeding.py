"""A first population made of another run's niches: their tasks, their agents, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .agent_tensors import check_tensors, made_by
from .config import PoetConfig, Setup
from .evaluation import adopt, evaluate
from .interfaces import Agent, Task
from .niche import Niche, Population
from .streams import Key


@dataclass(frozen=True)
class Seed:
    """What a niche starts from. Without a task it gets the family's origin, without an agent a
    newborn one.
    """

    task: Task | None
    agent: Agent | None
    source: str  # where it came from, e.g. "runs/a#12"


def seed_population(setup: Setup, seeds: Sequence[Seed]) -> Population:
    """A niche a seed, in their order, each agent scored in its task so that reproduction and
    transfer can judge it.
    """
    check_number(len(seeds), setup.config)
    keys = [Key(setup.config.seed, ("seed", id)) for id in range(len(seeds))]
    tasks = [setup.family.origin() if seed.task is None else seed.task for seed in seeds]
    agents = [
        setup.learner.init(key.child("init"))
        if seed.agent is None
        else adopt(setup.learner, seed.agent)
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
    """ValueError, one line, unless they fit in and every agent has the tensors of this learner's.

    What a newborn acts by (names without `/`) must be there before an agent is adopted, and all
    that a newborn holds after (agent_tensors.py). More hyperparameters must be the learner's own.
    """
    check_number(len(seeds), setup.config)
    expected, advice = made_by(setup.learner), "take its task alone with --take tasks"
    acting = {name: tensor for name, tensor in expected.items() if "/" not in name}
    for seed in seeds:
        if seed.agent is None:
            continue
        same = {name: tensor for name, tensor in seed.agent.items() if name in acting}
        check_tensors(same, acting, seed.source, advice)
        try:
            adopted = setup.learner.adopt(seed.agent)
        except ValueError as error:
            raise ValueError(f"the agent of {seed.source}: {error}; {advice}") from error
        check_tensors(adopted, expected, seed.source, advice)


def check_number(count: int, config: PoetConfig) -> None:
    """ValueError unless a population can start from so many niches."""
    if count < 1:
        raise ValueError("a population needs at least one niche to start from, got none")
    if count > config.capacity:
        raise ValueError(
            f"{count} niches do not fit into capacity {config.capacity}: select fewer or raise it"
        )
