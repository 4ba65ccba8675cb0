import { TfdeployError } from '../base/error.js';
import type { Tensor } from '../base/tensor.js';
import type { MetaGraph, SavedModel, TensorValue } from '../savedmodel/types.js';
import { heldValue } from './constants.js';

const MAX_ASSET_BYTES = 1 << 30;

/** The tensors that stand for asset files, by `node:index`: their value is the path of the file. */
export function assetValues(model: SavedModel, metaGraph: MetaGraph): Map<string, TensorValue> {
  const values = new Map<string, TensorValue>();
  for (const { tensorName, filename } of metaGraph.assets) {
    const key = tensorName.includes(':') ? tensorName : `${tensorName}:0`;
    const data = [new TextEncoder().encode(`${assetDir(model)}${filename}`)];
    values.set(key, heldValue({ dtype: 'string', shape: [], data }));
  }
  return values;
}

/** The folder of the model's assets, with a slash behind. */
export function assetDir(model: SavedModel): string {
  return `${model.dir}/assets/`;
}

/** The path in a scalar string, which must lie in the model's assets: a model may not read other files. */
export function assetPath(model: SavedModel, filename: Tensor): string {
  const bytes = filename.dtype === 'string' ? filename.data[0] : undefined;
  const path = bytes === undefined ? '' : new TextDecoder().decode(bytes);
  const dir = assetDir(model);
  if (!path.startsWith(dir) || path.slice(dir.length).split('/').includes('..')) {
    throw new TfdeployError(
      'TFD_GRAPH_INVALID',
      `the model reads "${path}", which is not one of its assets`,
      {
        details: { path },
      },
    );
  }
  return path;
}

/** The contents of an asset as a scalar string, read when it is asked for. */
export function readAsset(model: SavedModel, filename: TensorValue): readonly TensorValue[] {
  const path = assetPath(model, filename.read());
  const byteLength = model.files.size(path);
  if (byteLength > MAX_ASSET_BYTES) {
    throw new TfdeployError(
      'TFD_MODEL_LIMIT',
      `${path}: is ${byteLength} bytes, more than an asset may have`,
    );
  }
  return [
    {
      dtype: 'string',
      shape: [],
      byteLength,
      read: () => ({ dtype: 'string', shape: [], data: [model.files.read(path)] }),
    },
  ];
}
