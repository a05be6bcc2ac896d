"""Layers: what each computes from its input, and how it sends a gradient back."""

from __future__ import annotations

import math

import numpy as np

from nnbook import activations, checks, initializers, regularizers
from nnbook.registry import Configurable


class Input:
    """The shape of one sample; the first thing in a model, and no layer: it computes nothing.

    Args:
        shape: sizes without the batch, such as ``(8,)``.
    """

    def __init__(self, shape: tuple[int, ...]):
        self.shape = checks.shape("the shape of Input", shape)


class Layer(Configurable):
    """One step of a network. Rows are samples; shapes leave the batch out.

    A subclass gives ``forward`` and ``backward``, and ``weight_specs`` where it has weights.
    After ``build``, ``params`` holds the arrays that training changes and ``state`` those that it does not;
    after ``backward``, ``grads`` holds the gradient of each parameter under the parameter's name.

    Args:
        name: what the layer is called in ``summary`` and in files; the model finds one where none is given.
        input_shape: shape of one sample, for a first layer without an ``Input`` before it.
        input_dim: the same for samples that are vectors: ``input_dim=8`` means ``input_shape=(8,)``.
    """

    stream = "weights"  # which family of random numbers the layer draws from; see Sequential
    non_trainable: tuple[str, ...] = ()

    def __init__(self, *, name: str | None = None, input_shape=None, input_dim: int | None = None):
        if input_dim is not None:
            input_shape = (input_dim,)
        self.name = name
        self.input_shape = None if input_shape is None else checks.shape("input_shape", input_shape)
        self.built = self.taken = False  # taken: it belongs to a model
        self.params, self.grads, self.state, self.regularizers = {}, {}, {}, {}

    def get_config(self) -> dict:
        own = {} if type(self).__init__ is Layer.__init__ else super().get_config()
        return {**own, "name": self.name}

    def weight_specs(self, input_shape: tuple[int, ...]) -> dict:
        """Return each weight's name with its shape and its initialiser, in Keras's order."""
        return {}

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one output for the shape of one input."""
        return tuple(input_shape)

    def build(self, input_shape: tuple[int, ...], rng: np.random.Generator, dtype: str = "float32"):
        """Make the weights for inputs of ``input_shape``, their values drawn from ``rng``."""
        for name, (shape, initializer) in self.weight_specs(input_shape).items():
            home = self.state if name in self.non_trainable else self.params
            home[name] = initializer(shape, dtype, rng)
        self.input_shape, self.rng, self.built = tuple(input_shape), rng, True

    def forward(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the layer's output and keep what ``backward`` needs."""
        raise NotImplementedError(f"{type(self).__name__} needs a forward method")

    def backward(self, grad: np.ndarray) -> np.ndarray:
        """Take the loss's gradient at the output, fill ``grads``, return the gradient at the input."""
        raise NotImplementedError(f"{type(self).__name__} needs a backward method")

    @property
    def weights(self) -> list[np.ndarray]:
        """The layer's own arrays, trainable ones first."""
        return [*self.params.values(), *self.state.values()]

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the layer's weights."""
        return [w.copy() for w in self.weights]

    def set_weights(self, weights: list[np.ndarray]):
        """Copy ``weights`` into the layer; all shapes are checked first."""
        assign(self.weights, weights, self.name)

    def count_params(self) -> int:
        """Return how many numbers the layer holds."""
        return sum(w.size for w in self.weights)

    def penalty(self) -> float:
        """Return what the layer's regularisers add to the loss."""
        return sum(float(r(self.params[name])) for name, r in self.regularizers.items())

    def add_penalty_gradients(self):
        """Add the regularisers' gradients to ``grads``."""
        for name, regularizer in self.regularizers.items():
            self.grads[name] = self.grads[name] + regularizer.gradient(self.params[name])


def assign(targets: list[np.ndarray], values: list[np.ndarray], owner: str):
    """Copy each value into its target, once all of them are seen to fit."""
    values = [np.asarray(v, float) for v in values]
    ours, theirs = [t.shape for t in targets], [v.shape for v in values]
    if ours != theirs:
        raise ValueError(f"{owner} expected weights of shapes {ours}, got {theirs}")
    for target, value in zip(targets, values, strict=True):
        target[...] = value


def rows(x: np.ndarray) -> np.ndarray:
    """Return ``x`` as a matrix, one row for each vector along its last axis."""
    return x.reshape(-1, x.shape[-1])


