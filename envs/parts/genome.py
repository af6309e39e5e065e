"""Tasks as frozen dataclasses of numbers: ranges and mutation steps are declared in the fields, and
mutation, sampling and JSON follow from them.

    @dataclass(frozen=True)
    class Task:
        kind: str = choice("narrow", "wide")
        distance: float = gene(0.3, low=0.1, high=2.0, step=0.1)

A mutation adds a normal step to every gene and rounds the result, so that encodings stay short;
choices do not change. A family whose genome is such a dataclass derives from `Genomes`. A task's
JSON also holds the settings it depends on (encoding.py), which the family lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import torch

from .encoding import check_settings, from_json, to_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DIGITS = 3
Genome = TypeVar("Genome", bound="DataclassInstance")


def gene(default: float, *, low: float, high: float, step: float) -> Any:
    """A field with a number in [low, high] that mutates; an integer if its default is one."""
    return field(default=default, metadata={"low": low, "high": high, "step": step})


def choice(*options: str) -> Any:
    """A field with one of these strings, which does not mutate; the first is the default."""
    return field(default=options[0], metadata={"options": options})


def genes(genome: type[Any] | Any) -> list[Field[Any]]:
    """The fields that mutate."""
    return [f for f in fields(genome) if "low" in f.metadata]


def mutated(genome: Genome, rng: np.random.Generator) -> Genome:
    """A neighbour: each gene plus a normal step, clipped to its range."""
    values = {f.name: getattr(genome, f.name) for f in fields(genome)}
    for f in genes(genome):
        moved = values[f.name] + f.metadata["step"] * rng.standard_normal()
        values[f.name] = _fitted(f, min(max(moved, f.metadata["low"]), f.metadata["high"]))
    return type(genome)(**values)


def sampled(
    genome: Genome, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]]
) -> Genome:
    """A genome with every gene uniform in its range, or in the narrower one of `ranges`; choices
    are those of `genome`.

    ValueError, one line, if a range has an unknown name or exceeds its gene's.
    """
    mine = {f.name: f for f in genes(genome)}
    for name, (low, high) in ranges.items():
        if name not in mine:
            raise ValueError(
                f"ranges.{repr(name)[1:-1][:40]}: there is no such gene; the genes are "
                f"{', '.join(mine)}"
            )
        least, most = mine[name].metadata["low"], mine[name].metadata["high"]
        if not least <= low <= high <= most:
            raise ValueError(
                f"ranges.{name} must lie within [{least:g}, {most:g}], got [{low:g}, {high:g}]"
            )
    values = {f.name: getattr(genome, f.name) for f in fields(genome)}
    for name, f in mine.items():
        low, high = ranges.get(name, (f.metadata["low"], f.metadata["high"]))
        values[name] = _fitted(f, rng.uniform(low, high))
    return type(genome)(**values)


def _fitted(f: Field[Any], number: float) -> float:
    # -0.0 becomes 0.0
    return round(number) if type(f.default) is int else round(float(number), DIGITS) + 0.0


def encoded(genome: Any, kind: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """JSON of a genome: family, schema, the settings its tasks depend on, the fields."""
    return to_json(kind, settings or {}, {f.name: getattr(genome, f.name) for f in fields(genome)})


def decoded(
    cls: type[Genome], kind: str, data: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Genome:
    """The genome from its JSON. ValueError, one line, if a field is missing, unknown, of another
    type or out of range.

    settings: the family's own; a task with other settings is rejected.
    """
    known = {f.name: f for f in fields(cls)}
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
    # -0.0 becomes 0.0: equal genomes must have equal JSON
    return value if type(f.default) is int else float(value) + 0.0


def with_ends(genome: Genome, low: str, high: str, kept: str) -> Genome:
    """The genome with the gene `low` at most `high`: of the two the one that is not `kept` moves.

    Both have the same range.
    """
    if getattr(genome, low) <= getattr(genome, high):
        return genome
    other = high if kept == low else low
    return replace(genome, **{other: getattr(genome, kept)})


def features(genome: Any) -> np.ndarray:
    """The genes, each scaled to [0, 1] by its range, [genes] float64."""
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
    """Base class of families whose tasks are such genomes: origin, mutation, sampling, description,
    JSON and title.
    """

    name: str
    start: Genome  # the trivial task
    realised_by: tuple[str, ...] = ()  # names of the settings that a task depends on
    settings: Any

    def origin(self) -> Genome:
        return self.start

    def mutate(self, task: Genome, rng: np.random.Generator) -> Genome:
        return mutated(task, rng)

    def sample(
        self, rng: np.random.Generator, ranges: Mapping[str, tuple[float, float]] | None = None
    ) -> Genome:
        """A task uniform in the genes' ranges, or in narrower ones, for domain randomisation.

        Genes with a narrower range stay in it: those that are bounded by them follow.
        """
        task = sampled(self.start, rng, ranges or {})
        for name in ranges or {}:
            task = self.followed(task, name)
        return task

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The range of each gene, in the form that `sample` accepts."""
        return {f.name: (f.metadata["low"], f.metadata["high"]) for f in genes(self.start)}

    def knobs(self, task: Genome) -> dict[str, tuple[float, float, float, float]]:
        """Numbers of the task that a person may edit: value, low, high, step."""
        return {
            f.name: (
                getattr(task, f.name),
                f.metadata["low"],
                f.metadata["high"],
                f.metadata["step"],
            )
            for f in genes(task)
        }

    def turned(self, task: Genome, name: str, value: float) -> Genome:
        """The task with another value of one of its genes, within its range; genes that are bounded
        by it follow.
        """
        f = {f.name: f for f in genes(task)}[name]
        number = min(max(value, f.metadata["low"]), f.metadata["high"])
        edited = replace(task, **{name: _fitted(f, number)})
        return self.followed(edited, name)

    def followed(self, task: Genome, name: str) -> Genome:
        """A task of the family, from one in which the gene `name` has been edited and is kept."""
        return task

    def describe(self, task: Genome) -> np.ndarray:
        return features(task)

    def encode(self, task: Genome) -> dict[str, Any]:
        return encoded(task, self.name, self.realising())

    def decode(self, data: Mapping[str, Any]) -> Genome:
        return decoded(type(self.start), self.name, data, self.realising())

    def realising(self) -> dict[str, Any]:
        """The settings that this family's tasks depend on, by name."""
        return {name: getattr(self.settings, name) for name in self.realised_by}

    def title(self, task: Genome) -> str:
        values = {f.name: getattr(task, f.name) for f in fields(task)}
        return ", ".join(f"{name} {value}" for name, value in values.items())
