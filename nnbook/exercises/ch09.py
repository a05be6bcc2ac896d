"""The exercises of chapter 9: equal neurons, sizes, spreads and gains, straight columns, limits."""

from __future__ import annotations

import math

import numpy as np

from nnbook import activations, initializers
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(9)


# Equal neurons


def different(*tables) -> int:
    """Return how many different columns the tables have, laid below each other."""
    return np.unique(np.vstack(tables), axis=1).shape[1]


def drawn_equal(d, kinds, m, n_out) -> tuple:
    """Return weights, biases and outgoing weights of m neurons of at most as many kinds, in any order."""
    k, bias, out = (rng.integers(0, kind, m) for kind in kinds)
    W, b, V = rng.normal(size=(d, kinds[0])), rng.normal(size=kinds[1]), rng.normal(size=(kinds[2], n_out))
    return W[:, k].round(1), b[bias].round(1), V[out].round(1)


units = Exercise(
    "How many different neurons a hidden layer has: W (d, m) comes in, b (m,), V (m, n_out) goes out.",
    "units(W, b, V)",
    cases=[
        (np.array([[1.0, 1.0]]), np.array([0.0, 0.0]), np.array([[2.0], [2.0]])),
        (np.array([[1.0, 1.0]]), np.array([0.0, 1.0]), np.array([[2.0], [2.0]])),
        (np.array([[1.0, 1.0]]), np.array([0.0, 0.0]), np.array([[2.0], [3.0]])),
        (np.array([[1.0, 2.0, 1.0]]), np.zeros(3), np.ones((3, 1))),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2), np.ones((2, 2))),
        drawn_equal(2, (2, 2, 1), 6, 1),
        drawn_equal(3, (2, 1, 2), 7, 2),
        drawn_equal(3, (2, 2, 2), 9, 3),
    ],
    right=lambda W, b, V: different(W, b, V.T),
    mistakes={
        "Neurons with the same weights and other biases are counted once. They part at the first step.": (
            lambda W, b, V: different(W, V.T)
        ),
        "The weights going out are forgotten: they are in the gradient, so they tell neurons apart.": (
            lambda W, b, V: different(W, b)
        ),
        "It looks at the weights coming in alone. What else is in the gradient of a neuron?": (
            lambda W, b, V: different(W)
        ),
        "It counts rows of W, which are inputs. A neuron is a column.": lambda W, b, V: different(W.T),
        "It counts all neurons, the equal ones too.": lambda W, b, V: W.shape[1],
        "It compares neighbours only: two equal neurons may stand apart.": lambda W, b, V: (
            1 + int((np.diff(np.vstack([W, b, V.T])) != 0).any(axis=0).sum())
        ),
        "The shapes do not fit: a neuron is a column of W and a row of V. Turn V: V.T.": lambda W, b, V: (
            different(W, b, V)
        ),
        "It takes two neurons for one as soon as one of the three agrees; all three have to.": (
            lambda W, b, V: min(different(W), different(b), different(V.T))
        ),
    },
)


# Sizes through layers


def through(widths, spreads, factor=0.5, fan=0, power=2) -> float:
    """Return the mean square after ReLU layers, or what a mistake makes of it."""
    found = 1.0
    for n, sigma in zip(widths[fan:], spreads, strict=False):
        found *= factor * n * sigma**power
    return found


mean_square = Exercise(
    "The expected mean square of the last activations, behind ReLU layers of these widths and spreads.",
    "mean_square(widths, spreads)",
    cases=[
        ([8, 3], [0.25]),
        ([100, 50], [0.1]),
        ([50, 20, 10], [0.2, 0.3]),
        ([30, 40, 20, 10], [0.25, 0.2, 0.3]),
        ([784, 128, 64, 32, 10], [0.05, 0.1, 0.15, 0.2]),
    ],
    right=through,
    mistakes={
        "The half is missing that ReLU leaves of the mean square, in every layer.": (
            lambda widths, spreads: through(widths, spreads, factor=1)
        ),
        "ReLU halves the mean square. The 2 is in He's weights, which make up for it.": (
            lambda widths, spreads: through(widths, spreads, factor=2)
        ),
        "It counts the neurons of each layer. A sum has as many terms as the layer has inputs.": (
            lambda widths, spreads: through(widths, spreads, fan=1)
        ),
        "The variance is the square of the spread.": lambda widths, spreads: through(
            widths, spreads, power=1
        ),
        "This is the root: the size. The mean square was asked for.": lambda widths, spreads: (
            through(widths, spreads) ** 0.5
        ),
        "The half is taken once. Every layer has a ReLU.": lambda widths, spreads: (
            through(widths, spreads, factor=1) / 2
        ),
        "A ReLU leaves half of the mean square, and not a quarter.": lambda widths, spreads: through(
            widths, spreads, factor=0.25
        ),
        "There is a width more than there are spreads: the last width is no number of inputs.": (
            lambda widths, spreads: float(np.prod(np.array(widths) * np.square(spreads) / 2))
        ),
        "The factors of the layers multiply; they do not add.": lambda widths, spreads: sum(
            n * sigma**2 / 2 for n, sigma in zip(widths, spreads, strict=False)
        ),
        "It divides by the number of inputs where it should multiply.": lambda widths, spreads: math.prod(
            sigma**2 / (2 * n) for n, sigma in zip(widths, spreads, strict=False)
        ),
    },
)


