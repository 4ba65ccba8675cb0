import { TfdeployError } from '../base/error.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { NodeDef } from '../savedmodel/types.js';
import { bodiesOf, isControlFlow } from './control-flow.js';
import { pathOf } from './expand.js';
import { dataInputs, type Resolver } from './resolve.js';
import { isValue, parseRef, type Scope } from './scope.js';
import { expandArgs } from './signatures.js';
import { VARIABLE_OPS } from './variables.js';

/** Stateful ops that only read, or make a handle: leaving them out changes nothing. */
const READERS: ReadonlySet<string> = new Set([
  'ReadVariableOp',
  'ResourceGather',
  'ResourceGatherNd',
  'VarIsInitializedOp',
  'VariableShape',
  'IsVariableInitialized',
  'DestroyResourceOp',
]);

/** Inputs by reference of these are not written. */
const REF_READERS: ReadonlySet<string> = new Set([
  'Identity',
  'RefIdentity',
  'RefSwitch',
  'RefMerge',
  'RefSelect',
  'RefEnter',
  'RefExit',
  'RefNextIteration',
  'IsVariableInitialized',
]);

/** Nodes whose effect is lost when only their place in the order of things reaches them. */
const NO_EFFECT =
  /Handle|^Placeholder|^Variable|^Random|^Stateless|^TensorArray|^Lookup|Table|^Stateful|^Partitioned|^While|^If|^Case|Iterator|Dataset|^Read|^Parse|^Stack|Queue|^Multinomial|^TruncatedNormal|^Rng|^Recv|^Send|^_|^Var/;

/** One node that a run would execute, in the order of execution. */
export interface Reached {
  readonly scope: Scope;
  readonly node: NodeDef;
}

interface Visit {
  readonly scope: Scope;
  readonly name: string;
  isLeaving: boolean;
}

/**
 * Every node that TensorFlow would run for the given tensors: over data and control edges, into called
 * functions and bodies of control flow, and not beyond fed tensors. Each comes after what it waits for.
 */
export class EffectWalk {
  readonly reached: Reached[] = [];
  readonly #seen = new Map<Scope, Set<string>>();
  readonly #bodies = new Map<Scope, Map<string, Scope>>();
  readonly #fedNodes: ReadonlySet<string>;

  constructor(readonly resolver: Resolver) {
    this.#fedNodes = new Set([...resolver.feeds.keys()].map((key) => key.slice(0, key.lastIndexOf(':'))));
  }

  walk(scope: Scope, refs: readonly string[]): void {
    const stack: Visit[] = [];
    this.#push(stack, scope, refs);
    while (stack.length > 0) {
      const visit = stack[stack.length - 1]!;
      const node = this.resolver.nodeOf(visit.scope, visit.name, visit.name);
      if (visit.isLeaving) {
        stack.pop();
        this.reached.push({ scope: visit.scope, node });
      } else if (this.#isSeen(visit.scope, visit.name)) stack.pop();
      else {
        visit.isLeaving = true;
        this.#enter(stack, visit.scope, node);
      }
    }
  }

  #enter(stack: Visit[], scope: Scope, node: NodeDef): void {
    const call = this.resolver.callOf(scope, node);
    if (call !== undefined) this.#enterFunction(stack, this.resolver.childScope(scope, node, call));
    else if (isControlFlow(node.op)) this.#enterBodies(stack, scope, node);
    this.#push(stack, scope, node.inputs);
  }

