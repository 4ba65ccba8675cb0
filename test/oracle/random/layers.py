"""Layers as their compositions, which are recognised and fused, and the cells of recurrent ones."""

import math

import numpy as np
import tensorflow as tf

from graph import F32, F64, FLOATS, Rejected

raw = tf.raw_ops


def normalized(g):
    x = g.value(F32, least=2)
    if not x.static(-1) or x.shape[-1] < 2:
        raise Rejected("batch")
    n, epsilon, form = x.shape[-1], g.pick(1e-3, 1e-2), g.int(0, 2)
    gamma, beta = g.constant(g.random(F32, [n])), g.constant(g.random(F32, [n]))

    def run(t, gamma, beta):
        mean = tf.reduce_mean(t, -1, keepdims=True)
        if form == 0:
            variance = tf.reduce_mean(tf.math.squared_difference(t, tf.stop_gradient(mean)), -1, keepdims=True)
            scale = tf.math.rsqrt(variance + epsilon) * gamma
            return t * scale + (beta - mean * scale)
        variance = tf.reduce_mean(tf.square(t - mean), -1, keepdims=True)
        if form == 1:
            return (t - mean) / tf.sqrt(variance + epsilon) * gamma + beta
        return (t - mean) * tf.math.rsqrt(variance + epsilon) * gamma + beta

    return g.apply(run, x, gamma, beta)


def activated(g):
    # ONNX Runtime's Gelu adds 1 to an erf, which loses what is left of results that are all tiny.
    x = g.value(F32, low=-3, high=6)
    forms = {
        "gelu": lambda t: 0.5 * t * (1.0 + tf.math.erf(t / math.sqrt(2.0))),
        "gelu erfc": lambda t: 0.5 * t * tf.math.erfc(-t * math.sqrt(0.5)),
        "gelu tanh": lambda t: 0.5 * t * (1.0 + tf.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * tf.pow(t, 3.0)))),
        "hard swish": lambda t: t * tf.nn.relu6(t + 3.0) * (1.0 / 6.0),
        "hard sigmoid": lambda t: tf.nn.relu6(t + 3.0) / 6.0,
        "hard sigmoid clip": lambda t: tf.clip_by_value(0.2 * t + 0.5, 0.0, 1.0),
        "swish": lambda t: t * tf.sigmoid(t),
        "mish": lambda t: t * tf.tanh(tf.math.softplus(t)),
    }
    return g.apply(forms[g.pick(*forms)], x)


def attention(g):
    rows, depth, heads = g.int(1, 4), g.int(1, 3), g.int(1, 3)
    x = g.input(F32, [g.batches[0], rows, heads * depth])
    w = [g.constant(g.random(F32, [heads * depth, heads, depth], -1, 1)) for _ in range(3)]

    def run(t, q, k, v):
        q, k, v = (raw.Einsum(inputs=[t, m], equation="abc,cde->abde") for m in (q, k, v))
        scores = raw.Einsum(inputs=[k, q * (1 / math.sqrt(depth))], equation="aecd,abcd->acbe")
        return raw.Einsum(inputs=[tf.nn.softmax(scores), v], equation="acbe,aecd->abcd")

    return g.apply(run, x, *w)


