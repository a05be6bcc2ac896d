"""What importing each module loads, and how long importing the package takes."""

import ast
import functools
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "nnbook"
HEAVY = {
    "tensorflow", "keras", "torch", "jax", "matplotlib", "scipy", "sklearn", "pandas", "IPython",
    "ipywidgets", "anywidget", "tqdm", "safetensors", "pooch", "requests", "sphinx", "myst_nb",
}  # fmt: skip
OUTSIDE_THE_CORE = {"twins", "plotting", "widgets", "book", "practice", "exercises"}
ROUNDS = 11


def name_of(path):
    """Return the dotted module name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
CORE = [name for name in MODULES if name.split(".")[1:2] == [] or name.split(".")[1] not in OUTSIDE_THE_CORE]


def fresh(code):
    """Run ``code`` in a fresh Python and return what it prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@functools.cache
def modules_of_numpy():
    return set(fresh("import numpy, sys; print(*sys.modules)").split())


def test_the_core_was_found():
    assert {"nnbook", "nnbook.activations", "nnbook.models", "nnbook.optimizers.schedules"} <= set(CORE)


@pytest.mark.parametrize("module", CORE)
def test_a_core_module_loads_numpy_alone(module):
    loaded = fresh(f"import {module}, sys; print(*sys.modules)").split()
    assert HEAVY & set(loaded) == set()
    roots = {name.partition(".")[0] for name in set(loaded) - modules_of_numpy()}
    foreign = {root for root in roots if root not in sys.stdlib_module_names} - {"nnbook"}
    assert foreign == set()


@pytest.mark.parametrize("module", MODULES)
def test_only_twins_names_keras_or_tensorflow_in_an_import(module):
    imported = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(node.module.partition(".")[0])
    assert module == "nnbook.twins" or not imported & {"keras", "tensorflow"}


def test_importing_nnbook_leaves_the_random_streams_of_numpy_alone():
    code = "import numpy as np; np.random.seed(1); {}print(np.random.random())"
    assert fresh(code.format("import nnbook; ")) == fresh(code.format(""))


@pytest.mark.alone
def test_importing_nnbook_costs_little_more_than_importing_numpy(tmp_path, monkeypatch):
    """Pairs of fresh processes in processor time, which a busy machine changes least: median of ratios."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))  # both compiled, by the first pair
    code = "from time import process_time as t; a = t(); import {}; print(t() - a)"
    numpy, nnbook = code.format("numpy"), code.format("nnbook")
    pairs = [(float(fresh(numpy)), float(fresh(nnbook))) for _ in range(1 + ROUNDS)][1:]
    ratios = sorted(ours / theirs for theirs, ours in pairs)
    assert median(ratios) <= 1.3, [round(ratio, 2) for ratio in ratios]
