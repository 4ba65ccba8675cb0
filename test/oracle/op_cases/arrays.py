"""Shapes, reshaping, joining, cutting, padding, counting."""

import numpy as np
from ml_dtypes import bfloat16

from .case import Values, case, i32, i64, scalar

ALL = (np.float32, np.float64, np.float16, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, bool)
SOME = (np.float32, np.float64, np.float16, bfloat16, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, bool)


def named(dtype):
    return np.dtype(dtype).name


def shapes():
    v = Values(11)
    for out_type in ("int32", "int64"):
        case("Shape", f"{out_type}", input=v.floats(2, 3, 4), out_type=out_type)
        case("Size", f"{out_type}", input=v.floats(2, 3, 4), out_type=out_type)
        case("ShapeN", f"{out_type}", input=[v.floats(2, 3), v.floats(4), v.floats(1, 1, 5)], out_type=out_type)
    for array, name in ((scalar(1.0, np.float32), "scalar"), (np.zeros((0, 3), np.float32), "empty"), (v.bools(3), "bool")):
        case("Shape", name, input=array)
        case("Size", name, input=array)
        case("Rank", name, input=array)
    case("Rank", "3", input=v.floats(2, 3, 4))
    for op in ("ZerosLike", "OnesLike"):
        for dtype in ALL:
            case(op, named(dtype), x=v.of(dtype, 2, 3))
        case(op, "scalar", x=scalar(2.5, np.float32))
        case(op, "empty", x=np.zeros((0, 3), np.float32))
        case(op, "nan", x=np.array([np.nan, np.inf], np.float32))


def reshapes():
    v = Values(12)
    for dtype in SOME:
        case("Reshape", named(dtype), const="shape", tensor=v.of(dtype, 2, 6), shape=i32(3, 4))
    for name, shape in (("rest", (-1, 4)), ("rank 3", (2, -1, 2)), ("flat", (-1,)), ("int64", (4, 3))):
        case("Reshape", name, const="shape", tensor=v.floats(2, 6), shape=np.array(shape, np.int64 if name == "int64" else np.int32))
        case("Reshape", f"{name} computed", tensor=v.floats(2, 6), shape=i32(*shape))
    case("Reshape", "to scalar", const="shape", tensor=v.floats(1, 1), shape=np.zeros((0,), np.int32))
    case("Reshape", "zero", const="shape", tensor=np.zeros((0, 3), np.float32), shape=i32(3, 0))
    case("Reshape", "zero rest", const="shape", tensor=np.zeros((0, 3), np.float32), shape=i32(-1, 3))
    case("Reshape", "zero computed", tensor=np.zeros((0, 6), np.float32), shape=i32(0, 2, 3))
    for axes in ([], [0], [2], [-1], [0, 2]):
        case("Squeeze", f"{axes}", input=v.floats(1, 3, 1), axis=axes)
    case("Squeeze", "nothing", input=v.floats(2, 3))
    case("Squeeze", "scalar", input=scalar(1.0, np.float32))
    case("Squeeze", "bool", input=v.bools(1, 3), axis=[0])
    for axis in (0, 1, 2, -1, -3):
        case("ExpandDims", f"{axis}", const="axis", input=v.floats(2, 3), axis=scalar(axis))
    case("ExpandDims", "vector axis", const="axis", input=v.floats(2, 3), axis=i64(1))
    case("ExpandDims", "computed axis", input=v.ints(2, 3), axis=scalar(1))
    case("ExpandDims", "scalar", const="axis", input=scalar(1.0, np.float32), axis=scalar(0))
    for op in ("Transpose", "ConjugateTranspose"):
        for perm in ((1, 0, 2), (2, 1, 0), (0, 1, 2), (0, 2, 1)):
            case(op, f"{perm}", const="perm", x=v.floats(2, 3, 4), perm=i32(*perm))
        for dtype in SOME:
            case(op, named(dtype), const="perm", x=v.of(dtype, 2, 3), perm=i64(1, 0))
        case(op, "empty", const="perm", x=np.zeros((0, 3), np.float32), perm=i32(1, 0))
    for dtype in SOME:
        if dtype != np.uint16:
            case("Tile", named(dtype), const="multiples", input=v.of(dtype, 2, 3), multiples=i32(2, 1))
        case("BroadcastTo", named(dtype), const="shape", input=v.of(dtype, 3), shape=i32(2, 3))
    case("Tile", "computed", input=v.floats(2, 3), multiples=i64(1, 3))
    case("Tile", "zero", const="multiples", input=v.floats(2, 3), multiples=i32(0, 1))
    case("BroadcastTo", "computed", input=v.floats(1, 3), shape=i64(2, 2, 3))
    case("BroadcastTo", "scalar", const="shape", input=scalar(3.0, np.float32), shape=i32(2, 2))
    case("BroadcastTo", "zero", const="shape", input=v.floats(1, 3), shape=i32(0, 3))
    for dtype in ALL:
        case("Fill", named(dtype), const="dims", dims=i32(2, 3), value=np.array(1, dtype))
    case("Fill", "computed", dims=i64(2, 3), value=scalar(1.5, np.float32))
    case("Fill", "scalar", const="dims", dims=np.zeros((0,), np.int32), value=scalar(1.5, np.float32))
    case("Fill", "empty", dims=i32(0, 3), value=scalar(1))
    for name, a, b in (("both", (2, 1), (1, 3)), ("shorter", (4, 2, 3), (3,)), ("scalar", (), (2, 2)), ("zero", (0, 1), (1, 4))):
        case("BroadcastArgs", name, s0=np.array(a, np.int32), s1=np.array(b, np.int32))
        case("BroadcastArgs", f"{name} int64", s0=np.array(b, np.int64), s1=np.array(a, np.int64))
    case("InvertPermutation", "int32", x=i32(3, 4, 0, 2, 1))
    case("InvertPermutation", "int64", x=i64(0))
    case("InvertPermutation", "reverse", x=i64(2, 1, 0))


