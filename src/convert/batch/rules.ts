import type { Flow, FlowContext } from './flow.js';
import { FIXED, frontAxis, MIXED, ROWS, rowsLike } from './flow.js';

/** What an op's outputs are, some input being `rows` or `size` (all fixed and all size are decided before). */
export type FlowRule = (c: FlowContext) => Flow | readonly Flow[];

/** Element by element; the only input is rows. */
const same: FlowRule = (c) => rowsLike(c.flow(0));

/** Element by element over several inputs, with broadcasting from the right. */
const broadcast: FlowRule = (c) => {
  const rows = c.flows.flatMap((flow, index) =>
    flow.kind === 'rows' ? [{ flow, rank: c.rank(index) }] : [],
  );
  const [first] = rows;
  if (first?.rank === undefined) return MIXED;
  if (!rows.every(({ flow, rank }) => rank === first.rank && sameGroup(flow, first.flow))) return MIXED;
  for (const [index, flow] of c.flows.entries()) {
    if (flow.kind === 'rows') continue;
    const shape = c.shape(index);
    if (flow.kind !== 'fixed' || shape === undefined || shape.length > first.rank) return MIXED;
    if (shape.length === first.rank && shape[0] !== 1) return MIXED;
  }
  return first.flow;
};

function sameGroup(a: Flow, b: Flow): boolean {
  return a.kind === 'rows' && b.kind === 'rows' && a.group === b.group;
}

/** Input `data` is rows of at least `rank` dimensions, everything else fixed. */
function onlyData(data: number, rank: number): FlowRule {
  return (c) => {
    const others = c.flows.every((flow, index) => index === data || flow.kind === 'fixed');
    return others && (c.rank(data) ?? 0) >= rank ? rowsLike(c.flow(data)) : MIXED;
  };
}

/** An axis input that is not the batch. */
function alongAxis(data: number, axisInput: number): FlowRule {
  return (c) => {
    const axis = c.axis(axisInput, c.rank(data));
    const others = c.flows.every((flow, index) => index === data || flow.kind === 'fixed');
    return axis !== undefined && axis > 0 && others ? rowsLike(c.flow(data)) : MIXED;
  };
}

const reduction: FlowRule = (c) => {
  const rank = c.rank(0);
  const axes = c.ints(1)?.map((axis) => frontAxis(axis, rank));
  return axes?.every((axis) => axis !== undefined && axis > 0) ? rowsLike(c.flow(0)) : MIXED;
};

/** Dimension 0 of the result, whatever is behind it, is the batch times something. */
const regroup: FlowRule = (c) => {
  const group = c.groupOf(c.outputShape()?.[0]);
  if (c.flow(0).kind !== 'rows' || group === undefined || c.flow(1).kind === 'rows') return MIXED;
  return c.flow(1).kind === 'mixed' ? MIXED : { kind: 'rows', group };
};

const squeeze: FlowRule = (c) => {
  const rank = c.rank(0);
  const axes = c.attrs.ints('squeeze_dims', []).map((axis) => frontAxis(axis, rank));
  return axes.length > 0 && axes.every((axis) => axis !== undefined && axis > 0)
    ? rowsLike(c.flow(0))
    : MIXED;
};

const expandDims: FlowRule = (c) => {
  const rank = c.rank(0);
  const axis = c.axis(1, rank === undefined ? undefined : rank + 1);
  return axis !== undefined && axis > 0 ? rowsLike(c.flow(0)) : MIXED;
};

const transpose: FlowRule = (c) => (c.ints(1)?.[0] === 0 ? rowsLike(c.flow(0)) : MIXED);

const tile: FlowRule = (c) => {
  if (c.flow(0).kind === 'rows') return c.elements(1)?.[0] === 1 ? rowsLike(c.flow(0)) : MIXED;
  return c.isFixed(0) && c.shape(0)?.[0] === 1 && c.isBatch(c.outputShape()?.[0]) ? ROWS : MIXED;
};

