// The fast integer transform of the JPEG reference software, which TensorFlow decodes with unless told otherwise:
// eight multiplications, constants scaled by 2^8, the rest of the scaling in the quantization table.
const [F1082, F1414, F1847, F2613] = [277, 362, 473, 669] as const;

/** Scale of each row and column: 1, then √2·cos(kπ/16). */
const SCALES = Array.from({ length: 8 }, (_, k) => (k === 0 ? 1 : Math.SQRT2 * Math.cos((k * Math.PI) / 16)));

/** The quantization table times the scales, rounded as 14-bit fixed point and kept with 2 bits. */
export function scaleForFast(quantization: Uint16Array): Int32Array {
  return Int32Array.from(quantization, (value, i) => {
    const scale = Math.round(SCALES[i >> 3]! * SCALES[i & 7]! * 16384);
    return (value * scale + 2048) >> 12;
  });
}

/** One line of eight, in place; results lose `shift` bits, without rounding. */
export function transformLineFast(work: Int32Array, at: number, step: number, shift: number): void {
  const [p1, p2, p3, p4] = [at + step, at + 2 * step, at + 3 * step, at + 4 * step];
  const [p5, p6, p7] = [at + 5 * step, at + 6 * step, at + 7 * step];
  const sum04 = work[at]! + work[p4]!;
  const diff04 = work[at]! - work[p4]!;
  const sum26 = work[p2]! + work[p6]!;
  const diff26 = (((work[p2]! - work[p6]!) * F1414) >> 8) - sum26;
  const [e0, e3, e1, e2] = [sum04 + sum26, sum04 - sum26, diff04 + diff26, diff04 - diff26];
  const z13 = work[p5]! + work[p3]!;
  const z10 = work[p5]! - work[p3]!;
  const z11 = work[p1]! + work[p7]!;
  const z12 = work[p1]! - work[p7]!;
  const o7 = z11 + z13;
  const z5 = ((z10 + z12) * F1847) >> 8;
  const o6 = ((z10 * -F2613) >> 8) + z5 - o7;
  const o5 = (((z11 - z13) * F1414) >> 8) - o6;
  const o4 = ((z12 * F1082) >> 8) - z5 + o5;
  work[at] = (e0 + o7) >> shift;
  work[p7] = (e0 - o7) >> shift;
  work[p1] = (e1 + o6) >> shift;
  work[p6] = (e1 - o6) >> shift;
  work[p2] = (e2 + o5) >> shift;
  work[p5] = (e2 - o5) >> shift;
  work[p4] = (e3 + o4) >> shift;
  work[p3] = (e3 - o4) >> shift;
}
