import { TfdeployError } from '../../../src/base/error.js';
import type { ModelFiles } from '../../../src/base/files.js';
import { FOREST_SCHEMA } from '../../../src/savedmodel/forest/schema.js';
import { encodeMessage } from '../../../src/savedmodel/wire/encode.js';

export type NodeJson = Record<string, unknown>;

/** `BS`, version 1, no compression, and each record behind its length. */
export function blobSequence(records: readonly Uint8Array[]): Uint8Array {
  const parts = records.flatMap((record) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, record.length, true);
    return [length, record];
  });
  return new Uint8Array(Buffer.concat([Buffer.from([0x42, 0x53, 1, 0, 0, 0, 0, 0]), ...parts]));
}

/** The folder of a forest whose columns are: label, two numbers, a flag, a category, a set. */
export function forestFiles(parts: {
  readonly model?: NodeJson;
  readonly boosted?: NodeJson;
  readonly forest?: NodeJson;
  readonly nodes: readonly NodeJson[];
}): Map<string, Uint8Array> {
  const encode = (name: string, value: NodeJson) =>
    encodeMessage(FOREST_SCHEMA, name as 'Node', value as never) as Uint8Array;
  const files = new Map<string, Uint8Array>();
  const model = { task: 1, label_col_idx: 0, input_features: Int32Array.of(1, 2, 3, 4, 5), ...parts.model };
  files.set('header.pb', encode('AbstractModel', model));
  const columns = [
    { type: 4, name: 'label', categorical: { number_of_unique_values: 3 } },
    { type: 1, name: 'a' },
    { type: 9, name: 'b', discretized_numerical: { boundaries: Float32Array.of(1.5, 2.5) } },
    { type: 7, name: 'flag' },
    { type: 4, name: 'colour', categorical: { number_of_unique_values: 9 } },
    { type: 5, name: 'words', categorical: { number_of_unique_values: 9 } },
  ];
  files.set('data_spec.pb', encode('DataSpecification', { columns }));
  const common = { num_node_shards: 1, node_format: 'BLOB_SEQUENCE' };
  if (parts.boosted !== undefined) {
    const header = { ...common, loss: 2, initial_predictions: Float32Array.of(0.5), ...parts.boosted };
    files.set('gradient_boosted_trees_header.pb', encode('GradientBoostedTreesHeader', header));
  }
  if (parts.forest !== undefined) {
    files.set('random_forest_header.pb', encode('RandomForestHeader', { ...common, ...parts.forest }));
  }
  files.set('nodes-00000-of-00001', blobSequence(parts.nodes.map((node) => encode('Node', node))));
  return files;
}

/** Files in memory under one folder. */
export function memoryFiles(files: ReadonlyMap<string, Uint8Array>): ModelFiles {
  const at = (path: string) => {
    const found = files.get(path.slice(path.lastIndexOf('/') + 1));
    if (found === undefined) {
      throw new TfdeployError('TFD_MODEL_NOT_FOUND', `${path} is not there`);
    }
    return found;
  };
  return {
    list: () => [...files.keys()],
    isDirectory: () => false,
    exists: (path) => files.has(path.slice(path.lastIndexOf('/') + 1)),
    size: (path) => at(path).length,
    read: at,
    readRange: (path, offset, length) => at(path).subarray(offset, offset + length),
  };
}

export const leaf = (value: number): NodeJson => ({ regressor: { top_value: value } });

export const split = (attribute: number, condition: NodeJson, isTakenIfMissing = false): NodeJson => ({
  condition: { attribute, na_value: isTakenIfMissing, condition },
});
