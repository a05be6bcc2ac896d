"""The tuning console: a classifier with a control for each setting, trained while you watch on either engine.

With a kernel it trains what you ask for, in a thread that the stop button reaches. In the page, where there
is none, it shows runs that were recorded when the book was built.
"""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

import ipywidgets
import numpy as np

from nnbook import callbacks, datasets, layers, metrics, models, optimizers, regularizers
from nnbook.sweep import grid, sweep
from nnbook.widgets.controls import Choose, Slide, Step
from nnbook.widgets.explore import explore, has_kernel
from nnbook.widgets.figure import Figure
from nnbook.widgets.panels import axis, heat, line, matrix, plane, points, vline
from nnbook.widgets.training import Worker

SIDE = 18  # points along a side of the decision boundary's picture
CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")


class Problem(NamedTuple):
    """Samples to train on, others to validate with, and a grid of points where they have two features."""

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    plane: np.ndarray | None = None

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.y.max()) + 1


def halves(x, y) -> Problem:
    """Keep the second half of points in the plane for validation."""
    sides = np.linspace(x.min(axis=0), x.max(axis=0), SIDE).T
    n = len(x) // 2
    return Problem(x[:n], y[:n], x[n:], y[n:], np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2))


def first(n: int, images, labels, high: int) -> Problem:
    """Train on the first n pictures, validate with the others."""
    x = (images.reshape(len(images), -1) / high).astype("float32")
    return Problem(x[:n], labels[:n], x[n:], labels[n:])


PROBLEMS = {
    "moons": cache(lambda: halves(*datasets.moons(400, 0.2))),
    "spirals": cache(lambda: halves(*datasets.spirals(600, 0.04))),
    "small digits": cache(lambda: first(800, *datasets.digits(), 16)),
    "MNIST": cache(lambda: first(8000, *datasets.mnist()[0], 255)),  # its test images are for later
}


def network(problem: Problem, *, hidden, units, activation, optimizer, learning_rate, l2=0.0, dropout=0.0):
    """Return a compiled classifier for a problem."""
    model = models.Sequential([layers.Input(problem.x.shape[1:])], seed=0)
    for _ in range(hidden):
        model.add(layers.Dense(units, activation, kernel_regularizer=regularizers.L2(l2) if l2 else None))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(problem.classes, "softmax"))
    rule = optimizers.OPTIMIZERS[optimizer.lower()](learning_rate)
    model.compile(rule, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, problem: Problem, *, engine: str, batch_size: int, epochs: int, **events):
    """Train the model itself, or its twin in Keras from the same weights; return the one that was trained.

    ``events`` are functions as ``LambdaCallback`` takes them, with the model as one argument more, the first.
    """
    kind = callbacks.LambdaCallback
    if engine == "Keras":
        from nnbook import twins

        model, kind = twins.to_keras(model), twins.keras.callbacks.LambdaCallback
    watch = kind(**{event: partial(function, model) for event, function in events.items()})
    options = {"batch_size": batch_size, "epochs": epochs, "verbose": 0, "callbacks": [watch]}
    model.fit(problem.x, problem.y, validation_data=(problem.x_val, problem.y_val), **options)
    return model


def answers(model, problem: Problem) -> dict:
    """Return the ``boundary`` that a model draws in the plane, or its ``confusion`` of validation samples."""
    boundary = np.full((SIDE, SIDE), np.nan)
    confusion = np.full((10, 10), np.nan)
    if model is None:
        pass
    elif problem.plane is not None:
        boundary = np.asarray(model(problem.plane))[:, 1].reshape(SIDE, SIDE)
    else:
        predicted = np.asarray(model(problem.x_val)).argmax(axis=1)
        confusion = metrics.confusion_matrix(problem.y_val, predicted, problem.classes)
    return {"boundary": boundary, "confusion": confusion}


# --- what is drawn ------------------------------------------------------------------------------------------

ALT = (
    "Three pictures of a training run: its loss by epoch, its accuracy by epoch, and what the network "
    "answers now, as a decision boundary in the plane or as a table of right and wrong answers."
)
DOTS = 300  # training points drawn at most


def in_sight(problem: Problem) -> dict:
    """Return the training points of a problem in the plane, and the plane's edges; else NaN."""
    x, label, edges = np.full((DOTS, 2), np.nan), np.full(DOTS, np.nan), np.array([0.0, 1, 0, 1])
    if problem.plane is not None:
        x[: len(problem.x)], label[: len(problem.x)] = problem.x[:DOTS], problem.y[:DOTS]
        edges = np.stack([problem.plane.min(axis=0), problem.plane.max(axis=0)]).T.ravel()
    sides = zip(("left", "right", "bottom", "top"), edges, strict=True)
    return {"x_1": x[:, 0], "x_2": x[:, 1], "label": label} | dict(sides)


def curve(name: str, high=None) -> dict:
    """Return the panel of a loss or an accuracy by epoch, on training and on validation data."""
    training = line("epochs", name, label="training")
    validation = line("epochs", f"val_{name}", label="validation")
    return plane(training, validation, vline("epoch_now"), x="epoch", y=axis(name, low=0, high=high))


