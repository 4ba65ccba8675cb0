"""Reductions, positions of extremes, matrix products."""

import numpy as np
from ml_dtypes import bfloat16

from .case import Values, case, i32, i64, scalar

FLOATS = (np.float32, np.float64, np.float16, bfloat16)
INTS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)


def named(dtype):
    return np.dtype(dtype).name


def reductions():
    v = Values(21)
    for op in ("Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm"):
        for dtype in FLOATS + INTS:
            if dtype == np.uint64 and op in ("Max", "Min"):
                continue
            if op == "EuclideanNorm" and dtype not in (np.float32, np.float64):
                continue
            case(op, named(dtype), const="axis", input=v.of(dtype, 2, 3, 4), axis=i32(1))
        for axes in ((0,), (-1,), (0, 2), (0, 1, 2), ()):
            for keep in (False, True):
                case(op, f"axes {axes} keep {keep}", const="axis", input=v.floats(2, 3, 4), axis=np.array(axes, np.int32), keep_dims=keep)
        case(op, "scalar axis", const="axis", input=v.floats(2, 3), axis=scalar(1, np.int64))
        case(op, "computed axes", input=v.floats(2, 3, 4), axis=i64(0, -1))
        case(op, "nothing", const="axis", input=np.zeros((2, 0), np.float32), axis=i32(1))
        case(op, "of no rows", const="axis", input=np.zeros((0, 3), np.float32), axis=i32(1))
        case(op, "scalar", const="axis", input=scalar(2.5, np.float32), axis=np.zeros((0,), np.int32))
    case("Mean", "int toward zero", const="axis", input=np.array([[-1, -2, -4], [5, 5, 6]], np.int32), axis=i32(1))
    case("Mean", "int8 wide", const="axis", input=np.array([100, 100, 100], np.int8), axis=i32(0))
    case("Sum", "int8 wraps", const="axis", input=np.array([100, 100, 100], np.int8), axis=i32(0))
    case("Max", "infinities", const="axis", input=np.array([[-np.inf, 1.0], [np.inf, -1.0]], np.float32), axis=i32(1))
    for op in ("All", "Any"):
        for axes in ((0,), (1,), (0, 1), ()):
            case(op, f"axes {axes}", const="axis", input=v.bools(3, 4), axis=np.array(axes, np.int32))
        case(op, "keep", const="axis", input=v.bools(3, 4), axis=i32(-1), keep_dims=True)
        case(op, "nothing", const="axis", input=np.zeros((2, 0), bool), axis=i32(1))
        case(op, "computed", input=v.bools(3, 4), axis=i32(1))
    for op in ("ArgMax", "ArgMin"):
        for dtype in FLOATS + INTS[:-1]:
            case(op, named(dtype), const="dimension", input=v.of(dtype, 3, 5), dimension=scalar(1))
        for axis in (0, -1, -2):
            for out in ("int32", "int64"):
                case(op, f"axis {axis} {out}", const="dimension", input=v.floats(3, 5), dimension=scalar(axis, np.int64), output_type=out)
        case(op, "ties", const="dimension", input=np.array([[1, 3, 3, 1, 1]], np.float32), dimension=scalar(1))
        case(op, "bool", const="dimension", input=np.array([[False, True, True]]), dimension=scalar(1))


def products():
    v = Values(22)
    for dtype in (np.float32, np.float64, np.float16, bfloat16, np.int32, np.int64):
        for ta in (False, True):
            for tb in (False, True):
                a = v.of(dtype, *((3, 2) if ta else (2, 3)))
                b = v.of(dtype, *((4, 3) if tb else (3, 4)))
                for const in ((), ("b",)):
                    case("MatMul", f"{named(dtype)} {ta} {tb} {const}", const=const, a=a, b=b, transpose_a=ta, transpose_b=tb)
    case("MatMul", "no inner", a=np.zeros((2, 0), np.float32), b=np.zeros((0, 3), np.float32))
    case("MatMul", "no rows", const="b", a=np.zeros((0, 3), np.float32), b=v.floats(3, 4))
    for op in ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
        extra = lambda dtype: {"Tout": named(dtype)} if op == "BatchMatMulV3" else {}
        for dtype in (np.float32, np.float64, np.int32, np.int64):
            case(op, named(dtype), x=v.of(dtype, 2, 2, 3), y=v.of(dtype, 2, 3, 4), **extra(dtype))
        for ax in (False, True):
            for ay in (False, True):
                x = v.floats(2, *((3, 2) if ax else (2, 3)))
                y = v.floats(2, *((4, 3) if ay else (3, 4)))
                for const in ((), ("y",)):
                    case(op, f"adjoint {ax} {ay} {const}", const=const, x=x, y=y, adj_x=ax, adj_y=ay, **extra(np.float32))
        if op != "BatchMatMul":
            case(op, "broadcast", x=v.floats(2, 1, 2, 3), y=v.floats(5, 3, 4), **extra(np.float32))
            case(op, "matrix", const="y", x=v.floats(2, 5, 2, 3), y=v.floats(3, 4), **extra(np.float32))
    case("BatchMatMulV3", "int8 to int32", x=v.of(np.int8, 2, 2, 3), y=v.of(np.int8, 2, 3, 4), Tout="int32")
    for dtype in (np.float32, np.float64, np.float16, np.int32, np.int64):
        case("BiasAdd", named(dtype), const="bias", value=v.of(dtype, 2, 3), bias=v.of(dtype, 3))
    case("BiasAdd", "image", const="bias", value=v.floats(2, 4, 4, 3), bias=v.floats(3))
    case("BiasAdd", "channels first", const="bias", value=v.floats(2, 3, 4, 4), bias=v.floats(3), data_format="NCHW")
    case("BiasAdd", "channels first 5", const="bias", value=v.floats(2, 3, 2, 2, 2), bias=v.floats(3), data_format="NCHW")
    case("BiasAddV1", "plain", const="bias", value=v.floats(2, 3), bias=v.floats(3))
    for fused in (["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Elu"], ["BiasAdd", "LeakyRelu"], ["BiasAdd", "Tanh"], ["BiasAdd", "Sigmoid"]):
        case(
            "_FusedMatMul",
            " ".join(fused),
            const=("b", "args"),
            a=v.floats(2, 3, low=-4, high=4),
            b=v.floats(3, 4),
            args=[v.floats(4)],
            transpose_a=False,
            transpose_b=False,
            fused_ops=fused,
            epsilon=1e-4,
            leakyrelu_alpha=0.3,
        )


def add():
    reductions()
    products()