/** A fixed value repeated for each row. */
const broadcastTo: FlowRule = (c) => {
  const [from, to] = [c.shape(0), c.outputShape()];
  if (from === undefined || to === undefined || c.flow(1).kind === 'rows' || c.flow(1).kind === 'mixed')
    return MIXED;
  if (c.flow(0).kind === 'rows') return from.length === to.length ? rowsLike(c.flow(0)) : MIXED;
  const isRepeated = from.length < to.length || from[0] === 1;
  return c.isFixed(0) && isRepeated && c.isBatch(to[0]) ? ROWS : MIXED;
};

const fill: FlowRule = (c) =>
  c.isFixed(1) && c.flow(0).kind === 'size' && c.isBatch(c.outputShape()?.[0]) ? ROWS : MIXED;

/** Several rows joined along another axis than the batch. */
function joined(axisInput: number): FlowRule {
  return (c) => {
    const parts = c.flows.filter((_, index) => index !== (axisInput < 0 ? c.flows.length - 1 : axisInput));
    const [first] = parts;
    const rank = c.rank(axisInput === 0 ? 1 : 0);
    const axis = c.axis(axisInput, rank);
    if (first === undefined || axis === undefined || axis <= 0) return MIXED;
    return parts.every((part) => sameGroup(part, first)) ? first : MIXED;
  };
}

const pack: FlowRule = (c) => {
  const rank = c.rank(0);
  const axis = frontAxis(c.attrs.int('axis', 0), rank === undefined ? undefined : rank + 1);
  const [first] = c.flows;
  if (first === undefined || axis === undefined || axis <= 0) return MIXED;
  return c.flows.every((part) => sameGroup(part, first)) ? first : MIXED;
};

const unpack: FlowRule = (c) => {
  const axis = frontAxis(c.attrs.int('axis', 0), c.rank(0));
  return axis !== undefined && axis > 0 ? rowsLike(c.flow(0)) : MIXED;
};

const hasBit = (mask: number, bit: number): boolean => Math.floor(mask / 2 ** bit) % 2 === 1;

/** The batch axis is taken whole, and the other bounds are constants. */
const stridedSlice: FlowRule = (c) => {
  const strides = c.ints(3);
  if (c.flow(0).kind !== 'rows' || strides === undefined) return MIXED;
  if (strides.length === 0) return rowsLike(c.flow(0));
  const { attrs } = c;
  const isEllipsis = hasBit(attrs.int('ellipsis_mask', 0), 0);
  const isOther = hasBit(attrs.int('new_axis_mask', 0), 0) || hasBit(attrs.int('shrink_axis_mask', 0), 0);
  const isFromStart = hasBit(attrs.int('begin_mask', 0), 0) || c.elements(1)?.[0] === 0;
  const isWhole = isFromStart && hasBit(attrs.int('end_mask', 0), 0) && strides[0] === 1;
  if (!isEllipsis && (isOther || !isWhole)) return MIXED;
  // An ellipsis of no axes would leave axis 0 to the next entry.
  if (isEllipsis && strides.length > (c.rank(0) ?? 0)) return MIXED;
  const isKnown = [1, 2].every((index) =>
    c.elements(index)?.every((dim, item) => item === 0 || typeof dim === 'number'),
  );
  return isKnown || (c.isFixed(1) && c.isFixed(2)) ? rowsLike(c.flow(0)) : MIXED;
};

const slice: FlowRule = (c) => {
  const [begin, size] = [c.ints(1), c.elements(2)];
  if (begin?.[0] !== 0 || size === undefined) return MIXED;
  const isWhole = size[0] === -1 || (c.isBatch(size[0]) && c.isBatch(c.shape(0)?.[0]));
  const others = size.slice(1).every((dim) => typeof dim === 'number');
  return isWhole && others ? rowsLike(c.flow(0)) : MIXED;
};

const pad: FlowRule = (c) => {
  const pads = c.ints(1);
  return pads?.[0] === 0 && pads[1] === 0 && c.areFixedFrom(1) ? rowsLike(c.flow(0)) : MIXED;
};

