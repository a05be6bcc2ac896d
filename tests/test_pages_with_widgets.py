"""Every page with widgets as a reader meets it: from disk and a server, in both themes, at each width."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from axe import violations
from make_book import HTML
from test_book import WIDTHS, lit, watched

from nnbook.book import execute, widgets

ROOT = Path(__file__).resolve().parents[1]
VIEW = 'type="application/vnd.jupyter.widget-view+json"'
FIRST_FIGURE_MS = 1000
SCRIPT_MS = 16
MOVES = 100


def found() -> list[str]:
    """The built pages that show widgets, by name."""
    return sorted(path.stem for path in HTML.glob("chapters/*.html") if VIEW in path.read_text("utf-8"))


every_page = pytest.mark.parametrize("name", found())


def test_the_pages_with_widgets_are_those_whose_notebooks_make_some(book):
    makes = {page.stem for page in execute.pages(ROOT) if "nnbook.widgets" in page.read_text("utf-8")}
    assert set(found()) == makes


# What a page's figures show: the pixels of their canvases, and the words of the panels that are tables.
# Beside it, how long scripts have worked, and when the first figure stood.
SPY = """
(() => {
  const measured = (call) => (...given) => {
    const begin = performance.now();
    try { return call(...given); } finally { window.worked += performance.now() - begin; }
  };
  const [frame, observer] = [requestAnimationFrame, MutationObserver];
  window.worked = 0;
  window.measured = measured;
  window.requestAnimationFrame = (call) => frame(measured(call));
  window.shown = (number) => {
    const view = document.querySelectorAll(".nn-view")[number];
    const parts = [...view.querySelectorAll(".nn-figure canvas")].map((canvas) => canvas.toDataURL());
    return parts.concat([...view.querySelectorAll(".nn-panels")].map((panels) => panels.innerText)).join();
  };
  window.drawn = () => ![...document.querySelectorAll(".nn-figure")].some((one) => !(one.dataset.drawn > 0));
  new observer((_, self) => {
    if (!document.querySelector(".nn-figure[data-drawn]")) return;
    window.stood = performance.now();
    self.disconnect();
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-drawn"] });
})();
"""


@pytest.fixture
def visit(book, page):
    """A function that opens a page and waits until all its figures are drawn."""
    page.add_init_script(SPY)
    page.emulate_media(reduced_motion="reduce")
    errors = watched(page)

    def visit(name, fragment="", base=None, width=1280, scheme="light"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("about:blank")
        page.goto(f"{base or book.as_uri()}/chapters/{name}.html{fragment}")
        page.wait_for_function("document.querySelector('.nn-live') && drawn()")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.locator(".nn-live").count() == page.locator(".nn-view").count()
        return page

    yield visit
    assert not errors


REST = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const all = () => [...document.querySelectorAll(".nn-view")].map((_, number) => shown(number)).join();
  let before, now;
  do {
    before = now;
    for (let k = 0; k < 4; k++) await frame();
    now = all();
  } while (now !== before);
}"""


def resized(page, width):
    """Make the window so wide, and wait until the figures rest."""
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(REST)


# Moving

CONTROLS = ":is(.nn-slider, .nn-dropdown, .nn-buttons, .nn-checkbox, .nn-play)"


def controls(page) -> list[tuple[int, object]]:
    """Every control of the page that can be used, with the number of its view."""
    views = page.locator(".nn-view").all()
    return [
        (number, one)
        for number, view in enumerate(views)
        for one in view.locator(CONTROLS).all()
        if one.locator(":is(input, select, button):enabled").count() and one.is_visible()
    ]


def changes(page, number: int, act, wait: int = 700) -> bool:
    """Say whether what a view's figures show is another thing soon after ``act``."""
    page.evaluate("number => { window.before = shown(number); }", number)
    act()
    try:
        page.wait_for_function("number => shown(number) !== before", arg=number, timeout=wait)
    except Exception as error:
        if "Timeout" not in str(error):
            raise
        return False
    return True


def kind(control) -> str:
    """Return range, select, radio, checkbox or button."""
    return control.locator("input, select, button").first.evaluate(
        "one => one.localName === 'input' ? one.type : one.localName"
    )


def positions(control) -> int:
    """How many positions a control has."""
    return control.evaluate(
        """one => one.querySelectorAll("input[type=radio], option").length
        || (one.querySelector("[type=range]")
            ? one.querySelector("[type=range]").max - one.querySelector("[type=range]").min + 1 : 2)"""
    )


def by_keyboard(page, control) -> None:
    """Move a control one position, as its keys do."""
    what = kind(control)
    target = control.locator("input:checked" if what == "radio" else "input, select, button").first
    target.focus()
    last = "one.localName === 'select' ? one.selectedIndex === one.length - 1 : one.value === one.max"
    if what == "radio":
        page.keyboard.press("ArrowRight")
    elif what == "checkbox":
        page.keyboard.press("Space")
    elif what == "button":
        page.keyboard.press("Enter")
    elif target.evaluate(f"one => {last}"):
        page.keyboard.press("Home")
    else:
        page.keyboard.press("ArrowDown" if what == "select" else "ArrowRight")


def by_pointer(page, control) -> None:
    """Move a control with the mouse; a ``select`` opens the system's own list, so it is told to choose."""
    what = kind(control)
    if what == "range":
        slider = control.locator("input")
        box, at = slider.bounding_box(), slider.evaluate("one => (one.value - one.min) / (one.max - one.min)")
        slider.click(position={"x": box["width"] * (0.12 if at > 0.5 else 0.88), "y": box["height"] / 2})
    elif what == "select":
        select = control.locator("select")
        select.select_option(index=select.evaluate("one => (one.selectedIndex + 1) % one.length"))
    elif what == "radio":
        at = control.locator("input").evaluate_all("all => all.findIndex(one => one.checked)")
        control.locator("label").nth((at + 1) % positions(control)).click()
    elif what == "checkbox":
        control.locator("label").click()
    else:
        control.locator("button").click()


def check_controls(page, how) -> None:
    """Move every control, each from the page's first state, until its figure shows something else."""
    all_of_them = controls(page)
    assert all_of_them
    for turn, (number, control) in enumerate(all_of_them):
        # An address that asks for nothing sets everything to its first position.
        page.evaluate(f"location.hash = '#?{turn}{how.__name__}'")
        words, move = control.inner_text(), partial(how, page, control)
        if control.locator("button").count():  # what plays may take its time
            assert changes(page, number, move, wait=8000), words
            control.locator("button.Pause").evaluate_all("all => all.forEach(one => one.click())")
        else:
            assert any(changes(page, number, move) for _ in range(min(positions(control), 12))), words


WAYS = {"keyboard": by_keyboard, "pointer": by_pointer}


def check_in_every_look(page) -> None:
    """Move every control by keyboard and by pointer, in both themes and at each width."""
    for scheme in ("light", "dark"):
        lit(page, scheme)
        for width in WIDTHS:
            resized(page, width)
            for how in WAYS.values():
                check_controls(page, how)
                assert page.evaluate("document.documentElement.scrollWidth") <= width


@every_page
def test_from_disk_every_control_changes_its_figure_by_keyboard_and_pointer(visit, name):
    check_in_every_look(visit(name))


@every_page
def test_from_a_server_every_control_changes_its_figure_by_keyboard_and_pointer(visit, served, name):
    check_in_every_look(visit(name, base=served, scheme="dark", width=390))


@every_page
def test_forced_colours_leave_the_controls_at_work_and_the_figures_in_sight(visit, page, name):
    page.emulate_media(forced_colors="active")
    visit(name, width=390)
    check_controls(page, by_keyboard)
    for canvas in page.locator(".nn-figure canvas").all():
        if not canvas.is_visible():
            continue
        seen = canvas.evaluate(
            """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const ground = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
            let apart = 0;
            for (let i = 0; i < data.length; i += 4) {
                const distance = [0, 1, 2].map((k) => Math.abs(data[i + k] - ground[k]));
                if (data[i + 3] > 200 && Math.max(...distance) > 100) apart++;
            }
            return apart / (data.length / 4);
        }"""
        )
        assert seen > 0.002, canvas.evaluate("one => one.outerHTML")


@every_page
def test_text_of_twice_the_size_fits_and_its_controls_work(visit, name):
    page = visit(name)
    page.add_style_tag(content="html { font-size: 200% !important; }")
    for width in WIDTHS:
        resized(page, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        check_controls(page, by_pointer)


@every_page
def test_what_plays_can_be_paused_and_stays_where_it_is(visit, name):
    page = visit(name)
    for number, control in controls(page):
        button = control.locator("button")
        if not button.count():
            continue
        page.evaluate(f"location.hash = '#?{number}'")
        assert changes(page, number, lambda button=button: button.press("Enter"), wait=8000)
        assert button.inner_text().startswith("Pause")
        button.press("Enter")
        page.wait_for_timeout(100)  # what was on its way arrives
        assert not changes(page, number, lambda: None)


@every_page
def test_axe_finds_nothing_to_mend_in_the_widgets_of_a_phone(visit, name):
    page = visit(name, width=390)
    page.locator(".nn-figure .nn-button").evaluate_all("all => all.forEach(one => one.click())")
    problems = violations(page, [".nn-view"])
    lit(page, "dark")
    problems += violations(page, [".nn-view"], colours_only=True)
    assert not problems, "\n".join(problems)


# The address

HOSTILE = [
    "{figure}?{control}=<img src=x onerror=hit=1>",
    "{figure}?{control}=%3Cscript%3Ehit=1%3C/script%3E",
    "{figure}?{control}=-1",
    "{figure}?{control}=99999999999999999999",
    "{figure}?{control}=1.5",
    "{figure}?__proto__=1",
    "{figure}?at_{control}=1",
    "__proto__?{control}=1",
    "nobody?{control}=1",
    "?",
]


@every_page
def test_the_address_brings_back_what_was_on_the_screen_and_hostile_ones_do_nothing(visit, name):
    page = visit(name)
    first = page.evaluate("shown(0)")
    number, control = controls(page)[0]
    assert any(changes(page, number, lambda: by_keyboard(page, control)) for _ in range(positions(control)))
    page.wait_for_function("location.hash.includes('?')")
    fragment, moved = page.evaluate("[location.hash, shown(0)]")
    page = visit(name, fragment)
    assert page.evaluate("shown(0)") == moved != first
    figure, key = re.match(r"#([\w-]+)\?(\w+)=\d", fragment).groups()
    for address in HOSTILE:
        page.evaluate("address => { location.hash = address; }", address.format(figure=figure, control=key))
        page.locator(".nn-message").wait_for()
        page.wait_for_function("first => shown(0) === first", arg=first)
        assert page.evaluate("[window.hit, document.querySelectorAll('.nn-message *').length]") == [
            None,
            0,
        ], address
        page.evaluate(f"location.hash = '#{figure}?{key}=0'")
        page.locator(".nn-message").wait_for(state="detached")


# Paper


@every_page
def test_paper_gets_the_picture_of_every_widget(visit, name):
    page = visit(name)
    pictures = page.locator(".nn-still img")
    assert pictures.count() == page.locator(".nn-view").count()
    assert not any(picture.is_visible() for picture in pictures.all())
    page.emulate_media(media="print")
    for picture in pictures.all():
        assert picture.is_visible() and picture.evaluate("one => one.naturalWidth") > 300
        assert len(picture.get_attribute("alt").split()) >= 6


# Speed and size


@pytest.mark.alone
@every_page
def test_the_first_figure_stands_within_a_second_of_opening_the_page_from_disk(visit, name):
    times = []
    while len(times) < 3 and not any(time <= FIRST_FIGURE_MS for time in times):
        times.append(visit(name).evaluate("stood"))
    assert min(times) <= FIRST_FIGURE_MS, times


@pytest.mark.alone
@every_page
def test_a_move_takes_less_than_a_frame_of_script(visit, name):
    page = visit(name)
    found = []
    while len(found) < 3 and not any(time <= SCRIPT_MS for time in found):
        times = page.evaluate(MOVE, MOVES)
        assert len(times) == MOVES and min(times) > 0
        found.append(np.percentile(times, 95))
    assert min(found) <= SCRIPT_MS, found


# Sets one control after the other to its next position and lets two frames pass, so that all has been drawn.
MOVE = """async (moves) => {
  const inputs = [...document.querySelectorAll(".nn-view :is(input[type=range], select)")].filter(
    (one) => !one.disabled && one.offsetParent);
  const frame = () => new Promise((done) => setTimeout(done, 20));
  const times = [];
  for (let k = 0; k < moves; k++) {
    const input = inputs[k % inputs.length];
    if (input.localName === "select") input.selectedIndex = (input.selectedIndex + 1) % input.length;
    else input.value = input.value === input.max ? input.min : Number(input.value) + Number(input.step);
    window.worked = 0;
    measured(() => input.dispatchEvent(new Event("input", { bubbles: true })))();
    await frame();
    await frame();
    times.push(window.worked);
  }
  return times;
}"""


@every_page
def test_a_page_with_widgets_stays_below_its_limit(book, name):
    assert (book / "chapters" / f"{name}.html").stat().st_size <= widgets.MAX_BYTES
