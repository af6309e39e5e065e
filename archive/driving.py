"""A run under way: iterations shown, counted twice and committed, until the last or until a signal asks to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from .journal import happened, introduce, noted
from .progress import Progress
from .tensorboard_log import Events

if TYPE_CHECKING:
    from rich.console import Console

    from poet.interfaces import Agent, Task
    from poet.niche import Population

    from .ledger import Ledger
    from .meter import Meter
    from .run_folder import Run


class RunFailedError(Exception):
    """A run that had begun could not go on; what it had committed is kept. Exit code 1."""


class RunStopped(Exception):
    """The run was asked to stop by a signal, and has, with everything kept. Exit code 128 + signal."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number


@dataclass(frozen=True)
class Drive:
    """A run and all that its iterations need.

    records: a population, less what is kept of one before it, as poet.checkpoint.to_records gives it; title: a task
    in words; without_children: why no niche can have any in the next iteration, where children are due.
    """

    run: Run
    ledger: Ledger
    meter: Meter
    records: Callable[[Population, Population | None], tuple[Mapping[str, Any], Mapping[str, Agent]]]
    title: Callable[[Task], str]
    without_children: Callable[[Population], str]
    out: Console
    errors: Console

    @property
    def purpose(self) -> str:
        """What runs now, for the display."""
        return self.ledger.purpose

    @property
    def steps(self) -> int:
        """Of the environment, so far."""
        return self.meter.steps

    def commit(self, population: Population, before: Population | None, seconds: float) -> None:
        """One iteration into the archive, after the two counts of its environment steps have been compared.

        before: the population committed last.
        """
        record, agents = self.records(population, before)
        steps = self.ledger.drain()
        if self.ledger.steps != self.meter.steps:
            raise ValueError(
                f"the ledger has {self.ledger.steps} environment steps where the simulators ran {self.meter.steps}: "
                "the learner must return every step it took"
            )
        self.run.commit(record, agents, ledger=steps, clock_seconds=seconds)

    def begin(self, first: Callable[[], Population]) -> Population:
        """The population that a new run begins with, committed."""
        try:
            population = first()
            self.commit(population, None, 0.0)
        except Exception as error:
            raise RunFailedError(f"the run could not begin: {error}") from error
        return population

    def go(self, population: Population, further: Iterator[Population], total: int) -> None:
        """Iterate until `total`, each iteration shown and committed. further: the populations after this one."""
        path, again = self.run.path, f"python run.py resume {self.run.path}"
        title = f"openpoet · {path} · stop with Ctrl-C, go on with: {again}"
        with Asked(self.errors) as asked, Progress(self.out, total=total, title=title, activity=self) as progress:
            say = noted(path / "run.log", progress.say)
            say(f"{path} from iteration {population.iteration} to {total}")
            for niche in population.active if population.iteration == 0 else ():
                say(introduce(niche, self.title))
            with Events(path / "tb", population.iteration) as events:
                try:
                    began = time.monotonic()
                    for after in further:
                        self.commit(after, population, time.monotonic() - began)
                        events.write(after, self.steps)
                        for line in happened(population, after, self.title, self.without_children(population)):
                            say(line)
                        population, began = after, time.monotonic()
                        done = asked.number is not None or population.iteration >= total
                        progress.update(population, last=done)
                        if done:
                            break
                except RunStopped:
                    raise
                except Exception as error:
                    raise RunFailedError(
                        f"iteration {population.iteration + 1} failed: {error}; "
                        f"the {population.iteration} before it are kept: {again}"
                    ) from error
        if asked.number is not None:
            self.errors.print(f"stopped after iteration {population.iteration}; to go on: {again}", soft_wrap=True)
            raise RunStopped(asked.number)
        self.errors.print(f"done: {path}; look at it with `python run.py show {path}` and `replay`", soft_wrap=True)


class Asked:
    """Notes SIGINT and SIGTERM, so that the iteration under way is finished; a second Ctrl-C ends at once."""

    number: int | None = None

    def __init__(self, errors: Console) -> None:
        self.errors = errors

    def __enter__(self) -> Asked:
        self.before = {number: signal.signal(number, self.note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise RunStopped(number)
        self.number = number
        self.errors.print("finishing this iteration; Ctrl-C again stops at once (the last finished iteration is kept)")
