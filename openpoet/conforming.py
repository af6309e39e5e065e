"""Checking a task family, learner or curriculum from Python: `openpoet.check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cli import checking
from .cli.conformance.laws import Verdict as Verdict


def check(
    part: Any, *, family: Any = None, settings: Mapping[str, Any] | None = None
) -> list[Verdict]:
    """Check a task family, learner or curriculum against the laws of its interface.

    Among them: equal keys give equal results; a batch equals its pairs or rows one by one;
    arguments are not changed; outputs have the shapes and dtypes of the interface and are finite;
    every environment step is counted; encodings round-trip through JSON.

    Args:
        part: a task family, learner or curriculum: an object, the name of one, or the path of a
            .py file with `family = ...`, `learner = ...`, `curriculum = ...` or several of them,
            which is executed.
        family: the family on which a learner or curriculum is checked, in the same forms. Default:
            the family in the same file, otherwise "navigation".
        settings: settings of named parts, by "section.key".

    Returns:
        A verdict for each law, with `part`, `law`, `passed`, `message` (the expected and the actual
            value) and `offered` (False: the law is about an optional method that is not
            implemented).

    Raises:
        ValueError: there is no such part, or it cannot be constructed.

    Example:
        >>> broken = [v for v in openpoet.check("hill.py") if not v.passed]
    """
    return list(checking.check(part, family=family, settings=settings))
