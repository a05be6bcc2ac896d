"""Every bad input is told what came and what would be right, and changes nothing."""

import re

import numpy as np
import pytest

import nnbook
from nnbook import (
    activations,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    saving,
    utils,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
nan, inf = float("nan"), float("inf")
N, WIDTH, CLASSES = 12, 4, 3
X = np.random.default_rng(0).normal(size=(N, WIDTH))
SPARSE = np.arange(N) % CLASSES
ONE_HOT = np.eye(CLASSES)[SPARSE]
BITS = (np.arange(N) % 2)[:, None]
NUMBERS = X[:, :1]


def network(
    loss="sparse_categorical_crossentropy", units=CLASSES, activation="softmax", metrics=("accuracy",)
):
    """Return a model that has trained a little, so that every weight, slot and stream has a past."""
    model = nnbook.Sequential(
        [
            layers.Input((WIDTH,)),
            layers.Dense(5, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(units, activation=activation),
        ],
        seed=1,
    )
    model.compile(optimizer="adam", loss=loss, metrics=list(metrics))
    return model


def trained(loss="sparse_categorical_crossentropy", units=CLASSES, activation="softmax", y=SPARSE):
    model = network(loss, units, activation)
    model.fit(X, y, batch_size=5, verbose=0)
    return model


def classifier():
    return trained()


def one_hot_classifier():
    return trained("categorical_crossentropy", y=ONE_HOT)


def yes_or_no():
    return trained("binary_crossentropy", 1, "sigmoid", BITS)


def regressor():
    return trained("mse", 1, None, NUMBERS)


def state(model):
    """Return all that a failed call must leave as it was, bit for bit."""
    slots = (
        {name: value.tobytes() for name, value in model.optimizer.state().items()} if model.optimizer else {}
    )
    return [w.tobytes() for w in model.weights], slots, saving.streams(model), model.layers.copy()


def holed(x, value):
    x = np.array(x, float)
    x[3, -1] = value
    return x


def with_label(y, value):
    y = np.array(y, np.result_type(y, type(value)))
    y[7] = value
    return y


RAGGED = [[1.0, 2.0, 3.0, 4.0]] * (N - 1) + [[1.0]]
DATA = [  # a model, x, y, what is said
    # --- samples
    (classifier, holed(X, nan), SPARSE, "x holds NaN or infinity (first in row 3)"),
    (classifier, holed(X, inf), SPARSE, "x holds NaN or infinity (first in row 3)"),
    (classifier, holed(X, -inf).astype("float32"), SPARSE, "x holds NaN or infinity (first in row 3)"),
    (classifier, holed(X, 1e300), SPARSE, "x holds a number too large for float32 (first in row 3)"),
    (classifier, X[:0], SPARSE[:0], "x must hold at least one sample, got shape (0, 4)"),
    (classifier, [], [], "x must hold at least one sample, got shape (0,)"),
    (classifier, 3.0, 1, "x must hold at least one sample, got shape ()"),
    (classifier, X.astype(str), SPARSE, "x must hold numbers, got dtype <U"),
    (classifier, X.astype(object), SPARSE, "x must hold numbers, got dtype object"),
    (classifier, X.astype(complex), SPARSE, "x must hold numbers, got dtype complex128"),
    (classifier, None, SPARSE, "x must hold numbers, got dtype object"),
    (classifier, {"a": 1}, SPARSE, "x must hold numbers, got dtype object"),
    (classifier, RAGGED, SPARSE, "x must be one array of numbers, got rows of different lengths"),
    (classifier, X[:, :3], SPARSE, "expects inputs of shape (batch, 4), got (12, 3)"),
    (classifier, np.hstack([X, X]), SPARSE, "expects inputs of shape (batch, 4), got (12, 8)"),
    (classifier, X[0], SPARSE[0], "expects inputs of shape (batch, 4), got (4,)"),
    (classifier, X[:, :, None], SPARSE, "expects inputs of shape (batch, 4), got (12, 4, 1)"),
    # --- labels
    (classifier, X, SPARSE[:-1], "y must have as many samples as x, 12, got 11"),
    (classifier, X[:-1], SPARSE, "y must have as many samples as x, 11, got 12"),
    (classifier, X, SPARSE[:0], "y must hold at least one sample, got shape (0,)"),
    (classifier, X, None, "y must hold numbers, got dtype object"),
    (classifier, X, list("catcatcatcat"), "y must hold numbers, got dtype <U1"),
    (
        classifier,
        X,
        [[0]] * (N - 1) + [[0, 1]],
        "y must be one array of numbers, got rows of different lengths",
    ),
    (classifier, X, with_label(SPARSE, nan), "y holds NaN or infinity (first in row 7)"),
    (regressor, X, with_label(NUMBERS, inf), "y holds NaN or infinity (first in row 7)"),
    (
        classifier,
        X,
        with_label(SPARSE, 3),
        "from 0 to 2, got values from 0 to 3; a model with 3 outputs knows",
    ),
    (classifier, X, with_label(SPARSE, -1), "expects labels from 0 to 2, got values from -1 to 2"),
    (
        classifier,
        X,
        with_label(SPARSE, 1.5),
        "expects integer class labels of shape (batch,), got fractions such as 1.5",
    ),
    (classifier, X, ONE_HOT, "got one-hot rows of shape (12, 3); use categorical_crossentropy"),
    (classifier, X, np.eye(4)[SPARSE], "expects integer class labels of shape (batch,), got shape (12, 4)"),
    (
        one_hot_classifier,
        X,
        SPARSE,
        "got labels of shape (12,); for class numbers use sparse_categorical_crossentropy",
    ),
    (one_hot_classifier, X, SPARSE[:, None], "for class numbers use sparse_categorical_crossentropy"),
    (one_hot_classifier, X, np.eye(4)[SPARSE], "expects labels of shape (batch, 3)"),
    (one_hot_classifier, X, 2 * ONE_HOT, "expects labels from 0 to 1, got values from 0 to 2"),
    (
        one_hot_classifier,
        X,
        np.minimum(ONE_HOT + np.eye(3)[0], 1),
        "rows that sum to 1, got sums from 1 to 2",
    ),
    (
        yes_or_no,
        X,
        with_label(BITS, 2),
        "binary_crossentropy expects labels from 0 to 1, got values from 0 to 2",
    ),
    (yes_or_no, X, with_label(BITS, -1), "expects labels from 0 to 1, got values from -1 to 1"),
    (yes_or_no, X, 2 * BITS - 1, "expects labels from 0 to 1, got values from -1 to 1"),
    (yes_or_no, X, ONE_HOT[:, :2], "expects labels of shape (batch, 1)"),
    (
        regressor,
        X,
        ONE_HOT,
        "mean_squared_error expects labels of shape (batch, 1), as the model's output, got (12, 3)",
    ),
]
GOOD = {classifier: SPARSE, one_hot_classifier: ONE_HOT, yes_or_no: BITS, regressor: NUMBERS}
CALLS = {
    "fit": lambda model, good, x, y: model.fit(x, y, verbose=0),
    "validation": lambda model, good, x, y: model.fit(X, good, validation_data=(x, y), verbose=0),
    "train_on_batch": lambda model, good, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, good, x, y: model.test_on_batch(x, y),
    "evaluate": lambda model, good, x, y: model.evaluate(x, y, verbose=0),
}
IDS = [f"{make.__name__}: {message}" for make, *_, message in DATA]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("make", "x", "y", "message"), DATA, ids=IDS)
def test_bad_data_are_refused_and_nothing_changes(make, x, y, message, call):
    model = make()
    before = state(model)
    with pytest.raises(ValueError) as caught:
        CALLS[call](model, GOOD[make], x, y)
    assert message in str(caught.value).replace("validation data: ", "")
    assert state(model) == before


BAD_X = [(x, message) for make, x, y, message in DATA[:17]]


@pytest.mark.parametrize(("x", "message"), BAD_X, ids=[message for _, message in BAD_X])
def test_prediction_refuses_the_same_samples(x, message):
    model = classifier()
    before = state(model)
    for predict in (model.predict, model.predict_on_batch, model):
        with pytest.raises(ValueError, match=re.escape(message)):
            predict(x)
    assert state(model) == before


WEIGHTS = [  # keyword arguments of fit, what is said
    (
        {"sample_weight": np.ones(N - 1)},
        "sample_weight must have as many samples as x, 12, got 11",
    ),
    (
        {"sample_weight": holed(np.ones((N, 1)), nan)[:, 0]},
        "sample_weight holds NaN or infinity (first in row 3)",
    ),
    ({"sample_weight": -np.ones(N)}, "sample_weight must be 12 numbers >= 0"),
    ({"sample_weight": np.ones((N, 2))}, "sample_weight must be 12 numbers >= 0, got shape (12, 2)"),
    ({"sample_weight": ["heavy"] * N}, "sample_weight must hold numbers, got dtype <U5"),
    ({"sample_weight": np.ones(N), "class_weight": {0: 2.0}}, "give class_weight or sample_weight, not both"),
    ({"class_weight": {0: -1.0}}, "class_weight[0] must be a number >= 0, got -1.0"),
    ({"class_weight": {0: nan}}, "class_weight[0] must be a number >= 0, got nan"),
    ({"class_weight": {0: "2"}}, "class_weight[0] must be a number >= 0, got '2'"),
    ({"class_weight": {-1: 2.0}}, "each class of class_weight must be a whole number of at least 0, got -1"),
    (
        {"class_weight": {"cat": 2.0}},
        "each class of class_weight must be a whole number of at least 0, got 'cat'",
    ),
    ({"class_weight": [1.0, 2.0, 1.0]}, "class_weight must be a dictionary"),
    ({"class_weight": "balanced"}, "class_weight must be a dictionary"),
]
SETTINGS = [  # keyword arguments of fit, what is said
    ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
    ({"batch_size": -3}, "batch_size must be a whole number of at least 1, got -3"),
    ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, got 2.5"),
    ({"batch_size": "all"}, "batch_size must be a whole number of at least 1, got 'all'"),
    ({"batch_size": True}, "batch_size must be a whole number of at least 1, got True"),
    ({"epochs": -1}, "epochs must be a whole number of at least 0, got -1"),
    ({"epochs": 1.5}, "epochs must be a whole number of at least 0, got 1.5"),
    ({"epochs": 2, "initial_epoch": 3}, "epochs must be a whole number of at least 3, got 2"),
    ({"initial_epoch": -1}, "initial_epoch must be a whole number of at least 0, got -1"),
    ({"validation_split": 1.0}, "validation_split must be a number in [0, 1), got 1.0"),
    ({"validation_split": -0.1}, "validation_split must be a number in [0, 1), got -0.1"),
    ({"validation_split": nan}, "validation_split must be a number in [0, 1), got nan"),
    ({"validation_split": "half"}, "validation_split must be a number in [0, 1), got 'half'"),
    ({"validation_split": 0.99}, "validation_split=0.99 of 12 samples leaves one part without samples"),
    ({"validation_split": 1e-20}, "validation_split=1e-20 of 12 samples leaves one part without samples"),
    ({"validation_data": X}, "validation_data must be (x, y) or (x, y, sample_weight)"),
    ({"validation_data": (X,)}, "validation_data must be (x, y) or (x, y, sample_weight)"),
    (
        {"validation_data": (X, SPARSE, np.ones(N), 1)},
        "validation_data must be (x, y) or (x, y, sample_weight)",
    ),
    (
        {"validation_data": (X, SPARSE, np.ones(3))},
        "validation data: sample_weight must have as many samples as x",
    ),
    ({"validation_split": 0.5, "validation_batch_size": 0}, "validation_batch_size must be a whole number"),
    (
        {"validation_split": 0.5, "validation_freq": 0},
        "validation_freq must be a whole number of at least 1, got 0",
    ),
    ({"verbose": 3}, "verbose must be 'auto', 0, 1 or 2, got 3"),
    ({"verbose": "loud"}, "verbose must be 'auto', 0, 1 or 2, got 'loud'"),
    ({"callbacks": [print]}, "callbacks must be objects from nnbook.callbacks"),
    (
        {"callbacks": [callbacks.EarlyStopping("val_los")]},
        "EarlyStopping watches 'val_los', which this run will not",
    ),
    ({"callbacks": [callbacks.ReduceLROnPlateau("val_loss")]}, "it will have: loss, accuracy"),
]


@pytest.mark.parametrize(("arguments", "message"), WEIGHTS + SETTINGS, ids=[m for _, m in WEIGHTS + SETTINGS])
def test_bad_settings_of_fit_are_refused_and_nothing_changes(arguments, message):
    model = classifier()
    before = state(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, SPARSE, **{"verbose": 0} | arguments)
    assert state(model) == before


def test_a_refused_fit_does_not_even_build_the_model():
    model = nnbook.Sequential([layers.Dense(3, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy")
    for x, y in ((X, with_label(SPARSE, 7)), (holed(X, nan), SPARSE), (X[:, 0], SPARSE)):
        with pytest.raises(ValueError):
            model.fit(x, y, verbose=0)
    assert model.input_shape is None and not model.layers[0].built
    model.fit(X, SPARSE, verbose=0)


def test_a_refused_fit_keeps_the_next_one_as_it_would_have_been():
    plain, tried = classifier(), classifier()
    for settings in ({"batch_size": 0}, {"callbacks": [callbacks.EarlyStopping()]}, {"validation_split": 2}):
        with pytest.raises(ValueError):
            tried.fit(X, SPARSE, verbose=0, **settings)
    runs = [model.fit(X, SPARSE, epochs=2, verbose=0).history for model in (plain, tried)]
    assert runs[0] == runs[1]
    assert state(plain)[:3] == state(tried)[:3]


def test_a_metric_that_does_not_fit_the_labels_is_told_before_any_weight_changes():
    model = network("categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    before = state(model)
    with pytest.raises(ValueError, match="one class number a row"):
        model.fit(X, ONE_HOT, verbose=0)
    assert state(model) == before


# --- names ------------------------------------------------------------------------------------------------

NAMES = [  # what is done, what is said
    (lambda: layers.Dense(3, activation="rleu"), "unknown activation 'rleu'; did you mean 'relu'? known: "),
    (lambda: layers.Activation("sotfmax"), "unknown activation 'sotfmax'; did you mean 'softmax'?"),
    (lambda: activations.get(3), "unknown activation 3; known: "),
    (lambda: layers.Dense(3, activation=lambda x: x), "has no derivative; add it to activations.PRIMES"),
    (
        lambda: layers.Dense(3, kernel_initializer="glorot"),
        "unknown initializer 'glorot'; did you mean 'glorot_",
    ),
    (lambda: layers.Dense(3, bias_initializer=0.0), "unknown initializer 0.0"),
    (lambda: layers.Dense(3, kernel_regularizer="l3"), "unknown regularizer 'l3'; known: L1, L1L2, L2"),
    (lambda: network(loss="msee"), "unknown loss 'msee'; did you mean 'mse'?"),
    (lambda: network(loss="crossentropy_binary"), "unknown loss 'crossentropy_binary'"),
    (lambda: network(loss=None), "unknown loss None"),
    (lambda: network(loss=len), "unknown loss <built-in function len>"),
    (lambda: network(metrics=["acuracy"]), "unknown metric 'acuracy'; did you mean 'accuracy'?"),
    (lambda: network(metrics=[3]), "unknown metric 3"),
    (lambda: network().compile("adm", "mse"), "unknown optimizer 'adm'; did you mean 'adam'?"),
    (lambda: network().compile(0.01, "mse"), "unknown optimizer 0.01"),
    (
        lambda: network().compile("sgd", "mse", weighted_metrics=["mea"]),
        "unknown metric 'mea'; did you mean 'me",
    ),
    (lambda: callbacks.EarlyStopping(mode="lowest"), "mode must be 'auto', 'min' or 'max', got 'lowest'"),
    (lambda: initializers.VarianceScaling(mode="fan"), "unknown mode 'fan'; did you mean 'fan_"),
    (lambda: initializers.VarianceScaling(distribution="gaussian"), "unknown distribution 'gaussian'"),
    (lambda: nnbook.Sequential(dtype="float16"), "dtype must be 'float32' or 'float64', got 'float16'"),
]
SIZES = [
    (lambda: layers.Dense(0), "units must be a whole number of at least 1, got 0"),
    (lambda: layers.Dense(-2), "units must be a whole number of at least 1, got -2"),
    (lambda: layers.Dense(2.0), "units must be a whole number of at least 1, got 2.0"),
    (lambda: layers.Dense("ten"), "units must be a whole number of at least 1, got 'ten'"),
    (lambda: layers.Dense(None), "units must be a whole number of at least 1, got None"),
    (lambda: layers.Input(8), "must be a tuple of sizes without the batch, such as (8,), got 8"),
    (lambda: layers.Input(()), "must be a tuple of sizes without the batch, such as (8,), got ()"),
    (lambda: layers.Input((None, 8)), "must be a whole number of at least 1, got None"),
    (lambda: layers.Input((0,)), "must be a whole number of at least 1, got 0"),
    (lambda: layers.Dense(3, input_dim=-1), "must be a whole number of at least 1, got -1"),
    (lambda: layers.Dense(3, input_shape=8), "input_shape must be a tuple of sizes"),
    (lambda: layers.Dropout(1.0), "rate must be a number in [0, 1), got 1.0"),
    (lambda: layers.Dropout(-0.1), "rate must be a number in [0, 1), got -0.1"),
    (lambda: layers.Dropout(nan), "rate must be a number in [0, 1), got nan"),
    (lambda: layers.Dropout(50), "rate must be a number in [0, 1), got 50"),
    (lambda: layers.BatchNormalization(momentum=1.5), "momentum must be a number in [0, 1), got 1.5"),
    (lambda: layers.BatchNormalization(epsilon=-1), "epsilon must be a number >= 0, got -1"),
    (lambda: layers.LayerNormalization(epsilon="small"), "epsilon must be a number >= 0, got 'small'"),
    (lambda: layers.Rescaling(nan), "scale must be a number that is finite, got nan"),
    (lambda: layers.Rescaling("1/255"), "scale must be a number that is finite, got '1/255'"),
    (lambda: layers.ReLU(max_value=-1), "max_value must be a number >= 0, got -1"),
    (lambda: layers.LeakyReLU(negative_slope=-0.5), "negative_slope must be a number >= 0, got -0.5"),
    (lambda: layers.ELU(alpha=nan), "alpha must be a number >= 0, got nan"),
    (lambda: regularizers.L2(-1), "l2 must be a number >= 0, got -1"),
    (lambda: regularizers.L1L2(l1=nan), "l1 must be a number >= 0, got nan"),
    (lambda: initializers.RandomNormal(stddev=-1.0), "stddev must be a number >= 0, got -1.0"),
    (lambda: initializers.GlorotUniform(seed=-1), "seed must be a whole number of at least 0, got -1"),
    (lambda: optimizers.SGD(-0.1), "learning_rate must be a number"),
    (lambda: optimizers.SGD(nan), "learning_rate must be a number"),
    (lambda: optimizers.SGD("fast"), "learning_rate must be a number"),
    (lambda: optimizers.SGD(momentum=1.5), "momentum must be a number in [0, 1), got 1.5"),
    (lambda: optimizers.Adam(beta_1=1.0), "beta_1 must be a number in [0, 1), got 1.0"),
    (lambda: optimizers.Adam(clipnorm=0), "clipnorm must be a number > 0, got 0"),
    (
        lambda: optimizers.Adam(clipnorm=1, clipvalue=1),
        "give only one of clipnorm, clipvalue and global_clipnorm",
    ),
    (lambda: optimizers.schedules.ExponentialDecay(0.1, 0, 0.9), "decay_steps must be a number > 0, got 0"),
    (lambda: losses.Huber(delta=-1), "delta must be a number > 0, got -1"),
    (lambda: losses.BinaryCrossentropy(label_smoothing=2), "label_smoothing must be a number"),
    (lambda: metrics.TopKCategoricalAccuracy(k=0), "k must be a whole number of at least 1, got 0"),
    (lambda: nnbook.Sequential(seed=-1), "seed must be a whole number of at least 0, got -1"),
    (lambda: nnbook.Sequential(seed=1.5), "seed must be a whole number of at least 0, got 1.5"),
    (lambda: utils.set_random_seed(-1), "seed must be a whole number of at least 0, got -1"),
    (lambda: callbacks.EarlyStopping(patience=-1), "patience must be a whole number of at least 0, got -1"),
    (lambda: callbacks.EarlyStopping(min_delta=nan), "min_delta must be a number that is finite, got nan"),
    (lambda: callbacks.ReduceLROnPlateau(factor=1.0), "factor must be a number in [0, 1), got 1.0"),
    (lambda: callbacks.ReduceLROnPlateau(min_lr=-1), "min_lr must be a number >= 0, got -1"),
    (
        lambda: classifier().evaluate(X, SPARSE, batch_size=0),
        "batch_size must be a whole number of at least 1",
    ),
    (lambda: classifier().predict(X, batch_size=-1), "batch_size must be a whole number of at least 1"),
]


@pytest.mark.parametrize(("act", "message"), NAMES + SIZES, ids=[message for _, message in NAMES + SIZES])
def test_bad_names_and_sizes_are_told_at_once(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()


def test_an_unknown_name_lists_all_that_are_known():
    with pytest.raises(ValueError) as caught:
        activations.get("rleu")
    assert all(name in str(caught.value) for name in activations.ACTIVATIONS)


def test_a_failed_compile_keeps_what_was_compiled():
    for arguments in (("adm", "mse"), ("sgd", "msee"), ("sgd", "mse", {"metrics": ["mea"]})):
        model = classifier()
        before, kept = state(model), (model.optimizer, model.loss, model.metrics_config)
        with pytest.raises(ValueError):
            model.compile(*arguments[:2], **arguments[2] if len(arguments) > 2 else {})
        assert state(model) == before
        assert (model.optimizer, model.loss, model.metrics_config) == kept


# --- models -----------------------------------------------------------------------------------------------


def used_twice():
    layer = layers.Dense(4)
    return nnbook.Sequential([layers.Input((4,)), layer, layer])


def used_twice_unbuilt():
    layer = layers.Dense(4)
    return nnbook.Sequential([layer, layers.Dense(4), layer])


def used_in_two_models():
    layer = layers.Dense(4)
    return [nnbook.Sequential([layer]) for _ in range(2)]


def used_in_two_built_models():
    layer = layers.Dense(4)
    return [nnbook.Sequential([layers.Input((4,)), layer]) for _ in range(2)]


MODELS = [  # what is done, what is said
    (used_twice, "layer 'dense' already belongs to a model; make a new layer"),
    (used_twice_unbuilt, "layer 'dense' already belongs to a model; make a new layer"),
    (used_in_two_models, "layer 'dense' already belongs to a model; make a new layer"),
    (used_in_two_built_models, "layer 'dense' already belongs to a model; make a new layer"),
    (lambda: nnbook.Sequential(["dense"]), "Sequential takes layers, got 'dense'"),
    (lambda: nnbook.Sequential([layers.Dense]), "Sequential takes layers, got <class"),
    (
        lambda: nnbook.Sequential([layers.Dense(3), layers.Input((3,))]),
        "Input must be the first thing in a model",
    ),
    (lambda: nnbook.Sequential([layers.Input((3,)), layers.Input((3,))]), "Input must be the first thing"),
    (
        lambda: nnbook.Sequential([layers.Dense(3, name="a"), layers.Dense(3, name="a")]),
        "the model already has a layer called 'a'; names must differ",
    ),
    (lambda: nnbook.Sequential([layers.Dense(3)]).fit(X, NUMBERS), "not been compiled: call compile("),
    (lambda: nnbook.Sequential([layers.Dense(3)]).evaluate(X, NUMBERS), "not been compiled: call compile("),
    (
        lambda: nnbook.Sequential([layers.Dense(3)]).train_on_batch(X, NUMBERS),
        "not been compiled: call compile(",
    ),
    (lambda: nnbook.Sequential([layers.Dense(3)]).summary(), "does not know its input's shape yet"),
    (lambda: nnbook.Sequential([layers.Dense(3)]).get_weights(), "does not know its input's shape yet"),
    (lambda: nnbook.Sequential([layers.Dense(3)]).set_weights([]), "does not know its input's shape yet"),
    (lambda: nnbook.Sequential([layers.Dense(3)]).count_params(), "does not know its input's shape yet"),
    (lambda: nnbook.Sequential([layers.Dense(3)]).predict(X[:, 0]), "must have one row a sample"),
    (
        lambda: network().layers[0].forward(np.ones((32, 9))),
        "Dense expected inputs of shape (batch, 4), got (32, 9)",
    ),
    (lambda: layers.Layer().forward(X), "Layer needs a forward method"),
]


@pytest.mark.parametrize(("act", "message"), MODELS, ids=[f"{k} {m[1]}" for k, m in enumerate(MODELS)])
def test_impossible_models_are_told(act, message):
    with pytest.raises((ValueError, NotImplementedError), match=re.escape(message)):
        act()


def test_a_model_without_layers_cannot_train():
    model = nnbook.Sequential()
    model.compile(loss="mse")
    for act in (model.fit, model.train_on_batch, model.evaluate):
        with pytest.raises(ValueError, match="the model has no layers: add at least one"):
            act(X, NUMBERS)


def test_a_refused_layer_leaves_the_model_as_it_was():
    model = network()
    before, names = state(model), [layer.name for layer in model.layers]
    for layer in ("dense", model.layers[0], layers.Dense(3, name="dense"), layers.Input((3,))):
        with pytest.raises(ValueError):
            model.add(layer)
    assert state(model) == before and [layer.name for layer in model.layers] == names
    assert model.output_shape == (CLASSES,)


GOOD_WEIGHTS = [w + 1 for w in network().get_weights()]
BAD_WEIGHTS = [  # weights, what is said
    (GOOD_WEIGHTS[:-1], "expected weights of shapes"),
    ([*GOOD_WEIGHTS, np.ones(3)], "expected weights of shapes"),
    ([GOOD_WEIGHTS[0].T, *GOOD_WEIGHTS[1:]], "got [(5, 4), (5,)"),
    ([*GOOD_WEIGHTS[:-1], np.ones((3, 1))], "got [(4, 5)"),
    ([], "got []"),
    ([*GOOD_WEIGHTS[:-1], ["a", "b", "c"]], "could not convert string to float"),
    ([*GOOD_WEIGHTS[:-1], [[1], [1, 2], [3]]], ""),
]


@pytest.mark.parametrize(("weights", "message"), BAD_WEIGHTS)
def test_weights_that_do_not_fit_are_refused_whole(weights, message):
    model = classifier()
    before = state(model)
    with pytest.raises(ValueError, match=re.escape(message) or None):
        model.set_weights(weights)
    assert state(model) == before
    model.set_weights(GOOD_WEIGHTS)
    assert state(model) != before


def test_a_layer_names_itself_when_its_weights_do_not_fit():
    with pytest.raises(
        ValueError, match=r"dense_1 expected weights of shapes \[\(5, 3\), \(3,\)\], got \[\(3,\)\]"
    ):
        network().layers[-1].set_weights([np.ones(3)])


def test_normalization_refuses_to_adapt_to_bad_data():
    layer = layers.Normalization()
    for data, message in ((holed(X, nan), "data holds NaN"), (X[:0], "data must hold at least one sample")):
        with pytest.raises(ValueError, match=message):
            layer.adapt(data)
    layer.adapt(X)
    layer.build((WIDTH,), None)
    with pytest.raises(ValueError, match=r"expects inputs of shape \(batch, 4\), got \(12, 3\)"):
        layer.adapt(X[:, :3])
    fresh = layers.Normalization()
    fresh.adapt(X)
    with pytest.raises(ValueError, match="expected weights of shapes"):
        fresh.build((3,), None)


# --- files ------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_named(tmp_path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a model")
    model = classifier()
    before = state(model)
    for path, kind in ((broken, ValueError), (tmp_path / "none.safetensors", FileNotFoundError)):
        for read in (nnbook.load_model, model.load_weights):
            with pytest.raises(kind, match=path.name):
                read(path)
    assert state(model) == before
