"""Tier 2: einsum, gathers, scatters, orders, counts, segments, partitions, diagonals, sparse tensors."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, FLOATS, INTS, NUMBERS, SMALL_INTS, Rejected
from elementwise import ANY

raw = tf.raw_ops


def places(g, shape, below, least=0, kind=None):
    """Positions below a size, as an input or a constant."""
    kind = kind or g.pick(*INTS)
    if below <= least:
        raise Rejected("nothing to point at")
    if g.chance(0.5):
        return g.input(kind, shape, least, below - 1, batched=False)
    return g.constant(g.random(kind, shape, least, below - 1))


def einsum(g):
    sizes = {c: g.int(1, 4) for c in "abcdef"}
    known = ["ab,bc->ac", "ab,cb->ac", "abc,cd->abd", "abc,cde->abde", "abcd,cde->abe", "aecd,abcd->acbe", "acbe,aecd->abcd"]
    known += ["abc,abd->acd", "abc,abc->ab", "a,b->ab", "ab->ba", "abc->b", "abc,ab->ac", "abcd,ae->bcde", "...ab,bc->...ac", "...ab,...bc->...ac", "aa->a", "ab,ab->", "abc,dc->adb"]
    equation = g.pick(*known)
    if g.chance(0.4):
        letters = "abcdef"
        left, right = ["".join(g.rng.permutation(list(letters))[: g.int(1, 3)]) for _ in range(2)]
        out = "".join(c for c in g.rng.permutation(sorted(set(left + right))) if g.chance(0.6))
        equation = f"{left},{right}->{out}"
    kind = g.pick(F32, F32, F64)
    shape = lambda term: ([g.int(1, 3)] if g.chance(0.5) else []) * ("..." in term) + [sizes[c] for c in term.replace("...", "")]
    values = []
    for term in equation.split("->")[0].split(","):
        there = [v for v in g.pool if v.dtype == kind and v.rank == len(term) and "." not in term and len(set(term)) == len(term)]
        if there and not values and g.chance(0.6):
            v = g.pick(*there)
            if all(v.static(i) for i in range(1, v.rank)):
                sizes.update({c: v.shape[i] for i, c in enumerate(term)})
                values.append(v)
                continue
        values.append(g.input(kind, shape(term), batched=False) if g.chance(0.4) else g.constant(g.random(kind, shape(term))))
    return g.apply(lambda *t: raw.Einsum(inputs=list(t), equation=equation), *values)


def gather(g):
    x = g.value(ANY, least=1)
    kind = g.int(0, 3)
    if kind == 0:
        if not x.static(0):
            raise Rejected("batch")
        ids = places(g, g.dims(g.int(0, 2)), x.shape[0])
        return g.apply(lambda t, i: raw.Gather(params=t, indices=i), x, ids)
    if kind == 1:
        depth = g.int(1, x.rank)
        if not all(x.static(i) for i in range(depth)):
            raise Rejected("batch")
        lowest = min(x.shape[:depth])
        ids = places(g, [*g.dims(g.int(0, 2)), depth], lowest)
        return g.apply(lambda t, i: raw.GatherNd(params=t, indices=i), x, ids)
    axis = g.int(0, x.rank - 1)
    if not x.static(axis):
        raise Rejected("batch")
    batch = 0 if g.chance(0.6) else g.int(0, axis)
    if batch and not x.static(0):
        if x.rank < 2:
            raise Rejected("batch")
        ids = g.input(g.pick(*INTS), [x.shape[0], *x.shape[1:batch], g.int(1, 3)], 0, x.shape[axis] - 1)
    else:
        ids = places(g, [*x.shape[:batch], *g.dims(g.int(0, 2))], x.shape[axis])
    named = axis - x.rank if g.chance(0.3) else axis
    return g.apply(lambda t, i: raw.GatherV2(params=t, indices=i, axis=named, batch_dims=batch), x, ids)


def scatter(g):
    op = g.pick("ScatterNd", "TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin")
    x = g.value(NUMBERS, least=1, most=3)
    if not all(x.static(i) for i in range(x.rank)):
        raise Rejected("batch")
    depth, count = g.int(1, x.rank), g.int(0, 4)
    if min(x.shape) < 1:
        raise Rejected("empty")
    kind = g.pick(*INTS)
    ids = np.stack([g.rng.integers(0, d, count) for d in x.shape[:depth]], -1).astype(kind).reshape(count, depth)
    if op == "TensorScatterUpdate":
        # Of two updates of one place TensorFlow may keep either.
        ids = np.unique(ids, axis=0).reshape(-1, depth)
        g.rng.shuffle(ids)
    i = g.input(kind, ids.shape, batched=False, array=lambda _: ids) if g.chance(0.5) else g.constant(ids)
    u = g.constant(g.random(x.dtype.type, [len(ids), *x.shape[depth:]])) if g.chance(0.5) else g.input(x.dtype.type, [len(ids), *x.shape[depth:]], batched=False)
    if op == "ScatterNd":
        shape = np.array(x.shape, kind)
        return g.apply(lambda i, u: raw.ScatterNd(indices=i, updates=u, shape=shape), i, u)
    return g.apply(lambda t, i, u: getattr(raw, op)(tensor=t, indices=i, updates=u), x, i, u)


def one_hot(g):
    x = g.value((np.int32, np.int64, np.uint8), most=3)
    dtype, depth, axis = g.pick(F32, F64, np.int32, np.int64, bool), g.int(0, 6), g.int(-1, x.rank)
    on, off = (np.array(True), np.array(False)) if dtype is bool else (g.random(dtype, []), g.random(dtype, []))
    return g.apply(lambda t: raw.OneHot(indices=t, depth=depth, on_value=on, off_value=off, axis=axis), x)


def distinct(g, dtypes, least):
    """A value whose elements in a row differ: among equal ones the order is not TensorFlow's to promise."""
    def differ(v):
        return all(a.size == 0 or all(len(set(r.tolist())) == len(r) for r in a.reshape(-1, a.shape[-1])) for a in v.both())

    x = g.value(dtypes, least=least, only=lambda v: differ(v), fresh=0.3)
    return x


