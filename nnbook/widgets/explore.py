"""Explorers: a pure function, controls and panels, joined for the page and for a running kernel alike."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import ipywidgets
import numpy as np

from nnbook.widgets import atlas as _atlas
from nnbook.widgets import controls as _controls
from nnbook.widgets.figure import Figure

PAUSE = 0.04  # seconds between a move and its answer, so that moves in between are not computed


def explore(
    compute, controls: Sequence, panels: Sequence[dict], *, name: str, reading: str, alt: str, frames=None,
    height=320, says=None, dtypes=None, table=None, limit=_atlas.LIMIT, live: bool | None = None,
) -> Explorer:  # fmt: skip
    """Join a function, its controls and the panels that draw its arrays.

    Where the book is built (``NNBOOK_BOOK=1``) the figure carries an atlas of the whole grid; with a kernel
    it computes whatever the controls stand at.

    Args:
        compute: a pure function, or a list of them, from controls' values to a dict of arrays; see ``Atlas``.
        controls, panels: what the reader moves and sees.
        name, reading, alt, height, says: see ``Figure``.
        frames, dtypes, limit: see ``Atlas``.
        table: recorded arrays instead of ``compute``, as ``Atlas.of`` takes them.
        live: compute with the kernel, or show the atlas; unless given, the environment decides.

    Raises:
        ValueError: controls, panels, arrays and reading that do not fit each other.
    """
    named = _controls.check(controls)
    live = has_kernel() if live is None else live
    if (compute is None) == (table is None):
        raise ValueError("explore needs either compute or a table of recorded arrays")
    describe = {"name": name, "panels": panels, "reading": reading, "alt": alt}
    describe |= {"height": height, "says": says}
    if table is None and live:
        return Live(named, describe, compute, frames)
    atlas = (
        _atlas.Atlas(compute, controls, frames=frames, dtypes=dtypes, limit=limit)
        if table is None
        else _atlas.Atlas.of(table, controls, dtypes=dtypes, limit=limit)
    )
    return Recorded(named, describe, atlas)


def has_kernel() -> bool:
    """Whether a kernel will stay with the page; not so where the book is built."""
    return os.environ.get("NNBOOK_BOOK") != "1"


class Explorer(ipywidgets.VBox):
    """A row of controls above one figure; ``controls`` maps names to widgets, ``figure`` is the figure."""

    def __init__(self, named, figure, live):
        self.figure, self._named = figure, named
        shown, self.controls = [], {}
        for control in named.values():
            view, source = control.widget(live)
            shown.append(view)
            self.controls[control.name] = source
            if hasattr(figure, f"at_{control.name}"):
                ipywidgets.jslink((source, control.link), (figure, f"at_{control.name}"))
            if control.step:
                ipywidgets.jsdlink((view.children[0], "playing"), (figure, "playing"))
        row = ipywidgets.HBox(shown, layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([row, figure])
        self.add_class("nn-explorer")

    @property
    def values(self) -> dict:
        """What the controls stand at, by name, Steps left out."""
        return {c.name: c.read(self.controls[c.name]) for c in self._named.values() if not c.step}

    @property
    def said(self) -> dict:
        """How those values are said."""
        return {c.name: c.said(self.controls[c.name]) for c in self._named.values() if not c.step}

    def _repr_mimebundle_(self, **kwargs):
        """Return the widget's view, and a picture for print and for viewers without widgets."""
        from nnbook.widgets.still import picture

        data = super()._repr_mimebundle_(**kwargs)
        if data is None:
            return None
        alt = {"alt": self.figure.alt}
        return {**data, "text/plain": self.figure.alt, "image/png": picture(self.figure)}, {"image/png": alt}


class Recorded(Explorer):
    """An explorer whose answers are all in its atlas; it needs no kernel."""

    def __init__(self, named, describe, atlas):
        self.atlas = atlas
        figure = Figure(**describe, controls=list(named.values()), arrays=atlas.arrays, buffer=atlas.buffer)
        figure.check(atlas.arrays)
        super().__init__(named, figure, live=False)


class Live(Explorer):
    """An explorer whose answers a kernel computes: the latest move wins, and mistakes are shown."""

    atlas = None

    def __init__(self, named, describe, compute, frames):
        self._parts = [(part, _atlas.depends(part, named)) for part in _atlas.parts(compute)]
        self._answers = [None] * len(self._parts)
        self._frames, self._task, self._moved = frames, None, False
        free = [control for control in named.values() if not control.step]
        counted = [control for control in named.values() if not isinstance(control, _controls.Slide)]
        figure = Figure(
            **describe, controls=counted, live=True, values={c.name: c.texts[c.index] for c in free}
        )
        figure.show(self._compute({c.name: c.default for c in free}), frames=frames)
        super().__init__(named, figure, live=True)
        for control in free:
            self.controls[control.name].observe(self._move, "value")

    def _compute(self, values):
        """Return the arrays at ``values``; a function whose own values did not change keeps its answer."""
        for k, (part, names) in enumerate(self._parts):
            asked = [values[name] for name in names]
            if self._answers[k] is None or not _same(self._answers[k][0], asked):
                self._answers[k] = asked, part(**dict(zip(names, asked, strict=True)))
        return {name: array for _, answer in self._answers for name, array in answer.items()}

    def _move(self, change):
        """Answer soon, or at once where there is no event loop; an answer in the making takes moves up."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._show(*self._try(self.values, self.said))
            return
        self._moved = True
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._catch_up())

    async def _catch_up(self):
        """Answer the latest move until none is left; a thread computes, so the kernel stays free."""
        while self._moved:
            await asyncio.sleep(PAUSE)
            self._moved, self.figure.busy = False, True
            self._show(*await asyncio.to_thread(self._try, self.values, self.said))
        self.figure.busy = False

    def _try(self, values, said):
        """Return (arrays, how the values are said, None), or (None, …, message) where compute fails."""
        try:
            return self._compute(values), said, None
        except Exception as error:  # whatever it is, the reader sees it in the figure
            return None, said, f"{type(error).__name__}: {error}"

    def _show(self, arrays, said, message):
        try:
            if message is None:
                self.figure.show(arrays, frames=self._frames, values=said)
        except ValueError as error:
            message = str(error)
        self.figure.error = message or ""


def _same(before, now):
    return all(a is b or np.array_equal(a, b) for a, b in zip(before, now, strict=True))
