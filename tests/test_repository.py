"""What the repository promises of its lock, its commands, its workflows, its papers and its notebooks."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import make_book
import nbformat
import pytest
import yaml

from nnbook.book import stamp

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "chapters").glob("*.ipynb"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf8")
TARGETS = re.findall(r"^([a-z]+):", MAKEFILE, flags=re.M)
REPOSITORY, COMMIT = "owner/name", "0123456789abcdef" * 2 + "01234567"


def outside(**variables):
    """Return the environment without what the make and pytest that run this test hand down."""
    inner = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTEST_ADDOPTS"}
    return {name: value for name, value in os.environ.items() if name not in inner} | variables


# The lock


def test_the_lock_pins_every_package_with_a_hash():
    names = re.findall(r"^([\w.-]+)==[^\s;]+.*\\$", LOCK, flags=re.M)
    assert len(names) > 100
    assert len(names) == len(re.findall(r"^\S", LOCK, flags=re.M)), (
        "a line that is not name==version with hashes"
    )


def test_the_lock_holds_no_benchmark_peers_and_no_accelerator_wheels():
    names = re.findall(r"^([\w.-]+)==", LOCK, flags=re.M)
    assert [name for name in names if re.match(r"nvidia-|torch|jax|pyspark|triton", name)] == []


def test_the_lock_names_no_address():
    assert not re.search(r"://|--(extra-)?index|--find-links", LOCK)


# Every file


def listed():
    """Return each file that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        pytest.skip("this copy is not a git repository")
    return [path for name in run.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def private_patterns():
    """Return what no file may hold: a home, this checkout's folder, a package index."""
    home = r"(?<![\w.~*/-])/(?:home|Users)/\w|(?<![\w.~*/-])/ro[o]t/|[A-Z]:\\+Users\\"
    index = (
        r"(?:index-url|find-links)\s*=|/simple/?[\s\"']|\bpy"
        + r"pi\.(?:org|io)|python"
        + r"hosted|npm"
        + r"js\.(?:org|com)"
    )
    return re.compile(f"{home}|{re.escape(str(ROOT))}|{index}")


def test_no_file_names_a_home_this_machine_or_a_package_index():
    pattern, found = private_patterns(), []
    for path in listed():
        try:
            lines = path.read_text(encoding="utf8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{n}: {hit[0]}"
            for n, line in enumerate(lines, 1)
            if (hit := pattern.search(line))
        ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "/ho" + "me/ann/book",
        '"/ro' + 'ot/x"',
        "C:\\Us" + "ers\\ann",
        "--index-" + "url=x",
        str(ROOT / "nnbook"),
    ],
)
def test_the_search_for_private_paths_finds_one(text):
    assert private_patterns().search(text)


