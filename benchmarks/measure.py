"""Measurements: medians of ratios over rounds, each of ours and a peer in random order on one core."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager

import numpy as np

from benchmarks.peers import ours
from benchmarks.processes import Process, environment, interpreter
from benchmarks.workloads import SWEEPS, workload

LEAST = 0.1  # seconds over which a time is a mean, so that the clock's steps do not count
OWN_ORDER = ("keras_fit", "sklearn_mlp")  # they shuffle by themselves
CLOCKS = ("processor", "wall")
FRESH = """
from time import perf_counter, process_time
begin, clock = process_time(), perf_counter()
import {}
print(process_time() - begin, perf_counter() - clock)
"""


def quartiles(values) -> list[float]:
    """Return the quartiles to four figures."""
    return [float(f"{q:.4g}") for q in np.percentile(values, [25, 50, 75])]


def in_turn(peers, rounds: int, ask, bar) -> dict:
    """Ask ours and each peer, round after round; return by peer the quartiles of theirs over ours.

    Args:
        ask: takes "ours" or a peer, and returns its times by clock.
        bar: is moved on by one after each pair.
    """
    found = {peer: [] for peer in peers}
    for _ in range(rounds):
        for peer in random.sample(peers, len(peers)):
            times = {one: ask(one) for one in random.sample(["ours", peer], 2)}
            found[peer].append([times[peer][clock] / times["ours"][clock] for clock in CLOCKS])
            bar.update()
    return {
        peer: dict(zip(CLOCKS, map(quartiles, zip(*pairs, strict=True)), strict=True)) | {"rounds": rounds}
        for peer, pairs in found.items()
    }


@contextmanager
def saved(name: str):
    """Give a task, and the folder in which it is saved for a while."""
    with tempfile.TemporaryDirectory() as folder:
        task = workload(name)
        task.save(folder)
        yield task, folder


def ratios(name: str, peers: list[str], rounds: int, bar) -> dict:
    """Return how much longer each peer takes for a workload or a sweep, once it is warm."""
    with saved(name) as (task, folder), ExitStack() as stack:
        us = "ours_sweep" if name in SWEEPS else "ours"
        crew = {one: stack.enter_context(Process(us if one == "ours" else one)) for one in ["ours", *peers]}
        shares = {}
        for one, process in crew.items():
            bar.set_description(f"{name} warms up {one}")
            process.ask("load", folder=folder)
            shares[one] = process.ask("prepare")["share"]
            process.ask("run")
        bar.set_description(name)

        def ask(one):
            answer = crew[one].ask("run", seconds=LEAST)
            return {clock: answer[clock] / shares[one] for clock in CLOCKS}

        cells = in_turn(peers, rounds, ask, bar)
        weights = {one: final_weights(process, folder) for one, process in crew.items()}
    for peer, cell in cells.items():
        cell |= {"rows": len(task.x)} | ({} if shares[peer] == 1 else {"share": shares[peer]})
        if weights[peer] is not None:
            theirs, own = weights[peer], weights["ours"]
            epochs = round(task.epochs * shares[peer])
            if epochs < task.epochs:
                own = trained(task._replace(epochs=epochs))
            cell |= {"loss": losses(task, theirs, own), "same order": same_order(task, peer)}
    return cells


def same_order(task, peer: str) -> bool:
    """Say whether a peer takes the rows in our order."""
    return not (task.shuffle and peer in OWN_ORDER)


def final_weights(process, folder):
    """Return the weights with which a process ended its last run, or None if it has none."""
    if not process.ask("save", path=f"{folder}/final.npz")["saved"]:
        return None
    with np.load(f"{folder}/final.npz") as arrays:
        return list(arrays.values())


def trained(task):
    """Return the weights that our fit ends with: in a sweep, for the few that are judged."""
    if task.name not in SWEEPS:
        fit = ours.Training(task)
        fit.reset()
        fit.run()
        return fit.weights()
    models = [ours.build(task, **setting) for setting in judged(task.settings)]
    for model in models:
        ours.fit(model, task)
    weights = zip(*(model.get_weights() for model in models), strict=True)
    return [np.stack(w).repeat(len(task.settings) // len(models), axis=0) for w in weights]


def judged(things):
    """Return each 16th thing of a sweep: one for each learning rate."""
    return things[::16]


def losses(task, theirs, own) -> list[float]:
    """Return the loss, theirs and ours, by one judge; in a sweep the median over learning rates."""

    def judge(weights):
        if task.name not in SWEEPS:
            return ours.evaluate(task, weights)
        few = zip(*map(judged, weights), strict=True)
        return np.median([ours.evaluate(task, one) for one in few])

    return [float(f"{judge(weights):.4g}") for weights in (theirs, own)]


def first(name: str, peers: list[str], rounds: int, bar) -> dict:
    """Return how much longer each peer takes from the start of its process to the end of its first run.

    Where a peer does only a share of the epochs, the ratio is at least what is told.
    """
    shares = {}
    with saved(name) as (_, folder):

        def ask(one):
            us = "ours_sweep" if name in SWEEPS else "ours"
            with Process(us if one == "ours" else one) as process:
                loaded = process.ask("load", folder=folder)
                shares[one] = process.ask("prepare")["share"]
                answer = process.ask("run")
            return {
                "processor": answer["all"] - loaded["took"],
                "wall": answer["age"] - loaded["took"],
            }

        bar.set_description(f"{name} first results")
        cells = in_turn(peers, rounds, ask, bar)
    return {
        peer: cell | ({} if shares[peer] == 1 else {"share": shares[peer]}) for peer, cell in cells.items()
    }


def memory(name: str, peers: list[str], bar) -> dict:
    """Return the MiB that a first run adds to what a process takes with its imports and the data."""
    cells = {}
    with saved(name) as (task, folder):
        for peer in ["ours", *peers]:
            bar.set_description(f"{name} memory of {peer}")
            with Process(peer) as process:
                process.ask("imports")
                process.ask("load", folder=folder)
                before = process.ask("peak")["MiB"]
                process.ask("prepare")
                process.ask("run")
                cells[peer] = {"MiB": round(process.ask("peak")["MiB"] - before, 1), "rows": len(task.x)}
            bar.update()
    return cells


def import_time(module: str, python, compiled: str) -> np.ndarray:
    """Return the times that an import takes in a fresh process, by clock; its code is kept compiled."""
    command = [python, "-c", FRESH.format(module)]
    env = environment() | {"PYTHONPYCACHEPREFIX": compiled}
    run = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    return np.array(run.stdout.split()[-2:], float)


def imports(modules: dict, rounds: int, bar) -> dict:
    """Return how much longer importing each module takes than importing NumPy.

    Args:
        modules: module → the way of training in whose environment it lives.
    """
    cells = {}
    for module, peer in modules.items():
        bar.set_description(f"import {module}")
        python, found = interpreter(peer), []
        with tempfile.TemporaryDirectory() as compiled:
            for _ in range(1 + rounds):  # the first of them compiles
                both = random.sample([module, "numpy"], 2)
                times = {one: import_time(one, python, compiled) for one in both}
                found.append(times[module] / times["numpy"])
        cells[module] = dict(zip(CLOCKS, map(quartiles, zip(*found[1:], strict=True)), strict=True))
        cells[module]["rounds"] = rounds
        bar.update()
    return cells


def loaded_by(module: str) -> set[str]:
    """Return what stands in sys.modules after an import in a fresh process."""
    command = [sys.executable, "-c", f"import {module}, sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
