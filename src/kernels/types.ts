import type { NumericTensor, StringTensor, Tensor } from '../base/tensor.js';
import type { AttrReader } from '../savedmodel/attr-reader.js';

/** A lookup table as host kernels see it. Keys are canonical strings of the key's bytes or number. */
export interface TableHandle {
  readonly dtype: 'resource';
  readonly table: HostTable;
}

export interface HostTable {
  readonly keyDType: Tensor['dtype'];
  readonly valueDType: Tensor['dtype'];
  readonly map: Map<string, number | bigint | Uint8Array>;
}

/** A list of tensors or any other variant; kernels that make one are the only ones that open it. */
export interface VariantValue {
  readonly dtype: 'variant';
  readonly shape: readonly number[];
  readonly payload: unknown;
}

/** A variable that is assigned while the model runs: kernels replace its value, and never write into it. */
export interface HostVariable {
  readonly name: string;
  value: Tensor;
}

export interface VariableHandle {
  readonly dtype: 'resource';
  readonly variable: HostVariable;
}

export type HostValue = Tensor | TableHandle | VariableHandle | VariantValue;

/** What a host kernel gets: the node's inputs (already computed), its attributes and its outputs' count. */
export interface KernelContext {
  readonly op: string;
  readonly nodeName: string;
  readonly attrs: AttrReader;
  readonly inputs: readonly HostValue[];
  readonly outputCount: number;
  /** The input as a dense tensor; TFD_KERNEL_INPUT when it is absent or something else. */
  tensor(index: number): Tensor;
  numeric(index: number): NumericTensor;
  strings(index: number): StringTensor;
  /** TFD_KERNEL_INPUT with the node's name and op in front. */
  fail(message: string): Error;
}

/**
 * The host implementation of one TensorFlow operation, with TensorFlow's CPU semantics. Pure: the same
 * inputs give the same outputs (contents of tables and variables aside). One library serves constant folding, table
 * initialisation, host stages and the reference interpreter.
 */
export type Kernel = (context: KernelContext) => HostValue[];

/** Rows of one family: TensorFlow op name → kernel. */
export type KernelFamily = Readonly<Record<string, Kernel>>;
