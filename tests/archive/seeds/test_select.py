from __future__ import annotations

import pytest

from openpoet.archive.seeds.select import held, select

ROWS = [
    {"id": 0, "score": 120.0, "solved": None, "alive": True, "parent": None},
    {"id": 1, "score": 80.0, "solved": 40, "alive": False, "parent": 0},
    {"id": 2, "score": -5.5, "solved": None, "alive": True, "parent": 1},
]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("score > 100", [0]),
        ("score > 50 and alive", [0]),
        ("not alive or score < 0", [1, 2]),
        ("solved", [1]),
        ("solved < 50", [1]),
        ("score >= -5.5 and id in (1, 2)", [1, 2]),
        ("0 < score < 100", [1]),
        ("parent == 0", [1]),
        ("true_is_not_a_field == 1 or alive", None),
        ("alive == True", [0, 2]),
        ("alive == true and solved != false", []),
        ("score < 100 or false", [1, 2]),
    ],
)
def test_expression_selects(expression: str, ids: list[int] | None) -> None:
    if ids is None:
        with pytest.raises(ValueError, match="has an unknown field"):
            select(expression, ROWS)
    else:
        assert [row["id"] for row in select(expression, ROWS)] == ids


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('true')",
        "score.__class__",
        "[x for x in (1,)]",
        "lambda: 1",
        "score ** 9999999",
        "id if alive else score",
        "alive is None",
        "score >",
        "(" * 500,
        "a" * 2000,
        "score < 'x'",
        "-" * 900 + "1",
        "score > 1e9 and nosuch",  # although never evaluated
        "",
    ],
)
def test_expressions_other_than_comparisons_are_an_error_of_one_line(expression: str) -> None:
    with pytest.raises(ValueError, match="expression") as caught:
        select(expression, ROWS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("score > 1e9", "score is -5.5 to 120"),
        (
            "120 < score and parent == 7 and score > 0",
            "score is -5.5 to 120, parent is 0 to 1 in 2 of 3 and null in the others",
        ),
        ("solved > 40", "solved is 40 in 1 of 3 and null in the others"),
        ("alive and novelty > 0", "alive is true in 2 of 3, novelty is null in all"),
        ("name == 'x'", "name is 'a', 'b', 'c'"),
        ("1 == 2", ""),
    ],
)
def test_an_empty_selection_reports_the_values_of_its_fields(expression: str, found: str) -> None:
    rows = [row | {"novelty": None, "name": name} for row, name in zip(ROWS, "abc", strict=True)]
    assert select(expression, rows) == []
    assert held(expression, rows) == found
