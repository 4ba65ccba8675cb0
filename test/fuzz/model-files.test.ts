import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { watch } from './watch.mjs';

const CORPUS = fileURLToPath(new URL('./corpus.json.gz', import.meta.url));

it('mutated model files end in coded errors, in bounded time and memory', { timeout: 600_000 }, async () => {
  const { mutants, faults, results } = await watch(CORPUS, { seed: 1, count: 400 });
  expect(faults.map(({ number, what, result }) => `${number} (${what}): ${result}`)).toEqual([]);
  expect(mutants).toBe(400);
  // They must come far: many still run.
  expect(results.ran).toBeGreaterThan(100);
});
