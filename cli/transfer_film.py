"""The film of a transfer: a niche's agent before it beside that after it, on the niche's task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .sessions import Machine
from .states import kept
from .terminal import CommandLine

if TYPE_CHECKING:
    from openpoet.archive.store.run_folder import Run
    from openpoet.arena.experiments.transfers import Move
    from openpoet.poet.interfaces import Agent

Shown = tuple[str, "Agent"]  # which agent it is, in words


def film(run: Run, move: Move, file: Path, machine: Machine) -> str:
    """Write the film; one line that says which agents it shows.

    An archive keeps the agents of a niche at birth, when solved and last, so those before and after
    a transfer are there only if the run kept a state between (run.keep_every). Otherwise the
    niche's first agent and its last are shown.
    """
    from openpoet.archive.replay.episode import record_episode
    from openpoet.archive.replay.recording import record
    from openpoet.archive.replay.side_by_side import beside
    from openpoet.poet.agent_tensors import check_agents

    from .replays import replays_of
    from .sessions import one_torch_thread

    shown = agents(run, move)
    replays = replays_of(run, machine, CommandLine())
    home, family = replays.niches[move.target], replays.parts.setup.family
    check_agents((replace(home, agent=agent) for _, agent in shown), replays.parts.setup)
    title, key = replays.parts.title(home.task), replays.key(home.id)
    with one_torch_thread():
        episodes = [
            record_episode(replays.learner, family, agent, home.task, key, title=title)
            for _, agent in shown
        ]
        words = [name for name, _ in shown]
        pictures = record(beside(episodes, words), file, takes=[tuple(range(len(shown)))])
    left, right = (
        f"the agent {name} (score {one.score:.1f})"
        for name, one in zip(words, episodes, strict=True)
    )
    return f"{file}: {pictures} pictures, niche {move.target}: left {left}, right {right}"


def agents(run: Run, move: Move) -> tuple[Shown, Shown]:
    """The agents of the transfer's target, the last one kept before it and the first one kept from
    then on. ValueError for a pack of selected niches.
    """
    row = next(row for row in run.niche_rows() if row["id"] == move.target)
    if not run.complete:
        raise ValueError(
            f"{run.path} holds selected niches, without the agents that they had at birth: a film "
            "of a transfer needs a run folder, or a pack of a whole run"
        )
    states = {} if run.packed else kept(run.path)
    before = [at for at in states if row["born"] <= at < move.iteration]
    after = [at for at in states if at >= move.iteration]
    return (
        _of_state(states[max(before)], move.target, max(before))
        if before
        else (f"at birth, iteration {row['born']}", run.agent(row["birth_agent"])),
        _of_state(states[min(after)], move.target, min(after))
        if after
        else ("at last", run.agent(row["agent"])),
    )


def _of_state(state: Path, niche: int, iteration: int) -> Shown:
    from openpoet.archive.store.run_folder import Run

    with Run.open(state, write=False) as run:
        row = next(row for row in run.niche_rows() if row["id"] == niche)
        return f"of iteration {iteration}", run.agent(row["agent"])
