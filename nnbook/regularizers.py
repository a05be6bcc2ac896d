"""Penalties on weights, each beside its gradient."""

from __future__ import annotations

import numpy as np

from nnbook import registry
from nnbook.checks import non_negative


class L1(registry.Configurable):
    """``l1 * sum(|w|)``: pulls every weight towards zero with the same force, so many end there."""

    def __init__(self, l1: float = 0.01):
        self.l1 = non_negative("l1", l1)

    def __call__(self, w: np.ndarray):
        return self.l1 * np.sum(np.abs(w))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return the derivative with respect to ``w``, taken as zero where ``w`` is zero."""
        return self.l1 * np.sign(w)


class L2(registry.Configurable):
    """``l2 * sum(w ** 2)``: pulls every weight towards zero in proportion to its size."""

    def __init__(self, l2: float = 0.01):
        self.l2 = non_negative("l2", l2)

    def __call__(self, w: np.ndarray):
        return self.l2 * np.sum(np.square(w))

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return the derivative with respect to ``w``."""
        return 2 * self.l2 * w


class L1L2(registry.Configurable):
    """``l1 * sum(|w|) + l2 * sum(w ** 2)``; both factors are zero unless given, as in Keras."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = non_negative("l1", l1)
        self.l2 = non_negative("l2", l2)

    def __call__(self, w: np.ndarray):
        return L1(self.l1)(w) + L2(self.l2)(w)

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return the derivative with respect to ``w``."""
        return L1(self.l1).gradient(w) + L2(self.l2).gradient(w)


REGULARIZERS = {"L1": L1, "L2": L2, "L1L2": L1L2, "l1": L1, "l2": L2, "l1l2": L1L2}


def get(identifier):
    """Return the regulariser that a name, a configuration or an object stands for; None stays None."""
    return None if identifier is None else registry.get(identifier, REGULARIZERS, "regularizer")
