"""Callbacks do what Keras's do: on scripted logs, value by value, and in real training."""

import csv
import math

import numpy as np
import pytest
from tolerances import tol

import nnbook
from nnbook import callbacks, layers, optimizers

pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
nan, inf = math.nan, math.inf
RATE = 2**-3


@pytest.fixture
def keras(floatx64):
    import keras

    return keras


class Scripted:
    """Stands in for a model in training: its only weight is the number of epochs done."""

    def __init__(self, library):
        self.optimizer = library.optimizers.SGD(RATE)
        self.stop_training = False
        self.weight, self.saved, self.metrics, self.trackers = 0, [], [], []

    def get_weights(self):
        return [self.weight]

    def set_weights(self, weights):
        (self.weight,) = weights

    def save(self, path, overwrite=True):
        self.saved.append(("model", path, self.weight))

    def save_weights(self, path, overwrite=True):
        self.saved.append(("weights", path, self.weight))


def drive(library, callback, script, batches=()):
    """Let a callback see a whole training of scripted logs; return all that it did."""
    model, seen = Scripted(library), []
    callback.set_model(model)
    callback.set_params({"epochs": len(script), "steps": len(batches), "metrics": ["loss", "val_loss"]})
    callback.on_train_begin({})
    for epoch, logs in enumerate(script):
        callback.on_epoch_begin(epoch, {})
        for batch, batch_logs in enumerate(batches):
            callback.on_train_batch_end(batch, dict(batch_logs))
        model.weight += 1
        logs = dict(logs)
        callback.on_epoch_end(epoch, logs)
        rate = getattr(model.optimizer, "current_learning_rate", model.optimizer.learning_rate)
        seen.append((float(rate), logs))
        if model.stop_training:
            break
    callback.on_train_end({})
    return {"epochs": seen, "weight": model.weight, "saved": model.saved}


def scripts(name="val_loss"):
    """Return runs of logs: falling, flat, bouncing, with ties, with NaN, and with epochs not validated."""
    rng = np.random.default_rng(4)
    runs = [list(rng.choice([1.0, 0.75, 0.5, 0.4375], 14)) for _ in range(6)]
    runs += [list(np.linspace(1, 0.25, 13)), [0.5] * 8, [1, 0.5, nan, 0.25, nan, nan, nan, nan], [nan] * 5]
    runs += [[inf, 1.0, 0.5, 0.5, 0.5, 0.625], [None, 1.0, None, 0.5, None, 0.5, None, 0.5, None, 0.75]]
    return [[{"loss": 1.0} | ({} if v is None else {name: float(v)}) for v in run] for run in runs]


def same(ours, theirs):
    np.testing.assert_equal(ours["weight"], theirs["weight"])
    assert len(ours["epochs"]) == len(theirs["epochs"])
    for (rate, logs), (their_rate, their_logs) in zip(ours["epochs"], theirs["epochs"], strict=True):
        assert rate == pytest.approx(their_rate, rel=tol("default"))
        assert logs.keys() == their_logs.keys()
        np.testing.assert_allclose(list(logs.values()), list(their_logs.values()), rtol=tol("default"))


EARLY = [
    {},
    {"patience": 1},
    {"patience": 3},
    {"patience": 2, "restore_best_weights": True},
    {"patience": 50, "restore_best_weights": True},
    {"patience": 2, "min_delta": 0.0625},
    {"patience": 2, "min_delta": -0.0625},
    {"patience": 3, "baseline": 0.5},
    {"patience": 1, "baseline": 0.25, "restore_best_weights": True},
    {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "mode": "max", "min_delta": 0.0625, "baseline": 0.5, "restore_best_weights": True},
    {"monitor": "loss", "patience": 2},
]


@pytest.mark.filterwarnings("ignore:Early stopping conditioned")
@pytest.mark.parametrize("options", EARLY, ids=str)
def test_early_stopping_stops_and_restores_as_keras_does(keras, options):
    for script in scripts():
        ours = drive(nnbook, callbacks.EarlyStopping(**options), script)
        same(ours, drive(keras, keras.callbacks.EarlyStopping(**options), script))


