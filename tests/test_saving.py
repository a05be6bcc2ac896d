"""Saved models come back bit for bit, go on as if nothing had been, and no file can do harm."""

import inspect
import json
import os
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

import nnbook
from nnbook import callbacks, initializers, layers, losses, metrics, optimizers, regularizers, saving
from nnbook.optimizers import schedules
from nnbook.registry import serialize

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")
SHAPE = (2, 4)
X = np.random.default_rng(0).normal(size=(24, *SHAPE))
Y = np.random.default_rng(1).integers(0, 3, 24)

# --- one of everything, made from the registries, so that what is new is tested too ------------------------

REQUIRED = {  # arguments without a default
    "units": 3,
    "activation": "tanh",
    "rate": 0.25,
    "scale": 0.5,
    "initial_learning_rate": 0.25,
    "decay_steps": 5,
    "decay_rate": 0.5,
    "boundaries": [2, 4],
    "values": [0.5, 0.25, 0.125],
}


def kinds(registry):
    """Return each class of a registry once."""
    return pytest.mark.parametrize("kind", dict.fromkeys(registry.values()), ids=lambda kind: kind.__name__)


def unusual(kind):
    """Return an object of a class with each argument away from its default, as far as names tell."""
    arguments = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        default = parameter.default
        if parameter.kind is parameter.VAR_KEYWORD or name == "warmup_target":
            continue
        if name.endswith("initializer"):
            arguments[name] = initializers.RandomNormal(0.75, 2**-4, seed=3)
        elif name.endswith("regularizer"):
            arguments[name] = regularizers.L1L2(2**-5, 2**-6)
        elif name == "name":
            arguments[name] = "another"
        elif default is parameter.empty:
            arguments[name] = REQUIRED[name]
        elif isinstance(default, bool):
            arguments[name] = not default
        elif isinstance(default, float):
            arguments[name] = default / 2 or 0.125
        elif isinstance(default, int):
            arguments[name] = default + 1
        elif name in ("max_value", "clipnorm", "thresholds", "weight_decay"):
            arguments[name] = 0.75
    return kind(**arguments)


def usual(kind):
    parameters = inspect.signature(kind).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return kind(**{name: REQUIRED[name] for name in needed})


either = pytest.mark.parametrize("make", [usual, unusual])


def network(*more, optimizer="adam", loss="sparse_categorical_crossentropy", compiled=True, **options):
    arguments = {"seed": 3} | {k: options.pop(k) for k in ("seed", "dtype", "name") if k in options}
    model = nnbook.Sequential(
        [layers.Input(SHAPE), *more, layers.Flatten(), layers.Dense(3, activation="softmax")], **arguments
    )
    if compiled:
        model.compile(optimizer=optimizer, loss=loss, **options)
    return model


def through_a_file(model, folder):
    model.save(folder / "model.safetensors")
    assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
    return nnbook.load_model(folder / "model.safetensors")


