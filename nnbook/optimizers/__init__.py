"""Optimisers: how a gradient becomes a step, one update rule a class."""

from __future__ import annotations

import numpy as np

from nnbook import registry
from nnbook.checks import fraction, integer, non_negative, positive
from nnbook.optimizers import schedules
from nnbook.optimizers.schedules import LearningRateSchedule

OPTIONS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "name")


class Optimizer(registry.Configurable):
    """What all optimisers share: learning rate, clipping, weight decay, and slots, which remember.

    A subclass says in ``initial_slots`` what it remembers of each variable, and in ``update`` how one
    variable changes. The rules are elementwise: one long vector gives what its pieces give.

    Args:
        learning_rate: a number >= 0, or a schedule; a number can be changed between steps.
        weight_decay: each step first takes ``weight_decay * learning_rate`` of every variable away.
        clipnorm: shrink each gradient to at most this Euclidean norm.
        clipvalue: clip each gradient's entries to ±clipvalue.
        global_clipnorm: shrink all gradients together to at most this norm.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ):
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {option: positive(option, value) for option, value in clips.items() if value is not None}
        if len(given) > 1:
            raise ValueError(f"give only one of clipnorm, clipvalue and global_clipnorm, got {given}")
        self.learning_rate = learning_rate
        self.weight_decay = None if weight_decay is None else non_negative("weight_decay", weight_decay)
        self.clipnorm = given.get("clipnorm")
        self.clipvalue = given.get("clipvalue")
        self.global_clipnorm = given.get("global_clipnorm")
        self.name = type(self).__name__.lower() if name is None else name
        self.iterations = 0
        self.shapes = None
        self.slots = {}

    @property
    def learning_rate(self) -> float | LearningRateSchedule:
        """The learning rate, or the schedule that gives it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        if not isinstance(value, LearningRateSchedule):
            value = non_negative("learning_rate", value)
            if isinstance(getattr(self, "_learning_rate", None), LearningRateSchedule):
                kind = type(self._learning_rate).__name__
                raise TypeError(
                    f"learning_rate follows {kind} and cannot be set to {value!r}; "
                    f"make the optimizer with a number, or assign another schedule"
                )
        self._learning_rate = value

    @property
    def current_learning_rate(self) -> float:
        """The number that the next step uses."""
        rate = self._learning_rate
        return rate(self.iterations) if isinstance(rate, LearningRateSchedule) else rate

    def initial_slots(self) -> dict:
        """Return name → first value of everything that is remembered of a variable."""
        return {}

    def update(self, w: np.ndarray, g: np.ndarray, lr: np.floating, **slots: np.ndarray):
        """Change ``w``, and its slots, in place by one step for the gradient ``g``."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update(w, g, lr, **slots)")

    def build(self, variables: list[np.ndarray]):
        """Make the slots for ``variables``; does nothing the second time."""
        if self.shapes is not None:
            return
        for w in variables:
            if not (isinstance(w, np.ndarray) and w.dtype.kind == "f"):
                raise ValueError(f"variables must be arrays of floats, got {getattr(w, 'dtype', type(w))}")
        self.shapes = [w.shape for w in variables]
        self.slots = {
            name: [np.full_like(w, value) for w in variables] for name, value in self.initial_slots().items()
        }

    def apply(self, grads: list[np.ndarray], variables: list[np.ndarray]):
        """Take one step: change ``variables`` in place. A gradient that is inf or NaN makes NaN, silently."""
        self.build(variables)
        for what, arrays in (("gradients", grads), ("variables", variables)):
            shapes = [np.shape(array) for array in arrays]
            if shapes != self.shapes:
                raise ValueError(f"expected {what} of shapes {self.shapes}, got {shapes}")
        rate = self.current_learning_rate
        grads = [np.asarray(g, w.dtype) for g, w in zip(grads, variables, strict=True)]
        with np.errstate(all="ignore"):
            for i, (w, g) in enumerate(zip(variables, self.clip(grads), strict=True)):
                lr = w.dtype.type(rate)
                if self.weight_decay is not None:
                    w -= w * self.weight_decay * lr
                self.update(w, g, lr, **{name: arrays[i] for name, arrays in self.slots.items()})
        self.iterations += 1

    def clip(self, grads: list[np.ndarray]) -> list[np.ndarray]:
        """Return the gradients, clipped as the constructor was told."""
        if self.clipnorm is not None:
            return [g * self.clipnorm / np.maximum(norm([g]), self.clipnorm) for g in grads]
        if self.global_clipnorm is not None:
            length = norm(grads)
            scale = self.global_clipnorm * np.minimum(1 / length, 1 / self.global_clipnorm)
            return [g * (scale + (length - length)) for g in grads]  # inf - inf: an infinite norm gives NaN
        if self.clipvalue is not None:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all that changes: what an optimiser needs to go on as if it had never stopped."""
        state = {"iterations": np.array(self.iterations)}
        if not isinstance(self.learning_rate, LearningRateSchedule):
            state["learning_rate"] = np.array(self.learning_rate, "float64")
        for name, arrays in self.slots.items():
            state.update({f"{name}/{i}": array.copy() for i, array in enumerate(arrays)})
        return state

    def set_state(self, state: dict[str, np.ndarray]):
        """Take over what ``state`` gave; call ``build`` first. Nothing changes unless all of it fits."""
        if self.shapes is None:
            raise ValueError(
                "an optimizer has nowhere to put a state before it is built: call build(variables)"
            )
        mine = self.state()
        if set(state) != set(mine):
            missing, extra = sorted(set(mine) - set(state)), sorted(set(state) - set(mine))
            raise ValueError(
                f"the state does not fit {type(self).__name__}: missing {missing}, not expected {extra}"
            )
        given = {name: np.asarray(value) for name, value in state.items()}
        for name, value in mine.items():
            if given[name].shape != value.shape or given[name].dtype.kind != value.dtype.kind:
                raise ValueError(
                    f"state {name!r} expected {value.dtype} of shape {value.shape}, "
                    f"got {given[name].dtype} of shape {given[name].shape}"
                )
        iterations = integer("iterations", int(given["iterations"]), least=0)
        if "learning_rate" in given:
            self.learning_rate = float(given["learning_rate"])
        self.iterations = iterations
        for name, arrays in self.slots.items():
            for i, array in enumerate(arrays):
                array[...] = given[f"{name}/{i}"]

    def get_config(self) -> dict:
        """Return the constructor's arguments as plain values."""
        return super().get_config() | {option: getattr(self, option) for option in OPTIONS}

    @classmethod
    def from_config(cls, config: dict):
        """Return a new optimiser made from what ``get_config`` gave."""
        rate = config.get("learning_rate")
        return cls(
            **config | ({"learning_rate": schedules.deserialize(rate)} if isinstance(rate, dict) else {})
        )


