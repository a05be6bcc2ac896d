"""Programs: calls on fixed arrays, noted by running ordinary code on values that compute nothing.

``tanh(z)`` with a ``Value`` z computes nothing. It notes ``(np.tanh, (z, a))``, a being an array made now for
the result, and returns a as another value. So any formula in NumPy turns into a list of calls, and this loop
computes it again, whenever the numbers in its arrays have changed::

    for function, arguments in program.calls:
        function(*arguments)

It asks for no memory and decides nothing anew. Other libraries call such a list a graph.
"""

from __future__ import annotations

import numpy as np


class Asked:
    """Tells which ufunc a function of NumPy's calls in the end."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return ufunc


clip = np.zeros(1).clip(Asked(), 1)  # takes half the time of np.clip


class Program:
    """A list ``calls`` of (function, arguments), whose arrays stay the same; print it to read it."""

    def __init__(self, dtype: str):
        self.dtype, self.calls, self.spare = np.dtype(dtype), [], {}

    def __str__(self):
        return "\n".join(as_text(function, arguments) for function, arguments in self.calls)

    def call(self, function, *arguments):
        """Note a call."""
        self.calls.append((function, arguments))

    def room(self, shape, dtype=None, order="F") -> Value:
        """Return a value to be written, in memory that no other value needs any more if there is some."""
        kind = shape, np.dtype(dtype or self.dtype), order
        spare = self.spare.setdefault(kind, [])
        return Value(self, spare.pop() if spare else np.empty(*kind), spare)

    def value(self, x, truth: bool = False) -> Value:
        """Return x as a value: an array, a number, or truth values, which become 0 and 1 unless wanted."""
        if not isinstance(x, Value):
            return Value(self, x if isinstance(x, np.ndarray) else np.array(x, self.dtype))
        if x.dtype != bool or truth:
            return x
        number = self.room(x.shape, order=order_of(x.array))
        self.call(np.ndarray.__setitem__, number.array, ..., x.array)
        return number

    def note(self, ufunc, *inputs, out: Value | None = None) -> Value:
        """Note a ufunc's call and return its result."""
        if ufunc is np.matmul:
            a, b = (self.value(x).array for x in inputs)
            return self.dot(a, b, self.room((*a.shape[:-1], b.shape[-1])))
        if quicker := QUICKER.get(ufunc, lambda *_: None)(*inputs):
            ufunc, *inputs = quicker
        inputs = [self.value(x, truth=ufunc in LOGICAL) for x in inputs]
        if out is None:
            shapes = [x.shape for x in inputs]
            shape = np.broadcast_shapes(*shapes) if len(set(shapes) - {()}) > 1 else max(shapes)
            order = order_of(inputs[shapes.index(shape)].array) if shape in shapes else "F"
            out = self.room(shape, bool if ufunc in LOGICAL else None, order)
        self.call(ufunc, *(x.array for x in inputs), out.array)
        return out

    def dot(self, a: np.ndarray, b: np.ndarray, out: Value) -> Value:
        """Note the product ``a @ b``. NumPy wants the result by rows, so it may be ``(b.T @ a.T).T``."""
        if out.array.flags.c_contiguous:
            self.call(np.ndarray.dot, a, b, out.array)
        else:
            self.call(np.ndarray.dot, b.T, a.T, out.array.T)
        return out

    def total(self, x: Value) -> Value:
        """Note the sum of all numbers."""
        return x.view(x.array.ravel("K")).sum(axis=-1)

    def at_places(self, n: int, arrays: list):
        """Give some arrays n places instead of one; return each place's calls, and arrays of all places."""

        def home(x):
            return x.base if getattr(x, "base", None) is not None else x

        homes = {id(home(a)): np.empty(n * home(a).size, a.dtype) for a in arrays}

        def everywhere(x):
            if id(home(x)) not in homes:
                return [x] * n
            offset = x.__array_interface__["data"][0] - home(x).__array_interface__["data"][0]
            strides = home(x).nbytes, *x.strides
            return np.ndarray((n, *x.shape), x.dtype, homes[id(home(x))], offset, strides)

        rooms = [everywhere(a) for a in arrays]
        for room, array in zip(rooms, arrays, strict=True):
            room[...] = array
        columns = []
        for function, arguments in self.calls:
            if any(id(home(x)) in homes for x in arguments):
                columns.append([(function, own) for own in zip(*map(everywhere, arguments), strict=True)])
            else:
                columns.append([(function, arguments)] * n)
        return [list(calls) for calls in zip(*columns, strict=True)] or [[]] * n, rooms

    def assign(self, target: Value, value):
        """Note ``target[...] = value``; or let the last call, if it made the value, write there at once."""
        value = self.value(value)
        function, arguments = self.calls[-1] if self.calls else (None, (None,))
        if value.spare is not None and isinstance(function, np.ufunc) and arguments[-1] is value.array:
            self.calls[-1] = function, (*arguments[:-1], target.array)
            value.move(target)
        else:
            self.call(np.ndarray.__setitem__, target.array, ..., value.array)


