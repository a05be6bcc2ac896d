"""Every schedule gives Keras's rates, and the exact ones of its formula."""

import json
import math

import pytest
from tolerances import tol

from nnbook.optimizers import schedules

CASES = [
    ("ExponentialDecay", (0.1, 7, 0.9)),
    ("ExponentialDecay", (0.1, 7, 0.9, True)),
    ("ExponentialDecay", (0.01, 1000, 0.96)),
    ("InverseTimeDecay", (0.1, 7, 0.5)),
    ("InverseTimeDecay", (0.1, 7, 0.5, True)),
    ("PolynomialDecay", (0.1, 20)),
    ("PolynomialDecay", (0.1, 20, 0.01, 2.0)),
    ("PolynomialDecay", (0.1, 20, 0.01, 0.5, True)),
    ("PolynomialDecay", (0.01, 20, 0.1)),
    ("CosineDecay", (0.1, 20)),
    ("CosineDecay", (0.1, 20, 0.25)),
    ("CosineDecay", (0.0, 20, 0.1, "warm", 0.1, 10)),
    ("CosineDecay", (0.05, 20, 0.0, "warm", 0.1, 0)),
    ("PiecewiseConstantDecay", ([10, 30], [0.1, 0.01, 0.001])),
    ("PiecewiseConstantDecay", ([5.5], [1.0, 0.5])),
]
STEPS = 65


def label(case):
    return f"{case[0]}{case[1]}"


@pytest.mark.parametrize("name, arguments", CASES, ids=map(label, CASES))
def test_rates_equal_keras_at_every_step(name, arguments):
    import keras
    import numpy as np

    ours = getattr(schedules, name)(*arguments)
    theirs = getattr(keras.optimizers.schedules, name)(*arguments)
    expected = [float(theirs(step)) for step in range(STEPS)]
    found = [ours(step) for step in range(STEPS)]
    floor = 1e-8  # near its zero a cosine in float32 has no relative precision left
    np.testing.assert_allclose(found, expected, rtol=tol("schedules"), atol=floor)
    assert all(type(rate) is float for rate in found)


def exponential(step):
    return 0.3 * math.exp(math.log(0.7) * step / 9)


def exponential_staircase(step):
    return 0.3 * math.prod([0.7] * (step // 9))


def inverse_time(step):
    return 0.3 * 9 / (9 + 0.7 * step)


def polynomial(step):
    return 0.01 + 0.29 * ((40 - min(step, 40)) / 40) ** 3


def polynomial_cycle(step):
    end = next(k * 9 for k in range(1, 100) if k * 9 >= step)
    return 0.01 + 0.29 * (1 - step / end) ** 3


def cosine_after_warmup(step):
    if step < 5:
        return 0.1 + 0.04 * step
    return 0.3 * (0.2 + 0.8 * math.cos(math.pi / 2 * min(step - 5, 40) / 40) ** 2)


def piecewise(step):
    return 0.3 if step <= 9 else 0.2 if step <= 20 else 0.1


FORMULAS = [
    (exponential, schedules.ExponentialDecay(0.3, 9, 0.7)),
    (exponential_staircase, schedules.ExponentialDecay(0.3, 9, 0.7, staircase=True)),
    (inverse_time, schedules.InverseTimeDecay(0.3, 9, 0.7)),
    (polynomial, schedules.PolynomialDecay(0.3, 40, 0.01, power=3.0)),
    (polynomial_cycle, schedules.PolynomialDecay(0.3, 9, 0.01, power=3.0, cycle=True)),
    (cosine_after_warmup, schedules.CosineDecay(0.1, 40, 0.2, warmup_target=0.3, warmup_steps=5)),
    (piecewise, schedules.PiecewiseConstantDecay([9, 20], [0.3, 0.2, 0.1])),
]


@pytest.mark.parametrize("formula, schedule", FORMULAS, ids=[f.__name__ for f, _ in FORMULAS])
def test_rates_equal_the_formula(formula, schedule):
    for step in range(STEPS):
        assert schedule(step) == pytest.approx(formula(step), rel=tol("formula"), abs=tol("formula"))


@pytest.mark.parametrize("name, arguments", CASES, ids=map(label, CASES))
def test_a_configuration_makes_the_same_schedule_on_both_engines(name, arguments):
    import keras

    schedule = getattr(schedules, name)(*arguments)
    config = json.loads(json.dumps({"class_name": name, "config": schedule.get_config()}))
    again = schedules.deserialize(config)
    assert [again(step) for step in range(STEPS)] == [schedule(step) for step in range(STEPS)]
    assert config["config"] == getattr(keras.optimizers.schedules, name)(*arguments).get_config()


ERRORS = [
    (
        lambda: schedules.ExponentialDecay(-0.1, 10, 0.5),
        "initial_learning_rate must be a number >= 0, got -0.1",
    ),
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be a number > 0, got 0"),
    (lambda: schedules.ExponentialDecay(0.1, 10, -0.5), "decay_rate must be a number > 0, got -0.5"),
    (lambda: schedules.InverseTimeDecay(0.1, -10, 0.5), "decay_steps must be a number > 0, got -10"),
    (lambda: schedules.PolynomialDecay(0.1, 10, power=0), "power must be a number > 0, got 0"),
    (lambda: schedules.CosineDecay(float("nan"), 10), "initial_learning_rate must be a number >= 0, got nan"),
    (lambda: schedules.CosineDecay(0.1, 10, warmup_target=0), "warmup_target must be a number > 0, got 0"),
    (lambda: schedules.CosineDecay(0.1, 10, warmup_steps=-1), "warmup_steps must be a number >= 0, got -1"),
    (
        lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
        "values must be one longer than boundaries, got 2 values and 2 boundaries",
    ),
    (
        lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
        "boundaries must increase strictly, got [2, 1]",
    ),
    (
        lambda: schedules.deserialize({"class_name": "CosineDcay", "config": {}}),
        "unknown schedule 'CosineDcay'; did you mean 'CosineDecay'? known: ",
    ),
]


@pytest.mark.parametrize("mistake, message", ERRORS, ids=[message for _, message in ERRORS])
def test_a_mistake_gets_a_clear_error(mistake, message):
    with pytest.raises(ValueError) as error:
        mistake()
    assert message in str(error.value)
