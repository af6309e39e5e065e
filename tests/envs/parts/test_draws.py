"""Random numbers per row: known values, uniform, independent, and equal in every batch."""

from __future__ import annotations

import torch

from openpoet.envs.parts.draws import Draws


def test_random_numbers_of_a_row_do_not_depend_on_the_batch() -> None:
    many = Draws(range(100)).normal("noise", 4, torch.arange(100))
    for row in (0, 7, 99):
        torch.testing.assert_close(
            Draws([row]).normal("noise", 4, row)[0], many[row], rtol=0, atol=0
        )


def test_the_hash_is_splitmix64() -> None:
    """The first numbers of SplitMix64 with seed 0 (Vigna's reference implementation)."""
    from openpoet.envs.parts.draws import GOLDEN, _mix

    state = torch.arange(1, 4) * GOLDEN
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [value % 2**64 for value in _mix(state).tolist()] == expected


def test_random_numbers_are_uniform_and_uncorrelated() -> None:
    draws = Draws(range(2000))
    u = draws.uniform("a", 200)
    others = {
        "place": u[:, 1:],
        "row": u[1:],
        "stream": draws.uniform("b", 200),
        "counter": draws.uniform("a", 200, 1),
    }
    assert 0 <= float(u.min()) < 1e-4
    assert 1 - 1e-4 < float(u.max()) < 1
    assert abs(float(u.mean()) - 1 / 2) < 0.002
    assert abs(float(u.var()) - 1 / 12) < 0.001
    for name, other in others.items():
        mine = u[: len(other), : other.shape[1]]
        correlation = torch.corrcoef(torch.stack([mine.ravel(), other.ravel()]))[0, 1]
        assert abs(float(correlation)) < 0.01, name


def test_normal_numbers_have_normal_moments() -> None:
    z = Draws(range(2000)).normal("a", 200)
    assert abs(float(z.mean())) < 0.01
    assert abs(float(z.std()) - 1) < 0.01
    assert abs(float((z**4).mean()) - 3) < 0.1
    assert bool(torch.isfinite(z).all())
