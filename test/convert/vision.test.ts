import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModelCases, runModelCase } from './vision-cases.js';

const CASES = readModelCases(fileURLToPath(new URL('./cases/vision.json.gz', import.meta.url)));

describe('vision operations answer as TensorFlow does', () => {
  it.each(CASES.map((each) => [each.name, each] as const))('%s', async (_, given) => {
    expect(await runModelCase(given)).toEqual([]);
  });
});
