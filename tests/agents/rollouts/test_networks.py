"""The policy kernel: against torch, and independent of the batch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from openpoet.agents.rollouts.networks import ROWS_A_THREAD, Policy

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


def test_the_layout_is_row_major_weights_then_the_bias():
    policy = Policy((2, 3, 1))
    theta = np.arange(1, 14, dtype=np.float32) / 20
    x = np.array([0.5, -1.0])
    hidden = np.tanh(x @ theta[:6].reshape(2, 3) + theta[6:9])
    by_hand = np.tanh(hidden @ theta[9:12].reshape(3, 1) + theta[12:])
    transposed = np.tanh(
        np.tanh(x @ theta[:6].reshape(3, 2).T + theta[6:9]) @ theta[9:12] + theta[12:]
    )
    got = act(policy, theta[None], np.zeros(1, int), x[None].astype(np.float32))
    assert got[0] == pytest.approx(by_hand, abs=1e-6)
    assert abs(got[0] - transposed) > 1e-3  # the transposed layout differs


@pytest.mark.parametrize(
    "policy", [POET, Policy((3, 7, 5, 2), "relu"), Policy((5, 1)), Policy((1, 2, 1), "relu")]
)
@pytest.mark.parametrize("scale", [0.1, 0.4])
def test_the_kernel_equals_torch(policy, scale):
    weights, member, observations = data(policy, 50, scale=scale)
    expected = policy.forward(
        torch.from_numpy(weights).double(), torch.from_numpy(observations).double()
    ).numpy()
    assert np.abs(act(policy, weights, member, observations) - expected).max() < 2e-6


def test_tanh_is_accurate_and_bounded():
    identity = Policy((1, 1))
    x = np.concatenate([np.linspace(-12, 12, 100_001), [1e-30, -1e-30, 1e30, -1e30]]).astype(
        np.float32
    )[:, None]
    got = act(identity, np.array([[1, 0]], np.float32), np.zeros(len(x), int), x)
    assert np.abs(got - np.tanh(x.astype(float))).max() < 5e-7
    assert np.abs(got).max() <= 1


def test_the_batch_is_bit_identical_to_rows_one_by_one():
    weights, member, observations = data(POET, 37)
    whole = act(POET, weights, member, observations)
    for i in range(37):
        alone = act(POET, weights[i : i + 1], np.zeros(1, int), observations[i : i + 1])
        np.testing.assert_array_equal(alone[0], whole[i])


def test_results_do_not_depend_on_threads():
    weights, member, observations = data(POET, 3 * ROWS_A_THREAD, members=5)
    one = act(POET, weights, member, observations)
    with ThreadPoolExecutor(3) as pool:
        np.testing.assert_array_equal(
            act(POET, weights, member, observations, pool=pool, threads=3), one
        )


def test_rows_that_have_ended_are_not_changed():
    weights, member, observations = data(POET, 6)
    got = act(POET, weights, member, observations, rows=np.array([1, 4]))
    assert (got[[0, 2, 3, 5]] == 9).all()
    np.testing.assert_array_equal(got[[1, 4]], act(POET, weights, member, observations)[[1, 4]])


REMEMBERS = Policy((6, 9, 3), "relu", memory=5)


def recurrent_actions(policy, weights, member, observations, memory, rows=None):
    """Actions over time [t, n, a] of observations [t, n, o]; memory is changed."""
    rows = np.arange(len(member)) if rows is None else rows
    actions = np.full((len(observations), len(member), policy.sizes[-1]), 9, np.float32)
    for x, out in zip(observations, actions, strict=True):
        policy.act(weights, member, rows, x, out, memory)
    return actions


def test_a_recurrent_policy_is_torchs_gru_followed_by_the_layers():
    policy, n = REMEMBERS, 4
    weights, member, _ = data(policy, n, scale=0.5)
    observations = np.random.default_rng(3).standard_normal((7, n, 6)).astype(np.float32)
    got = recurrent_actions(policy, weights, member, observations, policy.start(n))
    in_torch = torch.from_numpy(policy.start(n)).double()
    wide = torch.from_numpy(weights).double()
    whole = [policy.forward(wide, torch.from_numpy(x).double(), in_torch) for x in observations]
    np.testing.assert_allclose(got, torch.stack(whole).numpy(), atol=3e-6)
    for row in range(n):
        w, cell = torch.from_numpy(weights[row]), torch.nn.GRUCell(6, 5)
        matrices = w[: 15 * 11].view(11, 15).T
        state = {"weight_ih": matrices[:, :6], "weight_hh": matrices[:, 6:], "bias_ih": w[165:180]}
        cell.load_state_dict({**state, "bias_hh": torch.zeros(15)})
        h, tail = torch.zeros(1, 5), Policy((5, 9, 3), "relu")
        for x, action in zip(observations[:, row], got[:, row], strict=True):
            h = cell(torch.from_numpy(x)[None], h)
            np.testing.assert_allclose(
                action, tail.forward(w[None, 180:], h)[0].detach(), atol=3e-6
            )


def test_memories_belong_to_rows_and_affect_actions():
    policy, n = REMEMBERS, 23
    weights, member, _ = data(policy, n, members=4)
    observations = np.random.default_rng(4).standard_normal((5, n, 6)).astype(np.float32)
    memory = policy.start(n)
    whole = recurrent_actions(policy, weights, member, observations, memory)
    for row in (0, 9, 22):
        alone = recurrent_actions(
            policy, weights, member[[row]], observations[:, [row]], policy.start(1)
        )
        np.testing.assert_array_equal(alone[:, 0], whole[:, row])
    some = policy.start(n)
    part = recurrent_actions(policy, weights, member, observations, some, rows=np.array([3, 7]))
    np.testing.assert_array_equal(part[:, [3, 7]], whole[:, [3, 7]])
    assert (some[[0, 1, 2, 4]] == 0).all()  # the memory of rows that do not act is not updated
    forgetful = np.stack(
        [
            recurrent_actions(policy, weights, member, x[None], policy.start(n))[0]
            for x in observations
        ]
    )
    np.testing.assert_array_equal(forgetful[0], whole[0])
    assert (forgetful[1:] != whole[1:]).mean() > 0.9


def test_arguments_of_wrong_shape_raise_value_error():
    weights, member, observations = data(REMEMBERS, 2)
    with pytest.raises(ValueError, match=r"memory must be float32 \[2, 5\], got float32 \[0, 5\]"):
        act(REMEMBERS, weights, member, observations)
    with pytest.raises(ValueError, match="at least 0 units"):
        Policy((3, 1), memory=-1)
    weights, member, observations = data(POET, 2)
    for bad in [
        (weights[:, :-1], observations),
        (weights, observations[:, :-1]),
        (weights, observations[:1]),
    ]:
        with pytest.raises(
            ValueError,
            match=r"must be float32 \[(members, 2804|2, 24)\], got "
            r"float32 \[",
        ):
            act(POET, bad[0], member, bad[1])
    for wrong in ([0, 9], [-1, 0], [0.0, 1.0], [[0], [1]]):
        with pytest.raises(ValueError, match=r"member must (lie in \[0, 2\)|be int64 \[n\]), got"):
            act(POET, weights, np.array(wrong), observations)
        with pytest.raises(ValueError, match=r"rows must (lie in \[0, 2\)|be int64 \[n\]), got"):
            POET.act(weights, member, np.array(wrong), observations, np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"actions must be float32 \[2, 4\]"):
        POET.act(weights, member, np.arange(2), observations, np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="layer sizes"):
        Policy((3,))
    with pytest.raises(ValueError, match="activation"):
        Policy((3, 1), "step")


def test_the_kernel_does_not_read_out_of_bounds():
    """Called directly, as by compiled code: actions are NaN if the widths do not match
    the layout.
    """
    weights, member, observations = data(REMEMBERS, 2)
    memory, actions = REMEMBERS.start(2), np.zeros((2, REMEMBERS.sizes[-1]), np.float32)
    kernel, layout = REMEMBERS.compiled(), REMEMBERS.layout
    kernel(weights, member, np.arange(2), observations, layout, memory, actions)
    assert np.isfinite(actions).all()
    larger, thousand, negative = layout.copy(), layout.copy(), layout.copy()
    larger[2], thousand[1], negative[-1] = larger[2] + 1, 1000, -1
    for wrong in (
        larger,
        thousand,
        negative,
        layout[:3],
        layout[:0],
        np.concatenate([layout, layout[-1:]]),
    ):
        actions[:] = 0
        kernel(weights, member, np.arange(2), observations, wrong, memory, actions)
        assert np.isnan(actions).all()
    for arrays in ((weights[:, 1:], memory), (weights, memory[:, 1:])):
        narrow, kept = map(np.ascontiguousarray, arrays)
        kernel(narrow, member, np.arange(2), observations, layout, kept, actions)
        assert np.isnan(actions).all()
