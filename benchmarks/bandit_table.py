"""RL^2's bandit table (Duan et al. 2016, arXiv 1611.02779): 5, 10, 50 arms; 10, 100, 500 pulls.

python -m benchmarks.bandit_table                       # prints the table from benchmarks/results
python -m benchmarks.bandit_table references            # computes the baselines, in minutes
python -m benchmarks.bandit_table train 5x10 5x100      # trains cells, ARMSxPULLS; all by default
python -m benchmarks.bandit_table train 5x100 --seconds 600   # of CPU, then stops; run it again

A cell is trained with the defaults of `rl2`, which depend on the length of a trial alone, until
their schedules end. Training continues from build/, so that several sittings fill the table; each
sitting writes the cell's row with machine, commit and command. Returns are those of whole trials on
new arms. `references` and `train` also write the table into docs/algorithms/rl2.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zlib import crc32

import torch

from benchmarks.bandit_references import CELLS, Cell, Reference, references
from benchmarks.bandit_strategies import Expected, expected_return
from benchmarks.heading import heading
from benchmarks.resumable import Training
from openpoet.agents.memory.rl2 import RL2
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.envs.bandits import Arms, Bandits, BanditSettings
from openpoet.poet.streams import Key

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "algorithms" / "rl2.md"
REFERENCES, LEARNED = RESULTS / "bandit_references.jsonl", RESULTS / "bandit_rl2.jsonl"
TEST_TRIALS, PROGRESS_TRIALS, KEY = 4096, 512, Key(1)
TOLERANCE = {10: 0.01, 100: 0.01, 500: 0.02}  # of the published value, by pulls

# Duan et al., table 1: mean total reward of 1,000 trials
COLUMNS = ("random", "gittins", "thompson", "ucb1", "epsilon-greedy", "greedy", "rl2")
PUBLISHED: dict[Cell, dict[str, float]] = {
    Cell(pulls, arms): dict(zip(COLUMNS, row, strict=True))
    for pulls, arms, *row in (
        (10, 5, 5.0, 6.6, 5.7, 6.7, 6.6, 6.6, 6.7),
        (10, 10, 5.0, 6.6, 5.5, 6.7, 6.6, 6.6, 6.7),
        (10, 50, 5.1, 6.5, 5.2, 6.6, 6.5, 6.5, 6.8),
        (100, 5, 49.9, 78.3, 74.7, 78.0, 75.4, 74.8, 78.7),
        (100, 10, 49.9, 82.8, 76.7, 82.4, 77.4, 77.1, 83.5),
        (100, 50, 49.8, 85.2, 64.5, 84.3, 78.3, 78.0, 84.9),
        (500, 5, 249.8, 405.8, 402.0, 405.8, 388.2, 380.6, 401.6),
        (500, 10, 249.0, 437.8, 429.5, 437.1, 408.0, 395.0, 432.5),
        (500, 50, 249.6, 463.7, 427.2, 457.6, 413.6, 402.8, 438.9),
    )
}


class Learned(NamedTuple):
    """A row of bandit_rl2.jsonl: the mean return of a cell's agent, and its training."""

    pulls: int
    arms: int
    mean: float
    error: float  # standard error over the test trials
    trained: float  # millions of pulls
    finished: bool  # whether the schedules have ended
    seconds: float  # of CPU
    machine: str
    commit: str
    command: str


Row = TypeVar("Row", Reference, Learned)


def learner_of(cell: Cell) -> RL2:
    """RL^2 with its defaults for the cell's family."""
    return RL2(Bandits(BanditSettings(arms=cell.arms, pulls=cell.pulls)))


def returns(learner: RL2, agent: Any, num_trials: int) -> Expected:
    """The expected return of trials on new arms, under the actions of an evaluation.

    By the regret, as `bandit_strategies.play`.
    """
    test, greedy, task = KEY.child("test"), learner.config.test_actions == "mode", Arms()
    trials = learner.trials(agent, task, test, num_trials, greedy=greedy)
    drawn = learner.family.simulator([task] * num_trials, draw_seeds(test, num_trials), "cpu")
    chance = drawn.world.payoffs[:, 0]
    pulled = chance[torch.arange(num_trials), trials.actions.argmax(2)]
    return expected_return(chance.numpy(), pulled.sum(0).numpy(), len(pulled))


