"""Sequential trains, evaluates and predicts as Keras's does, number by number."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import tol

import nnbook
from nnbook import layers, losses, models

pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
N = 22
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 4))
NUMBERS = X @ [[0.5], [-1.0], [0.25], [1.0]] + 0.125
SPARSE = np.argmax(X[:, :3], axis=1)
ONE_HOT = np.eye(3)[SPARSE]
BITS = (X[:, 0] > 0).astype(int)
WEIGHTS = rng.choice([0.0, 0.25, 0.5, 1.0, 2.0], N)


@pytest.fixture
def keras(floatx64):
    import keras

    return keras


def regressor(k, **arguments):
    """Return a model of either engine, given the engine's module: one script, two engines."""
    return k.models.Sequential(
        [k.layers.Input((4,)), k.layers.Dense(5, activation="tanh"), k.layers.Dense(1)], **arguments
    )


def classifier(k, units=3, activation="softmax", **arguments):
    return k.models.Sequential(
        [
            k.layers.Input((4,)),
            k.layers.Dense(5, activation="tanh"),
            k.layers.Dense(units, activation=activation),
        ],
        **arguments,
    )


def yes_or_no(k, **arguments):
    return classifier(k, 1, "sigmoid", **arguments)


def of_everything(k, **arguments):
    l2 = k.regularizers.L2(2**-6)
    return k.models.Sequential(
        [
            k.layers.Input((2, 2)),
            k.layers.Rescaling(0.5, offset=0.25),
            k.layers.Flatten(),
            k.layers.Dense(5, kernel_regularizer=l2, use_bias=False),
            k.layers.BatchNormalization(momentum=0.75, epsilon=2**-10),
            k.layers.LeakyReLU(negative_slope=0.25),
            k.layers.Dropout(0.0),
            k.layers.Dense(
                4, "elu", kernel_regularizer=k.regularizers.L1L2(2**-7, 2**-8), bias_regularizer=l2
            ),
            k.layers.LayerNormalization(epsilon=2**-10),
            k.layers.Dense(3),
            k.layers.Activation("softmax"),
        ],
        **arguments,
    )


def sgd(k):
    return k.optimizers.SGD(2**-3, momentum=0.75)


def adam(k):
    return k.optimizers.Adam(2**-5, beta_1=0.875, beta_2=1 - 2**-7, epsilon=2**-20)


