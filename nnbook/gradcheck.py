"""Gradients checked against what a small step in each direction does to the loss."""

from __future__ import annotations

import numpy as np


def numerical_gradient(f, x: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Return the gradient of the scalar function ``f`` at ``x`` by centred differences.

    Each entry is ``(f(x + eps e) - f(x - eps e)) / (2 eps)``, whose error is of order eps squared.
    ``x`` itself is moved and put back, so that it may be a parameter deep inside a model.

    Raises:
        ValueError: ``x`` is not a float64 array; in float32 the differences drown in rounding.
    """
    if not isinstance(x, np.ndarray) or x.dtype != np.float64:
        raise ValueError(
            f"numerical_gradient needs a float64 array, got {getattr(x, 'dtype', type(x).__name__)}"
        )
    grad = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
        grad[i] = (above - below) / (2 * eps)
    return grad


def relative_error(a, b, floor: float = 1e-8) -> float:
    """Return the largest ``|a - b| / max(|a|, |b|, floor)``: 1e-7 is good, 1e-2 is wrong.

    The bands are those of Stanford's CS231n notes. The floor keeps 0 against 1e-16 from counting as an error.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"relative_error compares arrays of one shape, got {a.shape} and {b.shape}")
    return float(np.max(np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)))


def check_model(
    model, x, y, sample_weight=None, *, eps: float = 1e-5, training: bool = False
) -> dict[str, float]:
    """Return the relative error of every parameter's gradient, and of the input's under "x".

    Gradients below 1e-4 (times the loss, where that is above 1) count as that large, since the loss's
    rounding hides the digits of smaller ones.

    Args:
        model: a compiled model with ``dtype="float64"``.
        x, y: samples and labels.
        training: check the gradients as training has them: with dropout (its masks are kept the same) and
            with the batch's own statistics.

    Raises:
        ValueError: the model computes in float32, or is not compiled, or the data do not fit.
    """
    if model.dtype != "float64":
        raise ValueError(f"check_model needs a model with dtype='float64', got {model.dtype!r}")
    x, y, w = model.prepare(x, y, sample_weight)
    x = x.astype("float64")
    state = [s.copy() for layer in model.layers for s in layer.state.values()]
    streams = [layer.rng and layer.rng.bit_generator.state for layer in model.layers]

    def rewind():
        for s, kept in zip((s for layer in model.layers for s in layer.state.values()), state, strict=True):
            s[...] = kept
        for layer, kept in zip(model.layers, streams, strict=True):
            if layer.rng:
                layer.rng.bit_generator.state = kept

    def loss(_):
        rewind()
        return model.compute_loss(y, model.forward(x, training), w)

    rewind()
    y_pred = model.forward(x, training)
    pairs = {"x": (x, model.backward(y, y_pred, w))}
    for layer in model.layers:
        pairs |= {f"{layer.name}/{name}": (p, layer.grads[name]) for name, p in layer.params.items()}
    floor = 1e-4 * max(1.0, abs(loss(x)))
    errors = {
        n: relative_error(numerical_gradient(loss, place, eps), g, floor) for n, (place, g) in pairs.items()
    }
    rewind()
    return errors
