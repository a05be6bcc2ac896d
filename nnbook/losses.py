"""Losses: how wrong a prediction is, each beside its gradient with respect to the prediction.

A function returns one number a sample; its gradient is that of the mean over all samples.
In the formulas y is the label, p the prediction, and z a prediction given as logits, from -∞ to ∞.
All is defined as Keras defines it; a probability that was cut off at ``EPSILON`` has the gradient 0.
"""

from __future__ import annotations

import numpy as np

from nnbook import checks, registry
from nnbook.activations import log_softmax, sigmoid, softmax
from nnbook.registry import Configurable

EPSILON = 1e-7  # probabilities stay this far from 0 and 1, so that their logarithms stay finite


def same_shape(a, b):
    """Say whether two shapes are the same, a last axis of size 1 aside."""
    return a == b or a == (*b, 1) or (*a, 1) == b


def aligned(y_true, y_pred):
    """Return y and p as arrays, y in p's shape and dtype: (n,) with (n, 1) must not become (n, n)."""
    p = np.asarray(y_pred)
    p = p if p.dtype.kind == "f" else p.astype(float)
    y = np.asarray(y_true, p.dtype)
    if not same_shape(y.shape, p.shape):
        raise ValueError(f"y_true and y_pred must have the same shape, got {y.shape} and {p.shape}")
    return y.reshape(p.shape), p


# --- numbers: how far is the prediction from the label? ---------------------------------------------------


def mean_squared_error(y_true, y_pred):
    """Return the mean of (p - y)²."""
    y, p = aligned(y_true, y_pred)
    return np.mean((p - y) ** 2, axis=-1)


def mean_squared_error_grad(y_true, y_pred):
    """Return 2 (p - y), divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    return 2 * (p - y) / p.size


def mean_absolute_error(y_true, y_pred):
    """Return the mean of |p - y|."""
    y, p = aligned(y_true, y_pred)
    return np.mean(np.abs(p - y), axis=-1)


def mean_absolute_error_grad(y_true, y_pred):
    """Return the sign of p - y, divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    return np.sign(p - y) / p.size


def huber(y_true, y_pred, delta=1.0):
    """Return the mean of ½ e², e = |p - y|, with a straight line from ``delta`` on (Huber 1964)."""
    y, p = aligned(y_true, y_pred)
    e = np.abs(p - y)
    return np.mean(np.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)), axis=-1)


def huber_grad(y_true, y_pred, delta=1.0):
    """Return p - y, cut off at ±``delta``, divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    return np.clip(p - y, -delta, delta) / p.size


def log_cosh(y_true, y_pred):
    """Return the mean of log cosh e = log(exp(e) + exp(-e)) - log 2, where e = p - y."""
    y, p = aligned(y_true, y_pred)
    e = p - y
    return np.mean(np.logaddexp(e, -e) - np.log(2, dtype=e.dtype), axis=-1)


def log_cosh_grad(y_true, y_pred):
    """Return tanh(p - y), divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    return np.tanh(p - y) / p.size


def poisson(y_true, y_pred):
    """Return the mean of p - y log p: the surprise at a count y where p was expected, up to a constant."""
    y, p = aligned(y_true, y_pred)
    return np.mean(p - y * np.log(p + EPSILON), axis=-1)


def poisson_grad(y_true, y_pred):
    """Return 1 - y / p, divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    return (1 - y / (p + EPSILON)) / p.size


# --- yes or no: is the prediction on the right side? ------------------------------------------------------


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """Return the mean of -y log p - (1 - y) log(1 - p); for logits, p = sigmoid(z)."""
    y, p = aligned(y_true, y_pred)
    y = (1 - label_smoothing) * y + label_smoothing / 2
    if from_logits:
        yes, no = np.logaddexp(0, -p), np.logaddexp(0, p)
    else:
        p = np.clip(p, EPSILON, 1 - EPSILON)
        yes, no = -np.log(p), -np.log(1 - p)
    return np.mean(y * yes + (1 - y) * no, axis=-1)


def binary_crossentropy_grad(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """Return (p - y) / (p (1 - p)), for logits sigmoid(z) - y, divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    y = (1 - label_smoothing) * y + label_smoothing / 2
    if from_logits:
        return (sigmoid(p) - y) / p.size
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return (q == p) * (q - y) / (q * (1 - q)) / p.size


