"""Many settings of one architecture, trained at once: what is a number in one run is an array in a sweep.

``sweep`` gives what a loop of ``fit`` over the settings gives, to rounding, in a fraction of the time.
Settings whose models differ in numbers alone make a team, which engine.py trains as one network: all its
arrays have one axis more, in front, (settings, samples, features), and a number in which members differ, such
as the learning rate, becomes a column, one row a member. What cannot be done so, such as Dropout, is trained
by ``fit``, setting by setting.

In memory the settings come last for tiny batches, so that neighbours are the same number of two settings;
else they come first, and each has its own matrix products.

From top to bottom: a sweep and what it gives, what comes in, who makes a team, a team and its passes.
"""

from __future__ import annotations

import copy
import math
from itertools import product, repeat

import numpy as np

from nnbook import callbacks, checks, engine, layers, metrics
from nnbook.models import Sequential
from nnbook.program import Program, Value
from nnbook.regularizers import L1L2

CACHE = 5 * 2**18  # bytes that a team's arrays may take, so that they stay near the processor
DRAWN = 2**20  # bytes of random orders that are drawn at once
TINY = 4  # in batches of fewer samples, the settings come last in memory


def grid(**choices) -> list[dict]:
    """Return a setting for each combination of the choices; the last one given changes fastest.

    ``grid(learning_rate=[0.1, 0.01], seed=range(3))`` are six settings.
    """
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def sweep(
    build,
    settings: list[dict],
    x,
    y,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    validation_data=None,
    shuffle: bool = True,
    snapshots=(),
    verbose: int = 0,
) -> Runs:
    """Train ``build(**setting)`` for each setting, as ``fit`` would; return the ``Runs``.

    Each model's seed gives its initial weights and the order of its samples, so the runs equal single ones.

    Args:
        build: returns a compiled ``Sequential`` that begins with an ``Input``. Models may differ in all but
            the shapes of their weights and the names of their metrics.
        settings: dictionaries of arguments for ``build``, such as ``grid`` makes.
        x, y: samples and labels, one row each; or, with one axis more in front, each setting's own. Labels
            may be each setting's own while samples are shared.
        batch_size, epochs, shuffle: as in ``fit``.
        validation_data: (x, y), evaluated after each epoch; either may be each setting's own.
        snapshots: numbers of epochs after which weights are kept; 0 keeps the initial ones.
        verbose: 1 for a progress bar, which counts settings.

    Raises:
        ValueError: for settings, models or data that do not fit, before anything is trained.
    """
    from tqdm.auto import tqdm

    batch_size = checks.integer("batch_size", 32 if batch_size is None else batch_size)
    epochs = checks.integer("epochs", epochs)
    kept = {checks.integer("each of snapshots", epoch, least=0) for epoch in snapshots} | {epochs}
    if max(kept) > epochs:
        raise ValueError(f"snapshots must be numbers of epochs up to {epochs}, got {max(kept)}")
    models = built(build, settings)
    data, validation = Data(models, x, y), None
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise ValueError("validation_data must be (x, y)")
        validation = Data(models, *validation_data, name="validation data: ")
    runs = Runs(build, settings, models[0], checked(models, data, validation), epochs, sorted(kept))
    with tqdm(total=len(models), unit="run", disable=not verbose) as bar:
        for members in teams(models, data.y, batch_size):
            train = together if len(members) > 1 else alone
            train([models[k] for k in members], members, runs, data, validation, batch_size, shuffle)
            bar.update(len(members))
    return runs


