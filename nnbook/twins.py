"""The Keras twin of a model, and the proof that the two agree. The only module that imports Keras."""

from __future__ import annotations

import copy
import importlib
import inspect
import math
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from nnbook import initializers, layers, losses, metrics, models, optimizers, regularizers
from nnbook.optimizers import schedules
from nnbook.registry import Configurable, serialize

# Bounds are given in powers of ten and never below these: what lies under them is rounding, and differs
# from one processor to the next.
ROUNDING = {"float64": 1e-12, "float32": 1e-5}


@contextmanager
def floatx(dtype: str):
    """Let Keras compute in ``dtype`` ("float32" or "float64") within a ``with`` block, and no longer.

    Keras casts inputs, losses and hyper-parameters to its default types, so a comparison in float64 must
    build, compile and run the twin inside this block.
    """
    before, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)


# --- from here to Keras -------------------------------------------------------------------------------------


def to_keras(model: models.Sequential) -> keras.Sequential:
    """Return a plain ``keras.Sequential`` with the same layers and weights, compiled alike if ``model`` is.

    Raises:
        ValueError: something in the model has no twin in Keras.
    """
    return _to_keras(model, {})


def _to_keras(model, instead):
    """Build the twin; ``instead`` maps layers to Keras layers that take their place."""
    model.build()
    with floatx(model.dtype):
        theirs = [instead.get(layer) or twin_of(layer) for layer in model.layers]
        twin = keras.Sequential([keras.layers.Input(model.input_shape), *theirs], name=model.name)
        for layer, other in zip(model.layers, theirs, strict=True):
            copy_weights(layer.get_weights(), other)
        if model.loss is not None:
            twin.compile(
                optimizer=twin_of(model.optimizer),
                loss=twin_of(model.loss),
                metrics=[twin_of(m) for m in model.metrics_config],
                weighted_metrics=[twin_of(m) for m in model.weighted_metrics_config],
            )
    return twin


def twin_of(value):
    """Return what ``value`` is in Keras: the class of the same name, made with the same arguments."""
    if isinstance(value, Configurable):
        home = type(value).__module__.replace("nnbook", "keras", 1)
        kind = getattr(importlib.import_module(home), type(value).__name__, None) if "keras" in home else None
        if kind is None:
            raise ValueError(f"{type(value).__name__} has no twin in Keras")
        return kind(**{name: twin_of(getattr(value, name)) for name in value.get_config()})
    if callable(value):
        if not hasattr(keras.activations, value.__name__):
            raise ValueError(f"the function {value.__name__} has no twin in Keras")
        return value.__name__
    return value


def copy_weights(weights: list[np.ndarray], other: keras.layers.Layer):
    """Copy weights into a Keras layer, which may hold more: Normalization counts its samples."""
    other.set_weights([*weights, *other.get_weights()[len(weights) :]])
    if isinstance(other, keras.layers.Normalization):
        other.finalize_state()


# --- from Keras to here -------------------------------------------------------------------------------------

# For each family of objects, what we have by name, and where Keras keeps its own.
FAMILIES = {
    "layer": (layers.LAYERS, keras.layers),
    "optimizer": (optimizers.OPTIMIZERS, keras.optimizers),
    "initializer": (initializers.INITIALIZERS, keras.initializers),
    "regularizer": (regularizers.REGULARIZERS, keras.regularizers),
    "schedule": (schedules.SCHEDULES, keras.optimizers.schedules),
    "loss": (losses.LOSSES, keras.losses),
    "metric": (metrics.METRICS, keras.metrics),
}
IGNORED = {"trainable", "dtype", "is_legacy_optimizer"}


def from_keras(twin: keras.Sequential) -> models.Sequential:
    """Return our model with the layers and weights of a ``keras.Sequential``, compiled alike if it is.

    Raises:
        ValueError: a layer, or an option that it uses, has no twin here; the message names it.
    """
    if not isinstance(twin, keras.Sequential):
        raise ValueError(f"from_keras takes a keras.Sequential, got {type(twin).__name__}")
    if not twin.built:
        raise ValueError("from_keras takes a model that knows its input's shape; build it first")
    model = models.Sequential(name=twin.name, dtype=twin.dtype_policy.compute_dtype)
    model.add(layers.Input(tuple(twin.input_shape[1:])))
    for layer in twin.layers:
        model.add(ours_of(layer, "layer"))
    for layer, other in zip(model.layers, twin.layers, strict=True):
        layer.set_weights(other.get_weights()[: len(layer.weights)])
    if twin.compiled:
        config = twin.get_compile_config()
        model.compile(
            optimizer=ours_of(twin.optimizer, "optimizer"),
            loss=from_identifier(config["loss"], "loss"),
            metrics=[from_identifier(m, "metric") for m in config["metrics"] or []],
            weighted_metrics=[from_identifier(m, "metric") for m in config["weighted_metrics"] or []],
        )
    return model


