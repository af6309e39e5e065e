from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest

from openpoet.envs.walker.obstacles import (
    Bounds,
    Obstacles,
    describe,
    difficulty,
    mutate,
    title,
    toward,
)

ALL = Bounds(("stump", "pit", "roughness", "stairs"))


def test_the_first_child_of_flat_has_initial_gap_and_stump_and_rounded_roughness() -> None:
    children = [mutate(Obstacles(), Bounds(), np.random.default_rng(seed)) for seed in range(200)]
    assert {(child.gap, child.stump, child.stairs) for child in children} == {
        ((0.0, 0.8), (0.0, 0.4), None)
    }
    rough = {child.roughness for child in children}
    assert rough == {round(i / 10, 1) for i in range(7)}  # 0.0, 0.1, ..., 0.6: below 0 is cut off


def changed(parent: Obstacles, child: Obstacles) -> frozenset[str]:
    return frozenset(
        name
        for name in ("roughness", "gap", "stump")
        if getattr(parent, name) != getattr(child, name)
    )


def test_partial_mutation_picks_each_parameter_independently_and_at_least_one() -> None:
    """The POET paper's mutation; all is the reference code's."""
    parent = Obstacles(roughness=5.0, gap=(2.0, 4.0), stump=(1.0, 2.0))
    bounds = Bounds(mutates="some")
    counts = Counter(
        changed(parent, mutate(parent, bounds, np.random.default_rng(seed))) for seed in range(1400)
    )
    subsets = {
        frozenset(part)
        for n in (1, 2, 3)
        for part in combinations(("roughness", "gap", "stump"), n)
    }
    # Selected roughness does not change if its step rounds to 0: one time in twelve.
    assert set(counts) == subsets | {frozenset()}
    assert counts.pop(frozenset()) < 40
    assert all(150 < counts[part] < 250 for part in subsets)


def test_roughness_starts_at_its_initial_value_and_then_increases_or_decreases() -> None:
    bounds = Bounds(("roughness",), mutates="some")
    first = Counter(
        mutate(Obstacles(), bounds, np.random.default_rng(seed)).roughness for seed in range(600)
    )
    assert set(first) == {round(i / 10, 1) for i in range(7)}
    # a twelfth, by rounding; half in the reference code, which cuts off what is below 0
    assert first[0.0] < 100
    later = {
        mutate(Obstacles(3.0), bounds, np.random.default_rng(seed)).roughness for seed in range(200)
    }
    assert later == {round(2.4 + i / 10, 1) for i in range(13)}


def test_mutation_without_mutable_parameters_terminates() -> None:
    assert mutate(Obstacles(), Bounds((), mutates="some"), np.random.default_rng(0)) == Obstacles()


def test_an_interval_always_changes_by_one_step_at_one_or_both_ends() -> None:
    parent = Obstacles(gap=(2.0, 4.0), stump=(1.0, 2.0))
    children = [mutate(parent, Bounds(), np.random.default_rng(seed)) for seed in range(400)]
    gaps = {(round(c.gap[0] - 2.0, 1), round(c.gap[1] - 4.0, 1)) for c in children if c.gap}
    steps = (-0.4, 0.0, 0.4)
    assert gaps == {(low, high) for low in steps for high in steps} - {(0.0, 0.0)}
    stumps = {(round(c.stump[0] - 1.0, 1), round(c.stump[1] - 2.0, 1)) for c in children if c.stump}
    assert stumps == {(low, high) for low in (-0.2, 0.0, 0.2) for high in (-0.2, 0.0, 0.2)} - {
        (0.0, 0.0)
    }


def test_the_upper_end_is_never_below_its_initial_value() -> None:
    children = [
        mutate(Obstacles(gap=(0.0, 0.8)), Bounds(), np.random.default_rng(seed))
        for seed in range(200)
    ]
    assert {child.gap for child in children} == {(0.0, 1.2), (0.4, 0.8), (0.4, 1.2)}


def test_at_the_maximum_of_both_ends_an_interval_only_decreases() -> None:
    bounds = Bounds(("pit",), gap_max=8.0)
    children = [
        mutate(Obstacles(gap=(8.0, 8.0)), bounds, np.random.default_rng(seed)) for seed in range(50)
    ]
    assert {child.gap for child in children} == {(7.6, 8.0), (7.6, 7.6)}


@pytest.mark.parametrize("seed", range(6))
def test_bounds_hold_over_300_chained_mutations(seed: int) -> None:
    rng, genome = np.random.default_rng(seed), Obstacles()
    for _ in range(300):
        genome = mutate(genome, ALL, rng)
        assert 0 <= genome.roughness <= 10
        assert genome.roughness == round(genome.roughness, 1)
        assert 1 <= genome.stair_steps <= 9
        for interval, first, largest in (
            (genome.gap, 0.8, 10.0),
            (genome.stump, 0.4, 5.0),
            (genome.stairs, 0.4, 5.0),
        ):
            assert interval is not None
            assert 0 <= interval[0] <= interval[1] <= largest
            assert interval[1] >= first


