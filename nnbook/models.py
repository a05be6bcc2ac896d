"""Sequential: layers in a row, trained, evaluated, saved."""

from __future__ import annotations

import math

import numpy as np

from nnbook import callbacks as cb
from nnbook import checks, engine, losses, metrics, optimizers, saving, utils
from nnbook.layers import Input, Layer, assign
from nnbook.saving import load_model

__all__ = ["Sequential", "load_model"]

# A last activation and the losses that are computed together with it, from the logits z: the loss then
# cannot overflow, and its gradient at z is p - y (over the number of samples).
PAIRS = {
    "softmax": (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy),
    "sigmoid": (losses.BinaryCrossentropy,),
}

# Streams of random numbers. Each is keyed by its role and by how many of that role came before, so that
# adding a Dropout layer changes no other layer's initial weights.
STREAMS = {"shuffle": 0, "weights": 1, "dropout": 2}


class Sequential:
    """A network whose layers follow one another.

    Args:
        layers: layers, the first of which may be an ``Input``.
        name: what the model is called.
        seed: the one number from which all of the model's randomness comes: initial weights, dropout,
            order of the samples. Without it, ``utils.set_random_seed`` decides, else the operating system.
        dtype: "float32" or "float64", of weights and of all that is computed.
    """

    def __init__(
        self, layers=None, *, name: str = "sequential", seed: int | None = None, dtype: str = "float32"
    ):
        if dtype not in ("float32", "float64"):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
        self.name, self.dtype = name, dtype
        self.seed = utils.next_seed() if seed is None else checks.integer("seed", seed, least=0)
        self.layers: list[Layer] = []
        self.input_shape = self.output_shape = None
        self.optimizer = self.loss = None
        self.stop_training = False
        self.shuffle_rng = self._stream("shuffle", 0)
        for layer in layers or []:
            self.add(layer)

    def __setstate__(self, state):
        self.__dict__.update(state)
        engine.lay_out(self.layers)  # a copy's weights are views of one vector too, before anybody holds them

    # --- building -----------------------------------------------------------------------------------------

    def add(self, layer: Layer | Input):
        """Append a layer; it gets its weights at once if the input's shape is known."""
        if isinstance(layer, Input):
            if self.layers or self.input_shape:
                raise ValueError("Input must be the first thing in a model and stand there once")
            self.input_shape = self.output_shape = layer.shape
            return
        if not isinstance(layer, Layer):
            raise ValueError(f"Sequential takes layers, got {layer!r}")
        if layer.built or layer.taken:
            raise ValueError(f"layer {layer.name!r} already belongs to a model; make a new layer")
        if not self.layers and self.input_shape is None and layer.input_shape is not None:
            self.input_shape = self.output_shape = layer.input_shape
        layer.name = self._free_name(layer)
        if self.output_shape is not None:
            self._build_layer(layer, self.layers)
        layer.taken = True
        self.layers.append(layer)
        engine.lay_out(self.layers)

    def build(self, input_shape: tuple | None = None):
        """Make all weights. ``input_shape`` is Keras's, with None for the batch: ``(None, 8)``."""
        if input_shape is not None and self.input_shape is None:
            self._build_all(checks.shape("input_shape", tuple(input_shape)[1:]))
        elif self.input_shape is None:
            raise ValueError(
                "the model does not know its input's shape yet: begin it with Input((n_features,)), or fit it"
            )

    def _build_all(self, input_shape):
        self.output_shape = input_shape
        for k, layer in enumerate(self.layers):
            self._build_layer(layer, self.layers[:k])
        self.input_shape = input_shape
        engine.lay_out(self.layers)

    def _build_layer(self, layer, before):
        k = sum(other.stream == layer.stream for other in before)
        rng = None if layer.stream is None else self._stream(layer.stream, k)
        layer.build(self.output_shape, rng, self.dtype)
        self.output_shape = layer.compute_output_shape(self.output_shape)

    def _stream(self, role, k):
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(STREAMS[role], k)))

    def _free_name(self, layer):
        taken = {other.name for other in self.layers}
        if layer.name in taken:
            raise ValueError(f"the model already has a layer called {layer.name!r}; names must differ")
        stem = snake_case(type(layer).__name__)
        free = (stem if k == 0 else f"{stem}_{k}" for k in range(len(taken) + 1))
        return layer.name or next(name for name in free if name not in taken)

    # --- the network as a function ------------------------------------------------------------------------

    @np.errstate(all="ignore")
    def __call__(self, x, training: bool = False) -> np.ndarray:
        """Return the network's output for ``x`` of shape (samples, …)."""
        self._build_for(x := checks.features(x, self.input_shape, dtype=self.dtype))
        return self.forward(x.astype(self.dtype, copy=False), training)

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the output of the last layer; unchecked."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, y_true, y_pred, sample_weight=None) -> np.ndarray:
        """Fill every layer's ``grads`` with the gradient of the total loss; return it at the input.

        To be called after ``forward`` on the same samples.
        """
        before, last = self.layers[:-1], self.layers[-1]
        if at_logits := self._loss_at_logits:
            grad = last.backward_z(at_logits.gradient(y_true, last.z, sample_weight))
        else:
            grad = last.backward(self.loss.gradient(y_true, y_pred, sample_weight))
        for layer in reversed(before):
            grad = layer.backward(grad)
        for layer in self.layers:
            layer.add_penalty_gradients()
        return grad

    def compute_loss(self, y_true, y_pred, sample_weight=None) -> float:
        """Return the total loss after ``forward``: the loss's mean over the samples, and the penalties."""
        if at_logits := self._loss_at_logits:
            loss = at_logits(y_true, self.layers[-1].z, sample_weight)
        else:
            loss = self.loss(y_true, y_pred, sample_weight)
        return loss + sum(layer.penalty() for layer in self.layers)

    # --- weights ------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[np.ndarray]:
        """All arrays of all layers, each layer's trainable ones first."""
        return [w for layer in self.layers for w in layer.weights]

    @property
    def trainable_weights(self) -> list[np.ndarray]:
        """The arrays that training changes."""
        return [w for layer in self.layers for w in layer.params.values()]

    @property
    def gradients(self) -> list[np.ndarray]:
        """What the last ``backward`` found, in the order of ``trainable_weights``."""
        return [layer.grads[name] for layer in self.layers for name in layer.params]

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights, in Keras's order."""
        self.build()
        return [w.copy() for w in self.weights]

    def set_weights(self, weights: list[np.ndarray]):
        """Copy ``weights`` into the model; all shapes are checked first."""
        self.build()
        assign(self.weights, weights, self.name)

    def count_params(self) -> int:
        """Return how many numbers the model's layers hold."""
        self.build()
        return sum(layer.count_params() for layer in self.layers)

    def summary(self, print_fn=print):
        """Print one line a layer: its name and type, the shape of its output, how many parameters it has."""
        self.build()
        line = "{:<44}{:<18}{:>12}".format
        print_fn(f"Model: {self.name}")
        print_fn(line("Layer (type)", "Output shape", "Parameters"))
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
            kind = f"{layer.name} ({type(layer).__name__})"
            print_fn(line(kind, checks.batch_of(shape), f"{layer.count_params():,}"))
        trainable = sum(w.size for w in self.trainable_weights)
        print_fn(f"Total {self.count_params():,}, of which trainable {trainable:,}")

    # --- training -----------------------------------------------------------------------------------------

    def compile(self, optimizer="rmsprop", loss=None, *, metrics=None, weighted_metrics=None):
        """Choose how the model learns.

        Args:
            optimizer: a name such as "adam", or an object from ``nnbook.optimizers``.
            loss: a name such as "mse", or an object from ``nnbook.losses``.
            metrics: names or objects from ``nnbook.metrics``, told in ``History`` beside the loss.
            weighted_metrics: the same, but they heed sample weights.
        """
        chosen = optimizers.get(optimizer), losses.get(loss)
        lists = [check_metrics(metrics), check_metrics(weighted_metrics)]
        self.optimizer, self.loss = chosen
        self.metrics_config, self.weighted_metrics_config = lists
        self.trackers = None

    def fit(
        self,
        x,
        y,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose="auto",
        callbacks=None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
        class_weight: dict | None = None,
        sample_weight=None,
        initial_epoch: int = 0,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> cb.History:
        """Train for ``epochs`` passes over the data; return the ``History``.

        Args:
            x, y: samples and labels, one row each.
            batch_size: samples a step, 32 if None; the last batch of an epoch may be smaller.
            verbose: 0 silent, 1 or "auto" a progress bar, 2 a line an epoch.
            callbacks: objects from ``nnbook.callbacks``.
            validation_split: this fraction of the rows, the *last* ones, is held out for validation.
            validation_data: (x, y) or (x, y, sample_weight), evaluated after each epoch.
            shuffle: a new order of the samples in each epoch.
            class_weight: class → weight of its samples in the loss.
            sample_weight: weight of each sample in the loss.
            initial_epoch: where to go on counting after a checkpoint.
            validation_batch_size, validation_freq: batch size of the validation, epochs between two.

        Raises:
            ValueError: for data, labels or settings that do not fit, before anything is changed.
        """
        self._require_compiled()
        batch_size = checks.integer("batch_size", 32 if batch_size is None else batch_size)
        if validation_batch_size is None:
            validation_batch_size = batch_size
        validation_batch_size = checks.integer("validation_batch_size", validation_batch_size)
        initial_epoch = checks.integer("initial_epoch", initial_epoch, least=0)
        epochs = checks.integer("epochs", epochs, least=initial_epoch)
        validation_freq = checks.integer("validation_freq", validation_freq)
        x, y, w = self._check_data(x, y, sample_weight, class_weight)
        if validation_data is None and validation_split:
            (x, y, w), validation_data = hold_out_last(x, y, w, validation_split)
            if class_weight is not None:  # it counts in training alone
                validation_data = *validation_data[:2], None
        elif validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
            validation_data = self._check_data(*validation_data, name="validation data: ", like=x)
        params = {
            "epochs": epochs,
            "initial_epoch": initial_epoch,
            "steps": -(-len(x) // batch_size),
            "metrics": self._log_names(x, y, validated=validation_data is not None),
        }
        run = cb.CallbackList(callbacks, self, verbose, params)

        self._build_for(x)
        self.optimizer.build(self.trainable_weights)
        self.stop_training = False
        validate = (
            None if validation_data is None else self._evaluator(*validation_data, validation_batch_size)
        )
        train = engine.epochs if engine.takes(self, y) else epochs_as_written
        logs, numbers = {}, range(initial_epoch, epochs)
        run.on_train_begin({})
        for epoch, logs in train(self, run, numbers, (x, y, w), batch_size, shuffle, bool(validate)):
            if validate and (epoch + 1) % validation_freq == 0:
                logs = logs | {f"val_{name}": value for name, value in validate().items()}
            run.on_epoch_end(epoch, dict(logs))
            if self.stop_training:
                break
        run.on_train_end(logs)
        return self.history

    def train_on_batch(self, x, y, sample_weight=None, class_weight=None, return_dict: bool = False):
        """Take one step on these samples; return loss and metrics, as they were before it."""
        x, y, w = self.prepare(x, y, sample_weight, class_weight)
        self._resolve_metrics(x, y)
        self.reset_metrics()
        self.optimizer.build(self.trainable_weights)
        return as_keras_returns(self._train_step(x, y, w), return_dict)

    def test_on_batch(self, x, y, sample_weight=None, return_dict: bool = False):
        """Return loss and metrics on these samples."""
        x, y, w = self.prepare(x, y, sample_weight)
        self._resolve_metrics(x, y)
        self.reset_metrics()
        return as_keras_returns(self._test_step(x, y, w), return_dict)

    def evaluate(
        self,
        x,
        y,
        batch_size: int | None = None,
        verbose="auto",
        sample_weight=None,
        return_dict: bool = False,
    ):
        """Return the loss and the metrics on ``x`` and ``y``: one number, a list, or a dictionary."""
        batch_size = checks.integer("batch_size", 32 if batch_size is None else batch_size)
        x, y, w = self.prepare(x, y, sample_weight)
        logs = self._evaluator(x, y, w, batch_size)()
        if verbose:
            print(cb.sentence(logs))
        return as_keras_returns(logs, return_dict)

    def predict(self, x, batch_size: int | None = None, verbose="auto") -> np.ndarray:
        """Return the outputs for ``x``, computed batch by batch."""
        batch_size = checks.integer("batch_size", 32 if batch_size is None else batch_size)
        x = checks.features(x, self.input_shape, dtype=self.dtype)
        return np.concatenate([self(x[k : k + batch_size]) for k in range(0, len(x), batch_size)])

    def predict_on_batch(self, x) -> np.ndarray:
        """Return the outputs for ``x``, computed in one piece."""
        return self(x)

    def reset_metrics(self):
        """Begin new running means."""
        for tracker in self.trackers or []:
            tracker.reset_state()

    @np.errstate(all="ignore")  # a run that diverges does so silently, and the loss tells
    def _train_step(self, x, y, w):
        y_pred = self.forward(x.astype(self.dtype, copy=False), training=True)
        loss = self.compute_loss(y, y_pred, w)
        self.backward(y, y_pred, w)
        self.optimizer.apply(self.gradients, self.trainable_weights)
        return self._score(loss, y, y_pred, w)

    @np.errstate(all="ignore")
    def _test_step(self, x, y, w):
        y_pred = self.forward(x.astype(self.dtype, copy=False))
        return self._score(self.compute_loss(y, y_pred, w), y, y_pred, w)

    def _score(self, loss, y, y_pred, w):
        mean_loss, *trackers = self.trackers
        mean_loss.update_state(loss, sample_weight=len(y_pred))
        for tracker in trackers:
            tracker.update_state(y, y_pred, w if tracker in self.weighted_trackers else None)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def _evaluator(self, x, y, w, batch_size):
        self._resolve_metrics(x, y)
        if engine.takes(self, y):
            return engine.evaluator(self, (x, y, w), batch_size)
        return lambda: self._evaluate(x, y, w, batch_size)

    def _evaluate(self, x, y, w, batch_size):
        self.reset_metrics()
        for k in range(0, len(x), batch_size):
            rows = slice(k, k + batch_size)
            logs = self._test_step(x[rows], y[rows], None if w is None else w[rows])
        return logs

    # --- files --------------------------------------------------------------------------------------------

    def save(self, filepath):
        """Write the whole model to a .safetensors file; ``load_model`` brings it back, ready to go on."""
        saving.save(self, filepath)

    def save_weights(self, filepath):
        """Write the weights alone to a .safetensors file."""
        saving.save_weights(self, filepath)

    def load_weights(self, filepath):
        """Copy the weights in a file into the model; all shapes are checked first."""
        saving.load_weights(self, filepath)

    # --- what must hold before anything changes -----------------------------------------------------------

    def prepare(self, x, y, sample_weight=None, class_weight=None):
        """Check samples and labels, build the model for them, return them as training would see them."""
        self._require_compiled()
        x, y, w = self._check_data(x, y, sample_weight, class_weight)
        self._build_for(x)
        return x, y, w

    def _require_compiled(self):
        if self.loss is None:
            raise ValueError("the model has not been compiled: call compile(optimizer=…, loss=…) first")
        if not self.layers:
            raise ValueError("the model has no layers: add at least one")

    def _check_data(self, x, y, sample_weight=None, class_weight=None, *, name="", like=None):
        x = checks.features(x, self.input_shape if like is None else like.shape[1:], f"{name}x", self.dtype)
        y = checks.same_length(f"{name}y", checks.array(f"{name}y", y, self.dtype), len(x))
        shape = self._output_shape_for(x.shape[1:])
        if y.ndim == 1 and shape == (1,):
            y = y[:, None]
        self.loss.check(y, shape)
        if sample_weight is not None:
            sample_weight = checks.weights(sample_weight, len(x), f"{name}sample_weight")
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("give class_weight or sample_weight, not both")
            sample_weight = weights_by_class(class_weight, y)
        return x, y, sample_weight

    def _output_shape_for(self, shape):
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def _log_names(self, x, y, validated):
        self._resolve_metrics(x, y)
        names = [tracker.name for tracker in self.trackers]
        return names + [f"val_{name}" for name in names] if validated else names

    def _build_for(self, x):
        if self.input_shape is None:
            self._build_all(x.shape[1:])

    def _resolve_metrics(self, x, y):
        if self.trackers is None:
            y_pred_shape = (len(y), *self._output_shape_for(x.shape[1:]))
            shapes = {"y_true_shape": y.shape, "y_pred_shape": y_pred_shape}
            plain = [metrics.get(m, self.loss, **shapes) for m in self.metrics_config]
            self.weighted_trackers = [
                metrics.get(m, self.loss, **shapes) for m in self.weighted_metrics_config
            ]
            for tracker in self.weighted_trackers:
                if tracker.name in {other.name for other in plain}:
                    tracker.name = f"weighted_{tracker.name}"
            with np.errstate(all="ignore"):  # one that does not fit the labels says so before any training
                for tracker in (*plain, *self.weighted_trackers):
                    tracker.update_state(y[:1], np.full((1, *y_pred_shape[1:]), 0.5))
            self.trackers = [MeanLoss(self.dtype), *plain, *self.weighted_trackers]
            self.reset_metrics()

    @property
    def _loss_at_logits(self):
        """The loss as a function of the last layer's z if the two are one of ``PAIRS``, else None."""
        last = getattr(self.layers[-1], "activation", None)
        paired = isinstance(self.loss, PAIRS.get(getattr(last, "__name__", None), ()))
        return self.loss.with_logits() if paired else None


def epochs_as_written(model, run, numbers, data, batch_size: int, shuffle: bool, validated: bool):
    """Train for the epochs of these numbers, layer by layer; yield (epoch, logs) after each."""
    x, y, w = data
    for epoch in numbers:
        run.on_epoch_begin(epoch, {})
        model.reset_metrics()
        order = model.shuffle_rng.permutation(len(x)) if shuffle else np.arange(len(x))
        for step, start in enumerate(range(0, len(x), batch_size)):
            rows = order[start : start + batch_size]
            run.on_train_batch_begin(step, {})
            logs = model._train_step(x[rows], y[rows], None if w is None else w[rows])
            run.on_train_batch_end(step, logs)
            if model.stop_training:
                break
        yield epoch, logs


class MeanLoss(metrics.Mean):
    """The loss's running mean, infinite as soon as the sum is so in the model's precision, as with Keras."""

    def __init__(self, dtype: str):
        super().__init__("loss")
        self.largest = float(np.finfo(dtype).max)

    def result(self):
        return super().result() if abs(self.total) <= self.largest else self.total * math.inf


def check_metrics(identifiers) -> list:
    """Return the list of metrics asked for; each name is looked up, so that a slip is told at once."""
    identifiers = [] if identifiers is None else identifiers
    identifiers = list(identifiers) if isinstance(identifiers, (list, tuple)) else [identifiers]
    for identifier in identifiers:
        metrics.get(identifier)
    return [identifier() if isinstance(identifier, type) else identifier for identifier in identifiers]


def hold_out_last(x, y, w, fraction: float):
    """Split off the last ``fraction`` of the rows, as Keras does before it shuffles."""
    fraction = checks.fraction("validation_split", fraction)
    n = int(len(x) * (1 - fraction))
    if n == 0 or n == len(x):
        raise ValueError(f"validation_split={fraction:g} of {len(x)} samples leaves one part without samples")
    tail = None if w is None else w[n:]
    return (x[:n], y[:n], None if w is None else w[:n]), (x[n:], y[n:], tail)


def weights_by_class(class_weight: dict, y: np.ndarray) -> np.ndarray:
    """Return each sample's weight: that of its class, 1 where none is given."""
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight must be a dictionary, class → weight, got {class_weight!r}")
    classes = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else np.round(y.reshape(len(y)))
    for label, weight in class_weight.items():
        checks.integer("each class of class_weight", label, least=0)
        checks.non_negative(f"class_weight[{label}]", weight)
    return np.array([class_weight.get(int(c), 1.0) for c in classes])


def as_keras_returns(logs: dict, return_dict: bool):
    """Return logs as a dictionary, or as a list of values, or as a number where there is one only."""
    if return_dict:
        return dict(logs)
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def snake_case(name: str) -> str:
    """Return ``BatchNormalization`` as ``batch_normalization`` and ``ReLU`` as ``re_lu``, as Keras does."""
    import re

    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()
