"""Questions in boxes that the reader answers in the page: predictions, choices and numbers.

In the source a question is an admonition of class ``quiz`` or ``predict`` that ends with a folded admonition,
so that it reads as plain text in Jupyter and without scripts. The question is the last paragraph before the
numbered options; without options a number is asked for, and each answer then begins with one, as code.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
LISTS = (nodes.enumerated_list, nodes.bullet_list)
NUMBER = r"[-−]?\d+(\.\d+)?( ± \d+(\.\d+)?)?"


class Answers(nodes.General, nodes.Element):
    """What the page folds away until the reader has answered."""


def visit_answers(self, node) -> None:
    """Open the fold."""
    self.body.append(f'<details class="nnbook-answers"><summary>{self.encode(node["title"])}</summary>\n')


def depart_answers(self, node) -> None:
    """Close the fold."""
    self.body.append("</details>\n")


def nothing(self, node) -> None:
    """Leave the content of the fold as it is, where nothing can be folded."""


def parts(box) -> tuple:
    """Return a box's options and its folded admonition, each None if there is none."""
    boxes = [child for child in box if isinstance(child, nodes.admonition)]
    folded = [child for child in boxes if "dropdown" in child["classes"]]
    options = [child for child in box if isinstance(child, nodes.enumerated_list)]
    return (options or [None])[-1], (folded or [None])[-1]


def said_of(folded) -> nodes.Element | None:
    """Return the list that says something of each answer, if the fold begins with one."""
    inside = [child for child in folded if not isinstance(child, nodes.title)]
    return inside[0] if inside and isinstance(inside[0], LISTS) else None


def verdict(item) -> str:
    """Return how what is said of an answer begins, after the number: "Right", "No", or something else."""
    found = re.match(rf"(?:{NUMBER}\s*)?(?P<verdict>Right|No)\b", item.astext())
    return found["verdict"] if found else ""


def problem(box) -> str:
    """Say what a box lacks to be a question, or nothing."""
    options, folded = parts(box)
    if folded is None:
        return "a question must end with a folded admonition (:class: dropdown) that holds the answers"
    if not any(isinstance(child, nodes.paragraph) for child in box):
        return "a question must be asked in a paragraph before its answers"
    if "predict" in box["classes"]:
        return ""
    said = said_of(folded)
    verdicts = [verdict(item) for item in said] if said is not None else []
    if options is not None and len(verdicts) != len(options):
        return f"{len(options)} options need {len(options)} explanations in a list, found {len(verdicts)}"
    if not verdicts:
        return "a question without options needs a list of numbers as its answers"
    if not set(verdicts) <= {"Right", "No"}:
        return 'each explanation must begin with "Right" or "No"'
    if verdicts.count("Right") != 1:
        return f"one answer must be right, found {verdicts.count('Right')}"
    codes = [next((code.astext() for code in item.findall(nodes.literal)), "") for item in said]
    if options is None and not all(re.fullmatch(NUMBER, code) for code in codes):
        return "each answer of a question without options must begin with a number in backticks"
    return ""


def prepare(app, doctree) -> None:
    """Turn each box into what the script can work with; warn of boxes that are no questions."""
    boxes = [box for box in doctree.findall(nodes.admonition) if {"quiz", "predict"} & set(box["classes"])]
    for box in boxes:
        if "dropdown" in box["classes"]:  # a plain fold, whose question stands above it
            continue
        if said := problem(box):
            logger.warning("%s", said, location=box)
            continue
        options, folded = parts(box)
        said = said_of(folded)
        box["classes"].append("nnbook-ask")
        if options is not None:
            options["classes"].append("nnbook-options")
        if said is not None and (options is None or len(said) == len(options)):
            said["classes"].append("nnbook-said")
            for item in said:
                item["classes"] += ["nnbook-right"] if verdict(item) == "Right" else []
        title = next(folded.findall(nodes.title))
        answers = Answers("", *folded.children[1:], title=title.astext())
        folded.replace_self(answers)


def offer_files(app, config) -> None:
    """Let the book's folder of static files be found."""
    if str(STATIC) not in config.html_static_path:
        config.html_static_path.append(str(STATIC))


def add_files(app, pagename, templatename, context, doctree) -> None:
    """Load the script on pages that ask something."""
    if doctree is not None and any(doctree.findall(Answers)):
        app.add_js_file("quiz.js", loading_method="defer")


def setup(app) -> None:
    """Register with Sphinx."""
    plain = (nothing, nothing)
    app.add_node(
        Answers, html=(visit_answers, depart_answers), latex=plain, text=plain, man=plain, texinfo=plain
    )
    app.add_css_file("quiz.css")
    app.connect("config-inited", offer_files)
    app.connect("doctree-read", prepare)
    app.connect("html-page-context", add_files)
