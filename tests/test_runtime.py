"""The static widget runtime in a browser, and what the Sphinx extension does with widgets."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import anywidget
import ipywidgets as w
import pytest
import traitlets as t
from axe import violations
from ipywidgets import embed
from test_extension import notebook

from nnbook.book import environment, widgets

RUNTIME = widgets.STATIC / "widgets.js"
THEME = """
:root { --pst-color-text-base: #1c2128; --pst-color-text-muted: #515a66; --pst-color-background: #fff;
  --pst-color-primary: #005f94; --pst-color-surface: #f9fafb; }
[data-theme=dark] { --pst-color-text-base: #ced6dd; --pst-color-text-muted: #a9b4c0;
  --pst-color-background: #14181e; --pst-color-primary: #6cc3f5; --pst-color-surface: #29313d; }
body { background: var(--pst-color-background); color: var(--pst-color-text-base); font: 16px sans-serif; }
"""

# What a module gets and does is written where the tests can read it.
ESM = """
window.log = window.log || [];
export default {
  initialize({ model, signal }) {
    log.push("initialize " + model.get("name"));
    signal.addEventListener("abort", () => log.push("aborted"));
    return () => log.push("model left");
  },
  render({ model, el }) {
    const draw = () => { el.textContent = `a=${Number(model.get("at_a"))} b=${Number(model.get("at_b"))}`; };
    const data = model.get("data"), inner = model.get("nested").list[1];
    el.className = "toy";
    const bytes = [data.getUint16(1, true), inner.getUint8(0), inner.byteLength];
    el.title = [data instanceof DataView, ...bytes].join();
    model.on("change:at_a change:at_b", draw);
    draw();
    window.toy = model;
    log.push("render");
    return () => log.push("view left");
  },
};
"""


class Toy(anywidget.AnyWidget):
    """A figure that writes the positions of its controls."""

    _esm = ESM
    _css = ".toy { padding-left: 7px; }"
    name = t.Unicode("toy").tag(sync=True)
    alt = t.Unicode("").tag(sync=True)
    at_a = t.Int(0).tag(sync=True)
    at_b = t.Int(0).tag(sync=True)
    data = t.Bytes(b"\x00\x34\x12").tag(sync=True)
    nested = t.Dict({"list": [1, b"\x05\x06"]}).tag(sync=True)


def page_of(path: Path, *views, title="Widgets", before="") -> str:
    """Write a page that holds the widgets the way MyST-NB does, and return its address."""
    state = embed.embed_data(
        views=views, drop_defaults=False, state=embed.dependency_state(views, drop_defaults=False)
    )
    mime = "application/vnd.jupyter.widget-"
    shown = "".join(
        f'<p>Text.</p><div><script type="{mime}view+json">{json.dumps(spec)}</script>'
        f'<div class="nn-still"><p>The picture of it</p></div></div>'
        for spec in state["view_specs"]
    )
    manager = json.dumps(state["manager_state"]).replace("<", "\\u003c")
    path.write_text(
        f'<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{THEME}</style>{before}'
        f'<link rel="stylesheet" href="{(widgets.STATIC / "widgets.css").as_uri()}">'
        f'<script type="{mime}state+json">{manager}</script><script src="{RUNTIME.as_uri()}"></script>'
        f'<body><main><h1>{title}</h1>{shown}<h2 id="end" style="margin-top:150vh">End</h2></main></html>',
        encoding="utf-8",
    )
    return path.as_uri()


@pytest.fixture
def show(tmp_path, page):
    """A function that opens a page of widgets; errors of the page are listed in ``page.errors``."""
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)

    def show(*views, fragment="", **options):
        page.goto(page_of(tmp_path / "page.html", *views, **options) + fragment)
        return page

    return show


def joined(control, key, **options):
    """Return a control joined to a figure, and both in one box."""
    figure = Toy(**options)
    w.jslink((control, key), (figure, "at_a"))
    return w.VBox([control, figure])


def text(page) -> str:
    """What the first figure shows."""
    return page.locator(".toy").first.inner_text()


# Controls

LABELS = ["none", "some", "all of it"]


def choice(kind, **options):
    return kind(options=LABELS, index=1, description="How much", **options)


CHOICES = {kind.__name__: kind for kind in (w.SelectionSlider, w.Dropdown, w.ToggleButtons)}


@pytest.mark.parametrize("kind", CHOICES.values(), ids=CHOICES)
def test_a_choice_is_named_shows_its_index_and_moves_by_keyboard(show, kind):
    page = show(joined(choice(kind), "index", at_a=1))
    role = {"SelectionSlider": "slider", "Dropdown": "combobox", "ToggleButtons": "radio"}[kind.__name__]
    if role == "radio":
        control = page.get_by_role("group", name="How much").get_by_role("radio", name="some", exact=True)
        assert control.is_checked()
    else:
        control = page.get_by_role(role, name="How much", exact=True)
    assert text(page) == "a=1 b=0"
    control.focus()
    page.keyboard.press("ArrowDown" if role == "combobox" else "ArrowRight")
    assert text(page) == "a=2 b=0"
    page.keyboard.press("Home" if role != "radio" else "ArrowRight")
    assert text(page) == "a=0 b=0"
    assert not page.errors


def test_a_slider_moves_by_pointer_and_says_the_text_of_its_value(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    slider = page.get_by_role("slider")
    assert (slider.get_attribute("aria-valuetext"), page.locator("output").inner_text()) == ("some", "some")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert text(page) == "a=2 b=0"
    assert slider.get_attribute("aria-valuetext") == page.locator("output").inner_text() == "all of it"


def test_radio_buttons_a_list_and_a_tick_answer_the_pointer(show):
    controls = choice(w.ToggleButtons), choice(w.Dropdown), w.Checkbox(False, description="Shuffle")
    page = show(joined(controls[0], "index"), joined(controls[1], "index"), joined(controls[2], "value"))
    page.get_by_text("all of it", exact=True).first.click()
    page.get_by_role("combobox").select_option("none")
    page.get_by_text("Shuffle").click()
    assert page.locator(".toy").all_inner_texts() == ["a=2 b=0", "a=0 b=0", "a=1 b=0"]
    page.get_by_role("checkbox", name="Shuffle").focus()
    page.keyboard.press("Space")
    assert page.locator(".toy").last.inner_text() == "a=0 b=0"


@pytest.mark.parametrize("kind", [w.Dropdown, w.ToggleButtons])
def test_a_choice_may_have_nothing_chosen(show, kind):
    page = show(kind(options=["p", "q"], index=None, value=None, description="Which"))
    if kind is w.Dropdown:
        assert page.get_by_role("combobox").evaluate("one => one.selectedIndex") == -1
    else:
        assert page.locator("input:checked").count() == 0


NUMBERS = {
    "whole": (w.IntSlider(3, min=-2, max=8, step=5, description="n"), "3", "8"),
    "two digits": (w.FloatSlider(0.5, min=0, max=1, step=0.25, description="n"), "0.50", "0.75"),
    "four digits": (
        w.FloatSlider(0, min=0, max=1, step=0.1, readout_format=".4f", description="n"),
        "0.0000",
        "0.1000",
    ),
    "as it is": (
        w.FloatSlider(0.25, min=0, max=1, step=0.25, readout_format=".3g", description="n"),
        "0.25",
        "0.5",
    ),
}


@pytest.mark.parametrize("slider, before, after", NUMBERS.values(), ids=NUMBERS)
def test_a_slider_of_numbers_keeps_its_limits_its_step_and_its_format(show, slider, before, after):
    page = show(slider)
    output = page.locator("output")
    assert output.inner_text() == before
    page.get_by_role("slider", name="n").press("ArrowRight")
    assert output.inner_text() == after
    page.get_by_role("slider").press("End")
    page.get_by_role("slider").press("ArrowRight")
    assert float(output.inner_text()) == slider.max


def test_disabled_controls_do_not_answer_and_hidden_readouts_are_hidden(show):
    kinds = [choice(kind, disabled=True) for kind in CHOICES.values()]
    page = show(
        *kinds, w.Checkbox(disabled=True, description="c"), w.Play(disabled=True), w.IntSlider(readout=False)
    )
    assert (
        page.locator("input:enabled, select:enabled, button:enabled").count() == 1
    )  # the slider without a readout
    assert not page.locator("output").last.is_visible()


def test_labels_and_html_are_words_and_never_markup(show):
    evil = '<b>bold</b> &amp; <img src=x onerror="window.hit = 1"><script>window.hit = 1</script>'
    page = show(
        w.Label(evil),
        w.HTML(evil),
        w.Checkbox(description=evil),
        w.Dropdown(options=[evil], description=evil),
    )
    assert page.locator(".nn-text").first.inner_text() == evil
    assert page.locator(".nn-text").last.inner_text().startswith("bold &")
    assert page.evaluate("window.hit") is None
    assert page.locator("main :is(b, img)").count() == 0


def test_boxes_hold_their_children_in_order_and_layouts_hide_and_size_them(show):
    row = w.HBox([w.Label(name) for name in "xyz"])
    page = show(
        w.VBox([row, w.Label("below", layout=w.Layout(width="123px"))], layout=w.Layout(visibility="visible"))
    )
    boxes = [page.get_by_text(name, exact=True).bounding_box() for name in ("x", "y", "z", "below")]
    assert boxes[0]["y"] == boxes[1]["y"] == boxes[2]["y"] < boxes[3]["y"]
    assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
    assert boxes[3]["width"] == 123
    page = show(
        w.Label("gone", layout=w.Layout(display="none")),
        w.Label("kept", layout=w.Layout(visibility="hidden")),
    )
    assert [one.bounding_box() is None for one in page.locator(".nn-text").all()] == [True, False]
    assert not page.get_by_text("kept").is_visible()


def test_classes_that_a_notebook_adds_are_kept(show):
    label = w.Label("x")
    label.add_class("mine")
    assert show(label).locator(".nn-text.mine").count() == 1


# Play


def ticking(top=3, **options):
    play = w.Play(min=0, max=top, interval=50, description="epoch", **options)
    slider = w.IntSlider(min=0, max=top, description="epoch")
    w.jslink((play, "value"), (slider, "value"))
    box = joined(slider, "value")
    return w.VBox([play, box])


WATCH = "window.seen = []; toy.on('change:at_a', () => seen.push([toy.get('at_a'), performance.now()]))"


def test_play_waits_to_be_pressed_then_plays_to_the_end_and_stops(show):
    page = show(ticking(playing=True))
    page.wait_for_timeout(150)
    assert text(page) == "a=0 b=0"
    page.evaluate(WATCH)
    button = page.get_by_role("button", name="Play epoch", exact=True)
    button.press("Enter")
    page.wait_for_function("seen.map(([value]) => value).join() === '1,2,3'")
    button.wait_for()
    page.wait_for_timeout(150)
    assert text(page) == "a=3 b=0" and page.get_by_role("slider").input_value() == "3"
    button.click()
    page.wait_for_function("seen.map(([value]) => value).join() === '1,2,3,0,1,2,3'")


def test_play_pauses_where_it_is(show):
    page = show(ticking(top=9999))
    page.get_by_role("button", name="Play epoch", exact=True).click()
    page.wait_for_function("document.querySelector('.toy').innerText !== 'a=0 b=0'")
    page.get_by_role("button", name="Pause epoch", exact=True).click()
    stopped = text(page)
    page.wait_for_timeout(200)
    assert text(page) == stopped != "a=0 b=0"


def test_play_repeats_when_told_so_and_keeps_its_interval(show):
    page = show(ticking(repeat=True))
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play epoch").click()
    page.wait_for_function("seen.length >= 6")
    seen = page.evaluate("seen")
    assert [value for value, _ in seen[:6]] == [1, 2, 3, 0, 1, 2]
    assert 45 <= (seen[5][1] - seen[0][1]) / 5 < 250


# Links


def linked(kind):
    one, other = w.IntSlider(3, description="one"), w.IntSlider(7, description="other")
    link = kind((one, "value"), (other, "value"))
    return w.VBox([one, other]), link


@pytest.mark.parametrize("kind, back", [(w.jslink, True), (w.jsdlink, False)])
def test_a_link_pushes_at_the_start_and_a_two_way_link_answers(show, kind, back):
    box, _ = linked(kind)
    page = show(box)
    one, other = page.get_by_role("slider").all()
    assert one.input_value() == other.input_value() == "3"
    one.press("ArrowRight")
    assert other.input_value() == "4"
    other.press("ArrowRight")
    assert (other.input_value(), one.input_value()) == ("5", "5" if back else "4")


# Anywidgets


def test_a_module_gets_its_bytes_its_styles_and_its_model(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    toy = page.locator(".toy")
    toy.wait_for()
    assert toy.get_attribute("title") == "true,4660,5,2"
    assert toy.evaluate("one => getComputedStyle(one).paddingLeft") == "7px"
    assert page.evaluate("log") == ["initialize toy", "render"]
    assert not page.get_by_text("The picture of it").is_visible()
    assert not page.errors


def test_several_views_of_one_model_share_it_and_are_initialised_once(show):
    box = joined(choice(w.SelectionSlider), "index", at_a=1)
    page = show(box, box.children[1], box.children[0])
    page.wait_for_function("document.querySelectorAll('.toy').length === 2")
    assert page.evaluate("log") == ["initialize toy", "render", "render"]
    page.get_by_role("slider").last.press("ArrowRight")
    assert page.locator(".toy").all_inner_texts() == ["a=2 b=0"] * 2
    assert page.get_by_role("slider").first.input_value() == "2"
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_a_figure_that_sets_its_own_trait_moves_the_control(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    page.wait_for_function("window.toy")
    page.evaluate("toy.set('at_a', 2); toy.save_changes(); toy.send({})")
    assert page.get_by_role("slider").input_value() == "2"


def test_listeners_hear_changes_until_they_are_taken_off(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    page.wait_for_function("window.toy")
    page.evaluate(
        """() => {
        window.heard = [];
        const one = () => heard.push("one"), any = () => heard.push("any");
        const custom = () => heard.push("custom");
        toy.on("change:at_b", one); toy.on("change", any); toy.on("msg:custom", custom);
        toy.set("at_b", 1); toy.set("at_b", 1);
        toy.off("change:at_b", one); toy.set("at_b", 2);
        toy.off("change"); toy.set("at_b", 3);
        toy.off(); toy.set("at_a", 0);
    }"""
    )
    assert page.evaluate("heard") == ["one", "any", "any"]
    assert page.get_by_role("slider").input_value() == "0", "the runtime's own links stay"
    assert text(page) == "a=1 b=3", "the view's listeners were taken off, too"


def test_leaving_the_page_cleans_up_and_coming_back_does_not(show):
    page = show(Toy())
    page.wait_for_function("window.log && log.length === 2")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert page.evaluate("log.length") == 2
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))")
    assert page.evaluate("log.slice(2).sort()") == ["aborted", "model left", "view left"]


MODULES = {
    "an object": "export default { render({ el }) { el.textContent = 'drawn'; } }",
    "a function": "export default () => ({ render({ el }) { el.textContent = 'drawn'; } })",
    "an async function": "export default async () => ({ render({ el }) { el.textContent = 'drawn'; } })",
    "the older form": "export function render({ el }) { el.textContent = 'drawn'; }",
}


@pytest.mark.parametrize("esm", MODULES.values(), ids=MODULES)
def test_a_module_may_be(show, esm):
    page = show(anywidget.AnyWidget(_esm=esm))
    page.get_by_text("drawn", exact=True).wait_for()
    assert not page.errors


BROKEN = {
    "wrong syntax": "export default {",
    "an error while it loads": "throw Error('<b>no</b>')",
    "an error in render": "export default { render() { throw Error('<b>no</b>'); } }",
    "an error in initialize": "export default { initialize() { throw Error('<b>no</b>'); }, render() {} }",
}


@pytest.mark.parametrize("esm", BROKEN.values(), ids=BROKEN)
def test_a_module_that_fails_says_so_keeps_its_picture_and_harms_no_other(show, esm):
    page = show(anywidget.AnyWidget(_esm=esm), joined(choice(w.SelectionSlider), "index", at_a=1))
    message = page.get_by_role("alert")
    message.wait_for()
    assert "This figure failed" in message.inner_text()
    assert message.locator("b").count() == 0
    assert page.get_by_text("The picture of it").first.is_visible()
    page.get_by_role("slider").press("ArrowRight")
    assert text(page) == "a=2 b=0"


def test_a_listener_that_fails_says_so_and_the_others_still_hear(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    page.wait_for_function("window.toy")
    page.evaluate("toy.on('change:at_a', () => { throw Error('bad day'); })")
    page.evaluate("toy.on('change:at_a', () => { window.ok = 1; })")
    page.get_by_role("slider").press("ArrowRight")
    assert "bad day" in page.get_by_role("alert").inner_text()
    assert page.evaluate("ok") == 1 and text(page) == "a=2 b=0"


def test_a_browser_without_module_import_gets_a_message_and_the_picture(show):
    page = show(
        Toy(), before="<script>Function = () => { throw SyntaxError('unexpected import'); };</script>"
    )
    message = page.get_by_role("alert")
    message.wait_for()
    assert "Browsers from before 2020 cannot draw it" in message.inner_text()
    assert page.get_by_text("The picture of it").is_visible()


def test_a_model_that_the_runtime_does_not_know_is_named_in_its_place(show):
    page = show(w.VBox([w.Text("x"), w.Label("still here")]))
    assert "cannot show" in page.locator(".nn-message").inner_text()
    assert page.get_by_text("still here").is_visible()


def test_without_scripts_the_picture_is_there(browser, tmp_path):
    address = page_of(tmp_path / "page.html", Toy())
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        assert page.get_by_text("The picture of it").is_visible()


def test_paper_gets_the_picture_until_the_reader_has_set_something(show):
    page = show(joined(choice(w.SelectionSlider), "index", at_a=1))
    page.locator(".nn-live").wait_for(state="attached")
    page.emulate_media(media="print")
    assert page.get_by_text("The picture of it").is_visible() and not page.locator(".toy").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_function("location.hash")
    page.emulate_media(media="print")
    assert page.locator(".toy").is_visible() and not page.get_by_text("The picture of it").is_visible()


# The address


def addressed(name="toy", **options):
    """A figure with a slider of three positions and a tick."""
    figure = Toy(name=name, at_a=1, **options)
    slider, tick = choice(w.SelectionSlider), w.Checkbox(False, description="Tick")
    w.jslink((slider, "index"), (figure, "at_a"))
    w.jslink((tick, "value"), (figure, "at_b"))
    return w.VBox([w.HBox([slider, tick]), figure])


def test_moves_are_written_into_the_address_and_read_from_it(show):
    page = show(addressed())
    page.wait_for_function("window.toy")
    assert page.evaluate("location.hash") == ""
    page.get_by_role("slider").press("ArrowRight")
    page.get_by_role("checkbox").click()
    page.wait_for_function("location.hash === '#toy?a=2&b=1'")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function("document.querySelector('.toy').innerText === 'a=2 b=1'")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "all of it"
    assert page.get_by_role("checkbox").is_checked()
    assert page.locator(".nn-message").count() == 0
    assert page.locator(".nn-view").bounding_box()["y"] < 100, "the figure is in sight"


def test_the_addresses_of_several_figures_stand_side_by_side(show):
    page = show(addressed("one"), addressed("two"))
    page.wait_for_function("document.querySelectorAll('.toy').length === 2")
    for slider in page.get_by_role("slider").all():
        slider.press("ArrowRight")
    page.wait_for_function("location.hash === '#two?a=2&b=0;one?a=2&b=0'")
    page.reload()
    page.wait_for_function("document.querySelectorAll('.toy').length === 2")
    assert page.locator(".toy").all_inner_texts() == ["a=2 b=0"] * 2


def test_a_changed_address_is_heeded_and_resets_what_it_does_not_name(show):
    page = show(addressed(), fragment="#toy?a=2&b=1")
    page.wait_for_function("document.querySelector('.toy').innerText === 'a=2 b=1'")
    page.evaluate("location.hash = '#toy?a=0'")
    page.wait_for_function("document.querySelector('.toy').innerText === 'a=0 b=0'")
    page.go_back()
    page.wait_for_function("document.querySelector('.toy').innerText === 'a=2 b=1'")


def test_ordinary_anchors_work_and_leave_the_figures_alone(show):
    page = show(addressed(), fragment="#end")
    page.wait_for_function("scrollY > 100 && window.toy")
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_function("location.hash === '#toy?a=2&b=0'")
    page.evaluate("location.hash = '#end'")
    page.wait_for_function("scrollY > 100")
    assert text(page) == "a=2 b=0" and page.locator(".nn-message").count() == 0


def test_many_moves_are_one_change_of_the_address_and_add_no_history(show):
    page = show(addressed())
    page.wait_for_function("window.toy")
    entries = page.evaluate("history.length")
    page.evaluate(
        """() => {
            window.writes = 0;
            const old = history.replaceState.bind(history);
            history.replaceState = (...all) => { writes++; old(...all); };
        }"""
    )
    for _ in range(20):
        page.get_by_role("checkbox").press("Space")
    page.wait_for_function("location.hash")
    assert page.evaluate("[history.length, writes < 8]") == [entries, True]


HOSTILE = [
    "toy?a=<script>hit=1</script>",
    "toy?a=%3Cscript%3Ehit=1%3C/script%3E",
    "toy?<img src=x onerror=hit=1>=1",
    "<svg onload=hit=1>?a=1",
    "toy?a=3",
    "toy?a=-1",
    "toy?a=-0.5",
    "toy?a=1.5",
    "toy?a=1e0",
    "toy?a=0x1",
    "toy?a=+1",
    "toy?a= 1",
    "toy?a=",
    "toy?a",
    "toy?",
    "?",
    "??",
    "toy?a=NaN",
    "toy?a=Infinity",
    "toy?a=null",
    "toy?a=true",
    "toy?b=2",
    "toy?b=-1",
    "toy?a=99999999999999999999999999",
    "toy?a=" + "9" * 5000,
    "toy?c=1",
    "toy?at_a=1",
    "toy?name=1",
    "toy?_esm=1",
    "toy?__proto__=1",
    "toy?constructor=1",
    "toy?toString=1",
    "__proto__?a=1",
    "constructor?a=1",
    "hasOwnProperty?a=1",
    "nobody?a=1",
    "toy?a=1=2",
    "toy?a=2&a=9",
    "toy?a[]=2",
    "toy?a=2%",
    "toy?%61=2",
    "toy?a=%32",
    "toy?a=２",
    "toy?a=1\u0000",
    "javascript:hit=1?a=1",
    ";;;?",
    "toy?" + "&".join(f"x{k}=1" for k in range(300)),
]


def test_hostile_addresses_do_nothing_and_are_told_as_text(show):
    page = show(addressed())
    page.wait_for_function("window.toy")
    for address in HOSTILE:
        page.evaluate("location.hash = '#end'")
        page.evaluate("address => { location.hash = address; }", "#" + address)
        page.locator(".nn-message").wait_for()
        shown = "a=2 b=0" if address == "toy?a=2&a=9" else "a=1 b=0"
        assert text(page) == shown, address
        assert "not here" in page.locator(".nn-message").inner_text(), address
        assert len(page.locator(".nn-message").inner_text()) < 300, address
        assert page.evaluate("[window.hit, {}.a]") == [None, None], address
        assert not page.locator("main :is(img, svg, script[src])").count(), address
        page.evaluate("location.hash = '#toy?a=1'")
        page.locator(".nn-message").wait_for(state="detached")
    assert not page.errors


def test_a_hostile_address_at_opening_does_nothing_either(show):
    page = show(addressed(), fragment="#toy?a=7&b=1&<b>x</b>=1;nobody?z=1")
    page.locator(".nn-message").wait_for()
    assert page.locator(".nn-message b").count() == 0
    page.wait_for_function("document.querySelector('.toy').innerText === 'a=1 b=1'")
    assert not page.errors


# Access


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_in_the_controls(show, theme):
    controls = [choice(kind) for kind in CHOICES.values()] + [
        w.IntSlider(description="n"),
        w.Checkbox(description="c"),
    ]
    disabled = [choice(kind, disabled=True) for kind in CHOICES.values()]
    page = show(w.VBox([*controls, *disabled, w.Play(description="epoch"), w.Label("Words"), Toy()]))
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert not violations(page)


def test_every_control_is_large_enough_to_hit_and_keeps_its_focus_in_sight(show):
    controls = [choice(kind) for kind in CHOICES.values()] + [
        w.Checkbox(description="c"),
        w.Play(description="e"),
    ]
    page = show(w.VBox(controls))
    for control in page.locator(".nn-view :is(input, select, button)").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24, control.evaluate("one => one.outerHTML")
        control.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        ringed = "one => [one, one.parentNode].some(node => getComputedStyle(node).outlineStyle === 'solid')"
        assert page.evaluate(f"({ringed})(document.activeElement)")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_controls_fit_every_width_also_with_text_at_twice_its_size(show, width):
    controls = [choice(kind) for kind in CHOICES.values()] + [w.Checkbox(description="A long label " * 4)]
    page = show(w.VBox([w.HBox(controls), w.Dropdown(options=["A long option " * 9], description="List")]))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_forced_colors_keep_the_chosen_button_apart(show):
    page = show(choice(w.ToggleButtons))
    page.emulate_media(forced_colors="active")
    grounds = page.locator(".nn-buttons label").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert grounds[0] == grounds[2] != grounds[1]


# Size


def test_the_runtime_is_small_and_needs_nothing():
    text = RUNTIME.read_text("utf-8")
    assert len(text.encode()) <= 12_000
    assert len(gzip.compress(text.encode(), 9)) <= 4_096
    assert not re.search(r"https?://|^\s*import |require\(|eval\(", text, re.MULTILINE)


# In MyST-NB

CELLS = """
import base64, struct, zlib
import anywidget, ipywidgets as w, traitlets as t

def png(width=40, height=20):
    number = lambda n: struct.pack(">I", n)
    chunk = lambda kind, data: number(len(data)) + kind + data + number(zlib.crc32(kind + data))
    rows = zlib.compress((b"\\0" + b"\\x70" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

class Toy(anywidget.AnyWidget):
    _esm = '''// <!-- <script> would swallow the page
export default {
  render({ model, el }) {
    el.className = "toy";
    el.textContent = model.get("data").byteLength;
  },
};'''
    _css = ".toy { padding: 0 }"
    alt = t.Unicode("A toy figure that shows how many bytes it has.").tag(sync=True)
    data = t.Bytes(b"abc").tag(sync=True)

class Shown(w.VBox):
    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        data, meta = bundle if isinstance(bundle, tuple) else (bundle, {})
        return data | {"image/png": base64.b64encode(png()).decode()}, meta
"""
BOOK = {
    "_config.yml": """
title: Small
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx: {extra_extensions: [nnbook.book], recursive_update: true}
""",
    "_toc.yml": "format: jb-book\nroot: index\nchapters: [{file: good}, {file: bad}, {file: plain}]",
    "index.md": "# Small",
    "plain.md": "# Plain",
    "requirements.lock": "",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small book with widgets: its folder, its pages as parsed text, and what the builds said."""
    root = tmp_path_factory.mktemp("small")
    for name, content in BOOK.items():
        (root / name).write_text(content, encoding="utf-8")
    markdown, code = "# Page\n\nText.", ["markdown", "code", "code", "code"]
    notebook(
        root / "good.ipynb",
        markdown,
        CELLS,
        "Shown([w.IntSlider(description='n'), Toy()])",
        "Toy()",
        kinds=code,
    )
    made = json.loads((root / "good.ipynb").read_text("utf-8"))
    made["cells"][2]["metadata"] = {"mystnb": {"figure": {"caption": "A toy moves.", "name": "fig-toy"}}}
    (root / "good.ipynb").write_text(json.dumps(made), encoding="utf-8")
    large = "Shown([Toy(data=bytes(800_000))])"
    notebook(root / "bad.ipynb", markdown, CELLS, "w.Text('x')", large, kinds=code)
    tool = Path(sys.executable).with_name("jupyter-book")

    def build(*options):
        command = [tool, "build", root, "--path-output", root, *options]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})

    done = build("-W", "-n", "--keep-going")
    single = build("--builder", "singlehtml")
    epub = build("--builder", "custom", "--custom-builder", "epub")
    assert single.returncode == epub.returncode == 0, single.stderr + epub.stderr
    return SimpleNamespace(
        built=root / "_build",
        status=done.returncode,
        said=done.stdout + done.stderr,
        good=(root / "_build/html/good.html").read_text("utf-8"),
        plain=(root / "_build/html/plain.html").read_text("utf-8"),
        single=(root / "_build/singlehtml/index.html").read_text("utf-8"),
        epub=(root / "_build/epub/good.xhtml").read_text("utf-8"),
    )


def test_an_unknown_model_and_a_page_that_is_too_large_fail_the_build(small):
    assert small.status != 0
    warnings = re.findall(r".*WARNING: .*", small.said)
    assert any("bad" in line and "cannot draw a TextModel" in line for line in warnings)
    assert any("bad" in line and "MB" in line for line in warnings)
    assert not [line for line in warnings if "bad" not in line]


def test_only_pages_with_widgets_load_the_runtime(small):
    for name in ("widgets.js", "widgets.css"):
        assert f"_static/{name}?v=" in small.good
        assert name not in small.plain
    assert "require" not in small.good and "html-manager" not in small.good


def test_a_module_that_two_figures_share_is_in_the_page_once_and_cannot_end_its_script(small):
    state = re.search(r'widget-state\+json">(.*?)</script>', small.good, re.DOTALL)[1]
    assert state.count("export default") == 1 and "<!--" not in state and "<script" not in state
    assert json.loads(state)["version_major"] == 2


def test_the_page_lives_from_disk_and_keeps_the_picture_for_paper(small, page):
    page.goto((small.built / "html/good.html").as_uri())
    page.wait_for_function("document.querySelectorAll('.toy').length === 2")
    assert page.locator(".toy").all_inner_texts() == ["3", "3"]
    picture = page.locator(".nn-still img")
    assert picture.count() == 1 and not picture.is_visible()
    assert picture.get_attribute("alt") == "A toy figure that shows how many bytes it has."
    page.emulate_media(media="print")
    assert picture.is_visible() and picture.evaluate("one => one.naturalWidth") == 40


def test_a_widget_can_be_a_figure_with_a_caption(small, page):
    page.goto((small.built / "html/good.html").as_uri())
    figure = page.locator("figure#fig-toy")
    figure.locator(".nn-view .toy").wait_for()
    assert "A toy moves." in figure.locator("figcaption").inner_text()
    assert figure.locator(".nn-still img").count() == 1


def test_books_without_scripts_show_the_picture(small):
    for text in (small.single, small.epub):
        assert 'alt="A toy figure that shows how many bytes it has."' in text
        assert "jupyter.widget" not in text and "widgets.js" not in text


def test_the_kernels_of_the_book_know_that_pages_have_none():
    assert environment.VARIABLES["NNBOOK_BOOK"] == "1"


def test_the_runtime_and_the_build_know_the_same_models():
    assert {"AnyModel", "PlayModel", "VBoxModel", "SelectionSliderModel"} <= set(widgets.drawn())
    assert len(widgets.drawn()) == 12


# The page about it


def test_the_widget_that_the_page_about_widgets_makes_is_alive(show, monkeypatch):
    monkeypatch.setenv("NNBOOK_BOOK", "1")
    page = (widgets.STATIC.parents[2] / "chapters" / "how-widgets-work.md").read_text("utf-8")
    *_, example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    body, last = example.rsplit("\n\nexplore(", 1)
    exec(body, names)
    explorer = eval("explore(" + last, names)
    page = show(explorer)
    page.wait_for_function("document.querySelector('.nn-figure').dataset.reading")
    said = "document.querySelector('.nn-figure').dataset.reading"
    assert page.evaluate(said) == "The wave turns 2 times a second."
    page.get_by_role("slider", name="Frequency").press("ArrowRight")
    page.wait_for_function(f"{said} === 'The wave turns 3 times a second.'")
    page.wait_for_function("location.hash === '#wave?frequency=2'")
