"""Distributions over hidden bodies: JSON, mutation within bounds, and draws."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any, get_args

import numpy as np
import pytest

from openpoet.envs.walker import body_draw, body_genes, body_mutation
from openpoet.envs.walker.body import STANDARD, Body
from openpoet.envs.walker.body_draw import Draw, Hidden, draw, revealed
from openpoet.envs.walker.body_genes import NAMED, PROBABILITIES, RANGES, BodyGenes, named
from openpoet.envs.walker.body_mutation import BodyBounds, mutate
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.task import WalkerTask
from openpoet.settings import declared

ALL = (*PROBABILITIES, *RANGES)
SEEDS = range(1500)


def descendant(mutations: int, seed: int = 0, **bounds: Any) -> BodyGenes:
    genes, rng = BodyGenes(), np.random.default_rng(seed)
    for _ in range(mutations):
        genes = mutate(genes, BodyBounds(ALL, **bounds), rng)
    return genes


def test_the_default_hides_nothing_and_is_no_body_of_a_task() -> None:
    assert BodyGenes().standard
    assert BodyGenes(draws="train").standard
    assert draw(BodyGenes(), 3) == draw(None, 3) == Draw(STANDARD, Hidden())
    task = WalkerTask(Obstacles(), 1, body=BodyGenes())
    assert task == WalkerTask(Obstacles(), 1)
    assert Walker().encode(task) == Walker().encode(WalkerTask(Obstacles(), 1))


@pytest.mark.parametrize("genes", [*NAMED.values(), descendant(30), descendant(200, 1)])
def test_json_gives_the_genes_back(genes: BodyGenes) -> None:
    data = json.loads(json.dumps(body_genes.encode(genes)))
    assert body_genes.decode(data) == genes
    family = Walker(WalkerSettings(body="reversed"))
    task = WalkerTask(Obstacles(), 1, family.own, genes)
    assert family.encode(task)["schema"] == 3
    assert family.decode(json.loads(json.dumps(family.encode(task)))) == task


@pytest.mark.parametrize(
    "change",
    [
        {"reversed": 1.5},
        {"reversed": float("nan")},
        {"dead": True},
        {"strength": [1.0]},
        {"strength": [1.0, 2.0]},
        {"mass": [float("nan"), 0.0]},
        {"gravity": "ab"},
        {"leg_length": [1.0, 0.8]},
        {"leg_width": [1.0, -0.1]},
        {"delay": [1.5, 0.5]},
        {"delay": [9.0, 2.0]},
        {"noise": [10**400, 0]},
        {"target_speed": [1.0, 2.0]},
        {"reward": "speed"},
        {"draws": ["all"]},
    ],
)
def test_genes_out_of_range_are_an_error_of_one_line(change: dict[str, Any]) -> None:
    family = Walker(WalkerSettings(body="reversed"))
    data = family.encode(family.origin())
    with pytest.raises(ValueError, match=f"body: {next(iter(change))} must be") as caught:
        family.decode(data | {"body": data["body"] | change})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_body_has_all_fields_and_hides_something() -> None:
    family = Walker(WalkerSettings(body="reversed"))
    data = family.encode(family.origin())
    for body in (None, {}, data["body"] | {"wings": 2}):
        with pytest.raises(ValueError, match="a body has the fields"):
            family.decode(data | {"body": body})
    with pytest.raises(ValueError, match="differs from Gymnasium's"):
        family.decode(data | {"body": body_genes.encode(BodyGenes())})
    with pytest.raises(ValueError, match="has the fields"):
        family.decode({name: value for name, value in data.items() if name != "body"})
    with pytest.raises(ValueError, match="upgrade"):
        family.decode(data | {"schema": 4})


@pytest.mark.parametrize("reach", [1.0, 0.3])
def test_mutations_stay_in_bounds_and_reach_them(reach: float) -> None:
    genes, rng, widest = BodyGenes(), np.random.default_rng(0), dict.fromkeys(ALL, 0.0)
    for i in range(1500):
        genes = mutate(genes, BodyBounds(ALL, reach), rng)
        draw(genes, i)  # a Body checks its own ranges
        for name in RANGES:
            widest[name] = max(widest[name], getattr(genes, name)[1])
        for name in PROBABILITIES:
            widest[name] = max(widest[name], getattr(genes, name))
    most = {name: reach * RANGES[name].widest for name in RANGES}
    most |= {name: reach * body_mutation.MOST[name] for name in PROBABILITIES}
    for name in ALL:
        assert 0.5 * most[name] <= widest[name] <= most[name] + 1e-9, name


def test_a_gene_is_introduced_with_a_first_spread_and_moves_by_steps() -> None:
    rng = np.random.default_rng(1)
    for name in ALL:
        bounds = BodyBounds((name,))
        first = mutate(BodyGenes(), bounds, rng)
        others = [f.name for f in fields(first) if f.name not in (name, "reward")]
        assert all(getattr(first, other) == getattr(BodyGenes(), other) for other in others)
        if name in PROBABILITIES:
            assert getattr(first, name) == 0.1
            continue
        step = RANGES[name].step
        low, _ = RANGES[name].ends(getattr(first, name))
        assert getattr(first, name)[1] == step
        assert low >= RANGES[name].low
        second = getattr(mutate(first, bounds, rng), name)
        assert second != getattr(first, name)
        moved = np.subtract(second, getattr(first, name)) / step
        np.testing.assert_allclose(np.abs(moved).clip(0, 1), np.abs(moved), atol=1e-9)
    assert mutate(BodyGenes(), BodyBounds(), rng) == BodyGenes()


@pytest.mark.parametrize("name", ALL)
def test_a_reach_below_the_first_step_of_a_gene_is_an_error(name: str) -> None:
    """Otherwise no mutation changes the body."""
    least = body_mutation.smallest_reach(name)
    rng = np.random.default_rng(0)
    assert mutate(BodyGenes(), BodyBounds((name,), least), rng) != BodyGenes()
    assert mutate(BodyGenes(), BodyBounds((name,), 0.99 * least), rng) == BodyGenes()
    WalkerSettings(body_mutates=(name,), body_reach=least)  # type: ignore[arg-type]  # a GeneName
    with pytest.raises(ValueError, match=r"set walker\.body_reach to at least 0\.\d+$"):
        WalkerSettings(body_mutates=(name,), body_reach=0.99 * least)  # type: ignore[arg-type]


def test_a_mutated_target_speed_is_rewarded() -> None:
    rng = np.random.default_rng(0)
    assert mutate(BodyGenes(), BodyBounds(("target_speed",)), rng).reward == "instead"
    added = BodyBounds(("target_speed",), reward="added")
    assert mutate(BodyGenes(), added, rng).reward == "added"
    assert mutate(BodyGenes(), BodyBounds(("delay",)), rng).reward == "progress"


def test_children_inherit_bodies_and_mutate_the_genes_of_the_settings() -> None:
    family = Walker(WalkerSettings(body_mutates=("gravity", "delay")))
    task, seen = family.origin(), set()
    for i in range(40):
        task = family.mutate(task, np.random.default_rng(i))
        assert task.body is not None
        seen |= {name for name in ALL if getattr(task.body, name) != getattr(BodyGenes(), name)}
    assert seen == {"gravity", "delay"}
    fixed = Walker(WalkerSettings(body="legs"))
    assert fixed.mutate(fixed.origin(), np.random.default_rng(0)).body == NAMED["legs"]
    assert len(family.describe(task)) == len(family.describe(family.origin())) == 5 + 2 + 2 * 10


def test_tasks_with_other_bodies_are_not_duplicates() -> None:
    family = Walker(WalkerSettings(body="reversed"))
    task = family.origin()
    others = [replace(task, body=None), replace(task, body=NAMED["legs"])]
    prints = {family.fingerprint(each) for each in (task, *others)}
    assert len(prints) == 3
    assert family.fingerprint(replace(task, seed=9)) == family.fingerprint(task)
    assert family.fingerprint(others[0]) == Walker().fingerprint(Walker().origin())


def test_equal_seeds_draw_equal_bodies_and_genes_have_streams_of_their_own() -> None:
    params = NAMED["params"]
    draw.cache_clear()
    first = draw(params, 5)
    draw.cache_clear()
    assert draw(params, 5) == first != draw(params, 6)
    more = draw(replace(params, reversed=0.5, noise=(0.2, 0.1), leg_length=(1.0, 0.5)), 5)
    for name in ("torque", "density", "gravity", "friction"):
        assert getattr(more.body, name) == getattr(first.body, name)


def test_each_joint_is_reversed_half_of_the_time_independently() -> None:
    signs = np.array([draw(NAMED["reversed"], seed).body.direction for seed in SEEDS])
    np.testing.assert_allclose(signs.mean(0), 0, atol=0.08)
    np.testing.assert_allclose(np.cov(signs.T), np.eye(4), atol=0.08)
    rare = np.array([draw(BodyGenes(reversed=0.1), seed).body.direction for seed in SEEDS])
    np.testing.assert_allclose((rare < 0).mean(0), 0.1, atol=0.02)
    assert draw(BodyGenes(reversed=1.0), 0).body == replace(STANDARD, direction=(-1, -1, -1, -1))


def test_a_crippled_walker_has_one_dead_joint_any_of_the_four() -> None:
    dead = np.array([draw(NAMED["crippled"], seed).body.torque for seed in SEEDS]) == 0
    assert (dead.sum(1) == 1).all()
    np.testing.assert_allclose(dead.mean(0), 0.25, atol=0.03)
    some = np.array([draw(BodyGenes(dead=0.2), seed).body.torque for seed in SEEDS]) == 0
    assert abs(some.any(1).mean() - 0.2) < 0.03


def test_factors_are_log_uniform_and_sizes_uniform() -> None:
    draws = [draw(NAMED["params"], seed).body for seed in SEEDS]
    for values in ([b.gravity / 10 for b in draws], [b.torque[2] / 80 for b in draws]):
        logs = np.log(values) / 0.405
        assert np.abs(logs).max() <= 1
        np.testing.assert_allclose(np.quantile(logs, [0.1, 0.5, 0.9]), [-0.8, 0, 0.8], atol=0.06)
    densities = np.log([np.divide(b.density, STANDARD.density) for b in draws])
    np.testing.assert_allclose(np.corrcoef(densities.T), np.eye(5), atol=0.06)
    legs = np.array([draw(NAMED["legs"], seed).body.leg_length for seed in SEEDS]) * 30 / 34
    assert legs.min() > 0.25
    assert legs.max() < 1.75
    np.testing.assert_allclose(np.quantile(legs, [0.1, 0.5, 0.9]), [0.4, 1, 1.6], atol=0.06)


def test_delays_are_uniform_whole_numbers() -> None:
    delays = np.array([draw(BodyGenes(delay=(2.0, 2.0)), seed).hidden.delay for seed in SEEDS])
    np.testing.assert_allclose(np.bincount(delays) / len(delays), 0.2, atol=0.03)


@pytest.mark.parametrize("chance", [0.5, 0.1])
def test_held_out_patterns_of_reversed_joints_are_never_drawn_in_training(chance: float) -> None:
    drawn = {
        draws: {draw(BodyGenes(reversed=chance, draws=draws), s).body.direction for s in SEEDS}
        for draws in ("train", "held-out")
    }
    assert not drawn["train"] & drawn["held-out"]
    assert len(drawn["held-out"]) == 4
    assert chance < 0.5 or len(drawn["train"]) == 12
    # every joint turns both ways in the held-out patterns
    np.testing.assert_array_equal(np.sum(list(drawn["held-out"]), axis=0), 0)


@pytest.mark.parametrize("name", RANGES)
def test_held_out_values_never_overlap_with_those_of_training(name: str) -> None:
    gene = {"delay": (4.0, 3.0), "noise": (0.2, 0.2), "target_speed": (2.0, 2.0)}.get(
        name, (1.0, 0.5)
    )
    genes = BodyGenes(**{name: gene})  # type: ignore[arg-type]  # one field
    sides = {
        draws: np.concatenate(
            [body_draw._values(replace(genes, draws=draws), name, seed, 4) for seed in range(400)]
        )
        for draws in ("train", "held-out", "all")
    }
    inner, outer = sides["train"], sides["held-out"]
    middle = gene[0]
    assert inner.min() < middle < inner.max()
    assert ((outer < inner.min()) | (outer > inner.max())).all()
    assert (outer < middle).any()
    assert (outer > middle).any()
    low, high = RANGES[name].ends(gene)
    assert low <= sides["all"].min() <= outer.min() + (high - low) / 5
    assert high >= sides["all"].max() >= outer.max() - (high - low) / 5
    assert low <= outer.min()
    assert outer.max() <= high


def test_a_held_out_joint_is_never_dead_in_training() -> None:
    for draws, joints in (("train", {0, 1, 2}), ("held-out", {3})):
        torques = [draw(BodyGenes(dead=1.0, draws=draws), seed).body.torque for seed in range(200)]
        assert {torque.index(0.0) for torque in torques} == joints


def test_the_settings_offer_every_named_body_and_every_gene() -> None:
    fields_of = declared(WalkerSettings)
    assert fields_of["body"].kind.choices == ("standard", *NAMED)
    assert get_args(body_genes.GeneName) == ALL


def test_draws_need_a_body() -> None:
    with pytest.raises(ValueError, match="needs bodies to draw"):
        WalkerSettings(draws="held-out")
    family = Walker(WalkerSettings(body="reversed", draws="held-out"))
    assert family.origin().body == BodyGenes(reversed=0.5, draws="held-out")
    grown = Walker(WalkerSettings(body_mutates=("mass",), draws="train"))
    child = grown.mutate(grown.origin(), np.random.default_rng(0))
    assert child.body is not None
    assert child.body.draws == "train"


def test_the_revealed_draw_by_hand() -> None:
    assert revealed(Draw()).tolist() == [1] * 4 + [0] * 26
    body = Body(
        torque=(0.0, 80.0, 160.0, 80.0),
        direction=(1, -1, 1, 1),
        speed=(4.0, 12.0, 4.0, 6.0),
        density=(5.0, 1.0, 1.0, 0.5, 1.0),
        gravity=20.0,
        friction=1.25,
        leg_length=(34 / 30, 17 / 30, 34 / 30, 34 / 30),
    )
    numbers = revealed(Draw(body, Hidden(delay=5, noise=0.25, target_speed=2.0)))
    expected = [1, -1, 1, 1, -1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, -1, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(numbers, [*expected[:25], 1, -1, 0.5, 0.5, 0.25], atol=1e-6)
    assert len(numbers) == body_draw.REVEALED


def test_titles_name_the_distribution_and_the_draw() -> None:
    family = Walker(WalkerSettings(body="reversed"))
    assert family.title(family.origin()) == "flat; joints reversed 50%"
    speed = BodyGenes(target_speed=(2.0, 1.0), reward="instead", delay=(3.0, 0.0), draws="held-out")
    assert body_genes.title(speed) == "delay 3, target speed 1-3, held-out draws"
    drawn = Draw(
        replace(STANDARD, direction=(-1, 1, 1, -1), torque=(80.0, 0.0, 80.0, 80.0), gravity=12.0),
        Hidden(delay=3, noise=0.1, target_speed=1.5, reward="instead"),
    )
    words = "hip 0 and knee 1 reversed, knee 0 dead, gravity x1.2, delay 3 steps, noise 0.1"
    assert body_draw.title(drawn) == f"{words}, target speed 1.5 m/s"
    assert body_draw.title(Draw()) == ""


def test_the_ends_of_a_range_by_hand() -> None:
    assert RANGES["leg_length"].ends((1.0, 0.75)) == (0.25, 1.75)
    low, high = RANGES["gravity"].ends((1.0, math.log(1.5)))
    assert (low, high) == pytest.approx((1 / 1.5, 1.5))
    assert RANGES["strength"].widest == pytest.approx(math.log(35) / 2)


def test_a_share_multiplies_spreads_and_probabilities_of_a_named_body() -> None:
    assert named("reversed", 0.4) == BodyGenes(reversed=0.2)
    assert named("legs", 0.2) == BodyGenes(leg_length=(1.0, 0.15), leg_width=(1.0, 0.15))
    assert named("speed", 0.25) == BodyGenes(target_speed=(2.0, 0.5), reward="instead")
    assert {name: named(name, 1.0) for name in NAMED} == dict(NAMED)


def test_the_first_task_has_the_share_of_its_named_body() -> None:
    family = Walker(WalkerSettings(body="reversed", body_spread=0.4, draws="train"))
    assert family.origin().body == BodyGenes(reversed=0.2, draws="train")


def test_a_share_of_a_body_that_does_not_vary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^body_spread = 0\.4 needs a body .*set walker\.body"):
        WalkerSettings(body_spread=0.4)
