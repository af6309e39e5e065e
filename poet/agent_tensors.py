"""A check that agents from files have the names, shapes and dtypes of a learner's tensors.

A file may have been written under other settings or by a stranger. Compiled code does not check
sizes, so a mismatch must be found before an agent is used.
"""

from __future__ import annotations

from collections.abc import Iterable

from .config import Setup
from .interfaces import Agent, Learner
from .niche import Niche
from .streams import Key

HYPER = "hyper/"  # hyperparameters: an agent may carry more of them than a new one has


def made_by(learner: Learner) -> Agent:
    """A new agent, whose tensors have the names, shapes and dtypes of all agents of the learner."""
    return learner.init(Key(0, ("shapes",)))


def check_agents(niches: Iterable[Niche], setup: Setup) -> None:
    """ValueError, with niche and tensor, unless every agent has the tensors of the learner.

    The levels of a curriculum have no agents.
    """
    expected = made_by(setup.learner)
    advice = "restore the settings with which the run was made"
    for niche in niches:
        if niche.agent:
            check_tensors(niche.agent, expected, f"niche {niche.id}", advice)
            check_hyperparameters(niche.agent, setup.learner, f"niche {niche.id}", advice)


def check_tensors(agent: Agent, expected: Agent, source: str, advice: str) -> None:
    """ValueError, one line, unless `agent` has the tensors of `expected`.

    It may have further scalars under `hyper/`. source: what the agent belongs to, such as
    "niche 3"; advice: what to do about a mismatch.
    """
    for name in sorted({*agent, *expected}):
        mine = _kind(expected, name)
        its = _kind(agent, name)
        more = mine is None and name.startswith(HYPER) and agent[name].numel() == 1
        if mine != its and not more:
            raise ValueError(
                f"the agent of {source} is not one of this learner with these settings: its tensor "
                f"{name[:80]!a} is {its or 'missing'}, expected {mine or 'nothing'}; {advice}"
            )


def check_hyperparameters(agent: Agent, learner: Learner, source: str, advice: str) -> None:
    """ValueError, one line, unless the agent carries hyperparameters of the learner only.

    A learner whose agents carry some has the method `check_foreign`.
    """
    try:
        getattr(learner, "check_foreign", lambda agent: None)(agent)
    except ValueError as error:
        raise ValueError(f"the agent of {source}: {error}; {advice}") from error


def _kind(agent: Agent, name: str) -> str | None:
    """Dtype and shape of a tensor as text; None if there is none of that name."""
    return (
        f"{agent[name].dtype} {list(agent[name].shape)}".removeprefix("torch.")
        if name in agent
        else None
    )
