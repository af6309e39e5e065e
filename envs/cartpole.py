"""Cart-pole with physical parameters as genes: gravity, mass and length of the pole, force, and the
direction of the motor.

The equations of Barto, Sutton & Anderson 1983 as in Gymnasium's CartPole-v1 (Euler's method, 0.02
s), to which they are equal in float64. A trial draws its parameters around the genome's; they are
not observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Annotated, Any

import numpy as np
import torch

from openpoet.settings import Count, Settings

from .parts.draws import Draws
from .parts.episodes import Episodes, Spec, State
from .parts.genome import Genomes, columns, gene

DT, CART = 0.02, 1.0  # [s], [kg]
FAR, TILT = 2.4, 12 * 2 * pi / 360  # where an episode ends: [m], [rad]


@dataclass(frozen=True)
class Cart:
    """The defaults are CartPole-v1's."""

    gravity: float = gene(9.8, low=1.0, high=30.0, step=1.0)  # [m/s^2]
    pole: float = gene(0.1, low=0.02, high=2.0, step=0.05)  # mass [kg]
    length: float = gene(0.5, low=0.1, high=2.0, step=0.1)  # half of the pole's [m]
    force: float = gene(10.0, low=2.0, high=30.0, step=1.0)  # [N]
    # the parameters of a trial are those above times a factor uniform in 1 +- spread
    spread: float = gene(0.0, low=0.0, high=0.8, step=0.1)
    # probability that a trial has a reversed motor
    reversed: float = gene(0.0, low=0.0, high=0.5, step=0.1)


@dataclass(frozen=True)
class CartPoleSettings(Settings):
    horizon: Annotated[Count, "Steps of an episode."] = 200
    episodes: Annotated[Count, "Episodes of a trial."] = 3
    solved_score: Annotated[
        float, "Mean steps of an episode, after adaptation, that are a success."
    ] = 180.0


class CartPole(Genomes[Cart]):
    """Task family (poet.interfaces). Observation [4]: position, velocity, angle, angular velocity.
    Actions: left, right.
    """

    name = "cartpole"
    realised_by = ("horizon",)
    start = Cart()

    def __init__(self, settings: CartPoleSettings | None = None) -> None:
        self.settings = s = settings or CartPoleSettings()
        spec = Spec(
            4, 2, s.horizon, s.episodes, s.solved_score, deterministic=False, discrete=True, dt=DT
        )
        self.spec = spec.with_thresholds(
            s.horizon * 9 / 15, s.horizon * 2 / 15, s.horizon * 14 / 15
        )

    def simulator(self, tasks: Sequence[Cart], seeds: Sequence[int], device: str) -> Episodes:
        return Episodes(
            lambda seeds: Poles(tasks, seeds, self.settings.horizon, device),
            seeds,
            self.settings.horizon,
            device,
        )

    def oracle(self, task: Cart) -> float:
        """An upper bound of an episode's return; linear feedback attains it if the motor is strong
        enough.
        """
        return float(self.settings.horizon)

    def outline(self, task: Cart, state: Any = None) -> dict[str, list[np.ndarray]]:
        box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * np.array([0.25, 0.12])
        layers = {"ground": [np.array([[-FAR, -0.12], [FAR, -0.12]])]}
        if state is not None:
            x, angle = float(state["motion"][0]), float(state["motion"][2])
            tip = np.array([x + 2 * task.length * np.sin(angle), 2 * task.length * np.cos(angle)])
            layers["body"] = [box + np.array([x, 0.0]), np.array([[x, 0.0], tip])]
        return layers


class Poles:
    """World (episodes.World) of n carts; motion: [n, 4] float64, in the order observed."""

    def __init__(
        self, tasks: Sequence[Cart], seeds: Sequence[int], horizon: int, device: str
    ) -> None:
        self.draws, self.horizon = Draws(seeds, device), horizon
        genes = columns(tasks, device) if tasks else {}
        spread = genes.get("spread", torch.zeros(0, dtype=torch.float64))[:, None]
        factors = 1 + spread * (2 * self.draws.uniform("physics", 4) - 1)
        names = ("gravity", "pole", "length", "force")
        zero = torch.zeros(0, dtype=torch.float64)
        self.gravity, self.pole, self.length, force = (
            genes.get(name, zero) * factors[:, i] for i, name in enumerate(names)
        )
        turned = self.draws.uniform("motor", 1)[:, 0] < genes.get("reversed", zero)
        self.force = torch.where(turned, -force, force)

    def begin(self, episode: torch.Tensor) -> State:
        motion = 0.1 * self.draws.uniform("start", 4, episode) - 0.05
        return {"motion": motion, "time": torch.zeros_like(episode)}

    def advance(
        self, state: State, actions: torch.Tensor
    ) -> tuple[State, torch.Tensor, torch.Tensor, torch.Tensor]:
        x, v, angle, turn = state["motion"].unbind(1)
        force = torch.where(actions.argmax(1) == 1, self.force, -self.force)
        cosine, sine, total, moment = (
            torch.cos(angle),
            torch.sin(angle),
            CART + self.pole,
            self.pole * self.length,
        )
        push = (force + moment * turn**2 * sine) / total
        spin = (self.gravity * sine - cosine * push) / (
            self.length * (4.0 / 3.0 - self.pole * cosine**2 / total)
        )
        speed_up = push - moment * spin * cosine / total
        motion = torch.stack(
            [x + DT * v, v + DT * speed_up, angle + DT * turn, turn + DT * spin], 1
        )
        fallen = (motion[:, 0].abs() > FAR) | (motion[:, 2].abs() > TILT)
        time = state["time"] + 1
        return (
            {"motion": motion, "time": time},
            torch.ones_like(x),
            fallen,
            ~fallen & (time >= self.horizon),
        )

    def observe(self, state: State) -> torch.Tensor:
        return state["motion"].float()
