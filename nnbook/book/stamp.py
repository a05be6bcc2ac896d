"""Stamps copies of the chapters with the repository and commit that Colab and Binder install nnbook from."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP = """\
# @title Google Colab only: install nnbook as it was when this page was built
import sys

if "google.colab" in sys.modules:
    import subprocess

    from google.colab import output

    wanted = {wanted}
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
    output.enable_custom_widget_manager()"""


def source(repository: str, commit: str) -> str:
    """Return the address pip installs the package from: ``git+https://…/owner/name@commit``."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ValueError(f"a repository is owner/name, got {repository!r}")
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise ValueError(f"a commit is 40 hexadecimal digits, got {commit!r}")
    return f"git+https://github.com/{repository}@{commit}"


def setup_cell(repository: str, commit: str) -> dict:
    """Return the folded first cell: on Colab it installs the package, elsewhere it does nothing.

    TensorFlow stays Colab's own, which knows its accelerators; Keras is brought to the book's version.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    keras = [name for name in project["optional-dependencies"]["keras"] if name.startswith("keras")]
    wanted = [f"nnbook[plot,widgets] @ {source(repository, commit)}", *keras]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "colab-setup",
        "metadata": {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["hide-cell"]},
        "outputs": [],
        "source": SETUP.format(wanted=json.dumps(wanted)).splitlines(keepends=True),
    }


def stamp(out: Path, repository: str, commit: str) -> list[Path]:
    """Write the stamped chapters to ``out/notebooks`` and Binder's files to ``out/.binder``."""
    cell = setup_cell(repository, commit)
    written = []
    for folder in (out / "notebooks", out / ".binder"):
        folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf8"))
        notebook["cells"].insert(0, cell)
        written.append(out / "notebooks" / path.name)
        text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
        written[-1].write_text(text + "\n", encoding="utf8")
    requirement = f"nnbook[book] @ {source(repository, commit)}\n"
    (out / ".binder" / "requirements.txt").write_text(requirement, encoding="utf8")
    shutil.copy(ROOT / ".binder" / "runtime.txt", out / ".binder")
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m nnbook.book.stamp", description=__doc__)
    parser.add_argument("--repository", required=True, metavar="OWNER/NAME")
    parser.add_argument("--commit", required=True, metavar="SHA")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    asked = parser.parse_args()
    try:
        written = stamp(asked.out, asked.repository, asked.commit)
    except ValueError as error:
        parser.error(str(error))
    print(f"{len(written)} notebooks stamped in {asked.out / 'notebooks'}")
