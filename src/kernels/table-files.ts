import type { DType } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import { numericTensor, type StringTensor, type Tensor } from '../base/tensor.js';

export interface TableFileOptions {
  readonly keyDType: DType;
  readonly valueDType: DType;
  /** Column of the key; −1 is the line number, −2 the whole line. */
  readonly keyIndex: number;
  readonly valueIndex: number;
  /** Number of lines to read; −1 for all. */
  readonly vocabSize: number;
  /** One character. */
  readonly delimiter: string;
  /** Number of the first line, where line numbers are taken. */
  readonly offset: number;
}

const LINE_NUMBER = -1;
const WHOLE_LINE = -2;

/** The lines of a text, without their line ends (`\n` or `\r\n`). */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const at = bytes.indexOf(0x0a, start);
    const end = at < 0 ? bytes.length : at;
    lines.push(bytes.subarray(start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end));
    start = end + 1;
  }
  return lines;
}

/**
 * Keys and values of a table in a text file, as InitializeTableFromTextFileV2 reads them: an empty line, a
 * missing column or a wrong line count is TFD_KERNEL_INPUT.
 */
export function readTableFile(
  bytes: Uint8Array,
  options: TableFileOptions,
  where: string,
): { keys: Tensor; values: Tensor } {
  const all = splitLines(bytes);
  const lines = options.vocabSize >= 0 ? all.slice(0, options.vocabSize) : all;
  const refuse = (what: string) => new TfdeployError('TFD_KERNEL_INPUT', `${where}: ${what}`);
  if (all.length === 0) throw refuse('is empty');
  if (options.vocabSize >= 0 && lines.length < options.vocabSize) {
    throw refuse(`has ${lines.length} lines where ${options.vocabSize} are wanted`);
  }
  const isSplit = options.keyIndex >= 0 || options.valueIndex >= 0;
  const delimiter = new TextEncoder().encode(options.delimiter);
  if (isSplit && delimiter.length !== 1) throw refuse('the delimiter is not one byte');
  const columns = lines.map((line, i) => {
    if (line.length === 0) throw refuse(`line ${i + 1} is empty`);
    return isSplit ? splitBytes(line, delimiter[0]!) : [];
  });
  const column = (index: number, dtype: DType): Tensor => {
    if (index === LINE_NUMBER) {
      if (dtype !== 'int64') throw refuse(`line numbers are int64, not ${dtype}`);
      return numericTensor(
        'int64',
        [lines.length],
        lines.map((_, i) => i + options.offset),
      );
    }
    const cells = lines.map((line, i) => {
      const cell = index === WHOLE_LINE ? line : columns[i]![index];
      if (cell === undefined) throw refuse(`line ${i + 1} has no column ${index}`);
      return cell;
    });
    return parseCells(cells, dtype, refuse);
  };
  return {
    keys: column(options.keyIndex, options.keyDType),
    values: column(options.valueIndex, options.valueDType),
  };
}

function splitBytes(line: Uint8Array, delimiter: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = line.indexOf(delimiter); at >= 0; at = line.indexOf(delimiter, start)) {
    parts.push(line.subarray(start, at));
    start = at + 1;
  }
  parts.push(line.subarray(start));
  return parts;
}

function parseCells(cells: Uint8Array[], dtype: DType, refuse: (what: string) => TfdeployError): Tensor {
  const shape = [cells.length];
  if (dtype === 'string') return { dtype, shape, data: cells } satisfies StringTensor;
  const decoder = new TextDecoder();
  const texts = cells.map((cell) => decoder.decode(cell).trim());
  if (dtype === 'int32' || dtype === 'int64') {
    const bits = dtype === 'int32' ? 32 : 64;
    return numericTensor(
      dtype,
      shape,
      texts.map((text) => {
        const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
        if (value === undefined || BigInt.asIntN(bits, value) !== value)
          throw refuse(`"${text}" is no ${dtype}`);
        return value;
      }),
    );
  }
  if (dtype === 'float32' || dtype === 'float64')
    return numericTensor(dtype, shape, texts.map(parseFloatCell));
  throw refuse(`columns of type ${dtype} are not read`);

  function parseFloatCell(text: string): number {
    const special = /^([+-]?)(inf(inity)?|nan)$/i.exec(text);
    const value =
      special === null
        ? Number(text)
        : special[2]!.toLowerCase() === 'nan'
          ? Number.NaN
          : Number.POSITIVE_INFINITY;
    if (text === '' || (special === null && Number.isNaN(value))) throw refuse(`"${text}" is no number`);
    return special?.[1] === '-' ? -value : value;
  }
}
