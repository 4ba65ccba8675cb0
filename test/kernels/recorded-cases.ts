import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type NumericDType, viewAs } from '../../src/base/dtype.js';
import { isTfdeployError } from '../../src/base/error.js';
import type { Tensor } from '../../src/base/tensor.js';
import { runKernel } from '../../src/kernels/registry.js';
import type { HostValue } from '../../src/kernels/types.js';
import type { AttrValue } from '../../src/savedmodel/types.js';

interface TensorJson {
  readonly dtype: string;
  readonly shape: number[];
  readonly b64?: string;
  readonly strings_b64?: string[];
}

interface AttrJson {
  readonly kind: string;
  readonly value: unknown;
}

/** One raw op and what TensorFlow answered (see test/oracle/kernel_recorder.py). */
export interface RecordedCase {
  readonly op: string;
  readonly attrs: Readonly<Record<string, AttrJson>>;
  readonly inputs: TensorJson[];
  readonly outputs?: TensorJson[];
  readonly error?: string;
}

export function readCases(name: string): RecordedCase[] {
  const url = new URL(`../fixtures/${name}`, import.meta.url);
  const bytes = readFileSync(url);
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

function toBytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function toTensor(json: TensorJson): Tensor {
  if (json.strings_b64) return { dtype: 'string', shape: json.shape, data: json.strings_b64.map(toBytes) };
  const dtype = json.dtype as NumericDType;
  return { dtype, shape: json.shape, data: viewAs(dtype, toBytes(json.b64 ?? '')) };
}

function toAttr(json: AttrJson): AttrValue {
  if (json.kind === 's') return { kind: 's', value: toBytes(json.value as string) };
  if (json.kind === 'i') return { kind: 'i', value: BigInt(json.value as string) };
  if (json.kind === 'list') return { kind: 'list', value: (json.value as AttrJson[]).map(toAttr) };
  if (json.kind === 'shape') {
    const dims = json.value as number[];
    return { kind: 'shape', value: dims.map((dim, index) => (dim < 0 ? `d${index}` : dim)) };
  }
  return json as AttrValue;
}

function plain(tensor: Tensor): { dtype: string; shape: number[]; data: string[] } {
  const data =
    tensor.dtype === 'string'
      ? tensor.data.map((bytes) => Buffer.from(bytes).toString('latin1'))
      : Array.from(tensor.data as ArrayLike<number>, String);
  return { dtype: tensor.dtype, shape: [...tensor.shape], data };
}

/** Our answer and TensorFlow's, both as plain values or as the word `refused`; `handles` are its last inputs. */
export function runCase(
  recorded: RecordedCase,
  handles: readonly HostValue[] = [],
): { readonly actual: unknown; readonly expected: unknown } {
  const attrs = new Map(Object.entries(recorded.attrs).map(([name, value]) => [name, toAttr(value)]));
  const node = { op: recorded.op, name: 'case', attrs, outputs: { length: recorded.outputs?.length ?? 1 } };
  const expected = recorded.outputs?.map((output) => plain(toTensor(output))) ?? 'refused';
  try {
    const outputs = runKernel(node, [...recorded.inputs.map(toTensor), ...handles]);
    return { actual: outputs.map((value) => plain(value as Tensor)), expected };
  } catch (error) {
    if (!isTfdeployError(error) || error.code !== 'TFD_KERNEL_INPUT') throw error;
    return { actual: recorded.error === undefined ? error.message : 'refused', expected };
  }
}

/** The case as values. */
export function tensorsOf(recorded: RecordedCase): {
  readonly attrs: ReadonlyMap<string, AttrValue>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[] | undefined;
} {
  return {
    attrs: new Map(Object.entries(recorded.attrs).map(([name, value]) => [name, toAttr(value)])),
    inputs: recorded.inputs.map(toTensor),
    outputs: recorded.outputs?.map(toTensor),
  };
}

/** A short name for a case. */
export function caseName(recorded: RecordedCase, index: number): string {
  return `${index} ${recorded.op} ${JSON.stringify(recorded.attrs).slice(0, 60)}`;
}
