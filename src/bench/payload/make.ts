import { TfdeployError } from '../../base/error.js';
import { elementCount } from '../../base/tensor.js';
import { createRandom, type Random } from '../random.js';
import type { InputSpec, SignatureSpec } from './signature.js';
import { MOST_VALUE_BYTES, VALUE_WRITERS, type WriteValue } from './values.js';

/** Request bodies, and what people should know of them. */
export interface Payloads {
  readonly bodies: readonly Buffer[];
  /** `x:float32[1,784]`, or the file. */
  readonly about: string;
  readonly source: 'signature' | 'file';
  /** Rows in each request; undefined where a file decides. */
  readonly rows: number | undefined;
  readonly notes: readonly string[];
}

export interface MakeOptions {
  readonly seed: number;
  readonly rows: number;
  /** How many distinct requests; fewer when they are large. */
  readonly distinct: number;
  /** Shapes given by the user, by input name, for dimensions the signature leaves open. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

const MOST_TOTAL_BYTES = 64 * 1024 * 1024;
const MOST_BODY_BYTES = 1024 * 1024 * 1024;
/** For an open height or width of an image, and for any other open dimension. */
const OPEN_SPATIAL = 224;
const OPEN_OTHER = 16;

interface PlannedInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly write: WriteValue;
}

/**
 * Makes random requests that fit a signature, in rows where every input has an open first dimension, else in
 * columns. Equal seeds make equal bodies. Throws TFD_INPUT_INVALID where JSON has no form for a type, or for
 * shapes that do not fit.
 */
export function makePayloads(signature: SignatureSpec, options: MakeOptions): Payloads {
  const notes: string[] = [];
  const isRowWise = signature.inputs.every(({ shape }) => shape === null || shape[0] === -1);
  if (!isRowWise && options.rows !== 1) {
    throw new TfdeployError('TFD_INPUT_INVALID', `signature '${signature.name}' has no batch dimension`, {
      hint: 'leave --batch out',
    });
  }
  const known = new Set(signature.inputs.map(({ name }) => name));
  for (const name of options.shapes.keys()) {
    if (known.has(name)) continue;
    throw new TfdeployError('TFD_INPUT_INVALID', `--shape: the signature has no input '${name}'`, {
      hint: `its inputs: ${[...known].join(', ')}`,
    });
  }
  const inputs = signature.inputs.map((input) => planInput(input, options, notes));
  if (isRowWise && new Set(inputs.map(({ shape }) => shape[0] ?? 1)).size > 1) {
    throw new TfdeployError('TFD_INPUT_INVALID', '--shape: the inputs differ in their first dimension');
  }
  if (/classify|regress/.test(signature.methodName)) {
    notes.push(`signature '${signature.name}' reads serialized tf.Example: give real ones with --input FILE`);
  }
  const first = writeBody(signature.name, inputs, isRowWise, createRandom(options.seed));
  const count = Math.max(4, Math.min(options.distinct, Math.floor(MOST_TOTAL_BYTES / first.length)));
  const bodies = [first];
  for (let index = 1; index < Math.min(options.distinct, count); index++) {
    bodies.push(writeBody(signature.name, inputs, isRowWise, createRandom(options.seed + index)));
  }
  return {
    bodies,
    about: inputs.map(({ name, dtype, shape }) => `${name}:${dtype}[${shape.join(',')}]`).join(' '),
    source: 'signature',
    rows: isRowWise ? options.rows : undefined,
    notes,
  };
}

function planInput(input: InputSpec, options: MakeOptions, notes: string[]): PlannedInput {
  const write = VALUE_WRITERS[input.dtype];
  if (write === undefined) {
    throw new TfdeployError(
      'TFD_INPUT_INVALID',
      `input '${input.name}' is ${input.dtype}, which JSON has no form for`,
    );
  }
  const shape = options.shapes.get(input.name) ?? fillShape(input, options.rows, notes);
  checkShape(input, shape);
  if (elementCount(shape) * 2 > MOST_BODY_BYTES) {
    throw new TfdeployError(
      'TFD_INPUT_INVALID',
      `input '${input.name}' of shape [${shape}] is too large to send`,
    );
  }
  return { name: input.name, dtype: input.dtype, shape, write };
}

