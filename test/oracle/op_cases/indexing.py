"""Taking, putting, ordering and counting elements by index."""

import numpy as np
from ml_dtypes import bfloat16

from .case import Values, case, i32, i64, scalar

SOME = (np.float32, np.float64, np.float16, bfloat16, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, bool)
NUMBERS = (np.float32, np.float64, np.int32, np.int64)


def named(dtype):
    return np.dtype(dtype).name


def gathers():
    v = Values(31)
    for dtype in SOME:
        case("GatherV2", named(dtype), const="axis", params=v.of(dtype, 4, 3), indices=i32(3, 0, 1), axis=scalar(0))
        case("GatherNd", named(dtype), params=v.of(dtype, 4, 3), indices=np.array([[3, 1], [0, 2]], np.int32))
    case("Gather", "plain", params=v.floats(4, 3), indices=i64(2, 2, 0))
    case("Gather", "matrix", params=v.floats(4, 3), indices=np.array([[0, 1], [3, 2]], np.int32), validate_indices=False)
    for axis in (0, 1, 2, -1):
        case("GatherV2", f"axis {axis}", const="axis", params=v.floats(3, 3, 3), indices=np.array([[0, 2], [1, 1]], np.int64), axis=scalar(axis))
        case("GatherV2", f"one of axis {axis}", const=("axis", "indices"), params=v.floats(3, 3, 3), indices=scalar(1), axis=scalar(axis))
    case("GatherV2", "table", const=("params", "axis"), params=v.floats(9, 4), indices=np.array([[0, 8], [1, 1]], np.int32), axis=scalar(0))
    case("GatherV2", "no indices", const="axis", params=v.floats(4, 3), indices=np.zeros((0,), np.int32), axis=scalar(0))
    case("GatherV2", "int16 indices", const="axis", params=v.floats(4, 3), indices=np.array([1, 2], np.int16), axis=scalar(0))
    for batch, axis in ((1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (-1, 1)):
        indices = v.ints(2, 3, 2, low=0, high=1) if batch in (1, 2) else v.ints(2, 4, low=0, high=1)
        case("GatherV2", f"batch {batch} axis {axis}", const="axis", params=v.floats(2, 3, 4, 5), indices=indices, axis=scalar(axis), batch_dims=batch)
    case("GatherV2", "batch of vectors", const="axis", params=v.floats(3, 4), indices=i32(1, 0, 3), axis=scalar(1), batch_dims=1)
    for shape in ((2, 1), (2, 2), (2, 3), (1, 2, 2), (0, 2)):
        case("GatherNd", f"indices {shape}", params=v.floats(2, 2, 2), indices=v.ints(*shape, low=0, high=1))
    case("GatherNd", "vector", params=v.floats(2, 2), indices=i64(1, 0))


def scatters():
    v = Values(32)
    at = np.array([[0], [2], [0]], np.int32)
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64, np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64):
        case("ScatterNd", named(dtype), const="shape", indices=at, updates=v.of(dtype, 3, 2), shape=i32(4, 2))
    case("ScatterNd", "bool", const="shape", indices=np.array([[0], [2]], np.int32), updates=np.array([True, True]), shape=i32(4))
    case("ScatterNd", "computed", indices=at.astype(np.int64), updates=v.floats(3), shape=i64(4))
    case("ScatterNd", "pairs", const="shape", indices=np.array([[0, 1], [1, 1]], np.int32), updates=v.floats(2), shape=i32(2, 2))
    case("ScatterNd", "nothing", const="shape", indices=np.zeros((0, 1), np.int32), updates=np.zeros((0,), np.float32), shape=i32(3))
    for op in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
        where = np.array([[1], [3]], np.int32) if op == "TensorScatterUpdate" else np.array([[1], [3], [1]], np.int64)
        for dtype in (np.float32, np.float64, np.int32, np.int64, np.float16, np.int8, np.uint8):
            case(op, named(dtype), tensor=v.of(dtype, 4, 2), indices=where, updates=v.of(dtype, len(where), 2))
        case(op, "places", tensor=v.floats(2, 3), indices=np.array([[0, 0], [1, 2]], np.int32), updates=v.floats(2))
    case("TensorScatterUpdate", "bool", tensor=v.bools(4), indices=np.array([[1], [3]], np.int32), updates=v.bools(2))
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64, np.int8, np.uint8, bool):
        one, zero = np.array(1, dtype), np.array(0, dtype)
        case("OneHot", named(dtype), const="depth", indices=i32(0, 2, -1, 5), depth=scalar(3), on_value=one, off_value=zero)
        for axis in (0, 1, -1):
            case("OneHot", f"{named(dtype)} axis {axis}", const="depth", indices=v.ints(2, 2, low=-1, high=3, dtype=np.int64), depth=scalar(4), on_value=one, off_value=zero, axis=axis)
    case("OneHot", "values", const="depth", indices=np.array([1, 2], np.uint8), depth=scalar(3), on_value=scalar(5.0, np.float32), off_value=scalar(-1.0, np.float32))
    case("OneHot", "scalar", const="depth", indices=scalar(1), depth=scalar(3), on_value=scalar(1.0, np.float32), off_value=scalar(0.0, np.float32))
    case("OneHot", "computed depth", indices=i64(1, -1), depth=scalar(3), on_value=scalar(1.0, np.float32), off_value=scalar(0.0, np.float32))


