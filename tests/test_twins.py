"""A model and its Keras twin are the same function, take the same steps, and turn into each other."""

import numpy as np
import pytest
from tolerances import tol

import nnbook
import nnbook.twins
from nnbook import layers, losses, optimizers, regularizers
from nnbook.optimizers import schedules

RNG = np.random.default_rng(7)
X = RNG.normal(size=(24, 5))
CLASSES = RNG.integers(0, 3, 24)
ONE_HOT = np.eye(3)[CLASSES]
BITS = RNG.integers(0, 2, (24, 1)).astype(float)
REAL = RNG.normal(size=(24, 2))

# Keras turns Python numbers into float32 on their way, so hyper-parameters here are exact in binary.
RATE = 2.0**-7
EXACT = {"beta_1": 0.875, "beta_2": 0.75, "epsilon": 2.0**-20}
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(RATE),
    "momentum": lambda: optimizers.SGD(RATE, momentum=0.875),
    "nesterov": lambda: optimizers.SGD(RATE, momentum=0.875, nesterov=True),
    "adagrad": lambda: optimizers.Adagrad(RATE, initial_accumulator_value=0.125, epsilon=2.0**-20),
    "adadelta": lambda: optimizers.Adadelta(0.5, rho=0.875, epsilon=2.0**-20),
    "rmsprop": lambda: optimizers.RMSprop(RATE, rho=0.75, epsilon=2.0**-20),
    "centered rmsprop": lambda: optimizers.RMSprop(
        RATE, rho=0.75, momentum=0.5, epsilon=2.0**-10, centered=True
    ),
    "adam": lambda: optimizers.Adam(RATE, **EXACT),
    "amsgrad": lambda: optimizers.Adam(RATE, amsgrad=True, **EXACT),
    "adamw": lambda: optimizers.AdamW(RATE, weight_decay=2.0**-8, **EXACT),
    "nadam": lambda: optimizers.Nadam(RATE, **EXACT),
    "clipnorm": lambda: optimizers.SGD(RATE, clipnorm=0.125),
    "clipvalue": lambda: optimizers.SGD(RATE, clipvalue=2.0**-6),
    "global clipnorm": lambda: optimizers.Adam(RATE, global_clipnorm=0.125, **EXACT),
}
HEADS = {
    "softmax": (layers.Dense(3, "softmax"), "categorical_crossentropy", ONE_HOT),
    "sparse": (layers.Dense(3, "softmax"), "sparse_categorical_crossentropy", CLASSES),
    "logits": (layers.Dense(3), losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
    "smoothed": (layers.Dense(3, "softmax"), losses.CategoricalCrossentropy(label_smoothing=0.125), ONE_HOT),
    "sigmoid": (layers.Dense(1, "sigmoid"), "binary_crossentropy", BITS),
    "several sigmoids": (layers.Dense(3, "sigmoid"), "binary_crossentropy", ONE_HOT),
    "mse": (layers.Dense(2), "mse", REAL),
    "mae": (layers.Dense(2), "mae", REAL),
    "huber": (layers.Dense(2), losses.Huber(delta=0.5), REAL),
    "hinge": (layers.Dense(1, "tanh"), "hinge", BITS),
    "sigmoid with mse": (layers.Dense(1, "sigmoid"), "mse", BITS),
    "softmax with mse": (layers.Dense(3, "softmax"), "mse", ONE_HOT),
    "kl": (layers.Dense(3, "softmax"), "kl_divergence", ONE_HOT * 0.5 + 0.125),
    "poisson": (layers.Dense(2, "softplus"), "poisson", REAL**2),
}
BODIES = {
    "dense": lambda: [layers.Dense(6, "tanh")],
    "deep relu": lambda: [layers.Dense(8, "relu", kernel_initializer="he_normal"), layers.Dense(6, "relu")],
    "regularised": lambda: [
        layers.Dense(6, "tanh", kernel_regularizer=regularizers.L2(2.0**-7)),
        layers.Dense(4, "sigmoid", bias_regularizer=regularizers.L1(2.0**-8)),
    ],
    "dropout": lambda: [layers.Dense(8, "tanh"), layers.Dropout(0.25), layers.Dense(6), layers.Dropout(0.5)],
    "layer norm": lambda: [layers.Dense(6), layers.LayerNormalization(), layers.Activation("silu")],
    "rescaled": lambda: [layers.Rescaling(0.5, offset=0.25), layers.LeakyReLU(0.125), layers.Dense(6, "elu")],
    "no bias": lambda: [layers.Dense(6, "softsign", use_bias=False)],
}


def model(body, head, optimizer, loss, dtype="float64"):
    made = nnbook.Sequential([layers.Input((5,)), *body, head], seed=3, dtype=dtype)
    made.compile(optimizer=optimizer, loss=loss)
    return made


def fresh(layer):
    return type(layer).from_config(layer.get_config() | {"name": None})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_of_each_optimiser_agree_in_float64(name):
    m = model([layers.Dense(6, "tanh")], layers.Dense(3, "softmax"), OPTIMIZERS[name](), HEADS["softmax"][1])
    found = nnbook.twins.compare(m, X, ONE_HOT, steps=100, batch_size=8)
    assert found.worst <= tol("nadam" if name == "nadam" else "default"), found.largest


@pytest.mark.parametrize("name", HEADS)
def test_a_hundred_steps_agree_for_each_loss_in_float64(name):
    head, loss, y = HEADS[name]
    m = model([layers.Dense(6, "tanh")], fresh(head), OPTIMIZERS["adam"](), loss)
    assert nnbook.twins.compare(m, X, y, steps=100, batch_size=8).worst <= tol("default")


@pytest.mark.parametrize("name", BODIES)
def test_a_hundred_steps_agree_for_each_kind_of_layer_in_float64(name):
    m = model(BODIES[name](), layers.Dense(3, "softmax"), OPTIMIZERS["momentum"](), HEADS["softmax"][1])
    assert nnbook.twins.compare(m, X, ONE_HOT, steps=100, batch_size=8).worst <= tol("default")


def test_a_hundred_steps_agree_through_batch_normalization():
    body = [
        layers.Dense(6),
        layers.BatchNormalization(momentum=0.875, epsilon=2.0**-10),
        layers.Activation("relu"),
    ]
    m = model(body, layers.Dense(3, "softmax"), OPTIMIZERS["sgd"](), HEADS["softmax"][1])
    assert nnbook.twins.compare(m, X, ONE_HOT, steps=100, batch_size=8).worst <= tol("batchnorm")


def keras_against_itself(m, x, y, steps, batch_size):
    """How far Keras strays from itself when the input's columns, and W's rows with them, change places."""
    import tensorflow as tf

    order = np.random.default_rng(0).permutation(x.shape[1])
    a, b = nnbook.twins.to_keras(m), nnbook.twins.to_keras(m)
    W, *rest = b.get_weights()
    b.set_weights([W[order], *rest])
    step_a, step_b = nnbook.twins.training_step(a, []), nnbook.twins.training_step(b, [])
    for k in range(steps):
        batch = np.arange(k * batch_size, (k + 1) * batch_size) % len(x)
        rows = x[batch].astype("float32")
        step_a(tf.constant(rows), tf.constant(y[batch]), [])
        step_b(tf.constant(rows[:, order]), tf.constant(y[batch]), [])
    (Wa, *rest_a), (Wb, *rest_b) = a.get_weights(), b.get_weights()
    pairs = [(Wa[order], Wb), *zip(rest_a, rest_b, strict=True)]
    return max(float(np.abs(p - q).max()) for p, q in pairs)


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam"])
def test_float32_strays_no_further_from_keras_than_ten_times_keras_from_itself(name):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(96, 40)), np.eye(3)[rng.integers(0, 3, 96)]
    m = nnbook.Sequential([layers.Input((40,)), layers.Dense(24, "relu"), layers.Dense(3, "softmax")], seed=0)
    m.compile(optimizer=name, loss="categorical_crossentropy")
    found = nnbook.twins.compare(m, x, y, steps=100, batch_size=32)
    weights = max(v for quantity, v in found.largest.items() if quantity.startswith("dense"))
    assert weights <= max(10 * keras_against_itself(m, x, y, 100, 32), tol("default"))


