"""Wiring: a family, a learner and the engine's setup made from settings.

Only the modules of cli/ import from all rooms. Heavy modules are imported where they are used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .devices import check_device, learner_section
from .parts import Tables, executable, known_parts, make_part, takes_rollouts
from .plugin_files import plugin_files

if TYPE_CHECKING:
    from openpoet.agents.rollouts.distributed import RayRollouts
    from openpoet.poet.config import Injected, PoetConfig, Setup
    from openpoet.poet.curricula.engine import Course
    from openpoet.poet.interfaces import TaskFamily
    from openpoet.poet.niche import Population
    from openpoet.poet.seeding import Seed

    from .ledger import Ledger
    from .meter import Meter


@dataclass(frozen=True)
class Parts:
    """The setup of a run, and the counters that wrap its family and its learner.

    course: the curriculum for one agent; None: POET.
    """

    setup: Setup
    meter: Meter
    ledger: Ledger
    course: Course | None = None

    def check(self, seeds: Sequence[Seed] | None) -> None:
        """ValueError, one line, if the parts do not fit each other."""
        if self.course is not None:
            self.course.check(self.setup, seeds or ())

    def first(self, seeds: Sequence[Seed] | None) -> Population:
        """The first population of a run; seeds: what it starts from, None: the trivial task."""
        from openpoet.poet import engine, seeding

        if self.course is not None:
            return self.course.start(self.setup, seeds or ())
        if seeds is None:
            return engine.start(self.setup)
        return seeding.seed_population(self.setup, seeds)

    def further(self, population: Population) -> Iterator[Population]:
        """The populations of the further iterations of a run."""
        from openpoet.poet import engine

        if self.course is not None:
            return self.course.evolve(population, self.setup)
        return engine.evolve(population, self.setup)

    def title(self, task: Any) -> str:
        """A task in words: the family's title if it has that method."""
        return title_of(self.setup.family, task)

    def injecting(self, injected: Callable[[int], Sequence[Injected]]) -> Parts:
        """The same parts, with candidates of reproductions from outside."""
        return replace(self, setup=replace(self.setup, injected=injected))

    def close(self) -> None:
        """End the processes that were started for the learner, if there are any."""
        if close := getattr(self.ledger, "close", None):
            close()


def title_of(family: TaskFamily, task: Any) -> str:
    title = getattr(family, "title", None)
    return title(task) if title else json.dumps(family.encode(task))[:100]


def titles(tables: Tables) -> Callable[[Any], str]:
    """A function from encoded tasks to their titles; shortened JSON if the family is a file that
    may not be executed. Only the family is made, no learner.
    """
    if not executable(tables, "family"):
        return lambda task: json.dumps(task)[:100]
    family = make_family(tables, None)
    return lambda task: title_of(family, family.decode(task))


def make_family(tables: Tables, threads: int | None) -> TaskFamily:
    """The run's family, or with `tasks = "randomised"` one that draws from all its tasks."""
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
    from openpoet.poet.config import PoetConfig, Setup

    from .ledger import Ledger
    from .meter import Meter
    from .settings.tables import build

    check_device(tables)
    threads = workers if rollouts is None else 1
    config = build(PoetConfig, tables["poet"], "poet")
    meter = Meter(make_family(tables, threads))
    if rollouts is not None and takes_rollouts(tables["run"]["learner"]):
        learner = make_part("learner", tables, threads, meter, rollouts=rollouts)
    else:
        learner = make_part("learner", tables, threads, meter)
        if rollouts is None:
            learner = in_processes(learner, meter, tables, threads)
        else:
            learner = in_ray(learner, meter, tables, rollouts)
    ledger = Ledger(learner)
    return Parts(Setup(meter, ledger, config), meter, ledger, course_of(tables, meter))


