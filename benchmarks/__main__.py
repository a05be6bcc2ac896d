"""Times the engine against textbook NumPy and against its matrix products: make bench.

Each round runs the three in random order on one core, and gives one ratio of processor times; the table shows
the median of the rounds and the quartiles. Ratios alone are kept, since times differ from machine to machine.
"""

import argparse
import json
import os
import platform
import random
from pathlib import Path
from time import process_time

import numpy as np
from tqdm import tqdm

from benchmarks import floor, textbook
from benchmarks.workloads import WORKLOADS

# What the ratios should be: at least, of textbook to ours; at most, of ours to the products.
BAR = {"W1": (3, 3.5), "W2": (3, 4.5), "W3": (3, 6), "W4": (3, 3.5), "W5": (2, 4), "W6": (1.4, 1.5)}


def seconds(action, *arguments) -> float:
    """Return the processor time that a call takes."""
    begin = process_time()
    action(*arguments)
    return process_time() - begin


def one_round(work) -> tuple[float, float]:
    """Return how many times longer the textbook takes than ours, and ours than the products."""
    model = work.model()
    weights = model.get_weights()
    options = {"batch_size": work.batch_size, "epochs": work.epochs, "shuffle": work.shuffle, "verbose": 0}
    actions = {
        "ours": lambda: model.fit(work.x, work.y, **options),
        "textbook": lambda: textbook.train(work, weights),
        "floor": lambda: floor.run(work),
    }
    taken = {name: seconds(actions[name]) for name in random.sample(list(actions), len(actions))}
    return taken["textbook"] / taken["ours"], taken["ours"] / taken["floor"]


def measure(name: str, rounds: int) -> dict:
    """Return the quartiles of both ratios over the rounds; the first round, which warms up, is left out."""
    work = WORKLOADS[name]()
    ratios = [one_round(work) for _ in tqdm(range(rounds + 1), desc=name, leave=False)][1:]
    quartiles = np.percentile(ratios, [25, 50, 75], axis=0).round(2).T.tolist()
    return dict(zip(("textbook / ours", "ours / products"), quartiles, strict=True)) | {"rows": len(work.x)}


def line(name: str, found: dict) -> str:
    """Return a workload's row of the table."""
    least, most = BAR[name.split()[0]]
    (a, faster, b), (c, above, d) = found["textbook / ours"], found["ours / products"]
    met = f"{'met' if faster >= least else 'MISSED'} (at least {least})"
    kept = f"{'met' if above <= most else 'MISSED'} (at most {most})"
    return f"{name:<18}{faster:6.2f} [{a:.2f}, {b:.2f}]  {met:<22}{above:6.2f} [{c:.2f}, {d:.2f}]  {kept}"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("_build/benchmarks.json"))
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"{'':<18}textbook / ours {'':<23}ours / matrix products")
    results = {}
    for name in WORKLOADS:
        results[name] = measure(name, options.rounds)
        print(line(name, results[name]), flush=True)
    about = {"machine": platform.machine(), "python": platform.python_version(), "numpy": np.__version__}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(about | {"rounds": options.rounds, "ratios": results}, indent=1) + "\n")
    print(f"Written to {options.out}")


if __name__ == "__main__":
    main()
