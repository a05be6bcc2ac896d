"""The built book: its links, what it loads, how a browser sees it, and that it comes out the same again."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pytest
from axe import violations
from bs4 import BeautifulSoup
from make_book import HTML

from nnbook.book import cache as executed
from nnbook.book import environment, execute

ROOT = Path(__file__).resolve().parents[1]
GENERATED = {"genindex.html", "py-modindex.html", "search.html"}

# Elements that make a browser load what they name.
LOADING = {
    "script": "src",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "embed": "src",
    "audio": "src",
    "video": "src",
    "track": "src",
    "object": "data",
    "use": "href",
    "image": "href",
}
LOADING_LINKS = {"stylesheet", "icon", "shortcut", "preload", "prefetch", "modulepreload", "manifest"}

ITEMS = [
    *(f"A{k}" for k in range(1, 11)),
    *(f"B{k}" for k in range(1, 5)),
    *(f"B5{k}" for k in "abcdefgh"),
    *(f"C{k}" for k in range(1, 6)),
    *(f"D{k}" for k in range(1, 20)),
]
TERMS = {
    "artificial intelligence": "人工智能",
    "neural network": "神经网络",
    "neuron": "神经元",
    "weight": "权重",
    "bias": "偏置",
    "layer": "层",
    "input layer": "输入层",
    "hidden layer": "隐藏层",
    "output layer": "输出层",
    "activation function": "激活函数",
    "loss function": "损失函数",
    "mean squared error": "均方误差",
    "cross-entropy": "交叉熵",
    "forward propagation": "前向传播",
    "backpropagation": "反向传播",
    "gradient": "梯度",
    "gradient descent": "梯度下降",
    "learning rate": "学习率",
    "epoch": "训练轮次",
    "batch": "批次",
    "optimiser": "优化器",
    "overfitting": "过拟合",
    "regularisation": "正则化",
    "generalisation": "泛化",
    "normalisation": "归一化",
    "standardisation": "标准化",
    "quantisation": "量化",
    "pruning": "剪枝",
    "interpretability": "可解释性",
    "database": "数据库",
    "distributed computing": "分布式计算",
}


@cache
def parsed(path: Path) -> BeautifulSoup:
    """The page at ``path``."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def pages(book: Path) -> list[Path]:
    """Every page, those that Sphinx adds included."""
    return sorted(path for path in book.rglob("*.html") if "_static" not in path.parts)


def written(book: Path) -> list[Path]:
    """The pages that somebody wrote."""
    return sorted((book / "chapters").glob("*.html"))


def is_external(address: str) -> bool:
    """Say whether an address leads to another host."""
    return urlsplit(address).scheme in ("http", "https") or address.startswith("//")


# Links


@cache
def ids(path: Path) -> set[str]:
    """Return the anchors of a page."""
    return {tag[name] for name in ("id", "name") for tag in parsed(path).find_all(attrs={name: True})}


def test_every_link_and_every_anchor_leads_somewhere(book):
    broken = []
    for path in pages(book):
        for tag in parsed(path).find_all(["a", "link", "script", "img"]):
            address = tag.get("href") or tag.get("src") or ""
            if not address or urlsplit(address).scheme or address.startswith("//"):
                continue
            parts = urlsplit(urljoin(path.as_uri(), address))
            target = Path(unquote(parts.path))
            anchor = unquote(parts.fragment)
            if not target.is_file():
                broken.append(f"{path.name}: {address}")
            elif anchor and target.suffix == ".html" and anchor not in ids(target):
                broken.append(f"{path.name}: {address} has no such anchor")
    assert not broken


# Nothing from other hosts


def test_no_page_names_a_script_a_style_an_image_or_a_font_of_another_host(book):
    found = []
    for path in pages(book):
        soup = parsed(path)
        loaded = [tag.get(name, "") for element, name in LOADING.items() for tag in soup.find_all(element)]
        loaded += [tag["href"] for tag in soup.find_all("link", href=True) if LOADING_LINKS & set(tag["rel"])]
        loaded += [part.split()[0] for tag in soup.find_all(srcset=True) for part in tag["srcset"].split(",")]
        styles = [tag.get_text() for tag in soup.find_all("style")]
        styles += [tag["style"] for tag in soup.find_all(style=True)]
        loaded += [address for style in styles for address in style_addresses(style)]
        found += [f"{path.name}: {address}" for address in loaded if is_external(address)]
    assert not found


def test_no_style_sheet_names_another_host(book):
    sheets = {path: path.read_text(encoding="utf-8", errors="replace") for path in book.rglob("*.css")}
    assert sheets
    assert not [
        (path, where) for path, css in sheets.items() for where in style_addresses(css) if is_external(where)
    ]


