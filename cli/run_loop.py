"""The loop of a run: each iteration is computed, its environment steps counted twice, committed and
shown, until the last one or until a signal.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .events import firsts, happened, measured
from .journal import noted, text, unused_min_gain
from .listeners import Listeners, openers
from .output import Failures, described
from .states import FOLDER, keep
from .stopping import RunStopped as RunStopped
from .stopping import StopRequest as StopRequest

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.interfaces import Agent, Task
    from openpoet.poet.niche import Population

    from .events import Event
    from .frontend import Display, Frontend
    from .injections import Injections
    from .ledger import Ledger
    from .meter import Meter

Records = tuple[Mapping[str, Any], Mapping[str, "Agent"]]


class RunFailedError(RuntimeError):
    """A run that had started could not continue; committed iterations are kept. Exit code 1."""


@dataclass(frozen=True)
class RunLoop:
    """A run and everything that its iterations need.

    records: a population as records for the archive, without those that an earlier population
        already had (poet.checkpoint.to_records).
    title: a one-line description of a task.
    without_children: why no niche can reproduce in the next iteration, where reproduction is due;
        else empty.
    earlier: environment steps of the run before this process.
    min_gain: the engine's setting, to warn where it has no effect.
    track: the trackers that get the events, by name.
    injections: the tasks from outside that wait for a reproduction.
    keep_every: iterations after which the state is kept (states.py); 0: never.
    most_steps: environment steps of the whole run after which it ends; None: iterations decide.
    """

    run: Run
    ledger: Ledger
    meter: Meter
    records: Callable[[Population, Population | None], Records]
    title: Callable[[Task], str]
    without_children: Callable[[Population], str]
    frontend: Frontend
    injections: Injections
    earlier: int = 0
    min_gain: float | None = None
    track: Sequence[str] = ()
    keep_every: int = 0
    most_steps: int | None = None

    @property
    def purpose(self) -> str:
        """What runs now, for the display."""
        return self.ledger.purpose

    @property
    def steps(self) -> int:
        """Of the environment, in the whole run so far."""
        return self.earlier + self.meter.steps

    def commit(self, population: Population, before: Population | None, seconds: float) -> None:
        """Write one iteration to the archive, after comparing the two counts of environment steps.

        before: the population committed last. seconds: wall-clock time of the iteration.
        """
        record, agents = self.records(population, before)
        steps = self.ledger.drain()
        if self.ledger.steps != self.meter.steps:
            raise ValueError(
                f"the ledger has {self.ledger.steps} environment steps where the simulators ran "
                f"{self.meter.steps}: the learner must return every step it took"
            )
        taken = self.injections.taken()
        self.run.commit(record, agents, ledger=steps, clock_seconds=seconds, injected=taken)
        self.injections.remove()

    def begin(self, first: Callable[[], Population]) -> Population:
        """The first population of a new run, committed."""
        try:
            population = first()
            self.commit(population, None, 0.0)
        except Exception as error:
            raise RunFailedError(f"the run could not begin: {described(error)}") from error
        return population

    def go(self, population: Population, further: Iterator[Population], total: int) -> None:
        """Iterate until iteration `total`, or until `most_steps` are taken.

        further: the populations after `population`.
        RunStopped after a signal; RunFailedError, one line, if an iteration fails.
        """
        path, front = self.run.path, self.frontend
        with (
            StopRequest(front.signals, front.note) as request,
            front.display(path, total, self) as display,
        ):
            population = self._go(population, further, total, display, request)
        if request.number is not None:
            again = front.resume(path)
            front.note(f"stopped after iteration {population.iteration}; to continue: {again}")
            raise RunStopped(request.number)
        front.note(f"done: {path}; {front.finished(path)}")

    def _go(
        self,
        population: Population,
        further: Iterator[Population],
        total: int,
        display: Display,
        request: StopRequest,
    ) -> Population:
        """The last population: that of iteration `total`, or of the iteration a signal came in."""
        failures = Failures(self.frontend.warn)
        say = noted(self.run.path / "run.log", display.say, failures)
        title = self._titles(failures)
        say(f"{self.run.path} from iteration {population.iteration} to {total}")
        reached = population.iteration
        with Listeners(openers(self.run, reached, self.track), failures) as listeners:
            if reached == 0:
                introduced = [*firsts(population, title)]
                listeners.write(introduced)
                for event in introduced:
                    say(text(event))
            display.begin(population)
            self._keep(population, say, failures)
            while request.number is None and not self._over(population, total):
                with self._failing(population.iteration):
                    after, events = self._iterate(population, further, title, listeners)
                for line in filter(None, map(text, events)):
                    say(line)
                for warning in unused_min_gain(after, self.min_gain):
                    say(warning)
                population = after
                self._keep(population, say, failures)
                last = request.number is not None or self._over(population, total)
                display.update(population, last=last)
        return population

    def _over(self, population: Population, total: int) -> bool:
        """Whether the run has reached its last iteration, or its environment steps."""
        enough = self.most_steps is not None and self.steps >= self.most_steps
        return enough or population.iteration >= total

    def _keep(self, now: Population, say: Callable[[str], None], failures: Failures) -> None:
        """Keep the state if it is due; an error does not stop the run, whose own state is kept."""
        if not self.keep_every or now.iteration % self.keep_every or not now.iteration:
            return
        try:
            if words := keep(self.run, now.iteration):
                say(words)
        except (OSError, ValueError, sqlite3.Error) as error:
            failures.note(str(self.run.path / FOLDER), error)

    def _iterate(
        self,
        before: Population,
        further: Iterator[Population],
        title: Callable[[Task], str],
        listeners: Listeners,
    ) -> tuple[Population, list[Event]]:
        """The next population, committed, and its events.

        The listeners get the events before the commit: a resumed run discards those of an iteration
        that was not committed, and none can be missing.
        """
        began, steps = time.monotonic(), self.steps
        after = next(further)
        seconds = time.monotonic() - began
        events = [
            *happened(before, after, title, self.without_children(before)),
            measured(after, self.steps, self.steps - steps, seconds),
        ]
        listeners.write(events)
        self.commit(after, before, seconds)
        return after, events

    @contextmanager
    def _failing(self, reached: int) -> Iterator[None]:
        """Errors of an iteration as RunFailedError; reached: the last committed iteration."""
        try:
            yield
        except RunStopped:  # a second signal
            raise
        except Exception as error:
            raise RunFailedError(
                f"iteration {reached + 1} failed: {described(error)}; the {reached} before it "
                f"are kept: {self.frontend.resume(self.run.path)}"
            ) from error

    def _titles(self, failures: Failures) -> Callable[[Task], str]:
        """`title` for display, whose errors must not stop the run: it may be a plug-in's code."""

        def title(task: Task) -> str:
            try:
                return self.title(task)
            except Exception as error:
                failures.note("titles of tasks", error)
                return "(no title)"

        return title
