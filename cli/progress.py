"""Progress of a run: a live panel on a terminal, plain lines on other outputs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from openpoet.archive.store.measures import number

from .output import line

if TYPE_CHECKING:
    from openpoet.poet.niche import Population

PLAIN_EVERY = 10.0  # seconds between two plain lines, unless something happened

# The ledger's purposes in words, by the first entry that is a prefix of the purpose.
DOING = {
    "iteration/improve": "improving every agent in its niche",
    "iteration/score": "scoring every agent in its niche",
    "iteration/transfer/direct": "trying agents in other niches",
    "iteration/transfer/proposal": "trying agents in other niches after one step of training there",
    "iteration/exploit": "population-based training: comparing agents",
    "iteration/criterion": "testing new tasks against the minimal criterion",
    "iteration/novelty": "measuring the novelty of new tasks",
    "iteration/birth": "selecting the agent of a new niche",
    "iteration/annecs": "evaluating retired agents in a new niche (ANNECS)",
    "iteration/new": "training the student on new levels, or scoring them",
    "iteration/replay": "training the student on replayed levels",
    "iteration/edit": "scoring edited levels",
    "iteration/given": "training the student on given levels",
    "iteration/learnability": "scoring new levels by learnability",
    "iteration/train": "training the student on learnable and new levels",
    "seed": "scoring the seeds",
}


class Activity(Protocol):
    """The current work of a run; the display reads it from its own thread."""

    @property
    def purpose(self) -> str: ...
    @property
    def steps(self) -> int: ...


def doing(purpose: str) -> str:
    """The purpose in words, or the purpose itself if it has no entry."""
    return next((words for start, words in DOING.items() if purpose.startswith(start)), purpose)


@dataclass(frozen=True)
class Pace:
    """Speed and time left, from the last 20 iterations: they take longer as niches are added."""

    marks: tuple[tuple[float, int, int], ...] = ()  # (clock [s], iterations, steps), newest last

    def mark(self, clock: float, iterations: int, steps: int) -> Pace:
        return Pace((*self.marks, (clock, iterations, steps))[-20:])

    def steps_per_second(self) -> float:
        if len(self.marks) < 2 or self.marks[-1][0] <= self.marks[0][0]:
            return 0.0
        return (self.marks[-1][2] - self.marks[0][2]) / (self.marks[-1][0] - self.marks[0][0])

    def seconds_left(self, iterations: int) -> float | None:
        """Time until `iterations` more are done; None before the first two marks."""
        if len(self.marks) < 2 or self.marks[-1][1] == self.marks[0][1]:
            return None
        seconds = (self.marks[-1][0] - self.marks[0][0]) / (self.marks[-1][1] - self.marks[0][1])
        return iterations * seconds


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def summary(population: Population) -> str:
    """The population in one line."""
    if any(not niche.agent for niche in population.active):
        return _of_curriculum(population)
    scores = [niche.scores[-1] for niche in population.active if niche.scores]
    best, middle = (number(max(scores)), number(median(scores))) if scores else ("-", "-")
    solved = sum(niche.solved is not None for niche in population.niches)
    niches = "1 niche" if len(population.active) == 1 else f"{len(population.active)} niches"
    retired = f" ({len(population.retired)} retired)" if population.retired else ""
    # ANNECS stays 0 where it is not measured (poet.measure_annecs).
    annecs = f" · ANNECS {population.annecs}" if population.annecs else ""
    return f"{niches}{retired} · score best {best}, median {middle} · {solved} solved{annecs}"


def _of_curriculum(population: Population) -> str:
    """The student, and the levels of the buffer, which have no agents."""
    first, *levels = population.active
    scores = [level.scores[-1] for level in levels if level.scores]
    best, middle = (number(max(scores)), number(median(scores))) if scores else ("-", "-")
    score = number(first.scores[-1]) if first.scores else "-"
    solved = sum(level.solved is not None for level in population.niches)
    return (
        f"student {score} · {len(levels)} levels ({len(population.retired)} evicted), score best "
        f"{best}, median {middle} · {solved} solved"
    )


class Progress:
    """The display (frontend.Display) of the command line, on a rich console."""

    def __init__(self, console: Console, *, total: int, title: str, activity: Activity) -> None:
        self.console, self.total, self.title, self.activity = console, total, title, activity
        self.began = time.monotonic()
        self.pace = Pace()
        self.population: Population | None = None
        self.printed = 0.0
        # On a terminal that cannot move its cursor (TERM=dumb) rich draws no live display.
        self.drawn = console.is_terminal and not console.is_dumb_terminal
        self.live = Live(
            get_renderable=self._panel, console=console, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> Progress:
        if self.drawn:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def say(self, text: str) -> None:
        self.console.print(line(text), soft_wrap=True)

    def begin(self, population: Population) -> None:
        """The population from which the run starts or continues."""
        self.population = population
        self.pace = self.pace.mark(time.monotonic(), population.iteration, self.activity.steps)

    def update(self, population: Population, *, last: bool) -> None:
        """The population after one more iteration."""
        now = time.monotonic()
        self.population, self.pace = (
            population,
            self.pace.mark(now, population.iteration, self.activity.steps),
        )
        if not self.drawn and (last or now - self.printed >= PLAIN_EVERY):
            self.printed = now
            self.say(f"{self._where()} · {summary(population)} · {self._speed()}")

    @property
    def reached(self) -> int:
        """The last iteration."""
        return self.population.iteration if self.population else 0

    def _where(self) -> str:
        iteration = self.reached
        left = self.pace.seconds_left(self.total - iteration)
        elapsed = duration(time.monotonic() - self.began)
        return f"iteration {iteration}/{self.total} · {elapsed} elapsed, {duration(left)} left"

    def _speed(self) -> str:
        return (
            f"{self.pace.steps_per_second():,.0f} steps/s, {self.activity.steps / 1e6:.1f} M steps"
        )

    def _panel(self) -> RenderableType:
        head = Table.grid(padding=(0, 1))
        head.add_row(
            ProgressBar(total=max(self.total, 1), completed=self.reached, width=40),
            Text(self._where(), style="bold"),
        )
        lines: list[RenderableType] = [line(self.title, style="cyan"), head]
        if self.population:
            lines.append(Text(summary(self.population)))
        lines.append(line(f"{doing(self.activity.purpose)} · {self._speed()}", style="dim"))
        return Group(*lines)
