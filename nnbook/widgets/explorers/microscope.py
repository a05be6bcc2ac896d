"""Microscope: a difference quotient under growing magnification, until the steps of the numbers show."""

from __future__ import annotations

import numpy as np

from nnbook import activations
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, line, plane, points

FUNCTIONS = {  # name -> function and derivative
    "tanh(x)": (np.tanh, activations.tanh_prime),
    "exp(x)": (np.exp, np.exp),
    "x²": (np.square, lambda x: 2 * x),
    "ReLU(x)": (activations.relu, activations.relu_prime),
}
POINTS = [-1.2, -0.1, 0, 0.1, 0.8, 1.2]
STEPS = [10.0**k for k in range(-15, 1)]
H = np.logspace(-16, 0, 65)
T = np.linspace(-2, 2, 97)  # the window is four steps wide, whatever the step
KINDS = {"float32": np.float32, "float64": np.float64}
ENDS = {"centred": (-1, 1), "forward": (0, 1)}
LEAST = 1e-17  # an error of zero is drawn here
VERDICTS = [
    "That is about the best that a difference can do here.",
    "The step is too large: the curve bends away from the secant.",
    "The step is too small: the numbers move in stairs, and rounding decides the slope.",
    "The step is lost: x + h is rounded to x.",
    "There is a corner within the step.",
]
READING = (
    "{function} at {point} with h = {h} in {kind}: the secant has the slope {slope_found:.5f}, the tangent "
    "{slope:.5f}, a relative error of {error:.1e}. {verdict}"
)
ALT = (
    "Left, a function around a point, magnified so that the window is four steps wide, with its tangent and "
    "the secant whose slope is the difference quotient. Right, on logarithmic scales, the relative error of "
    "that slope against the step, for forward and centred differences and the complex step; a dot marks "
    "the step chosen."
)


def quotient(function, x, h, ends):
    """Return the slope of the secant from ``x + ends[0] h`` to ``x + ends[1] h``, in the kind of ``x``."""
    f, kind = FUNCTIONS[function][0], x.dtype.type
    below, above = (f(x + kind(end) * kind(h)) for end in ends)
    return (above - below) / (kind(ends[1] - ends[0]) * kind(h))


def error_of(found, right):
    """Return the relative error as the gradient check has it, see ``gradcheck.relative_error``."""
    found, right = np.float64(found), np.float64(right)
    size = np.maximum(np.maximum(np.abs(found), np.abs(right)), 1e-8)
    return np.maximum(np.abs(found - right) / size, LEAST)


def tangent(function, point, kind):
    """Return the true slope, the tangent across the window, and how far the window reaches."""
    slope = float(FUNCTIONS[function][1](np.float64(KINDS[kind](point))))
    reach = 2.5 * max(abs(slope), 0.4)
    return {"slope": slope, "tangent": np.array([-2, 2]) * slope, "low": -reach, "high": reach}


def window(function, point, h, kind):
    """Return what the machine sees between x - 2h and x + 2h, in units of h from f(x)."""
    x, h = KINDS[kind](point), KINDS[kind](h)
    f = FUNCTIONS[function][0]
    seen = (np.float64(f(x + T.astype(x.dtype) * h)) - np.float64(f(x))) / np.float64(h)
    high = tangent(function, point, kind)["high"]
    return {"seen": np.clip(seen, -1.2 * high, 1.2 * high)}


def secant(function, point, h, kind, method):
    """Return the secant with its ends, its slope, the slope's error, and what is to be said of it."""
    x = KINDS[kind](point)
    ends, f = ENDS[method], FUNCTIONS[function][0]
    right = tangent(function, point, kind)["slope"]
    found = float(quotient(function, x, h, ends))
    heights = [float((f(x + x.dtype.type(e) * x.dtype.type(h)) - f(x)) / x.dtype.type(h)) for e in ends]
    across = heights[1] + found * (np.array([-2.0, 2.0]) - ends[1])
    high = 1.2 * tangent(function, point, kind)["high"]
    error = error_of(found, right)
    return {
        "secant": np.clip(across, -4 * high, 4 * high), "dots": np.clip(heights, -high, high),
        "slope_found": found, "error": error, "now_error": np.array([error]),
        "verdict": np.array(judge(function, x, h, kind, method, error)),
    }  # fmt: skip


def judge(function, x, h, kind, method, error):
    """Return which of the verdicts fits."""
    below, above = ENDS[method]
    if function == "ReLU(x)" and (x == 0 or below * h < -x < above * h):
        return 4
    if x + x.dtype.type(h) == x:
        return 3
    errors = sweep(function, x, ENDS[method])
    best = np.argmin(errors)
    if error <= 30 * max(errors[best], np.finfo(KINDS[kind]).eps):
        return 0
    return 1 if h > H[best] else 2


def sweep(function, x, ends):
    """Return the error for every step of the right panel."""
    right = FUNCTIONS[function][1](np.float64(x))
    return error_of(quotient(function, x, H.astype(x.dtype), ends), right)


def errors(function, point, kind):
    """Return the error curves; the complex step takes 64 bits, and a function without corners."""
    x = KINDS[kind](point)
    f, prime = FUNCTIONS[function]
    curves = {name: sweep(function, x, ends) for name, ends in ENDS.items()}
    corner = function == "ReLU(x)"
    steps = f(np.float64(x) + 1j * H).imag / H if not corner else np.full(len(H), np.nan)
    return curves | {"complex": error_of(steps, prime(np.float64(x)))}


def ends(method):
    """Return where the secant meets the curve."""
    return {"at": np.array(ENDS[method], float)}


def chosen(h):
    """Return the chosen step, as a list of one."""
    return {"now": np.array([float(h)])}


def fixed():
    """Return what no control changes."""
    return {"t": T, "edges": np.array([-2.0, 2.0]), "steps": H}


def microscope(
    *, function: str = "tanh(x)", point: float = 0.8, h: float = 1e-7, kind: str = "float32",
    name: str = "microscope",
) -> Explorer:  # fmt: skip
    """Show a function under a magnification that grows as the step shrinks, and the error of its difference.

    Args:
        function, point, h, kind: what to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("function", list(FUNCTIONS), function),
        Slide("point", POINTS, point, label="point x"),
        Slide("h", STEPS, h, label="step h", fmt="{:.0e}", log=True),
        Choose("kind", list(KINDS), kind, label="numbers"),
        Choose("method", list(ENDS), "centred", label="difference"),
    ]
    view = plane(
        line("t", "seen", label="f(x), as computed"), line("edges", "tangent", label="tangent"),
        line("edges", "secant", label="secant"), points("at", "dots"),
        x=axis("distance from x, in steps h", low=-2, high=2),
        y=axis("rise above f(x), in steps h", low="low", high="high"),
    )  # fmt: skip
    curve = plane(
        line("steps", "centred", label="centred"), line("steps", "forward", label="forward"),
        line("steps", "complex", label="complex step"), points("now", "now_error"),
        x=axis("step h", log=True, low=1e-16, high=1),
        y=axis("relative error", log=True, low=LEAST, high=4),
    )  # fmt: skip
    return explore(
        [fixed, ends, chosen, tangent, window, secant, errors], controls, [view, curve], name=name,
        reading=READING, alt=ALT, says={"verdict": VERDICTS},
        dtypes=dict.fromkeys(("centred", "forward", "complex", "now_error", "steps", "now"), "log u2"),
    )  # fmt: skip
