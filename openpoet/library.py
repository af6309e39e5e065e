"""Starting, resuming and opening runs from Python: `openpoet.launch`, `resume`, `open`, ...

Each function has the same results as the command of the same name: equal settings and seeds give
equal archives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from .arguments import PathLike, Settings, options_of, text_of
from .cli import forking, sessions, trust
from .cli.forking import Fork
from .cli.run_loop import RunStopped
from .cli.seeding import Take
from .cli.sessions import Launch, Machine, Resume, Source
from .reporting import Progress, PythonFrontend
from .runs import Run, name_of, path_of

Callback = Callable[[Progress], object]


def launch(
    preset: str | None = None,
    *,
    family: PathLike | None = None,
    learner: PathLike | None = None,
    out: PathLike | None = None,
    seed: int | None = None,
    iterations: int | None = None,
    settings: Settings | None = None,
    workers: int | None = None,
    device: str = "auto",
    track: Sequence[str] = (),
    progress: Callback | None = None,
) -> Run:
    """Start a run, run all its iterations, and return it.

    The state of the run is written to its folder after each iteration, so that an interrupted run
    can be continued with `openpoet.resume`.

    Args:
        preset: name of the settings to start from (`openpoet list` prints them). Default: the
            quick preset of the family, and without a family "quick", which is the bipedal walker.
        family: task family: a name, or the path of a .py file, which is executed.
        learner: learner: a name, or the path of a .py file, which is executed.
        out: folder of the run, which must not exist yet. Default: runs/<date>_<preset>_s<seed>.
        seed: seed of all random numbers, 0 or more. Equal seeds and settings give equal runs.
        iterations: iterations of the run. In each, every active niche's agent takes one
            optimisation step.
        settings: other settings by "section.key", such as {"poet.capacity": 10,
            "es.population": 64}. `None` disables a setting that has such a value.
        workers: threads, or processes for learners without threads. Default: one per
            processor. Never changes a result.
        device: where the learner computes: "auto" (as the settings say), "cpu" or "cuda".
        track: services that get the run's curves, any of ("wandb", "mlflow").
        progress: called with an `openpoet.Progress` after each iteration. To stop a run early,
            raise an exception in it; the iteration has already been written.

    Returns:
        The run, open for reading.

    Raises:
        ValueError: invalid arguments or settings; one line with the value and what was expected.
        FileExistsError: `out` exists and is not an empty folder.
        openpoet.RunFailedError: the run started and an iteration failed; earlier iterations are
            kept.
        KeyboardInterrupt: Ctrl-C was pressed. The current iteration was finished and written
            first; a second Ctrl-C stops at once. Only the main thread receives Ctrl-C.

    Example:
        >>> run = openpoet.launch("quick-bandits", iterations=20, seed=1)
        >>> run.niches[0].score
        0.41
    """
    named = {"run.preset": preset, "poet.seed": seed, "run.iterations": iterations}
    parts = {"run.family": family, "run.learner": learner}
    options = options_of(settings, named | {key: text_of(part) for key, part in parts.items()})
    folder = None if out is None else Path(out)
    wanted = Launch(options, folder=folder, machine=Machine(device, workers), track=track)
    return _launch(wanted, PythonFrontend("openpoet.launch", progress))


def seed_from(
    run: PathLike | Run,
    *,
    select: str = "alive",
    take: Literal["both", "tasks", "agents"] = "both",
    preset: str | None = None,
    family: PathLike | None = None,
    learner: PathLike | None = None,
    out: PathLike | None = None,
    seed: int | None = None,
    iterations: int | None = None,
    settings: Settings | None = None,
    workers: int | None = None,
    device: str = "auto",
    track: Sequence[str] = (),
    progress: Callback | None = None,
) -> Run:
    """Start a run from the niches of another run.

    Args:
        run: the other run: a folder, a pack, a name under runs/, or a `Run`; or a folder of files
            written by the original POET code.
        select: an expression that chooses niches by id, parent, born, died, score, best, solved,
            novelty and alive: "alive", "best > 9.5 or id in (3, 7)", "not alive and solved".
        take: what is copied: "tasks", "agents" or "both". Without a task a niche starts from the
            family's origin, without an agent from a new one.

    The other arguments are those of `openpoet.launch`; family and learner default to those of
    `run`. Returns and raises: see `openpoet.launch`.
    """
    if take not in [choice.value for choice in Take]:
        raise ValueError(f'take must be "both", "tasks" or "agents", got {take!r}')
    named = {"run.preset": preset, "poet.seed": seed, "run.iterations": iterations}
    parts = {"run.family": family, "run.learner": learner}
    options = options_of(settings, named | {key: text_of(part) for key, part in parts.items()})
    source = Source(name_of(run), select, Take(take))
    folder = None if out is None else Path(out)
    wanted = Launch(
        options, folder=folder, source=source, machine=Machine(device, workers), track=track
    )
    return _launch(wanted, PythonFrontend("openpoet.seed_from", progress))


def resume(
    run: PathLike | Run,
    *,
    iterations: int | None = None,
    settings: Settings | None = None,
    workers: int | None = None,
    device: str = "auto",
    track: Sequence[str] = (),
    progress: Callback | None = None,
) -> Run:
    """Continue a run from its last iteration, whether it was finished, stopped or killed.

    The resulting archive equals that of an uninterrupted run. A `Run` that was opened before still
    shows the earlier state; use the returned one.

    Args:
        run: a run folder, a name under runs/, or a `Run`.
        iterations: total to reach, not additional ones. Default: the run's own setting.
        settings: settings to change, by "section.key". They are recorded with the first
            iteration to which they apply.
        workers, device, track, progress: see `openpoet.launch`.

    Returns:
        The run, open for reading. Raises: see `openpoet.launch`.
    """
    options = options_of(settings, {})
    wanted = Resume(
        path_of(run), iterations, options, machine=Machine(device, workers), track=track
    )
    try:
        path = sessions.resume(wanted, PythonFrontend("openpoet.resume", progress))
    except RunStopped:
        raise KeyboardInterrupt from None
    return Run(path)


def fork(
    run: PathLike | Run,
    at: int | None = None,
    *,
    out: PathLike | None = None,
    iterations: int | None = None,
    settings: Settings | None = None,
    workers: int | None = None,
    device: str = "auto",
    progress: Callback | None = None,
) -> Run:
    """Start a new run from a state of another one, which stays as it is.

    Without other settings the new run ends with the same digest.

    Args:
        run: the other run: a folder, a pack, a name under runs/, or a `Run`.
        at: the iteration of the state; states are kept with the setting "run.keep_every". Default:
            the last iteration.
        out: folder of the new run, which must not exist yet. Default: runs/<name>_at<iteration>.
        iterations: total to reach. Default: the other run's own setting.
        settings: settings to change, by "section.key", from the next iteration on.
        workers, device, progress: see `openpoet.launch`.

    Returns:
        The new run, open for reading. Raises: see `openpoet.launch`.
    """
    options = options_of(settings, {})
    folder = None if out is None else Path(out)
    machine = Machine(device, workers)
    wanted = Fork(path_of(run), at, folder, iterations, options, machine=machine)
    try:
        return Run(forking.fork(wanted, PythonFrontend("openpoet.fork", progress)))
    except RunStopped:
        raise KeyboardInterrupt from None


def open(run: PathLike | Run) -> Run:
    """Open a run or a pack for reading; use it as a context manager to close it again.

    Args:
        run: a run folder, a pack, a name of either under runs/, or a `Run`.

    Raises:
        ValueError: there is no such run, or it is damaged, in one line.

    A run can be opened while another process writes it. All reads see one committed state until the
    run is closed. Untrusted archives are safe to open: no code in them is executed. `policy` and
    `replay` execute a .py file named by the archive only if you have launched that file before.
    """
    opened = Run(path_of(run))
    _ = opened.reader  # errors appear here
    return opened


def _launch(wanted: Launch, frontend: PythonFrontend) -> Run:
    trust.launched()
    try:
        return Run(sessions.launch(wanted, frontend))
    except RunStopped:
        raise KeyboardInterrupt from None
