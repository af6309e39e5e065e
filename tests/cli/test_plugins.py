"""Plug-in files: names equal to those of modules, arguments as settings, places of errors."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from openpoet.cli.plugins import load, module_name, place, section
from openpoet.cli.settings.fields import check_complete, complete, of_arguments, values


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


OWN = (
    "from dataclasses import dataclass\n\n@dataclass\nclass Own:\n    size: int = 3\n\nfamily = "
    "Own\n"
)


@pytest.mark.parametrize(
    "name", ["archive.py", "statistics.py", "poet.py", "two words.py", "a.b.py"]
)
def test_a_file_with_the_name_of_a_module_does_not_replace_it(name: str, tmp_path: Path) -> None:
    before = dict(sys.modules)
    path = written(tmp_path, name, OWN)
    made = load("family", path, ())()
    assert pickle.loads(pickle.dumps(made)) == made
    added = {key for key, module in sys.modules.items() if before.get(key) is not module}
    assert added == {module_name(path)}


def test_a_file_is_executed_again_only_if_its_content_changed(tmp_path: Path) -> None:
    path = written(tmp_path, "own.py", OWN)
    first = load("family", path, ())
    assert load("family", path, ()) is first
    written(tmp_path, "own.py", OWN.replace("3", "4"))
    assert load("family", path, ())().size == 4


def test_a_file_that_raises_is_not_left_in_sys_modules(tmp_path: Path) -> None:
    path = written(tmp_path, "own.py", "\nfamily = 3 / 0\n")
    message = r"own.py cannot be loaded: ZeroDivisionError: division by zero \(own.py, line 2\)$"
    with pytest.raises(ValueError, match=message) as caught:
        load("family", path, ())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert module_name(path) not in sys.modules


def test_a_file_that_exits_or_is_interrupted_is_not_a_file_with_an_error(tmp_path: Path) -> None:
    for name, error in (("a.py", SystemExit), ("b.py", KeyboardInterrupt)):
        with pytest.raises(error):
            load("family", written(tmp_path, name, f"raise {error.__name__}\n"), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("family = (\n", r"^family .*own.py is not Python: .*own.py, line 1"),
        ("learner = 3\n", r"its last line must name the class, such as `family = MyClass`"),
    ],
)
def test_a_file_without_a_family_or_learner_is_an_error(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        load("family", written(tmp_path, "own.py", text), ())


def test_a_path_that_is_not_a_plain_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "own.py").mkdir()
    with pytest.raises(ValueError, match="must be a plain file"):
        load("family", str(tmp_path / "own.py"), ())
    with pytest.raises(ValueError, match=r"^family .*none.py: there is no such file"):
        load("family", str(tmp_path / "none.py"), ())


def test_the_place_of_an_error_is_the_innermost_line_of_the_file(tmp_path: Path) -> None:
    text = "import json\n\ndef own():\n    return json.loads('{')\n\nfamily = own\n"
    part = load("family", written(tmp_path, "own.py", text), ())
    with pytest.raises(ValueError, match="Expecting") as caught:
        part()
    assert place(caught.value) == "own.py, line 4"
    wrapped = RuntimeError("failed")
    wrapped.__cause__ = caught.value
    assert place(wrapped) == "own.py, line 4"
    assert place(ValueError("elsewhere")) == ""


def test_a_section_has_the_name_of_the_file_with_a_suffix_for_reserved_names() -> None:
    names = ("maze", "a/hill.py", "poet.py", "a/run.py", "ranges.py", "a.b.py")
    assert [section(name) for name in names] == [
        "maze",
        "hill",
        "poet_py",
        "run_py",
        "ranges_py",
        "a.b",
    ]


class Own:
    def __init__(
        self,
        family: Any,
        size,
        rate: float = 1,
        sizes=(4, 4),
        name: str | None = None,
        word="none",
        act=len,
        rollouts=None,
    ) -> None:
        self.settings = (size, rate, sizes, name, word, act)


SCHEMA = of_arguments(Own, given=1, not_settings=("rollouts",))


def test_keyword_arguments_are_settings_and_defaults_survive_writing_and_reading() -> None:
    table = complete(SCHEMA, {"size": 3}, "own")
    assert table == {"size": 3, "rate": 1.0, "sizes": [4, 4], "name": "none", "word": "none"}
    check_complete(SCHEMA, table, "own")
    assert Own(None, **values(SCHEMA, table, "own")).settings == Own(None, 3).settings


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"size": 1, "sise": 2}, r"unknown setting own.sise \(did you mean 'size'\?\)"),
        ({"size": 1, "family": 2}, "unknown setting own.family"),
        ({"size": 1, "rollouts": 2}, "unknown setting own.rollouts"),
        ({}, "own.size is missing, expected a value"),
        ({"size": 1, "rate": "x"}, "own.rate must be a finite number, got 'x'"),
    ],
)
def test_unknown_or_invalid_settings_of_a_plug_in_are_an_error(table: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        values(SCHEMA, table, "own")


def test_a_plug_in_with_var_keyword_arguments_accepts_any_setting() -> None:
    class Open:
        def __init__(self, size: int = 2, **more: Any) -> None: ...

    schema = of_arguments(Open, given=0)
    assert complete(schema, {"other": [1, 2]}, "own") == {"size": 2, "other": [1, 2]}
