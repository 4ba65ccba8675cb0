import { DTYPES } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import type { Shape } from '../../base/shape.js';
import { tensorBytes } from '../../base/tensor.js';
import type { TensorValue } from '../../savedmodel/types.js';
import type { OnnxAttr, OnnxBody, OnnxNode } from '../types.js';
import { ProtoWriter } from './proto-writer.js';

/** Operator set and file format version that ONNX Runtime 1.24 and later take on every provider. */
export const OPSET = 21;
export const IR_VERSION = 10;
const MICROSOFT_OPSET = 1;

/** Where an initializer lies when it is not inside the model file. */
export interface ExternalLocation {
  /** File name beside the model file. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Decides for each initializer whether it lies outside; undefined keeps it in the model file. */
export type Placement = (name: string, value: TensorValue) => ExternalLocation | undefined;

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 };

/**
 * The bytes of an ONNX `ModelProto`. Shapes: unknown dimensions become named ones, an unknown rank has no
 * shape field. Field numbers: onnx/onnx.proto of ONNX 1.16.
 */
export function encodeModel(body: OnnxBody, place: Placement = () => undefined): Uint8Array {
  return new ProtoWriter()
    .int(1, IR_VERSION)
    .string(2, 'tfdeploy')
    .message(7, (graph) => writeGraph(graph, body, place))
    .message(8, (opset) => opset.string(1, '').int(2, OPSET))
    .message(8, (opset) => opset.string(1, 'com.microsoft').int(2, MICROSOFT_OPSET))
    .finish();
}

function writeGraph(out: ProtoWriter, body: OnnxBody, place: Placement): void {
  for (const node of body.nodes) out.message(1, (inner) => writeNode(inner, node, place));
  out.string(2, body.name);
  for (const [name, value] of body.initializers) {
    out.message(5, (inner) => writeTensor(inner, name, value, place(name, value)));
  }
  for (const input of body.inputs) out.message(11, (inner) => writeValueInfo(inner, input));
  for (const output of body.outputs) out.message(12, (inner) => writeValueInfo(inner, output));
}

function writeNode(out: ProtoWriter, node: OnnxNode, place: Placement): void {
  for (const name of node.inputs) out.string(1, name);
  for (const name of node.outputs) out.string(2, name);
  out.string(3, node.name).string(4, node.op);
  for (const [name, attr] of node.attrs) out.message(5, (inner) => writeAttr(inner, name, attr, place));
  if (node.domain !== '') out.string(7, node.domain);
}

function writeAttr(out: ProtoWriter, name: string, attr: OnnxAttr, place: Placement): void {
  out.string(1, name);
  if (typeof attr === 'number' || typeof attr === 'bigint') {
    out.int(3, attr).int(20, ATTRIBUTE_TYPE.int);
  } else if (typeof attr === 'string') {
    out.string(4, attr).int(20, ATTRIBUTE_TYPE.string);
  } else if (isStrings(attr)) {
    for (const text of attr) out.string(9, text);
    out.int(20, ATTRIBUTE_TYPE.strings);
  } else if (isInts(attr)) {
    for (const value of attr) out.int(8, value);
    out.int(20, ATTRIBUTE_TYPE.ints);
  } else if ('float' in attr) {
    out.float(2, attr.float).int(20, ATTRIBUTE_TYPE.float);
  } else if ('floats' in attr) {
    for (const value of attr.floats) out.float(7, value);
    out.int(20, ATTRIBUTE_TYPE.floats);
  } else if ('tensor' in attr) {
    out.message(5, (inner) => writeTensor(inner, '', attr.tensor, undefined)).int(20, ATTRIBUTE_TYPE.tensor);
  } else {
    out.message(6, (inner) => writeGraph(inner, attr.graph, place)).int(20, ATTRIBUTE_TYPE.graph);
  }
}

function isStrings(attr: OnnxAttr): attr is readonly string[] {
  return Array.isArray(attr) && attr.length > 0 && typeof attr[0] === 'string';
}

function isInts(attr: OnnxAttr): attr is readonly number[] | readonly bigint[] {
  return Array.isArray(attr);
}

function writeTensor(
  out: ProtoWriter,
  name: string,
  value: TensorValue,
  external: ExternalLocation | undefined,
): void {
  for (const dim of value.shape) out.int(1, dim);
  const number = DTYPES[value.dtype].onnx;
  if (number === 0) throw new TfdeployError('TFD_BUG', `initializer "${name}" of type ${value.dtype}`);
  out.int(2, number);
  if (external === undefined) {
    const tensor = value.read();
    if (tensor.dtype === 'string') for (const text of tensor.data) out.bytes(6, text);
    else out.bytes(9, tensorBytes(tensor));
    if (name !== '') out.string(8, name);
    return;
  }
  out.string(8, name);
  const entries = { location: external.location, offset: external.offset, length: external.length };
  for (const [key, entry] of Object.entries(entries)) {
    out.message(13, (inner) => inner.string(1, key).string(2, String(entry)));
  }
  out.int(14, 1);
}

function writeValueInfo(
  out: ProtoWriter,
  info: { readonly name: string; readonly dtype: keyof typeof DTYPES; readonly shape: Shape },
): void {
  out.string(1, info.name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, DTYPES[info.dtype].onnx);
      if (info.shape === null) return;
      tensor.message(2, (shape) => {
        for (const dim of info.shape ?? []) {
          shape.message(1, (inner) => (typeof dim === 'number' ? inner.int(1, dim) : inner.string(2, dim)));
        }
      });
    }),
  );
}
