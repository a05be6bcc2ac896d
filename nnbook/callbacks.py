"""Callbacks: what is done between two batches and between two epochs while a model trains."""

from __future__ import annotations

import math
import os

from nnbook import checks


class Callback:
    """Something that ``fit`` calls as it goes. A subclass overrides what it needs.

    ``self.model`` is the model that trains, ``self.params`` holds epochs, steps and the names in the logs.
    ``logs`` maps names to values: running means within the epoch, so at an epoch's end its means.
    """

    def set_model(self, model):
        self.model = model

    def set_params(self, params: dict):
        self.params = params

    def on_train_begin(self, logs): ...

    def on_train_end(self, logs): ...

    def on_epoch_begin(self, epoch, logs): ...

    def on_epoch_end(self, epoch, logs): ...

    def on_train_batch_begin(self, batch, logs): ...

    def on_train_batch_end(self, batch, logs): ...


class CallbackList:
    """The callbacks of one run, called one after the other; ``History`` and the progress are among them.

    Raises:
        ValueError: a callback watches a value that the run will not have.
    """

    def __init__(self, callbacks, model, verbose, params: dict):
        given = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks else []
        for callback in given:
            if not isinstance(callback, Callback):
                raise ValueError(f"callbacks must be objects from nnbook.callbacks, got {callback!r}")
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
        names = params["metrics"]
        watched = [c for c in given if isinstance(c, Monitor) and c.watches and c.monitor not in names]
        if watched:
            raise ValueError(
                f"{type(watched[0]).__name__} watches {watched[0].monitor!r}, which this run will not have; "
                f"it will have: {', '.join(names)}"
            )
        model.history = History()
        progress = {0: [], 2: [LinePerEpoch()]}.get(verbose, [ProgressBar()])
        self.callbacks = [*given, model.history, *progress]  # last, so that they see what the others add
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def __getattr__(self, event):
        own = [getattr(callback, event) for callback in self.callbacks]
        own = [f for f in own if getattr(f, "__func__", None) is not getattr(Callback, event)]

        def call(*args):
            for function in own:
                function(*args)

        setattr(self, event, call)  # it is called once a batch or an epoch, and looked up once
        return call


class History(Callback):
    """Keeps each epoch's logs: ``history["loss"]`` is a list, one value an epoch."""

    def __init__(self):
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch, logs):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class ProgressBar(Callback):
    """One bar for the whole run, with the latest logs beside it; tqdm draws it, in terminal and notebook."""

    def on_train_begin(self, logs):
        from tqdm.auto import tqdm

        epochs = self.params["epochs"] - self.params["initial_epoch"]
        self.bar = tqdm(total=epochs * self.params["steps"], unit="batch")

    def on_epoch_begin(self, epoch, logs):
        self.bar.set_description(f"epoch {epoch + 1}", refresh=False)

    def on_train_batch_end(self, batch, logs):
        self.bar.update()

    def on_epoch_end(self, epoch, logs):
        self.bar.set_postfix_str(sentence(logs))

    def on_train_end(self, logs):
        self.bar.close()


class LinePerEpoch(Callback):
    """Prints a line after each epoch."""

    def on_epoch_end(self, epoch, logs):
        print(f"epoch {epoch + 1}: {sentence(logs)}")


def sentence(logs: dict) -> str:
    """Return logs as text, four digits each."""
    return ", ".join(f"{name} {value:.4g}" for name, value in logs.items())


class Monitor(Callback):
    """A callback that watches one value of the logs for improvement.

    Args:
        monitor: the value's name, such as "val_loss".
        mode: "min" or "max"; "auto" takes "max" for accuracies, precision and recall, else "min".
        min_delta: a smaller change is no improvement.
    """

    watches = True

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.monitor, self.mode = monitor, mode
        self.min_delta = abs(checks.finite("min_delta", min_delta))
        self.sign = 1 if mode == "max" else -1
        self.best = None

    def set_model(self, model):
        super().set_model(model)
        if self.mode == "auto":
            kinds = {tracker.name: type(tracker).__name__ for tracker in model.trackers}
            kind = kinds.get(self.monitor.removeprefix("val_"), self.monitor).lower()
            self.sign = 1 if any(word in kind for word in ("acc", "precision", "recall")) else -1

    def improves(self, value: float, reference: float | None) -> bool:
        """Is ``value`` better than ``reference`` by more than ``min_delta``?"""
        return reference is None or self.sign * (value - reference) > self.min_delta