LISTED = {
    "B1": ((784, 32, 64, 10), "softmax", "categorical_crossentropy"),
    "B2": ((8, 10, 8, 1), "sigmoid", "binary_crossentropy"),
    "B3": ((8, 10, 8, 1), "sigmoid", "binary_crossentropy"),
    "B4": ((784, 32, 10), "softmax", "sparse_categorical_crossentropy"),
}


@pytest.mark.parametrize("name", LISTED)
def test_the_listings_agree_in_float32_after_a_hundred_steps_at_default_rates(name):
    (n_in, *hidden, n_out), last, loss = LISTED[name]
    x, y = listed_data(name, n_in, n_out, loss)
    body = [layers.Dense(n, "relu") for n in hidden]
    m = nnbook.Sequential([layers.Input((n_in,)), *body, layers.Dense(n_out, last)], seed=0)
    m.compile(optimizer="adam", loss=loss)
    found = nnbook.twins.compare(m, x, y, steps=100, batch_size=1 if name == "B2" else 32)
    assert found.worst <= tol("float32"), found.largest


def listed_data(name, n_in, n_out, loss):
    if n_in == 8:
        return nnbook.datasets.thermometer() if name == "B2" else nnbook.datasets.random_labels(seed=0)
    (x, y), _ = nnbook.datasets.mnist()
    y = y if loss.startswith("sparse") else np.eye(n_out)[y]
    return x.reshape(-1, 784) / 255, y


