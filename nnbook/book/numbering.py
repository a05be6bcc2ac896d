"""Chapters keep the number in their file's name, also while others are not written yet."""

from __future__ import annotations

import re

from docutils import nodes


def chapter_number(docname: str) -> int | None:
    """Return 11 for ``chapters/11-train-for-real``, None for pages without a number."""
    found = re.match(r"(\d\d)-", docname.rpartition("/")[2])
    return int(found[1]) if found else None


def renumber(env) -> list[str]:
    """Replace the first part of every section number by the chapter's own; return the pages that changed."""
    changed = []
    for docname, numbers in env.toc_secnumbers.items():
        chapter = chapter_number(docname)
        if chapter is None:
            continue
        right = {anchor: (chapter, *number[1:]) if number else number for anchor, number in numbers.items()}
        if right != numbers:
            changed.append(docname)
            env.toc_secnumbers[docname] = right
        for tree in (env.tocs[docname], env.titles[docname]):
            for node in [tree, *tree.findall(nodes.reference)]:
                if node.get("secnumber"):
                    node["secnumber"] = [chapter, *node["secnumber"][1:]]
    return changed


def wrap_collector() -> None:
    """Let Sphinx count as it does and correct the count before figures are numbered by it."""
    from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

    assign = Collector.assign_section_numbers
    if getattr(assign, "keeps_chapter_numbers", False):
        return

    def assign_section_numbers(self, env):
        return sorted({*assign(self, env), *renumber(env)})

    assign_section_numbers.keeps_chapter_numbers = True
    Collector.assign_section_numbers = assign_section_numbers


def setup(app) -> None:
    """Register with Sphinx."""
    wrap_collector()
