"""The game's window: the user drives the body of a task, beside an agent that was evaluated in it,
and edits the task.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

# pygame's greeting would appear in the command's output
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from ..store.printable import printable
from .camera import Scene, scene_of
from .driving import action, help_rows
from .episode import DT, Episode, Outline
from .game import KEYS, Bench, Game, react, steps_due
from .game_picture import Picture, draw_facts, draw_picture, draw_track, follow, survey
from .live import Live
from .overlay import draw_message, draw_status
from .recorder import Take
from .sliders import draw_sliders
from .window import open_window, screen

if TYPE_CHECKING:
    from openpoet.poet.interfaces import Spec, Task, TaskFamily

PICTURES = 60  # largest frame rate [1/s]
MOST_STEPS = 20  # of the simulation in one picture, where the machine is too slow for the speed
NO_DISPLAY = "no display to open a window on: `play` needs one"


@dataclass(frozen=True)
class Table:
    """What the game is played with.

    agents: (niche id, label). evaluate: function (task, niche id of the agent) -> Episode; can be
    slow. save: writes a task, and returns a line about it. title: a task in words.
    """

    family: TaskFamily
    agents: Sequence[tuple[int, str]]
    evaluate: Callable[[Task, int], Episode]
    save: Callable[[Task], str]
    title: Callable[[Task], str]


@dataclass
class Round:
    """One episode of the player, and the evaluation of the agent that it races; it goes on with
    `advance`.

    number: of the game's rounds. task: of both. scene: of its first state. whole: the track.
    frame: of the rival's episode. due: the fraction of a step that is left.
    """

    number: int
    task: Task
    live: Live
    rival: Episode | None
    scene: Scene
    whole: Outline
    frame: int = 0
    due: float = 0.0

    @property
    def trial(self) -> list[Take]:
        """The rival's recorded episodes of its first trial, in which it may adapt, in order."""
        takes = () if self.rival is None else self.rival.takes
        first = [take for take in takes if take.trial == takes[0].trial]
        return sorted(first, key=lambda take: take.episode)

    def shown(self, game: Game) -> tuple[Take, int] | None:
        """The rival's episode that is on screen, and its frame; None without a rival.

        A watched trial is shown whole, one episode after another. A player races in each attempt
        the episode of that number, so both have as much experience of what the task hides; after
        the last episode, that one.
        """
        trial, frame = self.trial, self.frame
        if not trial:
            return None
        place = min(game.attempt, len(trial) - 1)
        if game.mode == "watch":
            place = 0
            while place < len(trial) - 1 and frame >= len(trial[place].frames):
                frame -= len(trial[place].frames)
                place += 1
        return trial[place], min(frame, len(trial[place].frames) - 1)

    def advance(self, game: Game, steps: float, axes: Sequence[float], spec: Spec) -> Game:
        """The game after all whole steps that are due. axes: of the gamepads."""
        whole, self.due = divmod(self.due + steps, 1.0)
        for _ in range(min(int(whole), MOST_STEPS)):
            if game.mode == "drive":
                held = game.held
                if game.chosen:
                    held = frozenset({pygame.K_1 + game.chosen[0]})
                    game = replace(game, chosen=game.chosen[1:])
                self.live.step(action(spec, held, axes))
            self.frame += 1
        return game


def play(
    table: Table,
    task: Task,
    agent: int,
    *,
    speed: float = 0.5,
    size: tuple[int, int] = (1200, 600),
) -> None:
    """Play in a window until it is closed. agent: the niche whose agent races first.

    ValueError if there is no display, or from the table's functions.
    """
    names = [niche for niche, _ in table.agents]
    open_window(size, NO_DISPLAY)
    pygame.key.set_repeat()
    pygame.joystick.init()
    try:
        _run(table, Game(task, names.index(agent), speed=speed))
    finally:
        pygame.joystick.quit()
        pygame.display.quit()


def _run(table: Table, game: Game) -> None:
    """The event loop: simulate, draw, wait, react, until the game is left."""
    clock, message, spec = pygame.time.Clock(), "", table.family.spec
    dt = float(getattr(spec, "dt", DT))
    pads = [pygame.joystick.Joystick(at) for at in range(pygame.joystick.get_count())]
    now: Round | None = None
    while not game.leaving:
        before, now = now, _round(table, game, now)
        if now is not before:
            clock.tick()  # excludes the time of the evaluation
            message = ""
        bench = _bench(table, game, now)
        _draw(table, game, now, bench, message)
        axes = [pad.get_axis(at) for pad in pads[:1] for at in range(pad.get_numaxes())]
        due = steps_due(game, bench, clock.tick(PICTURES) / 1000, dt)
        game = now.advance(game, due, axes, spec)
        for event in pygame.event.get():
            game = react(game, event, bench)
        if game.saving:
            message, game = table.save(game.task), replace(game, saving=False)


