"""The two interfaces of openpoet: what a task family and a learner must offer the engine.

Nothing here needs to be imported by a plug-in: any object with these methods will do (see
docs/plugins.md).

Notation: n = episodes simulated side by side, o = observation size, a = action size, pairs =
(agent, task) pairs. A *task* is any immutable value that the family understands; it is a
distribution over MDPs, and a seed realises one. An *agent* is a mapping from names to torch
tensors, all of it state that is saved, transferred and hashed. A *key* names a stream of random
numbers (streams.Key). Work comes as lists, one key a pair, so that the result for a pair never
depends on which other pairs share the batch: batch = one by one, and any number of workers gives
the same run.
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
    episodes: int  # episodes a trial: what a learner may use to adapt before it is scored
    # A niche is solved when the mean return of the scored episodes reaches this and more than half
    # of them end with the simulator's `success`. With one episode: its return and its success.
    solved_score: float
    # True if a task realises the same MDP for every seed: then one evaluation is enough
    deterministic: bool
    # an action is the place of the largest of its action_size numbers; the rest does not count
    discrete: bool = False
    # the last so many numbers of an observation are the right answer to the last action: supervised
    labels: int = 0
    # Thresholds of POET in the units of scores; a run needs them from here or from its settings
    # ([poet]).
    reproduce_at: float | None = None  # own score from which a niche may have children
    mc_low: float | None = None  # minimal criterion: below it a task is too hard ...
    mc_high: float | None = None  # ... above it too easy


class Simulator(Protocol):
    """A batch of n episodes, each of its own task and seed. Rows that have ended stay as they are
    and cost nothing.
    """

    # environment steps simulated so far, ended rows not counted; reset() itself counts none
    steps: int
    # [n] bool, read when an episode has ended: it reached what the task asks for, such as the far
    # end of the track. True where a task asks for return alone, which then decides if it is solved.
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
        """The next episode of the rows in the mask [n] bool, each on the same draw of its task;
        observations of all.

        count: how many episodes further, a number or [n] int64: 2 is the one after two restarts.
        Needed only by learners that adapt over several episodes (spec.episodes above 1, or --set
        learner.episodes).
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

        Optional, for simulators that are compiled themselves: the same numbers as reset() and
        step(), sooner. act is Numba code of the signature void(weights f32 [members, parameters],
        member i64 [n], rows i64 [k], observations f32 [n, o], layout i64 [m], memory f32 [n, h],
        actions f32 [n, a]); it writes the actions (and memory) of rows.
        """
        ...

    def play_captured(
        self, act: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], memory: torch.Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """One whole episode of every row on the simulator's own device: returns [n] float64, steps
        [n] int64.

        Optional, for simulators that step there by themselves. act gives actions [n, a] f32 for
        observations [n, o] f32 and memory [n, h] f32, which it changes in place, by torch on that
        device; rows that have ended are among them. What it does must not depend on the values: it
        may be recorded once and replayed at every step.
        """
        ...

    def state(self, row: int) -> Any:
        """What `TaskFamily.outline` needs to draw one row as it is now; a value of its own, not a
        view.
        """
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
        """JSON with a schema version and all that realises the task, the family's settings
        included.

        Equal tasks have equal encodings; the encoding is the task's identity.
        """
        ...

    def decode(self, data: Mapping[str, Any]) -> Task:
        """The task of an encoding. ValueError, one line, if it is none that this family can
        realise.
        """
        ...

    def simulator(self, tasks: Sequence[Task], seeds: Sequence[int], device: str) -> Simulator: ...

    def outline(self, task: Task, state: Any = None) -> Mapping[str, list[np.ndarray]]:
        """Layers of polylines [points, 2] [m] for pictures: "ground" of a task; with a state,
        "body" and "ray" too.
        """
        ...

    def picture(self, task: Task, state: Any) -> np.ndarray | None:
        """Pixels [height, width, 3] uint8 that a replay shows in place of the outline; None: the
        outline.

        Optional, for families whose simulators render pictures of their own.
        """
        ...


class Learner(Protocol):
    """Every method leaves the agents and tasks it is given as they are; the engine compares their
    bytes.
    """

    def init(self, key: Key) -> Agent:
        """A new agent. All agents of a learner have tensors of these names, shapes and dtypes, but
        for `hyper/...`.
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

        Solved: see Spec.solved_score; a learner whose score is no return has a rule of its own.
        Equal keys give equal realisations of equal tasks: the engine scores rival agents on common
        random numbers. A learner whose agents adapt scores them after they have, and gives a fourth
        array: what each would have scored before, [pairs] float64, on the same draws of the task.
        """
        ...

    def adopt(self, agent: Agent) -> Agent:
        """What an agent becomes in a new niche: its parameters kept, its optimiser's state fresh.

        Tensors `hyper/...`, if an agent has some, are hyperparameters it learns by, and go with it.
        """
        ...


class Explorer(Learner, Protocol):
    """A learner for population-based training: its agents carry their hyperparameters."""

    def explore(self, agent: Agent, key: Key) -> Agent:
        """The agent with hyperparameters near its own, in tensors `hyper/...`; no other name or
        shape changes.
        """
        ...
