"""What a task family and a learner must obey, as checks to run on your own: `check_family(f)`, `check_learner(l, f)`.

Each broken law is an AssertionError that says which law, and on what. No engine, no archive and no clock is involved.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from poet.interfaces import Agent, Learner, Task, TaskFamily
from poet.streams import Key

KEY = Key(12345, ("conformance",))


def lineage(family: TaskFamily, length: int) -> list[Task]:
    """The origin and its first descendants, each a mutation of the one before."""
    tasks = [family.origin()]
    for i in range(length - 1):
        tasks.append(family.mutate(tasks[-1], KEY.child("mutate", i).generator()))
    return tasks


def check_family(family: TaskFamily, *, tasks: int = 4, device: str = "cpu") -> None:
    """All laws of `TaskFamily` and its simulators, on a lineage of `tasks` tasks."""
    line = lineage(family, tasks)
    check_encoding(family, line)
    check_mutation(family, line)
    check_description(family, line)
    check_episodes(family, line, device)


def check_encoding(family: TaskFamily, tasks: Sequence[Task]) -> None:
    assert _text(family, family.origin()) == _text(family, family.origin()), "origin() must be the same task each time"
    for task in tasks:
        text = _text(family, task)
        again = family.decode(json.loads(text))
        assert again == task, f"decode(encode(task)) must equal the task, got {again!r} for {task!r}"
        assert _text(family, again) == text, f"equal tasks must have equal encodings, got two for {task!r}"
        assert any("schema" in str(name) for name in json.loads(text)), "encode must state its schema version"
    for wrong in ({}, {"schema": -1}):
        refusal = _refusal(family, wrong)
        assert refusal is not None, f"decode must refuse {wrong!r} with a ValueError"
        assert "\n" not in refusal, f"an error must be one line, got {refusal!r}"


def _refusal(family: TaskFamily, data: dict[str, Any]) -> str | None:
    """What decode says to data that are no task, or None if it takes them."""
    try:
        family.decode(data)
    except ValueError as error:
        return str(error)
    return None


def check_mutation(family: TaskFamily, tasks: Sequence[Task]) -> None:
    for i, task in enumerate(tasks):
        before, key = _text(family, task), KEY.child("law", i)
        one, two = (family.mutate(task, key.generator()) for _ in range(2))
        assert _text(family, task) == before, f"mutate must leave its argument as it is, it changed {before}"
        assert _text(family, one) == _text(family, two), (
            "mutate must draw from the generator it is given, and nowhere else"
        )
    many = {_text(family, family.mutate(tasks[0], KEY.child("many", i).generator())) for i in range(8)}
    assert len(many) > 1, "mutate must vary, got the same child of the origin from 8 generators"
    if (name := getattr(family, "fingerprint", None)) is not None:
        for task in tasks:
            hash(name(task))
            assert name(task) == name(family.decode(family.encode(task))), "equal tasks must have equal fingerprints"


def check_description(family: TaskFamily, tasks: Sequence[Task]) -> None:
    sizes = set()
    for task in tasks:
        row = np.asarray(family.describe(task))
        shaped = row.ndim == 1 and bool(np.isfinite(row).all())
        assert shaped, f"describe must give finite numbers [k], got {row!r}"
        assert np.array_equal(row, family.describe(task)), "describe must be the same each time"
        sizes.add(len(row))
        ground = family.outline(task)
        assert "ground" in ground, f"outline must have a layer 'ground', got {sorted(ground)}"
        for layer, lines in ground.items():
            for line in lines:
                shaped = line.ndim == 2 and line.shape[1] == 2 and np.isfinite(line).all()
                assert shaped, f"outline lines must be finite [points, 2], got {line.shape} in layer {layer!r}"
    assert len(sizes) == 1, f"describe must have one length for all tasks, got {sorted(sizes)}"


def check_episodes(family: TaskFamily, tasks: Sequence[Task], device: str) -> None:
    seeds = [KEY.child("seed", i).integer() for i in range(len(tasks))]
    together = _episodes(family, tasks, seeds, device)
    _same(together, _episodes(family, tasks, seeds, device), "the same tasks and seeds must give the same episodes")
    order = list(reversed(range(len(tasks))))
    for row in order:
        alone = _episodes(family, [tasks[row]], [seeds[row]], device, first=row)
        _same(
            [part[row : row + 1] for part in together], alone, f"batch must equal one by one, it does not for row {row}"
        )
    check_restart(family, tasks, seeds, device)
    if family.spec.deterministic:
        other = _episodes(family, tasks, [seed + 1 for seed in seeds], device)
        _same(together, other, "spec.deterministic says that seeds change nothing, they do")


def check_restart(family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str) -> None:
    """Where a simulator can begin an episode anew, only the rows that are asked for do, and they run again."""
    simulator, n = family.simulator(tasks, seeds, device), len(tasks)
    if not hasattr(simulator, "restart"):
        assert family.spec.episodes == 1, f"a trial of {family.spec.episodes} episodes needs simulator.restart"
        return
    first, actions = simulator.reset().clone(), torch.zeros(n, family.spec.action_size, device=device)
    before = first
    for _ in range(family.spec.horizon):
        before = simulator.step(actions)[0].clone()
    again = torch.zeros(n, dtype=torch.bool, device=device)
    again[0] = True
    after = simulator.restart(again)
    assert torch.equal(after[1:], before[1:]), "restart must leave the rows alone that were not asked for"
    steps = simulator.steps
    _, rewards, terminated, truncated = simulator.step(actions)
    assert simulator.steps == steps + 1, "after restart of one row a step must count one"
    assert bool((rewards[1:] == 0).all() & (terminated | truncated)[1:].all()), "rows not restarted must stay ended"
    twice, ahead = (family.simulator(tasks, seeds, device) for _ in range(2))
    for one in (twice, ahead):
        one.reset()
        one.step(actions)
    twice.restart(again)
    observations = [twice.restart(again), ahead.restart(again, 2)]
    law = "restart(rows, 2) must begin the episode that two restarts lead to"
    _same(observations[:1], observations[1:], law)
    _same(twice.step(actions), ahead.step(actions), law)


def _episodes(
    family: TaskFamily, tasks: Sequence[Task], seeds: Sequence[int], device: str, first: int = 0
) -> list[torch.Tensor]:
    """One episode a row under random actions, the laws of a simulator checked on the way.

    What a row went through: [n, o] first and last observations, [n] returns, [n] steps, [n] success.
    first: the number of row 0 where the batch is part of another, since actions belong to rows.
    """
    simulator, spec, n = family.simulator(tasks, seeds, device), family.spec, len(tasks)
    observation = simulator.reset()
    start = observation.cpu().clone()
    assert simulator.steps == 0, f"reset must count no steps, got {simulator.steps}"
    assert tuple(observation.shape) == (n, spec.observation_size), (
        f"reset must give [n, o], got {tuple(observation.shape)}"
    )
    assert observation.dtype == torch.float32, f"observations must be float32, got {observation.dtype}"
    draws = [KEY.child("actions", first + row).generator() for row in range(n)]
    ended, returns = torch.zeros(n, dtype=torch.bool), torch.zeros(n, dtype=torch.float64)
    flags, lived, limit = (ended, ended), torch.zeros(n, dtype=torch.int64), spec.horizon
    for time in range(limit):
        actions = np.stack([draw.uniform(-1, 1, spec.action_size) for draw in draws]).astype(np.float32)
        before = observation.clone()
        observation, rewards, *new_flags = simulator.step(torch.as_tensor(actions).to(device))
        terminated, truncated = (flag.cpu() for flag in new_flags)
        lived += ~ended
        assert torch.isfinite(observation).all(), f"observations must be finite, got NaN or infinity at step {time}"
        assert torch.isfinite(rewards).all(), f"rewards must be finite, got NaN or infinity at step {time}"
        assert (rewards.cpu()[ended] == 0).all(), "a row that has ended must have reward 0"
        assert torch.equal(observation.cpu()[ended], before.cpu()[ended]), (
            "a row that has ended must keep its observation"
        )
        for old, new in zip(flags, (terminated, truncated), strict=True):
            assert torch.equal(old[ended], new[ended]), "a row that has ended must keep its flags"
        assert simulator.steps == int(lived.sum()), (
            f"steps must count rows that run, expected {int(lived.sum())}, got {simulator.steps}"
        )
        returns += rewards.cpu().double()
        flags, ended = (terminated.clone(), truncated.clone()), terminated | truncated
        if ended.all():
            break
    assert ended.all(), f"every row must have ended after {limit} steps, {int((~ended).sum())} have not"
    for row in range(n):
        assert family.outline(tasks[row], simulator.state(row)).get("body"), "outline with a state must have a 'body'"
    last, success = observation.cpu().clone(), simulator.success.cpu().clone()
    assert torch.equal(simulator.reset().cpu(), start), "reset must begin the same episodes again"
    return [start, last, returns, lived, success]


def check_learner(learner: Learner, family: TaskFamily, *, tasks: int = 3) -> None:
    """All laws of `Learner`, on agents that have learned a step in a lineage of `tasks` tasks."""
    line = lineage(family, tasks)
    keys = [KEY.child("pair", i) for i in range(tasks)]
    newborn = [learner.init(key) for key in keys]
    check_agent(newborn[0], "init")
    assert same_agent(newborn[0], learner.init(keys[0])), "init must give the same agent for the same key"
    assert not same_agent(newborn[0], newborn[1]), "init must give different agents for different keys"

    before = [copy.deepcopy(dict(agent)) for agent in newborn]
    learned, steps = learner.improve(newborn, line, keys)
    assert all(map(same_agent, newborn, before)), "improve must leave the agents it is given as they are"
    _check_steps(steps, tasks, "improve")
    for agent in learned:
        check_agent(agent, "improve")
        _check_tensors(agent, newborn[0], "improve")
    again, again_steps = learner.improve(newborn, line, keys)
    same = all(map(same_agent, learned, again)) and np.array_equal(steps, again_steps)
    assert same, "improve must give the same agents and steps for the same keys"
    for i in reversed(range(tasks)):
        (alone,), alone_steps = learner.improve([newborn[i]], [line[i]], [keys[i]])
        same = same_agent(alone, learned[i]) and alone_steps[0] == steps[i]
        assert same, f"improve: batch must equal one by one, it does not for pair {i}"

    check_evaluation(learner, learned, line, keys)
    adopted = [learner.adopt(agent) for agent in learned]
    for agent in adopted:
        check_agent(agent, "adopt")
        _check_tensors(agent, newborn[0], "adopt")
    one, two = (learner.evaluate(agents, line, keys) for agents in (learned, adopted))
    assert np.array_equal(one[0], two[0]), f"adopt must keep what the agent does, scores were {one[0]}, are {two[0]}"
    learner.improve(adopted, line, keys)


def check_evaluation(learner: Learner, agents: Sequence[Agent], tasks: Sequence[Task], keys: Sequence[Key]) -> None:
    kept = [copy.deepcopy(dict(agent)) for agent in agents]
    parts = [np.asarray(part) for part in learner.evaluate(agents, tasks, keys)]
    scores, solved, steps = parts[:3]
    n = len(agents)
    assert all(map(same_agent, agents, kept)), "evaluate must leave the agents as they are"
    shaped = scores.shape == (n,) and scores.dtype == np.float64
    assert shaped, f"scores must be float64 [pairs], got {scores!r}"
    assert np.isfinite(scores).all(), f"scores must be finite, got {scores}"
    shaped = solved.shape == (n,) and solved.dtype == bool
    assert shaped, f"solved must be bool [pairs], got {solved!r}"
    _check_steps(steps, n, "evaluate")
    assert len(parts) in (3, 4), f"evaluate must give three arrays, or four with scores before, got {len(parts)}"
    for before in parts[3:]:
        shaped = before.shape == (n,) and before.dtype == np.float64 and bool(np.isfinite(before).all())
        assert shaped, f"scores before adaptation must be finite float64 [pairs], got {before!r}"
    for part, again in zip(parts, learner.evaluate(agents, tasks, keys), strict=True):
        assert np.array_equal(part, again), f"evaluate must give the same for the same keys, got {part} and {again}"
    for i in reversed(range(n)):
        alone = learner.evaluate([agents[i]], [tasks[i]], [keys[i]])
        same = all(part[i] == single[0] for part, single in zip(parts, alone, strict=True))
        assert same, f"evaluate: batch must equal one by one, it does not for pair {i}"
    twins = learner.evaluate([agents[0]] * 2, [tasks[0]] * 2, [keys[0]] * 2)[0]
    assert twins[0] == twins[1], f"equal agents, tasks and keys in one batch must score the same, got {twins}"


def check_agent(agent: Agent, method: str) -> None:
    assert agent, f"{method}: an agent must hold at least one tensor"
    for name, tensor in agent.items():
        assert isinstance(name, str), f"{method}: names of an agent's tensors must be strings, got {name!r}"
        assert isinstance(tensor, torch.Tensor), f"{method}: an agent must hold tensors, got {type(tensor)} in {name!r}"
        assert not tensor.requires_grad, f"{method}: an agent's tensors must be detached, {name!r} is not"
        finite = not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())
        assert finite, f"{method}: an agent must be finite, got NaN or infinity in {name!r}"


def _check_tensors(agent: Agent, newborn: Agent, method: str) -> None:
    """Only then can a run be checked when it is opened (poet/agent_tensors.py)."""
    one, other = (
        {name: (tensor.dtype, tensor.shape) for name, tensor in a.items() if not name.startswith("hyper/")}
        for a in (agent, newborn)
    )
    assert one == other, f"{method} must give tensors of the names, shapes and dtypes of init, got {one}, not {other}"


def same_agent(one: Agent, other: Agent) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and torch.equal(one[name], other[name]) for name in one
    )


def _check_steps(steps: Any, n: int, method: str) -> None:
    steps = np.asarray(steps)
    shaped = steps.shape == (n,) and np.issubdtype(steps.dtype, np.integer) and bool((steps > 0).all())
    assert shaped, f"{method}: steps must be whole numbers above 0 [pairs], got {steps!r}"


def _same(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor], law: str) -> None:
    for part, twin in zip(one, other, strict=True):
        assert torch.equal(part, twin), f"{law}: got {part} and {twin}"


def _text(family: TaskFamily, task: Task) -> str:
    return json.dumps(family.encode(task), sort_keys=True, allow_nan=False)
