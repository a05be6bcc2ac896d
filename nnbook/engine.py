"""The compiled path of training: the readable path, noted once as programs, then replayed.

``Sequential.fit`` comes here when ``takes(model, y)``. The formulas of layers.py, activations.py and of the
optimisers run once, on the values of program.py; from then on a step of training is the list of calls that
they noted. What also differs from the readable path is where the numbers lie:

- Samples are rows here too, but arrays lie in memory column by column and have one more column, of ones:
  ``[x, 1] @ [W; b]`` is x W + b, and ``[x, 1].T @ dz`` holds the gradient of W and, in its last row, of b.
- All parameters lie in one long vector, all gradients in another, and so does each of the optimiser's slots.
  ``layer.params["W"]`` and ``["b"]`` are views of it, and one update serves the whole network.
- Outputs are kept, and scored when somebody asks for the loss: after an epoch, or, where a callback looks at
  batches, after each of them.

From top to bottom: activations, losses, optimisers, the network and its steps, passes over the data.
"""

from __future__ import annotations

import copy
import math
from itertools import islice

import numpy as np

from nnbook import activations, callbacks, layers, losses, metrics, optimizers, regularizers
from nnbook.erf import erf
from nnbook.losses import EPSILON
from nnbook.program import Program, Value

BLOCK = 2**18  # bytes of samples that are gathered at once
WIDE = 16  # features from which samples lie in memory row by row, which serves long products
KEPT = 2**16  # bytes of outputs that wait to be scored
BATCHES = 32  # batches that are gathered at once, at most
CHUNK = 2**15  # parameters that are updated at once: with gradients and slots they fit into the cache

# --- activations and losses -------------------------------------------------------------------------------
# The formulas of activations.py are noted as they are, but those here share work between an activation and
# its derivative. Each returns a = f(z), and a function that brings a gradient from a back to z.


def sigmoid(z):
    a = 1 / (1 + np.exp(-z))
    return a, lambda grad: grad * (a * (1 - a))


def tanh(z):
    a = np.tanh(z)
    return a, lambda grad: grad * (1 - a * a)


def relu(z, negative_slope=0.0, max_value=None):
    if max_value is not None:
        return as_written(activations.relu, z, negative_slope=negative_slope, max_value=max_value)
    if not negative_slope:
        return np.maximum(z, 0), lambda grad: grad * (z > 0)
    a = np.maximum(z, 0) + negative_slope * np.minimum(z, 0)
    return a, lambda grad: grad * np.where(z > 0, 1, negative_slope)


def gelu(z):
    share = 0.5 * (1 + erf(z * 0.5**0.5))
    a = z * share
    return a, lambda grad: grad * (share + z * np.exp(z * z * -0.5) * (2 * np.pi) ** -0.5)


def silu(z):
    s, _ = sigmoid(z)
    a = z * s
    return a, lambda grad: grad * (s + a * (1 - s))


def softplus(z):
    a = np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)
    return a, lambda grad: grad * sigmoid(z)[0]


def softmax(z):
    a = activations.softmax(z)
    return a, lambda grad: a * (grad - np.sum(grad * a, axis=-1, keepdims=True))


def log_softmax(z):
    a = activations.log_softmax(z)
    return a, lambda grad: grad - np.exp(a) * np.sum(grad, axis=-1, keepdims=True)


SHARED = {getattr(activations, f.__name__): f for f in (sigmoid, tanh, relu, gelu, silu, softplus, softmax)}
SHARED |= {activations.log_softmax: log_softmax}
SHARED |= {activations.leaky_relu: lambda z, negative_slope=0.2: relu(z, negative_slope)}
OWN = set(activations.PRIMES)


def as_written(function, z, **options):
    """Note an activation as activations.py has it."""
    return function(z, **options), lambda grad: activations.backward(function, z, grad, **options)


def activate(function, z, options):
    """Note an activation in the quicker way, if there are two."""
    return SHARED[function](z, **options) if function in SHARED else as_written(function, z, **options)


