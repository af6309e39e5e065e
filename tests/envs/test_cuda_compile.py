"""Kernels compile without a GPU, without contraction and within the register limit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openpoet.envs.walker.cuda import compiler, kernels
from openpoet.envs.walker.cuda.assembly import ptx, resources
from openpoet.envs.walker.cuda.compiler import DeviceKernel, device_folder, physics_rules
from openpoet.envs.walker.physics import state as at

FUSED = re.compile(r"\bfma\.\w+\.f(32|64)")
FREE = re.compile(r"\b(mul|add|sub)\.f(32|64)")  # without .rn the assembler may fuse them
INEXACT = re.compile(r"\.(approx|ftz)\b")
# scratch of the solver and of TOI, and a little more
STACK = 4 * (at.SCRATCH_FLOATS + at.SCRATCH_INTEGERS) + 64

# With more registers fewer warps fit on a multiprocessor, so a kernel has become slower.
MOST = {
    "start": 96, "collide": 128, "solve": 128, "settle": 96, "pairs": 80, "impacts": 128,
    "toi": 168, "observe": 96
}  # fmt: skip


@pytest.mark.parametrize("kernel", kernels.KERNELS, ids=lambda kernel: kernel.source.__name__)
def test_kernels_for_sm_80_and_sm_90_have_no_fused_operations_and_no_register_spills(
    kernel: DeviceKernel,
) -> None:
    name = kernel.source.__name__
    for architecture in ((8, 0), (9, 0)):
        with physics_rules():
            text = ptx(kernel, architecture)
        assert f".target sm_{architecture[0]}{architecture[1]}" in text
        assert not FUSED.search(text), "a fused multiply-add rounds once where Box2D rounds twice"
        assert not FREE.search(text), "the assembler may fuse an operation without a rounding mode"
        assert not INEXACT.search(text), (
            "a division or root must be rounded, and small numbers kept"
        )
        used = resources(text, architecture)
        assert used.spills == 0
        assert used.registers <= MOST[name], used
        assert used.stack <= (STACK if name in ("solve", "settle", "impacts", "toi") else 0), used


def test_an_edit_of_any_module_of_envs_invalidates_cached_kernels(
    tmp_path: Path, monkeypatch
) -> None:
    """Numba itself only checks the file of the kernel."""
    room = tmp_path / "cuda"
    shutil.copytree(Path(compiler.__file__).parent, room)
    monkeypatch.setattr(compiler, "__file__", str(room / "compiler.py"))
    before = device_folder()
    queues = room / "queues.py"
    queues.write_text(queues.read_text() + "# edited\n")
    assert before != device_folder()


def test_kernels_compiled_with_contraction_have_fused_operations() -> None:
    """Control of the test above: the same search finds the fused operations of NVVM's default.

    In a process of its own: Numba keeps functions compiled without the rules, and kernels that are
    compiled later in the same process would call them and need more registers.
    """
    code = (
        "from openpoet.envs.walker.cuda import kernels\n"
        "from openpoet.envs.walker.cuda.assembly import ptx\n"
        "print(ptx(kernels.START, (9, 0)))"
    )
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert FUSED.search(text.stdout)


def test_cached_kernels_do_not_depend_on_the_path_of_the_clone(tmp_path: Path) -> None:
    """Numba itself would cache them by the path of their source file."""
    from numba import cuda

    with compiler.caching_in(tmp_path, lambda: None):
        dispatcher = cuda.jit(kernels.START.source, cache=True, lto=False)
    assert dispatcher._cache.cache_path == str(tmp_path)
    assert Path(dispatcher._cache._cache_file._index_path) == tmp_path / "kernels.start.nbi"
