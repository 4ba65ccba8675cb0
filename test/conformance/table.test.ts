import { describe, expect, it } from 'vitest';
import { BATCHING_ROWS } from './batching-rows.js';
import { CODEC_ROWS } from './codec-rows.js';
import { CONFIG_ROWS } from './config-rows.js';
import { EXAMPLE_ROWS } from './example-rows.js';
import { GRPC_ROWS } from './grpc-rows.js';
import { METRIC_ROWS } from './metric-rows.js';
import { PREDICT_ROWS } from './predict-rows.js';
import { RELOAD_ROWS } from './reload-rows.js';
import { testRows } from './row.js';
import { TABLE } from './table.js';
import { WARM_UP_ROWS } from './warm-up-rows.js';
import { WIRE_ROWS } from './wire-rows.js';

const ROWS = [
  ...BATCHING_ROWS,
  ...CODEC_ROWS,
  ...CONFIG_ROWS,
  ...EXAMPLE_ROWS,
  ...GRPC_ROWS,
  ...METRIC_ROWS,
  ...PREDICT_ROWS,
  ...RELOAD_ROWS,
  ...WARM_UP_ROWS,
  ...WIRE_ROWS,
];
const COUNT = 94;

describe('the conformance table', () => {
  it('has its 94 rows, and a test for each', () => {
    const numbers = Array.from({ length: COUNT }, (_, index) => index + 1);
    expect(TABLE.map(({ row }) => row)).toEqual(numbers);
    expect([...new Set(ROWS.map(({ row }) => row))].sort((a, b) => a - b)).toEqual(numbers);
  });

  it('names every deviation, and a test holds each of them', () => {
    const tested = ROWS.filter(({ byDefault }) => byDefault !== undefined).map(({ row }) => row);
    const named = TABLE.filter(({ byDefault }) => byDefault !== undefined).map(({ row }) => row);
    expect(tested.sort((a, b) => a - b)).toEqual(named);
    for (const { row, byDefault, always, why } of TABLE)
      expect(why !== undefined, `row ${row}`).toBe(byDefault !== undefined || always !== undefined);
  });
});

describe('conformance without a server', () => {
  testRows(METRIC_ROWS, 'strict', () => undefined);
});
