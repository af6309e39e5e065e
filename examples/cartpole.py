"""Gymnasium's CartPole as a task family: masses and the pole's length evolve.

    openpoet launch --config examples/cartpole.toml

The genes are arguments of `make`; docs/plugins.md explains the entries of `family`.
"""

import gymnasium


def make(cart, pole, length):
    env = gymnasium.make("CartPole-v1")
    world = env.unwrapped
    world.masscart, world.masspole, world.length = cart, pole, length  # [kg], [kg], half of it [m]
    world.total_mass, world.polemass_length = cart + pole, pole * length
    return env


family = {
    "make": make,
    "origin": {"cart": 1.0, "pole": 0.1, "length": 0.5},
    "genes": {"cart": (0.2, 20.0, 2.0), "pole": (0.02, 10.0, 1.5), "length": (0.05, 3.0, 0.4)},
    "success": lambda end: not end.terminated,  # the pole has not fallen
    "solved_score": 195.0,
    "reproduce_at": 180.0,
    "mc_low": 30.0,
    "mc_high": 190.0,
    "horizon": 200,
}
