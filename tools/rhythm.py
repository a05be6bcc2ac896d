"""Reports the rhythm of chapters, prose against code: python tools/rhythm.py chapters/*.ipynb."""

import json
import sys
from pathlib import Path
from statistics import median


def rhythm(path: Path) -> dict:
    """Count the lines of each code cell, and the words of prose for each line of code."""
    cells = json.loads(path.read_text(encoding="utf8"))["cells"]
    text = {
        kind: ["".join(c["source"]) for c in cells if c["cell_type"] == kind] for kind in ("code", "markdown")
    }
    lines = [sum(bool(line.strip()) for line in source.splitlines()) for source in text["code"]] or [0]
    words = sum(len(source.split()) for source in text["markdown"])
    return {
        "cells": len(text["code"]),
        "median": median(lines),
        "longest": max(lines),
        "words": words / max(sum(lines), 1),
    }


if __name__ == "__main__":
    print("Rhythm: code cells, their median and longest length in lines, words of prose a line of code")
    for name in sys.argv[1:]:
        path = Path(name)
        print("  {:32} {cells:4} {median:5.1f} {longest:4} {words:6.1f}".format(path.stem, **rhythm(path)))
