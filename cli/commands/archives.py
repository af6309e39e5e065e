"""The commands that check an archive: digest and verify."""

from __future__ import annotations

from ..run_settings import settings_of
from ..terminal import print_line
from . import options as o


def digest(name: o.RunName) -> None:
    """Print the SHA-256 of everything in a run that must be reproducible.

    Genomes, weights, scores and events; clock times are left out. Runs with equal settings and
    seeds have equal digests, on any number of workers and however often they were resumed.
    """
    from openpoet.archive.store.digest import digest as digest_of
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        print(digest_of(run))


def verify(name: o.RunName) -> None:
    """Check that nothing in a run was edited or damaged.

    The hash chain of its iterations, and the file of every agent.
    """
    from openpoet.archive.store.run_folder import Run, find_run

    with Run.open(find_run(name), write=False) as run:
        settings_of(run)
        last = run.verify()
        iterations = run.rows("iterations")
    if not iterations:
        print_line(f"{run.path} holds no iteration yet")
        return
    found = f"iterations 0 to {iterations[-1]['iteration']} are as they were written"
    print_line(f"{run.path}: {found}; last hash {last}")
