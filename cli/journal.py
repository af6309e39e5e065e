"""The events of an iteration as lines of text, for the terminal and the run's run.log."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpoet.archive.store.files import open_own
from openpoet.archive.store.measures import number

from .output import printable

if TYPE_CHECKING:
    from openpoet.poet.niche import Child, Niche, Population, Transfer

    from .output import Failures

Title = Callable[[Any], str]  # a task in words
HOW = {
    "direct": "unchanged",
    "proposal": "after one step of training there",
    "exploit": "with perturbed hyperparameters",
}


def happened(
    before: Population, after: Population, title: Title, without_children: str = ""
) -> Iterator[str]:
    """One line for each new niche, retirement, accepted transfer and first solution, and one for
    all refused children.

    without_children: why no niche could reproduce in this iteration; else empty.
    """
    at = f"iteration {after.iteration}:"
    yield from _births(at, after.children, after.transfers, title)
    if without_children:
        yield f"{at} {without_children}"
    was_active = {niche.id for niche in before.active}
    for niche in after.retired:
        if niche.id in was_active:
            yield f"{at} niche {niche.id} is retired, its agent kept (best {number(niche.best)})"
    yield from _takeovers(at, after.transfers)
    solved_before = {niche.id for niche in before.niches if niche.solved is not None}
    for niche in after.niches:
        if niche.solved is not None and niche.id not in solved_before:
            yield f"{at} niche {niche.id} is solved ({number(niche.best)})"


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


def _births(
    at: str, children: Sequence[Child], transfers: Sequence[Transfer], title: Title
) -> Iterator[str]:
    for child in children:
        if child.niche is not None:
            came = next(t for t in transfers if t.at_birth and t.accepted and t.target == child.id)
            yield (
                f"{at} niche {child.niche} is born of {child.parent}: {title(child.task)}; "
                f"its agent comes from {came.source} ({number(came.score)})"
            )
    refused = Counter(child.outcome for child in children if child.niche is None)
    if refused:
        reasons = ", ".join(f"{count} {outcome}" for outcome, count in refused.most_common())
        yield f"{at} {sum(refused.values())} of {len(children)} children refused: {reasons}"


def _takeovers(at: str, transfers: Sequence[Transfer]) -> Iterator[str]:
    for event in transfers:
        if event.accepted and not event.at_birth:
            how = HOW[event.kind]
            bar = f"{number(event.bar)} -> " if event.bar is not None else ""
            yield (
                f"{at} niche {event.target} takes over the agent of {event.source} {how}: "
                f"{bar}{number(event.score)}"
            )


def introduce(niche: Niche, title: Title) -> str:
    """A line about a niche of the first population."""
    source = f" from {niche.source}" if niche.source else ""
    score = f" ({number(niche.scores[-1])})" if niche.scores else ""
    return f"niche {niche.id}{source}: {title(niche.task)}{score}"


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
