"""Every loss behind each output that it goes with: the table of both fast paths' tests."""

from __future__ import annotations

import numpy as np

from nnbook import losses

# name: loss, activation of the output layer, kind of targets
HEADS = {
    "mse": ("mse", None, "real"),
    "mse after sigmoid": ("mse", "sigmoid", "bits"),
    "mse after softmax": ("mse", "softmax", "one-hot"),
    "mae": ("mae", None, "real"),
    "huber": (losses.Huber(0.5), None, "real"),
    "log cosh": (losses.LogCosh(), None, "real"),
    "poisson": ("poisson", "softplus", "positive"),
    "binary": ("binary_crossentropy", "sigmoid", "bits"),
    "binary, several": ("binary_crossentropy", "sigmoid", "one-hot"),
    "binary, smoothed": (losses.BinaryCrossentropy(label_smoothing=0.2), "sigmoid", "bits"),
    "binary, from logits": (losses.BinaryCrossentropy(from_logits=True), None, "bits"),
    "binary, from probabilities": ("binary_crossentropy", "hard_sigmoid", "bits"),
    "categorical": ("categorical_crossentropy", "softmax", "one-hot"),
    "categorical, smoothed": (losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax", "one-hot"),
    "categorical, from logits": (losses.CategoricalCrossentropy(from_logits=True), None, "one-hot"),
    "categorical, from probabilities": ("categorical_crossentropy", "sigmoid", "one-hot"),
    "sparse": ("sparse_categorical_crossentropy", "softmax", "classes"),
    "sparse, from logits": (losses.SparseCategoricalCrossentropy(from_logits=True), None, "classes"),
    "sparse, from probabilities": ("sparse_categorical_crossentropy", "sigmoid", "column"),
    "kl": ("kl_divergence", "softmax", "shares"),
    "hinge, 0 and 1": ("hinge", "tanh", "bits"),
    "hinge, -1 and 1": ("hinge", "tanh", "signs"),
    "squared hinge": ("squared_hinge", None, "bits"),
    "squared hinge, -1 and 1": ("squared_hinge", None, "signs"),
}
TARGETS = {
    "real": lambda rng, n: rng.normal(size=(n, 3)),
    "positive": lambda rng, n: rng.random((n, 3)),
    "bits": lambda rng, n: rng.integers(0, 2, (n, 1)).astype(float),
    "signs": lambda rng, n: rng.choice([-1.0, 1.0], (n, 1)),
    "classes": lambda rng, n: rng.integers(0, 3, n),
    "column": lambda rng, n: rng.integers(0, 3, (n, 1)),
    "one-hot": lambda rng, n: np.eye(3)[rng.integers(0, 3, n)],
    "shares": lambda rng, n: rng.dirichlet([1, 1, 1], n),
}
SINGLE = {"bits", "signs"}  # targets of one output; the others have three


def head(name: str, n: int, seed: int = 0):
    """Return a head's loss, activation, number of units, and targets for n rows."""
    loss, activation, kind = HEADS[name]
    return loss, activation, 1 if kind in SINGLE else 3, TARGETS[kind](np.random.default_rng(seed), n)


def covered() -> set[type]:
    """Return the losses that the table holds."""
    return {type(losses.get(loss)) for loss, *_ in HEADS.values()}
