"""The compiled path of training: the readable path, noted once as programs, then replayed.

``Sequential.fit`` comes here when ``takes(model, y)``. The formulas of layers.py, activations.py and of the
optimisers, or their quicker twins in formulas.py, run once, on the values of program.py; from then on a step
of training is the list of calls that they noted. What also differs from the readable path is where the
numbers lie:

- Samples are rows here too, but arrays lie in memory column by column and have one more column, of ones:
  ``[x, 1] @ [W; b]`` is x W + b, and ``[x, 1].T @ dz`` holds the gradient of W and, in its last row, of b.
- All parameters lie in one long vector, all gradients in another, and so does each of the optimiser's slots.
  ``layer.params["W"]`` and ``["b"]`` are views of it, and one update serves the whole network.
- Outputs are kept, and scored when somebody asks for the loss: after an epoch, or, where a callback looks at
  batches, after each of them.

From top to bottom: the network, its steps, passes over the data, epochs, what can be compiled. sweep.py lets
all arrays have one axis more in front, ``network.lead``, and so trains many networks at once.
"""

from __future__ import annotations

import copy
import math

import numpy as np

from nnbook import activations, callbacks, layers, metrics, regularizers
from nnbook.formulas import GRADIENTS, HINGES, LOGITS, OVER_FEATURES, UPDATES, activate, loss_values, prepare
from nnbook.program import Program, Value

BLOCK = 2**18  # bytes of samples that are gathered at once
WIDE = 16  # features from which samples lie in memory row by row, which serves long products
KEPT = 2**16  # bytes of outputs that wait to be scored
BATCHES = 32  # batches that are gathered at once, at most
CHUNK = 2**15  # parameters that are updated at once: with gradients and slots they fit into the cache

# --- the network ------------------------------------------------------------------------------------------


class Network:
    """A model's numbers in long vectors, and room for those of its steps."""

    lead = number = ()  # the axes before samples and features; the shape of a number such as the rate

    def __init__(self, model, training: bool):
        self.model, self.training = model, training
        self.loss = model._loss_at_logits or model.loss
        self.quick = LOGITS[type(self.loss)] if getattr(self.loss, "from_logits", False) else None
        self.pair = model.layers[-1] if self.loss is not model.loss else None  # its activation is in the loss
        self.shapes = [w.shape for w in model.trainable_weights]
        self.w, self.penalty = self.lay_out(), np.zeros(self.number)
        if training:
            self.g, self.slots = np.zeros_like(self.w), self.lay_out_slots(model.optimizer)
            self.numbers = [np.zeros(self.number, model.dtype) for _ in range(4)]  # change from step to step
            grads = iter(split(self.g, self.shapes))
            for layer in model.layers:
                layer.grads = {name: next(grads) for name in layer.params}

    def lay_out(self) -> np.ndarray:
        """Return the vector of the parameters, of which each layer's are views."""
        return lay_out(self.model.layers)

    def lay_out_slots(self, o) -> dict:
        """Let the optimiser's slots be views of long vectors too; return these."""
        vectors = {}
        for name in o.slots:
            vectors[name], o.slots[name] = joined(o.slots[name])
        return vectors

    def program(self) -> Program:
        return Program(self.model.dtype)

    def ones(self, rows: int, width: int, order="F") -> np.ndarray:
        return np.ones((rows, width), self.model.dtype, order)

    def count(self):
        """Count a step, and compute the numbers that it needs."""
        o, (rate, *others) = self.model.optimizer, self.numbers
        rate[()] = lr = o.current_learning_rate
        o.iterations += 1
        if numbers := UPDATES[type(o)][0]:
            numbers(o, lr, self.slots, *others)

    def predictions(self, out):
        """Return what the model predicts where its last values, as the loss takes them, are ``out``."""
        return out if self.pair is None else self.pair.activation(out)


