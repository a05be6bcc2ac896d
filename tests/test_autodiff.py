"""Autodiff against differences, against the formulas written by hand, and against GradientTape."""

import ast
import operator
from pathlib import Path

import numpy as np
import pytest
from manuscript import CHAPTERS, code
from tolerances import tol

import nnbook
from nnbook import activations, autodiff, layers, losses
from nnbook.autodiff import RULES, Node, gradients, history
from nnbook.gradcheck import numerical_gradient, relative_error

RNG = np.random.default_rng(8)
A = RNG.uniform(0.3, 2, (3, 4)) * RNG.choice([-1, 1], (3, 4))  # away from the corners at 0
B = RNG.uniform(0.3, 2, (3, 4))
ROW, COLUMN, TABLE = RNG.uniform(0.3, 2, 4), RNG.uniform(0.3, 2, (3, 1)), RNG.normal(size=(4, 2))
C = RNG.normal(size=(3, 4))
SHIPPED = dict(RULES)  # the chapter's exercises add rules of their own

CASES = {  # what is called, with arrays or nodes
    "add": (np.add, A, B),
    "subtract": (np.subtract, A, B),
    "multiply": (np.multiply, A, B),
    "divide": (np.divide, A, B),
    "negative": (np.negative, A),
    "power": (np.power, B, A),
    "square": (lambda a: a**2, A),
    "cube": (lambda a: a**3, A),
    "power of two": (lambda a: 2**a, A),
    "a table and a row": (operator.mul, A, ROW),
    "a row and a column": (operator.truediv, ROW, COLUMN),
    "a table and a number": (operator.sub, A, np.array(1.5)),
    "sqrt": (np.sqrt, B),
    "exp": (np.exp, A),
    "expm1": (np.expm1, A),
    "log": (np.log, B),
    "tanh": (np.tanh, A),
    "logaddexp": (np.logaddexp, A, ROW),
    "absolute": (np.absolute, A),
    "copysign": (lambda a: np.copysign(a, C), A),
    "maximum": (np.maximum, A, C),
    "minimum": (np.minimum, A, C),
    "clip": (lambda a: np.clip(a, -1, 1), A),
    "where": (lambda a, b: np.where(C > 0, a, b), A, B),
    "where of nodes": (lambda a, b: np.where(a > C, a, b**2), A, B),
    "matmul": (np.matmul, A, TABLE),
    "matmul of a stack": (np.matmul, np.stack([A, B]), TABLE),
    "transpose": (np.matrix_transpose, A),
    "reshape": (lambda a: np.reshape(a, (2, -1)), A),
    "broadcast_to": (lambda a: np.broadcast_to(a, (2, 3, 4)), ROW),
    "sum": (np.sum, A),
    "sum of columns": (lambda a: np.sum(a, 0), A),
    "sum, axis kept": (lambda a: np.sum(a, axis=1, keepdims=True), A),
    "mean": (np.mean, A),
    "mean of rows": (lambda a: np.mean(a, axis=-1), A),
    "mean of columns, axis kept": (lambda a: np.mean(a, 0, keepdims=True), A),
    "max": (np.max, A),
    "max of rows": (lambda a: np.max(a, axis=1, keepdims=True), A),
    "max of columns": (lambda a: np.max(a, axis=0), A),
    "a row picked": (lambda a: a[1], A),
    "a slice": (lambda a: a[:, 1:3], A),
    "picked twice": (lambda a: a[[0, 2, 0], [1, 1, 1]], A),
}
every_case = pytest.mark.parametrize("name", CASES)


def scalar(function):
    """Return a function to one number that weighs every number of the result differently, and bends it."""

    def called(*inputs):
        y = function(*inputs)
        weights = np.linspace(1, 2, y.value.size if isinstance(y, Node) else np.size(y)).reshape(y.shape)
        return np.sum(weights * y * y)

    return called


@every_case
def test_a_gradient_agrees_with_differences(name):
    function, *inputs = CASES[name]
    f, nodes = scalar(function), [Node(a) for a in inputs]
    grads = gradients(f(*nodes), nodes)
    for k, grad in enumerate(grads):
        numeric = numerical_gradient(lambda a, k=k: f(*inputs[:k], a, *inputs[k + 1 :]), inputs[k].copy())
        assert grad.shape == inputs[k].shape
        assert relative_error(grad.value, numeric, floor=1e-3) < tol("gradient")


@every_case
def test_a_gradient_can_be_differentiated_again(name):
    function, *inputs = CASES[name]
    f = scalar(function)

    def slope(*inputs):
        """The sum of all gradients, each weighed differently."""
        nodes = [a if isinstance(a, Node) else Node(a) for a in inputs]
        grads = gradients(f(*nodes), nodes)
        return sum(np.sum(np.linspace(1, 3, g.value.size).reshape(g.shape) * g) for g in grads)

    nodes = [Node(a) for a in inputs]
    for k, grad in enumerate(gradients(slope(*nodes), nodes)):
        numeric = numerical_gradient(
            lambda a, k=k: slope(*inputs[:k], a, *inputs[k + 1 :]).value, inputs[k].copy()
        )
        assert relative_error(grad.value, numeric, floor=1) < tol("gradient")


