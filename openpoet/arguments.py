"""Arguments of the library's functions as the command's options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .cli.settings.fields import toml_value

PathLike = str | os.PathLike[str]
Settings = Mapping[str, Any]  # by "section.key"


def text_of(part: PathLike | None) -> str | None:
    """A path, or the name of a part, as text."""
    return None if part is None else os.fspath(part)


def options_of(settings: Settings | None, named: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as TOML values, with those that arguments name.

    ValueError, one line, if they are no mapping, a setting has no TOML value, or an argument
    contradicts it.
    """
    if not isinstance(settings, Mapping | None):
        raise ValueError(
            'settings must be a dict by "section.key", such as {"poet.capacity": 10}, got '
            f"{settings!r:.60}"
        )
    options = {name: _value(name, value) for name, value in (settings or {}).items()}
    for name, value in named.items():
        if value is None:
            continue
        if options.setdefault(name, value) != value:
            raise ValueError(
                f"the argument {name.partition('.')[2]}={value!r} contradicts "
                f"settings[{name!r}] = {options[name]!r}: leave one of them out"
            )
    return options


def _value(name: str, value: Any) -> Any:
    if not isinstance(name, str) or "." not in name:
        raise ValueError(f'a setting is named "section.key", such as "poet.capacity", got {name!r}')
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    try:
        return toml_value(value)
    except ValueError as error:
        raise ValueError(f"settings[{name!r}]: {error}") from None
