"""JSON from a file or a request of a stranger: its nesting and its numbers are bounded, so that
what recurses over its values, such as a copy or a message, stays within Python's stack.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_NESTED = 32  # lists and objects in a text
STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
# A string without an end, which is no JSON, is passed at once: the time is linear in the text.
BRACKET = re.compile(STRING.pattern + r"?|[\[\]{}]")


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. ValueError, one line, if it is not JSON, or contains NaN, infinity,
    integers beyond 64 bits, or more than MOST_NESTED lists and objects in each other.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    check_nesting(text)
    return json.loads(text, parse_constant=_refused, parse_float=_finite, parse_int=whole)


def check_nesting(text: str) -> None:
    """ValueError for deeply nested values, for which a recursive parser exceeds Python's stack."""
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return
    depth = 0
    for bracket in BRACKET.finditer(text):
        depth += STEP.get(bracket[0], 0)
        if depth > MOST_NESTED:
            raise ValueError(f"it nests more than {MOST_NESTED} deep")


def whole(digits: str) -> int:
    """The integer. ValueError if it has more than 64 bits."""
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**64:
        raise ValueError(f"{digits[:40]} is an integer beyond 64 bits")
    return number


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise ValueError(f"{digits[:40]} is too large")
    return number
