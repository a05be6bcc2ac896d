"""One module a way of training; ``Training(task)`` prepares, ``reset``, ``run`` and ``weights`` do the rest.

``share`` is the part of the task that ``run`` does, where the whole would take too long.
"""

# Module → its name on paper. Those in the first two lines need NumPy alone.
HERE = {"ours": "nnbook", "textbook": "textbook NumPy", "floor": "the matrix products alone"}
HERE |= {"ours_sweep": "nnbook's sweep", "ours_loop": "nnbook's fit, in a loop"}
ELSEWHERE = {
    "keras_fit": "Keras fit",
    "torch_eager": "PyTorch, eager",
    "sklearn_mlp": "scikit-learn",
    "jax_step": "JAX, jitted step",
    "jax_scan": "JAX, the run in one scan",
    "jax_vmap": "JAX, vmap of a scan",
    "torch_vmap": "PyTorch, vmap",
}
NAMES = HERE | ELSEWHERE
TRAINERS = ["textbook", "floor", "keras_fit", "torch_eager", "sklearn_mlp", "jax_step", "jax_scan"]
SWEEPERS = ["ours_loop", "jax_vmap", "torch_vmap"]
