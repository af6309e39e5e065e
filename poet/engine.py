"""The engine: original POET (arXiv 1901.01753) and Enhanced POET (arXiv 2003.08536) as settings of
one loop.

With population-based training (arXiv 1711.09846) as one more step of it, and without evolution of
tasks if wished.

Every step is a pure function (population, setup, key) -> population. What is computed goes through
the learner's two batched calls; what happened is in `Population.events`; each random number has a
name, so a run can be taken up after any iteration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .births import births
from .config import PoetConfig, Setup
from .evaluation import adopt, evaluate, improve, score_key
from .niche import Niche, Population
from .novelty import remembered
from .pbt import exploit, explored
from .reproduction import by_novelty, eligible, first_criterion, litter
from .streams import Key
from .transfer import Place, try_all, try_gated, winner


def start(setup: Setup) -> Population:
    """The family's trivial task and a newborn agent; as many such niches as the settings ask
    for.
    """
    config, task, key = setup.config, setup.family.origin(), Key(setup.config.seed, ("origin",))
    agents = [setup.learner.init(key.child(id) if id else key) for id in range(config.niches)]
    # a population must differ in its hyperparameters: the first has those of the settings
    if config.pbt_every:
        agents[1:] = [
            explored(setup, agent, key.child(id)) for id, agent in enumerate(agents[1:], 1)
        ]
    niches = tuple(Niche(id, None, 0, task, agent) for id, agent in enumerate(agents))
    return Population(0, niches, niches_born=len(niches))


def evolve(population: Population, setup: Setup) -> Iterator[Population]:
    """The population after each further iteration, without end. Any will do: new, seeded, of a
    checkpoint.
    """
    while True:
        t, config = population.iteration, setup.config  # from 0, as in the papers
        key = Key(config.seed, ("iteration", t))
        # Recorded with what happens now is the number of this iteration, from 1: 0 is the first
        # population.
        population = replace(population, iteration=t + 1, events=())
        if due(config.mutate_every, t) and t > 0:
            population = mutate_envs(population, setup, key)
        population = optimize(population, setup, key)
        if due(config.transfer_every, t) and len(population.active) > 1:
            population = transfer(population, setup, key)
        if due(config.pbt_every, t + 1) and len(population.active) > 1:
            population = exploit(population, setup, key)
        yield population


def due(every: int, iteration: int) -> bool:
    """Whether what happens every so many iterations does now; 0: never."""
    return every > 0 and iteration % every == 0


def best_without_children(population: Population, config: PoetConfig) -> float | None:
    """The best own score so far, if a reproduction is due now and no niche does well enough to have
    children.
    """
    t = population.iteration
    if not due(config.mutate_every, t) or t == 0 or eligible(population, config):
        return None
    return max((niche.best for niche in population.niches if niche.best is not None), default=None)


def mutate_envs(population: Population, setup: Setup, key: Key) -> Population:
    """Let niches that do well have children; admit the most novel of the viable ones; retire the
    oldest.
    """
    children = litter(population, setup, key)
    children = first_criterion(children, population, setup, key)
    refused = tuple(child for child in children if child.outcome != "crowded")
    ranked, novel = by_novelty(children, population, setup, key)
    tried = population.children_tried + len(children)
    population = replace(population, children_tried=tried, events=population.events + refused)
    population = births(ranked, population, setup, key, novel)
    return remembered(population.retire(setup.config.capacity), novel)


def optimize(population: Population, setup: Setup, key: Key) -> Population:
    """Improve every agent in its own niche, and score it there.

    Differs: one score, as a learner gives it; the reference code repeats the same deterministic
    episode five times (B16).
    """
    niches, history = population.active, setup.config.history
    tasks = [niche.task for niche in niches]
    keys = [key.child("improve", niche.id) for niche in niches]
    agents, _ = improve(setup.learner, [niche.agent for niche in niches], tasks, keys)
    trials = [score_key(key, niche) for niche in niches]
    found = evaluate(setup.learner, agents, tasks, trials).each(trials)
    return population.with_active(
        tuple(
            niche.improved(agent, score, iteration=population.iteration, history=history)
            for niche, agent, score in zip(niches, agents, found, strict=True)
        )
    )


def transfer(population: Population, setup: Setup, key: Key) -> Population:
    """Let each niche take over the agent that beats its own, if one does; all at once, from the
    agents as they were.
    """
    poet = setup.config.transfer_rule == "poet"
    places = [
        Place(n.id, n.task, n.scores[-1] if poet else max(n.scores), score_key(key, n))
        for n in population.active
    ]
    tried = (try_all if poet else try_gated)(
        population.active, places, setup.learner, key.child("transfer")
    )
    # Enhanced POET installs proposals only: the agent as it is has but opened the gate.
    eligible = [candidate for candidate in tried if poet or candidate.kind == "proposal"]
    best = {place.id: winner(eligible, place) for place in places}
    niches = tuple(
        niche
        if (taken := best[niche.id]) is None
        else niche.taken_over(
            adopt(setup.learner, taken.agent), taken.found, iteration=population.iteration
        )
        for niche in population.active
    )
    events = tuple(c.event(population.iteration, accepted=c is best[c.place.id]) for c in tried)
    return population.with_active(niches, events)
