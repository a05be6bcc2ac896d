"""Metrics count what Keras's count, go by Keras's names, and resolve "accuracy" by Keras's rule."""

import json
import re

import numpy as np
import pytest
from tolerances import tol

from nnbook import metrics

N, CLASSES, BATCHES = 24, 7, 3


def binary(rng):
    return rng.integers(0, 2, (N, 1)).astype(float), rng.uniform(size=(N, 1))


def binary_flat_labels(rng):
    y, p = binary(rng)
    return y[:, 0], p


def several_binary(rng):
    return rng.integers(0, 2, (N, 4)).astype(float), rng.uniform(size=(N, 4))


def sparse(rng):
    return rng.integers(0, CLASSES, N), rng.dirichlet(np.ones(CLASSES), N)


def sparse_column(rng):
    y, p = sparse(rng)
    return y[:, None], p


def one_hot(rng):
    y, p = sparse(rng)
    return np.eye(CLASSES)[y], p


def sparse_with_ties(rng):
    y, p = sparse(rng)
    return y, np.round(4 * p) / 4


def one_hot_with_ties(rng):
    y, p = sparse_with_ties(rng)
    return np.eye(CLASSES)[y], p


def sequences(rng):
    return rng.integers(0, CLASSES, (N, 5)), rng.dirichlet(np.ones(CLASSES), (N, 5))


def signs(rng):
    return rng.choice([-1.0, 1.0], (N, 3)), rng.normal(size=(N, 3))


def numbers(rng):
    return rng.normal(size=(N, 3)), rng.normal(size=(N, 3))


def positive(rng):
    return rng.uniform(0.5, 3, (N, 3)), rng.uniform(0.5, 3, (N, 3))


def counts(rng):
    return rng.integers(0, 3, (N, 1)), rng.integers(0, 3, (N, 1)).astype(float)


CASES = [
    ("Accuracy", {}, counts),
    ("BinaryAccuracy", {}, binary),
    ("BinaryAccuracy", {}, binary_flat_labels),
    ("BinaryAccuracy", {"threshold": 0.25}, several_binary),
    ("CategoricalAccuracy", {}, one_hot),
    ("SparseCategoricalAccuracy", {}, sparse),
    ("SparseCategoricalAccuracy", {}, sparse_column),
    ("SparseCategoricalAccuracy", {}, sparse_with_ties),
    ("SparseCategoricalAccuracy", {}, sequences),
    ("TopKCategoricalAccuracy", {}, one_hot),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot),
    ("SparseTopKCategoricalAccuracy", {}, sparse),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse_column),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse_with_ties),
    ("MeanSquaredError", {}, numbers),
    ("RootMeanSquaredError", {}, numbers),
    ("RootMeanSquaredError", {}, binary_flat_labels),
    ("MeanAbsoluteError", {}, numbers),
    ("Hinge", {}, signs),
    ("SquaredHinge", {}, signs),
    ("Poisson", {}, positive),
    ("BinaryCrossentropy", {}, binary),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.25}, several_binary),
    ("CategoricalCrossentropy", {}, one_hot),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.25}, one_hot),
    ("SparseCategoricalCrossentropy", {}, sparse),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse_column),
    ("KLDivergence", {}, one_hot),
    ("LogCoshError", {}, numbers),
    ("Precision", {}, binary),
    ("Precision", {}, binary_flat_labels),
    ("Precision", {"thresholds": 0.25}, several_binary),
    ("Precision", {"top_k": 2}, one_hot),
    ("Precision", {"top_k": 2, "class_id": 3}, one_hot),
    ("Precision", {"class_id": 1}, several_binary),
    ("Recall", {}, binary),
    ("Recall", {"thresholds": 0.75}, several_binary),
    ("Recall", {"top_k": 3, "thresholds": 0.25}, one_hot),
    ("Recall", {"top_k": 3}, one_hot_with_ties),
]


def label(case):
    name, options, data = case
    return f"{name}{options or ''}-{data.__name__.strip('<>')}"


def no_weights(rng, y):
    return None


def one_a_sample(rng, y):
    return rng.choice([0.0, 0.5, 2.0], N)


def a_column(rng, y):
    return rng.choice([0.0, 0.5, 2.0], (N, 1))


