"""Laws over every learner that --learner names: exploring and adopting."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from agents.adam import acting
from agents.hyperparameters import PREFIX, Range, carried, settled
from agents.learners import LEARNERS
from poet.interfaces import Agent
from poet.streams import Key
from tests.agents.every_learner import make, trained
from tests.conformance import same_agent

EXPLORERS = [name for name in LEARNERS if hasattr(make(name).learner, "explore")]
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in EXPLORERS),
    ("rl2", {"units": 3}),
    ("meta-gradient", {"units": 3}),
    ("maml", {"outer": "trpo"}),
    ("reptile", {"outer": "adam"}),
]


def within(where: Range, value: float) -> bool:
    """Whether a value lies in its range, up to rounding."""
    value = 1 - value if where.from_one else value
    return where.low - 1e-9 <= value <= where.high + 1e-9


def at_extremes(learner: Any, agent: Agent) -> list[Agent]:
    """The agent as it is, and with all its hyperparameters at the low and at the high end of their ranges."""
    made = [agent]
    for end in ("low", "high"):
        ends = {name: getattr(where, end) for name, where in learner.ranges.items()}
        values = {name: 1 - value if learner.ranges[name].from_one else value for name, value in ends.items()}
        hypers = {f"{PREFIX}{name}": torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
        made.append({**agent, **hypers})
    return made


def test_the_learners_that_explore() -> None:
    tunable = {"rl2", "wang", "varibad", "eplstm", "meta-gradient", "maesn", "epg", "hochreiter"}
    assert set(EXPLORERS) == tunable | {"maml", "fomaml", "reptile"}


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_after_any_number_of_explorations_hyperparameters_are_valid(name: str, settings: dict[str, Any]) -> None:
    """For population-based training: the settings accept every value, and it lies in its range."""
    learner = make(name, **settings).learner
    for agent in at_extremes(learner, learner.init(Key(3))):
        for i in range(200):
            agent = learner.explore(agent, Key(4, ("explore", i)))
            config = settled(learner.config, agent)  # ValueError if the settings refuse a value
            for hyper, where in learner.ranges.items():
                value = float(getattr(config, hyper))
                assert within(where, value), f"{hyper} = {value}"


@pytest.mark.parametrize("name", LEARNERS)
def test_adopting_keeps_what_an_agent_acts_by_and_begins_the_rest_anew(name: str) -> None:
    """The result depends on parameters and hyperparameters alone, and optimisers and schedules are at zero."""
    learner, agent = make(name).learner, trained(name)
    if hasattr(learner, "explore"):
        agent = learner.explore(agent, Key(5))
    adopted = learner.adopt(agent)
    assert same_agent(adopted, learner.adopt(adopted))
    if name == "es":  # its optimiser's names have a dot
        assert same_agent(adopted, learner.searcher.init(agent["theta"]))
        return
    kept = {key: value for key, value in agent.items() if "/" not in key or key.startswith(PREFIX)}
    assert same_agent(adopted, learner.adopt(kept))
    assert same_agent(carried(adopted), carried(agent))
    moving = [part for part in acting(agent) if not part.startswith("latent_")]  # a latent belongs to its draw
    assert all(torch.equal(adopted[part], agent[part]) for part in moving)
    state = [part for part in adopted if part.split("/")[0] in ("adam", "schedule", "replay", "meta", "towards")]
    assert all(bool((adopted[part] == 0).all()) for part in state)
    assert not state or any(bool((agent[part] != 0).any()) for part in state)  # it had learned
