import { TfdeployError } from '../base/error.js';
import type { NodeDef, TensorValue } from '../savedmodel/types.js';
import type { Value } from './ir.js';
import { describeNode, type Scope } from './scope.js';

/** Ops that name a variable. */
export const VARIABLE_OPS: ReadonlySet<string> = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

export interface Variable {
  /** Name of the handle's node. */
  readonly name: string;
  readonly value: TensorValue | undefined;
}

/** The values of variables: from the checkpoint, and those that the init operation sets. */
export class Variables {
  readonly #byHandle = new Map<Value, Variable>();
  #bound: ReadonlyMap<string, TensorValue> | undefined;

  constructor(
    private readonly bind: () => ReadonlyMap<string, TensorValue>,
    /** Set by the init operation, by handle node name; they win, since it runs after the restore. */
    private readonly initialized: () => ReadonlyMap<string, () => TensorValue>,
  ) {}

  /** The variable that a handle node stands for. */
  find(node: NodeDef): Variable {
    this.#bound ??= this.bind();
    const initialized = this.initialized().get(node.name);
    if (initialized !== undefined) return { name: node.name, value: initialized() };
    const shared = node.attrs.get('shared_name');
    const sharedName = shared?.kind === 's' ? new TextDecoder().decode(shared.value) : '';
    return { name: node.name, value: this.#bound.get(node.name) ?? this.#bound.get(sharedName) };
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
export function requireVariable(scope: Scope, node: NodeDef, variable: Variable): TensorValue {
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
