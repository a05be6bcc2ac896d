"""How far NumPy and Keras may differ, each number with its reason."""

TOLERANCES = {
    "default": (1e-12, "float64 on both sides: a few hundred roundings of 2.2e-16 and nothing else"),
    "batchnorm": (1e-10, "Keras divides by the root of a variance that may be small: roundings grow"),
    "nadam": (1e-7, "Keras keeps Nadam's momentum product and schedule in float32 steps"),
    "gelu": (2e-8, "TensorFlow's erfc and tanh constants for gelu are float32 numbers"),
    "leaky_relu": (2e-8, "TensorFlow keeps the slope 0.2 in float32"),
    "log_cosh": (2e-8, "Keras's log(2) is a float32 number"),
    "schedules": (1e-6, "relative: Keras computes schedules in float32"),
    "float32": (1e-5, "float32 on both sides, the four listings at Keras's default rates"),
    "formula": (1e-12, "ours against an independent float64 formula"),
    "gradient": (1e-7, "relative: centred differences in float64, truncation h^2 and cancellation eps/h"),
}


def tol(name: str) -> float:
    """Return the tolerance called ``name``."""
    return TOLERANCES[name][0]