class Runs:
    """What a sweep found; the first axis of all its arrays is that of ``settings``.

    Attributes:
        settings: the settings as given.
        history: name → array (settings, epochs), under the names of ``fit``'s history.
        epochs: the numbers of epochs after which weights were kept; the last one is the end.
        snapshots: for each of the model's weights an array ``(settings, len(epochs), *its shape)``.
    """

    def __init__(self, build, settings, model, names, epochs, kept):
        self.settings, self.epochs, self._build, S = list(settings), tuple(kept), build, len(settings)
        self.history = {name: np.empty((S, epochs)) for name in names}
        self.snapshots = [np.empty((S, len(kept), *w.shape), w.dtype) for w in model.weights]

    def __len__(self):
        return len(self.settings)

    @property
    def weights(self) -> list[np.ndarray]:
        """For each of the model's weights an array ``(settings, *its shape)``, as it is at the end."""
        return [w[:, -1] for w in self.snapshots]

    def model(self, k: int, epoch: int | None = None) -> Sequential:
        """Return setting k's model as it was after ``epoch`` epochs, one of ``epochs``, or at the end.

        It is built anew and gets the weights; its optimiser begins again.
        """
        if epoch is not None and epoch not in self.epochs:
            raise ValueError(f"weights were kept after epochs {self.epochs}, not after {epoch!r}")
        place = -1 if epoch is None else self.epochs.index(epoch)
        model = self._build(**self.settings[k])
        model.set_weights([w[k, place] for w in self.snapshots])
        return model

    def predict(self, x, epoch: int | None = None) -> np.ndarray:
        """Return what the models predict for the same x: (settings, samples, …)."""
        return np.stack([self.model(k, epoch).predict(x) for k in range(len(self))])

    def keep(self, members, epoch: int, weights):
        """Note the members' weights, ``(members, *shape)``, if those after so many epochs are wanted."""
        if epoch in self.epochs:
            for home, w in zip(self.snapshots, weights, strict=True):
                home[members, self.epochs.index(epoch)] = w


# --- what comes in ----------------------------------------------------------------------------------------


class Data:
    """Samples and labels, shared or each setting's own."""

    def __init__(self, models, x, y, name: str = ""):
        self.x, self.y, self.name = checks.array(f"{name}x", x), checks.array(f"{name}y", y), name
        S, dims = len(models), len(models[0].input_shape) + 1
        self.own_x = self.x.ndim > dims
        n = self.x.shape[self.own_x]
        self.own_y = self.y.shape[:2] == (S, n) and (self.own_x or len(self.y) != n)
        if self.own_x and len(self.x) != S:
            raise ValueError(f"{name}x must hold samples for each of the {S} settings, got {self.x.shape}")

    def of(self, k: int):
        """Return samples and labels of setting k."""
        return self.x[k] if self.own_x else self.x, self.y[k] if self.own_y else self.y


def built(build, settings) -> list[Sequential]:
    """Return the settings' models; all have weights of the same shapes."""
    if not settings or not all(isinstance(setting, dict) for setting in settings):
        raise ValueError("settings must be dictionaries of arguments for build, at least one")
    models = [build(**setting) for setting in settings]
    for k, model in enumerate(models):
        if not isinstance(model, Sequential) or model.loss is None or model.input_shape is None:
            raise ValueError(f"build must return a compiled model that begins with an Input, got {model!r}")
        first, shapes = ([m.input_shape, *(w.shape for w in m.weights), m.dtype] for m in (models[0], model))
        if shapes != first:
            raise ValueError(
                f"all models must have the same shapes, got {first} and {shapes} for setting {k}"
            )
    return models


def checked(models, data: Data, validation: Data | None) -> list[str]:
    """Let every model see whether it can take its data; return the names in the history."""
    logged = []
    for k, model in enumerate(models):
        try:
            x, y, _ = model.prepare(*data.of(k))
            if validation:
                model._check_data(*validation.of(k), name=validation.name, like=x)
            logged.append(model._log_names(x, y, validated=validation is not None))
        except ValueError as error:
            raise ValueError(f"setting {k}: {error}") from error
        if logged[k] != logged[0]:
            raise ValueError(f"all models must log the same, got {logged[0]} and {logged[k]} for setting {k}")
    return logged[0]


# --- teams ------------------------------------------------------------------------------------------------

PLAIN = (layers.Dense, layers.Flatten, layers.Rescaling)
PLAIN += (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax)


