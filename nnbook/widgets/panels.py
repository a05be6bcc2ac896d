"""Panels and their marks: what a figure draws, said in plain dicts that name its arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# A place is an array's name or a number; colour, dash and marker follow a mark's order unless given.
Place = str | float | int


def axis(label: str = "", *, low: Place | None = None, high: Place | None = None, log: bool = False) -> dict:
    """An axis; ``low`` and ``high`` are numbers or names of scalar arrays, else the data decide."""
    return _said(label=label, low=low, high=high, log=log)


def plane(*marks: dict, x="", y="", title="", equal=False, width=1, when: Mapping | None = None) -> dict:
    """A plane with axes; ``x`` and ``y`` are labels or axes, ``equal`` gives both the same unit of length.

    ``width`` is this panel's share of the row; ``when`` maps a control to the indices at which it is shown.
    """
    x, y = (axis(a) if isinstance(a, str) else a for a in (x, y))
    return _panel("plane", title, width, when, marks=list(marks), equal=equal) | {"x": x, "y": y}


def line(x, y, *, label="", color=None, upto=None, rest=False) -> dict:
    """A line through ``x`` and ``y``, both (n,), or ``y`` (series, n) with a list of labels; NaN is a gap.

    ``color``: "ink", or the number of a colour and its dash. With ``upto``, a Step's name, only the points up
    to that step are drawn, and with ``rest`` the others faintly.
    """
    return _mark("line", x=x, y=y, label=label, color=color, upto=upto, rest=rest)


def path(x, y, *, label="", color=None, upto=None) -> dict:
    """A walk through ``x`` and ``y``, (n,) or (walks, n): dots, a ring where it starts, a star at its end."""
    return _mark("path", x=x, y=y, label=label, color=color, upto=upto)


def points(x, y, *, group=None, labels=None, size=None) -> dict:
    """Points at ``x`` and ``y``, both (n,); ``group`` (n,) of integers picks marker and colour.

    ``size`` is their radius in px.
    """
    return _mark("points", x=x, y=y, group=group, labels=labels, size=size)


def heat(z, *, x0: Place, x1: Place, y0: Place, y1: Place, ramp="signed", levels=None) -> dict:
    """Shade the plane by ``z`` (rows upwards along y, columns along x), whose outer points lie on x0 … y1.

    ``ramp``: "signed" (negative vermillion, positive blue), "amount" (white to blue) or "classes" (integers:
    a tint a class; floats: from class 0 to class 1 around one half). ``levels``: a number, numbers or an
    array's name: lines where z crosses them.
    """
    _check_ramp(ramp, RAMPS)
    return _mark("heat", z=z, x0=x0, x1=x1, y0=y0, y1=y1, ramp=ramp, levels=levels)


def gradient(ends, stops, values, *, ramp="signed", center=None, reach=None) -> dict:
    """Shade the plane along one direction: exact at any size.

    ``ends`` (4,) is x0, y0, x1, y1 in data units; at the fractions ``stops`` (n,) of the way the value is
    ``values`` (n,). An equal stop twice is a jump; beyond its ends the shade stays. The value ``center`` has
    no shade, and at ``reach`` from it the shade is deepest.
    """
    _check_ramp(ramp, RAMPS)
    shade = {"ramp": ramp, "center": center, "reach": reach}
    return _mark("gradient", ends=ends, stops=stops, values=values, **shade)


def hline(y: Place) -> dict:
    """A dotted level line through the whole plane."""
    return _mark("hline", y=y)


def vline(x: Place) -> dict:
    """A dotted upright line through the whole plane."""
    return _mark("vline", x=x)


def histogram(edges, counts, *, label="") -> dict:
    """An outlined histogram: ``edges`` (n + 1,), ``counts`` (n,)."""
    return _mark("histogram", edges=edges, counts=counts, label=label)


def arrow(x: Place, y: Place, dx: Place, dy: Place, *, label="") -> dict:
    """An arrow from (x, y) by (dx, dy), numbers or scalar arrays, with its label before its tip."""
    return _mark("arrow", x=x, y=y, dx=dx, dy=dy, label=label)


def bars(values, labels, *, x="", title="", width=1, when=None) -> dict:
    """Bars from left to right, one a label, with the number behind it; ``x`` says what they measure."""
    return _panel("bars", title, width, when, values=values, labels=list(labels), x=x)


def column(label: str, values: str, *, digits=2, wrong=None) -> dict:
    """A column of a table: ``values`` (rows,), with ``digits`` places after the point unless all are whole.

    ``wrong`` (rows,): 1 marks a wrong cell, 0 a right one, NaN neither.
    """
    return {"label": label, "values": values, "digits": digits, **_said(wrong=wrong)}


def table(columns: Sequence[dict], *, rows=None, title="", width=1, when=None) -> dict:
    """A small table of equally long columns; ``rows`` names the rows, and NaN is an empty cell."""
    return _panel("table", title, width, when, columns=list(columns), rows=_list(rows))


def matrix(
    z, *, rows=None, columns=None, digits=None, ramp="amount", x="", y="", title="", width=1, when=None
) -> dict:
    """A matrix (rows, columns) as coloured cells, with numbers where ``digits`` is given.

    ``ramp``: "amount", "signed", or "confusion" (counts: the diagonal blue, mistakes vermillion, by the share
    of their row). ``x`` and ``y`` name the columns' and the rows' side.
    """
    _check_ramp(ramp, (*RAMPS, "confusion"))
    fields = {"z": z, "rows": _list(rows), "columns": _list(columns), "digits": digits, "ramp": ramp}
    return _panel("matrix", title, width, when, **fields, x=x, y=y)


def network(sizes, weights, *, biases=None, names=None, title="", width=1, when=None) -> dict:
    """A network as circles and lines: width is the weight's size, colour and dash its sign.

    ``weights``: one array (n_in, n_out) a gap between layers; a unit with NaN alone coming in is left out.
    ``biases``: one array (n,) a layer but the first. ``names``: a text a layer.
    """
    fields = {"sizes": list(sizes), "weights": list(weights), "biases": _list(biases), "names": _list(names)}
    return _panel("network", title, width, when, **fields)


def graph(
    nodes, edges, forward, backward, slopes, *, active, seen, digits=2, title="", width=1, when=None
) -> dict:
    """A small computational graph: ``nodes`` are dicts id, x, y (0 … 1) and label; ``edges`` pairs of ids.

    ``forward`` and ``backward`` (nodes,) are the numbers above and below a node, ``slopes`` (edges,) those
    along the edges; ``seen`` (nodes,): 0 shows none, 1 the forward one, 2 both; ``active`` is the index of
    the node at work.
    """
    fields = {"nodes": list(nodes), "edges": [list(e) for e in edges], "forward": forward}
    fields |= {"backward": backward, "slopes": slopes, "active": active, "seen": seen, "digits": digits}
    return _panel("graph", title, width, when, **fields)


RAMPS = ("signed", "amount", "classes")

# What each mark and panel reads: field -> numbers of dimensions that it may have.
SCALAR, LIST, LISTS, GRID = (0,), (1,), (1, 2), (2,)
FIELDS = {
    "line": {"x": LISTS, "y": LISTS},
    "path": {"x": LISTS, "y": LISTS},
    "points": {"x": LIST, "y": LIST, "group": LIST},
    "heat": {"z": GRID, "x0": SCALAR, "x1": SCALAR, "y0": SCALAR, "y1": SCALAR, "levels": LIST},
    "gradient": {"ends": LIST, "stops": LIST, "values": LIST, "center": SCALAR, "reach": SCALAR},
    "hline": {"y": SCALAR},
    "vline": {"x": SCALAR},
    "histogram": {"edges": LIST, "counts": LIST},
    "arrow": dict.fromkeys(("x", "y", "dx", "dy"), SCALAR),
    "plane": {},
    "bars": {"values": LIST},
    "table": {},
    "column": {"values": LIST, "wrong": LIST},
    "matrix": {"z": GRID},
    "network": {"weights": GRID, "biases": LIST},
    "graph": {"forward": LIST, "backward": LIST, "slopes": LIST, "active": SCALAR, "seen": LIST},
}
NEEDED = {
    "line": "x y", "path": "x y", "points": "x y", "heat": "z x0 x1 y0 y1", "gradient": "ends stops values",
    "hline": "y", "vline": "x", "histogram": "edges counts", "arrow": "x y dx dy", "plane": "marks x y",
    "bars": "values labels", "table": "columns", "column": "label values", "matrix": "z",
    "network": "sizes weights", "graph": "nodes edges forward backward slopes active seen",
}  # fmt: skip
PANELS = ("plane", "bars", "table", "matrix", "network", "graph")
MARKS = tuple(kind for kind in FIELDS if kind not in (*PANELS, "column"))
# Fields whose last axes must be equally long.
TOGETHER = {
    "line": ("x", "y"), "path": ("x", "y"), "points": ("x", "y", "group"), "column": ("values", "wrong"),
    "gradient": ("stops", "values"), "graph": ("forward", "backward", "seen"),
}  # fmt: skip


def check(panels: Sequence[dict], shapes: Mapping[str, tuple], controls: Mapping[str, int], steps=()) -> None:
    """Compare a specification with what it names, so that a mistake shows before any figure does.

    Args:
        panels: what the functions above return.
        shapes: array name -> shape of one block.
        controls: control name -> number of its values (0 where it is free).
        steps: names of those controls that are Steps.

    Raises:
        ValueError: an unknown kind, array, control or option, or shapes that do not fit each other.
    """
    if not isinstance(panels, Sequence) or isinstance(panels, str) or not panels:
        raise ValueError(f"panels must be a list of at least one panel, got {panels!r}")
    for k, panel in enumerate(panels):
        where = f"panel {k}"
        kind = _kind(panel, PANELS, where)
        where = f"{where} ({kind})"
        _check_fields(panel, kind, where, shapes)
        _check_when(panel.get("when") or {}, where, controls)
        for side in ("x", "y"):
            for end in ("low", "high") if isinstance(panel.get(side), Mapping) else ():
                _shape(panel[side].get(end), SCALAR, f"{where}, {side}.{end}", shapes)
        for m, mark in enumerate(panel.get("marks", ())):
            place = f"{where}, mark {m}"
            place = f"{place} ({_kind(mark, MARKS, place)})"
            _check_fields(mark, mark["kind"], place, shapes)
            if mark["kind"] in SIZES:
                SIZES[mark["kind"]](mark, shapes)
            if mark.get("upto") is not None and mark["upto"] not in steps:
                known = ", ".join(steps) or "none"
                raise ValueError(
                    f"{place}: upto must be the name of a Step, got {mark['upto']!r}; known: {known}"
                )
    for panel in panels:
        if panel["kind"] in SIZES:
            SIZES[panel["kind"]](panel, shapes)


def names_in(template: str) -> list[tuple]:
    """Return (name, index or None) of each blank in a reading such as "the loss is {loss[epoch]:.3f}".

    Raises:
        ValueError: braces that hold anything else.
    """
    left = READING.sub("", template)
    if "{" in left or "}" in left:
        raise ValueError(
            f"a reading holds {{name}}, {{name:.3f}} or {{name[i]:.3f}} (formats f e g d %), got {template!r}"
        )
    return [match.group("name", "index") for match in READING.finditer(template)]


READING = re.compile(
    r"\{(?P<name>[A-Za-z_]\w*)(?:\[(?P<index>\w+)\])?(?::(?P<how>\+?(?:\.\d+)?[feg%]|\+?d))?\}"
)


def fill_in(template: str, say) -> str:
    """Return ``template`` with each blank replaced by ``say(name, index, how)``."""
    return READING.sub(lambda match: say(*match.group("name", "index", "how")), template)


def _said(**fields):
    """Leave out what is not said; 0 is said, and so is an empty list."""
    return {name: value for name, value in fields.items() if value not in (None, "") and value is not False}


def _mark(kind, **fields):
    return {"kind": kind, **_said(**fields)}


def _panel(kind, title, width, when, **fields):
    when = None if when is None else {name: list(indices) for name, indices in when.items()}
    return {"kind": kind, **_said(title=title, width=None if width == 1 else width, when=when, **fields)}


def _check_ramp(ramp, known):
    if ramp not in known:
        raise ValueError(f"unknown ramp {ramp!r}; known: {', '.join(known)}")


def _list(values):
    return None if values is None else list(values)


def _kind(item, known, where):
    kind = item.get("kind") if isinstance(item, Mapping) else item
    if kind not in known:
        raise ValueError(f"{where}: unknown kind {kind!r}; known: {', '.join(known)}")
    return kind


def _check_fields(item, kind, where, shapes):
    missing = [name for name in NEEDED[kind].split() if name not in item]
    if missing:
        raise ValueError(f"{where} needs {', '.join(missing)}")
    found = {
        name: [_shape(value, FIELDS[kind][name], f"{where}, {name}", shapes) for value in _each(item[name])]
        for name in FIELDS[kind]
        if item.get(name) is not None
    }
    ends = {name: s[-1:] for name in TOGETHER.get(kind, ()) for s in found.get(name, ()) if s is not None}
    if len(set(ends.values())) > 1:
        said = ", ".join(f"{name} {item[name]!r} has {end[0]}" for name, end in ends.items())
        raise ValueError(f"{where}: must be equally long: {said}")


def _each(value):
    return value if isinstance(value, list | tuple) else [value]


def _shape(value, dimensions, where, shapes):
    """Return the block's shape of a named array, None for a number."""
    if value is None or isinstance(value, int | float):
        return None
    if value not in shapes:
        raise ValueError(f"{where}: no array named {value!r}; known: {', '.join(sorted(shapes))}")
    if len(shapes[value]) not in dimensions:
        right = " or ".join(map(str, dimensions))
        raise ValueError(f"{where}: {value!r} must have {right} dimensions, got the shape {shapes[value]}")
    return shapes[value]


