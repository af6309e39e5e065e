"""Tests over every learner: exploring, adopting, seeding another run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from openpoet.agents.learners import LEARNERS
from openpoet.agents.parts.hyperparameters import (
    HYPER_PREFIX,
    Range,
    hyperparameters_of,
    with_hyperparameters,
)
from openpoet.agents.parts.network_weights import weight_names
from openpoet.archive.seeds.finding import inherited
from openpoet.cli.conformance import same_agent
from openpoet.envs.bandits import Bandits, BanditSettings
from openpoet.envs.cartpole import CartPole, CartPoleSettings
from openpoet.envs.grid import Grids, GridSettings
from openpoet.envs.mdp import MdpSettings, TabularMdps
from openpoet.envs.navigation import Navigation, NavigationSettings
from openpoet.envs.walker.family import Walker
from openpoet.envs.walker.settings import WalkerSettings
from openpoet.poet.agent_tensors import check_agents
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import start
from openpoet.poet.interfaces import Agent
from openpoet.poet.seeding import Seed, check_seeds, seed_population
from openpoet.poet.streams import Key
from tests.agents.every_learner import make, trained, with_small_sizes

EXPLORERS = [name for name in LEARNERS if hasattr(make(name).learner, "explore")]
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in EXPLORERS),
    ("rl2", {"units": 3}),
    ("meta-gradient", {"units": 3}),
    ("maml", {"outer": "trpo"}),
    ("reptile", {"outer": "adam"}),
]


def within(where: Range, value: float) -> bool:
    """Whether a value lies in its range, up to rounding."""
    value = 1 - value if where.from_one else value
    return where.low - 1e-9 <= value <= where.high + 1e-9


def at_extremes(learner: Any, agent: Agent) -> list[Agent]:
    """The agent as it is, and with all hyperparameters at the low and the high end of their
    ranges.
    """
    made = [agent]
    for end in ("low", "high"):
        ends = {name: getattr(where, end) for name, where in learner.ranges.items()}
        values = {
            name: 1 - value if learner.ranges[name].from_one else value
            for name, value in ends.items()
        }
        hypers = {
            f"{HYPER_PREFIX}{name}": torch.tensor(value, dtype=torch.float64)
            for name, value in values.items()
        }
        made.append({**agent, **hypers})
    return made


def test_the_learners_that_explore() -> None:
    tunable = {
        "ppo",
        "rl2",
        "wang",
        "varibad",
        "eplstm",
        "meta-gradient",
        "maesn",
        "epg",
        "hochreiter",
    }
    assert set(EXPLORERS) == tunable | {"maml", "fomaml", "reptile"}


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_after_any_number_of_explorations_hyperparameters_are_valid(
    name: str, settings: dict[str, Any]
) -> None:
    """For population-based training: the settings accept every value, and it lies in its range."""
    learner = make(name, **settings).learner
    for agent in at_extremes(learner, learner.init(Key(3))):
        for i in range(200):
            agent = learner.explore(agent, Key(4, ("explore", i)))
            config = with_hyperparameters(
                learner.config, agent
            )  # ValueError if the settings refuse a value
            for hyper, where in learner.ranges.items():
                value = float(getattr(config, hyper))
                assert within(where, value), f"{hyper} = {value}"


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_every_hyperparameter_that_is_explored_changes_what_is_learned(
    name: str, settings: dict[str, Any]
) -> None:
    """A population would otherwise select among values that do nothing."""
    family = None if name == "hochreiter" else Navigation(NavigationSettings(horizon=6, episodes=2))
    learner, _, task = make(name, family, **settings)
    agent = learner.init(Key(3))
    wide = {hyper: where for hyper, where in learner.ranges.items() if where.low < where.high}
    for hyper, where in wide.items():
        learned = []
        for end in (where.low, where.high):
            value = torch.tensor(1 - end if where.from_one else end, dtype=torch.float64)
            carrying = {**agent, f"{HYPER_PREFIX}{hyper}": value}
            (after,), _ = learner.improve([carrying], [task], [Key(4)])
            learned.append([after[part] for part in weight_names(after)])
        assert not all(map(torch.equal, *learned)), hyper


@pytest.mark.parametrize("name", LEARNERS)
def test_adopt_keeps_parameters_and_hyperparameters_and_resets_the_rest(name: str) -> None:
    """An adopted agent depends only on parameters, hyperparameters and normalisers; optimisers and
    schedules are at zero.
    """
    learner, agent = make(name).learner, trained(name)
    if hasattr(learner, "explore"):
        agent = learner.explore(agent, Key(5))
    adopted = learner.adopt(agent)
    assert same_agent(adopted, learner.adopt(adopted))
    if name == "es":  # names of optimiser states have a dot
        assert same_agent(adopted, learner.searcher.init(agent["theta"]))
        return
    kept = {
        key: value
        for key, value in agent.items()
        if "/" not in key or key.startswith((HYPER_PREFIX, "normaliser/"))
    }
    assert same_agent(adopted, learner.adopt(kept))
    assert same_agent(hyperparameters_of(adopted), hyperparameters_of(agent))
    # latents belong to a draw
    moving = [part for part in weight_names(agent) if not part.startswith("latent_")]
    assert all(torch.equal(adopted[part], agent[part]) for part in moving)
    state = [
        part
        for part in adopted
        if part.split("/")[0] in ("adam", "schedule", "replay", "meta", "towards")
    ]
    assert all(bool((adopted[part] == 0).all()) for part in state)
    assert not state or any(bool((agent[part] != 0).any()) for part in state)  # it has been trained


def error_of(seeds: Callable[[], list[Seed]], setup: Setup) -> str | None:
    """The error with which a run is rejected, or None if it starts."""
    try:
        check_seeds(seeds(), setup)
    except ValueError as error:
        return str(error)
    return None


def accepted(source: str, target: str) -> bool:
    """Whether a run of `target` can start from an agent of `source`; if not, checks the one-line
    error.
    """
    learner, family, task = make(target)
    setup = Setup(family, learner, PoetConfig())
    if (message := error_of(lambda: _seeds(source, target), setup)) is not None:
        assert message
        assert "\n" not in message
        return False
    population = seed_population(setup, _seeds(source, target))
    learner.improve([population.active[0].agent], [task], [Key(6)])
    return True


def _seeds(source: str, target: str) -> list[Seed]:
    learner, _, task = make(target)
    return [Seed(task, inherited(learner, trained(source)), f"runs/{source}#1")]


ALIKE = {  # in addition to each learner's own agents
    ("rl2", "meta-gradient"),
    ("meta-gradient", "rl2"),
    ("fomaml", "reptile"),
    ("reptile", "fomaml"),
    *(("ppo", target) for target in ("maml", "fomaml", "reptile", "maesn")),  # inherit its policy
}


@pytest.mark.parametrize("target", LEARNERS)
def test_agents_of_other_learners_seed_a_run_or_raise_a_one_line_error(target: str) -> None:
    sources = {source for source in LEARNERS if accepted(source, target)}
    assert sources == {target, *(source for source, other in ALIKE if other == target)}


def test_unknown_hyperparameters_are_an_error_that_names_the_source() -> None:
    learner, family, task = make("fomaml")
    wrong = {**trained("fomaml"), "hyper/share": torch.tensor(0.5)}
    with pytest.raises(
        ValueError,
        match=r"the agent of runs/a#1: the agent's hyperparameter share = 0\.5: expected one of "
        r"inner_lr.*seed from its task, without its agent",
    ):
        check_seeds([Seed(task, wrong, "runs/a#1")], Setup(family, learner, PoetConfig()))


@pytest.mark.parametrize("name", EXPLORERS)
def test_agents_of_strangers_may_carry_explored_hyperparameters_and_no_other(name: str) -> None:
    """Else one could replace the number of trials or the size of a network."""
    learner, family, _ = make(name)
    setup = Setup(family, learner, PoetConfig())
    (first, *_) = start(setup).active
    for agent in at_extremes(learner, learner.init(Key(3))):
        check_agents([replace(first, agent=learner.explore(agent, Key(4)))], setup)
        check_agents([replace(first, agent=agent)], setup)
    one = next(iter(learner.ranges))
    for wrong in ({"test_trials": 1e9}, {"hidden": 9.0}, {"seed\n": 1.0}, {one: 1e9}, {one: -1.0}):
        carried = {f"{HYPER_PREFIX}{name}": torch.tensor(value) for name, value in wrong.items()}
        agent = {**learner.init(Key(3)), **carried}
        with pytest.raises(ValueError, match=r"^the agent of niche 0.*: expected") as error:
            check_agents([replace(first, agent=agent)], setup)
        assert "\n" not in str(error.value)
        with pytest.raises(ValueError, match=r"^the agent of runs/a#1: .*: expected"):
            check_seeds([Seed(None, agent, "runs/a#1")], setup)


class Recording:
    """A family that records the seeds of the simulated draws."""

    def __init__(self, family: Any) -> None:
        self.family = family
        self.seeds: set[int] = set()

    def simulator(self, tasks: Any, seeds: Any, device: str) -> Any:
        self.seeds |= set(map(int, seeds))
        return self.family.simulator(tasks, seeds, device)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)


def improved_on(name: str, agent: Agent | None, key: Key) -> tuple[Agent, set[int]]:
    """The agent, by default an initial one, after an improvement step, and the seeds of
    its draws.
    """
    family = Recording(make(name).family)
    learner = make(name, family).learner
    (after,), _ = learner.improve(
        [learner.init(Key(7)) if agent is None else agent], [family.origin()], [key]
    )
    return after, family.seeds


@pytest.mark.parametrize("name", LEARNERS)
def test_training_draws_come_from_the_key(name: str) -> None:
    """Other niches and runs have other keys and other draws; equal keys give equal draws."""
    one, two, same = (improved_on(name, None, key)[1] for key in (Key(8), Key(9), Key(8)))
    assert one == same
    assert not one & two


@pytest.mark.parametrize("name", ["maesn", "pearl"])
def test_draws_of_latents_and_replay_buffers_are_kept_until_the_agent_is_adopted(name: str) -> None:
    agent, first = improved_on(name, None, Key(8))
    agent, second = improved_on(name, agent, Key(9))
    assert first == second
    assert not first & improved_on(name, make(name).learner.adopt(agent), Key(10))[1]


class Reaching:
    """Episodes of another family, with `success(i)` as the success of row i."""

    def __init__(self, family: Any, success: Callable[[int], bool], solved_score: float) -> None:
        self.family, self.success = family, success
        self.spec = replace(family.spec, solved_score=solved_score, deterministic=False)

    def simulator(self, tasks: Any, seeds: Any, device: str) -> Any:
        simulator = self.family.simulator(tasks, seeds, device)
        return _Reaching(simulator, torch.tensor([self.success(row) for row in range(len(tasks))]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)


class _Reaching:
    def __init__(self, simulator: Any, success: torch.Tensor) -> None:
        self.simulator, self.success = simulator, success

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulator, name)


EPISODES = {"es": "evaluation_episodes", "ppo": "test_episodes"}  # of an evaluation


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "diayn"])  # no return
def test_solved_requires_the_score_and_success_in_most_episodes(name: str) -> None:
    """Three trials, or three episodes of ES and PPO: success in none, one, two or all."""
    agent, scored = trained(name), {EPISODES.get(name, "test_trials"): 3}
    successes: list[Callable[[int], bool]] = [
        lambda row: False,
        lambda row: row % 3 == 0,
        lambda row: row % 3 != 0,
        lambda row: True,
    ]
    for most, enough in ((-1e9, [False, False, True, True]), (1e9, [False] * 4)):
        found = []
        for success in successes:
            family = Reaching(make(name).family, success, most)
            solved = make(name, family, **scored).learner.evaluate(
                [agent], [family.origin()], [Key(11)]
            )[1]
            found.append(bool(solved[0]))
        assert found == enough


@pytest.mark.parametrize("name", ["pearl", "diayn"])
def test_a_truncated_transition_is_not_stored_as_terminal(name: str) -> None:
    """Within 2 steps no walk reaches a goal 4 steps away; within 40 some do."""
    over = {}
    for horizon in (2, 40):
        family = Grids(GridSettings(size=3, horizon=horizon, episodes=2))
        learner = make(name, family, capacity=200).learner
        (agent,), _ = learner.improve([learner.init(Key(12))], [family.corners()], [Key(13)])
        over[horizon] = [
            flags[:count, 0].tolist()
            for flags, count in zip(
                agent["replay/over"], agent["replay/count"].tolist(), strict=True
            )
        ]
    assert not any(map(any, over[2]))
    assert any(map(any, over[40]))


def test_pearls_context_uses_only_the_last_step() -> None:
    """Where episodes end early, rewards of older steps, NaN here, are not in the context."""
    family = Grids(GridSettings(size=3, horizon=40, episodes=2))
    learner = make("pearl", family, capacity=400, context=200).learner
    (agent,), _ = learner.improve([learner.init(Key(14))], [family.origin()], [Key(15)])
    assert int(agent["replay/count"].min()) < learner.config.episodes * 40
    with_nan = {**agent, "replay/reward": torch.full_like(agent["replay/reward"], torch.nan)}
    (after,), _ = learner.improve([with_nan], [family.origin()], [Key(16)])
    assert all(
        bool(torch.isfinite(part).all()) for name, part in after.items() if name != "replay/reward"
    )


KINDS: dict[str, Callable[[], Any]] = {  # one family for each kind that has defaults of its own
    "short trials without observations": lambda: Bandits(BanditSettings(pulls=10)),
    "long trials without observations": lambda: Bandits(BanditSettings(pulls=400)),
    "states": lambda: TabularMdps(MdpSettings(horizon=5, episodes=2)),
    "continuous actions": lambda: Navigation(NavigationSettings(horizon=5, episodes=2)),
    "long trials": lambda: CartPole(CartPoleSettings(horizon=100, episodes=4)),
    "walkers": lambda: Walker(
        WalkerSettings(length=31, horizon=100, episodes=4, body="reversed", threads=1)
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LEARNERS)
def test_defaults_of_every_kind_of_family_train(name: str, kind: str) -> None:
    """Two improvement steps and an evaluation with the learner's defaults, but for their sizes."""
    family = KINDS[kind]()
    try:
        learner = with_small_sizes(name, family).learner
    except ValueError:  # the learner refuses the family
        return
    agent, task = learner.init(Key(17)), family.origin()
    for step in range(2):
        (agent,), _ = learner.improve([agent], [task], [Key(18, ("step", step))])
    assert np.isfinite(learner.evaluate([agent], [task], [Key(19)])[0]).all()
