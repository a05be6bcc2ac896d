"""What the engine should reach, and whether it does."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.peers import NAMES

W = ("W1", "W2", "W3", "W4", "W5", "W6")
PEERS = ("textbook", "keras_fit", "torch_eager", "sklearn_mlp", "jax_step", "jax_scan")
SAME, OWN = (0.02, 1e-4), (0.2, 1e-3)  # how far a peer's loss may be from ours: a share of it, and a number

KINDS = {"first": "first result,", "memory": "memory,", "imports": "import"}


class Bar(NamedTuple):
    """A number in the results, and the least or the most that it should be."""

    section: str
    work: str
    peer: str
    sense: str
    bound: float

    def of(self, results: dict, clock: str = "wall") -> float | None:
        """Return the number by a clock, None where it was not measured."""
        cell = results.get(self.section, {}).get(self.work, {}).get(self.peer)
        if cell is None:
            return None
        found = cell[clock][1] if clock in cell else next(iter(cell.values()))  # MiB, or a count
        return 1 / found if self.peer == "floor" else found

    def miss(self, found: float) -> float:
        """Return by what share of the bound the number misses it; 0 where it does not."""
        gap = self.bound - found if self.sense == "at least" else found - self.bound
        return max(0.0, gap / self.bound)

    def verdict(self, found: float) -> str:
        """Return whether the bar is met, or by how much it is missed."""
        missed = self.miss(found)
        word = f"missed by {missed:.0%}" if missed else "met"
        return f"{self.sense} {self.bound:.4g}: {word}"

    def label(self) -> str:
        words = [self.work, KINDS.get(self.section), NAMES.get(self.peer, self.peer)]
        return " ".join(filter(None, words))


def each(section: str, sense: str, peer: str, bounds: dict) -> list[Bar]:
    return [Bar(section, work, peer, sense, bound) for work, bound in bounds.items()]


BARS = [
    *each("ratios", "at least", "textbook", {"W1": 3, "W2": 3, "W3": 3, "W4": 3, "W5": 2, "W6": 1.4}),
    *each("ratios", "at most", "floor", {"W1": 3.5, "W2": 4.5, "W3": 6, "W4": 3.5, "W5": 4, "W6": 1.5}),
    *each("ratios", "at least", "keras_fit", {**dict.fromkeys(W[:4], 50), "W5": 8, "W6": 1.8}),
    *each("ratios", "at least", "torch_eager", {**dict.fromkeys(W[:4], 8), "W5": 3}),
    *each("ratios", "at least", "sklearn_mlp", {**dict.fromkeys(W[:4], 5), "W5": 3}),
    *each("ratios", "at least", "jax_scan", dict.fromkeys(W[3:], 0.75)),
    *[bar for peer in PEERS for bar in each("first", "at least", peer, dict.fromkeys(W, 1))],
    *each("sweeps", "at least", "ours_loop", {"S3": 20}),
    *each("sweeps", "at least", "jax_vmap", {"S3": 1.5}),
    *each("imports", "at most", "nnbook", {"over NumPy": 1.3}),
    *each("memory", "at most", "ours", {"W5": 10}),
]

# Why a bar is missed, and what was tried: (section, work, peer) → a sentence.
FUSED = (
    "XLA makes one pass over the parameters of Adam's twelve; with NumPy each call is a pass. "
    "Tried: chunks of the vectors that stay in the first cache, stacked moments"
)
PRODUCTS = (
    "two thirds of our time are OpenBLAS's products, which no order of calls makes faster. "
    "Tried: chunks of 2^13 to 2^20 parameters, updating each layer right after its gradient (6.6 ms a step, "
    "within the noise), staggered addresses"
)
ADAM = (
    "here the textbook takes about four times the products, so twice as fast would leave Adam and "
    "the gathering of rows, 70 of 100 µs a step, no time. Tried: chunks of 2^13 to 2^20 parameters, "
    "updating each layer right after its gradient (110 in place of 101 µs), stacked moments"
)
NEAR = (
    "scikit-learn takes 2.7 of our steps of 100 µs, so three times as fast would leave 90, and 70 are Adam "
    "and the gathering of rows. Tried: the same as against the textbook"
)
CACHE = (
    "a step's 35 calls take 2.5 times the products where their arrays stay warm, 32 of 45 µs; in a run the "
    "moments leave the first cache between two uses, and scoring takes a tenth. Tried: columns in place of "
    "rows, other sizes of blocks, stacked moments (faster below a thousand parameters, slower above)"
)
REASONS = {
    ("ratios", "W1", "floor"): (
        "five of a step's sixteen calls are products; each call costs a third of a microsecond before it "
        "computes. The replay alone is about 3; scoring an epoch and its place in History are the rest"
    ),
    ("ratios", "W2", "floor"): (
        "eight of 33 calls are products, and noting the steps for two sizes of batch, 1 ms, is spread "
        "over 320 steps only"
    ),
    **{("ratios", "W4", peer): CACHE for peer in ("textbook", "floor", "keras_fit")},
    ("ratios", "W5", "textbook"): ADAM,
    ("ratios", "W5", "sklearn_mlp"): NEAR,
    **{("ratios", "W6", peer): PRODUCTS for peer in ("textbook", "floor", "keras_fit")},
    **{("ratios", work, "jax_scan"): FUSED for work in W[3:]},
    ("sweeps", "S3", "jax_vmap"): (
        "XLA makes one loop of a step where we make 35 calls over 256 networks. Tried: teams of a quarter "
        "to four times the size (none faster), networks first in place of last (half as fast)"
    ),
}


def judged(results: dict) -> list[dict]:
    """Return what became of each bar that was measured."""
    rows = []
    for bar in BARS:
        if (found := bar.of(results)) is None:
            continue
        row = bar._asdict() | {"found": float(f"{found:.4g}"), "met": not bar.miss(found)}
        if not row["met"] and (reason := REASONS.get((bar.section, bar.work, bar.peer))):
            row["why"] = reason
        rows.append(row)
    return rows


def lines(results: dict, wanted=BARS, clock: str = "wall") -> list[str]:
    """Return a line a bar that was measured: the number, the bound, met or by how much missed, and why."""
    told = []
    for bar in wanted:
        if (found := bar.of(results, clock)) is None:
            continue
        why = REASONS.get((bar.section, bar.work, bar.peer), "") if bar.miss(found) else ""
        told.append(f"{bar.label():<38}{found:>9.4g}   {bar.verdict(found)}{why and ' – ' + why}")
    return told


def same_loss(cell: dict) -> bool:
    """Say whether a peer ended with the loss that it should end with."""
    theirs, own = cell["loss"]
    share, number = SAME if cell["same order"] else OWN
    return abs(theirs - own) <= share * own + number


def unlike(results: dict) -> list[str]:
    """Return a line for each peer that ended with another loss."""
    return [
        f"{work} {NAMES[peer]}: its loss is {cell['loss'][0]:g}, ours {cell['loss'][1]:g}"
        for section in ("ratios", "sweeps")
        for work, cells in results.get(section, {}).items()
        for peer, cell in cells.items()
        if "loss" in cell and not same_loss(cell)
    ]
