"""The exercises of chapter 10: momentum's limit, looking ahead, corrections, decay, clipping, a schedule."""

from __future__ import annotations

import math

import numpy as np

from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(10)

# The limit of momentum

rate_limit = Exercise(
    "The learning rate up to which momentum converges in a bowl with these curvatures.",
    "rate_limit(curvatures, beta)",
    cases=[
        (np.array([1.0]), 0.0),
        (np.array([2.0]), 0.5),
        (np.array([1.0, 10.0]), 0.9),
        (np.array([8.0, 0.5, 2.0]), 0.75),
        (np.array([0.01, 0.2]), 0.99),
    ],
    right=lambda curvatures, beta: min((2 + 2 * beta) / curve for curve in curvatures),
    mistakes={
        "This is the limit of plain descent. Momentum raises it.": lambda c, beta: 2 / max(c),
        "The steepest direction sets the limit, not the gentlest.": lambda c, beta: 2 * (1 + beta) / min(c),
        "The limit is not set by the mean of the curvatures: the steepest direction breaks first.": (
            lambda c, beta: 2 * (1 + beta) / np.mean(c)
        ),
        "The directions do not add up: each has its own limit, and the steepest breaks first.": (
            lambda c, beta: 2 * (1 + beta) / sum(c)
        ),
        "1 / (1 - beta) says how long steps grow on an even slope. The limit grows by 1 + beta.": (
            lambda c, beta: 2 / (1 - beta) / max(c)
        ),
        "This is Nesterov's limit. The heavy ball bears more.": (
            lambda c, beta: 2 * (1 + beta) / (1 + 2 * beta) / max(c)
        ),
        "Longer steps do not lower the limit here: it is 1 + beta, not 1 - beta.": (
            lambda c, beta: 2 * (1 - beta) / max(c)
        ),
        "This is the rate at which momentum is fastest for one beta; the limit lies beyond it.": (
            lambda c, beta: (1 + beta) / max(c)
        ),
        "This is the rate at which momentum is fastest, with the best beta; the limit lies beyond it.": (
            lambda c, beta: 4 / (max(c) ** 0.5 + min(c) ** 0.5) ** 2
        ),
    },
)


# Looking ahead


def ahead(curvatures, w, m, lr, beta, *, jump=1.0, kept=1.0):
    """Return Nesterov's step with its gradient taken at w + jump beta m."""
    new = kept * beta * m - lr * curvatures * (w + jump * beta * m)
    return w + new, new


def shifted(curvatures, w, m, lr, beta):
    """Return the step in the form in which w itself is the point ahead."""
    g = curvatures * w
    new = beta * m - lr * g
    return w + beta * new - lr * g, new


def bowl_case(n):
    """Return a case with n weights."""
    w, m = rng.integers(-4, 5, n) / 2 + 0.25, rng.integers(-4, 5, n) / 4 + 0.125
    return rng.integers(1, 9, n) / 2, w, m, 0.125, 0.75


look_ahead = Exercise(
    "The pair (w, m) after one step of Nesterov's momentum in its first form; the gradient of this bowl "
    "at a point p is curvatures * p.",
    "look_ahead(curvatures, w, m, lr, beta)",
    cases=[bowl_case(n) for n in (1, 2, 3, 5)],
    right=lambda c, w, m, lr, beta: (
        (1 - lr * c) * (w + beta * m),
        (1 - lr * c) * (w + beta * m) - w,
    ),
    mistakes={
        "The gradient is taken at w. Nesterov takes it where the old step leads, at w + beta * m.": (
            lambda *case: ahead(*case, jump=0)
        ),
        "This is the second form, in which w is already the point ahead. The first one was asked for.": (
            shifted
        ),
        "It looks back: the point ahead is w + beta * m, with a plus.": lambda *case: ahead(*case, jump=-1),
        "It looks ahead by the whole last step; only its part beta will be taken again.": (
            lambda c, w, m, lr, beta: ahead(c, w, m, lr, beta, jump=1 / beta)
        ),
        "The old step is missing in the new one: m = beta * m - lr * g.": lambda *case: ahead(*case, kept=0),
        "The two are exchanged: first the weights, then the memory.": lambda *case: ahead(*case)[::-1],
        "The old step is taken twice: the new one starts from w, not from the point ahead.": (
            lambda c, w, m, lr, beta: (beta * m + ahead(c, w, m, lr, beta)[0], ahead(c, w, m, lr, beta)[1])
        ),
    },
    symptoms={
        "The sign of m is turned. Here m is the step itself: m = beta * m - lr * g, and w + m.": (
            lambda seen, c, w, m, lr, beta: np.allclose(np.add(*seen), w)
        ),
        "The weights do not move by the m that is returned: the new w is w + m, with the new m.": (
            lambda seen, c, w, m, lr, beta: not np.allclose(np.subtract(*seen), w)
        ),
    },
)


