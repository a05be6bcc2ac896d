"""Data sets: shapes, contents, seeds, sources, and every bad input its message."""

import functools
import gzip
import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pytest

from nnbook import datasets

FULL = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist_full.npz"
SHIPPED = {
    "mnist_subset.npz": "e807b03924190a6c4eeab72831d65051472a1ba55084d71935dece04b3d0f719",
    "digits.npz": "8c095b9db5990a9ae23f1e9d7001b70a0ee88787ef325216282d0213684eb300",
    "penguins.npz": "b10c352ad51c837e5b16047d59344e61938a3de5bbc7f3b5e6c8cbcf92bb7770",
}


# What ships


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_the_one_that_its_licence_describes(name):
    digest = hashlib.sha256(Path(datasets.DATA, name).read_bytes()).hexdigest()
    assert digest == SHIPPED[name]
    licence = Path(__file__).resolve().parents[1] / "LICENSE-DATA"
    assert digest in licence.read_text(encoding="utf8")


def test_the_shipped_mnist_has_keras_s_shapes_and_all_ten_digits():
    (x_train, y_train), (x_test, y_test) = datasets.mnist()
    assert (x_train.shape, y_train.shape) == ((10000, 28, 28), (10000,))
    assert (x_test.shape, y_test.shape) == ((2000, 28, 28), (2000,))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert np.bincount(y_test).tolist() == [189, 222, 212, 242, 196, 186, 158, 215, 193, 187]
    assert (x_train.min(), x_train.max()) == (0, 255)


if FULL.exists():  # the full set lies beside a checkout only where it was put there; no skip where it was not

    def test_the_shipped_mnist_is_the_said_part_of_the_full_set(capsys):
        (x_train, y_train), (x_test, y_test) = datasets.mnist(full=True, path=str(FULL))
        assert "60,000 + 10,000 images from the given path (mnist_full.npz)" in capsys.readouterr().out
        (a, b), (c, d) = datasets.mnist()
        np.testing.assert_array_equal(a, x_train[:10000])
        np.testing.assert_array_equal(b, y_train[:10000])
        np.testing.assert_array_equal(c, x_test[::5])
        np.testing.assert_array_equal(d, y_test[::5])


def test_digits_are_1797_images_of_sixteen_greys_in_balance():
    x, y = datasets.digits()
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1797, 8, 8), np.uint8, (1797,), np.uint8)
    assert (x.min(), x.max()) == (0, 16)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert x[0].tolist()[0] == [0, 0, 5, 13, 9, 1, 0, 0] and y[0] == 0


def test_penguins_have_eight_complete_features_and_three_species():
    x, y = datasets.penguins()
    assert (x.shape, y.shape) == ((333, 8), (333,)) and np.isfinite(x).all()
    assert len(datasets.PENGUIN_FEATURES) == 8
    assert dict(zip(datasets.PENGUIN_SPECIES, np.bincount(y).tolist(), strict=True)) == {
        "Adelie": 146,
        "Chinstrap": 68,
        "Gentoo": 119,
    }
    np.testing.assert_array_equal(x[:, 4:7].sum(axis=1), 1)
    assert set(np.unique(x[:, 7])) == {0, 1}
    np.testing.assert_array_equal(x[0], [39.1, 18.7, 181, 3750, 0, 0, 1, 1])
    assert x[y == 2, 2].mean() > x[y == 0, 2].mean() + 20, "a gentoo's flippers are the longest"


# What is made


def test_the_thermometer_has_the_ten_rows_of_the_article_and_its_label_is_their_or():
    x, y = datasets.thermometer()
    rows = ["".join(map(str, row)) for row in x.astype(int)]
    assert rows == [
        *("00000000", "00000001", "00000011", "00000111", "00001111"),
        *("00011111", "00111111", "01111111", "11111111", "11111111"),
    ]
    np.testing.assert_array_equal(y, x.any(axis=1))
    assert y.sum() == 9


def test_xor_is_the_truth_table_unless_told_otherwise():
    x, y = datasets.xor()
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]


