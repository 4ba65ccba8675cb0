import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NumericDType } from '../../src/base/dtype.js';
import { nodeFiles } from '../../src/base/node-files.js';
import { numericTensor, type Tensor, type TensorMap } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledModel } from '../../src/convert/compiled.js';
import { writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import type { PlanExecutor } from '../../src/engine/types.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { writeFiles } from '../fixtures/memory-files.js';

interface Plain {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

interface Call {
  readonly signature: string;
  readonly inputs: Readonly<Record<string, Plain>>;
  readonly outputs?: Readonly<Record<string, Plain>>;
  readonly refused?: string;
}

interface Recorded {
  readonly files: Readonly<Record<string, string>>;
  readonly calls: readonly Call[];
}

/** Made by `test/oracle/state_models.py`. */
const MODELS = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, '..', 'fixtures', 'state-models.json.gz'))).toString(),
) as Readonly<Record<string, Recorded>>;

const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-state-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function compile(name: string, signatures?: readonly string[]): CompiledModel {
  const folder = join(dir, name);
  const files = Object.entries(MODELS[name]!.files);
  writeFiles(
    folder,
    new Map(files.map(([path, text]) => [path, new Uint8Array(Buffer.from(text, 'base64'))])),
  );
  return compileModel(openSavedModel(nodeFiles, folder), signatures === undefined ? {} : { signatures });
}

function tensorOf({ dtype, shape, data }: Plain): Tensor {
  if (dtype === 'string') return { dtype, shape, data: data.map((text) => new TextEncoder().encode(text)) };
  const values = data.map((text) =>
    dtype.endsWith('64') && dtype !== 'float64' ? BigInt(text) : Number(text),
  );
  return numericTensor(dtype as NumericDType, shape, values);
}

function inputsOf(call: Call): TensorMap {
  return new Map(Object.entries(call.inputs).map(([name, value]) => [name, tensorOf(value)]));
}

async function expectAnswer(runner: PlanExecutor, call: Call): Promise<void> {
  const answer = runner.run(call.signature, inputsOf(call));
  if (call.refused !== undefined) {
    await expect(answer).rejects.toMatchObject({ code: 'TFD_KERNEL_INPUT' });
    return;
  }
  const outputs = await answer;
  expect([...outputs.keys()].sort()).toEqual(Object.keys(call.outputs ?? {}).sort());
  for (const [name, value] of Object.entries(call.outputs ?? {})) {
    const [got, wanted] = [outputs.get(name)!, tensorOf(value)];
    expect({ dtype: got.dtype, shape: got.shape }).toEqual({ dtype: wanted.dtype, shape: wanted.shape });
    if (got.dtype !== 'float32') expect(got.data).toEqual(wanted.data);
    else
      got.data.forEach((number, i) => {
        const want = Number(wanted.data[i]);
        expect(Math.abs(Number(number) - want), `${name}[${i}]`).toBeLessThanOrEqual(1e-6 * Math.abs(want));
      });
  }
}

describe.each(Object.keys(MODELS))('state of the model %s', (name) => {
  let runner: PlanExecutor;
  let compiled: CompiledModel;

  beforeAll(async () => {
    compiled = compile(name);
    writePlan(compiled, join(dir, `${name}-plan`));
    runner = await createInlineRunner(join(dir, `${name}-plan`));
  });
  afterAll(() => runner.close());

  it('changes from call to call as TensorFlow answered, and begins anew when it is loaded anew', async () => {
    const { calls } = MODELS[name]!;
    for (const call of calls) await expectAnswer(runner, call);
    const fresh = await createInlineRunner(join(dir, `${name}-plan`));
    await expectAnswer(fresh, calls[0]!);
    await fresh.close();
  });

  it('is told by the signatures that have a part in it', () => {
    for (const { state, isBatchable, warnings } of compiled.signatures) {
      if (state === undefined) continue;
      expect(isBatchable).toBe(false);
      expect(warnings.join()).toMatch(/one worker serves it/);
    }
    expect(compiled.signatures.some(({ state }) => (state?.writes.length ?? 0) > 0)).toBe(true);
  });
});

describe('state', () => {
  it('that nothing changes stays constant, and what only reads it runs in the engine', () => {
    const { signatures } = compile('counters');
    const found = new Map(signatures.map((each) => [each.name, each]));
    expect(found.get('untouched')).toMatchObject({ stages: [{ kind: 'onnx' }] });
    expect(found.get('untouched')?.state).toBeUndefined();
    expect(found.get('look')?.stages.map(({ kind }) => kind)).toEqual(['host', 'onnx']);
    expect(found.get('look')?.state).toEqual({ reads: ['count', 'rows', 'total'], writes: [] });
  });

  it('is known to a signature that is compiled alone', () => {
    const [look] = compile('counters', ['look']).signatures;
    expect(look?.state?.reads).toEqual(['count', 'rows', 'total']);
  });

  it('that is read while it changes is refused by name', () => {
    const [refused] = compile('references').refused;
    expect(refused?.name).toBe('racing');
    expect(refused?.blockers[0]).toMatchObject({ code: 'TFD_STATEFUL' });
    expect(refused?.blockers[0]?.why).toMatch(/reads variable "state" while it changes it/);
  });

  it('does not share memory with a request', async () => {
    const plan = join(dir, 'alias-plan');
    writePlan(compile('counters'), plan);
    const runner = await createInlineRunner(plan);
    const x = Float32Array.of(1, 2, 3);
    await runner.run('keep', new Map([['x', { dtype: 'float32', shape: [3], data: x }]]));
    x.fill(9);
    const call = MODELS.counters!.calls.find(({ signature }) => signature === 'look')!;
    const outputs = await runner.run('look', inputsOf({ ...call, inputs: { ...call.inputs } }));
    await runner.close();
    expect(outputs.get('count')?.data).toEqual(BigInt64Array.of(0n));
    const zero = await createInlineRunner(plan);
    await zero.run(
      'keep',
      new Map([['x', { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) }]]),
    );
    const same = await zero.run('look', inputsOf(call));
    await zero.close();
    expect(outputs.get('y')).toEqual(same.get('y'));
  });
});
