"""Levels of curricula on the walker: ranges, 'easy' levels and edits of dcd."""

from __future__ import annotations

import numpy as np
import pytest

from openpoet.envs.walker import levels
from openpoet.envs.walker.dcd_level import NAMES, RANGES
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.obstacles import CATEGORIES, Bounds, Obstacles
from openpoet.envs.walker.settings import WalkerSettings

ALL = Bounds(CATEGORIES)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def vector(genome: Obstacles) -> list[float]:
    intervals = [genome.gap or (), genome.stump or (), genome.stairs or ()]
    ends = [end for interval in intervals for end in interval]
    return [genome.roughness, *ends, genome.stair_steps]


def test_a_level_has_the_parameters_and_ranges_of_dcd() -> None:
    known = levels.parameters(ALL)
    assert [(p.low, p.high) for p in known] == [tuple(map(float, ends)) for ends in RANGES]
    assert len(known) == len(NAMES)
    assert [p.step for p in known] == [0.6, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 1]


def test_random_levels_fill_the_ranges_with_sorted_ends() -> None:
    generator = rng()
    drawn = np.array([vector(levels.random(ALL, generator)) for _ in range(4_000)])
    low, high = np.array(RANGES, float).T
    assert (drawn >= low).all()
    assert (drawn <= high).all()
    assert (drawn[:, [1, 3, 5]] <= drawn[:, [2, 4, 6]]).all()
    assert drawn[:, 0].mean() == pytest.approx(5, abs=0.2)
    assert drawn[:, 1].mean() == pytest.approx(10 / 3, abs=0.15)  # the lower of two uniform numbers
    assert drawn[:, 4].mean() == pytest.approx(10 / 3, abs=0.15)
    assert set(drawn[:, 7]) == set(range(1, 10))


def test_easy_levels_are_those_of_accel() -> None:
    generator = rng()
    drawn = np.array([vector(levels.easy(ALL, generator)) for _ in range(500)])
    assert (drawn[:, 1:] == [0, 0.8, 0, 0.4, 0, 0.4, 1]).all()
    assert drawn[:, 0].min() >= 0
    assert 0.55 < drawn[:, 0].max() <= 0.6


def test_an_edit_moves_at_most_one_parameter_by_its_step_and_a_third_change_nothing() -> None:
    base = Obstacles(5.0, (2.0, 6.0), (1.0, 3.0), (1.0, 3.0), 5)
    generator, same = rng(), 0
    steps = np.array([0.6, 0.4, 0.4, 0.2, 0.2, 0.2, 0.2, 1])
    moved = np.zeros(8)
    for _ in range(3_000):
        change = np.array(vector(levels.edit(base, ALL, generator))) - vector(base)
        places = np.flatnonzero(change)
        assert len(places) <= 1
        same += len(places) == 0
        moved[places] += 1
        size = np.abs(change[places])
        assert (size <= steps[places] + 1e-9).all()
        assert (places == 0).any() or np.allclose(size, steps[places])
    assert same / 3_000 == pytest.approx(1 / 3, abs=0.03)
    assert moved / 3_000 == pytest.approx(np.full(8, 2 / 3 / 8), abs=0.02)


def test_edits_stay_in_range_and_sort_the_ends() -> None:
    generator, genome = rng(), levels.easy(ALL, rng(1))
    low, high = np.array(RANGES, float).T
    for _ in range(2_000):
        genome = levels.edit(genome, ALL, generator)
        values = np.array(vector(genome))
        assert (values >= low).all()
        assert (values <= high).all()
        assert (values[[1, 3, 5]] <= values[[2, 4, 6]]).all()


def test_categories_that_are_not_in_the_bounds_stay_absent() -> None:
    bounds, generator = Bounds(("roughness", "stump")), rng()
    genome = levels.random(bounds, generator)
    for _ in range(50):
        genome = levels.edit(genome, bounds, generator)
    assert genome.gap is None
    assert genome.stairs is None
    assert genome.stair_steps == 1
    assert levels.edit(Obstacles(), Bounds(()), generator) == Obstacles()


def test_levels_of_the_family_have_terrains_of_their_own_and_survive_encoding() -> None:
    family, generator = Walker(WalkerSettings(layout="dcd", obstacles=CATEGORIES)), rng()
    task = family.level(generator)
    for made in (task, family.easy_level(generator), family.edit(task, generator)):
        assert made.seed is not None
        assert family.decode(family.encode(made)) == made
        assert made.settings == family.own
    assert family.edit(task, generator).seed != task.seed


def test_cppn_levels_are_mutations() -> None:
    family, generator = Walker(WalkerSettings(encoding="cppn")), rng()
    easy = family.easy_level(generator)
    assert family.edit(easy, generator) != easy
    with pytest.raises(ValueError, match="no bounds"):
        family.level(generator)


def test_a_level_at_places_of_the_ranges_has_these_parameters() -> None:
    """Roughness 10, gaps to 10, stumps and stairs to 5, 1 to 9 steps; ends are sorted."""
    family = Walker(WalkerSettings(layout="dcd", obstacles=CATEGORIES, seeds="niche"))
    assert family.level_size == 8
    vector = np.array([0.5, 0.8, 0.2, 0.0, 1.0, 0.4, 0.6, 0.5])
    level = family.level_at(vector, np.random.default_rng(0))
    assert level.genome == Obstacles(5.0, (2.0, 8.0), (0.0, 5.0), (2.0, 3.0), 5)
    assert level.seed == family.level_at(vector, np.random.default_rng(0)).seed
    assert family.decode(family.encode(level)) == level
