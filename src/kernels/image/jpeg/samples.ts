import { imageFault } from '../limits.js';
import { scaleForFast, transformLineFast } from './fast-transform.js';
import type { Component } from './markers.js';

/** One plane of 8-bit samples. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Samples between rows. */
  readonly stride: number;
  readonly data: Uint8Array;
}

// The accurate integer transform of the JPEG reference software: constants are scaled by 2^13.
const [A, B, C, D, E, F] = [2446, 16819, 25172, 12299, 7373, 20995] as const;
const [G, H, I, J, K, L] = [16069, 3196, 9633, 4433, 15137, 6270] as const;

/** One line of eight, in place; `step` is the distance of neighbours, `shift` the descaling. */
function transformLine(work: Int32Array, at: number, step: number, shift: number): void {
  const [p0, p1, p2, p3] = [at, at + step, at + 2 * step, at + 3 * step];
  const [p4, p5, p6, p7] = [at + 4 * step, at + 5 * step, at + 6 * step, at + 7 * step];
  const even = (work[p2]! + work[p6]!) * J;
  const e2 = even - work[p6]! * K;
  const e3 = even + work[p2]! * L;
  const e0 = (work[p0]! + work[p4]!) * 8192;
  const e1 = (work[p0]! - work[p4]!) * 8192;
  const [t0, t3, t1, t2] = [e0 + e3, e0 - e3, e1 + e2, e1 - e2];
  const [o0, o1, o2, o3] = [work[p7]!, work[p5]!, work[p3]!, work[p1]!];
  const z5 = (o0 + o2 + o1 + o3) * I;
  const z1 = -(o0 + o3) * E;
  const z2 = -(o1 + o2) * F;
  const z3 = z5 - (o0 + o2) * G;
  const z4 = z5 - (o1 + o3) * H;
  const [s0, s1, s2, s3] = [o0 * A + z1 + z3, o1 * B + z2 + z4, o2 * C + z2 + z3, o3 * D + z1 + z4];
  const half = 1 << (shift - 1);
  work[p0] = (t0 + s3 + half) >> shift;
  work[p7] = (t0 - s3 + half) >> shift;
  work[p1] = (t1 + s2 + half) >> shift;
  work[p6] = (t1 - s2 + half) >> shift;
  work[p2] = (t2 + s1 + half) >> shift;
  work[p5] = (t2 - s1 + half) >> shift;
  work[p3] = (t3 + s0 + half) >> shift;
  work[p4] = (t3 - s0 + half) >> shift;
}

/** Samples of a component from its coefficients, with the accurate or the fast transform. */
export function toPlane(component: Component, isFast: boolean): Plane {
  const { blocksWide, blocksHigh, coefficients, quantization, width, height } = component;
  if (quantization === undefined) throw imageFault('JPEG: a quantization table is missing');
  const stride = blocksWide * 8;
  const data = new Uint8Array(stride * blocksHigh * 8);
  const work = new Int32Array(64);
  const factors = isFast ? scaleForFast(quantization) : quantization;
  const line = isFast ? transformLineFast : transformLine;
  const [columnShift, rowShift] = isFast ? [0, 5] : [11, 18];
  for (let block = 0; block < blocksWide * blocksHigh; block++) {
    const from = block * 64;
    const to = Math.floor(block / blocksWide) * 8 * stride + (block % blocksWide) * 8;
    for (let i = 0; i < 64; i++) work[i] = coefficients[from + i]! * factors[i]!;
    for (let column = 0; column < 8; column++) line(work, column, 8, columnShift);
    for (let row = 0; row < 8; row++) {
      line(work, row * 8, 1, rowShift);
      for (let x = 0; x < 8; x++) {
        const value = work[row * 8 + x]! + 128;
        data[to + row * stride + x] = value < 0 ? 0 : Math.min(value, 255);
      }
    }
  }
  return { width, height, stride, data };
}
