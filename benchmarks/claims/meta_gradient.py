"""Meta-gradients (arXiv 1805.09801): learned discounts on a chain, and the discount of RL^2.

The chain is the authors' first illustration with one discount per state: ten steps, with rewards
N(0, 1) at even steps and .1 at odd ones. Values of 0 make a step of half the distance to the
discounted return of one chain, and are then evaluated by the squared error to the undiscounted
return of another chain, in batches of 32 pairs. The discount before a signal must approach 1, and
before noise 0. The derivatives are those of agents/memory/advantage_gradients.py, which are also
compared with finite differences.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims.claim import Claim
from openpoet.agents.memory.advantage_gradients import Eta, advantage_tangents
from openpoet.agents.memory.meta_gradient import MetaGradient, MetaGradientConfig
from openpoet.agents.parts import adam
from openpoet.agents.ppo.advantages import gae
from openpoet.envs.bandits import Bandits
from openpoet.poet.streams import Key

STEPS, BATCH, RATE, META_RATE, ITERATIONS = 10, 32, 0.5, 0.02, 4000


def chains(rng: np.random.Generator) -> torch.Tensor:
    """Rewards [t, n]."""
    rewards = np.full((STEPS, BATCH), 0.1)
    rewards[::2] = rng.standard_normal((STEPS // 2, BATCH))
    return torch.from_numpy(rewards)


def chain_discounts() -> np.ndarray:
    """The nine learned discounts, each that of the rewards after its step."""
    rng, count = np.random.default_rng(1), STEPS - 1
    agent = {"logits": torch.zeros(count, dtype=torch.float64)}
    agent |= adam.fresh(agent)
    # Every discount has its own rows, so that one recursion gives all derivatives: row (k, j) is
    # the derivative of chain j in discount k.
    towards = torch.zeros(STEPS, count, BATCH, dtype=torch.float64)
    towards[torch.arange(count), torch.arange(count)] = 1.0
    towards = towards.flatten(1)
    cuts = torch.zeros(STEPS, count * BATCH, dtype=torch.bool)
    zero = torch.zeros(STEPS, count * BATCH, dtype=torch.float64)
    for _ in range(ITERATIONS):
        discounts = torch.sigmoid(agent["logits"])
        gamma = torch.cat([discounts, torch.zeros(1, dtype=torch.float64)])
        rewards = chains(rng).repeat(1, count)
        returns = gae(rewards, zero, zero, cuts, gamma=gamma, lam=1.0)
        # one step of SGD on half the squared error, from 0, for each chain
        values = RATE * returns[:, :BATCH]
        derivatives = RATE * advantage_tangents(
            zero, returns, cuts, Eta(gamma, 1.0), Eta(towards, 0.0)
        )
        fresh = chains(rng).flip(0).cumsum(0).flip(0)  # returns under a discount of 1
        errors = 2 * (values - fresh)[:, None] * derivatives.reshape(STEPS, count, BATCH)
        gradient = errors.mean((0, 2)) * discounts * (1 - discounts)
        agent = adam.step(agent, {"logits": gradient}, META_RATE)
    return torch.sigmoid(agent["logits"]).numpy()


def finite_differences() -> float:
    """The largest error of the derivatives in gamma and lambda, on random trials."""
    rng = np.random.default_rng(2)
    rewards, values, following = (torch.from_numpy(rng.normal(size=(20, 50))) for _ in range(3))
    cuts, worst, step = torch.from_numpy(rng.random((20, 50)) < 0.1), 0.0, 1e-6
    given = rewards, values, following, cuts
    estimates = gae(*given, gamma=0.95, lam=0.9)
    for towards in (Eta(1.0, 0.0), Eta(0.0, 1.0)):
        ends = [
            gae(*given, gamma=0.95 + side * towards.gamma, lam=0.9 + side * towards.lam)
            for side in (step, -step)
        ]
        exact = advantage_tangents(following, estimates, cuts, Eta(0.95, 0.9), towards)
        worst = max(worst, float((exact - (ends[0] - ends[1]) / (2 * step)).abs().max()))
    return worst


def bandit_eta(steps: int = 120) -> tuple[float, float]:
    """The learned discount of RL^2 on bandits, from an initial .5, and the return of a trial."""
    family, key = Bandits(), Key(1)
    learner = MetaGradient(
        family, MetaGradientConfig(gamma=0.5, lam=0.5, reference_gamma=0.99, meta_lr=0.03)
    )
    agent = learner.init(key)
    for i in range(steps):
        (agent,), _ = learner.improve([agent], [family.origin()], [key.child("improve", i)])
    returns = learner.trials(agent, family.origin(), key.child("test"), 4096).returns.sum(1)
    print(
        f"RL^2 after {steps} steps: gamma {float(agent['hyper/gamma']):.3f}, lambda "
        f"{float(agent['hyper/lam']):.3f}"
    )
    return float(agent["hyper/gamma"]), float(returns.mean())


def claims() -> list[Claim]:
    discounts = chain_discounts()
    print("discounts of the chain: " + " ".join(f"{d:.3f}" for d in discounts))
    gamma, score = bandit_eta()
    return [
        Claim("largest discount before noise (odd steps)", float(discounts[1::2].max()), 0.0, 0.2),
        Claim(
            "smallest discount before a signal (even steps)", float(discounts[::2].min()), 0.95, 1.0
        ),
        Claim(
            "largest error of derivatives against finite differences",
            finite_differences(),
            0.0,
            1e-6,
        ),
        Claim("learned discount of RL^2 on bandits, initially .5", gamma, 0.6),
        Claim("return of ten pulls (random actions: 5)", score, 5.8),
    ]
