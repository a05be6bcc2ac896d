"""The exercises of chapter 6: signs, limits, rates, batches and stopping, for walks downhill."""

from __future__ import annotations

import math

import numpy as np

from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(6)


# What becomes of a walk


def fate_at(limit):
    """Return the answer of somebody who takes ``limit(curvatures)`` for the largest rate."""

    def fate(rate, curvatures):
        largest = limit(np.array(curvatures))
        return "bounces" if rate == largest else "converges" if rate < largest else "diverges"

    return fate


def walked_fate(rate, curvatures) -> str:
    """Return what a walk does that begins one away in each direction."""
    farthest = max(abs(1 - rate * curvature) for curvature in curvatures)
    return "bounces" if farthest == 1 else "converges" if farthest < 1 else "diverges"


fate = Exercise(
    'The fate of descent on a squared error, from a start that is off in every direction: "converges", '
    '"bounces" or "diverges".',
    "fate(rate, curvatures)",
    cases=[
        (0.5, np.array([2.0])),
        (0.75, np.array([2.0])),
        (1.0, np.array([2.0])),
        (1.25, np.array([2.0])),
        (0.25, np.array([1.0, 6.0])),
        (0.5, np.array([4.0, 1.0])),
        (0.75, np.array([4.0, 0.5])),
        (0.375, np.array([0.5, 5.0, 2.0])),
        (0.125, np.array([3.0, 16.0])),
        (0.25, np.array([1.0, 9.0, 3.0])),
        (1.25, np.array([3.0, 1.0])),
        (0.5, np.array([4.0, 1.0, 6.0])),
        (4.5, np.array([2.0])),
    ],
    right=walked_fate,
    mistakes={
        "The limit is 2/L. Between 1/L and 2/L the walk jumps across and still comes nearer.": fate_at(
            lambda c: 1 / c.max()
        ),
        "The steepest direction decides, not the flattest: take the largest curvature.": fate_at(
            lambda c: 2 / c.min()
        ),
        "The curvatures need not be sorted: take the largest, wherever it stands.": fate_at(
            lambda c: 2 / c[-1]
        ),
        "It looks at the first curvature only.": fate_at(lambda c: 2 / c[0]),
        "Each direction goes its own way: do not add the curvatures up.": fate_at(lambda c: 2 / c.sum()),
        "Each direction goes its own way: do not take the mean.": fate_at(lambda c: 2 / c.mean()),
        "2/(L + l) is the best rate. The limit is 2/L.": fate_at(lambda c: 2 / (c.max() + c.min())),
        "The rate is compared with L. The limit is 2/L: steep ground wants short steps.": fate_at(
            lambda c: c.max()
        ),
        "A factor below -1 flies off, too: take the size of 1 - rate * curvature, without its sign.": (
            lambda rate, c: "converges" if max(1 - rate * c) < 1 else "bounces"
        ),
        "With exactly 2/L the factor is -1: the walk does not come nearer.": lambda rate, c: (
            "converges" if rate <= 2 / max(c) else "diverges"
        ),
        "With exactly 2/L the factor is -1: the walk does not go farther away.": lambda rate, c: (
            "converges" if rate < 2 / max(c) else "diverges"
        ),
        "One direction bounces, but a steeper one flies off: the steepest decides.": lambda rate, c: (
            "bounces" if 2 / rate in c else walked_fate(rate, c)
        ),
        "Between 1/L and 2/L the walk jumps across and comes nearer: it converges.": lambda rate, c: (
            "converges" if rate < 1 / max(c) else "bounces" if rate < 2 / max(c) else "diverges"
        ),
        "Turned round: small rates converge, large ones diverge.": lambda rate, c: {
            "converges": "diverges",
            "diverges": "converges",
        }.get(walked_fate(rate, c), "bounces"),
    },
)


# The largest rate


def with_one(X) -> np.ndarray:
    """Return X with a column of ones for the bias."""
    return np.column_stack([X, np.ones(len(X))])


def by_eigenvalue(table, scale=2.0, pick=max) -> float:
    """Return the limit for the curvatures ``scale`` times those of ``table.T @ table / n``."""
    return 2 / pick(np.linalg.eigvalsh(scale / len(table) * table.T @ table))


def by_stretching(X) -> float:
    """Return the limit from the largest stretch of a row (w, b), found as a singular value."""
    return len(X) / np.linalg.svd(with_one(X), compute_uv=False)[0] ** 2


