"""Deep meta-RL (Wang et al. 2016, arXiv 1611.05763) on two restless arms, with 100 pulls.

The logit of each arm's probability makes a normal step at every pull, small in stable trials and
large in volatile ones; one agent is trained on both, without being given which. Computed beside it:
acting greedily on the mean of an exact filter that is given the size of the steps, and two
strategies for arms that do not change. As in the paper, a learning rate is fitted to the choices.
It is printed without a bound: with these arms that of the exact filter does not rise with the
volatility either.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

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
# of the gain over Thompson sampling and UCB1; stable arms are nearly those that UCB1 assumes
LEAST = {"stable": (0.0, -np.inf), "volatile": (0.0, 0.0)}
RATES, SCALES = np.linspace(0.05, 0.95, 19), np.array([1.0, 2.0, 3.0, 5.0, 8.0, 12.0])


def arms_of(task: Arms, key: Key) -> np.ndarray:
    """Each arm's probability at each pull of the test trials, [pulls, trials, arms]."""
    family = Bandits(BanditSettings("restless", arms=2, pulls=PULLS))
    simulator = family.simulator([task] * TEST_TRIALS, draw_seeds(key, TEST_TRIALS), "cpu")
    return simulator.world.payoffs.numpy().swapaxes(0, 1)


@dataclass(frozen=True)
class Pulled:
    """Pulled arms and rewards, both [pulls, trials], and expected returns [trials]."""

    arms: np.ndarray
    rewards: np.ndarray
    returns: np.ndarray


Update = Callable[[np.ndarray, np.ndarray], None]  # of pulled arms and rewards, both [trials]


def pulled(chances: np.ndarray, values: Callable[[], np.ndarray], update: Update) -> Pulled:
    """The arm of the largest value [trials, arms] is pulled; ties are broken at random."""
    _, n, count = chances.shape
    rng, rows, arms, rewards = np.random.default_rng(0), np.arange(n), [], []
    for chance in chances:
        arm = (values() + 1e-9 * rng.random((n, count))).argmax(1)
        reward = rng.random(n) < chance[rows, arm]
        update(arm, reward)
        arms.append(arm)
        rewards.append(reward)
    return of_arms(chances, np.array(arms), np.array(rewards))


def of_arms(chances: np.ndarray, arms: np.ndarray, rewards: np.ndarray) -> Pulled:
    expected = np.take_along_axis(chances, arms[:, :, None], 2)[:, :, 0].sum(0)
    return Pulled(arms, rewards.astype(float), expected)


def filtered(chances: np.ndarray, drift: float) -> Pulled:
    """Pulls the arm whose mean is larger under the exact filter for this drift."""
    _, n, count = chances.shape
    rows, pays = np.arange(n), 1 / (1 + np.exp(-GRID))
    step = np.exp(-0.5 * ((GRID[:, None] - GRID) / drift) ** 2)
    step = (step / step.sum(1, keepdims=True)).astype(np.float32)
    prior = pays * (1 - pays)  # of the logit of a uniform probability
    belief = np.tile((prior / prior.sum()).astype(np.float32), (n, count, 1))

    def update(arm: np.ndarray, reward: np.ndarray) -> None:
        belief[rows, arm] *= np.where(reward[:, None], pays, 1 - pays)
        belief[:] = belief / belief.sum(2, keepdims=True) @ step

    return pulled(chances, lambda: belief @ pays, update)


def stationary(chances: np.ndarray, strategy: Strategy) -> Pulled:
    """Pulls by a strategy that counts each arm's wins and losses."""
    _, n, count = chances.shape
    rng, rows = np.random.default_rng(1), np.arange(n)
    won, lost = np.zeros((n, count), int), np.zeros((n, count), int)

    def update(arm: np.ndarray, reward: np.ndarray) -> None:
        won[rows, arm] += reward
        lost[rows, arm] += ~reward

    return pulled(chances, lambda: strategy(won, lost, rng), update)


def learning_rate(choices: Pulled) -> float:
    """The learning rate of the most likely softmax of values Q with Q += rate (reward - Q) for the
    pulled arm.
    """
    return max((_log_likelihood(choices, rate, scale), rate) for rate in RATES for scale in SCALES)[
        1
    ]


def _log_likelihood(choices: Pulled, rate: float, scale: float) -> float:
    n, total = choices.arms.shape[1], 0.0
    values, rows = np.full((n, 2), 0.5), np.arange(n)
    for arm, reward in zip(choices.arms, choices.rewards, strict=True):
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
    agent, made = trained(learner, key), []
    for name, drift in VOLATILITIES.items():
        task, test = Arms("restless", drift=drift), key.child("test")
        trials = learner.trials(agent, task, test, TEST_TRIALS)
        chances = arms_of(task, test)
        own = of_arms(chances, trials.actions.argmax(2).numpy(), trials.rewards.numpy())
        exact = filtered(chances, drift)
        others = {"Thompson": stationary(chances, thompson), "UCB1": stationary(chances, ucb1(0.2))}
        for which, found in {"deep meta-RL": own, "exact filter": exact, **others}.items():
            rate = f"fitted learning rate {learning_rate(found):.2f}"
            print(f"{name}, {which}: {interval(found.returns)}, {rate}")
        made.append(
            Claim(
                f"{name}: return of deep meta-RL, of the exact filter's",
                own.returns.mean() / exact.returns.mean(),
                0.98,
            )
        )
        made += [
            Claim(
                f"{name}: minus {other}, lower bound", bounds(own.returns - found.returns)[0], least
            )
            for (other, found), least in zip(others.items(), LEAST[name], strict=True)
        ]
    return made
