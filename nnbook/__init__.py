"""Neural Networks, Twice: the book's own engine, in NumPy, with Keras's names.

What a script imports from ``keras.models``, ``keras.layers``, ``keras.losses``, … it may import from here.
"""

from nnbook import (
    activations,
    callbacks,
    datasets,
    gradcheck,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from nnbook.layers import Input
from nnbook.models import Sequential, load_model

__version__ = "0.1.0"
__all__ = [
    "Input",
    "Sequential",
    "activations",
    "callbacks",
    "datasets",
    "gradcheck",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