largest_rate = Exercise(
    "The limit of the learning rate for a linear neuron with a bias and the mean squared error, on inputs X.",
    "largest_rate(X)",
    cases=[
        (np.array([[1.0], [-1.0]]),),
        (np.array([[3.0], [-3.0]]),),
        (np.array([[2.0], [4.0], [6.0]]),),
        (np.array([[1.0, 1.0], [-1.0, 1.0], [2.0, -3.0]]),),
        (rng.normal(size=(8, 3)).round(2),),
        (rng.normal([5.0, 0.0], [1.0, 3.0], size=(12, 2)).round(2),),
    ],
    right=by_stretching,
    mistakes={
        "The bias is forgotten: it is a weight whose input is always 1, a column of ones.": by_eigenvalue,
        "The factor 2 of the squared error is forgotten: H is 2/n times the product.": (
            lambda X: by_eigenvalue(with_one(X), 1.0)
        ),
        "The mean is forgotten: divide by the number of samples.": lambda X: by_eigenvalue(
            with_one(X), 2.0 * len(X)
        ),
        "This is half of the limit: 1/L, not 2/L.": lambda X: by_eigenvalue(with_one(X)) / 2,
        "This is L itself. The limit is 2/L.": lambda X: 2 / by_eigenvalue(with_one(X)),
        "This belongs to the flattest direction. The steepest one sets the limit.": (
            lambda X: by_eigenvalue(with_one(X), pick=min)
        ),
        "The largest number on the diagonal is not the largest eigenvalue, unless all others are zero.": (
            lambda X: len(X) / (with_one(X) ** 2).sum(axis=0).max()
        ),
        "The sum of the diagonal is the sum of all eigenvalues. Take the largest one.": (
            lambda X: len(X) / (with_one(X) ** 2).sum()
        ),
        "Singular values of the table have to be squared to be those of the product.": (
            lambda X: len(X) / np.linalg.svd(with_one(X), compute_uv=False)[0]
        ),
        "It divides by the number of inputs. The mean runs over the samples.": lambda X: (
            by_stretching(X) / len(X) * X.shape[1]
        ),
    },
)


# The sign


def answers(X, w, b) -> np.ndarray:
    """Return the answers of a sigmoid neuron, one sample at a time."""
    return np.array([1 / (1 + math.exp(-(sum(x * w) + b))) for x in X])


def both(X, error) -> tuple:
    """Return the mean of error times inputs, and of error."""
    n = len(X)
    return sum(e * x for e, x in zip(error, X, strict=True)) / n, sum(error) / n


def entropy_grads(change):
    """Return the gradients of somebody who changes them by ``change(dw, db, n)``."""

    def grads(X, y, w, b):
        return change(*both(X, answers(X, w, b) - y), len(X))

    return grads


def logistic_case(n, d) -> tuple:
    """Return a case of n samples with d inputs."""
    X = rng.normal(size=(n, d)).round(1)
    return X, rng.permutation(np.arange(n) % 2).astype(float), rng.normal(size=d).round(1), 0.5