GENERATORS = {
    "random_labels": (datasets.random_labels, {"n": 60}, (60, 8), (60,), 2),
    "xor": (datasets.xor, {"n": 60, "noise": 0.2}, (60, 2), (60,), 2),
    "moons": (datasets.moons, {"n": 60}, (60, 2), (60,), 2),
    "circles": (datasets.circles, {"n": 60}, (60, 2), (60,), 2),
    "spirals": (datasets.spirals, {"n": 60, "classes": 3}, (60, 2), (60,), 3),
    "blobs": (datasets.blobs, {"n": 60, "centers": 4}, (60, 2), (60,), 4),
    "blobs in space": (datasets.blobs, {"n": 60, "centers": np.eye(3)}, (60, 3), (60,), 3),
    "line": (datasets.line, {"n": 60}, (60, 1), (60, 1), None),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_gives_its_shapes_and_its_seed_fixes_every_bit(name):
    make, arguments, x_shape, y_shape, classes = GENERATORS[name]
    x, y = make(**arguments, seed=3)
    assert (x.shape, y.shape, x.dtype) == (x_shape, y_shape, np.float64)
    assert classes is None or (y.dtype == np.int64 and np.unique(y).tolist() == list(range(classes)))
    again, other, default = (make(**arguments, **seed)[0] for seed in ({"seed": 3}, {"seed": 4}, {}))
    assert x.tobytes() == again.tobytes()
    assert x.tobytes() != other.tobytes()
    assert default.tobytes() == make(**arguments, seed=0)[0].tobytes()


@pytest.mark.parametrize("name", [name for name in GENERATORS if name not in ("random_labels", "line")])
def test_classes_take_turns_so_that_any_part_holds_them_all(name):
    make, arguments, _, _, classes = GENERATORS[name]
    assert set(make(**arguments)[1][-4:]) == set(range(classes))


def test_generators_leave_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    for make, arguments, *_ in GENERATORS.values():
        make(**arguments)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_without_noise_the_shapes_are_exact():
    x, y = datasets.circles(50, 0.0, factor=0.25)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.25), atol=1e-15)
    x, y = datasets.moons(50, 0.0)
    np.testing.assert_allclose(np.hypot(*(x - np.where(y[:, None] == 0, [0, 0], [1, 0.5])).T), 1, atol=1e-15)
    x, y = datasets.line(50, slope=-3.0, intercept=0.5, noise=0.0)
    np.testing.assert_array_equal(y, -3.0 * x + 0.5)
    x, y = datasets.blobs(6, 0.0, centers=[[0.0, 1.0], [2.0, 3.0]])
    assert x.tolist() == 3 * [[0, 1], [2, 3]] and y.tolist() == [0, 1] * 3