function fillShape({ name, shape }: InputSpec, rows: number, notes: string[]): number[] {
  if (shape === null) return [rows];
  const isImage = shape.length === 4 && [1, 3, 4].includes(shape[3]!);
  const guessed: number[] = [];
  const filled = shape.map((size, axis) => {
    if (size >= 0) return size;
    if (axis === 0) return rows;
    guessed.push(axis);
    return isImage ? OPEN_SPATIAL : OPEN_OTHER;
  });
  if (guessed.length > 0) {
    notes.push(
      `input '${name}' leaves dimension ${guessed.join(' and ')} open: [${filled}] was taken; set it with --shape ${name}=${filled.join('x')}`,
    );
  }
  return filled;
}

function checkShape({ name, shape }: InputSpec, chosen: readonly number[]): void {
  const fits =
    shape === null ||
    (shape.length === chosen.length && shape.every((size, axis) => size === -1 || size === chosen[axis]));
  if (!fits) {
    throw new TfdeployError('TFD_INPUT_INVALID', `shape [${chosen}] does not fit input '${name}' [${shape}]`);
  }
}

function writeBody(
  signatureName: string,
  inputs: readonly PlannedInput[],
  isRowWise: boolean,
  random: Random,
): Buffer {
  const names = JSON.stringify(inputs.map(({ name }) => name)).length;
  const rows = isRowWise ? (inputs[0]!.shape[0] ?? 1) : 1;
  let capacity = 256 + signatureName.length * 6 + names * Math.max(1, rows) * 2;
  for (const { shape, dtype } of inputs) {
    const most =
      dtype.startsWith('float') || dtype === 'bfloat16' ? 10 : dtype === 'string' ? MOST_VALUE_BYTES : 7;
    let brackets = 2;
    for (let axis = 0, product = 1; axis < shape.length; axis++) {
      product *= shape[axis]!;
      brackets += product * 3;
    }
    capacity += elementCount(shape) * most + brackets;
  }
  const target = Buffer.allocUnsafe(capacity);
  const text = (offset: number, value: string): number => offset + target.write(value, offset, 'utf8');
  const values = (offset: number, input: PlannedInput, from: number): number =>
    writeNested(target, offset, input.shape, from, input.write, random);

  let at = text(0, '{');
  if (signatureName !== 'serving_default')
    at = text(at, `"signature_name":${JSON.stringify(signatureName)},`);
  if (!isRowWise) {
    at = text(at, '"inputs":{');
    for (const [index, input] of inputs.entries()) {
      at = text(at, `${index === 0 ? '' : ','}${JSON.stringify(input.name)}:`);
      at = values(at, input, 0);
    }
    return closeBody(target, text(at, '}}'));
  }
  at = text(at, '"instances":[');
  for (let row = 0; row < rows; row++) {
    if (row > 0) at = text(at, ',');
    if (inputs.length === 1) {
      at = values(at, inputs[0]!, 1);
      continue;
    }
    for (const [index, input] of inputs.entries()) {
      at = text(at, `${index === 0 ? '{' : ','}${JSON.stringify(input.name)}:`);
      at = values(at, input, 1);
    }
    at = text(at, '}');
  }
  return closeBody(target, text(at, ']}'));
}

/** Writing past a buffer's end is silent, so a full buffer means that something is missing. */
function closeBody(target: Buffer, end: number): Buffer {
  if (end < target.length) return target.subarray(0, end);
  throw new TfdeployError('TFD_BUG', `a request outgrew its buffer of ${target.length} bytes`);
}

function writeNested(
  target: Buffer,
  start: number,
  shape: readonly number[],
  axis: number,
  write: WriteValue,
  random: Random,
): number {
  if (axis >= shape.length) return write(target, start, random);
  let at = start;
  target[at++] = 91;
  for (let index = 0; index < shape[axis]!; index++) {
    if (index > 0) target[at++] = 44;
    at = writeNested(target, at, shape, axis + 1, write, random);
  }
  target[at++] = 93;
  return at;
}
