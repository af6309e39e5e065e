"""Gymnasium's LunarLander as a task family: gravity, wind and turbulence evolve.

    openpoet launch --config examples/lunar_lander.toml

The genes are arguments of `make`; docs/plugins.md explains the entries of `family`.
"""

import gymnasium


def make(gravity, wind, turbulence):
    wind_on = wind > 0 or turbulence > 0
    numbers = {"gravity": gravity, "wind_power": wind, "turbulence_power": turbulence}
    return gymnasium.make("LunarLander-v3", enable_wind=wind_on, **numbers)


family = {
    "make": make,
    "origin": {"gravity": -10.0, "wind": 0.0, "turbulence": 0.0},
    "genes": {
        "gravity": (-11.9, -2.0, 1.0),
        "wind": (0.0, 20.0, 5.0),
        "turbulence": (0.0, 2.0, 0.5),
    },
    # No crash, and both legs on the ground.
    "success": lambda end: end.reward > -100 and end.observation[6:].all(),
    "solved_score": 100.0,
    "reproduce_at": 0.0,
    "mc_low": -150.0,
    "mc_high": 150.0,
    "horizon": 400,
}
