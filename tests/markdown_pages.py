"""Markdown pages as data: headings' anchors, links, code references, fenced blocks."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CODE = re.compile(r"([\w./-]+\.py):([A-Za-z_][\w.]*)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """Blocks and what is inside them, in the order of the page."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        flat += [token, *(token.children or ())]
    return tuple(flat)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    found, seen = set(), Counter[str]()
    for opening, title in zip(tokens(page), tokens(page)[1:], strict=False):
        if opening.type != "heading_open":
            continue
        text = "".join(c.content for c in title.children or () if c.type in ("text", "code_inline"))
        kept = (c for c in text.lower() if c in " -_" or unicodedata.category(c)[0] in "LNM")
        slug = "".join(kept).strip().replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def links(page: Path) -> Iterator[str]:
    for token in tokens(page):
        target = token.attrs.get("href") or token.attrs.get("src")
        if target:
            yield str(target)


def dead(page: Path) -> Iterator[str]:
    """Links to files or anchors that are not there. Links to other sites are not followed."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{link}: no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{link}: no such heading in {target.name}"


def names_in(source: Path) -> set[str]:
    """Functions, classes, methods and module constants of a file: `f`, `C`, `C.f`."""
    found: set[str] = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        for name in _bound(node):
            found.add(name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{name}.{inner}" for child in node.body for inner in _bound(child)}
    return found


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def missing_code(page: Path) -> Iterator[str]:
    """References of the form `path.py:name` whose file or name is not there."""
    for token in tokens(page):
        if token.type != "code_inline":
            continue
        for path, name in CODE.findall(token.content):
            if not (ROOT / path).is_file():
                yield f"{path}: no such file"
            elif name not in names_in(ROOT / path):
                yield f"{path}:{name}: no such name"


@dataclass(frozen=True)
class Block:
    """A fenced block of a tutorial. note: the comment `<!-- NOTE -->` right before it."""

    language: str
    text: str
    note: str

    @property
    def short(self) -> str:
        """How the test shortens the block; empty if it runs as it is."""
        return self.note.removeprefix("short:").strip() if self.note.startswith("short:") else ""


def blocks(page: Path) -> list[Block]:
    """The blocks in bash, Python and TOML.

    A comment before a block says how the test differs from the text:

    short: OPTIONS              appended to each `openpoet launch` and `resume`
    short: FIRST | SECOND ...   appended to one after the other
    short: NAME = value         in Python, in place of that assignment
    not run: REASON             left out
    """
    found, note = [], ""
    for token in tokens(page):
        if token.type == "html_block":
            note = token.content.strip().removeprefix("<!--").removesuffix("-->").strip()
        elif token.type == "fence":
            if token.info in ("bash", "python", "toml"):
                found.append(Block(token.info, token.content, note))
            note = ""
    return found
