"""The figure's ES module in a browser: what it draws, says and does, with a model of twenty lines."""

import base64
import json
import math
import re

import numpy as np
import pytest
from axe import violations
from test_widgets import ARRAYS, KINDS, SAID

from nnbook.widgets import Choose, Figure, Slide, Step, explore
from nnbook.widgets import panels as p
from nnbook.widgets.atlas import unpack
from nnbook.widgets.figure import said_number
from nnbook.widgets.still import said_column

PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Figure</title>
<style>:root { --pst-color-background: #fff } [data-theme=dark] { --pst-color-background: #121418 }
body { margin: 0; padding: 16px; background: var(--pst-color-background); font-family: sans-serif }
.gone { position: absolute; clip-path: inset(50%) } STYLE</style></head>
<body><main><h1 class="gone">Figure</h1><div id="one"></div><div id="two"></div></main><script>
  const bytes = Uint8Array.from(atob("BYTES"), (letter) => letter.charCodeAt(0));
  const state = { ...STATE, buffer: new DataView(bytes.buffer) }, heard = {};
  window.model = {
    heard,
    get: (key) => state[key],
    set(key, value) { state[key] = value; for (const call of [...(heard["change:" + key] ?? [])]) call(); },
    on: (event, call) => (heard[event] ??= new Set()).add(call),
    off: (event, call) => heard[event]?.delete(call),
  };
  window.texts = []; // what is written on canvases
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    texts.push([text, x, y]);
    write.call(this, text, x, y);
  };
  const source = ESM + "export { Arrays, formatNumber, sayNumber, ticks, scale, thin, View };";
  const blob = new Blob([source], { type: "text/javascript" });
  window.ready = import(URL.createObjectURL(blob)).then((module) => {
    window.kit = module;
    window.stop = module.default.render({ model, el: document.getElementById("one") });
  });
</script></body></html>"""


def quoted(value):
    return json.dumps(value).replace("</", "<\\/")


@pytest.fixture
def show(page, tmp_path):
    """A function that opens a figure in a page of its own; the test fails where the browser complains."""
    wrong = []
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def open_(figure, width=800, height=900):
        state = {
            key: getattr(figure, key) for key in figure.keys if not key.startswith("_") and key != "layout"
        }
        parts = {"STYLE": figure._css, "ESM": quoted(figure._esm)}
        parts["BYTES"] = base64.b64encode(state.pop("buffer")).decode()
        parts["STATE"] = quoted({key: value for key, value in state.items() if _plain(value)})
        text = re.sub("STYLE|BYTES|STATE|ESM", lambda match: parts[match[0]], PAGE)
        (tmp_path / "figure.html").write_text(text, encoding="utf8")
        page.set_viewport_size({"width": width, "height": height})
        page.goto((tmp_path / "figure.html").as_uri())
        page.evaluate("ready")
        settle(page)
        return page

    yield open_
    assert not wrong


def _plain(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def settle(page):
    """Wait until nothing moves any more."""
    page.evaluate("window.was = null")
    page.wait_for_function(
        "() => { const now = document.querySelector('.nn-figure').dataset.drawn;"
        " if (window.was === now) return true; window.was = now; return false }",
        polling=60,
    )


GRAPH = {
    "nodes": [{"id": i, "label": i, "x": k / 2, "y": 0.5} for k, i in enumerate("abc")],
    "edges": ["ab", "bc"],
    "forward": "three", "backward": "three", "slopes": "two", "active": "k", "seen": "seen",
}  # fmt: skip


def gallery(*panels, arrays=ARRAYS, **more):
    figure = Figure(name="gallery", panels=list(panels), alt="A gallery of panels.", **more)
    figure.show(arrays)
    return figure


def ink(page, number=0):
    """The number of pixels of a panel's canvas that are not clear."""
    return page.evaluate(
        """(k) => {
          const canvas = document.querySelectorAll(".nn-plot > canvas")[k];
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((value, i) => i % 4 === 3 && value).length;
        }""",
        number,
    )


