"""Every optimiser takes Keras's steps, option by option."""

import numpy as np
import pytest
from tolerances import tol

from nnbook import optimizers
from nnbook.optimizers import schedules

STEPS = 100
SHAPES = [(5, 3), (3,)]

# Constants are exact in binary: Keras casts some of them to float32 on their way.
ROOT = {"learning_rate": 2**-7, "rho": 0.875, "epsilon": 2**-20}
EXACT = {"learning_rate": 2**-7, "beta_1": 0.875, "beta_2": 1 - 2**-7, "epsilon": 2**-20}
CASES = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 2**-5, "momentum": 0.75}),
    ("SGD", {"learning_rate": 2**-5, "momentum": 0.75, "nesterov": True}),
    ("SGD", {"learning_rate": 2**-5, "nesterov": True}),
    ("SGD", {"learning_rate": 2**-5, "momentum": 0.875, "weight_decay": 2**-4}),
    ("Adagrad", {"learning_rate": 2**-5, "initial_accumulator_value": 2**-3, "epsilon": 2**-20}),
    ("Adagrad", {"learning_rate": 2**-5, "initial_accumulator_value": 0.0, "epsilon": 2**-20}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.875, "epsilon": 2**-20}),
    ("RMSprop", ROOT),
    ("RMSprop", ROOT | {"centered": True}),
    ("RMSprop", ROOT | {"momentum": 0.75}),
    ("RMSprop", ROOT | {"momentum": 0.75, "centered": True}),
    ("Adam", EXACT),
    ("Adam", EXACT | {"amsgrad": True}),
    ("AdamW", EXACT | {"weight_decay": 2**-4}),
    ("AdamW", EXACT | {"weight_decay": 2**-4, "amsgrad": True}),
    ("Nadam", EXACT),
]
SHARED = [
    {"clipnorm": 0.5},
    {"clipvalue": 0.25},
    {"global_clipnorm": 0.5},
    {"weight_decay": 2**-5},
    {"clipnorm": 0.5, "weight_decay": 2**-5},
]
NAMES = list(dict.fromkeys(name for name, _ in CASES))
ALL = CASES + [(name, dict(CASES)[name] | shared) for name in NAMES for shared in SHARED]
# Keras's defaults (0.9, 0.999, 1e-7) are not exact in binary: with them float32 alone is compared.
DEFAULTS = [(name, {}) for name in NAMES]


def label(case):
    name, options = case
    return name + "".join(f"-{k}={v}" for k, v in options.items())


def problem(dtype="float64", steps=STEPS):
    """Return two variables and ``steps`` random gradients of each; some are large, some are zero."""
    rng = np.random.default_rng(7)
    variables = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    sizes = rng.choice([0.0, 0.1, 1.0, 3.0], size=steps)
    grads = [[(size * rng.normal(size=shape)).astype(dtype) for shape in SHAPES] for size in sizes]
    return variables, grads


def run(optimizer, variables, grads):
    variables = [w.copy() for w in variables]
    for g in grads:
        optimizer.apply(g, variables)
    return variables


def run_keras(name, options, variables, grads):
    """Return what Keras makes of the variables, and its optimiser; compiled, as in fit, to save time."""
    import keras
    import tensorflow as tf

    optimizer = getattr(keras.optimizers, name)(**options)
    twins = [keras.Variable(w, dtype=w.dtype.name) for w in variables]
    optimizer.build(twins)
    step = tf.function(lambda *g: optimizer.apply(g, twins))
    for g in grads:
        step(*map(tf.constant, g))
    return [w.numpy() for w in twins], optimizer


def largest_difference(ours, theirs):
    return max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True))


# --- against Keras ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", ALL, ids=map(label, ALL))
def test_a_hundred_steps_in_float64_equal_keras(name, options, floatx64):
    variables, grads = problem()
    ours = run(getattr(optimizers, name)(**options), variables, grads)
    theirs, _ = run_keras(name, options, variables, grads)
    assert largest_difference(ours, theirs) <= tol("nadam" if name == "Nadam" else "default")
    assert all(np.isfinite(w).all() for w in ours)


@pytest.mark.parametrize("name, options", ALL + DEFAULTS, ids=map(label, ALL + DEFAULTS))
def test_a_hundred_steps_in_float32_equal_keras(name, options):
    variables, grads = problem("float32")
    ours = run(getattr(optimizers, name)(**options), variables, grads)
    theirs, _ = run_keras(name, options, variables, grads)
    assert all(w.dtype == np.float32 for w in ours)
    assert largest_difference(ours, theirs) <= tol("float32")


