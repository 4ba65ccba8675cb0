import { type DType, dtypeFromTf } from '../base/dtype.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { ArgDef, AttrValue, NodeDef } from '../savedmodel/types.js';
import { type Attrs, graphError, type Scope } from './scope.js';

const MAX_ARG_ITEMS = 65_536;

/** One flat input or output position of a node. */
export interface Slot {
  readonly arg: string;
  readonly index: number;
  readonly dtype: DType;
}

/** The flat positions of argument definitions under a node's attributes (number and list arguments spread). */
export function expandArgs(scope: Scope, node: NodeDef, args: readonly ArgDef[], attrs: Attrs): Slot[] {
  const slots: Slot[] = [];
  for (const arg of args) {
    for (const number of argTypes(scope, node, arg, attrs)) {
      const dtype = dtypeFromTf(number, `node "${node.name}" (${node.op}), argument "${arg.name}"`);
      slots.push({ arg: arg.name, index: slots.length, dtype });
    }
  }
  return slots;
}

/** The data type numbers of one argument: one, `number_attr` times the same, or those of a list attribute. */
function argTypes(scope: Scope, node: NodeDef, arg: ArgDef, attrs: Attrs): number[] {
  if (arg.typeListAttr !== '') {
    const list = need(scope, node, attrs, arg.typeListAttr, 'list') as readonly AttrValue[];
    return list.map((item) => {
      if (item.kind !== 'type')
        throw graphError(scope, node, `attribute "${arg.typeListAttr}" holds no types`);
      return item.value;
    });
  }
  const type = arg.typeAttr === '' ? arg.type : (need(scope, node, attrs, arg.typeAttr, 'type') as number);
  if (arg.numberAttr === '') return [type];
  const count = Number(need(scope, node, attrs, arg.numberAttr, 'i') as bigint);
  if (count < 0 || count > MAX_ARG_ITEMS) {
    throw graphError(scope, node, `attribute "${arg.numberAttr}" is ${count}`);
  }
  return new Array<number>(count).fill(type);
}

function need(scope: Scope, node: NodeDef, attrs: Attrs, name: string, kind: AttrValue['kind']): unknown {
  const attr = attrs.get(name);
  if (attr === undefined) throw graphError(scope, node, `attribute "${name}" is missing`);
  if (attr.kind !== kind) throw graphError(scope, node, `attribute "${name}" is of kind "${attr.kind}"`);
  return attr.value;
}

/** Number of items each argument takes, in order. */
export function argCounts(scope: Scope, node: NodeDef, args: readonly ArgDef[], attrs: Attrs): number[] {
  return args.map((arg) => argTypes(scope, node, arg, attrs).length);
}

/** The node with the caller's attributes in place of `$placeholders` and the registry's defaults filled in. */
export function completeNode(scope: Scope, node: NodeDef): NodeDef {
  const known = scope.completed.get(node.name);
  if (known !== undefined) return known;
  const attrs = new Map<string, AttrValue>();
  for (const [name, value] of node.attrs) attrs.set(name, substitute(scope, node, value));
  for (const [name, attr] of opDef(node.op)?.attrs ?? []) {
    if (attr.default !== undefined && !attrs.has(name)) attrs.set(name, attr.default);
  }
  const complete: NodeDef = { ...node, attrs };
  scope.completed.set(node.name, complete);
  return complete;
}

const MAX_ATTR_DEPTH = 32;

function substitute(scope: Scope, node: NodeDef, value: AttrValue, depth = 0): AttrValue {
  if (depth > MAX_ATTR_DEPTH) throw graphError(scope, node, 'attributes are nested too deeply');
  switch (value.kind) {
    case 'placeholder': {
      const name = value.value.startsWith('$') ? value.value.slice(1) : value.value;
      const found = scope.callAttrs.get(name);
      if (found === undefined) throw graphError(scope, node, `nothing gives a value to "$${name}"`);
      return found;
    }
    case 'list': {
      if (!value.value.some(hasPlaceholder)) return value;
      return { kind: 'list', value: value.value.map((item) => substitute(scope, node, item, depth + 1)) };
    }
    case 'func': {
      if (!hasPlaceholder(value)) return value;
      const attrs = new Map<string, AttrValue>();
      for (const [name, item] of value.value.attrs) attrs.set(name, substitute(scope, node, item, depth + 1));
      return { kind: 'func', value: { name: value.value.name, attrs } };
    }
    default:
      return value;
  }
}

function hasPlaceholder(value: AttrValue): boolean {
  if (value.kind === 'placeholder') return true;
  return value.kind === 'func' && value.value.attrs.size > 0;
}
