import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareOutput, parseCase } from '../../src/base/case-format.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledSignature } from '../../src/convert/compiled.js';
import { writePlan } from '../../src/convert/plan-files.js';
import type { OnnxBody } from '../../src/convert/types.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';

/** Models that `test/oracle/rnn_control.py` exports, each with TensorFlow's answers. */
export const CONTROL_ZOO =
  process.env.TFDEPLOY_CONTROL_ZOO ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfdeploy-oracle', 'control');

export function zooNames(): string[] {
  if (!existsSync(CONTROL_ZOO)) return [];
  return readdirSync(CONTROL_ZOO)
    .filter((name) => !name.endsWith('.tmp'))
    .sort();
}

export interface ZooRow {
  readonly name: string;
  readonly outcome: 'match' | 'refused' | 'differs';
  readonly why: string;
  /** How it runs: `LSTM`, `Loop`, `If`, `host`… */
  readonly how: string;
  /** Largest difference of an element. */
  readonly error: number;
}

const TOLD = new Set(['LSTM', 'GRU', 'RNN', 'Loop', 'If']);

function opsOf(body: OnnxBody, into: Set<string>): void {
  for (const node of body.nodes) {
    if (TOLD.has(node.op)) into.add(node.op);
    for (const attr of node.attrs.values())
      if (typeof attr === 'object' && 'graph' in attr) opsOf(attr.graph, into);
  }
}

/** The control-flow operators of the stages, and whether anything runs on the host. */
export function describeStages({ stages }: CompiledSignature): string {
  const found = new Set<string>();
  for (const stage of stages) {
    if (stage.kind === 'onnx') opsOf(stage.body, found);
    else if (stage.program.nodes.length > 0) found.add('host');
  }
  return [...found].join(' ');
}

/** Converts one model, runs every case of it through its plan on disk and compares with TensorFlow. */
export async function runZooModel(name: string): Promise<ZooRow> {
  const folder = join(CONTROL_ZOO, name);
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-control-'));
  let how = '';
  try {
    const compiled = compileModel(openSavedModel(nodeFiles, join(folder, 'model')), {
      signatures: ['serving_default'],
    });
    const [refused] = compiled.refused;
    if (refused !== undefined) {
      const why = refused.blockers.map((blocker) => `${blocker.op}: ${blocker.why}`).join('; ');
      return { name, outcome: 'refused', why, how, error: 0 };
    }
    how = describeStages(compiled.signatures[0] as CompiledSignature);
    writePlan(compiled, join(dir, 'plan'));
    const runner = await createInlineRunner(join(dir, 'plan'));
    try {
      let error = 0;
      for (const file of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
        const expected = parseCase(readFileSync(join(folder, file)), file);
        const answers = await runner.run('serving_default', expected.inputs);
        for (const [output, wanted] of expected.outputs) {
          const answer = answers.get(output);
          if (answer === undefined) return { name, outcome: 'differs', why: `no ${output}`, how, error };
          const { matches, maxAbs, why } = compareOutput(answer, wanted);
          if (!matches) return { name, outcome: 'differs', why: `${file} ${output}: ${why}`, how, error };
          error = Math.max(error, maxAbs);
        }
      }
      return { name, outcome: 'match', why: '', how, error };
    } finally {
      await runner.close();
    }
  } catch (error) {
    const why = isTfdeployError(error) ? `${error.code}: ${error.message}` : String((error as Error).stack);
    return { name, outcome: 'differs', why, how, error: 0 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
