"""Numbers that tell a person how well a model does, gathered batch by batch."""

from __future__ import annotations

import numpy as np

from nnbook import losses, registry
from nnbook.checks import finite, integer


class Metric(registry.Configurable):
    """Gathers with ``update_state``, tells with ``result``, begins anew with ``reset_state``."""

    def __init__(self, name: str):
        self.name = name
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Take in one batch."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state")

    def result(self) -> float:
        """Return total divided by count, 0 when nothing has been counted."""
        return float(self.total / self.count) if self.count else 0.0

    def reset_state(self):
        """Forget all batches."""
        self.total = self.count = 0.0


class Mean(Metric):
    """The mean of values, one a sample or an array a sample."""

    def __init__(self, name: str = "mean"):
        super().__init__(name)

    def update_state(self, values, sample_weight=None):
        """Take in values of shape (samples, …), with weights of shape (samples,) or nearer to the values'."""
        values, weight = weigh(np.asarray(values, float), sample_weight)
        self.total += values.sum()
        self.count += weight.sum()


def weigh(values: np.ndarray, sample_weight=None) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted values and weights, one a sample: means over all further axes, as in Keras."""
    weight = np.ones(values.shape[:1]) if sample_weight is None else np.asarray(sample_weight, float)
    if losses.same_shape(weight.shape, values.shape):
        weight = weight.reshape(values.shape)
    values = values.mean(axis=tuple(range(weight.ndim, values.ndim)))
    weight = np.broadcast_to(weight, values.shape)
    rest = tuple(range(1, values.ndim))
    return (values * weight).mean(rest), weight.mean(rest)


class MeanMetricWrapper(Mean):
    """The mean of ``fn(y_true, y_pred, **options)``."""

    def __init__(self, fn, name: str | None = None, **options):
        super().__init__(fn.__name__.strip("<>") if name is None else name)
        self.fn = fn
        self.options = options

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(self.fn(y_true, y_pred, **self.options), sample_weight)


# --- how often a model is right ---------------------------------------------------------------------------


def accuracy(y_true, y_pred) -> np.ndarray:
    """Return whether each prediction equals its label."""
    y, p = losses.aligned(y_true, y_pred)
    return p == y


def binary_accuracy(y_true, y_pred, threshold: float = 0.5) -> np.ndarray:
    """Return whether each probability lies on its label's side of the threshold."""
    y, p = losses.aligned(y_true, y_pred)
    return (p > threshold) == y


def categorical_accuracy(y_true, y_pred) -> np.ndarray:
    """Return whether the likeliest class is the one that the one-hot label names."""
    y, p = losses.aligned(y_true, y_pred)
    return y.argmax(axis=-1) == p.argmax(axis=-1)


def sparse_categorical_accuracy(y_true, y_pred) -> np.ndarray:
    """Return whether the likeliest class is the label, a class number."""
    y, p = losses.numbered(y_true, y_pred)
    return y[..., 0] == p.argmax(axis=-1)


def top_k_categorical_accuracy(y_true, y_pred, k: int = 5) -> np.ndarray:
    """Return whether the one-hot label's class is among the k likeliest."""
    y, p = losses.aligned(y_true, y_pred)
    return sparse_top_k_categorical_accuracy(y.argmax(axis=-1), p, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k: int = 5) -> np.ndarray:
    """Return whether fewer than k classes are likelier than the label; never where a score is NaN or inf."""
    y, p = losses.numbered(y_true, y_pred)
    likelier = p > np.take_along_axis(p, y, axis=-1)
    return (likelier.sum(axis=-1) < k) & np.isfinite(p).all(axis=-1)


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels."""

    def __init__(self, name: str = "accuracy"):
        super().__init__(accuracy, name)


class BinaryAccuracy(MeanMetricWrapper):
    """How often probabilities lie on the label's side of the threshold."""

    def __init__(self, name: str = "binary_accuracy", *, threshold: float = 0.5):
        self.threshold = finite("threshold", threshold)
        super().__init__(binary_accuracy, name, threshold=self.threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the likeliest class is the label, given one-hot."""

    def __init__(self, name: str = "categorical_accuracy"):
        super().__init__(categorical_accuracy, name)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the likeliest class is the label, given as a number."""

    def __init__(self, name: str = "sparse_categorical_accuracy"):
        super().__init__(sparse_categorical_accuracy, name)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label, given one-hot, is among the ``k`` likeliest classes."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy"):
        self.k = integer("k", k)
        super().__init__(top_k_categorical_accuracy, name, k=self.k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label, given as a number, is among the ``k`` likeliest classes."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy"):
        self.k = integer("k", k)
        super().__init__(sparse_top_k_categorical_accuracy, name, k=self.k)


