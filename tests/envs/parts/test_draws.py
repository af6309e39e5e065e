"""Random numbers per row: known values, uniform, independent, and equal in every batch."""

from __future__ import annotations

import zlib

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


def test_the_numbers_of_a_seed_stream_and_counter_never_change() -> None:
    """Archived tasks are realised from them, so that another number would be another task.

    By the text's definition, with Python's integers.
    """

    def mixed(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        return z ^ (z >> 31)

    golden = 0x9E3779B97F4A7C15
    for seed, counter in ((0, 0), (7, 3), (2**31 - 1, 5 * 2**20)):
        start = mixed((seed * golden + zlib.crc32(b"goal")) % 2**64)
        start = mixed((start + (counter + 1) * golden) % 2**64)
        expected = [(mixed((start + i * golden) % 2**64) >> 11) * 2.0**-53 for i in (1, 2, 3)]
        assert Draws([seed]).uniform("goal", 3, counter)[0].tolist() == expected


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
