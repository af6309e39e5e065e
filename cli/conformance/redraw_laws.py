"""The law of the optional simulator methods `redraw` and `assign`: a row with another seed or task
is a row of a new simulator.
"""

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
    return _check("redraw", family, (tasks, tasks), seeds, device)


def check_assign(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> str | None:
    """Check the same of rows with other tasks and seeds: those of the batch in reverse order."""
    return _check("assign", family, (tasks, tasks[::-1]), seeds, device)


def _check(
    method: str,
    family: TaskFamily,
    tasks: tuple[Sequence[Task], Sequence[Task]],
    seeds: Sequence[int],
    device: str,
) -> str | None:
    """tasks: of the rows before and, where they are chosen, after the call of the method."""
    old, others = tasks
    simulator, n = family.simulator(old, seeds, device), len(old)
    if not hasattr(simulator, method):
        return NOT_OFFERED
    rows = torch.arange(n) % 2 == 0
    drawn = [KEY.child("redraw", i).integer() for i in range(int(rows.sum()))]
    later, given = list(seeds), [others[row] for row in range(n) if rows[row]]
    for row, seed in zip(torch.nonzero(rows)[:, 0].tolist(), drawn, strict=True):
        later[row] = seed
    after = [others[row] if rows[row] else old[row] for row in range(n)]
    kept, new = family.simulator(old, seeds, device), family.simulator(after, later, device)
    actions = torch.full((n, family.spec.action_size), 0.5, device=device)
    kept.reset()
    before = simulator.reset()
    for _ in range(BEFORE):
        before = simulator.step(actions)[0].clone()
        kept.step(actions)
    steps = simulator.steps
    chosen = rows.to(device)
    observations = (
        simulator.redraw(chosen, drawn)
        if method == "redraw"
        else simulator.assign(chosen, given, drawn)
    )
    assert simulator.steps == steps, f"{method} must count no steps"
    assert not simulator.success.cpu()[rows].any(), f"{method} must clear the rows' success"
    law = f"{method} must start the episodes of a new simulator in its rows"
    same([observations.cpu()[rows]], [new.reset().cpu()[rows]], law)
    same([observations.cpu()[~rows]], [before.cpu()[~rows]], f"{method} must not change other rows")
    _check_steps((simulator, new, kept), rows, actions)
    law = f"after a reset a row must be as {method} has set it"
    same([simulator.reset()], [new.reset()], law)
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
