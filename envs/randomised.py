"""Domain randomisation: a single task whose every trial draws a task of another family from a box.

Sadeghi & Levine 2016 (arXiv 1611.04201), Tobin et al. 2017 (arXiv 1703.06907), Peng et al. 2017
(arXiv 1710.06537). The box does not mutate. A trial draws a task uniformly from the box and then
that task's own random parameters. A policy without memory learns to be robust; a policy with memory
can identify the task within the trial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from .parts.draws import seeds_by_row
from .parts.encoding import from_json, to_json

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator, Task, TaskFamily

LARGEST = 1e9  # absolute value of a range's ends, far beyond those of any gene
# an inner simulator's method: rows [n] bool, tasks, seeds -> observations
Assign = Callable[[Any, Any, Any], torch.Tensor]
Ranges = Mapping[str, Sequence[float]]  # gene -> [low, high]


@dataclass(frozen=True)
class Box:
    """All tasks of a family, or those with some genes in narrower ranges."""

    ranges: tuple[tuple[str, float, float], ...] = ()  # sorted by gene


class Drawn(NamedTuple):
    """A row's state for pictures: the task that its trial drew, and the state in that task."""

    task: Any
    state: Any


class Randomised:
    """Task family (poet.interfaces) that randomises another.

    family: a family with the method `sample`. ranges: [low, high] of genes with narrower ranges
    than the family's own.
    """

    def __init__(self, family: TaskFamily, ranges: Ranges | None = None) -> None:
        if not hasattr(family, "sample"):
            raise ValueError(
                "domain randomisation needs a family that can draw a task, with a method `sample`; "
                f"{type(family).__name__} has none"
            )
        if ranges and "ranges" not in signature(family.sample).parameters:
            raise ValueError(
                f"{type(family).__name__} takes no ranges: its own settings bound its tasks"
            )
        self.family = family
        self.box = Box(tuple((name, *_ends(name, ranges[name])) for name in sorted(ranges or {})))  # type: ignore[index]  # not None if it has names
        self.spec: Any = _Undetermined(family.spec)
        self._sample(self.box, np.random.default_rng(0))  # raises now if the family cannot sample

    def origin(self) -> Box:
        return self.box

    def mutate(self, task: Box, rng: np.random.Generator) -> Box:
        """The box itself: it has no neighbours, and reproduction rejects it as a duplicate."""
        return task

    def describe(self, task: Box) -> np.ndarray:
        return np.array([end for _, low, high in task.ranges for end in (low, high)])

    def encode(self, task: Box) -> dict[str, Any]:
        ranges = {name: [low, high] for name, low, high in task.ranges}
        return to_json("randomised", self._realising(), {"ranges": ranges})

    def decode(self, data: Mapping[str, Any]) -> Box:
        found = from_json("randomised", data, ("ranges",))
        if not isinstance(found["ranges"], Mapping):
            raise ValueError(
                f"a randomised task has a table of ranges, got {repr(found['ranges'])[:80]}"
            )
        if found["settings"] not in (None, self._realising()):
            raise ValueError(
                "the randomised task belongs to another family or to other settings: use those of "
                f"its run, got {repr(found['settings'])[:80]}"
            )
        return Randomised(self.family, found["ranges"]).box

    def _realising(self) -> dict[str, Any]:
        """What `sample` depends on besides the ranges: the family's origin, with its settings, and
        its bounds.
        """
        bounds = getattr(self.family, "bounds", None)
        known = asdict(bounds) if is_dataclass(bounds) and not isinstance(bounds, type) else {}
        listed = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in known.items()
        }
        return {"origin": self.family.encode(self.family.origin()), "bounds": listed}

    def title(self, task: Box) -> str:
        named = ", ".join(f"{name} in [{low:g}, {high:g}]" for name, low, high in task.ranges)
        return f"any task{' with ' if named else ''}{named}"

    def prepare(self, say: Any) -> None:
        if ready := getattr(self.family, "prepare", None):
            ready(say)

    def simulator(self, tasks: Sequence[Box], seeds: Sequence[int], device: str) -> _Trials:
        """The family's simulator on tasks drawn with the rows' seeds, which also seed the tasks."""
        drawn = [self._drawn(task, seed) for task, seed in zip(tasks, seeds, strict=True)]
        return _Trials(self.family.simulator(drawn, seeds, device), list(tasks), drawn, self._drawn)

    def _drawn(self, task: Box, seed: int) -> Task:
        """The task of a row with this seed."""
        return self._sample(task, np.random.default_rng((seed, 1)))

    def outline(self, task: Box, state: Drawn | None = None) -> Mapping[str, list[np.ndarray]]:
        """The trial's task; without a state the family's origin, since a box has no shape."""
        if state is None:
            return self.family.outline(self.family.origin())
        return self.family.outline(state.task, state.state)

    def picture(self, task: Box, state: Drawn) -> np.ndarray | None:
        """Pixels of the trial's task, [height, width, 3] uint8, if the family has pictures."""
        own = getattr(self.family, "picture", None)
        return own(state.task, state.state) if own else None

    def _sample(self, task: Box, rng: np.random.Generator) -> Task:
        ranges = {name: (low, high) for name, low, high in task.ranges}
        sample: Any = getattr(self.family, "sample")  # noqa: B009  # families need not have it; ours checked
        return sample(rng, ranges) if ranges else sample(rng)


