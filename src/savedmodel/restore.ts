import { DTYPES } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { elementCount } from '../base/tensor.js';
import { checkpointKeys } from './checkpoint-keys.js';
import { GraphWalk, type Output, type Scope } from './graph-walk.js';
import type { Bundle, MetaGraph, NodeDef, TensorValue } from './types.js';

/** Contents of a mutable table in the checkpoint. */
export interface TableContents {
  readonly keys: TensorValue;
  readonly values: TensorValue;
}

/** What the checkpoint holds for the nodes of the main graph, by node name. */
export interface Bindings {
  readonly variables: Map<string, TensorValue>;
  readonly tables: Map<string, TableContents>;
  /** Serialized ensembles of boosted trees. */
  readonly ensembles: Map<string, TensorValue>;
  /** Key of the checkpoint under which each bound variable was found. */
  readonly keys: Map<string, string>;
}

const VARIABLE_OPS: ReadonlySet<string> = new Set(['VarHandleOp', 'VariableV2', 'Variable']);
const ASSIGN_OPS: ReadonlySet<string> = new Set(['Assign', 'AssignVariableOp']);
const decoder = new TextDecoder();

/** Whether a node is a variable or the handle of one. */
export function isVariableNode(node: NodeDef): boolean {
  return VARIABLE_OPS.has(node.op);
}

/**
 * The value of every variable of the main graph, by the name of its node. Nothing is read from the data
 * files. A variable without a value (an asset's path, say) is absent.
 */
export function bindVariables(metaGraph: MetaGraph, bundle: Bundle | undefined): Map<string, TensorValue> {
  return bindCheckpoint(metaGraph, bundle).variables;
}

/**
 * Joins graph and checkpoint the way TensorFlow's own restore op does: it is followed from each assignment
 * back to a key (TF1 in the main graph, TF2 in a function). What it leaves out is found by the object
 * graph, then by name.
 */
export function bindCheckpoint(metaGraph: MetaGraph, bundle: Bundle | undefined): Bindings {
  const bindings: Bindings = {
    variables: new Map(),
    tables: new Map(),
    ensembles: new Map(),
    keys: new Map(),
  };
  if (bundle === undefined) return bindings;
  if (metaGraph.saver?.version === 1) {
    throw new TfdeployError('TFD_MODEL_UNSUPPORTED', 'the model saves a checkpoint of the first format (V1)');
  }
  new RestoreBinder(metaGraph, bundle, bindings).bind();
  bindByKeys(metaGraph, bundle, bindings);
  return bindings;
}

interface Restored {
  readonly key: string;
  readonly value: TensorValue;
}

class RestoreBinder {
  readonly #walk: GraphWalk;

  constructor(
    private readonly metaGraph: MetaGraph,
    private readonly bundle: Bundle,
    private readonly bindings: Bindings,
  ) {
    this.#walk = new GraphWalk(metaGraph.graph);
  }

  bind(): void {
    const start = this.metaGraph.saver?.restoreOpName.replace(/^\^/, '').replace(/:\d+$/, '') ?? '';
    for (const { scope, node } of this.#walk.reach(start)) {
      if (ASSIGN_OPS.has(node.op)) this.#bindVariable(scope, node);
      else if (node.op === 'LookupTableImportV2') this.#bindTable(scope, node);
      else if (node.op === 'BoostedTreesDeserializeEnsemble') this.#bindEnsemble(scope, node);
    }
  }

  #bindVariable(scope: Scope, node: NodeDef): void {
    const target = this.#input(scope, node, 0);
    if (target === undefined || target.scope !== this.#walk.main || !isVariableNode(target.node)) return;
    const restored = this.#restored(scope, node, 1);
    if (restored === undefined) return;
    this.bindings.variables.set(target.node.name, fitVariable(target.node, restored.value, true)!);
    this.bindings.keys.set(target.node.name, restored.key);
  }

  #bindTable(scope: Scope, node: NodeDef): void {
    const target = this.#input(scope, node, 0);
    const keys = this.#restored(scope, node, 1);
    const values = this.#restored(scope, node, 2);
    if (target?.scope !== this.#walk.main || keys === undefined || values === undefined) return;
    this.bindings.tables.set(target.node.name, { keys: keys.value, values: values.value });
  }

