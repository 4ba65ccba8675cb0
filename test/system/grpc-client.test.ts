import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { HAS_TESTDATA, SINGLE_MODELS, TESTDATA } from '../conformance/testdata.js';
import { cleanUp, dropCache, startServe } from '../e2e/serve-harness.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle');
const PYTHON = process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tf', 'bin', 'python');
const CLIENT = join(CACHE, 'grpc-client');
const ORACLE = join(packageRoot(), 'test', 'oracle');

/** Installs the client's packages beside TensorFlow's own, which they would otherwise pull in once more. */
function installClient(): boolean {
  if (!existsSync(PYTHON)) {
    if (process.env.CI === 'true') throw new Error(`${PYTHON} is missing`);
    console.warn('SKIPPED: no Python with TensorFlow (TFDEPLOY_ORACLE_PYTHON)');
    return false;
  }
  if (existsSync(join(CLIENT, 'tensorflow_serving'))) return true;
  mkdirSync(CLIENT, { recursive: true });
  const requirements = join(ORACLE, 'grpc-requirements.txt');
  const args = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', CLIENT, '-r', requirements];
  execFileSync(PYTHON, args, { stdio: 'inherit' });
  return true;
}

const isReady = HAS_TESTDATA && installClient();
const H3 = join(TESTDATA, 'saved_model_half_plus_three');

afterAll(() => {
  cleanUp();
  dropCache();
});

describe.skipIf(!isReady)("TensorFlow Serving's own Python client", () => {
  it('talks to tfdeploy unchanged', async () => {
    const server = await startServe([`half=${SINGLE_MODELS.H2}`, '--workers', '2']);
    const output = execFileSync(
      PYTHON,
      [join(ORACLE, 'grpc_client.py'), String(server.ready.grpc), SINGLE_MODELS.H2, H3],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, PYTHONPATH: CLIENT, TF_CPP_MIN_LOG_LEVEL: '3' },
      },
    );
    const found = JSON.parse(output) as Record<string, unknown>;
    expect(found).toMatchObject({
      predict: [
        [2.5, 3],
        [3.5, 4],
      ],
      signature: 'serving_default',
      large: true,
      classify: [[3], [3]],
      regress: [3],
      multi: [3, 3],
      unknown: ['NOT_FOUND', 'Servable not found for request: Latest(nope)'],
      status: [[1, 30]],
      health: 1,
      any: 'tensorflow.serving.SignatureDefMap',
      live: [true, true, true, false],
      infer: ['7', '1', [3, 4]],
      infer_raw: [3, 4],
      predict_reflected: [3],
      reload_wrong: ['FAILED_PRECONDITION', expect.stringContaining('No versions of servable lost found')],
      after_wrong: 3,
      reload: 0,
      after_reload: [3, 4],
      reload_away: 0,
      gone: ['NOT_FOUND', 'Servable not found for request: Latest(half)'],
    });
    expect(found.metadata).toEqual([1, expect.arrayContaining(['regress_x_to_y', 'serving_default'])]);
    const services = [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'inference.GRPCInferenceService',
      'tensorflow.serving.ModelService',
      'tensorflow.serving.PredictionService',
    ];
    expect(found.services).toEqual({ v1: services, v1alpha: services });
    expect(found.methods).toMatchObject({
      'tensorflow.serving.PredictionService': expect.arrayContaining([
        'Predict(tensorflow.serving.PredictRequest) tensorflow.serving.PredictResponse',
      ]),
      'grpc.reflection.v1alpha.ServerReflection': [
        'ServerReflectionInfo(grpc.reflection.v1alpha.ServerReflectionRequest) grpc.reflection.v1alpha.ServerReflectionResponse',
      ],
    });
  });
});
