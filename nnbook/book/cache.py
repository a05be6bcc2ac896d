"""The folder of executed chapters, named by everything that their outputs depend on."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from nnbook.book import environment

# What chapters can read, from the root of the repository. A folder stands for all files in it.
SOURCES = ("nnbook", "chapters/results", "requirements.lock")


def sources(root: Path) -> list[Path]:
    """Return the files under ``root`` that a chapter's outputs depend on, the chapter itself aside."""
    found = []
    for name in SOURCES:
        path = root / name
        found += [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sorted(file for file in found if "__pycache__" not in file.parts and not file.name.startswith("."))


def key(root: str | Path) -> str:
    """Return a short hash of the package, its data, stored results, the lock, Python and the environment.

    jupyter-cache compares a chapter's code alone; this name makes it forget when anything beneath changed.
    """
    root = Path(root).resolve()
    digest = hashlib.sha256()

    def add(*parts: bytes) -> None:
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)

    for file in sources(root):
        add(file.relative_to(root).as_posix().encode(), file.read_bytes())
    add(f"python {sys.version_info.major}.{sys.version_info.minor}".encode())
    for name, value in sorted(environment.VARIABLES.items()):
        add(f"{name}={value}".encode())
    add(environment.STARTUP.encode(), environment.KERNEL_CONFIG.encode())
    return digest.hexdigest()[:16]


def folder(root: str | Path) -> Path:
    """Return the folder in which the executed chapters of this very state of ``root`` lie."""
    return Path(root).resolve() / "_build" / "executed" / key(root)


def point_to_folder(app, config) -> None:
    """Tell MyST-NB where the executed chapters are."""
    config.nb_execution_cache_path = str(folder(app.srcdir))


def setup(app) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", point_to_folder)
