"""Hyperparameters of agents: precedence over settings, exploration, and the size of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.gradient.epg import EPG
from openpoet.agents.gradient.epg_config import EPGConfig
from openpoet.agents.gradient.maesn import MAESN
from openpoet.agents.gradient.maesn_config import MAESNConfig
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.parts.hyperparameters import (
    Range,
    explored,
    hyperparameters_of,
    with_hyperparameters,
)
from openpoet.agents.parts.recurrent import Cell, Recurrent
from openpoet.cli.conformance import check_learner, same_agent
from openpoet.poet.streams import Key
from tests.agents.guessing import Guessing

SMALL = RL2Config(hidden=8, units=5, trials=8, test_trials=8)


def test_hyperparameters_override_the_settings_and_their_schedules() -> None:
    config = RL2Config(lr=1e-3, lr_end=1e-4)
    assert with_hyperparameters(config, {"w": torch.ones(2)}) is config
    mine = with_hyperparameters(
        config, {"hyper/lr": torch.tensor(5e-3), "hyper/units": torch.tensor(7.0)}
    )
    assert (mine.lr, mine.lr_end, mine.units) == (pytest.approx(5e-3), pytest.approx(5e-3), 7)
    assert type(mine.units) is int
    assert mine.gamma == config.gamma


@pytest.mark.parametrize("wrong", [{"hyper/speed": torch.ones(())}, {"hyper/lr": torch.ones(2)}])
def test_invalid_hyperparameters_raise_value_error(wrong: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="is not the value of a setting"):
        with_hyperparameters(RL2Config(), wrong)
    with pytest.raises(ValueError, match="gamma must be from 0 to 1"):
        with_hyperparameters(RL2Config(), {"hyper/gamma": torch.tensor(2.0)})


def test_a_neighbour_is_scaled_by_four_or_six_fifths_or_drawn_from_the_range() -> None:
    drawn = np.array(
        [Range(1e-3, 1e3).neighbour(1.0, np.random.default_rng(seed)) for seed in range(4000)]
    )
    for factor in (0.8, 1.2):
        assert np.isclose(drawn, factor).mean() == pytest.approx(0.375, abs=0.03)
    resampled = drawn[~np.isclose(drawn, 0.8) & ~np.isclose(drawn, 1.2)]
    assert np.log10(resampled).mean() == pytest.approx(0.0, abs=0.15)  # uniform in the logarithm
    assert (resampled.min() < 1e-2, resampled.max() > 1e2) == (True, True)


def test_fractions_are_scaled_by_their_distance_from_one_and_ranges_hold() -> None:
    rng = np.random.default_rng(0)
    near = {round(Range(0.001, 0.5, from_one=True).neighbour(0.99, rng), 6) for _ in range(40)}
    assert {0.992, 0.988} < near
    ends = [Range(0.01, 0.1).neighbour(0.1, rng) for _ in range(40)]
    assert 0.01 <= min(ends) < max(ends) == 0.1
    whole = [Range(4, 9, whole=True).neighbour(8.0, rng) for _ in range(40)]
    assert {float(round(value)) for value in whole} == set(whole)
    assert 4 <= min(whole) < max(whole) == 9


def test_explore_changes_only_hyperparameters_starting_from_the_settings() -> None:
    ranges = {"lr": Range(1e-9, 1e9), "gamma": Range(1e-9, 1.0, from_one=True)}
    keys = [Key(0, ("explore", i)) for i in range(30)]
    agent = {"w": torch.ones(3)}
    many = [explored(agent, RL2Config(lr=1e-3), ranges, key) for key in keys]
    assert all(set(one) == {"w", "hyper/lr", "hyper/gamma"} for one in many)
    assert {round(float(one["hyper/lr"]), 6) for one in many} > {8e-4, 12e-4}
    again = explored(
        many[0], RL2Config(lr=77.0), ranges, keys[1]
    )  # now from the agent's own values
    assert float(again["hyper/lr"]) != pytest.approx(77 * 0.8)
    assert same_agent(
        explored(many[0], RL2Config(), ranges, keys[1]),
        explored(many[0], RL2Config(), ranges, keys[1]),
    )
    assert set(hyperparameters_of(again)) == {"hyper/lr", "hyper/gamma"}


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_network_with_few_units_in_use_equals_the_smaller_network(cell: Cell) -> None:
    rng = np.random.default_rng(1)
    large, small = Recurrent(3, 8, 2, cell), Recurrent(3, 5, 2, cell)
    p = large.init(rng)
    gates = torch.cat([torch.arange(5) + 8 * gate for gate in range(len(p["w_in"]) // 8)])
    cut = {name: p[name][gates] for name in ("w_in", "b_in", "b_hidden")}
    cut |= {"w_hidden": p["w_hidden"][gates, :5], "w_out": p["w_out"][:, :5], "b_out": p["b_out"]}
    x = torch.from_numpy(rng.normal(size=(6, 4, 3))).float()
    whole = large.run(large.pruned(p, 5), x, large.start(4))
    torch.testing.assert_close(whole, small.run(cut, x, small.start(4)), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(whole, large.run(p, x, large.start(4)), atol=1e-3)


def with_hypers(learner: RL2, **values: float) -> dict[str, torch.Tensor]:
    return {
        **learner.init(Key(3)),
        **{f"hyper/{name}": torch.tensor(value) for name, value in values.items()},
    }


def test_training_with_hyperparameters_equals_training_with_the_same_settings() -> None:
    family, key = Guessing(), Key(4)
    carrying, plain = (
        RL2(family, SMALL),
        RL2(family, RL2Config(hidden=8, units=7, trials=8, test_trials=8, lam=0.5)),
    )
    (mine,), _ = carrying.improve([with_hypers(carrying, units=7.0, lam=0.5)], [0.5], [key])
    (other,), _ = plain.improve([plain.init(Key(3))], [0.5], [key])
    assert all(torch.equal(mine[name], other[name]) for name in other)
    assert set(mine) - set(other) == {"hyper/units", "hyper/lam"}
    (control,), _ = carrying.improve([carrying.init(Key(3))], [0.5], [key])
    assert not torch.equal(mine["w_in"], control["w_in"])
    adopted = carrying.adopt(mine)
    assert {name: float(adopted[name]) for name in ("hyper/units", "hyper/lam")} == {
        "hyper/units": 7,
        "hyper/lam": 0.5,
    }


def test_added_units_have_no_effect_before_training() -> None:
    learner = RL2(Guessing(), SMALL)
    agent = learner.init(Key(5))
    larger = next(
        one
        for i in range(99)
        if float((one := learner.explore(agent, Key(6, ("explore", i))))["hyper/units"])
        > SMALL.units
    )
    before, after = (learner.evaluate([one], [0.5], [Key(7)])[0] for one in (agent, larger))
    assert before == after
    (learned,), _ = learner.improve([larger], [0.5], [Key(8)])
    used = int(float(larger["hyper/units"]))
    assert float(learned["w_out"][:, SMALL.units : used].abs().sum()) > 0  # and are trained
    assert float(learned["w_out"][:, used:].abs().sum()) == 0


class Exploring:
    """A learner whose initial agents have explored hyperparameters."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def init(self, key: Key) -> Any:
        return self.learner.explore(self.learner.init(key), key.child("explore"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)


LEARNERS = {
    "rl2": lambda family: RL2(family, SMALL),
    "maesn": lambda family: MAESN(
        family, MAESNConfig(hidden=(4,), draws=2, trajectories=2, test_trials=2)
    ),
    "epg": lambda family: EPG(
        family, EPGConfig(population=2, episodes=2, updates=1, test_trials=2)
    ),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_conformance_and_use_of_hyperparameters(
    name: str,
) -> None:
    family, key = Guessing(), Key(9)
    learner = LEARNERS[name](family)
    check_learner(Exploring(learner), family)
    (agent,), _ = learner.improve([learner.init(key)], [0.5], [key])
    (plain,), _ = learner.improve([agent], [0.5], [key])
    (other,), _ = learner.improve([{**agent, "hyper/lr": torch.tensor(1e-8)}], [0.5], [key])
    assert set(other) == {*plain, "hyper/lr"}
    moved = {n: float((plain[n] - agent[n]).abs().max()) for n in agent if "/" not in n}
    assert max(moved.values()) > 1e-4
    assert all(float((other[n] - agent[n]).abs().max()) < 1e-6 for n in moved)
    assert float(learner.adopt(other)["hyper/lr"]) == pytest.approx(1e-8)
