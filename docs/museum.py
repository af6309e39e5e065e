"""Makes a pack of the museum from a run: `python docs/museum.py museum RUN --select EXPR --clips`.

docs/museum.md has the commands of all packs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Rows = Iterable[tuple[str, Mapping[str, Any]]]


def write(run: Any, select: str | None, out: Path) -> None:
    """Write the pack: the latest agents, without training state."""
    from openpoet.archive.packs.excerpt import excerpt
    from openpoet.archive.packs.files import write_pack
    from openpoet.cli.packing import learner_of
    from openpoet.cli.run_settings import settings_of
    from openpoet.cli.training_state import stripped

    trim = partial(stripped, learner_of(settings_of(run)))
    content = excerpt(run, select, trim).content()
    write_pack(out, replace(content, rows=without_folders(content.rows)))


def without_folders(rows: Rows) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows, in whose commands absolute paths, those of the machine, are shortened to names."""
    for table, row in rows:
        if table == "sessions":
            program, *words = row["command"]
            named = [word.rpartition("/")[2] if word.startswith("/") else word for word in words]
            if Path(program).name in ("__main__.py", "openpoet", "run.py"):
                program = "openpoet"
            row = {**row, "command": [program, *named]}
        yield table, row


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from openpoet.archive.museum.files import FOLDER
    from openpoet.archive.store.run_folder import Run
    from openpoet.cli.packing import written
    from openpoet.cli.recorded import make_clips

    parser = argparse.ArgumentParser(description="Make a pack of the museum from a run.")
    parser.add_argument("name", help="museum, museum-navigation, ...")
    parser.add_argument("run", type=Path)
    parser.add_argument("--select", help="expression that chooses niches; default: all")
    parser.add_argument("--clips", action="store_true", help="record the evaluations, too")
    options = parser.parse_args()
    made, pack, clips = (FOLDER / f"{options.name}{end}" for end in (".new", ".poet", ".clips"))
    made.unlink(missing_ok=True)
    with Run.open(options.run, write=False) as run:
        write(run, options.select, made)
    made.rename(pack)
    print(written(pack))
    if options.clips:
        print(f"{clips}: {make_clips(pack, clips)} bytes")


if __name__ == "__main__":
    main()
