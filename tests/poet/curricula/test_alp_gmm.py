"""ALP-GMM against hand-computed cases: progress, criterion, fit, shares of levels."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

from openpoet.poet.curricula.alp_gmm import AlpGmm, chances, progress
from openpoet.poet.curricula.config import CurriculumConfig, alp_gmm
from openpoet.poet.curricula.gaussian_mixture import Mixture, aic, best_fit, fitted
from openpoet.poet.curricula.parameters import Parameters, parameters_of
from openpoet.poet.curricula.teaching import Tried
from tests.poet.curricula.students import Numbers

LINE = Parameters(1, lambda vector, rng: float(vector[0]))


def tried(teacher: AlpGmm, vectors: Any, returns: Any) -> list[Tried]:
    rng = np.random.default_rng(0)
    entries = [teacher.parameters.placed(np.atleast_1d(np.array(v)), rng) for v in vectors]
    return [
        Tried(0.0, 0.0, float(value), 0.0, 1, entry)
        for entry, value in zip(entries, returns, strict=True)
    ]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---- progress ------------------------------------------------------------------------------------


def test_progress_is_the_change_of_return_since_the_nearest_earlier_level() -> None:
    past = np.array([[0.1, 0.0, 2.0, 0.0], [0.9, 0.5, 7.0, 0.0], [0.8, 0.5, 3.0, 0.0]])
    assert progress(np.array([0.79, 0.5]), 10.0, past) == 7.0
    assert progress(np.array([0.0, 0.0]), -1.0, past) == 3.0
    assert progress(np.array([0.85, 0.5]), 3.0, past) == pytest.approx(0.0)  # the later of two
    assert progress(np.array([0.5, 0.5]), 3.0, past[:0]) == 0.0


def test_levels_of_one_rollout_are_earlier_in_the_order_of_their_rows() -> None:
    teacher = AlpGmm(LINE)
    scores, memory = teacher.learn((), tried(teacher, [0.2, 0.3, 0.9], [1.0, 4.0, 6.0]), {}, rng())
    assert scores == [0.0, 3.0, 2.0]
    assert memory["history"] == [[0.2, 1.0, 0.0], [0.3, 4.0, 3.0], [0.9, 6.0, 2.0]]
    scores, memory = teacher.learn((), tried(teacher, [0.21], [-1.0]), memory, rng())
    assert scores == [2.0]
    assert memory["seen"] == 4


def test_returns_outside_the_given_range_count_as_its_ends() -> None:
    teacher = AlpGmm(LINE, returns=(-2.0, 5.0))
    scores, _ = teacher.learn((), tried(teacher, [0.2, 0.3], [-9.0, 8.0]), {}, rng())
    assert scores == [0.0, 7.0]


def test_only_the_last_levels_are_remembered() -> None:
    teacher = AlpGmm(LINE, history=2)
    _, memory = teacher.learn((), tried(teacher, [0.1, 0.2, 0.3], [1.0, 2.0, 4.0]), {}, rng())
    assert [row[0] for row in memory["history"]] == [0.2, 0.3]
    scores, _ = teacher.learn((), tried(teacher, [0.1], [0.0]), memory, rng())
    assert scores == [2.0]  # the level at 0.1 is forgotten


# ---- mixtures ------------------------------------------------------------------------------------


def test_the_criterion_counts_means_covariances_and_weights() -> None:
    """Of 3 components in 2 dimensions 3 (2 + 3) + 2 = 17 free numbers."""
    assert aic(-10.0, 3, 2) == 2 * 17 + 20


def test_the_log_likelihood_of_a_mixture() -> None:
    mixture = Mixture(np.array([0.25, 0.75]), np.zeros((2, 1)), np.array([[[1.0]], [[4.0]]]))
    density = 0.25 * math.exp(-0.5) + 0.75 / 2 * math.exp(-1 / 8)
    expected = math.log(density / math.sqrt(2 * math.pi))
    assert mixture.log_likelihood(np.array([[1.0], [-1.0]])) == pytest.approx(2 * expected)


def test_two_well_separated_clusters_are_found() -> None:
    """100 and 300 points of known means and covariance."""
    spread = np.array([[0.01, 0.006], [0.006, 0.01]])
    a = rng().multivariate_normal([0.2, 0.2], spread * 0.1, 100)
    b = rng(1).multivariate_normal([0.8, 0.6], spread * 0.1, 300)
    found = best_fit(np.concatenate([a, b]), range(1, 5), rng(2))
    order = np.argsort(found.means[:, 0])
    assert len(order) == 2
    np.testing.assert_allclose(found.weights[order], [0.25, 0.75], atol=1e-3)
    np.testing.assert_allclose(found.means[order], [a.mean(0), b.mean(0)], atol=1e-3)
    np.testing.assert_allclose(found.covariances[order[0]], np.cov(a.T, bias=True), atol=1e-5)
    np.testing.assert_allclose(found.covariances[order[1]], np.cov(b.T, bias=True), atol=1e-5)


def test_a_step_of_the_fit_does_not_lower_the_likelihood() -> None:
    points = rng().uniform(size=(60, 3))
    one = fitted(points, 1, rng())
    np.testing.assert_allclose(one.means[0], points.mean(0))
    assert fitted(points, 4, rng()).log_likelihood(points) > one.log_likelihood(points)


def test_equal_points_are_fitted() -> None:
    points = np.full((5, 2), 0.5)
    found = fitted(points, 2, rng())  # one component has no point
    np.testing.assert_allclose(found.means[found.weights.argmax()], 0.5)
    assert found.log_likelihood(points) == pytest.approx(
        fitted(points, 1, rng()).log_likelihood(points)
    )


def test_more_components_than_points_are_not_tried() -> None:
    assert len(best_fit(rng().uniform(size=(2, 1)), [2, 3], rng()).weights) == 2
    with pytest.raises(ValueError, match="a point a component, got 1 points"):
        best_fit(np.ones((1, 1)), [2], rng())


@pytest.mark.parametrize("name", ["fit_every", "history"])
@pytest.mark.parametrize(("number", "components"), [(1, (2, 10)), (4, (5, 5))])
def test_settings_with_fewer_levels_than_components_are_refused(
    name: str, number: int, components: tuple[int, int]
) -> None:
    words = f"{name} must be at least the smallest number of components, {components[0]}, got"
    with pytest.raises(ValueError, match=words) as error:
        CurriculumConfig(**cast(Any, {name: number}), components=components)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("rollout", [1, 2, 3, 7])
@pytest.mark.parametrize("fewest", [1, 2, 5])
def test_every_fit_has_the_points_that_it_needs_with_the_least_settings(
    fewest: int, rollout: int
) -> None:
    config = CurriculumConfig(fit_every=fewest, history=fewest, components=(fewest, fewest + 3))
    teacher, memory = alp_gmm(config, LINE), dict[str, Any]()
    for number in range(12):
        places = rng(number).uniform(size=rollout)
        _, memory = teacher.learn((), tried(teacher, places, places), memory, rng(number))
    assert len(memory["mixture"]["means"]) >= fewest


# ---- choices -------------------------------------------------------------------------------------


def test_components_are_drawn_in_proportion_to_their_mean_progress() -> None:
    np.testing.assert_allclose(chances(np.array([3.0, 1.0, -0.5])), [0.75, 0.25, 0.0])
    np.testing.assert_allclose(chances(np.array([0.0, -1.0])), [0.5, 0.5])


def test_a_share_of_levels_is_random_and_the_others_are_of_the_mixture() -> None:
    teacher = AlpGmm(LINE, random=0.2)
    point = [[[1e-12]], [[1e-12]]]
    mixture = {"progress": [3.0, 1.0], "means": [[0.25], [0.75]], "covariances": point}
    chosen = teacher.choose((), 4000, {"mixture": mixture}, rng())
    places = np.array([one.vector[0] for one in chosen])
    near = [float((abs(places - mean) < 1e-4).mean()) for mean in (0.25, 0.75)]
    np.testing.assert_allclose(near, [0.6, 0.2], atol=0.02)
    np.testing.assert_allclose((places > 0.8).mean(), 0.2 * 0.2, atol=0.01)
    assert [one.task for one in chosen] == places.tolist()


def test_levels_are_random_until_the_first_fit_and_then_where_there_is_progress() -> None:
    """The return of levels above 0.7 changes sign from one to the next; below it is 0."""
    teacher, memory, sign = AlpGmm(LINE, fit_every=60, components=(2, 4)), dict[str, Any](), 1.0
    for number in range(6):
        assert ("mixture" in memory) == (number > 0)
        chosen = teacher.choose((), 60, memory, rng(number))
        places = [one.vector[0] for one in chosen]
        if number == 0:
            assert 0.2 < np.mean([place > 0.7 for place in places]) < 0.4
        returns = []
        for place in places:
            sign = -sign
            returns.append(sign if place > 0.7 else 0.0)
        _, memory = teacher.learn((), tried(teacher, places, returns), memory, rng(number))
    assert np.mean([place > 0.7 for place in places]) > 0.6


# ---- parameters ----------------------------------------------------------------------------------


def test_a_vector_becomes_the_level_with_these_places_in_the_ranges() -> None:
    found = parameters_of(Numbers())
    assert found.size == 1
    assert found.placed(np.array([0.25]), rng()).task == 2.5
    assert found.placed(np.array([1.3]), rng()).vector == (1.0,)


def test_a_family_without_parameters_is_refused() -> None:
    class Plain:
        def sample(self, generator: np.random.Generator) -> float:
            return 0.0

    with pytest.raises(ValueError, match="sets the parameters of levels, and this family has none"):
        parameters_of(Plain())
