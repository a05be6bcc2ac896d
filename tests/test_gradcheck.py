"""The gradient check finds what is wrong, passes what is right, and leaves everything as it was."""

import copy

import numpy as np
import pytest
from tolerances import tol

import nnbook
from nnbook import layers
from nnbook.gradcheck import check_model, numerical_gradient, relative_error

x = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
A = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, 1.0], [1.0, 0.0, -2.0]])
FUNCTIONS = [  # name, function, its gradient
    ("sum of squares", lambda x: (x**2).sum(), lambda x: 2 * x),
    ("sum of sines", lambda x: np.sin(x).sum(), np.cos),
    ("quadratic form", lambda x: np.einsum("ki,ij,kj", x, A, x), lambda x: x @ (A + A.T)),
    (
        "product of the first two",
        lambda x: x[0, 0] * x[0, 1],
        lambda x: np.array([[-1.25, 0.5, 0], [0, 0, 0]]),
    ),
    ("constant", lambda x: 3.0, np.zeros_like),
    ("log of a sum", lambda x: np.log(np.exp(x).sum()), lambda x: np.exp(x) / np.exp(x).sum()),
]


@pytest.mark.parametrize(("f", "gradient"), [c[1:] for c in FUNCTIONS], ids=[c[0] for c in FUNCTIONS])
def test_numerical_gradients_of_known_functions(f, gradient):
    np.testing.assert_allclose(numerical_gradient(f, x.copy()), gradient(x), atol=1e-9)


def test_a_parabola_is_differentiated_exactly_whatever_the_step():
    np.testing.assert_allclose(
        numerical_gradient(lambda x: (x**2).sum(), x.copy(), eps=0.5), 2 * x, atol=1e-12
    )


@pytest.mark.parametrize("shape", [(), (1,), (2, 0), (2, 3, 4)])
def test_arrays_of_any_shape_are_moved_and_put_back(shape):
    place = np.random.default_rng(0).normal(size=shape)
    kept = place.copy()
    grad = numerical_gradient(lambda x: np.sum(x**3), place)
    np.testing.assert_array_equal(place, kept)
    np.testing.assert_allclose(grad, 3 * kept**2, atol=1e-8)


def test_a_view_into_a_larger_array_is_moved_in_place():
    whole = np.ones((3, 4))
    grad = numerical_gradient(lambda _: (whole**2).sum(), whole[:, 1:3])
    np.testing.assert_allclose(grad, 2 * np.ones((3, 2)), atol=1e-9)


@pytest.mark.parametrize("wrong", [np.ones(3, "float32"), np.ones(3, int), [1.0, 2.0], 1.0])
def test_numerical_gradient_wants_float64(wrong):
    with pytest.raises(ValueError, match="needs a float64 array, got"):
        numerical_gradient(np.sum, wrong)


ERRORS = [  # a, b, relative error
    ([1.0, 2.0], [1.0, 2.0], 0.0),
    ([0.0], [0.0], 0.0),
    ([1.0, 100.0], [1.0, 101.0], 1 / 101),
    ([1.0], [-1.0], 2.0),
    ([1.0], [0.0], 1.0),
    ([0.0], [1e-12], 1e-4),
    ([5e-9], [0.0], 0.5),
]


@pytest.mark.parametrize(("a", "b", "error"), ERRORS)
def test_relative_error_is_that_of_the_worst_entry(a, b, error):
    assert relative_error(a, b) == pytest.approx(error)
    assert relative_error(b, a) == pytest.approx(error)


def test_relative_error_refuses_arrays_of_two_shapes():
    with pytest.raises(ValueError, match=r"arrays of one shape, got \(2,\) and \(2, 1\)"):
        relative_error(np.ones(2), np.ones((2, 1)))


# --- models -----------------------------------------------------------------------------------------------


class ForgetsTheSlope(layers.Dense):
    """Takes the gradient at the output for that at z."""

    def backward(self, grad):
        return self.backward_z(grad)


class ForgetsTheTranspose(layers.Dense):
    """Goes back through W as it went forward."""

    def backward_z(self, dz):
        super().backward_z(dz)
        return dz @ self.params["W"]


class SumsInsteadOfMean(layers.Dense):
    """Takes the gradient of the sum over the samples for that of their mean."""

    def backward_z(self, dz):
        return super().backward_z(dz * len(dz))


class ForgetsTheBias(layers.Dense):
    """Never finds the gradient of b."""

    def backward_z(self, dz):
        dx = super().backward_z(dz)
        self.grads["b"] = np.zeros_like(self.grads["b"])
        return dx


