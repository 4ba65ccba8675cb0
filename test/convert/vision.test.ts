import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModelCases, runModelCase } from './vision-cases.js';

const CASES = readModelCases(fileURLToPath(new URL('./cases/vision.json.gz', import.meta.url)));
/** Cases that need more than a rank, and say so when they run: what TensorFlow does depends on the shape itself. */
const NEEDS_SHAPES = new Map([
  ['Conv2D grouped', 'the number of groups follows from the channels'],
  ['QuantizeAndDequantizeV3 per channel', 'where the channels broadcast to follows from the rank'],
]);
const ANY_SHAPE = CASES.filter((each) => !NEEDS_SHAPES.has(each.name)).map(
  (each) => [each.name, each] as const,
);
const NAMED = CASES.map((each) => [each.name, each] as const);

describe('vision operations answer as TensorFlow does', () => {
  it.each(NAMED)('%s', async (_, given) => {
    expect(await runModelCase(given)).toEqual([]);
  });
});

describe('vision operations answer as TensorFlow does, or are refused, when only the ranks are told', () => {
  it.each(ANY_SHAPE)('%s', async (_, given) => {
    expect(await runModelCase(given, 'dynamic')).toEqual([]);
  });
});

describe('vision operations answer as TensorFlow does, or are refused, when no shape is told', () => {
  it.each(ANY_SHAPE)('%s', async (_, given) => {
    expect(await runModelCase(given, 'unranked')).toEqual([]);
  });
});
