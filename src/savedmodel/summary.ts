import { DTYPES, type DType, isNumericDType } from '../base/dtype.js';
import type { ModelFiles } from '../base/files.js';
import { elementCount } from '../base/tensor.js';
import { openBundle } from './bundle/open.js';
import { type ExampleFeature, findExampleFeatures } from './example-features.js';
import { type KerasSummary, readKerasSummary } from './keras.js';
import { selectMetaGraph } from './open.js';
import { reachAll, reachSignature } from './reach.js';
import { bindCheckpoint, isVariableNode } from './restore.js';
import { findInitNode, servableSignatures } from './signatures.js';
import type { Bundle, MetaGraph, SavedModel, SignatureDef } from './types.js';

/** Everything `inspect` tells about a model, before any engine is asked. */
export interface ModelSummary {
  readonly dir: string;
  readonly format: 'pb' | 'pbtxt';
  readonly size: SizeSummary;
  readonly metaGraphs: readonly MetaGraphSummary[];
  readonly keras: KerasSummary | undefined;
}

/** Bytes on disk. */
export interface SizeSummary {
  readonly graphBytes: number;
  readonly variablesBytes: number;
  readonly assetsBytes: number;
  readonly totalBytes: number;
}

export interface MetaGraphSummary {
  readonly tags: readonly string[];
  readonly tensorflowVersion: string;
  /** GraphDef.versions.producer. */
  readonly producer: number;
  readonly nodes: number;
  readonly functions: number;
  readonly signatures: readonly SignatureSummary[];
  /** Functions that could not be made signatures, with the reason. */
  readonly uncallable: ReadonlyMap<string, string>;
  readonly initNode: string | undefined;
  readonly variables: VariablesSummary;
  readonly assets: readonly AssetSummary[];
  /** Number of nodes by operation, of the graph and all its functions. */
  readonly ops: ReadonlyMap<string, number>;
}

export interface SignatureSummary {
  readonly definition: SignatureDef;
  readonly ops: ReadonlyMap<string, number>;
  /** Variable nodes of the main graph that it reads. */
  readonly variables: readonly string[];
  /** Inputs that are serialized tf.Examples, and what is looked for in them. */
  readonly examples: ReadonlyMap<string, readonly ExampleFeature[]>;
}

export interface VariablesSummary {
  readonly count: number;
  readonly elements: number;
  readonly bytes: number;
  /** Number of variables by data type. */
  readonly dtypes: ReadonlyMap<DType, number>;
  /** Variables without a value in the checkpoint. */
  readonly unbound: readonly string[];
  /** Tables whose contents are in the checkpoint. */
  readonly tables: readonly string[];
}

export interface AssetSummary {
  readonly filename: string;
  /** undefined when the file is missing. */
  readonly bytes: number | undefined;
}

/** Describes a model. The index of the checkpoint is read, its data files and the assets are not. */
export function summarizeModel(model: SavedModel): ModelSummary {
  const { files, dir, format, graphBytes } = model;
  const bundle = openBundle(files, dir);
  return {
    dir,
    format,
    size: {
      graphBytes,
      variablesBytes: sumBytes(files, `${dir}/variables`),
      assetsBytes: sumBytes(files, `${dir}/assets`),
      totalBytes: sumBytes(files, dir),
    },
    metaGraphs: model.metaGraphs.map((each) =>
      summarizeMetaGraph(model, selectMetaGraph(model, each.tags), bundle),
    ),
    keras: readKerasSummary(files, dir),
  };
}

function summarizeMetaGraph(
  model: SavedModel,
  metaGraph: MetaGraph,
  bundle: Bundle | undefined,
): MetaGraphSummary {
  const { graph, tags, tensorflowVersion, uncallable } = metaGraph;
  return {
    tags,
    tensorflowVersion,
    producer: graph.producer,
    nodes: graph.nodes.length,
    functions: graph.functions.size,
    signatures: servableSignatures(metaGraph).map((definition) => {
      const reach = reachSignature(metaGraph, definition);
      const examples = findExampleFeatures(metaGraph, definition);
      return { definition, ops: reach.ops, variables: [...reach.variables], examples };
    }),
    uncallable: uncallable ?? new Map(),
    initNode: findInitNode(metaGraph),
    variables: summarizeVariables(metaGraph, bundle),
    assets: metaGraph.assets.map(({ filename }) => {
      const path = `${model.dir}/assets/${filename}`;
      return { filename, bytes: model.files.exists(path) ? model.files.size(path) : undefined };
    }),
    ops: reachAll(graph).ops,
  };
}

function summarizeVariables(metaGraph: MetaGraph, bundle: Bundle | undefined): VariablesSummary {
  const { variables, tables, keys } = bindCheckpoint(metaGraph, bundle);
  const dtypes = new Map<DType, number>();
  const counted = new Set<string>();
  let elements = 0;
  let bytes = 0;
  for (const [node, { dtype, shape }] of variables) {
    // Keras writes two handles for each variable; the checkpoint holds it once.
    const key = keys.get(node) ?? node;
    if (counted.has(key)) continue;
    counted.add(key);
    const count = elementCount(shape);
    dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + 1);
    elements += count;
    if (isNumericDType(dtype)) bytes += count * DTYPES[dtype].bytes;
  }
  const nodes = metaGraph.graph.nodes.filter(isVariableNode);
  const unbound = nodes.filter((node) => !variables.has(node.name)).map((node) => node.name);
  return {
    count: counted.size + unbound.length,
    elements,
    bytes,
    dtypes,
    unbound,
    tables: [...tables.keys()],
  };
}

const MAX_DEPTH = 8;

function sumBytes(files: ModelFiles, path: string, depth = 0): number {
  if (!files.exists(path) || depth > MAX_DEPTH) return 0;
  if (!files.isDirectory(path)) return files.size(path);
  return files.list(path).reduce((sum, name) => sum + sumBytes(files, `${path}/${name}`, depth + 1), 0);
}
