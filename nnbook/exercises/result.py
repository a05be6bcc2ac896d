"""What a checker says: a result for one exercise, and the progress over a chapter, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

HEADS = {"passed": "Passed", "failed": "Not yet", "unwritten": "Not written yet"}


@dataclass(frozen=True)
class Result:
    """The answer of a checker; it is true if the exercise is solved.

    Args:
        name: the exercise, such as "ch01.margin".
        state: "passed", "failed" or "unwritten".
        summary: one sentence.
        rows: (label, value) pairs that show the smallest input that fails.
        hint: names the mistake, if it is known.
    """

    name: str
    state: str
    summary: str
    rows: tuple = ()
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether the exercise is solved."""
        return self.state == "passed"

    def __bool__(self):
        return self.passed

    def __repr__(self):
        lines = [f"{HEADS[self.state]}: {self.name}. {self.summary}".rstrip()]
        width = max((len(label) for label, _ in self.rows), default=0)
        for label, value in self.rows:
            first, *rest = str(value).splitlines() or [""]
            lines += [f"  {label:<{width}}  {first}", *(" " * (width + 4) + line for line in rest)]
        return "\n".join(lines + ([f"Hint: {self.hint}"] if self.hint else []))

    def _repr_html_(self):
        rows = "".join(
            f'<tr><th scope="row" style="{CELL}font-weight:normal">{escape(label)}</th>'
            f'<td style="{CELL}"><code style="{CODE}">{escape(str(value))}</code></td></tr>'
            for label, value in self.rows
        )
        table = f'<table style="{TABLE}"><tbody>{rows}</tbody></table>' if rows else ""
        hint = f'<p style="{TEXT}"><strong>Hint.</strong> {marked(self.hint)}</p>' if self.hint else ""
        head = (
            f"<strong>{HEADS[self.state]}</strong>: <code>{escape(self.name)}</code>. {marked(self.summary)}"
        )
        return box(f'<p style="{TEXT}">{head}</p>{table}{hint}', self.state)


@dataclass(frozen=True)
class Progress:
    """How far a reader has come in a chapter's exercises since Python was started."""

    chapter: str
    states: dict

    def __repr__(self):
        lines = [f"{self.chapter}: {self.summary}"]
        return "\n".join(lines + [f"  {word(state):<15} {name}" for name, state in self.states.items()])

    def _repr_html_(self):
        rows = "".join(
            f'<tr><th scope="row" style="{CELL}font-weight:normal"><code>{escape(name)}</code></th>'
            f'<td style="{CELL}">{word(state)}</td></tr>'
            for name, state in self.states.items()
        )
        state = "passed" if set(self.states.values()) == {"passed"} else "failed"
        head = f'<p style="{TEXT}"><strong>{escape(self.chapter)}</strong>: {self.summary}</p>'
        return box(f'{head}<table style="{TABLE}"><tbody>{rows}</tbody></table>', state)

    @property
    def summary(self) -> str:
        """How many exercises are solved."""
        return f"{sum(state == 'passed' for state in self.states.values())} of {len(self.states)} passed"


# Styles stand in the elements, since Jupyter knows no style sheet of ours; they take the colours of the page.
TEXT = "margin:0.2rem 0;color:inherit;"
TABLE = "border-collapse:collapse;margin:0.3rem 0;border:0;color:inherit;background:none;"
CELL = "padding:0.15rem 0.9rem 0.15rem 0;border:0;text-align:start;vertical-align:baseline;background:none;"
CODE = "white-space:pre-wrap;overflow-wrap:anywhere;background:none;color:inherit;padding:0;border:0;"
EDGES = {"passed": "0.35rem solid", "failed": "0.35rem double", "unwritten": "0.35rem dotted"}
COLOURS = {
    "passed": "var(--nnbook-green, var(--jp-success-color1, currentColor))",
    "failed": "var(--nnbook-vermillion, var(--jp-warn-color1, currentColor))",
    "unwritten": "currentColor",
}


def box(content: str, state: str) -> str:
    """Return HTML in a frame whose edge differs in its line as well as in its colour."""
    edge = f"border-inline-start:{EDGES[state]} {COLOURS[state]};"
    style = f"{edge}padding:0.2rem 0 0.2rem 0.8rem;margin:0.3rem 0;color:inherit;overflow-x:auto;"
    return f'<div class="nnbook-check {state}" style="{style}">{content}</div>'


def marked(text: str) -> str:
    """Return text as HTML; what stands between backticks is code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if k % 2 else part for k, part in enumerate(parts))


def word(state: str) -> str:
    """Return a state of progress in words."""
    return HEADS.get(state, "Not tried").lower()
