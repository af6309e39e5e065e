"""Files of results: whole under their names, or not there; errors name them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from openpoet.whole_files import check_writable, whole_file, write_whole


def test_a_file_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as partial:
        partial.write_text("half")
        assert os.listdir(tmp_path) == [partial.name]
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "half"


def fail(path: Path, error: Exception) -> None:
    with whole_file(path) as partial:
        partial.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyError("a")])
def test_an_error_leaves_the_earlier_file_and_no_other(error: Exception, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("earlier")
    with pytest.raises(type(error)) as raised:
        fail(tmp_path / "a", error)
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "earlier"
    if isinstance(error, OSError):
        assert str(raised.value) == f"cannot write {tmp_path}/a: No space left on device"


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "a", tmp_path / "folder"):
        with pytest.raises(OSError, match=rf"^cannot write {path}: [A-Z][a-z ]+$"):
            write_whole(path, "text")
    assert os.listdir(tmp_path) == ["folder"]


def copy(source: Path, path: Path) -> None:
    with whole_file(path) as partial:
        partial.write_bytes(source.read_bytes())


def test_an_error_about_another_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^\[Errno 2\] .*/source'$"):
        copy(tmp_path / "source", tmp_path / "a")
    assert not os.listdir(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "a", tmp_path / "folder"):
        with pytest.raises(OSError, match=rf"^cannot write {path}: [a-zA-Z ]+$"):
            check_writable(path)
    (tmp_path / "a").write_text("earlier")
    check_writable(tmp_path / "a")
    check_writable(tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == ["a", "folder"]
    assert (tmp_path / "a").read_text() == "earlier"


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    (tmp_path / ".a.partial").symlink_to(tmp_path / "mine")
    (tmp_path / "a").symlink_to(tmp_path / "mine")
    write_whole(tmp_path / "a", "text")
    assert (tmp_path / "mine").read_text() == "precious"
    assert (tmp_path / "a").read_text() == "text"
    assert not (tmp_path / "a").is_symlink()
