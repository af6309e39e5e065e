"""Compilation of the physics for a GPU by numba-cuda, from the same functions as for the CPU.

numba-cuda compiles the Python source of functions decorated with Numba's `njit` for the device, so
the physics is written once. Three of Numba's defaults are changed.

No contraction: a fused multiply-add rounds once where Box2D rounds twice. NVVM has the option
-fma=0, but Numba has no way to pass it, so it is added to Numba's call. NVVM then emits mul.rn and
add.rn, which the assembler must not fuse. Link-time optimisation, which would compile again with
other options, is disabled.

No negative indices: to support x[-1] Numba compares every index with zero. The physics has no
negative indices, and these comparisons, in 64 bits on a 32-bit GPU, were more than half of the
instructions of a contact.

No zero-filling: Numba fills local arrays with zeros, ten kilobytes of scratch per thread; the
physics does not read values there that it has not written.

Without a GPU, NUMBA_ENABLE_CUDASIM=1 runs kernels as Python on the memory of CPU tensors
(`simulated`), for tests.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numba import intp

from openpoet.kernel_cache import config, kernel_cache, source_hash, to_stderr, usable_folder

from ..physics.jit import NAME, SOURCE

WARP = 32
BLOCK = 64  # threads per block: few, so that a few thousand walkers occupy all multiprocessors


def simulated() -> bool:
    """Whether kernels run as Python, on CPU tensors."""
    return bool(config.ENABLE_CUDASIM)


def require() -> None:
    """ValueError, one line, if the extra is not installed."""
    if importlib.util.find_spec("numba_cuda") is None:
        raise ValueError(
            'the walker on device "cuda" needs numba-cuda: pip install "numba-cuda[cu13]"'
        )


@contextlib.contextmanager
def physics_rules() -> Iterator[None]:
    """Context in which kernels are compiled without contraction, negative indices and zero-filled
    local arrays.
    """
    import numba.cuda.cgutils as cgutils
    from llvmlite import ir
    from numba.cuda.cudadrv import nvvm
    from numba.cuda.np import arrayobj

    compile_ir, fix_index, allocate = (
        nvvm.compile_ir,
        arrayobj.fix_integer_index,
        cgutils.alloca_once,
    )

    def bare(builder: Any, kind: Any, size: Any = None, name: str = "", zfill: bool = False) -> Any:
        if not isinstance(kind, ir.ArrayType):
            return allocate(builder, kind, size, name, zfill)
        with builder.goto_entry_block():
            return builder.alloca(kind, name=name)

    nvvm.compile_ir = lambda code, **options: compile_ir(code, **{**options, "fma": 0})
    arrayobj.fix_integer_index = lambda context, builder, kind, index, size: context.cast(
        builder, index, kind, intp
    )
    cgutils.alloca_once = bare
    try:
        yield
    finally:
        nvvm.compile_ir, arrayobj.fix_integer_index, cgutils.alloca_once = (
            compile_ir,
            fix_index,
            allocate,
        )


def device_folder() -> str:
    """Name of the folder within the CPU kernels' cache folder: numba-cuda's version and a hash of
    this folder's source.
    """
    from importlib.metadata import version

    return f"cuda-{version('numba-cuda')}-{source_hash(Path(__file__).parent)}"


@contextlib.contextmanager
def caching_in(folder: Path, on_miss: Callable[[], None]) -> Iterator[None]:
    """Context in which numba-cuda caches kernels in this folder."""
    from numba.cuda import dispatcher

    module: Any = dispatcher
    before = module.CUDACache
    module.CUDACache = kernel_cache(before, folder, on_miss)
    try:
        yield
    finally:
        module.CUDACache = before


@dataclass
class DeviceKernel:
    """One phase of the step, with one thread per walker; compiled at first use, or loaded from the
    cache.
    """

    signature: Any
    source: Callable[..., None]
    compiled: Any = None

    def compile(self) -> None:
        from numba import cuda

        jit: Any = cuda.jit
        if simulated():
            self.compiled = jit(self.signature)(self.source)
            return
        # no warning for batches that are too small to occupy a GPU
        config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
        folder, kept = usable_folder(NAME, SOURCE, device_folder())

        def on_miss() -> None:
            name = self.source.__name__
            to_stderr(f"compiling the walker's kernel {name!r} for the GPU, under 30 s; {kept}")

        cache = contextlib.nullcontext() if folder is None else caching_in(folder, on_miss)
        with physics_rules(), cache:
            if folder is None:
                on_miss()
            self.compiled = jit(self.signature, lto=False, cache=folder is not None)(self.source)

    def launch(self, walkers: int, width: int, stream: Any, *arguments: Any) -> None:
        """Launch threads for this many walkers, `width` per warp; the width is the kernel's first
        argument.
        """
        if self.compiled is None:
            self.compile()
        warps = -(-walkers // width)
        self.compiled[-(-warps * WARP // BLOCK), BLOCK, stream](width, *arguments)


def select(device: torch.device) -> None:
    """Make `device` Numba's current device in this thread."""
    if not simulated():
        from numba import cuda

        cuda.select_device(torch.cuda.current_device() if device.index is None else device.index)


def stream_of(device: torch.device) -> Any:
    """torch's current stream on the device, so that kernels are ordered with torch's operations."""
    if simulated():
        return 0
    from numba import cuda

    return cuda.external_stream(torch.cuda.current_stream(device).cuda_stream)


def device_array(tensor: torch.Tensor) -> Any:
    """The tensor as a kernel argument; shares its memory."""
    if simulated():
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        return FakeCUDAArray(tensor.numpy())
    from numba import cuda

    return cuda.as_cuda_array(tensor)
