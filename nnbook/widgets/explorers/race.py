"""A race of optimisers: the same start, the same learning rate, six ways to step."""

from __future__ import annotations

import numpy as np

from nnbook import optimizers
from nnbook.widgets.controls import Choose, Slide, Step
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.explorers import surfaces

SURFACES = {
    "Rosenbrock's bent valley": surfaces.rosenbrock(),
    "saddle": surfaces.saddle(),
    "tilted ravine": surfaces.bowl(30, turn=np.pi / 6),
}
RACERS = {
    "SGD": lambda rate: optimizers.SGD(rate),
    "momentum": lambda rate: optimizers.SGD(rate, 0.9),
    "Nesterov": lambda rate: optimizers.SGD(rate, 0.9, nesterov=True),
    "AdaGrad": lambda rate: optimizers.Adagrad(rate),
    "RMSprop": lambda rate: optimizers.RMSprop(rate),
    "Adam": lambda rate: optimizers.Adam(rate),
}
RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
STEPS = 100
READING = "At step {step}, with learning rate {rate}, {leader}. {gone}"
LEADERS = [f"{racer} leads, {{best:.2g}} above the lowest value" for racer in RACERS]
LEADERS += ["nobody leads", *(f"{racer} has arrived" for racer in RACERS), "several have arrived"]
NOBODY, ARRIVED, SEVERAL = len(RACERS), len(RACERS) + 1, 2 * len(RACERS) + 1
GONE = ["None has flown off.", "One has flown off.", "Two have flown off.", "Three have flown off."]
GONE += ["Four have flown off.", "Five have flown off.", "All have flown off."]
ALT = (
    "Left, level lines of a loss of two weights with the paths of six optimisers from the same start. Right, "
    "on a logarithmic scale, how far the loss of each lies above the lowest value, step by step."
)


def ground(surface):
    """Return the landscape."""
    return surfaces.landscape(SURFACES[surface])


def run(surface, rate):
    """Return paths and losses (racers, steps + 1), and by step who leads and how many are gone."""
    walks = [surfaces.walk(SURFACES[surface], make(rate), STEPS) for make in RACERS.values()]
    points, loss = (np.stack(part) for part in zip(*walks, strict=True))
    here = (np.abs(points) < surfaces.BOX).all(axis=2)  # NaN is elsewhere
    standing = np.where(here, loss, np.inf)
    best, worst, leader = standing.min(axis=0), standing.max(axis=0), standing.argmin(axis=0)
    arrived = (standing == 0).sum(axis=0)
    cases = [arrived > 1, arrived == 1, best == worst]
    leader = np.select(cases, [SEVERAL, ARRIVED + leader, NOBODY], leader)
    x, y = np.moveaxis(points, 2, 0)
    return {"x": x, "y": y, "loss": loss, "leader": leader, "best": best, "gone": (~here).sum(axis=0)}


def fixed():
    """Return what no control changes."""
    return {"steps": np.arange(STEPS + 1.0)}


def race(*, surface: str = "saddle", rate: float = 0.05, name: str = "race") -> Explorer:
    """Show six optimisers walking from the same start at the same learning rate.

    Args:
        surface, rate: what to begin with.
        name: unique in a page.
    """
    controls = [
        Choose("surface", list(SURFACES), surface),
        Slide("rate", RATES, rate, label="learning rate", log=True),
        Step("step", STEPS + 1, default=60, interval=100),
    ]
    names = list(RACERS)
    panels = [surfaces.ground_plan(label=names), surfaces.heights(STEPS, label=names)]
    return explore(
        [fixed, ground, run], controls, panels, name=name, reading=READING, alt=ALT,
        frames={"step": ["leader", "best", "gone"]}, says={"leader": LEADERS, "gone": GONE},
        dtypes={"loss": "f4", "x": "u2", "y": "u2", "z": "u2"},
    )  # fmt: skip
