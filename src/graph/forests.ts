import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import { packForest } from '../kernels/forest/pack.js';
import { readForest } from '../savedmodel/forest/read-forest.js';
import type { SavedModel, TensorValue } from '../savedmodel/types.js';
import { assetDir } from './assets.js';
import { heldValue } from './constants.js';

/** The op that makes the handle of a decision forest; its value is then the forest itself. */
export const FOREST_HANDLE = 'SimpleMLCreateModelResource';
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
  const data = packForest(readForest(model.files, dir, prefix));
  return heldValue({ dtype: 'uint8', shape: [data.length], data });
}
