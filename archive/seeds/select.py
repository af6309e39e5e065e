"""Selection of niches by an expression: a small language of comparisons, parsed and never executed.

score > 100 and alive
best >= 230 or solved
not alive and born < 500
id in (3, 7, 12)
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

LONGEST = 1000  # characters of an expression
MOST_NAMES = 5  # values of a text field that an error lists

_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda value, choices: value in choices,
}

_WORDS = {"true": True, "false": False}

Fields = Mapping[str, Any]


def select(expression: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows for which the expression holds, by `chooser`; its fields are those of any row."""
    return list(filter(chooser(expression, {name for row in rows for name in row}), rows))


def chooser(expression: str, names: Iterable[str]) -> Callable[[Fields], bool]:
    """A predicate on rows with fields of these names. Every comparison with a null field is False.

    ValueError, one line, here or when the predicate is called, for anything but comparisons with
    numbers or strings, `and`, `or`, `not` and `in`.
    """
    if len(expression) > LONGEST:
        raise ValueError(
            f"the expression must have at most {LONGEST} characters, got {len(expression)}"
        )
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            f'{expression!r} is not an expression; an example is "score > 100 or id == 3"'
        ) from None
    fields = sorted(names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in (*fields, *_WORDS):
            raise ValueError(
                f"the expression has an unknown field {node.id!r}; the fields are: "
                f"{', '.join(fields)}"
            )

    def holds(row: Fields) -> bool:
        try:
            return bool(_value(tree, row))
        except RecursionError:
            raise ValueError(
                f"the expression is nested too deeply: {expression[:40]!r}..."
            ) from None

    return holds


def held(expression: str, rows: Iterable[Fields]) -> str:
    """A summary in words of the values of the expression's fields over the rows, for an error
    message: "score is 12 to 80, alive is true in 3 of 9".
    """
    names = [
        node.id
        for node in ast.walk(ast.parse(expression.strip(), mode="eval"))
        if isinstance(node, ast.Name)
    ]
    found = {name: _Values() for name in dict.fromkeys(names) if name not in _WORDS}
    for row in rows:
        for name, values in found.items():
            values.add(row.get(name))
    return ", ".join(f"{name} is {values.words()}" for name, values in found.items())


class _Values:
    """Summary statistics of one field's values."""

    def __init__(self) -> None:
        self.rows, self.true, self.filled = 0, 0, 0
        self.least: Any = None
        self.largest: Any = None
        self.first: list[Any] = []
        self.kinds: set[type] = set()

    def add(self, value: Any) -> None:
        self.rows += 1
        if value is None:
            return
        self.filled += 1
        self.true += value is True
        self.kinds.add(type(value))
        if len(self.first) <= MOST_NAMES:
            self.first.append(value)
        if isinstance(value, int | float):
            self.least = value if self.least is None else min(self.least, value)
            self.largest = value if self.largest is None else max(self.largest, value)

    def words(self) -> str:
        if not self.filled:
            return "null in all"
        if self.kinds == {bool}:
            return f"true in {self.true} of {self.rows}"
        if self.kinds <= {int, float}:
            low, high = f"{self.least:.6g}", f"{self.largest:.6g}"
            found = low if low == high else f"{low} to {high}"
        else:
            found = ", ".join(map(repr, self.first[:MOST_NAMES])) + (
                ", ..." if self.filled > MOST_NAMES else ""
            )
        # A comparison with null is false.
        return (
            found
            if self.filled == self.rows
            else f"{found} in {self.filled} of {self.rows} and null in the others"
        )


def _value(node: ast.expr, row: Fields) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.Name(id=name):
            return row.get(name, _WORDS.get(name))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value, row) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_value(value, row) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, row)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return tuple(_value(element, row) for element in elements)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            values = [_value(operand, row) for operand in (left, *comparators)]
            return all(
                _compare(op, a, b) for op, a, b in zip(ops, values, values[1:], strict=False)
            )
    raise ValueError(
        f"an expression allows comparisons, and, or, not, in; not {ast.unparse(node)!r}"
    )


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool:
    if type(op) not in _COMPARE:
        raise ValueError("an expression compares with <, <=, >, >=, ==, != and in only")
    if left is None or right is None:
        return False
    try:
        return _COMPARE[type(op)](left, right)
    except TypeError:
        raise ValueError(f"the expression cannot compare {left!r} with {right!r}") from None
