"""What readers write in the exercises of chapter 6: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

# Right


def fate(rate, curvatures):
    limit = 2 / np.max(curvatures)
    if rate < limit:
        return "converges"
    return "bounces" if rate == limit else "diverges"


def largest_rate(X, *, ones=True, factor=2, pick=-1):
    X = np.hstack([X, np.ones((len(X), 1))]) if ones else X
    return 2 / np.linalg.eigvalsh(factor / len(X) * X.T @ X)[pick]


def logistic_grads(X, y, w, b):
    error = (1 / (1 + np.exp(-(X @ w + b))) - y) / len(y)
    return error @ X, error.sum()


def exact_rate(X, y, w, *, top=1, bottom=1):
    g = 2 / len(y) * X.T @ (X @ w - y)
    return top * (g @ g) / (bottom * 2 * np.mean((X @ g) ** 2))


def epoch(X, y, w, order, batch_size, rate):
    for k in range(math.ceil(len(order) / batch_size)):
        rows = order[k * batch_size : (k + 1) * batch_size]
        w = w - rate * 2 * np.mean((X[rows] @ w - y[rows])[:, None] * X[rows], axis=0)
    return w


def steps_needed(curvatures, nearer):
    kappa = max(curvatures) / min(curvatures)
    if kappa == 1:
        return 1
    return math.ceil(math.log(nearer) / math.log((kappa + 1) / (kappa - 1)))


def walk_until(loss, grad, w, rate, enough, limit):
    for step in range(limit):
        if loss(w) <= enough:
            return w, step
        w = w - rate * grad(w)
    return w, limit


RIGHT = {
    "fate": fate,
    "largest_rate": largest_rate,
    "logistic_grads": logistic_grads,
    "exact_rate": exact_rate,
    "epoch": epoch,
    "steps_needed": steps_needed,
    "walk_until": walk_until,
}

# Wrong


def compared(limit):
    return lambda rate, c: "converges" if rate < limit(c) else "bounces" if rate == limit(c) else "diverges"


def any_bounces(rate, c):
    if all(rate * c < 2):
        return "converges"
    return "bounces" if any(rate * c == 2) else "diverges"


def changed(change):
    return lambda X, y, w, b: change(*logistic_grads(X, y, w, b), len(X))


def errors(X, y, w, b):
    return 1 / (1 + np.exp(-(X @ w + b))) - y


def by_size(X, y, w, b):
    return X.T @ errors(X, y, w, b) / X.size, errors(X, y, w, b).mean()


def not_added_up(X, y, w, b):
    return errors(X, y, w, b)[:, None] * X / len(X), errors(X, y, w, b).mean()


def product_of_means(X, y, w, b):
    return errors(X, y, w, b).mean() * X.mean(axis=0), errors(X, y, w, b).mean()


def slope_left_in(X, y, w, b, factor=1):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    error = factor * (p - y) * p * (1 - p)
    return X.T @ error / len(X), error.mean()


def curvature_along(X, y, w):
    g = X.T @ (X @ w - y)
    return 2 * np.mean((X @ g) ** 2) / (g @ g)


def no_mean_anywhere(X, y, w):
    g = X.T @ (X @ w - y)
    return (g @ g) / (g @ X.T @ X @ g)


def root_forgotten(X, y, w):
    g = 2 / len(y) * X.T @ (X @ w - y)
    return np.linalg.norm(g) / (2 * np.mean((X @ g) ** 2))


def whole_batches(X, y, w, order, batch_size, rate):
    for k in range(len(order) // batch_size):
        rows = order[k * batch_size : (k + 1) * batch_size]
        w = w - rate * 2 / len(rows) * X[rows].T @ (X[rows] @ w - y[rows])
    return w


def one_batch_short(X, y, w, order, batch_size, rate):
    for k in range(0, len(order) - batch_size, batch_size):
        rows = order[k : k + batch_size]
        w = w - rate * 2 / len(rows) * X[rows].T @ (X[rows] @ w - y[rows])
    return w


def batches_of(X, y, w, order, batch_size, rate, *, share=None, factor=2, sign=-1, frozen=False):
    start = w
    for k in range(0, len(order), batch_size):
        rows = order[k : k + batch_size]
        at = start if frozen else w
        w = w + sign * rate * factor / (share or len(rows)) * X[rows].T @ (X[rows] @ at - y[rows])
    return w


def in_place(X, y, w, order, batch_size, rate):
    for k in range(0, len(order), batch_size):
        rows = order[k : k + batch_size]
        w -= rate * 2 / len(rows) * X[rows].T @ (X[rows] @ w - y[rows])
    return w


def count(curvatures, nearer, *, rounded=math.ceil, square=1):
    kappa = (max(curvatures) / min(curvatures)) ** square
    return rounded(math.log(nearer) / math.log((kappa + 1) / (kappa - 1))) if kappa > 1 else 1


def log_below_one(curvatures, nearer):
    factor = (max(curvatures) - min(curvatures)) / (max(curvatures) + min(curvatures))
    return math.ceil(math.log(nearer) / math.log(factor)) if factor else 1


def half_kappa(curvatures, nearer):
    return math.ceil(max(curvatures) / min(curvatures) * math.log(nearer) / 2)


def shrinks(curvatures):
    return max((max(curvatures) - min(curvatures)) / (max(curvatures) + min(curvatures)), 0.01)


def from_ones(curvatures, nearer):
    e, steps = np.ones(len(curvatures)), 0
    while np.linalg.norm(e) * nearer > len(e) ** 0.5:
        e, steps = e - 2 / (max(curvatures) + min(curvatures)) * curvatures * e, steps + 1
    return steps


def at_one_over_L(curvatures, nearer):
    kappa = max(curvatures) / min(curvatures)
    return math.ceil(math.log(nearer) / -math.log(1 - 1 / kappa)) if kappa > 1 else 1


def step_first(loss, grad, w, rate, enough, limit):
    step = 0
    while True:
        w, step = w - rate * grad(w), step + 1
        if loss(w) <= enough or step >= limit:
            return w, step


def looks_afterwards(loss, grad, w, rate, enough, limit):
    for step in range(limit):
        w = w - rate * grad(w)
        if loss(w) <= enough:
            return w, step + 1
    return w, step + 1


def loop_number(loss, grad, w, rate, enough, limit):
    for step in range(limit):
        if loss(w) <= enough:
            return w, step
        w = w - rate * grad(w)
    return w, step


def number_of_the_last(loss, grad, w, rate, enough, limit):
    for step in range(limit):
        w = w - rate * grad(w)
        if loss(w) <= enough:
            return w, step
    return w, step


def whole_walk(loss, grad, w, rate, enough, limit):
    walk = [w]
    for _ in range(limit):
        if loss(walk[-1]) <= enough:
            break
        walk.append(walk[-1] - rate * grad(walk[-1]))
    return np.array(walk), len(walk) - 1


def both_needed(loss, grad, w, rate, enough, limit):
    step = 0
    while loss(w) > enough or step < limit:
        w, step = w - rate * grad(w), step + 1
    return w, step


def to_the_limit(loss, grad, w, rate, enough, limit):
    for _ in range(limit):
        w = w - rate * grad(w)
    return w, limit


def strictly(loss, grad, w, rate, enough, limit):
    step = 0
    while loss(w) >= enough and step < limit:
        w, step = w - rate * grad(w), step + 1
    return w, step


def one_more(loss, grad, w, rate, enough, limit):
    return walk_until(loss, grad, w, rate, enough, limit + 1)


def moves_the_start(loss, grad, w, rate, enough, limit):
    step = 0
    while loss(w) > enough and step < limit:
        w -= rate * grad(w)
        step += 1
    return w, step


WRONG = {
    "fate": [
        ("The limit is 2/L", compared(lambda c: 1 / max(c))),
        ("take the largest curvature", compared(lambda c: 2 / min(c))),
        ("The curvatures need not be sorted", compared(lambda c: 2 / c[-1])),
        ("the first curvature only", compared(lambda c: 2 / c[0])),
        ("do not add the curvatures up", compared(lambda c: 2 / np.sum(c))),
        ("the walk does not come nearer", lambda rate, c: "diverges" if rate > 2 / max(c) else "converges"),
        ("does not go farther away", lambda rate, c: "converges" if rate < 2 / max(c) else "diverges"),
        ("is the best rate", compared(lambda c: 2 / (max(c) + min(c)))),
        ("0 of 13 cases", lambda rate, c: rate < 2 / max(c)),
        ("a steeper one flies off", any_bounces),
        ("without its sign", lambda rate, c: "converges" if max(1 - rate * c) < 1 else "diverges"),
        ("The rate is compared with L", compared(max)),
        ("it converges", lambda rate, c: ["converges", "bounces", "diverges"][min(int(rate * max(c)), 2)]),
    ],
    "largest_rate": [
        ("The bias is forgotten", lambda X: largest_rate(X, ones=False)),
        ("The factor 2 of the squared error is forgotten", lambda X: largest_rate(X, factor=1)),
        ("The mean is forgotten", lambda X: largest_rate(X, factor=2 * len(X))),
        ("This is half of the limit", lambda X: largest_rate(X) / 2),
        ("This is L itself", lambda X: 2 / largest_rate(X)),
        ("This belongs to the flattest direction", lambda X: largest_rate(X, pick=0)),
        ("The largest number on the diagonal", lambda X: len(X) / max(len(X), *(X**2).sum(axis=0))),
    ],
    "logistic_grads": [
        ("The sign is turned round", changed(lambda dw, db, n: (-dw, -db))),
        ("divide by the number of samples", changed(lambda dw, db, n: (dw * n, db * n))),
        ("dw is divided by all numbers of X", by_size),
        ("not yet added up", lambda X, y, w, b: (logistic_grads(X, y, w, b)[0], errors(X, y, w, b) / len(y))),
        ("db is still a sum", changed(lambda dw, db, n: (dw, db * n))),
        ("The factor 2 belongs", changed(lambda dw, db, n: (2 * dw, 2 * db))),
        ("dw is not yet added up", not_added_up),
        (
            "sample by sample",
            lambda *case: (errors(*case).mean() * case[0].mean(axis=0), errors(*case).mean()),
        ),
        ("has exp(-z) in it", lambda X, y, w, b: logistic_grads(X, y, -w, -b)),
        ("In the cross-entropy it cancels", slope_left_in),
        ("with the squared error", lambda *case: slope_left_in(*case, factor=2)),
        (
            "compare its answer with the target",
            lambda X, y, w, b: (X.T @ (X @ w + b - y) / len(X), (X @ w + b - y).mean()),
        ),
        ("first dw, then db", changed(lambda dw, db, n: (db, dw))),
        ("The bias is missing in the sum", lambda X, y, w, b: logistic_grads(X, y, w, 0)),
    ],
    "exact_rate": [
        ("This is 1/L", lambda X, y, w: 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]),
        ("This is the limit 2/L", lambda X, y, w: 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]),
        ("The lowest place is half way", lambda *case: exact_rate(*case, top=2)),
        ("Twice too short", lambda *case: exact_rate(*case, bottom=2)),
        ("the 2/n is missing", no_mean_anywhere),
        ("divide by their number", lambda X, y, w: exact_rate(X, y, w, bottom=len(X))),
        ("The rate is one over it|upside down", curvature_along),
        ("The length of the gradient has to be squared", root_forgotten),
        ("The sign is turned round", lambda *case: exact_rate(*case, top=-1)),
    ],
    "epoch": [
        ("The last, smaller batch is dropped", whole_batches),
        ("one batch too early", one_batch_short),
        (
            "divide by its own number of rows",
            lambda X, y, w, o, size, r: batches_of(X, y, w, o, size, r, share=size),
        ),
        (
            "the number of all samples",
            lambda X, y, w, o, size, r: batches_of(X, y, w, o, size, r, share=len(X)),
        ),
        ("This is the gradient of the sum", lambda *case: batches_of(*case, share=1)),
        ("All steps use the slope at the start", lambda *case: batches_of(*case, frozen=True)),
        ("The factor 2 of the squared error is missing", lambda *case: batches_of(*case, factor=1)),
        ("this walk climbs", lambda *case: batches_of(*case, sign=1)),
        ("the order that is given", lambda X, y, w, o, size, r: epoch(X, y, w, np.sort(o), size, r)),
        ("It changes its argument w", in_place),
    ],
    "steps_needed": [
        ("round up", lambda *case: count(*case, rounded=float)),
        ("It rounds down", lambda *case: count(*case, rounded=math.floor)),
        ("This is the count for the rate 1/L", at_one_over_L),
        ("the square root of the condition number", lambda *case: count(*case, square=0.5)),
        ("need not be sorted", lambda c, nearer: count(np.sort(c[[0, -1]]), nearer)),
        ("Take the slowest one alone", from_ones),
        (
            "Two kinds of logarithm",
            lambda c, nearer: math.ceil(math.log10(nearer) / math.log(1 / shrinks(c))),
        ),
        ("turn the sign", log_below_one),
        ("Take the factor itself", half_kappa),
        ("One too many", lambda *case: count(*case) + 1),
        ("This is the condition number", lambda c, nearer: np.max(c) / np.min(c)),
    ],
    "walk_until": [
        ("It takes a step before it looks", step_first),
        ("does nothing when the limit is 0", looks_afterwards),
        ("one step too few", loop_number),
        ("its loop counts from 0", number_of_the_last),
        ("Return the last one", whole_walk),
        ("Both have to", both_needed),
        ("It does not stop when the loss is low enough", to_the_limit),
        ("exactly so low is low enough", strictly),
        ("one step more than the limit", one_more),
        ("It changes its argument w", moves_the_start),
        ("first the place", lambda *case: walk_until(*case)[::-1]),
        ("The number of steps was asked for", lambda *case: walk_until(*case)[0]),
    ],
}
