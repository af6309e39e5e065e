"""What an agent carries through a life, and the one rule by which it begins anew.

Every part of the state declares how long it lives: a step, an episode, a trial or a life. When one
of these is over, so is whatever lives no longer. That is all that tells a policy without memory
(step), an ordinary recurrent one (episode) and RL^2 (trial) apart; a latent of MAESN lives a trial,
its z an episode, a policy of EPG a life. The controls of an evaluation are the same rule bent:
adaptation that is off outlives no episode, and a history that is shuffled goes to another life.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

State = tuple[torch.Tensor, ...]  # parts of a state, each [n, ...]
Lifetime = Literal["step", "episode", "trial", "life"]
# each is over when one after it is
LIFETIMES: tuple[Lifetime, ...] = ("step", "episode", "trial", "life")
Control = Literal["none", "off", "shuffled"]
CONTROLS: tuple[Control, ...] = ("none", "off", "shuffled")


def over(
    ended: Lifetime, state: State, fresh: State, lives: Sequence[Lifetime], rows: torch.Tensor
) -> State:
    """The state after a step, an episode, ... of the rows in the mask [n] bool: what lives no
    longer begins anew.
    """
    return tuple(
        _where(rows, new, old) if LIFETIMES.index(lifetime) <= LIFETIMES.index(ended) else old
        for old, new, lifetime in zip(state, fresh, lives, strict=True)
    )


def next_episode(
    state: State,
    fresh: State,
    lives: Sequence[Lifetime],
    rows: torch.Tensor,
    control: Control = "none",
) -> State:
    """The state with which those rows begin their next episode.

    off: nothing outlives an episode. shuffled: what does is that of the life before, so that every
    life goes on with a history which is a good one, but of another draw of the task.
    """
    if control == "off":
        lives = ["episode"] * len(state)
    elif control == "shuffled":
        state = tuple(_where(rows, part.roll(1, 0), part) for part in state)
    return over("episode", state, fresh, lives, rows)


def _where(rows: torch.Tensor, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    return torch.where(rows.reshape(-1, *[1] * (new.dim() - 1)), new, old)
