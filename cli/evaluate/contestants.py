"""The agents that are evaluated: those of a run or a pack, and weights with the settings of a run.

Every source of agents is a `Contestants`; foreign.py has the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..acting import acting, adapts, check_acts, samples, sampling
from ..devices import choose_device
from ..parts import Tables, check_complete, make_part
from ..plugin_files import trusted
from ..run_settings import settings_of
from ..sessions import Machine
from ..training_state import completed
from ..wiring import make_family
from .suites import with_settings

if TYPE_CHECKING:
    from openpoet.arena.evaluation import Acting, Player
    from openpoet.arena.suites.suite import Suite
    from openpoet.poet.interfaces import Agent

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Adapting:
    """A learner whose agents adapt within a trial (agents.assessment.Adapts), and its agents."""

    learner: Any
    agents: tuple[Agent, ...]


@dataclass(frozen=True)
class Entered:
    """Contestants on a suite.

    players: function of whether actions are the most likely ones; returns the players.
    adapting: the learner, if its agents adapt.
    """

    family: Any
    players: Callable[[bool], Sequence[Player]]
    adapting: Adapting | None = None


@dataclass(frozen=True)
class Contestants:
    """Agents, with all that is needed to evaluate them on suites.

    source: where they come from, as it is printed. folder: of their run; None: they have none.
    agents: SHA-256 of each by its name. stochastic: whether they have sampled actions besides the
    most likely ones. enter: makes the players of a suite; ValueError if they do not fit its family.
    adapts: whether they are evaluated by whole trials.
    """

    source: str
    folder: Path | None
    agents: Mapping[str, str]
    stochastic: bool
    enter: Callable[[Suite], Entered]
    adapts: bool = False


def of_run(path: Path, select: str | None, machine: Machine) -> Contestants:
    """The agents of a run or a pack.

    select: which niches, an expression; None: those alive in a run, all that have agents in a pack,
    without the antagonist of PAIRED.
    """
    from openpoet.archive.seeds.finding import ALL, DEFAULT, choose
    from openpoet.archive.store.measures import FIELDS, acting, each, evaluated
    from openpoet.archive.store.printable import printable
    from openpoet.archive.store.run_folder import Run

    with Run.open(path, write=False) as run:
        tables = trusted(settings_of(run))
        default = DEFAULT if run.complete else ALL
        among = evaluated if select is None else acting
        ids = choose(path, select or default, (*FIELDS, "alive"), lambda: among(run))
        rows = [
            row for id in ids for row in each(run, "SELECT id, agent FROM niches WHERE id = ?", id)
        ]
        held = run.agents_named(row["agent"] for row in rows)
    name = printable(path.name)
    hashes = {f"{name}#{row['id']}": row["agent"] for row in rows}
    agents = {name: held[digest] for name, digest in hashes.items()}
    return _of_learner(name, path if path.is_dir() else None, (tables, machine), hashes, agents)


def of_weights(path: Path, config: Path | None, machine: Machine) -> Contestants:
    """The agent of a .safetensors file. config: the settings of its run; None: the config.toml of
    its folder, or of the one above.
    """
    from openpoet.archive.store.limits import MOST_AGENT, readable
    from openpoet.archive.store.printable import printable
    from openpoet.archive.store.weights import decode

    from ..settings.tables import read

    near = [folder / "config.toml" for folder in (path.parent, path.parent.parent)]
    found = config or next((file for file in near if file.is_file()), None)
    if found is None:
        raise ValueError(
            f"{path} holds weights only: give the settings of its run with --config FILE, a "
            "config.toml as run folders have it"
        )
    with path.open("rb") as file:
        content = file.read(MOST_AGENT + 1)
    if len(content) > MOST_AGENT:
        raise ValueError(f"{path} is larger than {readable(MOST_AGENT)}, the most of an agent")
    agent, digest = decode(content, str(path))
    tables, name = trusted(read(found)), printable(path.name.removesuffix(SUFFIX))[:60]
    return _of_learner(name, None, (tables, machine), {name: digest}, {name: agent})


def _of_learner(
    source: str,
    folder: Path | None,
    run: tuple[Tables, Machine],
    hashes: Mapping[str, str],
    agents: Mapping[str, Agent],
) -> Contestants:
    """run: settings of the run, and where agents compute."""
    tables, machine = run
    check_complete(tables)
    choose_device(tables, machine.device)
    learner = make_part("learner", tables, machine.workers, make_family(tables, 1))
    if not adapts(learner):
        check_acts(learner, tables["run"]["learner"])

    def enter(suite: Suite) -> Entered:
        return _entered(with_settings(tables, suite), machine, suite, agents)

    return Contestants(source, folder, hashes, samples(learner), enter, adapts(learner))


def _entered(
    tables: Tables, machine: Machine, suite: Suite, agents: Mapping[str, Agent]
) -> Entered:
    from openpoet.arena.evaluation import Player
    from openpoet.poet.agent_tensors import check_hyperparameters, check_tensors, made_by
    from openpoet.poet.streams import Key

    family = make_family(tables, machine.workers)
    learner = make_part("learner", tables, machine.workers, family)
    expected = made_by(learner)
    agents = {name: completed(learner, agent, expected) for name, agent in agents.items()}
    for name, agent in agents.items():
        check_tensors(agent, expected, name, f"they do not fit the suite {suite.name}")
        check_hyperparameters(agent, learner, name, "evaluate an agent of another run")
    key = Key(suite.seeds[0], ("evaluate",))

    def player(name: str, agent: Agent, greedy: bool) -> Player:
        def start(n: int, batch: int) -> Acting:
            how = acting if greedy else sampling
            return how(learner, agent, n, key.child("batch", batch))

        return Player(name, start)

    return Entered(
        family,
        lambda greedy: [player(name, agent, greedy) for name, agent in agents.items()],
        Adapting(learner, tuple(agents.values())) if adapts(learner) else None,
    )
