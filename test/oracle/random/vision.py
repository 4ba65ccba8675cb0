"""The vision tier; vision_fuzz.py goes deeper into the forms of convolutions."""

import numpy as np
import tensorflow as tf

from graph import F32, Rejected

raw = tf.raw_ops


def image(g, channels=None, only=None):
    """Images whose sizes are known, and alike at both batch sizes; windows without a place crash TensorFlow."""
    def fits(v):
        known = all(v.static(i) for i in (1, 2, 3)) and v.symbol.shape.rank == 4 and min(v.shape[1:]) > 0
        return known and (channels is None or v.shape[3] == channels) and (only is None or only(v))

    there = [v for v in g.pool if v.dtype == F32 and v.rank == 4 and fits(v)]
    if there and g.chance(0.8):
        return g.pick(*there)
    made = g.input(F32, [g.batches[0], g.pick(4, 5, 6), g.pick(4, 6, 8), channels or g.int(1, 4)])
    if not fits(made):
        raise Rejected("image")
    return made


def known_channels(v):
    return v.symbol.shape[3] is not None


def conv(g):
    x = image(g, only=known_channels)
    k, s, r = [g.int(1, 3), g.int(1, 3)], g.pick(1, 1, 2), g.pick(1, 1, 2)
    padding = g.pick("SAME", "VALID")
    if padding == "VALID" and any((a - 1) * r + 1 > b for a, b in zip(k, x.shape[1:3])):
        raise Rejected("no place")
    s = 1 if r > 1 else s
    settings = dict(strides=[1, s, s, 1], dilations=[1, r, r, 1], padding=padding)
    if g.chance(0.4):
        w = g.constant(g.random(F32, [*k, x.shape[3], g.int(1, 2)], -1, 1))
        return g.apply(lambda t, w: raw.DepthwiseConv2dNative(input=t, filter=w, **settings), x, w)
    w = g.constant(g.random(F32, [*k, x.shape[3], g.int(1, 4)], -1, 1))
    return g.apply(lambda t, w: raw.Conv2D(input=t, filter=w, **settings), x, w)


def pool(g):
    x = image(g)
    k = [1, g.int(1, 3), g.int(1, 3), 1]
    settings = dict(ksize=k, strides=[1, g.int(1, 2), g.int(1, 2), 1], padding=g.pick("SAME", "VALID"))
    if g.chance(0.5):
        return g.apply(lambda t: raw.MaxPool(input=t, **settings), x)
    return g.apply(lambda t: raw.AvgPool(value=t, **settings), x)


def resize(g):
    x = image(g)
    op = g.pick("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic")
    rule = g.pick({}, {"align_corners": True}, {"half_pixel_centers": True})
    size = np.array([g.int(1, 9), g.int(1, 9)], np.int32)
    return g.apply(lambda t: getattr(raw, op)(images=t, size=size, **rule), x)


def normal(g):
    x = image(g, only=known_channels)
    c = x.shape[3]
    if g.chance(0.25):
        radius, bias, alpha, beta = g.int(0, 3), g.pick(1.0, 2.0), g.pick(0.1, 1.0), g.pick(0.5, 0.75)
        return g.apply(lambda t: raw.LRN(input=t, depth_radius=radius, bias=bias, alpha=alpha, beta=beta), x)
    scale, offset, mean = (g.random(F32, [c]) for _ in range(3))
    variance = g.random(F32, [c], 0.25, 2)
    return g.apply(lambda t: raw.FusedBatchNormV3(x=t, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False)[0], x)


def blocks(g):
    kind, b = g.int(0, 3), 2
    if kind == 0:
        x = image(g, only=lambda v: v.shape[1] % b == 0 and v.shape[2] % b == 0)
        return g.apply(lambda t: raw.SpaceToDepth(input=t, block_size=b), x)
    if kind == 1:
        x = image(g, channels=4, only=known_channels)
        return g.apply(lambda t: raw.DepthToSpace(input=t, block_size=b), x)
    x = image(g)
    block, pads = [g.int(1, 3), g.int(1, 3)], []
    for size, each in zip(x.shape[1:3], block):
        front = g.int(0, 2)
        pads.append([front, -(size + front) % each])

    def there(t):
        return raw.SpaceToBatchND(input=t, block_shape=np.array(block, np.int32), paddings=np.array(pads, np.int32))

    if kind == 2:
        return g.apply(there, x)
    return g.apply(lambda t: raw.BatchToSpaceND(input=there(t), block_shape=np.array(block, np.int32), crops=np.array(pads, np.int32)), x)


def color(g):
    kind = g.int(0, 3)
    if kind == 0:
        x = image(g)
        factor = g.random(F32, [], 0.25, 2)
        return g.apply(lambda t: raw.AdjustContrastv2(images=t, contrast_factor=factor), x)
    x = g.input(F32, [g.batches[0], 2, 3, 3], 0, 1)
    if kind == 1:
        return g.apply(lambda t: raw.RGBToHSV(images=t), x)
    if kind == 2:
        return g.apply(lambda t: raw.HSVToRGB(images=t), x)
    scale = g.random(F32, [], 0, 2)
    return g.apply(lambda t: raw.AdjustSaturation(images=t, scale=scale), x)


def quantized(g):
    x = g.value(F32)
    low, high = -g.int(0, 4) / 2, g.int(1, 8) / 2
    bits, narrow = g.int(2, 8), g.chance(0.5)
    return g.apply(lambda t: raw.FakeQuantWithMinMaxVars(inputs=t, min=F32(low), max=F32(high), num_bits=bits, narrow_range=narrow), x)


def patches(g):
    x = image(g, only=lambda v: min(v.shape[1:3]) >= 3)
    k, s = [1, g.int(1, 3), g.int(1, 3), 1], [1, g.int(1, 2), g.int(1, 2), 1]
    padding = g.pick("SAME", "VALID")
    return g.apply(lambda t: raw.ExtractImagePatches(images=t, ksizes=k, strides=s, rates=[1] * 4, padding=padding), x)


STEPS = [(conv, 4), (pool, 3), (resize, 2), (normal, 2), (blocks, 2), (color, 1), (quantized, 0.7), (patches, 0.7)]
