"""The exercises of chapter 4: forward passes, sizes, costs, kinks placed by hand, pieces counted."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(4)


def relu(z):
    """Return z where it is positive and 0 elsewhere."""
    return np.maximum(z, 0)


# A network written the other way round


def columns(x, weights, inside=relu, outside=lambda z: z, bias=1.0, last=None) -> np.ndarray:
    """Return a network's answers, one neuron a row of W; the options are what one can get wrong."""
    for place, (W, b) in enumerate(weights[:last], 1):
        x = (outside if place == len(weights) else inside)(x @ W.T + bias * b)
    return x


def one_by_one(x, weights) -> np.ndarray:
    """Return the answers, computed sample by sample and neuron by neuron."""
    answers = []
    for h in x:
        for place, (W, b) in enumerate(weights, 1):
            z = [
                sum(w * h_i for w, h_i in zip(row, h, strict=True)) + bias
                for row, bias in zip(W, b, strict=True)
            ]
            h = z if place == len(weights) else [max(number, 0.0) for number in z]
        answers.append(h)
    return np.array(answers)


def late_bias(x, weights) -> np.ndarray:
    """Return what comes out if the bias is added after the activation."""
    for place, (W, b) in enumerate(weights, 1):
        x = (x @ W.T if place == len(weights) else relu(x @ W.T)) + b
    return x


def not_turned(x, weights) -> np.ndarray:
    """Return what comes out if W is taken as it is."""
    return columns(x, [(W.T, b) for W, b in weights])


def network_case(sizes, n) -> tuple:
    """Return inputs and a network with one neuron a row, in quarters, so that nothing is rounded."""
    weights = [
        (rng.integers(-4, 5, (n_out, n_in)) / 4, rng.integers(-4, 5, n_out) / 4)
        for n_in, n_out in pairwise(sizes)
    ]
    return rng.integers(-4, 5, (n, sizes[0])) / 2, weights


read_columns = Exercise(
    "The answers (n, n_out) of a network whose tables hold one neuron a row: ReLU inside, none at the end.",
    "read_columns(x, weights)",
    cases=[
        (
            np.array([[1.0, 2.0]]),
            [
                (np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.5, -1.0])),
                (np.array([[1.0, -2.0], [3.0, 1.0]]), np.array([0.25, -6.0])),
            ],
        ),
        network_case([2, 2, 2], 3),
        network_case([3, 4, 2], 2),
        network_case([2, 5, 3, 1], 4),
        network_case([4, 1], 3),
    ],
    right=one_by_one,
    mistakes={
        "W holds one neuron a row, so the product needs its transpose.": not_turned,
        "The last layer has no activation function: its answers may be negative.": (
            lambda x, weights: columns(x, weights, outside=relu)
        ),
        "The activation function is missing: after each layer but the last comes ReLU.": (
            lambda x, weights: columns(x, weights, inside=lambda z: z)
        ),
        "The biases are forgotten.": lambda x, weights: columns(x, weights, bias=0.0),
        "The bias comes before the activation function, not after it.": late_bias,
        "The last layer is left out.": lambda x, weights: columns(x, weights, last=-1),
        "One sample a column comes out. The samples came as rows, and should go as rows.": (
            lambda x, weights: columns(x, weights).T
        ),
    },
)


# Sizes from weights


def read_sizes(weights, *, tables=True, biases=True) -> list[int]:
    """Return the sizes of a network; ValueError where two arrays do not fit, as far as they are looked at."""
    found = [weights[0].shape[0]]
    for W, b in zip(weights[::2], weights[1::2], strict=True):
        if tables and W.shape[0] != found[-1] or biases and b.shape != W.shape[1:]:
            raise ValueError("two arrays do not fit")
        found.append(W.shape[1])
    return found


def tried(function, weights):
    """Return what a function returns, or the name of the error that was asked for."""
    try:
        return function(weights)
    except ValueError:
        return "ValueError"


