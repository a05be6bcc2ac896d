"""The Sphinx extension: what its cache key sees, how kernels run, and what it does to a page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from nnbook.book import cache, docstrings, environment, execute, launch, numbering


def notebook(path, *sources, kinds=None):
    """Write a notebook of code cells, or of the kinds given."""
    kinds = kinds or ["code"] * len(sources)
    made = []
    for number, (kind, source) in enumerate(zip(kinds, sources, strict=True)):
        cell = {"cell_type": kind, "id": f"step-{number}", "metadata": {}, "source": source}
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def root(tmp_path):
    """A small repository: a package with data, a stored result, a lock, a chapter."""
    for name, text in {
        "nnbook/layers.py": "x = 1",
        "nnbook/data/digits.npz": "bytes",
        "nnbook/book/glued.py": "y = 1",
        "chapters/results/sweep.json": "{}",
        "requirements.lock": "numpy==2.4",
        "_config.yml": "execute: {timeout: 60}",
        "_toc.yml": "format: jb-book\nroot: chapters/index\nchapters: [{file: chapters/01-one}]",
        "chapters/index.md": "# Index",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    notebook(tmp_path / "chapters" / "01-one.ipynb", "1 + 1")
    return tmp_path


@pytest.fixture
def restored(monkeypatch):
    """Put the environment back after a test that lets the extension change it."""
    for name in (*environment.VARIABLES, "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return monkeypatch


# The cache key


def write(name, text="changed"):
    """Return a change that writes a file."""
    return lambda root, monkeypatch: (root / name).write_text(text)


def patch(target, name, value):
    """Return a change that sets an attribute or an entry."""

    def change(root, monkeypatch):
        (monkeypatch.setitem if isinstance(target, dict) else monkeypatch.setattr)(target, name, value)

    return change


CHANGES = {
    "code": write("nnbook/layers.py"),
    "data": write("nnbook/data/digits.npz"),
    "the extension": write("nnbook/book/glued.py"),
    "a new file": write("nnbook/new.py"),
    "a stored result": write("chapters/results/sweep.json"),
    "the lock": write("requirements.lock"),
    "a file taken away": lambda root, monkeypatch: (root / "nnbook/layers.py").unlink(),
    "a file renamed": lambda root, monkeypatch: (root / "nnbook/layers.py").rename(root / "nnbook/lay.py"),
    "Python": patch(sys, "version_info", SimpleNamespace(major=3, minor=99)),
    "a variable's value": patch(environment.VARIABLES, "PYTHONHASHSEED", "1"),
    "a new variable": patch(environment.VARIABLES, "NEW", "1"),
    "the kernels' startup": patch(environment, "STARTUP", "pass"),
    "the kernels' configuration": patch(environment, "KERNEL_CONFIG", "pass"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_key_changes_with(change, root, monkeypatch):
    before = cache.key(root)
    change(root, monkeypatch)
    assert cache.key(root) != before


def test_the_key_stays_when_nothing_that_matters_changes(root, tmp_path_factory):
    before = cache.key(root)
    write("chapters/index.md")(root, None)
    (root / "nnbook" / "__pycache__").mkdir()
    write("nnbook/__pycache__/layers.cpython-311.pyc")(root, None)
    assert cache.key(root) == before
    moved = root.rename(tmp_path_factory.mktemp("elsewhere") / "copy")
    assert cache.key(moved) == before


def test_sphinx_is_told_the_keyed_folder(root):
    config = SimpleNamespace()
    cache.point_to_folder(SimpleNamespace(srcdir=str(root)), config)
    assert config.nb_execution_cache_path == str(cache.folder(root))
    assert Path(config.nb_execution_cache_path).name == cache.key(root)


# Kernels

WIDGETS = "import ipywidgets\nslider = ipywidgets.IntSlider()\nslider"
SEEN = "import os\n[os.environ.get(name) for name in %r]"


def test_kernels_run_with_the_environment_of_the_book_and_widgets_keep_their_ids(root, restored):
    names = sorted(environment.VARIABLES)
    path = root / "chapters" / "02-two.ipynb"
    notebook(path, WIDGETS, SEEN % names, "hash('a')", "from nnbook.book import glue\nglue(mistakes=17)")
    environment.apply(root)
    (first, _, fault), (second, *_) = execute.run(path, 60), execute.run(path, 60)
    outputs = [cell.outputs for cell in first.cells]
    assert not fault
    assert outputs == [cell.outputs for cell in second.cells]
    assert re.fullmatch("0{20}[0-9a-f]{12}", widget_id(outputs[0][0]))
    assert eval(outputs[1][0].data["text/plain"]) == [environment.VARIABLES[name] for name in names]
    assert outputs[3][0].text == "mistakes: 17\n"
    assert outputs[3][1].metadata["scrapbook"]["name"] == "mistakes"


def widget_id(output):
    """Return the model id in a widget's output."""
    return output.data["application/vnd.jupyter.widget-view+json"]["model_id"]


DIES_AT_FIRST = """import os, sys
with open({path!r}, "a") as begun:
    begun.write("x")
if os.path.getsize({path!r}) > {deaths}:
    os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
sys.exit(1)
"""


