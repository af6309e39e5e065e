"""openpoet: an engine for open-ended learning. POET evolves tasks and agents together.

    import openpoet

    run = openpoet.launch("quick-bandits", iterations=20, seed=1)
    for niche in run.niches:
        print(niche.id, niche.title, niche.score)
    policy = run.policy(run.niches[-1].id)

`launch`, `resume`, `fork` and `seed_from` start runs, `open` reads one, and `check` tests a task
family or learner of yours. The sub-packages are `openpoet.poet` (the engine), `openpoet.agents`
(learners), `openpoet.envs` (task families), `openpoet.archive` (run folders and packs) and
`openpoet.cli` (the command).

Importing `openpoet` loads neither torch nor Numba; they are loaded at the first use of a function.
If Gymnasium has been imported, the ids "openpoet/..." are registered.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import archived_tasks

if TYPE_CHECKING:
    from .conforming import Verdict as Verdict
    from .conforming import check as check
    from .library import fork as fork
    from .library import launch as launch
    from .library import open as open
    from .library import resume as resume
    from .library import seed_from as seed_from
    from .pictures import Replay as Replay
    from .policies import Policy as Policy
    from .reporting import Progress as Progress
    from .reporting import RunFailedError as RunFailedError
    from .runs import Niche as Niche
    from .runs import Run as Run

# In a clone the sub-packages are beside this folder; in an installed wheel they are inside it.
if not (Path(__file__).parent / "poet").is_dir():
    __path__.append(str(Path(__file__).resolve().parent.parent))

try:
    __version__ = version("openpoet")
except PackageNotFoundError:  # a clone that was not installed
    __version__ = "not installed"

__all__ = [
    "Niche",
    "Policy",
    "Progress",
    "Replay",
    "Run",
    "RunFailedError",
    "Verdict",
    "__version__",
    "check",
    "fork",
    "launch",
    "open",
    "resume",
    "seed_from",
]
_HOMES = {
    "library": ("fork", "launch", "open", "resume", "seed_from"),
    "conforming": ("Verdict", "check"),
    "runs": ("Niche", "Run"),
    "pictures": ("Replay",),
    "policies": ("Policy",),
    "reporting": ("Progress", "RunFailedError"),
}


def __getattr__(name: str) -> Any:
    """Public names, each imported from its module at its first use."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Task families read tasks of archives through this, when one is asked for.
archived_tasks.connect(lambda *task: import_module(".runs", __name__).read_task(*task))

# `gymnasium.make("openpoet:openpoet/...")` imports this package when Gymnasium is loaded.
if "gymnasium.envs.registration" in sys.modules:
    import_module(".envs", __name__)
