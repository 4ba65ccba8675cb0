import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import type { FileRange, ModelFiles } from '../base/files.js';
import { tensorBytes } from '../base/tensor.js';
import type { TensorValue } from '../savedmodel/types.js';
import type { ExternalLocation } from './onnx/model.js';
import { readChecked } from './weights/checked-range.js';

/** Large tensors begin on a page, so that they can be mapped; small ones on a cache line. */
const PAGE_BYTES = 4096;
const LINE_BYTES = 64;

/**
 * The external data file of a plan. Weights that lie in a checkpoint are copied in pieces; equal ones are
 * written once, whatever signature they belong to. The file is made by the first of them.
 */
export class WeightFile {
  #fd: number | undefined;
  readonly #byValue = new Map<TensorValue, ExternalLocation>();
  readonly #byContent = new Map<string, ExternalLocation>();
  #end = 0;

  constructor(
    private readonly path: string,
    private readonly name: string,
    private readonly files: ModelFiles,
  ) {}

  /** Bytes written. */
  get size(): number {
    return this.#end;
  }

  /** Puts a tensor into the file, unless it is there, and says where. */
  place(value: TensorValue): ExternalLocation {
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    const made = value.file === undefined ? this.#placeBytes(value) : this.#placeRange(value, value.file);
    this.#byValue.set(value, made);
    return made;
  }

  /** Also sees to it that the bytes are on the disk before the plan is: its size alone would not tell. */
  close(): void {
    if (this.#fd === undefined) return;
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  #placeRange(value: TensorValue, range: FileRange): ExternalLocation {
    return this.#once(`${range.path}\n${range.offset}\n${range.length}`, range.length, () =>
      readChecked(this.files, range, value.crc32c, (piece) => this.#append(piece)),
    );
  }

  #placeBytes(value: TensorValue): ExternalLocation {
    const tensor = value.read();
    if (tensor.dtype === 'string') throw new TfdeployError('TFD_BUG', 'strings in the weight file');
    const bytes = tensorBytes(tensor);
    const digest = createHash('sha256').update(bytes).digest('base64');
    return this.#once(`#${digest}`, bytes.byteLength, () => this.#append(bytes));
  }

  #once(key: string, length: number, write: () => void): ExternalLocation {
    const known = this.#byContent.get(key);
    if (known !== undefined) return known;
    const unit = length >= PAGE_BYTES ? PAGE_BYTES : LINE_BYTES;
    const gap = (unit - (this.#end % unit)) % unit;
    if (gap > 0) this.#append(new Uint8Array(gap));
    const made = { location: this.name, offset: this.#end, length };
    write();
    this.#byContent.set(key, made);
    return made;
  }

  #append(bytes: Uint8Array): void {
    this.#fd ??= openSync(this.path, 'wx');
    let done = 0;
    while (done < bytes.byteLength) done += writeSync(this.#fd, bytes, done);
    this.#end += bytes.byteLength;
  }
}
