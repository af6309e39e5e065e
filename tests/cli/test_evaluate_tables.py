"""The table of an evaluation: rows of worlds or quantiles, and names of any length."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from openpoet.arena.population import Entry, entries
from openpoet.arena.scores import Scores
from openpoet.arena.suites.reading import suite
from openpoet.arena.suites.suite import to_json
from openpoet.cli.evaluate.tables import QUANTILES, add_quantiles, table_of
from openpoet.cli.main import main

POLICY = "def still(observations):\n    return observations[:, :4] * 0\n"


def shown(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str = "mazes",
) -> list[str]:
    """The lines of an evaluation; the suite has 20 worlds by default."""
    monkeypatch.chdir(folder)
    Path("mine.py").write_text(POLICY)
    words = ["evaluate", "mine.py:still", "--suite", name, "--workers", "1"]
    assert main(words) == 0
    return capsys.readouterr().out.splitlines()


def test_few_worlds_have_a_row_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(tmp_path, monkeypatch, capsys)
    assert sum(text.startswith("random ") for text in lines) > 1
    assert not any(text.startswith("median ") for text in lines)


def test_many_worlds_have_quantiles_and_the_mean_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("openpoet.cli.evaluate.tables.MOST_ROWS", 19)
    lines = shown(tmp_path, monkeypatch, capsys)
    assert not any(text.startswith("random ") for text in lines)
    rows = [text for text in lines if text.startswith((*QUANTILES.values(), "all "))]
    assert len(rows) == len(QUANTILES) + 1
    assert any(text.startswith("quantiles of 20 worlds") for text in lines)


def test_quantiles_are_those_of_the_worlds_means() -> None:
    """Returns 0, 1, ..., 100 by world, of which the upper half is solved."""
    table, returns = Table(), np.arange(101.0)[:, None]
    entry = Entry("mine", ("mine",) * 101, returns, returns > 50)
    table.add_column("world")
    add_quantiles(table, [entry])
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    assert columns[1] == ["0.00", "5.00", "25.0", "50.0", "75.0", "95.0", "100.0"]
    assert columns[2] == ["0 %", "0 %", "0 %", "0 %", "100 %", "100 %", "100 %"]


LONG = "a world whose name does not fit beside three columns of a narrow terminal"


def test_names_of_worlds_are_folded_on_a_narrow_terminal() -> None:
    """Three agents: oracle and mean, with the agent of each world."""
    returns = np.random.default_rng(1).normal(size=(3, 2, 4)) * 100
    scores = Scores(("a#1", "a#2", "a#3"), (LONG, "Roughness"), returns, returns > 0, 1)
    console = Console(width=80, record=True)
    console.print(table_of(entries(scores, scores), scores))
    text = console.export_text()
    assert "…" not in text
    assert "..." not in text
    assert all(word in text for word in (*LONG.split(), "Roughness", "oracle", "solved"))


def test_a_file_has_each_row_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = to_json(suite("mazes"))
    data["worlds"] = data["worlds"][:2]
    data["worlds"][0]["name"] = LONG
    data["about"] = data["name"] = LONG + " too"
    (tmp_path / "long.json").write_text(json.dumps(data))
    lines = shown(tmp_path, monkeypatch, capsys, "long.json")
    assert sum(text.startswith(f"{LONG}  ") for text in lines) == 1
    assert sum("1 agent of mine.py:still" in text and LONG in text for text in lines) == 1
