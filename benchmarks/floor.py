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


def run(work):
    """Make the products of all steps of a workload."""
    whole, rest = divmod(len(work.x), work.batch_size)
    epoch = products(work.sizes, work.batch_size) * whole + (products(work.sizes, rest) if rest else [])
    for _ in range(work.epochs):
        for dot, a, out in epoch:
            dot(a, out)
