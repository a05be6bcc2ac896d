"""Controls, declared: what a reader may choose, and the standard widget that shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

WIDE = {"description_width": "initial"}


class Control:
    """A named choice among ``values``; ``texts`` says each of them and ``index`` is the default's place."""

    step = False
    link = "index"

    def __init__(self, name: str, values: Sequence, texts: Sequence[str], index: int, label: str | None):
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise ValueError(f"a control's name must be a plain identifier, got {name!r}")
        self.name, self.label = name, label or name.replace("_", " ")
        self.values, self.texts, self.index = tuple(values), list(texts), index

    @property
    def default(self):
        return self.values[self.index]

    def widget(self, live: bool = False) -> tuple:
        """Return the widget to show and the one to link, by its trait ``link``; they are often the same."""
        shown = self._widget(live)
        source = shown.children[-1] if isinstance(shown, ipywidgets.Box) else shown
        shown.add_class("nn-control")
        return shown, source

    def read(self, source):
        """Return the value that the linked widget ``source`` stands at."""
        return self.values[source.index]

    def said(self, source) -> str:
        """Return how that value is said."""
        return self.texts[source.index]

    def __repr__(self):
        return f"{type(self).__name__}({self.name!r}, {len(self.values)} values, default={self.default!r})"


class Slide(Control):
    """A slider over numbers in order; with a kernel it takes any number between the first and the last.

    Args:
        name: identifier, also the parameter of ``compute``.
        values: numbers that increase.
        default: one of them.
        fmt: how a number is said, such as "{:.2f}"; "{:g}" if not given, on a logarithmic slider "{:.3g}".
        log: with a kernel, the slider is logarithmic.

    Raises:
        ValueError: values that do not increase, a default that is none of them, log with values ≤ 0.
    """

    def __init__(self, name: str, values, default, label: str | None = None, fmt=None, log=False):
        values = [v.item() if isinstance(v, np.generic) else v for v in values]
        if len(values) < 2 or not all(a < b for a, b in zip(values, values[1:], strict=False)):
            raise ValueError(f"{name}: values must be at least two numbers that increase, got {values}")
        if log and values[0] <= 0:
            raise ValueError(f"{name}: a logarithmic slider needs values above 0, got {values[0]}")
        near = [i for i, v in enumerate(values) if np.isclose(v, default, rtol=1e-9, atol=0)]
        if not near:
            raise ValueError(f"{name}: the default {default!r} is not in its values {values}")
        self.fmt, self.log = fmt or ("{:.3g}" if log else "{:g}"), log
        super().__init__(name, values, [self._text(v) for v in values], near[0], label)

    def _text(self, value):
        return self.fmt.format(value).replace("-", "−")

    def read(self, source):
        return super().read(source) if hasattr(source, "index") else source.value

    def said(self, source):
        return self._text(self.read(source))

    def _widget(self, live):
        if not live:
            options = list(zip(self.texts, range(len(self.values)), strict=True))
            return ipywidgets.SelectionSlider(
                options=options, index=self.index, description=self.label, style=WIDE
            )
        low, high = self.values[0], self.values[-1]
        common = {"value": self.default, "description": self.label, "style": WIDE}
        if all(isinstance(v, int) for v in self.values):
            return ipywidgets.IntSlider(min=low, max=high, **common)
        spec = re.search(r"\{:([^}]*)\}", self.fmt)
        common["readout_format"] = spec[1] if spec and spec[1] not in ("", "g") else ".3g"
        if self.log:
            low, high, start = np.log10([low, high, self.default])
            step = (high - low) / 200
            step = (start - low) / max(1, round((start - low) / step)) or step  # the default is on the grid
            return ipywidgets.FloatLogSlider(min=low, max=high, step=step, **common)
        return ipywidgets.FloatSlider(min=low, max=high, step=_round_step((high - low) / 200), **common)


