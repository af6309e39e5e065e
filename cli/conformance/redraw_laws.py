"""The law of the optional simulator method `redraw`: a redrawn row is a row of a new simulator."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from openpoet.poet.interfaces import Simulator, Task, TaskFamily

from .episodes import same
from .interface import KEY
from .laws import NOT_OFFERED

STEPS = 8  # compared after a redraw
BEFORE = 3  # steps before it


def check_redraw(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> str | None:
    """Check that the redrawn rows equal those of a new simulator with their seeds, in steps and
    after a reset, and that the other rows do not change.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "redraw"):
        return NOT_OFFERED
    rows = torch.arange(n) % 2 == 0
    drawn = [KEY.child("redraw", i).integer() for i in range(int(rows.sum()))]
    later = list(seeds)
    for row, seed in zip(torch.nonzero(rows)[:, 0].tolist(), drawn, strict=True):
        later[row] = seed
    kept, new = (family.simulator(tasks, each, device) for each in (seeds, later))
    actions = torch.full((n, family.spec.action_size), 0.5, device=device)
    kept.reset()
    before = simulator.reset()
    for _ in range(BEFORE):
        before = simulator.step(actions)[0].clone()
        kept.step(actions)
    steps = simulator.steps
    observations = simulator.redraw(rows.to(device), drawn)
    assert simulator.steps == steps, "redraw must count no steps"
    assert not simulator.success.cpu()[rows].any(), "redraw must clear the rows' success"
    law = "redraw must start the episodes of a new simulator in its rows"
    same([observations.cpu()[rows]], [new.reset().cpu()[rows]], law)
    same([observations.cpu()[~rows]], [before.cpu()[~rows]], "redraw must not change other rows")
    _check_steps((simulator, new, kept), rows, actions)
    same([simulator.reset()], [new.reset()], "after a reset a redrawn row must keep its new seed")
    return None


def _check_steps(
    simulators: tuple[Simulator, Simulator, Simulator], rows: torch.Tensor, actions: torch.Tensor
) -> None:
    """Check steps of a redrawn, a new and a kept simulator, and the next episode if there are
    several.
    """
    for _ in range(STEPS):
        now, fresh, other = (
            [part.cpu() for part in simulator.step(actions)] for simulator in simulators
        )
        same([part[rows] for part in now], [part[rows] for part in fresh], "a redrawn row's steps")
        same([part[~rows] for part in now], [part[~rows] for part in other], "steps of other rows")
    if hasattr(simulators[0], "restart"):
        chosen = rows.to(actions.device)
        after = [simulator.restart(chosen).cpu()[rows] for simulator in simulators[:2]]
        same(after[:1], after[1:], "the episode after a redrawn row's first")
