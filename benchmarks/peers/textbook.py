"""Training as a textbook writes it in NumPy: rows, separate W and b, a new array for every result."""

from __future__ import annotations

import numpy as np

HIDDEN = {
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
    "tanh": (np.tanh, lambda a: 1 - a**2),
}


def train(task, weights: list[np.ndarray]) -> list[float]:
    """Train from these weights, W, b, W, b, …, in place; return each epoch's mean loss."""
    f, f_prime = HIDDEN[task.hidden]
    m, v = [np.zeros_like(p) for p in weights], [np.zeros_like(p) for p in weights]
    losses, t = [], 0
    for epoch in range(task.epochs):
        total = 0.0
        for rows in task.batches(epoch):
            y, outputs = task.y[rows], [task.x[rows]]
            for k in range(0, len(weights), 2):
                z = outputs[-1] @ weights[k] + weights[k + 1]
                outputs.append(f(z) if k < len(weights) - 2 else output(z))
            p = outputs.pop()
            total += loss(y, p)
            dz, grads = (p - y) / np.float32(len(y)), []
            for k in range(len(weights) - 2, -1, -2):
                a = outputs.pop()
                grads = [a.T @ dz, dz.sum(axis=0), *grads]
                if k:
                    dz = (dz @ weights[k].T) * f_prime(a)
            t += 1
            for i, (w, g) in enumerate(zip(weights, grads, strict=True)):
                if task.optimizer == "sgd":
                    w -= task.rate * g
                else:
                    m[i] = 0.9 * m[i] + 0.1 * g
                    v[i] = 0.999 * v[i] + 0.001 * g**2
                    alpha = task.rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
                    w -= alpha * m[i] / (np.sqrt(v[i]) + 1e-7)
        losses.append(total / len(task.x))
    return losses


def output(z):
    """Return sigmoid for one output, softmax for several."""
    if z.shape[1] == 1:
        return 1 / (1 + np.exp(-z))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss(y, p) -> float:
    """Return the summed cross-entropy of a batch."""
    if p.shape[1] == 1:
        return float(-np.sum(y * np.log(p + 1e-7) + (1 - y) * np.log(1 - p + 1e-7)))
    return float(-np.sum(y * np.log(p + 1e-7)))


class Training:
    share = 1

    def __init__(self, task):
        self.task = task

    def reset(self):
        self.trained = [w.copy() for w in self.task.weights]

    def run(self):
        train(self.task, self.trained)

    def weights(self):
        return self.trained
