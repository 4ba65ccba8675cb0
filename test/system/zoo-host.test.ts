import { afterAll, describe, expect, it } from 'vitest';
import { HOST_ZOO, type HostZooRow, hostZooNames, runHostModel } from './zoo-host.js';

const names = hostZooNames();
const filter = process.env.TFDEPLOY_HOST_ONLY;
const chosen = filter === undefined ? names : names.filter((name) => new RegExp(filter).test(name));

if (names.length === 0) {
  console.warn(`SKIPPED: no exported models in ${HOST_ZOO}; make them with test/oracle/host/zoo_host.py`);
}

describe.skipIf(chosen.length === 0)('text, features, images and audio as TensorFlow answers', () => {
  const rows: HostZooRow[] = [];

  it.each(chosen)('%s', { timeout: 120_000 }, async (name) => {
    const row = await runHostModel(name);
    rows.push(row);
    expect(`${row.outcome} ${row.why}`.trim()).toBe('match');
  });

  afterAll(() => {
    const line = ({ name, outcome, stages, cases, error, why }: HostZooRow) =>
      `${name.padEnd(26)} ${outcome.padEnd(8)} ${String(cases)} ${error.toExponential(1)} ${stages.padEnd(28)} ${why.slice(0, 220)}`;
    console.log(rows.map(line).join('\n'));
    console.log(`${rows.filter(({ outcome }) => outcome === 'match').length} of ${rows.length} match`);
  });
});
