"""First weights have Keras's distributions, and depend on the seed alone."""

import json
import math

import numpy as np
import pytest

from nnbook import initializers

RANDOM = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": 1.0, "maxval": 3.0}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}),
    ("VarianceScaling", {}),
    ("VarianceScaling", {"scale": 3.0, "mode": "fan_out", "distribution": "untruncated_normal"}),
    ("VarianceScaling", {"mode": "fan_avg", "distribution": "uniform"}),
    ("GlorotNormal", {}),
    ("GlorotUniform", {}),
    ("HeNormal", {}),
    ("HeUniform", {}),
    ("LecunNormal", {}),
    ("LecunUniform", {}),
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 2.0}),
]
FIXED = [("Zeros", {}), ("Ones", {}), ("Constant", {}), ("Constant", {"value": 0.25})]
SHAPE = (300, 100)  # fan-in and fan-out differ; 30,000 values
MANY = math.prod(SHAPE)


def label(case):
    return f"{case[0]}{case[1] or ''}"


def make(name, options, **more):
    return getattr(initializers, name)(**options, **more)


def greatest_gap(a, b):
    """Return the greatest distance of two samples' distribution functions (Kolmogorov and Smirnov's)."""
    everything = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(np.sort(a), everything, side="right") / len(a)
    below_b = np.searchsorted(np.sort(b), everything, side="right") / len(b)
    return np.abs(below_a - below_b).max()


# --- the distribution -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", RANDOM, ids=map(label, RANDOM))
def test_samples_are_distributed_as_in_keras(name, options):
    import keras

    ours = make(name, options, seed=1)(SHAPE).ravel()
    theirs = np.asarray(getattr(keras.initializers, name)(**options, seed=1)(SHAPE)).ravel()
    # two samples of n of one distribution are further apart than 1.95 sqrt(2/n) once in a thousand draws
    assert greatest_gap(ours, theirs) <= 1.95 * math.sqrt(2 / MANY)


def test_the_comparison_of_distributions_sees_a_five_percent_error():
    ours = make("HeNormal", {}, seed=1)(SHAPE).ravel()
    other = make("HeNormal", {}, seed=2)(SHAPE).ravel()
    assert greatest_gap(ours, 1.05 * other) > 1.95 * math.sqrt(2 / MANY) * 0.8
    assert greatest_gap(ours, 1.10 * other) > 1.95 * math.sqrt(2 / MANY)


N_IN, N_OUT = SHAPE
MOMENTS = [  # name, standard deviation, largest distance from the mean in units of it
    ("GlorotNormal", math.sqrt(2 / (N_IN + N_OUT)), 2 / initializers.TRUNCATED_STDDEV),
    ("GlorotUniform", math.sqrt(2 / (N_IN + N_OUT)), math.sqrt(3)),
    ("HeNormal", math.sqrt(2 / N_IN), 2 / initializers.TRUNCATED_STDDEV),
    ("HeUniform", math.sqrt(2 / N_IN), math.sqrt(3)),
    ("LecunNormal", math.sqrt(1 / N_IN), 2 / initializers.TRUNCATED_STDDEV),
    ("LecunUniform", math.sqrt(1 / N_IN), math.sqrt(3)),
    ("RandomUniform", 0.05 / math.sqrt(3), math.sqrt(3)),
    ("TruncatedNormal", 0.05 * initializers.TRUNCATED_STDDEV, 2 / initializers.TRUNCATED_STDDEV),
    ("RandomNormal", 0.05, 6),
]


@pytest.mark.parametrize("name, stddev, reach", MOMENTS, ids=[m[0] for m in MOMENTS])
def test_mean_spread_and_bounds_are_those_of_the_formula(name, stddev, reach):
    w = make(name, {}, seed=5)(SHAPE, "float64")
    assert abs(w.mean()) <= 4 * stddev / math.sqrt(MANY)  # four standard errors
    assert w.std() == pytest.approx(stddev, rel=4 / math.sqrt(2 * MANY))
    assert np.abs(w).max() <= reach * stddev * (1 + 1e-12)
    if reach < 3:
        assert np.abs(w).max() >= 0.99 * reach * stddev


def test_the_correction_is_the_spread_of_a_normal_cut_at_two():
    z = np.linspace(-2, 2, 400_001)
    density = np.exp(-(z**2) / 2)
    variance = np.sum(z**2 * density) / np.sum(density)
    assert math.sqrt(variance) == pytest.approx(initializers.TRUNCATED_STDDEV, rel=1e-5)


FANS = [((), (1, 1)), ((7,), (7, 7)), ((7, 3), (7, 3)), ((5, 7, 3), (35, 15)), ((2, 5, 7, 3), (70, 30))]


@pytest.mark.parametrize("shape, expected", FANS)
def test_fans_are_counted_as_in_keras(shape, expected):
    from keras.src.initializers.random_initializers import compute_fans

    assert initializers.fans(shape) == expected == compute_fans(shape)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (3, 2, 5), (3, 2, 8)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    w = initializers.Orthogonal(gain=2.0, seed=3)(shape, "float64").reshape(-1, shape[-1]) / 2
    small = w @ w.T if len(w) < shape[-1] else w.T @ w
    assert w.shape == (math.prod(shape[:-1]), shape[-1])
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-14)


