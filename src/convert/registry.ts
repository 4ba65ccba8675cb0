import { TfdeployError } from '../base/error.js';
import { FAMILIES } from './ops/families.js';
import type { OpFamily, OpRow } from './types.js';

/** The rows of all families in one map; an op in two families is a fault of the tables. */
export function mergeFamilies(families: Readonly<Record<string, OpFamily>>): ReadonlyMap<string, OpRow> {
  const merged = new Map<string, OpRow>();
  for (const [family, rows] of Object.entries(families)) {
    for (const [op, row] of Object.entries(rows)) {
      if (merged.has(op)) throw new TfdeployError('TFD_BUG', `op "${op}" of family "${family}" has two rows`);
      merged.set(op, row);
    }
  }
  return merged;
}

const ROWS = mergeFamilies(FAMILIES);

/** How a TensorFlow op becomes ONNX, or undefined when it does not. */
export function findConverter(op: string): OpRow | undefined {
  return ROWS.get(op);
}

export function converterOps(): string[] {
  return [...ROWS.keys()].sort();
}
