import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/entry.js';
import { formatGolden } from './format-golden.js';
import { type GoldenRow, isGoldenThere, type Outcome, readIndex, runGoldenModel } from './run-golden.js';

interface Expected {
  readonly match: readonly string[];
  /** See `Outcome`. */
  readonly noise: readonly string[];
}

/** Cases that match TensorFlow. They must go on doing so; new ones are added with `UPDATE=1`. */
const EXPECTED = fileURLToPath(new URL('./expected.gen.json', import.meta.url));
const { match, noise } = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Expected;
const expected = [...match, ...noise];
const isUpdating = process.env.UPDATE === '1';

if (!isGoldenThere()) {
  if (process.env.CI === 'true') throw new Error('the golden data (../shared/golden) is needed in CI');
  console.warn('SKIPPED: the golden data (../shared/golden) is not there');
}

describe.skipIf(!isGoldenThere())('golden answers of TensorFlow', () => {
  const rows: GoldenRow[] = [];
  const models = isGoldenThere() ? [...readIndex()] : [];

  it.each(models)('%s', { timeout: 120_000 }, async (name, model) => {
    const own = await runGoldenModel(name, model);
    rows.push(...own);
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter(({ outcome }) => outcome === 'differs')).toEqual([]);
    if (isUpdating) return;
    const isKept = (id: string) =>
      own.some(
        (row) =>
          row.id === id && (row.outcome === 'match' || noise.includes(id)) && row.outcome !== 'refused',
      );
    const lost = expected.filter((id) => id.startsWith(`${name}/`) && !isKept(id));
    const reasons = new Map(own.map(({ id, why }) => [id, why]));
    expect(lost.map((id) => `${id}: ${reasons.get(id) ?? 'not run'}`)).toEqual([]);
  });

  it('covers every model that it expects something of', () => {
    const names = new Set(models.map(([name]) => name));
    expect(expected.filter((id) => !names.has(id.split('/')[0]!))).toEqual([]);
  });

  afterAll(() => {
    const idsOf = (wanted: Outcome) =>
      rows.flatMap(({ id, outcome }) => (outcome === wanted ? [id] : [])).sort();
    const [match, noise, refused] = [idsOf('match'), idsOf('noise'), idsOf('refused')];
    console.log(
      `golden: ${match.length} of ${rows.length} cases match, ${refused.length} are refused with a reason`,
    );
    if (!isUpdating) return;
    writeFileSync(EXPECTED, `${JSON.stringify({ match, noise }, null, 2)}\n`);
    writeFileSync(`${packageRoot()}/docs/golden.md`, formatGolden(rows));
  });
});