logistic_grads = Exercise(
    "The gradients (dw, db) of the mean binary cross-entropy of a sigmoid neuron.",
    "logistic_grads(X, y, w, b)",
    cases=[
        (np.array([[2.0]]), np.array([1.0]), np.array([0.0]), 0.0),
        (np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0.0, 1.0]), np.array([0.0, 0.0]), 0.0),
        logistic_case(3, 2),
        logistic_case(5, 3),
        logistic_case(4, 4),
    ],
    right=entropy_grads(lambda dw, db, n: (dw, db)),
    mistakes={
        "The sign is turned round: it is answer minus target. With this one the loss grows.": entropy_grads(
            lambda dw, db, n: (-dw, -db)
        ),
        "This is the gradient of the sum. The loss is a mean: divide by the number of samples.": (
            entropy_grads(lambda dw, db, n: (n * dw, n * db))
        ),
        "dw is a mean, and db is still a sum.": entropy_grads(lambda dw, db, n: (dw, n * db)),
        "db is a mean, and dw is still a sum.": entropy_grads(lambda dw, db, n: (n * dw, db)),
        "Only the sign of db is turned round.": entropy_grads(lambda dw, db, n: (dw, -db)),
        "The factor 2 belongs to the squared error, not to the cross-entropy.": entropy_grads(
            lambda dw, db, n: (2 * dw, 2 * db)
        ),
        "dw is divided by all numbers of X. The mean runs over the samples.": lambda X, y, w, b: (
            lambda dw, db: (dw / X.shape[1], db)
        )(*both(X, answers(X, w, b) - y)),
        "db is not yet added up over the samples.": lambda X, y, w, b: (
            both(X, answers(X, w, b) - y)[0],
            (answers(X, w, b) - y) / len(X),
        ),
        "dw is not yet added up over the samples.": lambda X, y, w, b: (
            (answers(X, w, b) - y)[:, None] * X / len(X),
            both(X, answers(X, w, b) - y)[1],
        ),
        "A mean of products is not the product of the means: multiply sample by sample.": lambda X, y, w, b: (
            lambda db: (db * X.mean(axis=0), db)
        )(np.mean(answers(X, w, b) - y)),
        "The sigmoid has exp(-z) in it. With exp(z) it falls where it should rise.": lambda X, y, w, b: both(
            X, answers(X, -w, -b) - y
        ),
        "The slope a (1 - a) belongs to the squared error. In the cross-entropy it cancels.": (
            lambda X, y, w, b: both(X, (answers(X, w, b) - y) * answers(X, w, b) * (1 - answers(X, w, b)))
        ),
        "This is the gradient of a sigmoid with the squared error.": lambda X, y, w, b: both(
            X, 2 * (answers(X, w, b) - y) * answers(X, w, b) * (1 - answers(X, w, b))
        ),
        "The sigmoid is missing: compare its answer with the target, not the sum.": lambda X, y, w, b: both(
            X, X @ w + b - y
        ),
        "The bias is missing in the sum.": lambda X, y, w, b: both(X, answers(X, w, 0.0) - y),
        "The two are exchanged: first dw, then db.": entropy_grads(lambda dw, db, n: (db, dw)),
    },
)


# The best step along a line


def along(X, y, w, g) -> float:
    """Return how far to go against g to the lowest place, from the losses at three points of the line."""
    here, half, full = (np.mean((X @ (w - t * g) - y) ** 2) for t in (0.0, 0.5, 1.0))
    return float((3 * here - 4 * half + full) / (4 * (here - 2 * half + full)))


def slope_of(X, y, w) -> np.ndarray:
    """Return the gradient of the mean squared error."""
    return 2 / len(y) * X.T @ (X @ w - y)


def along_gradient(X, y, w) -> float:
    """Return the best rate, found on the line."""
    return along(X, y, w, slope_of(X, y, w))


def quotient(top, bottom):
    """Return the rate top(g, H) / bottom(g, H)."""

    def rate(X, y, w):
        g, H = slope_of(X, y, w), 2 / len(X) * X.T @ X
        return float(top(g, H) / bottom(g, H))

    return rate


def line_case(n, d) -> tuple:
    """Return a case of n samples with d inputs."""
    return rng.normal(size=(n, d)).round(1), rng.normal(size=n).round(1), rng.normal(size=d).round(1)


exact_rate = Exercise(
    "The learning rate whose step against the gradient ends as low as a step along this line can, for a "
    "linear neuron with mean squared error.",
    "exact_rate(X, y, w)",
    cases=[
        (np.array([[1.0]]), np.array([0.0]), np.array([1.0])),
        (np.array([[2.0], [1.0]]), np.array([1.0, 0.0]), np.array([1.0])),
        (np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([0.0, 0.0]), np.array([1.0, 1.0])),
        line_case(5, 2),
        line_case(8, 3),
        line_case(4, 4),
    ],
    right=along_gradient,
    mistakes={
        "This is 1/L, the best one for the steepest direction alone. Use the direction of the gradient.": (
            lambda X, y, w: 0.5 * by_eigenvalue(X)
        ),
        "This is the limit 2/L, for all walks. Only this one step was asked for.": lambda X, y, w: (
            by_eigenvalue(X)
        ),
        "This is 2/(L + l), the best rate for a whole walk. Only this one step was asked for.": (
            lambda X, y, w: 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[[0, -1]].sum()
        ),
        "The fraction is upside down: steep ground wants short steps.": quotient(
            lambda g, H: g @ H @ g, lambda g, H: g @ g
        ),
        "At this rate the loss is as high as before. The lowest place is half way. Has H its factor 2?": (
            lambda *case: 2 * along_gradient(*case)
        ),
        "Twice too short. The slope along the line is g @ g, its curvature g @ H @ g: there is no half.": (
            lambda *case: along_gradient(*case) / 2
        ),
        "The curvature is a mean over the samples, too: divide by their number.": lambda X, y, w: (
            along_gradient(X, y, w) / len(X)
        ),
        "H is 2/n times the product X.T @ X. Here the 2/n is missing.": lambda X, y, w: (
            along_gradient(X, y, w) * 2 / len(X)
        ),
        "The length of the gradient has to be squared: g @ g.": quotient(
            lambda g, H: (g @ g) ** 0.5, lambda g, H: g @ H @ g
        ),
        "H @ g points elsewhere. The curvature along the line is g @ H @ g.": quotient(
            lambda g, H: g @ g, lambda g, H: np.linalg.norm(H @ g) * np.linalg.norm(g)
        ),
        "It divides by the squared length of H @ g. The curvature along the line is g @ H @ g.": quotient(
            lambda g, H: g @ H @ g, lambda g, H: (H @ g) @ (H @ g)
        ),
        "This is the curvature along the line. The rate is one over it.": quotient(
            lambda g, H: g @ H @ g, lambda g, H: 1.0
        ),
        "The sign is turned round: the step itself already goes against the gradient.": lambda *case: (
            -along_gradient(*case)
        ),
    },
)