class EarlyStopping(Monitor):
    """Stops training when the monitored value has not improved for ``patience`` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.integer("patience", patience, least=0)
        self.verbose, self.baseline = verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch

    def on_train_begin(self, logs):
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch, logs):
        if self.monitor not in logs or epoch < self.start_from_epoch:
            return
        value = logs[self.monitor]
        self.wait += 1
        if self.improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs):
        if self.stopped_epoch and self.verbose:
            print(f"epoch {self.stopped_epoch + 1}: stopped early")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch, or after every ``save_freq`` batches, or only when it is the best.

    ``filepath`` may name the epoch and the logs: ``"run-{epoch:02d}-{val_loss:.3f}.safetensors"``. A model
    loaded from it goes on bit for bit as if it had not stopped: ``load_model(path).fit(…, initial_epoch=…)``.
    """

    def __init__(
        self,
        filepath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq="epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode)
        self.filepath = os.fspath(filepath)
        if not self.filepath.endswith(".safetensors"):
            raise ValueError(f"nnbook saves models as .safetensors files, got {self.filepath!r}")
        self.save_freq = save_freq if save_freq == "epoch" else checks.integer("save_freq", save_freq)
        self.verbose, self.save_best_only = verbose, save_best_only
        self.save_weights_only = save_weights_only
        self.best = self.initial_value_threshold = initial_value_threshold
        self.watches = save_best_only
        self.batches = 0

    def set_params(self, params):
        super().set_params(params)
        names = ["epoch", *params["metrics"]]
        if self.save_freq != "epoch":
            names = ["batch", *(name for name in names if not name.startswith("val_"))]
        if self.save_best_only and self.monitor not in names:
            raise ValueError(f"after a batch there is no {self.monitor!r} yet, only: {', '.join(names)}")
        try:
            self.filepath.format(**{name: 1 if name in ("epoch", "batch") else 1.0 for name in names})
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"filepath {self.filepath!r} names {error}, which this run will not have; "
                f"it will have: {', '.join(names)}"
            ) from error

    def on_epoch_begin(self, epoch, logs):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs):
        self.batches += 1
        if self.save_freq != "epoch" and self.batches % self.save_freq == 0:
            self.save(logs | {"batch": batch + 1})

    def on_epoch_end(self, epoch, logs):
        if self.save_freq == "epoch":
            self.save(logs)

    def save(self, logs):
        """Save the model now, if it is to be."""
        value = logs.get(self.monitor)
        if self.save_best_only and (value is None or not self.improves(value, self.best)):
            return
        self.best = value
        path = self.filepath.format(**({"epoch": self.epoch + 1} | logs))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        if self.verbose:
            print(f"epoch {self.epoch + 1}: saved {path}")


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch: ``schedule(epoch, learning_rate)`` returns it."""

    def __init__(self, schedule, verbose: int = 0):
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch, logs):
        try:
            rate = self.schedule(epoch, self.model.optimizer.current_learning_rate)
        except TypeError:  # a function of the epoch alone, which Keras takes too
            rate = self.schedule(epoch)
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch, logs):
        logs["learning_rate"] = self.model.optimizer.current_learning_rate


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` when the value has not improved for ``patience`` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.fraction("factor", factor)
        self.patience = checks.integer("patience", patience, least=0)
        self.cooldown = checks.integer("cooldown", cooldown, least=0)
        self.min_lr = checks.non_negative("min_lr", min_lr)
        self.verbose = verbose

    def on_train_begin(self, logs):
        self.best, self.wait, self.resting = None, 0, 0

    def on_epoch_end(self, epoch, logs):
        logs["learning_rate"] = self.model.optimizer.current_learning_rate
        if self.monitor not in logs:
            return
        if self.resting:
            self.resting -= 1
        if self.improves(logs[self.monitor], self.best):
            self.best, self.wait = logs[self.monitor], 0
        elif not self.resting:
            self.wait += 1
            if self.wait >= self.patience:
                self.reduce(epoch)

    def reduce(self, epoch):
        """Lower the learning rate, unless it is at ``min_lr``."""
        rate = self.model.optimizer.current_learning_rate
        if rate > self.min_lr:
            self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
            self.resting, self.wait = self.cooldown, 0
            if self.verbose:
                print(f"epoch {epoch + 1}: learning rate {self.model.optimizer.learning_rate:g}")


class TerminateOnNaN(Callback):
    """Stops training at the batch where the loss turns NaN or infinite."""

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_train_batch_end(self, batch, logs):
        if not math.isfinite(logs["loss"]):
            if self.raise_error:
                raise RuntimeError(f"the loss is {logs['loss']} at batch {batch}")
            print(f"batch {batch}: the loss is {logs['loss']}, training stops")
            self.model.stop_training = True


class CSVLogger(Callback):
    """Writes each epoch's logs as a row of a CSV file."""

    def __init__(self, filename, separator: str = ",", append: bool = False):
        self.filename, self.separator, self.append = os.fspath(filename), separator, append

    def on_train_begin(self, logs):
        self.columns = None
        self.headed = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        if not self.append:
            open(self.filename, "w").close()

    def on_epoch_end(self, epoch, logs):
        import csv

        if self.columns is None:  # for all epochs, validated or not
            self.columns = ["epoch", *sorted({*logs, *self.params["metrics"]})]
        with open(self.filename, "a", newline="") as file:
            writer = csv.DictWriter(file, self.columns, "NA", "ignore", delimiter=self.separator)
            if not self.headed:
                writer.writeheader()
                self.headed = True
            writer.writerow({"epoch": epoch} | logs)


class LambdaCallback(Callback):
    """A callback made of functions: ``LambdaCallback(on_epoch_end=lambda epoch, logs: …)``."""

    def __init__(self, **events):
        for event, function in events.items():
            if not event.startswith("on_") or not hasattr(Callback, event):
                known = ", ".join(name for name in dir(Callback) if name.startswith("on_"))
                raise ValueError(f"unknown event {event!r}; known: {known}")
            setattr(self, event, function)
