"""Which plug-in files may be executed: those that the user has launched on this machine, by hash.

A run folder names the files of its plug-ins, but it may come from a stranger, who may name any file
there is. So the hashes of what was launched here are kept in a folder of the user's own, which no
archive brings along. Only the file itself is hashed, not the modules that it imports.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MOST = 2**24  # bytes of a plug-in's file


def content(path: Path, role: str) -> bytes:
    """What is in a plug-in's file. ValueError, one line that begins with its role, if it is
    none.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise ValueError(f"{role} {path}: there is no such file") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST:
        raise ValueError(f"{role} {path} must be a plain file of at most {MOST} bytes")
    return path.read_bytes()


def sha256(path: Path, role: str) -> str:
    return hashlib.sha256(content(path, role)).hexdigest()


def remember(digest: str) -> None:
    """The user has launched a file of this content. OSError, one line, if it cannot be kept
    safely.
    """
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if unsafe := _unsafe(folder):
            raise OSError(unsafe)
        os.close(os.open(folder / digest, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise OSError(
            f"cannot remember in {folder} what was launched here: {error.strerror or error}"
        ) from error


def remembered(digest: str) -> bool:
    folder = _folder()
    return not _unsafe(folder) and stat.S_ISREG(_mode(folder / digest))


def refusal(recorded: str | None, name: str, option: str) -> str:
    """Why the file that a run names as its --`option` must not be executed, and what to do; empty
    if it may be.
    """
    accept = "to execute it as it is: OPENPOET_TRUST=1"
    if not Path(name).is_file():
        return f"the {option} of this run is in the file {name}, which is not there: put it back"
    digest = sha256(Path(name), f"the {option}")
    if recorded is None:
        return f"the {option} {name} was recorded without a hash: it may have changed; {accept}"
    if digest != recorded:
        return (
            f"the {option} {name} has changed since the run was launched (SHA-256 was "
            f"{recorded[:12]}..., "
            f"is {digest[:12]}...): restore it; {accept}"
        )
    if not remembered(digest):
        return (
            f"the {option} {name} has not been launched by you on this machine: read it first; "
            f"{accept}"
        )
    return ""


def _folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return base / "openpoet" / "trusted"


def _mode(path: Path) -> int:
    """0: there is nothing, or nothing that may be looked at."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _unsafe(folder: Path) -> str:
    """Why what is in the folder may be another's; empty if only this user can have written it."""
    if not stat.S_ISDIR(mode := _mode(folder)):
        return "it is not a folder"
    if folder.lstat().st_uid != os.geteuid() or mode & 0o077:
        return f"it must belong to you alone: chmod 700 {folder}"
    return ""
