"""Initialisation: what the size of the first weights makes of signals and gradients in a deep network."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from nnbook import activations, initializers
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, histogram, hline, line, plane

ACTIVATIONS = ["tanh", "relu", "sigmoid", "selu", "linear"]
SCHEMES = {  # LeCun's is Glorot's here, where each layer has as many inputs as units
    "Glorot": "glorot_normal",
    "He": "he_normal",
    "orthogonal": "orthogonal",
    "uniform, ±1/√n": initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
    "normal, 0.05": initializers.RandomNormal(stddev=0.05),
}
GAINS = [0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0, 4.0]
DEPTHS = [5, 15, 30]
UNITS, ROWS = 64, 32
LEAST = 1e-20  # what is smaller is drawn as this
EDGES = np.linspace(-2.5, 2.5, 51)
CHANGES = ["vanish", "keep their size", "explode"]
SUBJECTS = ["signals", "differences between inputs", "gradients"]


def sentence(changes):
    """Say what becomes of each of the subjects, those that share a fate together."""
    fates = {}
    for subject, change in zip(SUBJECTS, changes, strict=True):
        fates.setdefault(change, []).append(subject)
    said = [f"{', '.join(who[:-1])} and {who[-1]}" if who[1:] else who[0] for who in fates.values()]
    text = ", ".join(f"{who} {change}" for who, change in zip(said, fates, strict=True))
    return text[0].upper() + text[1:]


VERDICTS = [sentence(changes) for changes in product(CHANGES, repeat=len(SUBJECTS))]
ALT = (
    "First, on a logarithmic scale, the size of the activations, of the differences between inputs and of "
    "the gradients in each layer of a deep network with random first weights. Then, histograms of the "
    "activations in the first, the middle and the last layer."
)


@cache
def start(scheme):
    """Return inputs, gradients at the outputs (both normal), and the deepest network's weights at gain 1."""
    rng = np.random.default_rng(0)
    draw = initializers.get(SCHEMES[scheme])
    x, grad = rng.standard_normal((2, ROWS, UNITS))
    return x, grad, [draw((UNITS, UNITS), "float64", rng) for _ in range(max(DEPTHS))]


def signals(scheme, gain, activation, depth):
    """Return the sizes of activations, of their differences and of gradients, by layer, and three histograms.

    A size is the root of the mean square. Differences are those of the activations from their mean over the
    inputs: where they vanish, all inputs look alike. Layer 0 is the input; beyond ``depth`` all is NaN. A
    gradient is that of the loss with respect to the layer's activations; those at the last layer are normal
    with standard deviation 1, as the inputs are.
    """
    f = activations.get(activation)
    a, grad, W = start(scheme)
    a, z, grad = [a], [], [grad]
    for k in range(depth):
        z.append(a[-1] @ (gain * W[k]))
        a.append(f(z[-1]))
    for k in reversed(range(depth)):
        grad.insert(0, activations.backward(f, z[k], grad[0]) @ (gain * W[k]).T)
    forward, apart, back = sizes(a), sizes([v - v.mean(axis=0) for v in a]), sizes(grad)
    shown = {"first": a[1], "middle": a[(depth + 1) // 2], "last": a[depth]}
    counts = {name: np.histogram(np.clip(v, -2.5, 2.5), EDGES)[0] / v.size for name, v in shown.items()}
    tallest = 1.05 * max(share.max() for share in counts.values())
    ends = {"signal": forward[depth], "difference": apart[depth], "gradient": back[0]}
    verdict = np.array(VERDICTS.index(sentence(map(change, ends.values()))))
    lines = {"signals": forward, "differences": apart, "gradients": back}
    return {**lines, **counts, **ends, "tallest": tallest, "verdict": verdict}


def sizes(layers):
    """Return the root mean squares, padded with NaN to the deepest network."""
    found = np.full(max(DEPTHS) + 1, np.nan)
    found[: len(layers)] = np.maximum([np.sqrt(np.mean(v**2)) for v in layers], LEAST)
    return found


def change(size):
    """Say what became of a size that began at 1: less than a tenth, more than ten, or neither."""
    return CHANGES[int(size >= 0.1) + int(size > 10)]


def fixed():
    """Return what no control changes."""
    return {"layer": np.arange(max(DEPTHS) + 1.0), "edges": EDGES}


def initialisation(*, name: str = "initialisation") -> Explorer:
    """Show whether signals and gradients survive a deep network with random weights."""
    controls = [
        Choose("activation", ACTIVATIONS, "relu"),
        Choose("scheme", list(SCHEMES), "Glorot", label="initialiser"),
        Slide("gain", GAINS, 1.0, label="gain"),
        Slide("depth", DEPTHS, 30, label="layers"),
    ]
    spread = plane(
        hline(1.0),
        line("layer", "signals", label="activations"),
        line("layer", "differences", label="differences between inputs"),
        line("layer", "gradients", label="gradients"),
        x=axis("layer", low=0),
        y=axis("size (root mean square)", log=True, low=1e-10, high=1e10),
        width=3,
    )
    shapes = plane(
        *(histogram("edges", part, label=f"{part} layer") for part in ("first", "middle", "last")),
        x=axis("activation"),
        y=axis("share", low=0, high="tallest"),
        width=2,
    )
    reading = (
        "{verdict}: through {depth} layers a signal goes from size 1 to {signal:.2g}, a difference between "
        "inputs to {difference:.2g}, and a gradient, on the way back, to {gradient:.2g}."
    )
    logs = {name: "log u2" for name in ("signals", "differences", "gradients")}
    dtypes = {**logs, "first": "u1", "middle": "u1", "last": "u1"}
    return explore(
        [fixed, signals], controls, [spread, shapes], name=name, reading=reading, alt=ALT,
        says={"verdict": VERDICTS}, dtypes=dtypes,
    )  # fmt: skip
