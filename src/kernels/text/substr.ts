import { elementCount, type NumericTensor } from '../../base/tensor.js';
import type { Kernel, KernelFamily } from '../types.js';

/** Byte offset at which each code point starts, and the end. */
function characterOffsets(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  bytes.forEach((byte, at) => {
    if ((byte & 0xc0) !== 0x80) offsets.push(at);
  });
  return [...offsets, bytes.length];
}

function indexer(from: readonly number[], to: readonly number[]): (flat: number) => number {
  const lead = to.length - from.length;
  return (flat) => {
    let rest = flat;
    let index = 0;
    let stride = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const dim = to[axis] ?? 1;
      const at = rest % dim;
      rest = Math.floor(rest / dim);
      const size = from[axis - lead];
      if (size === undefined) continue;
      if (size !== 1) index += at * stride;
      stride *= size;
    }
    return index;
  };
}

function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape.push(x === 1 ? y : x);
  }
  return shape;
}

/** Substr: `pos` may count from the end, `len` beyond the end is cut; a `pos` outside is an error. */
const substr: Kernel = (context) => {
  const input = context.strings(0);
  const pos: NumericTensor = context.numeric(1);
  const len: NumericTensor = context.numeric(2);
  const unit = context.attrs.string('unit', 'BYTE');
  if (unit !== 'BYTE' && unit !== 'UTF8_CHAR') throw context.fail(`unit "${unit}" is not known`);
  if (pos.shape.join() !== len.shape.join()) {
    throw context.fail(`pos of shape [${pos.shape}] and len of shape [${len.shape}] must be alike`);
  }
  const shape = broadcastShape(input.shape, pos.shape);
  if (shape === undefined) throw context.fail(`shapes [${input.shape}] and [${pos.shape}] do not broadcast`);
  const inputIndex = indexer(input.shape, shape);
  const posIndex = indexer(pos.shape, shape);
  const data = Array.from({ length: elementCount(shape) }, (_, flat) => {
    const bytes = input.data[inputIndex(flat)] ?? new Uint8Array();
    const start = Number(pos.data[posIndex(flat)]);
    const count = Number(len.data[posIndex(flat)]);
    if (count < 0) throw context.fail(`len ${count} is negative`);
    const offsets = unit === 'BYTE' ? undefined : characterOffsets(bytes);
    const size = offsets === undefined ? bytes.length : offsets.length - 1;
    if (start > size || start < -size) throw context.fail(`pos ${start} is outside of a string of ${size}`);
    const from = start < 0 ? start + size : start;
    const to = Math.min(size, from + count);
    return offsets === undefined ? bytes.subarray(from, to) : bytes.subarray(offsets[from], offsets[to]);
  });
  return [{ dtype: 'string', shape, data }];
};

export const substring: KernelFamily = { Substr: substr };
