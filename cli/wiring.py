"""How the four rooms come together: settings become a family, a learner, an engine and an archive
that know each other.

With parts.py and run.py, the only modules that know all four. Nothing heavy is imported before it
is needed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parts import (
    KINDS,
    Tables,
    check_complete,
    executable,
    known_parts,
    make_part,
    refusal,
    schema_of,
)

if TYPE_CHECKING:
    from openpoet.agents.rollouts.distributed import RayRollouts
    from openpoet.archive.replay.episode import Episode
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.config import PoetConfig, Setup
    from openpoet.poet.interfaces import Agent, TaskFamily
    from openpoet.poet.niche import Population
    from openpoet.poet.seeding import Seed
    from rich.console import Console

    from .ledger import Ledger
    from .meter import Meter
    from .run_loop import Drive


@dataclass(frozen=True)
class Parts:
    """Everything a run needs, wired together."""

    setup: Setup
    meter: Meter
    ledger: Ledger

    def title(self, task: Any) -> str:
        """A task in words: the family's own, if it has some."""
        return title_of(self.setup.family, task)


def title_of(family: TaskFamily, task: Any) -> str:
    title = getattr(family, "title", None)
    return title(task) if title else json.dumps(family.encode(task))[:100]


def titles(tables: Tables) -> Callable[[Any], str]:
    """What gives an encoded task in words, or shortened if the family may not be executed. Only it
    is made.
    """
    if not executable(tables, "family"):
        return lambda task: json.dumps(task)[:100]
    family = make_family(tables, None)
    return lambda task: title_of(family, family.decode(task))


def make_family(tables: Tables, threads: int | None) -> TaskFamily:
    """The run's family, or the one that draws from all its tasks where the run asks for that."""
    family = make_part("family", tables, threads)
    if tables["run"].get("tasks") == "randomised":
        from openpoet.envs.randomised import Randomised

        family = Randomised(family, tables.get("ranges", {}))
    return family


def whole_task(tables: Tables, task: Any) -> Any:
    """The JSON of a run's task with all that realises it; schema 1 lacks the run's settings."""
    own = tables.get("run", {}).get("family") in known_parts("family")
    if not own or not isinstance(task, dict) or task.get("schema") != 1:
        return task
    family = make_family(tables, None)
    return family.encode(family.decode(task))


def wire(tables: Tables, workers: int | None, rollouts: RayRollouts | None = None) -> Parts:
    import torch
    from openpoet.poet.config import PoetConfig, Setup

    from .ledger import Ledger
    from .meter import Meter
    from .settings.tables import build

    check_device(tables)
    # it splits sums by its threads: with one, a run is the same on any number of cores
    torch.set_num_threads(1)
    threads, elsewhere = (workers, {}) if rollouts is None else (1, {"rollouts": rollouts})
    config = build(PoetConfig, tables["poet"], "poet")
    meter = Meter(make_family(tables, threads))
    learner = make_part("learner", tables, threads, meter, **elsewhere)
    if rollouts is None:
        learner = in_processes(learner, meter, tables, threads)
    ledger = Ledger(learner)
    return Parts(Setup(meter, ledger, config), meter, ledger)


def in_processes(learner: Any, meter: Meter, tables: Tables, workers: int | None) -> Any:
    """The learner with its pairs divided among processes; itself if it has threads or a GPU."""
    from functools import partial

    from openpoet.agents.rollouts.worker_processes import WorkerProcesses
    from openpoet.envs.parts.processors import threads_of

    from .plugins import digests

    config = getattr(learner, "config", None)
    device = tables.get(learner_section(tables), {}).get("device", "cpu")
    if hasattr(config, "threads") or device != "cpu" or threads_of(workers) == 1:
        return learner
    files = [tables["run"][kind] for kind in KINDS if tables["run"][kind].endswith(".py")]
    build = partial(_in_worker, tables, digests(files))
    return WorkerProcesses(learner, meter, build, threads_of(workers))


def _in_worker(tables: Tables, files: dict[str, str]) -> tuple[Any, Meter]:
    """The learner of a run and what counts its steps, in another process.

    files: hashes of the plug-ins' files, as the run has executed them.
    """
    from .plugins import digests

    parts = wire(tables, 1)
    if digests(files) != files:
        raise ValueError(f"{' or '.join(files)} was edited while the run was going: run it again")
    return parts.ledger.learner, parts.meter


