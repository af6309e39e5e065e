"""Difficulty classes that a POET run on the walker has created and solved, against the paper's.

    python -m benchmarks.poet_classes RUN > benchmarks/results/poet_classes.txt

The table is that of `openpoet reproduce difficulty`, for the classes of the paper (arXiv
1901.01753, table 2); below it are the environments beyond them. A solved environment above the
class "easy" is verified: an agent that the archive keeps of it is evaluated there again, with real
Box2D and the most likely actions, and must reach a return of 230 and the far end. A genome's class
is that of its upper bounds, as in the paper; since the sizes of obstacles are drawn below them, the
classes by the largest obstacles that the terrains have are printed too.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.heading import heading
from openpoet.archive.store.tables import AGENTS
from openpoet.cli.experiment_data import Effort, scale, steps_and_hours
from openpoet.cli.parts import make_part
from openpoet.cli.reproducing import difficulty
from openpoet.cli.table_files import print_table
from openpoet.cli.wiring import make_family
from openpoet.envs.walker import poet_layout
from openpoet.envs.walker.obstacles import CLASSES, Obstacles
from openpoet.envs.walker.obstacles import difficulty as class_of
from openpoet.envs.walker.poet_layout import Pen
from openpoet.poet.streams import Key
from openpoet.runs import Niche, Run

BEYOND = {"stump": 3.0, "gap": 8.0, "roughness": 8.0}  # beyond the paper's classes


@dataclass(frozen=True)
class Environment:
    """A niche with its class, and what the run had used when it was created and solved."""

    niche: Niche
    genome: Obstacles
    length: int  # of the track [tiles]
    verified: bool | None  # None: not tried

    @property
    def name(self) -> str:
        return class_of(self.genome)

    @property
    def drawn_name(self) -> str:
        """The class by the largest obstacles of the terrain."""
        return class_of(drawn(self.genome, self.niche.task["seed"], self.length))

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
        one = Environment(niche, task.genome, walker["length"], None)
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


def drawn(genome: Obstacles, seed: int, length: int) -> Obstacles:
    """The genome with the largest obstacles that its track has as upper ends."""
    largest = {"stump": 0.0, "gap": 0.0}

    def stump(pen: Pen, *rest: Any) -> tuple[int, float]:
        before = len(pen.blocks)
        made = poet_layout.stump(pen, *rest)
        for (_, bottom), *_, (_, top) in pen.blocks[before:]:
            largest["stump"] = max(largest["stump"], (top - bottom) / poet_layout.TILE)
        return made

    def pit(pen: Pen, *rest: Any) -> tuple[int, float]:
        made = poet_layout.pit(pen, *rest)
        (left, *_), (right, *_) = (block[0] for block in pen.blocks[-2:])
        largest["gap"] = max(largest["gap"], (right - left) / poet_layout.TILE - 1)
        return made

    poet_layout.draw(genome, seed, length, {"stump": stump, "gap": pit})
    tops = {name: (0.0, round(size, 6)) for name, size in largest.items()}
    return replace(genome, gap=tops["gap"], stump=tops["stump"])


def report(run: Run) -> None:
    """Print the table."""
    for table in difficulty(run.reader, None, Effort()).tables:
        print_table(table)
    found = environments(run)
    for name in CLASSES[1:]:
        verified = sum(one.verified is True for one in found if one.name == name)
        large = [one for one in found if one.niche.solved is not None and one.drawn_name == name]
        print(
            f"{name}: {verified} verified; by the largest obstacles drawn {len(large)} solved, "
            f"{sum(one.verified is True for one in large)} verified"
        )
    last = max(one.niche.born for one in found)
    steps, _ = steps_and_hours(run.reader)
    after = f"{steps[last] / 1e6:.1f} M steps"
    print(f"the last environment was created in iteration {last}, after {after}")
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
