"""Agents without their training state, as small packs hold them, and their completion.

Training state are the tensors that `adopt` resets, such as an optimiser's moments. Acting does not
depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Agent, Learner

KEPT = ("hyper/", "normaliser/")  # the only names with a `/` that `adopt` always keeps
SCHEDULE = "schedule/"  # of names that it keeps with `keep_schedule`


def stripped(learner: Learner, agent: Agent) -> Agent:
    """The agent without tensors of training state, which `completed` gives it again, fresh.

    As it is, if `adopt` would not make the same agent of it, or if it is empty, as that of a level
    of a curriculum.
    """
    if not agent:
        return agent
    adopted = learner.adopt(agent)
    for kept in (KEPT, (*KEPT, SCHEDULE)):
        small = {
            name: tensor
            for name, tensor in agent.items()
            if "/" not in name or name.startswith(kept)
        }
        if _equal(learner.adopt(small), adopted):
            return small
    return agent


def completed(learner: Learner, agent: Agent, expected: Agent) -> Agent:
    """The agent with fresh training state if it has none; any other agent as it is.

    expected: a new agent of the learner.
    """
    missing = {name for name in expected if name not in agent}
    resettable = {name for name in expected if "/" in name and not name.startswith(KEPT)}
    return learner.adopt(agent) if missing and missing <= resettable else agent


def _equal(a: Agent, b: Agent) -> bool:
    import torch

    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
