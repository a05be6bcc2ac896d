"""Questions in the page: text without a script, answered by mouse and keyboard with one, checked at build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe import violations
from manuscript import FOLDER, cells

from nnbook.book import quiz

CHOICE = """\
::::{admonition} Question 1
:class: quiz

A bias is raised.

What happens to the line?

1. It turns.
2. It moves, *parallel* to itself.
3. Nothing.

:::{admonition} Answers
:class: dropdown

1. No.
   Weights turn it.
2. Right.
   All sums grow.
3. No.
   All sums grow, so some answers change.
:::
::::
"""
NUMBER = """\
::::{admonition} Question 2
:class: quiz

What is a third?

:::{admonition} Answers
:class: dropdown

- `0.333 ± 0.001` Right.
  One divided by three.
- `3` No.
  This is the other way round.
- `-2` No.
  It is positive.
:::
::::
"""
PREDICTION = """\
::::{admonition} Predict before you look
:class: predict

Will it settle?

1. Yes.
2. No.

:::{admonition} The answer
:class: dropdown

It never does.
:::
::::
"""
FOLD = ":::{admonition} A plain fold\n:class: dropdown predict\nHidden.\n:::\n"
CONFIG = """\
extensions = ["myst_parser", "nnbook.book.quiz"]
html_theme = "sphinx_book_theme"
myst_enable_extensions = ["colon_fence"]
html_static_path = [{book!r}]
html_css_files = ["book.css"]
html_context = {{"default_mode": "auto"}}
html_title = "Questions"
"""


def build(folder, **pages) -> str:
    """Build pages with Sphinx and return its warnings."""
    source = folder / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONFIG.format(book=str(FOLDER / "_static")), encoding="utf-8")
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "--no-color",
        "-d",
        folder / "doctrees",
        source,
        folder / "html",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with a page of questions and one without."""
    folder = tmp_path_factory.mktemp("quiz")
    text = f"# Questions\n\n```{{toctree}}\nplain\n```\n\n{CHOICE}\n{NUMBER}\n{PREDICTION}\n{FOLD}"
    warnings = build(folder, index=text, plain="# Plain\n\nNothing is asked here.")
    assert not warnings
    return folder / "html"


@pytest.fixture
def asked(site, page):
    """The page of questions, open in a browser, without errors."""
    errors = []
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((site / "index.html").as_uri())
    yield page
    assert not errors


# The page as it is written


def test_only_pages_that_ask_load_the_script(site):
    assert "quiz.js" in (site / "index.html").read_text(encoding="utf-8")
    assert "quiz.js" not in (site / "plain.html").read_text(encoding="utf-8")


def test_the_script_is_small_and_sends_and_keeps_nothing():
    script = (quiz.STATIC / "quiz.js").read_bytes()
    assert len(script) <= 6 * 1024
    assert not re.search(
        rb"fetch|XMLHttp|sendBeacon|localStorage|sessionStorage|cookie|import\(|https?:", script
    )


def test_without_a_script_questions_are_text_and_answers_are_folded(site, browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((site / "index.html").as_uri())
        box = page.locator(".admonition.quiz").first
        assert box.locator("ol.nnbook-options > li").all_inner_texts() == [
            "It turns.",
            "It moves, parallel to itself.",
            "Nothing.",
        ]
        assert page.locator(".nnbook-form, input[type=radio]").count() == 0
        answers = box.locator("details")
        assert not answers.get_by_text("All sums grow.", exact=False).first.is_visible()
        answers.locator("summary").click()
        assert answers.get_by_text("Weights turn it.").is_visible()


def test_a_plain_fold_stays_one(site):
    html = (site / "index.html").read_text(encoding="utf-8")
    assert re.search(
        r'<div class="[^"]*dropdown predict[^"]*admonition|admonition[^"]*dropdown predict', html
    )
    assert html.count("<details") == 3


# Answers


def test_each_option_is_explained_and_only_the_right_one_is_right(asked):
    form = asked.locator(".nnbook-form").first
    status = form.get_by_role("status")
    for option, words, kind in (
        ("It turns.", "Weights turn it.", "wrong"),
        ("It moves, parallel to itself.", "Right.", "right"),
        ("Nothing.", "some answers change", "wrong"),
    ):
        form.get_by_label(option).check()
        assert status.inner_text() == ""
        form.get_by_role("button", name="Check").click()
        assert words in status.inner_text()
        assert kind in status.get_attribute("class")


def test_a_choice_is_made_by_keyboard_alone(asked):
    asked.locator(".nnbook-form input").first.focus()
    asked.keyboard.press("ArrowDown")
    asked.keyboard.press("ArrowDown")
    asked.keyboard.press("ArrowUp")
    asked.keyboard.press("Tab")
    assert asked.evaluate("document.activeElement.textContent") == "Check"
    asked.keyboard.press("Enter")
    assert "All sums grow." in asked.locator(".nnbook-form").first.get_by_role("status").inner_text()
    asked.keyboard.press("Tab")
    asked.keyboard.press("Space")
    assert asked.locator("details").first.get_attribute("open") is not None


def test_nothing_chosen_is_answered_too(asked):
    for k, words in enumerate(("Choose one first.", "Type a number", "Choose one first.")):
        form = asked.locator(".nnbook-form").nth(k)
        form.get_by_role("button").click()
        assert words in form.get_by_role("status").inner_text()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1/3", "Right."),
        ("0.333", "Right."),
        (" 0,3335 ", "Right."),
        ("0.34", "Work it out once more"),
        ("3", "the other way round"),
        ("6/2", "the other way round"),
        ("−2", "It is positive"),
        ("-2.0", "It is positive"),
        ("a third", "Type a number"),
        ("1/", "Type a number"),
        ("1/0", "Work it out once more"),
        ("1/2/3", "Type a number"),
    ],
)
def test_numbers_are_read_as_people_write_them(asked, typed, words):
    form = asked.locator(".nnbook-form").nth(1)
    form.get_by_label("Your answer").fill(typed)
    form.get_by_label("Your answer").press("Enter")
    assert words in form.get_by_role("status").inner_text()


