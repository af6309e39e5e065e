"""Agents that are not of a run: policies of Stable-Baselines3, and Python functions."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..sessions import Machine
from .contestants import Contestants, Entered
from .stateless import Stateless
from .suites import family_of

if TYPE_CHECKING:
    from openpoet.arena.suites.suite import Suite
    from openpoet.poet.interfaces import Spec
    from openpoet.poet.streams import Key

# observations [n, o] float32 -> actions [n, a]
Function = Callable[[np.ndarray], np.ndarray]


class FunctionPolicy(Stateless):
    """A Python function as an agent. ValueError if it returns other than finite actions [n, a]."""

    def __init__(self, function: Function, name: str, actions: int) -> None:
        self._function, self._name, self._actions = function, name, actions

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        actions = np.asarray(self._function(observations.cpu().numpy()))
        expected = (len(observations), self._actions)
        if actions.shape != expected or actions.dtype.kind not in "fiu":
            raise ValueError(
                f"{self._name} must return numbers [{expected[0]}, {expected[1]}], got "
                f"{actions.dtype} {list(actions.shape)}"
            )
        if not np.isfinite(actions).all():
            raise ValueError(f"{self._name} returned an action that is NaN or infinite")
        return torch.from_numpy(actions.astype(np.float32))


def of_function(name: str, machine: Machine) -> Contestants:
    """The function of MODULE:FUNCTION or FILE.py:FUNCTION, which is executed."""
    place, _, called = name.rpartition(":")
    function, digest = _function(place, called)

    def enter(suite: Suite) -> Entered:
        from openpoet.arena.evaluation import Player

        family = family_of(suite, machine.workers)
        policy = FunctionPolicy(function, name, family.spec.action_size)
        return Entered(family, lambda greedy: [Player(called, lambda n, batch: policy)])

    return Contestants(name, None, {called: digest}, False, enter)


def _function(place: str, called: str) -> tuple[Function, str]:
    """The function, and the SHA-256 of its file."""
    from ..plugins import load_file
    from ..trust import sha256

    if place.endswith(".py"):
        module, file = load_file(Path(place), "the function's file"), place
    else:
        try:
            module = importlib.import_module(place)
        except ImportError as error:
            raise ValueError(f"cannot import {place}: {error}") from None
        file = module.__file__ or ""
    function: Any = getattr(module, called, None)
    if not callable(function):
        raise ValueError(
            f"{place} has no function {called!r}: expected MODULE:FUNCTION or FILE.py:FUNCTION"
        )
    digest = sha256(Path(file), "the function's file")
    return function, hashlib.sha256(f"{digest}:{called}".encode()).hexdigest()


def of_sb3(path: Path, machine: Machine) -> Contestants:
    """The policy of a Stable-Baselines3 zip."""
    from openpoet.archive.store.printable import printable

    from .sb3 import read

    policy, digest = read(path)
    name = printable(path.stem)[:60]

    def enter(suite: Suite) -> Entered:
        from openpoet.arena.evaluation import Player
        from openpoet.poet.streams import Key

        from .sb3 import Sb3Policy

        family = family_of(suite, machine.workers)
        _check_sizes(policy.sizes, family.spec, path)
        key = Key(suite.seeds[0], ("evaluate",))

        def start(n: int, batch: int) -> Sb3Policy:
            noise: Key = key.child("batch", batch, "actions")
            return Sb3Policy(policy, n, noise.generator())

        return Entered(family, lambda greedy: [Player(name, start)])

    return Contestants(name, None, {name: digest}, True, enter)


def _check_sizes(sizes: tuple[int, int], spec: Spec, path: Path) -> None:
    if sizes != (spec.observation_size, spec.action_size):
        raise ValueError(
            f"{path} has observations and actions of sizes {sizes[0]} and {sizes[1]}, the suite's "
            f"family {spec.observation_size} and {spec.action_size}"
        )
