"""Families and learners that are not ours: a file of the user's, or an installed package's entry point."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

GROUPS = {"family": "openpoet.families", "learner": "openpoet.learners"}


def load(kind: str, name: str, ours: Iterable[str]) -> Callable[..., Any]:
    """The class that a .py file names (`family = ...`, `learner = ...`), or that an entry point of that name gives."""
    if name.endswith(".py"):
        return _from_file(kind, Path(name))
    found = {point.name: point for point in entry_points(group=GROUPS[kind])}
    if name not in found:
        known = ", ".join(sorted({*ours, *found}))
        raise ValueError(f"unknown {kind} {name!r}: there are {known}, or give the path of a .py file")
    return found[name].load()


def installed(kind: str) -> list[str]:
    """Names that installed packages offer."""
    return sorted(point.name for point in entry_points(group=GROUPS[kind]))


def section(name: str) -> str:
    """The section of the settings that belongs to a part: its name, or its file's."""
    return Path(name).stem if name.endswith(".py") else name


def _from_file(kind: str, path: Path) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"--{kind} {path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses in the file look their module up by name
    spec.loader.exec_module(module)
    part = getattr(module, kind, None)
    if not callable(part):
        raise ValueError(f"--{kind} {path}: its last line must name the class, such as `{kind} = MyClass`")
    return part
