"""Events of a run for Weights & Biases: a point of each curve for each iteration.

The files of the package are in the run's folder `wandb/`; WANDB_MODE=offline keeps them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import wandb

from openpoet.archive.store.files import make_folder

from .events import Measured, identity

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

    from .events import Event


class Wandb:
    """The listener. A resumed run continues its W&B run."""

    def __init__(self, run: Run) -> None:
        make_folder(run.path / "wandb")
        tables = run.settings()
        self.run = wandb.init(
            project="openpoet",
            id=identity(run),
            name=run.path.name,
            dir=run.path,
            resume="allow",
            config={f"{part}.{key}": v for part, t in tables.items() for key, v in t.items()},
            settings=wandb.Settings(silent=True, console="off"),
        )

    def write(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Measured):
                self.run.log(event.curves(), step=event.iteration)

    def close(self) -> None:
        self.run.finish()
