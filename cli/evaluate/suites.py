"""The suite of a name: one of openpoet's, a file, or the niches of a run or a pack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..parts import Tables
from ..plugin_files import refusal
from ..run_settings import settings_of
from ..wiring import make_family, whole_task

if TYPE_CHECKING:
    from openpoet.arena.suites.suite import Suite

FIRST_SEED, SEEDS = 2**31, 1000  # of worlds that are niches; trainings draw seeds below
EPISODES = 20  # by default, of such a world that differs from episode to episode
MACHINE = "threads"  # a setting that never changes a result


def find_suite(name: str, select: str | None = None) -> Suite:
    """The suite of this name, .json file, run folder or pack.

    select: of a run or pack, which niches are worlds: an expression; None: those alive in a run,
    all in a pack. Of a suite, how many worlds, the first ones; None: all. ValueError,
    one line, if there is no such suite.
    """
    from openpoet.arena.suites.reading import read, suite, suites

    if name in suites() or name.endswith(".json"):
        found = suite(name) if name in suites() else read(Path(name))
        return found if select is None else found.first(_number_of_worlds(select, name))
    try:
        return _suite_of(name, select)
    except ValueError as error:
        if Path(name).exists():
            raise
        raise ValueError(
            f"unknown suite {name!r}: there are {', '.join(suites())}, or a .json file, a run or "
            f"a pack ({error})"
        ) from None


def _number_of_worlds(text: str, suite: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(
            f"--worlds must be a number for {suite}, which is a suite, for its first worlds; an "
            f"expression selects niches of a run or a pack, got {text!r:.60}"
        )
    return int(text)


def with_settings(tables: Tables, suite: Suite) -> Tables:
    """The settings of a run with those of the suite in the section of the family, and `tasks` as
    its worlds are: "randomised" or not.

    ValueError if the suite is of another family.
    """
    from ..plugins import section

    family = tables["run"]["family"]
    if suite.family != family:
        raise ValueError(
            f"the suite {suite.name} has worlds of the family {suite.family}, the agents are of "
            f"{family}: choose another suite"
        )
    place = section(family)
    others = {name: table for name, table in tables.items() if name != "ranges"}  # worlds have them
    tasks = "randomised" if _randomised(suite) else "fixed"
    return {
        **others,
        "run": {**tables["run"], "tasks": tasks},
        place: {**tables.get(place, {}), **suite.settings},
    }


def _randomised(suite: Suite) -> bool:
    """Whether the worlds are tasks of a run with `tasks = "randomised"`."""
    tasks: list[Any] = [world.task for world in suite.worlds]  # a plug-in's may be any JSON
    return any(isinstance(task, dict) and task.get("family") == "randomised" for task in tasks)


def family_of(suite: Suite, threads: int | None) -> Any:
    """The task family of a suite for agents that are not of a run.

    ValueError for a family in a file: a suite is data, its file must not name code.
    """
    if suite.family.endswith(".py"):
        raise ValueError(
            f"the suite {suite.name} is of the family {suite.family}, a file: only agents of a run "
            "of this family can be evaluated on it"
        )
    return make_family(with_settings({"run": {"family": suite.family}}, suite), threads)


def _suite_of(name: str, select: str | None) -> Suite:
    from openpoet.archive.seeds.finding import ALL, DEFAULT, choose
    from openpoet.archive.store.measures import FIELDS, each, fields
    from openpoet.archive.store.printable import printable
    from openpoet.archive.store.run_folder import Run, find_run
    from openpoet.arena.suites.suite import Suite, World

    from ..plugins import section

    path = find_run(name)
    with Run.open(path, write=False) as run:
        tables = settings_of(run)
        if reason := refusal(tables, ["family"]):
            raise ValueError(reason)
        default = DEFAULT if run.complete else ALL
        ids = set(choose(path, select or default, (*FIELDS, "alive"), lambda: fields(run)))
        rows = list(each(run, "SELECT id, task FROM niches ORDER BY id"))
        worlds = tuple(
            World(f"niche {row['id']}", whole_task(tables, row["task"]))
            for row in rows
            if row["id"] in ids
        )
    family = tables["run"]["family"]
    own, place = make_family(tables, 1).spec, section(family)
    return Suite(
        name=printable(path.name),
        version=1,
        about="niches of a run",
        family=family,
        settings={key: value for key, value in tables[place].items() if key != MACHINE},
        episodes=1 if own.deterministic else EPISODES,
        solved_score=float(own.solved_score),
        solved_by="return and success",
        seeds=tuple(range(FIRST_SEED, FIRST_SEED + SEEDS)),
        worlds=worlds,
    )
