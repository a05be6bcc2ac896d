"""Reads chapters for the tests: cells, lines by kind, prose without code, and what is wrong with it."""

from __future__ import annotations

import ast
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "chapters"
CHAPTERS = sorted(FOLDER.glob("[0-9][0-9]-*.ipynb"))
PAGES = sorted(FOLDER.glob("*.md"))

# Directives whose content is prose; what stands in any other backtick fence is code.
PROSE_DIRECTIVES = {"admonition", "note", "tip", "warning", "important", "hint", "dropdown", "margin"}
MARKS = ("by hand", "setting", "definition", "cited")


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook."""

    kind: str
    id: str
    source: str
    tags: tuple
    metadata: dict
    raw: dict

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The lines of a Markdown cell, each with its kind."""
        return kinds(self.source) if self.kind == "markdown" else []

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of a code cell; magics and shell lines count as nothing."""
        return ast.parse(re.sub(r"(?m)^[%!].*$", "", self.source))

    @property
    def holds_assert(self) -> bool:
        """Whether a code cell checks something."""
        return self.kind == "code" and any(isinstance(node, ast.Assert) for node in ast.walk(self.tree))

    def tagged(self, start: str) -> list[str]:
        """What follows ``start`` in the tags that begin with it."""
        return [tag[len(start) :] for tag in self.tags if tag.startswith(start)]

    @property
    def builds(self) -> bool:
        """Whether this cell defines something of the package, or of the chapter."""
        return "build" in self.tags or bool(self.tagged("same-as:"))


@functools.cache
def notebook(path: Path) -> dict:
    """The chapter's JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache
def cells(path: Path) -> list[Cell]:
    """The chapter's cells, in order."""
    return [
        Cell(
            kind=raw["cell_type"],
            id=raw.get("id", ""),
            source="".join(raw["source"]),
            tags=tuple(raw["metadata"].get("tags", ())),
            metadata=raw["metadata"],
            raw=raw,
        )
        for raw in notebook(path)["cells"]
    ]


def code(path: Path) -> list[Cell]:
    """The chapter's code cells."""
    return [cell for cell in cells(path) if cell.kind == "code"]


def texts(path: Path) -> list[Cell]:
    """The chapter's Markdown cells."""
    return [cell for cell in cells(path) if cell.kind == "markdown"]


def kinds(source: str) -> list[tuple[str, str]]:
    """Return (kind, line) of Markdown.

    Kinds: prose, item, table, heading, blank, target, directive, option, math, code.
    """
    found, fence, open_prose, until = [], None, 0, None
    for line in source.splitlines():
        text = line.strip()
        opening = re.match(r"(`{3,}|~{3,})(?:\{(\w[\w:-]*)\})?", text)
        if fence:
            kind, fence = "code", None if text.startswith(fence) else fence
        elif until:
            kind, until = "math", None if until in text else until
        elif opening and open_prose and text == opening[1]:
            kind, open_prose = "directive", open_prose - 1
        elif opening and opening[2] in PROSE_DIRECTIVES:
            kind, open_prose = "directive", open_prose + 1
        elif opening:
            kind, fence = "code", opening[1]
        elif text.startswith("$$"):
            kind, until = "math", None if "$$" in text[2:] else "$$"
        elif text.startswith(r"\begin{"):
            kind, until = "math", None if r"\end{" in text else r"\end{"
        elif text.startswith(":::"):
            kind = "directive"
        elif re.fullmatch(r"\([\w-]+\)=", text):
            kind = "target"
        elif re.match(r":[\w-]+:( |$)", text) and found and found[-1][0] in ("directive", "option"):
            kind = "option"
        elif not text:
            kind = "blank"
        elif text.startswith("#"):
            kind = "heading"
        elif text.startswith("|"):
            kind = "table"
        elif re.match(r"([-*+]|\d+\.|:)\s", text):
            kind = "item"
        else:
            kind = "prose"
        found.append((kind, line))
    return found


def without_code(line: str, code: str = "CODE") -> str:
    """Return a line with inline code, roles, math, links' targets and comments replaced."""
    line = re.sub(r"<!--.*?-->", "", line)
    line = re.sub(r"\{[\w:]+\}(`+).+?\1", code, line)
    line = re.sub(r"(`+).+?\1", code, line)
    line = re.sub(r"\$[^$]+\$", code, line)
    line = re.sub(r"\]\([^)]*\)", "]", line)
    return re.sub(r"<https?:[^>]*>|https?://\S+", code, line)


# One sentence a line

ABBREVIATIONS = r"\b(e\.g|i\.e|vs|cf|al|etc|Fig|Eq|Sec|Ch|No|St|Dr|Mr|Ms|Prof|approx|[A-Z])\.$"


def ends_inside(line: str) -> bool:
    """Say whether a sentence ends within the line and another begins."""
    text = re.sub(r"^\s*([-*+]|\d+\.|:)\s+", "", without_code(line))
    for end in re.finditer(r"[.!?…][*_”\"’)\]]*\s+(?=[*_“\"(\[]*[A-Z])", text):
        if not re.search(ABBREVIATIONS, text[: end.start() + 1]):
            return True
    return False