def test_orthogonal_prefers_no_sign():
    draws = [initializers.Orthogonal(seed=seed)((3, 3), "float64").diagonal() for seed in range(400)]
    assert abs(np.mean(draws)) <= 4 * math.sqrt(1 / 3 / 1200)  # an entry has variance 1/3


# --- the seed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", RANDOM, ids=map(label, RANDOM))
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(name, options):
    seeded = make(name, options, seed=11)
    first = seeded((20, 10))
    assert np.array_equal(first, seeded((20, 10)))
    assert np.array_equal(first, make(name, options, seed=11)((20, 10), rng=np.random.default_rng(0)))
    assert not np.array_equal(first, make(name, options, seed=12)((20, 10)))

    def from_rng(seed):
        return make(name, options)((20, 10), rng=np.random.default_rng(seed))

    assert np.array_equal(from_rng(0), from_rng(0))
    assert not np.array_equal(from_rng(0), from_rng(1))


def test_one_generator_gives_new_values_every_time():
    rng, glorot = np.random.default_rng(0), initializers.GlorotUniform()
    assert not np.array_equal(glorot((4, 4), rng=rng), glorot((4, 4), rng=rng))
    assert not np.array_equal(glorot((4, 4)), glorot((4, 4)))


@pytest.mark.parametrize("name, options", RANDOM + FIXED, ids=map(label, RANDOM + FIXED))
def test_float32_values_are_the_float64_values_rounded(name, options):
    single = make(name, options)((20, 10), "float32", np.random.default_rng(4))
    double = make(name, options)((20, 10), "float64", np.random.default_rng(4))
    assert single.dtype == np.float32 and double.dtype == np.float64
    assert np.array_equal(single, double.astype("float32"))
    assert single.shape == (20, 10) and single.flags.writeable


@pytest.mark.parametrize("name, options", RANDOM + FIXED, ids=map(label, RANDOM + FIXED))
def test_any_shape_is_filled(name, options):
    for shape in [(2, 3), (2, 3, 4), (1, 1)] + ([] if name == "Orthogonal" else [(), (5,), (0, 3)]):
        assert make(name, options)(shape).shape == shape


def test_fixed_values_are_what_they_say():
    assert (initializers.Zeros()((2, 3)) == 0).all()
    assert (initializers.Ones()((2, 3)) == 1).all()
    assert (initializers.Constant(0.25)((2, 3)) == 0.25).all()


# --- names, configurations, errors ------------------------------------------------------------------------


def test_names_and_defaults_mean_what_they_mean_in_keras():
    import keras

    for name in set(initializers.INITIALIZERS) - {"Constant", "constant"}:  # Keras 3.15 fails on these two
        ours, theirs = initializers.get(name), keras.initializers.get(name)
        assert type(ours).__name__ == type(theirs).__name__
        expected = {key: value for key, value in theirs.get_config().items() if not key.endswith("put_axes")}
        assert ours.get_config() == expected
    assert initializers.get(None) is None


@pytest.mark.parametrize("name, options", RANDOM + FIXED, ids=map(label, RANDOM + FIXED))
def test_a_configuration_makes_the_same_initialiser(name, options):
    more = {"seed": 5} if (name, options) in RANDOM else {}
    ours = make(name, options, **more)
    config = json.loads(json.dumps({"class_name": name, "config": ours.get_config()}))
    assert np.array_equal(initializers.get(config)((4, 3)), ours((4, 3)))


ERRORS = [
    (lambda: initializers.get("glorot"), "unknown initializer 'glorot'; did you mean 'glorot_"),
    (lambda: initializers.GlorotUniform(seed=-1), "seed must be a whole number of at least 0, got -1"),
    (lambda: initializers.HeNormal(seed=1.5), "seed must be a whole number of at least 0, got 1.5"),
    (lambda: initializers.Constant("one"), "value must be a number that is finite, got 'one'"),
    (lambda: initializers.RandomNormal(stddev=-1), "stddev must be a number >= 0, got -1"),
    (lambda: initializers.TruncatedNormal(stddev=math.nan), "stddev must be a number >= 0, got nan"),
    (lambda: initializers.RandomUniform(2, 1), "minval must not be above maxval, got minval=2 and maxval=1"),
    (lambda: initializers.VarianceScaling(scale=0), "scale must be a number > 0, got 0"),
    (lambda: initializers.VarianceScaling(mode="fan"), "unknown mode 'fan'; did you mean 'fan_"),
    (lambda: initializers.VarianceScaling(distribution="x"), "unknown distribution 'x'; known: normal, "),
    (lambda: initializers.Orthogonal()((3,)), "Orthogonal needs a shape of at least two axes, got (3,)"),
]


@pytest.mark.parametrize("mistake, message", ERRORS, ids=[message for _, message in ERRORS])
def test_a_mistake_gets_a_clear_error(mistake, message):
    with pytest.raises(ValueError) as error:
        mistake()
    assert message in str(error.value)
