"""The wheel contains exactly the rooms of the tree in one package, and works outside of
the clone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("poet", "agents", "envs", "archive", "arena", "cli", "openpoet")


def declared() -> dict[str, str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["setuptools"]["package-dir"]


SHIPPED = {".py", ".toml", ".json", ".html", ".css", ".js", ".poet", ".clips"}


def folders_with_code() -> set[str]:
    return {
        path.parent.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }


def test_declared_packages_are_the_folders_with_code() -> None:
    assert set(declared().values()) == folders_with_code()
    rooms = {name: folder for name, folder in declared().items() if name != "openpoet"}
    assert {name.removeprefix("openpoet.").replace(".", "/") for name in rooms} == {*rooms.values()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the files under version control, without stale build folders."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    kept = SHIPPED | {".typed"}
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


def test_wheel_contains_every_module_and_preset_and_one_top_level_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in SHIPPED and "__pycache__" not in path.parts:
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
    """In a new process that has not imported openpoet."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = [sys.executable, "-c", MAKE]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["(24,) (2, 24)", "True", ""]


def test_wheel_imports_and_registers_the_environments(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys, gymnasium, openpoet.envs, openpoet.poet.engine, openpoet.agents.search.es;"
        "import openpoet.archive.store.run_folder;assert not {'poet', 'agents', 'envs', 'archive'} "
        "& set(sys.modules), 'a plain name leaked';assert 'openpoet/BipedalWalker-v3' in "
        "gymnasium.registry;from openpoet.cli.settings.tables import presets; assert 'quick' in "
        "presets();print('openpoet' in openpoet.envs.__file__)"
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


class Installation:
    """A new virtual environment outside the clone, with the wheel installed by pip.

    To avoid downloading the dependencies, a .pth file adds the packages of this interpreter. Their
    .pth files are not executed, so that an editable install of the clone is not found; and the
    wheel is installed first, so that pip runs in an empty environment. Compiled kernels, which are
    cached by the hash of their source, are shared.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir()
        self.bin = folder / "venv" / "bin"
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        self.environment = {"HOME": str(self.home), "XDG_CACHE_HOME": cache} | {
            name: os.environ[name] for name in ("PATH", "NUMBA_CACHE_DIR") if name in os.environ
        }
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=300)
        self.run("python", "-m", "pip", "install", "--quiet", "--no-deps", str(wheel))
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.site = self.run("python", "-c", code).strip()
        ours = sysconfig.get_path("purelib")
        Path(self.site, "dependencies.pth").write_text(f"{ours}\n")

    def run(self, program: str, *words: str) -> str:
        """The output of a program of the environment, which must succeed."""
        done = subprocess.run(
            [self.bin / program, *words],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"), wheel)


def test_the_installed_command_prints_its_version_and_lists_presets(
    installation: Installation,
) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert installation.run("openpoet", "--version").startswith(f"openpoet {version} (python ")
    assert "quick-bandits" in installation.run("python", "-m", "openpoet", "list")
    code = (
        "import openpoet, os; print(openpoet.__version__);"
        "print(os.path.isfile(os.path.join(openpoet.__path__[0], 'py.typed')), openpoet.__path__)"
    )
    first, second = installation.run("python", "-c", code).splitlines()
    assert first == version
    assert second == f"True ['{installation.site}/openpoet']"


def test_the_installed_command_launches_resumes_shows_and_records(
    installation: Installation,
) -> None:
    bandits = ["--preset", "quick-bandits", "--out", "runs/bandits"]
    installation.run("openpoet", "launch", *bandits, "--iterations", "2")
    installation.run("openpoet", "resume", "bandits", "--iterations", "3")
    assert "ANNECS" in installation.run("openpoet", "show", "bandits")
    points = ["--family", "navigation", "--learner", "es", "--out", "runs/points"]
    installation.run("openpoet", "launch", *points, "--iterations", "1")
    assert "pictures" in installation.run("openpoet", "replay", "points", "--record", "film.gif")
    assert "recorded evaluations" in installation.run("openpoet", "report", "points")
    assert (installation.home / "film.gif").read_bytes()[:6] == b"GIF89a"
    code = "import openpoet; run = openpoet.open('bandits'); print(run.iteration, run.digest())"
    assert installation.run("python", "-c", code).split() == [
        "3",
        installation.run("openpoet", "digest", "bandits").strip(),
    ]


def test_the_installed_package_checks_a_file(installation: Installation) -> None:
    (installation.home / "hill.py").write_text((ROOT / "examples" / "hill.py").read_text())
    assert "0 are broken" in installation.run("openpoet", "check", "hill.py")


def test_gymnasium_makes_the_installed_walker(installation: Installation) -> None:
    """By the module `openpoet`, and by the sub-package of the environments alone."""
    code = (
        "import gymnasium, sys\n"
        "for module in ('openpoet', 'openpoet.envs'):\n"
        "    env = gymnasium.make(f'{module}:openpoet/BipedalWalker-v3')\n"
        "    print(env.reset(seed=1)[0].shape, 'torch' in sys.modules)"
    )
    assert installation.run("python", "-c", code) == "(24,) False\n" * 2
