import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { exportedModels, LAYER_ZOO, PYTHON, runExported, type ZooRow } from './exported-model.js';
import { formatZoo, type LayerClasses, uncoveredClasses } from './format-zoo.js';

const EXPORT = fileURLToPath(new URL('../oracle/layer_zoo/export.py', import.meta.url));
const PAGE = join(packageRoot(), 'docs', 'zoo.md');
const isUpdating = process.env.UPDATE === '1';
const filter = process.env.TFDEPLOY_ZOO_ONLY;
const all = exportedModels();
const chosen = all.filter(({ folder }) => filter === undefined || new RegExp(filter).test(folder));

/** Models that are rightly refused: their answers are random. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'keras3-solarization': /changes variable/,
};

if (all.length === 0) {
  if (process.env.CI === 'true') throw new Error(`the exported models (${LAYER_ZOO}) are needed in CI`);
  console.warn(
    `SKIPPED: no exported models in ${LAYER_ZOO}; make them with test/oracle/layer_zoo/export.py --all`,
  );
}

describe.skipIf(chosen.length === 0)('every layer and whole models answer as TensorFlow does', () => {
  const rows: ZooRow[] = [];
  const named = chosen.map((model): [string, typeof model] => [`${model.family}-${model.name}`, model]);

  it.each(named)('%s', { timeout: 300_000 }, async (name, model) => {
    const row = { model, ...(await runExported(model.folder)) };
    rows.push(row);
    const refusal = REFUSED[name];
    if (refusal !== undefined) expect(`${row.outcome} ${row.why}`).toMatch(refusal);
    else expect(`${row.outcome} ${row.why}`.trim()).toBe('match');
  });

  it('every layer class of Keras 3 and of tf_keras is in a model', { timeout: 300_000 }, () => {
    const classes = readClasses();
    if (isUpdating && filter === undefined) writeFileSync(PAGE, formatZoo(rows, classes));
    expect(uncoveredClasses(classes, all)).toEqual([]);
  });

  it('docs/zoo.md tells of these models', () => {
    const page = readFileSync(PAGE, 'utf8');
    const missing = all.filter(({ family, name }) => !page.includes(`| ${family}-${name} |`));
    expect(missing.map(({ family, name }) => `${family}-${name}`)).toEqual([]);
  });

  afterAll(() => {
    const matching = rows.filter(({ outcome }) => outcome === 'match').length;
    console.log(`${matching} of ${rows.length} models match`);
  });
});

function readClasses(): LayerClasses {
  const out = execFileSync(PYTHON, [EXPORT, '--classes'], { stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(out.toString('utf8').trim().split('\n').at(-1)!) as LayerClasses;
}