PLATEAU = [
    {"patience": 0},
    {"patience": 1},
    {"patience": 2, "factor": 0.5},
    {"patience": 1, "factor": 0.25, "min_lr": 2**-6},
    {"patience": 1, "cooldown": 1},
    {"patience": 1, "cooldown": 3, "factor": 0.5},
    {"patience": 2, "min_delta": 0.25},
    {"patience": 1, "mode": "max", "factor": 0.75},
]


@pytest.mark.filterwarnings("ignore:Learning rate reduction")
@pytest.mark.parametrize("options", PLATEAU, ids=str)
def test_reduce_lr_on_plateau_lowers_the_rate_as_keras_does(keras, options):
    for script in scripts():
        ours = drive(nnbook, callbacks.ReduceLROnPlateau(**options), script)
        same(ours, drive(keras, keras.callbacks.ReduceLROnPlateau(**options), script))


SCHEDULES = {
    "of the epoch": lambda epoch: 2.0**-epoch,
    "of epoch and rate": lambda epoch, rate: rate * 0.5 if epoch % 2 else rate,
    "constant": lambda epoch, rate: 0.25,
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_scheduler_sets_the_rate_as_keras_does(keras, schedule):
    script = scripts()[0]
    ours = drive(nnbook, callbacks.LearningRateScheduler(SCHEDULES[schedule]), script)
    same(ours, drive(keras, keras.callbacks.LearningRateScheduler(SCHEDULES[schedule]), script))


CHECKPOINTS = [
    ("plain", {}),
    ("e{epoch:02d}-{val_loss:.3f}", {}),
    ("best", {"save_best_only": True}),
    ("best{epoch}", {"save_best_only": True, "mode": "max"}),
    ("least", {"save_best_only": True, "monitor": "loss"}),
    ("below", {"save_best_only": True, "initial_value_threshold": 0.75}),
    ("above", {"save_best_only": True, "initial_value_threshold": 0.75, "mode": "max"}),
    ("weights{epoch}", {"save_weights_only": True}),
    ("batches", {"save_freq": 2}),
    ("b{batch:02d}-e{epoch}-{loss:.2f}", {"save_freq": 3}),
    ("every", {"save_freq": 1, "save_weights_only": True}),
    ("rare", {"save_freq": 7}),
]


@pytest.mark.parametrize(("stem", "options"), CHECKPOINTS, ids=[stem for stem, _ in CHECKPOINTS])
def test_checkpoints_are_saved_when_keras_saves_them_and_under_its_names(keras, tmp_path, stem, options):
    ending = ".weights.h5" if options.get("save_weights_only") else ".keras"
    batches = [{"loss": value} for value in (1.0, 0.5, 0.25, 0.75, 0.125)]
    for script in scripts()[:-1]:
        ours = callbacks.ModelCheckpoint(tmp_path / f"{stem}.safetensors", **options)
        theirs = keras.callbacks.ModelCheckpoint(tmp_path / f"{stem}{ending}", **options)
        found = drive(nnbook, ours, script, batches)["saved"]
        right = drive(keras, theirs, script, batches)["saved"]
        names = [(kind, path.removesuffix(".safetensors"), weight) for kind, path, weight in found]
        assert names == [(kind, path.removesuffix(ending), weight) for kind, path, weight in right]


def test_the_best_is_not_overwritten_in_an_epoch_without_validation(tmp_path):
    """Keras saves there, whatever the model is worth."""
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "m.safetensors", save_best_only=True)
    assert [weight for *_, weight in drive(nnbook, checkpoint, scripts()[-1])["saved"]] == [2, 4]