def style_addresses(css: str) -> list[str]:
    """Return what a style sheet loads."""
    return re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", css)


# What the pages hold


def test_every_item_of_the_sources_is_run_somewhere_or_planned(book):
    rows = parsed(book / "chapters/coverage.html").select("article tbody tr")
    cells = {row.find("td").get_text(strip=True): row.find_all("td")[2] for row in rows}
    assert list(cells) == ITEMS
    assert not [
        item for item, cell in cells.items() if not cell.find("a") and "planned" not in cell.get_text()
    ]


def test_the_glossary_has_every_term_in_english_and_chinese(book):
    soup = parsed(book / "chapters/glossary.html")
    names = [dt.find(string=True, recursive=False).strip() for dt in soup.select("dl.glossary > dt")]
    chinese = [dd.find(lang="zh-Hans").get_text() for dd in soup.select("dl.glossary > dd")]
    assert names == sorted(names, key=str.lower)
    assert TERMS.items() <= dict(zip(names, chinese, strict=True)).items()
    linked = {
        a.get_text() for a in parsed(book / "chapters/coverage.html").select("article a:has(.std-term)")
    }
    assert TERMS.keys() <= linked


def test_the_landing_page_links_every_chapter_and_shows_a_picture(book):
    soup = parsed(book / "chapters/index.html")
    links = {Path(urlsplit(a["href"]).path).name for a in soup.select("article a[href]")}
    assert {path.name for path in written(book) if re.match(r"\d\d-", path.name)} <= links
    assert soup.select_one("article figure img")["alt"]
    assert soup.select_one("article figure figcaption").get_text().strip()


def test_every_picture_has_an_alternative_text(book):
    pictures = [(path, img) for path in written(book) for img in parsed(path).select("article img")]
    assert pictures
    assert not [(path.name, str(img)) for path, img in pictures if len(img.get("alt", "").split()) < 6]


