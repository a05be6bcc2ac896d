"""The paper's table: its rows are checked, its results survive interruptions, and it tells what is stale."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from nnbook.book import papers as directive
from papers import __main__ as command
from papers import choose, experiments, report, rows, store, verdicts

ROOT = Path(__file__).resolve().parents[1]
TABLE = rows.load()
RESULTS = {name: store.load(name) for name in TABLE}
QUICK = TABLE["nielsen-neuron-near"]
BIBLIOGRAPHY = (ROOT / "chapters" / "references.bib").read_text(encoding="utf8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of results, for the command too."""
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    for function in (store.load, store.to_do, store.known, store.keep):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    return tmp_path


# The rows


def written(tmp_path, text):
    path = tmp_path / "rows.toml"
    path.write_text(text, encoding="utf8")
    return path


ROW = {
    "id": '"one"',
    "source": '"nielsen2015"',
    "where": '"chapter 1"',
    "what": '"a network"',
    "measure": '"test error, %"',
    "published": "5.0",
    "section": '"sec-adam"',
    "kind": '"training"',
    "judge": '"test error"',
    "epochs": "1",
    "seeds": "5",
    "hidden": "30",
    "minutes": "1",
    "passes": '{rule = "reaches", room = 0.3}',
    "faithful": "{layers = [30]}",
}


def told(**changes):
    """Return a file with one row, with these changes; None takes something away."""
    row = {key: value for key, value in (ROW | changes).items() if value is not None}
    return "[[row]]\n" + "\n".join(f"{key} = {value}" for key, value in row.items()) + "\n"


WRONG = {
    "one: it lacks published": told(published=None),
    "one: unknown colour; known: .*published": told(colour="1"),
    "one: epochs must be int, got 'many'": told(epochs='"many"'),
    "one: kind must be one of training, .*, got 'guess'": told(kind='"guess"'),
    "one: a training needs a judge": told(judge=None),
    "one: passes.rule must be one of reaches, .*, got 'luck'": told(passes='{rule = "luck"}'),
    "one: rule 'reaches' needs .'room'., got ..": told(passes='{rule = "reaches"}'),
    "one: unknown recipe 'cake'; known: none": told(faithful='{recipe = "cake"}'),
    "one: .* seeds at least 1": told(seeds="0"),
    "one: there are two rows": told() * 2,
    "holds no": "",
    "cannot be read": "[[row]",
}


@pytest.mark.parametrize("message, text", WRONG.items(), ids=list(WRONG))
def test_a_file_of_rows_that_is_wrong_is_answered_with_what_would_be_right(message, text, tmp_path):
    with pytest.raises(ValueError, match=message):
        rows.load(written(tmp_path, text))


def test_a_way_holds_what_its_recipe_says_unless_it_says_otherwise(tmp_path):
    recipe = '[recipes.r]\nbatch = 10\nloss = "mse"\n'
    loaded = rows.load(written(tmp_path, recipe + told(faithful='{recipe = "r", batch = 20}')))
    assert loaded["one"]["faithful"] == {"batch": 20, "loss": "mse"}


def test_every_row_cites_a_source_of_the_bibliography_and_stands_on_the_page():
    page = (ROOT / "chapters" / "papers-table.md").read_text(encoding="utf8")
    shown = set(re.findall(r"\{papers-table\} (\w+)", page))
    assert shown == {row["source"] for row in TABLE.values()}
    assert all(f"{{{source}," in BIBLIOGRAPHY for source in shown)


def test_every_row_links_to_a_section_of_a_chapter():
    text = "".join(path.read_text(encoding="utf8") for path in (ROOT / "chapters").glob("[0-9]*.ipynb"))
    assert [row["id"] for row in TABLE.values() if f"({row['section']})=" not in text] == []


def test_networks_of_up_to_300_neurons_have_five_seeds_and_larger_ones_three():
    trained = [row for row in TABLE.values() if row["kind"] == "training"]
    assert [row["id"] for row in trained if row["seeds"] != (5 if row["hidden"] <= 300 else 3)] == []


