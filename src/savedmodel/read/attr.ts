import { TfdeployError } from '../../base/error.js';
import type { Proto } from '../proto/schema.js';
import type { AttrValue, FunctionRef } from '../types.js';
import type { ReadContext } from './context.js';
import { toShape } from './shape.js';
import { ProtoTensor } from './tensor.js';

type AttrProto = Proto<'AttrValue'>;
type AttrProtos = ReadonlyMap<string, AttrProto>;

/**
 * The attributes of one node or function. `where` names it in messages. TensorFlow writes some of its notes
 * to itself (`_input_shapes` of a function without arguments) without a value: those are left out.
 */
export function toAttrs(
  protos: AttrProtos,
  where: string,
  context: ReadContext,
): ReadonlyMap<string, AttrValue> {
  const attrs = new Map<string, AttrValue>();
  for (const [name, proto] of protos) {
    if (name.startsWith('_') && isUnset(proto)) continue;
    attrs.set(name, toAttr(proto, `${where}: attribute "${name}"`, context));
  }
  return attrs;
}

function isUnset(proto: AttrProto): boolean {
  return Object.values(proto).every((value) => value === undefined);
}

/** AttrValue as one case of the union. An AttrValue with nothing set (or an unknown case) is refused. */
export function toAttr(proto: AttrProto, where: string, context: ReadContext): AttrValue {
  if (proto.type !== undefined) return { kind: 'type', value: proto.type };
  if (proto.i !== undefined) return { kind: 'i', value: proto.i };
  if (proto.b !== undefined) return { kind: 'b', value: proto.b };
  if (proto.s !== undefined) return { kind: 's', value: proto.s };
  if (proto.list !== undefined) return { kind: 'list', value: toList(proto.list, where, context) };
  if (proto.shape !== undefined) {
    return { kind: 'shape', value: toShape(proto.shape, `${context.what}: ${where}`) };
  }
  if (proto.tensor !== undefined) {
    return { kind: 'tensor', value: new ProtoTensor(proto.tensor, where, context) };
  }
  if (proto.f !== undefined) return { kind: 'f', value: proto.f };
  if (proto.func !== undefined) return { kind: 'func', value: toFunctionRef(proto.func, where, context) };
  if (proto.placeholder !== undefined) return { kind: 'placeholder', value: proto.placeholder };
  throw new TfdeployError('TFD_MODEL_CORRUPT', `${context.what}: ${where} has no value`);
}

function toList(list: Proto<'AttrList'>, where: string, context: ReadContext): AttrValue[] {
  const items: AttrValue[] = [];
  for (const value of list.s) items.push({ kind: 's', value });
  for (const value of list.i) items.push({ kind: 'i', value });
  for (const value of list.f) items.push({ kind: 'f', value });
  for (const value of list.b) items.push({ kind: 'b', value: value !== 0 });
  for (const value of list.type) items.push({ kind: 'type', value });
  for (const shape of list.shape) {
    items.push({ kind: 'shape', value: toShape(shape, `${context.what}: ${where}`) });
  }
  for (const tensor of list.tensor) {
    items.push({ kind: 'tensor', value: new ProtoTensor(tensor, where, context) });
  }
  for (const func of list.func) items.push({ kind: 'func', value: toFunctionRef(func, where, context) });
  return items;
}

function toFunctionRef(proto: Proto<'NameAttrList'>, where: string, context: ReadContext): FunctionRef {
  return { name: proto.name, attrs: toAttrs(proto.attr, `${where} (function "${proto.name}")`, context) };
}
