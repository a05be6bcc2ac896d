"""The articles' four listings run on both engines, by one changed word, and learn the same."""

import os
import statistics
from pathlib import Path

import numpy as np
import pytest
from listings import LISTINGS, run

import nnbook
from nnbook import datasets, utils

EPOCHS = {"B1": 2, "B2": 40, "B3": 10, "B4": 2}


@pytest.fixture(scope="module")
def digits():
    return prepared(*datasets.mnist())


def prepared(train, test):
    (x_train, y_train), (x_test, y_test) = train, test
    return {
        "x_train": x_train.reshape(-1, 784).astype("float32") / 255,
        "x_test": x_test.reshape(-1, 784).astype("float32") / 255,
        "y_train": utils.to_categorical(y_train, 10),
        "y_test": utils.to_categorical(y_test, 10),
        "labels_train": y_train,
        "labels_test": y_test,
    }


@pytest.mark.parametrize("engine", ["nnbook", "keras"])
@pytest.mark.parametrize("name", LISTINGS)
def test_the_listing_runs_unchanged_on_this_engine_and_lowers_its_loss(name, engine, digits):
    names = run(LISTINGS[name], engine, digits, epochs=EPOCHS[name])
    losses = names["history"].history["loss"]
    assert len(losses) == EPOCHS[name]
    assert losses[-1] < losses[0]
    assert type(names["model"]).__module__.startswith(engine)


def accuracies(engine, data):
    """The test accuracy of listing B1 for three fixed seeds."""
    import keras

    found = []
    for seed in (0, 1, 2):
        (keras if engine == "keras" else nnbook).utils.set_random_seed(seed)
        found.append(run(LISTINGS["B1"], engine, data)["accuracy"])
    return found


@pytest.mark.parametrize("engine", ["nnbook", "keras"])
def test_the_classifier_reaches_91_percent_on_the_shipped_test_digits(engine, digits):
    assert statistics.median(accuracies(engine, digits)) >= 0.91


@pytest.mark.full
def test_the_classifier_reaches_96_percent_on_all_of_mnist():
    path = Path(os.environ["NNBOOK_MNIST"])
    full = prepared(*datasets.mnist(full=True, path=path))
    assert statistics.median(accuracies("nnbook", full)) >= 0.96


def thousand_epochs_end_without_a_mistake(engine):
    engine.utils.set_random_seed(0)
    names = run(LISTINGS["B2"], engine.__name__, {})
    assert names["accuracy"] == 1.0
    assert np.isfinite(names["loss"])


def test_the_thousand_epochs_of_the_thermometer_listing_end_without_a_mistake():
    thousand_epochs_end_without_a_mistake(nnbook)


@pytest.mark.full
def test_the_thousand_epochs_end_without_a_mistake_on_keras_too():
    import keras

    thousand_epochs_end_without_a_mistake(keras)
