"""A population as oracle, validation-chosen agent and mean, in hand-computed cases."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.arena.population import chosen, entries, mean, oracle
from openpoet.arena.scores import Scores


def scores(returns: list) -> Scores:
    array = np.array(returns, float)  # [agents, worlds, episodes]
    agents = tuple(f"agent {i}" for i in range(len(array)))
    worlds = tuple(f"world {i}" for i in range(array.shape[1]))
    return Scores(agents, worlds, array, array >= 5, 1)


TEST = scores([[[9, 1], [0, 2]], [[4, 4], [8, 4]], [[1, 1], [1, 1]]])
# best in the mean of all worlds: agent 2, though agent 0 is best in world 1
VALIDATION = scores([[[0, 0], [9, 9]], [[1, 1], [1, 1]], [[7, 7], [6, 6]]])


def test_the_oracle_is_the_best_agent_of_each_world() -> None:
    found = oracle(TEST)
    assert found.agents == ("agent 0", "agent 1")
    assert found.returns.tolist() == [[9, 1], [8, 4]]
    assert found.solved.tolist() == [[1, 0], [1, 0]]


def test_the_first_of_equal_agents_is_the_oracle() -> None:
    assert oracle(scores([[[1.0]], [[1.0]]])).agents == ("agent 0",)


def test_one_agent_is_chosen_by_its_mean_return_on_validation_alone() -> None:
    found = chosen(TEST, VALIDATION)
    assert found.agents == ("agent 2", "agent 2")
    assert found.returns.tolist() == [[1, 1], [1, 1]]


def test_the_mean_is_that_of_all_agents_in_each_episode() -> None:
    found = mean(TEST)
    np.testing.assert_allclose(found.returns, [[14 / 3, 2], [3, 7 / 3]])
    np.testing.assert_allclose(found.solved, [[1 / 3, 0], [1 / 3, 0]])
    assert found.agents == ()


def test_the_oracle_is_at_least_any_chosen_agent_and_the_mean() -> None:
    best = oracle(TEST).returns.mean(1)
    for other in (chosen(TEST, VALIDATION), mean(TEST)):
        assert (best >= other.returns.mean(1)).all()


def test_one_agent_is_reported_as_it_is() -> None:
    (only,) = entries(scores([[[1.0, 5.0]]]), None)
    assert (only.name, only.returns.tolist(), only.solved.tolist()) == (
        "agent 0",
        [[1, 5]],
        [[0, 1]],
    )
    assert [entry.name for entry in entries(TEST, None)] == ["oracle", "mean"]
    assert [e.name for e in entries(TEST, VALIDATION)][1] == "chosen on validation"


def test_a_validation_of_other_agents_is_refused() -> None:
    with pytest.raises(ValueError, match="of the same agents"):
        chosen(TEST, scores([[[1.0]]]))
