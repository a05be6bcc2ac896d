"""All settings at once, by ``nnbook.sweep``; the models are built within the time."""

from __future__ import annotations

from benchmarks.peers import ours
from nnbook.sweep import sweep


class Training:
    share = 1

    def __init__(self, task):
        self.task = task

    def reset(self):
        pass

    def run(self):
        t = self.task
        self.runs = sweep(
            lambda rate, seed: ours.build(t, rate, seed),
            t.settings,
            t.x,
            t.y,
            batch_size=t.batch_size,
            epochs=t.epochs,
            shuffle=t.shuffle,
        )

    def weights(self):
        return self.runs.weights
