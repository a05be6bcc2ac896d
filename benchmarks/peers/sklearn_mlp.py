"""scikit-learn's MLPClassifier, with its own order of the rows."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")  # it calls every run that ends after a number of epochs unconverged


class Training:
    share = 1

    def __init__(self, task):
        self.task, self.labels = task, task.y[:, 0] if task.binary else task.y.argmax(axis=1)
        self.model = MLPClassifier(
            task.sizes[1:-1],
            activation=task.hidden,
            solver=task.optimizer,
            alpha=0,
            batch_size=task.batch_size,
            learning_rate_init=task.rate,
            max_iter=1,
            shuffle=task.shuffle,
            random_state=0,
            tol=0,
            momentum=0,
            epsilon=1e-7,
            n_iter_no_change=task.epochs + 1,
            warm_start=True,  # fit goes on from coefs_ and intercepts_
        )
        _, first = np.unique(self.labels, return_index=True)
        self.model.fit(task.x[first], self.labels[first])  # one row of each class: it makes its arrays
        self.model.set_params(max_iter=task.epochs)

    def reset(self):
        self.model.coefs_ = [w.copy() for w in self.task.weights[::2]]
        self.model.intercepts_ = [b.copy() for b in self.task.weights[1::2]]

    def run(self):
        self.model.fit(self.task.x, self.labels)

    def weights(self):
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [w for pair in pairs for w in pair]
