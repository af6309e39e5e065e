"""One evaluation: contestants on a suite, and what is kept of it.

A record is JSON and holds no clock values: the same agents, suite and options give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpoet.archive.store.files import make_folder
from openpoet.whole_files import write_whole

from ..output import reason
from .batches import Batches, Say, work
from .contestants import Contestants, Entered

if TYPE_CHECKING:
    import numpy as np

    from openpoet.arena.adaptation import Adaptation
    from openpoet.arena.scores import Scores
    from openpoet.arena.suites.suite import Suite

ADAPTED = "adapted"  # the name of the scores of agents that adapt, in place of that of actions
FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """suite, episodes of an agent in a world, kinds of actions ("mean", "sampled"), and the suite
    on which one agent of several is chosen; None: no agent is chosen.
    """

    suite: Suite
    episodes: int
    actions: tuple[str, ...]
    validation: Suite | None = None


@dataclass(frozen=True)
class Evaluation:
    """scores and validation: by kind of actions. adaptation: of agents that adapt."""

    plan: Plan
    contestants: Contestants
    scores: dict[str, Scores]
    validation: dict[str, Scores]
    adaptation: Adaptation | None = None

    @property
    def steps(self) -> int:
        """Environment steps, those of the validation included."""
        return sum(found.steps for found in (*self.scores.values(), *self.validation.values()))

    def identity(self) -> dict[str, Any]:
        """What was evaluated, and how."""
        plan, validation = self.plan, self.plan.validation
        return {
            "format": FORMAT,
            "source": self.contestants.source,
            "agents": [
                {"name": name, "sha256": digest} for name, digest in self.contestants.agents.items()
            ],
            "suite": _named(plan.suite),
            "validation": None if validation is None else _named(validation),
            "episodes": plan.episodes,
            "actions": list(self.scores),
        }

    def to_json(self) -> dict[str, Any]:
        """The record that is kept."""
        return {
            **self.identity(),
            "scores": {kind: found.to_json() for kind, found in self.scores.items()},
            "validation_scores": {k: found.to_json() for k, found in self.validation.items()},
            "adaptation": None if self.adaptation is None else self.adaptation.to_json(),
        }


def _named(suite: Suite) -> dict[str, Any]:
    return {"name": suite.name, "version": suite.version, "sha256": suite.sha256}


def evaluation(contestants: Contestants, plan: Plan, say: Say) -> Evaluation:
    """Evaluate all contestants. ValueError, one line, if they do not fit the suite.

    say: called with a line of progress before each batch.
    """
    entered = contestants.enter(plan.suite)
    total = work(plan, len(contestants.agents), entered.adapting is not None)
    progress = Batches(*total, say)
    if entered.adapting is not None:
        found = _adaptation(contestants, entered, plan, progress)
        return Evaluation(plan, contestants, {ADAPTED: found.scores}, {}, found)
    scores = _scores(entered, plan.suite, plan.episodes, plan.actions, progress)
    validation: dict[str, Scores] = {}
    if plan.validation is not None:
        suite = plan.validation
        entered = contestants.enter(suite)
        validation = _scores(entered, suite, suite.episodes, plan.actions, progress)
    return Evaluation(plan, contestants, scores, validation)


def _scores(
    entered: Entered, suite: Suite, episodes: int, actions: Sequence[str], progress: Batches
) -> dict[str, Scores]:
    from openpoet.arena.evaluation import evaluate

    def simulate(tasks: Sequence[Any], seeds: Sequence[int]) -> Any:
        return entered.family.simulator(
            [entered.family.decode(task) for task in tasks], seeds, "cpu"
        )

    return {
        kind: evaluate(
            entered.players(kind == "mean"),
            suite,
            simulate,
            episodes=episodes,
            greedy=kind == "mean",
            progress=progress,
        )
        for kind in actions
    }


def _adaptation(
    contestants: Contestants, entered: Entered, plan: Plan, progress: Batches
) -> Adaptation:
    from openpoet.arena.adaptation import adaptation
    from openpoet.poet.streams import Key

    assert entered.adapting is not None, "checked by the caller"
    learner, agents = entered.adapting.learner, entered.adapting.agents
    key = Key(plan.suite.seeds[0], ("evaluate",))

    def by_episode(
        agent: int, task: Any, world: int, trials: int, control: Any
    ) -> tuple[np.ndarray, int]:
        decoded = entered.family.decode(task)
        found: tuple[np.ndarray, int] = learner.by_episode(
            agents[agent], decoded, key.child("world", world), trials, control
        )
        return found

    names = tuple(contestants.agents)
    return adaptation(names, plan.suite, by_episode, plan.episodes, progress)


def record_folder(contestants: Contestants, record: Path | None = None) -> Path:
    """The folder of the record, made if it is missing; evaluations/ in the run folder of the agents
    or in build/, if no file `record` is named. OSError or ValueError, one line, if it cannot be
    written to, or if that of a run is a link.
    """
    default = (contestants.folder or Path("build")) / "evaluations"
    folder = default if record is None else record.parent
    try:
        if record is None and contestants.folder is not None:
            make_folder(folder)
        else:
            folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("it is read-only")
    except OSError as error:
        raise OSError(
            f"the record cannot be kept in {folder}: {reason(error)}; --out names another file"
        ) from error
    return folder


def record_path(found: Evaluation) -> Path:
    """Where the record is kept if no file is named."""
    identity = json.dumps(found.identity(), sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    name = f"{_plain(found.plan.suite.name)}-v{found.plan.suite.version}-{digest}.json"
    return record_folder(found.contestants) / name


def _plain(name: str) -> str:
    """A name of a suite, which a stranger may have chosen, as part of a file's name."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[:60]


def keep(found: Evaluation, path: Path) -> None:
    """Write the record. The file gets its name when it is complete."""
    write_whole(path, json.dumps(found.to_json()) + "\n")
