import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import type { MessageOut } from '../../src/grpc/messages.js';
import { createGrpcServer, type GrpcServer } from '../../src/grpc/server.js';
import { decodeTensor, encodeTensor } from '../../src/grpc/tensor-proto.js';
import { Registry } from '../../src/metrics/registry.js';
import { constant, identity, MemoryDirectory, memoryServable } from '../http/memory-directory.js';
import { GrpcClient } from './client.js';

const floats = (...values: number[]) => numericTensor('float32', [values.length], values);
const strings = (...values: string[]): Tensor => ({
  dtype: 'string',
  shape: [values.length],
  data: values.map((value) => new TextEncoder().encode(value)),
});

const example = { inputs: { inputs: 'string' as const } };
const signatures = {
  serving_default: identity('float32'),
  text: identity('string'),
  two: {
    inputs: { x: 'float32' as const },
    outputs: { y: 'float32' as const, z: 'float32' as const },
    run: () =>
      new Map([
        ['y', floats(1)],
        ['z', floats(2)],
      ]),
  },
  regress: {
    ...example,
    outputs: { outputs: 'float32' as const },
    run: () => new Map([['outputs', floats(3, 4)]]),
  },
  classify: { ...constant({ scores: numericTensor('float32', [2, 1], [5, 6]) }), ...example },
};
const directory = new MemoryDirectory(
  [memoryServable('m', 1n, signatures), memoryServable('m', 2n, signatures)],
  { stable: 1n },
);

let server: GrpcServer;
let client: GrpcClient;
beforeAll(async () => {
  server = createGrpcServer(directory, { registry: new Registry() });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  client = new GrpcClient((address as { port: number }).port);
});
afterAll(async () => {
  client.close();
  await server.close();
});

const PREDICTION = '/tensorflow.serving.PredictionService';
const predict = (message: MessageOut<'PredictRequest'>) =>
  client.call(`${PREDICTION}/Predict`, 'PredictRequest', 'PredictResponse', message);
const x = (tensor: Tensor) => new Map([['x', encodeTensor(tensor, false)]]);

describe('Predict', () => {
  it('answers with the outputs and what ran', async () => {
    const answer = await predict({ model_spec: { name: 'm' }, inputs: x(floats(1.5, -2)) });
    const y = decodeTensor(answer.outputs.get('y') ?? new Uint8Array(), 'y');
    expect(Array.from(y.data as Float32Array)).toEqual([1.5, -2]);
    expect(answer.model_spec).toMatchObject({
      name: 'm',
      signature_name: 'serving_default',
      version: { value: 2n },
    });
  });

  it('takes a version, a label, a signature and a filter', async () => {
    const byVersion = await predict({
      model_spec: { name: 'm', version: { value: 1n } },
      inputs: x(floats(1)),
    });
    expect(byVersion.model_spec?.version?.value).toBe(1n);
    const byLabel = await predict({
      model_spec: { name: 'm', version_label: 'stable' },
      inputs: x(floats(1)),
    });
    expect(byLabel.model_spec?.version?.value).toBe(1n);
    const text = await predict({
      model_spec: { name: 'm', signature_name: 'text' },
      inputs: x(strings('é', '')),
    });
    expect(decodeTensor(text.outputs.get('y') ?? new Uint8Array(), 'y')).toEqual(strings('é', ''));
  });

  it.each([
    ['no model_spec', {}, status.INVALID_ARGUMENT, /Missing ModelSpec/],
    ['an empty name', { model_spec: { name: '' } }, status.INVALID_ARGUMENT, /name/],
    ['an unknown model', { model_spec: { name: 'nope' } }, status.NOT_FOUND, /Latest\(nope\)/],
    [
      'an unknown signature',
      { model_spec: { name: 'm', signature_name: 'nope' } },
      status.FAILED_PRECONDITION,
      /Serving signature key "nope" not found/,
    ],
    [
      'unknown inputs',
      {
        model_spec: { name: 'm' },
        inputs: new Map([
          ['a', encodeTensor(floats(1), false)],
          ['b', encodeTensor(floats(1), false)],
        ]),
      },
      status.INVALID_ARGUMENT,
      /2!=1 len\(\{a,b\}\) != len\(\{x\}\)\. Sent extra: \{a,b\}\. Missing but required: \{x\}/,
    ],
    [
      'another type',
      { model_spec: { name: 'm' }, inputs: x(numericTensor('bool', [1], [1])) },
      status.INVALID_ARGUMENT,
      /Expects arg\[0\] to be float but bool is provided/,
    ],
    [
      'a filter that is not there',
      { model_spec: { name: 'm' }, inputs: x(floats(1)), output_filter: ['q'] },
      status.INVALID_ARGUMENT,
      /output tensor alias not found in signature: q/,
    ],
    [
      'a filter named twice',
      { model_spec: { name: 'm' }, inputs: x(floats(1)), output_filter: ['y', 'y'] },
      status.INVALID_ARGUMENT,
      /duplicate output tensor alias: y/,
    ],
    [
      'bytes that are no tensor',
      { model_spec: { name: 'm' }, inputs: new Map([['x', new Uint8Array([8, 1, 34, 3, 0, 0, 0])]]) },
      status.INVALID_ARGUMENT,
      /tensor parsing error: x/,
    ],
  ] as const)('refuses %s', async (_, message, code, text) => {
    await expect(predict(message as MessageOut<'PredictRequest'>)).rejects.toMatchObject({
      code,
      details: expect.stringMatching(text),
    });
  });

  it('answers bad bytes with a status, whatever they are', async () => {
    const valid = new Set<number>([
      status.OK,
      status.INVALID_ARGUMENT,
      status.NOT_FOUND,
      status.FAILED_PRECONDITION,
    ]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const code = await client.callBytes(`${PREDICTION}/Predict`, bytes).then(
          () => status.OK,
          (error: { code: number }) => error.code,
        );
        expect(valid).toContain(code);
      }),
      { numRuns: 300 },
    );
  });
});

