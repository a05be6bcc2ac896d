"""The exercises of chapter 2: shapes, patterns, pairs, stable sums, scaling, rows that stay unseen."""

from __future__ import annotations

import numpy as np

from nnbook.exercises.bugs import one_left, several_left
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(2)


# Five shape bugs

FLAT = "The pictures are mixed up: reshape keeps the order of numbers. Move the last axis to the front first."
MEAN = "The mean is not that of each picture: name axis 1, and keep it."
TURNED = "W holds one neuron a row, so the product needs its transpose."
COLUMN = "b is a column: as it stands, it gives one bias to each picture instead of each neuron."
SHARES = "The sum is not that of each picture: name axis 1, and keep it."
SCORES = "These are the scores; softmax is missing."
TRANSPOSED = "The pictures are transposed: height and width have changed places. Move the last axis only."
BUGS = FLAT, MEAN, TURNED, COLUMN, SHARES


def one_picture(picture, W, b) -> np.ndarray:
    """Return the probabilities for one picture, number by number."""
    x = picture.ravel() - picture.mean()
    z = [
        sum(w_i * x_i for w_i, x_i in zip(row, x, strict=True)) + bias
        for row, bias in zip(W, b[:, 0], strict=True)
    ]
    e = np.exp(np.array(z) - max(z))
    return e / sum(e)


def pipeline(stack, W, b, bugs) -> np.ndarray:
    """Return what the program of the exercise gives with some of its bugs left in."""
    n = stack.shape[2]
    first = stack.T if TRANSPOSED in bugs else np.moveaxis(stack, -1, 0)
    X = (stack if FLAT in bugs else first).reshape(n, -1)
    X = X - (X.mean(axis=1) if MEAN in bugs else X.mean(axis=1, keepdims=True))
    Z = X @ (W if TURNED in bugs else W.T)
    Z = Z + (b if COLUMN in bugs else b[:, 0])
    if SCORES in bugs:
        return Z
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / (e.sum(axis=0) if SHARES in bugs else e.sum(axis=1, keepdims=True))


def pictures(height, width, n, m) -> tuple:
    """Return a case: n pictures, m neurons."""
    stack = rng.integers(0, 10, (height, width, n)).astype(float)
    W = rng.integers(-3, 4, (m, height * width)) / 4
    return stack, W, rng.integers(-4, 5, (m, 1)) / 2


probabilities = Exercise(
    "The probabilities (n, m) of m neurons for n pictures, by the program without its five bugs.",
    "probabilities(stack, W, b)",
    cases=[pictures(2, 2, 4, 4), pictures(2, 3, 3, 2), pictures(2, 3, 2, 5), pictures(3, 2, 6, 6)],
    right=lambda stack, W, b: np.stack([one_picture(stack[:, :, k], W, b) for k in range(stack.shape[2])]),
    mistakes=one_left(pipeline, (*BUGS, SCORES, TRANSPOSED)),
    symptoms={
        "Several bugs are left. Go from the first line to the last: is each shape right?": several_left(
            pipeline, BUGS
        )
    },
)


# Patterns

A, S = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
u, v = rng.normal(size=3), rng.normal(size=4)
C, stack, weights = rng.normal(size=(5, 4)), rng.normal(size=(6, 2, 3)), rng.normal(size=(2, 3, 4))

PATTERNS = {
    "row_sums": ([A], A.sum(axis=1)),
    "row_dots": ([A, S], (A * S).sum(axis=1)),
    "all_dots": ([A, C], A @ C.T),
    "weighted": ([u, A, v], u @ A @ v),
    "scores": ([stack, weights], stack.reshape(6, 6) @ weights.reshape(6, 4)),
}


def of_pattern(pattern, arrays):
    """Return what einsum gives, or the message of its error."""
    try:
        return np.einsum(pattern, *arrays)
    except (ValueError, TypeError) as error:
        return str(error)


