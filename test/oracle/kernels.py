"""Records what TensorFlow's numeric ops answer: test/fixtures/kernels.json.gz."""
import numpy as np
import tensorflow as tf

from kernel_recorder import Recorder, strings

recorder = Recorder()
case = recorder.case
rng = np.random.default_rng(7)
inf, nan = np.inf, np.nan
f32, f64, f16 = np.float32, np.float64, np.float16
bf16 = tf.bfloat16.as_numpy_dtype
INTS = (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64)
FLOATS = (f32, f64, f16, bf16)
special = np.array([0.0, -0.0, 1.0, -1.0, -0.5, 1.5, 2.5, -7.25, 100.0, inf, -inf, nan])
normal = lambda *shape: rng.normal(size=shape).astype(f32)
whole = lambda *shape: rng.integers(-9, 9, size=shape).astype(np.int32)


def edges(t):
    info = np.iinfo(t)
    return np.array([0, 1, 3, 7, info.max, info.min, info.min + 1], t)


# Element by element, one input.
for op in ("Neg", "Sign", "Square", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Exp", "Expm1", "Log", "Log1p", "Sin", "Cos", "Tan", "Atan",
           "Sinh", "Cosh", "Tanh", "Asinh", "Erf", "Erfc", "Floor", "Ceil", "Round", "Rint", "Sigmoid", "IsNan", "IsInf", "IsFinite", "Abs"):
    for t in (f32, f64):
        # TensorFlow 2.21 answers erf of an infinite float64 with NaN.
        case(op, {"x": np.clip(special, -50, 50) if op == "Erf" and t == f64 else special.astype(t)})
    case(op, {"x": normal(2, 3)})
for op in ("Asin", "Acos", "Atanh", "Erfinv"):
    case(op, {"x": np.array([-1, -0.999, -0.5, 0, 0.25, 0.99, 1, 1.5, nan], f32)})
    case(op, {"x": np.array([-1, -0.99999, -0.5, 0, 0.25, 0.9999, 1], f64)})
case("Acosh", {"x": np.array([0.5, 1, 1.5, 10, inf, nan], f32)})
case("Ndtri", {"x": np.array([0, 1e-3, 0.3, 0.5, 0.9, 1], f32)})
for op in ("Lgamma", "Digamma"):
    case(op, {"x": np.array([0.1, 0.5, 1, 1.5, 2, 3.25, 10, 50, -0.5, -1.5, -2.25, inf], f32)})
    case(op, {"x": np.array([0.1, 0.5, 1, 1.5, 2, 3.25, 10, 50, -0.5, -1.5, -2.25], f64)})
for op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"):
    case(op, {"features": special.astype(f32)})
    case(op, {"features": np.array([-0.1, 0.3, 5.9, 6.1, 20, -20, 0], f16)})
case("Relu", {"features": edges(np.int32)})
case("Relu", {"features": edges(np.int64)})
case("Relu6", {"features": edges(np.int8)})
for alpha in (0.2, 0.01):
    case("LeakyRelu", {"features": special.astype(f32)}, {"alpha": alpha})
for t in (f16, bf16):
    for op in ("Neg", "Square", "Sqrt", "Exp", "Tanh", "Sigmoid", "Erf", "Round"):
        case(op, {"x": special.astype(t)})
for t in INTS:
    for op in ("Neg", "Sign", "Square", "Abs"):
        if np.iinfo(t).min < 0 or op == "Square":
            case(op, {"x": edges(t)})
    case("Invert", {"x": edges(t)})
case("LogicalNot", {"x": np.array([True, False])})
pairs = np.array([1 + 2j, -3 - 4j, 0, 2, -1j, 0.5 - 0.25j], np.complex64)
for op in ("Neg", "Square", "Sqrt", "Exp", "Log", "Sin", "Cos", "Sign", "Rsqrt", "Reciprocal"):
    case(op, {"x": pairs[:2]})
case("Sqrt", {"x": pairs})
for op in ("Real", "Imag", "Angle"):
    case(op, {"input": pairs}, {"Tout": tf.float32})
    case(op, {"input": pairs.astype(np.complex128)}, {"Tout": tf.float64})
case("ComplexAbs", {"x": pairs}, {"Tout": tf.float32})
case("Conj", {"input": pairs})
case("Complex", {"real": normal(2, 3), "imag": normal(3)}, {"Tout": tf.complex64})
case("Complex", {"real": f64(1), "imag": np.array([1.0, 2.0])}, {"Tout": tf.complex128})

# Element by element, two inputs, with broadcasting.
shapes = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (3,)), ((), (2, 2)), ((4, 1, 3), (2, 1)), ((0, 3), (3,)), ((1,), (0,)), ((), ()), ((2, 3), (2,))]
for op in ("Add", "AddV2", "Sub", "Mul", "Div", "RealDiv", "Maximum", "Minimum", "SquaredDifference", "FloorDiv", "FloorMod"):
    for a, b in shapes:
        case(op, {"x": normal(*a), "y": normal(*b)})
left = np.repeat(special, len(special))
right = np.tile(special, len(special))
for op in ("AddV2", "Mul", "RealDiv", "FloorDiv", "FloorMod", "DivNoNan", "MulNoNan", "Xdivy", "Maximum", "Minimum", "SquaredDifference"):
    case(op, {"x": left.astype(f32), "y": right.astype(f32)})
for op in ("TruncateMod", "Mod", "Xlogy", "Xlog1py"):
    case(op, {"x": left.astype(f64), "y": right.astype(f64)})
