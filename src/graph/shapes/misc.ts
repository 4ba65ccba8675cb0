import type { Dim, Shape } from '../../base/shape.js';
import { named, normalizeAxis, shapeFromInput } from './array.js';
import { type ShapeContext, type ShapeFamily, sameRow } from './types.js';

function oneHot(c: ShapeContext): Shape {
  const dims = c.dims(0);
  if (dims === undefined) return null;
  const depth = c.ints(1)?.[0] ?? c.fresh();
  const axis = c.attrs.int('axis', -1);
  const at = axis === -1 ? dims.length : axis;
  return [
    ...dims.slice(0, at),
    typeof depth === 'string' && depth.startsWith('~') ? c.fresh() : depth,
    ...dims.slice(at),
  ];
}

function topK(c: ShapeContext, k: Dim | undefined): readonly Shape[] {
  const dims = c.dims(0);
  if (dims === undefined) return [null, null];
  const shape = [...dims.slice(0, -1), typeof k === 'number' ? k : c.fresh()];
  return [shape, shape];
}

function unique(c: ShapeContext, axis: number | undefined): readonly Shape[] {
  const dims = c.dims(0);
  const count = c.fresh();
  const at = dims?.length === 1 ? 0 : axis;
  const y = dims === undefined || at === undefined ? null : dims.map((dim, i) => (i === at ? count : dim));
  return [y, [at === undefined ? c.fresh() : (dims?.[at] ?? c.fresh())], [count]];
}

/** A variable that is state keeps the shape that it is declared with. */
const readVariable = (c: ShapeContext): readonly Shape[] => {
  const declared = c.attrs.shape('_state_shape', null);
  return [declared?.map((dim) => (typeof dim === 'string' ? c.fresh() : dim)) ?? null];
};

const sparseSet = (c: ShapeContext): readonly Shape[] => {
  const count = c.fresh();
  return [[count, c.dims(0)?.[1] ?? c.fresh()], [count], [c.length(2) ?? c.fresh()]];
};

/** The spread diagonals of MatrixDiagV2/V3 and MatrixDiagPartV2/V3, where the band is one diagonal. */
function diagonalOf(c: ShapeContext): number | undefined {
  const k = c.constInts(1);
  return k === undefined || (k.length > 1 && k[0] !== k[1]) ? undefined : k[0];
}

function matrixDiag(c: ShapeContext): Shape {
  const dims = c.dims(0);
  const k = diagonalOf(c);
  const [rows, columns] = [c.constInt(2), c.constInt(3)];
  const last = dims?.[dims.length - 1];
  if (dims === undefined || k === undefined) return null;
  const size = typeof last === 'number' ? last + Math.abs(k) : k === 0 ? last! : c.fresh();
  const batch = dims.slice(0, -1);
  if (rows === -1 && columns === -1) return [...batch, size, size];
  return [
    ...batch,
    rows === undefined || rows < 0 ? c.fresh() : rows,
    columns === undefined || columns < 0 ? c.fresh() : columns,
  ];
}

function matrixDiagPart(c: ShapeContext): Shape {
  const dims = c.dims(0);
  const k = diagonalOf(c);
  if (dims === undefined || k === undefined || dims.length < 2) return null;
  const [rows, columns] = [dims[dims.length - 2]!, dims[dims.length - 1]!];
  const isKnown = typeof rows === 'number' && typeof columns === 'number';
  const length = isKnown ? Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0)) : c.fresh();
  return [...dims.slice(0, -2), length];
}

function bincount(c: ShapeContext): Shape {
  const bins = c.ints(1)?.[0] ?? c.fresh();
  return c.rank(0) === 2 ? [c.dims(0)![0]!, bins] : c.rank(0) === undefined ? null : [bins];
}

/** Dense outputs of ParseExample have the batch in front of the shape that the attribute tells. */
function parseExampleV2(c: ShapeContext): readonly Shape[] {
  const batch = c.dims(0);
  const sparse = c.attrs.int('num_sparse');
  const dense = c.attrs.shapes('dense_shapes');
  const ragged = c.attrs.dtypes('ragged_value_types').length;
  return parsed(c, batch, sparse, dense, ragged);
}

