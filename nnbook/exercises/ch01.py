"""The exercises of chapter 1: gates by hand, the margin, the perceptron rule, scale, two layers."""

from __future__ import annotations

from itertools import product

import numpy as np

from nnbook.exercises.exercise import Exercise

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
ON_THE_LINE = "A case that wants 0 lies on the line, and zero counts as reached. Move the bias down a little."
BIAS_SIGN = "The bias has the wrong sign: it is minus the threshold."


def answers(w, b, inputs=CORNERS) -> list[int]:
    """Return a step neuron's answers."""
    return (inputs @ np.asarray(w, float) + float(b) >= 0).astype(int).tolist()


def first_wrong(found, table, inputs=CORNERS) -> str:
    """Say at which input a table of answers is wrong first."""
    for row, mine, right in zip(inputs, found, table, strict=True):
        if mine != right:
            return f"For the input {''.join(map(str, row))} the answer is {mine}; {right} is wanted."
    return ""


# Gates by hand

GATES = {"NOR": [1, 0, 0, 0], "IMPLIES": [1, 1, 0, 1], "FIRST_ONLY": [0, 0, 1, 0]}


def gate_problem(gates) -> str:
    """Say which gate is wrong, and where."""
    for name, table in GATES.items():
        if name not in gates:
            return f"The gate {name} is missing."
        if said := first_wrong(answers(*gates[name]), table):
            return f"{name}: {said}"
    return ""


def repaired_by(change):
    """Return the symptom that each gate is right, or would be with ``change`` made to its numbers."""

    def symptom(gates):
        numbers = {name: (np.asarray(w, float), float(b)) for name, (w, b) in gates.items()}
        tables = {name: (answers(*numbers[name]), answers(*change(*numbers[name]))) for name in GATES}
        return all(GATES[name] in tables[name] for name in GATES)

    return symptom


gates = Exercise(
    "A dictionary that gives NOR, IMPLIES and FIRST_ONLY their (weights, bias).",
    problem=gate_problem,
    symptoms={
        ON_THE_LINE: repaired_by(lambda w, b: (w, b - 1e-6)),
        BIAS_SIGN: repaired_by(lambda w, b: (w, -b)),
        "All signs are turned round: this is the opposite gate.": repaired_by(lambda w, b: (-w, -b)),
        "The inputs are exchanged: the first weight belongs to the first input.": repaired_by(
            lambda w, b: (w[::-1], b)
        ),
    },
)


# A vote


def vote(majority, n):
    """Return the answers of the neuron ``majority(n)`` to all inputs, in the order of counting."""
    w, b = majority(n)
    if np.shape(w) != (n,) or np.ndim(b):
        wanted = f"{n} weight{'s' * (n > 1)} and one number as the bias"
        return f"{wanted} are wanted, got shapes {np.shape(w)} and {np.shape(b)}."
    return answers(w, b, np.array(list(product([0, 1], repeat=n))))


def vote_problem(found, n) -> str:
    """Say at which input a vote is wrong."""
    if isinstance(found, str):
        return found
    inputs = np.array(list(product([0, 1], repeat=n)))
    return first_wrong(found, (2 * inputs.sum(axis=1) > n).astype(int).tolist(), inputs)


majority = Exercise(
    "The weights and the bias of a neuron that answers 1 when more than half of its n inputs are 1.",
    "majority(n)",
    cases=[(n,) for n in range(1, 8)],
    ask=vote,
    problem=vote_problem,
    mistakes={
        "A tie is no majority. Half of the inputs must not be enough.": lambda n: (np.ones(n), -n / 2),
        BIAS_SIGN: lambda n: (np.ones(n), n / 2 + 0.25),
        "With an odd n it asks for one vote too many: 2 of 3 are more than half.": lambda n: (
            np.ones(n),
            -n / 2 - 1,
        ),
        "This neuron fires only when all inputs are 1.": lambda n: (np.ones(n), -n + 0.5),
        "This neuron fires as soon as one input is 1.": lambda n: (np.ones(n), -0.5),
        "The threshold is fixed; it has to grow with n.": lambda n: (np.ones(n), -1.5),
    },
)


