"""The vision tier: volumes, transposed convolutions, pools with places, normalisation, what Grappler fuses."""

import numpy as np
import tensorflow as tf

from graph import F32, Rejected
from vision import image, known_channels

raw = tf.raw_ops


def volume(g):
    x = g.input(F32, [g.batches[0], g.int(2, 4), g.int(2, 4), g.int(2, 4), g.int(1, 3)])
    kind = g.int(0, 3)
    padding, s = g.pick("SAME", "VALID"), g.int(1, 2)
    k = [g.int(1, 2) for _ in range(3)]
    strides = [1, s, s, s, 1]
    if kind <= 1 and x.symbol.shape.rank == 5 and x.symbol.shape[4] is not None:
        w = g.constant(g.random(F32, [*k, x.shape[4], g.int(1, 3)], -1, 1))
        if kind == 0:
            return g.apply(lambda t, w: raw.Conv3D(input=t, filter=w, strides=strides, padding=padding), x, w)
        w = g.constant(g.random(F32, [*k, g.int(1, 3), x.shape[4]], -1, 1))
        sizes = [(n - 1) * s + (1 if padding == "SAME" else k[i]) + g.int(0, s - 1) for i, n in enumerate(x.shape[1:4])]
        out = lambda t: raw.ConcatV2(values=[raw.StridedSlice(input=raw.Shape(input=t), begin=[0], end=[1], strides=[1]), np.array([*sizes, w.shape[3]], np.int32)], axis=0)
        return g.apply(lambda t, w: raw.Conv3DBackpropInputV2(input_sizes=out(t), filter=w, out_backprop=t, strides=strides, padding=padding), x, w)
    settings = dict(ksize=[1, *k, 1], strides=strides, padding=padding)
    op = g.pick(raw.MaxPool3D, raw.AvgPool3D)
    return g.apply(lambda t: op(input=t, **settings), x)


