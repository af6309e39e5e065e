"""Generalised advantage estimates: hand-computed cases, and the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpoet.agents.ppo.advantages import gae


def column(*values: float) -> torch.Tensor:
    """[t, 1]."""
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_termination_truncation_and_the_end_of_a_rollout_by_hand() -> None:
    """Gamma and lambda .5. Steps 1, 3 and 5 are the last of a trial that terminates, of one that is
    truncated where the value is 8, and of the rollout, after which the value is 6.

    delta: 1 + .5 x 2 - 1 = 1; 0 + 0 - 2 = -2; 2 + .5 x 4 - 3 = 1; 1 + .5 x 8 - 4 = 1; 0 + .5 x 1 -
    5 = -4.5; 3 + .5 x 6 - 1 = 5.
    """
    rewards, values = column(1, 0, 2, 1, 0, 3), column(1, 2, 3, 4, 5, 1)
    following = column(2, 0, 4, 8, 1, 6)
    cuts = column(0, 1, 0, 1, 0, 0).bool()
    found = gae(rewards, values, following, cuts, gamma=0.5, lam=0.5)[:, 0]
    assert found.tolist() == [0.5, -2.0, 1.25, 1.0, -3.25, 5.0]
    uncut = gae(rewards, values, following, cuts & False, gamma=0.5, lam=0.5)[:, 0]
    assert uncut.tolist()[:2] != found.tolist()[:2]  # a later trial's advantages leak
    terminal = gae(rewards, values, column(2, 0, 4, 0, 1, 6), cuts, gamma=0.5, lam=0.5)[:, 0]
    assert terminal.tolist()[3] == -3.0  # as if truncation were termination


@pytest.mark.parametrize("shape", [(), (6,), (6, 3)])
def test_they_are_sums_of_discounted_errors_with_any_discounts(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    rewards, values, following = torch.from_numpy(rng.normal(size=(3, 6, 3)))
    cuts = torch.from_numpy(rng.random((6, 3)) < 0.3)
    gamma, lam = (torch.from_numpy(rng.uniform(0.5, 1, shape)) for _ in range(2))
    found = gae(rewards, values, following, cuts, gamma=gamma, lam=lam)
    g, k = (
        (part if part.dim() == 2 else part.reshape(-1, 1)).expand(6, 3) for part in (gamma, lam)
    )
    for n in range(3):
        for t in range(6):
            total, factor = 0.0, 1.0
            for i in range(t, 6):
                total += factor * float(rewards[i, n] + g[i, n] * following[i, n] - values[i, n])
                factor *= float(g[i, n] * k[i, n])
                if cuts[i, n]:
                    break
            assert float(found[t, n]) == pytest.approx(total)
