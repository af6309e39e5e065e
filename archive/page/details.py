"""The details of one niche: its task, relatives, transfers, and how it was solved; thumbnails
and refused candidates.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..seeds.select import chooser
from ..store import measures
from ..store.descent import Move, Step, descent
from .curves import brief
from .history import History
from .view import NICHE, RunView
from .words import shown

MOST_LISTED = 500  # ancestors, children, transfers or candidates of one answer
MOST_OUTLINES = 100  # of one request
FIELDS = (*measures.FIELDS, "alive")  # in expressions


class UnknownError(ValueError):
    """There is no such niche."""


def details(view: RunView, niche: int) -> dict[str, Any]:
    """Everything about one niche. UnknownError if there is none of this number."""
    with view.lock, view.run.snapshot():
        view.history.advance()
        row = next(view.run.each_row(f"SELECT {NICHE} FROM niches WHERE id = ?", niche), None)
        if row is None:
            raise UnknownError(f"there is no niche {niche} in this run")
        task = view.task(niche)
        described = view.niche(row, picture=True)
        return {
            "niche": described | {"outline": view.words.outline(task)},
            "scale": view.words.scale,
            "task": task,
            "ancestry": _ancestry(view, niche),
            "children": _children(view, niche),
            "refused_children": _refused(view, niche),
            "transfers_in": _transfers(view, niche, "target"),
            "transfers_out": _transfers(view, niche, "source"),
            "solution": solution(view, row),
        }


def _ancestry(view: RunView, niche: int) -> list[int]:
    """The niche's parent, its parent's parent, and so on."""
    found = [niche]
    query = "SELECT parent FROM niches WHERE id = ? AND parent < id"
    while len(found) <= MOST_LISTED:
        row = next(view.run.each_row(query, found[-1]), None)
        if row is None:
            break
        found.append(row["parent"])
    return found[1:]


def _children(view: RunView, niche: int) -> list[int]:
    query = f"SELECT id FROM niches WHERE parent = ? ORDER BY id LIMIT {MOST_LISTED}"
    return [row["id"] for row in view.run.each_row(query, niche)]


def _refused(view: RunView, niche: int) -> list[dict[str, Any]]:
    query = f"""SELECT iteration, outcome, score, task FROM children
        WHERE parent = ? AND niche IS NULL ORDER BY id DESC LIMIT {MOST_LISTED // 5}"""
    return [_candidate(view, row) for row in view.run.each_row(query, niche)][::-1]


def _candidate(view: RunView, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in row if name != "task"},
        "outcome": shown(row["outcome"]),
        "score": brief(row["score"]),
        "title": view.words.title_of(row["task"]),
        "outline": view.words.outline(row["task"], simplified=True),
    }


def candidates(view: RunView, since: int) -> dict[str, Any]:
    """The newest refused candidates after iteration `since`, in columns."""
    with view.lock, view.run.snapshot():
        query = f"""SELECT iteration, parent, outcome, score, task FROM children
            WHERE niche IS NULL AND iteration > ? ORDER BY id DESC LIMIT {MOST_LISTED}"""
        found = [_candidate(view, row) for row in view.run.each_row(query, since)][::-1]
        names = ("iteration", "parent", "outcome", "score", "title", "outline")
        columns = {name: [one[name] for one in found] for name in names}
        return {"scale": view.words.scale, **columns}


def _transfers(view: RunView, niche: int, side: str) -> list[dict[str, Any]]:
    """The last transfers tried into a niche ("target") or out of it ("source"), oldest first.

    At birth a transfer's target is a candidate, which has a niche only if it was admitted.
    """
    other = "source" if side == "target" else "target"
    where = (
        "CASE WHEN t.at_birth THEN c.niche ELSE t.target END = ?"
        if side == "target"
        else "t.source = ? AND (NOT t.at_birth OR c.niche IS NOT NULL)"
    )
    query = f"""SELECT t.iteration, t.source, t.kind, t.score, t.bar, t.accepted, t.at_birth,
        CASE WHEN t.at_birth THEN c.niche ELSE t.target END AS target
        FROM transfers AS t LEFT JOIN children AS c ON t.at_birth AND c.id = t.target
        WHERE {where} ORDER BY t.accepted DESC, t.id DESC LIMIT {MOST_LISTED}"""
    found = [
        {
            "iteration": row["iteration"],
            other: row[other],
            "kind": shown(row["kind"]),
            "score": brief(row["score"]),
            "bar": brief(row["bar"]),
            "accepted": row["accepted"],
            "at_birth": row["at_birth"],
        }
        for row in view.run.each_row(query, niche)
    ]
    return sorted(found, key=lambda row: row["iteration"])


