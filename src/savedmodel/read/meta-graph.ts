import { type Proto, TF_SCHEMA } from '../proto/schema.js';
import type { AssetFile, MetaGraph, SignatureDef } from '../types.js';
import { decodeMessage } from '../wire/decode.js';
import type { ReadContext } from './context.js';
import { toGraph } from './graph.js';
import { toObjectGraph } from './object-graph.js';
import { toSignature, toTensorInfo } from './signature.js';

/** MetaGraphDef as the model that the later stages read. */
export function toMetaGraph(proto: Proto<'MetaGraphDef'>, context: ReadContext): MetaGraph {
  const info = proto.meta_info_def;
  const signatures = new Map<string, SignatureDef>();
  for (const [name, row] of proto.signature_def) signatures.set(name, toSignature(name, row, context));
  const nodeCollections = new Map<string, readonly string[]>();
  for (const [name, row] of proto.collection_def) {
    if (row.node_list !== undefined) nodeCollections.set(name, row.node_list.value);
  }
  return {
    tags: info?.tags ?? [],
    tensorflowVersion: info?.tensorflow_version ?? '',
    strippedDefaultAttrs: info?.stripped_default_attrs ?? false,
    graph: toGraph(proto.graph_def, context),
    signatures,
    saver: toSaver(proto.saver_def),
    nodeCollections,
    assets: toAssets(proto, context),
    objectGraph: toObjectGraph(proto.object_graph_def, context),
    functionAliases: info?.function_aliases ?? new Map(),
  };
}

function toSaver(proto: Proto<'SaverDef'> | undefined): MetaGraph['saver'] {
  if (proto === undefined) return undefined;
  return {
    filenameTensorName: proto.filename_tensor_name,
    saveTensorName: proto.save_tensor_name,
    restoreOpName: proto.restore_op_name,
    sharded: proto.sharded,
    version: proto.version,
  };
}

/** Old TF1 exports list their assets in a collection of AssetFileDef instead of the field for them. */
function toAssets(proto: Proto<'MetaGraphDef'>, context: ReadContext): AssetFile[] {
  const collected = proto.collection_def.get('saved_model_assets')?.any_list?.value ?? [];
  const rows =
    proto.asset_file_def.length > 0
      ? proto.asset_file_def
      : collected.map((any) => decodeMessage(TF_SCHEMA, 'AssetFileDef', any.value, { what: context.what }));
  return rows.map((row) => ({
    tensorName: row.tensor_info === undefined ? '' : toTensorInfo(row.tensor_info, context.what).name,
    filename: row.filename,
  }));
}
