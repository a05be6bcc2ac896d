"""The six pieces of work that are timed, from a playground of 33 parameters to two wide layers on MNIST,
and two sweeps over 256 small networks."""

from __future__ import annotations

import contextlib
import os

import numpy as np

from benchmarks.peers import ours
from benchmarks.task import Task
from nnbook import datasets

MODELS = 256


def column(x, y):
    return x.astype("float32"), y.astype("float32").reshape(-1, 1)


def one_hot(x, y, high):
    return (x.reshape(len(x), -1) / high).astype("float32"), datasets.one_hot(y, 10).astype("float32")


def mnist():
    """Return all training digits where ``NNBOOK_MNIST`` names them, else those that ship."""
    with contextlib.redirect_stdout(None):  # it tells from where they come
        (x, y), _ = datasets.mnist(full=bool(os.environ.get("NNBOOK_MNIST")))
    return one_hot(x, y, 255)


def playground():
    sizes, data = (2, 8, 1), column(*datasets.xor(200, 0.1))
    return Task("W1", sizes, "tanh", *data, 200, 1000, 0.03, "sgd", shuffle=False)


WORKLOADS = {
    "W1": playground,
    "W2": lambda: Task("W2", (8, 10, 8, 1), "relu", *column(*datasets.random_labels()), 32, 10),
    "W3": lambda: Task("W3", (8, 10, 8, 1), "relu", *column(*datasets.thermometer()), 1, 1000),
    "W4": lambda: Task("W4", (64, 32, 64, 10), "relu", *one_hot(*datasets.digits(), 16), 32, 20),
    "W5": lambda: Task("W5", (784, 32, 64, 10), "relu", *mnist(), 32, 1),
    "W6": lambda: Task("W6", (784, 512, 512, 10), "relu", *mnist(), 128, 1),
}
SWEEPS = {"S1": "W1", "S3": "W3"}  # 256 networks of these shapes
SHAPES = {
    "W1": "2-8-1, all 200 rows a step, SGD",
    "W2": "8-10-8-1, batches of 32, Adam",
    "W3": "8-10-8-1, one row a step, Adam",
    "W4": "64-32-64-10 on small digits, batches of 32, Adam",
    "W5": "784-32-64-10 on MNIST, batches of 32, Adam",
    "W6": "784-512-512-10 on MNIST, batches of 128, Adam",
    "S1": "256 networks of W1",
    "S3": "256 networks of W3",
}


def workload(name: str) -> Task:
    """Return a workload or a sweep, with initial weights and orders of the rows as our models have them."""
    return many(WORKLOADS[SWEEPS[name]](), name) if name in SWEEPS else started(WORKLOADS[name]())


def started(task: Task) -> Task:
    """Return the task with the weights and the orders of our model."""
    model = ours.build(task, task.rate, task.seed)
    return task._replace(weights=tuple(model.get_weights()), orders=orders(task, model))


def orders(task: Task, model) -> np.ndarray:
    """Return the order of the rows in each epoch, as our ``fit`` will draw it."""
    n = len(task.x)
    drawn = [model.shuffle_rng.permutation(n) if task.shuffle else np.arange(n) for _ in range(task.epochs)]
    return np.array(drawn, "int32")


def many(task: Task, name: str) -> Task:
    """Return a sweep over 16 learning rates, each with seeds of its own."""
    rates = (task.rate * np.geomspace(0.1, 10, 16)).repeat(MODELS // 16).tolist()
    task = task._replace(name=name, rate=rates, seed=list(range(MODELS)))
    models = [ours.build(task, **setting) for setting in task.settings]
    weights = zip(*(model.get_weights() for model in models), strict=True)
    every = np.stack([orders(task, model) for model in models])
    return task._replace(weights=tuple(map(np.stack, weights)), orders=every)
