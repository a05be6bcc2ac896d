"""A sweep gives what a loop of ``fit`` gives, disturbs no setting by another, and is many times faster."""

import tracemalloc
from time import process_time

import numpy as np
import pytest
from heads import HEADS, covered, head
from tolerances import tol

from nnbook import Sequential, engine, layers, losses, metrics, optimizers, regularizers
from nnbook import sweep as module
from nnbook.optimizers import schedules
from nnbook.sweep import grid, sweep

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

RNG = np.random.default_rng(7)
N = 19  # 19 = 2 * 8 + 3: the last batch is smaller
X = RNG.normal(size=(N, 4))
CLASSES = RNG.integers(0, 3, N)
ONE_HOT = np.eye(3)[CLASSES]
BITS = RNG.integers(0, 2, N)
REAL = RNG.normal(size=(N, 3))
ROUNDING = tol("default")  # both add the same numbers, in another order
FLOAT32 = 5e-5  # float32: roundings of 6e-8, and 1 - 0.999**t, in which they count a thousandfold
SEEDS = grid(seed=range(3))


def network(
    seed=0,
    body=None,
    head=None,
    width=3,
    dtype="float64",
    rate=0.01,
    rule=optimizers.SGD,
    activation="tanh",
    **compiled,
):
    hidden = body() if callable(body) else [layers.Dense(5, activation)]
    model = Sequential([layers.Input((4,)), *hidden, layers.Dense(width, head)], seed=seed, dtype=dtype)
    model.compile(**({"optimizer": rule(rate), "loss": "mse"} | compiled))
    return model


def same(build, settings, x=X, y=REAL, *, batches=(1, 8, N), tolerance=ROUNDING, epochs=3, own=(), **options):
    """Compare a sweep with single runs: histories, snapshots and weights."""
    for batch in batches:
        runs = sweep(build, settings, x, y, epochs=epochs, batch_size=batch, snapshots=(0, 2), **options)
        validation = options.get("validation_data")
        for k, setting in enumerate(settings):
            data = [a[k] if name in own else a for name, a in (("x", x), ("y", y))]
            plan = options | {"batch_size": batch, "verbose": 0}
            if validation:
                plan["validation_data"] = [
                    a[k] if f"val_{n}" in own else a for n, a in zip("xy", validation, strict=True)
                ]
            model, early = build(**setting), build(**setting)
            first = early.get_weights()
            history = model.fit(*data, epochs=epochs, **plan).history
            early.fit(*data, epochs=2, **plan)
            assert history.keys() == runs.history.keys()
            close = {"rtol": tolerance, "atol": tolerance}
            for name, values in history.items():
                np.testing.assert_allclose(
                    runs.history[name][k], values, **close, err_msg=f"{name} {setting}"
                )
            for w, right in zip(runs.weights, model.weights, strict=True):
                np.testing.assert_allclose(w[k], right, **close)
            for w, *right in zip(runs.snapshots, first, early.weights, model.weights, strict=True):
                np.testing.assert_allclose(w[k], right, **close)
    return runs


@pytest.fixture
def never_alone(monkeypatch):
    """Fail where a setting is left to ``fit``."""
    monkeypatch.setattr(module, "alone", lambda *args: pytest.fail("left to fit"))


# --- the same runs ----------------------------------------------------------------------------------------

RULES = {
    "sgd": lambda rate, **o: optimizers.SGD(rate, **o),
    "momentum": lambda rate, **o: optimizers.SGD(rate, momentum=0.5 + rate, **o),
    "nesterov": lambda rate, **o: optimizers.SGD(rate, momentum=0.9, nesterov=True, **o),
    "adagrad": lambda rate, **o: optimizers.Adagrad(rate, initial_accumulator_value=rate, **o),
    "adadelta": lambda rate, **o: optimizers.Adadelta(10 * rate, rho=0.9 + rate, **o),
    "rmsprop": lambda rate, **o: optimizers.RMSprop(rate / 10, rho=0.9 - rate, **o),
    "rmsprop, centred": lambda rate, **o: optimizers.RMSprop(
        rate / 10, momentum=rate, centered=True, epsilon=1e-3, **o
    ),
    "adam": lambda rate, **o: optimizers.Adam(rate, **o),
    "adam's numbers": lambda rate, **o: optimizers.Adam(
        0.01, beta_1=0.9 - rate, beta_2=0.99 + rate / 10, epsilon=rate / 100, **o
    ),
    "amsgrad": lambda rate, **o: optimizers.Adam(rate, amsgrad=True, **o),
    "adamw": lambda rate, **o: optimizers.AdamW(rate, **({"weight_decay": rate} | o)),
    "nadam": lambda rate, **o: optimizers.Nadam(rate, beta_1=0.9 - rate, **o),
}
OPTIONS = {
    "plain": lambda rate: {},
    "weight decay": lambda rate: {"weight_decay": rate},
    "clipvalue": lambda rate: {"clipvalue": rate},
    "clipnorm": lambda rate: {"clipnorm": 10 * rate},
    "global clipnorm": lambda rate: {"global_clipnorm": 10 * rate},
}
RATES = grid(rate=[0.01, 0.02], seed=[1, 1, 4])


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", RULES)
def test_every_optimiser_gives_the_same_runs(never_alone, name, option):
    same(lambda rate, seed: network(seed, optimizer=RULES[name](rate, **OPTIONS[option](rate))), RATES)