def test_a_csv_log_holds_what_keras_writes(keras, tmp_path):
    for separator in ",;":
        for script in scripts()[:-1]:
            ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
            for append in (False, True, True):
                drive(nnbook, callbacks.CSVLogger(ours, separator=separator, append=append), script)
                drive(keras, keras.callbacks.CSVLogger(theirs, separator=separator, append=append), script)
            assert table(ours, separator) == table(theirs, separator)


def table(path, separator=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_csv_log_keeps_its_columns_where_not_every_epoch_is_validated(tmp_path):
    drive(nnbook, callbacks.CSVLogger(tmp_path / "log.csv"), scripts()[-1])
    head, *rows = table(tmp_path / "log.csv")
    assert head == ["epoch", "loss", "val_loss"]
    assert [row[2] for row in rows[:4]] == ["NA", "1.0", "NA", "0.5"]


def test_a_csv_log_that_does_not_append_begins_anew(tmp_path):
    for _ in range(2):
        drive(nnbook, callbacks.CSVLogger(str(tmp_path / "log.csv")), scripts()[0])
    assert len(table(tmp_path / "log.csv")) == 1 + len(scripts()[0])


@pytest.mark.parametrize("loss", [1.0, nan, inf, -inf])
def test_terminate_on_nan_stops_where_keras_stops(keras, loss, capsys):
    stopped = []
    for library in (nnbook, keras):
        model, callback = Scripted(library), library.callbacks.TerminateOnNaN()
        callback.set_model(model)
        callback.on_train_batch_end(0, {"loss": 0.5})
        assert not model.stop_training
        callback.on_train_batch_end(1, {"loss": loss})
        stopped.append(model.stop_training)
    assert stopped == [not math.isfinite(loss)] * 2


def test_terminate_on_nan_can_raise():
    with pytest.raises(RuntimeError, match="the loss is nan at batch 3"):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": nan})


def test_history_gathers_what_keras_gathers(keras):
    for script in scripts():
        ours, theirs = callbacks.History(), keras.callbacks.History()
        drive(nnbook, ours, script)
        drive(keras, theirs, script)
        np.testing.assert_equal(ours.history, theirs.history)
        assert ours.epoch == theirs.epoch


# --- in real training -------------------------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(20, 3))
Y = X @ [[0.5], [-1.0], [0.25]] + 0.125
EVENTS = ["train", "epoch", "train_batch"]


def network(library, metrics=("mae",), **arguments):
    units = library.layers
    model = library.models.Sequential(
        [units.Input((3,)), units.Dense(4, activation="tanh"), units.Dense(1)], **arguments
    )
    model.compile(optimizer=library.optimizers.SGD(2**-4), loss="mse", metrics=list(metrics))
    return model


def recorder(library, notes, stop_at=None):
    """Return a callback that notes every event; it stops the training at the batch ``stop_at``."""

    class Recorder(library.callbacks.Callback):
        epoch = None

        def on_train_begin(self, logs=None):
            notes.append(("train begin", {}))

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch
            notes.append((f"epoch {epoch} begin", {}))

        def on_train_batch_begin(self, batch, logs=None):
            notes.append((f"batch {batch} begin", {}))

        def on_train_batch_end(self, batch, logs=None):
            notes.append((f"batch {batch} end", dict(logs)))
            self.model.stop_training = (self.epoch, batch) == stop_at

        def on_epoch_end(self, epoch, logs=None):
            notes.append((f"epoch {epoch} end", dict(logs)))

        def on_train_end(self, logs=None):
            notes.append(("train end", dict(logs)))

    return Recorder()


def test_events_come_in_keras_order_with_keras_logs(keras):
    ours, theirs = network(nnbook, dtype="float64"), network(keras)
    theirs.set_weights(ours.get_weights())
    notes = {nnbook: [], keras: []}
    for library, model in ((nnbook, ours), (keras, theirs)):
        record = recorder(library, notes[library], stop_at=(3, 1))
        halve = library.callbacks.LearningRateScheduler(lambda epoch: 2.0**-4 / (epoch + 1))
        model.fit(
            X,
            Y,
            batch_size=8,
            epochs=6,
            initial_epoch=1,
            callbacks=[halve, record],
            validation_data=(X[:5], Y[:5]),
            shuffle=False,
            verbose=0,
        )
        assert record.params["epochs"] == 6 and record.params["steps"] == 3
    assert [event for event, _ in notes[nnbook]] == [event for event, _ in notes[keras]]
    for (event, logs), (_, right) in zip(notes[nnbook], notes[keras], strict=True):
        assert logs.keys() == right.keys(), event
        for name in logs:
            assert logs[name] == pytest.approx(right[name], rel=tol("default")), event
    assert ours.history.history.keys() == theirs.history.history.keys()
    assert ours.history.epoch == theirs.history.epoch == [1, 2, 3]
    for name, values in ours.history.history.items():
        np.testing.assert_allclose(values, theirs.history.history[name], rtol=tol("default"))


def test_every_default_event_of_a_callback_may_be_left_out():
    class Nothing(callbacks.Callback):
        pass

    network(nnbook).fit(X, Y, callbacks=Nothing(), verbose=0)


def test_batch_logs_stay_as_they_were_when_the_epoch_ends():
    kept = []
    keep = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: kept.append(logs))
    rate = callbacks.LearningRateScheduler(lambda epoch: 0.125)
    network(nnbook).fit(X, Y, validation_split=0.25, callbacks=[keep, rate], verbose=0)
    assert [list(logs) for logs in kept] == [["loss", "mae"]]


