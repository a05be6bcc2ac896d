"""The paper's table in words: what stands in each row, and how many rows hold."""

from __future__ import annotations

import math
from collections import Counter

from papers import rows, store, verdicts

SIGNS = {"better": "✓ better", "reached": "✓ reached", "holds": "✓ holds", "missed": "✗ missed"}


def number(value: float, digits: int) -> str:
    """Return a number as the table shows it."""
    return "never" if math.isinf(value) else f"{value:.{digits}f}"


def minutes(seconds: float) -> str:
    """Return a time as one reads it."""
    if seconds < 1:
        return "< 1 s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def found(values: list, digits: int) -> list[tuple[str, str, str]]:
    """Return (name, median, range) of each number; the range is empty where there is one run."""
    lines = []
    for name, (middle, *ends) in verdicts.spread(values).items():
        ends = [number(end, digits) for end in ends]
        lines.append((name, number(middle, digits), "–".join(ends) if len(values) > 1 else ""))
    return lines


def published(row: dict) -> list[str]:
    """Return the lines of the published value as the table shows it."""
    return [
        f"{name}: {value}" if name else str(value) for name, value in verdicts.named(row["published"]).items()
    ]


def entry(row: dict, way: str, stored: dict) -> dict:
    """Return what is told of one way of computing a row: state, values, seeds, seconds and verdict."""
    if way not in row:
        return {"state": "as faithful", "values": [], "seeds": 0, "seconds": 0.0, "verdict": ""}
    runs = stored.get(way, {}).get("runs", [])
    values, state = [run["value"] for run in runs], store.state(row, way, stored)
    return {
        "state": state,
        "values": values,
        "seeds": len(runs),
        "seconds": sum(run["seconds"] for run in runs),
        "verdict": verdicts.judged(row, way, values) if state in ("done", "partly") else "",
    }


def cells(row: dict, stored: dict) -> dict:
    """Return what a row of the table says, by column."""
    both = {way: entry(row, way, stored) for way in rows.WAYS}
    told = [each for way, each in both.items() if way in row]
    seeds = sorted({each["seeds"] for each in told})
    seconds = sum(each["seconds"] for each in told)
    return both | {
        "published": published(row),
        "seeds": "–".join(map(str, seeds)) + (f" of {row['seeds']}" if seeds[0] < row["seeds"] else ""),
        "epochs": f"{row['epochs']:,}",
        "time": minutes(seconds) if seconds else "–",
        "verdict": verdict(both),
    }


def verdict(both: dict) -> list[str]:
    """Return the lines of the last column."""
    lines, faithful, modern = [], both["faithful"], both["modern"]
    if faithful["state"] in ("stale", "not run"):
        lines.append(faithful["state"])
    else:
        so_far = "so far: " if faithful["state"] == "partly" else ""
        lines.append(so_far + SIGNS[faithful["verdict"]])
    if modern["state"] == "stale" and faithful["state"] != "stale":
        lines.append("modern: stale")
    elif modern["verdict"]:
        lines.append(f"modern: {modern['verdict']}")
    return lines


def summary(table: dict[str, dict], results: dict[str, dict]) -> str:
    """Return a sentence on how many rows hold."""
    count = Counter()
    for name, row in table.items():
        told = entry(row, "faithful", results[name])
        state = told["state"]
        good = "hold" if told["verdict"] in verdicts.GOOD else "missed"
        count[good if state == "done" else state] += 1
    words = {
        "hold": ("holds", "hold"),
        "missed": ("is missed", "are missed"),
        "partly": ("is partly run", "are partly run"),
        "stale": ("is stale", "are stale"),
        "not run": ("is not run", "are not run"),
    }
    parts = [f"{count[key]} {words[key][count[key] > 1]}" for key in words if count[key]]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"Of {len(table)} rows, {listed}."
