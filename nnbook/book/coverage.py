"""Says where the book runs each item of its sources, or which chapter is going to."""

from __future__ import annotations

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from nnbook.book.numbering import chapter_number

logger = logging.getLogger(__name__)


class Where(nodes.Inline, nodes.Element):
    """Stands in the page until all labels are known."""


class WhereRole(SphinxRole):
    """``{where}`A9: 6, 11``` names an item and the chapters that owe it."""

    def run(self):
        """Return the placeholder."""
        item, _, chapters = self.text.partition(":")
        owed = [int(number) for number in chapters.replace(",", " ").split()]
        return [Where(item=item.strip().lower(), owed=owed, line=self.lineno)], []


def sections(env, item: str) -> list[tuple[str, str, str]]:
    """Return (page, anchor, title) of the sections labelled ``src-item`` or ``src-item-word``, in order."""
    label = f"src-{item}"
    labels = env.get_domain("std").labels.items()
    found = {where for name, where in labels if name == label or name.startswith(label + "-")}
    return sorted(found, key=lambda where: (where[0], position(env, where[0], where[1])))


def position(env, page: str, anchor: str) -> int:
    """Return how many of the page's sections stand before the one with this anchor."""
    ids = [section["ids"] for section in env.get_doctree(page).findall(nodes.section)]
    return next((place for place, names in enumerate(ids) if anchor in names), len(ids))


def resolve(app, doctree, docname) -> None:
    """Replace the placeholders by links and plans; warn of a chapter that lacks an item which it owes."""
    written = {chapter_number(page) for page in app.env.found_docs} - {None}
    for node in list(doctree.findall(Where)):
        parts, kept = [], set()
        for page, anchor, title in sections(app.env, node["item"]):
            kept.add(chapter_number(page))
            uri = app.builder.get_relative_uri(docname, page) + "#" + anchor
            number = chapter_number(page)
            text = f"{number}, {title}" if number else title
            parts.append(nodes.reference("", text, internal=True, refuri=uri))
        for chapter in sorted(set(node["owed"]) & written - kept):
            message = "chapter %s owes item %s and has no section labelled src-%s"
            logger.warning(message, chapter, node["item"], node["item"], location=(docname, node["line"]))
        planned = sorted(set(node["owed"]) - written)
        if planned:
            numbers = ", ".join(str(chapter) for chapter in planned)
            text = f"planned for chapter{'s' * (len(planned) > 1)} {numbers}"
            parts.append(nodes.emphasis("", text, classes=["nnbook-planned"]))
        shown = nodes.inline("", "", classes=["nnbook-where"])
        for part in parts:
            shown += [nodes.Text("; "), part] if shown.children else [part]
        node.replace_self(shown)


def setup(app) -> None:
    """Register with Sphinx."""
    app.add_node(Where)
    app.add_role("where", WhereRole())
    app.connect("doctree-resolved", resolve)
