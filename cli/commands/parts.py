"""The commands about families and learners: list."""

from __future__ import annotations

from ..parts import known_parts
from ..terminal import out, tell


def list_parts() -> None:
    """List the families, learners and presets that exist."""
    from ..output import line
    from ..plugins import installed
    from ..settings.tables import about, presets

    for title, kind in (("families", "family"), ("learners", "learner")):
        names = ", ".join([*known_parts(kind), *installed(kind)])
        tell(f"{title}: {names}, or the path of your own .py file")
    out.print("presets:")
    width = max(map(len, presets()))
    for name in presets():
        out.print(line(f"  {name:{width}} {about(name)}"), soft_wrap=True)
