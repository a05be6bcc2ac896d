"""Buttons that open a chapter in Colab or Binder, where the repository's address is known."""

from __future__ import annotations

import os
import re

ADDRESSES = {
    "Colab": "https://colab.research.google.com/github/{repository}/blob/gh-pages/notebooks/{notebook}",
    "Binder": "https://mybinder.org/v2/gh/{repository}/gh-pages?urlpath=lab/tree/notebooks/{notebook}",
}


def repository() -> str | None:
    """Return ``owner/name`` from NNBOOK_REPOSITORY or GITHUB_REPOSITORY, or None.

    Raises:
        ValueError: the variable holds something else.
    """
    name = os.environ.get("NNBOOK_REPOSITORY") or os.environ.get("GITHUB_REPOSITORY")
    if name and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ValueError(f"NNBOOK_REPOSITORY expected owner/name, got {name!r}")
    return name or None


def add_buttons(app, pagename, templatename, context, doctree) -> None:
    """Add one group of buttons to the page of a notebook.

    The links lead to the published branch, whose notebooks know what to install.
    """
    where = repository()
    if not where or not doctree or context.get("page_source_suffix") != ".ipynb":
        return
    notebook = pagename.rpartition("/")[2] + ".ipynb"
    buttons = [
        {
            "type": "link",
            "text": host,
            "tooltip": f"Open this chapter in {host}",
            "url": address.format(repository=where, notebook=notebook),
        }
        for host, address in ADDRESSES.items()
    ]
    group = {
        "type": "group",
        "tooltip": "Run this chapter",
        "icon": "fas fa-rocket",
        "label": "launch-buttons",
    }
    context["header_buttons"].insert(0, group | {"buttons": buttons})


def setup(app) -> None:
    """Register with Sphinx, after the theme has made its list of buttons."""
    app.connect("html-page-context", add_buttons, priority=510)
