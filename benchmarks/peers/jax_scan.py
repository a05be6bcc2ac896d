"""JAX with the whole run compiled to one program: a scan over epochs of a scan over batches."""

from __future__ import annotations

from benchmarks.peers.jax_step import jax, jnp, start, step_of, weights_of


def run_of(task):
    """Return the run: (state, rate, orders, x, y) → (state, losses)."""
    step, n, batch = step_of(task), len(task.x), task.batch_size
    whole = n - n % batch

    def train(state, rate, orders, x, y):
        def on_rows(state, rows):
            return step(state, rate, x[rows], y[rows])

        def on_batch(state, xy):
            return step(state, rate, *xy)

        def epoch(state, order):
            if task.shuffle:
                state, losses = jax.lax.scan(on_rows, state, order[:whole].reshape(-1, batch))
            else:
                batches = [a[:whole].reshape(-1, batch, a.shape[1]) for a in (x, y)]
                state, losses = jax.lax.scan(on_batch, state, batches)
            if whole < n:
                state, _ = on_rows(state, order[whole:])
            return state, jnp.mean(losses)

        return jax.lax.scan(epoch, state, orders)

    return train


class Training:
    share = 1

    def __init__(self, task):
        self.task, self.program = task, jax.jit(run_of(task))
        self.data = [jnp.array(a) for a in (task.orders, task.x, task.y)]

    def reset(self):
        self.state = jax.block_until_ready(start(self.task))

    def run(self):
        self.state, _ = jax.block_until_ready(self.program(self.state, self.task.rate, *self.data))

    def weights(self):
        return weights_of(self.task, self.state)
