"""A run under way: iterations shown, counted twice and committed, until the last or until a signal
asks to stop.
"""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from .journal import happened, introduce, noted, unused_min_gain
from .output import Failures, described, line
from .progress import Progress
from .tensorboard_log import Events

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.interfaces import Agent, Task
    from openpoet.poet.niche import Population
    from rich.console import Console

    from .ledger import Ledger
    from .meter import Meter


class RunFailedError(Exception):
    """A run that had begun could not go on; what it had committed is kept. Exit code 1."""


class RunStopped(Exception):
    """The run was asked to stop by a signal, and has, with everything kept. Exit code 128 +
    signal.
    """

    def __init__(self, number: int) -> None:
        self.code = 128 + number


@dataclass(frozen=True)
class Drive:
    """A run and all that its iterations need.

    records: a population, less what is kept of one before it, as poet.checkpoint.to_records gives
    it; title: a task in words; without_children: why no niche can have any in the next iteration,
    where children are due; earlier: environment steps of the run before this process; min_gain: the
    setting of the engine, to warn where it has no effect.
    """

    run: Run
    ledger: Ledger
    meter: Meter
    records: Callable[
        [Population, Population | None], tuple[Mapping[str, Any], Mapping[str, Agent]]
    ]
    title: Callable[[Task], str]
    without_children: Callable[[Population], str]
    out: Console
    errors: Console
    earlier: int = 0
    min_gain: float | None = None

    @property
    def purpose(self) -> str:
        """What runs now, for the display."""
        return self.ledger.purpose

    @property
    def steps(self) -> int:
        """Of the environment, in the whole run so far."""
        return self.earlier + self.meter.steps

    def commit(self, population: Population, before: Population | None, seconds: float) -> None:
        """One iteration into the archive, after the two counts of its environment steps have been
        compared.

        before: the population committed last.
        """
        record, agents = self.records(population, before)
        steps = self.ledger.drain()
        if self.ledger.steps != self.meter.steps:
            raise ValueError(
                f"the ledger has {self.ledger.steps} environment steps where the simulators ran "
                f"{self.meter.steps}: "
                "the learner must return every step it took"
            )
        self.run.commit(record, agents, ledger=steps, clock_seconds=seconds)

    def begin(self, first: Callable[[], Population]) -> Population:
        """The population that a new run begins with, committed."""
        try:
            population = first()
            self.commit(population, None, 0.0)
        except Exception as error:
            raise RunFailedError(f"the run could not begin: {described(error)}") from error
        return population

    def go(self, population: Population, further: Iterator[Population], total: int) -> None:
        """Iterate until `total`, each iteration shown and committed. further: the populations after
        this one.
        """
        path = shlex.quote(str(self.run.path))
        again = f"python run.py resume {path}"
        title = f"openpoet · {path} · stop with Ctrl-C, go on with: {again}"
        with (
            Asked(self._tell) as asked,
            Progress(self.out, total=total, title=title, activity=self) as progress,
        ):
            try:
                population = self._iterate(population, further, progress, asked)
            except RunStopped:
                raise
            except Exception as error:
                reached = progress.reached
                raise RunFailedError(
                    f"iteration {reached + 1} failed: {described(error)}; the {reached} before it "
                    f"are kept: {again}"
                ) from error
        if asked.number is not None:
            self._tell(f"stopped after iteration {population.iteration}; to go on: {again}")
            raise RunStopped(asked.number)
        self._tell(
            f"done: {path}; look at it with `python run.py show {path}` and `python run.py "
            f"replay {path}`"
        )

    def _iterate(
        self,
        population: Population,
        further: Iterator[Population],
        progress: Progress,
        asked: Asked,
    ) -> Population:
        """The last population: after `progress.total` iterations, or when a signal came."""
        failures = Failures(self._tell)
        say, title = (
            noted(self.run.path / "run.log", progress.say, failures),
            self._titles(failures),
        )
        say(f"{self.run.path} from iteration {population.iteration} to {progress.total}")
        for niche in population.active if population.iteration == 0 else ():
            say(introduce(niche, title))
        progress.begin(population)
        with Events(self.run.path / "tb", population.iteration, failures) as events:
            began = time.monotonic()
            for after in further:
                self.commit(after, population, time.monotonic() - began)
                events.write(after, self.steps)
                for happening in happened(
                    population, after, title, self.without_children(population)
                ):
                    say(happening)
                if population.iteration == 0:
                    for warning in unused_min_gain(after, self.min_gain):
                        say(warning)
                population, began = after, time.monotonic()
                done = asked.number is not None or population.iteration >= progress.total
                progress.update(population, last=done)
                if done:
                    break
        return population

    def _titles(self, failures: Failures) -> Callable[[Task], str]:
        """`title`, whose errors must not stop the run either: it may be a user's code."""

        def title(task: Task) -> str:
            try:
                return self.title(task)
            except Exception as error:
                failures.note("titles of tasks", error)
                return "(no title)"

        return title

    def _tell(self, text: str) -> None:
        self.errors.print(line(text), soft_wrap=True)


class Asked:
    """Notes SIGINT and SIGTERM, so that the iteration under way is finished; a second Ctrl-C ends
    at once.
    """

    number: int | None = None

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell

    def __enter__(self) -> Asked:
        self.before = {
            number: signal.signal(number, self.note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise RunStopped(number)
        self.number = number
        self.tell(
            "finishing this iteration; Ctrl-C again stops at once (the last finished "
            "iteration is kept)"
        )
