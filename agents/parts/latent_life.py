"""Agents that hold a latent for an episode, in draws that are driven from outside: MAESN's and
PEARL's.

A z is drawn when an episode begins, from what is believed of its draw then; a greedy agent acts on
the mean of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

Latent = tuple[torch.Tensor, ...]  # mean and log standard deviation [n, d]
# (observations [n, o], z [n, d], greedy) -> actions [n, a]
Act = Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]


class Holding:
    """Life (metaworld_protocol) of n draws. believed: from the parts of the state that are a
    belief, [n, ...] each.
    """

    hears_rewards = False

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        believed: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: Act,
        generator: torch.Generator,
    ) -> None:
        self._believed, self._act, self._generator = believed, act, generator
        mean, _ = believed(belief)
        self.state = {**belief, "z": mean}

    def begin(self, rows: torch.Tensor) -> None:
        if not bool(rows.any()):
            return
        mean, log_std = self._believed(self.state)
        z = mean + log_std.exp() * torch.randn(mean.shape, generator=self._generator).to(
            mean.device
        )
        self.state = {**self.state, "z": torch.where(rows[:, None], z, self.state["z"])}

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        return self._act(
            observations, self._believed(self.state)[0] if greedy else self.state["z"], greedy
        )


class Exploring(Holding):
    """MAESN's: the belief is moved up the return, by the episodes between two calls of adapt.

    moved: latents after an inner step, from latents, epsilon [n, episodes, d], returns [n,
    episodes], updates so far.
    """

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        act: Act,
        moved: Callable[[Latent, torch.Tensor, torch.Tensor, int], Latent],
        gamma: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(belief, lambda state: (state["mean"], state["log_std"]), act, generator)
        self._moved, self._gamma, self._updates = moved, gamma, 0
        # z, return
        self._met: list[list[tuple[torch.Tensor, torch.Tensor]]] = [[] for _ in self.state["z"]]
        zero = torch.zeros_like(self.state["z"][:, 0])
        self.state |= {"return": zero, "discount": zero + 1}

    def begin(self, rows: torch.Tensor) -> None:
        super().begin(rows)
        s = self.state
        begun = {
            "return": torch.where(rows, 0.0, s["return"]),
            "discount": torch.where(rows, 1.0, s["discount"]),
        }
        self.state = {**s, **begun}

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        s = self.state
        total = s["return"] + s["discount"] * rewards.float()
        self.state = {**s, "return": total, "discount": s["discount"] * self._gamma}
        for row in ended.nonzero()[:, 0].tolist():
            self._met[row].append((s["z"][row], total[row]))

    def adapt(self) -> None:
        """An inner step on the episodes that ended since the last; ValueError if there are not two
        of each draw.
        """
        count = min(map(len, self._met))
        if count < 2:
            raise ValueError(f"a latent is moved by at least 2 episodes of each draw, got {count}")
        z, returns = (
            torch.stack(
                [torch.stack([episode[part] for episode in row[:count]]) for row in self._met]
            )
            for part in (0, 1)
        )
        mean, log_std = self._believed(self.state)
        epsilon = (z - mean[:, None]) / log_std.exp()[:, None]
        mean, log_std = self._moved((mean, log_std), epsilon, returns, self._updates)
        self.state = {**self.state, "mean": mean, "log_std": log_std}
        self._updates, self._met = self._updates + 1, [[] for _ in self._met]


class Inferring(Holding):
    """PEARL's: every transition adds a factor to the belief, which the next episode's z is drawn
    from.

    factors: parts that are added to the belief's, by name, from transitions [n, (s, a, r)].
    """

    def __init__(
        self,
        belief: Mapping[str, torch.Tensor],
        believed: Callable[[Mapping[str, torch.Tensor]], Latent],
        act: Act,
        factors: Callable[[torch.Tensor], Mapping[str, torch.Tensor]],
        generator: torch.Generator,
    ) -> None:
        super().__init__(belief, believed, act, generator)
        self._factors = factors
        self._did = torch.zeros(len(self.state["z"]), 0)  # observation and action of the last step

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        action = super().act(observations, greedy)
        self._did = torch.cat([observations, action], 1)
        return action

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        if self._did.shape[1]:  # a step was taken
            more = self._factors(torch.cat([self._did, rewards.float()[:, None]], 1))
            self.state = {
                **self.state,
                **{name: self.state[name] + part for name, part in more.items()},
            }

    def adapt(self) -> None:
        """Nothing is left to do: the posterior holds all that was met."""
