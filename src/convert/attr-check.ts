import type { Node } from '../graph/ir.js';
import type { AttrReader } from '../savedmodel/attr-reader.js';
import { opDef } from '../savedmodel/opdefs.js';
import { isSameAttr } from './same-attr.js';

/**
 * Attributes that could change the numbers and that nobody looked at. Neutral are: those that only name
 * types or counts of the arguments, internal ones (`_…`), the row's own `neutral` list, and any that has the
 * default of the operator registry.
 */
export function findUnreadAttrs(node: Node, attrs: AttrReader, neutral: readonly string[] = []): string[] {
  const def = opDef(node.op);
  const typing = new Set<string>();
  for (const arg of [...(def?.inputArgs ?? []), ...(def?.outputArgs ?? [])]) {
    for (const name of [arg.typeAttr, arg.numberAttr, arg.typeListAttr]) typing.add(name);
  }
  return [...node.attrs].flatMap(([name, value]) => {
    if (name.startsWith('_') || attrs.read.has(name) || typing.has(name) || neutral.includes(name)) return [];
    const fallback = def?.attrs.get(name)?.default;
    return fallback !== undefined && isSameAttr(value, fallback) ? [] : [name];
  });
}