def order(g):
    kind = g.int(0, 3)
    if kind <= 1:
        x = g.value(NUMBERS, least=1)  # TopKV2: the lower index first among equals, by its documentation
        if not x.static(-1):
            raise Rejected("batch")
        k = g.int(0, x.shape[-1])
        if kind == 0:
            return g.apply(lambda t: raw.TopKV2(input=t, k=k, sorted=True), x)
        n = min(k, x.shape[-1] - 1)
        reverse = g.chance(0.5)
        return g.apply(lambda t: raw.NthElement(input=t, n=n, reverse=reverse), x)
    if kind == 2:
        x = g.value((bool, np.int32, np.int64, F32), least=1)
        return g.apply(lambda t: raw.Where(condition=t), x)
    x = g.value(INTS + (F32,), least=1, most=1)
    op = g.pick("Unique", "UniqueWithCounts", "UniqueV2", "UniqueWithCountsV2")
    out = g.pick(*INTS)
    extra = {"axis": np.zeros((0,), np.int64)} if op.endswith("V2") else {}
    return g.apply(lambda t: getattr(raw, op)(x=t, out_idx=out, **extra), x)


def sequences(g):
    x = g.value(ANY, least=2)
    batch, time = (int(i) for i in g.rng.permutation(x.rank)[:2])
    if not x.static(batch) or not x.static(time):
        raise Rejected("batch")
    lengths = places(g, [x.shape[batch]], x.shape[time] + 1)
    return g.apply(lambda t, n: raw.ReverseSequence(input=t, seq_lengths=n, seq_dim=time, batch_dim=batch), x, lengths)


def counts(g):
    kind = g.int(0, 5)
    if kind == 0:
        x = g.value((np.int32, np.int64), least=1, most=2, low=0)
        size, binary = g.int(1, 6), g.chance(0.5)
        none = np.zeros((0,), F32)
        return g.apply(lambda t: raw.DenseBincount(input=t, size=np.array(size, x.dtype), weights=none, binary_output=binary), x)
    if kind == 1:
        x = g.value(np.int32, low=0)
        size = np.int32(g.int(1, 6))
        if g.chance(0.5):
            return g.apply(lambda t: raw.Bincount(arr=t, size=size, weights=np.zeros((0,), F32)), x)
        return g.apply(lambda t: raw.Bincount(arr=t, size=size, weights=raw.Cast(x=t, DstT=tf.float32)), x)
    if kind == 2:
        x = g.value(NUMBERS)
        borders = sorted(float(b) for b in g.random(F32, [g.int(0, 5)]))
        return g.apply(lambda t: raw.Bucketize(input=t, boundaries=borders), x)
    if kind == 3:
        dtype = g.pick(*NUMBERS)
        rows, out = g.int(1, 3), g.pick(*INTS)
        a = g.constant(np.sort(g.random(dtype, [rows, g.int(0, 5)]), -1))
        v = g.input(dtype, [rows, g.int(0, 4)], batched=False)
        op = g.pick(raw.LowerBound, raw.UpperBound)
        return g.apply(lambda a, v: op(sorted_inputs=a, values=v, out_type=out), a, v)
    if kind == 4:
        x = g.value((F32, F64, np.int32))
        span = np.array([-3, 5], x.dtype)
        bins = np.int32(g.int(1, 6))
        return g.apply(lambda t: raw.HistogramFixedWidth(values=t, value_range=span, nbins=bins), x)
    x = g.value(INTS + (F32,), least=1, most=1)
    y = g.constant(g.random(x.dtype.type, [g.int(0, 4)]))
    return g.apply(lambda a, b: raw.ListDiff(x=a, y=b), x, y)


