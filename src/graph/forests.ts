import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import { packForest } from '../kernels/forest/pack.js';
import { readBoostedTrees } from '../savedmodel/forest/boosted-trees.js';
import { readForest } from '../savedmodel/forest/read-forest.js';
import type { Forest } from '../savedmodel/forest/types.js';
import type { SavedModel, TensorValue } from '../savedmodel/types.js';
import { assetDir } from './assets.js';
import { heldValue } from './constants.js';

/** The ops that make the handle of a forest, whose value is then the forest itself. */
export const FOREST_HANDLE = 'SimpleMLCreateModelResource';
export const ENSEMBLE_HANDLE = 'BoostedTreesEnsembleResourceHandleOp';
export const FOREST_LOADER = 'SimpleMLLoadModelFromPathWithHandle';

/** The packed forest that a loader reads: its folder must be the model's assets. */
export function loadForest(model: SavedModel, folder: Tensor, prefix: string): TensorValue {
  const bytes = folder.dtype === 'string' ? folder.data[0] : undefined;
  const path = new TextDecoder().decode(bytes);
  const dir = assetDir(model);
  if (path !== dir && `${path}/` !== dir) {
    throw new TfdeployError('TFD_GRAPH_INVALID', `the model reads a forest in "${path}", not in its assets`, {
      details: { path },
    });
  }
  return packed(readForest(model.files, dir, prefix));
}

/** The packed trees of a serialized ensemble from the checkpoint. */
export function loadEnsemble(serialized: TensorValue, name: string): TensorValue {
  const tensor = serialized.read();
  const bytes = tensor.dtype === 'string' ? tensor.data[0] : undefined;
  return packed(readBoostedTrees(bytes ?? new Uint8Array(), `boosted trees "${name}"`));
}

function packed(forest: Forest): TensorValue {
  const data = packForest(forest);
  return heldValue({ dtype: 'uint8', shape: [data.length], data });
}
