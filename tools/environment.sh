#!/bin/sh
# Makes .venv hold what requirements.lock names and this package, editable; quick where it already does.
# usage: sh tools/environment.sh [PYTHON]
set -eu

say() { echo "$*"; }
stop() { say "$*"; exit 1; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo absent; }

if [ -f .venv/place ]; then
    [ "$(cat .venv/place)" = "$(pwd)" ] || { say "This folder has moved: making .venv anew"; rm -rf .venv; }
elif [ -d .venv ] && ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "The .venv here is not whole: making it anew"
    rm -rf .venv
fi

wanted=${1:-}
if [ -n "$wanted" ]; then set -- "$wanted"; else set -- .venv/bin/python python3 python3.13 python3.12 python3.11; fi
python='' seen=''
for candidate do
    found=$(version "$candidate")
    case $found in
        3.11 | 3.12 | 3.13) python=$candidate; break ;;
        absent) [ -z "$wanted" ] || seen=" ($candidate does not run)" ;;
        *) seen="$seen ($candidate is $found)" ;;
    esac
done
[ -n "$python" ] || stop "This book needs Python 3.11, 3.12 or 3.13$seen: install one and name it, as in make book PYTHON=python3.12"

if [ "$(version .venv/bin/python)" != "$found" ]; then
    say "Making .venv with Python $found ($python)"
    rm -rf .venv
    "$python" -m venv .venv ||
        stop "Python $found cannot make virtual environments (on Debian and Ubuntu: apt-get install python$found-venv)"
fi
pwd >.venv/place

if ! cmp -s requirements.lock .venv/installed.lock; then
    say "Installing requirements.lock into .venv: some minutes and 2 GB the first time"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
    cp requirements.lock .venv/installed.lock
fi
if ! cmp -s pyproject.toml .venv/installed.toml; then
    say "Installing nnbook into .venv, editable"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
    cp pyproject.toml .venv/installed.toml
fi
if ! grep -qs TF_CPP_MIN_LOG_LEVEL .venv/share/jupyter/kernels/python3/kernel.json; then
    say "Making TensorFlow quiet in notebooks, and its sums those of the page"
    .venv/bin/python -m ipykernel install --sys-prefix \
        --env TF_CPP_MIN_LOG_LEVEL 2 --env TF_ENABLE_ONEDNN_OPTS 0 >/dev/null
fi
say "The environment in .venv is ready (Python $found)"
