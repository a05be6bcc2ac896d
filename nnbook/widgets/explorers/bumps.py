"""Bumps: a function of one number, built from ReLU units, bump by bump."""

from __future__ import annotations

import numpy as np

from nnbook import activations
from nnbook.widgets.controls import Choose, Slide, Step
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, line, plane

TARGETS = {
    "sine": lambda x: np.sin(2 * np.pi * x),
    "hill": lambda x: np.exp(-60 * (x - 0.4) ** 2),
    "step": lambda x: activations.step(x - 0.5),
    "square root": np.sqrt,
    "parabola": lambda x: 8 * (x - 0.5) ** 2 - 1,
    "chirp": lambda x: np.sin(14 * x**2),
}
COUNTS = [2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 21, 25]
MOST = max(COUNTS)
X = np.linspace(0, 1, 241)
ALT = (
    "Left, a function and the sum of the bumps that have been added so far. Right, the bumps themselves: "
    "tents side by side, each as high as the function at its middle, and the last one added on top of them."
)
READING = (
    "{placed:d} of {bumps} bumps, which share {units:d} ReLU units: the sum is off by {worst:.2g} at most "
    "and by {average:.2g} on average.{spent}"
)
SPENT = ["", " All are placed; only more bumps bring the sum closer."]


def tents(bumps, x):
    """Return tents of height 1 (len(x), bumps), side by side over [0, 1], each made of three ReLU units.

    A tent at the knot t is (relu(x - t + h) - 2 relu(x - t) + relu(x - t - h)) / h, where h is the distance
    between knots. Neighbours share units, so that bumps + 2 are enough.
    """
    h = 1 / (bumps - 1)
    units = activations.relu(x[:, None] - h * np.arange(-1, bumps + 1))
    return np.diff(units, 2, axis=1) / h


def build(target, bumps):
    """Return the tents, and after 0, 1, … of them: their sum at the knots, the last one, and the errors.

    What there is less of than for ``MOST`` bumps is padded with NaN.
    """
    f, h = TARGETS[target], 1 / (bumps - 1)
    knots = h * np.arange(bumps)
    placed = np.minimum(np.arange(MOST + 1), bumps)
    heights = f(knots)
    added = np.tri(MOST + 1, bumps, -1) * heights  # row k: the heights of the first k bumps, then zeros
    error = np.abs(added @ tents(bumps, X).T - f(X))

    corners, sums = np.full(MOST, np.nan), np.full((MOST + 1, MOST), np.nan)
    corners[:bumps], sums[:, :bumps] = knots, added @ tents(bumps, knots).T
    tent_x, tent_y = np.full((2, MOST, 4), np.nan)  # three corners, then a gap
    tent_x[:bumps, :3] = np.clip(knots[:, None] + [-h, 0, h], 0, 1)
    tent_y[:bumps, :3] = heights[:, None] * [0, 1, 0]
    tent_y[0, 0], tent_y[bumps - 1, 2] = heights[0], heights[-1]  # half tents at both ends
    latest = np.maximum(placed - 1, 0)
    latest_y = np.where(placed[:, None] > 0, tent_y[latest], np.nan)
    return {
        "corners": corners, "sum": sums, "tent_x": tent_x.ravel(), "tent_y": tent_y.ravel(),
        "latest_x": tent_x[latest], "latest_y": latest_y,
        "placed": placed, "worst": error.max(axis=1), "average": error.mean(axis=1), "units": bumps + 2,
        "spent": np.arange(MOST + 1) >= bumps,
    }  # fmt: skip


def wanted(target):
    """Return the function that is to be built."""
    return {"x": X, "f": TARGETS[target](X)}


def bumps(*, target: str = "sine", name: str = "bumps") -> Explorer:
    """Show a function being built from bumps of ReLU units.

    Args:
        target: the function to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("target", list(TARGETS), target, label="function"),
        Slide("bumps", COUNTS, 9),
        Step("added", MOST + 1, default=6, label="up to bump", interval=400),
    ]
    up = axis("", low=-1.2, high=1.2)
    total = plane(
        line("x", "f", label="function"),
        line("corners", "sum", label="sum of the bumps"),
        x="x",
        y=up,
        width=3,
    )
    parts = plane(
        line("tent_x", "tent_y", label="bumps", color=2),
        line("latest_x", "latest_y", label="last one added", color=1),
        x=axis("x", low=0, high=1), y=up, width=2,
    )  # fmt: skip
    frames = {"added": ["sum", "latest_x", "latest_y", "placed", "worst", "average", "spent"]}
    return explore(
        [wanted, build], controls, [total, parts], name=name, reading=READING, alt=ALT, frames=frames,
        says={"spent": SPENT}, dtypes={"worst": "f4", "average": "f4", "sum": "u2"},
    )  # fmt: skip