@pytest.mark.parametrize("name, options", CASES, ids=map(label, CASES))
def test_slots_have_keras_names_and_values(name, options, floatx64):
    variables, grads = problem()
    optimizer = getattr(optimizers, name)(**options)
    run(optimizer, variables, grads)
    _, twin = run_keras(name, options, variables, grads)
    named = {slot: arrays for slot, arrays in optimizer.slots.items() if slot != "u_product"}
    for slot, arrays in named.items():
        theirs = [v.numpy() for v in twin.variables if v.name.endswith(f"_{slot}")]
        assert largest_difference(arrays, theirs) <= tol("default")
    others = 3 if name == "Nadam" else 2  # iteration, learning rate, and Nadam's nameless product
    assert len(twin.variables) == others + len(named) * len(variables)
    assert optimizer.iterations == int(twin.iterations) == STEPS


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_gives_every_step_its_rate_as_in_keras(name):
    import keras

    variables, grads = problem("float32")
    decay = {"initial_learning_rate": 0.05, "decay_steps": 10, "decay_rate": 0.5}
    ours = run(getattr(optimizers, name)(schedules.ExponentialDecay(**decay)), variables, grads)
    schedule = keras.optimizers.schedules.ExponentialDecay(**decay)
    theirs, _ = run_keras(name, {"learning_rate": schedule}, variables, grads)
    assert largest_difference(ours, theirs) <= tol("float32")


def test_arguments_and_defaults_are_those_of_keras():
    import keras

    left_out = {"use_ema", "ema_momentum", "ema_overwrite_frequency"}
    left_out |= {"loss_scale_factor", "gradient_accumulation_steps"}
    for name in NAMES:
        ours, theirs = (getattr(module, name)().get_config() for module in (optimizers, keras.optimizers))
        theirs["learning_rate"] = round(theirs["learning_rate"], 8)  # Keras keeps it in float32
        theirs["name"] = ours["name"]
        assert ours == {option: value for option, value in theirs.items() if option not in left_out}


@pytest.mark.parametrize("option", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_clipping_treats_nan_inf_and_zero_gradients_as_keras_does(option, bad, recwarn):
    variables, grads = problem("float32", steps=3)
    grads[1][0][0, 0] = bad
    grads[2][1][:] = 0.0
    grads[2][0][:] = 0.0
    ours = run(optimizers.SGD(0.5, **{option: 0.25}), variables, grads)
    theirs, _ = run_keras("SGD", {"learning_rate": 0.5, option: 0.25}, variables, grads)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=tol("float32"), equal_nan=True)
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


# --- against the papers -----------------------------------------------------------------------------------


def polyak(w, grads, lr, momentum):
    m = 0
    for g in grads:
        m = momentum * m - lr * g
        w = w + m
    return w


def nesterov(w, grads, lr, momentum):
    m = 0
    for g in grads:
        m = momentum * m - lr * g
        w = w + momentum * m - lr * g
    return w


def adagrad(w, grads, lr, start, epsilon):
    total = start
    for g in grads:
        total = total + g**2
        w = w - lr * g / (total + epsilon) ** 0.5
    return w


def adadelta(w, grads, lr, rho, epsilon):
    g2 = d2 = 0
    for g in grads:
        g2 = rho * g2 + (1 - rho) * g**2
        d = -(((d2 + epsilon) / (g2 + epsilon)) ** 0.5) * g
        d2 = rho * d2 + (1 - rho) * d**2
        w = w + lr * d
    return w


def centered_rmsprop(w, grads, lr, rho, momentum, epsilon):
    v = a = m = 0
    for g in grads:
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        m = momentum * m + lr * g / (v - a**2 + epsilon) ** 0.5
        w = w - m
    return w


def adamw(w, grads, lr, decay, beta_1, beta_2, epsilon):
    """Kingma and Ba's algorithm 1 with its own epsilon, which is Keras's divided by sqrt(1 - beta_2 ** t)."""
    m = v = 0
    for t, g in enumerate(grads, 1):
        w = w - lr * decay * w
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        w = w - lr * m_hat / (v_hat**0.5 + epsilon / (1 - beta_2**t) ** 0.5)
    return w


