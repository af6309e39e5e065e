"""PPO on a GPU: environment steps per second while training, by the number of walkers.

    python -m benchmarks.ppo_cuda > benchmarks/results/ppo_cuda.txt

Policy, rollouts and updates are on the device; the host reads some scalars a rollout
(tests/agents/ppo/test_on_device.py). One task, POET's flat ground, so that walkers that fall begin
again on the device. An improvement step is two rollouts of 64 steps, each with an update of 4
epochs in minibatches of a 16th. Wall-clock time, everything included, the best of three after one
to warm up. Needs a CUDA GPU; compiling the kernels takes minutes the first time.
"""

from __future__ import annotations

import argparse
import time

import torch

from benchmarks.heading import heading
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.poet.streams import Key

SIZES = (1_024, 4_096, 16_384, 65_536)
STEPS, ROLLOUTS, EPOCHS, MINIBATCHES, REPEATS = 64, 2, 4, 16, 3


def learner_of(family: Walker, walkers: int, device: str) -> PPO:
    """The learner that is measured."""
    config = PPOConfig(
        num_envs=walkers,
        num_steps=STEPS,
        rollouts=ROLLOUTS,
        epochs=EPOCHS,
        minibatches=MINIBATCHES,
        device=device,
    )
    return PPO(family, config)


def training_rate(learner: PPO, repeats: int = REPEATS) -> float:
    """Environment steps per second of improvement steps; the agent learns from one to the next."""
    agent, task, best = learner.init(Key(0)), learner.family.origin(), 0.0
    for number in range(repeats + 1):
        start = time.perf_counter()
        agent, steps = learner.improve_one(agent, task, Key(number, ("improve",)))
        if number:  # the first is a warm-up
            best = max(best, steps / (time.perf_counter() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--walkers", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("benchmarks.ppo_cuda needs a CUDA GPU, and torch finds none")
    print(heading())
    print(f"GPU: {torch.cuda.get_device_name()}, torch {torch.__version__}")
    family = Walker(WalkerSettings())
    print(f"\n{'walkers':>8}{'environment steps/s while training':>36}")
    for walkers in options.walkers:
        rate = training_rate(learner_of(family, walkers, "cuda"))
        print(f"{walkers:8,}{rate:36,.0f}", flush=True)


if __name__ == "__main__":
    main()
