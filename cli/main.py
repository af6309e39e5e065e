"""The command line of openpoet: launch, resume, show, replay, digest, verify, list. Wiring:
wiring.py.

Nothing heavy is imported before a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
import traceback
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from .output import (
    Failures,
    Terminal,
    described,
    line,
    occupy_standard_descriptors,
    reason,
    tolerant,
)
from .parts import check_complete, known_parts, remember, schemas, settings_for, trusted
from .wiring import (
    Parts,
    Take,
    changed_settings,
    choose_device,
    driving,
    episodes,
    inherited,
    rollouts_at,
    seeds_from,
    settings_of,
    titles,
    version_warning,
    versions,
    whole_task,
    wire,
)

# Gymnasium's walker and the viewer import pygame
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="POET invents problems while it solves them: terrains, and walkers that learn to cross "
    "them.\n\n"
    "Start with `python run.py launch`. Whatever happens, a run is kept: resume it, look at it "
    "with show and replay, "
    "or let it seed another with `launch --from RUN`.",
)
out = Terminal(highlight=False)
errors = Terminal(stderr=True, highlight=False)

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or its name under runs/.")
]
NicheId = Annotated[
    int | None,
    typer.Argument(metavar="[NICHE]", help="A niche's number, as `show RUN` lists them."),
]
Device = Annotated[
    str, typer.Option(help="auto, cpu or cuda; auto is the device in the run's settings.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Threads; all it may use by default. Never changes a result."),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="local|ADDRESS",
        help="Run episodes in Ray workers, of this machine or of the cluster at ADDRESS; --workers "
        "is how many. "
        "Never changes a result.",
    ),
]


def print_version(wanted: bool) -> None:
    if wanted:
        ours, *others = versions().items()
        out.print(line(f"{' '.join(ours)} ({', '.join(map(' '.join, others))})"), soft_wrap=True)
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Print where an error came from; before or after a command."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print versions and exit."
        ),
    ] = False,
) -> None:
    """Options of every command. `main` takes --debug away before, so that it may stand anywhere."""


# ---- launch and resume ---------------------------------------------------------------------------


@app.command()
def launch(
    preset: Annotated[
        str | None,
        typer.Option(
            help="Settings to start from; `list` names them. By default the family's quick one."
        ),
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Task family: a name, or a .py file of your own.")
    ] = None,
    learner: Annotated[
        str | None, typer.Option(help="Learner: a name, or a .py file of your own.")
    ] = None,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", help="Run folder; runs/<date>_<preset>_s<seed> by default."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of all random numbers: same seed, same run.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Iterations the run should reach.")
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            help="evolved (default); fixed: the family's origin; randomised: each life "
            "draws one of all."
        ),
    ] = None,
    pbt: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Population-based training, every N iterations."),
    ] = None,
    device: Device = "auto",
    workers: Workers = None,
    ray: Ray = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Seed from a run, with its family and learner unless given, or from the original "
            "POET's files.",
        ),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR",
            help='Which niches of --from: "alive" (default), "best > 9.5 or id in (3, 7)", "not '
            'alive and solved"; '
            "by id, parent, born, died, score, best, solved, novelty. `show RUN` lists their "
            "values.",
        ),
    ] = None,
    take: Annotated[Take, typer.Option(help="What to take from the niches of --from.")] = Take.both,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.KEY=VALUE",
            help="Change one setting; repeatable. `list NAME` prints the settings of a part.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file whose settings replace the preset's.")
    ] = None,
) -> None:
    """Start a run: `launch`, `launch --preset epoet-paper --seed 7`, `launch --from runs/a`."""
    from openpoet.archive.store.run_folder import Run
    from openpoet.poet.engine import evolve, start
    from openpoet.poet.seeding import seed_population

    from .settings.resolving import Request
    from .settings.tables import to_toml

    named = {
        "preset": preset,
        "family": family,
        "learner": learner,
        "iterations": iterations,
        "tasks": tasks,
    }
    options = {f"run.{key}": value for key, value in named.items()} | {
        "poet.seed": seed,
        "poet.pbt_every": pbt,
    }
    changes = changes or []
    tables = settings_for(Request(options, changes, config, inherited(source, named)))
    choose_device(tables, device, changes)
    rollouts = rollouts_at(ray, workers, tables)
    parts = wire(tables, workers, rollouts)
    if (select is not None or take is not Take.both) and source is None:
        raise ValueError("--select and --take choose from the niches of --from RUN: say which run")
    seeds = None if source is None else seeds_from(source, select, take, parts)
    for problem in remember(tables):
        complain(problem)
    folder = (
        out_folder
        or Path("runs")
        / f"{time.strftime('%Y-%m-%d')}_{tables['run']['preset']}_s{tables['poet']['seed']}"
    )
    with (
        rollouts or nullcontext(),
        Run.create(folder, to_toml(tables, schemas(tables)), sys.argv, versions()) as run,
    ):
        prepare(parts)
        drive = driving(run, parts, out, errors)
        population = drive.begin(
            lambda: start(parts.setup) if seeds is None else seed_population(parts.setup, seeds)
        )
        drive.go(population, evolve(population, parts.setup), tables["run"]["iterations"])


@app.command()
def resume(
    name: RunName,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Total to reach, if not the run's own.")
    ] = None,
    device: Device = "auto",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.KEY=VALUE",
            help="Change one setting from here on; repeatable. Recorded with the iteration from "
            "which it holds.",
        ),
    ] = None,
    workers: Workers = None,
    ray: Ray = None,
) -> None:
    """Go on with a run from its last iteration, however it ended. The result is that of a run never
    interrupted.
    """
    from openpoet.archive.store.run_folder import Run, find_run
    from openpoet.poet.agent_tensors import check_population
    from openpoet.poet.checkpoint import from_records
    from openpoet.poet.engine import evolve

    with Run.open(find_run(name), write=True) as run:
        tables, changed = changed_settings(trusted(settings_of(run)), changes or [])
        if change := choose_device(tables, device):
            complain(change)
        rollouts = rollouts_at(ray, workers, tables)
        parts = wire(tables, workers, rollouts)
        run.check_state()
        population = from_records(*run.checkpoint(), parts.setup.family)
        check_population(population, parts.setup)
        total = iterations or tables["run"]["iterations"]
        if population.iteration >= total:
            raise ValueError(
                f"{run.path} has reached its {population.iteration} iterations; to go on: "
                f"python run.py resume {shlex.quote(str(run.path))} --iterations "
                f"{2 * population.iteration}"
            )
        if warning := version_warning(run.versions(), versions()):
            errors.print(line(warning, "yellow"), soft_wrap=True)
        run.begin_session(sys.argv, versions(), changed)
        prepare(parts)
        with rollouts or nullcontext():
            driving(run, parts, out, errors).go(population, evolve(population, parts.setup), total)


def prepare(parts: Parts) -> None:
    """Lets a family do, and say, what takes long the first time (the walker compiles its
    kernels).
    """
    if ready := getattr(parts.setup.family, "prepare", None):
        ready(lambda text: errors.print(line(text, "dim"), soft_wrap=True))


# ---- looking -------------------------------------------------------------------------------------


@app.command()
def show(
    name: RunName,
    niche: NicheId = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Of a run: everything. Of a niche: its task, as openpoet/Walker-v0 takes it.",
        ),
    ] = False,
    select: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help='Only these niches: "alive and solved"; as for launch.'),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="All niches, not the 30 best where there are more.")
    ] = False,
) -> None:
    """Niches, lineage, scores, transfers, ANNECS and the ledger of a run; or all about one
    niche.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    from .show import as_json as json_of
    from .show import niche_row, one, overview

    with Run.open(find_run(name), write=False) as run:
        tables = settings_of(run)
        if niche is None and as_json:
            for piece in json_of(run, tables):
                print(piece, end="")
            return
        if niche is None:
            pieces = overview(run, titles(tables), select, whole)
        else:
            row = niche_row(run, niche)
            if as_json:
                print(json.dumps(whole_task(tables, row["task"]), indent=1))
                return
            pieces = one(run, niche, titles(tables), run.agent(row["agent"]))
        for part in pieces:
            out.print(part)


