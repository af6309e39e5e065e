"""Plug-ins: families, learners and curricula from a .py file or from the entry point of an
installed package.

A file is loaded under a private module name, so that its own name may be that of another module,
such as archive.py, statistics.py or poet.py.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

from .trust import check_unchanged, content

GROUPS = {
    "family": "openpoet.families",
    "learner": "openpoet.learners",
    "curriculum": "openpoet.curricula",
}
RESERVED = ("run", "poet", "ranges", "curriculum")  # sections of every run
Described = Callable[[dict[str, Any]], Callable[..., Any]]
_PREFIX = "_openpoet_plugin_"


def load(
    kind: str, name: str, ours: Iterable[str], described: Described | None = None
) -> Callable[..., Any]:
    """The class that a .py file names (`family = ...`, `learner = ...`, `curriculum = ...`), or an
    entry point.

    described: converts a dict in place of the class, `family = {...}`, to a callable; it raises
    ValueError if the dict is invalid. None: a dict is an error.
    """
    if name.endswith(".py"):
        return _from_file(kind, Path(name), described)
    found = {point.name: point for point in entry_points(group=GROUPS[kind])}
    if name not in found:
        known = ", ".join(sorted({*ours, *found}))
        raise ValueError(
            f"unknown {kind} {name!r}: there are {known}, or give the path of a .py file"
        )
    try:
        return found[name].load()
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{kind} {name!r}: the entry point {found[name].value} of an installed package cannot "
            f"be loaded: {error}; install the package again, or ask its author"
        ) from error


def gymnasium_family(arguments: dict[str, Any]) -> Callable[..., Any]:
    """A family of Gymnasium environments from the dict of a plug-in, the arguments of
    GymnasiumFamily.
    """
    from openpoet.envs.gymnasium_family import GymnasiumFamily

    try:
        signature(GymnasiumFamily).bind(**arguments)
    except TypeError as error:
        raise ValueError(
            f"the dict `family` must hold the arguments of GymnasiumFamily: {error}"
        ) from None
    return partial(GymnasiumFamily, **arguments)


def installed(kind: str) -> list[str]:
    """Names of the entry points of installed packages."""
    return sorted(point.name for point in entry_points(group=GROUPS[kind]))


def kinds_in(path: Path) -> list[str]:
    """What a .py file names, of the kinds in GROUPS. The file is executed."""
    module = load_file(path, "the file")
    if not (found := [kind for kind in GROUPS if hasattr(module, kind)]):
        raise ValueError(
            f"{path} names neither a family, a learner nor a curriculum: its last line must be "
            "`family = MyFamily`, `learner = MyLearner` or `curriculum = MyCurriculum`"
        )
    return found


def section(name: str) -> str:
    """The section of a part's settings: its name, or the name of its file without .py.

    The names in RESERVED get a suffix: the section of poet.py is [poet_py].
    """
    stem = Path(name).stem if name.endswith(".py") else name
    return f"{stem}_py" if stem in RESERVED else stem


def module_name(name: str) -> str:
    """The module name of a file: the same for the same path, and different from all others."""
    path = Path(name).resolve()
    stem = re.sub(r"[^0-9A-Za-z_]", "_", path.stem)
    return f"{_PREFIX}{stem}_{hashlib.sha256(bytes(path)).hexdigest()[:12]}"


def digests(files: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of each of these plug-ins' files as it was when it was executed."""
    return {name: sys.modules[module_name(name)].__dict__["__sha256__"] for name in files}


def place(error: BaseException) -> str:
    """The innermost line of a plug-in's file in an error's traceback, such as "hill.py, line 12";
    empty if there is none.
    """
    causes: BaseException | None = error
    while causes is not None:
        frames = [
            (str(frame.f_globals.get("__name__")), frame.f_code.co_filename, line)
            for frame, line in traceback.walk_tb(causes.__traceback__)
        ]
        # an error of another process has the frames it had there (rollouts.remote_errors)
        for module, file, line in reversed([*frames, *getattr(causes, "frames", [])]):
            if module.startswith(_PREFIX):
                return f"{Path(file).name}, line {line}"
        causes = causes.__cause__
    return ""


def _from_file(kind: str, path: Path, described: Described | None) -> Callable[..., Any]:
    module = load_file(path, kind)
    part = getattr(module, kind, None)
    if isinstance(part, dict) and described is not None:
        return described(part)
    if not callable(part):
        raise ValueError(
            f"{kind} {path}: its last line must name the class, such as `{kind} = MyClass`"
        )
    return part


def load_file(path: Path, role: str) -> ModuleType:
    """The file as a module. It is executed again only if its content has changed.

    ChangedError if a run's file is not as it was when it was trusted. ValueError, one line, if it
    raises an error.
    """
    name, source = module_name(str(path)), content(path, role)
    digest = hashlib.sha256(source).hexdigest()
    check_unchanged(path, digest, role)  # of the bytes that are executed
    if getattr(sys.modules.get(name), "__sha256__", None) == digest:
        return sys.modules[name]
    path = path.resolve()
    try:
        code = compile(source, str(path), "exec")
    except (SyntaxError, ValueError) as error:  # the text of a SyntaxError names file and line
        raise ValueError(f"{role} {path} is not Python: {error}") from error
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "its name ends in .py"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses in the file look their module up by name
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception):  # Ctrl-C, sys.exit
            raise
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ValueError(f"{role} {path} cannot be loaded: {text} ({place(error)})") from error
    module.__dict__["__sha256__"] = digest
    return module
