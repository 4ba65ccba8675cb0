import { TfdeployError } from '../base/error.js';
import type { AttrValue, FunctionDef, GraphDef, NodeDef } from '../savedmodel/types.js';
import { rebuildFrames } from './frames/rebuild.js';
import type { Body, Node, Origin, Value } from './ir.js';

/** Where nodes are put while the graph is built: the main graph or one body of control flow. */
export interface Region {
  readonly nodes: Node[];
  readonly depth: number;
}

/** What an argument of a function instance stands for: a tensor of the caller or a value of the region. */
export type ArgSource = { readonly scope: Scope; readonly ref: string } | Value;

export type Attrs = ReadonlyMap<string, AttrValue>;

/** The main graph, or one instance of a function: its nodes with the caller's attributes and arguments. */
export interface Scope {
  readonly region: Region;
  readonly functionDef: FunctionDef | undefined;
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** Attributes of the call, for `$placeholder` attributes of the body. */
  readonly callAttrs: Attrs;
  readonly calls: readonly string[];
  readonly implementations: readonly string[];
  /** Position of each argument in `args`. */
  readonly argStarts: ReadonlyMap<string, { readonly start: number; readonly count: number }>;
  readonly args: readonly ArgSource[];
  /** Function instances by call node. */
  readonly children: Map<string, Scope>;
  /** Nodes that became part of the graph, by node name. */
  readonly built: Map<string, readonly Value[] | 'pending'>;
  readonly resolved: Map<string, Place>;
  /** NodeDefs with substituted and defaulted attributes, by node name. */
  readonly completed: Map<string, NodeDef>;
}

/** A tensor after calls, arguments and aliases have been followed: a value, or output `index` of a node. */
export type Place = Value | { readonly scope: Scope; readonly node: NodeDef; readonly index: number };

export function isValue(place: Place | ArgSource): place is Value {
  return 'id' in place;
}

/** Name → NodeDef of the main graph and of each function, made once. */
export class NodeIndex {
  readonly main: ReadonlyMap<string, NodeDef>;
  readonly #functions = new Map<string, ReadonlyMap<string, NodeDef>>();

  readonly graph: GraphDef;

  constructor(graph: GraphDef) {
    // A name that stands twice is told before the graph is looked at in any other way.
    indexNodes(graph.nodes, '');
    this.graph = rebuildFrames(graph);
    this.main = indexNodes(this.graph.nodes, '');
  }

  ofFunction(functionDef: FunctionDef): ReadonlyMap<string, NodeDef> {
    const known = this.#functions.get(functionDef.name);
    if (known !== undefined) return known;
    const index = indexNodes(functionDef.nodes, functionDef.name);
    this.#functions.set(functionDef.name, index);
    return index;
  }
}

function indexNodes(nodes: readonly NodeDef[], functionName: string): ReadonlyMap<string, NodeDef> {
  const index = new Map<string, NodeDef>();
  for (const node of nodes) {
    if (index.has(node.name)) {
      throw new TfdeployError(
        'TFD_GRAPH_INVALID',
        `two nodes are named "${node.name}"${functionName === '' ? '' : ` in function "${functionName}"`}`,
        { details: { node: node.name, op: node.op, function: functionName } },
      );
    }
    index.set(node.name, node);
  }
  return index;
}

/** "node "x" (Op) in function "f", called by a > b". */
export function describeNode(scope: Scope, node: { name: string; op: string }): string {
  const inside = scope.functionDef === undefined ? '' : ` in function "${scope.functionDef.name}"`;
  const calls = scope.calls.length === 0 ? '' : `, called by ${scope.calls.join(' > ')}`;
  return `node "${node.name}" (${node.op})${inside}${calls}`;
}

export function graphError(scope: Scope, node: { name: string; op: string }, what: string): TfdeployError {
  return new TfdeployError('TFD_GRAPH_INVALID', `${describeNode(scope, node)}: ${what}`, {
    details: { node: node.name, op: node.op, calls: scope.calls },
  });
}

export function originOf(scope: Scope, node: NodeDef): Origin {
  return {
    node: node.name,
    calls: scope.calls,
    functionName: scope.functionDef?.name ?? '',
    ...(scope.implementations.length === 0 ? {} : { implementations: scope.implementations }),
  };
}

export interface ParsedRef {
  readonly node: string;
  /** Output argument name; empty in the main graph, where outputs are only counted. */
  readonly arg: string;
  readonly index: number;
}

/** `n`, `n:1` and `n:arg:1`; a control edge `^n` gives undefined. */
export function parseRef(ref: string): ParsedRef | undefined {
  if (ref.startsWith('^')) return undefined;
  const last = ref.lastIndexOf(':');
  if (last < 0) return { node: ref, arg: '', index: 0 };
  const tail = ref.slice(last + 1);
  if (!/^\d{1,9}$/.test(tail)) return { node: ref.slice(0, last), arg: tail, index: 0 };
  const first = ref.lastIndexOf(':', last - 1);
  if (first < 0) return { node: ref.slice(0, last), arg: '', index: Number(tail) };
  return { node: ref.slice(0, first), arg: ref.slice(first + 1, last), index: Number(tail) };
}

export interface BuiltBody {
  readonly scope: Scope;
  readonly body: Body;
}
