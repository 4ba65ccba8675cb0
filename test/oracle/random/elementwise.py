"""Tier 1: operations on single elements, with broadcasting."""

import numpy as np
import tensorflow as tf

from graph import F16, F32, F64, FLOATS, INTS, NUMBERS, SMALL_INTS, Rejected, Types, bfloat16

raw = tf.raw_ops
RARE = (F16, bfloat16, np.uint16, np.uint32, np.uint64, np.complex64, np.complex128)
ANY = Types((F32, F32, F64, np.int32, np.int64, np.int8, np.uint8, np.int16, bool), RARE)

# op: (types, lowest, highest). The ranges keep out of what has no finite answer, and of poles.
UNARY = {
    **{op: (NUMBERS + (F16, np.int8, np.int16), None, None) for op in ("Abs", "Neg", "Sign", "Square")},
    **{op: ((F32, F64, F16), None, None) for op in ("Floor", "Ceil", "Rint", "Relu", "Relu6")},
    # Of integers TensorFlow's vectorised kernel makes other numbers (-5 becomes 0).
    "Round": (FLOATS, None, None),
    "Sqrt": (FLOATS, 0, None),
    "Rsqrt": (FLOATS, 0.1, None),
    "Exp": (FLOATS, -10, 8),
    "Expm1": (FLOATS, -10, 8),
    "Log": (FLOATS, 0.1, None),
    "Log1p": (FLOATS, -0.9, None),
    **{op: (FLOATS, -3, 3) for op in ("Erf", "Erfc")},
    "Erfinv": (FLOATS, -0.9, 0.9),
    "Ndtri": (FLOATS, 0.05, 0.95),
    "Lgamma": (FLOATS, 0.1, 20),
    "Digamma": (FLOATS, 0.1, 20),
    **{op: (FLOATS, -20, 20) for op in ("Sin", "Cos")},
    "Tan": (FLOATS, -1.4, 1.4),
    **{op: (FLOATS, -0.95, 0.95) for op in ("Asin", "Acos", "Atanh")},
    **{op: (FLOATS, None, None) for op in ("Atan", "Asinh", "Softplus", "Softsign", "Elu", "Selu", "Tanh", "IsNan", "IsInf", "IsFinite")},
    # ONNX Runtime's sigmoid is exact to 4e-8 absolute, which is less than the tolerance where all results are tiny.
    "Sigmoid": (FLOATS, -6, None),
    **{op: (FLOATS, -6, 6) for op in ("Sinh", "Cosh")},
    "Acosh": (FLOATS, 1.05, None),
    **{op: (FLOATS, 0.1, None) for op in ("Reciprocal", "Inv")},
    "Invert": (INTS + SMALL_INTS, None, None),
    "LogicalNot": (bool, None, None),
    **{op: (ANY, None, None) for op in ("OnesLike", "ZerosLike", "Identity", "Snapshot", "StopGradient", "PreventGradient")},
}


def unary(g):
    op = g.pick(*UNARY)
    dtypes, low, high = UNARY[op]
    x = g.value(dtypes, low=low, high=high)
    call = getattr(raw, op)
    name = {"Elu": "features", "Selu": "features", "Relu": "features", "Relu6": "features", "Softplus": "features", "Softsign": "features"}.get(op)
    name = name or ("input" if op in ("Identity", "Snapshot", "StopGradient", "PreventGradient") else "x")
    return g.apply(lambda t: call(**{name: t}), x)


def activation(g):
    kind = g.pick("LeakyRelu", "Softmax", "LogSoftmax", "ClipByValue", "CheckNumerics", "L2Loss", "BiasAdd", "Cumprod")
    if kind == "LeakyRelu":
        alpha = g.pick(0.0, 0.2, 0.3, 1.0, 1.5, -0.5)
        return g.apply(lambda t: raw.LeakyRelu(features=t, alpha=alpha), g.value(FLOATS))
    if kind in ("Softmax", "LogSoftmax"):
        return g.apply(lambda t: getattr(raw, kind)(logits=t), g.value(FLOATS, least=1))
    if kind == "ClipByValue":
        x = g.value(NUMBERS)
        low, high = (np.asarray(v, x.dtype) for v in (g.int(-3, 0), g.int(1, 4)))
        return g.apply(lambda t: raw.ClipByValue(t=t, clip_value_min=low, clip_value_max=high), x)
    if kind == "CheckNumerics":
        return g.apply(lambda t: raw.CheckNumerics(tensor=t, message="m"), g.value(FLOATS))
    if kind == "L2Loss":
        return g.apply(lambda t: raw.L2Loss(t=t), g.value(FLOATS))
    if kind == "Cumprod":
        return scan(g, "Cumprod")
    x = g.value(NUMBERS, least=2)
    axis = -1 if x.rank < 4 or g.chance(0.6) else 1
    if not x.static(axis):
        raise Rejected("batch")
    bias = g.constant(g.random(x.dtype.type, [x.shape[axis]]))
    return g.apply(lambda t, b: raw.BiasAdd(value=t, bias=b, data_format="NHWC" if axis == -1 else "NCHW"), x, bias)


