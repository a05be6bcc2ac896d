"""Every activation against Keras, against finite differences, and at its extremes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nnbook import activations
from nnbook.erf import erf
from tests.tolerances import tol

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
steady = settings(deadline=None, derandomize=True)  # a busy machine must not fail a test

SLOPE = float(np.float32(0.2))  # TensorFlow keeps the slope of leaky_relu in float32
CASES = [  # name, options, tolerance against Keras in float64
    ("linear", {}, "default"),
    ("sigmoid", {}, "default"),
    ("hard_sigmoid", {}, "default"),
    ("tanh", {}, "default"),
    ("relu", {}, "default"),
    ("relu", {"negative_slope": 0.25}, "default"),
    ("relu", {"max_value": 2.0}, "default"),
    ("relu", {"max_value": 6.0}, "default"),
    ("relu", {"negative_slope": 0.25, "max_value": 2.0}, "default"),
    ("relu", {"negative_slope": 0.25, "max_value": 6.0}, "default"),
    ("leaky_relu", {"negative_slope": SLOPE}, "default"),
    ("leaky_relu", {"negative_slope": 0.125}, "default"),
    ("elu", {}, "default"),
    ("elu", {"alpha": 0.5}, "default"),
    ("selu", {}, "default"),
    ("gelu", {}, "gelu"),
    ("gelu", {"approximate": True}, "gelu"),
    ("silu", {}, "default"),
    ("softplus", {}, "default"),
    ("softsign", {}, "default"),
    ("exponential", {}, "default"),
    ("softmax", {}, "default"),
    ("log_softmax", {}, "default"),
]
IDS = [f"{name}{options or ''}" for name, options, _ in CASES]
each_case = pytest.mark.parametrize(("name", "options", "tolerance"), CASES, ids=IDS)
each_activation = pytest.mark.parametrize("activation", activations.PRIMES, ids=lambda f: f.__name__)
OVER_ROWS = (activations.softmax, activations.log_softmax)  # their derivatives are Jacobians
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

KINKS = [-3.0, -0.0, 0.0, 2.0, 3.0, 6.0]
POINTS = np.concatenate([np.linspace(-8, 8, 161), KINKS, [-700.0, -40.0, 40.0, 80.0, 1e-30, -2.5, 2.5]])
POINTS = POINTS.reshape(-1, 6)
SMOOTH = np.array([[-4.3, -1.1, -0.2, 0.3], [0.7, 1.9, 4.1, 7.7]])  # no kink within the step of a difference
EXTREMES = np.array(
    [[-1e4, 1e4, -1.0, 1.0, 0.0], [1e4, 1e4, -1e4, -1e4, 1e4], [-1e4, -1e4, -1e4, -1e4, -1e4]]
)


def same(ours, theirs, tolerance):
    """Assert that two arrays agree, absolutely below 1 and relatively above."""
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def in_keras(name, options, x, upstream):
    """Return Keras's values and its gradient at x, given the gradient ``upstream`` at the output."""
    import keras
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(keras.activations, name)(x, **options)
    return y.numpy(), tape.gradient(y, x, output_gradients=tf.constant(upstream)).numpy()


def differences(f, x, h=1e-5):
    """Return ∂f_i/∂x_j for a function of one row of numbers, by centred differences."""
    steps = h * np.eye(len(x))
    return np.stack([(f(x + step) - f(x - step)) / (2 * h) for step in steps], axis=-1)


@each_dtype
@each_case
def test_values_and_gradients_equal_those_of_keras(name, options, tolerance, dtype):
    activation, x = activations.get(name), POINTS.astype(dtype)
    upstream = np.random.default_rng(0).normal(size=x.shape).astype(dtype)
    value, grad = in_keras(name, options, x, upstream)
    tolerance = tol(tolerance if dtype == "float64" else "float32")
    same(activation(x, **options), value, tolerance)
    same(activations.backward(activation, x, upstream, **options), grad, tolerance)


