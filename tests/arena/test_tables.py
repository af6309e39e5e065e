"""Tables as text and CSV: what is written can be read back."""

from __future__ import annotations

import csv
import io

from openpoet.arena.statistics import Estimate, Mean
from openpoet.arena.tables import Table

TABLE = Table(
    "scores",
    ("method", "tasks solved", "score", "chance"),
    [
        ["ppo, slow", 12345, Mean(1 / 3, 0.01), Estimate(0.5, 0.4, 0.6)],
        ["es", None, Mean(2.0, None), None],
    ],
)


def test_csv_has_every_digit_and_columns_of_errors() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.csv())))
    assert list(rows[0]) == [
        "method",
        "tasks_solved",
        "score",
        "score_error",
        "chance",
        "chance_low",
        "chance_high",
    ]
    assert rows[0]["method"] == "ppo, slow"
    assert float(rows[0]["score"]) == 1 / 3
    assert [rows[0][name] for name in ("chance", "chance_low", "chance_high")] == [
        "0.5",
        "0.4",
        "0.6",
    ]
    assert list(rows[1].values()) == ["es", "", "2.0", "", "", "", ""]


def test_an_empty_table_has_its_header() -> None:
    assert Table("none", ("a", "b"), []).csv() == "a,b\n"


def test_texts_are_short() -> None:
    assert list(TABLE.texts()) == [
        ["ppo, slow", "12,345", "0.333 ± 0.01", "0.5 [0.4, 0.6]"],
        ["es", "-", "2", "-"],
    ]
