"""The exercises of chapter 5: learning rates to exchange, slopes, stable logarithms, weights, a choice."""

from __future__ import annotations

import math

import numpy as np

from nnbook import losses
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(5)


# The exchange rate

same_steps = Exercise(
    "The learning rate with which the mean squared error makes the same steps as the paper's loss.",
    "same_steps(rate, n, m)",
    cases=[(1.0, 1, 1), (0.5, 1, 3), (0.5, 4, 1), (0.5, 2, 2), (0.25, 32, 10), (3.0, 10, 10)],
    right=lambda rate, n, m: rate * m / 2,
    mistakes={
        "The one half is there. But the paper sums over the outputs, and you take their mean.": (
            lambda rate, n, m: rate / 2
        ),
        "The outputs are there. But the paper has one half, and your square leaves a 2.": (
            lambda rate, n, m: rate * m
        ),
        "The one half works the other way: your gradient is twice as large, so the rate must be smaller.": (
            lambda rate, n, m: rate * m * 2
        ),
        "This is the exchange rate the wrong way round: your gradient is 2 / m times the paper's.": (
            lambda rate, n, m: rate * 2 / m
        ),
        "Your gradient is divided by m, so the rate must be multiplied by it.": lambda rate, n, m: (
            rate / (2 * m)
        ),
        "Both losses divide by n, so n plays no part.": lambda rate, n, m: rate * n * m / 2,
        "Both losses are divided by n already; do not divide again.": lambda rate, n, m: rate * m / (2 * n),
        "The two gradients differ. Write down both, by one prediction.": lambda rate, n, m: rate,
        "The one half works the other way, and the outputs are missing: you take their mean.": (
            lambda rate, n, m: 2 * rate
        ),
    },
)


# Huber's loss


def huber_slopes(y, p, delta) -> list[float]:
    """Return the slope that each sample contributes, one at a time."""
    slopes = []
    for error in np.asarray(p) - np.asarray(y):
        slopes.append(error if abs(error) <= delta else math.copysign(delta, error))
    return slopes


huber_gradient = Exercise(
    "The gradient (n,) of the mean of Huber's loss with respect to the predictions.",
    "huber_gradient(y, p, delta)",
    cases=[
        (np.array([0.0]), np.array([0.5]), 1.0),
        (np.array([0.0]), np.array([3.0]), 2.0),
        (np.array([1.0, 1.0]), np.array([5.0, -5.0]), 0.5),
        (np.array([1.0, 2.0, 3.0]), np.array([1.25, 2.0, 0.0]), 2.0),
        (np.array([0.0, 10.0, 1.0, 2.0]), np.array([0.5, 0.0, 4.0, 2.25]), 0.25),
    ],
    right=lambda y, p, delta: np.array(huber_slopes(y, p, delta)) / len(y),
    mistakes={
        "The mean over the samples is missing: divide by n.": lambda y, p, delta: np.array(
            huber_slopes(y, p, delta)
        ),
        "It points the wrong way: the error is prediction minus target.": lambda y, p, delta: (
            -np.array(huber_slopes(y, p, delta)) / len(y)
        ),
        "Large errors are not cut off: beyond delta the slope is delta, with the sign of the error.": (
            lambda y, p, delta: (p - y) / len(y)
        ),
        "Beyond delta the slope is delta, not 1: the straight line is delta (|e| - ½ delta).": (
            lambda y, p, delta: np.where(np.abs(p - y) <= delta, p - y, np.sign(p - y)) / len(y)
        ),
        "Beyond delta the sign of the error is lost.": lambda y, p, delta: (
            np.where(np.abs(p - y) <= delta, p - y, delta) / len(y)
        ),
        "Errors far below zero are not cut off: compare |e| with delta.": lambda y, p, delta: (
            np.minimum(p - y, delta) / len(y)
        ),
        "The parabola is ½ e², so its slope is e, not 2 e.": lambda y, p, delta: (
            np.where(np.abs(p - y) <= delta, 2 * (p - y), delta * np.sign(p - y)) / len(y)
        ),
        "Beyond delta the slope is not zero: a straight line goes on rising.": lambda y, p, delta: (
            np.where(np.abs(p - y) <= delta, p - y, 0) / len(y)
        ),
        "This is the slope of the absolute error. Within delta the slope is the error itself.": (
            lambda y, p, delta: delta * np.sign(p - y) / len(y)
        ),
        "This is the loss, not its gradient.": lambda y, p, delta: np.where(
            np.abs(p - y) <= delta, (p - y) ** 2 / 2, delta * (np.abs(p - y) - delta / 2)
        ),
        "This is the mean of the loss, not its gradient.": lambda y, p, delta: losses.huber(y, p, delta),
    },
)


