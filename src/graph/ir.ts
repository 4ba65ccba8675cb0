import type { DType } from '../base/dtype.js';
import type { Dim, Shape } from '../base/shape.js';
import type { AttrValue, TensorValue } from '../savedmodel/types.js';

/** Where a node of the flattened graph came from, for every message about it. */
export interface Origin {
  /** Name of the node in its own graph or function body. */
  readonly node: string;
  /** Names of the call nodes it was inlined through, outermost first. */
  readonly calls: readonly string[];
  /** Function whose body holds it; empty for the main graph. */
  readonly functionName: string;
  /** `api_implements` of the inlined functions around it (`lstm_<uuid>`, `gru_<uuid>`), outermost first. */
  readonly implementations?: readonly string[];
}

/** One output of a node, or an input of the graph. Mutable: passes refine type, shape and constancy. */
export interface Value {
  readonly id: number;
  /** Unique in the whole graph and its bodies; becomes the ONNX name. */
  readonly name: string;
  dtype: DType;
  shape: Shape;
  /** undefined for a graph input. */
  producer: Node | undefined;
  readonly index: number;
  /** The value, when it is the same in every run. Never decoded until `read()`. */
  constant: TensorValue | undefined;
  /**
   * Known elements of a small integer tensor (rank 0 or 1): numbers and symbols, row-major. A symbol that
   * begins with `~` stands for any integer, also a negative one; all others are sizes.
   */
  elements: readonly Dim[] | undefined;
}

export interface Node {
  readonly id: number;
  op: string;
  readonly name: string;
  readonly origin: Origin;
  inputs: Value[];
  attrs: Map<string, AttrValue>;
  outputs: Value[];
  /** Bodies of control flow: `then_branch`, `else_branch`, `cond`, `body`, `branches:0`… */
  bodies: Map<string, Body>;
}

/** A function body of If, Case or While. Its inputs are the call's inputs, in order. */
export interface Body {
  readonly inputs: Value[];
  nodes: Node[];
  outputs: Value[];
}

export interface GraphInput {
  /** Name in the signature. A sparse input `x` is three: `x:indices`, `x:values`, `x:dense_shape`. */
  readonly name: string;
  readonly value: Value;
  /** What the signature declares, which TensorFlow does not enforce. */
  readonly declaredShape: Shape;
  /** Taken when a request leaves the input out. */
  readonly defaultValue: TensorValue | undefined;
}

export interface GraphOutput {
  readonly name: string;
  value: Value;
}

/** A lookup table after initialisation; key and value are dense vectors of equal length. */
export interface TableValue {
  readonly name: string;
  readonly keyDType: DType;
  readonly valueDType: DType;
  readonly keys: TensorValue;
  readonly values: TensorValue;
  /** Set when signatures change the table: the name under which they share it. */
  readonly state?: string;
}

/** A variable that some signature of the model assigns. */
export interface VariableState {
  /** The same for all signatures. */
  readonly name: string;
  /** What it holds when the model is loaded. */
  readonly value: TensorValue;
}

/** What a signature does with the state of its model: names of variables and tables. */
export interface StateUse {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** One signature: pruned, inlined, frozen, folded and shaped. Nodes are in topological order. */
export interface Graph {
  readonly signature: string;
  inputs: GraphInput[];
  outputs: GraphOutput[];
  nodes: Node[];
  /** Tables by the name of the value that is their resource handle. */
  tables: Map<string, TableValue>;
  /** Variables that are state, by the name of the value that is their resource handle. */
  variables: Map<string, VariableState>;
  /** All variables and tables that it reads, constant ones too, and those that it changes. */
  state: StateUse;
  /** Stateful nodes that only control edges reach (Assert, Print, Assign): not run. */
  dropped: { readonly name: string; readonly op: string }[];
}

/** A graph under construction gives out ids and unique names. */
export class ValueFactory {
  #nextId = 0;
  readonly #names = new Map<string, number>();

  nextId(): number {
    return this.#nextId++;
  }

  uniqueName(wanted: string): string {
    const seen = this.#names.get(wanted);
    this.#names.set(wanted, (seen ?? 0) + 1);
    if (seen === undefined) return wanted;
    return this.uniqueName(`${wanted}__${seen}`);
  }

  value(name: string, dtype: DType, shape: Shape, producer?: Node, index = 0): Value {
    return {
      id: this.nextId(),
      name: this.uniqueName(name),
      dtype,
      shape,
      producer,
      index,
      constant: undefined,
      elements: undefined,
    };
  }
}
