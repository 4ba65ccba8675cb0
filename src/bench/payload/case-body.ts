import type { Case } from '../../base/case-format.js';
import { isComplexDType } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import type { Tensor } from '../../base/tensor.js';

/** The inputs of a case as a request in columns; strings go as base64, since they are bytes. */
export function writeCase({ signature, inputs }: Case, where: string, wanted: string | undefined): Buffer {
  if (wanted !== undefined && signature !== undefined && wanted !== signature) {
    throw refuse(where, `it is for signature '${signature}', --signature is '${wanted}'`);
  }
  const name = wanted ?? signature ?? 'serving_default';
  const columns: string[] = [];
  for (const [input, tensor] of inputs) {
    columns.push(`${JSON.stringify(input)}:${writeTensor(tensor, `${where}: input '${input}'`)}`);
  }
  const head = name === 'serving_default' ? '' : `"signature_name":${JSON.stringify(name)},`;
  return Buffer.from(`{${head}"inputs":{${columns.join(',')}}}`, 'utf8');
}

function writeTensor(tensor: Tensor, where: string): string {
  const elements = writeElements(tensor, where);
  const { shape } = tensor;
  let next = 0;
  const nest = (axis: number): string => {
    if (axis === shape.length) return elements[next++]!;
    const parts: string[] = [];
    for (let index = 0; index < shape[axis]!; index++) parts.push(nest(axis + 1));
    return `[${parts.join(',')}]`;
  };
  return nest(0);
}

function writeElements(tensor: Tensor, where: string): string[] {
  if (tensor.dtype === 'string') {
    return tensor.data.map((bytes) => `{"b64":"${Buffer.from(bytes).toString('base64')}"}`);
  }
  const { dtype } = tensor;
  if (isComplexDType(dtype) || dtype === 'float16' || dtype === 'bfloat16') {
    throw refuse(where, `JSON has no form for ${dtype}`);
  }
  const values = tensor.data as ArrayLike<number | bigint>;
  if (dtype === 'bool') return Array.from(values, (value) => (value ? 'true' : 'false'));
  return Array.from(values, formatNumber);
}

/** TensorFlow Serving's words for what JSON can not say are JavaScript's own; only -0 needs care. */
function formatNumber(value: number | bigint): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function refuse(where: string, what: string): TfdeployError {
  return new TfdeployError('TFD_INPUT_INVALID', `${where}: ${what}`);
}