def _check_when(when, where, controls):
    for name, indices in when.items():
        if name not in controls:
            raise ValueError(f"{where}: when names no control {name!r}; known: {', '.join(controls)}")
        if wrong := [i for i in indices if not 0 <= i < controls[name]]:
            raise ValueError(f"{where}: {name} has indices 0 to {controls[name] - 1}, got {wrong}")


def _check_names(what, names, n, of):
    if names is not None and len(names) != n:
        raise ValueError(f"{what}: {n} {of} but {len(names)} names")


def _check_bars(panel, shapes):
    _check_names("bars", panel["labels"], shapes[panel["values"]][0], "values")


def _check_table(panel, shapes):
    for k, column in enumerate(panel["columns"]):
        if not isinstance(column, Mapping):
            raise ValueError(f"table: make its columns by column(label, values), got {column!r}")
        _check_fields(column, "column", f"table, column {k}", shapes)
    lengths = {column["label"]: shapes[column["values"]][0] for column in panel["columns"]}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"table: needs equally long columns, got {lengths}")
    _check_names("table", panel.get("rows"), max(lengths.values()), "rows")


def _check_matrix(panel, shapes):
    for side, n in zip(("rows", "columns"), shapes[panel["z"]], strict=True):
        _check_names("matrix", panel.get(side), n, side)


