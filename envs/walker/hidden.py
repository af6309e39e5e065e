"""The walker's simulator with what a trial hides besides the body: delayed actions, noise on the
observations, and a reward for a target speed.

It wraps a simulator of any engine and device, with torch tensors on that device. A row's noise is a
function of its seed, its episode and its step, so a row does not depend on the batch, and repeats
after a reset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..parts.draws import Draws
from .body_draw import REVEALED, draw, revealed
from .body_genes import RANGES

if TYPE_CHECKING:
    from .cuda.simulator import CudaSimulator
    from .simulator import WalkerSimulator, WalkerState
    from .task import WalkerTask

LONGEST = int(RANGES["delay"].high)  # steps
EPISODE = 2**24  # counters of noise between the first steps of two episodes
SPEED = 0.3 * 20 / 50  # observation 2 for a hull's velocity of 1 m/s
DT = 1 / 50  # [s]
PROGRESS = 130 / 30  # Gymnasium's reward for a metre
TORQUE_COST = 0.00035 * 80  # Gymnasium's, for an action of 1 in a step
FALL = -100.0


class HiddenSimulator:
    """Simulator (poet.interfaces) of tasks with a body (WalkerTask.body).

    reveal: append the hidden draw to the observations (body_draw.revealed), without noise.

    An action takes effect `delay` steps after it is given, and the first steps have zero actions.
    The cost of torque in the reward is that of the action in effect. v is the hull's velocity along
    the track at the end of the step.
    """

    def __init__(
        self,
        inner: WalkerSimulator | CudaSimulator,
        tasks: Sequence[WalkerTask],
        seeds: Sequence[int],
        device: str,
        *,
        reveal: bool,
    ) -> None:
        n = len(tasks)
        self._inner, self._tasks, self._device = inner, list(tasks), device
        self._random = Draws(seeds, device)
        self._noise, self._target, self._fastest = self._zeros(n, 3, dtype=torch.float64).unbind(1)
        self._delay, self._episode, self._age = self._zeros(n, 3, dtype=torch.int64).unbind(1)
        self._instead, self._added, self._ended = self._zeros(n, 3, dtype=torch.bool).unbind(1)
        self._queue = self._zeros(n, LONGEST + 1, 4)  # latest action first
        self._clean = self._zeros(n, 24)  # observations without noise
        self._revealed = self._zeros(n, REVEALED if reveal else 0)
        self._draw(list(range(n)), seeds)

    def _zeros(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        return torch.zeros(*shape, dtype=dtype, device=self._device)

    def _draw(self, rows: list[int], seeds: Sequence[int]) -> None:
        """Set what is hidden in these rows to the draws of the seeds."""
        draws = [draw(self._tasks[row].body, int(s)) for row, s in zip(rows, seeds, strict=True)]
        hidden = [drawn.hidden for drawn in draws]
        for tensor, values in (
            (self._random.seeds, [int(seed) for seed in seeds]),
            (self._noise, [h.noise for h in hidden]),
            (self._target, [h.target_speed for h in hidden]),
            (self._fastest, [h.fastest for h in hidden]),
            (self._delay, [h.delay for h in hidden]),
            (self._instead, [h.reward == "instead" for h in hidden]),
            (self._added, [h.reward == "added" for h in hidden]),
        ):
            tensor[rows] = torch.tensor(values, dtype=tensor.dtype, device=self._device)
        if self._revealed.shape[1] and rows:
            table = np.stack([revealed(drawn) for drawn in draws])
            self._revealed[rows] = torch.from_numpy(table).to(self._device)
        self._delays, self._noisy = bool(self._delay.any()), bool(self._noise.any())
        self._targets = bool((self._instead | self._added).any())

    @property
    def steps(self) -> int:
        return self._inner.steps

    @property
    def success(self) -> torch.Tensor:
        return self._inner.success

    def reset(self) -> torch.Tensor:
        self._episode = torch.zeros_like(self._episode)
        return self._begin(torch.ones_like(self._ended), self._inner.reset())

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start another episode of the rows in the mask [n] bool, with the same hidden draw."""
        rows = rows.to(self._ended.device)
        self._episode = self._episode + rows * count
        return self._begin(rows, self._inner.restart(rows))

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations of their tasks."""
        rows = rows.to(self._ended.device)
        observations = self._inner.redraw(rows, seeds)
        self._draw(torch.nonzero(rows)[:, 0].tolist(), seeds)
        self._episode = torch.where(rows, 0, self._episode)
        return self._begin(rows, observations)

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        live, applied = ~self._ended, self._delayed(actions)
        clean, rewards, terminated, truncated = self._inner.step(applied)
        if self._targets:
            rewards = torch.where(live, self._rewards(clean, applied, rewards, terminated), 0.0)
        self._age += live
        self._ended, self._clean = terminated | truncated, clean
        return self._observed(), rewards, terminated, truncated

    def state(self, row: int) -> WalkerState:
        return self._inner.state(row)

    def _begin(self, rows: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        self._age = torch.where(rows, 0, self._age)
        self._ended = self._ended & ~rows
        self._queue[rows] = 0.0
        self._clean = clean
        return self._observed()

    def _delayed(self, actions: torch.Tensor) -> torch.Tensor:
        """The actions in effect at this step, [n, 4] float32."""
        given = actions.detach().to(self._queue)
        if not self._delays:
            return given
        if not bool(torch.isfinite(given[~self._ended]).all()):
            finite = torch.isfinite(given).all(1) | self._ended
            row = int(torch.nonzero(~finite)[0])
            raise ValueError(f"actions must be finite, got NaN or infinity for walker {row}")
        self._queue = torch.cat([given[:, None], self._queue[:, :-1]], 1)
        return self._queue[torch.arange(len(given), device=given.device), self._delay]

    def _rewards(
        self,
        clean: torch.Tensor,
        applied: torch.Tensor,
        usual: torch.Tensor,
        terminated: torch.Tensor,
    ) -> torch.Tensor:
        """Rewards [n] of a step to observations `clean` under the actions `applied`.

        clean: [n, 24] without noise. applied: [n, 4]. usual: Gymnasium's rewards [n].
        added: usual - c |v - v*|, with c = 130 / 30 * dt, so that a difference of 1 m/s costs what
        Gymnasium gives for 1 m/s. instead: c (fastest - |v - v*|), with Gymnasium's rewards for the
        hull's angle and for torque. The reward of a fall is -100 in all cases.
        """
        # Differs: the papers' reward is -|v - v*|. The constant c * fastest, equal for all draws,
        # makes a step worth more than a fall, which ends an episode here.
        per_speed = PROGRESS * DT
        error = per_speed * (clean[:, 2].double() / SPEED - self._target).abs()
        upright = self._clean[:, 0].double().abs() - clean[:, 0].double().abs()
        torque = TORQUE_COST * applied.double().abs().clamp(max=1).sum(1)
        instead = per_speed * self._fastest - error + 5.0 * upright - torque
        rewards = torch.where(self._instead, instead, usual - error * self._added)
        return torch.where(terminated & (usual == FALL), FALL, rewards)

    def _observed(self) -> torch.Tensor:
        """The observations as the agent gets them."""
        observed = self._clean
        if self._noisy:
            noise = self._random.normal("noise", 24, self._episode * EPISODE + self._age)
            noisy = (observed + self._noise[:, None] * noise).float()
            observed = torch.where((self._noise > 0)[:, None], noisy, observed)
        return torch.cat([observed, self._revealed], 1) if self._revealed.shape[1] else observed
