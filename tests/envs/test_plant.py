"""The scalar plant: closed forms against simulation, and the laws of a family."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.plant import Plant, Plants, PlantSettings, identifying_cost, static_cost


def simulated(gains: list[float], feedback: float, identify: bool = False) -> np.ndarray:
    """Cost of a feedback gain in each plant. identify: use the optimal gain from the second step
    on.
    """
    family = Plants(PlantSettings(push=10.0))
    simulator = family.simulator([Plant(gain) for gain in gains], [0] * len(gains), "cpu")
    x, total = simulator.reset().double()[:, 0], np.zeros(len(gains))
    for t in range(10):
        k = 1 / torch.tensor(gains) if identify and t else torch.full((len(gains),), feedback)
        observation, reward, _, _ = simulator.step((-k * x / 10)[:, None].float())
        x, total = observation.double()[:, 0], total - reward.numpy()
    return total


def test_the_laws_of_a_family() -> None:
    check_family(Plants())


def test_simulated_costs_equal_the_closed_forms() -> None:
    gains = [0.5, 1.0, 1.7, 2.0]
    np.testing.assert_allclose(
        simulated(gains, 0.731), static_cost(0.731, np.array(gains)), rtol=1e-5
    )
    np.testing.assert_allclose(
        simulated(gains, 0.714, True), identifying_cost(0.714, np.array(gains)), rtol=1e-5
    )
    assert simulated([1.6], 1 / 1.6)[0] == pytest.approx(-Plants().oracle(Plant(1.6)), abs=1e-5)


def clipped(family: Plants, task: Plant, trials: int) -> float:
    """Mean simulated return of the best action at the known gain of each trial: x = 0 if an action
    of at most 1 attains it, otherwise the largest one towards it.
    """
    simulator = family.simulator([task] * trials, range(trials), "cpu")
    probe = family.simulator([task] * trials, range(trials), "cpu")
    probe.reset()
    gains = 1 - probe.step(torch.ones(trials, 1))[0][:, 0]  # times the push; turned around
    x, total = simulator.reset()[:, 0], 0.0
    for _ in range(family.spec.horizon):
        observation, reward, _, _ = simulator.step((x / gains).clamp(-1, 1)[:, None])
        x, total = observation[:, 0], total + float(reward.mean())
    return total


@pytest.mark.parametrize(
    ("gain", "spread"),
    [(0.1, 0.0), (0.3, 0.0), (0.6, 0.0), (3.0, 0.0), (0.1, 2.0), (1.0, 0.7), (3.0, 2.0)],
)
def test_the_oracle_is_the_return_of_the_best_actions_within_their_limit(
    gain: float, spread: float
) -> None:
    for settings in (PlantSettings(), PlantSettings(push=0.5, horizon=4)):
        family, task = Plants(settings), Plant(gain, spread)
        returns = clipped(family, task, 4000 if spread else 1)
        assert family.oracle(task) == pytest.approx(returns, abs=0.05 if spread else 1e-5)


def test_the_oracle_of_a_weak_plant_is_computed_by_hand() -> None:
    """Steps of .2 from 1: 1 + .64 + .36 + .16 + .04."""
    assert Plants().oracle(Plant(0.1)) == pytest.approx(-2.2)


def test_values_for_the_range_from_one_half_to_two() -> None:
    gains = np.linspace(0.5, 2.0, 20_001)
    assert static_cost(0.8, gains).mean() == pytest.approx(1.155, abs=1e-3)
    assert static_cost(0.731, gains).mean() == pytest.approx(1.139, abs=1e-3)
    assert identifying_cost(0.714, gains).mean() == pytest.approx(1.107, abs=1e-3)


def test_a_trial_draws_its_gain_once_within_the_range() -> None:
    family = Plants()
    simulator = family.simulator([Plant(1.0, 0.5)] * 500, range(500), "cpu")
    simulator.reset()
    one = simulator.step(torch.full((500, 1), -0.25))[0][:, 0]
    gains = (1 - one.numpy()) / 0.5
    assert (gains.min() > 0.5, gains.max() < 1.5) == (True, True)
    assert np.mean(gains) == pytest.approx(1.0, abs=0.05)
    for _ in range(9):
        simulator.step(torch.zeros(500, 1))
    simulator.restart(torch.ones(500, dtype=torch.bool))
    assert torch.equal(simulator.step(torch.full((500, 1), -0.25))[0][:, 0], one)
