"""A suite of random walker terrains, each of which some agent of ours has solved: the levels on
which risk is measured, as Sampling for Learnability does (arXiv 2408.15099).

    python -m benchmarks.solvable_suite museum museum-extreme      # makes the suite solvable-10k
    openpoet compare RUN... --suite solvable-10k

Terrains are uniform in a share of the ranges of the dcd benchmark (dcd_level.RANGES) in its
layout, each with a seed of its own. A terrain is kept if an agent of one of the runs or packs
solves it with its most likely actions: a return of 230, as in the benchmark. What no agent solves
is left out, also where it can be solved. Agents are tried one after another, on what the others
have not solved.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.heading import heading
from openpoet.archive.store.run_folder import find_run
from openpoet.arena.evaluation import Player, evaluate
from openpoet.arena.suites.reading import PACKED, suite
from openpoet.arena.suites.suite import Suite, World, to_json
from openpoet.cli.evaluate.contestants import of_run
from openpoet.cli.sessions import Machine, one_torch_thread
from openpoet.envs.walker.dcd_level import RANGES, dcd_task
from openpoet.envs.walker.family import Walker
from openpoet.poet.streams import Key

TOGETHER = 1000  # terrains that are drawn and tried at once
FIRST_SEED = 2**31 + 200_000  # of terrains; trainings and the suites of openpoet have others
EPISODES = 2  # of an agent in a terrain, by default: risk needs a second, independent one
FOLDER = Path(__file__).resolve().parent.parent / "arena" / "suites"


def candidates(first: int, count: int, share: float) -> list[World]:
    """Random terrains with the numbers from `first` on; share: of the ranges' upper ends."""
    family, worlds = Walker(), []
    for number in range(first, first + count):
        rng = Key(number, ("solvable",)).generator()
        ends = [(low, low + share * (high - low)) for low, high in RANGES]
        level = [round(float(rng.uniform(low, high)), 2) for low, high in ends]
        task = replace(dcd_task(level), seed=FIRST_SEED + number)
        worlds.append(World(f"terrain {number}", family.encode(task)))
    return worlds


class Solvers:
    """Agents in the order in which they are tried: those first that have solved most."""

    def __init__(self, family: Walker, players: Sequence[Player]) -> None:
        self.family = family
        self.solved = dict.fromkeys(players, 0)

    def solvable(self, like: Suite, worlds: Sequence[World]) -> list[World]:
        """Those of the worlds that an agent solves, in their order."""
        left = list(worlds)
        for player in sorted(self.solved, key=lambda player: -self.solved[player]):
            tried = replace(like, worlds=tuple(left), episodes=1)
            scores = evaluate([player], tried, self.simulate, episodes=1, greedy=True)
            unsolved = [
                world for world, each in zip(left, scores.solved[0], strict=True) if not each[0]
            ]
            self.solved[player] += len(left) - len(unsolved)
            left = unsolved
            if not left:
                break
        missed = {world.name for world in left}
        return [world for world in worlds if world.name not in missed]

    def simulate(self, tasks: Sequence[dict[str, object]], seeds: Sequence[int]) -> object:
        return self.family.simulator([self.family.decode(task) for task in tasks], seeds, "cpu")


def solvers(runs: Sequence[str], like: Suite) -> Solvers:
    """The agents of runs and packs on the suite `like`."""
    players: list[Player] = []
    for name in runs:
        entered = of_run(find_run(name), None, Machine("cpu", 1)).enter(like)
        players += entered.players(True)
    return Solvers(Walker(replace(entered.family.settings, threads=1)), players)


def drawn(agents: Solvers, like: Suite, worlds: int, share: float) -> tuple[list[World], int]:
    """So many terrains that an agent solves, and the number of those that were tried."""
    kept, tried = list[World](), 0
    while len(kept) < worlds:
        kept += agents.solvable(like, candidates(tried, TOGETHER, share))
        tried += TOGETHER
        print(f"{len(kept):,} of {tried:,} terrains solved", file=sys.stderr, flush=True)
        if tried >= 10 * TOGETHER and not kept:
            raise SystemExit(f"no agent solves one of {tried:,}: lower --share")
    return kept, tried


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", help="runs and packs of walkers")
    parser.add_argument("--worlds", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.5, help="of the benchmark's ranges")
    parser.add_argument("--out", type=Path, default=FOLDER / f"solvable-10k{PACKED}")
    options = parser.parse_args()
    name = options.out.name.partition(".")[0]
    about = (
        f"Random terrains in {options.share:g} of the ranges of dcd, each solved by an agent of "
        + " or ".join(options.runs)
    )
    base = suite("dcd-6")
    like = replace(base, name=name, about=about, episodes=EPISODES, validation=None)
    print(heading())
    with one_torch_thread():
        agents = solvers(options.runs, like)
        kept, tried = drawn(agents, like, options.worlds, options.share)
    made = replace(like, worlds=tuple(kept[: options.worlds]))
    text = json.dumps(to_json(made), separators=(",", ":")).encode() + b"\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    packed = options.out.name.endswith(PACKED)
    options.out.write_bytes(gzip.compress(text, mtime=0) if packed else text)
    print(f"{options.out.name}: {len(made.worlds):,} worlds, SHA-256 {made.sha256}")
    print(f"of {tried:,} terrains, {len(kept) / tried:.1%} are solved by an agent")
    for player, count in agents.solved.items():
        print(f"{player.name}: {count:,} that agents before it in the order had not solved")


if __name__ == "__main__":
    main()
