"""What readers write in the exercises of chapter 10: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

from nnbook.optimizers import SGD, AdamW
from nnbook.optimizers.schedules import CosineDecay

# Right


def look_ahead(curvatures, w, m, lr, beta):
    g = curvatures * (w + beta * m)
    m = beta * m - lr * g
    return [w + m, m]


def corrected(gradients, beta):
    mean, found = 0.0, []
    for t, g in enumerate(gradients):
        mean += (1 - beta) * (g - mean)
        found.append(mean / (1 - beta ** (t + 1)))
    return found


def decoupled(w, g, m, v, t, lr, decay):
    optimizer, w = AdamW(lr, decay), w.copy()
    optimizer.build([w])
    optimizer.slots = {"momentum": [m.copy()], "velocity": [v.copy()]}
    optimizer.iterations = t - 1
    optimizer.apply([g], [w])
    return w


def rate(t, top, warmup, total):
    if t < warmup:
        return (t + 1) * top / warmup
    return CosineDecay(top, total - warmup)(t - warmup)


WALKERS = {"A": "plain", "B": "momentum", "C": "AdaGrad", "D": "Adam", "E": "RMSprop"}

RIGHT = {
    "rate_limit": lambda curvatures, beta: 2 * (1 + beta) / curvatures.max(),
    "look_ahead": look_ahead,
    "corrected": corrected,
    "who": dict(WALKERS),
    "decoupled": decoupled,
    "clip": lambda gradients, limit: SGD(global_clipnorm=limit).clip(gradients),
    "rate": rate,
}

# Wrong


def ahead(curvatures, w, m, lr, beta, at=lambda w, m, beta: w + beta * m):
    m = beta * m - lr * curvatures * at(w, m, beta)
    return w + m, m


def moved(curvatures, w, m, lr, beta):
    w = w + beta * m
    m = beta * m - lr * curvatures * w
    return w + m, m


def turned(curvatures, w, m, lr, beta):
    m = beta * m + lr * curvatures * (w - beta * m)
    return w - m, m


def forgotten(curvatures, w, m, lr, beta):
    p = w + beta * m
    return p - lr * curvatures * p, beta * m


def keras_form(curvatures, w, m, lr, beta):
    g = curvatures * w
    m = beta * m - lr * g
    return w + beta * m - lr * g, m


def mean(gradients, beta, m=0.0, divide=lambda t, beta: 1.0, back=False):
    found = []
    for t in range(len(gradients)):
        m = beta * m + (1 - beta) * gradients[t]
        found.append(m / divide(t, beta))
        if back:
            m = found[-1]
    return np.array(found)


def adam(w, g, m, v, t, lr):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)


def other_epsilon(w, g, m, v, t, lr, d, root):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - lr * d * w - lr * (m / (1 - 0.9**t)) / root(v, t)


def no_correction(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - lr * decay * w - lr * m / (np.sqrt(v) + 1e-7)


def upside_down(w, g, m, v, t, lr, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - lr * decay * w - lr * (1 - 0.9**t) / np.sqrt(1 - 0.999**t) * m / (np.sqrt(v) + 1e-7)


def norm(g):
    return np.sqrt(np.sum(np.square(g)))


def common(gradients):
    return np.sqrt(sum(norm(g) ** 2 for g in gradients))


def shortened(gradients, limit, by):
    return [g * limit / by if by > limit else g for g in gradients]


def always_scaled(gradients, limit):
    with np.errstate(invalid="ignore"):
        return [g * limit / common(gradients) for g in gradients]


def cosine(t, top, begin, span):
    return 0.5 * top * (1 + math.cos(math.pi * min(t - begin, span) / span))


def left(t, begin, end):
    return max(0, end - t) / (end - begin)


def up_then(down, rise=1):
    return lambda t, top, warmup, total: (
        top * (t + rise) / warmup if t < warmup else down(t, top, warmup, total)
    )


WRONG = {
    "rate_limit": [
        ("limit of plain descent", lambda c, beta: 2 / c.max()),
        ("not the gentlest", lambda c, beta: 2 * (1 + beta) / c.min()),
        ("Nesterov's limit", lambda c, beta: (2 + 2 * beta) / ((1 + 2 * beta) * c.max())),
        ("1 + beta, not 1 - beta", lambda c, beta: 2 * (1 - beta) / c.max()),
        ("with the best beta", lambda c, beta: (2 / (np.sqrt(c.max()) + np.sqrt(c.min()))) ** 2),
        ("The directions do not add up", lambda c, beta: 2 * (1 + beta) / c.sum()),
        ("on an even slope", lambda c, beta: 2 / ((1 - beta) * c.max())),
        ("one number was wanted|in the shape", lambda c, beta: 2 * (1 + beta) / c),
    ],
    "look_ahead": [
        ("The gradient is taken at w", lambda *case: ahead(*case, at=lambda w, m, beta: w)),
        ("the second form", keras_form),
        ("It looks back", lambda *case: ahead(*case, at=lambda w, m, beta: w - beta * m)),
        ("by the whole last step", lambda *case: ahead(*case, at=lambda w, m, beta: w + m)),
        ("The two are exchanged", lambda *case: ahead(*case)[::-1]),
        ("The old step is taken twice", moved),
        ("The sign of m is turned", turned),
        ("do not move by the m", forgotten),
    ],
    "corrected": [
        ("without the correction", mean),
        (
            "must not go on as the memory",
            lambda g, beta: mean(g, beta, divide=lambda t, b: 1 - b ** (t + 1), back=True),
        ),
        ("has t = 1", lambda g, beta: mean(g, beta, divide=lambda t, b: 1 - b ** (t + 2))),
        ("is another cure", lambda g, beta: mean(g, beta, m=g[0])),
        ("changes with the step", lambda g, beta: mean(g, beta, divide=lambda t, b: 1 - b)),
        ("divided by the last factor", lambda g, beta: mean(g, beta) / (1 - beta ** len(g))),
        (
            "with the share 1 - beta",
            lambda g, beta: mean(g / (1 - beta), beta, divide=lambda t, b: 1 - b ** (t + 1)),
        ),
    ],
    "who": [
        ("A and D are alike", WALKERS | {"A": "Adam", "D": "plain"}),
        ("C and E both divide", WALKERS | {"C": "RMSprop", "E": "AdaGrad"}),
        ("Whose steps grow", WALKERS | {"B": "Adam", "D": "momentum"}),
        ("Use the five names", WALKERS | {"A": "SGD"}),
        ("That is Adam", {"A": "AdaGrad", "B": "momentum", "C": "Adam", "D": "RMSprop", "E": "plain"}),
        ("The key 'E' is missing", {key: WALKERS[key] for key in "ABCD"}),
    ],
    "decoupled": [
        ("The decay is in the gradient", lambda w, g, m, v, t, lr, d: adam(w, g + d * w, m, v, t, lr)),
        ("the learning rate is missing", lambda w, g, m, v, t, lr, d: adam(w, g, m, v, t, lr) - d * w),
        ("before the step", lambda w, g, m, v, t, lr, d: (1 - lr * d) * adam(w, g, m, v, t, lr)),
        ("The bias correction is missing", no_correction),
        ("This is Adam", lambda w, g, m, v, t, lr, d: adam(w, g, m, v, t, lr)),
        (
            "the correction belongs to Adam's step",
            lambda w, g, m, v, t, lr, d: (
                adam(w, g, m, v, t, lr) - lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * d * w
            ),
        ),
        (
            "stands under the root",
            lambda *case: other_epsilon(*case, lambda v, t: np.sqrt((v + 1e-7) / (1 - 0.999**t))),
        ),
        (
            "the paper's first form",
            lambda *case: other_epsilon(*case, lambda v, t: np.sqrt(v / (1 - 0.999**t)) + 1e-7),
        ),
        (
            "Epsilon is missing",
            lambda *case: other_epsilon(*case, lambda v, t: np.sqrt(v / (1 - 0.999**t))),
        ),
        (
            "needs a root",
            lambda *case: other_epsilon(*case, lambda v, t: (np.sqrt(v) + 1e-7) / (1 - 0.999**t)),
        ),
        ("upside down", upside_down),
    ],
    "clip": [
        (
            "by its own norm",
            lambda gs, limit: [g * limit / norm(g) if norm(g) > limit else g for g in gs],
        ),
        ("entry by entry", lambda gs, limit: [np.clip(g, -limit, limit) for g in gs]),
        (
            "must stay as they are",
            lambda gs, limit: [g * limit / common(gs) if common(gs) else g for g in gs],
        ),
        (
            "The root is missing",
            lambda gs, limit: [g * min(1, limit / max(common(gs) ** 2, 1e-300)) for g in gs],
        ),
        ("upside down", lambda gs, limit: [g * max(1, common(gs) / limit) for g in gs]),
        ("with the length 1", lambda gs, limit: [g / common(gs) if common(gs) > limit else g for g in gs]),
        ("lengths of the arrays are added", lambda gs, limit: shortened(gs, limit, sum(map(norm, gs)))),
        ("a length of zero must not divide", always_scaled),
        (
            "The longest array alone",
            lambda gs, limit: [g * limit / max(limit, max(norm(g) for g in gs)) for g in gs],
        ),
    ],
    "rate": [
        ("would have the rate 0", up_then(lambda t, top, w, n: cosine(t, top, w, n - w), rise=0)),
        ("begins when the warm-up is over", up_then(lambda t, top, w, n: cosine(t, top, 0, n))),
        ("not total", up_then(lambda t, top, w, n: cosine(t, top, w, n))),
        ("a straight line", up_then(lambda t, top, w, n: top * max(0, n - t) / (n - w))),
        ("quarter of a cosine", up_then(lambda t, top, w, n: top * math.sin(math.pi / 2 * left(t, w, n)))),
        ("a whole cosine", up_then(lambda t, top, w, n: top * math.cos(math.pi * left(t, w, n)) ** 2)),
        ("is turned round", up_then(lambda t, top, w, n: top - cosine(t, top, w, n - w))),
        (
            "belongs to the fall",
            lambda t, top, w, n: (t + 1) * top / w if t <= w else cosine(t, top, w, n - w),
        ),
        (
            "rises again",
            up_then(lambda t, top, w, n: 0.5 * top * (1 + math.cos(math.pi * (t - w) / (n - w)))),
        ),
    ],
}
