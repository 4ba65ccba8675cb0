import { isTfdeployError, type TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import { buildGraph } from '../graph/build.js';
import { openBundle } from '../savedmodel/bundle/open.js';
import { selectMetaGraph } from '../savedmodel/open.js';
import type { Bundle, MetaGraph, SavedModel, SignatureDef } from '../savedmodel/types.js';
import { compileSignature } from './compile-signature.js';
import { type CompiledModel, type CompiledSignature, isRefused } from './compiled.js';
import { isElementwise } from './elementwise.js';
import type { RefusedSignature } from './plan.js';
import { hashSource } from './source-hash.js';

export interface CompileOptions {
  /** MetaGraph tags; `serve` when absent. */
  readonly tags?: readonly string[];
  /** Signatures to compile; all when absent. */
  readonly signatures?: readonly string[];
  /** Shapes to compile for instead of the declared ones, by input name (for all signatures that have it). */
  readonly inputShapes?: ReadonlyMap<string, Shape>;
  /** The checkpoint; opened beside the model when it is not given. */
  readonly bundle?: Bundle;
  /** Called before each signature. */
  readonly onSignature?: (name: string, index: number, count: number) => void;
}

/**
 * Compiles the signatures of a SavedModel. One that can not be compiled is in `refused` with every reason;
 * only a model that can not be read at all throws.
 */
export function compileModel(model: SavedModel, options: CompileOptions = {}): CompiledModel {
  const { tags, signatures, inputShapes, onSignature } = options;
  const metaGraph = selectMetaGraph(model, tags);
  const names = signatures ?? listSignatures(metaGraph);
  const bundle = options.bundle ?? openBundle(model.files, model.dir);
  const compiled: CompiledSignature[] = [];
  const refused: RefusedSignature[] = [];
  names.forEach((name, index) => {
    onSignature?.(name, index, names.length);
    const result = compileOne(model, metaGraph, name, bundle, inputShapes);
    if (isRefused(result)) refused.push(result);
    else compiled.push(result);
  });
  const shapes = inputShapes === undefined ? null : [...inputShapes];
  return { source: hashSource(model, [tags ?? null, names, shapes]), signatures: compiled, refused };
}

/** Signatures that requests can name: TensorFlow's own are left out. */
export function listSignatures(metaGraph: MetaGraph): string[] {
  return [...metaGraph.signatures.keys()].filter((name) => !name.startsWith('__saved_model_'));
}

function compileOne(
  model: SavedModel,
  metaGraph: MetaGraph,
  name: string,
  bundle: Bundle | undefined,
  inputShapes: ReadonlyMap<string, Shape> | undefined,
): CompiledSignature | RefusedSignature {
  const signature = metaGraph.signatures.get(name);
  const methodName = signature?.methodName ?? '';
  try {
    const shared = bundle === undefined ? {} : { bundle };
    const graph = buildGraph(model, metaGraph, name, {
      ...shared,
      ...(inputShapes === undefined ? {} : { inputShapes }),
    });
    const compiled = compileSignature(graph, { methodName });
    return inputShapes === undefined ? freeRanks(model, metaGraph, compiled, shared) : compiled;
  } catch (error) {
    if (signature === undefined || !isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
    return { name, methodName, blockers: [wholeBlocker(error, signature)] };
  }
}

/**
 * The signature without any assumption about its inputs, where all of its operations go element by element
 * whatever the shapes are, as they must in a graph that was built without any shape too.
 */
function freeRanks(
  model: SavedModel,
  metaGraph: MetaGraph,
  compiled: CompiledSignature | RefusedSignature,
  shared: { readonly bundle?: Bundle },
): CompiledSignature | RefusedSignature {
  if (isRefused(compiled) || !isElementwise(compiled.ops.keys())) return compiled;
  const inputShapes = new Map(compiled.inputs.map(({ name }) => [name, null]));
  const graph = buildGraph(model, metaGraph, compiled.name, { ...shared, inputShapes });
  if (!isElementwise(graph.nodes.map(({ op }) => op))) return compiled;
  const free = compileSignature(graph, { methodName: compiled.methodName, isRankFree: true });
  if (isRefused(free)) return compiled;
  return { ...compiled, stages: free.stages, assumedShapes: {}, warnings: free.warnings };
}

/** The record of a signature whose graph could not even be built. */
function wholeBlocker(error: TfdeployError, signature: SignatureDef): RefusedSignature['blockers'][number] {
  const { details } = error;
  return {
    code: error.code,
    op: typeof details.op === 'string' ? details.op : '',
    node: typeof details.node === 'string' ? details.node : '',
    layer: '',
    dtype: '',
    shape: '',
    why: error.message,
    wayOut: error.hint ?? `run signature "${signature.name}" with the tfjs-node engine`,
  };
}
