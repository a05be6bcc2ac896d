"""Activations: what a neuron makes of its weighted sum, each beside its derivative."""

from __future__ import annotations

import numpy as np

from nnbook import registry
from nnbook.erf import erf

# Where a function has a kink, its derivative there is the one that TensorFlow chooses.


def linear(x):
    """Return x itself."""
    return x


def linear_prime(x):
    """Return 1 everywhere."""
    return np.ones_like(x)


def step(x):
    """Return 1 where x ≥ 0 and 0 elsewhere (Rosenblatt 1958)."""
    return np.heaviside(x, 1)


def step_prime(x):
    """Return 0 everywhere: a step gives gradient descent nothing to follow."""
    return np.zeros_like(x)


def sigmoid(x):
    """Return 1 / (1 + exp(-x)), which is exp(x) / (1 + exp(x)) too; each used where it cannot overflow."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def sigmoid_prime(x):
    """Return s (1 - s), s being the sigmoid."""
    s = sigmoid(x)
    return s * (1 - s)


def hard_sigmoid(x):
    """Return x / 6 + 1/2, cut off at 0 and 1."""
    return np.clip(x + 3, 0, 6) / 6


def hard_sigmoid_prime(x):
    """Return 1/6 where -3 < x < 3 and 0 elsewhere."""
    return np.heaviside(3 - np.abs(x), 0) / 6


def tanh(x):
    """Return the hyperbolic tangent, (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return np.tanh(x)


def tanh_prime(x):
    """Return 1 - tanh(x)²."""
    return 1 - np.tanh(x) ** 2


def relu(x, negative_slope=0.0, max_value=None):
    """Return x where x > 0 and ``negative_slope * x`` elsewhere, never more than ``max_value``."""
    y = np.maximum(x, 0)
    if negative_slope:
        y = y + negative_slope * np.minimum(x, 0)
    return y if max_value is None else np.minimum(y, max_value)


def relu_prime(x, negative_slope=0.0, max_value=None):
    """Return 1 where 0 < x < ``max_value``, 0 above and ``negative_slope`` below."""
    prime = np.heaviside(x, 0)
    if negative_slope:
        prime = prime + negative_slope * np.heaviside(-x, max_value is None)
    return prime if max_value is None else prime - np.heaviside(x - max_value, max_value == 6)


def leaky_relu(x, negative_slope=0.2):
    """Return x where x > 0 and ``negative_slope * x`` elsewhere (Maas et al. 2013)."""
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


def leaky_relu_prime(x, negative_slope=0.2):
    """Return 1 where x > 0 and ``negative_slope`` elsewhere."""
    return np.heaviside(x, 0) + negative_slope * np.heaviside(-x, 1)


def elu(x, alpha=1.0):
    """Return x where x > 0 and ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al. 2016)."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


def elu_prime(x, alpha=1.0):
    """Return 1 where x > 0 and ``alpha * exp(x)`` elsewhere."""
    return np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))


# With these two numbers, layers keep mean 0 and variance 1 (Klambauer et al. 2017, equation 14).
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def selu(x):
    """Return elu with ``SELU_ALPHA``, times ``SELU_SCALE``."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


def selu_prime(x):
    """Return ``SELU_SCALE`` where x ≥ 0 and ``SELU_SCALE * SELU_ALPHA * exp(x)`` elsewhere."""
    return SELU_SCALE * np.where(x < 0, SELU_ALPHA * np.exp(np.minimum(x, 0)), 1)


def gelu(x, approximate=False):
    """Return x Φ(x), Φ(x) being the share of a bell curve left of x (Hendrycks & Gimpel 2016).

    ``approximate`` replaces Φ by a formula with tanh.
    """
    if approximate:
        return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * x * (1 + 0.044715 * x**2)))
    return 0.5 * x * (1 + erf(x / 2**0.5))


def gelu_prime(x, approximate=False):
    """Return Φ(x) + x Φ'(x)."""
    if approximate:
        t = np.tanh((2 / np.pi) ** 0.5 * x * (1 + 0.044715 * x**2))
        slope = (2 / np.pi) ** 0.5 * (1 + 3 * 0.044715 * x**2)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * slope
    return 0.5 * (1 + erf(x / 2**0.5)) + x * np.exp(-(x**2) / 2) / (2 * np.pi) ** 0.5


def silu(x):
    """Return x sigmoid(x), also called swish (Ramachandran et al. 2017)."""
    return x * sigmoid(x)


def silu_prime(x):
    """Return s + x s (1 - s), s being the sigmoid."""
    s = sigmoid(x)
    return s + x * s * (1 - s)


def softplus(x):
    """Return log(1 + exp(x)), a ReLU with a round corner."""
    return np.logaddexp(0, x)


def softplus_prime(x):
    """Return the sigmoid."""
    return sigmoid(x)


def softsign(x):
    """Return x / (1 + |x|)."""
    return x / (1 + np.abs(x))


def softsign_prime(x):
    """Return 1 / (1 + |x|)²."""
    return 1 / (1 + np.abs(x)) ** 2


def exponential(x):
    """Return exp(x), which is infinity where it is too large to be written down."""
    with np.errstate(over="ignore"):
        return np.exp(x)


def exponential_prime(x):
    """Return exp(x): it is its own derivative."""
    return exponential(x)


def softmax(x):
    """Return exp(x) / Σ exp(x) along the last axis; taking off the largest x first changes nothing else."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax_prime(x):
    """Return the Jacobian, J[…, i, j] = ∂s_i/∂x_j = s_i (δ_ij - s_j)."""
    s = softmax(x)
    identity = np.eye(s.shape[-1], dtype=s.dtype)
    return s[..., :, None] * (identity - s[..., None, :])


def log_softmax(x):
    """Return the logarithm of softmax, x - log Σ exp(x), without ever taking the logarithm of 0."""
    z = x - np.max(x, axis=-1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))


def log_softmax_prime(x):
    """Return the Jacobian, J[…, i, j] = δ_ij - s_j, s being the softmax."""
    s = softmax(x)
    return np.eye(s.shape[-1], dtype=s.dtype) - s[..., None, :]


PRIMES = {
    linear: linear_prime,
    step: step_prime,
    sigmoid: sigmoid_prime,
    hard_sigmoid: hard_sigmoid_prime,
    tanh: tanh_prime,
    relu: relu_prime,
    leaky_relu: leaky_relu_prime,
    elu: elu_prime,
    selu: selu_prime,
    gelu: gelu_prime,
    silu: silu_prime,
    softplus: softplus_prime,
    softsign: softsign_prime,
    exponential: exponential_prime,
    softmax: softmax_prime,
    log_softmax: log_softmax_prime,
}
ACTIVATIONS = {function.__name__: function for function in PRIMES} | {"swish": silu}


def get(identifier):
    """Return the activation with this name; None means linear, and an activation stands for itself.

    Raises:
        ValueError: for an unknown name, or a function whose derivative is not in ``PRIMES``.
    """
    if identifier is None:
        return linear
    if callable(identifier) and identifier in PRIMES:
        return identifier
    if callable(identifier):
        raise ValueError(f"activation {identifier!r} has no derivative; add it to activations.PRIMES")
    return registry.lookup(identifier, ACTIVATIONS, "activation")


def backward(activation, x: np.ndarray, grad: np.ndarray, **options) -> np.ndarray:
    """Return the gradient at x from ``grad``, the gradient at ``activation(x)``: the chain rule."""
    prime = PRIMES[activation](x, **options)
    if prime.ndim == x.ndim:
        return grad * prime
    return np.einsum("...i,...ij->...j", grad, prime)
