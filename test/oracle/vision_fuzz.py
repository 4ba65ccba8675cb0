"""Records TensorFlow's answers for random vision graphs.

    python vision_fuzz.py OUT.json.gz SEED COUNT

Half are single operations with random attributes, sizes and unknown dimensions, half random graphs in which
convolutions meet elementwise operations, joins, slices, pads and reductions in both layouts.
"""

import os
import sys

# oneDNN's convolutions of one channel answer anything where the kernel is as wide as the image.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

import vision_recorder as base
from vision_recorder import dynamic, grid, raw, tf


class Dice:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pick(self, *items):
        return items[self.int(0, len(items) - 1)]

    def chance(self, p):
        return self.rng.random() < p

    def shapes(self, array, channels):
        """Declared dimensions: all known, some or all unknown; the channels stay known where they must."""
        how = self.int(0, 3)
        keep = {a for a in range(array.ndim) if how == 0 or (how == 1 and a > 0) or (how == 2 and self.chance(0.5))}
        return [dynamic(array, keep | {c % array.ndim for c in channels})]


def window(d, x, depthwise=False):
    """Random strides, dilations and padding of a 2-D convolution."""
    strides = [d.int(1, 4), d.int(1, 4)] if d.chance(0.5) else [1, 1]
    dilations = [d.int(1, 3), d.int(1, 3)] if d.chance(0.4) else [1, 1]
    if depthwise:
        strides = [strides[0]] * 2
        if strides[0] > 1:
            dilations = [1, 1]
    settings = dict(strides=[1, *strides, 1], dilations=[1, *dilations, 1], padding=d.pick("SAME", "VALID", "EXPLICIT"))
    if settings["padding"] == "EXPLICIT":
        settings["explicit_paddings"] = [0, 0, *(d.int(0, 3) for _ in range(4)), 0, 0]
    return settings


def fits(x, kernel, settings):
    """Whether a window without padding has a place: TensorFlow crashes or answers anything where it has none."""
    if settings["padding"] == "SAME":
        return True
    rates = settings.get("dilations") or settings.get("rates") or [1] * x.ndim
    extra = settings.get("explicit_paddings") or [0] * (2 * x.ndim)
    return all(
        (k - 1) * rates[a] + 1 <= x.shape[a] + extra[2 * a] + extra[2 * a + 1] for a, k in enumerate(kernel, 1)
    )


def image(d, channels=None, least=1):
    return grid(d.int(1, 3), d.int(least, 11), d.int(least, 11), channels or d.int(1, 5))


def conv(d):
    groups = d.pick(1, 1, 1, 2)
    # Sixteen channels are what ONNX Runtime's blocked kernels work on.
    per_group = d.pick(d.int(1, 3), 16)
    x = image(d, groups * per_group)
    w = grid(d.int(1, 4), d.int(1, 4), per_group, groups * d.pick(d.int(1, 3), 16))
    s = window(d, x)
    if not fits(x, w.shape[:2], s):
        return conv(d)
    return lambda x: raw.Conv2D(input=x, filter=w, **s), [x], d.shapes(x, [-1])


def depthwise(d):
    x = image(d, d.pick(d.int(1, 5), 16))
    w = grid(d.int(1, 4), d.int(1, 4), x.shape[3], d.int(1, 2))
    s = window(d, x, True)
    if not fits(x, w.shape[:2], s):
        return depthwise(d)
    return lambda x: raw.DepthwiseConv2dNative(input=x, filter=w, **s), [x], d.shapes(x, [-1])


def conv3d(d):
    x = grid(d.int(1, 2), d.int(2, 6), d.int(2, 6), d.int(2, 6), d.int(1, 3))
    w = grid(d.int(1, 3), d.int(1, 3), d.int(1, 3), x.shape[4], d.int(1, 3))
    # A stride over the kernel is left out: there Eigen and oneDNN, both TensorFlow, differ.
    s = dict(strides=[1, *(d.int(1, k) for k in w.shape[:3]), 1], padding=d.pick("SAME", "VALID"))
    if not fits(x, w.shape[:3], s):
        return conv3d(d)
    return lambda x: raw.Conv3D(input=x, filter=w, **s), [x], d.shapes(x, [-1])


def transposed(d):
    g = image(d)
    kernel, strides = [d.int(1, 5), d.int(1, 5)], [d.int(1, 4), d.int(1, 4)]
    w = grid(*kernel, d.int(1, 3), g.shape[3])
    padding = d.pick("SAME", "VALID")
    sizes = []
    for out, k, s in zip(g.shape[1:3], kernel, strides):
        low, high = ((out - 1) * s + 1, out * s) if padding == "SAME" else ((out - 1) * s + k, out * s + k - 1)
        sizes.append(d.int(low, high))
    settings = dict(strides=[1, *strides, 1], padding=padding)
    if d.chance(0.3):
        z = np.array([g.shape[0], *sizes, w.shape[2]], np.int32)
        return (lambda g, z: raw.Conv2DBackpropInput(input_sizes=z, filter=w, out_backprop=g, **settings)), [g, z], d.shapes(g, [-1]) + [[4]]
    offsets = [size - out * s for size, out, s in zip(sizes, g.shape[1:3], strides)]

    def keras(g):
        shape = tf.shape(g)
        z = tf.stack([shape[0], shape[1] * strides[0] + offsets[0], shape[2] * strides[1] + offsets[1], w.shape[2]])
        return raw.Conv2DBackpropInput(input_sizes=z, filter=w, out_backprop=g, **settings)

    return keras, [g], d.shapes(g, [-1])


