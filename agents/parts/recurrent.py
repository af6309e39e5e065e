"""Recurrent networks whose parameters are named tensors: a GRU or LSTM cell and a linear read-out.

`step` is plain arithmetic: parameters may have leading axes (members), and vmap is supported. `run`
computes a whole sequence in a fused kernel, for training: on the CPU those of kernels.gru_kernel
and kernels.lstm_kernel, else torch's. All compute the same function. The cell "eplstm" is an LSTM
with one more gate, which adds a cell state from the memory (arXiv 1805.09692); it has no fused
kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import linear

from ..kernels import gru_kernel, lstm_kernel
from ..kernels.sequences import fits
from .lifetimes import Lifetime, State, over

Cell = Literal["gru", "lstm", "eplstm"]
Parameters = Mapping[str, torch.Tensor]
# A state is hidden [..., n, h], for an LSTM its cell [..., n, h], and for eplstm the cell state
# from the memory.
GATES = {"gru": 3, "lstm": 4, "eplstm": 5}


@dataclass(frozen=True)
class Recurrent:
    inputs: int
    hidden: int
    outputs: int
    cell: Cell = "gru"

    def init(
        self, rng: np.random.Generator, readout_scale: float = 1.0, lasting: int = 0
    ) -> dict[str, torch.Tensor]:
        """Uniform in +-1/sqrt(hidden), as torch does; the read-out times `readout_scale`, its bias
        zero.

        lasting: the most steps for which a unit remembers at first, drawn for each unit (chrono
        initialisation, Tallec & Ollivier 2018, arXiv 1804.11188); 0: torch's initialisation, about
        two steps.
        """
        bound, gates = 1 / math.sqrt(self.hidden), GATES[self.cell] * self.hidden
        shapes = {
            "w_in": (gates, self.inputs),
            "w_hidden": (gates, self.hidden),
            "b_in": (gates,),
            "b_hidden": (gates,),
            "w_out": (self.outputs, self.hidden),
        }
        made = {
            name: torch.from_numpy(rng.uniform(-bound, bound, shape)).float()
            for name, shape in shapes.items()
        }
        if lasting > 2:
            h = self.hidden
            kept = torch.from_numpy(np.log(rng.uniform(1, lasting - 1, h))).float()
            made["b_in"][h : 2 * h] = kept  # the GRU's update gate, the LSTM's forget gate
            made["b_hidden"][h : 2 * h] = 0.0
            if self.cell != "gru":
                made["b_in"][:h], made["b_hidden"][:h] = -kept, 0.0
        return {**made, "w_out": made["w_out"] * readout_scale, "b_out": torch.zeros(self.outputs)}

    def pruned(self, p: Parameters, units: int) -> dict[str, torch.Tensor]:
        """The parameters with the outgoing weights of hidden units beyond the first `units` set to
        0: the function of a smaller network.
        """
        used = (torch.arange(self.hidden) < units).to(p["w_out"].device)
        return {**p, **{name: p[name] * used for name in ("w_hidden", "w_out")}}

    def start(self, n: int, device: str = "cpu") -> State:
        """The state in which n sequences begin: zeros."""
        zero = torch.zeros(n, self.hidden, device=device)
        return tuple(zero.clone() for _ in range({"gru": 1, "lstm": 2, "eplstm": 3}[self.cell]))

    def step(self, p: Parameters, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Outputs [..., n, outputs] and the next state, from x [..., n, inputs]."""
        given = x @ p["w_in"].mT + p["b_in"].unsqueeze(-2)
        kept = state[0] @ p["w_hidden"].mT + p["b_hidden"].unsqueeze(-2)
        if self.cell == "gru":
            reset, update, new = given.chunk(3, -1)
            reset_h, update_h, new_h = kept.chunk(3, -1)
            gate = torch.sigmoid(update + update_h)
            candidate = torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h)
            state = ((1 - gate) * candidate + gate * state[0],)
        else:
            enter, forget, new, leave, *reinstate = (given + kept).chunk(GATES[self.cell], -1)
            memory = torch.sigmoid(forget) * state[1] + torch.sigmoid(enter) * torch.tanh(new)
            if reinstate:
                memory = memory + torch.sigmoid(reinstate[0]) * state[2]
            state = (torch.sigmoid(leave) * torch.tanh(memory), memory, *state[2:])
        return state[0] @ p["w_out"].mT + p["b_out"].unsqueeze(-2), state

    def advance(self, p: Parameters, x: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """`step` with one set of parameters and without gradients: faster where a kernel fits."""
        if not self._fits(p, x, state):
            return self.step(p, x, state)
        outputs, states = self.hidden_states(p, x[None], state)
        return outputs[0], tuple(part[0] for part in states)

    def run(
        self, p: Parameters, x: torch.Tensor, state: State, resets: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Outputs [t, n, outputs] of a sequence x [t, n, inputs]; one set of parameters.

        resets: [t, n] bool, the state is that of `start` before this step; none: never.
        """
        if self._fits(p, x, state):
            return self.hidden_states(p, x, state, resets)[0]
        if resets is not None or self.cell == "eplstm":
            return torch.stack([outputs for outputs, _ in self._steps(p, x, state, resets)])
        weights = [p["w_in"], p["w_hidden"], p["b_in"], p["b_hidden"]]
        # Biases, layers, dropout, training, two directions, batch first. Nothing is dropped, so
        # `training` changes no number; but without it cuDNN keeps nothing for gradients.
        flags = (True, 1, 0.0, True, False, False)
        if self.cell == "gru":
            hidden = torch.gru(x, state[0][None].to(x.dtype), weights, *flags)[0]
        else:
            hidden = torch.lstm(x, [s[None].to(x.dtype) for s in state], weights, *flags)[0]
        return hidden @ p["w_out"].mT + p["b_out"]

    def hidden_states(
        self, p: Parameters, x: torch.Tensor, state: State, resets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, State]:
        """As `run`; the outputs, and each part of the state after each step, [t, n, ...]."""
        if self._fits(p, x, state):
            if self.cell == "gru":
                states: State = (gru_kernel.gru(p, x, state[0], resets),)
            else:
                states = lstm_kernel.lstm(p, x, torch.stack(state), resets)
            return linear(states[0], p["w_out"], p["b_out"]), states
        every, after = zip(*self._steps(p, x, state, resets), strict=True)
        return torch.stack(every), tuple(torch.stack(part) for part in zip(*after, strict=True))

    def _steps(
        self, p: Parameters, x: torch.Tensor, state: State, resets: torch.Tensor | None
    ) -> Iterator[tuple[torch.Tensor, State]]:
        """Outputs and state after each step of a sequence, by `step`."""
        fresh = self.start(x.shape[1], str(x.device))
        lifetimes: list[Lifetime] = ["trial"] * len(state)
        for t, given in enumerate(x):
            if resets is not None:
                state = over("trial", state, fresh, lifetimes, resets[t])
            outputs, state = self.step(p, given, state)
            yield outputs, state

    def _fits(self, p: Parameters, x: torch.Tensor, state: State) -> bool:
        """Whether there is a kernel for these, which torch cannot trace for an export."""
        kernel = self.cell != "eplstm" and not torch.compiler.is_compiling()
        return kernel and fits(x, *state, *p.values())
