"""The conformance suite reports each law that a learner violates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from fakes import FakeFamily, FakeLearner

from openpoet.cli.conformance import check_learner
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key


class SharedDraws(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]  # as loose as a plug-in may be
        return super().improve(agents, tasks, [keys[0].child(i) for i in range(len(keys))])


class InPlace(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        for agent in agents:
            agent["velocity"] += 0.1
        return improved, steps


class AdoptForgets(FakeLearner):
    def adopt(self, agent):  # type: ignore[no-untyped-def]
        return {"velocity": torch.zeros(2, dtype=torch.float64), "steps": torch.zeros(1)}


class NotANumber(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores * np.nan, solved, steps


class OneTensorMore(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return [{**agent, "seen": torch.zeros(1)} for agent in improved], steps


class Short(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return improved[:-1], steps


class NoSteps(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return improved, steps * 0


class RandomInit(FakeLearner):
    def init(self, key: Key):  # type: ignore[no-untyped-def]
        return super().init(Key(int(np.random.default_rng().integers(2**60))))


class Attached(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return [
            {**agent, "velocity": agent["velocity"].requires_grad_()} for agent in improved
        ], steps


class Infinite(FakeLearner):
    def improve(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        improved, steps = super().improve(agents, tasks, keys)
        return [{**agent, "steps": agent["steps"] * np.inf} for agent in improved], steps


class Two(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        return super().evaluate(agents, tasks, keys)[:2]


class Narrow(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores.astype(np.float32), solved, steps


class Marks(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores, solved.astype(float), steps


class Before(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        return (*super().evaluate(agents, tasks, keys), np.full(len(agents), np.nan))


class OwnRandomness(FakeLearner):
    """Scores have noise that does not come from the key."""

    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores + np.random.default_rng().normal(size=len(scores)), solved, steps


class ScoresByPlace(FakeLearner):
    def evaluate(self, agents, tasks, keys):  # type: ignore[no-untyped-def]
        scores, solved, steps = super().evaluate(agents, tasks, keys)
        return scores + np.arange(len(scores)), solved, steps


class Growing(FakeLearner):
    def adopt(self, agent):  # type: ignore[no-untyped-def]
        return {**agent, "steps": agent["steps"] + 1}


class AdoptsInPlace(FakeLearner):
    def adopt(self, agent):  # type: ignore[no-untyped-def]
        agent["steps"].zero_()
        return {**agent}


class Constant(FakeLearner):
    def init(self, key: Key):  # type: ignore[no-untyped-def]
        return super().init(Key(0))


@pytest.mark.parametrize(
    ("make", "law"),
    [
        (SharedDraws, "improve: batch must equal one by one"),
        (InPlace, "improve must not change the agents"),
        (AdoptForgets, "adopt must not change an agent's scores"),
        (NotANumber, "scores must be finite"),
        (Constant, "init must return different agents"),
        (RandomInit, "init must return the same agent for the same key"),
        (OneTensorMore, "improve must return tensors of the names, shapes and dtypes of init"),
        (Short, "improve must return 3 agents for 3 pairs, got 2"),
        (NoSteps, "improve: steps must be whole numbers above 0"),
        (Attached, "an agent's tensors must be detached"),
        (Infinite, "an agent must be finite"),
        (Two, "evaluate must return three arrays"),
        (Narrow, "scores must be float64 [pairs]"),
        (Marks, "solved must be bool [pairs]"),
        (Before, "scores before adaptation must be finite"),
        (OwnRandomness, "evaluate must return the same for the same keys"),
        (ScoresByPlace, "evaluate: batch must equal one by one"),
        (Growing, "adopt must return a new optimiser state"),
        (AdoptsInPlace, "adopt must not change the agents it is given"),
    ],
)
def test_a_violated_law_of_learners_is_reported(make: type[FakeLearner], law: str) -> None:
    family = FakeFamily()
    with pytest.raises(AssertionError, match=re.escape(law)):
        check_learner(make(family), family)


class Explorer(FakeLearner):
    def improve(self, agents: Any, tasks: Any, keys: Any) -> Any:
        improved, steps = super().improve(agents, tasks, keys)
        return [{**agent, **new} for agent, new in zip(agents, improved, strict=True)], steps

    def adopt(self, agent: Agent) -> Agent:
        return {**agent, **super().adopt(agent)}

    def explore(self, agent: Agent, key: Key) -> Agent:
        return {**agent, "hyper/rate": torch.tensor(key.generator().uniform())}


class ExploresAtRandom(Explorer):
    def explore(self, agent: Agent, key: Key) -> Agent:
        return super().explore(agent, Key(int(np.random.default_rng().integers(2**60))))


class ExploresInPlace(Explorer):
    def explore(self, agent: Agent, key: Key) -> Agent:
        agent["velocity"].numpy()[:] = 0.0
        return super().explore(agent, key)


class ExploresShapes(Explorer):
    def explore(self, agent: Agent, key: Key) -> Agent:
        return {**super().explore(agent, key), "steps": torch.zeros(2)}


class ForgetsHyperparameters(Explorer):
    def adopt(self, agent: Agent) -> Agent:
        return FakeLearner.adopt(self, agent)


def test_laws_of_explore() -> None:
    family = FakeFamily()
    check_learner(Explorer(family), family)
    for cls, law in (
        (ExploresAtRandom, "explore must return the same agent for the same key"),
        (ExploresInPlace, "explore must not change the agents it is given"),
        (ExploresShapes, "explore may add `hyper/...` and change numbers"),
        (ForgetsHyperparameters, "adopt must keep an agent's hyperparameters"),
    ):
        with pytest.raises(AssertionError, match=re.escape(law)):
            check_learner(cls(family), family)
