"""Settings for all tests: one torch thread, since threads only add overhead for small tensors.

The state that openpoet keeps outside of runs is in a temporary folder, so that tests do not change
the user's files.
"""

import importlib.abc
import os
import sys
import tempfile

import torch
from hypothesis import HealthCheck, settings

# On a machine with other work a duration says nothing.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
torch.set_num_threads(1)
# Ray's default is 15: beside other work its workers would hardly run.
os.environ.setdefault("RAY_worker_niceness", "0")
state = tempfile.TemporaryDirectory(prefix="openpoet-state-")  # deleted at exit
os.environ["XDG_STATE_HOME"] = state.name


class OneNameForEachModule(importlib.abc.MetaPathFinder):
    """Refuses `import envs` and the other rooms without `openpoet.`.

    The root of the clone is on the path, so they could be found, as second copies of every class.
    """

    def find_spec(self, name: str, *_: object) -> None:
        if name in ("poet", "agents", "envs", "archive", "arena", "cli"):
            raise ImportError(f"import openpoet.{name}, not {name}")


sys.meta_path.insert(0, OneNameForEachModule())
