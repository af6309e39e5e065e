"""Every learner on every task family, from its defaults: what it reaches in minutes of one core.
Training ends early within 2 % of the best known score.

python -m benchmarks.pairs                                  # 2 minutes of CPU for each pair
python -m benchmarks.pairs --learner rl2 --family bandits --seconds 60
python -m benchmarks.pairs --page                           # writes docs/pairs.md from the results

A pair is trained on the family's origin with all settings at their defaults. A row with the score
is appended to `benchmarks/results/pairs.txt`; pairs that have a row there are skipped, so that the
table may be made in several sittings. A pair that its learner refuses has the reason as its row.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.heading import heading
from benchmarks.pairs_known import OWN_SCORES
from benchmarks.pairs_page import NEAR, Row, page, parsed
from openpoet.agents.learners import LEARNERS
from openpoet.agents.parts.scoring import draw_seeds
from openpoet.agents.rollouts.trials import run_trials
from openpoet.envs.families import FAMILIES
from openpoet.poet.streams import Key

RESULTS = Path(__file__).parent / "results" / "pairs.txt"
DOCS = Path(__file__).resolve().parent.parent / "docs" / "pairs.md"
CHANCE_TRIALS, TESTS, CHECKS = 256, 4, 4


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


def refusal(learner_name: str, family_name: str) -> Row | None:
    """The row of a pair that its learner refuses; None if it accepts the family."""
    try:
        made_learner(learner_name, made_family(family_name))
    except ValueError as error:
        return Row(learner_name, family_name, refused=str(error))
    return None


def measured(learner_name: str, family_name: str, seconds: float) -> Row:
    """Train a pair for at most so many CPU seconds, and score it."""
    family = made_family(family_name)
    learner, task, key = made_learner(learner_name, family), family.origin(), Key(1)
    agent = learner.init(key.child("init"))
    learner.improve([agent], [task], [key.child("compile")])  # kernels are compiled at first use
    row = Row(
        learner_name,
        family_name,
        untrained=score(learner, agent, task, key),
        chance=0.0 if learner_name in OWN_SCORES else chance(family),
    )
    i = 0
    for check in range(1, CHECKS + 1):
        start, used, steps = time.process_time(), row.seconds, row.steps
        while row.seconds < seconds * check / CHECKS:
            (agent,), taken = learner.improve([agent], [task], [key.child("improve", i)])
            steps, i = steps + int(taken[0]), i + 1
            row = replace(row, steps=steps, seconds=used + time.process_time() - start)
        row = replace(row, score=score(learner, agent, task, key))
        if row.share >= NEAR:
            break
    return row


def record(row: Row, head: str) -> None:
    """Append a row under its heading to the results, and print it; several processes may do so."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"{head}\n{row.line()}\n")
    print(row.line(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learner", choices=list(LEARNERS), action="append")
    parser.add_argument("--family", choices=list(FAMILIES), action="append")
    parser.add_argument("--seconds", type=float, default=120.0, help="CPU seconds of training")
    parser.add_argument("--page", action="store_true", help="write docs/pairs.md and end")
    options = parser.parse_args()
    if options.page:
        DOCS.write_text(page(rows()), encoding="utf-8")
        return
    torch.set_num_threads(1)
    done = {(row.learner, row.family) for row in rows()}
    chosen = itertools.product(options.learner or LEARNERS, options.family or FAMILIES)
    pairs = [pair for pair in chosen if pair not in done]
    head = heading()  # the machine, and the commit whose code is running
    refused = {pair: row for pair in pairs if (row := refusal(*pair)) is not None}
    for row in refused.values():
        record(row, head)
    for pair in pairs:
        if pair not in refused:
            record(measured(*pair, options.seconds), head)
    print(f"{sum(os.times()[:4]):.0f} s of CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