# The margin


def distances(X, w, b):
    """Return the signed distances of the rows from the line."""
    return np.array([sum(w_i * x_i for w_i, x_i in zip(w, x, strict=True)) + b for x in X]) / np.hypot.reduce(
        w
    )


rng = np.random.default_rng(1)
OR = np.array([0, 1, 1, 1])
w_345, w_11 = np.array([3.0, 4.0]), np.array([1.0, 1.0])

margin = Exercise(
    "The smallest distance of the rows of X from the line, counted as negative on the wrong side.",
    "margin(X, y, w, b)",
    cases=[
        (np.array([[3.0, 4.0]]), np.array([1]), w_345, -10.0),
        (np.array([[3.0, 4.0]]), np.array([0]), w_345, -10.0),
        (np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0, 0]), np.array([2.0, 0.0]), -6.0),
        (CORNERS.astype(float), OR, w_11, -0.5),
        (CORNERS.astype(float), OR, w_11, -1.5),
        (rng.integers(-5, 6, (8, 3)).astype(float), np.arange(8) % 2, np.array([2.0, -1.0, 2.0]), 1.0),
    ],
    right=lambda X, y, w, b: min(d if t else -d for d, t in zip(distances(X, w, b), y, strict=True)),
    mistakes={
        "This is the smallest sum z. Divide by the length of w.": lambda X, y, w, b: np.min(
            (2 * y - 1) * (X @ w + b)
        ),
        "The length is that of w alone, without the bias.": lambda X, y, w, b: np.min(
            (2 * y - 1) * (X @ w + b) / np.linalg.norm([*w, b])
        ),
        "Divide by the length of w, not by its square.": lambda X, y, w, b: np.min(
            (2 * y - 1) * (X @ w + b) / (w @ w)
        ),
        "The bias is forgotten.": lambda X, y, w, b: np.min((2 * y - 1) * (X @ w) / np.linalg.norm(w)),
        "A point on the wrong side must count as negative; the absolute value hides it.": lambda X, y, w, b: (
            np.min(np.abs(X @ w + b) / np.linalg.norm(w))
        ),
        "The labels are not used: for y = 0 the right side is the negative one.": lambda X, y, w, b: np.min(
            (X @ w + b) / np.linalg.norm(w)
        ),
        "With y = 0 as a factor those points vanish. Turn 0 and 1 into -1 and +1.": lambda X, y, w, b: np.min(
            y * (X @ w + b) / np.linalg.norm(w)
        ),
        "This is the distance of the nearest point. A point on the wrong side counts as less than any on the "
        "right side, however far it is.": lambda X, y, w, b: min(
            (2 * y - 1) * (X @ w + b) / np.linalg.norm(w), key=abs
        ),
        "This is the largest distance; the margin is the smallest.": lambda X, y, w, b: np.max(
            (2 * y - 1) * (X @ w + b) / np.linalg.norm(w)
        ),
    },
)


# The perceptron rule


def updated(v, x, change):
    """Return v with ``change`` times (x, 1) added."""
    return v + change * np.append(x, 1)


def said_by(v, x):
    """Return the answer of the neuron v to x."""
    return float(x @ v[:-1] + v[-1] >= 0)


