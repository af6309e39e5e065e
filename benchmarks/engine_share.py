"""The cost of the engine: the time of an iteration of 20 niches outside simulation and policy.

    python -m benchmarks.engine_share > benchmarks/results/engine_share.txt

Three kinds of iterations of Enhanced POET on the walker, each committed to a run folder as in a
run: an ES step and an evaluation in every niche; the same with a round of transfers; and with a
reproduction (PATA-EC, births) before both. "Simulation and policy" is the time in compiled
episodes; all else counts as the engine: tracks, simulators, members, updates, ranks, archive. CPU
seconds on one thread. Shorter episodes or fewer members than a preset's make the share larger,
since the cost of the engine depends on the numbers of niches, members and pairs and not on steps.
Exits 1 above 5 %.

    python -m benchmarks.engine_share --learner ppo > benchmarks/results/engine_share_ppo.txt

does the same for PPO with 2 rollouts in an improvement step, of the 4 of the preset walker-ppo;
rollouts and updates do not count as the engine.

    python -m benchmarks.engine_share --device cuda --members 512 >
    benchmarks/results/engine_share_cuda.txt

prints the wall-clock time outside the GPU, without a bound, since a GPU does not accelerate the
engine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.heading import heading
from openpoet.agents.ppo.config import PPOConfig
from openpoet.agents.ppo.ppo import PPO
from openpoet.agents.ppo.training import Trainer
from openpoet.agents.search.es import ES
from openpoet.agents.search.es_config import ESConfig
from openpoet.archive.store.run_folder import Run
from openpoet.cli.ledger import Ledger
from openpoet.cli.meter import Meter
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.simulator import CompiledWalkers
from openpoet.poet.checkpoint import to_records
from openpoet.poet.config import PoetConfig, Setup
from openpoet.poet.engine import mutate_envs, optimize, transfer
from openpoet.poet.niche import Niche, Population
from openpoet.poet.streams import Key

NICHES, MOST = 20, 5.0  # [%]
LEARNING = ("simulation and policy", "rollouts and updates")

spent = Counter[str]()
now = time.process_time


def timed(owner: Any, name: str, title: str) -> None:
    """Wrap the method: its CPU seconds are added up in `spent` under this title."""
    method = getattr(owner, name)

    def timing(*arguments: Any, **options: Any) -> Any:
        start = now()
        try:
            return method(*arguments, **options)
        finally:
            spent[title] += now() - start

    setattr(owner, name, timing)


def learner_of(options: argparse.Namespace, family: Meter) -> Ledger:
    if options.learner == "ppo":
        return Ledger(PPO(family, PPOConfig(rollouts=2, std_floor=0.3)))
    config = ESConfig(population=options.members, threads=1, device=options.device)
    return Ledger(ES(family, config))


def niches(options: argparse.Namespace) -> tuple[Setup, Population]:
    """A population with initial agents, whose tasks are successive mutations; every score permits
    reproduction and birth.
    """
    family = Meter(Walker(WalkerSettings(horizon=options.horizon, threads=1)))
    learner = learner_of(options, family)
    config = PoetConfig(seed=0, reproduce_at=-1e9, mc_low=-1e9, mc_high=1e9, capacity=NICHES)
    made, task = [], family.origin()
    for n in range(NICHES):
        key = Key(0, ("niche", n))
        made.append(Niche(n, None, 0, task, learner.init(key)))
        task = family.mutate(task, key.generator())
    return Setup(family, learner, config), Population(1, tuple(made), niches_born=NICHES)


def plain(population: Population, setup: Setup, key: Key) -> Population:
    return optimize(population, setup, key)


def with_transfer(population: Population, setup: Setup, key: Key) -> Population:
    return transfer(optimize(population, setup, key), setup, key)


def with_births(population: Population, setup: Setup, key: Key) -> Population:
    return with_transfer(mutate_envs(population, setup, key), setup, key)


KINDS: dict[str, Callable[[Population, Setup, Key], Population]] = {
    "improve and score": plain,
    "... and transfer": with_transfer,
    "... and reproduction": with_births,
}


def main() -> int:
    global now
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=128)
    parser.add_argument("--horizon", type=int, default=400)
    parser.add_argument("--learner", choices=("es", "ppo"), default="es")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(heading())
    on_gpu = options.device == "cuda"
    if on_gpu:
        from openpoet.envs.walker.cuda.simulator import CudaSimulator

        now = time.perf_counter
        print(f"GPU: {torch.cuda.get_device_name()}")
        timed(CudaSimulator, "play_captured", "simulation and policy")
    setup, population = niches(options)
    setup.family.prepare(print)
    population = plain(population, setup, Key(0, ("warm", 0)))
    seconds = "seconds by the clock" if on_gpu else "CPU seconds, one thread"
    size = f"{options.members} members" if options.learner == "es" else "ppo, 2 rollouts"
    print(f"{NICHES} niches, {size}, horizon {options.horizon}; {seconds}")
    timed(Walker, "simulator", "making simulators")
    timed(Walker, "track", "of it tracks")
    if options.learner == "ppo":
        timed(Trainer, "improved", "rollouts and updates")
        timed(PPO, "_returns", "simulation and policy")
    else:
        timed(CompiledWalkers, "play", "simulation and policy")
        for name in ("ask", "tell"):
            timed(setup.learner.searcher, name, f"ES {name}")
    worst = 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        Run.create(Path(folder) / "run", "", ["engine_share"], {}) as run,
    ):
        setup.learner.drain()
        for t, (name, iteration) in enumerate(KINDS.items()):
            spent.clear()
            start = now()
            population = iteration(replace(population, events=()), setup, Key(0, ("iteration", t)))
            population = replace(population, iteration=population.iteration + 1)
            before = now()
            run.commit(
                *to_records(population, setup.family),
                ledger=setup.learner.drain(),
                clock_seconds=0.0,
            )
            spent["commit"] = now() - before
            total = now() - start
            learning = sum(spent[name] for name in LEARNING)
            if options.learner == "ppo":  # a rollout makes its simulator
                learning -= spent["making simulators"]
            share = 100 * (1 - learning / total)
            worst = max(worst, share)
            parts = ", ".join(f"{title} {amount:.3f}" for title, amount in spent.items())
            print(
                f"{name:22} {total:7.2f} s, outside learning {share:.1f} %; {parts}",
                flush=True,
            )
    if on_gpu:
        return 0
    print(f"claim: at most {worst:.1f} % (must stay under {MOST:g} %)")
    return 0 if worst < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
