"""Functions of one, two or more tensors of one shape, with broadcasting."""

import numpy as np
from ml_dtypes import bfloat16

from .case import Values, case, scalar

FLOATS = (np.float32, np.float64, np.float16)
INTS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-30, -1e30], np.float32)


def unary():
    v = Values(1)
    anywhere = ["Neg", "Abs", "Sign", "Floor", "Ceil", "Rint", "Exp", "Sigmoid", "Tanh", "Erf", "Erfc", "Expm1", "Square"]
    anywhere += ["Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh", "IsNan", "IsInf", "IsFinite", "Softsign", "Softplus"]
    anywhere += ["Relu", "Relu6", "Elu", "Selu"]
    positive = ["Sqrt", "Rsqrt", "Log", "Log1p", "Reciprocal", "Inv"]
    inside = ["Asin", "Acos", "Atanh"]
    argument = lambda op: "features" if op in ("Softsign", "Softplus", "Relu", "Relu6", "Elu", "Selu") else "x"
    for op in anywhere + positive + inside:
        low, high = (0.05, 4.0) if op in positive else (-0.9, 0.9) if op in inside else (-3.0, 3.0)
        for dtype in FLOATS:
            if op == "Rint" and dtype == np.float16:
                continue
            case(op, np.dtype(dtype).name, **{argument(op): v.floats(2, 5, low=low, high=high, dtype=dtype)})
        case(op, "scalar", **{argument(op): scalar(0.25, np.float32)})
        case(op, "empty", **{argument(op): np.zeros((0, 3), np.float32)})
        if op not in ("Sin", "Cos", "Tan", "Sinh", "Cosh", "Asinh"):
            case(op, "special", **{argument(op): SPECIAL})
        if op != "Rint":
            case(op, "bfloat16", **{argument(op): v.floats(2, 3, low=max(low, 0.0), high=high, dtype=bfloat16)})
    for dtype in FLOATS:
        case("Acosh", np.dtype(dtype).name, x=v.floats(2, 3, low=1.0, high=5.0, dtype=dtype))
    case("Round", "halves", x=np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, 1e10], np.float32))
    case("Round", "float64", x=np.array([0.5, 1.5, 2.5, -0.5], np.float64))
    case("Rint", "halves", x=np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], np.float32))
    for dtype in INTS:
        name = np.dtype(dtype).name
        for op in ("Relu", "Relu6"):
            case(op, name, features=np.array([0, 3, 9], dtype) if name[0] == "u" else np.array([-3, 0, 3, 9], dtype))
        if name in ("int8", "int16", "int32", "int64"):
            case("Neg", name, x=np.array([-3, 0, 3, 127], dtype))
            case("Abs", name, x=np.array([-3, 0, 3, 127], dtype))
            case("Sign", name, x=np.array([-3, 0, 3, 127], dtype))
        if name in ("int32", "int64", "int8", "int16", "uint8", "uint16", "uint32", "uint64"):
            case("Square", name, x=np.array([1, 0, 3, 11], dtype))
        case("Invert", name, x=np.array([0, 1, 100], dtype))
    for name, tiny in (("tiny", [1e-10, -1e-10, 1e-7, 0.0]), ("small", [1e-4, -1e-4, 1e-3, -1e-3])):
        case("Log1p", name, x=np.array(tiny, np.float32))
        case("Expm1", name, x=np.array(tiny, np.float32))
    case("Expm1", "large", x=np.array([20.0, -20.0, 80.0, -80.0], np.float32))
    case("Log1p", "edge", x=np.array([-1.0, np.inf, 1e20, -0.999], np.float32))
    for name, values in (("tail", [3.0, 4.0, 5.0, 6.0]), ("far", [8.0, 9.0]), ("negative", [-3.0, -0.1, -8.0])):
        case("Erfc", name, x=np.array(values, np.float32))
    case("LogicalNot", "plain", x=v.bools(2, 3))
    for alpha in (0.2, 0.01, 1.5, 0.0):
        case("LeakyRelu", f"alpha {alpha}", features=v.floats(2, 4), alpha=alpha)
    case("LeakyRelu", "float64", features=v.floats(2, 4, dtype=np.float64))
    case("LeakyRelu", "half", features=v.floats(2, 4, dtype=np.float16))
    for op in ("Softmax", "LogSoftmax"):
        for dtype in FLOATS + (bfloat16,):
            case(op, np.dtype(dtype).name, logits=v.floats(3, 4, dtype=dtype))
        case(op, "rank 1", logits=v.floats(5))
        case(op, "rank 4", logits=v.floats(2, 2, 3, 4))
        case(op, "large", logits=np.array([[1000.0, 999.0, -1000.0]], np.float32))
        case(op, "empty", logits=np.zeros((0, 4), np.float32))


