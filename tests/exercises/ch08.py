"""What readers write in the exercises of chapter 8: other right ways, and wrong ones with their hints."""

from __future__ import annotations

import numpy as np

from nnbook.autodiff import Node, gradients
from nnbook.exercises import ch08
from nnbook.gradcheck import numerical_gradient, relative_error

# Right


def verdict(analytic, numeric):
    error = relative_error(analytic, numeric)
    if error > 1e-2:
        return "wrong"
    return "good" if error < 1e-7 else "look"


def complex_step(f, x):
    grad = np.zeros_like(x)
    for i in range(x.size):
        step = np.zeros(x.size, complex)
        step[i] = 1e-100j
        grad.flat[i] = np.imag(f(x + step.reshape(x.shape))) / 1e-100
    return grad


def backward(X, Y, W, b, V):
    nodes = [Node(W), Node(b), Node(V)]
    A = np.tanh(X @ nodes[0] + nodes[1])
    loss = np.sum((A @ nodes[2] - Y) ** 2) / len(X) + 0.1 * np.sum(nodes[0] ** 2)
    return [grad.value for grad in gradients(loss, nodes)]


def along(f, grad, x, v):
    numeric = (f(x + 1e-5 * v) - f(x - 1e-5 * v)) / 2e-5
    return relative_error(numeric, np.sum(grad(x) * v))


def hessian(f, x):
    x = Node(x)
    (slope,) = gradients(f(x), [x])
    return [gradients(np.sum(slope * e), [x])[0].value for e in np.eye(len(x.value))]


RIGHT = {
    "verdict": verdict,
    "complex_step": complex_step,
    "crossed": lambda z_above, z_below: np.sum((z_above > 0) ^ (z_below > 0), axis=1) > 0,
    "backward": backward,
    "along": along,
    "hessian": hessian,
    "hypot_rules": lambda g, y, a, b: [g * a / np.sqrt(a**2 + b**2), g * b / np.sqrt(a**2 + b**2)],
}

# Wrong


def word(error):
    return "wrong" if error > 1e-2 else "good" if error < 1e-7 else "look"


def quiet(function):
    def called(*case):
        with np.errstate(all="ignore"):
            return function(*case)

    return called


def sizes(a, b):
    return np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-8)


def length(a):
    return np.linalg.norm(np.ravel(a))


def loses_the_step(f, x):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        z = x.copy()
        z[i] += (1e-20j).real  # what a real array keeps
        grad[i] = np.imag(f(z)) / 1e-20
    return grad


def keeps_the_steps(f, x):
    z, grad = x + 0j, np.zeros_like(x)
    for i in range(x.size):
        z.flat[i] += 1e-9j
        grad.flat[i] = np.imag(f(z)) / 1e-9
    return grad


def along_rows(f, x):
    rows = np.eye(len(x)).reshape(len(x), *[len(x) if k == 0 else 1 for k in range(x.ndim)])
    return np.stack([np.full(x.shape[1:], np.imag(f(x + 1e-30j * row)) / 1e-30) for row in rows])


def correct(*case, penalty=0.2):
    dW, db, dV = backward(*case)
    return dW + (penalty - 0.2) * case[2], db, dV


def as_nodes(X, Y, W, b, V):
    nodes = [Node(W), Node(b), Node(V)]
    return gradients(np.sum(np.tanh(X @ nodes[0] + nodes[1]) @ nodes[2]), nodes)


def slope_node(f, x):
    x = Node(x)
    return x, gradients(f(x), [x])


def with_bugs(*bugs):
    return lambda *case: ch08.program(*case, [ch08.BUGS[k] for k in bugs])


def forward_difference(f, x):
    return np.array([(f(x + 1e-6 * e) - f(x)) / 1e-6 for e in np.eye(x.size).reshape(-1, *x.shape)])


def gradient_twice(f, x):
    return numerical_gradient(lambda x: float(f(x)), x.copy())


