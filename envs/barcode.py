"""Barcode bandits: contexts recur within a trial and are marked by a barcode, so that an agent with
episodic memory need not search for the best arm again.

Source: Ritter, Wang, Kurth-Nelson, Jayakumar, Blundell, Pascanu & Botvinick 2018 (arXiv
1805.09692). A trial draws contexts, each a barcode and a best arm; an episode is a number of pulls
in one context, whose barcode is observed.
Differs: contexts come in rounds, each context once per round in random order, so that the episode
number gives the number of earlier occurrences; barcode bits may be flipped in an episode (gene
`flips`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import MOST_UNITS, Count, Settings, Units

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene, with_ends

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
class BarcodeSettings(Settings):
    arms: Annotated[int, Interval(ge=2, le=MOST_UNITS), "Arms of each bandit."] = 4
    contexts: Annotated[Units, "Different bandits in a trial, each with a barcode."] = 3
    occurrences: Annotated[Count, "Episodes with each bandit in a trial."] = 3
    pulls: Annotated[Count, "Pulls in an episode."] = 5
    bits: Annotated[int, Interval(ge=1, le=MOST_BITS), "Bits of a barcode."] = 8
    cues: Annotated[
        Cues, "Barcodes of bandits seen before: their own, or shuffled (a control experiment)."
    ] = "true"
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        4.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.contexts > 2**self.bits:
            raise ValueError(
                f"bits must be enough to tell {self.contexts} contexts apart, got {self.bits}"
            )
        if self.cues == "shuffled" and self.contexts < 2:
            raise ValueError(
                "cues can be shuffled among at least 2 contexts, got 1: there is no other barcode"
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
        self.spec = spec.with_thresholds(0.6 * s.pulls, 0.2 * s.pulls, 0.84 * s.pulls)

    def mutate(self, task: BarcodeArms, rng: np.random.Generator) -> BarcodeArms:
        """A neighbour; `good` stays at least `bad`."""
        return _ordered(super().mutate(task, rng))

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> BarcodeArms:
        """A random task; `good` is at least `bad`."""
        return _ordered(super().sample(rng, ranges))

    def followed(self, task: BarcodeArms, name: str) -> BarcodeArms:
        return with_ends(task, "bad", "good", name)

    def decode(self, data: Mapping[str, Any]) -> BarcodeArms:
        task = super().decode(data)
        if task.good < task.bad:
            raise ValueError(
                f"barcode.good must be at least barcode.bad, got {task.good:g} and {task.bad:g}"
            )
        return task

    def simulator(
        self, tasks: Sequence[BarcodeArms], seeds: Sequence[int], device: str
    ) -> Episodes:
        return Episodes(
            lambda seeds: _Contexts(tasks, seeds, self.settings, device),
            seeds,
            self.settings.pulls,
            device,
        )

    def oracle(self, task: BarcodeArms) -> float:
        """Mean return of an episode under the optimal policy with known arms."""
        return self.settings.pulls * task.good

    def chance(self, task: BarcodeArms) -> float:
        """Mean return of an episode under a uniformly random policy."""
        return (
            self.settings.pulls
            * (task.good + (self.settings.arms - 1) * task.bad)
            / self.settings.arms
        )

    def outline(self, task: BarcodeArms, state: Any = None) -> dict[str, list[np.ndarray]]:
        """A post for each arm, the first with the height of the best arm; with a state, the barcode
        above and a marker at the last payoff.
        """
        tops = [task.good] + [task.bad] * (self.settings.arms - 1)
        posts = [np.array([[i, 0.0], [i, 2 * top + 0.1]]) for i, top in enumerate(tops)]
        layers = {"ground": [np.array([[-1.0, 0.0], [self.settings.arms, 0.0]]), *posts]}
        if state is not None:
            x, y = float(state["arm"]), 2 * float(state["payoff"])
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
        self.order = torch.cat(rounds, 1)  # [n, episodes] context of each episode

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
            "payoff": nothing,
        }

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        arm = actions.argmax(1)
        best = self.best[torch.arange(len(arm), device=arm.device), state["context"]]
        chance = torch.where(arm == best, self.genes["good"], self.genes["bad"])
        payoff = (self.draws.uniform("pull", 1, state["when"])[:, 0] < chance).double()
        never = torch.zeros_like(arm, dtype=torch.bool)
        after = {**state, "when": state["when"] + 1, "arm": arm, "payoff": payoff}
        return after, payoff, never, ~never  # success: always true, the score alone counts

    def observe(self, state: State) -> torch.Tensor:
        return state["barcode"].float()
