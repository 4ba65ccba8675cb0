"""Tier 1: shapes, joins, cuts, pads, reductions and products."""

import numpy as np
import tensorflow as tf

from graph import F16, F32, F64, FLOATS, INTS, NUMBERS, SMALL_INTS, Rejected, Types
from elementwise import ANY

raw = tf.raw_ops
EVERY = Types((*ANY, object), ANY.rare)


def shape_of(g):
    x = g.value(ANY)
    out = g.pick(tf.int32, tf.int64)
    kind = g.pick("Shape", "Size", "Rank", "ShapeN")
    if kind == "Rank":
        return g.apply(lambda t: raw.Rank(input=t), x)
    if kind == "ShapeN":
        y = g.value(x.dtype.type)
        return g.apply(lambda a, b: raw.ShapeN(input=[a, b], out_type=out), x, y)
    return g.apply(lambda t: getattr(raw, kind)(input=t, out_type=out), x)


def reshape(g):
    x = g.value(ANY)
    rest = [i for i in range(x.rank) if not x.static(i)]
    form = g.int(0, 3)
    if form == 0:
        target = [-1]
    elif form == 1 and x.rank and not any(i != 0 for i in rest):
        inner = int(np.prod(x.shape[1:]))
        target = [-1, *g.pick([inner], [1, inner], [inner, 1])]
        if 0 in target:
            raise Rejected("zero")
    elif form == 2 and x.rank >= 2:
        # The sizes are computed from another shape, as layers do.
        perm = [1, 0, *range(2, x.rank)]

        def computed(t):
            return raw.Reshape(tensor=t, shape=raw.GatherV2(params=raw.Shape(input=t), indices=perm, axis=0))

        return g.apply(computed, x)
    else:
        target = [int(np.prod(x.shape))] if not rest else [-1, 1]
    return g.apply(lambda t: raw.Reshape(tensor=t, shape=np.array(target, np.int32)), x)


def axes_of(g, rank, least=0):
    axes = [a for a in range(rank) if g.chance(0.4)]
    while len(axes) < least:
        axes = [g.int(0, rank - 1)]
    return [a - rank if g.chance(0.3) else a for a in axes]


def squeeze_expand(g):
    if g.chance(0.5):
        x = g.value(ANY, most=3)
        axis = g.int(-x.rank - 1, x.rank)
        return g.apply(lambda t: raw.ExpandDims(input=t, axis=axis), x)
    x = g.value(ANY, least=1)
    ones = [i for i in range(x.rank) if x.shape[i] == 1 and x.static(i)]
    axes = [a - x.rank if g.chance(0.3) else a for a in ones if g.chance(0.7)]
    return g.apply(lambda t: raw.Squeeze(input=t, axis=axes), x)


def transpose(g):
    x = g.value(ANY, least=1)
    perm = [int(i) for i in g.rng.permutation(x.rank)]
    op = g.pick(raw.Transpose, raw.Transpose, raw.ConjugateTranspose)
    return g.apply(lambda t: op(x=t, perm=np.array(perm, np.int32)), x)


def tile(g):
    x = g.value(ANY, least=1, most=3)
    times = np.array([g.pick(1, 1, 2, 3) for _ in x.shape], g.pick(np.int32, np.int64))
    return g.apply(lambda t: raw.Tile(input=t, multiples=times), x)


def broadcast(g):
    x = g.value(ANY, most=3)
    if g.chance(0.3):
        a, b = [np.array(s, np.int32) for s in ([1, 3, 1], [2, 1, 4])]
        a, b = g.input(np.int32, [3], batched=False, array=lambda _: a), g.constant(b)
        return g.apply(lambda a, b: raw.BroadcastArgs(s0=a, s1=b), a, b)
    lead = [g.int(1, 3) for _ in range(g.int(0, 2))]
    return g.apply(lambda t: raw.BroadcastTo(input=t, shape=raw.ConcatV2(values=[np.array(lead, np.int32), raw.Shape(input=t)], axis=0)), x)


def fill(g):
    x = g.value(ANY, least=1)
    value = g.random(g.pick(*ANY), [])
    return g.apply(lambda t: raw.Fill(dims=raw.Shape(input=t), value=value), x)


def counting(g):
    x = g.value(ANY, least=1)
    if g.chance(0.4):
        start, step = g.int(-2, 2), g.int(1, 3)
        return g.apply(lambda t: raw.Range(start=start, limit=raw.Size(input=t) + start, delta=step), x)
    if g.chance(0.5):
        kind = g.pick(F32, F64)
        first, step, count = g.int(-4, 4) / 4, g.pick(0.25, 0.5, 1.0), g.int(0, 7)
        return g.apply(lambda: raw.Range(start=tf.constant(first, kind), limit=tf.constant(first + step * count, kind), delta=tf.constant(step, kind)))
    first, last = g.random(F32, []), g.random(F32, [])
    a, b = g.constant(first), g.input(F32, [], batched=False)
    count = g.int(1, 6)
    return g.apply(lambda a, b: raw.LinSpace(start=a, stop=b, num=count), a, b)


