"""How a niche's agent came to be: the niches in which it was trained, and the transfers between
them, from the first population on.

Within an iteration births come first, then training, then transfers, then population-based
training; all transfers of a round take the agents as they were before it (poet/engine.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BIRTH, TRANSFER, EXPLOIT = 0, 1, 2  # the rounds of an iteration, in order

Round = tuple[int, int]  # (iteration, BIRTH, TRANSFER or EXPLOIT)


@dataclass(frozen=True)
class Move:
    """An accepted transfer."""

    iteration: int
    source: int
    target: int  # a niche, also at birth
    kind: str
    at_birth: bool

    @property
    def round(self) -> Round:
        if self.at_birth:
            return self.iteration, BIRTH
        return self.iteration, EXPLOIT if self.kind == "exploit" else TRANSFER


@dataclass(frozen=True)
class Step:
    """The time for which the agent was trained in one niche.

    how: how it came into the niche: "start" (a new agent, or one from another run), "birth" or
    "transfer". kind: of that transfer; None at the start.
    """

    niche: int
    iteration_from: int
    iteration_to: int
    how: str
    kind: str | None


def descent(
    niche: int, at: int, born: Mapping[int, int], moves: Mapping[int, Sequence[Move]]
) -> list[Step]:
    """The steps of the agent that a niche had after iteration `at`, oldest first.

    born: iteration of birth, by niche. moves: accepted transfers by target, in order.
    ValueError if a transfer does not come from an earlier round: the archive is damaged.
    """
    steps: list[Step] = []
    limit: Round = (at + 1, BIRTH)
    while True:
        came = next((m for m in reversed(moves.get(niche, ())) if m.round < limit), None)
        last = max(limit[0] - (limit[1] == BIRTH), born.get(niche, 0))
        if came is None:
            steps.append(Step(niche, born.get(niche, 0), last, "start", None))
            return steps[::-1]
        how = "birth" if came.at_birth else "transfer"
        steps.append(Step(niche, came.iteration, max(last, came.iteration), how, came.kind))
        niche, limit = came.source, came.round
        if niche not in born:
            raise ValueError(f"a transfer comes from niche {niche}, which there is not")
