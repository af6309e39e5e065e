"""The measures of `benchmarks.reproduced` beside the papers' numbers, and what the papers found."""

from __future__ import annotations

from benchmarks.reproduced_measures import HARDER
from openpoet.arena.experiments import direct_path as paths
from openpoet.arena.experiments import transfers as moves
from openpoet.arena.experiments.alone import PUBLISHED as ALONE
from openpoet.arena.experiments.classes import NAMES
from openpoet.arena.experiments.difficulty import published
from openpoet.arena.experiments.over_seeds import Finding, Measure

HARDEST = NAMES[-1]
GAIN = 40 / 349  # the paper's story: 349 with the transfer, 309 without


def _measures() -> list[Measure]:
    found = [Measure("difficulty", "environments created")]
    for level, name in enumerate(NAMES):
        found.append(Measure("difficulty", f"{name}, solved"))
        found.append(Measure("difficulty", f"{name}, iterations", published(level)))
    found.append(Measure("difficulty", "iterations, challenging less easy", "above 0"))
    shares = ", ".join(f"{share:.3f}" for _, share in moves.PUBLISHED)
    tried = ", ".join(f"{number:,}" for number, _ in moves.PUBLISHED)
    found += [
        Measure("transfers", "attempts", tried),
        Measure("transfers", "share that succeeds", shares),
        Measure("transfers", "gain of the most helpful, share of the score", f"{GAIN:.3f}"),
        Measure("annecs", "ANNECS", "43 after 10,000 iterations"),
        Measure("annecs", "reference code's"),
        Measure("no-transfer", "environments created without"),
        Measure("no-transfer", "solved without, all classes"),
        Measure("no-transfer", "M steps with"),
        Measure("no-transfer", "M steps without"),
        Measure("no-transfer", "ANNECS, with less without", "35 to 37 after 10,000 iterations"),
    ]
    for name in HARDER:
        found += [
            Measure("no-transfer", f"{name}, coverage with"),
            Measure("no-transfer", f"{name}, coverage without"),
            Measure("no-transfer", f"{name}, distance without less with", "above 0"),
            Measure("no-transfer", f"{name}, p", "< 2.2e-16"),
        ]
    for experiment, paper in (("ppo-alone", "-"), ("es-alone", ALONE)):
        found += [
            Measure(experiment, "POET", "230 or more"),
            Measure(experiment, "best alone", paper),
            Measure(experiment, "POET less best alone", "above 190"),
            Measure(experiment, "environments with p < .01", "all"),
        ]
    for level, name in enumerate(NAMES):
        known = (
            "{:.3f} ± {:.3f}".format(*paths.PUBLISHED[level]) if level in paths.PUBLISHED else "-"
        )
        found.append(Measure("direct-path", f"{name}, distance", known))
    found.append(Measure("direct-path", "share of paths that reach their target"))
    found.append(Measure("pata-ec-cost", "steps added", "0.824 ± 0.0731"))
    return found


MEASURES = _measures()


def _of(experiment: str, name: str) -> Measure:
    return next(one for one in MEASURES if (one.experiment, one.name) == (experiment, name))


FINDINGS = [
    Finding(
        _of("difficulty", "iterations, challenging less easy"),
        "difficulty: harder classes take more iterations to solve",
        least=0.0,
    ),
    Finding(
        _of("difficulty", f"{HARDEST}, solved"),
        "difficulty: POET solves extremely challenging environments",
        least=0.0,
    ),
    Finding(
        _of("transfers", "share that succeeds"),
        "transfers: about half of the attempts to replace an agent succeed (0.45 to 0.6)",
        least=0.45,
        most=0.6,
    ),
    Finding(
        _of("transfers", "gain of the most helpful, share of the score"),
        "transfers: the transfer that helped most gains 11 % of the score or more",
        least=GAIN,
    ),
    Finding(
        _of("no-transfer", "ANNECS, with less without"),
        "annecs: more novel environments are solved with transfers than without",
        least=0.0,
    ),
    *(
        Finding(
            _of("no-transfer", f"{name}, distance without less with"),
            f"no-transfer: a run covers the class {name} better with transfers",
            least=0.0,
        )
        for name in HARDER
    ),
    Finding(
        _of("ppo-alone", "POET less best alone"),
        "ppo-alone: PPO alone stays below POET where POET has solved (the paper's learner is ES)",
        least=0.0,
    ),
    Finding(
        _of("es-alone", "POET less best alone"),
        "es-alone: ES alone stays below POET where POET has solved",
        least=0.0,
    ),
    Finding(
        _of("direct-path", "share of paths that reach their target"),
        "direct-path: direct paths do not reach what POET has solved",
        most=0.5,
    ),
    Finding(
        _of("pata-ec-cost", "steps added"),
        "pata-ec-cost: PATA-EC adds 75 to 90 % to the other steps",
        least=0.7509,
        most=0.8971,
    ),
]