# A share of the targets


def pinball_of(y, p, below, above) -> float:
    """Return the mean loss with these slopes for targets below and above the prediction."""
    return float(np.mean([above * e if e > 0 else -below * e for e in y - p]))


pinball = Exercise(
    "The mean loss whose best constant has a share q of the targets below it.",
    "pinball(y, p, q)",
    cases=[
        (np.array([3.0]), 1.0, 0.9),
        (np.array([1.0]), 3.0, 0.9),
        (np.array([1.0, 5.0]), 2.0, 0.5),
        (np.array([1.0, 4.0, 10.0, 2.0]), 3.0, 0.75),
        (np.array([2.0, 2.0, 7.0]), np.array([1.0, 4.0, 7.0]), 0.25),
    ],
    right=lambda y, p, q: pinball_of(y, p, 1 - q, q),
    mistakes={
        "The two sides are exchanged: with this loss a share 1 - q of the targets lies below.": (
            lambda y, p, q: pinball_of(y, p, q, 1 - q)
        ),
        "Both sides have the slope q: then the best constant is the median, whatever q is.": (
            lambda y, p, q: pinball_of(y, p, q, q)
        ),
        "This is the absolute error, whose best constant is the median.": lambda y, p, q: pinball_of(
            y, p, 1, 1
        ),
        "This is half the absolute error, for every q. The two slopes have to differ.": (
            lambda y, p, q: pinball_of(y, p, 0.5, 0.5)
        ),
        "It is twice too large: for q = ½ it should be half the absolute error.": (
            lambda y, p, q: 2 * pinball_of(y, p, 1 - q, q)
        ),
        "Targets below the prediction cost nothing: then the best constant is as large as can be.": (
            lambda y, p, q: pinball_of(y, p, 0, q)
        ),
        "Without an absolute value the loss turns negative on one side.": lambda y, p, q: pinball_of(
            y, p, q - 1, q
        ),
        "This is the sum over the samples; the mean was asked for.": lambda y, p, q: (
            len(y) * pinball_of(y, p, 1 - q, q)
        ),
        "This is one number a sample; take their mean.": lambda y, p, q: np.maximum(
            q * (y - p), (q - 1) * (y - p)
        ),
    },
)


# Binary cross-entropy


def one_bce(y, z) -> float:
    """Return the binary cross-entropy of one logit."""
    return max(z, 0.0) - y * z + math.log1p(math.exp(-abs(z)))


def plain_sigmoid(z):
    """Return the sigmoid as the formula has it."""
    return 1 / (1 + np.exp(-z))


def plain_bce(y, p):
    """Return the binary cross-entropy as the formula has it."""
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def cut_bce(y, z):
    """Return the binary cross-entropy of probabilities that were cut off."""
    return plain_bce(y, np.clip(plain_sigmoid(z), 1e-7, 1 - 1e-7))


def each_bce(y, z) -> np.ndarray:
    """Return what is right, one number a sample."""
    return np.array([one_bce(*pair) for pair in zip(y, z, strict=True)])


