"""Which plug-in files may be executed: those that the user has launched on this machine, by hash.

A run folder from another person could name any file of this machine. Therefore hashes of launched
files are kept outside run folders, in a folder that only the user can write. Only the file itself
is hashed, not the modules that it imports.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MOST = 2**24  # bytes of a plug-in's file
_checked: dict[Path, str] = {}  # hashes of the files that may be executed as they were checked


class ChangedError(ValueError):
    """A plug-in's file has changed between the check of its hash and its execution."""


def content(path: Path, role: str) -> bytes:
    """The bytes of a plug-in's file. ValueError, which begins with `role`, if it is no plain file
    of at most MOST bytes.
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
    """Record that the user has launched a file with this hash. OSError if that cannot be done
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
            f"cannot record in {folder} which files were launched: {error.strerror or error}"
        ) from error


def remembered(digest: str) -> bool:
    folder = _folder()
    return not _unsafe(folder) and stat.S_ISREG(_mode(folder / digest))


def refusal(recorded: str | None, name: str, option: str) -> str:
    """Why a run's plug-in file must not be executed, and what to do; empty if it may be.

    recorded: the hash in the run's settings. option: family or learner.
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
            f"{recorded[:12]}..., is {digest[:12]}...): restore it; {accept}"
        )
    if not remembered(digest):
        return (
            f"the {option} {name} has not been launched by you on this machine: read it first; "
            f"{accept}"
        )
    checked(Path(name), digest)
    return ""


def checked(path: Path, digest: str) -> None:
    """From here on, only the content with this hash may be executed of this file, which a run
    names.
    """
    _checked[path.resolve()] = digest


def launched() -> None:
    """The user names the files of a new run: they may be executed as they are now."""
    _checked.clear()


def check_unchanged(path: Path, digest: str, role: str) -> None:
    """ChangedError if the file was checked with another hash than this one, of its content now."""
    if os.environ.get("OPENPOET_TRUST") == "1":
        return
    if _checked.get(path.resolve(), digest) != digest:
        raise ChangedError(
            f"{role} {path} has changed since its hash was checked: start the program again"
        )


def _folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return base / "openpoet" / "trusted"


def _mode(path: Path) -> int:
    """The file mode; 0 if there is no such file, or no permission to look."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _unsafe(folder: Path) -> str:
    """Why another user may have written to the folder; empty if only this user can have."""
    if not stat.S_ISDIR(mode := _mode(folder)):
        return "it is not a folder"
    if folder.lstat().st_uid != os.geteuid() or mode & 0o077:
        return f"it must belong to you alone: chmod 700 {folder}"
    return ""