case("Atan2", {"y": left.astype(f32), "x": right.astype(f32)})
case("Pow", {"x": left.astype(f64), "y": right.astype(f64)})
case("NextAfter", {"x1": np.array([0, 1, -1, 1e-40, 5, nan, 0, 2], f32), "x2": np.array([1, 2, 0, 0, 5, 1, -1, 1], f32)})
case("NextAfter", {"x1": np.array([0, 1, -1, 5, 3], f64), "x2": np.array([1, 2, 0, 5, -inf], f64)})
for t in INTS:
    a, b = np.repeat(edges(t), 7), np.tile(edges(t), 7)
    for op in ("AddV2", "Sub", "Mul", "Maximum", "Minimum", "BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        case(op, {"x": a, "y": b})
    keep = (b != 0) & ~((b == -1) & (a == np.iinfo(t).min)) if np.iinfo(t).min < 0 else b != 0
    for op in ("FloorDiv", "FloorMod", "Div", "TruncateDiv"):
        case(op, {"x": a[keep], "y": b[keep]})
    case("FloorDiv", {"x": edges(t), "y": t(0)})
    case("LeftShift", {"x": np.array([1, 3, 7], t), "y": np.array([1, 2, 3], t)})
    case("RightShift", {"x": edges(t), "y": np.full(7, 2, t)})
for t in (np.uint32, np.uint64):
    a, b = np.repeat(edges(t), 7), np.tile(edges(t), 7)
    for op in ("AddV2", "Mul", "BitwiseXor"):
        case(op, {"x": a, "y": b})
    case("RightShift", {"x": edges(t), "y": np.full(7, 2, t)})
for t in (np.int32, np.int64):
    case("Pow", {"x": np.array([2, -3, 0, 7, 1, -1, 46341], t), "y": np.array([10, 3, 0, 12, 5, 7, 2], t)})
    case("Pow", {"x": t(2), "y": t(-1)})
    case("SquaredDifference", {"x": whole(5).astype(t), "y": whole(5).astype(t)})
    for op in ("TruncateMod", "Mod"):
        case(op, {"x": np.array([7, -7, 7, -7, 5], t), "y": np.array([3, 3, -3, -3, 5], t)})
for t in (f16, bf16):
    for op in ("AddV2", "Mul", "RealDiv", "Maximum"):
        case(op, {"x": special.astype(t), "y": np.roll(special, 1).astype(t)})
for op in ("AddV2", "Sub", "Mul", "RealDiv"):
    case(op, {"x": pairs, "y": np.roll(pairs, 1)[:, None] + 1})
case("DivNoNan", {"x": pairs[:3], "y": np.array([0, 1j, 2], np.complex64)})
case("Pow", {"x": pairs[:3], "y": np.array([2, 1j, 0], np.complex64)})
for op in ("Greater", "GreaterEqual", "Less", "LessEqual"):
    case(op, {"x": special.astype(f32), "y": special[::-1].astype(f32)})
    case(op, {"x": edges(np.int64), "y": np.int64(2)})
for op in ("Equal", "NotEqual"):
    case(op, {"x": left.astype(f32)[:60], "y": right.astype(f32)[:60]})
    case(op, {"x": strings(b"a", b"b", b"ab"), "y": np.array(b"b", dtype=object)})
    case(op, {"x": pairs, "y": pairs[::-1]})
    case(op, {"x": np.array([True, False]), "y": np.array([[True], [False]])})
    for flag in (True, False):
        case(op, {"x": normal(2), "y": normal(3)}, {"incompatible_shape_error": flag})
for op in ("LogicalAnd", "LogicalOr"):
    case(op, {"x": np.array([[True], [False]]), "y": np.array([True, False])})
case("AddN", {"inputs": [normal(2, 2), normal(2, 2), normal(2, 2)]})
case("AddN", {"inputs": [edges(np.int64), edges(np.int64)]})
case("AddN", {"inputs": [normal(2)]})
case("ClipByValue", {"t": special.astype(f32)[:-1], "clip_value_min": f32(-1), "clip_value_max": f32(2)})
case("ClipByValue", {"t": edges(np.int64), "clip_value_min": np.int64(0), "clip_value_max": np.int64(5)})

# Casts.
wild = np.array([0, -0.0, 0.9, -0.9, 1.5, -1.5, 127.5, 128, 200, 255.9, 256, -129, 32768, 65535.5, 70000, -70000, 2147483520, 65504, 65520, 1e-8])
for source in (f32, f64, f16, bf16):
    for target in (tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.bool, tf.int32, tf.int64, tf.complex64):
        with np.errstate(all="ignore"):
            case("Cast", {"x": wild.astype(source)}, {"DstT": target, "Truncate": False})
small = np.array([0, 1.5, 2.5, 100.9, 127.9], f32)
for target in (tf.int8, tf.uint8, tf.int16, tf.uint16, tf.uint32, tf.uint64):
    case("Cast", {"x": small}, {"DstT": target, "Truncate": False})
for target in (tf.int32, tf.int64, tf.bool, tf.float16):
    case("Cast", {"x": np.array([inf, -inf, nan, 3e9, -3e9, 1e20], f32)}, {"DstT": target, "Truncate": False})
for source in INTS + (np.uint32, np.uint64):
    for target in (tf.int8, tf.uint8, tf.int16, tf.int32, tf.uint32, tf.int64, tf.uint64, tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.bool):
        case("Cast", {"x": edges(source)}, {"DstT": target, "Truncate": False})
case("Cast", {"x": np.array([2**53 + 1, 2**60 + 2**36 + 1, -(2**62) - 1, 16777217, 2**24 + 3], np.int64)}, {"DstT": tf.float32, "Truncate": False})
case("Cast", {"x": np.array([True, False])}, {"DstT": tf.float32, "Truncate": False})
case("Cast", {"x": pairs}, {"DstT": tf.float32, "Truncate": False})
case("Cast", {"x": pairs}, {"DstT": tf.complex128, "Truncate": False})
case("Bitcast", {"input": np.array([1, -1, 0x3F800000], np.int32)}, {"type": tf.float32})
case("Bitcast", {"input": np.array([1.5, -2], f32)}, {"type": tf.uint8})
case("Bitcast", {"input": np.arange(8, dtype=np.uint8).reshape(2, 4)}, {"type": tf.int32})

# Select.
case("Select", {"condition": np.array([True, False]), "x": normal(2, 3), "y": normal(2, 3)})
case("Select", {"condition": np.bool_(True), "x": normal(2, 3), "y": normal(2, 3)})
case("Select", {"condition": np.array([[True, False], [False, True]]), "x": strings([b"a", b"b"], [b"c", b"d"]), "y": strings([b"1", b"2"], [b"3", b"4"])})
case("SelectV2", {"condition": np.array([[True], [False]]), "t": normal(3), "e": f32(nan)})
case("SelectV2", {"condition": np.bool_(False), "t": normal(2, 1), "e": normal(1, 3)})
case("SelectV2", {"condition": np.array([True, False, True]), "t": edges(np.int64)[:3], "e": np.int64(0)})
case("SelectV2", {"condition": np.array([True, False]), "t": strings(b"x", b"y"), "e": np.array(b"z", dtype=object)})

# Shapes.
block = normal(2, 3, 4)
for t in (tf.int32, tf.int64):
    case("Shape", {"input": block}, {"out_type": t})
    case("ShapeN", {"input": [block, normal(0), normal(5)]}, {"out_type": t})
    case("Size", {"input": block}, {"out_type": t})
case("Rank", {"input": block})
for target in ([6, 4], [-1], [2, -1, 2], [3, 5], [4, -1, 6, 1], [-1, -1]):
    case("Reshape", {"tensor": block, "shape": np.array(target, np.int32)})
case("Reshape", {"tensor": normal(0, 4), "shape": np.array([-1, 4], np.int64)})
case("Reshape", {"tensor": normal(0, 4), "shape": np.array([2, 0], np.int64)})
case("Reshape", {"tensor": strings(b"a", b"b"), "shape": np.array([2, 1], np.int32)})
case("Reshape", {"tensor": f32(3), "shape": np.array([1, 1], np.int32)})
case("Squeeze", {"input": normal(1, 3, 1)}, {"axis": []}, {"squeeze_dims": []})
recorder.cases[-1]["attrs"].pop("axis", None)
case("Squeeze", {"input": normal(1, 3, 1)}, {"axis": [-1]}, {"squeeze_dims": [-1]})
recorder.cases[-1]["attrs"].pop("axis", None)
case("Squeeze", {"input": normal(1, 3, 1)}, {"axis": [1]}, {"squeeze_dims": [1]})
recorder.cases[-1]["attrs"].pop("axis", None)
for axis in (0, 1, -1, -2, 3, 4):
    case("ExpandDims", {"input": block, "axis": np.int32(axis)})
for perm in ([2, 0, 1], [0, 2, 1], [0, 1, 2], [-1, 0, 1], [0, 0, 1]):
    case("Transpose", {"x": block, "perm": np.array(perm, np.int32)})
case("Transpose", {"x": pairs.reshape(2, 3), "perm": np.array([1, 0], np.int32)})
case("Transpose", {"x": strings([b"a", b"b"]), "perm": np.array([1, 0], np.int64)})
case("Tile", {"input": normal(2, 3), "multiples": np.array([2, 3], np.int32)})
case("Tile", {"input": normal(2, 3), "multiples": np.array([0, 1], np.int64)})
case("Tile", {"input": strings(b"a", b"b"), "multiples": np.array([2], np.int32)})
case("BroadcastTo", {"input": normal(3, 1), "shape": np.array([2, 3, 2], np.int32)})
case("BroadcastTo", {"input": f32(1), "shape": np.array([0, 2], np.int32)})
case("BroadcastTo", {"input": normal(2), "shape": np.array([3], np.int32)})
case("BroadcastArgs", {"s0": np.array([3, 1], np.int32), "s1": np.array([2, 1, 4], np.int32)})
case("BroadcastArgs", {"s0": np.array([3], np.int64), "s1": np.array([2], np.int64)})
case("Fill", {"dims": np.array([2, 2], np.int32), "value": f32(nan)})
case("Fill", {"dims": np.array([], np.int64), "value": np.array(b"x", dtype=object)})
for op in ("ZerosLike", "OnesLike"):
    for t in (f32, np.int64, bool, f16, bf16):
        case(op, {"x": np.ones((2, 1)).astype(t)})
case("Pack", {"values": [normal(2, 3), normal(2, 3)]}, {"axis": 0})
case("Pack", {"values": [normal(2, 3), normal(2, 3)]}, {"axis": -1})
case("Pack", {"values": [np.int32(4), np.int32(5)]}, {"axis": 0})
case("Pack", {"values": [strings(b"a"), strings(b"b")]}, {"axis": 1})
case("Unpack", {"value": block}, {"num": 3, "axis": 1})
case("Unpack", {"value": block}, {"num": 4, "axis": -1})
case("ConcatV2", {"values": [normal(2, 3), normal(2, 1), normal(2, 0)], "axis": np.int32(1)})
case("ConcatV2", {"values": [normal(2, 3), normal(1, 3)], "axis": np.int32(-2)})
case("ConcatV2", {"values": [normal(2, 3), normal(1, 2)], "axis": np.int32(0)})
case("ConcatV2", {"values": [strings(b"a"), strings(b"b", b"c")], "axis": np.int32(0)})
case("Concat", {"concat_dim": np.int32(0), "values": [normal(2, 3), normal(1, 3)]})
case("Split", {"axis": np.int32(1), "value": normal(2, 6)}, {"num_split": 3})
case("Split", {"axis": np.int32(-1), "value": normal(2, 5)}, {"num_split": 3})
case("SplitV", {"value": normal(2, 6), "size_splits": np.array([1, 2, -1], np.int32), "axis": np.int32(1)}, {"num_split": 3})
case("SplitV", {"value": normal(4), "size_splits": np.array([0, 4], np.int64), "axis": np.int32(0)}, {"num_split": 2})
case("Identity", {"input": block})
case("IdentityN", {"input": [block, np.int32(3)]})
for op in ("StopGradient", "PreventGradient", "Snapshot"):
    case(op, {"input": block})
case("CheckNumerics", {"tensor": normal(2)}, {"message": "m"})
case("CheckNumerics", {"tensor": np.array([1, nan], f32)}, {"message": "m"})
case("CheckNumericsV2", {"tensor": np.array([1, inf], f32)}, {"message": "m"})
case("EnsureShape", {"input": normal(2, 3)}, {"shape": tf.TensorShape([None, 3])})
case("EnsureShape", {"input": normal(2, 3)}, {"shape": tf.TensorShape([None, 4])})
case("PlaceholderWithDefault", {"input": normal(2)}, {"shape": tf.TensorShape([2])})

# Slices.
big = normal(4, 5, 6)
slices = [
    ([0, 0, 0], [4, 5, 6], [1, 1, 1], {}),
    ([1, -3, 0], [3, -1, 6], [1, 1, 2], {}),
    ([-1, 4, 5], [0, 0, 1], [-1, -1, -2], {}),
    ([3, 0], [0, 5], [-1, 2], {"begin_mask": 1, "end_mask": 1}),
    ([0, 2], [1, 3], [1, 1], {"ellipsis_mask": 1, "shrink_axis_mask": 2}),
    ([0, 0, 1], [0, 0, 2], [1, 1, 1], {"new_axis_mask": 1, "ellipsis_mask": 2, "shrink_axis_mask": 4}),
    ([2], [2], [1], {}),
    ([9], [2], [1], {}),
    ([-9], [99], [3], {}),
    ([1], [0], [1], {"shrink_axis_mask": 1}),
    ([-1], [0], [1], {"shrink_axis_mask": 1}),
    ([7], [8], [1], {"shrink_axis_mask": 1}),
    ([0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], {}),
    ([0], [2], [0], {}),
    ([1, 1], [0, 3], [1, 1], {"new_axis_mask": 1, "end_mask": 1}),
]
for begin, end, strides, masks in slices:
    attrs = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0, **masks}
    case("StridedSlice", {"input": big, "begin": np.array(begin, np.int32), "end": np.array(end, np.int32), "strides": np.array(strides, np.int32)}, attrs)
