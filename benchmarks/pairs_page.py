"""Rows of the benchmark of pairs, and the page of the documentation that is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.pairs_known import KNOWN
from openpoet.agents.learners import LEARNERS
from openpoet.envs.families import FAMILIES

LEARNS = 0.15  # share of the way from chance to the best known score


@dataclass(frozen=True)
class Row:
    """What one pair reached; `refused` is the learner's reason where it does not accept the family.

    Scores are mean returns of the last episode of a trial.
    """

    learner: str
    family: str
    seconds: float = 0.0
    steps: int = 0
    score: float = float("nan")
    untrained: float = float("nan")
    chance: float = float("nan")
    refused: str = ""

    @property
    def verdict(self) -> str:
        """ "learns", "does not learn" or "refused"."""
        if self.refused:
            return "refused"
        span = KNOWN[self.family].score - self.chance
        learns = self.score > self.chance + LEARNS * span and self.score > self.untrained
        return "learns" if learns else "does not learn"

    def line(self) -> str:
        """The row as text; columns are separated by tabs."""
        numbers = (self.score, self.untrained, self.chance, KNOWN[self.family].score)
        cells = [f"{self.seconds:.0f} s", f"{self.steps} steps", *(f"{x:.4g}" for x in numbers)]
        cells = [self.refused] if self.refused else cells
        return "\t".join([self.learner, self.family, self.verdict, *cells])


def parsed(line: str) -> Row:
    """The row of `Row.line`."""
    learner, family, verdict, *cells = line.rstrip("\n").split("\t")
    if verdict == "refused":
        return Row(learner, family, refused=cells[0])
    seconds, steps = (cell.split()[0] for cell in cells[:2])
    return Row(learner, family, float(seconds), int(steps), *map(float, cells[2:5]))


PAGE = """\
# Pairs of learner and family

Every learner on every family, with all settings at their defaults for the family (`openpoet list
NAME`), on the family's first task. A cell is the mean return of the last episode of a trial, on
fresh draws, after {seconds:.0f} s of training on one core; **bold** where the pair learns: more
than {share:.0f} % of the way from uniform random actions to the best known score, and more than the
untrained agent. A dash is a family that the learner refuses; the reasons are below. An empty cell
has not been measured yet: `python -m benchmarks.pairs` measures it, and `--page` makes this page
from [pairs](../benchmarks/results/pairs.txt).

{table}

## Best known scores

{known}

## Refused pairs

{refused}
"""


def page(found: Sequence[Row]) -> str:
    """The page of the documentation, from the results so far."""
    seconds = {row.seconds for row in found if not row.refused}
    known = [f"- {family}: {each.score:.4g}, {each.source}" for family, each in KNOWN.items()]
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in found:
        if row.refused:
            reasons.setdefault((row.learner, row.refused), []).append(row.family)
    refused = [f"- `{name}` on {', '.join(on)}: {why}" for (name, why), on in reasons.items()]
    return PAGE.format(
        seconds=max(seconds, default=120.0),
        share=100 * LEARNS,
        table="\n".join(table({(row.learner, row.family): row for row in found})),
        known="\n".join(known),
        refused="\n".join(refused),
    )


def table(found: Mapping[tuple[str, str], Row]) -> Iterator[str]:
    """Lines of Markdown: a row for each learner, a column for each family."""
    yield "| | " + " | ".join(FAMILIES) + " |"
    yield "|---" * (len(FAMILIES) + 1) + "|"
    by_family = {row.family: row.chance for row in found.values() if not row.refused}
    yield _line(
        "*random actions*", (f"{by_family[f]:.3g}" if f in by_family else "" for f in FAMILIES)
    )
    yield _line("*best known*", (f"{KNOWN[f].score:.3g}" for f in FAMILIES))
    for learner in LEARNERS:
        yield _line(f"`{learner}`", (_cell(found.get((learner, f))) for f in FAMILIES))


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.refused:
        return "-"
    return f"**{row.score:.3g}**" if row.verdict == "learns" else f"{row.score:.3g}"
