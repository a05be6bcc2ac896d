"""The results as tables and a figure, out of results.json alone."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import bars
from benchmarks.peers import NAMES, SWEEPERS, TRAINERS

RESULTS = Path(__file__).with_name("results.json")
PAGE = Path(__file__).with_name("README.md")
W, S = [f"W{k}" for k in range(1, 7)], ["S1", "S3"]


def load(path=RESULTS) -> dict:
    """Return the results in a file."""
    return json.loads(Path(path).read_text(encoding="utf8"))


def number(x: float) -> str:
    """Return a ratio with two figures, three from a hundred on."""
    return f"{x:.0f}" if x >= 9.95 else f"{x:.1f}" if x >= 0.995 else f"{x:.2f}"


def entry(cell: dict | None, clock: str = "wall", *, upside_down: bool = False) -> str:
    """Return a cell of a table: the median and, in brackets, the quartiles."""
    if cell is None:
        return "–"
    low, mid, high = sorted(1 / q for q in cell[clock]) if upside_down else cell[clock]
    return f"{number(mid)} [{number(low)}, {number(high)}]"


def table(results: dict, section: str = "ratios", clock: str = "wall") -> list[list[str]]:
    """Return a table of ratios, the head first: a row a peer, a column a workload.

    Args:
        section: "ratios" once warm, "first" from the start of a process, or "sweeps".
        clock: "wall" for the time that passes, or "processor".
    """
    works, peers = (S, SWEEPERS) if section == "sweeps" else (W, TRAINERS)
    found = results.get(section, {})
    rows = [["", *works]]
    for peer in peers:
        if any(peer in found.get(work, {}) for work in works):
            cells = [found.get(work, {}).get(peer) for work in works]
            name = NAMES[peer] if peer != "floor" else f"ours / {NAMES[peer]}"
            rows.append([name, *(entry(cell, clock, upside_down=peer == "floor") for cell in cells)])
    return rows


def markdown(rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def draw(results: dict, ax):
    """Draw the ratios, a row a workload and a mark a peer, on a logarithmic axis; return the ``ax``."""
    from nnbook.plotting import COLORS, GREY, MARKERS

    found = results["ratios"]
    peers = [peer for peer in TRAINERS if peer != "floor"]
    for k, peer in enumerate(peers):
        places = [
            (row, found[work][peer]["wall"]) for row, work in enumerate(W) if peer in found.get(work, {})
        ]
        if places:
            rows, ratios = zip(*places, strict=True)
            low, mid, high = zip(*ratios, strict=True)
            ax.hlines(rows, low, high, color=COLORS[k])
            ax.plot(mid, rows, MARKERS[k], color=COLORS[k], label=NAMES[peer])
    ax.axvline(1, color=GREY, linewidth=1.2)
    ax.set(xscale="log", xlabel="its time / ours", yticks=range(len(W)), yticklabels=W)
    ax.set_ylim(len(W) - 0.5, -0.5)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend(loc="lower right", fontsize=9)
    return ax


def page(results: dict) -> str:
    """Return the page with all tables that hold something."""
    about, memory = results["about"], results.get("memory", {}).get("W5", {})
    imports = results.get("imports", {}).get("over NumPy", {})
    megabytes = [["", "MiB"], *([NAMES[peer], f"{cell['MiB']:.0f}"] for peer, cell in memory.items())]
    modules = [["import", "over `import numpy`"], *([name, entry(cell)] for name, cell in imports.items())]
    parts = [
        (ONCE_WARM, table(results)),
        (PROCESSOR, table(results, clock="processor")),
        (FIRST, table(results, "first")),
        (SWEEPS, table(results, "sweeps")),
        (MEMORY, megabytes),
        ("## Imports", modules),
    ]
    told = [HEAD + on_what(about)]
    told += [f"{text}\n\n{markdown(rows)}" for text, rows in parts if len(rows) > 1]
    told += ["## The bar\n\n```\n" + "\n".join(bars.lines(results)) + "\n```"]
    told += ["\n".join([LOSSES, *(f"- {line}" for line in bars.unlike(results))])]
    return "\n\n".join(told) + "\n"


def on_what(about: dict) -> str:
    """Return a sentence on what was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"\nMeasured on {about['date']}: {about['processor']}, {about['blas']}, Python {about['python']}, "
        f"{versions}; W5 and W6 have {about['MNIST rows']:,} rows."
    )


HEAD = """# How fast the engine is

`make bench` makes this page and `results.json`.
`make bench ARGS="--peers torch --workloads W1 W5"` measures a part anew.

Numbers are medians over rounds, with the quartiles in brackets.
In each round ours and a peer run one after the other, in random order, each in a process of its own.
All are on the same core, and begin with the same weights.
They take the same batches, but Keras and scikit-learn shuffle by themselves.
Times are by the clock on the wall, unless the table says otherwise.
Only ratios are kept, since times differ from machine to machine.
Ratios do too: the lead over PyTorch on W6 is partly a property of AMD's processors.

| | network and training |
|---|---|
| W1 | 2-8-1 tanh, sigmoid; all 200 rows a step, SGD, 1000 epochs |
| W2 | 8-10-8-1 ReLU, sigmoid; 1000 rows with random labels, batches of 32, Adam, 10 epochs |
| W3 | the same network; the thermometer's 10 rows one by one, Adam, 1000 epochs |
| W4 | 64-32-64-10 ReLU, softmax; 1797 small digits, batches of 32, Adam, 20 epochs |
| W5 | 784-32-64-10 ReLU, softmax; MNIST, batches of 32, Adam, 1 epoch |
| W6 | 784-512-512-10 ReLU, softmax; MNIST, batches of 128, Adam, 1 epoch |
| S1, S3 | 256 networks as in W1 and W3: 16 learning rates, each with 16 seeds |
"""

ONCE_WARM = """## Once warm

A peer's time over ours: above 1 we are ahead.
The second row is ours over that of the matrix products alone: no network that uses them can go below."""
PROCESSOR = """### By the processor's time

Where a peer's threads wait for each other, the processor works for less time than passes."""
FIRST = """## The first result

From the start of a process to the end of its first run: imports, building and compiling count.
Where a peer is given fewer epochs than we, its ratio is at least this."""
SWEEPS = """## Sweeps

A peer's time over that of `nnbook.sweep`; building 256 models counts."""
MEMORY = """## Memory on W5

What a first run adds to imports and data."""
LOSSES = """## Losses

Each peer ends with the loss that ours ends with: within 2 % where the order of the rows is the same, within
20 % where it is the peer's own, but for those that stand here."""
