"""Formulas for the compiled path: those of activations, losses and optimisers, in as few calls as they take.

Each is ordinary NumPy, noted once on the values of program.py. A formula stands here only where it takes
fewer calls, or less time, than the one that the readable path has; tests hold the two equal.
"""

from __future__ import annotations

import numpy as np

from nnbook import activations, losses, optimizers
from nnbook.erf import erf
from nnbook.losses import EPSILON

# --- activations -----------------------------------------------------------------------------------------
# The formulas of activations.py are noted as they are, but those here share work between an activation and
# its derivative. Each returns a = f(z), and a function that brings a gradient from a back to z.


def sigmoid(z):
    a = 1 / (1 + np.exp(-z))
    return a, lambda grad: grad * (a * (1 - a))


def tanh(z):
    a = np.tanh(z)
    return a, lambda grad: grad * (1 - a * a)


def relu(z, negative_slope=0.0, max_value=None):
    if max_value is not None:
        return as_written(activations.relu, z, negative_slope=negative_slope, max_value=max_value)
    if not negative_slope:
        return np.maximum(z, 0), lambda grad: grad * (z > 0)
    a = np.maximum(z, 0) + negative_slope * np.minimum(z, 0)
    return a, lambda grad: grad * np.where(z > 0, 1, negative_slope)


def gelu(z):
    share = 0.5 * (1 + erf(z * 0.5**0.5))
    a = z * share
    return a, lambda grad: grad * (share + z * np.exp(z * z * -0.5) * (2 * np.pi) ** -0.5)


def silu(z):
    s, _ = sigmoid(z)
    a = z * s
    return a, lambda grad: grad * (s + a * (1 - s))


def softplus(z):
    a = np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
    return a, lambda grad: grad * sigmoid(z)[0]


def softmax(z):
    a = activations.softmax(z)
    return a, lambda grad: a * (grad - np.sum(grad * a, axis=-1, keepdims=True))


def log_softmax(z):
    a = activations.log_softmax(z)
    return a, lambda grad: grad - np.exp(a) * np.sum(grad, axis=-1, keepdims=True)


SHARED = {getattr(activations, f.__name__): f for f in (sigmoid, tanh, relu, gelu, silu, softplus, softmax)}
SHARED |= {activations.log_softmax: log_softmax}
SHARED |= {activations.leaky_relu: lambda z, negative_slope=0.2: relu(z, negative_slope)}


def as_written(function, z, **options):
    """Note an activation as activations.py has it."""
    return function(z, **options), lambda grad: activations.backward(function, z, grad, **options)


def activate(function, z, options):
    """Note an activation in the quicker way, if there are two."""
    return SHARED[function](z, **options) if function in SHARED else as_written(function, z, **options)


# --- losses -----------------------------------------------------------------------------------------------
# The gradients of losses.py, but for those from logits, for a loss with its options, labels y as ``prepare``
# makes them, and outputs p; c turns a sum over all values, or all samples, into a mean.


def binary_crossentropy(loss, y, p, c):
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return (q == p) * (q - y) / (q * (1 - q)) * c


def categorical_crossentropy(loss, y, p, c):
    total = np.sum(p, axis=-1, keepdims=True)
    p = p / total
    q = np.clip(p, EPSILON, 1 - EPSILON)
    g = (q == p) * y / q
    return (np.sum(g * p, axis=-1, keepdims=True) - g) / total * c


def sparse_categorical_crossentropy(loss, y, p, c):
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return (q == p) * (q / np.sum(q, axis=-1, keepdims=True) - y) / q * c


def kl_divergence(loss, y, p, c):
    q = np.clip(p, EPSILON, 1)
    return (q == p) * y / q * -c


GRADIENTS = {
    losses.MeanSquaredError: lambda loss, y, p, c: (p - y) * (2 * c),
    losses.MeanAbsoluteError: lambda loss, y, p, c: np.sign(p - y) * c,
    losses.Huber: lambda loss, y, p, c: np.clip(p - y, -loss.delta, loss.delta) * c,
    losses.LogCosh: lambda loss, y, p, c: np.tanh(p - y) * c,
    losses.Poisson: lambda loss, y, p, c: (1 - y / (p + EPSILON)) * c,
    losses.BinaryCrossentropy: binary_crossentropy,
    losses.Hinge: lambda loss, y, p, c: (y * p <= 1) * y * -c,
    losses.SquaredHinge: lambda loss, y, p, c: np.maximum(1 - y * p, 0) * y * (-2 * c),
    losses.CategoricalCrossentropy: categorical_crossentropy,
    losses.SparseCategoricalCrossentropy: sparse_categorical_crossentropy,
    losses.KLDivergence: kl_divergence,
}
OVER_FEATURES = (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy, losses.KLDivergence)
HINGES = (losses.Hinge, losses.SquaredHinge)


