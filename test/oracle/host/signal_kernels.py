"""Records what TensorFlow's Fourier, audio, linear algebra and non-maximum-suppression ops answer."""
import os
import sys

import numpy as np
import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kernel_recorder import Recorder, strings

recorder = Recorder()
case = recorder.case
rng = np.random.RandomState(11)
i32 = lambda *v: np.array(v, np.int32)

for dtype, complex_type, tf_complex, tf_real in ((np.float32, np.complex64, tf.complex64, tf.float32), (np.float64, np.complex128, tf.complex128, tf.float64)):
    for n in (1, 2, 8, 12, 7, 25):
        x = rng.randn(2, n).astype(dtype)
        z = (x + 1j * rng.randn(2, n)).astype(complex_type)
        case("FFT", {"input": z})
        case("IFFT", {"input": z})
        for length in (n, n + 3, max(1, n - 2)):
            case("RFFT", {"input": x, "fft_length": i32(length)}, {"Tcomplex": tf_complex})
            case("IRFFT", {"input": z, "fft_length": i32(length)}, {"Treal": tf_real})
    grid = rng.randn(2, 3, 4, 5).astype(dtype)
    cells = (grid + 1j * rng.randn(2, 3, 4, 5)).astype(complex_type)
    for op in ("FFT2D", "IFFT2D", "FFT3D", "IFFT3D"):
        case(op, {"input": cells})
    case("RFFT2D", {"input": grid, "fft_length": i32(4, 6)}, {"Tcomplex": tf_complex})
    case("RFFT3D", {"input": grid, "fft_length": i32(3, 4, 5)}, {"Tcomplex": tf_complex})
    case("IRFFT2D", {"input": cells, "fft_length": i32(4, 8)}, {"Treal": tf_real})
    case("IRFFT3D", {"input": cells, "fft_length": i32(3, 4, 7)}, {"Treal": tf_real})
case("FFT", {"input": np.complex64(1)})
case("RFFT", {"input": rng.randn(4).astype(np.float32), "fft_length": i32(-1)}, {"Tcomplex": tf.complex64})

sound = rng.randn(200, 2).astype(np.float32)
for size, stride, squared in ((64, 32, True), (50, 20, True), (50, 20, False), (300, 10, True)):
    case("AudioSpectrogram", {"input": sound}, {"window_size": size, "stride": stride, "magnitude_squared": squared})
spectrum = np.abs(rng.randn(2, 3, 65)).astype(np.float32)
for upper, lower, filters, kept in ((4000.0, 20.0, 40, 13), (3000.0, 0.0, 10, 10), (8000.0, 300.0, 24, 5)):
    case("Mfcc", {"spectrogram": spectrum, "sample_rate": np.int32(16000)}, {"upper_frequency_limit": upper, "lower_frequency_limit": lower, "filterbank_channel_count": filters, "dct_coefficient_count": kept})
wav = tf.audio.encode_wav(np.clip(sound * 0.5, -1, 1), 22050).numpy()
text = lambda b: np.array(b, dtype=object)
for channels, samples in ((-1, -1), (1, -1), (3, 50), (2, 300)):
    case("DecodeWav", {"contents": text(wav)}, {"desired_channels": channels, "desired_samples": samples})
for bad in (b"", wav[:30], wav[:100], b"RIFX" + wav[4:], wav.replace(b"data", b"dada")):
    case("DecodeWav", {"contents": text(bad)}, {"desired_channels": -1, "desired_samples": -1})

for dtype in (np.float32, np.float64):
    a = (rng.randn(2, 4, 4) + 3 * np.eye(4)).astype(dtype)
    b = rng.randn(2, 4, 3).astype(dtype)
    spd = (a @ a.transpose(0, 2, 1)).astype(dtype)
    for adjoint in (False, True):
        case("MatrixInverse", {"input": a}, {"adjoint": adjoint})
        case("MatrixSolve", {"matrix": a, "rhs": b}, {"adjoint": adjoint})
        for lower in (False, True):
            case("MatrixTriangularSolve", {"matrix": a, "rhs": b}, {"lower": lower, "adjoint": adjoint})
            case("MatrixTriangularSolve", {"matrix": a[0], "rhs": b[0]}, {"lower": lower, "adjoint": adjoint})
    case("Cholesky", {"input": spd})
    case("LogMatrixDeterminant", {"input": a})
    case("MatrixDeterminant", {"input": a})
    case("MatrixInverse", {"input": np.zeros((2, 2), dtype)})
    case("MatrixInverse", {"input": np.zeros((0, 2, 2), dtype)})
    case("MatrixSolve", {"matrix": np.ones((2, 2), dtype), "rhs": np.ones((2, 1), dtype)})


