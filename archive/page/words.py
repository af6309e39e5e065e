"""The description of a task in a page: title, outline, class of difficulty, numbers. Kept, since
a task never changes.

A family's methods are given as functions of a task's JSON; a task they cannot read has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..store.printable import printable
from .thumbnails import Lines, Outline, lines_of, scale_of

T = TypeVar("T")

LONGEST = 200  # characters of a text in the page
MOST_NUMBERS = 16  # of a task


@dataclass(frozen=True)
class TaskWords:
    """A family's methods, each of a task's JSON. They may raise an exception.

    outline: polylines in metres, without a state. difficulty: a class from 0.
    """

    title: Callable[[Any], str]
    outline: Callable[[Any], Outline] | None = None
    difficulty: Callable[[Any], int | None] | None = None


def shown(text: str | None) -> str | None:
    """A text of an archive, shortened, with unprintable characters escaped."""
    return None if text is None else printable(text[:LONGEST])


class Words:
    """The answers of one run's TaskWords by niche."""

    def __init__(self, family: TaskWords) -> None:
        self.family = family
        self.scale: float | None = None  # [m] of the outlines, from the first
        self._titles: dict[int, tuple[str, int | None]] = {}
        self._thumbnails: dict[int, Lines | None] = {}

    def title(self, niche: int, task: Any) -> tuple[str, int | None]:
        """Title and class of difficulty of the niche's task."""
        if niche not in self._titles:
            level = _call(self.family.difficulty, task)
            self._titles[niche] = self.title_of(task), None if level is None else int(level)
        return self._titles[niche]

    def has_title(self, niche: int) -> bool:
        return niche in self._titles

    def title_of(self, task: Any) -> str:
        return shown(_call(self.family.title, task)) or shown(json.dumps(task)[:LONGEST]) or ""

    def thumbnail(self, niche: int, task: Any) -> Lines | None:
        if niche not in self._thumbnails:
            self._thumbnails[niche] = self.outline(task, simplified=True)
        return self._thumbnails[niche]

    def outline(self, task: Any, *, simplified: bool = False) -> Lines | None:
        """The task's outline in units of the scale; None if it has none."""
        outline = _call(self.family.outline, task)
        if outline is None:
            return None
        try:
            self.scale = scale_of(outline) if self.scale is None else self.scale
            lines = lines_of(outline, self.scale, simplified=simplified)
        except (ValueError, TypeError, AttributeError, IndexError):  # not an outline
            return None
        return lines if any(lines.values()) else None


def _call(method: Callable[[Any], T] | None, task: Any) -> T | None:
    """What a family's method returns; None without the method, or if it raises an exception: the
    task may be untrusted, and a plug-in may raise any.
    """
    if method is None:
        return None
    try:
        return method(task)
    except Exception:
        return None


def numbers(task: Any) -> dict[str, float]:
    """The numbers of a task's JSON by their path, such as "gap.0"; at most MOST_NUMBERS."""
    found: dict[str, float] = {}
    for name, value in _leaves(task, ""):
        if len(found) == MOST_NUMBERS:
            break
        found[shown(name) or ""] = value
    return found


def _leaves(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("schema", "seed"):
                yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{place}" if path else str(place))
