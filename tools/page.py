"""Runs and builds one chapter alone: python tools/page.py 11."""

import subprocess
import sys
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

from nnbook.book.execute import choose, execute, pages

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "_build" / "page"


def find(name: str) -> Path:
    """Return the page that ``name`` begins, a number or more of its name, from the root of the repository."""
    if not name:
        sys.exit("Which chapter? As in make page P=11")
    try:
        return choose(pages(ROOT), [name])[0].relative_to(ROOT)
    except ValueError as error:
        sys.exit(f"make page P={name}: {error}")


def build(page: Path) -> int:
    """Build a book of ``page`` and of the pages without code that it links to, and return the exit status."""
    run = {path.relative_to(ROOT).with_suffix("").as_posix() for path in pages(ROOT)}
    plain = [name for name in parse_toc_yaml(ROOT / "_toc.yml") if name not in run]
    OUT.mkdir(parents=True, exist_ok=True)
    toc = OUT / "_toc.yml"
    lines = ["format: jb-book", f"root: {page.with_suffix('').as_posix()}", "chapters:"]
    toc.write_text("\n".join(lines + [f"- file: {name}" for name in plain]) + "\n", encoding="utf8")
    tool = Path(sys.executable).with_name("jupyter-book")
    return subprocess.call([tool, "build", ".", "--toc", toc, "--path-output", OUT], cwd=ROOT)


if __name__ == "__main__":
    page = find(sys.argv[1])
    print(f"Running and building {page} alone: its links to other chapters lead nowhere", flush=True)
    if execute(ROOT, [page.stem]) or build(page):
        sys.exit(f"{page} did not build: see above.")
    print(f"The page is at {OUT / '_build' / 'html' / page.with_suffix('.html')}")
