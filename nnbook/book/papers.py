"""Shows the paper's table: what others published beside what this book's engine finds."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from nnbook.book.numbering import chapter_number

COLUMNS = ("What", "Published", "Faithful", "Modern", "Verdict", "Seeds", "Epochs", "Time")


class Table(nodes.General, nodes.Element):
    """Stands in the page until all labels are known."""


def parts(root: str | Path):
    """Return the modules of ``papers``, which lies beside the package and is not installed with it."""
    if str(root) not in sys.path:
        sys.path.append(str(root))
    from papers import report, rows, store

    return report, rows, store


class PapersTable(SphinxDirective):
    """``{papers-table} nielsen2015`` shows the rows of a source; without a source, how many rows hold."""

    optional_arguments = 1

    def run(self):
        """Return a placeholder, or the sentence; the page is read again when a result or its code changes."""
        report, rows, store = parts(self.env.srcdir)
        table = rows.load()
        for path in depends_on(rows, store, table):
            self.env.note_dependency(str(path))
        if not self.arguments:
            results = {name: store.load(name) for name in table}
            return [nodes.paragraph("", report.summary(table, results))]
        source = self.arguments[0]
        names = [name for name, row in table.items() if row["source"] == source]
        if not names:
            known = ", ".join(sorted({row["source"] for row in table.values()}))
            raise self.error(f"rows.toml has no row from {source!r}; known: {known}")
        return [Table(rows=names)]


def depends_on(rows, store, table: dict) -> list[Path]:
    """Return the files by which the table is judged: rows, results, training code and lock."""
    code = [store.ROOT / "nnbook" / f"{name}.py" for name in store.CODE]
    results = [store.RESULTS / f"{name}.json" for name in table]
    return [rows.FILE, Path(store.experiments.__file__), store.LOCK, *code, *results]


def html(table: dict, results: dict, link, report) -> str:
    """Return rows as a table that scrolls in its box, and below it what is to be said of single rows.

    Args:
        table, results: name → row, and name → what is stored of it.
        link: gives (address, words) for the label of a section.
    """
    sources = ", ".join(sorted({row["source"] for row in table.values()}))
    title = f"Published results and ours: {sources}"
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    body = "".join(line(row, report.cells(row, results[name]), link, report) for name, row in table.items())
    remarks = "".join(remark(row, report.cells(row, results[name])) for name, row in table.items())
    return (
        '<div class="pst-scrollable-table-container nnbook-papers" tabindex="0" role="region" '
        f'aria-label="{title}"><table class="table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>" + (f"<ul>{remarks}</ul>" if remarks else "")
    )


def line(row: dict, cells: dict, link, report) -> str:
    """Return a row of the table."""
    address, words = link(row["section"])
    here = f'; here <a class="reference internal" href="{escape(address)}">{words}</a>' if address else ""
    small = f"{escape(row['measure'])} ({escape(row['where'])}{here})"
    data = [
        "<br>".join(map(escape, cells["published"])),
        values(row, cells["faithful"], report),
        values(row, cells["modern"], report),
        "<br>".join(map(escape, cells["verdict"])),
        *(escape(cells[name]) for name in ("seeds", "epochs", "time")),
    ]
    return (
        f'<tr><th scope="row">{escape(row["what"])}<small>{small}</small></th>'
        + "".join(f"<td>{cell}</td>" for cell in data)
        + "</tr>"
    )


def values(row: dict, told: dict, report) -> str:
    """Return medians and ranges, or why there are none."""
    if not told["values"]:
        return f"<em>{told['state']}</em>"
    lines = [
        f"<div>{escape(name) + ': ' if name else ''}<b>{middle}</b>"
        + (f" <small>{ends}</small>" if ends else "")
        + "</div>"
        for name, middle, ends in report.found(told["values"], row["digits"])
    ]
    return "".join(lines) + ("<em>stale</em>" if told["state"] == "stale" else "")


def remark(row: dict, cells: dict) -> str:
    """Return what differs from the source, and why a row is missed, as an item of a list."""
    missed = cells["faithful"]["verdict"] == "missed"
    words = [row.get("note", ""), row.get("because", "") if missed else ""]
    said = " ".join(escape(text) for text in words if text)
    return f"<li><p>{escape(row['what'])}: {said}</p></li>" if said else ""


def resolve(app, doctree, docname) -> None:
    """Replace the placeholders, now that it is known where each section is."""
    for node in list(doctree.findall(Table)):
        report, rows, store = parts(app.srcdir)

        def link(label):
            labels = app.env.get_domain("std").labels
            if label not in labels:  # in a book of one chapter
                return None, ""
            page, place, title = labels[label]
            number = chapter_number(page)
            uri = app.builder.get_relative_uri(docname, page) + "#" + place
            return uri, f"chapter&nbsp;{number}" if number else escape(title)

        table = rows.load()
        chosen = {name: table[name] for name in node["rows"]}
        results = {name: store.load(name) for name in chosen}
        node.replace_self(nodes.raw("", html(chosen, results, link, report), format="html"))


def setup(app) -> None:
    """Register with Sphinx."""
    app.add_node(Table)
    app.add_directive("papers-table", PapersTable)
    app.add_css_file("papers.css")
    app.connect("doctree-resolved", resolve)
