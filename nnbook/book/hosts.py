"""Takes out what would be loaded into the pages from other hosts."""

from __future__ import annotations

# Jupyter Book always loads it; its script comes from a CDN and wants a Binder server.
UNWANTED = "sphinx_thebe"


def silence(app, config) -> None:
    """Unplug the unwanted extension."""
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if not one.handler.__module__.startswith(UNWANTED)]
    for files in (app.registry.css_files, app.registry.js_files):
        files[:] = [file for file in files if UNWANTED.replace("_", "-") not in str(file[0])]


def setup(app) -> None:
    """Register with Sphinx, before the first event that the unwanted extension waits for."""
    app.connect("config-inited", silence)
