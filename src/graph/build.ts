import { TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import { openBundle } from '../savedmodel/bundle/open.js';
import { type Bindings, bindCheckpoint } from '../savedmodel/restore.js';
import type {
  Bundle,
  FunctionDef,
  MetaGraph,
  SavedModel,
  SignatureDef,
  TensorValue,
} from '../savedmodel/types.js';

import {
  demandEffects,
  droppedEffects,
  EffectWalk,
  listWrites,
  refuseRaces,
  refuseWrites,
  type StateWrite,
} from './effects.js';
import { Expander } from './expand.js';
import { borderNode, borderTensors, type Feed, makeFeeds } from './feeds.js';
import { rebuildFrames } from './frames/rebuild.js';
import { Inference } from './infer.js';
import { Initialization } from './init.js';
import { type Graph, type GraphInput, type Node, type Value, ValueFactory } from './ir.js';
import { pruneNodes } from './prune.js';
import { replaceRefs } from './ref-variables.js';
import { dataInputs, Resolver } from './resolve.js';
import { NodeIndex } from './scope.js';
import { resolveSwitches } from './switches.js';
import { requireVariable, Variables } from './variables.js';

export interface BuildOptions {
  /** Shapes to take instead of the declared ones, by input name; unknown dimensions may be any string. */
  readonly inputShapes?: ReadonlyMap<string, Shape>;
  /** The checkpoint; opened beside the model when it is not given. */
  readonly bundle?: Bundle;
  /** Calls of these functions stay nodes (`PartitionedCall` with body `f`) instead of being inlined. */
  readonly keepCall?: (functionDef: FunctionDef) => boolean;
  /** Names of variables and tables that signatures change (see `listStateWrites`): they stay what they are. */
  readonly state?: ReadonlySet<string>;
}

/**
 * The graph of one signature: cut at its inputs, pruned to its outputs, all calls inlined, variables and
 * tables bound, constants folded, shapes inferred. Weights are not read. Throws TFD_SIGNATURE_NOT_FOUND,
 * TFD_GRAPH_INVALID, TFD_MODEL_LIMIT, TFD_VARIABLE_UNBOUND, or TFD_STATEFUL when it changes what is no state.
 */
export function buildGraph(
  model: SavedModel,
  metaGraph: MetaGraph,
  signatureName: string,
  options: BuildOptions = {},
): Graph {
  const signature = findSignature(metaGraph, signatureName);
  const state = options.state ?? NO_STATE;
  const rebuilt = rebuildFrames(metaGraph.graph);
  const replaced = replaceRefs(rebuilt, state);
  const index = new NodeIndex(replaced.graph);
  const factory = new ValueFactory();
  const feedValues = new Map<string, Value>();
  const resolver = new Resolver(index, feedValues, options.keepCall ?? (() => false));
  const main = resolver.mainScope({ nodes: [], depth: 0 });
  const feeds = makeFeeds(main, index, factory, signature, options.inputShapes ?? new Map());
  const bindings = bindOnce(model, metaGraph, options);
  const init = new Initialization(model, metaGraph, bindings);
  const variables = new Variables(
    () => bindings().variables,
    () => init.variables,
    state,
  );
  const expander = new Expander(resolver, factory, variables);
  for (const feed of feeds) feedValues.set(feed.key, feed.value);
  for (const [tensor, value] of init.assets)
    feedValues.set(tensor, expander.constant(main, { name: tensor }, value));
  const fallbacks = feeds.map((feed) => fallbackOf(expander, main, feed));

  const outputs = borderTensors(signature.outputs);
  const refs = outputs.map(({ name, info }) => {
    const { node, index: position } = borderNode(index, signature, name, info);
    return `${node.name}:${position}`;
  });
  const walk = new EffectWalk(resolver);
  walk.walk(main, refs);
  // Whether an assignment belongs to a branch of TensorFlow 1 is only told by control edges, which are not followed.
  const isState = (name: string) => rebuilt === metaGraph.graph && variables.isState(name);
  const writes = listWrites(resolver, walk.reached);
  refuseWrites(signatureName, writes, isState);
  if (writes.length > 0) {
    const places = refs.map((ref) => ({ scope: main, ref }));
    refuseRaces(resolver, signatureName, places, replaced, walk);
    demandEffects(expander, walk);
  } else expander.once = main.region;
  const values = expander.demand(main, refs);
  const isRead = (variable: string) => variables.isRead(variable);
  refuseWrites(signatureName, listWrites(resolver, walk.reached, isRead), isState);

  const settled = settle(init, main.region.nodes, [
    ...values,
    ...fallbacks.filter((value) => value !== undefined),
  ]);
  const graph: Graph = {
    signature: signatureName,
    inputs: feeds.map((feed, i) => graphInput(signature, feed, fallbacks[i], settled.inference)),
    outputs: outputs.map(({ name }, i) => ({ name, value: settled.inference.current(values[i]!) })),
    nodes: settled.nodes,
    tables: new Map(),
    variables: new Map(),
    state: { reads: variables.found, writes: new Set(writes.map(({ variable }) => variable)) },
    dropped: droppedEffects(walk.reached),
  };
  graph.nodes = pruneNodes(
    graph.nodes,
    graph.outputs.map((output) => output.value),
  );
  graph.tables = init.tablesOf(graph.nodes, isState);
  graph.state = { ...graph.state, reads: new Set([...variables.found, ...tableNames(graph)]) };
  for (const [handle, variable] of variables.listStates())
    graph.variables.set(handle, {
      name: variable.name,
      value: requireVariable(main, { name: variable.name, op: 'VarHandleOp' }, variable),
    });
  return graph;
}

const NO_STATE: ReadonlySet<string> = new Set();

function tableNames(graph: Graph): string[] {
  return [...graph.tables.values()].map(({ name }) => name);
}

/** What a signature changes when it runs, found without reading weights. */
export function listStateWrites(metaGraph: MetaGraph, signatureName: string): StateWrite[] {
  const signature = findSignature(metaGraph, signatureName);
  const index = new NodeIndex(metaGraph.graph);
  const feedValues = new Map<string, Value>();
  const resolver = new Resolver(index, feedValues, () => false);
  const main = resolver.mainScope({ nodes: [], depth: 0 });
  for (const feed of makeFeeds(main, index, new ValueFactory(), signature, new Map()))
    feedValues.set(feed.key, feed.value);
  const walk = new EffectWalk(resolver);
  const refs = borderTensors(signature.outputs).map(({ name, info }) => {
    const { node, index: position } = borderNode(index, signature, name, info);
    return `${node.name}:${position}`;
  });
  walk.walk(main, refs);
  return listWrites(resolver, walk.reached);
}

/** The checkpoint is opened and joined to the graph when a variable or table is first met. */
function bindOnce(model: SavedModel, metaGraph: MetaGraph, options: BuildOptions): () => Bindings {
  let bindings: Bindings | undefined;
  return () => {
    bindings ??= bindCheckpoint(metaGraph, options.bundle ?? openBundle(model.files, model.dir));
    return bindings;
  };
}

function findSignature(metaGraph: MetaGraph, name: string): SignatureDef {
  const signature = metaGraph.signatures.get(name);
  if (signature !== undefined) return signature;
  const names = [...metaGraph.signatures.keys()].filter((each) => !each.startsWith('__saved_model_'));
  throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `the model has no signature "${name}"`, {
    hint: names.length === 0 ? 'it has none at all' : `it has ${names.map((n) => `"${n}"`).join(', ')}`,
    details: { signatures: names },
  });
}

