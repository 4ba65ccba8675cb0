import { broadcastShapes, mergeShapes } from './broadcast.js';
import { type ShapeFamily, type ShapeRow, sameRow } from './types.js';

/** Every output has the shape of input 0. */
const likeFirst: ShapeRow = (c) => new Array(c.outputCount).fill(c.shape(0));

const broadcastBoth: ShapeRow = (c) => [broadcastShapes(c.shape(0), c.shape(1))];

const UNARY = `
  Identity PlaceholderWithDefault PreventGradient Snapshot StopGradient ClipByValue
  Abs Acos Acosh Angle Asin Asinh Atan Atanh BesselI0 BesselI0e BesselI1 BesselI1e BitwiseNot Cast Ceil
  CheckNumerics CheckNumericsV2 ComplexAbs Conj Cos Cosh Digamma Elu Erf Erfc Erfinv Exp Expm1 Floor Imag
  Inv Invert IsFinite IsInf IsNan LeakyRelu Lgamma Log Log1p LogicalNot LogSoftmax LRN Ndtri Neg OnesLike
  QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
  FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
  Real Reciprocal Relu Relu6 Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt
  Square Tan Tanh ZerosLike Cumsum Cumprod CumulativeLogsumexp InvertPermutation Reverse ReverseV2
  ReverseSequence Roll MatrixBandPart BiasAdd BiasAddV1 Bucketize
  AdjustContrastv2 AdjustHue AdjustSaturation RGBToHSV HSVToRGB
  FFT IFFT FFT2D IFFT2D FFT3D IFFT3D MatrixInverse Cholesky MatrixExponential MatrixLogarithm MatrixSquareRoot
  TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMin TensorScatterMax
  MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 RandomShuffle StringLower StringUpper StringStrip StringLength
  RegexReplace StaticRegexReplace RegexFullMatch StaticRegexFullMatch AsString StringToNumber
  StringToHashBucket StringToHashBucketFast StringToHashBucketStrong DecodeBase64 EncodeBase64 UnicodeScript
  UnicodeTranscode CaseFoldUTF8 NormalizeUTF8 TensorStridedSliceUpdate InplaceUpdate InplaceAdd InplaceSub
  DeepCopy Copy DrawBoundingBoxes
`;

const BINARY = `
  Add AddV2 Sub Mul Div RealDiv DivNoNan MulNoNan FloorDiv FloorMod TruncateDiv TruncateMod Mod Pow Maximum
  Minimum SquaredDifference Atan2 Complex Igamma Igammac Zeta Polygamma NextAfter Xdivy Xlogy Xlog1py
  Greater GreaterEqual Less LessEqual ApproximateEqual LogicalAnd LogicalOr
  BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift
`;

/** Ops whose inputs must all have the output's shape. */
const mergeAll: ShapeRow = (c) => {
  let shape = c.shape(0);
  for (let i = 1; i < c.inputCount; i++) shape = mergeShapes(shape, c.shape(i));
  return [shape];
};

export const elementwiseShapes: ShapeFamily = {
  ...sameRow(UNARY, likeFirst),
  ...sameRow(BINARY, broadcastBoth),
  ...sameRow('AddN AccumulateNV2', mergeAll),
  ...sameRow('StringJoin', (c) => {
    let shape = c.shape(0);
    for (let i = 1; i < c.inputCount; i++) {
      if (shape?.length === 0) shape = c.shape(i);
      else if (c.rank(i) !== 0) shape = mergeShapes(shape, c.shape(i));
    }
    return [shape];
  }),
  IdentityN: (c) => Array.from({ length: c.outputCount }, (_, i) => c.shape(i)),
  Substr: (c) => [broadcastShapes(c.shape(0), c.shape(1))],
  // Without `incompatible_shape_error`, shapes that do not broadcast give a scalar.
  ...sameRow('Equal NotEqual', (c) =>
    c.attrs.bool('incompatible_shape_error', true) ? broadcastBoth(c) : [null],
  ),
  SelectV2: (c) => [broadcastShapes(c.shape(0), broadcastShapes(c.shape(1), c.shape(2)))],
  Betainc: (c) => [broadcastShapes(c.shape(0), broadcastShapes(c.shape(1), c.shape(2)))],
  Select: (c) => [mergeShapes(c.shape(1), c.shape(2))],
  LookupTableFind: (c) => [c.shape(1)],
  LookupTableFindV2: (c) => [c.shape(1)],
  LookupTableSize: () => [[]],
  LookupTableSizeV2: () => [[]],
};