# The correction


def means(gradients, beta, begin=0.0, correct=lambda mean, t: mean, back=False):
    """Return running means, with one or another correction."""
    mean, found = begin, []
    for t, g in enumerate(gradients, 1):
        mean = beta * mean + (1 - beta) * g
        found.append(correct(mean, t))
        mean = found[-1] if back else mean
    return np.array(found)


corrected = Exercise(
    "The running mean after each of the gradients, corrected for its start at zero.",
    "corrected(gradients, beta)",
    cases=[
        (np.array([4.0]), 0.5),
        (np.array([1.0, 1.0, 1.0]), 0.9),
        (np.array([2.0, 0.0, -1.0, 5.0]), 0.75),
        (np.array([3.0, -1.0]), 0.0),
        (rng.integers(-5, 6, 12) / 2, 0.99),
    ],
    right=lambda gradients, beta: np.array(
        [np.average(gradients[:t], weights=beta ** np.arange(t)[::-1]) for t in range(1, len(gradients) + 1)]
    ),
    mistakes={
        "These are the means without the correction. Divide by 1 - beta ** t.": means,
        "The corrected mean must not go on as the memory: keep the plain one, and correct a copy.": (
            lambda gradients, beta: means(gradients, beta, correct=lambda m, t: m / (1 - beta**t), back=True)
        ),
        "The first gradient has t = 1; here it is corrected with t = 2.": (
            lambda gradients, beta: means(gradients, beta, correct=lambda m, t: m / (1 - beta ** (t + 1)))
        ),
        "Starting from the first gradient is another cure: it counts for too much ever after.": (
            lambda gradients, beta: means(gradients, beta, begin=gradients[0])
        ),
        "The factor changes with the step: 1 - beta ** t, not 1 - beta.": (
            lambda gradients, beta: means(gradients, beta, correct=lambda m, t: m / (1 - beta))
        ),
        "All means are divided by the last factor. Each has its own, 1 - beta ** t with its own t.": (
            lambda gradients, beta: means(gradients, beta) / (1 - beta ** len(gradients))
        ),
        "A new gradient enters the mean with the share 1 - beta.": (
            lambda gradients, beta: (
                means(gradients, beta, correct=lambda m, t: m / (1 - beta**t)) / (1 - beta)
            )
        ),
        "beta belongs to the old mean, and 1 - beta to the new gradient.": (
            lambda gradients, beta: means(gradients, 1 - beta, correct=lambda m, t: m / (1 - beta**t))
        ),
    },
)


# Who walked here?

WALKERS = {"A": "plain", "B": "momentum", "C": "AdaGrad", "D": "Adam", "E": "RMSprop"}


def exchanged(one, other):
    """Return the symptom that two walkers are taken for each other."""
    return lambda seen: seen[one] == WALKERS[other] and seen[other] == WALKERS[one]


who = Exercise(
    "A dictionary that gives the walkers A to E their rules: plain, momentum, AdaGrad, RMSprop or Adam.",
    right=WALKERS,
    symptoms={
        "Use the five names as they stand in the exercise, each once.": (
            lambda seen: (
                seen.keys() == WALKERS.keys() and sorted(map(str, seen.values())) != sorted(WALKERS.values())
            )
        ),
        "A and D are alike while the gradient stays. Which one remembers a direction when it turns?": (
            exchanged("A", "D")
        ),
        "C and E both divide by a root. One of them divides its first gradient by the gradient itself.": (
            exchanged("C", "E")
        ),
        "Whose steps grow while the gradient stays the same? That is momentum.": (
            lambda seen: seen["B"] != "momentum"
        ),
        "Steps of exactly the learning rate, then a short one: the direction is a mean, and the root is not "
        "shorter. That is Adam.": lambda seen: seen["D"] != "Adam",
    },
)


# AdamW


def adamw_step(
    w, g, m, v, t, lr, decay, *, penalty=0.0, after=False, power=1, shrink=None, under=0.0, added=1e-7
):
    """Return the weights after a step of AdamW, with one or another mistake."""
    g = g + penalty * w
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    lr_t = lr * (math.sqrt(1 - 0.999**t) / (1 - 0.9**t)) ** power
    step = lr_t * m / (np.sqrt(v + under) + added)
    shrink = lr * decay if shrink is None else shrink
    return (w - step) * (1 - shrink) if after else w * (1 - shrink) - step


