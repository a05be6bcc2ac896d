"""Data sets as plain arrays, offline, and what prepares them: splits, one-hot labels, scalers.

Rows are samples. Made-up sets have float64 features and int64 labels, which go round the classes in turn:
0, 1, 0, 1, …, so that any run of rows holds them all. The same ``seed`` gives the same rows.
"""

from __future__ import annotations

import os

import numpy as np

from nnbook import checks, utils

DATA = os.path.join(os.path.dirname(__file__), "data")
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
LAYOUTS = "an .npz file with x_train, y_train, x_test, y_test or a folder with the four IDX files"
MNIST_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
FASHION_CLASSES = [
    *("T-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
]
FASHION_DEBIAN = "/usr/share/datasets/fashion-mnist"
PENGUIN_SPECIES = ["Adelie", "Chinstrap", "Gentoo"]
PENGUIN_FEATURES = [
    *("bill length (mm)", "bill depth (mm)", "flipper length (mm)", "body mass (g)"),
    *("island Biscoe", "island Dream", "island Torgersen", "male"),
]


# Images


def mnist(*, full: bool = False, path: str | None = None, download: bool = False) -> tuple:
    """Return handwritten digits as Keras does: ``(x_train, y_train), (x_test, y_test)``, all uint8.

    Images have shape (n, 28, 28) and values 0 … 255; labels have shape (n,). The 10,000 and 2,000 that come
    with the book are the first training images and every fifth test image of the full 60,000 and 10,000.

    Args:
        full: return the full set and print where it came from: ``path``, else what the variable
            ``NNBOOK_MNIST`` names, else the user's cache, else a download.
        path: an ``.npz`` file in Keras's layout, or a folder with the four IDX files, packed (.gz) or not.
        download: allow the download, once, into the user's cache; each file's SHA-256 is checked.

    Raises:
        FileNotFoundError: the full set is nowhere to be found; the message says what to do.
        ValueError: a file is damaged, or holds something else.
        OSError: the download failed.
    """
    if not full:
        if path is not None or download:
            raise ValueError("path and download are for the full set: mnist(full=True, …)")
        return _pairs(os.path.join(DATA, "mnist_subset.npz"))
    found = _find("NNBOOK_MNIST", path, _cached("mnist"))
    if found is None and download:
        found = "the download", _download(os.path.join(cache_folder(), "mnist"))
    if found is None:
        raise FileNotFoundError(
            f"the full MNIST set is not in {cache_folder()}; do one of three things: give its place with "
            f"mnist(full=True, path=…), {LAYOUTS}; or let the variable NNBOOK_MNIST name that place; "
            "or have it downloaded once with mnist(full=True, download=True)"
        )
    return _announce("MNIST", *found)


def fashion_mnist(*, path: str | None = None) -> tuple:
    """Return 60,000 + 10,000 pictures of clothes like ``mnist``; ``FASHION_CLASSES`` names the labels.

    They come from ``path``, else what the variable ``NNBOOK_FASHION_MNIST`` names, else the Debian package,
    else the user's cache, else Keras's cache; a line that is printed says from which.

    Raises:
        FileNotFoundError: the set is nowhere to be found; the message says what to do.
        ValueError: a file is damaged, or holds something else.
    """
    keras = os.path.join(os.environ.get("KERAS_HOME") or _home(".keras"), "datasets", "fashion-mnist")
    places = [("the Debian package", FASHION_DEBIAN), *_cached("fashion-mnist"), ("Keras's cache", keras)]
    found = _find("NNBOOK_FASHION_MNIST", path, places)
    if found is None:
        raise FileNotFoundError(
            "Fashion-MNIST is not on this machine; do one of three things: install it (on Debian and Ubuntu: "
            f"package dataset-fashion-mnist); give its place with fashion_mnist(path=…), {LAYOUTS}; "
            "or let the variable NNBOOK_FASHION_MNIST name that place"
        )
    return _announce("Fashion-MNIST", *found)


def digits() -> tuple:
    """Return small handwritten digits: images (1797, 8, 8), values 0 … 16, and labels (1797,), both uint8."""
    return _shipped("digits.npz")


def penguins() -> tuple:
    """Return the Palmer penguins: features (333, 8) float64, species (333,) int64.

    ``PENGUIN_FEATURES`` names the columns: four measurements as they were taken, the island as three
    columns of 0 and 1, and 1 for a male. ``PENGUIN_SPECIES`` names the labels. The eleven birds of the 344
    with a missing value are left out.
    """
    return _shipped("penguins.npz")


def cache_folder() -> str:
    """Return the folder in which this user's downloads are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or _home(".cache")
    return os.path.join(base, "nnbook")


# The two sets of the articles


def thermometer() -> tuple:
    """Return the ten rows 00000000, 00000001, 00000011, … 11111111 (the last one twice) and their labels.

    Features (10, 8), labels (10,): 0 for the first row and 1 for all others, which is the OR of the bits.
    """
    ones = np.minimum(np.arange(10), 8)
    x = (np.arange(8) >= 8 - ones[:, None]).astype(float)
    return x, (ones > 0).astype(np.int64)


def random_labels(n: int = 1000, n_features: int = 8, *, seed: int = 0) -> tuple:
    """Return features (n, n_features), uniform in [0, 1), and labels (n,), 0 or 1 by chance."""
    rng = np.random.default_rng(seed)
    x = rng.random((checks.integer("n", n), checks.integer("n_features", n_features)))
    return x, rng.integers(0, 2, n)


# Shapes in the plane


def xor(n: int = 4, noise: float = 0.0, *, seed: int = 0) -> tuple:
    """Return corners of the unit square (n, 2), in turn, and the exclusive or of their coordinates (n,).

    The defaults are the truth table. ``noise`` is the standard deviation of what is added to the corners.
    """
    corner = np.arange(checks.integer("n", n)) % 4
    x = np.stack([corner // 2, corner % 2], axis=1)
    return _blur(x, noise, np.random.default_rng(seed)), x[:, 0] ^ x[:, 1]


def moons(n: int = 200, noise: float = 0.1, *, seed: int = 0) -> tuple:
    """Return two half circles that reach into each other: points (n, 2), labels (n,), 0 or 1."""
    rng, y = np.random.default_rng(seed), _turns(n, 2)
    angle = np.pi * rng.random(n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _blur(np.where(y[:, None] == 0, upper, [1, 0.5] - upper), noise, rng), y


def circles(n: int = 200, noise: float = 0.05, *, factor: float = 0.5, seed: int = 0) -> tuple:
    """Return points (n, 2) on a circle of radius 1 (label 0) and on one of radius ``factor`` (label 1)."""
    checks.fraction("factor", factor)
    rng, y = np.random.default_rng(seed), _turns(n, 2)
    angle = 2 * np.pi * rng.random(n)
    radius = np.where(y == 0, 1.0, factor)
    return _blur(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), noise, rng), y


def spirals(
    n: int = 200, noise: float = 0.02, *, turns: float = 1.25, classes: int = 2, seed: int = 0
) -> tuple:
    """Return one arm a class, wound ``turns`` times around the origin out to radius 1: points (n, 2)."""
    checks.non_negative("turns", turns)
    rng, y = np.random.default_rng(seed), _turns(n, checks.integer("classes", classes))
    radius = np.sqrt(0.01 + 0.99 * rng.random(n))
    angle = 2 * np.pi * (turns * radius + y / classes)
    return _blur(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), noise, rng), y


def blobs(n: int = 300, noise: float = 0.5, *, centers=3, seed: int = 0) -> tuple:
    """Return round clouds, one a class: points (n, d), labels (n,).

    ``centers`` is an array (classes, d), or a number of classes: then they lie on a circle of radius 2.
    """
    if np.ndim(centers) == 0:
        angle = 2 * np.pi * np.arange(checks.integer("centers", centers)) / centers
        centers = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centers = checks.features(centers, None, "centers")
    y = _turns(n, len(centers))
    return _blur(centers[y], noise, np.random.default_rng(seed)), y


def line(n: int = 100, slope: float = 2.0, intercept: float = 1.0, noise=0.1, *, seed: int = 0) -> tuple:
    """Return x (n, 1), uniform in [−1, 1), and y (n, 1) = slope x + intercept + noise, for regression."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (checks.integer("n", n), 1))
    y = checks.finite("slope", slope) * x + checks.finite("intercept", intercept)
    return x, _blur(y, noise, rng)


# Preparation


def split(x, y, fractions=(0.7, 0.15, 0.15), *, seed: int = 0, stratify: bool = False) -> tuple:
    """Return one pair ``(x, y)`` a fraction, of shuffled rows: ``(x_train, y_train), (x_val, y_val), …``.

    No row is in two parts; fractions that sum to less than 1 leave rows out. With ``stratify`` each part
    holds the classes in the same proportions, as nearly as whole rows allow; labels are then (n,).

    Raises:
        ValueError: x and y differ in length, a fraction is impossible, or a part would be empty.
    """
    x = checks.array("x", x)
    y = checks.same_length("y", checks.array("y", y), len(x))
    shares = [checks.positive("each fraction", fraction) for fraction in fractions]
    if not 0 < sum(shares) <= 1 + 1e-9:
        raise ValueError(f"fractions must sum to at most 1, got {tuple(fractions)}")
    if stratify and y.size != len(y):
        raise ValueError(f"stratify needs labels of shape (n,), got {y.shape}")
    groups = [np.ravel(y) == label for label in np.unique(y)] if stratify else [np.ones(len(x), bool)]
    rng = np.random.default_rng(seed)
    pieces = [_cut(rng.permutation(np.flatnonzero(group)), shares, stratify) for group in groups]
    parts = [rng.permutation(np.concatenate(part)) for part in zip(*pieces, strict=True)]
    return tuple((x[rows], y[rows]) for rows in parts)


def one_hot(y, num_classes: int | None = None) -> np.ndarray:
    """Return integer labels (n,) as rows (n, num_classes) that hold a single 1.

    Raises:
        ValueError: the labels are no integers, negative, or not below ``num_classes``.
    """
    y = checks.array("y", y)
    if y.dtype.kind == "f":
        raise ValueError(f"labels must be integers, got dtype {y.dtype}")
    return utils.to_categorical(y, num_classes)


class Scaler:
    """What both scalers share: (x − offset) / scale, column by column, once ``fit`` has found these two."""

    def transform(self, x) -> np.ndarray:
        """Return ``x`` scaled; float32 stays float32, integers become float64."""
        x, offset, scale = self._fitted(x)
        return (x - offset) / scale

    def inverse_transform(self, x) -> np.ndarray:
        """Return what ``transform`` turned into ``x``."""
        x, offset, scale = self._fitted(x)
        return x * scale + offset

    def fit_transform(self, x) -> np.ndarray:
        """Return ``fit(x).transform(x)``: for training rows only, the others get ``transform``."""
        return self.fit(x).transform(x)

    def _fitted(self, x):
        if not hasattr(self, "scale"):
            raise ValueError(
                f"{type(self).__name__} has seen no data yet: call fit with the training rows first"
            )
        x = checks.features(x, self.scale.shape)
        dtype = x.dtype if x.dtype.kind == "f" else float
        return x, self.offset.astype(dtype), self.scale.astype(dtype)


class StandardScaler(Scaler):
    """Standardise columns: (x − mean) / standard deviation, both of the rows given to ``fit``.

    ``offset`` is the mean and ``scale`` the standard deviation. A constant column becomes 0.
    """

    def fit(self, x) -> StandardScaler:
        """Learn mean and standard deviation of each column of ``x``."""
        x = checks.features(x, None)
        constant = x.min(axis=0) == x.max(axis=0)
        self.offset = np.where(constant, x[0], x.mean(axis=0, dtype=float))
        self.scale = np.where(constant, 1.0, x.std(axis=0, dtype=float))
        return self


class MinMaxScaler(Scaler):
    """Bring columns to [0, 1]: (x − lowest) / (highest − lowest), both of the rows given to ``fit``.

    ``offset`` is the lowest value and ``scale`` the range. Later rows may leave [0, 1]; a constant column
    becomes 0.
    """

    def fit(self, x) -> MinMaxScaler:
        """Learn lowest value and range of each column of ``x``."""
        x = checks.features(x, None)
        self.offset = x.min(axis=0).astype(float)
        reach = x.max(axis=0) - self.offset
        self.scale = np.where(reach == 0, 1.0, reach)
        return self


# How it is done


def _turns(n, classes):
    """Return labels 0, 1, …, classes − 1, 0, 1, … of length n."""
    return np.arange(checks.integer("n", n)) % classes


def _blur(x, noise, rng):
    """Return ``x`` with normal noise of that standard deviation added."""
    return x + checks.non_negative("noise", noise) * rng.standard_normal(x.shape)


def _cut(rows, shares, stratify):
    """Return ``rows`` in pieces of these shares, cut at whole rows, without what is left over."""
    ends = np.rint(np.cumsum(shares) * len(rows)).astype(int)
    pieces = np.split(rows, ends)[: len(shares)]
    if min(map(len, pieces)) == 0:
        of = "rows of one class" if stratify else "rows"
        raise ValueError(f"{len(rows)} {of} are too few for fractions {tuple(shares)}: a part would be empty")
    return pieces


def _shipped(name):
    """Return x and y of a file that comes with the package."""
    with np.load(os.path.join(DATA, name), allow_pickle=False) as arrays:
        return arrays["x"], arrays["y"]


def _home(folder):
    return os.path.join(os.path.expanduser("~"), folder)


def _cached(name):
    """Return where a set may lie in the user's cache: a folder, or one file."""
    place = os.path.join(cache_folder(), name)
    return [("the user's cache", place), ("the user's cache", f"{place}.npz")]


def _find(variable, path, places):
    """Return how the set was found and where, or None."""
    for way, place in (("the given path", path), (f"the variable {variable}", os.environ.get(variable))):
        if place and not os.path.exists(place):
            raise FileNotFoundError(f"{way} names {place}, which does not exist; it must be {LAYOUTS}")
        if place:
            return way, place
    return next(((way, place) for way, place in places if _whole(place)), None)


def _whole(place):
    """Say whether a set is there: one file, or all four."""
    return os.path.isfile(place) or all(_idx_path(place, name) for name in IDX_FILES.values())


def _idx_path(folder, name):
    """Return the path of an IDX file, packed or not, or None."""
    paths = (os.path.join(folder, name + ending) for ending in ("", ".gz"))
    return next(filter(os.path.isfile, paths), None)


def _announce(name, way, place):
    """Load the set at ``place`` and print one line about it."""
    train, test = _pairs(place)
    file = os.path.basename(os.path.normpath(place))
    print(f"{name}: {len(train[0]):,} + {len(test[0]):,} images from {way} ({file})")
    return train, test


def _pairs(place):
    """Return ``(x_train, y_train), (x_test, y_test)`` from an .npz file or a folder of IDX files."""
    arrays = _idx_folder(place) if os.path.isdir(place) else _npz(place)
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.ndim != 3 or y.shape != x.shape[:1] or not x.dtype == y.dtype == np.uint8:
            raise ValueError(
                f"{place}: expected uint8 images (n, height, width) and labels (n,) for {part}, "
                f"got {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])


def _npz(path):
    """Return the four arrays of an .npz file; never unpickles."""
    import zipfile
    import zlib

    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in IDX_FILES}
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"cannot read {path}: {error}; it must be {LAYOUTS}") from error


