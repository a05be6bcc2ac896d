"""Autodiff: arrays that remember how they were computed, so that gradients find their way back."""

from __future__ import annotations

import operator
from itertools import count

import numpy as np

NUMBERS = count()  # each step takes the next, so what was computed later has the larger number


class Step:
    """One step of a computation: its value, and the function and inputs that it came from.

    Args:
        value: a number or an array, kept in float64.
        function, inputs, options: ``function(*inputs, **options)`` gave the value; nothing did at a start.
    """

    def __init__(self, value, function=None, inputs=(), options=None):
        self.value = np.asarray(value, float)
        self.shape = self.value.shape
        self.function, self.inputs = function, inputs
        self.options = options or {}
        self.number = next(NUMBERS)

    def parents(self):
        """Return the inputs that a gradient goes back to, each with its rule."""
        pairs = zip(self.inputs, RULES.get(self.function, ()), strict=False)
        return [(a, rule) for a, rule in pairs if rule and isinstance(a, Step)]

    def __repr__(self):
        made = f", by {self.function.__name__}" if self.function else ""
        return f"{type(self).__name__}({np.round(self.value, 6).tolist()}{made})"


class Node(np.lib.mixins.NDArrayOperatorsMixin, Step):
    """A step that takes part in formulas: operators and the functions in ``RULES`` take nodes and give nodes.

    ``a @ b`` takes tables; a row ``a`` becomes one as ``a[None]``.
    """

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        """Record what NumPy was asked to compute number by number; it asks here before it begins."""
        if method != "__call__" or options:
            raise TypeError("nodes take plain calls: no x += y, out= or reduce")
        return record(ufunc, *inputs)

    def __array_function__(self, function, types, inputs, options):
        """Record a call of one of NumPy's other functions."""
        return record(function, *inputs, **options)

    def __getitem__(self, key):
        return record(operator.getitem, self, key)

    def __bool__(self):
        return bool(self.value)


def record(function, *inputs, **options):
    """Return ``function(*inputs, **options)`` as a node.

    Raises:
        TypeError: ``RULES`` does not say how a gradient gets back through this function.
    """
    if function not in RULES:
        raise TypeError(f"autodiff.RULES has no rule for {function.__name__}")
    values = [a.value if isinstance(a, Step) else a for a in inputs]
    return Node(function(*values, **options), function, inputs, options)


def history(y):
    """Return the steps that led to ``y``, the latest first, which is ``y`` itself."""
    found, waiting = {}, [y]
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting += [parent for parent, _ in node.parents()]
    return [found[number] for number in sorted(found, reverse=True)]


def gradients(y: Node, xs: list[Node]) -> list[Node]:
    """Return the gradient of the single number ``y`` at each of ``xs``, zeros where it does not depend on it.

    The gradients are nodes, so that they can be differentiated again.

    Raises:
        TypeError: ``y`` is no node, or ``xs`` is no list of nodes.
        ValueError: ``y`` is not a single number, or a row went through ``@``.
    """
    if not isinstance(xs, (list, tuple)) or not all(isinstance(x, Node) for x in [y, *xs]):
        raise TypeError("gradients(y, [x, …]) takes a node and a list of nodes")
    if y.value.size != 1:
        raise ValueError(f"y must be a single number, got shape {y.shape}")
    grads = {y.number: Node(np.ones(y.shape))}
    for node in history(y):
        for parent, rule in node.parents():
            g = rule(grads[node.number], node, *node.inputs, **node.options)
            g = unbroadcast(g, parent.shape)
            grads[parent.number] = grads.get(parent.number, 0) + g
    return [grads.get(x.number, Node(np.zeros(x.shape))) for x in xs]


def unbroadcast(g, shape):
    """Return ``g``, summed over the axes along which an array of this shape was stretched."""
    g = np.sum(g, axis=tuple(range(len(g.shape) - len(shape))))
    stretched = [k for k, size in enumerate(shape) if size == 1 < g.shape[k]]
    return np.sum(g, axis=tuple(stretched), keepdims=True)


