"""Versions of everything that the numbers of a run depend on, and a warning where they changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

CHANGES_BITS = {
    "openpoet": "anything",
    "torch": "networks",
    "numpy": "random draws",
    "numba": "the compiled physics and policies",
    "cpu": "networks",
}  # what another version of it can change in the numbers of a run


def versions() -> dict[str, str]:
    """Versions of what a run's numbers depend on; cpu: the vector instructions that torch uses."""
    import torch

    cpu = torch.backends.cpu.get_cpu_capability()
    found = {"openpoet": "not installed", "python": sys.version.split()[0], "cpu": cpu}
    for package in ("openpoet", "torch", "numba", "numpy", "box2d", "gymnasium"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def version_warning(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """One line on what differs from the last session of a run and can change its numbers; None if
    nothing does.
    """
    differing = [name for name in CHANGES_BITS if name in before and before[name] != now.get(name)]
    if not differing:
        return None
    parts = ", ".join(
        f"{name} {before[name]} -> {now.get(name)} ({CHANGES_BITS[name]})" for name in differing
    )
    return (
        f"this run was last written with other versions: {parts}; it goes on, but its numbers may "
        "differ in their last bits from those of a run that never stopped"
    )
