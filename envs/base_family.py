"""The base family of a family of discriminator rewards: the one whose dynamics it uses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .families import FAMILIES

if TYPE_CHECKING:
    from .discriminated import DiscriminatedSettings

NAME = "random-rewards"
# settings required of the base family
BOUNDED: dict[str, dict[str, Any]] = {"navigation": {"arena": 1.0}}


def base_family(s: DiscriminatedSettings) -> Any:
    """The base family. ValueError if there is no such family, or if it has no observations or no
    dynamics.
    """
    if s.dynamics not in FAMILIES or s.dynamics == NAME:
        names = ", ".join(name for name in FAMILIES if name != NAME)
        raise ValueError(f"dynamics must be one of {names}, got {s.dynamics!r}")
    module, family, settings = FAMILIES[s.dynamics]
    rooms = import_module(f".{module}", __package__)
    kind = getattr(rooms, settings)
    given = {
        name: value for name in ("horizon", "episodes") if (value := getattr(s, name)) is not None
    }
    if unknown := [name for name in given if name not in kind.__dataclass_fields__]:
        raise ValueError(f"{s.dynamics} has no setting {unknown[0]}: leave it out")
    if "threads" in kind.__dataclass_fields__:
        given["threads"] = s.threads
    made = getattr(rooms, family)(kind(**BOUNDED.get(s.dynamics, {}), **given))
    if made.spec.observation_size == 0:
        raise ValueError(
            f"{s.dynamics} has no observations, so a discriminator cannot distinguish skills in it"
        )
    if getattr(made.spec, "labels", 0):
        raise ValueError(
            f"in {s.dynamics} actions do not change the observations, so there are no skills in it"
        )
    return made