class Dense(Layer):
    """Fully connected layer: ``activation(x @ W + b)``, x of shape (batch, …, n_in), W of (n_in, units)."""

    def __init__(
        self,
        units: int,
        activation=None,
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = checks.integer("units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        both = {"W": self.kernel_regularizer, "b": self.bias_regularizer if use_bias else None}
        self.regularizers = {name: r for name, r in both.items() if r is not None}

    def weight_specs(self, input_shape):
        W = {"W": ((input_shape[-1], self.units), self.kernel_initializer)}
        return W | {"b": ((self.units,), self.bias_initializer)} if self.use_bias else W

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def forward(self, x, training=False):
        if x.shape[1:] != self.input_shape:
            raise ValueError(
                f"Dense expected inputs of shape {checks.batch_of(self.input_shape)}, got {x.shape}"
            )
        self.x = x
        self.z = x @ self.params["W"] + self.params.get("b", 0)
        return self.activation(self.z)

    def backward(self, grad):
        return self.backward_z(activations.backward(self.activation, self.z, grad))

    def backward_z(self, dz):
        """Go back from the gradient at z, before the activation; see ``models.PAIRS``."""
        self.grads["W"] = rows(self.x).T @ rows(dz)
        if self.use_bias:
            self.grads["b"] = rows(dz).sum(axis=0)
        return dz @ self.params["W"].T

    @property
    def kernel(self) -> np.ndarray:
        """W, under Keras's name."""
        return self.params["W"]

    @property
    def bias(self) -> np.ndarray:
        """b, under Keras's name."""
        return self.params["b"]


class Activation(Layer):
    """An activation function as a layer of its own."""

    stream = None

    def __init__(self, activation, **kwargs):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.options = {}

    def forward(self, x, training=False):
        self.z = x
        return self.activation(x, **self.options)

    def backward(self, grad):
        return activations.backward(self.activation, self.z, grad, **self.options)

    def backward_z(self, dz):
        """Go back from the gradient at z, which is this layer's input; see ``models.PAIRS``."""
        return dz


class ReLU(Activation):
    """``max(0, x)``, with a slope below zero and a largest value if wanted."""

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, **kwargs):
        super().__init__("relu", **kwargs)
        self.max_value = None if max_value is None else checks.non_negative("max_value", max_value)
        self.negative_slope = checks.non_negative("negative_slope", negative_slope)
        self.options = {"max_value": self.max_value, "negative_slope": self.negative_slope}


class LeakyReLU(Activation):
    """ReLU with a small slope below zero."""

    def __init__(self, negative_slope: float = 0.3, **kwargs):
        super().__init__("leaky_relu", **kwargs)
        self.negative_slope = checks.non_negative("negative_slope", negative_slope)
        self.options = {"negative_slope": self.negative_slope}


class ELU(Activation):
    """Exponential linear unit; ``alpha`` is minus its limit on the left."""

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__("elu", **kwargs)
        self.alpha = checks.non_negative("alpha", alpha)
        self.options = {"alpha": self.alpha}


class Softmax(Activation):
    """Softmax over the last axis."""

    def __init__(self, **kwargs):
        super().__init__("softmax", **kwargs)


class Flatten(Layer):
    """Each sample as one vector, its values in the order in which they lie in memory."""

    stream = None

    def compute_output_shape(self, input_shape):
        return (math.prod(input_shape),)

    def forward(self, x, training=False):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad):
        return grad.reshape(self.shape)