def pattern_problem(patterns) -> str:
    """Say which pattern is wrong first, and what comes of it."""
    for name, (arrays, expected) in PATTERNS.items():
        if name not in patterns:
            return f"The pattern {name} is missing."
        found = of_pattern(patterns[name], arrays)
        shapes = ", ".join(str(array.shape) for array in arrays)
        if isinstance(found, str):
            return f"{name}: einsum refuses {patterns[name]!r} for the shapes {shapes}: {found}."
        if found.shape != np.shape(expected):
            return (
                f"{name}: for the shapes {shapes} it gives the shape {found.shape}, not {np.shape(expected)}."
            )
        if not np.allclose(found, expected):
            return f"{name}: the shape is right, the numbers are not."
    return ""


def has_two_lengths(pattern, arrays) -> bool:
    """Does a letter of the pattern stand for axes of different lengths?"""
    letters = pattern.split("->")[0].replace(" ", "").replace(",", "")
    axes = set(zip(letters, [size for array in arrays for size in array.shape], strict=True))
    return len(axes) > len(set(letters))


def some_pattern(shows):
    """Return the symptom that each wrong pattern shows something."""

    def symptom(patterns):
        wrong = [name for name in PATTERNS if pattern_problem({**RIGHT_PATTERNS, name: patterns[name]})]
        return all(shows(patterns[name], *PATTERNS[name]) for name in wrong)

    return symptom


RIGHT_PATTERNS = {
    "row_sums": "ij->i",
    "row_dots": "ij,ij->i",
    "all_dots": "ik,jk->ij",
    "weighted": "i,ij,j->",
    "scores": "srt,rtj->sj",
}

patterns = Exercise(
    "A dictionary that gives row_sums, row_dots, all_dots, weighted and scores their patterns for einsum.",
    problem=pattern_problem,
    symptoms={
        "Without an arrow einsum chooses the letters of the result itself. Write -> and name them.": (
            some_pattern(lambda pattern, *_: "->" not in pattern)
        ),
        "Each array needs letters of its own, with a comma between two arrays.": some_pattern(
            lambda pattern, arrays, _: pattern.split("->")[0].count(",") + 1 != len(arrays)
        ),
        "An array needs one letter for each of its axes.": some_pattern(
            lambda pattern, arrays, _: any(
                len(letters) != array.ndim
                for letters, array in zip(pattern.split("->")[0].split(","), arrays, strict=True)
            )
        ),
        "One letter stands for axes of two lengths. Axes with the same letter must be equally long.": (
            some_pattern(lambda pattern, arrays, _: has_two_lengths(pattern, arrays))
        ),
        "The letters of the result are in another order than asked: this is its transpose.": some_pattern(
            lambda pattern, arrays, right: np.allclose(np.transpose(of_pattern(pattern, arrays)), right)
        ),
        "A letter stands on the right that should be summed over. Leave it out there.": some_pattern(
            lambda pattern, arrays, right: np.ndim(of_pattern(pattern, arrays)) > np.ndim(right)
        ),
        "A letter is summed over that should stand on the right.": some_pattern(
            lambda pattern, arrays, right: np.ndim(np.einsum(pattern, *arrays)) < np.ndim(right)
        ),
    },
)


# All pairs


def pair_by_pair(X, C) -> np.ndarray:
    """Return the squared distances, one pair at a time."""
    return np.array([[sum((x_i - c_i) ** 2 for x_i, c_i in zip(x, c, strict=True)) for c in C] for x in X])


def table_of(n, m, d) -> tuple:
    """Return a case of n rows, m rows, both of length d."""
    return rng.integers(-4, 5, (n, d)).astype(float), rng.integers(-4, 5, (m, d)).astype(float)


