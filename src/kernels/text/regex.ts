import type { Kernel, KernelContext, KernelFamily } from '../types.js';
import { encodeUtf8 } from './bytes.js';
import { translateRe2 } from './re2.js';
import { mapStrings, requireUtf8 } from './transform.js';

const compiled = new Map<string, RegExp>();
const MAX_COMPILED = 256;

/** RE2 syntax as a regular expression; TFD_KERNEL_INPUT for what can not be translated. */
export function compileRe2(context: KernelContext, source: string): RegExp {
  const known = compiled.get(source);
  if (known) return known;
  const translated = translateRe2(source);
  if ('refusal' in translated) {
    throw context.fail(`the pattern ${JSON.stringify(source)} can not be used: ${translated.refusal}`);
  }
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(source, translated.pattern);
  return translated.pattern;
}

type Piece = string | number;

/**
 * RE2's rewrite string: `\1` is a group, `\0` the whole match, `\\` a backslash. One that names a group
 * which the pattern does not have leaves every text as it is: undefined.
 */
function parseRewrite(context: KernelContext, rewrite: string, groups: number): Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < rewrite.length; at++) {
    const char = rewrite[at] ?? '';
    if (char !== '\\') {
      pieces.push(char);
      continue;
    }
    const next = rewrite[++at] ?? '';
    if (next === '\\') pieces.push('\\');
    else if (/\d/.test(next) && Number(next) > groups) return undefined;
    else if (/\d/.test(next)) pieces.push(Number(next));
    else throw context.fail(`the rewrite ${JSON.stringify(rewrite)} is not valid for ${groups} groups`);
  }
  return pieces;
}

function replace(text: string, pattern: RegExp, pieces: readonly Piece[], isGlobal: boolean): string {
  const search = new RegExp(pattern.source, `${pattern.flags}g`);
  let out = '';
  let copied = 0;
  let lastEnd = -1;
  for (;;) {
    const match = search.exec(text);
    if (match === null) break;
    const end = match.index + match[0].length;
    const isEmpty = match[0].length === 0;
    // RE2 allows no empty match right behind the one before.
    if (!isEmpty || match.index !== lastEnd) {
      out += text.slice(copied, match.index);
      out += pieces.map((piece) => (typeof piece === 'number' ? (match[piece] ?? '') : piece)).join('');
      copied = end;
      lastEnd = end;
      if (!isGlobal) break;
    }
    if (isEmpty) search.lastIndex = end + String.fromCodePoint(text.codePointAt(end) ?? 0).length;
    if (search.lastIndex > text.length) break;
  }
  return out + text.slice(copied);
}

function countGroups(pattern: RegExp): number {
  return (new RegExp(`${pattern.source}|`, pattern.flags).exec('')?.length ?? 1) - 1;
}

function runReplace(context: KernelContext, source: string, rewrite: string): ReturnType<Kernel> {
  const pattern = compileRe2(context, source);
  const pieces = parseRewrite(context, rewrite, countGroups(pattern));
  const isGlobal = context.attrs.bool('replace_global', true);
  if (pieces === undefined) return [context.strings(0)];
  return [
    mapStrings(context.strings(0), (bytes, index) =>
      encodeUtf8(replace(requireUtf8(context, bytes, index), pattern, pieces, isGlobal)),
    ),
  ];
}

function runFullMatch(context: KernelContext, source: string): ReturnType<Kernel> {
  const pattern = compileRe2(context, source);
  const whole = new RegExp(`(?<![^])(?:${pattern.source})(?![^])`, pattern.flags);
  const input = context.strings(0);
  const data = Uint8Array.from(input.data, (bytes, index) =>
    whole.test(requireUtf8(context, bytes, index)) ? 1 : 0,
  );
  return [{ dtype: 'bool', shape: input.shape, data }];
}

function scalarText(context: KernelContext, index: number): string {
  const bytes = context.strings(index).data[0] ?? new Uint8Array();
  return requireUtf8(context, bytes, 0);
}

export const regex: KernelFamily = {
  RegexReplace: (context) => runReplace(context, scalarText(context, 1), scalarText(context, 2)),
  StaticRegexReplace: (context) =>
    runReplace(context, context.attrs.string('pattern'), context.attrs.string('rewrite')),
  RegexFullMatch: (context) => runFullMatch(context, scalarText(context, 1)),
  StaticRegexFullMatch: (context) => runFullMatch(context, context.attrs.string('pattern')),
};
