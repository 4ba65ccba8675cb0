import { TfdeployError } from '../../base/error.js';
import type { Proto } from '../proto/schema.js';
import type { ArgDef, AttrValue, FunctionDef, GraphDef, NodeDef } from '../types.js';
import { toAttrs } from './attr.js';
import type { ReadContext } from './context.js';

const NO_NAMES: readonly string[] = [];

/** GraphDef with its function library. Two nodes or two functions of one name are TFD_GRAPH_INVALID. */
export function toGraph(proto: Proto<'GraphDef'> | undefined, context: ReadContext): GraphDef {
  const functions = new Map<string, FunctionDef>();
  for (const row of proto?.library?.function ?? []) {
    const definition = toFunction(row, context);
    if (functions.has(definition.name)) throw duplicate('function', definition.name, context);
    functions.set(definition.name, definition);
  }
  return {
    nodes: toNodes(proto?.node ?? [], 'the graph', context),
    functions,
    producer: proto?.versions?.producer ?? 0,
  };
}

function toNodes(protos: readonly Proto<'NodeDef'>[], owner: string, context: ReadContext): NodeDef[] {
  const names = new Set<string>();
  return protos.map((proto) => {
    if (names.has(proto.name)) throw duplicate(`${owner}: node`, proto.name, context);
    names.add(proto.name);
    return {
      name: proto.name,
      op: proto.op,
      inputs: proto.input,
      device: proto.device,
      attrs: toAttrs(proto.attr, `node "${proto.name}" (${proto.op})`, context),
      originalNames: proto.experimental_debug_info?.original_node_names ?? NO_NAMES,
    };
  });
}

function duplicate(what: string, name: string, context: ReadContext): TfdeployError {
  return new TfdeployError('TFD_GRAPH_INVALID', `${context.what}: ${what} "${name}" is there twice`, {
    details: { name },
  });
}

export function toArg(proto: Proto<'ArgDef'>): ArgDef {
  return {
    name: proto.name,
    type: proto.type,
    typeAttr: proto.type_attr,
    numberAttr: proto.number_attr,
    typeListAttr: proto.type_list_attr,
    isRef: proto.is_ref,
  };
}

function toFunction(proto: Proto<'FunctionDef'>, context: ReadContext): FunctionDef {
  const { signature } = proto;
  if (signature === undefined) {
    throw new TfdeployError('TFD_MODEL_CORRUPT', `${context.what}: a function without a signature`);
  }
  const owner = `function "${signature.name}"`;
  const argAttrs = new Map<number, ReadonlyMap<string, AttrValue>>();
  for (const [index, { attr }] of proto.arg_attr) {
    argAttrs.set(index, toAttrs(attr, `${owner}: argument ${index}`, context));
  }
  return {
    name: signature.name,
    inputArgs: signature.input_arg.map(toArg),
    outputArgs: signature.output_arg.map(toArg),
    nodes: toNodes(proto.node_def, owner, context),
    ret: proto.ret,
    controlRet: proto.control_ret,
    attrs: toAttrs(proto.attr, owner, context),
    argAttrs,
    isStateful: signature.is_stateful,
  };
}
