"""Says whether two answers are the same, and in what way they differ."""

from __future__ import annotations

import numpy as np

from nnbook.exercises.sandbox import Foreign

RELATIVE, ABSOLUTE = 1e-6, 1e-9


def same(answer, expected) -> bool:
    """Are the two equal, up to rounding, whether they are arrays, lists or numbers?"""
    if isinstance(expected, dict):
        return (
            isinstance(answer, dict)
            and answer.keys() == expected.keys()
            and all(same(answer[key], expected[key]) for key in expected)
        )
    if expected is None or isinstance(expected, str):
        return type(answer) is type(expected) and answer == expected
    right = numbers(expected)
    if right is None:
        return (
            isinstance(answer, (list, tuple))
            and len(answer) == len(expected)
            and all(map(same, answer, expected))
        )
    given = numbers(answer)
    return given is not None and given.shape == right.shape and close(given, right)


def close(given: np.ndarray, right: np.ndarray) -> bool:
    """Are two arrays of one shape equal up to rounding?"""
    return bool(np.allclose(given, right, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True))


def numbers(value) -> np.ndarray | None:
    """Return a value as one array of numbers, or None if it is no such thing."""
    if isinstance(value, (Foreign, str, dict)) or value is None or value is Ellipsis:
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biufc" else None


def kind_of_difference(answer, expected) -> str:
    """Say how two answers differ in kind: type, shape, keys, length; nothing if only their values differ."""
    if answer is None:
        return "It returned None. Does every way through it end with return?"
    if isinstance(answer, Foreign):
        if answer.kind == "generator":
            return (
                "It returned a generator. Put list(…) or np.array([…]) around it, or use return, not yield."
            )
        if answer.kind in ("function", "type"):
            return f"It returned a {answer.kind}. Is a pair of brackets missing behind its name?"
        return f"It returned {an(answer.kind)}; {kind(expected)} was wanted."
    if isinstance(expected, dict) and isinstance(answer, dict):
        for key in expected:
            if key not in answer:
                return f"The key {key!r} is missing."
        for key in answer:
            if key not in expected:
                return f"The key {key!r} was not asked for."
        return part_that_differs(answer, expected, {f"the key {key!r}": key for key in expected})
    right, given = numbers(expected), numbers(answer)
    if right is not None and given is not None:
        if given.shape == right.shape:
            return ""
        if given.shape == right.shape[::-1]:
            return f"Its shape is {given.shape}; {right.shape} was wanted. Transpose it."
    if isinstance(expected, (list, tuple)) and isinstance(answer, (list, tuple)):
        if len(answer) != len(expected):
            return f"It returned {len(answer)} parts; {len(expected)} were wanted."
        places = {f"part {place + 1} of {len(expected)}": place for place in range(len(expected))}
        return part_that_differs(answer, expected, places)
    if right is None or given is None or isinstance(expected, tuple) or 0 in (right.ndim, given.ndim):
        wanted = f"It returned {kind(answer)}; {kind(expected)} was wanted."
        return "" if kind(answer) == kind(expected) else wanted
    if given.size == right.size:
        return f"The numbers are as many as wanted, but in the shape {given.shape}, not {right.shape}."
    return f"Its shape is {given.shape}; {right.shape} was wanted."


def part_that_differs(answer, expected, places: dict) -> str:
    """Say which part of a list, tuple or dictionary is the first to differ in kind, and how."""
    for name, place in places.items():
        parts = answer[place], expected[place]
        difference = "" if same(*parts) else kind_of_difference(*parts)
        if difference:
            return f"Look at {name}. {difference}"
    return ""


def pattern(pairs: list[tuple]) -> str:
    """Say in what way all pairs of answer and right answer differ: sign, factor, offset, order, or none."""
    pairs = [(numbers(answer), numbers(expected)) for answer, expected in pairs]
    if not pairs or any(
        given is None or right is None or given.shape != right.shape or np.iscomplexobj(given)
        for given, right in pairs
    ):
        return ""
    given = np.concatenate([np.ravel(one).astype(float) for one, _ in pairs])
    right = np.concatenate([np.ravel(one).astype(float) for _, one in pairs])
    if not np.isfinite(given).all() and np.isfinite(right).all():
        return "It holds NaN or infinity. Is there a division by zero, or a logarithm of zero?"
    if not np.isfinite(right).all():
        return ""
    if set(given) | set(right) <= {0, 1}:
        return "Every answer is turned round: 0 where 1 is right." if (given == 1 - right).all() else ""
    if close(given, -right):
        return "The sign is turned round."
    if all(close(np.sort(one, axis=None), np.sort(other, axis=None)) for one, other in pairs):
        return "The right numbers, in another order."
    if given.size >= 2:
        used = np.abs(right) > ABSOLUTE
        factors = given[used] / right[used]
        if used.any() and factors[0] != 0 and close(given, factors[0] * right):
            return f"Every wrong answer is {factors[0]:.4g} times what is right."
        if close(given - right, np.full_like(right, (given - right)[0])):
            return f"Every wrong answer is {abs((given - right)[0]):.4g} too {size(given[0] > right[0])}."
    if np.allclose(given, right, rtol=0.02, atol=0):
        return "Nearly right. Was something rounded on the way?"
    return ""


def size(large: bool) -> str:
    """Return "large" or "small"."""
    return "large" if large else "small"


def kind(value) -> str:
    """Return in words what a value is."""
    if value is None:
        return "None"
    if isinstance(value, (bool, np.bool_)):
        return "True or False"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return "a dictionary"
    array = numbers(value)
    if array is None:
        return an(type(value).__name__)
    return "one number" if array.ndim == 0 else f"an array of shape {array.shape}"


def an(word: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
