import type { DType } from '../base/dtype.js';
import type { Dim, Shape } from '../base/shape.js';
import type { Node, Value } from '../graph/ir.js';
import type { AttrReader } from '../savedmodel/attr-reader.js';
import type { TensorValue } from '../savedmodel/types.js';

/** The name of a tensor in the ONNX graph under construction; '' is an omitted optional input. */
export type Ref = string;

export type OnnxAttr =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: TensorValue }
  | { readonly graph: OnnxBody };

/** A subgraph of If or Loop. */
export interface OnnxBody {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, TensorValue>;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: DType; readonly shape: Shape }[];
}

export interface OnnxNode {
  readonly op: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  readonly attrs: ReadonlyMap<string, OnnxAttr>;
}

/** Emits ONNX nodes. Plain numbers are integer attributes; floats are written `{ float: x }`. */
export interface OnnxEmitter {
  /** One node with one output; `name` is a hint for the output. */
  op(
    type: string,
    inputs: readonly Ref[],
    attrs?: Readonly<Record<string, OnnxAttr | undefined>>,
    options?: { domain?: string },
  ): Ref;
  /** One node with `outputs` outputs. */
  ops(
    type: string,
    inputs: readonly Ref[],
    outputs: number,
    attrs?: Readonly<Record<string, OnnxAttr | undefined>>,
    options?: { domain?: string },
  ): Ref[];
  /** An initializer; equal small constants are shared. */
  constant(value: TensorValue): Ref;
  /** int64 vector ([] gives shape [0]). */
  i64(values: readonly number[]): Ref;
  /** int64 scalar. */
  i64Scalar(value: number): Ref;
  /** A scalar of `dtype`. */
  scalar(dtype: DType, value: number): Ref;
  cast(ref: Ref, from: DType, to: DType): Ref;
  /** The type of a tensor made before. */
  dtypeOf(ref: Ref): DType;
}

/** What a converter sees of one node. */
export interface ConvertContext {
  readonly node: Node;
  readonly attrs: AttrReader;
  readonly onnx: OnnxEmitter;
  /** Input by position; negative counts from the end. */
  value(index: number): Value;
  /** The ONNX name of input `index` (constants become initializers on first use). */
  ref(index: number): Ref;
  /** Number of data inputs. */
  readonly inputCount: number;
  /** The dense value of a constant input, decoded; TFD_SHAPE_UNKNOWN when the graph does not fix it. */
  constInts(index: number): number[];
  constFloats(index: number): number[];
  isConst(index: number): boolean;
  /** Elements of a small integer input: numbers, and names of dimensions known only at run time. */
  elements(index: number): readonly Dim[] | undefined;
  /** Declared or inferred type of output `index`. */
  outputDType(index: number): DType;
  /** Notes what a user should know about the answers of the compiled signature. */
  warn(text: string): void;
  /** Control flow: the node's bodies become subgraphs. */
  convertFlow(): readonly Ref[];
  /** Rank of an input; TFD_SHAPE_UNKNOWN when unknown. */
  rank(index: number): number;
  /** A refusal with the node's name, op and layer. */
  refuse(
    code: 'TFD_OP_UNSUPPORTED' | 'TFD_ATTR_UNREAD' | 'TFD_SHAPE_UNKNOWN' | 'TFD_DTYPE_UNSUPPORTED',
    why: string,
    hint?: string,
  ): Error;
}

/** How one TensorFlow op becomes ONNX. Returns one Ref per used output of the node, in order. */
export interface OpRow {
  readonly convert: (context: ConvertContext) => readonly Ref[];
  /**
   * Attributes that do not change the numbers for us and need no reading, beyond type, number and
   * underscore attributes, which are always neutral (e.g. `use_cudnn_on_gpu`).
   */
  readonly neutral?: readonly string[];
  /** One line for docs/ops.md: what it becomes. */
  readonly becomes: string;
}

/** Rows of one family of ops, keyed by TensorFlow op name. */
export type OpFamily = Readonly<Record<string, OpRow>>;
