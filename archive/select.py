"""`--select "EXPR"`: which niches of a run, in a small language of comparisons that is parsed and never executed.

score > 100 and alive        best >= 230 or solved        not alive and born < 500        id in (3, 7, 12)
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
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
    """The rows for which the expression holds. A field that is null (never solved, say) fails every comparison.

    ValueError, one line, for anything but comparisons of fields with numbers or words, and, or, not, in.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"--select is limited to {LONGEST} characters, got {len(expression)}")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f'--select is not an expression: {expression!r}; try "score > 100 and alive"') from None
    fields = sorted({name for row in rows for name in row})
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in (*fields, *_WORDS):
            raise ValueError(f"--select knows no field {node.id!r}; there are: {', '.join(fields)}")
    try:
        return [row for row in rows if bool(_value(tree, row))]
    except RecursionError:
        raise ValueError(f"--select is nested too deeply: {expression[:40]!r}...") from None


def held(expression: str, rows: Sequence[Fields]) -> str:
    """What the fields that an expression names hold in the rows, in words: why it selects none."""
    names = [node.id for node in ast.walk(ast.parse(expression.strip(), mode="eval")) if isinstance(node, ast.Name)]
    return ", ".join(f"{name} is {_range(name, rows)}" for name in dict.fromkeys(names) if name not in _WORDS)


def _range(name: str, rows: Sequence[Fields]) -> str:
    values = [value for row in rows if (value := row.get(name)) is not None]
    if not values:
        return "null in all"
    if all(isinstance(value, bool) for value in values):
        return f"true in {sum(values)} of {len(rows)}"
    if all(isinstance(value, int | float) for value in values):
        low, high = (f"{value:.6g}" for value in (min(values), max(values)))
        found = low if low == high else f"{low} to {high}"
    else:
        found = ", ".join(map(repr, values[:MOST_NAMES])) + (", ..." if len(values) > MOST_NAMES else "")
    # A comparison with null is false.
    return found if len(values) == len(rows) else f"{found} in {len(values)} of {len(rows)} and null in the others"


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
            return all(_compare(op, a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
    raise ValueError(f"--select allows comparisons, and, or, not, in; not {ast.unparse(node)!r}")


def _compare(op: ast.cmpop, left: Any, right: Any) -> bool:
    if type(op) not in _COMPARE:
        raise ValueError("--select compares with <, <=, >, >=, ==, != and in")
    if left is None or right is None:
        return False
    try:
        return _COMPARE[type(op)](left, right)
    except TypeError:
        raise ValueError(f"--select cannot compare {left!r} with {right!r}") from None
