"""Rollouts of PPO: steps of many trials side by side, which continue from one rollout to the next.

A rollout has a fixed number of steps. A trial that ends within it is followed by the next one in
its row: on a new realisation of the task (`Simulator.redraw`), or if the family is deterministic in
the next episode of the same. In families without `redraw` a row that has ended waits, with `alive`
false, until all have, and then all trials begin anew in a new simulator. With `whole` a rollout is
instead one trial of every row.

Differs: an improvement step of a learner begins with a reset, because its result must depend on
agent, task and key alone; a run could otherwise not be resumed, nor agents be transferred. Rollouts
continue within the improvement step, which therefore has several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from ..parts.lifetimes import State
from ..parts.scoring import SEEDS
from .policies import LastStep, RolloutPolicy
from .rollout import Plan, Rollout, Step, joined

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator, Task, TaskFamily
    from openpoet.poet.streams import Key


@dataclass
class _Rows:
    """Where each row is in its trial."""

    seen: torch.Tensor  # [n, o] the current observation
    last: LastStep
    state: State
    alive: torch.Tensor  # [n] bool
    begins: torch.Tensor  # [n] bool
    episode: torch.Tensor  # [n] int64, number in the trial
    total: torch.Tensor  # [n] float64, return of the episode so far


@dataclass
class Collector:
    """Trials of some tasks, advanced by one rollout at a time.

    tasks: one a row. key: the stream of the trials' seeds and of the actions' noise.
    """

    family: TaskFamily
    tasks: Sequence[Task]
    plan: Plan
    key: Key
    _simulator: Simulator | None = field(default=None, init=False)
    _earlier: int = field(default=0, init=False)  # steps of earlier simulators
    _clock: int = field(default=0, init=False)  # steps of each row

    def __post_init__(self) -> None:
        self._seeds = self.key.child("seeds").generator()
        self._noise = self.key.child("actions").generator()
        n, device = self.plan.rows, self.plan.device
        self._none = torch.zeros(n, dtype=torch.bool, device=device)
        self._zeros = torch.zeros(n, device=device)
        self._numbers = torch.arange(n, device=device)

    @property
    def steps(self) -> int:
        """Environment steps so far."""
        return self._earlier + (0 if self._simulator is None else self._simulator.steps)

    def collect(self, policy: RolloutPolicy) -> Rollout:
        """The next rollout. ValueError if an observation or reward is NaN or infinite."""
        plan, columns, starts = self.plan, list[Step](), list[State]()
        uniform = self._noise.random((plan.steps, plan.rows, plan.actions), dtype="float32")
        noise = policy.noise(torch.from_numpy(uniform).to(plan.device))
        with torch.no_grad():
            if self._simulator is None or plan.whole:
                self._begin(policy)
            for t in range(plan.steps):
                if plan.whole and not bool(self._rows.alive.any()):
                    break
                if t % (plan.chunk or plan.steps) == 0:
                    starts.append(self._rows.state)
                columns.append(self._step(policy, noise[t]))
            rows = self._rows
            last = policy.values(policy.inputs(rows.seen, rows.last), rows.state)
        return joined(columns, starts, last)

    def _begin(self, policy: RolloutPolicy) -> None:
        """New trials of all rows, in a new simulator."""
        self._earlier, n = self.steps, self.plan.rows
        self._simulator = self.family.simulator(self.tasks, self._new_seeds(n), self.plan.device)
        defer = getattr(self._simulator, "defer", None)
        if defer is not None and not self.plan.whole:
            defer(self.plan.steps)
        seen = self._simulator.reset()
        every = ~self._none
        self._rows = _Rows(
            seen,
            self._fresh(seen),
            policy.start(n),
            every,
            every,
            torch.zeros_like(every).long(),
            self._zeros.double(),
        )

    def _fresh(self, seen: torch.Tensor) -> LastStep:
        """The last step of trials that begin."""
        zeros = self._zeros
        return LastStep(
            torch.zeros_like(seen),
            zeros[:, None].expand(-1, self.plan.actions),
            zeros.double(),
            ~self._none,
            torch.zeros_like(self._none, dtype=torch.int64),
            zeros.double(),
        )

    def _step(self, policy: RolloutPolicy, noise: torch.Tensor) -> Step:
        rows, simulator = self._rows, self._simulator
        assert simulator is not None, "made at the first rollout"
        before, alive, begins = rows.seen, rows.alive, rows.begins
        inputs = policy.inputs(before, rows.last)
        acted = policy.act(inputs, rows.state, noise)
        seen, rewards, terminated, truncated = simulator.step(acted.actions)
        ages = rows.last.ages + 1
        last = LastStep(before, acted.actions, rewards, self._none, ages, rows.last.returns)
        total = rows.total + rewards
        self._rows = _Rows(seen, last, acted.state, alive, self._none, rows.episode, total)
        ended = (terminated | truncated) & alive
        cut = self._cut() & ~ended
        cuts, beyond = self._none, self._zeros
        if self.plan.device != "cpu" or bool((ended | cut).any()):
            cuts, beyond = self._ended(policy, ended, cut, terminated)
        actions, log_probs, values, _ = acted
        return Step(
            before,
            inputs,
            actions,
            log_probs,
            values,
            rewards,
            alive,
            begins,
            cuts,
            seen if self.plan.outcomes else seen[:, :0],
            beyond,
        )

    def _cut(self) -> torch.Tensor:
        """The rows [n] whose trial is cut off after this step."""
        self._clock += 1
        n, spec = self.plan.rows, self.family.spec
        longest = spec.horizon * self.plan.episodes
        if not self.plan.stagger or self._clock > longest:
            return self._none
        return self._numbers * longest // n == self._clock

    def _ended(
        self,
        policy: RolloutPolicy,
        ended: torch.Tensor,
        cut: torch.Tensor,
        terminated: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Begin what follows the episodes that have ended, and the trials cut off, [n] bool each.

        Returns which trials have ended, [n] bool, and the values of their last observations, [n].
        """
        rows, beyond = self._rows, self._zeros
        rows.episode = rows.episode + ended
        over = (ended & (rows.episode >= self.plan.episodes)) | cut
        if self.plan.bootstrap:
            values = policy.values(policy.inputs(rows.seen, rows.last), rows.state)
            beyond = torch.where(over & ~terminated, values, 0.0)
        if self.plan.episodes > 1:
            again = ended & ~over
            rows.seen = self._simulator.restart(again)  # type: ignore[union-attr]  # made
            returns = torch.where(again, rows.total, rows.last.returns)
            rows.last = rows.last._replace(first=again, returns=returns)
        rows.total = torch.where(ended | cut, 0.0, rows.total)
        self._next_trials(policy, over)
        return over, beyond

    def _next_trials(self, policy: RolloutPolicy, over: torch.Tensor) -> None:
        """Begin the next trial of the rows in the mask [n] bool, or let them wait."""
        rows, seen = self._rows, None if self.plan.whole else self._started(over)
        if seen is None:
            rows.alive = rows.alive & ~over
            if not self.plan.whole and not bool(rows.alive.any()):
                self._begin(policy)
            return
        rows.seen = seen
        rows.begins, rows.episode = over, torch.where(over, 0, rows.episode)
        rows.state = _where(over, policy.start(self.plan.rows), rows.state)
        rows.last = LastStep(*_where(over, self._fresh(rows.seen), rows.last))

    def _started(self, over: torch.Tensor) -> torch.Tensor | None:
        """The observations [n, o] after the next trials of the rows in the mask have been started
        in the simulator; None if they must wait until all rows have ended.
        """
        simulator = self._simulator
        assert simulator is not None, "made at the first rollout"
        if self.family.spec.deterministic:
            return simulator.restart(over)
        if (redraw := getattr(simulator, "redraw", None)) is None:
            return None
        seeds = self._new_seeds(int(over.sum()))
        return redraw(over, seeds) if seeds else self._rows.seen

    def _new_seeds(self, number: int) -> list[int]:
        seeds: list[int] = self._seeds.integers(0, SEEDS, number).tolist()
        return seeds


def _where(rows: torch.Tensor, new: State, old: State) -> State:
    """`new` in the rows of the mask [n] bool, else `old`, of each part [n, ...]."""
    return tuple(
        torch.where(rows.reshape(-1, *[1] * (a.dim() - 1)), a, b)
        for a, b in zip(new, old, strict=True)
    )
