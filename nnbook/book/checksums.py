"""Makes a first build name the same checksums as a later one."""

from __future__ import annotations

from pathlib import Path


def place_style_sheets(app, env) -> None:
    """Put the style sheets of MyST-NB and sphinx-exercise where pages expect them before they are written.

    Sphinx adds to each page the checksums of the files it loads, and none for a file that is not there yet;
    these two come only when the pages are done.
    """
    from myst_nb.sphinx_ext import add_global_html_resources
    from sphinx_exercise import copy_asset_files

    Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
    add_global_html_resources(app, None)
    copy_asset_files(app, None)


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("env-updated", place_style_sheets)