def lay_out(model_layers) -> np.ndarray | None:
    """Let the parameters be views of one long vector; return it. Where they are already, they stay.

    Layers that are not all built, and all ours, are left alone: they may hold their parameters twice.
    """
    if not all(layer.built and known(layer) for layer in model_layers):
        return None
    places = [(layer.params, name) for layer in model_layers for name in layer.params]
    arrays = [params[name] for params, name in places]
    vector = arrays[0].base if arrays else None
    if isinstance(vector, np.ndarray) and vector.ndim == 1 and vector.size == sum(w.size for w in arrays):
        views = split(vector, [w.shape for w in arrays])
        if all(a.__array_interface__ == b.__array_interface__ for a, b in zip(arrays, views, strict=True)):
            return vector
    vector, views = joined(arrays)
    for (params, name), view in zip(places, views, strict=True):
        params[name] = view
    return vector


def split(vector, shapes) -> list:
    """Return views of a vector, one after the other, in these shapes; of rows of vectors, those of each."""
    ends = np.cumsum([0, *map(math.prod, shapes)]).tolist()
    places = zip(ends[:-1], ends[1:], shapes, strict=True)
    return [vector[..., a:b].reshape((*vector.shape[:-1], *shape)) for a, b, shape in places]


def joined(arrays):
    """Return one vector with the values of all arrays, and views of it in their shapes."""
    vector = np.concatenate([w.ravel() for w in arrays]) if arrays else np.zeros(0)
    return vector, split(vector, [w.shape for w in arrays])


# --- its steps --------------------------------------------------------------------------------------------


def features(A: Value) -> Value:
    """Return A without its column of ones."""
    return A.view(A.array[..., :-1])


