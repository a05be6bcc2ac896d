"""The exercises of chapter 7: slopes by hand, four backward passes, a program with bugs, a shortcut."""

from __future__ import annotations

import numpy as np

from nnbook.exercises.bugs import one_left, several_left
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(7)


def quarters(*shape) -> np.ndarray:
    """Return random numbers that are short to write, none of them zero."""
    return rng.choice([-1.5, -1, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1, 1.5], shape)


# A graph by hand


def at(name, *wrong):
    """Return the symptom that a node has one of these wrong slopes."""
    return lambda answer: answer[name] in wrong


small_graph = Exercise(
    "A dictionary with the slopes of L for x, w, u and v.",
    right={"x": 8, "w": -32, "u": -8, "v": -8},
    symptoms={
        "L = v² has the slope 2v. The value of L does not enter.": at("v", 16, -4, 4, 2),
        "The sign of v is lost: v is -4 here.": at("v", 8),
        "The arrow from u to v has the slope 1, since v is u plus something.": lambda answer: (
            answer["u"] != answer["v"]
        ),
        "In a product each factor moves with the other one: u moves w times as fast as x.": at("x", -24, 24),
        "x has one path only: by u and v to L.": lambda answer: answer["x"] != 8,
        "Two arrows leave w: one to u, one to v. Add what comes back through both.": at("w", -24, -8),
        "Where paths meet, slopes are added, not multiplied.": at("w", 192, -192),
        "Four slopes were asked for, those of v, u, w and x, and no others.": lambda answer: len(answer) > 4,
        "u moves x times as fast as w, and v moves as fast as w.": lambda answer: answer["w"] != -32,
    },
)


# Activations


tanh_backward = Exercise(
    "The gradient at z, from a = tanh(z) and the gradient at a.",
    "tanh_backward(a, grad)",
    cases=[
        (np.array([[0.5]]), np.array([[2.0]])),
        (np.array([[-0.5, 0.0]]), np.array([[1.0, -3.0]])),
        (np.tanh(quarters(3, 2)), quarters(3, 2)),
        (np.tanh(2 * quarters(2, 4)), quarters(2, 4)),
    ],
    right=lambda a, grad: grad / np.cosh(np.arctanh(a)) ** 2,
    mistakes={
        "a is tanh(z) already; do not take tanh once more.": lambda a, grad: grad * (1 - np.tanh(a) ** 2),
        "This is the derivative alone. Multiply by the gradient that came back.": lambda a, grad: 1 - a**2,
        "a is tanh(z) already, and grad, the gradient that came back, is missing.": lambda a, grad: (
            1 - np.tanh(a) ** 2
        ),
        "a (1 - a) belongs to the sigmoid.": lambda a, grad: grad * a * (1 - a),
        "The square is missing: 1 - a².": lambda a, grad: grad * (1 - a),
        "The sign of the square is wrong: 1 - a².": lambda a, grad: grad * (1 + a**2),
        "The factor is for the gradient: grad belongs outside of the brackets.": lambda a, grad: (
            1 - grad * a**2
        ),
        "The brackets are missing: 1 - a² is one factor.": lambda a, grad: grad * 1 - a**2,
        "Each number goes back for itself: multiply number by number.": lambda a, grad: grad.T @ (1 - a**2),
    },
)


# Dense


def dense_by_loops(x, W, grad) -> tuple:
    """Return the gradients at x, W and b, product by product."""
    (n, d), m = x.shape, W.shape[1]
    dx, dW, db = np.zeros((n, d)), np.zeros((d, m)), np.zeros(m)
    for k in range(n):
        for j in range(m):
            db[j] += grad[k, j]
            for i in range(d):
                dx[k, i] += grad[k, j] * W[i, j]
                dW[i, j] += grad[k, j] * x[k, i]
    return dx, dW, db


def part(place, change):
    """Return the mistake that one of the three gradients is changed: ``change(right one, x, W, grad)``."""

    def mistaken(x, W, grad):
        parts = list(dense_by_loops(x, W, grad))
        parts[place] = change(parts[place], x, W, grad)
        return tuple(parts)

    return mistaken


def scaled(x, W, grad):
    """Return gradients that are divided by the batch once too often."""
    dx, dW, db = dense_by_loops(x, W, grad)
    return dx, dW / len(x), db / len(x)


