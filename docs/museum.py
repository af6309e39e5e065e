"""Makes a pack of the museum from a run: `python docs/museum.py museum RUN --select EXPR --clips`.

docs/museum.md has the commands of all packs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from openpoet.archive.museum.files import FOLDER
    from openpoet.archive.store.run_folder import Run
    from openpoet.cli.packing import export
    from openpoet.cli.recorded import make_clips

    parser = argparse.ArgumentParser(description="Make a pack of the museum from a run.")
    parser.add_argument("name", help="museum, museum-navigation, ...")
    parser.add_argument("run", type=Path)
    parser.add_argument("--select", help="expression that chooses niches; default: all")
    parser.add_argument("--clips", action="store_true", help="record the evaluations, too")
    options = parser.parse_args()
    pack, clips = (FOLDER / f"{options.name}{suffix}" for suffix in (".poet", ".clips"))
    for path in (pack, clips):
        path.unlink(missing_ok=True)
    with Run.open(options.run, write=False) as run:
        print(export(run, options.select, pack, acting=True))
    if options.clips:
        print(f"{clips}: {make_clips(pack, clips)} bytes")


if __name__ == "__main__":
    main()