def transposed(g):
    x = image(g, only=known_channels)
    padding, s, k = g.pick("SAME", "VALID"), g.int(1, 3), [g.int(1, 3), g.int(1, 3)]
    w = g.constant(g.random(F32, [*k, g.int(1, 3), x.shape[3]], -1, 1))
    sizes = [n * s - g.int(0, s - 1) if padding == "SAME" else (n - 1) * s + k[i] + g.int(0, s - 1) for i, n in enumerate(x.shape[1:3])]
    if padding == "SAME" and any(-(-size // s) != n for size, n in zip(sizes, x.shape[1:3])):
        raise Rejected("sizes")
    out = lambda t: raw.ConcatV2(values=[raw.StridedSlice(input=raw.Shape(input=t), begin=[0], end=[1], strides=[1]), np.array([*sizes, w.shape[2]], np.int32)], axis=0)
    return g.apply(lambda t, w: raw.Conv2DBackpropInput(input_sizes=out(t), filter=w, out_backprop=t, strides=[1, s, s, 1], padding=padding), x, w)


def pools(g):
    x = image(g)
    k, s, padding = [1, g.int(1, 3), g.int(1, 3), 1], [1, g.int(1, 2), g.int(1, 2), 1], g.pick("SAME", "VALID")
    if g.chance(0.4):
        return g.apply(lambda t: raw.MaxPoolV2(input=t, ksize=np.array(k, np.int32), strides=np.array(s, np.int32), padding=padding), x)
    places, batch = g.pick(np.int64, np.int32), g.chance(0.4)
    # The place of the first of several largest is TensorFlow's answer only where no two are equal.
    y = g.input(F32, [g.batches[0], 4, 6, 2], array=lambda size: g.rng.permutation(int(np.prod(size))).reshape(size).astype(F32) / 4)
    return g.apply(lambda t: raw.MaxPoolWithArgmax(input=t, ksize=k, strides=s, padding=padding, Targmax=places, include_batch_in_index=batch), y)


def normal(g):
    x = image(g, only=known_channels)
    c = x.shape[3]
    op = g.pick("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    epsilon = g.pick(1e-3, 1e-4, 0.1)
    scale, offset = (g.constant(g.random(F32, [c])) for _ in range(2))
    if g.chance(0.35) and 0 not in g.batches:
        none = np.zeros([0], F32)
        # With less than a few elements the variance is not a stable number.
        return g.apply(lambda t, a, b: getattr(raw, op)(x=t, scale=a, offset=b, mean=none, variance=none, epsilon=epsilon, is_training=True)[0], x, scale, offset)
    mean, variance = g.constant(g.random(F32, [c])), g.constant(g.random(F32, [c], 0.25, 2))
    return g.apply(lambda t, a, b, m, v: getattr(raw, op)(x=t, scale=a, offset=b, mean=m, variance=v, epsilon=epsilon, is_training=False)[0], x, scale, offset, mean, variance)


def encode(attrs):
    made = {}
    for key, value in attrs.items():
        attr = made[key] = tf.compat.v1.AttrValue()
        if isinstance(value, bool):
            attr.b = value
        elif isinstance(value, int):
            attr.i = value
        elif isinstance(value, float):
            attr.f = value
        elif isinstance(value, str):
            attr.s = value.encode()
        elif isinstance(value, tf.DType):
            attr.type = value.as_datatype_enum
        elif value and isinstance(value[0], str):
            attr.list.s.extend(each.encode() for each in value)
        elif value and isinstance(value[0], tf.DType):
            attr.list.type.extend(each.as_datatype_enum for each in value)
        else:
            attr.list.i.extend(value)
    return made


def node(op, inputs, types, **attrs):
    """An operation that only Grappler writes."""
    graph = tf.compat.v1.get_default_graph()
    return graph.create_op(op, [tf.convert_to_tensor(t) for t in inputs], types, attrs=encode(attrs), name=op.strip("_")).outputs[0]


ACTIVATIONS = {
    "Relu": tf.nn.relu,
    "Relu6": tf.nn.relu6,
    "Elu": tf.nn.elu,
    "LeakyRelu": lambda t: tf.nn.leaky_relu(t, 0.25),
}


def fused(g):
    kind = g.pick("_FusedConv2D", "_FusedDepthwiseConv2dNative", "_FusedBatchNormEx", "_FusedMatMul")
    name = g.pick("", *ACTIVATIONS)
    act = ACTIVATIONS.get(name, lambda t: t)
    # Without oneDNN TensorFlow has the tanh of a product, and of no convolution.
    if kind == "_FusedMatMul":
        x = g.value(F32, least=2, most=2)
        if not x.static(1) or 0 in x.shape:
            raise Rejected("batch")
        n, name = g.int(1, 4), g.pick("", "Relu", "Relu6", "Elu", "Tanh")
        act = tf.tanh if name == "Tanh" else ACTIVATIONS.get(name, lambda t: t)
        w, b, other = g.random(F32, [x.shape[1], n]), g.random(F32, [n]), g.chance(0.4)
        if other:
            w = w.T.copy()
        ops = ["BiasAdd", name] if name else ["BiasAdd"]
        return g.apply(
            lambda t: act(tf.matmul(t, w, transpose_b=other) + b), x,
            symbolic=lambda t: node(kind, [t, w, b], [tf.float32], T=tf.float32, num_args=1, transpose_a=False, transpose_b=other, fused_ops=ops),
        )
    x = image(g, channels=4 if kind == "_FusedBatchNormEx" else None, only=known_channels)
    c, padding = x.shape[3], g.pick("SAME", "VALID")
    if kind == "_FusedBatchNormEx":
        if c % 4:
            raise Rejected("channels")
        mode = g.pick("Identity", "Relu")
        stats = [g.random(F32, [c], *limits) for limits in ((), (), (), (0.5, 2))]
        plain = lambda t: raw.FusedBatchNormV3(x=t, scale=stats[0], offset=stats[1], mean=stats[2], variance=stats[3], epsilon=0.001, is_training=False)[0]
        return g.apply(
            lambda t: tf.nn.relu(plain(t)) if mode == "Relu" else plain(t), x,
            symbolic=lambda t: node(kind, [t, *stats], [tf.float32] * 6, T=tf.float32, U=tf.float32, epsilon=0.001, exponential_avg_factor=1.0, num_side_inputs=0, activation_mode=mode, data_format="NHWC", is_training=False),
        )
    s, k = g.int(1, 2), [g.int(1, 3), g.int(1, 3)]
    common = dict(strides=[1, s, s, 1], padding=padding, T=tf.float32)
    settings = dict(strides=[1, s, s, 1], padding=padding)
    if kind == "_FusedConv2D":
        w, b = g.random(F32, [*k, c, g.int(1, 3)], -1, 1), None
        b = g.random(F32, [w.shape[3]])
        ops = ["BiasAdd", name] if name else ["BiasAdd"]
        return g.apply(
            lambda t: act(raw.Conv2D(input=t, filter=w, **settings) + b), x,
            symbolic=lambda t: node(kind, [t, w, b], [tf.float32], num_args=1, num_host_args=0, fused_ops=ops, leakyrelu_alpha=0.25, TArgs=[tf.float32], **common),
        )
    w, b, name = g.random(F32, [*k, c, g.int(1, 2)], -1, 1), None, g.pick("", "Relu", "Relu6")
    b = g.random(F32, [c * w.shape[3]])
    act = ACTIVATIONS.get(name, lambda t: t)
    ops = ["BiasAdd", name] if name else ["BiasAdd"]
    return g.apply(
        lambda t: act(raw.DepthwiseConv2dNative(input=t, filter=w, **settings) + b), x,
        symbolic=lambda t: node(kind, [t, w, b], [tf.float32], num_args=1, fused_ops=ops, **common),
    )


def spread(g):
    """The older forms of moving blocks, of 64-bit floats too."""
    x = image(g)
    b = g.pick(2, 3)
    front = [g.int(0, 2), g.int(0, 2)]
    pads = np.array([[f, -(n + f) % b] for f, n in zip(front, x.shape[1:3])], np.int32)
    there = lambda t: raw.SpaceToBatch(input=t, paddings=pads, block_size=b)
    if g.chance(0.5):
        return g.apply(there, x)
    return g.apply(lambda t: raw.BatchToSpace(input=there(t), crops=pads, block_size=b), x)


STEPS = [(volume, 3), (transposed, 2), (pools, 2), (normal, 2), (fused, 3), (spread, 1)]
