"""TOML text within limits, checked before it is parsed: settings may come from another person.

tomllib takes time quadratic in the parts of a dotted key, and recurses as deeply as the text is
nested. One pass over the text, without strings and comments, checks both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

MOST_CHARACTERS = 2**20
MOST_KEYS = 10_000  # with the headers of sections
MOST_PARTS = 8  # of a dotted key
MOST_NESTED = 16  # lists and inline tables
LONGEST_NAME, LONGEST_STRING = 100, 10_000  # characters
INTEGERS = range(-(2**63), 2**63)

TOKEN = re.compile(r"\"\"\"|'''|[\"'#\[\]{}.,=\n]")
STRINGS = {  # what ends each kind; a multi-line string may end with two quotes of its own
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*+'{3,5}"),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+"'),
    "'": re.compile(r"[^'\n]*+'"),
    "#": re.compile(r"[^\n]*+"),
}


def loads(text: str) -> dict[str, Any]:
    """The parsed text. ValueError, one line, if it is not TOML, or beyond the limits above."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters, at most {MOST_CHARACTERS} are read")
    _scan(text)
    values = tomllib.loads(text)
    _check(values, "")
    return values


def _scan(text: str) -> None:
    nested = keys = parts = 0
    for token in _tokens(text):
        parts = parts + 1 if token == "." else 0
        if parts >= MOST_PARTS:
            raise ValueError(f"a key has more than {MOST_PARTS} parts")
        nested += (token in "[{") - (token in "]}")
        keys += token == "=" or (token == "[" and nested == 1)
        if nested > MOST_NESTED:
            raise ValueError(f"its lists and tables nest more than {MOST_NESTED} deep")
        if keys > MOST_KEYS:
            raise ValueError(f"it has more than {MOST_KEYS} keys and sections")


def _tokens(text: str) -> Iterator[str]:
    """Brackets, dots, commas, equals signs and ends of lines outside of strings and comments."""
    at = 0
    while found := TOKEN.search(text, at):
        token, at = found[0], found.end()
        if (string := STRINGS.get(token)) is None:
            yield token
        elif (end := string.match(text, at)) is None:
            raise ValueError(f"a string that begins with {token} does not end (at character {at})")
        else:
            at = end.end()


def _check(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for name, entry in value.items():
            if len(name) > LONGEST_NAME:
                raise ValueError(
                    f"a key has {len(name)} characters, at most {LONGEST_NAME} are "
                    f"read: {name[:40]!a}"
                )
            _check(entry, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for entry in value:
            _check(entry, where)
    elif type(value) is int and value not in INTEGERS:
        raise ValueError(f"{where} is an integer beyond 64 bits")
    elif isinstance(value, str) and len(value) > LONGEST_STRING:
        raise ValueError(f"{where} has {len(value)} characters, at most {LONGEST_STRING} are read")
