"""The page's files: small, self-contained, no markup from data, and modules that can be joined."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from openpoet.archive.page.files import ASSETS

MODULES = sorted(ASSETS.glob("*.js"))
IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./(\w+\.js)";$', re.MULTILINE)
LATER = re.compile(r'await import\("\./(\w+\.js)"\)')
TOP_LEVEL = re.compile(r"^(export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
# ways from text to markup or code
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|"
    r"srcdoc|\beval\(|new Function|javascript:"
)
LARGEST = 200_000  # bytes of the page and its assets
LONGEST = 250  # lines of a module


def imports(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for names, source in IMPORT.findall(path.read_text()):
        found.setdefault(source, []).extend(names.split(", "))
    return found


def test_the_page_is_small() -> None:
    files = [gzip.compress(path.read_bytes()) for path in ASSETS.iterdir()]
    assert sum(map(len, files)) < LARGEST


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_short_and_makes_no_markup(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("/** ")
    assert not SINKS.search(path.read_text())


def test_nothing_is_asked_of_another_machine() -> None:
    """Addresses in the files are names of XML namespaces only."""
    for path in ASSETS.iterdir():
        found = set(re.findall(r"https?://[^\s\"')]+", path.read_text()))
        assert found <= {"http://www.w3.org/2000/svg"}, path.name


def test_modules_can_be_joined_into_one() -> None:
    """Imports are plain, without a circle, of what is exported; no name is there twice."""
    names = Counter(name for path in MODULES for _, name in TOP_LEVEL.findall(path.read_text()))
    assert [name for name, times in names.items() if times > 1] == []
    for path in MODULES:
        assert path.read_text().count("\nimport ") == len(IMPORT.findall(path.read_text()))
        for source, wanted in imports(path).items():
            content = (ASSETS / source).read_text()
            exported = {name for export, name in TOP_LEVEL.findall(content) if export}
            assert set(wanted) <= exported, (path.name, source)
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...] = ()) -> None:
        assert name not in above, f"circle: {above}"
        for source in imports(ASSETS / name):
            visit(source, (*above, name))
        if name not in order:
            order.append(name)

    visit("main.js")
    for path in MODULES:  # those that are loaded when they are used
        for source in LATER.findall(path.read_text()):
            assert source not in order, f"{path.name}: the page needs {source} at first"
            visit(source)
    assert sorted(order) == [path.name for path in MODULES]
