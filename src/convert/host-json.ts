import type { TableValue, VariableState } from '../graph/ir.js';
import type { AttrValue, TensorValue } from '../savedmodel/types.js';
import { denseValue } from './derive.js';
import { constantToJson, type PlaceBytes, type ReadBytes, readConstant } from './external-tensor.js';
import type { HostBody, HostNode, HostProgram } from './host-program.js';
import { PlanReader, tensorToJson } from './plan-json.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

const encoder = new TextEncoder();

function tensorJson(value: TensorValue): Json {
  return tensorToJson(value.read()) as unknown as Json;
}

function constantJson(value: TensorValue, place: PlaceBytes | undefined): Json {
  return constantToJson(value, place) as Json;
}

const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function attrToJson(attr: AttrValue): Json {
  switch (attr.kind) {
    case 's':
      return { s: Buffer.from(attr.value).toString('base64') };
    case 'i':
      return { i: String(attr.value) };
    case 'f':
      return { f: Number.isFinite(attr.value) ? attr.value : String(attr.value) };
    case 'b':
      return { b: attr.value };
    case 'type':
      return { type: attr.value };
    case 'shape':
      return { shape: attr.value };
    case 'tensor':
      return { tensor: tensorJson(attr.value) };
    case 'placeholder':
      return { placeholder: attr.value };
    case 'func':
      return { func: attr.value.name, attrs: attrsToJson(attr.value.attrs) };
    case 'list':
      return { list: attr.value.map(attrToJson) };
  }
}

function attrsToJson(attrs: ReadonlyMap<string, AttrValue>): Json {
  return Object.fromEntries(
    [...attrs].filter(([name]) => !name.startsWith('_')).map(([k, v]) => [k, attrToJson(v)]),
  );
}

function tableToJson(table: TableValue, place: PlaceBytes | undefined): Json {
  const { name, keyDType, valueDType, state } = table;
  const [keys, values] = [constantJson(table.keys, place), constantJson(table.values, place)];
  return { name, keyDType, valueDType, keys, values, state };
}

function nodeToJson({ bodies, ...node }: HostNode): Json {
  const plain = { ...node, attrs: attrsToJson(node.attrs) };
  if (bodies === undefined) return plain;
  const entries = [...bodies].map(([key, { inputs, nodes, outputs }]): [string, Json] => [
    key,
    { inputs, nodes: nodes.map(nodeToJson), outputs },
  ]);
  return { ...plain, bodies: Object.fromEntries(entries) };
}

/** A host program as the bytes of its stage file; `place` takes its large constants. */
export function encodeHostProgram(program: HostProgram, place?: PlaceBytes): Uint8Array {
  const nodes = program.nodes.map(nodeToJson);
  const constants = Object.fromEntries(
    [...program.constants].map(([name, value]) => [name, constantJson(value, place)]),
  );
  const tables = Object.fromEntries(
    [...program.tables].map(([name, table]) => [name, tableToJson(table, place)]),
  );
  const variables = Object.fromEntries(
    [...(program.variables ?? [])].map(([handle, { name, value }]) => [
      handle,
      { name, value: constantJson(value, place) },
    ]),
  );
  return encoder.encode(`${JSON.stringify({ nodes, constants, tables, variables }, undefined, 1)}\n`);
}

function readAttr(reader: PlanReader, value: unknown, path: string): AttrValue {
  const json = reader.record(value, path);
  const [kind] = Object.keys(json);
  const item = json[kind ?? ''];
  switch (kind) {
    case 's':
      return { kind, value: new Uint8Array(Buffer.from(reader.string(item, path), 'base64')) };
    case 'i': {
      const text = reader.string(item, path);
      if (!/^-?\d{1,20}$/.test(text)) throw reader.fail(path, 'is not a whole number');
      return { kind, value: BigInt(text) };
    }
    case 'f': {
      const number = typeof item === 'number' ? item : NON_FINITE.get(String(item));
      if (number === undefined) throw reader.fail(path, 'is not a number');
      return { kind, value: number };
    }
    case 'b':
      return { kind, value: reader.boolean(item, path) };
    case 'type':
      return { kind, value: reader.count(item, path) };
    case 'shape':
      return { kind, value: reader.shape(item, path) };
    case 'tensor':
      return { kind, value: denseValue(reader.tensor(item, path)) };
    case 'placeholder':
      return { kind, value: reader.string(item, path) };
    case 'func':
      return { kind, value: { name: reader.string(item, path), attrs: readAttrs(reader, json.attrs, path) } };
    case 'list':
      return { kind, value: reader.list(item, path, (each, at) => readAttr(reader, each, at)) };
    default:
      throw reader.fail(path, 'is an attribute of no known kind');
  }
}

