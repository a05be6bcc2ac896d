"""The exercises of chapter 8: a verdict, complex steps, corners, bugs, one direction, curvature, a rule."""

from __future__ import annotations

import numpy as np

from nnbook.exercises import comparing
from nnbook.exercises.bugs import one_left, several_left
from nnbook.exercises.exercise import Exercise

rng = np.random.default_rng(8)


# A verdict on a gradient


def band(error) -> str:
    """Return the word for a relative error."""
    return "wrong" if error > 1e-2 else "good" if error < 1e-7 else "look"


def errors(analytic, numeric, floor=1e-8) -> list[float]:
    """Return the relative error of each number."""
    pairs = zip(analytic.ravel(), numeric.ravel(), strict=True)
    return [float(abs(a - b) / max(abs(a), abs(b), floor)) for a, b in pairs]


def judged(how):
    """Return what gives the word for a number made from two gradients."""
    return lambda analytic, numeric: band(how(analytic, numeric))


one_of_many = np.where(np.arange(1000) == 7, 1.05, 1.0)

verdict = Exercise(
    'One word on a gradient: "good" if its largest relative error is below 1e-7, "wrong" if it is above '
    '1e-2, else "look".',
    "verdict(analytic, numeric)",
    cases=[
        (np.array([1.0]), np.array([1.0 + 5e-9])),
        (np.array([1e-6]), np.array([2e-6])),
        (np.array([1000.0]), np.array([1000.00001])),
        (np.array([-1000.0]), np.array([-1000.00001])),
        (np.array([1.0]), np.array([1.001])),
        (np.array([0.0, 1.0]), np.array([0.0, 1.0])),
        (np.array([1e-16, 1.0]), np.array([0.0, 1.0])),
        (np.array([1.0, 2.0]), np.array([1.0101, 2.0])),
        (np.array([1.0101, 2.0]), np.array([1.0, 2.0])),
        (np.array([1.0]), np.array([1.015])),
        (np.array([0.001, 200.0]), np.array([0.002, 200.0])),
        (np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[1.0001, -2.0], [3.0, 4.0]])),
        (np.ones(1000), one_of_many),
    ],
    right=lambda analytic, numeric: band(max(errors(analytic, numeric))),
    mistakes={
        "This is the absolute error. Divide each difference by the size of the gradient there.": judged(
            lambda a, b: np.abs(a - b).max()
        ),
        "The mean hides one wrong number among many right ones. Take the largest error.": judged(
            lambda a, b: np.mean(errors(a, b))
        ),
        "This is the smallest error. One right number proves nothing; take the largest.": judged(
            lambda a, b: np.min(errors(a, b))
        ),
        "The floor is missing: a rounding error beside a true zero counts as wholly wrong.": judged(
            lambda a, b: np.nanmax(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))
        ),
        "It divides by one of the two gradients alone. Take the larger of the two, and the floor.": judged(
            lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a), 1e-8))
        ),
        "It divides by numeric alone. Take the larger of the two, and the floor.": judged(
            lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(b), 1e-8))
        ),
        "It divides by the sum of both sizes. Take the larger of the two.": judged(
            lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8))
        ),
        "It divides by the largest size in the arrays, and small slopes vanish beside it. Divide number by "
        "number, and take the largest error last.": judged(
            lambda a, b: np.max(np.abs(a - b)) / max(np.abs(a).max(), np.abs(b).max(), 1e-8)
        ),
        "It compares the lengths of whole gradients, and small slopes vanish in them. Divide number by "
        "number, and take the largest error last.": judged(
            lambda a, b: (
                np.sqrt(((a - b) ** 2).sum()) / max(np.sqrt((a**2).sum()) + np.sqrt((b**2).sum()), 1e-8)
            )
        ),
        "The signs are lost: compare the numbers, not their sizes.": judged(
            lambda a, b: np.max(errors(np.abs(a), np.abs(b)))
        ),
        "Of two negative numbers the larger is not the one of larger size: take |a| and |b| below.": judged(
            lambda a, b: np.max(np.abs(a - b) / np.maximum(np.maximum(a, b), 1e-8))
        ),
        'The bands end at 1e-7 and 1e-2; between them the word is "look".': lambda a, b: (
            "good" if max(errors(a, b)) < 1e-7 else "look" if max(errors(a, b)) < 1e-4 else "wrong"
        ),
        "It compares a whole array with one number. Take the largest error first.": judged(
            lambda a, b: np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-8)
        ),
    },
)


# Complex steps


