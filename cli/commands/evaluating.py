"""The command evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..terminal import CommandLine
from . import options as o

Agents = Annotated[
    str,
    typer.Argument(
        metavar="AGENTS",
        help="A run or a pack; a .safetensors file; a .zip of Stable-Baselines3; or "
        "MODULE:FUNCTION or FILE.py:FUNCTION, from observations (n, o) to actions (n, a).",
    ),
]
SuiteName = Annotated[
    str,
    typer.Option(
        "--suite",
        metavar="SUITE",
        help="A suite (`list` names them), your own .json file, or a run or pack, whose niches are "
        "the worlds.",
    ),
]
Episodes = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Episodes of an agent in a world; default: the suite's number, or 10 trials of agents "
        "that adapt where it is 1.",
    ),
]
Select = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR", help='Which niches\' agents of a run: "alive" (default), "id < 3".'
    ),
]
Worlds = Annotated[
    str | None,
    typer.Option(
        metavar="N|EXPR",
        help="The first N worlds of a suite; or which niches are worlds, if it is a run or a pack.",
    ),
]
Kind = Annotated[
    Literal["mean", "sampled", "both"],
    typer.Option(
        help="mean: the most likely actions. sampled: as in training. both: where they differ."
    ),
]
Validation = Annotated[
    str | None,
    typer.Option(
        metavar="SUITE",
        help="Suite on which one agent of several is chosen; none: no choice. Default: the "
        "one that the suite names.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(help="Settings of a .safetensors file's run; default: the config.toml near it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the record that is kept.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="File of the record; default: in evaluations/ of the run folder or of build/."
    ),
]


def evaluate(
    agents: Agents,
    suite: SuiteName,
    episodes: Episodes = None,
    select: Select = None,
    worlds: Worlds = None,
    actions: Kind = "both",
    validation: Validation = None,
    config: Config = None,
    as_json: AsJson = False,
    record: Out = None,
    device: o.Device = "auto",
    workers: o.Workers = None,
) -> None:
    """Evaluate agents on a suite of worlds with stored seeds.

    Return and solved rate by world, with 95 % intervals. Several agents are reported as the best in
    each world (an oracle), as the one chosen on validation worlds, and as their mean. Agents that
    adapt are reported by episode of a trial, with two controls. The same command gives the same
    numbers; they are kept as JSON.
    """
    from ..evaluate.batches import progress_lines
    from ..evaluate.evaluating import evaluation, keep, record_folder, record_path
    from ..evaluate.planning import contestants_of, planned
    from ..evaluate.suites import find_suite
    from ..evaluate.tables import tables
    from ..sessions import Machine, one_torch_thread
    from ..table_files import screen

    found_suite = find_suite(suite, worlds)
    contestants = contestants_of(agents, select, config, Machine(device, workers))
    plan = planned(found_suite, contestants, episodes, actions, validation)
    record_folder(contestants, record)  # an error before hours of simulation
    with one_torch_thread():
        found = evaluation(contestants, plan, progress_lines())
    if as_json:
        print(json.dumps(found.to_json()))
    else:
        shown = screen()
        for part in tables(found):
            shown.print(part)
    path = record or record_path(found)
    keep(found, path)  # last: results that cannot be kept are printed
    if not as_json:
        CommandLine().note(f"kept in {path}")
