import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { numericTensor, type Tensor } from '../../src/base/tensor.js';
import type { GrpcClient } from '../grpc/client.js';
import {
  classify,
  example,
  inputOf,
  MODEL,
  multiInference,
  PREDICTION,
  predict,
  regress,
  scalar,
} from './grpc-bench.js';
import type { Row } from './row.js';

const V123 = { name: 'H2V', version: { value: 123n } };
const STRING: Tensor = { dtype: 'string', shape: [], data: [new TextEncoder().encode('x')] };

/** The call fails with a status and a text that holds the pieces in this order. */
async function refused(answer: Promise<unknown>, code: number, ...pieces: string[]): Promise<void> {
  await expect(answer).rejects.toMatchObject({
    code,
    details: expect.stringMatching(
      new RegExp(pieces.map((piece) => piece.replace(/[{}[\]]/g, '\\$&')).join('.*')),
    ),
  });
}

/** Rows 64 to 78: the gRPC interface on TensorFlow Serving's own models. */
export const GRPC_ROWS: readonly Row<GrpcClient>[] = [
  {
    row: 64,
    run: async (client) => {
      const { outputs, spec } = await predict(client, V123, { x: scalar(2) });
      expect(outputs.get('y')).toEqual(scalar(3));
      expect(spec).toMatchObject({
        name: 'H2V',
        version: { value: 123n },
        signature_name: 'serving_default',
      });
    },
  },
  {
    row: 65,
    run: async (client) => {
      const regressed = await predict(
        client,
        { ...V123, signature_name: 'regress_x2_to_y3' },
        { inputs: scalar(2) },
      );
      expect(regressed.outputs.get('outputs')?.data).toEqual(Float32Array.of(4));
      const classified = await predict(
        client,
        { ...V123, signature_name: 'classify_x2_to_y3' },
        { inputs: scalar(2) },
      );
      expect(classified.outputs.get('scores')?.data).toEqual(Float32Array.of(4));
    },
  },
  {
    row: 66,
    run: async (client) => {
      const ask = (...filter: string[]) => predict(client, V123, { x: scalar(2) }, filter);
      expect([...(await ask('y')).outputs.keys()]).toEqual(['y']);
      await refused(
        ask('output_filter'),
        status.INVALID_ARGUMENT,
        'output tensor alias not found in signature: output_filter',
      );
      await refused(ask('y', 'y'), status.INVALID_ARGUMENT, 'duplicate output tensor alias: y');
    },
  },
  {
    row: 67,
    run: async (client) => {
      await refused(
        predict(client, V123, { unknown_key1: scalar(1), unknown_key2: scalar(2) }),
        status.INVALID_ARGUMENT,
        'Sent extra: {unknown_key1,unknown_key2}',
        'Missing but required: {x}',
      );
    },
  },
  {
    row: 68,
    run: async (client) => {
      await refused(
        predict(client, V123, { x: numericTensor('bool', [], [1]) }),
        status.INVALID_ARGUMENT,
        'Expects arg[0] to be float but bool is provided',
      );
      await refused(
        predict(client, V123, { x: STRING }),
        status.INVALID_ARGUMENT,
        'to be float but string is provided',
      );
    },
  },
  {
    row: 69,
    run: async (client) => {
      await refused(predict(client, undefined, { x: scalar(2) }), status.INVALID_ARGUMENT);
      await refused(predict(client, { name: '' }, { x: scalar(2) }), status.INVALID_ARGUMENT);
      await refused(predict(client, { name: 'nope' }, { x: scalar(2) }), status.NOT_FOUND);
    },
  },
  {
    row: 70,
    run: async (client) => {
      const { outputs } = await predict(client, { name: 'H2T' }, {});
      expect(outputs.get('y')).toMatchObject({ shape: [1], data: Float32Array.of(2) });
    },
  },
  {
    row: 71,
    run: async (client) => {
      const ask = (signature_name: string, inputs: Readonly<Record<string, Tensor>> = {}) =>
        predict(client, { name: 'CNT', signature_name }, inputs);
      const counts: unknown[] = [];
      for (const signature of ['get_counter', 'incr_counter', 'reset_counter', 'incr_counter'])
        counts.push((await ask(signature)).outputs.get('output'));
      counts.push((await ask('incr_counter_by', { delta: scalar(3) })).outputs.get('output'));
      expect(counts).toEqual([0, 1, 0, 1, 4].map((count) => scalar(count)));
      expect((await ask('get_counter')).outputs.get('output')).toEqual(scalar(4));
    },
  },
  {
    row: 72,
    run: async (client) => {
      for (const name of ['H2', 'H2T']) {
        const input = inputOf(example({ x: [2] }));
        const c = await classify(client, { name, signature_name: 'classify_x_to_y' }, input);
        expect(c.result?.classifications[0]?.classes[0]?.score).toBe(3);
        expect(c.model_spec).toMatchObject({
          name,
          version: { value: 1n },
          signature_name: 'classify_x_to_y',
        });
        const r = await regress(client, { name, signature_name: 'regress_x_to_y' }, input);
        expect(r.result?.regressions.map(({ value }) => value)).toEqual([3]);
        expect(r.model_spec).toMatchObject({
          name,
          version: { value: 1n },
          signature_name: 'regress_x_to_y',
        });
      }
    },
  },
  {
    row: 73,
    run: async (client) => {
      const input = inputOf(example({ x: [80], locale: 'pt_BR', age: [19] }));
      const { result } = await classify(client, { ...V123, signature_name: 'classify_x_to_y' }, input);
      expect(result?.classifications[0]?.classes.map(({ score }) => score)).toEqual([42]);
    },
  },
  {
    row: 74,
    run: async (client) => {
      const input = inputOf(example({ x: [2] }));
      const both = await multiInference(
        client,
        [
          ['H2', 'regress_x_to_y', 'regress'],
          ['H2', 'classify_x_to_y', 'classify'],
        ],
        input,
      );
      expect(both.results[0]?.regression_result?.regressions[0]?.value).toBe(3);
      expect(both.results[1]?.classification_result?.classifications[0]?.classes[0]?.score).toBe(3);
      const two = await multiInference(
        client,
        [
          ['H2V', 'regress_x_to_y', 'regress'],
          ['H2V', 'regress_x_to_y2', 'regress'],
        ],
        input,
      );
      expect(two.results.map((each) => each.regression_result?.regressions[0]?.value)).toEqual([3, 4]);
    },
  },
  {
    row: 75,
    run: async (client) => {
      const input = inputOf(example({ x: [2] }));
      const y = ['H2V', 'regress_x_to_y', 'regress'] as const;
      const invalid = status.INVALID_ARGUMENT;
      await refused(multiInference(client, [y], undefined), invalid, 'Input is empty');
      await refused(
        multiInference(client, [['H2V', 'nope', 'regress']], input),
        invalid,
        'signature not found',
      );
      await refused(
        multiInference(client, [y, ['H2', 'classify_x_to_y', 'classify']], input),
        invalid,
        'must access the same model name',
      );
      await refused(
        multiInference(client, [y, y], input),
        invalid,
        'Duplicate evaluation of signature: regress_x_to_y',
      );
      await refused(
        multiInference(client, [['H2V', 'serving_default', 'predict']], input),
        status.UNIMPLEMENTED,
        'Unsupported signature',
      );
    },
  },
  {
    row: 76,
    run: async (client) => {
      const context = example({ x: [100] });
      const examples = [example({ x: [80] }), example({ locale: 'pt_BR' })];
      const { result } = await classify(
        client,
        { ...V123, signature_name: 'classify_x_to_y' },
        { example_list_with_context: { examples, context } },
      );
      expect(result?.classifications.map(({ classes }) => classes[0]?.score)).toEqual([42, 52]);
    },
  },
  {
    row: 77,
    run: async (client) => {
      const ask = (name: string, version?: bigint) =>
        client.call(`${MODEL}/GetModelStatus`, 'GetModelStatusRequest', 'GetModelStatusResponse', {
          model_spec: { name, ...(version === undefined ? {} : { version: { value: version } }) },
        });
      await refused(ask('nope'), status.NOT_FOUND);
      await refused(ask('H2V', 99n), status.NOT_FOUND);
      const { model_version_status: all } = await ask('H2V');
      expect(all.map(({ version, state, status: each }) => [version, state, each?.error_code])).toEqual([
        [124n, 30, 0],
        [123n, 30, 0],
      ]);
    },
  },
  {
    row: 78,
    run: async (client) => {
      const ask = (...metadata_field: string[]) =>
        client.call(`${PREDICTION}/GetModelMetadata`, 'GetModelMetadataRequest', 'GetModelMetadataResponse', {
          model_spec: V123,
          metadata_field,
        });
      await refused(ask(), status.INVALID_ARGUMENT);
      await refused(ask('some_stuff'), status.INVALID_ARGUMENT);
      expect((await ask('signature_def')).metadata.get('signature_def')?.type_url).toBe(
        'type.googleapis.com/tensorflow.serving.SignatureDefMap',
      );
    },
  },
];