# The workflows


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_by_hash(path):
    used = [step["uses"] for step in steps(yaml.safe_load(path.read_text(encoding="utf8"))) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", name)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_only_the_publishing_job_may_write(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf8"))
    assert workflow["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert more == ({"publish": {"contents": "write"}} if path.name == "pages.yml" else {})
    assert "pull_request_target" not in workflow[True], "YAML reads the key `on` as true"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_that_checks_out_keeps_no_credentials(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf8"))
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_ci_tests_every_python_the_package_allows():
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf8"))
    tested = {str(version) for version in ci["jobs"]["test"]["strategy"]["matrix"]["python"]}
    assert tested == {"3.11", "3.12", "3.13"}
    assert any(".ci/run" in step.get("run", "") for step in ci["jobs"]["test"]["steps"])


# The commands


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", ".ci/run", ".github/workflows/pages.yml"])
def test_the_commands_a_file_names_are_make_targets(name):
    text = (ROOT / name).read_text(encoding="utf8")
    named = set(re.findall(r"(?:^|`|run: |&& )make ([a-z]+)", text, flags=re.M))
    assert named and named <= set(TARGETS)


def test_every_target_says_what_it_does():
    described = re.findall(r"^([a-z]+):.*## \S", MAKEFILE, flags=re.M)
    assert set(described) == set(TARGETS) - {"help"}


@pytest.fixture
def bare(tmp_path):
    """A folder with the Makefile and its tools, and an empty PATH folder that comes first."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "bin").mkdir()

    def python(name, version):
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\ncase "$1" in -c) echo {version} ;; *) exit 1 ;; esac\n')
        path.chmod(0o755)

    def make(*words):
        env = outside(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.defpath}")
        run = subprocess.run(["make", *words], cwd=tmp_path, env=env, capture_output=True, text=True)
        return run.returncode, run.stdout.splitlines()

    return SimpleNamespace(path=tmp_path, python=python, make=make)


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.14"])
@pytest.mark.parametrize("target", ["book", "test", "check"])
def test_a_python_outside_the_range_gets_one_clear_line(bare, version, target):
    bare.python("other", version)
    status, lines = bare.make(target, f"PYTHON={bare.path / 'bin' / 'other'}")
    assert status and len(lines) == 1
    assert "needs Python 3.11, 3.12 or 3.13" in lines[0] and version in lines[0]
    assert not (bare.path / ".venv").exists()


def test_a_python_that_is_not_there_gets_one_clear_line(bare):
    status, lines = bare.make("book", "PYTHON=no-such-python")
    assert status and len(lines) == 1 and "no-such-python does not run" in lines[0]


def test_an_old_python3_is_passed_over_for_a_newer_one(bare):
    bare.python("python3", "3.9")
    bare.python("python3.13", "3.13")
    status, lines = bare.make("env")
    assert status and lines[0] == "Making .venv with Python 3.13 (python3.13)"
    assert "cannot make virtual environments" in lines[-1]


@pytest.mark.parametrize("name, answer", [("97", NOTEBOOKS[-1].stem), ("", "make page P=11")])
def test_a_chapter_that_does_not_exist_is_answered_with_those_that_do(name, answer):
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_book.py", name], capture_output=True, text=True
    )
    assert run.returncode and answer in run.stderr


def test_a_build_that_fails_stays_stale_and_leaves_no_labels_behind(monkeypatch, tmp_path):
    labels = tmp_path / "_build" / ".doctrees"

    def build(*arguments):
        labels.mkdir()
        return 1

    changed = {"ROOT": tmp_path, "HTML": tmp_path / "html", "BUILT": tmp_path / "_build" / "built"}
    changed |= {"execute": lambda root, names: [], "jupyter_book": build}
    for name, value in changed.items():
        monkeypatch.setattr(make_book, name, value)
    with pytest.raises(SystemExit, match="did not build"):
        make_book.make_book()
    assert not labels.exists() and make_book.stale() == "the book is not built"


# The papers


def test_the_citation_file_agrees_with_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= set(citation)
    assert citation["version"] == project["version"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf8")


# The notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_and_with_stable_ids(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [
        cell.id for cell in notebook.cells if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?|\d+", cell.id)
    ] == []


@pytest.fixture(scope="module")
def stamped(tmp_path_factory):
    out = tmp_path_factory.mktemp("stamped")
    stamp.stamp(out, REPOSITORY, COMMIT)
    return out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stamped_notebook_is_the_chapter_after_one_folded_cell(stamped, path):
    notebook = json.loads((stamped / "notebooks" / path.name).read_text(encoding="utf8"))
    nbformat.validate(nbformat.from_dict(notebook))
    first, *rest = notebook["cells"]
    assert rest == json.loads(path.read_text(encoding="utf8"))["cells"]
    assert first["metadata"]["jupyter"]["source_hidden"] and "hide-cell" in first["metadata"]["tags"]


def run_setup(monkeypatch):
    """Run the stamped cell and return the commands it would start."""
    started = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: started.append(command))
    exec("".join(stamp.setup_cell(REPOSITORY, COMMIT)["source"]), {})
    return started


def test_the_stamped_cell_does_nothing_outside_colab(monkeypatch):
    before = set(sys.modules)
    assert run_setup(monkeypatch) == []
    assert set(sys.modules) == before


def test_the_stamped_cell_installs_this_commit_and_the_widget_manager_on_colab(monkeypatch):
    enabled = []
    output = SimpleNamespace(enable_custom_widget_manager=lambda: enabled.append(True))
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(output=output))
    (command,) = run_setup(monkeypatch)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert any(f"git+https://github.com/{REPOSITORY}@{COMMIT}" in word for word in command)
    assert not any("lock" in word for word in command)
    assert enabled == [True]


def test_binder_installs_this_commit(stamped):
    requirement = (stamped / ".binder" / "requirements.txt").read_text(encoding="utf8")
    assert requirement == f"nnbook[book] @ git+https://github.com/{REPOSITORY}@{COMMIT}\n"


@pytest.mark.parametrize(
    "repository, commit", [("name", COMMIT), ("a/b/c", COMMIT), ("a/b; rm", COMMIT), (REPOSITORY, "main")]
)
def test_a_stamp_without_a_real_repository_and_commit_is_refused(repository, commit):
    with pytest.raises(ValueError, match="got"):
        stamp.source(repository, commit)


# Skips


@pytest.mark.parametrize(
    "body", ["def test_x(): pytest.skip('why')", "pytest.skip('why', allow_module_level=True)"]
)
def test_skips_are_failures_where_the_variable_says_so(tmp_path, body):
    for name in ("conftest.py", "browser.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path)
    (tmp_path / "test_x.py").write_text(f"import pytest\n{body}\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
        tmp_path,
    ]
    for value, expected in (("1", {1, 2}), ("0", {0, 5})):
        env = outside(NNBOOK_NO_SKIPS=value)
        run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert run.returncode in expected, run.stdout
        assert ("why" in run.stdout) == (value == "1")