function parsed(
  c: ShapeContext,
  batch: readonly Dim[] | undefined,
  sparse: number,
  dense: readonly Shape[],
  ragged: number,
): readonly Shape[] {
  const rank = batch === undefined ? undefined : batch.length + 1;
  const counts = Array.from({ length: sparse }, () => c.fresh());
  return [
    ...counts.map((count) => [count, rank ?? c.fresh()]),
    ...counts.map((count) => [count]),
    ...counts.map(() => [rank ?? c.fresh()]),
    ...dense.map((shape) => (batch === undefined ? null : denseShape(c, batch, shape))),
    ...Array.from({ length: ragged }, () => [c.fresh()]),
    ...Array.from({ length: ragged }, () => [c.fresh()]),
  ];
}

function denseShape(c: ShapeContext, batch: readonly Dim[], shape: Shape): Shape {
  const own = named(c, shape);
  return own === null ? null : [...batch, ...own];
}

/** One dimension per partition and one for the rows, then those of the values; sizes as they are asked for. */
function raggedToTensor(c: ShapeContext): Shape {
  const inner = c.dims(1)?.slice(1);
  if (inner === undefined) return null;
  const types = c.attrs.strings('row_partition_types');
  const levels = types[0] === 'FIRST_DIM_SIZE' ? types.length - 1 : types.length;
  const wanted = c.ints(0);
  const outer = Array.from({ length: levels + 1 }, (_, i) => {
    const size = wanted?.length === 1 && c.rank(0) === 0 ? undefined : wanted?.[i];
    return typeof size === 'number' && size >= 0 ? size : c.fresh();
  });
  return [...outer, ...inner];
}

const random = (c: ShapeContext): readonly Shape[] => [shapeFromInput(c, 0)];
const image: ShapeFamily[string] = (c) => {
  const channels = c.attrs.int('channels', 0);
  return [[c.fresh(), c.fresh(), channels > 0 ? channels : c.fresh()]];
};

