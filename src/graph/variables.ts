import { TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import type { NodeDef, TensorValue } from '../savedmodel/types.js';
import type { Value } from './ir.js';
import { describeNode, type Scope } from './scope.js';

/** Ops that name a variable. */
export const VARIABLE_OPS: ReadonlySet<string> = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

/** Attribute of a handle that was made of a reference variable: the name of that variable's node. */
export const REF_NAME_ATTR = '_ref_variable';

/** The name of the variable that a handle node stands for. */
export function variableName(node: NodeDef): string {
  const ref = node.attrs.get(REF_NAME_ATTR);
  return ref?.kind === 's' ? new TextDecoder().decode(ref.value) : node.name;
}

/** Ops that make a table. */
export const TABLE_OPS = /^(Mutable|Anonymous(Mutable)?)?HashTable(V2)?$/;

export interface Variable {
  /** Name of the handle's node. */
  readonly name: string;
  readonly value: TensorValue | undefined;
  /** As declared; null when nothing is known of it. */
  readonly shape: Shape;
}

/** The values of variables: from the checkpoint, and those that the init operation sets. */
export class Variables {
  readonly #byHandle = new Map<Value, Variable>();
  readonly #found = new Set<string>();
  #bound: ReadonlyMap<string, TensorValue> | undefined;

  constructor(
    private readonly bind: () => ReadonlyMap<string, TensorValue>,
    /** Set by the init operation, by handle node name; they win, since it runs after the restore. */
    private readonly initialized: () => ReadonlyMap<string, () => TensorValue>,
    /** Names of those that are state: they stay variables. */
    private readonly state: ReadonlySet<string> = new Set(),
  ) {}

  get hasState(): boolean {
    return this.state.size > 0;
  }

  isState(name: string): boolean {
    return this.state.has(name);
  }

  /** Names of all that were asked for. */
  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** Handles of state, by the name of their value. */
  listStates(): Map<string, Variable> {
    const states = [...this.#byHandle].filter(([, { name }]) => this.state.has(name));
    return new Map(states.map(([handle, variable]) => [handle.name, variable]));
  }

  /** The variable that a handle node stands for. */
  find(node: NodeDef): Variable {
    this.#bound ??= this.bind();
    const name = variableName(node);
    this.#found.add(name);
    const declared = node.attrs.get('shape');
    const shape = declared?.kind === 'shape' ? declared.value : null;
    const initialized = this.initialized().get(name);
    if (initialized !== undefined) return { name, shape, value: initialized() };
    const shared = node.attrs.get('shared_name');
    const sharedName = shared?.kind === 's' ? new TextDecoder().decode(shared.value) : '';
    return { name, shape, value: this.#bound.get(name) ?? this.#bound.get(sharedName) };
  }

  register(handle: Value, variable: Variable): void {
    this.#byHandle.set(handle, variable);
  }

  /** Whether a value of the graph depends on a variable, by name. */
  isRead(name: string): boolean {
    return [...this.#byHandle.values()].some((variable) => variable.name === name);
  }

  ofHandle(handle: Value): Variable | undefined {
    return this.#byHandle.get(handle);
  }
}

/** The value of a variable, or TFD_VARIABLE_UNBOUND. */
export function requireVariable(
  scope: Scope,
  node: { readonly name: string; readonly op: string },
  variable: Variable,
): TensorValue {
  if (variable.value !== undefined) return variable.value;
  throw new TfdeployError(
    'TFD_VARIABLE_UNBOUND',
    `${describeNode(scope, node)}: the checkpoint holds no value for variable "${variable.name}"`,
    {
      hint: 'check that the variables/ folder beside saved_model.pb is complete',
      details: { node: node.name, op: node.op, variable: variable.name },
    },
  );
}
