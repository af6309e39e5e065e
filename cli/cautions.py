"""A warning at the start of a run whose learner does not learn the family from its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openpoet.agents.not_learning import NOT_LEARNING

from .parts import Tables, default_settings
from .plugins import section


def caution(tables: Tables) -> str | None:
    """One line for a pair that does not learn from its defaults; None if it may learn.

    tables: the complete settings of a run. If any setting of the learner is not its default, for
    example with a preset for the pair, there is no warning.
    """
    learner, family = tables["run"]["learner"], tables["run"]["family"]
    why = NOT_LEARNING.get((learner, family))
    if why is None or _changed(tables[section(learner)], default_settings(tables)):
        return None
    return f"{learner} does not learn {family} from its defaults within minutes: {why}"


def _changed(own: Mapping[str, Any], default: Mapping[str, Any]) -> bool:
    """Whether settings that affect results are not the defaults."""
    return any(value != default.get(name) for name, value in own.items() if name != "device")
