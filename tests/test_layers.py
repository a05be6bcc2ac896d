"""Every layer against Keras and against finite differences, in training and in prediction."""

import numpy as np
import pytest
from tolerances import tol

import nnbook
from nnbook import gradcheck, layers, losses
from nnbook.activations import ACTIVATIONS
from nnbook.layers import LAYERS

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# Constants are exact in binary, since Keras casts some of them to float32 on their way. Keras has no step.
ROUGH = {"gelu": "gelu", "leaky_relu": "leaky_relu"}
CASES = {  # what it shows: (class, arguments, shape of one sample, tolerance)
    **{
        f"Dense {name}": ("Dense", {"units": 3, "activation": name}, (4,), ROUGH.get(name, "default"))
        for name in sorted(set(ACTIVATIONS) - {"step"})
    },
    "Dense without bias": ("Dense", {"units": 3, "activation": "tanh", "use_bias": False}, (4,), "default"),
    "Dense on sequences": ("Dense", {"units": 3, "activation": "tanh"}, (2, 4), "default"),
    "Dense softmax on sequences": ("Dense", {"units": 3, "activation": "softmax"}, (2, 4), "default"),
    "Dense on images": ("Dense", {"units": 2}, (2, 3, 4), "default"),
    "Dense l2": ("Dense", {"units": 3, "kernel_regularizer": ("L2", {"l2": 2**-5})}, (4,), "default"),
    "Dense l1 and l1l2": (
        "Dense",
        {
            "units": 3,
            "kernel_regularizer": ("L1L2", {"l1": 2**-5, "l2": 2**-4}),
            "bias_regularizer": ("L1", {"l1": 2**-6}),
        },
        (4,),
        "default",
    ),
    "Activation": ("Activation", {"activation": "sigmoid"}, (4,), "default"),
    "Activation softmax": ("Activation", {"activation": "softmax"}, (2, 4), "default"),
    "ReLU": ("ReLU", {}, (4,), "default"),
    "ReLU with slope": ("ReLU", {"negative_slope": 0.25}, (4,), "default"),
    "ReLU with limit": ("ReLU", {"max_value": 0.5}, (4,), "default"),
    "ReLU with both": ("ReLU", {"max_value": 0.5, "negative_slope": 0.25}, (4,), "default"),
    "LeakyReLU": ("LeakyReLU", {"negative_slope": 0.125}, (4,), "default"),
    "ELU": ("ELU", {}, (4,), "default"),
    "ELU with alpha": ("ELU", {"alpha": 0.75}, (4,), "default"),
    "Softmax": ("Softmax", {}, (4,), "default"),
    "Flatten": ("Flatten", {}, (2, 3, 2), "default"),
    "Flatten a vector": ("Flatten", {}, (4,), "default"),
    "Rescaling": ("Rescaling", {"scale": 0.125, "offset": -0.75}, (2, 3), "default"),
    "BatchNormalization": ("BatchNormalization", {"momentum": 0.75, "epsilon": 2**-10}, (4,), "batchnorm"),
    "BatchNormalization on sequences": (
        "BatchNormalization",
        {"momentum": 0.875, "epsilon": 2**-10},
        (3, 4),
        "batchnorm",
    ),
    "BatchNormalization without center": ("BatchNormalization", {"center": False}, (4,), "batchnorm"),
    "BatchNormalization without scale": ("BatchNormalization", {"scale": False}, (4,), "batchnorm"),
    "BatchNormalization with neither": (
        "BatchNormalization",
        {"center": False, "scale": False},
        (4,),
        "batchnorm",
    ),
    "LayerNormalization": ("LayerNormalization", {"epsilon": 2**-10}, (4,), "default"),
    "LayerNormalization on sequences": ("LayerNormalization", {"epsilon": 2**-10}, (3, 4), "default"),
    "LayerNormalization without center": ("LayerNormalization", {"center": False}, (4,), "default"),
    "LayerNormalization without scale": ("LayerNormalization", {"scale": False}, (4,), "default"),
    "Dropout": ("Dropout", {"rate": 0.25}, (4,), "default"),
    "Normalization": ("Normalization", {}, (4,), "default"),
}
each_case = pytest.mark.parametrize("case", CASES)
ONE_DENSE = [case for case in CASES if not case.startswith("Dense ") or case.split()[1] not in ACTIVATIONS]
each_kind_of_case = pytest.mark.parametrize("case", ["Dense tanh", "Dense softmax", *ONE_DENSE])
each_phase = pytest.mark.parametrize("training", [False, True], ids=["prediction", "training"])


def samples(shape, n=6, seed=1, dtype="float64"):
    return np.random.default_rng(seed).normal(size=(n, *shape)).astype(dtype)


