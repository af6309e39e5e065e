"""The page's files, and its modules in the order of their imports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
ENTRY = "main.js"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z0-9_.-]+\.js)";\n', re.MULTILINE)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def assets() -> Mapping[str, tuple[str, bytes]]:
    """Type and content of every file of the page, by name."""
    return {
        path.name: (_TYPES[path.suffix], path.read_bytes())
        for path in sorted(ASSETS.iterdir())
        if path.suffix in _TYPES and path.is_file()
    }


@cache
def first_modules() -> tuple[str, ...]:
    """The modules that the page needs at first. Others are loaded when they are used."""
    return tuple(in_order({name: file.decode() for name, (_, file) in assets().items()}))


def in_order(modules: Mapping[str, str]) -> list[str]:
    """ENTRY and the modules that it imports, each after those that it imports itself.

    modules: source by name. ValueError if modules import each other.
    """
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"modules import each other: {' -> '.join((*above, name))}")
        if name in order:
            return
        for other in IMPORT.findall(modules[name]):
            visit(other, (*above, name))
        order.append(name)

    visit(ENTRY, ())
    return order