def nadam(w, grads, lr, beta_1, beta_2, epsilon):
    m = v = 0
    u = [beta_1 * (1 - 0.5 * 0.96**t) for t in range(1, len(grads) + 2)]
    for t, g in enumerate(grads, 1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_bar = u[t] * m / (1 - np.prod(u[: t + 1])) + (1 - u[t - 1]) * g / (1 - np.prod(u[:t]))
        w = w - lr * m_bar / ((v / (1 - beta_2**t)) ** 0.5 + epsilon)
    return w


PAPERS = [
    (optimizers.SGD(0.1, 0.9), polyak, (0.1, 0.9)),
    (optimizers.SGD(0.1, 0.9, nesterov=True), nesterov, (0.1, 0.9)),
    (optimizers.Adagrad(0.1), adagrad, (0.1, 0.1, 1e-7)),
    (optimizers.Adadelta(1.0), adadelta, (1.0, 0.95, 1e-7)),
    (optimizers.RMSprop(0.01, 0.9, 0.5, centered=True), centered_rmsprop, (0.01, 0.9, 0.5, 1e-7)),
    (optimizers.AdamW(0.01, 0.1), adamw, (0.01, 0.1, 0.9, 0.999, 1e-7)),
    (optimizers.Nadam(0.01), nadam, (0.01, 0.9, 0.999, 1e-7)),
]


@pytest.mark.parametrize("optimizer, formula, constants", PAPERS, ids=[p[1].__name__ for p in PAPERS])
def test_a_hundred_steps_equal_the_papers_formula(optimizer, formula, constants):
    variables, grads = problem()
    grads = [[g + 0.01 for g in step] for step in grads]  # the papers divide by the gradients' own size
    ours = run(type(optimizer).from_config(optimizer.get_config()), variables, grads)
    for i, w in enumerate(variables):
        expected = formula(w, [g[i] for g in grads], *constants)
        np.testing.assert_allclose(ours[i], expected, rtol=tol("formula"), atol=tol("formula"))


def test_one_step_of_adam_by_hand():
    w = [np.array([1.0])]
    optimizers.Adam(0.1, epsilon=0.0).apply([np.array([-5.0])], w)
    assert w[0] == pytest.approx(1.1)  # the first step is as long as the rate, whatever the gradient


# --- what the engine builds on ----------------------------------------------------------------------------

ELEMENTWISE = [case for case in ALL if not {"clipnorm", "global_clipnorm"} & set(case[1])]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", ELEMENTWISE, ids=map(label, ELEMENTWISE))
def test_one_flat_vector_takes_the_same_steps_to_the_bit(name, options, dtype):
    variables, grads = problem(dtype)
    kind = getattr(optimizers, name)
    pieces = run(kind(**options), variables, grads)

    def flat(arrays):
        return np.concatenate([a.ravel() for a in arrays])

    whole = run(kind(**options), [flat(variables)], [[flat(g)] for g in grads])
    assert np.array_equal(whole[0], flat(pieces))


def test_variables_and_slots_change_in_place():
    variables, grads = problem()
    for name, options in CASES:
        optimizer = getattr(optimizers, name)(**options)
        optimizer.build(variables)
        before = [id(a) for arrays in optimizer.slots.values() for a in arrays]
        mine = [w.copy() for w in variables]
        views = [w.view() for w in mine]
        optimizer.apply(grads[0], mine)
        assert all(np.shares_memory(a, b) for a, b in zip(mine, views, strict=True))
        assert before == [id(a) for arrays in optimizer.slots.values() for a in arrays]
        assert all((w != v).any() for w, v in zip(mine, variables, strict=True))


def test_gradients_are_left_as_they_were():
    variables, grads = problem(steps=2)
    for name, options in ALL:
        run(getattr(optimizers, name)(**options), variables, grads)
    assert all(np.array_equal(a, b) for a, b in zip(grads[1], problem(steps=2)[1][1], strict=True))


def test_building_twice_keeps_what_is_remembered():
    variables, grads = problem(steps=3)
    optimizer = optimizers.Nadam()
    run(optimizer, variables, grads)
    before = optimizer.state()
    optimizer.build(variables)
    assert all(np.array_equal(before[name], value) for name, value in optimizer.state().items())


# --- stop and go on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, options", ALL, ids=map(label, ALL))
def test_a_restored_optimiser_goes_on_to_the_bit(name, options, dtype):
    variables, grads = problem(dtype)
    kind = getattr(optimizers, name)
    without_stop = run(kind(**options), variables, grads)

    first = kind(**options)
    halfway = run(first, variables, grads[:37])
    saved = first.state()
    second = kind.from_config(first.get_config())
    second.build(halfway)
    second.set_state(saved)
    assert second.iterations == 37
    went_on = run(second, halfway, grads[37:])
    assert all(np.array_equal(a, b) for a, b in zip(without_stop, went_on, strict=True))


def test_a_changed_learning_rate_is_restored():
    first, second = optimizers.SGD(0.5), optimizers.SGD(0.5)
    first.learning_rate = 0.25
    for optimizer in (first, second):
        optimizer.build([])
    second.set_state(first.state())
    assert second.learning_rate == 0.25


def test_the_state_is_a_copy():
    variables, grads = problem(steps=2)
    optimizer = optimizers.Adam()
    run(optimizer, variables, grads[:1])
    saved = optimizer.state()
    before = {name: value.copy() for name, value in saved.items()}
    run(optimizer, variables, grads[1:])
    assert all(np.array_equal(before[name], value) for name, value in saved.items())
    assert list(saved)[:2] == ["iterations", "learning_rate"]
    assert "momentum/0" in saved and "velocity/1" in saved


def test_a_schedule_has_no_learning_rate_to_save():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
    assert set(optimizer.state()) == {"iterations"}


BAD_STATES = {
    "a slot is missing": (lambda s: s.pop("momentum/1"), "missing ['momentum/1']"),
    "a slot is strange": (lambda s: s.update(foo=np.zeros(3)), "not expected ['foo']"),
    "a shape is wrong": (lambda s: s.update({"velocity/1": np.zeros(4)}), "of shape (3,), got float64 of"),
    "a dtype is wrong": (
        lambda s: s.update({"velocity/1": np.array(["a"] * 3)}),
        "'velocity/1' expected float64",
    ),
    "iterations are not whole": (lambda s: s.update(iterations=np.array(1.5)), "'iterations' expected int64"),
    "iterations are negative": (lambda s: s.update(iterations=np.array(-1)), "iterations must be"),
    "the rate is bad": (
        lambda s: s.update(learning_rate=np.array(np.nan)),
        "learning_rate must be a number >= 0",
    ),
}


@pytest.mark.parametrize("what", BAD_STATES)
def test_a_state_that_does_not_fit_changes_nothing(what):
    spoil, message = BAD_STATES[what]
    variables, grads = problem(steps=2)
    optimizer = optimizers.Adam()
    run(optimizer, variables, grads[:1])
    wrong = optimizer.state()
    run(optimizer, variables, grads[1:])
    before = optimizer.state()
    spoil(wrong)
    with pytest.raises(ValueError) as error:
        optimizer.set_state(wrong)
    assert message in str(error.value)
    assert all(np.array_equal(before[name], value) for name, value in optimizer.state().items())


def test_a_state_needs_a_built_optimiser():
    variables, grads = problem(steps=1)
    optimizer = optimizers.Adam()
    run(optimizer, variables, grads)
    with pytest.raises(ValueError, match="call build"):
        optimizers.Adam().set_state(optimizer.state())


# --- names, configurations, errors ------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", ALL, ids=map(label, ALL))
def test_a_configuration_makes_the_same_optimiser(name, options):
    import json

    optimizer = getattr(optimizers, name)(**options)
    config = json.loads(json.dumps({"class_name": name, "config": optimizer.get_config()}))
    again = optimizers.get(config)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_a_configuration_keeps_the_schedule():
    optimizer = optimizers.Adam(schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3))
    again = optimizers.Adam.from_config(optimizer.get_config())
    assert [again.learning_rate(k) for k in range(20)] == [optimizer.learning_rate(k) for k in range(20)]