def built(layer, shape, seed=3):
    """Return ``layer`` built for samples of ``shape``, none of its weights at a special value."""
    rng = np.random.default_rng(seed)
    layer.build(shape, rng, "float64")
    for w in layer.weights:
        w[...] = rng.uniform(0.25, 1.75, w.shape) * rng.choice([-1, 1], w.shape)
    for name in set(layer.state) & {"variance", "moving_variance"}:
        layer.state[name][...] = np.abs(layer.state[name])
    return layer


def made(library, case, name=None):
    """Return the layer of a case from either engine's modules: the book's one script, two engines."""
    kind, arguments, *_ = CASES[case]
    arguments = {
        key: getattr(library.regularizers, value[0])(**value[1]) if isinstance(value, tuple) else value
        for key, value in arguments.items()
    }
    return getattr(library.layers, kind)(**arguments, name=name)


def twins(keras, case):
    """Return our layer and Keras's, with the same weights."""
    shape = CASES[case][2]
    ours, theirs = built(made(nnbook, case), shape), made(keras, case)
    theirs.build((None, *shape))
    given = ours.get_weights()
    theirs.set_weights([*given, *theirs.get_weights()[len(given) :]])  # Normalization counts its samples
    if case == "Normalization":
        theirs.finalize_state()
    return ours, theirs


def ours_on(layer, x, upstream, training):
    """Return output and the gradients at input and weights of sum(output · upstream) plus penalties."""
    y = layer.forward(x, training)
    dx = layer.backward(upstream)
    layer.add_penalty_gradients()
    return [y, dx, *(layer.grads[name] for name in layer.params)]


def theirs_on(layer, x, upstream, training):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
        total = tf.reduce_sum(y * upstream) + sum(layer.losses)
    grads = tape.gradient(total, [x, *layer.trainable_variables])
    return [a.numpy() for a in (y, *grads)]


class Replay:
    """A stream of random numbers that keeps and drops what Keras kept and dropped."""

    def __init__(self, kept):
        self.kept = kept

    def random(self, shape):
        assert shape == self.kept.shape
        return np.where(self.kept, 0.0, 1.0)


@pytest.fixture
def keras(floatx64):
    import keras

    return keras


@each_phase
@each_case
def test_a_layer_computes_what_keras_computes_forward_and_backward(keras, case, training):
    _, _, shape, tolerance = CASES[case]
    x = samples(shape)
    ours, theirs = twins(keras, case)
    upstream = samples(ours.compute_output_shape(shape), seed=2)
    wanted = theirs_on(theirs, x, upstream, training)
    if case == "Dropout":
        ours.rng = Replay(wanted[0] != 0)
    for found, right in zip(ours_on(ours, x, upstream, training), wanted, strict=True):
        assert found.dtype == right.dtype and found.shape == right.shape
        np.testing.assert_allclose(found, right, rtol=tol(tolerance), atol=tol(tolerance))
    for found, right in zip(ours.weights, theirs.get_weights(), strict=False):
        np.testing.assert_allclose(found, right, rtol=tol(tolerance), atol=tol(tolerance))


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][0] == "Dense"])
def test_penalties_are_those_of_keras(keras, case):
    ours, theirs = twins(keras, case)
    assert ours.penalty() == pytest.approx(float(sum(theirs.losses)), abs=tol("default"))


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][0] == "BatchNormalization"])
def test_moving_averages_are_those_of_keras_after_several_batches(keras, case):
    ours, theirs = twins(keras, case)
    for seed in range(5):
        x = 3 + 2 * samples(CASES[case][2], n=4 + seed, seed=seed)
        ours.forward(x, training=True)
        theirs(x, training=True)
    for found, right in zip(ours.weights, theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, right, rtol=tol("batchnorm"), atol=tol("batchnorm"))


@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_normalization_adapts_as_keras_does(keras, shape):
    data = 5 + 3 * samples(shape, n=50)
    data[..., 1] = 2.0  # a column without spread
    ours, theirs = layers.Normalization(), keras.layers.Normalization()
    ours.adapt(data)
    theirs.adapt(data)
    ours.build(shape, None, "float64")
    x = samples(shape)
    x[..., 1] = 2.0
    np.testing.assert_allclose(ours.forward(x), theirs(x).numpy(), rtol=tol("default"), atol=tol("default"))


