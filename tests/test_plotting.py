"""Pictures: every function draws into the axes it is given, and the palette reads in both themes."""

import inspect
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nnbook import datasets, plotting

WHITE, DARK = "#ffffff", "#14181e"  # the two themes' pages
RNG = np.random.default_rng(0)
X, Y = datasets.moons(40)
XS, YS, PAIRS = plotting.grid(X, 25)
IMAGES, LABELS = (a[:12] for a in datasets.digits())
RUNS = RNG.random((3, 9))
WEIGHTS = [RNG.normal(size=shape) for shape in ((3, 4), (4, 2))]

# For each function: how it is called, and whether its axes carry names.
CALLS = {
    "curves": (
        lambda ax: plotting.curves({"a": RUNS, "b": RUNS[0] + 1}, log=True, ax=ax),
        True,
    ),
    "functions": (lambda ax: plotting.functions(XS, {"tanh": np.tanh(XS), "linear": XS}, ax=ax), True),
    "histograms": (lambda ax: plotting.histograms({"a": X[:, 0], "b": X[:, 1]}, ax=ax), True),
    "spread": (lambda ax: plotting.spread({"a": [1, 2], "b": [3]}, published={"a": 1.5}, ax=ax), "x"),
    "points": (lambda ax: plotting.points(X, Y, names=["upper", "lower"], ax=ax), True),
    "decision_boundary": (lambda ax: plotting.decision_boundary(XS, YS, PAIRS[:, 0], ax=ax), True),
    "line_boundary": (lambda ax: plotting.line_boundary([1, 1], -1.5, names=("0", "1"), ax=ax), True),
    "contours": (lambda ax: plotting.contours(XS, YS, (PAIRS**2).sum(axis=1), ax=ax), True),
    "path": (lambda ax: plotting.path(X[:9], label="descent", ax=ax), False),
    "images": (lambda ax: plotting.images(IMAGES, LABELS, wrong=LABELS == 3, columns=5, ax=ax), False),
    "heatmap": (
        lambda ax: plotting.heatmap(
            WEIGHTS[0], signed=True, numbers=".1f", xlabel="unit", ylabel="input", ax=ax
        ),
        True,
    ),
    "confusion": (lambda ax: plotting.confusion(np.array([[5, 1], [0, 6]]), ["cat", "dog"], ax=ax), True),
    "network_diagram": (
        lambda ax: plotting.network_diagram(
            [3, 4, 2], weights=WEIGHTS, values=[X[0, :1] * [1, 2, 3], np.zeros(4), [1, -1]], ax=ax
        ),
        False,
    ),
    "neuron_diagram": (lambda ax: plotting.neuron_diagram(ax=ax), False),
}
NOT_PICTURES = {"use_style", "tint", "ramp", "grid"}


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        plotting.use_style()
        yield
        plt.close("all")


def test_every_function_that_draws_is_in_the_table():
    public = {
        name
        for name, thing in vars(plotting).items()
        if inspect.isfunction(thing) and thing.__module__ == plotting.__name__ and not name.startswith("_")
    }
    assert public == set(CALLS) | NOT_PICTURES


@pytest.mark.parametrize("name", CALLS)
def test_a_function_draws_into_the_axes_it_is_given_and_returns_them(name):
    draw, _ = CALLS[name]
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert ax.has_data() or ax.patches or ax.texts
    assert len(plt.get_fignums()) == 1, "no second figure"


@pytest.mark.parametrize("name", CALLS)
def test_without_axes_a_function_makes_one_figure_and_returns_its_axes(name):
    assert isinstance(CALLS[name][0](None), Axes)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", CALLS)
def test_axes_are_named_no_plot_has_a_title_and_nothing_warns(name, recwarn):
    draw, named = CALLS[name]
    ax = draw(None)
    assert not named or ax.get_xlabel()
    assert named is not True or ax.get_ylabel()
    assert not ax.get_title()
    ax.figure.savefig(io.BytesIO(), dpi=50)
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("name", CALLS)
def test_the_same_arrays_give_the_same_bytes(name):
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        CALLS[name][0](None).figure.savefig(file, dpi=50)
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


# Colours