stable_bce = Exercise(
    "The binary cross-entropy (n,) of logits z (n,) and targets y (n,), right at logits of ±1000.",
    "stable_bce(y, z)",
    cases=[
        (np.array([0.0, 1.0]), np.array([2.0, -1.0])),
        (np.array([1.0, 0.3]), np.array([1.5, 0.5])),
        (np.array([0.0]), np.array([1000.0])),
        (np.array([1.0]), np.array([-1000.0])),
        (np.array([1.0, 0.0]), np.array([1000.0, -1000.0])),
        (np.array([1.0, 0.0]), np.array([40.0, 30.0])),
        (rng.integers(0, 2, 5).astype(float), rng.normal(size=5).round(2)),
    ],
    right=each_bce,
    mistakes={
        "The logarithm of 0: the sigmoid rounds to 0 or 1. Put the sigmoid into the formula first.": (
            lambda y, z: plain_bce(y, plain_sigmoid(z))
        ),
        "The exponential overflows at 1000. Take the larger of 0 and z out of the logarithm.": (
            lambda y, z: np.log(1 + np.exp(z)) - y * z
        ),
        "The exponential overflows at -1000. Take the larger of 0 and -z out of the logarithm.": (
            lambda y, z: np.log(1 + np.exp(-z)) + (1 - y) * z
        ),
        "An exponential overflows, and times a zero it is NaN. Simplify before you compute.": (
            lambda y, z: y * np.log(1 + np.exp(-z)) + (1 - y) * np.log(1 + np.exp(z))
        ),
        "Cut probabilities keep it finite and make it wrong: at a logit of 1000 the loss is 1000.": cut_bce,
        "A small number inside the logarithm only hides its 0: at a logit of 1000 the loss is 1000.": (
            lambda y, z: (
                -y * np.log(plain_sigmoid(z) + 1e-12) - (1 - y) * np.log(1 - plain_sigmoid(z) + 1e-12)
            )
        ),
        "The targets are turned round: this is the loss of 1 - y.": lambda y, z: each_bce(1 - y, z),
        "A target may be 0.3: give both terms their weights, y and 1 - y, and choose neither.": (
            lambda y, z: each_bce((y == 1).astype(float), z)
        ),
        "The sign of the term y z is wrong.": lambda y, z: each_bce(np.zeros_like(y), z) + y * z,
        "The term y z is missing: the loss does not look at the targets.": lambda y, z: each_bce(
            np.zeros_like(y), z
        ),
        "The larger of 0 and z was taken out and not put back.": lambda y, z: (
            np.log1p(np.exp(-np.abs(z))) - y * z
        ),
        "The logarithm is missing: near z = 0 it is not small.": lambda y, z: np.maximum(z, 0) - y * z,
        "This is the mean. One number a sample was asked for.": lambda y, z: each_bce(y, z).mean(),
        "z is taken for a probability. It is a logit: the probability is sigmoid(z).": plain_bce,
    },
)


# Softmax and cross-entropy


def shares(z) -> np.ndarray:
    """Return the softmax of one row."""
    e = [math.exp(z_k - max(z)) for z_k in z]
    return np.array(e) / sum(e)


def differences(Z, classes, sign=-1) -> np.ndarray:
    """Return softmax minus one-hot, row by row."""
    rows = [shares(z) for z in Z]
    for row, c in zip(rows, classes, strict=True):
        row[c] += sign
    return np.stack(rows)


def hot(Z, classes) -> np.ndarray:
    """Return the targets as one-hot rows."""
    return np.eye(Z.shape[1])[classes]


def unsafe_softmax(Z):
    """Return the softmax as the formula has it."""
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


def rows_of(n, m) -> tuple:
    """Return a case of n samples and m classes."""
    return rng.normal(size=(n, m)).round(2), rng.integers(0, m, n)


softmax_gradient = Exercise(
    "The gradient (n, m) of the mean cross-entropy of softmax(Z) with respect to the logits Z (n, m).",
    "softmax_gradient(Z, classes)",
    cases=[
        (np.log([[1.0, 3.0]]), np.array([0])),
        (np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0])),
        rows_of(3, 3),
        rows_of(4, 2),
        rows_of(2, 5),
        (np.array([[1000.0, 0.0, 999.0]]), np.array([1])),
    ],
    right=lambda Z, classes: differences(Z, classes) / len(Z),
    mistakes={
        "The mean over the samples is missing: divide by n.": differences,
        "It is divided by the number of classes too. Divide by the number of samples alone.": (
            lambda Z, classes: differences(Z, classes) / Z.size
        ),
        "It points the wrong way: p - y, not y - p.": lambda Z, classes: -differences(Z, classes) / len(Z),
        "The target is not taken off: this is the softmax.": lambda Z, classes: (
            differences(Z, classes, 0) / len(Z)
        ),
        "The target is added; take it off.": lambda Z, classes: differences(Z, classes, 1) / len(Z),
        "The probabilities of each column sum to 1; those of each row should. Softmax needs axis 1.": (
            lambda Z, classes: (differences(Z.T, [0] * Z.shape[1], 0).T - hot(Z, classes)) / len(Z)
        ),
        "One sum for the whole table: softmax needs the sum of each row.": lambda Z, classes: (
            (np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum() - hot(Z, classes)) / len(Z)
        ),
        "Softmax is missing: these are the logits minus the target.": lambda Z, classes: (
            (Z - hot(Z, classes)) / len(Z)
        ),
        "The exponential of 1000 overflows. Take the largest logit of each row off first.": (
            lambda Z, classes: (unsafe_softmax(Z) - hot(Z, classes)) / len(Z)
        ),
        "The mean over the samples is missing, and the exponential of 1000 overflows.": (
            lambda Z, classes: unsafe_softmax(Z) - hot(Z, classes)
        ),
        "Whole columns lose 1. Pair each row with its own class: `p[np.arange(n), classes] -= 1`.": (
            lambda Z, classes: (differences(Z, classes, 0) - hot(Z, classes).max(axis=0)) / len(Z)
        ),
        "The number of the class is taken off. Take 1 off, in the column of that number.": (
            lambda Z, classes: (differences(Z, classes, 0) - classes[:, None]) / len(Z)
        ),
        "Only the right class has a gradient here. The other logits count too, through the sum.": (
            lambda Z, classes: differences(Z, classes) * hot(Z, classes) / len(Z)
        ),
        "This is -y / p, the gradient by the probabilities. The chain rule through softmax is missing.": (
            lambda Z, classes: -hot(Z, classes) / differences(Z, classes, 0) / len(Z)
        ),
    },
)