def test_normalization_may_adapt_before_or_after_it_is_built():
    data = 5 + 3 * samples((4,), n=50)
    before, after = layers.Normalization(), layers.Normalization()
    before.adapt(data)
    before.build((4,), None, "float64")
    after.build((4,), None, "float64")
    after.adapt(data)
    for a, b in zip(before.weights, after.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(after.forward(data).mean(axis=0), 0, atol=1e-12)


def test_the_table_of_cases_holds_every_layer():
    assert {case[0] for case in CASES.values()} == set(LAYERS)


@each_case
def test_output_shapes_are_as_announced_and_the_dtype_is_kept(case):
    shape = CASES[case][2]
    for dtype in ("float32", "float64"):
        layer = made(nnbook, case)
        layer.build(shape, np.random.default_rng(0), dtype)
        x = samples(shape, dtype=dtype)
        for training in (False, True):
            y = layer.forward(x, training)
            assert y.shape[1:] == layer.compute_output_shape(shape)
            assert y.dtype == dtype
            assert layer.backward(y).dtype == dtype
            layer.add_penalty_gradients()
            assert {g.dtype.name for g in layer.grads.values()} <= {dtype}


@each_case
def test_a_layer_leaves_its_input_alone(case):
    shape = CASES[case][2]
    layer, x = built(made(nnbook, case), shape), samples(shape)
    kept = x.copy()
    y = layer.forward(x, training=True)
    grad = samples(y.shape[1:], seed=2)
    kept_grad = grad.copy()
    layer.backward(grad)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(grad, kept_grad)


# --- finite differences -----------------------------------------------------------------------------------

N_CLASSES = 3
LABELS = {  # for each loss: an activation whose outputs it takes, and labels
    losses.MeanSquaredError: ("tanh", "numbers"),
    losses.MeanAbsoluteError: ("linear", "numbers"),
    losses.Huber: ("linear", "numbers"),
    losses.LogCosh: ("linear", "numbers"),
    losses.Poisson: ("exponential", "counts"),
    losses.BinaryCrossentropy: ("sigmoid", "bits"),
    losses.Hinge: ("linear", "signs"),
    losses.SquaredHinge: ("linear", "signs"),
    losses.CategoricalCrossentropy: ("softmax", "one-hot"),
    losses.SparseCategoricalCrossentropy: ("softmax", "classes"),
    losses.KLDivergence: ("softmax", "shares"),
}


def labels(kind, n, seed=5):
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0.1, 1, (n, N_CLASSES))
    return {
        "numbers": rng.normal(size=(n, N_CLASSES)),
        "counts": rng.poisson(2.0, (n, N_CLASSES)),
        "bits": rng.integers(0, 2, (n, N_CLASSES)),
        "signs": rng.choice([-1, 1], (n, N_CLASSES)),
        "one-hot": np.eye(N_CLASSES)[rng.integers(0, N_CLASSES, n)],
        "classes": rng.integers(0, N_CLASSES, n),
        "shares": shares / shares.sum(axis=1, keepdims=True),
    }[kind]


def checked_model(case, loss, activation):
    model = nnbook.Sequential(
        [
            made(nnbook, case, name="under_test"),
            layers.Flatten(),
            layers.Dense(N_CLASSES, activation=activation),
        ],
        seed=11,
        dtype="float64",
    )
    model.build((None, *CASES[case][2]))
    for w in model.trainable_weights:
        w += np.random.default_rng(w.size).uniform(-0.2, 0.2, w.shape)
    model.compile(optimizer="sgd", loss=loss)
    return model


@each_phase
@pytest.mark.parametrize("loss", dict.fromkeys(losses.LOSSES.values()), ids=lambda kind: kind.__name__)
@each_kind_of_case
def test_gradients_pass_finite_differences_under_every_loss(case, loss, training):
    activation, kind = LABELS[loss]
    x = samples(CASES[case][2], n=5, seed=4)
    y = labels(kind, len(x))
    model = checked_model(case, loss(), activation)
    errors = gradcheck.check_model(model, x, y, training=training)
    assert max(errors.values()) < 10 * tol("gradient"), errors


@each_phase
def test_gradients_pass_finite_differences_with_sample_weights_in_a_deep_model(training):
    model = nnbook.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(5, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.25),
            layers.Dense(4, activation="gelu", bias_regularizer=nnbook.regularizers.L1L2(0.01, 0.02)),
            layers.LayerNormalization(),
            layers.Dense(N_CLASSES),
            layers.Softmax(),
        ],
        seed=2,
        dtype="float64",
    )
    model.compile(loss="categorical_crossentropy")
    x, y = samples((4,), n=7), labels("one-hot", 7)
    errors = gradcheck.check_model(model, x, y, sample_weight=np.linspace(0.5, 2, 7), training=training)
    assert max(errors.values()) < 10 * tol("gradient"), errors


# --- randomness -------------------------------------------------------------------------------------------