@pytest.mark.parametrize("name", TABLE)
def test_no_row_takes_longer_than_half_an_hour(name):
    stored = RESULTS[name]
    runs = [run for way in rows.ways(TABLE[name]) if way in stored for run in stored[way]["runs"]]
    assert max(TABLE[name]["minutes"], sum(run["seconds"] for run in runs) / 60) <= 30


def test_learning_rates_without_a_source_are_the_best_ones_on_validation_data():
    found = json.loads(choose.FILE.read_text(encoding="utf8"))
    taken = {}
    for row in TABLE.values():
        for name, setting in choose.settings(row).items():
            assert sorted(map(float, found[name])) == sorted(setting["candidates"]), name
            assert setting["optimizer"]["config"]["learning_rate"] == choose.best(found[name], row["better"])
            taken[name] = setting
    assert taken.keys() == found.keys()


def test_a_choice_looks_at_no_test_data(monkeypatch):
    seen = []
    monkeypatch.setattr(experiments, "training", lambda row, setting, seed: seen.append(row["judged_on"]))
    for row in TABLE.values():
        for setting in choose.settings(row).values():
            choose.tried(row, setting, 0.1)
    assert set(seen) == {"validation"}


def test_validation_pictures_are_not_learnt_from():
    x, y, x_judge, y_judge = experiments.prepared("shipped", (0, 1), 0, "validation")
    assert len(x) == len(y) == 8000 and len(x_judge) == len(y_judge) == 2000
    every = experiments.pictures("shipped")[0][1]
    assert (y == every[:8000]).all() and (y_judge == every[8000:]).all()


# The experiments


def test_a_slice_of_the_table_ends_in_its_band():
    sliced = [row for row in TABLE.values() if "slice" in row]
    assert sliced
    for row in sliced:
        assert row["slice"].keys() == {"epochs", *rows.ways(row)}
        small = row | {"data": "shipped", "train": 10_000, "epochs": row["slice"]["epochs"]}
        for way in rows.ways(row):
            low, high = row["slice"][way]
            assert low <= experiments.training(small, row[way], 0) <= high, (row["id"], way)


CHEAP = [name for name, row in TABLE.items() if row["kind"] in ("gradients", "neuron")]


@pytest.mark.parametrize("name", [name for name in CHEAP if RESULTS[name]])
def test_what_is_stored_comes_out_again(name):
    row = TABLE[name]
    for way in rows.ways(row):
        if store.state(row, way, RESULTS[name]) == "done":
            run = RESULTS[name][way]["runs"][0]
            again = experiments.KINDS[row["kind"]](row, row[way], run["seed"])
            assert again == pytest.approx(run["value"], rel=1e-5)


def test_the_famous_network_learns_xor_and_gives_up_at_its_limit():
    assert experiments.shortcut_sweeps(1.0, 0.5, 5000, seed=0) == 626
    assert experiments.shortcut_sweeps(1.0, 0.5, 100, seed=0) is None


def test_each_judge_judges_its_own_way():
    row = TABLE["lecun-300"] | {"data": "shipped", "train": 300, "epochs": 2}
    setting = row["faithful"] | {"layers": [5]}
    found = {
        judge: experiments.training(row | {"judge": judge}, setting, 0) for judge in rows.CHOICES["judge"]
    }
    assert found["test error"] == pytest.approx(100 - found["test accuracy"])
    assert found["best test accuracy"] >= found["test accuracy"]
    assert found["training accuracy"] != found["test accuracy"] and found["training loss"] < 1


# The store


def test_a_row_that_was_interrupted_goes_on_with_the_seeds_that_it_lacks(folder, monkeypatch):
    row = QUICK | {"seeds": 3}
    calls = []

    def stops(row, setting, seed):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return float(seed)

    monkeypatch.setitem(experiments.KINDS, "neuron", stops)
    monkeypatch.setattr(store, "code", lambda kind: "the same")
    with pytest.raises(KeyboardInterrupt):
        command.run([row])
    assert calls == [0, 1, 2]
    assert store.state(row, "faithful", store.load(row["id"])) == "partly"
    command.run([row])
    assert calls == [0, 1, 2, 2, 0, 1, 2]  # the third seed again, then those of the modern way
    stored = store.load(row["id"])
    assert [run["value"] for run in stored["faithful"]["runs"]] == [0, 1, 2]
    assert not store.to_do(row)


