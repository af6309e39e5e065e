"""The policy kernel: right, and blind to the batch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from agents.networks import ROWS_A_THREAD, Policy

POET = Policy((24, 40, 40, 4))


def data(policy, n, members=None, scale=0.3, seed=0):
    rng = np.random.default_rng(seed)
    weights = (scale * rng.standard_normal((members or n, policy.parameters))).astype(np.float32)
    member = np.arange(n) % len(weights)
    return weights, member, rng.standard_normal((n, policy.sizes[0])).astype(np.float32)


def act(policy, weights, member, observations, rows=None, **options):
    actions = np.full((len(member), policy.sizes[-1]), 9, np.float32)
    rows = np.arange(len(member)) if rows is None else rows
    policy.act(weights, member, rows, observations, actions, **options)
    return actions


def test_poets_network_has_2804_parameters():
    assert POET.parameters == 2804


def test_the_layout_is_weights_in_by_out_row_by_row_then_the_bias():
    policy = Policy((2, 3, 1))
    theta = np.arange(1, 14, dtype=np.float32) / 20
    x = np.array([0.5, -1.0])
    hidden = np.tanh(x @ theta[:6].reshape(2, 3) + theta[6:9])
    by_hand = np.tanh(hidden @ theta[9:12].reshape(3, 1) + theta[12:])
    transposed = np.tanh(np.tanh(x @ theta[:6].reshape(3, 2).T + theta[6:9]) @ theta[9:12] + theta[12:])
    got = act(policy, theta[None], np.zeros(1, int), x[None].astype(np.float32))
    assert got[0] == pytest.approx(by_hand, abs=1e-6)
    assert abs(got[0] - transposed) > 1e-3  # the known-wrong layout is told apart


@pytest.mark.parametrize("policy", [POET, Policy((3, 7, 5, 2), "relu"), Policy((5, 1)), Policy((1, 2, 1), "relu")])
@pytest.mark.parametrize("scale", [0.1, 0.4])
def test_the_kernel_agrees_with_torch(policy, scale):
    weights, member, observations = data(policy, 50, scale=scale)
    expected = policy.forward(torch.from_numpy(weights).double(), torch.from_numpy(observations).double()).numpy()
    assert np.abs(act(policy, weights, member, observations) - expected).max() < 2e-6


def test_tanh_is_accurate_everywhere_and_stays_inside_one():
    identity = Policy((1, 1))
    x = np.concatenate([np.linspace(-12, 12, 100_001), [1e-30, -1e-30, 1e30, -1e30]]).astype(np.float32)[:, None]
    got = act(identity, np.array([[1, 0]], np.float32), np.zeros(len(x), int), x)
    assert np.abs(got - np.tanh(x.astype(float))).max() < 5e-7
    assert np.abs(got).max() <= 1


def test_batch_is_one_by_one_bit_for_bit():
    weights, member, observations = data(POET, 37)
    whole = act(POET, weights, member, observations)
    for i in range(37):
        alone = act(POET, weights[i : i + 1], np.zeros(1, int), observations[i : i + 1])
        np.testing.assert_array_equal(alone[0], whole[i])


def test_threads_change_nothing():
    weights, member, observations = data(POET, 3 * ROWS_A_THREAD, members=5)
    one = act(POET, weights, member, observations)
    with ThreadPoolExecutor(3) as pool:
        np.testing.assert_array_equal(act(POET, weights, member, observations, pool=pool, threads=3), one)


def test_rows_that_have_ended_are_left_alone():
    weights, member, observations = data(POET, 6)
    got = act(POET, weights, member, observations, rows=np.array([1, 4]))
    assert (got[[0, 2, 3, 5]] == 9).all()
    np.testing.assert_array_equal(got[[1, 4]], act(POET, weights, member, observations)[[1, 4]])


def test_what_does_not_fit_is_refused():
    weights, member, observations = data(POET, 2)
    for bad in [(weights[:, :-1], observations), (weights, observations[:, :-1]), (weights, observations[:1])]:
        with pytest.raises(ValueError, match="24-40-40-4 policy cannot act"):
            act(POET, bad[0], member, bad[1])
    with pytest.raises(ValueError, match="layer sizes"):
        Policy((3,))
    with pytest.raises(ValueError, match="activation"):
        Policy((3, 1), "step")
