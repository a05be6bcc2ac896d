"""Takes roles out of the pages that the ARIA standard has given up."""

from __future__ import annotations

# docutils marks every entry of a bibliography with a deprecated role, which makes its list no list.
REPLACED = {
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}


def replace_roles(app, pagename, templatename, context, doctree) -> None:
    """Change the body of a page before it is written."""
    for old, new in REPLACED.items():
        context["body"] = context.get("body", "").replace(old, new)


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", replace_roles)
