"""Numbers at the edges of their types: NaN, infinities, both zeros, the largest and the smallest; rare types."""

import numpy as np
import tensorflow as tf

from graph import F16, F32, F64, Rejected, bfloat16

raw = tf.raw_ops
SIGNED, UNSIGNED = (np.int8, np.int16, np.int32, np.int64), (np.uint8, np.uint16, np.uint32, np.uint64)
WIDE, HALVES = (F32, F32, F32, F64), (F16, bfloat16)
COMPLEX = (np.complex64, np.complex128)


def special(g, dtype, shape, tame=False, zero=True, nan=True):
    """Mostly edges, some plain numbers. `tame` keeps to sizes whose functions all engines compute alike."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return g.random(bool, shape)
    if kind == "c":
        part = lambda: np.asarray(g.rng.choice([0.0, -0.0, 1.0, -2.5, 0.5, 3.0] if zero else [1.0, -2.5, 0.5], shape))
        return (part() + 1j * part()).astype(dtype)
    if kind in "iu":
        info = np.iinfo(dtype)
        chosen = [info.min, info.max, info.max - 1, info.min + 1, 1, 2, 3, 5, 7, info.max // 2 + 1] + ([-1, -2, -5] if kind == "i" else []) + ([0] if zero else [])
        made = np.empty(shape, dtype)
        for place in np.ndindex(*shape):
            made[place] = g.pick(*[v for v in chosen if zero or v != 0])
        return made if shape else np.array(made.item(), dtype)
    top = float(np.finfo(F32).max) if dtype in (F32, F64) else 60000.0 if dtype == F16 else 3e38
    chosen = [np.inf, -np.inf, 1.0, -1.0, 0.5, -2.5, 2.0, 0.25] + ([np.nan] * 2 if nan else []) + ([0.0, -0.0] if zero else [])
    if not tame:
        chosen += [top, -top, 1e30 if dtype != F16 else 1000.0, 16777216.0 if dtype != F16 else 2048.0, -0.375, 3.0]
    return np.asarray(g.rng.choice(chosen, shape), dtype)


def edge(g, dtype, shape=None, **how):
    shape = g.dims(g.int(0, 3)) if shape is None else shape
    return g.input(dtype, shape, array=lambda size: special(g, dtype, size, **how), batched=g.chance(0.5)) if g.chance(0.75) else g.constant(special(g, dtype, shape, **how))


def partner(g, x, **how):
    shape = [n if x.static(i) and g.chance(0.7) else 1 for i, n in enumerate(x.shape)]
    shape = shape[g.int(0, len(shape)) :] if g.chance(0.3) else shape
    return edge_fixed(g, x.dtype.type, shape, **how)


def edge_fixed(g, dtype, shape, **how):
    array = special(g, dtype, shape, **how)
    return g.input(dtype, shape, array=lambda _: array, batched=False) if g.chance(0.5) else g.constant(array)


# The functions of everything; those that engines compute alike only for sizes near one are tame.
PLAIN_UNARY = ("Abs", "Neg", "Sign", "Square", "Floor", "Ceil", "Rint", "Relu", "Relu6", "IsNan", "IsInf", "IsFinite", "ZerosLike", "OnesLike", "Identity", "Reciprocal", "Sqrt", "Rsqrt", "Round")
TAME_UNARY = ("Exp", "Expm1", "Log", "Log1p", "Erf", "Erfc", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Sigmoid", "Softplus", "Softsign", "Elu", "Selu", "Lgamma")
FEATURES = ("Elu", "Selu", "Relu", "Relu6", "Softplus", "Softsign")
# Rounded once from float32, both programs make the same half.
EXACT = ("Abs", "Neg", "Sign", "Floor", "Ceil", "Rint", "Relu", "Relu6", "IsNan", "IsInf", "IsFinite", "ZerosLike", "OnesLike", "Identity", "Square")


def unary(g):
    kind = g.pick("wide", "wide", "tame", "tame", "half", "int", "complex")
    if kind == "int":
        op, dtype = g.pick("Abs", "Neg", "Sign", "Square", "ZerosLike", "OnesLike", "Identity", "Invert", "Relu", "Relu6"), g.pick(*SIGNED, *UNSIGNED)
    elif kind == "complex":
        op, dtype = g.pick("Neg", "Identity", "ZerosLike", "OnesLike", "Conj", "Square", "Reciprocal"), g.pick(*COMPLEX)
    else:
        op = g.pick(*{"wide": PLAIN_UNARY, "tame": TAME_UNARY, "half": EXACT}[kind])
        dtype = g.pick(*(HALVES if kind == "half" else WIDE))
    x = edge(g, dtype, tame=kind == "tame", zero=not (kind == "complex" and op == "Reciprocal"))
    name = "features" if op in FEATURES else "input" if op in ("Identity", "Conj") else "x"
    return g.apply_edge(lambda t: getattr(raw, op)(**{name: t}), x)


ARITHMETIC = ("AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference")
COMPARING = ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual")


def binary(g):
    kind = g.pick("float", "float", "half", "int", "int", "divide", "complex", "shift", "compare")
    if kind == "float":
        op = g.pick(*ARITHMETIC, "RealDiv", "DivNoNan", "MulNoNan", "FloorDiv", "Atan2", "Xdivy", "Pow", "Xlogy", "Xlog1py", "TruncateMod", "FloorMod")
        dtype, tame = g.pick(*WIDE), op not in ARITHMETIC
        x = edge(g, dtype, tame=tame)
        y = partner(g, x, tame=tame)
    elif kind == "half":
        op, dtype = g.pick("AddV2", "Sub", "Mul", "Maximum", "Minimum"), g.pick(*HALVES)
        x = edge(g, dtype)
        y = partner(g, x)
    elif kind == "complex":
        op, dtype = g.pick("AddV2", "Sub", "Mul", "Equal", "NotEqual", "RealDiv"), g.pick(*COMPLEX)
        x = edge(g, dtype)
        y = partner(g, x, zero=op != "RealDiv")
        if op == "RealDiv" and np.any(y.first.numpy() == 0):
            raise Rejected("division by zero")
    elif kind == "int":
        op, dtype = g.pick(*ARITHMETIC, "BitwiseAnd", "BitwiseOr", "BitwiseXor"), g.pick(*SIGNED, *UNSIGNED)
        x = edge(g, dtype)
        y = partner(g, x)
    elif kind == "divide":
        # By zero it is an error; the lowest by −1 kills the process.
        op, dtype = g.pick("FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod", "Div"), g.pick(*SIGNED, *UNSIGNED)
        x = edge(g, dtype)
        y = partner(g, x, zero=False)
        if np.dtype(dtype).kind == "i" and any(np.any(a == np.iinfo(dtype).min) for a in x.both()) and np.any(y.first.numpy() == -1):
            raise Rejected("overflow kills")
    elif kind == "shift":
        op, dtype = g.pick("LeftShift", "RightShift"), g.pick(*SIGNED, *UNSIGNED)
        x = edge(g, dtype)
        y = g.feed(np.asarray(g.random(dtype, [1] * x.rank, 0, np.dtype(dtype).itemsize * 8 - 1)))
    else:
        op, dtype = g.pick(*COMPARING), g.pick(*WIDE, *HALVES, *SIGNED, *UNSIGNED)
        x = edge(g, dtype)
        y = partner(g, x)
    names = ("y", "x") if op == "Atan2" else ("x", "y")
    return g.apply_edge(lambda a, b: getattr(raw, op)(**dict(zip(names, (a, b)))), x, y)


def cast(g):
    source, target = g.pick(*WIDE, *HALVES, *SIGNED, *UNSIGNED, bool), g.pick(F32, F64, *HALVES, *SIGNED, *UNSIGNED, bool)
    x = edge(g, source)
    kind = np.dtype(target).kind
    if np.dtype(source).kind in "fV" and kind in "iu":
        # What does not fit is undefined in C.
        x = g.feed(g.random(source, g.dims(g.int(0, 2)), 0 if kind == "u" else -100, 100))
    return g.apply_edge(lambda t: raw.Cast(x=t, DstT=target, Truncate=False), x)


def choice(g):
    kind = g.int(0, 3)
    dtype = g.pick(*WIDE, *HALVES, *SIGNED, *UNSIGNED)
    x = edge(g, dtype)
    if kind == 0:
        y = partner(g, x)
        return g.apply_edge(lambda a, b: raw.SelectV2(condition=raw.Equal(x=a, y=b), t=a, e=b), x, y)
    if kind == 1:
        x = edge(g, g.pick(*WIDE))
        return g.apply_edge(lambda t: raw.SelectV2(condition=raw.IsNan(x=t), t=raw.ZerosLike(x=t), e=t), x)
    if kind == 2:
        x = edge(g, g.pick(*WIDE, np.int32, np.int64))
        low, high = np.array(-2, x.dtype), np.array(3, x.dtype)
        return g.apply_edge(lambda t: raw.ClipByValue(t=t, clip_value_min=low, clip_value_max=high), x)
    alpha = g.pick(0.0, 0.2, 1.5)
    return g.apply_edge(lambda t: raw.LeakyRelu(features=t, alpha=alpha), edge(g, g.pick(*WIDE)))


def moved(g):
    """What only moves numbers keeps them as they are."""
    dtype = g.pick(*WIDE, *HALVES, *SIGNED, *UNSIGNED, *COMPLEX, bool)
    x = edge(g, dtype, [g.int(1, 3), *g.dims(g.int(0, 2))])
    n, kind = min(x.shape[0], x.second.shape[0]), g.int(0, 7)
    if n == 0:
        raise Rejected("empty")
    ids = np.array([g.int(0, n - 1) for _ in range(g.int(0, 3))], np.int32)
    forms = [
        lambda t: raw.GatherV2(params=t, indices=ids, axis=0),
        lambda t: raw.ConcatV2(values=[t, t], axis=0),
        lambda t: raw.Transpose(x=t, perm=list(range(x.rank))[::-1]),
        lambda t: raw.PadV2(input=t, paddings=[[1, 0]] + [[0, 1]] * (x.rank - 1), constant_values=np.array(1, dtype)),
        lambda t: raw.ReverseV2(tensor=t, axis=[0]),
        lambda t: raw.Tile(input=t, multiples=[2] * x.rank),
        lambda t: raw.StridedSlice(input=t, begin=[0], end=[n], strides=[2]),
        lambda t: raw.Pack(values=[t, t], axis=1),
    ]
    return g.apply_edge(forms[kind], x, is_elementwise=False)


def reduced(g):
    """Sums that wrap, and numbers that are none; of floats as large as these the order of a sum decides."""
    kind = g.pick("int", "int", "inf", "arg", "soft")
    if kind == "int":
        op, dtype = g.pick("Sum", "Prod", "Max", "Min", "Cumsum"), g.pick(*SIGNED, *UNSIGNED)
        x = edge(g, dtype, [g.int(1, 4), *g.dims(g.int(0, 2))])
        axis, keep = g.int(-x.rank, x.rank - 1), g.chance(0.5)
        if op == "Prod" and (x.symbol.shape.rank is None or x.symbol.shape[axis] is None):
            raise Rejected("more factors than can be counted: past 2^53 the run is refused with a code")
        if op == "Cumsum":
            return g.apply_edge(lambda t: raw.Cumsum(x=t, axis=axis), x, is_elementwise=False)
        return g.apply_edge(lambda t: getattr(raw, op)(input=t, axis=axis, keep_dims=keep), x, is_elementwise=False)
    if kind == "inf":
        # Whether a largest number is NaN beside one depends on TensorFlow's vectors.
        op = g.pick("Sum", "Max", "Min", "Mean", "Prod")
        x = edge(g, g.pick(*WIDE), [g.int(1, 4), *g.dims(g.int(0, 2))], tame=True, nan=op in ("Sum", "Mean", "Prod"))
        axis, keep = g.int(-x.rank, x.rank - 1), g.chance(0.5)
        return g.apply_edge(lambda t: getattr(raw, op)(input=t, axis=axis, keep_dims=keep), x, is_elementwise=False)
    if kind == "arg":
        x = edge(g, g.pick(*WIDE, *SIGNED, *UNSIGNED), [g.int(1, 4), *g.dims(g.int(0, 2))], nan=False)
        if any(0 in tuple(v.shape) for v in (x.first, x.second)):
            raise Rejected("empty")
        axis, op = g.int(-x.rank, x.rank - 1), g.pick(raw.ArgMax, raw.ArgMin)
        return g.apply_edge(lambda t: op(input=t, dimension=axis), x, is_elementwise=False)
    x = edge(g, g.pick(*WIDE), [g.int(1, 3), g.int(1, 4)], tame=True)
    return g.apply_edge(lambda t: g_op(logits=t), x, is_elementwise=False) if (g_op := g.pick(raw.Softmax, raw.LogSoftmax)) else None


STEPS = [(unary, 4), (binary, 5), (cast, 2), (choice, 1.5), (moved, 2), (reduced, 2)]
