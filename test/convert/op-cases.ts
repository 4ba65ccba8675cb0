import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DTYPES, type DType, isNumericDType, viewAs } from '../../src/base/dtype.js';
import type { Tensor } from '../../src/base/tensor.js';
import { type AttrSpec, attr } from '../fixtures/attr.js';
import {
  constant,
  type NodeSpec,
  node,
  placeholder,
  type SavedModelSpec,
  type TensorSpec,
} from '../fixtures/saved-model-writer.js';

interface TensorJson {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly b64?: string;
  readonly strings_b64?: readonly string[];
}

type AttrJson = readonly [kind: string, value: unknown];

/** One operation, its inputs and TensorFlow's outputs, as test/oracle/ops.py records them. */
export interface OpCase {
  readonly op: string;
  readonly name: string;
  readonly attrs: Readonly<Record<string, AttrJson>>;
  readonly inputs: readonly (TensorJson & { readonly const: boolean })[];
  readonly outputs: readonly TensorJson[];
  /** Why unknown dimensions are refused. */
  readonly staticOnly?: string;
  /** Why only shape and type of the answer are fixed. */
  readonly shapeOnly?: string;
}

/** What the declared input shapes tell: everything, only the rank, nothing. */
export type Mode = 'static' | 'dynamic' | 'unranked';

const DIR = join(import.meta.dirname, '..', 'fixtures', 'ops');

/** The recorded cases, by family. */
export function readOpCases(): Map<string, OpCase[]> {
  const files = readdirSync(DIR).filter((name) => name.endsWith('.json.gz'));
  return new Map(
    files.map((name) => {
      const { cases } = JSON.parse(gunzipSync(readFileSync(join(DIR, name))).toString()) as {
        cases: OpCase[];
      };
      return [name.replace('.json.gz', ''), cases];
    }),
  );
}

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export function toTensor({ dtype, shape, b64, strings_b64 }: TensorJson): Tensor {
  if (dtype === 'string') return { dtype, shape, data: (strings_b64 ?? []).map(fromBase64) };
  if (!isNumericDType(dtype)) throw new Error(`a case holds ${dtype}`);
  return { dtype, shape, data: viewAs(dtype, fromBase64(b64 ?? '')) };
}

function toAttr([kind, value]: AttrJson): AttrSpec {
  switch (kind) {
    case 's':
      return attr.string(fromBase64(value as string));
    case 'i':
      return attr.int(BigInt(value as string));
    case 'f':
      return attr.float(Number(value));
    case 'b':
      return attr.bool(value as boolean);
    case 'type':
      return { type: value as number };
    case 'shape':
      return attr.shape(value as readonly number[] | null);
    case 'list':
      return toList(value as readonly AttrJson[]);
    default:
      throw new Error(`attribute of kind ${kind}`);
  }
}

function toList(items: readonly AttrJson[]): AttrSpec {
  const merged: Record<string, unknown[]> = {};
  for (const item of items) {
    for (const [field, value] of Object.entries(toAttr(item))) {
      merged[field] ??= [];
      merged[field].push(value);
    }
  }
  return { list: merged };
}

/** The SavedModel of the one operation: inputs `i0`, `i1`…, outputs `o0`, `o1`…. */
export function toModel(opCase: OpCase, mode: Mode): SavedModelSpec {
  const declare = (shape: readonly number[]) =>
    mode === 'static' ? shape : mode === 'dynamic' ? shape.map(() => -1) : null;
  const nodes: NodeSpec[] = opCase.inputs.map((input, index) =>
    input.const
      ? constant(`i${index}`, input.dtype, input.shape, constantElements(input))
      : placeholder(`i${index}`, input.dtype, declare(input.shape)),
  );
  const attrs = Object.fromEntries(
    Object.entries(opCase.attrs).map(([name, value]) => [name, toAttr(value)]),
  );
  nodes.push(
    node(
      'op',
      opCase.op,
      opCase.inputs.map((_, index) => `i${index}`),
      attrs,
    ),
  );
  const inputs: Record<string, TensorSpec> = {};
  opCase.inputs.forEach((input, index) => {
    if (input.const) return;
    inputs[`i${index}`] = { tensor: `i${index}:0`, dtype: input.dtype, shape: declare(input.shape) };
  });
  const outputs = Object.fromEntries(
    opCase.outputs.map(({ dtype }, index) => [`o${index}`, { tensor: `op:${index}`, dtype, shape: null }]),
  );
  return { nodes, signatures: { serving_default: { inputs, outputs } } };
}

function constantElements(input: TensorJson) {
  const tensor = toTensor(input);
  if (tensor.dtype === 'string') return tensor.data;
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

export function isOnnxBorderType(dtype: DType): boolean {
  return DTYPES[dtype].onnx !== 0 && dtype !== 'string' && dtype !== 'bfloat16' && !dtype.startsWith('q');
}
