"""Calls what a learner wrote in a child process that is ended for certain, and brings plain values back."""

from __future__ import annotations

import base64
import contextlib
import copy
import dis
import json
import math
import os
import select
import shutil
import signal
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
import warnings
from dataclasses import dataclass, field

import numpy as np

COMPUTING = 0.8  # seconds of processor time for all cases together
WAITING = 1.0  # seconds on the clock, for code that sleeps
LOADED = 3.0  # the same, for code that computes while others keep it from the processor
MEMORY = 2**30  # bytes beyond what the process has already
LARGEST = 2**24  # bytes that an array in an answer may take
LONGEST = 10**5  # parts of a list
PRINTED = 300  # characters kept of what was printed
FORKS = hasattr(os, "fork")


class Stopped(BaseException):
    """Raised in a thread that takes too long."""


@dataclass
class Outcome:
    """What one call came to.

    ``state`` is "answered", "raised", "unwritten", "stuck", "ended" (Python with it) or "skipped".
    """

    state: str
    answer: object = None
    error: str = ""
    line: str = ""
    printed: str = ""
    changed: list = field(default_factory=list)


@dataclass(frozen=True)
class Foreign:
    """Stands for an answer that is no plain value: a generator, a class, a module."""

    kind: str

    def __repr__(self):
        return f"<{self.kind}>"


def observe(ask, calls: list[tuple], seconds: float = COMPUTING) -> list[Outcome]:
    """Return what ``ask(*call)`` comes to for each call, in order; after a call that never ends none is made.

    The calls share ``seconds`` of processor time. Where processes can fork they run in a child of their own;
    elsewhere in a thread, which is told to stop and left behind if it does not.
    """
    scratch = tempfile.mkdtemp(prefix="nnbook-")
    try:
        observed = (in_child if FORKS else in_thread)(ask, calls, seconds, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return observed + [Outcome("skipped")] * (len(calls) - len(observed))


def attempt(ask, arguments: tuple) -> Outcome:
    """Make one call on copies of its arguments and note what came of it."""
    given = copy.deepcopy(arguments)
    with printing() as printed:
        try:
            answer = ask(*given)
            outcome = Outcome("answered", plain(answer))
        except NotImplementedError:
            outcome = Outcome("unwritten")
        except Stopped:
            raise
        except MemoryError:
            outcome = Outcome("raised", error="MemoryError: it asked for more memory than a check allows")
        except BaseException as error:  # SystemExit and KeyboardInterrupt are answers of a kind, too
            outcome = Outcome("raised", error=worded(error), line=own_line(error))
    outcome.printed = printed.kept
    outcome.changed = [
        k for k, (old, new) in enumerate(zip(arguments, given, strict=True)) if differ(old, new)
    ]
    return outcome


# The child


def in_child(ask, calls, seconds, scratch) -> list[Outcome]:
    """Fork, let the child call and send, and end it and all that it started."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():  # Python warns of forks beside threads; the child uses none of theirs
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            confine(seconds, scratch)
            for call in calls:
                send(writing, attempt(ask, call))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        lines, late = receive(reading, len(calls), child, seconds)
    finally:
        os.close(reading)
        for end in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                end(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    observed = [decoded_outcome(line) for line in lines]
    if len(observed) < len(calls):
        observed.append(unfinished(status, late))
    return observed


def confine(seconds: float, scratch: str) -> None:
    """Make the child quiet, and limit its time, its memory and where it writes files."""
    import faulthandler
    import gc
    import resource

    with contextlib.suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    gc.disable()  # nothing of the parent's is to be torn down here
    faulthandler.disable()
    sys.settrace(None)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            limit = int(file.read().split()[0]) * resource.getpagesize() + MEMORY
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        shell.display_pub.publish = lambda *args, **options: None
    os.chdir(scratch)
    tempfile.tempdir = scratch
    start()


def start() -> None:
    """Begin with the same random numbers each time, and with no keyboard."""
    import builtins
    import random

    random.seed(0)
    np.random.seed(0)
    builtins.input = no_input


def no_input(*_):
    """Stand for ``input``, which a checker cannot serve."""
    raise RuntimeError("input() waits for somebody to type; a checker has nobody")


def send(writing: int, outcome: Outcome) -> None:
    """Write one outcome as a line of JSON."""
    data = json.dumps(vars(outcome) | {"answer": encode(outcome.answer)}).encode() + b"\n"
    while data:
        data = data[os.write(writing, data) :]


def receive(reading: int, count: int, child: int, seconds: float) -> tuple[list[bytes], str]:
    """Return the lines that came, ``count`` at most, and how the time ran out, if it did."""
    data, begin = bytearray(), time.monotonic()
    patience = iter((max(WAITING, seconds), max(LOADED, 3 * seconds)))
    deadline = begin + next(patience)
    while data.count(b"\n") < count and len(data) < 4 * LARGEST:
        left = deadline - time.monotonic()
        if left > 0 and select.select([reading], [], [], left)[0]:
            part = os.read(reading, 2**16)
            if not part:
                break
            data += part
        elif left <= 0:
            more = next(patience, None)
            if more is None or waits(child):
                return bytes(data).split(b"\n")[:-1], "waited" if waits(child) else "computed"
            deadline = begin + more
    return bytes(data).split(b"\n")[:-1], ""


def waits(child: int) -> bool:
    """Is the child at rest, and not only kept from the processor by others?"""
    try:
        with open(f"/proc/{child}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "R"
    except OSError:  # no such folder on this system
        return False


def unfinished(status: int, late: str) -> Outcome:
    """Return the outcome of the call in which the child was ended."""
    if late or (status < 0 and -status == signal.SIGPROF):
        return Outcome("stuck", error=late or "computed")
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return Outcome("ended", error=name)
    return Outcome("ended", error="an exit")


def decoded_outcome(line: bytes) -> Outcome:
    """Return the outcome that a line holds."""
    try:
        fields = json.loads(line)
        return Outcome(**fields | {"answer": decode(fields["answer"])})
    except (ValueError, TypeError, KeyError):
        return Outcome("ended", error="an answer that cannot be read")


# The thread, for systems that cannot fork


def in_thread(ask, calls, seconds, scratch) -> list[Outcome]:
    """Call in a thread, which pure Python code leaves when it is told to; its files go where it likes."""
    import ctypes

    observed = []

    def work():
        with contextlib.suppress(Stopped):
            for call in calls:
                observed.append(attempt(ask, call))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not thread.is_alive():
        return observed
    done = list(observed)
    for _ in range(10):  # code that catches everything is told again
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
        thread.join(0.03)
    return [*done, Outcome("stuck", error="computed")]


# What is noted of a call


class Beginning:
    """Keeps the beginning of what is printed, in the place of a file."""

    kept = ""

    def write(self, text: str) -> int:
        self.kept += text[: max(PRINTED - len(self.kept), 0)]
        return len(text)

    def flush(self): ...

    def isatty(self) -> bool:
        return False


@contextlib.contextmanager
def printing():
    """Catch what is printed."""
    caught = Beginning()
    with contextlib.redirect_stdout(caught), contextlib.redirect_stderr(caught):
        yield caught


def worded(error: BaseException) -> str:
    """Return an error in one short line."""
    if isinstance(error, SystemExit):
        return "SystemExit: it asked Python to stop"
    if isinstance(error, RecursionError):
        return "RecursionError: it calls itself without an end"
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text.splitlines()[0][:200]}" if text else type(error).__name__


def own_line(error: BaseException) -> str:
    """Return the last line of the learner's own code that the error passed through."""
    paths = sysconfig.get_paths()
    others = (paths["stdlib"], paths["purelib"], paths["platlib"], os.path.dirname(os.path.dirname(__file__)))
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(others)]
    return f"line {own[-1].lineno}: {own[-1].line}" if own and own[-1].line else ""