def test_a_lambda_callback_calls_its_functions():
    calls = []
    events = {f"on_{event}_{end}": None for event in EVENTS for end in ("begin", "end")}
    functions = {event: lambda *args, event=event: calls.append(event) for event in events}
    network(nnbook).fit(X, Y, batch_size=10, callbacks=[callbacks.LambdaCallback(**functions)], verbose=0)
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    assert calls == ["on_train_begin", "on_epoch_begin", *batch, *batch, "on_epoch_end", "on_train_end"]


def test_early_stopping_brings_back_the_best_weights():
    model = network(nnbook, seed=1)
    model.optimizer.learning_rate = 1.0  # far too large: every epoch is worse than the first
    best = callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)
    weights = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    history = model.fit(X, Y, epochs=20, batch_size=4, callbacks=[best, keep], verbose=0).history["loss"]
    assert len(history) == int(np.nanargmin(history)) + 4 < 20
    for found, right in zip(model.get_weights(), weights[int(np.nanargmin(history))], strict=True):
        np.testing.assert_array_equal(found, right)


def test_a_callback_may_be_used_for_a_second_run():
    stop = callbacks.EarlyStopping("loss", patience=1, min_delta=100.0)
    runs = [network(nnbook).fit(X, Y, epochs=9, callbacks=[stop], verbose=0).epoch for _ in range(2)]
    assert runs == [[0, 1], [0, 1]]


DIRECTIONS = [  # what is watched, whether more of it is better
    ("accuracy", "accuracy", True),
    ("acc", "acc", True),
    (nnbook.metrics.Precision(name="hits"), "hits", True),
    (nnbook.metrics.Recall(name="found"), "val_found", True),
    (nnbook.metrics.BinaryAccuracy(name="right"), "val_right", True),
    (nnbook.metrics.MeanAbsoluteError(name="vacancy"), "vacancy", False),
    ("mse", "val_mse", False),
    ("mse", "loss", False),
]


@pytest.mark.parametrize(("metric", "monitor", "up"), DIRECTIONS, ids=[d[1] for d in DIRECTIONS])
def test_mode_auto_asks_the_metric_which_way_is_better(metric, monitor, up):
    model = nnbook.Sequential([layers.Input((3,)), layers.Dense(1, activation="sigmoid")], seed=0)
    model.compile(loss="binary_crossentropy", metrics=[metric])
    stop = callbacks.EarlyStopping(monitor, patience=50)
    model.fit(X, Y > 0, validation_split=0.25, callbacks=[stop], verbose=0)
    assert (stop.sign == 1) == up


