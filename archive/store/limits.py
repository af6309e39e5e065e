"""Size limits of a run, checked by the writer before a commit and by the reader before reading.

Both use the same limits, so that every committed run can be opened again.
"""

from __future__ import annotations

MOST_CONFIG = 2**20  # bytes of config.toml
MOST_SETTINGS = 10_000  # rows of the table `settings`
MOST_DATABASE = 4 * 2**30  # bytes of archive.db, and of its log
ROOM = 2**28  # bytes below that limit, reserved for the current iteration
MOST_CELL = 128 * 2**20  # bytes of one value in the database
MOST_INTEGER = 2**53  # smaller integers are exact in every JSON reader
# active niches, retired niches, events of one iteration, or stored scores of one niche
MOST_ROWS = 1_000_000
MOST_AGENT = 256 * 2**20  # bytes of an agent's file
MOST_HEADER = 2**20  # bytes of its header, which lists about 12,000 tensors
MOST_DIMENSIONS = 8  # of a tensor
MOST_WEIGHTS = 4 * 2**30  # bytes of the latest agents of all niches, which are read together


def readable(number: int) -> str:
    """A number of bytes in binary units: "4 GiB", "1 MiB", "300 bytes"."""
    for unit, bytes in (("GiB", 2**30), ("MiB", 2**20)):
        if number >= bytes:
            return f"{number / bytes:.4g} {unit}"
    return f"{number} bytes"
