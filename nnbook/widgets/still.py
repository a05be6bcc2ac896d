"""The picture of a figure for print and for viewers without widgets: the same panels, drawn by Matplotlib."""

from __future__ import annotations

import base64
import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from nnbook import plotting as p
from nnbook.widgets.atlas import unpack
from nnbook.widgets.figure import said_number

ACROSS, DPI = 3, 150  # panels a row; 150 dots an inch are sharp in print and a small file
WORDS = [p.tint(p.BLUE, 1), p.RUST]


def picture(figure) -> str:
    """Return the figure as it stands, as a PNG in base64: dark ink on white, in the book's style."""
    panels = [panel for panel in figure.spec["panels"] if _is_shown(panel, figure)]
    look = Look(figure)
    rows = [panels[k : k + ACROSS] for k in range(0, len(panels), ACROSS)]
    with matplotlib.rc_context({**p.STYLE, "font.size": 9, "axes.titlesize": 9.5, "legend.fontsize": 8}):
        page = Figure(figsize=(min(7.2, 3.6 * len(rows[0])), 2.7 * len(rows)))
        FigureCanvasAgg(page)
        for row, sub in zip(rows, np.atleast_1d(page.subfigures(len(rows), 1)), strict=True):
            shares = [panel.get("width", 1) for panel in row]
            axes = np.atleast_1d(sub.subplots(1, len(row), width_ratios=shares))
            for panel, ax in zip(row, axes, strict=True):
                ax.set_title(panel.get("title", ""), loc="left", weight="bold")
                PANELS[panel["kind"]](ax, panel, look)
        file = io.BytesIO()
        page.savefig(file, format="png", dpi=DPI)
    small = io.BytesIO()
    Image.open(file).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


class Look:
    """The arrays of a figure as its controls stand."""

    def __init__(self, figure):
        self.at = {name: getattr(figure, f"at_{name}") for name in figure.spec["controls"]}
        self.entries = {entry["name"]: entry for entry in figure.arrays}
        self.buffer = figure.buffer

    def __call__(self, place):
        """Return an array by its name; a number stands for itself."""
        if place is None or not isinstance(place, str):
            return place
        return unpack(self.entries[place], self.buffer, self.at)

    def number(self, place):
        return None if place is None else float(self(place))

    def span(self, place):
        """Return the lowest and highest value over all settings."""
        return (self.entries[place]["range"] or [0, 1])[:2]


def _is_shown(panel, figure):
    return all(getattr(figure, f"at_{name}") in wanted for name, wanted in panel.get("when", {}).items())


# Panels


def _plane(ax, panel, look):
    firsts = _first_colors(panel["marks"], look)
    for mark, first in zip(panel["marks"], firsts, strict=True):
        MARKS[mark["kind"]](ax, mark, look, first)
    for side, axis in (("x", panel["x"]), ("y", panel["y"])):
        low, high = look.number(axis.get("low")), look.number(axis.get("high"))
        style = {
            f"{side}label": axis.get("label", ""),
            f"{side}scale": "log" if axis.get("log") else "linear",
        }
        ax.set(**style, **{f"{side}lim": (low, high)} if (low, high) != (None, None) else {})
    if panel.get("equal"):
        ax.set_aspect("equal")
    if any(mark["kind"] in ("heat", "gradient") for mark in panel["marks"]):
        ax.grid(False)
    if ax.get_legend_handles_labels()[1]:
        ax.legend()


def _bars(ax, panel, look):
    values = look(panel["values"])
    places = np.arange(len(values))
    ax.barh(places, values, color=[p.COLORS[int(v < 0)] for v in values], height=0.62)
    for place, value in zip(places, values, strict=True):
        if np.isfinite(value):
            ax.annotate(f" {value:.3g}", (max(value, 0), place), va="center", size=8)
    ax.set(yticks=places, yticklabels=panel["labels"], xlabel=panel.get("x", ""), xticks=[])
    ax.margins(x=0.2)
    ax.invert_yaxis()
    ax.grid(False)


def _table(ax, panel, look):
    columns, rows = panel["columns"], panel.get("rows")
    ax.axis("off")
    for c, column in enumerate(columns):
        ax.text(c, 0, column["label"], weight="bold", color=p.GREY, ha="center", va="center")
        wrong = look(column.get("wrong"))
        words = said_column(look(column["values"]), column["digits"])
        for r, word in enumerate(words):
            bad = wrong is not None and wrong[r] == 1
            mark = "" if wrong is None or not word or np.isnan(wrong[r]) else " ✗" if bad else " ✓"
            ax.text(c, r + 1, word + mark, color=p.RUST if bad else p.INK, ha="center", va="center")
    for r in range(len(words)):
        ax.axhline(r + 0.5, color=p.GRID, lw=0.8)
        if rows:
            ax.text(-1, r + 1, rows[r], ha="center", va="center", weight="bold", color=p.GREY)
    ax.set(xlim=(-0.5 - bool(rows), len(columns) - 0.5), ylim=(len(words) + 0.5, -0.8))


