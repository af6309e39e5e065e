"""The two interfaces of openpoet: the methods that a task family and a learner must have.

A plug-in need not import anything from here: any object with these methods is accepted (see
docs/plugins.md).

Notation: n = episodes simulated side by side, o = observation size, a = action size, pairs =
(agent, task) pairs. A *task* is any immutable value that the family understands; it is a
distribution over MDPs, and a seed realises one. An *agent* is a mapping from names to torch
tensors, all of which are saved, transferred and hashed. A *key* names a stream of random numbers
(streams.Key). Learners get lists with one key a pair, and the result for a pair must not depend on
the other pairs of the batch: a batch gives the same results as its pairs one by one, and any number
of workers gives the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

if TYPE_CHECKING:
    from .streams import Key

Task = Any
Agent = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Spec:
    """Sizes of a family's episodes. A plug-in may use any object with these attributes."""

    observation_size: int
    action_size: int
    horizon: int  # steps after which an episode is truncated
    episodes: int  # episodes a trial, in which a learner may adapt before it is scored
    # A niche is solved when the mean return of the scored episodes reaches this and more than half
    # of them end with the simulator's `success`. With one episode: its return and its success.
    solved_score: float
    # True if a task is the same MDP for every seed, so that one evaluation is enough
    deterministic: bool
    # discrete actions: the index of the largest of the action_size numbers
    discrete: bool = False
    # observations are one of observation_size states, one-hot
    one_hot: bool = False
    # supervised: so many numbers at the end of an observation are the target of the last action
    labels: int = 0
    # Thresholds of POET in the units of scores; a run needs them from here or from the settings of
    # [poet].
    reproduce_at: float | None = None  # own score from which a niche may have children
    mc_low: float | None = None  # minimal criterion: below it a task is too hard ...
    mc_high: float | None = None  # ... above it too easy


class Simulator(Protocol):
    """A batch of n episodes, each with its own task and seed. Rows that have ended are frozen and
    are not simulated.
    """

    # environment steps simulated so far, ended rows not counted; reset() itself counts none
    steps: int
    # [n] bool, read when an episode has ended: whether it reached the goal of the task, such as the
    # far end of the track. Always true if a task has no goal but a high return.
    success: torch.Tensor

    def reset(self) -> torch.Tensor:
        """First observations, [n, o] float32."""
        ...

    def step(
        self, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Observations [n, o] f32, rewards [n] f64, terminated [n] bool, truncated [n] bool, after
        actions [n, a] f32.

        A row that has ended keeps its observation and its flags, and its reward is 0.
        """
        ...

    def restart(self, rows: torch.Tensor, count: int | torch.Tensor = 1) -> torch.Tensor:
        """Start the next episode of the rows in the mask [n] bool, each on the same realisation of
        its task; returns the observations of all rows.

        count: how many episodes further, a number or [n] int64: 2 is the one after two restarts.
        Needed only by learners that adapt over several episodes (spec.episodes, or the learner's
        own setting `episodes`, above 1).
        """
        ...

    def redraw(self, rows: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        """Start the rows of the mask [n] bool on new realisations of their tasks; returns the
        observations of all rows.

        seeds: one integer for each row of the mask, in order. From then on, and after a reset(), a
        row behaves exactly as a row of a new simulator made with its seed. Optional, for learners
        whose rollouts continue after the end of a trial.
        """
        ...

    def assign(
        self, rows: torch.Tensor, tasks: Sequence[Task], seeds: Sequence[int]
    ) -> torch.Tensor:
        """Start the rows of the mask [n] bool on other tasks; returns the observations of all rows.

        tasks, seeds: one for each row of the mask, in order. From then on, and after a reset(), a
        row behaves exactly as a row of a new simulator made with its task and seed. Optional, for
        curricula that replay levels: without it rows wait until all have ended.
        """
        ...

    def defer(self, steps: int) -> None:
        """From now on wait for the device only once in `steps` calls of step().

        Optional, for simulators that run on a GPU. The attribute `steps` is up to date, and faults
        are raised, after every `steps` calls of step(); the results of step() and restart() do not
        change.
        """
        ...

    def play(
        self,
        act: Any,
        weights: np.ndarray,
        member: np.ndarray,
        layout: np.ndarray,
        memory: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One whole episode of every row under a compiled policy: returns [n] float64, steps [n]
        int64.

        Optional, for compiled simulators: the same numbers as with reset() and step(), faster. act
        is a Numba function with the signature void(weights f32 [members, parameters],
        member i64 [n], rows i64 [k], observations f32 [n, o], layout i64 [m], memory f32 [n, h],
        actions f32 [n, a]); it writes the actions (and memory) of rows.
        """
        ...

    def play_captured(
        self, act: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], memory: torch.Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """One whole episode of every row on the simulator's own device: returns [n] float64, steps
        [n] int64.

        Optional, for simulators that run on a GPU. act computes actions [n, a] f32 from
        observations [n, o] f32 and the hidden state [n, h] f32, which it changes in place, with
        torch on that device; the rows include those that have ended. Its control flow must not
        depend on values: it may be recorded once and replayed at every step (CUDA graph).
        """
        ...

    def state(self, row: int) -> Any:
        """What `TaskFamily.outline` needs to draw one row as it is now; a copy, not a view."""
        ...


class TaskFamily(Protocol):
    spec: Spec

    def origin(self) -> Task:
        """The trivial task from which every run starts."""
        ...

    def mutate(self, task: Task, rng: np.random.Generator) -> Task:
        """A neighbour of `task`, which is left as it is; `task` if there is none. Never raises."""
        ...

    def describe(self, task: Task) -> np.ndarray:
        """Features for parameter-space novelty and maps, [k] float64."""
        ...

    def encode(self, task: Task) -> dict[str, Any]:
        """JSON with a schema version and everything that determines the task, the family's settings
        included.

        Equal tasks have equal encodings; the encoding is the task's identity.
        """
        ...

    def decode(self, data: Mapping[str, Any]) -> Task:
        """The task of an encoding. ValueError, one line, if it is not one of this family."""
        ...

    def simulator(self, tasks: Sequence[Task], seeds: Sequence[int], device: str) -> Simulator: ...

    def outline(self, task: Task, state: Any = None) -> Mapping[str, list[np.ndarray]]:
        """Layers of polylines [points, 2] [m] for pictures: "ground" of a task; with a state,
        "body" and "ray" too.
        """
        ...

    def picture(self, task: Task, state: Any) -> np.ndarray | None:
        """Pixels [height, width, 3] uint8 for a replay; None: the outline is shown instead.

        Optional, for families whose simulators render pictures.
        """
        ...


class Learner(Protocol):
    """No method changes the agents and tasks passed to it; the engine compares their bytes."""

    def init(self, key: Key) -> Agent:
        """A new agent. All agents of a learner have tensors of these names, shapes and dtypes;
        under `hyper/` they may have more.
        """
        ...

    def improve(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[list[Agent], np.ndarray]:
        """One optimisation step of each agent in its task: new agents, environment steps [pairs]
        int64.
        """
        ...

    def evaluate(
        self, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]
    ) -> tuple[np.ndarray, ...]:
        """Scores [pairs] float64, solved [pairs] bool, environment steps [pairs] int64.

        Solved: see Spec.solved_score; a learner whose score is not a return has its own rule. Equal
        keys give equal realisations of equal tasks: the engine compares agents on common random
        numbers. A learner whose agents adapt scores them after adaptation and returns a fourth
        array: their scores before adaptation, [pairs] float64, on the same realisations.
        """
        ...

    def adopt(self, agent: Agent) -> Agent:
        """The agent as it starts in a new niche: its parameters kept, its optimiser's state reset.

        Tensors under `hyper/` are the agent's own hyperparameters and are kept.
        """
        ...


class Explorer(Learner, Protocol):
    """A learner for population-based training, whose agents carry their own hyperparameters."""

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with perturbed hyperparameters, in tensors under `hyper/`; no other name or
        shape changes.
        """
        ...
