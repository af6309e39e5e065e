"""The events of a run as lines of text, for the terminal and the run's run.log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from openpoet.archive.store.files import open_own
from openpoet.archive.store.measures import number

from . import events as ev
from .output import printable

if TYPE_CHECKING:
    from openpoet.poet.niche import Population

    from .events import Event
    from .output import Failures

HOW = {
    "direct": "unchanged",
    "proposal": "after one step of training there",
    "exploit": "with perturbed hyperparameters",
}


def text(event: Event) -> str:
    """An event in one line; empty for measures, which the display shows."""
    match event:
        case ev.First(_, niche, title, source, score):
            came = f" from {source}" if source else ""
            return f"niche {niche}{came}: {title}" + (
                "" if score is None else f" ({number(score)})"
            )
        case ev.Measured():
            return ""
        case _:
            return f"iteration {event.iteration}: {_what(event)}"


def _what(event: Event) -> str:
    match event:
        case ev.Born(_, niche, parent, title, agent_of, score):
            agent = f"its agent comes from {agent_of} ({number(score)})"
            return f"niche {niche} is born of {parent}: {title}; {agent}"
        case ev.Refused(_, children, reasons):
            listed = ", ".join(f"{count} {outcome}" for outcome, count in reasons.items())
            return f"{sum(reasons.values())} of {children} children refused: {listed}"
        case ev.Levels(_, entered, evicted, solved):
            return f"{entered} levels enter the buffer, {evicted} leave it, {solved} newly solved"
        case ev.NoParents(_, reason):
            return reason
        case ev.Retired(_, niche, best):
            return f"niche {niche} is retired, its agent kept (best {number(best)})"
        case ev.Transferred(_, niche, agent_of, kind, bar, score):
            change = f"{number(bar)} -> {number(score)}" if bar is not None else number(score)
            return f"niche {niche} takes over the agent of {agent_of} {HOW[kind]}: {change}"
        case ev.Solved(_, niche, best):
            return f"niche {niche} is solved ({number(best)})"
    raise ValueError(f"there are no words for the event {event.event!r}")


def unused_min_gain(population: Population, min_gain: float | None) -> Iterator[str]:
    """A warning after the first iteration if min_gain is set, and the learner does not adapt.

    Such a learner gives no score before adaptation (poet.interfaces.Learner.evaluate).
    """
    if population.iteration != 1:
        return
    scored = [niche for niche in population.active if niche.scores]
    if min_gain is not None and scored and all(niche.before is None for niche in scored):
        yield (
            f"warning: poet.min_gain = {min_gain:g} has no effect, because this learner does not "
            "adapt: its evaluations give no score before adaptation"
        )


def noted(path: Path, say: Callable[[str], None], failures: Failures) -> Callable[[str], None]:
    """`say`, which also appends each line to a log file; its errors are noted in `failures`."""

    def both(line: str) -> None:
        try:
            descriptor = open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            with open(descriptor, "a", encoding="utf-8") as file:
                file.write(printable(line) + "\n")
        except (OSError, ValueError) as error:  # ValueError: it is no file of this folder alone
            failures.note(str(path), error)
        say(line)

    return both
