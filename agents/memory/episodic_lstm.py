"""The episodic LSTM: RL^2 whose cell is reinstated, by a gate, to what it was when the same context
was last met.

Ritter, Wang, Kurth-Nelson, Jayakumar, Blundell, Pascanu & Botvinick 2018, "Been There, Done That"
(arXiv 1805.09692):

    c_t = i * c_in + f * c_{t-1} + r * c_ep        h_t = o * tanh(c_t)

At an episode's end its cell state is stored under the episode's context; at the next one's start
hidden and cell are zero, and c_ep is what is stored under the nearest context. The memory lasts
through the trial and never longer. The context is what an episode shows first. Training runs
through the trial again, memory included; what is stored is detached, so the gate and what was
retrieved teach the use of memories, not their making.
Differs: PPO as in our RL^2. The formula takes c_ep as it is, re-implementations its tanh: `squash`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from ..parts.lifetimes import State, over
from ..parts.recurrent import Cell, Parameters, Recurrent
from .episodic_memory import NAMES, empty, nearest, write
from .rl2 import RL2
from .rl2_config import RL2Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpoet.poet.interfaces import TaskFamily

Nearness = Literal["l2", "cosine"]
SAME = 1e-6  # squared distance of contexts that are one


@dataclass(frozen=True)
class EpisodicLSTMConfig(RL2Config):
    cell: Cell = "lstm"
    hidden: int = 48
    capacity: int | None = None  # episodes remembered; None: as many as a trial has
    squash: bool = False  # tanh of what is retrieved, as re-implementations have it
    reinstate: bool = True  # false: nothing is ever retrieved (a control)
    nearness: Nearness = "l2"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cell != "lstm" or self.nearness not in ("l2", "cosine"):
            raise ValueError(
                "cell must be 'lstm' and nearness 'l2' or 'cosine', got "
                f"{self.cell!r}, {self.nearness!r}"
            )
        if self.capacity is not None and self.capacity < 1:
            raise ValueError(f"capacity must be a whole number of at least 1, got {self.capacity}")


class EpisodicLSTM(RL2):
    """Learner (poet.interfaces) that adapts within a trial, and remembers from one episode of it to
    others.
    """

    def __init__(self, family: TaskFamily, config: EpisodicLSTMConfig | None = None) -> None:
        c = config or EpisodicLSTMConfig()
        super().__init__(family, c)
        self.context, plain = family.spec.observation_size, self.network
        if not self.context:
            raise ValueError(
                "memories are found by what an episode shows first, and this family shows nothing"
            )
        self.memory_steps = family.spec.horizon
        self.network = Reinstated(
            plain.inputs,
            plain.hidden,
            plain.outputs,
            "eplstm",
            self.context,
            c.capacity or self.episodes,
            c.squash,
            c.reinstate,
            c.nearness == "cosine",
        )

    def _entering(self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
        """What the cell is given, then the first-step flag, second from the end of the inputs, and
        the observation.
        """
        return torch.cat(
            [super()._entering(weights, inputs), inputs[..., -2:-1], inputs[..., : self.context]],
            -1,
        )


@dataclass(frozen=True)
class Reinstated(Recurrent):
    """An eplstm cell that carries its memory: the state goes on with the context of the episode,
    whether there was one yet, and the memory's tensors, of which every trial is a member."""

    context: int = 1
    capacity: int = 1
    squash: bool = False
    reinstate: bool = True
    cosine: bool = False

    def start(self, n: int, device: str = "cpu") -> State:
        memory = empty(n, self.capacity, self.context, self.hidden, device)
        nothing = (
            torch.zeros(n, self.context, device=device),
            torch.zeros(n, dtype=torch.bool, device=device),
        )
        return (*super().start(n, device), *nothing, *(memory[name] for name in NAMES))

    def step(self, p: Parameters, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        given, flag, context = x.split((self.inputs, 1, self.context), -1)
        first = flag[:, 0] > 0
        if bool(first.any()):
            state = over(
                "episode",
                state,
                self._begun(state, context, first),
                ["episode"] * len(state),
                first,
            )
        said, inner = super().step(p, given, state[:3])
        return said, (*inner, *state[3:])

    def _begun(self, state: State, context: torch.Tensor, first: torch.Tensor) -> State:
        """The state as the episodes marked begin: what was is stored, what is like the new context
        comes back.
        """
        with torch.no_grad():
            zero, cell, (last, was) = torch.zeros_like(state[0]), state[1], state[3:5]
            key = torch.nn.functional.normalize(context, dim=1) if self.cosine else context
            rows = torch.arange(len(key), device=key.device)
            entry = rows[None], last[None], cell[None], (first & was)[None]
            memory = write(
                dict(zip(NAMES, state[5:], strict=True)), *entry, merge=_newer, same=SAME
            )
            found = nearest(memory, key[:, None], 1)
            old = found.read(found.there.float())[:, 0] * self.reinstate
            old = torch.tanh(old) if self.squash else old
            return (zero, zero, old, key, torch.ones_like(was), *(memory[name] for name in NAMES))


def _newer(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """A context that is met again is remembered as it was the last time."""
    return new
