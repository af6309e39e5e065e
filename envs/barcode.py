"""Barcode bandits: arms under a barcode, which come back later in the life, so that remembering
spares the search.

Source: Ritter, Wang, Kurth-Nelson, Jayakumar, Blundell, Pascanu & Botvinick 2018 (arXiv
1805.09692). A life draws contexts, each a barcode and the arm that pays; an episode is some pulls
in one of them, its barcode in sight.
Differs: contexts come in rounds, each once in a round, in a new order every time, so that an
episode's number says how often its context was met; barcodes may be misread (`flips`), which is
what evolves beside the arms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.finite import check_finite
from .parts.genome import Genomes, columns, gene

Cues = Literal["true", "shuffled"]
MOST_BITS = 10
PULL = 2**20  # more pulls than an episode has


@dataclass(frozen=True)
class BarcodeArms:
    good: float = gene(0.9, low=0.0, high=1.0, step=0.05)  # chance that a context's best arm pays 1
    bad: float = gene(0.1, low=0.0, high=1.0, step=0.05)  # that any other does
    # chance that a bit of a barcode is read wrong in an episode
    flips: float = gene(0.0, low=0.0, high=0.5, step=0.02)


@dataclass(frozen=True)
class BarcodeSettings:
    arms: int = 4
    contexts: int = 3  # of a life
    occurrences: int = 3  # of each
    pulls: int = 5  # of an episode
    bits: int = 8
    cues: Cues = "true"  # shuffled: met again, a context shows another's barcode (a control)
    solved_score: float = 4.0  # return of an episode, after adaptation

    def __post_init__(self) -> None:
        check_finite(self)
        if self.arms < 2 or min(self.contexts, self.occurrences, self.pulls) < 1:
            raise ValueError(
                "arms must be at least 2, and contexts, occurrences and pulls at least 1"
            )
        if not 1 <= self.bits <= MOST_BITS or self.contexts > 2**self.bits:
            raise ValueError(
                f"bits must be from 1 to {MOST_BITS}, and enough to tell "
                f"{self.contexts} contexts apart"
            )


class BarcodeBandits(Genomes[BarcodeArms]):
    """Task family (poet.interfaces); observed is the barcode, bits of -1 and 1."""

    name = "barcode"
    realised_by = ("arms", "contexts", "pulls", "bits", "cues")
    start = BarcodeArms()

    def __init__(self, settings: BarcodeSettings | None = None) -> None:
        self.settings = s = settings or BarcodeSettings()
        episodes = s.contexts * s.occurrences
        spec = Spec(
            s.bits, s.arms, s.pulls, episodes, s.solved_score, deterministic=False, discrete=True
        )
        self.spec = spec.judged(0.6 * s.pulls, 0.2 * s.pulls, 0.84 * s.pulls)

    def mutate(self, task: BarcodeArms, rng: np.random.Generator) -> BarcodeArms:
        """A neighbour; the good arm stays the better."""
        return _ordered(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> BarcodeArms:
        """Any task whose good arm is the better."""
        return _ordered(super().sample(rng, ranges))

    def simulator(
        self, tasks: Sequence[BarcodeArms], seeds: Sequence[int], device: str
    ) -> Episodes:
        return Episodes(
            _Contexts(tasks, seeds, self.settings, device), len(tasks), self.settings.pulls, device
        )

    def oracle(self, task: BarcodeArms) -> float:
        """Return of an episode of who knows the arms, on average."""
        return self.settings.pulls * task.good

    def chance(self, task: BarcodeArms) -> float:
        """Return of an episode of who knows nothing and learns nothing, on average."""
        return (
            self.settings.pulls
            * (task.good + (self.settings.arms - 1) * task.bad)
            / self.settings.arms
        )

    def outline(self, task: BarcodeArms, state: Any = None) -> dict[str, list[np.ndarray]]:
        """Arms as posts, the first as high as the good one pays; the barcode above, the last payoff
        over its arm.
        """
        tops = [task.good] + [task.bad] * (self.settings.arms - 1)
        posts = [np.array([[i, 0.0], [i, 2 * top + 0.1]]) for i, top in enumerate(tops)]
        layers = {"ground": [np.array([[-1.0, 0.0], [self.settings.arms, 0.0]]), *posts]}
        if state is not None:
            x, y = float(state["arm"]), 2 * float(state["paid"])
            layers["body"] = [np.array([[x - 0.3, y], [x + 0.3, y], [x, y + 0.3], [x - 0.3, y]])]
            bits = [i for i, bit in enumerate(state["barcode"]) if bit > 0]
            layers["ray"] = [np.array([[0.4 * i, 3.0], [0.4 * i, 3.5]]) for i in bits]
        return layers


def _ordered(task: BarcodeArms) -> BarcodeArms:
    return BarcodeArms(max(task.good, task.bad), min(task.good, task.bad), task.flips)


class _Contexts:
    """World (episodes.World) of n draws of contexts."""

    def __init__(
        self,
        tasks: Sequence[BarcodeArms],
        seeds: Sequence[int],
        settings: BarcodeSettings,
        device: str,
    ) -> None:
        self.draws, self.settings, self.genes = (
            Draws(seeds, device),
            settings,
            columns(tasks, device),
        )
        s, draws = settings, self.draws
        codes = draws.uniform("barcodes", 2**s.bits).argsort(1)[:, : s.contexts]  # all different
        # [n, contexts, bits]
        self.barcodes = (codes[..., None] >> torch.arange(s.bits, device=device)) & 1
        self.best = (draws.uniform("best", s.contexts) * s.arms).long()  # [n, contexts]
        rounds = [draws.uniform("order", s.contexts, i).argsort(1) for i in range(s.occurrences)]
        self.order = torch.cat(rounds, 1)  # [n, episodes] which context is met

    def begin(self, episode: torch.Tensor) -> State:
        s, rows = self.settings, torch.arange(len(episode), device=episode.device)
        context = self.order[rows, episode % self.order.shape[1]]
        shown = (context + episode // s.contexts) % s.contexts if s.cues == "shuffled" else context
        wrong = self.draws.uniform("flips", s.bits, episode) < self.genes["flips"][:, None]
        barcode = 2.0 * (self.barcodes[rows, shown] ^ wrong) - 1
        nothing = torch.zeros(len(episode), dtype=torch.float64, device=episode.device)
        zero = torch.zeros_like(episode)
        return {
            "context": context,
            "barcode": barcode,
            "when": episode * PULL,
            "arm": zero,
            "paid": nothing,
        }

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        arm = actions.argmax(1)
        best = self.best[torch.arange(len(arm), device=arm.device), state["context"]]
        chance = torch.where(arm == best, self.genes["good"], self.genes["bad"])
        paid = (self.draws.uniform("pull", 1, state["when"])[:, 0] < chance).double()
        never = torch.zeros_like(arm, dtype=torch.bool)
        after = {**state, "when": state["when"] + 1, "arm": arm, "paid": paid}
        return after, paid, never, ~never  # success: always true, the score alone counts

    def observe(self, state: State) -> torch.Tensor:
        return state["barcode"].float()
