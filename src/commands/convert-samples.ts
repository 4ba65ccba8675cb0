import { allocate, isFloatDType, isNumericDType } from '../base/dtype.js';
import { toBfloat16Bits, toHalfBits } from '../base/half.js';
import { elementCount, type Tensor, type TensorMap } from '../base/tensor.js';
import type { Plan, PlanTensor, SignaturePlan } from '../convert/plan.js';
import { parseRunInput, readInputFile } from './run-input.js';

/** Requests to measure, calibrate or check with, by signature. */
export type Samples = ReadonlyMap<string, readonly TensorMap[]>;

/** Unknown dimensions behind the batch are given this size: long enough for a sequence to be one. */
const UNKNOWN_SIZE = 16;

/** Requests from files; signatures that take the same inputs share them. */
export function readSamples(files: readonly string[], plan: Plan): Samples {
  const samples = new Map<string, TensorMap[]>();
  for (const file of files) {
    const { signature, inputs } = parseRunInput(readInputFile(file), file, plan, undefined);
    for (const each of plan.signatures) {
      if (each.name !== signature.name && !isAlike(each, signature)) continue;
      samples.set(each.name, [...(samples.get(each.name) ?? []), inputs]);
    }
  }
  return samples;
}

function isAlike(a: SignaturePlan, b: SignaturePlan): boolean {
  const border = ({ inputs }: SignaturePlan) =>
    JSON.stringify(inputs.map(({ name, dtype }) => [name, dtype]).sort());
  return border(a) === border(b);
}

/** A linear congruential generator (the constants of Numerical Recipes): the same numbers on every machine. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function makeTensor({ dtype, shape }: PlanTensor, rows: number, random: () => number): Tensor | undefined {
  const dims = shape?.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? rows : UNKNOWN_SIZE));
  if (dims === undefined) return undefined;
  const count = elementCount(dims);
  if (dtype === 'string') {
    return { dtype, shape: dims, data: Array.from({ length: count }, () => Buffer.from('sample')) };
  }
  if (!isNumericDType(dtype)) return undefined;
  const data = allocate(dtype, count);
  if (isFloatDType(dtype)) {
    const encode = { float16: toHalfBits, bfloat16: toBfloat16Bits }[dtype as string];
    for (let i = 0; i < data.length; i++) data[i] = encode?.(random() * 2 - 1) ?? random() * 2 - 1;
  } else if (dtype === 'bool' || DTYPE_SMALL.has(dtype)) {
    for (let i = 0; i < data.length; i++)
      data[i] = Math.floor(random() * (dtype === 'bool' ? 2 : 256)) as never;
  } else {
    // Indices into vocabularies of unknown size, masks, lengths: 0 and 1 are valid for nearly all.
    const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
    for (let i = 0; i < data.length; i++) {
      const bit = Math.floor(random() * 2);
      data[i] = (isBig ? BigInt(bit) : bit) as never;
    }
  }
  return { dtype, shape: dims, data };
}

/** Types that hold pixels rather than indices. */
const DTYPE_SMALL = new Set(['uint8']);

/** A made-up request of `rows` rows; undefined when an input's rank is not declared. */
export function makeSample(signature: SignaturePlan, rows: number, seed = 1): TensorMap | undefined {
  const random = createRandom(seed);
  const inputs: TensorMap = new Map();
  for (const input of signature.inputs) {
    if (input.default !== undefined) continue;
    const tensor = makeTensor(input, rows, random);
    if (tensor === undefined) return undefined;
    inputs.set(input.name, tensor);
  }
  return inputs;
}