  #bindEnsemble(scope: Scope, node: NodeDef): void {
    const target = this.#input(scope, node, 0);
    const restored = this.#restored(scope, node, 2);
    if (target?.scope !== this.#walk.main || restored === undefined) return;
    this.bindings.ensembles.set(target.node.name, restored.value);
  }

  #input(scope: Scope, node: NodeDef, index: number): Output | undefined {
    const ref = node.inputs[index];
    return ref === undefined ? undefined : this.#walk.resolve({ scope, ref });
  }

  /** The checkpoint's tensor that an input restores. */
  #restored(scope: Scope, node: NodeDef, index: number): Restored | undefined {
    const restore = this.#input(scope, node, index);
    if (restore?.node.op !== 'RestoreV2') return undefined;
    const key = this.#constString(restore, 1);
    if (key === undefined || !this.bundle.entries.has(key)) return undefined;
    return { key, value: this.bundle.tensor(key, this.#constString(restore, 2) ?? '') };
  }

  /** Element `restore.index` of a constant vector of strings that RestoreV2 takes. */
  #constString(restore: Output, input: number): string | undefined {
    const list = this.#input(restore.scope, restore.node, input);
    const value = list?.node.op === 'Const' ? list.node.attrs.get('value') : undefined;
    if (value?.kind !== 'tensor' || value.value.dtype !== 'string') return undefined;
    const bytes = value.value.read().data[restore.index];
    return bytes instanceof Uint8Array ? decoder.decode(bytes) : undefined;
  }
}

/**
 * The value as the variable declares it. TF1 may restore through a Reshape, so equal counts are enough;
 * anything else contradicts the graph: an error, or no value when it was only a guess by name.
 */
function fitVariable(node: NodeDef, value: TensorValue, isCertain: boolean): TensorValue | undefined {
  const dtype = node.attrs.get('dtype');
  const shape = node.attrs.get('shape');
  const sizes = shape?.kind === 'shape' ? shape.value : null;
  const isKnown = sizes?.every((size) => typeof size === 'number') ?? false;
  const isTyped = dtype?.kind !== 'type' || dtype.value % 100 === DTYPES[value.dtype].tf;
  const isSized = !isKnown || elementCount(sizes as number[]) === elementCount(value.shape);
  if (isTyped && isSized) {
    return isKnown && sizes!.join() !== value.shape.join() ? reshape(value, sizes as number[]) : value;
  }
  if (!isCertain) return undefined;
  throw new TfdeployError(
    'TFD_MODEL_CORRUPT',
    `variable "${node.name}": the checkpoint holds ${value.dtype} [${value.shape.join(', ')}], which it is not`,
    { details: { node: node.name } },
  );
}

function reshape(value: TensorValue, shape: readonly number[]): TensorValue {
  return {
    dtype: value.dtype,
    shape,
    byteLength: value.byteLength,
    file: value.file,
    crc32c: value.crc32c,
    read: () => ({ ...value.read(), shape }),
  };
}

/** Variables that the restore op did not name, by the object graph's keys and by their own names. */
function bindByKeys(metaGraph: MetaGraph, bundle: Bundle, { variables, keys }: Bindings): void {
  const open = metaGraph.graph.nodes.filter((node) => isVariableNode(node) && !variables.has(node.name));
  if (open.length === 0) return;
  const byVariable = checkpointKeys(metaGraph.objectGraph, bundle).byVariableName;
  for (const node of open) {
    const shared = sharedName(node);
    for (const key of [byVariable.get(shared), shared, node.name]) {
      if (key === undefined || !bundle.entries.has(key)) continue;
      const value = fitVariable(node, bundle.tensor(key), false);
      if (value === undefined) continue;
      variables.set(node.name, value);
      keys.set(node.name, key);
      break;
    }
  }
}

/** The name under which a variable is known at run time: its `shared_name`, else its node's name. */
export function sharedName(node: NodeDef): string {
  const shared = node.attrs.get('shared_name');
  const name = shared?.kind === 's' ? decoder.decode(shared.value) : '';
  return name === '' ? node.name : name;
}
