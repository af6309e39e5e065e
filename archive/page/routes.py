"""From an address to its answer: the page's files by an allow-list, data as JSON, edited tasks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from openpoet.foreign_json import loads

from .details import UnknownError, candidates, chosen, details, outlines
from .editing import Editing
from .files import assets, first_modules
from .opened import VanishedError
from .requests import RefusedError
from .site import Site
from .view import RunView

MOST_DIGITS = 12  # of a number in an address
LONGEST_TEXT = 2000
COMPRESSED_FROM = 1000  # bytes


class BusyError(ValueError):
    """What is asked for is not ready. retry: seconds after which to ask again."""

    def __init__(self, text: str, retry: float) -> None:
        super().__init__(text)
        self.retry = retry


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: bytes

    def compressed(self) -> bytes | None:
        """The body in gzip; None if it is not worth it."""
        if len(self.body) < COMPRESSED_FROM:
            return None
        return gzip.compress(self.body, compresslevel=5, mtime=0)


def answer(site: Site, target: str) -> Answer:
    """The answer to GET `target`. Every error is an answer with one line."""
    return _answered(lambda: _found(site, target))


def change(editing: Editing, target: str, body: bytes) -> Answer:
    """The answer to POST `target` with a body of JSON. Every error is an answer with one line."""
    return _answered(lambda: _json(_changed(editing, target, body)))


def _answered(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except BusyError as error:
        return _json({"error": str(error), "retry": error.retry}, 503)
    except VanishedError as error:
        return _json({"error": str(error)}, 410)
    except UnknownError as error:
        return _json({"error": str(error)}, 404)
    except RefusedError as error:
        return _json({"error": str(error)}, error.status)
    except (ValueError, OSError) as error:  # a damaged archive, or a bad question
        return _json({"error": _line(error)}, 400)
    except Exception as error:  # a fault of ours: the page must not wait for an answer
        return _json({"error": f"{type(error).__name__}: {_line(error)}"}, 500)


def _found(site: Site, target: str) -> Answer:
    address = urlsplit(target)
    match _parts(address.path):
        case []:
            return _page()
        case ["assets", name]:
            return _asset(name)
        case ["api", *what]:
            asked = parse_qs(address.query, max_num_fields=10)
            return _json(data(site, what, {name: all[-1] for name, all in asked.items()}))
    raise UnknownError("there is no such page")


def _changed(editing: Editing, target: str, body: bytes) -> dict[str, Any]:
    try:
        asked = loads(body)
    except ValueError as error:
        raise RefusedError(400, f"the request is not JSON: {_line(error)}") from None
    if not isinstance(asked, dict):
        raise RefusedError(400, "the request must be a JSON object")
    match _parts(urlsplit(target).path):
        case ["api", "run", id, "edit"]:
            return editing.changed(id, asked)
        case ["api", "run", id, "inject"]:
            return editing.injected(id, asked)
    raise UnknownError("there is nothing to write to")


def _parts(path: str) -> list[str]:
    return [unquote(part) for part in path.split("/") if part]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]


def _page() -> Answer:
    """index.html, with hints to load its modules at once instead of one import after another."""
    kind, html = assets()["index.html"]
    hints = "".join(
        f'<link rel="modulepreload" href="assets/{name}">\n' for name in first_modules()
    )
    return Answer(200, kind, html.replace(b"</head>", hints.encode() + b"</head>"))


def _asset(name: str) -> Answer:
    if (found := assets().get(name)) is None:
        raise UnknownError("there is no such file")
    return Answer(200, *found)


def _json(found: Any, status: int = 200) -> Answer:
    text = json.dumps(found, separators=(",", ":"), allow_nan=False)
    return Answer(status, "application/json", text.encode())


def data(site: Site, what: list[str], asked: Mapping[str, str]) -> Any:
    """The data of an address under /api/. asked: its query."""
    match what:
        case ["runs"]:
            return {"runs": site.runs()}
        case ["run", id, "view"]:
            found = site.view(id).view(_optional(asked, "since"), _optional(asked, "stride"))
            if found["iteration"] > 0:  # before that a new run compiles what a replay needs
                site.replayer(id).warm()
            return found
        case ["run", id, "curves"]:
            return site.view(id).curves()
        case ["run", id, "niche", number]:
            return details(site.view(id), _whole(number))
        case ["run", id, "replay"]:
            return _replay(site, id, asked)
        case ["run", id, "candidates"]:
            return candidates(site.view(id), _optional(asked, "since", -1) or 0)
        case ["run", id, "select"]:
            return chosen(site.view(id), asked.get("expr", "")[: LONGEST_TEXT + 1])
        case ["run", id, "outlines"]:
            return outlines(site.view(id), _list(asked.get("ids", "")))
    raise UnknownError("there is no such data")


def _replay(site: Site, id: str, asked: Mapping[str, str]) -> Any:
    view: RunView = site.view(id)
    niche = _whole(asked.get("niche", ""))
    agent = _whole(asked.get("agent", asked.get("niche", "")))
    at = asked.get("at", "last")
    if at not in ("last", "birth", "solver"):
        raise RefusedError(400, 'at must be "last", "birth" or "solver"')
    return site.replayer(id).replay(view, niche, agent, at)


def _list(text: str) -> list[int]:
    return [_whole(one) for one in text[:LONGEST_TEXT].split(",") if one]


def _optional(asked: Mapping[str, str], name: str, otherwise: int | None = None) -> int | None:
    return _whole(asked[name]) if name in asked else otherwise


def _whole(text: str) -> int:
    """RefusedError unless the text is a whole number from 0; -1 stands for "before the first"."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        raise RefusedError(400, f"expected a whole number, got {text[:40]!a}")
    return int(text)
