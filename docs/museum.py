"""Makes a pack of the museum from a run: `python docs/museum.py museum RUN --select EXPR --clips`.

docs/museum.md has the commands of all packs. RUN may be the pack itself: it is then written anew,
with the defaults of settings that were added since, which packs of the museum must have.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run

ROOT = Path(__file__).resolve().parent.parent
Rows = Iterable[tuple[str, Mapping[str, Any]]]


def write(run: Run, select: str | None, out: Path) -> None:
    """Write the pack: the latest agents, without training state, and complete settings."""
    from openpoet.archive.packs.excerpt import excerpt
    from openpoet.archive.packs.files import write_pack
    from openpoet.cli.parts import completed, make_part
    from openpoet.cli.run_settings import settings_of
    from openpoet.cli.training_state import stripped
    from openpoet.cli.wiring import make_family

    tables = completed(settings_of(run))
    learner = make_part("learner", tables, 1, make_family(tables, 1))
    content = excerpt(run, select, partial(stripped, learner)).content()
    write_pack(out, replace(content, rows=with_settings(content.rows, tables)))


def with_settings(rows: Rows, tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """The rows, with a setting of the launch for each that is missing, in the order of the key."""
    for table, group in groupby(rows, lambda row: row[0]):
        if table != "settings":
            yield from group
            continue
        there = [row for _, row in group]
        known = {(row["section"], row["key"]) for row in there}
        added = [
            {"iteration": 0, "section": section, "key": key, "value": value}
            for section, settings in tables.items()
            for key, value in settings.items()
            if (section, key) not in known
        ]
        order = sorted((*there, *added), key=lambda r: (r["iteration"], r["section"], r["key"]))
        yield from (("settings", row) for row in order)


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