function gather(c: FlowContext): Flow {
  const batch = c.attrs.int('batch_dims', 0);
  const axis = c.node.op === 'Gather' ? 0 : c.axis(2, c.rank(0));
  if (axis === undefined || batch < 0) return MIXED;
  const [params, indices] = [c.flow(0), c.flow(1)];
  if (params.kind === 'fixed' && batch === 0 && axis === 0)
    return (c.rank(1) ?? 0) >= 1 ? rowsLike(indices) : MIXED;
  if (params.kind !== 'rows' || axis === 0) return MIXED;
  if (batch === 0) return indices.kind === 'fixed' ? params : MIXED;
  return sameGroup(params, indices) ? params : MIXED;
}

const gatherNd: FlowRule = (c) => (c.isFixed(0) && (c.rank(1) ?? 0) >= 2 ? rowsLike(c.flow(1)) : MIXED);

const oneHot: FlowRule = (c) => {
  const rank = c.rank(0);
  const axis = frontAxis(c.attrs.int('axis', -1), rank === undefined ? undefined : rank + 1);
  return c.areFixedFrom(1) && axis !== undefined && axis > 0 ? rowsLike(c.flow(0)) : MIXED;
};

const matMul: FlowRule = (c) =>
  c.isFixed(1) && !c.attrs.bool('transpose_a', false) && c.areFixedFrom(1) ? rowsLike(c.flow(0)) : MIXED;

const batchMatMul: FlowRule = (c) => {
  const [x, y] = [c.flow(0), c.flow(1)];
  const [left, right] = [c.rank(0) ?? 0, c.rank(1) ?? 0];
  if (x.kind === 'rows' && y.kind === 'rows') {
    return left >= 3 && left === right && sameGroup(x, y) ? x : MIXED;
  }
  if (x.kind === 'rows' && y.kind === 'fixed') {
    if (left === 2 && right === 2) return c.attrs.bool('adj_x', false) ? MIXED : x;
    return left >= 3 && (right < left || (right === left && c.shape(1)?.[0] === 1)) ? x : MIXED;
  }
  if (y.kind !== 'rows' || x.kind !== 'fixed' || right < 3) return MIXED;
  return left < right || (left === right && c.shape(0)?.[0] === 1) ? y : MIXED;
};

/** The batch's letter is the first one of every operand that has rows, of the result, and of no other. */
const einsum: FlowRule = (c) => {
  const [left, result] = c.attrs.string('equation').replaceAll(' ', '').split('->');
  const terms = left?.split(',') ?? [];
  const letter = result?.[0];
  if (result === undefined || letter === undefined || `${left}${result}`.includes('.')) return MIXED;
  const [first] = c.flows.filter((flow) => flow.kind === 'rows');
  const isFit = c.flows.every((flow, index) => {
    const term = terms[index] ?? '';
    if (flow.kind === 'rows')
      return term.indexOf(letter) === 0 && term.lastIndexOf(letter) === 0 && sameGroup(flow, first ?? MIXED);
    return flow.kind === 'fixed' && !term.includes(letter);
  });
  return isFit && result.lastIndexOf(letter) === 0 && first !== undefined ? first : MIXED;
};

/** The old Select: a condition of one dimension picks whole rows. */
const select: FlowRule = (c) => {
  if (c.rank(0) === 1 && (c.rank(1) ?? 0) > 1) {
    const [first] = c.flows;
    return first !== undefined && c.flows.every((flow) => sameGroup(flow, first)) ? first : MIXED;
  }
  return broadcast(c);
};

/** A side input that is fixed (input 5 of a fused one) would fix the number of rows. */
const batchNorm: FlowRule = (c) =>
  c.attrs.bool('is_training', true) || c.shape(5) !== undefined || !c.areFixedFrom(1) || (c.rank(0) ?? 0) < 3
    ? MIXED
    : [rowsLike(c.flow(0))];

const quantize: FlowRule = (c) => (c.attrs.bool('range_given', false) ? onlyData(0, 1)(c) : MIXED);