const input = { example_list: { examples: [new Uint8Array(), new Uint8Array()] } };

describe('Classify, Regress and MultiInference', () => {
  it('answer by example', async () => {
    const spec = (signature: string) => ({ name: 'm', signature_name: signature });
    const c = await client.call(`${PREDICTION}/Classify`, 'ClassificationRequest', 'ClassificationResponse', {
      model_spec: spec('classify'),
      input,
    });
    expect(c.result?.classifications.map(({ classes }) => classes.map(({ score }) => score))).toEqual([
      [5],
      [6],
    ]);
    const r = await client.call(`${PREDICTION}/Regress`, 'RegressionRequest', 'RegressionResponse', {
      model_spec: spec('regress'),
      input,
    });
    expect(r.result?.regressions.map(({ value }) => value)).toEqual([3, 4]);
    const tasks = [
      { model_spec: spec('regress'), method_name: 'tensorflow/serving/regress' },
      { model_spec: spec('classify'), method_name: 'tensorflow/serving/classify' },
    ];
    const m = await client.call(
      `${PREDICTION}/MultiInference`,
      'MultiInferenceRequest',
      'MultiInferenceResponse',
      { tasks, input },
    );
    expect(m.results[0]?.regression_result?.regressions).toHaveLength(2);
    expect(m.results[1]?.classification_result?.classifications).toHaveLength(2);
  });

  it.each([
    ['no input', [], undefined, status.INVALID_ARGUMENT, /Input is empty/],
    [
      'an unknown signature',
      [['m', 'nope', 'regress']],
      input,
      status.INVALID_ARGUMENT,
      /signature not found/,
    ],
    [
      'two models',
      [
        ['m', 'regress', 'regress'],
        ['n', 'classify', 'classify'],
      ],
      input,
      status.INVALID_ARGUMENT,
      /must access the same model name/,
    ],
    [
      'the same twice',
      [
        ['m', 'regress', 'regress'],
        ['m', 'regress', 'regress'],
      ],
      input,
      status.INVALID_ARGUMENT,
      /Duplicate evaluation of signature: regress/,
    ],
    ['predict', [['m', 'serving_default', 'predict']], input, status.UNIMPLEMENTED, /Unsupported signature/],
  ] as const)('refuse %s', async (_, rows, given, code, text) => {
    const tasks = rows.map(([name, signature_name, method]) => ({
      model_spec: { name, signature_name },
      method_name: `tensorflow/serving/${method}`,
    }));
    const call = client.call(
      `${PREDICTION}/MultiInference`,
      'MultiInferenceRequest',
      'MultiInferenceResponse',
      { tasks, input: given },
    );
    await expect(call).rejects.toMatchObject({ code, details: expect.stringMatching(text) });
  });
});

describe('status, metadata and health', () => {
  it('GetModelStatus gives every version, or those of a choice', async () => {
    const path = '/tensorflow.serving.ModelService/GetModelStatus';
    const all = await client.call(path, 'GetModelStatusRequest', 'GetModelStatusResponse', {
      model_spec: { name: 'm' },
    });
    expect(all.model_version_status.map(({ version, state }) => [version, state])).toEqual([
      [1n, 30],
      [2n, 30],
    ]);
    const missing = client.call(path, 'GetModelStatusRequest', 'GetModelStatusResponse', {
      model_spec: { name: 'm', version: { value: 9n } },
    });
    await expect(missing).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('GetModelMetadata gives the signatures', async () => {
    const path = `${PREDICTION}/GetModelMetadata`;
    const answer = await client.call(path, 'GetModelMetadataRequest', 'GetModelMetadataResponse', {
      model_spec: { name: 'm' },
      metadata_field: ['signature_def'],
    });
    expect(answer.metadata.get('signature_def')?.type_url).toContain('SignatureDefMap');
    for (const metadata_field of [[], ['some_stuff']]) {
      const bad = client.call(path, 'GetModelMetadataRequest', 'GetModelMetadataResponse', {
        model_spec: { name: 'm' },
        metadata_field,
      });
      await expect(bad).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
  });

  it('health follows readiness', async () => {
    const check = (service: string) =>
      client.call('/grpc.health.v1.Health/Check', 'HealthCheckRequest', 'HealthCheckResponse', { service });
    expect((await check('')).status).toBe(1);
    expect((await check('PredictionService')).status).toBe(1);
    expect((await check('m')).status).toBe(1);
    await expect(check('nope')).rejects.toMatchObject({ code: status.NOT_FOUND });
    directory.isReady = false;
    expect((await check('')).status).toBe(2);
    directory.isReady = true;
  });
});

describe('tensors', () => {
  it('survive both encodings', () => {
    const tensors: Tensor[] = [
      numericTensor('float16', [2], [0x3c00, 0x8000]),
      numericTensor('int64', [1, 2], [-1n, 2n ** 62n]),
      numericTensor('uint64', [1], [2n ** 64n - 1n]),
      numericTensor('bool', [2], [0, 1]),
      numericTensor('int8', [3], [-128, 0, 127]),
      numericTensor('float64', [], [0.1]),
      numericTensor('uint32', [1], [2 ** 32 - 1]),
      numericTensor('float32', [0, 3], []),
      { dtype: 'complex64', shape: [1], data: Float32Array.of(1, -2) },
      strings('a', ''),
    ];
    for (const tensor of tensors) {
      for (const asContent of [false, true])
        expect(decodeTensor(encodeTensor(tensor, asContent), 't')).toEqual(tensor);
    }
  });
});
