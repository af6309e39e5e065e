"""The device on which a run's learner computes: an argument of this process, or a setting."""

from __future__ import annotations

from collections.abc import Sequence

from .parts import Tables, schema_of


def choose_device(tables: Tables, device: str, changes: Sequence[str] = ()) -> str:
    """Set the learner's device in the settings; "auto" leaves the settings as they are.

    changes: assignments "section.key=value" of the user, which must not name another device.

    Returns a one-line warning if the settings had another device, otherwise "".
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, got {device!r}")
    if device != "auto":
        _check_device_option(tables, device, changes)
    table = tables.setdefault(learner_section(tables), {})
    before = table.get("device", "cpu")
    if device == "auto" or (isinstance(before, str) and before.split(":")[0] == device):
        return ""
    table["device"] = device
    return (
        f"the run's device is {before!r}, this process uses {device!r}: scores can differ in "
        "their last bits"
    )


def _check_device_option(tables: Tables, device: str, changes: Sequence[str]) -> None:
    from .settings.tables import assigned

    schema = schema_of("learner", learner := tables["run"]["learner"])
    if not (schema.more or "device" in schema.known):
        raise ValueError(
            f"device {device}: the learner {learner} has no setting `device`; leave the device out"
        )
    for name, key, value in map(assigned, changes):
        if (name, key) == (learner_section(tables), "device") and value != device:
            raise ValueError(
                f"device {device} contradicts {name}.{key}={value}: leave one of them out"
            )


def learner_section(tables: Tables) -> str:
    from .plugins import section

    return section(tables["run"]["learner"])


def check_device(tables: Tables) -> None:
    """ValueError if the learner's device is a GPU and there is none."""
    name = learner_section(tables)
    device = tables.get(name, {}).get("device", "cpu")
    if isinstance(device, str) and device.split(":")[0] == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError(
                f"[{name}] device = {device!r}: torch finds no GPU here; use the device cpu, "
                "or install torch for CUDA"
            )
