"""Difficulty classes that a POET run on the walker has created and solved, against the paper's.

    python -m benchmarks.poet_classes RUN > benchmarks/results/poet_classes.txt

The table is that of `openpoet reproduce difficulty`, for the classes of the paper (arXiv
1901.01753, table 2); below it are the environments beyond them. A solved environment above the
class "easy" is verified: an agent that the archive keeps of it is evaluated there again, with real
Box2D and the most likely actions, and must reach a return of 230 and the far end.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.heading import heading
from openpoet.archive.store.tables import AGENTS
from openpoet.cli.experiment_data import Effort, scale
from openpoet.cli.parts import make_part
from openpoet.cli.reproducing import difficulty
from openpoet.cli.table_files import print_table
from openpoet.cli.wiring import make_family
from openpoet.envs.walker.obstacles import CLASSES, Obstacles
from openpoet.envs.walker.obstacles import difficulty as class_of
from openpoet.poet.streams import Key
from openpoet.runs import Niche, Run

BEYOND = {"stump": 3.0, "gap": 8.0, "roughness": 8.0}  # beyond the paper's classes


@dataclass(frozen=True)
class Environment:
    """A niche with its class, and what the run had used when it was created and solved."""

    niche: Niche
    genome: Obstacles
    verified: bool | None  # None: not tried

    @property
    def name(self) -> str:
        return class_of(self.genome)

    @property
    def beyond(self) -> list[str]:
        """The obstacles that exceed the paper's classes by far."""
        tops = {"roughness": self.genome.roughness}
        for obstacle in ("gap", "stump"):
            interval = getattr(self.genome, obstacle)
            tops[obstacle] = interval[1] if interval else 0.0
        return [f"{name} {tops[name]:g}" for name, least in BEYOND.items() if tops[name] >= least]


def environments(run: Run) -> list[Environment]:
    """All niches; solved ones above the class "easy" are verified with Box2D."""
    tables = run.settings
    family = make_family(tables, 1)
    walker = {**tables["walker"], "physics": "box2d"}
    real = make_family({**tables, "walker": walker}, 1)
    learner = make_part("learner", tables, 1, real)
    rows = {row["id"]: row for row in run.rows("niches")}
    found = []
    for niche in run.niches:
        task = family.decode(niche.task)
        one = Environment(niche, task.genome, None)
        if niche.solved is not None and one.name != "easy":
            kept = [name for column in AGENTS if (name := rows[niche.id][column])]
            agents = [run.reader.agent(name) for name in dict.fromkeys(kept)]
            one = replace(one, verified=any(solves(learner, agent, task) for agent in agents))
        found.append(one)
    return found


def solves(learner: Any, agent: Any, task: Any) -> bool:
    """Whether the agent solves the task in one episode with its most likely actions."""
    scores, solved, _ = learner.evaluate([agent], [task], [Key(0)])
    return bool(solved[0]) and float(scores[0]) >= 230


def report(run: Run) -> None:
    """Print the table."""
    for table in difficulty(run.reader, None, Effort()).tables:
        print_table(table)
    found = environments(run)
    for name in CLASSES[1:]:
        verified = sum(one.verified is True for one in found if one.name == name)
        print(f"{name}: {verified} verified")
    print(scale(run.reader))
    hardest(found)


def hardest(found: list[Environment]) -> None:
    """Print what lies beyond the paper's classes, and the hardest verified environments."""
    beyond = [one for one in found if one.beyond and one.verified]
    print(f"verified beyond the paper's classes: {len(beyond)}")
    for one in beyond[-5:]:
        print(f"  niche {one.niche.id}: {', '.join(one.beyond)}")
    order = {name: rank for rank, name in enumerate(CLASSES)}
    verified = [one for one in found if one.verified]
    for one in sorted(verified, key=lambda one: order[one.name])[-5:]:
        print(f"  {one.name}: niche {one.niche.id}, {one.niche.title}, best {one.niche.best:.0f}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    print(heading())
    with Run(options.run) as run:
        report(run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