def adamw_case(n, t):
    """Return a case with n weights at step t."""
    w, g, m = rng.integers(1, 9, (3, n)) / 2 * rng.choice([-1, 1], (3, n))
    return w, g, m, rng.integers(1, 9, n) / 4, t, 0.125, 0.5


decoupled = Exercise(
    "The weights after step number t of AdamW, in Keras's form, with the usual betas and epsilon 1e-7; "
    "m and v are the memory before the step.",
    "decoupled(w, g, m, v, t, lr, decay)",
    cases=[
        adamw_case(1, 1),
        adamw_case(2, 1),
        adamw_case(3, 10),
        adamw_case(4, 1000),
        (np.ones(1), np.array([2.0**-12]), np.zeros(1), np.zeros(1), 1, 0.125, 0.5),
    ],
    right=lambda w, g, m, v, t, lr, decay: (
        (1 - lr * decay) * w
        - lr
        * ((0.9 * m + 0.1 * g) / (1 - 0.9**t))
        / (np.sqrt((0.999 * v + 0.001 * g * g) / (1 - 0.999**t)) + 1e-7 / np.sqrt(1 - 0.999**t))
    ),
    mistakes={
        "The decay is in the gradient, so Adam divides it by its root. Take it from the weights instead.": (
            lambda w, g, m, v, t, lr, decay: adamw_step(w, g, m, v, t, lr, decay, penalty=decay, shrink=0.0)
        ),
        "The decay takes lr * decay of each weight; the learning rate is missing.": (
            lambda w, g, m, v, t, lr, decay: adamw_step(w, g, m, v, t, lr, decay, shrink=decay)
        ),
        "The decay comes before the step, from the weights as they were.": (
            lambda *case: adamw_step(*case, after=True)
        ),
        "The bias correction is missing.": lambda *case: adamw_step(*case, power=0),
        "The correction is upside down: lr * sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t).": (
            lambda *case: adamw_step(*case, power=-1)
        ),
        "The factor of the squares needs a root: lr * sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t).": (
            lambda w, g, m, v, t, lr, decay: adamw_step(
                w, g, m, v, t, lr * math.sqrt(1 - 0.999**t), decay, shrink=lr * decay
            )
        ),
        "Epsilon is missing. Keras adds it to the root of v.": lambda *case: adamw_step(*case, added=0.0),
        "This is Adam: nothing is taken away.": lambda *case: adamw_step(*case, shrink=0.0),
        "The decay takes lr * decay; the correction belongs to Adam's step alone.": (
            lambda w, g, m, v, t, lr, decay: adamw_step(
                w, g, m, v, t, lr, decay, shrink=lr * decay * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            )
        ),
        "Epsilon stands under the root here. Keras adds it to the root.": (
            lambda *case: adamw_step(*case, under=1e-7, added=0.0)
        ),
        "Epsilon stands beside the corrected root, the paper's first form. Keras adds it to the root of v.": (
            lambda w, g, m, v, t, lr, decay: adamw_step(
                w, g, m, v, t, lr, decay, added=1e-7 * math.sqrt(1 - 0.999**t)
            )
        ),
        "m and v are those before the step: take g into both means first.": (
            lambda w, g, m, v, t, lr, decay: (
                w * (1 - lr * decay) - lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
            )
        ),
    },
)


# Clipping


def scaled(gradients, factor):
    """Return all gradients times a factor."""
    return [factor * g for g in gradients]


def length(gradients) -> float:
    """Return the Euclidean norm of all entries together."""
    return math.hypot(*(float(entry) for g in gradients for entry in np.ravel(g)))


