"""The neuron: two weights and a bias draw a line, and the side of the line is the answer."""

from __future__ import annotations

import numpy as np

from nnbook import activations, datasets
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import arrow, axis, column, gradient, line, plane, points, table

CORNERS, EITHER = datasets.xor()
BOTH = CORNERS.min(axis=1).astype(int)
GATES = {"AND": BOTH, "OR": BOTH + EITHER, "NAND": 1 - BOTH, "XOR": EITHER}
ACTIVATIONS = {
    "step": activations.step,
    "sigmoid": activations.sigmoid,
    "tanh": activations.tanh,
    "ReLU": activations.relu,
}
LOW, HIGH = -0.5, 1.5  # what is seen of the plane
FAR = 10.0  # the shading follows z from -FAR to FAR
CASES = ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]
# The answer that has no shade, and how far from it the shade is deepest.
SHADES = {"step": (0.5, 0.9), "sigmoid": (0.5, 0.9), "tanh": (0, 1.8), "ReLU": (0, 4)}


def boundary(w1, w2, b):
    """Return the line z = 0, the arrow w that stands on it, and the ends of the shading, where z is ±FAR."""
    w = np.array([w1, w2], float)
    if not w.any():  # z is b everywhere, as on a slope too gentle to be seen; and there is no line
        ends = 1e4 * np.array([-FAR - b, 0, FAR - b, 0]) - [100, 0, 100, 0]
        nowhere = dict.fromkeys(("foot_x", "foot_y", "way_x", "way_y"), np.nan)
        return {"line_x": np.full(2, np.nan), "line_y": np.full(2, np.nan), "ends": ends, **nowhere}
    middle = np.array([0.5, 0.5])
    foot = middle - w * (w @ middle + b) / (w @ w)
    ends = foot + np.outer([-FAR, FAR], w) / (w @ w)
    line_x, line_y = np.transpose(in_sight(foot, np.array([-w2, w1], float)))
    way = 0.3 * w / np.linalg.norm(w)
    arrow = {"foot_x": foot[0], "foot_y": foot[1], "way_x": way[0], "way_y": way[1]}
    return {"line_x": line_x, "line_y": line_y, "ends": ends.ravel(), **arrow}


def in_sight(foot, way):
    """Return both ends of what is seen of the line through ``foot`` along ``way``; NaN where it passes by."""
    edges = np.array([[LOW], [HIGH]]) + [[-1e-9], [1e-9]]  # so that a line on an edge is seen
    with np.errstate(divide="ignore"):
        steps = np.sort((edges - foot) / way, axis=0)  # to the edges, in lengths of ``way``: (edge, axis)
    first, last = steps[0].max(), steps[1].min()
    return foot + np.outer([first, last] if first < last else [np.nan, np.nan], way)


def shade(activation):
    """Return the answers for z from -FAR to FAR, with z just below 0 too, where the step jumps."""
    z = np.sort(np.append(np.linspace(-FAR, FAR, 81), -1e-9))
    center, reach = SHADES[activation]
    answers = ACTIVATIONS[activation](z)
    return {"stops": (z + FAR) / (2 * FAR), "answers": answers, "center": center, "reach": reach}


def sums(w1, w2, b):
    """Return the weighted sum z for the four cases."""
    return {"z": CORNERS @ np.array([w1, w2]) + b}


def answers(w1, w2, b, activation):
    """Return the activation of the four sums."""
    return {"a": ACTIVATIONS[activation](sums(w1, w2, b)["z"])}


def verdict(w1, w2, b, gate):
    """Return which of the cases are wrong, as marks and as a code, and how many are right.

    The neuron says 1 on its line and on the arrow's side of it.
    """
    wrong = activations.step(sums(w1, w2, b)["z"]) != GATES[gate]
    right = 4 - wrong.sum()
    hint = gate == "XOR" and right == 3
    return {"wrong": wrong, "right": right, "which": wrong @ [1, 2, 4, 8], "hint": hint}


def wanted(gate):
    """Return what the gate wants in the four cases."""
    return {"wanted": GATES[gate]}


def fixed():
    """Return the four cases."""
    x1, x2 = CORNERS.T
    return {"x1": x1, "x2": x2}


def name_cases(code):
    """Return the cases in a code of four bits, in words."""
    named = [case for k, case in enumerate(CASES) if code >> k & 1]
    if not named:
        return "no case is wrong"
    listed = f"{', '.join(named[:-1])} and {named[-1]} are" if named[1:] else f"{named[0]} is"
    return f"{listed} wrong"


ALT = (
    "Left, the plane of inputs, shaded by the neuron's answer, with the line where its weighted sum is zero, "
    "the weights as an arrow on it, and the four corners marked by what the gate wants. Right, the truth "
    "table with the weighted sum and the answer, and a mark that tells right from wrong."
)
SAYS = {
    "which": [name_cases(code) for code in range(16)],
    "hint": ["", " No straight line gets all four."],
}
READING = "{gate}: {right:d} of 4 cases right; {which}.{hint}"


def neuron(*, gate: str = "OR", name: str = "neuron") -> Explorer:
    """Show what a neuron with two inputs answers, and whether it is a logic gate.

    Args:
        gate: the gate to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("gate", list(GATES), gate, label="wanted"),
        Slide("w1", np.arange(-2, 2.5, 0.5), 1, label="w₁"),
        Slide("w2", np.arange(-2, 2.5, 0.5), 1, label="w₂"),
        Slide("b", np.arange(-3, 3.5, 0.5), 0),
        Choose("activation", list(ACTIVATIONS), "step"),
    ]
    square = plane(
        gradient("ends", "stops", "answers", ramp="classes", center="center", reach="reach"),
        line("line_x", "line_y", label="z = 0", color="ink"),
        arrow("foot_x", "foot_y", "way_x", "way_y", label="w"),
        points("x1", "x2", group="wanted", labels=["0 wanted", "1 wanted"], size=9),
        x=axis("x₁", low=LOW, high=HIGH), y=axis("x₂", low=LOW, high=HIGH), equal=True,
    )  # fmt: skip
    truth = table([
        column("x₁", "x1"), column("x₂", "x2"), column("z", "z"),
        column("answer", "a", wrong="wrong"), column("wanted", "wanted"),
    ])  # fmt: skip
    return explore(
        [fixed, boundary, shade, sums, answers, verdict, wanted], controls, [square, truth],
        name=name, reading=READING, alt=ALT, says=SAYS, dtypes={"ends": "f4"},
    )  # fmt: skip