def trained(cell: Cell, seconds: float = math.inf, name: str = "") -> Learned:
    """A cell's row after training until the schedules end, or for so many seconds of CPU.

    name: of the file in build/ from which the training continues; "": none.
    """
    learner = learner_of(cell)
    training = Training(learner, Arms(), KEY, name)
    updates, begin = learner.config.anneal, time.process_time()
    every = max(updates // 10, 1)
    while training.number * learner.config.rollouts < updates:
        if time.process_time() - begin > seconds:
            break
        training.improve()
        if training.number % every == 0:
            training.report(returns(learner, training.agent, PROGRESS_TRIALS).mean)
    return Learned(
        *cell,
        *returns(learner, training.agent, TEST_TRIALS),
        training.steps / 1e6,
        training.number * learner.config.rollouts >= updates,
        training.seconds,
        *sitting(),
    )


@cache
def sitting() -> tuple[str, ...]:
    """Machine, commit and command, as of the first call: rows that are written change the tree."""
    return tuple(line.split(": ", 1)[1] for line in heading().splitlines())


def read(file: Path, kind: type[Row]) -> list[Row]:
    """The rows of a file, a JSON object a line; none if there is no file."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [kind(**json.loads(line)) for line in lines]


def write(file: Path, rows: Sequence[Reference] | Sequence[Learned]) -> None:
    """Write rows in the order of the table's cells."""
    ordered = sorted(rows, key=lambda row: CELLS.index(Cell(row.pulls, row.arms)))
    file.write_text("".join(json.dumps(row._asdict()) + "\n" for row in ordered))


def train(cells: Sequence[Cell], seconds: float) -> None:
    """Train cells, and write the row of each as soon as it is known."""
    sitting()
    for cell in cells:
        row = trained(cell, seconds, file_name(cell))
        others = [other for other in read(LEARNED, Learned) if other[:2] != cell]
        write(LEARNED, [*others, row])
        print(f"{cell}: {row.mean:.2f} +- {row.error:.2f}, {row.trained:.1f} M pulls")


def file_name(cell: Cell) -> str:
    """The file name of a cell's training in build/; other settings have another one."""
    settings = repr(learner_of(cell).config)
    return f"bandit-table-{cell}-{crc32(settings.encode()):08x}"


def verdict(row: Learned) -> str:
    """Whether the mean is within the tolerance of the published value.

    Two published values of 10 pulls exceed what any strategy can reach; there the optimal return
    counts.
    """
    cell = Cell(row.pulls, row.arms)
    optimal = [r.mean for r in read(REFERENCES, Reference) if r[:3] == (*cell, "optimal")]
    target = min([PUBLISHED[cell]["rl2"], *optimal])
    least = (1 - TOLERANCE[row.pulls]) * target
    return "within" if row.mean >= least else f"{100 * (1 - row.mean / target):.1f} % below"


def table() -> str:
    """Computed and published returns of all cells, in Markdown."""
    computed = {row[:3]: row for row in read(REFERENCES, Reference)}
    learned = {row[:2]: row for row in read(LEARNED, Learned)}
    names = [*COLUMNS[:-1], "optimal"]
    lines = [
        f"| arms x pulls | {' | '.join(names)} | rl2, published | rl2, ours | 1 or 2 % |",
        "|---" * (len(names) + 4) + "|",
    ]
    for cell in CELLS:
        published = PUBLISHED[cell]
        shown = [_both(computed.get((*cell, name)), published.get(name)) for name in names]
        row = learned.get(cell)
        ours = f"{row.mean:.2f} ± {row.error:.2f}" if row else ""
        if row and not row.finished:
            ours += f", at {row.trained:.1f} M pulls"
        parts = [str(cell), *shown, f"{published['rl2']}", ours, verdict(row) if row else ""]
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """The text of a page with its table replaced by that of the result files."""
    before, _, rest = page.partition("| arms x pulls |")
    return before + table() + "\n\n" + rest.partition("\n\n")[2]


def _both(computed: Reference | None, published: float | None) -> str:
    """A baseline's return as computed and as published, in brackets."""
    here = f"{computed.mean:.2f}" if computed else ""
    return here if published is None else f"{here} ({published})".strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "action", nargs="?", choices=["show", "references", "train"], default="show"
    )
    parser.add_argument("cells", nargs="*", type=Cell.parse, help="ARMSxPULLS; by default all")
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="of CPU for each cell in this sitting"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    cells = options.cells or CELLS
    if options.action == "train":
        train(cells, options.seconds)
    elif options.action == "references":
        kept = [row for row in read(REFERENCES, Reference) if Cell(*row[:2]) not in cells]
        write(REFERENCES, [*kept, *(row for cell in cells for row in references(cell))])
    if options.action != "show":
        PAGE.write_text(with_table(PAGE.read_text()))
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