def _round(table: Table, game: Game, now: Round | None) -> Round:
    """The current round, or a new one of another task, number or agent."""
    if now is not None and now.number == game.round and now.task == game.task:
        return now
    rival = None
    niche, label = table.agents[game.agent]
    if game.mode != "edit" and game.ghost:
        kept = now.rival if now is not None and now.task == game.task else None
        if kept is not None and kept.labels.get("agent") == str(niche):
            rival = kept
        else:
            draw_message(screen(), f"simulating the agent of niche {niche} ({label}) ...")
            pygame.display.flip()
            pygame.event.pump()
            rival = table.evaluate(game.task, niche)
    seed = 0 if rival is None else rival.takes[0].seed
    live = Live(table.family, game.task, seed)
    pygame.display.set_caption(printable(table.title(game.task)))
    still = Take(game.task, seed, (live.state,), np.zeros(0), False, False, False)
    scene = scene_of(Episode(game.task, (still,), 0.0, False, table.family.outline))
    return Round(game.round, game.task, live, rival, scene, table.family.outline(game.task))


def _bench(table: Table, game: Game, now: Round) -> Bench:
    family, size = table.family, screen().get_size()
    knobs: Mapping[str, Any] = {}
    if game.mode == "edit":
        if hasattr(family, "knobs"):
            knobs = family.knobs(game.task)
        camera = survey(now.scene, game.look, size)
    else:
        camera = follow(now.scene, family.outline(game.task, now.live.state), size)
    return Bench(
        family.spec,
        tuple(table.agents),
        size,
        camera,
        knobs,
        turned=getattr(family, "turned", None),
        drawn=getattr(family, "drawn", None),
        mutated=lambda task, number: family.mutate(task, np.random.default_rng(number)),
    )


def _draw(table: Table, game: Game, now: Round, bench: Bench, message: str) -> None:
    surface, outline_of, seen = screen(), table.family.outline, now.shown(game)
    rival = None if seen is None else outline_of(seen[0].task, seen[0].frames[seen[1]])
    state, ghost = now.live.state, rival if game.ghost else None
    outline = outline_of(game.task, state)
    camera = bench.camera
    if game.mode == "watch" and seen is not None and rival is not None:
        state, outline, ghost = seen[0].frames[seen[1]], rival, None
        camera = follow(now.scene, rival, bench.size)
    picture = getattr(table.family, "picture", None)
    pixels = None if picture is None else picture(game.task, state)
    draw_picture(surface, Picture(outline, pixels, ghost), camera)
    shown = [outline] if ghost is None else [outline, ghost]
    draw_track(surface, now.whole, shown)
    draw_facts(surface, table.title(game.task), _facts(game, now, bench))
    if game.mode == "edit":
        draw_sliders(surface, bench.knobs)
    draw_status(surface, printable(message) or f"{_doing(game, bench)}   {game.speed:g}x   h: keys")
    if game.help:
        rows = [(keys, meaning) for keys, _, meaning, _ in KEYS if keys]
        draw_message(surface, [*help_rows(bench.spec), *rows])
    pygame.display.flip()


def _doing(game: Game, bench: Bench) -> str:
    if game.mode == "edit":
        how = "drag sliders, m mutates" if bench.drawn is None else "sliders, strokes, m mutates"
        return f"editing: {how}"
    return {"drive": "driving", "watch": "watching"}[game.mode] if game.playing else "paused"


def _facts(game: Game, now: Round, bench: Bench) -> list[tuple[str, str]]:
    live, seen = now.live, now.shown(game)
    end = "solved" if live.success else "over: r starts again" if live.ended else "going"
    rows = [("you", f"{live.returns:.1f} at step {live.steps}, {end}")] * (game.mode == "drive")
    if seen is not None and now.rival is not None:
        (take, frame), niche = seen, bench.agents[game.agent][0]
        rows.append((f"agent {niche}", f"{take.returns[frame]:.1f} at step {frame}"))
        if now.rival.per_trial > 1:
            rows.append(("its episode", f"{take.episode + 1} of {now.rival.per_trial}"))
        rows.append(("its score", f"{now.rival.score:.1f}{', solved' * now.rival.solved}"))
    return rows
