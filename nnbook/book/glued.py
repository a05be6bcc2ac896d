"""Numbers that a cell computes, prints, and hands to the prose."""

from __future__ import annotations

PREFIX = "application/papermill.record/"  # MyST-NB's mark for outputs that are kept and not shown


def glue(**values) -> None:
    """Print each value beside its name, and let the prose quote it with MyST-NB's ``glue:text`` role.

    The printed line is what a reader of the notebook sees; the page takes the same text, ``str(value)``.
    Give floats as formatted text, rounded so that another processor prints the same.
    """
    from IPython.display import display

    print(*(f"{name}: {value}" for name, value in values.items()), sep="\n")
    for name, value in values.items():
        metadata = {"scrapbook": {"name": name, "mime_prefix": PREFIX}}
        display({PREFIX + "text/plain": repr(str(value))}, raw=True, metadata=metadata)
