"""Random tabular MDPs, drawn for every trial, as in RL^2 (Duan et al. 2016, arXiv 1611.02779; sizes
of the authors' code).

Mean rewards are normal, rewards have normal noise, P(.|s, a) is uniform on the simplex. An episode
starts in state 0. The genes are mean and spread of the mean rewards, the noise, and how
deterministic the transitions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Interval

from openpoet.settings import MOST_COUNT, MOST_UNITS, Count, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene


@dataclass(frozen=True)
class Tables:
    """Distribution of the tables of a trial; the defaults are RL^2's."""

    mean: float = gene(1.0, low=-2.0, high=2.0, step=0.2)  # of the mean rewards
    # of the mean rewards, standard deviation
    spread: float = gene(1.0, low=0.0, high=3.0, step=0.1)
    noise: float = gene(1.0, low=0.0, high=3.0, step=0.1)  # of a reward, standard deviation
    # P is proportional to (exponential draw) ** certainty
    certainty: float = gene(1.0, low=0.0, high=8.0, step=0.5)


@dataclass(frozen=True)
class MdpSettings(Settings):
    states: Annotated[int, Interval(ge=2, le=MOST_UNITS), "States."] = 10
    actions: Annotated[int, Interval(ge=2, le=MOST_UNITS), "Actions."] = 5
    horizon: Annotated[Count, "Steps of an episode."] = 10
    episodes: Annotated[Count, "Episodes of a trial."] = 10
    solved_score: Annotated[float, "Return of an episode, after adaptation, that is a success."] = (
        15.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if (size := self.states**2 * self.actions) > MOST_COUNT:
            raise ValueError(
                "states * states * actions, the transition probabilities of a trial, must be at "
                f"most {MOST_COUNT}, got {size}: set fewer states or actions"
            )


class TabularMdps(Genomes[Tables]):
    """Task family (poet.interfaces). Observation: the state, one-hot. Discrete actions."""

    name = "mdp"
    realised_by = ("states", "actions", "horizon")
    start = Tables()

    def __init__(self, settings: MdpSettings | None = None) -> None:
        self.settings = s = settings or MdpSettings()
        spec = Spec(
            s.states,
            s.actions,
            s.horizon,
            s.episodes,
            s.solved_score,
            deterministic=False,
            discrete=True,
            one_hot=True,
        )
        self.spec = spec.with_thresholds(1.1 * s.horizon, 0.5 * s.horizon, 3.0 * s.horizon)

    def simulator(self, tasks: Sequence[Tables], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: self.world(tasks, seeds, device), seeds, self.settings.horizon, device
        )

    def world(
        self, tasks: Sequence[Tables], seeds: Sequence[int], device: str = "cpu"
    ) -> TabularWorld:
        """The tables drawn for these tasks and seeds."""
        return TabularWorld(tasks, seeds, self.settings.states, self.settings.actions, device)

    def oracle(self, tasks: Sequence[Tables], seeds: Sequence[int]) -> np.ndarray:
        """Return of an episode [n] under the optimal policy with known tables, by finite-horizon
        value iteration.
        """
        world = self.world(tasks, seeds)
        value = torch.zeros(len(tasks), self.settings.states, dtype=torch.float64)
        for _ in range(self.settings.horizon):
            value = (world.rewards + torch.einsum("nsat,nt->nsa", world.transitions, value)).amax(2)
        return value[:, 0].numpy()

    def outline(self, task: Tables, state: Any = None) -> dict[str, list[np.ndarray]]:
        """States as small squares on a circle; with a state, a marker on the current one."""
        angles = 2 * np.pi * np.arange(self.settings.states) / self.settings.states
        centres = np.stack([np.cos(angles), np.sin(angles)], 1) * (2 + task.spread)
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.2
        layers = {"ground": [centre + square for centre in centres]}
        if state is not None:
            layers["body"] = [centres[int(state["place"])] + square / 2]
        return layers


class TabularWorld:
    """World (episodes.World) of n MDPs: mean rewards [n, s, a] and transition probabilities
    [n, s, a, s'], float64.
    """

    def __init__(
        self, tasks: Sequence[Tables], seeds: Sequence[int], states: int, actions: int, device: str
    ) -> None:
        self.draws, n = Draws(seeds, device), len(tasks)
        genes, each = columns(tasks, device), (n, 1, 1)
        if not n:
            genes = {
                name: torch.zeros(0, dtype=torch.float64)
                for name in ("mean", "spread", "noise", "certainty")
            }
        normal = self.draws.normal("rewards", states * actions).reshape(n, states, actions)
        self.rewards = genes["mean"].reshape(each) + genes["spread"].reshape(each) * normal
        exponential = -torch.log1p(-self.draws.uniform("transitions", states * actions * states))
        weight = exponential.reshape(n, states, actions, states) ** genes["certainty"].reshape(
            n, 1, 1, 1
        )
        self.transitions = weight / weight.sum(3, keepdim=True)
        self.noise, self.states = genes["noise"], states
        self._sums = self.transitions.cumsum(3)

    def begin(self, episode: torch.Tensor) -> State:
        zero = torch.zeros_like(episode)
        return {"place": zero, "episode": episode, "time": zero}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        rows, action = torch.arange(len(actions), device=actions.device), actions.argmax(1)
        when = state["episode"] * 2**20 + state["time"]
        noise = self.draws.normal("noise", 1, when)[:, 0]
        rewards = self.rewards[rows, state["place"], action] + self.noise * noise
        below = self._sums[rows, state["place"], action] <= self.draws.uniform("next", 1, when)
        place = below.sum(1).clamp(max=self.states - 1)
        never = torch.zeros_like(place, dtype=torch.bool)
        after = {"place": place, "episode": state["episode"], "time": state["time"] + 1}
        return after, rewards, never, ~never  # success: always true, the score alone counts

    def observe(self, state: State) -> torch.Tensor:
        return torch.nn.functional.one_hot(state["place"], self.states).float()