distances = Exercise(
    "The squared distances (n, m) of all rows of X (n, d) from all rows of C (m, d).",
    "distances(X, C)",
    cases=[
        (np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])),
        (np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[3.0, 4.0], [1.0, 0.0]])),
        table_of(3, 3, 3),
        table_of(4, 2, 3),
        table_of(1, 5, 2),
        table_of(5, 1, 2),
    ],
    right=pair_by_pair,
    mistakes={
        "It takes rows in pairs, the first with the first. An axis of size 1 in X makes it all with all.": (
            lambda X, C: ((X - C) ** 2).sum(axis=1)
        ),
        "The root is too much: the squared distance was asked for.": lambda X, C: pair_by_pair(X, C) ** 0.5,
        "This is the product of the rows, not their distance.": lambda X, C: X @ C.T,
        "The rows of C come first here. The result should have a row for each row of X.": (
            lambda X, C: pair_by_pair(X, C).T
        ),
        "The sum runs over the wrong axis: the features should disappear.": lambda X, C: (
            (X[:, None] - C) ** 2
        ).sum(axis=1),
        "It adds everything up. Only the features should disappear: axis 2.": lambda X, C: pair_by_pair(
            X, C
        ).sum(),
        "The squares are not yet summed over the features.": lambda X, C: (X[:, None] - C) ** 2,
        "Square first, then add: the differences cancel.": lambda X, C: (X[:, None] - C).sum(axis=2) ** 2,
        "The term -2 X C is missing.": lambda X, C: (X**2).sum(axis=1)[:, None] + (C**2).sum(axis=1),
        "The mixed term counts twice: it is -2 X C.": lambda X, C: pair_by_pair(X, C) + X @ C.T,
    },
)


# Log-sum-exp


def one_row(z) -> float:
    """Return the logarithm of a row's sum of exponentials, the terms in order of size."""
    z = np.sort(z)
    return z[-1] + np.log1p(np.exp(z[:-1] - z[-1]).sum())


log_sum_exp = Exercise(
    "The logarithm of the sum of exponentials of each row of Z (n, m), of shape (n,).",
    "log_sum_exp(Z)",
    cases=[
        (np.array([[0.0, 0.0]]),),
        (np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]]),),
        (np.array([[1000.0, 999.0]]),),
        (np.array([[-1000.0, -1001.0]]),),
        (np.array([[1000.0, 0.0], [-1000.0, -1000.0]]),),
        (rng.integers(-9, 10, (3, 3)) / 2,),
        (rng.integers(-9, 10, (4, 3)) / 2,),
    ],
    right=lambda Z: np.array([one_row(z) for z in Z]),
    mistakes={
        "The exponentials overflow at 1000, and at -1000 all are zero. Take the largest off first.": (
            lambda Z: np.log(np.exp(Z).sum(axis=1))
        ),
        "The largest number was taken off and not put back.": lambda Z: np.log(
            np.exp(Z - Z.max(axis=1, keepdims=True)).sum(axis=1)
        ),
        "One number is taken off the whole table. Rows far below it become zeros; each needs its own.": (
            lambda Z: Z.max() + np.log(np.exp(Z - Z.max()).sum(axis=1))
        ),
        "The axis that was kept is still there: (n, 1) plus (n,) gives all pairs.": lambda Z: (
            Z.max(axis=1, keepdims=True) + np.log(np.exp(Z - Z.max(axis=1, keepdims=True)).sum(axis=1))
        ),
        "The result has the shape (n, 1). Put the largest number back without its axis.": lambda Z: np.array(
            [[one_row(z)] for z in Z]
        ),
        "It sums over each column. The rows are axis 1.": lambda Z: np.array([one_row(z) for z in Z.T]),
        "It sums over the whole table. Name the axis.": lambda Z: one_row(Z.ravel()),
        "This is the logarithm of softmax: take Z off again and turn the sign.": lambda Z: (
            Z - np.array([[one_row(z)] for z in Z])
        ),
        "This is the largest number alone: the others count too.": lambda Z: Z.max(axis=1),
        "This is the logarithm of the mean: use the sum.": lambda Z: (
            np.array([one_row(z) for z in Z]) - np.log(Z.shape[1])
        ),
    },
)


# Scaling


def by_column(X, X_new, numbers) -> np.ndarray:
    """Return X_new shifted and scaled by what ``numbers`` finds in each column of X."""
    columns = []
    for column, new in zip(X.T, X_new.T, strict=True):
        offset, scale = numbers(column)
        columns.append((new - offset) / scale)
    return np.stack(columns, axis=1)


