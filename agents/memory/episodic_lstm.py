"""The episodic LSTM: RL^2 with an LSTM that reinstates the cell state of a similar past episode.

Ritter et al. 2018, "Been There, Done That: Meta-Learning with Episodic Recall" (arXiv 1805.09692).
A gate r adds a retrieved cell state c_ep to the update of the LSTM:

    c_t = i * c_in + f * c_{t-1} + r * c_ep        h_t = o * tanh(c_t)

At the end of an episode its cell state is stored in an episodic memory under the context of the
episode, which is its first observation. At the start of the next episode h and c are reset to zero,
and c_ep is the cell state stored under the nearest context. The memory lasts for one trial.
Training runs through whole trials again, with reads and writes of the memory. Stored cell states
are detached: gradients train the use of retrieved states, and do not reach the episode in which
they were stored.
Differs: PPO, as in our RL^2. The paper's equation uses c_ep directly, re-implementations use
tanh(c_ep): see `squash`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import torch

from openpoet.settings import Count

from ..parts.lifetimes import State, over
from ..parts.recurrent import Parameters, Recurrent
from .episodic_memory import NAMES, empty, nearest, write
from .rl2 import RL2
from .rl2_config import CONTROL, STATES, RL2Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpoet.poet.interfaces import TaskFamily

Nearness = Literal["l2", "cosine"]
SAME = 1e-6  # squared distance up to which two contexts are considered equal
# an update takes longer than with a compiled GRU, so that smaller ones learn sooner
_STATES = replace(STATES, values={**STATES.values, "lam": 0.3, "trials": 128, "minibatches": 4})


@dataclass(frozen=True)
class EpisodicLSTMConfig(RL2Config):
    """Settings beside those of RL^2."""

    suggestions = (_STATES, CONTROL)  # it needs observations
    cell: Annotated[Literal["lstm"], "Recurrent cell; the memory stores its cell state."] = "lstm"
    hidden: int = 48
    trials: int = 192
    epochs: int = 2
    minibatches: int = 2
    gamma: float = 0.8
    lam: float = 0.5
    lr: float = 5e-3
    lr_end: float = 5e-3
    entropy: float = 0.03
    entropy_end: float = 0.03
    capacity: Annotated[
        Count | None, "Entries of the memory; none: one per episode of a trial."
    ] = None
    squash: Annotated[
        bool, "Use the tanh of the retrieved cell state, as re-implementations do."
    ] = False
    reinstate: Annotated[bool, "Retrieve cell states; false: never (a control experiment)."] = True
    nearness: Annotated[Nearness, "Distance of contexts."] = "l2"


class EpisodicLSTM(RL2):
    """Learner (poet.interfaces) that adapts through its hidden state and an episodic memory.

    Raises:
        ValueError: as `RL2`, and if the family has no observations.
    """

    def __init__(self, family: TaskFamily, config: EpisodicLSTMConfig | None = None) -> None:
        c = config or EpisodicLSTMConfig.suggested(family.spec)
        super().__init__(family, c)
        self.context, plain = family.spec.observation_size, self.network
        if not self.context:
            raise ValueError(
                "eplstm retrieves memories by an episode's first observation, and this family has "
                "no observations"
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

    def _network_inputs(
        self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor
    ) -> torch.Tensor:
        """The inputs of RL^2's network, then the first-step flag and the observation.

        The flag is second from the end of a trial's inputs (`trials.policy_inputs`).
        """
        given = super()._network_inputs(weights, inputs)
        return torch.cat([given, inputs[..., -2:-1], inputs[..., : self.context]], -1)


@dataclass(frozen=True)
class Reinstated(Recurrent):
    """An episodic LSTM cell with its memory.

    The state holds h, c and c_ep, each [n, hidden]; the context of the episode, [n, context];
    whether an episode has started, [n] bool; and the tensors of the memory, with one member per
    trial.
    """

    context: int = 1
    capacity: int = 1
    squash: bool = False
    reinstate: bool = True
    cosine: bool = False

    def start(self, n: int, device: str = "cpu") -> State:
        memory = empty(n, self.capacity, self.context, self.hidden, device)
        context = torch.zeros(n, self.context, device=device)
        started = torch.zeros(n, dtype=torch.bool, device=device)
        return (*super().start(n, device), context, started, *(memory[name] for name in NAMES))

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
        outputs, inner = super().step(p, given, state[:3])
        return outputs, (*inner, *state[3:])

    def _begun(self, state: State, context: torch.Tensor, first: torch.Tensor) -> State:
        """The state at the start of an episode in the rows of `first` [n] bool.

        The last cell state is stored under its context, and the cell state stored under the context
        nearest to `context` [n, context] is retrieved.
        """
        with torch.no_grad():
            zero, cell, (last, started) = torch.zeros_like(state[0]), state[1], state[3:5]
            key = torch.nn.functional.normalize(context, dim=1) if self.cosine else context
            rows = torch.arange(len(key), device=key.device)
            entry = rows[None], last[None], cell[None], (first & started)[None]
            memory = write(
                dict(zip(NAMES, state[5:], strict=True)), *entry, merge=_latest, same=SAME
            )
            found = nearest(memory, key[:, None], 1)
            retrieved = found.read(found.valid.float())[:, 0] * self.reinstate
            retrieved = torch.tanh(retrieved) if self.squash else retrieved
            started = torch.ones_like(started)
            return (zero, zero, retrieved, key, started, *(memory[name] for name in NAMES))


def _latest(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """The value to store where a context is stored already: the latest cell state."""
    return new
