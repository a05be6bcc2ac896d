"""Models as files: weights as safetensors, and beside them a JSON header that says how to build the model.

Nothing in such a file is executed: layers come from ``layers.LAYERS`` and from nowhere else.
"""

from __future__ import annotations

import json
import os

import numpy as np

from nnbook import layers, losses, metrics, optimizers
from nnbook.registry import deserialize, get, serialize

FORMAT = {"format": "nnbook", "version": 1}
DTYPES = {"float32": "F32", "float64": "F64"}  # as safetensors calls them


def save(model, path):
    """Write ``model`` to ``path`` with all that exact resuming needs.

    The file holds architecture, weights, optimiser and its state, and the state of every random stream.
    It is written beside its place first and then moved there, so that no reader meets half a file.

    Raises:
        ValueError: the model holds what ``load_model`` could not bring back, such as a layer of your own.
    """
    model.build()
    header = FORMAT | {"model": architecture(model), "streams": streams(model), "compile": None}
    tensors = layer_tensors(model)
    if model.loss is not None:
        header["compile"] = {
            "optimizer": described(model.optimizer, optimizers.OPTIMIZERS, "optimizer"),
            "loss": described(model.loss, losses.LOSSES, "loss"),
            "metrics": [described(m, metrics.METRICS, "metric") for m in model.metrics_config],
            "weighted_metrics": [
                described(m, metrics.METRICS, "metric") for m in model.weighted_metrics_config
            ],
        }
        model.optimizer.build(model.trainable_weights)
        tensors |= {f"optimizer/{name}": np.asarray(v) for name, v in model.optimizer.state().items()}
    write(path, tensors, header)


def save_weights(model, path):
    """Write the weights alone to ``path``."""
    model.build()
    write(path, layer_tensors(model), FORMAT)


def load_model(path):
    """Return the model that ``Sequential.save`` wrote to ``path``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, comes from elsewhere, or its weights do not fit its layers. Shapes
            are compared before any memory is taken for them.
    """
    from nnbook.models import Sequential

    with Reader(path) as file:
        try:
            config = dict(file.header["model"])
            input_shape = tuple(config.pop("input_shape"))
            parts = [deserialize(layer, layers.LAYERS, "layer") for layer in config.pop("layers")]
            model = Sequential(parts, **config)
            file.require(declared_tensors(model, input_shape))
            model.build((None, *input_shape))
            fill(model, file)
            resume_training(model, file)
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"{file.path} does not describe a model of nnbook: {error}") from error
    return model


def load_weights(model, path):
    """Copy the weights in ``path`` into ``model``, whose shapes must agree with them."""
    model.build()
    with Reader(path) as file:
        file.require(declared_tensors(model, model.input_shape))
        fill(model, file)


def architecture(model) -> dict:
    """Return what ``Sequential`` needs to make the same layers again."""
    return {
        "name": model.name,
        "seed": model.seed,
        "dtype": model.dtype,
        "input_shape": list(model.input_shape),
        "layers": [described(layer, layers.LAYERS, "layer") for layer in model.layers],
    }


def described(value, known: dict, what: str):
    """Return what the header holds of ``value``, once it is sure to come back as what it is."""
    if isinstance(value, str):
        return value
    config = serialize(value)
    back = get(config, known, what)
    if type(back) is not type(value) and getattr(back, "fn", None) is not value:
        raise ValueError(f"{what} {value!r} is not nnbook's own, so a file cannot hold it; try save_weights")
    return config


def generators(model) -> dict:
    """Return the model's random generators by name."""
    drawing = {layer.name: layer.rng for layer in model.layers if layer.rng is not None}
    return {"": model.shuffle_rng} | drawing


def streams(model) -> dict:
    """Return the state of every random generator."""
    return {name: rng.bit_generator.state for name, rng in generators(model).items()}


def layer_tensors(model) -> dict:
    """Return every weight under the name that it has in the file."""
    return {
        f"layers/{layer.name}/{name}": w
        for layer in model.layers
        for name, w in (layer.params | layer.state).items()
    }


def declared_tensors(model, input_shape) -> dict:
    """Return name → (shape, type) of the weights that the layers will have, without making them."""
    declared = {}
    for layer in model.layers:
        for name, (shape, _) in layer.weight_specs(input_shape).items():
            declared[f"layers/{layer.name}/{name}"] = tuple(shape), DTYPES[model.dtype]
        input_shape = layer.compute_output_shape(input_shape)
    return declared


def fill(model, file: Reader):
    """Copy the file's weights into the model's."""
    for name, w in layer_tensors(model).items():
        w[...] = file.tensor(name)


def resume_training(model, file: Reader):
    """Put random streams, optimiser and metrics where they were."""
    for name, rng in generators(model).items():
        rng.bit_generator.state = file.header["streams"][name]
    prefix = "optimizer/"
    state = {name.removeprefix(prefix): file.tensor(name) for name in file.names if name.startswith(prefix)}
    compiled = file.header["compile"]
    if compiled is None and not state:
        return
    model.compile(
        optimizer=deserialize(compiled["optimizer"], optimizers.OPTIMIZERS, "optimizer"),
        loss=get(compiled["loss"], losses.LOSSES, "loss"),
        metrics=[m if isinstance(m, str) else metrics.get(m) for m in compiled["metrics"]],
        weighted_metrics=[m if isinstance(m, str) else metrics.get(m) for m in compiled["weighted_metrics"]],
    )
    model.optimizer.build(model.trainable_weights)
    model.optimizer.set_state(state)


def write(path, tensors: dict, header: dict):
    """Write tensors and header to ``path`` in one step: a temporary file, then a move."""
    from safetensors.numpy import save_file

    path = os.fspath(path)
    if not path.endswith(".safetensors"):
        raise ValueError(f"nnbook saves models as .safetensors files, got {path!r}")
    beside = f"{path}.{os.getpid()}.part"
    try:
        tensors = {name: np.asarray(w, order="C") for name, w in tensors.items()}
        save_file(tensors, beside, metadata={"nnbook": json.dumps(header)})
        os.replace(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


class Reader:
    """An open model file: its header, and its tensors one at a time."""

    def __init__(self, path):
        from safetensors import SafetensorError, safe_open

        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise FileNotFoundError(f"there is no model file {self.path!r}")
        try:
            self.file = safe_open(self.path, framework="numpy")
            self.header = json.loads((self.file.metadata() or {})["nnbook"])
        except (SafetensorError, KeyError, ValueError, RecursionError) as error:
            raise ValueError(f"{self.path} is damaged or was not written by nnbook: {error}") from error
        if not isinstance(self.header, dict) or {k: self.header.get(k) for k in FORMAT} != FORMAT:
            raise ValueError(f"{self.path} has another format or version than {FORMAT}")
        self.names = list(self.file.keys())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.__exit__(None, None, None)

    def tensor(self, name: str) -> np.ndarray:
        """Return one tensor."""
        return self.file.get_tensor(name)

    def require(self, declared: dict):
        """Raise ``ValueError`` unless the file's weights have just these names, shapes and types."""
        slices = {name: self.file.get_slice(name) for name in self.names if not name.startswith("optimizer/")}
        found = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()}
        if found != declared:
            wrong = sorted(set(found.items()) ^ set(declared.items()))[0][0]
            raise ValueError(
                f"{self.path}: {wrong} should have shape and type {declared.get(wrong, 'no such weight')}, "
                f"the file has {found.get(wrong, 'no such weight')}"
            )
