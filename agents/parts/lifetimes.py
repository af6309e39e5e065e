"""Lifetimes of an agent's state, and the one rule by which its parts are reset.

A trial is several episodes on one draw of a task. Every part of the state has a lifetime: a step,
an episode or a trial. When one of these ends, all parts whose lifetime is not longer are reset to
their initial values. The lifetime of the hidden state is the only difference between a policy
without memory (step), an ordinary recurrent policy (episode) and RL^2 (trial). MAESN's latent
distribution lasts a trial and its z an episode; EPG's inner policy lasts a trial. The controls of
an evaluation change the same rule: with adaptation off nothing lasts longer than an episode, and
with a shuffled history the state is passed to another trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

State = tuple[torch.Tensor, ...]  # parts of a state, each [n, ...]
Lifetime = Literal["step", "episode", "trial"]
# in this order: the end of one is also the end of all before it
LIFETIMES: tuple[Lifetime, ...] = ("step", "episode", "trial")
Control = Literal["none", "off", "shuffled"]
CONTROLS: tuple[Control, ...] = ("none", "off", "shuffled")


def over(
    ended: Lifetime, state: State, fresh: State, lifetimes: Sequence[Lifetime], rows: torch.Tensor
) -> State:
    """The state after a step, an episode or a trial has ended in the rows of the mask [n] bool.

    state, fresh: current and initial values of each part, [n, ...]; lifetimes: one for each part.
    Parts whose lifetime is at most `ended` are reset to `fresh` in these rows.
    """
    return tuple(
        _where(rows, new, old) if LIFETIMES.index(lifetime) <= LIFETIMES.index(ended) else old
        for old, new, lifetime in zip(state, fresh, lifetimes, strict=True)
    )


def next_episode(
    state: State,
    fresh: State,
    lifetimes: Sequence[Lifetime],
    rows: torch.Tensor,
    control: Control = "none",
) -> State:
    """The state with which the rows in the mask [n] bool begin their next episode.

    control: "off" resets every part, so that nothing lasts longer than an episode. "shuffled" gives
    each row the state of the row before it, so that every trial continues with a history that is
    valid but belongs to another draw of the task.
    """
    if control == "off":
        lifetimes = ["episode"] * len(state)
    elif control == "shuffled":
        state = tuple(_where(rows, part.roll(1, 0), part) for part in state)
    return over("episode", state, fresh, lifetimes, rows)


def _where(rows: torch.Tensor, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    return torch.where(rows.reshape(-1, *[1] * (new.dim() - 1)), new, old)