def ruler(column) -> tuple:
    """Return mean and standard deviation."""
    mean = sum(column) / len(column)
    return mean, (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5


def birds(n, m) -> tuple:
    """Return a case of n training rows and m new ones that are a little heavier."""
    size = np.array([4.0, 2.0, 14.0])
    X, X_new = rng.normal(size=(n, 3)), rng.normal(0.5, 1, size=(m, 3))
    return tuple(np.round(one * size + [40, 17, 200], 1) for one in (X, X_new))


scale_like = Exercise(
    "The rows of X_new, standardised with the means and standard deviations of the rows of X_train.",
    "scale_like(X_train, X_new)",
    cases=[
        (np.array([[1.0], [3.0]]), np.array([[4.0]])),
        (np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[2.0, 40.0]])),
        birds(5, 3),
        birds(4, 4),
        birds(6, 1),
    ],
    right=lambda X_train, X_new: by_column(X_train, X_new, ruler),
    mistakes={
        "The numbers come from X_new itself. Measure it with the ruler of the training rows.": (
            lambda X_train, X_new: (X_new - X_new.mean(axis=0)) / X_new.std(axis=0)
        ),
        "X_new is among the rows that the numbers come from: this is a leak. Use X_train alone.": (
            lambda X_train, X_new: by_column(np.vstack([X_train, X_new]), X_new, ruler)
        ),
        "This is X_train, standardised. Return X_new.": lambda X_train, X_new: by_column(
            X_train, X_train, ruler
        ),
        "One mean and one deviation for the whole table: name axis 0, so that each column has its own.": (
            lambda X_train, X_new: (X_new - X_train.mean()) / X_train.std()
        ),
        "It takes numbers of rows. Columns need axis 0.": (
            lambda X_train, X_new: (X_new - X_train.mean(axis=1)) / X_train.std(axis=1)
        ),
        "It divides by the variance. Divide by its root, the standard deviation.": (
            lambda X_train, X_new: (X_new - X_train.mean(axis=0)) / X_train.var(axis=0)
        ),
        "The mean is divided too little: put brackets around the difference.": (
            lambda X_train, X_new: X_new - X_train.mean(axis=0) / X_train.std(axis=0)
        ),
        "The mean is not taken off.": lambda X_train, X_new: X_new / X_train.std(axis=0),
        "The deviation is not divided by.": lambda X_train, X_new: X_new - X_train.mean(axis=0),
        "This deviation divides by n - 1. The book, like NumPy and Keras, divides by n.": (
            lambda X_train, X_new: (X_new - X_train.mean(axis=0)) / X_train.std(axis=0, ddof=1)
        ),
    },
)


TENTHS = np.full(3, 0.1)  # 0.1 + 0.1 + 0.1 rounds, so the mean is not 0.1 and the deviation not 0
FINE = np.array([5e-4, 6e-4, 9e-4])  # small, and not constant


def standardised(X, constant=0.0) -> np.ndarray:
    """Return X standardised, with ``constant`` in place of constant columns."""
    columns = [
        np.full(len(x), constant) if len(set(x)) == 1 else (x - ruler(x)[0]) / ruler(x)[1] for x in X.T
    ]
    return np.stack(columns, axis=1)


