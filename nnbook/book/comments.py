"""Leaves the marks that writers put behind hand-made numbers out of the pages."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.transforms import SphinxTransform


class DropComments(SphinxTransform):
    """Remove every raw HTML node that is nothing but a comment."""

    default_priority = 400

    def apply(self, **kwargs) -> None:
        """Walk the page once."""
        for node in list(self.document.findall(nodes.raw)):
            if re.fullmatch(r"\s*(<!--.*?-->\s*)+", node.astext(), re.DOTALL):
                node.parent.remove(node)


def setup(app) -> None:
    """Register with Sphinx."""
    app.add_transform(DropComments)
