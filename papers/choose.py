"""Chooses the learning rates that a source does not tell, without a look at the test data."""

from __future__ import annotations

import json
from pathlib import Path

from tqdm import tqdm

from benchmarks.files import write
from papers import experiments, rows

FILE = Path(__file__).with_name("choices.json")
SEED = 1000  # none of those that the table reports


def settings(row: dict) -> dict[str, dict]:
    """Return name → setting of what a row has to choose for: its variants, or itself under its id."""
    setting = row["faithful"]
    if "variants" not in setting:
        return {row["id"]: setting} if "candidates" in setting else {}
    common = {key: value for key, value in setting.items() if key != "variants"}
    own = setting["variants"].items()
    return {f"{row['id']} {name}": common | variant for name, variant in own if "candidates" in variant}


def rated(setting: dict, rate: float) -> dict:
    """Return the setting with another learning rate."""
    optimizer = setting["optimizer"]
    return setting | {"optimizer": optimizer | {"config": optimizer["config"] | {"learning_rate": rate}}}


def tried(row: dict, setting: dict, rate: float) -> float:
    """Return what the row's judge finds, after a short run at this rate, without the test pictures."""
    return experiments.training(row | {"judged_on": "validation"} | row["choice"], rated(setting, rate), SEED)


def best(found: dict[str, float], better: str) -> float:
    """Return the rate with the best value; a run that became NaN is never the best."""
    sign = -1 if better == "higher" else 1
    known = {rate: sign * value for rate, value in found.items() if value == value}
    return float(min(known, key=known.get))


def main():
    """Try the candidates that were not tried yet, and write what was found."""
    found = json.loads(FILE.read_text(encoding="utf8")) if FILE.exists() else {}
    plan = [
        (row, name, setting, rate)
        for row in rows.load().values()
        for name, setting in settings(row).items()
        for rate in setting["candidates"]
        if str(rate) not in found.get(name, {})
    ]
    for row, name, setting, rate in tqdm(plan, unit="run"):
        found.setdefault(name, {})[str(rate)] = round(tried(row, setting, rate), 4)
        write(FILE, json.dumps(found, indent=1) + "\n")
    for name, values in found.items():
        row = rows.load()[name.split()[0]]
        print(f"{name:30} {best(values, row['better']):<8g} {values}")


if __name__ == "__main__":
    main()