def differ(old, new) -> bool:
    """Has a call changed this argument?"""
    if isinstance(old, np.ndarray):
        return old.shape != new.shape or not np.array_equal(old, new, equal_nan=old.dtype.kind in "fc")
    return isinstance(old, (list, dict)) and encode(old) != encode(new)


def is_stub(function) -> bool:
    """Does this function do nothing but return None or its dots?"""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "CACHE"}
    loaded = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {step.opname for step in steps} <= idle and all(one is None or one is ... for one in loaded)


# Plain values, which cross the pipe


def plain(value, depth: int = 8):
    """Return a value as numbers, text, arrays, lists, tuples, dictionaries; all else becomes Foreign."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return float(value) if abs(value) < 2**1000 else math.copysign(math.inf, value)
    if value is None or value is Ellipsis or isinstance(value, (bool, int, float, str)):
        return value
    if depth and isinstance(value, (list, tuple)) and len(value) <= LONGEST:
        parts = [plain(part, depth - 1) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if depth and isinstance(value, dict) and len(value) <= LONGEST:
        return {str(key): plain(part, depth - 1) for key, part in value.items()}
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind in "biufc" and array.nbytes <= LARGEST:
            return array
        return Foreign(f"array of {array.dtype}, shape {array.shape}")
    return Foreign("function" if callable(value) and not isinstance(value, type) else type(value).__name__)


def encode(value):
    """Return a plain value as what JSON can hold."""
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        return {"integer": hex(value)}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": value.shape}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [encode(part) for part in value]}
    if isinstance(value, dict):
        return {"dict": {str(key): encode(part) for key, part in value.items()}}
    return {"foreign": getattr(value, "kind", type(value).__name__)}


def decode(value):
    """Return the plain value that ``encode`` was given."""
    if not isinstance(value, dict):
        return value
    if "array" in value:
        data = np.frombuffer(base64.b64decode(value["array"]), dtype=value["dtype"])
        return data.reshape(value["shape"]).copy()
    ((kind, held),) = value.items()
    makers = {
        "integer": lambda: int(held, 16),
        "ellipsis": lambda: Ellipsis,
        "list": lambda: [decode(part) for part in held],
        "tuple": lambda: tuple(decode(part) for part in held),
        "dict": lambda: {key: decode(part) for key, part in held.items()},
        "foreign": lambda: Foreign(held),
    }
    return makers[kind]()
