"""Population-based training over niches: poor agents give way to good ones, whose hyperparameters
are then perturbed.

Jaderberg et al. 2017, "Population Based Training of Neural Networks" (arXiv 1711.09846): exploit by
truncation selection, then explore. Weights and hyperparameters move together, so a run finds a
schedule and not only a setting.
Differs: niches may have different tasks, and a score says nothing of another task. So all agents
are tried in every task, each task under one stream, and a niche's agent is ranked among all in that
niche's own task. Where all niches have the same task (`--tasks fixed`), this is the paper's rule.
The optimiser begins anew, as after a transfer. An agent
explores at the birth of its niche too: where hyperparameters do not differ there is nothing to
select.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from .config import Setup
from .evaluation import adopt, canonical, evaluate, score_key
from .interfaces import Agent, Explorer
from .niche import Niche, Population, Transfer
from .streams import Key
from .unchanged import unchanged


def exploit(population: Population, setup: Setup, key: Key) -> Population:
    """Niches whose agents are among the worst in their own task take over one of the best there,
    which explores.
    """
    niches, config = population.active, setup.config
    few = max(1, int(config.pbt_share * len(niches)))
    standings = _standings(population, setup, key.child("exploit"))
    # by place: whose agent, its score, the score it displaces
    chosen: dict[int, tuple[Niche, float, float]] = {}
    for place, niche in enumerate(niches):
        scores, order = standings[canonical(setup.family, niche.task)]
        if place in order[:few]:
            best = key.child("exploit", "source", niche.id).generator().choice(order[-few:])
            chosen[place] = niches[best], float(scores[best]), float(scores[place])
    return _taken(population, chosen, setup, key)


def explored(setup: Setup, agent: Agent, key: Key) -> Agent:
    """The agent with hyperparameters near its own; Setup has seen to it that the learner knows
    how.
    """
    with unchanged([agent], "learner.explore"):
        return cast(Explorer, setup.learner).explore(agent, key.child("explore"))


def _standings(
    population: Population, setup: Setup, key: Key
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each different task: the scores of all active agents on common random numbers, and their
    order, worst first.

    Both [niches]; equals are ranked by lot.
    """
    homes = {canonical(setup.family, niche.task): niche for niche in reversed(population.active)}
    pairs = [(niche, home) for home in homes.values() for niche in population.active]
    found = evaluate(
        setup.learner,
        [niche.agent for niche, _ in pairs],
        [home.task for _, home in pairs],
        [key.child(home.id) for _, home in pairs],
    )
    table = found.scores.reshape(len(homes), -1)
    lots = [key.child("lot", home.id).generator().random(table.shape[1]) for home in homes.values()]
    return {
        task: (scores, np.lexsort((lot, scores)))
        for task, scores, lot in zip(homes, table, lots, strict=True)
    }


def _taken(
    population: Population, chosen: dict[int, tuple[Niche, float, float]], setup: Setup, key: Key
) -> Population:
    """The agents put in their places, explored, and scored there as the niche's own agent was."""
    niches, events, t = list(population.active), [], population.iteration
    agents = [
        explored(setup, adopt(setup.learner, source.agent), key.child("exploit", niches[place].id))
        for place, (source, _, _) in chosen.items()
    ]
    homes = [niches[place] for place in chosen]
    trials, spent = [score_key(key, home) for home in homes], key.child("exploit", "explored")
    found = evaluate(
        setup.learner,
        agents,
        [home.task for home in homes],
        [trial.spent_as(spent) for trial in trials],
    )
    scores = found.each(trials)
    for i, (place, (source, score, bar)) in enumerate(chosen.items()):
        niches[place] = niches[place].taken_over(agents[i], scores[i], iteration=t)
        steps = int(found.steps[i])
        events.append(
            Transfer(t, "exploit", source.id, niches[place].id, False, score, bar, True, steps)
        )
    return population.with_active(tuple(niches), tuple(events))
