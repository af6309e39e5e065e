"""Training of one agent that may be interrupted: its state is a file in build/."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from openpoet.poet.interfaces import Agent, Learner
from openpoet.poet.streams import Key

BUILD = Path(__file__).resolve().parent.parent / "build"
CURVE = "progress/curve"


class Training:
    """One agent trained in one task; environment steps and CPU seconds so far, and the scores that
    were reported on the way: `curve`, pairs of environment steps and score.

    name: of the file in build/, written after every improvement step, from which the training
    continues; "": none. agent: the first one, by default `learner.init(key)`.
    """

    def __init__(
        self, learner: Learner, task: Any, key: Key, name: str = "", *, agent: Agent | None = None
    ) -> None:
        self.learner, self.task, self.key, self.name = learner, task, key, name
        self.agent = learner.init(key) if agent is None else agent
        self.number, self.steps, self.seconds = 0, 0, 0.0
        self.curve: list[tuple[float, float]] = []
        self.file = BUILD / f"{name}.safetensors" if name else None
        if self.file is not None and self.file.exists():
            loaded = load_file(self.file)
            self.number, self.steps = (int(value) for value in loaded["progress/counts"])
            self.seconds = float(loaded["progress/seconds"])
            self.curve = [tuple(pair) for pair in loaded.get(CURVE, torch.empty(0, 2)).tolist()]
            self.agent = {name: loaded[name] for name in self.agent}

    def improve(self) -> None:
        """One improvement step."""
        begin = time.process_time()
        key = self.key.child("improve", self.number)
        (self.agent,), used = self.learner.improve([self.agent], [self.task], [key])
        self.number, self.steps = self.number + 1, self.steps + int(used[0])
        self.seconds += time.process_time() - begin
        self._save()

    def until(self, steps: int, score: Callable[[Agent], float], every: int) -> Agent:
        """The agent after so many environment steps; its score is printed to stderr every `every`
        improvement steps.
        """
        while self.steps < steps:
            self.improve()
            if self.number % every == 0:
                self.report(score(self.agent))
        return self.agent

    def report(self, score: float) -> None:
        """Print progress and a score to stderr; the score becomes part of the curve."""
        self.curve.append((float(self.steps), score))
        self._save()
        progress = f"{self.steps / 1e6:.2f} M steps, {self.seconds:.0f} s of CPU: {score:.1f}"
        print(f"{self.name}: {progress}" if self.name else progress, file=sys.stderr, flush=True)

    def curve_text(self, points: int = 12) -> str:
        """Some scores of the curve against millions of environment steps, in one line."""
        some = self.curve[:: max(1, len(self.curve) // points)]
        return ", ".join(f"{steps / 1e6:.1f} M {score:.0f}" for steps, score in some)

    def _save(self) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(exist_ok=True)
        progress = {
            "progress/counts": torch.tensor([self.number, self.steps]),
            "progress/seconds": torch.tensor(self.seconds, dtype=torch.float64),
            CURVE: torch.tensor(self.curve, dtype=torch.float64).reshape(-1, 2),
        }
        save_file({**self.agent, **progress}, self.file)
