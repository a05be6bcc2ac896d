"""The Sphinx extension that turns the chapters into pages which load nothing from other hosts."""

from __future__ import annotations

from nnbook.book.glued import glue

__all__ = ["glue", "setup"]

PARTS = (
    "cache",
    "checksums",
    "comments",
    "coverage",
    "docstrings",
    "hosts",
    "languages",
    "launch",
    "mathjax",
    "numbering",
    "papers",
    "quiz",
    "roles",
    "whole",
    "widgets",
)


def setup(app) -> dict:
    """Register every part of the extension with Sphinx."""
    from importlib import import_module

    from nnbook.book import environment

    environment.apply(app.srcdir)
    for part in PARTS:
        import_module(f"nnbook.book.{part}").setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
