"""Times the engine against other ways of doing the same: make bench."""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sys
from pathlib import Path

from tqdm import tqdm

from benchmarks import bars, measure, quick, report
from benchmarks.files import write
from benchmarks.machine import blas, processor, versions
from benchmarks.peers import ELSEWHERE, SWEEPERS, TRAINERS
from benchmarks.processes import works
from benchmarks.workloads import SWEEPS, WORKLOADS, workload

SECTIONS = ("ratios", "first", "sweeps", "memory", "imports")
IMPORTS = {
    "nnbook": "ours",
    "matplotlib.pyplot": "ours",
    "sklearn.neural_network": "sklearn_mlp",
    "jax": "jax_step",
    "torch": "torch_eager",
    "tensorflow": "keras_fit",
    "keras": "keras_fit",
}
FIRST_ROUNDS, IMPORT_ROUNDS = 3, 3
MEMORY = ("textbook", "keras_fit", "torch_eager", "sklearn_mlp", "jax_step", "jax_scan")


def about() -> dict:
    """Return on what is measured."""
    return {
        "processor": processor(),
        "blas": blas(),
        "python": platform.python_version(),
        "versions": versions(),
        "MNIST rows": len(workload("W5").x),
    }


def merged(old: dict, new: dict) -> dict:
    """Return the old results with the new ones in their place; where the machine differs, the new alone."""
    kept = {**old.get("about", {}), "date": None} == {**new["about"], "date": None}
    results = {section: dict(old.get(section, {})) for section in SECTIONS} if kept else {}
    for section, works_ in new.items():
        if section in SECTIONS:
            results.setdefault(section, {})
            for work, cells in works_.items():
                results[section][work] = results[section].get(work, {}) | cells
    return {"about": new["about"]} | results


def keep(path: Path, machine: dict, section: str, found: dict):
    """Merge what was found into the file of results, and make the page beside it anew."""
    old = report.load(path) if path.exists() else {}
    machine = machine | {"date": datetime.date.today().isoformat()}
    results = merged(old, {"about": machine, section: found})
    results["bars"] = bars.judged(results)
    write(path, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    write(path.with_name(report.PAGE.name), report.page(results))


def run(options) -> dict:
    """Measure what is asked for, and keep it as it comes."""
    peers = [p for p in TRAINERS + SWEEPERS if any(p.startswith(asked) for asked in options.peers)]
    absent = {p: reason for p in peers if p in ELSEWHERE and (reason := works(p))}
    for peer, reason in absent.items():
        print(f"{peer} is left out: {reason}")
    peers = [p for p in peers if p not in absent]
    trainers, sweepers = ([p for p in peers if p in group] for group in (TRAINERS, SWEEPERS))
    timed = [p for p in trainers if p != "floor"]
    plan = []
    for work in options.workloads:
        if work in SWEEPS:
            plan += [("sweeps", work, measure.ratios, sweepers, options.rounds)]
        else:
            plan += [("ratios", work, measure.ratios, trainers, options.rounds)]
            plan += [("first", work, measure.first, timed, FIRST_ROUNDS)]
    plan = [row for row in plan if row[0] in options.sections and row[3]]
    total = sum(len(crew) * rounds for *_, crew, rounds in plan)
    machine = about()
    with tqdm(total=total) as bar:
        for section, work, how, crew, rounds in plan:
            keep(options.out, machine, section, {work: how(work, crew, rounds, bar)})
    if "memory" in options.sections and "W5" in options.workloads:
        crew = [p for p in MEMORY if p in peers]
        with tqdm(total=len(crew) + 1) as bar:
            keep(options.out, machine, "memory", {"W5": measure.memory("W5", crew, bar)})
    if "imports" in options.sections:
        modules = {m: p for m, p in IMPORTS.items() if p == "ours" or p in peers}
        with tqdm(total=len(modules)) as bar:
            keep(
                options.out, machine, "imports", {"over NumPy": measure.imports(modules, IMPORT_ROUNDS, bar)}
            )
    return report.load(options.out)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="only what is stable and needs no peers; fails if slow"
    )
    parser.add_argument(
        "--peers", nargs="+", default=[""], metavar="PEER", help="the beginnings of their names"
    )
    parser.add_argument(
        "--workloads", nargs="+", default=[*WORKLOADS, *SWEEPS], choices=[*WORKLOADS, *SWEEPS]
    )
    parser.add_argument("--sections", nargs="+", default=SECTIONS, choices=SECTIONS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=report.RESULTS)
    options = parser.parse_args()
    if options.quick:
        sys.exit(quick.main())
    results = run(options)
    print(*bars.lines(results), sep="\n")
    met, page = sum(row["met"] for row in results["bars"]), options.out.with_name(report.PAGE.name)
    print(f"{met} of {len(results['bars'])} bars are met. Written to {options.out} and {page}")


if __name__ == "__main__":
    main()
