"""Every learner with a name in the registry, with small settings on a small family, for tests over
all.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from openpoet.agents.learners import LEARNERS
from openpoet.envs.grid import Grids, GridSettings
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.poet.interfaces import Agent, Task
from openpoet.poet.streams import Key

_TRIALS = {"trials": 4, "minibatches": 2, "hidden": 4, "test_trials": 3, "epochs": 1}
_INNER = {"draws": 2, "trajectories": 2, "test_trials": 2, "hidden": (4,)}
SMALL: dict[str, dict[str, Any]] = {
    "es": {"population": 4, "hidden": (4,), "threads": 1},
    "ppo": {
        "hidden": (4,),
        "num_envs": 4,
        "num_steps": 8,
        "rollouts": 2,
        "epochs": 1,
        "minibatches": 2,
        "test_episodes": 3,
    },
    "rl2": _TRIALS,
    "wang": _TRIALS,
    "varibad": {**_TRIALS, "policy": (4,), "decoder": (4,)},
    "meta-gradient": _TRIALS,
    "maesn": _INNER,
    "hochreiter": {"hidden": 4, "trials": 4, "updates": 2, "test_trials": 3},
    "maml": {**_INNER, "learn_rates": True},
    "fomaml": _INNER,
    "reptile": {**_INNER, "inner_steps": 2, "test_updates": 2},
    "epg": {"population": 2, "episodes": 2, "updates": 1, "test_trials": 2, "alpha": 0.5},
    "mfec": {"capacity": 20, "test_trials": 2},
    "nec": {"capacity": 20, "test_trials": 2, "hidden": (4,), "replay": 30},
    "eplstm": _TRIALS,
    "pearl": {
        "draws": 2,
        "test_trials": 2,
        "updates": 2,
        "batch": 4,
        "capacity": 30,
        "hidden": (4,),
        "encoder": (4,),
    },
    "diayn": {
        "episodes": 4,
        "test_trials": 4,
        "updates": 2,
        "batch": 8,
        "capacity": 40,
        "hidden": (4,),
    },
}


class Made(NamedTuple):
    learner: Any
    family: Any
    task: Task


def make(name: str, family: Any = None, **settings: Any) -> Made:
    """The learner with this name. family: by default the small grid, or regression for learners
    that need labels.
    """
    module, learner, config = LEARNERS[name]
    rooms = import_module(f"openpoet.agents.{module}")
    if family is None:
        family = (
            Regression(RegressionSettings(horizon=4))
            if name == "hochreiter"
            else Grids(GridSettings(size=3, horizon=6, episodes=2))
        )
    chosen = getattr(rooms, config)(**{**SMALL[name], **settings})
    return Made(getattr(rooms, learner)(family, chosen), family, family.origin())


def with_small_sizes(name: str, family: Any) -> Made:
    """The learner with its defaults for this family, but for sizes. ValueError if it refuses it."""
    module, learner, config = LEARNERS[name]
    rooms = import_module(f"openpoet.agents.{module}")
    settings = getattr(rooms, config)
    found = settings.suggested(family.spec) if hasattr(settings, "suggested") else settings()
    sizes = dict(SMALL[name])
    if getattr(found, "heads", ()):
        sizes["heads"] = (4,)
    if getattr(found, "bptt", 0) and getattr(found, "steps", 0):  # trials are trained in parts
        sizes |= {"steps": 16, "bptt": 8, "rollouts": 2}
    return Made(getattr(rooms, learner)(family, replace(found, **sizes)), family, family.origin())


@cache
def trained(name: str) -> Agent:
    """An agent after two improvement steps."""
    learner, _, task = make(name)
    agent = learner.init(Key(1))
    for step in range(2):
        (agent,), _ = learner.improve([agent], [task], [Key(2, ("step", step))])
    return agent