def test_names_are_found_in_any_case():
    for kind in optimizers.CLASSES:
        for name in (kind.__name__, kind.__name__.lower(), kind.__name__.upper()):
            assert type(optimizers.get(name)) is kind
    adam = optimizers.Adam()
    assert optimizers.get(adam) is adam


ERRORS = [
    (lambda: optimizers.get("adm"), ValueError, "unknown optimizer 'adm'; did you mean 'adam'? known: "),
    (lambda: optimizers.SGD(-0.1), ValueError, "learning_rate must be a number >= 0, got -0.1"),
    (lambda: optimizers.SGD(np.nan), ValueError, "learning_rate must be a number >= 0, got nan"),
    (lambda: optimizers.Adam("0.1"), ValueError, "learning_rate must be a number >= 0, got '0.1'"),
    (lambda: optimizers.Adam(True), ValueError, "learning_rate must be a number >= 0, got True"),
    (lambda: optimizers.SGD(momentum=1.0), ValueError, "momentum must be a number in [0, 1), got 1.0"),
    (lambda: optimizers.SGD(momentum=-0.5), ValueError, "momentum must be a number in [0, 1), got -0.5"),
    (lambda: optimizers.RMSprop(rho=1.5), ValueError, "rho must be a number in [0, 1), got 1.5"),
    (lambda: optimizers.RMSprop(momentum=2), ValueError, "momentum must be a number in [0, 1), got 2"),
    (lambda: optimizers.Adadelta(rho=np.nan), ValueError, "rho must be a number in [0, 1), got nan"),
    (lambda: optimizers.Adam(beta_1=1), ValueError, "beta_1 must be a number in [0, 1), got 1"),
    (lambda: optimizers.AdamW(beta_2=1.0), ValueError, "beta_2 must be a number in [0, 1), got 1.0"),
    (lambda: optimizers.Nadam(beta_2=None), ValueError, "beta_2 must be a number in [0, 1), got None"),
    (lambda: optimizers.Adam(epsilon=-1e-7), ValueError, "epsilon must be a number >= 0, got -1e-07"),
    (
        lambda: optimizers.Adagrad(0.1, -1),
        ValueError,
        "initial_accumulator_value must be a number >= 0, got -1",
    ),
    (lambda: optimizers.SGD(weight_decay=-1), ValueError, "weight_decay must be a number >= 0, got -1"),
    (lambda: optimizers.AdamW(weight_decay=None), ValueError, "weight_decay must be a number >= 0, got None"),
    (lambda: optimizers.SGD(clipnorm=-1), ValueError, "clipnorm must be a number > 0, got -1"),
    (lambda: optimizers.SGD(clipvalue=0), ValueError, "clipvalue must be a number > 0, got 0"),
    (
        lambda: optimizers.SGD(global_clipnorm=np.inf),
        ValueError,
        "global_clipnorm must be a number > 0, got inf",
    ),
    (
        lambda: optimizers.SGD(clipnorm=1, clipvalue=2),
        ValueError,
        "give only one of clipnorm, clipvalue and global_clipnorm, got {'clipnorm': 1, 'clipvalue': 2}",
    ),
    (lambda: optimizers.SGD(momentun=0.9), TypeError, "momentun"),
    (
        lambda: optimizers.SGD().apply([np.ones(3)], [np.ones(2)]),
        ValueError,
        "expected gradients of shapes [(2,)]",
    ),
    (
        lambda: optimizers.SGD().apply([], [np.ones(2)]),
        ValueError,
        "expected gradients of shapes [(2,)], got []",
    ),
    (
        lambda: optimizers.SGD().build([np.arange(3)]),
        ValueError,
        "variables must be arrays of floats, got int64",
    ),
    (
        lambda: optimizers.SGD().build([[1.0]]),
        ValueError,
        "variables must be arrays of floats, got <class 'list'>",
    ),
]


