"""A sweep in PyTorch: gradients by ``torch.func``, mapped over settings, in a loop over steps."""

from __future__ import annotations

import torch
from torch.func import grad, vmap
from torch.nn import functional as F

torch.set_num_threads(1)
HIDDEN = {"relu": torch.relu, "tanh": torch.tanh}
FEWER = {"S3": 20}  # epochs, where all would take half a minute


class Training:
    def __init__(self, task):
        self.task, self.epochs = task, min(task.epochs, FEWER.get(task.name, task.epochs))
        self.share = self.epochs / task.epochs
        self.x, self.y = torch.from_numpy(task.x), torch.from_numpy(task.y)
        self.orders = torch.from_numpy(task.orders).long()
        self.gradient = vmap(grad(self.loss), in_dims=(0, 0, 0) if task.shuffle else (0, None, None))

    def loss(self, weights, x, y):
        f = HIDDEN[self.task.hidden]
        for k in range(0, len(weights) - 2, 2):
            x = f(x @ weights[k] + weights[k + 1])
        z = x @ weights[-2] + weights[-1]
        return F.binary_cross_entropy_with_logits(z, y)

    def reset(self):
        self.w = [torch.from_numpy(w.copy()) for w in self.task.weights]
        self.m, self.v = ([torch.zeros_like(w) for w in self.w] for _ in range(2))
        rate = torch.tensor(self.task.rate)
        self.rates = [rate.reshape(-1, *[1] * (w.ndim - 1)) for w in self.w]

    def update(self, grads, t):
        if self.task.optimizer == "sgd":
            for w, g, rate in zip(self.w, grads, self.rates, strict=True):
                w.sub_(rate * g)
            return
        size = (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
        for w, g, m, v, rate in zip(self.w, grads, self.m, self.v, self.rates, strict=True):
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            w.sub_(rate * size * m / (v.sqrt() + 1e-7))

    def run(self):
        task, t = self.task, 0
        for epoch in range(self.epochs):
            for start in range(0, len(task.x), task.batch_size):
                rows = slice(start, start + task.batch_size)
                rows = self.orders[:, epoch, rows] if task.shuffle else rows
                t += 1
                self.update(self.gradient(self.w, self.x[rows], self.y[rows]), t)

    def weights(self):
        return [w.numpy() for w in self.w]
