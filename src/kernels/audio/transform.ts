/** Complex numbers as two arrays. */
export interface Complexes {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

const blank = (size: number): Complexes => ({ re: new Float64Array(size), im: new Float64Array(size) });

/** In-place transform of a power of two, forward (sign −1) or backward without the factor 1/n. */
function transformPowerOfTwo({ re, im }: Complexes, sign: 1 | -1): void {
  const { length: n } = re;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  const [cos, sin] = rootsOf(n, sign);
  for (let size = 2; size <= n; size *= 2) {
    const [half, step] = [size / 2, n / size];
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const [c, s] = [cos[k * step]!, sin[k * step]!];
        const [x, y] = [re[b]! * c - im[b]! * s, re[b]! * s + im[b]! * c];
        re[b] = re[a]! - x;
        im[b] = im[a]! - y;
        re[a]! += x;
        im[a]! += y;
      }
    }
  }
}

function rootsOf(n: number, sign: 1 | -1): [Float64Array, Float64Array] {
  const half = Math.max(1, n >> 1);
  const angle = (k: number) => (sign * 2 * Math.PI * k) / n;
  return [
    Float64Array.from({ length: half }, (_, k) => Math.cos(angle(k))),
    Float64Array.from({ length: half }, (_, k) => Math.sin(angle(k))),
  ];
}

/** Any length as a convolution of a power of two (Bluestein). */
function transformAny(data: Complexes, sign: 1 | -1): void {
  const { length: n } = data.re;
  let size = 1;
  while (size < 2 * n - 1) size *= 2;
  // k² mod 2n keeps the angle small, and exact.
  const chirp = blank(n);
  for (let k = 0; k < n; k++) {
    const angle = (sign * Math.PI * ((k * k) % (2 * n))) / n;
    chirp.re[k] = Math.cos(angle);
    chirp.im[k] = Math.sin(angle);
  }
  const [a, b] = [blank(size), blank(size)];
  for (let k = 0; k < n; k++) {
    const [x, y, c, s] = [data.re[k]!, data.im[k]!, chirp.re[k]!, chirp.im[k]!];
    a.re[k] = x * c - y * s;
    a.im[k] = x * s + y * c;
    b.re[k] = c;
    b.im[k] = -s;
    if (k > 0) {
      b.re[size - k] = c;
      b.im[size - k] = -s;
    }
  }
  transformPowerOfTwo(a, -1);
  transformPowerOfTwo(b, -1);
  for (let k = 0; k < size; k++) {
    const [x, y] = [a.re[k]!, a.im[k]!];
    a.re[k] = x * b.re[k]! - y * b.im[k]!;
    a.im[k] = x * b.im[k]! + y * b.re[k]!;
  }
  transformPowerOfTwo(a, 1);
  for (let k = 0; k < n; k++) {
    const [x, y, c, s] = [a.re[k]! / size, a.im[k]! / size, chirp.re[k]!, chirp.im[k]!];
    data.re[k] = x * c - y * s;
    data.im[k] = x * s + y * c;
  }
}

/** In-place discrete Fourier transform; backward is divided by the length. */
export function transform(data: Complexes, isInverse: boolean): void {
  const { length: n } = data.re;
  if (n <= 1) return;
  const sign = isInverse ? 1 : -1;
  if ((n & (n - 1)) === 0) transformPowerOfTwo(data, sign);
  else transformAny(data, sign);
  if (!isInverse) return;
  for (let k = 0; k < n; k++) {
    data.re[k]! /= n;
    data.im[k]! /= n;
  }
}

/** The transform along one axis of a row-major grid. */
export function transformAxis(
  data: Complexes,
  shape: readonly number[],
  axis: number,
  isInverse: boolean,
): void {
  const size = shape[axis]!;
  const step = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const line = blank(size);
  for (let start = 0; start < data.re.length; start++) {
    if (Math.floor(start / step) % size !== 0) continue;
    for (let k = 0; k < size; k++) {
      line.re[k] = data.re[start + k * step]!;
      line.im[k] = data.im[start + k * step]!;
    }
    transform(line, isInverse);
    for (let k = 0; k < size; k++) {
      data.re[start + k * step] = line.re[k]!;
      data.im[start + k * step] = line.im[k]!;
    }
  }
}

export { blank as blankComplexes };
