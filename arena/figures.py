"""Figures of comparisons as PNG files; they need matplotlib, the extra `plots`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openpoet.whole_files import whole_file

from .budget import Progress, grouped, mean_curve
from .statistics import Estimate, Mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MISSING = "no figures: matplotlib is not installed; pip install 'openpoet[plots]'"
# Of the Okabe-Ito palette, which readers with a colour deficiency can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
CURVES = {"solved": "tasks solved", "annecs": "ANNECS", "median": "median score in own tasks"}


def available() -> bool:
    """Whether figures can be made here."""
    return find_spec("matplotlib") is not None


def curves_figure(runs: Sequence[Progress], path: Path) -> None:
    """Progress against environment steps, and beside it against clock time.

    Lines: means over the runs of a method, with bands of one standard error; thin: each run.
    """
    methods = grouped(runs)
    with _figure(path, len(CURVES), 2) as axes:
        for row, (measure, label) in zip(axes, CURVES.items(), strict=True):
            for colour, (method, repeats) in zip(_colours(methods), methods.items(), strict=True):
                for run in repeats:
                    values = getattr(run, measure)
                    row[0].plot(run.steps, values, color=colour, alpha=0.3, lw=0.7)
                    row[1].plot(run.hours, values, color=colour, alpha=0.6, lw=1)
                steps, means, errors = mean_curve(repeats, measure)
                row[0].plot(steps, means, color=colour, label=method)
                row[0].fill_between(steps, means - errors, means + errors, color=colour, alpha=0.2)
            row[0].set_ylabel(label)
        axes[0][0].legend(frameon=False)
        axes[-1][0].set_xlabel("environment steps, all purposes")
        axes[-1][1].set_xlabel("hours")


def lines_figure(
    lines: Mapping[str, Sequence[Estimate | Mean]],
    xs: Sequence[float],
    labels: tuple[str, str],
    path: Path,
    *,
    logarithmic: bool = False,
) -> None:
    """A line a method with its interval, or a band of one standard error.

    lines: values at each of xs. labels: of both axes. logarithmic: the horizontal axis.
    """
    with _figure(path, 1, 1) as axes:
        at = axes[0][0]
        for colour, (name, values) in zip(_colours(lines), lines.items(), strict=True):
            at.plot(xs, [one.value for one in values], color=colour, label=name)
            ends = np.array([_ends(one) for one in values]).T
            at.fill_between(xs, *ends, color=colour, alpha=0.2)
        at.set_xlabel(labels[0])
        at.set_ylabel(labels[1])
        if logarithmic:
            at.set_xscale("log")
        at.legend(frameon=False)


def matrix_figure(names: Sequence[str], values: np.ndarray, path: Path) -> None:
    """A square table of shares in [0, 1] as coloured cells: rows against columns."""
    with _figure(path, 1, 1) as axes:
        at = axes[0][0]
        at.imshow(values, vmin=0, vmax=1, cmap="viridis")
        at.grid(visible=False)
        at.set_xticks(range(len(names)), names, rotation=45, ha="right")
        at.set_yticks(range(len(names)), names)
        at.set_xlabel("worlds of")
        at.set_ylabel("agents of")
        for (row, column), value in np.ndenumerate(values):
            colour = "black" if value > 0.6 else "white"
            at.text(column, row, f"{value:.0%}", ha="center", va="center", color=colour)


def _ends(value: Estimate | Mean) -> tuple[float, float]:
    if isinstance(value, Mean):
        error = 0.0 if value.error is None else value.error
        return value.value - error, value.value + error
    if value.low is None or value.high is None:
        return value.value, value.value
    return value.low, value.high


def _colours(named: Mapping[str, Any]) -> Iterator[str]:
    for number, _ in enumerate(named):
        yield COLOURS[number % len(COLOURS)]


@contextmanager
def _figure(path: Path, rows: int, columns: int) -> Iterator[list[list[Axes]]]:
    """Axes [rows][columns] of a figure that is written at the end, without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * columns + 1, 2.6 * rows + 1.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    for one in axes.flat:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25)
    yield axes.tolist()
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})
