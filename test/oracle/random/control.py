"""Tier 3: branches, loops, lists of tensors, bits, complex numbers, suppression of boxes."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, FLOATS, INTS, NUMBERS, Rejected
from elementwise import ANY

raw = tf.raw_ops


def body(g, x):
    """A function of a tensor that keeps its type and shape."""
    a, b = g.random(x.dtype.type, [], 0.5 if x.dtype.kind == "f" else 1, 2), g.random(x.dtype.type, [])
    unary = [lambda t: t * a, lambda t: t + b, lambda t: tf.maximum(t, b), lambda t: tf.abs(t) - b]
    if x.dtype.kind == "f":
        unary += [tf.tanh, lambda t: tf.cumsum(t, 0) if x.rank else t, lambda t: tf.nn.softmax(t) if x.rank else t]
    if x.rank:
        unary += [lambda t: tf.reverse(t, [0]), lambda t: tf.where(t > b, t, tf.zeros_like(t))]
    chosen = [g.pick(*unary) for _ in range(g.int(1, 3))]

    def run(t):
        for f in chosen:
            t = f(t)
        return t

    return run


def branch(g):
    x = g.value(FLOATS + INTS)
    yes, no = body(g, x), body(g, x)
    if g.chance(0.3):
        third = body(g, x)
        n = g.value(INTS, most=0)
        return g.apply(lambda t, n: tf.switch_case(raw.Cast(x=n, DstT=tf.int32), [lambda: yes(t), lambda: no(t), lambda: third(t)]), x, n)
    form = g.int(0, 2)
    if form == 0:
        c = g.value(bool, most=0)
        return g.apply(lambda t, c: tf.cond(c, lambda: yes(t), lambda: no(t)), x, c)
    border = g.random(x.dtype.type, [])
    return g.apply(lambda t: tf.cond(tf.reduce_sum(t) > border, lambda: yes(t), lambda: no(t) + t), x)


def loop(g):
    x = g.value(FLOATS + INTS)
    step, times = body(g, x), g.int(0, 4)
    form = g.int(0, 2)
    if form == 0:
        return g.apply(lambda t: tf.while_loop(lambda i, v: i < times, lambda i, v: (i + 1, step(v)), [tf.constant(0), t]), x)
    if form == 1:
        n = g.input(np.int32, [], 0, 4, batched=False)
        return g.apply(lambda t, n: tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, tf.cond(i % 2 > 0, lambda: step(v), lambda: v + t)), [tf.constant(0), t])[1], x, n)
    x = g.value(FLOATS + INTS, least=1, most=3)

    def mapped(t):
        count = tf.shape(t)[0]
        held = raw.TensorListReserve(element_shape=np.array(-1, np.int32), num_elements=count, element_dtype=t.dtype)

        def one(i, held):
            return i + 1, raw.TensorListSetItem(input_handle=held, index=i, item=tf.reduce_max(t, axis=list(range(1, len(t.shape)))) [i] * tf.cast(i + 1, t.dtype))

        _, held = tf.while_loop(lambda i, _: i < count, one, [tf.constant(0), held])
        return raw.TensorListStack(input_handle=held, element_shape=np.zeros((0,), np.int32), element_dtype=t.dtype)

    return g.apply(mapped, x)


def lists(g):
    x = g.value(ANY, least=2, most=4)
    shape = lambda t: raw.StridedSlice(input=raw.Shape(input=t), begin=[1], end=[0], strides=[1], end_mask=1)

    def run(t):
        held = raw.TensorListFromTensor(tensor=t, element_shape=shape(t))
        if kind == 0:
            return raw.TensorListStack(input_handle=held, element_shape=shape(t), element_dtype=t.dtype)
        if kind == 1:
            return raw.TensorListGetItem(input_handle=held, index=at, element_shape=shape(t), element_dtype=t.dtype)
        if kind == 2:
            return raw.TensorListGather(input_handle=held, indices=np.array([at, 0], np.int32), element_shape=shape(t), element_dtype=t.dtype)
        if kind == 3:
            item = raw.TensorListGetItem(input_handle=held, index=at, element_shape=shape(t), element_dtype=t.dtype)
            held = raw.TensorListPushBack(input_handle=held, tensor=item)
            return [raw.TensorListLength(input_handle=held), raw.TensorListStack(input_handle=held, element_shape=shape(t), element_dtype=t.dtype)]
        held, last = raw.TensorListPopBack(input_handle=held, element_shape=shape(t), element_dtype=t.dtype)
        return [last, raw.TensorListStack(input_handle=held, element_shape=shape(t), element_dtype=t.dtype)]

    kind = g.int(0, 4)
    rows = min(x.first.shape[0], x.second.shape[0])
    if rows < 1:
        raise Rejected("empty")
    at = g.int(0, rows - 1)
    return g.apply(run, x)


def bits(g):
    pairs = [(F32, np.int32), (np.int32, F32), (np.int64, F64), (np.int32, np.int16), (np.int64, np.int32), (np.int8, np.uint8), (np.uint8, np.int8), (F64, np.int64)]
    source, target = g.pick(*pairs)
    if np.dtype(target).kind == "f":
        x = g.value(np.int32 if target == F32 else np.int64)
        back = {F32: tf.int32, F64: tf.int64}[target]
        return g.apply(lambda t: raw.Bitcast(input=raw.Bitcast(input=t, type=target), type=back), x)
    x = g.value(source, only=lambda v: v.dtype.kind != "f" or all(np.all(a * 8 == np.round(a * 8)) for a in v.both()))
    return g.apply(lambda t: raw.Bitcast(input=t, type=target), x)


def complex_numbers(g):
    x = g.value(F32)
    y = g.partner(x)
    parts = [lambda c: raw.Real(input=c), lambda c: raw.Imag(input=c), lambda c: raw.ComplexAbs(x=c), lambda c: raw.Real(input=raw.Conj(input=c)), lambda c: raw.Imag(input=raw.Conj(input=c)), lambda c: raw.Angle(input=c)]
    chosen = [g.pick(*parts) for _ in range(g.int(1, 2))]
    return g.apply(lambda a, b: [f(raw.Complex(real=a, imag=b)) for f in chosen], x, y)


def suppression(g):
    count = g.int(1, 6)

    def boxes(_):
        low = g.random(F32, [count, 2], 0, 4)
        return np.concatenate([low, low + g.random(F32, [count, 2], 0.5, 4)], -1).astype(F32)

    b = g.input(F32, [count, 4], batched=False, array=boxes)
    s = g.input(F32, [count], batched=False, array=lambda _: (g.rng.permutation(count) / 8).astype(F32))
    most, overlap = np.int32(g.int(0, 6)), F32(g.pick(0.2, 0.45, 0.7))
    kind = g.int(0, 2)
    if kind == 0:
        return g.apply(lambda b, s: raw.NonMaxSuppressionV3(boxes=b, scores=s, max_output_size=most, iou_threshold=overlap, score_threshold=F32(0.2)), b, s)
    if kind == 1:
        pads = g.chance(0.5)
        return g.apply(lambda b, s: raw.NonMaxSuppressionV4(boxes=b, scores=s, max_output_size=most, iou_threshold=overlap, score_threshold=F32(0.2), pad_to_max_output_size=pads), b, s)
    return g.apply(lambda b, s: raw.NonMaxSuppressionV5(boxes=b, scores=s, max_output_size=most, iou_threshold=overlap, score_threshold=F32(0.2), soft_nms_sigma=F32(g_sigma)), b, s) if (g_sigma := g.pick(0.0, 0.5)) is not None else None


STEPS = [(branch, 2), (loop, 2), (lists, 2), (bits, 1.5), (complex_numbers, 1), (suppression, 1)]
