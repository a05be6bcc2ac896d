"""The explorers: what they compute, what they say, and how much room they take."""

import json
import warnings
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from tolerances import tol

from nnbook import activations, gradcheck, layers, models, optimizers
from nnbook.widgets import explorers
from nnbook.widgets.explorers import surfaces

NAMES = [name for name in explorers.__all__ if name != "console"]  # which has tests of its own
PARTS = {name: import_module(f"nnbook.widgets.explorers.{name}") for name in NAMES}
EXACT = tol("default")


@pytest.fixture(scope="module")
def pages():
    """Every explorer as the page has it; a warning fails."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setenv("NNBOOK_BOOK", "1")
        return {name: getattr(explorers, name)() for name in NAMES}


# --- all of them --------------------------------------------------------------------------------------------


def test_an_explorer_needs_little_room(pages):
    for name, explorer in pages.items():
        figure = explorer.figure
        text = sum(len(json.dumps(part)) for part in (figure.spec, figure.arrays))
        assert explorer.atlas.size <= 250_000, name
        assert explorer.atlas.size * 4 / 3 + text <= 350_000, name


def test_what_is_stored_is_close_to_what_was_computed(pages):
    """Within half a step: 1/500 of the range where a picture needs no more, 1/130,000 elsewhere."""
    for explorer in pages.values():
        for entry in explorer.atlas.arrays:
            if entry["log"] or entry["dtype"] == "f4":
                continue
            low, high, _ = entry["range"] or (0, 0, 0)
            allowed = 0 if entry["whole"] else (high - low) / (500 if entry["dtype"] == "u1" else 130_000)
            assert explorer.atlas.errors[entry["name"]] <= allowed, (explorer.figure.name, entry["name"])


@pytest.mark.parametrize("name", NAMES)
def test_with_a_kernel_an_explorer_draws_the_same_and_computes_any_value(name, pages, monkeypatch):
    monkeypatch.setenv("NNBOOK_BOOK", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live = getattr(explorers, name)()
        assert live.figure.live and live.figure.reading_text() == pages[name].figure.reading_text()
        for control in live._named.values():
            slider = live.controls[control.name]
            if control.step or not hasattr(slider, "min"):
                continue
            middle = (slider.min + slider.max) / 2  # seldom one of the values of the page
            slider.value = (
                int(middle)
                if isinstance(slider.value, int)
                else slider.base**middle
                if hasattr(slider, "base")
                else middle
            )
            assert not live.figure.error, live.figure.error
    assert not live.figure.busy


# --- the neuron ---------------------------------------------------------------------------------------------

neuron = PARTS["neuron"]
HALVES = np.arange(-2, 2.5, 0.5)
LINES = list(product(HALVES, HALVES, np.arange(-3, 3.5, 0.5)))


def truth(w1, w2, b):
    """What a step neuron answers to 00, 01, 10 and 11, in plain Python."""
    return [int(w1 * x1 + w2 * x2 + b >= 0) for x1, x2 in product((0, 1), repeat=2)]


@pytest.mark.parametrize(
    ("gate", "table", "most"),
    [("AND", [0, 0, 0, 1], 4), ("OR", [0, 1, 1, 1], 4), ("NAND", [1, 1, 1, 0], 4), ("XOR", [0, 1, 1, 0], 3)],
)
def test_the_right_cases_of_a_gate_are_counted(gate, table, most):
    rights = []
    for w1, w2, b in LINES:
        found = neuron.verdict(w1, w2, b, gate)
        wrong = [answer != want for answer, want in zip(truth(w1, w2, b), table, strict=True)]
        assert found["wrong"].tolist() == wrong
        assert found["right"] == 4 - sum(wrong)
        assert found["which"] == sum(2**k for k in range(4) if wrong[k])
        assert bool(found["hint"]) == (gate == "XOR" and sum(wrong) == 1)
        rights.append(found["right"])
    assert max(rights) == most


@pytest.mark.parametrize(("w1", "w2", "b"), [(1, 1, 0), (1, 1, -1.5), (-2, 0.5, 3), (0, 2, -1), (0.5, 0, 0)])
def test_the_line_is_where_the_sum_is_zero_and_the_arrow_points_to_larger_sums(w1, w2, b):
    found = neuron.boundary(w1, w2, b)
    x, y = np.array([found["line_x"], found["line_y"]])
    assert np.allclose(w1 * x + w2 * y + b, 0, atol=EXACT)
    assert w1 * found["foot_x"] + w2 * found["foot_y"] + b == pytest.approx(0, abs=EXACT)
    assert np.ptp(np.stack([x, y])) > 0 and min(*x, *y) > -0.51 and max(*x, *y) < 1.51
    way = np.array([found["way_x"], found["way_y"]])
    assert way @ [x[1] - x[0], y[1] - y[0]] == pytest.approx(0, abs=EXACT)
    assert way @ [w1, w2] > 0


@pytest.mark.parametrize(
    ("w", "b", "ends"),
    [
        ((1, 0), 0.5, [[-0.5, -0.5], [-0.5, 1.5]]),  # on the left edge
        ((0, 2), -1, [[-0.5, 0.5], [1.5, 0.5]]),
        ((1, 1), -1, [[-0.5, 1.5], [1.5, -0.5]]),
        ((1, 1), 1, [[-0.5, -0.5], [-0.5, -0.5]]),  # through a corner
        ((1, 1), 2, None),  # passes by
        ((1, 0), 2, None),
    ],
)
def test_the_line_ends_where_the_picture_does(w, b, ends):
    found = neuron.boundary(*w, b)
    got = np.transpose([found["line_x"], found["line_y"]])
    if ends is None:
        assert np.isnan(got).all()
    else:
        assert np.allclose(sorted(map(tuple, got)), sorted(map(tuple, ends)), atol=1e-8)


@pytest.mark.parametrize("activation", ["step", "sigmoid", "tanh", "ReLU"])
def test_the_shading_is_the_answer_everywhere(activation):
    f = activations.get(activation.lower())
    points = np.random.default_rng(0).uniform(-0.5, 1.5, (200, 2))
    shade = neuron.shade(activation)
    for w1, w2, b in LINES[::7]:
        ends = neuron.boundary(w1, w2, b)["ends"].reshape(2, 2)
        way = ends[1] - ends[0]
        z = points @ [w1, w2] + b
        clear = np.abs(z) > 0.02 if w1 or w2 else np.full(len(z), b >= 0)
        drawn = np.interp((points - ends[0]) @ way / (way @ way), shade["stops"], shade["answers"])
        assert np.allclose(drawn[clear], f(z)[clear], atol=0.012)


def test_the_table_holds_the_weighted_sums_and_the_answers():
    assert neuron.sums(2, -1, 0.5)["z"].tolist() == [0.5, -0.5, 2.5, 1.5]
    assert neuron.answers(2, -1, 0.5, "ReLU")["a"].tolist() == [0.5, 0, 2.5, 1.5]
    assert neuron.answers(2, -1, 0.5, "step")["a"].tolist() == [1, 0, 1, 1]


def test_one_step_of_the_bias_solves_the_gate_that_is_shown_first():
    first = {c.name: c for c in explorers.neuron()._named.values()}
    w1, w2, gate = (first[name].default for name in ("w1", "w2", "gate"))
    near = first["b"].values[first["b"].index - 1 : first["b"].index + 1]
    assert [int(neuron.verdict(w1, w2, b, gate)["right"]) for b in near] == [4, 3]


# --- activations --------------------------------------------------------------------------------------------

acts = PARTS["activations"]


@pytest.mark.parametrize("name", acts.NAMES)
def test_the_slope_is_that_of_the_function(name):
    curve = acts.curve(name)
    f = activations.get(name)
    away = np.abs(acts.Z) > 1e-3  # from kinks and jumps
    numeric = (f(acts.Z + 1e-5) - f(acts.Z - 1e-5)) / 2e-5
    assert np.array_equal(curve["f"], f(acts.Z))
    assert np.allclose(curve["slope"][away], numeric[away], atol=1e-8)


def a_network(name, gain, bias):
    """The same ten layers as a model of the package."""
    *_, weights = acts.start()
    n = acts.UNITS
    model = models.Sequential([layers.Input((n,)), *(layers.Dense(n, name) for _ in weights)], seed=0)
    model.set_weights([w for W in weights for w in (gain * W, np.full(n, bias))])
    return model


@pytest.mark.parametrize(
    ("name", "scale", "gain", "bias"),
    [
        ("tanh", 1, 3, 0),
        ("relu", 2, 1.41, -0.5),
        ("sigmoid", 0.5, 1, 1),
        ("step", 1, 1, 0),
        ("selu", 5, 0.5, -2),
    ],
)
def test_the_layers_answer_as_those_of_a_model_do(name, scale, gain, bias):
    found = acts.layers(name, scale, gain, bias)
    a, model = scale * acts.start()[0], a_network(name, gain, bias)
    for k, layer in enumerate(model.layers, 1):
        a = layer.forward(a)
        prime = activations.PRIMES[layer.activation](layer.z)
        assert found["mean"][k - 1] == pytest.approx(prime.mean(), abs=1e-3)
        assert found["flat"][k - 1] == pytest.approx((abs(prime) < 0.05).mean(), abs=0.002)
        assert found["dead"][k - 1] == pytest.approx((prime == 0).all(axis=0).mean(), abs=0.02)
        if k in (1, 3, 10):
            counts = found[f"layer_{k}"]
            assert counts.sum() == pytest.approx(1)
            middle = (acts.EDGES[10] <= a) & (a < acts.EDGES[30])
            assert counts[10:30].sum() == pytest.approx(middle.mean(), abs=0.002)


@pytest.mark.parametrize(
    ("name", "gain"), [("sigmoid", 1), ("tanh", 1), ("tanh", 0.5), ("silu", 2), ("elu", 1)]
)
def test_what_is_left_of_a_small_change_is_what_a_small_change_makes(name, gain):
    f = activations.get(name)
    x, change, weights = acts.start()
    before, after = x.astype(float), x + 1e-6 * change.astype(float)
    for W in weights:
        before, after = (f(a @ (gain * W.astype(float)) + 0.1) for a in (before, after))
    left = np.linalg.norm(after - before) / np.linalg.norm(1e-6 * change)
    assert acts.layers(name, 1, gain, 0.1)["left"] == pytest.approx(left, rel=0.01)


def test_sigmoids_lose_a_small_change_and_tanh_keeps_much_of_it():
    left = {name: acts.layers(name, 1, 1, 0)["left"] for name in ("sigmoid", "tanh", "linear", "step")}
    assert left["sigmoid"] < 1e-5 < 0.1 < left["tanh"] and 0.3 < left["linear"] < 3 and left["step"] == 0


@pytest.mark.parametrize(("name", "low"), [("tanh", -1), ("softsign", -1), ("sigmoid", 0), ("step", 0)])
def test_no_answer_is_drawn_outside_the_range_of_its_function(name, low):
    found = acts.layers(name, 3, 3, 0)
    drawn = np.flatnonzero(found["layer_1"] + found["layer_10"])
    assert low <= acts.EDGES[drawn[0]] and acts.EDGES[drawn[-1] + 1] <= 1


def test_large_weights_flatten_tanh_and_a_negative_bias_kills_relus():
    flat = [acts.layers("tanh", 1, gain, 0)["flat"][-1] for gain in (1, 1.41, 2, 3)]
    assert flat == sorted(flat) and flat[0] < 0.01 and flat[-1] > 0.3
    dead = {
        (name, gain, bias): acts.layers(name, 1, gain, bias)["dead"][-1]
        for name, gain, bias in [("relu", 1, -1), ("relu", 1.41, 0), ("step", 1, 0), ("leaky_relu", 1, -1)]
    }
    assert dead["relu", 1, -1] > 0.9 > 0.2 > dead["relu", 1.41, 0]
    assert dead["step", 1, 0] == 1 and dead["leaky_relu", 1, -1] == 0


# --- losses -------------------------------------------------------------------------------------------------

losses = PARTS["losses"]


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_the_gradient_is_the_slope_of_the_loss(name, target):
    z = np.array([-5.1, -2.6, -1.3, -0.7, -0.4, 0.3, 0.8, 1.4, 2.7, 4.2])
    numeric = (losses.at(name, target, z + 1e-6)[0] - losses.at(name, target, z - 1e-6)[0]) / 2e-6
    assert np.allclose(losses.at(name, target, z)[1], numeric, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "target", "z", "value", "slope"),
    [
        ("squared error", 1, 3.0, 4.0, 4.0),
        ("absolute error", 1, -1.5, 2.5, -1.0),
        ("Huber, δ = 0.5", 0, 0.25, 0.03125, 0.25),
        ("Huber, δ = 0.5", 0, 2.0, 0.875, 0.5),
        ("Huber, δ = 2", 1, -3.0, 6.0, -2.0),
        ("hinge", 0, 0.5, 1.5, 1.0),
        ("hinge", 1, 1.5, 0.0, 0.0),
        ("squared error of sigmoid(z)", 1, 0.0, 0.25, -0.25),
        ("cross-entropy of sigmoid(z)", 1, 0.0, np.log(2), -0.5),
        ("cross-entropy from logits", 0, 0.0, np.log(2), 0.5),
        ("cross-entropy, z taken for a probability", 1, 0.5, np.log(2), -2.0),
    ],
)
def test_losses_have_the_values_found_by_hand(name, target, z, value, slope):
    assert np.allclose(losses.at(name, target, np.array([z])), [[value], [slope]], atol=1e-12)


@pytest.mark.parametrize("target", [0, 1])
def test_what_the_page_teaches_about_cross_entropy_is_true(target):
    sigmoid, logits, taken, squared = (
        np.array(losses.at(name, target, losses.Z))
        for name in (
            "cross-entropy of sigmoid(z)", "cross-entropy from logits",
            "cross-entropy, z taken for a probability", "squared error of sigmoid(z)",
        )
    )  # fmt: skip
    assert np.allclose(sigmoid, logits, atol=1e-10)  # the same loss
    outside = (losses.Z < 0) | (losses.Z > 1)
    assert not taken[1, outside].any()  # and there nothing is learnt
    wrong = losses.Z * (2 * target - 1) == -6
    assert abs(logits[1, wrong]) > 0.99 and abs(squared[1, wrong]) < 0.01  # the learning slowdown


def test_the_axes_of_the_losses_hold_what_matters():
    for pair in product(losses.LOSSES, repeat=2):
        found = losses.window(*pair)
        assert 1 < found["top"] <= 18 and 0.2 < found["steep"] == -found["shallow"] <= 7


# --- gradient descent and the race --------------------------------------------------------------------------

descent, race = PARTS["descent"], PARTS["race"]
BOWLS = [name for name, place in descent.SURFACES.items() if np.isfinite(place.L)]


@pytest.mark.parametrize(
    "place", [*descent.SURFACES.values(), *race.SURFACES.values()], ids=[*descent.SURFACES, *race.SURFACES]
)
def test_a_surface_has_its_gradient_its_curvature_and_its_lowest_value(place):
    for w in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        numeric = gradcheck.numerical_gradient(place.f, w)
        assert np.allclose(place.grad(w), numeric, atol=1e-6)
        if np.isfinite(place.L):
            hessian = np.array([place.grad(e) for e in np.eye(2)])  # the gradient of a bowl is linear
            assert np.linalg.eigvalsh(hessian).max() == pytest.approx(place.L)
    x0, x1, y0, y1 = place.window
    heights = place.height(np.stack(np.meshgrid(np.linspace(x0, x1, 301), np.linspace(y0, y1, 301))))
    assert 0 <= heights.min() < 1e-3
    assert x0 < place.start[0] < x1 and y0 < place.start[1] < y1


@pytest.mark.parametrize("surface", BOWLS)
def test_descent_diverges_exactly_above_the_limit(surface):
    L = descent.SURFACES[surface].L
    for rate, momentum in product(descent.RATES, descent.MOMENTA):
        # A step along the steepest axis takes (position, velocity) to M (position, velocity).
        M = np.array([[1 - rate * L, momentum], [-rate * L, momentum]])
        radius = abs(np.linalg.eigvals(M)).max()
        fate = int(descent.walk(surface, rate, momentum)["fate"])
        kind, with_momentum = divmod(fate, 2)
        assert with_momentum == (momentum > 0)
        assert kind == (1 if np.isclose(radius, 1, atol=1e-9) else 0 if radius < 1 else 2), (rate, momentum)
        assert (kind == 2) == (rate > 2 * (1 + momentum) / L * (1 + 1e-9))


def test_each_fate_can_be_seen():
    cases = product(descent.SURFACES, descent.RATES, descent.MOMENTA)
    assert {int(descent.walk(*case)["fate"]) for case in cases} == set(range(len(descent.FATES)))


@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0), (0.18, 0), (0.05, 0.8), (0.3, 0.5)])
def test_the_path_in_a_bowl_is_the_one_that_algebra_gives(rate, momentum):
    found = descent.walk("valley (10 times steeper one way)", rate, momentum)
    start = descent.SURFACES["valley (10 times steeper one way)"].start
    for axis, L, w in zip("xy", (1, 10), start, strict=True):
        M = np.array([[1 - rate * L, momentum], [-rate * L, momentum]])
        wanted = [(np.linalg.matrix_power(M, k) @ [w, 0])[0] for k in range(descent.STEPS + 1)]
        assert np.allclose(found[axis], wanted, atol=1e-9)
    x, y = found["x"], found["y"]
    assert np.allclose(found["loss"], 0.5 * (x**2 + 10 * y**2), atol=surfaces.ROUNDING)


def test_a_path_that_leaves_the_picture_ends_on_its_edge():
    for surface in descent.SURFACES:
        found = descent.walk(surface, 4.0, 0)
        x, y = found["x"], found["y"]
        last = np.flatnonzero(np.isfinite(x))[-1]
        assert max(abs(x[last]), abs(y[last])) == pytest.approx(surfaces.BOX)
        assert np.isfinite(x[:last]).all() and (abs(x[:last]) < surfaces.BOX).all()


@pytest.mark.parametrize("racer", race.RACERS)
def test_a_racer_walks_as_the_optimiser_of_keras_does(racer, floatx64):
    import keras

    names = {"momentum": "SGD", "Nesterov": "SGD", "AdaGrad": "Adagrad"}
    options = {"momentum": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9, "nesterov": True}}
    theirs = getattr(keras.optimizers, names.get(racer, racer))(learning_rate=2**-7, **options.get(racer, {}))
    found = race.run("Rosenbrock's bent valley", 2**-7)
    place, k = race.SURFACES["Rosenbrock's bent valley"], list(race.RACERS).index(racer)
    w = keras.Variable(np.array(place.start), dtype="float64")
    for step in range(25):
        assert np.allclose([found["x"][k, step], found["y"][k, step]], w.numpy(), atol=tol("float32"))
        theirs.apply([keras.ops.convert_to_tensor(place.grad(w.numpy()))], [w])


def test_the_leader_of_the_race_is_the_lowest_of_those_in_the_picture():
    for surface, rate in product(race.SURFACES, race.RATES):
        found = race.run(surface, rate)
        for step in range(race.STEPS + 1):
            x, y, loss = (found[name][:, step] for name in ("x", "y", "loss"))
            here = [k for k in range(6) if abs(x[k]) < surfaces.BOX and abs(y[k]) < surfaces.BOX]
            lowest = min((loss[k] for k in here), default=None)
            first = [k for k in here if loss[k] == lowest]
            said = race.LEADERS[found["leader"][step]]
            assert race.GONE[found["gone"][step]] == race.GONE[6 - len(here)]
            if step == 0 or not here:
                assert said == "nobody leads"
            elif lowest == 0:
                assert said == (
                    "several have arrived" if first[1:] else f"{list(race.RACERS)[first[0]]} has arrived"
                )
            else:
                assert said.startswith(f"{list(race.RACERS)[first[0]]} leads")
                assert found["best"][step] == lowest


def test_the_race_has_a_different_winner_at_another_rate():
    names = list(race.RACERS)
    winner = {rate: names[race.run("Rosenbrock's bent valley", rate)["leader"][-1]] for rate in (0.01, 0.5)}
    assert winner == {0.01: "Nesterov", 0.5: "Adam"}


# --- backpropagation ----------------------------------------------------------------------------------------

backprop = PARTS["backprop"]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "ReLU"])
@pytest.mark.parametrize(
    ("x", "y", "w1", "w2"), [(1, 1, -1, 1.5), (-2, 0, 0.5, -2), (0, 1, 2, 2), (1.5, 0, 0, 0)]
)
def test_every_gradient_in_the_graph_is_that_of_a_model(x, y, w1, w2, activation):
    model = models.Sequential(
        [layers.Input((1,)), layers.Dense(1, activation.lower()), layers.Dense(1, "sigmoid")],
        dtype="float64",
        seed=0,
    )
    model.compile(optimizers.SGD(backprop.RATE), "mse")
    model.set_weights([[[w1]], [backprop.B1], [[w2]], [backprop.B2]])
    inputs, target = np.array([[float(x)]]), np.array([[float(y)]])
    predicted = model.forward(inputs)
    dx = model.backward(target, predicted)
    (dw1, db1, dw2, db2), (first, second) = model.gradients, model.layers
    found = backprop.values(x, y, w1, w2, activation)
    value = dict(zip(backprop.NODES, found["forward"], strict=True))
    grad = dict(zip(backprop.NODES, found["backward"], strict=True))
    assert value["z1"] == pytest.approx(first.z.item()) and value["z2"] == pytest.approx(second.z.item())
    assert value["a2"] == pytest.approx(predicted.item())
    assert value["L"] == pytest.approx(model.compute_loss(target, predicted))
    wanted = {"x": dx, "w1": dw1, "b1": db1, "w2": dw2, "b2": db2}
    for node, gradient in wanted.items():
        assert grad[node] == pytest.approx(gradient.item(), abs=EXACT)
    assert grad["a1"] == pytest.approx(grad["z2"] * w2) and grad["L"] == 1
    assert grad["y"] == pytest.approx(-grad["a2"])
    model.train_on_batch(inputs, target)
    assert found["after"] == pytest.approx(model.test_on_batch(inputs, target), abs=EXACT)


def test_the_step_downhill_goes_downhill_wherever_there_is_a_slope(pages):
    grids = (pages["backprop"]._named[name].values for name in ("x", "y", "w1", "w2", "activation"))
    for setting in product(*grids):
        found = backprop.values(*setting)
        assert found["after"] < found["forward"][-1], setting


def test_values_appear_forward_and_gradients_backward():
    script, nodes = backprop.script(), np.array(backprop.NODES)
    seen = script["seen"]
    assert set(nodes[seen[0] == 1]) == {"x", "w1", "b1", "w2", "b2", "y"} and seen[0].max() == 1
    forward = [
        nodes[(after - before).astype(bool)].tolist() for before, after in zip(seen, seen[1:], strict=False)
    ]
    assert forward[:6] == [["z1"], ["a1"], ["z2"], ["a2"], ["L"], ["L"]]
    assert forward[6:] == [["a2"], ["z2"], ["w2", "b2"], ["a1"], ["z1"], ["w1", "b1"], []]
    assert seen.max() == 2 and nodes[script["active"][-1]] == "L"
    for step, active in enumerate(script["active"][1:-1], 1):
        assert seen[step, active] > seen[step - 1, active]


# --- initialisation -----------------------------------------------------------------------------------------

initialisation = PARTS["initialisation"]
ALL = "Signals, differences between inputs and gradients "


def a_deep_network(scheme, gain, activation, depth):
    _, _, weights = initialisation.start(scheme)
    n = initialisation.UNITS
    dense = [layers.Dense(n, activation, use_bias=False) for _ in range(depth)]
    model = models.Sequential([layers.Input((n,)), *dense], dtype="float64", seed=0)
    model.set_weights([gain * W for W in weights[:depth]])
    return model


@pytest.mark.parametrize(
    ("scheme", "gain", "activation", "depth"),
    [
        ("Glorot", 1.0, "relu", 30),
        ("He", 1.25, "tanh", 10),
        ("normal, 0.05", 2.0, "sigmoid", 5),
        ("uniform, ±1/√n", 0.85, "selu", 15),
    ],
)
def test_signals_differences_and_gradients_are_those_of_a_model(scheme, gain, activation, depth):
    found = initialisation.signals(scheme, gain, activation, depth)
    a, grad, _ = initialisation.start(scheme)
    model = a_deep_network(scheme, gain, activation, depth)
    forward, apart, back = [size(a)], [a.std(axis=0)], [size(grad)]
    for layer in model.layers:
        a = layer.forward(a)
        forward.append(size(a))
        apart.append(a.std(axis=0))
    for layer in reversed(model.layers):
        grad = layer.backward(grad)
        back.insert(0, size(grad))
    expected = {"signals": forward, "differences": [size(std) for std in apart], "gradients": back}
    for name, values in expected.items():
        assert np.allclose(found[name][: depth + 1], np.maximum(values, initialisation.LEAST), rtol=1e-9)
        assert np.isnan(found[name][depth + 1 :]).all()
    assert sum(found["last"]) == pytest.approx(1)


def size(v):
    return np.sqrt(np.mean(v**2))


def test_orthogonal_weights_change_the_size_of_a_linear_signal_by_the_gain_alone():
    for gain, depth in [(1.0, 30), (0.85, 15), (1.2, 5)]:
        found = initialisation.signals("orthogonal", gain, "linear", depth)
        for name, first in (("signals", "signal"), ("differences", "difference"), ("gradients", "gradient")):
            began = found[name][depth if name == "gradients" else 0]
            assert found[first] / began == pytest.approx(gain**depth, rel=EXACT)


@pytest.mark.parametrize(
    ("scheme", "activation", "gain", "verdict"),
    [
        ("Glorot", "relu", 1.0, ALL + "vanish"),
        ("He", "relu", 1.0, ALL + "keep their size"),
        ("He", "relu", 2.0, ALL + "explode"),
        ("Glorot", "selu", 1.0, ALL + "keep their size"),
        ("Glorot", "relu", 1.4, ALL + "keep their size"),
        ("uniform, ±1/√n", "tanh", 1.0, ALL + "vanish"),
        (
            "orthogonal",
            "tanh",
            2.0,
            "Signals and differences between inputs keep their size, gradients explode",
        ),
        ("normal, 0.05", "tanh", 1.0, ALL + "vanish"),
        ("Glorot", "sigmoid", 1.0, "Signals keep their size, differences"),
    ],
)
def test_what_the_page_says_about_thirty_layers_is_what_the_books_say(scheme, activation, gain, verdict):
    found = initialisation.signals(scheme, gain, activation, 30)
    assert initialisation.VERDICTS[int(found["verdict"])].startswith(verdict)


# --- bumps and shapes ---------------------------------------------------------------------------------------

bumps, shapes = PARTS["bumps"], PARTS["shapes"]


@pytest.mark.parametrize("target", bumps.TARGETS)
def test_all_bumps_together_join_the_knots_by_straight_lines(target):
    f, x = bumps.TARGETS[target], bumps.X
    for count in bumps.COUNTS:
        found, knots = bumps.build(target, count), np.linspace(0, 1, count)
        joined = np.interp(x, knots, f(knots))
        assert np.allclose(found["corners"][:count], knots) and np.isnan(found["corners"][count:]).all()
        assert np.allclose(found["sum"][count:, :count], f(knots), atol=EXACT)  # and stays when all are added
        assert not found["sum"][0, :count].any() and np.isnan(found["sum"][:, count:]).all()
        assert found["worst"][-1] == pytest.approx(abs(joined - f(x)).max(), abs=EXACT)
        assert found["average"][0] == pytest.approx(abs(f(x)).mean())
        corners = zip(found["tent_x"].reshape(-1, 4), found["tent_y"].reshape(-1, 4), strict=True)
        tents = [np.interp(x, tx[:3], ty[:3], left=0, right=0) for tx, ty in corners]
        inner = joined - half_tents(x, knots, f)
        assert np.allclose(np.sum(tents[1 : count - 1], axis=0), inner, atol=1e-9)


def half_tents(x, knots, f):
    """The first and the last bump."""
    left, right = np.interp(x, knots[:2], [f(knots)[0], 0]), np.interp(x, knots[-2:], [0, f(knots)[-1]])
    return left + right


def test_bumps_are_added_from_left_to_right():
    found = bumps.build("parabola", 5)
    assert found["placed"].tolist() == [0, 1, 2, 3, 4, *[5] * (bumps.MOST - 4)]
    assert found["units"] == 7
    assert np.allclose(found["sum"][2, :5], [1, -0.5, 0, 0, 0])
    assert np.isnan(found["latest_y"][0]).all()
    assert np.allclose(found["latest_x"][2, :3], [0, 0.25, 0.5])
    assert np.allclose(found["latest_y"][2, :3], [0, -0.5, 0])


def test_a_layer_of_relus_computes_the_bumps():
    knots, rows, W = 0.25 * np.arange(-1, 6), np.arange(5), np.zeros((7, 5))
    W[rows, rows], W[rows + 1, rows], W[rows + 2, rows] = 4, -8, 4
    two_layers = [layers.Input((1,)), layers.Dense(7, "relu"), layers.Dense(5)]
    model = models.Sequential(two_layers, dtype="float64", seed=0)
    model.set_weights([np.ones((1, 7)), -knots, W, np.zeros(5)])
    assert np.allclose(model(bumps.X[:, None]), bumps.tents(5, bumps.X), atol=EXACT)


def test_with_twice_the_bumps_a_quarter_of_the_error_is_left():
    worst = {count: bumps.build("sine", count)["worst"][-1] for count in (6, 11, 21)}
    assert 3.3 < worst[6] / worst[11] < 4.7 and 3.3 < worst[11] / worst[21] < 4.7


ALL = [(op, a, b) for op in shapes.OPERATIONS for a in shapes.SHAPES.values() for b in shapes.SHAPES.values()]


def numpy_says(operation, a, b):
    """The shape of the result, or None where NumPy raises."""
    A, B = np.zeros(a), np.zeros(b)
    try:
        if "+" in operation:
            return np.broadcast_shapes(a, b)
        return (A @ B).shape if "@" in operation else np.concatenate([A, B]).shape
    except ValueError:
        return None


def lined_up(found, what):
    """The table of the shapes: A, B and the result, a row each."""
    return np.stack([found[f"{what}_{k}"] for k in (3, 2, 1)], axis=1)


def test_the_shape_calculator_agrees_with_numpy():
    for case in ALL:
        shape, rows = numpy_says(*case), lined_up(shapes.outcome(*case), "axis")
        said = shapes.SENTENCES[int(shapes.outcome(*case)["sentence"])]
        assert ("is an error" in said) == (shape is None)
        shown = [tuple(row[~np.isnan(row)].astype(int).tolist()) for row in rows]
        assert shown == [*case[1:], shape or ()]
        assert shape is None or f"has the shape {shape}" in said


def test_marked_sizes_are_the_ones_that_clash():
    for case in ALL:
        found = shapes.outcome(*case)
        marked = lined_up(found, "axis")[lined_up(found, "wrong") == 1]
        assert len(marked) in (0, 2) and (len(marked) == 0 or marked[0] != marked[1])
        fits = numpy_says(*case) is not None
        assert not (fits and len(marked))
        if not fits and "+" in case[0]:
            assert len(marked) == 2


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            ("A + B (also −, *, /)", (32, 1), (32,)),
            "(32, 32), 1,024 numbers. A is repeated along axis −1 and B is",
        ),
        (
            ("A + B (also −, *, /)", (32, 10), (32,)),
            "is an error. Axis −1, counted from the right, is 10 in A and 32 in B",
        ),
        (
            ("A @ B", (32, 8), (8, 10)),
            "(32, 10), 320 numbers. The last axis of A and the last axis but one of B are both 8",
        ),
        (
            ("A @ B", (32, 10), (8, 10)),
            "is an error. The last axis of A is 10 and the last axis but one of B is 8",
        ),
        (("A @ B", (32, 8), (8,)), "(32,), 32 numbers. The last axis of A and the only axis of B are both 8"),
        (("concatenate([A, B])", (32,), (10,)), "(42,), 42 numbers. One stands behind the other: 32 + 10"),
    ],
)
def test_the_shape_calculator_explains(case, words):
    assert words in shapes.say(*case)[0]


# --- what is said -------------------------------------------------------------------------------------------


def at(explorer, **values):
    """The indices of controls' values."""
    return {name: explorer._named[name].values.index(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("neuron", {}, "OR: 3 of 4 cases right; (0, 0) is wrong."),
        ("neuron", {"b": -0.5}, "OR: 4 of 4 cases right; no case is wrong."),
        (
            "neuron",
            {"gate": "XOR", "b": -0.5},
            "XOR: 3 of 4 cases right; (1, 1) is wrong. No straight line gets all",
        ),
        ("neuron", {"gate": "AND"}, "AND: 1 of 4 cases right; (0, 0), (0, 1) and (1, 0) are wrong."),
        (
            "activations",
            {"activation": "step"},
            "below 0.05 for 100% of the answers in layer 1 and 100% in layer 10",
        ),
        (
            "activations",
            {"activation": "linear"},
            "below 0.05 for 0% of the answers in layer 1 and 0% in layer 10",
        ),
        (
            "losses",
            {"z": 0.0},
            "At z = 0 (sigmoid 0.5), target 1: cross-entropy from logits is 0.693 with gradient −0.5; ",
        ),
        ("losses", {"z": 0.0}, "squared error of sigmoid(z) is 0.25 with gradient −0.25."),
        ("losses", {"loss": "hinge", "target": 0, "z": 3.0}, "target 0: hinge is 4 with gradient 1;"),
        ("descent", {}, "It converges: 0.18 is below the limit 2/L = 0.2."),
        ("descent", {"rate": 0.22}, "It diverges: 0.22 is above the limit 2/L = 0.2."),
        ("descent", {"rate": 0.2}, "It jumps to and fro for ever: 0.2 is the limit 2/L itself."),
        (
            "descent",
            {"rate": 0.22, "momentum": 0.5},
            "It converges: 0.22 is below the limit 2(1 + 0.5)/L = 0.3.",
        ),
        ("descent", {"surface": "round bowl", "rate": 1, "step": 1}, "At step 1 the loss is 0 above"),
        (
            "descent",
            {"rate": 2.2, "step": 40},
            "At step 40 the loss is out of sight. It diverges: 2.2 is above",
        ),
        ("backprop", {"step": 1}, "Forward: z₁ = w₁x + b₁ = −1 · 1 + 0.5 = −0.500."),
        ("backprop", {"step": 7, "y": 0}, "Backward: ∂L/∂a₂ = 2(a₂ − y) = 1.033."),
        ("backprop", {"step": 2, "activation": "ReLU"}, "Forward: a₁ = ReLU(z₁) = 0.000."),
        (
            "backprop",
            {"step": 11, "activation": "ReLU"},
            "the slope of ReLU at z₁ = −0.439 · 0.000 = 0.000.",
        ),
        ("backprop", {"step": 13}, "with learning rate 0.5, takes the loss from 0.234 to 0."),
        (
            "initialisation",
            {},
            "Signals, differences between inputs and gradients vanish: through 30 layers a signal goes from",
        ),
        ("initialisation", {"scheme": "He"}, "differences between inputs and gradients keep their size"),
        ("race", {"step": 0}, "At step 0, with learning rate 0.05, nobody leads. None has flown off."),
        ("race", {"rate": 2, "step": 100}, "AdaGrad has arrived. Two have flown off."),
        (
            "shapes",
            {},
            "(32, 1) + (32,) has the shape (32, 32), 1,024 numbers. A is repeated along axis −1 and",
        ),
        (
            "shapes",
            {"b": (32, 10)},
            "(32, 1) + (32, 10) has the shape (32, 10), 320 numbers. A is repeated along",
        ),
        (
            "bumps",
            {"added": 0},
            "0 of 9 bumps, which share 11 ReLU units: the sum is off by 1 at most and by 0.63 on",
        ),
        ("bumps", {"added": 25}, "9 of 9 bumps, which share 11 ReLU units: the sum is off by 0.07"),
    ],
)
def test_the_reading_is_true(name, values, words, pages):
    explorer = pages[name]
    assert words in explorer.figure.reading_text(**at(explorer, **values))


def test_every_reading_is_complete(pages):
    for explorer in pages.values():
        for control in explorer._named.values():
            for index in range(len(control.values)):
                said = explorer.figure.reading_text(**{control.name: index})
                assert said and not set("{}–") & set(said), said
