"""Progress of an evaluation, as one line: which batch of how many, time elapsed and time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..progress import PLAIN_EVERY, Pace, duration
from ..terminal import errors, print_error

if TYPE_CHECKING:
    from .evaluating import Plan

Say = Callable[[str], None]


class Batches:
    """Position among the batches of an evaluation; called before each of them.

    batches, episodes: numbers of all of them. say: called with each line. Time left is estimated
    from the episodes of the last batches, since the last batch of a suite is smaller.
    """

    def __init__(
        self, batches: int, episodes: int, say: Say, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.batches, self.episodes, self.say, self.clock = batches, episodes, say, clock
        self.began = clock()
        self.begun, self.done = 0, 0  # batches; episodes of those before the last one begun
        self.pace = Pace()

    def __call__(self, what: str, episodes: int) -> None:
        """A batch of so many episodes begins."""
        now = self.clock()
        self.begun += 1
        self.pace = self.pace.mark(now, self.done, 0)
        left = duration(self.pace.seconds_left(self.episodes - self.done))
        self.done += episodes
        self.say(
            f"batch {self.begun}/{self.batches} · {duration(now - self.began)} elapsed, "
            f"{left} left · {what}"
        )


def progress_lines() -> Say:
    """Prints lines on standard error; where it is not a terminal, only some of them."""
    return print_error if errors.is_terminal else sparse(print_error)


def sparse(
    say: Say, every: float = PLAIN_EVERY, clock: Callable[[], float] = time.monotonic
) -> Say:
    """`say` for the first line, and then for one in `every` seconds."""
    printed = -float("inf")

    def saying(text: str) -> None:
        nonlocal printed
        if (now := clock()) - printed >= every:
            printed = now
            say(text)

    return saying


def work(plan: Plan, agents: int, adapts: bool) -> tuple[int, int]:
    """Batches and episodes of a plan, for all agents and kinds of actions and the validation; of
    agents that adapt trials.
    """
    from openpoet.arena.adaptation import CONTROLS
    from openpoet.arena.evaluation import MOST_ROWS

    rows = len(plan.suite.worlds) * plan.episodes
    if adapts:
        return agents * len(CONTROLS), agents * len(CONTROLS) * rows
    parts = [rows]
    if plan.validation is not None:
        parts.append(len(plan.validation.worlds) * plan.validation.episodes)
    times = agents * len(plan.actions)
    return times * sum(-(-part // MOST_ROWS) for part in parts), times * sum(parts)
