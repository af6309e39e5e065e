"""The policy's share of the time of ES rollouts on the walker; prints machine, commit, command and numbers.

    python -m benchmarks.policy_share > benchmarks/results/policy_share.txt

Wall-clock after a warm-up, on one thread and on one a core. The members are those of an ES step around a newborn agent,
one episode each; "loop" is everything that is neither policy nor simulator: counting, checking for NaN, dropping rows
that have ended.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.es import ES
from agents.es_config import ESConfig
from agents.networks import Policy
from agents.rollout import rollout
from benchmarks.heading import heading
from envs.walker.family import Walker, WalkerSettings
from poet.streams import Key

MEMBERS, REPEATS, MUTATIONS = 256, 3, 40


class Clock:
    """Seconds spent in the calls it was asked to time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, call: Any) -> Any:
        def run(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return run


class TimedFamily:
    """A family whose simulators are built, reset and stepped on a clock."""

    def __init__(self, family: Walker, clock: Clock) -> None:
        self.family, self.clock, self.spec = family, clock, family.spec

    def simulator(self, tasks: Sequence[Any], seeds: Sequence[int], device: str) -> Any:
        made = self.clock.timed(self.family.simulator)(tasks, seeds, device)
        for name in ("reset", "step"):
            setattr(made, name, self.clock.timed(getattr(made, name)))
        return made


class TimedPolicy(Policy):
    """A policy whose kernel runs on `clock`, an attribute of the class: policies themselves are frozen."""

    clock = Clock()

    def act(self, *arguments: Any, **options: Any) -> None:
        self.clock.timed(super().act)(*arguments, **options)


def measure(family: Walker, task: Any, threads: int | None, repeat: int) -> tuple[float, float, float, int]:
    """Seconds in the policy, in the simulator and in all, and environment steps, of one rollout of all members."""
    es = ES(family, ESConfig(population=MEMBERS, threads=threads))
    members = es.searcher.ask(es.init(Key(repeat, ("agent",))), Key(repeat, ("noise",)))
    clock, TimedPolicy.clock = Clock(), Clock()
    policy = TimedPolicy(es.policy.sizes, es.policy.activation)
    start = time.perf_counter()
    episodes = rollout(
        policy,
        TimedFamily(family, clock),  # type: ignore[arg-type]  # all of a family that a rollout uses
        members,
        np.arange(MEMBERS),
        [task] * MEMBERS,
        list(range(MEMBERS)),
        machine=es.machine,
    )
    return TimedPolicy.clock.seconds, clock.seconds, time.perf_counter() - start, int(episodes.steps.sum())


def report(name: str, mutations: int, threads: int | None) -> None:
    """In the task that so many mutations make of the origin; the median over REPEATS rollouts, another agent each.

    The rollout before them, not counted, compiles and warms up.
    """
    family = Walker(WalkerSettings(threads=threads))
    task = family.origin()
    for i in range(mutations):
        task = family.mutate(task, Key(1, ("mutate", i)).generator())
    rows = np.array([measure(family, task, threads, repeat) for repeat in range(REPEATS + 1)])[1:]
    steps = rows[:, 3]
    shares = 100 * rows[:, 0] / rows[:, 2]
    policy, simulator, total = (1e6 * np.median(rows[:, i] / steps) for i in range(3))
    print(
        f"{name:10} {policy:6.2f} us policy  {simulator:6.2f} us simulator  {total - policy - simulator:6.2f} us loop  "
        f"a step; policy's share {np.median(shares):.1f} % ({shares.min():.1f}-{shares.max():.1f}); "
        f"{1e6 / total:,.0f} steps/s; {np.median(steps) / MEMBERS:,.0f} steps an episode"
    )


def main() -> None:
    print(heading())
    print(f"{MEMBERS} members, 24-40-40-4, own weights each; median of {REPEATS} rollouts (least-greatest)")
    for threads in (1, None):
        print("one thread" if threads else "one thread a core")
        report("flat", 0, threads)
        report("hardcore", MUTATIONS, threads)


if __name__ == "__main__":
    main()
