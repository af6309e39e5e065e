"""A suite of random walker terrains, each of which some agent of a run has solved: the levels on
which risk is measured, as Sampling for Learnability does (arXiv 2408.15099).

    python -m benchmarks.solvable_suite RUN --worlds 10000 --out build/solvable-10k.json
    openpoet compare RUN... --suite build/solvable-10k.json

Terrains are uniform in a share of the ranges of the dcd benchmark (dcd_level.RANGES) in its layout,
each with a seed of its own. A terrain is kept if an agent reaches a return of 230 with its most
likely actions. What no agent of the run solves is left out, also where it can be solved, so
compare methods on one such suite only, and name the run that it was made with.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.heading import heading
from openpoet.archive.store.run_folder import find_run
from openpoet.arena.suites.reading import suite
from openpoet.arena.suites.suite import Suite, World, to_json
from openpoet.cli.evaluate.contestants import Contestants, of_run
from openpoet.cli.evaluate.evaluating import Plan, evaluation
from openpoet.cli.sessions import Machine, one_torch_thread
from openpoet.envs.walker.dcd_level import RANGES, dcd_task
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

TOGETHER = 1000  # terrains that are drawn and tried at once
FIRST_SEED = 2**31 + 200_000  # of terrains; trainings and the suites of openpoet have others
EPISODES = 10  # of an agent in a terrain, by default


def candidates(first: int, count: int, share: float) -> list[World]:
    """Random terrains with the numbers from `first` on; share: of the ranges' upper ends."""
    family, worlds = Walker(), []
    for number in range(first, first + count):
        rng = Key(number, ("solvable",)).generator()
        ends = [(low, low + share * (high - low)) for low, high in RANGES]
        level = [float(rng.uniform(low, high)) for low, high in ends]
        task = replace(dcd_task(level), seed=FIRST_SEED + number)
        worlds.append(World(f"terrain {number}", family.encode(task)))
    return worlds


def solved(agents: Contestants, like: Suite, worlds: list[World]) -> list[World]:
    """Those of the worlds that an agent solves."""
    tried = replace(like, worlds=tuple(worlds), episodes=1)
    with one_torch_thread():
        found = evaluation(agents, Plan(tried, 1, ("mean",)), lambda text: None)
    reached = found.scores["mean"].solved.any((0, 2))
    return [world for world, kept in zip(worlds, reached, strict=True) if kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--select", help="which niches' agents; default: alive")
    parser.add_argument("--worlds", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.5, help="of the benchmark's ranges")
    parser.add_argument("--out", type=Path, default=Path("build/solvable-10k.json"))
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    path = find_run(options.run)
    agents = of_run(path, options.select, Machine("cpu", options.workers))
    about = f"random terrains in {options.share:g} of dcd's ranges that an agent of a run solved"
    like = replace(
        suite("dcd-6"), name=options.out.stem, about=about, episodes=EPISODES, validation=None
    )
    print(heading())
    kept, drawn = list[World](), 0
    while len(kept) < options.worlds:
        kept += solved(agents, like, candidates(drawn, TOGETHER, options.share))
        drawn += TOGETHER
        print(f"{len(kept):,} of {drawn:,} terrains solved", file=sys.stderr, flush=True)
        if drawn >= 10 * TOGETHER and not kept:
            raise SystemExit(f"no agent of {path} solves one of {drawn:,}: lower --share")
    made = replace(like, worlds=tuple(kept[: options.worlds]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(to_json(made)) + "\n", encoding="utf-8")
    rate = len(kept) / drawn
    print(f"{options.out}: {len(made.worlds):,} worlds, SHA-256 {made.sha256}")
    print(f"of {drawn:,} terrains, {rate:.1%} are solved by agents of {path.name}")


if __name__ == "__main__":
    main()
