"""What the tests share: a quiet, fixed environment, the built book, a browser that stays offline."""

import os

os.environ.update(
    TF_CPP_MIN_LOG_LEVEL="2",
    TF_ENABLE_ONEDNN_OPTS="0",
    CUDA_VISIBLE_DEVICES="-1",
    PYTHONHASHSEED="0",
    KERAS_BACKEND="tensorflow",
    MPLBACKEND="Agg",
    OPENBLAS_NUM_THREADS="1",
)

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import FLAGS, HOW_TO_GET_ONE, downloaded, installed
from filelock import FileLock, ReadWriteLock

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_MS = 120_000  # for a page to open on a machine that does other work
NO_SKIPS = os.environ.get("NNBOOK_NO_SKIPS") == "1"


def judge_skip(report):
    """Turn a skipped report into a failed one where NNBOOK_NO_SKIPS=1; expected failures stay.

    Elsewhere all tests that miss a browser are reported in one line.
    """
    if not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if NO_SKIPS:
        report.outcome = "failed"
        report.longrepr = f"{reason} (NNBOOK_NO_SKIPS=1 forbids skips)"
    elif HOW_TO_GET_ONE in reason:
        report.longrepr = (str(ROOT / "tests" / "browser.py"), 1, reason)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return judge_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return judge_skip((yield))


def pytest_collection_modifyitems(items):
    """Put first the tests that run alone: of two processes, the other then has short ones.

    Later, each would wait for the test of a whole page.
    """
    items.sort(key=lambda item: item.get_closest_marker("alone") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Where several processes test, one that measures time (marked ``alone``) waits until the others wait."""
    run = getattr(item.config, "workerinput", {}).get("testrunuid")
    if run is None:
        return (yield)
    locks = ROOT / "_build" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    room = ReadWriteLock(locks / f"{run}.room")
    alone = item.get_closest_marker("alone")
    with FileLock(locks / f"{run}.door"):  # who waits here lets nobody else in
        (room.acquire_write if alone else room.acquire_read)()
    try:
        return (yield)
    finally:
        room.release()


@pytest.fixture
def floatx64():
    """Let Keras compute in float64 during one test."""
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


@pytest.fixture(scope="session")
def book():
    """The folder of the built book; fails where there is none, or an old one."""
    from make_book import HTML, stale

    if reason := stale():
        pytest.fail(f"{reason}: run make book, or make test, which builds it first", pytrace=False)
    return HTML


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and writes no log."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def served(book):
    """The address of the built book on a web server of this machine, without a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=book)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser_path():
    """The path of a browser, looked for once; without one the tests that need it are skipped."""
    return installed() or downloaded() or pytest.skip(HOW_TO_GET_ONE)


@pytest.fixture(scope="module")
def browser(browser_path):
    """An open browser; for one module only, since Playwright's event loop would disturb asyncio elsewhere."""
    from playwright.sync_api import sync_playwright

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS)) as opened,
    ):
        yield opened


def is_local(url):
    """Say whether ``url`` stays on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"file", "data", "blob", "about"} or parts.hostname in {"127.0.0.1", "localhost"}


@pytest.fixture
def page(browser, request):
    """A fresh page without a network; asking any other host fails the test.

    Offline mode would cut off this machine's own server too, so it is lifted where the test uses ``served``;
    no other host is found then either (see ``FLAGS``).
    """
    asked = []
    with browser.new_context(service_workers="block") as context:
        context.set_offline("served" not in request.fixturenames)
        context.set_default_navigation_timeout(PATIENCE_MS)
        context.on("request", lambda one: is_local(one.url) or asked.append(one.url))
        yield context.new_page()
    assert not asked, f"the page asked other hosts for {asked}"