def test_a_prediction_opens_the_answer_and_is_quoted(asked):
    form = asked.locator(".nnbook-form").nth(2)
    answer = asked.get_by_text("It never does.")
    form.get_by_label("Yes.").check()
    assert not answer.is_visible()
    form.get_by_role("button", name="Show the answer").click()
    assert answer.is_visible()
    assert "number 1" in form.get_by_role("status").inner_text()


def test_the_question_names_the_group_and_the_answer_is_announced(asked):
    groups = asked.get_by_role("group", name="What happens to the line?")
    assert groups.get_by_role("radio").count() == 3
    assert asked.get_by_role("group", name="What is a third?").get_by_role("textbox").count() == 1
    assert asked.get_by_role("status").count() >= 3


def test_questions_do_not_share_their_choices(asked):
    asked.get_by_label("It turns.").check()
    asked.get_by_label("Yes.").check()
    assert asked.get_by_label("It turns.").is_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_answered_questions(asked, scheme):
    asked.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    asked.reload()
    asked.get_by_label("It turns.").check()
    asked.get_by_label("Your answer").fill("1/3")
    asked.get_by_label("No.", exact=True).check()
    for k in range(3):
        asked.locator(".nnbook-form").nth(k).get_by_role("button").click()
    asked.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert not violations(asked, ".bd-article")


def test_nothing_is_wider_than_a_telephone(asked):
    asked.set_viewport_size({"width": 320, "height": 700})
    assert asked.evaluate("document.documentElement.scrollWidth") <= 320


# Boxes that are no questions

WRONG = {
    "must end with a folded admonition": CHOICE.replace(":class: dropdown\n", ""),
    "must be asked in a paragraph": CHOICE.replace("A bias is raised.\n\nWhat happens to the line?\n", ""),
    "3 options need 3 explanations": CHOICE.replace(
        "3. No.\n   All sums grow, so some answers change.\n", ""
    ),
    "must begin with": CHOICE.replace("1. No.\n", "1. Hardly.\n"),
    "one answer must be right, found 2": CHOICE.replace("1. No.\n", "1. Right.\n"),
    "one answer must be right, found 0": CHOICE.replace("2. Right.\n", "2. No.\n"),
    "needs a list of numbers": re.sub(r"(?m)^- `.*\n  .*\n", "", NUMBER).replace(
        "dropdown\n", "dropdown\n\nText.\n"
    ),
    "begin with a number in backticks": NUMBER.replace("`3` No.\n", "No.\n"),
}


@pytest.fixture(scope="module")
def warned(tmp_path_factory):
    """What is said when every box that is no question is built, each on a page of its own."""
    pages = {f"page{k}": f"---\norphan: true\n---\n# Page\n\n{text}" for k, text in enumerate(WRONG.values())}
    return build(tmp_path_factory.mktemp("wrong"), index="# Index", **pages).splitlines()


@pytest.mark.parametrize("words", WRONG)
def test_a_box_that_is_no_question_is_warned_of(words, warned):
    page = f"page{list(WRONG).index(words)}.md"
    assert [words in line for line in warned if page in line] == [True]


# The chapters


def boxes(path):
    """Return how many questions a chapter's quiz has, and how many predictions it asks for."""
    text = "\n".join(cell.source for cell in cells(path) if cell.kind == "markdown")
    return text.count("\n:class: quiz\n"), text.count("\n:class: predict\n")


@pytest.mark.parametrize(
    "chapter", sorted(FOLDER.glob("[0-9][0-9]-*.ipynb")), ids=lambda path: Path(path).stem
)
def test_a_chapter_asks_five_questions_and_lets_the_reader_predict(chapter):
    questions, predictions = boxes(chapter)
    assert questions == 5
    assert predictions >= 1
