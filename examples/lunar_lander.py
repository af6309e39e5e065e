"""Gymnasium's LunarLander as a task family: gravity, wind and turbulence evolve.

python run.py launch --config examples/lunar_lander.toml
"""

import gymnasium


def make(gravity, wind, turbulence):
    wind_on = wind > 0 or turbulence > 0
    numbers = {"gravity": gravity, "wind_power": wind, "turbulence_power": turbulence}
    return gymnasium.make("LunarLander-v3", enable_wind=wind_on, **numbers)


family = {
    "make": make,
    "origin": {"gravity": -10.0, "wind": 0.0, "turbulence": 0.0},
    "genes": {"gravity": (-11.9, -2.0, 1.0), "wind": (0.0, 20.0, 3.0), "turbulence": (0.0, 2.0, 0.3)},
    "success": lambda end: end.reward > -100 and end.observation[6:].all(),  # no crash, both legs on the ground
    "solved_score": 80.0,
    "reproduce_at": 20.0,
    "mc_low": -120.0,
    "mc_high": 80.0,
    "horizon": 400,
}
