"""The vision tier: crops, resampling, colours, files of images, boxes, simulated quantisation."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, Rejected
from vision import image

raw = tf.raw_ops


def crop(g):
    x = image(g)
    low = min(x.shape[0], x.second.shape[0])
    if low < 1:
        raise Rejected("empty")
    count = g.int(0, 4)
    # On a grid of a prime number no sample falls where rounding decides.
    boxes = g.feed(np.round(g.rng.uniform(-0.4, 1.4, [count, 4]) * 37) / 37, F32)
    index = g.feed(g.random(np.int32, [count], 0, low - 1))
    size, method = np.array([g.int(1, 6), g.int(1, 6)], np.int32), g.pick("bilinear", "bilinear", "nearest")
    beyond = g.pick(0.0, -1.5)
    return g.apply(lambda t, b, i: raw.CropAndResize(image=t, boxes=b, box_ind=i, crop_size=size, method=method, extrapolation_value=beyond), x, boxes, index)


def resample(g):
    x = image(g)
    kernel = g.pick("lanczos1", "lanczos3", "lanczos5", "gaussian", "triangle", "keyscubic", "mitchellcubic")
    size = [g.int(1, 9), g.int(1, 9)]
    scale = np.array([a / b for a, b in zip(size, x.shape[1:3])], F32)
    if g.chance(0.4):
        scale = np.array([g.pick(0.7, 1.3, 2.1), g.pick(0.6, 1.7)], F32)
    move = g.random(F32, [2]) if g.chance(0.5) else np.zeros([2], F32)
    size, antialias = np.array(size, np.int32), g.chance(0.5)
    return g.apply(lambda t: raw.ScaleAndTranslate(images=t, size=size, scale=scale, translation=move, kernel_type=kernel, antialias=antialias), x)


def area(g):
    x = image(g)
    size, corners = np.array([g.int(1, 9), g.int(1, 9)], np.int32), g.chance(0.3)
    return g.apply(lambda t: raw.ResizeArea(images=t, size=size, align_corners=corners), x)


def project(g):
    x = image(g)
    if not x.static(0) and g.chance(0.7):
        count = 1
    else:
        count = x.shape[0] if x.static(0) else 1
    t = g.feed(np.asarray(g.random(F64, [count, 8]) * [0.4, 0.1, 0.73, 0.1, 0.4, 0.73, 0.01, 0.01] + [0.9, 0, 0, 0, 1.1, 0, 0, 0], F32))
    mode, how = g.pick("CONSTANT", "REFLECT", "WRAP", "NEAREST"), g.pick("NEAREST", "BILINEAR")
    size = np.array([g.int(1, 7), g.int(1, 7)], np.int32)
    if g.chance(0.4):
        return g.apply(lambda x, t: raw.ImageProjectiveTransformV2(images=x, transforms=t, output_shape=size, interpolation=how, fill_mode=mode), x, t)
    return g.apply(lambda x, t: raw.ImageProjectiveTransformV3(images=x, transforms=t, output_shape=size, fill_value=F32(0.5), interpolation=how, fill_mode=mode), x, t)


def hue(g):
    x = g.input(F32, [g.batches[0], 2, 3, 3], 0, 1)
    delta = g.random(F32, [], -1, 1)
    return g.apply(lambda t: raw.AdjustHue(images=t, delta=delta), x)


def bitmap(pixels):
    """A BMP file of 24 or 32 bits, rows from below."""
    height, width, channels = pixels.shape
    order = pixels[::-1, :, [2, 1, 0, 3][:channels] if channels > 1 else [0]]
    pad = -width * channels % 4
    rows = b"".join(row.tobytes() + bytes(pad) for row in order)
    head = 54 + (1024 if channels == 1 else 0)
    u32, u16 = (lambda v: int(v).to_bytes(4, "little")), (lambda v: int(v).to_bytes(2, "little"))
    table = b"".join(bytes([i, i, i, 0]) for i in range(256)) if channels == 1 else b""
    return b"BM" + u32(head + len(rows)) + u32(0) + u32(head) + u32(40) + u32(width) + u32(height) + u16(1) + u16(8 * channels) + u32(0) + u32(len(rows)) + u32(2835) * 2 + u32(0) * 2 + table + rows


def animation(pixels):
    """A GIF file whose codes never grow: a clear code before the table gets full."""
    frames, height, width = pixels.shape
    u16 = lambda v: int(v).to_bytes(2, "little")
    palette = bytes(v for i in range(4) for v in (i * 60, 255 - i * 50, i * 80))
    made = b"GIF89a" + u16(width) + u16(height) + bytes([0x81, 0, 0]) + palette
    for frame in pixels:
        bits, count = 0, 0
        for i, v in enumerate(frame.reshape(-1).tolist()):
            for code in ([4] if i % 2 == 0 else []) + [v]:
                bits |= code << count
                count += 3
        bits |= 5 << count
        data = bits.to_bytes((count + 3 + 7) // 8, "little")
        blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
        made += b"\x2c" + u16(0) * 2 + u16(width) + u16(height) + b"\x00" + b"\x02" + blocks + b"\x00"
    return made + b"\x3b"


def files(g):
    kind = g.pick("DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeGif", "DecodeImage", "DecodeAndCropJpeg", "ExtractJpegShape")
    height, width, channels = g.int(1, 20), g.int(1, 20), g.pick(1, 3)
    pixels = g.random(np.uint8, [height, width, channels], 0, 255)
    if kind in ("DecodeJpeg", "DecodeAndCropJpeg", "ExtractJpegShape"):
        data = tf.io.encode_jpeg(pixels, quality=g.int(20, 100), chroma_downsampling=g.chance(0.5), progressive=g.chance(0.3), optimize_size=g.chance(0.3)).numpy()
    elif kind == "DecodeBmp":
        data = bitmap(g.random(np.uint8, [height, width, g.pick(1, 3, 4)], 0, 255))
    elif kind == "DecodeGif":
        data = animation(g.random(np.uint8, [g.int(1, 3), height, width], 0, 3))
    else:
        depth = g.pick(np.uint8, np.uint16)
        data = tf.io.encode_png(g.random(depth, [height, width, g.int(1, 4)], 0, 255 if depth is np.uint8 else 65535)).numpy()
        if kind == "DecodeImage":
            data = g.pick(data, tf.io.encode_jpeg(pixels).numpy(), bitmap(pixels), animation(g.random(np.uint8, [2, height, width], 0, 3)))
    x = g.input(object, [], batched=False, array=lambda _: np.array(data, object))
    if kind == "ExtractJpegShape":
        out = g.pick(tf.int32, tf.int64)
        return g.apply(lambda t: raw.ExtractJpegShape(contents=t, output_type=out), x)
    wanted = g.pick(0, 1, 3)
    if kind == "DecodeAndCropJpeg":
        y, x0 = g.int(0, height - 1), g.int(0, width - 1)
        window = np.array([y, x0, g.int(1, height - y), g.int(1, width - x0)], np.int32)
        method = g.pick("", "INTEGER_FAST", "INTEGER_ACCURATE")
        return g.apply(lambda t: raw.DecodeAndCropJpeg(contents=t, crop_window=window, channels=wanted, dct_method=method), x)
    if kind == "DecodeJpeg":
        method, fancy = g.pick("", "INTEGER_FAST", "INTEGER_ACCURATE"), g.chance(0.7)
        return g.apply(lambda t: raw.DecodeJpeg(contents=t, channels=wanted, dct_method=method, fancy_upscaling=fancy), x)
    if kind == "DecodePng":
        wanted, dtype = g.pick(0, 1, 2, 3, 4), g.pick(tf.uint8, tf.uint16)
        return g.apply(lambda t: raw.DecodePng(contents=t, channels=wanted, dtype=dtype), x)
    if kind == "DecodeBmp":
        return g.apply(lambda t: raw.DecodeBmp(contents=t, channels=0), x)
    if kind == "DecodeGif":
        return g.apply(lambda t: raw.DecodeGif(contents=t), x)
    animated, dtype = g.chance(0.7), g.pick(tf.uint8, tf.uint8, tf.float32, tf.uint16)
    return g.apply(lambda t: raw.DecodeImage(contents=t, channels=wanted, dtype=dtype, expand_animations=animated), x)


def boxes_of(g, count, lead=()):
    low = g.random(F32, [*lead, count, 2], 0, 4)
    return np.concatenate([low, low + g.random(F32, [*lead, count, 2], 0.5, 4)], -1).astype(F32)


def suppression(g):
    kind = g.pick("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionWithOverlaps", "CombinedNonMaxSuppression")
    count = g.int(1, 6)
    most, overlap = np.int32(g.int(1, 6)), F32(g.pick(0.2, 0.45, 0.7))
    if kind == "CombinedNonMaxSuppression":
        batch, classes = g.int(1, 2), g.int(1, 3)
        q = g.pick(1, classes)
        b = g.feed(np.moveaxis(np.stack([boxes_of(g, count, [batch]) for _ in range(q)]), 0, 2) / 8)
        s = g.feed((g.rng.permutation(batch * count * classes).reshape(batch, count, classes) + 1) / 64, F32)
        total, pads, clips, least = np.int32(g.int(1, 8)), g.chance(0.5), g.chance(0.5), F32(g.pick(0.0, 0.2))
        return g.apply(lambda b, s: raw.CombinedNonMaxSuppression(boxes=b, scores=s, max_output_size_per_class=most, max_total_size=total, iou_threshold=overlap, score_threshold=least, pad_per_class=pads, clip_boxes=clips), b, s)
    s = g.feed(g.rng.permutation(count) / 8, F32)
    if kind == "NonMaxSuppressionWithOverlaps":
        o = g.feed(g.random(F32, [count, count], 0, 1))
        return g.apply(lambda o, s: raw.NonMaxSuppressionWithOverlaps(overlaps=o, scores=s, max_output_size=most, overlap_threshold=overlap, score_threshold=F32(0.1)), o, s)
    b = g.feed(boxes_of(g, count))
    if kind == "NonMaxSuppression":
        return g.apply(lambda b, s: raw.NonMaxSuppression(boxes=b, scores=s, max_output_size=most, iou_threshold=float(overlap)), b, s)
    return g.apply(lambda b, s: raw.NonMaxSuppressionV2(boxes=b, scores=s, max_output_size=most, iou_threshold=overlap), b, s)


def quantized(g):
    kind = g.pick("Args", "PerChannel", "V2", "V3", "V4")
    x = g.value(F32, least=1 if kind == "PerChannel" else 0)
    low, high, bits, narrow = -g.int(0, 6) / 2, g.int(1, 8) / 2, g.int(3, 8), g.chance(0.5)
    if kind == "Args":
        return g.apply(lambda t: raw.FakeQuantWithMinMaxArgs(inputs=t, min=low, max=high, num_bits=bits, narrow_range=narrow), x)
    if kind == "PerChannel":
        if not x.static(-1):
            raise Rejected("batch")
        lows, highs = (g.constant(np.asarray(v, F32)) for v in (-np.abs(g.random(F32, [x.shape[-1]])), np.abs(g.random(F32, [x.shape[-1]])) + F32(0.5)))
        return g.apply(lambda t, a, b: raw.FakeQuantWithMinMaxVarsPerChannel(inputs=t, min=a, max=b, num_bits=bits, narrow_range=narrow), x, lows, highs)
    signed, given = g.chance(0.6), g.chance(0.8)
    extra = dict(signed_input=signed, range_given=given, narrow_range=narrow)
    if kind == "V3":
        return g.apply(lambda t: raw.QuantizeAndDequantizeV3(input=t, input_min=F32(low), input_max=F32(high), num_bits=np.int32(bits), **extra), x)
    op, mode = g.pick(raw.QuantizeAndDequantizeV2, raw.QuantizeAndDequantizeV4), g.pick("HALF_TO_EVEN", "HALF_UP")
    return g.apply(lambda t: op(input=t, input_min=F32(low), input_max=F32(high), num_bits=bits, round_mode=mode, **extra), x)


STEPS = [(crop, 1.5), (resample, 1.5), (area, 1), (project, 1.5), (hue, 0.5), (files, 3), (suppression, 2), (quantized, 2)]
