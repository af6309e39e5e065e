"""The experiment `transfers`: how many agents moved, and the transfer that helped most, in words
and as a film.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .experiment_data import Effort, Found
from .run_settings import settings_of
from .wiring import titles as titles_of

if TYPE_CHECKING:
    import numpy as np

    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.transfers import Help


def transfers(run: Run, _: Run | None, effort: Effort) -> Found:
    """Agents tried and accepted by kind, and the transfer that helped most; its film, if one is
    asked for.
    """
    from openpoet.archive.store.measures import each, transfers_by_kind
    from openpoet.arena.experiments import transfers as experiment

    rows = each(run, "SELECT iteration, target, accepted FROM transfers WHERE NOT at_birth")
    replaced = experiment.attempts([(r["iteration"], r["target"], r["accepted"]) for r in rows])
    table = experiment.kinds_table(transfers_by_kind(run), replaced)
    window, helped = judged(run)
    best = experiment.most_helpful(helped)
    if best is None:
        reason = f"no transfer helped: none of {len(helped)} has a gain in {window} iterations"
        if effort.film is not None:
            raise ValueError(f"{run.path} has nothing to film: {reason}")
        return Found([table], [reason])
    lines = _story(run, best, window)
    if effort.film is not None:
        from .transfer_film import film

        lines.append(film(run, best.move, effort.film, effort.machine))
    return Found([table], lines)


def judged(run: Run) -> tuple[int, list[Help]]:
    """The window in iterations, and what each accepted transfer between niches changed."""
    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments import transfers as experiment

    columns = "iteration, kind, source, target, score, bar"
    query = f"SELECT {columns} FROM transfers WHERE accepted AND NOT at_birth ORDER BY id"
    moves = [experiment.Move(**row) for row in each(run, query)]
    interval = settings_of(run)["poet"].get("transfer_every", 0)
    return experiment.judged(moves, _scores(run), interval)


def _story(run: Run, best: Help, window: int) -> list[str]:
    from openpoet.archive.store.measures import each
    from openpoet.arena.experiments import transfers as experiment

    parents, titles = {}, {}
    title = titles_of(settings_of(run))
    for row in each(run, "SELECT id, parent, task FROM niches ORDER BY id"):
        parents[row["id"]] = row["parent"]
        if row["id"] in (best.move.source, best.move.target):
            titles[row["id"]] = title(row["task"])
    return experiment.story(best, window, titles, parents)


def _scores(run: Run) -> dict[int, np.ndarray]:
    """Scores by niche, [iterations] float64 with NaN where a niche was not scored."""
    import numpy as np

    from openpoet.archive.store.measures import each

    last = run.last_iteration()
    found: dict[int, np.ndarray] = {}
    for row in each(run, "SELECT iteration, niche, score FROM scores ORDER BY iteration"):
        values = found.setdefault(row["niche"], np.full(last + 1, np.nan))
        values[row["iteration"]] = row["score"]
    return found
