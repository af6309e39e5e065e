"""Knobs and strokes: edited tasks stay within the family's bounds, and are tasks of the family."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.barcode import BarcodeBandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.mdp import TabularMdps
from openpoet.envs.navigation import Navigation
from openpoet.envs.plant import Plants
from openpoet.envs.regression import Regression, RegressionSettings
from openpoet.envs.two_step import TwoStep
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.obstacles import Obstacles
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.envs.walker.task import WalkerTask

FAMILY = Walker(WalkerSettings(obstacles=("stump", "pit", "roughness", "stairs"), length=60))
GENOMES = {
    "navigation": Navigation(),
    "mdp": TabularMdps(),
    "two-step": TwoStep(),
    "gridnavi": GridNavi(),
    "plant": Plants(),
    "cartpole": CartPole(),
    "barcode": BarcodeBandits(),
    **{kind: Bandits(BanditSettings(kind)) for kind in ("independent", "eleven", "restless")},
    **{kind: Regression(RegressionSettings(kind)) for kind in ("quadratic", "sine")},
}
TURNS = st.lists(st.tuples(st.integers(0, 99), st.floats(0, 1)), max_size=6)


@pytest.mark.parametrize("family", [FAMILY, *GENOMES.values()], ids=["walker", *GENOMES])
@given(turns=TURNS)
@settings(max_examples=30)
def test_a_turned_task_has_the_value_and_is_one_of_the_family(family, turns) -> None:
    task = family.origin()
    for at, share in turns:
        knobs = family.knobs(task)
        name = [*knobs][at % len(knobs)]
        _, low, high, step = knobs[name]
        before, wanted = family.encode(task), low + share * (high - low)
        turned = family.turned(task, name, wanted)
        assert family.encode(task) == before, "the task itself is unchanged"
        task = turned
        assert family.decode(family.encode(task)) == task
        assert abs(family.knobs(task)[name][0] - wanted) <= step
        for value, least, most, _ in family.knobs(task).values():
            assert least <= value <= most


def test_the_other_end_of_an_interval_follows() -> None:
    task = FAMILY.turned(FAMILY.origin(), "gap to", 3.0)
    assert task.genome == Obstacles(gap=(0.0, 3.0))
    task = FAMILY.turned(task, "gap from", 4.0)
    assert task.genome == Obstacles(gap=(4.0, 4.0))
    task = FAMILY.turned(task, "gap to", 1.0)
    assert task.genome == Obstacles(gap=(1.0, 1.0))
    assert FAMILY.turned(task, "gap to", 0.0).genome == Obstacles(), "no gaps"


def test_genes_bounded_by_the_turned_one_follow() -> None:
    grid = GridNavi()
    wide = grid.turned(grid.origin(), "clear", 6)
    assert (wide.size, wide.clear) == (7, 6)
    assert grid.turned(wide, "size", 4).clear == 3
    arms, curves = GENOMES["independent"], GENOMES["quadratic"]
    assert arms.turned(arms.turned(arms.origin(), "low", 0.6), "high", 0.4).low == 0.4
    assert curves.turned(curves.origin(), "high", -1.0).low == -1.0
    codes = GENOMES["barcode"]
    assert codes.turned(codes.origin(), "good", 0.05).bad == 0.05


def test_genes_that_a_kind_of_task_does_not_use_are_no_knobs() -> None:
    assert [*GENOMES["eleven"].knobs(GENOMES["eleven"].origin())] == ["prize", "other", "hint"]
    assert [*GENOMES["quadratic"].knobs(GENOMES["quadratic"].origin())] == ["low", "high"]


def test_a_category_that_does_not_mutate_cannot_be_edited() -> None:
    family = Walker(WalkerSettings(obstacles=("roughness",)))
    assert [*family.knobs(family.origin())] == ["roughness", "seed"]


def test_a_cppn_and_a_task_without_a_seed_have_no_such_knobs() -> None:
    family = Walker(WalkerSettings(encoding="cppn"))
    assert family.knobs(family.origin()) == {}
    assert "seed" not in FAMILY.knobs(WalkerTask(Obstacles(), None))