WRONG = {
    "verdict": [
        ("This is the absolute error", lambda a, b: word(np.max(np.abs(a - b)))),
        ("The mean hides one wrong number", lambda a, b: word(np.mean(np.abs(a - b) / sizes(a, b)))),
        ("This is the smallest error", lambda a, b: word(np.min(np.abs(a - b) / sizes(a, b)))),
        ("The floor is missing", quiet(lambda a, b: word(np.nanmax(abs(a - b) / np.fmax(abs(a), abs(b)))))),
        ("one of the two gradients alone", lambda a, b: word(np.max(np.abs(a - b) / np.fmax(abs(a), 1e-8)))),
        ("numeric alone", lambda a, b: word(np.max(np.abs(a - b) / np.fmax(abs(b), 1e-8)))),
        ("the sum of both sizes", lambda a, b: word(np.max(abs(a - b) / np.fmax(abs(a) + abs(b), 1e-8)))),
        ("the largest size in the arrays", lambda a, b: word(np.max(np.abs(a - b)) / np.max(sizes(a, b)))),
        ("the lengths of whole gradients", lambda a, b: word(length(a - b) / (length(a) + length(b)))),
        ("Of two negative numbers", lambda a, b: word(np.max(np.abs(a - b) / np.fmax(np.fmax(a, b), 1e-8)))),
        ("The bands end at", lambda a, b: word(100 * e) if (e := relative_error(a, b)) >= 1e-7 else "good"),
        ("a whole array with one number", lambda a, b: word(np.abs(a - b) / sizes(a, b))),
        ("The signs are lost", lambda a, b: word(relative_error(np.abs(a), np.abs(b)))),
        ("a number was wanted|It returned|text", lambda a, b: relative_error(a, b)),
    ],
    "complex_step": [
        ("this is the real one", lambda f, x: ch08.stepped(f, x, 1e-20j, lambda y: np.real(y) / 1e-20)),
        ("This is all zeros", lambda f, x: ch08.stepped(f, x, 1e-20j, lambda y: np.imag(y))),
        ("This is all zeros", loses_the_step),
        ("All numbers are moved at once", lambda f, x: np.imag(f(x + 1e-30j)) / 1e-30),
        ("so there is no 2", lambda f, x: complex_step(f, x) / 2),
        ("This takes a difference", lambda f, x: numerical_gradient(f, x.copy())),
        ("This takes a difference", lambda f, x: numerical_gradient(f, x.copy(), eps=1e-6)),
        ("its square still counts", lambda f, x: ch08.stepped(f, x, 1e-2j, lambda y: np.imag(y) / 1e-2)),
        ("never taken back", keeps_the_steps),
        ("a whole row at once", along_rows),
        ("this is complex", lambda f, x: complex_step(f, x) + 1j),
        ("It returned None", lambda f, x: complex_step(f, x).sort()),
    ],
    "crossed": [
        ("any, not all", lambda a, b: np.all((a > 0) != (b > 0), axis=-1)),
        ("wrong axis", lambda a, b: np.any((a > 0) != (b > 0), axis=0)),
        ("one answer for each unit", lambda a, b: (a > 0) ^ (b > 0)),
        ("1 and 0 lie on two sides", lambda a, b: np.any(a * b < 0, axis=1)),
        ("their signs differ", lambda a, b: np.any(np.sign(a) != np.sign(b), axis=1)),
        ("how many units are on", lambda a, b: np.sum(a > 0, axis=1) != np.sum(b > 0, axis=1)),
        ("z >= 0 does not", lambda a, b: np.any((a < 0) != (b < 0), axis=1)),
        ("A product of 0 is no crossing", lambda a, b: np.min(a * b, axis=1) <= 0),
        ("This sees one of the two", lambda a, b: np.any((a > 0) & ~(b > 0), axis=1)),
        ("counts the units", lambda a, b: [sum(row) for row in (a > 0) ^ (b > 0)]),
        ("one answer for all rows", lambda a, b: np.any((a > 0) != (b > 0))),
        ("stays on gives another value", lambda a, b: np.any(np.fmax(a, 0) != np.fmax(b, 0), axis=1)),
        ("turned round", lambda a, b: ~np.any((a > 0) != (b > 0), axis=1)),
    ],
    "backward": [
        ("factor 2 is missing", with_bugs(0)),
        ("V led forward", with_bugs(1)),
        ("The slope of tanh", with_bugs(2)),
        ("The penalty has a gradient too", with_bugs(3)),
        ("The bias is used once in each row", with_bugs(4)),
        ("Several bugs are left", with_bugs(0, 1, 2, 3, 4)),
        ("Several bugs are left", with_bugs(2, 4)),
        ("0.2 W, not 0.1 W", lambda *case: correct(*case, penalty=0.1)),
        (
            "Each bias has a gradient",
            lambda *case: tuple(np.sum(g) if g.ndim == 1 else g for g in backward(*case)),
        ),
        ("dV is wrong", lambda *case: [part + k * 0.2 for k, part in enumerate(backward(*case))]),
        ("dV is right and db is not", lambda *case: [backward(*case)[k] * (k - 1) for k in range(3)]),
        ("Only dW is wrong", lambda *case: correct(*case, penalty=0.3)),
        ("Nodes came back", as_nodes),
        ("It returned", lambda *case: backward(*case)[0]),
    ],
    "along": [
        (
            "Multiply by v first",
            lambda f, grad, x, v: relative_error(ch08.difference(f, x, v, 1e-5), grad(x).sum()),
        ),
        (
            "along all ones",
            lambda f, grad, x, v: relative_error((f(x + 1e-5) - f(x - 1e-5)) / 2e-5, (grad(x) * v).sum()),
        ),
        (
            "divide by 2h",
            lambda f, grad, x, v: relative_error(
                (f(x + 1e-5 * v) - f(x - 1e-5 * v)) / 1e-5, (grad(x) * v).sum()
            ),
        ),
        (
            "This is the absolute error",
            lambda f, grad, x, v: abs(ch08.difference(f, x, v, 1e-5) - (grad(x) * v).sum()),
        ),
        (
            "divides v by its length",
            lambda f, grad, x, v: relative_error(
                ch08.difference(f, x, v / np.linalg.norm(v), 1e-5), (grad(x) * v).sum()
            ),
        ),
        (
            "the forward difference",
            lambda f, grad, x, v: relative_error((f(x + 1e-5 * v) - f(x)) / 1e-5, np.sum(grad(x) * v)),
        ),
        (
            "It divides by what grad gives",
            lambda f, grad, x, v: abs(1 - ch08.difference(f, x, v, 1e-5) / np.sum(grad(x) * v)),
        ),
        (
            "An error has no sign",
            lambda f, grad, x, v: (
                ((a := ch08.difference(f, x, v, 1e-5)) - (b := np.sum(grad(x) * v))) / max(a, b, 1e-8)
            ),
        ),
        (
            "An error has no sign",
            lambda f, grad, x, v: (
                ((a := ch08.difference(f, x, v, 1e-5)) - (b := np.sum(grad(x) * v)))
                / max(abs(a), abs(b), 1e-8)
            ),
        ),
        (
            "add up grad(x) * v",
            lambda f, grad, x, v: relative_error(
                np.full(x.shape, ch08.difference(f, x, v, 1e-5)), grad(x) * v
            ),
        ),
        (
            "the check of every number",
            lambda f, grad, x, v: relative_error(numerical_gradient(f, x.copy()), grad(x)),
        ),
        ("an error for each number", lambda f, grad, x, v: np.abs(grad(x) - x) + 1),
    ],
    "hessian": [
        ("the rows' sums", lambda f, x: np.array(hessian(f, x)).sum(axis=0)),
        ("Only the diagonal is here", lambda f, x: np.array(hessian(f, x)) * np.eye(len(x))),
        ("This is the first derivative", gradient_twice),
        ("products of two first derivatives", lambda f, x: np.outer(g := gradient_twice(f, x), g)),
        ("the diagonal as a row", lambda f, x: np.diagonal(hessian(f, x))),
        (
            "gradients returns a list",
            lambda f, x: [
                gradients(g, [node])[0].value for node, slopes in [slope_node(f, x)] for g in slopes
            ],
        ),
        (
            "Backward begins at a single number",
            lambda f, x: [gradients(g, [node])[0].value for node, (g,) in [slope_node(f, x)]][0],
        ),
        ("a value has no record", lambda f, x: np.outer(x, 0 * x)),
        ("Nodes came back", lambda f, x: gradients(f(node := Node(x)), [node])[0]),
    ],
    "hypot_rules": [
        ("multiply by g", lambda g, y, a, b: (a / y, b / y)),
        ("are exchanged", lambda g, y, a, b: (g * b / y, g * a / y)),
        ("The root has a slope too", lambda g, y, a, b: (g * 2 * a, g * 2 * b)),
        ("the 2 cancels", lambda g, y, a, b: (0.5 * g * a / y, 0.5 * g * b / y)),
        ("The square has a slope as well", lambda g, y, a, b: (0.5 * g / y, 0.5 * g / y)),
        ("One a is enough", lambda g, y, a, b: (g / y * a**2, g / y * b**2)),
        ("Divide by y once", lambda g, y, a, b: (g / y * a / y, g / y * b / y)),
        ("the functions come into the table", lambda g, y, a, b: (lambda *_: g * a, lambda *_: g * b)),
        ("nothing is added up", lambda g, y, a, b: (np.sum(g * a / y), np.sum(g * b / y))),
        ("stands on its head", lambda g, y, a, b: (g * y / a, g * y / b)),
        ("Sides may be negative", lambda g, y, a, b: (g * abs(a) / y, g * abs(b) / y)),
        ("It returned", lambda g, y, a, b: g * a / y),
    ],
}
