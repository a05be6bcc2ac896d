"""The environment of the kernels: quiet, without a GPU, the same on every machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

VARIABLES = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "NNBOOK_BOOK": "1",  # widgets compute all that their controls can show, since pages have no kernel
    # One thread each: two chapters share two cores, and sums do not depend on the number of cores.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}

# Runs in every kernel before its first cell. Widget models take their ids from their comm,
# and random ids would make every build of a page another file.
STARTUP = '''\
"""Counts the comms of this kernel, so that widgets have the same ids in every build."""

import itertools

import comm

_create, _numbers = comm.create_comm, itertools.count(1)


def create_comm(*args, **kwargs):
    if not kwargs.get("comm_id"):
        kwargs["comm_id"] = f"{next(_numbers):032x}"
    return _create(*args, **kwargs)


comm.create_comm = create_comm
'''

KERNEL_CONFIG = """\
c = get_config()
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = "ERROR"
"""


def apply(root: str | os.PathLike) -> None:
    """Give all kernels started from now on the variables, and ``root/_build`` for what they keep."""
    built = (Path(root) / "_build").resolve()
    profile = built / "ipython" / "profile_default"
    write(profile / "startup" / "00-comm-ids.py", STARTUP)
    write(profile / "ipython_kernel_config.py", KERNEL_CONFIG)
    os.environ.update(VARIABLES, IPYTHONDIR=str(profile.parent), MPLCONFIGDIR=str(built / "matplotlib"))


def find_fonts() -> None:
    """Let matplotlib note the machine's fonts, once: a kernel that did so would tell, and spoil its page."""
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)


def write(path: Path, text: str) -> None:
    """Write ``text`` unless it is there already."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