def ours_of(theirs, family: str):
    """Return what a Keras object is here."""
    return from_description(type(theirs).__name__, theirs.get_config(), family)


def from_identifier(value, family: str):
    """Return a loss or metric from what a compile configuration holds: a name, or a description."""
    return (
        from_description(value["class_name"], value["config"], family) if isinstance(value, dict) else value
    )


def from_description(class_name: str, config: dict, family: str):
    """Return our object of that class. Options that we lack must stand at Keras's default."""
    known, home = FAMILIES[family]
    if class_name not in known:
        raise ValueError(f"the Keras {family} {class_name} has no twin here")
    ours, defaults = defaults_of(known[class_name]), defaults_of(getattr(home, class_name))
    for option in set(config) - set(ours) - IGNORED:
        if config[option] not in (usual := defaults.get(option, False), (usual,), [usual]):
            raise ValueError(f"{class_name}({option}={config[option]!r}) has no twin here")
    if config.get("trainable") is False:
        raise ValueError(f"{class_name} is frozen (trainable=False), which has no twin here")
    return known[class_name](**{name: plain(value) for name, value in config.items() if name in ours})


def defaults_of(kind) -> dict:
    """Return each argument of a class and of its base classes, with its default."""
    signatures = [inspect.signature(base.__init__).parameters.values() for base in reversed(kind.__mro__)]
    return {p.name: p.default for parameters in signatures for p in parameters}


def plain(value):
    """Return one value of a Keras configuration as our constructors take it."""
    if isinstance(value, dict) and "class_name" in value:
        for family in ("initializer", "regularizer", "schedule"):
            if value["class_name"] in FAMILIES[family][0]:
                return from_description(value["class_name"], value["config"], family)
        raise ValueError(f"the Keras object {value['class_name']} has no twin here")
    return value


# --- the proof ----------------------------------------------------------------------------------------------


class SharedDropout(keras.layers.Dropout):
    """Dropout that uses the mask it is handed, so that both engines drop the same values."""

    mask = 1.0

    def call(self, inputs, training=False):
        return inputs * self.mask if training else inputs


class Comparison:
    """The largest differences between a model and its twin: ``largest`` maps each quantity to a number.

    Printed, each difference stands as a bound in a power of ten, for its digits differ between processors.
    """

    def __init__(self, dtype: str, optimizer: str, steps: int, masks_shared: bool):
        self.dtype, self.optimizer, self.steps, self.masks_shared = dtype, optimizer, steps, masks_shared
        self.largest: dict[str, float] = {}

    def note(self, quantity: str, ours, theirs):
        """Take the largest difference between two arrays into account; NaN on both sides is agreement."""
        ours, theirs = np.asarray(ours, "float64"), np.asarray(theirs, "float64")
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        with np.errstate(invalid="ignore"):
            difference = float(np.max(np.where(same, 0, np.abs(ours - theirs)), initial=0))
        self.largest[quantity] = max(self.largest.get(quantity, 0), difference)

    @property
    def worst(self) -> float:
        """The largest difference of all."""
        return max(self.largest.values())

    def rows(self) -> list[tuple[str, str]]:
        """Return (quantity, bound) pairs."""
        return [(quantity, f"≤ {bound(value, self.dtype)}") for quantity, value in self.largest.items()]

    @property
    def title(self) -> str:
        """What was compared, in a sentence."""
        shared = ", dropout masks shared" if self.masks_shared else ""
        return f"NumPy and Keras after {self.steps} steps of {self.optimizer} in {self.dtype}{shared}"

    def __repr__(self):
        width = max(map(len, self.largest))
        return "\n".join([self.title, *(f"{quantity:<{width}}  {b}" for quantity, b in self.rows())])

    def _repr_html_(self):
        cells = "".join(f"<tr><th scope='row'>{q}</th><td>{b}</td></tr>" for q, b in self.rows())
        head = "<tr><th scope='col'>Quantity</th><th scope='col'>Largest difference</th></tr>"
        caption = f"<caption>{self.title}</caption>"
        return f"<table class='nnbook-compare'>{caption}<thead>{head}</thead><tbody>{cells}</tbody></table>"