def _idx_folder(folder):
    """Return the four arrays of a folder of IDX files."""
    paths = {key: _idx_path(folder, name) for key, name in IDX_FILES.items()}
    missing = [IDX_FILES[key] for key, path in paths.items() if path is None]
    if missing:
        raise FileNotFoundError(f"{folder} lacks {', '.join(missing)} (or the same with .gz)")
    return {key: _idx(path) for key, path in paths.items()}


def _idx(path):
    """Return the array in one IDX file: two zeros, the type (8: uint8), the number of axes, sizes, values."""
    import gzip
    import zlib

    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            data = file.read()
        if data[:3] != b"\0\0\x08":
            raise ValueError("it does not start with the bytes 0 0 8")
        axes = data[3]
        sizes = np.frombuffer(data, ">u4", axes, offset=4).tolist()
        return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(sizes).copy()
    except (OSError, ValueError, IndexError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {path} as an IDX file of uint8: {error}") from error


def _download(folder):
    """Fetch the four files, each from the first mirror that gives the right bytes; return the folder."""
    import pooch

    for name, digest in MNIST_SHA256.items():
        problems = []
        for mirror in MNIST_MIRRORS:
            try:
                pooch.retrieve(mirror + name, f"sha256:{digest}", fname=name, path=folder)
                break
            except (OSError, ValueError) as error:
                problems.append(f"{mirror}: {error}")
        else:
            raise OSError(f"could not download {name}; {'; '.join(problems)}")
    return folder
