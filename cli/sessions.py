"""Starting and resuming runs: settings to parts, a run folder, and the loop over its iterations.

The command line and the Python functions both call `launch` and `resume`; they differ in their
frontend only, so that equal settings and seeds give equal archives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cautions import caution
from .devices import choose_device
from .frontend import Frontend
from .injections import Injections
from .listeners import check_trackers
from .parts import Tables, schemas, settings_for
from .plugin_files import remember, trusted
from .run_loop import Records, RunLoop
from .run_settings import changed_settings, inherited, settings_of
from .seeding import Take, seeds_from
from .versions import version_warning, versions
from .wiring import Parts, rollouts_at, wire, without_children

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.niche import Population
    from openpoet.poet.seeding import Seed


@dataclass(frozen=True)
class Machine:
    """Where a run computes. workers and ray never change a result.

    device: "auto" (as the run's settings say), "cpu" or "cuda". workers: threads; None: all.
    ray: "local" or the address of a Ray cluster; None: no Ray.
    """

    device: str = "auto"
    workers: int | None = None
    ray: str | None = None


@dataclass(frozen=True)
class Source:
    """The run, or folder of the original POET's files, that a new run is seeded from."""

    run: str
    select: str | None = None  # which niches: an expression; None: those alive
    take: Take = Take.both


@dataclass(frozen=True)
class Launch:
    """What a new run is made from.

    options: settings by "section.key"; None is an option that was not given. changes: texts
    "section.key=value". file: of settings, in TOML. folder: of the run; None: under runs/.
    track: trackers of its events, by name. seeds: function that makes the first population of the
    run's parts, in place of `source`. steps: of the environment, for all purposes, after which the
    run ends if its iterations have not ended it; None: iterations alone do.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[str] = ()
    file: Path | None = None
    folder: Path | None = None
    source: Source | None = None
    machine: Machine = Machine()
    track: Sequence[str] = ()
    seeds: Callable[[Parts], list[Seed]] | None = None
    steps: int | None = None


def launch(wanted: Launch, frontend: Frontend) -> Path:
    """Start a run and iterate it to its end; the run's folder.

    ValueError or OSError, one line: bad input. RunFailedError: the run started and failed.
    RunStopped: a signal stopped it.
    """

    from .settings.resolving import Request

    options, source, machine = wanted.options, wanted.source, wanted.machine
    check_trackers(wanted.track)
    like = inherited(None if source is None else source.run, options)
    tables = settings_for(Request(options, wanted.changes, wanted.file, like))
    choose_device(tables, machine.device, wanted.changes)
    rollouts = rollouts_at(machine.ray, machine.workers, tables)
    parts = wire(tables, machine.workers, rollouts)
    seeds = None if wanted.seeds is None else wanted.seeds(parts)
    if source is not None:
        seeds = seeds_from(source.run, source.select, source.take, parts)
    parts.check(seeds)
    for problem in filter(None, [*remember(tables), caution(tables)]):
        frontend.warn(problem)
    folder = wanted.folder or default_folder(tables)
    with (
        one_torch_thread(),
        rollouts or nullcontext(),
        closing(parts),
        _created(folder, tables, frontend) as run,
    ):
        prepare(parts, frontend)
        parts = parts.injecting(Injections(run, parts.setup.family))
        loop = replace(
            run_loop(run, parts, frontend, wanted.track, tables), most_steps=wanted.steps
        )
        population = loop.begin(lambda: parts.first(seeds))
        loop.go(population, parts.further(population), tables["run"]["iterations"])
    return folder


def _created(folder: Path, tables: Tables, frontend: Frontend) -> Run:
    """A new run folder, open for writing. FileExistsError, one line, if there is something."""
    from openpoet.archive.store.run_folder import Run

    from .settings.tables import to_toml

    try:
        return Run.create(
            folder, to_toml(tables, schemas(tables)), list(frontend.command), versions()
        )
    except FileExistsError as error:
        if not (folder / "archive.db").is_file():
            raise
        again = frontend.resume(folder)
        raise FileExistsError(f"{error}; to continue it: {again}") from None


def default_folder(tables: Tables) -> Path:
    """runs/<date>_<preset>_s<seed>"""
    date = time.strftime("%Y-%m-%d")
    return Path("runs") / f"{date}_{tables['run']['preset']}_s{tables['poet']['seed']}"


@dataclass(frozen=True)
class Resume:
    """A run to continue. iterations: total to reach; None: the run's own.

    options, changes: settings that change from here on, as in Launch. track, steps: as in Launch.
    """

    path: Path
    iterations: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[str] = ()
    machine: Machine = Machine()
    track: Sequence[str] = ()
    steps: int | None = None


def resume(wanted: Resume, frontend: Frontend) -> Path:
    """Continue a run from its last iteration; the run's folder. Errors: see `launch`.

    The archive becomes that of a run which was never interrupted.
    """
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.agent_tensors import check_agents
    from openpoet.poet.checkpoint import from_records

    machine = wanted.machine
    check_trackers(wanted.track)
    with Run.open(wanted.path, write=True) as run, one_torch_thread():
        before = trusted(settings_of(run))
        tables, changed = changed_settings(before, wanted.changes, wanted.options)
        if change := choose_device(tables, machine.device):
            frontend.warn(change)
        rollouts = rollouts_at(machine.ray, machine.workers, tables)
        parts = wire(tables, machine.workers, rollouts)
        run.check_state()
        population = from_records(*run.checkpoint(), parts.setup.family)
        check_agents(population.niches, parts.setup)
        total = wanted.iterations or tables["run"]["iterations"]
        if (reached := population.iteration) >= total:
            again = frontend.resume(run.path, 2 * reached)
            raise ValueError(
                f"{run.path} has reached its {reached} iterations; to continue: {again}"
            )
        if warning := version_warning(run.versions(), versions()):
            frontend.warn(warning)
        parts = parts.injecting(Injections(run, parts.setup.family))
        run.begin_session(list(frontend.command), versions(), changed)
        prepare(parts, frontend)
        with rollouts or nullcontext(), closing(parts):
            further = parts.further(population)
            loop = run_loop(run, parts, frontend, wanted.track, tables)
            loop = replace(loop, most_steps=wanted.steps)
            loop.go(population, further, total)
    return wanted.path


def prepare(parts: Parts, frontend: Frontend) -> None:
    """Do the one-time work of a family that takes long, such as compiling the walker's kernels."""
    if ready := getattr(parts.setup.family, "prepare", None):
        ready(frontend.note)


def run_loop(
    run: Run, parts: Parts, frontend: Frontend, track: Sequence[str], tables: Tables
) -> RunLoop:
    """The loop that continues an open run. tables: its settings."""
    from openpoet.poet.checkpoint import to_records

    family, config, injections = parts.setup.family, parts.setup.config, parts.setup.injected
    assert isinstance(injections, Injections)

    def records(population: Population, before: Population | None) -> Records:
        return to_records(population, family, before)

    return RunLoop(
        run,
        parts.ledger,
        parts.meter,
        records,
        parts.title,
        lambda population: without_children(population, config),
        frontend,
        injections,
        earlier=run.steps(),
        min_gain=config.min_gain,
        track=track,
        keep_every=tables["run"].get("keep_every", 0),
    )


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """torch with one thread, so that results are the same on any number of cores.

    torch splits sums by its threads, which changes their last bits.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