def cubes(x):
    """Return the sum of cubes."""
    return (x**3).sum()


def product(x):
    """Return the product of all numbers."""
    return x.prod()


def wave(x):
    """Return exp of the sum of sines."""
    return np.exp(np.sin(x).sum())


def far_up(x):
    """Return the sum of cubes, 100 million higher."""
    return 1e8 + (x**3).sum()


def never_put_back(f, x) -> np.ndarray:
    """Return imaginary parts over the step, which stays in every place that it has been in."""
    moved, found = x.astype(complex), np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved[place] += 1e-20j
        found[place] = f(moved).imag / 1e-20
    return found


def rows_moved(f, x) -> np.ndarray:
    """Return imaginary parts over the step, with the step in a whole row of a table at once."""
    found = np.empty(x.shape)
    for row in range(len(x)):
        moved = x.astype(complex)
        moved[row] += 1e-20j
        found[row] = f(moved).imag / 1e-20
    return found


def stepped(f, x, step, read) -> np.ndarray:
    """Return ``read(f(x + step))`` with the step in each place in turn."""
    found = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[place] += step
        found[place] = read(f(moved))
    return found


def by_small_steps(f, x) -> np.ndarray:
    """Return the gradient by complex steps of 1e-30."""
    return stepped(f, x, 1e-30j, lambda y: y.imag / 1e-30)


DIFFERENCE = (
    "This takes a difference: at a function value of 100 million, few of its digits are left. Step by 1j * h."
)

complex_step = Exercise(
    "The gradient of f at x, by complex steps: an array of x's shape.",
    "complex_step(f, x)",
    cases=[
        (cubes, np.array([2.0])),
        (cubes, np.array([1.0, -2.0])),
        (product, np.array([2.0, 3.0, 5.0])),
        (wave, np.array([[0.5, -1.0, 2.0], [0.25, 1.5, -0.75]])),
        (far_up, np.array([1.0, -2.0])),
    ],
    right=by_small_steps,
    mistakes={
        "The slope sits in the imaginary part; this is the real one.": lambda f, x: stepped(
            f, x, 1e-20j, lambda y: y.real / 1e-20
        ),
        "This is all zeros: is the imaginary part divided by h, and was it kept when the step was added?": (
            lambda f, x: np.zeros(x.shape)
        ),
        "All numbers are moved at once: this is the sum of all slopes. Move one at a time.": lambda f, x: (
            f(x + 1e-20j).imag / 1e-20
        ),
        "There is no difference here, so there is no 2: divide by h.": lambda f, x: stepped(
            f, x, 1e-20j, lambda y: y.imag / 2e-20
        ),
        DIFFERENCE: lambda f, x: (stepped(f, x, 1e-5, np.real) - stepped(f, x, -1e-5, np.real)) / 2e-5,
        "The steps are never taken back, so slopes add up. Begin with a new copy for each number.": (
            never_put_back
        ),
        "It moves a whole row at once. np.ndindex(x.shape) names each number of a table.": rows_moved,
    },
    symptoms={
        "A gradient is real, and this is complex: take the imaginary part of what f returns.": (
            lambda answer, f, x: np.iscomplexobj(answer)
        ),
        DIFFERENCE: lambda answer, f, x: f is far_up and np.shape(answer) == x.shape,
        "Nearly right: the step is so large that its square still counts. Take one like 1e-20.": (
            lambda answer, f, x: np.allclose(answer, by_small_steps(f, x), rtol=0.05, atol=0)
        ),
    },
)


# Corners


def steps_over(z_above, z_below) -> np.ndarray:
    """Say for each row whether a unit is on in one table and off in the other."""
    pairs = zip(z_above, z_below, strict=True)
    return np.array([any((a > 0) != (b > 0) for a, b in zip(*rows, strict=True)) for rows in pairs])


def preactivations(n, units, h) -> tuple:
    """Return a case of n entries and some units, of which a few cross."""
    middle = rng.normal(size=(n, units))
    move = h * rng.normal(size=(n, units))
    return np.round(middle + move, 2), np.round(middle - move, 2)