class ForgetsTheBatchStatistics(layers.BatchNormalization):
    """Takes mean and variance of the batch for constants."""

    def backward(self, grad):
        self.training = False
        return super().backward(grad)


class ForgetsTheMask(layers.Dropout):
    """Sends the gradient back to the dropped values too."""

    def backward(self, grad):
        return grad


class ForgetsThePenalty(layers.Dense):
    """Leaves the regulariser out of the gradient."""

    def add_penalty_gradients(self):
        pass


def model_with(layer, dtype="float64"):
    model = nnbook.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(3, activation="tanh", name="before"),
            layer,
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.25),
            layers.Dense(3, activation="softmax", name="after"),
        ],
        seed=8,
        dtype=dtype,
    )
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return model


X = np.random.default_rng(1).normal(size=(6, 3))
Y = np.array([0, 1, 2, 1, 0, 0])
BUGS = [  # the layer with a bug, what the check must blame
    (lambda: ForgetsTheSlope(3, activation="sigmoid", name="it"), {"it/W", "it/b", "before/W", "x"}),
    (lambda: ForgetsTheTranspose(3, activation="sigmoid", name="it"), {"before/W", "x"}),
    (lambda: SumsInsteadOfMean(3, activation="sigmoid", name="it"), {"it/W", "before/W", "x"}),
    (lambda: ForgetsTheBias(3, activation="relu", name="it"), {"it/b"}),
    (lambda: ForgetsTheBatchStatistics(name="it"), {"before/W", "x"}),
    (lambda: ForgetsTheMask(0.5, name="it"), {"before/W", "x"}),
    (lambda: ForgetsThePenalty(3, kernel_regularizer="l2", name="it"), {"it/W"}),
]


@pytest.mark.parametrize(("make", "blamed"), BUGS, ids=[type(make()).__name__ for make, _ in BUGS])
def test_a_planted_bug_is_found_and_the_rest_is_not_blamed(make, blamed):
    errors = check_model(model_with(make()), X, Y, training=True)
    assert all(errors[name] > 1e-3 for name in blamed), errors
    assert max(errors[name] for name in ("after/W", "after/b", "norm/gamma")) < tol("gradient"), errors


def test_a_sound_model_passes_where_a_true_gradient_is_zero():
    errors = check_model(model_with(layers.Dense(3, name="it")), X, Y, training=True)  # norm undoes it/b
    assert max(errors.values()) < tol("gradient"), errors


@pytest.mark.parametrize("training", [False, True])
def test_every_parameter_and_the_input_are_checked(training):
    model = model_with(layers.LayerNormalization(name="it"))
    errors = check_model(model, X, Y, training=training)
    wanted = ["before/W", "before/b", "it/gamma", "it/beta", "norm/gamma", "norm/beta", "after/W", "after/b"]
    assert list(errors) == ["x", *wanted]


@pytest.mark.parametrize("training", [False, True])
def test_the_check_leaves_weights_averages_and_streams_as_they_were(training):
    model = model_with(layers.Dropout(0.5))
    model.build()
    kept, x = copy.deepcopy(model), X.copy()
    check_model(model, x, Y, training=training)
    for before, after in zip(kept.weights, model.weights, strict=True):
        np.testing.assert_array_equal(before, after)
    for before, after in zip(kept.layers, model.layers, strict=True):
        if before.rng is not None:
            assert before.rng.bit_generator.state == after.rng.bit_generator.state
    assert kept.shuffle_rng.bit_generator.state == model.shuffle_rng.bit_generator.state
    assert model.optimizer.iterations == 0
    np.testing.assert_array_equal(x, X)


def test_checking_in_training_and_out_of_it_checks_two_different_functions():
    model = model_with(layers.Dropout(0.5, name="it"))
    check_model(model, X, Y)
    still = [g.copy() for g in model.gradients]
    check_model(model, X, Y, training=True)
    assert any((a != b).any() for a, b in zip(still, model.gradients, strict=True))


def test_the_check_refuses_float32_and_models_not_compiled():
    with pytest.raises(ValueError, match="dtype='float64', got 'float32'"):
        check_model(model_with(layers.Dropout(0.5), dtype="float32"), X, Y)
    with pytest.raises(ValueError, match="not been compiled"):
        check_model(nnbook.Sequential([layers.Dense(3)], dtype="float64"), X, Y)
    with pytest.raises(ValueError, match="as many samples as x, 6, got 5"):
        check_model(model_with(layers.Dropout(0.5)), X, Y[:5])