def plus_or_minus(y):
    """Return labels -1 and 1 for labels 0 and 1, and all others as they are."""
    return 2 * y - 1 if np.all((y == 0) | (y == 1)) else y


def hinge(y_true, y_pred):
    """Return the mean of max(0, 1 - y p), where y is -1 or 1."""
    y, p = aligned(y_true, y_pred)
    return np.mean(np.maximum(1 - plus_or_minus(y) * p, 0), axis=-1)


def hinge_grad(y_true, y_pred):
    """Return -y where y p ≤ 1 and 0 elsewhere, divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    y = plus_or_minus(y)
    return np.where(y * p <= 1, -y, 0) / p.size


def squared_hinge(y_true, y_pred):
    """Return the mean of max(0, 1 - y p)², where y is -1 or 1."""
    y, p = aligned(y_true, y_pred)
    return np.mean(np.maximum(1 - plus_or_minus(y) * p, 0) ** 2, axis=-1)


def squared_hinge_grad(y_true, y_pred):
    """Return -2 y max(0, 1 - y p), divided by the number of values."""
    y, p = aligned(y_true, y_pred)
    y = plus_or_minus(y)
    return -2 * y * np.maximum(1 - y * p, 0) / p.size


# --- one of many: how much probability did the right class get? -------------------------------------------


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """Return -Σ y log p, each row of p divided by its sum; for logits, p = softmax(z)."""
    y, p = aligned(y_true, y_pred)
    y = (1 - label_smoothing) * y + label_smoothing / y.shape[-1]
    if from_logits:
        return np.sum(y * -log_softmax(p), axis=-1)
    p = p / np.sum(p, axis=-1, keepdims=True)
    return np.sum(y * -np.log(np.clip(p, EPSILON, 1 - EPSILON)), axis=-1)


def categorical_crossentropy_grad(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """Return g - Σ g p with g = -y / p, for logits softmax(z) - y, divided by the number of samples."""
    y, p = aligned(y_true, y_pred)
    y = (1 - label_smoothing) * y + label_smoothing / y.shape[-1]
    n = p[..., 0].size
    if from_logits:
        return (softmax(p) - y) / n
    total = np.sum(p, axis=-1, keepdims=True)
    p = p / total
    q = np.clip(p, EPSILON, 1 - EPSILON)
    g = (q == p) * -y / q
    return (g - np.sum(g * p, axis=-1, keepdims=True)) / total / n


def numbered(y_true, y_pred):
    """Return y as whole numbers, one for each row of p, with a last axis of size 1; and p as an array."""
    y, p = np.asarray(y_true), np.asarray(y_pred)
    if not same_shape(y.shape, p.shape[:-1]):
        raise ValueError(f"y_true must hold one class number a row of y_pred, got {y.shape} and {p.shape}")
    return y.reshape(*p.shape[:-1], 1).astype(int), p


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False):
    """Return -log p[y], y being the number of the right class; for logits, p = softmax(z)."""
    y, p = numbered(y_true, y_pred)
    z = p if from_logits else np.log(np.clip(p, EPSILON, 1 - EPSILON))
    return 0 - np.take_along_axis(log_softmax(z), y, axis=-1)[..., 0]  # a mere minus would print 0 as -0


def sparse_categorical_crossentropy_grad(y_true, y_pred, from_logits=False):
    """Return softmax(z) - one-hot y, divided by the number of samples; for probabilities, z = log p."""
    y, p = numbered(y_true, y_pred)
    z, slope = p, 1
    if not from_logits:
        q = np.clip(p, EPSILON, 1 - EPSILON)
        z, slope = np.log(q), (q == p) / q
    one_hot = y == np.arange(p.shape[-1])
    return slope * (softmax(z) - one_hot) / p[..., 0].size


def kl_divergence(y_true, y_pred):
    """Return Σ y log(y / p), the cost of expecting p where y is true (Kullback & Leibler 1951)."""
    y, p = aligned(y_true, y_pred)
    y, p = np.clip(y, EPSILON, 1), np.clip(p, EPSILON, 1)
    return np.sum(y * np.log(y / p), axis=-1)


def kl_divergence_grad(y_true, y_pred):
    """Return -y / p, divided by the number of samples."""
    y, p = aligned(y_true, y_pred)
    y, q = np.clip(y, EPSILON, 1), np.clip(p, EPSILON, 1)
    return (q == p) * -y / q / p[..., 0].size


# --- losses as objects ------------------------------------------------------------------------------------


def per_sample(weight, values):
    """Return the weights, shaped to multiply the rows of ``values``, or 1 if there are none."""
    if weight is None:
        return 1
    return np.asarray(weight, values.dtype).reshape(-1, *[1] * (values.ndim - 1))


class Loss(Configurable):
    """A loss with its options. A subclass names function, gradient and the range of its labels."""

    function = function_grad = None
    labels = (-np.inf, np.inf)

    def __init__(self, *, name: str | None = None):
        self.name = name or self.function.__name__

    @property
    def options(self) -> dict:
        """What the function takes besides labels and predictions: all constructor arguments but the name."""
        config = self.get_config()
        del config["name"]
        return config

    def __call__(self, y_true, y_pred, sample_weight=None) -> float:
        """Return the mean over the samples, each multiplied by its weight (n,), divided by their number n."""
        values = self.function(y_true, y_pred, **self.options)
        return float(np.mean(values * per_sample(sample_weight, values)))

    def gradient(self, y_true, y_pred, sample_weight=None) -> np.ndarray:
        """Return the gradient of that mean with respect to ``y_pred``, in its shape."""
        grad = self.function_grad(y_true, y_pred, **self.options)
        return grad * per_sample(sample_weight, grad)

    def with_logits(self) -> Loss:
        """Return this cross-entropy for predictions that are logits."""
        return self.from_config(self.get_config() | {"from_logits": True})

    def check(self, y_true, output_shape: tuple[int, ...]):
        """Raise ValueError unless the labels fit this loss and outputs of this shape (without the batch)."""
        y = np.asarray(y_true)
        if not same_shape(y.shape[1:], tuple(output_shape)):
            wanted = f"labels of shape {checks.batch_of(output_shape)}, as the model's output"
            raise ValueError(f"{self.function.__name__} expects {wanted}, got {y.shape}")
        self.check_range(y, *self.labels)

    def check_range(self, y, low, high, hint=""):
        """Raise ValueError unless low ≤ y ≤ high everywhere."""
        if not (low <= y.min() and y.max() <= high):
            came = f"values from {float(y.min()):g} to {float(y.max()):g}"
            raise ValueError(
                f"{self.function.__name__} expects labels from {low} to {high}, got {came}{hint}"
            )


class MeanSquaredError(Loss):
    """The mean of the squared errors."""

    function, function_grad = staticmethod(mean_squared_error), staticmethod(mean_squared_error_grad)


class MeanAbsoluteError(Loss):
    """The mean of the errors without their sign."""

    function, function_grad = staticmethod(mean_absolute_error), staticmethod(mean_absolute_error_grad)


class Huber(Loss):
    """Squared error for small errors, absolute error beyond ``delta``."""

    function, function_grad = staticmethod(huber), staticmethod(huber_grad)

    def __init__(self, delta: float = 1.0, *, name: str = "huber_loss"):
        super().__init__(name=name)
        self.delta = checks.positive("delta", delta)


class LogCosh(Loss):
    """Like Huber's loss, without the corner."""

    function, function_grad = staticmethod(log_cosh), staticmethod(log_cosh_grad)


