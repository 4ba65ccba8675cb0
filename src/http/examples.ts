import { DTYPES, tfEnumName } from '../base/dtype.js';
import { TfdeployError } from '../base/error.js';
import type { NumericTensor, StringTensor, Tensor } from '../base/tensor.js';
import type { Servable, ServableDirectory, ServableSignature } from '../repository/types.js';
import { announce } from './announce.js';
import { CAREFUL_LOOP_BYTES, decodeExamplesApart } from './apart/decode-apart.js';
import { ByteWriter } from './codec/byte-writer.js';
import { MAX_DECIMAL_BYTES, writeFloat32 } from './codec/decimal-text.js';
import { decodeExamples } from './codec/example.js';
import { inputError } from './codec/request-document.js';
import { writeJsonString } from './codec/string-text.js';
import type { Exchange } from './exchange.js';
import { findServable } from './find-servable.js';
import { checkRunnable, run } from './predict.js';
import type { PredictionRoute } from './route.js';

/** Name of the one input of a classify or regress signature. */
const INPUT = 'inputs';

/** One class of one example. */
export interface ClassScore {
  readonly label: Uint8Array;
  readonly score: number;
}

/** `:classify` and `:regress`: examples in, classes or values out. */
export function handleExamples(
  exchange: Exchange,
  directory: ServableDirectory,
  route: PredictionRoute,
): void {
  const next = async (body: Buffer) => {
    const { signatureName, examples: found } =
      body.length <= CAREFUL_LOOP_BYTES ? decodeExamples(body) : await decodeExamplesApart(body);
    const servable = findServable(exchange, directory, route.model, route.choice);
    const api = route.api === 'classify' ? 'classify' : 'regress';
    const signature = findExampleSignature(servable, signatureName, api);
    const inputs = new Map([[INPUT, { dtype: 'string', shape: [found.length], data: found } as const]]);
    const outputs = await run(exchange, servable, signature, inputs, resultNames(signature, api));
    const encoded =
      api === 'classify'
        ? encodeClasses(readClasses(outputs, found.length))
        : encodeValues(readValues(outputs, found.length));
    exchange.mark('encode');
    exchange.json(encoded);
  };
  exchange.readBody(next, () => announce(exchange, directory, route.model, route.choice));
}

/** The signature, if it takes examples and answers with what the API wants. */
export function findExampleSignature(
  servable: Servable,
  given: string | undefined,
  api: 'classify' | 'regress',
): ServableSignature {
  const name = given ?? 'serving_default';
  const signature = servable.signatures.get(name);
  if (signature === undefined) {
    throw new TfdeployError('TFD_SIGNATURE_NOT_FOUND', `No signature was found with the name: ${name}`);
  }
  checkRunnable(signature);
  if (signature.inputs.length !== 1) throw inputError('Expected one input Tensor.');
  const what = api === 'classify' ? 'classification' : 'regression';
  if (signature.inputs[0]!.name !== INPUT) {
    throw inputError(`No ${what} inputs found in SignatureDef: ${name}`);
  }
  const { outputs } = signature;
  if (api === 'regress' && outputs.length !== 1) throw inputError('Expected one output Tensor.');
  if (outputs.length !== 1 && outputs.length !== 2) {
    throw inputError(`Expected one or two output Tensors, found ${outputs.length}`);
  }
  if (resultNames(signature, api).length === 0) {
    throw inputError(
      api === 'regress'
        ? `No regression outputs found in SignatureDef: ${name}`
        : 'Expected classification signature outputs to contain at least one of "classes" or "scores". ' +
            `Signature was: ${name}`,
    );
  }
  return signature;
}

export function resultNames(signature: ServableSignature, api: 'classify' | 'regress'): string[] {
  const wanted = api === 'classify' ? ['classes', 'scores'] : ['outputs'];
  return wanted.filter((name) => signature.outputs.some((output) => output.name === name));
}

/** Classes and scores by example; a missing tensor gives the label "" or the score 0. */
export function readClasses(outputs: ReadonlyMap<string, Tensor>, examples: number): ClassScore[][] {
  const classes = outputs.get('classes');
  const scores = outputs.get('scores');
  for (const [name, tensor, dtype] of [
    ['classes', classes, 'string'],
    ['scores', scores, 'float32'],
  ] as const) {
    if (tensor === undefined) continue;
    if (tensor.shape.length !== 2) {
      throw inputError(`Expected Tensor shape: [batch_size num_classes] but got ${shapeText(tensor)}`);
    }
    if (tensor.dtype !== dtype) {
      throw inputError(`Expected ${name} Tensor of ${tfEnumName(dtype)}. Got: ${tfEnumName(tensor.dtype)}`);
    }
    if (tensor.shape[0] !== examples) {
      throw inputError(`Expected ${name} output batch size of ${examples}. Got: ${tensor.shape[0]}`);
    }
  }
  const size = (scores ?? classes)?.shape[1] ?? 0;
  if (classes !== undefined && classes.shape[1] !== size) {
    throw inputError(
      `Tensors class and score should match in dim_size(1). Got ${classes.shape[1]} vs. ${size}`,
    );
  }
  const none = new Uint8Array(0);
  return Array.from({ length: examples }, (_, row) =>
    Array.from({ length: size }, (_, column) => ({
      label: (classes as StringTensor | undefined)?.data[row * size + column] ?? none,
      score: Number((scores as NumericTensor | undefined)?.data[row * size + column] ?? 0),
    })),
  );
}

/** One value for each example. */
export function readValues(outputs: ReadonlyMap<string, Tensor>, examples: number): Float32Array {
  const tensor = outputs.get('outputs');
  if (tensor === undefined) throw inputError("Could not find output tensor 'outputs'");
  const { shape } = tensor;
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    throw inputError(
      `Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ${shapeText(tensor)}`,
    );
  }
  if (shape[0] !== examples) {
    throw inputError(`Input batch size did not match output batch size: ${examples} vs. ${shape[0]}`);
  }
  if (tensor.dtype !== 'float32') {
    throw inputError(`Expected output Tensor of DT_FLOAT.  Got: ${tfEnumName(tensor.dtype)}`);
  }
  return tensor.data as Float32Array;
}

const writer = new ByteWriter();

function encodeClasses(rows: readonly (readonly ClassScore[])[]): Buffer {
  writer.begin();
  writer.ascii('{"results": [');
  for (const [row, classes] of rows.entries()) {
    writer.ascii(row > 0 ? ', [' : '[');
    for (const [index, { label, score }] of classes.entries()) {
      writer.ascii(index > 0 ? ', [' : '[');
      writeJsonString(writer, label);
      writer.ascii(', ');
      writeScore(score);
      writer.ascii(']');
    }
    writer.ascii(']');
  }
  writer.ascii(']}');
  return writer.take();
}

function encodeValues(values: Float32Array): Buffer {
  writer.begin();
  writer.ascii('{"results": [');
  for (const [index, value] of values.entries()) {
    if (index > 0) writer.ascii(', ');
    writeScore(value);
  }
  writer.ascii(']}');
  return writer.take();
}

function writeScore(value: number): void {
  writer.reserve(MAX_DECIMAL_BYTES);
  writer.length = writeFloat32(writer.bytes, writer.length, value);
}

function shapeText(tensor: Tensor): string {
  return `[${tensor.shape.join(',')}] of ${DTYPES[tensor.dtype].short}`;
}