const reverseSequence: FlowRule = (c) => {
  const isBatchFirst = c.attrs.int('batch_dim', 0) === 0 && c.attrs.int('seq_dim') > 0;
  return isBatchFirst && sameGroup(c.flow(0), c.flow(1)) ? c.flow(0) : MIXED;
};

const reverse: FlowRule = (c) => {
  const axes = c.ints(1)?.map((axis) => frontAxis(axis, c.rank(0)));
  return axes?.every((axis) => axis !== undefined && axis > 0) ? rowsLike(c.flow(0)) : MIXED;
};

const roll: FlowRule = (c) => {
  const axes = c.ints(2)?.map((axis) => frontAxis(axis, c.rank(0)));
  return c.isFixed(1) && axes?.every((axis) => axis !== undefined && axis > 0) ? rowsLike(c.flow(0)) : MIXED;
};

/**
 * Dense features of fixed shape are one per example; sparse and ragged ones are lists over all examples, and
 * those of unknown length are padded to the longest one.
 */
const parseExample: FlowRule = (c) => {
  if (!c.areFixedFrom(1)) return MIXED;
  const sparse = c.attrs.int('num_sparse', c.attrs.int('Nsparse', 0));
  const dense = c.attrs.shapes('dense_shapes', []);
  return c.node.outputs.map((_, index) => {
    const shape = dense[index - 3 * sparse];
    return shape?.every((dim) => typeof dim === 'number') ? ROWS : MIXED;
  });
};

const conv = onlyData(0, 3);
const shapeOnly: FlowRule = () => ({ kind: 'size' });

function table(rule: FlowRule, ops: string): Record<string, FlowRule> {
  return Object.fromEntries(ops.split(' ').map((op) => [op, rule]));
}

/** Sequence [batch, time, k], weights, and states with a row per example. */
const recurrent: FlowRule = (c) => {
  const isRow = (index: number) => {
    const flow = c.flow(index);
    return flow.kind === 'rows' && flow.group === 1;
  };
  const states = c.flows.flatMap((_, index) => (index > 3 ? [index] : []));
  return [1, 2, 3].every((index) => c.isFixed(index)) && [0, ...states].every(isRow) ? ROWS : MIXED;
};

/** Rules by op. An op without one mixes rows, as far as we know. */
/** Numbers, flags and categories by example; sets of categories are ragged, which rows are not told of. */
const forest: FlowRule = (c) => {
  const groups = [0, 1, 2].filter((index) => c.flow(index).kind === 'rows');
  const areAlike = groups.every((index) => sameGroup(c.flow(index), c.flow(groups[0]!)));
  const areOthersEmpty = [0, 1, 2].every((index) => groups.includes(index) || c.shape(index)?.[1] === 0);
  if (groups.length === 0 || !areAlike || !areOthersEmpty || !c.areFixedFrom(3)) return MIXED;
  return [c.flow(groups[0]!), FIXED];
};

/** Every feature is rows; the trees are fixed. */
const boostedTrees: FlowRule = (c) => {
  const [, ...features] = c.flows;
  return c.isFixed(0) && features.every((flow) => sameGroup(flow, features[0]!)) ? features[0]! : MIXED;
};

/** Values, and as many lists of boundaries behind them. */
const bucketize: FlowRule = (c) => {
  const count = c.flows.length / 2;
  const values = c.flows.slice(0, count);
  return c.areFixedFrom(count) && values.every((flow) => flow.kind === 'rows') ? values : MIXED;
};

