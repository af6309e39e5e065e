"""Rewards from discriminators: laws of a family, rewards by hand, and invalid data."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from openpoet.cli.conformance import check_family
from openpoet.envs.discriminated import Discriminated, DiscriminatedSettings, Reward
from openpoet.envs.discriminator import (
    Discriminators,
    checked_layers,
    layers_of,
    pairwise_sum,
    random_layers,
)
from openpoet.envs.discriminator_rewards import skill_reward

# q(0|s) = 1 / (1 + exp(-2 x)) in the plane: the first skill is to be on the right. tanh(h) is made
# nearly h by scale.
RIGHT = [([[0.01, 0.0]], [0.0]), ([[100.0], [-100.0]], [0.0, 0.0])]
PLANE = DiscriminatedSettings(skills=2, hidden=(1,), floor=0.0)


def moved(
    settings: DiscriminatedSettings, skill: int, steps: int = 1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rewards and success after steps of 0.1 to the right."""
    family = Discriminated(settings)
    simulator = family.simulator([family.task(RIGHT, skill)], [0], "cpu")
    simulator.reset()
    rewards = [simulator.step(torch.tensor([[1.0, 0.0]]))[1] for _ in range(steps)]
    return torch.cat(rewards), simulator.success


@pytest.mark.parametrize("dynamics", ["navigation", "maze", "cartpole", "mdp", "two-step"])
@pytest.mark.parametrize("skill", ["trial", "niche"])
def test_the_laws_of_a_family(dynamics: str, skill: str) -> None:
    check_family(
        Discriminated(DiscriminatedSettings(dynamics, skill=skill, skills=3, scores="current"))
    )  # type: ignore[arg-type]  # a Literal


def test_the_reward_of_a_step_by_hand() -> None:
    """At x = 0.1 the probability of the first skill is 1 / (1 + exp(-0.2)): its reward is log 2 -
    log(1 + exp(-0.2)).
    """
    chance = 1 / (1 + math.exp(-0.2))
    for skill, expected in ((0, chance), (1, 1 - chance)):
        rewards, successes = moved(PLANE, skill)
        assert float(rewards[0]) == pytest.approx(math.log(2) + math.log(expected), abs=1e-4)
        assert bool(successes) == (skill == 0)


def test_rewards_with_the_other_scored_state_and_without_log_prior() -> None:
    """Scoring the state before an action shifts rewards by one step; omitting log p(z) subtracts
    log(skills) from each.
    """
    after, _ = moved(PLANE, 0, 3)
    before, _ = moved(
        DiscriminatedSettings(skills=2, hidden=(1,), floor=0.0, scores="current"), 0, 3
    )
    torch.testing.assert_close(before[1:], after[:-1])
    assert float(before[0]) == pytest.approx(0.0)
    cooled, _ = moved(DiscriminatedSettings(skills=2, hidden=(1,), floor=0.0, temperature=0.5), 0)
    assert float(cooled[0]) == pytest.approx(math.log(2) - math.log(1 + math.exp(-0.4)), abs=1e-4)
    plain, _ = moved(DiscriminatedSettings(skills=2, hidden=(1,), floor=0.0, add_p_z=False), 0, 3)
    torch.testing.assert_close(plain, after - math.log(2))


def test_probabilities_sum_to_one_and_rewards_are_bounded_below() -> None:
    family = Discriminated(DiscriminatedSettings(skills=4, gain=50.0))
    states = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    q = Discriminators([family.origin().layers] * 200, family.sizes, "cpu").probabilities(states)
    rewards_of_skills = skill_reward(q, family.settings)
    # the sum of q, also with the lower bound
    torch.testing.assert_close(rewards_of_skills.exp().mean(1), torch.ones(200).double())
    assert float(rewards_of_skills.min()) == pytest.approx(math.log(0.01 * 4), abs=1e-3)
    # the mean over equally likely skills is at most 0
    assert float(rewards_of_skills.mean(1).max()) <= 1e-12
    uniform = family.task([(np.zeros((16, 2)), np.zeros(16)), (np.zeros((4, 16)), np.zeros(4))])
    uniform_probabilities = Discriminators(
        [uniform.layers] * 200, family.sizes, "cpu"
    ).probabilities(states)
    torch.testing.assert_close(
        skill_reward(uniform_probabilities, family.settings), torch.zeros(200, 4).double()
    )


def test_the_random_discriminator_is_smooth_in_the_arena() -> None:
    """No skill has a probability near 0 in the arena, as large random weights would give."""
    lows = []
    for gain in (DiscriminatedSettings().gain, 6.0):
        family = Discriminated(DiscriminatedSettings(gain=gain))
        grid = torch.cartesian_prod(*[torch.linspace(-1, 1, 21)] * 2)
        lows.append(
            float(
                Discriminators([family.origin().layers] * 441, family.sizes, "cpu")
                .probabilities(grid)
                .min()
            )
        )
    assert lows[0] > 0.01 > lows[1]


