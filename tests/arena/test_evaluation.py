"""The protocol of an evaluation: laws on a family whose returns can be computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.arena import evaluation
from openpoet.arena.evaluation import Player, evaluate
from openpoet.arena.scores import Scores
from openpoet.arena.suites.suite import Suite, World
from tests.fakes import FakeFamily

NEAR = {"schema": 1, "x": 0.3, "y": 0.0, "seed": 0}
FAR = {"schema": 1, "x": 0.0, "y": -2.0, "seed": 0}
SUITE = Suite(
    "points", 1, "two targets", "fake", {}, 3, 230.0, "return", (11, 12, 13, 14),
    (World("near", NEAR), World("far", FAR), World("drawn", NEAR, {"x": (0.2, 0.9)})),
)  # fmt: skip


class Constant:
    """A velocity [2] in every step, with noise of an own generator if it samples."""

    def __init__(self, velocity: Sequence[float], n: int, seed: int) -> None:
        self.velocity, self.n = torch.tensor(velocity), n
        self.rng = np.random.default_rng(seed)
        self.began = False

    def begin(self, rows: torch.Tensor) -> None:
        assert rows.all()
        self.began = True

    def act(self, observations: torch.Tensor, greedy: bool = False) -> torch.Tensor:
        assert self.began
        noise = 0.0 if greedy else torch.from_numpy(self.rng.normal(0, 0.1, (self.n, 2)))
        return (self.velocity.expand(self.n, 2) + noise).float()

    def observe(self, rewards: torch.Tensor, ended: torch.Tensor) -> None:
        assert rewards.shape == ended.shape == (self.n,)


def player(name: str, *velocity: float) -> Player:
    return Player(name, lambda n, batch: Constant(velocity, n, batch))


STILL, RIGHT, ALIKE = player("still", 0, 0), player("right", 0.15, 0), player("alike", 0.15, 0)


def scored(
    players: Sequence[Player], greedy: bool = True, noise: float = 0.2, **more: Any
) -> Scores:
    family = FakeFamily(noise)

    def simulate(tasks: Sequence[Any], seeds: Sequence[int]) -> Any:
        return family.simulator([family.decode(task) for task in tasks], seeds, "cpu")

    return evaluate(players, SUITE, simulate, **{"episodes": 3, "greedy": greedy, **more})


def test_returns_and_solved_of_hand_computed_episodes() -> None:
    """The return is 300 - 1000 x the final distance; at 0.15 x 0.25 m a step the target at 0.3 m is
    reached after 7 steps (0.2625 m, nearer than 0.05 m), so the return is 300 - 37.5.
    """
    found = scored([STILL, RIGHT], noise=0.0, episodes=1)
    near, far = found.returns[:, 0, 0], found.returns[:, 1, 0]
    np.testing.assert_allclose(near, [0.0, 262.5], atol=1e-3)
    np.testing.assert_allclose(far, [-1700.0, 300 - 1000 * np.hypot(0.3, 2.0)], atol=1e-3)
    assert found.solved[:, 0, 0].tolist() == [False, True]
    assert found.worlds == ("near", "far", "drawn")
    assert found.agents == ("still", "right")
    assert found.steps == 8 * 3 + 7 + 8 + counted(found.returns[1, 2, 0])


def counted(score: float) -> int:
    """Steps of the moving player's episode in the drawn world: fewer than 8 if it arrives."""
    x = SUITE.worlds[2].realised(11)["x"]
    places = 0.0375 * np.arange(1, 9)
    arrived = np.flatnonzero(np.abs(places - x) < 0.05)
    return int(arrived[0]) + 1 if len(arrived) else 8


@pytest.mark.parametrize("greedy", [True, False])
def test_the_same_evaluation_gives_the_same_numbers(greedy: bool) -> None:
    one, two = scored([STILL, RIGHT], greedy), scored([STILL, RIGHT], greedy)
    assert np.array_equal(one.returns, two.returns)
    assert one.steps == two.steps


@pytest.mark.parametrize("greedy", [True, False])
def test_players_together_equal_players_one_by_one(greedy: bool) -> None:
    together = scored([STILL, RIGHT], greedy)
    alone = [scored([one], greedy) for one in (STILL, RIGHT)]
    assert np.array_equal(together.returns, np.concatenate([one.returns for one in alone]))
    assert together.steps == sum(one.steps for one in alone)


def test_players_have_common_random_numbers() -> None:
    found = scored([RIGHT, ALIKE], greedy=False)
    assert np.array_equal(found.returns[0], found.returns[1])
    assert len(np.unique(found.returns[0, 0])) == 3  # and episodes differ


def test_fewer_episodes_are_the_first_of_more() -> None:
    assert np.array_equal(scored([RIGHT], episodes=2).returns, scored([RIGHT]).returns[:, :, :2])


def test_batches_of_rows_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scored([STILL, RIGHT])
    monkeypatch.setattr(evaluation, "MOST_ROWS", 4)
    assert np.array_equal(scored([STILL, RIGHT]).returns, whole.returns)


def test_more_episodes_than_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="has 4 seeds, one an episode, got --episodes 5"):
        scored([RIGHT], episodes=5)


def test_an_action_that_makes_an_observation_nan_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"episode 0 of a batch is NaN or infinite"):
        scored([player("broken", float("nan"), 0)])
