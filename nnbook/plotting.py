"""Pictures of arrays: every function takes arrays and an ``ax``, draws, and returns the ``ax``."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon

INK, GREY, GRID, PAPER = "#1c2128", "#5b6470", "#d9dde3", "#ffffff"
BLUE, VERMILLION, GREEN, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#3d9ad1"
# Okabe and Ito's colours without those that vanish on white; their sky blue is darkened to 3:1.
COLORS = [BLUE, VERMILLION, GREEN, PURPLE, INK, SKY]
MARKERS = ["o", "^", "s", "D", "v", "P", "X", "<", ">", "*"]
DASHES = ["-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (9, 3)), (0, (3, 1, 1, 1, 1, 1))]

RUST = "#b34e00"  # vermillion for text: 4.5:1 on white


def tint(color: str, amount: float = 0.25) -> tuple:
    """Return ``color`` mixed with white; ``amount`` is the share of the colour."""
    return tuple(1 - amount * (1 - channel) for channel in to_rgb(color))


def ramp(*colors) -> LinearSegmentedColormap:
    """Return the colour map that passes through ``colors``."""
    return LinearSegmentedColormap.from_list("ramp", colors)


SIGNED, AMOUNT, PEN = ramp(VERMILLION, PAPER, BLUE), ramp(PAPER, BLUE), ramp(PAPER, INK)
# Half as deep, so that ink written on them reads at 4.5:1 in either theme.
SIGNED_PALE, AMOUNT_PALE = ramp(tint(VERMILLION, 0.5), PAPER, tint(BLUE, 0.5)), ramp(PAPER, tint(BLUE, 0.5))


def use_style() -> None:
    """Make every later figure look like the book's: call it once, in a chapter's first cell.

    Figures are PNG at twice the density, dark ink on white; the book's dark theme turns their lightness over.
    """
    plt.rcParams.update(STYLE)
    if "inline" not in plt.get_backend():
        return
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("retina", bbox_inches=None)


STYLE = {
    "figure.figsize": (6.4, 3.6),
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=DASHES),
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.8,
    "image.cmap": "gray_r",
    "image.interpolation": "nearest",
    "svg.hashsalt": "nnbook",
}


def grid(X, n: int = 200, margin: float = 0.5) -> tuple:
    """Return ``xs`` (n,), ``ys`` (n,) and all their pairs (n * n, 2), around the points X of shape (m, 2)."""
    xs, ys = np.linspace(np.min(X, axis=0) - margin, np.max(X, axis=0) + margin, n).T
    return xs, ys, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


# Series


def curves(runs: dict, *, x=None, xlabel="epoch", ylabel="loss", log=False, ax=None):
    """Draw learning curves, one colour and one dash a name.

    ``runs`` maps a name to values of shape (steps,), or (seeds, steps): then the line is the median and the
    band goes from the lowest to the highest run. ``model.fit(…).history`` can be given as it is.
    ``x`` (steps,) counts from 1 unless given.
    """
    ax = _axes(ax)
    for k, (name, values) in enumerate(runs.items()):
        values = np.atleast_2d(values)
        steps = np.arange(1, values.shape[1] + 1) if x is None else np.asarray(x)
        if len(values) > 1:
            ax.fill_between(
                steps, values.min(axis=0), values.max(axis=0), color=tint(_color(k)), alpha=0.7, lw=0
            )
        mark = MARKERS[k % len(MARKERS)] if len(steps) <= 30 else ""
        ax.plot(
            steps, np.median(values, axis=0), color=_color(k), ls=_dash(k), marker=mark, ms=4.5, label=name
        )
    if log:
        ax.set_yscale("log")
    if x is None:
        ax.xaxis.get_major_locator().set_params(integer=True)
    if len(runs) > 1:
        ax.legend()
    return _label(ax, xlabel, ylabel)


def functions(xs, ys: dict, *, xlabel="$z$", ylabel="$f(z)$", ax=None):
    """Draw functions of one variable: ``ys`` maps a name to values of shape ``xs.shape``."""
    ax = _axes(ax)
    for k, (name, values) in enumerate(ys.items()):
        ax.plot(xs, values, color=_color(k), ls=_dash(k), label=name)
    if len(ys) > 1:
        ax.legend()
    return _label(ax, xlabel, ylabel)


def histograms(samples: dict, *, bins=40, xlabel="value", ylabel="density", ax=None):
    """Draw one outlined histogram a name; each has area one."""
    ax = _axes(ax)
    edges = np.histogram_bin_edges(np.concatenate([np.ravel(v) for v in samples.values()]), bins)
    for k, (name, values) in enumerate(samples.items()):
        style = {"density": True, "histtype": "stepfilled", "facecolor": (*tint(_color(k)), 0.5)}
        ax.hist(np.ravel(values), edges, ec=_color(k), ls=_dash(k), lw=1.6, label=name, **style)
    if len(samples) > 1:
        ax.legend()
    return _label(ax, xlabel, ylabel)


def spread(results: dict, *, published: dict | None = None, xlabel="test error (%)", ax=None):
    """Draw results over seeds, a row a name: a dot a seed, a bar at the median, a diamond where published.

    ``results`` maps a name to values of shape (seeds,); ``published`` maps some of these names to one number.
    """
    ax = _axes(ax)
    for row, (name, values) in enumerate(results.items()):
        ax.plot(values, np.full(np.size(values), row), "o", color=BLUE, ms=7, alpha=0.55, mew=0)
        ax.plot([np.median(values)] * 2, [row - 0.28, row + 0.28], "-", color=BLUE, lw=2.5)
        if name in (published or {}):
            ax.plot(published[name], row, "D", color=VERMILLION, mfc="none", mew=1.8, ms=8)
    ax.plot([], [], "o-", color=BLUE, label="ours: a seed, the median")
    if published:
        ax.plot([], [], "D", color=VERMILLION, mfc="none", mew=1.8, ms=8, label="published")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    ax.set(yticks=range(len(results)), yticklabels=list(results), ylim=(len(results) - 0.5, -0.5))
    ax.grid(False, axis="y")
    return _label(ax, xlabel, "")


# The plane


def points(X, y=None, *, names=None, size=36, xlabel="$x_1$", ylabel="$x_2$", ax=None):
    """Draw rows of X, shape (n, 2), with one colour and one marker a class of ``y`` (n,)."""
    ax = _axes(ax)
    X, y = np.asarray(X), np.zeros(len(X), int) if y is None else np.ravel(y).astype(int)
    for k in np.unique(y):
        label = None if names is None else names[k]
        style = {
            "color": _color(k),
            "marker": MARKERS[k % len(MARKERS)],
            "edgecolor": PAPER,
            "linewidth": 0.6,
        }
        ax.scatter(*X[y == k].T, s=size, label=label, zorder=3, **style)
    if names is not None:
        ax.legend()
    return _label(ax, xlabel, ylabel)


def decision_boundary(xs, ys, values, *, level=0.5, xlabel="$x_1$", ylabel="$x_2$", ax=None):
    """Shade the plane by a model's answer; ``values`` has shape (len(ys), len(xs)), or any shape that fits.

    Integers are classes, each with its colour; floats are one output, with a line where it crosses ``level``.
    """
    ax = _axes(ax)
    values = np.reshape(values, (len(ys), len(xs)))
    if np.issubdtype(values.dtype, np.integer):
        tints = ListedColormap([tint(_color(k), 0.3) for k in range(values.max() + 1)])
        ax.pcolormesh(xs, ys, values, cmap=tints, vmin=-0.5, vmax=values.max() + 0.5, rasterized=True)
    else:
        pale = ramp(tint(BLUE, 0.35), PAPER, tint(VERMILLION, 0.35))
        reach = np.abs(values - level).max() or 1
        ax.pcolormesh(xs, ys, values, cmap=pale, vmin=level - reach, vmax=level + reach, rasterized=True)
        _level_line(ax, xs, ys, values, level)
    ax.grid(False)
    return _label(ax, xlabel, ylabel)


def line_boundary(w, b, *, limits=(-0.5, 1.5), names=None, xlabel="$x_1$", ylabel="$x_2$", ax=None):
    """Draw the line w1 x1 + w2 x2 + b = 0, shade the side where the sum is positive, and show w as an arrow.

    ``names`` are what to write on the negative and on the positive side.

    Raises:
        ValueError: w is not two numbers, or both are zero, so that there is no line.
    """
    w = np.asarray(w, float)
    if w.shape != (2,) or not w.any():
        raise ValueError(f"w must be two numbers, not both zero, got {w.tolist()}")
    ax = _axes(ax)
    xs = np.linspace(*limits, 400)
    z = w[0] * xs + w[1] * xs[:, None] + b
    ax.contourf(xs, xs, z, [0, np.inf], colors=[tint(VERMILLION, 0.22)])
    _level_line(ax, xs, xs, z, 0)
    middle, across = np.mean(limits), w / np.linalg.norm(w) * (limits[1] - limits[0])
    nearest = middle - w * (w.sum() * middle + b) / (w @ w)
    foot = nearest + 0.15 * np.array([-across[1], across[0]])
    ax.add_patch(FancyArrowPatch(foot, foot + 0.17 * across, **ARROW))
    ax.text(*(foot + 0.23 * across), "w", weight="bold", ha="center", va="center", clip_on=True)
    for side, name in zip((-0.4, 0.4), names or (), strict=False):
        ax.text(*(nearest + side * across), name, color=GREY, ha="center", va="center", size=10, clip_on=True)
    ax.set(xlim=limits, ylim=limits, aspect="equal")
    return _label(ax, xlabel, ylabel)


def contours(xs, ys, values, *, levels=15, xlabel="$w_1$", ylabel="$w_2$", ax=None):
    """Draw level lines of ``values``, shape (len(ys), len(xs)): the landscape that descent walks on."""
    ax = _axes(ax)
    values = np.reshape(values, (len(ys), len(xs)))
    ax.contourf(xs, ys, values, levels, cmap=AMOUNT_PALE)
    if values.min() < values.max():
        ax.contour(xs, ys, values, levels, colors=[tint(BLUE, 0.7)], linewidths=0.6)
    ax.grid(False)
    return _label(ax, xlabel, ylabel)


def path(steps, *, label=None, k=1, ax=None):
    """Draw a walk, shape (steps, 2), from an open circle to a star; ``k`` picks colour and marker."""
    ax = _axes(ax)
    steps = np.asarray(steps)
    ax.plot(
        *steps.T, color=_color(k), ls=_dash(k), marker=MARKERS[k % len(MARKERS)], ms=4, lw=1.5, label=label
    )
    ax.plot(*steps[0], "o", color=_color(k), mfc=PAPER, mew=1.8, ms=9, zorder=4)
    ax.plot(*steps[-1], "*", color=_color(k), ms=14, mec=PAPER, zorder=4)
    return ax


# Tables and images


def images(values, labels=None, *, wrong=None, columns=10, signed=False, ax=None):
    """Draw a sheet of images, shape (n, height, width), each with its label above it.

    Pixels go from white (lowest) to ink (highest), as on paper. ``wrong`` (n,) marks labels that are
    mistaken, in colour and with a cross. ``signed`` is for weights: zero white, positive blue, negative
    vermillion.
    """
    values = np.asarray(values, float)
    (n, height, width), columns = values.shape, min(columns, len(values))
    top, gap, reach = (0.34 * height if labels is not None else 0), 0.12 * width, np.abs(values).max() or 1
    sheet = columns * (width + gap) + gap, -(-n // columns) * (height + top + gap) + gap
    ax = _axes(ax, figsize=(6.4, 6.4 * sheet[1] / sheet[0]))
    span = {"cmap": SIGNED, "vmin": -reach, "vmax": reach} if signed else {"cmap": PEN, "vmin": values.min()}
    for i, image in enumerate(values):
        x, y = i % columns * (width + gap), i // columns * (height + top + gap)
        ax.imshow(image, extent=(x, x + width, y + top + height, y + top), **{"vmax": values.max(), **span})
        if labels is not None:
            bad = wrong is not None and wrong[i]
            style = {"color": RUST, "weight": "bold"} if bad else {}
            text = f"{labels[i]} ×" if bad else labels[i]
            ax.text(x + width / 2, y + top * 0.85, text, ha="center", size=10, **style)
    ax.set(xlim=(-gap, sheet[0] - gap), ylim=(sheet[1] - gap, -gap), aspect="equal")
    ax.axis("off")
    return ax


def heatmap(
    values, *, signed=False, numbers=None, rows=None, columns=None, xlabel="", ylabel="", bar=None, ax=None
):
    """Draw a table of numbers, shape (rows, columns), as colours.

    ``numbers`` is a format such as ".2f" to write them in; ``rows`` and ``columns`` name the lines;
    ``bar`` labels a colour bar; with ``signed`` zero is white.
    """
    ax = _axes(ax)
    values = np.asarray(values, float)
    reach = np.nanmax(np.abs(values)) or 1
    low, high = (-reach, reach) if signed else (np.nanmin(values), np.nanmax(values))
    deep, pale = (SIGNED, SIGNED_PALE) if signed else (AMOUNT, AMOUNT_PALE)
    image = ax.imshow(values, pale if numbers else deep, vmin=low, vmax=high, aspect="auto")
    for (i, j), value in np.ndenumerate(values if numbers else np.empty((0, 0))):
        text = format(value, numbers).replace("-", "−")
        ax.text(j, i, text, ha="center", va="center", size=10)
    if bar:
        ax.figure.colorbar(image, ax=ax, label=bar).outline.set_visible(False)
    return _label(_ticks(ax, rows, columns), xlabel, ylabel)


def confusion(matrix, names=None, *, xlabel="predicted", ylabel="true", ax=None):
    """Draw a confusion matrix of counts, shape (classes, classes): right answers blue, mistakes vermillion.

    Colour is the share of the row's true class, mistakes ten times enlarged so that they can be seen.
    """
    ax = _axes(ax)
    matrix = np.asarray(matrix)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(matrix), dtype=bool)
    shade = np.where(right, share, -np.minimum(10 * share, 1))
    ax.imshow(shade, SIGNED_PALE, vmin=-1, vmax=1)
    for i, j in np.argwhere(matrix):
        ax.text(j, i, matrix[i, j], ha="center", va="center", size=9)
    names = range(len(matrix)) if names is None else names
    return _label(_ticks(ax, names, names), xlabel, ylabel)


# Diagrams


def network_diagram(sizes, *, weights=None, values=None, names=None, shown=7, ax=None):
    """Draw a network as circles and lines, inputs on the left.

    ``weights``: one array (n_in, n_out) a gap between layers; positive blue, negative vermillion and
    dashed, width by size. ``values``: one array (n,) a layer, shown as depth of colour. ``names``: one text
    a layer, put below it. Layers larger than ``shown`` leave out their middle.
    """
    columns = [_column(n, shown) for n in sizes]
    half = max(max(column.values()) for column in columns)
    gap = max(2.2, 3.8 * half / max(len(sizes) - 1, 1))
    box = (len(sizes) - 1) * gap + 1.8, 2 * half + 1.8
    ax = _axes(ax, figsize=(6.4, 6.4 * box[1] / box[0]))
    for layer in range(len(sizes) - 1):
        W = None if weights is None else np.asarray(weights[layer])
        _edges(ax, gap * layer, gap * layer + gap, columns[layer], columns[layer + 1], W)
    for layer, (n, column) in enumerate(zip(sizes, columns, strict=True)):
        a = None if values is None else np.ravel(values[layer]) / (np.abs(values[layer]).max() or 1)
        kind = GREY if layer == 0 else GREEN if layer == len(sizes) - 1 else BLUE
        for i, y in column.items():
            fill = tint(kind, 0.3 if a is None else abs(a[i]))
            ax.add_patch(Circle((gap * layer, y), 0.3, fc=fill, ec=kind, lw=1.8, zorder=3))
        if len(column) < n:
            ax.text(gap * layer, 0, "⋮", size=16, ha="center", va="center", color=GREY)
        text = f"{n}" if names is None else names[layer]
        ax.text(gap * layer, -half - 0.6, text, ha="center", va="top", size=10)
    ax.set(xlim=(-0.9, box[0] - 0.9), ylim=(-half - 1.3, half + 0.5), aspect="equal")
    ax.axis("off")
    return ax


def neuron_diagram(*, ax=None):
    """Draw a nerve cell above an artificial neuron, parts that do the same work one below the other."""
    ax = _axes(ax, figsize=(6.4, 5))
    _nerve_cell(ax)
    _artificial_neuron(ax)
    for x, word in ((1.1, "signals come in"), (4.35, "are added up"), (8.2, "a signal goes on")):
        ax.text(x, 5.02, word, ha="center", va="center", size=10, color=GREY, style="italic")
    for x in (2.75, 5.95):
        ax.plot([x, x], [0.3, 8.8], color=GRID, lw=1, ls=(0, (4, 3)), zorder=0)
    ax.set(xlim=(-0.2, 10.2), ylim=(0.2, 9), aspect="equal")
    ax.axis("off")
    return ax


def _nerve_cell(ax):
    """Draw dendrites, cell body and axon in the upper half."""
    for y, angle, turn in ((7.2, 148, 171), (6.9, 180, 180), (6.6, 212, 189)):
        _branch(ax, (3.9, y), angle, turn, 1.5, 0.36, forks=(15, 13))
    _branch(ax, (4.6, 6.9), 0, 0, 3.7, 0.3, forks=())
    for turn in (-55, 0, 55):
        _branch(ax, (8.2, 6.9), 0, turn, 1.5, 0.17, forks=(), button=0.12)
    angle = np.linspace(0, 2 * np.pi, 200)
    radius = 0.78 + 0.09 * np.cos(3 * angle) + 0.05 * np.sin(5 * angle)
    soma = np.array([4.3, 6.9]) + np.stack([1.08 * radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    ax.add_patch(Polygon(soma, fc=BLUE, ec="none"))
    ax.add_patch(Circle((4.25, 6.9), 0.3, fc=tint(BLUE, 0.35), ec="none"))
    for x in np.arange(5.55, 8.0, 0.62):
        ax.add_patch(FancyBboxPatch((x, 6.73), 0.54, 0.32, boxstyle=ROUND, fc=tint(BLUE, 0.45), ec=BLUE))
    words = {"dendrites": (1.1, 8.6), "cell body": (4.35, 8.6), "axon": (7.0, 7.45), "synapses": (9.2, 8.6)}
    for word, place in words.items():
        ax.text(*place, word, ha="center", va="center", weight="bold")


def _artificial_neuron(ax):
    """Draw inputs, weighted sum and activation in the lower half."""
    for i, y in enumerate((3.75, 2.6, 1.45), start=1):
        ax.add_patch(Circle((0.9, y), 0.36, fc=tint(GREY, 0.2), ec=GREY, lw=1.8))
        ax.text(0.9, y, f"$x_{i}$", ha="center", va="center")
        toward = np.array([4.3, 2.6]) - (1.26, y)
        tip = (4.3, 2.6) - 0.66 * toward / np.linalg.norm(toward)
        ax.add_patch(FancyArrowPatch((1.26, y), tip, **ARROW))
        ax.text(2.1, y + 0.3 * (2.6 - y) + 0.26, f"$w_{i}$", ha="center", va="center", color=BLUE)
    ax.add_patch(Circle((4.3, 2.6), 0.66, fc=tint(BLUE, 0.3), ec=BLUE, lw=1.8))
    ax.text(4.3, 2.6, "$\\Sigma$", ha="center", va="center", size=17)
    ax.add_patch(FancyArrowPatch((4.3, 1.15), (4.3, 1.94), **ARROW))
    ax.text(4.3, 0.85, "bias $b$", ha="center", va="center")
    ax.add_patch(FancyArrowPatch((4.96, 2.6), (6.5, 2.6), **ARROW))
    ax.text(5.45, 2.87, "$z$", ha="center", va="center")
    ax.add_patch(FancyBboxPatch((6.5, 2.0), 1.2, 1.2, boxstyle=ROUND, fc=tint(GREEN, 0.25), ec=GREEN, lw=1.8))
    ax.plot([6.68, 7.1, 7.52], [2.3, 2.3, 2.9], color=INK, lw=2)
    ax.text(7.1, 1.62, "activation $f$", ha="center", va="center")
    ax.add_patch(FancyArrowPatch((7.7, 2.6), (9.2, 2.6), **ARROW))
    ax.text(9.62, 2.6, "$a$", ha="center", va="center")


ARROW = {"arrowstyle": "-|>", "mutation_scale": 13, "color": INK, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
ROUND = "round,pad=0,rounding_size=0.15"


def _branch(ax, start, angle, turn, length, width, forks, button=0):
    """Draw a limb that leaves at ``angle``, turns to ``turn`` (degrees), gets thinner, and forks."""
    start, way = np.array(start, float), np.deg2rad([angle, turn])
    bend, end = start + 0.5 * length * np.cumsum([np.cos(way), np.sin(way)], axis=1).T
    t = np.linspace(0, 1, 60)[:, None]
    middle = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    along = (1 - t) * (bend - start) + t * (end - bend)
    half = 0.5 * width * (1 - 0.45 * t) * along[:, ::-1] * [-1, 1] / np.hypot(*along.T)[:, None]
    ax.add_patch(Polygon(np.concatenate([middle + half, (middle - half)[::-1]]), fc=BLUE, ec="none"))
    ax.add_patch(Circle(end, max(0.275 * width, button), fc=BLUE, ec="none"))
    for side in (-1, 1) if forks else ():
        _branch(ax, end, turn, turn + side * forks[0], 0.72 * length, 0.52 * width, forks[1:])


def _column(n, shown):
    """Return the height of each circle that is drawn, keyed by its index in the layer."""
    if n <= shown:
        return {i: 0.8 * ((n - 1) / 2 - i) for i in range(n)}
    half = shown // 2
    return {i % n: 0.8 * (half - i if i >= 0 else -half - 1 - i) for i in range(-half, half)}


def _edges(ax, x_left, x_right, left, right, W):
    """Draw the lines from one layer's circles to the next one's."""
    ends = [((x_left, y), (x_right, z)) for y in left.values() for z in right.values()]
    if W is None:
        ax.add_collection(LineCollection(ends, colors=GREY, linewidths=0.7, alpha=0.55, zorder=1))
        return
    w = W[np.ix_(list(left), list(right))].ravel()
    size = np.abs(w) / (np.abs(W).max() or 1)
    for sign, color, dash in ((1, BLUE, DASHES[0]), (-1, VERMILLION, DASHES[1])):
        chosen = np.flatnonzero(np.sign(w) == sign)
        if not chosen.size:
            continue
        lines = [ends[i] for i in chosen]
        style = {"colors": color, "linestyles": [dash], "alpha": 0.25 + 0.75 * size[chosen], "zorder": 1}
        ax.add_collection(LineCollection(lines, linewidths=0.4 + 2.4 * size[chosen], **style))


def _axes(ax, **kwargs):
    return plt.subplots(**kwargs)[1] if ax is None else ax


def _color(k):
    return COLORS[k % len(COLORS)]


def _dash(k):
    return DASHES[k % len(DASHES)]


def _level_line(ax, xs, ys, values, level):
    """Draw where ``values`` cross ``level``; Matplotlib warns where they do not."""
    if values.min() < level < values.max():
        ax.contour(xs, ys, values, [level], colors=INK, linewidths=2)


def _label(ax, xlabel, ylabel):
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def _ticks(ax, rows, columns):
    """Name the lines of a table and take the grid off it."""
    if rows is not None:
        ax.set_yticks(range(len(rows)), rows)
    if columns is not None:
        ax.set_xticks(range(len(columns)), columns)
    ax.grid(False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax
