"""Exercises answer back: what is right passes, what is wrong is named, nothing that is typed does harm."""

from __future__ import annotations

import ast
import importlib
import os
import re
import signal
import sys
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from manuscript import CHAPTERS, cells, code

from nnbook.exercises import Exercise, check, comparing, sandbox

READERS = {name: importlib.import_module(f"exercises.{name}") for name in dir(check)}
EXERCISES = {one.name: one for name in dir(check) for one in getattr(check, name)}
WRONG = [
    pytest.param(EXERCISES[f"{chapter}.{name}"], hint, answer, id=f"{chapter}.{name}-{place}")
    for chapter, readers in READERS.items()
    for name, answers in readers.WRONG.items()
    for place, (hint, answer) in enumerate(answers)
]

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def readers_of(exercise):
    """Return what the tests know about an exercise: a right answer and wrong ones."""
    chapter, _, name = exercise.name.partition(".")
    return READERS[chapter].RIGHT[name], READERS[chapter].WRONG[name]


def says(result, words):
    """Does the text of a result hold these words, or those after a bar?"""
    return any(part in repr(result) for part in words.split("|"))


# Right and wrong answers


@pytest.mark.alone
@every_exercise
def test_another_right_answer_passes_within_a_second(exercise):
    begin = time.perf_counter()
    result = exercise(readers_of(exercise)[0])
    assert result.passed and result, result
    assert time.perf_counter() - begin < 1


@every_exercise
def test_a_stub_is_told_from_a_wrong_answer(exercise):
    def dots(*arguments): ...

    def error(*arguments):
        raise NotImplementedError

    def documented(*arguments):
        """Return it."""

    stubs = (
        [dots, error, documented, lambda *_: ..., ...]
        if exercise.signature
        else [..., [..., ...], {"NOR": ...}]
    )
    for stub in stubs:
        result = exercise(stub)
        assert result.state == "unwritten" and not result
        assert exercise.asks in repr(result)


@pytest.mark.parametrize(("exercise", "hint", "answer"), WRONG)
def test_a_typical_wrong_answer_fails_and_the_mistake_is_named(exercise, hint, answer):
    result = exercise(answer)
    assert result.state == "failed"
    assert says(result, hint), result


@every_exercise
def test_at_least_three_wrong_answers_are_known(exercise):
    hints = {hint for hint, _ in readers_of(exercise)[1]}
    assert len(hints) >= 3


@every_exercise
def test_every_known_mistake_fails_and_is_told_from_the_others(exercise):
    for hint, mistaken in exercise.mistakes.items():
        result = exercise(mistaken)
        assert result.state == "failed" and result.hint == hint, result


@every_exercise
def test_what_is_right_by_the_checkers_own_formula_passes(exercise):
    if exercise.right is not None:
        assert exercise(exercise.right).passed


@every_exercise
def test_a_checker_says_the_same_each_time(exercise):
    right, wrong = readers_of(exercise)
    for answer in (right, wrong[0][1]):
        assert repr(exercise(answer)) == repr(exercise(answer))


@every_exercise
def test_checking_leaves_the_cases_as_they_are(exercise):
    before = repr(exercise.cases)
    exercise(readers_of(exercise)[1][0][1])
    assert repr(exercise.cases) == before


def test_the_exercise_on_stopping_agrees_with_the_callback():
    from nnbook.callbacks import EarlyStopping

    exercise = check.ch11.stop
    for val_loss, patience in exercise.cases:
        callback = EarlyStopping(patience=patience)
        callback.model = type("Model", (), {"stop_training": False})()
        callback.on_train_begin({})
        for epoch, loss in enumerate(val_loss):
            callback.on_epoch_end(epoch, {"val_loss": loss})
            if callback.model.stop_training:
                break
        assert exercise.right(val_loss, patience) == (epoch + 1, callback.best_epoch + 1)


def test_the_exercise_on_updates_agrees_with_fit():
    from nnbook.layers import Dense, Input
    from nnbook.models import Sequential

    for case in check.ch11.updates.cases[:-1]:
        samples, batch_size, epochs, split = case
        model = Sequential([Input((1,)), Dense(1)], seed=0)
        model.compile(loss="mse")
        x = np.zeros((samples, 1))
        model.fit(x, x, epochs=epochs, batch_size=batch_size, validation_split=split, verbose=0)
        assert model.optimizer.iterations == check.ch11.updates.right(*case)


