"""What readers write in the exercises of chapter 4: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

# Right


def read_columns(x, weights):
    h = x.T
    for place, (W, b) in enumerate(weights):
        h = W @ h + b[:, None]
        if place < len(weights) - 1:
            h = np.where(h > 0, h, 0)
    return h.T


def sizes(weights):
    found = []
    for k in range(0, len(weights), 2):
        W, b = weights[k], weights[k + 1]
        if found and found[-1] != len(W):
            raise ValueError("tables")
        if len(b) != W.shape[1]:
            raise ValueError("biases")
        found += [W.shape[0], W.shape[1]] if not found else [W.shape[1]]
    return tuple(found)


def count(n_in, n_out, hidden, width):
    inside = (hidden - 1) * width * (width + 1)
    return (n_in + 1) * width + inside + (width + 1) * n_out


def widest(n_in, n_out, hidden, budget):
    low, high = 0, budget
    while low < high:
        middle = (low + high + 1) // 2
        if count(n_in, n_out, hidden, middle) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def not_rounded(n_in, n_out, hidden, budget):
    b = n_in + 1 + n_out + hidden - 1
    if hidden == 1:
        return (budget - n_out) / b
    return (-b + math.sqrt(b**2 + 4 * (hidden - 1) * (budget - n_out))) / (2 * (hidden - 1))


def parameters(sizes):
    return sum(sizes[k] * sizes[k + 1] + sizes[k + 1] for k in range(len(sizes) - 1))


def largest_batch(sizes, memory):
    return math.floor((memory - 4 * parameters(sizes)) / (4 * sum(sizes)))


def slopes(x, y):
    return (y[1:] - y[:-1]) / (x[1:] - x[:-1])


def through(x, y):
    k = slopes(x, y)
    v = [k[0]] + [k[i] - k[i - 1] for i in range(1, len(k))]
    return [-place for place in x[:-1]], v, float(y[0])


def pieces(w, b, v):
    bends = w != 0
    places = -b[bends] / w[bends]
    change = v[bends] * abs(w[bends])
    return 1 + sum(abs(change[places == t].sum()) > 1e-12 for t in np.unique(places))


SUM = np.ones((3, 3))

RIGHT = {
    "read_columns": read_columns,
    "sizes": sizes,
    "widest": widest,
    "largest_batch": largest_batch,
    "exactly_one": ([[2, 2, 2]] * 3, [0, -2, -4], [0.5, -1.0, 0.5], 0),
    "through": through,
    "pieces": pieces,
}

# Wrong


def network(x, weights, f=lambda z: np.maximum(z, 0), last=lambda z: z):
    for W, b in weights[:-1]:
        x = f(x @ W.T + b)
    W, b = weights[-1]
    return last(x @ W.T + b)


def without_bias(x, weights):
    for W, _ in weights[:-1]:
        x = np.maximum(x @ W.T, 0)
    return x @ weights[-1][0].T


def bias_last(x, weights):
    for W, b in weights[:-1]:
        x = np.maximum(x @ W.T, 0) + b
    return x @ weights[-1][0].T + weights[-1][1]


def forgets_last(x, weights):
    for W, b in weights[:-1]:
        x = np.maximum(0, x @ W.T + b)
    return x


def as_it_is(x, weights):
    for W, b in weights[:-1]:
        x = np.maximum(x @ W + b, 0)
    return x @ weights[-1][0] + weights[-1][1]


def unchecked(weights):
    return [len(weights[0])] + [W.shape[1] for W in weights[::2]]


def checks_tables(weights):
    for W, after in zip(weights[::2], weights[2::2], strict=False):
        if W.shape[1] != after.shape[0]:
            raise ValueError("tables")
    return unchecked(weights)


def checks_biases(weights):
    for W, b in zip(weights[::2], weights[1::2], strict=True):
        if W.shape[1] != len(b):
            raise ValueError("biases")
    return unchecked(weights)


def search(fits):
    width = 1
    while fits(width + 1):
        width += 1
    return width


def gate(b=(0, -1, -2), v=(1, -2, 1), c=0, W=SUM):
    return W, b, v, c


WRONG = {
    "read_columns": [
        ("needs its transpose", as_it_is),
        ("no activation function: its answers may", lambda x, w: network(x, w, last=lambda z: z * (z > 0))),
        ("The activation function is missing", lambda x, w: network(x, w, f=lambda z: z)),
        ("The biases are forgotten", without_bias),
        ("before the activation function", bias_last),
        ("The last layer is left out", forgets_last),
        ("One sample a column comes out", lambda x, w: network(x, w).T),
        ("The shapes do not fit together", lambda x, w: read_columns(x.T, w)),
        ("It is called as", lambda x: x),
    ],
    "sizes": [
        ("The input is missing", lambda weights: sizes(weights)[1:]),
        ("The input is missing", lambda weights: [W.shape[1] for W in weights[::2]]),
        ("The output is missing", lambda weights: list(sizes(weights))[:-1]),
        ("Biases are no layers", lambda weights: [len(weights[0])] + [w.shape[-1] for w in weights]),
        ("Two tables that do not fit", checks_biases),
        ("do they fit the tables", lambda weights: [len(weights[0])] + [len(b) for b in weights[1::2]]),
        ("A row of biases that does not fit", checks_tables),
        ("Nothing is checked", unchecked),
    ],
    "widest": [
        (
            "The biases are forgotten",
            lambda i, o, h, P: search(lambda w: i * w + (h - 1) * w**2 + o * w <= P),
        ),
        ("One too wide", lambda i, o, h, P: widest(i, o, h, P) + 1),
        ("exactly `budget`", lambda i, o, h, P: search(lambda w: count(i, o, h, w) < P)),
        (
            "The output layer is forgotten",
            lambda i, o, h, P: search(lambda w: count(i, 0, h, w) <= P),
        ),
        ("however many there are", lambda i, o, h, P: widest(i, o, 1, P)),
        ("one hidden layer too many", lambda i, o, h, P: widest(i, o, h + 1, P)),
        ("A width is a whole number", not_rounded),
        ("The output layer has no bias here", lambda i, o, h, P: widest(i, o, h, P + o)),
    ],
    "largest_batch": [
        ("The parameters need room", lambda s, m: m // (4 * sum(s))),
        ("The biases are forgotten", lambda s, m: (m // 4 - parameters(s) + sum(s[1:])) // sum(s)),
        ("The input is kept as well", lambda s, m: (m // 4 - parameters(s)) // sum(s[1:])),
        ("Only hidden layers", lambda s, m: (m // 4 - parameters(s)) // sum(s[1:-1])),
        ("takes four.", lambda s, m: (m - parameters(s)) // sum(s)),
        ("not eight", lambda s, m: (m // 8 - parameters(s)) // sum(s)),
        ("eight bits are one byte", lambda s, m: (m // 32 - parameters(s)) // sum(s)),
        ("Each answer takes four bytes", lambda s, m: (m - 4 * parameters(s)) // sum(s)),
        ("round down", lambda s, m: (m / 4 - parameters(s)) / sum(s)),
        ("one too many", lambda s, m: largest_batch(s, m) + 1),
    ],
    "exactly_one": [
        ("A third kink has to catch it", (np.ones((3, 2)), [0, -1], [1, -2], 0)),
        ("This is 'at least one'", (np.ones((3, 2)), [0, -1], [1, -1], 0)),
        ("This is 'exactly two'", gate(b=(-1, -2, -3))),
        ("This counts the inputs", ([[1], [1], [1]], [0], [1], 0)),
        ("an odd number of inputs", gate(v=(1, -2, 2))),
        ("This is the opposite answer", gate(v=(-1, 2, -1), c=1)),
        ("a kink at s = 1 needs the bias", gate(b=(0, 1, 2))),
        ("to the output are turned round", gate(v=(-1, 2, -1))),
        ("look at c", gate(c=0.5)),
        ("W needs three rows", ([1, 1, 1], [0], [1], 0)),
        ("b and v need 3 numbers", (SUM, 0, [1, -2, 1], 0)),
        ("Four parts are wanted", (SUM, [0, -1, -2], [1, -2, 1])),
        ("For the input 001 the answer is", gate(v=(2, -3, 1))),
    ],
    "through": [
        ("These are the slopes", lambda x, y: (-x[:-1], slopes(x, y), y[0])),
        ("relu(x + b) has its kink at -b", lambda x, y: (x[:-1], through(x, y)[1], y[0])),
        ("The first height is missing", lambda x, y: (*through(x, y)[:2], 0)),
        ("The first slope is missing", lambda x, y: (-x[1:-1], np.diff(slopes(x, y)), y[0])),
        ("divide by the distances", lambda x, y: (-x[:-1], np.diff(np.diff(y), prepend=0), y[0])),
        (
            "not evenly spaced",
            lambda x, y: (-x[:-1], np.diff(np.diff(y), prepend=0) / (x[1] - x[0]), y[0]),
        ),
        ("wrong sign", lambda x, y: (-x[:-1], -np.array(through(x, y)[1]), y[0])),
    ],
    "pieces": [
        ("Not every neuron brings a kink", lambda w, b, v: w.size + 1),
        ("These are the kinks", lambda w, b, v: pieces(w, b, v) - 1),
        ("bends nothing", lambda w, b, v: 1 + len(np.unique(-b[w != 0] / w[w != 0]))),
        ("count once", lambda w, b, v: 1 + np.count_nonzero(w * v)),
        ("Add them up", lambda w, b, v: 1 + len(np.unique(-b[w * v != 0] / w[w * v != 0]))),
        ("it has no kink", lambda w, b, v: pieces(w, b, v) + int(np.any(v[w == 0] != 0))),
        (
            "looks to the left",
            lambda w, b, v: (
                1
                + sum(
                    abs(sum(v[k] * w[k] for k in range(len(w)) if w[k] and -b[k] / w[k] == t)) > 1e-9
                    for t in {-b[k] / w[k] for k in range(len(w)) if w[k]}
                )
            ),
        ),
    ],
}