def test_the_reward_of_a_row_does_not_depend_on_the_batch() -> None:
    rng, sizes = np.random.default_rng(0), (5, 33, 7, 6)
    networks = [random_layers(sizes, 1.0, rng) for _ in range(3)]
    rows, states = (
        [networks[i % 3] for i in range(67)],
        torch.from_numpy(rng.standard_normal((67, 5))),
    )
    whole = Discriminators(rows, sizes, "cpu").probabilities(states)
    for first, last in [(i, i + 1) for i in range(67)] + [(0, 2), (5, 66), (10, 43)]:
        part = Discriminators(rows[first:last], sizes, "cpu").probabilities(states[first:last])
        assert torch.equal(part, whole[first:last])
    x, (inner, middle, outer) = states[:1].float().double().numpy().T, networks[0]
    for weights, biases in (inner, middle):
        x = np.tanh(np.array(weights) @ x + np.array(biases)[:, None])
    x = np.exp(np.array(outer[0]) @ x + np.array(outer[1])[:, None])[:, 0]
    found = Discriminators(rows[:1], sizes, "cpu").probabilities(states[:1].float())[0]
    np.testing.assert_allclose(found, x / x.sum(), rtol=1e-9)
    torch.testing.assert_close(pairwise_sum(states), states.sum(1))


def test_trials_draw_all_skills_and_a_task_with_a_skill_keeps_it() -> None:
    drawn = Discriminated()
    skills = drawn.simulator([drawn.origin()] * 400, list(range(400)), "cpu").skill[:, 0]
    assert (skills.bincount(minlength=4) - 100).abs().max() < 35
    kept = Discriminated(DiscriminatedSettings(skill="niche"))
    assert kept.simulator([kept.origin()] * 9, list(range(9)), "cpu").skill.sum() == 0
    task, found = kept.origin(), set()
    for i in range(60):
        task = kept.mutate(task, np.random.default_rng(i))
        found.add(task.skill)
    assert found == {0, 1, 2, 3}


def test_a_learned_discriminator_can_be_the_origin_of_a_run() -> None:
    """Its weights are read from JSON text if their sizes equal those of the settings."""
    made = Discriminated(PLANE)
    text = json.dumps(made.encode(made.task(RIGHT)))
    again = Discriminated(DiscriminatedSettings(skills=2, hidden=(1,), floor=0.0, origin=text))
    assert again.origin() == made.task(RIGHT)
    assert Discriminated().origin() != Discriminated(DiscriminatedSettings(gain=2.0)).origin()
    with pytest.raises(ValueError, match="from 2 to 16 to 2"):
        Discriminated(DiscriminatedSettings(skills=2, floor=0.0, origin=text))
    with pytest.raises(
        ValueError,
        match=r"the task has random-rewards\.floor = '0\.0', this "
        r"family '0\.01'",
    ):
        Discriminated(DiscriminatedSettings(skills=2, hidden=(1,), origin=text))
    for wrong in ("{", "[" * 100_000):
        with pytest.raises(ValueError, match="origin must be a task's JSON"):
            Discriminated(DiscriminatedSettings(skills=2, origin=wrong))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"skill": 4}, "from 0 to 3"),
        ({"skill": True}, "from 0 to 3"),
        ({"layers": []}, "from 2 to 16 to 4"),
        ({"layers": [[[[1.0]], [0.0]]]}, "from 2 to 16 to 4"),
        ({"place": {"family": "maze", "schema": 1}}, "navigation"),
        ({"more": 1}, "has the fields family, schema, settings, layers, skill, place"),
    ],
)
def test_invalid_task_data_are_an_error(change: dict[str, object], reason: str) -> None:
    family = Discriminated()
    with pytest.raises(ValueError, match=reason):
        family.decode({**family.encode(family.origin()), **change})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 101.0, "1", None, True])
def test_weights_out_of_range_are_an_error(value: object) -> None:
    checked_layers([[[[1.0, 2.0]], [0]]], (2, 1))
    with pytest.raises(ValueError, match="must be a number of at most"):
        checked_layers([[[[1.0, value]], [0.0]]], (2, 1))
    assert layers_of([([[1e9]], [0.123456])]) == ((((100.0,),), (0.1235,)),)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dynamics": "bandits"}, "has no observations"),
        ({"dynamics": "regression"}, "actions do not change"),
        ({"dynamics": "random-rewards"}, "dynamics must be one of"),
        ({"dynamics": "barcode", "horizon": 2}, "has no setting horizon"),
        ({"floor": 0.3}, "floor"),
        ({"skills": 1}, "skills"),
        ({"gain": 0.0}, "gain"),
        ({"temperature": 0.0}, "temperature"),
        ({"hidden": (200, 200)}, "may have at most 20000 parameters"),
        ({"origin": "{"}, "must be a task's JSON"),
    ],
)
def test_invalid_settings_are_an_error(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Discriminated(DiscriminatedSettings(**settings))  # type: ignore[arg-type]  # wrong on purpose


def test_mutations_are_small_and_equal_rewards_have_equal_descriptions() -> None:
    family = Discriminated()
    task = family.origin()
    near = family.mutate(task, np.random.default_rng(1))
    far = Reward(random_layers(family.sizes, 1.5, np.random.default_rng(5)), None, task.place)
    distances = [
        float(np.linalg.norm(family.describe(other) - family.describe(task)))
        for other in (task, near, far)
    ]
    assert 0 == distances[0] < distances[1] < distances[2]
