import { isTfdeployError, type TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import { buildGraph, listStateWrites } from '../graph/build.js';
import type { Graph } from '../graph/ir.js';
import { openBundle } from '../savedmodel/bundle/open.js';
import { selectMetaGraph } from '../savedmodel/open.js';
import type { Bundle, MetaGraph, SavedModel, SignatureDef } from '../savedmodel/types.js';
import { compileSignature } from './compile-signature.js';
import { type CompiledModel, type CompiledSignature, isRefused } from './compiled.js';
import { isElementwise } from './elementwise.js';
import type { RefusedSignature } from './plan.js';
import { hashSource } from './source-hash.js';

/** What all signatures of a model are built with. */
interface SharedOptions {
  readonly bundle?: Bundle;
  readonly state: ReadonlySet<string>;
}

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
  const shared = bundle === undefined ? {} : { bundle };
  const state = findState(model, metaGraph, shared);
  const compiled: CompiledSignature[] = [];
  const refused: RefusedSignature[] = [];
  names.forEach((name, index) => {
    onSignature?.(name, index, names.length);
    const result = compileOne(model, metaGraph, name, { ...shared, state }, inputShapes);
    if (isRefused(result)) refused.push(result);
    else compiled.push(result);
  });
  const shapes = inputShapes === undefined ? null : [...inputShapes];
  return { source: hashSource(model, [tags ?? null, names, shapes]), signatures: compiled, refused };
}

/**
 * The variables and tables that signatures of the model change, if those signatures can run. What only a refused
 * one would change (a training step, say) stays constant.
 */
export function findState(
  model: SavedModel,
  metaGraph: MetaGraph,
  shared: { readonly bundle?: Bundle },
): ReadonlySet<string> {
  const writing = listSignatures(metaGraph).flatMap((name) => {
    const names = writesOf(metaGraph, name);
    return names.length === 0 ? [] : [{ name, names }];
  });
  const all = new Set(writing.flatMap(({ names }) => names));
  if (all.size === 0) return all;
  const runnable = writing.filter(
    ({ name }) => !isRefused(compileOne(model, metaGraph, name, { ...shared, state: all }, undefined)),
  );
  return new Set(runnable.flatMap(({ names }) => names));
}

function writesOf(metaGraph: MetaGraph, name: string): string[] {
  try {
    return listStateWrites(metaGraph, name).map(({ variable }) => variable);
  } catch (error) {
    // Compiling it gives the same reason, as its refusal.
    if (isTfdeployError(error) && error.code !== 'TFD_BUG') return [];
    throw error;
  }
}

/** Signatures that requests can name: TensorFlow's own are left out. */
export function listSignatures(metaGraph: MetaGraph): string[] {
  return [...metaGraph.signatures.keys()].filter((name) => !name.startsWith('__saved_model_'));
}

function compileOne(
  model: SavedModel,
  metaGraph: MetaGraph,
  name: string,
  shared: SharedOptions,
  inputShapes: ReadonlyMap<string, Shape> | undefined,
): CompiledSignature | RefusedSignature {
  const signature = metaGraph.signatures.get(name);
  const methodName = signature?.methodName ?? '';
  try {
    const graph = buildGraph(model, metaGraph, name, {
      ...shared,
      ...(inputShapes === undefined ? {} : { inputShapes }),
    });
    const isWriting = graph.state.writes.size > 0;
    if (isWriting) return compileWriting(model, metaGraph, graph, methodName, shared);
    const compiled = compileSignature(graph, { methodName });
    return inputShapes === undefined ? freeRanks(model, metaGraph, compiled, shared) : compiled;
  } catch (error) {
    if (signature === undefined || !isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
    return { name, methodName, blockers: [wholeBlocker(error, signature)] };
  }
}

/**
 * A signature that changes state, for inputs of any shape: a plan of its own for another shape would have to share
 * its state. The declared shapes stay what it tells of itself.
 */
function compileWriting(
  model: SavedModel,
  metaGraph: MetaGraph,
  declared: Graph,
  methodName: string,
  shared: SharedOptions,
): CompiledSignature | RefusedSignature {
  const inputShapes = new Map(declared.inputs.map(({ name }) => [name, null]));
  const graph = buildGraph(model, metaGraph, declared.signature, { ...shared, inputShapes });
  const compiled = compileSignature(graph, { methodName, isRankFree: true });
  if (isRefused(compiled)) return compiled;
  const shapeOf = new Map(declared.outputs.map(({ name, value }) => [name, value.shape]));
  const outputs = compiled.outputs.map((output) => ({ ...output, shape: shapeOf.get(output.name) ?? null }));
  return { ...compiled, outputs };
}

/**
 * The signature without any assumption about its inputs, where all of its operations go element by element
 * whatever the shapes are, as they must in a graph that was built without any shape too.
 */
function freeRanks(
  model: SavedModel,
  metaGraph: MetaGraph,
  compiled: CompiledSignature | RefusedSignature,
  shared: SharedOptions,
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
