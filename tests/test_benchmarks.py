"""The harness times the same work on all sides, keeps what it finds, and says which bars are met."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tolerances import tol
from tqdm import tqdm

from benchmarks import __main__ as command
from benchmarks import bars, files, measure, processes, quick, report, task, workloads
from benchmarks.peers import ELSEWHERE, HERE, NAMES, SWEEPERS, TRAINERS, floor, ours
from benchmarks.processes import BENCH, Failed, Process

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements-bench.lock").read_text(encoding="utf8")
SMALL = {"W5": 640, "W6": 256}
DIFFERENT = ("W1", "W2", "W4")  # in activation, loss and optimiser
STEPS = 20  # Adam turns a gradient that is all rounding into a whole step, so float32 runs part with time
MODELS = 16


@pytest.fixture(autouse=True)
def shipped_digits(monkeypatch):
    monkeypatch.delenv("NNBOOK_MNIST", raising=False)


def shortened(name):
    """Return a workload with few rows and steps, in the order of its rows; a sweep with few models."""
    work = workloads.workload(name)
    rows = SMALL.get(name, len(work.x))
    epochs = min(work.epochs, -(-STEPS * work.batch_size // rows))
    if name in workloads.SWEEPS:
        few = {"rate": work.rate[::16], "seed": work.seed[::16], "orders": work.orders[::16, :epochs]}
        return work._replace(epochs=epochs, weights=tuple(w[::16] for w in work.weights), **few)
    orders = np.tile(np.arange(rows, dtype="int32"), (epochs, 1))
    return work._replace(x=work.x[:rows], y=work.y[:rows], epochs=epochs, shuffle=False, orders=orders)


def here(peer):
    """Say whether a way of training is to be had: its package here, or the benchmark's environment."""
    return (
        BENCH.exists() or peer not in ELSEWHERE or (peer == "keras_fit" and importlib.util.find_spec("keras"))
    )


def ended(peer, names, folder):
    """Return, for each workload, the weights and the share with which a process of this peer ends."""
    python = None if BENCH.exists() or peer not in ELSEWHERE else sys.executable
    with Process(peer, python) as process:
        try:
            process.ask("imports")
        except Failed as error:
            pytest.skip(str(error))
        for name in names:
            work = shortened(name)
            work.save(folder)
            process.ask("load", folder=str(folder))
            share = process.ask("prepare")["share"]
            assert process.ask("run")["processor"] > 0
            yield work._replace(epochs=round(work.epochs * share)), measure.final_weights(process, folder)


@pytest.mark.parametrize("peer", [peer for peer in TRAINERS if peer != "floor" and here(peer)])
def test_a_peer_trains_to_the_weights_that_ours_ends_with(peer, tmp_path):
    for work, theirs in ended(peer, workloads.WORKLOADS if peer in HERE else DIFFERENT, tmp_path):
        if peer == "torch_eager" and work.optimizer == "adam":  # its epsilon comes after the bias correction
            theirs, own = np.subtract(
                measure.losses(work, theirs, measure.trained(work)), ours.evaluate(work, work.weights)
            )
            assert abs(theirs / own - 1) <= bars.SAME[0]
            continue
        for one, other in zip(theirs, measure.trained(work), strict=True):
            np.testing.assert_allclose(one, other, atol=tol("float32"), err_msg=work.name)


@pytest.mark.parametrize("peer", [peer for peer in ("ours_sweep", "jax_vmap", "torch_vmap") if here(peer)])
def test_a_sweep_trains_to_the_weights_of_single_runs(peer, tmp_path):
    for work, theirs in ended(peer, workloads.SWEEPS, tmp_path):
        for k, setting in enumerate(work.settings):
            ours.fit(model := ours.build(work, **setting), work)
            for one, other in zip(theirs, model.get_weights(), strict=True):
                np.testing.assert_allclose(one[k], other, atol=tol("float32"), err_msg=work.name)


def test_a_task_comes_back_from_its_files_as_it_was(tmp_path):
    for name in ("W1", "S3"):
        work = shortened(name)
        work.save(tmp_path)
        back = task.load(tmp_path)
        assert [type(value) for value in back] == [type(value) for value in work]
        assert repr(back) == repr(work)


def test_a_process_that_fails_says_at_what_and_why():
    with Process("ours") as process, pytest.raises(Failed, match="ours ended at 'load'.*no-such-folder"):
        process.ask("load", folder="no-such-folder")


