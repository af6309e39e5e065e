"""Arguments and options that commands share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..seeding import Take

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run folder or a pack, its name under runs/, or `museum`."
    ),
]
# of commands that write to the run
RunFolder = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or its name under runs/.")
]
NicheId = Annotated[
    int | None,
    typer.Argument(metavar="[NICHE]", help="Number of a niche, as `show RUN` lists them."),
]
Device = Annotated[
    str, typer.Option(help="auto, cpu or cuda; auto is the device in the run's settings.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Threads, or processes for learners without threads; by default one per processor. "
        "Never changes a result.",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="local|ADDRESS",
        help="Simulate episodes in Ray workers, on this machine or on the cluster at ADDRESS; "
        "--workers is their number. Never changes a result.",
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SECTION.KEY=VALUE",
        help="Change one setting, such as poet.capacity=20; repeatable. `list NAME` prints the "
        "settings of a family, a learner or a preset.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Settings to start from; `list` names them. Default: the family's quick one."
    ),
]
Family = Annotated[
    str | None, typer.Option(help="Task family: a name, or the path of your own .py file.")
]
Learner = Annotated[
    str | None, typer.Option(help="Learner: a name, or the path of your own .py file.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of the run; default: runs/<date>_<preset>_s<seed>."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Seed of all random numbers: equal seeds, equal runs.")
]
Iterations = Annotated[
    int | None, typer.Option(min=1, help="Total number of iterations; default: the run's own.")
]
Tasks = Annotated[
    str | None,
    typer.Option(
        help="evolved (default): POET mutates tasks; fixed: the family's origin only; "
        "randomised: each trial draws one of all tasks."
    ),
]
Curriculum = Annotated[
    str | None,
    typer.Option(
        help="poet (default), or a curriculum for one agent: a name that `list` prints, or the "
        "path of your own .py file."
    ),
]
Pbt = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Population-based training, every N iterations."),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Start from the niches of another run, with its family and learner unless given; or "
        "from a folder of the original POET's files.",
    ),
]
Select = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR",
        help='Which niches of --from: "alive" (default), "best > 9.5 or id in (3, 7)", "not '
        'alive and solved". Names: id, parent, born, died, score, best, solved, novelty, alive.',
    ),
]
TakeFrom = Annotated[
    Take, typer.Option(help="What to copy from the niches of --from: tasks, agents or both.")
]
Watch = Annotated[
    bool, typer.Option("--watch", help="Show the run in a browser while it goes on (see `watch`).")
]
Config = Annotated[
    Path | None, typer.Option(help="TOML file of settings; they replace those of the preset.")
]
Track = Annotated[
    list[str] | None,
    typer.Option(
        metavar="wandb|mlflow",
        help="Send the run's curves to Weights & Biases or MLflow too; repeatable. "
        "Their own environment variables (WANDB_MODE, MLFLOW_TRACKING_URI) say where.",
    ),
]
