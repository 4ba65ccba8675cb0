import { TfdeployError } from '../../base/error.js';
import type { Dim, Shape } from '../../base/shape.js';
import type { Proto } from '../proto/schema.js';

/** TensorFlow's own limit. */
const MAX_RANK = 254;

/**
 * TensorShapeProto as a shape: size −1 is the unnamed unknown `?`, an absent message or `unknown_rank` is
 * null. Two `?` are not the same size: the graph stage gives unknown dimensions names of their own.
 */
export function toShape(proto: Proto<'TensorShapeProto'> | undefined, where: string): Shape {
  if (proto === undefined || proto.unknown_rank) return null;
  if (proto.dim.length > MAX_RANK) {
    throw new TfdeployError('TFD_MODEL_CORRUPT', `${where}: a shape of ${proto.dim.length} dimensions`);
  }
  return proto.dim.map((dim): Dim => {
    if (dim.size >= 0) return dim.size;
    if (dim.size === -1) return '?';
    throw new TfdeployError('TFD_MODEL_CORRUPT', `${where}: dimension ${dim.size} in a shape`);
  });
}

/** The sizes of a tensor that exists: all known and with a countable product. An absent shape is a scalar. */
export function toSizes(proto: Proto<'TensorShapeProto'> | undefined, where: string): readonly number[] {
  if (proto === undefined) return [];
  const sizes = toShape(proto, where);
  let count = 1;
  for (const size of sizes ?? ['?']) {
    if (typeof size !== 'number') {
      throw new TfdeployError('TFD_MODEL_CORRUPT', `${where}: a tensor of unknown shape`);
    }
    // A zero anywhere makes the tensor empty, however large the other sizes are.
    count *= size;
  }
  if (!Number.isSafeInteger(count)) {
    throw new TfdeployError(
      'TFD_MODEL_LIMIT',
      `${where}: a tensor of shape [${sizes?.join(', ')}] is too large`,
    );
  }
  return sizes as readonly number[];
}
