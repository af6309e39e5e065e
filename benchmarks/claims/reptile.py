"""Reptile (arXiv 1803.02999) on sine regression with ten examples, and on policies, where it fails.

The paper has figures only, and reports negative results in reinforcement learning. Control: joint
training, which is Reptile with one inner step, with at least as many gradient steps.
"""

from __future__ import annotations

import torch

from benchmarks.claims.claim import Claim, train
from openpoet.agents.gradient.maml_config import ReptileConfig
from openpoet.agents.gradient.reptile import Reptile
from openpoet.envs.functions import SINES
from openpoet.envs.navigation import SQUARE, Navigation, NavigationSettings
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.quadratics import reptile_closed_form, reptile_move

STEPS, JOINT_STEPS, POLICY_STEPS = 1000, 4000, 40
EXAMPLES, TEST_TRIALS, UPDATES = 10, 1000, 32


def claims() -> list[Claim]:
    family, key = Regression(RegressionSettings("sine", horizon=EXAMPLES)), Key(1)
    learner = Reptile(family, ReptileConfig(trajectories=1, anneal=STEPS))
    joint = Reptile(
        family, ReptileConfig(trajectories=1, inner_steps=1, draws=50, anneal=JOINT_STEPS)
    )
    initial = learner.init(key)
    agent = train(learner, initial, SINES, STEPS, key, "reptile")
    jointly = train(joint, initial, SINES, JOINT_STEPS, key, "joint")
    rows = {"Reptile": agent, "joint training": jointly, "initial network": initial}
    left = {name: _left(learner, each, name) for name, each in rows.items()}
    errors = [float(torch.abs(reptile_move(k) - reptile_closed_form(k)).max()) for k in (1, 3)]
    before, after, jointly_after = _policies()
    return [
        Claim("Reptile: ratio of errors after 32 steps and before", left["Reptile"], most=0.2),
        Claim("joint training: ratio of errors", left["joint training"], 0.5),
        Claim("initial network: ratio of errors", left["initial network"], 0.5),
        *(
            Claim(
                f"quadratics, {k} inner steps: largest error against the closed form",
                error,
                most=1e-6,
            )
            for k, error in zip((1, 3), errors, strict=True)
        ),
        Claim("policies: before adaptation", before),
        Claim("policies: after one step (MAML: -8)", after),
        Claim("policies, joint training: after one step", jointly_after),
    ]


def _left(learner: Reptile, agent: Agent, name: str) -> float:
    """Squared error on new examples after the updates, relative to before."""
    batches, _ = learner.run_trials(agent, SINES, list(range(TEST_TRIALS)), Key(9), UPDATES)
    before, after = (-float(batches[i].returns.mean()) / EXAMPLES for i in (0, -1))
    print(
        f"{name}: squared error before {before:.3f}, after {UPDATES} steps on {EXAMPLES} "
        f"examples {after:.3f}"
    )
    return after / before


def _policies() -> tuple[float, float, float]:
    """Mean returns on the goals of maml.py: before, after one update, and after one update of the
    policy of joint training.
    """
    family, key, curves = Navigation(NavigationSettings(horizon=50)), Key(1), []
    shared = {"hidden": (32, 32), "draws": 20, "trajectories": 20, "inner_lr": 0.1, "outer": "adam"}
    for k in (3, 1):
        config = ReptileConfig(**shared, inner_steps=k, share=3e-3, share_end=3e-3)
        learner = Reptile(family, config)
        agent = train(
            learner, learner.init(key), SQUARE, POLICY_STEPS, key, f"policies, {k} inner steps"
        )
        batches, _ = learner.run_trials(agent, SQUARE, list(range(100)), Key(9), 3)
        curves.append([float(batch.returns.mean()) for batch in batches])
        print(
            f"policies, {k} inner steps: before, and after each update:",
            *(f"{mean:.2f}" for mean in curves[-1]),
        )
    return curves[0][0], curves[0][1], curves[1][1]
