"""Checks of what a reader gives, made once where it enters; each says what came and what would be right."""

from __future__ import annotations

import math

import numpy as np


def number(name: str, value, rule: str, holds):
    """Return ``value`` as a Python number if it is finite and ``holds(value)``, which ``rule`` words."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (real and math.isfinite(value) and holds(value)):
        raise ValueError(f"{name} must be a number {rule}, got {value!r}")
    return value.item() if isinstance(value, np.generic) else value


def finite(name: str, value):
    """Return ``value`` when it is a finite number."""
    return number(name, value, "that is finite", lambda v: True)


def positive(name: str, value):
    """Return ``value`` when it is a number > 0."""
    return number(name, value, "> 0", lambda v: v > 0)


def non_negative(name: str, value):
    """Return ``value`` when it is a number >= 0."""
    return number(name, value, ">= 0", lambda v: v >= 0)


def fraction(name: str, value):
    """Return ``value`` when it is a number in [0, 1)."""
    return number(name, value, "in [0, 1)", lambda v: 0 <= v < 1)


def integer(name: str, value, least: int = 1) -> int:
    """Return ``value`` as an int when it is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def shape(name: str, value) -> tuple[int, ...]:
    """Return ``value`` as a tuple of positive sizes, without the batch."""
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"{name} must be a tuple of sizes without the batch, such as (8,), got {value!r}")
    return tuple(integer(f"each size of {name}", size) for size in value)


def array(name: str, value, dtype: str = "float64") -> np.ndarray:
    """Return ``value`` as an array of numbers, finite in ``dtype`` too, with at least one row."""
    try:
        value = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be one array of numbers, got rows of different lengths") from error
    if value.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got dtype {value.dtype}; convert it first")
    if value.ndim == 0 or value.size == 0:
        raise ValueError(f"{name} must hold at least one sample, got shape {value.shape}")
    if value.dtype.kind == "f" and not squares_fit(dtype, value) and not finite_in(dtype, value).all():
        row = int(np.argwhere(~finite_in(dtype, value))[0][0])
        what = f"a number too large for {dtype}" if np.isfinite(value[row]).all() else "NaN or infinity"
        raise ValueError(f"{name} holds {what} (first in row {row}); remove or replace such rows")
    return value


def squares_fit(dtype: str, value: np.ndarray) -> bool:
    """Say whether the sum of all squares is finite in that dtype, and so each value; this is soon found."""
    flat = value.ravel(order="K")
    with np.errstate(all="ignore"):
        return bool(np.dot(flat, flat) <= np.finfo(dtype).max)


def finite_in(dtype: str, value: np.ndarray) -> np.ndarray:
    """Return where ``value`` is finite once it is of that dtype."""
    with np.errstate(over="ignore"):
        return np.isfinite(value.astype(dtype, copy=False))


def features(x, input_shape: tuple[int, ...] | None, name: str = "x", dtype: str = "float64") -> np.ndarray:
    """Return ``x`` as an array whose rows have the shape that the model takes."""
    x = array(name, x, dtype)
    if input_shape is not None and x.shape[1:] != input_shape:
        raise ValueError(f"{name}: the model expects inputs of shape {batch_of(input_shape)}, got {x.shape}")
    if x.ndim < 2:
        raise ValueError(f"{name} must have one row a sample, shape (samples, features), got {x.shape}")
    return x


def same_length(name: str, value: np.ndarray, n: int) -> np.ndarray:
    """Return ``value``, which must have one entry for each of the ``n`` samples."""
    if len(value) != n:
        raise ValueError(f"{name} must have as many samples as x, {n}, got {len(value)}")
    return value


def weights(sample_weight, n: int, name: str = "sample_weight") -> np.ndarray:
    """Return ``sample_weight`` as ``n`` numbers of at least 0."""
    w = same_length(name, array(name, sample_weight), n).astype(float)
    if w.ndim == 2 and w.shape[1] == 1:
        w = w[:, 0]
    if w.ndim != 1 or (w < 0).any():
        raise ValueError(f"{name} must be {n} numbers >= 0, got shape {w.shape} with smallest {w.min():g}")
    return w


def batch_of(shape: tuple[int, ...]) -> str:
    """Return a shape with its batch axis in words, as in ``(batch, 8)``."""
    return f"(batch, {', '.join(map(str, shape))})"
