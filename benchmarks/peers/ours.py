"""What a reader of the book writes: build, compile, fit."""

from __future__ import annotations

from nnbook import layers, models, optimizers

JUDGED = 10_000  # rows
OPTIMIZERS = {"sgd": optimizers.SGD, "adam": optimizers.Adam}


def build(task, rate: float, seed: int = 0, dtype: str = "float32") -> models.Sequential:
    """Return the task's network, compiled."""
    *hidden, n_out = task.sizes[1:]
    last = layers.Dense(n_out, "sigmoid" if task.binary else "softmax")
    body = [layers.Dense(n, task.hidden) for n in hidden]
    model = models.Sequential([layers.Input(task.sizes[:1]), *body, last], seed=seed, dtype=dtype)
    loss = "binary_crossentropy" if task.binary else "categorical_crossentropy"
    model.compile(OPTIMIZERS[task.optimizer](rate), loss)
    return model


def fit(model, task):
    return model.fit(
        task.x, task.y, batch_size=task.batch_size, epochs=task.epochs, shuffle=task.shuffle, verbose=0
    )


def evaluate(task, weights, rate: float = 0.0) -> float:
    """Return the loss of a network with these weights on the first rows, in float64: one judge for all."""
    model = build(task, rate, dtype="float64")
    model.set_weights(list(weights))
    return model.evaluate(task.x[:JUDGED], task.y[:JUDGED], batch_size=1000, verbose=0)


class Training:
    share = 1

    def __init__(self, task):
        self.task = task

    def reset(self):
        self.model = build(self.task, self.task.rate, self.task.seed)
        self.model.set_weights(list(self.task.weights))

    def run(self):
        fit(self.model, self.task)

    def weights(self):
        return self.model.get_weights()