WATCHERS = [
    callbacks.EarlyStopping("val_loss"),
    callbacks.EarlyStopping("los"),
    callbacks.ReduceLROnPlateau("val_mae"),
    callbacks.ModelCheckpoint("m.safetensors", monitor="accuracy", save_best_only=True),
]


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda w: f"{type(w).__name__} {w.monitor}")
def test_watching_what_will_not_be_there_is_told_before_the_first_step(watcher):
    model = network(nnbook, seed=1)
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"watches '{watcher.monitor}', .* will have: loss, mae"):
        model.fit(X, Y, callbacks=[watcher], verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


BAD_PATHS = [
    ("{val_loss}.safetensors", {}, "names 'val_loss'"),
    ("{batch}.safetensors", {}, "names 'batch'"),
    ("{}.safetensors", {}, "names"),
    ("{epoch.safetensors", {}, "names"),
    ("{loss:d}.safetensors", {}, "names"),
    ("m.h5", {}, "as .safetensors files, got 'm.h5'"),
    ("m.safetensors", {"save_freq": 0}, "save_freq must be a whole number of at least 1, got 0"),
    ("m.safetensors", {"save_freq": "batch"}, "save_freq must be a whole number of at least 1, got 'batch'"),
    ("m.safetensors", {"mode": "most"}, "mode must be 'auto', 'min' or 'max', got 'most'"),
]


@pytest.mark.parametrize(("path", "options", "message"), BAD_PATHS)
def test_a_checkpoint_that_could_not_be_saved_is_told_before_the_first_step(path, options, message):
    with pytest.raises(ValueError, match=message):
        network(nnbook).fit(X, Y, callbacks=[callbacks.ModelCheckpoint(path, **options)], verbose=0)


def test_a_checkpoint_after_batches_cannot_watch_a_validation():
    checkpoint = callbacks.ModelCheckpoint("m.safetensors", save_best_only=True, save_freq=2)
    with pytest.raises(
        ValueError, match="after a batch there is no 'val_loss' yet, only: batch, epoch, loss"
    ):
        network(nnbook).fit(X, Y, validation_split=0.5, callbacks=[checkpoint], verbose=0)


def test_a_schedule_object_and_a_callback_cannot_both_set_the_rate():
    for callback in (
        callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=100.0),
    ):
        model = network(nnbook)
        decay = optimizers.schedules.ExponentialDecay(0.125, 10, 0.5)
        model.compile(optimizer=optimizers.SGD(decay), loss="mse")
        with pytest.raises(TypeError, match="learning_rate follows ExponentialDecay and cannot be set"):
            model.fit(X, Y, epochs=3, callbacks=[callback], verbose=0)


def test_what_is_no_callback_is_refused():
    with pytest.raises(ValueError, match="objects from nnbook.callbacks, got 'early_stopping'"):
        network(nnbook).fit(X, Y, callbacks=["early_stopping"], verbose=0)
    with pytest.raises(ValueError, match="unknown event 'on_epoch'; known: on_epoch_begin, on_epoch_end"):
        callbacks.LambdaCallback(on_epoch=print)


def test_verbose_callbacks_say_what_they_do(capsys, tmp_path):
    model = network(nnbook)
    model.fit(
        X,
        Y,
        epochs=4,
        verbose=0,
        callbacks=[
            callbacks.EarlyStopping("loss", patience=2, min_delta=100.0, verbose=1),
            callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100.0, factor=0.5, verbose=1),
            callbacks.ModelCheckpoint(tmp_path / "m.safetensors", verbose=1),
            callbacks.LearningRateScheduler(lambda epoch: 0.25, verbose=1),
        ],
    )
    said = capsys.readouterr().out
    for text in ("stopped early", "learning rate 0.125", "learning rate 0.25", "saved "):
        assert text in said
