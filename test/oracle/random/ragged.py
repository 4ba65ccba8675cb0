"""Tier 4: ragged values, counts, sparse tensors, crosses of columns."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, INTS, NUMBERS, Rejected
from strings import WORDS, random_texts

raw = tf.raw_ops
VALUES = NUMBERS + (object,)


def splits_of(g, rows, kind, most=3):
    return np.cumsum([0, *(g.int(0, most) for _ in range(rows))]).astype(kind)


def ranges(g):
    dtype, count, splits = g.pick(*NUMBERS), g.int(0, 4), g.pick(tf.int32, tf.int64)
    one = lambda array: array if g.chance(0.7) or count == 0 else array[:1].reshape(())
    starts, limits = g.random(dtype, [count], -3, 3), g.random(dtype, [count], -3, 6)
    deltas = np.where(g.random(bool, [count]), 1, -2).astype(dtype) if np.dtype(dtype).kind == "i" else np.where(g.random(bool, [count]), 0.75, -0.5).astype(dtype)
    values = [g.feed(one(v)) for v in (starts, limits, deltas)]
    return g.apply(lambda a, b, d: raw.RaggedRange(starts=a, limits=b, deltas=d, Tsplits=splits), *values)


def pieces(g):
    """Splits of one or two levels, and the values that they hold."""
    kind, rows, depth = g.pick(*INTS), g.int(0, 4), g.int(1, 2)
    splits = [splits_of(g, rows, kind)]
    if depth == 2:
        splits.append(splits_of(g, int(splits[0][-1]), kind))
    inner = [g.int(1, 3)] if g.chance(0.3) else []
    return [g.feed(s) for s in splits], g.feed(g.random(g.pick(*VALUES), [int(splits[-1][-1]), *inner])), rows


def gathered(g):
    splits, values, rows = pieces(g)
    if rows == 0:
        raise Rejected("empty")
    ids = g.feed(g.random(g.pick(*INTS), g.dims(g.int(0, 2)), 0, rows - 1))
    rank = len(splits) + ids.rank - 1
    if rank < 1:
        raise Rejected("rank")
    return g.apply(lambda *t: raw.RaggedGather(params_nested_splits=list(t[:-2]), params_dense_values=t[-2], indices=t[-1], OUTPUT_RAGGED_RANK=rank), *splits, values, ids)


def to_sparse(g):
    splits, values, _ = pieces(g)
    return g.apply(lambda *t: raw.RaggedTensorToSparse(rt_nested_splits=list(t[:-1]), rt_dense_values=t[-1]), *splits, values)


def to_dense(g):
    splits, values, rows = pieces(g)
    default = g.feed(g.random(object if values.dtype == object else values.dtype.type, values.shape[1:] if g.chance(0.3) else []))
    known = g.pick(np.array(-1, np.int64), np.array([-1] * (len(splits) + values.rank), np.int64), np.array([g.pick(-1, g.int(0, 5)), *(g.pick(-1, g.int(1, 4)) for _ in splits), *values.shape[1:]], np.int64))
    if g.chance(0.5):
        return g.apply(lambda *t: raw.RaggedTensorToTensor(shape=known, values=t[-2], default_value=t[-1], row_partition_tensors=list(t[:-2]), row_partition_types=["ROW_SPLITS"] * len(splits)), *splits, values, default)
    if len(splits) != 1:
        raise Rejected("levels")
    lengths = np.diff(splits[0].first.numpy())
    ids = g.feed(np.repeat(np.arange(rows), lengths).astype(splits[0].dtype))
    count = g.feed(np.array(rows, splits[0].dtype))
    return g.apply(lambda n, i, v, d: raw.RaggedTensorToTensor(shape=known, values=v, default_value=d, row_partition_tensors=[n, i], row_partition_types=["FIRST_DIM_SIZE", "VALUE_ROWIDS"]), count, ids, values, default)


def filled(g):
    rows, count = g.int(1, 5), g.int(0, 5)
    dtype = g.pick(*VALUES)
    ids, values = g.feed(np.sort(g.random(np.int64, [count], 0, rows - 1))), g.feed(g.random(dtype, [count]))
    default = g.constant(np.asarray(g.random(dtype, [])))
    return g.apply(lambda i, v, d: raw.RaggedFillEmptyRows(value_rowids=i, values=v, nrows=np.int64(rows), default_value=d), ids, values, default)


def counted(g):
    kind, binary = g.pick("Dense", "Ragged", "Sparse"), g.chance(0.4)
    number, weight = g.pick(*INTS), g.pick(F32, F64, np.int32, np.int64)
    limits = dict(minlength=g.pick(-1, 2, 6), maxlength=g.pick(-1, 3, 5), binary_output=binary)
    rows, width = g.int(1, 3), g.int(1, 4)
    weigh = lambda shape: g.feed(g.random(weight, shape)) if not binary and g.chance(0.5) else g.constant(np.zeros([0], weight))
    if kind == "Dense":
        shape = [rows, width] if g.chance(0.6) else [width]
        values, w = g.feed(g.random(number, shape, 0, 5)), weigh(shape)
        return g.apply(lambda v, w: raw.DenseCountSparseOutput(values=v, weights=w, **limits), values, w)
    if kind == "Ragged":
        splits = splits_of(g, rows, np.int64)
        count = int(splits[-1])
        if count == 0:
            raise Rejected("empty")
        values, w = g.feed(g.random(number, [count], 0, 5)), weigh([count])
        if g.chance(0.5):
            return g.apply(lambda s, v, w: raw.RaggedCountSparseOutput(splits=s, values=v, weights=w, **limits), g.feed(splits), values, w)
        size = np.array(g.int(1, 6), number)
        return g.apply(lambda s, v, w: raw.RaggedBincount(splits=s, values=v, size=size, weights=w, binary_output=binary), g.feed(splits), values, w)
    at, shape = places(g, rows, width)
    values, w = g.feed(g.random(number, [len(at)], 0, 5)), weigh([len(at)])
    if g.chance(0.5):
        return g.apply(lambda i, v, w: raw.SparseCountSparseOutput(indices=i, values=v, dense_shape=shape, weights=w, **limits), g.feed(at), values, w)
    size = np.array(g.int(1, 6), number)
    return g.apply(lambda i, v, w: raw.SparseBincount(indices=i, values=v, dense_shape=shape, size=size, weights=w, binary_output=binary), g.feed(at), values, w)


def places(g, rows, columns, count=None, least=1):
    count = g.int(least, rows * columns) if count is None else count
    flat = np.sort(g.rng.permutation(rows * columns)[:count])
    return np.stack([flat // columns, flat % columns], -1).astype(np.int64), np.array([rows, columns], np.int64)


def arithmetic(g):
    op = g.pick("Add", "Mul", "Div", "Softmax", "ReduceSum", "ReduceMax", "SparseAdd")
    rows, columns = g.int(1, 4), g.int(1, 4)
    at, shape = places(g, rows, columns)
    dtype = g.pick(F32, F64) if op in ("Div", "Softmax") else g.pick(*NUMBERS)
    i, v = g.feed(at), g.feed(g.random(dtype, [len(at)]))
    if op == "Softmax":
        return g.apply(lambda i, v: raw.SparseSoftmax(sp_indices=i, sp_values=v, sp_shape=shape), i, v)
    if op.startswith("Reduce"):
        axes, keep = np.array(g.pick([0], [1], [-1], [0, 1], [], [-2]), np.int32), g.chance(0.5)
        return g.apply(lambda i, v: getattr(raw, "Sparse" + op)(input_indices=i, input_values=v, input_shape=shape, reduction_axes=axes, keep_dims=keep), i, v)
    if op == "SparseAdd":
        other, _ = places(g, rows, columns)
        j, w, border = g.feed(other), g.feed(g.random(dtype, [len(other)])), np.array(g.pick(0, 1, 2), dtype)
        return g.apply(lambda i, v, j, w: raw.SparseAdd(a_indices=i, a_values=v, a_shape=shape, b_indices=j, b_values=w, b_shape=shape, thresh=border), i, v, j, w)
    limits = (0.5, 4) if op == "Div" else ()
    dense = g.feed(g.random(dtype, g.pick([rows, columns], [columns], [1, 1], [rows, 1]), *limits))
    return g.apply(lambda i, v, d: getattr(raw, "SparseDenseCwise" + op)(sp_indices=i, sp_values=v, sp_shape=shape, dense=d), i, v, dense)


def arranged(g):
    kind = g.pick("Reorder", "Split", "Slice", "Concat")
    rows, columns, dtype = g.int(1, 4), g.int(1, 4), g.pick(*VALUES)
    at, shape = places(g, rows, columns)
    v = g.feed(g.random(dtype, [len(at)]))
    if kind == "Reorder":
        i = g.feed(at[g.rng.permutation(len(at))])
        return g.apply(lambda i, v: raw.SparseReorder(input_indices=i, input_values=v, input_shape=shape), i, v)
    i = g.feed(at)
    if kind == "Split":
        axis = g.int(0, 1)
        count = g.int(1, int(shape[axis]))
        return g.apply(lambda i, v: raw.SparseSplit(split_dim=np.int64(axis), indices=i, values=v, shape=shape, num_split=count), i, v)
    if kind == "Slice":
        start, size = g.random(np.int64, [2], 0, 2), g.random(np.int64, [2], 0, 3)
        return g.apply(lambda i, v: raw.SparseSlice(indices=i, values=v, shape=shape, start=start, size=size), i, v)
    other, _ = places(g, rows, columns)
    j, w, axis = g.feed(other), g.feed(g.random(dtype, [len(other)])), g.int(-2, 1)
    return g.apply(lambda i, j, v, w: raw.SparseConcat(indices=[i, j], values=[v, w], shapes=[shape, shape], concat_dim=axis), i, j, v, w)


def crossed(g):
    rows = g.int(1, 3)
    column = lambda: g.feed(random_texts(g, [rows, g.int(1, 2)], WORDS)) if g.chance(0.5) else g.feed(g.random(np.int64, [rows, g.int(1, 2)]))
    kind = g.pick("SparseCross", "SparseCrossV2", "SparseCrossHashed", "RaggedCross")
    buckets = g.pick(0, 10, 1000)
    if kind == "RaggedCross":
        splits = [splits_of(g, rows, np.int64) for _ in range(2)]
        values = [g.feed(random_texts(g, [int(splits[0][-1])], WORDS)), g.feed(g.random(np.int64, [int(splits[1][-1])]))]
        hashed = g.chance(0.5)
        out = tf.int64 if hashed else tf.string
        return g.apply(lambda a, b, s, t: raw.RaggedCross(ragged_values=[a, b], ragged_row_splits=[s, t], sparse_indices=[], sparse_values=[], sparse_shape=[], dense_inputs=[], input_order="RR", hashed_output=hashed, num_buckets=buckets, hash_key=956888297470, out_values_type=out, out_row_splits_type=tf.int64), *values, *(g.feed(s) for s in splits))
    sets = [places(g, rows, 2) for _ in range(2)]
    i = [g.feed(at) for at, _ in sets]
    v = [g.feed(random_texts(g, [len(sets[0][0])], WORDS)), g.feed(g.random(np.int64, [len(sets[1][0])]))]
    shapes = [shape for _, shape in sets]
    dense = [column() for _ in range(g.int(0, 1))] if kind != "SparseCrossHashed" else []
    # The last of a text and a number in bytes: the strong hash of dense columns crashes TensorFlow.
    if kind == "SparseCross":
        hashed = g.chance(0.5)
        if not hashed and any(d.dtype != object for d in dense):
            raise Rejected("type")
        out = tf.int64 if hashed else tf.string
        internal = tf.int64 if hashed else tf.string
        v = v if hashed else [v[0], g.feed(random_texts(g, [len(sets[1][0])], WORDS))]
        return g.apply(lambda a, b, v, w, *d: raw.SparseCross(indices=[a, b], values=[v, w], shapes=shapes, dense_inputs=list(d), hashed_output=hashed, num_buckets=buckets if hashed else 0, hash_key=956888297470, out_type=out, internal_type=internal), *i, *v, *dense)
    if kind == "SparseCrossV2":
        if any(d.dtype != object for d in dense):
            raise Rejected("type")
        v = [v[0], g.feed(random_texts(g, [len(sets[1][0])], WORDS))]
        return g.apply(lambda a, b, v, w, *d: raw.SparseCrossV2(indices=[a, b], values=[v, w], shapes=shapes, dense_inputs=list(d), sep=np.array("_X_", object)), *i, *v, *dense)
    strong = g.chance(0.5)
    return g.apply(lambda a, b, v, w: raw.SparseCrossHashed(indices=[a, b], values=[v, w], shapes=shapes, dense_inputs=[], num_buckets=np.int64(buckets), strong_hash=np.bool_(strong), salt=np.array([137, 173], np.int64)), *i, *v)


STEPS = [(ranges, 1), (gathered, 1.5), (to_sparse, 1), (to_dense, 2), (filled, 1), (counted, 3), (arithmetic, 2.5), (arranged, 2.5), (crossed, 2)]
