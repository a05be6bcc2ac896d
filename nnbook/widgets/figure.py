"""The figure: one widget whose ES module draws panels from arrays, in Jupyter and in the page alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import numpy as np
import traitlets as t

from nnbook.widgets import atlas
from nnbook.widgets import controls as _controls
from nnbook.widgets import panels as _panels

HERE = Path(__file__).parent
PARTS = (
    "arrays", "numbers", "colours", "canvas", "marks", "plane", "bars", "network", "graph", "tables",
    "cursor", "view",
)  # fmt: skip


class Figure(anywidget.AnyWidget):
    """Panels drawn from arrays; the specification and the arrays are its whole state.

    Args:
        name: unique in a page, a plain word; it stands in the page's address.
        panels: what the functions of ``nnbook.widgets.panels`` return.
        reading: one sentence about the current state, with ``{name}`` or ``{name:.3f}`` for controls and
            scalar arrays.
        alt: the text alternative: what the figure shows, in a sentence.
        height: of a row of panels, in CSS pixels.
        controls: those that select among arrays; the others are only shown in the reading.
        says: scalar array -> texts for its codes 0, 1, …, for the reading.

    Raises:
        ValueError: a name that is no plain word, no alternative text, a specification that does not fit.
    """

    _esm = "\n".join((HERE / "draw" / f"{part}.js").read_text(encoding="utf8") for part in PARTS)
    _css = (HERE / "figure.css").read_text(encoding="utf8")

    name = t.Unicode().tag(sync=True)
    alt = t.Unicode().tag(sync=True)
    height = t.Int(320).tag(sync=True)
    spec = t.Dict().tag(sync=True)
    arrays = t.List().tag(sync=True)
    buffer = t.Bytes().tag(sync=True)
    values = t.Dict().tag(sync=True)
    busy = t.Bool(False).tag(sync=True)
    error = t.Unicode().tag(sync=True)
    live = t.Bool(False).tag(sync=True)
    playing = t.Bool(False).tag(sync=True)  # while frames play, the reading is not spoken

    def __init__(
        self, *, name: str, panels: Sequence[dict], alt: str, reading="", height=320, controls=(), says=None,
        **state,
    ):  # fmt: skip
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
            raise ValueError(f"a figure's name is a plain word, for the page's address, got {name!r}")
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError("a figure needs a text alternative: alt='what it shows, in a sentence'")
        self._controls = _controls.check(list(controls))
        _panels.names_in(reading)
        self.add_traits(**{f"at_{c.name}": t.Int(c.index).tag(sync=True) for c in self._controls.values()})
        spec = {"panels": list(panels), "reading": reading, "says": says or {}}
        spec["controls"] = {c.name: _said(c) for c in self._controls.values()}
        super().__init__(name=name, alt=alt, height=height, spec=spec, **state)

    def show(self, arrays: Mapping, *, frames: Mapping | None = None, values: Mapping | None = None) -> None:
        """Draw new arrays, exactly (f4) and in one message.

        Args:
            arrays: name -> array of numbers.
            frames: Step's name -> names of arrays whose first axis it selects.
            values: control -> how its value is said, for the reading.

        Raises:
            ValueError: arrays that do not fit the panels.
        """
        table = atlas.frame(
            {name: ((), atlas._numbers(name, a)) for name, a in arrays.items()}, self._controls, frames
        )
        counts = {name: len(c.values) for name, c in self._controls.items()}
        entries, buffer, _ = atlas.pack(atlas.check_table(table, counts), dtype="f4")
        self.check(entries, values or ())
        with self.hold_sync():
            self.arrays, self.buffer, self.error = entries, buffer, ""
            self.values = {**self.values, **(values or {})}

    def check(self, entries: Sequence[Mapping], values=()) -> None:
        """Compare the specification with the arrays to be drawn; ValueError where they do not fit."""
        shapes = {entry["name"]: tuple(entry["shape"]) for entry in entries}
        counts = {name: len(c.values) for name, c in self._controls.items()}
        steps = [name for name, c in self._controls.items() if c.step]
        _panels.check(self.spec["panels"], shapes, counts, steps)
        said = {*self.values, *values, *counts}
        for template in (
            self.spec["reading"],
            *(text for texts in self.spec["says"].values() for text in texts),
        ):
            for name, index in _panels.names_in(template):
                if name not in said:
                    _check_blank(name, index, shapes, counts, said)
        for name in self.spec["says"]:
            if name not in shapes:
                raise ValueError(f"says: no array named {name!r}; known: {', '.join(shapes)}")

    def reading_text(self, **indices: int) -> str:
        """Return the reading at these indices, as the figure says it; other controls are as they stand."""
        at = {name: getattr(self, f"at_{name}") for name in self._controls} | indices
        if unknown := [name for name in at if name not in self._controls]:
            raise ValueError(f"no control {unknown[0]!r}; known: {', '.join(self._controls)}")
        entries = {entry["name"]: entry for entry in self.arrays}

        def say(name, index, how):
            if name in self.values:
                return self.values[name]
            if name in self._controls:
                return self._controls[name].texts[at[name]]
            i = 0 if index is None else at[index] if index in at else int(index)
            value = float(np.ravel(atlas.unpack(entries[name], self.buffer, at))[i])
            words = self.spec["says"].get(name)
            if words is not None and value == value and round(value) < len(words):
                return _panels.fill_in(words[round(value)], say)
            return said_number(value, how)

        return _panels.fill_in(self.spec["reading"], say)


def said_number(value: float, how: str | None = None) -> str:
    """Say a number as the figure does: four figures unless ``how`` is a format; a gap is a dash."""
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "∞" if value > 0 else "−∞"
    if how is not None:
        text = format(round(value) if how.endswith("d") else value, how)
    elif value == 0 or 1e-4 <= abs(value) < 1e6:
        text = f"{float(f'{value:.4g}'):.10g}"
    else:
        text = re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.3e}")
    return text.replace("-", "−") if re.search("[1-9]", text) else text.lstrip("-")


def _check_blank(name, index, shapes, counts, said):
    """A blank in a reading is a scalar array, or one entry of a list."""
    known = ", ".join(sorted({*said, *(n for n, shape in shapes.items() if len(shape) < 2)}))
    wanted = 0 if index is None else 1
    if name not in shapes or len(shapes[name]) != wanted:
        what = "a control nor a scalar array" if index is None else "an array (n,)"
        raise ValueError(f"the reading names {name!r}, which is neither {what}; known: {known}")
    if index is not None and not (index in counts or (index.isdigit() and int(index) < shapes[name][0])):
        raise ValueError(f"the reading's {name}[{index}] needs a control or an index below {shapes[name][0]}")


def _said(control):
    return {"label": control.label, "texts": control.texts}