def test_a_file_is_replaced_in_one_go(folder, monkeypatch):
    store.keep(QUICK, "faithful", store.told(0, 0.5, 1.0))
    before = store.load(QUICK["id"])
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        store.keep(QUICK, "modern", store.told(0, 0.25, 1.0))
    assert store.load(QUICK["id"]) == before


def test_the_same_configuration_in_two_rows_is_computed_once(folder):
    other = QUICK | {"id": "other", "what": "in other words", "published": 0.5}
    command.run([QUICK])
    assert store.known(other, "faithful", 0) == store.load(QUICK["id"])["faithful"]["runs"][0]
    assert store.known(other | {"epochs": 7}, "faithful", 0) is None


def test_results_tell_how_they_came_about_and_name_no_machine(folder):
    command.run([QUICK])
    (run,) = store.load(QUICK["id"])["faithful"]["runs"]
    assert run.keys() == {"seed", "value", "seconds", "date", "numpy", "processor"}
    assert run["value"] == pytest.approx(0.09, abs=0.005)


def test_a_value_that_is_no_number_is_stored_as_nothing():
    assert store.rounded({"a": [1 / 3, float("nan")], "b": None}) == {"a": [0.333333, None], "b": None}


def test_a_run_without_its_data_is_left_out_and_named(folder, monkeypatch, capsys):
    def nowhere(row, setting):
        raise FileNotFoundError("Fashion-MNIST is not on this machine")

    monkeypatch.setattr(experiments, "inputs", nowhere)
    assert command.run([TABLE["xiao-fashion-relu-10"]]) == ["xiao-fashion-relu-10"]
    assert "Fashion-MNIST is not on this machine" in capsys.readouterr().out
    assert not list(folder.iterdir())


STALE = {
    "the number of epochs": QUICK | {"epochs": 7},
    "a setting": QUICK | {"faithful": QUICK["faithful"] | {"start": [0.5, 0.5]}},
    "the data": QUICK | {"data": "fashion"},
}
FRESH = {
    "the words": QUICK | {"what": "a neuron", "note": "told otherwise"},
    "the rule": QUICK | {"passes": {"rule": "within", "room": 1}},
    "the published value": QUICK | {"published": 0.5},
    "candidates": QUICK | {"faithful": QUICK["faithful"] | {"candidates": [1]}},
}


@pytest.mark.parametrize("row", STALE.values(), ids=STALE)
def test_a_result_is_stale_after_a_change_of(row, folder):
    command.run([QUICK])
    assert store.state(row, "faithful", store.load(QUICK["id"])) == "stale"
    assert ("faithful", 0) in store.to_do(row)


@pytest.mark.parametrize("row", FRESH.values(), ids=FRESH)
def test_a_result_stays_good_after_a_change_of(row, folder):
    command.run([QUICK])
    assert store.state(row, "faithful", store.load(QUICK["id"])) == "done"


def test_a_result_is_stale_after_a_change_of_the_pins(folder, monkeypatch):
    command.run([QUICK])
    monkeypatch.setattr(store, "pins", lambda: ["numpy==1.0"])
    assert store.state(QUICK, "faithful", store.load(QUICK["id"])) == "stale"


def test_the_lock_pins_what_computes():
    assert store.pins() and all(pin.startswith("numpy==") for pin in store.pins())


PACKAGE = "def rate(x):\n    return 2 * x\n"
EXPERIMENT = "def a():\n    return helper()\n\ndef helper():\n    return 1\n\ndef b():\n    return 3\n"
SAME = {
    "a comment": (PACKAGE + "# yes\n", EXPERIMENT),
    "a docstring": (PACKAGE.replace(":\n", ':\n    """Say."""\n', 1), EXPERIMENT),
    "the layout": (PACKAGE.replace("2 * x", "(2 *\n x)"), EXPERIMENT),
    "another experiment": (PACKAGE, EXPERIMENT.replace("3", "4")),
}
OTHER = {
    "the package": (PACKAGE.replace("2", "3"), EXPERIMENT),
    "one to zero": (PACKAGE, EXPERIMENT.replace("1", "0")),
    "zero to nothing": (PACKAGE, EXPERIMENT.replace("1", "None")),
    "the experiment": (PACKAGE, EXPERIMENT.replace("helper()\n\n", "2 * helper()\n\n")),
    "what it uses": (PACKAGE, EXPERIMENT.replace("1", "2")),
}