# The spread for a leaky ReLU


leaky_spread = Exercise(
    "The spread of weights with which leaky ReLU, of this slope below zero, keeps the size.",
    "leaky_spread(n_in, slope)",
    cases=[(2, 0.0), (25, 1.0), (50, 0.5), (100, 0.2), (784, 0.01), (64, 0.3)],
    right=lambda n_in, slope: (0.5 * n_in * (1 + slope**2)) ** -0.5,
    mistakes={
        "This is the variance. The spread is its root.": lambda n_in, slope: 2 / (n_in * (1 + slope**2)),
        "This is He's spread, for a slope of 0. What passes below zero counts as well.": lambda n_in, slope: (
            (2 / n_in) ** 0.5
        ),
        "The slope is not squared, but the mean square is made of squares.": lambda n_in, slope: (
            (2 / (n_in * (1 + slope))) ** 0.5
        ),
        "What passes below zero adds to the mean square, so the slope makes the spread smaller.": (
            lambda n_in, slope: (2 / n_in * (1 + slope**2)) ** 0.5
        ),
        "The two halves: each sign of the sum comes in one half of the cases.": lambda n_in, slope: (
            (1 / (n_in * (1 + slope**2))) ** 0.5
        ),
        "What passes below zero comes in one half of the cases as well: it needs its half, too.": (
            lambda n_in, slope: ((0.5 + slope**2) * n_in) ** -0.5
        ),
        "Square first, then add: 1 + slope², and not (1 + slope)².": lambda n_in, slope: (
            (2 / n_in) ** 0.5 / (1 + slope)
        ),
        "The 2 stands under the root.": lambda n_in, slope: 2 / (n_in * (1 + slope**2)) ** 0.5,
        "It forgets the number of inputs.": lambda n_in, slope: (2 / (1 + slope**2)) ** 0.5,
    },
)


# The gain of an activation function

GRID = np.linspace(-9, 9, 18_001)
DENSITY = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()


def average(values) -> float:
    """Return the mean over a standard normal z of values given on the grid."""
    return float((DENSITY * values).sum())


def right_gain(f) -> float:
    """Return one over the size of f(z)."""
    return average(f(GRID) ** 2) ** -0.5


def near(answer, value, tolerance=0.01) -> bool:
    """Are two positive numbers equal up to a part of their size?"""
    return abs(answer - value) <= tolerance * abs(value)


def gain_problem(answer, f) -> str:
    """Say what the gain of f should be."""
    right = right_gain(f)
    if not near(answer, right):
        return f"For {f.__name__} the gain should be {right:.3f}, got {answer:.3f}."
    return ""


def takes_for_gain(mistaken):
    """Return the symptom that an answer is near to what a mistake gives."""
    return lambda answer, f: near(answer, mistaken(f))


def even_gain(f, reach) -> float:
    """Return one over the size of f(z) for a z that is uniform between -reach and reach."""
    z = np.linspace(-reach, reach, 10_001)
    return float(np.mean(f(z) ** 2) ** -0.5)


gain = Exercise(
    "The factor that makes up for what f takes from the size of normal sums z with mean 0 and variance 1.",
    "gain(f)",
    cases=[
        (activations.linear,),
        (activations.relu,),
        (activations.tanh,),
        (activations.leaky_relu,),
        (activations.sigmoid,),
    ],
    problem=gain_problem,
    symptoms={
        "This is the size of f(z). The gain makes up for it: divide 1 by it.": takes_for_gain(
            lambda f: average(f(GRID) ** 2) ** 0.5
        ),
        "This is one divided by the mean square. Take the root of the mean square first.": takes_for_gain(
            lambda f: 1 / average(f(GRID) ** 2)
        ),
        "It takes the mean of f(z) off. The next layer sums what arrives, mean and all: leave it in.": (
            takes_for_gain(lambda f: (average(f(GRID) ** 2) - average(f(GRID)) ** 2) ** -0.5)
        ),
        "It takes the mean of f(z), in which signs cancel. Square first.": lambda answer, f: (
            not abs(answer) < 50 or near(answer, 1 / average(f(GRID)))
        ),
        "It takes the mean of |f(z)|, but sizes are made of squares.": takes_for_gain(
            lambda f: 1 / average(np.abs(f(GRID)))
        ),
        "Every z counts alike here, but a normal z is near 0 most often. Draw normal numbers, or weigh.": (
            lambda answer, f: any(near(answer, even_gain(f, reach)) for reach in (1, 2, 3, 4, 5, 6, 8, 10))
        ),
        "Nearly right: the mean of too few random numbers. Draw a hundred thousand or more.": (
            lambda answer, f: near(answer, right_gain(f), 0.1)
        ),
    },
)