def test_every_picture_that_a_cell_drew_is_a_figure(book):
    for page in execute.pages(ROOT):
        for cell in stored(page).cells:
            drawn = [out for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            assert not drawn or {"caption", "name"} <= set(figure), f"{page.name}: {cell.get('id')}"
            assert len(drawn) <= 1, f"{page.name}: {cell.get('id')} draws {len(drawn)} pictures"


def test_the_reference_names_every_module():
    text = (ROOT / "chapters/api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"automodule:: (nnbook[\w.]*)", text))
    files = [
        path for path in (ROOT / "nnbook").rglob("*.py") if "book" not in path.relative_to(ROOT).parts[1:2]
    ]
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files
    }
    assert named == modules - {"nnbook"}


# In a browser

WIDTHS = (320, 390, 1280)


def opened(page, address: str) -> None:
    """Open a page and wait for its formulas."""
    page.goto(address)
    page.wait_for_function("!document.querySelector('.math') || document.querySelector('mjx-container')")
    page.evaluate("window.MathJax?.startup?.promise")


def lit(page, scheme: str) -> None:
    """Let the system ask for a theme, and wait until the page has it and no colour is on its way."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")


def watched(page) -> list[str]:
    """Return a list that fills with the errors of every page opened from now on."""
    errors = []

    def failed(request):
        if request.failure != "net::ERR_ABORTED":  # the browser went on to the next page
            errors.append(f"not loaded: {request.url}")

    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return errors


def check_formulas(page):
    """Return how many formulas were not set."""
    return page.evaluate(
        """() => document.querySelectorAll('mjx-merror').length +
        [...document.querySelectorAll('.math')].filter(one => !one.querySelector('mjx-container')).length"""
    )


def names(folder: str = "") -> list[str]:
    """Return the built pages, as they are when the tests are collected."""
    return [path.relative_to(HTML).as_posix() for path in pages(HTML / folder)]


every_page = pytest.mark.parametrize("name", names())
every_written_page = pytest.mark.parametrize("name", names("chapters"))


@every_page
def test_a_page_opens_from_disk_without_an_error_sets_its_formulas_and_fits_every_width(book, page, name):
    errors = watched(page)
    opened(page, (book / name).as_uri())
    assert not errors and check_formulas(page) == 0
    for size in ("100%", "200%"):
        page.evaluate(f"document.documentElement.style.setProperty('font-size', '{size}', 'important')")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, size


@every_written_page
def test_a_page_opens_from_a_server_without_an_error_and_sets_its_formulas(served, page, name):
    errors = watched(page)
    opened(page, f"{served}/{name}")
    assert not errors and check_formulas(page) == 0


def test_the_root_of_the_book_leads_to_its_landing_page(book, page):
    page.goto((book / "index.html").as_uri())
    page.wait_for_url("**/chapters/index.html")


@every_page
def test_axe_finds_nothing_to_mend(book, page, name):
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    opened(page, (book / name).as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    problems = []
    for scheme in ("light", "dark"):
        lit(page, scheme)
        problems += [f"{scheme}: {one}" for one in violations(page, colours_only=scheme == "dark")]
    assert not problems, "\n".join(problems[:20])


LOOKS = """<!doctype html><html lang="en"><title>Looks</title><main><h1>Looks</h1><pre tabindex="0">
<b style="color: #000">good</b> <b style="color: #000">good</b> <b style="color: #bbb">pale</b>
<i style="background: #222"><b style="color: #000">dark</b></i> <b style="color: #bbb">pale</b>
</pre></main></html>"""


def test_axe_is_asked_about_each_look_of_code_once(page):
    page.set_content(LOOKS)
    found = violations(page)
    assert ["pale" in one or "dark" in one for one in found] == [True, True], found
    assert violations(page, colours_only=True) == found
    assert page.get_by_text("pale").first.is_visible() and page.get_by_text("pale").last.is_visible()
    page.evaluate("document.querySelectorAll('b')[1].style.color = '#ccc'")  # as another theme may do
    assert len(violations(page, colours_only=True)) == 3


def ground(page, selector: str) -> int:
    """Return the brightness, from 0 to 255, of most of a figure as it is seen."""
    from PIL import Image

    figure = page.locator(selector).first
    figure.scroll_into_view_if_needed()
    corner = Image.open(io.BytesIO(figure.screenshot())).convert("L").crop((0, 0, 12, 12))
    return int(np.median(np.asarray(corner)))


def test_figures_follow_the_theme(book, page):
    page.goto((book / "chapters/index.html").as_uri())
    assert ground(page, "article figure img") > 240
    lit(page, "dark")
    assert ground(page, "article figure img") < 40


def test_a_folded_solution_opens_by_keyboard(book, page):
    page.goto((book / "chapters/01-meet-the-neuron.html").as_uri())
    box = page.locator(".solution.dropdown").first
    answer = box.locator("p:not(.admonition-title)").first
    assert not answer.is_visible()
    box.locator("button, summary").first.focus()
    page.keyboard.press("Enter")
    answer.wait_for(state="visible")


def test_a_dark_page_is_printed_in_the_light_theme(book, page):
    page.emulate_media(color_scheme="dark")
    page.goto((book / "chapters/index.html").as_uri())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


# The same again


def stored(page: Path):
    """Return the page's notebook with the outputs that the book shows."""
    from jupyter_cache import get_cache

    return get_cache(str(executed.folder(ROOT))).merge_match_into_notebook(execute.read(page))[1]


def shown(notebook) -> list:
    """Return the outputs of a notebook's cells, without what counts executions."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return [[{**output, "execution_count": None} for output in one] for one in outputs]


def commit() -> str:
    """Return the present commit as hexadecimal digits, or zeros where git has none."""
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "0" * 40


def test_two_chapters_give_the_same_outputs_when_they_run_again(book, monkeypatch):
    for name in (*environment.VARIABLES, "IPYTHONDIR"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    environment.apply(ROOT)
    found = execute.pages(ROOT)
    start = int(commit()[:8], 16)
    chosen = sorted({found[(start + k) % len(found)] for k in range(2)})
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda chapter: execute.run(chapter, 300), chosen))
    for chapter, (again, _, fault) in zip(chosen, runs, strict=True):
        assert not fault, f"{chapter.name} {fault}"
        before, after = shown(stored(chapter)), shown(again)
        cells = [cell for cell in again.cells if cell.cell_type == "code"]
        changed = [cell.get("id") for cell, a, b in zip(cells, before, after, strict=True) if a != b]
        assert not changed, f"{chapter.name}: other outputs in {changed}"


def test_a_second_build_on_the_same_cache_gives_the_same_bytes(book, tmp_path):
    tool = Path(sys.executable).with_name("jupyter-book")
    command = [tool, "build", ".", "-W", "-n", "--keep-going", "--path-output", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    again = tmp_path / "_build" / "html"
    files = sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert len(files) > 50
    other = [str(file) for file in files if not same(again / file, book / file)]
    assert other in ([], [".buildinfo"])


def same(one: Path, other: Path) -> bool:
    """Say whether two files hold the same bytes."""
    return other.is_file() and one.read_bytes() == other.read_bytes()
