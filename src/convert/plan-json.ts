import { DTYPES, type DType, isNumericDType, viewAs } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { Shape } from '../base/shape.js';
import { elementCount, type Tensor, tensorBytes } from '../base/tensor.js';
import { PLAN_FORMAT } from './compiler-version.js';
import type {
  Blocker,
  Plan,
  PlanTensor,
  RefusedSignature,
  SignaturePlan,
  SignatureState,
  Stage,
} from './plan.js';

/** A tensor in JSON: raw little-endian bytes in base64, strings each in base64. */
export type TensorJson =
  | { readonly dtype: string; readonly shape: readonly number[]; readonly b64: string }
  | { readonly dtype: 'string'; readonly shape: readonly number[]; readonly strings: readonly string[] };

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export function tensorToJson(tensor: Tensor): TensorJson {
  const { dtype, shape } = tensor;
  if (dtype === 'string') return { dtype, shape, strings: tensor.data.map(toBase64) };
  return { dtype, shape, b64: toBase64(tensorBytes(tensor)) };
}

/** Reads untrusted JSON; every complaint is TFD_PLAN_CORRUPT and names the place. */
export class PlanReader {
  constructor(readonly where: string) {}

  fail(path: string, what: string): TfdeployError {
    return new TfdeployError('TFD_PLAN_CORRUPT', `${this.where}: ${path} ${what}`, {
      hint: 'convert the model again',
    });
  }

  record(value: unknown, path: string): Record<string, unknown> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    throw this.fail(path, 'is not an object');
  }

  list<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
    if (!Array.isArray(value)) throw this.fail(path, 'is not a list');
    return value.map((item, index) => read(item, `${path}[${index}]`));
  }

  string = (value: unknown, path: string): string => {
    if (typeof value === 'string') return value;
    throw this.fail(path, 'is not a string');
  };

  count = (value: unknown, path: string): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.fail(path, 'is not a size');
  };

  boolean = (value: unknown, path: string): boolean => {
    if (typeof value === 'boolean') return value;
    throw this.fail(path, 'is not true or false');
  };

  dtype = (value: unknown, path: string): DType => {
    if (typeof value === 'string' && Object.hasOwn(DTYPES, value)) return value as DType;
    throw this.fail(path, 'is not a data type');
  };

  /** A plain file name: what the plan names lies in its own directory. */
  fileName = (value: unknown, path: string): string => {
    const name = this.string(value, path);
    if (/^[\w.+-]+$/.test(name) && !name.startsWith('.')) return name;
    throw this.fail(path, 'is not a file name');
  };

  tensor = (value: unknown, path: string): Tensor => {
    const json = this.record(value, path);
    const dtype = this.dtype(json.dtype, `${path}.dtype`);
    const shape = this.list(json.shape, `${path}.shape`, this.count);
    const count = elementCount(shape);
    if (dtype === 'string') {
      const data = this.list(json.strings, `${path}.strings`, this.string).map(fromBase64);
      if (data.length !== count) throw this.fail(path, `holds ${data.length} of ${count} strings`);
      return { dtype, shape, data };
    }
    if (!isNumericDType(dtype)) throw this.fail(path, `is of type ${dtype}`);
    const bytes = fromBase64(this.string(json.b64, `${path}.b64`));
    if (bytes.byteLength !== count * DTYPES[dtype].bytes)
      throw this.fail(path, 'has the wrong number of bytes');
    return { dtype, shape, data: viewAs(dtype, bytes) };
  };

  shape = (value: unknown, path: string): Shape =>
    value === null
      ? null
      : this.list(value, path, (dim, at) => (typeof dim === 'string' ? dim : this.count(dim, at)));
}

function readTensorInfo(reader: PlanReader, value: unknown, path: string): PlanTensor {
  const json = reader.record(value, path);
  return {
    name: reader.string(json.name, `${path}.name`),
    ref: reader.string(json.ref, `${path}.ref`),
    dtype: reader.dtype(json.dtype, `${path}.dtype`),
    shape: reader.shape(json.shape, `${path}.shape`),
    ...(json.default === undefined ? {} : { default: reader.tensor(json.default, `${path}.default`) }),
  };
}

function readStage(reader: PlanReader, value: unknown, path: string): Stage {
  const json = reader.record(value, path);
  const { kind } = json;
  if (kind !== 'onnx' && kind !== 'host') throw reader.fail(path, 'is of no known kind');
  return {
    kind,
    file: reader.fileName(json.file, `${path}.file`),
    inputs: reader.list(json.inputs, `${path}.inputs`, reader.string),
    outputs: reader.list(json.outputs, `${path}.outputs`, reader.string),
  };
}