def test_a_process_has_one_thread_and_none_of_the_variables_that_slow_products_down(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    env = processes.environment()
    assert "OPENBLAS_CORETYPE" not in env and env["OPENBLAS_NUM_THREADS"] == "1"


def test_the_floor_holds_three_products_for_each_layer_but_two_for_the_first():
    assert len(floor.products((64, 32, 64, 10), 32)) == 3 * 3 - 1


def test_ratios_are_theirs_over_ours_asked_in_pairs():
    asked, times = [], {"ours": 2.0, "slow": 8.0, "quick": 1.0}

    def ask(one):
        asked.append(one)
        return {"processor": times[one], "wall": 2 * times[one]}

    cells = measure.in_turn(["slow", "quick"], 9, ask, tqdm(disable=True))
    assert cells["slow"] == {"processor": [4, 4, 4], "wall": [4, 4, 4], "rounds": 9}
    assert cells["quick"]["processor"] == [0.5, 0.5, 0.5]
    assert all("ours" in pair and len(set(pair)) == 2 for pair in zip(asked[::2], asked[1::2], strict=True))


def test_a_round_with_the_textbook_and_the_floor_gives_ratios_and_the_same_loss():
    cells = measure.ratios("W2", ["textbook", "floor"], 1, tqdm(disable=True))
    assert cells["textbook"]["processor"][1] > 1 > cells["floor"]["processor"][1]
    assert bars.same_loss(cells["textbook"]) and "loss" not in cells["floor"]


# What is kept


def cell(*quartiles, **more):
    return {"processor": list(quartiles), "wall": list(quartiles), "rounds": 9, "rows": 10} | more


ABOUT = {"processor": "one", "blas": "b", "python": "3", "versions": {"numpy": "2"}, "MNIST rows": 10}
FOUND = {
    "about": ABOUT | {"date": "2026-11-22"},
    "ratios": {"W1": {"textbook": cell(2, 2.4, 2.6), "floor": cell(0.2, 0.25, 0.4)}, "W6": {}},
    "memory": {"W5": {"ours": {"MiB": 1.0, "rows": 10}, "torch_eager": {"MiB": 240.0, "rows": 10}}},
    "imports": {"over NumPy": {"nnbook": {"wall": [1.1, 1.2, 1.3], "rounds": 5}}},
}


@pytest.mark.parametrize("same_machine", [True, False])
def test_new_results_take_the_place_of_old_ones_and_other_machines_are_not_mixed(same_machine):
    machine = ABOUT | {"date": "2027-01-01"} | ({} if same_machine else {"processor": "two"})
    results = command.merged(FOUND, {"about": machine, "ratios": {"W1": {"textbook": cell(3, 3, 3)}}})
    assert results["about"] == machine
    assert results["ratios"]["W1"]["textbook"] == cell(3, 3, 3)
    assert ("floor" in results["ratios"]["W1"]) is same_machine
    assert ("memory" in results) is same_machine


def test_a_file_is_written_in_one_go(tmp_path):
    files.write(tmp_path / "new" / "a.json", "{}")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


def test_what_is_found_is_merged_judged_and_told_on_a_page(tmp_path):
    path = tmp_path / "results.json"
    command.keep(path, ABOUT, "ratios", {"W1": {"textbook": cell(2, 2.4, 2.6)}})
    command.keep(path, ABOUT, "ratios", {"W1": {"floor": cell(0.2, 0.25, 0.4)}})
    results = json.loads(path.read_text(encoding="utf8"))
    assert [(row["peer"], row["found"], row["met"]) for row in results["bars"]] == [
        ("textbook", 2.4, False),
        ("floor", 4, False),
    ]
    assert (tmp_path / "README.md").read_text(encoding="utf8") == report.page(results)


# What is told


@pytest.mark.parametrize(
    "bar, found, verdict",
    [
        (bars.Bar("ratios", "W1", "textbook", "at least", 3), 3.0, "at least 3: met"),
        (bars.Bar("ratios", "W1", "textbook", "at least", 3), 2.4, "at least 3: missed by 20%"),
        (bars.Bar("ratios", "W1", "floor", "at most", 3.5), 7.0, "at most 3.5: missed by 100%"),
    ],
)
def test_a_bar_is_met_or_missed_by_a_share(bar, found, verdict):
    assert bar.verdict(found) == verdict


def test_each_bar_that_was_measured_has_a_line_and_a_reason_only_where_it_is_missed(monkeypatch):
    monkeypatch.setattr(
        bars, "REASONS", {("ratios", "W1", "textbook"): "too few rows", ("memory", "W5", "ours"): "x"}
    )
    assert bars.lines(FOUND) == [
        "W1 textbook NumPy                           2.4   at least 3: missed by 20% – too few rows",
        "W1 the matrix products alone                  4   at most 3.5: missed by 14%",
        "over NumPy import nnbook                    1.2   at most 1.3: met",
        "W5 memory, nnbook                             1   at most 10: met",
    ]
    assert [row.get("why") for row in bars.judged(FOUND)] == ["too few rows", None, None, None]


def test_every_bar_and_reason_names_what_is_measured():
    known = {*workloads.WORKLOADS, *workloads.SWEEPS, "over NumPy"}
    for bar in bars.BARS:
        assert bar.work in known and bar.peer in (*NAMES, "nnbook")
        assert bar.section in command.SECTIONS and bar.sense in ("at least", "at most")
    assert {(bar.section, bar.work, bar.peer) for bar in bars.BARS} >= set(bars.REASONS)


@pytest.mark.parametrize(
    "loss, same_order, same",
    [
        ([0.51, 0.5], True, True),
        ([0.53, 0.5], True, False),
        ([0.53, 0.5], False, True),
        ([1, 0.5], False, False),
    ],
)
def test_a_loss_may_differ_more_where_the_order_of_the_rows_does(loss, same_order, same):
    assert bars.same_loss({"loss": loss, "same order": same_order}) is same


def test_the_table_turns_the_floor_over_and_leaves_out_what_was_not_measured():
    assert report.table(FOUND) == [
        ["", "W1", "W2", "W3", "W4", "W5", "W6"],
        ["textbook NumPy", "2.4 [2.0, 2.6]", *["–"] * 5],
        ["ours / the matrix products alone", "4.0 [2.5, 5.0]", *["–"] * 5],
    ]
    assert report.table(FOUND, "sweeps") == [["", "S1", "S3"]]


def test_the_figure_has_a_mark_for_each_ratio():
    ax = report.draw(FOUND, plt.figure().add_subplot())
    (mark,) = [line for line in ax.lines if line.get_label() == "textbook NumPy"]
    assert mark.get_xdata().tolist() == [2.4]
    plt.close(ax.figure)


def test_the_page_in_the_repository_is_made_of_the_results_beside_it():
    results = report.load()
    assert report.PAGE.read_text(encoding="utf8") == report.page(results)
    assert results["bars"] == bars.judged(results)


def test_the_results_hold_all_that_is_measured_and_all_runs_end_with_the_same_loss():
    results = report.load()
    for work in workloads.WORKLOADS:
        assert set(results["ratios"][work]) == set(TRAINERS)
        assert set(results["first"][work]) == set(TRAINERS) - {"floor"}
    for work in workloads.SWEEPS:
        assert set(results["sweeps"][work]) == set(SWEEPERS)
    cells = [c for s in ("ratios", "sweeps") for found in results[s].values() for c in found.values()]
    assert all(c["rounds"] >= 9 for c in cells)
    assert bars.unlike(results) == []


def test_each_bar_is_met_or_says_why_not():
    results = report.load()["bars"]
    assert len(results) == len(bars.BARS)
    assert [row for row in results if not row["met"] and "why" not in row] == []


# The quick mode


def test_a_step_is_no_more_calls_than_the_gate_allows():
    assert {name: quick.calls(name) for name in quick.CALLS if quick.calls(name) > quick.CALLS[name]} == {}


def test_every_gate_of_the_quick_mode_is_measured_by_it():
    measured = {(work, peer) for work, peers in quick.PEERS.items() for peer in peers}
    measured |= {("over NumPy", "nnbook")} | {(work, "calls a step") for work in workloads.WORKLOADS}
    assert {(bar.work, bar.peer) for bar in quick.gates()} == measured


# The peers' environment


def test_the_lock_of_the_peers_pins_every_package_with_a_hash_and_names_no_address():
    names = re.findall(r"^([\w.-]+)==[^\s;]+.*\\$", LOCK, flags=re.M)
    assert len(names) == len(re.findall(r"^\S", LOCK, flags=re.M)) > 40
    assert {"torch", "jax", "scikit-learn", "keras", "numpy"} <= set(names)
    assert not re.search(r"://|--(extra-)?index|--find-links", LOCK)
    assert [name for name in names if re.match(r"nvidia-|cuda-|triton", name)] == []


@pytest.mark.parametrize("name", ["numpy", "keras", "tensorflow", "tensorflow-cpu"])
def test_the_peers_have_the_versions_of_the_book(name):
    pins = [
        re.findall(rf"^{name}==(\S+)", text, flags=re.M)
        for text in (LOCK, (ROOT / "requirements.lock").read_text())
    ]
    assert pins[0] and pins[0] == pins[1]


def test_a_worker_starts_without_nnbook_so_that_first_results_are_a_peers_own():
    code = "import benchmarks.worker, benchmarks.task, benchmarks.peers, sys; print('nnbook' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "False"
