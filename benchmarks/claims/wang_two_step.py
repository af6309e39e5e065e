"""Deep meta-RL (Wang et al. 2016, arXiv 1611.05763) on the two-step task: model-based behaviour.

With a model, a reward after an uncommon transition favours the other choice. The interaction index
is the probability of repeating a choice after common-rewarded and uncommon-unrewarded steps, less
that after the others.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.wang import Wang, WangConfig
from openpoet.envs.two_step import Steps, TwoStep
from openpoet.poet.streams import Key

TEST_TRIALS, STEPS, TRIALS = 8192, 300, 20
TASK = Steps()


def bayes(num_trials: int = 40_000) -> float:
    """Mean reward of acting on the posterior probability that the first state is the good one."""
    rng = np.random.default_rng(0)
    good, belief, total = rng.integers(0, 2, num_trials), np.full(num_trials, 0.5), 0.0
    for _ in range(TRIALS):
        choice = (belief < 0.5).astype(int)  # belief: that state 0 is good
        place = np.where(rng.random(num_trials) < TASK.common, choice, 1 - choice)
        reward = rng.random(num_trials) < np.where(place == good, TASK.good, 1 - TASK.good)
        total += reward.mean()
        here = np.where(place == 0, belief, 1 - belief)  # that the state that was reached is good
        likely, unlikely = (np.where(reward, p, 1 - p) for p in (TASK.good, 1 - TASK.good))
        here = here * likely / (here * likely + (1 - here) * unlikely)
        belief = np.where(place == 0, here, 1 - here)
        belief = belief * (1 - TASK.switch) + (1 - belief) * TASK.switch
        good = np.where(rng.random(num_trials) < TASK.switch, 1 - good, good)
    return total / TRIALS


def model_free(num_trials: int = 20_000, rate: float = 0.3, explore: float = 0.1) -> float:
    """Mean reward of Q-learning on choices, without the transitions."""
    rng, rows = np.random.default_rng(0), np.arange(num_trials)
    good, values, total = rng.integers(0, 2, num_trials), np.zeros((num_trials, 2)), 0.0
    for _ in range(TRIALS):
        best = np.where(
            values[:, 0] == values[:, 1], rng.integers(0, 2, num_trials), values.argmax(axis=1)
        )
        choice = np.where(rng.random(num_trials) < explore, rng.integers(0, 2, num_trials), best)
        place = np.where(rng.random(num_trials) < TASK.common, choice, 1 - choice)
        reward = rng.random(num_trials) < np.where(place == good, TASK.good, 1 - TASK.good)
        total += reward.mean()
        values[rows, choice] += rate * (reward - values[rows, choice])
        good = np.where(rng.random(num_trials) < TASK.switch, 1 - good, good)
    return total / TRIALS


def interaction(
    choices: torch.Tensor, places: torch.Tensor, reward: torch.Tensor
) -> tuple[float, str]:
    """The interaction index, and the four probabilities as text; arguments [steps, trials]."""
    stay, common, rewarded = (
        choices[1:] == choices[:-1],
        places[:-1] == choices[:-1],
        reward[:-1] > 0.5,
    )
    p = {
        f"{'common' if c else 'uncommon'} {'rewarded' if r else 'unrewarded'}": float(
            stay[(common == c) & (rewarded == r)].double().mean()
        )
        for c in (True, False)
        for r in (True, False)
    }
    cr, cu, ur, uu = p.values()
    return cr + uu - cu - ur, ", ".join(f"{name} {value:.2f}" for name, value in p.items())


def claims() -> list[Claim]:
    family, key = TwoStep(), Key(1)
    learner = Wang(
        family, WangConfig(trials=256, lr=5e-3, lr_end=5e-4, anneal=STEPS, entropy_end=0.0)
    )
    agent = train(learner, learner.init(key), TASK, STEPS, key, "wang-two-step")
    trials = learner.trials(agent, TASK, key.child("test"), TEST_TRIALS)
    observations = torch.cat(
        [trials.inputs[1:, :, :2].argmax(2), torch.zeros(1, TEST_TRIALS, dtype=torch.int64)]
    )
    index, words = interaction(
        trials.actions.argmax(2)[:-1], observations[:-1], trials.rewards[:-1]
    )
    print(
        f"payoff of a trial {interval(trials.returns[:, 0].numpy() / TRIALS)}; a choice is "
        f"repeated after {words}"
    )
    blank = (
        learner.trials(agent, TASK, key.child("test"), TEST_TRIALS, memory="step").returns.mean()
        / TRIALS
    )
    return [
        Claim("optimal filter", bayes(), 0.75, 0.78),
        Claim("model-free Q-learning on choices", model_free(), 0.6, 0.7),
        Claim("without memory", float(blank), 0.48, 0.52),
        Claim("deep meta-RL", float(trials.returns.mean()) / TRIALS, 0.74, 0.79),
        Claim("its interaction index", index, 0.5),
    ]
