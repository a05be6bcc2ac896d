"""What readers write in the exercises of chapter 7: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import numpy as np

# Right


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def dense_backward(x, W, grad):
    return [np.einsum("nm,dm->nd", grad, W), np.einsum("nd,nm->dm", x, grad), np.ones(len(x)) @ grad]


def logits_gradient(z, labels):
    p = softmax(z)
    p[np.arange(len(z)), labels] -= 1
    return p / len(z)


def batch_norm_backward(x, grad, epsilon):
    n, centred = len(x), x - x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + epsilon)
    d_std = -(grad * centred).sum(axis=0) / std**2
    d_centred = grad / std + d_std / std * centred / n
    return d_centred - d_centred.sum(axis=0) / n


def gradients(x, y, W1, b1, W2, b2):
    a1 = np.tanh(x @ W1 + b1)
    d2 = 2 * (a1 @ W2 + b2 - y) / y.size
    d1 = d2 @ W2.T * (1 - a1 * a1)
    return x.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0)


RIGHT = {
    "small_graph": {"x": 8.0, "w": -32.0, "u": -8.0, "v": -8.0},
    "tanh_backward": lambda a, grad: (1 + a) * (1 - a) * grad,
    "dense_backward": dense_backward,
    "logits_gradient": logits_gradient,
    "batch_norm_backward": batch_norm_backward,
    "gradients": gradients,
    "shortcut_backward": lambda x, W, grad: grad + (grad * (1 - np.tanh(x @ W) ** 2)) @ W.T,
}

# Wrong


def shares(e):
    return e / e.sum(axis=1, keepdims=True)


def less_one(p, labels):
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


def less_columns(p, labels):
    p[:, labels] = p[:, labels] - 1
    return p / len(p)


def slopes(**changes):
    return RIGHT["small_graph"] | changes


def buggy(x, y, W1, b1, W2, b2, *, sign=1, mean=True, axis=0, twice=False):
    a1 = np.tanh(x @ W1 + b1)
    grad = sign * 2 * (a1 @ W2 + b2 - y) / (y.size if mean else 1)
    slope = 1 - np.square(np.tanh(a1) if twice else a1)
    back = np.dot(grad, W2.T) * slope
    return np.dot(x.T, back), np.sum(back, 0), np.dot(a1.T, grad), np.sum(grad, axis)


def whole_table(x, grad, epsilon):
    std = np.sqrt(x.var() + epsilon)
    x_hat = (x - x.mean()) / std
    return (grad - grad.mean() - x_hat * (grad * x_hat).mean()) / std


def epsilon_outside(x, grad, epsilon):
    std = x.std(axis=0) + epsilon
    x_hat = (x - x.mean(axis=0)) / std
    return (grad - grad.mean(axis=0) - x_hat * (grad * x_hat).mean(axis=0)) / std


def paths_added(x, grad, epsilon):
    std = np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) / std
    return (grad + grad.mean(axis=0) + x_hat * (grad * x_hat).mean(axis=0)) / std


def slope_at_z(x, y, W1, b1, W2, b2):
    z1 = x @ W1 + b1
    d2 = 2 * (np.tanh(z1) @ W2 + b2 - y) / y.size
    d1 = d2 @ W2.T * (1 - z1 * z1)
    return x.T @ d1, d1.sum(0), np.tanh(z1).T @ d2, d2.sum(0)


def with_bug(**bugs):
    return lambda *case: buggy(*case, **bugs)


def in_place(x, W, grad):
    grad += (grad * (1 - np.tanh(x @ W) ** 2)) @ W.T
    return grad


WRONG = {
    "small_graph": [
        ("Two arrows leave w", slopes(w=-24)),
        ("Two arrows leave w", slopes(w=-8)),
        ("added, not multiplied", slopes(w=192)),
        ("has the slope 2v", slopes(v=-4, u=-4, x=4, w=-16)),
        ("has the slope 2v", slopes(v=16, u=16, x=-16, w=64)),
        ("each factor moves with the other", slopes(x=-24, w=0)),
        ("The sign of v is lost", slopes(v=8, u=8, x=-8, w=32)),
        ("has the slope 1", slopes(u=24)),
        ("u moves x times as fast as w", slopes(w=-16)),
        ("one path only", slopes(x=-32)),
        ("and no others", slopes(L=1)),
        ("The key 'u' is missing", {"x": 8, "w": -32, "v": -8}),
    ],
    "tanh_backward": [
        ("do not take tanh once more", lambda a, grad: grad / np.cosh(a) ** 2),
        ("the derivative alone", lambda a, grad: (1 - a) * (1 + a)),
        ("and grad, the gradient", lambda a, grad: 1 / np.cosh(a) ** 2),
        ("belongs to the sigmoid", lambda a, grad: a * (1 - a) * grad),
        ("The square is missing", lambda a, grad: grad - grad * a),
        ("The sign of the square", lambda a, grad: grad + grad * a * a),
        ("The brackets are missing", lambda a, grad: grad - a * a),
        ("It is called as", lambda a: 1 - a**2),
    ],
    "dense_backward": [
        ("once too often", lambda x, W, g: (g @ W.T, x.T @ g / len(x), g.mean(axis=0))),
        ("the samples should disappear", lambda x, W, g: (g @ W.T, x.T @ g, g.sum(1))),
        ("name the axis", lambda x, W, g: (g @ W.T, x.T @ g, np.sum(g))),
        ("not yet added up", lambda x, W, g: (g @ W.T, x.T @ g, g)),
        ("a row too many", lambda x, W, g: (g @ W.T, x.T @ g, g.sum(axis=0, keepdims=True))),
        ("dW is the wrong way round", lambda x, W, g: (g @ W.T, g.T @ x, g.sum(axis=0))),
        ("another order", lambda x, W, g: (x.T @ g, g.sum(axis=0), g @ W.T)),
        ("shape of what it belongs to", lambda x, W, g: (W @ g.T, g.T @ x, g.sum(axis=0))),
        ("dx is missing", lambda x, W, g: (x.T @ g, g.sum(axis=0))),
        ("dx needs the transpose|The shapes do not fit", lambda x, W, g: (g @ W, x.T @ g, g.sum(0))),
    ],
    "logits_gradient": [
        ("divide by their number", lambda z, labels: softmax(z) - np.eye(z.shape[1])[labels]),
        ("by the number of samples", lambda z, labels: logits_gradient(z, labels) / z.shape[1]),
        ("The sign is turned round", lambda z, labels: -logits_gradient(z, labels)),
        ("softmax is missing", lambda z, labels: (z - np.eye(z.shape[1])[labels]) / len(z)),
        (
            "The other classes have slopes too",
            lambda z, labels: np.eye(z.shape[1])[labels] * logits_gradient(z, labels),
        ),
        ("take 1 off", lambda z, labels: softmax(z) / len(z)),
        ("overflows", lambda z, labels: less_one(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), labels)),
        ("Each row needs its own", lambda z, labels: less_one(shares(np.exp(z - z.max())), labels)),
        (
            "with a sum of its own",
            lambda z, labels: less_one(np.exp(z - z.max()) / np.exp(z - z.max()).sum(), labels),
        ),
        ("numbers of classes", lambda z, labels: (softmax(z) - labels.reshape(-1, 1)) / len(z)),
        ("Make them one-hot", lambda z, labels: (softmax(z) - labels) / len(z)),
        ("the number of classes, z.shape", lambda z, labels: (softmax(z) - np.eye(len(z))[labels]) / len(z)),
        ("whole columns", lambda z, labels: less_columns(softmax(z), labels)),
        ("down the columns", lambda z, labels: (softmax(z.T).T - np.eye(z.shape[1])[labels]) / len(z)),
    ],
    "batch_norm_backward": [
        ("treated as fixed", lambda x, grad, epsilon: grad / np.sqrt(x.var(axis=0) + epsilon)),
        (
            "through the variance is missing",
            lambda x, grad, epsilon: (grad - grad.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon),
        ),
        (
            "not for itself alone",
            lambda x, grad, epsilon: (grad - grad / len(x)) / np.sqrt(x.var(axis=0) + epsilon),
        ),
        ("taken off, not added", paths_added),
        ("over the whole table", whole_table),
        ("under the root", epsilon_outside),
        ("the way forward", lambda x, grad, epsilon: (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon)),
        ("epsilon is forgotten", lambda x, grad, epsilon: batch_norm_backward(x, grad, 0)),
        (
            "Divide by its root",
            lambda x, grad, epsilon: batch_norm_backward(x, grad, epsilon) / np.sqrt(x.var(axis=0) + epsilon),
        ),
        (
            "deviation is missing",
            lambda x, grad, epsilon: batch_norm_backward(x, grad, epsilon) * np.sqrt(x.var(axis=0) + epsilon),
        ),
    ],
    "gradients": [
        ("The sign of the error", with_bug(sign=-1)),
        ("The loss is a mean", with_bug(mean=False)),
        ("Each output neuron has its own bias", with_bug(axis=None)),
        ("a1 is tanh(z1) already", with_bug(twice=True)),
        ("Divide by y.size", lambda x, y, *weights: [one * y.shape[1] for one in gradients(x, y, *weights)]),
        ("brings a factor 2", lambda *case: [one / 2 for one in gradients(*case)]),
        ("not with z1", slope_at_z),
        ("Several bugs are left", with_bug(sign=-1, mean=False, axis=None, twice=True)),
        ("Several bugs are left", with_bug(mean=False, twice=True)),
        ("The shapes do not fit", lambda x, y, W1, b1, W2, b2: (x.T @ y @ W2, b1, W2, b2)),
    ],
    "shortcut_backward": [
        ("The shortcut is a path too", lambda x, W, g: (g * (1 - np.tanh(x @ W) ** 2)) @ W.T),
        ("the shortcut alone", lambda x, W, g: g.copy()),
        ("The derivative of tanh is missing", lambda x, W, g: g + g @ W.T),
        ("its transpose", lambda x, W, g: g + (g * (1 - np.tanh(x @ W) ** 2)) @ W),
        ("where tanh is met on the way back", lambda x, W, g: g + g @ W.T * (1 - np.tanh(x @ W) ** 2)),
        ("grad times 1", lambda x, W, g: 1 + (g * (1 - np.tanh(x @ W) ** 2)) @ W.T),
        ("do not take tanh twice", lambda x, W, g: g + (g * (1 - np.tanh(np.tanh(x @ W)) ** 2)) @ W.T),
        ("meets tanh first", lambda x, W, g: g * (1 + (1 - np.tanh(x @ W) ** 2) @ W.T)),
        ("lies W", lambda x, W, g: g * (2 - np.tanh(x @ W) ** 2)),
        ("not at x", lambda x, W, g: g + (g / np.cosh(x) ** 2) @ W.T),
        ("carries grad too", lambda x, W, g: g + (1 - np.tanh(x @ W) ** 2) @ W.T),
        ("does not go through W", lambda x, W, g: (g + g * (1 - np.tanh(x @ W) ** 2)) @ W.T),
        ("changes its argument grad", in_place),
    ],
}
