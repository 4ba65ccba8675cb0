import type { DType } from '../../base/dtype.js';
import type { Shape } from '../../base/shape.js';
import { INTEGER_RANGES, isJsonDType } from '../codec/tensor-sink.js';

/** A JSON Schema, as far as it is needed here. */
export type Schema = { readonly [key: string]: unknown };

/** Sample values larger than this are left out of the document. */
const MAX_SAMPLE_ELEMENTS = 256;

/** The JSON form of one element. */
export function elementSchema(dtype: DType): Schema {
  if (!isJsonDType(dtype)) return { description: `${dtype} has no JSON form; send a binary body` };
  if (dtype === 'bool') return { type: 'boolean' };
  if (dtype === 'string') {
    const base64 = {
      type: 'object',
      properties: { b64: { type: 'string', contentEncoding: 'base64' } },
      required: ['b64'],
      additionalProperties: false,
    };
    return { oneOf: [{ type: 'string' }, base64] };
  }
  const range = INTEGER_RANGES[dtype];
  if (range === undefined) return { type: 'number' };
  return dtype === 'int64' || dtype === 'uint64'
    ? { type: 'integer', format: dtype }
    : { type: 'integer', minimum: range[0], maximum: range[1] };
}

/** Nested lists of a declared shape. Sizes are named, not enforced: the server does not enforce them either. */
export function tensorSchema(dtype: DType, shape: Shape): Schema {
  if (shape === null) return { description: `nested lists of ${dtype}, of any rank` };
  let schema: Schema = elementSchema(dtype);
  for (const dim of [...shape].reverse()) {
    schema = {
      type: 'array',
      items: schema,
      ...(typeof dim === 'number' ? { minItems: dim, maxItems: dim } : {}),
    };
  }
  return schema;
}

/** Nested lists of zeros, unknown sizes taken as 1; undefined where that would be long. */
export function sampleTensor(dtype: DType, shape: Shape): unknown {
  const sizes = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  if (!isJsonDType(dtype) || sizes.reduce((product, size) => product * size, 1) > MAX_SAMPLE_ELEMENTS) {
    return undefined;
  }
  const element = dtype === 'bool' ? false : dtype === 'string' ? 'text' : 0;
  return sizes.reduceRight<unknown>((inner, size) => Array.from({ length: size }, () => inner), element);
}
