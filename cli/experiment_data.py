"""What a run has kept, in the form that arena.experiments takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .run_settings import settings_of
from .sessions import Machine
from .wiring import make_family, whole_task

if TYPE_CHECKING:
    import numpy as np

    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.classes import Worlds
    from openpoet.arena.tables import Table


@dataclass(frozen=True)
class Found:
    """Results of an experiment: tables, and lines of text below them."""

    tables: list[Table]
    lines: list[str]


@dataclass(frozen=True)
class Effort:
    """What an experiment with trainings of its own may take.

    targets: environments. repeats: trainings in each. note: called with a line before each part.
    film: file for the film of an experiment that has one; None: no film.
    """

    targets: int = 3
    repeats: int = 5
    machine: Machine = field(default_factory=Machine)
    note: Callable[[str], None] = lambda text: None
    film: Path | None = None


def worlds_of(run: Run) -> Worlds:
    """The environments of a run of walkers on obstacle terrains. ValueError for other runs."""
    import numpy as np

    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments.classes import NEVER, Worlds, levels

    tables = settings_of(run)
    encoding = tables.get("walker", {}).get("encoding")
    if tables["run"]["family"] != "walker" or encoding != "obstacles":
        raise ValueError(
            f"{run.path}: the paper's classes are those of the family walker with "
            f'encoding = "obstacles", this run has the family {tables["run"]["family"]!r:.60}'
        )
    family = make_family(tables, 1)
    rows = list(each(run, "SELECT task, born, solved FROM niches ORDER BY id"))
    if not rows:
        raise ValueError(f"{run.path} holds no iteration yet")
    tasks = [family.decode(whole_task(tables, row["task"])) for row in rows]
    vectors = np.array([family.describe(task)[:5] for task in tasks])
    born = np.array([row["born"] for row in rows])
    solved = np.array([NEVER if row["solved"] is None else row["solved"] for row in rows])
    return Worlds(vectors, born, solved, levels(vectors, thresholds()))


def thresholds() -> np.ndarray:
    """The thresholds of the paper's classes, [3]: roughness, widest gap, highest stump."""
    import numpy as np

    from openpoet.envs.walker import obstacles

    return np.array([obstacles.ROUGHNESS_HARD, obstacles.GAP_HARD, obstacles.STUMP_HARD])


def scale(run: Run) -> str:
    """What a run of reduced scale means, in one line."""
    tables = settings_of(run)
    family, learner = tables["run"]["family"], tables["run"]["learner"]
    ground = f"{family} ({tables['walker']['length']} tiles)" if family == "walker" else family
    return (
        f"scale: {run.last_iteration():,} iterations of {learner} on {ground} with "
        f"{tables['poet'].get('capacity')} active niches and {run.steps():,} steps; the paper: "
        "25,200 iterations of ES with 512 members on the walker (200 tiles), 20 active niches. An "
        "iteration is another amount of training, so its numbers are not comparable as such"
    )


def steps_and_hours(run: Run) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    from openpoet.archive.store.measures import progress

    columns = progress(run)
    return np.array(columns["steps"], np.int64), np.array(columns["seconds"]) / 3600
