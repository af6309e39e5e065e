"""The PPO update of a 24-64-64 actor and critic: compiled, BLAS with NumPy, and torch's autograd.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \\
        python -m benchmarks.ppo_update > benchmarks/results/ppo_update.txt

Ten epochs over 16,384 transitions in minibatches of 1,024, one thread each, timed in CPU seconds.
The three compute the same function (tests/agents/kernels/test_ppo_update.py), and the table shows
how far their weights are apart at the end. BLAS: NumPy's matrix products over whole minibatches,
written into arrays made once, with compiled elementwise functions; its sums may depend on the
number of threads. Also the policy's step in a rollout, compiled and with torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numba
import numpy as np
import torch

from benchmarks.heading import heading
from openpoet.agents.kernels.act_kernel import Actor
from openpoet.agents.kernels.arithmetic import ONE, tanh
from openpoet.agents.kernels.ppo_network import Architecture
from openpoet.agents.kernels.ppo_update import Loss, Optimised, Transitions, update
from openpoet.agents.parts.actions import Gaussian
from openpoet.agents.parts.feedforward import Feedforward

NETWORKS = Architecture(24, (64, 64), 4, discrete=False)
TRANSITIONS, MINIBATCHES, EPOCHS, REPEATS = 16_384, 16, 10, 5
LOSS = Loss(clip=0.2, value_weight=0.5, entropy=1e-3, lr=3e-4, max_gradient=0.5)
ACTIONS = Gaussian(NETWORKS.actions)


def outputs(
    weights: dict[str, torch.Tensor], observations: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Means [n, a], log standard deviations [n, a] side by side, and values [n]."""
    mean = Feedforward(NETWORKS.actor, "actor_")(weights, observations)
    policy = torch.cat([mean, weights["log_std"].expand_as(mean)], -1)
    return policy, Feedforward(NETWORKS.critic, "critic_")(weights, observations)[:, 0]


def problem() -> tuple[Optimised, Transitions, np.ndarray]:
    """Random weights and transitions; ratios fall on both sides of the clip range."""
    generator = torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(shape, generator=generator) / shape[-1] ** 0.5
        for name, shape in NETWORKS.shapes.items()
    }
    observations = torch.randn(TRANSITIONS, NETWORKS.inputs, generator=generator)
    policy, values = outputs(weights, observations)
    uniform = torch.rand(TRANSITIONS, NETWORKS.actions, generator=generator)
    taken = ACTIONS.sample(policy, uniform)
    advantages, noise, apart = torch.randn(3, TRANSITIONS, generator=generator)
    log_probs = ACTIONS.log_prob(policy, taken) + 0.1 * apart
    every = torch.ones(TRANSITIONS, dtype=torch.bool)
    zero = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    order = np.stack([np.random.default_rng(e).permutation(TRANSITIONS) for e in range(EPOCHS)])
    batch = Transitions(observations, taken, log_probs, advantages, values + noise, every)
    return Optimised(weights, zero, zero, 0), batch, order


def by_kernel(before: Optimised, batch: Transitions, order: np.ndarray) -> dict[str, torch.Tensor]:
    """Weights after the update."""
    done = update(NETWORKS, before, batch, order, minibatches=MINIBATCHES, loss=LOSS)
    return dict(done.after.weights)


def by_torch(before: Optimised, batch: Transitions, order: np.ndarray) -> dict[str, torch.Tensor]:
    """The same by autograd with Adam's fused step."""
    weights = {name: w.clone().requires_grad_() for name, w in before.weights.items()}
    adam = torch.optim.Adam(weights.values(), lr=LOSS.lr, eps=1e-5, fused=True)
    for epoch in order:
        for rows in np.array_split(epoch, MINIBATCHES):
            x, taken, old, advantages, targets, _ = (part[rows] for part in batch)
            policy, values = outputs(weights, x)
            ratio = (ACTIONS.log_prob(policy, taken) - old).exp()
            clipped = ratio.clamp(1 - LOSS.clip, 1 + LOSS.clip)
            surrogate = -torch.minimum(ratio * advantages, clipped * advantages)
            error, entropy = (values - targets) ** 2 / 2, ACTIONS.entropy(policy)
            adam.zero_grad()
            (surrogate + LOSS.value_weight * error - LOSS.entropy * entropy).mean().backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), LOSS.max_gradient)
            adam.step()
    return {name: weight.detach() for name, weight in weights.items()}