def pictures(page):
    return page.evaluate("[...document.querySelectorAll('.nn-plot > canvas')].map((one) => one.toDataURL())")


XS = np.linspace(-1, 1, 64)
Z = XS[:, None] * XS


def moving(**more):
    """An explorer of a map, two lines and a network that change with a slider, and of frames."""

    def compute(a, sign):
        f = a if sign == "plus" else -a
        return {
            "z": f * Z + 0.3 * np.sin(3 * a * XS), "y": f * XS**2, "y2": f * XS, "W": f * np.ones((3, 4)),
            "V": f * np.ones((4, 2)), "top": f, "trail": np.arange(10.0) * f,
        }  # fmt: skip

    controls = [Slide("a", [1, 2, 3, 4], 2), Choose("sign", ["plus", "minus"], "plus"), Step("epoch", 10)]
    panels = [
        p.plane(p.heat("z", x0=-1, x1=1, y0=-1, y1=1, levels=0), title="Map"),
        p.plane(p.line("xs", "y", label="one"), p.line("xs", "y2", label="two"), x="x", y="y"),
        p.network([3, 4, 2], ["W", "V"]),
    ]
    options = {
        "name": "moving", "reading": "{a} and {sign}: {top:.1f}, epoch {epoch}", "alt": "Things that move.",
        "frames": {"epoch": ["trail"]}, "live": False, **more,
    }  # fmt: skip
    return explore([compute, lambda: {"xs": XS}], controls, options.pop("panels", panels), **options)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_panel_draws_without_violation_of_accessibility(show, theme):
    page = show(
        gallery(*({**panel, "title": kind} for kind, panel in KINDS.items()), reading="{k:.1f} in all")
    )
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    drawn = [kind for kind, panel in KINDS.items() if panel["kind"] not in ("table", "matrix")]
    assert all(ink(page, k) > 400 for k in range(len(drawn))), [ink(page, k) for k in range(len(drawn))]
    assert page.locator(".nn-plot table").count() == len(KINDS) - len(drawn)
    assert page.locator(".nn-plot td:text-matches('\\\\d')").count() > 30
    page.get_by_role("button", name="Data").click()
    assert not violations(page)


def test_the_page_decodes_every_array_as_python_does(show):
    explorer = moving(dtypes={"y": "u1", "y2": "f4", "xs": "u2", "W": "log u2"})
    page = show(explorer.figure)
    for a in range(4):
        for epoch in (0, 9):
            page.evaluate(f"model.set('at_a', {a}); model.set('at_epoch', {epoch})")
            got = page.evaluate(
                "() => { const arrays = new kit.Arrays(model); arrays.refresh(0, false);"
                " return [...arrays.entries.keys()].map((name) => [name, [...arrays.true(name)]]) }"
            )
            at = {"a": a, "sign": 0, "epoch": epoch}
            for name, values in got:
                entry = next(one for one in explorer.figure.arrays if one["name"] == name)
                wanted = np.ravel(unpack(entry, explorer.figure.buffer, at))
                np.testing.assert_allclose(np.array(values, float), wanted, rtol=1e-12, atol=1e-12)


def test_numbers_are_said_in_the_page_as_in_python(show):
    page = show(gallery(KINDS["lines"]))
    rng = np.random.default_rng(1)
    cases = [[value, how] for value, how, _ in SAID if math.isfinite(value)]
    spread = 10.0 ** rng.uniform(-9, 9, 60) * rng.choice([-1, 1], 60)
    cases += [[float(value), how] for value in spread for how in (None, ".2f", ".3g", ".2e", "+.1f", ".1%")]
    said = page.evaluate("(cases) => cases.map(([value, how]) => kit.formatNumber(value, how))", cases)
    assert said == [said_number(*case) for case in cases]


