"""Small helpers with Keras's names: one seed for everything, labels as rows, rows of length one."""

from __future__ import annotations

import numpy as np

from nnbook import checks

_stream = None


def set_random_seed(seed: int) -> None:
    """Set the seed of models that are given none, and, as Keras does, of ``random`` and ``np.random``.

    Raises:
        ValueError: the seed is no whole number in [0, 2**32).
    """
    import random

    global _stream
    if checks.integer("seed", seed, least=0) >= 2**32:
        raise ValueError(f"seed must be less than 2**32, got {seed}")
    random.seed(int(seed))
    np.random.seed(seed)
    _stream = np.random.SeedSequence(int(seed))


def next_seed() -> int:
    """Return the seed of the next model that is given none; each call gives another.

    After ``set_random_seed`` they come in the same order every time; before it, from the operating system.
    """
    stream = np.random.SeedSequence() if _stream is None else _stream.spawn(1)[0]
    return int(stream.generate_state(1, np.uint64)[0])


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """Return labels 0 … num_classes − 1 as rows that hold a single 1; the classes are the last axis.

    As in Keras, an axis of length 1 at the end of ``x`` is dropped and fractions are cut off.

    Raises:
        ValueError: a label is negative, or not below ``num_classes`` (default: the largest label plus one).
    """
    x = checks.array("x", x).astype(np.int64)
    x = x[..., 0] if x.ndim > 1 and x.shape[-1] == 1 else x
    num_classes = checks.integer("num_classes", int(x.max()) + 1 if num_classes is None else num_classes)
    if x.min() < 0 or x.max() >= num_classes:
        wrong = x[(x < 0) | (x >= num_classes)][0]
        raise ValueError(f"labels must be 0 … {num_classes - 1} for num_classes={num_classes}, got {wrong}")
    rows = np.zeros((*x.shape, num_classes))
    np.put_along_axis(rows, x[..., None], 1, axis=-1)
    return rows


def normalize(x, axis: int = -1, order: float = 2) -> np.ndarray:
    """Return ``x`` divided by its norm along ``axis``; what has norm 0 stays 0."""
    x = checks.array("x", x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
