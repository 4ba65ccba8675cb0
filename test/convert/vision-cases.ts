import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Case, compareOutput, inflateCase, readCase } from '../../src/base/case-format.js';
import { compileModel } from '../../src/convert/compile.js';
import { writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { memoryFiles } from '../fixtures/memory-files.js';

/** A SavedModel of a few nodes with what TensorFlow answered. */
export interface ModelCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly case: Case;
}

/** Reads a file that a script under test/oracle wrote. */
export function readModelCases(path: string): ModelCase[] {
  const document = JSON.parse(new TextDecoder().decode(inflateCase(readFileSync(path), path))) as {
    cases: { name: string; model_b64: string }[];
  };
  return document.cases.map((each) => ({
    name: each.name,
    model: Buffer.from(each.model_b64, 'base64'),
    case: readCase(each, each.name),
  }));
}

/** Everything that is wrong with our answer: blockers of the conversion, or outputs that differ. */
export async function runModelCase(given: ModelCase): Promise<string[]> {
  const files = memoryFiles(new Map([['model/saved_model.pb', given.model]]));
  const compiled = compileModel(openSavedModel(files, 'model'));
  const blockers = compiled.refused.flatMap((each) => each.blockers);
  if (blockers.length > 0) return blockers.map((each) => `${each.code}: ${each.why}`);
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-case-'));
  try {
    writePlan(compiled, join(dir, 'plan'), { files });
    const runner = await createInlineRunner(join(dir, 'plan'));
    try {
      const answers = await runner.run('serving_default', given.case.inputs);
      return [...given.case.outputs].flatMap(([name, expected]) => {
        const result = compareOutput(answers.get(name)!, expected);
        return result.matches ? [] : [`${name}: ${result.why}`];
      });
    } finally {
      await runner.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