def test_random_labels_cannot_be_told_from_the_features():
    x, y = datasets.random_labels(4000, seed=1)
    assert 0 <= x.min() and x.max() < 1
    correlation = np.abs(np.corrcoef(x.T, y)[-1, :-1])
    assert correlation.max() < 4 / np.sqrt(4000)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: datasets.moons(0), "n must be a whole number of at least 1, got 0"),
        (lambda: datasets.moons(2.5), "n must be a whole number of at least 1, got 2.5"),
        (lambda: datasets.moons(noise=-0.1), "noise must be a number >= 0, got -0.1"),
        (lambda: datasets.line(noise=float("nan")), "noise must be a number >= 0, got nan"),
        (lambda: datasets.line(slope=float("inf")), "slope must be a number that is finite, got inf"),
        (lambda: datasets.circles(factor=1.5), r"factor must be a number in \[0, 1\), got 1.5"),
        (lambda: datasets.spirals(classes=0), "classes must be a whole number of at least 1, got 0"),
        (lambda: datasets.blobs(centers=0), "centers must be a whole number of at least 1, got 0"),
        (lambda: datasets.random_labels(5, 0), "n_features must be a whole number of at least 1, got 0"),
        (lambda: datasets.mnist(path="x.npz"), r"mnist\(full=True, …\)"),
    ],
)
def test_an_impossible_argument_is_refused_with_what_came_and_what_would_be_right(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Where the full sets come from


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Take away every place where a full set might be found; return the empty cache's folder."""
    for name in ("NNBOOK_MNIST", "NNBOOK_FASHION_MNIST", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets, "FASHION_DEBIAN", str(tmp_path / "debian"))
    return tmp_path / "cache" / "nnbook"


def tiny(seed=0):
    """Return four arrays laid out as MNIST's, with 6 + 3 images."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 256, (9, 28, 28), np.uint8), rng.integers(0, 10, 9).astype(np.uint8)
    return {"x_train": x[:6], "y_train": y[:6], "x_test": x[6:], "y_test": y[6:]}


def write_npz(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return path


def write_idx(folder, arrays, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for key, name in datasets.IDX_FILES.items():
        array = arrays[key]
        data = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


def assert_is(pairs, arrays):
    (x_train, y_train), (x_test, y_test) = pairs
    found = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
        assert found[key].flags.writeable


LAYOUTS = {
    "npz": lambda place, arrays: write_npz(place / "some.npz", arrays),
    "idx": lambda place, arrays: write_idx(place / "some", arrays),
    "idx.gz": lambda place, arrays: write_idx(place / "some", arrays, packed=True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("load", [functools.partial(datasets.mnist, full=True), datasets.fashion_mnist])
def test_a_full_set_is_read_from_a_path_in_every_layout(layout, load, tmp_path, nowhere, capsys):
    place = LAYOUTS[layout](tmp_path, tiny())
    assert_is(load(path=place), tiny())
    assert f"6 + 3 images from the given path ({place.name})" in capsys.readouterr().out


def test_places_are_tried_in_the_order_that_is_promised(nowhere, tmp_path, monkeypatch, capsys):
    def source():
        pairs = datasets.mnist(full=True)
        assert_is(pairs, tiny(1) if "NNBOOK_MNIST" in capsys.readouterr().out else tiny(2))
        return pairs

    write_idx(nowhere / "mnist", tiny(2), packed=True)
    source()
    monkeypatch.setenv("NNBOOK_MNIST", str(write_npz(tmp_path / "a.npz", tiny(1))))
    source()
    assert_is(datasets.mnist(full=True, path=write_npz(tmp_path / "b.npz", tiny(3))), tiny(3))


def test_fashion_mnist_is_found_where_debian_the_cache_or_keras_keep_it(nowhere, tmp_path, capsys):
    for place, way in (
        (tmp_path / "keras" / "datasets" / "fashion-mnist", "Keras's cache"),
        (nowhere / "fashion-mnist", "the user's cache"),
        (tmp_path / "debian", "the Debian package"),
    ):
        write_idx(place, tiny(), packed=True)
        assert_is(datasets.fashion_mnist(), tiny())
        assert f"from {way}" in capsys.readouterr().out


def test_a_missing_mnist_names_the_three_ways_to_get_it(nowhere):
    with pytest.raises(FileNotFoundError) as error:
        datasets.mnist(full=True)
    for way in ("mnist(full=True, path=…)", "NNBOOK_MNIST", "mnist(full=True, download=True)"):
        assert way in str(error.value)


def test_a_missing_fashion_mnist_says_how_to_get_it(nowhere):
    with pytest.raises(FileNotFoundError) as error:
        datasets.fashion_mnist()
    for way in ("dataset-fashion-mnist", "fashion_mnist(path=…)", "NNBOOK_FASHION_MNIST"):
        assert way in str(error.value)


def test_a_named_place_that_does_not_exist_is_an_error_and_not_passed_over(nowhere, monkeypatch):
    write_idx(nowhere / "mnist", tiny())
    with pytest.raises(FileNotFoundError, match="the given path names .*gone, which does not exist"):
        datasets.mnist(full=True, path="/gone")
    monkeypatch.setenv("NNBOOK_MNIST", "/gone")
    with pytest.raises(FileNotFoundError, match="the variable NNBOOK_MNIST names .*gone"):
        datasets.mnist(full=True, download=True)


def damage(name):
    """Return a place that holds a damaged set, made in ``folder``."""

    def make(folder):
        if name == "lacks a file":
            write_idx(folder, tiny())
            (folder / "t10k-labels-idx1-ubyte").unlink()
            return folder
        if name in DAMAGED_IDX:
            write_idx(folder, tiny(), packed=name == "truncated gz")
            file = next(folder.glob("train-images*"))
            file.write_bytes(DAMAGED_IDX[name](file.read_bytes()))
            return folder
        file = write_npz(folder / "set.npz", DAMAGED_NPZ.get(name, tiny()))
        if name == "truncated npz":
            file.write_bytes(file.read_bytes()[:-300])
        if name == "text":
            file.write_text("hello")
        return file

    return make


DAMAGED_IDX = {
    "foreign magic": lambda data: b"\x89PNG" + data[4:],
    "truncated idx": lambda data: data[:-1],
    "too long idx": lambda data: data + b"\0",
    "header only": lambda data: data[:6],
    "truncated gz": lambda data: data[:-20],
}
DAMAGED_NPZ = {
    "another npz": {"x": np.zeros(3)},
    "pickled npz": {**tiny(), "x_train": np.array([{"a": 1}], dtype=object)},
    "flat images": {**tiny(), "x_train": np.zeros((6, 784), np.uint8)},
    "float images": {**tiny(), "x_train": np.zeros((6, 28, 28))},
    "fewer labels": {**tiny(), "y_train": np.zeros(5, np.uint8)},
}


@pytest.mark.parametrize("name", [*DAMAGED_IDX, *DAMAGED_NPZ, "truncated npz", "text", "lacks a file"])
def test_a_damaged_or_foreign_file_is_refused_by_name(name, tmp_path, nowhere):
    place = damage(name)(tmp_path / "place")
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        datasets.mnist(full=True, path=str(place))
    assert str(place) in str(error.value)


# The download


@pytest.fixture
def mirror(tmp_path, monkeypatch, nowhere):
    """Serve a tiny MNIST from this machine instead of the mirrors; return its folder and the requests."""
    folder, asked = write_idx(tmp_path / "served", tiny(), packed=True), []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_request(self, *arguments):
            asked.append(self.path)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        good = f"http://127.0.0.1:{server.server_port}/"
        digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.glob("*.gz")}
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(datasets, "MNIST_MIRRORS", (good + "gone/", good))
        monkeypatch.setattr(datasets, "MNIST_SHA256", {name: digests[name] for name in datasets.MNIST_SHA256})
        yield folder, asked
        server.shutdown()


def test_a_download_happens_once_when_it_is_allowed_and_passes_over_a_dead_mirror(mirror, nowhere, capsys):
    asked = mirror[1]
    with pytest.raises(FileNotFoundError):
        datasets.mnist(full=True)
    assert not asked, "nothing may be loaded without download=True"
    assert_is(datasets.mnist(full=True, download=True), tiny())
    assert "6 + 3 images from the download" in capsys.readouterr().out
    assert len(asked) == 8, "each file once from the dead mirror and once from the other"
    assert_is(datasets.mnist(full=True, download=True), tiny())
    assert "from the user's cache (mnist)" in capsys.readouterr().out
    assert len(asked) == 8


def test_a_download_with_the_wrong_hash_is_refused_and_not_kept(mirror, nowhere):
    name = "train-labels-idx1-ubyte.gz"
    (mirror[0] / name).write_bytes(gzip.compress(b"other bytes"))
    with pytest.raises(OSError, match=f"could not download {name}.*hash"):
        datasets.mnist(full=True, download=True)
    assert not (nowhere / "mnist" / name).exists()
    with pytest.raises(FileNotFoundError):
        datasets.mnist(full=True)


def test_only_plain_https_addresses_and_sha256_are_pinned():
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in datasets.MNIST_MIRRORS)
    assert [name.removesuffix(".gz") for name in datasets.MNIST_SHA256] == list(datasets.IDX_FILES.values())
    assert all(len(digest) == 64 and int(digest, 16) for digest in datasets.MNIST_SHA256.values())


# Splits, labels, scalers


def rows(n=200):
    """Return n rows that can be told apart, and labels of which three quarters are 0."""
    return np.arange(2.0 * n).reshape(n, 2), (np.arange(n) % 4 == 0).astype(int)


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("fractions", [(0.7, 0.15, 0.15), (0.8, 0.2), (0.5, 0.25), (1.0,)])
def test_the_parts_of_a_split_share_no_row_and_keep_each_label_with_its_row(fractions, stratify):
    x, y = rows()
    parts = datasets.split(x, y, fractions, seed=5, stratify=stratify)
    assert [len(part) for part, _ in parts] == [round(200 * fraction) for fraction in fractions]
    together = np.concatenate([part for part, _ in parts])[:, 0]
    assert len(np.unique(together)) == len(together) == round(200 * sum(fractions))
    for part, labels in parts:
        np.testing.assert_array_equal(labels, y[(part[:, 0] / 2).astype(int)])
        assert (np.diff(part[:, 0]) < 0).any(), "the rows are shuffled"


def test_a_stratified_split_keeps_the_proportions_of_the_classes():
    x, y = rows()
    for _, labels in datasets.split(x, y, (0.6, 0.2, 0.2), stratify=True):
        assert labels.mean() == 0.25


def test_a_split_depends_on_its_seed_alone():
    x, y = rows()
    first, again, other = (datasets.split(x, y, seed=seed)[0][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_scaler_fitted_on_the_training_part_knows_nothing_of_the_test_part():
    x, y = rows()
    (train, _), (test, _) = datasets.split(x, y, (0.5, 0.5))
    scaler = datasets.StandardScaler().fit(train)
    np.testing.assert_array_equal(scaler.offset, train.mean(axis=0))
    assert abs(scaler.transform(test).mean()) > 1e-3


SCALERS = {
    datasets.StandardScaler: lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    datasets.MinMaxScaler: lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)),
}


@pytest.mark.parametrize("kind", SCALERS)
def test_a_scaler_follows_its_formula_and_goes_back(kind):
    x = np.random.default_rng(0).normal([3, -200, 0.01], [1, 50, 1e-4], (40, 3))
    scaler = kind()
    z = scaler.fit_transform(x)
    np.testing.assert_allclose(z, SCALERS[kind](x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaler.inverse_transform(z), x, rtol=1e-12)
    np.testing.assert_array_equal(scaler.transform(x[:5]), z[:5])


@pytest.mark.parametrize("kind", SCALERS)
def test_a_constant_column_becomes_zero_and_comes_back(kind):
    x = np.column_stack([np.full(7, 0.1), np.arange(7.0)])
    scaler = kind()
    z = scaler.fit_transform(x)
    assert (z[:, 0] == 0).all() and np.isfinite(z).all()
    np.testing.assert_allclose(scaler.inverse_transform(z), x, rtol=1e-15)


@pytest.mark.parametrize("kind", SCALERS)
def test_scalers_keep_float32_and_take_integers_and_images(kind):
    images = datasets.digits()[0][:50]
    assert kind().fit_transform(images).dtype == np.float64
    assert kind().fit_transform(images.astype(np.float32)).dtype == np.float32
    assert kind().fit_transform(images).shape == (50, 8, 8)
    low = kind().fit_transform(np.array([[-128], [127]], np.int8))
    assert low[0] < low[1], "the range of small integers does not overflow"


def test_one_hot_rows_hold_a_single_one():
    np.testing.assert_array_equal(datasets.one_hot([2, 0, 1]), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert datasets.one_hot(np.array([1, 0], np.uint8), 5).shape == (2, 5)


X, Y = rows(8)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: datasets.split(X, Y[:7]), "y must have as many samples as x, 8, got 7"),
        (lambda: datasets.split(X, Y, (0.9, 0.2)), r"fractions must sum to at most 1, got \(0.9, 0.2\)"),
        (lambda: datasets.split(X, Y, (0.9, 0)), "each fraction must be a number > 0, got 0"),
        (lambda: datasets.split(X, Y, (1.2, -0.2)), "each fraction must be a number > 0, got -0.2"),
        (lambda: datasets.split(X, Y, ()), "fractions must sum to at most 1"),
        (lambda: datasets.split(X[:2], Y[:2]), "2 rows are too few"),
        (lambda: datasets.split(X, Y, stratify=True), "2 rows of one class are too few"),
        (
            lambda: datasets.split(X, np.eye(8), (0.5, 0.5), stratify=True),
            r"labels of shape \(n,\), got \(8, 8\)",
        ),
        (lambda: datasets.one_hot([0.0, 1.0]), "labels must be integers, got dtype float64"),
        (lambda: datasets.one_hot([0, 3], 3), "labels must be 0 … 2 for num_classes=3, got 3"),
        (lambda: datasets.one_hot([0, -1]), "labels must be 0 … 0 for num_classes=1, got -1"),
        (lambda: datasets.StandardScaler().transform(X), "StandardScaler has seen no data yet"),
        (lambda: datasets.MinMaxScaler().fit(X).transform(X[:, :1]), r"\(batch, 2\), got \(8, 1\)"),
        (lambda: datasets.StandardScaler().fit([[np.nan]]), "NaN"),
        (lambda: datasets.StandardScaler().fit(np.empty((0, 3))), r"at least one sample, got shape \(0, 3\)"),
    ],
)
def test_bad_preparation_is_refused_with_what_came_and_what_would_be_right(call, message):
    with pytest.raises(ValueError, match=message):
        call()
