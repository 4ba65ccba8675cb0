import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  answerOf,
  cleanUp,
  dropCache,
  launch,
  send,
  startLoad,
  startServe,
  tempFolder,
  until,
  writeBroken,
  writeCounter,
  writeLinear,
} from './serve-harness.js';

const SLOW = 60_000;
const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'digits');

afterEach(cleanUp);
afterAll(dropCache);

const statusOf = async (url: string, model = 'linear') =>
  JSON.parse((await send(`${url}/v1/models/${model}`)).body).model_version_status as {
    version: string;
    state: string;
    status: { error_code: string; error_message: string };
  }[];

describe('tfdeploy serve', () => {
  it('serves the bundled example as TensorFlow answered it, and ends on SIGTERM with status 0', {
    timeout: SLOW,
  }, async () => {
    const server = await startServe([`digits=${join(EXAMPLE, 'model')}`]);
    expect(server.ready).toMatchObject({
      event: 'ready',
      grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      models: [{ name: 'digits', versions: [1] }],
    });
    const request = readFileSync(join(EXAMPLE, 'request.json'), 'utf8');
    const expected = JSON.parse(readFileSync(join(EXAMPLE, 'expected.json'), 'utf8'));
    const answer = await send(`${server.url}/v1/models/digits:predict`, request);
    expect(answer.status).toBe(200);
    const predictions = JSON.parse(answer.body).predictions as { digit: number; probabilities: number[] }[];
    expect(predictions.map(({ digit }) => digit)).toEqual(expected.digit);
    predictions.forEach(({ probabilities }, row) => {
      probabilities.forEach((value, column) => {
        expect(value).toBeCloseTo(expected.probabilities[row][column], 5);
      });
    });
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('takes a command line of TensorFlow Serving', { timeout: SLOW }, async () => {
    const base = tempFolder();
    writeLinear(join(base, '00000123'), 10);
    const server = await startServe([
      '--port=0',
      '--model_name=half',
      `--model_base_path=${base}`,
      '--enable_batching',
      '--file_system_poll_wait_seconds=1',
      '--tensorflow_session_parallelism=2',
    ]);
    const { body } = await send(
      `${server.url}/v1/models/half/versions/123:predict`,
      '{"instances": [[1, 2]]}',
    );
    expect(JSON.parse(body)).toEqual({ predictions: [answerOf([1, 2], 10)] });
    expect(server.log()).toContain('--tensorflow-session-parallelism has no effect');
  });

  it('answers from the first moment: 503 and not ready while the model loads', {
    timeout: SLOW,
  }, async () => {
    const base = tempFolder();
    writeLinear(join(base, '1'), 10);
    const { child, logged } = launch([
      '--rest_api_port',
      '0',
      `linear=${base}`,
      '--workers',
      '1',
      '--log-level',
      'debug',
    ]);
    const ready = new Promise<string>((resolve) =>
      child.stdout?.once('data', (line) => resolve(String(line))),
    );
    const log = await logged(/worker 1 listens at (\S+)"/);
    const url = /worker 1 listens at ([^"]+)"/.exec(log)?.[1] ?? '';
    const early = await send(`${url}/readyz`);
    const loading = await send(`${url}/v1/models/linear:predict`, '{"instances": [[1, 2]]}');
    expect([early.status, loading.status]).toEqual([503, 503]);
    expect(loading.headers['retry-after']).toBe('1');
    expect(JSON.parse(await ready).rest).toBe(url);
    expect((await send(`${url}/readyz`)).status).toBe(200);
  });

  it('serves other shapes and ranks than declared, as TensorFlow does', { timeout: SLOW }, async () => {
    const base = tempFolder();
    writeLinear(join(base, '1'), 10);
    const server = await startServe([`linear=${base}`]);
    const url = `${server.url}/v1/models/linear:predict`;
    const rows = Array.from({ length: 300 }, (_, row) => [row, 1] as const);
    const answers = await Promise.all(
      [1, 2, 7, 300].map(async (count) =>
        JSON.parse((await send(url, JSON.stringify({ instances: rows.slice(0, count) }))).body),
      ),
    );
    for (const [index, count] of [1, 2, 7, 300].entries())
      expect(answers[index]).toEqual({ predictions: rows.slice(0, count).map((row) => answerOf(row, 10)) });
  });

  it('swaps versions under load without a failed request, and keeps the old one when the new is broken', {
    timeout: SLOW,
  }, async () => {
    const base = tempFolder();
    writeLinear(join(base, '1'), 10);
    const server = await startServe([`linear=${base}`, '--file_system_poll_wait_seconds', '0.1']);
    let biases = [10];
    const load = startLoad(server.url, 8, () => biases);
    await until(() => load.answered() > 100);
    biases = [10, 1000];
    writeLinear(join(base, '2'), 1000);
    await until(async () =>
      (await statusOf(server.url)).some(({ version, state }) => version === '1' && state === 'END'),
    );
    biases = [1000];
    const before = load.answered();
    await until(() => load.answered() > before + 100);
    writeBroken(join(base, '3'));
    await until(async () =>
      (await statusOf(server.url)).some(({ version, state }) => version === '3' && state === 'END'),
    );
    const [broken, good] = await statusOf(server.url);
    expect(broken?.status).toMatchObject({ error_code: 'FAILED_PRECONDITION' });
    expect(broken?.status.error_message).toContain('NoSuchOperation');
    expect(good).toMatchObject({ version: '2', state: 'AVAILABLE' });
    const after = load.answered();
    await until(() => load.answered() > after + 100);
    await load.stop();
    expect(load.failures).toEqual([]);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  it('serves the good models beside a broken one, and says why it is', { timeout: SLOW }, async () => {
    const dir = tempFolder();
    writeLinear(join(dir, 'good'), 10);
    writeBroken(join(dir, 'bad'));
    const server = await startServe([join(dir, 'good'), join(dir, 'bad')]);
    expect(server.ready).toMatchObject({
      models: [{ name: 'good', versions: [1] }],
      failed: [{ model: 'bad', version: 1, code: 'TFD_OP_UNSUPPORTED' }],
    });
    expect((await send(`${server.url}/v1/models/good:predict`, '{"instances": [[1, 2]]}')).status).toBe(200);
    expect((await send(`${server.url}/v1/models/bad:predict`, '{"instances": [[1, 2]]}')).status).toBe(404);
  });

  it('ends with status 65 when nothing can be served', { timeout: SLOW }, async () => {
    const dir = tempFolder();
    writeBroken(join(dir, 'bad'));
    const broken = launch(['--rest_api_port', '0', join(dir, 'bad')]);
    expect(await broken.ended).toBe(65);
    expect(broken.log()).toContain('NoSuchOperation');
    const missing = launch([join(dir, 'nothing')]);
    expect(await missing.ended).toBe(65);
    expect(missing.log()).toContain('no such file or directory');
  });

  it('serves a model with state by one worker, and refuses more of them', { timeout: SLOW }, async () => {
    const dir = tempFolder();
    writeCounter(join(dir, 'counter'));
    const server = await startServe([join(dir, 'counter')]);
    expect(server.ready).toMatchObject({ workers: 1 });
    expect(server.log()).toContain('keeps state between requests (count)');
    const url = `${server.url}/v1/models/counter:predict`;
    const ask = async (by: number) =>
      JSON.parse((await send(url, `{"inputs": {"by": ${by}}}`)).body) as { outputs: unknown };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(1)));
    const counts = answers.map(({ outputs }) => outputs as number);
    expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 101 + i));
    expect(await ask(0.5)).toEqual({ outputs: 120.5 });
    const several = launch(['--rest_api_port', '0', '--workers', '2', join(dir, 'counter')]);
    expect(await several.ended).toBe(78);
    expect(several.log()).toContain('which 2 workers would each have of their own');
  });

  it('ends with status 64, 69 or 78 when the command line, the port or the configuration is wrong', {
    timeout: SLOW,
  }, async () => {
    const dir = tempFolder();
    writeLinear(join(dir, 'm'), 10);
    const nothing = launch([]);
    expect(await nothing.ended).toBe(64);
    const config = join(dir, 'tfdeploy.yaml');
    writeFileSync(config, 'worker: 2\nrest_api_port: many\n');
    const wrong = launch(['--config', config, join(dir, 'm')]);
    expect(await wrong.ended).toBe(78);
    expect(wrong.log()).toContain('did you mean workers?');
    expect(wrong.log()).toContain('rest_api_port: should be an integer');
    const server = await startServe([join(dir, 'm'), '--workers', '1']);
    const taken = launch(['--rest_api_port', new URL(server.url).port, join(dir, 'm')]);
    expect(await taken.ended).toBe(69);
    expect(taken.log()).toContain('is taken by another process');
  });

  it('reads models, policies and labels from a model_config_file', { timeout: SLOW }, async () => {
    const base = tempFolder();
    for (const version of [1, 2, 3]) writeLinear(join(base, String(version)), version * 10);
    const file = join(base, 'models.config');
    writeFileSync(
      file,
      `model_config_list { config { name: 'linear' base_path: '${base}' model_platform: 'tensorflow'
         model_version_policy { specific { versions: 1 versions: 3 } }
         version_labels { key: 'stable' value: 1 } } }`,
    );
    const server = await startServe([`--model_config_file=${file}`]);
    expect(server.ready).toMatchObject({ models: [{ name: 'linear', versions: [3, 1] }] });
    const ask = async (path: string) =>
      JSON.parse(
        (await send(`${server.url}/v1/models/linear${path}:predict`, '{"instances": [[1, 2]]}')).body,
      );
    expect(await ask('')).toEqual({ predictions: [answerOf([1, 2], 30)] });
    expect(await ask('/labels/stable')).toEqual({ predictions: [answerOf([1, 2], 10)] });
    expect(await ask('/versions/2')).toEqual({
      error: 'Servable not found for request: Specific(linear, 2)',
    });
    expect(await ask('/labels/nope')).toEqual({ error: 'Unrecognized servable version label: nope' });
  });

  it('counts the requests of all workers together', { timeout: SLOW }, async () => {
    const base = tempFolder();
    writeLinear(join(base, '1'), 10);
    const server = await startServe([`linear=${base}`, '--workers', '2', '--threads', '1']);
    const load = startLoad(server.url, 8, () => [10]);
    await until(() => load.answered() >= 200);
    await load.stop();
    const { body } = await send(`${server.url}/metrics`);
    const total = /^tfdeploy_requests_total\{model="linear".*status="OK"\} (\d+)$/m.exec(body)?.[1];
    expect(Number(total)).toBe(load.answered());
    expect(body).toMatch(/^tfdeploy_workers\{state="ready"\} 2$/m);
  });
});