def course_of(tables: Tables, family: TaskFamily) -> Course | None:
    """The curriculum of a run's settings; None: POET."""
    name = tables["run"].get("curriculum", "poet")
    if name == "poet":
        return None
    from openpoet.poet.curricula.config import CurriculumConfig, course, taught_by

    from .settings.fields import build
    from .settings.resolving import CURRICULA

    config = build(CurriculumConfig, tables["curriculum"], "curriculum")
    if name in CURRICULA:
        return course(name, config, family)
    return taught_by(make_part("curriculum", tables, None, family), config)


def in_ray(learner: Any, meter: Meter, tables: Tables, rollouts: RayRollouts) -> Any:
    """The learner with its pairs divided among Ray workers."""
    from openpoet.agents.rollouts.ray_pairs import RayPairs

    return RayPairs(learner, meter, _builder(tables), rollouts)


def in_processes(learner: Any, meter: Meter, tables: Tables, workers: int | None) -> Any:
    """The learner with its pairs divided among processes; itself if it has threads or a GPU."""
    from openpoet.agents.rollouts.worker_processes import WorkerProcesses
    from openpoet.envs.parts.processors import threads_of

    config = getattr(learner, "config", None)
    device = tables.get(learner_section(tables), {}).get("device", "cpu")
    if hasattr(config, "threads") or device != "cpu" or threads_of(workers) == 1:
        return learner
    return WorkerProcesses(learner, meter, _builder(tables), threads_of(workers))


def _builder(tables: Tables) -> Callable[[], tuple[Any, Meter]]:
    """What builds the run's learner in another process."""
    from functools import partial

    from .plugins import digests

    return partial(_in_worker, tables, digests(plugin_files(tables).values()))


def _in_worker(tables: Tables, files: dict[str, str]) -> tuple[Any, Meter]:
    """The learner of a run and what counts its steps, in another process.

    files: hashes of the plug-ins' files, as the run has executed them.
    """
    import torch

    from openpoet.agents.rollouts.child_process import SourceChangedError

    from .plugins import digests
    from .trust import ChangedError, checked

    changed = SourceChangedError(f"{' or '.join(files)} was edited while the run was going")
    torch.set_num_threads(1)
    for name, digest in files.items():
        checked(Path(name), digest)
    try:
        parts = wire(tables, 1)
    except ChangedError as error:
        raise changed from error
    if digests(files) != files:  # with OPENPOET_TRUST=1 it is executed as it is
        raise changed
    return parts.ledger.learner, parts.meter


def rollouts_at(address: str | None, workers: int | None, tables: Tables) -> RayRollouts | None:
    """Rollouts in Ray workers; None without an address. Ray starts when the context is entered."""
    if address is None:
        return None
    from openpoet.agents.rollouts.distributed import RayRollouts
    from openpoet.envs.parts.processors import threads_of

    from .plugins import module_name, section

    learner = tables["run"]["learner"]
    if (device := tables[section(learner)].get("device", "cpu")) != "cpu":
        raise ValueError(
            f"ray: its workers run episodes on the CPU, and the learner's device is {device!r}"
        )
    if address == "local":  # Ray itself would count the machine's processors, not this process's
        workers = threads_of(workers)
    files = plugin_files(tables).values()
    return RayRollouts(address, workers, by_value=[module_name(name) for name in files])


def without_children(population: Population, config: PoetConfig) -> str:
    """Why no niche can have children in the next iteration, where they are due; else empty."""
    from openpoet.poet.reproduction import awaited, best_without_children, reproduction_due

    bar = f"poet.reproduce_at = {config.reproduce_at:g}"
    if (best := best_without_children(population, config)) is not None:
        return (
            f"no niche reaches {bar} now, so none has children; the best score so far is {best:g}"
        )
    t = population.iteration
    following = replace(population, iteration=t + 1)
    if reproduction_due(config, t) and (niche := awaited(following, config)):
        return (
            f"no niche has children, since niche {niche.id} would retire: it has not reached {bar} "
            f"and is younger than poet.patience = {config.patience} iterations"
        )
    return ""
