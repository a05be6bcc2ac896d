"""An exercise: what is asked, the cases it is tried on, and the mistakes that are known."""

from __future__ import annotations

import re

import numpy as np

from nnbook.exercises import comparing, sandbox
from nnbook.exercises.result import Result

SHOWN = 400  # characters of a value in a message
STUCK = {
    "computed": "It did not come to an end. Is there a loop whose condition stays true?",
    "waited": "It did not come to an end: it waits for something.",
}
UNSTEADY = (
    "Called twice with the same input, it gave two answers. Does it keep something between calls, or draw "
    "random numbers without a seed?"
)
CHANGES = "It changes its argument {0}. Work on a copy: `{0} = {0}.copy()`, or `a = a + b` for `a += b`."


class Exercise:
    """A checker: ``exercise(answer)`` returns a ``Result``.

    The answer is called or looked at in a child process; what comes back is compared here, and the smallest
    failing case is shown. A teacher gives either ``right`` or ``problem``.

    Args:
        asks: what the answer is, in a sentence.
        signature: how the answer is called, as in "margin(X, y, w, b)"; none for a value.
        cases: tuples of arguments, small ones first; none for a value.
        right: computes what is right, by a way of its own; for a value it is the right value.
        problem: where many answers are right: ``problem(answer, *case)`` says in a sentence what is wrong
            with one, and returns "" for a right one.
        mistakes: hint → what somebody who makes this mistake would write in the place of the answer.
        symptoms: hint → ``symptom(answer, *case)``, true of all wrong answers that the hint explains.
        ask: ``ask(answer, *case)`` turns the answer into the plain value that is judged; it calls the answer
            if not given.
        names: what the parts of a case are called; those of the signature if not given.
        alone: whether a child process looks at the answer. Not for models of TensorFlow, whose threads a
            child would lack.
    """

    name = "an exercise"

    def __init__(
        self,
        asks: str,
        signature: str = "",
        *,
        cases: list[tuple] | None = None,
        right=None,
        problem=None,
        mistakes: dict | None = None,
        symptoms: dict | None = None,
        ask=None,
        names: tuple[str, ...] | None = None,
        alone: bool = True,
    ):
        if (right is None) == (problem is None):
            raise ValueError("an exercise needs either right or problem")
        if bool(signature) != bool(cases):
            raise ValueError("an exercise about a function needs a signature and cases, a value neither")
        self.asks, self.signature, self.cases = asks, signature, cases or [()]
        self.right, self.problem, self.alone = right, problem, alone
        self.mistakes, self.symptoms = mistakes or {}, symptoms or {}
        self.ask = ask or (call if signature else look)
        self.function, _, inside = signature.partition("(")
        self.names = names or tuple(re.findall(r"\w+", inside))
        self.last = None

    def __repr__(self):
        return f"check.{self.name}({self.function or 'answer'}): {self.asks}"

    def __call__(self, answer) -> Result:
        """Check an answer: a function for an exercise that has a signature, else a value."""
        self.last = self.judge(answer)
        return self.last

    def confirm(self, solution) -> Result:
        """Check a worked solution, which must pass; it does not count as the reader's own.

        Raises:
            AssertionError: it does not pass.
        """
        result = self.judge(solution)
        if not result.passed:
            raise AssertionError(repr(result))
        return result

    # What the answer came to

    @np.errstate(all="ignore")  # known mistakes overflow and divide by zero, and are meant to
    def judge(self, answer) -> Result:
        """Return the result of an answer."""
        if self.signature and not callable(answer) and not unwritten(answer):
            right = f"`check.{self.name}({self.function})`"
            return Result(self.name, "failed", f"Give the function itself, by its name alone: {right}.")
        if self.signature and sandbox.is_stub(answer):
            return self.not_written()
        outcomes = self.outcomes(answer)
        if unwritten(answer) or any(one.state == "unwritten" or unwritten(one.answer) for one in outcomes):
            return self.not_written()
        first, again = outcomes[0], outcomes[-1]
        wrong = [place for place in range(len(self.cases)) if not self.holds(place, outcomes[place])]
        if wrong:
            return self.failed(outcomes, wrong)
        if again.state != "answered" or not comparing.same(again.answer, first.answer):
            return Result(self.name, "failed", UNSTEADY, self.given(0))
        said = f"All {len(self.cases)} cases are right." if self.signature else ""
        return Result(self.name, "passed", said)

    def outcomes(self, answer) -> list:
        """Return what the answer gives in each case, and in the first once more."""
        calls = [*self.cases, self.cases[0]]
        if not self.alone:
            return [sandbox.attempt(lambda *case: self.ask(answer, *case), call) for call in calls]
        return sandbox.observe(lambda *case: self.ask(answer, *case), calls)

    def holds(self, place: int, outcome) -> bool:
        """Is this outcome right, or was it never reached?"""
        if outcome.state == "skipped":
            return True
        if outcome.state != "answered" or outcome.changed:
            return False
        if self.problem:
            return not self.said(outcome.answer, place)
        return comparing.same(outcome.answer, self.expected(place))

    def expected(self, place: int):
        """Return what is right in a case."""
        if not self.signature:
            return self.right
        return sandbox.plain(self.ask(self.right, *copied(self.cases[place])))

    def said(self, answer, place: int) -> str:
        """Return what ``problem`` says; an answer that it cannot work with is not what was asked for."""
        try:
            return self.problem(answer, *self.cases[place])
        except Exception:
            return f"The answer cannot be read. Asked for: {self.asks}"

    # What is said about a wrong one

    def not_written(self) -> Result:
        """Return the result of a stub."""
        return Result(self.name, "unwritten", self.asks)

    def failed(self, outcomes: list, wrong: list[int]) -> Result:
        """Return the result that shows the smallest failing case and names the mistake."""
        stopped = [k for k in wrong if outcomes[k].state in ("stuck", "ended")]
        place = min(stopped or wrong, key=lambda k: (weight(self.cases[k]), k))
        outcome, rows = outcomes[place], list(self.given(place))
        hint = self.hint(outcomes, wrong)
        reached = sum(one.state != "skipped" for one in outcomes[: len(self.cases)])
        summary = f"{reached - len(wrong)} of {len(self.cases)} cases are right." if self.signature else ""
        if outcome.state == "answered" and not (outcome.changed and hint == ""):
            if self.signature and (self.right or self.ask is call):
                rows.append(("it gives", shown(outcome.answer)))
            if self.signature and self.right and not outcome.changed:
                rows.append(("right is", shown(self.expected(place))))
            if self.problem and not outcome.changed:
                summary = " ".join(filter(None, (summary, self.said(outcome.answer, place))))
        else:
            rows += [("it raised", outcome.error)] if outcome.state == "raised" else []
            rows += [("in", outcome.line)] if outcome.line else []
        if outcome.printed:
            rows.append(("it printed", "\n".join(outcome.printed.splitlines()[:3])))
        return Result(self.name, "failed", summary, tuple(rows), hint)

    def given(self, place: int) -> tuple:
        """Return the rows that show a case's arguments."""
        return tuple(
            (f"{name} =", shown(value)) for name, value in zip(self.names, self.cases[place], strict=False)
        )

    def hint(self, outcomes: list, wrong: list[int]) -> str:
        """Name the mistake: what stopped the code, one that is known, or in what way the answers differ."""
        first = outcomes[min(wrong)]
        states = {outcomes[place].state for place in wrong}
        if "ended" in states:
            how = next(outcomes[place].error for place in wrong if outcomes[place].state == "ended")
            return f"It ended Python itself ({how})."
        if "stuck" in states:
            return STUCK[next(outcomes[place].error for place in wrong if outcomes[place].state == "stuck")]
        if named := self.known_mistake(outcomes, wrong) or self.symptom(outcomes, wrong):
            return named
        changed = [outcomes[place].changed[0] for place in wrong if outcomes[place].changed]
        if changed:
            return CHANGES.format(self.names[changed[0]])
        if first.state == "raised":
            return self.about_error(first.error)
        if first.answer is None and first.printed:
            return "It prints its answer and returns None. Use return, so that others can use it too."
        return "" if self.problem else self.difference(outcomes, wrong)

    def difference(self, outcomes: list, wrong: list[int]) -> str:
        """Return in what way answers differ from what is right."""
        pairs = [(outcomes[k].answer, self.expected(k)) for k in wrong if outcomes[k].state == "answered"]
        if not self.signature:
            return next(filter(None, (comparing.kind_of_difference(*pair) for pair in pairs)), "")
        kinds = (comparing.kind_of_difference(*pair) for pair in pairs)
        return next(filter(None, kinds), "") or comparing.pattern(pairs)

    def about_error(self, error: str) -> str:
        """Return what an error means here, if it is one that learners meet often."""
        if re.match(r"TypeError: .*(positional argument|keyword argument)", error):
            return f"It is called as `{self.signature}`."
        if error.startswith("NameError"):
            return "A name is used that was never given a value. Have all cells above been run?"
        if "truth value of an array" in error:
            return "It asks one question of a whole array. Take its max, min, any or all first."
        if "matmul" in error or "shapes" in error:
            return (
                "The shapes do not fit together. Print the shape of each array; is one the wrong way round?"
            )
        return ""

    def known_mistake(self, outcomes: list, wrong: list[int]) -> str:
        """Return the hint of the mistake that gives all these wrong answers and most of the others."""
        best, most = "", -1
        for hint, mistaken in self.mistakes.items():
            theirs = self.mistaken(mistaken, outcomes)
            alike = [alike_outcomes(one, other) for one, other in zip(outcomes, theirs, strict=True)]
            if all(alike[place] for place in wrong) and sum(alike) > most:
                best, most = hint, sum(alike)
        return best

    def mistaken(self, mistaken, outcomes: list) -> list:
        """Return what a mistake comes to, in the cases that the answer reached."""
        if not self.signature:
            return [sandbox.Outcome("answered", mistaken)] * len(outcomes)
        cases = [*self.cases, self.cases[0]]
        return [
            sandbox.attempt(lambda *case: self.ask(mistaken, *case), case)
            if outcome.state != "skipped"
            else outcome
            for case, outcome in zip(cases, outcomes, strict=True)
        ]

    def symptom(self, outcomes: list, wrong: list[int]) -> str:
        """Return the first hint whose symptom all wrong answers show."""
        for hint, shows in self.symptoms.items():
            try:
                if all(shows(outcomes[place].answer, *self.cases[place]) for place in wrong):
                    return hint
            except Exception:
                continue
        return ""


