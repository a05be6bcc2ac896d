"""The process in which one way of training lives: it reads a line of JSON, does that, answers with a line.

``python -m benchmarks.worker torch_eager 1`` trains with PyTorch on core 1. It understands

- ``{"do": "load", "folder": …}``: read a task;
- ``{"do": "imports"}``: import what is needed;
- ``{"do": "prepare"}``: build the network; answers with the share of the task that it will do;
- ``{"do": "run", "seconds": 0.1}``: train, over and over for so many seconds; answers with the mean times;
- ``{"do": "save", "path": …}``: write the weights that the last run ended with;
- ``{"do": "peak"}``: tell how much memory the process took at most, in MiB.

The end of its input ends it. What it takes to start, to import and to load is told with each answer.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import sys
from time import perf_counter, process_time

TASK = TRAINING = None


def imports():
    importlib.import_module("numpy.random")  # NumPy puts it off until it is asked for
    return importlib.import_module(f"benchmarks.peers.{sys.argv[1]}")


def load(folder):
    from benchmarks import task

    global TASK, TRAINING
    TASK = TRAINING = None
    gc.collect()
    TASK = task.load(folder)


def prepare():
    global TRAINING
    TRAINING = imports().Training(TASK)
    return {"share": TRAINING.share}


def run(seconds: float = 0.0):
    processor = wall = 0.0
    times = 0
    gc.collect()
    while not times or wall < seconds:
        TRAINING.reset()
        begin, clock = process_time(), perf_counter()
        TRAINING.run()
        processor, wall = processor + process_time() - begin, wall + perf_counter() - clock
        times += 1
    return {"processor": processor / times, "wall": wall / times}


def save(path):
    import numpy as np

    weights = TRAINING.weights()
    if weights is not None:
        np.savez(path, *map(np.asarray, weights))
    return {"saved": weights is not None}


def peak() -> dict:
    """Linux tells a program's own peak; elsewhere that of the process that became it may count too."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            (kib,) = (int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        return {"MiB": kib / 1024}
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return {"MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


DEEDS = {"load": load, "imports": imports, "prepare": prepare, "run": run, "save": save, "peak": peak}


def main():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[2])})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    for line in sys.stdin:
        words = json.loads(line)
        begin = process_time()
        answer = DEEDS[words.pop("do")](**words)
        answer = answer if isinstance(answer, dict) else {}
        print(
            json.dumps({"took": process_time() - begin, "all": process_time()} | answer),
            file=answers,
            flush=True,
        )


if __name__ == "__main__":
    main()
