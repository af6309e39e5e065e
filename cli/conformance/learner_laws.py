"""The laws of a learner, as checks: arguments, results and randomness of its methods."""

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

    AssertionError, with the law, the expected and the actual value, at the first that is violated.
    """
    check_all(learner_laws(learner, family, tasks=tasks))


def learner_laws(learner: Learner, family: TaskFamily, *, tasks: int = 3) -> list[Law]:
    """The laws in the order in which they are checked."""
    pairs = Pairs(learner, family, tasks)
    return [
        Law("interface: all methods", lambda: check_learner_interface(learner), needed=True),
        Law("init: depends on its key alone", pairs.check_init),
        Law("improve: agents of the same form, by its keys alone", pairs.check_improve),
        Law("improve: a batch equals its pairs one by one", pairs.check_improve_one_by_one),
        Law(
            "evaluate: finite scores by its keys alone; a batch equals its pairs one by one",
            lambda: check_evaluation(learner, pairs.learned, pairs.tasks, pairs.keys),
        ),
        Law(
            "adopt: a new optimiser state; the same hyperparameters",
            lambda: check_adoption(learner, pairs.learned, pairs.initial[0]),
        ),
        Law("adopt: the same scores", pairs.check_adopted_scores),
        Law(
            "explore: other hyperparameters, by its key alone",
            lambda: check_exploration(learner, pairs.learned),
        ),
    ]


class Pairs:
    """Pairs of an agent and a task of a lineage, each with a key, created at the first use."""

    def __init__(self, learner: Learner, family: TaskFamily, count: int) -> None:
        self.learner, self.family = learner, family
        self.keys = [KEY.child("pair", i) for i in range(count)]

    @cached_property
    def tasks(self) -> list[Task]:
        return lineage(self.family, len(self.keys))

    @cached_property
    def initial(self) -> list[Agent]:
        return [self.learner.init(key) for key in self.keys]

    @cached_property
    def improved(self) -> tuple[list[Agent], Any]:
        """Agents after an improvement step, and their environment steps."""
        return self.learner.improve(self.initial, self.tasks, self.keys)

    @property
    def learned(self) -> list[Agent]:
        return self.improved[0]

    def check_init(self) -> None:
        initial = self.initial
        check_agent(initial[0], "init")
        assert same_agent(initial[0], self.learner.init(self.keys[0])), (
            "init must return the same agent for the same key"
        )
        assert not same_agent(initial[0], initial[1]), (
            "init must return different agents for different keys"
        )

    def check_improve(self) -> None:
        initial, n = self.initial, len(self.keys)
        before = [copy.deepcopy(dict(agent)) for agent in initial]
        learned, steps = self.improved
        assert len(learned) == n, (
            f"improve must return {n} agents for {n} pairs, got {len(learned)}"
        )
        assert all(map(same_agent, initial, before)), (
            "improve must not change the agents it is given"
        )
        _check_steps(steps, n, "improve")
        for agent in learned:
            check_agent(agent, "improve")
            _check_tensors(agent, initial[0], "improve")
        again, again_steps = self.learner.improve(initial, self.tasks, self.keys)
        same = all(map(same_agent, learned, again)) and np.array_equal(steps, again_steps)
        assert same, "improve must return the same agents and steps for the same keys"

    def check_improve_one_by_one(self) -> None:
        learned, steps = self.improved
        for i in reversed(range(len(self.keys))):
            (alone,), alone_steps = self.learner.improve(
                [self.initial[i]], [self.tasks[i]], [self.keys[i]]
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
            f"adopt must not change an agent's scores, they were {one}, are {two}"
        )
        self.learner.improve(adopted, self.tasks, self.keys)


def check_adoption(learner: Learner, agents: Sequence[Agent], initial: Agent) -> None:
    kept = [copy.deepcopy(dict(agent)) for agent in agents]
    for agent in agents:
        adopted = learner.adopt(agent)
        check_agent(adopted, "adopt")
        _check_tensors(adopted, initial, "adopt")
        assert same_agent(adopted, learner.adopt(adopted)), (
            "adopt must return a new optimiser state: adopting twice must equal adopting once"
        )
        for name in agent:
            moved = not name.startswith("hyper/") or (
                name in adopted and torch.equal(adopted[name], agent[name])
            )
            assert moved, f"adopt must keep an agent's hyperparameters, {name!r} has changed"
    assert all(map(same_agent, agents, kept)), "adopt must not change the agents it is given"


def check_evaluation(
    learner: Learner, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
) -> None:
    kept = [copy.deepcopy(dict(agent)) for agent in agents]
    parts = [np.asarray(part) for part in learner.evaluate(agents, tasks, keys)]
    assert len(parts) in (3, 4), (
        f"evaluate must return three arrays, or four with scores before, got {len(parts)}"
    )
    scores, solved, steps = parts[:3]
    n = len(agents)
    assert all(map(same_agent, agents, kept)), "evaluate must not change the agents"
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
            f"evaluate must return the same for the same keys, got {part} and {again}"
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
    """Check the optional `explore`: it changes hyperparameters, depending only on the
    key, and nothing else.
    """
    if not hasattr(learner, "explore"):
        return NOT_OFFERED
    kept = [{name: tensor.clone() for name, tensor in agent.items()} for agent in agents]
    for i, agent in enumerate(agents):
        one, two = (learner.explore(agent, KEY.child("explore", i)) for _ in range(2))
        assert same_agent(one, two), "explore must return the same agent for the same key"
        changed = sorted(set(_forms(one).items()) ^ set(_forms(agent).items()))
        assert not changed, (
            f"explore may add `hyper/...` and change numbers, no other name or shape: {changed}"
        )
        adopted = learner.adopt(one)
        lost = [name for name in one if name.startswith("hyper/") and name not in adopted]
        assert not lost, f"adopt must keep an agent's hyperparameters, {lost} are lost"
    assert all(map(same_agent, agents, kept)), "explore must not change the agents it is given"
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


def _check_tensors(agent: Agent, initial: Agent, method: str) -> None:
    """Required for the check of agents when a run is opened (poet/agent_tensors.py)."""
    one, other = _forms(agent), _forms(initial)
    assert one == other, (
        f"{method} must return tensors of the names, shapes and dtypes of init, got {one}, not "
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