def said_column(values, digits):
    """Say the numbers of a column alike, without places where all are whole; gaps are empty."""
    known = values[np.isfinite(values)]
    places = 0 if np.allclose(known, np.rint(known), rtol=0, atol=1e-3) else digits
    return ["" if np.isnan(v) else said_number(v, f".{places}f") for v in values]


def _matrix(ax, panel, look):
    z = look(panel["z"])
    names = {"xlabel": panel.get("x", ""), "ylabel": panel.get("y", "")}
    if panel["ramp"] == "confusion":
        p.confusion(np.nan_to_num(z).astype(int), panel.get("rows"), ax=ax, **names)
        return
    digits = panel.get("digits")
    p.heatmap(
        z, signed=panel["ramp"] == "signed", numbers=None if digits is None else f".{digits}f",
        rows=panel.get("rows"), columns=panel.get("columns"), ax=ax, **names,
    )  # fmt: skip


def _network(ax, panel, look):
    sizes, names = panel["sizes"], panel.get("names") or [""] * len(panel["sizes"])
    places = [[(k, (n - 1) / 2 - i) for i in range(n)] for k, n in enumerate(sizes)]
    weights = [look(name) for name in panel["weights"]]
    reach = max(np.nanmax(np.abs(W), initial=0) for W in weights) or 1
    missing = [np.isnan(W).all(axis=0) for W in [np.zeros((1, sizes[0])), *weights]]
    for k, W in enumerate(weights):
        for (i, j), w in np.ndenumerate(np.nan_to_num(W)):
            (x0, y0), (x1, y1), size = places[k][i], places[k + 1][j], min(abs(w) / reach, 1)
            style = {"color": p.COLORS[int(w < 0)], "ls": p.DASHES[int(w < 0)], "alpha": 0.3 + 0.7 * size}
            ax.plot([x0, x1], [y0, y1], lw=0.4 + 2.4 * size, zorder=1, **style) if w else None
    for k, (layer, name) in enumerate(zip(places, names, strict=True)):
        x, y = np.array([place for place, gone in zip(layer, missing[k], strict=True) if not gone]).T
        edge = p.GREY if k == 0 else p.GREEN if k == len(sizes) - 1 else p.BLUE
        ax.scatter(x, y, s=150, color=[p.tint(edge)], edgecolor=edge, lw=1.5)
        ax.text(k, -max(sizes) / 2 - 0.3, name, ha="center")
    ax.set(xlim=(-0.3, len(sizes) - 0.7), ylim=(-max(sizes) / 2 - 0.6, max(sizes) / 2 + 0.3))
    ax.axis("off")


def _graph(ax, panel, look):
    nodes, seen, active = panel["nodes"], look(panel["seen"]), look(panel["active"])
    forward, backward = look(panel["forward"]), look(panel["backward"])
    places = {node["id"]: (node["x"], node["y"]) for node in nodes}
    for a, b in panel["edges"]:
        style = {**p.ARROW, "shrinkA": 14, "shrinkB": 14, "lw": 1.2}
        ax.add_patch(FancyArrowPatch(places[a], places[b], **style))
    for i, node in enumerate(nodes):
        box = {"boxstyle": "round", "fc": p.tint(p.BLUE, 0.15), "ec": p.INK if active == i else p.GREY}
        ax.text(node["x"], node["y"], node["label"], ha="center", va="center", bbox=box)
        for values, least, shift, color in ((forward, 1, 14, WORDS[0]), (backward, 2, -14, WORDS[1])):
            if seen[i] >= least:
                words, style = said_number(values[i], f".{panel['digits']}f"), {"color": color, "size": 8}
                style |= {"ha": "center", "va": "center", "textcoords": "offset points"}
                ax.annotate(words, places[node["id"]], (0, shift), **style)
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.2, 1.2))
    ax.axis("off")


PANELS = {
    "plane": _plane, "bars": _bars, "table": _table, "matrix": _matrix, "network": _network, "graph": _graph,
}  # fmt: skip


# Marks: each takes (ax, mark, look, number of its first colour)


def _first_colors(marks, look):
    """Return the number of each mark's first colour: lines, paths and histograms are counted."""
    firsts, k = [], 0
    for mark in marks:
        counted = mark["kind"] in ("line", "path", "histogram") and not isinstance(mark.get("color"), str)
        firsts.append(mark.get("color", k) if counted else 0)
        if counted and "color" not in mark:
            k += np.atleast_2d(look(mark["y"])).shape[0] if "y" in mark else 1
    return firsts


def _color(mark, k):
    return p.INK if mark.get("color") == "ink" else p.COLORS[k % len(p.COLORS)]


def _rows(mark, look, first):
    """Yield x, y, label, style of each row of a line or path; with ``upto`` only as far as its Step is."""
    xs, ys = np.atleast_2d(look(mark["x"])), np.atleast_2d(look(mark["y"]))
    labels = mark.get("label")
    for row, y in enumerate(ys):
        k = first + row
        label = labels[row] if isinstance(labels, list) else labels
        style = {
            "color": _color(mark, k),
            "ls": p.DASHES[k % len(p.DASHES)],
            "label": label,
        }
        end = look.at[mark["upto"]] + 1 if "upto" in mark and not mark.get("rest") else len(y)
        yield xs[min(row, len(xs) - 1)][:end], y[:end], k, style