@app.command()
def replay(
    name: RunName,
    niche: NicheId = None,
    agent: Annotated[
        int | None, typer.Option(metavar="NICHE", help="Whose agent; the niche's own by default.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write a .mp4 or .gif instead; needs no display.")
    ] = None,
    device: Device = "auto",
    workers: Workers = None,
) -> None:
    """Watch an agent in a niche, in a window (h shows the keys) or as a film. The score is the
    archive's own.
    """
    from openpoet.archive.store.run_folder import Run, find_run
    from openpoet.poet.agent_tensors import check_population
    from openpoet.poet.checkpoint import from_records

    path = find_run(name)
    with Run.open(path, write=False) as run:
        tables = trusted(settings_of(run))
        check_complete(tables)
        if change := choose_device(tables, device):
            complain(change)
        parts = wire(tables, workers)
        population = from_records(*run.checkpoint(), parts.setup.family)
    check_population(population, parts.setup)
    niches = {n.id: n for n in population.niches}
    best = max(population.active, key=lambda n: n.scores[-1] if n.scores else float("-inf")).id
    start = best if niche is None else niche
    for wanted in (start, start if agent is None else agent):
        if wanted not in niches:
            raise ValueError(f"there is no niche {wanted} in {path}: it has 0 to {max(niches)}")
    prepare(parts)
    load = episodes(parts, tables, population, workers)
    if record is None:
        from openpoet.archive.replay.viewer import view

        view(load, [(n.id, parts.title(n.task)) for n in population.niches], start, agent)
        return
    from openpoet.archive.replay.recording import record as write

    episode = load(start, start if agent is None else agent)
    pictures = write(episode, record)
    solved = ", solved" if episode.solved else ""
    out.print(
        line(f"{record}: {pictures} pictures, score {episode.score:.2f}{solved}"), soft_wrap=True
    )


