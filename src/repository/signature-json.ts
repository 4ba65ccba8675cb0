import { type DType, type NumericDType, viewAs } from '../base/dtype.js';
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { SignatureDef, TensorInfo, TensorValue } from '../savedmodel/types.js';

interface InfoJson {
  readonly name: string;
  readonly dtype: DType | 'invalid';
  readonly shape: Shape;
  readonly components?: readonly (readonly [string, InfoJson])[];
  readonly compositeType?: string;
}

interface DefaultJson {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Little-endian bytes, or one entry for each string. */
  readonly data: string | readonly string[];
}

interface SignatureJson {
  readonly name: string;
  readonly methodName: string;
  readonly inputs: readonly (readonly [string, InfoJson])[];
  readonly outputs: readonly (readonly [string, InfoJson])[];
  readonly defaults: readonly (readonly [string, DefaultJson])[];
}

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function infoToJson({ components, ...rest }: TensorInfo): InfoJson {
  if (components === undefined) return rest;
  return { ...rest, components: [...components].map(([key, info]) => [key, infoToJson(info)] as const) };
}

function infoFromJson({ components, ...rest }: InfoJson): TensorInfo {
  if (components === undefined) return rest;
  return { ...rest, components: new Map(components.map(([key, info]) => [key, infoFromJson(info)])) };
}

function defaultToJson(value: TensorValue): DefaultJson {
  const tensor = value.read();
  const { dtype, shape } = tensor;
  if (tensor.dtype === 'string') return { dtype, shape, data: tensor.data.map(toBase64) };
  const { buffer, byteOffset, byteLength } = tensor.data;
  return { dtype, shape, data: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
}

/** The SignatureDefs of a model as JSON, so that a worker needs not parse the model for its metadata. */
export function signaturesToJson(signatures: ReadonlyMap<string, SignatureDef>): string {
  const list = [...signatures.values()].map(
    ({ name, methodName, inputs, outputs, defaults }): SignatureJson => ({
      name,
      methodName,
      inputs: [...inputs].map(([key, info]) => [key, infoToJson(info)]),
      outputs: [...outputs].map(([key, info]) => [key, infoToJson(info)]),
      defaults: [...defaults].map(([key, value]) => [key, defaultToJson(value)]),
    }),
  );
  return JSON.stringify(list);
}

const fromBase64 = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

function defaultFromJson({ dtype, shape, data }: DefaultJson): TensorValue {
  let tensor: Tensor;
  if (typeof data !== 'string') tensor = { dtype: 'string', shape, data: data.map(fromBase64) };
  else
    tensor = { dtype: dtype as NumericDType, shape, data: viewAs(dtype as NumericDType, fromBase64(data)) };
  const byteLength =
    tensor.dtype === 'string'
      ? tensor.data.reduce((sum, each) => sum + each.byteLength, 0)
      : tensor.data.byteLength;
  return { dtype, shape, byteLength, read: () => tensor };
}

/** Back from `signaturesToJson`. */
export function signaturesFromJson(text: string): Map<string, SignatureDef> {
  const list = JSON.parse(text) as readonly SignatureJson[];
  return new Map(
    list.map(({ name, methodName, inputs, outputs, defaults }) => [
      name,
      {
        name,
        methodName,
        inputs: new Map(inputs.map(([key, info]) => [key, infoFromJson(info)])),
        outputs: new Map(outputs.map(([key, info]) => [key, infoFromJson(info)])),
        defaults: new Map(defaults.map(([key, value]) => [key, defaultFromJson(value)])),
      },
    ]),
  );
}
