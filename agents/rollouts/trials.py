"""Trials: several episodes on one draw of a task, for agents that adapt by memory.

RL^2's convention (Duan et al. 2016, arXiv 1611.02779, the authors' code): the input at an episode's
first step carries the new observation together with the last action, the last reward and a flag; at
a trial's first step the flag is set and the rest is zero. The end of an episode is part of the
input and does not end the trial: after a termination and a truncation alike, the last step is
bootstrapped with the value of the next episode's first step. The agent's state ends with the trial,
so the trial's end is terminal and is not bootstrapped.
Differs: the input also holds the elapsed share of the trial. RL^2 has no such input; Wang et al.
use the number of the step. With a finite horizon the value depends on the remaining time (Pardo et
al. 2018, arXiv 1712.00378).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from ..parts.lifetimes import LIFETIMES, Control, Lifetime, State, next_episode, over

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Simulator, Spec

# (inputs [n, i], state, step) -> (actions [n, a], outputs [n, k], state)
RecurrentActFunction = Callable[
    [torch.Tensor, State, int], tuple[torch.Tensor, torch.Tensor, State]
]


# step: of the last step. episode: the return of the trial's episode before, 0 in the first
RewardInput = Literal["step", "episode"]


@dataclass(frozen=True)
class Trials:
    """n trials of at most t steps, on one device."""

    inputs: torch.Tensor  # [t, n, i] float32
    outputs: torch.Tensor  # [t, n, k] of the network
    actions: torch.Tensor  # [t, n, a]
    rewards: torch.Tensor  # [t, n] float64
    alive: torch.Tensor  # [t, n] bool: the trial has not ended before this step
    # [t, n, o] observed after each action: at an episode's end its last, not the next one's first
    after: torch.Tensor
    returns: torch.Tensor  # [n, episodes] float64, each episode's sum of rewards
    success: torch.Tensor  # [n, episodes] bool, the simulator's when the episode ended
    steps: int  # environment steps


def input_size(spec: Spec, twice: bool = False) -> int:
    """Size of the policy's input.

    Observation (twice: and the one before it), last action, last reward, first-step flag, and the
    elapsed share of the trial.
    """
    return spec.observation_size * (2 if twice else 1) + spec.action_size + 3


def policy_inputs(
    observations: torch.Tensor,
    before: torch.Tensor | None,
    action: torch.Tensor,
    reward: torch.Tensor,
    first: torch.Tensor,
    over: torch.Tensor,
) -> torch.Tensor:
    """Inputs [n, i], see input_size. before: the last observations, where `twice` is used."""
    extra = torch.stack([reward.float(), first.float(), over.float()], dim=1)
    return torch.cat([observations, *([] if before is None else [before]), action, extra], dim=1)


def next_reward_input(
    kind: RewardInput,
    reward: torch.Tensor,
    ended: torch.Tensor,
    shown: torch.Tensor,
    total: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The reward as an input of the next step, and the return of its episode so far, [n] each.

    reward, ended: of the step, [n]. shown, total: the same two before the step.
    """
    total = total + reward
    shown = reward if kind == "step" else torch.where(ended, total, shown)
    return shown, torch.where(ended, 0.0, total)


@dataclass(frozen=True)
class _Plan:
    """Arguments of run_trials."""

    lifetimes: Sequence[Lifetime] | None
    control: Control
    twice: bool
    reward_input: RewardInput