def same_bits(a, b):
    assert len(a) == len(b)
    for ours, theirs in zip(a, b, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def same_model(a, b):
    """Assert that two models agree in all that ``save`` keeps."""
    assert saving.architecture(a) == saving.architecture(b)
    assert saving.streams(a) == saving.streams(b)
    same_bits(a.weights, b.weights)
    assert a.optimizer is None or serialize(a.optimizer) == serialize(b.optimizer)
    if a.optimizer is not None:
        ours, theirs = a.optimizer.state(), b.optimizer.state()
        assert list(ours) == list(theirs)
        same_bits(list(ours.values()), list(theirs.values()))
        assert serialize(a.loss) == serialize(b.loss)


@either
@kinds(layers.LAYERS)
def test_every_layer_comes_back(kind, make, tmp_path):
    model = network(make(kind), compiled=False)
    for w in model.weights:
        w += np.random.default_rng(w.size).uniform(0.1, 1, w.shape).astype("float32")
    back = through_a_file(model, tmp_path)
    same_model(model, back)
    for training in (False, True):
        np.testing.assert_array_equal(model(X, training), back(X, training))


@either
@kinds(optimizers.OPTIMIZERS)
def test_every_optimizer_comes_back_with_its_memory_and_goes_on(kind, make, tmp_path):
    model = network(optimizer=make(kind), dtype="float64")
    model.fit(X, Y, batch_size=8, verbose=0)
    back = through_a_file(model, tmp_path)
    same_model(model, back)
    for one in (model, back):
        one.fit(X, Y, batch_size=8, verbose=0)
    assert back.optimizer.iterations == 6
    same_model(model, back)


@either
@kinds(schedules.SCHEDULES)
def test_every_schedule_comes_back_and_goes_on(kind, make, tmp_path):
    model = network(optimizer=optimizers.SGD(make(kind)))
    model.fit(X, Y, batch_size=8, verbose=0)
    back = through_a_file(model, tmp_path)
    same_model(model, back)
    rates = [[one.optimizer.learning_rate(step) for step in range(9)] for one in (model, back)]
    assert rates[0] == rates[1]


def test_a_rate_that_a_callback_has_changed_comes_back(tmp_path):
    model = network(optimizer=optimizers.SGD(0.5))
    model.optimizer.learning_rate = 0.125
    assert through_a_file(model, tmp_path).optimizer.learning_rate == 0.125


@either
@kinds(losses.LOSSES)
def test_every_loss_comes_back(kind, make, tmp_path):
    model = network(loss=make(kind))
    back = through_a_file(model, tmp_path)
    assert type(back.loss) is kind and serialize(back.loss) == serialize(model.loss)


@either
@kinds(metrics.METRICS)
def test_every_metric_comes_back(kind, make, tmp_path):
    metric = make(kind)
    back = through_a_file(network(metrics=[metric], weighted_metrics=[metric]), tmp_path)
    for (found,) in (back.metrics_config, back.weighted_metrics_config):
        assert type(found) is kind and serialize(found) == serialize(metric)


@pytest.mark.parametrize(
    "metric", ["accuracy", "acc", "mse", losses.mean_squared_error, metrics.MeanAbsoluteError]
)
def test_metrics_keep_their_names_through_a_file(metric, tmp_path):
    model = network(metrics=[metric], loss="mse")
    back = through_a_file(model, tmp_path)
    y = np.eye(3)[Y]
    names = [one.evaluate(X, y, verbose=0, return_dict=True) for one in (model, back)]
    assert names[0] == names[1]


@kinds(initializers.INITIALIZERS)
def test_every_initializer_comes_back(kind, tmp_path):
    model = network(layers.Dense(3, kernel_initializer=unusual(kind)), compiled=False)
    same_model(model, through_a_file(model, tmp_path))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_name_and_seed_come_back(dtype, tmp_path):
    model = network(dtype=dtype, name="digits", seed=2**70)
    back = through_a_file(model, tmp_path)
    assert (back.dtype, back.name, back.seed) == (dtype, "digits", 2**70)
    assert {w.dtype.name for w in back.weights} == {dtype}


def test_special_values_of_weights_come_back(tmp_path):
    model = network(compiled=False)
    model.layers[-1].bias[...] = [np.nan, -np.inf, -0.0]
    back = through_a_file(model, tmp_path).layers[-1].bias
    assert back.tobytes() == model.layers[-1].bias.tobytes()


def test_a_model_not_yet_built_has_nothing_to_save(tmp_path):
    with pytest.raises(ValueError, match="does not know its input's shape"):
        nnbook.Sequential([layers.Dense(3)]).save(tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


# --- weights alone ----------------------------------------------------------------------------------------


def test_weights_alone_go_into_another_model(tmp_path):
    model, other = network(layers.BatchNormalization()), network(layers.BatchNormalization(), seed=9)
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "w.safetensors")
    other.load_weights(tmp_path / "w.safetensors")
    same_bits(model.weights, other.weights)


def test_weights_may_be_taken_from_a_whole_model(tmp_path):
    model, other = network(), network(seed=9)
    model.save(tmp_path / "m.safetensors")
    other.load_weights(tmp_path / "m.safetensors")
    same_bits(model.weights, other.weights)


OTHERS = [  # a model that does not fit the file, what is said
    (
        lambda: network(layers.Dense(5)),
        r"layers/dense/W should have shape and type \(\(4, 5\), 'F32'\), the file has \(\(8, 3\), 'F32'\)",
    ),
    (
        lambda: network(layers.BatchNormalization()),
        "layers/batch_normalization/.* the file has no such weight",
    ),
    (
        lambda: network(dtype="float64"),
        r"layers/dense/W should have .*'F64'\), the file has \(\(8, 3\), 'F32'\)",
    ),
]


@pytest.mark.parametrize(("make", "message"), OTHERS)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(make, message, tmp_path):
    network().save_weights(tmp_path / "w.safetensors")
    model = make()
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"w.safetensors: .*{message}"):
        model.load_weights(tmp_path / "w.safetensors")
    same_bits(model.weights, before)


