"""Lets docstrings be plain English: bars and colons in them mean nothing to Sphinx."""

from __future__ import annotations


def plain(app, what, name, obj, options, lines: list[str]) -> None:
    """Keep ``|x|`` from being a substitution, and the first colon of a property from being a type."""
    lines[:] = [escape_bars(line) for line in lines]
    if what in ("attribute", "data", "property") and lines:
        lines[0] = lines[0].replace(": ", " – ")


def escape_bars(line: str) -> str:
    """Put a backslash before each bar outside of ``literal`` text."""
    parts = line.split("``")
    parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
    return "``".join(parts)


def setup(app) -> None:
    """Register with Sphinx, before napoleon reads the docstrings."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", plain, priority=100)
