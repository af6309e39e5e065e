"""RL^2 (arXiv 1611.02779) on long bandit trials: 10 arms, 100 pulls.

The paper's table gives 83.5 after far more training, 82.8 for Gittins indices, 76.7 for Thompson
sampling and 77.1 for the greedy policy; random pulls give 50.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.claims.claim import Claim, interval, train
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.poet.streams import Key

ARMS, PULLS, TEST_TRIALS, STEPS = 10, 100, 4096, 700


def claims() -> list[Claim]:
    family, key = Bandits(BanditSettings(arms=ARMS, pulls=PULLS)), Key(1)
    task = family.origin()
    config = replace(
        RL2Config.suggested(family.spec),
        trials=256,
        lr_end=3e-4,
        entropy=0.02,
        entropy_end=0.0,
        anneal=STEPS,
    )
    learner = RL2(family, config)
    agent = train(learner, learner.init(key), task, STEPS, key, "rl2-hundred-pulls")
    returns = {
        name: learner.trials(agent, task, key.child("test"), TEST_TRIALS, **options).returns.sum(1)
        for name, options in {"sampled": {}, "mode": {"greedy": True}}.items()
    }
    print("; ".join(f"{name} {interval(each.numpy())}" for name, each in returns.items()))
    return [Claim("RL^2, most likely actions", float(returns["mode"].mean()), 75.0)]