def test_every_rule_is_tried():
    tried = set()
    for function, *inputs in CASES.values():
        tried |= {node.function for node in history(scalar(function)(*map(Node, inputs)))}
    missing = {f for f, rules in SHIPPED.items() if rules} - tried - {autodiff.put}
    assert not missing


# --- against what is written by hand ------------------------------------------------------------------------

Z = np.array([[-4.3, -1.1, -0.2, 0.3], [0.7, 1.9, 4.1, 5.7]])
ROWS_TOGETHER = (activations.softmax, activations.log_softmax)


@pytest.mark.parametrize("activation", activations.PRIMES, ids=lambda f: f.__name__)
def test_the_books_activations_run_on_nodes_and_have_the_books_derivatives(activation):
    weights = np.random.default_rng(0).normal(size=Z.shape)
    z = Node(Z)
    a = activation(z)
    grad = gradients(np.sum(a * weights), [z])[0].value
    np.testing.assert_allclose(a.value, activation(Z), rtol=0, atol=0)
    np.testing.assert_allclose(
        grad, activations.backward(activation, Z, weights), rtol=tol("default"), atol=tol("default")
    )


Y = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
P = activations.softmax(np.random.default_rng(1).normal(size=(4, 3)))


def huber(y, p):
    e = np.absolute(p - y)
    near = np.minimum(e, 0.25)
    return np.mean(near**2 / 2 + 0.25 * (e - near), axis=-1)


def cross_entropy(y, p):
    return -np.sum(y * np.log(p / np.sum(p, axis=-1, keepdims=True)), axis=-1)


FORMULAS = {  # the book's loss, the formula without its care at the edges
    losses.MeanSquaredError(): lambda y, p: np.mean((p - y) ** 2, axis=-1),
    losses.MeanAbsoluteError(): lambda y, p: np.mean(np.absolute(p - y), axis=-1),
    losses.Huber(delta=0.25): huber,
    losses.LogCosh(): lambda y, p: np.mean(np.logaddexp(p - y, y - p) - np.log(2), axis=-1),
    losses.Poisson(): lambda y, p: np.mean(p - y * np.log(p + 1e-7), axis=-1),
    losses.BinaryCrossentropy(): lambda y, p: np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p), axis=-1),
    losses.BinaryCrossentropy(from_logits=True): lambda y, z: np.mean(np.logaddexp(0, z) - y * z, axis=-1),
    losses.Hinge(): lambda y, p: np.mean(np.maximum(1 - (2 * y - 1) * p, 0), axis=-1),
    losses.SquaredHinge(): lambda y, p: np.mean(np.maximum(1 - (2 * y - 1) * p, 0) ** 2, axis=-1),
    losses.CategoricalCrossentropy(): cross_entropy,
    losses.CategoricalCrossentropy(from_logits=True): lambda y, z: (
        -np.sum(y * activations.log_softmax(z), axis=-1)
    ),
    losses.KLDivergence(): lambda y, p: -np.sum(np.clip(y, 1e-7, 1) * np.log(p), axis=-1),
}


@pytest.mark.parametrize("loss", FORMULAS, ids=lambda loss: loss.name)
def test_the_books_losses_have_the_gradients_of_their_formulas(loss):
    p = Node(P)
    mean = np.mean(FORMULAS[loss](Y, p))
    assert mean.value == pytest.approx(loss(Y, P), abs=1e-5)  # KL's y log y is left out: 1e-7 log 1e-7
    np.testing.assert_allclose(gradients(mean, [p])[0].value, loss.gradient(Y, P), atol=tol("default"))


def test_sparse_cross_entropy_is_a_pick_of_log_softmax():
    z, y = Node(np.log(P)), np.array([0, 2, 1, 2])
    mean = -np.mean(activations.log_softmax(z)[np.arange(4), y])
    wanted = losses.SparseCategoricalCrossentropy(from_logits=True).gradient(y, z.value)
    np.testing.assert_allclose(gradients(mean, [z])[0].value, wanted, atol=tol("default"))


def test_a_network_has_the_gradients_of_the_engines_backward():
    x, y = np.random.default_rng(2).normal(size=(6, 5)), np.eye(3)[[0, 1, 2, 2, 1, 0]]
    body = [layers.Dense(7, "tanh"), layers.Dense(6, "gelu"), layers.Dense(3, "softmax")]
    model = nnbook.Sequential([layers.Input((5,)), *body], seed=1, dtype="float64")
    model.compile(loss="categorical_crossentropy")
    model.backward(y, model.forward(x))
    weights = [Node(w) for w in model.trainable_weights]
    a = x
    for layer, W, b in zip(model.layers, weights[::2], weights[1::2], strict=True):
        a = layer.activation(a @ W + b)
    grads = gradients(np.mean(cross_entropy(y, a)), weights)
    for ours, theirs in zip(grads, model.gradients, strict=True):
        np.testing.assert_allclose(ours.value, theirs, atol=tol("default"))


