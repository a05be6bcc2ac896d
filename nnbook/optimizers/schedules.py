"""Learning rates that change with the step."""

from __future__ import annotations

import math

from nnbook import registry
from nnbook.checks import finite, non_negative, positive


class LearningRateSchedule(registry.Configurable):
    """Maps the number of steps already taken to a learning rate: ``schedule(step)``, in float64."""

    def __call__(self, step: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(step)")


class ExponentialDecay(LearningRateSchedule):
    """Multiplies the rate by ``decay_rate ** (step / decay_steps)``, rounded down if ``staircase``."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        self.initial_learning_rate = non_negative("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.decay_rate = positive("decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def __call__(self, step):
        p = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate**p


class InverseTimeDecay(LearningRateSchedule):
    """Divides the rate by ``1 + decay_rate * step / decay_steps``, rounded down if ``staircase``."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        self.initial_learning_rate = non_negative("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.decay_rate = non_negative("decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def __call__(self, step):
        p = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * p)


class PolynomialDecay(LearningRateSchedule):
    """Goes from the initial to the end rate in ``decay_steps`` and stays there.

    With ``cycle`` it does not stay: whenever it arrives, ``decay_steps`` grows to its next multiple.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        self.initial_learning_rate = non_negative("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.end_learning_rate = non_negative("end_learning_rate", end_learning_rate)
        self.power = positive("power", power)
        self.cycle = cycle
        self.name = name

    def __call__(self, step):
        if self.cycle:
            p = step / (self.decay_steps * max(1, math.ceil(step / self.decay_steps)))
        else:
            p = min(step, self.decay_steps) / self.decay_steps
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * (1 - p) ** self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Falls along half a cosine to ``alpha`` times its start (Loshchilov & Hutter 2017).

    With ``warmup_target`` it first rises in a line from the initial rate to that target, in ``warmup_steps``
    (Goyal et al. 2017), and falls from there.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ):
        self.initial_learning_rate = non_negative("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.alpha = finite("alpha", alpha)
        self.name = name
        self.warmup_target = (
            warmup_target if warmup_target is None else positive("warmup_target", warmup_target)
        )
        self.warmup_steps = non_negative("warmup_steps", warmup_steps)

    def __call__(self, step):
        if self.warmup_target is None:
            return self._decay(self.initial_learning_rate, step)
        if step < self.warmup_steps:
            rise = self.warmup_target - self.initial_learning_rate
            return rise * step / self.warmup_steps + self.initial_learning_rate
        return self._decay(self.warmup_target, step - self.warmup_steps)

    def _decay(self, start, step):
        p = min(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + math.cos(math.pi * p))
        return start * ((1 - self.alpha) * cosine + self.alpha)


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]``, and so on."""

    def __init__(self, boundaries: list, values: list, name: str = "PiecewiseConstant"):
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                f"values must be one longer than boundaries, "
                f"got {len(values)} values and {len(boundaries)} boundaries"
            )
        self.boundaries = [finite("boundaries", boundary) for boundary in boundaries]
        self.values = [non_negative("values", value) for value in values]
        self.name = name
        if self.boundaries != sorted(set(self.boundaries)):
            raise ValueError(f"boundaries must increase strictly, got {boundaries!r}")

    def __call__(self, step):
        return self.values[sum(step > boundary for boundary in self.boundaries)]


SCHEDULES = {
    "ExponentialDecay": ExponentialDecay,
    "InverseTimeDecay": InverseTimeDecay,
    "PolynomialDecay": PolynomialDecay,
    "CosineDecay": CosineDecay,
    "PiecewiseConstantDecay": PiecewiseConstantDecay,
}


def deserialize(config: dict) -> LearningRateSchedule:
    """Return the schedule that a configuration describes."""
    return registry.deserialize(config, SCHEDULES, "schedule")
