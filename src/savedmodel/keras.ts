import { isTfdeployError } from '../base/error.js';
import type { ModelFiles } from '../base/files.js';
import { defineSchema } from './wire/compile.js';
import { decodeMessage } from './wire/decode.js';

/** What Keras noted about a model that it exported. */
export interface KerasSummary {
  readonly className: string;
  readonly name: string;
  readonly layers: readonly { readonly className: string; readonly name: string }[];
}

const MAX_METADATA_BYTES = 64 * 1024 * 1024;

/** keras_metadata.pb (tensorflow/python/keras/protobuf/saved_metadata.proto). */
const KERAS_SCHEMA = defineSchema({
  SavedMetadata: { nodes: [1, 'SavedObject[]'] },
  SavedObject: {
    node_id: [2, 'int32'],
    node_path: [3, 'string'],
    identifier: [4, 'string'],
    metadata: [5, 'string'],
  },
});

/**
 * The Keras model behind a SavedModel, from keras_metadata.pb; undefined when there is none or it can not be
 * read: it is a note for people, the model runs without it.
 */
export function readKerasSummary(files: ModelFiles, dir: string): KerasSummary | undefined {
  const path = `${dir}/keras_metadata.pb`;
  if (!files.exists(path) || files.size(path) > MAX_METADATA_BYTES) return undefined;
  try {
    const { nodes } = decodeMessage(KERAS_SCHEMA, 'SavedMetadata', files.read(path), { what: path });
    const root = nodes.find((node) => node.node_path === 'root');
    if (root === undefined) return undefined;
    // A layer with weights is listed under both of its names.
    const layers = new Map(
      nodes
        .filter((node) => /^root\.layer(_with_weights)?-\d+$/.test(node.node_path))
        .map((node) => [node.node_id, describe(node.metadata)]),
    );
    return { ...describe(root.metadata), layers: [...layers.values()] };
  } catch (error) {
    if (isTfdeployError(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function describe(metadata: string): { className: string; name: string } {
  const json: unknown = JSON.parse(metadata);
  const record = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  return { className: String(record.class_name ?? ''), name: String(record.name ?? '') };
}
