"""NaN and infinity are an error of one line in every number of every settings dataclass.

The dataclasses check this themselves, so that it also holds for scripts that construct them without
cli.settings.tables.build.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

import pytest

from openpoet.agents.learners import LEARNERS
from openpoet.envs.families import FAMILIES
from openpoet.poet.config import PoetConfig
from openpoet.poet.curricula.config import CurriculumConfig

SETTINGS: list[type] = [PoetConfig]
for room, parts in (("agents", LEARNERS), ("envs", FAMILIES)):
    SETTINGS += [
        getattr(import_module(f"openpoet.{room}.{module}"), name)
        for module, _, name in parts.values()
    ]
NOT_FINITE = (math.nan, math.inf, -math.inf)
# Whole numbers that may be large, since they take no memory.
UNBOUNDED = {
    "seed",
    *("mutate_every", "transfer_every", "pbt_every", "every", "fit_every", "anneal"),
    *("updates", "rollouts", "epochs", "adversary_epochs", "belief_epochs", "belief_anneal"),
    *("remember", "patience"),
}


def kinds(annotation: Any) -> Iterator[Any]:
    """The types in an annotation: those of `float | None`, `tuple[float, float]` and `tuple[int,
    ...]`.
    """
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, tuple):
        for argument in typing.get_args(annotation):
            yield from kinds(argument)
    else:
        yield annotation


def numbers(settings: type) -> list[str]:
    """Names of the fields that hold a number, or several."""
    hints = typing.get_type_hints(settings)
    return [
        field.name for field in fields(settings) if {int, float} & set(kinds(hints[field.name]))
    ]


def values_like(default: Any, annotation: Any, number: float) -> list[Any]:
    """The number in place of a field's default; of a tuple, in place of each entry."""
    if typing.get_origin(annotation) is not tuple:
        return [number]
    entries = default if isinstance(default, tuple) and default else (1,)
    return [
        tuple(number if i == place else entry for i, entry in enumerate(entries))
        for place in range(len(entries))
    ]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.__name__)
def test_a_number_that_is_not_finite_is_an_error_that_names_the_setting(settings: type) -> None:
    hints, accepted = typing.get_type_hints(settings), []
    for field in fields(settings):
        if field.name not in numbers(settings):
            continue
        for number in NOT_FINITE:
            for value in values_like(field.default, hints[field.name], number):
                try:
                    settings(**{field.name: value})
                except ValueError as error:
                    if field.name not in str(error) or "\n" in str(error):
                        accepted.append(f"{field.name} = {value}: {error}")
                except Exception as error:
                    accepted.append(f"{field.name} = {value}: {error!r}")
                else:
                    accepted.append(f"{field.name} = {value}")
    assert accepted == []


def test_all_settings_have_defaults() -> None:
    for settings in SETTINGS:
        for field in fields(settings):
            assert field.default is not MISSING or field.default_factory is not MISSING, (
                settings,
                field.name,
            )


@pytest.mark.parametrize(
    "settings", [*SETTINGS, CurriculumConfig], ids=lambda settings: settings.__name__
)
def test_a_size_that_takes_more_memory_than_there_is_is_an_error(settings: type) -> None:
    """The settings of a run may be a stranger's."""
    hints = typing.get_type_hints(settings)
    for field in fields(settings):
        if int not in set(kinds(hints[field.name])) or field.name in UNBOUNDED:
            continue
        for value in values_like(field.default, hints[field.name], 10**9):
            with pytest.raises(ValueError, match=rf"^{field.name}[^\n]*got [^\n]*$"):
                settings(**{field.name: value})
