"""Checking your own task family or learner from Python: `openpoet.check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cli import checking
from .cli.conformance.laws import Verdict as Verdict


def check(
    part: Any, *, family: Any = None, settings: Mapping[str, Any] | None = None
) -> list[Verdict]:
    """Check a task family or learner against the laws that all of them obey.

    Among them: equal keys give equal results; a batch equals its pairs or rows one by one;
    arguments are left as they are; outputs have the shapes and dtypes of the interface and are
    finite; every environment step is counted; encodings survive JSON.

    Args:
        part: a task family or learner: an object, the name of one, or the path of a .py file with
            `family = ...`, `learner = ...` or both, which is executed.
        family: the family a learner is checked on, in the same forms. Default: the one in the same
            file, else "navigation".
        settings: settings of named parts, by "section.key".

    Returns:
        A verdict on each law, with `part`, `law`, `passed`, `message` (what was expected and what
        came) and `offered` (False: the law is about an optional method that the part lacks).

    Raises:
        ValueError: there is no such part, or it cannot be made.

    Example:
        >>> broken = [v for v in openpoet.check("hill.py") if not v.passed]
    """
    return list(checking.check(part, family=family, settings=settings))
