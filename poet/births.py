"""Births: the most novel children become niches if, after transfer, their best agent meets the
minimal criterion again.

Papers: arXiv 1901.01753; arXiv 2003.08536 (ANNECS). Measuring is measuring.py's part; here a child
that passed becomes a niche, and what happened becomes events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .config import Setup
from .criterion import Fault
from .evaluation import adopt
from .interfaces import Agent
from .measuring import BirthTrials, birth_trials
from .niche import Child, Event, Niche, Outcome, Population
from .novelty import Novelties
from .pbt import explored
from .reproduction import source_of
from .streams import Key
from .trial_keys import task_key

AFTER_TRANSFER: Mapping[Fault, Outcome] = {
    "too hard": "too hard after transfer",
    "too easy": "too easy after transfer",
    "no gain": "no gain after transfer",
}


def births(
    ranked: Sequence[Child], population: Population, setup: Setup, key: Key, novel: Novelties
) -> Population:
    """At most `max_admitted` further niches, from children in the order of their novelty.

    Batched: as many children are tried at a time as there are places left, so no child is evaluated
    that a sequential loop would skip. Newborn agents are not tried in their siblings.
    """
    parents, waiting, free = population, list(ranked), setup.config.max_admitted
    while waiting and free:
        tested, waiting = waiting[:free], waiting[free:]
        for trials in birth_trials(tested, parents, setup, key, novel):
            if trials.fault is None:
                niche = newborn(trials, population, setup)
                population = _admitted(population, niche)
                free -= 1
                outcome = replace(trials.child, outcome="admitted", niche=niche.id)
            else:
                outcome = replace(trials.child, outcome=AFTER_TRANSFER[trials.fault])
            population = _noted(population, trials, outcome)
    return replace(population, events=population.events + tuple(waiting))


def newborn(trials: BirthTrials, population: Population, setup: Setup) -> Niche:
    """The niche that a child becomes, with the best agent tried in it."""
    child, best, t = trials.child, trials.best, population.iteration
    niche = Niche(
        id=population.niches_born,
        parent=child.parent,
        born=t,
        task=child.task,
        agent=best.agent,
        novelty=child.novelty,
        source=source_of(child, setup),
        viable_to_all=trials.annecs.of_all,
        viable_to_retired=trials.annecs.of_retired,
    )
    agent = _first_agent(best.agent, child, setup)
    history = setup.config.history
    return niche.improved(agent, best.result, best.place.key, iteration=t, history=history)


def _first_agent(agent: Agent, child: Child, setup: Setup) -> Agent:
    """The agent as it starts in its new niche; with population-based training, with hyperparameters
    near its own.

    It learns and is scored anew before its niche's first iteration ends.
    """
    adopted = adopt(setup.learner, agent)
    if not setup.config.pbt_every:
        return adopted
    key = task_key(setup.config.seed, setup.family, child.task)
    return explored(setup, adopted, key.child("born", child.id))


def _admitted(population: Population, niche: Niche) -> Population:
    return replace(
        population,
        active=(*population.active, niche),
        niches_born=population.niches_born + 1,
    )


def _noted(population: Population, trials: BirthTrials, child: Child) -> Population:
    """The population with all that was tried in a child, and its outcome, among its events."""
    transfers: tuple[Event, ...] = tuple(
        candidate.event(
            population.iteration,
            accepted=child.outcome == "admitted" and candidate is trials.best,
        )
        for candidate in trials.candidates
    )
    return replace(population, events=(*population.events, *transfers, child))
