"""PTX of the kernels for any GPU architecture, and the registers and memory of a thread, without a
GPU.
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
    """Resources of one thread of a kernel."""

    registers: int
    stack: int  # local memory, the scratch arrays above all [bytes]
    spills: int  # register spills to local memory, stores and loads [bytes]


def ptx(kernel: DeviceKernel, architecture: Architecture) -> str:
    """A kernel's PTX for this architecture; call it within compiler.physics_rules()."""
    from numba import cuda
    from numba.cuda import dispatcher

    module: Any = dispatcher
    # Numba queries it for the architecture of called functions, even if one is given
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
    """Resources of a kernel, from the assembler's report on its PTX."""
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
    report = log.decode()
    memory = re.search(
        r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill "
        r"loads",
        report,
    )
    used = re.search(r"Used (\d+) registers", report)
    if memory is None or used is None:
        raise RuntimeError(f"the assembler did not report the kernel's resources: {report[:200]}")
    stack, stores, loads = map(int, memory.groups())
    return Resources(int(used[1]), stack, stores + loads)
