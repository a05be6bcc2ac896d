"""Runs the chapters and builds the pages, or one chapter alone: python tools/make_book.py [11]."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

from nnbook.book.execute import choose, execute, pages

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
BUILT = ROOT / "_build" / "built"
SOURCES = (
    "_config.yml",
    "_toc.yml",
    "requirements.lock",
    ".venv/installed.lock",
    "chapters",
    "nnbook",
    "papers",
)
GENERATED = {"__pycache__", ".ipynb_checkpoints"}


def variables() -> str:
    """Return the repository's address as the environment gives it, which the pages' buttons depend on."""
    return os.environ.get("NNBOOK_REPOSITORY") or os.environ.get("GITHUB_REPOSITORY") or ""


def stale() -> str:
    """Say why the built book is not what a build would make now, or return nothing."""
    if not (BUILT.exists() and (HTML / "index.html").exists()):
        return "the book is not built"
    if BUILT.read_text(encoding="utf8") != variables():
        return "the book was built for another repository address"
    files = [file for name in SOURCES for file in (ROOT / name, *(ROOT / name).rglob("*")) if file.is_file()]
    since = BUILT.stat().st_mtime
    newer = [file for file in files if file.stat().st_mtime > since and not GENERATED & set(file.parts)]
    names = ", ".join(str(file.relative_to(ROOT)) for file in newer[:3])
    return f"the built book is older than {names}" if newer else ""


def jupyter_book(*arguments) -> int:
    """Run jupyter-book in the repository's root and return its exit status."""
    return subprocess.call(
        [Path(sys.executable).with_name("jupyter-book"), "build", ".", *arguments], cwd=ROOT
    )


def make_book() -> None:
    """Build the whole book unless it is up to date, and note when the build began."""
    if reason := stale():
        print(f"Running the chapters that changed: {reason}", flush=True)
        started = BUILT.with_name("started")
        started.parent.mkdir(exist_ok=True)
        started.write_text(variables(), encoding="utf8")
        if execute(ROOT, []):
            sys.exit("A chapter failed: see above.")
        print("Building the pages", flush=True)
        if jupyter_book("-W", "-n", "--keep-going"):
            shutil.rmtree(ROOT / "_build" / ".doctrees", ignore_errors=True)  # its labels would be doubles
            sys.exit("The book did not build: see above.")
        started.replace(BUILT)
    print(f"The book is at {HTML / 'index.html'}")


def make_page(name: str) -> None:
    """Build a book of one chapter and of the pages without code that it links to."""
    try:
        page = choose(pages(ROOT), [name])[0].relative_to(ROOT).with_suffix("")
    except ValueError as error:
        sys.exit(f"make page P={name}: {error}")
    print(f"Running and building {page} alone: its links to other chapters lead nowhere", flush=True)
    out = ROOT / "_build" / "page"
    toc = out / "_toc.yml"
    out.mkdir(parents=True, exist_ok=True)
    code = {path.relative_to(ROOT).with_suffix("").as_posix() for path in pages(ROOT)}
    plain = [f"- file: {name}" for name in parse_toc_yaml(ROOT / "_toc.yml") if name not in code]
    lines = ["format: jb-book", f"root: {page.as_posix()}", "chapters:", *plain]
    toc.write_text("\n".join(lines) + "\n", encoding="utf8")
    if execute(ROOT, [page.name]) or jupyter_book("--toc", toc, "--path-output", out):
        sys.exit(f"{page} did not build: see above.")
    print(f"The page is at {out / '_build' / 'html' / page}.html")


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:] == [""]:
        sys.exit("Which chapter? One at a time, as in make page P=11")
    make_page(sys.argv[1]) if sys.argv[1:] else make_book()
