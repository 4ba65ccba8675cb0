import { formatGeneral } from '../../base/format-number.js';
import { fromBfloat16Bits, fromHalfBits } from '../../base/half.js';
import { elementCount, type Tensor } from '../../base/tensor.js';
import type { Kernel, KernelContext, KernelFamily } from '../types.js';
import { concatBytes, encodeUtf8 } from './bytes.js';

/** A number in few digits where they are enough to read it back, in all it may need otherwise. */
function formatReal(value: number, isDouble: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  const short = formatGeneral(value, isDouble ? 15 : 6);
  const back = isDouble ? Number(short) : Math.fround(Number(short));
  return back === value ? short : formatGeneral(value, isDouble ? 17 : 9);
}

const ESCAPES: Readonly<Record<number, string>> = {
  10: '\\n',
  13: '\\r',
  9: '\\t',
  34: '\\"',
  39: "\\'",
  92: '\\\\',
};

/** A text in quotes; bytes above 127 stay as they are. */
function quote(bytes: Uint8Array): Uint8Array {
  const parts = Array.from(bytes, (byte) => {
    const short =
      ESCAPES[byte] ?? (byte < 32 || byte === 127 ? `\\${byte.toString(8).padStart(3, '0')}` : undefined);
    return short === undefined ? Uint8Array.of(byte) : encodeUtf8(short);
  });
  return concatBytes([encodeUtf8('"'), ...parts, encodeUtf8('"')]);
}

function formatElement(context: KernelContext, tensor: Tensor, index: number): Uint8Array {
  if (tensor.dtype === 'string') return quote(tensor.data[index]!);
  const value = tensor.data[index]!;
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64')
    return encodeUtf8(formatReal(value as number, tensor.dtype === 'float64'));
  if (tensor.dtype === 'float16') return encodeUtf8(formatReal(fromHalfBits(value as number), false));
  if (tensor.dtype === 'bfloat16') return encodeUtf8(formatReal(fromBfloat16Bits(value as number), false));
  if (tensor.dtype === 'complex64' || tensor.dtype === 'complex128')
    throw context.fail('complex numbers have no printed form');
  return encodeUtf8(String(value));
}

/** A tensor as TensorFlow prints it: `ends` elements at either end of each axis, with `...` between them. */
function formatTensor(context: KernelContext, tensor: Tensor, most: number): Uint8Array {
  const { shape } = tensor;
  const total = elementCount(shape);
  const ends = most < 0 ? total : Math.min(most, total);
  const out: Uint8Array[] = [];
  const print = (axis: number, at: number): void => {
    if (axis === shape.length) {
      out.push(formatElement(context, tensor, at));
      return;
    }
    const count = shape[axis]!;
    const step = elementCount(shape.slice(axis + 1));
    const isInner = axis === shape.length - 1;
    const gap = encodeUtf8(isInner ? ' ' : '\n'.repeat(shape.length - axis - 1) + ' '.repeat(axis + 1));
    out.push(encodeUtf8('['));
    for (let i = 0; i < Math.min(ends, count); i++) {
      if (i > 0) out.push(gap);
      print(axis + 1, at + step * i);
    }
    if (count > 2 * ends) out.push(gap, encodeUtf8('...'));
    for (let i = Math.max(ends, count - ends); i < count; i++) {
      out.push(gap);
      print(axis + 1, at + step * i);
    }
    out.push(encodeUtf8(']'));
  };
  print(0, 0);
  return concatBytes(out);
}

/** StringFormat: placeholders are replaced by the tensors' printed forms. */
const stringFormat: Kernel = (context) => {
  const template = context.attrs.string('template', '%s');
  const placeholder = context.attrs.string('placeholder', '%s');
  const most = context.attrs.int('summarize', 3);
  const parts = template.split(placeholder);
  if (parts.length - 1 !== context.inputs.length) {
    throw context.fail(
      `${parts.length - 1} placeholders in template do not match ${context.inputs.length} inputs`,
    );
  }
  const pieces = parts.flatMap((part, index) =>
    index === 0
      ? [encodeUtf8(part)]
      : [formatTensor(context, context.tensor(index - 1), most), encodeUtf8(part)],
  );
  return [{ dtype: 'string', shape: [], data: [concatBytes(pieces)] }];
};

export const format: KernelFamily = { StringFormat: stringFormat };
