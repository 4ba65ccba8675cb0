import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareOutput, parseCase, type SampledTensor } from '../../src/base/case-format.js';
import { toDoubles } from '../../src/base/compare.js';
import { isTfdeployError } from '../../src/base/error.js';
import { nodeFiles } from '../../src/base/node-files.js';
import type { Tensor } from '../../src/base/tensor.js';
import { compileModel } from '../../src/convert/compile.js';
import type { CompiledModel, CompiledSignature } from '../../src/convert/compiled.js';
import { writePlan } from '../../src/convert/plan-files.js';
import type { OnnxBody } from '../../src/convert/types.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
export const PYTHON =
  process.env.TFDEPLOY_ORACLE_PYTHON ?? join(CACHE, 'tfdeploy-oracle', 'tf', 'bin', 'python');

/** Models that `test/oracle/layer_zoo/export.py --all` exports, each with TensorFlow's answers. */
export const LAYER_ZOO = process.env.TFDEPLOY_LAYER_ZOO ?? join(CACHE, 'tfdeploy-oracle', 'layer-zoo');

/** What export.py tells of a model. */
export interface ExportedModel {
  /** Of Keras and of the table: `keras3`, `keras2`, `rnn3`, `flow`, `host`… */
  readonly family: string;
  readonly name: string;
  /** The file of its table in test/oracle. */
  readonly table: string;
  readonly tensorflow: string;
  /** `keras.LSTM`, `tf_keras.Dense`… */
  readonly classes: readonly string[];
  readonly folder: string;
}

export function exportedModels(): ExportedModel[] {
  if (!existsSync(LAYER_ZOO)) return [];
  return readdirSync(LAYER_ZOO)
    .sort()
    .map((each) => join(LAYER_ZOO, each))
    .filter((folder) => existsSync(join(folder, 'meta.json')))
    .map((folder) => ({ ...JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')), folder }));
}

/** What became of a model. */
export interface Outcome {
  readonly outcome: 'match' | 'refused' | 'differs';
  readonly why: string;
  /** What runs it: `host`, `onnx`, and the control flow or recurrent kernels inside: `host > onnx (Loop)`. */
  readonly stages: string;
  readonly cases: number;
  /** Largest difference of an element, and the largest share of its tensor's largest element. */
  readonly maxAbs: number;
  readonly ofLargest: number;
  readonly convertMs: number;
}

export interface ZooRow extends Outcome {
  readonly model: ExportedModel;
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

function nameStages({ signatures }: CompiledModel): string {
  const told = signatures.map(({ stages }) =>
    stages
      .map((stage) => {
        if (stage.kind === 'host') return 'host';
        const inside = new Set<string>();
        opsOf(stage.body, inside);
        return inside.size === 0 ? 'onnx' : `onnx (${[...inside].join(', ')})`;
      })
      .join(' > '),
  );
  return [...new Set(told)].filter((each) => each !== '').join('; ') || 'constants';
}

/**
 * Converts `folder`/model, runs every case beside it through the plan on disk and compares with TensorFlow. Cases tell
 * their signature, unless all are of one that is given.
 */
export async function runExported(folder: string, only?: string): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-zoo-'));
  let row: Outcome = {
    outcome: 'match',
    why: '',
    stages: '',
    cases: 0,
    maxAbs: 0,
    ofLargest: 0,
    convertMs: 0,
  };
  try {
    const cases = readdirSync(folder)
      .filter((name) => name.endsWith('.json') && name !== 'meta.json')
      .map((file) => ({ file, ...parseCase(readFileSync(join(folder, file)), file) }))
      .map((each) => ({ ...each, signature: only ?? each.signature ?? 'serving_default' }));
    const signatures = [...new Set(cases.map(({ signature }) => signature))];
    const started = performance.now();
    const compiled = compileModel(openSavedModel(nodeFiles, join(folder, 'model')), { signatures });
    const blockers = compiled.refused.flatMap((each) => each.blockers);
    if (blockers.length > 0) {
      const why = blockers.map((blocker) => `${blocker.op}: ${blocker.why}`).join('; ');
      return { ...row, outcome: 'refused', why };
    }
    writePlan(compiled, join(dir, 'plan'));
    row = { ...row, convertMs: performance.now() - started, stages: nameStages(compiled) };
    const runner = await createInlineRunner(join(dir, 'plan'));
    const wrong: string[] = [];
    try {
      for (const { file, signature, inputs, outputs } of cases) {
        const answers = await runner.run(signature, inputs);
        row = { ...row, cases: row.cases + 1 };
        for (const [output, wanted] of outputs) {
          const answer = answers.get(output);
          const compared = answer === undefined ? undefined : compareOutput(answer, wanted);
          if (!compared?.matches) wrong.push(`${file} ${output}: ${compared?.why ?? 'missing'}`);
          else {
            const share = compared.maxAbs / largestOf(wanted);
            row = {
              ...row,
              maxAbs: Math.max(row.maxAbs, compared.maxAbs),
              ofLargest: Math.max(row.ofLargest, share || 0),
            };
          }
        }
      }
    } finally {
      await runner.close();
    }
    return { ...row, outcome: wrong.length > 0 ? 'differs' : 'match', why: wrong.join('; ') };
  } catch (error) {
    const why = isTfdeployError(error) ? `${error.code}: ${error.message}` : String((error as Error).stack);
    return { ...row, outcome: 'differs', why };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function largestOf(tensor: Tensor | SampledTensor): number {
  const values = 'values' in tensor ? tensor.values : tensor;
  if (values.dtype === 'string') return 0;
  return Array.from(toDoubles(values))
    .filter(Number.isFinite)
    .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