# One epoch


def dealt(order, size) -> list:
    """Return the batches in order."""
    return [order[k : k + size] for k in range(0, len(order), size)]


def one_epoch(
    X, y, w, order, batch_size, rate, *, hands=dealt, factor=2.0, size=len, sign=-1.0, stay=False
) -> np.ndarray:
    """Return the weights after one epoch, with one mistake or another."""
    here = w.copy()
    for rows in hands(order, batch_size):
        at = w if stay else here
        grad = sum(factor * (X[s] @ at - y[s]) * X[s] for s in rows) / size(rows)
        here = here + sign * rate * grad
    return here


def with_mistake(**mistake):
    """Return an epoch with one mistake."""
    return lambda *case: one_epoch(*case, **mistake)


def deck(n, d, size) -> tuple:
    """Return a case of n samples with d inputs, in batches of ``size``."""
    X = rng.integers(-3, 4, (n, d)).astype(float)
    y, w = rng.integers(-3, 4, n).astype(float), rng.integers(-2, 3, d).astype(float)
    return X, y, w, rng.permutation(n), size, 0.0625


epoch = Exercise(
    "The weights of a linear neuron with mean squared error after one epoch: batches of batch_size rows, in "
    "the order that is given, one step each.",
    "epoch(X, y, w, order, batch_size, rate)",
    cases=[
        (np.array([[1.0], [2.0]]), np.array([1.0, 1.0]), np.array([0.0]), np.array([1, 0]), 1, 0.25),
        deck(4, 2, 2),
        deck(5, 2, 2),
        deck(7, 3, 3),
        deck(6, 2, 4),
        deck(3, 2, 8),
    ],
    right=one_epoch,
    mistakes={
        "The last, smaller batch is dropped: every row has to be read.": with_mistake(
            hands=lambda order, size: [rows for rows in dealt(order, size) if len(rows) == size]
        ),
        "The last batch may be smaller: divide by its own number of rows.": (
            lambda X, y, w, order, batch_size, rate: one_epoch(
                X, y, w, order, batch_size, rate, size=lambda rows: batch_size
            )
        ),
        "It divides by the number of all samples. Each step uses the mean over its batch.": (
            lambda X, y, w, order, batch_size, rate: one_epoch(
                X, y, w, order, batch_size, rate, size=lambda rows: len(X)
            )
        ),
        "This is the gradient of the sum. Divide by the number of rows in the batch.": with_mistake(
            size=lambda rows: 1
        ),
        "All steps use the slope at the start. Each one needs the slope at the weights of that moment.": (
            with_mistake(stay=True)
        ),
        "The factor 2 of the squared error is missing.": with_mistake(factor=1.0),
        "The sign is turned round: this walk climbs.": with_mistake(sign=1.0),
        "It does not keep to the order that is given.": with_mistake(
            hands=lambda order, size: dealt(np.arange(len(order)), size)
        ),
        "It takes one step for the whole epoch. Take one for each batch.": with_mistake(
            hands=lambda order, size: [order]
        ),
        "It takes one step for each row. Take one for each batch.": with_mistake(
            hands=lambda order, size: dealt(order, 1)
        ),
        "Its loop ends one batch too early: range(start, stop, step) leaves out the stop.": with_mistake(
            hands=lambda order, size: dealt(order, size)[: max(0, math.ceil(len(order) / size) - 1)]
        ),
        "Only the first batch is read.": with_mistake(hands=lambda order, size: [order[:size]]),
    },
)


