"""Multi-armed bandits with hidden payoffs: each pull trades exploration against exploitation.

Sources: independent arms, with one pull per episode, as in RL^2 (arXiv 1611.02779); dependent arms,
eleven arms of which one reveals the position of the prize, and restless arms as in Wang et al.
(arXiv 1611.05763). There are no observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import MOST_UNITS, Count, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, choice, columns, gene, with_ends

Kind = Literal["independent", "dependent", "eleven", "restless"]
ELEVEN = 11
WALK = 100  # pulls after which restless arms stop drifting
USUAL = (0.9, 0.6, 0.2, 0.8)  # solved_score, then POET's reproduce_at, mc_low and mc_high
THRESHOLDS = {"eleven": (4.5, 2.0, 0.5, 4.5)}
USED = {  # genes of each kind
    "independent": ("low", "high"),
    "dependent": ("low", "high"),
    "eleven": ("prize", "other", "hint"),
    "restless": ("low", "high", "drift"),
}


@dataclass(frozen=True)
class Arms:
    """Distribution from which a trial draws its arms.

    independent: each arm pays 1 with its own probability, uniform in [low, high].
    dependent: two arms; one pays 1 with probability d, uniform in [low, high], the other 1 - d;
    a fair coin decides which is which.
    eleven: ten arms have certain payoffs, one of them `prize` and nine `other`; the last pays
    `hint` x (number of the prize's arm, from 1).
    restless: starts as independent; each pull adds a normal step of standard deviation `drift` to
    the logit of every arm.
    """

    kind: str = choice("independent", "dependent", "eleven", "restless")
    low: float = gene(0.0, low=0.0, high=1.0, step=0.05)
    high: float = gene(1.0, low=0.0, high=1.0, step=0.05)
    prize: float = gene(5.0, low=0.0, high=10.0, step=0.5)
    other: float = gene(1.1, low=0.0, high=10.0, step=0.1)
    hint: float = gene(0.1, low=0.0, high=1.0, step=0.02)
    drift: float = gene(0.0, low=0.0, high=1.0, step=0.05)


UNIFORM, EASY, MEDIUM, HARD = (
    Arms("dependent", low, high) for low, high in ((0.0, 1.0), (0.1, 0.1), (0.25, 0.25), (0.4, 0.4))
)  # the dependent arms of Wang et al.


@dataclass(frozen=True)
class BanditSettings(Settings):
    kind: Annotated[Kind, "How the arms' probabilities are drawn, and whether they change."] = (
        "independent"
    )
    arms: Annotated[
        int,
        Interval(ge=2, le=MOST_UNITS),
        "Arms of independent and restless bandits; dependent has 2, eleven has 11.",
    ] = 5
    pulls: Annotated[Count, "Pulls in a trial."] = 10
    solved_score: Annotated[
        float | None,
        "Mean reward of a pull, after adaptation, that is a success; none: .9, of eleven arms 4.5.",
    ] = None


class Bandits(Genomes[Arms]):
    """Task family (poet.interfaces). A pull is an episode of one step; the genes bound the
    distribution of a trial's arms.
    """

    name = "bandits"

    def __init__(self, settings: BanditSettings | None = None) -> None:
        self.settings = s = settings or BanditSettings()
        drift = 0.1 if s.kind == "restless" else 0.0
        self.start = Arms(s.kind, drift=drift)
        self.arms = {"dependent": 2, "eleven": ELEVEN}.get(s.kind, s.arms)
        solved, *thresholds = THRESHOLDS.get(s.kind, USUAL)
        score = solved if s.solved_score is None else s.solved_score
        spec = Spec(0, self.arms, 1, s.pulls, score, deterministic=False, discrete=True)
        self.spec = spec.with_thresholds(*thresholds)

    def mutate(self, task: Arms, rng: np.random.Generator) -> Arms:
        """A neighbour in the genes that the task's kind uses; low stays below high."""
        moved = super().mutate(task, rng)
        low, high = min(moved.low, moved.high), max(moved.low, moved.high)
        if task.kind == "eleven":
            return Arms(
                task.kind, task.low, task.high, moved.prize, moved.other, moved.hint, task.drift
            )
        drift = moved.drift if task.kind == "restless" else task.drift
        return Arms(task.kind, low, high, task.prize, task.other, task.hint, drift)

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Arms:
        """A random task of the family's kind; low is below high."""
        drawn = super().sample(rng, ranges)
        return replace(drawn, low=min(drawn.low, drawn.high), high=max(drawn.low, drawn.high))

    def knobs(self, task: Arms) -> dict[str, tuple[float, float, float, float]]:
        """The genes that the task's kind uses."""
        return {name: knob for name, knob in super().knobs(task).items() if name in USED[task.kind]}

    def followed(self, task: Arms, name: str) -> Arms:
        return with_ends(task, "low", "high", name)

    def realising(self) -> dict[str, Any]:
        return {"arms": self.arms}  # not the setting, which dependent and eleven arms ignore

    def decode(self, data: Mapping[str, Any]) -> Arms:
        task = super().decode(data)
        if task.low > task.high:
            raise ValueError(
                f"bandits.low must not exceed bandits.high, got {task.low:g} and {task.high:g}"
            )
        return self._checked(task)

    def _checked(self, task: Arms) -> Arms:
        if task.kind != self.settings.kind:
            raise ValueError(
                f"this family has {self.settings.kind} arms (bandits.kind), got a task of "
                f"{task.kind} arms"
            )
        return task

    def simulator(self, tasks: Sequence[Arms], seeds: Sequence[int], device: str) -> Episodes:
        for task in tasks:
            self._checked(task)
        return Episodes(
            lambda seeds: _Payoffs(tasks, seeds, self.arms, self.spec.episodes, device),
            seeds,
            1,
            device,
        )

    def oracle(self, task: Arms) -> float:
        """Mean payoff of a pull under the optimal policy with known payoffs (restless arms: of the
        first pull).
        """
        if task.kind == "eleven":
            hints = task.hint * np.arange(1, ELEVEN)  # all places of the prize are equally likely
            return float(np.maximum(hints, max(task.prize, task.other)).mean())
        if task.kind == "dependent":
            grid = np.linspace(task.low, task.high, 10_001)
            return float(np.maximum(grid, 1 - grid).mean())
        # mean of the largest of this many uniform numbers
        return task.low + (task.high - task.low) * self.arms / (self.arms + 1)

    def outline(self, task: Arms, state: Any = None) -> dict[str, list[np.ndarray]]:
        """A post for each arm, as high as its largest payoff; with a state, a marker above the
        pulled arm at the height of the last payoff.
        """
        tops = np.full(self.arms, task.high)
        if task.kind == "eleven":
            best = max(task.prize, task.other)  # the prize may be at any of the arms but the last
            tops = np.array([best] * (ELEVEN - 1) + [(ELEVEN - 1) * task.hint]) / 5
        posts = [np.array([[i, 0.0], [i, 2 * top + 0.1]]) for i, top in enumerate(tops)]
        layers = {"ground": [np.array([[-1.0, 0.0], [self.arms, 0.0]]), *posts]}
        if state is not None:
            x, y = (
                float(state["arm"]),
                2 * float(state["payoff"]) / (5 if task.kind == "eleven" else 1),
            )
            layers["body"] = [np.array([[x - 0.3, y], [x + 0.3, y], [x, y + 0.3], [x - 0.3, y]])]
        return layers


class _Payoffs:
    """World (episodes.World) of n sets of arms; payoffs: [n, pulls or 1, arms] float64."""

    def __init__(
        self, tasks: Sequence[Arms], seeds: Sequence[int], arms: int, pulls: int, device: str
    ) -> None:
        self.draws, self.arms = Draws(seeds, device), arms
        genes = columns(tasks, device)
        kind = tasks[0].kind if tasks else "independent"
        self.certain = kind == "eleven"
        if kind == "eleven":
            self.payoffs = self._eleven(genes)
            return
        low, high = genes.get("low", torch.zeros(0)), genes.get("high", torch.zeros(0))
        chance = low[:, None] + (high - low)[:, None] * self.draws.uniform("arms", arms)
        if kind == "dependent":
            first = torch.where(
                self.draws.uniform("which", 1) < 0.5, chance[:, :1], 1 - chance[:, :1]
            )
            chance = torch.cat([first, 1 - first], dim=1)
        self.payoffs = chance[:, None].expand(-1, pulls, -1)
        if kind == "restless":
            steps = torch.stack(
                [self.draws.normal("drift", arms, t) for t in range(min(pulls, WALK))], dim=1
            )
            walk = torch.cat(
                [torch.zeros_like(steps[:, :1]), steps[:, : pulls - 1].cumsum(1)], dim=1
            )
            logit = (
                torch.logit(chance.clamp(1e-6, 1 - 1e-6))[:, None]
                + genes["drift"][:, None, None] * walk
            )
            self.payoffs = torch.sigmoid(logit)

    def _eleven(self, genes: dict[str, torch.Tensor]) -> torch.Tensor:
        place = (self.draws.uniform("prize", 1) * (ELEVEN - 1)).long()
        payoffs = genes["other"][:, None].repeat(1, ELEVEN)
        payoffs = payoffs.scatter(1, place, genes["prize"][:, None])
        payoffs[:, -1] = genes["hint"] * (place[:, 0] + 1)
        return payoffs[:, None]

    def begin(self, episode: torch.Tensor) -> State:
        nothing = torch.zeros(len(episode), dtype=torch.float64, device=episode.device)
        return {"pull": episode, "arm": torch.zeros_like(episode), "payoff": nothing}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        arm = actions.argmax(1)
        now = state["pull"].clamp(max=self.payoffs.shape[1] - 1)
        payoff = self.payoffs[torch.arange(len(arm), device=arm.device), now, arm]
        if not self.certain:
            payoff = (self.draws.uniform("pull", 1, state["pull"])[:, 0] < payoff).double()
        over = torch.ones_like(arm, dtype=torch.bool)
        after = {"pull": state["pull"], "arm": arm, "payoff": payoff}
        return after, payoff, over, over  # success: always true, the score alone counts

    def observe(self, state: State) -> torch.Tensor:
        return torch.zeros(len(state["arm"]), 0, device=state["arm"].device)


@cache
def bayes_value(pulls: int, arms: tuple[tuple[int, int], ...]) -> float:
    """What the best of all strategies earns in so many pulls of independent arms, uniform in [0,
    1]: exact.

    arms: wins and losses of each so far, sorted, since arms are alike.
    """
    if pulls == 0:
        return 0.0
    best = 0.0
    for i, (won, lost) in enumerate(arms):
        if i and arms[i - 1] == (won, lost):
            continue
        chance, rest = (won + 1) / (won + lost + 2), arms[:i] + arms[i + 1 :]
        after = [tuple(sorted((*rest, new))) for new in ((won + 1, lost), (won, lost + 1))]
        value = chance * (1 + bayes_value(pulls - 1, after[0])) + (1 - chance) * bayes_value(
            pulls - 1, after[1]
        )
        best = max(best, value)
    return best
