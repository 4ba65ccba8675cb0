import { DTYPES, type DType, dtypeFromTf } from '../base/dtype.js';
import type { Shape } from '../base/shape.js';
import { checkpointKeys } from './checkpoint-keys.js';
import { bindCheckpoint, isVariableNode, sharedName } from './restore.js';
import { servableSignatures } from './signatures.js';
import type {
  ArgDef,
  AttrValue,
  Bundle,
  ConcreteFunction,
  FunctionDef,
  MetaGraph,
  NodeDef,
  ObjectGraph,
  SavedObject,
  SignatureDef,
  TensorInfo,
} from './types.js';

const decoder = new TextDecoder();

/**
 * A model without signatures (many from TensorFlow Hub) still has callable functions. Each of them that
 * takes only tensors, variables, constants and assets becomes a signature: placeholders and a call are added
 * to the main graph. The others are listed with the reason.
 */
export function withCallableSignatures(metaGraph: MetaGraph, bundle: Bundle | undefined): MetaGraph {
  const { objectGraph } = metaGraph;
  if (objectGraph === undefined || servableSignatures(metaGraph).length > 0) return metaGraph;
  const capture = new CaptureNames(metaGraph, objectGraph, bundle);
  const signatures = new Map(metaGraph.signatures);
  const uncallable = new Map<string, string>();
  const nodes = [...metaGraph.graph.nodes];
  const taken = new Map(nodes.map((node) => [node.name, 0]));
  for (const [name, { definition, details }] of listCallables(metaGraph, objectGraph)) {
    const captured = details.captures.map((id) => capture.find(id));
    const missing = captured.indexOf(undefined);
    if (missing >= 0) {
      uncallable.set(name, capture.explain(details.captures[missing]!));
      continue;
    }
    const made = makeCall(name, definition, details, captured as string[], taken);
    signatures.set(name, made.signature);
    nodes.push(...made.nodes);
  }
  return { ...metaGraph, graph: { ...metaGraph.graph, nodes }, signatures, uncallable };
}

interface Callable {
  readonly definition: FunctionDef;
  readonly details: ConcreteFunction;
}

/** The functions that hang on the root object; of several traces those not for training come first. */
function listCallables(metaGraph: MetaGraph, objects: ObjectGraph): Map<string, Callable> {
  const callables = new Map<string, Callable>();
  for (const [name, id] of objects.nodes[0]?.children ?? []) {
    const object = objects.nodes[id];
    if (object?.kind !== 'function') continue;
    const traces = object.concreteFunctions.flatMap((each): Callable[] => {
      const definition = metaGraph.graph.functions.get(each);
      const details = objects.functionDetails?.get(each);
      return definition === undefined || details === undefined ? [] : [{ definition, details }];
    });
    traces.sort((a, b) => Number(a.details.isTraining) - Number(b.details.isTraining));
    traces.forEach((trace, i) => {
      callables.set(i === 0 ? name : `${name}#${i + 1}`, trace);
    });
  }
  return callables;
}

/** Finds the main graph's tensor for an object that a function captures. */
class CaptureNames {
  readonly #variables = new Map<number, string>();
  /** Main graph nodes by what they are known as at run time; undefined where that is not unique. */
  readonly #shared = new Map<string, string | undefined>();

  constructor(
    private readonly metaGraph: MetaGraph,
    private readonly objects: ObjectGraph,
    bundle: Bundle | undefined,
  ) {
    for (const node of metaGraph.graph.nodes) {
      if (textOf(node.attrs.get('shared_name')) === '' && !isVariableNode(node)) continue;
      const key = resourceKey(node.op, sharedName(node));
      this.#shared.set(key, this.#shared.has(key) ? undefined : node.name);
    }
    if (bundle === undefined) return;
    const nodeByKey = new Map(
      [...bindCheckpoint(metaGraph, bundle).keys].map(([node, key]) => [key, node] as const),
    );
    for (const [id, key] of checkpointKeys(objects, bundle).byObject) {
      const node = nodeByKey.get(key);
      if (node !== undefined) this.#variables.set(id, node);
    }
  }

  find(id: number): string | undefined {
    const object = this.objects.nodes[id];
    if (object?.kind === 'variable') return this.#variables.get(id) ?? this.#byName(object.name);
    if (object?.kind === 'asset') return this.metaGraph.assets[object.assetIndex]?.tensorName || undefined;
    if (object?.kind === 'constant') return object.name || undefined;
    if (object?.kind === 'resource') return this.#byCreator(object);
    return undefined;
  }

