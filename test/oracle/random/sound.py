"""Tiers 2 and 3: Fourier transforms, spectra, sound files, speech."""

import numpy as np
import tensorflow as tf

from graph import F32, F64, Rejected

raw = tf.raw_ops


def fourier(g):
    dtype, depth = g.pick(F32, F64), g.pick(1, 1, 2, 3)
    made = {F32: tf.complex64, F64: tf.complex128}[dtype]
    suffix = {1: "", 2: "2D", 3: "3D"}[depth]
    kind = g.int(0, 3)
    x = g.value(dtype, least=depth, most=4)
    if 0 in x.shape or 0 in tuple(x.second.shape):
        raise Rejected("empty")
    if kind == 0:
        size = np.array([g.int(1, 9) for _ in range(depth)], np.int32)
        return g.apply(lambda t: raw_call("RFFT" + suffix, input=t, fft_length=size, Tcomplex=made), x)
    y = g.partner(x)
    if (y.first.shape, y.second.shape) != (x.first.shape, x.second.shape):
        y = x
    if kind == 1:
        return g.apply(lambda a, b: raw_call("FFT" + suffix, input=raw.Complex(real=a, imag=b, Tout=made)), x, y)
    if kind == 2:
        return g.apply(lambda a, b: raw_call("IFFT" + suffix, input=raw.Complex(real=a, imag=b, Tout=made)), x, y)
    size = np.array([*(g.int(1, n) for n in x.shape[-depth:-1]), g.int(1, 2 * x.shape[-1] - 1)], np.int32)
    if not all(x.static(i) for i in range(x.rank - depth, x.rank)):
        raise Rejected("batch")
    return g.apply(lambda a, b: raw_call("IRFFT" + suffix, input=raw.Complex(real=a, imag=b, Tout=made), fft_length=size, Treal=dtype), x, y)


def raw_call(op, **given):
    return getattr(raw, op)(**given)


def spectrum(g):
    x = g.input(F32, [g.int(20, 80), g.int(1, 2)], -1, 1, batched=False)
    window, stride, squared = g.int(2, 40), g.int(1, 30), g.chance(0.5)
    bands = lambda t: raw.AudioSpectrogram(input=t, window_size=window, stride=stride, magnitude_squared=squared)
    if g.chance(0.5):
        return g.apply(bands, x)
    lower = float(g.int(0, 500))
    shape = dict(upper_frequency_limit=float(g.int(2000, 7000)), lower_frequency_limit=lower, filterbank_channel_count=g.int(2, 20), dct_coefficient_count=g.int(1, 13))
    energy = g.input(F32, [1, g.int(1, 3), g.pick(17, 33, 65)], 0.25, 4, batched=False)
    return g.apply(lambda t: raw.Mfcc(spectrogram=t, sample_rate=np.int32(16000), **shape), energy)


def waves(g):
    frames, channels, rate = g.int(1, 20), g.int(1, 3), g.pick(8000, 16000, 44100)
    sound = g.random(F32, [frames, channels], -1, 1)
    data = np.array(tf.audio.encode_wav(sound, rate).numpy(), object)
    x = g.input(object, [], batched=False, array=lambda _: data)
    wanted, samples = g.pick(-1, 1, 2), g.pick(-1, 5, 30)
    return g.apply(lambda t: raw.DecodeWav(contents=t, desired_channels=wanted, desired_samples=samples), x)


def speech(g):
    time, batch, classes = g.int(1, 6), g.int(1, 3), g.int(2, 5)
    x = g.input(g.pick(F32, F64), [time, batch, classes], batched=False, array=lambda s: g.rng.permutation(int(np.prod(s))).reshape(s).astype(F32) / 8)
    lengths = g.feed(g.random(np.int32, [batch], 0, time))
    merge, blank = g.chance(0.5), g.pick(-1, 0, 1)
    return g.apply(lambda t, n: raw.CTCGreedyDecoder(inputs=t, sequence_length=n, merge_repeated=merge, blank_index=blank), x, lengths)


STEPS = [(fourier, 4), (spectrum, 1), (waves, 1), (speech, 1)]
