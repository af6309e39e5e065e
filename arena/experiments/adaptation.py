"""Experiment `adaptation`: how agents adapt to tasks that no training has generated, by what they
were trained on, such as a fixed distribution or one that POET (arXiv 1901.01753) has evolved.

The measure is that of the meta-RL papers, return by episode of a trial (RL^2, arXiv 1611.02779),
with the controls of agents.assessment. Seeds are the repeats: an interval is over the seeds' means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..statistics import Estimate, confidence
from ..tables import Cell, Table

CONTROLS = {"off": "memory off", "shuffled": "other history"}  # as they are printed


@dataclass(frozen=True, eq=False)
class Adapted:
    """One agent on one set of worlds.

    tests: name of the set. trained_on: name of the distribution. returns: by control, "none" is no
    control, [worlds, trials, k] by episode of a trial, or by update. An agent that does not adapt
    has k = 1 and no controls.
    """

    tests: str
    learner: str
    trained_on: str
    seed: int
    worlds: Sequence[str]
    returns: Mapping[str, np.ndarray]

    @property
    def adapts(self) -> bool:
        return "off" in self.returns

    def curve(self) -> np.ndarray:
        """Mean return by episode, [k]."""
        return self.returns["none"].mean((0, 1))

    def last(self, control: str) -> float:
        """Mean return of the last episode."""
        return float(self.returns[control][..., -1].mean())


@dataclass(frozen=True)
class Trained:
    """One training. steps: of the environment, for all purposes. environments: in its archive."""

    learner: str
    trained_on: str
    seed: int
    steps: int
    iterations: int
    environments: int


def steps_table(trained: Sequence[Trained]) -> Table:
    """A row a learner and distribution: fewest and most steps and environments of its seeds."""
    groups: dict[tuple[str, str], list[Trained]] = {}
    for one in trained:
        groups.setdefault((one.learner, one.trained_on), []).append(one)
    rows: list[list[Cell]] = []
    for names, seeds in groups.items():
        counts = [[one.steps for one in seeds], [one.environments for one in seeds]]
        rows.append([*names, len(seeds), *(end(each) for each in counts for end in (min, max))])
    columns = "learner", "trained on", "seeds", "steps", "most steps", "environments", "most"
    note = (
        "fewest and most of the seeds; steps: of the environment, for all purposes; environments: "
        "in the run's archive, with the levels of a curriculum"
    )
    return Table("steps", columns, rows, note)


def trainings_table(trained: Sequence[Trained]) -> Table:
    """A row a training."""
    columns = "learner", "trained on", "seed", "steps", "iterations", "environments"
    return Table("trainings", columns, [[*vars(one).values()] for one in trained])


def grouped(found: Sequence[Adapted]) -> dict[tuple[str, str, str], list[Adapted]]:
    """The seeds of each (tests, learner, trained on), in the order in which these come first."""
    groups: dict[tuple[str, str, str], list[Adapted]] = {}
    for one in found:
        groups.setdefault((one.tests, one.learner, one.trained_on), []).append(one)
    return groups


def adaptation_table(found: Sequence[Adapted]) -> Table:
    """A row a set of worlds, learner and distribution: return in the first and the last episode,
    their difference, and the last one under each control.
    """
    rows: list[list[Cell]] = []
    for names, seeds in grouped(found).items():
        curves = np.array([one.curve() for one in seeds])
        cells: list[Cell] = [confidence(curves[:, 0]), confidence(curves[:, -1])]
        cells += [confidence(curves[:, -1] - curves[:, 0])] if seeds[0].adapts else [None]
        for control in CONTROLS:
            adapts = seeds[0].adapts
            cells.append(confidence([one.last(control) for one in seeds]) if adapts else None)
        rows.append([*names, len(seeds), *cells])
    columns = ("tested on", "learner", "trained on", "seeds", "first", "last", "gain")
    note = (
        "mean return of the first and the last episode of a trial, or before and after all "
        "updates, over worlds and trials, and its 95 % interval over seeds; the last one without "
        "memory of earlier episodes, and with the history of another trial"
    )
    return Table("adaptation", (*columns, *CONTROLS.values()), rows, note)


def differences_table(
    found: Sequence[Adapted], ours: Sequence[str], theirs: Sequence[str]
) -> Table:
    """Return in the last episode, and gain, of each of our distributions less each of theirs.

    Differences are those of equal seeds; seeds that one of them lacks are left out.
    """
    groups, rows = grouped(found), list[list[Cell]]()
    for tests, learner in dict.fromkeys((one.tests, one.learner) for one in found):
        for mine in ours:
            for other in theirs:
                pair = [groups.get((tests, learner, name), []) for name in (mine, other)]
                last, gain = _differences(*pair)
                if len(last):
                    adapts = pair[0][0].adapts
                    cells = confidence(last), confidence(gain) if adapts else None
                    rows.append([tests, learner, f"{mine} - {other}", len(last), *cells])
    columns = ("tested on", "learner", "trained on", "seeds", "last", "gain")
    note = (
        "differences of equal seeds, with 95 % intervals; above 0 the first distribution is better"
    )
    return Table("differences", columns, rows, note)


def _differences(
    mine: Sequence[Adapted], other: Sequence[Adapted]
) -> tuple[np.ndarray, np.ndarray]:
    """Of the last episodes and of the gains, [seeds] each."""
    curves = [{one.seed: one.curve() for one in group} for group in (mine, other)]
    seeds = [seed for seed in curves[0] if seed in curves[1]]
    a, b = ([each[seed] for seed in seeds] for each in curves)
    pairs = list(zip(a, b, strict=True))
    last = [one[-1] - two[-1] for one, two in pairs]
    gain = [one[-1] - one[0] - (two[-1] - two[0]) for one, two in pairs]
    return np.array(last), np.array(gain)


def curves_table(found: Sequence[Adapted]) -> Table:
    """A row an episode of each set of worlds, learner and distribution."""
    rows: list[list[Cell]] = []
    for names, seeds in grouped(found).items():
        rows += [[*names, k + 1, value] for k, value in enumerate(curve_of(seeds))]
    return Table("curves", ("tested on", "learner", "trained on", "episode", "return"), rows)


def curve_of(seeds: Sequence[Adapted]) -> list[Estimate]:
    """Mean return by episode over seeds, with 95 % intervals."""
    return [confidence(column) for column in np.array([one.curve() for one in seeds]).T]


def worlds_table(found: Sequence[Adapted]) -> Table:
    """A row a world of each agent: means over trials."""
    rows: list[list[Cell]] = []
    for one in found:
        for world, name in enumerate(one.worlds):
            own = one.returns["none"][world].mean(0)
            last: list[Cell] = [
                float(one.returns[control][world, :, -1].mean()) if one.adapts else None
                for control in CONTROLS
            ]
            values = [float(own[0]), float(own[-1]), *last]
            rows.append([one.tests, one.learner, one.trained_on, one.seed, name, *values])
    columns = ("tested on", "learner", "trained on", "seed", "world", "first", "last")
    return Table("worlds", (*columns, *CONTROLS.values()), rows)