def segments(g):
    kind = g.pick("Segment", "Unsorted", "Sparse")
    x = g.value(NUMBERS if kind != "Sparse" else FLOATS, least=1, most=3)
    if not x.static(0):
        raise Rejected("batch")
    rows = x.shape[0]
    number = g.pick(*INTS)
    feed = lambda array: g.input(array.dtype.type, array.shape, batched=False, array=lambda _: array) if g.chance(0.5) else g.constant(array)
    if kind == "Segment":
        op = g.pick("Sum", "Max", "Min", "Prod", *(["Mean"] if x.dtype.kind == "f" else []))
        ids = feed(np.sort(g.rng.integers(0, 5, rows)).astype(number))
        return g.apply(lambda t, i: getattr(raw, f"Segment{op}")(data=t, segment_ids=i), x, ids)
    if kind == "Unsorted":
        op, depth = g.pick("Sum", "Max", "Min", "Prod"), g.int(1, x.rank)
        if not all(x.static(i) for i in range(depth)):
            raise Rejected("batch")
        count = g.int(1, 5)
        ids = feed(g.rng.integers(-1, count, x.shape[:depth]).astype(number))
        only = op in ("Sum", "Prod") or set(range(count)) <= set(ids.first.numpy().reshape(-1).tolist())
        if not only and x.dtype.kind == "f":
            raise Rejected("a segment of nothing is the largest number, which checks as not finite")
        return g.apply(lambda t, i: getattr(raw, f"UnsortedSegment{op}")(data=t, segment_ids=i, num_segments=np.int32(count)), x, ids)
    op, count = g.pick("Sum", "Mean", "SqrtN"), g.int(0, 5)
    if rows == 0:
        raise Rejected("empty")
    at = feed(g.rng.integers(0, rows, count).astype(number))
    ids = feed(np.sort(g.rng.integers(0, 4, count)).astype(np.int32))
    if g.chance(0.5):
        return g.apply(lambda t, a, i: getattr(raw, f"SparseSegment{op}")(data=t, indices=a, segment_ids=i), x, at, ids)
    return g.apply(lambda t, a, i: getattr(raw, f"SparseSegment{op}WithNumSegments")(data=t, indices=a, segment_ids=i, num_segments=np.int32(5)), x, at, ids)


def partitions(g):
    if g.chance(0.5):
        x = g.value(NUMBERS + (bool,), least=1, most=3)
        if not x.static(0):
            raise Rejected("batch")
        count = g.int(1, 4)
        ids = places(g, [x.shape[0]], count, kind=np.int32)
        return g.apply(lambda t, i: raw.DynamicPartition(data=t, partitions=i, num_partitions=count), x, ids)
    dtype, inner, total = g.pick(*NUMBERS), g.dims(g.int(0, 2)), g.int(1, 6)
    order = g.rng.permutation(total).astype(np.int32)
    at = g.int(0, total)
    ids = [order[:at], order[at:]]
    data = [g.input(dtype, [len(i), *inner], batched=False) if g.chance(0.5) else g.constant(g.random(dtype, [len(i), *inner])) for i in ids]
    op = g.pick(raw.DynamicStitch, raw.ParallelDynamicStitch)
    return g.apply(lambda a, b: op(indices=ids, data=[a, b]), *data)


