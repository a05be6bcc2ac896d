"""What readers write in the exercises of chapter 3: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import numpy as np

# Right


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def nudge(x, w):
    if len(w) == 0:
        return 1.0
    z = w[0] * x
    return w[0] / np.cosh(z) ** 2 * nudge(np.tanh(z), w[1:])


def slopes(z):
    s = sigmoid(z)
    elu = np.ones_like(z)
    elu[z <= 0] = np.exp(z[z <= 0])
    a = 1 + np.abs(z)
    return {"softplus": s, "silu": s * (1 + z * (1 - s)), "elu": elu, "softsign": (a - np.abs(z)) / a**2}


def softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(Z, grad):
    p = softmax(Z)
    return np.einsum("ni,nij->nj", grad, p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :]))


OUTPUTS = {
    "temperature": None,
    "spam": "sigmoid",
    "digit": "softmax",
    "tags": "sigmoid",
    "waiting": "exponential",
}

RIGHT = {
    "nudge": nudge,
    "slopes": slopes,
    "as_sigmoids": lambda W1, b1, W2, b2: [W1 * 2.0, b1 + b1, W2 + W2, b2 - np.ones(len(W2)) @ W2],
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "softmax_backward": softmax_backward,
    "dead_units": lambda X, W, b: [
        k for k in range(W.shape[1]) if not np.maximum(X @ W[:, k] + b[k], 0).any()
    ],
    "outputs": OUTPUTS,
}

# Wrong


def answers(x, w):
    a = [x]
    for weight in w:
        a.append(np.tanh(weight * a[-1]))
    return np.array(a)


def replaced(**changes):
    def called(z):
        with np.errstate(all="ignore"):
            return slopes(z) | {name: change(z) for name, change in changes.items()}

    return called


def hidden_slopes(z):
    return sigmoid(z) * (1 - sigmoid(z))


def unsafe(function):
    def called(*case):
        with np.errstate(all="ignore"):
            return function(*case)

    return called


def choose(**changes):
    return OUTPUTS | changes


def sums_wrong_axis(W1, b1, W2, b2):
    return 2 * W1, 2 * b1, 2 * W2, b2 - W2.sum()


WRONG = {
    "nudge": [
        ("The weights are missing", lambda x, w: np.prod(1 - answers(x, w)[1:] ** 2)),
        ("The slopes are missing", lambda x, w: np.prod(w)),
        ("one tanh too many", lambda x, w: np.prod(w * (1 - np.tanh(answers(x, w)[1:]) ** 2))),
        ("at what comes into the layer", lambda x, w: np.prod(w * (1 - np.tanh(answers(x, w)[:-1]) ** 2))),
        ("Every slope is taken at x", lambda x, w: np.prod(w * (1 - np.tanh(w * x) ** 2))),
        ("of the last layer alone", lambda x, w: w[-1] * (1 - answers(x, w)[-1] ** 2)),
        ("that of the sigmoid", lambda x, w: np.prod(w * answers(x, w)[1:] * (1 - answers(x, w)[1:]))),
        ("they multiply", lambda x, w: np.sum(w * (1 - answers(x, w)[1:] ** 2))),
        ("not its slope", lambda x, w: answers(x, w)[-1]),
        ("The sign is turned round", lambda x, w: -nudge(x, w)),
    ],
    "slopes": [
        ("silu: a product has two terms", replaced(silu=lambda z: z * hidden_slopes(z))),
        ("silu: a product has two terms", replaced(silu=sigmoid)),
        ("the z is missing", replaced(silu=lambda z: sigmoid(z) + hidden_slopes(z))),
        ("silu: this is the function itself", replaced(silu=lambda z: z * sigmoid(z))),
        ("too large", lambda z: slopes(z) | {"softplus": np.exp(z) / (1 + np.exp(z))}),
        ("both of its sides", lambda z: slopes(z) | {"elu": np.where(z > 0, 1, np.exp(z))}),
        ("softplus: this is the function", replaced(softplus=lambda z: np.logaddexp(0, z))),
        ("the inner derivative is missing", replaced(softplus=lambda z: 1 / (1 + np.exp(z)))),
        ("the sigmoid itself was wanted", replaced(softplus=hidden_slopes)),
        ("elu: this is the function itself", replaced(elu=lambda z: np.where(z > 0, 1, np.exp(z) - 1))),
        ("elu: for z > 0 the slope is 1", replaced(elu=np.exp)),
        ("zero is that of ReLU", replaced(elu=lambda z: (z > 0).astype(float))),
        ("the denominator is squared", replaced(softsign=lambda z: 1 / (1 + np.abs(z)))),
        ("the slope of |z| is -1", replaced(softsign=lambda z: 1 / (1 + z) ** 2)),
        ("the slope of |z| is -1", lambda z: slopes(z) | {"softsign": 1 / (1 + z) ** 2}),
        ("softsign: this is the function", replaced(softsign=lambda z: z / (1 + np.abs(z)))),
        ("has a minus", replaced(softsign=lambda z: (1 + 2 * np.abs(z)) / (1 + np.abs(z)) ** 2)),
        ("The key 'elu' is missing", lambda z: {k: v for k, v in slopes(z).items() if k != "elu"}),
        ("a dictionary was wanted", lambda z: list(slopes(z).values())),
    ],
    "as_sigmoids": [
        ("The -1 of 2σ(2z) - 1 is missing", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, 2 * W2, b2)),
        ("The inner 2 is missing", lambda W1, b1, W2, b2: (W1, b1, 2 * W2, b2 - W2.sum(axis=0))),
        ("not halved", lambda W1, b1, W2, b2: (W1 / 2, b1 / 2, 2 * W2, b2 - W2.sum(axis=0))),
        ("The bias b1 is part", lambda W1, b1, W2, b2: (2 * W1, b1, 2 * W2, b2 - W2.sum(axis=0))),
        ("W1 has to be doubled", lambda W1, b1, W2, b2: (W1, 2 * b1, 2 * W2, b2 - W2.sum(axis=0))),
        ("The outer 2 is missing", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, W2, b2 - W2.sum(axis=0))),
        ("The sum runs over the wrong axis", sums_wrong_axis),
        ("taken off each output once", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, 2 * W2, b2 - 1)),
        ("they have to be taken off", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, 2 * W2, b2 + W2.sum(axis=0))),
        ("twice too much", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, 2 * W2, b2 - (2 * W2).sum(axis=0))),
        ("as they came", lambda W1, b1, W2, b2: (W1, b1, W2, b2)),
        ("b2 has the shape", lambda W1, b1, W2, b2: (2 * W1, 2 * b1, 2 * W2, (b2 - W2.sum(axis=0))[:, None])),
        ("Four arrays are wanted", lambda W1, b1, W2, b2: (2 * W1, 2 * W2)),
    ],
    "log_sigmoid": [
        ("exp(-x) overflows for x below -710.", lambda x: -np.log(1 + np.exp(-x))),
        ("exp(-x) overflows for x below -710.", lambda x: -np.log1p(np.exp(-x))),
        ("has no logarithm", lambda x: np.log(sigmoid(x))),
        ("It stops falling", lambda x: np.log(sigmoid(x) + 1e-300)),
        ("Each form is for one sign", lambda x: x - np.log1p(np.exp(x))),
        (
            "computes both forms",
            lambda x: np.where(x >= 0, -np.log1p(np.exp(-x)), x - np.log1p(np.exp(x))),
        ),
        ("Cutting x off", lambda x: -np.log1p(np.exp(-np.clip(x, -500, 500)))),
        ("A small number added", lambda x: np.log(sigmoid(x) + 1e-12)),
        ("This is softplus", lambda x: np.logaddexp(0, x)),
        ("The sign is turned round", lambda x: np.logaddexp(0, -x)),
        ("This is the sigmoid", sigmoid),
    ],
    "softmax_backward": [
        ("This is the diagonal alone", lambda Z, grad: grad * softmax(Z) * (1 - softmax(Z))),
        ("The sum is missing", lambda Z, grad: grad * softmax(Z)),
        (
            "The mean of grad has to be weighted",
            lambda Z, grad: softmax(Z) * (grad - grad.mean(axis=1)[:, None]),
        ),
        (
            "The sum of grad has to be weighted",
            lambda Z, grad: softmax(Z) * (grad - grad.sum(axis=1)[:, None]),
        ),
        ("The factor p in front", lambda Z, grad: grad - (grad * softmax(Z)).sum(axis=1)[:, None]),
        ("The sign is turned round", lambda Z, grad: -softmax_backward(Z, grad)),
        ("The sum runs over all samples", lambda Z, grad: softmax(Z) * (grad - (grad * softmax(Z)).sum())),
        ("The classes are axis 1", lambda Z, grad: softmax(Z) * (grad - (grad * softmax(Z)).sum(axis=0))),
        ("Keep the axis", lambda Z, grad: softmax(Z) * (grad - (grad * softmax(Z)).sum(axis=1))),
        (
            "The exponentials overflow",
            unsafe(
                lambda Z, grad: (
                    (p := np.exp(Z) / np.exp(Z).sum(1)[:, None]) * (grad - (grad * p).sum(1)[:, None])
                )
            ),
        ),
        ("Z holds sums", lambda Z, grad: Z * (grad - (grad * Z).sum(axis=1)[:, None])),
    ],
    "dead_units": [
        ("compare with ≤", lambda X, W, b: np.flatnonzero((X @ W + b < 0).all(axis=0))),
        ("all, not any", lambda X, W, b: np.flatnonzero((X @ W + b <= 0).any(axis=0))),
        ("These are the living ones", lambda X, W, b: np.flatnonzero((X @ W + b > 0).any(axis=0))),
        ("Neurons are columns", lambda X, W, b: np.flatnonzero((X @ W + b <= 0).all(axis=1))),
        ("The biases are left out", lambda X, W, b: np.flatnonzero((X @ W <= 0).all(axis=0))),
        ("a single positive one is enough", lambda X, W, b: np.flatnonzero((X @ W + b).mean(axis=0) <= 0)),
        ("whether each one is dead", lambda X, W, b: (X @ W + b <= 0).all(axis=0)),
        ("give a tuple", lambda X, W, b: np.where((X @ W + b <= 0).all(axis=0))),
        ("how many there are", lambda X, W, b: (X @ W + b <= 0).all(axis=0).sum()),
    ],
    "outputs": [
        ("ReLU cannot give a temperature below zero", choose(temperature="relu")),
        ('its name is "linear"', choose(temperature="none")),
        ("Softmax of a single neuron", choose(spam="softmax")),
        ("Ten sigmoids do not add up", choose(digit="sigmoid")),
        ("makes the words compete", choose(tags="softmax")),
        ("can be dead from the start", choose(waiting="ReLU")),
        ("may be negative", choose(waiting="linear")),
        ("'banana' does not fit", choose(digit="banana")),
        ("The task waiting is missing", {k: v for k, v in OUTPUTS.items() if k != "waiting"}),
        ("cannot be read", 3),
    ],
}
