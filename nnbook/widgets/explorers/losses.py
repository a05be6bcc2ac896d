"""Losses and their gradients, against what the last neuron hands over before its activation."""

from __future__ import annotations

import numpy as np

from nnbook import activations
from nnbook import losses as formulas
from nnbook.widgets.controls import Choose, Slide
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import axis, line, plane, points

Z = np.linspace(-6, 6, 241)


def given(loss, loss_grad, **options):
    """Return loss and gradient at z, for a prediction that is z itself, with the loss's options."""
    return lambda y, z: loss(y, z, **options), lambda y, z: loss_grad(y, z, **options)


def after_sigmoid(loss, loss_grad):
    """Return loss and gradient at z, for a prediction that is sigmoid(z): the chain rule."""
    f = activations.sigmoid
    return lambda y, z: loss(y, f(z)), lambda y, z: activations.backward(f, z, loss_grad(y, f(z)))


SQUARED = formulas.mean_squared_error, formulas.mean_squared_error_grad
HUBER = formulas.huber, formulas.huber_grad
CROSS = formulas.binary_crossentropy, formulas.binary_crossentropy_grad
LOSSES = {
    "squared error": given(*SQUARED),
    "absolute error": given(formulas.mean_absolute_error, formulas.mean_absolute_error_grad),
    "Huber, δ = 0.5": given(*HUBER, delta=0.5),
    "Huber, δ = 2": given(*HUBER, delta=2.0),
    "hinge": given(formulas.hinge, formulas.hinge_grad),
    "squared error of sigmoid(z)": after_sigmoid(*SQUARED),
    "cross-entropy of sigmoid(z)": after_sigmoid(*CROSS),
    "cross-entropy from logits": given(*CROSS, from_logits=True),
    "cross-entropy, z taken for a probability": given(*CROSS),
}
ALT = (
    "Left, one or two losses against z, what the last neuron hands over; right, their gradients. A mark "
    "on each curve stands at the chosen z."
)
READING = (
    "At z = {z} (sigmoid {answer:.3g}), target {target}: {loss} is {dot_1[0]:.3g} "
    "with gradient {tangent_1[0]:.3g}; {other} is {dot_2[0]:.3g} with gradient {tangent_2[0]:.3g}."
)


def at(name, target, z):
    """Return the loss and its gradient at each of ``z`` (n,), every one a sample of its own."""
    f, grad = LOSSES[name]
    y, z = np.full((len(z), 1), float(target)), np.reshape(z, (-1, 1))
    return f(y, z), grad(y, z)[:, 0] * len(z)  # grad is that of the mean over the samples


def first(loss, target):
    """Return the curves of the first loss."""
    value, slope = at(loss, target, Z)
    return {"loss_1": value, "grad_1": slope}


def second(other, target):
    """Return the curves of the second loss."""
    value, slope = at(other, target, Z)
    return {"loss_2": value, "grad_2": slope}


def first_here(loss, target, z):
    """Return the first loss and its gradient at the chosen z."""
    value, slope = at(loss, target, [z])
    return {"dot_1": value, "tangent_1": slope}


def second_here(other, target, z):
    """Return the second loss and its gradient at the chosen z."""
    value, slope = at(other, target, [z])
    return {"dot_2": value, "tangent_2": slope}


def window(loss, other):
    """Return how high the axes reach: to the largest loss and slope, but not so far that the rest is lost."""
    found = [at(name, target, Z) for name in (loss, other) for target in (0, 1)]
    top, steepest = (np.abs(np.stack(part)).max() for part in zip(*found, strict=True))
    return {
        "top": 1.05 * np.minimum(top, 17),
        "steep": 1.1 * np.minimum(steepest, 6),
        "shallow": -1.1 * np.minimum(steepest, 6),
    }


def fixed():
    """Return what no control changes."""
    return {"grid": Z, "other_one": np.array([1])}


def here(z):
    """Return the chosen z, as a list of one, and its sigmoid, the answer of a neuron that ends in one."""
    return {"now": np.array([float(z)]), "answer": activations.sigmoid(np.array(float(z)))}


def losses(
    *,
    loss: str = "cross-entropy from logits",
    other: str = "squared error of sigmoid(z)",
    name: str = "losses",
) -> Explorer:
    """Show two losses and their gradients against z, what the last neuron hands over before its activation.

    Args:
        loss, other: the two to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("loss", list(LOSSES), loss, label="first loss"),
        Choose("other", list(LOSSES), other, label="second loss"),
        Choose("target", {"0": 0, "1": 1}, "1"),
        Slide("z", np.arange(-6, 6.25, 0.25), -4.0),
    ]
    heights = plane(
        line("grid", "loss_1", label="first loss"), line("grid", "loss_2", label="second loss"),
        points("now", "dot_1"), points("now", "dot_2", group="other_one"),
        x="z", y=axis("loss", low=0, high="top"),
    )  # fmt: skip
    slopes = plane(
        line("grid", "grad_1", label="of the first"), line("grid", "grad_2", label="of the second"),
        points("now", "tangent_1"), points("now", "tangent_2", group="other_one"),
        x="z", y=axis("gradient at z", low="shallow", high="steep"),
    )  # fmt: skip
    return explore(
        [fixed, first, second, first_here, second_here, window, here], controls, [heights, slopes],
        name=name, reading=READING, alt=ALT,
        dtypes=dict.fromkeys(("dot_1", "dot_2", "tangent_1", "tangent_2", "answer"), "f4"),
    )  # fmt: skip
