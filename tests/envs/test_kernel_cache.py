"""Compiled kernels are cached once for all copies of the package; compilation is announced."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

import gymnasium
import pytest
from numba.core.caching import IndexDataCacheFile

from openpoet import (
    envs,  # noqa: F401  # registers the ids
    kernel_cache,
)
from openpoet.envs.walker.physics import episode, jit, world
from tests.fresh_process import ROOT, run

PHYSICS = """
import numpy as np
from openpoet.envs.walker.body import STANDARD
from openpoet.envs.walker.physics import bodies, jit, state as at, terrain, world
from openpoet.envs.walker.track import Track
track = Track(np.array([[0, 0], [9, 0]], np.float32), np.zeros((0, 4, 2), np.float32), 0.0)
lines = []
jit.compile_all([terrain.SHAPES, bodies.TRAITS, world.START], lines.append)
shapes, corners = terrain.shapes(track)
f, k = np.zeros(at.FLOATS, np.float32), np.zeros(at.INTEGERS, np.int32)
table = bodies.traits(STANDARD)[None]
world.START(np.zeros(1, np.int64), f, k, shapes.ravel(), np.array([0, 0, 1]), table, np.zeros(1))
loaded = sum(world.START.compiled.stats.cache_hits.values())
print(len(lines), "lines,", "loaded" if loaded else "compiled",
round(float(f[at.FAT + 2] - f[at.TIGHT + 2]), 3))
"""


COMPILED, LOADED = "4 lines, compiled", "0 lines, loaded"


def test_kernels_cached_by_the_installed_package_are_loaded_in_the_clone(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(PHYSICS, cache, installed=True) == (f"{COMPILED} 0.1", "")
    assert run(PHYSICS, cache, installed=False) == (f"{LOADED} 0.1", "")


def test_kernels_cached_by_a_clone_are_loaded_elsewhere_until_the_source_is_edited(
    tmp_path: Path,
) -> None:
    """Numba only checks the file of the kernel; START imports a constant of another file."""
    cache, clone = tmp_path / "cache", tmp_path / "clone"
    for folder in ("openpoet", "envs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, clone / folder, ignore=ignored)
    assert run(PHYSICS, cache, installed=False) == (f"{COMPILED} 0.1", "")
    assert run(PHYSICS, cache, installed=True) == (f"{LOADED} 0.1", "")
    assert run(PHYSICS, cache, clone, installed=False) == (f"{LOADED} 0.1", "")
    settings = clone / "envs" / "walker" / "physics" / "settings.py"
    text = settings.read_text()
    settings.write_text(re.sub(r"AABB_EXTENSION = F\(0.1\)", "AABB_EXTENSION = F(0.3)", text))
    assert run(PHYSICS, cache, clone, installed=False) == (f"{COMPILED} 0.3", "")


def pairs() -> jit.Kernel:
    """A kernel that is not compiled yet and compiles quickly."""
    return jit.Kernel("find pairs", world.PAIRS.signature, world.pair_rows, 2)


def test_compilation_is_announced_in_one_line_through_gymnasium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gymnasium.make("openpoet/BipedalWalker-v3").reset(seed=0)  # the real kernels are ready
    monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", str(tmp_path))
    lines = []
    for _ in range(2):
        monkeypatch.setattr(world, "KERNELS", [pairs()])
        monkeypatch.setattr(episode, "PLAY", pairs())
        capsys.readouterr()
        gymnasium.make("openpoet/BipedalWalker-v3").reset(seed=0)
        lines.append(capsys.readouterr().err)
    folder = kernel_cache.cache_folder(jit.NAME, jit.SOURCE)
    assert lines == [f"openpoet: compiling the walker's physics, about 4 s; kept in {folder}\n", ""]


@pytest.mark.parametrize("trouble", ["a file", "others can write", "a link", "no home"])
def test_a_cache_folder_writable_by_others_is_reported_and_not_used(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", str(tmp_path))
    folder = kernel_cache.cache_folder(jit.NAME, jit.SOURCE)
    if trouble == "a file":
        folder.write_text("")
    elif trouble == "others can write":
        folder.mkdir()
        folder.chmod(0o777)
    elif trouble == "a link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", "")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    lines: list[str] = []
    kernel = pairs()
    assert jit.compile_all([kernel], lines.append) > 0
    assert kernel.compiled is not None
    assert [line.split("; ")[0] for line in lines] == [
        "compiling the walker's physics, about 2 s",
        "compiling find pairs (1 of 1), about 2 s",
    ]
    assert re.search(
        r"; not kept, since .+: set NUMBA_CACHE_DIR to a folder of your own$", lines[0]
    )
    assert not any(path.is_file() and path.stat().st_size for path in tmp_path.rglob("*"))


def test_the_cache_folder_is_created_for_this_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", str(tmp_path / "new"))
    folder, kept = kernel_cache.usable_folder(jit.NAME, jit.SOURCE)
    assert folder is not None
    assert kept == f"kept in {folder}"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_damaged_cache_file_is_reported_and_a_full_disk_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", str(tmp_path))
    folder = kernel_cache.cache_folder(jit.NAME, jit.SOURCE)
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as context:
        context.setattr(
            IndexDataCacheFile, "_open_for_write", lambda *_: (_ for _ in ()).throw(full)
        )
        kernel = pairs()
        jit.compile_all([kernel], None)
    assert kernel.compiled is not None
    *_, line = capsys.readouterr().err.splitlines()
    assert line == f"openpoet: a compiled kernel is not kept in {folder}: No space left on device"
    jit.compile_all([pairs()], None)
    (data,) = folder.glob("*.nbc")
    data.write_bytes(b"")
    with pytest.raises(OSError, match=rf"^kernels in {folder} are damaged, delete it \(EOFError: "):
        jit.compile_all([pairs()], None)