def scan(g, op):
    x = g.value(NUMBERS if op == "Cumsum" else FLOATS, least=1)
    axis, exclusive, reverse = g.int(-x.rank, x.rank - 1), g.chance(0.4), g.chance(0.4)
    return g.apply(lambda t: getattr(raw, op)(x=t, axis=axis, exclusive=exclusive, reverse=reverse), x)


def cumsum(g):
    return scan(g, "Cumsum")


NON_ZERO = ("FloorMod", "TruncateMod", "FloorDiv", "TruncateDiv", "RealDiv", "Div", "Xdivy")
BINARY = {
    **{op: NUMBERS + (F16,) for op in ("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference")},
    "RealDiv": FLOATS,
    "Div": NUMBERS,
    **{op: NUMBERS + (np.int16, np.int8) for op in ("FloorDiv", "TruncateDiv")},
    "FloorMod": NUMBERS,
    "TruncateMod": INTS + FLOATS,
    "Mod": INTS + FLOATS,
    "DivNoNan": FLOATS,
    "MulNoNan": FLOATS,
    **{op: FLOATS for op in ("Xlogy", "Xlog1py", "Xdivy", "Atan2", "NextAfter")},
    "Pow": NUMBERS,
    **{op: NUMBERS + SMALL_INTS for op in ("Greater", "GreaterEqual", "Less", "LessEqual")},
    **{op: ANY for op in ("Equal", "NotEqual")},
    **{op: (bool,) for op in ("LogicalAnd", "LogicalOr")},
    **{op: INTS + SMALL_INTS for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift")},
}


def binary(g):
    op = g.pick(*BINARY)
    low = high = None
    is_float = lambda v: v.dtype.kind == "f"
    x = g.value(BINARY[op], low=0.125 if op == "Pow" else None, high=5 if op == "Pow" else None)
    if op in NON_ZERO or op == "Mod":
        # Divisors away from zero; integers by zero are an error in TensorFlow.
        low, high = (0.5, 4) if is_float(x) else (1, 5)
        if x.dtype.kind in "fi" and g.chance(0.4):
            low, high = -high, -low
    elif op in ("Xlogy", "Xlog1py"):
        low, high = 0.2, 4
    elif op == "Pow":
        low, high = (-2, 3) if is_float(x) else (0, 3)
    elif op in ("LeftShift", "RightShift"):
        low, high = 0, x.dtype.itemsize * 8 - 1
    y = g.partner(x, low, high)
    call = getattr(raw, op)
    names = ("x1", "x2") if op == "NextAfter" else ("y", "x") if op == "Atan2" else ("x", "y")
    if low is None and g.chance(0.4):
        x, y = y, x
    return g.apply(lambda a, b: call(**dict(zip(names, (a, b)))), x, y)


def several(g):
    x = g.value(NUMBERS)
    others = [v for v in g.pool if v.dtype == x.dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
    chosen = [x] + [g.pick(*others) for _ in range(g.int(0, 3) if others else 0)]
    return g.apply(lambda *t: raw.AddN(inputs=list(t)), *chosen)


def select(g):
    c = g.value(bool)
    dtype = g.pick(*ANY)
    x, y = g.partner(c, dtype=np.dtype(dtype)), g.partner(c, dtype=np.dtype(dtype))
    if g.chance(0.5):
        return g.apply(lambda c, x, y: raw.SelectV2(condition=c, t=x, e=y), c, x, y)
    x = g.value(ANY, least=1)
    same = [v for v in g.pool if v.dtype == x.dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
    y = g.pick(*same, x)
    [c] = g.apply(lambda t: raw.Greater(x=raw.Cast(x=t, DstT=tf.float64), y=np.float64(0.3)), x)
    return g.apply(lambda c, x, y: raw.Select(condition=c, x=x, y=y), c, x, y)


def cast(g):
    # What does not fit the type is undefined in C, and so in TensorFlow.
    x = g.value(ANY + (F16,), low=None)
    dtype = g.pick(F32, F64, np.int32, np.int64, np.int8, np.uint8, np.int16, np.uint16, bool, F16)
    if np.dtype(dtype).kind in "iu" and x.dtype.kind in "fi":
        info = np.iinfo(dtype)
        if any(a.size and (a.min() < info.min or a.max() > info.max) for a in x.both()):
            raise Rejected("does not fit")
    if dtype == F16 and x.dtype.kind == "f":
        # Rounding to half is a step of 5e-4, more than the tolerance: only what is half already.
        if any(np.any(a.astype(F16).astype(a.dtype) != a) for a in x.both()):
            raise Rejected("not half")
    return g.apply(lambda t: raw.Cast(x=t, DstT=dtype, Truncate=False), x)


def half_to_single(g):
    x = g.value(F16)
    return g.apply(lambda t: raw.Cast(x=t, DstT=F32), x)


def approximate(g):
    x = g.value(FLOATS)
    same = [v for v in g.pool if v.dtype == x.dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
    return g.apply(lambda a, b: raw.ApproximateEqual(x=a, y=b, tolerance=0.3), x, g.pick(*same, x))


STEPS = [(unary, 10), (binary, 10), (activation, 3), (cumsum, 1), (several, 1), (select, 2), (cast, 2), (half_to_single, 0.3), (approximate, 0.3)]
