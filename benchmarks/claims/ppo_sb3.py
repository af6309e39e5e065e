"""PPO beside stable-baselines3's on BipedalWalker-v3: equal hyperparameters and steps, one core.

stable-baselines3 trains on Gymnasium's environment, 64 side by side in one process, with its
wrapper that normalises observations and rewards. Both train in turns, so that another load on the
machine slows both; seconds are given by the clock and of the processor.
"""

from __future__ import annotations

import sys
import time

import gymnasium
import torch

from benchmarks.claims.claim import Claim
from benchmarks.ppo_walkers import Training
from openpoet.agents.ppo.config import PPOConfig

TURNS, CONFIG = 3, PPOConfig(num_envs=64, minibatches=16)


class Clock:
    """Seconds by the clock and of the processor, summed over turns."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._began = time.monotonic(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.monotonic() - self._began[0]
        self.cpu += time.process_time() - self._began[1]


def other() -> object:
    """stable-baselines3's PPO with the settings of CONFIG."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    c = CONFIG
    envs = DummyVecEnv([lambda: gymnasium.make("BipedalWalker-v3")] * c.num_envs)
    return PPO(
        "MlpPolicy",
        VecNormalize(envs, gamma=c.gamma),
        learning_rate=c.lr,
        n_steps=c.num_steps,
        batch_size=c.num_envs * c.num_steps // c.minibatches,
        n_epochs=c.epochs,
        gamma=c.gamma,
        gae_lambda=c.lam,
        clip_range=c.clip,
        ent_coef=c.entropy,
        vf_coef=c.value_weight,
        max_grad_norm=c.max_gradient,
        policy_kwargs={"net_arch": list(c.hidden)},
        device="cpu",
        seed=1,
    )


def claims() -> list[Claim]:
    import stable_baselines3

    torch.set_num_threads(1)
    training, theirs = Training(False, CONFIG, 1), other()
    training.improve()  # compiles the kernels, or loads them
    steps, clocks = training.steps, (Clock(), Clock())
    for turn in range(TURNS):
        with clocks[0]:
            training.improve()
        with clocks[1]:
            theirs.learn(steps, reset_num_timesteps=turn == 0)  # type: ignore[attr-defined]
        lines = [f"{clock.wall:.0f} s, {clock.cpu:.0f} s of CPU" for clock in clocks]
        print(f"turn {turn + 1}: {lines[0]}; {lines[1]}", file=sys.stderr, flush=True)
    rates = [[TURNS * steps / second for second in (c.wall, c.cpu)] for c in clocks]
    print(f"stable-baselines3 {stable_baselines3.__version__}, {TURNS * steps:,} steps each")
    for name, (wall, cpu) in zip(("openpoet", "stable-baselines3"), rates, strict=True):
        print(f"{name}: {wall:,.0f} steps/s by the clock, {cpu:,.0f} a second of CPU")
    return [
        Claim("times as fast by the clock", rates[0][0] / rates[1][0], 6),
        Claim("times as fast in CPU time", rates[0][1] / rates[1][1], 6),
    ]
