"""JupyterLab: the chapters as they open there, and the tuning console, driven as a reader drives it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import get_kernel_spec
from nbclient import NotebookClient

from nnbook.book.environment import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
TOKEN = "book"
READY = """() => {
  const widget = window.jupyterapp?.shell?.currentWidget;
  return widget?.context?.sessionContext?.session?.kernel?.status === "idle" && widget.content.widgets.length;
}"""
OPEN = """path => jupyterapp.commands.execute("docmanager:open", {
  path, factory: "Notebook", kernelPreference: { shouldStart: false },
}).then(() => {})"""
RENDERED = ".jp-MarkdownCell.jp-mod-rendered .myst"
# What a reader's shell does not set. Under pytest's own variable a kernel keeps what C++ prints to itself.
OURS = {"NNBOOK_BOOK", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "PYTEST_CURRENT_TEST"}
NO_WINDOWING = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until(true, seconds, what):
    """Ask until the answer is yes."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what}: not after {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab of its own, and the folder that it shows: the chapters, copied."""
    home = tmp_path_factory.mktemp("lab")
    for chapter in CHAPTERS:
        (home / chapter.name).write_bytes(chapter.read_bytes())
    settings = home / ".settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(NO_WINDOWING))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    private = {name: str(home / f".{name.lower()}") for name in folders}
    environment = {k: v for k, v in os.environ.items() if k not in OURS}
    environment |= private | {"PYTHONPATH": str(ROOT), "JUPYTERLAB_SETTINGS_DIR": str(settings)}
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser"),
        *(f"--ServerApp.root_dir={home}", "--LabApp.news_url=None"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabServerApp.app_settings_dir={settings}",
    ]
    address = f"http://127.0.0.1:{port}"
    with open(home / ".log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: answers(f"{address}/api/status?token={TOKEN}"), 60, "JupyterLab starts")
        yield address, home
    finally:
        server.terminate()
        server.wait(20)


def answers(address) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def notebook(lab, browser):
    """Opens a notebook in JupyterLab; returns the page, with a kernel that waits."""
    address, _ = lab
    with browser.new_context(viewport={"width": 1400, "height": 1400}) as context:

        def opened(name):
            page = context.new_page()
            page.goto(f"{address}/lab/tree/{name}?token={TOKEN}&reset")
            page.wait_for_function(READY, timeout=90_000)
            return page

        yield opened


@pytest.fixture(scope="module")
def desk(lab, browser):
    """A page with JupyterLab and nothing open: it takes longer to start than to open a chapter."""
    with browser.new_context(viewport={"width": 1400, "height": 1400}) as context:
        page = context.new_page()
        page.goto(f"{lab[0]}/lab?token={TOKEN}&reset")
        page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)", timeout=90_000)
        yield page


def written(home, name, *cells):
    """Write a notebook of code cells; return its name."""
    cells = [nbformat.v4.new_code_cell(source) for source in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), home / name)
    return name


def run_cell(page, index):
    page.evaluate(f"jupyterapp.shell.currentWidget.content.activeCellIndex = {index}")
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell')")


def test_tensorflow_is_quiet_in_every_notebook_of_this_environment_and_sums_as_for_the_page(monkeypatch):
    given = get_kernel_spec("python3").env
    assert given and given.items() <= VARIABLES.items()
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import tensorflow")])
    NotebookClient(book, kernel_name="python3").execute()
    assert not book.cells[0].outputs


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_opens_without_raw_fences_or_error_boxes(desk, chapter):
    count = sum(cell.cell_type == "markdown" for cell in nbformat.read(chapter, 4).cells)
    desk.evaluate(OPEN, chapter.name)
    try:
        desk.wait_for_function(f"() => document.querySelectorAll('{RENDERED}').length === {count}")
        texts = desk.locator(RENDERED).all_inner_texts()
    finally:
        desk.evaluate("jupyterapp.commands.execute('application:close-all').then(() => {})")
    assert all(text.strip() for text in texts)
    faults = [t for t in texts if re.search(r":::|```|^%%|Unknown (Directive|Role)|Cannot read", t, re.M)]
    assert not faults, faults


# Live widgets


def reading(page) -> str:
    return page.locator(".nn-figure").first.get_attribute("data-reading") or ""


def test_an_explorer_in_jupyter_takes_values_that_the_page_does_not_have(lab, notebook):
    source = "from nnbook.widgets import explorers\nexplorer = explorers.neuron()\nexplorer"
    page = notebook(written(lab[1], "neuron.ipynb", source, "print('the bias is', explorer.values['b'])"))
    run_cell(page, 0)
    page.locator(".nn-figure").wait_for(timeout=60_000)
    wait_until(lambda: "3 of 4 cases right" in reading(page), 10, "the first reading")
    bias = page.locator(".widget-slider", has_text=re.compile("^b")).locator(".widget-readout")
    bias.fill("-0.37")
    bias.press("Enter")
    wait_until(lambda: "4 of 4 cases right" in reading(page), 10, "the kernel's answer")
    run_cell(page, 1)
    page.locator(".jp-OutputArea-output pre", has_text=re.compile(r"the bias is -0\.3[1-9]")).wait_for()


# The tuning console

TRAIN = "from nnbook.widgets import explorers\nconsole = explorers.console()\nconsole"
HISTORY = "print(len(console.history['loss']), 'epochs are kept')"


def choose(page, label, text):
    """Choose an option of a labelled list or row of buttons."""
    control = page.locator(".widget-dropdown", has_text=label)
    if control.count():
        control.first.locator("select").select_option(text)
    else:
        page.locator(".widget-toggle-buttons", has_text=label).get_by_text(text, exact=True).click()


@pytest.mark.alone
@pytest.mark.parametrize(("engine", "seconds"), [("NumPy", 20), ("Keras", 6)])
def test_a_long_run_in_the_console_can_be_stopped_within_a_second(lab, notebook, engine, seconds):
    page = notebook(written(lab[1], f"console-{engine}.ipynb", TRAIN, HISTORY))
    run_cell(page, 0)
    page.locator(".nn-figure").wait_for(timeout=60_000)
    choose(page, "data set", "MNIST")
    choose(page, "engine", engine)
    epochs = page.locator(".widget-slider", has_text="epochs").locator(".widget-readout")
    epochs.fill("1000")
    epochs.press("Enter")
    train, stop = (page.get_by_role("button", name=name, exact=True) for name in ("Train", "Stop"))
    train.click()
    wait_until(lambda: f"Training on {engine}, after" in reading(page), 60, "the first epoch ends")
    begun = reading(page)
    time.sleep(seconds)
    assert reading(page) != begun and reading(page).startswith(f"Training on {engine}")
    clicked = time.monotonic()
    stop.click()
    wait_until(lambda: reading(page).startswith("Stopped"), 5, "the run stops")
    assert time.monotonic() - clicked < 1
    wait_until(stop.is_disabled, 5, "the stop button rests")
    run_cell(page, 1)
    kept = page.locator(".jp-OutputArea-output pre", has_text="epochs are kept")
    kept.wait_for()
    said = re.match(r"Stopped on \w+, after (\d+) of 1000 epochs", reading(page))
    assert said, reading(page)
    assert int(kept.inner_text().split()[0]) == int(said[1]) > 2
