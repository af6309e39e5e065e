"""The engine: original POET (arXiv 1901.01753) and Enhanced POET (arXiv 2003.08536) as settings of
one loop, with population-based training (arXiv 1711.09846) as one more step of it.

Every step is a pure function (population, setup, key) -> population. All computation goes through
the two batched methods of the learner, what happened is in `Population.events`, and every random
number is drawn from a named stream, so a run can be continued after any iteration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .births import births
from .config import Setup
from .evaluation import adopt, evaluate, improve
from .measuring import first_criterion, ranked
from .niche import Niche, Population
from .novelty import remembered
from .pbt import exploit, explored
from .reproduction import due, kept_parent, litter, noted, reproduction_due
from .streams import Key
from .transfer import Candidate, Place, winner
from .trial_keys import score_key
from .trials import Trial


def start(setup: Setup) -> Population:
    """The first population: `niches` niches of the family's trivial task, each with its own newborn
    agent.
    """
    config, task, key = setup.config, setup.family.origin(), Key(setup.config.seed, ("origin",))
    agents = [setup.learner.init(key.child(id) if id else key) for id in range(config.niches)]
    if config.pbt_every:  # hyperparameters must differ; the first agent has those of the settings
        agents[1:] = [
            explored(setup, agent, key.child(id)) for id, agent in enumerate(agents[1:], 1)
        ]
    niches = tuple(Niche(id, None, 0, task, agent) for id, agent in enumerate(agents))
    return Population(0, niches, niches_born=len(niches))


def evolve(population: Population, setup: Setup) -> Iterator[Population]:
    """The population after each further iteration, without end, from any population: new, seeded or
    from a checkpoint.
    """
    while True:
        t, config = population.iteration, setup.config  # from 0, as in the papers
        key = Key(config.seed, ("iteration", t))
        # Events and births carry the number of the iteration counted from 1; 0 is the first
        # population.
        population = replace(population, iteration=t + 1, events=())
        if reproduction_due(config, t):
            population = mutate_envs(population, setup, key)
        population = optimize(population, setup, key)
        if due(config.transfer_every, t) and len(population.active) > 1:
            population = transfer(population, setup, key)
        if due(config.pbt_every, t + 1) and len(population.active) > 1:
            population = exploit(population, setup, key)
        yield population


def mutate_envs(population: Population, setup: Setup, key: Key) -> Population:
    """Niches that do well have children; the most novel (or hardest) of the viable ones are
    admitted, the oldest niches retire.
    """
    children = litter(population, setup, key)
    children = first_criterion(children, population, setup, key)
    waiting, novel = ranked(children, population, setup, key)
    population = births(waiting, noted(population, children), setup, key, novel)
    kept = kept_parent(population, setup.config)
    return remembered(population.retire(setup.config.capacity, kept), novel)


def optimize(population: Population, setup: Setup, key: Key) -> Population:
    """Improve every agent in its own niche, and score it there.

    Differs: one score, as a learner returns it; the reference code repeats the same deterministic
    episode five times (B16).
    """
    niches, t, history = population.active, population.iteration, setup.config.history
    steps = [Trial(niche.agent, niche.task, key.child("improve", niche.id)) for niche in niches]
    improved = improve(setup.learner, steps)
    trials = [
        Trial(one.agent, niche.task, score_key(key, niche))
        for niche, one in zip(niches, improved, strict=True)
    ]
    results = evaluate(setup.learner, trials)
    return population.with_active(
        tuple(
            niche.improved(trial.agent, result, trial.key, iteration=t, history=history)
            for niche, trial, result in zip(niches, trials, results, strict=True)
        )
    )


def transfer(population: Population, setup: Setup, key: Key) -> Population:
    """Each niche takes over the best agent that beats its own, if there is one; all at once, with
    the agents as they were before.
    """
    rule, niches, t = setup.transfer, population.active, population.iteration
    places = [Place(n.id, n.task, rule.bar(n), score_key(key, n)) for n in niches]
    tried = rule.attempt(niches, places, setup.learner, key.child("transfer"))
    installable = [candidate for candidate in tried if rule.installs(candidate)]
    best = {place.id: winner(installable, place) for place in places}
    events = tuple(c.event(t, accepted=c is best[c.place.id]) for c in tried)
    taken = tuple(_taken_over(niche, best[niche.id], setup, t) for niche in niches)
    return population.with_active(taken, events)


def _taken_over(niche: Niche, best: Candidate | None, setup: Setup, iteration: int) -> Niche:
    if best is None:
        return niche
    agent = adopt(setup.learner, best.agent)
    return niche.taken_over(agent, best.result, best.place.key, iteration=iteration)
