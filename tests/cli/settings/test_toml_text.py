"""TOML text beyond the bounds is an error of one line; within them the result equals tomllib's."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpoet.cli.settings.tables import override, parse, preset, presets, read, to_toml
from openpoet.cli.settings.toml_text import (
    MOST_CHARACTERS,
    MOST_KEYS,
    MOST_NESTED,
    MOST_PARTS,
    loads,
)

PARTS = [".".join([part] * 100_000) for part in ("a", '"a"', "'a'", " a ")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        *((f"[{parts}]", f"more than {MOST_PARTS} parts") for parts in PARTS),
        *((f"[x]\n{parts} = 1", f"more than {MOST_PARTS} parts") for parts in PARTS),
        ("[x]\na = {" + PARTS[0] + " = 1}", f"more than {MOST_PARTS} parts"),
        ("[x]\na = " + "[" * 5000 + "]" * 5000, f"nest more than {MOST_NESTED} deep"),
        ("[x]\na = " + "{a = " * 5000 + "1" + "}" * 5000, f"nest more than {MOST_NESTED} deep"),
        ("[x]\n" + "".join(f"k{i} = 1\n" for i in range(MOST_KEYS)), f"more than {MOST_KEYS} keys"),
        ("".join(f"[k{i}]\n" for i in range(MOST_KEYS + 1)), f"more than {MOST_KEYS} keys"),
        ("#" * (MOST_CHARACTERS + 1), f"at most {MOST_CHARACTERS} are read"),
        ("[x]\na = " + "9" * 400, "x.a is an integer beyond 64 bits"),
        ("[x]\na = " + "9" * 5000, "digits"),
        ("[x]\na = [1, [0x" + "f" * 300_000 + "]]", "x.a is an integer beyond 64 bits"),
        (f"[x]\n{'k' * 101} = 1", "a key has 101 characters"),
        (f"[x]\na = '{'k' * 10_001}'", "x.a has 10001 characters"),
        ('[x]\na = """' + '\\"""' * 200_000, 'a string that begins with """ does not end'),
        ("[x]\na = '\n'", "a string that begins with ' does not end"),
    ],
)
def test_toml_beyond_the_bounds_is_an_error_without_delay(text: str, line: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=rf"^config.toml is not valid TOML: [^\n]*{line}[^\n]*$"):
        parse(text, "config.toml")
    assert time.monotonic() - began < 2  # the first took 12 s


def test_settings_on_the_command_line_have_the_same_bounds() -> None:
    for value in ("9" * 400, "[" * 5000 + "]" * 5000):
        with pytest.raises(ValueError, match="--set"):
            override({"poet": {}}, [f"poet.seed=[{value}]"])


def test_a_file_is_read_up_to_the_size_limit_only(tmp_path) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: uses no disk space
    with pytest.raises(ValueError, match="at most"):
        read(path)


def test_strings_and_comments_do_not_count_as_nesting() -> None:
    text = """
# [a.b.c.d.e.f.g.h.i.j = "
[x]
a = "[[[[[[[[[[[[[[[[[[ \\" .........."  # ' not a string
b = 'a.b.c.d.e.f.g.h.i.j"'
c = \"\"\"two quotes \"" within, and at the end\"\"\"\"\"
d = '''it''s [[[ ''''
e = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]
f."g.h".i = {j = {k = 1}}
"""
    assert loads(text) == tomllib.loads(text)


@pytest.mark.parametrize("name", presets())
def test_presets_are_within_bounds(name: str) -> None:
    assert loads(to_toml(preset(name))) == preset(name)


@given(st.text(alphabet="ab.=[]{}\"'#\\\n, 1", max_size=60))
def test_parsed_text_equals_the_result_of_tomllib_or_is_an_error(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"^[^\n]+"):
            loads(text)
    else:
        assert loads(text) == expected