  #enterBodies(stack: Visit[], scope: Scope, node: NodeDef): void {
    const { skip, calls } = bodiesOf(this, scope, node);
    for (const [key, call] of calls) {
      const args = dataInputs(node)
        .slice(skip)
        .map((ref) => ({ scope, ref }));
      const caller: NodeDef = { ...node, name: `${node.name}/${key}` };
      const known = this.#bodies.get(scope)?.get(caller.name);
      const child = known ?? this.resolver.functionScope(scope, caller, call, args, scope.region);
      this.#bodies.set(scope, (this.#bodies.get(scope) ?? new Map()).set(caller.name, child));
      this.#enterFunction(stack, child);
    }
  }

  /** A function runs what it returns, what its caller waits for, and every stateful node of its body. */
  #enterFunction(stack: Visit[], child: Scope): void {
    const { functionDef } = child;
    if (functionDef === undefined) return;
    this.#push(stack, child, [...functionDef.ret.values()]);
    this.#push(
      stack,
      child,
      [...functionDef.controlRet.values()].map((name) => `^${name}`),
    );
    const stateful = functionDef.nodes.filter((node) => opDef(node.op)?.isStateful ?? false);
    this.#push(
      stack,
      child,
      stateful.map((node) => `^${node.name}`),
    );
  }

  #push(stack: Visit[], scope: Scope, refs: readonly string[]): void {
    for (let i = refs.length - 1; i >= 0; i--) {
      const ref = refs[i]!;
      const name = ref.startsWith('^') ? ref.slice(1) : parseRef(ref)!.node;
      if (this.#seen.get(scope)?.has(name) || scope.argStarts.has(name)) continue;
      if (scope.functionDef === undefined && this.#fedNodes.has(name)) continue;
      stack.push({ scope, name, isLeaving: false });
    }
  }

  /** Marks a node, and tells whether it was marked before. */
  #isSeen(scope: Scope, name: string): boolean {
    const seen = this.#seen.get(scope) ?? new Set();
    this.#seen.set(scope, seen);
    return seen.size === seen.add(name).size;
  }
}

/** The variable that a node changes, by name; undefined when it changes none. */
export function writtenVariable(resolver: Resolver, { scope, node }: Reached): string | undefined {
  const inputArgs = opDef(node.op)?.inputArgs;
  if (inputArgs === undefined || READERS.has(node.op) || REF_READERS.has(node.op)) return undefined;
  if (resolver.callOf(scope, node) !== undefined || isControlFlow(node.op)) return undefined;
  const refs = dataInputs(node);
  for (const slot of expandArgs(scope, node, inputArgs, node.attrs)) {
    const isRef = inputArgs.find((arg) => arg.name === slot.arg)?.isRef ?? false;
    const ref = refs[slot.index];
    if (ref === undefined || (!isRef && slot.dtype !== 'resource')) continue;
    const place = resolver.resolve(scope, ref);
    if (!isValue(place) && VARIABLE_OPS.has(place.node.op)) return place.node.name;
  }
  return undefined;
}

/** The state of a Keras 3 random generator, which dropout layers advance even where they do nothing. */
const RANDOM_STATE = /(^|\/)seed_generator[^/]*\/seed_generator_state[^/]*$/;

/**
 * TFD_STATEFUL when the nodes that a signature runs change variables. The state of a random generator is let
 * pass unless `isRead` says that an output depends on it.
 */
export function refuseWrites(
  resolver: Resolver,
  signature: string,
  reached: readonly Reached[],
  isRead: (variable: string) => boolean = () => false,
): void {
  const writes = reached.flatMap((each) => {
    const variable = writtenVariable(resolver, each);
    return variable === undefined || (RANDOM_STATE.test(variable) && !isRead(variable))
      ? []
      : [{ variable, node: pathOf(each.scope, each.node), op: each.node.op }];
  });
  if (writes.length === 0) return;
  const names = [...new Set(writes.map((write) => write.variable))];
  throw new TfdeployError(
    'TFD_STATEFUL',
    `signature "${signature}" changes ${names.length === 1 ? 'variable' : 'variables'} ${names.map((n) => `"${n}"`).join(', ')} (${writes[0]!.op} in node "${writes[0]!.node}")`,
    {
      hint: 'choose a signature that only reads, or serve it with the tfjs-node engine',
      details: { writes },
    },
  );
}

/** Nodes with an effect (Assert, Print, summaries) that run in TensorFlow but give nothing to the outputs. */
export function droppedEffects(reached: readonly Reached[]): { name: string; op: string }[] {
  return reached
    .filter(({ scope, node }) => {
      if (!(opDef(node.op)?.isStateful ?? false) || NO_EFFECT.test(node.op)) return false;
      return !scope.built.has(node.name);
    })
    .map(({ scope, node }) => ({ name: pathOf(scope, node), op: node.op }));
}
