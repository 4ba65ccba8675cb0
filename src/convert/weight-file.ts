import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import type { FileRange, ModelFiles } from '../base/files.js';
import { tensorBytes } from '../base/tensor.js';
import { crc32c } from '../savedmodel/bundle/crc32c.js';
import type { TensorValue } from '../savedmodel/types.js';
import type { ExternalLocation } from './onnx/model.js';

const CHUNK_BYTES = 4 << 20;
/** Large tensors begin on a page, so that they can be mapped; small ones on a cache line. */
const PAGE_BYTES = 4096;
const LINE_BYTES = 64;

/**
 * The external data file of a plan. Weights that lie in a checkpoint are copied in pieces; equal ones are
 * written once, whatever signature they belong to.
 */
export class WeightFile {
  readonly #fd: number;
  readonly #byValue = new Map<TensorValue, ExternalLocation>();
  readonly #byContent = new Map<string, ExternalLocation>();
  #end = 0;

  constructor(
    path: string,
    private readonly name: string,
    private readonly files: ModelFiles,
  ) {
    this.#fd = openSync(path, 'wx');
  }

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

  close(): void {
    closeSync(this.#fd);
  }

  #placeRange(value: TensorValue, range: FileRange): ExternalLocation {
    return this.#once(`${range.path}\n${range.offset}\n${range.length}`, range.length, () => {
      let crc = 0;
      for (let at = 0; at < range.length; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, range.length - at);
        const chunk = this.files.readRange(range.path, range.offset + at, length);
        if (value.crc32c !== undefined) crc = crc32c(chunk, crc);
        this.#append(chunk);
      }
      if (value.crc32c !== undefined && crc !== value.crc32c) {
        throw new TfdeployError(
          'TFD_MODEL_CORRUPT',
          `${range.path}: wrong checksum at byte ${range.offset}`,
          {
            hint: 'the file is damaged: copy the model again',
          },
        );
      }
    });
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
    let done = 0;
    while (done < bytes.byteLength) done += writeSync(this.#fd, bytes, done);
    this.#end += bytes.byteLength;
  }
}