def test_a_file_of_weights_alone_is_no_model(tmp_path):
    network().save_weights(tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="w.safetensors does not describe a model"):
        nnbook.load_model(tmp_path / "w.safetensors")


# --- going on ---------------------------------------------------------------------------------------------


def noisy_network():
    """Return a model in which everything that is random or remembered takes part."""
    return network(
        layers.Dense(6, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dropout(0.25),
        optimizer=optimizers.Adam(schedules.ExponentialDecay(0.02, 4, 0.9), amsgrad=True, clipnorm=0.5),
        metrics=["accuracy"],
    )


def trained(model, first, last, **options):
    return model.fit(X, Y, batch_size=10, initial_epoch=first, epochs=last, verbose=0, **options).history


def test_training_goes_on_bit_for_bit_after_a_file(tmp_path):
    straight, model = noisy_network(), noisy_network()
    whole = trained(straight, 0, 6)
    first = trained(model, 0, 3)
    back = through_a_file(model, tmp_path)
    second = trained(back, 3, 6)
    assert {name: first[name] + second[name] for name in first} == whole
    same_model(straight, back)


def test_training_goes_on_bit_for_bit_from_a_checkpoint(tmp_path):
    straight, model = noisy_network(), noisy_network()
    whole = trained(straight, 0, 5)
    keep = callbacks.ModelCheckpoint(tmp_path / "{epoch}.safetensors")
    trained(model, 0, 5, callbacks=[keep])
    for epoch in (1, 2, 4):
        back = nnbook.load_model(tmp_path / f"{epoch}.safetensors")
        assert trained(back, epoch, 5)["loss"] == whole["loss"][epoch:]
        same_model(straight, back)


GO_ON = """
import sys, numpy as np, nnbook
x, y = np.random.default_rng(0).normal(size=(24, 2, 4)), np.random.default_rng(1).integers(0, 3, 24)
model = nnbook.load_model(sys.argv[1])
model.fit(x, y, batch_size=10, initial_epoch=3, epochs=6, verbose=0)
model.save(sys.argv[1])
"""


def test_training_goes_on_bit_for_bit_in_a_fresh_process(tmp_path):
    straight, model, path = noisy_network(), noisy_network(), tmp_path / "m.safetensors"
    trained(straight, 0, 6)
    trained(model, 0, 3)
    model.save(path)
    subprocess.run([sys.executable, "-c", GO_ON, path], check=True)
    same_model(straight, nnbook.load_model(path))


def test_saving_does_not_disturb_training(tmp_path):
    plain, saved = noisy_network(), noisy_network()
    trained(plain, 0, 4)
    save = callbacks.ModelCheckpoint(tmp_path / "m.safetensors", save_freq=1)
    trained(saved, 0, 4, callbacks=[save])
    same_model(plain, saved)


# --- writing ----------------------------------------------------------------------------------------------


def crash_before(tensors, path, metadata=None):
    raise OSError("no space left on device")


def crash_halfway(tensors, path, metadata=None):
    with open(path, "wb") as file:
        file.write(b"half a file")
    raise KeyboardInterrupt


@pytest.mark.parametrize("crash", [crash_before, crash_halfway])
def test_a_crash_while_writing_leaves_the_old_file(crash, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    network().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(safetensors.numpy, "save_file", crash)
    for save in (network(seed=5).save, network(seed=5).save_weights):
        with pytest.raises((OSError, KeyboardInterrupt)):
            save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_a_crash_while_moving_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    network().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("stopped")))
    with pytest.raises(OSError, match="stopped"):
        network(seed=5).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.safetensors"]


class Own(layers.Dense):
    """A reader's layer."""


Impostor = type("Dense", (layers.Layer,), {"forward": lambda self, x, training=False: x})


def own_metric(y_true, y_pred):
    return np.abs(y_true - y_pred).mean(axis=-1)


