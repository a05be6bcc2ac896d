"""Recomputes the paper's table: what is missing or stale, row by row. `make full` does it after the tests."""

from __future__ import annotations

import argparse
import sys
from time import process_time

from tqdm import tqdm

from papers import experiments, rows, store
from papers.report import minutes


def seconds(row: dict) -> float:
    """Return about how long what a row lacks will take: as its other runs did, or as the row says."""
    stored, total = store.load(row["id"]), 0.0
    share = 60 * row["minutes"] / (row["seeds"] * len(rows.ways(row)))
    for way, _ in store.to_do(row):
        runs = stored.get(way, {}).get("runs", [])
        total += sum(run["seconds"] for run in runs) / len(runs) if runs else share
    return total


def listed(chosen: list[dict]):
    """Print each row's state and how long it will take."""
    for row in chosen:
        stored = store.load(row["id"])
        states = ", ".join(f"{way} {store.state(row, way, stored)}" for way in rows.ways(row))
        left = seconds(row)
        print(f"{row['id']:22} {states:36} {minutes(left) if left else ''}")
    total = sum(map(seconds, chosen))
    print(f"To do: about {minutes(total)} on one core" if total else "Nothing is left to do")


def computed(row: dict, way: str, seed: int) -> dict:
    """Do what a row asks for, with one seed; return the run."""
    if row["kind"] == "training":
        experiments.inputs(row, row[way])  # to load the pictures does not count
    begin = process_time()
    value = experiments.KINDS[row["kind"]](row, row[way], seed)
    return store.told(seed, value, process_time() - begin)


def run(chosen: list[dict]) -> list[str]:
    """Compute what the rows lack; return the ids of those whose data are not here."""
    plan = [(row, way, seed) for row in chosen for way, seed in store.to_do(row)]
    absent = {}
    with tqdm(plan, unit="run") as bar:
        for row, way, seed in bar:
            if row["id"] in absent:
                continue
            bar.set_description(f"{row['id']}, {way}, seed {seed}")
            try:
                store.keep(row, way, store.known(row, way, seed) or computed(row, way, seed))
            except FileNotFoundError as error:
                absent[row["id"]] = str(error)
    for name, reason in absent.items():
        print(f"{name} is left out: {reason}")
    return list(absent)


def main():
    parser = argparse.ArgumentParser(prog="python -m papers", description=__doc__)
    table = rows.load()
    parser.add_argument("--rows", nargs="+", default=list(table), choices=list(table), metavar="ID")
    parser.add_argument("--upto", type=int, metavar="N", help="only networks with at most N neurons a layer")
    parser.add_argument("--list", action="store_true", help="say what is done, and compute nothing")
    options = parser.parse_args()
    chosen = [row for name, row in table.items() if name in options.rows]
    if options.upto is not None:
        chosen = [row for row in chosen if row["hidden"] <= options.upto]
    chosen.sort(key=lambda row: row["hidden"])
    if options.list:
        return listed(chosen)
    run(chosen)
    listed(chosen)


if __name__ == "__main__":
    sys.exit(main())
