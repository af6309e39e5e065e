"""Settings of a run are complete, with every field of every section, so that later changes of
defaults do not affect it.
"""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest

from openpoet.agents.learners import LEARNERS
from openpoet.cli import parts
from openpoet.cli.settings.fields import build
from openpoet.cli.settings.resolving import THRESHOLDS, Request, RunSettings, with_thresholds
from openpoet.cli.settings.tables import parse, preset, presets, to_toml
from openpoet.envs.families import FAMILIES
from openpoet.envs.parts.processors import processors
from openpoet.poet.config import PoetConfig
from openpoet.settings import declared

PAIRS = [(family, learner) for family in FAMILIES for learner in LEARNERS]


def chosen(family: str, learner: str, *changes: str, **run: Any) -> dict[str, dict[str, Any]]:
    options = {"run.family": family, "run.learner": learner} | {
        f"run.{key}": value for key, value in run.items()
    }
    return parts.settings_for(Request(options, changes))


def classes_of(tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The dataclass of every section."""
    classes = {"run": RunSettings, "poet": PoetConfig}
    for kind in parts.KINDS:
        classes[tables["run"][kind]] = parts.load_part(kind, tables["run"][kind])[1]
    return classes


def built(tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Every section as its dataclass."""
    return {name: vars(build(cls, tables[name], name)) for name, cls in classes_of(tables).items()}


@pytest.mark.parametrize(("family", "learner"), PAIRS)
def test_completed_settings_are_unchanged_by_writing_and_reading_toml(
    family: str, learner: str
) -> None:
    tables = chosen(family, learner)
    again = parse(to_toml(tables), "it")
    assert again == tables
    parts.check_complete(again)
    for name, cls in classes_of(again).items():
        build(cls, again[name], name)
        assert set(again[name]) == {key for key, field in declared(cls).items() if field.written}
    assert parts.completed(again) == again


def test_completing_settings_adds_defaults_and_changes_no_given_value() -> None:
    """The values of a section, and for the other fields defaults or what the learner suggests for
    the family.
    """
    for name in presets():
        given = preset(name)
        tables = parts.settings_for(Request({"run.preset": name}))
        family, settings = parts.load_part("family", given["run"]["family"])
        spec = family(build(settings, given[given["run"]["family"]], name)).spec
        for kind in parts.KINDS:
            part = given["run"][kind]
            cls = parts.load_part(kind, part)[1]
            suggested = getattr(cls, "suggested_values", lambda spec: {})(spec)
            whole = build(cls, {**suggested, **given[part]}, part)
            assert build(cls, tables[part], part) == whole
        poet = with_thresholds(given["poet"], spec, given["run"]["family"])
        assert build(PoetConfig, tables["poet"], "poet") == build(PoetConfig, poet, "poet")


@pytest.mark.parametrize(
    ("module", "name"),
    [(f"openpoet.envs.{m}", settings) for m, _, settings in FAMILIES.values()]
    + [(f"openpoet.agents.{m}", settings) for m, _, settings in LEARNERS.values()],
)
def test_a_changed_default_does_not_change_existing_runs(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = import_module(module)
    cls = getattr(home, name)
    kind, part = next(
        (kind, part)
        for kind, room in (("family", FAMILIES), ("learner", LEARNERS))
        for part, found in room.items()
        if module.endswith(found[0]) and found[2] == name
    )
    tables = chosen(part, "es") if kind == "family" else chosen("navigation", part)
    before = built(tables)
    hints = get_type_hints(cls)
    # Not a valid value of any setting. Settings that are not written keep their default for ever.
    written = [field for field in fields(cls) if declared(cls)[field.name].written]
    changed = [(field.name, hints[field.name], object()) for field in written]
    later = make_dataclass(
        name, changed, bases=(cls,), frozen=True, namespace={"__module__": module}
    )
    monkeypatch.setattr(home, name, later)
    assert built(tables) == before
    del tables[part][changed[0][0]]
    with pytest.raises(ValueError, match=f"{part}.{changed[0][0]} is missing"):
        parts.check_complete(tables)


def test_completed_ranges_draw_the_same_tasks_as_default_ranges() -> None:
    import numpy as np

    from openpoet.envs.randomised import Randomised

    some = chosen("navigation", "rl2", "ranges.width=[0.5, 1]", tasks="randomised")
    tables = chosen("navigation", "rl2", tasks="randomised")
    family = parts.make_part("family", tables, None)
    assert set(tables["ranges"]) == set(family.ranges())
    assert some["ranges"] == {**tables["ranges"], "width": [0.5, 1]}
    parts.check_complete(parse(to_toml(some), "it"))
    with pytest.raises(ValueError, match=r"ranges.spread is missing, expected a list"):
        parts.check_complete({**some, "ranges": {"distance": [0.5, 1]}})
    drawn = [
        Randomised(family, ranges)._sample(Randomised(family, ranges).box, np.random.default_rng(3))
        for ranges in (tables["ranges"], {})
    ]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_thresholds_of_every_family_equal_those_of_its_quick_preset(family: str) -> None:
    name = f"quick-{family}" if f"quick-{family}" in presets() else "quick-es"
    tables = preset(name)
    spec = parts.make_part("family", {**tables, "run": {"family": family}}, None).spec
    assert spec.mc_low < spec.mc_high
    assert spec.mc_low < spec.reproduce_at
    if tables["run"]["family"] == family:
        assert [getattr(spec, t) for t in THRESHOLDS] == pytest.approx(
            [tables["poet"][t] for t in THRESHOLDS]
        )
    other = chosen(family, "es", preset="quick-maze" if family == "walker" else "quick")
    spec, default = parts.make_part("family", other, None).spec, other["poet"]
    assert [default[t] for t in THRESHOLDS] == [getattr(spec, t) for t in THRESHOLDS]


OWN = """
class Own:
    def __init__(self, size=3, sizes=(1, 2), act=print):
        self.made = size, sizes

family = Own

class Learner:
    def __init__(self, family, rate: float = 1.0):
        self.rate = rate

learner = Learner
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return "own.py"


def test_settings_record_path_hash_and_arguments_of_a_plug_in(own: str, tmp_path: Path) -> None:
    import hashlib

    tables = chosen(own, "es", "own.size=4", tasks="fixed")
    assert tables["run"]["family"] == str(tmp_path / "own.py")
    assert tables["run"]["family_sha256"] == hashlib.sha256(OWN.encode()).hexdigest()
    assert tables["own"] == {"size": 4, "sizes": [1, 2]}
    again = parse(to_toml(tables), "it")
    parts.check_complete(again)
    assert parts.make_part("family", again, None).made == (4, (1, 2))
    (tmp_path / "own.py").write_text(OWN.replace("size=3, sizes=(1, 2)", "size=9, sizes=()"))
    assert parts.make_part("family", again, None).made == (4, (1, 2))


@pytest.mark.parametrize(
    ("options", "changes", "message"),
    [
        ({}, (), r"they are not in the spec of the family .*own.py; "),
        (
            {"run.tasks": "fixed"},
            ("own.sise=3",),
            r"unknown setting own.sise \(did you mean "
            r"'size'\?\)",
        ),
        ({"run.learner": "other.py"}, (), "there is no such file"),
    ],
)
def test_a_plug_in_without_thresholds_or_device_is_an_error(
    options: dict, changes: tuple, message: str, own: str
) -> None:
    options_of_run = {"run.family": own, "run.learner": "es", **options}
    with pytest.raises(ValueError, match=message):
        parts.settings_for(Request(options_of_run, changes))


def test_settings_that_a_constructor_rejects_are_an_error_of_one_line(own: str) -> None:
    Path("odd.py").write_text("class Odd:\n    def __init__(self): ...\n\nlearner = Odd\n")
    tables = {"run": {"family": "maze", "learner": "odd.py"}, "odd": {}}
    with pytest.raises(
        ValueError,
        match=r"odd.py: it cannot be made as Odd\(family, "
        r"\*\*settings\): too many",
    ):
        parts.make_part("learner", tables, None, SimpleNamespace())


def test_every_learner_has_a_device() -> None:
    for name in LEARNERS:
        assert "device" in parts.schema_of("learner", name).known


@pytest.mark.parametrize(
    ("setting", "workers", "threads"),
    [("none", None, processors()), (3, None, 3), (3, 2, 2), ("none", 2, 2)],
)
def test_workers_override_the_setting_threads(
    setting: object, workers: int | None, threads: int
) -> None:
    changes = [f"es.threads={setting}", f"walker.threads={setting}"]
    tables = parts.settings_for(Request({"run.learner": "es"}, changes))
    family = parts.make_part("family", tables, workers)
    assert family.settings.threads == threads
    assert parts.make_part("learner", tables, workers, family).machine.threads == threads
