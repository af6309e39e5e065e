"""`success` of every family at the end of an episode: the goal of its tasks, or always True; and
random actions do not reach the score of a solved first task.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.families import FAMILIES
from openpoet.envs.navigation import Navigation, NavigationSettings

RETURN_ALONE = {"bandits", "mdp", "two-step", "barcode", "regression"}
# Settings under which a random policy sometimes reaches the goal.
WITHIN_REACH: dict[str, dict[str, Any]] = {"cartpole": {"horizon": 12}}
ROWS = 200


def made(name: str, **changes: Any) -> Any:
    module, family, settings = FAMILIES[name]
    rooms = import_module(f"openpoet.envs.{module}")
    return getattr(rooms, family)(getattr(rooms, settings)(**changes))


def played(family: Any) -> tuple[float, torch.Tensor]:
    """Mean return of the first task's episodes under random actions, and their success."""
    rng, total = np.random.default_rng(0), torch.zeros(ROWS, dtype=torch.float64)
    simulator = family.simulator([family.origin()] * ROWS, list(range(ROWS)), "cpu")
    simulator.reset()
    over = torch.zeros(ROWS, dtype=torch.bool)
    for _ in range(family.spec.horizon):
        actions = torch.from_numpy(rng.uniform(-1, 1, (ROWS, family.spec.action_size))).float()
        _, rewards, terminated, truncated = simulator.step(actions)
        total += torch.where(over, 0.0, rewards)
        over |= terminated | truncated
    assert bool(over.all())
    return float(total.mean()), simulator.success


def ended(name: str) -> torch.Tensor:
    return played(made(name, **WITHIN_REACH.get(name, {})))[1]


@pytest.mark.parametrize("name", sorted(RETURN_ALONE))
def test_success_is_always_true_in_families_solved_by_return_alone(name: str) -> None:
    """Otherwise no return would solve a niche."""
    assert bool(ended(name).all())


# Walkers that reach the far end need a policy: tests/envs/test_batch.py.
@pytest.mark.parametrize("name", sorted(set(FAMILIES) - RETURN_ALONE - {"walker"}))
def test_success_is_true_of_some_episodes_in_the_other_families(name: str) -> None:
    success = ended(name)
    assert success.shape == (ROWS,)
    assert success.dtype == torch.bool
    assert 0 < int(success.sum()) < ROWS


KINDS: dict[str, Any] = {
    **{
        f"bandits {kind}": Bandits(BanditSettings(kind))
        for kind in ("independent", "dependent", "eleven", "restless")
    },
    **{
        f"navigation {reward}": Navigation(NavigationSettings(reward))
        for reward in ("dense", "sparse", "progress")
    },
    "navigation of 100 steps": Navigation(NavigationSettings(horizon=100)),
}


@pytest.mark.parametrize("name", [*FAMILIES, *KINDS])
def test_random_actions_do_not_reach_the_solved_score_of_a_first_task(name: str) -> None:
    family = KINDS.get(name) or made(name)
    assert played(family)[0] < family.spec.solved_score


@pytest.mark.parametrize("reward", ["dense", "sparse", "progress"])
def test_a_navigator_that_knows_the_goal_solves_the_first_task(reward: Any) -> None:
    family = Navigation(NavigationSettings(reward))
    best = family.oracle([family.origin()] * ROWS, list(range(ROWS)))
    assert float(best.mean()) >= family.spec.solved_score
