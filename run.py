"""The command line of openpoet: launch, resume, show, replay, digest, list. The only place that knows all four rooms.

Nothing heavy is imported before a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from agents.search.distributed import RayRollouts
    from archive.driving import Drive
    from archive.ledger import Ledger
    from archive.meter import Meter
    from archive.replay import Episode
    from archive.run_folder import Run
    from poet.config import Setup
    from poet.niche import Population
    from poet.seeding import Seed

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # Gymnasium's walker and the viewer import pygame

Tables = dict[str, dict[str, Any]]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="POET invents problems while it solves them: terrains, and walkers that learn to cross them.\n\n"
    "Start with `python run.py launch`. Whatever happens, a run is kept: resume it, look at it with show and replay, "
    "or let it seed another with `launch --from RUN`.",
)
out = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its name under runs/.")]
NicheId = Annotated[int | None, typer.Argument(metavar="[NICHE]", help="A niche's number, as `show RUN` lists them.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Threads; all cores by default. Never changes a result.")]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="local|ADDRESS",
        help="Run episodes in Ray workers, of this machine or of the cluster at ADDRESS; --workers is how many. "
        "Never changes a result.",
    ),
]


# ---- parts: families and learners, ours and the user's -------------------------------------------


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


# ---- launch and resume ---------------------------------------------------------------------------


class Take(StrEnum):
    both = "both"
    tasks = "tasks"
    agents = "agents"


@app.command()
def launch(
    preset: Annotated[
        str | None, typer.Option(help="Settings to start from; `list` names them. By default the family's quick one.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Task family: a name, or a .py file of your own.")] = None,
    learner: Annotated[str | None, typer.Option(help="Learner: a name, or a .py file of your own.")] = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Run folder; runs/<date>_<preset>_s<seed> by default.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all random numbers: same seed, same run.")] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="Iterations the run should reach.")] = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="evolved (default); fixed: the family's origin; randomised: each life draws one of all."),
    ] = None,
    pbt: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Population-based training, every N iterations.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Workers = None,
    ray: Ray = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN", help="Seed from a run, or from a folder with the original POET's files."),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help='Which niches of --from: "alive" (default), "best > 200 or id in (3, 7)".'),
    ] = None,
    take: Annotated[Take, typer.Option(help="What to take from the niches of --from.")] = Take.both,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change one setting; repeatable.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file whose settings replace the preset's.")] = None,
) -> None:
    """Start a run: `launch`, `launch --preset epoet-paper --seed 7`, `launch --from runs/a --select "best > 60"`."""
    from archive.run_folder import Run
    from poet.engine import evolve, start
    from poet.seeding import seed_population
    from poet.settings import resolve, to_toml

    flags = {"family": family, "learner": learner, "iterations": iterations, "tasks": tasks}
    changes = [*(changes or []), *([f"poet.pbt_every={pbt}"] if pbt else [])]
    tables = resolve(preset, config, changes, flags, seed)
    choose_device(tables, device)
    rollouts = rollouts_at(ray, workers, tables)
    parts = wire(tables, workers, rollouts)
    if (select is not None or take is not Take.both) and source is None:
        raise ValueError("--select and --take choose from the niches of --from RUN: say which run")
    seeds = None if source is None else seeds_from(source, select, take, parts)
    folder = (
        out_folder or Path("runs") / f"{time.strftime('%Y-%m-%d')}_{tables['run']['preset']}_s{tables['poet']['seed']}"
    )
    with rollouts or nullcontext(), Run.create(folder, to_toml(tables), sys.argv, versions()) as run:
        prepare(parts)
        drive = driving(run, parts)
        population = drive.begin(lambda: start(parts.setup) if seeds is None else seed_population(parts.setup, seeds))
        drive.go(population, evolve(population, parts.setup), tables["run"]["iterations"])


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
    check_seeds(seeds, parts.setup.learner)
    return seeds


@app.command()
def resume(
    name: RunName,
    iterations: Annotated[int | None, typer.Option(min=1, help="Total to reach, if not the run's own.")] = None,
    workers: Workers = None,
    ray: Ray = None,
) -> None:
    """Go on with a run from its last iteration, however it ended. The result is that of a run never interrupted."""
    from archive.run_folder import Run, find_run
    from poet.checkpoint import from_records
    from poet.engine import evolve

    with Run.open(find_run(name), write=True) as run:
        tables = trusted(settings_of(run))
        rollouts = rollouts_at(ray, workers, tables)
        parts = wire(tables, workers, rollouts)
        population = from_records(*run.checkpoint(), parts.setup.family)
        total = iterations or tables["run"]["iterations"]
        if population.iteration >= total:
            raise ValueError(
                f"{run.path} has reached its {population.iteration} iterations; to go on: "
                f"python run.py resume {run.path} --iterations {2 * population.iteration}"
            )
        prepare(parts)
        with rollouts or nullcontext():
            driving(run, parts).go(population, evolve(population, parts.setup), total)


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


def prepare(parts: Parts) -> None:
    """Lets a family do, and say, what takes long the first time (the walker compiles its kernels)."""
    if ready := getattr(parts.setup.family, "prepare", None):
        ready(lambda line: errors.print(line, style="dim", soft_wrap=True))


def driving(run: Run, parts: Parts) -> Drive:
    from archive.driving import Drive
    from poet.checkpoint import to_records

    family = parts.setup.family
    return Drive(run, parts.ledger, parts.meter, lambda p: to_records(p, family), parts.title, out, errors)


# ---- looking -------------------------------------------------------------------------------------


@app.command()
def show(
    name: RunName,
    niche: NicheId = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Of a run: everything. Of a niche: its task, as openpoet/Walker-v0 takes it.")
    ] = False,
) -> None:
    """Niches, lineage, scores, transfers, ANNECS and the ledger of a run; or all about one niche."""
    from archive.run_folder import Run, find_run
    from archive.show import one, overview

    with Run.open(find_run(name), write=False) as run:
        rows = {table: run.rows(table) for table in ("children", "transfers", "ledger", "iterations")}
        rows["niches"] = run.niche_rows()
        tables = settings_of(run)
        known = {row["id"]: row for row in rows["niches"]}
        if niche is not None and niche not in known:
            raise ValueError(f"there is no niche {niche} in {name}: it has 0 to {max(known)}")
        agent = {} if niche is None else run.agent(known[niche]["agent"])
    if as_json:
        print(json.dumps({"config": tables, **rows} if niche is None else known[niche]["task"], indent=1))
        return
    if ours(tables):
        parts = wire(tables, None)
        titles = {id: parts.title(parts.setup.family.decode(row["task"])) for id, row in known.items()}
    else:
        titles = {id: json.dumps(row["task"])[:100] for id, row in known.items()}
    out.print(overview(rows, titles) if niche is None else one(known[niche], rows, titles, agent))


@app.command()
def replay(
    name: RunName,
    niche: NicheId = None,
    agent: Annotated[int | None, typer.Option(metavar="NICHE", help="Whose agent; the niche's own by default.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write a .mp4 or .gif instead; needs no display.")] = None,
    workers: Workers = None,
) -> None:
    """Watch an agent in a niche, in a window (h shows the keys) or as a film. The score is the archive's own."""
    from archive.run_folder import Run, find_run
    from poet.checkpoint import from_records

    path = find_run(name)
    with Run.open(path, write=False) as run:
        tables = trusted(settings_of(run))
        parts = wire(tables, workers)
        population = from_records(*run.checkpoint(), parts.setup.family)
    niches = {n.id: n for n in population.niches}
    best = max(population.active, key=lambda n: n.scores[-1] if n.scores else float("-inf")).id
    start = best if niche is None else niche
    for wanted in (start, start if agent is None else agent):
        if wanted not in niches:
            raise ValueError(f"there is no niche {wanted} in {path}: it has 0 to {max(niches)}")
    prepare(parts)
    load = episodes(parts, tables, population, workers)
    if record is None:
        from archive.viewer import view

        view(load, [(n.id, parts.title(n.task)) for n in population.niches], start, agent)
        return
    from archive.recording import record as write

    episode = load(start, start if agent is None else agent)
    pictures = write(episode, record)
    out.print(f"{record}: {pictures} pictures, score {episode.score:.2f}{', solved' if episode.solved else ''}")


