"""Families, learners and curricula checked against the laws of the conformance suite."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parts import Tables, known_parts, make_part
from .plugins import GROUPS, installed, kinds_in, section

if TYPE_CHECKING:
    from .conformance.laws import Verdict

# on which a learner or curriculum is checked where no family is named
FAMILY = "navigation"
METHODS = {"family": "simulator", "learner": "improve", "curriculum": "choose"}


def check(
    part: Any, *, family: Any = None, settings: Mapping[str, Any] | None = None
) -> Iterator[Verdict]:
    """A verdict on each law, in the order in which they are checked.

    part: the path of a .py file, which is executed; a name that `list` prints; or an object.
    family: the family a learner or curriculum is checked on, in the same forms. settings: by
    "section.key". ValueError, one line, if there is no such part, or it cannot be made.
    """
    from .conformance.curriculum_laws import curriculum_laws
    from .conformance.family_laws import family_laws
    from .conformance.laws import verdicts
    from .conformance.learner_laws import learner_laws

    tables: Tables = {}
    for name, value in (settings or {}).items():
        place, _, key = name.rpartition(".")
        tables.setdefault(place, {})[key] = value
    kinds = _kinds(part)
    unused = set(tables) - {section(n) for n in (_name(part), _name(family), FAMILY) if n}
    if unused:
        raise ValueError(f"there is no section {min(unused)!r} in the settings of {part}")
    own = _made("family", part, tables) if "family" in kinds else None
    if own is not None:
        yield from verdicts("family", family_laws(own))
    if kinds == ["family"]:
        return
    home = own if family is None else None
    if home is None:
        home = _made("family", FAMILY if family is None else family, tables)
    for kind, laws in (("learner", learner_laws), ("curriculum", curriculum_laws)):
        if kind in kinds:
            yield from verdicts(kind, laws(_made(kind, part, tables, home), home))


def _name(part: Any) -> str | None:
    """The path or name of a part; None of an object."""
    return os.fspath(part) if isinstance(part, str | os.PathLike) else None


def _kinds(part: Any) -> list[str]:
    if (name := _name(part)) is None:
        kinds = [kind for kind, method in METHODS.items() if hasattr(part, method)]
        if not kinds:
            raise ValueError(
                f"{type(part).__name__} is neither a family, which has a method `simulator`, a "
                "learner, which has a method `improve`, nor a curriculum, which has a method "
                "`choose`"
            )
        return kinds[:1]
    if name.endswith(".py"):
        return kinds_in(Path(name))
    kinds = [kind for kind in GROUPS if name in (*known_parts(kind), *installed(kind))]
    if not kinds:
        raise ValueError(
            f"there is no file, family or learner {name!r}: give the path of a .py file, or a name "
            "that `list` prints"
        )
    return kinds


def _made(kind: str, part: Any, tables: Tables, *first: Any) -> Any:
    if (name := _name(part)) is None:
        return part
    return make_part(kind, {**tables, "run": {kind: name}}, None, *first)