function fallbackOf(
  expander: Expander,
  main: Parameters<Expander['demand']>[0],
  feed: Feed,
): Value | undefined {
  if (feed.node.op !== 'PlaceholderWithDefault') return undefined;
  const ref = dataInputs(feed.node)[0];
  return ref === undefined ? undefined : expander.demand(main, [ref])[0];
}

function graphInput(
  signature: SignatureDef,
  feed: Feed,
  fallback: Value | undefined,
  inference: Inference,
): GraphInput {
  const declared: TensorValue | undefined = signature.defaults.get(feed.name);
  const computed = fallback === undefined ? undefined : inference.current(fallback).constant;
  return {
    name: feed.name,
    value: feed.value,
    declaredShape: feed.declaredShape,
    defaultValue: declared ?? computed,
  };
}

/** Folds and infers; switches whose predicate turns out constant are cut, and the rest is walked again. */
function settle(
  init: Initialization,
  nodes: readonly Node[],
  wanted: readonly Value[],
): { nodes: Node[]; inference: Inference } {
  const inference = new Inference(nodes.length, (node) => init.compute(node));
  let remaining = inference.walk(nodes);
  while (resolveSwitches(inference, remaining)) {
    remaining = inference.walk(
      pruneNodes(
        remaining,
        wanted.map((value) => inference.current(value)),
      ),
    );
  }
  return { nodes: remaining, inference };
}
