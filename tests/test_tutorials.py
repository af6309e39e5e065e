"""The commands and the Python code of the tutorials run, in the order of the page."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import openpoet.cli.main as command
import pytest
from markdown_pages import DOCS, ROOT, Block, blocks, named

TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))


def run_block(block: Block, namespace: dict[str, object]) -> None:
    first = re.match(r"# (\S+\.(?:py|toml))\n", block.text)
    if first is not None:  # the content of a file
        Path(first.group(1)).write_text(block.text, encoding="utf-8")
    elif block.language == "python":
        exec(compile(shortened(block), "<document>", "exec"), namespace)
    else:
        assert block.language == "bash", f"a TOML block must name its file: {block.text!r}"
        for line in block.text.replace("\\\n", " ").splitlines():
            run_line(line, block.short)


def shortened(block: Block) -> str:
    """Python with the assignment `NAME = value` of the comment in place of the text's own."""
    if not block.short:
        return block.text
    name = block.short.partition(" = ")[0]
    text, count = re.subn(rf"(?m)^{name} = .*$", block.short, block.text)
    assert count == 1, f"the block has no line {name} = ..."
    return text


def run_line(line: str, short: str) -> None:
    words = shlex.split(line, comments=True)
    if not words:
        return
    if words[0] != "openpoet":
        subprocess.run(["bash", "-ec", line], check=True)
        return
    more = shlex.split(short) if words[1] in ("launch", "resume") else []
    assert command.main([*words[1:], *more]) == 0, line


@pytest.mark.parametrize("page", TUTORIALS, ids=named)
def test_the_blocks_of_a_tutorial_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, with the overrides that the page's own comments list."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace: dict[str, object] = {"__name__": "__document__"}
    for block in blocks(page):
        if not block.note.startswith("not run:"):
            run_block(block, namespace)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=named)
def test_the_commands_of_the_front_pages_exist(page: Path) -> None:
    """Each `openpoet VERB --option` names a command and options that there are."""
    import typer.main

    verbs = typer.main.get_command(command.app).commands  # type: ignore[attr-defined]
    for block in blocks(page):
        if block.language != "bash":
            continue
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] != ["openpoet"] or words[1].startswith("--"):
                continue
            options = {name for param in verbs[words[1]].params for name in param.opts}
            used = {word.split("=")[0] for word in words[2:] if word.startswith("--")}
            assert used <= options, line
