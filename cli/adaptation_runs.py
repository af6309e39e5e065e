"""The trainings of `reproduce adaptation`: run folders beside one another, of equal environment
steps for all purposes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .adaptation_settings import EVOLVED, FIXED, POPULATION, Training, TrainingSettings
from .conditions import check_unchanged
from .seeding import Take
from .sessions import Launch, Machine, Resume, Source
from .terminal import CommandLine

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.niche import Population
    from openpoet.poet.seeding import Seed

    from .parts import Tables
    from .progress import Activity
    from .wiring import Parts


@dataclass(frozen=True)
class Trainings:
    """Run folders in `folder`. A run ends after the iteration in which it reaches its steps."""

    settings: TrainingSettings
    folder: Path
    machine: Machine = field(default_factory=Machine)
    note: Callable[[str], None] = lambda text: None

    def path(self, training: Training) -> Path:
        return self.folder / training.name

    def refusal(self, training: Training) -> str:
        """Why this learner cannot be trained on this distribution; empty if it can.

        ValueError if the learner or a setting is wrong on every distribution.
        """
        from openpoet.poet.seeding import Seed

        from .acting import adapts, check_acts
        from .wiring import wire

        tables = self._tables(training, 1)
        try:
            parts = wire(tables, 1)
            if not adapts(parts.setup.learner):
                check_acts(parts.setup.learner, training.learner)
            given = [Seed(parts.setup.family.origin(), None, "")]
            parts.check(given if training.distribution == EVOLVED else None)
        except ValueError as error:  # a refusal is a result of the experiment
            return str(error)
        return ""

    def trained(self, training: Training) -> Path:
        """The folder of the run, which is begun, continued or complete as it is there."""
        from openpoet.archive.store.run_folder import Run

        from . import sessions

        path, steps, source, tasks = self.path(training), self.settings.steps, None, 1
        if training.distribution == EVOLVED:
            source = self.trained(Training(training.learner, POPULATION, training.seed))
            with Run.open(source, write=False) as run:
                tasks = environments(run)
        if not (path / "archive.db").exists():
            self.note(f"{path}: training of {steps:,} steps")
            sessions.launch(self._launch(training, source, tasks), Silent())
            return path
        with Run.open(path, write=False) as run:
            _check_equal(run.settings(launched=True), self._tables(training, tasks), path)
            check_unchanged(run, "name another folder with --runs")
            reached = run.steps()
        if reached < steps:
            self.note(f"{path}: continued from {reached:,} steps to {steps:,}")
            sessions.resume(Resume(path, machine=self.machine, steps=steps), Silent())
        return path

    def _launch(self, training: Training, source: Path | None, tasks: int) -> Launch:
        options, changes = self.settings.of(training, tasks)
        return Launch(
            options,
            changes,
            folder=self.path(training),
            source=None if source is None else Source(str(source), "true", Take.tasks),
            machine=self.machine,
            seeds=self._fixed if training.distribution == FIXED else None,
            steps=self.settings.steps,
        )

    def _fixed(self, parts: Parts) -> list[Seed]:
        """The fixed distribution, the only niche of its run."""
        from openpoet.poet.seeding import Seed

        scene, suite, family = self.settings.scene, self.settings.suite, parts.setup.family
        for world in suite.worlds:
            if world.name == scene.fixed:
                return [Seed(family.decode(world.task), None, f"{suite.name}: {world.name}")]
        return [Seed(family.origin(), None, "origin")]

    def _tables(self, training: Training, tasks: int) -> Tables:
        """The complete settings of the run."""
        from .devices import choose_device
        from .parts import settings_for
        from .settings.resolving import Request

        options, changes = self.settings.of(training, tasks)
        tables = settings_for(Request(options, changes))
        choose_device(tables, self.machine.device, changes)
        return tables


def environments(run: Run) -> int:
    """The number of environments that the run has created, retired ones too."""
    from openpoet.archive.store.measures import each

    (row,) = each(run, "SELECT count(*) AS number FROM niches")
    return int(row["number"])


def _check_equal(stored: Tables, wanted: Tables, path: Path) -> None:
    """ValueError unless the run that is there was launched with the wanted settings."""
    before, now = (tables["run"]["iterations"] for tables in (stored, wanted))
    if before != now:  # the steps of the training, see TrainingSettings.of
        raise ValueError(
            f"{path} was trained for {before:,} steps, expected {now:,}: name another folder with "
            "--runs"
        )
    for place in sorted({*stored, *wanted}):
        theirs, mine = stored.get(place, {}), wanted.get(place, {})
        for key in sorted({*theirs, *mine}):
            if theirs.get(key) != mine.get(key):
                raise ValueError(
                    f"{path} was trained with {place}.{key} = {theirs.get(key)!r:.60}, expected "
                    f"{mine.get(key)!r:.60}: name another folder with --runs"
                )


class Silent(CommandLine):
    """The frontend of a training: its progress is not shown."""

    def display(self, path: Path, total: int, activity: Activity) -> NoDisplay:
        return NoDisplay()

    def resume(self, path: Path, iterations: int | None = None) -> str:
        return "the same command"

    def finished(self, path: Path) -> str:
        return "the experiment goes on"


class NoDisplay:
    """A display (frontend.Display) that shows nothing."""

    def __enter__(self) -> NoDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, population: Population) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def update(self, population: Population, *, last: bool) -> None:
        pass