def counters():
    for dtype in (np.int32, np.int64, np.float32, np.float64):
        for name, start, limit, delta in (("up", 0, 5, 1), ("step", 2, 11, 3), ("down", 5, 0, -2), ("none", 3, 3, 1)):
            case("Range", f"{named(dtype)} {name}", start=scalar(start, dtype), limit=scalar(limit, dtype), delta=scalar(delta, dtype))
    for name, start, limit, delta in (("third", 0, 0.3, 0.1), ("tenth", 0, 1, 0.1), ("seventh", 0, 0.7, 0.1), ("back", 1, 0, -0.25)):
        for dtype in (np.float32, np.float64):
            case("Range", f"{named(dtype)} {name}", start=scalar(start, dtype), limit=scalar(limit, dtype), delta=scalar(delta, dtype))
    for dtype in (np.float32, np.float64):
        for count in (1, 2, 5):
            case("LinSpace", f"{named(dtype)} {count}", start=scalar(1, dtype), stop=scalar(3, dtype), num=scalar(count))
    case("LinSpace", "const", const="num", start=scalar(-1, np.float32), stop=scalar(1, np.float32), num=scalar(4, np.int64))


def joins():
    v = Values(13)
    for dtype in SOME:
        case("ConcatV2", named(dtype), const="axis", values=[v.of(dtype, 2, 3), v.of(dtype, 2, 2)], axis=scalar(1))
        case("Pack", named(dtype), values=[v.of(dtype, 2, 3), v.of(dtype, 2, 3)], axis=0)
        case("Unpack", named(dtype), value=v.of(dtype, 2, 3), num=2, axis=0)
        case("Split", named(dtype), const="axis", axis=scalar(1), value=v.of(dtype, 2, 4), num_split=2)
    for axis in (0, -1, -2):
        values = [v.floats(2, 3), v.floats(2, 3), v.floats(2, 3)]
        case("ConcatV2", f"axis {axis}", const="axis", values=values, axis=scalar(axis, np.int64))
        case("Concat", f"axis {axis}", const="concat_dim", concat_dim=scalar(axis), values=values)
    case("ConcatV2", "empty part", const="axis", values=[v.floats(2, 3), np.zeros((0, 3), np.float32)], axis=scalar(0))
    for axis in (0, 1, 2, -1, -3):
        case("Pack", f"axis {axis}", values=[v.floats(2, 3), v.floats(2, 3)], axis=axis)
    case("Pack", "one", values=[v.floats(2, 3)], axis=1)
    case("Pack", "scalars", values=[scalar(1), scalar(2), scalar(3)], axis=0)
    for axis in (0, 1, -1):
        case("Unpack", f"axis {axis}", value=v.floats(3, 3), num=3, axis=axis)
    case("Unpack", "one", value=v.floats(1, 3), num=1, axis=0)
    for axis in (0, -1):
        case("Split", f"axis {axis}", const="axis", axis=scalar(axis), value=v.floats(6, 6), num_split=3)
    case("Split", "one", const="axis", axis=scalar(0), value=v.floats(6, 2), num_split=1)
    for sizes in ((1, 2, 3), (2, -1, 1), (0, 6, 0), (-1, 2, 2)):
        for axis in (0, -1):
            case("SplitV", f"{sizes} {axis}", const=("size_splits", "axis"), value=v.floats(6, 6), size_splits=i32(*sizes), axis=scalar(axis), num_split=3)
        case("SplitV", f"{sizes} computed", const="axis", value=v.floats(6, 2), size_splits=i64(*sizes), axis=scalar(0), num_split=3)
    case("SplitV", "one", const=("size_splits", "axis"), value=v.floats(6, 2), size_splits=i32(-1), axis=scalar(0), num_split=1)