class Step:
    """What is done with one batch: ``program`` reads x, y and w and leaves the outputs in ``out``."""

    def __init__(self, network: Network, batch: int, weighted: bool):
        self.network, self.model, self.batch = network, network.model, batch
        self.program, n_in = network.program(), math.prod(self.model.input_shape)
        self.x = network.ones(batch, n_in + 1, "C" if n_in >= WIDE else "F")
        A, back, place = Value(self.program, self.x), [], 0
        for layer in self.model.layers:
            end = place + sum(w.size for w in layer.params.values()) // math.prod(network.lead)
            A, backward = self.forward(layer, A, slice(place, end))
            if place := end:  # what comes before the first parameter needs no gradient
                back.append(backward)
        self.out, self.y = A.array, np.empty_like(features(A).array)
        self.w = network.ones(batch, 1) if weighted else None
        self.c = 1 / (batch * (1 if isinstance(network.loss, OVER_FEATURES) else self.y.shape[-1]))
        if network.training:
            self.backward(features(A), back)
        self.penalize()
        if network.training:
            self.update(self.model.optimizer)

    def forward(self, layer, A, place):
        """Note what a layer makes of A; return it, and a function that notes how a gradient goes back.

        ``deeper`` says whether anybody needs the gradient at the layer's input.
        """
        kind, p = type(layer), self.program
        drops = kind is layers.Dropout and self.network.training and layer.rate > 0
        if kind is layers.Dense:
            return self.dense(layer, A, place)
        quiet = layer is self.network.pair or getattr(layer, "activation", None) is activations.linear
        if quiet or kind is layers.Flatten or (kind is layers.Dropout and not drops):
            return A, lambda grad, deeper: grad
        if hasattr(layer, "activation"):
            a, activation_backward = activate(layer.activation, features(A), layer.options)
            return self.with_ones(A, a), lambda grad, deeper: activation_backward(grad)
        if drops:
            mask = self.mask(layer, features(A))
            return self.with_ones(A, features(A) * mask), lambda grad, deeper: grad * mask
        twin = copy.copy(layer)  # its own formulas run, on values
        twin.params = {name: Value(p, w) for name, w in layer.params.items()}
        twin.state = {name: Value(p, w) for name, w in layer.state.items()}
        twin.grads = {}

        def backward(grad, deeper):
            grad = twin.backward(grad)
            for name, g in twin.grads.items():
                p.assign(Value(p, layer.grads[name]), g)
            return grad

        return self.with_ones(A, twin.forward(features(A), self.network.training)), backward

    def with_ones(self, A, values):
        """Let the values lie in an array like A, with a column of ones; return that."""
        out = Value(self.program, np.ones_like(A.array))
        self.program.assign(features(out), values)
        return out

    def dense(self, layer, A, place):
        p, network, A = self.program, self.network, A.array
        theta = network.w[..., place].reshape(*network.lead, -1, layer.units)  # [W; b]
        A = A if layer.use_bias else A[..., :-1]
        out = Value(p, network.ones(self.batch, layer.units + 1))
        linear = layer is network.pair or layer.activation is activations.linear
        z = p.dot(A, theta, features(out) if linear else p.room(features(out).shape))
        if not linear:
            a, activation_backward = activate(layer.activation, z, {})
            p.assign(features(out), a)

        def backward(grad, deeper):
            dz = grad if linear else activation_backward(grad)
            p.dot(A.mT, dz.array, Value(p, network.g[..., place].reshape(theta.shape)))
            W = layer.params["W"].mT
            return p.dot(dz.array, W, p.room((*dz.shape[:-1], W.shape[-1]))) if deeper else None

        return out, backward

    def mask(self, layer, x):
        """Note Dropout's mask; its random numbers are drawn row by row, as the readable path draws them."""
        p, keep = self.program, 1 - layer.rate
        draws, kept = np.empty(x.shape), Value(p, np.empty_like(x.array, bool))
        p.call(layer.rng.random, None, np.float64, draws)
        p.call(np.less, draws, np.array(keep), kept.array)
        return kept * (1 / keep)

    def backward(self, out, back):
        """Note the loss's gradient at the outputs, and how it goes back to all parameters."""
        p, network = self.program, self.network
        if network.quick:
            grad = network.quick[1](Value(p, self.y), out, self.c)
        else:
            grad = GRADIENTS[type(network.loss)](network.loss, Value(p, self.y), out, self.c)
        if self.w is not None:
            grad = grad * Value(p, self.w)
        for k in reversed(range(len(back))):
            grad = back[k](grad, deeper=k > 0)

    def penalize(self):
        """Note the regularisers' penalties, summed up once for each sample, and their gradients."""
        p, network = self.program, self.network
        for layer in self.model.layers:
            for name, regularizer in layer.regularizers.items():
                w = Value(p, layer.params[name].reshape(*network.lead, -1))
                penalty, scaled = regularizer(w), np.zeros(network.number)
                p.call(np.multiply, penalty.array, np.array(float(self.batch)), scaled)
                p.call(np.add, network.penalty, scaled, network.penalty)
                if network.training:
                    g = Value(p, layer.grads[name].reshape(*network.lead, -1))
                    g += regularizer.gradient(w)

    def update(self, o):
        """Note the optimiser's step, a chunk of the long vectors at a time."""
        p, network, (_, rule) = self.program, self.network, UPDATES[type(o)]
        p.call(network.count)
        all_g, numbers = self.clipped(o), [Value(p, number) for number in network.numbers]
        for start in range(0, all_g.shape[-1], CHUNK):
            part = ..., slice(start, start + CHUNK)
            w, g = Value(p, network.w[part]), Value(p, all_g[part])
            slots = {name: Value(p, s[part]) for name, s in network.slots.items() if name != "u_product"}
            if o.weight_decay is not None:
                w -= w * o.weight_decay * numbers[0]
            rule(o, w, g, numbers, **slots)

    def clipped(self, o):
        """Note the gradients as the optimiser clips them; return the vector in which they will be."""
        if o.clipnorm is o.clipvalue is o.global_clipnorm is None:
            return self.network.g
        p, g, shapes = self.program, self.network.g, [(math.prod(shape),) for shape in self.network.shapes]
        vector, grads = np.empty_like(g), [Value(p, piece) for piece in split(g, shapes)]
        for piece, clipped in zip(split(vector, shapes), o.clip(grads), strict=True):
            p.assign(Value(p, piece), clipped)
        return vector


