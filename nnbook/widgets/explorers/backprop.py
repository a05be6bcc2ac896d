"""Backpropagation, one node at a time: numbers go forward, gradients come back."""

from __future__ import annotations

import numpy as np

from nnbook import activations, losses
from nnbook.widgets.controls import Choose, Slide, Step
from nnbook.widgets.explore import Explorer, explore
from nnbook.widgets.panels import graph

B1, B2 = 0.5, -0.5
RATE = 0.5  # of the one step downhill at the end
LABELS = {
    "x": "x",
    "w1": "w₁",
    "b1": "b₁",
    "z1": "z₁",
    "a1": "a₁",
    "w2": "w₂",
    "b2": "b₂",
    "z2": "z₂",
    "a2": "a₂",
}
LABELS |= {"y": "y", "L": "L"}
NODES = list(LABELS)
PLACES = {"x": (0, 0.82), "w1": (0, 0.5), "b1": (0, 0.18), "z1": (0.22, 0.5), "a1": (0.42, 0.82)}
PLACES |= {"w2": (0.42, 0.5), "b2": (0.42, 0.18), "z2": (0.64, 0.5), "a2": (0.83, 0.82), "y": (0.83, 0.18)}
PLACES |= {"L": (1, 0.5)}
EDGES = [edge.split() for edge in "x z1|w1 z1|b1 z1|z1 a1|a1 z2|w2 z2|b2 z2|z2 a2|a2 L|y L".split("|")]


def values(x, y, w1, w2, activation):
    """Return each node's value and gradient, and each edge's slope, in the order of ``NODES`` and ``EDGES``.

    Two neurons in a row, the second with the sigmoid, then the squared error. A node's gradient, that of the
    loss with respect to it, is the slope of the edge that leaves it times the gradient at that edge's end:
    the chain rule. ``after`` is the loss after one step of all four parameters against their gradients.
    """
    f = activations.get(activation.lower())
    forward, slopes = there(*np.array([[x], [y], [w1], [B1], [w2], [B2]], float), f)
    grad = {"L": 1.0}
    for (start, end), slope in reversed(list(zip(EDGES, slopes, strict=True))):
        grad[start] = slope * grad[end]
    stepped = [p - RATE * grad[n] for n, p in {"w1": w1, "b1": B1, "w2": w2, "b2": B2}.items()]
    after = there(*np.array([[x], [y], *([p] for p in stepped)], float), f)[0][-1]
    backward = np.array([grad[node] for node in NODES])
    return {"forward": forward, "slopes": slopes, "backward": backward, "after": after}


def there(x, y, w1, b1, w2, b2, f):
    """Return the values of all nodes and the slopes of all edges; every argument but f has the shape (1,)."""
    f_prime, g, g_prime = activations.PRIMES[f], activations.sigmoid, activations.sigmoid_prime
    z1 = w1 * x + b1
    a1 = f(z1)
    z2 = w2 * a1 + b2
    a2 = g(z2)
    loss = losses.mean_squared_error(y, a2)
    da2, dy = losses.mean_squared_error_grad(y, a2), losses.mean_squared_error_grad(a2, y)
    slopes = np.hstack([w1, x, 1, f_prime(z1), w2, a1, 1, g_prime(z2), da2, dy])
    return np.hstack([x, w1, b1, z1, a1, w2, b2, z2, a2, y, loss]), slopes


