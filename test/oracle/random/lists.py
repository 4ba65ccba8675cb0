"""Tier 3: the rarer operations on lists of tensors, and branches by number."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, Rejected

raw = tf.raw_ops


def listed(g):
    kind, dtype = g.int(0, 7), g.pick(F32, F64, np.int32, np.int64)
    width, rows = g.int(1, 3), g.int(1, 4)
    x = g.input(dtype, [rows, width], batched=False)
    row = np.array([width], np.int32)
    stack = lambda held: raw.TensorListStack(input_handle=held, element_shape=row, element_dtype=dtype)
    made = lambda t: raw.TensorListFromTensor(tensor=t, element_shape=row)
    if kind == 0:
        def pushed(t):
            held = raw.EmptyTensorList(element_shape=row, max_num_elements=np.int32(-1), element_dtype=dtype)
            for i in range(rows):
                held = raw.TensorListPushBack(input_handle=held, tensor=t[i])
            return [stack(held), raw.TensorListLength(input_handle=held)]

        return g.apply(pushed, x)
    if kind == 1:
        op = g.pick("TensorListConcat", "TensorListConcatV2")
        extra = {"element_shape": np.array([-1], np.int32), "leading_dims": np.zeros([0], np.int64)} if op.endswith("V2") else {"element_shape": tf.TensorShape([None])}
        return g.apply(lambda t: getattr(raw, op)(input_handle=made(t), element_dtype=dtype, **extra), x)
    if kind == 2:
        out = g.pick(np.int32, np.int64)
        return g.apply(lambda t: raw.TensorListElementShape(input_handle=made(t), shape_type=out), x)
    if kind == 3:
        size = g.int(0, rows + 2)
        return g.apply(lambda t: stack(raw.TensorListResize(input_handle=made(t), size=np.int32(size))) if size else raw.TensorListLength(input_handle=raw.TensorListResize(input_handle=made(t), size=np.int32(size))), x)
    order = g.rng.permutation(rows).astype(np.int32)
    if kind == 4:
        y = g.feed(g.random(dtype, [rows, width]))
        return g.apply(lambda t, y: stack(raw.TensorListScatterIntoExistingList(input_handle=made(t), tensor=y, indices=order)), x, y)
    if kind == 5:
        return g.apply(lambda t: stack(raw.TensorListScatterV2(tensor=t, indices=order, element_shape=row, num_elements=np.int32(g_size))), x) if (g_size := g.pick(-1, rows + 1)) else None
    if kind == 6:
        lengths = np.array([width] * 2, np.int64)
        y = g.input(dtype, [2 * width], batched=False)
        return g.apply(lambda t: stack(raw.TensorListSplit(tensor=t, element_shape=np.array([width], np.int32), lengths=lengths)), y)
    at = g.int(0, rows - 1)
    return g.apply(lambda t: raw.TensorListGather(input_handle=made(t), indices=order[:at], element_shape=row, element_dtype=dtype), x)


def switched(g):
    """Case with branches that make other numbers of outputs' values, by a number that may lie outside."""
    x = g.value((F32, np.int32), least=0)
    n = g.input(np.int32, [], -1, 4, batched=False)
    if g.chance(0.3):
        [n] = g.apply(lambda: raw.DeviceIndex(device_names=["CPU", "GPU"]), symbolic=lambda: raw.DeviceIndex(device_names=["CPU", "GPU"]))
    a = g.random(x.dtype.type, [], 1, 2)
    branches = [lambda t: t + a, lambda t: t * a, lambda t: tf.zeros_like(t), lambda t: tf.maximum(t, a) - a]
    return g.apply(lambda t, n: tf.switch_case(n, [lambda f=f: [f(t), tf.reduce_sum(f(t))] for f in branches]), x, n)


def nested(g):
    """A loop that runs until its values say so, with a branch and a loop inside."""
    x = g.value(F32, least=1, most=3, low=-6, high=6)
    if 0 in x.shape or 0 in tuple(x.second.shape):
        raise Rejected("empty")
    limit, inner = float(g.int(2, 20)), g.int(0, 3)

    def run(t):
        def body(i, v):
            v = tf.cond(tf.equal(i % 2, 0), lambda: v + tf.reduce_max(tf.abs(v)) + 1, lambda: v * 0.5 + 1)
            _, v = tf.while_loop(lambda j, _: j < inner, lambda j, v: (j + 1, v + 0.25 * tf.cast(j + i, tf.float32)), [tf.constant(0), v])
            return i + 1, v

        return tf.while_loop(lambda i, v: tf.logical_and(i < 5, tf.reduce_sum(v) < limit), body, [tf.constant(0), t])

    return g.apply(run, x)


STEPS = [(listed, 3), (switched, 1), (nested, 1)]