def rollouts_at(address: str | None, workers: int | None, tables: Tables) -> RayRollouts | None:
    """What --ray asks for; Ray itself starts when this is entered."""
    if address is None:
        return None
    from openpoet.agents.rollouts.distributed import RayRollouts
    from openpoet.envs.parts.processors import threads_of

    from .plugins import module_name, section

    names = tables["run"]["family"], tables["run"]["learner"]
    if (device := tables[section(names[1])].get("device", "cpu")) != "cpu":
        raise ValueError(
            f"--ray: its workers run episodes on the CPU, and the learner's device is {device!r}"
        )
    if address == "local":  # Ray itself would count the machine's processors, not this process's
        workers = threads_of(workers)
    return RayRollouts(
        address, workers, by_value=[module_name(name) for name in names if name.endswith(".py")]
    )


def choose_device(tables: Tables, device: str, changes: Sequence[str] = ()) -> str:
    """Puts the learner on the device that --device names; auto leaves it as the settings say.

    changes: of --set, which must not name another.

    Returns one line on what that means for a run whose settings have another device, or "".
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"--device must be auto, cpu or cuda, got {device!r}")
    if device != "auto":
        _check_device_option(tables, device, changes)
    table = tables.setdefault(learner_section(tables), {})
    before = table.get("device", "cpu")
    if device == "auto" or (isinstance(before, str) and before.split(":")[0] == device):
        return ""
    table["device"] = device
    return (
        f"the run's device is {before!r}, this process uses {device!r}: scores can differ in "
        "their last bits"
    )


def _check_device_option(tables: Tables, device: str, changes: Sequence[str]) -> None:
    from .settings.tables import assigned

    schema = schema_of("learner", learner := tables["run"]["learner"])
    if not (schema.more or "device" in schema.known):
        raise ValueError(
            f"--device {device}: the learner {learner} has no setting `device`; leave --device out"
        )
    for name, key, value in map(assigned, changes):
        if (name, key) == (learner_section(tables), "device") and value != device:
            raise ValueError(
                f"--device {device} contradicts --set {name}.{key}={value}: leave one of them out"
            )


def learner_section(tables: Tables) -> str:
    from .plugins import section

    return section(tables["run"]["learner"])


def check_device(tables: Tables) -> None:
    """ValueError if the learner's device is a GPU and there is none."""
    name = learner_section(tables)
    device = tables.get(name, {}).get("device", "cpu")
    if isinstance(device, str) and device.split(":")[0] == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError(
                f"[{name}] device = {device!r}: torch finds no GPU here; use --device cpu, or "
                "install torch for CUDA"
            )


class Take(StrEnum):
    both = "both"
    tasks = "tasks"
    agents = "agents"


def seeds_from(source: str, select: str | None, take: Take, parts: Parts) -> list[Seed]:
    """What --from, --select and --take choose."""
    from openpoet.archive.seeds.finding import Receiver, find_seeds
    from openpoet.poet.seeding import Seed, check_number, check_seeds

    setup = parts.setup
    receiver = Receiver(
        setup.family, setup.learner, whole_task, lambda number: check_number(number, setup.config)
    )
    seeds = [
        Seed(
            None if take is Take.agents else found.task(),
            None if take is Take.tasks else found.agent(),
            found.source,
        )
        for found in find_seeds(source, select, receiver)
    ]
    check_seeds(seeds, parts.setup)
    return seeds


def driving(run: Run, parts: Parts, out: Console, errors: Console) -> Drive:
    """The run about to go on. out, errors: where it tells what happens."""
    from openpoet.poet.checkpoint import to_records

    from .run_loop import Drive

    setup = parts.setup

    def records(
        population: Population, before: Population | None
    ) -> tuple[dict[str, Any], dict[str, Agent]]:
        return to_records(population, setup.family, before)

    return Drive(
        run,
        parts.ledger,
        parts.meter,
        records,
        parts.title,
        lambda population: without_children(population, setup.config),
        out,
        errors,
        earlier=run.steps(),
    )


def without_children(population: Population, config: PoetConfig) -> str:
    """Why no niche can have children in the next iteration, where they are due; else empty."""
    from openpoet.poet.engine import best_without_children

    best = best_without_children(population, config)
    if best is None:
        return ""
    return (
        f"no niche reaches poet.reproduce_at = {config.reproduce_at:g} now, so none has children; "
        f"the best score so far is {best:g}"
    )


