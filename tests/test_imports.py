"""The house's import rule, read off the source: rooms never import each other, no module is for
odds and ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("poet", "agents", "envs", "archive")
FOREIGN = (*ROOMS, "openpoet", "cli", "run")  # names that no room may import
SETTINGS = "openpoet.settings"  # but this: how settings are declared; it imports no room
ODDS_AND_ENDS = {"utils", "util", "common", "base", "helpers", "helper", "misc", "manager"}
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def foreign_imports(source: str, path: Path) -> Iterator[str]:
    """Imports that leave the room of `path` or name a room at all: inside a room imports are
    relative.
    """
    tree = ast.parse(source)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    depth = (
        len(path.relative_to(ROOT).parts) - 1
    )  # folders from the root down to the module: dots that stay in its room
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in FOREIGN)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level == 0 and name.split(".")[0] in FOREIGN and name != SETTINGS:
                yield name
            if node.level > depth:
                yield "." * node.level + name


def test_there_are_modules_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_never_import_each_other(path: Path) -> None:
    assert list(foreign_imports(path.read_text(), path)) == []


def test_the_module_that_every_room_may_import_imports_none() -> None:
    path = ROOT / "openpoet" / "settings.py"
    source = path.read_text()
    assert list(foreign_imports(source, path)) == []
    assert not any(
        isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_for_odds_and_ends(path: Path) -> None:
    assert not ODDS_AND_ENDS & {*path.relative_to(ROOT).with_suffix("").parts}


@pytest.mark.parametrize(
    "line",
    [
        "import envs",
        "from envs.walker import x",
        "from ..envs import x",
        "import openpoet.poet",
        "from poet import niche",
        "from openpoet import settings, poet",
        "from openpoet.cli.settings import fields",
    ],
)
def test_the_rule_catches(line: str) -> None:
    assert list(foreign_imports(line, ROOT / "poet" / "engine.py"))


@pytest.mark.parametrize(
    "line",
    [
        "from .niche import Niche",
        "import numpy",
        "from openpoet.settings import Settings",
        "if TYPE_CHECKING:\n    from agents import es",
    ],
)
def test_the_rule_allows(line: str) -> None:
    assert not list(foreign_imports(line, ROOT / "poet" / "engine.py"))