def is_broken(line: str, following: tuple[str, str] | None) -> bool:
    """Say whether a sentence goes on in the next line."""
    if not following or following[0] != "prose":
        return False
    text = re.sub(r"<!--.*?-->", "", line).rstrip().rstrip('*_”"’)]').rstrip("`")
    return not re.search(r"[.!?:;…]$", text)


def sentence_problems(source: str) -> list[str]:
    """Return the lines that hold more or less than a sentence."""
    lines = kinds(source)
    following = [*lines[1:], None]
    return [
        line
        for (kind, line), after in zip(lines, following, strict=True)
        if kind in ("prose", "item") and (ends_inside(line) or is_broken(line, after))
    ]


# Typed numbers

NUMBERS = {
    "percentage": r"\d\s*(%|per ?cent\b)",
    "decimal": r"(?<![\w.])\d+\.\d+(?![\w.]*\.\d)",
    "power of ten": r"\b\d+(\.\d+)?e[-+]?\d+\b|10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+",
    "ratio": r"\d\s*(x|×|-?fold|times)(?!\w)(?!\s*\d)",
    "time": r"\d\s*(s|ms|µs|ns|seconds?|minutes?|hours?|milliseconds?|microseconds?)\b",
}


def typed_numbers(line: str) -> list[str]:
    """Return what in a line of prose looks like a measured result; nothing where the line is marked."""
    mark = re.search(r"<!--\s*(.*?)\s*-->", line)
    if mark and mark[1] in MARKS:
        return ["cited without a citation"] if mark[1] == "cited" and "{cite" not in line else []
    found = re.findall(r"\$[^$]*\\%[^$]*\$", line)
    text = re.sub(r"Python \d\.\d+(,? (and|or)? ?\d\.\d+)*", "", without_code(line, code=""))
    return found + [f"{name}: {hit[0]}" for name, rule in NUMBERS.items() for hit in re.finditer(rule, text)]


def number_problems(source: str) -> list[str]:
    """Return the typed numbers in a page, each with its line."""
    lines = [line for kind, line in kinds(source) if kind in ("prose", "item", "table")]
    return [f"{number} in: {line.strip()}" for line in lines for number in typed_numbers(line)]


# Words

ROLE = r"\{%s\}`([^`]+)`"


def role_targets(source: str, role: str) -> list[str]:
    """Return what the roles of one name point to: ``{term}`weights <weight>``` points to ``weight``."""
    inside = re.findall(ROLE % role, source)
    return [re.sub(r".*<(.+)>$", r"\1", text, flags=re.DOTALL).strip() for text in inside]


@functools.cache
def glossary() -> list[str]:
    """The terms of the glossary, the longer ones first."""
    text = (FOLDER / "glossary.md").read_text(encoding="utf-8")
    body = re.search(r":::\{glossary\}\n(.*?)\n:::", text, re.DOTALL)[1]
    return sorted((line for line in body.splitlines() if re.match(r"\S", line)), key=len, reverse=True)


def terms_used(cell: Cell) -> set[str]:
    """Return the glossary's terms in a cell's prose, linked or not; longer terms hide those within them."""
    lines = [line for kind, line in cell.lines if kind in ("prose", "item")]
    text = "\n".join(re.sub(r"\{term\}`([^`]+)`", " ", line) for line in lines)
    text = "\n".join(without_code(line, code=" ") for line in text.splitlines())
    used = set()
    for term in glossary():
        text, count = re.subn(rf"(?<![\w-]){re.escape(term)}(s|es)?(?![\w-])", " ", text, flags=re.IGNORECASE)
        used |= {term} if count else set()
    return used


def unlinked_terms(path: Path) -> list[str]:
    """Return the glossary's terms that are not linked in the first cell that uses them."""
    seen, problems = set(), []
    for cell in texts(path):
        linked = {target.lower() for target in role_targets(cell.source, "term")}
        new = {term for term in glossary() if term.lower() in linked}
        problems += [f"{term} in cell {cell.id}" for term in sorted(terms_used(cell) - new - seen)]
        seen |= new | terms_used(cell)
    return problems


# The package's own code

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def bare(node: ast.AST) -> str:
    """Return a definition's syntax tree as text, without docstrings and decorators."""
    for part in ast.walk(node):
        if isinstance(part, DEFINITIONS):
            part.decorator_list = []
            if ast.get_docstring(part, clean=False) is not None:
                part.body = part.body[1:]
    return ast.dump(node)


def of_package(name: str) -> ast.AST | None:
    """Return the definition that a dotted name such as ``nnbook.layers.Dense.forward`` has in the package."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        base = ROOT.joinpath(*parts[:cut])
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if file.is_file():
            node = ast.parse(file.read_text(encoding="utf-8"))
            for part in parts[cut:]:
                inside = (
                    [n for n in node.body if isinstance(n, DEFINITIONS) and n.name == part] if node else []
                )
                node = inside[0] if inside else None
            return node
    return None


def of_cell(cell: Cell) -> ast.AST | None:
    """Return the one definition in a cell, or None if there are none or several."""
    rest = [node for node in cell.tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    return rest[0] if len(rest) == 1 and isinstance(rest[0], DEFINITIONS) else None
