"""MAML (arXiv 1703.03400) on walkers whose rewarded speed is hidden: the gain of 1 to 5 updates.

The target speed of a draw is between 0 and 4 m/s; an episode is three seconds from rest. Training
begins with a gait (benchmarks/hidden_speed.py). Control: joint training of the same policy from the
same gait with as many environment steps, whose policy is updated likewise on the test's draws. The
step size of its updates is the best of several for it. Interrupted trainings continue from build/.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from benchmarks.claims.claim import Claim, bounds, interval
from benchmarks.hidden_speed import HIDDEN, SPEED, gait
from benchmarks.resumable import Training
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.envs.walker.family import Walker
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key

STEPS, UPDATES, DRAWS = 12_000_000, 5, 100
CONFIG = MAMLConfig(
    hidden=HIDDEN,
    draws=20,
    trajectories=20,
    learn_rates=True,
    epochs=5,
    lr=7e-4,  # with 2e-3 and half as many episodes returns swing
    reward_limit=3.0,
    test_shrink=1.0,
    test_updates=1,
)
JOINT = replace(CONFIG, inner_steps=0, learn_rates=False, draws=40, lr=2e-3)
RATES = (0.01, 0.03, 0.1)  # of the control's updates


def trained(config: MAMLConfig, weights: dict[str, torch.Tensor], name: str) -> Training:
    """Training from these weights; its curve holds returns after one update."""
    learner, key = MAML(Walker(SPEED), config), Key(7)
    task, first = learner.family.origin(), learner.fresh_agent(weights)
    training = Training(learner, task, key, name, agent=first)

    def score(agent: Agent) -> float:
        return float(learner.by_episode(agent, task, key.child("progress"), 32)[0][:, -1].mean())

    training.until(STEPS, score, 20)
    print(f"{name}: {training.steps / 1e6:.1f} M steps, {training.seconds:.0f} s of CPU")
    print(f"{name}, after one update against steps: {training.curve_text()}")
    return training


def adapted(learner: MAML, agent: Agent) -> np.ndarray:
    """Mean returns of fresh draws before adaptation and after each update, [draws, updates + 1]."""
    task, seeds = learner.family.origin(), list(range(DRAWS))
    batches, _ = learner.run_trials(agent, task, seeds, Key(9), UPDATES)
    return np.stack([batch.returns.reshape(DRAWS, -1).mean(1).numpy() for batch in batches], 1)


def report(name: str, returns: np.ndarray) -> None:
    print(
        f"{name}, before and after each update:", *(interval(each) for each in returns.T), sep="\n "
    )


def claims() -> list[Claim]:
    weights = gait()
    own = trained(CONFIG, weights, "walker-maml")
    joint = trained(JOINT, weights, "walker-maml-joint")
    learner = own.learner
    assert isinstance(learner, MAML)
    found, controls = adapted(learner, own.agent), {}
    for rate in RATES:
        control = MAML(learner.family, replace(CONFIG, learn_rates=False, inner_lr=rate))
        controls[rate] = adapted(control, joint.agent)
    best = max(RATES, key=lambda rate: float(controls[rate][:, 1:].mean(0).max()))
    report("MAML", found)
    report(f"joint training, updates of size {best}", controls[best])
    gains = found[:, 1:] - found[:, :1]
    k = int(gains.mean(0).argmax()) + 1
    others = controls[best][:, 1:] - controls[best][:, :1]
    beyond = gains[:, k - 1] - others[:, k - 1]
    final = found[:, k] - controls[best][:, k]
    print(f"return after {k} updates minus that of joint training after {k}: {interval(final)}")
    return [
        Claim("gain of one update", float(gains[:, 0].mean()), 0.0),
        Claim(f"gain of {k} updates, lower bound", bounds(gains[:, k - 1])[0], 0.0),
        Claim("the same minus joint training's, lower bound", bounds(beyond)[0], 0.0),
        Claim(f"return after {k} updates minus that of joint training", float(final.mean()), 0.0),
    ]
