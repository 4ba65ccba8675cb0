import { TfdeployError } from '../base/error.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { ArgDef, FunctionDef, NodeDef } from '../savedmodel/types.js';
import type { Value } from './ir.js';
import {
  type ArgSource,
  type Attrs,
  describeNode,
  graphError,
  isValue,
  type NodeIndex,
  type ParsedRef,
  type Place,
  parseRef,
  type Region,
  type Scope,
} from './scope.js';
import { argCounts, completeNode, expandArgs } from './signatures.js';

const MAX_CALL_DEPTH = 100;
const MAX_SCOPES = 50_000;

/** Ops whose output `i` is their input `i` (or input 0): they vanish while the graph is built. */
const ALIASES: ReadonlySet<string> = new Set([
  'Identity',
  'IdentityN',
  'RefIdentity',
  'Snapshot',
  'StopGradient',
  'PreventGradient',
  'DebugGradientIdentity',
  'DebugIdentity',
  'DebugIdentityV2',
  'PlaceholderWithDefault',
]);

/** Ops that call the function in their attribute `f`. */
const CALLS: ReadonlySet<string> = new Set(['PartitionedCall', 'StatefulPartitionedCall', 'BatchFunction']);

const LOOPS: ReadonlySet<string> = new Set(['While', 'StatelessWhile']);

export interface Call {
  readonly functionDef: FunctionDef;
  readonly attrs: Attrs;
}

/** Follows function calls, arguments and aliases from a reference to the node that computes it. */
export class Resolver {
  #scopes = 0;
  /** Output positions of ops that are not in the registry, by node, in order of appearance. */
  readonly #unknownOutputs = new Map<NodeDef, Map<string, number>>();

  constructor(
    readonly index: NodeIndex,
    /** Tensors of the main graph that are replaced, by `node:index`. */
    readonly feeds: Map<string, Value>,
    readonly keepCall: (functionDef: FunctionDef) => boolean,
  ) {}

