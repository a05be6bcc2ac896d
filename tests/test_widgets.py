"""The Python half of the widgets: controls, atlases, figures and explorers, without a browser."""

import asyncio
import base64
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnbook.widgets import Atlas, Choose, Figure, Slide, Step, Tick, explore
from nnbook.widgets import panels as p
from nnbook.widgets.atlas import pack, unpack
from nnbook.widgets.explore import has_kernel
from nnbook.widgets.figure import said_number

XS = np.linspace(-1, 1, 30)


def wave(a, sign="plus"):
    """A small compute: a curve, a map and a number."""
    factor = {"plus": 1, "minus": -1}[sign] * a
    field = factor * XS[:, None] * XS
    return {"y": factor * XS**2, "z": field, "top": factor, "count": np.arange(3) * int(a)}


CONTROLS = (Slide("a", [1, 2, 4], 2), Choose("sign", ["plus", "minus"], "plus"))
PANELS = [
    p.plane(p.line("xs", "y", label="curve"), x="x", y="y"),
    p.plane(p.heat("z", x0=-1, x1=1, y0=-1, y1=1, levels=0)),
]
TEXT = {"name": "wave", "reading": "{a} times {sign}: {top:.2f}", "alt": "A wave."}


def waves(**more):
    """An explorer of ``wave``."""
    options = {**TEXT, **more}
    return explore([wave, lambda: {"xs": XS}], CONTROLS, options.pop("panels", PANELS), **options)


# Atlas

numbers = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 6)),
    elements=st.floats(-1e6, 1e6) | st.just(np.nan),
)


@given(numbers, st.sampled_from(["u1", "u2", "f4"]))
@settings(max_examples=80, deadline=None)
def test_what_is_stored_differs_by_no_more_than_the_stated_error_and_that_by_half_a_step(values, dtype):
    [entry], buffer, errors = pack({"v": ((), values)}, {"v": dtype})
    back = unpack(entry, buffer)
    assert (np.isnan(back) == np.isnan(values)).all()
    worst = np.nanmax(np.abs(back - values), initial=0)
    assert worst <= errors["v"]
    span = np.nanmax(values, initial=-np.inf) - np.nanmin(values, initial=np.inf)
    step = {"u1": span / 254, "u2": span / 65534, "f4": 2**-23 * np.nanmax(np.abs(values), initial=0)}[dtype]
    assert errors["v"] <= 0.5 * max(step, 0) * (1 + 1e-6) + 1e-9


@given(hnp.arrays(np.int64, (3, 5), elements=st.integers(-300, 300)))
@settings(max_examples=40, deadline=None)
def test_integers_are_exact(values):
    [entry], buffer, errors = pack({"v": ((), values)})
    assert (unpack(entry, buffer) == values).all() and errors["v"] == 0 and entry["whole"]


def test_a_logarithmic_array_keeps_small_numbers_and_has_gaps_where_nothing_is_above_zero():
    values = np.array([1e-12, 3e-7, 2.0, 0.0, np.inf])
    [entry], buffer, _ = pack({"v": ((), values)}, {"v": "log u2"})
    back = unpack(entry, buffer)
    assert np.allclose(back[:3], values[:3], rtol=3e-4) and np.isnan(back[3:]).all()


def test_an_atlas_answers_as_fresh_runs_do_within_its_stated_errors():
    atlas = Atlas(wave, CONTROLS)
    for i, a in enumerate(CONTROLS[0].values):
        for j, sign in enumerate(CONTROLS[1].values):
            for name, fresh in wave(a, sign).items():
                worst = np.abs(atlas.block(name, a=i, sign=j) - fresh).max()
                assert worst <= atlas.errors[name], name
    assert atlas.errors["y"] < 1e-3 and atlas.errors["z"] < 0.05 and atlas.errors["count"] == 0
    assert atlas.size == len(atlas.buffer)


def test_arrays_lose_the_controls_that_they_do_not_depend_on():
    def compute(a, sign):
        return {"both": wave(a, sign)["y"], "one": a * XS, "none": XS}

    axes = {entry["name"]: entry["axes"] for entry in Atlas(compute, CONTROLS).arrays}
    assert axes == {"both": ["a", "sign"], "one": ["a"], "none": []}