crossed = Exercise(
    "For each row, whether at least one unit is on (z > 0) in one table and off in the other: shape (n,).",
    "crossed(z_above, z_below)",
    cases=[
        (np.array([[1.0, 2.0]]), np.array([[1.5, -0.5]])),
        (np.array([[1.0, -2.0], [1.0, 2.0]]), np.array([[2.0, -1.0], [0.0, 2.0]])),
        (np.array([[0.0, -1.0], [3.0, 0.0]]), np.array([[-1.0, 0.0], [1.0, 0.0]])),
        (np.array([[-1.0, 1.0], [1.0, 1.0]]), np.array([[1.0, -1.0], [1.0, 2.0]])),
        preactivations(6, 4, 0.2),
        preactivations(4, 6, 0.1),
    ],
    right=steps_over,
    mistakes={
        "One unit that crosses is enough to spoil the row: any, not all.": lambda z_above, z_below: (
            (z_above > 0) != (z_below > 0)
        ).all(axis=1),
        "It runs over the wrong axis: a row is an entry, a column is a unit.": lambda z_above, z_below: (
            (z_above > 0) != (z_below > 0)
        ).any(axis=0),
        "This is one answer for each unit. Ask whether any unit of the row has crossed.": (
            lambda z_above, z_below: (z_above > 0) != (z_below > 0)
        ),
        "A unit at exactly 0 is off: 1 and 0 lie on two sides, though their product is not negative.": (
            lambda z_above, z_below: (z_above * z_below < 0).any(axis=1)
        ),
        "A unit at exactly 0 is off: −1 and 0 lie on one side, though their signs differ.": (
            lambda z_above, z_below: (np.sign(z_above) != np.sign(z_below)).any(axis=1)
        ),
        "A unit at exactly 0 is off: z > 0 says so, and z >= 0 does not.": lambda z_above, z_below: (
            (z_above >= 0) != (z_below >= 0)
        ).any(axis=1),
        "A product of 0 is no crossing: −1 and 0 lie on one side, and so do 0 and 0.": (
            lambda z_above, z_below: (z_above * z_below <= 0).any(axis=1)
        ),
        "A unit may go on or off. This sees one of the two.": lambda z_above, z_below: (
            (z_above > 0) & (z_below <= 0)
        ).any(axis=1),
        "This counts the units that have crossed. Is there one? Say true or false.": (
            lambda z_above, z_below: ((z_above > 0) != (z_below > 0)).sum(axis=1)
        ),
        "This is one answer for all rows. Ask row by row: axis=1.": lambda z_above, z_below: (
            (z_above > 0) != (z_below > 0)
        ).any(),
        "A unit that stays on gives another value too. Ask whether it is on, not what it gives.": (
            lambda z_above, z_below: (np.maximum(z_above, 0) != np.maximum(z_below, 0)).any(axis=1)
        ),
        "It compares how many units are on; one may go on while another goes off.": (
            lambda z_above, z_below: (z_above > 0).sum(axis=1) != (z_below > 0).sum(axis=1)
        ),
    },
)


# Five bugs

FACTOR = "The square's factor 2 is missing in the gradient at p."
TURNED = "V led forward as it stands; back it leads turned, with rows and columns exchanged."
SLOPE = "The slope of tanh is 1 - A², not 1 - A."
PENALTY = "The penalty has a gradient too: 0.2 W."
BIAS = "The bias is used once in each row, so its shares are added: sum, not mean."
BUGS = FACTOR, TURNED, SLOPE, PENALTY, BIAS


def network_loss(X, Y, W, b, V):
    """Return the loss of the exercise; complex numbers may stand in W, b and V."""
    squares = (np.tanh(X @ W + b) @ V - Y) ** 2
    return squares.sum() / len(X) + 0.1 * (W**2).sum()


def by_complex_steps(X, Y, W, b, V) -> tuple:
    """Return the gradients of the loss at W, b and V, number by number."""
    weights, found = [W, b, V], []
    for k in range(3):

        def along(w, k=k):
            return network_loss(X, Y, *weights[:k], w, *weights[k + 1 :])

        found.append(stepped(along, weights[k], 1e-30j, lambda y: y.imag / 1e-30))
    return tuple(found)


def program(X, Y, W, b, V, bugs) -> tuple:
    """Return what the program of the exercise gives with some of its bugs left in."""
    A = np.tanh(X @ W + b)
    dP = (1 if FACTOR in bugs else 2) * (A @ V - Y) / len(X)
    dA = dP @ (V if TURNED in bugs else V.T)
    dZ = dA * (1 - A if SLOPE in bugs else 1 - A**2)
    dW = X.T @ dZ + (0 if PENALTY in bugs else 0.2 * W)
    return dW, dZ.mean(axis=0) if BIAS in bugs else dZ.sum(axis=0), A.T @ dP


def half_the_penalty(X, Y, W, b, V) -> tuple:
    """Return the gradients with 0.1 W for the penalty."""
    dW, db, dV = program(X, Y, W, b, V, [])
    return dW - 0.1 * W, db, dV