  mainScope(region: Region): Scope {
    return this.#scope({
      region,
      functionDef: undefined,
      nodes: this.index.main,
      callAttrs: new Map(),
      calls: [],
      implementations: [],
      argStarts: new Map(),
      args: [],
    });
  }

  /** An instance of a function, called from `node` of `caller`. */
  functionScope(caller: Scope, node: NodeDef, call: Call, args: readonly ArgSource[], region: Region): Scope {
    const { functionDef } = call;
    if (caller.calls.length >= MAX_CALL_DEPTH) {
      throw new TfdeployError(
        'TFD_MODEL_LIMIT',
        `${describeNode(caller, node)}: functions call each other more than ${MAX_CALL_DEPTH} deep`,
        { details: { node: node.name, op: node.op, function: functionDef.name } },
      );
    }
    const where: NodeDef = { ...node, op: functionDef.name };
    const counts = argCounts(caller, where, functionDef.inputArgs, call.attrs);
    const argStarts = new Map<string, { start: number; count: number }>();
    let start = 0;
    functionDef.inputArgs.forEach((arg, i) => {
      argStarts.set(arg.name, { start, count: counts[i]! });
      start += counts[i]!;
    });
    if (start !== args.length) {
      throw graphError(
        caller,
        node,
        `gives ${args.length} arguments to "${functionDef.name}", which takes ${start}`,
      );
    }
    const implementation = functionDef.attrs.get('api_implements');
    return this.#scope({
      region,
      functionDef,
      nodes: this.index.ofFunction(functionDef),
      callAttrs: call.attrs,
      calls: [...caller.calls, node.name],
      implementations:
        implementation?.kind === 's' && implementation.value.length > 0
          ? [...caller.implementations, new TextDecoder().decode(implementation.value)]
          : caller.implementations,
      argStarts,
      args,
    });
  }

  #scope(parts: Omit<Scope, 'children' | 'built' | 'resolved' | 'completed'>): Scope {
    if (++this.#scopes > MAX_SCOPES) {
      throw new TfdeployError('TFD_MODEL_LIMIT', `the graph calls functions more than ${MAX_SCOPES} times`);
    }
    return { ...parts, children: new Map(), built: new Map(), resolved: new Map(), completed: new Map() };
  }

  /** The function that a node calls, when the call is to be inlined. */
  callOf(scope: Scope, node: NodeDef): Call | undefined {
    const own = this.index.graph.functions.get(node.op);
    if (own !== undefined) return { functionDef: own, attrs: completeNode(scope, node).attrs };
    if (!CALLS.has(node.op)) return undefined;
    const call = this.functionAttr(scope, completeNode(scope, node), 'f');
    return this.keepCall(call.functionDef) ? undefined : call;
  }

  functionAttr(scope: Scope, node: NodeDef, attrName: string): Call {
    const attr = node.attrs.get(attrName);
    if (attr?.kind !== 'func') throw graphError(scope, node, `attribute "${attrName}" names no function`);
    return this.functionNamed(scope, node, attr.value);
  }

  functionNamed(scope: Scope, node: NodeDef, ref: { name: string; attrs: Attrs }): Call {
    const functionDef = this.index.graph.functions.get(ref.name);
    if (functionDef === undefined) {
      throw graphError(scope, node, `calls function "${ref.name}", which the model does not hold`);
    }
    return { functionDef, attrs: ref.attrs };
  }

  /** The instance that an inlined call node opens; the same one for each of its outputs. */
  childScope(scope: Scope, node: NodeDef, call: Call): Scope {
    const known = scope.children.get(node.name);
    if (known !== undefined) return known;
    const args = dataInputs(node).map((ref) => ({ scope, ref }));
    const child = this.functionScope(scope, node, call, args, scope.region);
    scope.children.set(node.name, child);
    return child;
  }

  nodeOf(scope: Scope, name: string, ref: string): NodeDef {
    const node = scope.nodes.get(name);
    if (node !== undefined) return completeNode(scope, node);
    const inside = scope.functionDef === undefined ? '' : ` in function "${scope.functionDef.name}"`;
    throw new TfdeployError(
      'TFD_GRAPH_INVALID',
      `"${ref}" refers to node "${name}", which is not there${inside}`,
      {
        details: { node: name, ref, calls: scope.calls },
      },
    );
  }

  /** Flat output position of a reference. */
  outputIndex(scope: Scope, node: NodeDef, parsed: ParsedRef): number {
    const isFlat = scope.functionDef === undefined || scope.functionDef.hasFlatRefs === true;
    if (isFlat && parsed.arg === '') return parsed.index;
    const outputs = this.outputArgs(node);
    if (outputs === undefined) return this.#unknownOutput(node, parsed);
    const slots = expandArgs(scope, node, outputs, node.attrs);
    const arg = parsed.arg === '' ? outputs[0]?.name : parsed.arg;
    const first = slots.findIndex((slot) => slot.arg === arg);
    const at = first + parsed.index;
    if (first < 0 || slots[at]?.arg !== arg) {
      throw graphError(scope, node, `has no output "${parsed.arg}:${parsed.index}"`);
    }
    return at;
  }

  /** Output arguments of a function of the model or an op of the registry; undefined for a foreign op. */
  outputArgs(node: NodeDef): readonly ArgDef[] | undefined {
    return this.index.graph.functions.get(node.op)?.outputArgs ?? opDef(node.op)?.outputArgs;
  }

  #unknownOutput(node: NodeDef, parsed: ParsedRef): number {
    let positions = this.#unknownOutputs.get(node);
    if (positions === undefined) {
      positions = new Map();
      this.#unknownOutputs.set(node, positions);
    }
    const key = `${parsed.arg}:${parsed.index}`;
    const known = positions.get(key);
    if (known !== undefined) return known;
    positions.set(key, positions.size);
    return positions.size - 1;
  }

  resolve(scope: Scope, ref: string): Place {
    const passed: { scope: Scope; ref: string }[] = [];
    const seen = new Map<Scope, Set<string>>();
    let at: ArgSource = { scope, ref };
    for (;;) {
      if (isValue(at)) return settle(passed, at);
      const known = at.scope.resolved.get(at.ref);
      if (known !== undefined) return settle(passed, known);
      const refs = seen.get(at.scope) ?? new Set();
      if (refs.has(at.ref)) {
        throw new TfdeployError('TFD_GRAPH_INVALID', `the graph has a cycle through "${at.ref}"`, {
          details: { ref: at.ref, calls: at.scope.calls },
        });
      }
      seen.set(at.scope, refs.add(at.ref));
      passed.push(at);
      const next: ArgSource | Place = this.#step(at.scope, at.ref);
      if ('node' in next) return settle(passed, next);
      at = next;
    }
  }

  /** One step: to the caller's argument, into a called function, through an alias, or to the node itself. */
  #step(scope: Scope, ref: string): ArgSource | Place {
    const parsed = parseRef(ref);
    if (parsed === undefined) {
      throw new TfdeployError('TFD_GRAPH_INVALID', `control edge "${ref}" is used as a tensor`);
    }
    const arg = this.#argument(scope, parsed, ref);
    if (arg !== undefined) return arg;
    const node = this.nodeOf(scope, parsed.node, ref);
    const index = this.outputIndex(scope, node, parsed);
    if (scope.functionDef === undefined) {
      const fed = this.feeds.get(`${node.name}:${index}`);
      if (fed !== undefined) return fed;
    }
    const call = this.callOf(scope, node);
    if (call !== undefined) return this.#enter(scope, node, call, index);
    if (!ALIASES.has(node.op) && !this.#isLoopResource(scope, node, index)) return { scope, node, index };
    const input = dataInputs(node)[index];
    if (input === undefined) throw graphError(scope, node, `has no input ${index}`);
    return { scope, ref: input };
  }

  /** A resource that a loop carries is the same one before, in and after it. */
  #isLoopResource(scope: Scope, node: NodeDef, index: number): boolean {
    if (!LOOPS.has(node.op)) return false;
    const slots = expandArgs(scope, node, this.outputArgs(node) ?? [], node.attrs);
    return slots[index]?.dtype === 'resource';
  }

  #argument(scope: Scope, parsed: ParsedRef, ref: string): ArgSource | undefined {
    const position = scope.argStarts.get(parsed.node);
    if (position === undefined) return undefined;
    if (parsed.index >= position.count) {
      throw new TfdeployError('TFD_GRAPH_INVALID', `"${ref}" is beyond argument "${parsed.node}"`, {
        details: { ref, function: scope.functionDef?.name },
      });
    }
    return scope.args[position.start + parsed.index]!;
  }

  #enter(scope: Scope, node: NodeDef, call: Call, index: number): ArgSource {
    const child = this.childScope(scope, node, call);
    return { scope: child, ref: returnRef(child, node, call.functionDef, index) };
  }
}

function settle(passed: readonly { scope: Scope; ref: string }[], place: Place): Place {
  for (const { scope, ref } of passed) scope.resolved.set(ref, place);
  return place;
}

/** What a function returns at flat output `index`, as a reference in its body. */
export function returnRef(child: Scope, node: NodeDef, functionDef: FunctionDef, index: number): string {
  const arg = functionDef.outputArgs[index];
  if (arg === undefined)
    throw graphError(child, node, `function "${functionDef.name}" has no output ${index}`);
  if (arg.numberAttr !== '' || arg.typeListAttr !== '') {
    throw graphError(
      child,
      node,
      `function "${functionDef.name}" returns the list "${arg.name}", which is not read`,
    );
  }
  const ref = functionDef.ret.get(arg.name);
  if (ref === undefined) {
    throw graphError(child, node, `function "${functionDef.name}" does not say what "${arg.name}" is`);
  }
  return ref;
}

export function dataInputs(node: NodeDef): string[] {
  return node.inputs.filter((input) => !input.startsWith('^'));
}
