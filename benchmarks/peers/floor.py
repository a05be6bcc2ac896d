"""The matrix products of a training run and nothing else: no network that uses them can be faster."""

from __future__ import annotations

import numpy as np


def products(sizes, batch: int) -> list[tuple]:
    """Return the calls of one step on fixed arrays: forward, and both gradients."""
    rng = np.random.default_rng(0)

    def numbers(*shape):
        return rng.random(shape, "float32")

    x = [numbers(n + 1, batch) for n in sizes]
    W = [numbers(a + 1, b) for a, b in zip(sizes, sizes[1:], strict=False)]
    dz = [numbers(n, batch) for n in sizes]
    calls = [(w.T.dot, x[k], numbers(sizes[k + 1], batch)) for k, w in enumerate(W)]
    for k in reversed(range(len(W))):
        calls.append((x[k].dot, dz[k + 1].T, np.empty_like(W[k])))
        if k:
            calls.append((W[k][:-1].dot, dz[k + 1], dz[k]))
    return calls


class Training:
    share = 1

    def __init__(self, task):
        self.epochs, (whole, rest) = task.epochs, divmod(len(task.x), task.batch_size)
        self.calls = products(task.sizes, task.batch_size) * whole
        self.calls += products(task.sizes, rest) if rest else []

    def reset(self):
        pass

    def run(self):
        for _ in range(self.epochs):
            for dot, a, out in self.calls:
                dot(a, out)

    def weights(self):
        return None