def episodes(
    parts: Parts, tables: Tables, population: Population, workers: int | None
) -> Callable[[int, int], Episode]:
    """What the viewer asks for: the agent of one niche evaluated in another, on that niche's own stream."""
    from archive.replay import record_episode
    from poet.engine import last_score_key

    niches = {niche.id: niche for niche in population.niches}

    def load(niche: int, agent: int) -> Episode:
        home = niches[niche]
        return record_episode(
            lambda family: make_part("learner", tables, workers, family),
            parts.setup.family,
            niches[agent].agent,
            home.task,
            last_score_key(population, home, parts.setup.config.seed),
            title=parts.title(home.task),
            labels={"niche": str(niche), "agent": str(agent)},
        )

    return load


@app.command()
def digest(name: RunName) -> None:
    """SHA-256 over all of a run that must be reproducible: genomes, weights, scores, events; clocks left out."""
    from archive.digest import digest as digest_of
    from archive.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        print(digest_of(run))


@app.command(name="list")
def list_parts() -> None:
    """Families, learners and presets there are."""
    from poet.plugins import installed
    from poet.settings import about, presets

    for title, kind in (("families", "family"), ("learners", "learner")):
        names = ", ".join([*known_parts(kind), *installed(kind)])
        out.print(f"{title}: {names}, or the path of a .py file of your own", soft_wrap=True)
    out.print("presets:")
    for name in presets():
        out.print(f"  {name:13} {about(name)}", soft_wrap=True)


# ---- errors are one line -------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """The exit code: 0 done, 1 a run failed, 2 bad input, 128 + signal stopped. --debug shows tracebacks."""
    debug = "--debug" in arguments
    try:
        app([a for a in arguments if a != "--debug"], standalone_mode=True)
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if isinstance(code := getattr(error, "code", None), int):  # RunStopped
            return code
        if debug:
            raise
        errors.print(f"openpoet: {one_line(error)}", soft_wrap=True, markup=False)
        return 2 if isinstance(error, ValueError | OSError) else 1
    return 0


def one_line(error: Exception) -> str:
    """What to tell a person. An error nobody planned says its kind, and how to see where it came from."""
    from archive.driving import RunFailedError

    planned = isinstance(error, RunFailedError | ValueError | OSError)
    text = " ".join(str(error).split()) or type(error).__name__
    return text if planned else f"{type(error).__name__}: {text} (run again with --debug to see where)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
