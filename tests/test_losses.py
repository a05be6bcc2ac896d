"""Every loss and gradient against Keras, against finite differences, and at its extremes."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nnbook import losses
from tests.tolerances import tol

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
steady = settings(deadline=None, derandomize=True)  # a busy machine must not fail a test

SHAPE = (6, 4)


def rows_of_probabilities(rng):
    """Return rows that sum to 1."""
    p = rng.uniform(0.1, 1, SHAPE)
    return p / p.sum(axis=-1, keepdims=True)


LABELS = {
    "numbers": lambda rng: rng.normal(size=SHAPE),
    "whole numbers": lambda rng: rng.integers(-3, 4, SHAPE),
    "counts": lambda rng: rng.poisson(2, SHAPE),
    "zero or one": lambda rng: rng.integers(0, 2, SHAPE),
    "plus or minus one": lambda rng: rng.choice([-1.0, 1.0], SHAPE),
    "shares": lambda rng: rng.uniform(0, 1, SHAPE),
    "one-hot": lambda rng: np.eye(SHAPE[-1], dtype=int)[rng.integers(0, SHAPE[-1], SHAPE[0])],
    "distributions": rows_of_probabilities,
    "classes": lambda rng: rng.integers(0, SHAPE[-1], SHAPE[0]),
    "classes in a column": lambda rng: rng.integers(0, SHAPE[-1], (SHAPE[0], 1)).astype("uint8"),
    "classes as floats": lambda rng: rng.integers(0, SHAPE[-1], SHAPE[0]).astype(float),
}
PREDICTIONS = {
    "numbers": lambda rng: 2 * rng.normal(size=SHAPE),
    "logits": lambda rng: 4 * rng.normal(size=SHAPE),
    "rates": lambda rng: rng.uniform(0.5, 4, SHAPE),
    "probabilities": lambda rng: rng.uniform(0.05, 0.95, SHAPE),
}
CASES = [  # name, options, labels, predictions, tolerance against Keras in float64
    ("mean_squared_error", {}, "numbers", "numbers", "default"),
    ("mean_squared_error", {}, "whole numbers", "numbers", "default"),
    ("mean_absolute_error", {}, "numbers", "numbers", "default"),
    ("huber", {}, "numbers", "numbers", "default"),
    ("huber", {"delta": 0.75}, "whole numbers", "numbers", "default"),
    ("log_cosh", {}, "numbers", "numbers", "log_cosh"),
    ("poisson", {}, "counts", "rates", "default"),
    ("binary_crossentropy", {}, "zero or one", "probabilities", "default"),
    ("binary_crossentropy", {}, "shares", "probabilities", "default"),
    ("binary_crossentropy", {"label_smoothing": 0.125}, "zero or one", "probabilities", "default"),
    ("binary_crossentropy", {"from_logits": True}, "zero or one", "logits", "default"),
    ("binary_crossentropy", {"from_logits": True, "label_smoothing": 0.125}, "shares", "logits", "default"),
    ("hinge", {}, "plus or minus one", "numbers", "default"),
    ("hinge", {}, "zero or one", "numbers", "default"),
    ("hinge", {}, "shares", "numbers", "default"),
    ("squared_hinge", {}, "plus or minus one", "numbers", "default"),
    ("squared_hinge", {}, "zero or one", "numbers", "default"),
    ("categorical_crossentropy", {}, "one-hot", "probabilities", "default"),
    ("categorical_crossentropy", {}, "distributions", "probabilities", "default"),
    ("categorical_crossentropy", {"label_smoothing": 0.125}, "one-hot", "probabilities", "default"),
    ("categorical_crossentropy", {"from_logits": True}, "one-hot", "logits", "default"),
    ("categorical_crossentropy", {"from_logits": True}, "distributions", "logits", "default"),
    (
        "categorical_crossentropy",
        {"from_logits": True, "label_smoothing": 0.125},
        "one-hot",
        "logits",
        "default",
    ),
    ("sparse_categorical_crossentropy", {}, "classes", "probabilities", "default"),
    ("sparse_categorical_crossentropy", {}, "classes in a column", "probabilities", "default"),
    ("sparse_categorical_crossentropy", {"from_logits": True}, "classes", "logits", "default"),
    ("sparse_categorical_crossentropy", {"from_logits": True}, "classes in a column", "logits", "default"),
    ("sparse_categorical_crossentropy", {"from_logits": True}, "classes as floats", "logits", "default"),
    ("kl_divergence", {}, "distributions", "probabilities", "default"),
    ("kl_divergence", {}, "one-hot", "probabilities", "default"),
]
IDS = [f"{name}{options or ''} of {labels}" for name, options, labels, _, _ in CASES]
each_case = pytest.mark.parametrize(("name", "options", "labels", "predictions", "tolerance"), CASES, ids=IDS)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
each_class = pytest.mark.parametrize("cls", losses.CLASSES, ids=lambda cls: cls.__name__)


def data(labels, predictions, dtype="float64", seed=0):
    """Return labels and predictions of these kinds."""
    rng = np.random.default_rng(seed)
    return LABELS[labels](rng), PREDICTIONS[predictions](rng).astype(dtype)


def functions(name):
    """Return a loss function and its gradient."""
    return getattr(losses, name), getattr(losses, f"{name}_grad")


def same(ours, theirs, tolerance):
    """Assert that two arrays agree, absolutely below 1 and relatively above."""
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def in_keras(loss, y, p, **options):
    """Return Keras's loss of each sample, and the gradient of their mean."""
    import tensorflow as tf

    p = tf.constant(p)
    with tf.GradientTape() as tape:
        tape.watch(p)
        values = loss(tf.constant(y), p, **options)
        mean = tf.reduce_mean(values)
    return values.numpy(), tape.gradient(mean, p).numpy()