def one_bias(X, Y, W, b, V) -> tuple:
    """Return the gradients with those of all biases in one sum."""
    dW, db, dV = program(X, Y, W, b, V, [])
    return dW, db.sum(), dV


def holds_nodes(answer, *_) -> bool:
    """Is there a node in the answer, where an array was wanted?"""
    return "<Node>" in repr(answer)


NODES = "Nodes came back. The array in a node is its value: node.value."


def first_wrong(part):
    """Return a symptom: of dV, db and dW, the way the gradient goes, this is the first that is wrong."""

    def symptom(answer, *case) -> bool:
        right = by_complex_steps(*case)
        alike = [np.shape(one) == np.shape(other) for one, other in zip(answer, right, strict=True)]
        wrong = [k for k in (2, 1, 0) if not comparing.same(answer[k], right[k])]
        return all(alike) and wrong[0] == part

    return symptom


def small_network(n, n_in, n_hidden) -> tuple:
    """Return a case with as many outputs as hidden units, so that nothing stops for its shape."""
    X, Y = rng.normal(size=(n, n_in)).round(1), rng.normal(size=(n, n_hidden)).round(1)
    W, b, V = (rng.normal(size=s).round(1) for s in ((n_in, n_hidden), n_hidden, (n_hidden, n_hidden)))
    return X, Y, W, b, V


backward = Exercise(
    "The gradients of the loss at W, b and V, as a tuple (dW, db, dV).",
    "backward(X, Y, W, b, V)",
    cases=[small_network(2, 2, 2), small_network(3, 2, 2), small_network(5, 4, 3), small_network(4, 2, 5)],
    right=by_complex_steps,
    mistakes=one_left(program, BUGS)
    | {
        "The slope of 0.1 W² is 0.2 W, not 0.1 W.": half_the_penalty,
        "Each bias has a gradient of its own: sum over the rows only, with axis=0.": one_bias,
    },
    symptoms={
        NODES: holds_nodes,
        "Several bugs are left. Check dV first, then db, then dW: the way the gradient goes.": several_left(
            program, BUGS
        ),
        "dV is wrong. It comes first: look at dP, and at dV's own line.": first_wrong(2),
        "dV is right and db is not: look at the way from dP to dZ, and at db's own line.": first_wrong(1),
        "Only dW is wrong: the bug is in its own line, where the penalty is too.": first_wrong(0),
    },
)


# One direction


def bowl(x):
    """Return half the sum of squares."""
    return 0.5 * (x**2).sum()


def bowl_slope(x):
    """Return the gradient of the bowl."""
    return x


def valley(x):
    """Return a sum of cosines."""
    return np.cos(x).sum()


def wrong_slope(x):
    """Return the gradient of the sum of cosines, with one sign turned round."""
    return -np.sin(x) * np.where(np.arange(x.size).reshape(x.shape) == 1, -1, 1)


def twice(x):
    """Return twice the gradient of the bowl."""
    return 2 * x


def relative(a, b) -> float:
    """Return the relative error of two numbers."""
    return float(abs(a - b) / max(abs(a), abs(b), 1e-8))


def difference(f, x, v, h) -> float:
    """Return the centred difference along v."""
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


def against(numeric, analytic=lambda grad, x, v: (grad(x) * v).sum()):
    """Return a checker along one direction, from what it takes for the two slopes."""
    return lambda f, grad, x, v: relative(numeric(f, x, v), analytic(grad, x, v))


def slopes(f, x) -> np.ndarray:
    """Return the gradient by centred differences, in the shape of x."""
    return np.reshape([difference(f, x, e.reshape(x.shape), 1e-5) for e in np.eye(x.size)], x.shape)


NO_SIGN = "An error has no sign: take sizes above the line and below it."

point, way = np.array([1.0, 0.5, -0.25]), np.array([0.5, 1.0, -1.0])
table = rng.normal(size=(2, 3)).round(2)

