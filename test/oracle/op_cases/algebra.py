"""Einsum, diagonals, segments, sparse tensors, partitions, random numbers."""

import numpy as np

from .case import Values, case, i32, i64, scalar

NUMBERS = (np.float32, np.float64, np.int32, np.int64)


def named(dtype):
    return np.dtype(dtype).name


def einsums():
    v = Values(41)
    sizes = dict(a=2, b=3, c=4, d=5, e=2, f=3)
    shape = lambda term: [sizes[letter] for letter in term]
    equations = ["ab,bc->ac", "ab,cb->ac", "ba,bc->ac", "abc,cd->abd", "abc,cde->abde", "abcd,cde->abe", "aecd,abcd->acbe"]
    equations += ["acbe,aecd->abcd", "abcd,aecd->acbe", "abc,abd->acd", "abc,abc->ab", "ab,ab->", "ab,c->abc", "a,b->ab"]
    equations += ["abc,ab->ac", "ab,abc->abc", "abcd,ae->bcde", "abc,bd->adc", "abc,dc->", "ab,cd->abcd", "abc,acbd->abd"]
    equations += ["ab->ba", "abc->ab", "abc->cb", "abc->", "abc->bca"]
    for equation in equations:
        terms = equation.split("->")[0].split(",")
        inputs = [v.floats(*shape(term)) for term in terms]
        case("Einsum", equation, inputs=inputs, equation=equation)
    for equation in ("abc,cde->abde", "abcd,cde->abe", "abc,cd->abd"):
        left, right = equation.split("->")[0].split(",")
        case("Einsum", f"{equation} double", inputs=[v.floats(*shape(left), dtype=np.float64), v.floats(*shape(right), dtype=np.float64)], equation=equation)
        case("Einsum", f"{equation} int32", inputs=[v.ints(*shape(left)), v.ints(*shape(right))], equation=equation)
    case("Einsum", "ellipsis", inputs=[v.floats(2, 3, 4), v.floats(4, 5)], equation="...a,ab->...b")
    case("Einsum", "ellipsis both", inputs=[v.floats(2, 3, 4), v.floats(2, 4, 5)], equation="...ab,...bc->...ac")
    case("Einsum", "ellipsis broadcast", inputs=[v.floats(1, 3, 4), v.floats(2, 4, 5)], equation="...ab,...bc->...ac")
    case("Einsum", "ellipsis of more axes", inputs=[v.floats(2, 2, 3, 4), v.floats(2, 4, 5)], equation="...ab,...bc->...ac")
    case("Einsum", "ellipsis alone", inputs=[v.floats(2, 3, 4)], equation="...ab->...ba")
    case("Einsum", "diagonal", inputs=[v.floats(3, 3)], equation="aa->a", static_only="")


def diagonals():
    v = Values(42)
    kinds = (np.float32, np.float64, np.int32, np.int64, bool)
    for dtype in kinds:
        case("MatrixDiag", named(dtype), diagonal=v.of(dtype, 2, 3))
        case("MatrixDiagPart", named(dtype), input=v.of(dtype, 2, 3, 3), static_only="places are computed from the size")
        case("MatrixSetDiag", named(dtype), input=v.of(dtype, 2, 3, 4), diagonal=v.of(dtype, 2, 3), static_only="places are computed from the size")
        case("Diag", named(dtype), diagonal=v.of(dtype, 3)) if dtype != bool else None
        case("MatrixBandPart", named(dtype), const=("num_lower", "num_upper"), input=v.of(dtype, 2, 4, 5), num_lower=scalar(1, np.int64), num_upper=scalar(2, np.int64))
    for lower in (-1, 0, 2):
        for upper in (-1, 0, 2):
            case("MatrixBandPart", f"{lower} {upper}", const=("num_lower", "num_upper"), input=v.floats(4, 4), num_lower=scalar(lower), num_upper=scalar(upper))
            case("MatrixBandPart", f"{lower} {upper} computed", input=v.floats(3, 4), num_lower=scalar(lower, np.int64), num_upper=scalar(upper, np.int64))
    case("MatrixDiagPart", "wide", input=v.floats(2, 5), static_only="places are computed from the size")
    why = "places are computed from the size"
    aligns = ["RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"]
    for version in ("V2", "V3"):
        for k in ((0,), (1,), (-2,), (-1, 1), (0, 2), (-2, 0), (-2, -1)):
            for align in aligns if version == "V3" else [None]:
                extra = {"align": align} if align else {}
                band = scalar(k[0]) if len(k) == 1 else i32(*k)
                low, high = k[0], k[-1]
                rows, cols = 4, 3
                longest = min(rows + min(high, 0), cols - max(low, 0))
                diag_shape = (2, longest) if len(k) == 1 else (2, high - low + 1, longest)
                name = f"{k} {align}"
                pad = scalar(-7.0, np.float32)
                case(f"MatrixDiagPart{version}", name, const=("k", "padding_value"), input=v.floats(2, rows, cols), k=band, padding_value=pad, static_only=why, **extra)
                case(f"MatrixSetDiag{version}", name, const="k", input=v.floats(2, rows, cols), diagonal=v.floats(*diag_shape), k=band, static_only=why, **extra)
                case(f"MatrixDiag{version}", name, const=("k", "num_rows", "num_cols", "padding_value"), diagonal=v.floats(*diag_shape), k=band, num_rows=scalar(rows), num_cols=scalar(cols), padding_value=pad, static_only=why, **extra)
        for k in (0, 1, -2):
            case(f"MatrixDiag{version}", f"free {k}", const=("k", "num_rows", "num_cols", "padding_value"), diagonal=v.floats(2, 3), k=scalar(k), num_rows=scalar(-1), num_cols=scalar(-1), padding_value=scalar(0.0, np.float32), static_only=why)
    case("Cross", "plain", a=v.floats(2, 3), b=v.floats(2, 3))
    case("L2Loss", "plain", t=v.floats(2, 3))
    case("L2Loss", "float64", t=v.floats(2, 3, dtype=np.float64))
    case("MatrixDeterminant", "three", input=v.floats(2, 3, 3))