@pytest.mark.parametrize("texts", SAME.values(), ids=SAME)
def test_the_hash_of_the_code_stays_after_a_change_of(texts):
    assert store.hash_of(texts, "a") == store.hash_of((PACKAGE, EXPERIMENT), "a")


@pytest.mark.parametrize("texts", OTHER.values(), ids=OTHER)
def test_the_hash_of_the_code_changes_with(texts):
    assert store.hash_of(texts, "a") != store.hash_of((PACKAGE, EXPERIMENT), "a")


# The verdicts

VERDICTS = [
    ("reaches", 5.0, {"room": 0.3}, [4.6, 4.7, 9.0], "reached"),
    ("reaches", 5.0, {"room": 0.3}, [5.2, 5.3, 5.3], "reached"),
    ("reaches", 5.0, {"room": 0.3}, [5.31, 5.31, 1.0], "missed"),
    ("reaches", 5.0, {"room": 0.3}, [4.6, 4.6, 9.0], "better"),
    ("within", 0.09, {"room": 0.005}, [0.094], "holds"),
    ("within", 0.09, {"room": 0.005}, [0.096], "missed"),
    ("factor", [0.1, 1.0], {"factor": 2}, [[0.06, 1.9], [0.07, 1.9]], "holds"),
    ("factor", [0.1, 1.0], {"factor": 2}, [[0.06, 2.1], [0.07, 2.2]], "missed"),
    ("at least", "hardly moves", {"bound": 0.9}, [0.95], "holds"),
    ("at least", "hardly moves", {"bound": 0.9}, [0.85], "missed"),
    ("contains", 558, {}, [200, 300, None], "holds"),
    ("contains", 558, {}, [200, 300], "missed"),
    ("lowest", "Adam wins", {"name": "a"}, [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "holds"),
    ("lowest", "Adam wins", {"name": "b"}, [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "missed"),
    ("gap", "stalls", {"low": "a", "below": 2, "high": "b", "above": 3}, [{"a": 1, "b": 4}], "holds"),
    ("gap", "stalls", {"low": "a", "below": 2, "high": "b", "above": 3}, [{"a": 1, "b": 3}], "missed"),
]


@pytest.mark.parametrize("rule, published, options, values, verdict", VERDICTS)
def test_a_rule_judges(rule, published, options, values, verdict):
    row = {"passes": {"rule": rule} | options, "published": published, "better": "lower"}
    assert verdicts.judged(row, "faithful", values) == verdict


def test_every_rule_that_a_row_may_name_is_there():
    assert verdicts.RULES.keys() == rows.RULES.keys()
    assert experiments.KINDS.keys() == set(rows.CHOICES["kind"])


def test_of_an_accuracy_more_is_better():
    row = {"passes": {"rule": "reaches", "room": 0.3}, "published": 95.0, "better": "higher"}
    assert [verdicts.judged(row, way, [96.0]) for way in rows.WAYS] == ["better", "better"]
    assert verdicts.judged(row, "faithful", [94.6]) == "missed"


@pytest.mark.parametrize("name", TABLE)
def test_a_row_that_is_missed_says_why(name):
    told = report.entry(TABLE[name], "faithful", RESULTS[name])
    if told["verdict"] == "missed" and told["state"] == "done":
        assert "because" in TABLE[name]


# The page


def shown(row, stored):
    """Return the table of one row, as a browser would read it."""
    link = {"sec-slowdown": ("05.html#sec-slowdown", "chapter 5")}.get
    table, results = {row["id"]: row}, {row["id"]: stored}
    return BeautifulSoup(directive.html(table, results, link, report), "html.parser")


def cells_of(page):
    """Return the texts of the row, by column."""
    names = [cell.text for cell in page.select("thead th")]
    found = [cell.get_text(" ", strip=True) for cell in page.select("tbody tr > *")]
    return dict(zip(names, found, strict=True))


def test_a_row_that_was_not_run_says_so():
    cells = cells_of(shown(QUICK, {}))
    assert cells["Faithful"] == cells["Modern"] == cells["Verdict"] == "not run"
    assert cells["Published"] == "0.09" and cells["Time"] == "–" and cells["Seeds"] == "0 of 1"


def test_a_row_that_is_done_shows_median_range_and_verdict(folder):
    row = QUICK | {"seeds": 3}
    for seed, value in enumerate((0.091, 0.092, 0.097)):
        store.keep(row, "faithful", store.told(seed, value, 61.0))
    cells = cells_of(shown(row, store.load(row["id"])))
    assert cells["Faithful"] == "0.09 0.09–0.10" and cells["Modern"] == "not run"
    assert cells["Verdict"] == "✓ holds" and cells["Time"] == "3 min" and cells["Epochs"] == "300"


def test_a_row_that_is_stale_keeps_its_numbers_and_gets_no_verdict(folder):
    store.keep(QUICK, "faithful", store.told(0, 0.091, 1.0))
    cells = cells_of(shown(QUICK | {"epochs": 7}, store.load(QUICK["id"])))
    assert cells["Faithful"] == "0.09 stale" and cells["Verdict"] == "stale"


def test_a_row_that_is_partly_done_says_how_far(folder):
    row = QUICK | {"seeds": 3}
    store.keep(row, "faithful", store.told(1, 0.5, 1.0))
    cells = cells_of(shown(row, store.load(row["id"])))
    assert cells["Verdict"] == "so far: ✗ missed" and cells["Seeds"] == "0–1 of 3"


def test_several_numbers_stand_below_each_other_with_their_names():
    values = [{"Adam": 0.25, "SGD": 0.5}, {"Adam": 0.35, "SGD": None}]
    assert report.found(values, 1) == [("Adam", "0.3", "0.2–0.3"), ("SGD", "never", "0.5–never")]


def test_the_table_can_be_read_aloud_and_scrolled_by_keyboard():
    page = shown(QUICK, {})
    assert {cell["scope"] for cell in page.select("thead th")} == {"col"}
    assert [cell["scope"] for cell in page.select("tbody th")] == ["row"]
    box = page.select_one("div")
    assert box["tabindex"] == "0" and box["role"] == "region" and box["aria-label"]
    assert page.select_one("tbody a")["href"] == "05.html#sec-slowdown"


def test_remarks_follow_the_table_and_reasons_only_where_a_row_is_missed(folder):
    row = QUICK | {"note": "Nothing is random.", "because": "It is unlucky."}
    store.keep(row, "faithful", store.told(0, 0.09, 1.0))
    assert shown(row, store.load(row["id"])).select_one("li").text.endswith("Nothing is random.")
    store.keep(row, "faithful", store.told(0, 0.5, 1.0))
    assert shown(row, store.load(row["id"])).select_one("li").text.endswith("It is unlucky.")


def test_the_sentence_at_the_top_counts_every_row_once():
    sentence = report.summary(TABLE, RESULTS)
    total, *parts = map(int, re.findall(r"\d+", sentence))
    assert total == len(TABLE) == sum(parts)
    assert (
        report.summary(TABLE, dict.fromkeys(TABLE, {})) == f"Of {len(TABLE)} rows, {len(TABLE)} are not run."
    )


# The command


def test_the_command_lists_rows_and_computes_nothing():
    run = subprocess.run(
        [sys.executable, "-m", "papers", "--list", "--upto", "30"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0 and "nielsen-30" in run.stdout and "lecun-300" not in run.stdout
    assert re.search(r"To do: about .* (s|min) on one core|Nothing is left to do", run.stdout)


def test_make_full_recomputes_the_table_and_ci_does_not():
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    assert "python -m papers" in makefile.partition("\nfull:")[2].partition("\nbench:")[0]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf8")
    commands = [line.partition("#")[0].strip() for line in script.splitlines()]
    assert any(line.endswith("-m pytest -m full") for line in commands)
    assert not any("papers" in line or line == "make full" for line in commands)


def test_the_rows_are_what_tomllib_reads():
    assert len(tomllib.loads(rows.FILE.read_text(encoding="utf8"))["row"]) == len(TABLE)