correct = Exercise(
    "The numbers v = (w, b) after the perceptron rule has seen the point x with the right answer y.",
    "correct(v, x, y)",
    cases=[
        (np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.0]), 0),
        (np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0]), 1),
        (np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0]), 1),
        (np.array([1.0, 1.0, -1.5]), np.array([1.0, 0.0]), 0),
        (np.array([2.0, -1.0, 0.5]), np.array([3.0, 2.0]), 0),
        (np.array([1.0, -2.0, 0.5, -4.0]), np.array([2.0, 1.0, -3.0]), 1),
    ],
    right=lambda v, x, y: np.array(
        [*(w + (y - said_by(v, x)) * i for w, i in zip(v, x, strict=False)), v[-1] + y - said_by(v, x)]
    ),
    mistakes={
        "The step has the wrong sign: it is y - a, not a - y.": lambda v, x, y: updated(
            v, x, said_by(v, x) - y
        ),
        "The bias is not corrected: its input is 1.": lambda v, x, y: (
            v + (y - said_by(v, x)) * np.append(x, 0)
        ),
        "The answer a is taken without the bias. It is a = 1 where w · x + b reaches zero.": lambda v, x, y: (
            updated(v, x, y - (x @ v[:-1] >= 0))
        ),
        "It corrects right answers too. The rule changes something only after a mistake.": lambda v, x, y: (
            updated(v, x, 2 * y - 1)
        ),
        "Zero counts as reached: z = 0 answers 1.": lambda v, x, y: updated(
            v, x, y - (x @ v[:-1] + v[-1] > 0)
        ),
        "The difference is taken with z. Take it with the answer a, which is 0 or 1.": lambda v, x, y: (
            updated(v, x, y - (x @ v[:-1] + v[-1]))
        ),
        "It never subtracts. For y = 0 and the answer 1 the change is -1, not 0.": lambda v, x, y: updated(
            v, x, y * (y - said_by(v, x))
        ),
        "It returns v as it was.": lambda v, x, y: v,
    },
)


# Scale


def joined(w, b):
    """Return weights and bias as one list of numbers."""
    return np.append(w, b)


def unit(v):
    """Return v scaled to length 1."""
    return v / np.linalg.norm(v)


def by_ratio(first, second):
    """Say whether all ratios are one positive number, as 0/0 never is."""
    with np.errstate(all="ignore"):
        ratios = second / first
    return bool(np.allclose(ratios, ratios[0]) and ratios[0] > 0)


w_3, w_0 = np.array([3.0, -1.0]), np.array([0.0, 2.0])

same_answers = Exercise(
    "Whether two step neurons give the same answer to every input, as True or False.",
    "same_answers(w, b, w_other, b_other)",
    cases=[
        (w_3, 2.0, w_3, 2.0),
        (w_3, 2.0, 5 * w_3, 10.0),
        (w_3, 2.0, -w_3, -2.0),
        (w_3, 2.0, w_3, 1.0),
        (w_3, 2.0, 2 * w_3, 2.0),
        (w_0, 20.0, w_0, 30.0),
        (w_3, 2.0, w_3[::-1], 2.0),
        (w_0, 1.0, 3 * w_0, 3.0),
        (w_0, 0.0, w_0 / 8, 0.0),
        (w_0, 0.0, -w_0, 0.0),
        (np.array([1e-3, 2e-3, 0.5]), 0.25, np.array([4.0, 8.0, 2000.0]), 1000.0),
    ],
    right=lambda w, b, w2, b2: bool(np.dot(unit(joined(w, b)), unit(joined(w2, b2))) > 1 - 1e-9),
    mistakes={
        "Equal numbers are not needed: a common positive factor changes no answer.": lambda w, b, w2, b2: (
            bool(np.array_equal(joined(w, b), joined(w2, b2)))
        ),
        "A negative factor keeps the line and turns every answer round.": lambda w, b, w2, b2: bool(
            np.allclose(np.abs(np.dot(unit(joined(w, b)), unit(joined(w2, b2)))), 1)
        ),
        "The bias has to be compared too, with the same factor.": lambda w, b, w2, b2: bool(
            np.allclose(unit(w), unit(w2))
        ),
        "One factor belongs to all numbers: a scaled weight needs a scaled bias.": lambda w, b, w2, b2: bool(
            np.allclose(unit(w), unit(w2)) and np.isclose(b, b2)
        ),
        "A weight may be zero, and 0 / 0 is no number. Compare without dividing by a weight.": (
            lambda w, b, w2, b2: by_ratio(joined(w, b), joined(w2, b2))
        ),
    },
)


# Two layers

EQUAL = [1, 0, 0, 1]