def prepare(loss, y, out):
    """Write labels into the vectors of ``out`` as ``GRADIENTS`` want them: one-hot, smoothed, or -1 and 1."""
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        np.equal(y.reshape(*out.shape[:-1], 1), np.arange(out.shape[-1]), out)
        return
    out[...] = y.reshape(out.shape)
    if smoothing := getattr(loss, "label_smoothing", 0.0):
        out *= 1 - smoothing
        out += smoothing / (2 if isinstance(loss, losses.BinaryCrossentropy) else out.shape[-1])
    if isinstance(loss, HINGES):
        out[...] = losses.plus_or_minus(out)
    if isinstance(loss, losses.KLDivergence):
        np.clip(out, EPSILON, 1, out)


# Gradients from logits take few calls where the labels hold c already: (softmax(p) - y) c, and
# (sigmoid(p) - y) c = (1 - y) c - c / (1 + exp(p)).


def softmax_minus(cy, p, c):
    e = np.exp(p - np.max(p, axis=-1, keepdims=True))
    sums = e @ np.full((p.shape[-1], p.shape[-1]), 1 / c, p.dtype)  # of each row, over c, in all its columns
    return e / sums - cy


LOGITS = {kind: (lambda y, c: y * c, softmax_minus) for kind in OVER_FEATURES[:2]}
LOGITS[losses.BinaryCrossentropy] = (lambda y, c: (1 - y) * c, lambda cy, p, c: cy - c / (1 + np.exp(p)))


def loss_values(loss, y, out, w):
    """Return the loss of each row, times its weight."""
    if isinstance(loss, losses.BinaryCrossentropy) and loss.from_logits:  # a fifth of logaddexp's time
        prepare(loss, y, y := np.empty_like(out))
        values = np.maximum(out, 0) - y * out + np.log1p(np.exp(-np.abs(out)))
        values = values[..., 0] if out.shape[-1] == 1 else values.mean(axis=-1)
    else:
        values = loss.function(y, out, **loss.options)
    return values * losses.per_sample(w, values)


# --- optimisers -------------------------------------------------------------------------------------------
# Their own ``update`` is noted, except where the formula counts steps: there one function computes, at each
# step, the numbers that change with the count, and another notes the formula with them. The learning rate is
# the first number. All is rounded as the readable path rounds it.


def adam_numbers(o, lr, slots, alpha, *_):
    t = alpha.dtype.type(o.iterations)  # in the model's precision, as Keras has it: that is seen in float32
    alpha[()] = lr * (1 - o.beta_2**t) ** 0.5 / (1 - o.beta_1**t)


def adam(o, w, g, numbers, momentum, velocity, velocity_hat=None):
    m, v, alpha = momentum, velocity, numbers[1]
    m += (g - m) * (1 - o.beta_1)
    v += (g * g - v) * (1 - o.beta_2)
    if velocity_hat is not None:
        v = np.maximum(velocity_hat, v, out=velocity_hat)
    w -= m / (np.sqrt(v) + o.epsilon) * alpha


def nadam_numbers(o, lr, slots, share_m, share_g, share_v):
    t, u_product = share_m.dtype.type(o.iterations), slots["u_product"]
    u, u_next = (o.beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    u_product *= u
    product = u_product[0]
    share_m[()], share_g[()] = u_next / (1 - product * u_next), (1 - u) / (1 - product)
    share_v[()] = 1 / (1 - o.beta_2**t)


def nadam(o, w, g, numbers, momentum, velocity):
    m, v, (lr, share_m, share_g, share_v) = momentum, velocity, numbers
    m += (g - m) * (1 - o.beta_1)
    v += (g * g - v) * (1 - o.beta_2)
    w -= (m * share_m + g * share_g) * lr / (np.sqrt(v * share_v) + o.epsilon)


def update_as_written(o, w, g, numbers, **slots):
    o.update(w, g, numbers[0], **slots)


UPDATES = {kind: (None, update_as_written) for kind in optimizers.CLASSES}
UPDATES |= {optimizers.Adam: (adam_numbers, adam), optimizers.AdamW: (adam_numbers, adam)}
UPDATES |= {optimizers.Nadam: (nadam_numbers, nadam)}
