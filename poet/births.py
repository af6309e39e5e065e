"""Birth: the most novel children become niches if, after transfer, their best agent meets the
minimal criterion again.

Papers: arXiv 1901.01753; arXiv 2003.08536 (ANNECS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .config import Setup
from .criterion import fault, viable
from .evaluation import adopt, evaluate, trial_key
from .interfaces import Agent
from .niche import Child, Niche, Outcome, Population
from .novelty import Novelties
from .pbt import explored
from .streams import Key
from .transfer import Candidate, Place, try_all, winner


def births(
    ranked: Sequence[Child], population: Population, setup: Setup, key: Key, novel: Novelties
) -> Population:
    """At most `max_admitted` niches more.

    As many children are tried at a time as there are places left: none is tried that a loop one by
    one would not reach.
    """
    agents, waiting, free = population.active, list(ranked), setup.config.max_admitted
    while waiting and free:
        tested, waiting = waiting[:free], waiting[free:]
        places = [_place(child, setup) for child in tested]
        tried = try_all(agents, places, setup.learner, key.child("birth"))
        best = {place.id: _best(tried, place) for place in places}
        fit = [child for child in tested if _fit(best[child.id], setup)]
        annecs = _annecs(fit, tried, population, setup, key, novel)
        for child in tested:
            here = [candidate for candidate in tried if candidate.place.id == child.id]
            population = _noted(
                child, best[child.id], here, annecs.get(child.id), population, setup
            )
        free -= len(fit)
    return replace(population, events=population.events + tuple(waiting))


AFTER_TRANSFER: Mapping[str, Outcome] = {
    "too hard": "too hard after transfer",
    "too easy": "too easy after transfer",
    "no gain": "no gain after transfer",
}


@dataclass(frozen=True)
class Annecs:
    """Whether the best of these agents met the minimal criterion in a task as it was born."""

    of_all: bool  # the paper's condition: all agents ever, retired and active
    of_retired: bool  # the Enhanced POET code's: retired agents only; no agents, no success (B3)


def _place(child: Child, setup: Setup) -> Place:
    return Place(
        child.id,
        child.task,
        None,
        trial_key(setup.config.seed, setup.family, child.task),
        at_birth=True,
    )


def _best(tried: Sequence[Candidate], place: Place) -> Candidate:
    best = winner(tried, place)
    assert best is not None, "a place without a bar takes any score"
    return best


def _fit(best: Candidate, setup: Setup) -> bool:
    return viable(best.score, setup.config, best.before)


def _settled(agent: Agent, child: Child, setup: Setup) -> Agent:
    """The agent as it begins in its new niche; with population-based training, with hyperparameters
    near its own.

    It learns and is scored anew before its niche's first iteration ends.
    """
    adopted = adopt(setup.learner, agent)
    if not setup.config.pbt_every:
        return adopted
    return explored(
        setup,
        adopted,
        trial_key(setup.config.seed, setup.family, child.task).child("born", child.id),
    )


def _annecs(
    children: Sequence[Child],
    tried: Sequence[Candidate],
    population: Population,
    setup: Setup,
    key: Key,
    novel: Novelties,
) -> Mapping[int, Annecs]:
    """By child id; empty where it is not measured. PATA-EC has the retired agents' scores; else
    they are asked here.

    "The best score of all agents" is our reading of the paper, which leaves the aggregation open.
    Scores after a proposal's step do not count: only agents that exist when the task is born were
    generated before it.
    """
    retired, config = population.retired, setup.config
    if novel.in_children:
        of_retired = {
            child.id: [novel.in_children[niche.id, child.id] for niche in retired]
            for child in children
        }
    elif config.measure_annecs:
        pairs = [(niche, child) for child in children for niche in retired]
        trials = [
            trial_key(config.seed, setup.family, child.task).spent_as(key.child("annecs"))
            for _, child in pairs
        ]
        scores, *_ = evaluate(
            setup.learner, [n.agent for n, _ in pairs], [c.task for _, c in pairs], trials
        )
        of_retired = {child.id: [] for child in children}
        for (_, child), score in zip(pairs, scores, strict=True):
            of_retired[child.id].append(float(score))
    else:
        return {}
    of_active = {
        child.id: [c.score for c in tried if c.kind == "direct" and c.place.id == child.id]
        for child in children
    }
    return {
        id: Annecs(
            of_all=viable(max(scores + of_active[id]), config),
            of_retired=bool(scores) and viable(max(scores), config),
        )
        for id, scores in of_retired.items()
    }


def _noted(
    child: Child,
    best: Candidate,
    tried: Sequence[Candidate],
    annecs: Annecs | None,
    population: Population,
    setup: Setup,
) -> Population:
    """The population with this child as its youngest niche, or with the reason why not."""
    t, born = population.iteration, _fit(best, setup)
    events = tuple(candidate.event(t, accepted=born and candidate is best) for candidate in tried)
    if not born:
        refused = replace(
            child, outcome=AFTER_TRANSFER[fault(best.score, setup.config, best.before)]
        )
        return replace(population, events=(*population.events, *events, refused))
    niche = Niche(
        id=population.niches_born,
        parent=child.parent,
        born=t,
        task=child.task,
        agent=best.agent,
        novelty=child.novelty,
        viable_to_all=annecs is not None and annecs.of_all,
        viable_to_retired=annecs is not None and annecs.of_retired,
    ).improved(
        _settled(best.agent, child, setup),
        best.found,
        iteration=t,
        history=setup.config.history,
    )
    admitted = replace(child, outcome="admitted", niche=niche.id)
    return replace(
        population,
        active=(*population.active, niche),
        niches_born=population.niches_born + 1,
        events=(*population.events, *events, admitted),
    )