function readAttrs(reader: PlanReader, value: unknown, path: string): Map<string, AttrValue> {
  const entries = Object.entries(reader.record(value, path));
  return new Map(entries.map(([name, attr]) => [name, readAttr(reader, attr, `${path}.${name}`)]));
}

const MAX_BODY_DEPTH = 64;

function readBody(reader: PlanReader, value: unknown, path: string, depth: number): HostBody {
  if (depth > MAX_BODY_DEPTH) throw reader.fail(path, 'is nested too deeply');
  const json = reader.record(value, path);
  return {
    inputs: reader.list(json.inputs, `${path}.inputs`, reader.string),
    nodes: reader.list(json.nodes, `${path}.nodes`, (item, at) => readNode(reader, item, at, depth)),
    outputs: reader.list(json.outputs, `${path}.outputs`, reader.string),
  };
}

function readBodies(reader: PlanReader, value: unknown, path: string, depth: number): Map<string, HostBody> {
  const entries = Object.entries(reader.record(value, path));
  return new Map(entries.map(([key, body]) => [key, readBody(reader, body, `${path}.${key}`, depth + 1)]));
}

function readNode(reader: PlanReader, value: unknown, path: string, depth = 0): HostNode {
  const json = reader.record(value, path);
  return {
    ...(json.bodies === undefined
      ? {}
      : { bodies: readBodies(reader, json.bodies, `${path}.bodies`, depth) }),
    op: reader.string(json.op, `${path}.op`),
    name: reader.string(json.name, `${path}.name`),
    inputs: reader.list(json.inputs, `${path}.inputs`, reader.string),
    outputs: reader.list(json.outputs, `${path}.outputs`, reader.string),
    outputDTypes: reader.list(json.outputDTypes, `${path}.outputDTypes`, reader.dtype),
    attrs: readAttrs(reader, json.attrs, `${path}.attrs`),
  };
}

function readTable(
  reader: PlanReader,
  value: unknown,
  path: string,
  readBytes: ReadBytes | undefined,
): TableValue {
  const json = reader.record(value, path);
  return {
    name: reader.string(json.name, `${path}.name`),
    keyDType: reader.dtype(json.keyDType, `${path}.keyDType`),
    valueDType: reader.dtype(json.valueDType, `${path}.valueDType`),
    keys: readConstant(reader, json.keys, `${path}.keys`, readBytes),
    values: readConstant(reader, json.values, `${path}.values`, readBytes),
    ...(json.state === undefined ? {} : { state: reader.string(json.state, `${path}.state`) }),
  };
}

function readVariable(
  reader: PlanReader,
  value: unknown,
  path: string,
  readBytes: ReadBytes | undefined,
): VariableState {
  const json = reader.record(value, path);
  return {
    name: reader.string(json.name, `${path}.name`),
    value: readConstant(reader, json.value, `${path}.value`, readBytes),
  };
}

/**
 * The program in a stage file; `where` names it, `readBytes` reads the plan's other files. TFD_PLAN_CORRUPT for
 * anything else.
 */
export function decodeHostProgram(text: string, where: string, readBytes?: ReadBytes): HostProgram {
  const reader = new PlanReader(where);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw reader.fail('the file', 'is not JSON');
  }
  const json = reader.record(parsed, 'the file');
  const constants = Object.entries(reader.record(json.constants, 'constants'));
  const tables = Object.entries(reader.record(json.tables, 'tables'));
  const variables = Object.entries(reader.record(json.variables ?? {}, 'variables'));
  return {
    nodes: reader.list(json.nodes, 'nodes', (item, at) => readNode(reader, item, at)),
    constants: new Map(
      constants.map(([name, item]) => [name, readConstant(reader, item, `constants.${name}`, readBytes)]),
    ),
    tables: new Map(
      tables.map(([name, item]) => [name, readTable(reader, item, `tables.${name}`, readBytes)]),
    ),
    variables: new Map(
      variables.map(([name, item]) => [name, readVariable(reader, item, `variables.${name}`, readBytes)]),
    ),
  };
}