def _line(ax, mark, look, first):
    for x, y, _, style in _rows(mark, look, first):
        ax.plot(x, y, lw=1.6, **style)


def _path(ax, mark, look, first):
    for x, y, k, style in _rows(mark, look, first):
        known = np.isfinite(x) & np.isfinite(y)
        label = style.pop("label")
        p.path(np.column_stack([x[known], y[known]]), k=k, label=label, ax=ax) if known.any() else None


def _points(ax, mark, look, first):
    X = np.column_stack([look(mark["x"]), look(mark["y"])])
    group, labels = look(mark.get("group")), mark.get("labels")
    group = np.zeros(len(X), int) if group is None else np.nan_to_num(group).astype(int)
    for k in np.unique(group):
        label = labels[k] if labels else None
        ax.scatter(
            *X[group == k].T, s=mark.get("size", 4.2) ** 2, color=p.COLORS[k % 6], marker=p.MARKERS[k % 10],
            label=label, zorder=3, edgecolor=p.PAPER, linewidth=0.5,
        )  # fmt: skip


def _heat(ax, mark, look, first):
    z = look(mark["z"])
    x0, x1, y0, y1 = (look.number(mark[key]) for key in ("x0", "x1", "y0", "y1"))
    xs, ys = np.linspace(x0, x1, z.shape[1]), np.linspace(y0, y1, z.shape[0])
    style, whole = _shade(mark, look, mark["z"])
    ax.pcolormesh(xs, ys, z, **style, shading="nearest" if whole else "gouraud", rasterized=True)
    ax.set(xlim=(x0, x1), ylim=(y0, y1))
    levels = np.ravel(look(mark.get("levels", [])))
    levels = np.sort(levels[(np.nanmin(z) < levels) & (levels < np.nanmax(z))])
    if levels.size:
        ax.contour(xs, ys, z, levels, colors=p.INK, linewidths=1.6 if levels.size == 1 else 0.5)


def _shade(mark, look, name):
    """Return the style of a shaded plane, and whether its values are classes."""
    low, high = look.span(name)
    entry, kind = look.entries[name], mark["ramp"]
    if kind == "classes" and entry["whole"]:
        tints = ListedColormap([p.tint(p.COLORS[k % 6], 0.34) for k in range(int(high) + 1)])
        return {"cmap": tints, "vmin": -0.5, "vmax": int(high) + 0.5}, True
    if kind == "amount":
        return {"cmap": p.ramp(p.PAPER, p.tint(p.BLUE, 0.6)), "vmin": low, "vmax": high}, False
    center = _given(look, mark, "center", 0.5 if kind == "classes" else 0)
    reach = _given(look, mark, "reach", 0.5 if kind == "classes" else max(center - low, high - center) or 1)
    ends = (p.BLUE, p.VERMILLION) if kind == "classes" else (p.VERMILLION, p.BLUE)
    shades = p.ramp(p.tint(ends[0], 0.6), p.PAPER, p.tint(ends[1], 0.6))
    return {"cmap": shades, "vmin": center - reach, "vmax": center + reach}, False


def _given(look, mark, field, otherwise):
    return look.number(mark[field]) if field in mark else otherwise


def _gradient(ax, mark, look, first):
    x0, y0, x1, y1 = look(mark["ends"])
    reach = np.abs([x0, y0, x1, y1]).max() * 3 + 1
    xs, ys = np.linspace(-reach, reach, 500), np.linspace(-reach, reach, 500)[:, None]
    part = ((xs - x0) * (x1 - x0) + (ys - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2 or 1)
    z = np.interp(part, look(mark["stops"]), look(mark["values"]))
    style, _ = _shade(mark, look, mark["values"])
    ax.imshow(z, extent=(-reach, reach, -reach, reach), origin="lower", aspect="auto", **style)


def _histogram(ax, mark, look, first):
    color = _color(mark, first)
    ax.stairs(
        np.nan_to_num(look(mark["counts"])), look(mark["edges"]), fill=True, fc=(*p.tint(color), 0.6),
        ec=color, lw=1.3, label=mark.get("label"),
    )  # fmt: skip


def _rule(ax, mark, look, first):
    draw, place = (ax.axhline, mark["y"]) if mark["kind"] == "hline" else (ax.axvline, mark["x"])
    draw(look.number(place), color=p.INK, lw=1.3, ls=p.DASHES[2])


def _arrow(ax, mark, look, first):
    x, y, dx, dy = (look.number(mark[key]) for key in ("x", "y", "dx", "dy"))
    if np.isfinite([x, y, dx, dy]).all():
        ax.add_patch(FancyArrowPatch((x, y), (x + dx, y + dy), **p.ARROW))
        ax.text(x + 1.35 * dx, y + 1.35 * dy, mark.get("label", ""), ha="center", va="center", clip_on=True)


MARKS = {
    "line": _line, "path": _path, "points": _points, "heat": _heat, "gradient": _gradient,
    "histogram": _histogram, "hline": _rule, "vline": _rule, "arrow": _arrow,
}  # fmt: skip