dense_backward = Exercise(
    "The gradients (dx, dW, db) of a dense layer z = x W + b, from the gradient at z.",
    "dense_backward(x, W, grad)",
    cases=[
        (np.array([[1.0, 2.0]]), np.array([[3.0], [-1.0]]), np.array([[0.5]])),
        (quarters(2, 3), quarters(3, 1), quarters(2, 1)),
        (quarters(2, 2), quarters(2, 2), quarters(2, 2)),
        (quarters(4, 2), quarters(2, 3), quarters(4, 3)),
    ],
    right=dense_by_loops,
    mistakes={
        "The gradient is divided by the batch once too often: that was done at the loss.": scaled,
        "db is divided by the batch: add the rows up.": part(2, lambda db, x, W, grad: grad.mean(axis=0)),
        "db adds up along the wrong axis: the samples should disappear, axis 0.": part(
            2, lambda db, x, W, grad: grad.sum(axis=1)
        ),
        "db should have one number for each neuron: name the axis.": part(
            2, lambda db, x, W, grad: grad.sum()
        ),
        "db is not yet added up over the samples.": part(2, lambda db, x, W, grad: grad),
        "db has a row too many: b has the shape (m,).": part(2, lambda db, x, W, grad: db[None]),
        "dW is the wrong way round: it needs the shape of W.": part(1, lambda dW, x, W, grad: dW.T),
        "dx and dW are the wrong way round: each needs the shape of what it belongs to.": lambda x, W, grad: (
            lambda dx, dW, db: (dx.T, dW.T, db)
        )(*dense_by_loops(x, W, grad)),
        "dx needs the transpose of W.": part(0, lambda dx, x, W, grad: grad @ W),
        "The right gradients in another order: dx, dW, db.": lambda x, W, grad: (
            lambda dx, dW, db: (dW, db, dx)
        )(*dense_by_loops(x, W, grad)),
        "dx is missing. The layer before needs it.": lambda x, W, grad: dense_by_loops(x, W, grad)[1:],
    },
)


# Softmax and cross-entropy


def row_by_row(z, labels) -> np.ndarray:
    """Return the gradient of the mean cross-entropy at the logits, one sample at a time."""
    gradient = []
    for row, label in zip(z, labels, strict=True):
        p = np.array([1 / np.exp(row - z_j).sum() for z_j in row])
        gradient.append([(p_j - (j == label)) / len(z) for j, p_j in enumerate(p)])
    return np.array(gradient)


