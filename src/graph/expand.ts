import { dtypeFromTf } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { NodeDef } from '../savedmodel/types.js';
import { buildControlFlow, isControlFlow } from './control-flow.js';
import { buildFrozen, isFrozen } from './freeze.js';
import type { Node, Value, ValueFactory } from './ir.js';
import { dataInputs, type Resolver } from './resolve.js';
import { graphError, isValue, originOf, type Place, type Region, type Scope } from './scope.js';
import { expandArgs } from './signatures.js';
import type { Variables } from './variables.js';

const MAX_NODES = 4_000_000;

export type NodePlace = Exclude<Place, Value>;

interface Task {
  readonly place: NodePlace;
  readonly inputs: readonly Place[];
  next: number;
}

/**
 * Builds the nodes that demanded tensors need, and only those, each after its inputs. Function calls never
 * become nodes: the resolver looks through them.
 */
export class Expander {
  #nodes = 0;
  readonly #readings = new Map<Value, Value>();
  /** Where state is read when nothing changes it; undefined when each reading has its own place. */
  once: Region | undefined;

  constructor(
    readonly resolver: Resolver,
    readonly factory: ValueFactory,
    readonly variables: Variables,
  ) {}

  demand(scope: Scope, refs: readonly string[]): Value[] {
    return this.demandPlaces(refs.map((ref) => this.resolver.resolve(scope, ref)));
  }

  demandPlaces(places: readonly Place[]): Value[] {
    this.#buildAll(places);
    return places.map((place) => this.#valueAt(place));
  }

  /** Builds a node for its effect. */
  demandNode(scope: Scope, node: NodeDef): void {
    this.#buildAll([{ scope, node, index: 0 }]);
  }

  /**
   * A node that reads a variable which is state. Where nothing is assigned, one reading serves the whole run,
   * outside all bodies.
   */
  addRead(place: NodePlace, handle: Value): Value {
    const { once } = this;
    if (once === undefined) return this.addNode(place, [handle]).outputs[0]!;
    const known = this.#readings.get(handle);
    if (known !== undefined) return known;
    const scope: Scope = { ...place.scope, region: once };
    const [value] = this.addNode({ ...place, scope }, [handle]).outputs;
    this.#readings.set(handle, value!);
    return value!;
  }

  #buildAll(places: readonly Place[]): void {
    const tasks: Task[] = [];
    for (const root of places) {
      this.#begin(tasks, root);
      while (tasks.length > 0) {
        const task = tasks[tasks.length - 1]!;
        const input = task.inputs[task.next++];
        if (input !== undefined) this.#begin(tasks, input);
        else {
          tasks.pop();
          task.place.scope.built.set(task.place.node.name, this.#build(task.place, task.inputs));
        }
      }
    }
  }

  #begin(tasks: Task[], place: Place): void {
    if (isValue(place)) return;
    const { scope, node } = place;
    const built = scope.built.get(node.name);
    if (built === 'pending') throw cycleError(scope, node);
    if (built !== undefined) return;
    scope.built.set(node.name, 'pending');
    const inputs = dataInputs(node).map((ref) => this.resolver.resolve(scope, ref));
    tasks.push({ place, inputs, next: 0 });
  }