case("StridedSlice", {"input": strings(b"a", b"b", b"c"), "begin": np.array([-1], np.int64), "end": np.array([0], np.int64), "strides": np.array([-1], np.int64)},
     {"begin_mask": 1, "end_mask": 1, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0})
for begin, size in (([0, 1, 2], [1, 2, 3]), ([1, 0, 0], [-1, -1, 2]), ([4, 0, 0], [0, 1, 1]), ([0, 0, 5], [1, 1, 2]), ([0, 0, 0], [4, 5, 6])):
    case("Slice", {"input": big, "begin": np.array(begin, np.int32), "size": np.array(size, np.int32)})
case("ReverseV2", {"tensor": big, "axis": np.array([0, -1], np.int32)})
case("ReverseV2", {"tensor": strings(b"a", b"b"), "axis": np.array([0], np.int64)})
case("ReverseV2", {"tensor": big, "axis": np.array([], np.int32)})
case("Roll", {"input": big, "shift": np.array([1, -2], np.int32), "axis": np.array([0, 2], np.int32)})
case("Roll", {"input": big, "shift": np.array([1, 2, 9], np.int32), "axis": np.array([1, 1, -1], np.int32)})
case("Roll", {"input": normal(5), "shift": np.int32(7), "axis": np.int32(0)})
case("ReverseSequence", {"input": big, "seq_lengths": np.array([1, 0, 5, 3], np.int32)}, {"seq_dim": 1, "batch_dim": 0})
case("ReverseSequence", {"input": big, "seq_lengths": np.array([1, 4, 2, 3, 0, 1], np.int64)}, {"seq_dim": 0, "batch_dim": 2})
case("ReverseSequence", {"input": big, "seq_lengths": np.array([1, 0, 6, 3], np.int32)}, {"seq_dim": 1, "batch_dim": 0})
case("InvertPermutation", {"x": np.array([2, 0, 1], np.int32)})
case("InvertPermutation", {"x": np.array([0, 0, 1], np.int64)})
case("Pad", {"input": normal(2, 3), "paddings": np.array([[1, 0], [0, 2]], np.int32)})
case("Pad", {"input": normal(2, 3), "paddings": np.array([[1, 0], [0, -2]], np.int32)})
case("Pad", {"input": normal(0, 3), "paddings": np.array([[1, 0], [0, 0]], np.int64)})
case("PadV2", {"input": normal(2, 3), "paddings": np.array([[1, 1], [1, 1]], np.int32), "constant_values": f32(-5)})
case("PadV2", {"input": edges(np.int64), "paddings": np.array([[1, 2]], np.int32), "constant_values": np.int64(7)})
for mode in ("REFLECT", "SYMMETRIC"):
    case("MirrorPad", {"input": normal(3, 4), "paddings": np.array([[2, 1], [0, 3]], np.int32)}, {"mode": mode})
    case("MirrorPad", {"input": normal(2, 2), "paddings": np.array([[2, 0], [0, 0]], np.int32)}, {"mode": mode})
