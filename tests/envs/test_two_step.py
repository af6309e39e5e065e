"""The two-step task: laws of a family; transitions, rewards and switches of its genome."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.two_step import Steps, TwoStep, TwoStepSettings


def states_and_rewards(
    task: Steps, choice: int, rows: int = 4000, trials: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """Second-stage states and rewards [trials, rows] of one repeated choice."""
    simulator = TwoStep(TwoStepSettings(trials)).simulator([task] * rows, list(range(rows)), "cpu")
    simulator.reset()
    action = torch.eye(2)[choice].expand(rows, 2)
    states, rewards = zip(*(simulator.step(action)[:2] for _ in range(trials)), strict=True)
    return torch.stack(states)[..., 1].numpy(), torch.stack(rewards).numpy()


def test_the_laws_of_a_family() -> None:
    check_family(TwoStep())


@pytest.mark.parametrize("choice", [0, 1])
def test_common_transitions_have_their_probability(choice: int) -> None:
    states, _ = states_and_rewards(Steps(common=0.8), choice)
    assert (states == choice).mean() == pytest.approx(0.8, abs=0.01)


def test_second_stage_states_have_opposite_reward_probabilities() -> None:
    states, rewards = states_and_rewards(Steps(common=0.5, switch=0.0, good=0.8), 0)
    ones = np.array([rewards[states[:, i] == 1, i].mean() for i in range(1000)])
    zeros = np.array([rewards[states[:, i] == 0, i].mean() for i in range(1000)])
    assert np.corrcoef(ones, zeros)[0, 1] < -0.8
    assert np.maximum(ones, zeros).mean() == pytest.approx(0.8, abs=0.04)


def test_the_better_state_switches_with_its_probability() -> None:
    _, rewards = states_and_rewards(Steps(common=1.0, switch=0.1, good=1.0), 0)
    assert (rewards[1:] != rewards[:-1]).mean() == pytest.approx(0.1, abs=0.005)


def test_episodes_have_transitions_rewards_and_switches_of_their_own() -> None:
    simulator = TwoStep().simulator([Steps(common=0.5)] * 8, list(range(8)), "cpu")
    runs = []
    simulator.reset()
    for _ in range(2):
        runs.append(
            torch.stack([simulator.step(torch.eye(2)[0].expand(8, 2))[0] for _ in range(9)])
        )
        simulator.restart(torch.ones(8, dtype=torch.bool))
    assert float((runs[0] != runs[1]).float().mean()) > 0.3


def test_the_oracle_return_by_hand() -> None:
    assert TwoStep().oracle(Steps(0.9, 0.02, 0.9)) == pytest.approx(0.82)
