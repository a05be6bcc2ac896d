"""Explorers: one function a widget; each is the last line of a cell."""

from nnbook.widgets.explorers.activations import activations
from nnbook.widgets.explorers.backprop import backprop
from nnbook.widgets.explorers.bumps import bumps
from nnbook.widgets.explorers.console import console
from nnbook.widgets.explorers.descent import descent
from nnbook.widgets.explorers.initialisation import initialisation
from nnbook.widgets.explorers.losses import losses
from nnbook.widgets.explorers.microscope import microscope
from nnbook.widgets.explorers.neuron import neuron
from nnbook.widgets.explorers.race import race
from nnbook.widgets.explorers.shapes import shapes

__all__ = [
    "activations", "backprop", "bumps", "console", "descent", "initialisation", "losses", "microscope",
    "neuron", "race", "shapes",
]  # fmt: skip