def casts():
    v = Values(2)
    names = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
    for source in names + ["bfloat16"]:
        for target in names + ["bfloat16"]:
            if source == target:
                continue
            dtype = bfloat16 if source == "bfloat16" else np.dtype(source)
            low = 0 if source[0] == "u" or target[0] == "u" else -5
            values = v.bools(2, 3) if source == "bool" else v.floats(2, 3, low=low, high=6, dtype=np.float32).astype(dtype)
            case("Cast", f"{source} to {target}", x=values, DstT=target)
    case("Cast", "wrap", x=np.array([300, -300, 128, 255, 256], np.int32), DstT="int8")
    case("Cast", "wrap unsigned", x=np.array([300, -300, 128, -1], np.int64), DstT="uint8")
    case("Cast", "toward zero", x=np.array([1.9, -1.9, 0.5, -0.5], np.float32), DstT="int32")
    case("Cast", "nan to bool", x=np.array([np.nan, 0.0, -0.0, 1e-30], np.float32), DstT="bool")


def binary():
    v = Values(3)
    arithmetic = ["Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference"]
    for op in arithmetic + ["RealDiv", "Div", "DivNoNan", "MulNoNan", "Xlogy", "Xdivy", "Xlog1py", "Atan2", "FloorDiv", "FloorMod"]:
        for dtype in FLOATS:
            if op in ("Atan2", "FloorMod") and dtype == np.float16:
                continue
            y = v.floats(2, 3, low=0.25, high=3.0, dtype=dtype)
            case(op, np.dtype(dtype).name, x=v.floats(2, 3, dtype=dtype), y=y)
        case(op, "row", x=v.floats(2, 3), y=v.floats(3, low=0.5, high=2.0))
        case(op, "column", x=v.floats(2, 1, 4), y=v.floats(3, 1, low=0.5, high=2.0))
        case(op, "scalar", x=v.floats(2, 3), y=scalar(1.5, np.float32))
        case(op, "empty", x=np.zeros((0, 3), np.float32), y=v.floats(3, low=0.5, high=2.0))
    for op in ("DivNoNan", "MulNoNan", "Xlogy", "Xdivy", "Xlog1py"):
        special = np.array([0.0, 0.0, 1.0, np.inf, np.nan, 0.0], np.float32)
        case(op, "zero", x=special, y=np.array([0.0, np.nan, 0.0, 0.0, 0.0, np.inf], np.float32))
    angles = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 2.5], np.float32)
    case("Atan2", "quadrants", y=np.repeat(angles, 7), x=np.tile(angles, 7))
    case("Atan2", "nan", y=np.array([np.nan, 1.0], np.float32), x=np.array([1.0, np.nan], np.float32))
    pairs = np.array([[7, 3], [-7, 3], [7, -3], [-7, -3], [6, 3], [-6, 3], [0, 5]])
    for dtype in INTS:
        name = np.dtype(dtype).name
        a, b = (np.abs(pairs) if name[0] == "u" else pairs).astype(dtype).T
        for op in arithmetic + ["FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod", "Div", "Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
            if op == "SquaredDifference" and name not in ("int32", "int64"):
                continue
            if op == "Add" and name in ("uint16", "uint32", "uint64"):
                continue
            if op in ("TruncateMod", "Mod") and name not in ("int32", "int64"):
                continue
            if op == "FloorMod" and name not in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
                continue
            case(op, name, x=a.copy(), y=b.copy())
    for op in ("FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod", "Mod"):
        values = pairs.astype(np.float32) + np.float32(0.25)
        if op not in ("TruncateDiv",):
            case(op, "signs", x=values[:, 0].copy(), y=(pairs[:, 1]).astype(np.float32))
            case(op, "exact", x=pairs[:, 0].astype(np.float32), y=pairs[:, 1].astype(np.float32))
    case("Add", "overflow", x=np.array([2147483647, 5], np.int32), y=np.array([1, 1], np.int32))
    case("Mul", "overflow", x=np.array([100, 50], np.int8), y=np.array([100, 3], np.int8))
    for dtype in FLOATS:
        case("Pow", np.dtype(dtype).name, x=v.floats(2, 3, low=0.1, high=2.0, dtype=dtype), y=v.floats(2, 3, dtype=dtype))
    case("Pow", "negative base", x=np.array([-2.0, -1.5], np.float32), y=np.array([2.0, 3.0], np.float32))
    for dtype in (np.int32, np.int64):
        for exponent in (0, 1, 2, 3, 10):
            case("Pow", f"{np.dtype(dtype).name} {exponent}", const="y", x=v.ints(2, 3, dtype=dtype), y=scalar(exponent, dtype))
    case("Pow", "int broadcast", const="y", x=np.array([2, 100000], np.int32), y=np.array([[2]], np.int32))
    for op in ("AddN", "AccumulateNV2"):
        extra = {"shape": [2, 3]} if op == "AccumulateNV2" else {}
        for dtype in (np.float32, np.int32, np.int64, np.float64):
            for count in (1, 2, 3):
                inputs = [v.of(dtype, 2, 3) for _ in range(count)]
                case(op, f"{np.dtype(dtype).name} {count}", inputs=inputs, **extra)
    for dtype in (np.float32, np.float64, np.int32, np.int64, np.float16, np.uint8, np.int16):
        low, high = scalar(1, dtype), scalar(3, dtype)
        case("ClipByValue", np.dtype(dtype).name, t=v.of(dtype, 2, 4), clip_value_min=low, clip_value_max=high)
    case("ClipByValue", "const", const=("clip_value_min", "clip_value_max"), t=v.floats(2, 4), clip_value_min=scalar(-1, np.float32), clip_value_max=scalar(0.5, np.float32))
    case("ClipByValue", "full bounds", t=v.floats(2, 3), clip_value_min=v.floats(2, 3, low=-1, high=0), clip_value_max=v.floats(2, 3, low=0, high=1))
    case("ClipByValue", "nan", t=SPECIAL, clip_value_min=scalar(-1, np.float32), clip_value_max=scalar(1, np.float32))
    case("ApproximateEqual", "near", x=np.array([1.0, 2.0, 3.0], np.float32), y=np.array([1.00001, 2.1, 3.0], np.float32), tolerance=0.001)


def logic():
    v = Values(4)
    comparisons = ["Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual"]
    for op in comparisons:
        for dtype in FLOATS + INTS + (bfloat16,):
            x = v.of(dtype, 3, 4)
            y = v.of(dtype, 3, 4)
            y[0] = x[0]
            case(op, np.dtype(dtype).name, x=x, y=y)
        case(op, "nan", x=np.array([np.nan, 1.0, np.inf], np.float32), y=np.array([np.nan, np.nan, np.inf], np.float32))
        case(op, "broadcast", x=v.ints(2, 1, 3), y=v.ints(4, 1))
        case(op, "empty", x=np.zeros((0,), np.float32), y=scalar(1, np.float32))
    for op in ("Equal", "NotEqual"):
        case(op, "bool", x=v.bools(6), y=v.bools(6))
        case(op, "lenient", x=v.ints(2, 3), y=scalar(1), incompatible_shape_error=False)
    for op in ("LogicalAnd", "LogicalOr"):
        case(op, "plain", x=v.bools(2, 4), y=v.bools(2, 4))
        case(op, "broadcast", x=v.bools(2, 4), y=v.bools(4))
    for dtype in FLOATS + INTS + (bool, bfloat16):
        name = np.dtype(dtype).name
        case("SelectV2", name, condition=v.bools(2, 3), t=v.of(dtype, 2, 3), e=v.of(dtype, 2, 3))
        case("Select", name, condition=v.bools(2, 3), x=v.of(dtype, 2, 3), y=v.of(dtype, 2, 3))
    case("SelectV2", "broadcast", condition=v.bools(2, 1), t=v.floats(3), e=scalar(0, np.float32))
    case("SelectV2", "nan", condition=np.array([True, False]), t=np.array([1.0, np.nan], np.float32), e=np.array([np.nan, 2.0], np.float32))
    case("Select", "rows", condition=v.bools(3), x=v.floats(3, 2, 2), y=v.floats(3, 2, 2))
    case("Select", "scalar", condition=scalar(True, bool), x=v.floats(3, 2), y=v.floats(3, 2))
    case("Select", "bool rows", condition=v.bools(3), x=v.bools(3, 2), y=v.bools(3, 2))


def add():
    unary()
    casts()
    binary()
    logic()