for a, b, c in ((0, 5, 1), (5, 0, -2), (0, 0, 1), (3, 4, 10), (0, 5, -1), (0, 5, 0)):
    case("Range", {"start": np.int32(a), "limit": np.int32(b), "delta": np.int32(c)})
    case("Range", {"start": np.int64(a), "limit": np.int64(b), "delta": np.int64(c)})
case("Range", {"start": f32(0), "limit": f32(1), "delta": f32(0.1)})
case("Range", {"start": f64(1), "limit": f64(-1), "delta": f64(-0.3)})
case("LinSpace", {"start": f32(0), "stop": f32(1), "num": np.int32(7)})
case("LinSpace", {"start": f64(5), "stop": f64(-3), "num": np.int64(4)})
case("LinSpace", {"start": f32(5), "stop": f32(9), "num": np.int32(1)})
case("LinSpace", {"start": f32(5), "stop": f32(9), "num": np.int32(0)})

# Gather and scatter.
case("Gather", {"params": block, "indices": np.array([[1, 0], [1, 1]], np.int32)})
for axis, batch, indices in ((0, 0, [1, 0, 0]), (1, 0, [[2, 0]]), (-1, 0, 3), (1, 1, [[0], [2]]), (2, 1, [[0, 1], [2, 3]]), (2, 2, np.zeros((2, 3))), (0, 0, [2]), (1, -1, [[0, 1], [1, 2]])):
    case("GatherV2", {"params": block, "indices": np.array(indices, np.int32), "axis": np.int32(axis)}, {"batch_dims": batch})
case("GatherV2", {"params": strings(b"a", b"b"), "indices": np.array([1, 1], np.int64), "axis": np.int32(0)}, {"batch_dims": 0})
case("GatherV2", {"params": normal(2, 3), "indices": np.zeros((0,), np.int32), "axis": np.int32(0)}, {"batch_dims": 0})
case("GatherNd", {"params": block, "indices": np.array([[0, 1], [1, 2]], np.int32)})
case("GatherNd", {"params": block, "indices": np.array([[[1, 2, 3]], [[0, 0, 0]]], np.int64)})
case("GatherNd", {"params": block, "indices": np.array([[2, 0]], np.int32)})
case("GatherNd", {"params": block, "indices": np.zeros((2, 0), np.int32)})
case("ScatterNd", {"indices": np.array([[4], [1], [4]], np.int32), "updates": np.array([9, 10, 11], f32), "shape": np.array([6], np.int32)})
case("ScatterNd", {"indices": np.array([[0, 1], [1, 0]], np.int64), "updates": normal(2, 3), "shape": np.array([2, 2, 3], np.int64)})
case("ScatterNd", {"indices": np.array([[4]], np.int32), "updates": np.array([9], np.int64), "shape": np.array([3], np.int32)})
for op in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
    case(op, {"tensor": normal(3, 2), "indices": np.array([[0], [2], [0]], np.int32)[:2], "updates": normal(2, 2)})
    case(op, {"tensor": edges(np.int64), "indices": np.array([[0], [5]], np.int64), "updates": np.array([3, -4])})
case("TensorScatterAdd", {"tensor": normal(3), "indices": np.array([[0], [0]], np.int32), "updates": normal(2)})
case("DynamicStitch", {"indices": [np.array([0, 2], np.int32), np.array([[1, 3], [2, 4]], np.int32)], "data": [normal(2, 2), normal(2, 2, 2)]})
case("ParallelDynamicStitch", {"indices": [np.array([0, 2], np.int32), np.array([1], np.int32)], "data": [normal(2), normal(1)]})
case("DynamicPartition", {"data": normal(4, 2), "partitions": np.array([0, 2, 0, 1], np.int32)}, {"num_partitions": 3})
case("DynamicPartition", {"data": normal(2, 2), "partitions": np.array([[0, 1], [1, 1]], np.int32)}, {"num_partitions": 2})
case("DynamicPartition", {"data": normal(1), "partitions": np.array([2], np.int32)}, {"num_partitions": 2})

# Reductions.
for op in ("Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"):
    for axes in ([0], [1, 2], [-1], [], [0, 1, 2]):
        for keep in (False, True):
            case(op, {"input": block, "axis": np.array(axes, np.int32)}, {"keep_dims": keep})
    case(op, {"input": np.zeros((0, 3), f32), "axis": np.array([0], np.int32)}, {"keep_dims": False})
    case(op, {"input": np.array([[1, nan], [inf, 2]], f32), "axis": np.int32(1)}, {"keep_dims": False})
for op in ("Sum", "Mean", "Prod", "Max", "Min"):
    for t in (np.int32, np.int64, np.int8, np.uint8):
        case(op, {"input": np.array([[100, 100, 3], [-7 if np.iinfo(t).min < 0 else 7, 2, 1]], t), "axis": np.array([1], np.int32)}, {"keep_dims": False})
    case(op, {"input": rng.normal(size=(3, 4)).astype(f16), "axis": np.array([1], np.int32)}, {"keep_dims": False})
    case(op, {"input": rng.normal(size=(3, 4)), "axis": np.array([1], np.int32)}, {"keep_dims": False})
for op in ("Max", "Min"):
    for t in (np.int32, np.int64, np.uint8):
        case(op, {"input": np.zeros((0,), t), "axis": np.array([0], np.int32)}, {"keep_dims": False})
