"""The import graph, read from the source: rooms do not import each other, `cli` imports
rooms, the library imports both, and there are no cycles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("poet", "agents", "envs", "archive", "arena")
FOREIGN = (*ROOMS, "openpoet", "cli", "run")  # names that no room may import
# except these: how settings are declared, the disk cache of compiled kernels, tasks by name, the
# limits of JSON from strangers, and files that are there whole or not at all
SHARED = (
    "openpoet.settings",
    "openpoet.setting_kinds",
    "openpoet.kernel_cache",
    "openpoet.archived_tasks",
    "openpoet.foreign_json",
    "openpoet.whole_files",
)
ODDS_AND_ENDS = {"utils", "util", "common", "base", "helpers", "helper", "misc", "manager"}
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
CLI = sorted((ROOT / "cli").rglob("*.py"))
LIBRARY = sorted((ROOT / "openpoet").glob("*.py"))


def imports(source: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements anywhere in the source, except those for annotations only."""
    tree = ast.parse(source)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in typing_only:
            yield node


def foreign_imports(source: str, path: Path) -> Iterator[str]:
    """Imports that leave the room of `path` or name a room: inside a room imports are relative."""
    depth = len(path.relative_to(ROOT).parts) - 1  # the number of dots that stay within the room
    for node in imports(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in FOREIGN)
        else:
            name = node.module or ""
            if node.level == 0 and name.split(".")[0] in FOREIGN and name not in SHARED:
                yield name
            if node.level > depth:
                yield "." * node.level + name


def own_imports(source: str, module: str, package: bool = False) -> Iterator[str]:
    """Absolute names, starting with `openpoet`, of the modules of openpoet that a module imports.

    module: its own name, such as "openpoet.cli.main". package: whether it is an __init__.py. Of
    `from a import b` both a and a.b are given, since b may be a module.
    """
    parts = module.split(".") if package else module.split(".")[:-1]
    for node in imports(source):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "openpoet")
            continue
        if node.level:
            base = parts[: len(parts) - node.level + 1]
            name = ".".join([*base, *([node.module] if node.module else [])])
        else:
            name = node.module or ""
        if name.split(".")[0] == "openpoet":
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def named(path: Path) -> str:
    """The absolute name of the module, starting with `openpoet`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "openpoet" else parts
    return ".".join(["openpoet", *(part for part in parts if part != "__init__")])


def graph(paths: list[Path]) -> dict[str, set[str]]:
    """For each module of these files, the modules of these files that it imports."""
    modules = {named(path): path for path in paths}
    return {
        name: {
            target
            for target in own_imports(path.read_text(), name, path.name == "__init__.py")
            if target in modules and target != name
        }
        for name, path in modules.items()
    }


def cycle(arrows: Mapping[str, set[str]]) -> list[str]:
    """A cycle of imports; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(arrows.get(name, ())):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(arrows) if (found := visit(name, []))), [])


def test_there_are_modules_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ROOMS)
    assert len(CLI) > 20
    assert len(LIBRARY) > 3


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_never_import_each_other(path: Path) -> None:
    assert list(foreign_imports(path.read_text(), path)) == []


@pytest.mark.parametrize("name", SHARED)
def test_a_module_that_every_room_may_import_imports_no_room(name: str) -> None:
    path = ROOT / f"{name.replace('.', '/')}.py"
    source = path.read_text()
    assert list(foreign_imports(source, path)) == []
    assert not any(
        isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize("path", CLI, ids=lambda path: str(path.relative_to(ROOT)))
def test_cli_imports_only_rooms_and_itself(path: Path) -> None:
    """It does not import the library, which is built on it."""
    found = own_imports(path.read_text(), named(path), path.name == "__init__.py")
    shared = ("settings", "foreign_json", "whole_files")
    below = tuple(f"openpoet.{room}" for room in (*ROOMS, "cli", *shared))
    assert [
        name for name in found if not f"{name}.".startswith(tuple(f"{b}." for b in below))
    ] == []


@pytest.mark.parametrize("paths", [MODULES, CLI, LIBRARY], ids=["rooms", "cli", "library"])
def test_modules_have_no_import_cycles(paths: list[Path]) -> None:
    assert cycle(graph(paths)) == []


@pytest.mark.parametrize("room", ROOMS)
def test_folders_of_a_room_have_no_import_cycles(room: str) -> None:
    folders: dict[str, set[str]] = {}
    for name, targets in graph(
        [path for path in MODULES if path.is_relative_to(ROOT / room)]
    ).items():
        own = folder(name)
        folders.setdefault(own, set()).update(folder(target) for target in targets)
        folders[own].discard(own)
    assert cycle({name: targets - {""} for name, targets in folders.items() if name}) == []


def folder(module: str) -> str:
    """The sub-folder of a module in its room; empty at the top level."""
    path = ROOT.joinpath(*module.split(".")[1:3])
    return path.name if path.is_dir() else ""


@pytest.mark.parametrize("path", [*MODULES, *CLI, *LIBRARY], ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_has_a_catch_all_name(path: Path) -> None:
    assert not ODDS_AND_ENDS & {*path.relative_to(ROOT).with_suffix("").parts}


@pytest.mark.parametrize(
    "line",
    [
        "import envs",
        "from envs.walker import x",
        "from ..envs import x",
        "import openpoet.poet",
        "import cli.main",
        "from openpoet import launch",
        "from poet import niche",
        "from openpoet import settings, poet",
        "from openpoet.cli.settings import fields",
    ],
)
def test_foreign_imports_are_found(line: str) -> None:
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
def test_permitted_imports_are_accepted(line: str) -> None:
    assert not list(foreign_imports(line, ROOT / "poet" / "engine.py"))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from . import a", ["openpoet.cli", "openpoet.cli.a"]),
        ("from ..poet.niche import Niche", ["openpoet.poet.niche", "openpoet.poet.niche.Niche"]),
        ("def f():\n    import openpoet.runs", ["openpoet.runs"]),
        ("from openpoet import launch", ["openpoet", "openpoet.launch"]),
        ("import numpy", []),
    ],
)
def test_imports_are_resolved(line: str, names: list[str]) -> None:
    assert list(own_imports(line, "openpoet.cli.main")) == names


def test_a_cycle_is_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
