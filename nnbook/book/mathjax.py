"""MathJax, copied from an installed wheel so that formulas need no network."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

# The parts that a page can ask for; the whole wheel is 24 MB.
PARTS = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts")


def source() -> Path:
    """Return MathJax's folder in the wheel ``sphinx-mathjax-offline``."""
    found = importlib.util.find_spec("sphinx-mathjax-offline")
    if found is None:
        raise ImportError("the book needs sphinx-mathjax-offline: pip install 'nnbook[book]'")
    return Path(found.origin).parent / "static" / "mathjax"


def copy(target: Path) -> None:
    """Copy the needed parts to ``target`` unless they are there."""
    for part in PARTS:
        there, here = source() / part, target / part
        if here.exists():
            continue
        here.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if there.is_dir() else shutil.copyfile)(there, here)


def install(app, config) -> None:
    """Serve MathJax from the book's own static files."""
    static = Path(app.srcdir) / "_build" / "static"
    copy(static / "mathjax")
    config.html_static_path.append(str(static))
    config.mathjax_path = "mathjax/tex-chtml.js"


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", install)