def boundary(**options) -> dict:
    """Return the panel of a decision boundary, with points of the training data."""
    shade = heat("boundary", x0="left", x1="right", y0="bottom", y1="top", ramp="classes", levels=0.5)
    dots = points("x_1", "x_2", group="label", labels=["class 0", "class 1"])
    sides = axis("feature 1", low="left", high="right"), axis("feature 2", low="bottom", high="top")
    return plane(shade, dots, x=sides[0], y=sides[1], **options)


def confusion(**options) -> dict:
    """Return the panel of a confusion matrix of ten digits."""
    digits = [str(k) for k in range(10)]
    names = {"rows": digits, "columns": digits, "x": "the network's answer", "y": "the digit"}
    return matrix("confusion", **names, digits=0, ramp="confusion", **options)


# --- in the page --------------------------------------------------------------------------------------------

FRAMES = (0, 2, 6, 15, 40)  # a recorded run keeps what the network answers after these epochs
LOSS = 1.0, 1.0, 2.5  # the highest loss in the picture of each
RECORDED = [
    Choose("problem", ["moons", "spirals", "small digits"], "moons", label="data set"),
    Choose("optimizer", ["SGD", "Adam"], "SGD", label="optimiser"),
    Slide("learning_rate", [0.001, 0.01, 0.1, 1.0, 10.0], 0.01, label="learning rate", log=True),
    Choose("activation", ["tanh", "relu"], "tanh"),
    Slide("units", [4, 16], 4, label="units in each of two layers"),
]
EPOCH = Step("epoch", len(FRAMES), label="epoch", values=FRAMES, default=len(FRAMES) - 1, interval=700)
SPOKEN = (
    "After {epoch} epochs the loss is {loss_now:.2f} on the training data and {val_loss_now:.2f} on the "
    "validation data, of which {val_accuracy_now:.0%} get the right class."
)