def norm(arrays: list[np.ndarray]) -> np.floating:
    """Return the Euclidean norm of all entries together."""
    return np.sqrt(sum(np.sum(array * array) for array in arrays))


class SGD(Optimizer):
    """Gradient descent, with momentum (Polyak 1964) and Nesterov's look-ahead (Nesterov 1983).

    ``m = momentum * m - lr * g``, then ``w += m``; Nesterov's in the form of Sutskever et al. (2013):
    ``w += momentum * m - lr * g``.
    """

    def __init__(self, learning_rate=0.01, momentum: float = 0.0, nesterov: bool = False, **options):
        super().__init__(learning_rate, **options)
        self.momentum = fraction("momentum", momentum)
        self.nesterov = nesterov

    def initial_slots(self):
        return {"momentum": 0.0} if self.momentum else {}

    def update(self, w, g, lr, momentum=None):
        if momentum is None:
            w -= g * lr
            return
        m = momentum
        m[...] = m * self.momentum - g * lr
        w += m * self.momentum - g * lr if self.nesterov else m


class Adagrad(Optimizer):
    """A rate for each weight that falls with the squares of all its gradients (Duchi et al. 2011)."""

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon: float = 1e-7, **options):
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = non_negative("initial_accumulator_value", initial_accumulator_value)
        self.epsilon = non_negative("epsilon", epsilon)

    def initial_slots(self):
        return {"accumulator": self.initial_accumulator_value}

    def update(self, w, g, lr, accumulator):
        accumulator += g * g
        w -= lr * g / np.sqrt(accumulator + self.epsilon)


class Adadelta(Optimizer):
    """Steps as long as the recent steps, in units of the recent gradients (Zeiler 2012)."""

    def __init__(self, learning_rate=0.001, rho: float = 0.95, epsilon: float = 1e-7, **options):
        super().__init__(learning_rate, **options)
        self.rho = fraction("rho", rho)
        self.epsilon = non_negative("epsilon", epsilon)

    def initial_slots(self):
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def update(self, w, g, lr, accumulated_grad, accumulated_delta_var):
        g2, d2, rho = accumulated_grad, accumulated_delta_var, self.rho
        g2[...] = rho * g2 + (1 - rho) * (g * g)
        delta = -np.sqrt(d2 + self.epsilon) * g / np.sqrt(g2 + self.epsilon)
        d2[...] = rho * d2 + (1 - rho) * (delta * delta)
        w += lr * delta