# A rule takes g, the gradient at y = function(a, b), and returns the share of a, or of b.
RULES = {
    np.add: (lambda g, y, a, b: g, lambda g, y, a, b: g),
    np.subtract: (lambda g, y, a, b: g, lambda g, y, a, b: -g),
    np.multiply: (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    np.divide: (lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b),
    np.negative: (lambda g, y, a: -g,),
    np.power: (
        lambda g, y, a, b: g * b * a ** (b - 1),
        lambda g, y, a, b: g * y * np.log(a),
    ),
    np.exp: (lambda g, y, a: g * y,),
    np.log: (lambda g, y, a: g / a,),
    np.tanh: (lambda g, y, a: g * (1 - y**2),),
}

# Functions of one row of numbers, or of shapes.


def spread(g, y, a, axis=None, keepdims=False):
    """Hand the gradient at a sum back to every number in it."""
    kept = np.sum(a.value, axis=axis, keepdims=True).shape
    return np.broadcast_to(np.reshape(g, kept), a.shape)


def average(g, y, a, axis=None, keepdims=False):
    """Hand the gradient at a mean back to every number in it, in equal shares."""
    return spread(g, y, a, axis) * (y.value.size / a.value.size)


def to_largest(g, y, a, axis=None, keepdims=False):
    """Hand the gradient at a maximum back to the largest number; equal ones share it."""
    largest = a == spread(y, y, a, axis)
    return spread(g, y, a, axis) * largest / np.sum(largest, axis=axis, keepdims=True)


def turned(a):
    """Return a table with rows and columns exchanged."""
    if len(a.shape) < 2:
        raise ValueError(f"@ takes tables of nodes, got the shape {a.shape}; write a[None] for a row")
    return np.matrix_transpose(a)


def put(values, key, shape):
    """Return zeros with ``values`` added at ``key``: the way back from ``a[key]``."""
    array = np.zeros(shape)
    np.add.at(array, key, values)
    return array


RULES |= {
    np.sum: (spread,),
    np.mean: (average,),
    np.max: (to_largest,),
    np.matmul: (lambda g, y, a, b: g @ turned(b), lambda g, y, a, b: turned(a) @ g),
    np.matrix_transpose: (lambda g, y, a: turned(g),),
    np.reshape: (lambda g, y, a, shape: np.reshape(g, a.shape),),
    np.broadcast_to: (lambda g, y, a, shape: g,),
    operator.getitem: (lambda g, y, a, key: record(put, g, key, a.shape),),
    put: (lambda g, y, values, key, shape: g[key],),
}

# Functions with corners: of two equal numbers, the first counts as the smaller one.
RULES |= {
    np.absolute: (lambda g, y, a: g * np.sign(a),),
    np.maximum: (lambda g, y, a, b: g * (a > b), lambda g, y, a, b: g * (a <= b)),
    np.minimum: (lambda g, y, a, b: g * (a <= b), lambda g, y, a, b: g * (a > b)),
    np.clip: (lambda g, y, a, low, high: g * (a > low) * (a < high),),
    np.where: (None, lambda g, y, c, a, b: np.where(c, g, 0), lambda g, y, c, a, b: np.where(c, 0, g)),
}

# What activations and sizes use beyond that; and functions whose slope is zero wherever there is one.
RULES |= {
    np.sqrt: (lambda g, y, a: g / (2 * y),),
    np.expm1: (lambda g, y, a: g * (y + 1),),
    np.logaddexp: (lambda g, y, a, b: g * np.exp(a - y), lambda g, y, a, b: g * np.exp(b - y)),
    np.copysign: (lambda g, y, a, b: g * np.sign(a) * np.sign(b),),
}
FLAT = np.sign, np.heaviside, np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal
RULES |= dict.fromkeys(FLAT, ())