class Choose(Control):
    """A choice among words: a list of strings, or a dict from what is shown to the value.

    Raises:
        ValueError: no or equal options, or a default that is none of them.
    """

    def __init__(self, name: str, options, default, label: str | None = None):
        pairs = dict(options) if isinstance(options, Mapping) else {text: text for text in options}
        texts, values = [str(text) for text in pairs], list(pairs.values())
        if len(texts) < 2 or len(texts) < len(options):
            raise ValueError(f"{name}: options must be at least two different words, got {list(options)}")
        index = [i for i, text in enumerate(texts) if text == default]
        index = index or [i for i, value in enumerate(values) if value is default or value == default]
        if not index:
            raise ValueError(f"{name}: the default {default!r} is not in its options {texts}")
        super().__init__(name, values, texts, index[0], label)

    def _widget(self, live):
        few = len(self.texts) <= 3 and sum(map(len, self.texts)) <= 24
        kind = ipywidgets.ToggleButtons if few else ipywidgets.Dropdown
        options = list(zip(self.texts, range(len(self.texts)), strict=True))
        shown = kind(options=options, index=self.index, description=self.label, style=WIDE)
        if few:
            shown.style.button_width = "auto"
        return shown


class Tick(Control):
    """A tick box: False or True."""

    link = "value"

    def __init__(self, name: str, default: bool, label: str | None = None):
        if not isinstance(default, bool | np.bool_):
            raise ValueError(f"{name}: the default of a tick box is True or False, got {default!r}")
        super().__init__(name, (False, True), ["no", "yes"], int(default), label)

    def read(self, source):
        return source.value

    def said(self, source):
        return self.texts[source.value]

    def _widget(self, live):
        return ipywidgets.Checkbox(value=bool(self.default), description=self.label, indent=False, style=WIDE)


class Step(Control):
    """Steps through the frames of arrays, with a Play button; ``compute`` does not see it.

    Args:
        count: the number of frames.
        interval: milliseconds a frame while playing.
        values: what each frame is called, such as the epochs that were kept; else 0, 1, ….
        default: the index of the first frame shown.

    Raises:
        ValueError: fewer than two frames, or values of another length.
    """

    step = True

    def __init__(self, name: str, count: int, label=None, interval=200, default=0, fmt="{:g}", values=None):
        if not isinstance(count, int | np.integer) or count < 2:
            raise ValueError(f"{name}: a Step needs a count of at least 2 frames, got {count!r}")
        plain = values is None and fmt == "{:g}"
        values = range(count) if values is None else values
        if len(values) != count:
            raise ValueError(f"{name}: {count} frames but {len(values)} values")
        if not 0 <= default < count:
            raise ValueError(f"{name}: the default must be an index from 0 to {count - 1}, got {default!r}")
        self.interval, self.link = int(interval), "value" if plain else "index"
        texts = [v if isinstance(v, str) else fmt.format(v).replace("-", "−") for v in values]
        super().__init__(name, values, texts, int(default), label)

    def _widget(self, live):
        last, style = len(self.values) - 1, WIDE
        play = ipywidgets.Play(
            value=self.index,
            min=0,
            max=last,
            interval=self.interval,
            show_repeat=False,
            description=self.label,
        )
        if self.link == "value":
            slider = ipywidgets.IntSlider(
                value=self.index, min=0, max=last, description=self.label, style=style
            )
        else:
            options = list(zip(self.texts, range(last + 1), strict=True))
            slider = ipywidgets.SelectionSlider(
                options=options, index=self.index, description=self.label, style=style
            )
        ipywidgets.jslink((play, "value"), (slider, self.link))
        return ipywidgets.HBox([play, slider])


def check(controls: Sequence[Control]) -> dict[str, Control]:
    """Return the controls by name.

    Raises:
        ValueError: something that is no control, or two of one name.
    """
    if isinstance(controls, Control) or not isinstance(controls, Sequence):
        raise ValueError(f"controls must be a list of Slide, Choose, Tick and Step, got {controls!r}")
    for control in controls:
        if not isinstance(control, Control):
            raise ValueError(f"a control is a Slide, Choose, Tick or Step, got {control!r}")
    named = {control.name: control for control in controls}
    if len(named) < len(controls):
        raise ValueError(f"two controls have one name: {', '.join(c.name for c in controls)}")
    return named


def _round_step(step):
    """Return ``step`` rounded down to 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(step))
    return float(unit * max(k for k in (1, 2, 5) if k <= step / unit * (1 + 1e-9)))