@app.command()
def digest(name: RunName) -> None:
    """SHA-256 over all of a run that must be reproducible: genomes, weights, scores, events; clocks
    left out.
    """
    from openpoet.archive.store.digest import digest as digest_of
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        print(digest_of(run))


@app.command()
def verify(name: RunName) -> None:
    """Check that nothing in a run was edited or damaged: the hash chain of its iterations, and
    every agent's file.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        last = run.verify()
        iterations = run.rows("iterations")
    if not iterations:
        out.print(line(f"{run.path} holds no iteration yet"), soft_wrap=True)
        return
    found = (
        f"iterations 0 to {iterations[-1]['iteration']} are as they were written; last hash {last}"
    )
    out.print(line(f"{run.path}: {found}"), soft_wrap=True)


@app.command(name="list")
def list_parts(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A family, a learner, a preset, `run`, `poet` or a .py file: print its settings.",
        ),
    ] = None,
) -> None:
    """List families, learners and presets; with NAME, its settings: defaults, ranges, meaning."""
    if name is not None:
        print_settings(name)
        return
    from .plugins import installed
    from .settings.tables import about, presets

    for title, kind in (("families", "family"), ("learners", "learner")):
        names = ", ".join([*known_parts(kind), *installed(kind)])
        out.print(line(f"{title}: {names}, or the path of a .py file of your own"), soft_wrap=True)
    out.print("presets:")
    width = max(map(len, presets()))
    for name in presets():
        out.print(line(f"  {name:{width}} {about(name)}"), soft_wrap=True)


def print_settings(name: str) -> None:
    from .settings.reference import sections, terminal_table

    for part in sections(name):
        out.print(terminal_table(part, out.width), soft_wrap=True)


# ---- errors are one line -------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """The exit code: 0 done, 1 a run failed, 2 bad input, 128 + signal stopped.

    --debug prints tracebacks. Standard output may fail without stopping a run; where the output is
    the result, that is an error.
    """
    running = next((a for a in arguments if not a.startswith("-")), "") in ("launch", "resume")
    failures = Failures(complain)
    occupy_standard_descriptors()
    with tolerant("stderr"):
        note = (lambda error: failures.note("standard output", error)) if running else None
        with tolerant("stdout", note) as stdout:
            code = exit_code(arguments)
        if stdout.error is None or running:
            return code
        if not isinstance(stdout.error, BrokenPipeError):  # `show RUN | head` has what it wants
            complain(f"openpoet: cannot write standard output: {reason(stdout.error)}")
        return code or (1 if isinstance(stdout.error, BrokenPipeError) else 2)


def exit_code(arguments: list[str]) -> int:
    """The command run, its errors printed."""
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
        for text in traceback.format_exception(error) if debug else ():
            for one in text.splitlines():
                complain(one)
        complain(f"openpoet: {one_line(error)}")
        return 2 if isinstance(error, ValueError | OSError) else 1
    return 0


def complain(text: str) -> None:
    errors.print(line(text), soft_wrap=True)


def one_line(error: Exception) -> str:
    """What to tell a person. An error nobody planned says its kind, and how to see where it came
    from.
    """
    from .plugins import place
    from .run_loop import RunFailedError

    failed = isinstance(error, RunFailedError)
    planned = isinstance(error.__cause__ if failed else error, ValueError | OSError)
    text = str(error) if failed else described(error)
    if where := place(error):
        cause = described(error.__cause__ or error)  # raised in the user's file
        text = (
            text.replace(cause, f"{cause} ({where})", 1) if cause in text else f"{text} ({where})"
        )
    return text if planned else f"{text} (run again with --debug to see where)"


def command() -> None:
    """The console script `openpoet`."""
    sys.exit(main(sys.argv[1:]))
