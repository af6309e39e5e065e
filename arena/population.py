"""A population of agents as one method, in three ways: the best agent of each world, which no
single agent attains and which is chosen on the very episodes that are reported (an oracle); the
agent with the best mean return on validation worlds; and the mean of all agents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scores import Scores

ORACLE, CHOSEN, MEAN = "oracle", "chosen on validation", "mean"


@dataclass(frozen=True)
class Entry:
    """Episodes in every world that stand for a method.

    agents: which agent acts in each world; empty: the mean of all. returns and solved: [worlds,
    episodes] float64; solved is a share of the agents for the mean, otherwise 0 or 1.
    """

    name: str
    agents: tuple[str, ...]
    returns: np.ndarray
    solved: np.ndarray


def oracle(scores: Scores) -> Entry:
    """In each world the agent with the highest mean return; the first one of equals."""
    best = scores.returns.mean(2).argmax(0)  # [worlds]
    worlds = np.arange(len(scores.worlds))
    return Entry(
        ORACLE,
        tuple(scores.agents[agent] for agent in best),
        scores.returns[best, worlds],
        scores.solved[best, worlds].astype(np.float64),
    )


def chosen(scores: Scores, validation: Scores) -> Entry:
    """The agent with the highest mean return over all worlds of the validation.

    ValueError if the two are not of the same agents.
    """
    if scores.agents != validation.agents:
        raise ValueError("scores and validation must be of the same agents in the same order")
    best = int(validation.returns.mean((1, 2)).argmax())
    return single(scores, best, CHOSEN)


def single(scores: Scores, agent: int, name: str) -> Entry:
    """One agent in all worlds."""
    return Entry(
        name,
        (scores.agents[agent],) * len(scores.worlds),
        scores.returns[agent],
        scores.solved[agent].astype(np.float64),
    )


def mean(scores: Scores) -> Entry:
    """The mean of all agents in each episode, on which they have common random numbers."""
    return Entry(MEAN, (), scores.returns.mean(0), scores.solved.mean(0))


def entries(scores: Scores, validation: Scores | None) -> list[Entry]:
    """What is reported of these agents: one agent as it is; several as oracle, as the one chosen
    on the validation, where there is one, and as their mean.
    """
    if len(scores.agents) == 1:
        return [single(scores, 0, scores.agents[0])]
    picked = [] if validation is None else [chosen(scores, validation)]
    return [oracle(scores), *picked, mean(scores)]
