"""Makes a first build name the same checksums as a later one."""

from __future__ import annotations

from pathlib import Path


def place_style_sheet(app, env) -> None:
    """Put MyST-NB's style sheet where pages expect it before they are written, not after.

    Sphinx adds to each page the checksums of the files it loads, and none for a file that is not there yet.
    """
    from myst_nb.sphinx_ext import add_global_html_resources

    Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
    add_global_html_resources(app, None)


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("env-updated", place_style_sheet)
