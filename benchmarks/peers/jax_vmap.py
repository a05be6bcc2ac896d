"""A sweep in JAX: the whole run, mapped over settings, compiled to one program."""

from __future__ import annotations

from benchmarks.peers import jax_scan
from benchmarks.peers.jax_step import jax, jnp


class Training(jax_scan.Training):
    def __init__(self, task):
        mapped = jax.vmap(jax_scan.run_of(task), in_axes=(0, 0, 0 if task.shuffle else None, None, None))
        orders = task.orders if task.shuffle else task.orders[0]
        self.task, self.program = task._replace(rate=jnp.array(task.rate)), jax.jit(mapped)
        self.data = [jnp.array(a) for a in (orders, task.x, task.y)]