def test_gradient_tape_finds_the_same_gradient_and_the_same_second_one():
    import tensorflow as tf

    def f(x, W, tanh, exp, total):
        return total(exp(tanh(x @ W) / 3))

    x, W = np.random.default_rng(3).normal(size=(4, 3)), np.random.default_rng(4).normal(size=(3, 2))
    w, variable = Node(W), tf.Variable(W)
    (first,) = gradients(f(x, w, np.tanh, np.exp, np.sum), [w])
    (second,) = gradients(np.sum(first**2), [w])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(x, variable, tf.tanh, tf.exp, tf.reduce_sum)
        theirs = inner.gradient(y, variable)
        norm = tf.reduce_sum(theirs**2)
    np.testing.assert_allclose(first.value, theirs, atol=tol("default"))
    np.testing.assert_allclose(second.value, outer.gradient(norm, variable), atol=tol("default"))


# --- what it promises ---------------------------------------------------------------------------------------


def test_shares_of_a_node_that_is_used_twice_are_added():
    x = Node(3.0)
    assert gradients(x * x + x, [x])[0].value == 7


def test_a_node_that_does_not_matter_has_the_gradient_zero():
    x, other = Node([1.0, 2.0]), Node(np.ones((2, 3)))
    grads = gradients(np.sum(x * np.sign(x)), [other, x])
    assert grads[0].value.tolist() == np.zeros((2, 3)).tolist()
    assert grads[1].value.tolist() == [1, 1]


def test_the_history_goes_from_the_latest_to_the_first_and_names_each_step_once():
    x = Node(2.0)
    y = x * x
    z = np.exp(y) + y
    steps = history(z)
    assert [s.number for s in steps] == sorted((s.number for s in steps), reverse=True)
    assert [s.function for s in steps] == [np.add, np.exp, np.multiply, None]


def test_python_decides_as_it_does_with_numbers():
    def collatz_like(x):
        while x < 100:
            x = 3 * x if x > 10 else x * x
        return x

    x = Node(2.0)  # 2, 4, 16, 48, 144
    assert gradients(collatz_like(x), [x])[0].value == 9 * 4 * 2**3


def test_a_long_chain_needs_no_recursion():
    x = y = Node(1.0)
    for _ in range(3000):
        y = y + 1
    assert gradients(y, [x])[0].value == 1


def test_equal_numbers_at_a_corner_give_the_books_derivatives():
    z = np.zeros(1)
    for activation in (activations.relu, activations.leaky_relu, activations.elu):
        node = Node(z)
        (grad,) = gradients(np.sum(activation(node)), [node])
        assert grad.value == activations.PRIMES[activation](z)


def test_arrays_and_nodes_mix_in_either_order():
    x = Node(np.ones(3))
    for y in (np.arange(3.0) * x, x * np.arange(3.0), [0, 1, 2] * x):
        assert isinstance(y, Node) and y.value.tolist() == [0, 1, 2]


def test_a_node_shows_its_value_and_where_it_came_from():
    assert repr(Node([1, 2])) == "Node([1.0, 2.0])"
    assert repr(np.exp(Node([0.0, 1.0]))) == "Node([1.0, 2.718282], by exp)"


WRONG = {
    "no rule for arctan": lambda x: np.arctan(x),
    "no rule for sort": lambda x: np.sort(x),
    "plain calls": lambda x: np.add.reduce(x),
    "no x [+]= y": lambda x: operator.iadd(x, 1),
    "must be a single number": lambda x: gradients(x * 2, [x]),
    "a node and a list of nodes": lambda x: gradients(np.sum(x), x),
    "takes a node and": lambda x: gradients(3.0, [x]),
    "list of nodes": lambda x: gradients(np.sum(x), [x.value]),
    "and a list of": lambda x: gradients(np.sum(x), iter([x])),
    "@ takes tables": lambda x: gradients(x @ np.ones((3, 2)) @ np.ones(2), [x]),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_done_is_said(words):
    with pytest.raises((TypeError, ValueError), match=words):
        WRONG[words](Node(np.ones(3)))


def test_rules_that_the_chapter_builds_are_the_modules_own():
    def rules(source):
        """Return function -> rules, as text, of every dictionary given to RULES."""
        found = {}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Assign | ast.AugAssign) and isinstance(node.value, ast.Dict):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if getattr(target, "id", "") == "RULES":
                    pairs = zip(node.value.keys, node.value.values, strict=True)
                    found |= {ast.unparse(key): ast.unparse(value) for key, value in pairs}
        return found

    module = rules(Path(autodiff.__file__).read_text(encoding="utf8"))
    (chapter,) = [path for path in CHAPTERS if path.stem.startswith("08")]
    built = rules("\n".join(cell.source for cell in code(chapter) if cell.builds))
    assert len(built) >= 15 and built.items() <= module.items()