# The gradients of losses.py, for a loss with its options, labels y as ``prepare`` makes them, and outputs p;
# c turns a sum over all values, or all samples, into a mean.


def binary_crossentropy(loss, y, p, c):
    if loss.from_logits:
        return (sigmoid(p)[0] - y) * c
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return (q == p) * (q - y) / (q * (1 - q)) * c


def categorical_crossentropy(loss, y, p, c):
    if loss.from_logits:
        return (activations.softmax(p) - y) * c
    total = np.sum(p, axis=-1, keepdims=True)
    p = p / total
    q = np.clip(p, EPSILON, 1 - EPSILON)
    g = (q == p) * y / q
    return (np.sum(g * p, axis=-1, keepdims=True) - g) / total * c


def sparse_categorical_crossentropy(loss, y, p, c):
    if loss.from_logits:
        return (activations.softmax(p) - y) * c
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return (q == p) * (q / np.sum(q, axis=-1, keepdims=True) - y) / q * c


def kl_divergence(loss, y, p, c):
    q = np.clip(p, EPSILON, 1)
    return (q == p) * y / q * -c


GRADIENTS = {
    losses.MeanSquaredError: lambda loss, y, p, c: (p - y) * (2 * c),
    losses.MeanAbsoluteError: lambda loss, y, p, c: np.sign(p - y) * c,
    losses.Huber: lambda loss, y, p, c: np.clip(p - y, -loss.delta, loss.delta) * c,
    losses.LogCosh: lambda loss, y, p, c: np.tanh(p - y) * c,
    losses.Poisson: lambda loss, y, p, c: (1 - y / (p + EPSILON)) * c,
    losses.BinaryCrossentropy: binary_crossentropy,
    losses.Hinge: lambda loss, y, p, c: (y * p <= 1) * y * -c,
    losses.SquaredHinge: lambda loss, y, p, c: np.maximum(1 - y * p, 0) * y * (-2 * c),
    losses.CategoricalCrossentropy: categorical_crossentropy,
    losses.SparseCategoricalCrossentropy: sparse_categorical_crossentropy,
    losses.KLDivergence: kl_divergence,
}
OVER_FEATURES = (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy, losses.KLDivergence)
HINGES = (losses.Hinge, losses.SquaredHinge)


def prepare(loss, y, out):
    """Write labels into the vectors of ``out`` as ``GRADIENTS`` want them: one-hot, smoothed, or -1 and 1."""
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        np.equal(y.reshape(*out.shape[:-1], 1), np.arange(out.shape[-1]), out)
        return
    out[...] = y.reshape(out.shape)
    if smoothing := getattr(loss, "label_smoothing", 0.0):
        out *= 1 - smoothing
        out += smoothing / (2 if isinstance(loss, losses.BinaryCrossentropy) else out.shape[-1])
    if isinstance(loss, HINGES):
        out[...] = losses.plus_or_minus(out)
    if isinstance(loss, losses.KLDivergence):
        np.clip(out, EPSILON, 1, out)


# From logits the same gradients take fewer calls where the labels hold c already: (softmax(p) - y) c, and
# (sigmoid(p) - y) c = (1 - y) c - c / (1 + exp(p)).


def softmax_minus(cy, p, c):
    e = np.exp(p - np.max(p, axis=-1, keepdims=True))
    sums = e @ np.full((p.shape[-1], p.shape[-1]), 1 / c, p.dtype)  # of each row, over c, in all its columns
    return e / sums - cy


LOGITS = {kind: (lambda y, c: y * c, softmax_minus) for kind in OVER_FEATURES[:2]}
LOGITS[losses.BinaryCrossentropy] = (lambda y, c: (1 - y) * c, lambda cy, p, c: cy - c / (1 + np.exp(p)))