def keras_losses():
    """Return Keras's module of losses."""
    import keras

    return keras.losses


@pytest.fixture
def same_as_keras(request):
    """A function that compares a loss function and its gradient with Keras's, in the dtype of p."""

    def compare(name, y, p, tolerance="default", **options):
        if p.dtype == "float64":
            request.getfixturevalue("floatx64")
        value, grad = in_keras(getattr(keras_losses(), name), y, p, **options)
        tolerance = tol(tolerance if p.dtype == "float64" else "float32")
        function, function_grad = functions(name)
        same(function(y, p, **options), value, tolerance)
        same(function_grad(y, p, **options), grad, tolerance)

    return compare


def numerical(f, p, h=1e-5):
    """Return the gradient of the number f(p) by centred differences."""
    steps = h * np.eye(p.size).reshape(p.size, *p.shape)
    return np.reshape([(f(p + step) - f(p - step)) / (2 * h) for step in steps], p.shape)


# --- against Keras ----------------------------------------------------------------------------------------


@each_dtype
@each_case
def test_values_and_gradients_equal_those_of_keras(
    name, options, labels, predictions, tolerance, dtype, same_as_keras
):
    y, p = data(labels, predictions, dtype)
    same_as_keras(name, y, p, tolerance, **options)


@each_dtype
@pytest.mark.parametrize(
    ("name", "y", "p"),
    [
        ("mean_absolute_error", [[0.0, 0.0, 0.0]], [[0.0, 1.0, -1.0]]),
        ("huber", [[0.0, 0.0, 0.0]], [[1.0, -1.0, 2.0]]),
        ("hinge", [[1.0, -1.0, 1.0]], [[1.0, -1.0, 0.0]]),
        ("squared_hinge", [[1.0, -1.0, 1.0]], [[1.0, -1.0, 0.0]]),
        ("binary_crossentropy", [[1.0] * 6, [0.0] * 6], [[0, 1e-9, 1e-7, 1 - 1e-7, 1 - 1e-9, 1]] * 2),
        (
            "categorical_crossentropy",
            [[1.0, 0, 0], [0, 1, 0], [0, 1, 0]],
            [[0, 0.5, 1], [0, 2, 0], [1e-9, 1, 3]],
        ),
        ("sparse_categorical_crossentropy", [0, 1, 1], [[0, 0.5, 1], [0, 2, 0], [1e-9, 1, 3]]),
        ("kl_divergence", [[1.0, 0, 0.5, 0.5]], [[0, 1, 1e-7, 2]]),
        ("poisson", [[0.0, 1, 2]], [[0, 0, 1e-7]]),
    ],
)
def test_kinks_and_clipped_probabilities_equal_those_of_keras(name, y, p, dtype, same_as_keras):
    same_as_keras(name, np.array(y), np.array(p, dtype=dtype))