function readAssumed(reader: PlanReader, value: unknown, path: string): SignaturePlan['assumedShapes'] {
  const dim = (item: unknown, at: string) => (item === null ? null : reader.count(item, at));
  return Object.fromEntries(
    Object.entries(reader.record(value, path)).map(([name, dims]) => [
      name,
      reader.list(dims, `${path}.${name}`, dim),
    ]),
  );
}

function readSignature(reader: PlanReader, value: unknown, path: string): SignaturePlan {
  const json = reader.record(value, path);
  const tensors = (item: unknown, at: string) => readTensorInfo(reader, item, at);
  return {
    name: reader.string(json.name, `${path}.name`),
    methodName: reader.string(json.methodName, `${path}.methodName`),
    inputs: reader.list(json.inputs, `${path}.inputs`, tensors),
    outputs: reader.list(json.outputs, `${path}.outputs`, tensors),
    stages: reader.list(json.stages, `${path}.stages`, (item, at) => readStage(reader, item, at)),
    isBatchable: reader.boolean(json.isBatchable, `${path}.isBatchable`),
    assumedShapes: readAssumed(reader, json.assumedShapes, `${path}.assumedShapes`),
    warnings: reader.list(json.warnings, `${path}.warnings`, reader.string),
    ...(json.state === undefined ? {} : { state: readState(reader, json.state, `${path}.state`) }),
  };
}

function readState(reader: PlanReader, value: unknown, path: string): SignatureState {
  const json = reader.record(value, path);
  return {
    reads: reader.list(json.reads, `${path}.reads`, reader.string),
    writes: reader.list(json.writes, `${path}.writes`, reader.string),
  };
}

const BLOCKER_FIELDS = ['code', 'op', 'node', 'layer', 'dtype', 'shape', 'why', 'wayOut'] as const;

function readRefused(reader: PlanReader, value: unknown, path: string): RefusedSignature {
  const json = reader.record(value, path);
  return {
    name: reader.string(json.name, `${path}.name`),
    methodName: reader.string(json.methodName, `${path}.methodName`),
    blockers: reader.list(json.blockers, `${path}.blockers`, (item, at) => {
      const fields = reader.record(item, at);
      const read = BLOCKER_FIELDS.map((name) => [name, reader.string(fields[name], `${at}.${name}`)]);
      return Object.fromEntries(read) as unknown as Blocker;
    }),
  };
}

function readLinked(reader: PlanReader, value: unknown): NonNullable<Plan['linked']> {
  return Object.fromEntries(
    Object.entries(reader.record(value, 'linked')).map(([name, item]) => {
      const json = reader.record(item, `linked.${name}`);
      const modifiedNs = reader.string(json.modifiedNs, `linked.${name}.modifiedNs`);
      if (!/^\d{1,20}$/.test(modifiedNs)) throw reader.fail(`linked.${name}.modifiedNs`, 'is not a time');
      return [
        reader.fileName(name, 'linked'),
        { source: reader.string(json.source, `linked.${name}.source`), modifiedNs },
      ];
    }),
  );
}

/** `plan.json` as text. */
export function formatPlan(plan: Plan): string {
  const tensor = (info: PlanTensor) => ({
    ...info,
    ...(info.default === undefined ? {} : { default: tensorToJson(info.default) }),
  });
  const signatures = plan.signatures.map((signature) => ({
    ...signature,
    inputs: signature.inputs.map(tensor),
    outputs: signature.outputs.map(tensor),
  }));
  return `${JSON.stringify({ ...plan, signatures }, undefined, 1)}\n`;
}

/** The plan in the text of `plan.json`; `where` names it in messages. */
export function parsePlan(text: string, where: string): Plan {
  const reader = new PlanReader(where);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw reader.fail('the file', 'is not JSON');
  }
  const json = reader.record(parsed, 'the file');
  if (json.format !== PLAN_FORMAT)
    throw reader.fail('format', `is not ${PLAN_FORMAT}: another version wrote it`);
  const sizes = Object.entries(reader.record(json.files ?? {}, 'files'));
  return {
    format: PLAN_FORMAT,
    compiler: reader.string(json.compiler, 'compiler'),
    source: reader.string(json.source, 'source'),
    signatures: reader.list(json.signatures, 'signatures', (item, at) => readSignature(reader, item, at)),
    refused: reader.list(json.refused, 'refused', (item, at) => readRefused(reader, item, at)),
    files: Object.fromEntries(
      sizes.map(([name, size]) => [reader.fileName(name, 'files'), reader.count(size, `files.${name}`)]),
    ),
    linked: readLinked(reader, json.linked ?? {}),
    ...(json.precision === undefined
      ? {}
      : { precision: reader.list(json.precision, 'precision', reader.string) }),
  };
}