def diagonals(g):
    kind = g.pick("Band", "Diag", "Part", "Set", "DiagV3", "PartV3", "SetV3", "TensorDiag", "Cross")
    if kind == "TensorDiag":
        return g.apply(lambda t: raw.Diag(diagonal=t), g.value(NUMBERS, least=1, most=1))
    if kind == "Cross":
        a, b = (g.input(g.pick(F32, F32), [2, 3], batched=False) for _ in range(2))
        return g.apply(lambda a, b: raw.Cross(a=a, b=b), a, b)
    if kind in ("Diag", "DiagV3"):
        x = g.value(NUMBERS + (bool,), least=1, most=3)
        if kind == "Diag":
            return g.apply(lambda t: raw.MatrixDiag(diagonal=t), x)
        k, pad = g.int(-2, 2), g.random(x.dtype.type, [])
        op = g.pick("MatrixDiagV2", "MatrixDiagV3")
        return g.apply(lambda t: getattr(raw, op)(diagonal=t, k=np.int32(k), num_rows=-1, num_cols=-1, padding_value=pad), x)
    x = g.value(NUMBERS + (bool,), least=2)
    if kind == "Band":
        low, up = (np.array(g.int(-1, 3), np.int64) for _ in range(2))
        return g.apply(lambda t: raw.MatrixBandPart(input=t, num_lower=low, num_upper=up), x)
    if not all(x.static(i) for i in range(x.rank)) or min(x.shape[-2:]) == 0:
        raise Rejected("batch")
    rows, columns = x.shape[-2:]
    if kind == "Part":
        return g.apply(lambda t: raw.MatrixDiagPart(input=t), x)
    if kind == "Set":
        d = g.constant(g.random(x.dtype.type, [*x.shape[:-2], min(rows, columns)]))
        return g.apply(lambda t, d: raw.MatrixSetDiag(input=t, diagonal=d), x, d)
    low = g.int(1 - rows, columns - 1)
    high = g.int(low, columns - 1) if g.chance(0.6) else low
    band = np.array([low, high] if g.chance(0.5) or low != high else low, np.int32)
    align = g.pick("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")
    pad = g.random(x.dtype.type, [])
    if kind == "PartV3":
        if g.chance(0.3):
            return g.apply(lambda t: raw.MatrixDiagPartV2(input=t, k=band, padding_value=pad), x)
        return g.apply(lambda t: raw.MatrixDiagPartV3(input=t, k=band, padding_value=pad, align=align), x)
    longest = min(rows + min(high, 0), columns - max(low, 0))
    d = g.constant(g.random(x.dtype.type, [*x.shape[:-2], *([high - low + 1] if low != high or band.ndim and band[0] != band[1] else []), longest]))
    return g.apply(lambda t, d: raw.MatrixSetDiagV3(input=t, diagonal=d, k=band, align=align), x, d)


def sparse(g):
    rows, columns, count = g.int(1, 4), g.int(1, 4), g.int(0, 4)
    flat = np.sort(g.rng.permutation(rows * columns)[:count])
    at = np.stack([flat // columns, flat % columns], -1).astype(np.int64)
    size = np.array([rows, columns], np.int64)
    dtype = g.pick(*NUMBERS)
    feed = lambda array: g.input(array.dtype.type, array.shape, batched=False, array=lambda _: array) if g.chance(0.5) else g.constant(array)
    i, v = feed(at), feed(g.random(dtype, [len(flat)]))
    kind = g.int(0, 3)
    if kind == 0:
        return g.apply(lambda i, v: raw.SparseToDense(sparse_indices=i, output_shape=size, sparse_values=v, default_value=np.array(2, dtype)), i, v)
    if kind == 1:
        target = np.array(g.pick([-1], [columns, rows], [1, -1]), np.int64)
        return g.apply(lambda i: raw.SparseReshape(input_indices=i, input_shape=size, new_shape=target), i)
    if kind == 2:
        return g.apply(lambda i, v: raw.SparseFillEmptyRows(indices=i, values=v, dense_shape=size, default_value=np.array(3, dtype)), i, v)
    if dtype not in FLOATS:
        raise Rejected("type")
    ta, tb, inner = g.chance(0.4), g.chance(0.4), g.int(1, 4)
    depth = rows if ta else columns
    b = feed(g.random(dtype, [inner, depth] if tb else [depth, inner]))
    return g.apply(lambda i, v, b: raw.SparseTensorDenseMatMul(a_indices=i, a_values=v, a_shape=size, b=b, adjoint_a=ta, adjoint_b=tb), i, v, b)


def inverse(g):
    x = g.constant(g.rng.permutation(g.int(1, 6)).astype(g.pick(*INTS)))
    if g.chance(0.5):
        x = g.input(x.dtype.type, x.shape, batched=False, array=lambda _, a=x.first.numpy(): a)
    return g.apply(lambda t: raw.InvertPermutation(x=t), x)


STEPS = [(einsum, 3), (gather, 4), (scatter, 3), (one_hot, 1.5), (order, 3), (sequences, 1), (counts, 2), (segments, 3), (partitions, 2), (diagonals, 3), (sparse, 2), (inverse, 0.3)]