def test_a_disabled_obstacle_category_never_appears() -> None:
    rng, genome = np.random.default_rng(0), Obstacles()
    for _ in range(50):
        genome = mutate(genome, Bounds(("roughness",)), rng)
    assert (genome.gap, genome.stump, genome.stairs) == (None, None, None)
    assert genome.roughness > 0


def test_the_number_of_stairs_mutates_from_its_own_initial_value() -> None:  # B21
    first = mutate(Obstacles(stump=(3.0, 4.0)), ALL, np.random.default_rng(0))
    assert (first.stairs, first.stair_steps) == ((0.0, 0.4), 1)
    children = [
        mutate(Obstacles(stairs=(1.0, 2.0), stair_steps=4), ALL, np.random.default_rng(s))
        for s in range(60)
    ]
    assert {child.stair_steps for child in children} == {3, 4, 5}


def test_equal_generators_give_equal_children_and_the_parent_is_unchanged() -> None:
    parent = Obstacles(2.0, (1.2, 2.0), (0.4, 1.0))
    twins = [mutate(parent, ALL, np.random.default_rng(5)) for _ in range(2)]
    assert twins[0] == twins[1] != parent
    assert parent == Obstacles(2.0, (1.2, 2.0), (0.4, 1.0))


def test_describe_returns_the_five_parameters_with_zero_for_absent_ones() -> None:
    assert describe(Obstacles(), Bounds()).tolist() == [0, 0, 0, 0, 0]
    full = Obstacles(1.5, (0.4, 2.0), (0.2, 1.0), (0.6, 0.8), 3)
    assert describe(full, Bounds()).tolist() == [1.5, 0.4, 2.0, 0.2, 1.0]
    assert describe(full, ALL).tolist() == [1.5, 0.4, 2.0, 0.2, 1.0, 0.6, 0.8, 3]


@pytest.mark.parametrize(
    ("genome", "level"),
    [
        (Obstacles(), "easy"),
        (Obstacles(roughness=4.5), "challenging"),
        (Obstacles(roughness=4.4, gap=(0, 5.9), stump=(0, 2.3)), "easy"),
        (Obstacles(gap=(0, 6.0), stump=(0, 2.4)), "very challenging"),
        (Obstacles(5.28, (4.8, 7.2), (1.98, 2.76)), "extremely challenging"),  # the paper's rose 3a
        # 3b as stored: its gap misses the threshold
        (Obstacles(4.8, (4.8, 4.48), (2.4, 2.76)), "very challenging"),
    ],
)
def test_difficulty_is_the_number_of_thresholds_exceeded(genome: Obstacles, level: str) -> None:
    assert difficulty(genome) == level


def test_title_describes_the_terrain_in_words() -> None:
    assert title(Obstacles()) == "flat"
    assert title(Obstacles(0.4, (0.0, 0.8), (0.0, 0.4), (0.2, 0.6), 3)) == (
        "roughness 0.4, gaps 0-0.8, stumps 0-0.4, 3 stairs 0.2-0.6"
    )


TARGET = Obstacles(2.5, gap=(1.2, 3.6), stump=(0.4, 1.0), stairs=(0.2, 0.6), stair_steps=3)


def way(target: Obstacles, seed: int) -> list[Obstacles]:
    """The direct path from flat ground to the target, both included."""
    draws, found = np.random.default_rng(seed), [Obstacles()]
    while found[-1] != target:
        found.append(toward(found[-1], target, draws))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_direct_path_never_goes_back_and_takes_steps_of_a_mutation(seed: int) -> None:
    path = [describe(one, ALL)[:7] for one in way(TARGET, seed)]
    limits = np.array([0.6, 0.4, 0.8, 0.2, 0.4, 0.2, 0.4])  # 0.8 and 0.4: the first values
    for before, after in pairwise(path):
        assert (after >= before).all()
        assert (after > before).any() or before[0] == after[0]
        assert (after - before <= limits + 1e-9).all()
        assert (after[[1, 3, 5]] <= after[[2, 4, 6]]).all()
    assert way(TARGET, seed) == way(TARGET, seed)


def test_each_parameter_of_a_direct_path_takes_its_step_with_probability_a_half() -> None:
    """The five ends and heights, each independently: of all draws that change something, half plus
    a little change a given one.
    """
    here, target = (
        Obstacles(0.0, gap=(0.0, 2.0), stump=(0.0, 1.0)),
        Obstacles(9.0, gap=(1.2, 8.0), stump=(1.0, 3.0)),
    )
    moved = [
        describe(toward(here, target, np.random.default_rng(seed)), Bounds())
        > describe(here, ALL)[:5]
        for seed in range(1000)
    ]
    shares = np.mean(moved, axis=0)
    assert (np.abs(shares[1:] - 16 / 31) < 0.06).all()
    assert abs(shares[0] - 11 / 12 * 16 / 31) < 0.06  # a step of roughness may round to 0


def test_a_direct_path_ends_at_its_target_and_leaves_obstacles_that_it_lacks() -> None:
    assert toward(TARGET, TARGET, np.random.default_rng(0)) == TARGET
    draws, here = np.random.default_rng(1), TARGET
    for _ in range(100):
        here = toward(here, Obstacles(1.0), draws)
    assert here == Obstacles(1.0)
