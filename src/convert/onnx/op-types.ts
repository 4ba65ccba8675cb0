import type { DType } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';

/**
 * How one ONNX operator types its inputs and outputs, in the notation `inputs -> outputs`:
 * `T` is the operator's main type, which the kernel matrix is measured for; other capitals are further
 * type variables; a type name is fixed (several with `|`: any of them, the last one is cast to); `*` is
 * anything; `@to` is taken from that attribute; a trailing `...` repeats the last one.
 */
const NOTATION: Readonly<Record<string, string>> = {
  ...rows('T -> T', [
    ...['Abs', 'Neg', 'Sign', 'Floor', 'Ceil', 'Round', 'Sqrt', 'Reciprocal', 'Exp', 'Log', 'Erf'],
    ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
    ...[
      'Relu',
      'LeakyRelu',
      'Elu',
      'Selu',
      'Celu',
      'Softplus',
      'Softsign',
      'Sigmoid',
      'Tanh',
      'ThresholdedRelu',
    ],
    ...[
      'HardSigmoid',
      'HardSwish',
      'Gelu',
      'Mish',
      'Softmax',
      'LogSoftmax',
      'Hardmax',
      'Identity',
      'Transpose',
    ],
    ...['BitwiseNot', 'Det', 'DepthToSpace', 'SpaceToDepth', 'AveragePool', 'GlobalAveragePool', 'LRN'],
    ...['GlobalMaxPool', 'LpPool', 'Flatten', 'MeanVarianceNormalization', 'LpNormalization'],
    ...['com.microsoft:Inverse', 'com.microsoft:QuickGelu'],
  ]),
  ...rows('T T -> T', [
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Mod',
    'PRelu',
    'BitShift',
    'MatMul',
    'GridSample',
  ]),
  ...rows('T T -> T', ['BitwiseAnd', 'BitwiseOr', 'BitwiseXor']),
  ...rows('T... -> T', ['Max', 'Min', 'Sum', 'Mean', 'Concat', 'Einsum']),
  ...rows('bool bool -> bool', ['And', 'Or', 'Xor']),
  ...rows('T T -> bool', ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual']),
  ...rows('T -> bool', ['IsNaN', 'IsInf']),
  ...rows('T int64 -> T', [
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceL2',
    'ReduceL1',
  ]),
  ...rows('T int64 -> T', [
    'ReduceSumSquare',
    'ReduceLogSumExp',
    'ReduceLogSum',
    'Reshape',
    'Squeeze',
    'Unsqueeze',
  ]),
  ...rows('T int64 -> T', [
    'Expand',
    'Tile',
    'CumSum',
    'Trilu',
    'GatherND',
    'ReverseSequence',
    'CenterCropPad',
  ]),
  ...rows('T -> int64', ['ArgMax', 'ArgMin', 'NonZero']),
  ...rows('* -> int64', ['Shape', 'Size']),
  ...rows('T int32|int64 -> T', ['Gather', 'GatherElements']),
  ...rows('T T T -> T', ['Clip', 'Gemm', 'Range', 'Conv', 'ConvTranspose', 'LayerNormalization']),
  ...rows('T T T -> T', ['InstanceNormalization', 'GroupNormalization']),
  Not: 'bool -> bool',
  Where: 'bool T T -> T',
  Split: 'T int64 -> T...',
  Slice: 'T int64 int64 int64 int64 -> T',
  Pad: 'T int64 T int64 -> T',
  TopK: 'T int64 -> T int64',
  ScatterND: 'T int64 T -> T',
  ScatterElements: 'T int64 T -> T',
  Compress: 'T bool -> T',
  ConstantOfShape: 'int64 -> @value',
  Cast: '* -> @to',
  EyeLike: '* -> @dtype',
  OneHot: 'int64 int64 T -> T',
  Unique: 'T -> T int64 int64 int64',
  MaxPool: 'T -> T int64',
  BatchNormalization: 'T U U V V -> T',
  Resize: 'T float32 float32 int64 -> T',
  QuantizeLinear: 'T T Q -> Q',
  DequantizeLinear: 'T S T -> S',
  DynamicQuantizeLinear: 'float32 -> uint8 float32 uint8',
  MatMulInteger: 'T U T U -> int32',
  ConvInteger: 'T U T U -> int32',
  NonMaxSuppression: 'float32 float32 int64 float32 float32 -> int64',
  'com.microsoft:CropAndResize': 'T T int32 int32 -> T',
  RoiAlign: 'T T int64 -> T',
  DFT: 'T int64 int64 -> T',
  LSTM: 'T T T T int32 T T T -> T T T',
  GRU: 'T T T T int32 T -> T T',
  RNN: 'T T T T int32 T -> T T',
  Multinomial: 'T -> @dtype',
  RandomUniform: ' -> @dtype',
  RandomNormal: ' -> @dtype',
  RandomUniformLike: '* -> @dtype',
  RandomNormalLike: '* -> @dtype',
};

function rows(notation: string, ops: readonly string[]): Record<string, string> {
  return Object.fromEntries(ops.map((op) => [op, notation]));
}

/** One place of a signature: a type variable, a choice of fixed types, anything, or an attribute. */
export type TypeToken =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'fixed'; readonly dtypes: readonly DType[] }
  | { readonly kind: 'any' }
  | { readonly kind: 'attr'; readonly name: string };

export interface OpTypes {
  readonly inputs: readonly TypeToken[];
  readonly isVariadicIn: boolean;
  readonly outputs: readonly TypeToken[];
  readonly isVariadicOut: boolean;
}

function parseToken(text: string): TypeToken {
  if (text === '*') return { kind: 'any' };
  if (text.startsWith('@')) return { kind: 'attr', name: text.slice(1) };
  if (/^[A-Z]$/.test(text)) return { kind: 'variable', name: text };
  return { kind: 'fixed', dtypes: text.split('|') as DType[] };
}

function parseSide(text: string): { tokens: TypeToken[]; isVariadic: boolean } {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const isVariadic = words.at(-1)?.endsWith('...') ?? false;
  return { tokens: words.map((word) => parseToken(word.replace('...', ''))), isVariadic };
}

const PARSED = new Map<string, OpTypes>(
  Object.entries(NOTATION).map(([op, text]) => {
    const [left = '', right = ''] = text.split('->');
    const inputs = parseSide(left);
    const outputs = parseSide(right);
    return [
      op,
      {
        inputs: inputs.tokens,
        isVariadicIn: inputs.isVariadic,
        outputs: outputs.tokens,
        isVariadicOut: outputs.isVariadic,
      },
    ];
  }),
);

/** `Add`, or `com.microsoft:Inverse` for an operator outside ai.onnx. */
export function opKey(type: string, domain: string): string {
  return domain === '' ? type : `${domain}:${type}`;
}

/** The typing of an ONNX operator that converters may emit; another one is a fault of the converter. */
export function opTypes(key: string): OpTypes {
  const found = PARSED.get(key);
  if (found !== undefined) return found;
  throw new TfdeployError('TFD_BUG', `ONNX operator "${key}" has no row in onnx/op-types.ts`);
}

/** Every operator key of the table, for the probe of the kernel matrix. */
export function opKeys(): string[] {
  return [...PARSED.keys()];
}

/** The token at a position, repeating the last one where the side is variadic. */
export function tokenAt(
  tokens: readonly TypeToken[],
  isVariadic: boolean,
  index: number,
): TypeToken | undefined {
  return tokens[index] ?? (isVariadic ? tokens.at(-1) : undefined);
}
