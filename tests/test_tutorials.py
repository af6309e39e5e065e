"""The commands and the Python code of README and tutorials run, in the order of the page."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from markdown_pages import DOCS, ROOT, Block, blocks, named

import openpoet.cli.main as command

PAGES = [
    ROOT / "README.md",
    DOCS / "reference" / "library.md",
    *sorted((DOCS / "tutorials").glob("*.md")),
]


def run_block(block: Block, namespace: dict[str, object]) -> None:
    first = re.match(r"# (\S+\.(?:py|toml))\n", block.text)
    if first is not None:  # the content of a file
        Path(first.group(1)).write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        exec(compile(shortened(block), "<document>", "exec"), namespace)
    else:
        assert block.language == "bash", f"a TOML block must name its file: {block.text!r}"
        shorts = [*block.short.split("|")]
        for line in block.text.replace("\\\n", " ").splitlines():
            if run_line(line, shorts[0]) and len(shorts) > 1:
                shorts.pop(0)


def shortened(block: Block) -> str:
    """Python code with the replacements of the comment: `OLD -> NEW`, separated by `|`."""
    text = block.text
    for change in filter(None, block.short.split("|")):
        old, _, new = change.partition("->")
        assert text.count(old.strip()) == 1, f"the block has no single {old!r}"
        text = text.replace(old.strip(), new.strip())
    return text


def run_line(line: str, short: str) -> bool:
    """Whether the options in `short` were appended to the line."""
    words = shlex.split(line, comments=True)
    if not words:
        return False
    if words[0] != "openpoet":
        subprocess.run(["bash", "-ec", line], check=True)
        return False
    runs = words[1] in ("launch", "resume")
    more = shlex.split(short) if runs else []
    assert command.main([*words[1:], *more]) == 0, line
    return runs


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_blocks_of_a_page_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, with the overrides in the comments of the page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    namespace: dict[str, object] = {"__name__": "__document__"}
    for block in blocks(page):
        if not block.note.startswith("not run:"):
            run_block(block, namespace)
