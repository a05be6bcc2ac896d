"""Builds the whole book every time; only the execution of chapters is cached."""

from __future__ import annotations

from pathlib import Path


def every_page(app, env, added, changed, removed) -> list[str]:
    """Name every page as outdated.

    Sphinx would write only the pages whose files changed, and leave a search index with holes and pages
    that still link to what other pages no longer have.
    """
    return sorted(env.found_docs - set(added))


def forget_words(app) -> None:
    """Remove the search index of the last build, whose words would stay in the new one."""
    Path(app.outdir, "searchindex.js").unlink(missing_ok=True)


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("builder-inited", forget_words)
    app.connect("env-get-outdated", every_page)
