import type { DType } from '../base/dtype.js';
import type { TableValue, VariableState } from '../graph/ir.js';
import type { AttrValue, TensorValue } from '../savedmodel/types.js';

/** One node that runs on a host kernel. */
export interface HostNode {
  readonly op: string;
  readonly name: string;
  /** Names of values: inputs of the stage, constants, tables, or outputs of nodes before. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly outputDTypes: readonly DType[];
  readonly attrs: ReadonlyMap<string, AttrValue>;
  /** Bodies of control flow, by key. They see the values around the node. */
  readonly bodies?: ReadonlyMap<string, HostBody>;
}

export interface HostBody {
  readonly inputs: readonly string[];
  readonly nodes: readonly HostNode[];
  readonly outputs: readonly string[];
}

/** What a host stage runs, in order. */
export interface HostProgram {
  readonly nodes: readonly HostNode[];
  readonly constants: ReadonlyMap<string, TensorValue>;
  /** Tables by the name of their resource handle. */
  readonly tables: ReadonlyMap<string, TableValue>;
  /** Variables that are state, by the name of their resource handle; none when absent. */
  readonly variables?: ReadonlyMap<string, VariableState>;
}
