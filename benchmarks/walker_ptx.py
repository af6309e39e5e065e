"""Registers, local memory and spills of a thread of each CUDA kernel; needs no GPU.

python -m benchmarks.walker_ptx > benchmarks/results/walker_ptx.txt
"""

from __future__ import annotations

import time
from importlib.metadata import version

from benchmarks.heading import heading
from openpoet.envs.walker.cuda import kernels
from openpoet.envs.walker.cuda.assembly import ptx, resources
from openpoet.envs.walker.cuda.compiler import BLOCK, physics_rules

ARCHITECTURES = ((8, 0), (9, 0))
REGISTERS = 65_536  # of a multiprocessor, in both architectures
MOST_WARPS = 64


def main() -> None:
    print(heading())
    print(f"packages: numba-cuda {version('numba-cuda')}, NVVM {version('nvidia-nvvm')}")
    print(
        f"\n{'kernel':10}{'arch':>7}{'registers':>11}{'local bytes':>13}"
        f"{'spilled':>9}{'warps':>13}{'CPU s':>7}"
    )
    for kernel in kernels.KERNELS:
        for architecture in ARCHITECTURES:
            start = time.process_time()
            with physics_rules():
                used = resources(ptx(kernel, architecture), architecture)
            spent = time.process_time() - start
            granted = -(-used.registers // 8) * 8  # registers are allocated in multiples of eight
            blocks = REGISTERS // (granted * BLOCK)
            warps = min(MOST_WARPS, blocks * BLOCK // 32)
            name = f"sm_{architecture[0]}{architecture[1]}"
            print(
                f"{kernel.source.__name__:10}{name:>7}{used.registers:11}{used.stack:13,}{used.spills:9}"
                f"{warps:13}{spent:7.1f}"
            )
    print(
        "\nwarps: resident at once on a multiprocessor, by registers alone. The first "
        "architecture includes typing."
    )


if __name__ == "__main__":
    main()
