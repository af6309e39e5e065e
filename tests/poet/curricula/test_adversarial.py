"""Minimax and PAIRED: the adversary's reward, its training, and the two agents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.poet.config import Setup
from openpoet.poet.curricula.adversarial import by_row, regrets
from openpoet.poet.curricula.adversary import Adversary
from openpoet.poet.curricula.config import CurriculumConfig, course
from openpoet.poet.niche import Population
from openpoet.poet.streams import Key
from tests.poet.curricula.students import Episodes, Student, restored, setup_of

FAST = CurriculumConfig(adversary_rate=0.003)


@dataclass
class Two(Student):
    """The student returns 1 and 2 in every level; the antagonist, by the stream of its birth, 1 and
    2 + the level.
    """

    def init(self, key: Key) -> dict[str, torch.Tensor]:
        better = torch.tensor(float("antagonist" in key.path))
        return {"updates": torch.zeros(()), "better": better}

    def train_on(
        self, agent: Any, levels: Sequence[float], further: Iterator[float] | None, key: Key
    ) -> tuple[Any, Episodes, int]:
        after, found, steps = super().train_on(agent, levels, further, key)
        second = np.arange(len(found.levels)) % 2
        bonus = float(agent["better"]) * np.array(levels)[found.levels]
        found = found._replace(returns=1.0 + second * (1.0 + bonus))
        return {**after, "better": agent["better"]}, found, steps


def evolved(name: str, student: Student, iterations: int) -> list[Population]:
    setup: Setup = setup_of(student)
    own = course(name, FAST, setup.family)
    return list(islice(own.evolve(own.start(setup), setup), iterations))


def test_the_regret_is_the_antagonists_highest_return_above_the_mean_of_the_student() -> None:
    theirs, ours = [np.array([1.0, 6.0]), np.array([0.0])], [np.array([2.0, 3.0]), np.array([5.0])]
    assert regrets(theirs, ours) == [3.5, 0.0]
    assert regrets(ours, theirs) == [0.0, 5.0]  # the agents swapped


def test_returns_are_those_of_the_rows() -> None:
    zeros = np.zeros(3)
    found = Episodes(np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0]), zeros > 0, zeros, zeros)
    assert [one.tolist() for one in by_row(found, 2)] == [[1, 3], [2]]
    with pytest.raises(ValueError, match="a whole episode of every level"):
        by_row(found, 3)


def test_paired_trains_both_agents_and_records_the_regret_of_each_level() -> None:
    """The antagonist's best return is 2 + level, the student's mean return 1.5."""
    student = Two()
    *_, last = evolved("paired", student, 3)
    assert [method for method, _ in student.calls] == ["train_on"] * 6
    for one, other in zip(student.calls[::2], student.calls[1::2], strict=True):
        assert one == other  # on the same levels
    scores = [child.score for child in last.children]
    assert scores == pytest.approx([0.5 + child.task for child in last.children])
    protagonist, antagonist = last.active
    assert [float(n.agent["updates"]) for n in last.active] == [3, 3]
    assert [float(n.agent["better"]) for n in last.active] == [0, 1]
    assert protagonist.scores
    assert not antagonist.scores


def test_minimax_records_the_negative_of_the_highest_return_and_has_one_agent() -> None:
    student = Two()
    *_, last = evolved("minimax", student, 2)
    assert len(student.calls) == 2
    assert len(last.active) == 1
    assert [child.score for child in last.children] == [-2.0] * 3


@pytest.mark.parametrize("name", ["minimax", "paired"])
def test_the_adversary_moves_to_the_levels_of_high_reward(name: str) -> None:
    """Of the levels in [0, 10] the highest have the lowest returns, or the highest regrets."""
    student: Student = Two(rows=16) if name == "paired" else Student(rows=16)
    evolved(name, student, 30)
    taken = [np.mean(levels) for _, levels in student.calls]
    assert np.mean(taken[:2]) < 6
    assert np.mean(taken[-2:]) > 7


@pytest.mark.parametrize("name", ["minimax", "paired"])
def test_a_population_from_its_records_goes_on_as_the_uninterrupted_one(name: str) -> None:
    populations = evolved(name, Two(), 4)
    setup = setup_of(Two())
    again = restored(populations[1])
    assert again == populations[1]
    own = course(name, FAST, setup.family)
    assert list(islice(own.evolve(again, setup), 2)) == populations[2:]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_mean_of_a_parameter_moves_with_its_reward(sign: int) -> None:
    adversary = Adversary.new(2, np.random.default_rng(0))
    for number in range(20):
        drawn = adversary.drawn(64, np.random.default_rng(number))
        adversary = adversary.improved(drawn, sign * drawn.vectors()[:, 1], 0.005, 5)
    means = adversary.drawn(2000, np.random.default_rng(99)).vectors().mean(0)
    assert sign * (means[1] - 0.5) > 0.3


def test_equal_rewards_leave_the_means_where_they_are() -> None:
    """The baseline is the mean reward, so that only the bonus for entropy remains."""
    adversary = Adversary.new(2, np.random.default_rng(0))
    drawn = adversary.drawn(8, np.random.default_rng(1))
    after = adversary.improved(drawn, np.full(8, 7.0), 0.01, 1)
    moved = (after.weights - adversary.weights).abs()
    assert float(moved[:-2].max()) == 0
    assert float(moved[-2:].min()) > 0.009  # the standard deviations


def test_its_memory_is_its_state() -> None:
    adversary = Adversary.new(3, np.random.default_rng(0))
    drawn = adversary.drawn(8, np.random.default_rng(1))
    adversary = adversary.improved(drawn, np.arange(8.0), 0.01, 2)
    again = Adversary.from_memory(3, adversary.to_memory())
    assert again.step == 2
    for name in ("weights", "first", "second"):
        assert torch.equal(getattr(again, name), getattr(adversary, name))
    with pytest.raises(ValueError, match="restore the settings with which the run was made"):
        Adversary.from_memory(4, adversary.to_memory())


@pytest.mark.parametrize("name", ["minimax", "paired"])
@pytest.mark.parametrize("rate", [100.0, 1000.0, 1e30])
def test_an_adversary_that_diverges_ends_in_one_line(name: str, rate: float) -> None:
    setup = setup_of(Two())
    own = course(name, CurriculumConfig(adversary_rate=rate), setup.family)
    with pytest.raises(ValueError, match=r"^[^\n]*adversary_rate may be too large[^\n]*$"):
        list(islice(own.evolve(own.start(setup), setup), 10))


@pytest.mark.parametrize("value", [1e300, 200.0, -200.0])
def test_a_memory_with_an_adversary_that_diverged_is_an_error(value: float) -> None:
    memory = Adversary.new(2, np.random.default_rng(0)).to_memory()
    memory["weights"][-1] = value  # the logarithm of a standard deviation
    with pytest.raises(ValueError, match="expected finite numbers"):
        Adversary.from_memory(2, memory)