class Poisson(Loss):
    """For counts: the prediction is the number expected."""

    function, function_grad = staticmethod(poisson), staticmethod(poisson_grad)
    labels = (0, np.inf)


class BinaryCrossentropy(Loss):
    """For yes or no: labels 0 and 1, or probabilities."""

    function, function_grad = staticmethod(binary_crossentropy), staticmethod(binary_crossentropy_grad)
    labels = (0, 1)

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, *, name: str | None = None):
        super().__init__(name=name)
        self.from_logits = from_logits
        self.label_smoothing = checks.number(
            "label_smoothing", label_smoothing, "in [0, 1]", lambda v: 0 <= v <= 1
        )


class Hinge(Loss):
    """For yes or no with a margin: labels -1 and 1, or 0 and 1."""

    function, function_grad = staticmethod(hinge), staticmethod(hinge_grad)
    labels = (-1, 1)


class SquaredHinge(Loss):
    """The square of the hinge, sample by sample."""

    function, function_grad = staticmethod(squared_hinge), staticmethod(squared_hinge_grad)
    labels = (-1, 1)


class CategoricalCrossentropy(Loss):
    """For one of many: labels are one-hot rows, or rows of probabilities."""

    function, function_grad = (
        staticmethod(categorical_crossentropy),
        staticmethod(categorical_crossentropy_grad),
    )
    labels = (0, 1)

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, *, name: str | None = None):
        super().__init__(name=name)
        self.from_logits = from_logits
        self.label_smoothing = checks.number(
            "label_smoothing", label_smoothing, "in [0, 1]", lambda v: 0 <= v <= 1
        )

    def check(self, y_true, output_shape):
        y = np.asarray(y_true)
        if output_shape[-1] > 1 and same_shape(y.shape[1:], tuple(output_shape[:-1])):
            raise ValueError(
                f"categorical_crossentropy expects one-hot rows of shape {checks.batch_of(output_shape)}, "
                f"got labels of shape {y.shape}; for class numbers use sparse_categorical_crossentropy"
            )
        super().check(y, output_shape)
        total = y.sum(axis=-1)
        if np.abs(total - 1).max() > 1e-3:
            came = f"sums from {float(total.min()):g} to {float(total.max()):g}"
            raise ValueError(
                f"categorical_crossentropy expects rows that sum to 1, got {came}; "
                "for several labels a row, or one output, use binary_crossentropy"
            )