def episodes(
    parts: Parts, tables: Tables, population: Population, workers: int | None
) -> Callable[[int, int], Episode]:
    """What the viewer asks for: the agent of one niche evaluated in another, on that niche's own
    stream.

    A niche without a score yet is shown on the stream of its task.
    """
    from openpoet.archive.replay.episode import record_episode
    from openpoet.poet.evaluation import trial_key

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
    """The settings of a run as they are now. ValueError, one line, if config.toml is not those of
    its launch.
    """
    from .plugins import section
    from .settings.tables import parse

    _check_copy(parse(run.config_toml(), f"{run.path}/config.toml"), run)
    tables = run.settings()
    if not {"run", "poet"} <= set(tables) or not {"family", "learner", "iterations"} <= set(
        tables["run"]
    ):
        raise ValueError(
            f"{run.path} must have settings of [poet] and, in [run], family, learner and iterations"
        )
    for name, kind in (("family", str), ("learner", str), ("iterations", int)):
        if type(tables["run"][name]) is not kind:
            words = "text" if kind is str else "a whole number"
            raise ValueError(
                f"{run.path}: run.{name} must be {words}, got {tables['run'][name]!r:.60}"
            )
    for part in KINDS:
        tables.setdefault(section(tables["run"][part]), {})  # a part may have no settings
    return tables


def _check_copy(copy: Tables, run: Run) -> None:
    launched = run.settings(launched=True)
    places = {
        (section, key)
        for tables in (copy, launched)
        for section in tables
        for key in tables[section]
    }
    for section, key in sorted(places):
        here, there = (tables.get(section, {}).get(key, "missing") for tables in (copy, launched))
        if here != there:
            raise ValueError(
                f"{run.path}/config.toml was edited: {section}.{key} is {repr(here)[:100]}, "
                f"the run was launched with {repr(there)[:100]}; "
                "config.toml is a copy for reading: put it back, and change a setting with "
                "`resume --set`"
            )


# Of [run]: with others it would be another run.
FIXED = ("family", "learner", "preset", "tasks", "family_sha256", "learner_sha256")


def changed_settings(tables: Tables, assignments: Sequence[str]) -> tuple[Tables, Tables]:
    """The settings after `resume --set`, and those among them that differ from before."""
    from .settings.tables import override

    after = override(tables, assignments)
    new = {
        section: {key: value for key, value in table.items() if tables[section].get(key) != value}
        for section, table in after.items()
    }
    for key in FIXED:
        if key in new["run"]:
            raise ValueError(
                f"--set run.{key}: a run cannot change its {key}; start another with "
                "`launch --from`"
            )
    check_complete(after)
    return after, {section: table for section, table in new.items() if table}


CHANGES_BITS = {
    "openpoet": "anything",
    "torch": "networks",
    "numpy": "random draws",
    "numba": "the compiled physics and policies",
    "cpu": "networks",
}  # what another version of it can change in the numbers of a run


def version_warning(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """One line on what differs from the last session of a run and can change its numbers; None if
    nothing does.
    """
    differing = [name for name in CHANGES_BITS if name in before and before[name] != now.get(name)]
    if not differing:
        return None
    parts = ", ".join(
        f"{name} {before[name]} -> {now.get(name)} ({CHANGES_BITS[name]})" for name in differing
    )
    return (
        f"this run was last written with other versions: {parts}; it goes on, but its numbers may "
        "differ in their "
        "last bits from those of a run that never stopped"
    )


def inherited(source: str | None, named: Mapping[str, Any]) -> dict[str, str]:
    """Family and learner of the run that --from names, unless options name them.

    named: the options. Empty if one names a preset, which has both, or if `source` is a folder of
    the original POET's files.
    """
    from openpoet.archive.seeds.poet_files import holds_poet_files
    from openpoet.archive.store.run_folder import Run, find_run

    if source is None or named["preset"] is not None or holds_poet_files(Path(source)):
        return {}
    with Run.open(find_run(source), write=False) as run:
        tables = settings_of(run)
    kinds = [kind for kind in KINDS if named[kind] is None]
    if reason := refusal(tables, kinds):
        raise ValueError(reason)
    return {kind: tables["run"][kind] for kind in kinds}


def versions() -> dict[str, str]:
    """Versions of what a run's numbers depend on; cpu: the vector instructions that torch uses."""
    import torch

    cpu = torch.backends.cpu.get_cpu_capability()
    found = {"openpoet": "not installed", "python": sys.version.split()[0], "cpu": cpu}
    for package in ("openpoet", "torch", "numba", "numpy", "box2d", "gymnasium"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