class _Memory:
    """What n rows carry from step to step: the policy's state, and the last action, reward and
    observation, with the longest lifetime of the state's parts.
    """

    def __init__(self, state: State, seen: torch.Tensor, actions: int, plan: _Plan) -> None:
        n, device = len(seen), seen.device
        self.plan, self.size = plan, len(state)
        self.every = torch.ones(n, dtype=torch.bool, device=device)
        none = torch.zeros(n, dtype=torch.float64, device=device)
        self.total = none  # the return of the episode so far
        last = (torch.zeros(n, actions, device=device), none, torch.zeros_like(seen))
        self.parts = self.fresh = (*state, *last)
        lifetimes = plan.lifetimes or ["trial"] * len(state)
        self.lifetimes = [*lifetimes, *[max(lifetimes, key=LIFETIMES.index)] * len(last)]

    @property
    def state(self) -> State:
        return self.parts[: self.size]

    def inputs(self, seen: torch.Tensor, first: torch.Tensor, share: float) -> torch.Tensor:
        """The policy's inputs [n, i], see policy_inputs."""
        action, shown, before = self.parts[self.size :]
        elapsed = torch.full_like(shown, share)
        return policy_inputs(
            seen, before if self.plan.twice else None, action, shown, first, elapsed
        )

    def after_step(
        self,
        state: State,
        action: torch.Tensor,
        reward: torch.Tensor,
        seen: torch.Tensor,
        ended: torch.Tensor,
    ) -> None:
        """seen: the observation before the action. ended: rows whose episode ended, [n] bool."""
        shown, self.total = next_reward_input(
            self.plan.reward_input, reward, ended, self.parts[-2], self.total
        )
        carried = (*state, action, shown, seen)
        self.parts = over("step", carried, self.fresh, self.lifetimes, self.every)

    def next_episode(self, rows: torch.Tensor) -> None:
        self.parts = next_episode(self.parts, self.fresh, self.lifetimes, rows, self.plan.control)


def run_trials(
    simulator: Simulator,
    spec: Spec,
    episodes: int,
    act: RecurrentActFunction,
    state: State,
    *,
    lifetimes: Sequence[Lifetime] | None = None,
    control: Control = "none",
    twice: bool = False,
    reward_input: RewardInput = "step",
) -> Trials:
    """Trials of all rows of the simulator, from a fresh state.

    lifetimes: of each part of the state; a trial by default. The last action, reward and
    observation are part of the state too, with the longest of these lifetimes.
    control: see lifetimes.next_episode.
    twice: the inputs also hold the observation before the last action, also across an episode's
    end.
    reward_input: which rewards the inputs hold.
    """
    seen = simulator.reset()
    plan = _Plan(lifetimes, control, twice, reward_input)
    memory = _Memory(state, seen, spec.action_size, plan)
    first, number = memory.every, torch.zeros(len(seen), dtype=torch.int64, device=seen.device)
    columns: list[tuple[torch.Tensor, ...]] = []
    longest = episodes * spec.horizon
    for t in range(longest):
        alive = number < episodes
        if not bool(alive.any()):
            break
        inputs, before = memory.inputs(seen, first, t / longest), seen
        action, outputs, state = act(inputs, memory.state, t)
        seen, reward, terminated, truncated = simulator.step(action)
        if not bool(torch.isfinite(seen).all() & torch.isfinite(reward).all()):
            raise ValueError(f"an observation or reward is NaN or infinite at step {t} of a trial")
        first = (terminated | truncated) & alive
        reached = first & simulator.success
        columns.append((inputs, outputs, action, reward, alive, seen, number, reached))
        memory.after_step(state, action, reward, before, first)
        number = number + first
        again = first & (number < episodes)
        if bool(again.any()):
            seen = simulator.restart(again)
            memory.next_episode(again)
    return _gathered(columns, episodes, simulator.steps)


def _gathered(columns: Sequence[tuple[torch.Tensor, ...]], episodes: int, steps: int) -> Trials:
    """Trials from the tensors of each step, with rewards and success summed by episode."""
    inputs, outputs, actions, rewards, alive, after, number, success = (
        torch.stack(part) for part in zip(*columns, strict=True)
    )
    place = number.clamp(max=episodes - 1).T
    empty = torch.zeros(len(place), episodes, dtype=torch.float64, device=rewards.device)
    returns = empty.scatter_add(1, place, rewards.T)
    reached = empty.scatter_add(1, place, success.T.double()) > 0
    return Trials(inputs, outputs, actions, rewards, alive, after, returns, reached, steps)
