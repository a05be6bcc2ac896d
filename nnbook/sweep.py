"""Many settings of one architecture, trained at once: what is a number in one run is an array in a sweep.

``sweep`` gives what a loop of ``fit`` over the settings gives, to rounding, in a fraction of the time. As in
engine.py, the book's formulas are noted once and replayed; but values have one axis more, in front:
(settings, samples, features). Settings whose models differ in numbers alone make teams, which train together;
a number in which members differ, such as the learning rate, becomes a column, one row a member. What cannot
be done so, such as Dropout, is trained by ``fit``, setting by setting.

In memory the settings come last for tiny batches, so that neighbours are the same number of two settings;
else they come first, and each has its own matrix products.

From top to bottom: a sweep and what it gives, what comes in, teams, their steps, passes over the data.
"""

from __future__ import annotations

import copy
from contextlib import nullcontext
from itertools import product

import numpy as np

from nnbook import activations, callbacks, checks, engine, layers, metrics
from nnbook.models import Sequential
from nnbook.optimizers.schedules import LearningRateSchedule
from nnbook.program import Program, Value

CACHE = 5 * 2**18  # bytes that a team's arrays may take, so that they stay near the processor
KEPT = 2**16  # bytes of outputs that wait to be scored
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
    with progress(len(models)) if verbose else nullcontext() as bar:
        for members in teams(models, data.y, batch_size):
            train = together if len(members) > 1 else alone
            train([models[k] for k in members], members, runs, data, validation, batch_size, shuffle)
            if bar is not None:
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


def progress(total: int):
    """Return a progress bar."""
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="run")


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
    o = model.optimizer
    return (
        engine.takes(model, y)
        and all(type(layer) in PLAIN for layer in model.layers)
        and o.shapes is o.clipnorm is o.global_clipnorm is None
        and engine.scored_together(model, y)
        and all(isinstance(tracker, metrics.MeanMetricWrapper) for tracker in model.trackers[1:])
    )


def kind(model) -> str:
    """Return, as text, what models of a team have in common: all but numbers that training uses."""
    o, rest = model.optimizer, ("name", "initializer", "regularizer")
    parts = [type(o), [(n, without_numbers(v)) for n, v in o.get_config().items() if n != "name"]]
    parts += [list(o.initial_slots()), type(model.loss), model.loss.get_config()]
    parts += [(type(tracker), tracker.options) for tracker in model.trackers[1:]]
    for layer in model.layers:
        options = {n: v for n, v in layer.get_config().items() if not n.endswith(rest)}
        parts += [type(layer), options, {n: type(r) for n, r in layer.regularizers.items()}]
    return repr(parts)


def without_numbers(config):
    """Return a configuration with 0 in place of all its numbers."""
    if isinstance(config, dict):
        return {name: without_numbers(value) for name, value in config.items()}
    return 0 if is_number(config) else config


def is_number(value) -> bool:
    """Say whether a value is a number, and not True or False."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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


# --- a team and its steps ---------------------------------------------------------------------------------


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

    def dot(self, a, b, out: Value) -> Value:
        """Note each setting's product of matrices; or, b being ones, the sums over a's last axis."""
        if b.ndim == 1:
            self.call(np.add.reduce, a, -1, None, out.array)
        elif b.shape[1] == 1:
            self.call(np.multiply, a, b, out.array)
        elif self.last:
            self.call(products, a, b, out.array)
        else:
            self.call(np.matmul, b.swapaxes(1, 2), a.swapaxes(1, 2), out.array.swapaxes(1, 2))
        return out


def products(a, b, out):
    """Write the product of each setting's matrices into ``out``."""
    np.einsum("sij,sjk->sik", a, b, out=out)


def column(values):
    """Return numbers as a column, one row a setting; or one number, if they are all the same."""
    return values[0] if len(set(values)) == 1 else np.array(values, float)[:, None]


def merged(objects):
    """Return a copy of the first object, with columns for its numbers in which the others differ."""
    one = copy.copy(objects[0])
    for name, value in vars(one).items():
        if is_number(value):
            vars(one)[name] = column([vars(o)[name] for o in objects])
    return one


