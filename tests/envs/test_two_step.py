"""The two-step task: laws of a family, transitions, payoffs and switches as its genome says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from openpoet.cli.conformance import check_family
from openpoet.envs.two_step import Steps, TwoStep, TwoStepSettings


def lived(
    task: Steps, choice: int, lives: int = 4000, trials: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """Second-stage states and payoffs [trials, lives] of one choice repeated."""
    simulator = TwoStep(TwoStepSettings(trials)).simulator(
        [task] * lives, list(range(lives)), "cpu"
    )
    simulator.reset()
    action = torch.eye(2)[choice].expand(lives, 2)
    seen, paid = zip(*(simulator.step(action)[:2] for _ in range(trials)), strict=True)
    return torch.stack(seen)[..., 1].numpy(), torch.stack(paid).numpy()


def test_the_laws_of_a_family() -> None:
    check_family(TwoStep())


@pytest.mark.parametrize("choice", [0, 1])
def test_a_choice_leads_to_its_own_state_as_often_as_is_common(choice: int) -> None:
    seen, _ = lived(Steps(common=0.8), choice)
    assert (seen == choice).mean() == pytest.approx(0.8, abs=0.01)


def test_a_state_pays_well_or_badly_and_the_other_the_reverse() -> None:
    seen, paid = lived(Steps(common=0.5, switch=0.0, good=0.8), 0)
    ones = np.array([paid[seen[:, i] == 1, i].mean() for i in range(1000)])
    zeros = np.array([paid[seen[:, i] == 0, i].mean() for i in range(1000)])
    assert np.corrcoef(ones, zeros)[0, 1] < -0.8
    assert np.maximum(ones, zeros).mean() == pytest.approx(0.8, abs=0.04)


def test_the_good_state_changes_as_often_as_it_should() -> None:
    _, paid = lived(Steps(common=1.0, switch=0.1, good=1.0), 0)
    assert (paid[1:] != paid[:-1]).mean() == pytest.approx(0.1, abs=0.005)


def test_who_knows_the_good_state_earns_what_the_oracle_says() -> None:
    assert TwoStep().oracle(Steps(0.9, 0.02, 0.9)) == pytest.approx(0.82)
