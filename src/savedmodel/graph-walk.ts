import { TfdeployError } from '../base/error.js';
import { parseTensorRef, referredNode } from './refs.js';
import type { FunctionDef, GraphDef, NodeDef } from './types.js';

/** A graph or one call of a function: where names are looked up. */
export interface Scope {
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** What the caller passes, by name of the argument. Empty in the main graph. */
  readonly args: ReadonlyMap<string, Source>;
  readonly definition: FunctionDef | undefined;
  readonly calls: Map<string, Scope>;
}

/** An input as it is written, and where. */
export interface Source {
  readonly scope: Scope;
  readonly ref: string;
}

/** An output of a node. */
export interface Output {
  readonly scope: Scope;
  readonly node: NodeDef;
  readonly index: number;
}

/** Functions that call each other twice make 2^n calls. */
const MAX_CALLS = 100_000;
const MAX_VISITS = 5_000_000;
const MAX_STEPS = 10_000;
const PASSES_ON: ReadonlySet<string> = new Set(['Identity', 'Reshape']);

/** Follows edges of a graph symbolically, through function calls, without running anything. */
export class GraphWalk {
  readonly main: Scope;
  readonly #bodies = new Map<FunctionDef, ReadonlyMap<string, NodeDef>>();
  #calls = 0;

  constructor(private readonly graph: GraphDef) {
    this.main = { nodes: byName(graph.nodes), args: new Map(), definition: undefined, calls: new Map() };
  }

  #nodesOf(definition: FunctionDef): ReadonlyMap<string, NodeDef> {
    let nodes = this.#bodies.get(definition);
    if (nodes === undefined) {
      nodes = byName(definition.nodes);
      this.#bodies.set(definition, nodes);
    }
    return nodes;
  }

  /** The node's function, when it is a call. */
  callee(node: NodeDef): FunctionDef | undefined {
    const f = node.attrs.get('f');
    const isCall = node.op === 'PartitionedCall' || node.op === 'StatefulPartitionedCall';
    return this.graph.functions.get(isCall && f?.kind === 'func' ? f.value.name : node.op);
  }

  /** The scope of a call, made once per call. */
  enter(scope: Scope, node: NodeDef, callee: FunctionDef): Scope {
    let inner = scope.calls.get(node.name);
    if (inner === undefined) {
      if (++this.#calls > MAX_CALLS) {
        throw new TfdeployError('TFD_MODEL_LIMIT', `function "${callee.name}": calls without end`);
      }
      const passed = node.inputs.filter((input) => !input.startsWith('^'));
      const args = new Map<string, Source>();
      callee.inputArgs.forEach((arg, i) => {
        const ref = passed[i];
        if (ref !== undefined) args.set(arg.name, { scope, ref });
      });
      inner = { nodes: this.#nodesOf(callee), args, definition: callee, calls: new Map() };
      scope.calls.set(node.name, inner);
    }
    return inner;
  }

  /**
   * The output that an input comes from, past Identity and Reshape, into and out of calls; undefined when
   * it comes from nowhere.
   */
  resolve(source: Source): Output | undefined {
    let { scope, ref } = source;
    for (let step = 0; step < MAX_STEPS; step++) {
      const parsed = parseTensorRef(ref);
      if (parsed === undefined) return undefined;
      const node = scope.nodes.get(parsed.node);
      if (node === undefined) {
        const outer = scope.args.get(parsed.node);
        if (outer === undefined) return undefined;
        ({ scope, ref } = outer);
        continue;
      }
      const callee = this.callee(node);
      if (callee !== undefined) {
        const position = parsed.arg === '' || node.op !== callee.name ? parsed.index : -1;
        const output =
          position >= 0
            ? callee.outputArgs[position]
            : callee.outputArgs.find((one) => one.name === parsed.arg);
        const returned = output === undefined ? undefined : callee.ret.get(output.name);
        if (returned === undefined) return undefined;
        scope = this.enter(scope, node, callee);
        ref = returned;
      } else if (PASSES_ON.has(node.op) && node.inputs[0] !== undefined) ref = node.inputs[0];
      else return { scope, node, index: parsed.index };
    }
    throw new TfdeployError('TFD_GRAPH_INVALID', `"${source.ref}": its inputs go in a circle`);
  }

  /** Every node that the start reaches backwards, over data and control edges, and inside of its calls. */
  reach(start: string): Output[] {
    const found: Output[] = [];
    const seen = new Map<Scope, Set<string>>();
    const todo: { scope: Scope; name: string }[] = [{ scope: this.main, name: start }];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const { scope, name } = next;
      const names = seen.get(scope) ?? new Set();
      seen.set(scope, names);
      const node = scope.nodes.get(name);
      if (node === undefined || names.has(name)) continue;
      names.add(name);
      if (found.push({ scope, node, index: 0 }) > MAX_VISITS) {
        throw new TfdeployError('TFD_MODEL_LIMIT', `"${start}": reaches too many nodes through calls`);
      }
      for (const input of node.inputs) todo.push({ scope, name: referredNode(input) });
      const callee = this.callee(node);
      if (callee === undefined) continue;
      const inner = this.enter(scope, node, callee);
      for (const each of callee.nodes) todo.push({ scope: inner, name: each.name });
    }
    return found;
  }
}

function byName(nodes: readonly NodeDef[]): ReadonlyMap<string, NodeDef> {
  return new Map(nodes.map((node) => [node.name, node]));
}