def arrays(*shapes) -> tuple:
    """Return a case: one array of zeros a shape."""
    return ([np.zeros(shape) for shape in shapes],)


sizes = Exercise(
    "The sizes of a network, from the input on, as a list; ValueError if two of its arrays do not fit.",
    "sizes(weights)",
    cases=[
        arrays((2, 1), 1),
        arrays((2, 3), 3, (3, 1), 1),
        arrays((3, 2), 2, (2, 2), 2, (2, 4), 4),
        arrays((2, 3), 3, (2, 1), 1),
        arrays((2, 3), 2, (3, 1), 1),
    ],
    ask=tried,
    right=read_sizes,
    mistakes={
        "The output is missing: it is the number of columns of the last table.": lambda weights: read_sizes(
            weights
        )[:-1],
        "Biases are no layers: take every second array.": lambda weights: [
            weights[0].shape[0],
            *(one.shape[-1] for one in weights),
        ],
        "Two tables that do not fit are let through.": lambda weights: read_sizes(weights, tables=False),
        "The biases tell the widths, but do they fit the tables? Say ValueError where they do not.": (
            lambda weights: [weights[0].shape[0], *(b.size for b in weights[1::2])]
        ),
        "A row of biases that does not fit its table is let through.": lambda weights: read_sizes(
            weights, biases=False
        ),
        "Nothing is checked: say ValueError where two arrays do not fit.": lambda weights: read_sizes(
            weights, tables=False, biases=False
        ),
    },
    symptoms={
        "The input is missing: it is the number of rows of the first table.": lambda answer, weights: (
            list(answer) == read_sizes(weights, tables=False, biases=False)[1:]
        ),
    },
)


# The widest network


def holds(n_in, n_out, hidden, width) -> int:
    """Return how many parameters a network with equal hidden layers has."""
    return sum((a + 1) * b for a, b in pairwise([n_in, *[width] * hidden, n_out]))


def most(fits) -> int:
    """Return the largest whole number that fits."""
    number = 0
    while fits(number + 1):
        number += 1
    return number


def root(n_in, n_out, hidden, budget) -> float:
    """Return the width, not rounded, with which the parameters are exactly the budget."""
    square, line = hidden - 1, n_in + hidden + n_out  # square w² + line w + n_out parameters
    left = budget - n_out
    return (np.sqrt(line**2 + 4 * square * left) - line) / (2 * square) if square else left / line


widest = Exercise(
    "The largest width of all hidden layers with which the network has at most `budget` parameters.",
    "widest(n_in, n_out, hidden, budget)",
    cases=[(2, 1, 1, 9), (2, 1, 1, 12), (3, 2, 2, 62), (8, 1, 2, 200), (784, 10, 1, 25_450), (5, 3, 4, 900)],
    right=lambda n_in, n_out, hidden, budget: most(lambda w: holds(n_in, n_out, hidden, w) <= budget),
    mistakes={
        "The biases are forgotten: each neuron has one.": lambda n_in, n_out, hidden, budget: most(
            lambda w: n_in * w + (hidden - 1) * w * w + w * n_out <= budget
        ),
        "One too wide: this is the first width that does not fit.": lambda n_in, n_out, hidden, budget: (
            1 + most(lambda w: holds(n_in, n_out, hidden, w) <= budget)
        ),
        "A network with exactly `budget` parameters fits, too.": lambda n_in, n_out, hidden, budget: most(
            lambda w: holds(n_in, n_out, hidden, w) < budget
        ),
        "The output layer is forgotten: it has weights and biases as well.": (
            lambda n_in, n_out, hidden, budget: most(
                lambda w: (n_in + 1) * w + (hidden - 1) * (w + 1) * w <= budget
            )
        ),
        "This counts one hidden layer, however many there are.": lambda n_in, n_out, hidden, budget: most(
            lambda w: holds(n_in, n_out, 1, w) <= budget
        ),
        "This is one hidden layer too many: `hidden` of them have `hidden - 1` tables between them.": (
            lambda n_in, n_out, hidden, budget: most(lambda w: holds(n_in, n_out, hidden + 1, w) <= budget)
        ),
        "A width is a whole number, and must not cost more than the budget: round down.": root,
        "The output layer has no bias here. It has one for each output.": (
            lambda n_in, n_out, hidden, budget: most(
                lambda w: holds(n_in, n_out, hidden, w) - n_out <= budget
            )
        ),
    },
)


