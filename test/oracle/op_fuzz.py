"""Records TensorFlow's answers for random graphs of general operations.

    python op_fuzz.py OUT.json.gz SEED COUNT

A graph grows step by step: each step is tried on the values themselves first, so that its shapes and attributes
fit, and the whole is then built again on placeholders of which some, all or no dimensions are known. Steps that
round or compare take only values that float32 holds exactly: elsewhere the last bit would decide.
"""

import gzip
import json
import os
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

import vision_ops as base
from vision_ops import dynamic, grid, tf

MOST_ELEMENTS = 600


class Dice:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pick(self, items):
        return items[self.int(0, len(items) - 1)]

    def chance(self, p):
        return self.rng.random() < p

    def perm(self, n):
        return [int(i) for i in self.rng.permutation(n)]


def is_exact(array):
    return array.dtype.kind in "iub" or bool(np.all(np.abs(array) < 1024) and np.all(array * 4096 == np.round(array * 4096)))


class NothingFits(Exception):
    """No value so far is one that the step could take."""


class Program:
    """Steps over a growing list of values; the values are concrete while it is made."""

    def __init__(self, dice, inputs):
        self.d = dice
        self.values = [tf.constant(x) for x in inputs]
        self.steps = []

    def some(self, accepts=lambda a: True, least=0):
        fitting = [i for i, v in enumerate(self.values) if v.shape.rank >= least and accepts(v.numpy())]
        if not fitting:
            raise NothingFits
        return self.d.pick(fitting)

    def array(self, index):
        return self.values[index].numpy()

    def add(self, fn, *indices):
        try:
            made = fn(*(self.values[i] for i in indices))
        except (tf.errors.InvalidArgumentError, ValueError, tf.errors.UnimplementedError):
            return
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        for value in made:
            array = value.numpy()
            if array.size > MOST_ELEMENTS or value.shape.rank > 5:
                return
            if array.dtype.kind == "f" and (not np.all(np.isfinite(array)) or np.abs(array).max(initial=0) > 1e4):
                return
        self.steps.append((fn, indices))
        self.values += made


floats = lambda a: a.dtype == np.float32
numbers = lambda a: a.dtype.kind in "fi"
exact = lambda a: a.dtype.kind in "fi" and is_exact(a)
bools = lambda a: a.dtype == bool
integers = lambda a: a.dtype.kind == "i"


def unary(p):
    ops = [tf.tanh, tf.sigmoid, tf.nn.relu, tf.nn.elu, tf.nn.selu, tf.nn.softplus, tf.nn.softsign, tf.sin, tf.cos, tf.atan]
    ops += [tf.math.erf, tf.math.erfc, tf.math.expm1, tf.square, tf.negative, tf.abs, tf.nn.relu6, tf.exp, tf.asinh]
    ops += [lambda x: tf.math.log1p(tf.abs(x)), lambda x: tf.sqrt(tf.abs(x) + 0.1), lambda x: tf.nn.leaky_relu(x, 0.3)]
    ops += [lambda x: tf.math.reciprocal(tf.abs(x) + 0.5), lambda x: tf.math.rsqrt(tf.abs(x) + 0.5)]
    p.add(p.d.pick(ops), p.some(floats))


def rounding(p):
    p.add(p.d.pick([tf.floor, tf.math.ceil, tf.round, tf.sign, tf.math.rint]), p.some(lambda a: floats(a) and is_exact(a)))