# An initialiser for an activation function

SHAPES = (1600, 50), (50, 1200)  # narrow, so that orthogonal weights are quickly drawn, too


def spreads_drawn(answer, activation) -> list:
    """Return the spread of drawn weights times the root of the fan-in, for two shapes."""
    start = initializers.get(answer(activation))
    drawn = [np.asarray(start(shape, "float64", np.random.default_rng(1))) for shape in SHAPES]
    return [float(W.std() * math.sqrt(len(W))) for W in drawn]


def start_problem(spreads, activation) -> str:
    """Say what the spread should be."""
    right = right_gain(activations.get(activation))
    for found, (n_in, n_out) in zip(spreads, SHAPES, strict=True):
        if not near(found, right, 0.015):
            ratio, shape = found / right, (n_in, n_out)
            return f"{activation}: weights of shape {shape} have {ratio:.2f} times the right spread."
    return ""


def drawn_with(scale_of, count_of=None):
    """Return the symptom that weights have the variance scale / n."""

    def symptom(spreads, activation):
        scale = scale_of(right_gain(activations.get(activation)))
        counts = [n_in if count_of is None else count_of(n_in, n_out) for n_in, n_out in SHAPES]
        expected = [math.sqrt(scale * n_in / n) for (n_in, _), n in zip(SHAPES, counts, strict=True)]
        return all(near(found, value, 0.02) for found, value in zip(spreads, expected, strict=True))

    return symptom


def rule_by_name(spreads, activation) -> bool:
    """Is this Glorot's or LeCun's rule for tanh, or He's for leaky ReLU?"""
    glorot = drawn_with(lambda g: 1, lambda n_in, n_out: (n_in + n_out) / 2)
    rules = {"tanh": (glorot, drawn_with(lambda g: 1)), "leaky_relu": (drawn_with(lambda g: 2),)}
    return any(rule(spreads, activation) for rule in rules.get(activation, ()))


def lengths_kept(spreads, activation) -> bool:
    """Are these orthogonal weights, with the gain or without?"""
    return any(drawn_with(scale, max)(spreads, activation) for scale in (lambda g: g**2, lambda g: 1))


start = Exercise(
    "An initialiser of nnbook that keeps the size of signals with the activation of this name.",
    "start(activation)",
    cases=[("linear",), ("relu",), ("tanh",), ("leaky_relu",)],
    ask=spreads_drawn,
    problem=start_problem,
    symptoms={
        "The scale is a variance, and the gain a factor of the spread: square it.": drawn_with(lambda g: g),
        "Upside down: the scale makes up for the mean square that f leaves, so divide 1 by that.": drawn_with(
            lambda g: g**-2
        ),
        "Orthogonal weights keep lengths: where neurons are more than inputs, each gets a smaller part.": (
            lengths_kept
        ),
        "It counts as Glorot does, with the mean of fan-in and fan-out. Forwards the fan-in alone counts.": (
            drawn_with(lambda g: g**2, lambda n_in, n_out: (n_in + n_out) / 2)
        ),
        "It counts the neurons, not the inputs: the mode is fan_in.": drawn_with(
            lambda g: g**2, lambda n_in, n_out: n_out
        ),
        "This is Glorot's start: it counts both fans, and takes f for a straight line.": drawn_with(
            lambda g: 1, lambda n_in, n_out: (n_in + n_out) / 2
        ),
        "This is He's start. It is right for ReLU alone.": drawn_with(lambda g: 2),
        "This is LeCun's start. It is right for linear alone.": drawn_with(lambda g: 1),
        "Glorot and LeCun take tanh for a straight line, He takes leaky ReLU for ReLU.": rule_by_name,
        "The size of the layer does not enter.": lambda spreads, activation: near(
            spreads[0] / spreads[1], math.sqrt(SHAPES[0][0] / SHAPES[1][0]), 0.02
        ),
    },
)


# Columns at right angles


