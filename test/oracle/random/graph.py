"""A random graph under construction: every value is known for two batch sizes, and as a symbol."""

import numpy as np
import tensorflow as tf
from ml_dtypes import bfloat16

F16, F32, F64 = np.float16, np.float32, np.float64
FLOATS = (F32, F32, F32, F64)
INTS = (np.int32, np.int64)
SMALL_INTS = (np.int8, np.int16, np.uint8)
NUMBERS = FLOATS + INTS
# One step of float32 in a value is 2^-23; both engines round differently by a few of them.
NUDGE = {F32: 2.0**-21, F64: 2.0**-40}
LARGEST = 1e6


class Types(tuple):
    """Types, and rarer ones that are taken now and then in their place."""

    def __new__(cls, types, rare):
        made = super().__new__(cls, types)
        made.rare = rare
        return made


class Rejected(Exception):
    """A step that this graph can not take."""


def array_of(tensor):
    """The array of an eager tensor; one text comes as bytes, which NumPy would cut at their last zeros."""
    value = tensor.numpy()
    return np.array(value, object) if isinstance(value, bytes) else value


class Value:
    """`first` and `second` are the values at the two batch sizes, `nudged` is `first` with rounding errors."""

    def __init__(self, first, second, nudged, symbol, step=None):
        self.first, self.second, self.nudged, self.symbol, self.step = first, second, nudged, symbol, step
        self.dtype = np.dtype(object) if first.dtype == tf.string else np.dtype(first.dtype.as_numpy_dtype)
        self.shape = tuple(first.shape)
        self.rank = len(self.shape)

    def both(self):
        return array_of(self.first), array_of(self.second)

    def static(self, axis):
        return self.first.shape[axis] == self.second.shape[axis]


