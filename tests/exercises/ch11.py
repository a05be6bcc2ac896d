"""What readers write in the exercises of chapter 11: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from nnbook.layers import Dense, Flatten, Input, ReLU, Softmax
from nnbook.losses import SparseCategoricalCrossentropy
from nnbook.models import Sequential, load_model

# Right


def updates(samples, batch_size, epochs, validation_split):
    samples = round(samples * (1 - validation_split))
    full, rest = divmod(samples, batch_size)
    return (full + (rest > 0)) * epochs


def cut(order, batch_size):
    return np.split(order, range(batch_size, len(order), batch_size))


def stop(val_loss, patience):
    best, best_epoch = val_loss[0], 1
    for epoch in range(2, len(val_loss) + 1):
        if val_loss[epoch - 1] < best:
            best, best_epoch = val_loss[epoch - 1], epoch
        elif epoch - best_epoch >= patience:
            return [epoch, best_epoch]
    return [len(val_loss), best_epoch]


def overflow_epoch(losses):
    rate = math.log(losses[1]) - math.log(losses[0])
    if rate <= 0:
        return float("inf")
    return 2 + math.floor((math.log(np.finfo("float32").max) - math.log(losses[0])) / rate)


def train_in_two(build, x, y, epochs, path):
    first = build()
    first.fit(x, y, epochs=epochs // 2, batch_size=8, verbose=0)
    first.save(path)
    second = load_model(path)
    second.fit(x, y, epochs=epochs, initial_epoch=epochs // 2, batch_size=8, verbose=0)
    return second


def in_many_layers():
    layers = [Flatten(), Dense(16), ReLU(), Dense(10), Softmax()]
    model = Sequential([Input((8, 8)), *layers])
    model.compile(loss=SparseCategoricalCrossentropy(), optimizer="sgd")
    return model


def reader(hidden=16, out=10, loss="sparse_categorical_crossentropy", last="softmax", first="relu", more=()):
    layers = [*more, Dense(hidden, activation=first), Dense(out, activation=last)]
    model = Sequential([Input((64,)), *layers])
    model.compile(loss=loss, optimizer="adam")
    return model


def mixed_up(confusion, names):
    most, found = -1, None
    for i, one in enumerate(names):
        for j, other in enumerate(names[:i]):
            if confusion[i, j] + confusion[j, i] > most:
                most, found = confusion[i, j] + confusion[j, i], frozenset({other, one})
    return found


RIGHT = {
    "updates": updates,
    "cut": cut,
    "stop": stop,
    "overflow_epoch": overflow_epoch,
    "train_in_two": train_in_two,
    "yardstick": lambda labels: np.unique(labels, return_counts=True)[1].max() / labels.size,
    "reader": in_many_layers(),
    "mixed_up": mixed_up,
}

# Wrong


def slices(order, size):
    return [order[k : k + size] for k in range(0, len(order), size)]


def patient(val_loss, patience, *, late=False, before=False, ties=False):
    best, wait, last = 0, 0, math.inf
    for k, loss in enumerate(val_loss):
        better = loss <= val_loss[best] if ties else k == 0 or loss < val_loss[best]
        best = k if better else best
        wait = 0 if (loss < last if before else better) else wait + 1
        last = loss
        if wait >= patience + late:
            return k + 1, best + 1
    return len(val_loss), best + 1


def rising(val_loss, patience):
    for k in range(1, len(val_loss)):
        if k >= patience and all(val_loss[j] > val_loss[j - 1] for j in range(k - patience + 1, k + 1)):
            return k + 1, int(np.argmin(val_loss[: k + 1])) + 1
    return len(val_loss), int(np.argmin(val_loss)) + 1


def without_a_break(build, x, y, epochs, path):
    model = build()
    model.fit(x, y, epochs=epochs, batch_size=8, verbose=0)
    return model


def halves(carry_on, share=0.5):
    def train_in_two(build, x, y, epochs, path):
        model = build()
        model.fit(x, y, epochs=epochs // 2, batch_size=8, verbose=0)
        model = carry_on(model, build, path)
        if share:
            model.fit(x, y, epochs=int(share * epochs), batch_size=8, verbose=0)
        return model

    return train_in_two


def all_in_both(build, x, y, epochs, path):
    model = saved(without_a_break(build, x, y, epochs, path), build, path)
    model.fit(x, y, epochs=epochs, batch_size=8, verbose=0)
    return model


def without_batch_size(build, x, y, epochs, path):
    model = build()
    model.fit(x, y, epochs=epochs // 2, verbose=0)
    model = saved(model, build, path)
    model.fit(x, y, epochs=epochs // 2, verbose=0)
    return model


def saved(model, build, path):
    model.save(path)
    return load_model(path)


def only_weights(model, build, path):
    model.save_weights(path)
    fresh = build()
    fresh.load_weights(path)
    return fresh


def compiled(model, build, path):
    model = saved(model, build, path)
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


def not_compiled():
    model = Sequential([Input((64,)), Dense(16, activation="relu"), Dense(10, activation="softmax")])
    return model


def no_input():
    model = Sequential([Dense(16, activation="relu"), Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


def in_squares():
    model = Sequential([Input((8, 8)), Dense(16, activation="relu"), Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


def one_layer():
    model = Sequential([Input((64,)), Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    return model


def named(table, names):
    return tuple(names[k] for k in np.unravel_index(np.argmax(table), table.shape))


def mistakes_of(confusion):
    return confusion - np.diag(np.diag(confusion))


def in_place(confusion, names):
    np.fill_diagonal(confusion, 0)
    return named(confusion + confusion.T, names)


LIMIT = float(np.finfo("float32").max)

WRONG = {
    "updates": [
        ("Round up", lambda n, size, epochs, split: int(n * (1 - split)) // size * epochs),
        ("Multiply by the number of epochs", lambda n, size, epochs, split: updates(n, size, 1, split)),
        ("The validation samples are taken away", lambda n, size, epochs, split: updates(n, size, epochs, 0)),
        ("not the part that is kept", lambda n, size, epochs, split: updates(n, size, epochs, 1 - split)),
        ("No batch reaches", lambda n, size, epochs, split: -(-n * (1 - split) * epochs // size)),
        ("An epoch is the whole training set", lambda n, size, epochs, split: epochs),
        ("not one sample", lambda n, size, epochs, split: n * (1 - split) * epochs),
        ("It is called as", lambda n, size: n // size),
        ("no part of an update", lambda n, size, epochs, split: n * (1 - split) / size * epochs),
        ("do not always add one", lambda n, size, epochs, split: (int(n * (1 - split)) // size + 1) * epochs),
    ],
    "cut": [
        ("The last batch is missing", lambda order, size: slices(order, size)[:-1]),
        ("an empty batch at the end", lambda order, size: np.split(order, range(size, len(order) + 1, size))),
        ("no row may be left out", lambda order, size: [b for b in slices(order, size) if len(b) == size]),
        ("not the number of batches", np.array_split),
        ("The batches overlap", lambda order, size: [order[k : k + size] for k in range(len(order))]),
        ("take slices in a loop", lambda order, size: [*order.reshape(-1, size)]),
        ("A batch ends", lambda order, size: [order[k:size] for k in range(0, len(order), size)]),
        ("The batches run together", lambda order, size: order.tolist()),
        ("does not keep to `order`", lambda order, size: slices(np.sort(order), size)),
        (
            "It returned a generator",
            lambda order, size: (order[k : k + size] for k in range(0, len(order), size)),
        ),
    ],
    "stop": [
        ("one epoch too long", lambda v, p: patient(v, p, late=True)),
        ("counted from 0", lambda v, p: tuple(np.array(stop(v, p)) - 1)),
        ("not with the loss of the epoch before", lambda v, p: patient(v, p, before=True)),
        ("not the rises in a row", rising),
        ("A tie is no improvement", lambda v, p: patient(v, p, ties=True)),
        ("not the last", lambda v, p: (stop(v, p)[0], stop(v, p)[0])),
        ("not that loss itself", lambda v, p: (stop(v, p)[0], v[stop(v, p)[1] - 1])),
        ("exchanged", lambda v, p: tuple(reversed(stop(v, p)))),
        ("a tuple of 2 was wanted", lambda v, p: stop(v, p)[0]),
    ],
    "overflow_epoch": [
        ("One epoch too early", lambda v: overflow_epoch(v) - 1),
        (
            "here it is added to",
            lambda v: math.floor((LIMIT - v[0]) / (v[1] - v[0])) + 2 if v[1] > v[0] else math.inf,
        ),
        (
            "float32 ends near 3e38",
            lambda v: (
                2 + int((math.log(np.finfo(float).max) - math.log(v[0])) / math.log(v[1] / v[0]))
                if v[1] > v[0]
                else math.inf
            ),
        ),
        ("The list ends long before", lambda v: next((k for k, y in enumerate(v, 1) if y > LIMIT), math.inf)),
        (
            "belongs to epoch len(losses)",
            lambda v: overflow_epoch([v[-1], v[-1] * (v[-1] / v[-2])]) if v[1] > v[0] else math.inf,
        ),
        ("upside down", lambda v: overflow_epoch([v[1], v[0]])),
        ("not from a loss of 1", lambda v: overflow_epoch([1, v[1] / v[0]])),
    ],
    "train_in_two": [
        ("The weights alone are carried over", halves(only_weights)),
        ("compile after loading", halves(compiled)),
        ("It trains for too long", halves(saved, share=1)),
        ("Save the model to `path`", without_a_break),
        ("Half of the training is missing", halves(saved, share=0)),
        ("Both parts train for all the epochs", all_in_both),
        ("Give batch_size=8", without_batch_size),
        ("Return the model itself", lambda *case: without_a_break(*case).history),
    ],
    "yardstick": [
        ("guessing among the classes", lambda labels: 1 / len(np.unique(labels))),
        ("the most frequent label itself", lambda labels: Counter(labels.tolist()).most_common(1)[0][0]),
        ("how often the label occurs", lambda labels: Counter(labels.tolist()).most_common(1)[0][1]),
        ("the mean of the labels", np.mean),
        ("need not be 0", lambda labels: np.mean(labels == 0)),
        ("need not be ten classes", lambda labels: 1 / 10),
        (
            "need not be 1",
            lambda labels: sum(labels) / len(labels) if max(labels) < 2 else np.mean(labels == 1),
        ),
    ],
    "reader": [
        ("Integers go with the sparse form", reader(loss="categorical_crossentropy")),
        ("not Dense(64)", reader(more=[Dense(64, activation="relu")])),
        ("softmax makes the outputs add up", reader(last="sigmoid")),
        ("there are 10 digits", reader(out=1)),
        ("is not compiled", not_compiled()),
        ("compile returns nothing", None),
        ("or Flatten() before", in_squares()),
        ("does not know its input yet", no_input()),
        ("The hidden layer is missing", one_layer()),
        ("The usual loss for classes", reader(loss="mse")),
        ("Not as asked for: units: [32, 10]", reader(hidden=32)),
        ("A Sequential model was wanted", "reader"),
    ],
    "mixed_up": [
        ("It must not take part", lambda confusion, names: named(confusion + confusion.T, names)),
        ("It must not take part", lambda confusion, names: named(confusion, names)),
        ("Both directions count: add", lambda confusion, names: named(mistakes_of(confusion), names)),
        ("only what stands above", lambda confusion, names: named(np.triu(confusion, 1), names)),
        ("not their shares", lambda c, names: mixed_up(c / c.sum(axis=1, keepdims=True), names)),
        (
            "two classes with most mistakes",
            lambda c, names: [names[k] for k in np.argsort(-mistakes_of(c).sum(1))[:2]],
        ),
        (
            "names of the classes are wanted",
            lambda c, names: [names.index(name) for name in mixed_up(c, names)],
        ),
        ("makes a row and a column", lambda c, names: names[mistakes_of(c + c.T).argmax()]),
        ("A pair was wanted", lambda confusion, names: mixed_up(confusion, names).pop()),
        ("It changes its argument confusion", in_place),
        ("leave the diagonal out", lambda confusion, names: (names[0], names[0])),
    ],
}
