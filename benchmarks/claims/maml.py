"""MAML (arXiv 1703.03400) on point navigation to goals in a square, in episodes of 50 steps.

Published, with 100 steps: -40.4 before adaptation, -11.7 after one gradient step, -3.3 after two.
Controls: joint training of the same policy (no inner step in training) with as many outer steps,
and the initial policy.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks.claims.claim import Claim, train
from openpoet.agents.gradient import inner
from openpoet.agents.gradient.maml import MAML
from openpoet.agents.gradient.maml_config import MAMLConfig
from openpoet.envs.navigation import SQUARE, Navigation, NavigationSettings
from openpoet.poet.interfaces import Agent
from openpoet.poet.streams import Key
from tests.agents.quadratics import closed_form, outer_gradient

STEPS, TRUST_STEPS, GOALS, UPDATES = 150, 12, 100, 3
FAMILY = Navigation(NavigationSettings(horizon=50))
SEEDS = list(range(GOALS))


def claims() -> list[Claim]:
    config = MAMLConfig()
    trusting = replace(config, outer="trpo")
    agent = train(
        MAML(FAMILY, trusting),
        MAML(FAMILY, trusting).init(Key(1)),
        SQUARE,
        TRUST_STEPS,
        Key(1),
        "trpo",
    )
    trusted = curve(MAML(FAMILY, trusting), agent, f"TRPO outside, {TRUST_STEPS} steps")
    return [
        *square_goals(config, "maml"),
        Claim("TRPO outside: after one step", trusted[1], -11.0),
        *(quadratic(2, k) for k in (1, 2, 5)),
    ]


def square_goals(config: MAMLConfig, name: str) -> list[Claim]:
    """Claims about training with these settings, and about joint training of the same policy."""
    key, joint = Key(1), replace(config, inner_steps=0)
    initial = MAML(FAMILY, config).init(key)
    agent = train(MAML(FAMILY, config), initial, SQUARE, STEPS, key, name)
    jointly = train(MAML(FAMILY, joint), initial, SQUARE, STEPS, key, "joint")
    best = float(FAMILY.oracle([SQUARE] * GOALS, SEEDS).mean())
    learned = curve(MAML(FAMILY, config), agent, name)
    control = curve(MAML(FAMILY, joint), jointly, "joint training")
    unlearned = curve(MAML(FAMILY, config), initial, "initial policy")
    gain = learned[1] - learned[0]
    return [
        Claim("goal known", best, -1.2, -0.4),
        Claim(f"{name}: after one step", learned[1], -11.0),
        Claim(f"{name}: after one step minus before", gain, 8.0),
        Claim(
            "joint training: after one step minus before", control[1] - control[0], most=gain / 3
        ),
        Claim(
            "initial policy: after one step minus before",
            unlearned[1] - unlearned[0],
            most=gain / 3,
        ),
    ]


def curve(learner: MAML, agent: Agent, name: str) -> list[float]:
    """Mean return on held-out goals, before adaptation and after each update."""
    batches, _ = learner.run_trials(agent, SQUARE, SEEDS, Key(9), UPDATES)
    means = [float(batch.returns.mean()) for batch in batches]
    print(
        f"{name}: return before, and after each of {UPDATES} updates:",
        *(f"{mean:.2f}" for mean in means),
    )
    return means


def quadratic(order: inner.Order, k: int) -> Claim:
    error = float(torch.abs(outer_gradient(order, k) - closed_form(order, k)).max())
    return Claim(
        f"quadratics, {k} inner steps, order {order}: largest error against the closed form",
        error,
        most=1e-6,
    )
