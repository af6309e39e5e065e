"""`success` of every family at the end of an episode: the goal of its tasks, or always True."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.envs.families import FAMILIES

RETURN_ALONE = {"bandits", "mdp", "two-step", "barcode", "regression"}
# Settings under which a random policy sometimes reaches the goal.
WITHIN_REACH: dict[str, dict[str, Any]] = {"cartpole": {"horizon": 12}}
ROWS = 200


def made(name: str) -> Any:
    module, family, settings = FAMILIES[name]
    rooms = import_module(f"openpoet.envs.{module}")
    return getattr(rooms, family)(getattr(rooms, settings)(**WITHIN_REACH.get(name, {})))


def ended(name: str) -> torch.Tensor:
    """Success of rows under random actions, after all have ended."""
    family, rng = made(name), np.random.default_rng(0)
    simulator = family.simulator([family.origin()] * ROWS, list(range(ROWS)), "cpu")
    simulator.reset()
    for _ in range(family.spec.horizon):
        actions = torch.from_numpy(rng.uniform(-1, 1, (ROWS, family.spec.action_size))).float()
        _, _, terminated, truncated = simulator.step(actions)
    assert bool((terminated | truncated).all())
    return simulator.success


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
