"""A curriculum in one file that needs no import of openpoet: levels of high learning progress.

    openpoet launch --curriculum examples/learning_progress.py

A level's learning progress is the change of the student's return in it, up or down, since it was
last tried (as in Portelas et al. 2019, arXiv 1910.07224). Half of the rows train on the levels that
were kept, drawn in proportion to their progress, the others on new ones.
"""

from __future__ import annotations

import json


class LearningProgress:
    def __init__(self, family, kept: int = 50, share: float = 0.5):
        if not hasattr(family, "sample"):
            raise ValueError("new levels are drawn by the family's `sample`: take a family with it")
        self.family, self.size, self.share = family, kept, share

    def choose(self, levels, rows, memory, rng):
        """A level for each row: one of `levels`, which are those that are kept, or a new task."""
        again = round(self.share * rows) if levels else 0
        progress = [level.score + 1e-6 for level in levels]
        chances = [one / sum(progress) for one in progress]
        drawn = [levels[rng.choice(len(levels), p=chances)] for _ in range(again)]
        return [*drawn, *(self.family.sample(rng) for _ in range(rows - again))]

    def learn(self, levels, tried, memory, rng):
        """A score of each level tried, and what to remember: the last returns of levels.

        A new level gets the mean score of those that are kept.
        """
        unknown = sum(level.score for level in levels) / len(levels) if levels else 1.0
        now = {self.name(one.task): one.returns for one in tried}
        known = {name: memory[name] for name in map(self.name, [one.task for one in levels])}
        scores = [
            abs(value - known[name]) if name in known else unknown for name, value in now.items()
        ]
        return scores, known | now

    def name(self, task):
        return json.dumps(self.family.encode(task))


curriculum = LearningProgress
