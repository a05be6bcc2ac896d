"""Penalties and their gradients equal Keras's, and the gradients equal finite differences."""

import json

import numpy as np
import pytest
from tolerances import tol

from nnbook import regularizers

CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.25}),
    ("L2", {}),
    ("L2", {"l2": 0.25}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.25}),
    ("L1L2", {"l1": 0.25, "l2": 0.125}),
]
IDS = [f"{name}{options}" for name, options in CASES]


def weights():
    w = np.random.default_rng(3).normal(size=(6, 4))
    w[0, 0] = 0.0
    return w


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_penalty_and_gradient_equal_keras(name, options, floatx64):
    import keras
    import tensorflow as tf

    ours = getattr(regularizers, name)(**options)
    w = tf.Variable(weights())
    with tf.GradientTape() as tape:
        penalty = getattr(keras.regularizers, name)(**options)(w)
    gradient = tape.gradient(penalty, w)
    gradient = np.zeros(w.shape) if gradient is None else gradient.numpy()
    # Keras rounds the factor to float32 even here, which its default, 0.01, does not survive
    rounding = 0 if options else 2**-24
    close = {"rtol": rounding, "atol": tol("default")}
    np.testing.assert_allclose(ours(weights()), float(penalty), **close)
    np.testing.assert_allclose(ours.gradient(weights()), gradient, **close)


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_gradient_equals_finite_differences(name, options):
    ours, w, h = getattr(regularizers, name)(**options), weights() + 0.01, 1e-6
    for index in np.ndindex(w.shape):
        step = np.zeros_like(w)
        step[index] = h
        slope = (ours(w + step) - ours(w - step)) / (2 * h)
        assert ours.gradient(w)[index] == pytest.approx(slope, abs=tol("gradient"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_the_dtype_of_the_weights_is_kept(name, options, dtype):
    ours = getattr(regularizers, name)(**options)
    assert ours.gradient(weights().astype(dtype)).dtype == dtype
    assert ours(weights().astype(dtype)).dtype == dtype


@pytest.mark.parametrize("name, options", CASES, ids=IDS)
def test_a_configuration_makes_the_same_regulariser(name, options):
    import keras

    ours = getattr(regularizers, name)(**options)
    config = json.loads(json.dumps({"class_name": name, "config": ours.get_config()}))
    assert regularizers.get(config).get_config() == ours.get_config()
    assert ours.get_config() == pytest.approx(getattr(keras.regularizers, name)(**options).get_config())


def test_names_mean_what_they_mean_in_keras():
    import keras

    for name in regularizers.REGULARIZERS:
        ours, theirs = regularizers.get(name), keras.regularizers.get(name)
        assert type(ours).__name__ == type(theirs).__name__
        assert ours.get_config() == pytest.approx(theirs.get_config())
    assert regularizers.get(None) is None


ERRORS = [
    (lambda: regularizers.L1(-0.1), "l1 must be a number >= 0, got -0.1"),
    (lambda: regularizers.L2(float("nan")), "l2 must be a number >= 0, got nan"),
    (lambda: regularizers.L1L2(l2="0.1"), "l2 must be a number >= 0, got '0.1'"),
    (lambda: regularizers.get("l1_l2"), "unknown regularizer 'l1_l2'; did you mean 'l1l2'? known: L1, "),
]


@pytest.mark.parametrize("mistake, message", ERRORS, ids=[message for _, message in ERRORS])
def test_a_mistake_gets_a_clear_error(mistake, message):
    with pytest.raises(ValueError) as error:
        mistake()
    assert message in str(error.value)
