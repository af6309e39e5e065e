"""Batches of episodes: independent rows, counted steps, and errors for NaN."""

import numpy as np
import pytest
import torch

from openpoet.agents.rollouts.networks import Policy
from openpoet.agents.rollouts.rollout import Machine, rollout
from tests.agents.point_mass import Masses, PointMass

POLICY = Policy((5, 8, 2))


def case(n=23, members=7):
    rng = np.random.default_rng(1)
    weights = torch.from_numpy(
        0.2 * rng.standard_normal((members, POLICY.parameters)).astype(np.float32)
    )
    tasks = [(float(x), float(y)) for x, y in rng.uniform(-1, 1, (n, 2))]
    return weights, np.arange(n) % members, tasks, [int(seed) for seed in rng.integers(0, 99, n)]


def run(weights, member, tasks, seeds, family=None, **machine):
    return rollout(
        POLICY, family or PointMass(), weights, member, tasks, seeds, machine=Machine(**machine)
    )


def same(a, b):
    np.testing.assert_array_equal(a.returns, b.returns)
    np.testing.assert_array_equal(a.success, b.success)
    np.testing.assert_array_equal(a.steps, b.steps)


def test_returns_and_steps_equal_episodes_run_by_hand():
    weights, member, tasks, seeds = case()
    got = run(weights, member, tasks, seeds)
    assert len(set(got.steps)) > 2  # some terminate early, so that rows are dropped
    for i in (0, 5, 11):
        simulator, total, steps, ended = (
            PointMass().simulator([tasks[i]], [seeds[i]], "cpu"),
            0.0,
            0,
            False,
        )
        observation = simulator.reset()
        while not ended:
            action = POLICY.forward(weights[member[i]][None], observation)
            observation, reward, terminated, truncated = simulator.step(action)
            total, steps, ended = total + float(reward[0]), steps + 1, bool(terminated | truncated)
        assert got.returns[i] == pytest.approx(total, abs=1e-4)
        assert got.steps[i] == steps
        assert got.success[i] == bool(simulator.success[0])


def test_results_do_not_depend_on_batch_max_rows_or_threads():
    weights, member, tasks, seeds = case()
    whole = run(weights, member, tasks, seeds)
    same(run(weights, member, tasks, seeds, max_rows=5), whole)
    same(run(weights, member, tasks, seeds, threads=2), whole)
    family = PointMass()
    alone = [run(weights, member[[i]], [tasks[i]], [seeds[i]], family) for i in range(23)]
    np.testing.assert_array_equal(np.concatenate([one.returns for one in alone]), whole.returns)
    assert family.steps == whole.steps.sum()


def test_the_torch_path_of_other_devices_equals_the_kernel():
    """ "cpu:0" is the CPU for torch, but selects the path of other devices here."""
    whole, other = run(*case()), run(*case(), device="cpu:0", max_rows=9)
    np.testing.assert_allclose(other.returns, whole.returns, rtol=1e-4)
    np.testing.assert_array_equal(other.steps, whole.steps)


def test_max_rows_bounds_the_batch():
    family = PointMass()
    run(*case(), family, max_rows=10)
    assert [len(seeds) for seeds in family.batches] == [10, 10, 3]


def test_zero_rows_give_empty_results():
    weights, *_ = case()
    assert len(run(weights, np.empty(0, np.int64), [], []).returns) == 0


class Broken(PointMass):
    """A family whose step() is wrapped."""

    def __init__(self, change, **spec):
        super().__init__(**spec)
        self.change = change

    def simulator(self, tasks, seeds, device):
        made = super().simulator(tasks, seeds, device)
        step = made.step
        made.step = lambda actions: self.change(made, list(step(actions)))
        return made


def wrap(part, value):
    def change(simulator: Masses, out):
        if simulator.time == 3 and len(out[part]) > 2:
            out[part] = out[part].clone()
            out[part][2] = value
        return out

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (wrap(0, float("nan")), r"observation of row 12 is NaN or infinite, in task \("),
        (wrap(1, float("inf")), r"reward of row 12 is NaN or infinite, in task \("),
    ],
)
def test_a_nan_error_names_the_row_and_its_task(change, message):
    weights, member, tasks, seeds = case()
    seeds[:] = range(23)
    calls = []

    def second_batch_only(simulator, out):
        calls.append(simulator)
        return change(simulator, out) if calls[0] is not simulator else out

    with pytest.raises(ValueError, match=message):
        run(weights, member, tasks, seeds, Broken(second_batch_only), max_rows=10)


def test_nan_weights_are_refused():
    weights, member, tasks, seeds = case()
    weights[4, 3] = float("nan")
    with pytest.raises(ValueError, match="member 4 has weights"):
        run(weights, member, tasks, seeds)


def test_a_wrong_step_count_of_a_simulator_is_an_error():
    def change(simulator, out):
        simulator.steps += 1
        return out

    with pytest.raises(ValueError, match=r"counts \d+ steps where \d+ were taken"):
        run(*case(), Broken(change))


def test_an_episode_without_end_is_an_error():
    def change(simulator, out):
        return [out[0], out[1], torch.zeros_like(out[2]), torch.zeros_like(out[3])]

    with pytest.raises(ValueError, match="did not end after the family's horizon of 20 steps"):
        run(*case(), Broken(change))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda w, m: (w[:, 1:], m),
            r"of a 5-8-2 policy must be float32 \[members, 66\], got "
            r"float32 \[7, 65\]",
        ),
        (lambda w, m: (w[0], m), r"got float32 \[66\]"),
        (lambda w, m: (w.double(), m), r"got float64 \[7, 66\]"),
        (lambda w, m: (w, m + 1), r"member must lie in \[0, 7\), got 1 to 7"),
        (lambda w, m: (w, m - 1), r"member must lie in \[0, 7\), got -1 to 5"),
        (lambda w, m: (w, m.astype(np.int32)), "member must be int64"),
        (lambda w, m: (w[:0], m), r"member must lie in \[0, 0\)"),
    ],
)
@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_sizes_that_do_not_match_the_policy_raise_value_error(change, line, device):
    weights, member, tasks, seeds = case()
    weights, member = change(weights, member)
    with pytest.raises(ValueError, match=line):
        run(weights, member, tasks, seeds, device=device)


def test_a_policy_of_another_family_raises_value_error():
    _, member, tasks, seeds = case()
    other = Policy((5, 8, 3))
    with pytest.raises(ValueError, match=r"of sizes \(5, 2\), the policy \(5, 8, 3\)"):
        rollout(
            other,
            PointMass(),
            torch.zeros(7, other.parameters),
            member,
            tasks,
            seeds,
            machine=Machine(),
        )