def strided(name, array, begin, end, strides, computed=False, **masks):
    const = ("strides",) if computed else ("begin", "end", "strides")
    case("StridedSlice", name, const=const, input=array, begin=i32(*begin), end=i32(*end), strides=i32(*strides), **masks)


def slices():
    v = Values(14)
    x = lambda: v.floats(4, 5, 6)
    for computed in (False, True):
        mark = " computed" if computed else ""
        strided(f"rows{mark}", x(), [1], [3], [1], computed)
        strided(f"all axes{mark}", x(), [1, 0, 2], [3, 5, 6], [1, 2, 3], computed)
        strided(f"negative bounds{mark}", x(), [-3, -4], [-1, -1], [1, 1], computed)
        strided(f"beyond{mark}", x(), [-10, 2], [10, 20], [1, 1], computed)
        strided(f"backward{mark}", x(), [3, 4], [0, -5], [-1, -2], computed)
        strided(f"backward beyond{mark}", x(), [10, -10], [-10, -20], [-1, -1], computed)
        strided(f"backward from before{mark}", x(), [-9], [-20], [-1], computed)
        strided(f"reverse{mark}", x(), [0, 0], [0, 0], [-1, -1], computed, begin_mask=3, end_mask=3)
        strided(f"begin mask{mark}", x(), [2, 2], [3, 4], [1, 1], computed, begin_mask=2)
        strided(f"end mask{mark}", x(), [1, 2], [1, 1], [1, 2], computed, end_mask=3)
        strided(f"pick{mark}", x(), [1], [2], [1], computed, shrink_axis_mask=1)
        strided(f"pick last{mark}", x(), [-1], [0], [1], computed, shrink_axis_mask=1)
        strided(f"pick all{mark}", x(), [1, 2, -2], [2, 3, 0], [1, 1, 1], computed, shrink_axis_mask=7)
        strided(f"pick and range{mark}", x(), [0, 1], [0, 3], [1, 1], computed, begin_mask=1, end_mask=1, shrink_axis_mask=2)
        strided(f"pick with masks{mark}", x(), [2, 0], [3, 0], [1, 1], computed, begin_mask=3, end_mask=3, shrink_axis_mask=1)
        strided(f"new axis first{mark}", x(), [0, 1], [0, 3], [1, 1], computed, new_axis_mask=1)
        strided(f"new axes{mark}", x(), [0, 0, 0, 1], [0, 0, 0, 2], [1, 1, 1, 1], computed, new_axis_mask=5, begin_mask=2, end_mask=2)
        strided(f"new axis wins{mark}", x(), [0, 1], [0, 2], [1, 1], computed, new_axis_mask=1, shrink_axis_mask=3)
        strided(f"ellipsis{mark}", x(), [0, 1], [0, 3], [1, 1], computed, ellipsis_mask=1)
        strided(f"ellipsis middle{mark}", x(), [1, 0, -2], [3, 0, 6], [1, 1, 1], computed, ellipsis_mask=2)
        strided(f"ellipsis pick{mark}", x(), [0, -1], [0, 0], [1, 1], computed, ellipsis_mask=1, shrink_axis_mask=2)
        strided(f"ellipsis new axis{mark}", x(), [0, 0], [0, 0], [1, 1], computed, ellipsis_mask=1, new_axis_mask=2)
        strided(f"ellipsis last{mark}", x(), [1, 0], [2, 0], [1, 1], computed, ellipsis_mask=2, shrink_axis_mask=1)
        strided(f"ellipsis of nothing{mark}", x(), [1, 0, 0, 2], [2, 0, 9, 3], [1, 1, 1, 1], computed, ellipsis_mask=2)
        strided(f"mixed{mark}", x(), [0, 1, 0, 0, 3], [0, 2, 0, 0, 0], [1, 1, 1, 1, -1], computed, new_axis_mask=1, shrink_axis_mask=2, ellipsis_mask=4, begin_mask=8, end_mask=24)
        strided(f"empty{mark}", x(), [3], [1], [1], computed)
        strided(f"vector pick{mark}", v.ints(5), [2], [3], [1], computed, shrink_axis_mask=1)
    strided("nothing", x(), [], [], [])
    for dtype in SOME:
        strided(named(dtype), v.of(dtype, 4, 3), [1], [3], [1])
    case("StridedSlice", "int64", const=("begin", "end", "strides"), input=x(), begin=i64(1, 2), end=i64(3, 5), strides=i64(1, 2))
    for name, begin, size in (("plain", (1, 0, 2), (2, 5, 3)), ("rest", (1, 2, 0), (-1, -1, -1)), ("all", (0, 0, 0), (-1, -1, -1)), ("none", (4, 0, 0), (0, 5, 6))):
        case("Slice", name, const=("begin", "size"), input=x(), begin=i32(*begin), size=i32(*size))
        case("Slice", f"{name} int64", const="size", input=x(), begin=i64(*begin), size=i64(*size))
        case("Slice", f"{name} computed", input=x(), begin=i32(*begin), size=i32(*size))
    for dtype in SOME:
        case("Slice", named(dtype), const=("begin", "size"), input=v.of(dtype, 4, 3), begin=i32(1, 0), size=i32(2, -1))
        case("ReverseV2", named(dtype), const="axis", tensor=v.of(dtype, 2, 3), axis=i32(1))
    for axes in ((0,), (1, 2), (-1,), ()):
        case("ReverseV2", f"axes {axes}", const="axis", tensor=x(), axis=np.array(axes, np.int64))
    case("Reverse", "first and last", const="dims", tensor=x(), dims=np.array([True, False, True]))


