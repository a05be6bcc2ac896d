"""Helpers: labels as rows, rows of length one, and the seed of models that are given none."""

import random

import keras
import numpy as np
import pytest

from nnbook import utils


@pytest.fixture
def no_seed(monkeypatch):
    """Start as a fresh process does, and put back what was."""
    monkeypatch.setattr(utils, "_stream", None)
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


def seeds(n=5):
    return [utils.next_seed() for _ in range(n)]


def test_one_seed_fixes_the_seeds_of_all_later_models_and_these_differ(no_seed):
    utils.set_random_seed(7)
    first = seeds()
    utils.set_random_seed(7)
    assert seeds() == first
    assert len(set(first)) == 5
    utils.set_random_seed(8)
    assert not set(seeds()) & set(first)


def test_without_a_seed_every_model_gets_one_from_the_operating_system(no_seed):
    assert len(set(seeds(20))) == 20


def test_a_seed_is_a_whole_number_that_a_generator_takes(no_seed):
    utils.set_random_seed(0)
    assert all(isinstance(seed, int) and 0 <= seed < 2**64 for seed in seeds())
    np.random.default_rng(utils.next_seed())


def test_set_random_seed_seeds_python_and_numpy_as_keras_does(no_seed):
    draws = []
    for engine in (utils, keras.utils):
        engine.set_random_seed(11)
        draws.append((random.random(), np.random.rand()))
    assert draws[0] == draws[1]


@pytest.mark.parametrize("seed", [-1, 1.5, "7", None, True, 2**32])
def test_an_impossible_seed_is_refused_and_changes_nothing(seed, no_seed):
    utils.set_random_seed(3)
    expected = seeds(1)
    utils.set_random_seed(3)
    with pytest.raises(ValueError, match="seed must be"):
        utils.set_random_seed(seed)
    assert seeds(1) == expected


LABELS = {
    "a list": ([0, 2, 1, 2], None),
    "more classes than seen": ([0, 2], 5),
    "a column": ([[0], [1], [3]], None),
    "a table": ([[0, 1], [2, 0]], 3),
    "uint8": (np.array([1, 0], np.uint8), None),
    "whole floats": ([0.0, 1.0], None),
    "one label": ([0], None),
}


@pytest.mark.parametrize("name", LABELS)
def test_to_categorical_equals_keras_in_values_shape_and_dtype(name):
    x, num_classes = LABELS[name]
    ours, theirs = utils.to_categorical(x, num_classes), keras.utils.to_categorical(x, num_classes)
    np.testing.assert_array_equal(ours, theirs)
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)


@pytest.mark.parametrize(
    "x, num_classes, message",
    [
        ([0, 3], 3, "labels must be 0 … 2 for num_classes=3, got 3"),
        ([0, -1], 3, "labels must be 0 … 2 for num_classes=3, got -1"),
        ([0, 1], 0, "num_classes must be a whole number of at least 1, got 0"),
        ([], None, "at least one sample"),
        (["cat", "dog"], None, "must hold numbers"),
        ([0.0, float("nan")], None, "NaN"),
    ],
)
def test_to_categorical_refuses_what_is_no_label(x, num_classes, message):
    with pytest.raises(ValueError, match=message):
        utils.to_categorical(x, num_classes)


@pytest.mark.parametrize("axis, order", [(-1, 2), (1, 1), (-1, np.inf)])
def test_normalize_equals_keras_and_leaves_zeros_alone(axis, order):
    x = np.random.default_rng(0).normal(size=(4, 3))
    x[1] = 0
    ours = utils.normalize(x, axis, order)
    np.testing.assert_allclose(ours, keras.utils.normalize(x, axis, order), rtol=1e-15)
    assert np.isfinite(ours).all()


def test_normalize_takes_the_first_axis_too_where_keras_fails():
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(utils.normalize(x, axis=0), utils.normalize(x.T).T, rtol=1e-15)
    with pytest.raises(ValueError, match="could not be broadcast"):
        keras.utils.normalize(x, axis=0)