def segments():
    v = Values(43)
    ids = i32(0, 0, 2, 2, 2, 4)
    for kind in ("Sum", "Mean", "Max", "Min", "Prod"):
        for dtype in NUMBERS:
            if kind == "Mean" and dtype in (np.int32, np.int64):
                continue
            case(f"Segment{kind}", named(dtype), data=v.of(dtype, 6, 2), segment_ids=ids)
        case(f"Segment{kind}", "vector", data=v.floats(6), segment_ids=ids.astype(np.int64))
        case(f"Segment{kind}", "cube", data=v.floats(6, 2, 2), segment_ids=ids)
        case(f"Segment{kind}", "nothing", data=np.zeros((0, 2), np.float32), segment_ids=np.zeros((0,), np.int32))
    loose = i32(3, 0, -1, 3, 1, 0)
    for kind in ("Sum", "Max", "Min", "Prod"):
        for dtype in NUMBERS + (np.int8, np.uint8):
            case(f"UnsortedSegment{kind}", named(dtype), const="num_segments", data=v.of(dtype, 6, 2), segment_ids=loose, num_segments=scalar(5))
        case(f"UnsortedSegment{kind}", "vector", data=v.floats(6), segment_ids=loose, num_segments=scalar(4))
        case(f"UnsortedSegment{kind}", "matrix of ids", const="num_segments", data=v.floats(2, 3, 2), segment_ids=np.array([[0, 1, 1], [2, 0, -1]], np.int64), num_segments=scalar(3))
        case(f"UnsortedSegment{kind}", "whole", const="num_segments", data=v.floats(2, 3), segment_ids=np.array([[0, 1, 1], [2, 0, 2]], np.int32), num_segments=scalar(3))
    rows = i32(0, 3, 3, 1, 2)
    for kind in ("Sum", "Mean", "SqrtN"):
        for dtype in (np.float32, np.float64):
            case(f"SparseSegment{kind}", named(dtype), data=v.of(dtype, 4, 2), indices=rows, segment_ids=i32(0, 0, 1, 3, 3))
            case(f"SparseSegment{kind}WithNumSegments", named(dtype), const="num_segments", data=v.of(dtype, 4, 2), indices=rows.astype(np.int64), segment_ids=i32(0, 0, 1, 3, 3), num_segments=scalar(6))
        case(f"SparseSegment{kind}WithNumSegments", "nothing", data=v.floats(4, 2), indices=np.zeros((0,), np.int32), segment_ids=np.zeros((0,), np.int32), num_segments=scalar(2))
    case("SparseSegmentSum", "int32", data=v.ints(4, 2), indices=rows, segment_ids=i32(0, 0, 1, 3, 3))