def moves_by_target(history: History) -> Mapping[int, Sequence[Move]]:
    found: dict[int, list[Move]] = defaultdict(list)
    columns = [history.moves[n] for n in ("iteration", "source", "target", "kind", "at_birth")]
    for iteration, source, target, kind, at_birth in zip(*columns, strict=True):
        move = Move(iteration, source, target, history.kinds[kind], bool(at_birth))
        found[target].append(move)
    return found


def solution(view: RunView, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps through which the niche's present agent came, oldest first (descent.py)."""
    born = dict(view.run.database.execute("SELECT id, born FROM niches"))
    last = view.history.iteration if row["died"] is None else row["died"] - 1
    moves = moves_by_target(view.history)
    steps = descent(row["id"], last, born, moves)
    if len(steps) > MOST_LISTED:
        steps = steps[-MOST_LISTED:]
    on_chain = _first_agents(steps, born, moves)
    described = {}
    for id in {step.niche for step in steps}:
        task = view.task(id)
        described[id] = view.words.title(id, task)[0], view.words.thumbnail(id, task)
    return [
        {
            "niche": step.niche,
            "iteration_from": step.iteration_from,
            "iteration_to": step.iteration_to,
            "how": step.how,
            "kind": step.kind,
            **_scores(view.history, step),
            "title": described[step.niche][0],
            "outline": described[step.niche][1],
            "clip": _clip(steps, place, on_chain),
        }
        for place, step in enumerate(steps)
    ]


def _scores(history: History, step: Step) -> dict[str, Any]:
    """Its last and its best score within the step."""
    scores = history.scores.get(step.niche)
    if scores is None:
        return {"score": None, "best": None}
    first = bisect_right(scores.at, step.iteration_from - 1)
    values = scores.value[first : bisect_right(scores.at, step.iteration_to)]
    return {
        "score": brief(values[-1]) if values else None,
        "best": brief(max(values, default=math.nan)),
    }


def _clip(steps: Sequence[Step], place: int, on_chain: Mapping[int, bool]) -> dict[str, Any]:
    """The stored agent that shows the step in its niche; exact: it is an agent of this descent.

    Stored are a niche's agent after the iteration of its birth, and its last one. Where the next
    step began with a birth, its first agent is this step's last one after one more iteration.
    """
    niche, agent, at = steps[place].niche, steps[place].niche, "last"
    exact = place == len(steps) - 1
    if not exact and steps[place + 1].how == "birth" and on_chain[place + 1]:
        agent, at, exact = steps[place + 1].niche, "birth", True
    elif not exact and on_chain[place]:
        at, exact = "birth", True
    return {"niche": niche, "agent": agent, "at": at, "exact": exact}


def _first_agents(
    steps: Sequence[Step], born: Mapping[int, int], moves: Mapping[int, Sequence[Move]]
) -> Mapping[int, bool]:
    """By place, whether the agent that was stored at the birth of the step's niche is the step's:
    no other agent came into the niche in the same iteration.
    """
    return {
        place: step.iteration_from == born[step.niche]
        and all(
            move.at_birth
            for move in moves.get(step.niche, ())
            if move.iteration == step.iteration_from
        )
        for place, step in enumerate(steps)
    }


def outlines(view: RunView, niches: Iterable[int]) -> dict[str, Any]:
    """Thumbnails by niche; numbers without a niche are left out."""
    wanted = sorted(set(niches))[:MOST_OUTLINES]
    with view.lock, view.run.snapshot():
        known = [
            row["id"]
            for id in wanted
            for row in view.run.each_row("SELECT id FROM niches WHERE id = ?", id)
        ]
        found = {str(id): view.words.thumbnail(id, view.task(id)) for id in known}
        return {"scale": view.words.scale, "outlines": found}


def chosen(view: RunView, expression: str) -> dict[str, Any]:
    """The niches for which an expression holds. ValueError, one line, if it is not one."""
    keep = chooser(expression, FIELDS)
    with view.lock, view.run.snapshot():
        columns = ", ".join(measures.FIELDS)
        return {
            "ids": [
                row["id"]
                for row in view.run.each_row(f"SELECT {columns} FROM niches ORDER BY id")
                if keep(row | {"alive": row["died"] is None})
            ]
        }
