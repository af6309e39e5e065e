"""The museum's files, by the names that commands take: `museum`, `museum-maze`, and others."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def packs() -> dict[str, Path]:
    """The packs by name, sorted: `museum`, then those whose names begin with `museum-`."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.poet"), key=lambda path: path.stem)}


def is_here(path: Path) -> bool:
    """Whether a file is in the museum, however its path is written."""
    return path.absolute().parent == FOLDER


def clips_of(pack: Path) -> Path | None:
    """The file of recorded evaluations of a pack of the museum; None if it has none."""
    path = FOLDER / f"{pack.stem}.clips"
    return path if is_here(pack) and path.is_file() else None
