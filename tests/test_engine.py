"""The compiled path takes the steps of the readable one, meets the same NaN, and asks for no memory."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from heads import HEADS, covered, head
from tolerances import tol

from nnbook import (
    Sequential,
    activations,
    callbacks,
    engine,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from nnbook.models import MeanLoss, load_model
from nnbook.optimizers import schedules
from nnbook.program import Program, Value

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(37, 6))  # 37 = 4 * 8 + 5: the last batch is smaller
CLASSES = RNG.integers(0, 3, 37)
ONE_HOT = np.eye(3)[CLASSES]
BITS = RNG.integers(0, 2, (37, 1)).astype(float)
REAL = RNG.normal(size=(37, 3))
WEIGHTS = RNG.random(37)


ROUNDING = tol("default")  # both paths add the same numbers, in another order


def network(*body, head=None, seed=3, dtype="float64", **compiled):
    model = Sequential([layers.Input((6,)), *body, head or layers.Dense(3)], seed=seed, dtype=dtype)
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | compiled))
    return model


@pytest.fixture
def readable(monkeypatch):
    """Train a model on the readable path."""

    def fit(model, *args, **options):
        with monkeypatch.context() as patch:
            patch.setattr(engine, "takes", lambda model, y: False)
            return model.fit(*args, verbose=0, **options)

    return fit


@pytest.fixture
def same(readable):
    """Train a model and its copy, each on another path; compare weights, slots, streams and history."""

    def check(model, x=X, y=REAL, tolerance=ROUNDING, epochs=7, batch_size=8, **options):
        other = copy.deepcopy(model)
        assert engine.takes(model, np.asarray(y))
        ours = model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0, **options)
        theirs = readable(other, x, y, epochs=epochs, batch_size=batch_size, **options)
        assert ours.epoch == theirs.epoch and ours.history.keys() == theirs.history.keys()
        for name, found in ours.history.items():
            np.testing.assert_allclose(
                found, theirs.history[name], rtol=tolerance, atol=tolerance, err_msg=name
            )
        for a, b in zip(model.weights, other.weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
        found, right = model.optimizer.state(), other.optimizer.state()
        assert list(found) == list(right)
        for name in found:
            np.testing.assert_allclose(found[name], right[name], rtol=tolerance, atol=tolerance, err_msg=name)
        for layer, twin in zip([model, *model.layers], [other, *other.layers], strict=True):
            rng, twin_rng = getattr(layer, "rng", None), getattr(twin, "rng", None)
            assert rng is None or rng.bit_generator.state == twin_rng.bit_generator.state
        for a, b in zip(model.gradients, other.gradients, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
        assert model.shuffle_rng.bit_generator.state == other.shuffle_rng.bit_generator.state
        np.testing.assert_allclose(
            [t.result() for t in model.trackers], [t.result() for t in other.trackers], tolerance
        )

    return check


# --- the same steps ---------------------------------------------------------------------------------------


def normalization():
    layer = layers.Normalization()
    layer.adapt(X * 3 + 1)
    return layer


BODIES = {
    "dense": lambda: [layers.Dense(5, "tanh")],
    "deep": lambda: [layers.Dense(7, "relu"), layers.Dense(5, "relu"), layers.Dense(4, "relu")],
    "no bias": lambda: [layers.Dense(5, "sigmoid", use_bias=False), layers.Dense(4, use_bias=False)],
    "regularised": lambda: [
        layers.Dense(5, "tanh", kernel_regularizer=regularizers.L1(0.01)),
        layers.Dense(
            5, "tanh", kernel_regularizer=regularizers.L2(0.02), bias_regularizer=regularizers.L1(0.03)
        ),
        layers.Dense(4, "tanh", bias_regularizer=regularizers.L1L2(0.01, 0.02)),
    ],
    "activations as layers": lambda: [
        layers.Dense(5),
        layers.ReLU(),
        layers.Dense(5),
        layers.LeakyReLU(0.1),
        layers.Dense(5),
        layers.ELU(0.7),
        layers.Activation("linear"),
    ],
    "relu's options": lambda: [
        layers.Dense(9),
        layers.ReLU(max_value=6),
        layers.Dense(9),
        layers.ReLU(max_value=0.5, negative_slope=0.1),
        layers.ReLU(negative_slope=0.2),
    ],
    "softmax inside": lambda: [layers.Dense(5), layers.Softmax(), layers.Dense(4, "log_softmax")],
    "dropout": lambda: [
        layers.Dropout(0.1),
        layers.Dense(8, "relu"),
        layers.Dropout(0.5),
        layers.Dropout(0),
        layers.Dense(5),
        layers.Dropout(0.25),
    ],
    "layer norm": lambda: [layers.LayerNormalization(), layers.Dense(6), layers.LayerNormalization()],
    "layer norm without scale or centre": lambda: [
        layers.Dense(6),
        layers.LayerNormalization(center=False),
        layers.LayerNormalization(scale=False),
        layers.LayerNormalization(scale=False, center=False),
    ],
    "scalings": lambda: [
        layers.Rescaling(0.5, 0.25),
        normalization(),
        layers.Flatten(),
        layers.Dense(5, "elu"),
    ],
    "no weights before the end": lambda: [layers.Activation("tanh"), layers.Rescaling(2.0), layers.Flatten()],
}
NORMS = {
    "batch norm": lambda: [layers.Dense(6), layers.BatchNormalization(momentum=0.8), layers.ReLU()],
    "batch norm first": lambda: [layers.BatchNormalization(epsilon=0.01), layers.Dense(6, "tanh")],
    "batch norm without scale or centre": lambda: [
        layers.Dense(6),
        layers.BatchNormalization(center=False),
        layers.BatchNormalization(scale=False),
        layers.BatchNormalization(scale=False, center=False),
    ],
}


@pytest.mark.parametrize("name", BODIES)
def test_every_layer_takes_the_same_steps(same, name):
    same(network(*BODIES[name](), optimizer=optimizers.SGD(0.05, momentum=0.9), metrics=["mae"]))


@pytest.mark.parametrize("name", NORMS)
def test_batch_normalization_takes_the_same_steps(same, name):
    same(network(*NORMS[name](), metrics=["mae"]), tolerance=tol("batchnorm"), validation_split=0.2)


def test_every_layer_is_in_the_tables():
    used = {type(layer) for make in [*BODIES.values(), *NORMS.values()] for layer in make()}
    assert used == set(layers.LAYERS.values())


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_every_activation_takes_the_same_steps(same, name):
    rate = 1e-3 if name == "exponential" else 1e-2
    same(
        network(
            layers.Dense(7, name), layers.Dense(5, name), head=layers.Dense(3), optimizer=optimizers.SGD(rate)
        )
    )
    if name != "step":
        same(
            network(
                layers.Dense(7),
                layers.Activation(name),
                head=layers.Dense(3, name),
                optimizer=optimizers.SGD(rate),
            )
        )


def test_images_may_be_scaled_before_they_are_flattened(same):
    x = RNG.integers(0, 255, (37, 4, 5)).astype("uint8")
    body = [layers.Rescaling(1 / 255), layers.Dropout(0.25), layers.Activation("silu"), layers.Flatten()]
    model = Sequential([layers.Input((4, 5)), *body, layers.Dense(3, "softmax")], seed=0, dtype="float64")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    same(model, x, CLASSES)


def headed(name, dtype="float64", **compiled):
    loss, activation, units, y = head(name, len(X))
    last = layers.Dense(units, activation)
    return network(layers.Dense(6, "tanh"), head=last, loss=loss, dtype=dtype, **compiled), y


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", HEADS)
def test_every_loss_takes_the_same_steps(same, name, weighted):
    model, y = headed(
        name, optimizer=optimizers.SGD(0.1), metrics=["accuracy"], weighted_metrics=["accuracy"]
    )
    if weighted:
        same(model, y=y, sample_weight=WEIGHTS)
    else:
        same(model, y=y, validation_split=0.25)


def test_every_loss_is_in_the_table():
    assert covered() == set(losses.CLASSES)


def test_a_paired_activation_layer_takes_the_same_steps(same):
    for kind, y, loss in (("softmax", ONE_HOT, "categorical_crossentropy"), ("sigmoid", BITS, "bce")):
        body = [layers.Dense(4, "relu"), layers.Dense(y.shape[1])]
        same(network(*body, head=layers.Activation(kind), loss=loss, metrics=["accuracy"]), y=y)


RULES = {
    "sgd": lambda **o: optimizers.SGD(0.05, **o),
    "momentum": lambda **o: optimizers.SGD(0.05, momentum=0.9, **o),
    "nesterov": lambda **o: optimizers.SGD(0.05, momentum=0.9, nesterov=True, **o),
    "adagrad": lambda **o: optimizers.Adagrad(0.05, **o),
    "adadelta": lambda **o: optimizers.Adadelta(0.5, **o),
    "rmsprop": lambda **o: optimizers.RMSprop(0.01, **o),
    "rmsprop, centred": lambda **o: optimizers.RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3, **o),
    "adam": lambda **o: optimizers.Adam(0.01, **o),
    "amsgrad": lambda **o: optimizers.Adam(0.01, amsgrad=True, **o),
    "adamw": lambda **o: optimizers.AdamW(0.01, **({"weight_decay": 0.05} | o)),
    "nadam": lambda **o: optimizers.Nadam(0.01, **o),
}
OPTIONS = {
    "plain": {},
    "weight decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.05},
    "clipvalue": {"clipvalue": 0.01},
    "global clipnorm": {"global_clipnorm": 0.1},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", RULES)
def test_every_optimiser_takes_the_same_steps(same, name, option):
    model = network(layers.Dense(5, "tanh"), optimizer=RULES[name](**OPTIONS[option]))
    same(model, epochs=20)


def test_every_optimiser_is_in_the_table():
    assert {type(make()) for make in RULES.values()} == set(optimizers.CLASSES)


SCHEDULES = {
    "exponential": schedules.ExponentialDecay(0.1, 10, 0.5),
    "inverse time": schedules.InverseTimeDecay(0.1, 5, 0.5, staircase=True),
    "polynomial": schedules.PolynomialDecay(0.1, 20, 0.01, power=2.0, cycle=True),
    "cosine": schedules.CosineDecay(0.01, 30, warmup_target=0.1, warmup_steps=10),
    "piecewise": schedules.PiecewiseConstantDecay([7, 20], [0.1, 0.05, 0.01]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_takes_the_same_steps(same, name):
    for rule in (optimizers.SGD(SCHEDULES[name], momentum=0.5), optimizers.Adam(SCHEDULES[name])):
        same(network(layers.Dense(5, "tanh"), optimizer=rule))


@pytest.mark.parametrize("name", RULES)
def test_float32_takes_the_same_steps(same, name):
    model, y = headed("categorical", "float32", optimizer=RULES[name](), metrics=["accuracy"])
    same(model, y=y, tolerance=tol("float32"))


def test_updates_in_chunks_are_the_same_updates(same, monkeypatch):
    monkeypatch.setattr(engine, "CHUNK", 10)
    for name in RULES:
        same(network(layers.Dense(5, "tanh"), optimizer=RULES[name](), metrics=["mae"]), epochs=2)


@pytest.mark.parametrize("block", [1, 300, 2**18])
def test_blocks_of_any_size_give_the_same_run(same, monkeypatch, block):
    monkeypatch.setattr(engine, "BLOCK", block)
    for batch_size in (1, 5, 8, 37, 64):
        for shuffle in (False, True):
            model, y = headed("sparse", metrics=["accuracy"])
            same(model, y=y, epochs=3, batch_size=batch_size, shuffle=shuffle, sample_weight=WEIGHTS)


DATA = {
    "integers": (X.round().astype(int), CLASSES),
    "bits": (X > 0, CLASSES.astype("uint8")),
    "float32": (X.astype("float32"), CLASSES),
    "columns": (np.asfortranarray(X), CLASSES),
    "every second row": (np.repeat(X, 2, axis=0)[::2], np.repeat(CLASSES, 2)[::2]),
    "lists": (X.tolist(), CLASSES.tolist()),
}


@pytest.mark.parametrize("name", DATA)
def test_data_of_any_kind_give_the_same_run(same, name):
    model, _ = headed("sparse")
    same(model, *DATA[name], class_weight={0: 0.5, 2: 2.0})


METRICS = [
    "accuracy",
    "mae",
    metrics.Precision(),
    metrics.Recall(class_id=1),
    "root_mean_squared_error",
    "hinge",
]


@pytest.mark.parametrize("epochs", [1, 9])
@pytest.mark.parametrize("metric", METRICS, ids=lambda m: getattr(m, "name", m))
def test_every_kind_of_metric_has_the_same_history(same, metric, epochs):
    model, y = headed("categorical", metrics=[metric], weighted_metrics=[copy.deepcopy(metric)])
    same(model, y=y, epochs=epochs, sample_weight=WEIGHTS)


def test_a_metric_of_the_readers_own_sees_each_batch(same):
    seen = []

    def spread(y_true, y_pred):
        seen.append(len(y_pred))
        return np.full(len(y_pred), np.ptp(y_pred))

    same(network(layers.Dense(4, "tanh"), metrics=[spread]), epochs=2, validation_split=0.2)
    seen = [n for n in seen if n > 1]  # one sample is tried before the training
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :] and set(seen) == {8, 5}


# --- callbacks, logs and NaN ------------------------------------------------------------------------------


class Watcher(callbacks.Callback):
    """Notes every event with all that can be seen then."""

    def __init__(self, stop_at=None):
        self.notes, self.stop_at = [], stop_at

    def note(self, event, logs):
        model = self.model
        state = [model.optimizer.iterations, *map(np.sum, model.weights)]
        if event.startswith("batch") and event.endswith("end"):
            state += map(np.sum, model.gradients)
        self.notes.append((event, dict(logs), state))

    def on_epoch_begin(self, epoch, logs):
        self.epoch = epoch
        self.note(f"epoch {epoch} begin", logs)

    def on_train_batch_begin(self, batch, logs):
        self.note(f"batch {batch} begin", logs)

    def on_train_batch_end(self, batch, logs):
        self.note(f"batch {batch} end", logs)
        if (self.epoch, batch) == self.stop_at:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs):
        self.note(f"epoch {epoch} end", logs)

    def on_train_end(self, logs):
        self.note("end", logs)


def test_a_callback_that_looks_at_batches_sees_what_it_saw(readable):
    notes = []
    for fit in (lambda m, *a, **o: m.fit(*a, verbose=0, **o), readable):
        body = [layers.Dense(5, "tanh", kernel_regularizer="l2"), layers.Dropout(0.5)]
        model = network(*body, metrics=["mae"], optimizer="adam")
        watcher = Watcher(stop_at=(2, 1))
        fit(model, X, REAL, epochs=5, batch_size=8, callbacks=[watcher], validation_split=0.25)
        notes.append(watcher.notes)
    assert [event for event, *_ in notes[0]] == [event for event, *_ in notes[1]]
    for (_, logs, state), (_, right_logs, right_state) in zip(*notes, strict=True):
        assert logs == pytest.approx(right_logs, rel=1e-12)
        np.testing.assert_allclose(state, right_state, rtol=1e-10, atol=1e-12)


def test_weights_and_rate_that_a_callback_sets_are_used(same):
    def intervene(epoch, logs):
        for model in models:
            model.optimizer.learning_rate = 0.5 / (epoch + 1)
            model.set_weights([w * 0.5 for w in model.get_weights()])

    model = network(layers.Dense(5, "tanh"))
    models = [model]
    plan = [callbacks.LambdaCallback(on_epoch_end=intervene)]
    model.fit(X, REAL, epochs=3, batch_size=8, callbacks=plan, verbose=0)
    weights, other = model.get_weights(), network(layers.Dense(5, "tanh"))
    for epoch in range(3):
        other.fit(X, REAL, epochs=epoch + 1, initial_epoch=epoch, batch_size=8, verbose=0)
        models = [other]
        intervene(epoch, {})
    assert all((a == b).all() for a, b in zip(weights, other.get_weights(), strict=True))


def test_epochs_that_nobody_watches_are_logged_as_if_somebody_did():
    histories = []
    for plan in ([], [callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)]):
        body = [layers.Dense(5, "tanh", kernel_regularizer="l1"), layers.Dropout(0.25)]
        model = network(*body, metrics=["mae"], weighted_metrics=["mse"])
        histories.append(
            model.fit(X, REAL, epochs=30, sample_weight=WEIGHTS, callbacks=plan, verbose=0).history
        )
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-12)
        assert all(type(value) is float for value in values)


DIVERGING = {
    "sgd on mse": lambda: network(layers.Dense(5, "relu"), optimizer=optimizers.SGD(9.0)),
    "in float32": lambda: network(layers.Dense(5), optimizer=optimizers.SGD(3.0), dtype="float32"),
    "momentum": lambda: network(layers.Dense(5, "elu"), optimizer=optimizers.SGD(2.0, momentum=0.9)),
    "leaky": lambda: network(layers.Dense(5, "leaky_relu"), optimizer=optimizers.SGD(9.0)),
    "exponential": lambda: network(layers.Dense(5, "exponential"), optimizer=optimizers.SGD(5.0)),
    "softplus": lambda: network(layers.Dense(5, "softplus"), optimizer=optimizers.SGD(9.0)),
    "hinge": lambda: network(layers.Dense(5, "relu"), loss="squared_hinge", optimizer=optimizers.SGD(30.0)),
    "penalty": lambda: network(
        layers.Dense(5, "tanh", kernel_regularizer=regularizers.L2(3.0)), optimizer=optimizers.SGD(0.5)
    ),
    "huge steps": lambda: network(
        layers.Dense(5, "selu"), layers.Dense(5, "relu"), optimizer=optimizers.SGD(1e30)
    ),
    "adam": lambda: network(layers.Dense(5, "relu"), optimizer=optimizers.Adam(1e200)),
    "clipped": lambda: network(layers.Dense(5, "relu"), optimizer=optimizers.SGD(1e200, clipnorm=1.0)),
    "global": lambda: network(layers.Dense(5, "gelu"), optimizer=optimizers.SGD(1e200, global_clipnorm=1.0)),
    "layer norm": lambda: network(
        layers.Dense(5), layers.LayerNormalization(), optimizer=optimizers.SGD(1e100)
    ),
    "step": lambda: network(
        layers.Dense(5, "linear"), layers.Dense(4, "step"), optimizer=optimizers.SGD(1e200)
    ),
    "hard sigmoid": lambda: network(layers.Dense(5, "hard_sigmoid"), optimizer=optimizers.SGD(1e155)),
}


@pytest.mark.parametrize("name", DIVERGING)
def test_nan_comes_at_the_same_batch(readable, name, capsys):
    stopped = []
    for fit in (lambda m, *a, **o: m.fit(*a, verbose=0, **o), readable):
        model, losses_seen = DIVERGING[name](), []
        see = callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, s=losses_seen: s.append(logs["loss"])
        )
        y = np.sign(REAL) if name == "hinge" else REAL
        fit(model, X, y, epochs=400, batch_size=8, callbacks=[see, callbacks.TerminateOnNaN()])
        kinds = [[np.isnan(w).any(), np.isinf(w).any()] for w in model.weights]
        stopped.append((len(losses_seen), str(losses_seen[-1]), kinds))
    assert stopped[0] == stopped[1]
    assert not np.isfinite(float(stopped[0][1]))


@pytest.mark.parametrize("name", DIVERGING)
def test_a_history_turns_nan_at_the_same_epoch(readable, name):
    y = np.sign(REAL) if name == "hinge" else REAL
    ours = DIVERGING[name]().fit(X, y, epochs=60, batch_size=8, verbose=0).history["loss"]
    theirs = readable(DIVERGING[name](), X, y, epochs=60, batch_size=8).history["loss"]
    assert [str(v) if not np.isfinite(v) else "" for v in ours] == [
        str(v) if not np.isfinite(v) else "" for v in theirs
    ]


# --- weights are views, and all that holds them goes on ---------------------------------------------------


def test_a_loss_whose_sum_is_too_large_for_float32_is_infinite_and_warns_nobody():
    loss = MeanLoss("float32")
    loss.update_state(3e38, sample_weight=2)
    assert loss.result() == np.inf


def test_who_holds_a_weight_still_holds_it_after_fit():
    model = network(layers.Dense(5, "tanh"))
    W, b = model.layers[0].kernel, model.layers[0].bias
    before = W.copy()
    for _ in range(2):
        model.fit(X, REAL, epochs=2, verbose=0)
        assert model.layers[0].kernel is W and model.layers[0].bias is b
    assert (W != before).all()
    W[...] = before
    assert (model.get_weights()[0] == before).all()


def test_a_copy_of_a_model_trains_for_itself():
    model = network(layers.Dense(5, "tanh"), optimizer="adam")
    model.fit(X, REAL, epochs=2, verbose=0)
    other, before = copy.deepcopy(model), model.get_weights()
    other.fit(X, REAL, epochs=2, verbose=0)
    assert all((a == b).all() for a, b in zip(model.get_weights(), before, strict=True))
    model.fit(X, REAL, epochs=2, verbose=0)
    assert all((a == b).all() for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


REPLACED = {
    "a new array": lambda w: w.copy(),
    "columns": lambda w: np.asfortranarray(w),
    "a view": lambda w: np.stack([w, w])[1],
    "its own, upside down": lambda w: w[::-1],
    "a buffer": lambda w: np.frombuffer(bytearray(w.tobytes())).reshape(w.shape),
}


@pytest.mark.parametrize("name", REPLACED)
def test_a_weight_that_was_replaced_is_used(name):
    model, other = network(layers.Dense(5, "tanh")), network(layers.Dense(5, "tanh"))
    new = REPLACED[name](model.layers[0].params["W"])
    other.layers[0].params["W"][...] = new.copy()
    model.layers[0].params["W"] = new
    for m in (model, other):
        m.fit(X, REAL, epochs=2, verbose=0)
    assert all((a == b).all() for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


def test_a_model_of_two_paths_goes_on_where_the_other_stopped(readable):
    one, two = (network(layers.Dense(5, "tanh"), optimizer="nadam") for _ in range(2))
    one.fit(X, REAL, epochs=4, verbose=0)
    two.fit(X, REAL, epochs=2, verbose=0)
    readable(two, X, REAL, epochs=1)
    two.train_on_batch(X[:8], REAL[:8])
    assert two.optimizer.iterations == 3 * 2 + 1
    assert one.optimizer.iterations == 4 * 2


@pytest.mark.parametrize("name", RULES)
def test_training_goes_on_bit_for_bit_after_a_file(name, tmp_path):
    body = [layers.Dense(5, "tanh"), layers.BatchNormalization(), layers.Dropout(0.25)]
    model = network(*body, optimizer=RULES[name](), metrics=["mae"])
    model.fit(X, REAL, epochs=2, batch_size=8, verbose=0)
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    histories = [m.fit(X, REAL, epochs=2, batch_size=8, verbose=0).history for m in (model, again)]
    assert histories[0] == histories[1]
    assert all((a == b).all() for a, b in zip(model.weights, again.weights, strict=True))


def test_training_goes_on_bit_for_bit_from_a_checkpoint(tmp_path):
    path = tmp_path / "{epoch}.safetensors"
    model = network(layers.Dense(5, "relu"), layers.Dropout(0.25), optimizer="adam")
    model.fit(X, REAL, epochs=6, batch_size=8, verbose=0, callbacks=[callbacks.ModelCheckpoint(path)])
    again = load_model(tmp_path / "3.safetensors")
    again.fit(X, REAL, epochs=6, initial_epoch=3, batch_size=8, verbose=0)
    assert all((a == b).all() for a, b in zip(model.weights, again.weights, strict=True))


def test_an_interrupted_run_keeps_the_epochs_that_are_complete(monkeypatch):
    whole, model = network(layers.Dense(5, "tanh")), network(layers.Dense(5, "tanh"))
    right = whole.fit(X, REAL, epochs=40, batch_size=8, verbose=0).history["loss"]
    made, replay = [], engine.Pass.replay

    def interrupted(way, block, rows):
        if len(made) == 25 * 2 + 1:  # two blocks an epoch: after the first block of the 26th
            raise KeyboardInterrupt
        made.append(replay(way, block, rows))

    monkeypatch.setattr(engine.Pass, "replay", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, REAL, epochs=40, batch_size=8, verbose=0)
    assert model.history.epoch == list(range(25))
    assert model.history.history["loss"] == right[:25]


def test_who_holds_a_weight_of_a_copy_still_holds_it_after_fit():
    for copied in (copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))):
        model = copied(network(layers.Dense(5, "tanh")))
        W = model.layers[0].kernel
        before = W.copy()
        model.fit(X, REAL, epochs=2, verbose=0)
        assert model.layers[0].kernel is W and (W != before).all()


def test_evaluation_is_the_readable_one(monkeypatch):
    body = [
        layers.Dense(5, "tanh", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
    ]
    model = network(*body, metrics=["mae", metrics.Precision()])
    model.fit(X, REAL, epochs=2, verbose=0)
    found = model.evaluate(X, REAL, batch_size=8, sample_weight=WEIGHTS, verbose=0)
    monkeypatch.setattr(engine, "takes", lambda model, y: False)
    assert found == pytest.approx(model.evaluate(X, REAL, batch_size=8, sample_weight=WEIGHTS, verbose=0))


# --- what is not compiled ---------------------------------------------------------------------------------


class Doubling(layers.Layer):
    def forward(self, x, training=False):
        return 2 * x

    def backward(self, grad):
        return 2 * grad


class MyDense(layers.Dense):
    pass


class MySGD(optimizers.SGD):
    def update(self, w, g, lr, momentum=None):
        w -= 2 * lr * g


class MyModel(Sequential):
    def forward(self, x, training=False):
        return super().forward(x, training) * 1.0


class MyL2(regularizers.L2):
    pass


def sequences(*body):
    model = Sequential([layers.Input((4, 6)), *body], seed=0)
    model.compile("sgd", "mse")
    return model, RNG.normal(size=(12, 4, 6)), RNG.normal(size=(12, 4, 3))


READABLE = {
    "a layer of one's own": lambda: (network(layers.Dense(4), Doubling()), X, REAL),
    "a subclass": lambda: (network(MyDense(4)), X, REAL),
    "an optimiser of one's own": lambda: (network(layers.Dense(4), optimizer=MySGD(0.01)), X, REAL),
    "a regulariser of one's own": lambda: (network(layers.Dense(4, kernel_regularizer=MyL2(0.1))), X, REAL),
    "a sequence of vectors": lambda: sequences(layers.Dense(3)),
    "labels of two kinds": lambda: (network(loss="hinge"), X, np.sign(REAL) * (REAL > -1)),
    "weights of another type": lambda: (widened(network(layers.Dense(4), dtype="float32")), X, REAL),
}


def widened(model):
    model.layers[0].params["W"] = model.layers[0].params["W"].astype("float64")
    return model


@pytest.mark.parametrize("name", READABLE)
def test_what_cannot_be_compiled_goes_the_readable_way(name):
    model, x, y = READABLE[name]()
    model.build()
    assert not engine.takes(model, y)
    assert len(model.fit(x, y, epochs=2, verbose=0).history["loss"]) == 2
    model.evaluate(x, y, verbose=0)


def test_a_subclass_of_sequential_goes_the_readable_way():
    model = MyModel([layers.Input((6,)), layers.Dense(3)], seed=0)
    model.compile("sgd", "mse")
    assert not engine.takes(model, REAL)
    model.fit(X, REAL, verbose=0)


def test_what_fit_refuses_changes_nothing():
    model = network(layers.Dense(4), optimizer="adam")
    model.fit(X, REAL, verbose=0)
    other = network(layers.Dense(5))
    other.compile(model.optimizer, "mse")
    with pytest.raises(ValueError, match="expected gradients of shapes"):
        other.fit(X, REAL, verbose=0)


# --- what it costs ----------------------------------------------------------------------------------------

CALLS = {  # sizes, hidden activation, optimiser, batch: calls a step, as noted; fewer is better
    "W1": ((2, 8, 1), "tanh", "sgd", 200, 16),
    "W2": ((8, 10, 8, 1), "relu", "adam", 32, 33),
    "W3": ((8, 10, 8, 1), "relu", "adam", 1, 33),
    "W4": ((64, 32, 64, 10), "relu", "adam", 32, 35),
    "W5": ((784, 32, 64, 10), "relu", "adam", 32, 35),
    "W6": ((784, 512, 512, 10), "relu", "adam", 128, 23 + 12 * 21),
    "gelu, nadam": ((6, 8, 3), "gelu", "nadam", 8, 111),
    "elu, rmsprop": ((6, 8, 3), "elu", "rmsprop", 8, 32),
    "leaky, momentum": ((6, 8, 3), "leaky_relu", optimizers.SGD(momentum=0.9), 8, 24),
}


def workload(sizes, hidden, rule):
    """Return a network as the benchmarks train it, in float32."""
    *widths, n_out = sizes[1:]
    last, loss = ("sigmoid", "bce") if n_out == 1 else ("softmax", "categorical_crossentropy")
    body = [layers.Dense(n, hidden) for n in widths]
    model = Sequential([layers.Input(sizes[:1]), *body, layers.Dense(n_out, last)], seed=0)
    model.compile(rule, loss)
    model.optimizer.build(model.trainable_weights)
    return model


@pytest.mark.parametrize("name", CALLS)
def test_a_step_makes_no_more_calls_than_it_did(name):
    sizes, hidden, rule, batch, most = CALLS[name]
    step = engine.Step(engine.Network(workload(sizes, hidden, rule), training=True), batch, weighted=False)
    assert len(step.program.calls) <= most, str(step.program)


def peak_of(action, *arguments, **options) -> int:
    """Return how many bytes more than before are in use, at most, while an action runs."""
    tracemalloc.start()
    try:
        action(*arguments, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@np.errstate(all="ignore")
def replay(program, times):
    for _ in range(times):
        for function, arguments in program.calls:
            function(*arguments)


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "W4", "W5"])
def test_a_hundred_steps_ask_for_no_memory(name):
    sizes, hidden, rule, batch, _ = CALLS[name]
    step = engine.Step(engine.Network(workload(sizes, hidden, rule), training=True), batch, weighted=False)
    step.y[...] = 0
    replay(step.program, 3)
    assert peak_of(replay, step.program, 100) < 4096  # what NumPy takes to walk over arrays of two shapes


def test_training_adds_little_memory_to_the_data():
    sizes, hidden, rule, batch, _ = CALLS["W5"]
    x = np.random.default_rng(0).random((60_000, 784), "float32")  # 179 MiB
    y = np.eye(10, dtype="float32")[np.arange(60_000) % 10]
    assert peak_of(workload(sizes, hidden, rule).fit, x, y, batch_size=batch, verbose=0) < 10 * 2**20


def test_a_program_can_be_read():
    model = network(layers.Dense(5, "tanh"))
    model.optimizer.build(model.trainable_weights)
    text = str(engine.Step(engine.Network(model, training=True), 8, weighted=False).program)
    assert text.splitlines()[:2] == ["dot(5×7, 7×8, 5×8)", "tanh(8×5, 8×5)"]
    assert "count()" in text and "multiply(53, 0, 53)" in text


def test_a_function_that_cannot_be_noted_is_named():
    value = Value(Program("float32"), np.ones((2, 2), "float32"))
    with pytest.raises(TypeError, match="numpy.cumsum"):
        np.cumsum(value)


def test_steps_ask_for_no_memory():
    model = network(layers.Dense(64, "gelu"), layers.Dropout(0.5), layers.Dense(64, "relu"), optimizer="adam")
    model.optimizer.build(model.trainable_weights)
    step = engine.Step(engine.Network(model, training=True), 32, weighted=False)
    step.y[...] = 0
    replay(step.program, 3)
    assert peak_of(replay, step.program, 20) < 32 * 64 * 8  # less than one matrix of activations


def test_memory_does_not_grow_with_the_epochs():
    model = network(layers.Dense(16, "relu"), optimizer="adam", metrics=["mae"])
    peaks = [peak_of(model.fit, X, REAL, epochs=n, batch_size=8, verbose=0) for n in (400, 1200)]
    assert peaks[1] - peaks[0] < 150_000  # outputs that wait to be scored have a fixed limit
