"""Task files: a task of a family as JSON, as `show RUN NICHE --json` prints it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpoet.foreign_json import loads
from openpoet.whole_files import write_whole

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Task, TaskFamily

LARGEST = 1 << 20  # bytes of a file


def read_task(path: Path, family: TaskFamily) -> Task:
    """The task in a file. ValueError, one line, if it is not one of the family."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(
            f"cannot read the task {path}: {error.strerror}; expected a file with what "
            "`show RUN NICHE --json` prints"
        ) from error
    if len(text) > LARGEST:
        raise ValueError(f"{path} has more than {LARGEST} bytes: it is no task")
    try:
        data: Any = loads(text)
    except ValueError as error:
        raise ValueError(
            f"{path} is not JSON: expected a task as `show RUN NICHE --json` prints it "
            f"({str(error)[:100]})"
        ) from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold a JSON object, got {str(data)[:60]}")
    try:
        return family.decode(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_task(path: Path, task: Task, family: TaskFamily) -> None:
    """Write the task as JSON. The file gets its name when it is complete."""
    write_whole(path, json.dumps(family.encode(task), indent=1) + "\n")
