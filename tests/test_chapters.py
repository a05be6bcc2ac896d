"""The chapters keep the rules of the house: shape, tags, numbers, figures, words."""

from __future__ import annotations

import ast
import json
import re

import pytest
from manuscript import (
    CHAPTERS,
    FOLDER,
    PAGES,
    bare,
    cells,
    code,
    glossary,
    kinds,
    notebook,
    number_problems,
    of_cell,
    of_package,
    role_targets,
    sentence_problems,
    texts,
    typed_numbers,
    unlinked_terms,
)

VERBS = set(
    """check choose explain keep look make measure meet read regularise search see send serve spot stack start
    step think train use walk""".split()
)
SHOWS = r"plotting\.(?!use_style\b|grid\b|tint\b|[A-Z])\w+\(|plt\.(subplots|figure|plot|imshow)\("

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def figures(chapter):
    """Return (cell, caption, name, alternative text) of every cell that says it is a figure."""
    for cell in code(chapter):
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure is not None:
            alt = cell.metadata["mystnb"].get("image", {}).get("alt", "")
            yield cell, figure.get("caption", ""), figure.get("name", ""), alt


def glued(chapter):
    """Return the names that the chapter's cells glue, in order; None stands for ``**values``."""
    calls = [node for cell in code(chapter) for node in ast.walk(cell.tree) if isinstance(node, ast.Call)]
    return [word.arg for node in calls if getattr(node.func, "id", "") == "glue" for word in node.keywords]


# The file


@every_chapter
def test_a_chapter_is_stored_without_outputs_and_with_no_more_metadata_than_its_kernel(chapter):
    book = notebook(chapter)
    assert not [cell.id for cell in code(chapter) if cell.raw["outputs"] or cell.raw["execution_count"]]
    assert set(book["metadata"]) <= {"kernelspec", "language_info"}
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    assert set(book["metadata"].get("language_info", {})) <= {"name"}
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)


@every_chapter
def test_cells_have_unique_ids_that_are_words(chapter):
    ids = [cell.id for cell in cells(chapter)]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)]
    assert not [name for name in ids if re.fullmatch(r"cell-?\d*|[0-9a-f]{8,}(-[0-9a-f]+)*", name)]


@every_chapter
def test_cells_have_no_metadata_but_tags_figures_and_folding(chapter):
    known = {"tags", "mystnb", "jupyter", "slideshow"}
    assert not [cell.id for cell in cells(chapter) if not set(cell.metadata) <= known]


# The shape


@every_chapter
def test_the_title_starts_with_a_verb_and_the_file_is_named_after_it(chapter):
    first = cells(chapter)[0]
    title = first.source.splitlines()[0]
    assert title.startswith("# ") and not re.search(r"\d", title)
    words = re.sub(r"[^a-z ]", "", title[2:].lower()).split()
    assert words[0] in VERBS
    assert "-".join(words).startswith(chapter.stem[3:])


@every_chapter
def test_headings_go_down_one_level_at_a_time(chapter):
    headings = [line for cell in texts(chapter) for kind, line in cell.lines if kind == "heading"]
    levels = [len(line) - len(line.lstrip("#")) for line in headings]
    assert levels.count(1) == 1
    assert not [
        line for line, above, here in zip(headings[1:], levels, levels[1:], strict=False) if here > above + 1
    ]


@every_chapter
def test_every_code_cell_is_introduced_by_prose(chapter):
    problems = []
    for before, cell in zip([None, *cells(chapter)], cells(chapter), strict=False):
        if cell.kind == "code" and "remove-cell" not in cell.tags:
            last = [kind for kind, _ in before.lines if kind != "blank"][-1:] if before else []
            problems += [] if last and last[0] not in ("heading", "target") else [cell.id]
    assert not problems


@every_chapter
def test_cells_are_short(chapter):
    lengths = {cell.id: len(cell.source.splitlines()) for cell in code(chapter)}
    assert not [name for name, lines in lengths.items() if lines > 30]
    assert not [cell.id for cell in code(chapter) if cell.builds and lengths[cell.id] > 15]


@every_chapter
def test_one_sentence_stands_on_a_line(chapter):
    assert not [line for cell in texts(chapter) for line in sentence_problems(cell.source)]


# Build, check, use


@every_chapter
def test_what_is_built_is_checked_before_the_next_is_built(chapter):
    unchecked, problems = None, []
    for cell in code(chapter):
        if cell.builds and unchecked:
            problems.append(unchecked)
        unchecked = None if cell.holds_assert else cell.id if cell.builds else unchecked
    assert not problems and not unchecked, f"no assert after {problems or unchecked}"


@every_chapter
def test_code_that_is_called_the_packages_own_is_the_packages_own(chapter):
    for cell in code(chapter):
        for name in cell.tagged("same-as:"):
            theirs, ours = of_package(name), of_cell(cell)
            assert theirs is not None, f"{cell.id}: the package has no {name}"
            assert ours is not None, f"{cell.id}: one definition was expected"
            assert bare(ours) == bare(theirs), f"{cell.id} differs from {name}"


