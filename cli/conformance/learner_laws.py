"""The laws of a learner, as checks: its methods do not modify arguments, have valid outputs, and
depend on nothing but their arguments.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from openpoet.poet.interfaces import Agent, Learner, Task, TaskFamily
from openpoet.poet.streams import Key

from .interface import KEY, check_learner_interface, lineage
from .laws import NOT_OFFERED, Law, check_all


def check_learner(learner: Learner, family: TaskFamily, *, tasks: int = 3) -> None:
    """All laws of `Learner`, on agents after one optimisation step in a lineage of `tasks` tasks.

    AssertionError at the first law that fails, with the expected and the actual value.
    """
    check_all(learner_laws(learner, family, tasks=tasks))


def learner_laws(learner: Learner, family: TaskFamily, *, tasks: int = 3) -> list[Law]:
    """The laws in the order in which they are checked."""
    pairs = Pairs(learner, family, tasks)
    return [
        Law("interface: all methods", lambda: check_learner_interface(learner), needed=True),
        Law("init: an agent by its key alone", pairs.check_init),
        Law("improve: new agents of the same form, by its keys alone", pairs.check_improve),
        Law("improve: a batch equals its pairs one by one", pairs.check_improve_one_by_one),
        Law(
            "evaluate: finite scores by its keys alone; a batch equals its pairs one by one",
            lambda: check_evaluation(learner, pairs.learned, pairs.tasks, pairs.keys),
        ),
        Law(
            "adopt: a fresh optimiser; hyperparameters stay",
            lambda: check_adoption(learner, pairs.learned, pairs.newborn[0]),
        ),
        Law("adopt: the scores stay", pairs.check_adopted_scores),
        Law(
            "explore: other hyperparameters, by its key alone",
            lambda: check_exploration(learner, pairs.learned),
        ),
    ]


class Pairs:
    """Pairs of an agent and a task of a lineage, each with a key; created when first needed."""

    def __init__(self, learner: Learner, family: TaskFamily, count: int) -> None:
        self.learner, self.family = learner, family
        self.keys = [KEY.child("pair", i) for i in range(count)]

    @cached_property
    def tasks(self) -> list[Task]:
        return lineage(self.family, len(self.keys))

    @cached_property
    def newborn(self) -> list[Agent]:
        return [self.learner.init(key) for key in self.keys]

    @cached_property
    def improved(self) -> tuple[list[Agent], Any]:
        """Agents after a step, and environment steps."""
        return self.learner.improve(self.newborn, self.tasks, self.keys)

    @property
    def learned(self) -> list[Agent]:
        return self.improved[0]

    def check_init(self) -> None:
        newborn = self.newborn
        check_agent(newborn[0], "init")
        assert same_agent(newborn[0], self.learner.init(self.keys[0])), (
            "init must give the same agent for the same key"
        )
        assert not same_agent(newborn[0], newborn[1]), (
            "init must give different agents for different keys"
        )

    def check_improve(self) -> None:
        newborn, n = self.newborn, len(self.keys)
        before = [copy.deepcopy(dict(agent)) for agent in newborn]
        learned, steps = self.improved
        assert len(learned) == n, f"improve must give {n} agents for {n} pairs, got {len(learned)}"
        assert all(map(same_agent, newborn, before)), (
            "improve must leave the agents it is given as they are"
        )
        _check_steps(steps, n, "improve")
        for agent in learned:
            check_agent(agent, "improve")
            _check_tensors(agent, newborn[0], "improve")
        again, again_steps = self.learner.improve(newborn, self.tasks, self.keys)
        same = all(map(same_agent, learned, again)) and np.array_equal(steps, again_steps)
        assert same, "improve must give the same agents and steps for the same keys"

    def check_improve_one_by_one(self) -> None:
        learned, steps = self.improved
        for i in reversed(range(len(self.keys))):
            (alone,), alone_steps = self.learner.improve(
                [self.newborn[i]], [self.tasks[i]], [self.keys[i]]
            )
            same = same_agent(alone, learned[i]) and alone_steps[0] == steps[i]
            assert same, f"improve: batch must equal one by one, it does not for pair {i}"

    def check_adopted_scores(self) -> None:
        adopted = [self.learner.adopt(agent) for agent in self.learned]
        one, two = (
            self.learner.evaluate(agents, self.tasks, self.keys)[0]
            for agents in (self.learned, adopted)
        )
        assert np.array_equal(one, two), (
            f"adopt must keep what the agent does, scores were {one}, are {two}"
        )
        self.learner.improve(adopted, self.tasks, self.keys)


def check_adoption(learner: Learner, agents: Sequence[Agent], newborn: Agent) -> None:
    kept = [copy.deepcopy(dict(agent)) for agent in agents]
    for agent in agents:
        adopted = learner.adopt(agent)
        check_agent(adopted, "adopt")
        _check_tensors(adopted, newborn, "adopt")
        assert same_agent(adopted, learner.adopt(adopted)), (
            "adopt must give a fresh optimiser: twice is as once"
        )
        for name in agent:
            moved = not name.startswith("hyper/") or (
                name in adopted and torch.equal(adopted[name], agent[name])
            )
            assert moved, f"adopt must keep an agent's hyperparameters, {name!r} is not as it was"
    assert all(map(same_agent, agents, kept)), "adopt must leave the agents it is given as they are"


def check_evaluation(
    learner: Learner, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
) -> None:
    kept = [copy.deepcopy(dict(agent)) for agent in agents]
    parts = [np.asarray(part) for part in learner.evaluate(agents, tasks, keys)]
    assert len(parts) in (3, 4), (
        f"evaluate must give three arrays, or four with scores before, got {len(parts)}"
    )
    scores, solved, steps = parts[:3]
    n = len(agents)
    assert all(map(same_agent, agents, kept)), "evaluate must leave the agents as they are"
    shaped = scores.shape == (n,) and scores.dtype == np.float64
    assert shaped, f"scores must be float64 [pairs], got {scores!r}"
    assert np.isfinite(scores).all(), f"scores must be finite, got {scores}"
    shaped = solved.shape == (n,) and solved.dtype == bool
    assert shaped, f"solved must be bool [pairs], got {solved!r}"
    _check_steps(steps, n, "evaluate")
    for before in parts[3:]:
        shaped = (
            before.shape == (n,) and before.dtype == np.float64 and bool(np.isfinite(before).all())
        )
        assert shaped, f"scores before adaptation must be finite float64 [pairs], got {before!r}"
    for part, again in zip(parts, learner.evaluate(agents, tasks, keys), strict=True):
        assert np.array_equal(part, again), (
            f"evaluate must give the same for the same keys, got {part} and {again}"
        )
    for i in reversed(range(n)):
        alone = learner.evaluate([agents[i]], [tasks[i]], [keys[i]])
        same = all(part[i] == single[0] for part, single in zip(parts, alone, strict=True))
        assert same, f"evaluate: batch must equal one by one, it does not for pair {i}"
    twins = learner.evaluate([agents[0]] * 2, [tasks[0]] * 2, [keys[0]] * 2)[0]
    assert twins[0] == twins[1], (
        f"equal agents, tasks and keys in one batch must score the same, got {twins}"
    )


def check_exploration(learner: Any, agents: Sequence[Agent]) -> str | None:
    """`explore`, if the learner has it: hyperparameters change and depend on the key alone."""
    if not hasattr(learner, "explore"):
        return NOT_OFFERED
    kept = [{name: tensor.clone() for name, tensor in agent.items()} for agent in agents]
    for i, agent in enumerate(agents):
        one, two = (learner.explore(agent, KEY.child("explore", i)) for _ in range(2))
        assert same_agent(one, two), "explore must give the same agent for the same key"
        changed = sorted(set(_forms(one).items()) ^ set(_forms(agent).items()))
        assert not changed, (
            f"explore may add `hyper/...` and change numbers, no other name or shape: {changed}"
        )
        adopted = learner.adopt(one)
        lost = [name for name in one if name.startswith("hyper/") and name not in adopted]
        assert not lost, f"adopt must keep an agent's hyperparameters, {lost} are lost"
    assert all(map(same_agent, agents, kept)), (
        "explore must leave the agents it is given as they are"
    )
    return None


def _forms(agent: Agent) -> dict[str, str]:
    """Shape and dtype of each tensor that is not a hyperparameter."""
    return {
        name: f"{list(tensor.shape)} {tensor.dtype}"
        for name, tensor in agent.items()
        if not name.startswith("hyper/")
    }


def check_agent(agent: Agent, method: str) -> None:
    assert agent, f"{method}: an agent must hold at least one tensor"
    for name, tensor in agent.items():
        assert isinstance(name, str), (
            f"{method}: names of an agent's tensors must be strings, got {name!r}"
        )
        assert isinstance(tensor, torch.Tensor), (
            f"{method}: an agent must hold tensors, got {type(tensor)} in {name!r}"
        )
        assert not tensor.requires_grad, (
            f"{method}: an agent's tensors must be detached, {name!r} is not"
        )
        finite = not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
        assert finite, f"{method}: an agent must be finite, got NaN or infinity in {name!r}"


def _check_tensors(agent: Agent, newborn: Agent, method: str) -> None:
    """Opening a run relies on this to check its agents (poet/agent_tensors.py)."""
    one, other = _forms(agent), _forms(newborn)
    assert one == other, (
        f"{method} must give tensors of the names, shapes and dtypes of init, got {one}, not "
        f"{other}"
    )


def same_agent(one: Agent, other: Agent) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


def _check_steps(steps: Any, n: int, method: str) -> None:
    steps = np.asarray(steps)
    shaped = (
        steps.shape == (n,) and np.issubdtype(steps.dtype, np.integer) and bool((steps > 0).all())
    )
    assert shaped, f"{method}: steps must be whole numbers above 0 [pairs], got {steps!r}"
