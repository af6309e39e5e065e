"""The kernels for a GPU that need not be here: their PTX, and the registers and memory its
assembler gives a thread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .compiler import DeviceKernel

Architecture = tuple[int, int]  # compute capability: (8, 0) is an A100, (9, 0) an H100


@dataclass(frozen=True)
class Resources:
    """What one thread of a kernel holds."""

    registers: int
    stack: int  # local memory, the scratch arrays above all [bytes]
    spills: int  # registers written to local memory for want of room, stores and loads [bytes]


def ptx(kernel: DeviceKernel, architecture: Architecture) -> str:
    """A kernel's PTX; inside compiler.physics_rules() it is what a GPU of this architecture would
    run.
    """
    from numba import cuda
    from numba.cuda import dispatcher

    module: Any = dispatcher
    # Numba asks it for the architecture of the parts, even when it was told
    present = module.get_current_device
    module.get_current_device = lambda: SimpleNamespace(compute_capability=architecture)
    try:
        text, _ = cuda.compile(
            kernel.source, kernel.signature, device=False, abi="numba", cc=architecture
        )
    finally:
        module.get_current_device = present
    return text


def resources(text: str, architecture: Architecture) -> Resources:
    """What the assembler says of a kernel's PTX."""
    from cuda.bindings import nvjitlink

    options, code = [f"-arch=sm_{architecture[0]}{architecture[1]}", "-verbose"], text.encode()
    handle = nvjitlink.create(len(options), options)
    try:
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, code, len(code), "kernel")
        nvjitlink.complete(handle)
        log = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, log)
    finally:
        nvjitlink.destroy(handle)
    said = log.decode()
    memory = re.search(
        r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill "
        r"loads",
        said,
    )
    used = re.search(r"Used (\d+) registers", said)
    if memory is None or used is None:
        raise RuntimeError(f"the assembler did not say what the kernel uses: {said[:200]}")
    stack, stores, loads = map(int, memory.groups())
    return Resources(int(used[1]), stack, stores + loads)
