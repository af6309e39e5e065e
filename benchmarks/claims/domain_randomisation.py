"""Domain randomisation (arXiv 1710.06537) on a scalar plant with optimal policies in closed form.

x' = x + g u from x = 1, cost sum of x^2 over ten steps, g uniform in [.5, 2]. The tasks come from
envs/randomised.py, as with `--tasks randomised --set ranges.gain=[0.5,2] --set
ranges.spread=[0,0]`. A linear policy must reach the cost of the best static feedback, a recurrent
policy must identify the plant, and a policy trained on the nominal plant alone must fail at the
ends of the range.
"""

from __future__ import annotations

import numpy as np

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.envs.plant import Plant, Plants, identifying_cost, static_cost
from openpoet.envs.randomised import Randomised
from openpoet.poet.interfaces import Agent, TaskFamily
from openpoet.poet.streams import Key

LOW, HIGH, TEST_TRIALS = 0.5, 2.0, 32_768
ES_STEPS, RL2_STEPS = 150, 400
LINEAR = ESConfig(
    hidden=(), population=64, episodes=8, lr=0.02, sigma=0.05, sigma_decay=0.98, weight_decay=0.0
)
# A high entropy bonus keeps exploration noise during training; a high value weight makes the critic
# fit small costs.
RECURRENT = RL2Config(
    hidden=24,
    trials=256,
    minibatches=2,
    epochs=5,
    gamma=0.95,
    lam=0.95,
    action_std=0.1,
    lr=3e-3,
    lr_end=3e-4,
    entropy=0.5,
    entropy_end=0.01,
    anneal=RL2_STEPS,
    value_weight=20.0,
)


def linear(family: TaskFamily, key: Key, name: str) -> tuple[ES, Agent]:
    learner = ES(family, LINEAR)
    return learner, train(learner, learner.init(key), family.origin(), ES_STEPS, key, name)


def cost(learner: ES, agent: Agent, gains: np.ndarray) -> np.ndarray:
    """The exact cost of the policy in each plant, [gains]."""
    simulator = Plants().simulator([Plant(float(gain)) for gain in gains], range(len(gains)), "cpu")
    observations, total = simulator.reset(), np.zeros(len(gains))
    for _ in range(Plants().spec.horizon):
        observations, rewards, _, _ = simulator.step(learner.act(agent, observations))
        total -= rewards.numpy()
    return total


def claims() -> list[Claim]:
    key, grid = Key(1), np.linspace(LOW, HIGH, 3001)
    box = Randomised(Plants(), {"gain": [LOW, HIGH], "spread": [0, 0]})
    feedback = np.linspace(0.5, 1.0, 501)
    static = np.array([static_cost(k, grid).mean() for k in feedback])
    identified = min(identifying_cost(k, grid).mean() for k in feedback)
    print(
        f"best static feedback {feedback[static.argmin()]:.3f}; certainty equivalent 0.8: cost "
        f"{static[300]:.4f}"
    )

    learner, robust = linear(box, key, "linear, randomised")
    _, nominal = linear(Plants(), key, "linear, nominal")
    ends = np.array([LOW, HIGH])
    costs = {
        name: cost(learner, agent, ends)
        for name, agent in (("randomised", robust), ("nominal", nominal))
    }
    for name, values in costs.items():
        print(f"{name}: cost {values[0]:.3f} at gain {LOW}, {values[1]:.3f} at gain {HIGH}")

    recurrent = RL2(box, RECURRENT)
    agent = train(recurrent, recurrent.init(key), box.origin(), RL2_STEPS, key, "recurrent")
    returns = (
        recurrent.trials(agent, box.origin(), key.child("test"), TEST_TRIALS, greedy=True)
        .returns.sum(1)
        .numpy()
    )
    print(f"recurrent, {TEST_TRIALS} plants: cost {interval(-returns)}")
    return [
        Claim("the best static feedback, closed form", float(static.min()), 1.1385, 1.1395),
        Claim("identification in one step, closed form", float(identified), 1.1065, 1.1075),
        Claim(
            "linear policy, trained on randomised plants",
            float(cost(learner, robust, grid).mean()),
            1.0,
            1.144,
        ),
        Claim("recurrent policy, trained on randomised plants", float(-returns.mean()), 1.0, 1.12),
        Claim(
            "linear policy, trained on the nominal plant",
            float(cost(learner, nominal, grid).mean()),
            1.144,
        ),
        Claim(
            "at the ends of the range, nominal minus randomised",
            float((costs["nominal"] - costs["randomised"]).mean()),
            0.1,
        ),
    ]
