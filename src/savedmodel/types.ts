import type { DType } from '../base/dtype.js';
import type { FileRange, ModelFiles } from '../base/files.js';
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';

/**
 * An attribute of a node, one case per field of TensorFlow's AttrValue. In shapes of this stage every
 * unknown dimension is `?`, which says nothing about its equality with another.
 */
export type AttrValue =
  | { readonly kind: 's'; readonly value: Uint8Array }
  | { readonly kind: 'i'; readonly value: bigint }
  | { readonly kind: 'f'; readonly value: number }
  | { readonly kind: 'b'; readonly value: boolean }
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'shape'; readonly value: Shape }
  | { readonly kind: 'tensor'; readonly value: TensorValue }
  | { readonly kind: 'func'; readonly value: FunctionRef }
  | { readonly kind: 'placeholder'; readonly value: string }
  | { readonly kind: 'list'; readonly value: readonly AttrValue[] };

export interface FunctionRef {
  readonly name: string;
  readonly attrs: ReadonlyMap<string, AttrValue>;
}

/**
 * A constant that is not decoded yet: `read()` gives the dense tensor, `file` says where the raw
 * little-endian bytes lie when they lie contiguously in a file (zero-copy weights).
 */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes that `read()` will hold; for strings the sum of their lengths where known, else 0. */
  readonly byteLength: number;
  readonly file?: FileRange;
  /** CRC-32C of the bytes of `file`, which `read()` checks; whoever copies the range may check it too. */
  readonly crc32c?: number;
  read(): Tensor;
}

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `name`, `name:index`, in function bodies `name:output_arg:index`, or `^name` for a control edge. */
  readonly inputs: readonly string[];
  readonly device: string;
  readonly attrs: ReadonlyMap<string, AttrValue>;
  /** `experimental_debug_info.original_node_names`: where a fused or inlined node came from. */
  readonly originalNames: readonly string[];
}

export interface ArgDef {
  readonly name: string;
  /** DataType number; 0 when `typeAttr` or `typeListAttr` says it. */
  readonly type: number;
  readonly typeAttr: string;
  readonly numberAttr: string;
  readonly typeListAttr: string;
  readonly isRef: boolean;
}

export interface FunctionDef {
  readonly name: string;
  readonly inputArgs: readonly ArgDef[];
  readonly outputArgs: readonly ArgDef[];
  readonly nodes: readonly NodeDef[];
  /** Output argument name → `node:output_arg:index` or an input argument's name. */
  readonly ret: ReadonlyMap<string, string>;
  readonly controlRet: ReadonlyMap<string, string>;
  readonly attrs: ReadonlyMap<string, AttrValue>;
  /** Attributes of input arguments by position (`_output_shapes`, `_user_specified_name`, …). */
  readonly argAttrs?: ReadonlyMap<number, ReadonlyMap<string, AttrValue>>;
  readonly isStateful?: boolean;
  /** True when `nodes` refer to outputs by flat position (`node:1`), as the main graph does. */
  readonly hasFlatRefs?: boolean;
}

export interface GraphDef {
  readonly nodes: readonly NodeDef[];
  readonly functions: ReadonlyMap<string, FunctionDef>;
  /** GraphDef.versions.producer. */
  readonly producer: number;
}

/** One tensor of a signature. A coo_sparse or composite one lists its parts instead of a single name. */
export interface TensorInfo {
  /** `node:index`; empty when `components` is given. */
  readonly name: string;
  readonly dtype: DType | 'invalid';
  readonly shape: Shape;
  /** For sparse: `indices`, `values`, `dense_shape`; for composite: component numbers as keys. */
  readonly components?: ReadonlyMap<string, TensorInfo>;
  /** How a composite tensor is typed, e.g. `RaggedTensorSpec`. */
  readonly compositeType?: string;
}

export interface SignatureDef {
  readonly name: string;
  readonly methodName: string;
  readonly inputs: ReadonlyMap<string, TensorInfo>;
  readonly outputs: ReadonlyMap<string, TensorInfo>;
  /** SignatureDef.defaults: values of inputs that a request may leave out. */
  readonly defaults: ReadonlyMap<string, TensorValue>;
  /** Made from a callable function, because the model has no signature of its own. */
  readonly isSynthetic?: boolean;
}

export interface SaverDef {
  readonly filenameTensorName: string;
  readonly saveTensorName: string;
  readonly restoreOpName: string;
  readonly sharded: boolean;
  readonly version: number;
}

export interface AssetFile {
  /** Tensor that the asset's path is fed to. */
  readonly tensorName: string;
  readonly filename: string;
}

export interface MetaGraph {
  readonly tags: readonly string[];
  readonly tensorflowVersion: string;
  readonly strippedDefaultAttrs: boolean;
  readonly graph: GraphDef;
  readonly signatures: ReadonlyMap<string, SignatureDef>;
  /** Callable functions of a model without signatures that could not be made one, with the reason. */
  readonly uncallable?: ReadonlyMap<string, string>;
  readonly saver: SaverDef | undefined;
  /** Node lists by collection name (`saved_model_main_op`, `legacy_init_op`, …). */
  readonly nodeCollections: ReadonlyMap<string, readonly string[]>;
  readonly assets: readonly AssetFile[];
  readonly objectGraph: ObjectGraph | undefined;
  /** Function name in the library → name that the exporting program gave it. */
  readonly functionAliases?: ReadonlyMap<string, string>;
}

export interface ObjectGraph {
  readonly nodes: readonly SavedObject[];
  /** Objects that a function captures, in the order of its last arguments. */
  readonly concreteFunctions: ReadonlyMap<string, readonly number[]>;
  readonly functionDetails?: ReadonlyMap<string, ConcreteFunction>;
}

/** A traced function as its exporter described it. */
export interface ConcreteFunction {
  readonly captures: readonly number[];
  /** Whether it was traced with a `True` among its arguments, as a rule `training=True`. */
  readonly isTraining: boolean;
  /** Its results in order: keys and positions on the way to each, and its shape. */
  readonly outputs: readonly { readonly path: readonly string[]; readonly shape: Shape }[];
}

export interface SavedObject {
  readonly kind:
    | 'user'
    | 'asset'
    | 'function'
    | 'variable'
    | 'bare_function'
    | 'constant'
    | 'resource'
    | 'captured'
    | 'none';
  readonly children: ReadonlyMap<string, number>;
  /** variable: its name; constant: its operation; function: its concrete function names. */
  readonly name: string;
  readonly concreteFunctions: readonly string[];
  readonly dtype: DType | undefined;
  readonly shape: Shape;
  readonly assetIndex: number;
  readonly userClass: string;
}

export interface SavedModel {
  /** Directory that holds saved_model.pb. */
  readonly dir: string;
  readonly files: ModelFiles;
  readonly format: 'pb' | 'pbtxt';
  /** Bytes of saved_model.pb. */
  readonly graphBytes: number;
  readonly metaGraphs: readonly MetaGraph[];
}

/** The checkpoint beside the graph (`variables/variables.index` and shards). */
export interface Bundle {
  /** Every tensor key with its type and shape, without opening a data shard. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  /** The value of a key, or of one slice of it (`shape_and_slices` of RestoreV2). Lazy: nothing is read. */
  tensor(key: string, slice?: string): TensorValue;
}

export interface BundleEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly crc32c: number;
  readonly isSliced: boolean;
}
