"""Rollouts: trials follow one another in their rows, and each step has what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from openpoet.agents.ppo.collecting import Collector
from openpoet.agents.ppo.policies import Acted, LastStep
from openpoet.agents.ppo.rollout import Plan, Rollout
from openpoet.poet.streams import Key
from tests.agents.ppo.counting import Counting

PLAN = Plan(rows=5, steps=7, actions=2)


@dataclass
class Observing:
    """A policy whose value is a function of the input, and whose hidden state counts its steps."""

    def start(self, n: int) -> tuple[torch.Tensor, ...]:
        return (torch.zeros(n, 1),)

    def noise(self, uniform: torch.Tensor) -> torch.Tensor:
        return uniform

    def inputs(self, observations: torch.Tensor, last: LastStep) -> torch.Tensor:
        extra = [last.first, last.ages, last.rewards, last.actions[:, 0]]
        return torch.cat([observations, torch.stack([part.float() for part in extra], 1)], 1)

    def act(self, inputs: torch.Tensor, state: Any, noise: torch.Tensor) -> Acted:
        return Acted(noise, noise[:, 0], self.values(inputs, state), (state[0] + 1,))

    def values(self, inputs: torch.Tensor, state: Any) -> torch.Tensor:
        return inputs[:, 0] + 1000 * inputs[:, 2] + 10000 * state[0][:, 0]


def collected(plan: Plan, count: int, **family: bool) -> tuple[list[Rollout], Collector]:
    collector = Collector(Counting(**family), ["truncated"] * plan.rows, plan, Key(1))
    return [collector.collect(Observing()) for _ in range(count)], collector


def joined(rollouts: list[Rollout], name: str) -> torch.Tensor:
    return torch.cat([getattr(rollout, name) for rollout in rollouts])


@pytest.mark.parametrize("family", [{}, {"redraws": False}, {"deterministic": True}])
def test_rollouts_continue_each_other(family: dict[str, bool]) -> None:
    """Two rollouts of 7 steps equal one of 14, up to the noise of the actions."""
    two, _ = collected(PLAN, 2, **family)
    one, collector = collected(replace(PLAN, steps=14), 1, **family)
    for name in ("observations", "rewards", "alive", "begins", "cuts", "values"):
        assert torch.equal(joined(two, name), getattr(one[0], name)), name
    following = joined(two, "following")
    assert torch.equal(following, one[0].following)
    assert collector.steps == int(one[0].alive.sum())


def test_a_trial_that_ends_is_followed_by_one_on_another_draw() -> None:
    (rollout,), collector = collected(replace(PLAN, steps=30), 1)
    draws, ages = rollout.observations[..., 0], rollout.observations[..., 2]
    assert rollout.alive.all()
    assert torch.equal(rollout.begins, ages == 0)
    assert torch.equal(rollout.cuts[:-1], rollout.begins[1:])
    changes = draws[1:] != draws[:-1]
    assert torch.equal(changes, rollout.cuts[:-1])
    assert len(collector.family.seeds) == 1  # type: ignore[attr-defined]  # Counting
    assert rollout.observations[..., 1].eq(0).all()  # never another episode of the same draw


def test_rows_wait_for_the_others_where_a_family_cannot_redraw() -> None:
    (rollout,), collector = collected(replace(PLAN, steps=30), 1, redraws=False)
    assert len(collector.family.seeds) > 5  # type: ignore[attr-defined]  # Counting
    assert not rollout.alive.all()
    all_begin = rollout.begins.all(1)
    assert torch.equal(all_begin, rollout.begins.any(1))  # trials begin together
    assert not (rollout.rewards[~rollout.alive] != 0).any()
    waits = torch.zeros(5, dtype=torch.bool)
    for t in range(30):
        waits = waits & ~rollout.begins[t]
        assert torch.equal(rollout.alive[t], ~waits)
        waits = waits | rollout.cuts[t]


def test_a_deterministic_family_continues_with_the_next_episode() -> None:
    (rollout,), _ = collected(replace(PLAN, steps=30), 1, deterministic=True)
    draws, episodes = rollout.observations[..., 0], rollout.observations[..., 1]
    assert (draws == draws[0]).all()
    assert torch.equal(episodes, rollout.cuts.long().cumsum(0) - rollout.cuts.long())


@pytest.mark.parametrize("task", ["terminated", "truncated"])
def test_truncated_trials_are_bootstrapped_with_the_last_observation(task: str) -> None:
    """Its value, of the hidden state and age after the last step; 0 after a termination."""
    collector = Collector(Counting(), [task] * PLAN.rows, replace(PLAN, steps=20), Key(1))
    rollout = collector.collect(Observing())
    cut = rollout.cuts
    lengths = 2 + rollout.observations[..., 0] % 3
    beyond = rollout.observations[..., 0] + 1000 * lengths + 10000 * lengths
    expected = beyond if task == "truncated" else torch.zeros_like(beyond)
    torch.testing.assert_close(rollout.following[cut], expected[cut])
    assert torch.equal(rollout.following[:-1][~cut[:-1]], rollout.values[1:][~cut[:-1]])
    terminal = Collector(
        Counting(), [task] * PLAN.rows, replace(PLAN, steps=20, bootstrap=False), Key(1)
    )
    assert (terminal.collect(Observing()).following[cut] == 0).all()


def test_memory_and_last_step_are_reset_where_a_trial_begins_only() -> None:
    plan = replace(PLAN, steps=40, episodes=2)
    (rollout,), _ = collected(plan, 1)
    first, ages, rewards, action = rollout.inputs[..., 3:].unbind(-1)
    begins, starts = rollout.begins, rollout.observations[..., 2] == 0
    assert torch.equal(first > 0, starts)  # every episode, within a trial too
    within = starts & ~begins
    assert within.any()
    for part in (ages, rewards, action):
        assert (part[begins] == 0).all()
        assert (part[within] > 0).all()
    state = rollout.values - rollout.observations[..., 0] - 1000 * rollout.observations[..., 2]
    torch.testing.assert_close(state / 10000, ages)  # steps of the trial so far
    assert torch.equal(rollout.observations[..., 1][rollout.cuts], torch.ones(rollout.cuts.sum()))
    assert torch.equal(rollout.following[:-1][within[1:]], rollout.values[1:][within[1:]])


def test_staggered_rows_cut_one_trial_each_and_bootstrap_it() -> None:
    """4 rows, trials of up to 4 steps: the trial of row i is cut off after step i, unless it ends
    there; the next trial begins.
    """
    plan = replace(PLAN, rows=4, steps=30)
    plain, _ = collected(plan, 1)
    staggered, _ = collected(replace(plan, stagger=True), 1)
    own, other = plain[0], staggered[0]
    ages, draws = other.observations[..., 2], other.observations[..., 0]
    early = other.cuts & (ages + 1 < 2 + draws % 3)  # the episode had not ended
    for row in range(4):
        cut = row > 0 and not bool(own.cuts[row - 1, row])
        assert early[:, row].nonzero()[:, 0].tolist() == [row - 1] * cut
    assert early.any()
    assert torch.equal(other.begins, ages == 0)
    steps = ages[early] + 1
    expected_values = draws[early] + 1000 * steps + 10000 * steps
    torch.testing.assert_close(other.following[early], expected_values)


def test_whole_trials() -> None:
    plan = replace(PLAN, steps=8, episodes=2, whole=True)
    collector = Collector(Counting(), ["terminated"] * plan.rows, plan, Key(1))
    for _ in range(2):
        rollout = collector.collect(Observing())
        lengths = 2 * (2 + rollout.observations[0, :, 0].long() % 3)
        assert torch.equal(rollout.alive.sum(0), lengths)
        assert len(rollout.alive) == lengths.max()
        assert torch.equal(rollout.cuts.sum(0), torch.ones(5, dtype=torch.int64))
        assert (rollout.following[rollout.cuts] == 0).all()
    assert len(collector.family.seeds) == 2  # type: ignore[attr-defined]  # Counting


def test_hidden_states_are_stored_at_the_start_of_each_chunk() -> None:
    (rollout,), _ = collected(replace(PLAN, steps=8, chunk=3), 1)
    state = rollout.values - rollout.observations[..., 0] - 1000 * rollout.observations[..., 2]
    torch.testing.assert_close(rollout.starts[0][..., 0], state[::3] / 10000)


def test_the_key_alone_determines_a_rollout() -> None:
    one, two = (collected(PLAN, 1)[0][0] for _ in range(2))
    assert torch.equal(one.observations, two.observations)
    assert torch.equal(one.actions, two.actions)
    other = Collector(Counting(), ["truncated"] * PLAN.rows, PLAN, Key(2)).collect(Observing())
    assert not torch.equal(one.observations, other.observations)
    assert not torch.equal(one.actions, other.actions)


def test_a_reward_that_is_nan_is_an_error_with_its_step() -> None:
    collector = Collector(Counting(), ["truncated"] * PLAN.rows, PLAN, Key(1))
    collector.collect(Observing())
    step = collector._simulator.step  # type: ignore[union-attr]  # made

    def broken(actions: torch.Tensor) -> Any:
        seen, rewards, *ends = step(actions)
        return seen, rewards * float("nan"), *ends

    collector._simulator.step = broken  # type: ignore[method-assign, union-attr]
    with pytest.raises(ValueError, match="NaN or infinite at step 0 of a rollout"):
        collector.collect(Observing())
