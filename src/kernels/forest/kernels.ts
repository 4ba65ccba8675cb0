import type { NumericTensor } from '../../base/tensor.js';
import type { HostValue, KernelContext, KernelFamily } from '../types.js';
import { evaluateForest, type ForestFeatures } from './evaluate.js';
import { unpackForest } from './pack.js';

/**
 * SimpleMLInferenceOpWithHandle: features `[rows, columns]` by kind, the forest where TensorFlow has its
 * handle; predictions `[rows, dense_output_dim]`. A forest with one probability gives that of both classes.
 */
function predict(context: KernelContext): HostValue[] {
  const packed = context.tensor(6).data;
  if (!(packed instanceof Uint8Array)) throw context.fail('its forest is not there');
  const forest = unpackForest(packed);
  const dense = context.attrs.int('dense_output_dim');
  const features = featuresOf(context);
  const given = [features.numberColumns, features.flagColumns, features.categoryColumns, features.setColumns];
  if (features.rows > 0 && given.some((count, group) => count !== forest.columns[group])) {
    throw context.fail(`is given ${given.join(', ')} features, but has ${forest.columns.join(', ')}`);
  }
  const sums = evaluateForest(forest, features);
  const isPair = forest.outputs === 1 && dense === 2;
  if (!isPair && forest.outputs !== dense) {
    throw context.fail(`gives ${forest.outputs} numbers where the graph expects ${dense}`);
  }
  const rows = sums.length / forest.outputs;
  const data = isPair
    ? Float32Array.from({ length: rows * 2 }, (_, i) => (i % 2 ? sums[i >> 1]! : 1 - sums[i >> 1]!))
    : sums;
  return [
    { dtype: 'float32', shape: [rows, dense], data },
    { dtype: 'string', shape: [dense], data: Array.from({ length: dense }, () => new Uint8Array()) },
  ];
}

function featuresOf(context: KernelContext): ForestFeatures {
  const matrices = [0, 1, 2].map((index) => matrix(context, index));
  const [numbers, flags, categories] = matrices as [NumericTensor, NumericTensor, NumericTensor];
  const starts = Array.from(context.numeric(5).data, Number);
  const splits = Array.from(context.numeric(4).data, Number);
  const setRows = Math.max(starts.length - 1, 0);
  const rows = Math.max(setRows, ...matrices.map((each) => each.shape[0]!));
  for (const each of matrices) {
    if (each.shape[1] !== 0 && each.shape[0] !== rows)
      throw context.fail('its features have different numbers of rows');
  }
  const setColumns = setRows === 0 ? 0 : (splits.length - 1) / setRows;
  const sets = context.numeric(3).data;
  return {
    rows,
    numbers: numbers.data as Float32Array,
    numberColumns: numbers.shape[1]!,
    flags: flags.data as Float32Array,
    flagColumns: flags.shape[1]!,
    categories: categories.data as Int32Array,
    categoryColumns: categories.shape[1]!,
    sets: sets as Int32Array,
    setStarts: Int32Array.from(splits),
    setColumns,
  };
}

function matrix(context: KernelContext, index: number): NumericTensor {
  const tensor = context.numeric(index);
  if (tensor.shape.length === 2) return tensor;
  throw context.fail(`input ${index} has ${tensor.shape.length} axes, not 2`);
}

/** BoostedTreesPredict: buckets `[rows]` or `[rows, 1]` of each feature; logits `[rows, logits_dimension]`. */
function predictBoosted(context: KernelContext): HostValue[] {
  const packed = context.tensor(0).data;
  if (!(packed instanceof Uint8Array)) throw context.fail('its trees are not there');
  const forest = unpackForest(packed);
  const columns = context.attrs.int('num_bucketized_features');
  const logits = context.attrs.int('logits_dimension');
  if (forest.outputs !== logits || forest.columns[0]! > columns) {
    throw context.fail(
      `its trees ask for ${forest.columns[0]} features and give ${forest.outputs} logits, not ${columns} and ${logits}`,
    );
  }
  const rows = context.tensor(1).shape[0] ?? 0;
  const categories = new Int32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const { shape, data } = context.numeric(column + 1);
    if (shape[0] !== rows || shape.length > 2 || data.length !== rows) {
      throw context.fail(
        `feature ${column} has shape [${shape.join(', ')}], not one bucket for each of ${rows} rows`,
      );
    }
    for (let row = 0; row < rows; row++) categories[row * columns + column] = Number(data[row]);
  }
  const data = evaluateForest(forest, {
    ...NO_FEATURES,
    rows,
    numbers: Float32Array.from(categories),
    numberColumns: columns,
    categories,
    categoryColumns: columns,
  });
  return [{ dtype: 'float32', shape: [rows, logits], data }];
}

const NO_FEATURES = {
  flags: new Float32Array(),
  flagColumns: 0,
  sets: new Int32Array(),
  setStarts: new Int32Array(),
  setColumns: 0,
};

export const forestKernels: KernelFamily = {
  SimpleMLInferenceOpWithHandle: predict,
  BoostedTreesPredict: predictBoosted,
};