@numba.njit(nogil=True, error_model="numpy")
def activate(units: np.ndarray, bias: np.ndarray) -> None:
    """units [n, h] = tanh(units + bias [h]), in place."""
    for row in units:
        for j in range(len(bias)):
            row[j] = tanh(row[j] + bias[j])


@numba.njit(nogil=True, error_model="numpy")
def through_tanh(change: np.ndarray, units: np.ndarray) -> None:
    """change [n, h] *= 1 - units^2, in place."""
    for i in range(len(units)):
        for j in range(units.shape[1]):
            change[i, j] *= ONE - units[i, j] * units[i, j]


@dataclass
class BlasNetwork:
    """A network of sizes [inputs, ..., outputs] with arrays for a minibatch of n rows."""

    sizes: tuple[int, ...]
    weights: list[np.ndarray]  # w0 [in, out], b0 [out], w1, ...: views of flat numbers
    gradients: list[np.ndarray]

    def __post_init__(self) -> None:
        n = TRANSITIONS // MINIBATCHES
        self.units = [np.empty((n, size), np.float32) for size in self.sizes]
        self.changes = [np.empty((n, size), np.float32) for size in self.sizes]

    def forward(self, observations: np.ndarray) -> np.ndarray:
        self.units[0] = observations
        last = len(self.sizes) - 2
        for layer in range(last + 1):
            w, b = self.weights[2 * layer : 2 * layer + 2]
            np.matmul(self.units[layer], w, out=self.units[layer + 1])
            if layer < last:
                activate(self.units[layer + 1], b)
            else:
                self.units[layer + 1] += b
        return self.units[-1]

    def backward(self, change: np.ndarray) -> None:
        self.changes[-1] = change
        for layer in range(len(self.sizes) - 2, -1, -1):
            change = self.changes[layer + 1]
            np.matmul(self.units[layer].T, change, out=self.gradients[2 * layer])
            change.sum(0, out=self.gradients[2 * layer + 1])
            if layer:
                np.matmul(change, self.weights[2 * layer].T, out=self.changes[layer])
                through_tanh(self.changes[layer], self.units[layer])


def views(flat: np.ndarray) -> list[np.ndarray]:
    """The layers' weights [in, out] and biases, and log_std, in flat numbers."""
    parts, at = [], 0
    for shape in NETWORKS.shapes.values():
        end = at + int(np.prod(shape))
        parts.append(flat[at:end].reshape(shape[::-1]))
        at = end
    return parts


def by_blas(before: Optimised, batch: Transitions, order: np.ndarray) -> dict[str, torch.Tensor]:
    """The same with NumPy's products."""
    flat = np.concatenate([w.numpy().T.ravel() for w in before.weights.values()])
    gradient, mean, square = np.zeros((3, len(flat)), np.float32)
    weights, gradients = views(flat), views(gradient)
    layers, log_std = len(weights) // 2, weights[-1]
    actor = BlasNetwork(NETWORKS.actor, weights[:layers], gradients[:layers])
    critic = BlasNetwork(NETWORKS.critic, weights[layers:-1], gradients[layers:-1])
    arrays, steps = [part.numpy() for part in batch[:5]], 0
    for epoch in order:
        for rows in np.array_split(epoch, MINIBATCHES):
            x, taken, old, advantages, targets = (part[rows] for part in arrays)
            z = (taken - actor.forward(x)) / np.exp(log_std)
            log_prob = (-0.5 * z**2 - log_std - 0.5 * np.log(2 * np.pi)).sum(1)
            ratio = np.exp(log_prob - old)
            clipped = np.clip(ratio, 1 - LOSS.clip, 1 + LOSS.clip)
            kept = ratio * advantages <= clipped * advantages
            slope = (-(ratio * advantages) * kept / np.float32(len(rows)))[:, None]
            actor.backward((slope * z / np.exp(log_std)).astype(np.float32))
            gradients[-1][:] = (slope * (z**2 - 1)).sum(0) - LOSS.entropy
            error = critic.forward(x)[:, 0] - targets
            critic.backward((LOSS.value_weight / np.float32(len(rows)) * error)[:, None])
            steps += 1
            adam(flat, mean, square, gradient, steps)
    named = zip(NETWORKS.shapes, weights, strict=True)
    return {name: torch.from_numpy(weight.T.copy()) for name, weight in named}