@pytest.mark.parametrize("grad", [losses.binary_crossentropy_grad, losses.categorical_crossentropy_grad])
def test_the_gradient_is_exactly_zero_where_a_probability_was_cut_off(grad):
    assert not grad(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).any()


@pytest.mark.parametrize("weighted", [False, True])
@each_class
def test_objects_equal_those_of_keras_with_and_without_weights(cls, weighted, floatx64):
    _, _, labels, predictions, tolerance = next(c for c in CASES if c[0] == cls.function.__name__)
    y, p = data(labels, predictions)
    w = np.array([0.0, 0.5, 1.0, 1.0, 2.0, 3.0]) if weighted else None
    value, grad = in_keras(getattr(keras_losses(), cls.__name__)(), y, p, sample_weight=w)
    assert isinstance(cls()(y, p, w), float)
    same(cls()(y, p, w), value, tol(tolerance))
    same(cls().gradient(y, p, w), grad, tol(tolerance))


def test_every_name_stands_for_the_same_loss_in_keras():
    for name, cls in losses.LOSSES.items():
        theirs = keras_losses().get(name)
        known_as = getattr(theirs, "__name__", type(theirs).__name__)
        assert known_as in (cls.__name__, cls.function.__name__)


@each_class
def test_names_and_defaults_are_those_of_keras(cls):
    theirs = inspect.signature(getattr(keras_losses(), cls.__name__)).parameters
    for name, default in cls().get_config().items():
        assert default == theirs[name].default
    for option in list(inspect.signature(cls.function).parameters.values())[2:]:
        assert option.default == theirs[option.name].default


# --- against mathematics ----------------------------------------------------------------------------------


@each_case
def test_the_gradient_equals_finite_differences(name, options, labels, predictions, tolerance):
    function, function_grad = functions(name)
    y, p = data(labels, predictions, seed=1)
    numeric = numerical(lambda p: np.mean(function(y, p, **options)), p)
    same(function_grad(y, p, **options), numeric, tol("gradient"))


@each_class
def test_the_weighted_gradient_equals_finite_differences(cls):
    _, _, labels, predictions, _ = next(c for c in CASES if c[0] == cls.function.__name__)
    y, p = data(labels, predictions, seed=2)
    w = np.arange(6.0)
    numeric = numerical(lambda p: cls()(y, p, w), p)
    same(cls().gradient(y, p, w), numeric, tol("gradient"))


def test_log_cosh_equals_its_formula_in_double_precision():
    e = np.linspace(-20, 20, 801)[:, None]
    values = [math.log(math.cosh(v)) for v in e.ravel()]
    same(losses.log_cosh(np.zeros_like(e), e), values, tol("formula"))
    slopes = [math.tanh(v) / len(e) for v in e.ravel()]
    same(losses.log_cosh_grad(np.zeros_like(e), e).ravel(), slopes, tol("formula"))