class Value(np.lib.mixins.NDArrayOperatorsMixin):
    """An array in a program: operators and NumPy's functions note what is to be done with it.

    ``spare`` is the list that takes its memory when nobody holds the value any more; None: it is not lent.
    """

    def __init__(self, program: Program, array: np.ndarray, spare: list | None = None, owner=None):
        self.program, self.array, self.spare, self.owner = program, array, spare, owner

    def __del__(self):
        if self.spare is not None:
            self.spare.append(self.array)

    def move(self, target: Value):
        """Live in the memory of ``target`` from now on."""
        self.spare.append(self.array)
        self.array, self.spare, self.owner = target.array, None, target

    def view(self, array: np.ndarray) -> Value:
        """Return another view of the same memory, which holds this one."""
        return Value(self.program, array, owner=self)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(None,)):
        return self.program.note(ufunc, *inputs, out=out[0])

    def __array_function__(self, function, types, arguments, options):
        if function not in FUNCTIONS:
            return NotImplemented  # NumPy then raises TypeError and names the function
        return FUNCTIONS[function](*arguments, **options)

    def __setitem__(self, where, value):
        self.program.assign(self, value)

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)

    def reshape(self, *shape):
        return self.view(self.array.reshape(*shape))

    def sum(self, axis=None, keepdims=False):
        """A product with ones, which takes a third of a sum's time."""
        if axis is None:
            return self.program.total(self)
        a = self.array if axis in (-1, self.ndim - 1) else self.array.T
        total = self.program.dot(a, np.ones(a.shape[-1], a.dtype), self.program.room(a.shape[:-1]))
        return total.view(np.expand_dims(total.array, axis)) if keepdims else total

    def mean(self, axis, keepdims=False):
        total = self.sum(axis, keepdims)
        return np.multiply(total, total.array.size / self.array.size, out=total)

    def var(self, axis, keepdims=False):
        centred = self - self.mean(axis, keepdims=True)
        return (centred * centred).mean(axis, keepdims)


def largest(x, axis, keepdims):
    out = x.program.room((*x.shape[:-1], 1))
    x.program.call(np.maximum.reduce, x.array, axis, None, out.array, keepdims)
    return out


def where(condition, one, other):
    p = condition.program
    p.assign(out := p.room(condition.shape, order=order_of(condition.array)), other)
    p.call(np.copyto, out.array, p.value(one).array, "same_kind", condition.array)
    return out


FUNCTIONS = {
    np.sum: Value.sum,
    np.max: largest,
    np.where: where,
    np.clip: lambda x, low, high: x.program.note(clip, x, low, high),
    np.zeros_like: lambda x: np.zeros_like(x.array),
}
LOGICAL = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal}

# What gives the same as a call in less time. A sign, or a step, has the processor guess a branch for each
# number, and it guesses wrong; a maximum takes four times as long as a clip.
QUICKER = {
    np.maximum: lambda x, low: (clip, x, low, np.inf),
    np.minimum: lambda x, high: (clip, x, -np.inf, high),
    np.power: lambda x, n: (np.multiply, x, x) if np.isscalar(n) and n == 2 else None,
    np.heaviside: lambda x, at_0: (np.greater, x, 0) if at_0 == 0 else None,
    np.sign: lambda x: (clip, x * float(np.finfo(x.dtype).max), -1, 1),
}


def order_of(array: np.ndarray) -> str:
    """Return "C" for an array that lies in memory row by row, else "F"."""
    return "C" if array.ndim > 1 and array.strides[0] > array.strides[-1] else "F"


def as_text(function, arguments) -> str:
    """Return a call as text, arrays as their shapes."""
    return f"{getattr(function, '__name__', function)}({', '.join(map(brief, arguments))})"


def brief(x) -> str:
    """Return an argument as text: an array as its shape, a number as its value."""
    if isinstance(x, np.ndarray):
        return f"{x:g}" if x.shape == () else "×".join(map(str, x.shape))
    return "…" if x is ... else getattr(x, "__name__", str(x))
