import { afterAll, describe, expect, it } from 'vitest';
import { CONTROL_ZOO, runZooModel, type ZooRow, zooNames } from './control-zoo.js';

const names = zooNames();
const filter = process.env.TFDEPLOY_CONTROL_ONLY;
const chosen = filter === undefined ? names : names.filter((name) => new RegExp(filter).test(name));

/** Models that are rightly refused: they keep numbers from one request to the next. */
const REFUSED: Readonly<Record<string, RegExp>> = { 'keras2-lstm_stateful': /changes variables/ };

if (names.length === 0) {
  if (process.env.CI === 'true') throw new Error(`the exported models (${CONTROL_ZOO}) are needed in CI`);
  console.warn(`SKIPPED: no exported models in ${CONTROL_ZOO}; make them with test/oracle/rnn_control.py`);
}

describe.skipIf(chosen.length === 0)('RNN and control flow as TensorFlow answers', () => {
  const rows: ZooRow[] = [];

  it.each(chosen)('%s', { timeout: 120_000 }, async (name) => {
    const row = await runZooModel(name);
    rows.push(row);
    const refusal = REFUSED[name];
    if (refusal !== undefined) expect(`${row.outcome} ${row.why}`).toMatch(refusal);
    else expect(`${row.outcome} ${row.why}`.trim()).toBe('match');
  });

  afterAll(() => {
    const line = ({ name, outcome, how, error, why }: ZooRow) =>
      `${name.padEnd(36)} ${outcome.padEnd(8)} ${how.padEnd(12)} ${error.toExponential(1)}  ${why.slice(0, 160)}`;
    console.log(rows.map(line).join('\n'));
    console.log(`${rows.filter(({ outcome }) => outcome === 'match').length} of ${rows.length} match`);
  });
});
