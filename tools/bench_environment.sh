#!/bin/sh
# Makes .venv-bench hold what requirements-bench.lock names, with the Python of .venv; quick where it already does.
set -eu

say() { echo "$*"; }
bin=.venv-bench/bin
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo absent; }

if [ "$(version $bin/python)" != "$(version .venv/bin/python)" ] ||
    [ "$(cat .venv-bench/place 2>/dev/null)" != "$(pwd)" ]; then
    say "Making .venv-bench"
    rm -rf .venv-bench
    .venv/bin/python -m venv .venv-bench
    pwd >.venv-bench/place
    echo '*' >.venv-bench/.gitignore
fi

# PyTorch's build for processors comes first, wherever pip is configured to find it. All is installed without what
# the packages themselves ask for: PyTorch's common build for Linux asks for 3 GB of CUDA.
torch=$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' requirements-bench.lock)
if ! cmp -s requirements-bench.lock .venv-bench/installed.lock; then
    say "Installing requirements-bench.lock into .venv-bench: some minutes and 2.5 GB the first time"
    $bin/python -m pip install -qq --disable-pip-version-check --no-deps "torch==$torch+cpu" 2>/dev/null || true
    $bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.lock
    cp requirements-bench.lock .venv-bench/installed.lock
fi

$bin/python -c 'import torch' 2>/dev/null || say "PyTorch does not run in .venv-bench, so it will be left out.
This is its build with CUDA. To measure it, let pip find the build for processors: set PIP_EXTRA_INDEX_URL to
the address that PyTorch's own page of install commands names for CPU, remove .venv-bench, and try again."
say "The benchmark's environment in .venv-bench is ready"
