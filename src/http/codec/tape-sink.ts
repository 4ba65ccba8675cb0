import { allocate, DTYPES, type DType, isFloatDType, type NumericArray } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import { toBfloat16Bits, toHalfBits } from '../../base/half.js';
import type { Tensor } from '../../base/tensor.js';
import { debugText } from './json-debug.js';
import { integerValue, numberValue } from './json-number.js';
import type { JsonTape } from './json-tape.js';
import { base64Value, inputError } from './request-document.js';
import { isJsonDType } from './tensor-sink.js';
import { MAX_RANK } from './types.js';

/** Exact limits of the integer types. */
const BITS: Readonly<Partial<Record<DType, readonly [least: bigint, most: bigint]>>> = Object.fromEntries(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`int${bits}`, [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]],
    [`uint${bits}`, [0n, (1n << bits) - 1n]],
  ]),
);

/** Gathers the values of one input from a tape, checking shapes and types as TensorFlow Serving does. */
export class TapeSink {
  /** Shape of the values added so far; all must agree. */
  shape: readonly number[] = [];
  #values: NumericArray;
  #strings: Uint8Array[] = [];
  #length = 0;
  #added = 0;

  constructor(
    private readonly tape: JsonTape,
    private readonly dtype: DType,
  ) {
    this.#values = allocate(dtype === 'string' || !isJsonDType(dtype) ? 'uint8' : (dtype as 'float32'), 16);
  }

  /** Adds one dense value: a scalar or nested lists. */
  add(node: number): void {
    const shape = this.#leadingShape(node);
    const before = this.#length;
    this.#fill(node, 0, shape);
    const size = this.#length - before;
    if (this.#added++ === 0) {
      this.shape = shape;
      return;
    }
    const expected = before / (this.#added - 1);
    if (size !== expected) throw inputError(`Expecting tensor size: ${expected} but got: ${size}`);
    if (this.shape.length !== shape.length || this.shape.some((dim, index) => dim !== shape[index])) {
      throw inputError(`Expecting shape [${this.shape.join(',')}] but got: [${shape.join(',')}]`);
    }
  }

  take(shape: readonly number[]): Tensor {
    if (this.dtype === 'string') return { dtype: 'string', shape, data: this.#strings };
    const data = this.#values.slice(0, this.#length);
    return { dtype: this.dtype as 'float32', shape, data };
  }

  /** Sizes along the first elements, which the rest must match. */
  #leadingShape(node: number): number[] {
    const shape: number[] = [];
    let at = node;
    while (this.tape.type(at) === 'Array') {
      const size = this.tape.size(at);
      shape.push(size);
      if (shape.length > MAX_RANK) throw inputError(`A tensor can not have more than ${MAX_RANK} dimensions`);
      if (size === 0) break;
      at = this.tape.firstChild(at);
    }
    return shape;
  }

  #fill(node: number, level: number, shape: readonly number[]): void {
    const { tape } = this;
    if (tape.type(node) !== 'Array') {
      if (level !== shape.length) {
        throw inputError(
          `JSON Value: ${debugText(tape, node)} found at incorrect level: ${level + 1} in the JSON DOM. ` +
            `Expected at level: ${shape.length}`,
        );
      }
      this.#addScalar(node);
      return;
    }
    if (level >= shape.length) {
      throw inputError(`Encountered list at unexpected level: ${level} expected < ${shape.length}`);
    }
    const size = tape.size(node);
    if (size !== shape[level]) {
      throw inputError(
        `Encountered list at unexpected size: ${size} at level: ${level} expected size: ${shape[level]}`,
      );
    }
    let element = tape.firstChild(node);
    for (let left = size; left > 0; left--) {
      this.#fill(element, level + 1, shape);
      element = tape.next(element);
    }
  }

  #addScalar(node: number): void {
    const { tape, dtype } = this;
    const type = tape.type(node);
    if (dtype === 'string') {
      if (type === 'Object') this.#strings.push(base64Value(tape, node));
      else if (type === 'String') this.#strings.push(tape.string(node));
      else throw this.#typeError(node);
      this.#length++;
      return;
    }
    if (type === 'Object') throw this.#typeError(node);
    if (!isJsonDType(dtype)) {
      throw new TfdeployError(
        'TFD_UNIMPLEMENTED',
        `Conversion of JSON Value: ${debugText(tape, node)} to type: ${DTYPES[dtype].short}`,
      );
    }
    if (this.#length === this.#values.length) this.#grow();
    (this.#values as unknown as (number | bigint)[])[this.#length++] = this.#scalar(node, type);
  }

  #scalar(node: number, type: string): number | bigint {
    const { tape, dtype } = this;
    if (dtype === 'bool') {
      if (type !== 'True' && type !== 'False') throw this.#typeError(node);
      return type === 'True' ? 1 : 0;
    }
    if (type !== 'Number') throw this.#typeError(node);
    const from = tape.start(node);
    const after = tape.scalarEnd(node);
    if (isFloatDType(dtype)) {
      const value = numberValue(tape.bytes, from, after);
      if (dtype === 'float16') return toHalfBits(value);
      return dtype === 'bfloat16' ? toBfloat16Bits(value) : value;
    }
    const value = integerValue(tape.bytes, from, after);
    const [least, most] = BITS[dtype]!;
    if (value === undefined || value < least || value > most) throw this.#typeError(node);
    return dtype === 'int64' || dtype === 'uint64' ? value : Number(value);
  }

  #grow(): void {
    const grown = allocate(this.dtype as 'float32', this.#values.length * 2);
    (grown as Float32Array).set(this.#values as Float32Array);
    this.#values = grown;
  }

  #typeError(node: number): TfdeployError {
    return inputError(
      `JSON Value: ${debugText(this.tape, node)} Type: ${this.tape.type(node)} is not of expected type: ` +
        DTYPES[this.dtype].short,
    );
  }
}
