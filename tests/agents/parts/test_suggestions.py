"""Defaults that depend on the family: which apply, and what has precedence over them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from openpoet.agents.gradient.maml_config import ReptileConfig
from openpoet.agents.gradient.reptile import Reptile
from openpoet.agents.learners import LEARNERS
from openpoet.agents.memory.episodic_config import MFECConfig
from openpoet.agents.memory.mfec import MFEC
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.memory.rl2_config import RL2Config
from openpoet.agents.memory.varibad_config import VariBADConfig
from openpoet.agents.memory.wang import WangConfig
from openpoet.agents.offpolicy.pearl import PEARL
from openpoet.agents.offpolicy.pearl_config import PEARLConfig
from openpoet.cli.parts import settings_for
from openpoet.cli.settings.reference import sections
from openpoet.cli.settings.resolving import Request
from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.barcode import BarcodeBandits
from openpoet.envs.cartpole import CartPole
from openpoet.envs.grid import Grids
from openpoet.envs.gridnavi import GridNavi
from openpoet.envs.maze import Mazes
from openpoet.envs.mdp import MdpSettings, TabularMdps
from openpoet.envs.navigation import Navigation
from openpoet.envs.two_step import TwoStep
from openpoet.envs.walker.family import Walker


def config_of(name: str) -> Any:
    """The class of a learner's settings."""
    module, _, settings = LEARNERS[name]
    return getattr(import_module(f"openpoet.agents.{module}"), settings)


SUGGESTING = [name for name in LEARNERS if getattr(config_of(name), "suggestions", ())]


def test_the_first_suggestion_that_applies_replaces_defaults() -> None:
    plain, bandits, walker = (
        RL2Config.suggested(family.spec) for family in (GridNavi(), Bandits(), Walker())
    )
    assert plain == RL2Config()
    assert bandits.by_action
    assert (bandits.steps, walker.steps) == (0, 256)
    assert walker.normalise_observations
    assert RL2(Walker()).config == walker  # without a config
    changed = replace(walker, lr=1e-4)
    assert RL2(Walker(), changed).config == changed  # a config is used as it is


@pytest.mark.parametrize("name", SUGGESTING)
def test_a_learner_without_a_config_has_the_suggested_one(name: str) -> None:
    module, learner, _ = LEARNERS[name]
    made, accepted = getattr(import_module(f"openpoet.agents.{module}"), learner), 0
    for family in (GridNavi(), Walker()):
        with contextlib.suppress(ValueError):  # a pair that is refused
            assert made(family).config == config_of(name).suggested(family.spec)
            accepted += 1
    assert accepted


@pytest.mark.parametrize("name", SUGGESTING)
def test_every_suggestion_is_valid_and_changes_something(name: str) -> None:
    config = config_of(name)
    for each in config.suggestions:
        assert config(**each.values) != config()


def test_a_subclass_keeps_what_distinguishes_it() -> None:
    bandits, walker = Bandits().spec, Walker().spec
    assert WangConfig.suggested(bandits).gamma == WangConfig().gamma
    assert WangConfig.suggested(walker).cell == "lstm"
    assert not VariBADConfig.suggested(bandits).by_action  # which varibad refuses


def test_memories_of_mfec_start_empty_in_short_trials_that_hide_a_draw() -> None:
    hidden = (Bandits(), TabularMdps(), GridNavi(), BarcodeBandits())
    others = (Mazes(), Grids(), CartPole(), TwoStep())
    assert {MFECConfig.suggested(family.spec).table for family in hidden} == {"trial"}
    assert {MFECConfig.suggested(family.spec).table for family in others} == {"agent"}
    assert MFEC(GridNavi()).config.table == "trial"  # without a config


def test_learners_without_a_config_have_the_defaults_for_discrete_actions() -> None:
    assert (PEARL(GridNavi()).config.temperature, PEARL(Navigation()).config.temperature) == (
        0.05,
        PEARLConfig().temperature,
    )
    assert (Reptile(GridNavi()).config.inner_lr, Reptile(Navigation()).config.inner_lr) == (
        0.3,
        ReptileConfig().inner_lr,
    )


def test_pearls_updates_on_long_trials_depend_on_the_kind_of_actions() -> None:
    families = Walker(), CartPole(), Navigation()
    walker, cartpole, short = (PEARLConfig.suggested(family.spec) for family in families)
    assert (walker.updates, walker.batch, walker.hidden) == (10_000, 8, (64, 64))
    assert (cartpole.updates, cartpole.batch, cartpole.hidden) == (500, 64, (128, 128))
    assert short == PEARLConfig()


def test_settings_of_a_run_have_suggestions_below_presets_and_options() -> None:
    def learner(*changes: str, **options: str) -> dict[str, Any]:
        named = {f"run.{name}": value for name, value in options.items()}
        return settings_for(Request(named, changes))["rl2"]

    walker = learner("rl2.lr=0.001", family="walker", learner="rl2")
    assert (walker["steps"], walker["lr"]) == (256, 0.001)
    # the preset quick-bandits sets entropy, and not gamma
    bandits = learner(family="bandits", learner="rl2")
    assert (bandits["gamma"], bandits["entropy"]) == (0.98, 0.02)
    # the trials of quick-cartpole are short, the family's own long
    assert learner(family="cartpole", learner="rl2")["steps"] == 0
    assert learner("cartpole.horizon=200", family="cartpole", learner="rl2")["steps"] == 256


def test_defaults_on_bandits_depend_on_the_length_of_a_trial_alone() -> None:
    def suggested(arms: int, pulls: int) -> RL2Config:
        return RL2Config.suggested(Bandits(BanditSettings(arms=arms, pulls=pulls)).spec)

    for pulls in (10, 100, 500):
        assert suggested(5, pulls) == suggested(50, pulls)
    assert suggested(5, 49) == suggested(5, 10) != suggested(5, 50) == suggested(5, 100)
    assert suggested(5, 399) == suggested(5, 100) != suggested(5, 400) == suggested(5, 500)


def test_products_of_states_and_actions_are_a_default_while_they_are_few() -> None:
    assert RL2Config.suggested(TabularMdps().spec).tabular
    assert not RL2Config.suggested(TabularMdps(MdpSettings(states=52, actions=5)).spec).tabular
    assert not RL2Config.suggested(GridNavi().spec).tabular  # column and row, not one-hot
    assert not RL2Config.suggested(TabularMdps(MdpSettings(horizon=40)).spec).tabular  # long trials


def test_list_explains_suggestions() -> None:
    notes = list(sections("rl2")[0].notes())
    assert len(notes) == len(RL2Config.suggestions)
    assert notes[0].startswith("Defaults for families with discrete actions, without observations")
    assert "steps = 256" in notes[-1]
    assert not list(sections("es")[0].notes())