def test_compare_leaves_the_model_as_it_was():
    m = model([layers.Dense(6, "tanh"), layers.Dropout(0.5)], layers.Dense(3, "softmax"), "adam", "mse")
    before, drawn = m.get_weights(), m.layers[1].rng.bit_generator.state
    nnbook.twins.compare(m, X, ONE_HOT, steps=3)
    assert all((a == b).all() for a, b in zip(before, m.get_weights(), strict=True))
    assert m.layers[1].rng.bit_generator.state == drawn
    assert m.optimizer.iterations == 0


def test_a_comparison_prints_bounds_and_no_digits():
    m = model([layers.Dense(6, "tanh")], layers.Dense(3, "softmax"), OPTIMIZERS["sgd"](), "mse")
    found = nnbook.twins.compare(m, X, ONE_HOT, steps=3)
    assert {bound for _, bound in found.rows()} == {"≤ 1e-12"}
    assert "gradient of dense/W" in repr(found)
    assert found._repr_html_().count("<tr>") == len(found.largest) + 1
    assert "3 steps of SGD in float64" in found.title


def test_compare_sees_a_wrong_gradient():
    class Forgetful(layers.Dense):
        def backward_z(self, dz):
            back = super().backward_z(dz)
            self.grads["b"] = self.grads["b"] / 2
            return back

    m = model([], layers.Dense(3, "softmax"), OPTIMIZERS["sgd"](), "categorical_crossentropy")
    m.layers[0].__class__ = Forgetful
    Forgetful.__module__, Forgetful.__name__ = "nnbook.layers", "Dense"
    found = nnbook.twins.compare(m, X, ONE_HOT, steps=2)
    assert found.largest["gradient of dense/b"] > 1e-3
    assert found.largest["gradient of dense/W"] > tol("default")


