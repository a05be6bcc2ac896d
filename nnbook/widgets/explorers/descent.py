"""Gradient descent: a walk downhill, and the learning rate at which it flies out of the bowl."""

from __future__ import annotations

import numpy as np

from nnbook import optimizers
from nnbook.widgets.controls import Choose, Slide, Step
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.explorers import surfaces

SURFACES = {
    "round bowl": surfaces.bowl(1),
    "valley (10 times steeper one way)": surfaces.bowl(10),
    "ravine (50 times steeper one way)": surfaces.bowl(50),
    "Rosenbrock's bent valley": surfaces.rosenbrock(),
    "saddle": surfaces.saddle(),
}
RATES = [0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.035, 0.04, 0.045, 0.06, 0.08, 0.1, 0.15, 0.18]
RATES += [0.2, 0.22, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.2]
MOMENTA = [0, 0.5, 0.8, 0.9]
STEPS = 40
FATES = [
    "It converges: {rate} is below the limit 2/L = {limit:.3g}.",
    "It converges: {rate} is below the limit 2(1 + {momentum})/L = {limit:.3g}.",
    "It jumps to and fro for ever: {rate} is the limit 2/L itself.",
    "It jumps to and fro for ever: {rate} is the limit 2(1 + {momentum})/L itself.",
    "It diverges: {rate} is above the limit 2/L = {limit:.3g}.",
    "It diverges: {rate} is above the limit 2(1 + {momentum})/L = {limit:.3g}.",
    f"It comes within 0.001 of the lowest value in {STEPS} steps.",
    f"It is still on its way after {STEPS} steps.",
    "It flies off: its steps are too large for these slopes.",
]
NOW = ["{loss[step]:.3g} above its lowest value", "out of sight"]
READING = "At step {step} the loss is {now}. {fate}"
ALT = (
    "Left, level lines of a loss of two weights, with the path of gradient descent on it. Right, on a "
    "logarithmic scale, how far the loss lies above its lowest value after each step."
)


def ground(surface):
    """Return the landscape."""
    return surfaces.landscape(SURFACES[surface])


def walk(surface, rate, momentum):
    """Return the path, the loss above its lowest value, and what becomes of the walk."""
    place = SURFACES[surface]
    points, height = surfaces.walk(place, optimizers.SGD(rate, momentum), STEPS)
    limit = 2 * (1 + momentum) / place.L
    x, y = points.T
    fate = fate_in_bowl(rate, momentum, limit) if np.isfinite(place.L) else fate_elsewhere(points, height)
    return {"x": x, "y": y, "loss": height, "now": np.isnan(height), "limit": limit, "fate": fate}


def fate_in_bowl(rate, momentum, limit):
    """Return what theory says: on a quadratic, heavy-ball momentum holds up to 2 (1 + momentum) / L."""
    kind = 2 if np.isclose(rate, limit, rtol=1e-9) else 0 if rate < limit else 4
    return kind + (momentum > 0)


def fate_elsewhere(points, height):
    """Return what happened, where no formula says it beforehand."""
    if not np.isfinite(points).all():
        return 8
    return 6 if height[-1] < 1e-3 else 7


def fixed():
    """Return what no control changes."""
    return {"steps": np.arange(STEPS + 1.0)}


def descent(
    *, surface: str = "valley (10 times steeper one way)", rate: float = 0.18, name: str = "descent"
) -> Explorer:
    """Show gradient descent on a surface: learning rate and momentum to choose, and steps to take.

    Args:
        surface, rate: what to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("surface", list(SURFACES), surface),
        Slide("rate", RATES, rate, label="learning rate", log=True),
        Slide("momentum", MOMENTA, 0),
        Step("step", STEPS + 1, default=20, interval=150),
    ]
    panels = [surfaces.ground_plan(color=1), surfaces.heights(STEPS, color=1)]
    return explore(
        [fixed, ground, walk], controls, panels, name=name, reading=READING, alt=ALT,
        says={"fate": FATES, "now": NOW}, frames={"step": ["now"]}, dtypes={"loss": "f4", "z": "u2"},
    )  # fmt: skip