def same_within(a, b, share):
    """Whether a is b within a share of the house tolerance (exactly, where b holds no floats)."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.size == 0 or a.dtype.kind not in "fc":
        return bool(np.all(a == b))
    b = b.astype(np.complex128 if b.dtype.kind == "c" else F64)
    return bool(np.all(np.abs(a - b) <= share * (1e-5 * np.max(np.abs(b)) + 1e-4 * np.abs(b))))


class Graph:
    def __init__(self, seed, number):
        self.rng = np.random.default_rng([seed, number])
        self.graph = tf.Graph()
        self.pool, self.inputs, self.steps = [], [], []
        self.is_dynamic = self.chance(0.85)
        self.batches = (self.pick(1, 2, 3, 4), self.pick(0, 1, 1, 2, 3, 5, 7))
        if not self.is_dynamic:
            self.batches = (self.batches[0], self.batches[0])
        self.hides = self.pick("batch", "batch", "batch", "some", "all", "rank") if self.is_dynamic else "none"
        self.init_ops = []

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pick(self, *items):
        return items[int(self.rng.integers(len(items)))]

    def chance(self, p):
        return bool(self.rng.random() < p)

    def dims(self, rank):
        return [0 if self.chance(0.015) else self.pick(1, 2, 2, 3, 3, 4, 5) for _ in range(rank)]

    def random(self, dtype, shape, low=None, high=None):
        """Numbers on a grid of eighths, or any; small integers; texts."""
        kind = np.dtype(dtype).kind
        if dtype == object:
            from strings import random_texts

            return random_texts(self, shape)
        if kind == "b":
            return self.rng.integers(0, 2, shape).astype(bool)
        if kind == "c":
            return (self.random(F64, shape, low, high) + 1j * self.random(F64, shape, low, high)).astype(dtype)
        if kind in "iu":
            low, high = (0 if kind == "u" else -8) if low is None else low, 9 if high is None else high
            return self.rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1, shape).astype(dtype)
        low, high = -4.0 if low is None else low, 4.0 if high is None else high
        if dtype == bfloat16:
            return (np.round(self.rng.uniform(low, high, shape) * 8) / 8).astype(bfloat16)
        made = self.rng.uniform(low, high, shape)
        if dtype == F16 or self.chance(0.5):
            made = np.clip(np.round(made * 8) / 8, low, high)
        return np.asarray(made, dtype)

    def nudge(self, tensor):
        size = NUDGE.get(tensor.dtype.as_numpy_dtype)
        if size is None:
            return tensor
        values = tensor.numpy()
        # What lies on a coarse grid was mostly computed without rounding.
        signs = np.where(values * 64 == np.round(values * 64), 0.0, np.where(np.arange(values.size).reshape(values.shape) % 3 == 1, -1.0, 1.0))
        return tf.constant(np.asarray(values * (1 + signs * size), values.dtype))

    def constant(self, array):
        with self.graph.as_default():
            symbol = tf.constant(array, tf.string if array.dtype == object else None)
        made = tf.constant(array, tf.string if array.dtype == object else None)
        return Value(made, made, made, symbol)

    def input(self, dtype, shape, low=None, high=None, batched=True, array=None):
        """A placeholder; its first axis is the batch where `batched`."""
        shape = list(shape)
        batched = batched and len(shape) > 0 and self.is_dynamic
        made = []
        for batch in self.batches:
            size = [batch, *shape[1:]] if batched else shape
            made.append(tf.constant(array(size) if array else self.random(dtype, size, low, high), tf.string if dtype == object else dtype))
        declared = list(made[0].shape)
        for axis in range(len(declared)):
            if (batched and axis == 0) or self.hides in ("all", "rank") or (self.hides == "some" and self.chance(0.4)):
                declared[axis] = None
        if self.hides == "rank" and self.chance(0.5):
            declared = None
        with self.graph.as_default():
            symbol = tf.compat.v1.placeholder(made[0].dtype, declared, name=f"x{len(self.inputs)}")
        value = Value(*made, self.nudge(made[0]), symbol)
        self.inputs.append(value)
        self.pool.append(value)
        return value

    def feed(self, array, dtype=None):
        """An array as an input or as a constant."""
        array = np.asarray(array, dtype)
        kind = object if array.dtype == object else array.dtype.type
        return self.input(kind, array.shape, batched=False, array=lambda _: array) if self.chance(0.6) else self.constant(array)

    def value(self, dtypes, least=0, most=4, low=None, high=None, only=None, fresh=0.2):
        """A value of one of the types, of a rank between two, with all elements in a range: one there is, or a new one."""
        dtypes = dtypes if isinstance(dtypes, tuple) else (dtypes,)
        if isinstance(dtypes, Types) and self.chance(0.12):
            dtypes = dtypes.rare

        def fits(v):
            if v.dtype not in [np.dtype(d) for d in dtypes] or not least <= v.rank <= most or (only and not only(v)):
                return False
            arrays = [a for a in (*v.both(), array_of(v.nudged)) if a.size]
            return all((low is None or a.min() >= low) and (high is None or a.max() <= high) for a in arrays)

        there = [v for v in self.pool if fits(v)]
        if there and not self.chance(fresh):
            return there[-1] if self.chance(0.4) else self.pick(*there)
        dtype, rank = self.pick(*dtypes), self.int(least, most)
        for _ in range(4):
            shape = self.dims(rank)
            if shape and self.chance(0.6) and self.is_dynamic:
                shape[0] = self.batches[0]
                made = self.input(dtype, shape, low, high)
            elif len(self.inputs) < 4 and self.chance(0.7):
                made = self.input(dtype, shape, low, high, batched=False)
            else:
                made = self.constant(self.random(dtype, shape, low, high))
            if fits(made):
                return made
        raise Rejected("no value")

    def partner(self, x, low=None, high=None, dtype=None):
        """A value that broadcasts against x."""
        dtype = dtype or x.dtype
        there = [v for v in self.pool if v.dtype == dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
        if there and low is None and high is None and self.chance(0.4):
            return self.pick(*there)
        shape = [d if x.static(i) and self.chance(0.7) else 1 for i, d in enumerate(x.shape)]
        shape = shape[self.int(0, len(shape)) :] if self.chance(0.4) else shape
        if self.chance(0.1) and len(shape) == x.rank and x.rank < 4:
            shape = [self.int(1, 3), *shape]
        if len(self.inputs) < 4 and self.chance(0.3):
            return self.input(dtype.type if dtype != object else object, shape, low, high, batched=False)
        return self.constant(self.random(dtype.type if dtype != object else object, shape, low, high))

    def apply(self, function, *values, keep=None, symbolic=None):
        """
        Runs a step on all three forms of its inputs, and adds it to the graph when it is well-conditioned. `symbolic`
        writes the same into the graph with operations that TensorFlow runs only there.
        """
        first = flatten(function(*(v.first for v in values)))
        second = flatten(function(*(v.second for v in values)))
        is_exact = all(v.nudged is v.first for v in values)
        nudged = first if is_exact else flatten(function(*(v.nudged for v in values)))
        for a, b, n in zip(first, second, nudged):
            if a.dtype in (tf.resource, tf.variant):
                continue
            check(a, b, n)
        with self.graph.as_default():
            symbols = flatten((symbolic or function)(*(v.symbol for v in values)))
        for a, s in zip(first, symbols):
            # NumPy's scalars are numbers of Python in one mode, and of their own type in the other.
            if a.dtype != s.dtype:
                raise Rejected("another type in a graph")
        step = len(self.steps)
        made = [
            Value(a, b, self.nudge(n), s, step) for a, b, n, s in zip(first, second, nudged, symbols)
        ]
        if keep is not None:
            made = [made[i] for i in keep]
        self.steps.append(made)
        self.pool.extend(made)
        return made

    def apply_edge(self, function, *values, is_elementwise=True):
        """
        Runs a step on numbers at the edges of their types, whose result may be no number. Where TensorFlow answers
        one way in a vector and another way at its end, there is no answer to compare with.
        """
        first = flatten(function(*(v.first for v in values)))
        second = flatten(function(*(v.second for v in values)))
        if is_elementwise:
            for times in (1, 7, 37):
                turned = flatten(function(*(shuffled(v.first, first[0].shape, times) for v in values)))
                for a, b in zip(turned, first):
                    if not same_bits(a.numpy().reshape(-1), shuffled(b, first[0].shape, times).numpy()):
                        raise Rejected("depends on the place")
        for made in (*first, *second):
            array = made.numpy()
            if made.dtype.is_floating and np.any((array != 0) & (np.abs(array.astype(F64)) < (1e-4 if made.dtype == tf.float16 else 1e-37))):
                raise Rejected("denormal")
        with self.graph.as_default():
            symbols = flatten(function(*(v.symbol for v in values)))
        step = len(self.steps)
        made = [Value(a, b, a, s, step) for a, b, s in zip(first, second, symbols)]
        self.steps.append(made)
        return made

    def outputs(self):
        """Up to four values: the last ones, and some in the middle, so that nothing can be fused away unseen."""
        made = [v for step in self.steps for v in step]
        chosen = [v for v in made[-3:] if self.chance(0.7)] + [v for v in made[:-3] if self.chance(0.12)]
        return (chosen or made[-1:])[-4:]


def shuffled(tensor, shape, times):
    """The elements of a tensor, broadcast to a shape, repeated and turned, so that each lies elsewhere in its vector."""
    flat = np.broadcast_to(tensor.numpy(), shape).reshape(-1)
    return tf.constant(np.roll(np.tile(flat, times), times // 3))


def same_bits(a, b):
    """Equal but for what counts as rounding; NaN is NaN, and both zeros are one."""
    if a.dtype.kind in "fcV":
        a, b = (np.asarray(v, np.complex128) for v in (a, b))
        return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= 1e-6 * np.abs(b))))
    return bool(np.all(a == b))


def check(first, second, nudged):
    if first.dtype.is_floating or first.dtype.is_complex:
        for tensor in (first, second):
            array = np.abs(tensor.numpy())
            # No NaN or infinity, whose place depends on the order of a sum, and nothing so large that a sum loses all.
            if array.size and not (np.all(np.isfinite(array)) and array.max() <= LARGEST):
                raise Rejected("not finite")
            if array.size and np.any((array > 0) & (array < 1e-30)):
                raise Rejected("denormal")
    if first.shape.rank != second.shape.rank or first.shape.num_elements() > 5000:
        raise Rejected("shape")
    if first.dtype != tf.float16 and not same_within(array_of(nudged), array_of(first), 0.1):
        raise Rejected("ill-conditioned")


def flatten(made):
    if isinstance(made, (list, tuple)):
        return [tensor for each in made for tensor in flatten(each)]
    return [made]