def boxes(count, seed):
    r = np.random.RandomState(seed)
    corners = r.rand(count, 2) * 0.7
    sizes = 0.05 + r.rand(count, 2) * 0.4
    out = np.concatenate([corners, corners + sizes], 1).astype(np.float32)
    out[::5] = out[::5][:, [2, 1, 0, 3]]
    return out


for seed in range(4):
    n = (0, 12, 40, 25)[seed]
    b, s = boxes(n, seed), np.random.RandomState(seed + 9).rand(n).astype(np.float32)
    if seed == 3:
        s = np.round(s * 4).astype(np.float32) / 4
    for limit, iou in ((5, 0.5), (50, 0.2), (0, 0.5), (50, 1.0)):
        case("NonMaxSuppression", {"boxes": b, "scores": s, "max_output_size": np.int32(limit)}, {"iou_threshold": iou})
        base = {"boxes": b, "scores": s, "max_output_size": np.int32(limit), "iou_threshold": np.float32(iou)}
        case("NonMaxSuppressionV2", base)
        for threshold in (0.0, 0.4):
            with_score = {**base, "score_threshold": np.float32(threshold)}
            case("NonMaxSuppressionV3", with_score)
            for pad in (False, True):
                case("NonMaxSuppressionV4", with_score, {"pad_to_max_output_size": pad})
                for sigma in (0.0, 0.3):
                    case("NonMaxSuppressionV5", {**with_score, "soft_nms_sigma": np.float32(sigma)}, {"pad_to_max_output_size": pad})
    overlaps = np.random.RandomState(seed).rand(n, n).astype(np.float32)
    case("NonMaxSuppressionWithOverlaps", {"overlaps": (overlaps + overlaps.T) / 2, "scores": s, "max_output_size": np.int32(6), "overlap_threshold": np.float32(0.5), "score_threshold": np.float32(0.1)})
case("NonMaxSuppressionV3", {"boxes": boxes(3, 1), "scores": np.ones(4, np.float32), "max_output_size": np.int32(3), "iou_threshold": np.float32(0.5), "score_threshold": np.float32(0)})
case("NonMaxSuppressionV3", {"boxes": boxes(3, 1), "scores": np.ones(3, np.float32), "max_output_size": np.int32(3), "iou_threshold": np.float32(1.5), "score_threshold": np.float32(0)})
for classes, own in ((3, False), (3, True), (1, False)):
    images = np.stack([np.stack([boxes(20, 3 * i + c) for c in range(classes if own else 1)], 1) for i in range(2)]) * 1.3 - 0.1
    scores = rng.rand(2, 20, classes).astype(np.float32)
    for pad, clip in ((False, True), (True, False)):
        for total in (4, 30):
            case("CombinedNonMaxSuppression", {"boxes": images.astype(np.float32), "scores": scores, "max_output_size_per_class": np.int32(5), "max_total_size": np.int32(total), "iou_threshold": np.float32(0.4), "score_threshold": np.float32(0.3)}, {"pad_per_class": pad, "clip_boxes": clip})

logits = rng.randn(9, 3, 4).astype(np.float32)
for merge in (False, True):
    for blank in (-1, 0, 2):
        case("CTCGreedyDecoder", {"inputs": logits, "sequence_length": i32(9, 0, 5)}, {"merge_repeated": merge, "blank_index": blank})
case("CTCGreedyDecoder", {"inputs": np.round(logits.astype(np.float64)), "sequence_length": i32(9, 9, 9)}, {"merge_repeated": True})
case("CTCGreedyDecoder", {"inputs": logits, "sequence_length": i32(10, 0, 5)}, {"merge_repeated": False})

recorder.write("signal-kernels.json")
