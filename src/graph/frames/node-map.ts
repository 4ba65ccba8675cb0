import { DTYPES } from '../../base/dtype.js';
import { isTfdeployError, TfdeployError } from '../../base/error.js';
import { opDef } from '../../savedmodel/opdefs.js';
import { parseTensorRef } from '../../savedmodel/refs.js';
import type { ArgDef, AttrValue, FunctionDef, NodeDef } from '../../savedmodel/types.js';

/** A graph of flat references (`node:index`) that is being rewritten, and the functions made on the way. */
export interface NodeMap {
  readonly nodes: Map<string, NodeDef>;
  readonly functions: Map<string, FunctionDef>;
}

export const VARIANT = DTYPES.variant.tf;
export const INT32 = DTYPES.int32.tf;

export function frameError(node: NodeDef, what: string): TfdeployError {
  return new TfdeployError('TFD_GRAPH_INVALID', `node "${node.name}" (${node.op}): ${what}`, {
    details: { node: node.name, op: node.op },
  });
}

/**
 * The result, or undefined for control flow that can not be rebuilt: it stays as it is, and only a signature that
 * needs it is refused.
 */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isTfdeployError(error) && error.code !== 'TFD_BUG') return undefined;
    throw error;
  }
}

/** Name and output position of a data reference. */
export function splitRef(ref: string): { name: string; index: number } {
  const parsed = parseTensorRef(ref);
  return parsed === undefined ? { name: ref.slice(1), index: 0 } : { name: parsed.node, index: parsed.index };
}

/** One spelling for each tensor: `n:0` is `n`. */
export function plainRef(ref: string): string {
  return ref.endsWith(':0') ? ref.slice(0, -2) : ref;
}

export function dataRefs(node: NodeDef): string[] {
  return node.inputs.filter((ref) => !ref.startsWith('^'));
}

export function typeAttr(value: number): AttrValue {
  return { kind: 'type', value };
}

export function typesAttr(values: readonly number[]): AttrValue {
  return { kind: 'list', value: values.map(typeAttr) };
}

export function functionAttr(name: string): AttrValue {
  return { kind: 'func', value: { name, attrs: new Map() } };
}

export function makeNode(
  name: string,
  op: string,
  inputs: readonly string[],
  attrs: Readonly<Record<string, AttrValue>>,
): NodeDef {
  return { name, op, inputs, device: '', attrs: new Map(Object.entries(attrs)), originalNames: [] };
}

/** A function whose body refers to outputs by flat position. */
export function makeFunction(
  name: string,
  args: readonly { readonly name: string; readonly type: number }[],
  returned: readonly { readonly ref: string; readonly type: number }[],
  nodes: readonly NodeDef[],
): FunctionDef {
  const arg = (each: { name: string; type: number }): ArgDef => ({
    ...each,
    typeAttr: '',
    numberAttr: '',
    typeListAttr: '',
    isRef: false,
  });
  return {
    name,
    inputArgs: args.map(arg),
    outputArgs: returned.map(({ type }, i) => arg({ name: `out${i}`, type })),
    nodes,
    ret: new Map(returned.map(({ ref }, i) => [`out${i}`, ref])),
    controlRet: new Map(),
    attrs: new Map(),
    hasFlatRefs: true,
  };
}

/** The data type number of a tensor; reference types give their base type. */
export function typeOfRef({ nodes }: NodeMap, ref: string): number {
  const { name, index } = splitRef(ref);
  const node = nodes.get(name);
  if (node === undefined) {
    throw new TfdeployError('TFD_GRAPH_INVALID', `"${ref}" refers to node "${name}", which is not there`);
  }
  const types = (opDef(node.op)?.outputArgs ?? []).flatMap((arg) => argTypes(node, arg));
  const type = types[index];
  if (type === undefined) throw frameError(node, `the type of its output ${index} is not known`);
  return type > 100 ? type - 100 : type;
}

function argTypes(node: NodeDef, arg: ArgDef): number[] {
  const attrs = (name: string) => node.attrs.get(name) ?? opDef(node.op)?.attrs.get(name)?.default;
  if (arg.typeListAttr !== '') {
    const list = attrs(arg.typeListAttr);
    return list?.kind === 'list' ? list.value.map((item) => (item.kind === 'type' ? item.value : 0)) : [];
  }
  const given = arg.typeAttr === '' ? undefined : attrs(arg.typeAttr);
  const type = arg.typeAttr === '' ? arg.type : given?.kind === 'type' ? given.value : 0;
  const count = arg.numberAttr === '' ? undefined : attrs(arg.numberAttr);
  return new Array<number>(count?.kind === 'i' ? Math.min(Number(count.value), 65_536) : 1).fill(type);
}

/** A name that no node and no function has. */
export function freshName({ nodes, functions }: NodeMap, wanted: string): string {
  let name = wanted;
  for (let i = 1; nodes.has(name) || functions.has(name); i++) name = `${wanted}_${i}`;
  return name;
}