UNKNOWN = [
    (lambda: network(Own(3)), "unknown layer 'Own'"),
    (lambda: network(Impostor()), "Dense"),
    (lambda: network(metrics=[own_metric]), "unknown metric 'own_metric'"),
    (lambda: network(loss=type("Mine", (losses.MeanSquaredError,), {})()), "unknown loss 'Mine'"),
    (lambda: network(optimizer=type("Mine", (optimizers.SGD,), {})()), "unknown optimizer 'Mine'"),
]


@pytest.mark.parametrize(("make", "message"), UNKNOWN, ids=[message for _, message in UNKNOWN])
def test_what_could_not_come_back_is_not_saved(make, message, tmp_path):
    with pytest.raises((ValueError, TypeError), match=message):
        make().save(tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "m", "m.safetensors.part", ""])
def test_other_endings_are_refused(name, tmp_path):
    for save in (network().save, network().save_weights):
        with pytest.raises(ValueError, match="nnbook saves models as .safetensors files, got"):
            save(os.path.join(tmp_path, name))


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(Exception, match="No such file or directory"):
        network().save(tmp_path / "nowhere" / "m.safetensors")


# --- reading what should not be read ----------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    """A saved model's path, tensors and header."""
    path = tmp_path / "m.safetensors"
    noisy_network().save(path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["nnbook"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return path, tensors, header


def write(path, tensors, header):
    text = header if isinstance(header, str) else json.dumps(header)
    safetensors.numpy.save_file(tensors, path, metadata={"nnbook": text})


def refused(path, message=None):
    """Assert that a file is refused by a ValueError that names it, in little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            nnbook.load_model(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert peak < 20e6


def test_there_must_be_a_file(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no model file"):
            nnbook.load_model(path)
        with pytest.raises(FileNotFoundError, match="there is no model file"):
            network().load_weights(path)


@pytest.mark.parametrize("part", [0, 1, 7, 8, 9, 100, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved, part):
    path, *_ = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    refused(path, "is damaged or was not written by nnbook")
    with pytest.raises(ValueError, match="is damaged or was not written by nnbook"):
        noisy_network().load_weights(path)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


FOREIGN = {
    "a pickle": pickle.dumps(Bomb()),
    "an array": b"\x93NUMPY\x01\x00v\x00",
    "text": b"this is not a model",
    "zeros": bytes(1000),
    "a header of 2^60 bytes": (2**60).to_bytes(8, "little") + b"{}",
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "other tensors": safetensors.numpy.save({"w": np.ones(3)}),
    "other metadata": safetensors.numpy.save({"w": np.ones(3)}, metadata={"format": "pt"}),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_file_is_refused(what, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(FOREIGN[what])
    refused(path, "is damaged or was not written by nnbook")


HEADERS = {
    "not JSON": "{'format': nnbook}",
    "empty": "",
    "a number": "1",
    "a list": "[]",
    "null": "null",
    "another format": json.dumps({"format": "keras", "version": 1}),
    "another version": json.dumps({"format": "nnbook", "version": 2}),
    "no model": json.dumps({"format": "nnbook", "version": 1}),
    "deep": "[" * 100_000,
    "deep and closed": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "a long number": "9" * 10_000,
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_strange_header_is_refused(saved, what):
    path, tensors, _ = saved
    write(path, tensors, HEADERS[what])
    refused(path)


def changed(header, *route, to):
    """Return the header with one value replaced."""
    header = json.loads(json.dumps(header))
    place = header
    for step in route[:-1]:
        place = place[step]
    place[route[-1]] = to
    return header


LAYERS = ("model", "layers")
HOSTILE = [  # where in the header, what is put there, what is said
    ((*LAYERS, 0, "class_name"), "Lambda", "unknown layer 'Lambda'"),
    ((*LAYERS, 0, "class_name"), "os.system", "unknown layer 'os.system'"),
    ((*LAYERS, 0, "class_name"), "Sequential", "unknown layer"),
    ((*LAYERS, 0, "config", "units"), 10**12, r"should have shape and type \(\(1000000000000,\), 'F32'\)"),
    ((*LAYERS, 0, "config", "units"), -1, "units must be a whole number of at least 1"),
    ((*LAYERS, 0, "config", "activation"), "__import__", "unknown activation"),
    ((*LAYERS, 0, "config", "kernel_initializer", "class_name"), "eval", "unknown initializer 'eval'"),
    ((*LAYERS, 0, "config", "units"), 5, "should have shape"),
    ((*LAYERS, 0, "config", "backdoor"), 1, "unexpected keyword argument 'backdoor'"),
    (("model", "input_shape"), [10**12, 10**12], "should have shape"),
    (("model", "input_shape"), [2**32, 2**32], "should have shape"),
    (("model", "input_shape"), [], "does not describe a model"),
    (("model", "input_shape"), "ab", "does not describe a model"),
    (("model", "dtype"), "object", "dtype must be 'float32' or 'float64'"),
    (("model", "dtype"), "float64", "'F64'"),
    (("model", "extra"), 1, "unexpected keyword argument 'extra'"),
    (("model", "layers"), [], "no such weight"),
    (("compile", "optimizer", "class_name"), "Lion", "unknown optimizer 'Lion'"),
    (("compile", "optimizer", "class_name"), "SGD", "does not describe a model"),
    (("compile", "loss", "class_name"), "Triplet", "unknown loss 'Triplet'"),
    (("compile", "metrics"), ["wrongness"], "unknown metric 'wrongness'"),
    (("compile",), None, "does not describe a model"),
    (("streams", ""), {}, "does not describe a model"),
    (("streams", "", "bit_generator"), "MT19937", "does not describe a model"),
    (("streams",), {}, "does not describe a model"),
]


@pytest.mark.parametrize(("route", "value", "message"), HOSTILE, ids=lambda v: str(v)[:40])
def test_a_hostile_header_is_refused_before_memory_is_taken(saved, route, value, message):
    path, tensors, header = saved
    write(path, tensors, changed(header, *route, to=value))
    refused(path, message)


def routes(value, route=()):
    """Yield the way to every value within a header."""
    if route:
        yield route
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if type(value) is list else ()
    ):
        yield from routes(inner, (*route, key))


STRANGE = [
    None,
    True,
    -1,
    0,
    10**12,
    10**400,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "x",
    [],
    {},
    [[]],
    {"x": 1},
]


def test_any_value_of_a_header_may_be_anything_and_only_valueerror_comes(saved):
    path, tensors, header = saved
    failures = []
    for route in routes(header):
        for value in STRANGE:
            write(path, tensors, changed(header, *route, to=value))
            try:
                nnbook.load_model(path)
            except ValueError as error:
                if str(path) not in str(error):
                    failures.append((route, value, f"does not name the file: {error}"))
            except Exception as error:
                failures.append((route, value, repr(error)))
    assert not failures, failures[:10]


TENSORS = {
    "missing": lambda t: t.pop("layers/dense/W"),
    "extra": lambda t: t.update({"layers/dense/V": np.ones(3, "float32")}),
    "a stranger": lambda t: t.update({"payload": np.ones(3, "float32")}),
    "another shape": lambda t: t.update({"layers/dense/W": np.ones((4, 7), "float32")}),
    "transposed": lambda t: t.update({"layers/dense/W": np.ones((6, 4), "float32")}),
    "a number": lambda t: t.update({"layers/dense/b": np.ones((), "float32")}),
    "float64": lambda t: t.update({"layers/dense/b": np.ones(6)}),
    "float16": lambda t: t.update({"layers/dense/b": np.ones(6, "float16")}),
    "integers": lambda t: t.update({"layers/dense/b": np.ones(6, "int32")}),
    "booleans": lambda t: t.update({"layers/dense/b": np.ones(6, bool)}),
    "optimizer missing": lambda t: t.pop("optimizer/momentum/0"),
    "optimizer extra": lambda t: t.update({"optimizer/momentum/99": np.ones(3, "float32")}),
    "optimizer shape": lambda t: t.update({"optimizer/momentum/0": np.ones(3, "float32")}),
    "optimizer integers": lambda t: t.update({"optimizer/momentum/0": np.ones((4, 6), "int32")}),
    "negative iterations": lambda t: t.update({"optimizer/iterations": np.array(-1)}),
    "fraction of iterations": lambda t: t.update({"optimizer/iterations": np.array(0.5)}),
}


@pytest.mark.parametrize("what", TENSORS)
def test_tensors_that_do_not_fit_are_refused(saved, what):
    path, tensors, header = saved
    TENSORS[what](tensors)
    write(path, tensors, header)
    refused(path)


def test_nothing_here_unpickles():
    source = inspect.getsource(saving)
    assert not any(word in source for word in ("pickle", "np.load", "eval(", "exec(", "__import__"))
