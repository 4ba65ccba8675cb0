import type { HostValue, KernelContext, KernelFamily } from '../types.js';

const MAX_SAMPLES = 1 << 28;

const text = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** 16-bit PCM WAV to numbers of −1 to 1. Channels that are missing repeat the last, samples are zeros. */
function decodeWav(context: KernelContext): HostValue[] {
  const { data, shape } = context.strings(0);
  const [bytes] = data;
  if (shape.length !== 0 || bytes === undefined) throw context.fail('contents must be a scalar');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || text(bytes, 0) !== 'RIFF' || text(bytes, 8) !== 'WAVE') {
    throw context.fail('Header mismatch: Expected RIFF … WAVE');
  }
  let [channels, rate, samples, start] = [0, 0, -1, 0];
  for (let at = 12; at + 8 <= bytes.length && samples < 0; ) {
    const [kind, size] = [text(bytes, at), view.getUint32(at + 4, true)];
    const body = at + 8;
    if (kind === 'fmt ') {
      if (size < 16 || body + 16 > bytes.length) throw context.fail('Bad size for WAV fmt');
      if (view.getUint16(body, true) !== 1) throw context.fail('Bad audio format for WAV: Expected 1 (PCM)');
      if (view.getUint16(body + 14, true) !== 16) throw context.fail('Can only read 16-bit WAV files');
      channels = view.getUint16(body + 2, true);
      rate = view.getUint32(body + 4, true);
    } else if (kind === 'data') {
      if (channels === 0) throw context.fail('no fmt chunk comes before the data of the WAV file');
      if (body + size > bytes.length) throw context.fail('Data too short when trying to read the samples');
      samples = Math.floor(size / (2 * channels));
      start = body;
    }
    at = body + size + (size % 2);
  }
  if (samples < 0) throw context.fail('Did not find a data chunk');
  const wanted = context.attrs.int('desired_samples', -1);
  const width = context.attrs.int('desired_channels', -1);
  const [rows, columns] = [wanted < 0 ? samples : wanted, width < 0 ? channels : width];
  if (rows * columns > MAX_SAMPLES) throw context.fail(`${rows} samples are more than can be decoded`);
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < Math.min(rows, samples); row++) {
    for (let column = 0; column < columns; column++) {
      const from = start + 2 * (row * channels + Math.min(column, channels - 1));
      out[row * columns + column] = view.getInt16(from, true) / 32768;
    }
  }
  return [
    { dtype: 'float32', shape: [rows, columns], data: out },
    { dtype: 'int32', shape: [], data: Int32Array.of(rate) },
  ];
}

export const wavKernels: KernelFamily = { DecodeWav: decodeWav };