# The largest batch


def room(widths, memory, *, parameters=True, biases=1, bytes_each=4) -> int:
    """Return how many samples fit; the options are what one can get wrong."""
    fixed = sum((a + biases) * b for a, b in pairwise(widths)) if parameters else 0
    return (memory // bytes_each - fixed) // sum(widths)


largest_batch = Exercise(
    "How many samples fit, with the parameters and with all answers of the batch, into `memory` bytes.",
    "largest_batch(sizes, memory)",
    cases=[
        ([2, 2, 1], 100),
        ([3, 4, 4, 2], 1000),
        ([8, 10, 8, 1], 4096),
        ([784, 32, 10], 250_000),
        ([784, 32, 64, 10], 10_000_000),
    ],
    right=lambda sizes, memory: most(
        lambda n: 4 * (sum((a + 1) * b for a, b in pairwise(sizes)) + n * sum(sizes)) <= memory
    ),
    mistakes={
        "The parameters need room, too.": lambda sizes, memory: room(sizes, memory, parameters=False),
        "The biases are forgotten among the parameters.": lambda sizes, memory: room(sizes, memory, biases=0),
        "The input is kept as well: it counts among the answers.": lambda sizes, memory: (
            (memory // 4 - sum((a + 1) * b for a, b in pairwise(sizes))) // sum(sizes[1:])
        ),
        "Only hidden layers are counted; the input and the output are kept as well.": lambda sizes, memory: (
            (memory // 4 - sum((a + 1) * b for a, b in pairwise(sizes))) // sum(sizes[1:-1])
        ),
        "Memory is given in bytes, and a number of 32 bits takes four.": lambda sizes, memory: room(
            sizes, memory, bytes_each=1
        ),
        "A number of 32 bits takes four bytes, not eight.": lambda sizes, memory: room(
            sizes, memory, bytes_each=8
        ),
        "A number of 32 bits takes four bytes: eight bits are one byte.": lambda sizes, memory: room(
            sizes, memory, bytes_each=32
        ),
        "Each answer takes four bytes, too, and not only each parameter.": lambda sizes, memory: (
            (memory - 4 * sum((a + 1) * b for a, b in pairwise(sizes))) // sum(sizes)
        ),
        "Samples are whole, and a part of one does not fit: round down.": lambda sizes, memory: (
            (memory / 4 - sum((a + 1) * b for a, b in pairwise(sizes))) / sum(sizes)
        ),
        "This is one too many: round down.": lambda sizes, memory: room(sizes, memory) + 1,
    },
)


# Exactly one of three

BITS = np.array(list(product([0, 1], repeat=3)))
COUNTS = BITS.sum(axis=1)


def answers(W, b, v, c) -> np.ndarray:
    """Return the answers of a network with three inputs, hidden ReLUs and one output to all eight inputs."""
    W, b, v, c = (np.asarray(part, float) for part in (W, b, v, c))
    return relu(BITS @ W + b) @ v + c


def shape_problem(W, b, v, c) -> str:
    """Say which part has the wrong shape."""
    hidden = np.shape(W)[-1] if np.ndim(W) == 2 else 0
    if np.ndim(W) != 2 or np.shape(W)[0] != 3:
        return f"W needs three rows, one for each input, and a column for each neuron; got {np.shape(W)}."
    if np.shape(b) != (hidden,) or np.shape(v) != (hidden,):
        return f"W has {hidden} columns, so b and v need {hidden} numbers; got {np.shape(b)}, {np.shape(v)}."
    return f"c is one number, got the shape {np.shape(c)}." if np.ndim(c) else ""


def gate_problem(parts) -> str:
    """Say at which input the answer is wrong."""
    if len(parts) != 4:
        return f"Four parts are wanted, (W, b, v, c), got {len(parts)}."
    if said := shape_problem(*parts):
        return said
    for row, found in zip(BITS, answers(*parts), strict=True):
        wanted = int(row.sum() == 1)
        if not abs(found - wanted) < 1e-6:
            return f"For the input {''.join(map(str, row))} the answer is {found:.4g}; {wanted} is wanted."
    return ""


def gives(table):
    """Return the symptom that the answers, by the number of inputs that are on, are these."""
    return lambda parts: np.allclose(answers(*parts), np.take(table, COUNTS), atol=1e-6)


def with_change(change):
    """Return the symptom that the network would be right with its parts changed."""
    return lambda parts: not gate_problem(change(*(np.asarray(part, float) for part in parts)))


exactly_one = Exercise(
    "(W, b, v, c) of a network with hidden ReLUs that answers 1 if exactly one of 3 inputs is on, else 0.",
    problem=gate_problem,
    symptoms={
        "Right up to two: after that the tent goes on falling. A third kink has to catch it.": gives(
            [0, 1, 0, -1]
        ),
        "This is 'at least one'. After one, the slope has to turn negative.": gives([0, 1, 1, 1]),
        "This is 'exactly two': every kink is one place too far to the right.": gives([0, 0, 1, 0]),
        "This counts the inputs that are on. The slope has to change after one.": gives([0, 1, 2, 3]),
        "This is 'an odd number of inputs': after two it has to stay at 0.": gives([0, 1, 0, 1]),
        "This is the opposite answer.": gives([1, 0, 1, 1]),
        "The biases have the wrong sign: a kink at s = 1 needs the bias -1.": with_change(
            lambda W, b, v, c: (W, -b, v, c)
        ),
        "The signs of the weights to the output are turned round.": with_change(
            lambda W, b, v, c: (W, b, -v, c)
        ),
        "Every answer is off by the same amount: look at c.": lambda parts: (
            np.ptp(off := answers(*parts) - (COUNTS == 1)) < 1e-6 < abs(off[0])
        ),
    },
)


# A curve through given points


def drawn(function, x, y) -> np.ndarray:
    """Return the network's answers at the points and between them."""
    b, v, c = function(x, y)
    places = np.sort(np.append(x, (x[1:] + 3 * x[:-1]) / 4))
    return relu(places[:, None] + np.asarray(b, float)) @ np.asarray(v, float) + c


def slopes(x, y) -> np.ndarray:
    """Return the slope from each point to the next."""
    return np.diff(y) / np.diff(x)


def changes(x, y) -> np.ndarray:
    """Return by how much the slope changes at each point but the last; it comes from zero."""
    return np.diff(slopes(x, y), prepend=0)


def step_by_step(x, y):
    """Return the network, its weights found one after the other."""
    b, v = -x[:-1], []
    for place in range(len(x) - 1):
        so_far = y[0] + sum(w * max(x[place + 1] + k, 0) for w, k in zip(v, b, strict=False))
        v.append((y[place + 1] - so_far) / (x[place + 1] - x[place]))
    return b, np.array(v), y[0]


through = Exercise(
    "(b, v, c), so that c + sum of v_i relu(x + b_i) meets the points and runs straight between them.",
    "through(x, y)",
    cases=[
        (np.array([0.0, 1.0]), np.array([1.0, 3.0])),
        (np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])),
        (np.array([-1.0, 0.0, 2.0, 3.0]), np.array([2.0, -1.0, 0.0, 4.0])),
        (np.array([0.5, 0.75, 2.0, 2.5, 4.0]), np.array([1.0, 1.0, -2.0, -2.0, 0.5])),
    ],
    ask=drawn,
    right=step_by_step,
    mistakes={
        "These are the slopes. A weight is the change of slope at its kink.": lambda x, y: (
            -x[:-1],
            slopes(x, y),
            y[0],
        ),
        "The biases have the wrong sign: relu(x + b) has its kink at -b.": lambda x, y: (
            x[:-1],
            changes(x, y),
            y[0],
        ),
        "The first height is missing: c is what the network answers before any kink.": lambda x, y: (
            -x[:-1],
            changes(x, y),
            0.0,
        ),
        "The first slope is missing: it needs a kink at the first point.": lambda x, y: (
            -x[1:-1],
            changes(x, y)[1:],
            y[0],
        ),
        "A slope is a height over a distance: divide by the distances between the points.": lambda x, y: (
            -x[:-1],
            np.diff(np.diff(y), prepend=0),
            y[0],
        ),
        "The points are not evenly spaced: each slope has a distance of its own.": lambda x, y: (
            -x[:-1],
            np.diff(np.diff(y) / (x[1] - x[0]), prepend=0),
            y[0],
        ),
        "The changes of slope have the wrong sign.": lambda x, y: (-x[:-1], -changes(x, y), y[0]),
    },
)


# Pieces of a hidden layer


def kinks(w, b, v) -> dict:
    """Return the change of slope at each place where a neuron bends."""
    found = {}
    for w_i, b_i, v_i in zip(w.tolist(), b.tolist(), v.tolist(), strict=True):
        if w_i:
            found[-b_i / w_i] = found.get(-b_i / w_i, 0) + v_i * abs(w_i)
    return found


pieces = Exercise(
    "How many straight pieces the sum of v_i relu(w_i x + b_i) has on the whole line.",
    "pieces(w, b, v)",
    cases=[
        (np.array([1.0]), np.array([-1.0]), np.array([2.0])),
        (np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([1.0, 1.0])),
        (np.array([1.0, 1.0]), np.array([-1.0, -2.0]), np.array([1.0, 0.0])),
        (np.array([2.0, 1.0]), np.array([-1.0, -0.5]), np.array([1.0, 1.0])),
        (np.array([1.0, -1.0]), np.array([0.0, 0.0]), np.array([1.0, -1.0])),
        (np.array([1.0, 1.0, -2.0]), np.array([1.0, -1.0, 3.0]), np.array([1.0, -2.0, 1.0])),
        (
            np.array([1.0, 2.0, 0.0, -1.0, 4.0, 1.0]),
            np.array([0.5, 1.0, 3.0, 2.0, -2.0, -3.0]),
            np.array([2.0, -1.0, 5.0, 1.0, 0.0, 1.0]),
        ),
    ],
    right=lambda w, b, v: 1 + sum(abs(change) > 1e-9 for change in kinks(w, b, v).values()),
    mistakes={
        "Not every neuron brings a kink of its own. Look at zeros, and at kinks in one place.": (
            lambda w, b, v: len(w) + 1
        ),
        "These are the kinks. There is one piece more than kinks.": lambda w, b, v: sum(
            abs(change) > 1e-9 for change in kinks(w, b, v).values()
        ),
        "A neuron with the weight v = 0 behind it bends nothing.": lambda w, b, v: (
            1 + len(kinks(w, b, np.ones_like(v)))
        ),
        "Kinks in the same place count once.": lambda w, b, v: 1 + int(np.sum((w != 0) & (v != 0))),
        "At one place two changes of slope can cancel. Add them up, and see what is left.": (
            lambda w, b, v: 1 + len(kinks(w[v != 0], b[v != 0], v[v != 0]))
        ),
        "A neuron with w = 0 is the same everywhere: it has no kink.": lambda w, b, v: (
            1
            + sum(abs(change) > 1e-9 for change in kinks(w, b, v).values())
            + int(((w == 0) & (v != 0)).any())
        ),
        "The slope changes by v |w|: a neuron that looks to the left bends upwards, too.": (
            lambda w, b, v: (
                1 + sum(abs(c) > 1e-9 for c in kinks(abs(w), b * np.sign(w), v * np.sign(w)).values())
            )
        ),
    },
)
