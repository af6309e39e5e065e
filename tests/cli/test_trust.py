"""Only files that this user has launched on this machine and that are unchanged may be executed,
whatever an archive records.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from openpoet.cli.plugins import load_file
from openpoet.cli.trust import ChangedError, launched, refusal, remember, remembered, sha256


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "own.py"
    path.write_text("family = dict\n")
    launched()
    return path


def trusted_folder(own: Path) -> Path:
    return own.parent / "state" / "openpoet" / "trusted"


def test_a_file_launched_here_may_be_executed(own: Path) -> None:
    digest = sha256(own, "it")
    assert not remembered(digest)
    remember(digest)
    remember(digest)
    assert refusal(digest, str(own), "family") == ""


def test_a_file_that_changes_after_the_check_of_its_hash_is_not_executed(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, executed = sha256(own, "it"), own.parent / "executed"
    remember(digest)
    assert refusal(digest, str(own), "family") == ""
    assert load_file(own, "family").family is dict
    own.write_text(f"family = open({str(executed)!r}, 'w')\n")
    with pytest.raises(ChangedError, match=r"own\.py has changed since its hash was checked"):
        load_file(own, "family")
    assert not executed.exists()
    monkeypatch.setenv("OPENPOET_TRUST", "1")
    load_file(own, "family")
    assert executed.exists()


def test_a_launch_executes_a_file_as_it_is_now(own: Path) -> None:
    digest = sha256(own, "it")
    remember(digest)
    assert refusal(digest, str(own), "family") == ""
    own.write_text("family = list\n")
    launched()
    assert load_file(own, "family").family is list


def test_a_matching_hash_in_the_archive_is_not_sufficient(own: Path) -> None:
    """An archive may name any file of this machine with its correct hash."""
    assert "has not been launched by you on this machine" in refusal(
        sha256(own, "it"), str(own), "family"
    )


def test_a_changed_file_is_rejected_even_if_its_new_content_was_launched(own: Path) -> None:
    digest = sha256(own, "it")
    remember(digest)
    own.write_text("family = list\n")
    remember(sha256(own, "it"))
    message = refusal(digest, str(own), "family")
    assert "has changed since the run was launched" in message
    assert "OPENPOET_TRUST=1" in message
    own.unlink()
    assert "is not there: put it back" in refusal(digest, str(own), "family")


def test_a_file_without_a_recorded_hash_is_rejected(own: Path) -> None:
    remember(sha256(own, "it"))
    assert "without a hash" in refusal(None, str(own), "family")


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_trust_folder_accessible_to_other_users_is_ignored(own: Path, mode: int) -> None:
    digest = sha256(own, "it")
    remember(digest)
    assert trusted_folder(own).stat().st_mode & 0o777 == 0o700
    trusted_folder(own).chmod(mode)
    assert not remembered(digest)
    with pytest.raises(OSError, match="chmod 700"):
        remember(digest)


def test_links_are_not_followed(own: Path) -> None:
    digest = sha256(own, "it")
    remember("0" * 64)
    (trusted_folder(own) / digest).symlink_to(own)
    assert not remembered(digest)
    with pytest.raises(OSError, match="cannot record in"):
        remember(digest)
    elsewhere = trusted_folder(own).rename(own.parent / "elsewhere")
    trusted_folder(own).symlink_to(elsewhere)
    assert not remembered("0" * 64)
