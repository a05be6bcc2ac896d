"""Activations: a function, its slope, and what ten layers of it make of their inputs."""

from __future__ import annotations

from functools import cache

import numpy as np

from nnbook import activations as functions
from nnbook import initializers
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, histogram, line, plane

NAMES = ["sigmoid", "tanh", "softsign", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu"]
NAMES += ["step", "linear"]
Z = np.linspace(-4, 4, 161)
DEPTH, UNITS, ROWS = 10, 64, 64
SHOWN = {1: "layer_1", 3: "layer_3", 10: "layer_10"}  # layers whose histogram is drawn
EDGES = np.linspace(-2.5, 2.5, 41)
FLAT = 0.05  # a gradient hardly gets through a smaller slope
ALT = (
    "Left, an activation function and its slope. Middle, histograms of what the first, the third and the "
    "tenth layer of a random network answer. Right, for each layer, the mean slope, the share of its answers "
    f"where the slope is below {FLAT:g}, and the share of its units whose slope is zero for every input."
)
READING = (
    f"{{activation}}: the slope is below {FLAT:g} for {{flat[0]:.0%}} of the answers in layer 1 and "
    "{flat[9]:.0%} in layer 10, where {dead[9]:.0%} of the units are dead; of a small change of the inputs, "
    "{left:.2g} times as much arrives there."
)


def curve(activation):
    """Return the function and its slope."""
    f = functions.get(activation)
    return {"f": f(Z), "slope": functions.PRIMES[f](Z)}


def layers(activation, scale, gain, bias):
    """Return what layers answer to normal inputs: histograms, slopes, shares of flat answers and dead units.

    ``scale`` is the standard deviation of the inputs, and gain / √n that of a layer's weights. An answer is
    flat where the slope is below ``FLAT``; a unit is dead if its slope is zero for every input. ``left`` is
    how many times a small random change of the inputs arrives in the last layer.
    """
    f = functions.get(activation)
    x, change, weights = start()
    a, arrived, seen, mean, flat, dead = scale * x, change, {}, [], [], []
    for layer, W in enumerate(weights, 1):
        W = np.float32(gain) * W
        z = a @ W + np.float32(bias)
        a, slope = f(z), functions.PRIMES[f](z)
        arrived = arrived @ W * slope
        mean.append(np.mean(slope))
        flat.append(np.mean(np.abs(slope) < FLAT))
        dead.append(np.mean((slope == 0).all(axis=0)))
        if layer in SHOWN:
            inside = np.clip(a, EDGES[0], EDGES[-1])  # what lies beyond is counted at the edge
            inside = inside * np.float32(1 - 1e-6)  # and an answer of 1 below 1, as one of -1 is above -1
            seen[SHOWN[layer]] = np.histogram(inside, EDGES)[0] / a.size
    tallest = 1.05 * max(share.max() for share in seen.values())
    left = np.linalg.norm(arrived) / np.linalg.norm(change)
    shares = {"mean": np.array(mean), "flat": np.array(flat), "dead": np.array(dead)}
    return seen | shares | {"left": left, "tallest": tallest, "steepest": 1.03 * max(1, *mean)}


@cache
def start():
    """Return normal inputs (rows, units), a change of them, weights of variance 1 / n: all from one seed."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, UNITS)).astype("float32")
    draw = initializers.get("lecun_normal")
    weights = [draw((UNITS, UNITS), "float32", rng) for _ in range(DEPTH)]
    return x, rng.standard_normal(x.shape).astype("float32"), weights


def fixed():
    """Return what no control changes."""
    return {"z": Z, "edges": EDGES, "layer": np.arange(1.0, DEPTH + 1)}


def activations(*, activation: str = "tanh", name: str = "activations") -> Explorer:
    """Show an activation, its slope, and where the answers of ten random layers come to lie.

    Args:
        activation: the one to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("activation", NAMES, activation),
        Slide("scale", [0.5, 1, 3], 3, label="spread of inputs"),
        Slide("gain", [0.5, 1, 1.41, 2, 3], 1, label="spread of weights, × 1/√n"),
        Slide("bias", [-1, -0.5, 0, 1], 0),
    ]
    function = plane(
        line("z", "f", label="f(z)"), line("z", "slope", label="slope f′(z)"),
        x="z", y=axis("", low=-1.2, high=2.2),
    )  # fmt: skip
    answers = plane(
        *(histogram("edges", array, label=f"layer {k}") for k, array in SHOWN.items()),
        x="answer", y=axis("share of answers", low=0, high="tallest"),
    )  # fmt: skip
    shares = plane(
        line("layer", "mean", label="mean slope"), line("layer", "flat", label=f"slope < {FLAT:g}"),
        line("layer", "dead", label="dead units"),
        x=axis("layer", low=1, high=DEPTH), y=axis("slope, shares", low=-0.03, high="steepest"),
    )  # fmt: skip
    return explore(
        [fixed, curve, layers], controls, [function, answers, shares], name=name, reading=READING, alt=ALT,
        dtypes=dict.fromkeys(SHOWN.values(), "u1"),
    )  # fmt: skip
