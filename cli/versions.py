"""Versions of everything that the numbers of a run depend on, and a warning where they changed."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CHANGES_BITS = {
    "openpoet": "anything",
    "torch": "networks",
    "numpy": "random draws",
    "numba": "the compiled physics and policies",
    "cpu": "networks",
}  # what another version of it can change in the numbers of a run


def versions() -> dict[str, str]:
    """Versions of what a run's numbers depend on.

    cpu: the vector instructions that torch uses, and the vendor, on which the order of its sums
    depends too. Older runs have no vendor.
    """
    import torch

    cpu = f"{torch.backends.cpu.get_cpu_capability()} {cpu_vendor()}"
    found = {"openpoet": "not installed", "python": sys.version.split()[0], "cpu": cpu}
    for package in ("openpoet", "torch", "numba", "numpy", "box2d", "gymnasium"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def cpu_vendor() -> str:
    """Such as AuthenticAMD; where the system does not name one, its type of processor."""
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    found = re.search(r"^vendor_id\s*:\s*(\S+)", text, re.MULTILINE)
    return found[1] if found else platform.machine()


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