def two_layers(net, swap=False) -> list[int]:
    """Return the answers of a network (W, b, w, c) at the four corners; ``swap`` transposes W."""
    W, b, w, c = (np.asarray(part, float) for part in net)
    hidden = (CORNERS @ (W.T if swap else W) + b >= 0).astype(float)
    return (hidden @ w + c >= 0).astype(int).tolist()


def flipped(net, *places):
    """Return a network with the signs of some of its parts turned round."""
    return [-np.asarray(part, float) if k in places else part for k, part in enumerate(net)]


def net_problem(net) -> str:
    """Say what is wrong with a network for EQUAL."""
    shapes = [np.shape(part) for part in net]
    if shapes != [(2, 2), (2,), (2,), ()]:
        return f"The four parts should have the shapes (2, 2), (2,), (2,) and (); they have {shapes}."
    return first_wrong(two_layers(net), EQUAL)


equal = Exercise(
    "A network (W, b, w, c) of two hidden neurons and an output that answers 1 for equal inputs.",
    problem=net_problem,
    symptoms={
        "W is transposed: each hidden neuron has a column.": lambda net: two_layers(net, swap=True) == EQUAL,
        "This is XOR. Turn the output neuron round.": lambda net: two_layers(net) == [0, 1, 1, 0],
        "The biases have the wrong sign: each is minus a threshold.": lambda net: (
            two_layers(flipped(net, 1, 3)) == EQUAL
        ),
        "The output's bias has the wrong sign.": lambda net: two_layers(flipped(net, 3)) == EQUAL,
        "The output neuron ignores one hidden neuron, so the network is no more than one line.": lambda net: (
            0 in np.asarray(net[2])
        ),
    },
)


# Novikoff's bound


def with_one(X):
    """Return the rows of X with a 1 at the end of each."""
    return np.hstack([X, np.ones((len(X), 1))])


def bound(X, u, norm=None):
    """Return the bound with its gap measured by ``norm``, the length of u if not given."""
    lengths = [sum(number**2 for number in row) for row in with_one(X)]
    gaps = [abs(sum(row * u)) for row in with_one(X)]
    return max(lengths) / (min(gaps) / (np.hypot.reduce(u) if norm is None else norm)) ** 2


corners = CORNERS.astype(float)

mistakes_allowed = Exercise(
    "Novikoff's bound for the rows of X and a separator u = (w, b) of any length.",
    "mistakes_allowed(X, u)",
    cases=[
        (np.array([[2.0], [-1.0]]), np.array([0.6, 0.8])),
        (np.array([[1.0], [4.0]]), np.array([2.0, -6.0])),
        (corners, np.array([1.0, 1.0, -0.5]) / 1.5),
        (corners, np.array([2.0, 2.0, -1.0])),
        (corners, np.array([-3.0, -3.0, 4.0])),
    ],
    right=bound,
    mistakes={
        "Scale u to length 1 first: a longer u must not make the gap look wider.": lambda X, u: bound(
            X, u, 1.0
        ),
        "R is the length of the points with their 1; here the 1 is missing.": lambda X, u: (
            bound(X, u) * max((X**2).sum(axis=1)) / max((with_one(X) ** 2).sum(axis=1))
        ),
        "The bound is the square of R / gamma.": lambda X, u: bound(X, u) ** 0.5,
        "gamma is the smallest gap, not the largest.": lambda X, u: (
            bound(X, u) * (np.abs(with_one(X) @ u).min() / np.abs(with_one(X) @ u).max()) ** 2
        ),
        "u has the bias in it: its length counts b too.": lambda X, u: bound(X, u, np.linalg.norm(u[:-1])),
        "The bias counts as a weight here: give every point its 1, and take the length of all of u.": (
            lambda X, u: (
                bound(X, u, np.linalg.norm(u[:-1]))
                * max((X**2).sum(axis=1))
                / max((with_one(X) ** 2).sum(axis=1))
            )
        ),
        "The fraction is upside down.": lambda X, u: 1 / bound(X, u),
    },
)