  #valueAt(place: Place): Value {
    if (isValue(place)) return place;
    const built = place.scope.built.get(place.node.name);
    if (built === undefined || built === 'pending') throw cycleError(place.scope, place.node);
    const value = built[place.index];
    if (value !== undefined) return value;
    if (this.resolver.outputArgs(place.node) !== undefined) {
      throw graphError(place.scope, place.node, `has no output ${place.index}`);
    }
    return this.#foreignOutput(place, built);
  }

  /** An op that the registry does not know shows its outputs only by being referred to. */
  #foreignOutput(place: NodePlace, built: readonly Value[]): Value {
    const node = built[0]?.producer;
    if (node === undefined) throw graphError(place.scope, place.node, `has no output ${place.index}`);
    while (node.outputs.length <= place.index) {
      const index = node.outputs.length;
      node.outputs.push(
        this.factory.value(outputName(node.name, index), node.outputs[0]!.dtype, null, node, index),
      );
    }
    place.scope.built.set(place.node.name, node.outputs);
    return node.outputs[place.index]!;
  }

  #build(place: NodePlace, inputs: readonly Place[]): readonly Value[] {
    const values = inputs.map((input) => this.#valueAt(input));
    if (isFrozen(place.node.op)) return buildFrozen(this, place, values);
    if (isControlFlow(place.node.op)) return buildControlFlow(this, place, values);
    return this.addNode(place, values).outputs;
  }

  /** A node as it stands, with one value per flat output. */
  addNode(place: NodePlace, inputs: Value[]): Node {
    const { scope, node } = place;
    const outputArgs = this.resolver.outputArgs(node);
    const slots = outputArgs === undefined ? undefined : expandArgs(scope, node, outputArgs, node.attrs);
    this.#checkInputs(scope, node, inputs);
    const made = this.newNode(scope, node, inputs);
    if (slots === undefined) {
      made.outputs.push(this.factory.value(made.name, foreignDType(node), null, made, 0));
    } else {
      for (const slot of slots) {
        made.outputs.push(
          this.factory.value(outputName(made.name, slot.index), slot.dtype, null, made, slot.index),
        );
      }
    }
    return made;
  }

  /** Inputs must be as many, and of the types, that the op declares. */
  #checkInputs(scope: Scope, node: NodeDef, inputs: readonly Value[]): void {
    const inputArgs = opDef(node.op)?.inputArgs;
    if (inputArgs === undefined) return;
    const slots = expandArgs(scope, node, inputArgs, node.attrs);
    if (slots.length !== inputs.length) {
      const inputWord = slots.length === 1 ? 'input' : 'inputs';
      throw graphError(scope, node, `takes ${slots.length} ${inputWord}, but has ${inputs.length}`);
    }
    const bad = slots.find((slot, i) => slot.dtype !== inputs[i]!.dtype);
    if (bad === undefined) return;
    throw graphError(scope, node, `input ${bad.index} is ${inputs[bad.index]!.dtype}, not ${bad.dtype}`);
  }

  newNode(scope: Scope, node: NodeDef, inputs: Value[]): Node {
    if (++this.#nodes > MAX_NODES) {
      throw new TfdeployError(
        'TFD_MODEL_LIMIT',
        `the graph grows beyond ${MAX_NODES} nodes when calls are inlined`,
      );
    }
    const made: Node = {
      id: this.factory.nextId(),
      op: node.op,
      name: pathOf(scope, node),
      origin: originOf(scope, node),
      inputs,
      attrs: new Map(node.attrs),
      outputs: [],
      bodies: new Map(),
    };
    scope.region.nodes.push(made);
    return made;
  }

  /** A value that is the same in every run. */
  constant(scope: Scope, node: { readonly name: string }, tensor: NonNullable<Value['constant']>): Value {
    const value = this.factory.value(pathOf(scope, node), tensor.dtype, tensor.shape);
    value.constant = tensor;
    return value;
  }

  newRegion(scope: Scope): Region {
    return { nodes: [], depth: scope.region.depth + 1 };
  }
}

export function pathOf(scope: Scope, node: { readonly name: string }): string {
  return scope.calls.length === 0 ? node.name : `${scope.calls.join('/')}/${node.name}`;
}

export function outputName(nodeName: string, index: number): string {
  return index === 0 ? nodeName : `${nodeName}:${index}`;
}

/** The type that an op outside the registry most likely gives; it is refused later, so only messages see it. */
function foreignDType(node: NodeDef): Value['dtype'] {
  for (const name of ['Tout', 'out_type', 'dtype', 'T']) {
    const attr = node.attrs.get(name);
    const type = attr?.kind === 'list' ? attr.value[0] : attr;
    if (type?.kind === 'type') return dtypeFromTf(type.value, `node "${node.name}" (${node.op})`);
  }
  return 'variant';
}

const LOOP_FRAMES: ReadonlySet<string> = new Set([
  'Enter',
  'Merge',
  'NextIteration',
  'Switch',
  'LoopCond',
  'Exit',
]);

function cycleError(scope: Scope, node: NodeDef): TfdeployError {
  if (LOOP_FRAMES.has(node.op)) {
    return new TfdeployError(
      'TFD_OP_UNSUPPORTED',
      `node "${node.name}" (${node.op}): a TensorFlow 1 loop of frames is not converted`,
      {
        hint: 'export the model again with tf.compat.v1.enable_control_flow_v2()',
        details: { node: node.name, op: node.op, calls: scope.calls },
      },
    );
  }
  return graphError(scope, node, 'depends on itself');
}
