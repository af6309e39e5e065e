"""Every learner on every task family, from its defaults: what it reaches in minutes of one core.

python -m benchmarks.pairs                                  # 2 minutes of CPU for each pair
python -m benchmarks.pairs --learner rl2 --family bandits --seconds 60
python -m benchmarks.pairs --table                          # the table of the results so far

A pair is trained on the family's origin with all settings at their defaults. A row with the score
is appended to `benchmarks/results/pairs.txt`; pairs that have a row there are skipped, so that the
table may be made in several sittings. A pair that its learner refuses has the reason as its row.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.heading import heading
from benchmarks.pairs_known import KNOWN
from openpoet.agents.learners import LEARNERS
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.rollouts.trials import run_trials
from openpoet.envs.families import FAMILIES
from openpoet.poet.streams import Key

RESULTS = Path(__file__).parent / "results" / "pairs.txt"
CHANCE_TRIALS, TESTS = 256, 4
LEARNS = 0.15  # share of the way from chance to the best known score


@dataclass(frozen=True)
class Row:
    """What one pair reached; `refused` is the learner's reason where it does not accept the family.

    Scores are mean returns of the last episode of a trial.
    """

    learner: str
    family: str
    seconds: float = 0.0
    steps: int = 0
    score: float = float("nan")
    untrained: float = float("nan")
    chance: float = float("nan")
    refused: str = ""

    @property
    def verdict(self) -> str:
        """ "learns", "does not learn" or "refused"."""
        if self.refused:
            return "refused"
        span = KNOWN[self.family].score - self.chance
        learns = self.score > self.chance + LEARNS * span and self.score > self.untrained
        return "learns" if learns else "does not learn"

    def line(self) -> str:
        """The row as text; columns are separated by tabs."""
        numbers = (self.score, self.untrained, self.chance, KNOWN[self.family].score)
        cells = [f"{self.seconds:.0f} s", f"{self.steps} steps", *(f"{x:.4g}" for x in numbers)]
        cells = [self.refused] if self.refused else cells
        return "\t".join([self.learner, self.family, self.verdict, *cells])


def parsed(line: str) -> Row:
    """The row of `Row.line`."""
    learner, family, verdict, *cells = line.rstrip("\n").split("\t")
    if verdict == "refused":
        return Row(learner, family, refused=cells[0])
    seconds, steps = (cell.split()[0] for cell in cells[:2])
    return Row(learner, family, float(seconds), int(steps), *map(float, cells[2:5]))


def rows() -> list[Row]:
    """The rows of the results so far."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return [parsed(line) for line in lines if "\t" in line]


def made_family(name: str) -> Any:
    module, family, settings = FAMILIES[name]
    found = import_module(f"openpoet.envs.{module}")
    config = getattr(found, settings)
    threads = {"threads": 1} if "threads" in config.__dataclass_fields__ else {}
    return getattr(found, family)(config(**threads))


def made_learner(name: str, family: Any) -> Any:
    """The learner with its defaults for this family. ValueError if it refuses the family."""
    module, learner, settings = LEARNERS[name]
    found = import_module(f"openpoet.agents.{module}")
    config = getattr(found, settings)
    if "threads" in config.__dataclass_fields__:
        return getattr(found, learner)(family, config(threads=1))
    return getattr(found, learner)(family)


def chance(family: Any) -> float:
    """Mean return of the last episode of a trial under uniform random actions.

    Continuous actions are uniform in [-1, 1].
    """
    spec, draws = family.spec, np.random.default_rng(0)
    simulator = family.simulator(
        [family.origin()] * CHANCE_TRIALS, draw_seeds(Key(0), CHANCE_TRIALS), "cpu"
    )

    def act(inputs: torch.Tensor, state: Any, t: int) -> tuple[torch.Tensor, ...]:
        actions = torch.from_numpy(draws.uniform(-1, 1, (len(inputs), spec.action_size))).float()
        return actions, actions[:, :0], state

    trials = run_trials(simulator, spec, spec.episodes, act, (torch.zeros(CHANCE_TRIALS, 1),))
    return float(trials.returns[:, -1].mean())


def score(learner: Any, agent: Any, task: Any, key: Key) -> float:
    """The mean of several evaluations on fresh draws."""
    keys = [key.child("test", i) for i in range(TESTS)]
    return float(np.mean([learner.evaluate([agent], [task], [each])[0][0] for each in keys]))


def measured(learner_name: str, family_name: str, seconds: float) -> Row:
    """Train a pair for so many CPU seconds, and score it."""
    family = made_family(family_name)
    try:
        learner = made_learner(learner_name, family)
    except ValueError as error:
        return Row(learner_name, family_name, refused=str(error))
    task, key = family.origin(), Key(1)
    agent = learner.init(key.child("init"))
    learner.improve([agent], [task], [key.child("compile")])  # kernels are compiled at first use
    untrained, steps, i, start = score(learner, agent, task, key), 0, 0, time.process_time()
    while time.process_time() - start < seconds:
        (agent,), used = learner.improve([agent], [task], [key.child("improve", i)])
        steps, i = steps + int(used[0]), i + 1
    reached = score(learner, agent, task, key)
    return Row(learner_name, family_name, seconds, steps, reached, untrained, chance(family))


def table() -> Iterator[str]:
    """Lines of Markdown: a row for each learner, a column for each family."""
    found = {(row.learner, row.family): row for row in rows()}
    yield "| | " + " | ".join(FAMILIES) + " |"
    yield "|---" * (len(FAMILIES) + 1) + "|"
    by_family = {row.family: row.chance for row in found.values() if not row.refused}
    yield _line("*chance*", (f"{by_family[f]:.3g}" if f in by_family else "" for f in FAMILIES))
    yield _line("*best known*", (f"{KNOWN[f].score:.3g}" for f in FAMILIES))
    for learner in LEARNERS:
        yield _line(f"`{learner}`", (_cell(found.get((learner, f))) for f in FAMILIES))


def _line(name: str, cells: Iterator[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.refused:
        return "-"
    return f"**{row.score:.3g}**" if row.verdict == "learns" else f"{row.score:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learner", choices=list(LEARNERS), action="append")
    parser.add_argument("--family", choices=list(FAMILIES), action="append")
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds of training")
    parser.add_argument("--table", action="store_true", help="print the table of the results")
    options = parser.parse_args()
    if options.table:
        print("\n".join(table()))
        return
    torch.set_num_threads(1)
    done = {(row.learner, row.family) for row in rows()}
    if not RESULTS.exists():
        RESULTS.write_text(heading() + "\n", encoding="utf-8")
    for learner in options.learner or LEARNERS:
        for family in options.family or FAMILIES:
            if (learner, family) not in done:
                line = measured(learner, family, options.seconds).line()
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
                print(line, flush=True)
    print(f"{sum(os.times()[:4]):.0f} s of CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