# Weights of classes


def counts_of(classes) -> np.ndarray:
    """Return how often each class occurs."""
    return np.array([sum(one == k for one in classes) for k in range(max(classes) + 1)])


class_weights = Exercise(
    "One weight a class, so that all classes count alike and the samples' weights have the mean 1.",
    "class_weights(classes)",
    cases=[
        (np.array([0, 1, 1, 1]),),
        (np.array([0, 0, 0, 1, 1, 2]),),
        (np.array([1, 0]),),
        (np.array([2, 2, 1, 2, 0, 2, 1, 2]),),
        (np.array([0, 1, 2, 3] + [0] * 16),),
    ],
    right=lambda classes: len(classes) / len(counts_of(classes)) / counts_of(classes),
    mistakes={
        "The number of classes is missing: the samples' weights have the mean m, not 1.": (
            lambda classes: len(classes) / counts_of(classes)
        ),
        "These are the shares of the classes: the rare class gets the smaller weight. Turn it round.": (
            lambda classes: counts_of(classes) / len(classes)
        ),
        "It is upside down: the more frequent a class, the smaller its weight.": lambda classes: (
            len(counts_of(classes)) * counts_of(classes) / len(classes)
        ),
        "All classes count alike, but the samples' weights do not have the mean 1. Multiply by n / m.": (
            lambda classes: 1 / counts_of(classes)
        ),
        "The weights of the classes sum to 1. It is those of the samples that should have the mean 1.": (
            lambda classes: 1 / counts_of(classes) / sum(1 / counts_of(classes))
        ),
        "The weights of the classes have the mean 1. It is those of the samples that should.": (
            lambda classes: len(counts_of(classes)) / counts_of(classes) / sum(1 / counts_of(classes))
        ),
        "This is one weight a sample. One a class was asked for.": lambda classes: (
            len(classes) / len(counts_of(classes)) / counts_of(classes)
        )[classes],
        "Weighted against the largest class, the samples' weights do not have the mean 1.": lambda classes: (
            max(counts_of(classes)) / counts_of(classes)
        ),
        "It weights all classes alike.": lambda classes: np.ones(len(counts_of(classes))),
        "Divide by the count itself, not by its root.": lambda classes: np.sqrt(
            len(classes) / len(counts_of(classes)) / counts_of(classes)
        ),
    },
)


# A choice

CHOICES = {
    "rain": ({"sigmoid"}, {"binary_crossentropy"}),
    "species": ({"softmax"}, {"sparse_categorical_crossentropy"}),
    "letter": ({"softmax"}, {"categorical_crossentropy", "kl_divergence"}),
    "tags": ({"sigmoid"}, {"binary_crossentropy"}),
    "mass": ({None}, {"mean_squared_error", "huber", "log_cosh"}),
    "price": ({None}, {"mean_absolute_error", "huber", "log_cosh"}),
}
NUMBERS = ("mass", "price")
ONE_LABEL = "One of several classes is a softmax; sigmoids would not share one unit of probability."