def test_the_twin_is_a_plain_keras_model_that_predicts_the_same():
    import keras

    body = [layers.Dense(6, "gelu"), layers.BatchNormalization(), layers.Dropout(0.5), layers.Flatten()]
    m = model(body, layers.Dense(3, "softmax"), optimizers.AdamW(0.01), "mse", dtype="float32")
    m.fit(X, ONE_HOT, epochs=3, verbose=0)
    twin = nnbook.twins.to_keras(m)
    assert type(twin) is keras.Sequential
    assert type(twin.layers[2]) is keras.layers.Dropout
    assert type(twin.optimizer) is keras.optimizers.AdamW
    np.testing.assert_allclose(twin.predict(X, verbose=0), m.predict(X), atol=tol("float32"))


def test_normalization_keeps_what_it_measured_in_the_twin_and_back():
    normalization = layers.Normalization()
    normalization.adapt(X * 3 + 1)
    m = model([normalization], layers.Dense(2), "sgd", "mse", dtype="float32")
    twin = nnbook.twins.to_keras(m)
    back = nnbook.twins.from_keras(twin)
    np.testing.assert_allclose(twin.predict(X, verbose=0), m.predict(X), atol=tol("float32"))
    np.testing.assert_array_equal(back.predict(X), m.predict(X))


def test_there_and_back_is_the_same_model():
    schedule = schedules.CosineDecay(0.01, 100, warmup_target=0.02, warmup_steps=10)
    body = [
        layers.Dense(
            6, "relu", kernel_initializer="he_uniform", kernel_regularizer=regularizers.L1L2(0.5, 0.25)
        ),
        layers.LayerNormalization(),
        layers.ELU(0.5),
        layers.Dropout(0.25),
    ]
    loss = losses.CategoricalCrossentropy(label_smoothing=0.125)
    m = model(body, layers.Dense(3, "softmax"), optimizers.Adam(schedule), loss, dtype="float32")
    back = nnbook.twins.from_keras(nnbook.twins.to_keras(m))
    assert [type(layer) for layer in back.layers] == [type(layer) for layer in m.layers]
    assert [layer.get_config() for layer in back.layers] == [layer.get_config() for layer in m.layers]
    assert back.optimizer.learning_rate.get_config() == schedule.get_config()
    assert back.loss.get_config()["label_smoothing"] == 0.125
    np.testing.assert_array_equal(back.predict(X), m.predict(X))


def keras_model(*parts, **compiled):
    import keras

    made = keras.Sequential([keras.layers.Input((5,)), *parts])
    if compiled:
        made.compile(**compiled)
    return made


def test_what_has_no_twin_is_named():
    import keras

    cases = {
        "GaussianNoise": keras_model(keras.layers.GaussianNoise(0.1)),
        "kernel_constraint": keras_model(keras.layers.Dense(2, kernel_constraint="max_norm")),
        "trainable=False": keras_model(keras.layers.Dense(2, trainable=False)),
        "Lion": keras_model(keras.layers.Dense(2), optimizer="lion", loss="mse"),
        "CosineSimilarity": keras_model(
            keras.layers.Dense(2), optimizer="sgd", loss=keras.losses.CosineSimilarity()
        ),
    }
    for word, twin in cases.items():
        with pytest.raises(ValueError, match=word):
            nnbook.twins.from_keras(twin)
    with pytest.raises(ValueError, match=r"keras\.Sequential, got dict"):
        nnbook.twins.from_keras({})
    with pytest.raises(ValueError, match="the function step has no twin"):
        nnbook.twins.to_keras(nnbook.Sequential([layers.Input((5,)), layers.Dense(2, "step")]))


def test_a_layer_of_the_readers_own_has_no_twin():
    class Doubling(layers.Layer):
        def forward(self, x, training=False):
            return 2 * x

    with pytest.raises(ValueError, match="Doubling has no twin"):
        nnbook.twins.to_keras(nnbook.Sequential([layers.Input((5,)), Doubling()]))


def test_floatx_comes_back_even_after_an_error():
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    with pytest.raises(RuntimeError), nnbook.twins.floatx("float64"):
        assert keras.config.floatx() == "float64"
        raise RuntimeError
    assert (keras.config.floatx(), keras.config.dtype_policy()) == before