def binary(p):
    a = p.some(numbers)
    dtype, shape = p.array(a).dtype, p.array(a).shape
    b = p.some(lambda x: x.dtype == dtype and fits(shape, x.shape))
    ops = [tf.add, tf.subtract, tf.multiply, tf.maximum, tf.minimum, tf.math.squared_difference]
    if dtype == np.float32:
        ops += [lambda x, y: x / (tf.abs(y) + 0.5), tf.math.multiply_no_nan, lambda x, y: tf.math.xlogy(x, tf.abs(y) + 0.1)]
    else:
        ops += [lambda x, y: x // (tf.abs(y) + 1), lambda x, y: tf.math.floormod(x, tf.abs(y) + 2), lambda x, y: x // (-tf.abs(y) - 1)]
    p.add(p.d.pick(ops), a, b)


def fits(a, b):
    try:
        np.broadcast_shapes(a, b)
        return True
    except ValueError:
        return False


def compare(p):
    a = p.some(exact)
    dtype, shape = p.array(a).dtype, p.array(a).shape
    b = p.some(lambda x: x.dtype == dtype and is_exact(x) and fits(shape, x.shape))
    p.add(p.d.pick([tf.greater, tf.less_equal, tf.equal, tf.not_equal, tf.less, tf.greater_equal]), a, b)


def logic(p):
    a = p.some(bools)
    b = p.some(lambda x: x.dtype == bool and fits(p.array(a).shape, x.shape))
    if p.d.chance(0.3):
        p.add(tf.logical_not, a)
    else:
        p.add(p.d.pick([tf.logical_and, tf.logical_or]), a, b)


def select(p):
    c = p.some(bools)
    a = p.some(numbers)
    both = lambda x: x.dtype == p.array(a).dtype and fits(x.shape, np.broadcast_shapes(p.array(c).shape, p.array(a).shape))
    if fits(p.array(c).shape, p.array(a).shape):
        p.add(tf.where, c, a, p.some(both))


def cast(p):
    a = p.some(exact if p.d.chance(0.7) else bools)
    target = p.d.pick([tf.float32, tf.int32, tf.int64])
    p.add(lambda x: tf.cast(x, target), a)


def reduce(p):
    op, accepts = p.d.pick([(tf.reduce_sum, numbers), (tf.reduce_mean, floats), (tf.reduce_max, numbers), (tf.reduce_min, numbers), (tf.reduce_prod, floats), (tf.reduce_all, bools), (tf.reduce_any, bools), (tf.reduce_logsumexp, floats)])
    a = p.some(accepts, 1)
    rank = p.array(a).ndim
    axes = [x - (rank if p.d.chance(0.3) else 0) for x in p.d.perm(rank)[: p.d.int(1, rank)]]
    keep = p.d.chance(0.4)
    if 0 in [p.array(a).shape[x] for x in axes] and op in (tf.reduce_max, tf.reduce_min, tf.reduce_mean, tf.reduce_logsumexp):
        return
    p.add(lambda x: op(x, axis=axes, keepdims=keep), a)


def arg(p):
    a = p.some(exact, 1)
    axis = p.d.int(-p.array(a).ndim, p.array(a).ndim - 1)
    op = p.d.pick([tf.argmax, tf.argmin])
    out = p.d.pick([tf.int32, tf.int64])
    if p.array(a).shape[axis] > 0:
        p.add(lambda x: op(x, axis=axis, output_type=out), a)


def reshape(p):
    a = p.some(numbers, 0)
    size, shape = p.array(a).size, list(p.array(a).shape)
    if size == 0:
        return
    divisors = [n for n in range(1, size + 1) if size % n == 0]
    first = p.d.pick(divisors)
    second = p.d.pick([n for n in divisors if (size // first) % n == 0])
    target = p.d.pick([[-1], [first, -1], [-1, first], [first, second, size // first // second], [-1, second, 1]])
    how = p.d.int(0, 2)
    if how == 0 or not shape:
        p.add(lambda x: tf.reshape(x, target), a)
    elif how == 1:
        p.add(lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], -1])), a)
    else:
        p.add(lambda x: tf.reshape(x, tf.concat([[tf.reduce_prod(tf.shape(x)[:-1])], tf.shape(x)[-1:]], 0)), a)


def axes(p):
    a = p.some(least=1)
    rank = p.array(a).ndim
    axis = p.d.int(-rank, rank - 1)
    perm = p.d.perm(rank)
    extra = p.d.int(-rank - 1, rank)
    choice = p.d.pick([lambda x: tf.transpose(x, perm), lambda x: tf.expand_dims(x, extra), lambda x: tf.reverse(x, [axis])])
    p.add(choice, a)
    ones = [i for i, n in enumerate(p.array(a).shape) if n == 1]
    if ones and p.d.chance(0.5):
        p.add(lambda x: tf.squeeze(x, ones), a)


def slices(p):
    a = p.some(least=1)
    shape = p.array(a).shape
    spec = []
    for n in shape[: p.d.int(1, len(shape))]:
        how = p.d.int(0, 5)
        if how == 0 and n > 0:
            spec.append(p.d.int(-n, n - 1))
        elif how == 1:
            spec += [slice(None)] if p.d.chance(0.5) else [tf.newaxis, slice(None)]
        elif how == 2 and Ellipsis not in [s if s is Ellipsis else None for s in spec] and len(spec) + 1 < len(shape):
            spec.append(Ellipsis)
            break
        else:
            low, high = p.d.int(-n - 1, n + 1), p.d.int(-n - 1, n + 1)
            step = p.d.pick([1, 1, 2, -1, -2])
            spec.append(slice(p.d.pick([low, None]), p.d.pick([high, None]), step))
    spec = tuple(spec)
    p.add(lambda x: x[spec], a)


def joins(p):
    a = p.some(least=1)
    array = p.array(a)
    same = lambda x: x.dtype == array.dtype and x.ndim == array.ndim
    axis = p.d.int(-array.ndim, array.ndim - 1)
    beside = lambda x: same(x) and all(m == n for i, (m, n) in enumerate(zip(x.shape, array.shape)) if i != axis % array.ndim)
    how = p.d.int(0, 4)
    if how == 0:
        p.add(lambda x, y: tf.concat([x, y], axis), a, p.some(beside))
    elif how == 1:
        p.add(lambda x, y: tf.stack([x, y], axis), a, p.some(lambda x: same(x) and x.shape == array.shape))
    elif how == 2 and 0 < array.shape[axis] <= 4:
        p.add(lambda x: tf.unstack(x, num=array.shape[axis], axis=axis), a)
    elif how == 3 and array.shape[axis] % 2 == 0 and array.shape[axis] > 0:
        p.add(lambda x: tf.split(x, 2, axis), a)
    elif array.shape[axis] > 1:
        cut = p.d.int(0, array.shape[axis])
        p.add(lambda x: tf.split(x, [cut, -1], axis, num=2), a)


def fills(p):
    a = p.some(numbers, 1)
    array = p.array(a)
    pads = [[p.d.int(0, 2), p.d.int(0, 2)] for _ in range(array.ndim)]
    reflect = [[min(x, n - 1) for x in pair] if n > 1 else [0, 0] for pair, n in zip(pads, array.shape)]
    symmetric = [[min(x, n) for x in pair] for pair, n in zip(pads, array.shape)]
    tiles = [p.d.int(1, 2) for _ in range(array.ndim)]
    shift, axis = p.d.int(-3, 3), p.d.int(0, array.ndim - 1)
    options = [
        lambda x: tf.pad(x, pads),
        lambda x: tf.pad(x, pads, constant_values=tf.cast(2, x.dtype)),
        lambda x: tf.tile(x, tiles),
        lambda x: tf.broadcast_to(x, tf.concat([[2], tf.shape(x)], 0)),
        lambda x: tf.zeros_like(x) + x,
        lambda x: x * tf.ones_like(x),
        lambda x: tf.fill(tf.shape(x), tf.cast(3, x.dtype)),
        lambda x: tf.roll(x, shift, axis),
        lambda x: tf.cumsum(x, axis, exclusive=shift > 0, reverse=shift % 2 == 0),
        lambda x: tf.cast(tf.range(tf.shape(x)[axis]), x.dtype),
        lambda x: tf.cast(tf.size(x), x.dtype) + x,
    ]
    if array.size > 0:
        options += [lambda x: tf.pad(x, reflect, mode="REFLECT"), lambda x: tf.pad(x, symmetric, mode="SYMMETRIC")]
    p.add(p.d.pick(options), a)


def gathers(p):
    a = p.some(numbers, 1)
    array = p.array(a)
    axis = p.d.int(0, array.ndim - 1)
    n = array.shape[axis]
    if n == 0:
        return
    indices = np.array([p.d.int(0, n - 1) for _ in range(p.d.int(1, 4))], p.d.pick([np.int32, np.int64]))
    how = p.d.int(0, 5)
    if how == 0:
        p.add(lambda x: tf.gather(x, indices, axis=axis), a)
    elif how == 1:
        i = p.some(integers)
        p.add(lambda x, i: tf.gather(x, tf.math.floormod(i, n), axis=axis), a, i)
    elif how == 2 and array.ndim >= 2 and axis > 0:
        rows = np.array([[p.d.int(0, n - 1) for _ in range(2)] for _ in range(array.shape[0])], np.int32).reshape(-1, 2)
        p.add(lambda x: tf.gather(x, rows, axis=axis, batch_dims=1), a)
    elif how == 3:
        k = p.d.int(1, array.ndim)
        points = np.array([[p.d.int(0, m - 1) if m else 0 for m in array.shape[:k]] for _ in range(3)], np.int32)
        if 0 not in array.shape:
            p.add(lambda x: tf.gather_nd(x, points), a)
    elif how == 4 and 0 not in array.shape:
        points = np.array([[p.d.int(0, array.shape[0] - 1)] for _ in range(2)], np.int32)
        op = p.d.pick([tf.tensor_scatter_nd_add, tf.tensor_scatter_nd_sub, tf.tensor_scatter_nd_max])
        p.add(lambda x: op(x, points, tf.gather(x, [0, array.shape[0] - 1])), a)
    else:
        ids = np.array([p.d.int(-1, 3) for _ in range(array.shape[0])], np.int32)
        op = p.d.pick([tf.math.unsorted_segment_sum, tf.math.unsorted_segment_prod])
        if p.d.chance(0.5):
            p.add(lambda x: op(x, ids, 4), a)
        elif array.shape[0] > 0:
            p.add(lambda x: tf.math.segment_sum(x, np.sort(np.abs(ids))), a)


def onehot(p):
    i = p.some(integers)
    depth, axis = p.d.int(1, 4), p.d.pick([-1, 0])
    on, off, dtype = p.d.pick([(1, 0, tf.float32), (3, -1, tf.int32), (True, False, tf.bool)])
    p.add(lambda x: tf.one_hot(x, depth, on, off, axis=axis, dtype=dtype), i)


def order(p):
    a = p.some(exact, 1)
    n = p.array(a).shape[-1]
    k = p.d.int(0, n)
    how = p.d.int(0, 3)
    if how == 0:
        p.add(lambda x: tf.math.top_k(x, k)[0], a)
    elif how == 1:
        p.add(lambda x: tf.math.top_k(x, k)[1], a)
    elif how == 2:
        p.add(lambda x: tf.sort(x, axis=-1), a)
    else:
        b = p.some(bools, 1)
        p.add(lambda c: tf.where(c), b)


def products(p):
    a = p.some(floats, 2)
    array = p.array(a)
    n = array.shape[-1]
    w = grid(n, p.d.int(1, 4))
    how = p.d.int(0, 6)
    if how == 0:
        p.add(lambda x: tf.matmul(x, w) if array.ndim == 2 else tf.tensordot(x, w, 1), a)
    elif how == 1:
        p.add(lambda x: tf.matmul(x, x, transpose_b=True), a)
    elif how == 2:
        p.add(lambda x: tf.matmul(x, x, transpose_a=True), a)
    elif how == 3:
        p.add(lambda x: tf.nn.softmax(x), a)
    elif how == 4:
        p.add(lambda x: tf.nn.log_softmax(x, axis=-2), a)
    elif how == 5:
        letters = "abcd"[: array.ndim - 1]
        p.add(lambda x: tf.einsum(f"{letters}x,xy->y{letters}", x, w), a)
    else:
        p.add(lambda x: tf.nn.bias_add(x, w[:, 0]), a)


def matrices(p):
    a = p.some(floats, 2)
    low, high = p.d.int(-1, 2), p.d.int(-1, 2)
    p.add(p.d.pick([lambda x: tf.linalg.band_part(x, low, high), tf.linalg.diag]), a)


STEPS = (unary, unary, unary, binary, binary, binary, binary, rounding, compare, logic, select, cast, reduce, reduce)
STEPS += (arg, reshape, reshape, axes, axes, slices, slices, slices, joins, joins, fills, fills, gathers, gathers, onehot, order, products, products, matrices)


def random_graph(seed):
    d = Dice(seed)
    base.RNG = np.random.default_rng(seed)
    rows = d.int(1, 3)
    inputs = []
    for _ in range(d.int(1, 3)):
        shape = [rows, *(d.int(1, 4) for _ in range(d.int(0, 3)))]
        if d.chance(0.1):
            shape[d.int(0, len(shape) - 1)] = 0
        inputs.append(grid(*shape) if d.chance(0.7) else d.rng.integers(-4, 5, shape).astype(np.int32))
    p = Program(d, inputs)
    for _ in range(d.int(3, 16)):
        try:
            d.pick(STEPS)(p)
        except NothingFits:
            continue
    made = list(range(len(inputs), len(p.values)))
    outputs = made[-d.int(1, 3):]
    if not outputs:
        return None

    def build(*holders):
        values = list(holders)
        for fn, indices in p.steps:
            result = fn(*(values[i] for i in indices))
            values += list(result) if isinstance(result, (list, tuple)) else [result]
        return [values[i] for i in outputs]

    how = d.int(0, 2)
    declared = [list(x.shape) if how == 0 else dynamic(x, set(range(1, x.ndim)) if how == 1 else ()) for x in inputs]
    return build, inputs, declared


def main():
    path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    cases = []
    for number in range(count):
        made = random_graph(seed * 1_000_003 + number)
        if made is None:
            continue
        build, inputs, declared = made
        try:
            cases.append(base.record(f"{seed}/{number}", build, inputs, declared, None))
        except Exception as error:  # a step that needs a static shape
            print(f"{number}: {str(error).splitlines()[0][:200]}", file=sys.stderr)
    with open(path, "wb") as file:
        file.write(gzip.compress(json.dumps({"cases": cases}).encode(), 6, mtime=0))
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
