"""Initialisation: what the size of the first weights makes of signals and gradients in a deep network."""

from __future__ import annotations

from functools import cache

import numpy as np

from nnbook import activations, initializers
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, histogram, hline, line, plane

ACTIVATIONS = ["tanh", "relu", "sigmoid", "selu", "linear"]
SCHEMES = {
    "Glorot": "glorot_normal",
    "He": "he_normal",
    "LeCun": "lecun_normal",
    "orthogonal": "orthogonal",
    "normal, 0.05": initializers.RandomNormal(stddev=0.05),
}
GAINS = [0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0]
DEPTHS = [5, 15, 30]
UNITS, ROWS = 64, 32
LEAST = 1e-20  # what is smaller is drawn as this
EDGES = np.linspace(-2.5, 2.5, 51)
CHANGES = ["vanish", "keep their size", "explode"]
VERDICTS = [
    f"Signals and gradients {signal}" if signal == gradient else f"Signals {signal}, gradients {gradient}"
    for signal in CHANGES
    for gradient in CHANGES
]
ALT = (
    "Left, on a logarithmic scale, the standard deviations of the activations and of the gradients in each "
    "layer of a deep network with random first weights. Right, histograms of the activations in the first, "
    "the middle and the last layer."
)


@cache
def start(scheme):
    """Return inputs, gradients at the outputs (both normal), and the deepest network's weights at gain 1."""
    rng = np.random.default_rng(0)
    draw = initializers.get(SCHEMES[scheme])
    x, grad = rng.standard_normal((2, ROWS, UNITS))
    return x, grad, [draw((UNITS, UNITS), "float64", rng) for _ in range(max(DEPTHS))]


def signals(scheme, gain, activation, depth):
    """Return the standard deviations of activations and of gradients, by layer, and three histograms.

    Layer 0 is the input; beyond ``depth`` all is NaN. A gradient is that of the loss with respect to the
    layer's activations; those at the last layer are normal with standard deviation 1, as the inputs are.
    """
    f = activations.get(activation)
    a, grad, W = start(scheme)
    a, z, grad = [a], [], [grad]
    for k in range(depth):
        z.append(a[-1] @ (gain * W[k]))
        a.append(f(z[-1]))
    for k in reversed(range(depth)):
        grad.insert(0, activations.backward(f, z[k], grad[0]) @ (gain * W[k]).T)
    forward, back = spreads(a), spreads(grad)
    shown = {"first": a[1], "middle": a[(depth + 1) // 2], "last": a[depth]}
    counts = {name: np.histogram(np.clip(v, -2.5, 2.5), EDGES)[0] / v.size for name, v in shown.items()}
    tallest = 1.05 * max(share.max() for share in counts.values())
    ends = {"tallest": tallest, "signal": forward[depth], "gradient": back[0]}
    verdict = 3 * change(forward[depth]) + change(back[0])
    return {"signals": forward, "gradients": back, **counts, **ends, "verdict": np.array(verdict)}


def spreads(layers):
    """Return the standard deviations, padded with NaN to the deepest network."""
    found = np.full(max(DEPTHS) + 1, np.nan)
    found[: len(layers)] = np.maximum([np.std(v) for v in layers], LEAST)
    return found


def change(std):
    """Return 0 where a spread that began at 1 has become less than a tenth, 2 where more than ten, else 1."""
    return int(std >= 0.1) + int(std > 10)


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
        line("layer", "gradients", label="gradients"),
        x=axis("layer", low=0),
        y=axis("standard deviation", log=True, low=1e-10, high=1e10),
        width=3,
    )
    shapes = plane(
        *(histogram("edges", part, label=f"{part} layer") for part in ("first", "middle", "last")),
        x=axis("activation"),
        y=axis("share", low=0, high="tallest"),
        width=2,
    )
    reading = (
        "{verdict}: the spread goes from 1 to {signal:.2g} through {depth} layers, "
        "and from 1 to {gradient:.2g} on the way back."
    )
    dtypes = {"signals": "log u2", "gradients": "log u2", "first": "u1", "middle": "u1", "last": "u1"}
    return explore(
        [fixed, signals], controls, [spread, shapes], name=name, reading=reading, alt=ALT,
        says={"verdict": VERDICTS}, dtypes=dtypes,
    )  # fmt: skip