def loss_values(loss, y, out, w):
    """Return the loss of each row, times its weight."""
    if isinstance(loss, losses.BinaryCrossentropy) and loss.from_logits:  # a fifth of logaddexp's time
        prepare(loss, y, y := np.empty_like(out))
        values = np.maximum(out, 0) - y * out + np.log1p(np.exp(-np.abs(out)))
        values = values @ np.full(out.shape[1], 1 / out.shape[1], out.dtype)
    else:
        values = loss.function(y, out, **loss.options)
    return values * losses.per_sample(w, values)


# --- optimisers -------------------------------------------------------------------------------------------
# Their own ``update`` is noted, except where the formula counts steps: there one function computes, at each
# step, the numbers that change with the count, and another notes the formula with them. The learning rate is
# the first number. All is rounded as the readable path rounds it.


def adam_numbers(o, lr, slots, alpha, *_):
    t = alpha.dtype.type(o.iterations)  # in the model's precision, as Keras has it: that is seen in float32
    alpha[()] = lr * (1 - o.beta_2**t) ** 0.5 / (1 - o.beta_1**t)


def adam(o, w, g, numbers, momentum, velocity, velocity_hat=None):
    m, v, alpha = momentum, velocity, numbers[1]
    m += (g - m) * (1 - o.beta_1)
    v += (g * g - v) * (1 - o.beta_2)
    if velocity_hat is not None:
        v = np.maximum(velocity_hat, v, out=velocity_hat)
    w -= m / (np.sqrt(v) + o.epsilon) * alpha


