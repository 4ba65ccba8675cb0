import { isUtf8 } from 'node:buffer';
import { DTYPES } from '../../base/dtype.js';
import { TfdeployError } from '../../base/error.js';
import { fromBfloat16Bits, fromHalfBits } from '../../base/half.js';
import type { StringTensor, Tensor, TensorMap } from '../../base/tensor.js';
import { ByteWriter } from './byte-writer.js';
import { MAX_DECIMAL_BYTES, writeFloat32, writeFloat64, writeInteger } from './decimal-text.js';
import { CLOSE_BRACKET, COMMA, MINUS, OPEN_BRACKET, SPACE } from './json-syntax.js';
import { inputError } from './request-document.js';
import { writeJsonString } from './string-text.js';
import type { PredictFormat } from './types.js';

export interface EncodeOptions {
  /**
   * True: strings go out as TensorFlow Serving writes them, raw, even where they are not UTF-8.
   * Otherwise such a string goes out as `{"b64": …}`, which is valid JSON and loses nothing.
   */
  readonly rawStrings?: boolean;
  /** NaN and the infinities, which JSON has no numbers for: bare as TensorFlow Serving writes them when absent. */
  readonly nonFinite?: NonFinite | undefined;
}

export type NonFinite = 'null' | 'string';

const writer = new ByteWriter();

/**
 * The answer of a predict request as JSON bytes: `{"predictions": …}` or `{"outputs": …}`. One output is
 * written bare, several by name. Throws TFD_INPUT_INVALID where the row form can not carry the outputs.
 */
export function encodePredict(
  format: PredictFormat,
  outputs: TensorMap,
  options: EncodeOptions = {},
): Buffer {
  writer.begin();
  if (format === 'row') encodeRows(outputs, options);
  else encodeColumns(outputs, options);
  return writer.take();
}

/** The elements as one flat JSON list. */
export function encodeFlat(name: string, tensor: Tensor, count: number): Buffer {
  writer.begin();
  writeLevel(valuesOf(name, tensor, {}), [count], 0, 0);
  return writer.take();
}

function encodeColumns(outputs: TensorMap, options: EncodeOptions): void {
  writer.ascii('{"outputs": ');
  const isNamed = outputs.size !== 1;
  let separator = '{';
  for (const [name, tensor] of outputs) {
    if (isNamed) {
      writer.ascii(separator);
      writeJsonString(writer, Buffer.from(name));
      writer.ascii(': ');
      separator = ', ';
    }
    writeLevel(valuesOf(name, tensor, options), tensor.shape, 0, 0);
  }
  writer.ascii(isNamed ? '}}' : '}');
}

function encodeRows(outputs: TensorMap, options: EncodeOptions): void {
  const rows = rowCount(outputs);
  const isNamed = outputs.size !== 1;
  const columns = [...outputs].map(([name, tensor]) => ({
    key: Buffer.from(JSON.stringify(name)),
    shape: tensor.shape,
    rowSize: tensor.shape.reduce((product, dim, axis) => (axis === 0 ? 1 : product * dim), 1),
    write: valuesOf(name, tensor, options),
  }));
  writer.ascii('{"predictions": [');
  for (let row = 0; row < rows; row++) {
    if (row > 0) writer.ascii(', ');
    if (isNamed) writer.ascii('{');
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!;
      if (isNamed) {
        if (index > 0) writer.ascii(', ');
        writer.raw(column.key);
        writer.ascii(': ');
      }
      writeLevel(column.write, column.shape, 1, row * column.rowSize);
    }
    if (isNamed) writer.ascii('}');
  }
  writer.ascii(']}');
}

function rowCount(outputs: TensorMap): number {
  let rows = -1;
  for (const [name, tensor] of outputs) {
    const size = tensor.shape[0];
    if (size === undefined) {
      throw inputError(
        `Tensor name: ${name} has no shape information `,
        'ask with "inputs" instead of "instances": that form carries scalars',
      );
    }
    if (rows >= 0 && rows !== size) {
      throw inputError(
        `Tensor name: ${name} has inconsistent batch size: ${size} expecting: ${rows}`,
        'ask with "inputs" instead of "instances": that form carries outputs of any shape',
      );
    }
    rows = size;
  }
  return rows;
}

/** Writes elements `from` to `from + count`, separated by ', '. */
type WriteRun = (from: number, count: number) => void;

