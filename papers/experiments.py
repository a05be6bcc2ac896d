"""What is done for a row of the paper's table: one function a kind, all on nnbook's public parts."""

from __future__ import annotations

import contextlib
from functools import cache, lru_cache

import numpy as np

from nnbook import Sequential, datasets
from nnbook.activations import sigmoid
from nnbook.callbacks import LambdaCallback
from nnbook.layers import Dense, Dropout, Input
from nnbook.regularizers import L2

HELD_OUT = 10_000  # the last training pictures are the validation set wherever there is one


@cache
def pictures(name: str):
    """Return (x, y), (x_test, y_test) of "mnist", "fashion" or "shipped", pictures as rows of 0 … 255."""
    with contextlib.redirect_stdout(None):  # it tells from where they come
        parts = {
            "mnist": lambda: datasets.mnist(full=True),
            "fashion": datasets.fashion_mnist,
            "shipped": datasets.mnist,
        }[name]()
    return [(x.reshape(len(x), -1), y) for x, y in parts]


@lru_cache(maxsize=1)  # full MNIST takes 200 MB
def prepared(name: str, pixels, train: int, judged_on: str):
    """Return inputs and labels to learn from, and those that judge.

    Args:
        pixels: what black and white become, or "standardised": each pixel by its mean and spread.
        train: so many pictures, the first, are learnt from; 0 for all that are not held out.
        judged_on: "test" or "validation", which are the last of the training pictures.
    """
    (x, y), (x_test, y_test) = pictures(name)
    if judged_on == "validation":
        held = min(HELD_OUT, len(x) // 5)
        x, y, x_test, y_test = x[:-held], y[:-held], x[-held:], y[-held:]
    train = train or len(x)
    return scaled(x[:train], x[:train], pixels), y[:train], scaled(x_test, x[:train], pixels), y_test


def scaled(x, seen, pixels):
    """Return pictures as a network reads them; means and spreads are those of the pictures ``seen``."""
    if pixels == "standardised":
        return datasets.StandardScaler().fit(seen).transform(x).astype("float32")
    low, high = pixels
    return (low + (high - low) * (x / 255)).astype("float32")


def inputs(row: dict, setting: dict):
    """Return the pictures of a row, prepared as the setting says."""
    pixels = setting.get("pixels", [0, 1])
    pixels = pixels if isinstance(pixels, str) else tuple(pixels)
    return prepared(row["data"], pixels, row.get("train", 0), row["judged_on"])


def network(setting: dict, n_in: int, n_out: int, seed: int, dtype="float32") -> Sequential:
    """Return a compiled network as the setting describes it."""
    options = {
        "kernel_initializer": setting.get("initializer", "glorot_uniform"),
        "bias_initializer": setting.get("bias", "zeros"),
        "kernel_regularizer": L2(setting["l2"]) if "l2" in setting else None,
    }
    layers = [Input((n_in,))]
    for units in setting["layers"]:
        layers.append(Dense(units, activation=setting["activation"], **options))
        if "dropout" in setting:
            layers.append(Dropout(setting["dropout"]))
    layers.append(Dense(n_out, activation=setting["output"], **options))
    model = Sequential(layers, seed=seed, dtype=dtype)
    model.compile(optimizer=setting.get("optimizer", "sgd"), loss=setting["loss"])
    return model


def accuracy(model: Sequential, x, y) -> float:
    """Return how many of the pictures are read rightly, in per cent."""
    return 100 * float(np.mean(model.predict(x, batch_size=500, verbose=0).argmax(axis=1) == y))


def training(row: dict, setting: dict, seed: int) -> float | dict:
    """Train a network on pictures; return what the row's judge finds.

    Where the setting has variants, name → what differs, the answer is a dictionary too.
    """
    if "variants" in setting:
        common = {key: value for key, value in setting.items() if key != "variants"}
        return {name: training(row, common | own, seed) for name, own in setting["variants"].items()}
    x, y, x_judge, y_judge = inputs(row, setting)
    low, high = setting.get("targets", [0, 1])
    targets = (low + (high - low) * datasets.one_hot(y)).astype("float32")
    model = network(setting, x.shape[1], targets.shape[1], seed)
    found = []
    best = row["judge"] == "best test accuracy"
    watch = [LambdaCallback(on_epoch_end=lambda epoch, logs: found.append(accuracy(model, x_judge, y_judge)))]
    run = {"epochs": row["epochs"], "batch_size": setting["batch"], "verbose": 0}
    history = model.fit(x, targets, callbacks=watch if best else [], **run).history
    if row["judge"] == "training loss":
        return history["loss"][-1]
    if row["judge"] == "training accuracy":
        return accuracy(model, x, y)
    right = max(found) if best else accuracy(model, x_judge, y_judge)
    return 100 - right if row["judge"] == "test error" else right


def gradients(row: dict, setting: dict, seed: int) -> list[float]:
    """Return the length of the gradient by the biases of each hidden layer, before any training."""
    x, y, *_ = inputs(row, setting)
    model = network(setting, x.shape[1], 10, seed, "float64")
    model.backward(datasets.one_hot(y), model.forward(x.astype(float)))
    lengths = [np.linalg.norm(layer.grads["b"]) for layer in model.layers[:-1]]
    return [float(length) for length in setting.get("outputs_added_up", 1) * np.array(lengths)]


def sizes(row: dict, setting: dict, seed: int) -> dict:
    """Return how much of the gradient's size in the last hidden layer arrives at the first, in per cent."""
    x, y, *_ = inputs(row, setting)
    shares = {}
    for name, own in setting["variants"].items():
        model = network(setting | own, x.shape[1], 10, seed, "float64")
        *hidden, output = model.layers
        grad = output.backward_z(model.forward(x.astype(float)) - datasets.one_hot(y))
        size = []
        for layer in reversed(hidden):
            size.append(float(np.sqrt(np.mean(grad**2))))
            grad = layer.backward(grad)
        shares[name] = 100 * size[-1] / size[0]
    return shares


def neuron(row: dict, setting: dict, seed: int) -> float:
    """Return what one sigmoid neuron with the input 1 answers after it was trained to answer 0."""
    w, b = ({"class_name": "Constant", "config": {"value": value}} for value in setting["start"])
    model = network(setting | {"layers": [], "initializer": w, "bias": b}, 1, 1, seed, "float64")
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    model.fit(one, zero, batch_size=1, epochs=row["epochs"], verbose=0)
    return float(model.predict(one, verbose=0)[0, 0])


def sweeps(row: dict, setting: dict, seed: int) -> int | None:
    """Return after how many sweeps all four answers to XOR are on the right side of one half; None: never."""
    if "start" in setting:
        return shortcut_sweeps(setting["start"], setting["rate"], row["epochs"], seed)
    x, y = datasets.xor()
    model, needed = network(setting, 2, 1, seed), []

    def look(epoch, logs):
        if ((model.predict(x, verbose=0)[:, 0] > 0.5) == y).all():
            needed.append(epoch + 1)
            model.stop_training = True

    watch = [LambdaCallback(on_epoch_end=look)]
    model.fit(x, y[:, None], setting["batch"], row["epochs"], 0, watch)
    return needed[0] if needed else None


def shortcut_sweeps(start: float, rate: float, limit: int, seed: int) -> int | None:
    """Return the sweeps that Rumelhart's network needs: one hidden neuron, and inputs that skip it.

    It is no row of layers, so its two sigmoids are written out, as in chapter 7; half the squared error.
    """
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(-start, start, 3), rng.uniform(-start, start, 4)
    points = [(np.array([*x, 1.0]), y) for x, y in zip(*datasets.xor(), strict=True)]
    for sweep in range(1, limit + 1):
        right = 0
        for x, y in points:
            h = float(sigmoid(u @ x))
            seen = np.append(x, h)
            a = float(sigmoid(v @ seen))
            delta = (a - y) * a * (1 - a)
            u, v = u - rate * delta * v[3] * h * (1 - h) * x, v - rate * delta * seen
            right += (a > 0.5) == y
        if right == len(points):
            return sweep
    return None


KINDS = {
    "training": training,
    "gradients": gradients,
    "sizes": sizes,
    "neuron": neuron,
    "sweeps": sweeps,
}
