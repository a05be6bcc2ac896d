"""The exercises of chapter 11: counting steps, batches, stopping, resuming, reading curves and tables."""

from __future__ import annotations

import hashlib
import math
import tempfile
from pathlib import Path

import numpy as np

from nnbook.callbacks import History
from nnbook.exercises.exercise import Exercise

# Steps

updates = Exercise(
    "How many updates a run of fit makes; validation_split is the part of the samples that it takes away.",
    "updates(samples, batch_size, epochs, validation_split)",
    cases=[
        (10, 5, 1, 0.0),
        (10, 4, 1, 0.0),
        (10, 4, 2, 0.0),
        (1, 32, 3, 0.0),
        (90, 32, 4, 0.0),
        (100, 32, 1, 0.25),
        (8_000, 32, 5, 0.5),
    ],
    right=lambda n, size, epochs, split: epochs * len(range(0, int(n * (1 - split)), size)),
    mistakes={
        "The rest counts: what is left over at the end of an epoch is a smaller batch. Round up.": (
            lambda n, size, epochs, split: epochs * (int(n * (1 - split)) // size)
        ),
        "There is no part of an update: what is left over is a smaller batch, and counts as one. Round up.": (
            lambda n, size, epochs, split: epochs * n * (1 - split) / size
        ),
        "Where the rows come out even nothing is left over: round up, and do not always add one.": (
            lambda n, size, epochs, split: epochs * (int(n * (1 - split)) // size + 1)
        ),
        "It rounds to the nearest whole number. However small the rest is, it is a batch: round up.": (
            lambda n, size, epochs, split: epochs * round(n * (1 - split) / size)
        ),
        "This is one epoch. Multiply by the number of epochs.": (
            lambda n, size, epochs, split: math.ceil(n * (1 - split) / size)
        ),
        "No batch reaches from one epoch into the next: round up each epoch, then multiply.": (
            lambda n, size, epochs, split: math.ceil(epochs * n * (1 - split) / size)
        ),
        "The validation samples are taken away; nothing is learnt from them.": (
            lambda n, size, epochs, split: epochs * math.ceil(n / size)
        ),
        "validation_split is the part that is taken away, not the part that is kept.": (
            lambda n, size, epochs, split: epochs * math.ceil(n * split / size)
        ),
        "An epoch is the whole training set, not one batch.": lambda n, size, epochs, split: epochs,
        "A step uses a whole batch, not one sample.": (
            lambda n, size, epochs, split: epochs * int(n * (1 - split))
        ),
    },
)


# Batches


def by_step(order, size, step):
    """Return slices of ``size`` that begin every ``step``."""
    return [order[start : start + size] for start in range(0, len(order), step)]


def run_together(order, size):
    """Return the rows of all batches in one list."""
    return [row for batch in by_step(order, size, size) for row in batch]


def whole(order, size):
    """Return the batches that are full."""
    return [batch for batch in by_step(order, size, size) if len(batch) == size]


cut = Exercise(
    "The row numbers in `order`, cut into a list of batches, the last one with what is left over.",
    "cut(order, batch_size)",
    cases=[
        (np.array([2, 0, 1]), 2),
        (np.array([3, 1, 0, 2]), 2),
        (np.array([1, 0]), 5),
        (np.array([4, 2, 0, 3, 1]), 1),
        (np.random.default_rng(0).permutation(10), 4),
    ],
    right=lambda order, size: [np.array(order[k : k + size]) for k in range(0, len(order), size)],
    mistakes={
        "The last, smaller batch is dropped: no row may be left out.": whole,
        "batch_size is the number of rows in a batch, not the number of batches.": (
            lambda order, size: np.array_split(order, size)
        ),
        "The batches overlap: the next one starts batch_size rows later.": (
            lambda order, size: by_step(order, size, 1)
        ),
        "It does not keep to `order`: take order[start:stop], not start and stop themselves.": (
            lambda order, size: by_step(np.arange(len(order)), size, size)
        ),
        "The last batch is filled up with rows from the start, so these count twice.": (
            lambda order, size: by_step(np.resize(order, -(-len(order) // size) * size), size, size)
        ),
        "The rows of an array are equally long, and the last batch may be shorter: take slices in a loop.": (
            lambda order, size: list(order.reshape(-1, size))
        ),
        "A batch ends batch_size rows after its start: order[start : start + batch_size].": (
            lambda order, size: [order[start:size] for start in range(0, len(order), size)]
        ),
        "The batches run together. Append each to the list as one array; += adds its rows one by one.": (
            run_together
        ),
        "The last batch is missing, even where it is full.": (
            lambda order, size: by_step(order, size, size)[:-1]
        ),
        "There is an empty batch at the end: where the rows come out even, nothing is left over.": (
            lambda order, size: [order[k * size : (k + 1) * size] for k in range(len(order) // size + 1)]
        ),
    },
)


# Early stopping


def stopping(val_loss, patience, *, late=0, rises=False, ties=False, keeps=False):
    """Return (epochs run, best epoch), with one or another mistake."""
    best, wait, before = 0, 0, math.inf
    for epoch, loss in enumerate(val_loss):
        if epoch == 0 or loss < val_loss[best] or (ties and loss == val_loss[best]):
            best, wait = epoch, wait if keeps else 0
        else:
            wait += 1
        if rises:
            wait = wait if loss >= before else 0
        if epoch and wait >= patience + late:
            return epoch + 1, best + 1
        before = loss
    return len(val_loss), best + 1


def counting_rises(val_loss, patience):
    """Return (epochs run, best epoch), stopped by rises in a row."""
    wait = 0
    for epoch, (before, loss) in enumerate(zip(val_loss, val_loss[1:], strict=False), start=2):
        wait = wait + 1 if loss > before else 0
        if wait >= patience:
            return epoch, 1 + val_loss.index(min(val_loss[:epoch]))
    return len(val_loss), 1 + val_loss.index(min(val_loss))


stop = Exercise(
    "The pair (epochs run, best epoch) of early stopping, both counted from 1; a tie is no improvement.",
    "stop(val_loss, patience)",
    cases=[
        ([0.9, 0.8, 0.85], 1),
        ([0.9, 0.8, 0.85, 0.7], 1),
        ([0.9, 0.8, 0.7], 2),
        ([0.9, 0.95, 0.97, 0.8], 1),
        ([0.9, 0.8, 0.8, 0.8], 2),
        ([0.9, 0.6, 0.8, 0.7, 0.75, 0.5], 3),
        ([0.9, 0.95, 0.8, 0.85, 0.7, 0.9, 0.9, 0.6], 2),
        ([0.5, 0.6, 0.7, 0.8, 0.4], 4),
    ],
    right=lambda val_loss, patience: next(
        (
            (k + 1, 1 + val_loss.index(min(val_loss[: k + 1])))
            for k in range(patience, len(val_loss))
            if min(val_loss[k + 1 - patience : k + 1]) >= min(val_loss[: k + 1 - patience])
        ),
        (len(val_loss), 1 + val_loss.index(min(val_loss))),
    ),
    mistakes={
        "It waits one epoch too long: patience epochs without an improvement end the run.": (
            lambda v, p: stopping(v, p, late=1)
        ),
        "The epochs are counted from 0; the first one is epoch 1.": lambda v, p: tuple(
            number - 1 for number in stopping(v, p)
        ),
        "Compare with the best loss so far, not with the loss of the epoch before.": (
            lambda v, p: stopping(v, p, rises=True)
        ),
        "Count the epochs since the best loss so far, not the rises in a row.": counting_rises,
        "A tie is no improvement: the loss has to be smaller than the best.": lambda v, p: stopping(
            v, p, ties=True
        ),
        "The waiting must start again from 0 after an improvement.": lambda v, p: stopping(v, p, keeps=True),
        "The best epoch is the one with the lowest loss, not the last.": lambda v, p: (
            (stopping(v, p)[0],) * 2
        ),
        "The second number is the epoch of the best loss, not that loss itself.": lambda v, p: (
            stopping(v, p)[0],
            v[stopping(v, p)[1] - 1],
        ),
        "At the stop only the epochs before it are known; the best is one of those.": lambda v, p: (
            stopping(v, p)[0],
            1 + v.index(min(v)),
        ),
        "The two numbers are exchanged: first the epochs run, then the best epoch.": (
            lambda v, p: stopping(v, p)[::-1]
        ),
        "This is never stopped. The run ends when patience epochs have brought nothing.": (
            lambda v, p: (len(v), 1 + v.index(min(v)))
        ),
    },
)


# A curve that runs away

LARGEST = float(np.finfo(np.float32).max)


def growing(losses, limit=LARGEST):
    """Return the first epoch above ``limit``, found by going there."""
    factor, loss, epoch = losses[1] / losses[0], losses[0], 1
    while factor > 1 and loss <= limit:
        loss, epoch = loss * factor, epoch + 1
    return epoch if factor > 1 else math.inf


def added(losses):
    """Return the epoch for a loss that grows by the same amount each time."""
    step = losses[1] - losses[0]
    return math.ceil((LARGEST - losses[0]) / step) + 1 if step > 0 else math.inf


overflow_epoch = Exercise(
    "The first epoch, counted from 1, whose loss is above the largest float32 number, if the loss goes on "
    "by the same factor each epoch; math.inf if it does not grow.",
    "overflow_epoch(losses)",
    cases=[
        ([1.0, 10.0],),
        ([3e37, 3e38],),
        ([4.0, 2.0, 1.0],),
        ([0.5, 0.5],),
        ([0.02, 0.06, 0.18],),
        ([700.0, 1050.0, 1575.0, 2362.5],),
    ],
    right=growing,
    mistakes={
        "One epoch too early: the first loss in the list belongs to epoch 1.": lambda v: growing(v) - 1,
        "One epoch too late.": lambda v: growing(v) + 1,
        "The loss is multiplied in each epoch; here it is added to.": added,
        "This is where float64 ends. float32 ends near 3e38.": lambda v: growing(
            v, float(np.finfo(float).max)
        ),
        "The factor is upside down: later loss divided by earlier loss.": lambda v: growing([v[1], v[0]]),
        "The list ends long before the overflow: go on from it, by the same factor.": lambda v: math.inf,
        "The last loss in the list belongs to epoch len(losses), not to epoch 1.": lambda v: (
            growing(v[-2:]) - 1
        ),
        "Count from the first loss in the list, not from a loss of 1.": lambda v: growing([1.0, v[1] / v[0]]),
    },
)


# Resume


def small_model(seed):
    """Return ``build()``, which makes the same compiled model each time."""

    def build():
        from nnbook.layers import Dense, Dropout, Input
        from nnbook.models import Sequential

        layers = [Input((4,)), Dense(6, activation="tanh"), Dropout(0.25), Dense(1, activation="sigmoid")]
        model = Sequential(layers, seed=seed)
        model.compile(loss="binary_crossentropy", optimizer="adam")
        return model

    return build


def fingerprints(train, seed, epochs):
    """Return how many steps a model made and a fingerprint of all bits of its weights."""
    x = np.random.default_rng(seed).normal(size=(20, 4))
    y = (x.sum(axis=1) > 0).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "half.safetensors"
        model = train(small_model(seed), x, y, epochs, str(path))
        saved = path.exists()
    if isinstance(model, History):
        return "fit returned this history; the model was wanted"
    if not hasattr(model, "get_weights"):
        return model
    if not saved:
        return "nothing was saved to path"
    bits = b"".join(np.ascontiguousarray(part).tobytes() for part in model.get_weights())
    return {"steps": int(model.optimizer.iterations), "weights": hashlib.sha256(bits).hexdigest()[:12]}


def in_one_go(build, x, y, epochs, path, *, batch_size=8):
    """Train without a break."""
    model = build()
    model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


def in_two(carry_on, first=0.5, second=0.5, batch_size=8):
    """Return a training in two parts; ``carry_on(build, model, path)`` gives the model of the second part."""

    def train(build, x, y, epochs, path):
        model = in_one_go(build, x, y, int(epochs * first), path, batch_size=batch_size)
        model = carry_on(build, model, path)
        model.fit(x, y, epochs=int(epochs * second), batch_size=batch_size, verbose=0)
        return model

    return train


def loaded(build, model, path):
    """Save and load."""
    from nnbook.models import load_model

    model.save(path)
    return load_model(path)


def weights_only(build, model, path):
    """Carry over the weights and nothing else."""
    model.save_weights(path)
    fresh = build()
    fresh.set_weights(model.get_weights())
    return fresh


def compiled_again(build, model, path):
    """Load, and lose the optimiser's memory."""
    model = loaded(build, model, path)
    model.compile(loss="binary_crossentropy", optimizer="adam")
    return model


train_in_two = Exercise(
    "A model trained for half of the epochs, saved to `path`, loaded, and trained for the other half, "
    "equal bit by bit to one trained without a break.",
    "train_in_two(build, x, y, epochs, path)",
    cases=[(0, 2), (1, 4)],
    ask=fingerprints,
    names=("seed", "epochs"),
    right=in_two(loaded),
    mistakes={
        "Save the model to `path` after the first half, and load it from there for the second.": in_one_go,
        "The weights alone are carried over: Adam's memory and the random numbers start again.": in_two(
            weights_only
        ),
        "compile after loading makes a new optimiser, without its memory. The file has it already.": in_two(
            compiled_again
        ),
        "It trains for too long: half of the epochs belong to each part.": in_two(loaded, second=1),
        "Half of the training is missing: fit the loaded model for the other half, and return that one.": (
            in_two(loaded, second=0)
        ),
        "fit returns the history of the losses. Return the model itself.": (
            lambda *case: in_one_go(*case).history
        ),
        "Both parts train for all the epochs; each is to train for half of them.": in_two(loaded, 1, 1),
        "Give batch_size=8 to fit in both parts; without it a batch has 32 samples.": (
            in_two(loaded, batch_size=32)
        ),
    },
)


# A yardstick

yardstick = Exercise(
    "The accuracy of always giving the most frequent label.",
    "yardstick(labels)",
    cases=[
        (np.array([1, 1, 0, 1]),),
        (np.array([0, 0, 1, 0, 0]),),
        (np.array([7, 7, 7]),),
        (np.array([2, 0, 2, 1, 2, 3, 0, 2]),),
        (np.random.default_rng(0).integers(0, 10, 40),),
    ],
    right=lambda labels: max(sum(labels == label) for label in labels) / len(labels),
    mistakes={
        "This is the accuracy of guessing among the classes. The best constant answer is often better.": (
            lambda labels: 1 / len(set(labels.tolist()))
        ),
        "This is the most frequent label itself; its share is wanted.": lambda labels: np.bincount(
            labels
        ).argmax(),
        "This is how often the label occurs. Divide by the number of labels.": (
            lambda labels: np.bincount(labels).max()
        ),
        "This is the mean of the labels, which is a share only where all are 0 or 1 and 1 is the commoner.": (
            lambda labels: labels.mean()
        ),
        "The commonest label need not be 1.": lambda labels: np.mean(labels == 1),
        "The commonest label need not be 0.": lambda labels: np.mean(labels == 0),
        "There need not be ten classes, nor need they be equally common. Count the labels.": lambda labels: (
            0.1
        ),
    },
)


# A model


def function_of(layer):
    """Return the name of a layer's activation function, or None where it has none."""
    if type(layer).__name__ in ("ReLU", "Softmax"):
        return type(layer).__name__.lower()
    function = getattr(layer, "activation", None)
    return getattr(function, "__name__", function and str(function))


def activation_of(dense, behind=None):
    """Return the name of a layer's activation function, which may stand in a layer of its own behind it."""
    names = [function_of(dense)]
    if not hasattr(behind, "units") and function_of(behind):
        names.append(function_of(behind))
    return names[-1] if names[0] == "linear" else ", ".join(names)


def described(model):
    """Return what matters of a compiled model, of either engine; text says what it is not."""
    if model is None:
        return "This is None: compile returns nothing. Keep the model, and compile it in a line of its own."
    if not hasattr(model, "layers") or not hasattr(model, "count_params"):
        return f"A Sequential model was wanted, not {type(model).__name__}."
    if getattr(model, "loss", None) is None or getattr(model, "optimizer", None) is None:
        return "The model is not compiled."
    if not (getattr(model, "built", True) and model.layers and model.input_shape):
        return "The model does not know its input yet: begin with Input((64,))."
    dense = [layer for layer in model.layers if hasattr(layer, "units")]
    places = [model.layers.index(layer) for layer in dense]
    activations = [activation_of(*model.layers[place : place + 2]) for place in places]
    loss = (
        model.loss
        if isinstance(model.loss, str)
        else getattr(model.loss, "name", None) or model.loss.__name__
    )
    return {
        "inputs": len(dense[0].get_weights()[0]) if dense else int(model.input_shape[-1]),
        "units": [int(layer.units) for layer in dense],
        "activations": activations,
        "loss": loss,
        "parameters": int(model.count_params()),
    }


READER = {
    "inputs": 64,
    "units": [16, 10],
    "activations": ["relu", "softmax"],
    "loss": "sparse_categorical_crossentropy",
    "parameters": 65 * 16 + 17 * 10,
}


def model_problem(seen) -> str:
    """Say in what a model differs from the one that was asked for."""
    if isinstance(seen, str):
        return seen
    wrong = next((key for key in READER if seen[key] != READER[key]), None)
    return f"Not as asked for: {wrong}: {seen[wrong]}." if wrong else ""


reader = Exercise(
    "A compiled Sequential model, of either engine: 64 inputs, one hidden layer of 16 ReLU neurons, "
    "10 softmax outputs, for labels that are integers.",
    ask=described,
    problem=model_problem,
    alone=False,
    symptoms={
        "That loss wants one-hot rows. Integers go with the sparse form.": (
            lambda seen: seen["loss"] == "categorical_crossentropy"
        ),
        "The input layer has no neurons: Input((64,)), not Dense(64).": lambda seen: (
            seen["units"][:1] == [64]
        ),
        "Dense wants each picture as one row: Input((64,)), or Flatten() before the first Dense.": (
            lambda seen: seen["inputs"] == 8
        ),
        "Ten classes, one answer: softmax makes the outputs add up to 1.": (
            lambda seen: seen["activations"][-1] in ("sigmoid", "linear", "relu")
        ),
        "One output for each class: there are 10 digits.": lambda seen: seen["units"][-1] != 10,
        "A hidden layer without an activation function adds nothing.": lambda seen: (
            seen["activations"][0] == "linear"
        ),
        "The hidden layer is missing: there are two Dense layers, and the second is the output layer.": (
            lambda seen: len(seen["units"]) < 2
        ),
        "The usual loss for classes is the cross-entropy; integers go with its sparse form.": lambda seen: (
            seen["loss"] not in (READER["loss"], "categorical_crossentropy")
        ),
        "There is one hidden layer only; the output layer is the second Dense.": lambda seen: (
            len(seen["units"]) != 2
        ),
    },
)


# What is mixed up


def pair(answer, confusion, names):
    """Return the names that an answer gives in alphabetical order; anything else as it is."""
    found = answer(confusion, names)
    named = isinstance(found, (tuple, list, set, frozenset, np.ndarray)) and all(
        isinstance(name, str) for name in found
    )
    return tuple(sorted(map(str, found))) if named else found


def largest(table, names):
    """Return the names of the row and the column of the largest entry."""
    row, column = np.unravel_index(table.argmax(), table.shape)
    return names[row], names[column]


def without_diagonal(table):
    """Return the mistakes of a confusion matrix."""
    return table * (1 - np.eye(len(table), dtype=int))


def in_both(table):
    """Return the mistakes of a confusion matrix, both directions added."""
    return without_diagonal(table + table.T)


def most_often_wrong(counts, names):
    """Return the names of the two classes with the largest counts."""
    return tuple(names[k] for k in np.argsort(counts)[-2:])


mixed_up = Exercise(
    "The names of the two classes that are mixed up most often, in both directions together; "
    "a pair, in either order.",
    "mixed_up(confusion, names)",
    cases=[
        (np.array([[5, 2], [1, 4]]), ["cat", "dog"]),
        (np.array([[9, 5, 0], [0, 9, 3], [0, 4, 9]]), ["cat", "dog", "fox"]),
        (np.array([[6, 3, 0], [0, 6, 1], [0, 5, 6]]), ["red", "green", "blue"]),
        (np.array([[1, 2, 0], [0, 9, 3], [1, 2, 9]]), ["oak", "elm", "ash"]),
        (np.array([[9, 0, 6], [2, 3, 3], [1, 3, 5]]), ["coat", "bag", "shirt"]),
        (np.array([[0, 1, 4], [2, 0, 1], [3, 1, 0]]), ["one", "two", "three"]),
        (np.array([[7, 1, 0, 5], [2, 9, 4, 1], [0, 5, 8, 0], [0, 3, 0, 6]]), ["sun", "sea", "sky", "sand"]),
    ],
    ask=pair,
    names=("confusion", "names"),
    right=lambda confusion, names: max(
        ((names[i], names[j]) for i in range(len(names)) for j in range(i)),
        key=lambda two: sum(confusion[names.index(a), names.index(b)] for a, b in (two, two[::-1])),
    ),
    mistakes={
        "The diagonal holds what was read rightly. It must not take part.": (
            lambda confusion, names: largest(confusion + confusion.T, names)
        ),
        "Both directions count: add what was read as the other in one row and in the other row.": (
            lambda confusion, names: largest(without_diagonal(confusion), names)
        ),
        "Both directions count; here only what stands above the diagonal does.": (
            lambda confusion, names: largest(np.triu(confusion, 1), names)
        ),
        "Both directions count; here only what stands below the diagonal does.": (
            lambda confusion, names: largest(np.tril(confusion, -1), names)
        ),
        "Compare the counts as they stand, not their shares in each row.": (
            lambda confusion, names: largest(in_both(confusion / confusion.sum(axis=1, keepdims=True)), names)
        ),
        "These are the two classes with most mistakes; need they be mixed up with each other?": (
            lambda confusion, names: most_often_wrong(without_diagonal(confusion).sum(axis=1), names)
        ),
        "argmax numbers the entries of the whole table; np.unravel_index makes a row and a column of that.": (
            lambda confusion, names: names[in_both(confusion).argmax()]
        ),
        "The least often, not the most often.": lambda confusion, names: min(
            ((names[i], names[j]) for i in range(len(names)) for j in range(i)),
            key=lambda two: sum(confusion[names.index(a), names.index(b)] for a, b in (two, two[::-1])),
        ),
    },
    symptoms={
        "A pair was wanted: two names, as in `return names[i], names[j]`.": lambda answer, *case: (
            isinstance(answer, (str, int, np.integer)) or len(answer) != 2
        ),
        "These are numbers; the names of the classes are wanted.": lambda answer, *case: (
            not any(isinstance(one, str) for one in answer)
        ),
        "A class cannot be mixed up with itself: leave the diagonal out.": lambda answer, *case: (
            answer[0] == answer[1]
        ),
    },
)