# --- hits among what was found, and among what there is ---------------------------------------------------


class HitRate(Metric):
    """Hits divided by all that ``counted`` picks; entries of shape (samples,) or (samples, classes).

    Args:
        thresholds: a probability above it is a yes; 0.5 unless given.
        top_k: only the ``top_k`` largest of each row can be a yes; then there is no threshold unless given.
        class_id: look at this column alone.
    """

    def __init__(
        self,
        thresholds: float | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ):
        super().__init__(type(self).__name__.lower() if name is None else name)
        self.thresholds = None if thresholds is None else finite("thresholds", thresholds)
        self.top_k = None if top_k is None else integer("top_k", top_k)
        self.class_id = None if class_id is None else integer("class_id", class_id, least=0)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y, p = losses.aligned(y_true, y_pred)
        actual, found = y != 0, self.found(p)
        if self.class_id is not None:
            actual, found = actual[..., [self.class_id]], found[..., [self.class_id]]
        weight = 1.0 if sample_weight is None else np.asarray(sample_weight, float)[..., None]
        if np.ndim(weight) == actual.ndim + 1:
            weight = weight[..., 0]
        self.total += (weight * (actual & found)).sum()
        self.count += (weight * self.counted(actual, found)).sum()

    def found(self, y_pred: np.ndarray) -> np.ndarray:
        """Return what the predictions say yes to."""
        if self.top_k is None:
            return y_pred > (0.5 if self.thresholds is None else self.thresholds)
        order = np.argsort(-y_pred, axis=-1, kind="stable")
        largest = np.argsort(order, axis=-1) < self.top_k
        return largest if self.thresholds is None else largest & (y_pred > self.thresholds)

    def counted(self, actual: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Return what the hits are a part of."""
        raise NotImplementedError(f"{type(self).__name__} needs a method counted(actual, found)")


class Precision(HitRate):
    """Of all that the model said yes to, the part that is right."""

    def counted(self, actual, found):
        return found


class Recall(HitRate):
    """Of all that should be yes, the part that the model found."""

    def counted(self, actual, found):
        return actual


def confusion_matrix(y_true, y_pred, num_classes: int | None = None) -> np.ndarray:
    """Return how often class i (row) was taken for class j (column), of two lists of class numbers."""
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
            raise ValueError(
                f"{name} must be class numbers of shape (samples,), got {labels.dtype} of shape "
                f"{labels.shape}; argmax(axis=-1) turns probabilities or one-hot rows into them"
            )
    if len(y_true) != len(y_pred):
        raise ValueError(f"y_true and y_pred must be equally long, got {len(y_true)} and {len(y_pred)}")
    low, high = min(y_true.min(), y_pred.min()), max(y_true.max(), y_pred.max())
    n = int(high) + 1 if num_classes is None else integer("num_classes", num_classes)
    if low < 0 or high >= n:
        raise ValueError(f"class numbers must lie in 0 … {n - 1}, got {low} … {high}")
    pairs = y_true.astype(int) * n + y_pred.astype(int)
    return np.bincount(pairs, minlength=n * n).reshape(n, n)


# --- losses, to be watched --------------------------------------------------------------------------------


class MeanSquaredError(MeanMetricWrapper):
    """The mean squared difference."""

    def __init__(self, name: str = "mean_squared_error"):
        super().__init__(losses.mean_squared_error, name)


class RootMeanSquaredError(MeanMetricWrapper):
    """The root of the mean squared difference over all batches, in the unit of the labels."""

    def __init__(self, name: str = "root_mean_squared_error"):
        super().__init__(losses.mean_squared_error, name)

    def result(self):
        return super().result() ** 0.5


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean absolute difference."""

    def __init__(self, name: str = "mean_absolute_error"):
        super().__init__(losses.mean_absolute_error, name)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(difference))."""

    def __init__(self, name: str = "logcosh"):
        super().__init__(losses.log_cosh, name)


class Hinge(MeanMetricWrapper):
    """The mean hinge loss."""

    def __init__(self, name: str = "hinge"):
        super().__init__(losses.hinge, name)


class SquaredHinge(MeanMetricWrapper):
    """The mean squared hinge loss."""

    def __init__(self, name: str = "squared_hinge"):
        super().__init__(losses.squared_hinge, name)


class KLDivergence(MeanMetricWrapper):
    """The mean Kullback-Leibler divergence."""

    def __init__(self, name: str = "kl_divergence"):
        super().__init__(losses.kl_divergence, name)


class Poisson(MeanMetricWrapper):
    """The mean Poisson loss."""

    def __init__(self, name: str = "poisson"):
        super().__init__(losses.poisson, name)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of yes-or-no labels."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        *,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ):
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, **options)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of one-hot labels."""

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        *,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ):
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.categorical_crossentropy, name, **options)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of labels given as class numbers."""

    def __init__(self, name: str = "sparse_categorical_crossentropy", *, from_logits: bool = False):
        self.from_logits = from_logits
        super().__init__(losses.sparse_categorical_crossentropy, name, from_logits=from_logits)


# --- by name ----------------------------------------------------------------------------------------------

METRICS = {
    "Accuracy": Accuracy,
    "BinaryAccuracy": BinaryAccuracy,
    "BinaryCrossentropy": BinaryCrossentropy,
    "CategoricalAccuracy": CategoricalAccuracy,
    "CategoricalCrossentropy": CategoricalCrossentropy,
    "Hinge": Hinge,
    "KLDivergence": KLDivergence,
    "LogCoshError": LogCoshError,
    "Mean": Mean,
    "MeanAbsoluteError": MeanAbsoluteError,
    "MeanSquaredError": MeanSquaredError,
    "Poisson": Poisson,
    "Precision": Precision,
    "Recall": Recall,
    "RootMeanSquaredError": RootMeanSquaredError,
    "SparseCategoricalAccuracy": SparseCategoricalAccuracy,
    "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
    "SparseTopKCategoricalAccuracy": SparseTopKCategoricalAccuracy,
    "SquaredHinge": SquaredHinge,
    "TopKCategoricalAccuracy": TopKCategoricalAccuracy,
    "accuracy": Accuracy,
    "binary_accuracy": BinaryAccuracy,
    "binary_crossentropy": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "categorical_accuracy": CategoricalAccuracy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "hinge": Hinge,
    "kl_divergence": KLDivergence,
    "log_cosh_error": LogCoshError,
    "mean": Mean,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "poisson": Poisson,
    "precision": Precision,
    "recall": Recall,
    "root_mean_squared_error": RootMeanSquaredError,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "squared_hinge": SquaredHinge,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
}


def get(
    identifier, loss=None, y_true_shape: tuple | None = None, y_pred_shape: tuple | None = None
) -> Metric:
    """Return the metric that a name, a function of (y_true, y_pred), a class, or an object stands for.

    "accuracy" and "acc" mean the kind of accuracy that fits the shapes. As in Keras 3 the loss has no say
    in it, and a metric asked for by a name goes by that very name.
    """
    if isinstance(identifier, str):
        if identifier.lower() in ("accuracy", "acc"):
            return accuracy_for(y_true_shape, y_pred_shape)(name=identifier)
        return registry.lookup(identifier, METRICS, "metric")(name=identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, Metric):
        return identifier
    if callable(identifier):
        return MeanMetricWrapper(identifier, getattr(identifier, "name", None))
    return registry.get(identifier, METRICS, "metric")


def accuracy_for(y_true_shape: tuple | None, y_pred_shape: tuple | None) -> type[Metric]:
    """Return the accuracy that fits labels and predictions of these shapes, by Keras's rule."""
    if y_true_shape is None or y_pred_shape is None:
        return Accuracy
    if y_pred_shape[-1] == 1:
        return BinaryAccuracy
    if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1:
        return SparseCategoricalAccuracy
    return CategoricalAccuracy
