"""Tasks as frozen dataclasses of numbers: ranges, mutation and JSON are said once, in the fields.

    @dataclass(frozen=True)
    class Task:
        kind: str = choice("narrow", "wide")
        distance: float = gene(0.3, low=0.1, high=2.0, step=0.1)

A mutation moves every gene by a normal step of its own size, rounded so that encodings stay short;
what is a choice stays as it is. A family whose genome is such a dataclass is a `Genomes`. Its JSON
also holds the settings that realise its tasks (encoding.py), which the family names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, field, fields
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from .encoding import check_settings, from_json, to_json

DIGITS = 3
Genome = TypeVar("Genome")


def gene(default: float, *, low: float, high: float, step: float) -> Any:
    """A number in [low, high] that mutates; a whole number if its default is one."""
    return field(default=default, metadata={"low": low, "high": high, "step": step})


def choice(*options: str) -> Any:
    """A word that never mutates; the first is the default."""
    return field(default=options[0], metadata={"options": options})


def genes(genome: type[Any] | Any) -> list[Field[Any]]:
    """The fields that mutate."""
    return [f for f in fields(genome) if "low" in f.metadata]


def mutated(genome: Genome, rng: np.random.Generator) -> Genome:
    """A neighbour."""
    values = {f.name: getattr(genome, f.name) for f in fields(genome)}  # type: ignore[arg-type]  # any dataclass
    for f in genes(genome):
        moved = values[f.name] + f.metadata["step"] * rng.standard_normal()
        values[f.name] = _fitted(f, min(max(moved, f.metadata["low"]), f.metadata["high"]))
    return type(genome)(**values)


def sampled(
    genome: Genome, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]]
) -> Genome:
    """A genome with every gene uniform in its own range, or in the one that is given; choices are
    those of `genome`.

    ValueError, one line, if a range is of no gene, or leaves its gene's own.
    """
    mine = {f.name: f for f in genes(genome)}
    for name, (low, high) in ranges.items():
        if name not in mine:
            raise ValueError(
                f"ranges.{repr(name)[1:-1][:40]}: there is no such gene; there are "
                f"{', '.join(mine)}"
            )
        least, most = mine[name].metadata["low"], mine[name].metadata["high"]
        if not least <= low <= high <= most:
            raise ValueError(
                f"ranges.{name} must lie within [{least:g}, {most:g}], got [{low:g}, {high:g}]"
            )
    values = {f.name: getattr(genome, f.name) for f in fields(genome)}  # type: ignore[arg-type]  # any dataclass
    for name, f in mine.items():
        low, high = ranges.get(name, (f.metadata["low"], f.metadata["high"]))
        values[name] = _fitted(f, rng.uniform(low, high))
    return type(genome)(**values)


def _fitted(f: Field[Any], number: float) -> float:
    # -0.0 becomes 0.0
    return round(number) if type(f.default) is int else round(float(number), DIGITS) + 0.0


def encoded(genome: Any, kind: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """JSON of a genome: family, schema, the settings that realise its tasks, the fields."""
    return to_json(kind, settings or {}, {f.name: getattr(genome, f.name) for f in fields(genome)})


def decoded(
    cls: type[Genome], kind: str, data: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Genome:
    """The genome of its JSON. ValueError, one line, if a field is missing, unknown, of another type
    or out of range.

    settings: the family's own; a task that was made with others is refused.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]  # any dataclass
    found = from_json(kind, data, known)
    check_settings(kind, found["settings"], settings or {})
    return cls(**{name: _checked(f, found[name], f"{kind}.{name}") for name, f in known.items()})


def _checked(f: Field[Any], value: Any, where: str) -> Any:
    if options := f.metadata.get("options"):
        if value not in options:
            raise ValueError(
                f"{where} must be one of {', '.join(options)}, got {str(value)[:40]!r}"
            )
        return value
    low, high = f.metadata["low"], f.metadata["high"]
    kinds = (int,) if type(f.default) is int else (int, float)
    if type(value) not in kinds or not low <= value <= high:
        raise ValueError(
            f"{where} must be a number from {low:g} to {high:g}, got {str(value)[:40]!r}"
        )
    # -0.0 equals 0.0, and must not be written otherwise.
    return value if type(f.default) is int else float(value) + 0.0


def features(genome: Any) -> np.ndarray:
    """The genes, each as a share of its range, [genes] float64."""
    return np.array(
        [
            (getattr(genome, f.name) - f.metadata["low"]) / (f.metadata["high"] - f.metadata["low"])
            for f in genes(genome)
        ]
    )


def columns(tasks: Sequence[Any], device: str) -> dict[str, torch.Tensor]:
    """Genes of many tasks as [n] float64 tensors by name."""
    return {
        f.name: torch.tensor(
            [getattr(task, f.name) for task in tasks], dtype=torch.float64, device=device
        )
        for f in (genes(tasks[0]) if tasks else [])
    }


class Genomes(Generic[Genome]):
    """What a family has when its task is a genome: origin, mutation, sampling, description, JSON
    and a title.
    """

    name: str
    start: Genome  # the trivial task
    realised_by: tuple[str, ...] = ()  # fields of `settings` without which a task would be another
    settings: Any

    def origin(self) -> Genome:
        return self.start

    def mutate(self, task: Genome, rng: np.random.Generator) -> Genome:
        return mutated(task, rng)

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Genome:
        """A task anywhere in the genes' ranges, or in narrower ones: domain randomisation's."""
        return sampled(self.start, rng, ranges or {})

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Of the genes, as `sample` takes them."""
        return {f.name: (f.metadata["low"], f.metadata["high"]) for f in genes(self.start)}

    def describe(self, task: Genome) -> np.ndarray:
        return features(task)

    def encode(self, task: Genome) -> dict[str, Any]:
        return encoded(task, self.name, self.realising())

    def decode(self, data: Mapping[str, Any]) -> Genome:
        return decoded(type(self.start), self.name, data, self.realising())

    def realising(self) -> dict[str, Any]:
        """The settings that realise this family's tasks, by name."""
        return {name: getattr(self.settings, name) for name in self.realised_by}

    def title(self, task: Genome) -> str:
        values = {f.name: getattr(task, f.name) for f in fields(task)}  # type: ignore[arg-type]  # any dataclass
        return ", ".join(f"{name} {value}" for name, value in values.items())
