import { allocate, type NumericDType } from '../../base/dtype.js';
import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import { concatBytes, encodeUtf8 } from './bytes.js';
import { parseNumber } from './numbers.js';

const QUOTE = 34;
const LF = 10;
const CR = 13;

interface CsvFormat {
  readonly delimiter: number;
  readonly hasQuotes: boolean;
  readonly fail: (message: string) => Error;
}

/** The fields of one record, quotes removed and doubled quotes halved. */
function splitRecord(record: Uint8Array, format: CsvFormat): Uint8Array[] {
  const { delimiter, hasQuotes, fail } = format;
  const fields: Uint8Array[] = [];
  let at = 0;
  const isEnd = () => at >= record.length;
  const skipLineEnds = () => {
    while (record[at] === LF || record[at] === CR) at++;
  };
  for (;;) {
    skipLineEnds();
    if (hasQuotes && record[at] === QUOTE) {
      const pieces: Uint8Array[] = [];
      at++;
      for (;;) {
        const close = record.indexOf(QUOTE, at);
        if (close === -1) throw fail('Quoted field has to end with quote followed by delim or end');
        pieces.push(record.subarray(at, close));
        at = close + 1;
        if (record[at] !== QUOTE) break;
        pieces.push(record.subarray(at, at + 1));
        at++;
      }
      if (!isEnd() && record[at] !== delimiter)
        throw fail('Quoted field has to end with quote followed by delim or end');
      fields.push(concatBytes(pieces));
    } else {
      const start = at;
      while (!isEnd() && record[at] !== delimiter) {
        const isBad = record[at] === LF || record[at] === CR || (hasQuotes && record[at] === QUOTE);
        if (isBad) throw fail('Unquoted fields cannot have quotes/CRLFs inside');
        at++;
      }
      fields.push(record.subarray(start, at));
    }
    if (isEnd()) return fields;
    at++;
  }
}

type Field = Uint8Array | undefined;

function toColumn(
  context: KernelContext,
  column: number,
  name: number,
  fields: readonly Field[],
  shape: readonly number[],
): HostValue {
  const fallback = context.tensor(column + 1);
  const isRequired = fallback.data.length === 0;
  const missing = (row: number) => context.fail(`Field ${name} is required but missing in record ${row}!`);
  if (fallback.dtype === 'string') {
    const data = fields.map((field, row) => {
      if (field !== undefined) return field;
      if (isRequired) throw missing(row);
      return fallback.data[0] ?? new Uint8Array();
    });
    return { dtype: 'string', shape, data };
  }
  const dtype = fallback.dtype as NumericDType;
  const array = allocate(dtype, fields.length);
  const isBig = array instanceof BigInt64Array;
  const data = array as unknown as (number | bigint)[];
  fields.forEach((field, row) => {
    if (field === undefined && isRequired) throw missing(row);
    const value = field === undefined ? fallback.data[0] : parseNumber(field, dtype);
    if (value === undefined) {
      const text = Buffer.from(field ?? []).toString('utf8');
      throw context.fail(`Field ${name} in record ${row} is not a valid ${dtype}: ${text.slice(0, 100)}`);
    }
    data[row] = isBig ? BigInt(value) : Number(value);
  });
  return { dtype, shape, data: array };
}

/** DecodeCSV (RFC 4180): one output per selected column; empty and NA fields take the column's default. */
const decodeCsv: Kernel = (context) => {
  const { attrs } = context;
  const records = context.strings(0);
  const delimiter = attrs.string('field_delim', ',');
  const columns = context.inputs.length - 1;
  const selected = attrs.ints('select_cols', []);
  const naValue = encodeUtf8(attrs.string('na_value', ''));
  if (delimiter.length !== 1) throw context.fail(`field_delim "${delimiter}" is not one character`);
  const format: CsvFormat = {
    delimiter: delimiter.charCodeAt(0),
    hasQuotes: attrs.bool('use_quote_delim', true),
    fail: (message) => context.fail(message),
  };
  const isMissing = (field: Uint8Array) => field.length === 0 || Buffer.compare(field, naValue) === 0;
  const rows = records.data.map((record, row) => {
    const all = splitRecord(record, format);
    const fields = selected.length === 0 ? all : selected.map((index) => all[index]);
    if (fields.length !== columns || fields.includes(undefined)) {
      throw context.fail(`Expect ${columns} fields but have ${all.length} in record ${row}`);
    }
    return fields.map((field) => (field === undefined || isMissing(field) ? undefined : field));
  });
  return Array.from({ length: columns }, (_, column) =>
    toColumn(
      context,
      column,
      selected[column] ?? column,
      rows.map((row) => row[column]),
      records.shape,
    ),
  );
};

export const csv: KernelFamily = { DecodeCSV: decodeCsv };
