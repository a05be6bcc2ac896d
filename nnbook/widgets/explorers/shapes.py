"""Shapes: what two arrays give together, or why they do not fit."""

from __future__ import annotations

from itertools import product

import numpy as np

from nnbook.widgets.controls import Choose
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import column, table

SHAPES = {
    "(32, 8): 32 samples of 8 features": (32, 8),
    "(8, 10): weights from 8 to 10": (8, 10),
    "(10,): 10 biases": (10,),
    "(32, 10): 10 outputs for 32 samples": (32, 10),
    "(32,): 32 labels": (32,),
    "(32, 1): 32 predictions in a column": (32, 1),
    "(8,): one sample": (8,),
    "(5, 32, 8): 5 batches of samples": (5, 32, 8),
    "(): one number": (),
}
AXES = 3
NAMED = range(AXES, 0, -1)  # axes are counted from the right
ALT = "A table of three rows: the shapes of A, of B and of the result, lined up at their last axes."


def elementwise(a, b):
    """Say which array is repeated along which axis, or which sizes clash; and where they stand."""
    n = max(len(a), len(b))
    long_a, long_b = ((1,) * (n - len(shape)) + shape for shape in (a, b))
    for k in range(1, n + 1):
        if long_a[-k] != long_b[-k] and 1 not in (long_a[-k], long_b[-k]):
            clash = f"axis −{k}, counted from the right, is {long_a[-k]} in A and {long_b[-k]} in B"
            return f"{clash}; they must be equal, or one of them 1.", [(0, -k), (1, -k)]
    repeated = []
    for name, mine, other in (("A", long_a, long_b), ("B", long_b, long_a)):
        along = [f"−{k}" for k in range(n, 0, -1) if mine[-k] < other[-k]]
        repeated += [f"{name} is repeated along axis {' and '.join(along)}"] if along else []
    if len(repeated) == 2:
        return f"{' and '.join(repeated)}. No error, but was it meant?", []
    return f"{repeated[0] if repeated else 'The shapes are equal: each number meets its partner'}.", []


def matmul(a, b):
    """Say which axis of A meets which axis of B, or why they cannot; and where the clash stands."""
    if not a or not b:
        return "a matrix product needs at least one axis on both sides; for one number use *.", []
    meets = min(len(b), 2)
    which = "last axis but one" if meets == 2 else "only axis"
    if a[-1] != b[-meets]:
        clash = f"the last axis of A is {a[-1]} and the {which} of B is {b[-meets]}"
        return f"{clash}; they must be equal.", [(0, -1), (1, -meets)]
    return f"The last axis of A and the {which} of B are both {a[-1]}: it is summed over, and gone.", []


def concatenate(a, b):
    """Say what becomes of the first axes, or why A and B cannot be joined; and where the clash stands."""
    if not a or not b:
        return "one number has no axis along which it could be joined.", []
    if len(a) != len(b):
        return f"the number of axes is {len(a)} in A and {len(b)} in B; they must be equal.", []
    for k in range(1, len(a)):
        if a[-k] != b[-k]:
            clash = f"axis −{k}, counted from the right, is {a[-k]} in A and {b[-k]} in B"
            return f"{clash}; only the first axes may differ.", [(0, -k), (1, -k)]
    return f"One stands behind the other: {a[0]} + {b[0]} along the first axis.", []


OPERATIONS = {
    "A + B (also −, *, /)": ("{} + {}", np.add, elementwise),
    "A @ B": ("{} @ {}", np.matmul, matmul),
    "concatenate([A, B])": ("concatenate {} and {}", lambda a, b: np.concatenate([a, b]), concatenate),
}


def combine(operation, a, b):
    """Return the shape that NumPy gives, or () with False where it raises an error."""
    try:
        return OPERATIONS[operation][1](np.zeros(a), np.zeros(b)).shape, True
    except ValueError:
        return (), False


def say(operation, a, b):
    """Return the sentence on this case, and where sizes clash."""
    form, _, explain = OPERATIONS[operation]
    shape, fits = combine(operation, a, b)
    words, clash = explain(a, b)
    size = int(np.prod(shape))
    what = f"has the shape {shape}, {size:,} number{'s' * (size > 1)}" if fits else "is an error"
    return f"{form.format(a, b)} {what}. {words[0].upper()}{words[1:]}", clash


SENTENCES = sorted({say(*case)[0] for case in product(OPERATIONS, SHAPES.values(), SHAPES.values())})


def outcome(operation, a, b):
    """Return the sizes of each axis in A, B and the result, where they clash, and the sentence's number."""
    sentence, clash = say(operation, a, b)
    rows, wrong = np.full((2, 3, AXES), np.nan)
    for row, shape in zip(rows, (a, b, combine(operation, a, b)[0]), strict=True):
        row[AXES - len(shape) :] = shape
    for place in clash:
        wrong[place] = 1
    sizes = {f"axis_{k}": rows[:, -k] for k in NAMED} | {f"wrong_{k}": wrong[:, -k] for k in NAMED}
    return sizes | {"sentence": np.array(SENTENCES.index(sentence))}


def shapes(*, name: str = "shapes") -> Explorer:
    """Show the shape of the sum, the product or the join of two arrays, or the mistake."""
    controls = [
        Choose("a", SHAPES, (32, 1), label="A"),
        Choose("operation", list(OPERATIONS), "A + B (also −, *, /)"),
        Choose("b", SHAPES, (32,), label="B"),
    ]
    columns = [column(f"−{k}", f"axis_{k}", wrong=f"wrong_{k}") for k in NAMED]
    panel = table(columns, rows=["A", "B", "result"], title="Size by axis")
    return explore(
        outcome, controls, [panel], name=name, reading="{sentence}", alt=ALT,
        says={"sentence": SENTENCES}, height=170,
    )  # fmt: skip