export const miscShapes: ShapeFamily = {
  OneHot: (c) => [oneHot(c)],
  TopK: (c) => topK(c, c.attrs.int('k')),
  TopKV2: (c) => topK(c, c.constInt(1)),
  Where: (c) => [[c.fresh(), c.rank(0) ?? c.fresh()]],
  ...sameRow('Unique UniqueWithCounts', (c) => unique(c, 0)),
  ...sameRow('UniqueV2 UniqueWithCountsV2', (c) => {
    const dims = c.dims(0);
    return unique(c, normalizeAxis(c.constInts(1)?.[0], dims?.length));
  }),
  ListDiff: (c) => {
    const count = c.fresh();
    return [[count], [count]];
  },
  ...sameRow('MatrixDiagV2 MatrixDiagV3', (c) => [matrixDiag(c)]),
  ...sameRow('MatrixDiagPartV2 MatrixDiagPartV3', (c) => [matrixDiagPart(c)]),
  ...sameRow('DenseBincount', (c) => [bincount(c)]),
  SimpleMLInferenceOpWithHandle: (c) => {
    const group = [0, 1, 2].find((index) => c.dims(index)?.[1] !== 0);
    const dense = c.attrs.int('dense_output_dim');
    return [[group === undefined ? c.fresh() : (c.dims(group)?.[0] ?? c.fresh()), dense], [dense]];
  },
  BoostedTreesPredict: (c) => [[c.dims(1)?.[0] ?? c.fresh(), c.attrs.int('logits_dimension')]],
  BoostedTreesBucketize: (c) => Array.from({ length: c.outputCount }, (_, i) => c.shape(i)),
  Bincount: (c) => [[c.ints(1)?.[0] ?? c.fresh()]],
  HistogramFixedWidth: (c) => [[c.constInt(2) ?? c.fresh()]],
  ...sameRow('LowerBound UpperBound', (c) => [c.shape(1)]),
  ...sameRow('RandomUniform RandomStandardNormal RandomUniformInt TruncatedNormal', random),
  ...sameRow(
    'StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomNormal StatelessRandomNormalV2 StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2',
    random,
  ),
  SparseToDense: (c) => [shapeFromInput(c, 1)],
  SparseReshape: (c) => [[c.dims(0)?.[0] ?? c.fresh(), c.length(2) ?? c.fresh()], [c.length(2) ?? c.fresh()]],
  SparseFillEmptyRows: (c) => {
    const count = c.fresh();
    const rows = c.ints(2)?.[0];
    const hasRows = rows !== undefined && !(typeof rows === 'string' && rows.startsWith('~'));
    return [
      [count, c.dims(0)?.[1] ?? c.fresh()],
      [count],
      [hasRows ? rows : c.fresh()],
      [c.dims(1)?.[0] ?? c.fresh()],
    ];
  },
  RaggedTensorToTensor: (c) => [raggedToTensor(c)],
  RaggedTensorToSparse: (c) => {
    const count = c.fresh();
    const inner = c.dims(-1);
    const rank = inner === undefined ? c.fresh() : c.inputCount - 1 + inner.length;
    return [[count, rank], [count], [rank]];
  },
  RaggedRange: (c) => {
    const rows = [0, 1, 2].map((i) => c.length(i)).find((length) => length !== undefined);
    const isScalar = [0, 1, 2].every((i) => c.rank(i) === 0);
    return [[rows !== undefined ? rows + 1 : isScalar ? 2 : c.fresh()], [c.fresh()]];
  },
  LSTMBlockCell: (c) => new Array(7).fill(c.shape(1)),
  GRUBlockCell: (c) => new Array(4).fill(c.shape(1)),
  ...sameRow('BlockLSTM BlockLSTMV2', (c) => {
    const time = c.dims(1)?.[0];
    const state = c.dims(2);
    return new Array(7).fill(state === undefined ? null : [time ?? c.fresh(), ...state]);
  }),
  SparseSlice: sparseSet,
  SparseConcat: (c) => {
    const count = c.fresh();
    const rank = c.dims(0)?.[1] ?? c.fresh();
    return [[count, rank], [count], [rank]];
  },
  ...sameRow('DecodeRaw DecodePaddedRaw', (c) => [
    c.dims(0) === undefined ? null : [...c.dims(0)!, c.fresh()],
  ]),
  ParseExampleV2: parseExampleV2,
  ParseExample: (c) => parsed(c, c.dims(0), c.attrs.int('Nsparse'), c.attrs.shapes('dense_shapes'), 0),
  ...sameRow('DecodeJpeg DecodePng DecodeBmp DecodeAndCropJpeg', image),
  ReadFile: () => [[]],
  ReadVariableOp: readVariable,
  ...sameRow('StringSplit StringSplitV2', (c) => {
    const count = c.fresh();
    return [[count, 2], [count], [2]];
  }),
  DecodeCSV: (c) => new Array(c.outputCount).fill(c.shape(0)),
  ...sameRow('NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3', (c) => [[c.fresh()]]),
  DeviceIndex: () => [[]],
  RFFT: (c) => [rfft(c, (n) => Math.floor(n / 2) + 1)],
  IRFFT: (c) => [rfft(c, (n) => n)],
  TensorListStack: (c) => {
    const declared = c.ints(1);
    const count = c.attrs.int('num_elements', -1);
    if (declared === undefined) return [null];
    return [
      [
        count >= 0 ? count : c.fresh(),
        ...declared.map((d) => (typeof d === 'number' && d >= 0 ? d : c.fresh())),
      ],
    ];
  },
  TensorListGetItem: (c) => [elementShape(c, 2)],
  TensorListLength: () => [[]],
  ...sameRow(
    'TensorListReserve TensorListFromTensor TensorListSetItem EmptyTensorList TensorListPushBack TensorListResize',
    () => [[]],
  ),
};

function elementShape(c: ShapeContext, index: number): Shape {
  const declared = c.ints(index);
  return declared === undefined
    ? null
    : declared.map((d) => (typeof d === 'number' && d >= 0 ? d : c.fresh()));
}

/** The last dimension comes from the FFT length, input 1. */
function rfft(c: ShapeContext, size: (n: number) => number): Shape {
  const dims = c.dims(0);
  const length = c.constInts(1)?.[0];
  return dims === undefined ? null : [...dims.slice(0, -1), length === undefined ? c.fresh() : size(length)];
}
