import type { Shape } from '../../base/shape.js';
import type { Proto } from '../proto/schema.js';
import { toShape } from './shape.js';

/** A tensor inside of a structured value. */
export interface StructureLeaf {
  /** Keys and positions on the way to it; empty for a lone tensor. */
  readonly path: readonly string[];
  readonly shape: Shape;
}

type Structured = Proto<'StructuredValue'>;

/** The tensors of a structured value in the order in which TensorFlow flattens them: dict keys sorted. */
export function flattenStructure(value: Structured | undefined, where: string): StructureLeaf[] {
  const leaves: StructureLeaf[] = [];
  const visit = (each: Structured | undefined, path: readonly string[]): void => {
    if (each === undefined) return;
    const spec = each.tensor_spec_value ?? each.bounded_tensor_spec_value;
    if (spec !== undefined) leaves.push({ path, shape: toShape(spec.shape, where) });
    for (const [key, child] of childrenOf(each)) visit(child, [...path, key]);
  };
  visit(value, []);
  return leaves;
}

function childrenOf(value: Structured): [key: string, child: Structured | undefined][] {
  const list = value.list_value ?? value.tuple_value;
  if (list !== undefined) return list.values.map((child, i) => [String(i), child]);
  if (value.named_tuple_value !== undefined) {
    return value.named_tuple_value.values.map(({ key, value: child }) => [key, child]);
  }
  const fields = [...(value.dict_value?.fields ?? [])];
  return fields.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

/** Whether a `true` occurs in it: Keras traces its functions with `training=True` and `training=False`. */
export function holdsTrue(value: Structured | undefined): boolean {
  if (value === undefined) return false;
  return value.bool_value === true || childrenOf(value).some(([, child]) => holdsTrue(child));
}
