"""Executes the chapters that changed, two at a time, into the cache that the book is built from."""

from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from time import perf_counter

import nbformat
import yaml

from nnbook.book import cache, environment

SECONDS_A_CHAPTER = 60


def pages(root: Path) -> list[Path]:
    """Return the sources of all pages with code cells, in reading order."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    names = [root / name for name in parse_toc_yaml(root / "_toc.yml")]
    files = [name.with_name(name.name + suffix) for name in names for suffix in (".ipynb", ".md")]
    return [file for file in files if file.is_file() and read(file)]


def read(page: Path) -> nbformat.NotebookNode | None:
    """Return ``page`` as a notebook, the way MyST-NB reads it, or None where it is plain text."""
    from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook

    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        return nbformat.reads(text, as_version=4)
    if is_myst_markdown_notebook(text):
        return read_myst_markdown_notebook(text, add_source_map=True, path=str(page))
    return None


def choose(found: list[Path], names: list[str]) -> list[Path]:
    """Return the pages whose names begin with one of ``names`` (``1``, ``01``, ``11-train``), else all.

    Raises:
        ValueError: a name fits no page.
    """
    chosen = []
    for name in names:
        start = name.zfill(2) if name.isdigit() else name
        fitting = [page for page in found if page.stem.startswith(start)]
        if not fitting:
            raise ValueError(f"no page named {name!r}; known: {', '.join(page.stem for page in found)}")
        chosen += fitting
    return chosen or found


def run(page: Path, timeout: int, *, tries: int = 3) -> tuple[nbformat.NotebookNode, float, str]:
    """Execute one page in a kernel of its own; return its notebook, the seconds, and what went wrong.

    What a cell prints arrives in pieces, cut by chance; they are joined, so that each run gives the same.
    A kernel may lose its port to another one that starts beside it, and dies then before anything has run:
    so it is started again, up to ``tries`` times in all.
    """
    from jupyter_cache.executors.utils import single_nb_execution
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    notebook, begin = read(page), perf_counter()
    try:
        result = single_nb_execution(notebook, cwd=str(page.parent), timeout=timeout, allow_errors=False)
        fault = describe(notebook, result.err) if result.err else ""
    except RuntimeError as error:  # the kernel died
        if tries > 1 and "before replying" in str(error):
            return run(page, timeout, tries=tries - 1)
        fault = describe(notebook, error)
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    return notebook, perf_counter() - begin, fault


def describe(notebook: nbformat.NotebookNode, error: Exception) -> str:
    """Name the cell that failed, with its code and the error's own words."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    failed = [cell for cell in cells if any(output.output_type == "error" for output in cell.outputs)]
    pending = [cell for cell in cells if cell.execution_count is None]
    cell = next(iter(failed or pending or cells))
    words = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # without colours
    return f"in cell {cell.get('id', cells.index(cell))!r}\n{words}"


def execute(root: Path, names: list[str], *, jobs: int = 2, force: bool = False) -> list[str]:
    """Execute the stale pages into the cache, say how long each took, and return those that failed."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    environment.apply(root)
    store = get_cache(str(cache.folder(root)))
    timeout = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["execute"]["timeout"]
    chosen = choose(pages(root), names)
    stale = [page for page in chosen if force or not is_stored(store, page)]
    say(f"executing {len(stale)} of {len(chosen)} pages, the others are cached")
    failures = []
    if stale:
        environment.find_fonts()
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(run, page, timeout): page for page in stale}
        for done in as_completed(waiting):
            page = waiting[done]
            notebook, seconds, fault = done.result()
            if fault:
                failures.append(page.stem)
                say(f"FAILED {page.stem} after {seconds:.1f} s {fault}")
                continue
            bundle = CacheBundleIn(notebook, str(page), data={"execution_seconds": round(seconds, 1)})
            store.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            slow = f", over the limit of {SECONDS_A_CHAPTER} s" if seconds > SECONDS_A_CHAPTER else ""
            say(f"{seconds:6.1f} s  {page.stem}{slow}")
    return failures


def is_stored(store, page: Path) -> bool:
    """Say whether the cache holds the outputs of exactly this code."""
    try:
        store.match_cache_notebook(read(page))
    except KeyError:
        return False
    return True


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run from the root of the repository: ``python -m nnbook.book.execute [--jobs 2] [11 …]``."""
    parser = argparse.ArgumentParser(prog="python -m nnbook.book.execute", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="chapters by number or by the beginning of the name; default: all"
    )
    parser.add_argument("--jobs", type=int, default=2, help="kernels at a time (default: 2)")
    parser.add_argument("--force", action="store_true", help="execute also what is cached")
    options = parser.parse_args(arguments)
    try:
        failures = execute(Path.cwd(), options.names, jobs=options.jobs, force=options.force)
    except ValueError as error:
        parser.error(str(error))
    if failures:
        say(f"failed: {', '.join(failures)}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
