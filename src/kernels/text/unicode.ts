import type { HostValue, Kernel, KernelContext, KernelFamily } from '../types.js';
import { concatBytes, encodeUtf8 } from './bytes.js';
import { mapStrings } from './transform.js';

interface Character {
  readonly code: number;
  readonly offset: number;
  readonly isBad: boolean;
}

const REPLACEMENT = 0xfffd;

/**
 * Code points of UTF-8 with their byte offsets. Each maximal ill-formed run is one bad character, as the
 * Unicode standard recommends and ICU does.
 */
export function decodeCharacters(bytes: Uint8Array): Character[] {
  const out: Character[] = [];
  let at = 0;
  while (at < bytes.length) {
    const offset = at;
    const lead = bytes[at++] ?? 0;
    if (lead < 0x80) {
      out.push({ code: lead, offset, isBad: false });
      continue;
    }
    const need =
      lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
    let code = lead & (0x3f >> need);
    let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let have = 0;
    while (have < need && at < bytes.length) {
      const next = bytes[at] ?? 0;
      if (next < low || next > high) break;
      code = (code << 6) | (next & 0x3f);
      low = 0x80;
      high = 0xbf;
      at++;
      have++;
    }
    const isBad = need === 0 || have < need;
    out.push({ code: isBad ? REPLACEMENT : code, offset, isBad });
  }
  return out;
}

interface Policy {
  readonly errors: string;
  readonly replacement: number;
  readonly isReplacingControl: boolean;
}

function readPolicy(context: KernelContext): Policy {
  const errors = context.attrs.string('errors', 'replace');
  if (!['strict', 'replace', 'ignore'].includes(errors))
    throw context.fail(`errors "${errors}" is not known`);
  return {
    errors,
    replacement: context.attrs.int('replacement_char', REPLACEMENT),
    isReplacingControl: context.attrs.bool('replace_control_characters', false),
  };
}

function applyPolicy(context: KernelContext, characters: readonly Character[], policy: Policy): Character[] {
  return characters.flatMap((character) => {
    const isControl = policy.isReplacingControl && character.code <= 0x1f;
    if (!character.isBad && !isControl) return [character];
    if (character.isBad && policy.errors === 'strict')
      throw context.fail('Invalid formatting on input string');
    if (policy.errors === 'ignore') return [];
    return [{ ...character, code: policy.replacement }];
  });
}

function requireUtf8Encoding(context: KernelContext, name: string): void {
  const encoding = context.attrs.string(name);
  if (!/^(utf-?8|us-ascii)$/i.test(encoding))
    throw context.fail(`${name} "${encoding}" is not supported, only UTF-8`);
}

function decode(hasOffsets: boolean): Kernel {
  return (context) => {
    requireUtf8Encoding(context, 'input_encoding');
    const policy = readPolicy(context);
    const splitsDType = context.attrs.dtype('Tsplits', 'int64');
    const rows = context
      .strings(0)
      .data.map((bytes) => applyPolicy(context, decodeCharacters(bytes), policy));
    const splits = [0];
    for (const row of rows) splits.push((splits.at(-1) ?? 0) + row.length);
    const all = rows.flat();
    const splitsData = splitsDType === 'int32' ? Int32Array.from(splits) : BigInt64Array.from(splits, BigInt);
    const outputs: HostValue[] = [
      { dtype: splitsDType === 'int32' ? 'int32' : 'int64', shape: [splits.length], data: splitsData },
      { dtype: 'int32', shape: [all.length], data: Int32Array.from(all, ({ code }) => code) },
    ];
    if (!hasOffsets) return outputs;
    const offsets = BigInt64Array.from(all, ({ offset }) => BigInt(offset));
    return [...outputs, { dtype: 'int64', shape: [all.length], data: offsets }];
  };
}

function encodeCode(code: number): Uint8Array {
  return encodeUtf8(String.fromCodePoint(code));
}

/** How one character becomes bytes, by the names of TensorFlow's output encodings; none writes a byte order mark. */
const ENCODERS: ReadonlyMap<string, (code: number) => Uint8Array> = new Map([
  ['UTF-8', encodeCode],
  ['UTF-16-BE', (code) => Buffer.from(String.fromCodePoint(code), 'utf16le').swap16()],
  ['UTF-32-BE', (code) => Uint8Array.of(code >>> 24, code >>> 16, code >>> 8, code)],
]);

function readEncoder(context: KernelContext): (code: number) => Uint8Array {
  const encoding = context.attrs.string('output_encoding');
  const encode = ENCODERS.get(encoding);
  if (encode === undefined) throw context.fail(`output_encoding "${encoding}" is unknown`);
  return encode;
}

const isScalarValue = (code: number) => code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

const unicodeEncode: Kernel = (context) => {
  const encode = readEncoder(context);
  const policy = readPolicy(context);
  const codes = Array.from(context.numeric(0).data, Number);
  const splits = Array.from(context.numeric(1).data, Number);
  if (splits[0] !== 0 || splits.at(-1) !== codes.length)
    throw context.fail('input_splits do not fit the values');
  const data = splits.slice(1).map((end, row) => {
    const characters = codes
      .slice(splits[row], end)
      .map((code) => ({ code, offset: 0, isBad: !isScalarValue(code) }));
    return concatBytes(applyPolicy(context, characters, policy).map(({ code }) => encode(code)));
  });
  return [{ dtype: 'string', shape: [data.length], data }];
};

const unicodeTranscode: Kernel = (context) => {
  requireUtf8Encoding(context, 'input_encoding');
  const encode = readEncoder(context);
  const policy = readPolicy(context);
  return [
    mapStrings(context.strings(0), (bytes) =>
      concatBytes(applyPolicy(context, decodeCharacters(bytes), policy).map(({ code }) => encode(code))),
    ),
  ];
};

export const unicode: KernelFamily = {
  UnicodeDecode: decode(false),
  UnicodeDecodeWithOffsets: decode(true),
  UnicodeEncode: unicodeEncode,
  UnicodeTranscode: unicodeTranscode,
};