# What happens, step by step: the nodes at work, then what is said about it.
FORWARD = [
    ("", "Press Play, or step: numbers go forward first, gradients come back after."),
    ("z1", f"Forward: z₁ = w₁x + b₁ = {{w1}} · {{x}} + {B1} = {{forward[3]:.3f}}."),
    ("a1", "Forward: a₁ = {activation}(z₁) = {forward[4]:.3f}."),
    ("z2", f"Forward: z₂ = w₂a₁ + b₂ = {{w2}} · {{forward[4]:.3f}} − {-B2} = {{forward[7]:.3f}}."),
    ("a2", "Forward: a₂ = sigmoid(z₂) = {forward[8]:.3f}: the prediction."),
    ("L", "Forward: the loss is L = (a₂ − y)² = {forward[10]:.3f}."),
]
BACKWARD = [
    ("L", "Backward: ∂L/∂L = 1, and from here every gradient is a slope times the gradient after it."),
    ("a2", "Backward: ∂L/∂a₂ = 2(a₂ − y) = {backward[8]:.3f}."),
    (
        "z2",
        "Backward: ∂L/∂z₂ = ∂L/∂a₂ · a₂(1 − a₂) = {backward[8]:.3f} · {slopes[7]:.3f} = {backward[7]:.3f}.",
    ),
    ("w2 b2", "Backward: ∂L/∂w₂ = ∂L/∂z₂ · a₁ = {backward[5]:.3f}, and ∂L/∂b₂ = ∂L/∂z₂ = {backward[6]:.3f}."),
    ("a1", "Backward: ∂L/∂a₁ = ∂L/∂z₂ · w₂ = {backward[4]:.3f}."),
    (
        "z1",
        "Backward: ∂L/∂z₁ = ∂L/∂a₁ times the slope of {activation} at z₁ = "
        "{backward[4]:.3f} · {slopes[3]:.3f} = {backward[3]:.3f}.",
    ),
    ("w1 b1", "Backward: ∂L/∂w₁ = ∂L/∂z₁ · x = {backward[1]:.3f}, and ∂L/∂b₁ = ∂L/∂z₁ = {backward[2]:.3f}."),
    (
        "",
        f"All four parameters have their slopes. One step against them, with learning rate {RATE}, "
        "takes the loss from {forward[10]:.3f} to {after:.3f}.",
    ),
]


def script():
    """Return, by step, what is seen of each node, which one is at work, and which sentence is said.

    0 is a node of which nothing is seen, 1 one with its value, 2 one with its gradient too.
    """
    seen = np.zeros((len(FORWARD) + len(BACKWARD), len(NODES)), int)
    seen[:, [NODES.index(node) for node in ("x", "w1", "b1", "w2", "b2", "y")]] = 1
    active = np.full(len(seen), NODES.index("x"))
    for step, (nodes, _) in enumerate(FORWARD + BACKWARD):
        for node in reversed(nodes.split()):
            active[step] = NODES.index(node)
            seen[step:, NODES.index(node)] += 1
    active[-1] = NODES.index("L")  # the step downhill
    return {"seen": seen, "active": active, "said": np.arange(len(seen))}


ALT = (
    "A graph of two neurons in a row and a squared error: input, weight and bias lead to a weighted sum, the "
    "sum to its activation, twice, and prediction and target to the loss. Values appear above the nodes from "
    "left to right; then gradients below them, and slopes on the arrows, from right to left."
)


def backprop(*, name: str = "backprop") -> Explorer:
    """Show backpropagation through two neurons in a row, one node a step."""
    controls = [
        Choose("activation", ["sigmoid", "tanh", "ReLU"], "sigmoid", label="first neuron"),
        Choose("y", {"0": 0, "1": 1}, "1", label="target y"),
        Slide("x", [-1, 0, 1, 2], 1),
        Slide("w1", np.arange(-2, 2.5, 0.5), -1, label="w₁"),
        Slide("w2", [-2, -1, -0.5, 0, 0.5, 1, 1.5, 2], 1.5, label="w₂"),
        Step("step", len(FORWARD + BACKWARD), default=9, interval=1500),
    ]
    nodes = [{"id": node, "x": x, "y": y, "label": LABELS[node]} for node, (x, y) in PLACES.items()]
    nodes.sort(key=lambda node: NODES.index(node["id"]))
    drawing = graph(nodes, EDGES, "forward", "backward", "slopes", active="active", seen="seen", digits=3)
    texts = [text for _, text in FORWARD + BACKWARD]
    exact = dict.fromkeys(("forward", "backward", "slopes", "after"), "f4")
    return explore(
        [values, script], controls, [drawing], name=name, reading="{said}", alt=ALT, says={"said": texts},
        frames={"step": ["seen", "active", "said"]}, dtypes=exact, height=380,
    )  # fmt: skip