def teams(models, y, batch_size: int):
    """Yield lists of the numbers of settings that can be trained together; of one only, if none can."""
    alike = {}
    for k, model in enumerate(models):
        alike.setdefault(kind(model) if can_be_shared(model, y) else k, []).append(k)
    for members in alike.values():
        model = models[members[0]]
        parts = -(-len(members) * size(model, batch_size) // CACHE)
        yield from (part.tolist() for part in np.array_split(members, min(parts, len(members))))


def can_be_shared(model, y) -> bool:
    """Say whether a step of the model can be noted for many settings at once."""
    trackers = model.trackers[1:]
    return (
        engine.takes(model, y)
        and all(type(layer) in PLAIN for layer in model.layers)
        and model.optimizer.shapes is None
        and engine.scored_together(model, y)
        and all(isinstance(t, metrics.MeanMetricWrapper) for t in trackers)
        and not any(isinstance(t, metrics.RootMeanSquaredError) for t in trackers)
    )


def kind(model) -> str:
    """Return, as text, what models of a team have in common: all but numbers that training uses."""
    o, rest = model.optimizer, ("name", "initializer", "regularizer")
    options = {name: 0 if is_number(value) else value for name, value in o.get_config().items()}
    parts = [type(o), options | {"name": ""}, list(o.initial_slots())]
    parts += [type(model.loss), model.loss.get_config()]
    parts += [(type(tracker), tracker.options) for tracker in model.trackers[1:]]
    for layer in model.layers:
        options = {n: v for n, v in layer.get_config().items() if not n.endswith(rest)}
        both = {n: r.get_config() if type(r) is L1L2 else type(r) for n, r in layer.regularizers.items()}
        parts += [type(layer), options, both]
    return repr(parts)


def is_number(value) -> bool:
    """Say whether a value is a number, and not True or False."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def merged(objects):
    """Return a copy of the first object, with columns for its numbers in which the others differ."""
    one = copy.copy(objects[0])
    for name, value in vars(one).items():
        values = [vars(o)[name] for o in objects]
        if is_number(value) and len(set(values)) > 1:
            vars(one)[name] = np.array(values, float)[:, None]
    return one


def size(model, batch: int) -> int:
    """Return about how many bytes a member of a team takes."""
    outputs = sum(layer.units for layer in model.layers if type(layer) is layers.Dense)
    numbers = model.count_params() * (4 + len(model.optimizer.initial_slots())) + 4 * batch * outputs
    return numbers * np.dtype(model.dtype).itemsize


def alone(models, members, runs: Runs, data: Data, validation: Data | None, batch_size, shuffle):
    """Train a single setting by ``fit``."""
    (model,), (k,), epochs = models, members, runs.epochs[-1]

    def keep(epoch, logs):
        runs.keep(members, epoch + 1, [w[None] for w in model.weights])

    keep(-1, {})
    options = {"validation_data": validation and validation.of(k), "shuffle": shuffle, "verbose": 0}
    watch = [callbacks.LambdaCallback(on_epoch_end=keep)]
    history = model.fit(*data.of(k), batch_size, epochs, callbacks=watch, **options).history
    for name, values in history.items():
        runs.history[name][k] = values


# --- a team and its passes over the data ------------------------------------------------------------------


def empty(shape, dtype, last: bool) -> np.ndarray:
    """Return an array with the settings last in memory, or first and then features before samples."""
    rest = range(len(shape) - 1, 0, -1)
    axes = [*rest, 0] if last else [0, *rest]
    return np.empty([shape[axis] for axis in axes], dtype).transpose(axes)  # each undoes itself


class Stack(Program):
    """A program for values with an axis of settings in front."""

    def __init__(self, dtype, last: bool):
        super().__init__(dtype)
        self.last = last

    def room(self, shape, dtype=None, order=None) -> Value:
        spare = self.spare.setdefault((shape, dtype), [])
        return Value(self, spare.pop() if spare else empty(shape, dtype or self.dtype, self.last), spare)

    def value(self, x, truth=False) -> Value:
        if isinstance(x, np.ndarray) and x.dtype == float:  # a column of numbers, exact until here
            x = x.astype(self.dtype, copy=False)
        return super().value(x, truth)

    def total(self, x: Value) -> Value:
        return x.sum(axis=-1, keepdims=True)

    def dot(self, a, b, out: Value) -> Value:
        """Note each setting's product of matrices; or, b being ones, the sums over a's last axis."""
        if b.ndim == 1:
            self.call(np.add.reduce, a, -1, None, out.array)
            return out
        if b.ndim == 2:  # one for all settings
            b = np.broadcast_to(b, (len(a), *b.shape))
        if b.shape[1] == 1:
            self.call(np.multiply, a, b, out.array)
        elif self.last:
            self.call(products, a, b, out.array)
        else:
            self.call(np.matmul, b.mT, a.mT, out.array.mT)
        return out


def products(a, b, out):
    """Write the product of each setting's matrices into ``out``."""
    np.einsum("sij,sjk->sik", a, b, out=out)


class Team(engine.Network):
    """Models that train together, as one model whose numbers have an axis of settings in front."""

    def __init__(self, models, last: bool):
        self.models, self.last, self.lead, self.number = models, last, (len(models),), (len(models), 1)
        model = copy.copy(models[0])
        model.optimizer = merged([m.optimizer for m in models])
        model.layers = [merged(same) for same in zip(*(m.layers for m in models), strict=True)]
        for k, layer in enumerate(model.layers):
            same = {name: [m.layers[k].regularizers[name] for m in models] for name in layer.regularizers}
            layer.regularizers = {name: merged(regularizers) for name, regularizers in same.items()}
        super().__init__(model, training=True)

    def vectors(self, rows) -> np.ndarray:
        """Return rows, one a setting, where a team's vectors lie."""
        out = empty((len(self.models), sum(map(math.prod, self.shapes))), self.model.dtype, self.last)
        out[...] = rows
        return out

    def lay_out(self):
        w = self.vectors([np.concatenate([w.ravel() for w in m.trainable_weights]) for m in self.models])
        views = iter(engine.split(w, self.shapes))
        for layer in self.model.layers:
            layer.params = {name: next(views) for name in layer.params}
        return w

    def lay_out_slots(self, o):
        values = [m.optimizer.initial_slots() for m in self.models]
        slots = {name: self.vectors([[slot[name]] for slot in values]) for name in values[0]}
        return slots | {"u_product": np.ones((1, *self.number), self.model.dtype)}

    def program(self):
        return Stack(self.model.dtype, self.last)

    def ones(self, rows, width, order=None):
        return np.ones_like(empty((*self.lead, rows, width), self.model.dtype, self.last))


class Pass(engine.Pass):
    """A team's way through data, which may be each setting's own, as the orders of the rows may be.

    An order has a column for each setting, or one for all.
    """

    def __init__(self, team: Team, members, data: Data, batch_size: int, epochs: int, *, shuffle=False):
        S, n = len(members), data.x.shape[data.own_x]
        both = (data.x, data.own_x), (data.y, data.own_y)
        arrays = [a[members].reshape(-1, *a.shape[2:]) if own else a for a, own in both]
        self.firsts = [np.arange(S) * n if own else 0 for _, own in both]  # each setting's first row
        fixed = not shuffle or n <= batch_size  # in one whole batch, the order has no say
        super().__init__(team, arrays, batch_size, fixed=fixed, n=n)
        self.totals, self.scored = np.zeros((epochs, len(self.model.trackers), S)), 0
        self.orders = repeat(np.arange(n)[:, None]) if fixed else self.drawn(epochs)

    def drawn(self, epochs: int):
        """Yield the orders of the rows for each epoch, drawn for many epochs at once."""
        rngs = [model.shuffle_rng for model in self.network.models]
        most = max(1, DRAWN // (8 * self.n * len(rngs)))
        for start in range(0, epochs, most):
            rows = np.tile(np.arange(self.n), (min(most, epochs - start), 1))
            yield from np.stack([rng.permuted(rows, axis=1) for rng in rngs], axis=2)  # as permutation(n)

    def take(self, k, rows):
        found = self.sources[k].take(rows + self.firsts[k], 0, mode="clip")
        return np.broadcast_to(found, (len(rows), *self.network.lead, *found.shape[2:]))

    def score(self):
        """Add up what is kept once there is no room for another epoch, or none is to come."""
        begin, end = self.scored // self.n, -(-(self.scored + self.filled) // self.n)
        self.totals[end - 1, 0] += self.penalty()[:, 0]
        if self.filled + self.n > len(self.kept) or end == len(self.totals):
            self.scored += self.filled
            self.totals[begin:end] += self.sums(end - begin)[:, :, 0]

    def history(self) -> dict:
        """Return name → array (settings, epochs) of all that was logged."""
        loss = self.totals[:, 0]
        with np.errstate(over="ignore"):
            largest = loss.astype(self.model.dtype).astype(float)
        means = self.totals / self.n
        means[:, 0] = np.where(np.isfinite(largest), means[:, 0], largest)  # a sum is infinite as in fit
        return {t.name: values.T for t, values in zip(self.model.trackers, means.swapaxes(0, 1), strict=True)}


def together(models, members, runs: Runs, data: Data, validation: Data | None, batch_size, shuffle):
    """Train a team."""
    team, epochs = Team(models, batch_size < TINY), runs.epochs[-1]
    ways = {"": Pass(team, members, data, batch_size, epochs, shuffle=shuffle)}
    if validation:
        judge = copy.copy(team)
        judge.training = False
        ways["val_"] = Pass(judge, members, validation, max(batch_size, 32), epochs)
    runs.keep(members, 0, team.model.weights)
    for epoch in range(epochs):
        for way in ways.values():
            way.unwatched(next(way.orders))
        runs.keep(members, epoch + 1, team.model.weights)
    for prefix, way in ways.items():
        for name, values in way.history().items():
            runs.history[prefix + name][members] = values
