"""The table of deliberate differences from Keras in the API reference says what is so."""

import re
from pathlib import Path

import numpy as np
import pytest

import nnbook
from nnbook import callbacks

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 1, 0, 1, 0])


def model(engine=nnbook, loss="sparse_categorical_crossentropy", **options):
    made = engine.Sequential([engine.layers.Input((2,)), engine.layers.Dense(2, "softmax")], **options)
    made.compile(optimizer="sgd", loss=loss)
    return made


def same(a, b):
    return all((p == q).all() for p, q in zip(a.get_weights(), b.get_weights(), strict=True))


def a_seed_is_an_argument(keras, tmp_path):
    assert same(model(seed=7), model(seed=7)) and not same(model(seed=7), model(seed=8))
    nnbook.utils.set_random_seed(7)
    first = model()
    nnbook.utils.set_random_seed(7)
    assert same(first, model())
    with pytest.raises((TypeError, ValueError)):
        model(keras, seed=7)


def the_dtype_is_an_argument(keras, tmp_path):
    assert model(dtype="float64").get_weights()[0].dtype == np.float64
    with pytest.raises((TypeError, ValueError)):
        model(keras, dtype="float64")


def models_are_safetensors(keras, tmp_path):
    from safetensors.numpy import load_file

    model(seed=1).save(tmp_path / "m.safetensors")
    assert "layers/dense/W" in load_file(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="safetensors"):
        model().save(tmp_path / "m.keras")
    with pytest.raises(ValueError):
        model(keras).save(tmp_path / "n.safetensors")


def nan_is_refused(keras, tmp_path):
    holed = np.where(X == 0, np.nan, X)
    with pytest.raises(ValueError, match="NaN"):
        model().fit(holed, Y, verbose=0)
    theirs = model(keras)
    theirs.fit(holed, Y, verbose=0)
    assert np.isnan(theirs.get_weights()[0]).all()


def labels_that_do_not_fit_are_refused(keras, tmp_path):
    def yes_or_no(engine):
        made = engine.Sequential([engine.layers.Input((2,)), engine.layers.Dense(1, "sigmoid")])
        made.compile(optimizer="sgd", loss="binary_crossentropy")
        return made

    with pytest.raises(ValueError, match="labels from 0 to 1, got values from 0 to 2"):
        yes_or_no(nnbook).fit(X, Y * 2, verbose=0)
    yes_or_no(keras).fit(X, Y * 2, verbose=0)


def an_unknown_monitor_is_refused(keras, tmp_path):
    with pytest.raises(ValueError, match="val_loss"):
        model().fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping()])
    with pytest.warns(UserWarning, match="val_loss"):
        model(keras).fit(X, Y, verbose=0, callbacks=[keras.callbacks.EarlyStopping()])


def one_bar_for_the_run(keras, tmp_path, capfd):
    model().fit(X, Y, epochs=5, verbose=1)
    last = capfd.readouterr().err.split("\r")[-1]
    assert "epoch 5" in last and "5/5" in last


def the_engines_draw_other_numbers(keras, tmp_path):
    kernels = []
    for engine in (nnbook, keras, nnbook, keras):
        engine.utils.set_random_seed(3)
        kernels.append(model(engine).get_weights()[0])
    assert (kernels[0] == kernels[2]).all() and (kernels[1] == kernels[3]).all()
    assert (kernels[0] != kernels[1]).all()


DIFFERENCES = {
    "`Sequential(…, seed=7)`": a_seed_is_an_argument,
    '`Sequential(…, dtype="float64")`': the_dtype_is_an_argument,
    '`model.save("m.safetensors")`': models_are_safetensors,
    "NaN or infinity in `x` or `y` raises `ValueError`": nan_is_refused,
    "labels that do not fit the loss raise `ValueError`": labels_that_do_not_fit_are_refused,
    "a monitor that the run will not have raises `ValueError`": an_unknown_monitor_is_refused,
    "`fit` shows one progress bar for the whole run": one_bar_for_the_run,
    "the same seed gives the same bits on every run of this engine": the_engines_draw_other_numbers,
}


@pytest.mark.parametrize("row", DIFFERENCES)
def test_the_difference_is_there(row, tmp_path, capfd):
    import keras

    extra = (capfd,) if DIFFERENCES[row] is one_bar_for_the_run else ()
    DIFFERENCES[row](keras, tmp_path, *extra)


def test_the_page_lists_these_differences_and_no_others():
    page = (Path(__file__).parents[1] / "chapters" / "api.md").read_text(encoding="utf8")
    table = page.split("## Deliberate differences")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", table, re.M)
    assert rows[1:] == list(DIFFERENCES)


def test_scripts_for_both_engines_need_none_of_them():
    from listings import LISTINGS

    for source in LISTINGS.values():
        assert not re.search(r"seed=|dtype=|safetensors", source)
