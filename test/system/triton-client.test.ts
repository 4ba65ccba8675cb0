import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { echoOne, WRITTEN_MODELS } from '../conformance/written-models.js';
import { cleanUp, dropCache, startServe, tempFolder } from '../e2e/serve-harness.js';
import { requireProgram } from '../fixtures/require-program.js';
import { type SavedModelSpec, writeSavedModel } from '../fixtures/saved-model-writer.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
const HOME = join(CACHE, 'triton-client');
const PYTHON = join(HOME, 'bin', 'python');
const ORACLE = join(packageRoot(), 'test', 'oracle');

/** Triton's client in an environment of its own: its packages are not those that TensorFlow wants. */
function installClient(): void {
  if (existsSync(join(HOME, 'installed'))) return;
  mkdirSync(CACHE, { recursive: true });
  execFileSync('python3', ['-m', 'venv', HOME], { stdio: 'inherit' });
  const requirements = join(ORACLE, 'triton-requirements.txt');
  execFileSync(PYTHON, ['-m', 'pip', 'install', '-q', '-r', requirements], { stdio: 'inherit' });
  execFileSync('touch', [join(HOME, 'installed')]);
}

const MODELS: Readonly<Record<string, SavedModelSpec>> = {
  ...WRITTEN_MODELS,
  int64: echoOne('int64'),
  uint8: echoOne('uint8'),
  bool: echoOne('bool'),
  half: echoOne('float16'),
  bfloat16: echoOne('bfloat16'),
};
const SERVED = ['float', 'double', 'int32', 'int64', 'uint8', 'bool', 'half', 'bfloat16', 'string', 'two'];

interface Found {
  readonly index: unknown;
  readonly bf16?: unknown;
  readonly [name: string]: unknown;
}

describe.skipIf(!requireProgram('python3'))("Triton's Python client", () => {
  let found: Readonly<Record<'rest binary' | 'rest json' | 'grpc', Found>> & {
    readonly compressed: unknown;
    readonly async: unknown;
  };

  beforeAll(async () => {
    installClient();
    const base = tempFolder();
    const models = SERVED.map((name) => {
      writeSavedModel(join(base, name), MODELS[name]!);
      return `${name}=${join(base, name)}`;
    });
    const server = await startServe([...models, '--workers', '2']);
    const args = [join(ORACLE, 'triton_client.py'), new URL(server.url).host, String(server.ready.grpc)];
    found = JSON.parse(
      execFileSync(PYTHON, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
    );
  });
  afterAll(() => {
    cleanUp();
    dropCache();
  });

  const ways = ['rest binary', 'rest json', 'grpc'] as const;

  it.each(ways)('finds the server and its models over %s', (way) => {
    const { live, model_ready, server, metadata, index } = found[way];
    expect(live).toEqual([true, true]);
    expect(model_ready).toEqual([true, false]);
    expect(server).toMatchObject({ name: 'tfdeploy', extensions: ['binary_tensor_data'] });
    expect(metadata).toMatchObject({
      name: 'float',
      versions: ['1'],
      platform: 'tensorflow_savedmodel',
      inputs: [{ name: 'default', datatype: 'FP32', shape: way === 'grpc' ? ['-1'] : [-1] }],
    });
    const models = way === 'grpc' ? (index as { models: object[] }).models : (index as object[]);
    expect(models).toHaveLength(SERVED.length);
    expect(models).toContainEqual(expect.objectContaining({ name: 'half', version: '1', state: 'READY' }));
  });

  it.each(ways)('gets every type back to the bit over %s', (way) => {
    const { same } = found[way];
    for (const [model, isSame] of Object.entries(same as object)) expect(isSame, model).toBe(true);
    expect(Object.keys(same as object).length).toBeGreaterThanOrEqual(7);
    if (way !== 'rest json') expect(found[way].bf16).toEqual([[1, 3.140625]]);
    expect(found[way].large).toBe(true);
  });

  it.each(ways)('asks by version, signature and output over %s', (way) => {
    expect(found[way]).toMatchObject({
      id: ['a-1', 'int32', '1'],
      version: [[1, 2]],
      one_output: [[[1, 2]], true],
      all_outputs: ['int_tensor', 'str_tensor'],
    });
  });

  it.each(ways)('is told what is wrong over %s', (way) => {
    const isGrpc = way === 'grpc';
    const refused = (status: string, grpc: string, piece: string) => [
      isGrpc ? `StatusCode.${grpc}` : status,
      expect.stringContaining(piece),
    ];
    expect(found[way]).toMatchObject({
      unknown_model: refused('404', 'NOT_FOUND', 'Servable not found for request: Latest(nope)'),
      unknown_version: refused('404', 'NOT_FOUND', 'Specific(int32, 9)'),
      unknown_input: refused('400', 'INVALID_ARGUMENT', 'Sent extra: {other}'),
      unknown_output: refused('400', 'INVALID_ARGUMENT', 'output tensor alias not found in signature: other'),
      wrong_type: refused('400', 'INVALID_ARGUMENT', 'Expects arg[0] to be int32 but float is provided'),
      sequence: refused('400', 'INVALID_ARGUMENT', 'sequence_id'),
    });
  });

  it('compresses, and keeps several requests going', () => {
    expect(found.compressed).toEqual([true, true]);
    expect(found.async).toEqual(Array.from({ length: 20 }, () => [4]));
  });
});
