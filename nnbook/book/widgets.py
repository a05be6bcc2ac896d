"""Lets widgets live in pages without a kernel, and pictures stand for them where no script runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE as VIEW
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

STATIC = Path(__file__).with_name("static")
LIVE = ("html", "dirhtml")  # the builders whose pages run scripts
MAX_BYTES = 1_000_000

# Models that nobody looks at; those that the runtime draws are named in widgets.js.
UNSEEN = r"(Directional)?LinkModel|LayoutModel|\w+StyleModel"


def drawn() -> list[str]:
    """Return the model types that widgets.js draws, from its own table."""
    table = re.search(r"const DRAW = \{(.*?)\};", (STATIC / "widgets.js").read_text("utf-8"), re.DOTALL)
    return re.findall(r"(\w+Model):", table[1])


def configure(app, config) -> None:
    """Load the runtime where MyST-NB would load require.js and the html-manager: on pages with widgets."""
    if str(STATIC) not in config.html_static_path:
        config.html_static_path.append(str(STATIC))
    config.nb_ipywidgets_js = {"widgets.js": {}}
    hidden = [(builder, VIEW, None) for builder in ("epub", "singlehtml")]
    config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, *hidden]


def scripts(env, page: str) -> dict:
    """Return what MyST-NB adds to the head of a page because of its widgets, by name."""
    return getattr(env, "nb_metadata", {}).get(page, {}).get("js_files", {})


def states(env, page: str) -> dict[str, dict]:
    """Return the models of a page's widgets by their ids."""
    _, script = scripts(env, page).get("ipywidgets_state", (None, {"body": '{"state": {}}'}))
    return json.loads(script["body"])["state"]


def pictured(document):
    """Yield (bundle, view, picture) of each output that is a widget and has a picture, too."""
    for bundle in list(document.findall(nodes.container)):
        boxes = [child for child in bundle.children if isinstance(child, nodes.container)]
        formats = {box.get("mime_type"): box for box in boxes}
        if VIEW in formats and "image/png" in formats:
            yield bundle, formats[VIEW], formats["image/png"]


def describe(app, doctree) -> None:
    """Give each picture of a widget the words that its figure has, where its cell gave it none."""
    for _, view, picture in pictured(doctree):
        for image in picture.findall(nodes.image):
            image.setdefault("alt", alternative(view.astext(), states(app.env, app.env.docname)))


class KeepPicture(SphinxPostTransform):
    """Puts a widget's picture after it: for print, for browsers without scripts, and until it is drawn."""

    default_priority = 3  # just before MyST-NB chooses one of an output's formats

    def run(self, **kwargs) -> None:
        """Walk the page once; builders without scripts get the picture from MyST-NB."""
        if self.app.builder.name in LIVE:
            for bundle, view, picture in pictured(self.document):
                still = nodes.container("", *picture.children, classes=["nn-still"])
                bundle.replace_self([*view.children, still])


def alternative(view: str, models: dict[str, dict]) -> str:
    """Return the ``alt`` of the first figure in a widget."""
    waiting = re.findall(r'"model_id": "(\w+)"', view)
    while waiting:
        state = models.get(waiting.pop(0), {"state": {}})["state"]
        if state.get("alt"):
            return state["alt"]
        waiting += [child.removeprefix("IPY_MODEL_") for child in state.get("children", ())]
    return ""


def embed(app, pagename, templatename, context, doctree) -> None:
    """Warn of widgets that the runtime does not know, and make their state small and safe to embed."""
    found = scripts(app.env, pagename)
    if "ipywidgets_state" not in found:
        return
    if app.builder.name not in LIVE:
        found.clear()
        return
    models = states(app.env, pagename)
    known = re.compile("|".join([UNSEEN, *drawn()]))
    for name in sorted({model["model_name"] for model in models.values()}):
        if not known.fullmatch(name):
            message = "widgets.js cannot draw a %s; it draws %s"
            logger.warning(message, name, ", ".join(drawn()), location=pagename)
    share_modules(models)
    text = json.dumps({"state": models, "version_major": 2, "version_minor": 0})
    # As text in a page, these would end the script, or hide its end.
    found["ipywidgets_state"][1]["body"] = re.sub(r"<(?=!--|/?script)", r"\\u003c", text, flags=re.IGNORECASE)
    app.add_css_file("widgets.css")


def share_modules(models: dict[str, dict]) -> None:
    """Store a module with its styles once; other models that have the same name the model that holds it."""
    first = {}
    for key, model in models.items():
        state = model["state"]
        module = state.get("_esm"), state.get("_css")
        holder = first.setdefault(module, key)
        if module[0] and holder != key:
            state.update(_esm=f"IPY_MODEL_{holder}", _css="")


def weigh(app, exception) -> None:
    """Warn of pages with widgets that became too large."""
    if exception or app.builder.name not in LIVE:
        return
    for page in sorted(app.env.found_docs):
        size = Path(app.builder.get_outfilename(page)).stat().st_size if scripts(app.env, page) else 0
        if size > MAX_BYTES:
            message = "this page with widgets has %.2f MB, more than %.0f MB: make an atlas smaller"
            logger.warning(message, size / 1e6, MAX_BYTES / 1e6, location=page)


def setup(app) -> None:
    """Register with Sphinx; ``embed`` before MyST-NB adds the scripts to the page."""
    app.connect("config-inited", configure)
    app.connect("doctree-read", describe)
    app.add_post_transform(KeepPicture)
    app.connect("html-page-context", embed, priority=400)
    app.connect("build-finished", weigh)
