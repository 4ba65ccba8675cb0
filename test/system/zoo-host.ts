import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareOutput, parseCase } from '../../src/base/case-format.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledSignature } from '../../src/convert/compiled.js';
import { writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';

/** Models that `test/oracle/host/zoo_host.py` exports, each with TensorFlow's answers. */
export const HOST_ZOO =
  process.env.TFDEPLOY_HOST_ZOO ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle', 'host');

export function hostZooNames(): string[] {
  if (!existsSync(HOST_ZOO)) return [];
  return readdirSync(HOST_ZOO)
    .filter((name) => !name.endsWith('.tmp'))
    .sort();
}

export interface HostZooRow {
  readonly name: string;
  readonly outcome: 'match' | 'refused' | 'differs';
  readonly why: string;
  /** Nodes of each stage, as `host 12 > onnx 8`. */
  readonly stages: string;
  readonly cases: number;
  /** Largest difference of an element. */
  readonly error: number;
}

function describeStages({ stages }: CompiledSignature): string {
  return stages
    .map((stage) =>
      stage.kind === 'host' ? `host ${stage.program.nodes.length}` : `onnx ${stage.body.nodes.length}`,
    )
    .join(' > ');
}

/** Converts one model, runs every case of it through its plan on disk and compares with TensorFlow. */
export async function runHostModel(
  name: string,
  zoo = HOST_ZOO,
  signature = 'serving_default',
): Promise<HostZooRow> {
  const folder = join(zoo, name);
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-host-'));
  let row: HostZooRow = { name, outcome: 'match', why: '', stages: '', cases: 0, error: 0 };
  try {
    const compiled = compileModel(openSavedModel(nodeFiles, join(folder, 'model')), {
      signatures: [signature],
    });
    const [refused] = compiled.refused;
    if (refused !== undefined) {
      const why = refused.blockers.map((blocker) => `${blocker.op}: ${blocker.why}`).join('; ');
      return { ...row, outcome: 'refused', why };
    }
    row = { ...row, stages: describeStages(compiled.signatures[0] as CompiledSignature) };
    writePlan(compiled, join(dir, 'plan'));
    const runner = await createInlineRunner(join(dir, 'plan'));
    try {
      for (const file of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
        const expected = parseCase(readFileSync(join(folder, file)), file);
        const answers = await runner.run(signature, expected.inputs);
        for (const [output, wanted] of expected.outputs) {
          const answer = answers.get(output);
          if (answer === undefined) return { ...row, outcome: 'differs', why: `${file}: no ${output}` };
          const { matches, maxAbs, why } = compareOutput(answer, wanted);
          if (!matches) return { ...row, outcome: 'differs', why: `${file} ${output}: ${why}` };
          row = { ...row, error: Math.max(row.error, maxAbs) };
        }
        row = { ...row, cases: row.cases + 1 };
      }
      return row;
    } finally {
      await runner.close();
    }
  } catch (error) {
    const why = isTfdeployError(error) ? `${error.code}: ${error.message}` : String((error as Error).stack);
    return { ...row, outcome: 'differs', why };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
