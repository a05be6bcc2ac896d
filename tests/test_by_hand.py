"""One network of two inputs, two hidden neurons and one output, worked by hand; both engines agree."""

from math import exp

import numpy as np
import pytest
from tolerances import tol

import nnbook

# x1 = 1/2, x2 = -1; label y = 1; every neuron is a sigmoid; the loss is (a - y)².
#
#            h1     h2                 out
#   x1      1/4   -1/2        h1      3/4
#   x2      1/2    1/4        h2     -1/2
#   bias    1/8     0         bias    1/4
X, Y = [[0.5, -1.0]], [[1.0]]
WEIGHTS = [
    np.array([[0.25, -0.5], [0.5, 0.25]]),
    np.array([0.125, 0.0]),
    np.array([[0.75], [-0.5]]),
    np.array([0.25]),
]
RATE = 0.5

# Forward: z is what reaches a neuron, a is what it makes of it.
#   z1 = 1/2 · 1/4 - 1 · 1/2 + 1/8 = -1/4        z2 = 1/2 · (-1/2) - 1 · 1/4 + 0 = -1/2
a1 = 1 / (1 + exp(1 / 4))
a2 = 1 / (1 + exp(1 / 2))
z = 3 / 4 * a1 - 1 / 2 * a2 + 1 / 4
a = 1 / (1 + exp(-z))
LOSS = (a - 1) ** 2

# Backward: d is what the loss changes by when z does. The slope of a sigmoid is a (1 - a).
d = 2 * (a - 1) * a * (1 - a)
d1 = d * 3 / 4 * a1 * (1 - a1)
d2 = d * (-1 / 2) * a2 * (1 - a2)
GRADIENTS = [
    np.array([[1 / 2 * d1, 1 / 2 * d2], [-d1, -d2]]),
    np.array([d1, d2]),
    np.array([[a1 * d], [a2 * d]]),
    np.array([d]),
]
AFTER_ONE_STEP = [w - RATE * g for w, g in zip(WEIGHTS, GRADIENTS, strict=True)]


def network(library, **arguments):
    """Return the network in either engine."""
    layers = library.layers
    model = library.models.Sequential(
        [layers.Input((2,)), layers.Dense(2, activation="sigmoid"), layers.Dense(1, activation="sigmoid")],
        **arguments,
    )
    model.compile(optimizer=library.optimizers.SGD(learning_rate=RATE), loss="mean_squared_error")
    model.set_weights(WEIGHTS)
    return model


def agree(found, right):
    for ours, theirs in zip(found, right, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol("formula"))


def test_the_numbers_are_what_a_pocket_calculator_shows():
    assert [round(v, 4) for v in (a1, a2, z, a, LOSS)] == [0.4378, 0.3775, 0.3896, 0.5962, 0.1631]
    assert [round(v, 4) for v in (d, d1, d2)] == [-0.1944, -0.0359, 0.0228]


def test_the_engine_agrees_with_the_hand():
    model = network(nnbook, dtype="float64")
    x, y = np.array(X), np.array(Y)
    y_pred = model.forward(x, training=True)
    agree([model.layers[0].forward(x), y_pred], [[[a1, a2]], [[a]]])
    assert model.compute_loss(y, y_pred) == pytest.approx(LOSS, abs=tol("formula"))
    dx = model.backward(y, y_pred)
    agree(model.gradients, GRADIENTS)
    agree([dx], [[[d1 / 4 - d2 / 2, d1 / 2 + d2 / 4]]])
    assert model.train_on_batch(x, y) == pytest.approx(LOSS, abs=tol("formula"))
    agree(model.get_weights(), AFTER_ONE_STEP)


def test_keras_agrees_with_the_hand(floatx64):
    import keras
    import tensorflow as tf

    model = network(keras)
    x, y = tf.constant(X, "float64"), tf.constant(Y, "float64")
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x, y, y_pred)
    agree([model.layers[0](x), y_pred, loss], [[[a1, a2]], [[a]], LOSS])
    agree(tape.gradient(loss, model.trainable_variables), GRADIENTS)
    assert model.train_on_batch(np.array(X), np.array(Y)) == pytest.approx(LOSS, abs=tol("formula"))
    agree(model.get_weights(), AFTER_ONE_STEP)


def test_nine_parameters_pass_finite_differences():
    model = network(nnbook, dtype="float64")
    assert model.count_params() == 9
    errors = nnbook.gradcheck.check_model(model, X, Y)
    assert len(errors) == 5 and max(errors.values()) < tol("gradient")
