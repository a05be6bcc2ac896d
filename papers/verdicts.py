"""What the runs of a row come to: median and range of each number, and whether the published result holds."""

from __future__ import annotations

import math

import numpy as np


def spread(values: list) -> dict[str, tuple[float, float, float]]:
    """Return name → (median, lowest, highest) over the runs; a run that never ended counts as infinite.

    A run's value may be a number, whose name is then "", a list, whose names are 1, 2, …, or a dictionary.
    """
    runs = [named(value) for value in values]
    columns = {name: [math.inf if run[name] is None else run[name] for run in runs] for name in runs[0]}
    return {name: (float(np.median(c)), float(min(c)), float(max(c))) for name, c in columns.items()}


def named(value) -> dict:
    """Return a run's value as name → number."""
    if isinstance(value, dict):
        return value
    return {str(k): part for k, part in enumerate(value, 1)} if isinstance(value, list) else {"": value}


def reaches(published, values, better, *, room):
    """Say whether the median is as good as the published value, better, or not so good."""
    ahead = (published - spread(values)[""][0]) * (-1 if better == "higher" else 1)
    return "better" if ahead > room else "reached" if ahead >= -room - 1e-9 else "missed"


def within(published, values, better, *, room):
    return held(abs(spread(values)[""][0] - published) <= room)


def factor(published, values, better, *, factor):
    ratios = [middle / said for said, (middle, *_) in zip(published, spread(values).values(), strict=True)]
    return held(all(1 / factor <= ratio <= factor for ratio in ratios))


def at_least(published, values, better, *, bound):
    return held(spread(values)[""][0] >= bound)


def contains(published, values, better):
    _, low, high = spread(values)[""]
    return held(low <= published <= high)


def lowest(published, values, better, *, name):
    middle = {other: found[0] for other, found in spread(values).items()}
    return held(all(middle[name] < value for other, value in middle.items() if other != name))


def gap(published, values, better, *, low, below, high, above):
    return held(all(run[low] < below and run[high] > above for run in values))


def held(true: bool) -> str:
    return "holds" if true else "missed"


RULES = {
    "reaches": reaches,
    "within": within,
    "factor": factor,
    "at least": at_least,
    "contains": contains,
    "lowest": lowest,
    "gap": gap,
}
GOOD = ("better", "reached", "holds")


def judged(row: dict, way: str, values: list) -> str:
    """Return "better", "reached", "holds" or "missed"; nothing where the rule is about the faithful way."""
    rule = row["passes"]["rule"]
    if way == "modern" and rule != "reaches":
        return ""
    options = {key: value for key, value in row["passes"].items() if key != "rule"}
    return RULES[rule](row["published"], values, row["better"], **options)