@pytest.mark.parametrize("weights", [no_weights, one_a_sample, a_column])
@pytest.mark.parametrize("name, options, data", CASES, ids=map(label, CASES))
def test_batches_add_up_as_in_keras(name, options, data, weights, floatx64):
    import keras

    rng = np.random.default_rng(2)
    ours, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    for _ in range(BATCHES):
        y, p = data(rng)
        weight = weights(rng, y)
        ours.update_state(y, p, weight)
        theirs.update_state(y, p.astype("float32") if "TopK" in name else p, weight)  # all that it takes
    assert type(ours.result()) is float
    tolerance = {"LogCoshError": tol("log_cosh")}.get(name, tol("default"))
    assert ours.result() == pytest.approx(float(theirs.result()), abs=tolerance)
    ours.reset_state()
    assert ours.result() == 0.0


@pytest.mark.parametrize("shape", [(N,), (N, 3), (N, 3, 2), ()])
@pytest.mark.parametrize("weight_axes", [None, 0, 1, 2])
def test_the_mean_weighs_as_in_keras(shape, weight_axes, floatx64):
    import keras

    rng = np.random.default_rng(0)
    if weight_axes is not None and weight_axes > len(shape):
        return
    ours, theirs = metrics.Mean(), keras.metrics.Mean()
    for _ in range(BATCHES):
        values = rng.normal(size=shape)
        weight = None if weight_axes is None else rng.uniform(size=shape[:weight_axes])
        ours.update_state(values, weight)
        theirs.update_state(values, weight)
    assert ours.result() == pytest.approx(float(theirs.result()), abs=tol("default"))


def test_a_metric_over_batches_is_not_the_mean_of_its_batches():
    metric = metrics.BinaryAccuracy()
    metric.update_state([[1.0], [1.0], [1.0]], [[0.9], [0.9], [0.9]])
    metric.update_state([[1.0]], [[0.1]])
    assert metric.result() == 0.75


def test_the_root_is_taken_over_all_batches():
    metric = metrics.RootMeanSquaredError()
    metric.update_state([[0.0]], [[3.0]])
    metric.update_state([[0.0]], [[4.0]])
    assert metric.result() == np.sqrt(12.5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_not_finite_is_in_no_top_k_as_in_keras(bad):
    import keras

    p = np.array([[0.1, bad, 0.3], [0.2, 0.3, 0.5]], "float32")
    ours, theirs = (m.SparseTopKCategoricalAccuracy(k=3) for m in (metrics, keras.metrics))
    for metric in (ours, theirs):
        metric.update_state(np.array([1, 1]), p)
    assert ours.result() == float(theirs.result()) == 0.5


# --- names ------------------------------------------------------------------------------------------------


def history_of(metric, outputs, y):
    """Return the name under which a Keras history lists the metric, and what kind of accuracy it became."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(outputs, activation="sigmoid")])
    model.compile("sgd", "mse", metrics=[metric], run_eagerly=True)
    model._compile_metrics.build(keras.ops.convert_to_tensor(y), keras.ops.ones((len(y), outputs)))
    (found,) = model._compile_metrics.metrics
    return found.name, type(found).__name__


def without_number(name):
    """Return a name of Keras's without the number that tells it from earlier ones."""
    return re.sub(r"_\d+$", "", name)


LABELS = {
    "numbers for one output": (1, np.array([0, 1, 1, 0])),
    "a column for one output": (1, np.array([[0], [1], [1], [0]])),
    "class numbers": (3, np.array([0, 1, 2, 0])),
    "a column of class numbers": (3, np.array([[0], [1], [2], [0]])),
    "one-hot": (3, np.eye(3)[[0, 1, 2, 0]]),
    "one-hot of two": (2, np.eye(2)[[0, 1, 1, 0]]),
}
ASKED = [
    "accuracy",
    "acc",
    "Accuracy",
    "ACC",
    "mse",
    "MSE",
    "mae",
    "BinaryAccuracy",
    "binary_accuracy",
    "bce",
]


@pytest.mark.parametrize("what", LABELS)
@pytest.mark.parametrize("asked", ASKED)
def test_a_name_becomes_the_metric_that_keras_makes_of_it(asked, what):
    outputs, y = LABELS[what]
    ours = metrics.get(asked, y_true_shape=y.shape, y_pred_shape=(len(y), outputs))
    assert (ours.name, type(ours).__name__) == history_of(asked, outputs, y)


def test_an_object_or_a_class_goes_by_its_own_name_as_in_keras():
    import keras

    for name in ("BinaryAccuracy", "Precision", "RootMeanSquaredError", "TopKCategoricalAccuracy"):
        y = np.array([0, 1, 1, 0])
        for wrap in (lambda kind: kind, lambda kind: kind(name="mine")):
            ours, theirs = (wrap(getattr(module, name)) for module in (metrics, keras.metrics))
            expected, _ = history_of(theirs, 1, y)
            assert metrics.get(ours).name == without_number(expected)


def test_a_history_of_keras_has_the_same_names():
    import keras

    asked = ["accuracy", "mse", "MAE"]
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=asked)
    history = model.fit(np.ones((4, 2)), np.ones(4), verbose=0).history
    shapes = {"y_true_shape": (4,), "y_pred_shape": (4, 1)}
    assert set(history) - {"loss"} == {metrics.get(name, **shapes).name for name in asked}


