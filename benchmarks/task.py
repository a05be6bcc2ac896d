"""What is timed: a network, its data and how it is trained, as files that any process can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """A network to train, or a sweep of them: then rates and seeds are many, and so are weights and orders.

    ``y`` are one-hot rows or a column of 0 and 1. ``weights`` are W, b, W, b, …, and ``orders`` the order of
    the rows in each epoch; in a sweep both have one axis more, in front.
    """

    name: str
    sizes: tuple
    hidden: str
    x: np.ndarray
    y: np.ndarray
    batch_size: int
    epochs: int
    rate: float | list = 0.001
    optimizer: str = "adam"
    shuffle: bool = True
    seed: int | list = 0
    weights: tuple = ()
    orders: np.ndarray | None = None

    @property
    def binary(self) -> bool:
        return self.sizes[-1] == 1

    @property
    def settings(self) -> list[dict]:
        """The settings of a sweep."""
        return [{"rate": rate, "seed": seed} for rate, seed in zip(self.rate, self.seed, strict=True)]

    def batches(self, epoch: int):
        """Yield the rows of each batch of an epoch: indices, or a slice where nothing is shuffled."""
        for start in range(0, len(self.x), self.batch_size):
            rows = slice(start, start + self.batch_size)
            yield self.orders[epoch][rows] if self.shuffle else rows

    def save(self, folder):
        """Write the task into a folder."""
        arrays = {"x": self.x, "y": self.y, "orders": self.orders}
        arrays |= {f"weights{k}": w for k, w in enumerate(self.weights)}
        for name, array in arrays.items():
            np.save(Path(folder, f"{name}.npy"), array)
        plain = {name: value for name, value in self._asdict().items() if name not in (*arrays, "weights")}
        Path(folder, "task.json").write_text(json.dumps(plain))


def load(folder) -> Task:
    """Return the task that was saved in a folder."""
    plain = json.loads(Path(folder, "task.json").read_text())
    arrays = {name: np.load(Path(folder, f"{name}.npy")) for name in ("x", "y", "orders")}
    weights = tuple(np.load(Path(folder, f"weights{k}.npy")) for k in range(2 * len(plain["sizes"]) - 2))
    return Task(**plain | arrays | {"sizes": tuple(plain["sizes"]), "weights": weights})
