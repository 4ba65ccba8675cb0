import { join } from 'node:path';
import type { ModelFiles } from '../../base/files.js';
import { nodeFiles } from '../../base/node-files.js';
import type { TensorValue } from '../../savedmodel/types.js';
import type { PlaceBytes } from '../external-tensor.js';
import type { Placement } from '../onnx/model.js';
import type { LinkedFile } from '../plan.js';
import type { OnnxBody } from '../types.js';
import { WeightFile } from '../weight-file.js';
import { LinkedShards } from './linked-shards.js';

const WEIGHTS = 'weights.bin';
/** Below this sum of weights everything lies in the model file. */
const EXTERNAL_TOTAL_BYTES = 1 << 20;
/** Smaller tensors stay in the model file: shape inference of ONNX Runtime reads them there only. */
const EXTERNAL_MIN_BYTES = 1024;
/**
 * A checkpoint file is linked when the plan takes this much from it. Below, a copy costs nothing to speak of and
 * stays what it is even when someone writes over the model's file in place.
 */
const LINK_MIN_BYTES = 64 << 20;

export interface WeightOptions {
  readonly files?: ModelFiles;
  /** False: all weights are copied. */
  readonly isLinking?: boolean;
  readonly linkMinBytes?: number;
}

/** Where the weights of a plan go. */
export interface Weights {
  readonly placement: Placement;
  /** Takes what is large of host stages. */
  readonly place: PlaceBytes;
  sizes(): Record<string, number>;
  linked(): Record<string, LinkedFile>;
  close(): void;
}

/**
 * Decides for every weight of the graphs where it lies: in the model file, in a hard link to the checkpoint, or
 * in the plan's own file of weights. Nothing is held in memory beyond the tensor at hand.
 */
export function openWeights(bodies: readonly OnnxBody[], dir: string, options: WeightOptions = {}): Weights {
  const values = new Set(bodies.flatMap((body) => [...body.initializers.values()]));
  const isSmall = sumBytes(bodies) <= EXTERNAL_TOTAL_BYTES;
  const { files = nodeFiles, isLinking = true, linkMinBytes = LINK_MIN_BYTES } = options;
  // Other sources than the file system have no files to link.
  const paths =
    isLinking && files === nodeFiles && !isSmall ? worthLinking(values, linkMinBytes) : new Set<string>();
  const shards = new LinkedShards(dir, files, paths);
  const own = new WeightFile(join(dir, WEIGHTS), WEIGHTS, files);
  return {
    placement: (_, value) =>
      isSmall || value.dtype === 'string' || value.byteLength < EXTERNAL_MIN_BYTES
        ? undefined
        : (shards.place(value) ?? own.place(value)),
    place: (value) => shards.place(value) ?? own.place(value),
    sizes: () => ({ ...(own.size === 0 ? {} : { [WEIGHTS]: own.size }), ...shards.sizes() }),
    linked: () => shards.linked(),
    close: () => own.close(),
  };
}

function sumBytes(bodies: readonly OnnxBody[]): number {
  let sum = 0;
  for (const body of bodies) for (const value of body.initializers.values()) sum += value.byteLength;
  return sum;
}

function worthLinking(values: Iterable<TensorValue>, minBytes: number): Set<string> {
  const sums = new Map<string, number>();
  const seen = new Set<string>();
  for (const { file } of values) {
    const key = file === undefined ? '' : `${file.path}\n${file.offset}`;
    if (file === undefined || seen.has(key)) continue;
    seen.add(key);
    sums.set(file.path, (sums.get(file.path) ?? 0) + file.length);
  }
  return new Set([...sums].filter(([, sum]) => sum >= minBytes).map(([path]) => path));
}