def bound(value: float, dtype: str) -> str:
    """Return the smallest power of ten that is not below ``value``, nor below rounding, as text."""
    if not math.isfinite(value):
        return str(value)
    return f"1e{math.ceil(math.log10(max(value, ROUNDING[dtype])) - 1e-9):d}"


def compare(model: models.Sequential, x, y, *, steps: int = 10, batch_size: int = 32) -> Comparison:
    """Train copies of ``model`` and of its twin on the same batches and return their largest differences.

    Args:
        model: a compiled model; it is not changed.
        x, y: samples and labels; batches are consecutive rows, from the top again at the end.
        steps: how many steps both take.
        batch_size: samples a step, at most ``len(x)``.

    Raises:
        ValueError: the data do not fit, or something has no twin.
    """
    x, y, _ = model.prepare(x, y)
    batch_size = min(batch_size, len(x))
    ours = copy.deepcopy(model)
    ours.compile(optimizer=optimizers.get(serialize(model.optimizer)), loss=model.loss)
    ours.optimizer.build(ours.trainable_weights)
    dropouts = [layer for layer in ours.layers if isinstance(layer, layers.Dropout)]
    found = Comparison(model.dtype, type(model.optimizer).__name__, steps, bool(dropouts))
    with floatx(model.dtype):
        shared = {layer: SharedDropout(layer.rate, name=layer.name) for layer in dropouts}
        twin = _to_keras(ours, shared)
        twin.optimizer.build(twin.trainable_variables)
        step_of_twin = training_step(twin, list(shared.values()))
        for k in range(steps):
            batch = np.arange(k * batch_size, (k + 1) * batch_size) % len(x)
            compare_step(found, ours, step_of_twin, dropouts, x[batch].astype(model.dtype), y[batch])
        compare_weights(found, ours, twin)
    return found


def training_step(twin: keras.Sequential, dropouts: list[SharedDropout]):
    """Return a function that takes one step of the twin in graph mode, where Keras pairs loss and softmax."""

    @tf.function
    def step(x, y, masks):
        for layer, mask in zip(dropouts, masks, strict=True):
            layer.mask = mask
        with tf.GradientTape() as tape:
            y_pred = twin(x, training=True)
            loss = twin.compute_loss(x, y, y_pred)
        grads = tape.gradient(loss, twin.trainable_variables)
        twin.optimizer.apply_gradients(zip(grads, twin.trainable_variables, strict=True))
        return y_pred, loss, [tf.convert_to_tensor(g) for g in grads]

    return step


def compare_step(found: Comparison, ours, step_of_twin, dropouts, x, y):
    """Take one step on both engines and note how outputs, loss and gradients differ."""
    with np.errstate(all="ignore"):
        y_pred = ours.forward(x, training=True)
        loss = ours.compute_loss(y, y_pred)
        ours.backward(y, y_pred)
    masks = [np.broadcast_to(layer.mask, (len(x), *layer.input_shape)).astype(x.dtype) for layer in dropouts]
    their_pred, their_loss, their_grads = step_of_twin(tf.constant(x), tf.constant(y), masks)
    found.note("outputs", y_pred, their_pred)
    found.note("loss", loss, their_loss)
    for name, grad, theirs in zip(weight_names(ours), ours.gradients, their_grads, strict=True):
        found.note(f"gradient of {name}", grad, theirs)
    ours.optimizer.apply(ours.gradients, ours.trainable_weights)


def compare_weights(found: Comparison, ours, twin):
    """Note how weights and the optimiser's memory differ after the last step."""
    for layer, other in zip(ours.layers, twin.layers, strict=True):
        names = [*layer.params, *layer.state]
        for name, w, theirs in zip(names, layer.weights, other.get_weights(), strict=False):
            found.note(f"{layer.name}/{name}", w, theirs)
    for slot, arrays in ours.optimizer.slots.items():
        theirs = [v for v in twin.optimizer.variables if v.path.endswith(slot)]
        theirs = theirs or [getattr(twin.optimizer, f"_{slot}")]  # Nadam's u_product is one for all
        for i, w in enumerate(arrays):
            found.note(f"optimiser's {slot}", w, theirs[i % len(theirs)])


def weight_names(model) -> list[str]:
    """Return the names of the trainable weights, in order."""
    return [f"{layer.name}/{name}" for layer in model.layers for name in layer.params]
