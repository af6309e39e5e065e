"""Editing of tasks in the page: the browser sends a task and one change of it, and gets the changed
task with its outline. It is the only part of the page that writes, and needs a token.

The server keeps no state of an edit: a page sends its whole task with every change.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .requests import RefusedError
from .site import Site
from .thumbnails import lines_of, scale_of
from .view import RunView
from .words import shown

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily

Knob = tuple[float, float, float, float]  # value, low, high, step
MOST_A_SECOND = 25  # edits of all pages together; others wait
LARGEST_NUMBER = 2**31  # of a mutation


@dataclass(frozen=True)
class Editor:
    """What the tasks of one run are edited with.

    title: a task in words. inject: function (task, source) that puts the task into the run and
    returns a line about it.
    """

    family: TaskFamily
    title: Callable[[Task], str]
    inject: Callable[[Task, str], str]


@dataclass
class Editing:
    """The editors of a site's runs. Changes are computed one at a time.

    token: what a request must send to write.
    """

    site: Site
    open_editor: Callable[[Path], Editor]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _open: dict[str, tuple[RunView, Editor]] = field(default_factory=dict)
    _next: float = 0.0  # when the next change may be computed
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def changed(self, run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The task that is asked for: its JSON, title, knobs, and outline in units of `scale`.

        asked: `task`, its JSON, and at most one of `turn`, [name, value] of a knob; `stroke`,
        [[x, y], [x, y]] in metres, from and to; `mutate`, a number that draws the mutation.
        ValueError, one line, if it is something else.
        """
        view = self.site.view(run)
        with self._lock:
            self._wait()
            editor = self._editor(run)
            task = edited(editor.family, editor.family.decode(_task(asked)), asked)
            outline = editor.family.outline(task, None)
            scale = view.words.scale or scale_of(outline)
            return {
                "task": editor.family.encode(task),
                "title": shown(editor.title(task)),
                "knobs": knobs_of(editor.family, task),
                "draws": hasattr(editor.family, "drawn"),
                "scale": scale,
                "outline": lines_of(outline, scale),
            }

    def injected(self, run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Put a task into the run as a candidate; gives `line`, which says what becomes of it.

        asked: `task`, its JSON, and `niche`, the number of the niche whose task was edited.
        ValueError, one line, if it is none of the family, or exceeds the bounds of a knob.
        """
        niche = asked.get("niche")
        if type(niche) is not int or niche < 0:
            raise RefusedError(400, f"niche must be the number of a niche, got {str(niche)[:40]!a}")
        self.site.view(run)
        with self._lock:
            self._wait()
            editor = self._editor(run)
            task = editor.family.decode(_task(asked))
            for name, knob in knobs_of(editor.family, task).items():
                check_bounds(name, knob, knob[0])
            return {"line": editor.inject(task, f"injected task edited from niche {niche}")}

    def _editor(self, run: str) -> Editor:
        """The run's editor; a new one where another run took the place of the one before."""
        view = self.site.view(run)
        known = self._open.get(run)
        if known is None or known[0] is not view:
            known = self._open[run] = view, self.open_editor(view.run.path)
        return known[1]

    def _wait(self) -> None:
        """Until the next change may be computed; connections are bounded, and so is the queue."""
        now = time.monotonic()
        time.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + 1 / MOST_A_SECOND


def edited(family: TaskFamily, task: Task, asked: Mapping[str, Any]) -> Task:
    """The task after one change. ValueError, one line, if the change is none or out of bounds."""
    changes = [name for name in ("turn", "stroke", "mutate") if name in asked]
    match changes, [asked[name] for name in changes]:
        case [], []:
            return task
        case ["turn"], [[str(name), value]]:
            knob = knobs_of(family, task).get(name)
            if knob is None:
                raise RefusedError(400, f"the task has no {name[:40]!a}")
            return family.turned(task, name, check_bounds(name, knob, value))  # type: ignore[attr-defined]  # optional
        case ["stroke"], [[[_, _], [_, _]] as stroke] if all(map(_finite, chain(*stroke))):
            if not hasattr(family, "drawn"):
                raise RefusedError(400, "tasks of this family cannot be drawn")
            return family.drawn(task, np.array(stroke, np.float64))
        case ["mutate"], [int(number)] if 0 <= number < LARGEST_NUMBER:
            return family.mutate(task, np.random.default_rng(number))
    raise RefusedError(
        400, "a change is turn: [name, value], stroke: [[x, y], [x, y]] or mutate: number"
    )


def knobs_of(family: TaskFamily, task: Task) -> dict[str, Knob]:
    """What can be turned, by name; nothing where the family has no such method."""
    method = getattr(family, "knobs", None)
    return {} if method is None else dict(method(task))


def check_bounds(name: str, knob: Knob, value: Any) -> float:
    """The value. ValueError, one line, unless it is a number within the knob's bounds."""
    _, low, high, _ = knob
    if not (_finite(value) and low <= value <= high):
        raise RefusedError(
            400,
            f"{name[:40]} must be a number from {low:g} to {high:g} in this run, "
            f"got {str(value)[:40]!a}",
        )
    return float(value)


def _task(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    task = asked.get("task")
    if not isinstance(task, dict):
        raise RefusedError(400, f"task must be a JSON object, got {str(task)[:40]!a}")
    return task


def _finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