for op in ("Sum", "Mean", "Prod"):
    case(op, {"input": pairs.reshape(2, 3), "axis": np.array([1], np.int32)}, {"keep_dims": False})
for op in ("All", "Any"):
    case(op, {"input": np.array([[True, False], [True, True]]), "axis": np.array([1], np.int32)}, {"keep_dims": False})
    case(op, {"input": np.zeros((0, 2), bool), "axis": np.array([0], np.int32)}, {"keep_dims": True})
for op in ("ArgMax", "ArgMin"):
    for axis in (0, 1, -1):
        case(op, {"input": np.array([[1, 5, 5], [7, -1, 7]], f32), "dimension": np.int32(axis)}, {"output_type": tf.int64})
    case(op, {"input": edges(np.int64), "dimension": np.int32(0)}, {"output_type": tf.int32})
    case(op, {"input": normal(2, 0), "dimension": np.int32(1)}, {"output_type": tf.int32})
case("L2Loss", {"t": normal(3, 4)})
for op in ("Cumsum", "Cumprod"):
    for exclusive in (False, True):
        for reverse in (False, True):
            case(op, {"x": block, "axis": np.int32(1)}, {"exclusive": exclusive, "reverse": reverse})
    case(op, {"x": np.array([2**31 - 1, 2, 3], np.int32), "axis": np.int32(0)}, {"exclusive": False, "reverse": False})
    case(op, {"x": edges(np.int64), "axis": np.int32(-1)}, {"exclusive": False, "reverse": True})

# Products.
for ta in (False, True):
    for tb in (False, True):
        case("MatMul", {"a": normal(*((3, 2) if ta else (2, 3))), "b": normal(*((4, 3) if tb else (3, 4)))}, {"transpose_a": ta, "transpose_b": tb})
        a, b = ((2, 1, 3, 2) if ta else (2, 1, 2, 3)), ((2, 4, 3) if tb else (2, 3, 4))
        case("BatchMatMulV2", {"x": normal(*a), "y": normal(*b)}, {"adj_x": ta, "adj_y": tb})
