import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, compareOutput, parseCase, type SampledTensor } from '../../src/base/case-format.js';
import { HOUSE_TOLERANCE } from '../../src/base/compare.js';
import { packageRoot } from '../../src/base/entry.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import type { Tensor, TensorMap } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import type { Plan, RefusedSignature } from '../../src/convert/plan.js';
import { writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { findModelVersions } from '../../src/repository/layout.js';
import { openSavedModel } from '../../src/savedmodel/open.js';

const SHARED = join(packageRoot(), '..', 'shared');

/**
 * `match`: as TensorFlow. `refused`: a coded refusal, with its reason. `noise`: over the tolerance, on a model
 * where TensorFlow's own default kernels are as far from the golden answer. `differs`: a wrong answer.
 */
export type Outcome = 'match' | 'refused' | 'noise' | 'differs';

export interface GoldenRow {
  /** `model/signature/case`; a model that TensorFlow itself refuses has the first part only. */
  readonly id: string;
  readonly outcome: Outcome;
  /** Code and message of a refusal, or what differs. */
  readonly why: string;
  /** Largest share of the tolerance's scale that any output is off, as max|a−b| / max|b|. */
  readonly error: number;
  /** Outputs that are random or stateful by design, of which only type and shape are compared. */
  readonly loose: readonly string[];
}

interface IndexCase {
  readonly ok: boolean;
  readonly file: string;
}

interface IndexModel {
  readonly status: 'ok' | 'error' | 'emulated';
  readonly tags?: readonly string[];
  readonly signatures: Readonly<Record<string, { readonly cases: Readonly<Record<string, IndexCase>> }>>;
}

export function isGoldenThere(): boolean {
  return existsSync(join(SHARED, 'golden', 'index.json'));
}

export function readIndex(): ReadonlyMap<string, IndexModel> {
  const index = JSON.parse(readFileSync(join(SHARED, 'golden', 'index.json'), 'utf8')) as {
    models: Record<string, IndexModel>;
  };
  return new Map(Object.entries(index.models));
}

function describeRefusal(error: unknown): string {
  if (!isTfdeployError(error) || error.code === 'TFD_BUG') throw error;
  return `${error.code}: ${error.message.replaceAll(SHARED, '../shared')}`;
}

function describeBlockers({ blockers }: RefusedSignature): string {
  const [first] = blockers;
  const more = blockers.length > 1 ? ` (and ${blockers.length - 1} more)` : '';
  return `${first?.code}: ${first?.op === '' ? '' : `${first?.op} `}${first?.why}${more}`;
}

/** Runs every case of one model, through the compiled plan and the engine, in this process. */
export async function runGoldenModel(name: string, model: IndexModel): Promise<GoldenRow[]> {
  const cases = Object.entries(model.signatures).flatMap(([signature, { cases: each }]) =>
    Object.entries(each).flatMap(([id, { ok, file }]) =>
      ok ? [{ id: `${name}/${signature}/${id}`, signature, file }] : [],
    ),
  );
  const refuse = (id: string, why: string): GoldenRow => ({
    id,
    outcome: 'refused',
    why,
    error: 0,
    loose: [],
  });
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-golden-'));
  try {
    let plan: Plan;
    try {
      const base = join(SHARED, 'models', name);
      const opened = openSavedModel(nodeFiles, findModelVersions(base)[0]?.dir ?? base);
      plan = writePlan(compileModel(opened, { tags: model.tags ?? ['serve'] }), join(dir, 'plan'));
    } catch (error) {
      const why = describeRefusal(error);
      return cases.length === 0 ? [refuse(name, why)] : cases.map(({ id }) => refuse(id, why));
    }
    const runner = await createInlineRunner(join(dir, 'plan'));
    const rows: GoldenRow[] = [];
    for (const { id, signature, file } of cases) {
      const refused = plan.refused.find((each) => each.name === signature);
      if (refused !== undefined) {
        rows.push(refuse(id, describeBlockers(refused)));
        continue;
      }
      const expected = parseCase(readFileSync(join(SHARED, 'golden', file)), id);
      try {
        rows.push(compareCase(id, await runner.run(signature, expected.inputs), expected));
      } catch (error) {
        rows.push(refuse(id, describeRefusal(error)));
      }
    }
    await runner.close();
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Gap {
  readonly name: string;
  readonly why: string;
  readonly maxAbs: number;
  /** Whether TensorFlow's default kernels are as far off: its own gap, and the tolerance beside it. */
  readonly isNoise: boolean;
}

function compareCase(id: string, actual: TensorMap, expected: Case): GoldenRow {
  const loose: string[] = [];
  const gaps: Gap[] = [];
  let worst = 0;
  for (const [name, want] of expected.outputs) {
    const got = actual.get(name);
    if (got === undefined) {
      gaps.push({ name, why: 'it is missing', maxAbs: 0, isNoise: false });
      continue;
    }
    if (expected.deterministic.get(name) === false) {
      loose.push(name);
      if (got.dtype === want.dtype && got.shape.join() === want.shape.join()) continue;
    }
    const { matches, maxAbs, why } = compareOutput(got, want);
    const largest = largestOf(want);
    if (matches) worst = Math.max(worst, maxAbs === 0 ? 0 : maxAbs / largest);
    else {
      const spread = readSpread()[id]?.[name];
      const isNoise = spread !== undefined && maxAbs <= spread + HOUSE_TOLERANCE.ofMax * largest;
      gaps.push({ name, why: why ?? '', maxAbs, isNoise });
    }
  }
  for (const name of actual.keys()) {
    if (!expected.outputs.has(name))
      gaps.push({ name, why: 'it is not expected', maxAbs: 0, isNoise: false });
  }
  if (gaps.length === 0) return { id, outcome: 'match', why: '', error: worst, loose };
  const isNoise = gaps.every((gap) => gap.isNoise);
  const why = gaps.map(
    ({ name, why: text, maxAbs }) => `${name}: ${text} (off by ${maxAbs.toExponential(1)})`,
  );
  const tail = isNoise ? "; TensorFlow's default kernels are as far from its plain ones" : '';
  return { id, outcome: isNoise ? 'noise' : 'differs', why: `${why.join('; ')}${tail}`, error: 0, loose };
}

/** Written by test/oracle/kernel_spread.py: case → output → how far TensorFlow's kernels are apart. */
function readSpread(): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const text = readFileSync(new URL('./kernel-spread.gen.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { spread: Record<string, Record<string, number>> }).spread;
}

function largestOf(want: Tensor | SampledTensor): number {
  const { data } = 'indices' in want ? want.values : want;
  let largest = 0;
  for (const value of data) {
    const size = Math.abs(Number(value));
    if (size > largest && Number.isFinite(size)) largest = size;
  }
  return largest;
}
