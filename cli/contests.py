"""The agents of runs on a suite, and in the worlds of each other: what `compare` evaluates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .evaluate.contestants import Contestants, of_run
from .evaluate.evaluating import Plan, evaluation
from .evaluate.planning import SAMPLED_EPISODES, default_episodes, planned
from .evaluate.suites import find_suite
from .sessions import Machine, one_torch_thread

if TYPE_CHECKING:
    from openpoet.arena.budget import Progress
    from openpoet.arena.cross_population import CrossPopulation
    from openpoet.arena.scores import Scores
    from openpoet.arena.suite_comparison import Result
    from openpoet.arena.suites.suite import Suite


@dataclass(frozen=True)
class Contest:
    """How agents are evaluated.

    select: whose niches' agents and worlds, an expression; None: those alive. episodes: None: the
    default number. actions: of agents that can sample them; others have one kind. validation: name
    of the suite on which one agent of a population is chosen; None: the suite's own. worlds: which
    of the suite's, as in `find_suite`. note: called with a line of progress before each batch of an
    evaluation.
    """

    select: str | None = None
    episodes: int | None = None
    actions: Literal["mean", "sampled"] = "mean"
    validation: str | None = None
    worlds: str | None = None
    machine: Machine = field(default_factory=Machine)
    note: Callable[[str], None] = lambda text: None

    def agents(self, path: Path) -> Contestants:
        return of_run(path, self.select, self.machine)

    def kind(self, agents: Contestants) -> str:
        return self.actions if agents.stochastic else "mean"

    def scores(self, agents: Contestants, plan: Plan) -> tuple[Scores, Scores | None]:
        """Scores on the suite and on the validation, with the only kind of actions of the plan."""
        with one_torch_thread():
            found = evaluation(agents, plan, self.note)
        ((kind, scores),) = found.scores.items()
        return scores, found.validation.get(kind)


def on_suite(
    paths: Sequence[Path], runs: Sequence[Progress], name: str, contest: Contest
) -> list[Result]:
    """Each run on the suite of that name. ValueError, one line, if its agents do not fit."""
    from openpoet.arena.population import entries
    from openpoet.arena.suite_comparison import Result, by_way

    suite, found = find_suite(name, contest.worlds), []
    for path, run in zip(paths, runs, strict=True):
        agents = contest.agents(path)
        validation = contest.validation if len(agents.agents) > 1 else None
        plan = planned(suite, agents, contest.episodes, contest.kind(agents), validation)
        scores, chosen_on = contest.scores(agents, plan)
        ways = by_way(entries(scores, chosen_on))
        found.append(Result(run.name, run.method, run.seed, scores.worlds, ways))
    return found


def across(paths: Sequence[Path], contest: Contest) -> CrossPopulation:
    """The agents of each run in the worlds of each run, by the solved score of the worlds' run."""
    import numpy as np

    from openpoet.arena.cross_population import beaten, cross_population

    entered = [contest.agents(path) for path in paths]
    suites = [find_suite(str(path), contest.select) for path in paths]
    rows = []
    for agents in entered:
        blocks = []
        for suite in suites:
            kind = contest.kind(agents)
            plan = Plan(suite, contest.episodes or _episodes(suite, agents, kind), (kind,))
            scores, _ = contest.scores(agents, plan)
            blocks.append(beaten(scores.returns, suite.solved_score))
        rows.append(np.concatenate(blocks, 1))
    owners = [
        np.repeat(np.arange(len(paths)), counts).tolist()
        for counts in ([len(one.agents) for one in entered], [len(one.worlds) for one in suites])
    ]
    return cross_population(np.concatenate(rows), *owners)


def _episodes(suite: Suite, agents: Contestants, kind: str) -> int:
    """The default number; more if only sampled actions tell the episodes of a world apart."""
    number = default_episodes(suite, agents)
    return SAMPLED_EPISODES if number == 1 and kind == "sampled" else number