def adam(
    flat: np.ndarray, mean: np.ndarray, square: np.ndarray, gradient: np.ndarray, steps: int
) -> None:
    """A step of Adam in place, on the clipped gradient."""
    norm = float(np.sqrt((gradient.astype(np.float64) ** 2).sum()))
    g = gradient * np.float32(min(1.0, LOSS.max_gradient / (norm + 1e-6)))
    mean += np.float32(0.1) * (g - mean)
    square += np.float32(0.001) * (g * g - square)
    rate, correction = LOSS.lr / (1 - 0.9**steps), (1 - 0.999**steps) ** -0.5
    flat -= np.float32(rate) * mean / (np.sqrt(square) * np.float32(correction) + np.float32(1e-5))


def operations() -> int:
    """Floating-point operations of a transition in an epoch: the matrix products alone."""
    forward = sum(i * o for sizes in (NETWORKS.actor, NETWORKS.critic) for i, o in pairwise(sizes))
    to_inputs = forward - 2 * NETWORKS.inputs * NETWORKS.hidden[0]
    return 2 * (2 * forward + to_inputs)


def seconds(function: Callable[[], object], repeats: int = 1) -> float:
    """CPU seconds of a call, the mean of `repeats`."""
    start = time.process_time()
    for _ in range(repeats):
        function()
    return (time.process_time() - start) / repeats


def print_updates() -> None:
    before, batch, order = problem()
    ways = {"compiled": by_kernel, "BLAS": by_blas, "torch": by_torch}
    results = {name: way(before, batch, order) for name, way in ways.items()}  # compiles, warms up
    times = {name: [] for name in ways}
    for _ in range(REPEATS):  # in turn, so that other load on the machine falls on all
        for name, way in ways.items():
            times[name].append(seconds(partial(way, before, batch, order)))
    count = TRANSITIONS * EPOCHS
    print(f"update: {EPOCHS} epochs, {TRANSITIONS:,} transitions, {MINIBATCHES} minibatches")
    print("            CPU s  M a CPU s  GFLOP/s  x torch  largest difference")
    for name in ways:
        best = min(times[name])
        gflops = count * operations() / best / 1e9
        apart = max(
            float((results[name][weight] - value).abs().max())
            for weight, value in results["torch"].items()
        )
        print(
            f"{name:9}{best:8.3f}{count / best / 1e6:11.2f}{gflops:9.1f}"
            f"{min(times['torch']) / best:9.1f}{apart:20.1e}"
        )


def print_steps() -> None:
    before, _, _ = problem()
    weights, actor = dict(before.weights), Actor(NETWORKS, before.weights)

    def with_torch(inputs: torch.Tensor, uniform: torch.Tensor) -> None:
        with torch.no_grad():
            policy, _ = outputs(weights, inputs)
            ACTIONS.log_prob(policy, ACTIONS.sample(policy, uniform))

    print("\nstep of a rollout: actions, log probabilities, values; microseconds of CPU time")
    print(f"{'rows':>6}{'compiled':>10}{'torch':>8}")
    for n in (1, 16, 64, 256):
        inputs, uniform = torch.randn(n, NETWORKS.inputs), torch.rand(n, NETWORKS.actions)
        noise = actor.noise_of(uniform)
        actor.act(inputs, noise)
        ours = min(seconds(partial(actor.act, inputs, noise), 1000) for _ in range(REPEATS))
        torchs = min(seconds(partial(with_torch, inputs, uniform), 300) for _ in range(REPEATS))
        print(f"{n:6}{1e6 * ours:10.1f}{1e6 * torchs:8.1f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(heading())
    print()
    print_updates()
    print_steps()