clip = Exercise(
    "The list of gradients, all shortened by one factor so that their common norm is at most `limit`.",
    "clip(gradients, limit)",
    cases=[
        ([np.array([3.0]), np.array([4.0])], 1.0),
        ([np.array([3.0]), np.array([4.0])], 10.0),
        ([np.zeros(2), np.zeros(3)], 1.0),
        ([np.array([[1.0, -2.0], [2.0, 4.0]]), np.array([0.5, -1.0])], 2.5),
        ([np.array([[0.3, 0.1]]), np.array([0.2]), np.array([[0.1], [0.4]])], 0.25),
    ],
    right=lambda gradients, limit: scaled(gradients, limit / max(limit, length(gradients))),
    mistakes={
        "Each array is clipped by its own norm. One norm and one factor serve for all of them.": (
            lambda gradients, limit: [g * limit / max(limit, length([g])) for g in gradients]
        ),
        "This clips entry by entry, which turns the direction.": (
            lambda gradients, limit: [np.clip(g, -limit, limit) for g in gradients]
        ),
        "Gradients that are short enough must stay as they are.": (
            lambda gradients, limit: scaled(gradients, limit / (length(gradients) or 1.0))
        ),
        "The root is missing: the norm is the root of the sum of squares.": (
            lambda gradients, limit: scaled(gradients, limit / max(limit, length(gradients) ** 2))
        ),
        "Long gradients come out with the length 1. The common length should be `limit`.": (
            lambda gradients, limit: scaled(
                gradients, 1 / length(gradients) if length(gradients) > limit else 1.0
            )
        ),
        "The lengths of the arrays are added. Add their squares, and take the root of the sum.": (
            lambda gradients, limit: scaled(
                gradients, limit / max(limit, sum(length([g]) for g in gradients))
            )
        ),
        "The norm is the root of a sum of squares, not a sum of sizes.": (
            lambda gradients, limit: scaled(
                gradients, limit / max(limit, sum(np.abs(g).sum() for g in gradients))
            )
        ),
        "Gradients that are short enough must stay as they are; a length of zero must not divide.": (
            lambda gradients, limit: scaled(
                gradients, limit / length(gradients) if length(gradients) else math.nan
            )
        ),
        "The longest array alone sets the factor. The common norm is that of all entries together.": (
            lambda gradients, limit: scaled(gradients, limit / max(limit, *(length([g]) for g in gradients)))
        ),
        "The factor is upside down: limit over norm.": (
            lambda gradients, limit: scaled(gradients, max(limit, length(gradients)) / limit)
        ),
    },
)


# A schedule


def half_cosine(p):
    """Return what is left of the rate after the part p of the fall."""
    return 0.5 * (1 + math.cos(math.pi * p))


def falling(t, top, warmup, total, *, rise=1, begin=None, span=None, end=1.0, shape=half_cosine):
    """Return the rate of step t, with one or another mistake."""
    if t < warmup:
        return top * (t + rise) / warmup
    begin, span = warmup if begin is None else begin, total - warmup if span is None else span
    return top * shape(min((t - begin) / span, end))


rate = Exercise(
    "The learning rate of step t, counted from 0: up in `warmup` equal parts to `top`, then down along half "
    "a cosine, and 0 from step `total` on.",
    "rate(t, top, warmup, total)",
    cases=[
        (0, 1.0, 4, 10),
        (2, 1.0, 4, 10),
        (3, 1.0, 4, 10),
        (4, 1.0, 4, 10),
        (6, 1.0, 4, 10),
        (7, 0.5, 4, 10),
        (9, 1.0, 4, 10),
        (10, 1.0, 4, 10),
        (13, 1.0, 4, 10),
        (0, 0.25, 1, 3),
        (2, 0.25, 1, 3),
    ],
    right=lambda t, top, warmup, total: float(
        top * (t + 1) / warmup
        if t < warmup
        else top * math.cos(0.5 * math.pi * (t - warmup) / (total - warmup)) ** 2 * (t < total)
    ),
    mistakes={
        "The first step would have the rate 0, and be wasted: step t is part t + 1 of the rise.": (
            lambda *case: falling(*case, rise=0)
        ),
        "The cosine begins when the warm-up is over: count its steps from there.": (
            lambda t, top, warmup, total: falling(t, top, warmup, total, begin=0, span=total)
        ),
        "The fall has total - warmup steps, not total.": (
            lambda t, top, warmup, total: falling(t, top, warmup, total, span=total)
        ),
        "It falls in a straight line; half a cosine was asked for.": (
            lambda *case: falling(*case, shape=lambda p: 1 - p)
        ),
        "This is a quarter of a cosine. Half of one goes from 1 to -1: lift it to 2 and 0, then halve it.": (
            lambda *case: falling(*case, shape=lambda p: math.cos(0.5 * math.pi * p))
        ),
        "This is a whole cosine, which falls and rises again. Half of one ends at the angle pi.": (
            lambda *case: falling(*case, shape=lambda p: half_cosine(2 * p))
        ),
        "The cosine is turned round: after the warm-up the rate begins at `top` and falls to 0.": (
            lambda *case: falling(*case, shape=lambda p: half_cosine(1 + p))
        ),
        "Step `warmup` belongs to the fall already: the last step of the rise is `warmup - 1`.": (
            lambda t, top, warmup, total: (
                top * (t + 1) / warmup if t == warmup else falling(t, top, warmup, total)
            )
        ),
        "After `total` the cosine rises again. From there on the rate is 0.": (
            lambda *case: falling(*case, end=math.inf)
        ),
        "The warm-up is missing.": lambda t, top, warmup, total: falling(t, top, 0, total),
    },
)
