"""Printed text: characters that a terminal would interpret are escaped, from any source."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from openpoet.archive.store.run_folder import Run
from openpoet.cli.events import firsts, happened
from openpoet.cli.journal import noted
from openpoet.cli.journal import text as in_words
from openpoet.cli.output import Failures, TolerantStream, described, line, printable
from openpoet.cli.progress import Progress
from openpoet.cli.show import overview
from openpoet.cli.show_niche import one
from openpoet.poet.niche import Child, Niche, Population, Transfer
from tests.archive.example_runs import finished

# Escape sequences, C0 and C1 controls, bidirectional overrides and isolates, rich's markup and
# emoji.
PIECES = [
    "\x1b[2J\x1b]0;title\x07\x1b[31m",
    "\x9b31m\x90\x9c\x84\x85\x7f",
    "a\rb\nc\td\x0b\x0c\x08\0",
    "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))),
    "\u2028\u2029\u200b\ufeff\xad\U000e0041\ud800\udcff",
    "[red]x[/] [link=http://a]y[/link] [/] [bold",
    ":warning: \\[red]",
    "stump 0.4-1.2 \u00e9\u4e2d\U0001f600",
]
HOSTILE = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=20), st.characters()), max_size=6
).map("".join)
INTERPRETED = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories


def harmless(text: str) -> bool:
    """Whether the text has no control, format or surrogate characters except line feeds."""
    return not any(unicodedata.category(c) in INTERPRETED for c in text.replace("\n", ""))


@given(HOSTILE)
def test_printable_text_is_unchanged_and_other_characters_are_escaped_reversibly(
    text: str,
) -> None:
    escaped = printable(text)
    assert escaped.isprintable()
    assert harmless(escaped)
    assert printable(escaped) == escaped
    if text.isprintable():
        assert escaped == text
    if "\\" not in text and text.isascii():
        assert escaped.encode().decode("unicode_escape") == text


def printed(renderable: RenderableType, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=10_000, force_terminal=terminal, color_system=None)
    console.print(renderable, soft_wrap=True)
    return console.file.getvalue()  # type: ignore[attr-defined]


@given(HOSTILE)
def test_a_line_is_printed_on_one_line_without_markup(text: str) -> None:
    assert printed(line(text)) == printable(text) + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run"
    finished(path, 12)
    return path


@given(text=HOSTILE, name=HOSTILE)
@settings(max_examples=40)
def test_the_tables_of_show_contain_no_control_characters(run: Path, text: str, name: str) -> None:
    # a reader rejects the others
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs"))
    database = sqlite3.connect(run / "archive.db", isolation_level=None)
    for change in ("niches SET source", "children SET outcome", "transfers SET kind"):
        database.execute(f"UPDATE {change} = ?", [kept])
    database.execute("UPDATE ledger SET purpose = ? || purpose", [kept])
    value = (kept, json.dumps(text))
    database.execute("INSERT OR REPLACE INTO settings VALUES (3, ?, 'key', ?)", value)
    database.close()
    agent = {f"hyper/{name}": torch.tensor(0.5)}
    with Run.open(run, write=False) as opened:
        for pieces in (
            overview(opened, lambda task: text, None, False),
            one(opened, 1, lambda task: text, agent),
        ):
            shown = "".join(map(printed, pieces))
            assert harmless(shown)
            assert printable(text) in shown


@given(HOSTILE)
@settings(max_examples=40)
def test_the_log_and_the_panel_contain_no_control_characters(text: str) -> None:
    niche = Niche(0, None, 0, None, {}, scores=(1.0,), source=text)
    born = Niche(1, 0, 1, None, {}, scores=(1.0,), best=1.0, solved=1)
    before = Population(0, (niche,), niches_born=1)
    child = Child(0, 1, 0, None, "admitted", 1.0, None, 1)
    transfer = Transfer(1, "direct", 0, 0, True, 1.0, None, True, 3)
    after = Population(1, (niche, born), niches_born=2, children_tried=1, events=(child, transfer))
    with open(os.devnull, "w") as nowhere:
        progress = Progress(
            Console(file=nowhere),
            total=9,
            title=text,
            activity=SimpleNamespace(purpose=text, steps=3),
        )
        assert harmless(printed(progress._panel()))
        lines_written = io.StringIO()
        progress.console = Console(file=lines_written, width=10_000)
        for event in (
            *firsts(before, lambda task: text),
            *happened(before, after, lambda task: text),
        ):
            progress.say(in_words(event))
    assert harmless(lines_written.getvalue())
    assert printable(text) in lines_written.getvalue()


def test_the_log_has_one_line_per_message(tmp_path: Path) -> None:
    lines_written: list[str] = []
    write_line = noted(tmp_path / "run.log", lines_written.append, Failures(lines_written.append))
    lines = ["".join(PIECES), "second"]
    for text in lines:
        write_line(text)
    assert lines_written == lines
    assert (tmp_path / "run.log").read_text() == "".join(printable(text) + "\n" for text in lines)
    (tmp_path / "run.log").unlink()
    (tmp_path / "run.log").mkdir()
    del lines_written[:]
    for text in lines:
        write_line(text)
    (report,) = set(lines_written) - set(lines)
    assert report == (
        f"cannot write {tmp_path / 'run.log'} (Is a directory); the run continues without it"
    )
    assert lines_written.count(report) == 1
    assert [text for text in lines_written if text != report] == lines


def test_errors_are_described_with_their_type_except_value_error_and_os_error() -> None:
    assert described(KeyError("x")) == "KeyError: 'x'"
    assert described(ValueError("lr must be\n positive")) == "lr must be positive"
    assert described(ValueError()) == "ValueError"
    assert described(AssertionError()) == "AssertionError"
    assert described(IndexError("list index out of range")) == "IndexError: list index out of range"
    assert described(FileNotFoundError(2, "No such file or directory", "a")).endswith(
        "No such file or directory: 'a'"
    )


def test_nothing_is_written_to_a_stream_after_its_first_error() -> None:
    errors: list[Exception] = []
    with open("/dev/full", "w") as full:
        stream = TolerantStream(full, errors.append)
        for _ in range(3):
            assert stream.write("text") == 4
            stream.flush()
    assert len(errors) == 1
    assert stream.error is errors[0]
    assert isinstance(stream.error, OSError)
    closed = io.StringIO()
    closed.close()
    stream = TolerantStream(closed)
    stream.write("text")
    assert isinstance(stream.error, ValueError)


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """rich draws no live display on such a terminal, although `is_terminal` is true."""
    monkeypatch.setenv("TERM", "dumb")
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=200)
    activity = SimpleNamespace(purpose="iteration/improve", steps=5)
    niche = Niche(0, None, 0, None, {}, scores=(1.0,))
    with Progress(console, total=2, title="a", activity=activity) as progress:
        progress.begin(Population(0, (niche,), niches_born=1))
        for iteration in (1, 2):
            progress.update(Population(iteration, (niche,), niches_born=1), last=iteration == 2)
    assert [text.split(" · ")[0] for text in file.getvalue().splitlines()] == [
        "iteration 1/2",
        "iteration 2/2",
    ]


def test_the_panel_of_a_resumed_run_starts_at_its_last_iteration() -> None:
    activity = SimpleNamespace(purpose="iteration/improve", steps=2_000_000)
    progress = Progress(Console(file=io.StringIO()), total=9, title="a", activity=activity)
    progress.begin(Population(7, (Niche(0, None, 0, None, {}),), niches_born=1))
    shown = printed(progress._panel())
    assert "iteration 7/9" in shown
    assert "2.0 M steps" in shown
    assert sys.stdout is not None
