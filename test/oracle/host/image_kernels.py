"""Records how TensorFlow decodes small JPEG, PNG, BMP and GIF files (Pillow writes those that TensorFlow can not)."""
import io
import os
import struct
import sys
import zlib

import numpy as np
import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from PIL import Image
from kernel_recorder import Recorder

recorder = Recorder()
case = recorder.case
scalar = lambda b: np.array(b, dtype=object)


def pixels(height, width, channels=3, seed=0, smooth=False):
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / (2.5 + c) + seed) * np.cos(y / (3 + c)) + (0 if smooth else rng.randn(height, width) * 25) for c in range(channels)]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def pil(array, kind, mode=None, **options):
    out = io.BytesIO()
    image = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
    if mode:
        image = image.convert(mode)
    image.save(out, kind, **options)
    return out.getvalue()


jpegs = {}
for size in ((16, 16), (17, 23), (8, 9), (1, 1), (3, 2), (33, 5), (40, 64)):
    for sub in (0, 1, 2):
        jpegs[f"{size}{sub}"] = pil(pixels(*size, seed=sub), "JPEG", subsampling=sub, quality=85)
jpegs["progressive"] = pil(pixels(37, 45), "JPEG", progressive=True, quality=90)
jpegs["progressive420"] = pil(pixels(50, 31, seed=3), "JPEG", progressive=True, subsampling=2, quality=60)
jpegs["gray"] = pil(pixels(19, 21, 1), "JPEG", quality=75)
jpegs["progressive gray"] = pil(pixels(19, 21, 1), "JPEG", quality=75, progressive=True)
jpegs["restart"] = pil(pixels(40, 40), "JPEG", restart_marker_blocks=2, quality=80)
jpegs["low"] = pil(pixels(24, 24, seed=9), "JPEG", quality=3)
jpegs["best"] = pil(pixels(24, 24, seed=9), "JPEG", quality=100, subsampling=0, optimize=True)
jpegs["tf"] = tf.io.encode_jpeg(pixels(30, 30, smooth=True)).numpy()
jpegs["rgb"] = pil(pixels(20, 20), "JPEG", keep_rgb=True, quality=90)
for name, data in jpegs.items():
    for channels in (0, 1, 3) if name in ("(17, 23)2", "gray", "progressive", "rgb", "(3, 2)2") else (0,):
        case("DecodeJpeg", {"contents": scalar(data)}, {"channels": channels, "dct_method": "INTEGER_ACCURATE"})
        case("DecodeJpeg", {"contents": scalar(data)}, {"channels": channels})
case("DecodeImage", {"contents": scalar(jpegs["gray"])}, {"channels": 3})
case("DecodePng", {"contents": scalar(jpegs["gray"])}, {"channels": 3})
for dtype in (tf.uint16, tf.float32):
    case("DecodeImage", {"contents": scalar(jpegs["(8, 9)0"])}, {"dtype": dtype})
case("DecodeAndCropJpeg", {"contents": scalar(jpegs["(40, 64)0"]), "crop_window": np.array([3, 5, 20, 30], np.int32)}, {"channels": 3})
case("DecodeAndCropJpeg", {"contents": scalar(jpegs["(40, 64)2"]), "crop_window": np.array([0, 0, 20, 64], np.int32)}, {"channels": 3})
case("DecodeAndCropJpeg", {"contents": scalar(jpegs["(40, 64)0"]), "crop_window": np.array([30, 5, 20, 30], np.int32)}, {"channels": 3})
for output_type in (tf.int32, tf.int64):
    case("ExtractJpegShape", {"contents": scalar(jpegs["progressive"])}, {"output_type": output_type})
