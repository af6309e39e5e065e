"""Deep meta-RL (Wang et al. 2016, arXiv 1611.05763) on two restless arms, with 100 pulls.

The logit of each arm's probability makes a normal step at every pull, small in stable trials and
large in volatile ones; one agent is trained on both, without being given which. Bounds, computed:
acting greedily on the mean of an exact filter that is given the steps' size; and two strategies for
arms that do not change. As in the paper, a learning rate is fitted to the agent's choices: it
should be larger in volatile trials.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.bandit_strategies import Strategy, thompson, ucb1
from benchmarks.claims.claim import Claim, bounds, interval
from openpoet.agents.memory.wang import Wang, WangConfig
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.envs.bandits import Arms, Bandits, BanditSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

PULLS, TEST_TRIALS, STEPS = 100, 2048, 600
VOLATILITIES = {"stable": 0.1, "volatile": 0.5}  # standard deviation of a step of the logit
GRID = np.linspace(-20, 20, 401)  # logits of the filter
RATES, SCALES = np.linspace(0.05, 0.95, 19), np.array([1.0, 2.0, 3.0, 5.0, 8.0, 12.0])


def arms_of(task: Arms, key: Key) -> np.ndarray:
    """Each arm's probability at each pull of the test trials, [pulls, trials, arms]."""
    family = Bandits(BanditSettings("restless", arms=2, pulls=PULLS))
    simulator = family.simulator([task] * TEST_TRIALS, draw_seeds(key, TEST_TRIALS), "cpu")
    return simulator.world.payoffs.numpy().swapaxes(0, 1)


def filtered(chances: np.ndarray, drift: float) -> np.ndarray:
    """Returns [trials] of pulling the arm whose mean is larger under the exact filter."""
    _, n, arms = chances.shape
    rng, rows, pays = np.random.default_rng(0), np.arange(n), 1 / (1 + np.exp(-GRID))
    step = np.exp(-0.5 * ((GRID[:, None] - GRID) / drift) ** 2)
    step = (step / step.sum(1, keepdims=True)).astype(np.float32)
    prior = pays * (1 - pays)  # of the logit of a uniform probability
    belief = np.tile((prior / prior.sum()).astype(np.float32), (n, arms, 1))
    total = np.zeros(n)
    for chance in chances:
        arm = (belief @ pays + 1e-9 * rng.random((n, arms))).argmax(1)
        reward = rng.random(n) < chance[rows, arm]
        total += chance[rows, arm]
        belief[rows, arm] *= np.where(reward[:, None], pays, 1 - pays)
        belief = belief / belief.sum(2, keepdims=True) @ step
    return total


def stationary(chances: np.ndarray, strategy: Strategy) -> np.ndarray:
    """Returns [trials] of a strategy that counts an arm's wins and losses."""
    _, n, arms = chances.shape
    rng, rows = np.random.default_rng(0), np.arange(n)
    won, lost, total = np.zeros((n, arms), int), np.zeros((n, arms), int), np.zeros(n)
    for chance in chances:
        arm = (strategy(won, lost, rng) + 1e-9 * rng.random((n, arms))).argmax(1)
        reward = rng.random(n) < chance[rows, arm]
        won[rows, arm] += reward
        lost[rows, arm] += ~reward
        total += chance[rows, arm]
    return total


def learning_rate(actions: np.ndarray, rewards: np.ndarray) -> float:
    """The learning rate of the most likely softmax of values Q with Q += rate (reward - Q) for the
    pulled arm. actions: arms, rewards: both [pulls, trials].
    """
    return max(
        ((_log_likelihood(actions, rewards, a, b), a) for a in RATES for b in SCALES),
    )[1]


def _log_likelihood(actions: np.ndarray, rewards: np.ndarray, rate: float, scale: float) -> float:
    values, rows, total = np.full((actions.shape[1], 2), 0.5), np.arange(actions.shape[1]), 0.0
    for arm, reward in zip(actions, rewards, strict=True):
        logit = scale * (values[rows, arm] - values[rows, 1 - arm])
        total -= float(np.logaddexp(0, -logit).sum())
        values[rows, arm] += rate * (reward - values[rows, arm])
    return total


def trained(learner: Wang, key: Key) -> Agent:
    """An agent trained on stable and volatile trials in turns."""
    tasks = [Arms("restless", drift=drift) for drift in VOLATILITIES.values()]
    agent = learner.init(key)
    for i in range(STEPS):
        task = tasks[i % len(tasks)]
        (agent,), _ = learner.improve([agent], [task], [key.child("improve", i)])
        if (i + 1) % (STEPS // 10) == 0:
            scores = learner.evaluate([agent] * 2, tasks, [key.child("progress")] * 2)[0]
            shown = ", ".join(f"{score:.3f}" for score in scores)
            print(f"step {i + 1} of {STEPS}: {shown}", file=sys.stderr, flush=True)
    return agent


def claims() -> list[Claim]:
    family, key = Bandits(BanditSettings("restless", arms=2, pulls=PULLS)), Key(1)
    learner = Wang(
        family, WangConfig(trials=256, lr=5e-3, lr_end=5e-4, anneal=STEPS, entropy_end=0.0)
    )
    agent, made, rates = trained(learner, key), [], {}
    for name, drift in VOLATILITIES.items():
        task, test = Arms("restless", drift=drift), key.child("test")
        trials = learner.trials(agent, task, test, TEST_TRIALS)
        chances, arms = arms_of(task, test), trials.actions.argmax(2).numpy()
        own = np.take_along_axis(chances, arms[:, :, None], 2)[:, :, 0].sum(0)
        rates[name] = learning_rate(arms, trials.rewards.numpy())
        exact = filtered(chances, drift)
        others = {"Thompson": stationary(chances, thompson), "UCB1": stationary(chances, ucb1(0.2))}
        print(f"{name}: deep meta-RL {interval(own)}, exact filter {interval(exact)}")
        print(*(f"  {other}: {interval(found)}" for other, found in others.items()), sep="\n")
        print(f"  fitted learning rate: {rates[name]:.2f}")
        made += [
            Claim(f"{name}: return, of the exact filter's", own.mean() / exact.mean(), 0.97),
            *(
                Claim(f"{name}: minus {other}, lower bound", bounds(own - found)[0], 0.0)
                for other, found in others.items()
            ),
        ]
    ratio = rates["volatile"] / rates["stable"]
    return [*made, Claim("fitted learning rate, volatile over stable", ratio, 1.2)]
