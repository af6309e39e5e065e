"""Evolved policy gradients (arXiv 1802.04821): a point, a goal in an unknown direction, five
updates from nothing.

Fitness is the progress towards the goal in the last episodes of a trial, 2 at most. No policy
gradient is ever mixed in (alpha = 0): all that the inner policies learn they learn from the evolved
loss. Controls: a loss as it was born, and REINFORCE with a mean baseline on the same trials, its
step size the best of six.
"""

from __future__ import annotations

import torch
from openpoet.agents.gradient.epg import EPG
from openpoet.agents.gradient.epg_config import AUTHORS, EPGConfig
from openpoet.agents.gradient.learned_loss import LearnedLoss
from openpoet.envs.navigation import Goals, Navigation, NavigationSettings
from openpoet.poet.streams import Key

from benchmarks.claims.claim import Claim, interval, train

STEPS, TEST_TRIALS = 2000, 1024
TASK = Goals("arc", distance=2.0, spread=0.0, angle=0.0, width=6.284)
# observation, action, reward, bonus and done, mean and log std, memory
HOPPER = 11 + 3 + 3 + 2 * 3 + 32
RATES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


def claims() -> list[Claim]:
    family, key = Navigation(NavigationSettings("progress", step=0.3, horizon=8)), Key(1)
    learner = EPG(family, EPGConfig(inner_lr=0.3, reward_scale=5.0))
    newborn = learner.init(key)
    test = key.child("test")
    reinforce = {
        rate: EPG(family, EPGConfig(inner_lr=rate)).run_trials(
            newborn, TASK, test, TEST_TRIALS, alpha=1.0
        )[0][-1]
        for rate in RATES
    }
    best = max(RATES, key=lambda rate: float(reinforce[rate].returns.mean()))
    agent = train(learner, newborn, TASK, STEPS, key, "epg")
    learned, _ = learner.run_trials(agent, TASK, test, TEST_TRIALS)
    unborn, _ = learner.run_trials(newborn, TASK, test, TEST_TRIALS)
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
            "learned loss, fresh policies and goals: progress",
            float(learned[-1].returns.mean()),
            0.8,
            2.0,
        ),
        Claim("the same before the first update", float(learned[0].returns.mean()), -0.2, 0.2),
        Claim("a loss as it was born", float(unborn[-1].returns.mean()), -0.2, 0.2),
        Claim("REINFORCE, tuned", float(reinforce[best].returns.mean()), 1.2, 1.45),
    ]


def _same_gradients(learner: EPG) -> None:
    """With alpha = 1 the loss is the plain surrogate whatever phi says: two losses, one outcome."""
    outcomes = [
        learner.run_trials(learner.init(Key(seed)), TASK, Key(9), 16, alpha=1.0)[0][-1].returns
        for seed in (1, 2)
    ]
    assert torch.equal(*outcomes), "with alpha = 1 two losses must give the same trials"