case("ExtractJpegShape", {"contents": scalar(jpegs["gray"])}, {"output_type": tf.int32})
whole = jpegs["(40, 64)0"]
for bad in (b"", whole[:3], whole[:200], whole[: len(whole) // 2], b"nothing", whole[:2] + whole[20:100]):
    case("DecodeJpeg", {"contents": scalar(bad)}, {})

pngs = {}
for channels in (1, 2, 3, 4):
    pngs[f"8 {channels}"] = tf.io.encode_png(pixels(13, 11, channels)).numpy()
    wide = pixels(6, 7, channels).astype(np.uint16) * 251 + 17
    pngs[f"16 {channels}"] = tf.io.encode_png(wide).numpy()
palette = Image.fromarray(pixels(15, 12)).quantize(9)
out = io.BytesIO()
palette.save(out, "PNG")
pngs["palette"] = out.getvalue()
out = io.BytesIO()
palette.save(out, "PNG", transparency=bytes([0, 100, 255]))
pngs["palette transparent"] = out.getvalue()
for bits in (1, 2, 4):
    out = io.BytesIO()
    Image.fromarray(pixels(9, 13)).quantize(2**bits).save(out, "PNG", bits=bits)
    pngs[f"palette {bits}"] = out.getvalue()
pngs["bits"] = pil(pixels(9, 13), "PNG", "1")


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(array, color, depth, interlaced=False, extra=b""):
    """8 or 16 bits, all filters by turns, optionally interlaced."""
    height, width = array.shape[:2]
    step = array.shape[2] * depth // 8
    body = b""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    for x, y, dx, dy in passes:
        part = array[y::dy, x::dx]
        if part.size == 0:
            continue
        above = np.zeros(part.shape[1] * step, np.int32)
        for i, row in enumerate(part):
            line = np.frombuffer(row.astype(">u2" if depth == 16 else np.uint8).tobytes(), np.uint8).astype(np.int32)
            left = np.concatenate([np.zeros(step, np.int32), line[:-step]])
            corner = np.concatenate([np.zeros(step, np.int32), above[:-step]])
            guess = left + above - corner
            a, b, c = abs(guess - left), abs(guess - above), abs(guess - corner)
            paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
            kind = i % 5
            body += bytes([kind]) + ((line - [0, left, above, (left + above) // 2, paeth][kind]) % 256).astype(np.uint8).tobytes()
            above = line
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


pngs["interlaced"] = raw_png(pixels(13, 11), 2, 8, True)
pngs["interlaced small"] = raw_png(pixels(2, 3), 2, 8, True)
pngs["filters"] = raw_png(pixels(12, 9, 4), 6, 8)
pngs["filters 16"] = raw_png(pixels(12, 9, 3).astype(np.uint16) * 250 + 3, 2, 16)
keyed = pixels(5, 6)
pngs["key"] = raw_png(keyed, 2, 8, extra=chunk(b"tRNS", struct.pack(">HHH", *keyed[2, 2].tolist())))
pngs["gray key"] = raw_png(pixels(5, 6, 1), 0, 8, extra=chunk(b"tRNS", struct.pack(">H", int(pixels(5, 6, 1)[1, 1, 0]))))
for name, data in pngs.items():
    for channels in (0, 1, 3, 4):
        for dtype in (tf.uint8, tf.uint16):
            case("DecodePng", {"contents": scalar(data)}, {"channels": channels, "dtype": dtype})
for name in ("8 3", "16 3", "palette", "8 1"):
    for dtype in (tf.uint8, tf.uint16, tf.float32):
        case("DecodeImage", {"contents": scalar(pngs[name])}, {"channels": 0, "dtype": dtype})
case("DecodeJpeg", {"contents": scalar(pngs["8 4"])}, {"channels": 3})
whole = pngs["8 3"]
for bad in (whole[:20], whole[:60], whole[:-30], whole[:40] + b"x" + whole[41:]):
    case("DecodePng", {"contents": scalar(bad)}, {"channels": 0, "dtype": tf.uint8})

bmps = [pil(pixels(5, 7), "BMP"), pil(pixels(4, 4, 1), "BMP"), pil(pixels(6, 3, 4), "BMP")]
top_down = bytearray(bmps[0])
top_down[22:26] = struct.pack("<i", -5)
for data in (*bmps, bytes(top_down)):
    for channels in (0, 1, 3, 4):
        case("DecodeBmp", {"contents": scalar(data)}, {"channels": channels})
case("DecodeImage", {"contents": scalar(bmps[0])}, {"channels": 3, "dtype": tf.float32})
case("DecodeBmp", {"contents": scalar(bmps[0][:60])}, {"channels": 0})


def gif(frames, **options):
    out = io.BytesIO()
    images = [Image.fromarray(f).quantize(16) for f in frames]
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], **options)
    return out.getvalue()


still = gif([pixels(9, 14)])
moving = gif([pixels(9, 14, seed=s) for s in range(3)])
part = [pixels(20, 20, smooth=True)]
changed = part[0].copy()
changed[5:9, 4:12] = (250, 10, 10)
partial = gif([part[0], changed, part[0]], optimize=True)
large = gif([pixels(64, 70)])
for data in (still, moving, partial, large):
    case("DecodeGif", {"contents": scalar(data)}, {})
    for expand in (True, False):
        case("DecodeImage", {"contents": scalar(data)}, {"expand_animations": expand, "channels": 3})
case("DecodePng", {"contents": scalar(still)}, {})
case("DecodeJpeg", {"contents": scalar(still)}, {"channels": 3})
case("DecodeGif", {"contents": scalar(pngs["8 3"])}, {})
case("DecodeGif", {"contents": scalar(jpegs["gray"])}, {})
case("DecodeGif", {"contents": scalar(still[:80])}, {})
recorder.write("image-kernels.json")
