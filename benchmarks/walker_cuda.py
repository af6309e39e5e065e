"""The walker on a GPU: parity with the CPU, returns of whole episodes, and steps per second. Needs
a CUDA GPU.

    python -m benchmarks.walker_cuda > benchmarks/results/walker_cuda.txt

Takes a few minutes on an H200, the first of which is spent on compiling the kernels once. Parity:
one step on CPU and GPU from states reached on the CPU with random actions near obstacles, compared
bit for bit. Returns: the same recorded actions on both, and the same networks on both (whose sums
the GPU computes in another order). Speed: physics alone with random actions, where ended walkers
are reset every ten steps; and whole episodes with a network per walker, each step launched from the
host or replayed as a captured graph. Steps are those of running walkers, per wall-clock second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from benchmarks.heading import heading
from openpoet.agents.rollouts.networks import Policy
from openpoet.envs.walker.batch import WalkerBatch
from openpoet.envs.walker.cuda import kernels
from openpoet.envs.walker.cuda.assembly import ptx, resources
from openpoet.envs.walker.cuda.compiler import physics_rules, stream_of
from openpoet.envs.walker.cuda.simulator import CudaSimulator
from openpoet.envs.walker.cuda.walkers import DeviceWalkers
from openpoet.envs.walker.family import Walker, WalkerSettings
from openpoet.envs.walker.simulator import CompiledWalkers
from openpoet.envs.walker.track import Track
from tests.envs import oracle

SIZES = (1_024, 4_096, 16_384, 65_536, 262_144)
# float operations of a step under random actions on hardcore ground (benchmarks/walker_speed.py)
OPERATIONS = 121_597
POLICY = Policy((24, 40, 40, 4))
NEVER = 10**9  # steps


def tracks(count: int) -> list[Track]:
    """Tracks [count], cycling through 16 of Gymnasium's hardcore tracks and 16 with obstacles at
    the start.
    """
    made = [oracle.fresh_env(seed, True)[2] for seed in range(16)] + [
        oracle.obstacle_track(s) for s in range(16)
    ]
    return [made[i % 32] for i in range(count)]


def random_actions(steps: int, count: int) -> np.ndarray:
    """Actions [steps, count, 4], each repeated for five steps; zero for a fifth of the walkers."""
    rng = np.random.default_rng(0)
    repeated = rng.uniform(-1, 1, (-(-steps // 5), count, 4)).astype(np.float32)
    repeated[:, ::5] = 0.0
    return np.repeat(repeated, 5, axis=0)[:steps]


def print_parity(device: str, count: int = 1_000, snapshots: int = 10) -> None:
    """One step from the same `count` x `snapshots` states."""
    batch, gap = WalkerBatch(tracks(count)), 12
    walkers = DeviceWalkers(tracks(count), device, NEVER)
    plan = random_actions(snapshots * (gap + 1), count)
    batch.reset()
    differing, worst, states = 0, 0.0, 0
    for t, actions in enumerate(plan):
        compared = t % (gap + 1) == gap
        if compared:
            walkers.load(batch.floats, batch.integers, batch._shaping)
            walkers.take(torch.from_numpy(actions).to(device))
            walkers.advance()
            walkers.raise_faults()
        observations, reward, _ = batch.step(actions)
        if compared:
            pairs = [
                (walkers.observations, observations),
                (walkers.reward[:, None], reward[:, None]),
            ]
            pairs += [
                (walkers.f, batch.floats.reshape(count, -1)),
                (walkers.k, batch.integers.reshape(count, -1)),
            ]
            wrong = np.zeros(count, bool)
            for theirs, ours in pairs:
                wrong |= (theirs.cpu().numpy() != ours).any(axis=1)
            differing, states = differing + int(wrong.sum()), states + count
            worst = max(
                worst, float(np.abs(walkers.observations.cpu().numpy() - observations).max())
            )
    print(
        f"\nparity: one step from {states:,} states: {differing} differ in any bit of state, "
        "observation or reward;"
    )
    print(f"  the largest difference of an observation {worst:g}; on the way {batch.events}")


def print_returns(device: str, count: int = 4_096, horizon: int = 300) -> None:
    """Whole episodes on CPU and GPU with the same actions, then with the same networks."""
    ground = tracks(count)
    cpu = CompiledWalkers(WalkerBatch(ground), ground, horizon, "cpu")
    gpu = CudaSimulator(ground, horizon, device)
    plan, sums = random_actions(horizon, count), []
    for simulator in (cpu, gpu):
        simulator.reset()
        total = torch.zeros(count, dtype=torch.float64, device=simulator.success.device)
        for actions in plan:
            total += simulator.step(torch.from_numpy(actions))[1]
        sums.append(total.cpu().numpy())
    print(f"\nreturns of {count:,} episodes of at most {horizon} steps under the same actions:")
    print(f"  {int((sums[0] == sums[1]).sum()):,} equal in every bit")
    weights = networks(count)
    table, none = weights.numpy(), np.zeros((count, 0), np.float32)
    ours, _ = cpu.play(POLICY.compiled(), table, np.arange(count), POLICY.layout, none)
    on_device = weights.to(device)
    theirs, _ = gpu.play_captured(partial(_forward, on_device), on_device[:, :0])
    print("the same under a network each:")
    for name, returns in (("CPU", ours), ("GPU", theirs)):
        quantiles = ", ".join(f"{q:.2f}" for q in np.quantile(returns, (0.1, 0.5, 0.9)))
        print(
            f"  {name} mean {returns.mean():.3f} +- {returns.std() / count**0.5:.3f}, 10-50-90 % "
            f"{quantiles}"
        )


def networks(count: int) -> torch.Tensor:
    rng = np.random.default_rng(1)
    return torch.from_numpy((0.15 * rng.normal(size=(count, POLICY.parameters))).astype(np.float32))


def _forward(
    weights: torch.Tensor, observations: torch.Tensor, memory: torch.Tensor
) -> torch.Tensor:
    return POLICY.forward(weights, observations)


def elapsed(work: Callable[[], Any], device: str) -> float:
    """Seconds until the device has completed the work."""
    finish = torch.cuda.synchronize if device != "cpu" else (lambda: None)
    finish()
    start = time.perf_counter()
    work()
    finish()
    return time.perf_counter() - start


def physics_rate(device: str, count: int, steps: int = 100) -> float:
    walkers = DeviceWalkers(tracks(count), device, NEVER)
    walkers.reset(torch.ones_like(walkers.live))
    plan = torch.from_numpy(random_actions(2 * steps, count)).to(device)
    done = torch.zeros((), dtype=torch.int64, device=device)

    def run(part: torch.Tensor) -> None:
        for t, actions in enumerate(part):
            walkers.take(actions)
            done.add_(walkers.live.sum())
            walkers.advance()
            if t % 10 == 9:
                walkers.raise_faults()
                walkers.reset(~walkers.live)

    run(plan[:steps])
    done.zero_()
    spent = elapsed(lambda: run(plan[steps:]), device)
    return int(done) / spent


def episode_rate(device: str, count: int, capture: bool, horizon: int = 200) -> float:
    simulator = CudaSimulator(tracks(count), horizon, device)
    chance = torch.Generator(device).manual_seed(1)
    weights = 0.15 * torch.randn(count, POLICY.parameters, generator=chance, device=device)
    rates = []

    def play() -> None:
        simulator.play_captured(partial(_forward, weights), weights[:, :0], capture)

    for _ in range(2):
        before = simulator.steps
        spent = elapsed(play, device)
        rates.append((simulator.steps - before) / spent)
    return rates[1]


def kernel_times(walkers: DeviceWalkers, plan: torch.Tensor) -> dict[str, float]:
    """Mean time of each kernel in a step [us], over the steps of a plan [steps, n, 4]; ended
    walkers are reset.
    """
    spent = dict.fromkeys((phase.kernel.source.__name__ for phase in walkers.phases), 0.0)
    stream = stream_of(walkers.device)
    for t, actions in enumerate(plan):
        walkers.take(actions)
        walkers.queued.zero_()
        # the device waits until all is launched, so that launching is not counted
        torch.cuda._sleep(2_000_000)
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(len(walkers.phases) + 1)]
        marks[0].record()
        for phase, mark in zip(walkers.phases, marks[1:], strict=True):
            phase.launch(walkers.threads, stream)
            mark.record()
        torch.cuda.synchronize()
        for phase, before, after in zip(walkers.phases, marks, marks[1:], strict=False):
            spent[phase.kernel.source.__name__] += 1e3 * before.elapsed_time(after) / len(plan)
        if t % 10 == 0:
            walkers.raise_faults()
            walkers.reset(~walkers.live)
    return spent


def moving(device: str, count: int, steps: int = 30) -> tuple[DeviceWalkers, torch.Tensor]:
    """Walkers after some steps, and actions for twice as many further steps."""
    walkers = DeviceWalkers(tracks(count), device, NEVER)
    walkers.reset(torch.ones_like(walkers.live))
    plan = torch.from_numpy(random_actions(3 * steps, count)).to(device)
    kernel_times(walkers, plan[:steps])
    return walkers, plan[steps:]


def print_shares(device: str, count: int) -> None:
    """Each kernel's share of a step, in the middle of the episodes."""
    walkers, plan = moving(device, count)
    spent = kernel_times(walkers, plan)
    total, live = sum(spent.values()), int(walkers.live.sum())
    shares = ", ".join(f"{name} {100 * part / total:.0f} %" for name, part in spent.items())
    print(
        f"\na step of {count:,} walkers, {live:,} of them running: {total:,.0f} us on the device: "
        f"{shares}"
    )