def p_minus_y(z, labels, axis=1) -> np.ndarray:
    """Return softmax along an axis, less one at each label."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True) - np.eye(z.shape[1])[labels]


def exponentials(z, labels, off=0.0, axis=1) -> np.ndarray:
    """Return the gradient with ``off`` taken off all logits, and the sums along ``axis``."""
    e = np.exp(z - off)
    return (e / e.sum(axis=axis, keepdims=True) - np.eye(z.shape[1])[labels]) / len(z)


def columns_of_labels(z, labels) -> np.ndarray:
    """Return the gradient with one taken off in whole columns."""
    p = p_minus_y(z, labels) + np.eye(z.shape[1])[labels]
    p[:, labels] -= 1
    return p / len(z)


logits_gradient = Exercise(
    "The gradient of the mean cross-entropy of softmax(z), at the logits z (n, classes); labels (n,).",
    "logits_gradient(z, labels)",
    cases=[
        (np.array([[0.0, 0.0]]), np.array([1])),
        (np.log([[1.0, 2.0, 5.0], [2.0, 1.0, 1.0]]), np.array([2, 0])),
        (2 * quarters(3, 3), np.array([0, 2, 2])),
        (2 * quarters(4, 2), np.array([1, 0, 0, 1])),
        (np.array([[1000.0, 999.0], [-1000.0, -999.0]]), np.array([0, 0])),
    ],
    right=row_by_row,
    mistakes={
        "The loss is the mean over the samples: divide by their number.": p_minus_y,
        "It is divided by all numbers of z. Divide by the number of samples.": lambda z, labels: (
            p_minus_y(z, labels) / z.size
        ),
        "The sign is turned round: p - y, not y - p.": lambda z, labels: -p_minus_y(z, labels) / len(z),
        "softmax is missing: p is not z.": lambda z, labels: (z - np.eye(z.shape[1])[labels]) / len(z),
        "The other classes have slopes too: their logits take probability away.": lambda z, labels: (
            p_minus_y(z, labels) * np.eye(z.shape[1])[labels] / len(z)
        ),
        "These are the probabilities over n: take 1 off in the place of each label.": lambda z, labels: (
            (p_minus_y(z, labels) + np.eye(z.shape[1])[labels]) / len(z)
        ),
        "exp(1000) overflows: take the largest logit of each row off before the exponentials.": exponentials,
        "The largest logit of the whole table is taken off. Each row needs its own.": lambda z, labels: (
            exponentials(z, labels, z.max())
        ),
        "The sum runs over the whole table. Each row is a sample, with a sum of its own.": lambda z, labels: (
            exponentials(z, labels, z.max(), axis=None)
        ),
        "The labels are numbers of classes: 1 is taken off in one place of each row.": lambda z, labels: (
            (p_minus_y(z, labels) + np.eye(z.shape[1])[labels] - labels[:, None]) / len(z)
        ),
        "The labels are numbers of classes, no row of zeros and ones. Make them one-hot first.": (
            lambda z, labels: (p_minus_y(z, labels) + np.eye(z.shape[1])[labels] - labels) / len(z)
        ),
        "np.eye needs the number of classes, z.shape[1].": lambda z, labels: (
            p_minus_y(z, labels) + np.eye(z.shape[1])[labels] - np.eye(len(z))[labels]
        ),
        "p[:, labels] is whole columns. Take 1 off in one place of each row.": columns_of_labels,
        "softmax runs down the columns here. Each row is a sample.": lambda z, labels: (
            p_minus_y(z, labels, axis=0) / len(z)
        ),
        "This is the slope at the probabilities, -1 / p. Go back through softmax, too.": lambda z, labels: (
            lambda y: -y / (p_minus_y(z, labels) + y) / len(z)
        )(np.eye(z.shape[1])[labels]),
    },
)


# Batch normalisation


def by_jacobian(x, grad, epsilon) -> np.ndarray:
    """Return the gradient at x, with a table of all slopes for each feature."""
    n, columns = len(x), []
    for one, back in zip(x.T, grad.T, strict=True):
        std = np.sqrt(((one - one.mean()) ** 2).mean() + epsilon)
        x_hat = (one - one.mean()) / std
        slopes = (np.eye(n) - 1 / n - np.outer(x_hat, x_hat) / n) / std
        columns.append(slopes.T @ back)
    return np.stack(columns, axis=1)


def batch_norm(x, grad, epsilon, *, mean=True, spread=True, axis=0, root=True, after=True):
    """Return the gradient at x with some of its paths, or in the wrong way."""
    std = np.sqrt(x.var(axis=axis, keepdims=True) + epsilon)
    x_hat = (x - x.mean(axis=axis, keepdims=True)) / std
    dx = grad
    if mean:
        dx = dx - grad.mean(axis=axis, keepdims=True)
    if spread:
        dx = dx - x_hat * (grad * x_hat).mean(axis=axis, keepdims=True)
    return dx / (std if root else std**2) if after else dx


def summed(x, grad, epsilon):
    """Return the gradient with sums in the place of means."""
    std = np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) / std
    return (grad - grad.sum(axis=0) - x_hat * (grad * x_hat).sum(axis=0)) / std


batch_norm_backward = Exercise(
    "The gradient at x (n, d) of batch normalisation, (x - mean) / sqrt(variance + epsilon) by column.",
    "batch_norm_backward(x, grad, epsilon)",
    cases=[
        (np.array([[-1.0], [1.0]]), np.array([[1.0], [0.0]]), 1.0),
        (np.array([[0.0], [1.0], [5.0]]), np.array([[1.0], [0.0], [0.0]]), 0.0),
        (3 * quarters(4, 2) + 5, quarters(4, 2), 0.25),
        (2 * quarters(3, 3), quarters(3, 3), 0.001),
    ],
    right=by_jacobian,
    mistakes={
        "Mean and variance are treated as fixed numbers. x acts through them too.": lambda *case: batch_norm(
            *case, mean=False, spread=False
        ),
        "The path through the variance is missing.": lambda *case: batch_norm(*case, spread=False),
        "The path through the mean is missing.": lambda *case: batch_norm(*case, mean=False),
        "x_k moves the mean for all samples, not for itself alone: take off the mean of grad.": (
            lambda x, grad, epsilon: grad * (1 - 1 / len(x)) / np.sqrt(x.var(axis=0) + epsilon)
        ),
        "What comes by way of mean and variance is taken off, not added.": lambda x, grad, epsilon: (
            2 * grad / np.sqrt(x.var(axis=0) + epsilon) - batch_norm(x, grad, epsilon)
        ),
        "At the end it divides by the variance. Divide by its root.": lambda *case: batch_norm(
            *case, root=False
        ),
        "The division by the standard deviation is missing.": lambda *case: batch_norm(*case, after=False),
        "Mean and variance are those of a column: axis 0.": lambda *case: batch_norm(*case, axis=1),
        "Mean and variance are taken over the whole table. Each column has its own: axis 0.": lambda *case: (
            batch_norm(*case, axis=None)
        ),
        "epsilon belongs to the variance, under the root.": lambda x, grad, epsilon: batch_norm(
            x, grad, (x.std(axis=0) + epsilon) ** 2 - x.var(axis=0)
        ),
        "This is the way forward. The gradient at x was asked for.": lambda x, grad, epsilon: (
            (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
        ),
        "epsilon is forgotten.": lambda x, grad, epsilon: batch_norm(x, grad, 0.0),
        "Means, not sums: each sample has the n-th part in the mean and in the variance.": summed,
    },
)


# Find the bugs

SIGN = "The sign of the error is turned round: prediction minus target."
SIZE = "The loss is a mean: divide its gradient by the number of values in y."
AXIS = "db2 is one number. Each output neuron has its own bias: name the axis."
TWICE = "a1 is tanh(z1) already, so its derivative is 1 - a1²."
BUGS = SIGN, SIZE, AXIS, TWICE


def one_at_a_time(x, y, W1, b1, W2, b2) -> tuple:
    """Return the gradients, sample by sample."""
    sums = [np.zeros_like(one) for one in (W1, b1, W2, b2)]
    for x_k, y_k in zip(x, y, strict=True):
        a = np.tanh(x_k @ W1 + b1)
        delta = 2 * (a @ W2 + b2 - y_k) / y.size
        back = np.array([(1 - a_i * a_i) * (delta @ W2[i]) for i, a_i in enumerate(a)])
        each = np.outer(x_k, back), back, np.outer(a, delta), delta
        sums = [total + one for total, one in zip(sums, each, strict=True)]
    return tuple(sums)


def slope_at_sum(x, y, W1, b1, W2, b2) -> tuple:
    """Return the gradients with z1 in the place of a1 in the derivative of tanh."""
    z1 = x @ W1 + b1
    grad = 2 * (np.tanh(z1) @ W2 + b2 - y) / y.size
    back = grad @ W2.T * (1 - z1**2)
    return x.T @ back, back.sum(axis=0), np.tanh(z1).T @ grad, grad.sum(axis=0)


def with_bugs(x, y, W1, b1, W2, b2, bugs) -> tuple:
    """Return what the program of the exercise gives with some of its bugs left in."""
    a1 = np.tanh(x @ W1 + b1)
    a2 = a1 @ W2 + b2
    grad = 2 * (y - a2 if SIGN in bugs else a2 - y)
    grad = grad if SIZE in bugs else grad / y.size
    dW2, db2 = a1.T @ grad, grad.sum() if AXIS in bugs else grad.sum(axis=0)
    back = grad @ W2.T * (1 - (np.tanh(a1) if TWICE in bugs else a1) ** 2)
    return x.T @ back, back.sum(axis=0), dW2, db2


def small_net(n, d, hidden, m) -> tuple:
    """Return a case: n samples with d features, hidden neurons, m outputs."""
    return (
        quarters(n, d),
        quarters(n, m),
        quarters(d, hidden),
        quarters(hidden),
        quarters(hidden, m),
        quarters(m),
    )


gradients = Exercise(
    "The gradients (dW1, db1, dW2, db2) of the mean squared error of a net with tanh, without the bugs.",
    "gradients(x, y, W1, b1, W2, b2)",
    cases=[small_net(2, 1, 1, 2), small_net(3, 2, 2, 3), small_net(4, 3, 2, 2)],
    right=one_at_a_time,
    mistakes=one_left(with_bugs, BUGS)
    | {
        "The mean runs over all numbers of y, the outputs too. Divide by y.size.": lambda x, y, *weights: (
            tuple(y.shape[1] * one for one in one_at_a_time(x, y, *weights))
        ),
        "The derivative of the square brings a factor 2.": lambda *case: tuple(
            one / 2 for one in one_at_a_time(*case)
        ),
        "The derivative of tanh is 1 - a1², with the activation a1, not with z1.": slope_at_sum,
    },
    symptoms={
        "Several bugs are left. Which of the four lines of the way back are right?": several_left(
            with_bugs, BUGS
        )
    },
)


# A shortcut


def both_paths(x, W, grad) -> np.ndarray:
    """Return the gradient at x, sum by sum."""
    dx = np.zeros_like(x)
    for k, row in enumerate(x):
        for i in range(len(row)):
            dx[k, i] = grad[k, i]
            for j in range(len(row)):
                dx[k, i] += grad[k, j] / np.cosh(row @ W[:, j]) ** 2 * W[i, j]
    return dx


def delta(x, W, grad) -> np.ndarray:
    """Return the gradient at the sums."""
    return grad * (1 - np.tanh(x @ W) ** 2)


shortcut_backward = Exercise(
    "The gradient at x of a layer with a shortcut, a = x + tanh(x W), from the gradient at a.",
    "shortcut_backward(x, W, grad)",
    cases=[
        (np.array([[0.0]]), np.array([[2.0]]), np.array([[1.0]])),
        (quarters(1, 2), quarters(2, 2), quarters(1, 2)),
        (quarters(3, 3), quarters(3, 3), quarters(3, 3)),
        (quarters(2, 4), quarters(4, 4), quarters(2, 4)),
    ],
    right=both_paths,
    mistakes={
        "The shortcut is a path too: its slope is 1, so add grad as it is.": lambda x, W, grad: (
            delta(x, W, grad) @ W.T
        ),
        "This is the shortcut alone. Add what comes back through tanh and W.": lambda x, W, grad: grad,
        "Where paths meet, add.": lambda x, W, grad: grad * (delta(x, W, grad) @ W.T),
        "The derivative of tanh is missing.": lambda x, W, grad: grad + grad @ W.T,
        "Back through W means its transpose.": lambda x, W, grad: grad + delta(x, W, grad) @ W,
        "The shortcut goes round tanh, and f' belongs to the other path alone.": lambda x, W, grad: (
            delta(x, W, grad) + delta(x, W, grad) @ W.T
        ),
        "The derivative belongs before the product with W.T: that is where tanh is met on the way back.": (
            lambda x, W, grad: grad + (grad @ W.T) * (1 - np.tanh(x @ W) ** 2)
        ),
        "Along the shortcut the slope is 1, but what comes back is grad times 1.": lambda x, W, grad: (
            1 + delta(x, W, grad) @ W.T
        ),
        "tanh'(z) is 1 - tanh(z)²; do not take tanh twice.": lambda x, W, grad: (
            grad + (grad * (1 - np.tanh(np.tanh(x @ W)) ** 2)) @ W.T
        ),
        "The shortcut does not go through W: add grad behind the product with W.T.": lambda x, W, grad: (
            (grad + delta(x, W, grad)) @ W.T
        ),
        "On the second path grad meets tanh first: multiply by it before the product with W.T.": (
            lambda x, W, grad: grad + grad * ((1 - np.tanh(x @ W) ** 2) @ W.T)
        ),
        "Behind tanh, on the way back, lies W: go through it, too.": lambda x, W, grad: (
            grad + delta(x, W, grad)
        ),
        "tanh' is taken at the sums x W, not at x.": lambda x, W, grad: (
            grad + (grad * (1 - np.tanh(x) ** 2)) @ W.T
        ),
        "The second path carries grad too: multiply by it before the product with W.T.": lambda x, W, grad: (
            grad + (1 - np.tanh(x @ W) ** 2) @ W.T
        ),
        "The factors of the paths are there, grad is not.": lambda x, W, grad: (
            1 + (1 - np.tanh(x @ W) ** 2) @ W.T
        ),
    },
)
