import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/bench/report/report.js';
import { readReadyLine } from '../../src/bench/serve-child.js';

const ROOT = join(import.meta.dirname, '..', '..');
const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'bench-e2e-'));

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Seen {
  readonly requests: number;
  readonly bodies: readonly string[];
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

async function startServer(env: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bench-server.mjs')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = readReadyLine(line);
    if (url !== undefined) return url;
  }
  throw new Error('the server ended before it was ready');
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tfdeploy bench`; `onStart` is given the process. */
function bench(args: readonly string[], onStart: (child: ChildProcess) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'tfdeploy.js'), 'bench', ...args], {
    stdio: 'pipe',
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  onStart(child);
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

const SHORT = ['--qps', '100', '--duration', '1s', '--warm-up', '200ms', '--arrivals', 'constant'];

async function report(args: readonly string[]): Promise<Report> {
  const { stdout } = await bench([...args, '--json']);
  return JSON.parse(stdout) as Report;
}

async function seen(url: string): Promise<Seen> {
  return (await (await fetch(`${url}/seen`)).json()) as Seen;
}

describe('tfdeploy bench', () => {
  it('finds the model, makes requests from its signature and sends exactly the schedule', async () => {
    const url = await startServer();
    const result = await report([url, ...SHORT, '--distinct', '5', '--header', 'X-Key: k']);
    expect(result.requests).toMatchObject({ planned: 100, sent: 100, ok: 100, failed: 0 });
    expect(result.target).toMatchObject({ model: 'toy', signature: 'serving_default', isLocal: true });
    expect(result.payload).toMatchObject({ source: 'signature', about: 'x:float32[1,4]', distinct: 5 });
    expect(result.statuses).toEqual({ 200: 100 });
    expect(result.latency.response.count).toBe(100);
    expect(result.latency.response.quantiles.p99).toMatchObject({ ms: null, withheld: 'samples' });
    expect(result.latency.response.quantiles.p50.ms).toBeGreaterThan(0);
    const { requests, bodies, paths, headers } = await seen(url);
    expect(requests).toBe(120);
    expect(bodies).toHaveLength(5);
    expect((JSON.parse(bodies[0]!) as { instances: number[][] }).instances[0]).toHaveLength(4);
    expect(paths).toEqual(['POST /v1/models/toy:predict']);
    expect(headers).toMatchObject({ 'x-key': 'k', 'content-type': 'application/json' });
  });

  it('prints a report for people and nothing of its progress without a terminal', async () => {
    const url = await startServer();
    const { stdout, stderr } = await bench([url, ...SHORT, '--slo', 'p90=5s', '--slo', 'errors=0%']);
    expect(stdout).toMatch(/response +[\d.]+ m?s/);
    expect(stdout).toContain('p90=5s  met: 0 of 100');
    expect(stdout).toMatch(/verdict +(IN)?VALID/);
    expect(stderr).toBe('');
  });

  it('warms up by itself', async () => {
    const url = await startServer();
    const result = await report([url, '--qps', '50', '--duration', '500ms']);
    expect(result.warmUp.durationMs).toBeGreaterThanOrEqual(2_000);
    expect(result.warmUp.isSettled).not.toBeNull();
    expect(result.requests.ok + result.requests.failed).toBe(result.requests.planned);
  });

  it.each(['chunked', 'one-shot'])('reads answers of a server that is %s', async (mode) => {
    const url = await startServer({ ANSWER: mode });
    expect((await report([url, ...SHORT])).requests).toMatchObject({ ok: 100, failed: 0 });
  });

  it.each([
    ['busy', 'status', 'queue is full', 3],
    ['drop', 'closed', '', 3],
    ['garbage', 'protocol', 'HTTP/1.1', 3],
    ['hang', 'timeout', '', 3],
  ])('tells of a server in mode %s', async (mode, kind, text, exit) => {
    const url = await startServer({ ANSWER: mode });
    const result = await report([url, ...SHORT, '--timeout', '300ms']);
    expect(result.requests).toMatchObject({ planned: 100, sent: 100, ok: 0, failed: 100 });
    expect(result.failures).toEqual([expect.objectContaining({ kind, count: 100 })]);
    expect(result.failures[0]!.first).toContain(text);
    expect(result.exitStatus).toBe(exit);
    expect(result.verdict.status).toBe('INVALID');
  });

  it('misses a promise when requests fail', async () => {
    const url = await startServer({ ANSWER: 'half' });
    const args = [url, ...SHORT, '--slo', 'errors=10%', '--slo', 'p90=9s', '--json'];
    const { status, stdout } = await bench(args);
    const result = JSON.parse(stdout) as Report;
    expect(result.requests.failed).toBe(50);
    expect(result.slo.map(({ verdict }) => verdict)).toEqual(['missed', 'missed']);
    expect(result.latency.response.quantiles.p90.withheld).toBe('failures');
    // A machine too busy to send in time makes the run invalid, which comes before the promise.
    expect(status).toBe(result.verdict.status === 'VALID' ? 2 : 3);
  });

  it('keeps a number of requests on their way in a closed loop', async () => {
    const url = await startServer();
    const result = await report([url, '--concurrency', '3', '--duration', '500ms', '--warm-up', '100ms']);
    expect(result.load).toMatchObject({ mode: 'closed', concurrency: 3 });
    expect(result.generator.peakConnections).toBe(3);
    expect(result.requests.ok).toBeGreaterThan(3);
    expect(result.rate.okPerSecond).toBeCloseTo(result.requests.ok / 0.5, 6);
  });

  it('looks for saturation', async () => {
    const url = await startServer();
    const result = await report([url, '--qps', 'max', '--duration', '500ms', '--warm-up', '100ms']);
    if (result.load.mode !== 'closed') throw new Error('not a closed loop');
    expect(result.load.probes.length).toBeGreaterThan(2);
    expect(result.load.probes.map(({ concurrency }) => concurrency)).toContain(result.load.concurrency);
  });

  it('sends a file to any URL', async () => {
    const url = await startServer();
    const file = join(folder, 'request.json');
    writeFileSync(file, '{"instances": [[1.0, 2.0, 5.0]]}');
    const result = await report([`${url}/predict?x=1`, ...SHORT, '--input', file]);
    expect(result.requests.ok).toBe(100);
    expect(await seen(url)).toMatchObject({
      bodies: ['{"instances": [[1.0, 2.0, 5.0]]}'],
      paths: ['POST /predict?x=1'],
    });
  });

  it('stops when it is told to and says so', async () => {
    const url = await startServer();
    const args = [url, '--qps', '50', '--duration', '60s', '--warm-up', '0s', '--json'];
    const { status, stdout } = await bench(args, async (child) => {
      while ((await seen(url)).requests < 20);
      child.kill('SIGINT');
    });
    const result = JSON.parse(stdout) as Report;
    expect(status).toBe(130);
    expect(result.verdict.reasons.map(({ code }) => code)).toContain('interrupted');
    expect(result.requests.ok).toBeGreaterThanOrEqual(19);
    expect(result.requests.sent).toBeLessThan(result.requests.planned);
  });

  it.each([
    ['a port nobody listens on', ['http://127.0.0.1:1', '--json'], 69, 'TFD_UNAVAILABLE'],
    ['https', ['https://127.0.0.1:1', '--json'], 69, 'TFD_UNIMPLEMENTED'],
    ['a path that is not there', [join(folder, 'no-model'), '--json'], 65, 'TFD_MODEL_NOT_FOUND'],
    ['an address that is no URL', ['localhost:8501', '--json'], 65, 'TFD_MODEL_NOT_FOUND'],
    ['two kinds of load', ['http://h', '--qps', '1', '--concurrency', '1', '--json'], 64, 'TFD_USAGE'],
    ['workers of a server that runs', ['http://h', '--workers', '2', '--json'], 64, 'TFD_USAGE'],
  ])('refuses %s', async (_, args, exit, code) => {
    const { status, stdout } = await bench(args);
    expect(status).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });

  it('asks for the model where there are several, and for a file where the input is not known', async () => {
    const url = await startServer({ MODEL_NAMES: 'a,b' });
    const several = await bench([url, ...SHORT, '--json']);
    expect([several.status, several.stdout]).toEqual([64, expect.stringContaining('a, b')]);
    expect((await report([url, ...SHORT, '--model', 'b'])).target.model).toBe('b');
    const unknown = await bench([`${url}/predict`, ...SHORT, '--json']);
    expect([unknown.status, unknown.stdout]).toEqual([64, expect.stringContaining('--input')]);
    const none = await bench([await startServer({ MODEL_NAMES: '' }), ...SHORT, '--json']);
    expect([none.status, none.stdout]).toEqual([69, expect.stringContaining('lists no models')]);
  });
});

const MODEL = join(ROOT, 'examples', 'digits', 'model');

describe('tfdeploy bench MODEL', () => {
  it('starts a server, measures it and stops it', async () => {
    const result = await report([MODEL, ...SHORT]);
    expect(result.requests).toMatchObject({ planned: 100, ok: 100, failed: 0 });
    expect(result.target.serverReadyMs).toBeGreaterThan(0);
    await expect(fetch(new URL('/v1/models', result.target.url))).rejects.toThrow();
  }, 120_000);

  it('says what is wrong with a model that can not be served', async () => {
    const { status, stdout } = await bench([folder, '--json']);
    expect(status).toBe(69);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'TFD_UNAVAILABLE',
        message: expect.stringMatching(/tfdeploy serve ended with status \d+/),
      },
    });
  }, 60_000);
});
