"""Rows of the benchmark of pairs, and the page of the documentation that is made from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from benchmarks.pairs_known import KNOWN, OWN_SCORES, best_known
from openpoet.agents.learners import LEARNERS
from openpoet.agents.not_learning import NOT_LEARNING
from openpoet.envs.families import FAMILIES

LEARNS = 0.15  # share of the way from chance to the best known score
NEAR = 0.98  # share from which training may end early


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
    def share(self) -> float:
        """How far the score is on the way from random actions, 0, to the best known score, 1."""
        span = best_known(self.learner, self.family) - self.chance
        return (self.score - self.chance) / span

    @property
    def verdict(self) -> str:
        """ "learns", "does not learn" or "refused"."""
        if self.refused:
            return "refused"
        # equal where an agent learns within a trial only, or is at the best score from the start
        learns = self.share > LEARNS and self.score >= self.untrained
        return "learns" if learns else "does not learn"

    def line(self) -> str:
        """The row as text; columns are separated by tabs."""
        best = best_known(self.learner, self.family)
        numbers = (self.score, self.untrained, self.chance, best)
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
fresh draws, after two minutes of training on one core, or less where it comes within {near:.0f} %
of the best known score earlier (half a minute of `mfec` on bandits, mdp, gridnavi and barcode,
where it keeps nothing of a trial); **bold** where the pair learns: more than {share:.0f} % of the
way from uniform random actions to the best known score, and not less than the untrained agent.
Cells of `diayn` are its intrinsic reward of a step instead, of at most {diayn:.2f}. A dash is a
family that the learner refuses, "slow" a pair that was not measured, since a few improvement steps
take longer than two minutes; the reasons are below. An empty cell has not been measured yet:
`python -m benchmarks.pairs` measures it, and `--page` makes this page from
[pairs](../benchmarks/results/pairs.txt).

{table}

## Pairs that do not learn

{reasons}

## Best known scores

{known}

## Refused pairs

{refused}
"""


def page(found: Sequence[Row]) -> str:
    """The page of the documentation, from the results so far."""
    known = [f"- {family}: {each.score:.4g}, {each.source}" for family, each in KNOWN.items()]
    return PAGE.format(
        share=100 * LEARNS,
        near=100 * (1 - NEAR),
        diayn=OWN_SCORES["diayn"],
        reasons="\n".join(grouped(not_learning(found))),
        table="\n".join(table({(row.learner, row.family): row for row in found})),
        known="\n".join(known),
        refused="\n".join(
            grouped((row.learner, row.family, row.refused) for row in found if row.refused)
        ),
    )


def grouped(reasons: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """A list in Markdown, with the families of a learner that share a reason in one item.

    reasons: (learner, family, reason).
    """
    families: dict[tuple[str, str], list[str]] = {}
    for learner, family, why in reasons:
        families.setdefault((learner, why), []).append(family)
    for (learner, why), names in families.items():
        item = f"- `{learner}` on {', '.join(names)}: {why}"
        yield fill(item, 100, subsequent_indent="  ", break_long_words=False)


def not_learning(found: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
    """Pairs that do not learn, with the reason as far as it is known."""
    measured = {(row.learner, row.family): row.verdict for row in found}
    failing = {pair for pair, verdict in measured.items() if verdict == "does not learn"}
    for learner, family in sorted(failing | (NOT_LEARNING.keys() - measured.keys())):
        why = NOT_LEARNING.get((learner, family), "not yet examined")
        yield learner, family, why


def table(found: Mapping[tuple[str, str], Row]) -> Iterator[str]:
    """Lines of Markdown: a row for each learner, a column for each family."""
    yield "| | " + " | ".join(FAMILIES) + " |"
    yield "|---" * (len(FAMILIES) + 1) + "|"
    measured = (row for row in found.values() if not row.refused)
    by_family = {row.family: row.chance for row in measured if row.learner not in OWN_SCORES}
    yield _line(
        "*random actions*", (f"{by_family[f]:.3g}" if f in by_family else "" for f in FAMILIES)
    )
    yield _line("*best known*", (f"{KNOWN[f].score:.3g}" for f in FAMILIES))
    for learner in LEARNERS:
        cells = (_cell(found.get((learner, f)), (learner, f) in NOT_LEARNING) for f in FAMILIES)
        yield _line(f"`{learner}`", cells)


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _cell(row: Row | None, explained: bool) -> str:
    """explained: whether there is a reason for which the pair does not learn."""
    if row is None:
        return "slow" if explained else ""
    if row.refused:
        return "-"
    return f"**{row.score:.3g}**" if row.verdict == "learns" else f"{row.score:.3g}"
