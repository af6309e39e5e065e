"""Evolved policy gradients (arXiv 1802.04821) on walkers with drawn strengths, masses, gravity and
friction: new policies on held-out bodies after five updates.

A trial trains a policy from scratch on one body, by five updates from eight episodes each, of 1.5
seconds from rest. The loss is evolved on bodies whose factors are near the standard ones, and
tested on bodies whose factors are all farther off (`walker.draws`). No policy gradient is mixed in.
Controls at equal inner steps, on the same bodies, each with the best of several step sizes:
REINFORCE with a mean baseline, and PPO. Interrupted evolution continues from build/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.claims.claim import Claim, bounds, interval
from benchmarks.resumable import Training
from openpoet.agents.gradient.epg import EPG
from openpoet.agents.gradient.epg_config import EPGConfig
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

SETTINGS = WalkerSettings(
    body="params", draws="train", length=40, horizon=75, episodes=1, threads=1
)
GENERATIONS, TRIALS = 500, 64  # of training; trials of a progress report
TESTS = 256  # held-out bodies; some of PPO's new policies fall, so that its mean varies
CONFIG = EPGConfig(
    population=16,
    episodes=8,
    updates=5,
    action_std=0.5,
    reward_limit=5.0,
    reward_scale=2.0,
    test_trials=TRIALS,
)
REINFORCE_RATES = (0.03, 0.1, 0.3, 1.0, 3.0)
PPO_RATES = (3e-4, 1e-3, 3e-3, 1e-2)


class OneDraw:
    """The family `inner` with the same hidden draw in every trial."""

    def __init__(self, inner: Walker, seed: int) -> None:
        self.inner, self.seed, self.spec = inner, seed, inner.spec

    def simulator(self, tasks: Sequence[Any], seeds: Sequence[int], device: str) -> Any:
        return _Redrawn(self.inner.simulator(tasks, [self.seed] * len(tasks), device), self.seed)


class _Redrawn:
    """A simulator whose new realisations have this seed."""

    def __init__(self, inner: Any, seed: int) -> None:
        self._inner, self._seed = inner, seed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return self._inner.redraw(rows, [self._seed] * len(seeds))


def of_epg(
    family: Walker, agent: Agent, trials: int, *, alpha: float = 0.0, rate: float = 0.0
) -> np.ndarray:
    """Mean returns [trials, updates + 1] of new policies. alpha = 1: of REINFORCE. rate: step size
    of the inner updates; 0: that of CONFIG.
    """
    config = replace(CONFIG, inner_lr=rate or CONFIG.inner_lr)
    learner, task = EPG(family, config), family.origin()
    batches, _ = learner.run_trials(agent, task, Key(9), trials, alpha)
    return np.stack([batch.returns.reshape(trials, -1).mean(1).numpy() for batch in batches], 1)


def of_ppo(family: Walker, rate: float) -> np.ndarray:
    """Mean returns [trials] of a new PPO policy on each of the same bodies after as many steps,
    under its most likely actions.
    """
    config = PPOConfig(
        hidden=(64, 64),
        num_envs=CONFIG.episodes,
        num_steps=SETTINGS.horizon,
        rollouts=CONFIG.updates,
        minibatches=4,
        lr=rate,
        lr_end=rate,
        action_std=CONFIG.action_std,
        test_episodes=CONFIG.episodes,
    )
    found = []
    for number, seed in enumerate(draw_seeds(Key(9), TESTS)):
        one, key, task = OneDraw(family, seed), Key(10).child("trial", number), family.origin()
        learner = PPO(one, config)  # type: ignore[arg-type]
        (agent,), _ = learner.improve([learner.init(key)], [task], [key])
        found.append(learner.evaluate([agent], [task], [key.child("test")])[0][0])
    return np.array(found)


def claims() -> list[Claim]:
    training_family, held_out = Walker(SETTINGS), Walker(replace(SETTINGS, draws="held-out"))
    learner, key = EPG(training_family, CONFIG), Key(1)
    training = Training(learner, training_family.origin(), key, "walker-epg")
    while training.number < GENERATIONS:
        training.improve()
        if training.number % 20 == 0:
            training.report(float(of_epg(training_family, training.agent, TRIALS)[:, -1].mean()))
    print(f"EPG: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print(f"after the last update, training bodies, against steps: {training.curve_text()}")
    own, first = of_epg(held_out, training.agent, TESTS), of_epg(held_out, learner.init(key), TESTS)
    print("held-out bodies, before and after each update:", *map(interval, own.T), sep="\n ")
    reinforce = {
        rate: of_epg(held_out, training.agent, TESTS, alpha=1.0, rate=rate)[:, -1]
        for rate in REINFORCE_RATES
    }
    ppo = {rate: of_ppo(held_out, rate) for rate in PPO_RATES}
    tuned = [max(each.values(), key=lambda found: float(found.mean())) for each in (reinforce, ppo)]
    for name, found in zip(("REINFORCE, tuned", "PPO, tuned"), tuned, strict=True):
        print(f"{name}: {interval(found)}")
    print(f"initial loss: {interval(first[:, -1])}")
    return [
        Claim("gain of five updates, lower bound", bounds(own[:, -1] - own[:, 0])[0], 0.0),
        *(
            Claim(f"return minus that of {name}, lower bound", bounds(own[:, -1] - found)[0], 0.0)
            for name, found in zip(("REINFORCE", "PPO"), tuned, strict=True)
        ),
    ]
