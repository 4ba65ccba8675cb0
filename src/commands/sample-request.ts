import type { DType } from '../base/dtype.js';
import { type ExampleFeature, sampleExample } from '../savedmodel/example-features.js';
import type { SignatureDef, TensorInfo } from '../savedmodel/types.js';

/** A request over TensorFlow Serving's REST API that fits a signature. */
export interface SampleRequest {
  readonly path: string;
  /** undefined when it would be long: `expression` makes it then. */
  readonly body: unknown;
  /** JavaScript that gives the body. */
  readonly expression: string;
  /** To paste into a shell. */
  readonly curl: string;
}

const MAX_INLINE_ELEMENTS = 48;
const DEFAULT_URL = 'http://127.0.0.1:8501';

/** JSON of one element. */
const SAMPLES: Readonly<Partial<Record<DType, string>>> = {
  float32: '0.5',
  float64: '0.5',
  float16: '0.5',
  bfloat16: '0.5',
  string: '"text"',
  bool: 'true',
};

/**
 * A sample with one row where rows are unknown: `instances` (one value per row) when every input has a free
 * first dimension, else `inputs`. undefined for sparse and composite inputs, which REST can not carry.
 */
export function makeSampleRequest(
  model: string,
  signature: SignatureDef,
  examples: ReadonlyMap<string, readonly ExampleFeature[]>,
): SampleRequest | undefined {
  const all = [...signature.inputs];
  const needed = all.filter(([name]) => !signature.defaults.has(name));
  const inputs = needed.length === 0 ? all : needed;
  if (inputs.some(([, info]) => info.components !== undefined)) return undefined;
  const isRows = inputs.length > 0 && inputs.every(([, { shape }]) => shape === null || shape[0] === '?');
  const values = inputs.map(([name, info]): [string, string] => [
    name,
    sampleValue(info, isRows, encodeExample(examples.get(name))),
  ]);
  const lone = values.length === 1 ? values[0]![1] : undefined;
  const value = lone ?? `{${values.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(', ')}}`;
  const head =
    signature.name === 'serving_default' ? '' : `"signature_name": ${JSON.stringify(signature.name)}, `;
  const expression = `{${head}${isRows ? `"instances": [${value}]` : `"inputs": ${value}`}}`;
  const isShort = inputs.reduce((sum, [, info]) => sum + countElements(info), 0) <= MAX_INLINE_ELEMENTS;
  const path = `/v1/models/${model}:predict`;
  return {
    path,
    body: isShort ? JSON.parse(expression) : undefined,
    expression,
    curl: isShort
      ? `curl -d ${quoteShell(expression)} ${DEFAULT_URL}${path}`
      : `node -p ${quoteShell(`JSON.stringify(${expression})`)} | curl -d @- ${DEFAULT_URL}${path}`,
  };
}

/** Bytes travel as base64 in an object of their own. */
function encodeExample(features: readonly ExampleFeature[] | undefined): string | undefined {
  if (features === undefined) return undefined;
  return JSON.stringify({ b64: Buffer.from(sampleExample(features)).toString('base64') });
}

/** Sizes of one sample: unknown dimensions are 1, an unknown rank is a scalar, rows lose their dimension. */
function sampleSizes({ shape }: TensorInfo, isRow: boolean): number[] {
  const sizes = (shape ?? (isRow ? ['?'] : [])).map((dim) => (typeof dim === 'number' ? dim : 1));
  return isRow ? sizes.slice(1) : sizes;
}

function countElements(info: TensorInfo): number {
  return sampleSizes(info, false).reduce((count, size) => count * size, 1);
}

function sampleValue(info: TensorInfo, isRow: boolean, sample: string | undefined): string {
  const element = sample ?? (info.dtype === 'invalid' ? undefined : SAMPLES[info.dtype]) ?? '1';
  const isLong = countElements(info) > MAX_INLINE_ELEMENTS;
  return sampleSizes(info, isRow).reduceRight((inner, size) => {
    if (isLong && size > 1) return `Array(${size}).fill(${inner})`;
    return `[${Array(size).fill(inner).join(', ')}]`;
  }, element);
}

function quoteShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
