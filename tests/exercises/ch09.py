"""What readers write in the exercises of chapter 9: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

from nnbook import activations
from nnbook.exercises.ch09 import right_gain
from nnbook.initializers import (
    GlorotUniform,
    HeNormal,
    LecunNormal,
    Orthogonal,
    RandomNormal,
    VarianceScaling,
)

# Right


def units(W, b, V):
    m, found = len(b), 0
    for j in range(m):
        twins = [k for k in range(j) if (W[:, k] == W[:, j]).all() and b[k] == b[j] and (V[k] == V[j]).all()]
        found += not twins
    return found


def gain(f, power=0.5, centred=False):
    z = np.random.default_rng(0).normal(size=200_000)
    a = f(z)
    return 1 / np.mean((a - a.mean() * centred) ** 2) ** power


def start(activation):
    return VarianceScaling(gain(activations.get(activation)) ** 2, "fan_in", "uniform")


def orthonormal(A):
    Q, R = np.linalg.qr(A)
    return Q * np.sign(R.diagonal())


def layers_until_lost(factor):
    if factor == 1:
        return None
    info = np.finfo("float32")
    limit = info.tiny if factor < 1 else info.max
    return math.floor(math.log(limit) / math.log(factor)) + 1


def for_ever(factor):
    layers, size = 0, 1.0
    while np.finfo("float32").tiny <= size <= np.finfo("float32").max:
        size, layers = size * factor, layers + 1
    return layers


RIGHT = {
    "units": units,
    "mean_square": lambda widths, spreads: np.prod([n * s**2 / 2 for n, s in zip(widths, spreads)]),  # noqa: B905
    "leaky_spread": lambda n_in, slope: np.sqrt(2 / (1 + slope**2) / n_in),
    "gain": gain,
    "start": start,
    "orthonormal": orthonormal,
    "layers_until_lost": layers_until_lost,
}

# Wrong


def signs_in_rows(A):
    Q, R = np.linalg.qr(A)
    return np.sign(R.diagonal())[:, None] * Q


def lengths_last(A):
    Q = []
    for a in A.T:
        Q.append(a - sum((a @ q) * q for q in Q))
    return np.stack([q / np.linalg.norm(q) for q in Q], axis=1)


def scaled(scale_of, mode="fan_in"):
    return lambda activation: VarianceScaling(scale_of(gain(activations.get(activation))), mode)


WRONG = {
    "units": [
        ("They part at the first step", lambda W, b, V: len(np.unique(np.vstack([W, V.T]), axis=1).T)),
        ("The weights going out are forgotten", lambda W, b, V: len(np.unique(np.vstack([W, b]), axis=1).T)),
        ("the weights coming in alone", lambda W, b, V: np.unique(W, axis=1).shape[1]),
        ("It counts rows of W", lambda W, b, V: len(np.unique(W, axis=0))),
        ("It counts all neurons", lambda W, b, V: len(b)),
        ("It compares neighbours only", lambda W, b, V: 1 + sum(
            any(np.vstack([W, b, V.T])[:, k] != np.vstack([W, b, V.T])[:, k + 1]) for k in range(len(b) - 1)
        )),
        ("Turn V", lambda W, b, V: len(np.unique(np.concatenate([W, b[None], V]), axis=1).T)),
        ("It prints its answer", lambda W, b, V: print(units(W, b, V))),
    ],
    "mean_square": [
        ("The half is missing", lambda widths, spreads: math.prod(
            n * s**2 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
        ("The 2 is in He's weights", lambda widths, spreads: math.prod(
            2 * n * s**2 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
        ("as many terms as the layer has inputs", lambda widths, spreads: math.prod(
            n * s**2 / 2 for n, s in zip(widths[1:], spreads, strict=True)
        )),
        ("the square of the spread", lambda widths, spreads: math.prod(
            n * s / 2 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
        ("This is the root", lambda widths, spreads: math.sqrt(RIGHT["mean_square"](widths, spreads))),
        ("Every layer has a ReLU", lambda widths, spreads: 0.5 * math.prod(
            n * s**2 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
        ("not a quarter", lambda widths, spreads: math.prod(
            n * s**2 / 4 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
        ("the last width is no number of inputs", lambda widths, spreads: np.prod(
            np.array(widths) * np.array(spreads) ** 2 / 2
        )),
        ("they do not add", lambda widths, spreads: sum(
            n * s**2 / 2 for n, s in zip(widths[:-1], spreads, strict=True)
        )),
    ],
    "leaky_spread": [
        ("This is the variance", lambda n_in, slope: 2 / (1 + slope**2) / n_in),
        ("This is He's spread", lambda n_in, slope: math.sqrt(2 / n_in)),
        ("The slope is not squared", lambda n_in, slope: math.sqrt(2 / (n_in * (1 + slope)))),
        ("makes the spread smaller", lambda n_in, slope: math.sqrt(2 * (1 + slope**2) / n_in)),
        ("The two halves", lambda n_in, slope: math.sqrt(1 / (n_in * (1 + slope**2)))),
        ("it needs its half, too", lambda n_in, slope: math.sqrt(1 / (n_in * (0.5 + slope**2)))),
        ("Square first, then add", lambda n_in, slope: math.sqrt(2 / (n_in * (1 + slope) ** 2))),
        ("The 2 stands under the root", lambda n_in, slope: 2 / math.sqrt(n_in * (1 + slope**2))),
        ("number of inputs", lambda n_in, slope: math.sqrt(2 / (1 + slope**2))),
    ],
    "gain": [
        ("This is the size of f(z)", lambda f: 1 / gain(f)),
        ("Take the root of the mean square", lambda f: gain(f, power=1)),
        ("It takes the mean of f(z) off", lambda f: gain(f, centred=True)),
        ("in which signs cancel", lambda f: 1 / f(np.random.default_rng(0).normal(size=200_000)).mean()),
        ("the mean of |f(z)|", lambda f: 1 / np.abs(f(np.random.default_rng(0).normal(size=200_000))).mean()),
        ("Every z counts alike", lambda f: np.mean(f(np.linspace(-3, 3, 999)) ** 2) ** -0.5),
        ("too few random numbers", lambda f: (
            np.mean(f(np.random.default_rng(1).normal(size=1000)) ** 2) ** -0.5
        )),
        ("the gain should be 1.414, got 1.000", lambda f: 1.0),
        ("it gave two answers", lambda f: right_gain(f) * (1 + 1e-4 * np.random.default_rng().random())),
    ],
    "start": [
        ("square it", scaled(lambda g: g)),
        ("Upside down", scaled(lambda g: 1 / g**2)),
        ("Orthogonal weights keep lengths", lambda activation: Orthogonal(gain(activations.get(activation)))),
        ("Orthogonal weights keep lengths", lambda activation: Orthogonal()),
        ("It counts as Glorot does", scaled(lambda g: g**2, "fan_avg")),
        ("It counts the neurons", scaled(lambda g: g**2, "fan_out")),
        ("This is Glorot's start", lambda activation: GlorotUniform()),
        ("This is He's start", lambda activation: HeNormal()),
        ("This is LeCun's start", lambda activation: LecunNormal()),
        ("does not enter", lambda activation: RandomNormal(stddev=0.05)),
        ("This is He's start", lambda activation: "he_normal"),
        ("This is He's start", lambda activation: HeNormal() if "relu" in activation else start(activation)),
        ("take tanh for a straight line", lambda activation: (
            {"linear": LecunNormal(), "tanh": GlorotUniform()}.get(activation, HeNormal())
        )),
        ("This is Glorot's start", lambda activation: (
            GlorotUniform() if activation == "tanh" else start(activation)
        )),
    ],
    "orthonormal": [
        ("The columns point either way", lambda A: np.linalg.qr(A).Q),
        ("turned as a whole", lambda A: np.abs(orthonormal(A))),
        ("All columns are turned", lambda A: -np.linalg.qr(A).Q),
        ("but are not at right angles", lambda A: A / np.sqrt((A**2).sum(axis=0))),
        ("Give each its length at once", lengths_last),
        ("This is R", lambda A: np.linalg.qr(A).R),
        ("They belong to the columns", signs_in_rows),
        ("of length 1", lambda A: orthonormal(A) * np.abs(np.diag(np.linalg.qr(A).R))),
    ],
    "layers_until_lost": [
        ("the limits of float64", lambda factor: None if factor == 1 else 1 + math.floor(
            math.log(np.finfo(float).tiny if factor < 1 else np.finfo(float).max) / math.log(factor)
        )),
        ("It stops one layer early", lambda factor: factor != 1 and layers_until_lost(factor) - 1 or None),
        ("It looks for sizes that vanish", lambda factor: layers_until_lost(factor) if factor < 1 else None),
        ("The answer is a whole number", lambda factor: None if factor == 1 else math.log(
            np.finfo("float32").tiny if factor < 1 else np.finfo("float32").max
        ) / math.log(factor)),
        ("Rounded to the nearest", lambda factor: None if factor == 1 else round(
            math.log2(np.finfo("float32").tiny if factor < 1 else np.finfo("float32").max) / math.log2(factor)
        )),
        ("one layer more", lambda factor: None if factor == 1 else math.ceil(
            math.log2(np.finfo("float32").tiny if factor < 1 else np.finfo("float32").max) / math.log2(factor)
        )),
        ("It did not come to an end", for_ever),
    ],
}  # fmt: skip