@every_chapter
def test_each_mistake_is_shown_then_repaired_and_both_are_checked(chapter):
    wrong = [(item, cell) for cell in code(chapter) for item in cell.tagged("shows-wrong:")]
    right = [(item, cell) for cell in code(chapter) for item in cell.tagged("repairs:")]
    order = [cell.id for cell in cells(chapter)]
    assert {item for item, _ in wrong} == {item for item, _ in right}
    assert not [item for item, _ in wrong + right if not re.fullmatch(r"[A-D]\d+[a-h]?", item)]
    assert not [cell.id for _, cell in wrong + right if not cell.holds_assert]
    for item, cell in right:
        first = next(other for name, other in wrong if name == item)
        assert order.index(first.id) < order.index(cell.id), f"{item} is repaired before it is shown"


# Numbers


@every_chapter
def test_no_measured_number_is_typed(chapter):
    captions = [caption for _, caption, _, _ in figures(chapter)]
    assert not [
        hit
        for source in [cell.source for cell in texts(chapter)] + captions
        for hit in number_problems(source)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_measured_number_is_typed_on_the_other_pages(path):
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not number_problems(text)


@every_chapter
def test_every_quoted_number_is_glued_once(chapter):
    names = glued(chapter)
    prose = [cell.source for cell in texts(chapter)] + [caption for _, caption, _, _ in figures(chapter)]
    quoted = [name.split(":")[0] for source in prose for name in role_targets(source, "glue:text")]
    assert len(set(names)) == len(names)
    assert None in names or not set(quoted) - set(names)  # else the build finds out


# Figures


@every_chapter
def test_every_figure_has_a_caption_a_name_and_an_alternative_text(chapter):
    said = {cell.id for cell, *_ in figures(chapter)}
    assert not [cell.id for cell in code(chapter) if re.search(SHOWS, cell.source) and cell.id not in said]
    for cell, caption, name, alt in figures(chapter):
        assert len(caption.split()) >= 6 and re.search(
            r"[.!?]\)?$", re.sub("<!--.*?-->", "", caption).strip()
        ), cell.id
        assert re.fullmatch(r"fig-[a-z0-9-]+", name), cell.id
        shown = "explorers." in cell.source  # an explorer brings its own alternative text
        assert shown or len(alt.split()) >= 6 and alt != caption, cell.id
        assert "set_title" not in cell.source and "plt.title" not in cell.source, cell.id


# Widgets and exercises


@every_chapter
def test_a_chapter_has_a_widget_and_five_to_eight_exercises(chapter):
    assert [cell.id for cell in code(chapter) if "explorers." in cell.source]
    stubs, solutions = ([t for t in tags(chapter) if t.startswith(kind)] for kind in ("stub:", "solution:"))
    names = [tag.partition(":")[2] for tag in stubs]
    assert 5 <= len(names) <= 8 and names == [tag.partition(":")[2] for tag in solutions]


def tags(chapter):
    """Return the tags of all cells, in order."""
    return [tag for cell in cells(chapter) for tag in cell.tags]


@every_chapter
def test_an_exercise_is_asked_tried_and_solved_in_a_fold_in_this_order(chapter):
    steps = []
    for cell in cells(chapter):
        steps += re.findall(r"^:::\{(exercise|solution-start|solution-end)\}", cell.source, re.M)
        steps += [tag.partition(":")[0] for tag in cell.tags if tag.startswith(("stub:", "solution:"))]
        if any(tag.startswith("solution:") for tag in cell.tags):
            assert cell.metadata["jupyter"]["source_hidden"], cell.id
    one = ["exercise", "stub", "solution-start", "solution", "solution-end"]
    assert steps == one * (len(steps) // len(one))


def test_figures_labels_and_equations_have_names_of_their_own():
    names = [name for chapter in CHAPTERS for _, _, name, _ in figures(chapter)]
    sources = [cell.source for chapter in CHAPTERS for cell in texts(chapter)]
    sources += [path.read_text(encoding="utf-8") for path in PAGES]
    for source in sources:
        names += re.findall(r"^\(([\w-]+)\)=$", source, re.MULTILINE)
        names += re.findall(r"^\$\$ *\(([\w-]+)\)$", source, re.MULTILINE)
    assert not {name for name in names if names.count(name) > 1}


# Words


@every_chapter
def test_glossary_terms_are_linked_where_they_are_first_used(chapter):
    assert not unlinked_terms(chapter)


@every_chapter
def test_glossary_terms_and_citations_exist(chapter):
    bib = (FOLDER / "references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"@\w+\{([^,\s]+),", bib))
    terms = {term.lower() for term in glossary()}
    for cell in texts(chapter):
        assert not {term for term in role_targets(cell.source, "term") if term.lower() not in terms}, cell.id
        cited = [
            key.strip() for group in role_targets(cell.source, r"cite(?::\w+)?") for key in group.split(",")
        ]
        assert not set(cited) - keys, cell.id


@every_chapter
def test_the_prose_holds_no_html_no_emoji_and_no_simply(chapter):
    for cell in texts(chapter):
        prose = "\n".join(line for kind, line in cell.lines if kind not in ("code", "math"))
        prose = re.sub(r"<!--.*?-->|`[^`]*`|\$[^$]*\$|<https?:[^>]*>", "", prose)
        assert not re.search(r"<[a-zA-Z/][^>]*>", prose), cell.id
        assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", cell.source), cell.id
        assert not re.search(r"\bsimply\b", prose, re.IGNORECASE), cell.id


# The rules themselves

TYPED = [
    "It reaches 91.5 % on the test digits.",
    "It reaches 91 per cent.",
    "The loss falls to 0.03.",
    "Keras is 12x slower.",
    "Keras is 12 times slower.",
    "It took 3 minutes.",
    "It took 12 s.",
    "They differ by 1e-13.",
    "They differ by 10⁻¹³.",
    r"It reaches $91\,\%$.",
    "The error was 1.6 {cite:p}`simard2003`.",
    "The error was 1.6. <!-- cited -->",
]
NOT_TYPED = [
    "It makes {glue:text}`mistakes` mistakes.",
    "Here $0.7 \\cdot 1 - 0.2 = 0.5$.",
    "The rate is 0.1. <!-- setting -->",
    "The error was 1.6 {cite:p}`simard2003`. <!-- cited -->",
    "Write `x = 0.5` for it.",
    "It needs Python 3.11, 3.12 or 3.13.",
    "The 784-32-64-10 network has four numbers in its name.",
    "See [the table](https://example.org/1.5).",
]


@pytest.mark.parametrize("line", TYPED)
def test_a_typed_number_is_found(line):
    assert typed_numbers(line)


@pytest.mark.parametrize("line", NOT_TYPED)
def test_other_numbers_are_left_alone(line):
    assert not typed_numbers(line)


@pytest.mark.parametrize(
    "source",
    [
        "One sentence. Another one.",
        "A sentence that\ngoes on.",
        "- An item. And more.",
        "Ends in `code`. Next.",
    ],
)
def test_more_or_less_than_a_sentence_on_a_line_is_found(source):
    assert sentence_problems(source)


@pytest.mark.parametrize(
    "source",
    [
        "One sentence.\nAnother one.",
        "The sum\n\n$$\nx\n$$ (eq-x)\n\nis small.",
        "Some rules, e.g. Hebb's, are old.",
        "Rumelhart et al. Showed it.",
        "- one item\n- another",
        ":::{admonition} What. Is it\n:class: wrong\nA line.\n:::",
        "```python\na = 1. ; B\n```",
        "Term\n: Its meaning.\n  And more.",
    ],
)
def test_a_sentence_a_line_is_left_alone(source):
    assert not sentence_problems(source)


def test_lines_are_told_apart():
    source = "(sec-x)=\n# Title\n\n:::{note}\n:class: tip\nProse.\n:::\n\n"
    source += "$$\nx\n$$ (eq-x)\n- item\n| a |\n```py\ncode\n```"
    expected = (
        "target heading blank directive option prose directive blank math math math item table code code code"
    )
    assert [kind for kind, _ in kinds(source)] == expected.split()


def test_code_is_compared_without_docstrings_and_decorators():
    ours = ast.parse('@cache\ndef f(x):\n    """Doc."""\n    return x').body[0]
    assert bare(ours) == bare(ast.parse("def f(x):\n    return x").body[0])
    other = ast.parse("def f(x):\n    return 2 * x").body[0]
    assert bare(ours) != bare(other)


def test_the_packages_code_is_found_by_name():
    assert of_package("nnbook.activations.sigmoid").name == "sigmoid"
    assert of_package("nnbook.layers.Dense.forward").name == "forward"
    assert of_package("nnbook.activations.no_such_function") is None


def test_an_unlinked_term_is_found(tmp_path):
    def page(*sources):
        made = [
            {"cell_type": "markdown", "id": f"text-{k}", "metadata": {}, "source": [s]}
            for k, s in enumerate(sources)
        ]
        path = tmp_path / f"{len(list(tmp_path.iterdir())):02d}-page.ipynb"
        path.write_text(json.dumps({"cells": made}), encoding="utf-8")
        return path

    assert unlinked_terms(page("The biases move.", "A {term}`bias` again."))
    assert not unlinked_terms(page("The {term}`biases <bias>` move.", "A bias again."))
    assert not unlinked_terms(page("A {term}`hidden layer` hides.", "The {term}`layer` below."))
    assert unlinked_terms(page("A {term}`hidden layer` hides.", "The layer below."))
