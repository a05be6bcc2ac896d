"""What is known about a program with planted bugs: each bug is a mistake, and several are a symptom."""

from __future__ import annotations

from itertools import combinations

from nnbook.exercises import comparing


def one_left(program, bugs: tuple[str, ...]) -> dict:
    """Return the mistakes of an exercise: for each bug, whose name is its hint, the program with it alone.

    Args:
        program: ``program(*case, bugs)`` gives what it comes to with these bugs left in.
        bugs: their names.
    """
    return {bug: lambda *case, bug=bug: program(*case, [bug]) for bug in bugs}


def several_left(program, bugs: tuple[str, ...]):
    """Return a symptom: the answer is what the program gives, or raises, with two or more of its bugs."""

    def symptom(answer, *case) -> bool:
        choices = (some for count in range(2, len(bugs) + 1) for some in combinations(bugs, count))
        return any(comparing.same(answer, outcome(program, case, some)) for some in choices)

    return symptom


def outcome(program, case: tuple, bugs: tuple[str, ...]):
    """Return what the program gives; None if its shapes do not fit, as for an answer that raised."""
    try:
        return program(*case, bugs)
    except ValueError:
        return None
