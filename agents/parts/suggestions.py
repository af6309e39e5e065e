"""Defaults of a learner that depend on the task family.

A suggestion applies to all families with a property of their spec (poet.interfaces.Spec), such as
continuous actions. Settings that are given, in a preset or as options, have precedence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec

LONG = 400  # steps of a trial from which it is trained in parts


@dataclass(frozen=True)
class Suggestion:
    """Values of settings for some families.

    families: which ones, in words. applies: whether a family with this spec is one of them.
    """

    families: str
    applies: Callable[[Spec], bool]
    values: Mapping[str, Any]


class Suggesting:
    """Settings whose defaults depend on the family: a base class of learners' settings."""

    suggestions: ClassVar[tuple[Suggestion, ...]] = ()

    @classmethod
    def suggested_values(cls, spec: Spec) -> Mapping[str, Any]:
        """The values of the first suggestion that applies; empty if none does."""
        return next((each.values for each in cls.suggestions if each.applies(spec)), {})

    @classmethod
    def suggested(cls, spec: Spec) -> Self:
        """The defaults for families with this spec."""
        return cls(**cls.suggested_values(spec))


def trial_steps(spec: Spec) -> int:
    """The largest number of steps of a trial."""
    return spec.episodes * spec.horizon


def long_trials(spec: Spec) -> bool:
    return trial_steps(spec) >= LONG


def discrete(spec: Spec) -> bool:
    """Whether actions are discrete; a plain spec may leave it out."""
    return bool(getattr(spec, "discrete", False))
