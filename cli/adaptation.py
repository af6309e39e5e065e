"""Experiment `adaptation` (arena.experiments.adaptation): agents trained on several distributions
with equal environment steps, tested on held-out draws and on what another seed's POET evolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .adaptation_runs import Trainings, environments
from .adaptation_settings import (
    ACCEL,
    DISTRIBUTIONS,
    EVOLVED,
    FIXED,
    POPULATION,
    RANDOMISED,
    Training,
)

if TYPE_CHECKING:
    import numpy as np

    from openpoet.arena.experiments.adaptation import Adapted, Trained
    from openpoet.arena.suites.suite import Suite
    from openpoet.arena.tables import Table

    from .evaluate.contestants import Contestants

# Six that adapt, by as many methods, and one without memory.
LEARNERS = ("rl2", "varibad", "pearl", "maml", "maesn", "epg", "ppo")
STUDENT = 0  # niche of the agent of every run but POET's


@dataclass(frozen=True)
class Design:
    """learners: of the trainings, with seeds from 1 to `num_seeds`; the next one is that of the
    evolution whose environments are a test. trials: in each world of a test.
    """

    trainings: Trainings
    learners: Sequence[str]
    num_seeds: int
    trials: int

    def check(self) -> None:
        """ValueError, one line, if the learners or the settings are wrong in themselves."""
        if len(set(self.learners)) < len(self.learners):
            raise ValueError(f"--learner must name each learner once, got {[*self.learners]}")
        self.trainings.settings.check(self.learners)


@dataclass(frozen=True)
class Outcome:
    """tested: agents on sets of worlds. trained: the runs. refused: a line a combination."""

    design: Design
    tested: list[Adapted]
    trained: list[Trained]
    refused: list[str]

    def printed(self) -> Iterator[Table]:
        from openpoet.arena.experiments import adaptation as experiment

        yield experiment.steps_table(self.trained)
        yield experiment.adaptation_table(self.tested)
        theirs = FIXED, RANDOMISED, ACCEL
        yield experiment.differences_table(self.tested, (EVOLVED, POPULATION), theirs)

    def others(self) -> Iterator[Table]:
        """The tables that are files only."""
        from openpoet.arena.experiments import adaptation as experiment

        yield experiment.trainings_table(self.trained)
        yield experiment.curves_table(self.tested)
        yield experiment.worlds_table(self.tested)

    def lines(self) -> Iterator[str]:
        """What the tables leave out."""
        settings = self.design.trainings.settings
        scene = settings.scene
        fixed = "the family's origin" if scene.fixed is None else f'"{scene.fixed}" of the suite'
        yield (
            f"fixed: {fixed}; randomised: any task of the family; evolved: all that a POET run has "
            "evolved, by a new agent, whose steps do not include the evolution's; population: the "
            "agent of the same POET run that has the best mean return there; accel: ACCEL"
        )
        yield from self.refused or ["no learner refused a distribution"]
        seeds = self.design.num_seeds
        yield (
            f"scale: {seeds} training seed{'s' * (seeds > 1)} of {settings.steps:,} steps for all "
            f"purposes, {self.design.trials} trials a world; VariBAD's paper trains for 2e7 frames "
            "on 5 x 5 cells, POET's for 25,200 iterations: at fewer, neither the agents nor the "
            "evolution are at their end"
        )

    def draw(self, folder: Path) -> None:
        """Adaptation curves as PNG files, one a learner that adapts and set of worlds."""
        from openpoet.arena.experiments.adaptation import curve_of, grouped
        from openpoet.arena.figures import lines_figure

        groups = grouped(self.tested)
        tests = [*dict.fromkeys(one.tests for one in self.tested)]
        for learner in self.design.learners:
            for number, name in enumerate(tests, 1):
                lines = {
                    trained_on: curve_of(seeds)
                    for (tests_, learner_, trained_on), seeds in groups.items()
                    if (tests_, learner_) == (name, learner) and seeds[0].adapts
                }
                if lines:
                    xs = range(1, 1 + len(next(iter(lines.values()))))
                    labels = "episode of a trial, or update", f"{learner}: return on {name}"
                    stem = f"curves-{Path(learner).stem}-{number}"
                    lines_figure(lines, [*map(float, xs)], labels, folder / f"{stem}.png")


def conducted(design: Design) -> Outcome:
    """Train what is missing, and test all agents. ValueError, one line: bad input."""
    design.check()
    refusals = {
        (learner, kind): reason
        for learner in design.learners
        for kind in DISTRIBUTIONS
        if (reason := _refusal(design, learner, kind))
    }
    wanted = [
        Training(learner, kind, seed)
        for seed in range(1, design.num_seeds + 1)
        for learner in design.learners
        for kind in DISTRIBUTIONS
        if (learner, kind) not in refusals
    ]
    if not wanted:
        raise ValueError(f"nothing can be trained: {next(iter(refusals.values()))}")
    refused = [f"not trained: {one} on {kind}: {why}" for (one, kind), why in refusals.items()]
    tests = {f"suite {design.trainings.settings.suite.name}": design.trainings.settings.suite}
    other = next((one for one in wanted if one.distribution == POPULATION), None)
    if other is None:
        refused.append("not tested: another seed's evolution, since no learner here evolves tasks")
    else:
        other = Training(other.learner, POPULATION, design.num_seeds + 1)
        tests[f"evolution of seed {other.seed}"] = _environments(design.trainings.trained(other))
    trained = {training: design.trainings.trained(training) for training in wanted}
    agents = {one: _agent(design, one, path) for one, path in trained.items()}
    tested = [
        _tested(design, training, agents[training], (name, suite))
        for name, suite in tests.items()
        for training in wanted
    ]
    return Outcome(design, tested, [_trained(*each) for each in trained.items()], refused)


def _refusal(design: Design, learner: str, kind: str) -> str:
    """Why the learner is not trained on this distribution; empty if it is."""
    kinds = (POPULATION, EVOLVED) if kind == EVOLVED else (kind,)
    reasons = (design.trainings.refusal(Training(learner, one, 1)) for one in kinds)
    return next(filter(None, reasons), "")


def _environments(path: Path) -> Suite:
    """All environments that a run of POET has created, as a suite."""
    from .evaluate.suites import find_suite

    return find_suite(str(path), "true")


def _agent(design: Design, training: Training, path: Path) -> Contestants:
    """The one agent of a run that is tested. Of a population it is that with the best mean return,
    after adaptation, over the active environments of its own run; of equal ones the oldest.
    """
    from .evaluate.contestants import of_run
    from .evaluate.suites import find_suite

    machine, niche = design.trainings.machine, STUDENT
    if training.distribution == POPULATION:
        agents = of_run(path, None, machine)
        returns = _returns(agents, find_suite(str(path)), design)["none"]
        best = int(returns[..., -1].mean((1, 2)).argmax())
        niche = int([*agents.agents][best].rpartition("#")[2])
    return of_run(path, f"id == {niche}", machine)


def _tested(
    design: Design, training: Training, agent: Contestants, tests: tuple[str, Suite]
) -> Adapted:
    from openpoet.arena.experiments.adaptation import Adapted

    name, suite = tests
    returns = {control: each[0] for control, each in _returns(agent, suite, design).items()}
    names = name, training.learner, training.distribution
    return Adapted(*names, training.seed, [world.name for world in suite.worlds], returns)


def _returns(agents: Contestants, suite: Suite, design: Design) -> dict[str, np.ndarray]:
    """By control: [agents, worlds, trials, k]. The record is kept in the run's folder."""
    from .evaluate.evaluating import evaluation, keep, record_path
    from .evaluate.planning import planned
    from .sessions import one_torch_thread

    actions = "sampled" if agents.stochastic else "mean"
    plan = planned(suite, agents, design.trials, actions, "none")
    design.trainings.note(f"{agents.source} on {suite.name}: {design.trials} trials a world")
    with one_torch_thread():
        found = evaluation(agents, plan, lambda text: None)
    keep(found, record_path(found))
    if found.adaptation is not None:
        return dict(found.adaptation.returns)
    (scores,) = found.scores.values()
    return {"none": scores.returns[..., None]}


def _trained(training: Training, path: Path) -> Trained:
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.adaptation import Trained

    with Run.open(path, write=False) as run:
        ends = run.steps(), run.last_iteration(), environments(run)
    return Trained(training.learner, training.distribution, training.seed, *ends)
