import { defineConfig } from 'vitest/config';

/** The tests that need system packages or Python's TensorFlow; one file at a time, they use the whole machine. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    pool: 'forks',
  },
});