def cell(g):
    kind = g.pick("LSTMBlockCell", "GRUBlockCell", "BlockLSTM", "BlockLSTMV2")
    width, units, batch, time = g.int(1, 3), g.int(1, 3), g.batches[0], g.int(1, 4)
    if kind == "GRUBlockCell":
        x, h = g.input(F32, [batch, width]), g.input(F32, [batch, units])
        sizes = [[width + units, 2 * units], [width + units, units], [2 * units], [units]]
        w = [g.constant(g.random(F32, s, -1, 1)) for s in sizes]
        return g.apply(lambda x, h, a, b, c, d: raw.GRUBlockCell(x=x, h_prev=h, w_ru=a, w_c=b, b_ru=c, b_c=d), x, h, *w)
    sizes = [[width + units, 4 * units], [units], [units], [units], [4 * units]]
    w = [g.constant(g.random(F32, s, -1, 1)) for s in sizes]
    peep, clip, forget = g.chance(0.4), g.pick(-1.0, 0.5, 3.0), g.pick(1.0, 0.0, 0.5)
    parts = lambda w: dict(zip(("w", "wci", "wcf", "wco", "b"), w))
    if kind == "LSTMBlockCell":
        x, c, h = g.input(F32, [batch, width]), g.input(F32, [batch, units]), g.input(F32, [batch, units])
        return g.apply(lambda x, c, h, *w: raw.LSTMBlockCell(x=x, cs_prev=c, h_prev=h, forget_bias=forget, cell_clip=clip, use_peephole=peep, **parts(w)), x, c, h, *w)
    x = g.input(F32, [time, 2, width], batched=False)
    c, h = g.feed(g.random(F32, [2, units])), g.feed(g.random(F32, [2, units]))
    steps = np.int64(g.int(0, time))
    extra = {"forget_bias": forget} if kind == "BlockLSTM" else {}
    return g.apply(lambda x, c, h, *w: getattr(raw, kind)(seq_len_max=steps, x=x, cs_prev=c, h_prev=h, cell_clip=abs(clip), use_peephole=peep, **extra, **parts(w)), x, c, h, *w)