# How long a valley is


def counted(curvatures, nearer, rate=None) -> int:
    """Return the steps of a walk that begins one away in the slowest direction."""
    rate = rate or 2 / (max(curvatures) + min(curvatures))
    factor, to_go, steps = max(abs(1 - rate * curvature) for curvature in curvatures), 1.0, 0
    while to_go > 1 / nearer:
        to_go, steps = to_go * factor, steps + 1
    return steps


def from_the_corner(curvatures, nearer) -> int:
    """Return the steps of a walk that begins one away in every direction."""
    rate, steps = 2 / (max(curvatures) + min(curvatures)), 0
    to_go = start = np.ones(len(curvatures))
    while np.linalg.norm(to_go) > np.linalg.norm(start) / nearer:
        to_go, steps = to_go * (1 - rate * curvatures), steps + 1
    return steps


def exact(curvatures, nearer) -> float:
    """Return the number of steps before it is rounded."""
    factor = (max(curvatures) - min(curvatures)) / (max(curvatures) + min(curvatures))
    return math.log(nearer) / -math.log(factor) if factor else 0.0


steps_needed = Exercise(
    "How many steps at the best rate make sure that a walk is at least `nearer` times nearer to the lowest "
    "place, wherever it starts.",
    "steps_needed(curvatures, nearer)",
    cases=[
        (np.array([3.0, 1.0]), 10),
        (np.array([1.0, 3.0]), 1000),
        (np.array([2.0, 2.0]), 10),
        (np.array([1.0, 10.0, 4.0]), 10),
        (np.array([5.0, 1.0, 50.0]), 100),
        (np.array([0.5, 100.0]), 5),
    ],
    right=counted,
    mistakes={
        "A part of a step does not exist: round up.": exact,
        "It rounds down: after so many steps the walk is not yet near enough.": lambda c, nearer: (
            math.floor(exact(c, nearer)) or 1
        ),
        "In a round bowl the best rate arrives in one step; it does not need none.": lambda c, nearer: (
            math.ceil(exact(c, nearer))
        ),
        "This is the count for the rate 1/L. The best one is 2/(L + l).": lambda c, nearer: counted(
            c, nearer, 1 / max(c)
        ),
        "The curvatures need not be sorted: take the largest and the smallest.": lambda c, nearer: counted(
            np.array([c[0], c[-1]]), nearer
        ),
        "This holds for a start that is equally far off in all directions. Take the slowest one alone.": (
            from_the_corner
        ),
        "Two kinds of logarithm are mixed: take the same one above and below.": lambda c, nearer: (
            math.ceil(exact(c, nearer) / math.log(10)) or 1
        ),
        "The logarithm of a factor below 1 is negative, and a number of steps is not: turn the sign.": (
            lambda c, nearer: math.ceil(-exact(c, nearer)) or 1
        ),
        "Half of kappa times ln(nearer) is close for long valleys only. Take the factor itself.": (
            lambda c, nearer: math.ceil(max(c) / min(c) / 2 * math.log(nearer))
        ),
        "One too many.": lambda c, nearer: counted(c, nearer) + 1,
        "One too few.": lambda c, nearer: counted(c, nearer) - 1,
        "It counts until the loss is so much lower. The loss goes with the square of the distance.": (
            lambda c, nearer: counted(c, nearer**0.5)
        ),
        "It takes the square root of the condition number.": lambda c, nearer: counted(
            np.array([1.0, (max(c) / min(c)) ** 0.5]), nearer
        ),
        "This is the condition number. How many steps does it take?": lambda c, nearer: max(c) / min(c),
    },
)


# Landscapes to walk on


def parabola(w):
    """Return the squared length of w."""
    return float(w @ w)


def parabola_grad(w):
    """Return its gradient."""
    return 2 * w


def ravine(w):
    """Return half of u² + 50 v²."""
    return float(0.5 * (w[0] ** 2 + 50 * w[1] ** 2))


def ravine_grad(w):
    """Return its gradient."""
    return np.array([1.0, 50.0]) * w


def quartic(w):
    """Return the sum of fourth powers."""
    return float((w**4).sum())


def quartic_grad(w):
    """Return its gradient."""
    return 4 * w**3


# When to stop


