"""Domain randomisation: sampled tasks, trials that equal those of their task, and errors."""

from __future__ import annotations

import copy
import json
import pickle
from collections import namedtuple
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_episodes
from openpoet.cli.conformance.family_laws import check_description, check_encoding
from openpoet.envs.bandits import Bandits
from openpoet.envs.barcode import BarcodeBandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.grid import Grids, GridSettings
from openpoet.envs.maze import Mazes, MazeSettings
from openpoet.envs.mdp import TabularMdps
from openpoet.envs.navigation import Navigation
from openpoet.envs.parts.genome import genes
from openpoet.envs.randomised import Box, Randomised
from openpoet.envs.two_step import TwoStep
from openpoet.envs.walker.family import Walker, WalkerSettings

FAMILIES: dict[str, Any] = {
    "bandits": Bandits,
    "mdp": TabularMdps,
    "two-step": TwoStep,
    "navigation": Navigation,
    "maze": lambda: Mazes(MazeSettings(size=5, horizon=8)),
    "grid": lambda: Grids(GridSettings(size=4, horizon=8)),
    "barcode": BarcodeBandits,
    "cartpole": CartPole,
    "walker": lambda: Walker(WalkerSettings(horizon=20, length=40, threads=1)),
}


def test_redrawn_and_assigned_rows_have_the_tasks_of_a_new_simulator() -> None:
    family = Randomised(FAMILIES["walker"]())
    box, row = family.box, torch.tensor([False, True])
    simulator = family.simulator([box] * 2, [1, 2], "cpu")
    simulator.reset()

    def task(seed: int) -> Any:
        return family.simulator([box], [seed], "cpu").state(0).task

    first = simulator.state(0).task
    simulator.redraw(row, [3])
    assert simulator.state(1).task == task(3) != task(2)
    simulator.assign(row, [box], [4])
    assert simulator.state(1).task == task(4)
    assert simulator.state(0).task == first


@pytest.mark.parametrize("name", FAMILIES)
def test_randomised_families_satisfy_the_laws_of_a_family(name: str) -> None:
    family = Randomised(FAMILIES[name]())
    boxes = [family.origin()] * 3
    check_encoding(family, boxes)
    check_description(family, boxes)
    check_episodes(family, boxes, "cpu")
    assert not family.spec.deterministic


@pytest.mark.parametrize("name", FAMILIES)
def test_samples_are_different_tasks_of_the_family(name: str) -> None:
    family, rng = FAMILIES[name](), np.random.default_rng(1)
    drawn = [family.sample(rng) for _ in range(20)]
    assert [family.decode(json.loads(json.dumps(family.encode(task)))) for task in drawn] == drawn
    assert len({json.dumps(family.encode(task)) for task in drawn}) > 10


def test_genes_are_uniform_in_their_ranges_or_in_narrower_ones() -> None:
    family, rng = Navigation(), np.random.default_rng(2)
    drawn = [family.sample(rng, {"distance": (0.5, 1.0), "width": (1.0, 1.0)}) for _ in range(2000)]
    distance = np.array([task.distance for task in drawn])
    assert (distance.min() >= 0.5, distance.max() <= 1.0) == (True, True)
    np.testing.assert_allclose(np.histogram(distance, 5, (0.5, 1.0))[0] / 2000, 0.2, atol=0.04)
    assert {task.width for task in drawn} == {1.0}
    assert {task.shape for task in drawn} == {"arc"}  # choices are those of the origin
    for field in genes(drawn[0]):
        if field.name not in ("distance", "width"):
            values = [getattr(task, field.name) for task in drawn]
            low, high = field.metadata["low"], field.metadata["high"]
            assert np.mean(values) == pytest.approx((low + high) / 2, abs=0.04 * (high - low))


def test_all_episodes_of_a_trial_are_in_the_task_drawn_by_its_seed() -> None:
    family = Navigation()
    box = Randomised(family)
    batch = box.simulator([box.origin()] * 3, [5, 6, 7], "cpu")
    batch.reset()
    drawn = [batch.state(row).task for row in range(3)]
    assert len({repr(task) for task in drawn}) == 3
    own = family.simulator(drawn, [5, 6, 7], "cpu")
    own.reset()
    every = torch.ones(3, dtype=torch.bool)
    for _ in range(2):
        for _ in range(family.spec.horizon):
            actions = torch.full((3, 2), 0.3)
            assert torch.equal(batch.step(actions)[1], own.step(actions)[1])
        batch.restart(every)
        own.restart(every)
    assert batch.steps == own.steps > 0


def test_terrains_stay_within_the_settings_bounds() -> None:
    family, rng = (
        Walker(WalkerSettings(gap_max=2.0, obstacles=("pit", "stairs"))),
        np.random.default_rng(3),
    )
    drawn = [family.sample(rng).genome for _ in range(200)]
    assert all(0 <= genome.gap[0] <= genome.gap[1] <= 2 for genome in drawn)
    assert all(1 <= genome.stair_steps <= 9 and genome.stairs[1] <= 5 for genome in drawn)
    assert {(genome.stump, genome.roughness) for genome in drawn} == {(None, 0.0)}


class Slotted:
    """A spec that is not a dataclass and whose attributes cannot be set."""

    __slots__ = ("_values",)

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._values:
            raise AttributeError(name)
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


SPECS: dict[str, Any] = {
    "dataclass": type(Navigation().spec),
    "namespace": SimpleNamespace,
    "class": lambda **values: type("Sizes", (), values),
    "named tuple": lambda **values: namedtuple("Sizes", values)(**values),
    "slots": Slotted,
}


@pytest.mark.parametrize("kind", SPECS)
def test_the_spec_may_be_any_object_with_the_attributes(kind: str) -> None:
    family = Navigation()
    values = {**asdict(family.spec), "deterministic": True}
    family.spec = own = SPECS[kind](**values)
    box = Randomised(family)
    assert {name: getattr(box.spec, name) for name in values} == {**values, "deterministic": False}
    assert own.deterministic  # the spec of the family is unchanged
    assert getattr(box.spec, "unheard_of", 7) == 7
    check_episodes(box, [box.origin()] * 2, "cpu")


def test_a_randomised_family_can_be_sent_to_other_processes() -> None:
    box = pickle.loads(pickle.dumps(Randomised(Navigation())))
    assert (box.spec.deterministic, box.spec.horizon) == (False, Navigation().spec.horizon)
    assert copy.deepcopy(box).spec.action_size == 2


def test_a_family_without_sample_or_with_invalid_ranges_is_an_error() -> None:
    class Fixed:
        spec = Navigation().spec

    with pytest.raises(ValueError, match="needs a family that can draw a task"):
        Randomised(Fixed())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a CPPN has no bounds"):
        Randomised(Walker(WalkerSettings(encoding="cppn")))
    with pytest.raises(ValueError, match=r"Mazes takes no ranges"):
        Randomised(Mazes(), {"reach": [1, 2]})
    with pytest.raises(ValueError, match=r"ranges.width must be \[low, high\], got \[2, 1\]"):
        Randomised(Navigation(), {"width": [2, 1]})
    family = Randomised(Navigation(), {"width": [1, 2]})
    assert family.origin() == Box((("width", 1.0, 2.0),))
    assert family.mutate(family.origin(), np.random.default_rng(0)) == family.origin()