@pytest.mark.parametrize(
    ("values", "said"),
    [([0, 1, 2.0, np.nan], ["0", "1", "2", ""]), ([0, 1, 2.5, np.nan], ["0.00", "1.00", "2.50", ""])],
)
def test_a_column_of_whole_numbers_has_no_places(show, values, said):
    arrays = {"v": np.array(values)}
    page = show(gallery(p.table([p.column("v", "v")]), arrays=arrays))
    assert page.locator(".nn-plot td").all_text_contents() == said == said_column(arrays["v"], 2)


def test_a_table_wider_than_the_screen_scrolls_in_a_box_that_the_keyboard_reaches(show):
    page = show(gallery(p.table([p.column("a long word", "x")] * 4, title="Words")), width=320)
    box = page.get_by_role("region", name="Words")
    assert box.evaluate("(box) => box.scrollWidth > box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.nn-sideways').scrollLeft > 0")


@pytest.mark.parametrize("width", [390, 640, 880])
def test_a_matrix_beside_plots_is_whole_where_the_screen_has_room_for_it(show, width):
    names = {"rows": list("0123456789"), "columns": list("0123456789"), "x": "answer", "y": "digit"}
    curves = [p.plane(p.line("x", "x"), x="x", y="y") for _ in range(2)]
    figure = Figure(name="t", panels=[*curves, p.matrix("counts", digits=0, **names)], reading="", alt="a")
    figure.show({"x": np.arange(3.0), "counts": np.full((10, 10), 888.0)})
    box = show(figure, width=width).locator(".nn-sideways")
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") == 0


def test_markers_of_a_path_keep_apart(show):
    places = [[0, 0], [3, 0], [9, 0], [10, 0], [18, 1], [18, 30]]
    page = show(gallery(KINDS["points"]))
    assert page.evaluate("(places) => kit.thin(places)", places) == [places[k] for k in (0, 2, 4, 5)]


@pytest.mark.parametrize(("width", "said"), [(800, {"0.50", "−0.50"}), (390, {"−0.5"})])
def test_a_narrow_graph_says_less(show, width, said):
    page = show(
        gallery(p.graph(**GRAPH), arrays=ARRAYS | {"three": np.arange(3.0), "seen": np.full(3, 2)}),
        width=width,
    )
    assert {text for text, *_ in page.evaluate("texts") if "5" in text} == said


def test_a_gap_in_a_line_stays_empty(show):
    y = np.where((XS > -0.3) & (XS < 0.3), np.nan, 0.5)
    figure = gallery(p.plane(p.line("x", "y"), y=p.axis("y", low=0, high=1)), arrays={"x": XS, "y": y})
    colored = show(figure).evaluate(
        """() => {
          const canvas = document.querySelector("canvas"), middle = Math.round(canvas.width * 0.53);
          const at = (x) => canvas.getContext("2d").getImageData(x, 0, 1, canvas.height).data;
          const blue = (data) => data.some((_, i) => i % 4 === 2 && data[i] > data[i - 2] + 60);
          return [blue(at(Math.round(canvas.width * 0.2))), blue(at(middle))];
        }"""
    )
    assert colored == [True, False]


def test_a_logarithmic_axis_has_equal_steps_for_equal_ratios(show):
    panel = p.plane(p.line("x", "y"), y=p.axis("loss", log=True))
    page = show(gallery(panel, arrays={"x": np.arange(5.0, 8), "y": np.array([0.01, 1, 100])}))
    places = {text: y for text, x, y in page.evaluate("texts")}
    steps = np.diff([places[text] for text in ("0.01", "0.1", "1", "10", "100")])
    assert np.ptp(steps) <= 1.01 and steps.max() < 0


def test_ticks_are_round_and_few(show):
    page = show(gallery(KINDS["lines"]))
    said = page.evaluate(
        "[[0, 1], [-0.013, 0.02], [0, 250000], [3, 3.0001]]"
        ".map(([low, high]) => kit.ticks({ low, high }, 5).map(([, text]) => text))"
    )
    assert said[0] == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert said[1] == ["−0.01", "0", "0.01", "0.02"] and said[2][:2] == ["0", "50000"]
    assert all(2 <= len(set(one)) <= 7 for one in said)