def straightened(A, norm=True, all_before=True, share=True) -> np.ndarray:
    """Return A with each column at a right angle to those before it, by Gram and Schmidt's way."""
    Q = []
    for a in A.T:
        q = a.copy()
        for other in Q if all_before else Q[-1:]:
            q = q - (a @ other) / (other @ other if share else 1) * other
        Q.append(q / (q @ q) ** 0.5 if norm else q)
    return np.stack(Q, axis=1)


def lengthened(A) -> np.ndarray:
    """Return A with columns of length 1."""
    return A / np.linalg.norm(A, axis=0)


def tilted(rows, columns) -> tuple:
    """Return a case."""
    return (rng.normal(size=(rows, columns)),)


orthonormal = Exercise(
    "Q of A = Q R, in the shape of A: columns of length 1 at right angles; R triangular, its diagonal > 0.",
    "orthonormal(A)",
    cases=[
        (np.array([[3.0], [4.0]]),),
        (np.array([[1.0, 1.0], [0.0, 2.0]]),),
        (np.array([[0.0, 2.0], [-3.0, 1.0]]),),
        tilted(3, 3),
        tilted(4, 4),
        tilted(6, 3),
    ],
    right=straightened,
    mistakes={
        "The columns point either way, as the library turns them. Turn those where R is negative.": (
            lambda A: np.linalg.qr(A)[0]
        ),
        "The signs are multiplied into the rows. They belong to the columns.": lambda A: (
            np.linalg.qr(A)[0] * np.sign(np.diag(np.linalg.qr(A)[1]))[:, None]
        ),
        "The columns have length 1, but are not at right angles.": lengthened,
        "The columns are at right angles, but not of length 1.": lambda A: straightened(A, norm=False),
        "Each column is straightened against the one before it alone. Take all that stand before.": (
            lambda A: straightened(A, all_before=False)
        ),
        "What is taken off, (a·q) q, is right for a q of length 1. Give each its length at once.": lambda A: (
            lengthened(straightened(A, norm=False, share=False))
        ),
        "A column is turned as a whole: all its signs change. Sizes without signs are not at right angles.": (
            lambda A: np.abs(np.linalg.qr(A)[0])
        ),
        "All columns are turned. Turn those alone where R is negative.": lambda A: -np.linalg.qr(A)[0],
        "This is R.": lambda A: np.linalg.qr(A)[1],
    },
)


# Limits


def layers_between(factor, least, most, start=0) -> int | None:
    """Return after how many layers a size of 1 leaves the interval, or None."""
    if factor == 1:
        return None
    size, count = 1.0, start
    while least <= size <= most:
        size, count = size * factor, count + 1
    return count


TINY, LARGE = (float(getattr(np.finfo("float32"), name)) for name in ("tiny", "max"))


def quotient(factor) -> float:
    """Return the number of layers at which the size is at a limit, a fraction as a rule."""
    return math.log(TINY if factor < 1 else LARGE) / math.log(factor)


layers_until_lost = Exercise(
    "After how many layers a size of 1 is below float32's tiny or above its max; None for never.",
    "layers_until_lost(factor)",
    cases=[(0.1,), (10.0,), (1.0,), (0.2,), (0.5,), (3.0,), (0.7,), (1.2,), (0.99,)],
    right=lambda factor: layers_between(factor, TINY, LARGE),
    mistakes={
        "These are the limits of float64. Ask np.finfo for float32.": lambda factor: layers_between(
            factor, *(float(getattr(np.finfo("float64"), name)) for name in ("tiny", "max"))
        ),
        "It stops one layer early: the size is still within the limits.": lambda factor: layers_between(
            factor, TINY, LARGE, start=-1
        ),
        "It goes one layer too far.": lambda factor: layers_between(factor, TINY, LARGE, start=1),
        "It looks for sizes that vanish; a factor above 1 makes them explode.": lambda factor: (
            layers_between(factor, TINY, LARGE) if factor < 1 else None
        ),
        "It takes the smallest number there is. Below tiny, digits are lost already.": lambda factor: (
            layers_between(factor, float(np.finfo("float32").smallest_subnormal), LARGE)
        ),
        "The answer is a whole number of layers: round up.": lambda factor: (
            None if factor == 1 else quotient(factor)
        ),
        "Rounded to the nearest it stops too early at times: the next whole number above is right.": (
            lambda factor: None if factor == 1 else round(quotient(factor))
        ),
        "With 0.5 the size after 126 layers is tiny itself, and not yet below it: one layer more.": (
            lambda factor: None if factor == 1 else math.ceil(quotient(factor))
        ),
        "A factor of 1 never leaves the limits: return None.": lambda factor: (
            layers_between(factor, TINY, LARGE) or 0
        ),
    },
)
