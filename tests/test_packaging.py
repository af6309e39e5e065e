"""The wheel holds exactly the rooms of the tree, under one roof, and works from elsewhere."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("poet", "agents", "envs", "archive", "cli", "openpoet")


def declared() -> dict[str, str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["setuptools"]["package-dir"]


def folders_with_code() -> set[str]:
    return {
        path.parent.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }


def test_declared_packages_are_the_folders_that_hold_code() -> None:
    assert set(declared().values()) == folders_with_code()
    rooms = {name: folder for name, folder in declared().items() if name != "openpoet"}
    assert {name.removeprefix("openpoet.").replace(".", "/") for name in rooms} == {*rooms.values()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the files under version control, so that no stale build folder
    can help.
    """
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    kept = {".py", ".toml", ".typed"}
    names = [
        p.relative_to(ROOT) for room in ROOMS for p in (ROOT / room).rglob("*") if p.suffix in kept
    ]
    for name in [*names, *map(Path, ("pyproject.toml", "README.md", "LICENSE", "NOTICE"))]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        out,
        source,
    ]
    subprocess.run(list(map(str, command)), check=True, timeout=300)
    (built,) = out.glob("*.whl")
    return built


def test_wheel_holds_every_module_and_preset_and_nothing_at_the_top(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in {".py", ".toml"} and "__pycache__" not in path.parts:
                inside = path.relative_to(ROOT).as_posix().removeprefix("openpoet/")
                assert f"openpoet/{inside}" in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"openpoet"}


MAKE = """
import gymnasium, sys
vector = gymnasium.make_vec("openpoet.envs:openpoet/Walker-v0", num_envs=2, terrain=["flat",
"flat"])
one = gymnasium.make("openpoet.envs:openpoet/BipedalWalker-v3")
assert "torch" not in sys.modules
print(one.reset(seed=3)[0].shape, vector.reset(seed=3)[0].shape)
from openpoet.envs.walker.dcd_level import dcd_task
one.reset(options={"terrain": dcd_task([1, 0, 2, 0, 1])})
print(one.step(one.action_space.sample())[4].keys() == {"x_position", "x_velocity"})
"""


def test_gymnasium_makes_the_wheels_environments_by_module_and_id(
    wheel: Path, tmp_path: Path
) -> None:
    """In a fresh process, in which nothing of ours was imported."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-c", MAKE]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["(24,) (2, 24)", "True", ""]


def test_wheel_imports_under_its_roof_and_registers_the_environments(
    wheel: Path, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys, gymnasium, openpoet.envs, openpoet.poet.engine, openpoet.agents.search.es;"
        "import openpoet.archive.store.run_folder;"
        "assert not {'poet', 'agents', 'envs', 'archive'} & set(sys.modules), 'a plain name "
        "leaked';"
        "assert 'openpoet/BipedalWalker-v3' in gymnasium.registry;"
        "from openpoet.cli.settings.tables import presets; assert 'quick' in presets();"
        "print('openpoet' in openpoet.envs.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "True"