def test_dropout_keeps_the_expectation_and_is_the_identity_in_prediction():
    layer = layers.Dropout(0.3)
    layer.build((1000,), np.random.default_rng(0))
    x = np.ones((200, 1000), "float32")
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)
    y = layer.forward(x, training=True)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    assert abs(y.mean() - 1) < 0.01 and abs((y == 0).mean() - 0.3) < 0.005
    np.testing.assert_array_equal(layer.backward(x), y)


def test_dropout_of_nothing_draws_no_random_number():
    layer = layers.Dropout(0.0)
    layer.build((3,), np.random.default_rng(0))
    before = layer.rng.bit_generator.state
    np.testing.assert_array_equal(layer.forward(samples((3,)), training=True), samples((3,)))
    assert layer.rng.bit_generator.state == before


def test_dropout_masks_differ_from_call_to_call_and_from_layer_to_layer():
    model = nnbook.Sequential([layers.Input((50,)), layers.Dropout(0.5), layers.Dropout(0.5)], seed=1)
    a, b = model.layers
    x = np.ones((4, 50), "float32")
    first = [a.forward(x, True), b.forward(x, True)]
    assert (first[0] != first[1]).any()
    assert (a.forward(x, True) != first[0]).any()


def test_batch_normalization_is_different_in_training_and_in_prediction():
    layer = layers.BatchNormalization()
    layer.build((4,), None, "float64")
    x = 5 + 3 * samples((4,), n=40)
    y = layer.forward(x, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), x.var(axis=0) / (x.var(axis=0) + 0.001), rtol=1e-12)
    kept = layer.get_weights()
    z = layer.forward(x)
    assert np.abs(z - y).min() > 0.1
    np.testing.assert_array_equal(layer.forward(x[:1]), z[:1])  # a row's output depends on no other row
    for before, after in zip(kept, layer.weights, strict=True):
        np.testing.assert_array_equal(before, after)


def test_layer_normalization_is_the_same_in_training_and_in_prediction():
    layer = layers.LayerNormalization()
    layer.build((4,), None, "float64")
    x = 5 + 3 * samples((4,), n=7)
    y = layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.forward(x), y)
    np.testing.assert_array_equal(layer.forward(x[2:3]), y[2:3])


def dense_stack(between=(), *, seed=7, dtype="float32"):
    """Return a model of three Dense layers, further layers put in where ``between`` says."""
    model = nnbook.Sequential([layers.Input((6,))], seed=seed, dtype=dtype)
    for k in range(4):
        for layer in [make() for place, make in between if place == k]:
            model.add(layer)
        if k < 3:
            model.add(layers.Dense(5 - k, activation="relu"))
    return model


def kernels(model):
    return [layer.get_weights() for layer in model.layers if isinstance(layer, layers.Dense)]


EXTRAS = {
    "Dropout": lambda: layers.Dropout(0.5),
    "BatchNormalization": layers.BatchNormalization,
    "LayerNormalization": layers.LayerNormalization,
    "Activation": lambda: layers.Activation("tanh"),
    "Normalization": layers.Normalization,
}


@pytest.mark.parametrize("places", [(0,), (1,), (2,), (3,), (0, 1, 2, 3)])
@pytest.mark.parametrize("extra", EXTRAS)
def test_adding_a_layer_that_draws_no_weights_keeps_the_initial_weights(extra, places):
    plain, longer = dense_stack(), dense_stack([(k, EXTRAS[extra]) for k in places])
    assert len(longer.layers) == len(plain.layers) + len(places)
    for a, b in zip(kernels(plain), kernels(longer), strict=True):
        np.testing.assert_array_equal(a[0], b[0])


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_run():
    def run(seed):
        model = dense_stack([(1, EXTRAS["Dropout"]), (2, EXTRAS["BatchNormalization"])], seed=seed)
        model.compile(optimizer="adam", loss="mse")
        history = model.fit(samples((6,), n=40), samples((3,), n=40, seed=9), epochs=2, verbose=0)
        return model.get_weights(), history.history["loss"]

    (weights, loss), (again, loss_again), (other, loss_other) = run(4), run(4), run(5)
    assert loss == loss_again != loss_other
    for a, b in zip(weights, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all((a != b).any() for a, b in zip(weights[::2], other[::2], strict=True))


def test_models_of_either_precision_start_alike():
    for a, b in zip(dense_stack().weights, dense_stack(dtype="float64").weights, strict=True):
        assert a.dtype == "float32" and b.dtype == "float64"
        np.testing.assert_array_equal(a, b.astype("float32"))


def test_two_layers_alike_do_not_start_alike():
    model = nnbook.Sequential([layers.Input((4,)), layers.Dense(4), layers.Dense(4)], seed=0)
    first, second = model.layers
    assert (first.kernel != second.kernel).all()
