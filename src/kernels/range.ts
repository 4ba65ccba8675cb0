import { DTYPES, type NumericDType } from '../base/dtype.js';
import { integerOf, laneOf, realOf, realsOf, seal, workArray } from './lanes.js';
import type { HostValue, KernelContext, KernelFamily } from './types.js';
import { isFloat } from './zip.js';

const MAX_ELEMENTS = 2 ** 31 - 1;

function range(context: KernelContext): HostValue[] {
  const { dtype } = context.numeric(0);
  if (laneOf(dtype) === 'big') return bigRange(context, dtype);
  const [start, limit, delta] = [realOf(context, 0), realOf(context, 1), realOf(context, 2)];
  const count = rangeLength(context, start, limit, delta);
  const out = workArray(dtype, count);
  // TensorFlow adds up in the type itself, so float32 rounds at every step.
  let value = start;
  const next = dtype === 'float32' ? (x: number) => Math.fround(x + delta) : (x: number) => x + delta;
  for (let i = 0; i < count; i++) {
    out[i] = value;
    value = next(value);
  }
  return [seal(dtype, [count], out)];
}

function rangeLength(context: KernelContext, start: number, limit: number, delta: number): number {
  if (delta === 0 || Number.isNaN(start + limit + delta))
    throw context.fail('the step of a range is 0 or not a number');
  if (delta > 0 ? start > limit : start < limit) {
    throw context.fail(`a range from ${start} to ${limit} has no step ${delta}`);
  }
  const count = Math.ceil(Math.abs((limit - start) / delta));
  if (count > MAX_ELEMENTS) throw context.fail(`a range of ${count} elements is too large`);
  return count;
}

function bigRange(context: KernelContext, dtype: NumericDType): HostValue[] {
  const [start, limit, delta] = [0, 1, 2].map((i) => context.numeric(i).data[0] as bigint) as [
    bigint,
    bigint,
    bigint,
  ];
  if (delta === 0n || (delta > 0n ? start > limit : start < limit)) {
    throw context.fail(`a range from ${start} to ${limit} has no step ${delta}`);
  }
  const step = delta < 0n ? -delta : delta;
  const distance = delta > 0n ? limit - start : start - limit;
  const count = Number((distance + step - 1n) / step);
  if (count > MAX_ELEMENTS) throw context.fail(`a range of ${count} elements is too large`);
  const out = new (DTYPES[dtype].array as typeof BigInt64Array)(count);
  for (let i = 0; i < count; i++) out[i] = start + BigInt(i) * delta;
  return [{ dtype, shape: [count], data: out }];
}

function linSpace(context: KernelContext): HostValue[] {
  const { dtype } = context.numeric(0);
  if (!isFloat(dtype)) throw context.fail(`makes no ${dtype}`);
  const [start, stop, count] = [
    realsOf(context.numeric(0))[0]!,
    realsOf(context.numeric(1))[0]!,
    integerOf(context, 2),
  ];
  if (count <= 0) throw context.fail(`makes no ${count} elements`);
  const out = workArray(dtype, count);
  const step = (stop - start) / (count - 1);
  for (let i = 0; i < count; i++) out[i] = start + (i === 0 ? 0 : step * i);
  if (count > 1) out[count - 1] = stop;
  return [seal(dtype, [count], out)];
}

export const rangeKernels: KernelFamily = { Range: range, LinSpace: linSpace };
