import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compareOutput, inflateCase, readCase } from '../../src/base/case-format.js';
import { compileModel } from '../../src/convert/compile.js';
import { writePlan } from '../../src/convert/plan-files.js';
import { createInlineRunner } from '../../src/engine/inline.js';
import { openSavedModel } from '../../src/savedmodel/open.js';
import { checkGraphs, readGraphs } from './check.mjs';

const PATH = fileURLToPath(new URL('./regressions.json.gz', import.meta.url));

it('graphs that once differed answer as TensorFlow does', async () => {
  const product = {
    ...{ compareOutput, inflateCase, readCase, compileModel, writePlan, createInlineRunner, openSavedModel },
    isClaimed: () => true,
  };
  const dir = mkdtempSync(join(tmpdir(), 'tfdeploy-random-'));
  try {
    const rows = await checkGraphs(product, readGraphs(product, PATH), dir);
    expect(rows.length).toBeGreaterThan(0);
    const wrong = rows.filter(({ outcome }) => outcome !== 'match');
    expect(wrong.map(({ name, why, ops }) => `${name}: ${why} [${ops.join(' ')}]`)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
