"""What a rollout of PPO is: its shape, its steps, and the tensors that an update is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from ..parts.lifetimes import State


@dataclass(frozen=True)
class Plan:
    """The shape of rollouts."""

    rows: int  # trials side by side
    steps: int  # of a rollout; with `whole` at most so many
    actions: int  # size of the actions' noise
    episodes: int = 1  # of a trial
    whole: bool = False  # a rollout is one trial of every row
    # False: the end of a trial is terminal, also where its last episode was truncated
    bootstrap: bool = True
    chunk: int | None = None  # steps between stored hidden states; None: only the first
    outcomes: bool = False  # whether rollouts hold the observations after the actions
    # Whether one trial of each row is cut off, in each row at another step, so that afterwards a
    # rollout has trials of all ages; for families with `redraw`.
    stagger: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class Rollout:
    """t steps of n rows."""

    observations: torch.Tensor  # [t, n, o], of the simulator
    inputs: torch.Tensor  # [t, n, i] of the network
    actions: torch.Tensor  # [t, n, a]
    log_probs: torch.Tensor  # [t, n]
    values: torch.Tensor  # [t, n]
    rewards: torch.Tensor  # [t, n] float64, of the simulator
    alive: torch.Tensor  # [t, n] bool: the row was simulated
    begins: torch.Tensor  # [t, n] bool: a trial begins at this step
    cuts: torch.Tensor  # [t, n] bool: a trial ends with this step
    # [t, n, o] observed after each action, also at the end of an episode; [t, n, 0] without
    # `Plan.outcomes`
    after: torch.Tensor
    following: torch.Tensor  # [t, n], see advantages.gae
    starts: State  # hidden states before each chunk, [chunks, n, h] each


class Step(NamedTuple):
    observations: torch.Tensor
    inputs: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    values: torch.Tensor
    rewards: torch.Tensor
    alive: torch.Tensor
    begins: torch.Tensor
    cuts: torch.Tensor
    after: torch.Tensor
    beyond: torch.Tensor  # value of the last observation where a trial was truncated, else 0


def joined(columns: list[Step], starts: list[State], last: torch.Tensor) -> Rollout:
    """The rollout of these steps. last: values of the observations after the last step, [n]."""
    step = Step(*(torch.stack(part) for part in zip(*columns, strict=True)))
    finite = torch.isfinite(step.rewards).all(1) & torch.isfinite(step.observations).all(2).all(1)
    if not bool(finite.all()):
        t = int(torch.nonzero(~finite)[0])
        raise ValueError(f"an observation or reward is NaN or infinite at step {t} of a rollout")
    after = torch.cat([step.values[1:], last[None]])
    return Rollout(
        *step[:-1],
        following=torch.where(step.cuts, step.beyond, after),
        starts=tuple(torch.stack(part) for part in zip(*starts, strict=True)),
    )