def test_every_optimiser_is_in_the_table():
    assert {type(make(0.01)) for make in RULES.values()} == set(optimizers.CLASSES)


@pytest.mark.parametrize("name", HEADS)
def test_every_loss_gives_the_same_runs(never_alone, name):
    loss, activation, units, y = head(name, N)
    given = {"head": activation, "width": units, "loss": loss}
    given["metrics"] = ["accuracy"] + ["mae"] * ("sparse" not in name)
    same(lambda seed: network(seed, **given), SEEDS, y=y, validation_data=(X[:7], y[:7]))


def test_every_loss_is_in_the_table():
    assert covered() == set(losses.CLASSES)


BODIES = {
    "deep": lambda: [layers.Dense(6, "relu"), layers.Dense(5, "relu"), layers.Dense(4, "relu")],
    "no bias": lambda: [layers.Dense(5, "sigmoid", use_bias=False), layers.Dense(4, use_bias=False)],
    "activations as layers": lambda: [
        *(layers.Dense(5), layers.ReLU(), layers.Dense(5), layers.LeakyReLU(0.1)),
        *(layers.Dense(5), layers.ELU(0.7), layers.Activation("linear"), layers.Softmax()),
    ],
    "relu's options": lambda: [layers.Dense(9), layers.ReLU(max_value=0.5, negative_slope=0.1)],
    "scalings": lambda: [layers.Rescaling(0.5, 0.25), layers.Flatten(), layers.Dense(5, "gelu")],
}


@pytest.mark.parametrize("name", BODIES)
def test_every_layer_gives_the_same_runs(never_alone, name):
    same(lambda seed: network(seed, BODIES[name]), SEEDS)


def test_images_give_the_same_runs(never_alone):
    def build(seed):
        body = [layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, "softmax")]
        model = Sequential([layers.Input((2, 5)), *body], seed=seed, dtype="float64")
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    same(build, SEEDS, RNG.integers(0, 255, (N, 2, 5)), CLASSES)


PENALTIES = {
    "l1": lambda a: {"kernel_regularizer": regularizers.L1(a)},
    "l2": lambda a: {"kernel_regularizer": regularizers.L2(a)},
    "both, and on biases": lambda a: {
        "kernel_regularizer": regularizers.L1L2(a, 0.1 * a),
        "bias_regularizer": regularizers.L2(a),
    },
}


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_gives_the_same_runs(never_alone, name):
    def build(amount, seed):
        return network(seed, lambda: [layers.Dense(5, "tanh", **PENALTIES[name](amount))])

    same(build, grid(amount=[0.0, 0.01, 0.1], seed=[1, 2]), validation_data=(X[:7], REAL[:7]))


def test_settings_may_differ_in_what_no_team_shares():
    def build(activation, rule, l2, seed):
        body = [layers.Dense(5, activation, kernel_regularizer=regularizers.L2(l2) if l2 else None)]
        return network(seed, lambda: body, rule=rule)

    settings = grid(
        activation=["relu", "tanh"], rule=[optimizers.SGD, optimizers.Adam], l2=[0, 0.1], seed=[1, 2]
    )
    same(build, settings, batches=[1, 8])
    found = sorted(map(sorted, module.teams([built(build, s) for s in settings], REAL, 8)))
    assert found == [[k, k + 1] for k in range(0, 16, 2)]


def built(build, setting):
    model = build(**setting)
    model.prepare(X, REAL)
    model._resolve_metrics(X, REAL)
    return model