case("MatMul", {"a": normal(0, 3), "b": normal(3, 2)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": normal(2, 0), "b": normal(0, 2)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": normal(2, 2), "b": normal(3, 2)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": np.array([[0, 1]], f32), "b": np.array([[inf], [2]], f32)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": whole(2, 3), "b": whole(3, 2)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": whole(2, 3).astype(np.int64), "b": whole(3, 2).astype(np.int64)}, {"transpose_a": False, "transpose_b": False})
case("MatMul", {"a": normal(2, 3).astype(f16), "b": normal(3, 2).astype(f16)}, {"transpose_a": False, "transpose_b": False})
case("BatchMatMul", {"x": normal(2, 2, 3), "y": normal(2, 3, 1)}, {"adj_x": False, "adj_y": False})
case("BatchMatMulV2", {"x": pairs.reshape(1, 2, 3), "y": pairs.reshape(1, 2, 3)}, {"adj_x": False, "adj_y": True})
case("BatchMatMulV3", {"x": normal(2, 2, 3), "y": normal(3, 1)}, {"Tout": tf.float32, "adj_x": False, "adj_y": False})
for equation, shapes in (("ij,jk->ik", [(2, 3), (3, 4)]), ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]), ("aecd,abcd->acbe", [(2, 3, 2, 4), (2, 3, 2, 4)]),
                         ("...ij,jk->...ik", [(2, 2, 3), (3, 4)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ii->i", [(3, 3)]), ("i,j->ij", [(2,), (3,)]), ("abc,cd->abd", [(2, 2, 3), (3, 4)])):
    case("Einsum", {"inputs": [normal(*s) for s in shapes]}, {"equation": equation})
for adj_a in (False, True):
    for adj_b in (False, True):
        case("SparseTensorDenseMatMul", {"a_indices": np.array([[0, 1], [2, 0], [1, 1]]), "a_values": normal(3), "a_shape": np.array([3, 2]),
             "b": normal(*(((4, 3) if adj_b else (3, 4)) if adj_a else ((4, 2) if adj_b else (2, 4))))}, {"adjoint_a": adj_a, "adjoint_b": adj_b})

# Convolution, pooling, normalisation, resize.
for padding in ("SAME", "VALID"):
    for s, d in ((1, 1), (2, 1), (1, 2), (3, 1)):
        case("Conv2D", {"input": normal(1, 6, 5, 2), "filter": normal(3, 2, 2, 3)}, {"strides": [1, s, s, 1], "padding": padding, "dilations": [1, d, d, 1], "data_format": "NHWC"})
        case("DepthwiseConv2dNative", {"input": normal(1, 6, 5, 2), "filter": normal(3, 3, 2, 2)}, {"strides": [1, s, s, 1], "padding": padding, "dilations": [1, d, d, 1], "data_format": "NHWC"})
    case("Conv2D", {"input": normal(2, 5, 5, 4), "filter": normal(3, 3, 2, 6)}, {"strides": [1, 1, 1, 1], "padding": padding, "data_format": "NHWC"})
    case("Conv3D", {"input": normal(1, 4, 4, 3, 2), "filter": normal(2, 3, 2, 2, 3)}, {"strides": [1, 2, 1, 1, 1], "padding": padding})
    for s in (1, 2, 3):
        for k in (2, 3):
            case("MaxPool", {"input": normal(1, 5, 6, 2)}, {"ksize": [1, k, k, 1], "strides": [1, s, s, 1], "padding": padding})
            case("AvgPool", {"value": normal(1, 5, 6, 2)}, {"ksize": [1, k, k, 1], "strides": [1, s, s, 1], "padding": padding})
    case("MaxPool3D", {"input": normal(1, 4, 4, 3, 2)}, {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 1, 1, 1], "padding": padding})
    case("AvgPool3D", {"input": normal(1, 4, 4, 3, 2)}, {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 1, 1, 1], "padding": padding})
    case("MaxPoolWithArgmax", {"input": normal(2, 4, 5, 2)}, {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": padding, "Targmax": tf.int64, "include_batch_in_index": True})
    case("MaxPoolWithArgmax", {"input": normal(2, 4, 5, 2)}, {"ksize": [1, 2, 2, 1], "strides": [1, 1, 2, 1], "padding": padding, "Targmax": tf.int32, "include_batch_in_index": False})
    case("MaxPoolV2", {"input": normal(1, 4, 5, 2), "ksize": np.array([1, 2, 2, 1], np.int32), "strides": np.array([1, 2, 2, 1], np.int32)}, {"padding": padding})
    out = {"SAME": lambda n, s, k: -(-n // s), "VALID": lambda n, s, k: -(-(n - k + 1) // s)}[padding]
    for s, n in ((1, 5), (2, 5), (2, 6), (3, 7)):
        case("Conv2DBackpropInput", {"input_sizes": np.array([1, n, n, 2], np.int32), "filter": normal(3, 3, 2, 3), "out_backprop": normal(1, out(n, s, 3), out(n, s, 3), 3)},
             {"strides": [1, s, s, 1], "padding": padding})
    case("Conv3DBackpropInputV2", {"input_sizes": np.array([1, 4, 4, 4, 2], np.int32), "filter": normal(2, 2, 2, 2, 3), "out_backprop": normal(1, *[out(4, 2, 2)] * 3, 3)},
         {"strides": [1, 2, 2, 2, 1], "padding": padding})
case("Conv2D", {"input": normal(1, 5, 5, 2), "filter": normal(3, 3, 2, 3)}, {"strides": [1, 2, 1, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]})
case("MaxPool", {"input": normal(1, 4, 4, 1).astype(f64)}, {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"})
case("BiasAdd", {"value": normal(2, 3, 4), "bias": normal(4)}, {"data_format": "NHWC"})
case("BiasAdd", {"value": normal(2, 3, 4), "bias": normal(3)}, {"data_format": "NCHW"})
case("BiasAdd", {"value": normal(2, 3), "bias": normal(2)}, {"data_format": "NHWC"})
case("BiasAdd", {"value": whole(2, 3), "bias": whole(3)}, {"data_format": "NHWC"})
case("BiasAddV1", {"value": normal(2, 3), "bias": normal(3)})
stats = {"scale": normal(3), "offset": normal(3), "mean": normal(3), "variance": np.abs(normal(3)) + f32(0.1)}
for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    case(op, {"x": normal(2, 2, 2, 3), **stats}, {"epsilon": 1e-3, "is_training": False})
    case(op, {"x": normal(2, 2, 2, 3), **{k: (v if k in ("scale", "offset") else np.zeros(0, f32)) for k, v in stats.items()}}, {"epsilon": 1e-3, "is_training": True})
for op in ("Softmax", "LogSoftmax"):
    case(op, {"logits": normal(2, 3, 4)})
    case(op, {"logits": np.array([[1000, -1000, 0], [-inf, 0, 1], [3, 3, 3]], f32)})
    case(op, {"logits": normal(5).astype(f64)})
case("LRN", {"input": normal(1, 2, 2, 7)}, {"depth_radius": 2, "bias": 1.0, "alpha": 0.5, "beta": 0.75})
for op in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"):
    for size in ((7, 9), (3, 2), (4, 5), (1, 1)):
        for corners, half in ((False, False), (True, False), (False, True)):
            case(op, {"images": normal(1, 4, 5, 2), "size": np.array(size, np.int32)}, {"align_corners": corners, "half_pixel_centers": half})
for size in ((7, 9), (3, 2), (2, 5), (8, 10)):
    for corners in (False, True):
        case("ResizeArea", {"images": normal(1, 4, 5, 2), "size": np.array(size, np.int32)}, {"align_corners": corners})
case("ResizeNearestNeighbor", {"images": whole(1, 2, 2, 1).astype(np.int64), "size": np.array([3, 3], np.int32)}, {"align_corners": False, "half_pixel_centers": False})
case("ResizeBilinear", {"images": np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1), "size": np.array([5, 5], np.int32)}, {"align_corners": False, "half_pixel_centers": True})
case("DepthToSpace", {"input": normal(1, 2, 3, 8)}, {"block_size": 2, "data_format": "NHWC"})
case("SpaceToDepth", {"input": normal(1, 4, 6, 2)}, {"block_size": 2, "data_format": "NHWC"})
case("SpaceToBatchND", {"input": normal(1, 4, 5, 2), "block_shape": np.array([2, 3], np.int32), "paddings": np.array([[1, 1], [0, 1]], np.int32)})
case("BatchToSpaceND", {"input": normal(6, 3, 2, 2), "block_shape": np.array([2, 3], np.int32), "crops": np.array([[1, 1], [0, 1]], np.int32)})
case("SpaceToBatchND", {"input": normal(1, 4, 2), "block_shape": np.array([2], np.int32), "paddings": np.array([[1, 1]], np.int32)})
case("BatchToSpaceND", {"input": normal(4, 3, 2), "block_shape": np.array([2], np.int32), "crops": np.array([[0, 1]], np.int32)})
case("SpaceToBatch", {"input": normal(1, 4, 4, 1), "paddings": np.array([[0, 0], [0, 0]], np.int32)}, {"block_size": 2})
case("BatchToSpace", {"input": normal(4, 2, 2, 1), "crops": np.array([[0, 0], [1, 0]], np.int32)}, {"block_size": 2})

# Sorting, counting, encoding.
rows = np.array([[3, 1, 3, 2], [0, -5, 7, 7]], f32)
for k in (0, 1, 3, 4, 5):
    case("TopKV2", {"input": rows, "k": np.int32(k)}, {"sorted": True})
case("TopKV2", {"input": edges(np.int64), "k": np.int32(3)}, {"sorted": True})
case("Where", {"condition": np.array([[True, False], [True, True]])})
case("Where", {"condition": np.array([[[0, 1.5], [nan, 0]]], f32)})
case("Where", {"condition": edges(np.int64)})
case("Where", {"condition": pairs})
case("Where", {"condition": np.bool_(True)})
case("Where", {"condition": np.zeros((0, 2), bool)})
for t in (np.int32, np.int64, f32):
    case("Unique", {"x": np.array([3, 1, 3, 2, 1], t)}, {"out_idx": tf.int32})
    case("UniqueWithCounts", {"x": np.array([3, 1, 3, 2, 1], t)}, {"out_idx": tf.int64})
case("Unique", {"x": strings(b"b", b"a", b"b")}, {"out_idx": tf.int64})
case("UniqueV2", {"x": np.array([[1, 2], [1, 2], [3, 4]], np.int32), "axis": np.array([0], np.int64)}, {"out_idx": tf.int32})
case("UniqueV2", {"x": np.array([[1, 1, 2], [3, 3, 4]], np.int32), "axis": np.array([1], np.int64)}, {"out_idx": tf.int32})
case("UniqueV2", {"x": np.array([5, 5, 2], np.int32), "axis": np.array([], np.int64)}, {"out_idx": tf.int32})
case("UniqueWithCountsV2", {"x": np.array([5, 5, 2], np.int32), "axis": np.array([0], np.int64)}, {"out_idx": tf.int32})
case("ListDiff", {"x": np.array([1, 2, 3, 4, 2], np.int32), "y": np.array([2, 4], np.int32)}, {"out_idx": tf.int32})
case("ListDiff", {"x": strings(b"a", b"b"), "y": strings(b"a")}, {"out_idx": tf.int64})
case("Bucketize", {"input": np.array([[-5, 10], [15, 100.5], [0, 30]], f32)}, {"boundaries": [0.0, 10.0, 100.0]})
case("Bucketize", {"input": edges(np.int64)}, {"boundaries": [0.0, 3.0]})
for op in ("LowerBound", "UpperBound"):
    case(op, {"sorted_inputs": np.array([[0, 3, 9, 9], [1, 2, 3, 4]], f32), "values": np.array([[2, 9, 10], [0, 2, 5]], f32)}, {"out_type": tf.int32})
for axis in (-1, 0, 1):
    case("OneHot", {"indices": np.array([[0, 2], [-1, 5]], np.int32), "depth": np.int32(3), "on_value": f32(5), "off_value": f32(-1)}, {"axis": axis})
case("OneHot", {"indices": np.array([1, 0], np.uint8), "depth": np.int32(2), "on_value": True, "off_value": False}, {"axis": -1})
case("OneHot", {"indices": np.int64(1), "depth": np.int32(3), "on_value": np.array(b"y", dtype=object), "off_value": np.array(b"n", dtype=object)}, {"axis": -1})
case("Bincount", {"arr": np.array([1, 1, 3, 9], np.int32), "size": np.int32(5), "weights": np.array([], np.int32)})
case("Bincount", {"arr": np.array([1, 1, 3], np.int32), "size": np.int32(5), "weights": normal(3)})
for binary in (False, True):
    case("DenseBincount", {"input": np.array([[1, 1, 3], [0, 9, 2]], np.int64), "size": np.int64(4), "weights": np.zeros((0,), f32)}, {"binary_output": binary})
    case("DenseBincount", {"input": np.array([1, 1, 3], np.int32), "size": np.int32(4), "weights": np.array([2, 3, 4], np.int64)}, {"binary_output": binary})
case("DenseBincount", {"input": np.array([-1], np.int32), "size": np.int32(4), "weights": np.zeros((0,), f32)}, {"binary_output": False})
for low, high in ((0, 0), (1, -1), (-1, 0), (1, 1)):
    case("MatrixBandPart", {"input": normal(2, 3, 4), "num_lower": np.int32(low), "num_upper": np.int32(high)})
case("MatrixDiag", {"diagonal": normal(2, 3)})
case("MatrixDiagPart", {"input": normal(2, 3, 4)})
case("MatrixSetDiag", {"input": normal(2, 3, 4), "diagonal": normal(2, 3)})
for align in ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"):
    case("MatrixDiagV3", {"diagonal": normal(2, 3, 3), "k": np.array([-1, 1], np.int32), "num_rows": np.int32(3), "num_cols": np.int32(3), "padding_value": f32(9)}, {"align": align})
    case("MatrixDiagPartV3", {"input": normal(3, 4), "k": np.array([-2, 3], np.int32), "padding_value": f32(7)}, {"align": align})
    case("MatrixSetDiagV3", {"input": normal(3, 4), "diagonal": normal(3, 3), "k": np.array([-1, 1], np.int32)}, {"align": align})
for k in (-1, 0, 2):
    case("MatrixDiagV3", {"diagonal": normal(2), "k": np.int32(k), "num_rows": np.int32(-1), "num_cols": np.int32(-1), "padding_value": f32(0)}, {"align": "RIGHT_LEFT"})
    case("MatrixDiagPartV3", {"input": normal(3, 4), "k": np.int32(k), "padding_value": f32(0)}, {"align": "RIGHT_LEFT"})
case("MatrixDiagV2", {"diagonal": normal(2, 2), "k": np.array([0, 1], np.int32), "num_rows": np.int32(2), "num_cols": np.int32(3), "padding_value": f32(0)})
case("MatrixDiagPartV2", {"input": normal(3, 4), "k": np.array([0, 2], np.int32), "padding_value": f32(0)})
case("MatrixSetDiagV2", {"input": normal(3, 4), "diagonal": normal(2), "k": np.int32(-1)})

# Segments and sparse tensors.
data = normal(5, 2)
for op in ("SegmentSum", "SegmentMean", "SegmentProd", "SegmentMax", "SegmentMin"):
    case(op, {"data": data, "segment_ids": np.array([0, 0, 2, 2, 3], np.int32)})
    case(op, {"data": whole(4), "segment_ids": np.array([0, 1, 1, 3], np.int64)})
    case(op, {"data": data, "segment_ids": np.array([0, 2, 1, 3, 3], np.int32)})
for op in ("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin"):
    case(op, {"data": data, "segment_ids": np.array([3, 0, -1, 3, 0], np.int32), "num_segments": np.int32(5)})
    case(op, {"data": whole(4).astype(np.int64), "segment_ids": np.array([1, 0, 1, 1], np.int64), "num_segments": np.int32(3)})
    case(op, {"data": normal(2, 2, 3), "segment_ids": np.array([[0, 1], [1, 1]], np.int32), "num_segments": np.int64(2)})
for op in ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"):
    picks = {"data": data, "indices": np.array([0, 4, 1, 1], np.int32), "segment_ids": np.array([0, 0, 2, 2], np.int32)}
    case(op, picks)
    case(op + "WithNumSegments", {**picks, "num_segments": np.int32(4)})
case("SparseToDense", {"sparse_indices": np.array([[0, 1], [2, 0]], np.int64), "output_shape": np.array([3, 2]), "sparse_values": normal(2), "default_value": f32(-1)}, {"validate_indices": True})
case("SparseToDense", {"sparse_indices": np.array([1, 3], np.int32), "output_shape": np.array([4], np.int32), "sparse_values": np.int64(5), "default_value": np.int64(0)}, {"validate_indices": True})
case("SparseToDense", {"sparse_indices": np.array([[0, 1]]), "output_shape": np.array([1, 2]), "sparse_values": strings(b"a"), "default_value": np.array(b"", dtype=object)}, {"validate_indices": True})
case("SparseReshape", {"input_indices": np.array([[0, 0, 1], [1, 2, 0]]), "input_shape": np.array([2, 3, 2]), "new_shape": np.array([4, -1])})
case("SparseReshape", {"input_indices": np.array([[0, 0]]), "input_shape": np.array([2, 3]), "new_shape": np.array([5])})
case("SparseFillEmptyRows", {"indices": np.array([[1, 0], [3, 1], [3, 0]]), "values": normal(3), "dense_shape": np.array([5, 2]), "default_value": f32(7)})
case("SparseFillEmptyRows", {"indices": np.zeros((0, 2), np.int64), "values": strings(), "dense_shape": np.array([2, 2]), "default_value": np.array(b"x", dtype=object)})
case("SparseSlice", {"indices": np.array([[0, 0], [1, 2], [2, 1]]), "values": normal(3), "shape": np.array([3, 3]), "start": np.array([1, 0]), "size": np.array([5, 2])})
for dim in (0, 1, -1):
    case("SparseConcat", {"indices": [np.array([[0, 0], [1, 1]]), np.array([[0, 1], [1, 0]])], "values": [normal(2), normal(2)], "shapes": [np.array([2, 2]), np.array([2, 2])]}, {"concat_dim": dim})

# Cells and blocks of recurrent layers.
cell = lambda i, h: {"w": normal(i + h, 4 * h), "wci": normal(h), "wcf": normal(h), "wco": normal(h), "b": normal(4 * h)}
for peep in (False, True):
    for clip in (-1.0, 0.5):
        case("LSTMBlockCell", {"x": normal(2, 3), "cs_prev": normal(2, 4), "h_prev": normal(2, 4), **cell(3, 4)}, {"forget_bias": 1.0, "cell_clip": clip, "use_peephole": peep})
    case("BlockLSTM", {"seq_len_max": np.int64(3), "x": normal(3, 2, 3), "cs_prev": normal(2, 4), "h_prev": normal(2, 4), **cell(3, 4)}, {"forget_bias": 0.5, "cell_clip": 3.0, "use_peephole": peep})
    case("BlockLSTMV2", {"seq_len_max": np.int64(3), "x": normal(3, 2, 3), "cs_prev": normal(2, 4), "h_prev": normal(2, 4), **cell(3, 4)}, {"cell_clip": 0.0, "use_peephole": peep})
case("GRUBlockCell", {"x": normal(2, 3), "h_prev": normal(2, 4), "w_ru": normal(7, 8), "w_c": normal(7, 4), "b_ru": normal(8), "b_c": normal(4)})

# Ragged tensors.
splits, ids = np.array([0, 2, 2, 5, 6]), np.array([0, 0, 2, 2, 2, 3])
for shape in ([-1, -1], [3, 2], [5, 4], [-1, 0]):
    case("RaggedTensorToTensor", {"shape": np.array(shape), "values": normal(6), "default_value": f32(-1), "row_partition_tensors": [splits]}, {"row_partition_types": ["ROW_SPLITS"]})
    case("RaggedTensorToTensor", {"shape": np.array(shape), "values": strings(*[b"a"] * 6), "default_value": np.array(b"", dtype=object), "row_partition_tensors": [np.array(4), ids]},
         {"row_partition_types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]})
deep = [np.array([0, 2, 3]), np.array([0, 1, 4, 6])]
case("RaggedTensorToTensor", {"shape": np.int64(-1), "values": normal(6), "default_value": f32(0), "row_partition_tensors": deep}, {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]})
case("RaggedTensorToTensor", {"shape": np.array([-1, -1, 2, 3]), "values": normal(6, 3), "default_value": f32(9), "row_partition_tensors": deep}, {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]})
case("RaggedTensorToSparse", {"rt_nested_splits": deep, "rt_dense_values": normal(6)}, {}, {"RAGGED_RANK": 2})
case("RaggedTensorToSparse", {"rt_nested_splits": [splits], "rt_dense_values": normal(6, 2)}, {}, {"RAGGED_RANK": 1})
case("RaggedRange", {"starts": np.array([0, 5, 8], np.int32), "limits": np.array([3, 5, 4], np.int32), "deltas": np.array([1, 1, -2], np.int32)}, {"Tsplits": tf.int64})
case("RaggedRange", {"starts": np.int64(0), "limits": np.array([3, 0]), "deltas": np.int64(1)}, {"Tsplits": tf.int32})
case("RaggedRange", {"starts": f32(0), "limits": f32(1), "deltas": f32(0.25)}, {"Tsplits": tf.int64})
case("RaggedGather", {"params_nested_splits": [splits], "params_dense_values": normal(6), "indices": np.array([2, 0, 2, 1])}, {"OUTPUT_RAGGED_RANK": 1}, {"PARAMS_RAGGED_RANK": 1})
case("RaggedGather", {"params_nested_splits": deep, "params_dense_values": normal(6, 2), "indices": np.array([[1], [0]], np.int32)}, {"OUTPUT_RAGGED_RANK": 3}, {"PARAMS_RAGGED_RANK": 2})
case("RaggedGather", {"params_nested_splits": [splits], "params_dense_values": normal(6), "indices": np.array([4])}, {"OUTPUT_RAGGED_RANK": 1}, {"PARAMS_RAGGED_RANK": 1})

# Quantisation.
wide = np.linspace(-8, 8, 33).astype(f32)
case("FakeQuantWithMinMaxArgs", {"inputs": wide}, {"min": -6.0, "max": 6.0, "num_bits": 8, "narrow_range": False})
for low, high, bits, narrow in ((-6, 6, 8, False), (-1.3, 5.2, 8, True), (0, 6, 4, False), (1, 3, 8, False), (0, 0, 8, False)):
    case("FakeQuantWithMinMaxVars", {"inputs": wide, "min": f32(low), "max": f32(high)}, {"num_bits": bits, "narrow_range": narrow})
case("FakeQuantWithMinMaxVarsPerChannel", {"inputs": wide.reshape(11, 3), "min": np.array([-1, -2, 0], f32), "max": np.array([1, 5, 6], f32)}, {"num_bits": 8, "narrow_range": False})
for signed in (True, False):
    for narrow in (False, True):
        attrs = {"signed_input": signed, "range_given": True, "narrow_range": narrow, "axis": -1}
        case("QuantizeAndDequantizeV2", {"input": np.abs(wide) if not signed else wide, "input_min": f32(-3 if signed else 0), "input_max": f32(5)}, {**attrs, "num_bits": 8, "round_mode": "HALF_TO_EVEN"})
        case("QuantizeAndDequantizeV2", {"input": np.abs(wide) if not signed else wide, "input_min": f32(-3 if signed else 0), "input_max": f32(5)}, {**attrs, "num_bits": 4, "round_mode": "HALF_UP", "range_given": False})
        case("QuantizeAndDequantizeV3", {"input": np.abs(wide) if not signed else wide, "input_min": f32(-3 if signed else 0), "input_max": f32(5), "num_bits": np.int32(8)}, attrs)
        case("QuantizeAndDequantizeV4", {"input": np.abs(wide) if not signed else wide, "input_min": f32(-3 if signed else 0), "input_max": f32(5)}, {**attrs, "num_bits": 8, "round_mode": "HALF_TO_EVEN"})
case("QuantizeAndDequantizeV4", {"input": wide.reshape(11, 3), "input_min": np.array([-1, -2, -3], f32), "input_max": np.array([1, 5, 6], f32)},
     {"signed_input": True, "range_given": True, "narrow_range": False, "axis": 1, "num_bits": 8, "round_mode": "HALF_TO_EVEN"})
case("QuantizeAndDequantizeV4", {"input": wide.reshape(11, 3), "input_min": f32(0), "input_max": f32(0)},
     {"signed_input": True, "range_given": False, "narrow_range": False, "axis": 1, "num_bits": 8, "round_mode": "HALF_TO_EVEN"})
for dtype in (np.complex64, np.complex128, np.float32):
    parts = np.arange(6, dtype=np.float32).reshape(2, 3)
    case("ConjugateTranspose", {"x": (parts - (1j * parts if dtype != np.float32 else 0)).astype(dtype), "perm": np.array([1, 0], np.int32)})
    case("OnesLike", {"x": parts.astype(dtype)})

sparse_random = np.random.default_rng(3)
for left, right in [(False, False), (True, False), (False, True), (True, True)]:
    a = sparse_random.normal(size=(4, 3) if left else (3, 4)).astype(np.float32)
    b = sparse_random.normal(size=(2, 4) if right else (4, 2)).astype(np.float32)
    case("SparseMatMul", {"a": a, "b": b}, {"transpose_a": left, "transpose_b": right, "a_is_sparse": left, "b_is_sparse": right})

recorder.write("kernels.json.gz")
