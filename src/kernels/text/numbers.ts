import { allocate, type NumericDType } from '../../base/dtype.js';
import { formatFixed, formatGeneral, formatScientific } from '../../base/format-number.js';
import type { Kernel, KernelContext, KernelFamily } from '../types.js';
import { decodeLatin1, encodeUtf8 } from './bytes.js';

const FLOAT_TEXT = /^[+-]?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|inf(inity)?|nan)$/i;
const INT_TEXT = /^[+-]?\d+$/;

const INT_LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

function parseFloatText(text: string): number {
  const lower = text.toLowerCase().replace('+', '');
  if (lower.includes('inf')) return lower.startsWith('-') ? -Infinity : Infinity;
  return lower.includes('nan') ? Number.NaN : Number(text);
}

/** A number as TensorFlow's StringToNumber reads it: blanks around it are allowed, nothing else. */
export function parseNumber(bytes: Uint8Array, dtype: NumericDType): number | bigint | undefined {
  const text = decodeLatin1(bytes).replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');
  const limits = INT_LIMITS[dtype];
  if (limits === undefined) return FLOAT_TEXT.test(text) ? parseFloatText(text) : undefined;
  if (!INT_TEXT.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return value < limits[0] || value > limits[1] ? undefined : value;
}

const stringToNumber: Kernel = (context) => {
  const dtype = context.attrs.dtype('out_type', 'float32') as NumericDType;
  const input = context.strings(0);
  const data = allocate(dtype, input.data.length);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  input.data.forEach((bytes, index) => {
    const value = parseNumber(bytes, dtype);
    if (value === undefined) {
      throw context.fail(
        `StringToNumberOp could not correctly convert string: ${decodeLatin1(bytes).slice(0, 100)}`,
      );
    }
    (data as unknown as (number | bigint)[])[index] = isBig ? BigInt(value) : Number(value);
  });
  return [{ dtype, shape: input.shape, data }];
};

function makeFormat(context: KernelContext): (value: number | bigint) => string {
  const { attrs } = context;
  const precision = attrs.int('precision', -1);
  const isScientific = attrs.bool('scientific', false);
  const isShortest = attrs.bool('shortest', false);
  const width = attrs.int('width', -1);
  const fill = attrs.string('fill', '');
  if (isScientific && isShortest) throw context.fail('cannot select both scientific and shortest notation');
  if (fill !== '' && !/^[ +\-0#]$/.test(fill)) throw context.fail(`fill "${fill}" is not supported`);
  const digits = precision < 0 ? 6 : precision;
  const formatFloat = isScientific ? formatScientific : isShortest ? formatGeneral : formatFixed;
  const pad = (text: string) => {
    if (width <= text.length) return text;
    if (fill === '0' && !/n/.test(text)) {
      const sign = /^[+-]/.exec(text)?.[0] ?? '';
      return sign + text.slice(sign.length).padStart(width - sign.length, '0');
    }
    return fill === '-' ? text.padEnd(width) : text.padStart(width);
  };
  const sign = (text: string) =>
    (fill === '+' || fill === ' ') && !text.startsWith('-') ? fill + text : text;
  return (value) => pad(sign(typeof value === 'bigint' ? value.toString() : formatFloat(value, digits)));
}

const FLOAT_DTYPES = new Set(['float32', 'float64']);
const INT_DTYPES = new Set(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']);

/** AsString: C's printf with %d, %f, %e or %g; bool is `true` or `false`. */
const asString: Kernel = (context) => {
  const tensor = context.tensor(0);
  if (tensor.dtype === 'string') return [tensor];
  const format = makeFormat(context);
  const { dtype } = tensor;
  let text: (value: number | bigint) => string;
  if (dtype === 'bool') text = (value) => (value ? 'true' : 'false');
  else if (INT_DTYPES.has(dtype)) text = (value) => format(BigInt(value));
  else if (FLOAT_DTYPES.has(dtype)) text = format;
  else throw context.fail(`no text form of ${dtype} is known`);
  const data = Array.from(tensor.data as ArrayLike<number | bigint>, (value) => encodeUtf8(text(value)));
  return [{ dtype: 'string', shape: tensor.shape, data }];
};

export const numbers: KernelFamily = { StringToNumber: stringToNumber, AsString: asString };