class RMSprop(Optimizer):
    """Divides by the root of a running mean of squared gradients (Hinton, lecture 6e, 2012).

    ``centered`` subtracts the squared running mean, so that it divides by a standard deviation (Graves 2013).
    """

    def __init__(
        self,
        learning_rate=0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.rho = fraction("rho", rho)
        self.momentum = fraction("momentum", momentum)
        self.epsilon = non_negative("epsilon", epsilon)
        self.centered = centered

    def initial_slots(self):
        momentum = {"momentum": 0.0} if self.momentum else {}
        average = {"average_gradient": 0.0} if self.centered else {}
        return {"velocity": 0.0} | momentum | average

    def update(self, w, g, lr, velocity, momentum=None, average_gradient=None):
        v, rho = velocity, self.rho
        v[...] = rho * v + (1 - rho) * (g * g)
        if average_gradient is not None:
            average_gradient[...] = rho * average_gradient + (1 - rho) * g
            v = v - average_gradient * average_gradient
        step = lr * g / np.sqrt(v + self.epsilon)
        if momentum is not None:
            momentum[...] = self.momentum * momentum + step
            step = momentum
        w -= step


class Adam(Optimizer):
    """Running means of the gradient and of its square, corrected for starting at zero (Kingma & Ba 2015).

    In Keras's form, which the paper gives just before its section 2.1: the correction is in the rate, so
    epsilon is added to the uncorrected root. ``amsgrad`` divides by the largest mean so far (Reddi et al.
    2018).
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.beta_1 = fraction("beta_1", beta_1)
        self.beta_2 = fraction("beta_2", beta_2)
        self.epsilon = non_negative("epsilon", epsilon)
        self.amsgrad = amsgrad

    def initial_slots(self):
        return {"momentum": 0.0, "velocity": 0.0} | ({"velocity_hat": 0.0} if self.amsgrad else {})

    def update(self, w, g, lr, momentum, velocity, velocity_hat=None):
        m, v, t = momentum, velocity, w.dtype.type(self.iterations + 1)
        alpha = lr * np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        m += (g - m) * (1 - self.beta_1)
        v += (g * g - v) * (1 - self.beta_2)
        if velocity_hat is not None:
            v = np.maximum(velocity_hat, v, out=velocity_hat)
        w -= m * alpha / (np.sqrt(v) + self.epsilon)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019)."""

    def __init__(
        self,
        learning_rate=0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options,
    ):
        decay = non_negative("weight_decay", weight_decay)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=decay, **options)


class Nadam(Optimizer):
    """Adam with Nesterov's look-ahead, its momentum warmed up by a schedule of its own (Dozat 2016).

    ``u_t = beta_1 * (1 - 0.5 * 0.96 ** t)``; the slot ``u_product`` holds the product of all u so far.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options,
    ):
        super().__init__(learning_rate, **options)
        self.beta_1 = fraction("beta_1", beta_1)
        self.beta_2 = fraction("beta_2", beta_2)
        self.epsilon = non_negative("epsilon", epsilon)

    def initial_slots(self):
        return {"momentum": 0.0, "velocity": 0.0}

    def build(self, variables):
        super().build(variables)
        self.slots.setdefault("u_product", [np.ones((), w.dtype) for w in variables])

    def update(self, w, g, lr, momentum, velocity, u_product):
        m, v, t = momentum, velocity, w.dtype.type(self.iterations + 1)
        u = self.beta_1 * (1 - 0.5 * 0.96**t)
        u_next = self.beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
        u_product *= u
        m += (g - m) * (1 - self.beta_1)
        v += (g * g - v) * (1 - self.beta_2)
        m_hat = u_next * m / (1 - u_product * u_next) + (1 - u) * g / (1 - u_product)
        v_hat = v / (1 - self.beta_2**t)
        w -= m_hat * lr / (np.sqrt(v_hat) + self.epsilon)


CLASSES = (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, Nadam)
OPTIMIZERS = {kind.__name__: kind for kind in CLASSES} | {kind.__name__.lower(): kind for kind in CLASSES}


def get(identifier) -> Optimizer:
    """Return the optimiser that a name (in any case), a configuration or an object stands for."""
    if isinstance(identifier, str):
        identifier = identifier.lower()
    return registry.get(identifier, OPTIMIZERS, "optimizer")