@pytest.mark.parametrize("name", ["sgd", "adam", "nadam", "adadelta"])
def test_float32_gives_the_same_runs(never_alone, name):
    def build(rate, seed):
        given = {"optimizer": RULES[name](rate), "loss": "categorical_crossentropy", "metrics": ["accuracy"]}
        return network(seed, head="softmax", dtype="float32", **given)

    runs = same(build, RATES, y=ONE_HOT, tolerance=FLOAT32)
    assert {w.dtype for w in runs.weights + runs.snapshots} == {np.dtype("float32")}


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "own", [("y",), ("x",), ("x", "y"), ("x", "y", "val_y"), ("val_x", "val_y")], ids=str
)
def test_data_may_be_each_settings_own(never_alone, own, shuffle):
    def mine(name, a):
        return np.stack([a, a + 0.1, 0.9 * a]) if name in own else a

    data = {name: mine(name, a) for name, a in (("x", X), ("y", REAL))}
    validation = mine("val_x", X[:5]), mine("val_y", REAL[:5])
    same(network, SEEDS, **data, own=own, shuffle=shuffle, validation_data=validation)


def test_settings_of_one_seed_share_their_order(never_alone):
    same(network, grid(seed=[3], rate=[0.01, 0.02, 0.03]))


def test_both_layouts_give_the_same_runs(monkeypatch):
    found = []
    for tiny in (0, 100):
        monkeypatch.setattr(module, "TINY", tiny)
        found.append(same(network, SEEDS, batches=[1, 4, 8]))
    for a, b in zip(found[0].weights, found[1].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=ROUNDING, atol=ROUNDING)


def test_blocks_of_any_size_give_the_same_runs(monkeypatch):
    for name in ("CACHE", "DRAWN", "KEPT", "BLOCK"):
        with monkeypatch.context() as patch:
            patch.setattr(module if hasattr(module, name) else engine, name, 1000)
            for shuffle in (False, True):
                given = {"epochs": 5, "shuffle": shuffle, "validation_data": (X[:9], REAL[:9])}
                same(
                    lambda seed: network(seed, metrics=["mae"]), grid(seed=range(5)), batches=[8, N], **given
                )