def _check_network(panel, shapes):
    sizes, weights = panel["sizes"], panel["weights"]
    wanted = list(zip(sizes, sizes[1:], strict=False))
    if [shapes[name] for name in weights] != wanted:
        got = [shapes[name] for name in weights]
        raise ValueError(f"network: layers of {sizes} units need weights of shapes {wanted}, got {got}")
    got = [shapes[name][0] for name in panel.get("biases", ())]
    if got and got != sizes[1:]:
        raise ValueError(f"network: biases must have {sizes[1:]} numbers, got {got}")
    _check_names("network", panel.get("names"), len(sizes), "layers")


def _check_graph(panel, shapes):
    known = [node["id"] for node in panel["nodes"]]
    if wrong := [end for edge in panel["edges"] for end in edge if end not in known]:
        raise ValueError(f"graph: no node {wrong[0]!r}; known: {', '.join(map(str, known))}")
    for field, n in (("forward", len(known)), ("slopes", len(panel["edges"]))):
        if shapes[panel[field]] != (n,):
            raise ValueError(f"graph: {field} must have the shape ({n},), got {shapes[panel[field]]}")


def _check_rows(mark, shapes):
    shape, labels = shapes.get(mark["y"], ()), mark.get("label")
    rows = shape[0] if len(shape) > 1 else 1
    if isinstance(labels, list) and len(labels) != rows:
        raise ValueError(f"{mark['kind']}: {rows} series but {len(labels)} labels")
    if len(across := shapes.get(mark["x"], ())) > 1 and across != shape:
        raise ValueError(f"{mark['kind']}: x has the shape {across}, y {shape}")


def _check_histogram(mark, shapes):
    edges, counts = shapes[mark["edges"]][0], shapes[mark["counts"]][0]
    if edges != counts + 1:
        raise ValueError(f"histogram: {counts} counts need {counts + 1} edges, got {edges}")


def _check_gradient(mark, shapes):
    if shapes[mark["ends"]] != (4,):
        raise ValueError(f"gradient: ends must be x0, y0, x1, y1, got the shape {shapes[mark['ends']]}")


SIZES = {
    "line": _check_rows, "path": _check_rows, "histogram": _check_histogram, "gradient": _check_gradient,
    "bars": _check_bars, "table": _check_table, "matrix": _check_matrix, "network": _check_network,
    "graph": _check_graph,
}  # fmt: skip