L2, L3 = math.log(2), math.log(3)
BY_HAND = [  # name, options, y, p, value, gradient
    ("mean_squared_error", {}, [[1, 2]], [[3.0, 1.0]], [5 / 2], [[2, -1]]),
    ("mean_absolute_error", {}, [[1, 2]], [[3.0, 1.0]], [3 / 2], [[1 / 2, -1 / 2]]),
    ("huber", {}, [[0, 0]], [[0.5, -3.0]], [(1 / 8 + 5 / 2) / 2], [[1 / 4, -1 / 2]]),
    ("log_cosh", {}, [[0, 0]], [[L2, 0.0]], [math.log(5 / 4) / 2], [[3 / 10, 0]]),
    ("binary_crossentropy", {}, [[1], [0]], [[0.25], [0.25]], [2 * L2, 2 * L2 - L3], [[-2], [2 / 3]]),
    ("binary_crossentropy", {"from_logits": True}, [[1]], [[L3]], [2 * L2 - L3], [[-1 / 4]]),
    ("hinge", {}, [[1, 0]], [[3.0, 0.5]], [3 / 4], [[0, 1 / 2]]),
    ("squared_hinge", {}, [[1, 0]], [[3.0, 0.5]], [9 / 8], [[0, 3 / 2]]),
    ("categorical_crossentropy", {}, [[0, 1]], [[2.0, 6.0]], [2 * L2 - L3], [[1 / 8, -1 / 24]]),
    (
        "categorical_crossentropy",
        {"from_logits": True},
        [[0, 1]],
        [[0.0, L3]],
        [2 * L2 - L3],
        [[0.25, -0.25]],
    ),
    ("sparse_categorical_crossentropy", {}, [1], [[0.25, 0.75]], [2 * L2 - L3], [[1, -1 / 3]]),
    (
        "sparse_categorical_crossentropy",
        {"from_logits": True},
        [1],
        [[0.0, L3]],
        [2 * L2 - L3],
        [[0.25, -0.25]],
    ),
    ("kl_divergence", {}, [[0.5, 0.5]], [[0.25, 0.75]], [L2 - L3 / 2], [[-2, -2 / 3]]),
]


@pytest.mark.parametrize(("name", "options", "y", "p", "value", "grad"), BY_HAND)
def test_numbers_worked_by_hand_come_out(name, options, y, p, value, grad):
    function, function_grad = functions(name)
    same(function(np.array(y), np.array(p), **options), value, tol("default"))
    same(function_grad(np.array(y), np.array(p), **options), grad, tol("default"))
    same(function(y, p, **options), value, tol("default"))  # lists will do


def test_weights_multiply_the_samples_and_the_sum_is_divided_by_their_number():
    y, p = np.zeros((4, 1)), np.array([[1.0], [2.0], [3.0], [4.0]])
    assert losses.MeanSquaredError()(y, p, [0, 1, 0, 2]) == (4 + 2 * 16) / 4
    np.testing.assert_array_equal(
        losses.MeanSquaredError().gradient(y, p, [0, 1, 0, 2]), [[0], [1], [0], [4]]
    )


def test_weights_multiply_whole_samples_of_any_shape():
    y, p, w = np.zeros((2, 3, 4)), np.ones((2, 3, 4)), np.array([1.0, 3.0])
    assert losses.MeanSquaredError()(y, p, w) == 2
    grad = losses.MeanSquaredError().gradient(y, p, w)
    np.testing.assert_array_equal(grad, np.broadcast_to(w[:, None, None] * 2 / 24, y.shape))


# --- extremes, dtypes, shapes -----------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize(
    ("name", "y", "z", "value", "grad"),
    [
        (
            "binary_crossentropy",
            [[1], [0], [1], [0]],
            [[1e4], [-1e4], [-1e4], [1e4]],
            [0, 0, 1e4, 1e4],
            [0, 0, -1, 1],
        ),
        ("categorical_crossentropy", [[1, 0], [1, 0]], [[1e4, -1e4], [-1e4, 1e4]], [0, 2e4], [0, 0, -1, 1]),
        ("sparse_categorical_crossentropy", [0, 0], [[1e4, -1e4], [-1e4, 1e4]], [0, 2e4], [0, 0, -1, 1]),
    ],
)
def test_logits_of_ten_thousand_give_exact_values(name, y, z, value, grad, dtype):
    function, function_grad = functions(name)
    y, z = np.array(y), np.array(z, dtype=dtype)
    values = function(y, z, from_logits=True)
    np.testing.assert_array_equal(values, value)
    np.testing.assert_array_equal(function_grad(y, z, from_logits=True), np.reshape(grad, z.shape) / len(z))
    assert not np.signbit(values).any()  # a loss of nothing prints as 0, not as -0


@each_dtype
@each_case
def test_the_result_has_the_dtype_of_the_prediction(name, options, labels, predictions, tolerance, dtype):
    function, function_grad = functions(name)
    y, p = data(labels, predictions, dtype)
    for labels_dtype in (y.dtype, "float32", "float64", "int64"):
        assert function(y.astype(labels_dtype), p, **options).dtype == dtype
        assert function_grad(y.astype(labels_dtype), p, **options).dtype == dtype


def test_predictions_in_whole_numbers_do_not_round_the_labels():
    assert losses.mean_squared_error(np.array([0.5, 0.5]), np.array([0, 1])) == 0.25
    np.testing.assert_array_equal(losses.mean_squared_error_grad([0.5, 0.5], [0, 1]), [-0.5, 0.5])


@st.composite
def labels_and_predictions(draw, highest=10_000):
    """Draw labels of 0 and 1, and predictions of the same shape, up to ±10,000 or from 0 to 1."""
    width, dtype = draw(st.sampled_from([(32, "float32"), (64, "float64")]))
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=4))
    numbers = st.floats(-highest if highest > 1 else 0, highest, width=width)
    return draw(arrays("int64", shape, elements=st.integers(0, 1))), draw(
        arrays(dtype, shape, elements=numbers)
    )


ON_NUMBERS = ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "hinge", "squared_hinge"]
ON_LOGITS = ["binary_crossentropy", "categorical_crossentropy"]
ON_PROBABILITIES = ["binary_crossentropy", "kl_divergence", "poisson"]


def finite_and_in_shape(name, y, p, **options):
    """Assert that value and gradient have the right shapes and dtypes and hold neither NaN nor infinity."""
    function, function_grad = functions(name)
    value, grad = function(y, p, **options), function_grad(y, p, **options)
    assert (value.shape, value.dtype) == (p.shape[:-1], p.dtype)
    assert (grad.shape, grad.dtype) == (p.shape, p.dtype)
    assert np.isfinite(value).all() and np.isfinite(grad).all()


@pytest.mark.parametrize("name", ON_NUMBERS)
@steady
@given(pair=labels_and_predictions())
def test_any_numbers_give_finite_values_and_gradients(name, pair):
    finite_and_in_shape(name, *pair)


@pytest.mark.parametrize("name", ON_LOGITS)
@steady
@given(pair=labels_and_predictions())
def test_any_logits_give_finite_values_and_gradients(name, pair):
    finite_and_in_shape(name, *pair, from_logits=True)


@pytest.mark.parametrize("name", ON_PROBABILITIES)
@steady
@given(pair=labels_and_predictions(highest=1))
def test_any_probabilities_give_finite_values_and_gradients(name, pair):
    finite_and_in_shape(name, *pair)


@pytest.mark.parametrize("from_logits", [False, True])
@steady
@given(pair=labels_and_predictions(highest=1))
def test_any_classes_give_what_their_one_hot_rows_give(from_logits, pair):
    _, p = pair
    classes = np.argsort(p, axis=-1)[..., 0]
    finite_and_in_shape("sparse_categorical_crossentropy", classes, p, from_logits=from_logits)
    if from_logits:
        one_hot = np.eye(p.shape[-1])[classes]
        tolerance = 8 * np.finfo(p.dtype).eps
        for ours, theirs in zip(
            functions("sparse_categorical_crossentropy"), functions("categorical_crossentropy"), strict=True
        ):
            same(ours(classes, p, from_logits=True), theirs(one_hot, p, from_logits=True), tolerance)


@steady
@given(pair=labels_and_predictions(), shift=st.integers(-1000, 1000))
def test_adding_a_number_to_all_logits_of_a_row_changes_nothing(pair, shift):
    y, z = pair[0], np.round(pair[1])
    a = losses.categorical_crossentropy(y, z, from_logits=True)
    np.testing.assert_array_equal(losses.categorical_crossentropy(y, z + shift, from_logits=True), a)


@pytest.mark.parametrize("name", ["mean_squared_error", "huber", "binary_crossentropy", "hinge", "poisson"])
def test_labels_without_a_last_axis_of_one_do_not_multiply_the_batch(name):
    function, function_grad = functions(name)
    y, p = np.array([0.0, 1.0, 1.0]), np.array([[0.25], [0.5], [0.75]])
    np.testing.assert_array_equal(function(y, p), function(y[:, None], p))
    np.testing.assert_array_equal(function_grad(y, p), function_grad(y[:, None], p))
    assert function_grad(y[:, None], p[:, 0]).shape == (3,)