def recurrent(g):
    """A layer of Keras as the loop that it writes: states in the loop's variables, outputs in a list."""
    kind, width, units, time = g.pick("lstm", "gru", "simple"), g.int(1, 3), g.int(1, 3), g.int(1, 4)
    gates = {"lstm": 4, "gru": 3, "simple": 1}[kind]
    x = g.input(F32, [g.batches[0], time, width])
    w, u = g.constant(g.random(F32, [width, gates * units], -1, 1)), g.constant(g.random(F32, [units, gates * units], -1, 1))
    b = g.constant(g.random(F32, [2, gates * units] if kind == "gru" else [gates * units], -1, 1))
    if 0 in g.batches:
        raise Rejected("without rows ONNX Runtime's recurrent kernels end the process: refused with a code")
    backwards, every = g.chance(0.3), g.chance(0.5)

    def step(t, states, w, u, b):
        if kind == "simple":
            return [tf.tanh(raw.BiasAdd(value=tf.matmul(t, w), bias=b) + tf.matmul(states[0], u))]
        if kind == "lstm":
            h, c = states
            i, f, n, o = tf.split(raw.BiasAdd(value=tf.matmul(t, w) + tf.matmul(h, u), bias=b), 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(n)
            return [tf.sigmoid(o) * tf.tanh(c), c]
        [h] = states
        xz, xr, xh = tf.split(raw.BiasAdd(value=tf.matmul(t, w), bias=b[0]), 3, axis=-1)
        hz, hr, hh = tf.split(raw.BiasAdd(value=tf.matmul(h, u), bias=b[1]), 3, axis=-1)
        z = tf.sigmoid(xz + hz)
        return [z * h + (1 - z) * tf.tanh(xh + tf.sigmoid(xr + hr) * hh)]

    def run(t, w, u, b):
        t = tf.transpose(t, [1, 0, 2])
        t = tf.reverse(t, [0]) if backwards else t
        zero = tf.fill(tf.stack([tf.shape(t)[1], units]), 0.0)
        steps = tf.shape(t)[0]
        inputs = raw.TensorListFromTensor(tensor=t, element_shape=np.array([-1, width], np.int32))
        outputs = raw.TensorListReserve(element_shape=np.array([-1, units], np.int32), num_elements=steps if every else np.int32(1), element_dtype=tf.float32)

        def body(i, held, *states):
            row = raw.TensorListGetItem(input_handle=inputs, index=i, element_shape=np.array([-1, width], np.int32), element_dtype=tf.float32)
            states = step(row, states, w, u, b)
            held = raw.TensorListSetItem(input_handle=held, index=i if every else np.int32(0), item=states[0])
            return (i + 1, held, *states)

        states = [zero] * (2 if kind == "lstm" else 1)
        _, held, *states = tf.while_loop(lambda i, *_: i < steps, body, [tf.constant(0), outputs, *states])
        rows = raw.TensorListStack(input_handle=held, element_shape=np.array([-1, units], np.int32), element_dtype=tf.float32)
        return [tf.transpose(rows, [1, 0, 2]), *states]

    return g.apply(run, x, w, u, b)


def plumbing(g):
    """Operations that hand their inputs through, and older names of others."""
    kind = g.int(0, 8)
    x = g.value(FLOATS + (np.int32, np.int64))
    if kind == 0:
        return g.apply(lambda a, b: raw.IdentityN(input=[a, b]), x, g.value(FLOATS + (np.int64,)))
    if kind == 1:
        shape = [None if g.chance(0.5) or not x.static(i) else n for i, n in enumerate(x.shape)]
        return g.apply(lambda t: raw.EnsureShape(input=t, shape=shape), x)
    if kind == 2:
        shape = [n if x.static(i) else None for i, n in enumerate(x.shape)]
        # Eagerly a placeholder is its default.
        return g.apply(lambda t: t, x, symbolic=lambda t: raw.PlaceholderWithDefault(input=t, shape=shape))
    same = [v for v in g.pool if v.dtype == x.dtype and v.first.shape == x.first.shape and v.second.shape == x.second.shape]
    if kind == 3:
        if not all(x.static(i) for i in range(x.rank)):
            raise Rejected("batch")
        y = g.pick(*same, x)
        return g.apply(lambda a, b: raw.AddN(inputs=[a, b]), x, y, symbolic=lambda a, b: raw.AccumulateNV2(inputs=[a, b], shape=x.shape))
    if kind == 4:
        x = g.value(FLOATS + (np.int32,), least=2)
        if not x.static(-1):
            raise Rejected("batch")
        return g.apply(lambda t, b: raw.BiasAddV1(value=t, bias=b), x, g.constant(g.random(x.dtype.type, [x.shape[-1]])))
    if kind == 5:
        shape = raw.Shape
        return g.apply(lambda t: raw.TopKV2(input=t, k=raw.Size(input=shape(input=t))), g.value(FLOATS + (np.int64,), least=1, only=lambda v: v.static(-1) and v.shape[-1] >= v.rank))
    if kind == 6:
        x = g.value(FLOATS + (np.int32, np.int64, bool), least=1)
        flags = np.array([g.chance(0.5) for _ in range(x.rank)])
        return g.apply(lambda t: raw.Reverse(tensor=t, dims=flags), x)
    if kind == 7:
        x = g.value(FLOATS)
        return g.apply(lambda t: raw.CheckNumericsV2(tensor=t, message="m"), x)
    # Random numbers have a shape and a range, and nothing else that can be compared.
    op = g.pick("RandomUniform", "RandomStandardNormal", "RandomUniformInt")
    x = g.value((F32, F64, np.int32), least=1)
    if op == "RandomUniformInt":
        made = lambda t: raw.RandomUniformInt(shape=raw.Shape(input=t), minval=np.int32(3), maxval=np.int32(9))
        return g.apply(lambda t: [raw.Shape(input=made(t)), raw.All(input=raw.Less(x=made(t), y=np.int32(9)), axis=list(range(x.rank)))], x)
    kind = g.pick(F32, F64)
    made = lambda t: getattr(raw, op)(shape=raw.Shape(input=t), dtype=kind)
    return g.apply(lambda t: [raw.Shape(input=made(t)), raw.All(input=raw.IsFinite(x=made(t)), axis=list(range(x.rank)))], x)


STEPS = [(normalized, 2), (activated, 2), (attention, 1), (cell, 2), (recurrent, 2), (plumbing, 4)]
