"""Settings that are declared once: a dataclass whose fields carry type, range and meaning.

    @dataclass(frozen=True)
    class WaveSettings(Settings):
        frequency: Annotated[PositiveFloat, "Frequency of the wave [Hz]."] = 1.0
        layers: Annotated[Sizes, "Units of each hidden layer."] = (32, 32)

`WaveSettings(frequency=-1)` raises a one-line ValueError. The command reads TOML files and prints
help by the same declarations. Ranges are those of the package annotated-types. All rooms may import
this module; it imports none of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache, cached_property
from typing import Annotated, Any

from annotated_types import Ge, Gt, Interval, MaxLen, MinLen

from openpoet.setting_kinds import Kind, Matches, checked, did_you_mean, expected, kind_of, limits

__all__ = [
    "MOST_COUNT",
    "MOST_LAYERS",
    "MOST_UNITS",
    "Count",
    "CountOrZero",
    "Device",
    "Field",
    "Fraction",
    "Kind",
    "Layers",
    "Matches",
    "NonNegativeFloat",
    "NonNegativeInt",
    "PositiveFloat",
    "PositiveInt",
    "Settings",
    "Sizes",
    "Threads",
    "Units",
    "UnitsOrZero",
    "checked",
    "declared",
    "did_you_mean",
    "expected",
    "kind_of",
    "limits",
]

# Bounds of what takes memory, since the settings of a run may be a stranger's; larger agents could
# not be stored (archive/store/limits.py).
MOST_UNITS = 4096
MOST_LAYERS = 16
MOST_COUNT = 1_000_000

PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
# of a layer, or of a vector
Units = Annotated[int, Interval(ge=1, le=MOST_UNITS)]
UnitsOrZero = Annotated[int, Interval(ge=0, le=MOST_UNITS)]
# of what is in memory together, such as trials, their steps, or transitions
Count = Annotated[int, Interval(ge=1, le=MOST_COUNT)]
CountOrZero = Annotated[int, Interval(ge=0, le=MOST_COUNT)]
Threads = Annotated[int, Interval(ge=1, le=4096)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
Layers = Annotated[tuple[Units, ...], MaxLen(MOST_LAYERS)]
Sizes = Annotated[Layers, MinLen(1)]
Device = Annotated[str, Matches(r"cpu|cuda(:\d+)?", '"cpu", "cuda" or "cuda:<number>"')]


@dataclass(frozen=True)
class Field:
    """The declaration of one setting.

    annotation: its type, range and meaning. default: MISSING if there is none. written: whether it
    is part of complete settings. Not so a plug-in's argument with a default that TOML cannot
    express, and a field with the metadata {"written": False}, which runs have only if it was set.
    """

    annotation: Any
    default: Any = MISSING
    written: bool = True

    @cached_property
    def kind(self) -> Kind:
        return kind_of(self.annotation)


@dataclass(frozen=True)
class Settings:
    """Base of settings dataclasses: every field is checked, and converted to its declared type.

    Rules that hold between fields belong in the subclass's `__post_init__`, after this one's.
    """

    def __post_init__(self) -> None:
        for name, field in declared(type(self)).items():
            value = getattr(self, name)
            if (found := checked(value, field.kind, name)) is not value:
                object.__setattr__(self, name, found)


def declared(cls: type[Any]) -> Mapping[str, Field]:
    """The fields of a dataclass by name.

    A subclass that only changes a default does not repeat range and meaning: an annotation without
    a meaning is replaced by that of the nearest base class that has one.
    """
    return _declared(cls)  # type: ignore[arg-type]  # a class is hashable


@cache
def _declared(cls: type[Any]) -> Mapping[str, Field]:
    annotations = [inspect.get_annotations(base, eval_str=True) for base in cls.__mro__]
    result = {}
    for field in fields(cls):
        if field.init:
            own = [found[field.name] for found in annotations if field.name in found]
            meant = next((each for each in own if kind_of(each).meaning), own[0])
            factory = field.default_factory
            default = field.default if factory is MISSING else factory()
            result[field.name] = Field(meant, default, field.metadata.get("written", True))
    return result