def orders():
    v = Values(33)
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64, np.int8, np.uint8, np.int16, np.uint16):
        case("TopKV2", named(dtype), const="k", input=v.of(dtype, 2, 6), k=scalar(3))
        if dtype != np.float16:
            case("Where", named(dtype), condition=(v.of(dtype, 3, 4) * v.of(np.uint8, 3, 4).astype(bool)).astype(dtype))
    case("TopKV2", "ties", const="k", input=np.array([[1, 3, 3, 1, 3]], np.float32), k=scalar(4))
    case("TopKV2", "computed", input=v.floats(2, 2, 5), k=scalar(2))
    case("TopKV2", "unsorted all", const="k", input=v.floats(4), k=scalar(4), sorted=True)
    case("NthElement", "smallest", const="n", input=v.floats(3, 5), n=scalar(1))
    case("NthElement", "largest", const="n", input=v.floats(3, 5), n=scalar(0), reverse=True)
    case("Where", "bool", condition=v.bools(2, 3, 2))
    case("Where", "none", condition=np.zeros((2, 3), bool))
    case("Where", "tiny", condition=np.array([1e-300, 0.0, np.nan], np.float64))
    for dtype in (np.int32, np.int64, np.float32, np.float64, np.int8, np.uint8, np.int16):
        values = np.array([3, 1, 3, 2, 1, 3], dtype)
        case("Unique", named(dtype), x=values.copy())
        case("UniqueWithCounts", named(dtype), x=values.copy(), out_idx="int64")
        case("UniqueV2", named(dtype), const="axis", x=values.copy(), axis=np.zeros((0,), np.int64))
        case("UniqueWithCountsV2", named(dtype), const="axis", x=values.copy(), axis=np.zeros((0,), np.int64))
    rows = np.array([[1, 2], [3, 4], [1, 2]], np.int64)
    case("UniqueV2", "rows", const="axis", x=rows, axis=i64(0))
    case("UniqueV2", "columns", const="axis", x=rows.T.copy().astype(np.float32), axis=i32(1))
    for time, batch in ((1, 0), (0, 1), (2, 0), (2, 1), (0, 2)):
        lengths = np.array([1, 3, 2, 3][: (3, 4, 3)[batch]], np.int64)
        case("ReverseSequence", f"time {time} batch {batch}", input=v.floats(3, 4, 3), seq_lengths=lengths, seq_dim=time, batch_dim=batch)
    for dtype in (np.int32, bool, np.float64):
        case("ReverseSequence", named(dtype), input=v.of(dtype, 2, 4), seq_lengths=i32(2, 4), seq_dim=1, batch_dim=0)
    for shift in (0, 1, 2, -1, 5, -7):
        case("Roll", f"shift {shift}", const=("shift", "axis"), input=v.floats(3, 4), shift=scalar(shift), axis=scalar(1))
        case("Roll", f"shift {shift} computed", const="axis", input=v.floats(3, 4), shift=scalar(shift), axis=scalar(0))
    case("Roll", "two axes", const=("shift", "axis"), input=v.floats(3, 4), shift=i32(1, -1), axis=i64(0, -1))
    case("Roll", "one axis twice", const=("shift", "axis"), input=v.ints(5), shift=i32(1, 1), axis=i32(0, 0))
    case("Roll", "empty", const=("shift", "axis"), input=np.zeros((0, 3), np.float32), shift=scalar(1), axis=scalar(0))
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64, np.int8, np.uint8, np.int16):
        case("Cumsum", named(dtype), const="axis", x=v.of(dtype, 3, 4), axis=scalar(1))
    for exclusive in (False, True):
        for reverse in (False, True):
            case("Cumsum", f"{exclusive} {reverse}", const="axis", x=v.floats(3, 4), axis=scalar(0), exclusive=exclusive, reverse=reverse)
    case("Cumsum", "last axis", const="axis", x=v.floats(3, 4), axis=scalar(-1))
    case("Cumsum", "computed", x=v.floats(3, 4), axis=scalar(-2))


