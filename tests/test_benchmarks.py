"""What is timed is the same work: the textbook's loop ends where ours does."""

import numpy as np
import pytest
from tolerances import tol

from benchmarks import floor, textbook
from benchmarks.__main__ import BAR, line, one_round
from benchmarks.workloads import WORKLOADS

SMALL = {"W5 MNIST": 640, "W6 wide MNIST": 256}
STEPS = 20  # Adam turns a gradient that is all rounding into a whole step, so float32 runs part with time


def shortened(name):
    work = WORKLOADS[name]()
    rows = SMALL.get(name, len(work.x))
    epochs = min(work.epochs, -(-STEPS * work.batch_size // rows))
    return work._replace(x=work.x[:rows], y=work.y[:rows], epochs=epochs, shuffle=False)


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_textbook_loop_trains_to_the_same_weights(name):
    work = shortened(name)
    model, options = work.model(), {"batch_size": work.batch_size, "epochs": work.epochs}
    weights = model.get_weights()
    losses = textbook.train(work, weights)
    history = model.fit(work.x, work.y, shuffle=False, verbose=0, **options).history["loss"]
    np.testing.assert_allclose(losses, history, atol=tol("float32"))
    for theirs, ours in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(theirs, ours, atol=tol("float32"))


def test_the_floor_holds_three_products_for_each_layer_but_two_for_the_first():
    work = shortened("W4 digits")
    assert len(floor.products(work.sizes, 32)) == 3 * 3 - 1


def test_a_round_gives_two_ratios_and_a_line_says_whether_they_meet_the_bar():
    faster, above = one_round(shortened("W2 random labels"))
    assert faster > 1 and above > 1
    assert [name.split()[0] for name in WORKLOADS] == list(BAR)
    found = {"textbook / ours": [2, 3.5, 4], "ours / products": [4, 5, 6]}
    assert line("W2 random labels", found).count("MISSED") == 1
