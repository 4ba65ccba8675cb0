import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCase } from '../../src/base/case-format.js';
import { packageRoot } from '../../src/base/entry.js';

const MODEL = join(packageRoot(), 'examples/digits/model');
const REQUEST = join(packageRoot(), 'examples/digits/request.json');
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tfdeploy-run-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function tfdeploy(args: readonly string[], input?: string | Uint8Array) {
  return execa(process.execPath, [join(packageRoot(), 'bin/tfdeploy.js'), ...args], {
    cwd: dir,
    env: { XDG_CACHE_HOME: join(dir, 'cache'), NO_COLOR: '1' },
    reject: false,
    ...(input === undefined ? {} : { input }),
  });
}

describe('tfdeploy run', () => {
  it('answers a TensorFlow Serving request, and compiles once', async () => {
    const first = await tfdeploy(['run', MODEL, '--input', REQUEST]);
    expect(first.stderr).toContain('compiling');
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(/^serving_default {2}onnxruntime \d/);
    expect(first.stdout).toContain('digit  int64 [2]\n[4, 6]\n');
    expect(first.stdout).toContain('probabilities  float32 [2, 10]\n[[');
    const second = await tfdeploy(['run', MODEL, '--input', '-'], gzipSync(readFileSync(REQUEST)));
    expect(second.stderr).toBe('');
    expect(second.stdout).toContain('[4, 6]');
  });

  it('writes the case format, and reads what it wrote', async () => {
    const out = join(dir, 'answer.json.gz');
    const written = await tfdeploy(['run', MODEL, '--input', REQUEST, '--output', out]);
    expect(written.stdout).toContain(`written to ${out}`);
    const answer = parseCase(readFileSync(out), out);
    expect(answer.signature).toBe('serving_default');
    expect(answer.outputs.get('digit')).toEqual({
      dtype: 'int64',
      shape: [2],
      data: new BigInt64Array([4n, 6n]),
    });
    const again = await tfdeploy(['run', MODEL, '--input', out, '--output', '-', '--threads', '1']);
    const { outputs } = parseCase(Buffer.from(again.stdout), 'stdout');
    expect(outputs.get('digit')).toEqual(answer.outputs.get('digit'));
  });

  it('runs a generated sample when no input is given', async () => {
    const { stdout, stderr } = await tfdeploy(['run', MODEL, '--json']);
    expect(stderr).toContain('generated sample');
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ signature: 'serving_default', outputs: { digit: { shape: [1] } } });
    expect(result.computeMs).toBeGreaterThan(0);
  });

  it.each([
    ['no model', ['run', '/nowhere', '--input', REQUEST], 65, 'TFD_MODEL_NOT_FOUND'],
    ['no input file', ['run', MODEL, '--input', '/nowhere.json'], 65, 'TFD_INPUT_INVALID'],
    [
      'another signature',
      ['run', MODEL, '--input', REQUEST, '--signature', 'x'],
      65,
      'TFD_SIGNATURE_NOT_FOUND',
    ],
    ['other tags', ['run', MODEL, '--input', REQUEST, '--tags', 'train'], 65, 'TFD_TAGS_NOT_FOUND'],
    ['no threads', ['run', MODEL, '--threads', '0'], 64, 'TFD_USAGE'],
    ['two results on stdout', ['run', MODEL, '--output', '-'], 64, 'TFD_USAGE'],
    ['an engine that is not known', ['engine', 'install', 'nope'], 64, 'TFD_USAGE'],
  ])('refuses %s', async (_, args, status, code) => {
    const { stdout, exitCode } = await tfdeploy([...args, '--json']);
    expect({ exitCode, error: JSON.parse(stdout).error.code }).toEqual({ exitCode: status, error: code });
  });

  it.each([
    ['{"instances": [[1, 2, 3]]}', 'TFD_INPUT_INVALID'],
    ['{"instances": "x"}', 'TFD_INPUT_INVALID'],
    ['not json', 'TFD_INPUT_INVALID'],
    ['{"inputs": {"image": {"dtype": "float32", "shape": [1], "b64": "AAAA"}}}', 'TFD_INPUT_INVALID'],
  ])('refuses the request %s', async (request, code) => {
    const file = join(dir, 'bad.json');
    writeFileSync(file, request);
    const { stdout, exitCode } = await tfdeploy(['run', MODEL, '--input', file, '--json']);
    expect({ exitCode, error: JSON.parse(stdout).error?.code }).toEqual({ exitCode: 65, error: code });
  });
});

describe('tfdeploy engine list', () => {
  it('says where the engine is and what it runs on', async () => {
    const { stdout } = await tfdeploy(['engine', 'list', '--json']);
    expect(JSON.parse(stdout).engines).toEqual([
      expect.objectContaining({
        name: 'onnxruntime',
        isInstalled: true,
        devices: expect.arrayContaining(['cpu']),
      }),
    ]);
  });
});
