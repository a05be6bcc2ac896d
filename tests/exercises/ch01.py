"""What readers write in the exercises of chapter 1: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

# Right


def margin(X, y, w, b):
    nearest = math.inf
    for point, label in zip(X.tolist(), y, strict=True):
        z = sum(p * q for p, q in zip(point, w, strict=True)) + b
        nearest = min(nearest, z if label == 1 else -z)
    return nearest / math.sqrt(sum(p * p for p in w))


def correct(v, x, y):
    a = 1 if np.dot(v[:-1], x) + v[-1] >= 0 else 0
    return [*(v[:-1] + (y - a) * x), v[-1] + (y - a)]


def same_answers(w, b, w_other, b_other):
    first, second = np.append(w, b), np.append(w_other, b_other)
    biggest = np.argmax(abs(first))
    factor = second[biggest] / first[biggest]
    return factor > 0 and np.allclose(second, factor * first)


def mistakes_allowed(X, u):
    X = np.c_[X, np.ones(len(X))]
    u = u / np.linalg.norm(u)
    return (np.linalg.norm(X, axis=1).max() / np.abs(X @ u).min()) ** 2


RIGHT = {
    "gates": {"NOR": [[-2, -2], 1], "IMPLIES": ((-1.0, 2.0), 0.0), "FIRST_ONLY": (np.array([3, -3]), -2.5)},
    "majority": lambda n: ([2] * n, -n - 1),
    "margin": margin,
    "correct": correct,
    "same_answers": same_answers,
    "equal": ([[1, -1], [1, -1]], [-1.5, 0.5], [1, 1], -0.5),
    "mistakes_allowed": mistakes_allowed,
}

# Wrong


def corrected(rule):
    def correct(v, x, y):
        x1 = np.append(x, 1)
        return v + rule(int(x1 @ v >= 0), y, x1 @ v) * x1

    return correct


def forgets_bias(v, x, y):
    error = y - (v[:-1] @ x + v[-1] >= 0)
    return np.append(v[:-1] + error * x, v[-1])


def in_place(v, x, y):
    v += (y - (v[:-1] @ x + v[-1] >= 0)) * np.append(x, 1)
    return v


def distances(X, w, b):
    return (X @ w + b) / np.sqrt(np.sum(w**2))


def side(y):
    return np.where(y == 1, 1, -1)


def nearest(X, y, w, b):
    found = side(y) * distances(X, w, b)
    return found[np.argmin(np.abs(found))]


def by_sample(w, b, w_other, b_other):
    X = np.random.default_rng(0).normal(size=(1000, len(w)))
    return bool(((X @ w + b >= 0) == (X @ w_other + b_other >= 0)).all())


def bound(X, u, gaps=np.min, power=2):
    X = np.c_[X, np.ones(len(X))]
    return (np.sqrt((X**2).sum(axis=1)).max() / gaps(abs(X @ u))) ** power


def scaled(u):
    return u / np.linalg.norm(u)


GATES = {"NOR": ([-1, -1], 0.5), "IMPLIES": ([-1, 1], 0.5), "FIRST_ONLY": ([1, -1], -0.5)}
SIGNS = {name: (w, -b) for name, (w, b) in GATES.items()}

WRONG = {
    "gates": [
        ("The bias has the wrong sign", SIGNS),
        ("The bias has the wrong sign", GATES | {"NOR": ([-1, -1], -0.5)}),
        ("The inputs are exchanged", GATES | {"IMPLIES": ([1, -1], 0.5), "FIRST_ONLY": ([-1, 1], -0.5)}),
        ("A case that wants 0 lies on the line", GATES | {"NOR": ([-1, -1], 1)}),
        ("All signs are turned round", {name: (-np.array(w), -b) for name, (w, b) in GATES.items()}),
        ("The gate FIRST_ONLY is missing", {"NOR": GATES["NOR"], "IMPLIES": GATES["IMPLIES"]}),
        ("cannot be read", {"NOR": 3}),
        ("cannot be read", {name: (w, "half") for name, (w, _) in GATES.items()}),
    ],
    "majority": [
        ("A tie is no majority", lambda n: ([1] * n, -n / 2)),
        ("The bias has the wrong sign", lambda n: ([1] * n, (n + 1) / 2)),
        ("one vote too many", lambda n: ([2] * n, -n - 2)),
        ("fires only when all inputs are 1", lambda n: ([1] * n, -n)),
        ("fires as soon as one input is 1", lambda n: ([1] * n, -1)),
        ("The threshold is fixed", lambda n: ([1, 1, 1][:n] + [1] * (n - 3), -2)),
        ("weight and one number as the bias are wanted", lambda n: (1, -n / 2)),
        ("raised|cannot be read", lambda n: -n / 2),
    ],
    "margin": [
        ("Divide by the length of w", lambda X, y, w, b: min(side(y) * (X @ w + b))),
        ("without the bias", lambda X, y, w, b: min(side(y) * (X @ w + b)) / np.sqrt(w @ w + b**2)),
        ("not by its square", lambda X, y, w, b: min(side(y) * (X @ w + b)) / np.sum(w**2)),
        ("the absolute value hides it", lambda X, y, w, b: min(abs(distances(X, w, b)))),
        ("The labels are not used", lambda X, y, w, b: distances(X, w, b).min()),
        ("Turn 0 and 1 into", lambda X, y, w, b: (y * distances(X, w, b)).min()),
        ("the distance of the nearest point", nearest),
        ("the margin is the smallest", lambda X, y, w, b: max(side(y) * distances(X, w, b))),
        ("The bias is forgotten", lambda X, y, w, b: min(side(y) * distances(X, w, 0))),
        ("The sign is turned round", lambda X, y, w, b: -min(side(y) * distances(X, w, b))),
        ("one number was wanted", lambda X, y, w, b: side(y) * distances(X, w, b)),
        ("The shapes do not fit together", lambda X, y, w, b: min(side(y) * (w @ X + b))),
    ],
    "correct": [
        ("The step has the wrong sign", corrected(lambda a, y, z: a - y)),
        ("The bias is not corrected", forgets_bias),
        ("taken without the bias", lambda v, x, y: v + (y - (np.dot(x, v[:-1]) >= 0)) * np.append(x, 1)),
        ("It corrects right answers too", corrected(lambda a, y, z: 1 if y else -1)),
        ("Zero counts as reached", corrected(lambda a, y, z: y - (z > 0))),
        ("The difference is taken with z", corrected(lambda a, y, z: y - z)),
        ("It never subtracts", corrected(lambda a, y, z: 1 if y > a else 0)),
        ("It changes its argument v", in_place),
        ("Its shape is", lambda v, x, y: v[:-1]),
    ],
    "same_answers": [
        ("Equal numbers are not needed", lambda w, b, u, c: list(w) == list(u) and b == c),
        ("A negative factor", lambda w, b, u, c: np.linalg.matrix_rank([[*w, b], [*u, c]]) == 1),
        ("10 of 11 cases are right", by_sample),
        ("The bias has to be compared too", lambda w, b, u, c: np.allclose(scaled(w), scaled(u))),
        (
            "a scaled weight needs a scaled bias",
            lambda w, b, u, c: np.allclose(scaled(w), scaled(u)) and b == c,
        ),
        ("turned round", lambda *numbers: not same_answers(*numbers)),
    ],
    "equal": [
        ("This is XOR", (np.array([[1, -1], [1, -1]]), [-0.5, 1.5], [1, 1], -1.5)),
        ("The biases have the wrong sign", (np.array([[1, -1], [1, -1]]), [1.5, -0.5], [1, 1], 0.5)),
        ("The output's bias has the wrong sign", (np.array([[1, -1], [1, -1]]), [-1.5, 0.5], [1, 1], 0.5)),
        ("W is transposed", (np.array([[1, 1], [-1, -1]]), [-1.5, 0.5], [1, 1], -0.5)),
        ("ignores one hidden neuron", (np.array([[1, -1], [1, -1]]), [-1.5, 0.5], [0, 1], -0.5)),
        ("should have the shapes", (np.eye(2), 0, [1, 1], -0.5)),
    ],
    "mistakes_allowed": [
        ("Scale u to length 1 first", bound),
        (
            "the 1 is missing",
            lambda X, u: (
                (
                    np.linalg.norm(X, axis=1).max()
                    / np.sqrt(1 / bound(X, scaled(u)) * (np.c_[X, np.ones(len(X))] ** 2).sum(axis=1).max())
                )
                ** 2
            ),
        ),
        (
            "The bias counts as a weight",
            lambda X, u: (
                (np.linalg.norm(X, axis=1).max() * np.linalg.norm(u[:-1]) / np.abs(X @ u[:-1] + u[-1]).min())
                ** 2
            ),
        ),
        ("The bound is the square", lambda X, u: bound(X, scaled(u), power=1)),
        ("not the largest", lambda X, u: bound(X, scaled(u), gaps=np.max)),
        ("its length counts b too", lambda X, u: bound(X, u / np.linalg.norm(u[:-1]))),
        ("upside down", lambda X, u: bound(X, scaled(u), power=-2)),
    ],
}
