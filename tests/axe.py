"""Asks axe-core what on a page breaks WCAG 2.0 to 2.2, levels A and AA."""

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def violations(page, context=None) -> list[str]:
    """Return one line for each element of the page, or of ``context``, that breaks a rule."""
    options = {"runOnly": TAGS, "resultTypes": ["violations"], "preload": False}
    return [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in Axe().run(page, context=context, options=options).response["violations"]
        for node in rule["nodes"]
    ]