def loss_name(name):
    """Return the loss's name as a function, whatever Keras calls it; the name itself if there is none."""
    known = losses.LOSSES.get(name) if isinstance(name, str) else None
    return known.function.__name__ if known else name


def chosen(choices, task) -> tuple:
    """Return activation and loss of a task, by their usual names."""
    activation, loss = choices[task]
    return None if activation == "linear" else activation, loss_name(loss)


def wrong_tasks(choices) -> list[str]:
    """Return the tasks whose activation or loss does not fit."""
    found = []
    for task, (activations, fitting) in CHOICES.items():
        activation, loss = chosen(choices, task)
        if activation not in activations or loss not in fitting:
            found.append(task)
    return found


def choice_problem(choices) -> str:
    """Say which task is wrong first."""
    missing = [task for task in CHOICES if task not in choices]
    if missing:
        return f"The task {missing[0]} is missing."
    wrong = wrong_tasks(choices)
    if not wrong:
        return ""
    activation, loss = chosen(choices, wrong[0])
    if not isinstance(choices[wrong[0]][1], str) or loss not in {loss_name(one) for one in losses.LOSSES}:
        return f"{wrong[0]}: there is no loss {choices[wrong[0]][1]!r}."
    fits = (
        "the activation does not fit" if activation not in CHOICES[wrong[0]][0] else "the loss does not fit"
    )
    return f"{wrong[0]}: {fits}."


def first_wrong(shows):
    """Return the symptom that the first wrong choice, which is the one named, shows something."""

    def symptom(choices):
        task = wrong_tasks(choices)[0]
        return shows(task, *chosen(choices, task))

    return symptom


choices = Exercise(
    "A dictionary that gives each of the six tasks a pair: activation of the last layer, loss.",
    problem=choice_problem,
    symptoms={
        "A price with a zero too many is an outlier, and the squared error follows it.": first_wrong(
            lambda task, activation, loss: (task, activation, loss) == ("price", None, "mean_squared_error")
        ),
        "Small errors in both directions: the likelihood of such noise is the squared error.": first_wrong(
            lambda task, activation, loss: (task, activation, loss) == ("mass", None, "mean_absolute_error")
        ),
        "Several tags may fit, or none. With softmax they would have to share one unit of probability.": (
            first_wrong(lambda task, activation, loss: (task, activation) == ("tags", "softmax"))
        ),
        "The targets are the numbers of the classes: take the sparse loss.": first_wrong(
            lambda task, activation, loss: (task, loss) == ("species", "categorical_crossentropy")
        ),
        "One-hot rows are not for the sparse loss.": first_wrong(
            lambda task, activation, loss: loss == "sparse_categorical_crossentropy" and task != "species"
        ),
        "Softmax of a single output is always 1. A probability of yes needs a sigmoid.": first_wrong(
            lambda task, activation, loss: (task, activation) == ("rain", "softmax")
        ),
        ONE_LABEL: first_wrong(
            lambda task, activation, loss: task in ("species", "letter") and activation == "sigmoid"
        ),
        "Without an activation the outputs are no probabilities, and the loss is not told so.": first_wrong(
            lambda task, activation, loss: task not in NUMBERS and activation is None
        ),
        "The squared error is for numbers; what is asked for here is a class or a yes.": first_wrong(
            lambda task, activation, loss: (
                task not in NUMBERS and loss in ("mean_squared_error", "mean_absolute_error")
            )
        ),
        "`None` is written without quotes.": first_wrong(lambda task, activation, loss: activation == "None"),
        "A number needs no activation: it would cut off what the network can say.": first_wrong(
            lambda task, activation, loss: task in NUMBERS and activation is not None
        ),
        "One of many is not several of many: each tag is a question with yes or no, and a loss of its own.": (
            first_wrong(lambda task, activation, loss: task == "tags" and "categorical" in str(loss))
        ),
        "With softmax the outputs share one unit of probability, and the categorical loss belongs to it.": (
            first_wrong(
                lambda task, activation, loss: (
                    task in ("species", "letter") and (activation, loss) == ("softmax", "binary_crossentropy")
                )
            )
        ),
        "The hinge loss wants a plain number, and gives no probability.": first_wrong(
            lambda task, activation, loss: "hinge" in str(loss)
        ),
        "Cross-entropy is for probabilities; what is asked for here is a number.": first_wrong(
            lambda task, activation, loss: task in NUMBERS and "crossentropy" in str(loss)
        ),
    },
)
