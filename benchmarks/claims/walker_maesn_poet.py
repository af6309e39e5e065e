"""POET with MAESN agents on walkers: the preset walker-maesn by the command, read from the archive.

Terrain and hidden speeds evolve together, from an agent of the museum that walks. Claims: births,
transfers between niches, and in every active niche at the end a higher score after adaptation than
before, on new draws.
"""

from __future__ import annotations

from benchmarks.adapting_presets import finished
from benchmarks.claims.claim import Claim

WALKER = ("--from", "museum", "--select", "id == 0", "--take", "agents")


def claims() -> list[Claim]:
    return finished("walker-maesn", *WALKER).claims()
