import { TfdeployError } from '../base/error.js';
import { opDef } from '../savedmodel/opdefs.js';
import type { NodeDef } from '../savedmodel/types.js';
import { bodiesOf, isControlFlow } from './control-flow.js';
import { type Expander, pathOf } from './expand.js';
import type { ReplacedRefs } from './ref-variables.js';
import { dataInputs, type Resolver } from './resolve.js';
import { isValue, parseRef, type Scope } from './scope.js';
import { expandArgs } from './signatures.js';
import { TABLE_OPS, VARIABLE_OPS, variableName } from './variables.js';

/** Stateful ops that only read, or make a handle: leaving them out changes nothing. */
const READERS: ReadonlySet<string> = new Set([
  'ReadVariableOp',
  'ResourceGather',
  'ResourceGatherNd',
  'VarIsInitializedOp',
  'VariableShape',
  'IsVariableInitialized',
  'DestroyResourceOp',
  'LookupTableFind',
  'LookupTableFindV2',
  'LookupTableSize',
  'LookupTableSizeV2',
  'LookupTableExport',
  'LookupTableExportV2',
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
  /** In a body of control flow: whether it runs is not known here. */
  readonly isInBody: boolean;
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
  readonly #inBodies = new Set<Scope>();
  readonly #fedNodes: ReadonlySet<string>;

  constructor(readonly resolver: Resolver) {
    this.#fedNodes = new Set([...resolver.feeds.keys()].map((key) => key.slice(0, key.lastIndexOf(':'))));
  }

  walk(scope: Scope, refs: readonly string[]): void {
    const stack: Visit[] = [];
    this.#push(stack, scope, refs);
    this.#visit(stack);
  }

  /** All that a function runs when it is called. */
  walkFunction(scope: Scope): void {
    const stack: Visit[] = [];
    this.#enterFunction(stack, scope);
    this.#visit(stack);
  }

  #visit(stack: Visit[]): void {
    while (stack.length > 0) {
      const visit = stack[stack.length - 1]!;
      const node = this.resolver.nodeOf(visit.scope, visit.name, visit.name);
      if (visit.isLeaving) {
        stack.pop();
        this.reached.push({ scope: visit.scope, node, isInBody: this.#inBodies.has(visit.scope) });
      } else if (this.#isSeen(visit.scope, visit.name)) stack.pop();
      else {
        visit.isLeaving = true;
        this.#enter(stack, visit.scope, node);
      }
    }
  }

  #enter(stack: Visit[], scope: Scope, node: NodeDef): void {
    const call = this.resolver.callOf(scope, node);
    if (call !== undefined) {
      const child = this.resolver.childScope(scope, node, call);
      if (this.#inBodies.has(scope)) this.#inBodies.add(child);
      this.#enterFunction(stack, child);
    } else if (isControlFlow(node.op)) this.#enterBodies(stack, scope, node);
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
      this.#inBodies.add(child);
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

/** Changes to state that are computed: those of variables, and those of tables. */
const SUPPORTED_WRITES =
  /^(Assign(Add|Sub)?VariableOp|ResourceScatter(Nd)?(Update|Add|Sub|Min|Max)|LookupTable(Insert(V2)?|Import(V2)?|RemoveV2))$/;

/** The variable or table that an input of a node is, by name. */
function stateAt(resolver: Resolver, scope: Scope, ref: string): string | undefined {
  const place = resolver.resolve(scope, ref);
  if (isValue(place)) return undefined;
  if (VARIABLE_OPS.has(place.node.op)) return variableName(place.node);
  return TABLE_OPS.test(place.node.op) ? pathOf(place.scope, place.node) : undefined;
}

/** The variable or table that a node changes, by name; undefined when it changes none. */
export function writtenState(resolver: Resolver, { scope, node }: Reached): string | undefined {
  const inputArgs = opDef(node.op)?.inputArgs;
  if (inputArgs === undefined || READERS.has(node.op) || REF_READERS.has(node.op)) return undefined;
  if (resolver.callOf(scope, node) !== undefined || isControlFlow(node.op)) return undefined;
  const refs = dataInputs(node);
  for (const slot of expandArgs(scope, node, inputArgs, node.attrs)) {
    const isRef = inputArgs.find((arg) => arg.name === slot.arg)?.isRef ?? false;
    const ref = refs[slot.index];
    if (ref === undefined || (!isRef && slot.dtype !== 'resource')) continue;
    const state = stateAt(resolver, scope, ref);
    if (state !== undefined) return state;
  }
  return undefined;
}

/** Whether a node reads or changes state, itself or in its bodies, so that its place in the order counts. */
function touchesState(
  resolver: Resolver,
  { scope, node }: Reached,
  isState: (name: string) => boolean,
): boolean {
  const inputArgs = opDef(node.op)?.inputArgs;
  if (inputArgs === undefined || resolver.callOf(scope, node) !== undefined) return false;
  const refs = dataInputs(node);
  return expandArgs(scope, node, inputArgs, node.attrs).some(({ dtype, index }) => {
    const ref = refs[index];
    if (ref === undefined || dtype !== 'resource') return false;
    const state = stateAt(resolver, scope, ref);
    return state !== undefined && isState(state);
  });
}

/** Builds what reads and changes state, in an order that TensorFlow would take. Bodies order their own. */
export function demandEffects(expander: Expander, walk: EffectWalk): void {
  const isState = (name: string) => expander.variables.isState(name);
  for (const reached of walk.reached)
    if (!reached.isInBody && touchesState(expander.resolver, reached, isState))
      expander.demandNode(reached.scope, reached.node);
}

/** The state of a Keras 3 random generator, which dropout layers advance even where they do nothing. */
const RANDOM_STATE = /(^|\/)seed_generator[^/]*\/seed_generator_state[^/]*$/;

/** One change of a variable or table. */
export interface StateWrite {
  readonly variable: string;
  readonly node: string;
  readonly op: string;
}

/**
 * What the nodes that a signature runs change. The state of a random generator is let pass unless `isRead` says
 * that an output depends on it.
 */
export function listWrites(
  resolver: Resolver,
  reached: readonly Reached[],
  isRead: (variable: string) => boolean = () => false,
): StateWrite[] {
  return reached.flatMap((each) => {
    const variable = writtenState(resolver, each);
    return variable === undefined || (RANDOM_STATE.test(variable) && !isRead(variable))
      ? []
      : [{ variable, node: pathOf(each.scope, each.node), op: each.node.op }];
  });
}

/**
 * TFD_STATEFUL where a signature changes a reference variable and gives out what it read of it without an order:
 * TensorFlow lets such a value change under its reader, so that its answer is an accident.
 */
export function refuseRaces(
  resolver: Resolver,
  signature: string,
  outputs: readonly { readonly scope: Scope; readonly ref: string }[],
  refs: ReplacedRefs,
  walk: EffectWalk,
): void {
  const writes = walk.reached.flatMap((reached) => {
    const variable = writtenState(resolver, reached);
    return variable !== undefined && refs.variables.has(variable) ? [{ variable, reached }] : [];
  });
  const race = (variable: string | undefined, before: (node: NodeDef) => boolean) => {
    if (variable === undefined) return;
    const late = writes.find((write) => write.variable === variable && !before(write.reached.node));
    if (late === undefined) return;
    throw new TfdeployError(
      'TFD_STATEFUL',
      `signature "${signature}" reads variable "${variable}" while it changes it (${late.reached.node.op} in node "${late.reached.node.name}")`,
      {
        hint: 'order them with tf.control_dependencies, or export the model with resource variables',
        details: { node: late.reached.node.name, op: late.reached.node.op },
      },
    );
  };
  for (const { node } of walk.reached) race(refs.doubtful.get(node.name), () => false);
  for (const { scope, ref } of outputs) {
    const place = resolver.resolve(scope, ref);
    if (isValue(place) || place.node.op !== 'ReadVariableOp') continue;
    const own = new EffectWalk(resolver);
    own.walk(scope, [ref]);
    const seen = new Set(own.reached.map(({ node }) => node));
    race(stateAt(resolver, place.scope, dataInputs(place.node)[0]!), (node) => seen.has(node));
  }
}

/** TFD_STATEFUL for changes of what is no state of the model, or that can not be computed. */
export function refuseWrites(
  signature: string,
  writes: readonly StateWrite[],
  isState: (variable: string) => boolean = () => false,
): void {
  const refused = writes.filter(({ variable, op }) => !isState(variable) || !SUPPORTED_WRITES.test(op));
  const [first] = refused;
  if (first === undefined) return;
  const names = [...new Set(refused.map((write) => write.variable))];
  throw new TfdeployError(
    'TFD_STATEFUL',
    `signature "${signature}" changes ${names.length === 1 ? 'variable' : 'variables'} ${names.map((n) => `"${n}"`).join(', ')} (${first.op} in node "${first.node}")`,
    {
      hint: 'choose a signature that only reads, or serve it with the tfjs-node engine',
      details: { writes, node: first.node, op: first.op },
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
