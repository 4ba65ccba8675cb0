import { TfdeployError } from '../../base/error.js';
import { arrayShapes } from './array.js';
import { elementwiseShapes } from './elementwise.js';
import { gatherShapes } from './gather.js';
import { linearShapes } from './linear.js';
import { miscShapes } from './misc.js';
import { reduceShapes } from './reduce.js';
import { rnnShapes } from './rnn.js';
import { sliceShapes } from './slice.js';
import { spatialShapes } from './spatial.js';
import type { ShapeFamily, ShapeRow } from './types.js';

const FAMILIES: readonly ShapeFamily[] = [
  elementwiseShapes,
  arrayShapes,
  sliceShapes,
  reduceShapes,
  linearShapes,
  spatialShapes,
  gatherShapes,
  miscShapes,
  rnnShapes,
];

const ROWS: ReadonlyMap<string, ShapeRow> = mergeFamilies();

function mergeFamilies(): ReadonlyMap<string, ShapeRow> {
  const rows = new Map<string, ShapeRow>();
  for (const family of FAMILIES) {
    for (const [op, row] of Object.entries(family)) {
      if (rows.has(op)) throw new TfdeployError('TFD_BUG', `two shape functions for ${op}`);
      rows.set(op, row);
    }
  }
  return rows;
}

/** The shape function of an op; undefined means that its output shapes stay unknown. */
export function findShapeRow(op: string): ShapeRow | undefined {
  return ROWS.get(op);
}