@pytest.mark.parametrize("deaths", [2, 9])
def test_a_kernel_that_dies_before_it_answers_is_started_again(root, restored, tmp_path, deaths):
    begun, spec = tmp_path / "begun", tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    words = [sys.executable, "-c", DIES_AT_FIRST.format(path=str(begun), deaths=deaths)]
    kernel = {"argv": [*words, "-f", "{connection_file}"], "display_name": "Python", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    path = root / "chapters" / "02-two.ipynb"
    notebook(path, "1 + 1")
    environment.apply(root)
    restored.setenv("JUPYTER_PATH", str(tmp_path))
    found, _, fault = execute.run(path, 60)
    assert begun.read_text() == "xxx"
    if deaths == 2:
        assert not fault and found.cells[0].outputs[0].data["text/plain"] == "2"
    else:
        assert "Kernel died before replying" in fault


def test_stale_pages_are_executed_once_and_failures_are_named(root, restored, capsys):
    restored.chdir(root)
    assert execute.main([]) == 0
    assert "executing 1 of 1 pages" in capsys.readouterr().out
    assert execute.main(["1"]) == 0
    assert "executing 0 of 1 pages" in capsys.readouterr().out
    notebook(root / "chapters" / "01-one.ipynb", "1 + 1", "1 / 0")
    assert execute.main([]) == 1
    said = capsys.readouterr().out
    assert "FAILED 01-one" in said and "'step-1'" in said and "ZeroDivisionError" in said
    assert "\x1b" not in said
    write("nnbook/layers.py")(root, None)
    assert execute.main(["01-one"]) == 1


def test_a_page_that_does_not_exist_is_refused(root, restored, capsys):
    restored.chdir(root)
    with pytest.raises(SystemExit):
        execute.main(["7"])
    assert "no page named '7'; known: 01-one" in capsys.readouterr().err


# Pages

SMALL = {
    "_config.yml": """
title: Small
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx: {extra_extensions: [nnbook.book], recursive_update: true}
""",
    "_toc.yml": """
format: jb-book
root: chapters/index
parts:
- caption: One
  numbered: 2
  chapters: [{file: chapters/03-three}]
- caption: Two
  numbered: 2
  chapters: [{file: chapters/07-seven}]
""",
    "chapters/index.md": """
# Small

{where}`A1: 3`; {where}`A2: 3, 5, 6`; {where}`A3: 7`; {where}`A4: 3`.

{zh}`偏置` and $x$.
""",
    "requirements.lock": "",
}
THREE = """# Three

(src-a1)=

(src-a2-first)=

## First

A line. <!-- setting -->

(src-a2)=
## Second
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The pages of a small book, and what Sphinx said when it was built."""
    root = tmp_path_factory.mktemp("small")
    for name, text in SMALL.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    notebook(root / "chapters" / "03-three.ipynb", THREE, kinds=["markdown"])
    notebook(root / "chapters" / "07-seven.ipynb", "# Seven\n\n(src-a3)=\n## Third", kinds=["markdown"])
    tool = Path(sys.executable).with_name("jupyter-book")
    environ = os.environ | {"NNBOOK_REPOSITORY": "owner/name", "NO_COLOR": "1"}
    command = [tool, "build", root, "-n", "--path-output", root]
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.stem: path.read_text("utf-8") for path in (root / "_build/html/chapters").glob("*.html")}
    return SimpleNamespace(**pages, pages=pages, said=done.stdout + done.stderr)


def test_chapters_keep_the_numbers_of_their_files(small):
    assert '<span class="section-number">7. </span>Seven' in small.pages["07-seven"]
    assert '<span class="section-number">7.1. </span>Third' in small.pages["07-seven"]
    assert '<span class="section-number">3.2. </span>Second' in small.pages["03-three"]
    assert "7. Seven" in small.index


def test_items_link_to_the_sections_that_run_them_and_else_to_plans(small):
    text = re.sub(r"\s+", " ", small.index)
    assert '<a class="reference internal" href="03-three.html#src-a1">3, First</a>' in text
    assert "3, First</a>; <a" in text and "3, Second</a>; <em" in text
    assert "planned for chapters 5, 6" in text
    assert "7, Third</a>" in text


def test_a_chapter_that_lacks_what_it_owes_is_a_warning(small):
    assert "chapter 3 owes item a4 and has no section labelled src-a4" in small.said
    assert small.said.count("owes item") == 1


def test_marks_of_numbers_stay_out_of_the_pages(small):
    assert "setting" not in small.pages["03-three"].split("<article")[1].split("</article")[0]


def test_chinese_words_are_marked_as_chinese(small):
    assert '<span lang="zh-Hans">偏置</span>' in small.index


def test_pages_load_their_own_mathjax_and_no_thebe(small):
    assert 'src="../_static/mathjax/tex-chtml.js' in small.index
    assert not [name for name, page in small.pages.items() if "thebe" in page.lower()]


def test_notebooks_get_launch_buttons_where_the_repository_is_known(small):
    address = "https://colab.research.google.com/github/owner/name/blob/gh-pages/notebooks/03-three.ipynb"
    assert address in small.pages["03-three"]
    assert (
        "https://mybinder.org/v2/gh/owner/name/gh-pages?urlpath=lab/tree/notebooks/07-seven.ipynb"
        in (small.pages["07-seven"])
    )
    assert "colab" not in small.index


def test_the_repository_is_ours_first_then_githubs_or_none(monkeypatch):
    monkeypatch.delenv("NNBOOK_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert launch.repository() is None
    monkeypatch.setenv("GITHUB_REPOSITORY", "they/theirs")
    assert launch.repository() == "they/theirs"
    monkeypatch.setenv("NNBOOK_REPOSITORY", "we/ours")
    assert launch.repository() == "we/ours"
    monkeypatch.setenv("NNBOOK_REPOSITORY", "https://example.org/we")
    with pytest.raises(ValueError, match="owner/name"):
        launch.repository()


def test_only_numbered_files_are_chapters():
    assert numbering.chapter_number("chapters/11-train-for-real") == 11
    assert numbering.chapter_number("chapters/index") is None


def test_docstrings_may_hold_bars_and_colons():
    lines = ["Return |x| and ``|y|``: a number."]
    docstrings.plain(None, "property", "", None, None, lines)
    assert lines == [r"Return \|x\| and ``|y|`` – a number."]