def test_a_model_of_keras_is_a_right_answer_too():
    import keras

    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.layers.Input((64,)), *layers])
    assert "not compiled" in repr(check.ch11.reader(model))
    model.compile(loss="sparse_categorical_crossentropy")
    assert check.ch11.reader(model).passed


# In the chapters


def tagged(chapter, start):
    """Return the chapter's cells with tags that begin so, by what follows."""
    return {name: cell for cell in code(chapter) for name in cell.tagged(start)}


def loaded_by(chapter):
    """Return the names that the chapter's imports give, but for those of Keras, which are slow."""
    imports = [
        node
        for cell in code(chapter)
        for node in cell.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    names = {}
    for node in imports:
        if "keras" not in ast.unparse(node):
            exec(compile(ast.Module([node], []), "imports", "exec"), names)
    return names


@pytest.mark.parametrize(
    "chapter", [path for path in CHAPTERS if f"ch{path.stem[:2]}" in READERS], ids=lambda path: path.stem
)
def test_a_chapters_stubs_are_unwritten_and_its_solutions_pass(chapter):
    exercises = getattr(check, f"ch{chapter.stem[:2]}")
    stubs, solutions = tagged(chapter, "stub:"), tagged(chapter, "solution:")
    assert list(stubs) == list(solutions) == [one.name.partition(".")[2] for one in exercises]
    order = [cell.id for cell in cells(chapter)]
    for name in stubs:
        assert order.index(stubs[name].id) < order.index(solutions[name].id)
        assert f"check.{exercises._name}.{name}(" in stubs[name].source
        assert f"check.{exercises._name}.{name}.confirm(solution)" in solutions[name].source
        assert solutions[name].metadata["jupyter"]["source_hidden"] is True
        names = loaded_by(chapter)
        exec(stubs[name].source, names)
        assert getattr(exercises, name).last.state == "unwritten"
        exec(solutions[name].source, names)  # confirm raises if it does not pass


# Whatever a reader types

EXERCISE = Exercise(
    "The sum of the numbers in x.",
    "total(x, power)",
    cases=[(np.array([1.0, 2.0, 4.0]), 1), (np.array([3.0]), 1), (np.arange(6.0), 2)],
    right=lambda x, power: float((x**power).sum()),
    mistakes={"The power is forgotten.": lambda x, power: x.sum()},
)


def endless(x, power):
    while True:
        pass


def deaf(x, power):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


def flood(x, power):
    while True:
        print("again")


def unbounded(x, power):
    sys.setrecursionlimit(10**9)
    return unbounded(x, power)


def descend(x, power):
    return descend(x, power)


def leaves_a_process(x, power):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    return (x**power).sum()


def sorts(x, power):
    x.sort()
    x[:] = x[::-1]
    return (x**power).sum()


def talks(x, power):
    for _ in range(5000):
        print("a line")
    return (x**power).sum()


def prints(x, power):
    print((x**power).sum())


def yields(x, power):
    yield (x**power).sum()


class Remembers:
    """Is right until it has been called once for each case."""

    calls = 0

    def __call__(self, x, power):
        self.calls += 1
        return (x**power).sum() + (self.calls > 3)


class Odd:
    """Raises when it is looked at."""

    def __array__(self, *options, **more):
        raise OSError("no array here")


def fails(x, power):
    scale = 0 * power
    return float(x.sum()) // scale


HOSTILE = {
    "endless": (endless, "did not come to an end"),
    "deaf": (deaf, "did not come to an end"),
    "flood": (flood, "did not come to an end"),
    "sleep": (lambda x, power: time.sleep(60), "waits for something"),
    "exit": (lambda x, power: sys.exit(1), "SystemExit"),
    "interrupt": (lambda x, power: (_ for _ in ()).throw(KeyboardInterrupt), "KeyboardInterrupt"),
    "hard exit": (lambda x, power: os._exit(0), "It ended Python itself (an exit)"),
    "killed": (lambda x, power: os.kill(os.getpid(), signal.SIGKILL), "It ended Python itself (SIGKILL)"),
    "aborted": (lambda x, power: os.abort(), "It ended Python itself (SIGABRT)"),
    "recursion": (descend, "RecursionError: it calls itself without an end"),
    "stack": (unbounded, "did not come to an end|It ended Python itself"),
    "memory": (lambda x, power: np.ones((10**5, 10**5)).sum(), "MemoryError"),
    "list": (lambda x, power: [0] * 10**10, "MemoryError"),
    "input": (lambda x, power: float(input()), "input() waits for somebody"),
    "none": (lambda x, power: [].append(x.sum()), "Does every way through it end with return"),
    "prints": (prints, "It prints its answer and returns None"),
    "generator": (yields, "It returned a generator"),
    "a function": (lambda x, power: x.sum, "Is a pair of brackets missing"),
    "text": (lambda x, power: str(x.sum()), "It returned text; one number was wanted"),
    "a class": (lambda x, power: Exercise, "It returned a type"),
    "objects": (lambda x, power: np.array([object()]), "array of object"),
    "ragged": (lambda x, power: [[1], [2, 3]], "one number was wanted"),
    "odd": (lambda x, power: Odd(), "OSError: no array here"),
    "too large": (lambda x, power: np.zeros(10**7), "shape (10000000,)"),
    "a long list": (lambda x, power: list(range(10**6)), "one number was wanted"),
    "an endless list": (lambda x, power: (a := []).append(a) or a, "one number was wanted"),
    "nan": (lambda x, power: x.sum() * np.nan, "It holds NaN or infinity"),
    "column": (lambda x, power: x[:, None], "one number was wanted"),
    "in place": (sorts, "It changes its argument x"),
    "state": (Remembers(), "Does it keep something between calls"),
    "random": (lambda x, power: x.sum() + np.random.rand(), "0 of 3 cases are right"),
    "names": (lambda x, power: undefined, "A name is used that was never given a value"),  # noqa: F821
    "arguments": (lambda x: 1, "It is called as `total"),
    "whole": (lambda x, power: x.sum() if x > 0 else 0, "It asks one question of a whole array"),
    "complex": (lambda x, power: (x**power).sum() + 0.01j, "0 of 3 cases are right"),
    "shapes": (lambda x, power: x @ np.ones(17), "The shapes do not fit together"),
    "line": (fails, ": return float(x.sum()) // scale"),
    "not a function": (3.0, "Give the function itself, by its name alone"),
    "an answer": (None, "Give the function itself"),
    "factor": (lambda x, power: 2 * (x**power).sum(), "2 times what is right"),
    "offset": (lambda x, power: (x**power).sum() - 1, "1 too small"),
    "sign": (lambda x, power: -(x**power).sum(), "The sign is turned round"),
    "rounded": (lambda x, power: (x**power).sum() * 1.01, "Every wrong answer is 1.01 times"),
    "known": (lambda x, power: sum(x), "The power is forgotten"),
}


PAIR = (np.ones((2, 3)), np.ones(3))
NAMED = {"W": np.ones((2, 3)), "b": np.ones(3)}
PARTS = {
    "shape": ((np.ones((3, 2)), np.ones(3)), PAIR, "Look at part 1 of 2. Its shape is (3, 2); (2, 3) was"),
    "kind": ((np.ones((2, 3)), None), PAIR, "Look at part 2 of 2. It returned None"),
    "nested": (([[1, 2, 3], [4, 5, 6]], "three"), PAIR, "Look at part 2 of 2. It returned text"),
    "functions": (
        (sandbox.Foreign("function"),) * 2,
        (1.0, 2.0),
        "Look at part 1 of 2. It returned a function",
    ),
    "numbers": (
        (1.0, 2.0),
        (np.ones(3), np.ones(3)),
        "Look at part 1 of 2. It returned one number; an array",
    ),
    "too few": ([1, 2], [[1, 2], [3, 4], [5]], "It returned 2 parts; 3 were wanted."),
    "too flat": (
        [1, 2, 3],
        [[1, 2], [3, 4], [5]],
        "Look at part 1 of 3. It returned one number; a list of 2 was",
    ),
    "no key": ({"W": np.ones((2, 3))}, NAMED, "The key 'b' is missing."),
    "one key more": (NAMED | {"c": 1.0}, NAMED, "The key 'c' was not asked for."),
    "key": (NAMED | {"b": 1.0}, NAMED, "Look at the key 'b'. It returned one number; an array of"),
    "values only": ((np.zeros((2, 3)), np.ones(3)), PAIR, ""),
    "values of keys": (NAMED | {"b": np.zeros(3)}, NAMED, ""),
}


@pytest.mark.parametrize(("answer", "expected", "said"), PARTS.values(), ids=PARTS)
def test_the_part_that_differs_in_kind_is_named(answer, expected, said):
    difference = comparing.kind_of_difference(answer, expected)
    assert difference.startswith(said) and bool(difference) == bool(said), difference


# What would end, fill or outlive Python in a thread.
ONLY_IN_A_CHILD = {
    "deaf",
    "sleep",
    "input",
    "hard exit",
    "killed",
    "aborted",
    "stack",
    "memory",
    "list",
    "random",
}
WAYS = [(name, "child") for name in HOSTILE if sandbox.FORKS]
WAYS += [(name, "thread") for name in HOSTILE if name not in ONLY_IN_A_CHILD]


@pytest.mark.alone
@pytest.mark.parametrize(("name", "way"), WAYS)
def test_whatever_is_typed_gets_an_answer_in_time(name, way, monkeypatch):
    monkeypatch.setattr(sandbox, "FORKS", way == "child")
    answer, words = HOSTILE[name]
    begin = time.perf_counter()
    said = EXERCISE(answer)
    assert time.perf_counter() - begin < 5  # a second where nobody else computes, three where somebody does
    assert says(said, words), said
    assert len(repr(said)) < 3000


only_with_children = pytest.mark.skipif(not sandbox.FORKS, reason="this system cannot fork")


@only_with_children
def test_processes_that_are_left_behind_are_ended_and_files_removed(tmp_path):
    def writes(x, power):
        if os.fork() == 0:
            time.sleep(1.5)
            (tmp_path / "outlived").touch()
            os._exit(0)
        open("note.txt", "w").close()
        (tmp_path / "folder").write_text(os.getcwd())
        return (x**power).sum()

    assert EXERCISE(writes).passed
    assert not os.path.exists((tmp_path / "folder").read_text())
    time.sleep(1.7)
    assert not (tmp_path / "outlived").exists()


@only_with_children
def test_what_a_function_does_stays_in_the_child(capsys):
    seen = []

    def total(x, power):
        seen.append(power)
        os.environ["NNBOOK_SEEN"] = "1"
        sys.stdout.write("said")
        os.write(1, b"written")
        return (x**power).sum()

    assert EXERCISE(total).passed
    assert not seen and "NNBOOK_SEEN" not in os.environ
    assert capsys.readouterr().out == ""


def test_it_works_beside_threads_and_from_one():
    stop, results = threading.Event(), []
    busy = [threading.Thread(target=stop.wait) for _ in range(8)]
    for thread in busy:
        thread.start()
    asking = threading.Thread(target=lambda: results.append(EXERCISE(EXERCISE.right)))
    asking.start()
    asking.join(10)
    stop.set()
    assert results[0].passed


def test_the_smallest_failing_case_is_shown_with_what_is_right():
    said = repr(EXERCISE(lambda x, power: 0))
    assert "x =       [3.]" in said and "right is  3.0" in said and "0 of 3 cases" in said


def test_the_case_that_never_ends_is_the_one_that_is_shown():
    said = repr(EXERCISE(lambda x, power: endless(x, power) if power == 2 else 0))
    assert "x =      [0., 1., 2., 3., 4., 5.]" in said and "did not come to an end" in said


def test_the_number_of_the_line_belongs_to_the_readers_code():
    said = repr(EXERCISE(fails))
    assert f"line {fails.__code__.co_firstlineno + 2}: return" in said


def test_hints_on_what_is_printed_show_it():
    assert "it printed  a line" in repr(EXERCISE(lambda x, power: talks(x, power) + 1))


# What it says


class Tags(HTMLParser):
    """Notes whether all elements are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f" {data}"


@pytest.mark.parametrize("answer", [EXERCISE.right, endless, lambda x, power: "<b>&", prints, ...])
def test_the_html_says_what_the_text_says(answer):
    result = EXERCISE(answer)
    page = Tags()
    page.feed(result._repr_html_())
    assert not page.open
    words = [word for word in re.findall(r"\w+", repr(result))]
    assert set(words) <= set(re.findall(r"\w+", page.text))
    assert not re.search(r"#[0-9a-f]{3,6}\b", result._repr_html_())  # colours are those of the page


def test_results_differ_in_words_and_in_the_line_of_their_edge():
    html = [EXERCISE(answer)._repr_html_() for answer in (EXERCISE.right, prints, ...)]
    assert ["Passed" in html[0], "Not yet" in html[1], "Not written yet" in html[2]] == [True] * 3
    assert ["solid" in html[0], "double" in html[1], "dotted" in html[2]] == [True] * 3


def test_progress_tells_what_was_tried_and_what_passed():
    chapter = type(check.ch01)("ch01")
    for one in chapter:
        one.last = None
    chapter.margin(READERS["ch01"].RIGHT["margin"])
    chapter.gates({})
    chapter.majority.confirm(READERS["ch01"].RIGHT["majority"])
    said = repr(chapter.progress())
    assert "1 of 7 passed" in said
    assert re.search(r"passed +margin", said) and re.search(r"not yet +gates", said)
    assert re.search(r"not tried +majority", said), "a worked solution is not the reader's"
    assert "1 of 7 passed" in chapter.progress()._repr_html_()


def test_a_solution_that_does_not_pass_stops_the_build():
    with pytest.raises(AssertionError, match="The power is forgotten"):
        EXERCISE.confirm(lambda x, power: x.sum())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ch01.margins", "did you mean 'margin'"),
        ("ch91", "there are: ch01"),
        ("ch01.nothing", "there are: gates"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name, words):
    chapter, _, exercise = name.partition(".")
    with pytest.raises(AttributeError, match=words):
        getattr(getattr(check, chapter), exercise or "x")


def test_names_can_be_completed_and_exercises_say_what_they_ask():
    assert "margin" in dir(check.ch01) and "progress" in dir(check.ch01)
    assert "ch11" in repr(check) and "check.ch01.margin(margin)" in repr(check.ch01)
    assert check.ch01.margin.asks in repr(check.ch01.margin)


@pytest.mark.parametrize(
    "options",
    [{}, {"right": 1, "problem": len}, {"signature": "f(x)", "right": len}, {"cases": [(1,)], "right": 1}],
)
def test_a_declaration_that_lacks_something_is_refused(options):
    with pytest.raises(ValueError, match="an exercise"):
        Exercise("What is asked.", **options)


# Values cross the pipe


@pytest.mark.parametrize(
    "value",
    [
        None, True, 7, -(2**40), 2.5, float("inf"), "text", [1, [2.0, "x"]], (1, (2,)), {"a": [1], "b": None},
        ...,
        np.arange(6).reshape(2, 3), np.array(3.5), np.array([1 + 2j]), np.zeros((0, 3)), np.array([True]),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_cross_the_pipe_as_they_are(value):
    (outcome,) = sandbox.observe(lambda: value, [()])
    back = outcome.answer
    assert type(back) is type(value) or isinstance(value, np.generic)
    np.testing.assert_equal(back, value)


def test_keras_and_a_kernel_do_not_hinder_it(tmp_path):
    """In a fresh kernel: TensorFlow's threads run, and the kernel lives on after an endless loop."""
    import nbformat
    from nbclient import NotebookClient

    sources = [
        "import keras, numpy as np\nfrom nnbook.exercises import check\n"
        "model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])\n"
        "model.compile(loss='mse')\nmodel(np.zeros((8, 4)));",
        "def margin(X, y, w, b):\n    while True:\n        pass\n\n\ncheck.ch01.margin(margin)",
        "from IPython.display import display\n\n\n"
        "def margin(X, y, w, b):\n    display('seen'); print('said')\n"
        "    side = 2 * y - 1\n    return np.min(side * (X @ w + b) / np.linalg.norm(w))\n\n\n"
        "check.ch01.margin(margin)",
        "def margin(X, y, w, b):\n    return X.nothing\n\n\ncheck.ch01.margin(margin)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [[out for out in cell.outputs if out.output_type != "stream"] for cell in notebook.cells]
    texts = [out["data"]["text/plain"] for outs in outputs[1:] for out in outs]
    assert len(texts) == 3
    assert "did not come to an end" in texts[0]
    assert texts[1].startswith("Passed: ch01.margin")
    assert "line 2: return X.nothing" in texts[2]
