import { isTfdeployError, TfdeployError } from '../base/error.js';
import type { ModelFiles } from '../base/files.js';
import { openBundle } from './bundle/open.js';
import { withCallableSignatures } from './callables.js';
import { locateModel, type ModelLocation } from './locate.js';
import { type Proto, TF_SCHEMA } from './proto/schema.js';
import { toMetaGraph } from './read/meta-graph.js';
import { HEAD_BYTES, recogniseBytes } from './recognise.js';
import { servableSignatures } from './signatures.js';
import { parseText } from './text/parse.js';
import type { MetaGraph, SavedModel } from './types.js';
import { validateGraph } from './validate.js';
import { decodeMessage } from './wire/decode.js';

/**
 * Reads saved_model.pb or saved_model.pbtxt. Neither variables nor assets are touched. Throws
 * TFD_MODEL_NOT_FOUND, TFD_MODEL_UNSUPPORTED (another format), TFD_MODEL_CORRUPT, TFD_MODEL_LIMIT or
 * TFD_GRAPH_INVALID (a name twice in one graph, a node without an attribute that its operation needs).
 */
export function openSavedModel(files: ModelFiles, dir: string): SavedModel {
  const location = locateModel(files, dir);
  const bytes = files.read(location.path);
  const proto = decodeModel(location, bytes);
  const isWire = location.format === 'pb';
  const context = { what: location.path, ...(isWire ? { root: bytes, path: location.path } : {}) };
  const metaGraphs = proto.meta_graphs.map((metaGraph) => toMetaGraph(metaGraph, context));
  for (const { graph } of metaGraphs) validateGraph(graph, location.path);
  return { dir: location.dir, files, format: location.format, graphBytes: bytes.length, metaGraphs };
}

function decodeModel(location: ModelLocation, bytes: Uint8Array): Proto<'SavedModel'> {
  const { path, format } = location;
  try {
    const proto =
      format === 'pb'
        ? decodeMessage(TF_SCHEMA, 'SavedModel', bytes, { what: path })
        : parseText(TF_SCHEMA, 'SavedModel', bytes, { what: path, unknownFields: 'skip' });
    if (proto.meta_graphs.length > 0) return proto;
    throw new TfdeployError('TFD_MODEL_CORRUPT', `${path}: holds no MetaGraph`);
  } catch (error) {
    throw isTfdeployError(error) ? nameLookAlike(error, location, bytes) : error;
  }
}

/** Says what the file is instead, when it is something known; else the error as it is. */
function nameLookAlike(error: TfdeployError, { path }: ModelLocation, bytes: Uint8Array): TfdeployError {
  if (error.code !== 'TFD_MODEL_CORRUPT') return error;
  const kind = recogniseBytes(bytes.subarray(0, HEAD_BYTES), path.slice(path.lastIndexOf('/') + 1));
  if (kind === undefined) return error;
  return new TfdeployError(
    kind.code ?? 'TFD_MODEL_UNSUPPORTED',
    `${path}: is ${kind.what}, not a SavedModel`,
    {
      hint: kind.hint,
      cause: error,
    },
  );
}

/**
 * The MetaGraph whose set of tags is exactly `tags`; TFD_TAGS_NOT_FOUND lists the sets that there are. A
 * model without signatures gets them from its callable functions.
 */
export function selectMetaGraph(model: SavedModel, tags: readonly string[] = ['serve']): MetaGraph {
  const wanted = new Set(tags);
  const found = model.metaGraphs.find((metaGraph) => {
    const present = new Set(metaGraph.tags);
    return present.size === wanted.size && [...present].every((tag) => wanted.has(tag));
  });
  if (found !== undefined) return addCallables(model, found);
  const sets = model.metaGraphs.map((metaGraph) => `[${metaGraph.tags.join(', ')}]`);
  throw new TfdeployError(
    'TFD_TAGS_NOT_FOUND',
    `${model.dir}: no MetaGraph with the tags [${[...wanted].join(', ')}]; there are ${sets.join(', ')}`,
    {
      hint: `choose one of them with --tags ${model.metaGraphs[0]?.tags.join(',') || "''"}`,
      details: { tags: model.metaGraphs.map((metaGraph) => metaGraph.tags) },
    },
  );
}

function addCallables(model: SavedModel, metaGraph: MetaGraph): MetaGraph {
  if (metaGraph.objectGraph === undefined || servableSignatures(metaGraph).length > 0) return metaGraph;
  return withCallableSignatures(metaGraph, openBundle(model.files, model.dir));
}
