"""A first population from the niches of another run: their tasks, their agents, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .agent_tensors import check_hyperparameters, check_tensors, made_by
from .config import PoetConfig, Setup
from .evaluation import adopt, evaluate
from .interfaces import Agent, Task
from .niche import Niche, Population
from .streams import Key
from .trials import Trial


@dataclass(frozen=True)
class Seed:
    """What a niche starts from. No task: the family's origin; no agent: a newborn agent."""

    task: Task | None
    agent: Agent | None
    source: str  # where it came from, e.g. "runs/a#12"


def seed_population(setup: Setup, seeds: Sequence[Seed]) -> Population:
    """One niche a seed, in their order, each agent scored in its task so that reproduction and
    transfer can compare it.
    """
    check_number(len(seeds), setup.config)
    trials = [_trial(setup, seed, id) for id, seed in enumerate(seeds)]
    results = evaluate(setup.learner, trials)
    niches = tuple(
        Niche(id, None, 0, trial.task, trial.agent, source=seed.source).improved(
            trial.agent, result, trial.key, iteration=0, history=setup.config.history
        )
        for id, (seed, trial, result) in enumerate(zip(seeds, trials, results, strict=True))
    )
    return Population(0, niches, niches_born=len(niches))


def _trial(setup: Setup, seed: Seed, id: int) -> Trial:
    """The first evaluation of a seed's agent in its task; id: of its niche."""
    key = Key(setup.config.seed, ("seed", id))
    if seed.agent is None:
        agent = setup.learner.init(key.child("init"))
    else:
        agent = adopt(setup.learner, seed.agent)
    return Trial(agent, setup.family.origin() if seed.task is None else seed.task, key)


def check_seeds(
    seeds: Sequence[Seed], setup: Setup, *, advice: str = "seed from its task, without its agent"
) -> None:
    """ValueError, one line, unless the seeds fit into the capacity and every agent has the tensors
    of this learner (agent_tensors.py). advice: what to do if an agent does not, for the message.

    The tensors of the policy (names without `/`) must be present before an agent is adopted, and
    all that a newborn agent has afterwards. Further hyperparameters must be the learner's own.
    """
    check_number(len(seeds), setup.config)
    expected = made_by(setup.learner)
    policy = {name: tensor for name, tensor in expected.items() if "/" not in name}
    for seed in seeds:
        if seed.agent is None:
            continue
        same = {name: tensor for name, tensor in seed.agent.items() if name in policy}
        check_tensors(same, policy, seed.source, advice)
        check_hyperparameters(seed.agent, setup.learner, seed.source, advice)
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