@pytest.mark.parametrize(("y", "p"), [((3, 2), (3, 1)), ((2, 3), (3, 2)), ((1, 3), (2, 3)), ((3,), (3, 3))])
def test_shapes_that_do_not_fit_are_named(y, p):
    with pytest.raises(ValueError, match="y_true and y_pred must have the same shape") as error:
        losses.mean_squared_error(np.zeros(y), np.zeros(p))
    assert str(y) in str(error.value) and str(p) in str(error.value)


def test_one_hot_rows_given_as_class_numbers_are_named():
    with pytest.raises(ValueError, match=r"one class number a row of y_pred, got \(2, 3\) and \(2, 3\)"):
        losses.sparse_categorical_crossentropy(np.eye(3)[:2], np.ones((2, 3)))


# --- names, options, labels -------------------------------------------------------------------------------


@each_class
def test_a_loss_is_found_by_name_class_function_and_configuration(cls):
    for identifier in (cls.__name__, cls.function.__name__, cls, cls.function):
        assert type(losses.get(identifier)) is cls
    loss = cls(name="mine")
    assert losses.get(loss) is loss
    config = {"class_name": cls.__name__, "config": loss.get_config()}
    assert losses.get(config).get_config() == loss.get_config()


def test_options_reach_function_and_gradient():
    y, p = data("zero or one", "logits")
    options = {"from_logits": True, "label_smoothing": 0.125}
    loss = losses.BinaryCrossentropy(**options)
    assert loss(y, p) == np.mean(losses.binary_crossentropy(y, p, **options))
    np.testing.assert_array_equal(loss.gradient(y, p), losses.binary_crossentropy_grad(y, p, **options))


def test_with_logits_changes_nothing_else():
    loss = losses.CategoricalCrossentropy(label_smoothing=0.125, name="mine").with_logits()
    assert loss.get_config() == {"from_logits": True, "label_smoothing": 0.125, "name": "mine"}


def test_a_subclass_of_loss_is_a_loss():
    class Signed(losses.Loss):
        """The mean of p - y."""

        function = staticmethod(lambda y, p: np.mean(p - y, axis=-1))
        function_grad = staticmethod(lambda y, p: np.ones_like(p) / p.size)

    loss = losses.get(Signed(name="signed"))
    assert loss(np.zeros((2, 1)), np.ones((2, 1))) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: losses.get("mean_squard_error"),
            "unknown loss 'mean_squard_error'; did you mean 'mean_squared_",
        ),
        (lambda: losses.get(None), "unknown loss None"),
        (lambda: losses.get(np.sin), "unknown loss <ufunc 'sin'>"),
        (lambda: losses.Huber(delta=-1), "delta must be"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), "label_smoothing must be"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=-0.5), "label_smoothing must be"),
    ],
)
def test_a_wrong_name_or_option_is_named_in_the_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()


ONE_HOT = np.eye(10)[np.arange(32) % 10]


@pytest.mark.parametrize(
    ("loss", "y", "shape"),
    [
        ("mse", np.zeros(32), (1,)),
        ("mse", np.zeros((32, 1)), (1,)),
        ("mae", np.full((32, 3), -9), (3,)),
        ("huber", np.zeros((32, 5, 3)), (5, 3)),
        ("log_cosh", np.zeros((32, 5)), (5, 1)),
        ("poisson", np.arange(32), (1,)),
        ("bce", np.arange(32) % 2 == 0, (1,)),
        ("bce", ONE_HOT, (10,)),
        ("bce", np.full((32, 1), 0.25), (1,)),
        ("hinge", np.arange(32) % 2, (1,)),
        ("squared_hinge", np.arange(32) % 2 * 2 - 1, (1,)),
        ("categorical_crossentropy", ONE_HOT, (10,)),
        ("categorical_crossentropy", ONE_HOT.astype("uint8"), (10,)),
        ("categorical_crossentropy", np.full((32, 3), 1 / 3, dtype="float32"), (3,)),
        ("categorical_crossentropy", ONE_HOT.reshape(4, 8, 10), (8, 10)),
        ("sparse_categorical_crossentropy", np.arange(32) % 10, (10,)),
        ("sparse_categorical_crossentropy", np.arange(32)[:, None] % 10, (10,)),
        ("sparse_categorical_crossentropy", np.arange(32) % 10.0, (10,)),
        ("sparse_categorical_crossentropy", np.zeros((32, 8), dtype=int), (8, 10)),
        ("kld", ONE_HOT, (10,)),
    ],
)
def test_right_labels_pass(loss, y, shape):
    losses.get(loss).check(y, shape)


