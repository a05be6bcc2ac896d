"""The tuning console: its worker, both engines, its record of a run, and the runs that the page carries."""

from __future__ import annotations

import asyncio
import threading
import time
from importlib import import_module

import numpy as np
import pytest

from nnbook.widgets.training import Worker

console = import_module("nnbook.widgets.explorers.console")  # the package has its function under that name

SETTING = {"units": 8, "activation": "tanh", "optimizer": "Adam", "learning_rate": 0.01}


class Heard:
    """What a worker told: pictures, errors, ends."""

    def __init__(self):
        self.shown, self.failed, self.ended, self.threads = [], [], 0, set()
        self.worker = Worker(self.show, self.failed.append, self.end)

    def show(self, picture):
        self.shown.append(picture)
        self.threads.add(threading.current_thread())

    def end(self):
        self.ended += 1

    async def wait(self):
        while self.worker.busy or not self.ended:
            await asyncio.sleep(0.005)


def heard(job, *, act=None):
    """Let a worker do a job in an event loop, as a kernel would; return what it told."""

    async def drive():
        found = Heard()
        run = found.worker.start(job)
        if act:
            await act(found, run)
        await asyncio.wait_for(found.wait(), 20)
        return found

    return asyncio.run(drive())


def until_stopped(run):
    while not run.stopped:
        time.sleep(0.001)


def test_the_worker_shows_its_pictures_in_the_thread_that_made_it():
    found = heard(lambda run: run.tell(lambda: "done", last=True))
    assert found.shown == ["done"] and found.threads == {threading.main_thread()} and found.ended == 1


@pytest.mark.alone
def test_pictures_are_made_at_most_ten_times_a_second_and_the_last_always():
    made = []

    def job(run):
        end = time.monotonic() + 0.55
        while time.monotonic() < end:
            run.tell(lambda: made.append(1))
            time.sleep(0.001)
        run.tell(lambda: made.append("last"), last=True)

    heard(job)
    assert 3 <= len(made) <= 7 and made[-1] == "last"


def test_an_error_is_told_and_the_worker_goes_on():
    def job(run):
        raise ValueError("no such thing")

    found = heard(job)
    assert [str(error) for error in found.failed] == ["no such thing"] and found.ended == 1


def test_stop_ends_a_job_and_keeps_what_it_told():
    def job(run):
        until_stopped(run)
        run.tell(lambda: "stopped", last=True)

    async def act(found, run):
        await asyncio.sleep(0.05)
        assert found.worker.busy
        found.worker.stop()

    assert heard(job, act=act).shown == ["stopped"]


def test_a_second_start_waits_for_the_end_of_the_first_and_silences_it():
    log = []

    def job(name):
        def work(run):
            log.append(f"{name} begins")
            if name != "last":
                until_stopped(run)
                time.sleep(0.05)
            run.tell(lambda: name, last=True)
            log.append(f"{name} ends")

        return work

    async def act(found, run):
        await asyncio.sleep(0.05)
        found.worker.start(job("skipped"))
        found.worker.start(job("last"))

    found = heard(job("first"), act=act)
    assert log == ["first begins", "first ends", "last begins", "last ends"]
    assert found.shown == ["last"] and found.ended == 1


def test_without_an_event_loop_the_worker_shows_from_its_own_thread():
    found = Heard()
    found.worker.start(lambda run: run.tell(lambda: 1, last=True)).thread.join(10)
    assert found.shown == [1]


@pytest.mark.parametrize("engine", ["NumPy", "Keras"])
def test_both_engines_start_from_the_same_weights_and_learn(engine):
    problem, losses, first = console.PROBLEMS["moons"](), [], []
    model = console.network(problem, hidden=2, **SETTING)
    weights = model.get_weights()
    trained = console.train(
        model,
        problem,
        engine=engine,
        batch_size=32,
        epochs=15,
        on_train_begin=lambda model, logs: first.extend(model.get_weights()),
        on_epoch_end=lambda model, epoch, logs: losses.append(logs["val_loss"]),
    )
    assert all(np.array_equal(a, b) for a, b in zip(weights, first, strict=True))
    assert len(losses) == 15 and losses[-1] < losses[0] < np.log(2)
    assert type(trained).__module__.startswith("keras" if engine == "Keras" else "nnbook")
    assert np.nanmax(console.answers(trained, problem)["boundary"]) > 0.9