# --- passes over the data ---------------------------------------------------------------------------------


class Block:
    """Places for some batches of one size; for each the calls of a step that reads and writes right there."""

    def __init__(self, network: Network, size: int, places: int, weighted: bool):
        self.step, self.size, self.stays = Step(network, size, weighted), size, False
        arrays = [self.step.x, self.step.y, self.step.out] + ([self.step.w] if weighted else [])
        self.calls, rooms = self.step.program.at_places(places, arrays)
        x, self.y, out, *self.w = (np.moveaxis(a, -2, 1) for a in rooms)
        self.x, self.out = x[..., :-1], out[..., :-1]  # (places, samples, …, features)

    def load(self, x, y, *w):
        """Write samples, labels and weights into the places, as the steps want them."""
        k, network = len(x) // self.size, self.step.network
        rows = self.y[:k]
        self.x[:k] = x.reshape(self.x[:k].shape)
        prepare(network.loss, y, rows)
        if network.quick:
            rows[...] = network.quick[0](rows, self.step.c)
        for room, given in zip(self.w, w, strict=True):
            room[:k] = given.reshape(room[:k].shape)


class Pass:
    """A way through samples, labels and weights, block by block; outputs are kept until they are scored.

    Args:
        alone: each batch is a block, and is scored, for itself, since somebody looks at it.
        fixed: the order of the rows never changes.
        epochs: how many epochs may pass before the first of them is scored.
        n: how many samples an epoch has, if not as many as the data have rows.
    """

    def __init__(self, network: Network, data, batch_size: int, *, alone=False, fixed=True, epochs=1, n=None):
        (x, *others), self.network, self.model = data, network, network.model
        self.n = n or len(x)
        self.batch, number = min(batch_size, self.n), np.dtype(self.model.dtype).itemsize
        self.sources = [np.ascontiguousarray(a) for a in (x.reshape(len(x), -1), *others) if a is not None]
        whole, self.rest = divmod(self.n, self.batch)
        number *= math.prod(network.lead)
        per_row, batch_bytes = self.model.output_shape[0] * number, self.batch * x[0].size * number
        self.epochs = 1 if alone else max(1, min(epochs, KEPT // per_row // self.n))
        whole *= self.epochs if not self.rest else 1
        places = 1 if alone else max(1, min(BATCHES, BLOCK // batch_bytes, whole))
        if places > self.n // self.batch:
            places -= places % (self.n // self.batch)
        sizes = [(self.batch, places), (self.rest, 1)] if self.rest else [(self.batch, places)]
        self.blocks = [Block(network, *size, weighted=len(self.sources) > 2) for size in sizes]
        self.rows = places * self.batch
        self.fixed = fixed and self.rows >= self.n - self.rest
        kept = network.ones(max(self.rows, KEPT // per_row), self.model.output_shape[0])
        self.kept, self.kept_rows, self.filled = np.moveaxis(kept, -2, 0), [], 0

    def take(self, k: int, rows):
        """Return these rows of samples (k = 0), labels or weights."""
        return self.sources[k].take(rows, 0, mode="clip")

    def spans(self, epochs=1):
        """Yield blocks, and which rows each of them takes of the orders of some epochs, one after the other.

        Where no batch is smaller than the others, a block may begin in one epoch and end in the next.
        """
        length = self.n if self.rest else self.n * epochs
        for begin in range(0, self.n * epochs, length):
            end = begin + length - self.rest
            for start in range(begin, end, self.rows):
                yield self.blocks[0], slice(start, min(start + self.rows, end))
            if self.rest:
                yield self.blocks[1], slice(end, end + self.rest)

    def replay(self, block, rows):
        """Make a step for each batch of these rows, a block at most, and keep the outputs."""
        k, n = len(rows) // block.size, len(rows)
        if not block.stays:
            block.load(*(self.take(k, rows) for k in range(len(self.sources))))
            block.stays = self.fixed
        if self.filled + n > len(self.kept):
            self.score()
        for calls in block.calls[:k]:
            for function, arguments in calls:
                function(*arguments)
        kept = self.kept[self.filled : self.filled + n]
        kept.reshape(k, block.size, *kept.shape[1:])[...] = block.out[:k]
        self.kept_rows.append(rows)
        self.filled += n

    @np.errstate(all="ignore")  # a run that diverges does so silently, and the loss tells
    def steps(self, order, epochs=1, bars=()):
        """Make all steps of some epochs, whose orders follow one another."""
        for block, span in self.spans(epochs):
            self.replay(block, rows := order[span])
            for bar in bars:
                bar.update(len(rows) // block.size)

    def unwatched(self, order, bars=()) -> dict:
        """Make all steps of an epoch, then score them; return the means."""
        self.steps(order, bars=bars)
        return self.score()

    def watched(self, order, run=None) -> dict:
        """Make one step after the other, each scored at once; return the running means."""
        for number, (block, span) in enumerate(self.spans()):
            if run:
                run.on_train_batch_begin(number, {})
            with np.errstate(all="ignore"):
                self.replay(block, order[span])
            logs = self.score()
            if run:
                run.on_train_batch_end(number, logs)
                if self.model.stop_training:
                    break
        return logs

    def ahead(self, orders):
        """Make all steps of several epochs, then score them; yield the means of each.

        Where somebody stops the run in between, the epochs that are complete are scored all the same.
        """
        stop, trackers = None, self.model.trackers
        try:
            self.steps(np.concatenate(orders), len(orders))
        except KeyboardInterrupt as error:
            stop = error
        done = self.filled // self.n
        self.filled = done * self.n
        for sums in self.sums(done).tolist() if done else ():
            for tracker, (total, count) in zip(trackers, sums, strict=True):
                tracker.total, tracker.count = total, count
            yield {tracker.name: tracker.result() for tracker in trackers}
        if stop:
            raise stop

    def penalty(self) -> np.ndarray:
        """Return the sum of the penalties since the last call, each once for every sample of its batch."""
        penalty = self.network.penalty.copy()
        self.network.penalty[...] = 0
        return penalty

    @np.errstate(all="ignore")
    def take_kept(self):
        """Return labels, outputs and weights of the rows that are kept, and each row's loss; keep none."""
        rows, out = np.concatenate(self.kept_rows)[: self.filled], self.kept[: self.filled]
        y, w, *_ = *(self.take(k, rows) for k in range(1, len(self.sources))), None
        self.kept_rows, self.filled = [], 0
        y_pred = self.network.predictions(out) if self.model.trackers[1:] else out
        return y, y_pred, w, loss_values(self.network.loss, y, out, w)

    @np.errstate(all="ignore")
    def score(self) -> dict:
        """Let loss and metrics take in what is kept; return the running means."""
        y, y_pred, w, values = self.take_kept()
        loss = np.mean(values, dtype=float) + self.penalty() / len(y)
        return self.model._score(float(loss), y, y_pred, w)

    @np.errstate(all="ignore")
    def sums(self, epochs: int) -> np.ndarray:
        """Return sums over what is kept, so many epochs: (epochs, trackers, 2, …), of values and weights."""
        y, y_pred, w, values = self.take_kept()
        table, shape = [(values, np.ones_like(values))], (epochs, -1, *self.network.lead)
        for tracker in self.model.trackers[1:]:
            own = w if tracker in self.model.weighted_trackers else None
            found = np.asarray(tracker.fn(y, y_pred, **tracker.options), float)
            table.append(metrics.weigh(found.reshape(values.size, -1), own))
        sums = [[a.reshape(shape).sum(axis=1, dtype=float) for a in pair] for pair in table]
        return np.moveaxis(np.array(sums), 2, 0)


# --- epochs -----------------------------------------------------------------------------------------------


def looks_at_batches(callback) -> bool:
    """Say whether a callback does something before or after each batch."""
    if type(callback) is callbacks.ModelCheckpoint and callback.save_freq == "epoch":
        return False
    plain, events = callbacks.Callback, ("on_train_batch_begin", "on_train_batch_end")
    own = [e for e in events if getattr(type(callback), e) is not getattr(plain, e) or e in vars(callback)]
    return bool(own) and type(callback) is not callbacks.ProgressBar


def scored_together(model, y) -> bool:
    """Say whether all metrics sum over samples, so that it does not matter which make a batch."""
    hinges = (metrics.Hinge, metrics.SquaredHinge)
    known = [type(t) in metrics.METRICS.values() for t in model.trackers[1:]]
    return all(known) and not (mixed(y) and any(isinstance(t, hinges) for t in model.trackers))


def epochs(model, run, numbers, data, batch_size: int, shuffle: bool, validated: bool):
    """Train for the epochs of these numbers; yield (epoch, logs) after each.

    Where nobody looks on, which is where History is the only callback, several short epochs are made before
    the first is scored, and then all are.
    """
    together = scored_together(model, data[1])
    sums = together and all(isinstance(t, metrics.MeanMetricWrapper) for t in model.trackers[1:])
    plain = sums and not validated and not any(layer.regularizers for layer in model.layers)
    unseen = plain and all(type(c) is callbacks.History for c in run.callbacks)
    alone = not together or any(map(looks_at_batches, run.callbacks))
    bars = [c.bar for c in run.callbacks if type(c) is callbacks.ProgressBar]
    n, ahead = len(data[0]), len(numbers) if unseen else 1
    way = Pass(Network(model, True), data, batch_size, alone=alone, fixed=not shuffle, epochs=ahead)
    given = np.arange(n)
    orders = (model.shuffle_rng.permutation(n) if shuffle else given for _ in numbers)
    for k in range(0, len(numbers), way.epochs):
        if way.epochs > 1:
            span = numbers[k : k + way.epochs]
            yield from zip(span, way.ahead([next(orders) for _ in span]), strict=True)
        else:
            run.on_epoch_begin(numbers[k], {})
            model.reset_metrics()
            order = next(orders)
            yield numbers[k], way.watched(order, run) if alone else way.unwatched(order, bars)


def evaluator(model, data, batch_size: int):
    """Return a function that evaluates the model, as it then is, on these data."""
    order = np.arange(len(data[0]))
    alone = not scored_together(model, data[1])
    way = Pass(Network(model, False), data, batch_size, alone=alone)

    def evaluate() -> dict:
        model.reset_metrics()
        return way.watched(order) if alone else way.unwatched(order)

    return evaluate


# --- what can be compiled ---------------------------------------------------------------------------------

OWN = set(activations.PRIMES)  # not what a reader adds
VECTORS = (layers.Dense, layers.Normalization, layers.BatchNormalization, layers.LayerNormalization)


def takes(model, y) -> bool:
    """Say whether a built and compiled model consists of nnbook's own parts, and they fit these labels."""
    from nnbook.models import Sequential

    o, shapes = model.optimizer, [w.shape for w in model.trainable_weights]
    return (
        type(model) is Sequential
        and all(map(known, model.layers))
        and len(model.output_shape) == 1
        and all(w.dtype == model.dtype for w in model.weights)
        and type(model.loss) in GRADIENTS
        and not (isinstance(model.loss, HINGES) and mixed(y))
        and type(o) in UPDATES
        and (o.shapes is None or o.shapes == shapes)
    )


def known(layer) -> bool:
    """Say whether a built layer can be compiled: one of ours, on vectors if it tells features apart."""
    activation = getattr(layer, "activation", activations.linear)
    across = type(layer) in VECTORS or activation in (activations.softmax, activations.log_softmax)
    own = type(layer) in layers.LAYERS.values() and activation in OWN
    own = own and all(type(r) in regularizers.REGULARIZERS.values() for r in layer.regularizers.values())
    return own and not (across and len(layer.input_shape) > 1)


def mixed(y) -> bool:
    """Say whether labels hold 0 beside others than 1: then each batch decides what a hinge makes of them."""
    return bool((y == 0).any() and ((y != 0) & (y != 1)).any())