@pytest.mark.parametrize("activation", OVER_ROWS)
def test_the_jacobian_equals_that_of_keras(activation):
    import keras
    import tensorflow as tf

    x = tf.constant(np.random.default_rng(0).normal(size=(4, 5)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(keras.activations, activation.__name__)(x)
    same(activations.PRIMES[activation](x.numpy()), tape.batch_jacobian(y, x).numpy(), tol("default"))


@each_case
def test_the_derivative_equals_finite_differences(name, options, tolerance):
    activation = activations.get(name)
    primes = activations.PRIMES[activation](SMOOTH, **options)
    for x, prime in zip(SMOOTH, primes, strict=True):
        numeric = differences(lambda x: activation(x, **options), x)
        same(prime if prime.ndim == 2 else np.diag(prime), numeric, tol("gradient"))


@each_activation
def test_backward_is_the_gradient_of_a_weighted_sum(activation):
    rng = np.random.default_rng(1)
    x, upstream = rng.normal(size=(2, 3, 4)) + 0.1, rng.normal(size=(2, 3, 4))
    numeric = differences(lambda flat: np.sum(upstream * activation(flat.reshape(x.shape))), x.ravel())
    same(activations.backward(activation, x, upstream), numeric.reshape(x.shape), tol("gradient"))


def normal_share(x):
    """Return Φ(x) from the standard library."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_curve(x):
    """Return Φ'(x) from the standard library."""
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def test_gelu_equals_its_formula_in_double_precision():
    x = np.linspace(-10, 10, 2001)
    same(activations.gelu(x), [v * normal_share(v) for v in x], tol("formula"))
    slopes = [normal_share(v) + v * normal_curve(v) for v in x]
    same(activations.gelu_prime(x), slopes, tol("formula"))


def test_the_approximate_gelu_equals_its_formula_in_double_precision():
    x = np.linspace(-10, 10, 2001)
    inner = [math.sqrt(2 / math.pi) * (v + 0.044715 * v**3) for v in x]
    values = [0.5 * v * (1 + math.tanh(u)) for v, u in zip(x, inner, strict=True)]
    same(activations.gelu(x, approximate=True), values, tol("formula"))


def test_selu_keeps_mean_0_and_variance_1_of_a_bell_curve():
    x, dx = np.linspace(-12, 12, 200_001, retstep=True)
    share = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * dx
    y = activations.selu(x)
    same([share @ y, share @ y**2], [0, 1], 1e-8)


@pytest.mark.parametrize(
    ("name", "x", "value", "slope"),
    [  # worked by hand
        ("step", [-0.5, 0.0, 2.0], [0, 1, 1], [0, 0, 0]),
        ("linear", [-0.5, 2.0], [-0.5, 2], [1, 1]),
        ("sigmoid", [0.0, math.log(3)], [1 / 2, 3 / 4], [1 / 4, 3 / 16]),
        (
            "hard_sigmoid",
            [-4.0, -3.0, 0.0, 1.5, 3.0, 4.0],
            [0, 0, 0.5, 0.75, 1, 1],
            [0, 0, 1 / 6, 1 / 6, 0, 0],
        ),
        ("tanh", [0.0, math.log(2)], [0, 3 / 5], [1, 16 / 25]),
        ("relu", [-2.0, 0.0, 3.0], [0, 0, 3], [0, 0, 1]),
        ("leaky_relu", [-2.0, 0.0, 3.0], [-0.4, 0, 3], [0.2, 0.2, 1]),
        ("elu", [-math.log(2), 0.0, 3.0], [-0.5, 0, 3], [0.5, 1, 1]),
        ("silu", [0.0, math.log(3)], [0, 0.75 * math.log(3)], [0.5, 0.75 + 3 / 16 * math.log(3)]),
        ("softplus", [0.0, math.log(3)], [math.log(2), math.log(4)], [1 / 2, 3 / 4]),
        ("softsign", [-3.0, 0.0, 1.0], [-3 / 4, 0, 1 / 2], [1 / 16, 1, 1 / 4]),
        ("exponential", [0.0, math.log(3)], [1, 3], [1, 3]),
        ("softmax", [0.0, math.log(3)], [1 / 4, 3 / 4], [[3 / 16, -3 / 16], [-3 / 16, 3 / 16]]),
        ("log_softmax", [0.0, math.log(3)], np.log([1 / 4, 3 / 4]), [[3 / 4, -3 / 4], [-1 / 4, 1 / 4]]),
    ],
)
def test_numbers_worked_by_hand_come_out(name, x, value, slope):
    activation = activations.get(name)
    same(activation(np.array(x)), value, tol("default"))
    same(activations.PRIMES[activation](np.array(x)), slope, tol("default"))


# --- extremes, dtypes, shapes -----------------------------------------------------------------------------

floats = {  # numbers up to ±10,000 that the dtype can hold
    "float32": st.floats(-10_000, 10_000, width=32),
    "float64": st.floats(-10_000, 10_000),
}
any_array = st.sampled_from(["float32", "float64"]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=floats[dtype])
)


@each_dtype
@each_activation
def test_nothing_is_nan_at_ten_thousand(activation, dtype):
    x = EXTREMES.astype(dtype)
    value, prime = activation(x), activations.PRIMES[activation](x)
    assert not np.isnan(value).any() and not np.isnan(prime).any()
    if activation is not activations.exponential:
        assert np.isfinite(value).all() and np.isfinite(prime).all()


@each_dtype
@each_case
def test_extremes_equal_those_of_keras(name, options, tolerance, dtype):
    x = EXTREMES.astype(dtype)
    value, grad = in_keras(name, options, x, np.ones_like(x))
    tolerance = tol(tolerance if dtype == "float64" else "float32")
    activation = activations.get(name)
    same(activation(x, **options), value, tolerance)
    same(activations.backward(activation, x, np.ones_like(x), **options), grad, tolerance)


@each_activation
@steady
@given(x=any_array)
def test_shape_and_dtype_are_kept(activation, x):
    value, prime = activation(x), activations.PRIMES[activation](x)
    assert (value.shape, value.dtype) == (x.shape, x.dtype)
    assert (prime.shape, prime.dtype) == (x.shape + x.shape[-1:] * (activation in OVER_ROWS), x.dtype)
    assert not np.isnan(value).any() and not np.isnan(prime).any()
    grad = activations.backward(activation, x, np.ones_like(x))
    assert (grad.shape, grad.dtype) == (x.shape, x.dtype)


@each_case
def test_options_keep_float32(name, options, tolerance):
    activation, x = activations.get(name), SMOOTH.astype("float32")
    assert activation(x, **options).dtype == "float32"
    assert activations.PRIMES[activation](x, **options).dtype == "float32"


@pytest.mark.parametrize("x", [0.5, -2, np.float32(0.5)])
@pytest.mark.parametrize("activation", [f for f in activations.PRIMES if f not in OVER_ROWS])
def test_a_single_number_gives_what_an_array_of_it_gives(activation, x):
    in_array = np.array([x], dtype=getattr(x, "dtype", float))
    same(activation(x), activation(in_array)[0], 0)
    same(activations.PRIMES[activation](x), activations.PRIMES[activation](in_array)[0], 0)


@steady
@given(x=any_array)
def test_softmax_rows_are_probabilities_that_sum_to_one(x):
    s = activations.softmax(x)
    assert (s >= 0).all()
    same(s.sum(axis=-1), np.ones(x.shape[:-1]), 4 * np.finfo(x.dtype).eps)


@steady
@given(x=any_array)
def test_log_softmax_is_the_logarithm_of_softmax(x):
    same(np.exp(activations.log_softmax(x)), activations.softmax(x), 8 * np.finfo(x.dtype).eps)


@pytest.mark.parametrize("activation", OVER_ROWS)
@steady
@given(x=arrays("float64", (2, 3), elements=st.integers(-1000, 1000)), shift=st.integers(-1000, 1000))
def test_adding_a_number_to_a_row_changes_no_softmax(activation, x, shift):
    np.testing.assert_array_equal(activation(x + shift), activation(x))


@steady
@given(x=any_array)
def test_softmax_jacobian_rows_and_columns_sum_to_zero(x):
    jacobian = activations.softmax_prime(x)
    same(jacobian.sum(axis=-1), np.zeros(x.shape), 4 * np.finfo(x.dtype).eps)
    same(jacobian, np.swapaxes(jacobian, -1, -2), 4 * np.finfo(x.dtype).eps)


@pytest.mark.parametrize("name", ["relu", "elu", "selu", "sigmoid", "tanh"])
@pytest.mark.parametrize("x", [np.inf, -np.inf, np.nan])
def test_infinity_and_nan_pass_as_in_keras(name, x):
    import keras

    theirs = getattr(keras.activations, name)(np.array([x])).numpy()
    np.testing.assert_allclose(activations.get(name)(np.array([x])), theirs, rtol=tol("default"))


# --- erf --------------------------------------------------------------------------------------------------


def test_erf_is_within_1e_15_of_the_standard_library():
    tiny_to_huge = np.logspace(-320, 308, 3001)
    near_the_seams = np.concatenate([np.nextafter(c, [-9, 9]) for c in (0.46875, 6.0)])
    x = np.concatenate([np.linspace(0, 7, 40_001), tiny_to_huge, near_the_seams, [0.46875, 6.0, np.inf]])
    x = np.concatenate([x, -x])
    assert np.abs(erf(x) - [math.erf(v) for v in x]).max() <= 1e-15


def test_erf_is_odd_keeps_relative_precision_near_zero_and_passes_nan():
    x = np.logspace(-300, 0, 1001)
    np.testing.assert_array_equal(erf(-x), -erf(x))
    np.testing.assert_allclose(erf(x), [math.erf(v) for v in x], rtol=1e-15)
    assert np.signbit(erf(-0.0)) and np.isnan(erf(np.nan))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_keeps_the_dtype(dtype):
    x = np.linspace(-5, 5, 1001).astype(dtype)
    assert erf(x).dtype == dtype
    assert np.abs(erf(x) - [math.erf(v) for v in x]).max() <= 4 * np.finfo(dtype).eps


# --- names ------------------------------------------------------------------------------------------------


@each_activation
def test_an_activation_is_found_by_its_name_and_by_itself(activation):
    assert activations.get(activation.__name__) is activation
    assert activations.get(activation) is activation


def test_every_name_is_one_of_keras_but_step():
    import keras

    for name in activations.ACTIVATIONS.keys() - {"step"}:
        assert callable(keras.activations.get(name))


def test_every_option_has_the_default_of_keras():
    import inspect

    import keras

    for name in activations.ACTIVATIONS.keys() - {"step"}:
        theirs = inspect.signature(keras.activations.get(name)).parameters
        for option in inspect.signature(activations.get(name)).parameters.values():
            assert option.default == theirs[option.name].default


def test_none_means_linear_and_swish_means_silu():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("rleu", "unknown activation 'rleu'; did you mean 'relu'"),
        (3, "unknown activation 3; known: elu,"),
        (["relu"], r"unknown activation \['relu'\]"),
        (np.sin, "activation <ufunc 'sin'> has no derivative; add it to activations.PRIMES"),
    ],
)
def test_an_unknown_activation_is_named_in_the_error(identifier, message):
    with pytest.raises(ValueError, match=message):
        activations.get(identifier)


def test_every_derivative_stands_right_after_its_function():
    lines = {f: f.__code__.co_firstlineno for f in activations.PRIMES}
    order = sorted((line, f.__name__) for f, line in lines.items())
    order += [(f.__code__.co_firstlineno, f.__name__) for f in activations.PRIMES.values()]
    names = [name for _, name in sorted(order)]
    assert names[1::2] == [f"{name}_prime" for name in names[::2]]
