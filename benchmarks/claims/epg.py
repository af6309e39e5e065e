"""Evolved policy gradients (arXiv 1802.04821): point navigation to a goal in an unknown direction.

A policy is trained from scratch with five updates. Its fitness is the progress towards the goal in
the last episodes of a trial, at most 2. No policy gradient is mixed in (alpha = 0), so that the
inner policies learn from the evolved loss alone. Controls: the initial loss, and REINFORCE with a
mean baseline on the same trials, with the best of six step sizes.
"""

from __future__ import annotations

import torch

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.gradient.epg import EPG
from openpoet.agents.gradient.epg_config import AUTHORS, EPGConfig
from openpoet.agents.gradient.learned_loss import LearnedLoss
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.streams import Key

STEPS, TEST_TRIALS = 2000, 1024
TASK = Goals("arc", distance=2.0, spread=0.0, angle=0.0, width=6.284)
# inputs of the loss: observation, action, reward, bonus and done, mean and log std, memory
HOPPER = 11 + 3 + 3 + 2 * 3 + 32
RATES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


def claims() -> list[Claim]:
    family, key = Navigation(NavigationSettings("progress", step=0.3, horizon=8)), Key(1)
    learner = EPG(family, EPGConfig(inner_lr=0.3, reward_scale=5.0))
    initial = learner.init(key)
    test = key.child("test")
    reinforce = {
        rate: EPG(family, EPGConfig(inner_lr=rate)).run_trials(
            initial, TASK, test, TEST_TRIALS, alpha=1.0
        )[0][-1]
        for rate in RATES
    }
    best = max(RATES, key=lambda rate: float(reinforce[rate].returns.mean()))
    agent = train(learner, initial, TASK, STEPS, key, "epg")
    learned, _ = learner.run_trials(agent, TASK, test, TEST_TRIALS)
    initial_loss, _ = learner.run_trials(initial, TASK, test, TEST_TRIALS)
    each = learned[-1].returns.reshape(TEST_TRIALS, -1).mean(1)
    print(f"parameters of the loss: {learner.loss.parameters}")
    print("learned loss, after each update:", *(f"{batch.returns.mean():.2f}" for batch in learned))
    print(f"after the last {interval(each.numpy())}; REINFORCE's best step size {best}")
    _same_gradients(learner)
    return [
        Claim(
            "parameters of the full architecture at Hopper's sizes",
            LearnedLoss(HOPPER, AUTHORS).parameters,
            9857,
            9857,
        ),
        Claim(
            "learned loss, new policies and goals: progress",
            float(learned[-1].returns.mean()),
            0.8,
            2.0,
        ),
        Claim("progress before the first update", float(learned[0].returns.mean()), -0.2, 0.2),
        Claim("the initial loss", float(initial_loss[-1].returns.mean()), -0.2, 0.2),
        Claim("REINFORCE, tuned", float(reinforce[best].returns.mean()), 1.2, 1.45),
    ]


def _same_gradients(learner: EPG) -> None:
    """With alpha = 1 the inner loss is the policy gradient surrogate and does not depend on phi."""
    outcomes = [
        learner.run_trials(learner.init(Key(seed)), TASK, Key(9), 16, alpha=1.0)[0][-1].returns
        for seed in (1, 2)
    ]
    assert torch.equal(*outcomes), "with alpha = 1 two losses must give the same trials"
