"""What readers write in the exercises of chapter 5: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import numpy as np

from nnbook import losses
from nnbook.activations import softmax

# Right


def huber_gradient(y, p, delta):
    e = p - y
    return np.where(abs(e) > delta, delta * np.sign(e), e) / y.size


def pinball(y, p, q):
    e = p - y
    return np.where(e > 0, (1 - q) * e, -q * e).mean()


def softmax_gradient(Z, classes):
    P = softmax(Z)
    for i, c in enumerate(classes):
        P[i, c] -= 1
    return P / Z.shape[0]


def class_weights(classes):
    names, counts = np.unique(classes, return_counts=True)
    return [len(classes) / len(names) / count for count in counts]


CHOICES = {
    "rain": ["sigmoid", "BinaryCrossentropy"],
    "species": ["softmax", "sparse_categorical_crossentropy"],
    "letter": ["softmax", "categorical_crossentropy"],
    "tags": ["sigmoid", "bce"],
    "mass": ["linear", "mse"],
    "price": [None, "huber"],
}

RIGHT = {
    "same_steps": lambda rate, n, m: rate / (2 / m),
    "huber_gradient": huber_gradient,
    "pinball": pinball,
    "stable_bce": lambda y, z: np.logaddexp(0, z) - z * y,
    "softmax_gradient": softmax_gradient,
    "class_weights": class_weights,
    "choices": CHOICES,
}

# Wrong


def unsafe(function):
    def called(*case):
        with np.errstate(all="ignore"):
            return function(*case)

    return called


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def naive(y, z):
    p = sigmoid(z)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def in_place(Z, classes):
    Z -= Z.max(axis=1, keepdims=True)
    return softmax_gradient(Z, classes)


def whole_columns(Z, classes):
    P = softmax(Z)
    P[:, classes] -= 1
    return P / len(Z)


def hot(Z, classes):
    return np.eye(Z.shape[1])[classes]


def but(**changes):
    return CHOICES | changes


WRONG = {
    "same_steps": [
        ("But the paper sums over the outputs", lambda rate, n, m: 0.5 * rate),
        ("But the paper has one half", lambda rate, n, m: m * rate),
        ("works the other way", lambda rate, n, m: 2 * m * rate),
        ("the wrong way round", lambda rate, n, m: rate / (m / 2)),
        ("must be multiplied by it", lambda rate, n, m: rate / m / 2),
        ("n plays no part", lambda rate, n, m: rate * m * n * 0.5),
        ("do not divide again", lambda rate, n, m: rate * m / n / 2),
        ("Write down both", lambda rate, n, m: rate),
        ("and the outputs are missing", lambda rate, n, m: rate / 0.5),
        ("It is called as", lambda rate: rate),
    ],
    "huber_gradient": [
        ("divide by n", lambda y, p, delta: np.clip(p - y, -delta, delta)),
        ("prediction minus target", lambda y, p, delta: np.clip(y - p, -delta, delta) / len(y)),
        ("not cut off", lambda y, p, delta: losses.mean_squared_error_grad(y, p) / 2),
        (
            "the slope is delta, not 1",
            lambda y, p, delta: np.where(abs(p - y) > delta, np.sign(p - y), p - y) / len(y),
        ),
        (
            "sign of the error is lost",
            lambda y, p, delta: np.where(abs(p - y) > delta, delta, p - y) / len(y),
        ),
        (
            "compare |e| with delta",
            lambda y, p, delta: np.where(p - y <= delta, p - y, delta) / len(y),
        ),
        (
            "not 2 e",
            lambda y, p, delta: np.where(abs(p - y) > delta, delta * np.sign(p - y), 2 * (p - y)) / len(y),
        ),
        ("not zero", lambda y, p, delta: (p - y) * (abs(p - y) <= delta) / len(y)),
        ("slope of the absolute error", lambda y, p, delta: np.sign(p - y) * delta / len(y)),
        (
            "the loss, not its gradient",
            lambda y, p, delta: np.where(
                abs(p - y) > delta, delta * (abs(p - y) - 0.5 * delta), 0.5 * (p - y) ** 2
            ),
        ),
        ("the mean of the loss", lambda y, p, delta: float(losses.huber(y, p, delta=delta))),
    ],
    "pinball": [
        ("The two sides are exchanged", lambda y, p, q: np.maximum(q * (p - y), (q - 1) * (p - y)).mean()),
        ("the median, whatever q is", lambda y, p, q: (q * abs(y - p)).mean()),
        ("This is the absolute error", lambda y, p, q: abs(y - p).mean()),
        ("half the absolute error, for every q", lambda y, p, q: abs(y - p).mean() / 2),
        ("twice too large", lambda y, p, q: 2 * pinball(y, p, q)),
        ("cost nothing", lambda y, p, q: (q * np.maximum(y - p, 0)).mean()),
        ("turns negative", lambda y, p, q: np.where(y > p, q * (y - p), (1 - q) * (y - p)).mean()),
        ("This is the sum", lambda y, p, q: len(y) * pinball(y, p, q)),
        ("one number a sample", lambda y, p, q: np.where(y > p, q * (y - p), (1 - q) * (p - y))),
    ],
    "stable_bce": [
        ("The logarithm of 0", unsafe(naive)),
        ("A target may be 0.3", lambda y, z: np.logaddexp(0, np.where(y == 1, -z, z))),
        ("overflows at 1000", unsafe(lambda y, z: np.log1p(np.exp(z)) - y * z)),
        ("overflows at -1000", unsafe(lambda y, z: np.log1p(np.exp(-z)) + (1 - y) * z)),
        (
            "Simplify before you compute",
            unsafe(lambda y, z: y * np.log1p(np.exp(-z)) + (1 - y) * np.log1p(np.exp(z))),
        ),
        (
            "Cut probabilities",
            unsafe(lambda y, z: losses.binary_crossentropy(y[:, None], sigmoid(z)[:, None])),
        ),
        (
            "only hides its 0",
            unsafe(lambda y, z: -(y * np.log(sigmoid(z) + 1e-12) + (1 - y) * np.log(1 - sigmoid(z) + 1e-12))),
        ),
        ("targets are turned round", lambda y, z: np.logaddexp(0, z) - (1 - y) * z),
        ("The sign of the term", lambda y, z: np.logaddexp(0, z) + y * z),
        ("does not look at the targets", lambda y, z: np.logaddexp(0, z)),
        ("not put back", lambda y, z: np.log(1 + np.exp(-np.abs(z))) - z * y),
        ("The logarithm is missing", lambda y, z: np.where(z > 0, z, 0) - y * z),
        ("This is the mean", lambda y, z: np.mean(np.logaddexp(0, z) - y * z)),
        ("taken for a probability", unsafe(lambda y, z: -(y * np.log(z) + (1 - y) * np.log(1 - z)))),
    ],
    "softmax_gradient": [
        ("divide by n", lambda Z, c: softmax(Z) - hot(Z, c)),
        ("The number of the class", lambda Z, c: (softmax(Z) - c[:, None]) / len(Z)),
        ("number of samples alone", lambda Z, c: (softmax(Z) - hot(Z, c)) / Z.size),
        ("p - y, not y - p", lambda Z, c: (hot(Z, c) - softmax(Z)) / len(Z)),
        ("this is the softmax", lambda Z, c: softmax(Z) / len(Z)),
        ("The target is added", lambda Z, c: (softmax(Z) + hot(Z, c)) / len(Z)),
        ("Softmax needs axis 1", lambda Z, c: (softmax(Z.T).T - hot(Z, c)) / len(Z)),
        (
            "One sum for the whole table",
            lambda Z, c: (softmax(Z.ravel()).reshape(Z.shape) - hot(Z, c)) / len(Z),
        ),
        ("Softmax is missing", lambda Z, c: (Z - hot(Z, c)) / len(Z)),
        (
            "overflows",
            unsafe(lambda Z, c: (np.exp(Z) / np.exp(Z).sum(axis=1)[:, None] - hot(Z, c)) / len(Z)),
        ),
        (
            "is missing, and the exponential",
            unsafe(lambda Z, c: np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True) - hot(Z, c)),
        ),
        ("Whole columns lose 1", whole_columns),
        ("Only the right class", lambda Z, c: (softmax(Z) - 1) * hot(Z, c) / len(Z)),
        ("the gradient by the probabilities", unsafe(lambda Z, c: -hot(Z, c) / softmax(Z) / len(Z))),
        ("It changes its argument Z", in_place),
    ],
    "class_weights": [
        ("The number of classes is missing", lambda c: len(c) / np.bincount(c)),
        ("Turn it round", lambda c: np.bincount(c) / len(c)),
        ("upside down", lambda c: np.bincount(c) / np.bincount(c).mean()),
        ("Multiply by n / m", lambda c: 1 / np.bincount(c)),
        ("The weights of the classes sum to 1", lambda c: (1 / np.bincount(c)) / (1 / np.bincount(c)).sum()),
        ("have the mean 1. It is", lambda c: (1 / np.bincount(c)) / (1 / np.bincount(c)).mean()),
        ("one weight a sample", lambda c: np.bincount(c).mean() / np.bincount(c)[c]),
        ("against the largest class", lambda c: np.bincount(c).max() / np.bincount(c)),
        ("all classes alike", lambda c: np.ones(c.max() + 1)),
        ("not by its root", lambda c: np.sqrt(np.bincount(c).mean() / np.bincount(c))),
    ],
    "choices": [
        ("is an outlier", but(price=(None, "mse"))),
        ("Small errors in both directions", but(mass=(None, "mae"))),
        ("Several tags may fit", but(tags=("softmax", "categorical_crossentropy"))),
        ("take the sparse loss", but(species=("softmax", "categorical_crossentropy"))),
        ("One-hot rows are not", but(letter=("softmax", "sparse_categorical_crossentropy"))),
        ("always 1", but(rain=("softmax", "categorical_crossentropy"))),
        ("always 1", but(rain=("softmax", "binary_crossentropy"), price=(None, "mse"))),
        ("would not share", but(letter=("sigmoid", "categorical_crossentropy"))),
        ("no probabilities", but(rain=(None, "binary_crossentropy"))),
        ("The squared error is for numbers", but(rain=("sigmoid", "mse"), letter=("softmax", "mse"))),
        ("A number needs no activation", but(mass=("sigmoid", "mse"), price=("relu", "mae"))),
        ("Cross-entropy is for probabilities", but(mass=(None, "categorical_crossentropy"))),
        ("`None` is written without quotes", but(price=("None", "huber"))),
        ("One of many is not several of many", but(tags=("sigmoid", "categorical_crossentropy"))),
        ("the categorical loss belongs to it", but(letter=("softmax", "binary_crossentropy"))),
        ("gives no probability", but(rain=("sigmoid", "hinge"))),
        ("The task tags is missing", {key: pair for key, pair in CHOICES.items() if key != "tags"}),
        ("there is no loss 'squares'", but(mass=(None, "squares"))),
        ("cannot be read", 3),
    ],
}