class SparseCategoricalCrossentropy(Loss):
    """For one of many: labels are the numbers of the classes, from 0."""

    function = staticmethod(sparse_categorical_crossentropy)
    function_grad = staticmethod(sparse_categorical_crossentropy_grad)

    def __init__(self, from_logits: bool = False, *, name: str | None = None):
        super().__init__(name=name)
        self.from_logits = from_logits

    def check(self, y_true, output_shape):
        y = np.asarray(y_true)
        wanted = "sparse_categorical_crossentropy expects integer class labels of shape (batch,)"
        if y.shape[1:] == tuple(output_shape) != (1,):
            raise ValueError(f"{wanted}, got one-hot rows of shape {y.shape}; use categorical_crossentropy")
        if not same_shape(y.shape[1:], tuple(output_shape[:-1])):
            raise ValueError(f"{wanted}, got shape {y.shape} for outputs of {checks.batch_of(output_shape)}")
        if (y % 1 != 0).any():
            raise ValueError(f"{wanted}, got fractions such as {float(y[y % 1 != 0][0]):g}")
        hint = f"; a model with {output_shape[-1]} outputs knows classes 0 to {output_shape[-1] - 1}"
        self.check_range(y, 0, output_shape[-1] - 1, hint)


class KLDivergence(Loss):
    """For whole distributions: how far the predicted one is from the true one."""

    function, function_grad = staticmethod(kl_divergence), staticmethod(kl_divergence_grad)
    labels = (0, 1)


CLASSES = [
    MeanSquaredError,
    MeanAbsoluteError,
    Huber,
    LogCosh,
    Poisson,
    BinaryCrossentropy,
    Hinge,
    SquaredHinge,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    KLDivergence,
]
LOSSES = {name: cls for cls in CLASSES for name in (cls.__name__, cls.function.__name__)}
LOSSES |= {
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
}
LOSSES |= {"bce": BinaryCrossentropy, "BCE": BinaryCrossentropy, "kld": KLDivergence, "KLD": KLDivergence}


def get(identifier) -> Loss:
    """Return the loss that is meant by a name, a configuration, a class or a function, or the loss itself."""
    for cls in CLASSES:
        if identifier is cls or identifier is cls.function:
            return cls()
    return identifier if isinstance(identifier, Loss) else registry.get(identifier, LOSSES, "loss")