def pool(d):
    x = image(d, d.pick(d.int(1, 5), 16))
    op, name = d.pick((raw.MaxPool, "input"), (raw.AvgPool, "value"))
    s = dict(ksize=[1, d.int(1, 4), d.int(1, 4), 1], strides=[1, d.int(1, 4), d.int(1, 4), 1], padding=d.pick("SAME", "VALID"))
    if not fits(x, s["ksize"][1:3], s):
        return pool(d)
    return lambda x: op(**{name: x}, **s), [x], d.shapes(x, [])


def resize(d):
    x = image(d)
    op = d.pick(raw.ResizeBilinear, raw.ResizeNearestNeighbor, raw.ResizeBicubic, raw.ResizeArea)
    rule = d.pick({}, {"align_corners": True}, {} if op is raw.ResizeArea else {"half_pixel_centers": True})
    z = np.array([d.int(1, 20), d.int(1, 20)], np.int32)
    if d.chance(0.5) and not (op is raw.ResizeArea and rule):
        return lambda x, z: op(images=x, size=z, **rule), [x, z], d.shapes(x, []) + [[2]]
    declared = [list(x.shape)] if op is raw.ResizeArea else d.shapes(x, [])
    return lambda x: op(images=x, size=z, **rule), [x], declared


def patches(d):
    x = image(d)
    s = dict(ksizes=[1, d.int(1, 4), d.int(1, 4), 1], strides=[1, d.int(1, 4), d.int(1, 4), 1], rates=[1, d.int(1, 2), d.int(1, 2), 1], padding=d.pick("SAME", "VALID"))
    if not fits(x, s["ksizes"][1:3], s):
        return patches(d)
    return lambda x: raw.ExtractImagePatches(images=x, **s), [x], d.shapes(x, [])


def blocks(d):
    b = [d.int(1, 3), d.int(1, 3)]
    if d.chance(0.5):
        x = image(d)
        pads = []
        for size, each in zip(x.shape[1:3], b):
            front = d.int(0, 3)
            pads.append([front, -(size + front) % each])
        return lambda x: raw.SpaceToBatchND(input=x, block_shape=b, paddings=pads), [x], d.shapes(x, [])
    x = grid(b[0] * b[1] * d.int(1, 2), d.int(2, 4), d.int(2, 4), d.int(1, 3))
    crops = [[d.int(0, 1) if each > 1 else 0, d.int(0, 1) if each > 1 else 0] for each in b]
    return lambda x: raw.BatchToSpaceND(input=x, block_shape=b, crops=crops), [x], d.shapes(x, [])


def normalized(d):
    x = image(d)
    c = x.shape[3]
    if d.chance(0.3):
        s = dict(depth_radius=d.int(0, 4), bias=d.pick(1.0, 2.0), alpha=d.pick(0.1, 1.0), beta=d.pick(0.5, 0.75))
        return lambda x: raw.LRN(input=x, **s), [x], d.shapes(x, [])
    stats = dict(scale=grid(c), offset=grid(c), mean=grid(c), variance=grid(c, low=0.25, high=2), epsilon=1e-3)
    training = d.chance(0.3)
    if training:
        stats.update(mean=[], variance=[])
    return lambda x: raw.FusedBatchNormV3(x=x, is_training=training, **stats)[0], [x], d.shapes(x, [])


SINGLE = (conv, conv, depthwise, conv3d, transposed, transposed, pool, pool, resize, resize, patches, blocks, normalized)


def random_graph(d):
    """A graph of up to 14 operations on channels-last images (or sequences, or volumes), and up to 3 outputs."""
    spatial = d.pick(1, 2, 2, 2, 3)
    side, channels = d.pick(4, 6) if spatial < 3 else 4, d.int(2, 4)
    x = grid(2, *[side] * spatial, channels)
    seed = d.int(0, 2**31)

    def build(x):
        t = Dice(seed)
        base.RNG = np.random.default_rng(seed)
        width = t.pick(4, 4, 16)
        values = [tf.nn.convolution(x, grid(*[3] * spatial, channels, width) / width, padding="SAME")]
        if t.chance(0.3):
            values.append(x)
        for _ in range(t.int(3, 14)):
            step(t, values, spatial, width)
        chosen = [v for v in values if v.shape.rank is not None][-t.int(1, 3):]
        return [tf.cast(v, tf.float32) for v in chosen]

    how = d.int(0, 2)
    unknown = [None] * (spatial + 1)
    declared = list(x.shape) if how == 0 else [None, *x.shape[1:]] if how == 1 else [*unknown, channels]
    return build, [x], [declared]