def test_a_function_is_called_only_over_the_controls_that_it_names():
    calls = []

    def lone(sign):
        calls.append(sign)
        return {"k": 1.0 if sign == "plus" else 2.0}

    atlas = Atlas([lone, lambda a: {"y": a * XS}], CONTROLS)
    assert calls == ["plus", "minus"]
    assert [entry["axes"] for entry in atlas.arrays] == [["sign"], ["a"]]


def test_a_compute_may_answer_many_settings_at_once():
    def batched(a, sign):
        raise AssertionError("one by one")

    batched.many = lambda settings: [wave(**setting) for setting in settings]
    assert Atlas(batched, CONTROLS).buffer == Atlas(wave, CONTROLS).buffer


def test_frames_become_an_axis_of_the_arrays_that_a_step_selects():
    controls = [*CONTROLS, Step("epoch", 4)]

    def compute(a):
        return {"w": np.arange(8.0).reshape(4, 2) * a, "loss": np.arange(4.0)}

    atlas = Atlas(compute, controls, frames={"epoch": ["w"]})
    entry = atlas.arrays[0]
    assert entry["axes"] == ["a", "epoch"] and entry["counts"] == [3, 4] and entry["shape"] == [2]
    assert np.allclose(atlas.block("w", a=2, epoch=3), [24, 28], atol=1e-3)


def test_the_buffer_is_aligned_and_the_entries_are_plain_json():
    atlas = Atlas(wave, CONTROLS)
    assert all(entry["offset"] % 4 == 0 for entry in atlas.arrays)
    assert json.loads(json.dumps(atlas.arrays, allow_nan=False)) == atlas.arrays
    assert set(atlas.arrays[0]) == {
        "name", "shape", "axes", "counts", "dtype", "low", "high", "log", "whole", "range", "offset",
    }  # fmt: skip


def test_a_recorded_table_makes_the_same_atlas():
    table = {"y": (("a",), np.stack([a * XS**2 for a in (1, 2, 4)]))}
    atlas = Atlas.of(table, CONTROLS)
    assert np.allclose(atlas.block("y", a=1), 2 * XS**2, atol=atlas.errors["y"] + 1e-12)
    shown = explore(
        None, CONTROLS, [p.plane(p.line("y", "y"))], table=table, name="t", reading="{a}", alt="t", live=False
    )
    assert shown.figure.reading_text(a=0) == "1"


def ragged(a):
    return {"y": np.zeros(a)}


def shifty(a):
    return {f"y{a}": XS}


WRONG_ATLASES = [
    (ragged, {}, "must not depend on the setting"),
    (shifty, {}, "must not depend on the setting"),
    (lambda a: XS, {}, "must return a dict of arrays, got ndarray"),
    (lambda a: {"y": ["one"]}, {}, "must hold numbers"),
    (lambda b: {"y": XS}, {}, "takes b, which is no control; known: a, sign"),
    (lambda a: {"a": XS}, {}, "'a' is the name of a control and of an array"),
    ([lambda a: {"y": XS}, lambda a: {"y": XS}], {}, "two functions return an array named 'y'"),
    ("wave", {}, "must be a function"),
    (wave, {"dtypes": {"nope": "u1"}}, "no array 'nope'"),
    (wave, {"dtypes": {"y": "u8"}}, "unknown dtype 'u8'"),
    (wave, {"frames": {"a": ["y"]}}, "'a' is no Step"),
    (wave, {"limit": 100}, "bytes, more than 100"),
]


@pytest.mark.parametrize(("compute", "options", "message"), WRONG_ATLASES)
def test_an_atlas_that_cannot_be_made_says_why(compute, options, message):
    with pytest.raises(ValueError, match=message):
        Atlas(compute, CONTROLS, **options)


def test_frames_of_another_length_are_refused():
    with pytest.raises(ValueError, match="must start with 4 frames"):
        Atlas(lambda: {"w": np.zeros((3, 2))}, [Step("epoch", 4)], frames={"epoch": ["w"]})


# Controls