class Team:
    """Models that train together: their parameters in one array (settings, parameters), and its kin."""

    def __init__(self, models, batch_size: int):
        self.models, self.model, self.S = models, models[0], len(models)
        self.last, self.dtype = batch_size < TINY, np.dtype(self.model.dtype)
        weights = [np.concatenate([w.ravel() for w in model.trainable_weights]) for model in models]
        self.w, self.g = self.filled(weights), self.filled(0)
        self.penalty = np.zeros((self.S, 1))
        self.loss = self.model._loss_at_logits or self.model.loss
        self.pair = self.model.layers[-1] if self.loss is not self.model.loss else None
        self.prepare_updates([model.optimizer for model in models])

    def filled(self, value) -> np.ndarray:
        """Return an array like that of the parameters, filled with a value."""
        out = empty((self.S, self.model.count_params()), self.dtype, self.last)
        out[...] = value
        return out

    def prepare_updates(self, optimizers):
        """Make the optimisers' slots, and arrays for the numbers that change from step to step."""
        self.o = merged(optimizers)
        counter = copy.copy(self.o)
        one = all(np.ndim(value) == 0 for value in vars(self.o).values())
        rates, numbers = [o.learning_rate for o in optimizers], engine.UPDATES[type(self.o)][0]
        scheduled = isinstance(rates[0], LearningRateSchedule)
        shape = () if one and not scheduled else (self.S, 1)
        values = [o.initial_slots() for o in optimizers]
        self.slots = {name: self.filled([[v[name]] for v in values]) for name in values[0]}
        self.numbers = [np.zeros(shape, self.dtype) for _ in range(4)]
        slots, (rate, *others) = {"u_product": np.ones((1, *shape), self.dtype)}, self.numbers

        def count():
            lr = counter.learning_rate
            if scheduled:
                lr = column([r(counter.iterations) for r in rates])
            rate[()] = lr
            counter.iterations += 1
            if numbers:
                numbers(counter, lr, slots, *others)

        self.count = count

    def weights(self) -> list[np.ndarray]:
        """Return all members' weights as they are now, views ``(settings, *shape)``."""
        shapes, place = [w.shape for w in self.model.weights], 0
        for shape in shapes:
            place += (count := int(np.prod(shape)))
            yield self.w[:, place - count : place].reshape(self.S, *shape)

    def predictions(self, out):
        """Return what the models predict where their last values, as the loss takes them, are ``out``."""
        return out if self.pair is None else self.pair.activation(out)


def features(A: Value) -> Value:
    """Return A without its column of ones."""
    return A.view(A.array[..., :-1])


class Step:
    """What a team does with one batch: fill x and y, make the ``calls``, and find the outputs in ``out``."""

    def __init__(self, team: Team, x: np.ndarray, y: np.ndarray, training: bool):
        self.team, self.program, self.batch = team, Stack(team.dtype, team.last), x.shape[1]
        self.calls, p, back, place = self.program.calls, self.program, [], 0
        A = Value(p, x)
        for layer in team.model.layers:
            places = slice(place, place := place + layer.count_params())
            note = self.dense if type(layer) is layers.Dense else self.plain
            A, backward = note(layer, A, places)
            if place:  # what comes before the first parameter needs no gradient
                back.append(backward)
        self.out = features(A).array
        if training:
            count = self.batch * (1 if isinstance(team.loss, engine.OVER_FEATURES) else self.out.shape[-1])
            grad = engine.GRADIENTS[type(team.loss)](team.loss, Value(p, y), features(A), 1 / count)
            for k in reversed(range(len(back))):
                grad = back[k](grad, deeper=k > 0)
        self.penalize(training)
        if training:
            self.update()

    def ones(self, width: int) -> Value:
        """Return room for outputs, with a column of ones."""
        team = self.team
        out = Value(self.program, empty((team.S, self.batch, width + 1), team.dtype, team.last))
        out.array[...] = 1
        return out

    def dense(self, layer, A: Value, places: slice):
        """Note a Dense layer; return its output, and a function that notes how a gradient goes back."""
        p, S, units, A = self.program, self.team.S, layer.units, A.array
        theta, g = (array[:, places].reshape(S, -1, units) for array in (self.team.w, self.team.g))
        A = A if layer.use_bias else A[..., :-1]
        out, activation_backward = self.ones(units), None
        quiet = layer is self.team.pair or layer.activation is activations.linear
        z = p.dot(A, theta, features(out) if quiet else p.room((S, self.batch, units)))
        if not quiet:
            a, activation_backward = engine.activate(layer.activation, z, {})
            p.assign(features(out), a)

        def backward(grad, deeper):
            dz = grad if quiet else activation_backward(grad)
            p.dot(A.swapaxes(1, 2), dz.array, Value(p, g))
            W = theta[:, : layer.input_shape[-1]].swapaxes(1, 2)
            return p.dot(dz.array, W, p.room((S, self.batch, W.shape[2]))) if deeper else None

        return out, backward

    def plain(self, layer, A: Value, places):
        """Note a layer without parameters; return the same."""
        linear = getattr(layer, "activation", None) is activations.linear
        if linear or layer is self.team.pair or type(layer) is layers.Flatten:
            return A, lambda grad, deeper: grad
        if type(layer) is layers.Rescaling:
            a, back = layer.forward(features(A)), layer.backward
        else:
            a, back = engine.activate(layer.activation, features(A), layer.options)
        out = self.ones(a.shape[-1])
        self.program.assign(features(out), a)
        return out, lambda grad, deeper: back(grad)

    def penalize(self, training: bool):
        """Note the penalties' sum, once for each sample, and their gradients: regularizers.py's formulas."""
        p, team, place = self.program, self.team, 0
        for i, layer in enumerate(team.model.layers):
            for name, param in layer.params.items():
                w, g = (Value(p, array[:, place : place + param.size]) for array in (team.w, team.g))
                place += param.size
                regularizers = [
                    m.layers[i].regularizers[name] for m in team.models if layer.regularizers.get(name)
                ]
                for total, slope in penalties(merged(regularizers), w) if regularizers else ():
                    scaled = np.zeros((team.S, 1))
                    p.call(np.multiply, total.array, np.array(float(self.batch)), scaled)
                    p.call(np.add, team.penalty, scaled, team.penalty)
                    if training:
                        g += slope

    def update(self):
        """Note the optimiser's step."""
        p, team, o = self.program, self.team, self.team.o
        p.call(team.count)
        numbers = [Value(p, number) for number in team.numbers]
        w, slots = Value(p, team.w), {name: Value(p, slot) for name, slot in team.slots.items()}
        (g,) = o.clip([Value(p, team.g)])
        if o.weight_decay is not None:
            w -= w * o.weight_decay * numbers[0]
        engine.UPDATES[type(o)][1](o, w, g, numbers, **slots)


