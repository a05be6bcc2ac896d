"""Files of results, which are never half written."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, text: str):
    """Write a file in one go: who reads it meets the old or the new text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(text, encoding="utf8")
    os.replace(draft, path)
