"""Trials: several episodes on one draw of a task, met by an agent that remembers.

RL^2's convention (Duan et al. 2016, arXiv 1611.02779, the authors' code): the input at an episode's first step carries
the new observation together with the last action, the last reward and a flag; at a trial's first step the flag is set
and the rest is zero. An episode's end is information, it does not end the trial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .recurrent import State

if TYPE_CHECKING:
    from poet.interfaces import Simulator, Spec

# (inputs [n, i], state) -> (actions [n, a], outputs [n, k], state)
Act = Callable[[torch.Tensor, State, int], tuple[torch.Tensor, torch.Tensor, State]]


@dataclass(frozen=True)
class Trials:
    """n trials of at most t steps, on one device."""

    inputs: torch.Tensor  # [t, n, i] float32
    outputs: torch.Tensor  # [t, n, k] what the network said
    actions: torch.Tensor  # [t, n, a]
    rewards: torch.Tensor  # [t, n] float64
    alive: torch.Tensor  # [t, n] bool: the trial had not ended before this step
    returns: torch.Tensor  # [n, episodes] float64, each episode's sum of rewards
    success: torch.Tensor  # [n, episodes] bool
    steps: int  # environment steps


def input_size(spec: Spec, twice: bool = False) -> int:
    """Observation (twice: and the one before), last action, last reward, flag, and how much of the trial is over."""
    return spec.observation_size * (2 if twice else 1) + spec.action_size + 3


def run_trials(
    simulator: Simulator,
    spec: Spec,
    episodes: int,
    act: Act,
    state: State,
    *,
    forget: bool = False,
    twice: bool = False,
) -> Trials:
    """Trials of all rows of the simulator. forget: the state begins anew with every episode (a control).

    twice: inputs hold the observation before the last action too, also across an episode's end.
    """
    observations = simulator.reset()
    before = torch.zeros_like(observations)
    n, device, fresh = len(observations), observations.device, state
    action = torch.zeros(n, spec.action_size, device=device)
    reward = torch.zeros(n, dtype=torch.float64, device=device)
    first = torch.ones(n, dtype=torch.bool, device=device)
    number = torch.zeros(n, dtype=torch.int64, device=device)  # of the episode
    returns = torch.zeros(n, episodes, dtype=torch.float64, device=device)
    success = torch.zeros(n, episodes, dtype=torch.bool, device=device)
    columns: list[tuple[torch.Tensor, ...]] = []
    longest = episodes * spec.horizon
    for t in range(longest):
        alive = number < episodes
        if not bool(alive.any()):
            break
        extra = torch.stack([reward.float(), first.float(), torch.full_like(reward, t / longest).float()], dim=1)
        given = torch.cat([observations, *([before] if twice else []), action, extra], dim=1)
        before = observations
        action, said, state = act(given, state, t)
        observations, reward, terminated, truncated = simulator.step(action)
        if not bool(torch.isfinite(observations).all() & torch.isfinite(reward).all()):
            raise ValueError(f"an observation or reward is NaN or infinite at step {t} of a trial")
        columns.append((given, said, action, reward, alive))
        place = number.clamp(max=episodes - 1)[:, None]
        returns.scatter_add_(1, place, reward[:, None])
        first = (terminated | truncated) & alive
        success.scatter_(1, place, success.gather(1, place) | simulator.success[:, None])
        number = number + first
        again = first & (number < episodes)
        if bool(again.any()):
            observations = simulator.restart(again)
            if forget:
                state = chosen(again, fresh, state)
    inputs, outputs, actions, rewards, alive = (torch.stack(part) for part in zip(*columns, strict=True))
    return Trials(inputs, outputs, actions, rewards, alive, returns, success, simulator.steps)


def chosen(rows: torch.Tensor, new: State, old: State) -> State:
    """`new` where the mask [n] says so, else `old`."""
    return tuple(
        torch.where(rows.reshape(-1, *[1] * (was.dim() - 1)), now, was) for now, was in zip(new, old, strict=True)
    )


def advantages(
    rewards: torch.Tensor, values: torch.Tensor, alive: torch.Tensor, gamma: float, lam: float
) -> torch.Tensor:
    """Generalised advantage estimates over whole trials (arXiv 1506.02438), [t, n]; no cut where an episode ends.

    rewards, values: [t, n]; a trial ends after its last step that is alive, with nothing beyond.
    """
    result = torch.zeros_like(values)
    later, after = torch.zeros_like(values[0]), torch.zeros_like(values[0])
    for t in reversed(range(len(values))):
        delta = rewards[t] + gamma * after - values[t]
        later = torch.where(alive[t], delta + gamma * lam * later, 0.0)
        after = torch.where(alive[t], values[t], 0.0)
        result[t] = later
    return result