def linear(color):
    """Return linear RGB of an sRGB colour (IEC 61966-2-1)."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """Return the contrast ratio of WCAG 2.1."""
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def in_dark_theme(color):
    """Return what the dark page makes of a colour: invert(1), hue-rotate(180deg), screened over the page."""
    grey = np.tile([0.213, 0.715, 0.072], (3, 1))  # the filter's own luminance weights (W3C Filter Effects)
    turned = np.clip((2 * grey - np.eye(3)) @ (1 - np.array(to_rgb(color))), 0, 1)
    return 1 - (1 - turned) * (1 - np.array(to_rgb(DARK)))


SERIES = {name: getattr(plotting, name) for name in ("BLUE", "VERMILLION", "GREEN", "PURPLE", "INK", "SKY")}


def test_the_palette_is_the_series_colours():
    assert sorted(plotting.COLORS) == sorted(SERIES.values())


def test_paper_vanishes_in_the_dark_theme():
    np.testing.assert_allclose(in_dark_theme(plotting.PAPER), to_rgb(DARK), atol=1e-12)


@pytest.mark.parametrize("name", SERIES)
def test_a_series_stands_out_from_the_page_in_both_themes(name):
    assert contrast(SERIES[name], WHITE) >= 3
    assert contrast(in_dark_theme(SERIES[name]), DARK) >= 3


@pytest.mark.parametrize("name", ["INK", "GREY", "BLUE", "RUST"])
def test_a_colour_that_text_is_written_in_reads_in_both_themes(name):
    color = getattr(plotting, name)
    assert contrast(color, WHITE) >= 4.5
    assert contrast(in_dark_theme(color), DARK) >= 4.5


@pytest.mark.parametrize("ramp", [plotting.SIGNED_PALE, plotting.AMOUNT_PALE])
def test_ink_reads_on_every_colour_of_the_maps_that_carry_numbers(ramp):
    for color in ramp(np.linspace(0, 1, 21))[:, :3]:
        assert contrast(plotting.INK, color) >= 4.5
        assert contrast(in_dark_theme(plotting.INK), in_dark_theme(color)) >= 4.5


# Machado, Oliveira, Fernandes (2009), full severity, on linear RGB.
BLIND = {
    "none": np.eye(3),
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
# Ottosson (2020), Oklab: distances that the eye sees alike are alike.
LMS = [
    [0.41222147, 0.53633254, 0.05144599],
    [0.2119035, 0.6806995, 0.10739696],
    [0.08830246, 0.28171884, 0.6299787],
]
LAB = [
    [0.21045426, 0.79361779, -0.00407205],
    [1.9779985, -2.42859221, 0.45059371],
    [0.02590404, 0.78277177, -0.80867577],
]


@pytest.mark.parametrize("kind", BLIND)
def test_any_two_series_differ_for_every_kind_of_colour_vision(kind):
    seen = [LAB @ np.cbrt(LMS @ np.clip(BLIND[kind] @ linear(color), 0, 1)) for color in plotting.COLORS]
    # 0.02 is about one just noticeable step; series also differ by dash and marker.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 0.04


def test_series_differ_by_dash_and_classes_by_marker_not_by_colour_alone():
    ax = plotting.functions(XS, {str(k): k * XS for k in range(6)})
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in ax.lines}) == 6
    ax = plotting.points(np.eye(10, 2), np.arange(10))
    shapes = {c.get_paths()[0].vertices.tobytes() for c in ax.collections}
    assert len(shapes) == 10
    plotting.use_style()
    styles = [(s["color"], str(s["linestyle"])) for s in plt.rcParams["axes.prop_cycle"]]
    assert len({dash for _, dash in styles}) == len({color for color, _ in styles}) == 6


# What single functions promise


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plotting.line_boundary([1, 1], -9),
        lambda: plotting.line_boundary([0, -2], 9, names=("0", "1")),
        lambda: plotting.decision_boundary(XS, YS, np.full(len(PAIRS), 0.9)),
        lambda: plotting.decision_boundary(XS, YS, np.full(len(PAIRS), 0.5)),
        lambda: plotting.contours(XS, YS, np.zeros(len(PAIRS))),
        lambda: plotting.heatmap(np.zeros((2, 2)), numbers=".0f"),
        lambda: plotting.images(np.zeros((1, 2, 2)), signed=True),
        lambda: plotting.confusion(np.zeros((2, 2), int)),
        lambda: plotting.network_diagram([1]),
    ],
)
def test_a_picture_with_nothing_to_show_is_drawn_without_a_warning(draw, recwarn):
    draw().figure.savefig(io.BytesIO(), dpi=50)
    assert [str(warning.message) for warning in recwarn] == []


def test_a_line_without_weights_is_refused():
    with pytest.raises(ValueError, match="w must be two numbers, not both zero"):
        plotting.line_boundary([0, 0], 1)


def test_curves_draw_the_median_and_the_range_of_several_runs():
    runs = np.array([[3.0, 1.0], [5.0, 2.0], [4.0, 9.0]])
    ax = plotting.curves({"loss": runs})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4, 2])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1, 9)


def test_the_line_boundary_shades_the_side_where_the_sum_is_positive():
    w, b = np.array([2.0, -1.0]), 0.25
    ax = plotting.line_boundary(w, b)
    shade = ax.collections[0].get_paths()[0]
    for point in datasets.blobs(50, 0.3, centers=[[0.5, 0.5]])[0]:
        if abs(point @ w + b) > 0.02 and (np.abs(point - 0.5) < 0.95).all():
            assert shade.contains_point(point) == (point @ w + b > 0)


def test_a_large_layer_leaves_out_its_middle_and_keeps_its_ends():
    W = np.zeros((784, 2))
    W[[0, 1, 2, 781, 782, 783]] = [[1, -1]]
    ax = plotting.network_diagram([784, 2], weights=[W])
    assert len(ax.patches) == 6 + 2
    assert [len(lines.get_segments()) for lines in ax.collections] == [6, 6], "the six shown, either sign"
    assert {text.get_text() for text in ax.texts} == {"784", "2", "⋮"}


@pytest.mark.parametrize(("weight", "drawn"), [(1.0, 1), (-1.0, 1), (0.0, 0)])
def test_a_network_whose_weights_have_one_sign_is_drawn(weight, drawn):
    ax = plotting.network_diagram([2, 3], weights=[np.full((2, 3), weight)])
    ax.figure.savefig(io.BytesIO(), dpi=50)
    assert len(ax.collections) == drawn


def test_wrong_labels_are_marked_by_a_sign_and_not_by_colour_alone():
    ax = plotting.images(IMAGES, LABELS, wrong=LABELS == 3)
    assert [text.get_text().endswith("×") for text in ax.texts] == (LABELS == 3).tolist()


def test_the_grid_gives_the_pairs_in_the_order_that_decision_boundary_takes():
    table = PAIRS.reshape(len(YS), len(XS), 2)
    np.testing.assert_array_equal(table[0, :, 0], XS)
    np.testing.assert_array_equal(table[:, 0, 1], YS)
    assert (XS[0], XS[-1]) == (X[:, 0].min() - 0.5, X[:, 0].max() + 0.5)
    ax = plotting.decision_boundary(XS, YS, (PAIRS[:, 0] > 0).astype(int))
    assert ax.collections[0].get_array().max() == 1