RUNS = {  # model, optimizer, compile's arguments, fit's arguments, tolerance
    "regression": (regressor, sgd, {"loss": "mse", "metrics": ["mae"]}, {"x": X, "y": NUMBERS}, "default"),
    "labels without a last axis, whole batches": (
        regressor,
        sgd,
        {"loss": "mean_absolute_error"},
        {"x": X, "y": NUMBERS[:, 0], "batch_size": None},
        "default",
    ),
    "sample weights": (
        classifier,
        adam,
        {
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["sparse_categorical_accuracy"],
        },
        {"x": X, "y": SPARSE, "sample_weight": WEIGHTS, "validation_split": 0.3},
        "default",
    ),
    "the same metric with and without weights": (
        yes_or_no,
        sgd,
        {"loss": "binary_crossentropy", "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]},
        {"x": X, "y": BITS, "sample_weight": WEIGHTS},
        "default",
    ),
    "class weights of numbered classes": (
        classifier,
        sgd,
        {"loss": "sparse_categorical_crossentropy", "metrics": ["acc"], "weighted_metrics": ["accuracy"]},
        {"x": X, "y": SPARSE, "class_weight": {0: 2.0, 2: 0.25}},
        "default",
    ),
    "class weights of one-hot rows": (
        classifier,
        sgd,
        {"loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        {"x": X, "y": ONE_HOT, "class_weight": {0: 2.0, 1: 0.5}, "validation_split": 0.25},
        "default",
    ),
    "class weights of yes and no": (
        yes_or_no,
        sgd,
        {"loss": "binary_crossentropy", "metrics": ["accuracy"]},
        {"x": X, "y": BITS, "class_weight": {0: 1.0, 1: 4.0}, "validation_data": (X[:5], BITS[:5])},
        "default",
    ),
    "validation now and then, weighted": (
        regressor,
        sgd,
        {"loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]},
        {
            "x": X[5:],
            "y": NUMBERS[5:],
            "validation_data": (X[:5], NUMBERS[:5], WEIGHTS[:5]),
            "validation_freq": 2,
            "validation_batch_size": 3,
        },
        "default",
    ),
    "every kind of layer, with penalties": (
        of_everything,
        adam,
        {"loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        {"x": X.reshape(N, 2, 2), "y": ONE_HOT, "validation_split": 0.25},
        "batchnorm",
    ),
}


def weights_alike(ours, theirs, tolerance="default"):
    for w, their_w in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(w, their_w, rtol=tol(tolerance), atol=tol(tolerance))


def pair(keras, make, optimizer=sgd, **compiled):
    """Return the model in both engines, with the same weights."""
    ours, theirs = make(nnbook, dtype="float64", seed=2), make(keras)
    theirs.set_weights(ours.get_weights())
    for library, model in ((nnbook, ours), (keras, theirs)):
        model.compile(optimizer=optimizer(library), **compiled)
    return ours, theirs


@pytest.mark.parametrize("case", RUNS)
def test_fit_tells_the_history_that_keras_tells(keras, case):
    make, optimizer, compiled, fitted, tolerance = RUNS[case]
    ours, theirs = pair(keras, make, optimizer, **compiled)
    options = {"epochs": 4, "batch_size": 8, "shuffle": False, "verbose": 0} | fitted
    found, right = ours.fit(**options), theirs.fit(**options)
    assert found.epoch == right.epoch
    assert list(found.history) == list(right.history) or sorted(found.history) == sorted(right.history)
    for name, values in right.history.items():
        np.testing.assert_allclose(found.history[name], values, rtol=tol(tolerance), atol=tol(tolerance))
    weights_alike(ours, theirs, tolerance)


def test_single_steps_evaluation_and_prediction_return_what_keras_returns(keras):
    for metrics in ([], ["mae", "accuracy"]):
        ours, theirs = pair(keras, regressor, loss="mse", metrics=metrics)
        calls = [
            lambda m: m.train_on_batch(X[:9], NUMBERS[:9]),
            lambda m: m.train_on_batch(X[9:], NUMBERS[9:], sample_weight=WEIGHTS[9:]),
            lambda m: m.test_on_batch(X[:4], NUMBERS[:4]),
            lambda m: m.test_on_batch(X[:4], NUMBERS[:4], return_dict=True),
            lambda m: m.evaluate(X, NUMBERS, batch_size=5, verbose=0),
            lambda m: m.evaluate(X, NUMBERS[:, 0], sample_weight=WEIGHTS, verbose=0, return_dict=True),
            lambda m: m.train_on_batch(X, NUMBERS, return_dict=True),
            lambda m: m.predict(X, batch_size=5, verbose=0),
            lambda m: m.predict_on_batch(X),
        ]
        for k, call in enumerate(calls):
            found, right = call(ours), call(theirs)
            if isinstance(right, dict):
                assert found.keys() == right.keys()
                found, right = list(found.values()), [right[name] for name in found]
            assert np.shape(found) == np.shape(right), k
            np.testing.assert_allclose(found, right, rtol=tol("default"), atol=tol("default"), err_msg=str(k))
        assert isinstance(ours.evaluate(X, NUMBERS, verbose=0), list if metrics else float)


# --- softmax and sigmoid with their losses ----------------------------------------------------------------

BIG = 10_000.0
LOGITS = np.array([[BIG, -BIG, 0.0], [-BIG, -BIG, BIG], [0.0, 0.0, 0.0], [BIG, BIG, -BIG]])
TRUE = np.array([1, 2, 0, 0])  # at the rows: wrong by 20,000; right; one of three; one of two
ROW_LOSSES = [2 * BIG, 0.0, np.log(3), np.log(2)]
ROW_GRADS = np.array([[1, -1, 0], [0, 0, 0], [-2 / 3, 1 / 3, 1 / 3], [-1 / 2, 1 / 2, 0]])
ENDINGS = {  # how a model of logits ends, and what its loss is told
    "Dense softmax": (lambda: [layers.Dense(3, activation="softmax")], False),
    "Activation softmax": (lambda: [layers.Dense(3), layers.Activation("softmax")], False),
    "Softmax": (lambda: [layers.Dense(3), layers.Softmax()], False),
    "logits": (lambda: [layers.Dense(3)], True),
    "softmax, from_logits all the same": (lambda: [layers.Dense(3, activation="softmax")], True),
}


def showing(endings, loss, logits, dtype="float64"):
    """Return a model whose last Dense passes its input on, so that its logits are known."""
    model = nnbook.Sequential([layers.Input((logits.shape[1],)), *endings], dtype=dtype)
    model.layers[0].set_weights([np.eye(logits.shape[1]), np.zeros(logits.shape[1])])
    model.compile(loss=loss)
    return model


def loss_and_gradient(model, x, y):
    y_pred = model.forward(x.astype(model.dtype), training=True)
    return model.compute_loss(y, y_pred), model.backward(y, y_pred)


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_softmax_and_cross_entropy_are_exact_at_huge_logits(ending, sparse, dtype):
    make, from_logits = ENDINGS[ending]
    kind = losses.SparseCategoricalCrossentropy if sparse else losses.CategoricalCrossentropy
    model = showing(make(), kind(from_logits=from_logits), LOGITS, dtype)
    y = TRUE if sparse else np.eye(3)[TRUE]
    for row, (right, grad) in enumerate(zip(ROW_LOSSES, ROW_GRADS, strict=True)):
        loss, found = loss_and_gradient(model, LOGITS[row : row + 1], y[row : row + 1])
        assert loss == pytest.approx(right, rel=1e-7 if dtype == "float32" else 1e-15)
        np.testing.assert_allclose(found, [grad], rtol=1e-6 if dtype == "float32" else 1e-15)
        assert found.dtype == dtype
    loss, _ = loss_and_gradient(model, LOGITS, y)
    assert loss == pytest.approx(np.mean(ROW_LOSSES), rel=1e-7)


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("ending", ["Dense", "Activation", "logits"])
def test_sigmoid_and_binary_cross_entropy_are_exact_at_huge_logits(ending, dtype):
    endings = {
        "Dense": [layers.Dense(1, activation="sigmoid")],
        "Activation": [layers.Dense(1), layers.Activation("sigmoid")],
        "logits": [layers.Dense(1)],
    }[ending]
    x, y = np.array([[BIG], [-BIG], [BIG], [-BIG], [0.0]]), np.array([[1], [0], [0], [1], [1]])
    model = showing(endings, losses.BinaryCrossentropy(from_logits=ending == "logits"), x, dtype)
    for row, (right, grad) in enumerate([(0, 0), (0, 0), (BIG, 1), (BIG, -1), (np.log(2), -0.5)]):
        loss, found = loss_and_gradient(model, x[row : row + 1], y[row : row + 1])
        assert loss == pytest.approx(right, rel=1e-7 if dtype == "float32" else 1e-15)
        assert found == pytest.approx(grad, rel=1e-7)


def test_the_pairs_are_one_visible_table():
    assert set(models.PAIRS) == {"softmax", "sigmoid"}
    for activation, kinds in models.PAIRS.items():
        assert all(issubclass(kind, losses.Loss) for kind in kinds), activation


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`")
def test_pairs_are_made_where_keras_makes_them(keras):
    """At ±30, probabilities are clipped and logits are not, so the loss tells which of them was used."""

    def ends(k):
        smooth = k.losses.CategoricalCrossentropy(label_smoothing=0.125)
        told = k.losses.CategoricalCrossentropy(from_logits=True)
        return [
            ([k.layers.Dense(3, activation="softmax")], "categorical_crossentropy", ONE_HOT),
            ([k.layers.Dense(3), k.layers.Activation("softmax")], smooth, ONE_HOT),
            ([k.layers.Dense(3), k.layers.Softmax()], "sparse_categorical_crossentropy", SPARSE),
            (
                [k.layers.Dense(3, activation="softmax"), k.layers.Flatten()],
                "categorical_crossentropy",
                ONE_HOT,
            ),
            (
                [k.layers.Dense(3, activation="softmax"), k.layers.Rescaling(0.5)],
                "categorical_crossentropy",
                ONE_HOT,
            ),
            ([k.layers.Dense(3, activation="softmax")], told, ONE_HOT),
            ([k.layers.Dense(1, activation="sigmoid")], "binary_crossentropy", BITS),
            ([k.layers.Dense(1, activation="sigmoid"), k.layers.Flatten()], "binary_crossentropy", BITS),
            ([k.layers.Dense(3, activation="softmax")], "kl_divergence", ONE_HOT),
        ]

    for (ours, loss, y), (theirs, their_loss, _) in zip(ends(nnbook), ends(keras), strict=True):
        model = nnbook.Sequential([layers.Input((4,)), *ours], dtype="float64", seed=1)
        model.layers[0].params["W"] *= 30
        twin = keras.Sequential([keras.layers.Input((4,)), *theirs])
        twin.set_weights(model.get_weights())
        model.compile(optimizer="sgd", loss=loss)
        twin.compile(optimizer="sgd", loss=their_loss)
        right = twin.evaluate(X, y, verbose=0)
        assert model.evaluate(X, y, verbose=0) == pytest.approx(right, rel=tol("default")), (ours, loss)


# --- what fit does with the samples -----------------------------------------------------------------------


class Spy(layers.Layer):
    """Passes everything on and keeps the first column of what it sees."""

    stream = None

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.seen = []

    def forward(self, x, training=False):
        self.seen.append((training, x[:, 0].copy()))
        return x

    def backward(self, grad):
        return grad


def watched(**fitted):
    """Return what a model saw in training, batch by batch, and in validation, for rows numbered from 0."""
    spy = Spy()
    model = nnbook.Sequential([layers.Input((4,)), spy, layers.Dense(1)], seed=5)
    model.compile(optimizer="sgd", loss="mse")
    x = np.zeros((N, 4))
    x[:, 0] = np.arange(N)
    model.fit(x, NUMBERS, verbose=0, **fitted)
    return [rows for training, rows in spy.seen if training], [
        rows for training, rows in spy.seen if not training
    ]


def test_every_sample_is_seen_once_an_epoch_in_a_new_order():
    batches, _ = watched(batch_size=8, epochs=2)
    assert [len(rows) for rows in batches] == [8, 8, 6] * 2
    first, second = np.concatenate(batches[:3]), np.concatenate(batches[3:])
    assert sorted(first) == sorted(second) == list(range(N))
    assert (first != np.arange(N)).any() and (first != second).any()


def test_without_shuffle_samples_come_in_their_order():
    batches, _ = watched(batch_size=8, shuffle=False)
    np.testing.assert_array_equal(np.concatenate(batches), np.arange(N))


def test_validation_split_holds_out_the_last_rows_before_shuffling():
    batches, held_out = watched(batch_size=8, validation_split=0.25)
    assert sorted(np.concatenate(batches)) == list(range(16))
    np.testing.assert_array_equal(np.concatenate(held_out), np.arange(16, N))


def test_labels_weights_and_samples_are_shuffled_together():
    model = nnbook.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")], seed=0)
    model.compile(optimizer=nnbook.optimizers.SGD(1e-9), loss="mse", weighted_metrics=["mae"])
    x = np.arange(40.0)[:, None]
    logs = model.fit(x, x + (x % 2), sample_weight=1 - x[:, 0] % 2, batch_size=7, verbose=0).history
    assert logs["loss"][0] < 1e-6 and logs["mae"][0] < 1e-3


def test_evaluation_and_prediction_change_nothing():
    model = nnbook.Sequential(
        [layers.Input((4,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)], seed=0
    )
    model.compile(optimizer="adam", loss="mse")
    model.fit(X, NUMBERS, verbose=0)
    before = nnbook.models.saving.streams(model), [w.tobytes() for w in model.weights]
    model.evaluate(X, NUMBERS, verbose=0)
    model.test_on_batch(X, NUMBERS)
    outputs = [model.predict(X, batch_size=n) for n in (1, 7, 100)] + [model.predict_on_batch(X), model(X)]
    for y in outputs:
        assert y.shape == (N, 1) and y.dtype == "float32"
        np.testing.assert_allclose(y, outputs[0], rtol=1e-5)
    assert (nnbook.models.saving.streams(model), [w.tobytes() for w in model.weights]) == before


def test_no_epochs_train_nothing():
    model = regressor(nnbook, seed=0)
    model.compile(loss="mse")
    before = model.get_weights()
    assert model.fit(X, NUMBERS, epochs=0, verbose=0).history == {}
    assert model.fit(X, NUMBERS, epochs=3, initial_epoch=3, verbose=0).epoch == []
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool", "float16", "float32", "float64"])
def test_data_may_be_of_any_numeric_dtype_or_lists(dtype):
    x = (X > 0).astype(dtype)
    model = regressor(nnbook, seed=0)
    model.compile(optimizer="sgd", loss="mse")
    reference = regressor(nnbook, seed=0)
    reference.compile(optimizer="sgd", loss="mse")
    history = model.fit(x, x[:, :1], verbose=0).history
    assert history == reference.fit(x.astype(float).tolist(), x[:, 0].tolist(), verbose=0).history
    assert model.predict(x).dtype == "float32"


# --- building ---------------------------------------------------------------------------------------------

WAYS = {
    "Input": lambda: [layers.Input((4,)), layers.Dense(3), layers.Dense(1)],
    "Input by name": lambda: [layers.Input(shape=(4,)), layers.Dense(3), layers.Dense(1)],
    "input_shape": lambda: [layers.Dense(3, input_shape=(4,)), layers.Dense(1)],
    "input_dim": lambda: [layers.Dense(3, input_dim=4), layers.Dense(1)],
    "nothing": lambda: [layers.Dense(3), layers.Dense(1)],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_input_may_be_told_in_any_of_keras_ways_or_found_at_the_first_fit(way):
    model, reference = nnbook.Sequential(WAYS[way](), seed=3), nnbook.Sequential(WAYS["Input"](), seed=3)
    assert (model.input_shape is None) == (way == "nothing")
    for one in (model, reference):
        one.compile(optimizer="sgd", loss="mse")
    assert model.fit(X, NUMBERS, verbose=0).history == reference.fit(X, NUMBERS, verbose=0).history
    assert model.input_shape == (4,) and model.output_shape == (1,)


@pytest.mark.parametrize("act", ["build", "call", "predict", "evaluate", "train_on_batch", "add"])
def test_a_model_may_be_built_by_whatever_is_done_first(act):
    model = nnbook.Sequential(WAYS["nothing"](), seed=3)
    model.compile(optimizer=nnbook.optimizers.SGD(1e-9), loss="mse")
    {
        "build": lambda: model.build((None, 4)),
        "call": lambda: model(X),
        "predict": lambda: model.predict(X),
        "evaluate": lambda: model.evaluate(X, NUMBERS, verbose=0),
        "train_on_batch": lambda: model.train_on_batch(X, NUMBERS),
        "add": lambda: (model.add(layers.ReLU()), model(X)),
    }[act]()
    reference = nnbook.Sequential(WAYS["Input"](), seed=3)
    for a, b in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_layers_are_named_as_keras_names_them(keras):
    keras.backend.clear_session()

    def stack(k):
        units = k.layers
        many = [
            units.Input((2, 2)),
            units.Flatten(),
            units.Dense(3),
            units.Dense(3),
            units.ReLU(),
            units.ELU(),
        ]
        many += [
            units.BatchNormalization(),
            units.LayerNormalization(),
            units.Dropout(0.5),
            units.LeakyReLU(),
        ]
        many += [units.Dense(3, name="mine"), units.Dense(2), units.Activation("tanh"), units.Softmax()]
        many += [units.Rescaling(2.0), units.BatchNormalization(), units.Normalization()]
        return k.models.Sequential(many)

    ours, theirs = stack(nnbook), stack(keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [layer.compute_output_shape((None, 4))[-1:] for layer in ours.layers[1:2]] == [(3,)]


def test_weights_come_in_keras_order_and_number(keras):
    ours, theirs = of_everything(nnbook), of_everything(keras)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert [w.shape for w in ours.trainable_weights] == [tuple(w.shape) for w in theirs.trainable_weights]
    assert ours.count_params() == theirs.count_params()
    for layer, twin in zip(ours.layers, theirs.layers, strict=True):
        assert layer.count_params() == twin.count_params()
        layer.set_weights(twin.get_weights())
        for a, b in zip(layer.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7)


def test_get_weights_gives_copies_and_set_weights_takes_copies():
    model = regressor(nnbook)
    taken = model.get_weights()
    taken[0][...] = 7
    assert (model.layers[0].kernel != 7).all()
    model.set_weights(taken)
    taken[0][...] = 8
    assert (model.layers[0].kernel == 7).all()
    assert (model.layers[0].bias == 0).all() and model.layers[0].weights[0] is model.layers[0].kernel


def test_the_summary_tells_layers_shapes_and_parameters(capsys):
    model = nnbook.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", name="digits"),
        ],
        name="reader",
    )
    model.summary()
    text = capsys.readouterr().out
    for wanted in (
        r"Model: reader",
        r"flatten \(Flatten\) +\(batch, 784\) +0\n",
        r"dense \(Dense\) +\(batch, 32\) +25,120\n",
        r"norm \(BatchNormalization\) +\(batch, 32\) +128\n",
        r"dropout \(Dropout\) +\(batch, 32\) +0\n",
        r"digits \(Dense\) +\(batch, 10\) +330\n",
        r"Total 25,578, of which trainable 25,514",
    ):
        assert re.search(wanted, text), wanted
    lines = []
    model.summary(print_fn=lines.append)
    assert "\n".join(lines) + "\n" == text


STACK = st.lists(
    st.sampled_from(
        [
            lambda: layers.Dense(3),
            lambda: layers.Dense(2, activation="tanh"),
            lambda: layers.Activation("softmax"),
            layers.ReLU,
            layers.Flatten,
            lambda: layers.Rescaling(0.5),
            lambda: layers.Dropout(0.5),
            layers.BatchNormalization,
            layers.LayerNormalization,
            layers.Normalization,
        ]
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    stack=STACK,
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    n=st.integers(1, 4),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_any_stack_of_layers_keeps_shapes_dtypes_and_finds_every_gradient(stack, shape, n, dtype):
    model = nnbook.Sequential([layers.Input(shape), *(make() for make in stack)], dtype=dtype, seed=0)
    model.compile(optimizer="sgd", loss="mse")
    x = np.random.default_rng(n).normal(size=(n, *shape)).astype(dtype)
    y_pred = model.forward(x, training=True)
    assert y_pred.shape == (n, *model.output_shape) and y_pred.dtype == dtype
    dx = model.backward(np.zeros_like(y_pred), y_pred)
    assert dx.shape == x.shape and dx.dtype == dtype
    assert [g.shape for g in model.gradients] == [w.shape for w in model.trainable_weights]
    model.fit(x, np.zeros_like(y_pred), verbose=0)
    assert all(np.isfinite(w).all() and w.dtype == dtype for w in model.weights)


# --- what is printed --------------------------------------------------------------------------------------

BARS = """
import sys, numpy as np, nnbook
from nnbook.layers import Input, Dense
model = nnbook.Sequential([Input((2,)), Dense(1)], seed=0)
model.compile(loss="mse")
x, y = np.ones((8, 2)), np.ones((8, 1))
model.fit(x, y, verbose=0, validation_split=0.5)
model.evaluate(x, y, verbose=0)
model.predict(x)
assert "tqdm" not in sys.modules
model.fit(x, y, verbose=2, epochs=2, validation_split=0.5)
model.evaluate(x, y)
assert "tqdm" not in sys.modules
model.fit(x, y, verbose=1, epochs=5, initial_epoch=2, batch_size=2)
assert "tqdm" in sys.modules
"""


def test_the_bar_comes_from_tqdm_which_is_imported_only_when_a_bar_is_shown():
    done = subprocess.run([sys.executable, "-c", BARS], check=True, capture_output=True, text=True)
    number = r"[\d.e-]+"
    first, second, third = done.stdout.splitlines()
    assert re.fullmatch(rf"epoch 1: loss {number}, val_loss {number}", first)
    assert second.startswith("epoch 2: ") and re.fullmatch(rf"loss {number}", third)
    assert "12/12" in done.stderr and re.search(rf"epoch 5: .*loss {number}", done.stderr)


def test_silence_is_silent(capfd):
    model = regressor(nnbook)
    model.compile(loss="mse", metrics=["mae"])
    model.fit(X, NUMBERS, epochs=2, validation_split=0.5, verbose=0)
    model.evaluate(X, NUMBERS, verbose=0)
    model.predict(X, verbose=0)
    assert capfd.readouterr() == ("", "")


# --- runs that diverge ------------------------------------------------------------------------------------

HUGE = 1e4 * X.astype("float32")
DIVERGING = {  # hidden activation, last activation, loss, optimizer, learning rate, samples, labels
    "mse, rate too large": ("tanh", None, "mse", "SGD", 64.0, X, NUMBERS),
    "mse, rate a little too large": ("relu", None, "mse", "SGD", 2.0, X, NUMBERS),
    "mse, samples not scaled": ("relu", None, "mse", "SGD", 2**-7, HUGE, NUMBERS),
    "mse, labels not scaled": ("tanh", None, "mse", "SGD", 16.0, X, 1e6 * NUMBERS),
    "mse, momentum": (None, None, "mse", "momentum", 0.25, X, NUMBERS),
    "mse, exponential units": ("exponential", None, "mse", "SGD", 2**-4, 4 * X, NUMBERS),
    "huber, exponential units": ("exponential", None, "huber", "SGD", 8.0, X, NUMBERS),
    "poisson": ("tanh", "exponential", "poisson", "SGD", 1.625, 10 * X, np.abs(NUMBERS)),
    "crossentropy, exponential units": (
        "exponential",
        "softmax",
        "sparse_categorical_crossentropy",
        "SGD",
        4.0,
        HUGE / 1000,
        SPARSE,
    ),
    "squared hinge, rate too large": ("relu", None, "squared_hinge", "SGD", 20.0, X, BITS),
    "mse, Adam": ("tanh", None, "mse", "Adam", 1e20, X, NUMBERS),
    "mse, RMSprop": (None, None, "mse", "RMSprop", 1e9, X, NUMBERS),
}


def diverge(library, weights, case):
    """Return each batch's running loss up to where TerminateOnNaN stops the run."""
    hidden, last, loss, optimizer, rate, x, y = DIVERGING[case]
    units = library.layers
    model = library.models.Sequential(
        [units.Input((4,)), units.Dense(5, activation=hidden), units.Dense(weights[-1].size, activation=last)]
    )
    model.set_weights(weights)
    options = {"momentum": 0.875} if optimizer == "momentum" else {}
    kind = getattr(library.optimizers, "SGD" if options else optimizer)
    model.compile(optimizer=kind(learning_rate=rate, **options), loss=loss)
    seen = []
    note = library.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    model.fit(
        x.astype("float32"),
        y.astype("float32"),
        batch_size=4,
        epochs=8,
        shuffle=False,
        validation_data=(x[:4], y[:4]),
        callbacks=[note, library.callbacks.TerminateOnNaN()],
        verbose=0,
    )
    return seen, model.get_weights()


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", DIVERGING)
def test_a_diverging_run_turns_nan_at_the_batch_where_keras_does(case):
    import keras

    units = 3 if case.startswith("cross") else 1
    start = nnbook.Sequential(
        [layers.Input((4,)), layers.Dense(5), layers.Dense(units)], seed=4
    ).get_weights()
    (ours, our_weights), (theirs, their_weights) = (diverge(k, start, case) for k in (nnbook, keras))
    assert len(ours) == len(theirs)
    assert not np.isfinite(theirs[-1]) and np.isfinite(theirs[:-1]).all(), "the case does not diverge"


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_a_diverged_model_goes_on_without_a_warning():
    model = regressor(nnbook, seed=0)
    model.compile(optimizer=nnbook.optimizers.SGD(1e30), loss="mse", metrics=["mae"])
    history = model.fit(X, NUMBERS, batch_size=8, epochs=2, validation_split=0.25, verbose=0).history
    assert not np.isfinite(history["val_loss"][-1])
    assert not np.isfinite(model.predict(X)).any()
    assert not np.isfinite(model.evaluate(X, NUMBERS, verbose=0)).any()
    assert not np.isfinite(model.train_on_batch(X, NUMBERS)).any()


def test_the_running_loss_overflows_where_that_of_keras_does():
    """Each batch's loss fits into float32, their sum does not."""
    import keras

    found = []
    for library in (nnbook, keras):
        model = library.models.Sequential(
            [library.layers.Input((1,)), library.layers.Dense(1, kernel_initializer="zeros")]
        )
        model.compile(loss="mse")
        y = np.full((4, 1), 1.0625e19, "float32")
        found.append([model.evaluate(y[:n] / y[:n], y[:n], batch_size=2, verbose=0) for n in (2, 4)])
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    assert found[0][1] == np.inf