  explain(id: number): string {
    const object = this.objects.nodes[id];
    return `it captures ${object?.kind === 'resource' ? 'a table' : `object ${id} (${object?.kind ?? 'absent'})`}, which the graph does not name`;
  }

  /** A table's creator function and the main graph make it with the same op and `shared_name`. */
  #byCreator(object: SavedObject): string | undefined {
    const creator = this.objects.nodes[object.children.get('_create_resource') ?? -1];
    const body = this.metaGraph.graph.functions.get(creator?.concreteFunctions[0] ?? '');
    const made = body?.nodes.find((node) => textOf(node.attrs.get('shared_name')) !== '');
    if (made === undefined) return undefined;
    return this.#shared.get(resourceKey(made.op, textOf(made.attrs.get('shared_name'))));
  }

  #byName(name: string): string | undefined {
    return this.#shared.get(resourceKey('VarHandleOp', name));
  }
}

const resourceKey = (op: string, shared: string): string => `${op} ${shared}`;

function makeCall(
  name: string,
  definition: FunctionDef,
  details: ConcreteFunction,
  captured: readonly string[],
  taken: Map<string, number>,
): { signature: SignatureDef; nodes: NodeDef[] } {
  const prefix = `signature_${name.replace(/[^\w]/g, '_')}`;
  const own = definition.inputArgs.slice(0, definition.inputArgs.length - captured.length);
  const inputs = new Map<string, TensorInfo>();
  const nodes: NodeDef[] = [];
  own.forEach((arg, i) => {
    const attrs = definition.argAttrs?.get(i);
    const wanted = textOf(attrs?.get('_user_specified_name')) || arg.name;
    const input = inputs.has(wanted) ? arg.name : wanted;
    const shape = shapeOf(attrs?.get('_output_shapes'));
    const node = makeNode(takeName(`${prefix}_${arg.name}`, taken), 'Placeholder', [], {
      dtype: { kind: 'type', value: arg.type },
      shape: { kind: 'shape', value: shape },
    });
    nodes.push(node);
    inputs.set(input, { name: `${node.name}:0`, dtype: argDType(arg), shape });
  });
  const call = makeNode(
    takeName(prefix, taken),
    'StatefulPartitionedCall',
    [...nodes.map((node) => node.name), ...captured],
    {
      Tin: typeList(definition.inputArgs),
      Tout: typeList(definition.outputArgs),
      f: { kind: 'func', value: { name: definition.name, attrs: new Map() } },
    },
  );
  const outputs = nameOutputs(definition.outputArgs, details, call.name);
  const signature = { name, methodName: '', inputs, outputs, defaults: new Map(), isSynthetic: true };
  return { signature, nodes: [...nodes, call] };
}

/** Results by their keys in the function's result, else `output_0`, `output_1`, …, as Keras names them. */
function nameOutputs(
  args: readonly ArgDef[],
  details: ConcreteFunction,
  call: string,
): Map<string, TensorInfo> {
  const outputs = new Map<string, TensorInfo>();
  const isDescribed = details.outputs.length === args.length;
  args.forEach((arg, i) => {
    const leaf = isDescribed ? details.outputs[i] : undefined;
    const key = leaf?.path.join('.') ?? '';
    const name = key === '' || /^\d+$/.test(key) || outputs.has(key) ? `output_${i}` : key;
    outputs.set(name, { name: `${call}:${i}`, dtype: argDType(arg), shape: leaf?.shape ?? null });
  });
  return outputs;
}

function makeNode(
  name: string,
  op: string,
  inputs: readonly string[],
  attrs: Readonly<Record<string, AttrValue>>,
): NodeDef {
  return { name, op, inputs, device: '', attrs: new Map(Object.entries(attrs)), originalNames: [] };
}

function typeList(args: readonly ArgDef[]): AttrValue {
  return { kind: 'list', value: args.map(({ type }) => ({ kind: 'type', value: type }) as const) };
}

function argDType(arg: ArgDef): DType | 'invalid' {
  return Object.values(DTYPES).some((row) => row.tf === arg.type)
    ? dtypeFromTf(arg.type, arg.name)
    : 'invalid';
}

function takeName(wanted: string, taken: Map<string, number>): string {
  let name = wanted;
  while (taken.has(name)) {
    const next = taken.get(wanted)! + 1;
    taken.set(wanted, next);
    name = `${wanted}_${next}`;
  }
  taken.set(name, 0);
  return name;
}

function textOf(attr: AttrValue | undefined): string {
  return attr?.kind === 's' ? decoder.decode(attr.value) : '';
}

function shapeOf(attr: AttrValue | undefined): Shape {
  const [first] = attr?.kind === 'list' ? attr.value : [];
  return first?.kind === 'shape' ? first.value : null;
}