def print_host(device: str, niches: int = 20, members: int = 819, horizon: int = 500) -> None:
    """Print the time of the host and of the episodes in a rollout of `niches` x `members` rows."""
    family, rng = Walker(WalkerSettings(horizon=horizon)), np.random.default_rng(0)
    tasks = [family.origin()]
    while len(tasks) < niches:
        tasks.append(family.mutate(tasks[-1], rng))
    rows, weights = (
        [task for task in tasks for _ in range(members)],
        networks(niches * members).to(device),
    )
    spent = {"tracks": elapsed(lambda: [family.track(task, 0) for task in tasks], device)}
    start = time.perf_counter()
    simulator = CudaSimulator([family.track(task, 0) for task in rows], horizon, device)
    spent["simulator"] = time.perf_counter() - start + elapsed(lambda: None, device)
    act = partial(_forward, weights)
    spent["episodes"] = elapsed(lambda: simulator.play_captured(act, weights[:, :0]), device)
    total = sum(spent.values())
    shares = ", ".join(
        f"{name} {seconds:.2f} s ({seconds / total:.1%})" for name, seconds in spent.items()
    )
    print(f"\na rollout of {niches} niches x {members} members, {horizon} steps at most: {shares};")
    print(
        "  tracks are built on the host once a task, the simulator is made and filled once a "
        "rollout"
    )


