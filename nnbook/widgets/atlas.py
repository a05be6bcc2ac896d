"""An atlas: the answers of a pure function over a whole grid of settings, packed into few bytes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from nnbook.widgets import controls as _controls

LIMIT = 700_000  # bytes: base64 makes four of three, and a page may have 1 MB
CODES = {"u1": 255, "u2": 65535}  # this code says NaN, so the values have 0 … 254 and 0 … 65534
DTYPES = ("u1", "u2", "f4", "log u1", "log u2")


class Atlas:
    """Runs ``compute`` over the grid of its controls' values and packs the arrays that it returns.

    A function depends on those controls that its parameters name (all, with ``**values``); it may offer
    ``compute.many(settings)``, which takes a list of dicts and returns as many answers. Arrays that turn out
    not to depend on a control are stored once for all its values. NaN and infinities are gaps.

    Args:
        compute: one function or several; each returns a dict from names to arrays whose shapes never change.
        controls: the Slides, Choices, Ticks and Steps.
        frames: Step's name -> names of the arrays whose first axis that Step selects.
        dtypes: array name -> how it is stored: "u1", "u2" (steps of 1/254 and 1/65534 of the array's range),
            "f4", or "log u2" (equal ratios; what is not above zero is a gap). Unless given, integers are
            exact, scalars are f4, large maps (≥ 400 values) are u1, and the rest is u2.
        limit: the most bytes that the arrays may need.

    Raises:
        ValueError: answers of changing names or shapes, frames that do not fit, or more bytes than ``limit``.

    Attributes:
        arrays: one dict an array, as the figure reads it; ``buffer``: their bytes.
        errors: array name -> the largest absolute difference between what is stored and what was computed.
        size: number of bytes.
    """

    def __init__(self, compute, controls: Sequence, *, frames=None, dtypes=None, limit: int = LIMIT):
        self._pack(tabulate(compute, controls, frames), controls, dtypes, limit)

    @classmethod
    def of(cls, table: Mapping, controls: Sequence, *, dtypes=None, limit: int = LIMIT) -> Atlas:
        """Pack a ready table: array name -> (control names, array of shape ``(*their counts, *block)``)."""
        atlas = cls.__new__(cls)
        atlas._pack(dict(table), controls, dtypes, limit)
        return atlas

    def _pack(self, table, controls, dtypes, limit):
        self.controls = _controls.check(controls)
        counts = {name: len(control.values) for name, control in self.controls.items()}
        self.arrays, self.buffer, self.errors = pack(check_table(table, counts), dtypes or {})
        self.size = len(self.buffer)
        if self.size > limit:
            sizes = sorted(((stored(a)[1], a["name"]) for a in self.arrays), reverse=True)
            most = ", ".join(f"{name} {size:,}" for size, name in sizes[:3])
            raise ValueError(
                f"the atlas needs {self.size:,} bytes, more than {limit:,} (most: {most}); "
                "take fewer values, smaller arrays, or fewer parameters in compute"
            )

    def block(self, name: str, **indices: int) -> np.ndarray:
        """Return what the page shows of an array at these indices; a control left out is at its default."""
        default = {control.name: control.index for control in self.controls.values()}
        entry = next((a for a in self.arrays if a["name"] == name), None)
        if entry is None or not indices.keys() <= default.keys():
            known = f"arrays {', '.join(a['name'] for a in self.arrays)}; controls {', '.join(default)}"
            raise ValueError(f"no array {name!r} or no control among {list(indices)}; known: {known}")
        return unpack(entry, self.buffer, default | indices)

    def __repr__(self):
        return f"Atlas({len(self.arrays)} arrays, {self.size:,} bytes)"


def parts(compute) -> list[Callable]:
    """Return the functions that ``compute`` consists of."""
    functions = list(compute) if isinstance(compute, list | tuple) else [compute]
    for function in functions:
        if not callable(function):
            raise ValueError(f"compute must be a function or a list of functions, got {function!r}")
    return functions


def depends(function: Callable, controls: Mapping) -> list[str]:
    """Return the names of the controls that ``function`` depends on, in the controls' order.

    Raises:
        ValueError: it needs a parameter that is no control, or one that is a Step.
    """
    free = [name for name, control in controls.items() if not control.step]
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return free
    names = [p.name for p in parameters]
    foreign = [p.name for p in parameters if p.name not in free and p.default is p.empty]
    if foreign:
        said = getattr(function, "__name__", repr(function))
        raise ValueError(f"{said} takes {', '.join(foreign)}, which is no control; known: {', '.join(free)}")
    return [name for name in free if name in names]


def tabulate(compute, controls: Sequence, frames=None) -> dict:
    """Return array name -> (control names, array of shape ``(*counts, *block)``) over the whole grid."""
    named = _controls.check(controls)
    table = {}
    for function in parts(compute):
        axes = depends(function, named)
        settings = [
            dict(zip(axes, values, strict=True)) for values in product(*(named[a].values for a in axes))
        ]
        many = getattr(function, "many", None)
        answers = many(settings) if many else [function(**setting) for setting in settings]
        counts = [len(named[a].values) for a in axes]
        for name, values in _stack(answers, settings).items():
            if name in table:
                raise ValueError(f"two functions return an array named {name!r}")
            table[name] = (tuple(axes), values.reshape([*counts, *values.shape[1:]]))
    return frame(table, named, frames)


def frame(table: Mapping, controls: Mapping, frames=None) -> dict:
    """Return ``table`` with each Step among the axes of the arrays that it selects from."""
    table = dict(table)
    for step, names in (frames or {}).items():
        if step not in controls or not controls[step].step:
            raise ValueError(f"frames: {step!r} is no Step")
        for name in [names] if isinstance(names, str) else names:
            if name not in table:
                raise ValueError(f"frames: compute returns no array {name!r}; known: {', '.join(table)}")
            axes, values = table[name]
            got, count = values.shape[len(axes) :], len(controls[step].values)
            if got[:1] != (count,):
                raise ValueError(
                    f"frames: {name!r} must start with {count} frames of {step}, got shape {got}"
                )
            table[name] = ((*axes, step), values)
    return table


def _stack(answers, settings):
    """Return name -> values ``(settings, *block)``, float64 or integers."""
    if len(answers) != len(settings):
        raise ValueError(f"compute.many got {len(settings)} settings and returned {len(answers)} answers")
    first = None
    for answer, setting in zip(answers, settings, strict=True):
        if not isinstance(answer, Mapping):
            raise ValueError(
                f"compute must return a dict of arrays, got {type(answer).__name__} at {setting}"
            )
        shapes = {name: np.shape(values) for name, values in answer.items()}
        first = first or shapes
        if shapes != first:
            raise ValueError(
                f"names and shapes must not depend on the setting (pad with NaN): {shapes} at {setting}, "
                f"{first} at {settings[0]}"
            )
    return {name: np.stack([_numbers(name, answer[name]) for answer in answers]) for name in first or {}}


def _numbers(name, values):
    values = np.asarray(values)
    if values.dtype == bool:
        return values.astype(int)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"the array {name!r} must hold numbers, got {values.dtype}")
    return values if values.dtype.kind in "iu" else values.astype(float)


def check_table(table: Mapping, counts: Mapping[str, int]) -> dict:
    """Return ``table`` with arrays of numbers; ValueError where axes and shapes do not fit."""
    checked = {}
    for name, (axes, values) in table.items():
        values = _numbers(name, values)
        if unknown := [a for a in axes if a not in counts]:
            raise ValueError(
                f"the array {name!r} names {unknown[0]!r}, which is no control: {', '.join(counts)}"
            )
        wanted = tuple(counts[a] for a in axes)
        if values.shape[: len(axes)] != wanted:
            raise ValueError(
                f"the array {name!r} over {axes} must start with {wanted}, got shape {values.shape}"
            )
        if name in counts:
            raise ValueError(f"{name!r} is the name of a control and of an array")
        checked[name] = (tuple(axes), values)
    return checked


# The wire format: entries (dicts) and one buffer, little endian, every array at a multiple of four.


def pack(table: Mapping, dtypes: Mapping | None = None, *, dtype: str | None = None) -> tuple:
    """Return (entries, buffer, errors) of a table; ``dtype`` stores all arrays alike.

    Raises:
        ValueError: a dtype that is not known, or one for an array that is not there.
    """
    dtypes = dtypes or {}
    if foreign := [name for name in dtypes if name not in table]:
        raise ValueError(f"dtypes: no array {foreign[0]!r}; known: {', '.join(table)}")
    entries, pieces, errors, offset = [], [], {}, 0
    for name, (axes, values) in table.items():
        if dtype is None:
            axes, values = _without_constant_axes(axes, values)
        said = dtypes.get(name) or dtype or _default(axes, values)
        if said not in DTYPES:
            raise ValueError(f"unknown dtype {said!r} for {name!r}; known: {', '.join(DTYPES)}")
        entry, data, errors[name] = _encode(values, said)
        shape = {"shape": list(values.shape[len(axes) :]), "axes": list(axes)}
        entries.append(
            {"name": name, **shape, "counts": list(values.shape[: len(axes)]), **entry, "offset": offset}
        )
        data += b"\0" * (-len(data) % 4)
        pieces.append(data)
        offset += len(data)
    return entries, b"".join(pieces), errors


def stored(entry: Mapping) -> tuple[int, int]:
    """Return an entry's number of values and of bytes."""
    n = int(np.prod(entry["counts"] + entry["shape"], dtype=int))
    return n, n * int(entry["dtype"][1])


def unpack(entry: Mapping, buffer: bytes, at: Mapping[str, int] | None = None) -> np.ndarray:
    """Return an array's block at the indices ``at``, or without them all blocks, ``(*counts, *shape)``."""
    codes = np.frombuffer(buffer, "<" + entry["dtype"], stored(entry)[0], entry["offset"])
    codes = codes.reshape([*entry["counts"], *entry["shape"]])
    if at is not None:
        codes = codes[tuple(at[axis] for axis in entry["axes"])]
    if entry["dtype"] == "f4":
        return codes.astype(float)
    last = CODES[entry["dtype"]]
    values = entry["low"] + codes.astype(float) * ((entry["high"] - entry["low"]) / (last - 1))
    return np.where(codes == last, np.nan, np.exp(values) if entry["log"] else values)


def _without_constant_axes(axes, values):
    kept = []
    for axis in axes:
        k = len(kept)
        first = values.take([0], axis=k)
        if np.array_equal(values, np.broadcast_to(first, values.shape), equal_nan=values.dtype.kind == "f"):
            values = first[(slice(None),) * k + (0,)]
        else:
            kept.append(axis)
    return tuple(kept), values


def _default(axes, values):
    block = values.shape[len(axes) :]
    if values.dtype.kind in "iu":
        reach = int(np.ptp(values)) if values.size else 0
        return "u1" if reach < 255 else "u2" if reach < 65535 else "f4"
    if not block:
        return "f4"
    return "u1" if len(block) >= 2 and np.prod(block) >= 400 else "u2"


def _encode(values, said):
    """Return (what the entry says, bytes, largest absolute error)."""
    log, dtype = said.startswith("log "), said[-2:]
    whole = values.dtype.kind in "iu"
    good = np.isfinite(values) & ((values > 0) | (not log))
    span = values[good].astype(float)
    entry = {"dtype": dtype, "low": 0.0, "high": 0.0, "log": log, "whole": whole, "range": None}
    if span.size:
        positive = span[span > 0]
        least = float(positive.min()) if positive.size else None
        entry["range"] = [float(span.min()), float(span.max()), least]
    if dtype == "f4":
        plain = np.where(good, values, np.nan).astype("<f4")
        return entry, plain.tobytes(), _worst(plain, values, good)
    last, scale = CODES[dtype], np.log if log else np.asarray
    if span.size:
        entry["low"], entry["high"] = float(scale(span.min())), float(scale(span.max()))
        if whole and not log and entry["high"] - entry["low"] < last:
            entry["high"] = entry["low"] + last - 1  # steps of one: integers are exact
    unit = (entry["high"] - entry["low"]) / (last - 1)
    codes = np.full(values.shape, last, "<" + dtype)
    codes[good] = np.rint((scale(span) - entry["low"]) / unit) if unit else 0
    back = unpack(
        {**entry, "counts": [], "shape": list(values.shape), "axes": [], "offset": 0}, codes.tobytes()
    )
    return entry, codes.tobytes(), _worst(back, values, good)


def _worst(stored_values, values, good):
    return float(np.abs(stored_values[good].astype(float) - values[good]).max(initial=0))