@pytest.mark.parametrize(
    ("loss", "y", "shape", "message"),
    [
        (
            "sparse_categorical_crossentropy",
            ONE_HOT,
            (10,),
            "sparse_categorical_crossentropy expects integer class labels of shape (batch,), "
            "got one-hot rows of shape (32, 10); use categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            np.arange(32) % 10,
            (10,),
            "categorical_crossentropy expects one-hot rows of shape (batch, 10), "
            "got labels of shape (32,); for class numbers use sparse_categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            np.arange(32)[:, None] % 10,
            (10,),
            "use sparse_categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            ONE_HOT,
            (9,),
            "expects labels of shape (batch, 9), as the model's output",
        ),
        ("categorical_crossentropy", 2 * ONE_HOT, (10,), "from 0 to 1, got values from 0 to 2"),
        ("categorical_crossentropy", np.ones((32, 3)), (3,), "rows that sum to 1, got sums from 3 to 3"),
        ("categorical_crossentropy", np.arange(32) % 2, (1,), "or one output, use binary_crossentropy"),
        ("sparse_categorical_crossentropy", ONE_HOT, (9,), "got shape (32, 10) for outputs of (batch, 9)"),
        (
            "sparse_categorical_crossentropy",
            np.arange(32),
            (10,),
            "labels from 0 to 9, got values from 0 to 31",
        ),
        ("sparse_categorical_crossentropy", np.arange(1, 11), (10,), "with 10 outputs knows classes 0 to 9"),
        ("sparse_categorical_crossentropy", np.arange(32) - 1, (99,), "got values from -1 to 30"),
        ("sparse_categorical_crossentropy", np.full(32, 0.5), (10,), "got fractions such as 0.5"),
        ("sparse_categorical_crossentropy", np.full(32, np.nan), (10,), "got fractions such as nan"),
        (
            "binary_crossentropy",
            np.arange(32) % 2 * 2 - 1,
            (1,),
            "labels from 0 to 1, got values from -1 to 1",
        ),
        (
            "binary_crossentropy",
            ONE_HOT,
            (1,),
            "labels of shape (batch, 1), as the model's output, got (32, 10)",
        ),
        ("hinge", np.arange(32) % 3, (1,), "hinge expects labels from -1 to 1, got values from 0 to 2"),
        ("squared_hinge", np.full(32, -3), (1,), "squared_hinge expects labels from -1 to 1"),
        (
            "poisson",
            np.arange(32) - 1,
            (1,),
            "poisson expects labels from 0 to inf, got values from -1 to 30",
        ),
        ("kl_divergence", 2 * ONE_HOT, (10,), "kl_divergence expects labels from 0 to 1"),
        ("mse", np.zeros((32, 3)), (1,), "mean_squared_error expects labels of shape (batch, 1)"),
        ("mse", np.zeros(32), (3,), "mean_squared_error expects labels of shape (batch, 3)"),
        ("mse", np.full(32, np.nan), (1,), "got values from nan to nan"),
    ],
)
def test_wrong_labels_are_named_with_what_would_be_right(loss, y, shape, message):
    with pytest.raises(ValueError) as error:
        losses.get(loss).check(y, shape)
    assert message in str(error.value)


def test_every_gradient_stands_right_after_its_function():
    ours = [f for cls in losses.CLASSES for f in (cls.function, cls.function_grad)]
    names = [f.__name__ for f in sorted(ours, key=lambda f: f.__code__.co_firstlineno)]
    assert names[1::2] == [f"{name}_grad" for name in names[::2]]