standardise = Exercise(
    "The columns of X, standardised; a column that never changes becomes zeros.",
    "standardise(X)",
    cases=[
        (np.array([[1.0], [3.0]]),),
        (np.array([[2.0], [2.0]]),),
        (np.array([[1.0, 7.0], [3.0, 7.0]]),),
        (np.stack([[1.0, 2.0, 6.0], TENTHS], axis=1),),
        (np.stack([[1.0, 2.0, 6.0], FINE], axis=1),),
    ],
    right=standardised,
    mistakes={
        "A constant column gives 0 / 0. Divide it by 1 instead.": (
            lambda X: (X - X.mean(axis=0)) / X.std(axis=0)
        ),
        "Three times 0.1 has a deviation that is a rounding error, not 0. Compare lowest and highest.": (
            lambda X: (X - X.mean(axis=0)) / np.where(X.std(axis=0) == 0, 1, X.std(axis=0))
        ),
        "A small column is taken for a constant one. What is small depends on the unit; constant does not.": (
            lambda X: (X - X.mean(axis=0)) / np.where(X.std(axis=0) < 1e-3, 1, X.std(axis=0))
        ),
        "A constant column should become zeros; here it becomes ones.": lambda X: standardised(X, 1.0),
        "A constant column should become zeros; here it stays as it is.": lambda X: np.where(
            X.min(axis=0) == X.max(axis=0), X, standardised(X)
        ),
        "The constant columns are left out. Every column should come back.": lambda X: standardised(X)[
            :, X.min(axis=0) != X.max(axis=0)
        ],
        "This deviation divides by n - 1. The book, like NumPy and Keras, divides by n.": lambda X: (
            standardised(X) * ((len(X) - 1) / len(X)) ** 0.5
        ),
        "One mean and one deviation for the whole table: name axis 0.": lambda X: (X - X.mean()) / X.std(),
    },
    symptoms={
        "A number added to the deviation changes every column a little. Change only the constant ones.": (
            lambda answer, X: np.allclose(answer, standardised(X), rtol=0.2, atol=0.01)
        ),
    },
)


# Choosing columns


def gaps(X, y) -> np.ndarray:
    """Return how far the averages of the two classes are apart, column by column."""
    return np.array([abs(x[y == 1].sum() / sum(y == 1) - x[y == 0].sum() / sum(y == 0)) for x in X.T])


def largest(values, k) -> list[int]:
    """Return the places of the k largest values, in order of place."""
    return sorted(sorted(range(len(values)), key=lambda place: -values[place])[:k])


def noise(n, d, k) -> tuple:
    """Return a case of noise: n rows, d columns, half of the rows for training, k columns to choose."""
    y = np.arange(n) % 2
    return rng.normal(size=(n, d)).round(2), y, np.sort(rng.permutation(n)[: n // 2]), k


def balanced(n, d, k) -> tuple:
    """Return a case of noise whose training rows hold both classes."""
    while True:
        X, y, rows, k = noise(n, d, k)
        if 0 < y[rows].sum() < len(rows):
            return X, y, rows, k


few = np.array([[0.0, 5.0, 1.0], [4.0, 5.0, 0.0], [0.0, 0.0, 1.0], [4.0, 90.0, 0.0]])

choose_columns = Exercise(
    "The numbers of the k columns in which the averages of the two classes differ most in the training rows, "
    "as a sorted list.",
    "choose_columns(X, y, rows, k)",
    cases=[
        (few, np.array([0, 1, 0, 1]), np.array([0, 1]), 1),
        (few, np.array([1, 0, 1, 0]), np.array([0, 1]), 2),
        balanced(8, 6, 2),
        balanced(12, 20, 3),
        balanced(20, 100, 5),
    ],
    right=lambda X, y, rows, k: largest(gaps(X[rows], y[rows]), k),
    mistakes={
        "It looks at all rows, the test rows among them: this is the leak. Use X[rows] and y[rows].": (
            lambda X, y, rows, k: largest(gaps(X, y), k)
        ),
        "It looks at the rows that are not for training.": (
            lambda X, y, rows, k: largest(gaps(np.delete(X, rows, axis=0), np.delete(y, rows)), k)
        ),
        "Only columns in which class 1 has the larger average are found. Take the absolute value.": (
            lambda X, y, rows, k: largest(
                X[rows][y[rows] == 1].mean(axis=0) - X[rows][y[rows] == 0].mean(axis=0), k
            )
        ),
        "These are the columns in which the classes differ least.": (
            lambda X, y, rows, k: largest(-gaps(X[rows], y[rows]), k)
        ),
        "These are the columns that vary most, whatever the classes are.": (
            lambda X, y, rows, k: largest(X[rows].std(axis=0), k)
        ),
        "The columns are right, but not sorted by their number.": (
            lambda X, y, rows, k: np.argsort(gaps(X[rows], y[rows]))[-k:]
        ),
        "This is one column too few: a slice ends before its second number.": (
            lambda X, y, rows, k: sorted(np.argsort(gaps(X[rows], y[rows]))[-k:-1])
        ),
    },
)
