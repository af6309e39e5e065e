"""Settings: strict tables, errors of one line, --set, and published values in presets (B25)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpoet.cli.settings.tables import (
    about,
    build,
    merged,
    override,
    parse,
    preset,
    presets,
    read,
    to_toml,
)
from openpoet.poet.config import PoetConfig


@dataclass(frozen=True)
class Example:
    count: int
    rate: float = 0.5
    mode: Literal["slow", "fast"] = "slow"
    sizes: tuple[int, ...] = (40, 40)
    span: tuple[float, float] = (0.0, 1.0)
    parts: tuple[Literal["pit", "stump"], ...] = ()
    limit: float | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")


def test_build_converts_a_table_to_the_dataclass() -> None:
    table = tomllib.loads(
        'count = 3\nrate = 1\nmode = "fast"\nsizes = [8]\nspan = [0, 2]\nparts = ["pit"]\nlimit = 2'
    )
    built = build(Example, table, "es")
    assert built == Example(3, 1.0, "fast", (8,), (0.0, 2.0), ("pit",), 2.0)
    assert type(built.rate) is float


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "es.count is missing, expected an integer"),
        ({"count": 3, "rates": 1.0}, "unknown setting es.rates (did you mean 'rate'?)"),
        ({"count": 3, "xyz": 1.0}, "unknown setting es.xyz"),
        ({"count": 3.0}, "es.count must be an integer, got 3.0"),
        ({"count": True}, "es.count must be an integer, got True"),
        ({"count": 3, "rate": "1"}, "es.rate must be a finite number, got '1'"),
        ({"count": 3, "rate": float("nan")}, "es.rate must be a finite number, got nan"),
        ({"count": 3, "rate": True}, "es.rate must be a finite number, got True"),
        ({"count": 3, "quiet": 1}, "es.quiet must be true or false, got 1"),
        (
            {"count": 3, "mode": "fats"},
            "es.mode must be one of 'slow', 'fast', got 'fats' (did you mean 'fast'?)",
        ),
        ({"count": 3, "sizes": 40}, "es.sizes must be a list, each entry an integer, got 40"),
        ({"count": 3, "sizes": [40, "x"]}, "es.sizes[1] must be an integer, got 'x'"),
        (
            {"count": 3, "span": [1]},
            "es.span must be a list of 2: a finite number, a finite number, got [1]",
        ),
        (
            {"count": 3, "parts": ["pits"]},
            "es.parts[0] must be one of 'pit', 'stump', got 'pits' (did you mean 'pit'?)",
        ),
        ({"count": 3, "limit": "x"}, "es.limit must be a finite number, got 'x'"),
        ({"count": 0}, "[es] count must be at least 1, got 0"),
    ],
)
def test_invalid_tables_are_an_error_of_one_line(table: dict, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        build(Example, table, "es")
    assert str(caught.value) == message


def test_set_parses_toml_and_accepts_bare_words() -> None:
    tables = {"es": {"count": 3}, "walker": {}}
    assignments = [
        "es.count=5",
        "walker.encoding=cppn",
        'es.parts=["pit"]',
        "es.rate = 1e-3",
        "es.note='a=b'",
    ]
    after = override(tables, assignments)
    assert after == {
        "es": {"count": 5, "parts": ["pit"], "rate": 0.001, "note": "a=b"},
        "walker": {"encoding": "cppn"},
    }
    assert tables == {"es": {"count": 3}, "walker": {}}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("es.count", "--set needs section.key=value"),
        ("count=3", "--set needs section.key=value"),
        ("es.=3", "--set needs section.key=value"),
        ("poets.seed=3", r"unknown section 'poets' .* \(did you mean 'poet'\?\)"),
        ("es.count=[1", "is not TOML"),
        ("es.parts=[stump,pit]", r"""need quotes: --set 'es.parts=\["stump","pit"\]'$"""),
        ("""es.parts=["stump", pit]""", r"""need quotes: --set 'es.parts=\["stump","pit"\]'$"""),
        ("es.count=1\nrate = 2", "sets one value"),
    ],
)
def test_an_invalid_set_is_an_error_with_an_explanation(assignment: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        override({"es": {}, "poet": {}}, [assignment])


def test_later_tables_override_earlier_ones_by_key() -> None:
    assert merged({"a": {"x": 1, "y": 2}, "b": {}}, {"a": {"y": 3}, "c": {"z": 4}}) == {
        "a": {"x": 1, "y": 3},
        "b": {},
        "c": {"z": 4},
    }


def test_invalid_settings_files_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[poet]\nseed = 4\n")
    assert read(path) == {"poet": {"seed": 4}}
    path.write_text("seed = 4\n")
    with pytest.raises(ValueError, match="seed must be in a section"):
        read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"mine\.toml is not a TOML text file: expected settings"):
        read(path)
    with pytest.raises(ValueError, match=r"cannot read settings from .*none\.toml: No such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"mine is not valid TOML"):
        parse("[poet", "mine")


TEXTS = st.text('aé"\\\n\x00\x7f😀 =#', max_size=8)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["a", "b_c", "d"]), VALUES))
def test_written_toml_is_read_back_unchanged(table: dict) -> None:
    for section in ("es", "two words", "a.b", 'qu"ote'):  # named by a file
        tables = {"poet": table, section: {}}
        assert parse(to_toml(tables), "it") == tables


def test_none_is_written_as_a_string_and_read_where_allowed() -> None:
    table = parse(to_toml({"es": {"count": 3, "limit": None}}), "it")["es"]
    assert table == {"count": 3, "limit": "none"}
    assert build(Example, table, "es") == Example(3, limit=None)
    assert build(Example, {"count": 3, "limit": 2}, "es").limit == 2.0
    with pytest.raises(ValueError, match=r"es.rate must be a finite number, got 'none'"):
        build(Example, {"count": 3, "rate": "none"}, "es")


def test_a_section_named_by_a_file_may_contain_dots() -> None:
    assert override({"a.b": {}}, ["a.b.size=3"]) == {"a.b": {"size": 3}}


# poet.mutate_every, capacity, mc_low, mc_high, novelty, rule; walker.gap_max, encoding
PUBLISHED = {
    "poet-paper": (200, 20, 50, 300, "parameters", "poet", 10, "obstacles"),
    "poet-code": (200, 25, 25, 340, "parameters", "poet", 8, "obstacles"),
    "epoet-paper": (150, 40, 50, 300, "pata-ec", "epoet", 10, "cppn"),
    "epoet-code": (150, 40, 25, 340, "pata-ec", "epoet", 8, "cppn"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_presets_have_the_published_values(name: str) -> None:  # B25
    tables = preset(name)
    poet, walker = build(PoetConfig, tables["poet"], "poet"), tables["walker"]
    values = (
        poet.mutate_every,
        poet.capacity,
        poet.mc_low,
        poet.mc_high,
        poet.novelty,
        poet.transfer_rule,
    )
    assert (*values, walker["gap_max"], walker["encoding"]) == PUBLISHED[name]
    assert (poet.transfer_every, poet.reproduce_at, poet.max_admitted, poet.neighbours) == (
        25,
        200,
        1,
        5,
    )
    assert (poet.children, walker["mutates"]) == (
        (512, "some") if name == "poet-paper" else (8, "all")
    )
    assert (walker["horizon"], walker["obstacles"]) == (2000, ["stump", "pit", "roughness"])
    es = tables["es"]
    assert (es["population"], es["lr"], es["sigma"], es["hidden"]) == (512, 0.01, 0.1, [40, 40])


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_complete_and_has_a_description(name: str) -> None:
    tables = preset(name)
    one = {"curriculum"} & set(tables)  # of one agent
    assert set(tables["run"]) == {"family", "learner", "iterations", *one}
    assert set(tables) == {"run", "poet", tables["run"]["family"], tables["run"]["learner"], *one}
    short = name.startswith("quick-") and name != "quick-es" and not one
    assert build(PoetConfig, tables["poet"], "poet").history == (3 if short else 5)
    assert 20 < len(about(name)) < 120


def test_the_preset_night_differs_from_walker_ppo_in_few_settings() -> None:
    ours, night = preset("walker-ppo"), preset("night")
    assert set(ours) == set(night)
    different = {
        f"{section}.{key}": night[section].get(key)
        for section in night
        for key in night[section].keys() | ours[section].keys()
        if ours[section].get(key) != night[section].get(key)
    }
    assert different == {
        "run.iterations": 2000,
        "poet.capacity": 3,
        "poet.order": "distance",
        "poet.keep_parent": True,
        "poet.patience": 30,
        "walker.gap_max": 8.0,
        "walker.roughness_max": 8.0,
        "walker.height_max": 3.0,
        "ppo.gamma": 0.995,
    }


def test_an_unknown_preset_suggests_similar_names() -> None:
    assert {name for name in presets() if not name.startswith("quick-")} == {
        *PUBLISHED,
        "quick",
        "ai-ga",
        "walker-adapt",
        "walker-epg",
        "walker-maesn",
        "walker-ppo",
        "night",
        "dcd",
    }
    with pytest.raises(
        ValueError,
        match=r"unknown preset 'epoet_paper' \(did you mean "
        r"'epoet-paper'\?\)",
    ):
        preset("epoet_paper")
