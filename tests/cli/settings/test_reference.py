"""Every setting has a description, which is the same in config.toml, in `list NAME` and on the
reference page.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import GroupedMetadata, Interval
from hypothesis import given
from hypothesis import strategies as st

import openpoet.cli.main as command
from openpoet.agents.learners import LEARNERS
from openpoet.cli import parts
from openpoet.cli.settings.reference import markdown, sections, type_and_range
from openpoet.cli.settings.resolving import Request
from openpoet.cli.settings.tables import parse, preset, presets, to_toml
from openpoet.envs.families import FAMILIES
from openpoet.settings import (
    Device,
    Field,
    PositiveFloat,
    PositiveInt,
    Sizes,
    checked,
    did_you_mean,
    kind_of,
)

NAMES = ["run", "poet", "curriculum", *FAMILIES, *LEARNERS]
SETTINGS = {
    f"{part.name}.{key}": field
    for name in NAMES
    for part in sections(name)
    for key, field in part.schema.known.items()
}


def test_every_setting_has_a_one_line_description() -> None:
    for name, field in SETTINGS.items():
        meaning = field.kind.meaning
        assert meaning == " ".join(meaning.split()), name
        assert meaning.endswith("."), name
        assert 5 < len(meaning) < 200, name


def test_every_annotated_constraint_is_checked() -> None:
    """Unknown kinds of constraints are ignored, since a plug-in may use them."""
    for name, field in SETTINGS.items():
        given = [m for m in field.annotation.__metadata__ if not isinstance(m, str)]
        known = [c for m in given for c in (m if isinstance(m, GroupedMetadata) else [m])]
        assert len(field.kind.constraints) == len(known), name


@given(st.data())
def test_values_within_the_declared_range_are_accepted(data: st.DataObject) -> None:
    """Values are drawn by hypothesis, which reads the annotated ranges independently."""
    name = data.draw(st.sampled_from([name for name in SETTINGS if not plain_text(SETTINGS[name])]))
    field = SETTINGS[name]
    # hypothesis draws NaN and infinity too
    value = data.draw(st.from_type(field.annotation).filter(finite))
    assert checked(value, field.kind, name) == value


def finite(value: object) -> bool:
    entries = value if isinstance(value, tuple) else (value,)
    return all(not isinstance(entry, float) or math.isfinite(entry) for entry in entries)


def plain_text(field: Field) -> bool:
    """Hypothesis cannot draw strings that match our regular expressions."""
    return str in (field.kind.plain, field.kind.some and field.kind.some.plain)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (PositiveInt, ("integer", "at least 1")),
        (Annotated[float, Interval(gt=0, le=1), "meaning"], ("number", "above 0 and at most 1")),
        (Annotated[PositiveFloat | None, "meaning"], ("number or none", "above 0")),
        (Sizes, ("list (integer)", "each from 1 to 4096, at most 16 entries, not empty")),
        (tuple[Literal["a", "b"], ...], ("list (choice)", "of a, b")),
        (tuple[float, float], ("list of 2 (number)", "")),
        (Device, ("text", '"cpu", "cuda" or "cuda:<number>"')),
        (bool, ("true or false", "")),
    ],
)
def test_type_and_range_in_words(kind: object, words: tuple[str, str]) -> None:
    assert type_and_range(kind_of(kind)) == words


def test_the_reference_page_lists_every_setting() -> None:
    """tests/test_documents.py compares the page with the code."""
    page = markdown()
    for name, field in SETTINGS.items():
        assert f"| `{name.partition('.')[2]}` | " in page
        assert f" | {field.kind.meaning} |" in page


@pytest.mark.parametrize("name", [*NAMES, "quick-maze"])
def test_list_prints_every_setting_of_a_part(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command.out, "_width", 1000)
    assert command.main(["list", name]) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for part in sections(name):
        assert f"[{part.name}]" in printed
        for row in part.rows():
            assert " ".join(" ".join(row).split()) in printed


@pytest.mark.parametrize("name", [*NAMES, "quick-maze"])
def test_meanings_keep_a_readable_width_on_a_narrow_terminal(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command.out, "_width", 100)
    assert command.main(["list", name]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("setting ")]
    assert len(heads) == len(sections(name))
    assert all(100 - head.index("meaning") >= 20 for head in heads)


def test_list_of_a_curriculum_prints_the_section_of_all() -> None:
    assert [part.name for part in sections("poet")] == ["poet"]
    for name in ("accel", "alp-gmm"):
        assert [part.name for part in sections(name)] == ["curriculum"]


def test_only_another_and_similar_name_is_suggested() -> None:
    assert did_you_mean("accel", ["accel"]) == ""
    assert did_you_mean("ranges", ["wang", "run"]) == ""
    assert did_you_mean("acell", ["accel"]) == " (did you mean 'accel'?)"


def test_list_of_a_preset_prints_its_values_in_place_of_defaults() -> None:
    listed = {part.name: {row[0]: row[2] for row in part.rows()} for part in sections("quick-maze")}
    assert listed["run"]["preset"] == '"quick-maze"'
    assert listed["poet"]["capacity"] == str(preset("quick-maze")["poet"]["capacity"]) != "40"
    assert listed["maze"]["size"] == "7"


def test_list_prints_the_settings_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "from typing import Annotated\nfrom openpoet.settings import PositiveFloat\n\n\n"
        "class Own:\n    def __init__(self, rate: Annotated[PositiveFloat, 'Its rate.'] = 2.0, "
        "act=print): ...\n\n\nfamily = Own\n"
    )
    (part,) = sections(str(path))
    rows = list(part.rows())
    assert rows[0] == ("rate", "number", "2.0", "above 0", "Its rate.")
    assert rows[1] == ("act", "any", repr(print), "", "")


def test_list_of_an_unknown_name_suggests_a_similar_one() -> None:
    with pytest.raises(ValueError, match=r"no settings of 'naze' \(did you mean 'maze'\?\)"):
        sections("naze")


def test_config_toml_has_each_description_above_its_setting() -> None:
    tables = parts.settings_for(Request({"run.family": "grid", "run.learner": "rl2"}))
    text = to_toml(tables, parts.schemas(tables))
    assert parse(text, "it") == tables
    assert all(len(line) <= 100 for line in text.splitlines())
    comments, comment = {}, ""
    for line in text.splitlines():
        if line.startswith("# "):
            comment += line[1:]
        elif line.startswith("["):
            place = line.strip("[]")
        elif line:
            comments[f"{place}.{line.split(' = ')[0]}"] = comment.strip()
            comment = ""
    for name in comments:
        assert comments[name] == SETTINGS[name].kind.meaning


def test_a_plug_in_description_cannot_break_config_toml() -> None:
    from openpoet.cli.settings.fields import Schema

    schema = Schema({"a": Field(Annotated[int, "one\nb = 2\x1b[0m"], 1)})
    text = to_toml({"own": {"a": 1}}, {"own": schema})
    assert parse(text, "it") == {"own": {"a": 1}}
    assert "\x1b" not in text


def test_names_of_families_learners_and_presets_are_distinct() -> None:
    assert len({*NAMES, *presets()}) == len(NAMES) + len(presets())