def tip(page):
    return page.locator(".nn-tip:visible").first.text_content()


def test_the_keyboard_cursor_reads_the_data_and_leaps_over_gaps(show):
    page = show(gallery(KINDS["lines"]))
    page.locator(".nn-plot > canvas").first.focus()
    read = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Home", "PageDown", "End"):
        page.keyboard.press(key)
        settle(page)
        read.append(tip(page))
    assert read[:4] == ["x 0.1, one 1", "x 0.6, one 2", "x 0.9, one 3", "x 0.1, one 1"]
    a = ARRAYS["rows"][0]
    assert read[4:] == [f"x 0.1, a {said_number(a[0])}", f"x 0.9, a {said_number(a[3])}"]
    page.keyboard.press("Escape")
    settle(page)
    assert page.locator(".nn-tip:visible").count() == 0


def test_the_keyboard_walks_a_map_in_rows_and_columns(show):
    page = show(gallery(KINDS["heat"]))
    page.locator(".nn-plot > canvas").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    assert tip(page) == f"x 0, y 0.667, value {said_number(ARRAYS['z'][2, 0])}"


def test_the_pointer_reads_what_is_nearest(show):
    page = show(gallery(KINDS["points"]))
    box = page.locator(".nn-plot > canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    x, y = (float(word) for word in re.fullmatch(r"(?:cat |dog )?,? ?x (\S+), y (\S+)", tip(page)).groups())
    assert (x, y) in set(zip(ARRAYS["x"], ARRAYS["y"], strict=True))
    page.mouse.move(2, 2)
    settle(page)
    assert page.locator(".nn-tip:visible").count() == 0


def rows_of(page, caption):
    table = page.locator(f".nn-scroll table:has(caption:text-is('{caption}'))")
    return table.locator("tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((c) => c.textContent))"
    )


def test_the_data_table_holds_the_arrays_and_follows_the_controls(show):
    page = show(moving().figure)
    page.get_by_role("button", name="Data").click()
    for a in (2, 4):
        page.evaluate(f"model.set('at_a', {a - 1})")
        settle(page)
        head, *rows = rows_of(page, "one")
        assert head == ["x", "one", "two"] and len(rows) == 64
        values = np.array([[float(cell.replace("−", "-")) for cell in row] for row in rows])
        np.testing.assert_allclose(values, np.column_stack([XS, a * XS**2, a * XS]), atol=2e-3)
    head, *rows = rows_of(page, "shade")
    assert len(rows) == 64 and len(head) == 1 + 22 and page.get_by_text("one column in 3 of 64").count() == 1


def test_a_control_changes_picture_reading_and_data_attribute(show):
    page = show(moving().figure)
    before = pictures(page)
    page.evaluate("model.set('at_sign', 1); model.set('at_a', 3)")
    settle(page)
    assert all(one != two for one, two in zip(before, pictures(page), strict=True))
    reading = "4 and minus: −4.0, epoch 0"
    assert page.locator(".nn-reading").text_content() == reading
    assert page.locator(".nn-figure").get_attribute("data-reading") == reading
    page.evaluate("model.set('at_sign', 0); model.set('at_a', 1)")
    settle(page)
    assert pictures(page) == before


@pytest.mark.alone
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_moves_eases_there_unless_the_reader_prefers_no_motion(show, page, motion):
    page.emulate_media(reduced_motion=motion)
    show(moving().figure)
    frames = page.evaluate(
        """async () => {
          const root = document.querySelector(".nn-figure"), first = Number(root.dataset.drawn);
          const start = performance.now();
          model.set("at_a", 3);
          let was, last = start;
          for (let k = 0; k < 60; k++) {
            await requestAnimationFrame(() => {});
            await new Promise((done) => setTimeout(done, 10));
            if (was !== root.dataset.drawn) last = performance.now();
            was = root.dataset.drawn;
          }
          return [Number(was) - first, last - start];
        }"""
    )
    assert frames[0] == 1 if motion == "reduce" else 3 <= frames[0] <= 40
    assert frames[1] < 400


def test_a_theme_is_taken_up_at_once(show):
    page = show(moving().figure)
    before = pictures(page)
    changed = page.evaluate(
        """async () => {
          document.documentElement.dataset.theme = "dark";
          await Promise.resolve();
          return [...document.querySelectorAll(".nn-plot > canvas")].map((one) => one.toDataURL());
        }"""
    )
    assert all(one != two for one, two in zip(before, changed, strict=True))


@pytest.mark.parametrize("text", ["100%", "200%"])
def test_nothing_scrolls_sideways_at_320_pixels(show, text):
    page = show(gallery(*KINDS.values(), reading="{k:.1f} is what there is to say about it"), width=320)
    page.evaluate(f"document.documentElement.style.fontSize = '{text}'")
    page.get_by_role("button", name="Data").click()
    page.wait_for_timeout(150)
    wide = "[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > 321)"
    wide += ".map((one) => one.outerHTML.slice(0, 120)).slice(0, 4)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.evaluate(wide)
    widths = page.evaluate(
        "[...document.querySelectorAll('.nn-plot > canvas')].map((one) => one.clientWidth)"
    )
    assert all(200 <= width <= 288 for width in widths)


def test_a_canvas_is_as_sharp_as_the_screen(browser, tmp_path, show):
    page = show(moving().figure)
    ratio = "[document.querySelector('.nn-plot > canvas')].map((one) => one.width / one.clientWidth)[0]"
    assert page.evaluate(ratio) == 1
    address = page.url
    with browser.new_context(device_scale_factor=3) as context:
        dense = context.new_page()
        dense.goto(address)
        dense.evaluate("ready")
        assert abs(dense.evaluate(ratio) - 3) < 0.02


def test_a_new_width_is_taken_up(show):
    page = show(moving().figure)
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_function(
        "[...document.querySelectorAll('.nn-plot > canvas')].every((one) => one.width === one.clientWidth)"
    )


def test_forced_colours_are_followed(show, page):
    page.emulate_media(forced_colors="active")
    show(moving().figure)
    assert (
        page.evaluate("kit.View && getComputedStyle(document.querySelector('.nn-figure')).color")
        == "rgb(0, 0, 0)"
    )
    assert all(ink(page, k) > 400 for k in range(3))


def test_two_views_of_one_model_follow_and_a_view_that_goes_leaves_nothing_behind(show):
    page = show(moving().figure)
    page.evaluate("void (window.other = kit.default.render({ model, el: document.getElementById('two') }))")
    page.evaluate("model.set('at_a', 3)")
    settle(page)
    page.wait_for_timeout(250)
    readings = page.locator(".nn-reading").all_text_contents()
    assert readings == ["4 and plus: 4.0, epoch 0"] * 2
    page.evaluate("stop(); other()")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.locator(".nn-figure").count() == 0
    assert page.evaluate("Object.values(model.heard).reduce((n, calls) => n + calls.size, 0)") == 0


def test_a_view_that_is_rendered_before_it_is_in_the_page_is_drawn_once_it_is(show):
    page = show(moving().figure)
    page.evaluate("stop(); window.late = document.createElement('div')")
    page.evaluate("void (window.stop = kit.default.render({ model, el: late }))")
    assert page.locator(".nn-figure").count() == 0
    page.evaluate("document.body.append(late)")
    page.locator(".nn-figure[data-reading]").wait_for()
    settle(page)
    assert all(ink(page, k) > 400 for k in range(3))


SPOKEN = """async (playing) => {
  const voice = document.querySelector("[aria-live]"), said = [];
  new MutationObserver(() => said.push(voice.textContent)).observe(voice, { childList: true });
  model.set("playing", playing);
  for (let k = 0; k < 30; k++) {
    model.set("at_epoch", k % 10);
    await new Promise((done) => setTimeout(done, 50));
  }
  model.set("playing", false);
  const during = said.length;
  await new Promise((done) => setTimeout(done, 1300));
  return [during, said.at(-1)];
}"""


@pytest.mark.parametrize(("playing", "most"), [(False, 2), (True, 0)])
def test_the_reading_is_spoken_once_a_second_at_most_and_not_while_frames_play(show, playing, most):
    page = show(moving().figure)
    during, last = page.evaluate(SPOKEN, playing)
    assert during <= most and (playing or during)
    assert last == "2 and plus: 2.0, epoch 9"


def test_new_arrays_a_mistake_and_busyness_are_shown(show):
    page = show(gallery(KINDS["lines"], reading="{k:.1f}"))
    page.evaluate("model.set('error', 'ValueError: <b>no</b>'); model.set('busy', true)")
    settle(page)
    assert page.get_by_role("alert").text_content() == "ValueError: <b>no</b>"
    assert page.locator(".nn-figure").get_attribute("aria-busy") == "true"
    later = gallery(KINDS["lines"], reading="{k:.1f}", arrays={**ARRAYS, "k": 7.0})
    page.evaluate(
        """([arrays, bytes]) => {
          model.set("arrays", arrays);
          model.set("buffer", new DataView(Uint8Array.from(bytes).buffer));
          model.set("error", ""), model.set("busy", false);
        }""",
        [later.arrays, list(later.buffer)],
    )
    settle(page)
    assert page.locator(".nn-reading").text_content() == "7.0"
    assert page.get_by_role("alert").count() == 0


def test_panels_come_and_go_with_their_control_and_a_new_specification_is_drawn(show):
    line = p.line("xs", "y", label="one")
    panels = [p.plane(line, when={"sign": [0]}), p.plane(line, title="Two", when={"sign": [1]})]
    page = show(moving(panels=panels).figure)
    assert page.locator(".nn-panel:visible").count() == 1 and ink(page, 0) > 400
    page.evaluate("model.set('at_sign', 1)")
    settle(page)
    assert page.locator(".nn-panel:visible .nn-title").text_content() == "Two" and ink(page, 1) > 400
    page.evaluate("(panel) => model.set('spec', { ...model.get('spec'), panels: [panel] })", p.plane(line))
    settle(page)
    assert page.locator(".nn-panel").count() == 1 and ink(page, 0) > 400


def test_words_never_become_elements(show):
    bad = "<img src=x onerror=alert(1)>"
    panels = [
        p.plane(p.line("x", "y", label=bad), x=bad, y=bad, title=bad),
        p.table([p.column(bad, "x")] * 2, title=bad),
        p.matrix("z", rows=[bad] * 4, x=bad, y=bad),
        p.bars("x", [bad] * 4, title=bad),
    ]
    page = show(gallery(*panels, reading=bad))
    page.get_by_role("button", name="Data").click()
    page.locator(".nn-plot > canvas").first.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.locator("img").count() == 0 and tip(page) == f"{bad} 0.1, {bad} 1"


@pytest.mark.alone
def test_a_control_is_answered_within_a_frame(show):
    """The best of three rounds, since other work may share the machine."""
    page = show(moving().figure)
    spent = """async () => {
      const spent = [];
      const ask = window.requestAnimationFrame;
      window.requestAnimationFrame = (call) => ask((now) => {
        const start = performance.now();
        call(now);
        spent.push(performance.now() - start);
      });
      for (let k = 0; k < 100; k++) {
        model.set("at_a", k % 4);
        await new Promise((done) => setTimeout(done, 20));
      }
      window.requestAnimationFrame = ask;
      return spent.sort((a, b) => a - b)[Math.floor(0.95 * spent.length)];
    }"""
    rounds = []
    while len(rounds) < 3 and (not rounds or min(rounds) > 16):
        rounds.append(page.evaluate(spent))
    print(f"95th percentile of a frame's script: {min(rounds):.1f} ms")
    assert min(rounds) <= 16, rounds
