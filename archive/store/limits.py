"""The sizes a run may have: the writer checks them before a commit, the reader before it reads.

One set for both, so that whatever was committed can be opened again.
"""

from __future__ import annotations

MOST_CONFIG = 2**20  # bytes of config.toml
MOST_SETTINGS = 10_000  # rows of the table `settings`
MOST_DATABASE = 4 * 2**30  # bytes of archive.db, and of its log
ROOM = 2**28  # bytes below that limit, kept free for the iteration under way
MOST_CELL = 128 * 2**20  # bytes of one value in the database
MOST_NESTED = 32  # lists and objects in a JSON text; its integers have 64 bits
MOST_INTEGER = 2**53  # whole numbers below it are exact in every JSON reader
# active niches, retired niches, events of one iteration, or scores kept of one niche
MOST_ROWS = 1_000_000
MOST_AGENT = 256 * 2**20  # bytes of an agent's file
MOST_HEADER = 2**20  # bytes of the list of tensors in it: about 12,000 tensors
MOST_DIMENSIONS = 8  # of a tensor
MOST_WEIGHTS = 4 * 2**30  # bytes of the latest agents of all niches, which are read together


def readable(number: int) -> str:
    """Bytes as people write them: 4 GiB, 1 MiB, 300 bytes."""
    for unit, bytes in (("GiB", 2**30), ("MiB", 2**20)):
        if number >= bytes:
            return f"{number / bytes:.4g} {unit}"
    return f"{number} bytes"