along = Exercise(
    "The relative error between the centred difference of f along v, with h = 1e-5, and what grad says.",
    "along(f, grad, x, v)",
    cases=[
        (bowl, twice, np.array([1.0]), np.array([1.0])),
        (bowl, twice, point, way),
        (bowl, bowl_slope, point, way),
        (valley, wrong_slope, point, way),
        (valley, wrong_slope, table, np.ones((2, 3))),
        (valley, wrong_slope, table, rng.normal(size=(2, 3)).round(2)),
    ],
    problem=lambda answer, f, grad, x, v: along_problem(answer, f, grad, x, v),
    mistakes={
        "The sum of the gradient belongs to the direction (1, 1, …, 1). Multiply by v first.": against(
            lambda f, x, v: difference(f, x, v, 1e-5), lambda grad, x, v: grad(x).sum()
        ),
        "The slope along v is one number: add up grad(x) * v before you compare.": lambda f, grad, x, v: max(
            relative(difference(f, x, v, 1e-5), share) for share in (grad(x) * v).ravel()
        ),
        "This is the check of every number by itself. Along v there is one slope on each side.": (
            lambda f, grad, x, v: max(map(relative, slopes(f, x).ravel(), grad(x).ravel()))
        ),
        "The step is taken along all ones, not along v.": against(
            lambda f, x, v: difference(f, x, np.ones(x.shape), 1e-5)
        ),
        "A centred difference spans 2h: divide by 2h.": against(
            lambda f, x, v: 2 * difference(f, x, v, 1e-5)
        ),
        "This is the absolute error. Divide by the larger of the two slopes.": lambda f, grad, x, v: float(
            abs(difference(f, x, v, 1e-5) - (grad(x) * v).sum())
        ),
        "It divides v by its length on one side only.": against(
            lambda f, x, v: difference(f, x, v / np.sqrt((v**2).sum()), 1e-5)
        ),
        "This is the forward difference: step to both sides, and divide by 2h.": against(
            lambda f, x, v: (f(x + 1e-5 * v) - f(x)) / 1e-5
        ),
        "It divides by what grad gives. Take the larger of the two sizes.": lambda f, grad, x, v: float(
            abs(difference(f, x, v, 1e-5) / (grad(x) * v).sum() - 1)
        ),
        NO_SIGN: lambda f, grad, x, v: float(
            (difference(f, x, v, 1e-5) - (grad(x) * v).sum())
            / max(difference(f, x, v, 1e-5), (grad(x) * v).sum(), 1e-8)
        ),
    },
    symptoms={
        NO_SIGN: lambda answer, f, grad, x, v: answer < 0,
        "This is an error for each number. Along one direction there are two slopes, each a single number.": (
            lambda answer, f, grad, x, v: np.shape(answer) == x.shape != ()
        ),
    },
)


def along_problem(answer, f, grad, x, v) -> str:
    """Say what is wrong with a relative error along a direction; its last digits are rounding."""
    right = relative(difference(f, x, v, 1e-5), (grad(x) * v).sum())
    if np.shape(answer) != ():
        return f"One number was wanted, not the shape {np.shape(answer)}."
    if right < 1e-8:
        return "" if 0 <= answer < 1e-7 else f"The gradient is right here, and the error was {answer:.2g}."
    return "" if abs(answer - right) < 1e-6 else f"The error here is {right:.6f}, not {answer:.6f}."


# Backward twice


def cubic(x):
    """Return the sum of cubes."""
    return np.sum(x**3)


def squared_sum(x):
    """Return the square of the sum."""
    return np.sum(x) ** 2


def exp_of_product(x):
    """Return exp of the product of the first two numbers."""
    return np.exp(x[0] * x[1])


SLOPES = np.array([0.5, -1.0, 2.0])


def neuron_loss(x):
    """Return the cross-entropy of a neuron with three weights whose label is 0."""
    return np.logaddexp(0, np.sum(SLOPES * x))


def curvature_of(f, x) -> np.ndarray:
    """Return the second derivatives by the formulas of mathematics."""
    if f is cubic:
        return np.diag(6 * x)
    if f is squared_sum:
        return np.full((len(x), len(x)), 2.0)
    if f is exp_of_product:
        a, b = x
        return np.exp(a * b) * np.array([[b * b, 1 + a * b], [1 + a * b, a * a]])
    p = 1 / (1 + np.exp(-(SLOPES * x).sum()))
    return p * (1 - p) * np.outer(SLOPES, SLOPES)


def of_one_number(found):
    """Return what gives ``found(f, x)`` for a single x and cannot begin at more slopes than one."""

    def called(f, x):
        if len(x) > 1:
            raise ValueError("y must be a single number")
        return found(f, x)

    return called


