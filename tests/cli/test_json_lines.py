"""The events of a run as JSON lines: a killed and resumed run writes those of an uninterrupted one,
and they agree with the archive.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import openpoet.cli.main as command
from openpoet.archive.store.run_folder import Run
from openpoet.cli.events import Refused, Solved
from openpoet.cli.json_lines import LONGEST, JsonLines, line
from tests.cli.test_run_loop import launch


def lines(folder: Path) -> list[dict[str, Any]]:
    """The events without the values of the clock."""
    found = [json.loads(text) for text in (folder / "events.jsonl").read_text().splitlines()]
    return [{k: v for k, v in one.items() if not k.startswith("clock_")} for one in found]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert launch(folder, 8) == 0
    return folder


def test_a_resumed_run_has_the_lines_of_an_uninterrupted_one(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "resumed"
    assert launch(folder, 4) == 0
    with (folder / "events.jsonl").open("ab") as file:  # of an iteration that was not committed
        file.write(line(Solved(5, 0, 1.0)) + b'{"iteration": 5, "ev')
    assert command.main(["resume", str(folder), "--iterations", "8", "--workers", "1"]) == 0
    assert lines(folder) == lines(whole)


def test_the_lines_agree_with_the_archive(whole: Path) -> None:
    found = lines(whole)
    with Run.open(whole, write=False) as run:
        niches, iterations = run.rows("niches"), run.rows("iterations")
        children, transfers = run.rows("children"), run.rows("transfers")
    of: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        of.setdefault(one["event"], []).append(one)
    born = [(one["niche"], one["parent"], one["iteration"]) for one in of["born"]]
    assert born == [(n["id"], n["parent"], n["born"]) for n in niches if n["born"] > 0]
    retired = [(one["niche"], one["iteration"]) for one in of["retired"]]
    assert retired == [(n["id"], n["died"]) for n in niches if n["died"] is not None]
    refused = sum(sum(one["reasons"].values()) for one in of["refused"])
    assert refused == sum(child["niche"] is None for child in children)
    taken = [(t["iteration"], t["target"], t["score"]) for t in transfers if not t["at_birth"]]
    assert {(o["iteration"], o["niche"], o["score"]) for o in of["transferred"]} <= {*taken}
    points = {one["iteration"]: one["values"] for one in of["measured"]}
    assert [values["environment steps"] for values in points.values()] == [
        row["steps"] for row in iterations[1:]
    ]
    assert [one["niche"] for one in of["first"]] == [n["id"] for n in niches if n["born"] == 0]


@given(st.lists(st.binary(max_size=30), max_size=4), st.integers(1, 5))
@settings(max_examples=60)
def test_what_follows_the_resumed_iteration_or_is_no_event_is_cut(
    tmp_path_factory: pytest.TempPathFactory, junk: list[bytes], at: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "events.jsonl"
    good = [line(Refused(i, 3, {"too hard": 3})) for i in range(1, at + 1)]
    path.write_bytes(b"".join([*good, line(Solved(at + 1, 0, None)), b"\n".join(junk)]))
    JsonLines(path, at).close()
    assert path.read_bytes() == b"".join(good)
    path.write_bytes(b"".join([*good, b'{"iteration": 1, "event": "' + b"x" * LONGEST + b'"}\n']))
    JsonLines(path, at).close()
    assert path.read_bytes() == b"".join(good)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "events.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="Too many levels"):
        JsonLines(tmp_path / "events.jsonl", 0)
    assert (tmp_path / "precious").read_text() == "mine"
