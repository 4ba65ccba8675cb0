import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import { CUSTOM_OPS } from './custom-ops.js';
import { ProtoTensor } from './read/tensor.js';
import type { ArgDef, AttrValue } from './types.js';

/** An attribute that an operation declares. */
export interface OpAttrDef {
  readonly name: string;
  /** `int`, `float`, `bool`, `string`, `type`, `shape`, `tensor`, `func` or `list(…)` of one of them. */
  readonly type: string;
  /** Taken when a node leaves the attribute out. */
  readonly default: AttrValue | undefined;
}

/** What TensorFlow declares about an operation. */
export interface OpDef {
  readonly name: string;
  readonly inputArgs: readonly ArgDef[];
  readonly outputArgs: readonly ArgDef[];
  readonly attrs: ReadonlyMap<string, OpAttrDef>;
  readonly isStateful: boolean;
}

type DefaultJson = null | boolean | number | string | readonly DefaultJson[];
type AttrJson = string | readonly [type: string, fallback: DefaultJson];
/** One row: `name:type` of inputs and of outputs, attributes, statefulness. */
export type OpJson = readonly [
  inputs: string,
  outputs: string,
  attrs: Readonly<Record<string, AttrJson>>,
  isStateful: 0 | 1,
];
interface RegistryJson {
  readonly tensorflow: string;
  readonly ops: Readonly<Record<string, OpJson>>;
}

const encoder = new TextEncoder();
const parsed = new Map<string, OpDef>();
let registry: RegistryJson | undefined;

function loadRegistry(): RegistryJson {
  registry ??= JSON.parse(
    readFileSync(new URL('./opdefs.gen.json', import.meta.url), 'utf8'),
  ) as RegistryJson;
  return registry;
}

/** What TensorFlow, or a library known here, declares about the operation; undefined for an unknown one. */
export function opDef(name: string): OpDef | undefined {
  let def = parsed.get(name);
  if (def === undefined) {
    const ops = [loadRegistry().ops, CUSTOM_OPS].find((rows) => Object.hasOwn(rows, name));
    if (ops === undefined) return undefined;
    def = parseOp(name, ops[name]!);
    parsed.set(name, def);
  }
  return def;
}

/** Names of all operations of TensorFlow's registry. */
export function opNames(): string[] {
  return Object.keys(loadRegistry().ops);
}

/** The TensorFlow release that the registry was generated from. */
export function opDefsVersion(): string {
  return loadRegistry().tensorflow;
}

function parseOp(name: string, [inputs, outputs, attrs, isStateful]: OpJson): OpDef {
  return {
    name,
    inputArgs: parseArgs(inputs),
    outputArgs: parseArgs(outputs),
    attrs: new Map(Object.entries(attrs).map(([attr, row]) => [attr, parseAttr(name, attr, row)])),
    isStateful: isStateful === 1,
  };
}

function parseArgs(text: string): ArgDef[] {
  if (text === '') return [];
  return text.split(' ').map((arg) => {
    const [, name, count, list, number, attr, ref] = /^(\w+):(?:(\w+)\*)?(?:@(\w+)|#(\d+)|(\w+))(&?)$/.exec(
      arg,
    )!;
    return {
      name: name!,
      type: Number(number ?? 0),
      typeAttr: attr ?? '',
      numberAttr: count ?? '',
      typeListAttr: list ?? '',
      isRef: ref === '&',
    };
  });
}

function parseAttr(op: string, name: string, row: AttrJson): OpAttrDef {
  if (typeof row === 'string') return { name, type: row, default: undefined };
  const [type, fallback] = row;
  const item = /^list\((\w+)\)$/.exec(type)?.[1];
  const where = `operation ${op}, attribute "${name}"`;
  const value: AttrValue =
    item === undefined
      ? parseDefault(type, fallback, where)
      : {
          kind: 'list',
          value: (fallback as readonly DefaultJson[]).map((each) => parseDefault(item, each, where)),
        };
  return { name, type, default: value };
}

type DefaultParser = (json: DefaultJson, where: string) => AttrValue;

const DEFAULT_PARSERS: Readonly<Record<string, DefaultParser>> = {
  string: (json) => ({ kind: 's', value: encoder.encode(json as string) }),
  int: (json) => ({ kind: 'i', value: BigInt(json as number | string) }),
  float: (json) => ({ kind: 'f', value: Math.fround(parseFloatText(json as number | string)) }),
  bool: (json) => ({ kind: 'b', value: json as boolean }),
  type: (json) => ({ kind: 'type', value: json as number }),
  shape: (json) => ({
    kind: 'shape',
    value: json === null ? null : (json as readonly number[]).map((size) => (size < 0 ? '?' : size)),
  }),
  tensor: (json, where) => ({
    kind: 'tensor',
    value: new ProtoTensor(decodeBase64(json as string), where, { what: 'operator registry' }),
  }),
  func: (json) => ({ kind: 'func', value: { name: json as string, attrs: new Map() } }),
};

function parseDefault(type: string, json: DefaultJson, where: string): AttrValue {
  const parse = DEFAULT_PARSERS[type];
  if (parse === undefined) throw new TfdeployError('TFD_BUG', `${where}: type "${type}" is not known`);
  return parse(json, where);
}

function parseFloatText(json: number | string): number {
  if (typeof json === 'number') return json;
  return { inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY }[json] ?? Number.NaN;
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