WRONG_CONTROLS = [
    (lambda: Slide("a", [1, 2], 3), "default 3 is not in its values"),
    (lambda: Slide("a", [2, 1], 2), "that increase"),
    (lambda: Slide("a", [1], 1), "at least two"),
    (lambda: Slide("a b", [1, 2], 1), "plain identifier"),
    (lambda: Slide("a", [0, 1], 0, log=True), "above 0"),
    (lambda: Choose("c", ["x", "y"], "z"), "default 'z' is not in its options"),
    (lambda: Choose("c", ["x", "x"], "x"), "different words"),
    (lambda: Tick("t", 1), "True or False"),
    (lambda: Step("s", 1), "at least 2 frames"),
    (lambda: Step("s", 3, values=[1, 2]), "3 frames but 2 values"),
    (lambda: Step("s", 3, default=3), "index from 0 to 2"),
    (lambda: Atlas(wave, [*CONTROLS, Tick("a", True)]), "two controls have one name"),
    (lambda: Atlas(wave, ["a"]), "got 'a'"),
]


@pytest.mark.parametrize(("make", "message"), WRONG_CONTROLS)
def test_a_wrong_control_says_what_would_be_right(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_controls_know_their_values_words_and_defaults():
    slide = Slide("rate", [0.1, 0.2, 0.3], 0.1 + 0.2, "learning rate", fmt="{:.1f}")
    choose = Choose("loss", {"squares": np.square, "bends": np.abs}, "bends")
    step = Step("epoch", 3, values=[0, 10, 100])
    assert (slide.texts, slide.index) == (["0.1", "0.2", "0.3"], 2)
    assert choose.default is np.abs and step.texts == ["0", "10", "100"]
    assert Slide("w", [-1, 0, 1], 0).texts == ["−1", "0", "1"]


@pytest.mark.parametrize("live", [False, True])
def test_every_control_has_a_label_and_starts_at_its_default(live):
    controls = [*CONTROLS, Tick("bias", True, "use bias"), Slide("r", [0.01, 0.1, 1.0], 0.1, log=True)]
    for control in controls:
        _, source = control.widget(live)
        assert source.description == control.label
        assert (
            control.read(source) == pytest.approx(control.default) if control.name == "r" else control.default
        )
        assert control.said(source) == control.texts[control.index]


@pytest.mark.parametrize("default", [0.01, 0.18, 1.0])
def test_a_logarithmic_slider_does_not_move_its_default_to_a_grid_of_its_own(default):
    slide = Slide("r", [0.01, 0.05, 0.18, 0.3, 1.0], default, log=True)
    _, shown = slide.widget(live=True)
    places = (np.log10(default) - shown.min) / shown.step
    assert places == pytest.approx(round(places), abs=1e-9)
    assert 100 <= (shown.max - shown.min) / shown.step <= 400
    assert slide.said(SimpleNamespace(value=0.180358)) == "0.18"


# Figures: what does not fit is refused before anything is shown

line, plane = p.line("xs", "y"), p.plane


def small_graph(names, edges):
    return p.graph([{"id": i} for i in names], edges, *["count"] * 3, active="top", seen="count")


WRONG_PANELS = [
    ([plane(p.line("xs", "nope"))], "no array named 'nope'; known: count, top, xs, y, z"),
    ([plane(p.line("xs", "z", label=["a", "b"]))], "30 series but 2 labels"),
    ([plane(p.histogram("xs", "y"))], "30 counts need 31 edges, got 30"),
    ([plane(p.gradient("count", "xs", "y"))], "ends must be x0, y0, x1, y1"),
    ([plane(p.line("count", "y"))], "must be equally long: x 'count' has 3, y 'y' has 30"),
    ([plane(p.heat("y", x0=0, x1=1, y0=0, y1=1))], "'y' must have 2 dimensions, got the shape"),
    ([plane(p.heat("z", x0="y", x1=1, y0=0, y1=1))], "x0: 'y' must have 0 dimensions"),
    ([plane(p.line("xs", "y", upto="a"))], "upto must be the name of a Step, got 'a'"),
    ([plane({"kind": "lien", "x": "xs", "y": "y"})], "unknown kind 'lien'; known: line"),
    ([{"kind": "pie"}], "unknown kind 'pie'"),
    ([plane({"kind": "line", "x": "xs"})], "needs y"),
    ([plane(line, x=p.axis("x", low="y"))], "x.low: 'y' must have 0 dimensions"),
    ([plane(line, when={"b": [0]})], "when names no control 'b'"),
    ([plane(line, when={"sign": [2]})], "sign has indices 0 to 1"),
    ([p.bars("count", ["one"])], "3 values but 1 names"),
    ([p.matrix("z", rows=["one"])], "30 rows but 1 names"),
    (
        [p.table([p.column("one", "y"), p.column("two", "count")])],
        "equally long columns, got {'one': 30, 'two': 3}",
    ),
    ([p.table(["one"])], "make its columns by column"),
    ([p.table([p.column("one", "y")], rows=["a"])], "30 rows but 1 names"),
    ([p.network([30, 20], ["z"])], "need weights of shapes"),
    ([small_graph("a", [])], r"forward must have the shape \(1,\), got \(3,\)"),
    ([small_graph("abc", ["ad"])], "no node 'd'"),
    ([small_graph("abc", ["ab"])], r"slopes must have the shape \(1,\), got \(3,\)"),
    ([], "at least one panel"),
]


@pytest.mark.parametrize(("panels", "message"), WRONG_PANELS)
@pytest.mark.parametrize("live", [False, True])
def test_a_specification_that_does_not_fit_says_where(panels, message, live):
    with pytest.raises(ValueError, match=message):
        waves(panels=panels, live=live)


WRONG_TEXTS = [
    ({"reading": "{nope}"}, "names 'nope'"),
    ({"reading": "{y:.2f}"}, "names 'y'"),
    ({"reading": "{y[99]}"}, "an index below 30"),
    ({"reading": "{top:9}"}, "a reading holds"),
    ({"reading": "{top"}, "a reading holds"),
    ({"says": {"nope": ["a"]}}, "says: no array named 'nope'"),
    ({"says": {"top": ["{nope}"]}}, "names 'nope'"),
    ({"alt": " "}, "text alternative"),
    ({"name": "two words"}, "plain word"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_TEXTS)
def test_texts_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        waves(live=False, **options)


def test_an_explorer_needs_either_a_function_or_a_table():
    with pytest.raises(ValueError, match="either compute or a table"):
        explore(None, CONTROLS, PANELS, **TEXT)


SAID = [
    (0.12345, None, "0.1235"), (-2, None, "−2"), (1234567.0, None, "1.235e6"),
    (-0.0000123, None, "−1.230e−5"),
    (np.nan, ".2f", "–"), (-np.inf, None, "−∞"), (0.5, "%", "50.000000%"), (0.123, ".1%", "12.3%"),
    (-1e-9, ".2f", "0.00"), (3.0, "d", "3"), (2.5, "+.1f", "+2.5"), (0.00001234, ".3g", "1.23e−05"),
    (1500.0, ".2e", "1.50e+03"), (123456.0, ".3g", "1.23e+05"), (0.5, ".3g", "0.5"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "how", "text"), SAID)
def test_numbers_are_said_plainly(value, how, text):
    assert said_number(value, how) == text


def test_a_reading_fills_in_controls_numbers_entries_and_sentences():
    explorer = explore(
        [wave, lambda a: {"verdict": int(a > 2)}], CONTROLS, [p.plane(p.line("y", "y"))], live=False,
        name="w", alt="w", reading="{a}, {sign}, {top:.1f}, {y[0]:.2f}, {count[a]}: {verdict}",
        says={"verdict": ["small", "large, {top:.0f}"]},
    )  # fmt: skip
    assert explorer.figure.reading_text() == "2, plus, 2.0, 2.00, 2: small"
    assert explorer.figure.reading_text(a=2, sign=1) == "4, minus, −4.0, −4.00, 8: large, −4"


# Explorers


def test_the_environment_of_the_build_decides_between_atlas_and_kernel(monkeypatch):
    monkeypatch.delenv("NNBOOK_BOOK", raising=False)
    assert has_kernel() and waves().atlas is None
    monkeypatch.setenv("NNBOOK_BOOK", "1")
    assert not has_kernel() and waves().atlas is not None


def links(explorer):
    """Return (source widget, its trait, figure's trait) of the links of an explorer's controls."""
    from ipywidgets.widgets.widget import _instances
    from ipywidgets.widgets.widget_link import Link

    found = [w for w in _instances.values() if isinstance(w, Link) and w.target[0] is explorer.figure]
    return [(*link.source, link.target[1]) for link in found]


def test_both_sides_of_every_link_start_equal():
    step = Step("epoch", 5, default=2, values=list("abcde"))
    controls = [*CONTROLS, Tick("bias", True), step, Step("plain", 3, default=1)]
    explorer = explore(
        lambda a, sign, bias: {"y": XS * a, "w": np.zeros(5)}, controls, [p.plane(p.line("y", "y"))],
        frames={"epoch": ["w"]}, name="l", reading="{epoch}", alt="l", live=False,
    )  # fmt: skip
    found = links(explorer)
    targets = {target for _, _, target in found}
    assert targets == {"at_a", "at_sign", "at_bias", "at_epoch", "at_plain", "playing"}
    for source, trait, target in found:
        assert getattr(source, trait) == getattr(explorer.figure, target), target
    assert explorer.figure.reading_text() == "c"


def test_with_a_kernel_any_value_is_computed_exactly():
    explorer = waves(live=True)
    explorer.controls["a"].value = 3
    explorer.controls["sign"].index = 1
    figure = explorer.figure
    assert figure.values == {"a": "3", "sign": "minus"} and figure.reading_text() == "3 times minus: −3.00"
    [entry] = [e for e in figure.arrays if e["name"] == "y"]
    assert entry["dtype"] == "f4" and np.allclose(unpack(entry, figure.buffer), -3 * XS**2)


async def settle(explorer):
    """Wait until an explorer has answered."""
    while explorer._task is not None and not explorer._task.done():
        await asyncio.sleep(0.01)


@pytest.mark.alone
def test_moves_are_gathered_the_latest_wins_and_the_loop_is_never_blocked():
    calls, busy, waits = [], [], []

    def slow(a):
        calls.append(a)
        time.sleep(0.15 * (len(calls) > 1))
        return {"y": a * XS}

    async def drag():
        explorer = explore(
            slow,
            [Slide("a", [0.0, 1.0], 0.0)],
            [p.plane(p.line("y", "y"))],
            name="s",
            reading="{a}",
            alt="s",
            live=True,
        )
        explorer.figure.observe(lambda change: busy.append(change.new), "busy")
        for k in range(1, 21):
            explorer.controls["a"].value = k / 20
            start = time.perf_counter()
            await asyncio.sleep(0.01)
            waits.append(time.perf_counter() - start)
        await settle(explorer)
        return explorer

    explorer = asyncio.run(drag())
    assert 2 <= len(calls) <= 6 and calls[-1] == 1.0
    assert explorer.figure.reading_text() == "1"
    assert busy[0] is True and explorer.figure.busy is False
    assert max(waits) < 0.12


@pytest.mark.parametrize("with_loop", [False, True])
def test_a_mistake_in_compute_is_said_in_the_figure_and_leaves_with_the_next_good_value(with_loop):
    def touchy(a):
        if a == 2:
            raise RuntimeError("two is too much")
        return {"y": a * XS if a != 3 else XS[:5]}

    async def move(explorer, value):
        explorer.controls["a"].value = value
        await settle(explorer)
        return explorer.figure.error

    async def moves():
        explorer = explore(
            [touchy, lambda: {"xs": XS}], [Slide("a", [1, 2, 3, 4], 1)], [p.plane(p.line("xs", "y"))],
            name="t", reading="{a}", alt="t", live=True,
        )  # fmt: skip
        errors = []
        for value in (2, 3, 4):
            if with_loop:
                errors.append(await move(explorer, value))
            else:
                await asyncio.to_thread(setattr, explorer.controls["a"], "value", value)
                errors.append(explorer.figure.error)
        return errors, explorer

    errors, explorer = asyncio.run(moves())
    assert errors[0] == "RuntimeError: two is too much" and "equally long" in errors[1] and errors[2] == ""
    assert explorer.figure.reading_text() == "4"


def test_only_the_functions_whose_own_values_changed_are_called_again():
    calls = []

    def first(a):
        calls.append("first")
        return {"y": a * XS}

    def second(sign):
        calls.append("second")
        return {"k": 0.0}

    explorer = explore(
        [first, second], CONTROLS, [p.plane(p.line("y", "y"))], **TEXT | {"reading": ""}, live=True
    )
    explorer.controls["a"].value = 3
    assert calls == ["first", "second", "first"]


# Still pictures

lines = p.line("x", "rows", label=["a", "b"])
unit = {"x0": 0, "x1": 1, "y0": 0, "y1": 1}
sides = {"x": p.axis("x", low=-1, high=1), "y": p.axis("y", low=-1, high=1)}
nodes = [{"id": i, "label": i, "x": k / 3, "y": 0.5} for k, i in enumerate("abcd")]
KINDS = {
    "lines": plane(p.line("x", "y", label="one"), lines, y=p.axis("loss", log=True)),
    "rules": plane(p.hline(1), p.vline("k"), p.arrow(0, 0, "k", 1, label="here"), lines),
    "points": plane(p.points("x", "y", group="g", labels=["cat", "dog"]), p.path("x", "y"), equal=True),
    "heat": plane(p.heat("z", **unit, ramp="classes", levels=[0.2, 0.5])),
    "classes": plane(p.heat("codes", **unit, ramp="classes")),
    "gradient": plane(p.gradient("ends", "x", "y2"), **sides),
    "histogram": plane(p.histogram("edges", "x", label="h")),
    "bars": p.bars("x", list("abcd"), x="n"),
    "table": p.table([p.column("x", "x"), p.column("g", "g", wrong="g")], rows=list("efgh")),
    "matrix": p.matrix("z", digits=1, ramp="signed"),
    "confusion": p.matrix("codes", digits=0, ramp="confusion", rows=list("abcd"), columns=list("abcd")),
    "network": p.network([4, 4, 4], ["z", "wrong"], biases=["x", "y"], names=["in", "h", "out"]),
    "graph": p.graph(nodes, ["ab", "bc"], "x", "y", "two", active="k", seen="full"),
}
rng = np.random.default_rng(0)
ARRAYS = {
    "x": np.array([0.1, 0.4, 0.6, 0.9]),
    "y": np.array([1, np.nan, 2, 3.0]),
    "y2": np.arange(1.0, 5),
    "k": 1.0,
    "two": np.array([0.5, -0.5]),
    "full": np.full(4, 2),
    "rows": rng.random((2, 4)) + 1,
    "g": np.array([0, 1, 0, 1]),
    "z": rng.random((4, 4)),
    "ends": np.array([-1.0, 0, 1, 0.5]),
    "codes": np.arange(16).reshape(4, 4) % 3,
    "edges": np.arange(5.0),
    "wrong": np.where(np.eye(4), np.nan, 1.0),
}


def gallery(panels, **more):
    """A figure with all arrays that the gallery's panels name."""
    figure = Figure(name="gallery", panels=panels, alt="Gallery.", **more)
    figure.show(ARRAYS)
    return figure


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_panel_has_a_still_picture(kind):
    from nnbook.widgets.still import picture

    data = base64.b64decode(picture(gallery([KINDS[kind]])))
    assert data.startswith(b"\x89PNG") and 3_000 < len(data) < 120_000


def test_an_explorer_shows_as_widget_and_as_picture_with_its_alternative_text():
    data, metadata = waves(live=False)._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    assert metadata["image/png"]["alt"] == data["text/plain"] == "A wave."


def test_importing_the_widgets_leaves_matplotlib_and_the_core_leaves_the_widgets():
    code = "import {}, sys; print('matplotlib' in sys.modules, 'ipywidgets' in sys.modules)"
    for module, wanted in (("nnbook.widgets", "False True"), ("nnbook", "False False")):
        run = subprocess.run([sys.executable, "-c", code.format(module)], capture_output=True, text=True)
        assert run.stdout.strip() == wanted, run.stderr
