import { opDef } from '../savedmodel/opdefs.js';
import type { AttrValue, GraphDef, NodeDef } from '../savedmodel/types.js';
import { parseRef } from './scope.js';
import { REF_NAME_ATTR } from './variables.js';

type Attrs = ReadonlyMap<string, AttrValue>;

/** How an operation on a reference is called on a resource, and the attribute that holds the variable's type. */
const BY_RESOURCE: ReadonlyMap<string, readonly [op: string, typeAttr: string]> = new Map([
  ['Assign', ['AssignVariableOp', 'dtype']],
  ['AssignAdd', ['AssignAddVariableOp', 'dtype']],
  ['AssignSub', ['AssignSubVariableOp', 'dtype']],
  ...['Update', 'Add', 'Sub', 'Min', 'Max'].flatMap((how): [string, [string, string]][] => [
    [`Scatter${how}`, [`ResourceScatter${how}`, 'dtype']],
    [`ScatterNd${how}`, [`ResourceScatterNd${how}`, 'T']],
  ]),
]);

/** Where a reference leads: its variable's handle, and the node after which it is read. */
interface Target {
  readonly handle: string;
  readonly variable: string;
  readonly attrs: Attrs;
  readonly after: readonly string[];
}

/**
 * The graph with reference variables of the given names as resource variables: every place that dereferences
 * one reads it then and there, and an assignment gives what it left. Names of tensors stay.
 */
export function replaceRefs(graph: GraphDef, state: ReadonlySet<string>): ReplacedRefs {
  const found = graph.nodes.filter(({ op, name }) => /^Variable(V2)?$/.test(op) && state.has(name));
  const variables = new Set(found.map(({ name }) => name));
  const doubtful = new Map<string, string>();
  if (variables.size === 0) return { graph, variables, doubtful };
  const rewriter = new Rewriter(graph, variables, doubtful);
  return {
    graph: { ...graph, nodes: graph.nodes.flatMap((node) => rewriter.rewrite(node)) },
    variables,
    doubtful,
  };
}

export interface ReplacedRefs {
  readonly graph: GraphDef;
  /** Names of the variables that were references. */
  readonly variables: ReadonlySet<string>;
  /** Nodes that share the memory of a variable without being a reference to it, with its name. */
  readonly doubtful: ReadonlyMap<string, string>;
}

/** A reference that goes through these is still the variable's memory: it is read by whoever computes with it. */
const TRANSPARENT: ReadonlySet<string> = new Set(['Identity', 'Snapshot', 'StopGradient', 'PreventGradient']);

/** Results of these share the memory of their input, too. */
const SHARING: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'ExpandDims', 'IdentityN', 'Bitcast']);

class Rewriter {
  readonly #byName: ReadonlyMap<string, NodeDef>;
  readonly #taken: Set<string>;
  readonly #handles = new Map<string, string>();
  readonly #targets = new Map<string, Target | undefined>();

  constructor(
    graph: GraphDef,
    private readonly variables: ReadonlySet<string>,
    private readonly doubtful: Map<string, string>,
  ) {
    this.#byName = new Map(graph.nodes.map((node) => [node.name, node]));
    this.#taken = new Set(this.#byName.keys());
    for (const name of variables) this.#handles.set(name, this.#unique(`${name}/handle`));
  }

  rewrite(node: NodeDef): NodeDef[] {
    if (this.variables.has(node.name)) return this.#variable(node);
    const target = this.#targetOf(node.name);
    const row = BY_RESOURCE.get(node.op);
    if (target !== undefined && row !== undefined) return this.#writer(node, target, row);
    const { nodes, inputs } = this.#inputs(node);
    return [...nodes, { ...node, inputs }];
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let number = 1; this.#taken.has(name); number++) name = `${wanted}_${number}`;
    this.#taken.add(name);
    return name;
  }

  #variable(node: NodeDef): NodeDef[] {
    const handle = this.#handles.get(node.name)!;
    const name: AttrValue = { kind: 's', value: new TextEncoder().encode(node.name) };
    const attrs = new Map([...node.attrs].filter(([key]) => key !== 'use_locking'));
    attrs.set(REF_NAME_ATTR, name);
    return [
      { ...node, name: handle, op: 'VarHandleOp', attrs },
      readNode(node, node.name, { handle, variable: node.name, attrs: node.attrs, after: [] }, []),
    ];
  }

  #writer(node: NodeDef, target: Target, [op, typeAttr]: readonly [string, string]): NodeDef[] {
    const { nodes, inputs } = this.#inputs(node);
    const write = this.#unique(`${node.name}/write`);
    const attrs = new Map<string, AttrValue>([[typeAttr, target.attrs.get('dtype')!]]);
    for (const name of ['Tindices', 'bad_indices_policy']) {
      const attr = node.attrs.get(name);
      if (attr !== undefined) attrs.set(name, attr);
    }
    return [
      ...nodes,
      { ...node, name: write, op, inputs, attrs },
      readNode(node, node.name, { ...target, after: [write] }, []),
    ];
  }

  /** Inputs by reference become handles; references that are used as values become readings. */
  #inputs(node: NodeDef): { nodes: NodeDef[]; inputs: string[] } {
    const args = opDef(node.op)?.inputArgs ?? [];
    const nodes: NodeDef[] = [];
    const controls: string[] = [];
    const inputs = node.inputs.map((ref, index) => {
      const parsed = parseRef(ref);
      const target = parsed === undefined ? undefined : this.#targetOf(parsed.node);
      if (target === undefined) return ref;
      if (args[index]?.isRef === true) {
        controls.push(...target.after.map((name) => `^${name}`));
        return target.handle;
      }
      if (SHARING.has(node.op)) this.doubtful.set(node.name, target.variable);
      const name = this.#unique(`${node.name}/read_${index}`);
      const others = node.inputs
        .filter((_, i) => i !== index)
        .map((each) => parseRef(each)?.node ?? each.slice(1));
      nodes.push(readNode(node, name, target, others));
      return name;
    });
    return { nodes, inputs: [...inputs, ...controls] };
  }

  /** What the reference that a node gives refers to; undefined when it gives none. */
  #targetOf(name: string): Target | undefined {
    if (this.#targets.has(name)) return this.#targets.get(name);
    this.#targets.set(name, undefined);
    const found = this.#follow(name);
    this.#targets.set(name, found);
    return found;
  }

  #follow(name: string): Target | undefined {
    const node = this.#byName.get(name);
    if (node === undefined) return undefined;
    const handle = this.#handles.get(name);
    if (handle !== undefined) return { handle, variable: name, attrs: node.attrs, after: [] };
    const isRef = TRANSPARENT.has(node.op) || (opDef(node.op)?.outputArgs[0]?.isRef ?? false);
    const from = isRef ? parseRef(node.inputs[0] ?? '^') : undefined;
    const target = from === undefined ? undefined : this.#targetOf(from.node);
    return target === undefined ? undefined : { ...target, after: [name] };
  }
}

function readNode(node: NodeDef, name: string, target: Target, others: readonly string[]): NodeDef {
  const { handle, attrs, after } = target;
  const controls = [...new Set([...after, ...others])].map((each) => `^${each}`);
  const dtype = attrs.get('dtype')!;
  return {
    ...node,
    name,
    op: 'ReadVariableOp',
    inputs: [handle, ...controls],
    attrs: new Map([['dtype', dtype]]),
  };
}
