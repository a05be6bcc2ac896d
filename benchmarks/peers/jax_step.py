"""JAX with one step compiled, called from a loop in Python."""

from __future__ import annotations

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp

HIDDEN = {"relu": jax.nn.relu, "tanh": jnp.tanh}


def loss_of(task):
    """Return the mean loss as a function of the parameters and a batch."""
    f = HIDDEN[task.hidden]

    def loss(params, x, y):
        *hidden, (W, b) = params
        for V, c in hidden:
            x = f(x @ V + c)
        z = x @ W + b
        if task.binary:
            return jnp.mean(jax.nn.softplus(z) - y * z)
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), axis=-1))

    return loss


def step_of(task):
    """Return a step: (state, rate, batch) → (state, loss)."""
    gradient = jax.value_and_grad(loss_of(task))

    def sgd(params, rate, x, y):
        loss, grads = gradient(params, x, y)
        return jax.tree.map(lambda w, g: w - rate * g, params, grads), loss

    def adam(state, rate, x, y):
        params, m, v, t = state
        loss, grads = gradient(params, x, y)
        t = t + 1
        alpha = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        params = jax.tree.map(lambda w, m, v: w - alpha * m / (jnp.sqrt(v) + 1e-7), params, m, v)
        return (params, m, v, t), loss

    return {"sgd": sgd, "adam": adam}[task.optimizer]


def start(task):
    """Return the state before the first step."""
    weights = [jnp.array(w) for w in task.weights]
    params = list(zip(weights[::2], weights[1::2], strict=True))
    if task.optimizer == "sgd":
        return params
    zeros = jax.tree.map(jnp.zeros_like, params)
    return params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.zeros(jnp.shape(task.rate))


def weights_of(task, state):
    params = state if task.optimizer == "sgd" else state[0]
    return [w for pair in params for w in pair]


class Training:
    share = 1

    def __init__(self, task):
        self.task, self.step = task, jax.jit(step_of(task), donate_argnums=0)

    def reset(self):
        self.state = jax.block_until_ready(start(self.task))

    def run(self):
        t, losses = self.task, []
        for epoch in range(t.epochs):
            for rows in t.batches(epoch):
                self.state, loss = self.step(self.state, t.rate, t.x[rows], t.y[rows])
            losses.append(loss)
        jax.block_until_ready(self.state)

    def weights(self):
        return weights_of(self.task, self.state)