FALLBACKS = {
    "dropout": lambda seed: network(seed, lambda: [layers.Dense(5), layers.Dropout(0.5)]),
    "batch norm": lambda seed: network(seed, lambda: [layers.Dense(5), layers.BatchNormalization()]),
    "a root": lambda seed: network(seed, head="sigmoid", metrics=["root_mean_squared_error"]),
    "precision": lambda seed: network(seed, head="sigmoid", metrics=[metrics.Precision()]),
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_what_no_team_can_do_is_left_to_fit(name):
    same(FALLBACKS[name], SEEDS, y=ONE_HOT, batches=[8], validation_data=(X, ONE_HOT))


def test_a_learning_rate_may_follow_a_schedule(never_alone):
    """Settings of one schedule make a team."""

    def build(start, seed):
        return network(seed, optimizer=optimizers.Adam(schedules.ExponentialDecay(start, 5, 0.5)))

    same(build, grid(start=[0.01, 0.02], seed=[1, 2]))


# --- runs that diverge ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("activation", ["relu", "elu", "softplus"])
def test_a_run_that_diverges_disturbs_no_other(activation, batch_size, dtype):
    def build(rate):
        return network(1, activation=activation, rate=rate, dtype=dtype)

    settings = grid(rate=[0.01, 8.0, 0.02, 1e30])
    runs = sweep(build, settings, X, REAL, epochs=25, batch_size=batch_size)
    for k, setting in enumerate(settings):
        right = build(**setting).fit(X, REAL, epochs=25, batch_size=batch_size, verbose=0).history["loss"]
        found = runs.history["loss"][k]
        assert [str(v) for v in found[~np.isfinite(found)]] == [str(v) for v in right if not np.isfinite(v)]
        if k in (0, 2):
            np.testing.assert_allclose(found, right, rtol=FLOAT32 if dtype == "float32" else ROUNDING)
        else:
            assert not np.isfinite(found[-1])


# --- what comes back --------------------------------------------------------------------------------------


def test_models_and_predictions_are_those_of_single_runs():
    settings = grid(rate=[0.01, 0.1], seed=[1, 2])
    runs = sweep(network, settings, X, REAL, epochs=4, snapshots=[0, 1, 1])
    assert runs.epochs == (0, 1, 4) and len(runs) == 4 and runs.settings == settings
    model = network(**settings[3])
    model.fit(X, REAL, epochs=1, verbose=0)
    np.testing.assert_allclose(runs.predict(X[:2], epoch=1)[3], model.predict(X[:2]), rtol=1e-10)
    np.testing.assert_allclose(runs.model(3, epoch=1).get_weights()[0], model.get_weights()[0], rtol=1e-10)
    assert (runs.predict(X, epoch=4) == runs.predict(X)).all() and runs.predict(X).shape == (4, N, 3)
    with pytest.raises(ValueError, match=r"kept after epochs \(0, 1, 4\), not after 2"):
        runs.model(0, epoch=2)


def test_a_grid_holds_each_combination_once():
    assert grid(a=[1, 2], b="xy") == [{"a": a, "b": b} for a in (1, 2) for b in "xy"]


def test_progress_is_told_once_a_setting(capsys):
    sweep(network, SEEDS, X, REAL, verbose=1)
    shown = capsys.readouterr().err
    assert "3/3" in shown and "run" in shown
    sweep(network, SEEDS, X, REAL)
    assert capsys.readouterr() == ("", "")


# --- what is refused --------------------------------------------------------------------------------------


def uncompiled(seed):
    return Sequential([layers.Input((4,)), layers.Dense(3)], seed=seed)


def unshaped(seed):
    model = Sequential([layers.Dense(3)], seed=seed)
    model.compile("sgd", "mse")
    return model


BAD = {
    "no settings": (network, [], {}, "at least one"),
    "a setting that is no dictionary": (network, [1], {}, "dictionaries"),
    "another width": (lambda seed: network(width=3 - seed, seed=0), SEEDS, {}, r"same shapes.*for setting 1"),
    "other metrics": (
        lambda seed: network(metrics=["mae"] if seed == 2 else []),
        SEEDS,
        {},
        r"log the same.*for setting 2",
    ),
    "not compiled": (uncompiled, SEEDS, {}, "compiled model"),
    "no input": (unshaped, SEEDS, {}, "begins with an Input"),
    "labels of another length": (network, SEEDS, {"y": REAL[:5]}, "setting 0: y must have as many samples"),
    "own data for too few": (network, SEEDS, {"x": np.stack([X, X])}, "each of the 3 settings"),
    "NaN": (network, SEEDS, {"x": np.stack([X, X * np.nan, X])}, "NaN"),
    "an unknown epoch": (network, SEEDS, {"snapshots": [2]}, "up to 1, got 2"),
    "an epoch that is no number": (network, SEEDS, {"snapshots": ["last"]}, "whole number"),
    "no epochs": (network, SEEDS, {"epochs": 0}, "epochs must be"),
    "no batch": (network, SEEDS, {"batch_size": 0}, "batch_size must be"),
    "validation data without labels": (network, SEEDS, {"validation_data": X}, r"must be \(x, y\)"),
    "validation data of another width": (
        network,
        SEEDS,
        {"validation_data": (X[:, :3], REAL)},
        "setting 0: validation data",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_refused_before_anything_is_trained(name, monkeypatch):
    build, settings, changed, message = BAD[name]
    for train in ("alone", "together"):
        monkeypatch.setattr(module, train, lambda *args: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        sweep(build, settings, **({"x": X, "y": REAL} | changed))


# --- what it costs ----------------------------------------------------------------------------------------


def small(seed, rate=0.001):
    body = [layers.Dense(10, "relu"), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")]
    model = Sequential([layers.Input((8,)), *body], seed=seed)
    model.compile(optimizers.Adam(rate), "binary_crossentropy")
    return model


TEN = RNG.normal(size=(10, 8)).astype("float32"), RNG.integers(0, 2, 10)


@pytest.mark.alone
def test_a_sweep_is_many_times_faster_than_a_loop(never_alone):
    """64 networks, 10 rows, batches of 1: twelve times on a quiet machine, and more with more networks.

    Each side's best of some turns is what it takes where nothing disturbs it.
    """
    settings, swept, looped = grid(seed=range(64)), [], []
    for _ in range(5):
        begin = process_time()
        sweep(small, settings, *TEN, batch_size=1, epochs=40)
        middle = process_time()
        for setting in settings[:4]:
            small(**setting).fit(*TEN, batch_size=1, epochs=40, verbose=0)
        swept.append(middle - begin)
        looped.append((process_time() - middle) * 16)
    assert min(looped) > 5 * min(swept), (looped, swept)


def test_memory_holds_one_team_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "CACHE", 2**17)
    peaks = []
    for count in (60, 180):
        settings = grid(seed=range(count))
        tracemalloc.start()
        sweep(small, settings, *TEN, batch_size=5)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 120 * 16_000, peaks  # the models themselves, and what comes back


def test_memory_does_not_grow_with_the_epochs(monkeypatch):
    monkeypatch.setattr(module, "DRAWN", 2**14)
    monkeypatch.setattr(engine, "KEPT", 2**12)
    peaks = []
    for epochs in (100, 300):
        tracemalloc.start()
        sweep(small, SEEDS, *TEN, batch_size=5, epochs=epochs)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 40_000, peaks  # histories, and lists of what waits