def like(t, shape):
    """A constant that broadcasts against a shape, in one of the forms that graphs have."""
    static = [s if s is not None else 1 for s in shape]
    form = t.int(0, 4)
    if form == 0:
        return np.float32(grid())
    if form == 1 and static:
        return grid(static[-1])
    if form == 2:
        return grid(*[1] * (len(static) - 1), static[-1] if static else 1)
    if form == 3 and len(static) == 4:
        return grid(1, 1, 1, static[3])
    return grid(*[s if t.chance(0.5) else 1 for s in static])


def mild_sigmoid(x):
    """ONNX Runtime's sigmoid is exact to 4e-8, which is less than the house tolerance where all results are tiny."""
    return tf.sigmoid(tf.clip_by_value(x, -6.0, 6.0))


def step(t, values, spatial, width):
    v = values[t.int(max(0, len(values) - 4), len(values) - 1)]
    rank, shape = v.shape.rank, v.shape.as_list()
    full = spatial + 2
    known = [s is not None for s in shape]
    kind = t.int(0, 19)
    if kind <= 2:
        f = t.pick(tf.nn.relu, tf.nn.relu6, tf.tanh, mild_sigmoid, tf.abs, tf.square, tf.nn.elu, tf.negative, tf.identity)
        values.append(f(v))
    elif kind <= 4:
        f = t.pick(tf.add, tf.multiply, tf.subtract, tf.maximum, tf.minimum)
        c = like(t, shape)
        values.append(f(v, c) if t.chance(0.7) else f(c, v))
    elif kind <= 6:
        same = [u for u in values if u.shape.rank == rank and u.shape.as_list() == shape]
        u = same[t.int(0, len(same) - 1)]
        values.append(t.pick(tf.add, tf.multiply, tf.maximum)(v, u))
    elif kind == 7 and rank == full and shape[-1] is not None:
        same = [u for u in values if u.shape.rank == rank and u.shape.as_list()[:-1] == shape[:-1] and u.shape[-1] is not None]
        values.append(tf.concat([v, *[u for u in same if t.chance(0.5)]][:3], t.pick(rank - 1, -1)))
    elif kind <= 9 and rank == full and shape[-1] is not None:
        k = t.int(1, 3)
        s = t.pick(1, 1, 2)
        values.append(tf.nn.convolution(v, grid(*[k] * spatial, shape[-1], t.pick(t.int(1, 4), width)) / 4, [s] * spatial, "SAME"))
    elif kind == 10 and rank == full:
        pool = t.pick("MAX", "AVG")
        values.append(tf.nn.pool(v, [2] * spatial, pool, padding="SAME"))
    elif kind == 11 and rank:
        pads = [[0, 0]] + [[t.int(0, 1), t.int(0, 2)] for _ in range(rank - 1)]
        values.append(tf.pad(v, pads, constant_values=t.pick(0.0, 1.5)))
    elif kind == 12 and rank and rank >= 2:
        axes = sorted({t.int(0, rank - 1) for _ in range(t.int(1, 2))})
        axes = [a - rank if t.chance(0.3) else a for a in axes]
        f = t.pick(tf.reduce_mean, tf.reduce_sum, tf.reduce_max, tf.reduce_min)
        values.append(f(v, axes, keepdims=t.chance(0.6)))
    elif kind == 13 and rank == full and shape[-1] and shape[-1] % 2 == 0:
        values.extend(tf.split(v, 2, axis=t.pick(rank - 1, -1)))
    elif kind == 14 and rank == full and all(known[1:]) and min(shape[1:-1]) >= 3:
        values.append(v[:, 1:, ..., :: t.pick(1, 2)])
    elif kind == 15 and rank and rank >= 3:
        last = rank - 1
        to_first, to_last = [0, last, *range(1, last)], [0, *range(2, rank), 1]
        swapped = [0, 2, 1, *range(3, rank)]
        values.append(tf.transpose(v, t.pick(to_first, to_last, swapped, list(range(rank))[::-1])))
    elif kind == 16 and rank == 4:
        size = [t.int(2, 7), t.int(2, 7)]
        values.append(raw.ResizeBilinear(images=v, size=size, half_pixel_centers=t.chance(0.5)))
    elif kind == 17 and rank and rank >= 2:
        u = values[t.int(0, len(values) - 1)]
        values.append(tf.where(v > 0.25, v, tf.zeros_like(v)) if u is v else tf.nn.softmax(v, axis=t.pick(-1, 1)))
    elif kind == 18 and rank and rank < 5:
        values.append(tf.expand_dims(v, t.int(-rank - 1, rank)))
    elif kind == 19 and rank and 1 in shape:
        values.append(tf.squeeze(v, [shape.index(1)]))


def main():
    out, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    base.CASES.clear()
    d = Dice(seed)
    base.RNG = d.rng
    for number in range(count):
        make = random_graph if number % 2 else d.pick(*SINGLE)
        fn, arrays, shapes = make(d)
        base.case(f"{seed}:{number} {make.__name__}", fn, *arrays, shapes=shapes)
    base.write(out)


if __name__ == "__main__":
    main()
