"""The microscope: its slopes, its errors, and what it says about them."""

from importlib import import_module
from itertools import product

import numpy as np
import pytest
from tolerances import tol

from nnbook.gradcheck import numerical_gradient, relative_error
from nnbook.widgets import explorers

module = import_module("nnbook.widgets.explorers.microscope")
SMOOTH = ["tanh(x)", "exp(x)", "x²"]
GRID = list(product(module.FUNCTIONS, module.POINTS, module.STEPS, module.KINDS))


@pytest.mark.parametrize("function", module.FUNCTIONS)
def test_the_centred_slope_is_that_of_the_gradient_check(function):
    f = module.FUNCTIONS[function][0]
    for point, h in product(module.POINTS, (1.0, 1e-3, 1e-5)):
        found = module.secant(function, point, h, "float64", "centred")
        wanted = numerical_gradient(f, np.array(float(point)), eps=h)
        assert found["slope_found"] == pytest.approx(float(wanted), abs=1e-9)
        right = module.tangent(function, point, "float64")["slope"]
        assert found["error"] == pytest.approx(relative_error(found["slope_found"], right), abs=1e-16)


@pytest.mark.parametrize("function", SMOOTH)
def test_the_tangent_has_the_slope_that_a_complex_step_finds(function):
    for point in module.POINTS:
        right = module.tangent(function, point, "float64")["slope"]
        step = module.FUNCTIONS[function][0](point + 1e-30j).imag / 1e-30
        assert right == pytest.approx(step, abs=tol("default"))


@pytest.mark.parametrize(("method", "order"), [("forward", 1), ("centred", 2)])
def test_large_steps_err_with_the_power_of_the_method(method, order):
    for function, point in product(["tanh(x)", "exp(x)"], (-1.2, -0.4, 0.8)):
        curve = module.errors(function, point, "float64")[method]
        a, b = np.searchsorted(module.H, [9e-4, 9e-3])
        rise = np.log10(curve[b] / curve[a]) / np.log10(module.H[b] / module.H[a])
        assert rise == pytest.approx(order, abs=0.05)


def test_small_steps_lose_what_the_numbers_lack_and_the_complex_step_loses_nothing():
    for function, point in product(["tanh(x)", "exp(x)"], (-1.2, 0.8)):
        for kind in module.KINDS:
            curves = module.errors(function, point, kind)
            for method in module.ENDS:
                best = module.H[np.argmin(curves[method])]
                assert np.finfo(kind).eps * 10 < best < 0.1
                assert curves[method][0] > 1e-3
            assert (curves["complex"][module.H < 1e-8] < 1e-14).all()


def test_the_secant_goes_through_the_curve_where_it_is_said_to():
    for function, point, h, kind in GRID[::5]:
        seen = module.window(function, point, h, kind)["seen"]
        for method, ends in module.ENDS.items():
            dots = module.secant(function, point, h, kind, method)["dots"]
            at = [int(np.flatnonzero(end == module.T)[0]) for end in ends]
            np.testing.assert_allclose(seen[at], dots, atol=1e-6)


CASES = [  # function, point, h, kind, method, what the verdict holds
    ("tanh(x)", 0.8, 1e-6, "float32", "centred", "too small"),
    ("tanh(x)", 0.8, 1e-3, "float32", "centred", "about the best"),
    ("tanh(x)", 0.8, 1.0, "float32", "centred", "too large"),
    ("tanh(x)", 0.8, 1e-5, "float64", "centred", "about the best"),
    ("tanh(x)", 0.8, 1e-12, "float64", "centred", "too small"),
    ("exp(x)", 0.8, 1e-9, "float32", "forward", "rounded to x"),
    ("exp(x)", 0.8, 1e-3, "float64", "forward", "too large"),
    ("x²", 0.8, 1.0, "float64", "centred", "about the best"),
    ("ReLU(x)", 0.1, 1.0, "float64", "centred", "corner"),
    ("ReLU(x)", 0.1, 0.1, "float64", "centred", "about the best"),
    ("ReLU(x)", 0.1, 0.01, "float64", "centred", "about the best"),
    ("ReLU(x)", 0, 1e-5, "float64", "forward", "corner"),
    ("ReLU(x)", -0.1, 1.0, "float64", "forward", "corner"),
]


@pytest.mark.parametrize(("function", "point", "h", "kind", "method", "words"), CASES)
def test_the_verdict_says_what_is_wrong(function, point, h, kind, method, words):
    found = module.secant(function, point, h, kind, method)
    assert words in module.VERDICTS[int(found["verdict"])]


def test_every_setting_is_said_in_numbers():
    for function, point, h, kind in GRID[::3]:
        for method in module.ENDS:
            found = module.secant(function, point, h, kind, method)
            assert all(np.isfinite(value).all() for value in found.values())
            assert 0 <= found["verdict"] < len(module.VERDICTS)


def test_it_opens_where_the_stairs_are_seen():
    explorer = explorers.microscope()
    said = explorer.figure.reading_text()
    assert "float32" in said and "stairs" in said
    h = explorer._named["h"].default
    seen = module.window("tanh(x)", 0.8, h, "float32")["seen"]
    assert 3 <= len(np.unique(seen)) <= 9  # a few treads