class _Undetermined:
    """The family's spec (poet.interfaces.Spec), with `deterministic` False."""

    deterministic = False  # a box gives another MDP for every seed

    def __init__(self, spec: Any) -> None:
        self._spec = spec

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pickle and copy look these up before `_spec` is set
            raise AttributeError(name)
        return getattr(self._spec, name)


class _Trials:
    """The family's simulator, with the drawn task added to each row's state.

    boxes, tasks: of the rows. draw: the task of a box and a seed.
    """

    def __init__(
        self,
        simulator: Simulator,
        boxes: list[Box],
        tasks: list[Task],
        draw: Callable[[Box, int], Task],
    ) -> None:
        self._simulator, self._boxes, self._tasks, self._draw = simulator, boxes, tasks, draw

    def state(self, row: int) -> Drawn:
        return Drawn(self._tasks[row], self._simulator.state(row))

    @property
    def steps(self) -> int:
        return self._simulator.steps

    @property
    def success(self) -> torch.Tensor:
        return self._simulator.success

    def __getattr__(self, name: str) -> Any:  # reset, step, and restart and play if it has them
        if name in ("redraw", "assign"):  # the family's would keep the drawn task, or take no box
            method = self._redrawn if name == "redraw" else self._assigned
            return partial(method, self._simulator.assign)  # AttributeError without it
        return getattr(self._simulator, name)

    def _assigned(
        self, assign: Assign, rows: torch.Tensor, boxes: Sequence[Box], seeds: Sequence[int]
    ) -> torch.Tensor:
        """Start the rows of the mask [n] bool on tasks drawn from other boxes."""
        places = [place for place, _ in seeds_by_row(rows, seeds)]
        drawn = [self._draw(box, seed) for box, seed in zip(boxes, seeds, strict=True)]
        for place, box, task in zip(places, boxes, drawn, strict=True):
            self._boxes[place], self._tasks[place] = box, task
        return assign(rows, drawn, seeds)

    def _redrawn(self, assign: Assign, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask on other tasks of their boxes."""
        boxes = [self._boxes[place] for place, _ in seeds_by_row(rows, seeds)]
        return self._assigned(assign, rows, boxes, seeds)


def _ends(name: str, ends: Any) -> tuple[float, float]:
    whole = (
        isinstance(ends, list | tuple)
        and len(ends) == 2
        and all(type(end) in (int, float) for end in ends)
    )
    if not whole or not -LARGEST <= ends[0] <= ends[1] <= LARGEST:
        raise ValueError(
            f"ranges.{repr(name)[1:-1][:40]} must be [low, high], got {repr(ends)[:40]}"
        )
    return float(ends[0]) + 0.0, float(ends[1]) + 0.0
