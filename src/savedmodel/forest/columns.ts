import { TfdeployError } from '../../base/error.js';
import type { Decoded } from '../wire/schema.js';
import { COLUMN_TYPES, type FOREST_SCHEMA } from './schema.js';

type Tables = (typeof FOREST_SCHEMA)['tables'];
/** The groups in which the inference operation gets its features, in this order. */
export const GROUP_NAMES = ['number', 'flag', 'category', 'set'] as const;
type Group = (typeof GROUP_NAMES)[number];

const GROUPS: ReadonlyMap<number, Group> = new Map([
  [COLUMN_TYPES.numerical, 'number'],
  [COLUMN_TYPES.discretizedNumerical, 'number'],
  [COLUMN_TYPES.boolean, 'flag'],
  [COLUMN_TYPES.categorical, 'category'],
  [COLUMN_TYPES.categoricalSet, 'set'],
]);

/** A feature: the group of inputs that holds it, its column there, and what its thresholds mean. */
export interface FeatureColumn {
  readonly name: string;
  readonly group: Group;
  readonly slot: number;
  /** Categories that are known, where it has any. */
  readonly known: number;
  /** Thresholds of a discretized number; empty for another. */
  readonly boundaries: Float32Array;
}

/** The model's features by column, in the order in which the inference operation gets them, group by group. */
export function featureColumns(
  inputFeatures: ArrayLike<number>,
  columns: Decoded<Tables, 'DataSpecification'>['columns'],
  what: string,
): ReadonlyMap<number, FeatureColumn> {
  const found = new Map<number, FeatureColumn>();
  const filled = new Map<Group, number>();
  for (const index of Array.from(inputFeatures)) {
    const column = columns[index];
    if (column === undefined) throw new TfdeployError('TFD_MODEL_CORRUPT', `${what}: no column ${index}`);
    const group = GROUPS.get(column.type);
    if (group === undefined) {
      throw new TfdeployError(
        'TFD_MODEL_UNSUPPORTED',
        `${what}: feature "${column.name}" has column type ${column.type}, which is not read`,
      );
    }
    const slot = filled.get(group) ?? 0;
    filled.set(group, slot + 1);
    const boundaries = column.discretized_numerical?.boundaries ?? new Float32Array();
    const known = column.categorical?.number_of_unique_values ?? 0;
    found.set(index, { name: column.name, group, slot, known, boundaries });
  }
  return found;
}