def partitions():
    v = Values(44)
    for dtype in (np.float32, np.int32, np.int64, bool):
        case("DynamicPartition", named(dtype), data=v.of(dtype, 5, 2), partitions=i32(0, 2, 0, 1, 2), num_partitions=3)
    case("DynamicPartition", "vector", data=v.floats(4), partitions=i32(1, 1, 1, 0), num_partitions=2)
    case("DynamicPartition", "empty one", data=v.floats(3), partitions=i32(0, 0, 0), num_partitions=2)
    case("DynamicPartition", "matrix", data=v.floats(2, 2, 3), partitions=np.array([[0, 1], [1, 0]], np.int32), num_partitions=2)
    for op in ("DynamicStitch", "ParallelDynamicStitch"):
        for dtype in (np.float32, np.int32, np.int64):
            case(op, named(dtype), indices=[i32(0, 3), i32(1, 2)], data=[v.of(dtype, 2, 2), v.of(dtype, 2, 2)])
        case(op, "scalar index", indices=[scalar(1), i32(0, 2)], data=[v.floats(3), v.floats(2, 3)])
        case(op, "matrix of indices", indices=[np.array([[0, 1], [2, 3]], np.int32)], data=[v.floats(2, 2, 2)])
        case(op, "vectors", indices=[i32(2, 0), i32(1)], data=[v.floats(2), v.floats(1)])


def sparse():
    v = Values(45)
    places = np.array([[0, 1], [2, 0], [2, 2]], np.int64)
    for dtype in (np.float32, np.int32, np.int64, np.float64, bool):
        case("SparseToDense", named(dtype), const="output_shape", sparse_indices=places, output_shape=i64(3, 3), sparse_values=v.of(dtype, 3), default_value=np.array(1, dtype))
    case("SparseToDense", "one value", sparse_indices=places, output_shape=i64(3, 4), sparse_values=scalar(2.0, np.float32), default_value=scalar(0.0, np.float32), validate_indices=False)
    case("SparseToDense", "vector", sparse_indices=i32(1, 3), output_shape=i32(5), sparse_values=v.floats(2), default_value=scalar(0.0, np.float32))
    case("SparseToDense", "scalar", sparse_indices=scalar(2), output_shape=i32(4), sparse_values=scalar(1.0, np.float32), default_value=scalar(0.0, np.float32))
    why = "the ranks of sparse tensors are lengths of vectors"
    for name, target in (("flat", (9,)), ("rest", (-1, 3)), ("more", (1, 3, -1))):
        case("SparseReshape", name, const="new_shape", input_indices=places, input_shape=i64(3, 3), new_shape=np.array(target, np.int64), static_only=why)
        case("SparseReshape", f"{name} computed", input_indices=places, input_shape=i64(3, 3), new_shape=np.array(target, np.int64), static_only=why)
    case("SparseReshape", "nothing", const="new_shape", input_indices=np.zeros((0, 2), np.int64), input_shape=i64(3, 4), new_shape=i64(-1, 2), static_only=why)
    for dtype in (np.float32, np.int64, np.int32):
        case("SparseFillEmptyRows", named(dtype), indices=np.array([[0, 1], [2, 0], [2, 2], [4, 0]], np.int64), values=v.of(dtype, 4), dense_shape=i64(6, 3), default_value=np.array(7, dtype), static_only=why)
    case("SparseFillEmptyRows", "full", indices=np.array([[0, 1], [1, 0]], np.int64), values=v.floats(2), dense_shape=i64(2, 3), default_value=scalar(7.0, np.float32), static_only=why)
    case("SparseFillEmptyRows", "none", indices=np.zeros((0, 2), np.int64), values=np.zeros((0,), np.float32), dense_shape=i64(2, 3), default_value=scalar(7.0, np.float32), static_only=why)
    for ta in (False, True):
        for tb in (False, True):
            inner = 3
            a_shape = i64(inner, 4) if ta else i64(4, inner)
            at = np.array([[0, 1], [2, 0], [2, 2], [2, 2]], np.int64)
            b = v.floats(2, inner) if tb else v.floats(inner, 2)
            case("SparseTensorDenseMatMul", f"{ta} {tb}", a_indices=at, a_values=v.floats(4), a_shape=a_shape, b=b, adjoint_a=ta, adjoint_b=tb)
    case("SparseTensorDenseMatMul", "float64", a_indices=places, a_values=v.floats(3, dtype=np.float64), a_shape=i64(3, 3), b=v.floats(3, 2, dtype=np.float64))


def random():
    why = "random numbers"
    for dtype in ("float32", "float64", "float16"):
        for op in ("RandomUniform", "RandomStandardNormal"):
            case(op, dtype, const="shape", shape=i32(2, 3), dtype=dtype, shape_only=why)
    case("RandomUniform", "computed", shape=i64(2, 3), dtype="float32", seed=1, seed2=2, shape_only=why)
    case("RandomUniformInt", "int32", const="shape", shape=i32(4), minval=scalar(0), maxval=scalar(10), shape_only=why)
    case("RandomUniformInt", "int64", const="shape", shape=i32(4), minval=scalar(0, np.int64), maxval=scalar(10, np.int64), shape_only=why)


def add():
    einsums()
    diagonals()
    segments()
    partitions()
    sparse()
    random()