export const FLOW_RULES: ReadonlyMap<string, FlowRule> = new Map(
  Object.entries({
    ...table(
      same,
      'Identity Snapshot StopGradient PreventGradient CheckNumerics EnsureShape PlaceholderWithDefault',
    ),
    ...table(
      same,
      'Neg Abs Sign Floor Ceil Rint Round Exp Log Sqrt Rsqrt Square Reciprocal Inv Sigmoid Tanh Erf Erfc',
    ),
    ...table(
      same,
      'Expm1 Log1p Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh IsNan IsInf IsFinite LogicalNot',
    ),
    ...table(
      same,
      'Relu Relu6 LeakyRelu Elu Selu Softplus Softsign Cast ZerosLike OnesLike Invert Bucketize',
    ),
    ...table(
      same,
      '_Gelu _GeluTanh _HardSwish FakeQuantWithMinMaxArgs Real Imag Conj ComplexAbs Angle Lgamma Digamma',
    ),
    ...table(
      same,
      'StringLower StringUpper StringStrip StringLength AsString StringToNumber StringToHashBucket',
    ),
    ...table(same, 'StringToHashBucketFast StringToHashBucketStrong StaticRegexReplace StaticRegexFullMatch'),
    ...table(same, 'DecodeBase64 EncodeBase64'),
    ...table(
      broadcast,
      'Add AddV2 Sub Mul Div RealDiv DivNoNan MulNoNan Maximum Minimum SquaredDifference Pow AddN',
    ),
    ...table(
      broadcast,
      'AccumulateNV2 FloorDiv FloorMod TruncateDiv TruncateMod Mod Xlogy Xdivy Xlog1py Atan2',
    ),
    ...table(
      broadcast,
      'Greater GreaterEqual Less LessEqual Equal NotEqual LogicalAnd LogicalOr SelectV2 ClipByValue',
    ),
    ...table(broadcast, 'ApproximateEqual BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift'),
    ...table(onlyData(0, 2), 'Softmax LogSoftmax BiasAdd BiasAddV1 TopK TopKV2 MatrixDiag _LayerNorm'),
    ...table(onlyData(0, 3), 'MatrixBandPart MatrixDiagPart MatrixInverse MatrixDeterminant'),
    ...table(
      conv,
      'Conv2D Conv3D DepthwiseConv2dNative _FusedConv2D _FusedDepthwiseConv2dNative MaxPool AvgPool MaxPool3D',
    ),
    ...table(
      conv,
      'AvgPool3D MaxPoolV2 LRN ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea DepthToSpace',
    ),
    ...table(
      conv,
      'SpaceToDepth ExtractImagePatches FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel',
    ),
    ...table(conv, 'RGBToHSV HSVToRGB'),
    ...table(batchNorm, 'FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 _FusedBatchNormEx'),
    ...table(quantize, 'QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4'),
    ...table(reduction, 'Sum Mean Max Min Prod EuclideanNorm All Any'),
    ...table(shapeOnly, 'Shape ShapeN Size Rank'),
    ...table(alongAxis(0, 1), 'ArgMax ArgMin Cumsum Cumprod'),
    ...table(pad, 'Pad PadV2 MirrorPad'),
    ...table(matMul, 'MatMul _FusedMatMul SparseMatMul'),
    ...table(batchMatMul, 'BatchMatMul BatchMatMulV2 BatchMatMulV3'),
    ...table(gather, 'Gather GatherV2'),
    ...table(parseExample, 'ParseExample ParseExampleV2'),
    Einsum: einsum,
    Reshape: regroup,
    Squeeze: squeeze,
    ExpandDims: expandDims,
    Transpose: transpose,
    Tile: tile,
    BroadcastTo: broadcastTo,
    _Rnn: recurrent,
    Fill: fill,
    ConcatV2: joined(-1),
    Concat: joined(0),
    Pack: pack,
    Unpack: unpack,
    Split: alongAxis(1, 0),
    SplitV: alongAxis(0, 2),
    StridedSlice: stridedSlice,
    Slice: slice,
    GatherNd: gatherNd,
    OneHot: oneHot,
    Select: select,
    ReverseV2: reverse,
    ReverseSequence: reverseSequence,
    Roll: roll,
    SimpleMLInferenceOpWithHandle: forest,
    BoostedTreesPredict: boostedTrees,
    BoostedTreesBucketize: bucketize,
    LookupTableFind: onlyData(1, 1),
    LookupTableFindV2: onlyData(1, 1),
  }),
);
