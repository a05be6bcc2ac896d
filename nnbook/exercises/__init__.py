"""Exercises that answer back: ``check.ch01.margin(my_function)`` says what passes, what fails, and why."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from nnbook.exercises.exercise import Exercise
from nnbook.exercises.result import Progress, Result

__all__ = ["Exercise", "Progress", "Result", "check"]


class Chapter:
    """The exercises of one chapter, each an attribute; ``progress()`` says which are solved."""

    def __init__(self, name: str):
        module = import_module(f"nnbook.exercises.{name}")
        found = {key: value for key, value in vars(module).items() if isinstance(value, Exercise)}
        for key, exercise in found.items():
            exercise.name = f"{name}.{key}"
        self._name, self._exercises = name, found

    def __getattr__(self, name):
        exercises = self.__dict__.get("_exercises", {})
        if name in exercises:
            return exercises[name]
        raise AttributeError(unknown(f"exercise {name!r} in {self._name}", name, exercises))

    def __dir__(self):
        return [*self._exercises, "progress"]

    def __iter__(self):
        return iter(self._exercises.values())

    def __repr__(self):
        return "\n".join(map(repr, self))

    def progress(self) -> Progress:
        """Return which exercises were tried and which passed since Python was started."""
        tried = {name: one.last for name, one in self._exercises.items()}
        states = {name: "new" if last is None else last.state for name, last in tried.items()}
        return Progress(self._name, states)


class Check:
    """All checkers: ``check.ch01`` holds those of chapter 1."""

    def __init__(self):
        self._chapters = {}

    def __getattr__(self, name):
        if name not in dir(self):
            raise AttributeError(unknown(f"chapter {name!r} with exercises", name, dir(self)))
        if name not in self._chapters:
            self._chapters[name] = Chapter(name)
        return self._chapters[name]

    def __dir__(self):
        return sorted(path.stem for path in Path(__file__).parent.glob("ch[0-9][0-9].py"))

    def __repr__(self):
        return f"checkers for the exercises of {', '.join(dir(self))}; such as check.{dir(self)[0]}"


def unknown(what: str, name: str, known) -> str:
    """Return the message for a name that nobody has."""
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no {what}; {hint}there are: {', '.join(known)}"


check = Check()
