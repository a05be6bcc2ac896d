"""Results of the paper's table: one JSON file a row, written after every seed, and what makes it stale."""

from __future__ import annotations

import ast
import datetime
import hashlib
import json
import re
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.files import write
from benchmarks.machine import processor
from papers import experiments, rows

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results")
LOCK = ROOT / "requirements.lock"
PINS = ("numpy",)
CODE = (  # what training computes with; data sets grow in number and callbacks look on, no number changes
    *("activations", "engine", "formulas", "initializers", "layers", "losses", "models"),
    *("optimizers/__init__", "program", "regularizers"),
)
UNREAD = ("candidates",)  # parts of a setting that no run looks at


# What a result depends on


def hashes(row: dict, way: str) -> dict[str, str]:
    """Return the hashes of all that the numbers of a row depend on, if it is computed in this way."""
    known = {key: row.get(key) for key in ("kind", "data", "train", "judge", "judged_on", "epochs")}
    return {
        "code": code(row["kind"]),
        "configuration": digest(json.dumps([known, read(row[way])], sort_keys=True)),
        "lock": digest(json.dumps(pins())),
    }


def read(setting):
    """Return a setting without what no run looks at."""
    if not isinstance(setting, dict):
        return setting
    return {key: read(value) for key, value in setting.items() if key not in UNREAD}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pins(lock: Path = LOCK) -> list[str]:
    """Return the lines of the lock that say which versions compute."""
    return re.findall(rf"^(?:{'|'.join(PINS)})==[^\s;]+", lock.read_text(encoding="utf8"), flags=re.M)


@cache  # what has been imported computes, whatever is edited meanwhile
def code(kind: str) -> str:
    """Return a hash of the package's training code and of one kind of experiment, comments left out."""
    files = [*(ROOT / "nnbook" / f"{name}.py" for name in CODE), Path(experiments.__file__)]
    return hash_of(tuple(file.read_text(encoding="utf8") for file in files), experiments.KINDS[kind].__name__)


def hash_of(texts: tuple[str, ...], function: str) -> str:
    """Return a hash of what modules mean; of the last one, only the function and what it uses."""
    *package, experiment = map(ast.parse, texts)
    return digest(repr([*map(meaning, package), used(experiment, function)]))


def used(tree: ast.Module, name: str) -> list:
    """Return what a module's function means, and so all in the module that it uses in turn."""
    defined = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign):
            defined |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    found, open_ = {}, [name]
    while open_:
        if (name := open_.pop()) in defined and name not in found:
            found[name] = meaning(defined[name])
            open_ += [node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)]
    return sorted(found.items())


def meaning(node):
    """Return a syntax tree as tuples that are the same in all versions of Python, lone strings left out."""
    if isinstance(node, list):
        return tuple(meaning(item) for item in node if not is_text(item))
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, meaning(value)) for name, value in ast.iter_fields(node) if value is not None)
    return type(node).__name__, tuple((name, part) for name, part in fields if part != ())


def is_text(node) -> bool:
    """Say whether a statement is a lone string."""
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str
    )


# What was found


def load(name: str, folder: Path = RESULTS) -> dict:
    """Return what is stored of a row: way → its runs and hashes; nothing, if there is no file."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf8")) if path.exists() else {}


def state(row: dict, way: str, stored: dict) -> str:
    """Say whether a way of computing a row is done, partly done, stale or not run."""
    kept = stored.get(way)
    if not kept or not kept["runs"]:
        return "not run"
    if kept["hashes"] != hashes(row, way):
        return "stale"
    return "partly" if missing(row, kept) else "done"


def missing(row: dict, kept: dict | None) -> list[int]:
    """Return the seeds for which there is no run yet."""
    have = {run["seed"] for run in kept["runs"]} if kept else set()
    return [seed for seed in range(row["seeds"]) if seed not in have]


def to_do(row: dict, folder: Path = RESULTS) -> list[tuple[str, int]]:
    """Return the runs that a row lacks: pairs of way and seed."""
    stored, plan = load(row["id"], folder), []
    for way in rows.ways(row):
        kept = None if state(row, way, stored) == "stale" else stored.get(way)
        plan += [(way, seed) for seed in missing(row, kept)]
    return plan


def known(row: dict, way: str, seed: int, folder: Path = RESULTS) -> dict | None:
    """Return the run that another row has with this very code, configuration and seed, or None."""
    wanted = hashes(row, way)
    files = [json.loads(path.read_text(encoding="utf8")) for path in folder.glob("*.json")]
    same = [stored[way] for stored in files for way in rows.WAYS if way in stored]
    runs = [run for kept in same if kept["hashes"] == wanted for run in kept["runs"]]
    return next((run for run in runs if run["seed"] == seed), None)


def told(seed: int, value, seconds: float) -> dict:
    """Return a run as it is stored: what was found, how long it took, when and on what."""
    return {
        "seed": seed,
        "value": rounded(value),
        "seconds": round(seconds, 2),
        "date": datetime.date.today().isoformat(),
        "numpy": np.__version__,
        "processor": processor(),
    }


def keep(row: dict, way: str, run: dict, folder: Path = RESULTS):
    """Add a run to the row's file, in one go; runs that have become stale make room."""
    stored = load(row["id"], folder)
    now = hashes(row, way)
    kept = stored.get(way)
    if not kept or kept["hashes"] != now:
        kept = {"hashes": now, "epochs": row["epochs"], "runs": []}
    others = [old for old in kept["runs"] if old["seed"] != run["seed"]]
    kept["runs"] = sorted([*others, run], key=lambda each: each["seed"])
    ordered = {name: (stored | {way: kept})[name] for name in rows.WAYS if name in stored or name == way}
    write(folder / f"{row['id']}.json", json.dumps({"row": row["id"]} | ordered, indent=1) + "\n")


def rounded(value):
    """Return numbers with six digits, which is more than any table shows; what is no number is None."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return None if value is None or not np.isfinite(value) else float(f"{value:.6g}")