/** The part of a tensor below `axis` that begins at element `from`. */
function writeLevel(write: WriteRun, shape: readonly number[], axis: number, from: number): void {
  if (axis >= shape.length) {
    write(from, 1);
    return;
  }
  const size = shape[axis]!;
  writer.byte(OPEN_BRACKET);
  if (axis === shape.length - 1) {
    write(from, size);
  } else {
    let step = 1;
    for (let below = axis + 1; below < shape.length; below++) step *= shape[below]!;
    for (let index = 0; index < size; index++) {
      if (index > 0) writer.ascii(', ');
      writeLevel(write, shape, axis + 1, from + index * step);
    }
  }
  writer.byte(CLOSE_BRACKET);
}

function valuesOf(name: string, tensor: Tensor, options: EncodeOptions): WriteRun {
  if (tensor.dtype === 'string') return stringRun(tensor, name.endsWith('_bytes'), options);
  const data = tensor.data as Float32Array;
  const { nonFinite } = options;
  switch (tensor.dtype) {
    case 'float32':
      return nonFinite === undefined
        ? singleRun(data)
        : decimalRun((index) => data[index]!, finiteOr(writeFloat32, nonFinite));
    case 'float64':
      return decimalRun((index) => data[index]!, finiteOr(writeFloat64, nonFinite));
    case 'float16':
      return decimalRun((index) => fromHalfBits(data[index]!), finiteOr(writeFloat32, nonFinite));
    case 'bfloat16':
      return decimalRun((index) => fromBfloat16Bits(data[index]!), finiteOr(writeFloat32, nonFinite));
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return integerRun(data);
    case 'int64':
    case 'uint64':
      return textRun((index) => String(data[index]));
    case 'bool':
      return textRun((index) => (data[index] === 0 ? 'false' : 'true'));
    default:
      throw new TfdeployError(
        'TFD_INPUT_INVALID',
        `Failed to write JSON value for tensor type: ${DTYPES[tensor.dtype].short}`,
      );
  }
}

type WriteDecimal = (out: Buffer, at: number, value: number) => number;

/** The writer, with another text for what is no number in JSON. */
function finiteOr(write: WriteDecimal, nonFinite: NonFinite | undefined): WriteDecimal {
  if (nonFinite === undefined) return write;
  const textOf = nonFinite === 'null' ? () => 'null' : (value: number) => `"${value}"`;
  return (out, at, value) =>
    Number.isFinite(value) ? write(out, at, value) : at + out.write(textOf(value), at, 'latin1');
}

function decimalRun(valueAt: (index: number) => number, write: WriteDecimal): WriteRun {
  return (from, count) => {
    writer.reserve(count * (MAX_DECIMAL_BYTES + 2));
    const out = writer.bytes;
    let pos = writer.length;
    for (let index = from; index < from + count; index++) {
      if (index > from) {
        out[pos++] = COMMA;
        out[pos++] = SPACE;
      }
      pos = write(out, pos, valueAt(index));
    }
    writer.length = pos;
  };
}

/** float32, the common case, without a call for each element. */
function singleRun(data: Float32Array): WriteRun {
  return (from, count) => {
    writer.reserve(count * (MAX_DECIMAL_BYTES + 2));
    const out = writer.bytes;
    let pos = writer.length;
    for (let index = from; index < from + count; index++) {
      if (index > from) {
        out[pos++] = COMMA;
        out[pos++] = SPACE;
      }
      pos = writeFloat32(out, pos, data[index]!);
    }
    writer.length = pos;
  };
}

function integerRun(data: ArrayLike<number>): WriteRun {
  return (from, count) => {
    writer.reserve(count * 13);
    const out = writer.bytes;
    let pos = writer.length;
    for (let index = from; index < from + count; index++) {
      if (index > from) {
        out[pos++] = COMMA;
        out[pos++] = SPACE;
      }
      const value = data[index]!;
      if (value < 0) out[pos++] = MINUS;
      pos = writeInteger(out, pos, value < 0 ? -value : value);
    }
    writer.length = pos;
  };
}

function textRun(textAt: (index: number) => string): WriteRun {
  return (from, count) => {
    for (let index = from; index < from + count; index++) {
      if (index > from) writer.ascii(', ');
      writer.ascii(textAt(index));
    }
  };
}

function stringRun(tensor: StringTensor, isBytes: boolean, options: EncodeOptions): WriteRun {
  return (from, count) => {
    for (let index = from; index < from + count; index++) {
      if (index > from) writer.ascii(', ');
      const value = tensor.data[index]!;
      if (isBytes || !(options.rawStrings || isUtf8(value))) {
        writer.ascii(
          `{"b64": "${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"}`,
        );
      } else {
        writeJsonString(writer, value);
      }
    }
  };
}
