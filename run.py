"""The command line of openpoet: launch, resume, show, replay, digest, list. How the rooms come together: wiring.py.

Nothing heavy is imported before a command needs it, so that --help answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wiring import (
    Parts,
    Take,
    choose_device,
    driving,
    episodes,
    known_parts,
    ours,
    rollouts_at,
    seeds_from,
    settings_of,
    trusted,
    versions,
    wire,
)

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # Gymnasium's walker and the viewer import pygame

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
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Threads; all it may use by default. Never changes a result."),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="local|ADDRESS",
        help="Run episodes in Ray workers, of this machine or of the cluster at ADDRESS; --workers is how many. "
        "Never changes a result.",
    ),
]


# ---- launch and resume ---------------------------------------------------------------------------


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
        drive = driving(run, parts, out, errors)
        population = drive.begin(lambda: start(parts.setup) if seeds is None else seed_population(parts.setup, seeds))
        drive.go(population, evolve(population, parts.setup), tables["run"]["iterations"])


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
            driving(run, parts, out, errors).go(population, evolve(population, parts.setup), total)


def prepare(parts: Parts) -> None:
    """Lets a family do, and say, what takes long the first time (the walker compiles its kernels)."""
    if ready := getattr(parts.setup.family, "prepare", None):
        ready(lambda line: errors.print(line, style="dim", soft_wrap=True))


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
    width = max(map(len, presets()))
    for name in presets():
        out.print(f"  {name:{width}} {about(name)}", soft_wrap=True)


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
