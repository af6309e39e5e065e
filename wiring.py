"""How the four rooms come together: settings become a family, a learner, an engine and an archive that know each other.

With run.py, the command, the only module that knows all four. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from agents.search.distributed import RayRollouts
    from archive.driving import Drive
    from archive.ledger import Ledger
    from archive.meter import Meter
    from archive.replay import Episode
    from archive.run_folder import Run
    from poet.config import Setup
    from poet.niche import Population
    from poet.seeding import Seed

Tables = dict[str, dict[str, Any]]


def known_parts(kind: str) -> dict[str, tuple[str, str, str]]:
    """Our own families or learners."""
    from agents.learners import LEARNERS
    from envs.families import FAMILIES

    return FAMILIES if kind == "family" else LEARNERS


def make_part(kind: str, tables: Tables, threads: int | None, *first: Any, **elsewhere: Any) -> Any:
    """The run's family or learner, made of its section; `first` is what comes before the settings.

    elsewhere: `rollouts`, if episodes are not to run in this process.
    """
    from poet.plugins import load, section
    from poet.settings import build

    name, ours = tables["run"][kind], known_parts(kind)
    table = tables.get(section(name), {})
    settings: Any = None
    if name in ours:
        module = import_module(("envs." if kind == "family" else "agents.") + ours[name][0])
        part, settings = getattr(module, ours[name][1]), getattr(module, ours[name][2])
    else:
        part = load(kind, name, ours)
    if elsewhere and "rollouts" not in signature(part).parameters:
        raise ValueError(f"--ray: {kind} {name!r} has no argument `rollouts`: its episodes cannot be sent to workers")
    if settings is None:
        return part(*first, **table, **elsewhere)
    made = build(settings, table, section(name))
    if hasattr(made, "threads"):  # a part that runs in threads of its own
        made = replace(made, threads=threads)
    try:
        return part(*first, made, **elsewhere)
    except ValueError as error:
        raise ValueError(f"--{kind} {name}: {error}") from error


@dataclass(frozen=True)
class Parts:
    """Everything a run needs, wired together."""

    setup: Setup
    meter: Meter
    ledger: Ledger

    def title(self, task: Any) -> str:
        """A task in words: the family's own, if it has some."""
        title = getattr(self.setup.family, "title", None)
        return title(task) if title else json.dumps(self.setup.family.encode(task))[:100]


def wire(tables: Tables, workers: int | None, rollouts: RayRollouts | None = None) -> Parts:
    import torch

    from archive.ledger import Ledger
    from archive.meter import Meter
    from poet.config import PoetConfig, Setup
    from poet.settings import build

    torch.set_num_threads(1)  # it splits sums by its threads: with one, a run is the same on any number of cores
    threads, elsewhere = (workers, {}) if rollouts is None else (1, {"rollouts": rollouts})
    config = build(PoetConfig, tables["poet"], "poet")
    family = make_part("family", tables, threads)
    if tables["run"].get("tasks") == "randomised":
        from envs.randomised import Randomised

        family = Randomised(family, tables.get("ranges", {}))
    meter = Meter(family)
    ledger = Ledger(make_part("learner", tables, threads, meter, **elsewhere))
    return Parts(Setup(meter, ledger, config), meter, ledger)


def rollouts_at(address: str | None, workers: int | None, tables: Tables) -> RayRollouts | None:
    """What --ray asks for; Ray itself starts when this is entered."""
    if address is None:
        return None
    from agents.search.distributed import RayRollouts
    from poet.plugins import section

    names = tables["run"]["family"], tables["run"]["learner"]
    if (device := tables[section(names[1])].get("device", "cpu")) != "cpu":
        raise ValueError(f"--ray: its workers run episodes on the CPU, and the learner's device is {device!r}")
    return RayRollouts(address, workers, by_value=[section(name) for name in names if name.endswith(".py")])


def choose_device(tables: Tables, device: str) -> None:
    """Puts the learner on the device that --device names; auto leaves the settings as they are."""
    if device == "auto":
        return
    import torch

    from poet.plugins import section

    if device not in ("cpu", "cuda"):
        raise ValueError(f"--device must be auto, cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no GPU here; use --device cpu, or install torch for CUDA")
    tables[section(tables["run"]["learner"])]["device"] = device


class Take(StrEnum):
    both = "both"
    tasks = "tasks"
    agents = "agents"


def seeds_from(source: str, select: str | None, take: Take, parts: Parts) -> list[Seed]:
    """What --from, --select and --take choose."""
    from archive.seeds import find_seeds
    from poet.seeding import Seed, check_seeds

    seeds = [
        Seed(
            None if take is Take.agents else found.task(),
            None if take is Take.tasks else found.agent(),
            found.source,
        )
        for found in find_seeds(source, select, parts.setup.family, parts.setup.learner)
    ]
    check_seeds(seeds, parts.setup)
    return seeds


def driving(run: Run, parts: Parts, out: Console, errors: Console) -> Drive:
    """The run about to go on. out, errors: where it tells what happens."""
    from archive.driving import Drive
    from poet.checkpoint import to_records

    family = parts.setup.family
    return Drive(run, parts.ledger, parts.meter, lambda p: to_records(p, family), parts.title, out, errors)


def episodes(
    parts: Parts, tables: Tables, population: Population, workers: int | None
) -> Callable[[int, int], Episode]:
    """What the viewer asks for: the agent of one niche evaluated in another, on that niche's own stream.

    A niche without a score yet is shown on the stream of its task.
    """
    from archive.replay import record_episode
    from poet.evaluation import trial_key

    niches = {niche.id: niche for niche in population.niches}

    def load(niche: int, agent: int) -> Episode:
        home = niches[niche]
        return record_episode(
            lambda family: make_part("learner", tables, workers, family),
            parts.setup.family,
            niches[agent].agent,
            home.task,
            home.score_key or trial_key(parts.setup.config.seed, parts.setup.family, home.task),
            title=parts.title(home.task),
            labels={"niche": str(niche), "agent": str(agent)},
        )

    return load


def settings_of(run: Run) -> Tables:
    """The settings in a run's folder."""
    from poet.settings import parse

    tables = parse(run.config_toml(), f"{run.path}/config.toml")
    if not {"run", "poet"} <= set(tables) or not {"family", "learner", "iterations"} <= set(tables["run"]):
        raise ValueError(f"{run.path}/config.toml must have [poet] and, in [run], family, learner and iterations")
    return tables


def ours(tables: Tables) -> bool:
    return all(tables["run"][kind] in known_parts(kind) for kind in ("family", "learner"))


def trusted(tables: Tables) -> Tables:
    """The settings of a run that may be a stranger's: code they name is only run if it is ours, or trusted."""
    if not ours(tables) and os.environ.get("OPENPOET_TRUST") != "1":
        names = f"{tables['run']['family']!r} and {tables['run']['learner']!r}"
        raise ValueError(f"this run uses {names}, not all of it openpoet's code; if you trust it: OPENPOET_TRUST=1")
    return tables


def versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in ("openpoet", "torch", "numba", "numpy", "box2d", "gymnasium"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
