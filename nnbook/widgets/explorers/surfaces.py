"""Surfaces to walk on: losses of two numbers, each beside its gradient, and how walks are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nnbook.widgets.panels import axis, heat, line, path, plane

BOX = 8.0  # a path that leaves the square from -BOX to BOX ends at its edge
ROUNDING = 1e-15  # lower heights are rounding errors, and count as zero


class Surface(NamedTuple):
    """A loss ``f(w)`` with its gradient, for w of shape (2,) or (2, …); its lowest value is ``bottom``.

    ``window`` is what a picture shows (x low, x high, y low, y high), ``start`` where a walk begins, and
    ``L`` the largest curvature, if it is the same everywhere.
    """

    f: Callable
    grad: Callable
    start: tuple[float, float]
    window: tuple[float, float, float, float]
    bottom: float = 0.0
    L: float = np.nan

    def height(self, w: np.ndarray) -> np.ndarray:
        """Return how far f(w) lies above the lowest point."""
        return self.f(w) - self.bottom


def bowl(condition: float, turn: float = 0.0) -> Surface:
    """Return ½ (u² + condition v²), u and v being the axes turned by ``turn`` radians."""
    c, s = np.cos(turn), np.sin(turn)
    axes = np.array([[c, s], [-s, c]])
    H = axes.T @ np.diag([1.0, condition]) @ axes
    start = tuple((axes.T @ [-2.0, 0.8]).tolist())
    return Surface(
        lambda w: 0.5 * np.einsum("i...,ij,j...->...", w, H, w),
        lambda w: np.einsum("ij,j...->i...", H, w),
        start,
        (-2.5, 2.5, -1.5, 1.5),
        L=float(condition),
    )


def rosenbrock(depth: float = 10.0) -> Surface:
    """Return (1 - x)² + depth (y - x²)², a bent valley (Rosenbrock 1960, who has 100 for the depth)."""

    def f(w):
        x, y = w
        return (1 - x) ** 2 + depth * (y - x**2) ** 2

    def grad(w):
        x, y = w
        return np.array([-2 * (1 - x) - 4 * depth * x * (y - x**2), 2 * depth * (y - x**2)])

    return Surface(f, grad, (-1.5, 1.2), (-2.2, 2.2, -1.0, 3.0))


def saddle() -> Surface:
    """Return ½ x² - ½ y² + ¼ y⁴: level at the origin, lowest at y = ±1."""

    def f(w):
        x, y = w
        return 0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4

    def grad(w):
        x, y = w
        return np.array([x, y**3 - y])

    return Surface(f, grad, (-2.0, 0.01), (-2.5, 2.5, -1.6, 1.6), bottom=-0.25)


def walk(surface: Surface, optimizer, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points (steps + 1, 2) of a walk, and the heights (steps + 1,) over the lowest point.

    Where the walk leaves the box, its last point is where it crosses the edge, and what follows is NaN.
    """
    w = np.array(surface.start)
    points = [w.copy()]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            optimizer.apply([surface.grad(w)], [w])
            points.append(w.copy())
        points = np.array(points)
        heights = surface.height(points.T)
    heights[heights < ROUNDING] = 0
    return kept_in(points), np.where(heights < 1e30, heights, np.nan)


def kept_in(points: np.ndarray) -> np.ndarray:
    """Return the points (n, 2) with all from the first outside the box cut off at its edge."""
    outside = ~(np.abs(points) <= BOX).all(axis=1)
    if not outside.any():
        return points
    first = int(np.argmax(outside))
    points, before = points.copy(), points[first - 1]
    way = points[first] - before
    points[first:] = np.nan
    if np.isfinite(way).all():
        room = np.where(way > 0, BOX - before, BOX + before) / np.maximum(np.abs(way), 1e-300)
        points[first] = before + room.min() * way
    return points


def landscape(surface: Surface, n: int = 60) -> dict[str, np.ndarray]:
    """Return the logarithm of the heights on a grid (n, n), eight levels of it, and the window's corners."""
    x0, x1, y0, y1 = surface.window
    w = np.stack(np.meshgrid(np.linspace(x0, x1, n), np.linspace(y0, y1, n)))
    z = np.log10(surface.height(w) + 0.01)
    levels = np.linspace(z.min(), z.max(), 10)[1:-1]
    corners = {"x0": x0, "x1": x1, "y0": y0, "y1": y1}
    return {"z": z, "levels": levels} | {name: np.array(value) for name, value in corners.items()}


def ground_plan(**marks) -> dict:
    """Return the panel with the landscape's level lines and the paths ``x``, ``y`` up to ``step``."""
    return plane(
        heat("z", x0="x0", x1="x1", y0="y0", y1="y1", ramp="amount", levels="levels"),
        path("x", "y", upto="step", **marks),
        x=axis("first weight", low="x0", high="x1"), y=axis("second weight", low="y0", high="y1"), width=3,
    )  # fmt: skip


def heights(steps: int, **marks) -> dict:
    """Return the panel with each ``loss`` above the lowest point, strong up to ``step``."""
    return plane(
        line("steps", "loss", upto="step", rest=True, **marks),
        x=axis("step", low=0, high=steps),
        y=axis("loss above the lowest", log=True, low=1e-8, high=1e4), width=2,
    )  # fmt: skip
