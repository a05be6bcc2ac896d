"""PyTorch as its tutorials write it: modules, a loss from logits, an optimiser, and a loop over batches."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
HIDDEN = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Training:
    share = 1

    def __init__(self, task):
        self.task, layers = task, []
        for n_in, n_out in zip(task.sizes, task.sizes[1:], strict=False):
            layers += [nn.Linear(n_in, n_out), HIDDEN[task.hidden]()]
        self.model = nn.Sequential(*layers[:-1])
        self.loss = nn.BCEWithLogitsLoss() if task.binary else nn.CrossEntropyLoss()
        self.x = torch.from_numpy(task.x)
        self.y = torch.from_numpy(task.y if task.binary else task.y.argmax(axis=1))
        self.orders = torch.from_numpy(task.orders.astype(np.int64))

    def reset(self):
        weights = [torch.from_numpy(w) for w in self.task.weights]
        with torch.no_grad():
            for layer, W, b in zip(self.model[::2], weights[::2], weights[1::2], strict=True):
                layer.weight.copy_(W.T)
                layer.bias.copy_(b)
        parameters, rate = self.model.parameters(), self.task.rate
        self.optimizer = (
            torch.optim.SGD(parameters, rate)
            if self.task.optimizer == "sgd"
            else torch.optim.Adam(parameters, rate, eps=1e-7)
        )

    def run(self):
        t, losses = self.task, []
        for order in self.orders:
            total = 0.0
            for start in range(0, len(t.x), t.batch_size):
                rows = slice(start, start + t.batch_size)
                rows = order[rows] if t.shuffle else rows
                loss = self.loss(self.model(self.x[rows]), self.y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item()
            losses.append(total)

    def weights(self):
        arrays = [p.detach().numpy() for p in self.model.parameters()]
        return [a.T.copy() for a in arrays]
