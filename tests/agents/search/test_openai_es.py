"""OpenAI-ES: each formula against a hand-computed case, and the properties of the noise."""

import numpy as np
import pytest
import torch

from openpoet.agents.search import openai_es
from openpoet.agents.search.es_config import ESConfig
from openpoet.poet.streams import Key


def test_equal_returns_share_the_mean_of_their_ranks():
    """POET's code gives [-.5, -.25, 0, .25, .5] here."""
    shaped = openai_es.centred_ranks(np.array([25.0, 25, 25, 340, 340]))
    np.testing.assert_allclose(shaped, [-0.25, -0.25, -0.25, 0.375, 0.375])


def test_centred_ranks_by_hand():
    np.testing.assert_allclose(
        openai_es.centred_ranks(np.array([3.0, -1, 7, 0])), [1 / 6, -0.5, 0.5, -1 / 6]
    )
    np.testing.assert_array_equal(openai_es.centred_ranks(np.array([4.0, 4, 4])), [0, 0, 0])
    np.testing.assert_array_equal(openai_es.centred_ranks(np.array([4.0])), [0])


def test_z_scores_by_hand():
    np.testing.assert_allclose(
        openai_es.z_scores(np.array([1.0, 3.0])), np.array([-1, 1]) / (1 + 1e-5)
    )
    np.testing.assert_array_equal(openai_es.shape(np.array([2.0, 2.0]), "z-score"), [0, 0])


def test_members_are_antithetic_pairs_side_by_side():
    members = openai_es.antithetic(np.float32([1, 2]), 0.5, np.float32([[2, 0], [-1, 4]]))
    np.testing.assert_array_equal(members, np.float32([[2, 2], [0, 2], [0.5, 4], [1.5, 0]]))


def test_gradient_by_hand():
    """g = (1/2) ((0.5 - -0.5) [1, 2] + (-0.1 - 0.3) [0, 5]) / 0.1 = [5, 0]."""
    got = openai_es.gradient(np.array([0.5, -0.5, -0.1, 0.3]), np.array([[1.0, 2], [0, 5]]), 0.1)
    np.testing.assert_allclose(got, [5, 0], atol=1e-12)


def test_adam_by_hand():
    """Bias correction makes the first step lr long in every coordinate; the second is worked out
    below.
    """
    theta, m, v = openai_es.adam(
        np.array([1.0, 1]), np.zeros(2), np.zeros(2), 1, np.array([4.0, -0.5]), 0.01
    )
    np.testing.assert_allclose(theta, [0.99, 1.01], rtol=1e-6)
    np.testing.assert_allclose([m, v], [[0.4, -0.05], [0.016, 0.00025]])
    theta, m, v = openai_es.adam(theta, m, v, 2, np.array([0.0, 0.0]), 0.01)
    first = 0.99 - 0.01 * (0.36 / 0.19) / np.sqrt(0.015984 / 0.001999)
    assert theta[0] == pytest.approx(first, rel=1e-6)


def test_noise_of_a_pair_depends_on_its_key_and_number_alone():
    few, many = (
        openai_es.noise(Key(3, ("a",)), range(2), 9),
        openai_es.noise(Key(3, ("a",)), range(5), 9),
    )
    np.testing.assert_array_equal(few, many[:2])
    assert (openai_es.noise(Key(3, ("b",)), range(2), 9) != few).all()
    assert (many[0] != many[1]).all()


def test_noise_is_standard_normal():
    eps = openai_es.noise(Key(1), range(200), 500).astype(float)
    assert abs(eps.mean()) < 4 / np.sqrt(eps.size)
    assert eps.var() == pytest.approx(1, abs=4 * np.sqrt(2 / eps.size))
    assert abs(np.corrcoef(eps)[np.triu_indices(200, 1)]).max() < 5.5 / np.sqrt(500)


CONFIG = ESConfig(
    population=4, sigma=0.5, lr=0.1, sigma_decay=0.9, lr_decay=0.8, sigma_floor=0.42, lr_floor=0.07
)


def one_step(config, state, eps):
    """One step on returns that favour the members' first parameter."""
    search = openai_es.OpenAIES(config)
    members = torch.from_numpy(
        openai_es.antithetic(state["theta"].numpy(), float(state["sigma"]), eps)
    )
    return search.tell(state, members, members[:, 0].double().numpy())


def test_tell_by_hand():
    """Two steps, with g from ranks and the noise above, descent -g + 0.01 theta, decays and then
    floors.
    """
    eps = np.float32([[1, 0.5], [-2, 1]])
    state = openai_es.OpenAIES(CONFIG).init(torch.tensor([1.0, -1.0]))
    theta, m, v = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2)
    for t, (sigma, lr) in enumerate([(0.5, 0.1), (0.45, 0.08)], 1):
        assert (float(state["sigma"]), float(state["lr"])) == (
            pytest.approx(sigma),
            pytest.approx(lr),
        )
        state = one_step(CONFIG, state, eps)
        # first parameters: theta + sigma (1, -1, -2, 2)
        shaped = np.array([1 / 6, -1 / 6, -0.5, 0.5])
        g = (
            ((shaped[0] - shaped[1]) * eps[0].astype(float) + (shaped[2] - shaped[3]) * eps[1])
            / 2
            / sigma
        )
        theta, m, v = openai_es.adam(theta, m, v, t, 0.01 * theta - g, lr)
        np.testing.assert_allclose(state["theta"], theta, rtol=1e-5)
        np.testing.assert_allclose(state["adam.m"], m, rtol=1e-5)
        np.testing.assert_allclose(state["adam.v"], v, rtol=1e-5)
        assert int(state["adam.t"]) == t
    assert float(state["sigma"]) == 0.42
    assert float(state["lr"]) == 0.07
    assert float(state["theta"][0]) > 1  # towards the larger returns


def test_weight_decay_alone_shrinks_theta():
    search = openai_es.OpenAIES(CONFIG)
    state = search.init(torch.tensor([1.0, -1.0]))
    members = search.ask(state, Key(1))
    after = search.tell(state, members, np.zeros(4))  # all equal: no gradient
    np.testing.assert_allclose(after["theta"], [0.9, -0.9], rtol=1e-5)


def test_init_copies_theta():
    theta = torch.zeros(3)
    state = openai_es.OpenAIES(CONFIG).init(theta)
    theta += 1
    assert (state["theta"] == 0).all()