@pytest.mark.parametrize("mistake, kind, message", ERRORS, ids=[message for *_, message in ERRORS])
def test_a_mistake_gets_a_clear_error(mistake, kind, message):
    with pytest.raises(kind) as error:
        mistake()
    assert message in str(error.value)


def test_other_variables_than_built_for_are_refused():
    optimizer = optimizers.SGD()
    optimizer.build([np.ones(3)])
    w = [np.ones(2)]
    with pytest.raises(ValueError, match="expected gradients of shapes"):
        optimizer.apply([np.ones(2)], w)
    assert optimizer.iterations == 0 and (w[0] == 1).all()


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, "fast", None])
def test_the_learning_rate_is_checked_when_it_is_changed(bad):
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="learning_rate must be a number >= 0"):
        optimizer.learning_rate = bad
    assert optimizer.learning_rate == 0.1
    optimizer.learning_rate = np.float32(0.5)
    assert optimizer.learning_rate == 0.5 and type(optimizer.learning_rate) is float


def test_a_schedule_is_replaced_only_by_another_as_in_keras():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(1.0, 1, 0.5))
    with pytest.raises(TypeError, match="follows ExponentialDecay and cannot be set to 0.1"):
        optimizer.learning_rate = 0.1
    w = [np.zeros(1)]
    for _ in range(3):
        optimizer.apply([np.ones(1)], w)
    assert w[0] == -1.75 and optimizer.current_learning_rate == 0.125
    optimizer.learning_rate = schedules.ExponentialDecay(8.0, 1, 0.5)
    assert optimizer.current_learning_rate == 1.0