def counts():
    v = Values(34)
    for dtype in NUMBERS:
        case("Bincount", f"{named(dtype)} weights", arr=i32(0, 2, 2, 5, 1), size=scalar(4), weights=v.of(dtype, 5))
        case("Bincount", f"{named(dtype)}", arr=i32(0, 2, 2, 5, 1), size=scalar(4), weights=np.zeros((0,), dtype), static_only="whether there are weights is known by their shape only")
        for binary in (False, True):
            case("DenseBincount", f"{named(dtype)} {binary}", const="weights", input=i32(0, 2, 2, 5, 1), size=scalar(4), weights=np.zeros((0,), dtype), binary_output=binary)
            case("DenseBincount", f"rows {named(dtype)} {binary}", const=("size", "weights"), input=v.ints(3, 4, low=0, high=6), size=scalar(5), weights=np.zeros((0,), dtype), binary_output=binary)
        case("DenseBincount", f"rows {named(dtype)} weights", const="size", input=v.ints(2, 3, low=0, high=4, dtype=np.int64), size=scalar(5, np.int64), weights=v.of(dtype, 2, 3))
    for dtype in NUMBERS:
        values = np.array([[-5, 0, 3], [10, 99, 100]], dtype)
        case("Bucketize", named(dtype), input=values, boundaries=[0.0, 10.0, 100.0])
    case("Bucketize", "none", input=v.floats(3), boundaries=[])
    # std::lower_bound, and the last bucket for what is above all boundaries.
    features = [np.array([-1, 0, 0.5, 1, 2, 9], np.float32), np.array([5, 4, 3, 2, 1, 0], np.float32)]
    boundaries = [np.array([0.0, 1.0, 2.0], np.float32), np.array([2.5, np.inf], np.float32)]
    buckets = [np.minimum(np.searchsorted(b, f), len(b) - 1).astype(np.int32) for f, b in zip(features, boundaries)]
    case("BoostedTreesBucketize", "two", float_values=features, bucket_boundaries=boundaries, expected=buckets)
    for op in ("LowerBound", "UpperBound"):
        for dtype in NUMBERS:
            for out in ("int32", "int64"):
                sorted_inputs = np.array([[0, 1, 1, 3], [2, 2, 4, 9]], dtype)
                case(op, f"{named(dtype)} {out}", sorted_inputs=sorted_inputs, values=np.array([[1, -1, 5], [2, 3, 9]], dtype), out_type=out)
    for dtype in (np.float32, np.float64, np.int32):
        values = np.array([-1, 0, 1.5, 2, 4.9, 5, 15], np.float64).astype(dtype)
        for out in ("int32", "int64"):
            if dtype != np.int32:
                case("HistogramFixedWidth", f"{named(dtype)} {out}", const="nbins", values=values, value_range=np.array([0, 5], dtype), nbins=scalar(5), dtype=out)


def add():
    gathers()
    scatters()
    orders()
    counts()