def nadam_numbers(o, lr, slots, share_m, share_g, share_v):
    t, u_product = share_m.dtype.type(o.iterations), slots["u_product"]
    u, u_next = (o.beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    u_product *= u
    product = u_product[0]
    share_m[()], share_g[()] = u_next / (1 - product * u_next), (1 - u) / (1 - product)
    share_v[()] = 1 / (1 - o.beta_2**t)


def nadam(o, w, g, numbers, momentum, velocity):
    m, v, (lr, share_m, share_g, share_v) = momentum, velocity, numbers
    m += (g - m) * (1 - o.beta_1)
    v += (g * g - v) * (1 - o.beta_2)
    w -= (m * share_m + g * share_g) * lr / (np.sqrt(v * share_v) + o.epsilon)


def update_as_written(o, w, g, numbers, **slots):
    o.update(w, g, numbers[0], **slots)


UPDATES = {kind: (None, update_as_written) for kind in optimizers.CLASSES}
UPDATES |= {optimizers.Adam: (adam_numbers, adam), optimizers.AdamW: (adam_numbers, adam)}
UPDATES |= {optimizers.Nadam: (nadam_numbers, nadam)}


# --- the network and its steps ----------------------------------------------------------------------------


class Network:
    """A model's numbers in long vectors, and the steps noted for it, one for each size of batch."""

    def __init__(self, model, training: bool):
        self.model, self.training = model, training
        self.loss = model._loss_at_logits or model.loss
        self.quick = LOGITS[type(self.loss)] if getattr(self.loss, "from_logits", False) else None
        self.pair = model.layers[-1] if self.loss is not model.loss else None  # its activation is in the loss
        self.w = lay_out(model.layers)
        self.penalty, self.penalized = np.zeros(()), any(layer.regularizers for layer in model.layers)
        if training:
            self.g, grads = joined([np.zeros_like(w) for w in model.trainable_weights])
            for layer in model.layers:
                layer.grads = {name: grads.pop(0) for name in layer.params}
            self.lay_out_slots(model.optimizer)

    def lay_out_slots(self, o):
        """Make the slots long vectors too, and arrays for the numbers that change from step to step."""
        self.slots = {}
        for name in o.slots:
            self.slots[name], o.slots[name] = joined(o.slots[name])
        self.numbers = [np.zeros((), self.model.dtype) for _ in range(4)]
        numbers, _ = UPDATES[type(o)]
        rate, *others = self.numbers

        def count():
            rate[()] = lr = o.current_learning_rate
            o.iterations += 1
            if numbers:
                numbers(o, lr, self.slots, *others)

        self.count = count

    def predictions(self, out):
        """Return what the model predicts where its last values, as the loss takes them, are ``out``."""
        return out if self.pair is None else self.pair.activation(out)


class Step:
    """What is done with one batch: ``program`` reads x, y and w and leaves the outputs in ``out``."""

    def __init__(self, network: Network, batch: int, weighted: bool):
        self.network, self.model, self.batch = network, network.model, batch
        self.program, dtype = Program(self.model.dtype), self.model.dtype
        n_in = math.prod(self.model.input_shape)
        self.x = np.ones((batch, n_in + 1), dtype, order="C" if n_in >= WIDE else "F")
        A, back, place = Value(self.program, self.x), [], 0
        for layer in self.model.layers:
            size = sum(w.size for w in layer.params.values())
            A, backward = self.forward(layer, A, slice(place, place + size))
            place += size
            if place:  # what comes before the first parameter needs no gradient
                back.append(backward)
        self.out, self.y = A.array, np.empty_like(features(A).array)
        self.w = np.empty((batch, 1), dtype) if weighted else None
        self.c = 1 / (batch * (1 if isinstance(network.loss, OVER_FEATURES) else self.y.shape[1]))
        if network.training:
            self.backward(features(A), back)
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
        p, shape = self.program, (self.batch, layer.units)
        theta, A = self.network.w[place].reshape(-1, layer.units), A.array  # [W; b]
        A = A if layer.use_bias else A[:, :-1]
        out = Value(p, np.ones((self.batch, layer.units + 1), p.dtype, order="F"))
        linear = layer is self.network.pair or layer.activation is activations.linear
        z = p.dot(A, theta, features(out) if linear else p.room(shape))
        if not linear:
            a, activation_backward = activate(layer.activation, z, {})
            p.assign(features(out), a)

        def backward(grad, deeper):
            dz = grad if linear else activation_backward(grad)
            p.dot(A.T, dz.array, Value(p, self.network.g[place].reshape(theta.shape)))
            W = layer.params["W"]
            return p.dot(dz.array, W.T, p.room((self.batch, len(W)))) if deeper else None

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
        p, loss = self.program, self.network.loss
        if self.network.quick:
            grad = self.network.quick[1](Value(p, self.y), out, self.c)
        else:
            grad = GRADIENTS[type(loss)](loss, Value(p, self.y), out, self.c)
        if self.w is not None:
            grad = grad * Value(p, self.w)
        for k in reversed(range(len(back))):
            grad = back[k](grad, deeper=k > 0)
        for layer in self.model.layers:
            for name, regularizer in layer.regularizers.items():
                self.penalize(regularizer, Value(p, layer.params[name]), Value(p, layer.grads[name]))

    def penalize(self, regularizer, w, g):
        """Note a regulariser's gradient, and its penalty, once for each sample, in the sum of penalties."""
        p, total, penalty, scaled = self.program, self.network.penalty, regularizer(w), np.zeros(())
        p.call(np.multiply, penalty.array, np.array(float(self.batch)), scaled)
        p.call(np.add, total, scaled, total)
        g += regularizer.gradient(w)

    def update(self, o):
        """Note the optimiser's step, a chunk of the long vectors at a time."""
        p, network, (_, rule) = self.program, self.network, UPDATES[type(o)]
        p.call(network.count)
        all_g, numbers = self.clipped(o), [Value(p, number) for number in network.numbers]
        for start in range(0, len(all_g), CHUNK):
            part = slice(start, start + CHUNK)
            w, g = Value(p, network.w[part]), Value(p, all_g[part])
            slots = {name: Value(p, s[part]) for name, s in network.slots.items() if name != "u_product"}
            if o.weight_decay is not None:
                w -= w * o.weight_decay * numbers[0]
            rule(o, w, g, numbers, **slots)

    def clipped(self, o):
        """Note the gradients as the optimiser clips them; return the vector in which they will be."""
        if o.clipnorm is o.clipvalue is o.global_clipnorm is None:
            return self.network.g
        p, grads = self.program, self.model.gradients
        vector, views = joined(grads)
        for view, clipped in zip(views, o.clip([Value(p, g) for g in grads]), strict=True):
            p.assign(Value(p, view), clipped)
        return vector


def features(A: Value) -> Value:
    """Return A without its column of ones."""
    return A.view(A.array[:, :-1])


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
        if all(place_of(w) == place_of(view) for w, view in zip(arrays, split(vector, arrays), strict=True)):
            return vector
    vector, views = joined(arrays)
    for (params, name), view in zip(places, views, strict=True):
        params[name] = view
    return vector


def place_of(array):
    """Return where an array's numbers lie."""
    return array.__array_interface__["data"], array.strides, array.dtype


def split(vector, arrays):
    """Return views of a vector, one after the other in the shapes of the arrays."""
    ends = np.cumsum([w.size for w in arrays], dtype=int)
    return [vector[end - w.size : end].reshape(w.shape) for w, end in zip(arrays, ends, strict=True)]


def joined(arrays):
    """Return one vector with the values of all arrays, and views of it in their shapes."""
    vector = np.concatenate([w.ravel() for w in arrays]) if arrays else np.zeros(0)
    return vector, split(vector, arrays)


# --- passes over the data ---------------------------------------------------------------------------------


class Block:
    """Places for some batches of one size; for each the calls of a step that reads and writes right there."""

    def __init__(self, network: Network, data, size: int, places: int):
        self.step, self.size, self.stays = Step(network, size, data[2:] != []), size, False
        rooms = [self.step.x, self.step.y, self.step.out, self.step.w]
        self.calls, (x, self.y, out, self.w) = self.step.program.at_places(places, rooms)
        self.x, self.out = x[..., :-1], out[..., :-1]
        self.gathered = [np.empty((places * size, *a.shape[1:]), a.dtype) for a in data]

    def load(self, data, rows):
        """Gather these rows of the data and write them into the places, as the steps want them."""
        m, k = len(rows), len(rows) // self.size
        gathered = zip(data, self.gathered, strict=True)
        x, y, *w = (source.take(rows, 0, room[:m], "clip") for source, room in gathered)
        self.x[:k] = x.reshape(self.x[:k].shape)
        network, y_rows = self.step.network, self.y[:k]
        prepare(network.loss, y, y_rows)
        if network.quick:
            y_rows[...] = network.quick[0](y_rows, self.step.c)
        if w:
            self.w[:k] = w[0].reshape(k, self.size, 1)


class Pass:
    """A way through samples, labels and weights, block by block; outputs are kept until they are scored.

    Args:
        alone: each batch is a block, and is scored, for itself, since somebody looks at it.
        fixed: the order of the rows never changes.
        epochs: how many epochs may pass before the first of them is scored.
    """

    def __init__(self, network: Network, data, batch_size: int, *, alone: bool, fixed=True, epochs=1):
        (x, self.y, self.w), self.network, self.model = data, network, network.model
        self.n, self.batch = len(x), min(batch_size, len(x))
        self.sources = [np.ascontiguousarray(a) for a in (x.reshape(self.n, -1), *data[1:]) if a is not None]
        whole, self.rest = divmod(self.n, self.batch)
        number = np.dtype(self.model.dtype).itemsize
        per_row, batch_bytes = self.model.output_shape[0] * number, self.batch * x[0].size * number
        self.epochs = 1 if alone else max(1, min(epochs, KEPT // per_row // self.n))
        whole *= self.epochs if not self.rest else 1
        places = 1 if alone else max(1, min(BATCHES, BLOCK // batch_bytes, whole))
        if places > self.n // self.batch:
            places -= places % (self.n // self.batch)
        self.blocks = [Block(network, self.sources, self.batch, places)]
        if self.rest:
            self.blocks.append(Block(network, self.sources, self.rest, 1))
        self.rows = places * self.batch
        self.fixed = fixed and self.rows >= self.n - self.rest
        rows = max(self.rows, min(KEPT // per_row, self.n * self.epochs))
        self.kept = np.empty((rows, *self.model.output_shape), self.model.dtype, order="F")
        self.kept_rows, self.filled = [], 0

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
            block.load(self.sources, rows)
            block.stays = self.fixed
        if self.filled + n > len(self.kept):
            self.score()
        for calls in block.calls[:k]:
            for function, arguments in calls:
                function(*arguments)
        kept = self.kept[self.filled : self.filled + n]
        kept.reshape(k, block.size, -1)[...] = block.out[:k]
        self.kept_rows.append(rows)
        self.filled += n

    def unwatched(self, order, bars=()) -> dict:
        """Make all steps of an epoch, then score them; return the means."""
        with np.errstate(all="ignore"):  # a run that diverges does so silently, and the loss tells
            for block, span in self.spans():
                self.replay(block, rows := order[span])
                for bar in bars:
                    bar.update(len(rows) // block.size)
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
        stop, trackers, order = None, self.model.trackers, np.concatenate(orders)
        try:
            with np.errstate(all="ignore"):
                for block, span in self.spans(len(orders)):
                    self.replay(block, order[span])
        except KeyboardInterrupt as error:
            stop = error
        done = self.filled // self.n
        self.filled = done * self.n
        if done:
            y, y_pred, w, values = self.take_kept()
            table = [(values.reshape(done, -1).sum(axis=1, dtype=float), np.full(done, self.n))]
            for tracker in trackers[1:]:
                own = w if tracker in self.model.weighted_trackers else None
                pair = metrics.weigh(np.asarray(tracker.fn(y, y_pred, **tracker.options), float), own)
                table.append([part.reshape(done, -1).sum(axis=1) for part in pair])
            for sums in np.array(table).transpose(2, 0, 1).tolist():
                for tracker, (total, count) in zip(trackers, sums, strict=True):
                    tracker.total, tracker.count = total, count
                yield {tracker.name: tracker.result() for tracker in trackers}
        if stop:
            raise stop

    def penalty(self) -> float:
        """Return the sum of the penalties since the last call, each once for every sample of its batch."""
        penalty = float(self.network.penalty)
        self.network.penalty[()] = 0
        return penalty

    @np.errstate(all="ignore")
    def take_kept(self):
        """Return labels, outputs and weights of the rows that are kept, and each row's loss; keep none."""
        rows, out = np.concatenate(self.kept_rows)[: self.filled], self.kept[: self.filled]
        y, w = self.y.take(rows, 0), None if self.w is None else self.w[rows]
        self.kept_rows, self.filled = [], 0
        y_pred = self.network.predictions(out) if self.model.trackers[1:] else out
        return y, y_pred, w, loss_values(self.network.loss, y, out, w)

    @np.errstate(all="ignore")
    def score(self) -> dict:
        """Let loss and metrics take in what is kept; return the running means."""
        y, y_pred, w, values = self.take_kept()
        return self.model._score(float(np.mean(values, dtype=float)) + self.penalty() / len(y), y, y_pred, w)


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
            yield from zip(span, way.ahead(list(islice(orders, len(span)))), strict=True)
        else:
            run.on_epoch_begin(numbers[k], {})
            model.reset_metrics()
            order = next(orders)
            yield numbers[k], way.watched(order, run) if alone else way.unwatched(order, bars)


def evaluator(model, data, batch_size: int):
    """Return a function that evaluates the model, as it then is, on these data."""
    network, order = Network(model, False), np.arange(len(data[0]))
    alone = not scored_together(model, data[1])
    way = Pass(network, data, batch_size, alone=alone)

    def evaluate() -> dict:
        model.reset_metrics()
        network.penalty[()] = len(order) * sum(layer.penalty() for layer in model.layers)
        return way.watched(order) if alone else way.unwatched(order)

    return evaluate


# --- what can be compiled ---------------------------------------------------------------------------------

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
