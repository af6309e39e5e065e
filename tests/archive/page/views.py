"""Views of example runs: the fakes' family as the page's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpoet.archive.page.opened import OpenRun
from openpoet.archive.page.view import About, RunView
from openpoet.archive.page.words import TaskWords
from tests.archive.example_runs import FAMILY

ABOUT = About(
    family="fake",
    learner="fake",
    seed=1,
    iterations=40,
    words=TaskWords(
        lambda task: f"point {task['x']} {task['y']}",
        lambda task: FAMILY.outline(FAMILY.decode(task)),
        lambda task: int(task["x"] > 0.5),
    ),
)


class NoReplays:
    """Of a site that shows no replays."""

    def warm(self) -> None:
        pass

    def replay(self, view: RunView, niche: int, agent: int, at: str) -> dict[str, Any]:
        raise ValueError("there are no replays here")


def opened(path: Path) -> tuple[OpenRun, About, NoReplays]:
    return OpenRun(path), ABOUT, NoReplays()


def view_of(path: Path) -> RunView:
    return RunView(OpenRun(path), ABOUT)