hessian = Exercise(
    "All second derivatives of f at x, as an array (d, d), with f written for nodes.",
    "hessian(f, x)",
    cases=[
        (cubic, np.array([2.0])),
        (cubic, np.array([1.0, -2.0])),
        (squared_sum, np.array([1.0, 0.5, -2.0])),
        (exp_of_product, np.array([0.5, 2.0])),
        (neuron_loss, np.array([1.0, 0.5, -0.25])),
    ],
    right=curvature_of,
    mistakes={
        "These are the rows' sums. Differentiate one slope at a time, not the sum of all.": (
            lambda f, x: curvature_of(f, x).sum(axis=1)
        ),
        "Only the diagonal is here. Each slope has a derivative with respect to every number.": lambda f, x: (
            np.diag(np.diag(curvature_of(f, x)))
        ),
        "This is the first derivative. Run backward a second time, from one of its numbers.": slopes,
        "These are products of two first derivatives, not second derivatives.": lambda f, x: np.outer(
            slopes(f, x), slopes(f, x)
        ),
        "This is the diagonal as a row. The result has a row for each slope.": lambda f, x: np.diag(
            curvature_of(f, x)
        ),
        "gradients returns a list, a gradient for each x. Take it out: (slope,) = …": of_one_number(
            curvature_of
        ),
        "Backward begins at a single number. Pick one slope at a time: slope[i].": of_one_number(
            lambda f, x: curvature_of(f, x)[0]
        ),
        "All zeros: a value has no record. Differentiate the node slope[i], not its value.": lambda f, x: (
            np.zeros((len(x), len(x)))
        ),
    },
    symptoms={NODES: holds_nodes},
)


# A new rule


def shares(along_a, along_b):
    """Return what gives a pair of shares."""
    return lambda g, y, a, b: (along_a(g, y, a, b), along_b(g, y, a, b))


def triangle(*shape) -> tuple:
    """Return a case: a gradient, the lengths of two sides and of the third."""
    a, b, g = (rng.integers(1, 9, shape) * rng.choice([-0.5, 0.5], shape) for _ in range(3))
    return g, np.hypot(a, b), a, b


hypot_rules = Exercise(
    "The shares of a and of b, as a pair, of the gradient g at y = np.hypot(a, b).",
    "hypot_rules(g, y, a, b)",
    cases=[
        (np.array([1.0]), np.array([5.0]), np.array([3.0]), np.array([4.0])),
        (np.array([2.0]), np.array([5.0]), np.array([3.0]), np.array([-4.0])),
        triangle(3),
        triangle(2, 3),
    ],
    right=lambda g, y, a, b: (
        g * np.cos(np.arctan2(b, a)),
        g * np.sin(np.arctan2(b, a)),
    ),
    mistakes={
        "The chain rule is missing: multiply by g.": shares(
            lambda g, y, a, b: a / y, lambda g, y, a, b: b / y
        ),
        "The two shares are exchanged.": shares(lambda g, y, a, b: g * b / y, lambda g, y, a, b: g * a / y),
        "This is the gradient at a² + b². The root has a slope too: 1 / (2y).": shares(
            lambda g, y, a, b: 2 * g * a, lambda g, y, a, b: 2 * g * b
        ),
        "The slope of the root is 1 / (2y), and the 2 cancels against that of the square.": shares(
            lambda g, y, a, b: g * a / (2 * y), lambda g, y, a, b: g * b / (2 * y)
        ),
        "The square has a slope as well: 2a and 2b.": shares(
            lambda g, y, a, b: g / (2 * y), lambda g, y, a, b: g / (2 * y)
        ),
        "One a is enough: 2y ∂y/∂a = 2a, so ∂y/∂a = a / y.": shares(
            lambda g, y, a, b: g * a**2 / y, lambda g, y, a, b: g * b**2 / y
        ),
        "Divide by y once: 2y ∂y/∂a = 2a, so ∂y/∂a = a / y.": shares(
            lambda g, y, a, b: g * a / y**2, lambda g, y, a, b: g * b / y**2
        ),
        "The fraction stands on its head: a / y, not y / a.": shares(
            lambda g, y, a, b: g * y / a, lambda g, y, a, b: g * y / b
        ),
        "Sides may be negative, and then so are their slopes.": shares(
            lambda g, y, a, b: g * np.abs(a) / y, lambda g, y, a, b: g * np.abs(b) / y
        ),
    },
    symptoms={
        "Return the two shares themselves; the functions come into the table afterwards.": (
            lambda answer, g, y, a, b: "<function>" in repr(answer)
        ),
        "Each number has a share of its own: nothing is added up, and a share has the shape of g.": (
            lambda answer, g, y, a, b: len(answer) == 2 and np.shape(answer[0]) == () != np.shape(g)
        ),
    },
)
