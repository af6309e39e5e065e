"""A report: the page of a run with its data in one file, up to a number of bytes."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpoet.whole_files import whole_file

from .bundle import page_with
from .details import candidates, details
from .site import summary
from .view import RunView

MOST_BYTES = 5_000_000  # of a report
COMPRESSED_FROM = 400  # bytes of a block

# computes the replay of an agent in a niche: (niche, agent, "last" or "birth")
Replay = Callable[[int, int, str], dict[str, Any]]
Clip = tuple[int, int, str]


def block(id: str, data: Any) -> str:
    """An element with data, which the page's source.js reads."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    if len(text) < COMPRESSED_FROM:
        text = text.replace("<", "\\u003c")
        return f'<script type="application/json" id="{id}">{text}</script>'
    packed = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    return f'<script type="application/json" id="{id}" data-encoding="gzip">{packed}</script>'


class Report:
    """The blocks of a report, in the order of their importance, as long as they fit.

    left_out: how many did not. most: bytes of the whole file.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.blocks: list[str] = []
        self.left_out = 0
        self.free = most - len(page_with([]).encode())

    def add(self, id: str, data: Any) -> bool:
        """Whether the block fits, and so is in the report."""
        text = block(id, data)
        size = len(text.encode()) + 1
        if size > self.free:
            self.left_out += 1
            return False
        self.blocks.append(text)
        self.free -= size
        return True

    def write(self, path: Path) -> int:
        """Write the file; the number of its bytes. It gets its name when it is complete."""
        content = page_with(self.blocks).encode()
        with whole_file(path) as partial:
            partial.write_bytes(content)
        return len(content)


def fill(report: Report, view: RunView, posed: Iterable[int], replay: Replay | None) -> None:
    """Add the run, details of all its niches, and poses of the niches `posed`.

    replay: None: no poses. ValueError, one line, if the run alone does not fit.
    """
    whole = view.view(pictures=None)
    run = {"id": "0", **summary(view), "state": whole["state"], "updated": 0}
    if not (report.add("data-runs", {"runs": [run]}) and report.add("data-view", whole)):
        raise ValueError(f"{view.run.path} is too large for a report: `watch` shows it")
    niches = sorted(whole["niches"], key=lambda niche: (niche["died"] is not None, -niche["id"]))
    ids = [niche["id"] for niche in niches]
    chosen = [n for n in posed if n in set(ids) and _held(view, (n, n, "last"))]
    chains: dict[int, list[dict[str, Any]]] = {}
    for niche in chosen if replay else ():
        assert replay is not None
        report.add(f"data-replay-{niche}-{niche}-last", replay(niche, niche, "last"))
    for niche in dict.fromkeys((*chosen, *ids)):
        found = details(view, niche)
        chains[niche] = found["solution"]
        # the page has all outlines from the view
        found["solution"] = [step | {"outline": None} for step in found["solution"]]
        report.add(f"data-niche-{niche}", found)
    report.add("data-candidates", candidates(view, -1))
    parents = {niche["id"]: niche["parent"] for niche in niches}
    for clip in _clips(chosen, parents, chains) if replay else ():
        if not _held(view, clip):
            continue
        assert replay is not None
        if not report.add("data-replay-{}-{}-{}".format(*clip), replay(*clip)):
            break  # evaluations take long, and others are about as large


def _held(view: RunView, clip: Clip) -> bool:
    """Whether the agent of a replay is there; a pack has ancestors without agents."""
    _, agent, at = clip
    column = "birth_agent" if at == "birth" else "agent"
    with view.lock, view.run.snapshot():
        rows = view.run.each_row(f"SELECT {column} AS name FROM niches WHERE id = ?", agent)
        return any(view.run.complete or view.run.agents.holds(row["name"]) for row in rows)


def _clips(
    niches: Sequence[int],
    parents: Mapping[int, int | None],
    chains: Mapping[int, Sequence[Mapping[str, Any]]],
) -> Iterator[Clip]:
    """The replays of these niches beside their own: of their parents' agents there, then those of
    "How was this solved?".
    """
    beside = [(niche, parents[niche], "last") for niche in niches]
    chain = [
        (step["clip"]["niche"], step["clip"]["agent"], step["clip"]["at"])
        for niche in niches
        for step in reversed(chains[niche])
    ]
    known: set[Clip] = {(niche, niche, "last") for niche in niches}
    for niche, agent, at in (*beside, *chain):
        if agent is not None and (niche, agent, at) not in known:
            known.add((niche, agent, at))
            yield niche, agent, at
