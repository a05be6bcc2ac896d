"""The exercises of chapter 3: chains of slopes, derivatives, twins of networks, dead units, outputs."""

from __future__ import annotations

import math

import numpy as np

from nnbook.exercises import comparing
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(3)


def strictly(function, x):
    """Call with warnings as errors, and say which came."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return function(x)
    except FloatingPointError as error:
        return f"NumPy complains: {error}"


COMPLAINS = (
    "NumPy complains of an exponential that is too large. Let none have a positive exponent; np.where "
    "computes both of its sides."
)


def sigmoid(x):
    """Return the sigmoid, of a number or an array, from tanh."""
    return (1 + np.tanh(np.asarray(x, float) / 2)) / 2


# A chain


def chain(x, w) -> list[float]:
    """Return x and the answers of all layers."""
    answers = [x]
    for weight in w:
        answers.append(math.tanh(weight * answers[-1]))
    return answers


def measured(x, w, h=1e-4) -> float:
    """Return the derivative of the last answer from four answers nearby."""
    a, b, c, d = (chain(x + k * h, w)[-1] for k in (-2, -1, 1, 2))
    return round((a - 8 * b + 8 * c - d) / (12 * h), 10)


def product(factors) -> float:
    """Return the product, 1 if there are none."""
    return math.prod(map(float, factors))


nudge = Exercise(
    "The derivative of the last answer of a chain of tanh neurons with respect to its input x.",
    "nudge(x, w)",
    cases=[
        (0.0, np.array([3.0])),
        (0.5, np.array([1.0])),
        (0.5, np.array([2.0, -1.0])),
        (-0.4, np.array([1.5, 0.5, 2.0])),
        (1.0, np.array([0.8, -1.2, 1.1, 0.9])),
    ],
    right=measured,
    mistakes={
        "The weights are missing: each layer multiplies by its weight too.": lambda x, w: product(
            1 - a**2 for a in chain(x, w)[1:]
        ),
        "The slopes are missing: this is the product of the weights.": lambda x, w: product(w),
        "The slope is 1 - a², and a is tanh already. Taking tanh of it once more is one tanh too many.": (
            lambda x, w: product(k * (1 - math.tanh(a) ** 2) for k, a in zip(w, chain(x, w)[1:], strict=True))
        ),
        "The slope is taken at what comes into the layer. It belongs to the sum, weight times input.": (
            lambda x, w: product(k * (1 - math.tanh(a) ** 2) for k, a in zip(w, chain(x, w), strict=False))
        ),
        "Every slope is taken at x. Each layer has a sum of its own.": lambda x, w: product(
            k * (1 - math.tanh(k * x) ** 2) for k in w
        ),
        "This is the slope of the last layer alone.": lambda x, w: float(w[-1] * (1 - chain(x, w)[-1] ** 2)),
        "The slope of tanh is 1 - a²; a (1 - a) is that of the sigmoid.": lambda x, w: product(
            k * a * (1 - a) for k, a in zip(w, chain(x, w)[1:], strict=True)
        ),
        "The layers' factors are added up. By the chain rule they multiply.": lambda x, w: float(
            sum(k * (1 - a**2) for k, a in zip(w, chain(x, w)[1:], strict=True))
        ),
        "This is the answer of the last layer, not its slope.": lambda x, w: chain(x, w)[-1],
    },
)


# Four slopes


def slopes_of(z, **instead) -> dict:
    """Return the four slopes, some of them replaced."""
    z = np.asarray(z, float)
    s = sigmoid(z)
    right = {
        "softplus": s,
        "silu": s + z * s * sigmoid(-z),
        "elu": np.array([1.0 if x > 0 else math.exp(x) for x in z]),
        "softsign": (1 + np.abs(z)) ** -2.0,
    }
    return right | {name: np.asarray(value(z), float) for name, value in instead.items()}


def slips(name, *mistakes):
    """Return a symptom: where ``name`` is wrong, it is what one of the mistakes gives."""

    def symptom(answer, z):
        if comparing.same(np.asarray(answer[name]), slopes_of(z)[name]):
            return True
        return any(comparing.same(np.asarray(answer[name]), one(z)) for one in mistakes)

    return symptom


def only(name, *mistakes):
    """Return a symptom: the other three are right, and ``name`` is what one of the mistakes gives."""
    slipped = slips(name, *mistakes)

    def symptom(answer, z):
        if isinstance(answer, str):  # NumPy complained, and the other cases say why
            return True
        right = slopes_of(z)
        others = all(comparing.same(np.asarray(answer[key]), right[key]) for key in right if key != name)
        return others and slipped(answer, z)

    return symptom


slopes = Exercise(
    "A dictionary with the derivatives of softplus, silu, elu and softsign at the array z.",
    "slopes(z)",
    cases=[
        (np.array([0.0]),),
        (np.array([-1.0, 2.0]),),
        (np.array([-3.0, -0.5, 0.5, 3.0]),),
        (np.array([-1000.0, 1000.0]),),
    ],
    ask=strictly,
    right=slopes_of,
    symptoms={
        COMPLAINS: lambda answer, z: isinstance(answer, str),
        "silu: a product has two terms. Here one is missing.": only(
            "silu",
            lambda z: z * sigmoid(z) * sigmoid(-z),
            sigmoid,
            lambda z: sigmoid(z) * sigmoid(-z),
        ),
        "silu: the second term is z times the slope of the sigmoid; the z is missing.": only(
            "silu", lambda z: sigmoid(z) + sigmoid(z) * sigmoid(-z)
        ),
        "silu: this is the function itself.": only("silu", lambda z: z * sigmoid(z)),
        "softplus: this is the function itself.": only("softplus", lambda z: np.logaddexp(0, z)),
        "softplus: the inner derivative is missing: the slope of 1 + exp(z) is exp(z).": only(
            "softplus", lambda z: 1 / (1 + np.exp(z))
        ),
        "softplus: this is the slope of the sigmoid; the sigmoid itself was wanted.": only(
            "softplus", lambda z: sigmoid(z) * sigmoid(-z)
        ),
        "elu: this is the function itself. The constant -1 has the slope 0.": only(
            "elu",
            lambda z: np.where(z > 0, z, np.expm1(z)),
            lambda z: np.where(z > 0, 1, np.expm1(z)),
        ),
        "elu: for z > 0 the slope is 1.": only(
            "elu", np.exp, lambda z: np.where(z > 0, z, np.exp(z)), lambda z: np.where(z > 0, 0, np.exp(z))
        ),
        "elu: for z ≤ 0 the slope is exp(z); zero is that of ReLU.": only(
            "elu", lambda z: np.heaviside(z, 0), lambda z: np.heaviside(z, 1)
        ),
        "softsign: the denominator is squared.": only("softsign", lambda z: 1 / (1 + np.abs(z))),
        "softsign: for negative z the slope of |z| is -1. Write it for both sides, then they agree.": only(
            "softsign",
            lambda z: np.sign(z) / (1 + np.abs(z)) ** 2,
            lambda z: 1 / (1 + z) ** 2,
        ),
        "softsign: this is the function itself.": only("softsign", lambda z: z / (1 + np.abs(z))),
        "softsign: the rule for quotients has a minus in its numerator.": only(
            "softsign", lambda z: (1 + 2 * np.abs(z)) / (1 + np.abs(z)) ** 2
        ),
    },
)


# Sigmoids for tanh


def hidden_sigmoids(arrays, X) -> np.ndarray:
    """Return the answers of the network with sigmoids."""
    W1, b1, W2, b2 = arrays
    return sigmoid(X @ W1 + b1) @ W2 + b2


def network(n_in, n_hidden, n_out) -> tuple:
    """Return the arrays of a random network."""
    shapes = (n_in, n_hidden), (n_hidden,), (n_hidden, n_out), (n_out,)
    return tuple(np.round(rng.normal(size=shape), 2) for shape in shapes)


def asked_network(as_sigmoids, *arrays):
    """Return the four arrays, or in words what is wrong with their number or shapes."""
    found = as_sigmoids(*(array.copy() for array in arrays))
    if found is None or found is Ellipsis:
        return found
    if not isinstance(found, (tuple, list)) or len(found) != 4:
        return "Four arrays are wanted: W1, b1, W2, b2."
    found = [np.asarray(array, float) for array in found]
    for name, mine, given in zip(("W1", "b1", "W2", "b2"), found, arrays, strict=True):
        if mine.shape != given.shape:
            return f"{name} has the shape {mine.shape}; {given.shape} is wanted."
    return found


def network_problem(found, *arrays) -> str:
    """Say at which input the two networks differ."""
    if isinstance(found, str):
        return found
    X = np.round(np.random.default_rng(0).normal(size=(20, len(arrays[0]))), 1)
    theirs = (
        np.array([[math.tanh(z) for z in row] for row in X @ arrays[0] + arrays[1]]) @ arrays[2] + arrays[3]
    )
    mine = hidden_sigmoids(found, X)
    wrong = np.flatnonzero(~np.isclose(mine, theirs).all(axis=1))
    if not len(wrong):
        return ""
    row = wrong[0]
    given, right, input_ = (
        np.array2string(one[row], precision=4, separator=", ") for one in (mine, theirs, X)
    )
    return f"For the input {input_} the network with sigmoids answers {given}; tanh gives {right}."


def would_do(change):
    """Return the symptom that the answer is right once ``change`` is made to its arrays."""

    def symptom(found, *arrays):
        return not isinstance(found, str) and not network_problem(change(*found), *arrays)

    return symptom


as_sigmoids = Exercise(
    "W1, b1, W2, b2 of the network with sigmoids that answers as the given one with tanh does.",
    "as_sigmoids(W1, b1, W2, b2)",
    cases=[
        (np.array([[1.0]]), np.array([0.5]), np.array([[3.0]]), np.array([0.0])),
        network(2, 3, 1),
        network(3, 4, 2),
        network(2, 3, 3),
    ],
    ask=asked_network,
    problem=network_problem,
    symptoms={
        "The -1 of 2σ(2z) - 1 is missing: it takes the sum of each column of W2 off b2.": (
            lambda found, W1, b1, W2, b2: (
                not network_problem((found[0], found[1], found[2], found[3] - W2.sum(axis=0)), W1, b1, W2, b2)
            )
        ),
        "The inner 2 is missing: the sums have to be doubled, so W1 and b1 have.": would_do(
            lambda W1, b1, W2, b2: (2 * W1, 2 * b1, W2, b2)
        ),
        "The sums have to be doubled, not halved: σ gets 2z.": would_do(
            lambda W1, b1, W2, b2: (4 * W1, 4 * b1, W2, b2)
        ),
        "The bias b1 is part of the sum, and has to be doubled too.": would_do(
            lambda W1, b1, W2, b2: (W1, 2 * b1, W2, b2)
        ),
        "W1 has to be doubled as well as b1.": would_do(lambda W1, b1, W2, b2: (2 * W1, b1, W2, b2)),
        "The outer 2 is missing: W2 has to be doubled.": would_do(
            lambda W1, b1, W2, b2: (W1, b1, 2 * W2, b2)
        ),
        "The sum runs over the wrong axis: each output has its own column of W2.": (
            lambda found, W1, b1, W2, b2: (
                all(
                    np.allclose(one, other)
                    for one, other in zip(found[:3], (2 * W1, 2 * b1, 2 * W2), strict=True)
                )
                and (
                    np.allclose(found[3], b2 - W2.sum())
                    or (len(b2) == len(W2) and np.allclose(found[3], b2 - W2.sum(axis=1)))
                )
            )
        ),
        "The -1 is taken off each output once; each hidden neuron contributes one, times its weight.": (
            lambda found, W1, b1, W2, b2: np.allclose(found[3], b2 - 1)
        ),
        "The columns' sums are added to b2; they have to be taken off.": (
            lambda found, W1, b1, W2, b2: np.allclose(found[3], b2 + W2.sum(axis=0))
        ),
        "The columns of the doubled W2 are summed: that takes off twice too much.": (
            lambda found, W1, b1, W2, b2: np.allclose(found[3], b2 - 2 * W2.sum(axis=0))
        ),
        "These are the arrays as they came.": lambda found, *arrays: all(map(np.array_equal, found, arrays)),
    },
)


# The logarithm of a sigmoid


def one_log(x) -> float:
    """Return the logarithm of the sigmoid of one number."""
    return -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x))


def stops_falling(answer, x) -> bool:
    """Say whether all that is wrong lies far to the left, and is too large there."""
    answer, right = np.asarray(answer, float), np.array([one_log(one) for one in x])
    wrong = ~np.isclose(answer, right)
    return bool((x[wrong] < -20).all() and (answer[wrong] > right[wrong]).all())


log_sigmoid = Exercise(
    "The logarithm of the sigmoid of each number in x, without a warning.",
    "log_sigmoid(x)",
    cases=[
        (np.array([0.0]),),
        (np.array([1000.0]),),
        (np.array([-1000.0]),),
        (np.array([-2.0, 3.0, 20.0]),),
        (np.array([-1e6, -30.0, 50.0, 1e6]),),
    ],
    ask=strictly,
    right=lambda x: np.array([one_log(one) for one in x]),
    mistakes={
        "exp(-x) overflows for x below -710. Use a form for negative x in which no exponent is positive.": (
            lambda x: -np.log(1 + np.exp(-x))
        ),
        "The sigmoid is 0 for x below -745, and has no logarithm. Work out the logarithm first.": (
            lambda x: np.log(np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))))
        ),
        "For large x the exponential overflows. Each form is for one sign of x.": lambda x: (
            x - np.log1p(np.exp(x))
        ),
        "np.where computes both forms for all x, so the unsafe one overflows all the same.": lambda x: (
            np.where(x > 0, -np.log1p(np.exp(-x)), x - np.log1p(np.exp(x)))
        ),
        "Cutting x off changes the answer: at -1000 it is -1000.": lambda x: (
            -np.log1p(np.exp(-np.clip(x, -500, 500)))
        ),
        "A small number added hides the zero and gives a wrong answer: at -1000 it is -1000.": lambda x: (
            np.log(np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))) + 1e-12)
        ),
        "This is softplus. The logarithm of the sigmoid is minus the softplus of -x.": lambda x: np.logaddexp(
            0, x
        ),
        "The sign is turned round: the logarithm of a number below 1 is negative.": lambda x: np.logaddexp(
            0, -x
        ),
        "This is the sigmoid; its logarithm was wanted.": sigmoid,
    },
    symptoms={
        COMPLAINS: lambda answer, x: isinstance(answer, str),
        "It stops falling. What hides the zero gives a wrong answer: at -1000 it is -1000.": stops_falling,
    },
)


# Softmax, backwards


def shares(z) -> np.ndarray:
    """Return softmax of one row."""
    e = np.array([math.exp(x - max(z)) for x in z])
    return e / e.sum()


def by_tables(Z, grad) -> np.ndarray:
    """Return the slopes with a table for each row."""
    tables = [np.diag(shares(z)) - np.outer(shares(z), shares(z)) for z in Z]
    return np.stack([g @ table for g, table in zip(grad, tables, strict=True)])


def all_shares(Z) -> np.ndarray:
    """Return softmax of each row."""
    return np.stack([shares(z) for z in Z])


softmax_backward = Exercise(
    "The slopes of an error with respect to the sums Z (n, m), from those with respect to softmax(Z).",
    "softmax_backward(Z, grad)",
    cases=[
        (np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])),
        (np.log([[1.0, 2.0, 5.0]]), np.array([[8.0, 0.0, 0.0]])),
        (rng.integers(-2, 3, (2, 3)).astype(float), rng.integers(-3, 4, (2, 3)).astype(float)),
        (rng.integers(-2, 3, (3, 3)).astype(float), rng.integers(-3, 4, (3, 3)).astype(float)),
        (np.array([[1000.0, 0.0, -1000.0]]), np.array([[1.0, 2.0, 3.0]])),
    ],
    right=by_tables,
    mistakes={
        "This is the diagonal alone, p (1 - p): each sum moves all probabilities.": lambda Z, grad: (
            grad * all_shares(Z) * (1 - all_shares(Z))
        ),
        "The sum is missing: the mean of grad, weighted by p, has to be taken off.": lambda Z, grad: (
            grad * all_shares(Z)
        ),
        "The mean of grad has to be weighted by the probabilities.": lambda Z, grad: (
            all_shares(Z) * (grad - grad.mean(axis=1, keepdims=True))
        ),
        "The sum of grad has to be weighted by the probabilities.": lambda Z, grad: (
            all_shares(Z) * (grad - grad.sum(axis=1, keepdims=True))
        ),
        "The factor p in front is missing.": lambda Z, grad: (
            grad - (grad * all_shares(Z)).sum(axis=1, keepdims=True)
        ),
        "The sign is turned round.": lambda Z, grad: -by_tables(Z, grad),
        "The sum runs over all samples. Name axis 1, and keep it.": lambda Z, grad: (
            all_shares(Z) * (grad - (grad * all_shares(Z)).sum())
        ),
        "The sum runs over the samples. The classes are axis 1.": lambda Z, grad: (
            all_shares(Z) * (grad - (grad * all_shares(Z)).sum(axis=0))
        ),
        "Keep the axis of the sum, so that each row has its own: keepdims=True.": lambda Z, grad: (
            all_shares(Z) * (grad - (grad * all_shares(Z)).sum(axis=1))
        ),
        "The exponentials overflow at 1000. Take each row's largest number off first.": (
            lambda Z, grad: (
                (p := np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))
                * (grad - (grad * p).sum(axis=1, keepdims=True))
            )
        ),
        "Z holds sums; the formula needs the probabilities, softmax of Z.": lambda Z, grad: (
            Z * (grad - (grad * Z).sum(axis=1, keepdims=True))
        ),
    },
)


# Dead units


def unit_sums(X, W, b) -> list[list[float]]:
    """Return, for each neuron, its sums over the rows."""
    return [
        [sum(x * w for x, w in zip(row, column, strict=True)) + bias for row in X]
        for column, bias in zip(W.T, b, strict=True)
    ]


def which(X, W, b, judge) -> list[int]:
    """Return the numbers of the neurons of whose sums ``judge`` is true."""
    return [k for k, sums in enumerate(unit_sums(X, W, b)) if judge(sums)]


def layer_of(n, d, m) -> tuple:
    """Return a case whose sums are whole numbers, some of them zero."""
    X, W = rng.integers(-2, 3, (n, d)).astype(float), rng.integers(-2, 3, (d, m)).astype(float)
    return X, W, rng.integers(-5, 2, m).astype(float)


dead_units = Exercise(
    "The numbers of the neurons whose sums are never positive, as a sorted list.",
    "dead_units(X, W, b)",
    cases=[
        (np.array([[1.0], [2.0]]), np.array([[1.0, -1.0]]), np.array([0.0, 0.0])),
        (np.array([[1.0], [2.0]]), np.array([[1.0, 1.0, -1.0]]), np.array([-2.0, -1.0, 1.0])),
        (np.eye(2), np.array([[1.0, -1.0], [-1.0, -1.0]]), np.array([0.0, 0.0])),
        layer_of(3, 2, 6),
        layer_of(4, 2, 4),
        layer_of(5, 3, 8),
    ],
    right=lambda X, W, b: which(X, W, b, lambda sums: max(sums) <= 0),
    mistakes={
        "A sum of exactly zero cannot learn either: compare with ≤.": lambda X, W, b: which(
            X, W, b, lambda sums: max(sums) < 0
        ),
        "A neuron silent for one row may learn from another. All rows must be silent: all, not any.": (
            lambda X, W, b: which(X, W, b, lambda sums: min(sums) <= 0)
        ),
        "These are the living ones.": lambda X, W, b: which(X, W, b, lambda sums: max(sums) > 0),
        "These are rows: samples for which all neurons are silent. Neurons are columns: axis 0.": (
            lambda X, W, b: [
                k for k, row in enumerate(zip(*unit_sums(X, W, b), strict=True)) if max(row) <= 0
            ]
        ),
        "The biases are left out.": lambda X, W, b: which(X, W, 0 * b, lambda sums: max(sums) <= 0),
        "The mean of the sums says nothing: a single positive one is enough to learn from.": (
            lambda X, W, b: which(X, W, b, lambda sums: sum(sums) <= 0)
        ),
        "This is whether each one is dead. The numbers were wanted: np.flatnonzero.": lambda X, W, b: [
            max(sums) <= 0 for sums in unit_sums(X, W, b)
        ],
        "This is how many there are. Their numbers were wanted.": lambda X, W, b: len(
            which(X, W, b, lambda sums: max(sums) <= 0)
        ),
        "np.where and np.nonzero give a tuple, an array for each axis. Here use np.flatnonzero.": (
            lambda X, W, b: (np.array(which(X, W, b, lambda sums: max(sums) <= 0)),)
        ),
    },
)


# Outputs

GOOD = {
    "temperature": ["linear"],
    "spam": ["sigmoid"],
    "digit": ["softmax"],
    "tags": ["sigmoid"],
    "waiting": ["softplus", "exponential"],
}
WHY = {
    ("temperature", "none"): 'No activation is right; in Keras its name is "linear".',
    ("temperature", "relu"): "ReLU cannot give a temperature below zero.",
    ("temperature", "sigmoid"): "The sigmoid ends at 1; temperatures go on.",
    ("temperature", "tanh"): "tanh ends at 1; temperatures go on.",
    ("temperature", "softmax"): "Softmax of a single neuron is always 1.",
    ("temperature", "softplus"): "Softplus cannot give a temperature below zero.",
    ("spam", "softmax"): "Softmax of a single neuron is always 1.",
    ("spam", "tanh"): "tanh goes down to -1; a probability does not.",
    ("spam", "relu"): "ReLU goes beyond 1; a probability does not.",
    ("spam", "linear"): "Without an activation the answer may be 3 or -2; a probability may not.",
    ("spam", "step"): "The step has no slope, so nothing can be learnt through it.",
    ("digit", "sigmoid"): "Ten sigmoids do not add up to 1, and a picture shows one digit only.",
    ("digit", "relu"): "The answers should be probabilities that add up to 1.",
    ("digit", "linear"): "The answers should be probabilities that add up to 1.",
    ("tags", "softmax"): "Softmax makes the words compete: the more one fits, the less the others may.",
    ("tags", "relu"): "ReLU goes beyond 1; a probability does not.",
    ("tags", "linear"): "Without an activation the answer may be 3 or -2; a probability may not.",
    (
        "waiting",
        "relu",
    ): "ReLU gives zero for half of all sums, has no slope there, and can be dead from the start.",
    ("waiting", "sigmoid"): "The sigmoid ends at 1, and buses are later than that.",
    ("waiting", "tanh"): "tanh ends at 1 and goes below zero.",
    ("waiting", "linear"): "Without an activation the answer may be negative.",
    ("waiting", "softmax"): "Softmax of a single neuron is always 1.",
}


def named(choice) -> str:
    """Return a choice as a plain name; no activation is called linear."""
    return "linear" if choice is None else str(choice).strip().lower().replace(" ", "_")


def output_problem(outputs) -> str:
    """Say which task has a wrong output first, and why."""
    for task, good in GOOD.items():
        if task not in outputs:
            return f"The task {task} is missing."
        if (choice := named(outputs[task])) not in good:
            return f"{task}: {WHY.get((task, choice), f'{outputs[task]!r} does not fit.')}"
    return ""


outputs = Exercise(
    "A dictionary that gives temperature, spam, digit, tags and waiting their output activations.",
    problem=output_problem,
)