def pads():
    v = Values(15)
    for dtype in (np.float32, np.float64, np.float16, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, bool, bfloat16):
        case("Pad", named(dtype), const="paddings", input=v.of(dtype, 2, 3), paddings=np.array([[1, 0], [2, 3]], np.int32))
        case("PadV2", named(dtype), const="paddings", input=v.of(dtype, 2, 3), paddings=np.array([[0, 1], [1, 1]], np.int32), constant_values=np.array(1, dtype))
        for mode in ("REFLECT", "SYMMETRIC"):
            case("MirrorPad", f"{mode} {named(dtype)}", const="paddings", input=v.of(dtype, 3, 4), paddings=np.array([[1, 2], [0, 2]], np.int32), mode=mode)
    case("Pad", "int64", const="paddings", input=v.floats(2, 3), paddings=np.array([[1, 0], [2, 3]], np.int64))
    case("Pad", "computed", input=v.floats(2, 3), paddings=np.array([[1, 0], [2, 3]], np.int32))
    case("Pad", "nothing", const="paddings", input=v.floats(2, 3), paddings=np.zeros((2, 2), np.int32))
    case("Pad", "of nothing", const="paddings", input=np.zeros((0, 3), np.float32), paddings=np.array([[1, 0], [0, 0]], np.int32))
    case("Pad", "rank 1", const="paddings", input=v.floats(3), paddings=np.array([[1, 2]], np.int32))
    case("PadV2", "infinity", const="paddings", input=v.floats(2, 3), paddings=np.array([[1, 0], [2, 3]], np.int32), constant_values=scalar(-np.inf, np.float32))
    for mode, most in (("REFLECT", 2), ("SYMMETRIC", 3)):
        case("MirrorPad", f"{mode} most", const="paddings", input=v.floats(3, 3), paddings=np.array([[most, most], [most, 0]], np.int64), mode=mode)
    case("MirrorPad", "REFLECT computed", input=v.floats(3, 4), paddings=np.array([[1, 2], [0, 2]], np.int32), mode="REFLECT")


def passes():
    v = Values(16)
    for dtype in SOME:
        case("Identity", named(dtype), input=v.of(dtype, 2, 3))
        case("StopGradient", named(dtype), input=v.of(dtype, 2, 3))
    case("Snapshot", "plain", input=v.floats(2, 3))
    case("IdentityN", "two", input=[v.floats(2), v.ints(3)])
    case("PreventGradient", "message", input=v.floats(2), message="no gradient")
    case("CheckNumerics", "plain", tensor=v.floats(2), message="is finite")
    case("EnsureShape", "plain", input=v.floats(2, 3), shape=[None, 3])
    case("PlaceholderWithDefault", "plain", input=v.floats(2, 3), shape=[None, 3])


def add():
    shapes()
    reshapes()
    counters()
    joins()
    slices()
    pads()
    passes()