def test_every_name_is_one_of_keras():
    import keras

    for name in metrics.METRICS:
        ours, theirs = metrics.METRICS[name](), keras.metrics.get(name)
        assert type(ours).__name__ == type(theirs).__name__
        assert ours.name == without_number(theirs.name)


def test_without_shapes_accuracy_is_plain_as_in_keras_get():
    assert type(metrics.get("accuracy")) is metrics.Accuracy


def test_a_function_becomes_a_metric_by_its_name():
    def largest(y_true, y_pred):
        return np.max(y_pred, axis=-1)

    metric = metrics.get(largest)
    assert metric.name == "largest"
    metric.update_state(np.zeros((2, 2)), np.array([[1.0, 2.0], [4.0, 3.0]]))
    assert metric.result() == 3.0
    assert metrics.get(lambda y, p: 0.0).name == "lambda"


@pytest.mark.parametrize("name, options, data", CASES, ids=map(label, CASES))
def test_a_configuration_makes_the_same_metric(name, options, data):
    ours = getattr(metrics, name)(**options, name="mine")
    config = json.loads(json.dumps({"class_name": name, "config": ours.get_config()}))
    again = metrics.get(config)
    y, p = data(np.random.default_rng(0))
    for metric in (ours, again):
        metric.update_state(y, p)
    assert again.result() == ours.result() and again.name == "mine"


# --- the confusion matrix ---------------------------------------------------------------------------------


def test_the_confusion_matrix_counts_rows_of_truth_by_columns_of_prediction():
    found = metrics.confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0])
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def test_the_confusion_matrix_equals_tensorflows():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 10, 500), rng.integers(0, 10, 500)
    assert np.array_equal(metrics.confusion_matrix(y, p), tf.math.confusion_matrix(y, p).numpy())
    assert metrics.confusion_matrix(y.astype("uint8"), p, num_classes=12).shape == (12, 12)


ERRORS = [
    (lambda: metrics.get("acuracy"), "unknown metric 'acuracy'; did you mean 'accuracy'? known: "),
    (
        lambda: metrics.get("crossentropy"),
        "unknown metric 'crossentropy'; ",
    ),  # Keras 3.15 has it for losses only
    (lambda: metrics.get(3), "unknown metric 3; give an instance or one of: "),
    (lambda: metrics.TopKCategoricalAccuracy(k=0), "k must be a whole number of at least 1, got 0"),
    (
        lambda: metrics.BinaryAccuracy(threshold="half"),
        "threshold must be a number that is finite, got 'half'",
    ),
    (lambda: metrics.Precision(top_k=1.5), "top_k must be a whole number of at least 1, got 1.5"),
    (lambda: metrics.Recall(class_id=-1), "class_id must be a whole number of at least 0, got -1"),
    (
        lambda: metrics.BinaryAccuracy().update_state(np.ones((4, 2)), np.ones((4, 3))),
        "y_true and y_pred must have the same shape, got (4, 2) and (4, 3)",
    ),
    (
        lambda: metrics.confusion_matrix(np.eye(3), np.eye(3)),
        "y_true must be class numbers of shape (samples,), got float64 of shape (3, 3); argmax",
    ),
    (
        lambda: metrics.confusion_matrix([0, 1], [0.2, 0.7]),
        "y_pred must be class numbers of shape (samples,)",
    ),
    (lambda: metrics.confusion_matrix([0, 1], [1]), "y_true and y_pred must be equally long, got 2 and 1"),
    (lambda: metrics.confusion_matrix([0, 5], [1, 1], 3), "class numbers must lie in 0 … 2, got 0 … 5"),
    (lambda: metrics.confusion_matrix([0, -1], [1, 1]), "class numbers must lie in 0 … 1, got -1 … 1"),
]


@pytest.mark.parametrize("mistake, message", ERRORS, ids=[message for _, message in ERRORS])
def test_a_mistake_gets_a_clear_error(mistake, message):
    with pytest.raises(ValueError) as error:
        mistake()
    assert message in str(error.value)
