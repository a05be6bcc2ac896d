"""The six pieces of work that are timed, from a playground of 33 parameters to two wide layers on MNIST."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from nnbook import datasets, layers, models, optimizers


class Workload(NamedTuple):
    """A network, its data, and how it is trained; ``y`` are one-hot rows or a column of 0 and 1."""

    sizes: tuple
    hidden: str
    x: np.ndarray
    y: np.ndarray
    batch_size: int
    epochs: int
    rate: float = 0.001
    optimizer: str = "adam"
    shuffle: bool = True

    @property
    def binary(self) -> bool:
        return self.sizes[-1] == 1

    def model(self) -> models.Sequential:
        """Return the network, compiled, with the same initial weights each time."""
        *hidden, n_out = self.sizes[1:]
        last = layers.Dense(n_out, "sigmoid" if self.binary else "softmax")
        body = [layers.Dense(n, self.hidden) for n in hidden]
        model = models.Sequential([layers.Input(self.sizes[:1]), *body, last], seed=0)
        optimizer = {"sgd": optimizers.SGD, "adam": optimizers.Adam}[self.optimizer](self.rate)
        model.compile(optimizer, "binary_crossentropy" if self.binary else "categorical_crossentropy")
        return model


def column(x, y):
    return x.astype("float32"), y.astype("float32").reshape(-1, 1)


def one_hot(x, y, high):
    return (x.reshape(len(x), -1) / high).astype("float32"), datasets.one_hot(y, 10).astype("float32")


def mnist():
    """Return all training digits where ``NNBOOK_MNIST`` names them, else those that ship."""
    (x, y), _ = datasets.mnist(full=bool(os.environ.get("NNBOOK_MNIST")))
    return one_hot(x, y, 255)


WORKLOADS = {
    "W1 playground": lambda: Workload(
        (2, 8, 1), "tanh", *column(*datasets.xor(200, 0.1)), 200, 1000, 0.03, "sgd", False
    ),
    "W2 random labels": lambda: Workload((8, 10, 8, 1), "relu", *column(*datasets.random_labels()), 32, 10),
    "W3 thermometer": lambda: Workload((8, 10, 8, 1), "relu", *column(*datasets.thermometer()), 1, 1000),
    "W4 digits": lambda: Workload((64, 32, 64, 10), "relu", *one_hot(*datasets.digits(), 16), 32, 20),
    "W5 MNIST": lambda: Workload((784, 32, 64, 10), "relu", *mnist(), 32, 1),
    "W6 wide MNIST": lambda: Workload((784, 512, 512, 10), "relu", *mnist(), 128, 1),
}
