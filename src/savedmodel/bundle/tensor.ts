import {
  DTYPES,
  type DType,
  isComplexDType,
  isNumericDType,
  type NumericDType,
  viewAs,
} from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import type { FileRange } from '../../base/files.js';
import { elementCount, type Tensor } from '../../base/tensor.js';
import type { TensorValue } from '../types.js';
import { unmaskCrc } from './crc32c.js';
import { type Extent, readExtent, type ShardContext, shardRange, swapBytes, verifyExtent } from './shards.js';
import { type Box, copyOverlap, intersect, isContiguous, offsetOf } from './slices.js';
import { readStrings } from './strings.js';

/** One stored run of a tensor: the whole of it, or a slice of a partitioned variable. */
export interface Part {
  readonly box: Box;
  readonly extent: Extent;
}

/** The tensor, or a box of it, that parts of a checkpoint hold. Nothing is read before `read()`. */
export class BundleTensor implements TensorValue {
  readonly shape: readonly number[];

  constructor(
    private readonly context: ShardContext,
    private readonly what: string,
    readonly dtype: DType,
    private readonly box: Box,
    private readonly parts: readonly Part[],
  ) {
    this.shape = box.length;
    if (isNumericDType(dtype)) checkParts(dtype, parts, what);
  }

  get byteLength(): number {
    return isNumericDType(this.dtype) ? elementCount(this.shape) * DTYPES[this.dtype].bytes : 0;
  }

  get file(): FileRange | undefined {
    const { dtype, box, context } = this;
    if (!isNumericDType(dtype) || context.isBigEndian) return undefined;
    const part = this.parts.find((one) => covers(one.box, box));
    if (part === undefined) return undefined;
    const inner = within(part.box, box);
    if (!isContiguous(inner, part.box.length)) return undefined;
    const range = shardRange(context, part.extent);
    const skipped = offsetOf(inner, part.box.length) * DTYPES[dtype].bytes;
    return { path: range.path, offset: range.offset + skipped, length: this.byteLength };
  }

  get crc32c(): number | undefined {
    const { file } = this;
    const part = this.parts.find((one) => one.extent.offset === file?.offset);
    return part?.extent.size === file?.length && part !== undefined
      ? unmaskCrc(part.extent.crc32c)
      : undefined;
  }

  read(): Tensor {
    const { dtype, shape, context, what } = this;
    if (isNumericDType(dtype)) return { dtype, shape, data: viewAs(dtype, this.#readBytes(dtype)) };
    const [part] = this.parts;
    if (dtype !== 'string' || part === undefined || !covers(this.box, part.box)) {
      throw new TfdeployError('TFD_DTYPE_UNSUPPORTED', `${what}: a checkpoint value of type ${dtype}`);
    }
    return { dtype, shape, data: readStrings(context, part.extent, elementCount(shape), what) };
  }

  #readBytes(dtype: NumericDType): Uint8Array {
    const [first] = this.parts;
    if (this.parts.length === 1 && covers(this.box, first!.box)) return this.#readPart(first!, dtype);
    const needed = this.parts.filter((part) => intersect(part.box, this.box) !== undefined);
    const covered = needed.reduce(
      (sum, part) => sum + elementCount(intersect(part.box, this.box)!.length),
      0,
    );
    if (covered !== elementCount(this.shape)) {
      throw new TfdeployError(
        'TFD_MODEL_CORRUPT',
        `${this.what}: its slices hold ${covered} of ${elementCount(this.shape)} elements`,
      );
    }
    const target = { bytes: new Uint8Array(this.byteLength), box: this.box };
    for (const part of needed) {
      copyOverlap({ bytes: this.#readPart(part, dtype), box: part.box }, target, DTYPES[dtype].bytes);
    }
    return target.bytes;
  }

  #readPart(part: Part, dtype: NumericDType): Uint8Array {
    const bytes = readExtent(this.context, part.extent, this.what);
    verifyExtent(this.context, part.extent, bytes, this.what);
    if (!this.context.isBigEndian) return bytes;
    return swapBytes(bytes, DTYPES[dtype].bytes / (isComplexDType(dtype) ? 2 : 1));
  }
}

/** The stored size must be what type and shape say, before anything is read or allocated by it. */
function checkParts(dtype: NumericDType, parts: readonly Part[], what: string): void {
  for (const { box, extent } of parts) {
    const expected = elementCount(box.length) * DTYPES[dtype].bytes;
    if (extent.size === expected) continue;
    throw new TfdeployError(
      'TFD_MODEL_CORRUPT',
      `${what}: ${extent.size} bytes for ${dtype} [${box.length.join(', ')}], which takes ${expected}`,
    );
  }
}

function covers(outer: Box, inner: Box): boolean {
  return inner.start.every(
    (start, i) => start >= outer.start[i]! && start + inner.length[i]! <= outer.start[i]! + outer.length[i]!,
  );
}

/** A box relative to another one that covers it. */
function within(outer: Box, box: Box): Box {
  return { start: box.start.map((start, i) => start - outer.start[i]!), length: box.length };
}
