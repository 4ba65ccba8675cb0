import { realsOf } from '../lanes.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { blankComplexes, transform } from './transform.js';

/** Power or magnitude of windows (periodic Hann) that are padded to a power of two. */
function audioSpectrogram(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const [samples = 0, channels = 0] = tensor.shape;
  if (tensor.shape.length !== 2) throw context.fail('input must be [samples, channels]');
  const size = context.attrs.int('window_size');
  const stride = context.attrs.int('stride');
  const isSquared = context.attrs.bool('magnitude_squared', false);
  if (size < 2 || stride < 1) throw context.fail(`window_size ${size} and stride ${stride} are not usable`);
  let padded = 1;
  while (padded < size) padded *= 2;
  const width = padded / 2 + 1;
  const frames = samples < size ? 0 : 1 + Math.floor((samples - size) / stride);
  const window = Float64Array.from(
    { length: size },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size),
  );
  const input = realsOf(tensor);
  const out = new Float32Array(channels * frames * width);
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const line = blankComplexes(padded);
      for (let i = 0; i < size; i++)
        line.re[i] = input[(frame * stride + i) * channels + channel]! * window[i]!;
      transform(line, false);
      for (let k = 0; k < width; k++) {
        const power = Math.fround(line.re[k]! ** 2 + line.im[k]! ** 2);
        out[(channel * frames + frame) * width + k] = isSquared ? power : Math.sqrt(power);
      }
    }
  }
  return [{ dtype: 'float32', shape: [channels, frames, width], data: out }];
}

const melOf = (hertz: number) => 1127 * Math.log1p(hertz / 700);
const FLOOR = 1e-12;

/** Weight of each spectrum bin in the triangle that falls there; the rest goes to the next one. */
interface MelBins {
  readonly first: number;
  readonly last: number;
  readonly channel: Int32Array;
  readonly weight: Float64Array;
}

function makeMelBins(
  bins: number,
  sampleRate: number,
  channels: number,
  lower: number,
  upper: number,
): MelBins {
  const low = melOf(lower);
  const spacing = (melOf(upper) - low) / (channels + 1);
  const centers = Array.from({ length: channels + 1 }, (_, i) => low + spacing * (i + 1));
  const hertzPerBin = (0.5 * sampleRate) / (bins - 1);
  const first = Math.trunc(1.5 + lower / hertzPerBin);
  const last = Math.min(bins - 1, Math.trunc(upper / hertzPerBin));
  const channel = new Int32Array(bins);
  const weight = new Float64Array(bins);
  for (let i = first, at = 0; i <= last; i++) {
    const mel = melOf(i * hertzPerBin);
    while (at < channels && centers[at]! < mel) at++;
    channel[i] = at - 1;
    const next = centers[at]!;
    const before = at === 0 ? low : centers[at - 1]!;
    weight[i] = (next - mel) / (next - before);
  }
  return { first, last, channel, weight };
}

/** Cosine transform of the logarithm of mel-scaled magnitudes; the input holds squared magnitudes. */
function mfcc(context: KernelContext): HostValue[] {
  const tensor = context.numeric(0);
  const [channels = 0, frames = 0, bins = 0] = tensor.shape;
  if (tensor.shape.length !== 3) throw context.fail('spectrogram must be [channels, frames, bins]');
  const sampleRate = Number(context.numeric(1).data[0]);
  const upper = context.attrs.float('upper_frequency_limit', 4000);
  const lower = context.attrs.float('lower_frequency_limit', 20);
  const filters = context.attrs.int('filterbank_channel_count', 40);
  const kept = context.attrs.int('dct_coefficient_count', 13);
  if (
    !(sampleRate > 0) ||
    bins < 2 ||
    filters < 1 ||
    kept < 1 ||
    kept > filters ||
    lower < 0 ||
    upper <= lower
  ) {
    throw context.fail('its sizes or frequency limits are not usable');
  }
  const mel = makeMelBins(bins, sampleRate, filters, lower, upper);
  const scale = Math.sqrt(2 / filters);
  const cosines = Array.from({ length: kept }, (_, i) =>
    Float64Array.from({ length: filters }, (_, j) => scale * Math.cos(i * (Math.PI / filters) * (j + 0.5))),
  );
  const input = realsOf(tensor);
  const out = new Float32Array(channels * frames * kept);
  for (let row = 0; row < channels * frames; row++) {
    const energies = new Float64Array(filters);
    for (let i = mel.first; i <= mel.last; i++) {
      const magnitude = Math.sqrt(input[row * bins + i]!);
      const weighted = magnitude * mel.weight[i]!;
      const channel = mel.channel[i]!;
      if (channel >= 0) energies[channel]! += weighted;
      if (channel + 1 < filters) energies[channel + 1]! += magnitude - weighted;
    }
    const logs = energies.map((energy) => Math.log(Math.max(energy, FLOOR)));
    for (let i = 0; i < kept; i++) {
      out[row * kept + i] = cosines[i]!.reduce((sum, cosine, j) => sum + cosine * logs[j]!, 0);
    }
  }
  return [{ dtype: 'float32', shape: [channels, frames, kept], data: out }];
}

export const spectrogramKernels: KernelFamily = { AudioSpectrogram: audioSpectrogram, Mfcc: mfcc };