def record(problem: Problem, units: int) -> dict:
    """Return the runs of all other settings, on NumPy; they are the first axes of all arrays.

    Curves have an axis of epochs; what the networks answer, and how well, has one of ``FRAMES``.
    """
    others = {c.name: c.values for c in RECORDED[1:-1]}
    runs = sweep(
        partial(network, problem, hidden=2, units=units),
        grid(**others),
        problem.x,
        problem.y,
        epochs=FRAMES[-1],
        validation_data=(problem.x_val, problem.y_val),
        snapshots=FRAMES,
    )
    frames = [scored(runs.model(k, epoch), problem) for k in range(len(runs)) for epoch in FRAMES]
    found = {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
    counts = [len(values) for values in others.values()]
    found = {name: block.reshape(*counts, len(FRAMES), *block.shape[1:]) for name, block in found.items()}
    return found | {name: runs.history[name].reshape(*counts, -1) for name in CURVES}


@np.errstate(all="ignore")  # some runs diverge
def scored(model, problem: Problem) -> dict:
    """Return what a model answers, and how well."""
    scores = {"loss_now": model.compute_loss(problem.y, model(problem.x))}
    found = model(problem.x_val)
    scores["val_loss_now"] = model.compute_loss(problem.y_val, found)
    scores["val_accuracy_now"] = np.mean(found.argmax(axis=1) == problem.y_val)
    return answers(model, problem) | scores


def recorded():
    """Return the console with a run for each point of a grid of settings."""
    problems, sizes = [PROBLEMS[name]() for name in RECORDED[0].values], RECORDED[-1].values
    runs = [[record(problem, units) for units in sizes] for problem in problems]
    names = ["problem", "units", *(c.name for c in RECORDED[1:-1])]
    table = {"epochs": ([], np.arange(1, FRAMES[-1] + 1)), "epoch_now": (["epoch"], np.array(FRAMES))}
    for name in runs[0][0]:
        block = np.stack([[run[name] for run in row] for row in runs])
        if name in CURVES:
            block = np.minimum(block, 5)  # far out of sight; what is in sight keeps its digits
        table[name] = names if name in CURVES else [*names, "epoch"], block
    table["highest"] = ["problem"], np.array(LOSS)
    dots = [in_sight(problem) for problem in problems]
    table |= {name: (["problem"], np.stack([d[name] for d in dots])) for name in dots[0]}
    flat = {"problem": [k for k, problem in enumerate(problems) if problem.plane is not None]}
    deep = {"problem": [k for k, problem in enumerate(problems) if problem.plane is None]}
    panels = [curve("loss", "highest"), curve("accuracy", 1), boundary(when=flat), confusion(when=deep)]
    options = {"name": "console", "reading": SPOKEN, "alt": ALT, "dtypes": {"boundary": "u1"}, "live": False}
    return explore(None, [*RECORDED, EPOCH], panels, table=table, **options)


# --- with a kernel ------------------------------------------------------------------------------------------

SETTINGS = [
    Choose("problem", list(PROBLEMS), "moons", label="data set"),
    Choose("engine", ["NumPy", "Keras"], "NumPy"),
    Slide("hidden", range(5), 2, label="hidden layers"),
    Slide("units", range(1, 129), 4, label="units in each"),
    Choose("activation", ["tanh", "relu", "sigmoid", "elu", "gelu", "linear"], "tanh"),
    Choose("optimizer", ["SGD", "RMSprop", "Adagrad", "Adam", "AdamW"], "SGD", label="optimiser"),
    Slide("learning_rate", [0.0001, 0.01, 10.0], 0.01, label="learning rate", log=True),
    Choose("batch_size", {str(2**k): 2**k for k in range(10)}, 32, label="batch size"),
    Choose("l2", {"none": 0.0, "0.0001": 1e-4, "0.001": 1e-3, "0.01": 1e-2, "0.1": 0.1}, "none", label="L2"),
    Slide("dropout", [0.0, 0.8], 0.0, fmt="{:.2f}"),
    Slide("epochs", range(1, 1001), 40),
]


class Console(ipywidgets.VBox):
    """Controls, two buttons and a figure; ``model`` and ``history`` are those of the last run."""

    def __init__(self):
        shown, self.sources = zip(*(control.widget(live=True) for control in SETTINGS), strict=True)
        self.train = ipywidgets.Button(description="Train", button_style="primary")
        self.halt = ipywidgets.Button(description="Stop", disabled=True)
        self.progress = ipywidgets.IntProgress(description="epochs")
        self.worker = Worker(self.show, self.fail, self.end)
        self.model, self.history = None, {}
        self.figure = Figure(name="console", panels=panels("moons"), reading="{status}", alt=ALT)
        self.show(("moons", arrays("moons", {}, 1), 0, "Choose the settings, then press Train."))
        self.train.on_click(lambda _: self.start())
        self.halt.on_click(lambda _: self.worker.stop())
        buttons = ipywidgets.HBox([self.train, self.halt, self.progress])
        row = ipywidgets.HBox(shown, layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([row, buttons, self.figure])
        self.add_class("nn-explorer")

    def start(self):
        """Train with the settings as they stand; a run that goes on is ended first."""
        settings = {c.name: c.read(source) for c, source in zip(SETTINGS, self.sources, strict=True)}
        self.progress.value, self.progress.max, self.halt.disabled = 0, settings["epochs"], False
        self.worker.start(partial(self.job, **settings))

    def job(self, run, *, problem, engine, batch_size, epochs, **architecture):
        """Train, in the worker's thread, and tell how it goes."""
        data, history = PROBLEMS[problem](), {name: [] for name in CURVES}
        loaded = "Keras is being loaded." if engine == "Keras" else "It begins."
        run.tell(lambda: (problem, arrays(problem, history, epochs), 0, loaded))

        def picture(model, how):
            status = f"{how} on {engine}, {sentence(history, epochs)}."
            return problem, arrays(problem, history, epochs, model), len(history["loss"]), status

        def on_train_batch_end(model, batch, logs):
            if run.stopped:
                model.stop_training = True
            run.tell(lambda: picture(model, "Training"))

        def on_epoch_end(model, epoch, logs):
            for name in CURVES:
                history[name].append(float(logs[name]))

        model, self.history = network(data, **architecture), history
        events = {"on_train_batch_end": on_train_batch_end, "on_epoch_end": on_epoch_end}
        self.model = train(model, data, engine=engine, batch_size=batch_size, epochs=epochs, **events)
        run.tell(lambda: picture(self.model, "Stopped" if run.stopped else "Done"), last=True)

    def show(self, picture):
        """Show how far a run is."""
        problem, found, done, status = picture
        self.figure.spec = {**self.figure.spec, "panels": panels(problem)}
        self.figure.show(found, values={"status": status})
        self.progress.value = done

    def fail(self, error):
        """Show why a run ended."""
        self.figure.error = f"{type(error).__name__}: {error}"

    def end(self):
        """Wait for the next run."""
        self.halt.disabled = True


def panels(problem: str) -> list[dict]:
    """Return the panels for a data set."""
    last = confusion() if PROBLEMS[problem]().plane is None else boundary()
    return [curve("loss"), curve("accuracy", 1), last]


def arrays(problem: str, history: dict, epochs: int, model=None) -> dict:
    """Return what the panels draw: the curves so far, and what the model answers now."""
    data, found = PROBLEMS[problem](), {"epochs": np.arange(1, epochs + 1)}
    for name in CURVES:
        values = history.get(name, [])
        found[name] = np.append(values, np.full(epochs - len(values), np.nan))
    found["epoch_now"] = np.float64(len(history.get("loss", [])))
    return found | in_sight(data) | answers(model, data)


def sentence(history: dict, epochs: int) -> str:
    """Say how far a run is and how good."""
    if not history["loss"]:
        return f"epoch 1 of {epochs}"
    last = {name: values[-1] for name, values in history.items()}
    return (
        f"after {len(history['loss'])} of {epochs} epochs: loss {last['loss']:.3f} in training and "
        f"{last['val_loss']:.3f} in validation, {last['val_accuracy']:.1%} of the validation data right"
    )


def console():
    """Return the tuning console: to train with, where there is a kernel; in the page, recorded runs."""
    return Console() if has_kernel() else recorded()