def alike(g, x, axis):
    """Values that can be joined with x along an axis."""
    def fits(v):
        if v.dtype != x.dtype or v.rank != x.rank:
            return False
        return all(i == axis or (v.first.shape[i], v.second.shape[i]) == (x.first.shape[i], x.second.shape[i]) for i in range(x.rank))

    return [v for v in g.pool if fits(v)]


def concat(g):
    x = g.value(ANY, least=1)
    axis = g.int(0, x.rank - 1)
    chosen = [x] + [g.pick(*alike(g, x, axis), x) for _ in range(g.int(0, 3))]
    named = axis - x.rank if g.chance(0.3) else axis
    if g.chance(0.1) and len(chosen) > 1:
        return g.apply(lambda *t: raw.Concat(concat_dim=axis, values=list(t)), *chosen)
    return g.apply(lambda *t: raw.ConcatV2(values=list(t), axis=named), *chosen)


def pack(g):
    x = g.value(ANY, most=3)
    same = [v for v in g.pool if v.dtype == x.dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
    chosen = [x] + [g.pick(*same, x) for _ in range(g.int(0, 3))]
    axis = g.int(-x.rank - 1, x.rank)
    return g.apply(lambda *t: raw.Pack(values=list(t), axis=axis), *chosen)


def split(g):
    x = g.value(ANY, least=1)
    axis = g.int(0, x.rank - 1)
    size = x.shape[axis]
    if not x.static(axis) or size == 0:
        raise Rejected("batch")
    named = axis - x.rank if g.chance(0.3) else axis
    kind = g.int(0, 2)
    if kind == 0:
        return g.apply(lambda t: raw.Unpack(value=t, num=size, axis=named), x)
    if kind == 1:
        count = g.pick(*(n for n in range(1, size + 1) if size % n == 0))
        return g.apply(lambda t: raw.Split(axis=named, value=t, num_split=count), x)
    sizes, left = [], size
    while left > 0 and len(sizes) < 4:
        sizes.append(g.int(0, left))
        left -= sizes[-1]
    sizes.append(left)
    if g.chance(0.4):
        sizes[g.int(0, len(sizes) - 1)] = -1
    sizes = np.array(sizes, g.pick(np.int32, np.int64))
    return g.apply(lambda t: raw.SplitV(value=t, size_splits=sizes, axis=named, num_split=len(sizes)), x)


def strided(g):
    x = g.value(ANY, least=1)
    begin, end, step, masks = [], [], [], dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    taken, used_ellipsis = 0, False
    count = g.int(1, x.rank)
    for position in range(count + g.int(0, 1)):
        bit = 1 << position
        if not used_ellipsis and g.chance(0.1):
            masks["ellipsis_mask"] |= bit
            used_ellipsis = True
            values = (0, 0, 1)
        elif g.chance(0.12):
            masks["new_axis_mask"] |= bit
            values = (0, 0, 1)
        elif taken >= count or taken >= x.rank:
            break
        else:
            size = x.shape[taken] if not used_ellipsis else 2
            taken += 1
            if g.chance(0.2) and size > 0:
                masks["shrink_axis_mask"] |= bit
                at = g.pick(0, -1, g.int(0, size - 1))
                values = (at, at + 1, 1)
            else:
                values = (g.int(-size - 1, size), g.int(-size - 2, size + 2), g.pick(1, 1, 1, 2, 3, -1, -2))
                masks["begin_mask"] |= bit if g.chance(0.4) else 0
                masks["end_mask"] |= bit if g.chance(0.4) else 0
        for each, v in zip((begin, end, step), values):
            each.append(v)
    kind = g.pick(np.int32, np.int64)
    begin, end, step = (np.array(v, kind) for v in (begin, end, step))
    if g.chance(0.15):
        b = g.input(kind, begin.shape, batched=False, array=lambda _: begin)
        return g.apply(lambda t, b: raw.StridedSlice(input=t, begin=b, end=end, strides=step, **masks), x, b)
    return g.apply(lambda t: raw.StridedSlice(input=t, begin=begin, end=end, strides=step, **masks), x)


def cut(g):
    x = g.value(ANY, least=1)
    kind = g.int(0, 2)
    if kind == 0:
        begin = [g.int(0, d) if x.static(i) else 0 for i, d in enumerate(x.shape)]
        size = [-1 if not x.static(i) or g.chance(0.3) else g.int(0, d - b) for i, (d, b) in enumerate(zip(x.shape, begin))]
        kind = g.pick(np.int32, np.int64)
        return g.apply(lambda t: raw.Slice(input=t, begin=np.array(begin, kind), size=np.array(size, kind)), x)
    if kind == 1:
        axes = np.array(axes_of(g, x.rank), np.int32)
        return g.apply(lambda t: raw.ReverseV2(tensor=t, axis=axes), x)
    shift, axis = g.int(-5, 6), g.int(0, x.rank - 1)
    if g.chance(0.3):
        return g.apply(lambda t: raw.Roll(input=t, shift=np.array([shift, 1], np.int32), axis=np.array([axis, 0], np.int32)), x)
    return g.apply(lambda t: raw.Roll(input=t, shift=np.int32(shift), axis=np.int32(axis)), x)


def pad(g):
    x = g.value(NUMBERS + (bool, np.int8, np.uint8), least=1)
    kind = g.pick("Pad", "PadV2", "MirrorPad")
    number = g.pick(np.int32, np.int64)
    if kind == "MirrorPad":
        if x.dtype == bool:
            raise Rejected("bool")
        mode = g.pick("REFLECT", "SYMMETRIC")
        room = lambda i: max(0, min(x.first.shape[i], x.second.shape[i]) - (mode == "REFLECT"))
        pads = np.array([[g.int(0, room(i)), g.int(0, room(i))] for i in range(x.rank)], number)
        return g.apply(lambda t: raw.MirrorPad(input=t, paddings=pads, mode=mode), x)
    pads = np.array([[g.int(0, 2), g.int(0, 2)] for _ in x.shape], number)
    if kind == "Pad":
        return g.apply(lambda t: raw.Pad(input=t, paddings=pads), x)
    value = g.random(x.dtype.type, [])
    return g.apply(lambda t: raw.PadV2(input=t, paddings=pads, constant_values=value), x)


def reduction(g):
    kind = g.pick("Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm", "All", "Any", "ArgMax", "ArgMin")
    if kind in ("ArgMax", "ArgMin"):
        x = g.value(NUMBERS + SMALL_INTS, least=1)
        axis, out = g.int(-x.rank, x.rank - 1), g.pick(tf.int32, tf.int64)
        return g.apply(lambda t: getattr(raw, kind)(input=t, dimension=axis, output_type=out), x)
    types = {"All": bool, "Any": bool, "EuclideanNorm": FLOATS}.get(kind, NUMBERS + (np.int8, np.uint8, np.int16))
    x = g.value(types, least=0)
    axes, keep = np.array(axes_of(g, x.rank), g.pick(np.int32, np.int64)), g.chance(0.5)
    if x.dtype.kind in "iu" and kind == "Mean" and any(0 in [t.shape[a] for a in axes] for t in (x.first, x.second)):
        raise Rejected("mean of no integers: a division by zero")
    return g.apply(lambda t: getattr(raw, kind)(input=t, axis=axes, keep_dims=keep), x)


def product(g):
    x = g.value(FLOATS + (np.int32,), least=2)
    adjoint, other = g.chance(0.3), g.chance(0.4)
    inner = x.rank - 2 if adjoint else x.rank - 1
    if not x.static(inner):
        raise Rejected("batch")
    size, columns = x.shape[inner], g.int(1, 4)
    shape = [columns, size] if other else [size, columns]
    if x.rank == 2:
        y = g.constant(g.random(x.dtype.type, shape)) if g.chance(0.7) else g.input(x.dtype.type, shape, batched=False)
        return g.apply(lambda a, b: raw.MatMul(a=a, b=b, transpose_a=adjoint, transpose_b=other), x, y)
    op = g.pick("BatchMatMulV2", "BatchMatMulV3", "BatchMatMul")
    lead = [d if x.static(i) and g.chance(0.5) else 1 for i, d in enumerate(x.shape[:-2])]
    if op == "BatchMatMul":
        if not all(x.static(i) for i in range(x.rank)):
            raise Rejected("batch")
        lead = list(x.shape[:-2])
    elif g.chance(0.3):
        lead = lead[1:]
    y = g.constant(g.random(x.dtype.type, [*lead, *shape]))
    extra = {"Tout": x.dtype.type} if op == "BatchMatMulV3" else {}
    return g.apply(lambda a, b: getattr(raw, op)(x=a, y=b, adj_x=adjoint, adj_y=other, **extra), x, y)


STEPS = [(shape_of, 1), (reshape, 3), (squeeze_expand, 2), (transpose, 2), (tile, 1), (broadcast, 1), (fill, 0.7), (counting, 0.7), (concat, 2), (pack, 1), (split, 2), (strided, 4), (cut, 2), (pad, 2), (reduction, 5), (product, 3)]
