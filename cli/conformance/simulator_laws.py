"""The laws of a simulator, as checks: episodes in a batch and one by one, repeated, and
restarted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property

import torch

from openpoet.poet.interfaces import Task, TaskFamily

from .episodes import episodes, same
from .interface import KEY
from .laws import NOT_OFFERED, Law, check_all
from .play_laws import check_play, check_play_captured
from .redraw_laws import check_assign, check_redraw


def check_episodes(family: TaskFamily, tasks: Sequence[Task], device: str) -> None:
    """All laws of the simulators of these tasks; AssertionError at the first that is violated."""
    batch = Batch(family, tasks, device)
    check_all(simulator_laws(lambda: batch))


class Batch:
    """Tasks, each with a seed, and their episodes under random actions."""

    def __init__(self, family: TaskFamily, tasks: Sequence[Task], device: str) -> None:
        self.family, self.tasks, self.device = family, tasks, device
        self.seeds = [KEY.child("seed", i).integer() for i in range(len(tasks))]

    @cached_property
    def episodes(self) -> list[torch.Tensor]:
        return self.again(self.seeds)

    def again(self, seeds: Sequence[int], *, discrete: bool = False) -> list[torch.Tensor]:
        return episodes(self.family, self.tasks, seeds, self.device, discrete=discrete)

    def check_repeated(self) -> None:
        law = "the same tasks and seeds must give the same episodes"
        same(self.episodes, self.again(self.seeds), law)

    def check_one_by_one(self) -> None:
        for row in reversed(range(len(self.tasks))):
            task, seed = [self.tasks[row]], [self.seeds[row]]
            alone = episodes(self.family, task, seed, self.device, first=row)
            part = [tensor[row : row + 1] for tensor in self.episodes]
            same(part, alone, f"batch must equal one by one, it does not for row {row}")

    def check_discrete(self) -> str | None:
        if not getattr(self.family.spec, "discrete", False):
            return NOT_OFFERED
        law = (
            "spec.discrete is True, but results depend on more than the largest entry of an action"
        )
        same(self.episodes, self.again(self.seeds, discrete=True), law)
        return None

    def check_one_hot(self) -> str | None:
        if not getattr(self.family.spec, "one_hot", False):
            return NOT_OFFERED
        for seen in self.episodes[:2]:
            fits = ((seen == 0) | (seen == 1)).all() and (seen.sum(1) == 1).all()
            assert fits, f"spec.one_hot is True, but observations are not one-hot: got {seen}"
        return None

    def check_deterministic(self) -> str | None:
        if not self.family.spec.deterministic:
            return NOT_OFFERED
        law = "spec.deterministic is True, but results depend on the seed"
        same(self.episodes, self.again([seed + 1 for seed in self.seeds]), law)
        return None


def simulator_laws(make: Callable[[], Batch]) -> list[Law]:
    """The laws in the order in which they are checked. make: the batch, called when needed."""

    @cache
    def batch() -> Batch:
        return make()

    def on(check: Callable[..., str | None]) -> Callable[[], str | None]:
        def checked() -> str | None:
            b = batch()
            return check(b.family, b.tasks, b.seeds, b.device)

        return checked

    return [
        Law("simulator: equal tasks and seeds, equal episodes", lambda: batch().check_repeated()),
        Law("simulator: a batch equals its rows one by one", lambda: batch().check_one_by_one()),
        Law("restart: the next episode of the chosen rows only", on(check_restart)),
        Law("redraw: the chosen rows as in a new simulator", on(check_redraw)),
        Law("assign: the chosen rows as in a new simulator", on(check_assign)),
        Law("play: the results of reset() and step()", on(check_play)),
        Law("play_captured: the results of reset() and step()", on(check_play_captured)),
        Law("spec.discrete: only the largest entry counts", lambda: batch().check_discrete()),
        Law("spec.one_hot: observations are one-hot", lambda: batch().check_one_hot()),
        Law(
            "spec.deterministic: results do not depend on the seed",
            lambda: batch().check_deterministic(),
        ),
    ]


def check_restart(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str
) -> str | None:
    """Check the optional `restart`: it starts a new episode in the given rows and does not change
    the others.
    """
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "restart"):
        assert family.spec.episodes == 1, (
            f"a trial of {family.spec.episodes} episodes needs simulator.restart"
        )
        return NOT_OFFERED
    before, actions = (
        simulator.reset().clone(),
        torch.full((n, family.spec.action_size), 0.5, device=device),
    )
    for _ in range(family.spec.horizon):
        before = simulator.step(actions)[0].clone()
    again = torch.zeros(n, dtype=torch.bool, device=device)
    again[0] = True
    after = simulator.restart(again)
    assert torch.equal(after[1:], before[1:]), "restart must not change other rows"
    steps = simulator.steps
    _, rewards, terminated, truncated = simulator.step(actions)
    assert simulator.steps == steps + 1, "after restart of one row a step must count one"
    assert bool((rewards[1:] == 0).all() & (terminated | truncated)[1:].all()), (
        "rows not restarted must stay ended"
    )
    twice, ahead = (family.simulator(tasks, seeds, device) for _ in range(2))
    for one in (twice, ahead):
        one.reset()
        one.step(actions)
    twice.restart(again)
    observations = [twice.restart(again), ahead.restart(again, 2)]
    law = "restart(rows, 2) must start the same episode as two restarts"
    same(observations[:1], observations[1:], law)
    same(twice.step(actions), ahead.step(actions), law)
    return None