def penalties(r, w: Value):
    """Yield each of a regulariser's penalties, a column, with its gradient."""
    if hasattr(r, "l1"):
        yield r.l1 * np.sum(np.abs(w), axis=-1, keepdims=True), r.l1 * np.sign(w)
    if hasattr(r, "l2"):
        yield r.l2 * np.sum(w * w, axis=-1, keepdims=True), 2 * r.l2 * w


# --- passes over the data ---------------------------------------------------------------------------------


class Pass:
    """A team's way through data: rows are gathered, a step is made, outputs are kept and later scored."""

    def __init__(self, team, members, data: Data, batch: int, epochs: int, *, shuffle=False, training=False):
        self.team, self.training, self.steps = team, training, {}
        x, y = (a[members] if own else a[None] for a, own in ((data.x, data.own_x), (data.y, data.own_y)))
        self.n = x.shape[1]
        self.batch = min(batch, self.n)
        self.fixed = not shuffle or self.batch == self.n  # in one whole batch, the order has no say
        rngs = [model.shuffle_rng for model in team.models]
        same = self.fixed or len({str(rng.bit_generator.state) for rng in rngs}) == 1
        self.rngs = rngs[:1] if same else rngs

        x, self.y = x.reshape(-1, int(np.prod(team.model.input_shape))), y.reshape(-1, *y.shape[2:])
        targets = np.empty((len(self.y), *team.model.output_shape), team.dtype)
        engine.prepare(team.loss, self.y, targets)
        self.sources = [np.column_stack([x, np.ones(len(x))]).astype(team.dtype), targets]
        firsts = np.arange(team.S)[:, None] * self.n  # each setting's first row, where it has its own
        self.firsts = [firsts if len(source) > self.n else np.zeros((1, 1), int) for source in self.sources]

        room = max(self.batch, KEPT // (team.S * targets[0].nbytes))
        self.kept = empty((team.S, min(room, self.n * epochs), targets.shape[1]), team.dtype, team.last)
        self.sums = np.zeros((len(team.model.trackers), team.S, epochs))
        self.loaded, self.known = False, None
        self.forget()

    def forget(self):
        """Forget what is kept."""
        self.filled, self.rows, self.epochs, self.starts = 0, [], [], []

    def orders(self, epochs: int):
        """Yield the orders of the rows in each epoch: (settings, rows), or one for all."""
        if self.fixed:
            yield from (np.arange(self.n)[None] for _ in range(epochs))
            return
        most = max(1, DRAWN // (8 * self.n * len(self.rngs)))
        for start in range(0, epochs, most):
            rows = np.tile(np.arange(self.n), (min(most, epochs - start), 1))
            drawn = [rng.permuted(rows, axis=1) for rng in self.rngs]  # for each epoch rng.permutation(n)
            yield from np.stack(drawn, axis=1)

    def step(self, size: int):
        """Return the step for batches of this size, and where their rows are gathered."""
        if size not in self.steps:
            rooms = []
            for source, first in zip(self.sources, self.firsts, strict=True):
                shape = max(len(self.rngs), len(first)), size, source.shape[1]
                rooms.append(empty(shape, self.team.dtype, self.team.last))
            self.steps[size] = Step(self.team, *rooms, self.training), rooms
        return self.steps[size]

    @np.errstate(all="ignore")  # a run that diverges does so silently, and the loss tells
    def go(self, order, epoch: int):
        """Make the steps of an epoch."""
        for start in range(0, self.n, self.batch):
            rows = order[:, start : start + self.batch]
            step, rooms = self.step(rows.shape[1])
            if not self.loaded:
                for source, first, room in zip(self.sources, self.firsts, rooms, strict=True):
                    room[...] = source.take(rows + first, 0)
                self.loaded = self.fixed and self.batch == self.n
            for function, arguments in step.calls:
                function(*arguments)
            self.keep(step.out, rows, epoch)
        self.sums[0][:, epoch] += self.team.penalty[:, 0]
        self.team.penalty[...] = 0

    def keep(self, out, rows, epoch: int):
        """Keep a step's outputs; if there is no room, score first."""
        if self.filled + out.shape[1] > self.kept.shape[1]:
            self.score()
        if epoch not in self.epochs[-1:]:
            self.epochs.append(epoch)
            self.starts.append(self.filled)
        self.kept[:, self.filled : self.filled + out.shape[1]] = out
        self.filled += out.shape[1]
        self.rows.append(rows)

    def labels(self) -> np.ndarray:
        """Return the labels of all that is kept, as it lies in memory."""
        if self.known is not None and len(self.known) == self.team.S * self.filled:
            return self.known
        rows = np.broadcast_to(np.concatenate(self.rows, axis=1), (self.team.S, self.filled)) + self.firsts[1]
        labels = self.y.take((rows.T if self.team.last else rows).ravel(), 0)
        self.known = labels if self.loaded else None  # the same rows each time
        return labels

    def score(self):
        """Add losses and metrics of what is kept to the sums of its epochs."""
        team, shape, trackers = self.team, (self.team.S, self.filled), self.team.model.trackers[1:]
        axes = (1, 0) if team.last else (0, 1)
        out = self.kept[:, : self.filled].transpose(*axes, 2).reshape(-1, self.kept.shape[2])
        y, y_pred = self.labels(), team.predictions(out) if trackers else out
        table = [engine.loss_values(team.loss, y, out, None)]
        for tracker in trackers:
            table.append(metrics.weigh(np.asarray(tracker.fn(y, y_pred, **tracker.options), float))[0])
        for sums, values in zip(self.sums, table, strict=True):
            values = values.reshape([shape[axis] for axis in axes]).transpose(axes)
            sums[:, self.epochs] += np.add.reduceat(values, self.starts, axis=1, dtype=float)
        self.forget()

    @np.errstate(all="ignore")
    def history(self) -> dict:
        """Return name → array (settings, epochs) of all that was logged."""
        self.score()
        loss, *others = self.sums
        largest = loss.astype(self.team.dtype).astype(float)  # infinite where the sum is so in this precision
        table = [np.where(np.isfinite(largest), loss / self.n, largest), *(sums / self.n for sums in others)]
        logs = {tracker.name: values for tracker, values in zip(self.team.model.trackers, table, strict=True)}
        roots = [t.name for t in self.team.model.trackers if isinstance(t, metrics.RootMeanSquaredError)]
        return logs | {name: logs[name] ** 0.5 for name in roots}


def together(models, members, runs: Runs, data: Data, validation: Data | None, batch_size, shuffle):
    """Train a team."""
    team, epochs = Team(models, batch_size), runs.epochs[-1]
    ways = {"": Pass(team, members, data, batch_size, epochs, shuffle=shuffle, training=True)}
    if validation:
        ways["val_"] = Pass(team, members, validation, max(batch_size, 32), epochs)
    runs.keep(members, 0, team.weights())
    for epoch, orders in enumerate(zip(*(way.orders(epochs) for way in ways.values()), strict=True)):
        for way, order in zip(ways.values(), orders, strict=True):
            way.go(order, epoch)
        runs.keep(members, epoch + 1, team.weights())
    for prefix, way in ways.items():
        for name, values in way.history().items():
            runs.history[prefix + name][members] = values
