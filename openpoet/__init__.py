"""openpoet: an engine for open-ended learning. POET evolves problems and agents together.

The rooms of the house are its sub-packages: `openpoet.poet` (the engine), `openpoet.agents`,
`openpoet.envs`, `openpoet.archive` and `openpoet.cli`.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# In a clone the rooms are beside this folder; in an installed wheel they are inside it.
if not (Path(__file__).parent / "poet").is_dir():
    __path__.append(str(Path(__file__).resolve().parent.parent))

try:
    __version__ = version("openpoet")
except PackageNotFoundError:  # a clone that was not installed
    __version__ = "not installed"
