import type { DType } from '../../base/dtype.js';
import { KERNEL_MATRIX } from './kernel-matrix.gen.js';

/** Operator key → types of its main type variable that ONNX Runtime's CPU provider has a kernel for. */
const KERNELS = new Map<string, ReadonlySet<string>>(
  Object.entries(KERNEL_MATRIX).map(([op, dtypes]) => [op, new Set(dtypes)]),
);

/** Types that hold every value of a type, nearest first: results come back by truncation, bit for bit. */
const WIDER: Partial<Record<DType, readonly DType[]>> = {
  bool: ['uint8', 'int32', 'float32'],
  int8: ['int16', 'int32', 'int64'],
  uint8: ['uint16', 'int32', 'int64'],
  int16: ['int32', 'int64'],
  uint16: ['int32', 'int64'],
  int32: ['int64'],
  uint32: ['int64'],
  float16: ['float32'],
  bfloat16: ['float32'],
};

/** Floating types that hold every value of an integer type; only for operators that do no arithmetic. */
const AS_FLOAT: Partial<Record<DType, readonly DType[]>> = {
  bool: ['float32'],
  int8: ['float32'],
  uint8: ['float32'],
  int16: ['float32'],
  uint16: ['float32'],
  int32: ['float64'],
  uint32: ['float64'],
};

/** Operators that move or compare elements and compute none. */
const MOVES = new Set(
  (
    'Where Gather GatherElements GatherND ScatterND ScatterElements Concat Split Slice Pad Transpose Tile ' +
    'Expand Reshape Squeeze Unsqueeze Compress MaxPool GlobalMaxPool Max Min ReduceMax ReduceMin TopK ArgMax ArgMin ' +
    'Equal Greater GreaterOrEqual Less LessOrEqual ReverseSequence Trilu DepthToSpace SpaceToDepth Unique OneHot Clip ' +
    'Identity'
  ).split(' '),
);

/**
 * Operators that may run in float32 for float64 data where there is no float64 kernel: smooth functions
 * and sums, for which the difference stays within the parity bar. Never a comparison or an index.
 */
const SMOOTH = new Set(
  (
    'Conv ConvTranspose AveragePool GlobalAveragePool LpPool Erf Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh ' +
    'Softplus Softsign Elu Selu Celu LeakyRelu HardSigmoid HardSwish Gelu Mish PRelu LRN Resize GridSample ' +
    'LayerNormalization InstanceNormalization GroupNormalization BatchNormalization LSTM GRU RNN RoiAlign ' +
    'com.microsoft:CropAndResize MaxPool ThresholdedRelu'
  ).split(' '),
);

/** Operators that give the same bits for signed and unsigned numbers. */
const SIGN_FREE = new Set(['Where', 'ReduceSum', 'ReduceProd', 'CumSum']);

export interface KernelChoice {
  /** The type to compute in; equal to the asked one where there is a kernel. */
  readonly dtype: DType;
  /** True when the type holds less than the asked one. */
  readonly isLossy: boolean;
}

export function hasKernel(key: string, dtype: DType): boolean {
  return KERNELS.get(key)?.has(dtype) ?? false;
}

/** The type to run an operator in for data of `dtype`, or undefined when no kernel can take it. */
export function chooseKernel(key: string, dtype: DType): KernelChoice | undefined {
  if (hasKernel(key, dtype)) return { dtype, isLossy: false };
  if (dtype === 'uint64' && SIGN_FREE.has(key)) return { dtype: 'int64', isLossy: false };
  const wider = [...(WIDER[dtype] ?? []), ...(MOVES.has(key) ? (AS_FLOAT[dtype] ?? []) : [])];
  const found = wider.find((candidate) => hasKernel(key, candidate));
  if (found !== undefined) return { dtype: found, isLossy: false };
  if (dtype === 'float64' && SMOOTH.has(key) && hasKernel(key, 'float32')) {
    return { dtype: 'float32', isLossy: true };
  }
  return undefined;
}
