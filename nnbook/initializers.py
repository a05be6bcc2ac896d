"""First values for weights."""

from __future__ import annotations

import math

import numpy as np

from nnbook import registry
from nnbook.checks import finite, integer, non_negative, positive


class Initializer(registry.Configurable):
    """Gives an array of any shape: ``initializer(shape, dtype, rng)``."""

    def __init__(self):
        """Take no arguments."""

    def __call__(self, shape: tuple, dtype="float32", rng: np.random.Generator | None = None) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(shape, dtype, rng)")


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape, dtype="float32", rng=None):
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape, dtype="float32", rng=None):
        return np.ones(shape, dtype)


class Constant(Initializer):
    """The same ``value`` everywhere."""

    def __init__(self, value: float = 0.0):
        self.value = finite("value", value)

    def __call__(self, shape, dtype="float32", rng=None):
        return np.full(shape, self.value, dtype)


class RandomInitializer(Initializer):
    """Draws in float64 and then casts, so that models of either precision start alike.

    With a ``seed`` of its own every call gives the same values; without one they come from ``rng``,
    or from fresh entropy when there is no ``rng`` either. Subclasses write ``draw(shape, rng)``.
    """

    def __init__(self, seed: int | None = None):
        self.seed = None if seed is None else integer("seed", seed, least=0)

    def __call__(self, shape, dtype="float32", rng=None):
        if rng is None or self.seed is not None:
            rng = np.random.default_rng(self.seed)
        return np.asarray(self.draw(tuple(shape), rng)).astype(dtype)

    def draw(self, shape: tuple, rng: np.random.Generator) -> np.ndarray:
        """Return float64 values of ``shape``."""
        raise NotImplementedError(f"{type(self).__name__} needs a method draw(shape, rng)")


class RandomNormal(RandomInitializer):
    """Normal values with the given mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.mean = finite("mean", mean)
        self.stddev = non_negative("stddev", stddev)

    def draw(self, shape, rng):
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(RandomInitializer):
    """Uniform values in ``[minval, maxval)``."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.minval = finite("minval", minval)
        self.maxval = finite("maxval", maxval)
        if not minval <= maxval:
            raise ValueError(f"minval must not be above maxval, got minval={minval!r} and maxval={maxval!r}")

    def draw(self, shape, rng):
        return rng.uniform(self.minval, self.maxval, shape)


class TruncatedNormal(RandomInitializer):
    """Normal values, drawn again whenever they are more than two standard deviations from the mean."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.mean = finite("mean", mean)
        self.stddev = non_negative("stddev", stddev)

    def draw(self, shape, rng):
        return self.mean + self.stddev * truncated_normal(shape, rng)


def truncated_normal(shape: tuple, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal values, drawn again until all lie in [-2, 2]."""
    z = np.asarray(rng.standard_normal(shape))
    while (far := np.abs(z) > 2).any():
        z[far] = rng.standard_normal(far.sum())
    return z


TRUNCATED_STDDEV = 0.87962566103423978  # standard deviation of a standard normal cut at ±2


class VarianceScaling(RandomInitializer):
    """Values with mean 0 and variance ``scale / n``, n being the fan-in, the fan-out or their average.

    Args:
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" ("normal" means the same), "untruncated_normal" or "uniform".
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ):
        super().__init__(seed)
        self.scale = positive("scale", scale)
        registry.lookup(mode, FANS, "mode")
        registry.lookup(distribution, DRAWS, "distribution")
        self.mode = mode
        self.distribution = distribution

    def draw(self, shape, rng):
        variance = self.scale / max(1.0, FANS[self.mode](*fans(shape)))
        return math.sqrt(variance) * DRAWS[self.distribution](shape, rng)


def fans(shape: tuple) -> tuple[int, int]:
    """Return how many inputs feed a unit and how many units an input feeds, for weights of ``shape``.

    A kernel has the shape (…, inputs, outputs); what stands before counts for both.
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


FANS = {
    "fan_in": lambda n_in, n_out: n_in,
    "fan_out": lambda n_in, n_out: n_out,
    "fan_avg": lambda n_in, n_out: (n_in + n_out) / 2,
}

DRAWS = {  # each of variance one
    "truncated_normal": lambda shape, rng: truncated_normal(shape, rng) / TRUNCATED_STDDEV,
    "normal": lambda shape, rng: truncated_normal(shape, rng) / TRUNCATED_STDDEV,
    "untruncated_normal": lambda shape, rng: rng.standard_normal(shape),
    "uniform": lambda shape, rng: math.sqrt(3) * rng.uniform(-1, 1, shape),
}


class GlorotNormal(VarianceScaling):
    """Variance ``2 / (n_in + n_out)``, truncated normal (Glorot & Bengio 2010); for tanh and sigmoid."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class GlorotUniform(VarianceScaling):
    """Uniform within ``±sqrt(6 / (n_in + n_out))`` (Glorot & Bengio 2010); the default of Dense."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


class HeNormal(VarianceScaling):
    """Variance ``2 / n_in``, truncated normal (He et al. 2015); for relu."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform within ``±sqrt(6 / n_in)`` (He et al. 2015); for relu."""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Variance ``1 / n_in``, truncated normal (LeCun et al. 1998); for selu."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform within ``±sqrt(3 / n_in)`` (LeCun et al. 1998)."""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "uniform", seed)


class Orthogonal(RandomInitializer):
    """A random orthogonal matrix times ``gain`` (Saxe et al. 2014).

    All axes but the last are taken as rows. The rows are orthonormal when there are fewer of them than
    columns, else the columns are.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = finite("gain", gain)

    def draw(self, shape, rng):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape of at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        Q = Q * np.sign(np.diag(R))  # without it Q is not uniform over the orthogonal matrices
        return self.gain * (Q.T if rows < columns else Q).reshape(shape)


INITIALIZERS = {
    "Zeros": Zeros,
    "Ones": Ones,
    "Constant": Constant,
    "RandomNormal": RandomNormal,
    "RandomUniform": RandomUniform,
    "TruncatedNormal": TruncatedNormal,
    "VarianceScaling": VarianceScaling,
    "GlorotNormal": GlorotNormal,
    "GlorotUniform": GlorotUniform,
    "HeNormal": HeNormal,
    "HeUniform": HeUniform,
    "LecunNormal": LecunNormal,
    "LecunUniform": LecunUniform,
    "Orthogonal": Orthogonal,
    "OrthogonalInitializer": Orthogonal,
    "zeros": Zeros,
    "zero": Zeros,
    "ones": Ones,
    "one": Ones,
    "constant": Constant,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "orthogonal": Orthogonal,
}


def get(identifier):
    """Return the initialiser that a name, a configuration or an object stands for; None stays None."""
    return None if identifier is None else registry.get(identifier, INITIALIZERS, "initializer")