def test_no_problem_shows_a_sample_to_both_sides_and_all_have_every_class():
    for name, make in console.PROBLEMS.items():
        problem = make()
        assert set(np.unique(problem.y)) == set(np.unique(problem.y_val)) == set(range(problem.classes)), name
        seen = {row.tobytes() for row in problem.x}
        assert name == "small digits" or not seen & {row.tobytes() for row in problem.x_val}, name


def test_a_recorded_run_is_what_fit_gives():
    problem, setting = console.PROBLEMS["spirals"](), ("SGD", 0.1, "tanh")
    run = console.record(problem, units=8)
    place = tuple(c.values.index(value) for c, value in zip(console.RECORDED[1:-1], setting, strict=True))
    names = [c.name for c in console.RECORDED[1:-1]]
    model = console.network(problem, hidden=2, units=8, **dict(zip(names, setting, strict=True)))
    history = model.fit(
        problem.x, problem.y, epochs=40, verbose=0, validation_data=(problem.x_val, problem.y_val)
    ).history
    for name in console.CURVES:
        assert np.allclose(run[name][place], history[name], atol=1e-4), name  # float32, 400 steps
    boundary = model(problem.plane)[:, 1].reshape(console.SIDE, -1)
    assert np.allclose(run["boundary"][place][-1], boundary, atol=1e-3)
    assert abs(run["val_loss_now"][place][-1] - history["val_loss"][-1]) < 1e-4


@pytest.fixture(scope="module")
def recorded():
    return console.recorded()


def test_the_page_carries_every_run_of_the_grid(recorded):
    runs = np.prod([len(control.values) for control in console.RECORDED])
    entries = {entry["name"]: entry for entry in recorded.figure.arrays}
    assert np.prod(entries["val_loss"]["counts"]) == runs and entries["val_loss"]["shape"] == [40]
    assert np.prod(entries["boundary"]["counts"]) == runs * len(console.FRAMES)
    assert len(recorded.figure.buffer) < 380_000


def live():
    """A console with a short run chosen."""
    made = console.Console()
    sources = dict(zip((c.name for c in console.SETTINGS), made.sources, strict=True))
    sources["epochs"].value = 12
    return made, sources


def test_the_console_trains_with_what_its_controls_say():
    async def drive():
        made, sources = live()
        sources["hidden"].value, sources["units"].value, sources["dropout"].value = 3, 7, 0.25
        made.train.click()
        assert not made.halt.disabled
        while made.worker.busy or not made.halt.disabled:
            await asyncio.sleep(0.01)
        return made

    made = asyncio.run(drive())
    assert [len(values) for values in made.history.values()] == [12] * 4
    assert [layer.units for layer in made.model.layers if hasattr(layer, "units")] == [7, 7, 7, 2]
    assert sum(type(layer).__name__ == "Dropout" for layer in made.model.layers) == 3
    assert made.progress.value == 12 and made.figure.values["status"].startswith(
        "Done on NumPy, after 12 of 12"
    )


@pytest.mark.alone
def test_stop_in_the_console_keeps_the_history_and_the_next_run_is_whole():
    async def drive():
        made, sources = live()
        sources["epochs"].value = 1000
        made.train.click()
        while len(made.history.get("loss", [])) < 3:
            await asyncio.sleep(0.005)
        made.halt.click()
        begin = time.monotonic()
        while made.worker.busy or not made.halt.disabled:
            await asyncio.sleep(0.005)
        stopped = time.monotonic() - begin, len(made.history["loss"]), made.figure.values["status"]
        sources["epochs"].value = 4
        made.train.click()
        while made.worker.busy or not made.halt.disabled:
            await asyncio.sleep(0.005)
        return stopped, made

    (seconds, epochs, status), made = asyncio.run(drive())
    assert (
        seconds < 1 and 3 <= epochs < 1000 and status.startswith(f"Stopped on NumPy, after {epochs} of 1000")
    )
    assert len(made.history["loss"]) == 4


def test_an_error_while_training_is_shown_in_the_figure(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("out of chalk")

    async def drive():
        made, _ = live()
        made.train.click()
        while made.worker.busy or not made.halt.disabled:
            await asyncio.sleep(0.005)
        return made

    monkeypatch.setattr(console, "network", broken)
    assert asyncio.run(drive()).figure.error == "RuntimeError: out of chalk"