def print_resources() -> None:
    major, minor = torch.cuda.get_device_capability()
    print("\nregisters, local memory and spills a thread:")
    for kernel in kernels.KERNELS:
        with physics_rules():
            used = resources(ptx(kernel, (major, minor)), (major, minor))
        print(f"  {kernel.source.__name__:8} {used.registers:4} {used.stack:6} {used.spills:3}")


def measured_peak(device: str, size: int = 8_192) -> float:
    """Float operations per second of a float32 matrix product."""
    torch.backends.cuda.matmul.allow_tf32 = False
    a = torch.randn(size, size, device=device)
    return max(2 * size**3 / elapsed(lambda: torch.mm(a, a), device) for _ in range(10))


def print_speed(device: str, sizes: tuple[int, ...] = SIZES) -> None:
    peak = measured_peak(device)
    floor = peak / 2 / OPERATIONS  # a fused operation counts as two; the physics fuses none
    print(
        f"\npeak: a float32 matrix product {peak / 1e12:.1f} T operations/s, half of it without "
        "fused multiply-add"
    )
    print(
        f"floor: {OPERATIONS:,} float operations a step at {peak / 2e12:.1f} T/s: {floor:,.0f} "
        "steps/s"
    )
    print(
        "\nsteps/s (share of the floor); must reach 5,000,000 from 16,384 walkers on, aim "
        "50,000,000"
    )
    print(f"{'walkers':>8} {'physics':>22} {'episodes, launched':>22} {'episodes, captured':>22}")
    for count in sizes:
        rates = [
            physics_rate(device, count),
            *(episode_rate(device, count, capture) for capture in (False, True)),
        ]
        print(
            f"{count:8,} " + " ".join(f"{rate:>13,.0f} ({rate / floor:6.1%})" for rate in rates),
            flush=True,
        )


def main() -> None:
    if not torch.cuda.is_available():
        raise SystemExit(
            "walker_cuda: torch finds no CUDA GPU here, and this benchmark runs on nothing else"
        )
    device = "cuda"
    print(heading())
    print(
        f"GPU: {torch.cuda.get_device_name()}, torch {torch.__version__}, numba-cuda "
        f"{version('numba-cuda')}"
    )
    ready = elapsed(lambda: CudaSimulator(tracks(64), 1, device).reset(), device)
    print(f"kernels ready after {ready:.1f} s")
    print_resources()
    print_parity(device)
    print_returns(device)
    print_speed(device)
    for count in (16_384, 65_536):
        print_shares(device, count)
    print_host(device)


if __name__ == "__main__":
    main()
