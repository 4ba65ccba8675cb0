import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type NumericDType, viewAs } from '../../../src/base/dtype.js';
import { isTfdeployError } from '../../../src/base/error.js';
import type { Tensor } from '../../../src/base/tensor.js';
import { runKernel } from '../../../src/kernels/registry.js';
import { TEXT_FAMILIES } from '../../../src/kernels/text/index.js';
import type { AttrValue } from '../../../src/savedmodel/types.js';

interface TensorJson {
  readonly dtype: string;
  readonly shape: number[];
  readonly b64?: string;
  readonly strings_b64?: string[];
}

interface CaseJson {
  readonly op: string;
  readonly attrs: Record<string, { kind: string; value: unknown }>;
  readonly inputs: TensorJson[];
  readonly outputs?: TensorJson[];
  readonly error?: string;
}

const url = new URL('../../fixtures/text-kernels.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(url, 'utf8')) as { cases: CaseJson[] };

function toBytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function toTensor(json: TensorJson): Tensor {
  if (json.strings_b64) return { dtype: 'string', shape: json.shape, data: json.strings_b64.map(toBytes) };
  const dtype = json.dtype as NumericDType;
  return { dtype, shape: json.shape, data: viewAs(dtype, toBytes(json.b64 ?? '')) };
}

function toAttr(json: { kind: string; value: unknown }): AttrValue {
  if (json.kind === 's') return { kind: 's', value: toBytes(json.value as string) };
  if (json.kind === 'i') return { kind: 'i', value: BigInt(json.value as string) };
  if (json.kind === 'list')
    return { kind: 'list', value: (json.value as CaseJson['attrs'][string][]).map(toAttr) };
  return json as AttrValue;
}

function plain(tensor: { dtype: string; shape: readonly number[]; data: ArrayLike<unknown> }) {
  const data =
    tensor.dtype === 'string'
      ? Array.from(tensor.data as ArrayLike<Uint8Array>, (bytes) => Buffer.from(bytes).toString('latin1'))
      : Array.from(tensor.data, String);
  return { dtype: tensor.dtype, shape: [...tensor.shape], data };
}

describe('string ops answer like TensorFlow', () => {
  it.each(cases.map((c, index) => [`${index} ${c.op} ${JSON.stringify(c.attrs).slice(0, 60)}`, c] as const))(
    '%s',
    (_, c) => {
      const attrs = new Map(Object.entries(c.attrs).map(([name, value]) => [name, toAttr(value)]));
      const node = { op: c.op, name: 'case', attrs, outputs: { length: c.outputs?.length ?? 1 } };
      const run = () => runKernel(node, c.inputs.map(toTensor));
      if (c.error !== undefined) {
        let thrown: unknown;
        try {
          run();
        } catch (error) {
          thrown = error;
        }
        expect(isTfdeployError(thrown) && thrown.code).toBe('TFD_KERNEL_INPUT');
        return;
      }
      const actual = run().map((value) => plain(value as Tensor));
      expect(actual).toEqual((c.outputs ?? []).map((output) => plain(toTensor(output))));
    },
  );

  it('has a case for every kernel', () => {
    const ops = TEXT_FAMILIES.flatMap((family) => Object.keys(family));
    const tried = new Set(cases.map((c) => c.op));
    expect(ops.filter((op) => !tried.has(op))).toEqual([
      'StringToHashBucket',
      'StringToHashBucketFast',
      'StringToHashBucketStrong',
      'StringFormat',
    ]);
  });
});
