"""Rollouts of PPO on BipedalWalker-v3: steps a second of CPU, and the share of the simulator.

python -m benchmarks.ppo_rollouts
"""

from __future__ import annotations

import time
from typing import Any

import torch

from benchmarks.heading import heading
from benchmarks.ppo_walkers import GymnasiumWalkers
from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.ppo.rollout import Plan
from openpoet.poet.streams import Key

STEPS, ROLLOUTS, TRAINING = 256, 6, 4  # steps of a rollout; rollouts measured; improvement steps


class Timed:
    """A simulator whose seconds of CPU are counted."""

    def __init__(self, simulator: Any) -> None:
        self.simulator, self.seconds = simulator, 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.simulator, name)
        if name not in ("step", "redraw", "restart"):
            return found

        def timed(*arguments: Any) -> Any:
            began = time.process_time()
            result = found(*arguments)
            self.seconds += time.process_time() - began
            return result

        return timed


def measured(learner: PPO, agent: Any, rows: int) -> tuple[float, float]:
    """Steps a second of CPU, and the simulator's share."""
    plan = Plan(rows, STEPS, learner.actions.size, chunk=1)
    collector, policy = (
        Collector(learner.family, [None] * plan.rows, plan, Key(2)),
        learner.policy(agent),
    )
    collector.collect(policy)
    timed = Timed(collector._simulator)
    collector._simulator = timed  # type: ignore[assignment]  # it has its methods
    began = time.process_time()
    for _ in range(ROLLOUTS):
        collector.collect(policy)
    spent = time.process_time() - began
    return ROLLOUTS * STEPS * rows / spent, timed.seconds / spent


def main() -> None:
    torch.set_num_threads(1)
    print(heading())
    learner = PPO(GymnasiumWalkers(False), PPOConfig())
    agent = learner.init(Key(1))
    for number in range(TRAINING):
        (agent,), _ = learner.improve([agent], [None], [Key(1, ("improve", number))])
    print(f"an agent after {TRAINING} improvement steps; seconds of CPU of one thread")
    for rows in (32, 64, 256):
        rate, share = measured(learner, agent, rows)
        print(f"{rows} walkers: {rate:,.0f} steps/s, {100 * share:.0f} % of it in the simulator")


if __name__ == "__main__":
    main()
