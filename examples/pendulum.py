"""Gymnasium's Pendulum as a task family: gravity, mass and length evolve.

    openpoet launch --config examples/pendulum.toml

The genes are arguments of `make`; docs/plugins.md explains the entries of `family`.
"""

import gymnasium


def make(g, m, l):  # noqa: E741  # Gymnasium's own names
    env = gymnasium.make("Pendulum-v1", g=g)
    env.unwrapped.m, env.unwrapped.l = m, l  # [kg], [m]
    return env


family = {
    "make": make,
    "origin": {"g": 2.0, "m": 1.0, "l": 1.0},
    "genes": {"g": (0.0, 15.0, 1.5), "m": (0.3, 2.0, 0.15), "l": (0.3, 2.0, 0.15)},
    "solved_score": -300.0,
    "reproduce_at": -400.0,
    "mc_low": -1200.0,
    "mc_high": -300.0,
}