class Rescaling(Layer):
    """``scale * x + offset``, such as ``Rescaling(1 / 255)`` for pixels."""

    stream = None

    def __init__(self, scale: float, offset: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = checks.finite("scale", scale)
        self.offset = checks.finite("offset", offset)

    def forward(self, x, training=False):
        return x * self.scale + self.offset

    def backward(self, grad):
        return grad * self.scale


class Dropout(Layer):
    """While training, sets a random ``rate`` of the values to zero and divides the others by ``1 - rate``.

    Srivastava et al. 2014, in the "inverted" form, which leaves prediction as it is.
    """

    stream = "dropout"

    def __init__(self, rate: float, **kwargs):
        super().__init__(**kwargs)
        self.rate = checks.fraction("rate", rate)
        self.mask = 1.0

    def forward(self, x, training=False):
        self.mask = 1.0
        if training and self.rate > 0:
            keep = 1 - self.rate
            self.mask = ((self.rng.random(x.shape) < keep) / keep).astype(x.dtype)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class BatchNormalization(Layer):
    """Each feature with the mean 0 and variance 1 of its batch, then scaled by gamma and moved by beta.

    In prediction, the running averages of the batches' means and variances take the batch's place.
    Ioffe & Szegedy 2015, algorithm 1.
    """

    stream = None
    non_trainable = ("moving_mean", "moving_variance")

    def __init__(
        self,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.momentum = checks.fraction("momentum", momentum)
        self.epsilon = checks.non_negative("epsilon", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def weight_specs(self, input_shape):
        n = input_shape[-1:]
        specs = {"gamma": (n, self.gamma_initializer)} if self.scale else {}
        specs |= {"beta": (n, self.beta_initializer)} if self.center else {}
        specs["moving_mean"] = (n, self.moving_mean_initializer)
        specs["moving_variance"] = (n, self.moving_variance_initializer)
        return specs

    def forward(self, x, training=False):
        self.training = training
        mean, variance = self.state["moving_mean"], self.state["moving_variance"]
        if training:
            batch_mean, batch_variance = rows(x).mean(axis=0), rows(x).var(axis=0)
            mean += (batch_mean - mean) * (1 - self.momentum)
            variance += (batch_variance - variance) * (1 - self.momentum)
            mean, variance = batch_mean, batch_variance
        self.std = np.sqrt(variance + self.epsilon)
        self.x_hat = (x - mean) / self.std
        return self.params.get("gamma", 1) * self.x_hat + self.params.get("beta", 0)

    def backward(self, grad):
        dx_hat = scale_and_shift_backward(self, grad)
        axes = tuple(range(grad.ndim - 1))
        return normalize_backward(dx_hat, self.x_hat, self.std, axes) if self.training else dx_hat / self.std


class LayerNormalization(Layer):
    """Each sample with mean 0 and variance 1 over its features, then scaled by gamma and moved by beta.

    Ba, Kiros & Hinton 2016. The same in training and in prediction.
    """

    stream = None

    def __init__(
        self,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.epsilon = checks.non_negative("epsilon", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

    def weight_specs(self, input_shape):
        n = input_shape[-1:]
        specs = {"gamma": (n, self.gamma_initializer)} if self.scale else {}
        return specs | ({"beta": (n, self.beta_initializer)} if self.center else {})

    def forward(self, x, training=False):
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + self.epsilon)
        self.x_hat = (x - x.mean(axis=-1, keepdims=True)) / self.std
        return self.params.get("gamma", 1) * self.x_hat + self.params.get("beta", 0)

    def backward(self, grad):
        return normalize_backward(scale_and_shift_backward(self, grad), self.x_hat, self.std, -1)


def scale_and_shift_backward(layer: Layer, grad: np.ndarray) -> np.ndarray:
    """Fill the gradients of gamma and beta; return the gradient at x_hat."""
    if layer.scale:
        layer.grads["gamma"] = rows(grad * layer.x_hat).sum(axis=0)
    if layer.center:
        layer.grads["beta"] = rows(grad).sum(axis=0)
    return grad * layer.params.get("gamma", 1)


def normalize_backward(dx_hat: np.ndarray, x_hat: np.ndarray, std: np.ndarray, axis) -> np.ndarray:
    """Send a gradient back through ``x_hat = (x - mean) / std``, mean and std taken over ``axis``."""
    mean = dx_hat.mean(axis=axis, keepdims=True)
    along = (dx_hat * x_hat).mean(axis=axis, keepdims=True)
    return (dx_hat - mean - x_hat * along) / std


class Normalization(Layer):
    """Each feature with mean 0 and variance 1, both measured once by ``adapt`` on the training data."""

    stream = None
    non_trainable = ("mean", "variance")

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.adapted = None

    def weight_specs(self, input_shape):
        n = input_shape[-1:]
        return {"mean": (n, initializers.Zeros()), "variance": (n, initializers.Ones())}

    def adapt(self, data: np.ndarray):
        """Measure mean and variance of each feature of ``data``, shape (samples, …, features)."""
        data = rows(checks.features(data, self.input_shape, "data")).astype("float64")
        self.adapted = [data.mean(axis=0), data.var(axis=0)]
        if self.built:
            self.set_weights(self.adapted)

    def build(self, input_shape, rng, dtype="float32"):
        super().build(input_shape, rng, dtype)
        if self.adapted is not None:
            self.set_weights(self.adapted)

    def forward(self, x, training=False):
        self.std = np.maximum(np.sqrt(self.state["variance"]), 1e-7)
        return (x - self.state["mean"]) / self.std

    def backward(self, grad):
        return grad / self.std


LAYERS = {
    kind.__name__: kind
    for kind in (
        Dense,
        Activation,
        ReLU,
        LeakyReLU,
        ELU,
        Softmax,
        Flatten,
        Rescaling,
        Dropout,
        BatchNormalization,
        LayerNormalization,
        Normalization,
    )
}
