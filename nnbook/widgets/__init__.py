"""Figures that answer: in Jupyter a kernel computes, in the page an atlas of recorded answers does."""

from nnbook.widgets import panels
from nnbook.widgets.atlas import Atlas
from nnbook.widgets.controls import Choose, Slide, Step, Tick
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.figure import Figure

__all__ = ["Atlas", "Choose", "Explorer", "Figure", "Slide", "Step", "Tick", "explore", "panels"]
