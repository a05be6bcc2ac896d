"""What readers write in the exercises of chapter 2: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import math

import numpy as np

# Right


def probabilities(stack, W, b):
    Z = np.einsum("htn,mht->nm", stack - stack.mean(axis=(0, 1)), W.reshape(-1, *stack.shape[:2]))
    e = np.exp(Z + b.ravel())
    return e / e.sum(axis=1)[:, None]


def log_sum_exp(Z):
    rows = []
    for z in Z:
        rows.append(max(z) + math.log(sum(math.exp(x - max(z)) for x in z)))
    return rows


def standardise(X):
    result = np.zeros_like(X)
    for k in range(X.shape[1]):
        if (X[:, k] != X[0, k]).any():
            result[:, k] = (X[:, k] - X[:, k].mean()) / X[:, k].std()
    return result


def choose_columns(X, y, rows, k, take=np.abs):
    X, y = X[rows], y[rows]
    gap = take(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))
    return np.sort(np.argsort(gap)[-k:])


RIGHT = {
    "probabilities": probabilities,
    "patterns": {
        "row_sums": "ab->a",
        "row_dots": "sk,sk->s",
        "all_dots": "ik, jk -> ij",
        "weighted": "i,ij,j",
        "scores": "nhw,hwk->nk",
    },
    "distances": lambda X, C: (X**2).sum(axis=1, keepdims=True) - 2 * X @ C.T + (C**2).sum(axis=1),
    "log_sum_exp": log_sum_exp,
    "scale_like": lambda X_train, X_new: (X_new - X_train.mean(axis=0)) / X_train.std(axis=0),
    "standardise": standardise,
    "choose_columns": choose_columns,
}

# Wrong


def program(
    stack, W, b, *, flat=False, mean=False, turned=False, column=False, shares=False, global_max=False
):
    X = stack.reshape(stack.shape[2], -1) if flat else stack.transpose(2, 0, 1).reshape(stack.shape[2], -1)
    X = X - X.mean(axis=1) if mean else X - X.mean(axis=1, keepdims=True)
    Z = X @ (W if turned else W.T) + (b if column else b[:, 0])
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=0) if shares else e / e.sum(axis=1, keepdims=True)


def with_bug(**bugs):
    return lambda stack, W, b: program(stack, W, b, **bugs)


def unsafe(function):
    def called(*case):
        with np.errstate(all="ignore"):
            return function(*case)

    return called


def in_place(X_train, X_new):
    X_new -= X_train.mean(axis=0)
    return X_new / X_train.std(axis=0)


def replaced(**changes):
    return RIGHT["patterns"] | changes


def scaled(X_new, mean, std):
    return (X_new - mean) / std


def gap_of(X, y):
    return np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))


WRONG = {
    "probabilities": [
        ("The pictures are mixed up", with_bug(flat=True)),
        ("The pictures are transposed", lambda stack, W, b: probabilities(stack.swapaxes(0, 1), W, b)),
        ("The mean is not that of each picture", with_bug(mean=True)),
        ("W holds one neuron a row", with_bug(turned=True)),
        ("b is a column", with_bug(column=True)),
        ("The sum is not that of each picture", with_bug(shares=True)),
        ("The shapes do not fit together", lambda stack, W, b: stack @ W.T + b),
        ("Several bugs are left", with_bug(flat=True, mean=True, turned=True, column=True, shares=True)),
        ("Several bugs are left", with_bug(mean=True, shares=True)),
        ("Several bugs are left", with_bug(turned=True, column=True)),
    ],
    "patterns": [
        ("Without an arrow", replaced(row_sums="ij")),
        ("in another order than asked", replaced(all_dots="ik,jk->ji")),
        ("A letter stands on the right", replaced(row_dots="ij,ij->ij")),
        ("A letter stands on the right", replaced(row_sums="ij->ij")),
        ("A letter is summed over", replaced(all_dots="ik,jk->i")),
        ("with a comma between two arrays", replaced(weighted="iijj->")),
        ("one letter for each of its axes", replaced(scores="sr,rj->sj")),
        ("einsum refuses", replaced(all_dots="ik,kj->ij")),
        ("stands for axes of two lengths", replaced(all_dots="ik,kj->ij")),
        ("it gives the shape (4,), not (3,)", replaced(row_sums="ij->j")),
        (
            "The pattern weighted is missing",
            {"row_sums": "ij->i", "row_dots": "ij,ij->i", "all_dots": "ik,jk->ij"},
        ),
        ("einsum refuses 3", {name: 3 for name in RIGHT["patterns"]}),
        ("cannot be read", 3),
    ],
    "distances": [
        ("It takes rows in pairs", lambda X, C: np.sum((X - C) ** 2, axis=-1)),
        ("The root is too much", lambda X, C: np.linalg.norm(X[:, None] - C, axis=2)),
        ("not their distance", lambda X, C: np.einsum("ik,jk->ij", X, C)),
        ("The rows of C come first", lambda X, C: ((C[:, None] - X) ** 2).sum(axis=-1)),
        ("The sum runs over the wrong axis", lambda X, C: ((X[:, None, :] - C) ** 2).sum(1)),
        ("not yet summed", lambda X, C: np.square(X[:, None] - C)),
        ("Square first", lambda X, C: np.sum(X[:, None] - C, axis=-1) ** 2),
        ("is missing", lambda X, C: np.sum(X**2, 1)[:, None] + np.sum(C**2, 1)),
        ("counts twice", lambda X, C: np.sum(X**2, 1)[:, None] - X @ C.T + np.sum(C**2, 1)),
        ("It adds everything up", lambda X, C: ((X[:, None] - C) ** 2).sum()),
    ],
    "log_sum_exp": [
        ("The exponentials overflow", unsafe(lambda Z: np.log(np.sum(np.exp(Z), axis=-1)))),
        ("not put back", lambda Z: np.log(np.exp(Z - Z.max(axis=1)[:, None]).sum(axis=1))),
        ("each needs its own", unsafe(lambda Z: np.log(np.exp(Z - np.max(Z)).sum(axis=-1)) + np.max(Z))),
        (
            "The axis that was kept is still there",
            lambda Z: (
                np.log(np.exp(Z - np.max(Z, axis=1, keepdims=True)).sum(1)) + np.max(Z, axis=1, keepdims=True)
            ),
        ),
        ("Put the largest number back without its axis", lambda Z: np.array(log_sum_exp(Z)).reshape(-1, 1)),
        ("It sums over each column", lambda Z: log_sum_exp(Z.T)),
        ("It sums over the whole table", lambda Z: log_sum_exp(Z.reshape(1, -1))[0]),
        ("This is the logarithm of softmax", lambda Z: Z - np.array(log_sum_exp(Z))[:, None]),
        ("the others count too", lambda Z: np.max(Z, axis=-1)),
        ("This is the logarithm of the mean", lambda Z: np.array(log_sum_exp(Z)) - math.log(len(Z[0]))),
    ],
    "scale_like": [
        ("Measure it with the ruler", unsafe(lambda X, new: scaled(new, np.mean(new, 0), np.std(new, 0)))),
        (
            "this is a leak",
            lambda X, new: scaled(new, np.concatenate([X, new]).mean(0), np.concatenate([X, new]).std(0)),
        ),
        ("Return X_new", lambda X, new: scaled(X, X.mean(0), X.std(0))),
        ("name axis 0", lambda X, new: scaled(new, np.mean(X), np.std(X))),
        ("Columns need axis 0", unsafe(lambda X, new: scaled(new, np.mean(X, 1), np.std(X, 1)))),
        ("It divides by the variance", lambda X, new: scaled(new, X.mean(0), X.var(0))),
        ("put brackets around", lambda X, new: new - X.mean(0) / X.std(0)),
        ("The mean is not taken off", lambda X, new: new / X.std(0)),
        ("The deviation is not divided by", lambda X, new: new - X.mean(0)),
        ("divides by n - 1", lambda X, new: scaled(new, X.mean(0), X.std(0, ddof=1))),
        ("It changes its argument X_new", in_place),
        ("It is called as", lambda X: X),
    ],
    "standardise": [
        ("Divide it by 1 instead", unsafe(lambda X: (X - np.mean(X, 0)) / np.std(X, 0))),
        ("Compare lowest and highest", unsafe(lambda X: np.nan_to_num((X - np.mean(X, 0)) / np.std(X, 0)))),
        (
            "What is small depends on the unit",
            lambda X: (X - X.mean(0)) / np.where(X.std(0) < 1e-3, 1.0, X.std(0)),
        ),
        ("A number added to the deviation", lambda X: (X - X.mean(0)) / (X.std(0) + 1e-8)),
        ("A number added to the deviation", lambda X: (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-12)),
        ("here it becomes ones", lambda X: np.where(np.ptp(X, axis=0) == 0, 1, standardise(X))),
        ("here it stays as it is", lambda X: np.where(np.ptp(X, axis=0) == 0, X, standardise(X))),
        ("left out", lambda X: standardise(X[:, np.ptp(X, axis=0) > 0])),
        ("divides by n - 1", lambda X: standardise(X) * np.sqrt(1 - 1 / len(X))),
        ("for the whole table", unsafe(lambda X: (X - np.mean(X)) / np.std(X))),
    ],
    "choose_columns": [
        ("this is the leak", lambda X, y, rows, k: choose_columns(X, y, np.arange(len(y)), k)),
        (
            "that are not for training",
            lambda X, y, rows, k: choose_columns(X, y, np.setdiff1d(np.arange(len(y)), rows), k),
        ),
        ("Take the absolute value", lambda X, y, rows, k: choose_columns(X, y, rows, k, take=np.array)),
        ("differ least", lambda X, y, rows, k: np.sort(np.argsort(gap_of(X[rows], y[rows]))[:k])),
        ("whatever the classes are", lambda X, y, rows, k: np.sort(np.argsort(X[rows].var(axis=0))[-k:])),
        ("not sorted by their number", lambda X, y, rows, k: np.argsort(gap_of(X[rows], y[rows]))[-k:]),
        ("one column too few", lambda X, y, rows, k: np.sort(np.argsort(gap_of(X[rows], y[rows]))[-k:-1])),
    ],
}