def stopped(
    loss, grad, w, rate, enough, limit, *, first=False, extra=0, low=True, short=True, any_goes=False
) -> tuple:
    """Return (place, steps) of a walk, with one mistake or another."""
    w, steps = w.copy(), 0
    with np.errstate(all="ignore"):  # walks that climb overflow
        while (first and steps == 0) or not (
            (loss(w) <= enough and steps >= limit)
            if any_goes
            else (low and loss(w) <= enough) or (short and steps >= limit + extra)
        ):
            w, steps = w - rate * grad(w), steps + 1
    return w, steps


def stopping(**mistake):
    """Return a walk with one mistake."""
    return lambda *case: stopped(*case, **mistake)


def steps_before_it_looks(loss, grad, w, rate, enough, limit) -> tuple:
    """Return (place, steps) of a loop that looks after each step; with a limit of 0 it has no steps."""
    for steps in range(1, limit + 1):
        w = w - rate * grad(w)
        if loss(w) <= enough:
            return w, steps
    return w, steps


def counts_one_short(loss, grad, w, rate, enough, limit) -> tuple:
    """Return (place, steps) of a loop whose number is taken for the number of steps."""
    for steps in range(limit):
        if loss(w) <= enough:
            return w, steps
        w = w - rate * grad(w)
    return w, steps


def counts_the_loop(loss, grad, w, rate, enough, limit) -> tuple:
    """Return (place, steps) of a loop that looks after each step and counts from 0."""
    for steps in range(limit):
        w = w - rate * grad(w)
        if loss(w) <= enough:
            return w, steps
    return w, steps


def all_places(loss, grad, w, rate, enough, limit) -> tuple:
    """Return (all places, steps)."""
    walk = [w]
    while loss(walk[-1]) > enough and len(walk) <= limit:
        walk.append(walk[-1] - rate * grad(walk[-1]))
    return np.array(walk), len(walk) - 1


walk_until = Exercise(
    "The pair (w, steps) of descent that stops as soon as the loss is at most `enough`, or after `limit` "
    "steps.",
    "walk_until(loss, grad, w, rate, enough, limit)",
    cases=[
        (parabola, parabola_grad, np.array([1.0]), 0.25, 0.3, 10),
        (parabola, parabola_grad, np.array([1.0]), 0.25, 1.5, 10),
        (parabola, parabola_grad, np.array([1.0]), 0.25, 0.001, 3),
        (parabola, parabola_grad, np.array([2.0, 1.0]), 0.125, 0.25, 0),
        (parabola, parabola_grad, np.array([1.0]), 0.25, 0.25, 10),
        (ravine, ravine_grad, np.array([2.0, 0.5]), 0.03125, 0.5, 100),
        (quartic, quartic_grad, np.array([1.0, -0.5]), 0.0625, 0.01, 5),
    ],
    right=stopped,
    mistakes={
        "It takes a step before it looks. A start that is low enough needs none.": stopping(first=True),
        "It takes a step before it looks, and does nothing when the limit is 0.": steps_before_it_looks,
        "Its loop counts from 0, so at the limit it says one step too few.": counts_one_short,
        "It takes a step before it looks, and its loop counts from 0.": counts_the_loop,
        "It returns all places of the walk. Return the last one.": all_places,
        "It takes one step more than the limit.": stopping(extra=1),
        "It takes one step less than the limit.": stopping(extra=-1),
        "It does not stop when the loss is low enough.": stopping(low=False),
        "The limit is not kept.": stopping(short=False),
        "It goes on while one of the conditions holds. Both have to: use `and`.": stopping(any_goes=True),
        "At most `enough`: a loss that is exactly so low is low enough.": (
            lambda loss, grad, w, rate, enough, limit: stopped(
                loss, grad, w, rate, np.nextafter(enough, 0), limit
            )
        ),
        "It looks at the length of the gradient, not at the loss.": (
            lambda loss, grad, w, rate, enough, limit: stopped(
                lambda w: np.linalg.norm(grad(w)), grad, w, rate, enough, limit
            )
        ),
        "The sign is turned round: this walk climbs.": (
            lambda loss, grad, w, rate, enough, limit: stopped(
                loss, lambda w: -grad(w), w, rate, enough, limit
            )
        ),
        "It returns the lowest loss. Return the place.": lambda loss, *case: (
            loss(stopped(loss, *case)[0]),
            stopped(loss, *case)[1],
        ),
        "The two are exchanged: first the place, then the number of steps.": lambda *case: stopped(*case)[
            ::-1
        ],
        "It returns the place alone. The number of steps was asked for, too.": lambda *case: stopped(*case)[
            0
        ],
    },
)