def call(function, *arguments):
    """Return what a function returns."""
    return function(*arguments)


def look(value):
    """Return a value as it is."""
    return value


def unwritten(value) -> bool:
    """Does a value still hold the dots of a stub?"""
    if isinstance(value, dict):
        return any(map(unwritten, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(unwritten, value))
    return value is Ellipsis


def alike_outcomes(one, other) -> bool:
    """Did two calls come to the same: the same answer, or an error of the same kind?"""
    if one.state != other.state or one.changed != other.changed:
        return False
    if one.state == "raised":
        return one.error.split(":")[0] == other.error.split(":")[0]
    return one.state == "skipped" or comparing.same(one.answer, other.answer)


def copied(case: tuple) -> tuple:
    """Return the arguments with copies of the arrays among them."""
    return tuple(one.copy() if isinstance(one, np.ndarray) else one for one in case)


def weight(case) -> int:
    """Return how many numbers a case holds."""
    if isinstance(case, (list, tuple)):
        return sum(map(weight, case))
    return case.size if isinstance(case, np.ndarray) else 1


def shown(value) -> str:
    """Return a value as short text."""
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    with np.printoptions(precision=6, threshold=30, edgeitems=2, linewidth=70, suppress=True):
        text = np.array2string(value, separator=", ") if isinstance(value, np.ndarray) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + " …"
