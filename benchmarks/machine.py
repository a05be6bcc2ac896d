"""What numbers are measured on: the processor, NumPy's BLAS, the versions of all that computes."""

from __future__ import annotations

import ctypes
import glob
import os
import platform
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.processes import BENCH

PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "torch", "scikit-learn", "jax")


def processor() -> str:
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    words = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return " ".join(words[key] for key in ("model name", "cpu family", "model") if key in words)


def blas() -> str:
    """Return NumPy's BLAS, and the kind of processor it took this one for, if it tells."""
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = f"{found['name']} {found['version']}"
    for path in glob.glob(os.path.join(os.path.dirname(np.__file__), "..", "numpy.libs", "*openblas*")):
        library = ctypes.CDLL(path)
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_"):
            if hasattr(library, symbol):
                getattr(library, symbol).restype = ctypes.c_char_p
                return f"{name} ({getattr(library, symbol)().decode()})"
    return name


def versions() -> dict:
    """Return the versions of NumPy and, where it is there, of what stands in the benchmark's environment."""
    found = {"numpy": np.__version__}
    if BENCH.exists():
        code = (
            "from importlib.metadata import distributions as d; "
            f"print(*(f'{{p.name}}={{p.version}}' for p in d() if p.name.replace('_', '-') in {PACKAGES}))"
        )
        run = subprocess.run([BENCH, "-c", code], capture_output=True, text=True, check=True)
        found |= dict(sorted(word.replace("_", "-").split("=") for word in run.stdout.split()))
    return found
