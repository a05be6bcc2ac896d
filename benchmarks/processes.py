"""Handles on the processes that do the work, each on the same one core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.peers import HERE

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".venv-bench" / "bin" / "python"
ONE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# The first two halve the speed of products on some processors; with the last, only our code is compiled anew.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


class Failed(Exception):
    """A process ended before it answered."""


def interpreter(peer: str) -> Path:
    """Return the Python in which a way of training lives."""
    return Path(sys.executable) if peer in HERE else BENCH


def environment() -> dict:
    """Return the variables for a process: one thread, and nothing that slows it down."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return kept | dict.fromkeys(ONE, "1")


class Process:
    """A worker, which answers questions; used in a ``with``."""

    def __init__(self, peer: str, python: Path | str | None = None):
        core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        self.peer, self.begin, self.errors = peer, perf_counter(), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python or interpreter(peer), "-m", "benchmarks.worker", peer, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def ask(self, do: str, **words) -> dict:
        """Return the answer, and how long the process has lived."""
        try:
            print(json.dumps({"do": do} | words), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.errors.seek(0)
            last = (self.errors.read().strip().splitlines() or ["no word"])[-1]
            raise Failed(f"{self.peer} ended at {do!r}: {last}")
        return json.loads(answer) | {"age": perf_counter() - self.begin}

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.close()
        except BrokenPipeError:
            self.process.kill()


def works(peer: str) -> str:
    """Return "" if a way of training can be imported, else what hinders it."""
    if not interpreter(peer).exists():
        return "there is no .venv-bench: sh tools/bench_environment.sh makes it"
    with Process(peer) as process:
        try:
            process.ask("imports")
        except Failed as error:
            return str(error)
    return ""
