import type { Plane } from './samples.js';

/** Weights 3:1 between neighbours along a row that is doubled; edges keep their value. */
function widenRow(
  row: Int32Array,
  out: Uint8Array,
  at: number,
  low: number,
  high: number,
  shift: number,
): void {
  const last = row.length - 1;
  out[at] = (row[0]! * 4 + (shift === 2 ? 0 : low)) >> shift;
  out[at + 1] = (row[0]! * 3 + row[1]! + high) >> shift;
  for (let i = 1; i < last; i++) {
    out[at + 2 * i] = (row[i]! * 3 + row[i - 1]! + low) >> shift;
    out[at + 2 * i + 1] = (row[i]! * 3 + row[i + 1]! + high) >> shift;
  }
  out[at + 2 * last] = (row[last]! * 3 + row[last - 1]! + low) >> shift;
  out[at + 2 * last + 1] = (row[last]! * 4 + (shift === 2 ? 0 : high)) >> shift;
}

function doubleWidth({ width, height, stride, data }: Plane): Plane {
  const out = new Uint8Array(width * 2 * height);
  for (let y = 0; y < height; y++) {
    const row = Int32Array.from(data.subarray(y * stride, y * stride + width));
    widenRow(row, out, y * width * 2, 1, 2, 2);
  }
  return { width: width * 2, height, stride: width * 2, data: out };
}

/** The row above (even output rows) or below, weighted 1:3 with the row itself; edges repeat. */
function blendRows({ width, height, stride, data }: Plane, y: number): Int32Array {
  const near = y >> 1;
  const far = Math.min(height - 1, Math.max(0, y % 2 === 0 ? near - 1 : near + 1));
  const row = new Int32Array(width);
  for (let x = 0; x < width; x++) row[x] = data[near * stride + x]! * 3 + data[far * stride + x]!;
  return row;
}

function doubleBoth(plane: Plane): Plane {
  const { width, height } = plane;
  const out = new Uint8Array(width * 2 * height * 2);
  for (let y = 0; y < height * 2; y++) widenRow(blendRows(plane, y), out, y * width * 2, 8, 7, 4);
  return { width: width * 2, height: height * 2, stride: width * 2, data: out };
}

function doubleHeight(plane: Plane): Plane {
  const { width, height } = plane;
  const out = new Uint8Array(width * height * 2);
  for (let y = 0; y < height * 2; y++) {
    const bias = y % 2 === 0 ? 1 : 2;
    blendRows(plane, y).forEach((value, x) => {
      out[y * width + x] = (value + bias) >> 2;
    });
  }
  return { width, height: height * 2, stride: width, data: out };
}

function repeat({ width, height, stride, data }: Plane, h: number, v: number): Plane {
  const out = new Uint8Array(width * h * height * v);
  for (let y = 0; y < height * v; y++) {
    for (let x = 0; x < width * h; x++) {
      out[y * width * h + x] = data[Math.floor(y / v) * stride + Math.floor(x / h)]!;
    }
  }
  return { width: width * h, height: height * v, stride: width * h, data: out };
}

/** A plane at full size; `isSmooth` is the triangle filter of the reference software. */
export function upsample(plane: Plane, h: number, v: number, isSmooth: boolean): Plane {
  if (h === 1 && v === 1) return plane;
  if (isSmooth && h === 1 && v === 2) return doubleHeight(plane);
  if (isSmooth && h === 2 && v === 1 && plane.width > 2) return doubleWidth(plane);
  if (isSmooth && h === 2 && v === 2 && plane.width > 2) return doubleBoth(plane);
  return repeat(plane, h, v);
}
