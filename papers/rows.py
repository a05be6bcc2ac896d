"""The rows of the paper's table: what rows.toml says, checked and with its recipes filled in."""

from __future__ import annotations

import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("rows.toml")
WAYS = ("faithful", "modern")
NEEDED = {
    "id": str,
    "source": str,
    "where": str,
    "what": str,
    "measure": str,
    "published": (int, float, list, str),
    "section": str,
    "kind": str,
    "epochs": int,
    "seeds": int,
    "hidden": int,
    "minutes": (int, float),
    "passes": dict,
    "faithful": dict,
}
OPTIONAL = {
    "better": str,
    "digits": int,
    "data": str,
    "train": int,
    "judge": str,
    "judged_on": str,
    "choice": dict,
    "slice": dict,
    "modern": dict,
    "note": str,
    "because": str,
}
RULES = {  # what each needs to know
    "reaches": {"room"},
    "within": {"room"},
    "factor": {"factor"},
    "at least": {"bound"},
    "contains": set(),
    "lowest": {"name"},
    "gap": {"low", "below", "high", "above"},
}
CHOICES = {
    "better": ("lower", "higher"),
    "data": ("mnist", "fashion", "shipped"),
    "judge": ("test error", "test accuracy", "best test accuracy", "training accuracy", "training loss"),
    "judged_on": ("test", "validation"),
    "kind": ("training", "gradients", "sizes", "neuron", "sweeps"),
}
DEFAULTS = {"better": "lower", "digits": 2, "data": "mnist", "judged_on": "test"}


class Written(float):
    """A number that is shown as it was written: 96.90 keeps its last digit."""

    def __new__(cls, text: str):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self):
        return self.text


def load(path: Path = FILE) -> dict[str, dict]:
    """Return id → row, in the order of the file.

    A row's ways, "faithful" and perhaps "modern", are whole: what the recipe that they name says is in them.

    Raises:
        ValueError: the file is not as it must be; the message names the row and what is wrong with it.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf8"), parse_float=Written)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    recipes, rows = told.get("recipes", {}), {}
    for row in told.get("row", []):
        name = row.get("id", f"number {len(rows) + 1}")
        if name in rows:
            raise ValueError(f"row {name}: there are two rows with this id")
        rows[name] = filled(checked(row, name), recipes)
    if not rows:
        raise ValueError(f"{path.name} holds no [[row]]")
    return rows


def checked(row: dict, name: str) -> dict:
    """Return the row, if it says all that it must and nothing that nobody would read."""
    known = NEEDED | OPTIONAL
    if missing := NEEDED.keys() - row.keys():
        raise ValueError(f"row {name}: it lacks {', '.join(sorted(missing))}")
    if extra := row.keys() - known.keys():
        raise ValueError(f"row {name}: unknown {', '.join(sorted(extra))}; known: {', '.join(sorted(known))}")
    for key, value in row.items():
        kinds = known[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = " or ".join(k.__name__ for k in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise ValueError(f"row {name}: {key} must be {wanted}, got {value!r}")
        if key in CHOICES and value not in CHOICES[key]:
            raise ValueError(f"row {name}: {key} must be one of {', '.join(CHOICES[key])}, got {value!r}")
    if row["kind"] == "training" and "judge" not in row:
        raise ValueError(f"row {name}: a training needs a judge: {', '.join(CHOICES['judge'])}")
    rule = row["passes"].get("rule")
    if rule not in RULES:
        raise ValueError(f"row {name}: passes.rule must be one of {', '.join(RULES)}, got {rule!r}")
    if (given := row["passes"].keys() - {"rule"}) != RULES[rule]:
        raise ValueError(f"row {name}: rule {rule!r} needs {sorted(RULES[rule])}, got {sorted(given)}")
    if row["epochs"] < 0 or row["seeds"] < 1:
        raise ValueError(f"row {name}: epochs must be at least 0 and seeds at least 1")
    return row


def filled(row: dict, recipes: dict) -> dict:
    """Return the row with its defaults, and with the recipes that its ways name written out."""
    row = DEFAULTS | row
    for way in ways(row):
        setting = dict(row[way])
        name = setting.pop("recipe", None)
        if name is not None and name not in recipes:
            raise ValueError(
                f"row {row['id']}: unknown recipe {name!r}; known: {', '.join(sorted(recipes)) or 'none'}"
            )
        row[way] = recipes.get(name, {}) | setting
    return row


def ways(row: dict) -> list[str]:
    """Return the ways in which a row is computed."""
    return [way for way in WAYS if way in row]
